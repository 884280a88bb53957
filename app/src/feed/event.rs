//! An activity event as subscribers receive it, shared by all subscribers of the node.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, WebhookDisabledReason, activity, call};
use serde::Deserialize as _;
use uuid::Uuid;

use super::snapshot::{Ids, Payload, Subject};
use super::texts::Texts;
use base::error::{Error, Result};
use telemetry::trace::TraceContext;

/// An activity, and the trace that caused it.
#[derive(Debug)]
pub struct ActivityEvent {
    /// The callshop where the activity happened, or the account whose feed has the activity.
    pub callshop_id: Uuid,
    /// Number of the activity in its callshop or feed: 1, 2, 3 … without a gap.
    pub seq: i64,
    /// When the activity happened, which is the time of the command or of the proxy event.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: ActivityKind,
    /// The cabin that the activity concerns, if any.
    pub cabin_id: Option<Uuid>,
    /// The session that the activity concerns, if any.
    pub session_id: Option<Uuid>,
    /// The call that the activity concerns, if any.
    pub call_id: Option<Uuid>,
    /// The call as it was at the time of the activity. If the activity does not concern a call, this is the activity's subject.
    pub contents: Contents,
    /// Trace context of the commit; `None` if the commit was not traced or its context was lost.
    pub trace: Option<TraceContext>,
    /// When this node learned of the activity.
    pub since: Instant,
    /// The texts that were written from this event for subscribers.
    pub texts: Texts,
}

impl ActivityEvent {
    /// Creates the event from a row of the activity table. The contents are not read yet.
    pub fn of(row: Arc<activity::Model>, trace: Option<&TraceContext>) -> Self {
        Self {
            callshop_id: row.callshop_id,
            seq: row.seq,
            at: row.at,
            kind: row.kind,
            cabin_id: row.cabin_id,
            session_id: row.session_id,
            call_id: row.call_id,
            trace: trace.cloned(),
            since: Instant::now(),
            texts: Texts::default(),
            contents: Contents::new(Ids::from(&*row), Stored::Row(row)),
        }
    }
}

/// The call or the subject of an activity. The first subscriber whose document needs the call or the subject reads both from the stored JSON,
/// and the other subscribers share the result. If no document needs the call or the subject, the JSON is never parsed. Clones of this value share the
/// result, too.
#[derive(Clone, Debug)]
pub struct Contents(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    ids: Ids,
    stored: Stored,
    /// What the JSON contains, or the reason why it cannot be read.
    read: OnceLock<Result<Read, String>>,
}

/// What the payload of an activity contains.
#[derive(Clone, Debug)]
struct Read {
    call: Option<Arc<call::View>>,
    subject: Option<Subject>,
    disabled_reason: Option<WebhookDisabledReason>,
}

/// The payload of an activity.
#[derive(Debug)]
enum Stored {
    /// A row of the activity table.
    Row(Arc<activity::Model>),
    /// JSON that another node sent.
    Json(Box<[u8]>),
}

impl Contents {
    fn new(ids: Ids, stored: Stored) -> Self {
        Self(Arc::new(Lazy { ids, stored, read: OnceLock::new() }))
    }

    /// The contents of the JSON payload of an activity with these ids.
    pub(super) fn sent(ids: Ids, payload: &[u8]) -> Self {
        Self::new(ids, Stored::Json(payload.into()))
    }

    /// The call; `None` if the activity is not about a call.
    ///
    /// # Errors
    /// Fails with a fault if the payload's `call` cannot be read as a call.
    pub fn call(&self) -> Result<Option<Arc<call::View>>> {
        self.read().map(|read| read.call)
    }

    /// The object that the activity is about; `None` if the activity is about a cabin, a session or a call, or about no object.
    ///
    /// # Errors
    /// Fails with a fault if the payload cannot be read.
    pub fn subject(&self) -> Result<Option<Subject>> {
        self.read().map(|read| read.subject)
    }

    /// Why the webhook was disabled; `None` if the activity is about something else, or if a later version added the reason.
    ///
    /// # Errors
    /// Fails with a fault if the payload cannot be read.
    pub fn disabled_reason(&self) -> Result<Option<WebhookDisabledReason>> {
        self.read().map(|read| read.disabled_reason)
    }

    fn read(&self) -> Result<Read> {
        self.0.read.get_or_init(|| self.0.parse()).clone().map_err(Error::fault)
    }
}

impl Lazy {
    fn parse(&self) -> Result<Read, String> {
        let payload = match &self.stored {
            Stored::Row(row) => Payload::deserialize(&row.payload),
            Stored::Json(json) => serde_json::from_slice(json),
        };
        let payload = payload.map_err(|error| error.to_string())?;
        Ok(Read {
            subject: payload.subject,
            disabled_reason: payload.disabled_reason.as_deref().and_then(|reason| reason.parse().ok()),
            call: payload.into_call(&self.ids).map(Arc::new),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contents_are_read_only_when_they_are_asked_for() {
        let ids = Ids {
            callshop_id: Uuid::now_v7(),
            cabin_id: None,
            session_id: None,
            call_id: Some(Uuid::now_v7()),
        };
        let of = |payload: serde_json::Value| {
            let row = activity::Model {
                callshop_id: ids.callshop_id,
                seq: 1,
                at: Utc::now(),
                kind: ActivityKind::CallEnded,
                cabin_id: None,
                session_id: None,
                call_id: ids.call_id,
                payload,
            };
            ActivityEvent::of(Arc::new(row), None)
        };
        let other = of(json!({ "phone": {} })).contents;
        assert_eq!((other.call().expect("a payload"), other.subject().expect("a payload")), (None, None));
        let subject = Subject::Webhook(Uuid::now_v7());
        for (text, reason) in [("GONE", Some(WebhookDisabledReason::Gone)), ("OF_A_LATER_VERSION", None)] {
            let payload = json!({ "subject": subject, "disabled_reason": text });
            let sent = Contents::sent(ids, payload.to_string().as_bytes());
            for contents in [sent, of(payload).contents] {
                assert_eq!(contents.subject().expect("a payload"), Some(subject));
                assert_eq!(contents.disabled_reason().expect("a payload"), reason);
            }
        }
        // an unreadable call is an error for every reader that asks for the call, and for no other reader
        let unreadable = of(json!({ "call": { "id": 1 } }));
        assert!(unreadable.contents.0.read.get().is_none());
        for _ in 0..2 {
            assert!(matches!(unreadable.contents.call(), Err(Error::Fault(_))));
        }
        assert!(Contents::sent(ids, b"{").call().is_err());
        assert_eq!(Contents::sent(ids, b"{}").call().expect("a payload"), None);
    }
}
