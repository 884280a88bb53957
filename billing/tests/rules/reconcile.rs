//! Tests the conclusions from a proxy's listings, for individual cases and for any history of listings.

use std::collections::{BTreeMap, BTreeSet};

use billing::reconcile::{APART, Dialog, Listing, LiveCall, MOST_STRAYS, Strays, Verdict, YOUNG, compare};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

/// A time in seconds after the beginning of the tests.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_410_000 + seconds, 0).unwrap()
}

/// A call that was allowed a minute before the first listing and answered five seconds later.
fn call(id: u32) -> LiveCall<u32> {
    LiveCall { id, authorized_at: at(-60), answered_at: Some(at(-55)), seen_at: None, missed_at: None }
}

fn dialog(call: u32) -> Dialog<u32, u32> {
    Dialog {
        call: Some(call),
        key: call,
        answered_at: Some(at(-55)),
        over: false,
        emergency: false,
        whole: true,
    }
}

/// A listing from a proxy whose clock is an hour ahead.
fn listing(asked: i64, calls: &[u32]) -> Listing<u32, u32> {
    Listing {
        dialogs: calls.iter().map(|call| dialog(*call)).collect(),
        asked_at: at(asked),
        at: at(asked + 3_600),
        drained: true,
        complete: true,
    }
}

fn alone(call: LiveCall<u32>, listing: &Listing<u32, u32>) -> Verdict<u32, u32> {
    compare(&[call], listing, &Strays::default())
}

#[test]
fn a_call_is_lost_when_two_listings_miss_it() {
    let first = alone(call(1), &listing(0, &[]));
    assert_eq!((first.missed, first.lost), (vec![1], vec![]));
    let missed = LiveCall { missed_at: Some(at(0)), ..call(1) };
    assert_eq!(alone(missed, &listing(30, &[])).lost, [(1, at(-55))], "never seen: last known at its answer");
    let seen = LiveCall { seen_at: Some(at(3_000)), ..missed };
    assert_eq!(alone(seen, &listing(30, &[])).lost, [(1, at(3_000))]);
    let early = LiveCall { seen_at: Some(at(-58)), ..missed };
    assert_eq!(alone(early, &listing(30, &[])).lost, [(1, at(-55))], "seen while it rang, answered later");
    let ringing = LiveCall { answered_at: None, ..missed };
    assert_eq!(alone(ringing, &listing(30, &[])).lost, [(1, at(-60))]);
}

#[test]
fn two_listings_at_once_are_one() {
    let missed = LiveCall { missed_at: Some(at(0)), ..call(1) };
    let again = alone(missed, &listing(0, &[]));
    assert_eq!((again.missed, again.lost), (vec![], vec![]));
    assert_eq!(alone(missed, &listing(APART.num_seconds(), &[])).lost.len(), 1);
}

#[test]
fn a_call_that_is_listed_is_up() {
    let missed = LiveCall { missed_at: Some(at(0)), ..call(1) };
    let verdict = alone(missed, &listing(30, &[1]));
    assert_eq!(
        (verdict.seen, verdict.missed, verdict.lost, verdict.hang_up),
        (vec![1], vec![], vec![], vec![])
    );
}

#[test]
fn nothing_is_missing_while_an_event_waits() {
    let waiting = Listing { drained: false, ..listing(30, &[]) };
    for missed_at in [None, Some(at(0))] {
        let verdict = alone(LiveCall { missed_at, ..call(1) }, &waiting);
        assert_eq!((verdict.missed, verdict.lost), (vec![], vec![]));
    }
    let seen = Listing { drained: false, ..listing(30, &[1]) };
    assert_eq!(alone(call(1), &seen).seen, [1], "a listed call counts as seen");
}

#[test]
fn nothing_is_missing_while_an_entry_may_be_any_call() {
    let nameless = Listing { complete: false, ..listing(30, &[2, 9]) };
    let strays = Strays { since: BTreeMap::from([(9, at(0))]), alarm: false };
    for missed_at in [None, Some(at(0))] {
        let verdict = compare(&[LiveCall { missed_at, ..call(1) }, call(2)], &nameless, &strays);
        assert_eq!((verdict.missed, verdict.lost), (vec![], vec![]));
        assert_eq!(
            (verdict.seen, verdict.hang_up),
            (vec![2], vec![1]),
            "all other entries must still be compared"
        );
    }
}

