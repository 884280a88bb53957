//! What the calls of a proxy are compared with: its own listing of dialogs (design: Recovery).
//!
//! A call is not given up easily, and a dialog is not cut easily, because a listing shows one instant and the rest of the
//! world goes on: the end of a call may be on its way, a call that was just allowed has no dialog yet, a proxy that came up
//! with a wrong or restored database knows nothing. So both count only when two listings agree, and only while nothing
//! waits in the proxy's queue of events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

/// A call that was allowed so shortly before a listing may have no dialog yet: the proxy waits three seconds for our
/// answer, and a little more until it sends the call on.
pub const YOUNG: TimeDelta = TimeDelta::seconds(10);
/// Two listings count as two when so much lies between them: a proxy that just started looks different a moment later.
pub const APART: TimeDelta = TimeDelta::seconds(1);
/// More unknown dialogs than this are not hung up: rather than so many strays, the database is the wrong one.
pub const MOST_STRAYS: usize = 5;

/// One of our live calls at a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveCall<Id> {
    /// Which.
    pub id: Id,
    /// When it was allowed, by our clock.
    pub authorized_at: DateTime<Utc>,
    /// When it was answered, by the proxy's clock, as far as we know.
    pub answered_at: Option<DateTime<Utc>>,
    /// The last instant at which it certainly was up, by the proxy's clock.
    pub seen_at: Option<DateTime<Utc>>,
    /// The listing from which it was missing first, by our clock.
    pub missed_at: Option<DateTime<Utc>>,
}

/// A dialog in the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialog<Id, Key> {
    /// The call that it says to be.
    pub call: Option<Id>,
    /// What tells it from others.
    pub key: Key,
    /// When it was answered, by the proxy's clock.
    pub answered_at: Option<DateTime<Utc>>,
    /// It has ended, and its end is on the way to us.
    pub over: bool,
    /// An emergency call: never hung up, whether we know it or not. The proxy may have let it out by itself.
    pub emergency: bool,
    /// The proxy said all of it that matters. Otherwise it only shows that its call is up, and is never hung up.
    pub whole: bool,
}

/// A listing and what is known about it.
#[derive(Clone, Debug)]
pub struct Listing<Id, Key> {
    /// What the proxy had.
    pub dialogs: Vec<Dialog<Id, Key>>,
    /// When it was asked, by our clock.
    pub asked_at: DateTime<Utc>,
    /// When it was asked, by the proxy's clock: what it lists was up then.
    pub at: DateTime<Utc>,
    /// Every event that the proxy had for us when it had listed is applied.
    pub drained: bool,
    /// Every entry says which call it is. Otherwise no call is certainly missing.
    pub complete: bool,
}

/// What is remembered of a proxy's unknown dialogs from listing to listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strays<Key: Ord> {
    /// Unknown dialogs, and the listing (our clock) that each was in first.
    pub since: BTreeMap<Key, DateTime<Utc>>,
    /// There were too many: nothing is hung up until there are none.
    pub alarm: bool,
}

impl<Key: Ord> Default for Strays<Key> {
    fn default() -> Self {
        Self { since: BTreeMap::new(), alarm: false }
    }
}

/// What follows from a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<Id, Key: Ord> {
    /// Calls that are up.
    pub seen: Vec<Id>,
    /// Calls that are up and answered, of which we do not know that they were.
    pub answered: Vec<(Id, DateTime<Utc>)>,
    /// Calls that are missing for the first time.
    pub missed: Vec<Id>,
    /// Calls that are to be closed, and the last instant at which each was up, by the proxy's clock.
    pub lost: Vec<(Id, DateTime<Utc>)>,
    /// Dialogs that are to be hung up, by their place in the listing.
    pub hang_up: Vec<usize>,
    /// What to remember.
    pub strays: Strays<Key>,
}

/// Compares. `calls` were read after the listing was complete; what was remembered is of the same start of the proxy.
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
    // of two dialogs of one call, the one that goes on counts
    let (over, up): (Vec<_>, Vec<_>) = listing.dialogs.iter().partition(|dialog| dialog.over);
    let named = |dialog: &'a Dialog<Id, Key>| Some((dialog.call?, dialog));
    let listed: BTreeMap<Id, &Dialog<Id, Key>> = over.into_iter().chain(up).filter_map(named).collect();
    for call in calls {
        match listed.get(&call.id) {
            // its end is on the way; should that have been lost, it is missing from the next listing
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
        // one in the future is of a clock that was wrong
        Some(first) if first <= listing.asked_at && first + APART > listing.asked_at => {}
        Some(_) => {
            let last = call.seen_at.max(call.answered_at).unwrap_or(call.authorized_at);
            verdict.lost.push((call.id, last));
        }
    }
}

/// Unknown dialogs, and those among them that are to be hung up now.
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
    // under load each listing has a dialog that is new to it: only what was seen twice counts
    let alarm = if before.alarm { !listing.drained || !twice.is_empty() } else { twice.len() > MOST_STRAYS };
    if alarm {
        twice.clear();
    }
    (Strays { since, alarm }, twice)
}
