//! The batching writer commits call events and authorizations in groups.
//!
//! The writer takes the waiting requests, commits them in one transaction and responds to each request separately. A single request is committed
//! immediately. After a batch of several requests, the writer waits a moment; the next requests of the same clients can then share a commit, too. If
//! a batch fails, its jobs run one by one, so that only the faulty job fails.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entity::call_sighting;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::authorize::{self, Authorization, AuthorizeRequest};
use super::events::{self, Applied, EventBody, EventResult, ProxyEvent};
use super::extend::{self, ExtensionDecision};
use super::money::Money;
use crate::App;
use base::error::{Error, Result};
use store::{Tx, reconcile};
use telemetry::health::Heartbeat;
use telemetry::trace::{self, TraceContext};

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

/// A job for the next transaction.
#[derive(Clone, Debug)]
enum Work {
    Event(ProxyEvent),
    Authorize(AuthorizeRequest),
    /// Extend a running call if it is due.
    Extend(Uuid),
    /// The proxy accepted a call's limit. The values are the call's id, its covered seconds, the time of its next extension, and its row for
    /// `call_sighting` if the call was in progress.
    Confirm(Uuid, i32, Option<DateTime<Utc>>, Option<call_sighting::Model>),
}

impl Work {
    /// Id of the call, request or phone that an event is about. Events with the same id are applied in order.
    fn about(&self) -> Option<String> {
        match self {
            Self::Event(event) => event.body.reference(),
            Self::Authorize(_) | Self::Extend(_) | Self::Confirm(..) => None,
        }
    }
}

/// The result of a [`Work`].
#[derive(Debug)]
enum Done {
    Event(EventResult),
    Authorize(Authorization),
    /// `None` if the call is not due or has ended.
    Extend(Option<Box<ExtensionDecision>>),
    Confirm,
}

struct Job {
    work: Work,
    trace: Option<TraceContext>,
    answer: oneshot::Sender<Result<Done>>,
}

/// The hook uses this handle to submit jobs to the writer.
#[derive(Clone)]
pub struct CallWriter {
    jobs: mpsc::Sender<Job>,
}

impl CallWriter {
    /// Starts the writer's task. After `stop`, or when the last handle is dropped, the task finishes all submitted jobs and ends.
    pub fn start(app: Arc<App>, stop: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel(app.config.queue);
        (Self { jobs }, tokio::spawn(run(app, waiting, stop)))
    }

    /// Decides whether to allow a call attempt.
    ///
    /// # Errors
    /// Fails with [`Error::Overloaded`] if the queue is full. May also fail with database errors.
    pub async fn authorize(&self, request: AuthorizeRequest) -> Result<Authorization> {
        self.authorize_after(Vec::new(), request).await
    }

    /// Decides whether to allow a call attempt after these events are applied. An attempt never overtakes jobs that were submitted earlier.
    ///
    /// # Errors
    /// See [`Self::authorize`].
    pub async fn authorize_after(
        &self,
        events: Vec<ProxyEvent>,
        request: AuthorizeRequest,
    ) -> Result<Authorization> {
        for event in events {
            // the event is also delivered separately, and its result is reported with that delivery
            drop(self.enqueue(Work::Event(event))?);
        }
        match answered(self.enqueue(Work::Authorize(request))?).await? {
            Done::Authorize(answer) => Ok(answer),
            other => Err(wrong_answer_kind(&other)),
        }
    }

    /// Applies events. Returns one result per event, in order.
    ///
    /// # Errors
    /// Fails with [`Error::Overloaded`] if the queue is full, or with database errors. Some events may have been applied, but it is safe to send
    /// all events again.
    pub async fn apply(&self, events: Vec<ProxyEvent>) -> Result<Vec<EventResult>> {
        self.apply_each(events).await.into_iter().collect()
    }

    /// Applies events. Returns one result or error per event, in order.
    pub async fn apply_each(&self, events: Vec<ProxyEvent>) -> Vec<Result<EventResult>> {
        let waiting: Vec<_> = events.into_iter().map(|event| self.enqueue(Work::Event(event))).collect();
        let mut results = Vec::with_capacity(waiting.len());
        for waiting in waiting {
            let done = match waiting {
                Ok(waiting) => answered(waiting).await,
                Err(error) => Err(error),
            };
            results.push(done.and_then(|done| match done {
                Done::Event(result) => Ok(result),
                other => Err(wrong_answer_kind(&other)),
            }));
        }
        results
    }

