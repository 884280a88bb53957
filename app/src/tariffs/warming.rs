//! Loads the rates of versions that are about to take effect. If the rates were not loaded in advance, the first call on each node after an
//! activation would load them inside its own transaction.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::activation::CLOCK_SKEW;
use crate::App;
use base::error::Result;
use store::tariff_versions;

/// Interval between checks for versions that are about to take effect.
const EVERY: Duration = Duration::from_secs(1);
/// The rates of a scheduled version are loaded this long before the version takes effect.
const AHEAD: TimeDelta = TimeDelta::seconds(60);
/// The first check also finds versions that took effect up to this long ago.
const BACK: TimeDelta = TimeDelta::seconds(10);
/// The loop counts as stuck if it records no heartbeat for this time. Loading a large version takes several seconds.
const HUNG: Duration = Duration::from_secs(180);
/// Maximum number of versions that one check finds. The versions that take effect first are loaded first.
const MAX_VERSIONS: u64 = 100;

/// Loads the rates of versions of assigned tariffs, one version at a time, until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let heart = app.health.heartbeat("rates", HUNG);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut since, mut loaded) = (app.clock.now() - BACK, HashSet::new());
    loop {
        heart.beat();
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let now = app.clock.now();
        tokio::select! {
            done = load(&app, (since, now + AHEAD), &mut loaded) => match done {
                // another node's clock may be behind
                Ok(()) => since = now - CLOCK_SKEW,
                Err(error) => tracing::debug!(%error, "the rates of new versions were not loaded"),
            },
            () = stop.cancelled() => return,
        }
    }
}

/// Loads the versions that take effect between the two times. A version that does not fit in the cache is loaded once, not at each check.
async fn load(
    app: &App,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    loaded: &mut HashSet<Uuid>,
) -> Result<()> {
    let conn = app.store.reader();
    let beginning = tariff_versions::beginning(conn, (since, until), MAX_VERSIONS).await?;
    loaded.retain(|id| beginning.contains(id));
    for id in beginning {
        if loaded.insert(id)
            && let Err(error) = app.rates.get(conn, id).await
        {
            loaded.remove(&id);
            return Err(error);
        }
    }
    Ok(())
}
