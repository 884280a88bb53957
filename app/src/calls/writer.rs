//! The batching writer: call events and authorisations reach the database many to a commit.
//!
//! It takes what is waiting, commits it as one transaction and answers each on its own. Who comes alone does not wait; after a batch of
//! several, those that were just answered get a moment to come again, so that they share a commit, too. When a batch fails, its members run
//! one by one, so that a bad one fails alone.

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
use super::extend::{self, Looked};
use super::money::Money;
use crate::App;
use base::error::{Error, Result};
use store::{Tx, calls, reconcile};
use telemetry::health::Heartbeat;
use telemetry::trace::{self, TraceContext};

/// Jobs of one transaction at most.
const BATCH: usize = 64;
/// Events that are worth a commit of their own while others wait.
const WORTH_A_COMMIT: usize = 8;
/// The moment that a batch waits to become as large as the one before.
const GATHER: Duration = Duration::from_millis(1);

/// How often a writer without work says that it lives.
const IDLE: Duration = Duration::from_secs(1);
/// A writer that was silent for so long is stuck: more than one transaction takes to fail when the database is away.
const STUCK: Duration = Duration::from_secs(60);

/// Something to be done in the next transaction.
#[derive(Clone, Debug)]
enum Work {
    Event(ProxyEvent),
    Authorize(AuthorizeRequest),
    /// Look at a running call: is it to be extended?
    Extend(Uuid),
    /// The proxy took a call's limit: its id, what is covered, when to look again, and that it was up.
    Confirm(Uuid, i32, Option<DateTime<Utc>>, Option<call_sighting::Model>),
}

impl Work {
    /// The call or phone that an event is about: its events are applied in order.
    fn about(&self) -> Option<String> {
        match self {
            Self::Event(event) => event.body.reference(),
            Self::Authorize(_) | Self::Extend(_) | Self::Confirm(..) => None,
        }
    }
}

/// What came of it.
#[derive(Debug)]
enum Done {
    Event(EventResult),
    Authorize(Authorization),
    /// None when the call needs nothing, or is over.
    Extend(Option<Box<Looked>>),
    Confirm,
}

struct Job {
    work: Work,
    trace: Option<TraceContext>,
    answer: oneshot::Sender<Result<Done>>,
}

/// Where the hook hands its work in.
#[derive(Clone)]
pub struct CallWriter {
    jobs: mpsc::Sender<Job>,
}

impl CallWriter {
    /// Starts the writer's task; it ends, with everything that was handed in done, after `stop` and the last handle.
    pub fn start(app: Arc<App>, stop: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel(app.config.queue);
        (Self { jobs }, tokio::spawn(run(app, waiting, stop)))
    }

    /// Decides an attempt.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too much is waiting; those of the database.
    pub async fn authorize(&self, request: AuthorizeRequest) -> Result<Authorization> {
        self.authorize_after(Vec::new(), request).await
    }

    /// Decides an attempt when these events are applied: an attempt never overtakes what was handed in before it.
    ///
    /// # Errors
    /// As for [`Self::authorize`].
    pub async fn authorize_after(
        &self,
        events: Vec<ProxyEvent>,
        request: AuthorizeRequest,
    ) -> Result<Authorization> {
        for event in events {
            // what becomes of it is told to whoever delivers it, too
            drop(self.hand_in(Work::Event(event))?);
        }
        match answered(self.hand_in(Work::Authorize(request))?).await? {
            Done::Authorize(answer) => Ok(answer),
            other => Err(mixed_up(&other)),
        }
    }

    /// Applies events; one result each, in order.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too much is waiting; those of the database. Some may have been applied: sending all again is safe.
    pub async fn apply(&self, events: Vec<ProxyEvent>) -> Result<Vec<EventResult>> {
        self.apply_each(events).await.into_iter().collect()
    }

    /// Applies events; what became of each, in order.
    pub async fn apply_each(&self, events: Vec<ProxyEvent>) -> Vec<Result<EventResult>> {
        let waiting: Vec<_> = events.into_iter().map(|event| self.hand_in(Work::Event(event))).collect();
        let mut results = Vec::with_capacity(waiting.len());
        for waiting in waiting {
            let done = match waiting {
                Ok(waiting) => answered(waiting).await,
                Err(error) => Err(error),
            };
            results.push(done.and_then(|done| match done {
                Done::Event(result) => Ok(result),
                other => Err(mixed_up(&other)),
            }));
        }
        results
    }

    /// Looks at running calls; answers those whose proxy is to be told something.
    ///
    /// # Errors
    /// As for [`Self::apply`].
    pub async fn extend(&self, calls: Vec<Uuid>) -> Result<Vec<Looked>> {
        let waiting = calls.into_iter().map(|id| self.hand_in(Work::Extend(id)));
        let mut looked = Vec::new();
        for waiting in waiting.collect::<Result<Vec<_>>>()? {
            match answered(waiting).await {
                Ok(Done::Extend(one)) => looked.extend(one.map(|one| *one)),
                Ok(other) => return Err(mixed_up(&other)),
                // it stays due; what others hold now is to be told to their proxies
                Err(error) => tracing::warn!(%error, "a running call could not be looked at"),
            }
        }
        Ok(looked)
    }

