//! Renders receipts as text for printers with a fixed number of columns. Long text is wrapped, never truncated.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::layout::{Block, blocks};
use super::{Locale, Receipt};

/// Indentation of a note.
const INDENT: &str = "  ";

/// One printed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    pub strong: bool,
}

pub(super) fn render(receipt: &Receipt, locale: Locale, columns: usize) -> String {
    let mut text = String::new();
    for line in lines(receipt, locale, columns) {
        text.push_str(line.text.trim_end());
        text.push('\n');
    }
    text
}

/// The printed lines, none wider than `columns`.
pub(super) fn lines(receipt: &Receipt, locale: Locale, columns: usize) -> Vec<Line> {
    blocks(receipt, locale).iter().flat_map(|block| block_lines(block, columns)).collect()
}

/// The printed lines of one block. A code is printed as text; the formats that can show a QR code do not use this function for codes.
pub(super) fn block_lines(block: &Block, columns: usize) -> Vec<Line> {
    let (texts, strong) = match block {
        Block::Title(text) => (centred(text, columns), true),
        Block::Centre(text) => (centred(text, columns), false),
        Block::Heading(text) => (wrapped(text, columns), true),
        Block::Pair(left, right) | Block::Sum(left, right) => (pair(left, right, columns), false),
        Block::StrongSum(left, right) => (pair(left, right, columns), true),
        Block::Note(text) => (indented(text, columns), false),
        Block::Code(text) => (cut(text, columns), false),
        Block::Rule => (vec!["-".repeat(columns)], false),
    };
    texts.into_iter().map(|text| Line { text, strong }).collect()
}

fn centred(text: &str, columns: usize) -> Vec<String> {
    let centre = |line: String| format!("{}{line}", " ".repeat(columns.saturating_sub(line.width()) / 2));
    wrapped(text, columns).into_iter().map(centre).collect()
}

fn indented(text: &str, columns: usize) -> Vec<String> {
    wrapped(text, columns - INDENT.len()).into_iter().map(|line| format!("{INDENT}{line}")).collect()
}

/// Lines with a left and a right text. If both do not fit on one line, the left text wraps first; a right text that is too wide gets its own lines.
pub(super) fn pair(left: &str, right: &str, columns: usize) -> Vec<String> {
    let to_the_right = |line: &str| format!("{}{line}", " ".repeat(columns.saturating_sub(line.width())));
    if right.width() > columns / 2 && left.width() + 1 + right.width() > columns {
        let mut lines = wrapped(left, columns);
        lines.extend(wrapped(right, columns).iter().map(|line| to_the_right(line)));
        return lines;
    }
    let mut lines = wrapped(left, columns - right.width() - 1);
    if let Some(last) = lines.last_mut() {
        let gap = columns.saturating_sub(last.width() + right.width());
        last.push_str(&" ".repeat(gap));
        last.push_str(right);
    }
    lines
}

/// Wraps a text into lines of at most `columns` characters, and always returns at least one line. A word that is wider than a line is broken.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0;
    // spaces within a line are kept as written
    for word in text.split(' ') {
        let needs = word.width();
        let gap = usize::from(!lines.last().is_some_and(String::is_empty));
        if width + gap + needs > columns && gap > 0 {
            lines.push(String::new());
            width = 0;
        } else if gap > 0 {
            push(&mut lines, ' ');
            width += 1;
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if width + wide > columns {
                lines.push(String::new());
                width = 0;
            }
            push(&mut lines, letter);
            width += wide;
        }
    }
    lines
}

/// Cuts a code into lines at a fixed width, regardless of its characters. Wrapping at a space would lose the space.
fn cut(text: &str, columns: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(columns).map(|line| line.iter().collect()).collect()
}

fn push(lines: &mut [String], letter: char) {
    if let Some(line) = lines.last_mut() {
        line.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_nothing_is_too_wide() {
        let text = "Departamento de telecomunicações internacionais superlongamentedescritasemespaços e 日本語の名前";
        for columns in 2..60 {
            let lines = wrapped(text, columns);
            assert!(lines.iter().all(|line| line.width() <= columns), "{columns}: {lines:?}");
            let squeezed = |text: &str| text.replace(' ', "");
            assert_eq!(squeezed(&lines.concat()), squeezed(text));
        }
    }

    #[test]
    fn a_pair_keeps_its_right_side_whole() {
        assert_eq!(pair("Total", "1,00", 12), ["Total   1,00"]);
        assert_eq!(pair("A long name here", "1,00", 12), ["A long", "name", "here    1,00"]);
        assert_eq!(pair("Cabin", "The one at the window", 12), ["Cabin", "  The one at", "  the window"]);
        assert_eq!(pair("", "1,00", 12), ["        1,00"]);
    }
}
