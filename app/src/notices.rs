//! Events in the feed of an account that is not a callshop: changes to its tariffs, costs, credit and webhooks. Each account's feed numbers its own
//! events. The events are stored, delivered and deleted like the activity of a callshop.
//!
//! Two kinds of events are not caused by a request. One kind is emitted when a scheduled version takes effect, the other when calls bring an
//! account's credit below its threshold. Every node checks for both kinds each second. The node that is first to record the change emits the event.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, ImportState, WebhookDisabledReason, tariff, tariff_import, webhook};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::App;
use crate::feed::Subject;
use base::error::{Error, OrFault as _, Result};
use store::{NewActivity, Tx, accounts, tariff_versions, tariffs};

/// Interval between two checks.
const EVERY: Duration = Duration::from_secs(1);
/// The loop counts as stuck if it records no heartbeat for this time.
const HUNG: Duration = Duration::from_secs(60);
/// Maximum number of versions, and of accounts, in one check. The next check handles the remaining versions and accounts.
const MOST: u64 = 100;

/// Checks for events until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let heart = app.health.heartbeat("notices", HUNG);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        heart.beat();
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = step(&app).await {
            tracing::warn!(%error, "the events of accounts could not be checked; the server tries again in a second");
        }
    }
}

/// Emits the events that are due.
///
/// # Errors
/// May fail with database errors.
pub async fn step(app: &App) -> Result<()> {
    let conn = app.store.reader();
    for (id, tariff_id) in tariff_versions::begun(conn, app.clock.now(), MOST).await? {
        app.store.write(|tx| async move { emit_start(app, &tx, id, tariff_id).await }).await?;
    }
    for (id, low) in accounts::credit_turns(conn, MOST).await? {
        let now = app.clock.now();
        let turned = app.store.write(|tx| async move {
            if accounts::set_credit_low(tx.conn(), id, low).await? && low {
                emit(&tx, id, ActivityKind::CreditLow, None, now)?;
            }
            Ok(())
        });
        turned.await?;
    }
    Ok(())
}

async fn emit_start(app: &App, tx: &Tx, id: Uuid, tariff_id: Uuid) -> Result<()> {
    let now = app.clock.now();
    if !tariff_versions::mark_begun(tx.conn(), id, now).await? {
        return Ok(());
    }
    let tariff = tariffs::by_id(tx.conn(), tariff_id).await?.ok_or(Error::NotFound)?;
    version_changed(tx, &tariff, ActivityKind::VersionInForce, id, now).await
}

/// Emits an event in the feed of an account, or in the activity of a callshop.
///
/// # Errors
/// Fails with internal faults only.
pub(crate) fn emit(
    tx: &Tx,
    account_id: Uuid,
    kind: ActivityKind,
    subject: Option<Subject>,
    at: DateTime<Utc>,
) -> Result<()> {
    let payload = match subject {
        Some(subject) => json!({ "subject": serde_json::to_value(subject).or_fault()? }),
        None => json!({}),
    };
    emit_with(tx, account_id, (kind, payload), at);
    Ok(())
}

fn emit_with(tx: &Tx, account_id: Uuid, (kind, payload): (ActivityKind, Value), at: DateTime<Utc>) {
    tx.emit(NewActivity {
        callshop_id: account_id,
        at,
        kind,
        cabin_id: None,
        session_id: None,
        call_id: None,
        payload,
    });
}

/// Emits an event that a webhook was disabled, in the feed of the webhook's account, or in the activity of the callshop.
///
/// # Errors
/// Fails with internal faults only.
pub(crate) fn webhook_disabled(
    tx: &Tx,
    webhook: &webhook::Model,
    reason: WebhookDisabledReason,
    at: DateTime<Utc>,
) -> Result<()> {
    let subject = serde_json::to_value(Subject::Webhook(webhook.id)).or_fault()?;
    let payload = json!({ "subject": subject, "disabled_reason": reason.as_str() });
    emit_with(tx, webhook.account_id, (ActivityKind::WebhookDisabled, payload), at);
    Ok(())
}

/// Emits the events about a change to a tariff's version. The tariff's owner gets an event about what happened to the version. Every account with
/// this cost tariff, except callshops, gets an event about the change to its costs.
///
/// # Errors
/// May fail with database errors.
pub(crate) async fn version_changed(
    tx: &Tx,
    tariff: &tariff::Model,
    kind: ActivityKind,
    id: Uuid,
    at: DateTime<Utc>,
) -> Result<()> {
    emit(tx, tariff.account_id, kind, Some(Subject::TariffVersion(id)), at)?;
    for payer in accounts::resellers_paying_by(tx.conn(), tariff.id).await? {
        emit(tx, payer, ActivityKind::CostChanged, Some(Subject::Tariff(tariff.id)), at)?;
    }
    Ok(())
}

/// Notifies the owner of an import's tariff if the import has ended, or if the import is waiting for a file or an answer.
///
/// # Errors
/// May fail with database errors.
pub(crate) async fn import_changed(tx: &Tx, row: &tariff_import::Model, at: DateTime<Utc>) -> Result<()> {
    let kind = match row.state {
        ImportState::Upload | ImportState::Reading => return Ok(()),
        ImportState::Asks | ImportState::UploadAgain => ActivityKind::ImportWaits,
        ImportState::Checked | ImportState::Done | ImportState::Failed | ImportState::Canceled => {
            ActivityKind::ImportEnded
        }
    };
    let tariff = tariffs::by_id(tx.conn(), row.tariff_id).await?.ok_or(Error::NotFound)?;
    emit(tx, tariff.account_id, kind, Some(Subject::TariffImport(row.id)), at)
}
