//! One attempt to post a message.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entity::{
    WebhookDeliveryStatus, WebhookDisabledReason, WebhookMessageKind, webhook, webhook_delivery as log,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::failure::Failure;
use super::ports::{Answer, Outgoing};
use super::{rights, signing};
use crate::{App, access};
use base::error::Result;
use store::{Scope, accounts};

/// Status with which a receiver says that it wants no more messages.
const GONE: u16 = 410;

/// A message.
pub(super) struct Message {
    /// The kind of the message.
    pub(super) kind: WebhookMessageKind,
    /// The header `webhook-id`.
    pub(super) id: String,
    /// The callshop; `None` for a ping, and for a message about the feed of the webhook's account.
    pub(super) callshop_id: Option<Uuid>,
    /// The number of the event, or of the last event of a gap; `None` for a ping.
    pub(super) seq: Option<i64>,
    /// The body.
    pub(super) body: String,
}

/// The id of a message about an event of a callshop or account. All attempts have the same id, on every node, so that receivers can ignore repeated
/// messages.
pub(super) fn message_id(webhook_id: Uuid, callshop_id: Uuid, kind: WebhookMessageKind, seq: i64) -> String {
    let digest = Sha256::digest(format!("{webhook_id} {callshop_id} {} {seq}", kind.as_str()).as_bytes());
    let text: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("msg_{text}")
}

/// Checks whether a webhook may still act:
/// - the token that made the webhook must not have ended;
/// - the webhook's account must be in the subtree of the account of the webhook's creator;
/// - the callshop must be in the subtree of the webhook's account;
/// - neither the creator's account nor an account above it may be suspended.
///
/// A webhook still acts if its creator is disabled, because a webhook belongs to its account.
///
/// # Errors
/// May fail with database errors. The inner error is the reason to disable the webhook.
pub(super) async fn may_act(
    app: &App,
    webhook: &webhook::Model,
    callshop_id: Option<Uuid>,
) -> Result<Result<(), WebhookDisabledReason>> {
    let conn = app.store.reader();
    let creator = accounts::users_by_ids(conn, &[webhook.created_by]).await?.pop();
    let Some(creator) = creator else { return Ok(Err(WebhookDisabledReason::RightsLost)) };
    let shop_id = callshop_id.unwrap_or(webhook.account_id);
    let ids = [creator.account_id, webhook.account_id, shop_id];
    let rows = accounts::by_ids(conn, &ids).await?;
    let found = ids.map(|id| rows.iter().find(|account| account.id == id));
    let [Some(above), Some(own), Some(shop)] = found else {
        return Ok(Err(WebhookDisabledReason::RightsLost));
    };
    // accounts never move, so this check can fail only if somebody has changed the database by hand
    if !Scope::subtree(&above.path).holds(&own.path) || !Scope::subtree(&own.path).holds(&shop.path) {
        return Ok(Err(WebhookDisabledReason::RightsLost));
    }
    if rights::has_ended(app, conn, webhook).await? {
        return Ok(Err(WebhookDisabledReason::TokenEnded));
    }
    if access::chain(conn, above).await?.iter().any(|account| account.suspended_at.is_some()) {
        return Ok(Err(WebhookDisabledReason::AccountSuspended));
    }
    Ok(Ok(()))
}

/// The result of an attempt.
pub(super) struct Outcome {
    result: Result<Answer, Failure>,
    /// When the attempt began.
    pub(super) began: DateTime<Utc>,
    took: Duration,
}

/// Signs and posts a message.
///
/// # Errors
/// Fails with internal faults only. It is not an error if the receiver does not accept the message.
pub(super) async fn post(
    app: &App,
    webhook: &webhook::Model,
    message: &Message,
    timeout: Duration,
) -> Result<Outcome> {
    let (began, start) = (app.clock.now(), Instant::now());
    let headers = signing::headers(app, webhook, &message.id, &message.body, began)?;
    let outgoing = Outgoing { url: webhook.url.clone(), headers, body: message.body.clone(), timeout };
    let result = app.webhooks.sender.post(outgoing).await.map_err(Failure::NoAnswer);
    let outcome = Outcome { result, began, took: start.elapsed() };
    match outcome.is_accepted() {
        true => app.metrics.webhooks.delivered(),
        false => app.metrics.webhooks.failed(),
    }
    Ok(outcome)
}

impl Outcome {
    /// The outcome of an attempt whose message could not be written.
    pub(super) fn unwritten(began: DateTime<Utc>) -> Self {
        Self { result: Err(Failure::Unwritten), began, took: Duration::ZERO }
    }

    fn status(&self) -> Option<u16> {
        self.result.as_ref().ok().map(|answer| answer.status)
    }

    /// Whether the receiver accepted the message.
    pub(super) fn is_accepted(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver wants no more messages.
    pub(super) fn is_gone(&self) -> bool {
        self.status() == Some(GONE)
    }

    fn failure(&self) -> Option<Failure> {
        match &self.result {
            Err(failure) => Some(failure.clone()),
            Ok(_) if self.is_accepted() => None,
            Ok(answer) => Some(Failure::Refused(answer.status)),
        }
    }

    /// The row for the log. `otherwise` is the status of a message that was not accepted.
    pub(super) fn row(
        &self,
        webhook_id: Uuid,
        message: &Message,
        attempts: i32,
        otherwise: WebhookDeliveryStatus,
        next_attempt_at: Option<DateTime<Utc>>,
    ) -> log::Model {
        log::Model {
            id: Uuid::now_v7(),
            webhook_id,
            callshop_id: message.callshop_id,
            seq: message.seq,
            kind: message.kind,
            message_id: message.id.clone(),
            status: if self.is_accepted() { WebhookDeliveryStatus::Delivered } else { otherwise },
            attempts,
            response_status: self.status().map(i32::from),
            response_body: self.result.as_ref().map(|answer| answer.body.clone()).unwrap_or_default(),
            // a failure has only texts and numbers, so it can always be written
            error: self.failure().and_then(|failure| serde_json::to_value(failure).ok()),
            duration_ms: i64::try_from(self.took.as_millis()).unwrap_or(i64::MAX),
            created_at: self.began,
            attempted_at: self.began,
            next_attempt_at,
        }
    }
}
