//! Runs ANALYZE on PostgreSQL tables that have grown, so that PostgreSQL plans the queries of the call path for the tables' current sizes. Every node
//! runs this task. SQLite does not need ANALYZE.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::App;
use base::error::Result;
use store::statistics;

/// Interval between checks of the tables' sizes. A node stores at most about ten thousand rows in one interval.
const EVERY: Duration = Duration::from_secs(5);

/// Checks the tables periodically until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = refresh(&app).await {
            tracing::debug!(%error, "the growth of the tables could not be checked; the next check follows in a moment");
        }
    }
}

/// Checks once, and analyzes the tables that have grown. Returns their names.
///
/// # Errors
/// May fail with database errors.
pub async fn refresh(app: &App) -> Result<Vec<String>> {
    let outgrown = statistics::outgrown(app.store.reader()).await?;
    for table in &outgrown {
        app.store.write(|tx| async move { statistics::analyze(tx.conn(), table).await }).await?;
        tracing::debug!(table, "a table has grown and was analyzed, so its queries are planned again");
    }
    Ok(outgrown)
}
