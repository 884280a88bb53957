//! The lexical scan of GraphQL and JSON that runs before parsing. The scan finds where strings and comments end. The scan never allocates and never
//! recurses, so no input can exhaust memory or the stack.
//!
//! apollo-compiler's own limits (`parse.rs`) refuse the same documents, but only after parsing up to the limit. The lexical scan refuses a hostile
//! text in one pass over its bytes. JSON is scanned too, because serde_json reports its own fixed depth limit as a syntax error.

/// The kinds of lexical tokens that the scans distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// `{`, `[` or `(`
    Open,
    /// `}`, `]` or `)`
    Close,
    /// A name, a number, a string, or punctuation other than a bracket.
    Other,
}

/// Tokens of a GraphQL document (October 2021, section 2.1). The scan also terminates on malformed input: an unterminated string ends with its
/// line, and an unterminated block string ends with the document.
pub(super) fn tokens(document: &str) -> impl Iterator<Item = Token> + '_ {
    let bytes = document.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at = skip_ignored(bytes, at);
        let byte = *bytes.get(at)?;
        let (token, end) = match byte {
            b'{' | b'[' | b'(' => (Token::Open, at + 1),
            b'}' | b']' | b')' => (Token::Close, at + 1),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => (Token::Other, block_string_end(bytes, at + 3)),
            b'"' => (Token::Other, string_end(bytes, at + 1)),
            b'.' if bytes[at..].starts_with(b"...") => (Token::Other, at + 3),
            _ if is_word(byte) => (Token::Other, word_end(bytes, at)),
            _ => (Token::Other, at + 1),
        };
        at = end;
        Some(token)
    })
}

/// The brackets of a JSON text, without the brackets in strings.
pub(super) fn json_brackets(json: &[u8]) -> impl Iterator<Item = Token> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let byte = *json.get(at)?;
            at += 1;
            match byte {
                b'{' | b'[' => return Some(Token::Open),
                b'}' | b']' => return Some(Token::Close),
                b'"' => at = string_end(json, at),
                _ => {}
            }
        }
    })
}

/// The largest number of brackets open at once.
pub(super) fn bracket_depth(tokens: impl Iterator<Item = Token>) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for token in tokens {
        match token {
            Token::Open => open += 1,
            Token::Close => open = open.saturating_sub(1),
            Token::Other => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn skip_ignored(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n' | b',') => at += 1,
            Some(b'#') => {
                while bytes.get(at).is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
                    at += 1;
                }
            }
            Some(0xEF) if bytes[at..].starts_with("\u{feff}".as_bytes()) => at += 3,
            _ => return at,
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+')
}

fn word_end(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while bytes.get(at).is_some_and(|byte| is_word(*byte)) && !bytes[at..].starts_with(b"...") {
        at += 1;
    }
    at
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn block_string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        if bytes[at..].starts_with(b"\\\"\"\"") {
            at += 4;
        } else if bytes[at..].starts_with(b"\"\"\"") {
            return at + 3;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn depth(document: &str) -> usize {
        bracket_depth(tokens(document))
    }

    #[test]
    fn depth_counts_every_bracket_kind() {
        assert_eq!(depth("{ a(x: [[1], {y: [2]}]) { b } }"), 5);
        assert_eq!(depth(&"[".repeat(4096)), 4096);
    }

    #[test]
    fn strings_block_strings_and_comments_hide_brackets() {
        assert_eq!(depth(r#"{ a(x: "[[[ \" [[[") }"#), 2);
        assert_eq!(depth("{ a(x: \"\"\"[[[ \\\"\"\" [[[ \" \"\"\") }"), 2);
        assert_eq!(depth("{ a # [[[[\n b }"), 1);
        assert_eq!(depth("{ a(x: \"\") { b(y: \"\"\"\"\"\") { c } } }"), 3);
    }

    #[test]
    fn brackets_after_an_unterminated_string_count() {
        assert_eq!(depth("{ a(x: \"\n [[[[ "), 6, "the end of the line ends the string");
        assert_eq!(depth("\" \\"), 0, "an escape at the very end");
    }

    #[test]
    fn json_strings_hide_brackets() {
        assert_eq!(bracket_depth(json_brackets(br#"{"query":"[[[[{{{\"[","variables":{"a":[[1]]}}"#)), 4);
    }

    #[test]
    fn tokens_are_counted_as_the_specification_does() {
        assert_eq!(tokens("query Q($a: Int = -1.5e3) { ...F @include(if: $a) }").count(), 22);
        assert_eq!(tokens(" ,\u{feff} # only ignored\n").count(), 0);
    }

    /// Generates a list literal that contains distracting strings and comments, and its true depth.
    fn nested_list() -> impl Strategy<Value = (String, usize)> {
        let leaf = prop_oneof![
            Just("\"[{(\"".to_owned()),
            Just("\"\"\"[ \" [[\"\"\"".to_owned()),
            Just("1 # [[(\n".to_owned()),
            Just("\"\\\"[\"".to_owned()),
            Just("-1.5e3".to_owned()),
        ];
        leaf.prop_map(|text| (text, 0)).prop_recursive(6, 40, 4, |inner| {
            prop::collection::vec(inner, 0..4).prop_map(|items| {
                let deepest = items.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
                let text: Vec<String> = items.into_iter().map(|(text, _)| text).collect();
                (format!("[{}]", text.join(", ")), deepest + 1)
            })
        })
    }

    proptest! {
        #[test]
        fn any_text_ends_and_has_no_more_tokens_than_bytes(text in "[{}\\[\\]()\"#\\\\ \n,a-c.$:é]{0,200}") {
            prop_assert!(tokens(&text).count() <= text.len());
            prop_assert!(json_brackets(text.as_bytes()).count() <= text.len());
        }

        #[test]
        fn the_depth_is_that_of_the_syntax((list, expected) in nested_list()) {
            let document = format!("{{ a(x: {list}) }}");
            prop_assert!(apollo_compiler::ast::Document::parse(document.as_str(), "q").is_ok());
            prop_assert_eq!(depth(&document), expected + 2);
        }
    }
}
