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

/// Interval at which followers read their objects again while all messages arrive.
const FOLLOWERS_EVERY: Duration = Duration::from_secs(30);

/// Polls the activity table until `stop`. Makes followers read their objects again: at each poll if announcements may be missing, otherwise at the
/// interval [`FOLLOWERS_EVERY`].
pub(super) async fn run(store: Store, hub: Arc<Hub>, stop: CancellationToken) {
    let mut ticks = interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last, mut announced) = (Instant::now(), Instant::now());
    loop {
        let hears_all = tokio::select! {
            _ = ticks.tick() => {
                let hears_all = hub.hears_every_node();
                if hears_all && last.elapsed() < MAX_POLL_INTERVAL {
                    continue;
                }
                hears_all
            }
            () = hub.poll.notified() => false,
            () = stop.cancelled() => return,
        };
        last = Instant::now();
        if !hears_all || announced.elapsed() >= FOLLOWERS_EVERY {
            announced = last;
            hub.followed.announce_all();
        }
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
