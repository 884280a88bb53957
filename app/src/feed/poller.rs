//! Polls the activity table, because notifications may be missing. On PostgreSQL, another node can commit at any time, and Redis may lose that
//! node's message.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use store::{Store, activity};

use super::Hub;

/// Poll interval while messages from other nodes may be missing.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Poll interval while all messages arrive and polling is only a safety net.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Polls the activity table until `stop`.
pub(super) async fn run(store: Store, hub: Arc<Hub>, stop: CancellationToken) {
    let mut ticks = interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if hub.hears_every_node() && last.elapsed() < MAX_POLL_INTERVAL {
                    continue;
                }
            }
            () = hub.poll.notified() => {}
            () = stop.cancelled() => return,
        }
        last = Instant::now();
        poll(&store, &hub).await;
    }
}

async fn poll(store: &Store, hub: &Hub) {
    let watched = hub.watched();
    if watched.is_empty() {
        return;
    }
    hub.status().polls.inc();
    match activity::heads(store.reader(), watched).await {
        Ok(heads) => hub.compare(&heads),
        // the next poll comes soon, so the error is only logged
        Err(error) => {
            tracing::debug!(%error, "could not read the latest activities of the watched callshops")
        }
    }
}