    /// Extends the running calls that are due for extension. Returns the decisions to send to their proxies.
    ///
    /// # Errors
    /// See [`Self::apply`].
    pub async fn extend(&self, calls: Vec<Uuid>) -> Result<Vec<ExtensionDecision>> {
        let waiting = calls.into_iter().map(|id| self.enqueue(Work::Extend(id)));
        let mut decisions = Vec::new();
        for waiting in waiting.collect::<Result<Vec<_>>>()? {
            match answered(waiting).await {
                Ok(Done::Extend(one)) => decisions.extend(one.map(|one| *one)),
                Ok(other) => return Err(wrong_answer_kind(&other)),
                // the call remains due for extension, and the proxies of the other calls still need the new limits
                Err(error) => tracing::warn!(%error, "a running call could not be processed"),
            }
        }
        Ok(decisions)
    }

    /// Stores that the proxy accepted a limit. If the call was in progress, also stores at which time.
    ///
    /// # Errors
    /// See [`Self::apply`].
    pub async fn confirm(
        &self,
        call: Uuid,
        covered: i32,
        next: Option<DateTime<Utc>>,
        seen: Option<call_sighting::Model>,
    ) -> Result<()> {
        answered(self.enqueue(Work::Confirm(call, covered, next, seen))?).await.map(|_| ())
    }

    /// The number of free places in the queue, and the queue's capacity.
    pub fn room(&self) -> (usize, usize) {
        (self.jobs.capacity(), self.jobs.max_capacity())
    }

    fn enqueue(&self, work: Work) -> Result<oneshot::Receiver<Result<Done>>> {
        let (answer, answered) = oneshot::channel();
        let full = |_| Error::Overloaded("too many call events are waiting");
        self.jobs.try_send(Job { work, trace: TraceContext::here(), answer }).map_err(full)?;
        Ok(answered)
    }
}

async fn answered(waiting: oneshot::Receiver<Result<Done>>) -> Result<Done> {
    waiting.await.map_err(|_| Error::Overloaded("the server is stopping"))?
}

fn wrong_answer_kind(done: &Done) -> Error {
    // the log names only the kind of result, because a result contains the dialed number
    let kind = match done {
        Done::Event(_) => "an event",
        Done::Authorize(_) => "an attempt",
        Done::Extend(_) => "a running call",
        Done::Confirm => "a confirmation",
    };
    Error::fault(format!("the writer sent the answer of {kind} to a job of another kind"))
}

