//! What was answered, and so must be there once; and what must have become of it, worked out here.

use std::collections::{BTreeMap, BTreeSet};

/// Notes of everybody at the shop. Amounts are micros.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Every event that was taken.
    pub(super) events: BTreeSet<String>,
    /// The proxy's questions: the seconds talked of each that was allowed and answered.
    pub(super) calls: BTreeMap<String, Talk>,
    /// Amounts of top-ups, each another one.
    pub(super) top_ups: BTreeSet<i64>,
    /// Amounts of pay-ins, each another one.
    pub(super) pay_ins: BTreeSet<i64>,
    /// Settled sessions: their global ids, and what they came to.
    pub(super) sessions: BTreeMap<String, i64>,
    /// Cash that came into the drawer for them, less what went back.
    pub(super) cash: i64,
    /// Receipts given.
    pub(super) receipts: BTreeSet<i64>,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Talk {
    /// Refused.
    Refused,
    /// Not answered.
    Failed,
    /// So many whole seconds.
    Seconds(i64),
}
