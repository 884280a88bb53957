//! The batches that are being processed.
//!
//! With only one batch at a time, either this process or the database would be idle. On PostgreSQL, two batches run at the same time if they are of
//! different lanes, or if the first batch has its locks. In the second case both may touch the same calls; then the second batch waits for the first,
//! never the reverse, so a call's events stay in order. The database treats two batches like batches of two nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::routes::Lane;

/// Maximum number of batches at a time on PostgreSQL.
const AT_ONCE: usize = 2;

/// Says that a batch has its locks.
#[derive(Debug, Default)]
pub(super) struct Locked {
    is_locked: AtomicBool,
    wake: Arc<Notify>,
}

impl Locked {
    /// The batch has locked the rows that it shares with other batches.
    pub(super) fn set(&self) {
        self.is_locked.store(true, Ordering::Release);
        self.wake.notify_one();
    }
}

struct Batch {
    task: tokio::task::Id,
    lane: Lane,
    locked: Arc<Locked>,
}

/// The running batches.
pub(super) struct Running {
    at_once: usize,
    tasks: JoinSet<()>,
    batches: Vec<Batch>,
    wake: Arc<Notify>,
}

impl Running {
    /// `overlaps` says whether the database can run two transactions that write.
    pub(super) fn new(overlaps: bool) -> Self {
        let at_once = if overlaps { AT_ONCE } else { 1 };
        Self { at_once, tasks: JoinSet::new(), batches: Vec::new(), wake: Arc::default() }
    }

    /// Whether batches of two lanes can run at the same time.
    pub(super) fn has_lanes(&self) -> bool {
        self.at_once > 1
    }

    pub(super) fn is_idle(&self) -> bool {
        self.batches.is_empty()
    }

    /// Whether a batch of this lane may begin. `overlaps` is false if the batch has an attempt: an attempt must see that the phone's previous call has
    /// ended, and how much credit is left after that call.
    pub(super) fn may_begin(&self, lane: Lane, overlaps: bool) -> bool {
        let apart = |batch: &Batch| batch.lane.is_some() && lane.is_some() && batch.lane != lane;
        let is_locked = |batch: &Batch| batch.locked.is_locked.load(Ordering::Acquire);
        self.batches.len() < self.at_once
            && self.batches.iter().all(|batch| apart(batch) || (overlaps && is_locked(batch)))
    }

    /// Begins a batch.
    pub(super) fn begin<F>(&mut self, lane: Lane, work: impl FnOnce(Arc<Locked>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let locked = Arc::new(Locked { is_locked: AtomicBool::new(false), wake: self.wake.clone() });
        let task = self.tasks.spawn(work(locked.clone())).id();
        self.batches.push(Batch { task, lane, locked });
    }

    /// Waits until a batch has ended or has its locks.
    pub(super) async fn changed(&mut self) {
        let ended = tokio::select! {
            Some(ended) = self.tasks.join_next_with_id() => ended,
            () = self.wake.notified() => return,
        };
        let task = match ended {
            Ok((task, ())) => task,
            Err(error) => {
                // the waiting clients receive "the server is stopping", and send their requests again
                tracing::error!(%error, "a batch of call events was aborted");
                error.id()
            }
        };
        self.batches.retain(|batch| batch.task != task);
    }
}
