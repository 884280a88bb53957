//! Tells PostgreSQL when its tables have grown, so that the plans of the call path grow with them. Every node does it; SQLite needs none.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::App;
use crate::error::Result;
use crate::store::statistics;

/// How often it looks: by then a node has stored some ten thousand rows at most.
const EVERY: Duration = Duration::from_secs(5);

/// Looks until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = refresh(&app).await {
            tracing::debug!(%error, "the tables were not looked at: it is tried again in a moment");
        }
    }
}

/// Looks once; answers the tables that had grown.
///
/// # Errors
/// Database errors.
pub async fn refresh(app: &App) -> Result<Vec<String>> {
    let outgrown = statistics::outgrown(app.store.reader()).await?;
    for table in &outgrown {
        app.store.write(|tx| async move { statistics::analyze(tx.conn(), table).await }).await?;
        tracing::debug!(table, "it has grown: plans are made anew");
    }
    Ok(outgrown)
}
