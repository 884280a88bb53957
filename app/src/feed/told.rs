//! An activity as watchers are given it: read once, shared by all of them.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, activity, call};
use serde::Deserialize;
use uuid::Uuid;

use super::kept::{self, Payload};
use base::error::{OrFault as _, Result};
use telemetry::trace::TraceContext;

/// An activity, and the trace of what brought it about.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where.
    pub callshop_id: Uuid,
    /// 1, 2, 3 … in the callshop, without a gap.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: ActivityKind,
    /// Which cabin.
    pub cabin_id: Option<Uuid>,
    /// Which session.
    pub session_id: Option<Uuid>,
    /// Which call.
    pub call_id: Option<Uuid>,
    /// The call as it was then.
    pub call: Option<Arc<call::Model>>,
    /// Where in its trace it was committed; none when that is not traced, or not known any more.
    pub trace: Option<TraceContext>,
    /// When this node came to know of it.
    pub since: Instant,
}

/// A row as another node sends it, read without building a tree of it.
#[derive(Deserialize)]
struct Sent {
    callshop_id: Uuid,
    seq: i64,
    at: DateTime<Utc>,
    kind: ActivityKind,
    cabin_id: Option<Uuid>,
    session_id: Option<Uuid>,
    call_id: Option<Uuid>,
    payload: Payload,
}

impl Told {
    /// A row of the table.
    ///
    /// # Errors
    /// A fault when it keeps something that is no call where one should be.
    pub fn of(row: &activity::Model, trace: Option<&TraceContext>) -> Result<Self> {
        let payload = Payload::deserialize(&row.payload).or_fault()?;
        Ok(Self {
            callshop_id: row.callshop_id,
            seq: row.seq,
            at: row.at,
            kind: row.kind,
            cabin_id: row.cabin_id,
            session_id: row.session_id,
            call_id: row.call_id,
            call: payload.call.map(|kept::Read(call)| Arc::new(call)),
            trace: trace.cloned(),
            since: Instant::now(),
        })
    }

    /// A row as JSON text; none when it is not one that this version knows.
    pub(super) fn parse(text: &[u8], trace: Option<TraceContext>) -> Option<Self> {
        let sent: Sent = serde_json::from_slice(text).ok()?;
        Some(Self {
            callshop_id: sent.callshop_id,
            seq: sent.seq,
            at: sent.at,
            kind: sent.kind,
            cabin_id: sent.cabin_id,
            session_id: sent.session_id,
            call_id: sent.call_id,
            call: sent.payload.call.map(|kept::Read(call)| Arc::new(call)),
            trace,
            since: Instant::now(),
        })
    }
}
