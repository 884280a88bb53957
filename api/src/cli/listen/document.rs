//! Changes a webhook's document so that its subscription can resume: adds the argument `after`, and the fields that contain the position.

use apollo_compiler::ast::{self, Definition, OperationDefinition, OperationType, Selection};
use async_graphql_value::ConstValue;
use serde_json::{Value, json};

/// The fields that are added to the document, by their names in the answer. These fields are removed from the messages.
const ADDED: [&str; 4] = ["listenCursor", "listenExpired", "listenEvent", "listenShop"];

/// The additions to a subscription to one callshop, or to the feed of an account.
const CALLSHOP: &str = "subscription($listenAfter: String) { position(after: $listenAfter) {
    listenCursor: cursor listenExpired: cursorExpired listenEvent: event { seq kind } } }";
/// The additions to a subscription to the callshops of a branch.
const BRANCH: &str = "subscription($listenAfter: [ShopCursor!]) { position(after: $listenAfter) {
    listenCursor: cursor listenExpired: cursorExpired listenEvent: event { seq kind } listenShop: callshopId } }";

/// A document whose subscription can resume.
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
    /// The message as a webhook sends it, with its fields in the order of the document.
    pub(super) body: String,
    /// The callshop's global id; `None` if the subscription is about one callshop, or about the feed of an account.
    pub(super) shop: Option<String>,
    /// The position after the message.
    pub(super) cursor: String,
    /// Number and kind of the event; `None` for a snapshot, and for the first message of a feed.
    pub(super) event: Option<(i64, String)>,
    /// Whether events were lost before the message.
    pub(super) expired: bool,
}

fn parse(text: &str) -> Result<ast::Document, String> {
    ast::Document::parse(text, "document.graphql")
        .map_err(|error| format!("the document is not valid GraphQL: {}", error.errors))
}

/// The first subscription of a document.
fn subscription(document: &mut ast::Document) -> Option<&mut OperationDefinition> {
    document.definitions.iter_mut().find_map(|definition| match definition {
        Definition::OperationDefinition(operation)
            if operation.operation_type == OperationType::Subscription =>
        {
            Some(operation.make_mut())
        }
        _ => None,
    })
}

impl Document {
    /// Prepares the document of a webhook.
    ///
    /// # Errors
    /// The error says what is wrong with the document.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let none = || {
            "the document must be a subscription to callshopActivity, accountActivity or accountFeed"
                .to_owned()
        };
        let mut document = parse(text)?;
        let operation = subscription(&mut document).ok_or_else(none)?;
        if !operation.variables.is_empty() || !operation.directives.is_empty() {
            return Err("the document must have no variables and no directives".to_owned());
        }
        let [Selection::Field(field)] = operation.selection_set.as_mut_slice() else { return Err(none()) };
        let of_branch = match field.name.as_str() {
            "callshopActivity" | "accountFeed" => false,
            "accountActivity" => true,
            _ => return Err(none()),
        };
        if !field.directives.is_empty() {
            return Err("the subscription's field must have no directives".to_owned());
        }
        if field.arguments.is_empty() || field.selection_set.is_empty() {
            return Err(none());
        }
        let mut added = parse(if of_branch { BRANCH } else { CALLSHOP })?;
        let added = subscription(&mut added).ok_or_else(none)?;
        let field = field.make_mut();
        if let [Selection::Field(position)] = added.selection_set.as_slice() {
            field.arguments.extend(position.arguments.iter().cloned());
            field.selection_set.extend(position.selection_set.iter().cloned());
        }
        operation.variables.clone_from(&added.variables);
        Ok(Self { text: document.to_string(), of_branch })
    }

    /// The value of the variable `listenAfter`, from the last cursor of each callshop.
    pub(super) fn after(&self, cursors: &std::collections::BTreeMap<String, String>) -> Value {
        if !self.of_branch {
            return cursors.values().next().map_or(Value::Null, |cursor| json!(cursor));
        }
        cursors.iter().map(|(shop, cursor)| json!({ "callshopId": shop, "cursor": cursor })).collect()
    }
}

