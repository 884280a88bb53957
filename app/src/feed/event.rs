//! An activity event as subscribers receive it, shared by all subscribers of the node.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, activity, call};
use serde::Deserialize as _;
use uuid::Uuid;

use super::snapshot::{Ids, Payload};
use super::texts::Texts;
use base::error::{Error, Result};
use telemetry::trace::TraceContext;

/// An activity, and the trace that caused it.
#[derive(Debug)]
pub struct ActivityEvent {
    /// The callshop where the activity happened.
    pub callshop_id: Uuid,
    /// Number of the activity in its callshop: 1, 2, 3 … without a gap.
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
    /// The call as it was at the time of the activity.
    pub call: CallSnapshot,
    /// Trace context of the commit; `None` if the commit was not traced or its context was lost.
    pub trace: Option<TraceContext>,
    /// When this node learned of the activity.
    pub since: Instant,
    /// The texts that were written from this event for subscribers.
    pub texts: Texts,
}

impl ActivityEvent {
    /// Creates the event from a row of the activity table. The call is not read yet.
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
            call: CallSnapshot::new(Ids::from(&*row), Stored::Row(row)),
        }
    }
}

/// The call of an activity. The first subscriber whose document asks for the call reads it from its stored JSON, and the other subscribers share the
/// result. If no document asks for the call, the JSON is never parsed. Clones share the result, too.
#[derive(Clone, Debug)]
pub struct CallSnapshot(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    ids: Ids,
    stored: Stored,
    /// The call, or the reason why it cannot be read.
    call: OnceLock<Result<Option<Arc<call::View>>, String>>,
}

/// The payload of an activity.
#[derive(Debug)]
enum Stored {
    /// A row of the activity table.
    Row(Arc<activity::Model>),
    /// JSON that another node sent.
    Json(Box<[u8]>),
}

impl CallSnapshot {
    fn new(ids: Ids, stored: Stored) -> Self {
        Self(Arc::new(Lazy { ids, stored, call: OnceLock::new() }))
    }

    /// The call in the JSON payload of an activity with these ids.
    pub(super) fn sent(ids: Ids, payload: &[u8]) -> Self {
        Self::new(ids, Stored::Json(payload.into()))
    }

    /// The call; `None` if the activity is not about a call.
    ///
    /// # Errors
    /// Fails with a fault if the payload's `call` cannot be read as a call.
    pub fn read(&self) -> Result<Option<Arc<call::View>>> {
        self.0.call.get_or_init(|| self.0.parse()).clone().map_err(Error::fault)
    }
}

impl Lazy {
    fn parse(&self) -> Result<Option<Arc<call::View>>, String> {
        let payload = match &self.stored {
            Stored::Row(row) => Payload::deserialize(&row.payload),
            Stored::Json(json) => serde_json::from_slice(json),
        };
        let call = payload.map_err(|error| error.to_string())?.into_call(&self.ids);
        Ok(call.map(Arc::new))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_read_only_when_it_is_asked_for() {
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
        assert_eq!(of(json!({ "phone": {} })).call.read().expect("a payload"), None);
        // an unreadable call is an error only for a reader that asks for it, and for each of these readers
        let unreadable = of(json!({ "call": { "id": 1 } }));
        assert!(unreadable.call.0.call.get().is_none());
        for _ in 0..2 {
            assert!(matches!(unreadable.call.read(), Err(Error::Fault(_))));
        }
        assert!(CallSnapshot::sent(ids, b"{").read().is_err());
        assert_eq!(CallSnapshot::sent(ids, b"{}").read().expect("a payload"), None);
    }
}
