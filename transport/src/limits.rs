//! Limits on requests, enforced by the transports and the pipeline. Every limit is on by default and can be configured.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Limits on requests. Sizes are in bytes, times are in seconds, and all other limits are counts. A request that exceeds a limit gets an error
/// whose `extensions.code` names the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Maximum size of a POST request's body, and of a GET request's query string (`BODY_TOO_LARGE`).
    pub body_bytes: usize,
    /// Maximum size of an uploaded file (`BODY_TOO_LARGE`).
    pub upload_bytes: u64,
    /// Seconds within which a request's body must arrive (`BODY_TIMEOUT`).
    pub body_seconds: u64,
    /// Maximum nesting of brackets in a request's JSON, including variables (`JSON_TOO_DEEP`).
    pub json_depth: usize,
    /// Maximum nesting of selection sets, lists and objects in a document (`DOCUMENT_TOO_DEEP`).
    pub bracket_depth: usize,
    /// Maximum number of tokens in a document, including whitespace, commas and comments (`TOO_MANY_TOKENS`).
    pub tokens: usize,
    /// Maximum number of operations and fragments defined in a document (`TOO_MANY_DEFINITIONS`).
    pub definitions: usize,
    /// Maximum nesting of fields, with fragments expanded (`QUERY_TOO_DEEP`).
    pub depth: u64,
    /// Maximum number of selections, with fragments expanded. Fields, spreads and inline fragments each count as one (`TOO_MANY_FIELDS`).
    pub fields: u64,
    /// Maximum number of aliased fields, with fragments expanded (`TOO_MANY_ALIASES`).
    pub aliases: u64,
    /// Maximum number of directives, with fragments expanded (`TOO_MANY_DIRECTIVES`).
    pub directives: u64,
    /// Maximum number of fields that a query may return (`QUERY_TOO_COMPLEX`). Each field counts as one, multiplied by the size of every list
    /// around it. A list's size is the value of its argument `first` or `last`, or the number of ids in its argument `ids`. A list without these
    /// arguments has its usual size.
    pub complexity: u64,
    /// List size assumed if `first`, `last` or `ids` is a variable without a value.
    pub assumed_list_size: u64,
    /// Maximum size of one response, and of one subscription message (`RESPONSE_TOO_LARGE`).
    pub answer_bytes: usize,
    /// Seconds that a query or mutation may run (`QUERY_TIMEOUT`).
    pub query_seconds: u64,
    /// Maximum size of the cache of validated documents, for each role. A document counts as the length of its text (at least 256 bytes), plus 100
    /// bytes for each field of its operations.
    pub cached_document_bytes: u64,
    /// Maximum size of the cache of documents that clients name by hash. A document counts as the length of its text, at least 256 bytes. 0 turns
    /// automatic persisted queries off.
    pub persisted_document_bytes: u64,
    /// Maximum size of the answers that are kept in memory for callers who repeat a query. When the memory is full, the answers that were used least
    /// are dropped. With 0, no answers are kept.
    pub kept_answer_bytes: u64,
    /// Limits on WebSockets and event streams.
    pub sockets: SocketLimits,
    /// Rate limits.
    pub rates: RateLimits,
}

/// Limits on WebSockets and event streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SocketLimits {
    /// Maximum size of a client's message (close code 1009).
    pub message_bytes: usize,
    /// Messages per second that a client may send, with a burst of twice that number (close code 4429).
    pub messages_per_second: u32,
    /// Maximum number of operations running on one socket (`TOO_MANY_OPERATIONS`).
    pub operations: usize,
    /// Maximum number of sockets and event streams per subject on this node (close code 4503, HTTP 429).
    pub per_subject: usize,
    /// Maximum number of sockets and event streams per address on this node (HTTP 429).
    pub per_address: usize,
    /// Maximum number of sockets and event streams on this node (HTTP 503).
    pub total: usize,
    /// Maximum number of messages queued for a slow client. While the queue is full, the client's subscriptions pause.
    pub queue_messages: usize,
    /// Maximum number of bytes queued for a slow client. While the queue is full, the client's subscriptions pause.
    pub queue_bytes: usize,
    /// Seconds for which a client with queued messages may read nothing (close code 4508).
    pub stall_seconds: u64,
    /// Maximum number of seconds from the upgrade to `connection_init` (close code 4408).
    pub init_seconds: u64,
    /// Seconds between the pings that detect dead clients, and between the comments that keep an event stream open. A client that sends nothing
    /// during two ping intervals is disconnected (close code 4504).
    pub ping_seconds: u64,
}

/// Rate limits, enforced by a token bucket for each subject and each address. 0 turns a limit off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Operations per minute and subject (`RATE_LIMITED`). A mutation counts once for each of its root fields.
    pub subject_per_minute: u32,
    /// Number of operations that a subject may start in a burst, before the rate limit applies.
    pub subject_burst: u32,
    /// Requests per minute and address, checked before the token (`RATE_LIMITED`).
    pub address_per_minute: u32,
    /// Number of requests that an address may start in a burst, before the rate limit applies.
    pub address_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            upload_bytes: 256 << 20,
            body_seconds: 15,
            json_depth: 32,
            bracket_depth: 48,
            tokens: 20_000,
            definitions: 100,
            depth: 16,
            fields: 1_000,
            aliases: 100,
            directives: 50,
            complexity: 50_000,
            assumed_list_size: 100,
            answer_bytes: 4 * 1024 * 1024,
            query_seconds: 10,
            cached_document_bytes: 4 * 1024 * 1024,
            persisted_document_bytes: 4 * 1024 * 1024,
            kept_answer_bytes: 32 * 1024 * 1024,
            sockets: SocketLimits::default(),
            rates: RateLimits::default(),
        }
    }
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            message_bytes: 128 * 1024,
            messages_per_second: 50,
            operations: 100,
            per_subject: 200,
            per_address: 1_000,
            total: 50_000,
            queue_messages: 256,
            queue_bytes: 1024 * 1024,
            stall_seconds: 20,
            init_seconds: 10,
            ping_seconds: 20,
        }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            subject_per_minute: 1_200,
            subject_burst: 200,
            address_per_minute: 6_000,
            address_burst: 1_000,
        }
    }
}

impl Limits {
    /// [`Limits::body_seconds`] as a duration.
    pub fn body_time(&self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    /// [`Limits::query_seconds`] as a duration.
    pub fn query_time(&self) -> Duration {
        Duration::from_secs(self.query_seconds)
    }
}
