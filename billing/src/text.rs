//! What text may be made of, wherever people or other programs write it.

/// Whether `text` is a line: no control characters, NUL among them, no ends of lines, and nothing that overrides the direction of letters, by
/// which a name reads on a screen as another one. Marks of direction, which scripts from right to left need, are text like any other.
pub fn is_line(text: &str) -> bool {
    !text.chars().any(is_strange)
}

/// Whether `text` is lines, each of which ends in a line feed.
pub fn is_lines(text: &str) -> bool {
    text.split('\n').all(is_line)
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
