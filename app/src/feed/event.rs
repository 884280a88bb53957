//! An activity event as subscribers receive it, decoded once and shared by all subscribers.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, activity, call};
use serde::Deserialize;
use uuid::Uuid;

use super::snapshot::{Ids, Payload};
use base::error::{OrFault as _, Result};
use telemetry::trace::TraceContext;

/// An activity, and the trace that caused it.
#[derive(Clone, Debug)]
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
    /// The call as it was at the time of the activity; `None` if the activity is not about a call.
    pub call: Option<Arc<call::View>>,
    /// Trace context of the commit; `None` if the commit was not traced or its context was lost.
    pub trace: Option<TraceContext>,
    /// When this node learned of the activity.
    pub since: Instant,
}

/// A row that another node sent. The row is deserialized directly, without building a JSON tree.
#[derive(Deserialize)]
struct WireActivity {
    callshop_id: Uuid,
    seq: i64,
    at: DateTime<Utc>,
    kind: ActivityKind,
    cabin_id: Option<Uuid>,
    session_id: Option<Uuid>,
    call_id: Option<Uuid>,
    payload: Payload,
}

impl ActivityEvent {
    /// Creates the event from a row of the activity table.
    ///
    /// # Errors
    /// Fails with a fault if the payload's `call` cannot be read as a call.
    pub fn of(row: &activity::Model, trace: Option<&TraceContext>) -> Result<Self> {
        let call = Payload::deserialize(&row.payload).or_fault()?.into_call(&row.into());
        Ok(Self {
            callshop_id: row.callshop_id,
            seq: row.seq,
            at: row.at,
            kind: row.kind,
            cabin_id: row.cabin_id,
            session_id: row.session_id,
            call_id: row.call_id,
            call: call.map(Arc::new),
            trace: trace.cloned(),
            since: Instant::now(),
        })
    }

    /// Creates the event from a row's JSON text; `None` if this version cannot read it.
    pub(super) fn parse(text: &[u8], trace: Option<TraceContext>) -> Option<Self> {
        let sent: WireActivity = serde_json::from_slice(text).ok()?;
        let WireActivity { callshop_id, cabin_id, session_id, call_id, .. } = sent;
        let call = sent.payload.into_call(&Ids { callshop_id, cabin_id, session_id, call_id });
        Some(Self {
            callshop_id,
            seq: sent.seq,
            at: sent.at,
            kind: sent.kind,
            cabin_id,
            session_id,
            call_id,
            call: call.map(Arc::new),
            trace,
            since: Instant::now(),
        })
    }
}
