//! A parsed event from a proxy, and the result of applying it.

use billing::call::CallEventKind;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::calls::emergency::EmergencyCall;

/// An event from the proxy, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyEvent {
    /// Unique key of the event. A repeated event is ignored.
    pub eid: String,
    /// Time of the event by the proxy's clock.
    pub at: DateTime<Utc>,
    /// Name of the proxy.
    pub proxy: String,
    /// The event itself.
    pub body: EventBody,
}

/// The kind and data of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum EventBody {
    /// A call event.
    Call {
        /// The call's id.
        reference: Uuid,
        /// SIP To tag; `None` until it is known.
        to_tag: Option<String>,
        /// The call event.
        kind: CallEventKind,
    },
    /// An event of an emergency call that the proxy allowed without asking the server. The event includes the data to create the call if the call is
    /// not stored yet.
    Emergency {
        /// The call.
        call: EmergencyCall,
        /// SIP To tag; `None` until it is known.
        to_tag: Option<String>,
        /// The call event.
        kind: CallEventKind,
    },
    /// The proxy gave up on an authorization, perhaps before it received the response.
    Abandoned {
        /// [`AuthorizeRequest::request_id`](crate::calls::authorize::AuthorizeRequest::request_id).
        request_id: String,
        /// The SIP status that the proxy sent to the phone in place of the API's decision.
        code: Option<u16>,
    },
    /// A phone registered, or its registration ended.
    Phone {
        /// SIP user.
        user: String,
        /// Whether the phone is registered now.
        online: bool,
        /// SIP contact.
        contact: Option<String>,
        /// Network address of the registration.
        source: Option<String>,
        /// The phone's `User-Agent` header.
        user_agent: Option<String>,
    },
    /// The proxy started.
    Boot,
    /// An event that cannot be parsed. An unreadable event is stored for inspection.
    Malformed {
        /// The parse error.
        error: String,
        /// The event as received.
        body: serde_json::Value,
    },
}

impl ProxyEvent {
    /// Id of the call that the event is about.
    pub(super) fn call(&self) -> Option<Uuid> {
        self.body.call().map(|(id, ..)| id)
    }
}

impl EventBody {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Emergency { kind: CallEventKind::Authorized, .. } => "emergency",
            Self::Call { kind, .. } | Self::Emergency { kind, .. } => match kind {
                CallEventKind::Authorized => "authorized",
                CallEventKind::Ringing => "ringing",
                CallEventKind::Answered => "answered",
                CallEventKind::Ended { .. } => "ended",
                CallEventKind::Failed { .. } => "failed",
                CallEventKind::Abandoned { .. } => "abandoned",
                CallEventKind::Lost => "lost",
            },
            Self::Abandoned { .. } => "abandoned",
            Self::Phone { online: true, .. } => "online",
            Self::Phone { online: false, .. } => "offline",
            Self::Boot => "boot",
            Self::Malformed { .. } => "malformed",
        }
    }

    /// Whether the event ends a call or an attempt.
    pub fn is_end(&self) -> bool {
        let over =
            |kind: &CallEventKind| matches!(kind, CallEventKind::Ended { .. } | CallEventKind::Failed { .. });
        matches!(self, Self::Abandoned { .. }) || self.call().is_some_and(|(_, _, kind)| over(kind))
    }

    /// The call's id, its To tag, and the call event; `None` if the event is not about a call.
    pub(super) fn call(&self) -> Option<(Uuid, Option<&str>, &CallEventKind)> {
        match self {
            Self::Call { reference, to_tag, kind } => Some((*reference, to_tag.as_deref(), kind)),
            Self::Emergency { call, to_tag, kind } => Some((call.reference, to_tag.as_deref(), kind)),
            _ => None,
        }
    }

    /// Id of the call, request or phone that the event is about.
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::Call { reference, .. } => Some(reference.to_string()),
            Self::Emergency { call, .. } => Some(call.reference.to_string()),
            Self::Abandoned { request_id, .. } => Some(request_id.clone()),
            Self::Phone { user, .. } => Some(user.clone()),
            Self::Boot | Self::Malformed { .. } => None,
        }
    }
}

/// The result of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventResult {
    /// The event was applied. Some events, such as `boot`, change no row.
    Applied,
    /// The event was received before, and this copy was dropped.
    Duplicate,
    /// The event came too late to change anything, or is about an unknown object.
    Ignored,
    /// The event cannot be parsed or applied, for this reason. A rejected event is stored for inspection.
    Rejected(String),
}

impl EventResult {
    /// All values of [`Self::outcome`].
    pub const OUTCOMES: [&str; 4] = ["applied", "duplicate", "ignored", "rejected"];

    /// Name of the result in the hook's response and in the metrics.
    pub fn outcome(&self) -> &'static str {
        let [applied, duplicate, ignored, rejected] = Self::OUTCOMES;
        match self {
            Self::Applied => applied,
            Self::Duplicate => duplicate,
            Self::Ignored => ignored,
            Self::Rejected(_) => rejected,
        }
    }
}