    /// Notes that the proxy took a limit, and that the call was up then.
    ///
    /// # Errors
    /// As for [`Self::apply`].
    pub async fn confirm(
        &self,
        call: Uuid,
        covered: i32,
        next: Option<DateTime<Utc>>,
        seen: Option<call_sighting::Model>,
    ) -> Result<()> {
        answered(self.hand_in(Work::Confirm(call, covered, next, seen))?).await.map(|_| ())
    }

    /// How many may still be handed in, of how many.
    pub fn room(&self) -> (usize, usize) {
        (self.jobs.capacity(), self.jobs.max_capacity())
    }

    fn hand_in(&self, work: Work) -> Result<oneshot::Receiver<Result<Done>>> {
        let (answer, answered) = oneshot::channel();
        let full = |_| Error::Overloaded("too many call events are waiting");
        self.jobs.try_send(Job { work, trace: TraceContext::here(), answer }).map_err(full)?;
        Ok(answered)
    }
}

async fn answered(waiting: oneshot::Receiver<Result<Done>>) -> Result<Done> {
    waiting.await.map_err(|_| Error::Overloaded("the server is stopping"))?
}

fn mixed_up(done: &Done) -> Error {
    // not what it was: an answer has the number that was dialled
    let kind = match done {
        Done::Event(_) => "an event",
        Done::Authorize(_) => "an attempt",
        Done::Extend(_) => "a running call",
        Done::Confirm => "a confirmation",
    };
    Error::fault(format!("the writer answered what {kind} is answered to something else"))
}

async fn run(app: Arc<App>, mut waiting: mpsc::Receiver<Job>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut before = 1;
    let heart = Arc::new(app.health.heartbeat("call writer", STUCK));
    let mut lanes = Lanes::default();
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
                    gather(&mut waiting, &mut batch, before).await;
                }
            }
            _ = idle.tick() => continue,
            () = stop.cancelled() => {
                // nothing new comes in; what was handed in is still done
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

/// Batches on their way to the database: on PostgreSQL a second one is begun when the first has locked what it is about and goes on to write
/// and commit, as if it were another node's. So it waits for the first where both are about the same calls, and the first never for it; a
/// call's events stay in their order. One batch alone would keep either this process or the database busy, never both.
#[derive(Default)]
struct Lanes {
    /// The one that went first.
    ahead: Option<JoinHandle<()>>,
}

impl Lanes {
    /// How many of those that wait are taken at once. When nothing is on its way, half of many: the others' turn comes while these are written.
    fn share(&self, app: &App, waiting: usize) -> usize {
        let overlaps = app.store.is_partitioned();
        let alone = self.ahead.as_ref().is_none_or(JoinHandle::is_finished);
        if overlaps && alone && waiting >= 2 * WORTH_A_COMMIT {
            waiting.div_ceil(2).min(BATCH)
        } else {
            BATCH
        }
    }

    /// Begins a batch as soon as it may be, and answers when the next one may.
    async fn begin(&mut self, app: &Arc<App>, batch: Vec<Job>, heart: &Arc<Heartbeat>) {
        let overlaps = |job: &Job| matches!(job.work, Work::Event(_));
        if !batch.iter().all(overlaps) {
            // an attempt has to see that the call before it on the same phone is over, and what that left of its account's credit
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
                // two at most: the one before is over soon
                self.over().await;
                self.ahead = Some(begun);
            }
        }
    }

    /// Waits for what is on its way.
    async fn over(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ended(ahead.await);
        }
    }
}

fn ended(batch: Result<(), JoinError>) {
    if let Err(error) = batch {
        // those who wait for it are told that the server is stopping, and ask again
        tracing::error!(%error, "a batch of call events ended in the middle");
    }
}

/// Waits for as many as there were before, but only a moment.
async fn gather(waiting: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>, before: usize) {
    let more =
        async { while batch.len() < before && waiting.recv_many(batch, BATCH - batch.len()).await > 0 {} };
    // what came before the time was over is in the batch
    drop(tokio::time::timeout(GATHER, more).await);
}

async fn commit(app: &Arc<App>, batch: Vec<Job>, heart: &Heartbeat, locked: &Notify) {
    let span = trace::batch(batch.iter().filter_map(|job| job.trace.as_ref()));
    let (works, answers): (Vec<Work>, Vec<_>) = batch.into_iter().map(|job| (job.work, job.answer)).unzip();
    let begun = Instant::now();
    let done = together(app, &works, locked).instrument(span).await;
    app.metrics.writer.batch(works.len(), begun.elapsed(), done.is_ok());
    match done {
        // a receiver that is gone no longer wants its answer
        Ok(done) => answers.into_iter().zip(done).for_each(|(answer, done)| drop(answer.send(Ok(done)))),
        Err(error) if works.len() == 1 => {
            if let Some((work, answer)) = works.first().zip(answers.into_iter().next()) {
                drop(answer.send(give_up(app, work, error).await));
            }
        }
        // none of them is to blame, and each would wait as long again
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
                    true => Err(Error::Overloaded("an event before it could not be applied")),
                    // the next batch waits until all of them are done
                    false => match together(app, std::slice::from_ref(work), &Notify::new()).await {
                        Ok(done) => only(done),
                        Err(error) => give_up(app, work, error).await,
                    },
                };
                failed.extend(about.filter(|_| alone.is_err()));
                drop(answer.send(alone));
                heart.beat();
            }
        }
    }
}

