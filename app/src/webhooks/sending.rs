//! Posts or skips messages at a user's request.

use std::sync::Arc;
use std::time::Duration;

use entity::{
    WebhookDeliveryStatus, WebhookDisabledReason, WebhookMessageKind, WebhookState, webhook, webhook_cursor,
    webhook_delivery as log,
};
use serde_json::json;
use uuid::Uuid;

use super::attempt::{self, Message, Outcome};
use super::record::{self, Lease};
use super::rights::reader_of_row;
use super::{compile, delivery, find};
use crate::auth::{Actor, Right};
use crate::feed::ActivityEvent;
use crate::{App, idempotency};
use base::error::{Error, ErrorCode, Result};
use store::webhook_positions as positions;
use store::{Tx, activity, webhooks as rows};

/// Maximum time that a request waits for a receiver's answer. The whole request may take ten seconds.
const PATIENCE: Duration = Duration::from_secs(7);

/// Posts a ping, even if the webhook is disabled. A ping is a test message without an event. Returns the result of the only attempt.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the webhook has lost its right to post messages. May also fail with `NOT_FOUND` or `FORBIDDEN`. It is not an error
/// if the receiver does not accept the ping.
pub async fn test(app: &App, actor: &Actor, id: Uuid) -> Result<log::Model> {
    actor.require(Right::ManageWebhooks)?;
    let webhook = find(app, actor, id).await?;
    let ping = json!({ "data": null, "extensions": { "ping": { "at": app.clock.now() } } });
    let message = Message {
        kind: WebhookMessageKind::Ping,
        id: format!("msg_{}", Uuid::new_v4().simple()),
        callshop_id: None,
        seq: None,
        body: ping.to_string(),
    };
    send_once(app, actor, &webhook, &message, 0).await
}

/// Posts a message from the log again, even if the webhook is disabled. The message keeps its id, but its body is written with the webhook's current
/// document. If the webhook is waiting for the receiver to accept this message, this attempt counts as the webhook's next attempt; if the receiver
/// accepts the message, the later events follow. Returns the result of this attempt.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a ping, for an event that was deleted, and for a message that is being sent at the same time. May also fail with
/// `NOT_FOUND` or `FORBIDDEN`.
pub async fn replay(app: &App, actor: &Actor, id: Uuid) -> Result<log::Model> {
    actor.require(Right::ManageWebhooks)?;
    idempotency::repeatable(app, actor, post_again(app, actor, id), |id| delivery(app, actor, id)).await
}

/// The entry of a webhook's log.
async fn delivery(app: &App, actor: &Actor, id: Uuid) -> Result<log::Model> {
    let found = rows::delivery(app.store.reader(), &actor.scope(), id).await?;
    found.map(|(row, _)| row).ok_or(Error::NotFound)
}

async fn post_again(app: &App, actor: &Actor, id: Uuid) -> Result<log::Model> {
    let conn = app.store.reader();
    let found = rows::delivery(conn, &actor.scope(), id).await?;
    let (row, webhook) = found.ok_or(Error::NotFound)?;
    let (shop, Some(seq)) = (row.callshop_id.unwrap_or(webhook.account_id), row.seq) else {
        return Err(illegal("A ping cannot be replayed. Use `testWebhook` to send another one."));
    };
    let payload = compile(app, &reader_of_row(&webhook), &webhook.query)?;
    let body = match row.kind {
        WebhookMessageKind::Gap => payload.gap(shop, seq)?,
        _ => {
            let event = activity::one(conn, shop, seq)
                .await?
                .ok_or_else(|| illegal("The event was deleted, so it cannot be sent again."))?;
            payload.event(&ActivityEvent::of(Arc::new(event), None))?
        }
    };
    let callshop_id = row.callshop_id;
    let message = Message { kind: row.kind, id: row.message_id.clone(), callshop_id, seq: Some(seq), body };
    let position = positions::position(conn, (webhook.id, shop)).await?;
    let is_next = |position: &webhook_cursor::Model| position.seq < seq && !is_skipped(&row, position);
    if position.as_ref().is_some_and(is_next) {
        return send_next(app, actor, &webhook, &message).await;
    }
    send_once(app, actor, &webhook, &message, row.attempts).await
}

/// Whether a user chose to skip this event with `enableWebhook`. The webhook does not wait for a skipped event, but for the report of the gap.
fn is_skipped(row: &log::Model, position: &webhook_cursor::Model) -> bool {
    row.kind == WebhookMessageKind::Event && position.skipped_until >= row.seq
}

fn illegal(message: &'static str) -> Error {
    Error::user(ErrorCode::IllegalState, message)
}

/// Posts a message once, with a timeout of at most [`PATIENCE`], because a user's request waits for the result.
async fn post(app: &App, webhook: &webhook::Model, message: &Message) -> Result<Outcome> {
    match attempt::may_act(app, webhook, message.callshop_id).await? {
        Ok(()) => {}
        Err(WebhookDisabledReason::TokenEnded) => {
            return Err(illegal(
                "The API token that made the webhook was revoked or has expired. Use `enableWebhook` to take the webhook over.",
            ));
        }
        Err(_) => {
            return Err(illegal(
                "The webhook cannot deliver: the account of its creator, or an account above that account, is suspended. Ask for the account to be resumed, or use `enableWebhook` to take the webhook over.",
            ));
        }
    }
    let timeout = PATIENCE.min(Duration::from_secs(app.config.webhooks.timeout_seconds));
    attempt::post(app, webhook, message, timeout).await
}

