//! Checks the characters of text from users and other programs.

use std::borrow::Cow;

/// Whether `text` is a single line that contains no control characters (such as NUL), no line breaks, and no characters that override the text
/// direction. Characters that override the direction can make one name look like another. Direction marks, which right-to-left scripts need, are
/// allowed.
pub fn is_line(text: &str) -> bool {
    !text.chars().any(is_strange)
}

/// Whether `text` is one or more lines, separated by line feeds.
pub fn is_lines(text: &str) -> bool {
    text.split('\n').all(is_line)
}

/// The text with the control character SUB (U+001A) in place of NUL, which PostgreSQL cannot store. The text does not grow, and is still no line.
pub fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{1a}")) } else { text }
}

fn is_strange(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_printable() {
        for good in ["", "São Tomé", "محل الاتصال", "a\u{200f}b", "公衆電話 🇯🇵", "\u{feff}"]
        {
            assert!(is_line(good) && is_lines(&format!("{good}\n{good}\n")), "{good:?}");
        }
        for bad in [
            "\0",
            "\u{1b}[2J",
            "\t",
            "\r",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{202e}txt",
            "\u{2066}",
            "\u{2069}",
        ] {
            assert!(!is_line(bad) && !is_lines(bad), "{bad:?}");
        }
        assert!(!is_line("a\nb"));
    }
}
