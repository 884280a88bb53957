//! Prepares a webhook's document for a subscription that resumes: adds the argument `after`, and the fields that tell the position.

use serde_json::{Map, Value, json};

/// The fields that are added to the document, with their names in the answer. They are removed from the messages.
const ADDED: [&str; 4] = ["listenCursor", "listenExpired", "listenEvent", "listenShop"];

/// A document whose subscription resumes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// The text, with the variable `listenAfter`.
    pub(super) text: String,
    /// Whether the subscription is about several callshops.
    of_branch: bool,
}

/// A message of the subscription.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    /// The message as a webhook sends it.
    pub(super) body: Value,
    /// The callshop's global id; `None` if the subscription is about one callshop.
    pub(super) shop: Option<String>,
    /// The position after the message.
    pub(super) cursor: String,
    /// Number and kind of the event; `None` for a snapshot.
    pub(super) event: Option<(i64, String)>,
    /// Whether events were lost before the message.
    pub(super) expired: bool,
}

/// A piece of a document, with its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    start: usize,
}

/// Splits a document into names, strings and punctuation, without comments and white space.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let (bytes, mut at, mut found) = (text.as_bytes(), 0, Vec::new());
    while let Some(byte) = bytes.get(at) {
        let start = at;
        match byte {
            b'#' => {
                at += text.get(at..).and_then(|rest| rest.find('\n')).unwrap_or(text.len() - at);
                continue;
            }
            b'"' => at = end_of_string(text, at),
            byte if byte.is_ascii_alphanumeric() || *byte == b'_' => {
                while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                    at += 1;
                }
            }
            byte if byte.is_ascii_whitespace() || *byte == b',' || !byte.is_ascii() => {
                at += 1;
                continue;
            }
            _ => at += 1,
        }
        if let Some(text) = text.get(start..at) {
            found.push(Token { text, start });
        }
    }
    found
}

/// Where a string ends that begins at `start`.
fn end_of_string(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    if rest.starts_with("\"\"\"") {
        return rest
            .get(3..)
            .and_then(|rest| rest.find("\"\"\""))
            .map_or(text.len(), |end| start + 3 + end + 3);
    }
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return start + at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The index of the token that closes the bracket at `open`.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_u32;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

impl Document {
    /// Prepares the document of a webhook.
    ///
    /// # Errors
    /// The error says what the document lacks.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let none = || "the document must be a subscription to callshopActivity or accountActivity".to_owned();
        let tokens = tokens(text);
        let mut at = 0;
        // fragments may come before the subscription
        while let Some(token) = tokens.get(at).filter(|token| token.text != "subscription") {
            at = if token.text == "{" { closing(&tokens, at).ok_or_else(none)? + 1 } else { at + 1 };
        }
        let is = |index: usize, text: &str| tokens.get(index).is_some_and(|token| token.text == text);
        let named = usize::from(!is(at + 1, "{"));
        let set = at + 1 + named;
        if !is(set, "{") {
            return Err("the document must have no variables and no directives".to_owned());
        }
        let aliased = if is(set + 2, ":") { 2 } else { 0 };
        let field = tokens.get(set + 1 + aliased).ok_or_else(none)?;
        let of_branch = match field.text {
            "callshopActivity" => false,
            "accountActivity" => true,
            _ => return Err(none()),
        };
        let arguments = set + 2 + aliased;
        if !is(arguments, "(") {
            return Err(none());
        }
        let selection = closing(&tokens, arguments).ok_or_else(none)? + 1;
        if !is(selection, "{") {
            return Err("the subscription's field must have no directives".to_owned());
        }
        let kind = if of_branch { "[ShopCursor!]" } else { "String" };
        let shop = if of_branch { " listenShop: callshopId" } else { "" };
        let places = [
            (tokens.get(set).map_or(0, |token| token.start), format!("($listenAfter: {kind}) ")),
            (tokens.get(arguments).map_or(0, |token| token.start + 1), "after: $listenAfter, ".to_owned()),
            (
                tokens.get(selection).map_or(0, |token| token.start + 1),
                format!(
                    " listenCursor: cursor listenExpired: cursorExpired listenEvent: event {{ seq kind }}{shop} "
                ),
            ),
        ];
        let (mut out, mut last) = (String::with_capacity(text.len() + 200), 0);
        for (place, added) in places {
            out.push_str(text.get(last..place).unwrap_or_default());
            out.push_str(&added);
            last = place;
        }
        out.push_str(text.get(last..).unwrap_or_default());
        Ok(Self { text: out, of_branch })
    }

    /// The value of the variable `listenAfter`, from the last cursor of each callshop.
    pub(super) fn after(&self, cursors: &std::collections::BTreeMap<String, String>) -> Value {
        if !self.of_branch {
            return cursors.values().next().map_or(Value::Null, |cursor| json!(cursor));
        }
        cursors.iter().map(|(shop, cursor)| json!({ "callshopId": shop, "cursor": cursor })).collect()
    }
}