/// Posts a message without a change of the webhook's position, and writes the result to the log.
async fn send_once(
    app: &App,
    actor: &Actor,
    webhook: &webhook::Model,
    message: &Message,
    attempts: i32,
) -> Result<log::Model> {
    let outcome = post(app, webhook, message).await?;
    let row = outcome.row(webhook.id, message, attempts + 1, WebhookDeliveryStatus::Failed, None);
    let noted = &row;
    let stored = app.write_as(actor, |tx| async move {
        // the webhook may have been deleted meanwhile
        rows::lock(tx.conn(), &actor.scope(), noted.webhook_id).await?.ok_or(Error::NotFound)?;
        rows::note(&tx, noted.clone()).await?;
        let stored = rows::noted(tx.conn(), noted.webhook_id, &noted.message_id).await?;
        let stored = stored.ok_or_else(|| Error::fault("a message is missing in the log"))?;
        idempotency::keep(&tx, actor, app.clock.now(), &stored.id).await?;
        Ok(stored)
    });
    stored.await
}

/// Posts the message for which a webhook's position waits, unless a node is posting it at the same time.
async fn send_next(
    app: &App,
    actor: &Actor,
    webhook: &webhook::Model,
    message: &Message,
) -> Result<log::Model> {
    let key = (webhook.id, message.callshop_id.unwrap_or(webhook.account_id));
    let (holder, now) = (Uuid::new_v4(), app.clock.now());
    let until = now + delivery::lease(app);
    let claimed = app.write_as(actor, |tx| async move {
        rows::lock(tx.conn(), &actor.scope(), webhook.id).await?.ok_or(Error::NotFound)?;
        positions::claim(tx.conn(), key, (holder, true), (now, until)).await
    });
    let busy = "The message is being sent at this moment. Look at the log again.";
    let cursor = claimed.await?.ok_or_else(|| illegal(busy))?;
    let lease = &Lease { holder, cursor };
    let sent = async {
        // a node may have delivered the message just before this request took the lease
        if message.seq.is_some_and(|seq| seq <= lease.cursor.seq) {
            return Err(illegal(busy));
        }
        let outcome = &post(app, webhook, message).await?;
        app.write_as(actor, |tx| async move {
            let noted = note_next(app, &tx, lease, (webhook, message, outcome)).await?;
            idempotency::keep(&tx, actor, app.clock.now(), &noted.id).await?;
            Ok(noted)
        })
        .await
    };
    let sent = sent.await;
    record::release(app, key, holder).await?;
    sent
}

async fn note_next(
    app: &App,
    tx: &Tx,
    lease: &Lease,
    (webhook, message, outcome): (&webhook::Model, &Message, &Outcome),
) -> Result<log::Model> {
    let current = rows::lock_by_id(tx.conn(), webhook.id).await?.ok_or(Error::NotFound)?;
    let noted = match outcome.is_accepted() {
        true => record::delivered(tx, lease, message, outcome).await?,
        false => {
            let ends = current.state != WebhookState::Active;
            record::note_failed(app, tx, lease, (message, outcome), (app.clock.now(), ends)).await?
        }
    };
    if !noted {
        return Err(illegal("The message was skipped, or sent by another request. Look at the log again."));
    }
    let row = rows::noted(tx.conn(), webhook.id, &message.id).await?;
    row.ok_or_else(|| Error::fault("a message is missing in the log"))
}

/// Moves a webhook past a message that its receiver does not accept, so that the next events of the callshop follow. The message is not sent again.
/// If the message is being sent at this moment, it may still arrive, perhaps after the next event.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a message that does not block later messages. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn skip(app: &App, actor: &Actor, id: Uuid) -> Result<log::Model> {
    actor.require(Right::ManageWebhooks)?;
    let found = rows::delivery(app.store.reader(), &actor.scope(), id).await?;
    let (row, webhook) = found.ok_or(Error::NotFound)?;
    let not_waiting = || illegal("The webhook does not wait for this message, so there is nothing to skip.");
    let (shop, Some(seq)) = (row.callshop_id.unwrap_or(webhook.account_id), row.seq) else {
        return Err(not_waiting());
    };
    let (key, row, now) = ((webhook.id, shop), &row, app.clock.now());
    app.write_as(actor, |tx| async move {
        let webhook = rows::lock(tx.conn(), &actor.scope(), key.0).await?.ok_or(Error::NotFound)?;
        // do not move the position past a skipped event, because that could end the report of the gap
        let position = positions::position(tx.conn(), key).await?;
        if position.is_some_and(|position| is_skipped(row, &position)) {
            return Err(not_waiting());
        }
        if !positions::skip_to(tx.conn(), key, seq).await? {
            return Err(not_waiting());
        }
        rows::give_up_until(&tx, key, seq).await?;
        rows::mark_skipped(&tx, key.0, row.id).await?;
        let before = json!({ "messageId": row.message_id, "callshopId": shop, "seq": seq, "status": row.status });
        let after = json!({ "messageId": row.message_id, "callshopId": shop, "seq": seq, "status": WebhookDeliveryStatus::Skipped });
        super::record_change(&tx, actor, "skipDelivery", &webhook, (before, after), now).await?;
        rows::noted(tx.conn(), key.0, &row.message_id).await?.ok_or(Error::NotFound)
    })
    .await
}
