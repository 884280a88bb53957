//! Digits and punctuation of other scripts.

use std::borrow::Cow;

/// The cell with ASCII digits. In a cell without letters, the punctuation is ASCII, too.
pub(super) fn plain(cell: &str) -> Cow<'_, str> {
    if cell.is_ascii() {
        return Cow::Borrowed(cell);
    }
    let worded = cell.chars().any(char::is_alphabetic);
    let plain =
        |letter: char| digit(letter).or_else(|| mark(letter).filter(|_| !worded || letter == '\u{ff1a}'));
    if cell.chars().all(|letter| plain(letter).is_none()) {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(cell.chars().map(|letter| plain(letter).unwrap_or(letter)).collect())
}

/// The ASCII digit of an Arabic, Persian, Indian or wide digit.
fn digit(letter: char) -> Option<char> {
    let first = ['\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}']
        .into_iter()
        .map(u32::from)
        .find(|first| (*first..*first + 10).contains(&u32::from(letter)))?;
    char::from_digit(u32::from(letter) - first, 10)
}

/// The ASCII mark that an Arabic or wide mark stands for.
fn mark(letter: char) -> Option<char> {
    Some(match letter {
        '\u{60c}' | '\u{ff0c}' | '\u{3001}' => ',',
        '\u{61b}' | '\u{ff1b}' => ';',
        '\u{66b}' | '\u{ff0e}' => '.',
        '\u{ff0f}' => '/',
        '\u{ff1a}' => ':',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        '\u{ff05}' | '\u{66a}' => '%',
        '\u{ff0d}' => '-',
        '\u{ff0b}' => '+',
        '\u{3000}' => ' ',
        _ => return None,
    })
}
