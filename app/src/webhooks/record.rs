//! Records the results of attempts: moves positions, writes the log, and disables webhooks.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    WebhookDeliveryStatus, WebhookDisabledReason, WebhookState, audit_log, webhook, webhook_cursor,
};
use rand::Rng as _;
use serde_json::json;
use uuid::Uuid;

use super::attempt::{Message, Outcome};
use crate::{App, notices};
use base::error::Result;
use store::webhook_positions::{self as positions, Key};
use store::{Tx, audit, webhooks as rows};

/// Pauses after failed attempts, as multiples of `webhooks.first_retry_seconds`. The last pause is repeated: with the default option of five seconds,
/// it lasts eight hours.
const PAUSES: [i64; 9] = [1, 6, 24, 120, 360, 720, 1_440, 2_880, 5_760];

/// A lease on a position.
pub(super) struct Lease {
    /// The holder of the lease.
    pub(super) holder: Uuid,
    /// The position, as it was before the attempt.
    pub(super) cursor: webhook_cursor::Model,
}

impl Lease {
    fn key(&self) -> Key {
        (self.cursor.webhook_id, self.cursor.callshop_id)
    }
}

/// Records that the receiver accepted a message. Returns whether the holder still has the lease.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn delivered(tx: &Tx, lease: &Lease, message: &Message, outcome: &Outcome) -> Result<bool> {
    let (key, conn) = (lease.key(), tx.conn());
    let (seq, attempts) = (message.seq.unwrap_or(lease.cursor.seq), lease.cursor.attempts.saturating_add(1));
    if !positions::advance(conn, key, lease.holder, seq, Some(outcome.began)).await? {
        return Ok(false);
    }
    let row = outcome.row(key.0, message, attempts, WebhookDeliveryStatus::Failed, None);
    rows::note(tx, row).await?;
    // an earlier message may still be waiting for an attempt, but its event was deleted, so the message will not be sent
    if attempts > 1 {
        rows::give_up_until(tx, key, seq).await?;
    }
    Ok(true)
}

/// Records that the receiver did not accept a message. Disables the webhook if the receiver is gone, or if the receiver has accepted no message about
/// any callshop for `webhooks.give_up_hours`. If the lease has ended, nothing is recorded. A webhook that was changed during the attempt stays
/// active.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn failed(
    app: &App,
    lease: &Lease,
    webhook: &webhook::Model,
    attempt: (&Message, &Outcome),
) -> Result<()> {
    let now = app.clock.now();
    let disabled = app.store.write(|tx| async move {
        // the webhook is locked before the position, as in all transactions
        let Some(current) = rows::lock_by_id(tx.conn(), webhook.id).await? else { return Ok(None) };
        let reason = match current.state == WebhookState::Active && current.updated_at == webhook.updated_at {
            true => given_up(app, &tx, lease, (attempt.1, now)).await?,
            false => None,
        };
        let is_last = reason.is_some() || current.state != WebhookState::Active;
        if !note_failed(app, &tx, lease, attempt, (now, is_last)).await? {
            return Ok(None);
        }
        match reason {
            Some(reason) if disable_in(&tx, &current, reason, now).await? => Ok(Some(reason)),
            _ => Ok(None),
        }
    });
    if let Some(reason) = disabled.await? {
        told(app, webhook, reason);
    }
    Ok(())
}

/// Why the webhook is disabled after a failed attempt; `None` if the webhook stays active.
async fn given_up(
    app: &App,
    tx: &Tx,
    lease: &Lease,
    (outcome, now): (&Outcome, DateTime<Utc>),
) -> Result<Option<WebhookDisabledReason>> {
    if outcome.is_gone() {
        return Ok(Some(WebhookDisabledReason::Gone));
    }
    let limit = TimeDelta::hours(app.config.webhooks.give_up_hours.into());
    if lease.cursor.failing_since.is_none_or(|since| now - since < limit) {
        return Ok(None);
    }
    // one event that the receiver refuses blocks only its own callshop
    let success = positions::last_success(tx.conn(), lease.cursor.webhook_id).await?;
    Ok(success.is_none_or(|at| now - at >= limit).then_some(WebhookDisabledReason::DeliveryFailed))
}

