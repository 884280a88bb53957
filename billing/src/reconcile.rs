//! Reconciliation: compares live calls with the dialogs that their proxy lists.
//!
//! A listing shows a single instant, so it may mislead. The event that ends a call may be in transit, a call that was just allowed has no dialog yet,
//! and a proxy that started with a wrong or restored database knows no calls. Therefore, a call is closed only if it is missing from two listings,
//! and a dialog is hung up only if it is unknown in two listings. Calls are closed and dialogs are hung up only while the proxy's event queue is
//! empty.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

/// A call that was allowed less than ten seconds before a listing may have no dialog yet, because the proxy places the call only after our response,
/// for which it waits up to three seconds.
pub const YOUNG: TimeDelta = TimeDelta::seconds(10);
/// The minimum time between two listings that confirm each other. A proxy that just started may list different dialogs a moment later.
pub const APART: TimeDelta = TimeDelta::seconds(1);
/// If there are more unknown dialogs than `MOST_STRAYS`, no dialog is hung up, because a wrong database is the more likely cause.
pub const MOST_STRAYS: usize = 5;

/// A live call in the API's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveCall<Id> {
    /// The call's id.
    pub id: Id,
    /// When the call was allowed, by the server's clock.
    pub authorized_at: DateTime<Utc>,
    /// When the call was answered, by the proxy's clock; `None` if no answer is known.
    pub answered_at: Option<DateTime<Utc>>,
    /// When the call was last known to be in progress, by the proxy's clock.
    pub seen_at: Option<DateTime<Utc>>,
    /// Time of the first listing without the call, by the server's clock.
    pub missed_at: Option<DateTime<Utc>>,
}

/// A dialog in the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialog<Id, Key> {
    /// The call to which the dialog claims to belong.
    pub call: Option<Id>,
    /// Identifies the dialog across listings.
    pub key: Key,
    /// When the dialog was answered, by the proxy's clock.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether the dialog has ended and its `ended` event is in transit.
    pub over: bool,
    /// Whether the dialog is an emergency call. An emergency call is never hung up, even if no call is known for it, because the proxy may have
    /// allowed the call on its own.
    pub emergency: bool,
    /// Whether the dialog's entry in the listing has all required fields. An incomplete entry only shows that its call is in progress; its dialog is
    /// never hung up.
    pub whole: bool,
}

/// A listing of a proxy's dialogs.
#[derive(Clone, Debug)]
pub struct Listing<Id, Key> {
    /// The listed dialogs.
    pub dialogs: Vec<Dialog<Id, Key>>,
    /// When the listing was requested, by the server's clock.
    pub asked_at: DateTime<Utc>,
    /// When the listing was requested, by the proxy's clock. The listed dialogs existed at this time.
    pub at: DateTime<Utc>,
    /// Whether all events that were in the proxy's queue at the time of the listing have been applied.
    pub drained: bool,
    /// Whether every entry of the listing names its call. Calls count as missing only if the listing is complete.
    pub complete: bool,
}

/// The unknown dialogs of a proxy, remembered from one listing to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strays<Key: Ord> {
    /// Each unknown dialog with the time of its first listing, by the server's clock.
    pub since: BTreeMap<Key, DateTime<Utc>>,
    /// Whether there were more unknown dialogs than [`MOST_STRAYS`]. While this is true, no dialog is hung up; it becomes false once all unknown
    /// dialogs are gone.
    pub alarm: bool,
}

impl<Key: Ord> Default for Strays<Key> {
    fn default() -> Self {
        Self { since: BTreeMap::new(), alarm: false }
    }
}

/// The result of comparing calls with a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<Id, Key: Ord> {
    /// Calls in progress.
    pub seen: Vec<Id>,
    /// Calls in progress whose answer is not stored yet, with the time of the answer by the proxy's clock.
    pub answered: Vec<(Id, DateTime<Utc>)>,
    /// Calls that are missing from a listing for the first time.
    pub missed: Vec<Id>,
    /// Calls to close, each with the last time at which the call was certainly in progress, by the proxy's clock.
    pub lost: Vec<(Id, DateTime<Utc>)>,
    /// Dialogs to hang up, as indexes into the listing.
    pub hang_up: Vec<usize>,
    /// The unknown dialogs to remember for the next listing.
    pub strays: Strays<Key>,
}

