//! The batching writer: call events and authorisations reach the database many to a commit.
//!
//! It takes what is waiting (never waits for more), commits it as one transaction and answers each on its own. When a batch
//! fails, its members run one by one, so that a bad one fails alone.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::authorize::{self, Authorization, AuthorizeRequest};
use super::events::{self, EventResult, ProxyEvent};
use crate::app::App;
use crate::error::{Error, Result};

/// Jobs of one transaction at most.
const BATCH: usize = 64;

enum Job {
    Authorize(AuthorizeRequest, oneshot::Sender<Result<Authorization>>),
    Event(ProxyEvent, oneshot::Sender<Result<EventResult>>),
}

/// Where the hook hands its work in.
#[derive(Clone)]
pub struct CallWriter {
    jobs: mpsc::Sender<Job>,
}

impl CallWriter {
    /// Starts the writer's task; it ends, with everything that was handed in done, after `stop` and the last handle.
    pub fn start(app: Arc<App>, stop: CancellationToken) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel(app.config.hook.queue);
        (Self { jobs }, tokio::spawn(run(app, waiting, stop)))
    }

    /// Decides an attempt.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too much is waiting; those of the database.
    pub async fn authorize(&self, request: AuthorizeRequest) -> Result<Authorization> {
        let (answer, answered) = oneshot::channel();
        self.hand_in(Job::Authorize(request, answer))?;
        answered.await.map_err(|_| Error::Overloaded("the server is stopping"))?
    }

    /// Applies events; one result each, in order.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too much is waiting; those of the database. Some may have been applied: sending all again is safe.
    pub async fn apply(&self, events: Vec<ProxyEvent>) -> Result<Vec<EventResult>> {
        let mut waiting = Vec::with_capacity(events.len());
        for event in events {
            let (answer, answered) = oneshot::channel();
            self.hand_in(Job::Event(event, answer))?;
            waiting.push(answered);
        }
        let mut results = Vec::with_capacity(waiting.len());
        for answered in waiting {
            results.push(answered.await.map_err(|_| Error::Overloaded("the server is stopping"))??);
        }
        Ok(results)
    }

    fn hand_in(&self, job: Job) -> Result<()> {
        self.jobs.try_send(job).map_err(|_| Error::Overloaded("too many call events are waiting"))
    }
}

async fn run(app: Arc<App>, mut waiting: mpsc::Receiver<Job>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            taken = waiting.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            () = stop.cancelled() => {
                // nothing new comes in; what was handed in is still done
                waiting.close();
                if waiting.recv_many(&mut batch, BATCH).await == 0 {
                    return;
                }
            }
        }
        commit(&app, std::mem::take(&mut batch)).await;
    }
}

async fn commit(app: &Arc<App>, batch: Vec<Job>) {
    let (mut requests, mut events) = (Vec::new(), Vec::new());
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for job in batch {
        match job {
            Job::Authorize(request, answer) => {
                requests.push(request);
                asked.push(answer);
            }
            Job::Event(event, answer) => {
                events.push(event);
                told.push(answer);
            }
        }
    }
    match together(app, &events, &requests).await {
        Ok((results, answers)) => {
            // a receiver that is gone no longer wants its answer
            told.into_iter().zip(results).for_each(|(answer, result)| drop(answer.send(Ok(result))));
            asked.into_iter().zip(answers).for_each(|(answer, result)| drop(answer.send(Ok(result))));
        }
        Err(error) if events.len() + requests.len() == 1 => {
            tracing::error!(%error, "a call event failed");
            let mut error = Some(error);
            let mut take = || error.take().unwrap_or(Error::Overloaded("try again"));
            told.into_iter().for_each(|answer| drop(answer.send(Err(take()))));
            asked.into_iter().for_each(|answer| drop(answer.send(Err(take()))));
        }
        Err(error) => {
            tracing::warn!(%error, "a batch failed: its members run one by one");
            for (event, answer) in events.into_iter().zip(told) {
                let alone = together(app, std::slice::from_ref(&event), &[]).await;
                drop(answer.send(alone.and_then(|(results, _)| first(results))));
            }
            for (request, answer) in requests.into_iter().zip(asked) {
                let alone = together(app, &[], std::slice::from_ref(&request)).await;
                drop(answer.send(alone.and_then(|(_, answers)| first(answers))));
            }
        }
    }
}

fn first<T>(values: Vec<T>) -> Result<T> {
    values.into_iter().next().ok_or_else(|| Error::fault("a batch of one answered nothing"))
}

/// Events first: an end that waits beside the same phone's next attempt frees the phone for it.
async fn together(
    app: &Arc<App>,
    events: &[ProxyEvent],
    requests: &[AuthorizeRequest],
) -> Result<(Vec<EventResult>, Vec<Authorization>)> {
    let (applied, answers) = app
        .store
        .write(|tx| async move {
            let applied = events::apply_all(app, &tx, events).await?;
            let answers = authorize::decide_all(app, &tx, requests).await?;
            Ok((applied, answers))
        })
        .await?;
    for call in applied.hang_up {
        let app = app.clone();
        // the proxy is asked beside the writer: a slow one must not hold up other calls
        tokio::spawn(async move { super::ask_to_hang_up(&app, &call).await });
    }
    Ok((applied.results, answers))
}
