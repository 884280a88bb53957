//! Renders receipts as ESC/POS, the command language of receipt printers.
//!
//! The lines are the same as in the text format. Only commands that nearly every printer knows are used. Characters are in code page 850, which has
//! the letters of Portuguese and Spanish. A character that is not in the code page loses its accent, or prints as "?".

use unicode_normalization::UnicodeNormalization as _;

use super::layout::{Block, blocks};
use super::{Locale, Receipt, text};

/// Opens the drawer: a pulse of 50 ms on pin 2, then a pause of 500 ms (`ESC p`).
pub(crate) const OPEN_DRAWER: [u8; 5] = [0x1b, b'p', 0, 25, 250];
/// Resets the printer, and selects the American character set and code page 850. With the American character set, ASCII characters print unchanged.
const BEGIN: &[u8] = &[0x1b, b'@', 0x1b, b'R', 0, 0x1b, b't', 2];
/// Feeds the paper past the cutter and cuts it, leaving a small bridge. Printers without a cutter only feed the paper.
const CUT: &[u8] = &[0x1b, b'd', 3, 0x1d, b'V', 66, 0];
const BOLD: &[u8] = &[0x1b, b'E', 1];
const NOT_BOLD: &[u8] = &[0x1b, b'E', 0];
const CENTER: &[u8] = &[0x1b, b'a', 1];
const LEFT: &[u8] = &[0x1b, b'a', 0];
/// The `GS ( k` settings of a QR code: model 2, the size of a module in dots, medium error correction.
const QR_SETTINGS: [&[u8]; 3] = [
    &[0x1d, b'(', b'k', 4, 0, 49, 65, 50, 0],
    &[0x1d, b'(', b'k', 3, 0, 49, 67, 6],
    &[0x1d, b'(', b'k', 3, 0, 49, 69, 49],
];
/// Prints the QR code that was previously stored in the printer.
const QR_PRINT: &[u8] = &[0x1d, b'(', b'k', 3, 0, 49, 81, 48];

/// The characters 128 to 255 of code page 850.
const CODE_PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

pub(super) fn render(receipt: &Receipt, locale: Locale, columns: usize) -> Vec<u8> {
    let mut bytes = BEGIN.to_vec();
    for block in blocks(receipt, locale) {
        if let Block::Code(code) = &block {
            qr(code, &mut bytes);
            continue;
        }
        for line in text::block_lines(&block, columns) {
            bytes.extend_from_slice(if line.strong { BOLD } else { NOT_BOLD });
            bytes.extend(line.text.trim_end().chars().map(encoded));
            bytes.push(b'\n');
        }
    }
    bytes.extend_from_slice(CUT);
    bytes
}

/// Prints a text as a QR code, which the printer draws.
fn qr(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(CENTER);
    for setting in QR_SETTINGS {
        bytes.extend_from_slice(setting);
    }
    // the length includes the three bytes after it; a BR Code is shorter than 300 bytes
    let length = u16::try_from(text.len() + 3).unwrap_or(u16::MAX).to_le_bytes();
    bytes.extend_from_slice(&[0x1d, b'(', b'k', length[0], length[1], 49, 80, 48]);
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(QR_PRINT);
    bytes.push(b'\n');
    bytes.extend_from_slice(LEFT);
}

/// A character as one byte in the code page, so that every line keeps its width.
fn encoded(letter: char) -> u8 {
    code_page(letter).or_else(|| letter.nfkd().find_map(code_page)).unwrap_or(b'?')
}

fn code_page(letter: char) -> Option<u8> {
    if letter == ' ' || letter.is_ascii_graphic() {
        return u8::try_from(letter).ok();
    }
    let at = CODE_PAGE_850.chars().position(|known| known == letter)?;
    u8::try_from(128 + at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_page_has_the_letters_of_portuguese_and_spanish() {
        assert_eq!(CODE_PAGE_850.chars().count(), 128);
        let bytes: Vec<u8> = "ãçñºÃ¿".chars().map(encoded).collect();
        assert_eq!(bytes, [0xc6, 0x87, 0xa4, 0xa7, 0xc7, 0xa8]);
    }

    #[test]
    fn other_letters_keep_their_width() {
        for (letter, byte) in [('ł', b'?'), ('č', b'c'), ('日', b'?'), ('ﬁ', b'f'), ('\u{a0}', 0xff)] {
            assert_eq!(encoded(letter), byte, "{letter}");
        }
    }
}
