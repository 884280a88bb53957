//! The jobs that wait for a batch, in the order in which they were submitted, and the choice of the next batch.

use std::time::Duration;

use tokio::time::Instant;

use super::Job;
use super::routes::{LANES, Lane, Route};
use super::running::Running;

/// Maximum number of jobs per transaction.
pub(super) const BATCH: usize = 64;
/// If the waiting jobs of a lane are split into two batches, each batch has at least this many jobs.
const MIN_SPLIT_BATCH: usize = 8;
/// Maximum time that a batch waits until it is as large as the previous batch of its lane. The clients of that batch have just received their
/// answers, and their next requests can share a commit, too.
const GATHER: Duration = Duration::from_millis(1);

/// The waiting jobs.
pub(super) struct Queue<T = Job> {
    jobs: Vec<(Route, T)>,
    /// For each lane, and at last for batches of all lanes: the size of the previous batch.
    before: [usize; LANES + 1],
    /// Since when a batch could have begun, if it had enough jobs.
    since: [Option<Instant>; LANES + 1],
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self { jobs: Vec::new(), before: [1; LANES + 1], since: [None; LANES + 1] }
    }

    /// The number of jobs that the queue can still take.
    pub(super) fn room(&self) -> usize {
        (LANES * BATCH).saturating_sub(self.jobs.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(super) fn extend(&mut self, jobs: impl Iterator<Item = (Route, T)>) {
        self.jobs.extend(jobs);
    }

    /// The next batch that may begin now, and its lane. If a job without a lane waits, the next batch has the jobs of all lanes in their order.
    pub(super) fn next(&mut self, running: &Running) -> Option<(Lane, Vec<T>)> {
        let lanes: &[Lane] =
            if !running.has_lanes() || self.jobs.iter().any(|(route, _)| route.lane.is_none()) {
                &[None]
            } else {
                &[Some(0), Some(1)]
            };
        lanes.iter().find_map(|lane| Some((*lane, self.take(*lane, running)?)))
    }

    fn take(&mut self, lane: Lane, running: &Running) -> Option<Vec<T>> {
        let belongs = |route: &Route| lane.is_none() || route.lane == lane;
        let (mut waiting, mut overlaps) = (0, true);
        for (route, _) in self.jobs.iter().filter(|(route, _)| belongs(route)) {
            waiting += 1;
            overlaps &= route.overlaps;
        }
        let at = lane.unwrap_or(LANES);
        if waiting == 0 || !running.may_begin(lane, overlaps) {
            self.since[at] = None;
            return None;
        }
        let since = *self.since[at].get_or_insert_with(Instant::now);
        if waiting < self.before[at].min(BATCH) && since.elapsed() < GATHER {
            return None;
        }
        self.since[at] = None;
        let half = running.is_idle() && running.has_lanes() && waiting == self.jobs.len();
        let most =
            if half && waiting >= 2 * MIN_SPLIT_BATCH { waiting.div_ceil(2).min(BATCH) } else { BATCH };
        let mut left = most;
        let mut takes = |route: &Route| {
            let is_taken = left > 0 && belongs(route);
            left -= usize::from(is_taken);
            is_taken
        };
        let batch: Vec<T> = self.jobs.extract_if(.., |(route, _)| takes(route)).map(|(_, job)| job).collect();
        self.before[at] = batch.len();
        Some(batch)
    }

    /// Waits until a batch has waited long enough for more jobs. Waits forever if no batch waits.
    pub(super) async fn gathered(&self) {
        match self.since.iter().flatten().min() {
            Some(since) => tokio::time::sleep_until(*since + GATHER).await,
            None => std::future::pending().await,
        }
    }
}
