//! QR codes of Pix payments, as modules and as SVG.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use base::error::{OrFault as _, Result};

/// Width in modules of the light border that readers need (ISO/IEC 18004).
pub(super) const BORDER: usize = 4;

/// A QR code with medium error correction.
#[derive(Clone, Debug)]
pub struct Qr {
    width: usize,
    dark: Vec<bool>,
}

impl Qr {
    /// Encodes a text.
    ///
    /// # Errors
    /// Fails with a fault if the text is longer than a QR code can contain (2,331 bytes).
    pub fn new(text: &str) -> Result<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).or_fault()?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Self { width: code.width(), dark })
    }

    /// Modules per row and per column, without the border.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The runs of dark modules, from top to bottom: row, first column, and length.
    pub(super) fn runs(&self) -> Vec<(usize, usize, usize)> {
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for (at, _) in self.dark.iter().enumerate().filter(|(_, dark)| **dark) {
            let (row, column) = (at / self.width, at % self.width);
            match runs.last_mut() {
                Some((last, first, length)) if *last == row && *first + *length == column => *length += 1,
                _ => runs.push((row, column, 1)),
            }
        }
        runs
    }

    /// The code as an SVG document with a border. The document has no fixed size.
    pub fn svg(&self) -> String {
        let size = self.width + 2 * BORDER;
        let mut path = String::new();
        for (row, column, length) in self.runs() {
            // writing to a String cannot fail
            let _ = write!(path, "M{} {}h{length}v1h-{length}z", column + BORDER, row + BORDER);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\" role=\"img\">\
             <path fill=\"#fff\" d=\"M0 0h{size}v{size}h-{size}z\"/><path d=\"{path}\"/></svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_finder_patterns() {
        let qr = Qr::new("https://example.com").unwrap();
        let last = qr.width() - 7;
        let runs = qr.runs();
        for corner in [(0, 0, 7), (0, last, 7), (last, 0, 7)] {
            assert!(runs.contains(&corner), "{corner:?}");
        }
        let dark: usize = runs.iter().map(|(_, _, length)| length).sum();
        assert_eq!(dark, qr.dark.iter().filter(|dark| **dark).count());
        assert!(
            qr.svg().starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 33 33\""),
            "{}",
            qr.svg()
        );
    }
}
