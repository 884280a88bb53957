//! Refuses JSON that is nested too deeply, before a recursive parser or converter reads the JSON. serde_json has a limit of its own, but that limit
//! is fixed and is reported as a syntax error. The scan never allocates and never recurses, so no input can exhaust memory or the stack.

use actix_web::http::StatusCode;

use crate::error::RequestError;

/// Refuses a JSON text (a request, or only its variables) whose brackets are nested deeper than `limit`.
pub fn check(json: &[u8], limit: usize) -> Result<(), RequestError> {
    if depth(json) <= limit {
        return Ok(());
    }
    Err(RequestError::transport(
        StatusCode::BAD_REQUEST,
        "JSON_TOO_DEEP",
        format!("The JSON of the request nests deeper than {limit} levels."),
    ))
}

/// The largest number of brackets open at once, not counting the brackets in strings. The scan also ends on malformed input: an unterminated string
/// ends with its line.
fn depth(json: &[u8]) -> usize {
    let (mut at, mut open, mut deepest) = (0, 0_usize, 0);
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            b'"' => at = string_end(json, at),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn string_end(json: &[u8], mut at: usize) -> usize {
    while let Some(byte) = json.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brackets_outside_strings_count() {
        assert_eq!(depth(br#"{"query":"[[[[{{{\"[","variables":{"a":[[1]]}}"#), 4);
        assert_eq!(depth(&b"[".repeat(4096)), 4096);
        assert_eq!(depth(b"]]]]{"), 1);
    }

    #[test]
    fn brackets_after_an_unterminated_string_count() {
        assert_eq!(depth(b"[\"\n [[[["), 5, "the end of the line ends the string");
        assert_eq!(depth(b"\" \\"), 0, "an escape at the very end");
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "[{}\\[\\]\"\\\\ \n,a-c:é]{0,200}") {
            prop_assert!(depth(text.as_bytes()) <= text.len());
        }
    }
}