/// What failed alone. An event that cannot be applied, whatever is tried, is kept with the reason and answered as rejected: the proxy would
/// send it for ever, and with it the events of everybody else. It shows in `problems`.
async fn give_up(app: &Arc<App>, work: &Work, error: Error) -> Result<Done> {
    tracing::error!(%error, "a call event failed");
    let Work::Event(event) = work else { return Err(error) };
    if !error.is_permanent() {
        return Err(error);
    }
    let reason = "it could not be applied: the server's log says why".to_owned();
    let row = events::rejected(event, &reason, app.clock.now());
    app.store
        .write(|tx| {
            let row = row.clone();
            async move { calls::reject_event(tx.conn(), row).await }
        })
        .await?;
    Ok(Done::Event(EventResult::Rejected(reason)))
}

fn only(done: Vec<Done>) -> Result<Done> {
    done.into_iter().next().ok_or_else(|| Error::fault("a batch of one answered nothing"))
}

/// Events and attempts in one transaction, what running calls need in another: each locks what it is about once, in one order. When the second
/// fails, all may be run again: what the first has committed answers as before.
async fn together(app: &Arc<App>, works: &[Work], locked: &Notify) -> Result<Vec<Done>> {
    let of_running = |work: &&Work| matches!(work, Work::Extend(_) | Work::Confirm(..));
    let (running, told): (Vec<&Work>, Vec<&Work>) = works.iter().partition(of_running);
    let (mut of_told, mut of_running_calls) = (Vec::new(), Vec::new());
    if !told.is_empty() {
        let works = &told;
        // SQLite has one writer
        let shared = running.is_empty() && app.store.is_partitioned();
        let locked = || {
            if shared {
                locked.notify_one()
            }
        };
        let work = |tx: Tx| async move { tell(app, &tx, works, &locked).await };
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
    works.iter().map(next).collect::<Option<_>>().ok_or_else(|| Error::fault("a batch answered too little"))
}

/// What is done when a batch is committed.
fn after(app: &Arc<App>, applied: Applied) {
    for (currency, written_off) in &applied.ended {
        app.metrics.call_ended(currency, *written_off);
    }
    for proxy in applied.booted.iter().filter(|proxy| app.proxies.knows(proxy)) {
        app.reconciliation.ask(proxy);
    }
    for call in applied.hang_up {
        let app = app.clone();
        // the proxy is asked beside the writer: a slow one must not hold up other calls
        tokio::spawn(async move { super::ask_to_hang_up(&app, &call).await });
    }
}

/// Events first: an end that waits beside the same phone's next attempt frees the phone, and its credit, for it. What it all does to
/// accounts is posted at the end, each balance once.
async fn tell(app: &App, tx: &Tx, works: &[&Work], locked: &impl Fn()) -> Result<(Vec<Done>, Applied)> {
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
    // an attempt locks more than events do: beside one, all is locked at the end
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
    let done = done.collect::<Option<_>>().ok_or_else(|| Error::fault("a batch answered too little"))?;
    Ok((done, applied))
}

/// Locks what both events and attempts are about, before either is looked at.
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
    calls::lock_requests(tx.conn(), &named).await?;
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
    calls::lock_ground(tx.conn(), &users, &ids, &named, now).await
}

/// Running calls: what the proxy took, and what is to be extended.
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
        // with those to be extended, which are locked alone otherwise: one order for all
        let ids: Vec<Uuid> = confirmed.iter().map(|(id, ..)| *id).chain(due.iter().copied()).collect();
        calls::lock(tx.conn(), &ids).await?;
    }
    for (id, covered, next) in confirmed {
        calls::confirm(tx.conn(), id, covered, next).await?;
    }
    // two limits of one call in a batch: a row is written once in a statement
    seen.sort_by_key(|row| (row.call_id, std::cmp::Reverse(row.seen_at)));
    seen.dedup_by_key(|row| row.call_id);
    reconcile::saw(tx.conn(), &seen).await?;
    let mut money = Money::default();
    let looked = extend::extend_all(app, tx, &due, &mut money).await?;
    money.post(tx, app.clock.now()).await?;
    let mut looked: HashMap<Uuid, Looked> = looked.into_iter().map(|one| (one.call.id, one)).collect();
    let done = works.iter().map(|work| match work {
        Work::Extend(id) => Done::Extend(looked.remove(id).map(Box::new)),
        _ => Done::Confirm,
    });
    Ok(done.collect())
}
