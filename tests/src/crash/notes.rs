//! A record of answered requests and of their expected results. This module computes the expected results. Each request must be stored exactly once.

use std::collections::{BTreeMap, BTreeSet};

/// The common record of all clients. Amounts are in micros.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// `eid` of every accepted event.
    pub(super) events: BTreeSet<String>,
    /// The call attempts that got a response, with the expected result of each call.
    pub(super) calls: BTreeMap<String, Talk>,
    /// Amounts of top-ups, all distinct.
    pub(super) top_ups: BTreeSet<i64>,
    /// Amounts of pay-ins, all distinct.
    pub(super) pay_ins: BTreeSet<i64>,
    /// Totals of settled sessions, by global id.
    pub(super) sessions: BTreeMap<String, i64>,
    /// Net cash that the drawer received for settled sessions.
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
    /// The call was answered, and the talk time is this many whole seconds.
    Seconds(i64),
}
