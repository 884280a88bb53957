//! Follows the logins and API tokens that ended on other nodes.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::App;
use base::error::Result;
use store::{accounts, api_tokens};

/// Interval at which a node polls for logins and API tokens that ended on other nodes.
const REVOCATION_POLL: Duration = Duration::from_millis(500);
/// Each poll covers the time since the last successful poll, and this much time before that poll. This overlap is longer than the maximum duration of
/// a transaction plus the difference between the nodes' clocks.
const REVOCATION_WINDOW: TimeDelta = TimeDelta::seconds(30);

/// The loop counts as stuck if it records no heartbeat for this time. If the database is unavailable, the loop's query fails before this time is
/// over.
const REVOCATIONS_STUCK: Duration = Duration::from_secs(60);

/// Finds the logins and API tokens that ended, removes them from this node's cache, and closes their open sockets. A rotation can make a token end
/// earlier than its open sockets expect, so this loop closes the sockets of expired tokens, too. Runs until `stop`.
pub async fn follow_revocations(app: Arc<App>, stop: CancellationToken) {
    let heart = app.health.heartbeat("revocations", REVOCATIONS_STUCK);
    let mut ticks = tokio::time::interval(REVOCATION_POLL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = app.clock.now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        heart.beat();
        let now = app.clock.now();
        match ended_since(&app, last.min(now) - REVOCATION_WINDOW, now).await {
            Ok(ids) => {
                app.identities.forget(&ids);
                last = now;
            }
            Err(error) => tracing::warn!(%error, "failed to poll for revoked logins"),
        }
    }
}

/// Ids of the logins and API tokens that ended between `since` and `now`.
async fn ended_since(app: &App, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let conn = app.store.reader();
    let mut ids = accounts::revoked_since(conn, since).await?;
    ids.extend(api_tokens::ended(conn, since, now).await?);
    Ok(ids)
}
