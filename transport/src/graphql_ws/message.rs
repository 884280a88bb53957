//! The protocol's messages.

use apollo_compiler::response::{JsonMap, JsonValue};

use crate::{
    languages::Languages,
    limits::Limits,
    origin::bearer_token,
    pipeline::{Parameters, json_depth},
};

/// A message from the client.
pub(super) enum ClientMessage {
    Init { token: Token, languages: Option<Languages> },
    Subscribe { id: String, parameters: Parameters },
    Complete { id: String },
    Ping { payload: Option<JsonMap> },
    Pong,
}

/// The token in the payload of a client's message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Missing,
    Malformed,
    Given(String),
}

/// Longest id of an operation, in bytes. The id is sent back with every response.
const MAX_ID_BYTES: usize = 256;

/// Parses a client's message; `None` if the protocol does not define the message.
pub(super) fn read(text: &str, limits: &Limits) -> Option<ClientMessage> {
    json_depth::check(text.as_bytes(), limits.json_depth).ok()?;
    let JsonValue::Object(mut message) = serde_json::from_str(text).ok()? else { return None };
    let kind = message.remove("type")?;
    let payload = message.remove("payload");
    match kind.as_str()? {
        "connection_init" => {
            let payload = object(payload)?;
            Some(ClientMessage::Init {
                token: token(payload.as_ref()),
                languages: languages(payload.as_ref()),
            })
        }
        "ping" => Some(ClientMessage::Ping { payload: object(payload)? }),
        "pong" => object(payload).map(|_| ClientMessage::Pong),
        "complete" => Some(ClientMessage::Complete { id: id(&message)? }),
        "subscribe" => {
            let parameters = Parameters::from_fields(object(payload)??).ok()?;
            Some(ClientMessage::Subscribe { id: id(&message)?, parameters })
        }
        _ => None,
    }
}

fn id(message: &JsonMap) -> Option<String> {
    let id = message.get("id")?.as_str()?;
    (!id.is_empty() && id.len() <= MAX_ID_BYTES).then(|| id.to_owned())
}

/// Reads a message's payload, which is an object, null or missing. The outer `None` means that the payload is invalid.
fn object(payload: Option<JsonValue>) -> Option<Option<JsonMap>> {
    match payload {
        None | Some(JsonValue::Null) => Some(None),
        Some(JsonValue::Object(fields)) => Some(Some(fields)),
        Some(_) => None,
    }
}

/// The token in `{"authorization": "Bearer …"}` (the name is not case-sensitive) or `{"token": "…"}`.
pub(super) fn token(payload: Option<&JsonMap>) -> Token {
    let Some(payload) = payload else { return Token::Missing };
    for (name, value) in payload.iter() {
        let is_header = name.as_str().eq_ignore_ascii_case("authorization");
        if (!is_header && name.as_str() != "token") || matches!(value, JsonValue::Null) {
            continue;
        }
        let found = value.as_str().and_then(|text| if is_header { bearer_token(text) } else { Some(text) });
        return found.map_or(Token::Malformed, |token| Token::Given(token.to_owned()));
    }
    Token::Missing
}

/// The languages in `{"acceptLanguage": "…"}`, written like the header; `None` if the payload has no such text.
fn languages(payload: Option<&JsonMap>) -> Option<Languages> {
    payload?.get("acceptLanguage")?.as_str().map(Languages::parse)
}

/// The operation's id as a JSON string.
pub(super) fn quoted(id: &str) -> String {
    JsonValue::String(id.into()).to_string()
}
