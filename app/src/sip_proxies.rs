//! What the use cases need from SIP proxies, as a trait that this crate owns and the `sip` crate implements.

use chrono::{DateTime, Utc};
use entity::call;
use uuid::Uuid;

use base::error::Result;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No proxy of that name is configured.
    #[error("no proxy {0:?} is configured in hook.proxies")]
    Unknown(String),
    /// The proxy did not answer, or not in time.
    #[error("proxy: {0}")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The proxy answered with a status that docs/hook.md does not list.
    #[error("the proxy answered with status {0}")]
    Answer(u16),
    /// The proxy's listing does not parse.
    #[error("the proxy's listing cannot be parsed: {0}")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The proxy's listing has more than this many bytes.
    #[error("the proxy's listing has more than {0} bytes")]
    TooLong(usize),
}

/// The SIP proxies, each addressed by the name that it gives itself in events.
#[async_trait::async_trait]
pub trait SipProxies: Send + Sync {
    /// Hangs up a call, ringing or answered. After an error the call may go on.
    async fn hang_up(&self, call: &call::Model, cause: HangUp) -> Result<HangUpResult, ProxyError>;

    /// Hangs up a dialog that is not, or no longer, one of our calls. After an error it may go on.
    async fn hang_up_stray(&self, proxy: &str, dialog: &Dialog) -> Result<HangUpResult, ProxyError>;

    /// Tells the proxy how many seconds of a call are covered. The proxy ignores a limit that is not longer than the one it has. After an
    /// error the limit may or may not be in force.
    async fn set_limit(&self, call: &call::Model) -> Result<LimitResult, ProxyError>;

    /// Makes every proxy forget a phone's HA1 and registration. A proxy that does not answer forgets by itself within minutes.
    async fn purge_phone(&self, sip_user: &str);

    /// Events that a proxy has not delivered yet, and its clock.
    async fn queue(&self, proxy: &str) -> Result<QueueState, ProxyError>;

    /// All dialogs of a proxy.
    async fn dialogs(&self, proxy: &str) -> Result<Dialogs, ProxyError>;

    /// All phones registered at a proxy.
    async fn phones(&self, proxy: &str) -> Result<Registrations, ProxyError>;

    /// The names of the configured proxies, in alphabetical order.
    fn names(&self) -> Vec<String>;

    /// Whether a proxy of this name is configured, and so can be told to let a call go on.
    fn knows(&self, proxy: &str) -> bool;
}

/// A queue outside the proxies, such as a Redis stream, by which their events come.
#[async_trait::async_trait]
pub trait EventQueue: Send + Sync {
    /// Whether everything that this proxy has handed over is applied.
    async fn drained(&self, proxy: &str) -> Result<bool>;

    /// Entries that failed again and again and are still not applied; the oldest ones when there are many.
    fn stuck(&self) -> Vec<StuckEntry>;
}

/// An entry of an [`EventQueue`] that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckEntry {
    /// The queue's id of it.
    pub id: String,
    /// When the proxy wrote it.
    pub since: DateTime<Utc>,
    /// How often a node has read it.
    pub deliveries: u64,
}

/// Events that a proxy has not delivered yet.
#[derive(Clone, Debug)]
pub struct QueueState {
    /// Events that the API has not accepted yet.
    pub waiting: u64,
    /// The proxy's clock.
    pub now: DateTime<Utc>,
    /// Identifies one start of the proxy.
    pub boot_id: String,
}

/// Why a call is hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// On request (cause `api`).
    Requested,
    /// The covered seconds are used up (cause `max_duration`).
    CreditExhausted,
}

/// The proxy's answer to a hangup command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUpResult {
    /// It hangs up, or the call has just ended: the end event is on its way.
    Accepted,
    /// The proxy has no such dialog: not yet, or no longer.
    Unknown,
}

/// The proxy's answer to a new limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitResult {
    /// This limit or a longer one is in force; the value is the proxy's clock, at which the call was up, if the proxy said so.
    Accepted(Option<DateTime<Utc>>),
    /// The proxy has not seen the answer yet.
    NotAnswered,
    /// The call is over, or the proxy does not know it.
    Over,
}

/// A dialog that the proxy has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    /// The call's id, as the API answered it to `authorize`. `None` until the proxy has stored it, and once the dialog is over.
    pub reference: Option<Uuid>,
    /// SIP Call-ID; empty when it cannot be read.
    pub call_id: String,
    /// The caller's tag; empty when it cannot be read.
    pub from_tag: String,
    /// The callee's tag; `None` before the answer.
    pub to_tag: Option<String>,
    /// When the call was answered, by the proxy's clock; `None` if unknown.
    pub answered_at: Option<DateTime<Utc>>,
    /// The dialog has ended and will soon disappear.
    pub over: bool,
    /// It is an emergency call.
    pub emergency: bool,
    /// Whether every relevant field could be read. If not, the entry only shows that its call is up.
    pub whole: bool,
}

/// The dialogs of a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialogs {
    /// Dialogs that identify their call, by its id or its Call-ID.
    pub list: Vec<Dialog>,
    /// Entries that identify no call.
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
    /// When it last registered, by the proxy's clock, in whole seconds.
    pub registered_at: Option<DateTime<Utc>>,
}

/// The registered phones of a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registrations {
    /// Phones that are registered.
    pub list: Vec<Registration>,
    /// Users of entries that do not tell whether the phone is registered.
    pub unclear: Vec<String>,
    /// Entries that name no user.
    pub nameless: usize,
}

impl Dialogs {
    /// Entries that could not be read in full.
    pub fn unreadable(&self) -> usize {
        self.nameless + self.list.iter().filter(|dialog| !dialog.whole).count()
    }
}

impl Registrations {
    /// Entries that could not be read in full.
    pub fn unreadable(&self) -> usize {
        self.nameless + self.unclear.len()
    }

    /// Whether a phone missing from the list is certainly not registered.
    pub fn lacks(&self, user: &str) -> bool {
        self.nameless == 0 && !self.unclear.iter().any(|unclear| unclear == user)
    }
}
