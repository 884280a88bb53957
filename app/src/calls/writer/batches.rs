//! Takes the waiting jobs in batches, commits each batch, and sends each job its answer. On PostgreSQL, two batches can run at the same time.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::queue::{Queue, Touched};
use super::transactions::together;
use super::{Done, Job, Work};
use crate::App;
use crate::calls::events::{self, EventResult};
use base::error::{Error, Result};
use telemetry::trace;

/// Maximum number of jobs per transaction.
const BATCH: usize = 64;
/// If waiting jobs are split into two batches, each batch has at least this many jobs.
const MIN_SPLIT_BATCH: usize = 8;
/// Maximum number of received jobs that are in no batch yet.
const QUEUED: usize = 4 * BATCH;
/// Maximum number of batches that run at the same time on PostgreSQL. With three or more batches, each batch would have fewer jobs than with two, so
/// each event would take more CPU time.
const MOST_RUNNING: usize = 2;
/// Maximum time that a batch waits until it is as large as the previous batch.
const GATHER: Duration = Duration::from_millis(1);

/// Heartbeat interval of an idle writer.
const IDLE: Duration = Duration::from_secs(1);
/// The writer counts as stuck if one of its batches makes no progress for this time. While the database is down, a transaction fails before this time
/// is over: it has one deadline for its statements, and another for the commit.
const STUCK: Duration = Duration::from_secs(2 * store::DEADLINE.as_secs() + 30);

/// Runs until `stop`, or until the last handle of the writer is dropped. At the end, finishes the jobs that were already submitted.
pub(super) async fn run(
    app: Arc<App>,
    waiting: mpsc::Receiver<Job>,
    received: Arc<AtomicUsize>,
    stop: CancellationToken,
) {
    let heart = app.health.heartbeat("call writer", STUCK);
    let mut jobs = Jobs { app: app.clone(), waiting, queue: Queue::default(), is_closed: false };
    let mut batches = RunningBatches::new(app);
    let mut idle = tokio::time::interval(IDLE);
    idle.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !(jobs.is_closed && jobs.queue.is_empty() && batches.running.is_empty()) {
        heart.beat_at(batches.oldest_progress());
        tokio::select! {
            () = jobs.receive(), if jobs.has_room() => {}
            () = batches.progress() => {}
            // accept no new jobs, but finish those that were submitted
            () = stop.cancelled(), if !jobs.waiting.is_closed() => jobs.waiting.close(),
            _ = idle.tick() => {}
        }
        while batches.can_begin(&jobs.queue) {
            jobs.gather(&batches).await;
            batches.begin_next(&mut jobs.queue);
        }
        received.store(jobs.queue.len(), Ordering::Relaxed);
    }
}

/// The submitted jobs.
struct Jobs {
    app: Arc<App>,
    waiting: mpsc::Receiver<Job>,
    /// The jobs that were received and are in no batch yet.
    queue: Queue<Job>,
    /// Whether no further job can arrive.
    is_closed: bool,
}

impl Jobs {
    /// Most jobs wait in the channel, whose size the configuration limits.
    fn has_room(&self) -> bool {
        !self.is_closed && self.queue.len() < QUEUED
    }

    /// Waits for a job, and receives the jobs that have arrived.
    async fn receive(&mut self) {
        let mut received = Vec::with_capacity(BATCH);
        self.is_closed = self.waiting.recv_many(&mut received, BATCH).await == 0;
        for job in received {
            self.queue.push(self.app.callshops.of(&job.work), job);
        }
    }

    /// Waits until the next batch can have as many jobs as the previous batch, but for at most [`GATHER`].
    async fn gather(&mut self, batches: &RunningBatches) {
        let more = async {
            while self.has_room() && batches.jobs_for_next(&self.queue) < batches.previous_size {
                self.receive().await;
            }
        };
        // jobs received before the timeout are in the queue
        drop(tokio::time::timeout(GATHER, more).await);
    }
}

