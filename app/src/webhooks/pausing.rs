//! Pauses webhooks at a user's request, and makes disabled webhooks deliver again.

use entity::{WebhookDisabledReason, WebhookState, webhook};
use serde_json::Value;
use uuid::Uuid;

use super::rights::{self, Rights};
use super::{compile, record_change, shown};
use crate::auth::{Actor, Right};
use crate::{App, audit, notices};
use base::error::{Error, Result};
use store::{webhook_positions as positions, webhooks as rows};

/// Pauses a webhook. The webhook keeps its positions, so [`enable`] can deliver the events that happen meanwhile, as long as they are stored. A
/// webhook that is already disabled does not change.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn disable(app: &App, actor: &Actor, id: Uuid) -> Result<webhook::Model> {
    actor.require(Right::ManageWebhooks)?;
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let old = rows::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        if old.state == WebhookState::Disabled {
            return Ok(old);
        }
        let new = webhook::Model {
            state: WebhookState::Disabled,
            disabled_reason: Some(WebhookDisabledReason::Paused),
            disabled_at: Some(now),
            updated_at: now,
            ..old.clone()
        };
        rows::give_up_pending(&tx, old.id).await?;
        let values = audit::changed(shown(&old), shown(&new));
        record_change(&tx, actor, "disableWebhook", &old, values, now).await?;
        notices::webhook_disabled(&tx, &old, WebhookDisabledReason::Paused, now)?;
        rows::update(tx.conn(), new).await
    })
    .await
}

/// Makes a disabled webhook deliver again, beginning with the events that it has not delivered. With `skip_missed`, the webhook does not deliver the
/// events that happened before this change; for each callshop with such events, one message reports the gap. If the token that made the webhook has
/// ended, the webhook belongs to the actor's token from now on, or to no token if the actor has none. If the webhook is already active, the pause
/// before its next attempt ends.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the webhook no longer has the rights that its document needs. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn enable(app: &App, actor: &Actor, id: Uuid, skip_missed: bool) -> Result<webhook::Model> {
    actor.require(Right::ManageWebhooks)?;
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let old = rows::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        rows::forgive(tx.conn(), old.id).await?;
        if old.state == WebhookState::Active {
            return Ok(old);
        }
        // if the webhook's token has ended, the webhook depends on the actor's login or token from now on, and gets no more rights than before
        let ended = rights::has_ended(app, tx.conn(), &old).await?;
        let rights = match ended {
            true => Rights::stored(&old).without_token().and(&Rights::of(actor)),
            false => Rights::stored(&old),
        };
        compile(app, &rights.reader(), &old.query)?;
        let new = webhook::Model {
            role: rights.role,
            scopes: rights.stored_scopes(),
            api_token_id: rights.api_token_id,
            state: WebhookState::Active,
            disabled_reason: None,
            disabled_at: None,
            updated_at: now,
            ..old.clone()
        };
        let (mut before, mut after) = audit::changed(shown(&old), shown(&new));
        let enabled = rows::update(tx.conn(), new).await?;
        if skip_missed {
            (before["skipMissed"], after["skipMissed"]) = (Value::Null, true.into());
            // before the skip, add positions for the callshops that were created while the webhook was disabled
            rows::follow_new_shops(tx.conn()).await?;
            positions::skip_all(tx.conn(), old.id).await?;
            rows::mark_missed_skipped(&tx, old.id).await?;
        }
        record_change(&tx, actor, "enableWebhook", &old, (before, after), now).await?;
        Ok(enabled)
    })
    .await
}
