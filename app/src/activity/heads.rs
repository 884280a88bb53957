//! Reads the numbers of callshops' last activities, with one query for many requests: the requests that arrive during a read are answered together by
//! the next read. A request never gets a number that was read before the request arrived.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use base::error::{Error, Result};
use store::{Store, activity};

/// Maximum time that a request waits for the number.
const PATIENCE: Duration = Duration::from_secs(2);

/// The requests that wait for numbers.
#[derive(Clone, Default)]
pub struct Heads(Arc<Mutex<Waiting>>);

/// At most one entry for each running request, so the limits on connections bound this list.
#[derive(Default)]
struct Waiting {
    is_reading: bool,
    callers: Vec<(Uuid, oneshot::Sender<i64>)>,
}

impl Heads {
    /// The number of the callshop's last activity; 0 before its first activity.
    ///
    /// # Errors
    /// Fails with [`Error::Overloaded`] if the database does not answer in time.
    pub async fn of(&self, store: &Store, callshop_id: Uuid) -> Result<i64> {
        let (tell, told) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting();
            waiting.callers.push((callshop_id, tell));
            !std::mem::replace(&mut waiting.is_reading, true)
        };
        if is_first {
            // a separate task, because a request that is canceled must not leave the others waiting
            tokio::spawn(self.clone().answer(store.clone()));
        }
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Ok(number)) => Ok(number),
            Ok(Err(_)) | Err(_) => Err(Error::Overloaded("the database does not answer")),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the waiting requests until no request waits.
    async fn answer(self, store: Store) {
        loop {
            let callers = {
                let mut waiting = self.waiting();
                waiting.is_reading = !waiting.callers.is_empty();
                std::mem::take(&mut waiting.callers)
            };
            if callers.is_empty() {
                return;
            }
            let callshops: BTreeSet<Uuid> = callers.iter().map(|(callshop, _)| *callshop).collect();
            let read = activity::heads(store.reader(), callshops.into_iter().collect());
            match store::in_time(PATIENCE, read).await {
                Ok(found) => {
                    let found: HashMap<Uuid, i64> = found.into_iter().collect();
                    for (callshop, tell) in callers {
                        // a caller that has given up no longer listens
                        let _ = tell.send(found.get(&callshop).copied().unwrap_or(0));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the numbers of the last activities could not be read");
                }
            }
        }
    }
}