/// Writes a failed attempt to the position and to the log. Returns whether the holder still has the lease.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn note_failed(
    app: &App,
    tx: &Tx,
    lease: &Lease,
    (message, outcome): (&Message, &Outcome),
    (now, is_last): (DateTime<Utc>, bool),
) -> Result<bool> {
    let key = lease.key();
    let attempts = lease.cursor.attempts.saturating_add(1);
    let since = lease.cursor.failing_since.unwrap_or(outcome.began);
    let next = now + pause(app.config.webhooks.first_retry_seconds, attempts);
    if !positions::failed(tx.conn(), key, lease.holder, attempts, (since, next)).await? {
        return Ok(false);
    }
    let status = if is_last { WebhookDeliveryStatus::Failed } else { WebhookDeliveryStatus::Pending };
    let row = outcome.row(key.0, message, attempts, status, (!is_last).then_some(next));
    rows::note(tx, row).await?;
    Ok(true)
}

/// Ends a holder's lease on a position.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn release(app: &App, key: Key, holder: Uuid) -> Result<()> {
    app.store.write(|tx| async move { positions::release(tx.conn(), key, holder).await }).await
}

/// Disables a webhook, unless it was changed since it was read.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn disable(
    app: &App,
    webhook: &webhook::Model,
    reason: WebhookDisabledReason,
) -> Result<()> {
    let now = app.clock.now();
    let disabled = app.store.write(|tx| async move {
        match rows::lock_by_id(tx.conn(), webhook.id).await? {
            Some(current) if current.updated_at == webhook.updated_at => {
                disable_in(&tx, &current, reason, now).await
            }
            _ => Ok(false),
        }
    });
    if disabled.await? {
        told(app, webhook, reason);
    }
    Ok(())
}

/// Disables a webhook, and records it in the audit log. Returns whether the webhook was active.
async fn disable_in(
    tx: &Tx,
    webhook: &webhook::Model,
    reason: WebhookDisabledReason,
    now: DateTime<Utc>,
) -> Result<bool> {
    if !rows::disable(tx.conn(), webhook.id, reason, now).await? {
        return Ok(false);
    }
    rows::give_up_pending(tx, webhook.id).await?;
    let entry = audit_log::Model {
        id: Uuid::now_v7(),
        at: now,
        account_id: webhook.account_id,
        user_id: None,
        api_token_id: None,
        action: "disableWebhook".to_owned(),
        object_kind: "Webhook".to_owned(),
        object_id: webhook.id,
        address: String::new(),
        before: json!({ "state": WebhookState::Active, "disabledReason": null }),
        after: json!({ "state": WebhookState::Disabled, "disabledReason": reason }),
    };
    audit::insert(tx.conn(), entry).await?;
    notices::webhook_disabled(tx, webhook, reason, now)?;
    Ok(true)
}

fn told(app: &App, webhook: &webhook::Model, reason: WebhookDisabledReason) {
    app.metrics.webhooks.disabled();
    tracing::warn!(webhook = %webhook.id, reason = reason.as_str(), "a webhook was disabled");
}

/// The pause after this number of failed attempts. The pause is extended at random by up to a fifth, so that attempts for many callshops do not begin
/// at the same moment.
fn pause(first_seconds: u32, attempts: i32) -> TimeDelta {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(PAUSES.len() - 1);
    let millis = PAUSES.get(at).copied().unwrap_or(1).saturating_mul(i64::from(first_seconds) * 1_000);
    TimeDelta::milliseconds(millis + rand::rng().random_range(0..=millis / 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_eight_hours() {
        let within = |attempts: i32, seconds: i64| {
            let found = pause(5, attempts).num_milliseconds();
            assert!((seconds * 1_000..=seconds * 1_200).contains(&found), "{attempts}: {found}");
        };
        within(1, 5);
        within(2, 30);
        within(4, 600);
        within(9, 28_800);
        within(1_000, 28_800);
    }
}
