//! Takes the waiting jobs in batches, commits each batch, and sends each job its answer. On PostgreSQL, two batches run at the same time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::queue::{BATCH, Queue};
use super::routes::Routes;
use super::running::{Locked, Running};
use super::transactions::together;
use super::{Done, Job, Work};
use crate::App;
use crate::calls::events::{self, EventResult};
use base::error::{Error, Result};
use telemetry::health::Heartbeat;
use telemetry::trace;

/// Heartbeat interval of an idle writer.
const IDLE: Duration = Duration::from_secs(1);
/// The writer counts as stuck if it records no heartbeat for this time. While the database is down, a transaction fails in less time.
const STUCK: Duration = Duration::from_secs(60);

/// Runs until `stop`, or until the last handle of the writer is dropped. Then finishes the jobs that were already submitted.
pub(super) async fn run(app: Arc<App>, mut waiting: mpsc::Receiver<Job>, stop: CancellationToken) {
    let heart = Arc::new(app.health.heartbeat("call writer", STUCK));
    let routes = Routes::default();
    let (mut queue, mut running) = (Queue::new(), Running::new(app.store.is_partitioned()));
    let (mut received, mut closed) = (Vec::with_capacity(BATCH), false);
    let mut idle = tokio::time::interval(IDLE);
    idle.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        heart.beat();
        while let Some((lane, batch)) = queue.next(&running) {
            running.begin(lane, {
                let (app, heart, routes) = (app.clone(), heart.clone(), routes.clone());
                |locked| async move { commit(&app, batch, (&heart, &routes), &locked).await }
            });
        }
        if closed && queue.is_empty() && running.is_idle() {
            break;
        }
        tokio::select! {
            taken = waiting.recv_many(&mut received, queue.room()), if !closed && queue.room() > 0 => {
                closed = taken == 0;
                queue.extend(received.drain(..).map(|job| (routes.of(&job.work), job)));
            }
            () = running.changed() => {}
            () = queue.gathered() => {}
            _ = idle.tick() => {}
            // accept no new jobs, but finish those that were submitted
            () = stop.cancelled(), if !waiting.is_closed() => waiting.close(),
        }
    }
}

async fn commit(app: &Arc<App>, batch: Vec<Job>, (heart, routes): (&Heartbeat, &Routes), locked: &Locked) {
    let span = trace::batch(batch.iter().filter_map(|job| job.trace.as_ref()));
    let (works, answers): (Vec<Work>, Vec<_>) = batch.into_iter().map(|job| (job.work, job.answer)).unzip();
    let begun = Instant::now();
    let done = together(app, &works, locked).instrument(span).await;
    app.metrics.writer.batch(works.len(), begun.elapsed(), done.is_ok());
    match done {
        // if a client has disconnected, it no longer needs the result
        Ok(done) => {
            for ((work, answer), done) in works.iter().zip(answers).zip(done) {
                routes.learn(work, &done);
                drop(answer.send(Ok(done)));
            }
        }
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
                    false => match together(app, std::slice::from_ref(work), &Locked::default()).await {
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
