//! The batching writer commits call events and authorizations in batches.
//!
//! The writer takes the waiting requests, commits them in one transaction and responds to each request separately. A single request is committed
//! immediately. After a batch of several requests, the writer waits for up to 1 ms, so that the next requests of the same clients can share a commit,
//! too. If a batch fails, its jobs run one by one, so that only the faulty job fails.

mod batches;
mod callshops;
mod queue;
mod transactions;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use entity::call_sighting;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::authorize::{Authorization, AuthorizeRequest};
use super::events::{EventResult, ProxyEvent};
use super::extend::ExtensionDecision;
use crate::App;
use base::error::{Error, Result};
use batches::run;
pub(crate) use callshops::Callshops;
use telemetry::trace::TraceContext;

/// A job for the next transaction.
#[derive(Clone, Debug)]
enum Work {
    Event(ProxyEvent),
    Authorize(AuthorizeRequest),
    /// Extends the call with this id if the call is still in progress and its extension is due.
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
    /// The number of jobs that have left the channel and are in no batch yet.
    received: Arc<AtomicUsize>,
}

impl CallWriter {
    /// Starts the writer's task. After `stop`, or when the last handle is dropped, the task finishes all submitted jobs and ends.
    pub fn start(app: Arc<App>, stop: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel(app.config.queue);
        let received = Arc::new(AtomicUsize::new(0));
        (Self { jobs, received: received.clone() }, tokio::spawn(run(app, waiting, received, stop)))
    }

    /// Decides whether to allow a call attempt.
    ///
    /// # Errors
    /// Fails with [`Error::Overloaded`] if the queue is full. May also fail with database errors.
    pub async fn authorize(&self, request: AuthorizeRequest) -> Result<Authorization> {
        self.authorize_after(Vec::new(), request).await
    }

    /// Applies these events, and then decides whether to allow a call attempt. An attempt never overtakes jobs of the same callshop that were submitted
    /// earlier.
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

    /// Stores that the proxy accepted a limit. If the call was in progress, also stores when it was seen.
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

    /// The number of jobs that the queue can still take, and the queue's capacity.
    pub fn room(&self) -> (usize, usize) {
        (self.jobs.capacity().saturating_sub(self.received.load(Ordering::Relaxed)), self.jobs.max_capacity())
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
        Done::Authorize(_) => "an authorization",
        Done::Extend(_) => "an extension",
        Done::Confirm => "a confirmation",
    };
    Error::fault(format!(
        "the writer returned the result of {kind} for a job of another kind; this is a bug, please report it"
    ))
}