/// The batches that are being processed. On PostgreSQL, two batches run at the same time; with only one, either this process or the database would be
/// idle. The database treats the batches as if they came from two nodes. If both batches changed the same callshop, the second would wait until the
/// first has committed, so a batch is put together from jobs of callshops that the other batch does not change. If no waiting job belongs to another
/// callshop, the second batch begins once the first has locked its rows: then the second always waits for the first, and the events of each call stay
/// in order.
struct RunningBatches {
    app: Arc<App>,
    tasks: JoinSet<()>,
    /// Oldest first.
    running: Vec<RunningBatch>,
    previous_size: usize,
}

struct RunningBatch {
    task: tokio::task::Id,
    touched: Touched,
    /// Whether the batch has locked its rows.
    is_locked: bool,
    steps: Arc<Steps>,
}

/// The steps that a running batch has taken.
pub(super) struct Steps {
    /// Wakes the waiting task when the batch has locked its rows.
    pub(super) locked: Notify,
    pub(super) progress: Progress,
}

/// When a batch last made progress.
pub(super) struct Progress(Mutex<Instant>);

impl Steps {
    fn begin() -> Self {
        Self { locked: Notify::new(), progress: Progress(Mutex::new(Instant::now())) }
    }
}

impl Progress {
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningBatches {
    fn new(app: Arc<App>) -> Self {
        Self { app, tasks: JoinSet::new(), running: Vec::new(), previous_size: 1 }
    }

    /// The time since which at least one running batch has made no progress; now if no batch is running.
    fn oldest_progress(&self) -> Instant {
        self.running.iter().map(|batch| batch.steps.progress.at()).min().unwrap_or_else(Instant::now)
    }

    /// Waits until a batch ends or has locked its rows.
    async fn progress(&mut self) {
        let steps = self.running.iter().find(|batch| !batch.is_locked).map(|batch| batch.steps.clone());
        let locked = async {
            match steps {
                Some(steps) => steps.locked.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(ended) = self.tasks.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        // the waiting clients receive "the server is stopping", and send their requests again
                        tracing::error!(%error, "a batch of call events was aborted");
                        error.id()
                    }
                };
                self.running.retain(|batch| batch.task != id);
            }
            () = locked => {
                if let Some(batch) = self.running.iter_mut().find(|batch| !batch.is_locked) {
                    batch.is_locked = true;
                    batch.steps.progress.note();
                }
            }
        }
    }

    /// Whether another batch can begin now.
    fn can_begin(&self, queue: &Queue<Job>) -> bool {
        // SQLite has one writer
        let most = if self.app.store.is_partitioned() { MOST_RUNNING } else { 1 };
        self.running.len() < most && self.jobs_for_next(queue) > 0
    }

    /// The number of waiting jobs that could be in the next batch.
    fn jobs_for_next(&self, queue: &Queue<Job>) -> usize {
        let Some(running) = self.running.first() else { return queue.len() };
        match queue.count_beside(&running.touched) {
            0 if self.may_wait_for(running, queue) => queue.len(),
            count => count,
        }
    }

    /// Whether the next batch may change the callshops of the running batch, and wait for its rows. A batch with a call attempt must not wait for the
    /// rows: when the batch begins, the attempt must see that the phone's previous call has ended, and how much credit is left after that call.
    fn may_wait_for(&self, running: &RunningBatch, queue: &Queue<Job>) -> bool {
        running.is_locked && queue.all(BATCH, |job: &Job| matches!(job.work, Work::Event(_)))
    }

    /// Begins a batch. [`Self::can_begin`] must be true.
    fn begin_next(&mut self, queue: &mut Queue<Job>) {
        let (jobs, touched) = match self.running.first() {
            None => queue.take(self.share(queue.len())),
            Some(running) if queue.count_beside(&running.touched) > 0 => {
                queue.take_beside(&running.touched, BATCH)
            }
            Some(running) if self.may_wait_for(running, queue) => queue.take(BATCH),
            Some(_) => return,
        };
        self.begin(jobs, touched);
    }

    /// The number of jobs that the next batch takes if no batch is running. If many jobs wait, and a second batch can run at the same time, the first
    /// batch takes half of the jobs.
    fn share(&self, waiting: usize) -> usize {
        match self.app.store.is_partitioned() && waiting >= 2 * MIN_SPLIT_BATCH {
            true => waiting.div_ceil(2).min(BATCH),
            false => BATCH,
        }
    }

    fn begin(&mut self, jobs: Vec<Job>, touched: Touched) {
        self.previous_size = jobs.len();
        let (app, steps) = (self.app.clone(), Arc::new(Steps::begin()));
        let taken = steps.clone();
        let task = self.tasks.spawn(async move { commit(&app, jobs, &taken).await }).id();
        self.running.push(RunningBatch { task, touched, is_locked: false, steps });
    }
}

