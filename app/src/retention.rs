//! Maintains the history: creates partitions for the coming months, and deletes data older than the configured retention.
//!
//! Every node runs this task, but only one node at a time does the work. Ledger entries and used rates are never deleted. Calls are kept while an
//! unsettled session, an open shift or a live call needs them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::App;
use super::tariffs::imports::worker;
use base::error::Result;
use store::partitions::{self, Month};
use store::rate_writer;
use store::retention as rows;
use store::{keys, tickets, webhooks};

/// Interval between maintenance runs.
const EVERY: Duration = Duration::from_secs(3600);
/// The loop counts as stuck if it records no heartbeat for this time. This limit is longer than the one-hour pause plus the longest scan of a month
/// in a large installation.
const HUNG: Duration = Duration::from_secs(3 * 3600);
/// Maximum number of rows deleted per transaction.
const CHUNK: u64 = 500;
/// Number of keys that one query reads. With fewer keys, the queries would rescan the pages of deleted rows more often.
const LOOK: u64 = 20 * CHUNK;
/// Minimum and maximum pause between two transactions that delete rows. Within these bounds, a pause lasts as long as the previous transaction, so
/// deletion uses at most half of a connection's capacity.
const PAUSES: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(500)];

/// Maximum number of rows in the log of one webhook.
const DELIVERIES_KEPT: u64 = 10_000;

/// How long the records of used tickets are kept after the tickets expire. This time is longer than the difference between the nodes' clocks.
const TICKETS_KEPT: TimeDelta = TimeDelta::hours(1);

/// How long idempotency keys are kept: longer than a year, because a key may be the number of a monthly or yearly bill.
const KEYS_KEPT: TimeDelta = TimeDelta::days(400);

/// Maximum time for writing the rates of a version. After this time, the program that writes the rates counts as dead.
const WRITTEN_WITHIN: TimeDelta = TimeDelta::hours(1);

