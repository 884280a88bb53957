//! GraphQL over server-sent events, in the distinct-connections mode of the graphql-sse protocol. Each request runs one operation; its responses
//! are `next` events, and its end is a `complete` event.
//!
//! Errors in the document are also sent as an event, because a browser's `EventSource` does not show the body of a failed response. Transport errors
//! (token, rate, size) are plain HTTP responses. A revoked or expired token ends the stream with an error. A shutdown ends the stream without
//! `complete`, so that clients reconnect.
//!
//! If an answer has a position ([`Position`](super::pipeline::Position)), the position becomes the event's `id`. When a browser connects again, it
//! sends the last id in `Last-Event-ID`, and the subscription continues after that event.

use actix_web::{HttpRequest, http::StatusCode};

use super::{error::RequestError, graphql_http::error_json, stream::Form};

/// The header with the id of the last event that the client received.
const LAST_EVENT_ID: &str = "last-event-id";
/// Longest id accepted, in bytes.
const MAX_ID_BYTES: usize = 256;

/// Server-sent events.
pub(crate) const FORM: Form = Form {
    content_type: "text/event-stream; charset=utf-8",
    // after a lost connection, a browser waits for this many milliseconds before it connects again
    start: "retry: 1000\n\n",
    answer: next_event,
    error: |error| next_event(&error_json(error), None),
    idle: ":\n\n",
    end: "event: complete\ndata:\n\n",
};

/// The JSON has no line breaks, so it fits in one `data` line. An id with a line break would end the `id` line too early, so such an id is left out.
fn next_event(json: &str, id: Option<&str>) -> String {
    match id.filter(|id| !id.contains(['\n', '\r', '\0'])) {
        Some(id) => format!("event: next\nid: {id}\ndata: {json}\n\n"),
        None => format!("event: next\ndata: {json}\n\n"),
    }
}

/// The id of the last event that the client received; `None` for the client's first connection.
pub(crate) fn last_event_id(request: &HttpRequest) -> Result<Option<String>, RequestError> {
    let Some(id) = request.headers().get(LAST_EVENT_ID) else { return Ok(None) };
    let text = id.to_str().ok().filter(|id| id.len() <= MAX_ID_BYTES);
    let refused = || {
        let message = "`Last-Event-ID` must be the id of an event of this server.";
        RequestError::transport(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    };
    let id = text.ok_or_else(refused)?;
    Ok(Some(id.to_owned()).filter(|id| !id.is_empty()))
}
