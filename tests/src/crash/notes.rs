//! A record of answered requests, each of which must be stored once, with the expected results, which are computed here.

use std::collections::{BTreeMap, BTreeSet};

/// The record of all clients. Amounts are micros.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// `eid` of every accepted event.
    pub(super) events: BTreeSet<String>,
    /// The proxy's questions that were answered, with the expected result of each call.
    pub(super) calls: BTreeMap<String, Talk>,
    /// Amounts of top-ups, all distinct.
    pub(super) top_ups: BTreeSet<i64>,
    /// Amounts of pay-ins, all distinct.
    pub(super) pay_ins: BTreeSet<i64>,
    /// Settled sessions: total by global id.
    pub(super) sessions: BTreeMap<String, i64>,
    /// Net cash received in the drawer for them.
    pub(super) cash: i64,
    /// Receipt numbers.
    pub(super) receipts: BTreeSet<i64>,
}

/// Result of a call attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Talk {
    /// Refused.
    Refused,
    /// Not answered.
    Failed,
    /// Talked for this many whole seconds.
    Seconds(i64),
}