async fn run(app: Arc<App>, mut waiting: mpsc::Receiver<Job>, stop: CancellationToken) {
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
    /// The number of waiting jobs that the next batch takes. If many jobs wait and no batch is being processed, the next batch takes half of the
    /// jobs, so that the second half is processed while the first half is written.
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

/// Waits until the batch is as large as the previous batch, but at most for [`GATHER`].
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
            tracing::warn!(%error, "the database does not answer, or has no room");
            let away = || Error::Overloaded("the database does not answer");
            answers.into_iter().for_each(|answer| drop(answer.send(Err(away()))));
        }
        Err(error) => {
            tracing::warn!(%error, "a batch failed: its members run one by one");
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

/// Runs two transactions: the first for events and attempts, the second for extensions and confirmations of running calls. Each transaction takes its
/// locks once, in one order. If the second transaction fails, all jobs may run again: jobs that the first transaction committed return the same
/// results.
async fn together(app: &Arc<App>, works: &[Work], locked: &Notify) -> Result<Vec<Done>> {
    let of_running = |work: &&Work| matches!(work, Work::Extend(_) | Work::Confirm(..));
    let (running, told): (Vec<&Work>, Vec<&Work>) = works.iter().partition(of_running);
    let (mut of_told, mut of_running_calls) = (Vec::new(), Vec::new());
    if !told.is_empty() {
        let works = &told;
        // batches overlap only on PostgreSQL, because SQLite has one writer
        let shared = running.is_empty() && app.store.is_partitioned();
        let locked = || {
            if shared {
                locked.notify_one()
            }
        };
        let work = |tx: Tx| async move { apply_events_and_attempts(app, &tx, works, &locked).await };
        let (done, applied) = app.store.write(work).await?;
        after(app, applied);
        of_told = done;
    }
    if !running.is_empty() {
        let works = &running;
        of_running_calls = app.store.write(|tx| async move { look(app, &tx, works).await }).await?;
    }
    let (mut of_told, mut of_running_calls) = (of_told.into_iter(), of_running_calls.into_iter());
    let next = |work: &Work| match of_running(&work) {
        true => of_running_calls.next(),
        false => of_told.next(),
    };
    works
        .iter()
        .map(next)
        .collect::<Option<_>>()
        .ok_or_else(|| Error::fault("a batch returned fewer answers than jobs"))
}

/// Runs a committed batch's follow-up work.
fn after(app: &Arc<App>, applied: Applied) {
    for (currency, written_off) in &applied.ended {
        app.metrics.call_ended(currency, *written_off);
    }
    for proxy in applied.booted.iter().filter(|proxy| app.proxies.knows(proxy)) {
        app.reconciliation.ask(proxy);
    }
    for call in applied.hang_up {
        let app = app.clone();
        // commands to proxies are sent outside the writer, because a slow proxy must not delay other calls
        tokio::spawn(async move { super::ask_to_hang_up(&app, &call).await });
    }
}

/// Applies events before attempts, because the end of a call frees the phone and releases the call's credit for the phone's next attempt in the same
/// batch. Account changes are posted at the end, once per balance.
async fn apply_events_and_attempts(
    app: &App,
    tx: &Tx,
    works: &[&Work],
    locked: &impl Fn(),
) -> Result<(Vec<Done>, Applied)> {
    let (mut events, mut requests) = (Vec::new(), Vec::new());
    for work in works {
        match work {
            Work::Event(event) => events.push(event),
            Work::Authorize(request) => requests.push(request),
            Work::Extend(_) | Work::Confirm(..) => {}
        }
    }
    lock_first(tx, &events, &requests, app.clock.now()).await?;
    let mut money = Money::default();
    // attempts take further locks after the events, so a batch with an attempt does not have all its locks until the end
    let locked_early = || {
        if requests.is_empty() {
            locked()
        }
    };
    let mut applied = events::apply_all(app, tx, &events, &mut money, &locked_early).await?;
    if !requests.is_empty() {
        money.write_now(tx.conn()).await?;
    }
    let decided = authorize::decide_all(app, tx, &requests, &mut money).await?;
    money.post(tx, app.clock.now()).await?;
    locked();
    let mut results = std::mem::take(&mut applied.results).into_iter();
    let mut decided = decided.into_iter();
    let done = works.iter().map(|work| match work {
        Work::Authorize(_) => decided.next().map(Done::Authorize),
        _ => results.next().map(Done::Event),
    });
    let done = done
        .collect::<Option<_>>()
        .ok_or_else(|| Error::fault("a batch returned fewer answers than jobs"))?;
    Ok((done, applied))
}

/// Locks the rows that both events and attempts use, before any event or attempt is processed.
async fn lock_first(
    tx: &Tx,
    events: &[&ProxyEvent],
    requests: &[&AuthorizeRequest],
    now: DateTime<Utc>,
) -> Result<()> {
    let asked = requests.iter().map(|request| request.request_id.as_str());
    let given_up = events.iter().filter_map(|event| match &event.body {
        EventBody::Abandoned { request_id, .. } => Some(request_id.as_str()),
        _ => None,
    });
    let named: Vec<&str> = asked.chain(given_up).collect();
    store::calls::lock_requests(tx.conn(), &named).await?;
    if events.is_empty() || requests.is_empty() {
        return Ok(());
    }
    let (mut users, mut ids) = (Vec::new(), Vec::new());
    for event in events {
        match &event.body {
            EventBody::Call { reference, .. } => ids.push(*reference),
            EventBody::Emergency { call, .. } => {
                ids.push(call.reference);
                users.push(call.user.as_str());
            }
            EventBody::Phone { user, .. } => users.push(user.as_str()),
            _ => {}
        }
    }
    users.extend(requests.iter().map(|request| request.user.as_str()));
    store::calls::lock_batch(tx.conn(), &users, &ids, &named, now).await
}

/// Processes running calls: stores confirmed limits, and extends the calls that are due.
async fn look(app: &App, tx: &Tx, works: &[&Work]) -> Result<Vec<Done>> {
    let (mut due, mut confirmed, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for work in works {
        match work {
            Work::Confirm(id, covered, next, sighting) => {
                confirmed.push((*id, *covered, *next));
                seen.extend(sighting.clone());
            }
            Work::Extend(id) => due.push(*id),
            Work::Event(_) | Work::Authorize(_) => {}
        }
    }
    if !confirmed.is_empty() {
        // lock the confirmed calls together with the calls to extend, so that all calls are locked in one order
        let ids: Vec<Uuid> = confirmed.iter().map(|(id, ..)| *id).chain(due.iter().copied()).collect();
        store::calls::lock(tx.conn(), &ids).await?;
    }
    for (id, covered, next) in confirmed {
        store::calls::confirm(tx.conn(), id, covered, next).await?;
    }
    // a batch may have two confirmations of the same call, but a statement can write a row only once
    seen.sort_by_key(|row| (row.call_id, std::cmp::Reverse(row.seen_at)));
    seen.dedup_by_key(|row| row.call_id);
    reconcile::saw(tx.conn(), &seen).await?;
    let mut money = Money::default();
    let decisions = extend::extend_all(app, tx, &due, &mut money).await?;
    money.post(tx, app.clock.now()).await?;
    let mut decisions: HashMap<Uuid, ExtensionDecision> =
        decisions.into_iter().map(|one| (one.call.id, one)).collect();
    let done = works.iter().map(|work| match work {
        Work::Extend(id) => Done::Extend(decisions.remove(id).map(Box::new)),
        _ => Done::Confirm,
    });
    Ok(done.collect())
}
