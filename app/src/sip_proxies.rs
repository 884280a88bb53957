//! The functions of SIP proxies that the use cases need. This crate declares these functions as traits, and the `sip` crate implements the traits.

use chrono::{DateTime, Utc};
use entity::call;
use uuid::Uuid;

use base::error::Result;

/// The reason why a command to a proxy failed.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No proxy of that name is configured.
    #[error("no proxy {0:?} is configured in hook.proxies")]
    Unknown(String),
    /// The proxy did not respond, or responded too late.
    #[error("proxy: {0}")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The proxy responded with a status that docs/hook.md does not list.
    #[error("the proxy answered with status {0}")]
    Answer(u16),
    /// The proxy's response, such as a listing, cannot be parsed.
    #[error("the proxy's answer cannot be parsed: {0}")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The proxy's listing has more than this many bytes.
    #[error("the proxy's listing has more than {0} bytes")]
    TooLong(usize),
}

/// The SIP proxies. Each proxy is addressed by the name that it uses in its events.
#[async_trait::async_trait]
pub trait SipProxies: Send + Sync {
    /// Hangs up a ringing or answered call. If the command fails, the phone call may continue.
    async fn hang_up(&self, call: &call::Model, cause: HangUp) -> Result<HangUpResult, ProxyError>;

    /// Hangs up a dialog that belongs to no live call. If the command fails, the dialog may continue.
    async fn hang_up_stray(&self, proxy: &str, dialog: &Dialog) -> Result<HangUpResult, ProxyError>;

    /// Tells the proxy the number of seconds for which a call has reserved money. The proxy ignores a limit that is not longer than the current
    /// limit. After an error, the limit may or may not be in force.
    async fn set_limit(&self, call: &call::Model) -> Result<LimitResult, ProxyError>;

    /// Makes every proxy forget a phone's HA1 and registration. A proxy that does not respond forgets this data on its own within minutes.
    async fn purge_phone(&self, sip_user: &str);

    /// The state of a proxy's undelivered events, and the proxy's clock.
    async fn queue(&self, proxy: &str) -> Result<QueueState, ProxyError>;

    /// All dialogs of a proxy.
    async fn dialogs(&self, proxy: &str) -> Result<Dialogs, ProxyError>;

    /// All phones registered at a proxy.
    async fn phones(&self, proxy: &str) -> Result<Registrations, ProxyError>;

    /// The names of the configured proxies, in alphabetical order.
    fn names(&self) -> Vec<String>;

    /// Whether a proxy with this name is configured. Only the calls of configured proxies can be extended.
    fn knows(&self, proxy: &str) -> bool;
}

/// A queue that delivers the proxies' events, such as a Redis stream.
#[async_trait::async_trait]
pub trait EventQueue: Send + Sync {
    /// Whether all events that this proxy has put into the queue have been applied.
    async fn drained(&self, proxy: &str) -> Result<bool>;

    /// Entries that failed repeatedly and are still not applied. If many entries are stuck, the list has only the oldest.
    fn stuck(&self) -> Vec<StuckEntry>;
}

/// An entry of an [`EventQueue`] that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckEntry {
    /// The entry's id in the queue.
    pub id: String,
    /// When the proxy wrote the entry.
    pub since: DateTime<Utc>,
    /// How many times a node has read the entry.
    pub deliveries: u64,
}

/// State of a proxy's queue of undelivered events.
#[derive(Clone, Debug)]
pub struct QueueState {
    /// Number of events that the API has not accepted yet.
    pub waiting: u64,
    /// The proxy's clock.
    pub now: DateTime<Utc>,
    /// Identifies one run of the proxy, from its start to its stop.
    pub boot_id: String,
}

/// The reason why a call is hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// The hang-up was requested (cause `api`).
    Requested,
    /// The seconds for which money was reserved are used up (cause `max_duration`).
    CreditExhausted,
}

/// The proxy's response to a command to hang up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUpResult {
    /// The proxy hangs up the call, or the call has just ended. The event with the call's end will arrive.
    Accepted,
    /// The proxy does not have the call's dialog yet, or no longer has it.
    Unknown,
}

/// The proxy's response to a new limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitResult {
    /// The requested limit or a longer limit is in force. The value, if the proxy reported one, is a time on the proxy's clock at which the call was
    /// still in progress.
    Accepted(Option<DateTime<Utc>>),
    /// The proxy has not seen the call's answer yet.
    NotAnswered,
    /// The call has ended, or the proxy does not know the call.
    Over,
}

/// A dialog at the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// The call's id, from the API's response to `authorize`. `None` until the proxy has stored the id, and after the dialog has ended.
    pub reference: Option<Uuid>,
    /// SIP Call-ID; empty if it cannot be read.
    pub call_id: String,
    /// The caller's tag; empty if it cannot be read.
    pub from_tag: String,
    /// The callee's tag; `None` before the answer.
    pub to_tag: Option<String>,
    /// When the call was answered, by the proxy's clock; `None` if unknown.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether the dialog has ended and will soon disappear.
    pub over: bool,
    /// Whether the dialog is an emergency call.
    pub emergency: bool,
    /// Whether every relevant field could be read. An entry with an unreadable field shows only that its call is in progress.
    pub whole: bool,
}

/// The dialogs of a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialogs {
    /// The dialogs that identify their call, by the call's id or by its Call-ID.
    pub list: Vec<Dialog>,
    /// Number of entries in the listing that identify no call.
    pub nameless: usize,
}

/// A phone that is registered at the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// SIP user.
    pub user: String,
    /// SIP contact.
    pub contact: String,
    /// Source address, if it differs from the contact.
    pub source: Option<String>,
    /// The phone's `User-Agent`.
    pub user_agent: Option<String>,
    /// When the phone last registered, by the proxy's clock, in whole seconds.
    pub registered_at: Option<DateTime<Utc>>,
}

/// The registered phones of a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registrations {
    /// Phones that are registered.
    pub list: Vec<Registration>,
    /// SIP users whose entries do not show whether the phone is registered.
    pub unclear: Vec<String>,
    /// Number of entries that name no user.
    pub nameless: usize,
}

impl Dialogs {
    /// Number of entries of the listing that could not be read in full.
    pub fn unreadable(&self) -> usize {
        self.nameless + self.list.iter().filter(|dialog| !dialog.whole).count()
    }
}

impl Registrations {
    /// Number of entries of the listing that could not be read in full.
    pub fn unreadable(&self) -> usize {
        self.nameless + self.unclear.len()
    }

    /// Whether a phone missing from the list is certainly not registered.
    pub fn lacks(&self, user: &str) -> bool {
        self.nameless == 0 && !self.unclear.iter().any(|unclear| unclear == user)
    }
}
