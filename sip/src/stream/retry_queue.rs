//! The retry queue of entries that failed when applied alone. Failed entries are retried with growing pauses while new entries are read.
//!
//! Entries about the same call or phone stay in order: an entry behind a failed entry waits until the failed entry is applied.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::entry::EntryId;

/// Maximum number of entries in the retry queue. If more entries than this fail, the cause is not a single event.
pub(super) const MOST: usize = 256;
/// Shortest and longest pause between two attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// The entries that this node will retry.
#[derive(Debug, Default)]
pub(super) struct RetryQueue(BTreeMap<EntryId, Held>);

#[derive(Debug)]
struct Held {
    /// The calls and phones that the entry concerns.
    about: Vec<String>,
    failures: u32,
    due: Instant,
}

impl RetryQueue {
    /// Number of entries in the retry queue.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the retry queue has room for `more` entries.
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.len() + more <= MOST
    }

    /// Whether this entry is queued.
    pub(super) fn contains(&self, id: EntryId) -> bool {
        self.0.contains_key(&id)
    }

    /// Whether an earlier entry about the same call or phone is still queued.
    pub(super) fn is_blocked(&self, id: EntryId, about: &[String]) -> bool {
        self.0.range(..id).any(|(_, held)| held.about.iter().any(|one| about.contains(one)))
    }

    /// Queues an entry that must wait for an earlier entry.
    pub(super) fn wait(&mut self, id: EntryId, about: Vec<String>, now: Instant) {
        self.0.entry(id).or_insert(Held { about, failures: 0, due: now });
    }

    /// Records that an entry failed, for the first time or again, and schedules the entry's next attempt.
    pub(super) fn failed(&mut self, id: EntryId, about: Vec<String>, now: Instant) {
        let held = self.0.entry(id).or_insert(Held { about, failures: 0, due: now });
        let pause = PAUSES[0] * 2_u32.saturating_pow(held.failures.min(16));
        held.failures += 1;
        held.due = now + pause.min(PAUSES[1]);
    }

    /// Removes an entry that was applied or no longer exists.
    pub(super) fn done(&mut self, id: EntryId) {
        self.0.remove(&id);
    }

    /// Makes all entries due now, because the cause of their failures may be gone.
    pub(super) fn make_due(&mut self, now: Instant) {
        self.0.values_mut().for_each(|held| held.due = held.due.min(now));
    }

    /// The entries to retry now: at most `most` entries, and only the first entry of each call or phone. If the queue is full, the oldest entry is
    /// always due: only a successful retry shows that the problem is over.
    pub(super) fn due(&self, now: Instant, most: usize) -> Vec<EntryId> {
        let (mut seen, mut due) = (HashSet::new(), Vec::new());
        for (place, (id, held)) in self.0.iter().enumerate() {
            let is_first = held.about.iter().all(|one| !seen.contains(one.as_str()));
            seen.extend(held.about.iter().map(String::as_str));
            if is_first && (held.due <= now || (place == 0 && !self.has_room(most))) && due.len() < most {
                due.push(*id);
            }
        }
        due
    }

    /// All entries in order: the failed entries, and the entries that wait for a failed entry.
    pub(super) fn ids(&self) -> (Vec<EntryId>, Vec<EntryId>) {
        self.0.keys().partition(|id| self.0.get(id).is_some_and(|held| held.failures > 0))
    }

    /// Drops the entries that are not in `ours`, because another node has taken them over.
    pub(super) fn keep(&mut self, ours: &HashSet<EntryId>) {
        self.0.retain(|id, _| ours.contains(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> EntryId {
        format!("{number}-0").parse().expect("an id")
    }

    fn about(call: &str) -> Vec<String> {
        vec![call.to_owned()]
    }

    #[tokio::test]
    async fn pauses_grow_to_their_bound() {
        let (mut retry_queue, start) = (RetryQueue::default(), Instant::now());
        let mut now = start;
        let mut pauses = Vec::new();
        for _ in 0..9 {
            retry_queue.failed(id(1), about("a"), now);
            let failed = now;
            while retry_queue.due(now, 1).is_empty() {
                now += Duration::from_millis(500);
            }
            pauses.push((now - failed).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..40 {
            retry_queue.failed(id(1), about("a"), now);
        }
        assert!(retry_queue.due(now, 1).is_empty());
        retry_queue.make_due(now);
        assert_eq!(retry_queue.due(now, 1), [id(1)]);
    }

    #[tokio::test]
    async fn what_is_about_one_call_stays_in_order() {
        let (mut retry_queue, now) = (RetryQueue::default(), Instant::now());
        retry_queue.failed(id(2), about("a"), now);
        assert!(retry_queue.is_blocked(id(3), &about("a")));
        assert!(!retry_queue.is_blocked(id(3), &about("b")) && !retry_queue.is_blocked(id(1), &about("a")));
        assert!(!retry_queue.is_blocked(id(3), &[]), "an entry about no call or phone never waits");
        retry_queue.wait(id(3), about("a"), now);
        retry_queue.failed(id(4), about("b"), now);
        // an entry with events of two calls waits for earlier entries of both calls, and later entries of either call wait for it; one entry may also
        // have several events of the same call
        retry_queue.wait(id(5), [about("a"), about("b"), about("a")].concat(), now);
        retry_queue.wait(id(6), about("b"), now);
        let later = now + PAUSES[1];
        assert_eq!(retry_queue.due(later, 64), [id(2), id(4)]);
        retry_queue.done(id(2));
        assert_eq!(retry_queue.due(later, 64), [id(3), id(4)]);
        retry_queue.done(id(4));
        assert_eq!(retry_queue.due(later, 64), [id(3)]);
        retry_queue.done(id(3));
        assert_eq!(retry_queue.due(later, 64), [id(5)]);
        retry_queue.keep(&HashSet::from([id(6), id(9)]));
        assert_eq!((retry_queue.ids(), retry_queue.len()), ((vec![], vec![id(6)]), 1));
    }

    #[tokio::test]
    async fn the_first_is_tried_all_the_time_when_there_is_no_room() {
        let (mut retry_queue, now) = (RetryQueue::default(), Instant::now());
        for number in 0..=(MOST as u64 - 64) {
            retry_queue.failed(id(number), about(&number.to_string()), now);
        }
        assert!(!retry_queue.has_room(64) && retry_queue.has_room(63));
        assert_eq!(retry_queue.due(now, 64), [id(0)]);
        retry_queue.done(id(0));
        assert!(retry_queue.has_room(64) && retry_queue.due(now, 64).is_empty());
    }
}