/// Splits a message of the subscription into its parts.
///
/// # Errors
/// Fails with the errors that the server sent.
pub(super) fn message(answer: &str) -> Result<Message, String> {
    let invalid = |error: serde_json::Error| format!("the server sent invalid JSON: {error}");
    let read: Value = serde_json::from_str(answer).map_err(invalid)?;
    if let Some(errors) = read.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty()) {
        let texts = errors.iter().map(|error| match error["extensions"]["code"].as_str() {
            Some(code) => format!("{code}: {}", error["message"].as_str().unwrap_or_default()),
            None => error["message"].as_str().unwrap_or_default().to_owned(),
        });
        return Err(texts.collect::<Vec<_>>().join("; "));
    }
    let data = read.get("data").and_then(Value::as_object);
    let root = data.and_then(|data| data.values().next()).and_then(Value::as_object);
    let root = root.ok_or("the server sent a message without data")?;
    let [cursor, expired, event, shop] = ADDED.map(|name| root.get(name).cloned().unwrap_or_default());
    let event = event.as_object().map(|event| {
        let text = |name: &str| event.get(name).cloned().unwrap_or_default();
        (text("seq").as_i64().unwrap_or_default(), text("kind").as_str().unwrap_or_default().to_owned())
    });
    let mut body: ConstValue = serde_json::from_str(answer).map_err(invalid)?;
    remove_added(&mut body);
    Ok(Message {
        shop: shop.as_str().map(str::to_owned),
        cursor: cursor.as_str().ok_or("the server sent a message without a cursor")?.to_owned(),
        event,
        expired: expired == json!(true),
        body: serde_json::to_string(&body).map_err(invalid)?,
    })
}

/// Removes the added fields from an answer. The other fields keep their order.
fn remove_added(body: &mut ConstValue) {
    let ConstValue::Object(answer) = body else { return };
    let Some(ConstValue::Object(data)) = answer.get_mut("data") else { return };
    let Some(ConstValue::Object(root)) = data.values_mut().next() else { return };
    root.retain(|name, _| !ADDED.contains(&name.as_str()));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_document_gets_an_argument_and_fields() {
        let plain = |text: &str| parse(text).expect("a document").to_string();
        let text = "# a comment {\nsubscription Feed { feed: callshopActivity(callshopId: \"a(}\\\"b\", kinds: [CALL_ENDED]) { event { seq } } }";
        let made = Document::of(text).expect("a document");
        assert_eq!(
            made.text,
            plain(
                "subscription Feed($listenAfter: String) {
                    feed: callshopActivity(callshopId: \"a(}\\\"b\", kinds: [CALL_ENDED], after: $listenAfter) {
                        event { seq } listenCursor: cursor listenExpired: cursorExpired listenEvent: event { seq kind } } }"
            )
        );
        assert_eq!(made.after(&BTreeMap::new()), Value::Null);
        assert_eq!(made.after(&BTreeMap::from([(String::new(), "c".to_owned())])), json!("c"));
        let text = "fragment F on AccountActivity { cursor } subscription{accountActivity(accountId:\"\"\"x\"\"\"){...F}}";
        let made = Document::of(text).expect("a document");
        assert_eq!(
            made.text,
            plain(
                "fragment F on AccountActivity { cursor } subscription($listenAfter: [ShopCursor!]) {
                    accountActivity(accountId: \"x\", after: $listenAfter) { ...F listenCursor: cursor listenExpired: cursorExpired
                        listenEvent: event { seq kind } listenShop: callshopId } }"
            )
        );
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
        let answer = r#"{"data":{"feed":{"listenCursor":"c","listenExpired":false,"listenEvent":{"seq":7,"kind":"CALL_ENDED"},"listenShop":"s","event":{"seq":7,"at":"t","kind":"CALL_ENDED"}}}}"#;
        let message = message(answer).expect("a message");
        // the fields are in the order of the document
        assert_eq!(message.body, r#"{"data":{"feed":{"event":{"seq":7,"at":"t","kind":"CALL_ENDED"}}}}"#);
        assert_eq!((message.shop.as_deref(), message.cursor.as_str()), (Some("s"), "c"));
        assert_eq!((message.event, message.expired), (Some((7, "CALL_ENDED".to_owned())), false));
        let refused = r#"{"errors":[{"message":"No.","extensions":{"code":"FORBIDDEN"}}]}"#;
        assert_eq!(super::message(refused).expect_err("an error"), "FORBIDDEN: No.");
    }
}
