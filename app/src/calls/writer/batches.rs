//! Takes the waiting jobs in batches, commits each batch, and sends each job its answer. On PostgreSQL, two batches can overlap.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::transactions::together;
use super::{Done, Job, Work};
use crate::App;
use crate::calls::events::{self, EventResult};
use base::error::{Error, Result};
use telemetry::health::Heartbeat;
use telemetry::trace;

/// Maximum number of jobs per transaction.
const BATCH: usize = 64;
/// If waiting jobs are split into two batches, each batch has at least this many jobs.
const MIN_SPLIT_BATCH: usize = 8;
/// Maximum time that a batch waits until it is as large as the previous batch.
const GATHER: Duration = Duration::from_millis(1);

/// Heartbeat interval of an idle writer.
const IDLE: Duration = Duration::from_secs(1);
/// The writer counts as stuck if it records no heartbeat for this time. While the database is down, a transaction fails in less time.
const STUCK: Duration = Duration::from_secs(60);

/// Runs until `stop`, or until the last handle of the writer is dropped. Then finishes the jobs that were already submitted.
pub(super) async fn run(app: Arc<App>, mut waiting: mpsc::Receiver<Job>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut before = 1;
    let heart = Arc::new(app.health.heartbeat("call writer", STUCK));
    let mut lanes = InFlightBatches::default();
    let mut idle = tokio::time::interval(IDLE);
    idle.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        heart.beat();
        let most = lanes.share(&app, waiting.len());
        tokio::select! {
            taken = waiting.recv_many(&mut batch, most) => {
                if taken == 0 {
                    break;
                }
                if taken < before {
                    wait_for_more(&mut waiting, &mut batch, before).await;
                }
            }
            _ = idle.tick() => continue,
            () = stop.cancelled() => {
                // accept no new jobs, but finish those that were submitted
                waiting.close();
                if waiting.recv_many(&mut batch, BATCH).await == 0 {
                    break;
                }
            }
        }
        before = batch.len();
        lanes.begin(&app, std::mem::take(&mut batch), &heart).await;
    }
    lanes.over().await;
}

/// The batches that are being processed. On PostgreSQL, a second batch begins once the first batch has its locks, while the first batch writes and
/// commits. The database treats the two batches like batches of two nodes. If both touch the same calls, the second batch waits for the first, never
/// the reverse, so a call's events stay in order. With only one batch at a time, either this process or the database would be idle.
#[derive(Default)]
struct InFlightBatches {
    /// The batch that began first.
    ahead: Option<JoinHandle<()>>,
}

impl InFlightBatches {
    /// The number of waiting jobs that the next batch takes. On PostgreSQL, if many jobs wait and no batch is being processed, the next batch takes
    /// half of the jobs, so that the second half is processed while the first half is written.
    fn share(&self, app: &App, waiting: usize) -> usize {
        let overlaps = app.store.is_partitioned();
        let alone = self.ahead.as_ref().is_none_or(JoinHandle::is_finished);
        if overlaps && alone && waiting >= 2 * MIN_SPLIT_BATCH {
            waiting.div_ceil(2).min(BATCH)
        } else {
            BATCH
        }
    }

    /// Begins a batch as soon as possible, and returns when the next batch may begin.
    async fn begin(&mut self, app: &Arc<App>, batch: Vec<Job>, heart: &Arc<Heartbeat>) {
        let overlaps = |job: &Job| matches!(job.work, Work::Event(_));
        if !batch.iter().all(overlaps) {
            // an attempt must see that the phone's previous call has ended, and how much credit is left after that call
            self.over().await;
        }
        let (app, heart, locked) = (app.clone(), heart.clone(), Arc::new(Notify::new()));
        let tell = locked.clone();
        let mut begun = tokio::spawn(async move {
            commit(&app, batch, &heart, &tell).await;
        });
        tokio::select! {
            done = &mut begun => ended(done),
            () = locked.notified() => {
                // at most two batches are processed at a time, and the previous batch ends soon
                self.over().await;
                self.ahead = Some(begun);
            }
        }
    }

    /// Waits until the batch that is being processed ends.
    async fn over(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ended(ahead.await);
        }
    }
}

fn ended(batch: Result<(), JoinError>) {
    if let Err(error) = batch {
        // the waiting clients receive "the server is stopping", and send their requests again
        tracing::error!(%error, "a batch of call events was aborted");
    }
}

/// Waits until the batch is as large as the previous batch, but for at most [`GATHER`].
async fn wait_for_more(waiting: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>, before: usize) {
    let more =
        async { while batch.len() < before && waiting.recv_many(batch, BATCH - batch.len()).await > 0 {} };
    // jobs received before the timeout are in the batch
    drop(tokio::time::timeout(GATHER, more).await);
}

async fn commit(app: &Arc<App>, batch: Vec<Job>, heart: &Heartbeat, locked: &Notify) {
    let span = trace::batch(batch.iter().filter_map(|job| job.trace.as_ref()));
    let (works, answers): (Vec<Work>, Vec<_>) = batch.into_iter().map(|job| (job.work, job.answer)).unzip();
    let begun = Instant::now();
    let done = together(app, &works, locked).instrument(span).await;
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
                    false => match together(app, std::slice::from_ref(work), &Notify::new()).await {
                        Ok(done) => only(done),
                        Err(error) => reject_or_fail(app, work, error).await,
                    },
                };
                failed.extend(about.filter(|_| alone.is_err()));
                drop(answer.send(alone));
                heart.beat();
            }
        }
    }
}

/// Handles a job that failed when run alone. An event that can never be applied is stored with the reason, shown in `problems`, and reported as
/// rejected. If such an event were not stored, the proxy would send it again forever, and all later events would wait.
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