async fn commit(app: &Arc<App>, batch: Vec<Job>, steps: &Steps) {
    let span = trace::batch(batch.iter().filter_map(|job| job.trace.as_ref()));
    let (works, answers): (Vec<Work>, Vec<_>) = batch.into_iter().map(|job| (job.work, job.answer)).unzip();
    let begun = Instant::now();
    let done = together(app, &works, steps).instrument(span).await;
    // jobs of a failed batch run again one by one, which may take as long as the batch
    steps.progress.note();
    app.metrics.writer.batch(works.len(), begun.elapsed(), done.is_ok());
    match done {
        // if a client has disconnected, it no longer needs the result
        Ok(done) => answers.into_iter().zip(done).for_each(|(answer, done)| drop(answer.send(Ok(done)))),
        Err(error) if works.len() == 1 => {
            if let Some((work, answer)) = works.first().zip(answers.into_iter().next()) {
                drop(answer.send(reject_or_fail(app, work, error).await));
            }
        }
        // no single job caused this error, and each job would wait just as long if it ran alone
        Err(error)
            if error.is_connection_lost()
                || error.is_out_of_room()
                || matches!(error, Error::Overloaded(_)) =>
        {
            tracing::warn!(%error, "the database does not respond, or its disk is full");
            let away = || Error::Overloaded("the database does not respond");
            answers.into_iter().for_each(|answer| drop(answer.send(Err(away()))));
        }
        Err(error) => {
            tracing::warn!(%error, "a batch failed, so its jobs run one by one");
            let mut failed = HashSet::new();
            for (work, answer) in works.iter().zip(answers) {
                let about = work.about();
                let alone = match about.as_ref().is_some_and(|one| failed.contains(one)) {
                    true => Err(Error::Overloaded(
                        "an earlier event of the same call or phone could not be applied",
                    )),
                    // the next batch does not start early; it waits until all jobs are done
                    false => match together(app, std::slice::from_ref(work), &Steps::begin()).await {
                        Ok(done) => only(done),
                        Err(error) => reject_or_fail(app, work, error).await,
                    },
                };
                failed.extend(about.filter(|_| alone.is_err()));
                drop(answer.send(alone));
                steps.progress.note();
            }
        }
    }
}

/// Handles a job that failed when run alone. An event that can never be applied is stored with the reason, shown in `problems`, and reported as
/// rejected. If the server did not store an event that can never be applied, the proxy would send the event again forever, and all later events would
/// wait.
async fn reject_or_fail(app: &Arc<App>, work: &Work, error: Error) -> Result<Done> {
    tracing::error!(%error, "a call event failed");
    let Work::Event(event) = work else { return Err(error) };
    if !error.is_permanent() {
        return Err(error);
    }
    let reason = "it could not be applied; see the server's log for the reason".to_owned();
    let row = events::rejected(event, &reason, app.clock.now());
    app.store
        .write(|tx| {
            let row = row.clone();
            async move { store::calls::reject_event(tx.conn(), row).await }
        })
        .await?;
    Ok(Done::Event(EventResult::Rejected(reason)))
}

fn only(done: Vec<Done>) -> Result<Done> {
    done.into_iter().next().ok_or_else(|| Error::fault("a batch of one job returned no answer"))
}