/// Runs the maintenance periodically until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let heart = app.health.heartbeat("history", HUNG);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        heart.beat();
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        heart.beat();
        tokio::select! {
            // `maintain` has logged any failure
            _ = maintain(&app) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Runs the maintenance once. A failed step is logged and does not prevent the other steps.
///
/// # Errors
/// Returns the first error. Completed steps are not undone.
pub async fn maintain(app: &App) -> Result<()> {
    let now = app.clock.now();
    let kept = &app.config.retention;
    let calls = match kept.call_months {
        0 => Ok(()),
        months => trim_calls(app, Month::of(now).before(months).start()).await,
    };
    let done = [
        ("partitions", make_partitions(app, now).await),
        ("activities", trim_activities(app, now - TimeDelta::days(kept.activity_days.into())).await),
        ("calls", calls),
        ("events", trim_events(app, now - TimeDelta::days(kept.hook_event_days.into())).await),
        ("tickets", trim_tickets(app, now - TICKETS_KEPT).await),
        ("idempotency keys", trim_keys(app, now - KEYS_KEPT).await),
        ("imports", worker::tidy(app).await),
        ("unfinished versions", discard_unfinished(app, now - WRITTEN_WITHIN).await),
        (
            "deliveries",
            trim_deliveries(app, now - TimeDelta::days(app.config.webhooks.log_days.into())).await,
        ),
    ];
    for (what, error) in done.iter().filter_map(|(what, done)| Some((what, done.as_ref().err()?))) {
        tracing::warn!(what, %error, "the maintenance of the history failed; it runs again in an hour");
    }
    done.into_iter().try_for_each(|(_, done)| done)
}

/// Creates the partitions for this month and the coming months, so that each partition exists before its month begins.
///
/// # Errors
/// May fail with database errors.
pub async fn make_partitions(app: &App, now: DateTime<Utc>) -> Result<()> {
    let made = app.store.write(|tx| async move {
        if !partitions::alone(tx.conn()).await? {
            return Ok(Vec::new());
        }
        partitions::prepare(tx.conn(), now).await
    });
    for name in made.await? {
        tracing::info!(name, "a partition was created");
    }
    Ok(())
}

async fn trim_calls(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    if app.store.is_partitioned() {
        return drop_calls(app, cutoff).await;
    }
    let needed = rows::calls_needed_since(app.store.reader()).await?;
    let cutoff = needed.map_or(cutoff, |needed| cutoff.min(Month::of(needed).start()));
    loop {
        let begun = Instant::now();
        let delete = app.store.write(|tx| async move {
            let deleted = rows::delete_calls(tx.conn(), cutoff, CHUNK).await?;
            if deleted > 0 {
                rows::keep_calls_from(tx.conn(), cutoff).await?;
            }
            Ok(deleted)
        });
        if delete.await? < CHUNK {
            return Ok(());
        }
        pause_after(begun).await;
    }
}

/// Deletes the rates of versions that a program began to write before the time `before` and never finished.
async fn discard_unfinished(app: &App, before: DateTime<Utc>) -> Result<()> {
    for version in rate_writer::abandoned(app.store.reader(), before, CHUNK).await? {
        tracing::info!(version = %version.id, "the rates of a version that was never finished are deleted");
        rate_writer::discard(&app.store, version.id).await?;
    }
    Ok(())
}

async fn trim_tickets(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    let delete = app.store.write(|tx| async move {
        // only one node deletes at a time, because two nodes would wait for each other's locks on rows
        if partitions::alone(tx.conn()).await? {
            tickets::forget(tx.conn(), cutoff).await?;
        }
        Ok(())
    });
    delete.await
}

async fn trim_keys(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    loop {
        let begun = Instant::now();
        let delete = app.store.write(|tx| async move {
            // only one node deletes at a time, because two nodes would wait for each other's locks on rows
            match partitions::alone(tx.conn()).await? {
                true => keys::trim(tx.conn(), cutoff, CHUNK).await,
                false => Ok(0),
            }
        });
        if delete.await? < CHUNK {
            return Ok(());
        }
        pause_after(begun).await;
    }
}

/// Shortens the log of each webhook's deliveries.
async fn trim_deliveries(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    for id in webhooks::ids(app.store.reader()).await? {
        loop {
            let begun = Instant::now();
            let delete = app.store.write(|tx| async move {
                // only one node deletes at a time, because two nodes would wait for each other's locks on rows
                if !partitions::alone(tx.conn()).await? {
                    return Ok(0);
                }
                webhooks::trim(tx.conn(), id, cutoff, DELIVERIES_KEPT, CHUNK).await
            });
            if delete.await? < CHUNK {
                break;
            }
            pause_after(begun).await;
        }
    }
    Ok(())
}

/// Pauses for as long as the work since `begun` took, but within the bounds of [`PAUSES`].
async fn pause_after(begun: Instant) {
    tokio::time::sleep(begun.elapsed().clamp(PAUSES[0], PAUSES[1])).await;
}

async fn drop_calls(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    let dropped = app.store.write(|tx| async move {
        let conn = tx.conn();
        if !partitions::alone(conn).await? {
            return Ok(Vec::new());
        }
        let needed = rows::calls_needed_since(conn).await?;
        let calls = rows::old_calls(conn, needed.map_or(cutoff, |needed| cutoff.min(needed))).await?;
        if let Some(last) = calls.last() {
            rows::keep_calls_from(conn, last.end.start()).await?;
        }
        partitions::drop(conn, &calls).await?;
        Ok(calls)
    });
    for partition in dropped.await? {
        tracing::info!(partition.name, "old calls were deleted");
    }
    Ok(())
}

async fn trim_activities(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    if app.store.is_partitioned() {
        return drop_activities(app, cutoff).await;
    }
    for mut head in rows::activity_heads(app.store.reader()).await? {
        while let Some(last) = rows::last_old_activity(app.store.reader(), &head, cutoff, CHUNK).await? {
            let (shop, begun) = (head.callshop_id, Instant::now());
            app.store
                .write(|tx| async move {
                    rows::forget_activities(tx.conn(), shop, last).await?;
                    rows::delete_activities(tx.conn(), shop, last).await
                })
                .await?;
            head.kept_from = last + 1;
            pause_after(begun).await;
        }
    }
    Ok(())
}

/// Stores the point at which each callshop's history will begin, so that subscribers can tell that events are missing. Then drops the partition of
/// activities.
async fn drop_activities(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    for partition in rows::old_activities(app.store.reader(), cutoff).await? {
        let read = &partition;
        let lasts =
            app.store.read(|tx| async move { rows::last_of_partition(tx.conn(), read).await }).await?;
        for (shop, last) in lasts {
            app.store.write(|tx| async move { rows::forget_activities(tx.conn(), shop, last).await }).await?;
        }
        let old = std::slice::from_ref(&partition);
        let dropped = app.store.write(|tx| async move {
            // another node may have dropped the partition already
            let there = partitions::alone(tx.conn()).await?
                && partitions::ACTIVITIES.partitions(tx.conn()).await?.contains(&old[0]);
            if there {
                partitions::drop(tx.conn(), old).await?;
            }
            Ok(there)
        });
        if dropped.await? {
            tracing::info!(partition.name, "old activities were deleted");
        }
    }
    Ok(())
}

async fn trim_events(app: &App, cutoff: DateTime<Utc>) -> Result<()> {
    loop {
        let old = rows::old_events(app.store.reader(), cutoff, LOOK).await?;
        for eids in old.chunks(CHUNK as usize) {
            let begun = Instant::now();
            let delete = app.store.write(|tx| async move {
                // only one node deletes at a time, because two nodes would wait for each other's locks on rows
                let alone = partitions::alone(tx.conn()).await?;
                if alone {
                    rows::delete_events(tx.conn(), eids).await?;
                }
                Ok(alone)
            });
            if !delete.await? {
                return Ok(());
            }
            pause_after(begun).await;
        }
        if (old.len() as u64) < LOOK {
            return Ok(());
        }
    }
}
