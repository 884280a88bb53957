//! Renders receipts as text for printers with a fixed number of columns. Long text is wrapped, never truncated.

use unicode_bidi::{Direction, get_base_direction};
use unicode_width::UnicodeWidthChar as _;

use super::layout::{Block, blocks};
use super::{Locale, Receipt};

/// Indentation of a note.
const INDENT: &str = "  ";

/// One printed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    /// Where the text on the right begins, in bytes; the length of `text` if nothing is on the right.
    pub right_at: usize,
    /// Whether the text on the left, and the text on the right, run from right to left. All lines of a wrapped text have the same direction.
    pub are_rtl: (bool, bool),
    pub strong: bool,
}

impl Line {
    /// A line with one text that is not bold and runs from left to right.
    pub(super) fn plain(text: String) -> Self {
        Self { right_at: text.len(), text, are_rtl: (false, false), strong: false }
    }
}

fn is_rtl(text: &str) -> bool {
    get_base_direction(text) == Direction::Rtl
}

/// The width of a text in columns.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
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
    let one = |text: &String, texts: Vec<String>, strong| {
        let are_rtl = (is_rtl(text), false);
        let line = |text: String| Line { right_at: text.len(), text, are_rtl, strong };
        texts.into_iter().map(line).collect()
    };
    let two = |left: &String, right: &String, strong| {
        let are_rtl = (is_rtl(left), is_rtl(right));
        let line = |(text, right_at)| Line { text, right_at, are_rtl, strong };
        pair(left, right, columns).into_iter().map(line).collect()
    };
    match block {
        Block::Title(text) => one(text, centred(text, columns), true),
        Block::Centre(text) => one(text, centred(text, columns), false),
        Block::Heading(text) => one(text, wrapped(text, columns), true),
        Block::Pair(left, right) | Block::Sum(left, right) => two(left, right, false),
        Block::StrongSum(left, right) => two(left, right, true),
        Block::Note(text) => one(text, indented(text, columns), false),
        Block::Code(text) => one(text, cut(text, columns), false),
        Block::Rule => vec![Line::plain("-".repeat(columns))],
    }
}

fn centred(text: &str, columns: usize) -> Vec<String> {
    let centre = |line: String| format!("{}{line}", " ".repeat(columns.saturating_sub(width(&line)) / 2));
    wrapped(text, columns).into_iter().map(centre).collect()
}

fn indented(text: &str, columns: usize) -> Vec<String> {
    wrapped(text, columns - INDENT.len()).into_iter().map(|line| format!("{INDENT}{line}")).collect()
}

/// Lines with a left and a right text, each with the position in bytes where the right text begins. If both texts do not fit on one line, the left text
/// wraps first; a right text that is too wide gets its own lines.
pub(super) fn pair(left: &str, right: &str, columns: usize) -> Vec<(String, usize)> {
    let alone = |text: String| (text.clone(), text.len());
    let to_the_right = |line: String| {
        let gap = columns.saturating_sub(width(&line));
        (format!("{}{line}", " ".repeat(gap)), gap)
    };
    let wide = width(right);
    if wide > columns / 2 && width(left) + 1 + wide > columns {
        let right = wrapped(right, columns).into_iter().map(to_the_right);
        return wrapped(left, columns).into_iter().map(alone).chain(right).collect();
    }
    let mut lines: Vec<_> = wrapped(left, columns - wide - 1).into_iter().map(alone).collect();
    if let Some((text, right_at)) = lines.last_mut() {
        let gap = columns.saturating_sub(width(text) + wide);
        text.push_str(&" ".repeat(gap));
        *right_at = text.len();
        text.push_str(right);
    }
    lines
}

/// Wraps a text into lines of at most `columns` characters, and always returns at least one line. A word that is wider than a line is broken.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut taken = 0;
    // spaces within a line are kept as written
    for word in text.split(' ') {
        let needs = width(word);
        let gap = usize::from(!lines.last().is_some_and(String::is_empty));
        if taken + gap + needs > columns && gap > 0 {
            lines.push(String::new());
            taken = 0;
        } else if gap > 0 {
            push(&mut lines, ' ');
            taken += 1;
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if taken + wide > columns {
                lines.push(String::new());
                taken = 0;
            }
            push(&mut lines, letter);
            taken += wide;
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
            assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:?}");
            let squeezed = |text: &str| text.replace(' ', "");
            assert_eq!(squeezed(&lines.concat()), squeezed(text));
        }
    }

    #[test]
    fn a_pair_keeps_its_right_side_whole() {
        let shown = |left: &str, right: &str| -> Vec<String> {
            let halves = |(text, right_at): (String, usize)| {
                let (left, right) = text.split_at(right_at);
                format!("{left}|{right}")
            };
            pair(left, right, 12).into_iter().map(halves).collect()
        };
        assert_eq!(shown("Total", "1,00"), ["Total   |1,00"]);
        assert_eq!(shown("A long name here", "1,00"), ["A long|", "name|", "here    |1,00"]);
        assert_eq!(shown("Cabin", "The one at the window"), ["Cabin|", "  |The one at", "  |the window"]);
        assert_eq!(shown("", "1,00"), ["        |1,00"]);
    }

    #[test]
    fn a_wrapped_text_keeps_its_direction() {
        let note = Block::Note("شكرا لكم Call Shop Aurora".to_owned());
        let lines = block_lines(&note, 14);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.are_rtl.0), "{lines:?}");
    }

    #[test]
    fn a_variation_of_a_letter_takes_no_column() {
        let name = "☺\u{fe0f}".repeat(10);
        assert_eq!(pair(&name, "1,00", 20), [(format!("{name}      1,00"), name.len() + 6)]);
    }
}