#[test]
fn a_dialog_that_cannot_be_read_shows_that_its_call_is_up_and_is_never_hung_up() {
    let mut odd = listing(30, &[1, 2]);
    odd.dialogs.iter_mut().for_each(|dialog| (dialog.whole, dialog.answered_at) = (false, None));
    let strays = Strays { since: BTreeMap::from([(2, at(0))]), alarm: false };
    let verdict = compare(&[LiveCall { missed_at: Some(at(0)), ..call(1) }], &odd, &strays);
    assert_eq!((verdict.seen, verdict.lost), (vec![1], vec![]));
    assert_eq!((verdict.hang_up, verdict.strays), (vec![], Strays::default()));
}

#[test]
fn of_two_dialogs_of_one_call_the_one_that_goes_on_counts() {
    for over in [0, 1] {
        let mut twice = listing(30, &[1, 1]);
        twice.dialogs[over].over = true;
        assert_eq!(alone(call(1), &twice).seen, [1]);
    }
}

#[test]
fn a_call_that_was_just_allowed_has_no_dialog_yet() {
    let young =
        LiveCall { authorized_at: at(30) - YOUNG + TimeDelta::milliseconds(1), answered_at: None, ..call(1) };
    assert_eq!(alone(young, &listing(30, &[])).missed, [0_u32; 0]);
    let old = LiveCall { authorized_at: at(30) - YOUNG, ..young };
    assert_eq!(alone(old, &listing(30, &[])).missed, [1]);
}

#[test]
fn an_end_under_way_is_waited_for() {
    let mut over = listing(30, &[1]);
    over.dialogs[0].over = true;
    let verdict = alone(LiveCall { missed_at: Some(at(0)), ..call(1) }, &over);
    assert_eq!((verdict.seen, verdict.missed, verdict.lost), (vec![], vec![], vec![]));
    let stray =
        compare::<u32, u32>(&[], &over, &Strays { since: BTreeMap::from([(1, at(0))]), alarm: false });
    assert_eq!((stray.hang_up, stray.strays), (vec![], Strays::default()));
}

#[test]
fn an_answer_that_we_missed_is_told() {
    let ringing = LiveCall { answered_at: None, ..call(1) };
    assert_eq!(alone(ringing, &listing(30, &[1])).answered, [(1, at(-55))]);
    assert_eq!(alone(call(1), &listing(30, &[1])).answered, []);
    let waiting = Listing { drained: false, ..listing(30, &[1]) };
    assert_eq!(alone(ringing, &waiting).answered, [], "the answer is on its way");
}

#[test]
fn a_stray_dialog_is_hung_up_at_the_second_listing() {
    let mut strange = listing(0, &[1, 2]);
    strange.dialogs[1].call = None;
    let first = alone(call(1), &strange);
    assert_eq!((first.hang_up, first.strays.since.len()), (vec![], 1));
    strange.asked_at = at(30);
    let second = compare(&[call(1)], &strange, &first.strays);
    assert_eq!(second.hang_up, [1]);
    let waiting = Listing { drained: false, ..strange.clone() };
    assert_eq!(
        compare(&[call(1)], &waiting, &first.strays).hang_up,
        [0_usize; 0],
        "its call may be among the waiting events"
    );
    strange.dialogs.pop();
    assert_eq!(compare(&[call(1)], &strange, &second.strays).strays, Strays::default());
}

#[test]
fn an_emergency_call_is_never_hung_up_nor_counted() {
    let mut strange = listing(0, &[1, 2, 3, 4, 5, 6, 7]);
    strange.dialogs[0].call = None;
    strange.dialogs.iter_mut().take(6).for_each(|dialog| dialog.emergency = true);
    let first = compare(&[], &strange, &Strays::default());
    assert_eq!((first.hang_up, first.strays.since.len()), (vec![], 1));
    strange.asked_at = at(30);
    let second = compare(&[], &strange, &first.strays);
    assert_eq!((second.hang_up, second.strays.alarm), (vec![6], false));
    // a known emergency call is handled like other calls
    assert_eq!(compare(&[call(2)], &strange, &first.strays).seen, [2]);
}

