//! The functions that webhooks need from other layers. The `graphql` crate compiles documents, and the server posts messages.

use std::sync::Arc;
use std::time::Duration;

use entity::{ActivityKind, Role, TokenScope};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::feed::ActivityEvent;
use base::error::Result as AppResult;

/// The implementations of this module's traits.
#[derive(Clone)]
pub struct Outlets {
    /// Compiles documents.
    pub documents: Arc<dyn Documents>,
    /// Posts messages.
    pub sender: Arc<dyn Sender>,
}

/// The rights with which a document's data is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The role.
    pub role: Role,
    /// The scopes of an API token, with the scopes that they include; `None` for a login.
    pub scopes: Option<Vec<TokenScope>>,
}

/// Compiles the documents of webhooks.
pub trait Documents: Send + Sync {
    /// Checks a document against the part of the schema that the reader sees, and compiles it.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT`, naming `query`.
    fn compile(&self, reader: &Reader, document: &str) -> AppResult<Arc<dyn Payload>>;
}

/// A compiled document: the writer of a webhook's messages.
pub trait Payload: Send + Sync {
    /// The account or callshop that the document names.
    fn account_id(&self) -> Uuid;

    /// Whether the document is about one callshop. The account of such a document must be a callshop.
    fn is_for_callshop(&self) -> bool;

    /// Whether the document is about the feed of the account itself. The account of such a document must not be a callshop.
    fn is_for_account(&self) -> bool;

    /// Whether the document wants events of all kinds.
    fn wants_all(&self) -> bool;

    /// Whether the document wants events of this kind.
    fn wants(&self, kind: ActivityKind) -> bool;

    /// The JSON of the document's answer to an event.
    ///
    /// # Errors
    /// Fails if a value of the event cannot be shown.
    fn event(&self, event: &ActivityEvent) -> AppResult<String>;

    /// The JSON of a message that reports lost events of a callshop or a feed, up to the event with the number `last`. The message has no event, and
    /// its `cursorExpired` is true.
    ///
    /// # Errors
    /// Fails with internal faults only.
    fn gap(&self, callshop_id: Uuid, last: i64) -> AppResult<String>;
}

/// Why a message did not get an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SendError {
    /// The text is not an address to which messages can be posted.
    Url,
    /// The address of this host is plain HTTP, and the host is not in an allowed network.
    Insecure(String),
    /// This host has only addresses that are not allowed.
    Forbidden(String),
    /// This host has no address.
    Unresolved(String),
    /// The connection failed for this reason, in English.
    Connection(String),
    /// The receiver did not answer within this time.
    Late(Duration),
}

/// A message to post.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where the message is posted.
    pub url: String,
    /// The headers of Standard Webhooks: id, timestamp and signatures.
    pub headers: [(&'static str, String); 3],
    /// The body, in JSON.
    pub body: String,
    /// How long the receiver may take to answer.
    pub timeout: Duration,
}

/// A receiver's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The beginning of the body, without control characters.
    pub body: String,
}

/// Posts messages. For each message, an implementation resolves the host again, checks the host's addresses, and connects to an address that it has
/// checked. Redirects are not followed.
#[async_trait::async_trait]
pub trait Sender: Send + Sync {
    /// Checks whether messages may be posted to an address now, without connecting.
    async fn check(&self, url: &str) -> Result<(), SendError>;

    /// Posts a message.
    async fn post(&self, message: Outgoing) -> Result<Answer, SendError>;
}
