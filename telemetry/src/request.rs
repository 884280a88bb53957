//! The id of a request, from the client or generated. The id appears in the response, in every log line about the request, and in internal errors, so
//! that the client can report the id.

use std::fmt;
use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;
use uuid::Uuid;

/// The header that carries the id, in requests and responses.
pub const HEADER: &str = "x-request-id";
/// Longest id accepted from a client, in bytes.
const MAX_BYTES: usize = 64;

/// The id of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The client's id if it is short and consists of letters, digits and `._:/+=-`; otherwise, a generated id.
    pub fn of(given: Option<&[u8]>) -> Self {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:/+=-".contains(byte);
        let given = given.filter(|id| !id.is_empty() && id.len() <= MAX_BYTES && id.iter().all(plain));
        let given = given.and_then(|id| std::str::from_utf8(id).ok()).map(str::to_owned);
        Self(given.unwrap_or_else(|| Uuid::now_v7().simple().to_string()))
    }

    /// The id of the `number`th operation on a socket. `self` is the id of the request that opened the socket.
    pub fn operation(&self, number: u64) -> Self {
        Self(format!("{}.{number}", self.0))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The span of a request. Every log line that is written while the request runs has the fields of this span.
pub fn span(listener: &'static str, id: &RequestId) -> Span {
    tracing::info_span!(
        "request",
        otel.name = listener,
        otel.kind = "server",
        listener,
        request_id = %id,
        operation = Empty,
        field = Empty,
        actor = Empty,
        outcome = Empty,
        duration_us = Empty,
    )
}

/// Logs the outcome and the duration of a request.
pub fn ended(span: &Span, outcome: &str, duration: Duration) {
    span.record("outcome", outcome);
    span.record("duration_us", u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    span.in_scope(|| tracing::debug!("answered"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_only_when_it_is_short_and_plain() {
        assert_eq!(RequestId::of(Some(b"a1-b2.c3")).as_str(), "a1-b2.c3");
        for bad in [b"".as_slice(), b"a b", b"a\nb", "ä".as_bytes(), &[b'a'; 65]] {
            assert_eq!(RequestId::of(Some(bad)).as_str().len(), 32, "a new one");
        }
        assert_ne!(RequestId::of(None), RequestId::of(None));
    }
}