/// Compares live calls with a listing. Read `calls` after the listing is complete. `before` must come from an earlier listing that was made after the
/// proxy's last start.
pub fn compare<'a, Id: Copy + Ord, Key: Clone + Ord>(
    calls: &[LiveCall<Id>],
    listing: &'a Listing<Id, Key>,
    before: &Strays<Key>,
) -> Verdict<Id, Key> {
    let ours: BTreeSet<Id> = calls.iter().map(|call| call.id).collect();
    let (strays, hang_up) = unknown(&ours, listing, before);
    let mut verdict = Verdict {
        seen: Vec::new(),
        answered: Vec::new(),
        missed: Vec::new(),
        lost: Vec::new(),
        hang_up,
        strays,
    };
    // if a call has two dialogs, the dialog that is still in progress counts
    let (over, up): (Vec<_>, Vec<_>) = listing.dialogs.iter().partition(|dialog| dialog.over);
    let named = |dialog: &'a Dialog<Id, Key>| Some((dialog.call?, dialog));
    let listed: BTreeMap<Id, &Dialog<Id, Key>> = over.into_iter().chain(up).filter_map(named).collect();
    for call in calls {
        match listed.get(&call.id) {
            // the call's `ended` event is in transit; if the event was lost, the next listing no longer has the call
            Some(dialog) if dialog.over => {}
            Some(dialog) => {
                verdict.seen.push(call.id);
                let told = dialog.answered_at.filter(|_| call.answered_at.is_none() && listing.drained);
                verdict.answered.extend(told.map(|at| (call.id, at)));
            }
            None => missing(call, listing, &mut verdict),
        }
    }
    verdict
}

fn missing<Id: Copy + Ord, Key: Clone + Ord>(
    call: &LiveCall<Id>,
    listing: &Listing<Id, Key>,
    verdict: &mut Verdict<Id, Key>,
) {
    if !listing.drained || !listing.complete || call.authorized_at + YOUNG > listing.asked_at {
        return;
    }
    match call.missed_at {
        None => verdict.missed.push(call.id),
        // a time in the future comes from a wrong clock
        Some(first) if first <= listing.asked_at && first + APART > listing.asked_at => {}
        Some(_) => {
            let last = call.seen_at.max(call.answered_at).unwrap_or(call.authorized_at);
            verdict.lost.push((call.id, last));
        }
    }
}

/// The unknown dialogs, and the indexes of the dialogs to hang up now.
fn unknown<Id: Copy + Ord, Key: Clone + Ord>(
    ours: &BTreeSet<Id>,
    listing: &Listing<Id, Key>,
    before: &Strays<Key>,
) -> (Strays<Key>, Vec<usize>) {
    let is_ours = |dialog: &Dialog<Id, Key>| dialog.call.is_some_and(|id| ours.contains(&id));
    let mut since = BTreeMap::new();
    let mut twice = Vec::new();
    for (place, dialog) in listing.dialogs.iter().enumerate() {
        if dialog.over || dialog.emergency || !dialog.whole || is_ours(dialog) {
            continue;
        }
        let first = before.since.get(&dialog.key).copied().unwrap_or(listing.asked_at);
        if listing.drained && first + APART <= listing.asked_at {
            twice.push(place);
        }
        since.insert(dialog.key.clone(), first);
    }
    // under load, every listing has new dialogs, so a dialog counts only if it is in two listings
    let alarm = if before.alarm { !listing.drained || !twice.is_empty() } else { twice.len() > MOST_STRAYS };
    if alarm {
        twice.clear();
    }
    (Strays { since, alarm }, twice)
}