/// Takes an answer of the subscription apart.
///
/// # Errors
/// Fails with the errors that the server sent.
pub(super) fn message(answer: &str) -> Result<Message, String> {
    let mut body: Value =
        serde_json::from_str(answer).map_err(|error| format!("the server sent no JSON: {error}"))?;
    if let Some(errors) = body.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty()) {
        let texts = errors.iter().map(|error| match error["extensions"]["code"].as_str() {
            Some(code) => format!("{code}: {}", error["message"].as_str().unwrap_or_default()),
            None => error["message"].as_str().unwrap_or_default().to_owned(),
        });
        return Err(texts.collect::<Vec<_>>().join("; "));
    }
    let data = body.get_mut("data").and_then(Value::as_object_mut);
    let root: Option<&mut Map<String, Value>> =
        data.and_then(|data| data.values_mut().next()).and_then(Value::as_object_mut);
    let root = root.ok_or("the server sent a message without data")?;
    let [cursor, expired, event, shop] = ADDED.map(|name| root.remove(name).unwrap_or_default());
    let event = event.as_object().map(|event| {
        let text = |name: &str| event.get(name).cloned().unwrap_or_default();
        (text("seq").as_i64().unwrap_or_default(), text("kind").as_str().unwrap_or_default().to_owned())
    });
    Ok(Message {
        shop: shop.as_str().map(str::to_owned),
        cursor: cursor.as_str().ok_or("the server sent a message without a cursor")?.to_owned(),
        event,
        expired: expired == json!(true),
        body,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_document_gets_an_argument_and_fields() {
        let text = "# a comment {\nsubscription Feed { feed: callshopActivity(callshopId: \"a(}\\\"b\", kinds: [CALL_ENDED]) { event { seq } } }";
        let made = Document::of(text).expect("a document");
        assert_eq!(
            made.text,
            "# a comment {\nsubscription Feed ($listenAfter: String) { feed: callshopActivity(after: $listenAfter, callshopId: \"a(}\\\"b\", kinds: [CALL_ENDED]) { listenCursor: cursor listenExpired: cursorExpired listenEvent: event { seq kind }  event { seq } } }"
        );
        assert_eq!(made.after(&BTreeMap::new()), Value::Null);
        assert_eq!(made.after(&BTreeMap::from([(String::new(), "c".to_owned())])), json!("c"));
        let text = "fragment F on AccountActivity { cursor } subscription{accountActivity(accountId:\"\"\"x\"\"\"){...F}}";
        let made = Document::of(text).expect("a document");
        assert!(made.text.contains(
            "subscription($listenAfter: [ShopCursor!]) {accountActivity(after: $listenAfter, accountId"
        ));
        assert!(made.text.contains("listenShop: callshopId ...F}"));
        let after = made.after(&BTreeMap::from([("s".to_owned(), "c".to_owned())]));
        assert_eq!(after, json!([{ "callshopId": "s", "cursor": "c" }]));
    }

    #[test]
    fn other_documents_are_refused() {
        for text in [
            "",
            "{ viewer { id } }",
            "subscription { cabinActivity(cabinId: \"x\") { cursor } }",
            "subscription { callshopActivity { cursor } }",
            "subscription { callshopActivity(callshopId: \"x\" { cursor } }",
            "subscription($x: ID!) { callshopActivity(callshopId: $x) { cursor } }",
            "subscription { callshopActivity(callshopId: \"x\") @skip(if: true) { cursor } }",
        ] {
            assert!(Document::of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_message_is_that_of_a_webhook() {
        let answer = r#"{"data":{"feed":{"listenCursor":"c","listenExpired":false,"listenEvent":{"seq":7,"kind":"CALL_ENDED"},"listenShop":"s","event":{"seq":7}}}}"#;
        let message = message(answer).expect("a message");
        assert_eq!(message.body, json!({ "data": { "feed": { "event": { "seq": 7 } } } }));
        assert_eq!((message.shop.as_deref(), message.cursor.as_str()), (Some("s"), "c"));
        assert_eq!((message.event, message.expired), (Some((7, "CALL_ENDED".to_owned())), false));
        let refused = r#"{"errors":[{"message":"No.","extensions":{"code":"FORBIDDEN"}}]}"#;
        assert_eq!(super::message(refused).expect_err("an error"), "FORBIDDEN: No.");
    }
}
