//! Whether this node is ready for work, as reported by `/readyz` and the metrics.

use std::time::{Duration, Instant};

use store::Store;
use telemetry::health::{Check, Report};

use crate::App;

/// How long the result of a database check is reused. Even a flood of probes then causes only one query per second.
const FRESH: Duration = Duration::from_secs(1);
/// Timeout of the database check.
const PATIENCE: Duration = Duration::from_secs(2);

/// The result of the last database check.
#[derive(Default)]
pub struct Database(tokio::sync::Mutex<Option<(Instant, Check)>>);

impl App {
    /// Whether the node is ready for work. `room` is the number of jobs that the writer's queue can still take, and `queue` is the capacity of the
    /// queue.
    pub async fn ready(&self, (room, queue): (usize, usize)) -> Report {
        let waiting = format!("{} of {queue} waiting", queue.saturating_sub(room));
        let writer = if room > 0 { Check::ok(waiting) } else { Check::failed(waiting) };
        let database = match self.store.is_out_of_room() {
            true => Check::failed("no room on the database's disk"),
            false => self.database.check(&self.store).await,
        };
        self.health.ready(vec![("writer", writer), ("database", database)])
    }
}

impl Database {
    /// Whether the database responds. All probes within one second share one query.
    pub async fn check(&self, store: &Store) -> Check {
        let mut known = self.0.lock().await;
        if let Some((at, check)) = known.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            tracing::trace!(age = ?at.elapsed(), "using the last database check");
            return check.clone();
        }
        let check = ask(store).await;
        *known = Some((Instant::now(), check.clone()));
        check
    }
}

async fn ask(store: &Store) -> Check {
    match tokio::time::timeout(PATIENCE, store.migrations()).await {
        Ok(Ok(state)) if state.pending == 0 => Check::ok("answers, up to date"),
        Ok(Ok(state)) => Check::failed(format!("{} migrations are pending", state.pending)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database failed a readiness check");
            Check::failed("error, see the log")
        }
        Err(_) => Check::failed(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