#[test]
fn six_strays_raise_an_alarm_until_all_are_gone() {
    let strange: Vec<u32> = (1..=6).collect();
    let none: [LiveCall<u32>; 0] = [];
    let mut strays = Strays::default();
    // the cases give the number of unknown dialogs in each listing, and whether that listing raises an alarm
    for (round, (count, alarm)) in (0..).zip([(6, false), (6, true), (5, true), (1, true), (0, false)]) {
        let verdict = compare(&none, &listing(round * 30, &strange[..count]), &strays);
        assert_eq!((verdict.hang_up, verdict.strays.alarm), (vec![], alarm), "{round}");
        strays = verdict.strays;
    }
    let five = compare(&none, &listing(200, &strange[..MOST_STRAYS]), &strays);
    let five = compare(&none, &listing(230, &strange[..MOST_STRAYS]), &five.strays);
    assert_eq!((five.hang_up.len(), five.strays.alarm), (5, false));
}

proptest! {
    /// For any listings and queues, a call is closed or a dialog is hung up only after two listings that were made with empty queues and at least a
    /// minimum time apart. No listed call is closed, no dialog of a known call is hung up, and at most five dialogs are hung up at once.
    #[test]
    fn two_listings_agree_before_anything_is_done(
        rounds in prop::collection::vec((0_i64..3, prop::collection::btree_set(0_u32..12, 0..12), any::<bool>()), 1..12),
        live in prop::collection::btree_set(0_u32..6, 0..6),
    ) {
        let mut calls: BTreeMap<u32, LiveCall<u32>> = live.iter().map(|id| (*id, call(*id))).collect();
        let mut strays = Strays::default();
        // the times of listings, by call: in `missing`, the listings without the call that were made with an empty queue since the call was last
        // listed; in `there`, the listings with the dialog of an unknown call
        let mut missing: BTreeMap<u32, Vec<DateTime<Utc>>> = BTreeMap::new();
        let mut there: BTreeMap<u32, Vec<DateTime<Utc>>> = BTreeMap::new();
        let mut now = 0;
        for (pause, listed, drained) in rounds {
            now += pause;
            let ids: Vec<u32> = listed.iter().copied().collect();
            let listing = Listing { drained, ..listing(now, &ids) };
            let known: Vec<LiveCall<u32>> = calls.values().copied().collect();
            let verdict = compare(&known, &listing, &strays);
            for id in calls.keys() {
                if listed.contains(id) {
                    missing.remove(id);
                } else if drained {
                    missing.entry(*id).or_default().push(at(now));
                }
            }
            there.retain(|id, _| listed.contains(id));
            for id in listed.iter().filter(|id| !calls.contains_key(id)) {
                there.entry(*id).or_default().push(at(now));
            }
            let lost: BTreeSet<u32> = verdict.lost.iter().map(|(id, _)| *id).collect();
            for (id, last) in &verdict.lost {
                let seen = &missing[id];
                prop_assert!(drained && seen.len() >= 2 && seen[0] + APART <= at(now));
                prop_assert!(*last >= calls[id].answered_at.unwrap());
            }
            for place in &verdict.hang_up {
                let id = ids[*place];
                prop_assert!(drained && !calls.contains_key(&id) && there[&id][0] + APART <= at(now));
            }
            prop_assert!(verdict.hang_up.len() <= MOST_STRAYS);
            prop_assert!(verdict.seen.iter().all(|id| listed.contains(id)));
            // apply the verdict
            for id in &verdict.seen {
                let call = calls.get_mut(id).unwrap();
                (call.seen_at, call.missed_at) = (Some(listing.at), None);
            }
            for id in &verdict.missed {
                calls.get_mut(id).unwrap().missed_at = Some(at(now));
            }
            calls.retain(|id, _| !lost.contains(id));
            strays = verdict.strays;
        }
    }
}
