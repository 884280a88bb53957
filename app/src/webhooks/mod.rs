//! Webhooks: the server posts the activity events of an account's callshops to an address. The body of each message is the answer to a subscription
//! document, which the webhook's creator chose.
//!
//! A webhook never reads more than one user's role and scopes allow: those of the user who last chose its address or document. If a user of a higher
//! account created a webhook, the webhook may read more than the users of its own account may. Therefore, only users of the creator's account and of
//! accounts above it may see or change the webhook.

mod attempt;
mod checks;
pub mod config;
pub mod delivery;
mod failure;
mod following;
mod pausing;
pub mod ports;
mod record;
mod rights;
mod sending;
mod signing;
mod turn;

pub use failure::failure;
pub use following::LogFollower;
pub use pausing::{disable, enable};
pub use rights::scopes_of;
pub use sending::{replay, skip, test};
pub use signing::sign as signature;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{WebhookState, webhook, webhook_delivery as log};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

use super::api_tokens::MAX_GRACE_SECONDS;
use super::audit::{self, Change};
use super::idempotency;
use super::{App, access};
use crate::auth::{Actor, Right, token};
use base::error::{Error, ErrorCode, Result};
use checks::{bad_url, check_kind, check_url, clean_description, clean_query};
use ports::{Payload, Reader};
use rights::Rights;
use store::{Listed, Page, Scope, Tx, accounts, webhooks as rows};

/// Input for a new webhook.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where the messages are posted.
    pub url: String,
    /// The subscription document.
    pub query: String,
    /// The account whose callshops' events are delivered; `None` means the account that the document names.
    pub account_id: Option<Uuid>,
    /// Purpose of the webhook.
    pub description: String,
}

/// Input for a change. `None` keeps a value.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where the messages are posted.
    pub url: Option<String>,
    /// The subscription document.
    pub query: Option<String>,
    /// Purpose of the webhook.
    pub description: Option<String>,
    /// Whether the webhook reads with the actor's rights from now on, even if these are wider than the webhook's current rights.
    pub use_my_rights: bool,
}

/// Input for a new secret.
#[derive(Clone, Copy, Debug)]
pub struct SecretRotation {
    /// The webhook.
    pub id: Uuid,
    /// How long, in seconds, messages are signed with the replaced secret as well as the new one; at most [`MAX_GRACE_SECONDS`].
    pub grace_seconds: i64,
}

/// A webhook with a new secret.
#[derive(Clone, Debug)]
pub struct Made {
    /// The webhook.
    pub webhook: webhook::Model,
    /// The secret; `None` if an earlier request with the same key already returned it.
    pub secret: Option<String>,
}

/// Creates a webhook, which delivers all events that happen from now on.
///
/// # Errors
/// Fails with `INVALID_INPUT` for an address or a document that is not acceptable, with `ILLEGAL_STATE` if the account has too many webhooks, and
/// with `NOT_FOUND` for an account outside the actor's subtree. May also fail with `FORBIDDEN`.
pub async fn create(app: &App, actor: &Actor, new: NewWebhook) -> Result<Made> {
    actor.require(Right::ManageWebhooks)?;
    idempotency::repeatable(app, actor, create_new(app, actor, new), |id| made(app, actor, id)).await
}

async fn create_new(app: &App, actor: &Actor, new: NewWebhook) -> Result<Made> {
    if !rows::may_make(app.store.reader(), &actor.scope(), actor.user_id).await? {
        let message = "A token that is limited to an account cannot have its own webhooks. Use a token for its maker's account.";
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let description = clean_description(&new.description)?;
    let new = NewWebhook { query: clean_query(&new.query)?, description, ..new };
    if let Some(id) = new.account_id {
        access::account(app.store.reader(), actor, id, Right::ManageWebhooks).await?;
    }
    let payload = compile(app, &Rights::of(actor).reader(), &new.query)?;
    let account_id = payload.account_id();
    if new.account_id.is_some_and(|id| id != account_id) {
        return Err(Error::invalid("accountId", "The document and `accountId` must name the same account."));
    }
    let account = access::account(app.store.reader(), actor, account_id, Right::ManageWebhooks).await?;
    check_kind(&account, payload.as_ref())?;
    check_url(app, &new.url).await.map_err(bad_url)?;
    let (new, of_account) = (&new, payload.is_for_account());
    app.write_as(actor, |tx| async move { insert(app, &tx, actor, account_id, (new, of_account)).await })
        .await
}

async fn insert(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    account_id: Uuid,
    (new, of_account): (&NewWebhook, bool),
) -> Result<Made> {
    let now = app.clock.now();
    // with this lock, concurrent requests count the webhooks one after the other, so each request sees the webhooks that the others created
    let account = accounts::lock(tx.conn(), &actor.scope(), account_id).await?.ok_or(Error::NotFound)?;
    let most = app.config.webhooks.per_account;
    if rows::count(tx.conn(), account.id).await? >= most {
        let message = base::message!("The account has {max} webhooks. Delete one of them first.", max = most);
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let rights = Rights::of(actor);
    let row = webhook::Model {
        id: Uuid::now_v7(),
        account_id: account.id,
        created_by: actor.user_id,
        url: new.url.clone(),
        query: new.query.clone(),
        of_account,
        description: new.description.clone(),
        role: rights.role,
        scopes: rights.stored_scopes(),
        api_token_id: rights.api_token_id,
        seed: token::random_secret(),
        old_seed: None,
        old_seed_until: None,
        state: WebhookState::Active,
        disabled_reason: None,
        disabled_at: None,
        created_at: now,
        updated_at: now,
    };
    rows::insert(tx.conn(), row.clone(), &Scope::subtree(&account.path)).await?;
    record_change(tx, actor, "createWebhook", &row, (Value::Null, shown(&row)), now).await?;
    idempotency::keep(tx, actor, now, &row.id).await?;
    Ok(Made { secret: Some(signing::shown_secret(app, &row)?), webhook: row })
}

/// The webhook that an earlier request created or changed.
async fn made(app: &App, actor: &Actor, id: Uuid) -> Result<Made> {
    Ok(Made { webhook: find(app, actor, id).await?, secret: None })
}

/// Changes a webhook. If the address or the document changes, the webhook keeps only those of its rights that the actor also has. The
/// webhook's rights grow only if the actor asks for this with `use_my_rights`.
///
/// # Errors
/// Fails with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`; see [`create`].
pub async fn update(app: &App, actor: &Actor, id: Uuid, change: WebhookChange) -> Result<webhook::Model> {
    actor.require(Right::ManageWebhooks)?;
    let description = change.description.as_deref().map(clean_description).transpose()?;
    let change = WebhookChange { query: change.query.as_deref().map(clean_query).transpose()?, ..change };
    find(app, actor, id).await?;
    if let Some(url) = &change.url {
        check_url(app, url).await.map_err(bad_url)?;
    }
    let now = app.clock.now();
    let (change, description) = (&change, description.as_ref());
    app.write_as(actor, |tx| async move {
        let old = rows::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        let mut new = webhook::Model { updated_at: now, ..old.clone() };
        new.description = description.cloned().unwrap_or(new.description);
        if change.url.is_some() || change.query.is_some() || change.use_my_rights {
            new.url = change.url.clone().unwrap_or(new.url);
            new.query = change.query.clone().unwrap_or(new.query);
            let own = Rights::of(actor);
            let rights = if change.use_my_rights { own } else { Rights::stored(&old).and(&own) };
            let payload = compile(app, &rights.reader(), &new.query)?;
            (new.role, new.scopes) = (rights.role, rights.stored_scopes());
            new.api_token_id = rights.api_token_id;
            if payload.account_id() != old.account_id {
                return Err(Error::invalid("query", "The document must name the account of the webhook."));
            }
            check_kind(&access::by_id(tx.conn(), old.account_id).await?, payload.as_ref())?;
            if payload.is_for_account() != old.of_account {
                let message = "The document cannot switch between the feed of the account and the activity of callshops. Create another webhook.";
                return Err(Error::invalid("query", message));
            }
        }
        let values = audit::changed(shown(&old), shown(&new));
        record_change(&tx, actor, "updateWebhook", &old, values, now).await?;
        rows::update(tx.conn(), new).await
    })
    .await
}

/// Gives a webhook a new secret. Messages are signed with the old secret, too, until the grace period ends.
///
/// # Errors
/// Fails with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn rotate(app: &App, actor: &Actor, rotation: SecretRotation) -> Result<Made> {
    actor.require(Right::ManageWebhooks)?;
    if !(0..=MAX_GRACE_SECONDS).contains(&rotation.grace_seconds) {
        let message =
            base::message!("`gracePeriodSeconds` must be between 0 and {max}.", max = MAX_GRACE_SECONDS);
        return Err(Error::invalid("gracePeriodSeconds", message));
    }
    let rotation = &rotation;
    let act = app.write_as(actor, |tx| async move { replace(app, &tx, actor, rotation).await });
    idempotency::repeatable(app, actor, act, |id| made(app, actor, id)).await
}

async fn replace(app: &App, tx: &Tx, actor: &Actor, rotation: &SecretRotation) -> Result<Made> {
    let now = app.clock.now();
    let old = rows::lock(tx.conn(), &actor.scope(), rotation.id).await?.ok_or(Error::NotFound)?;
    let until = now + TimeDelta::seconds(rotation.grace_seconds);
    let before = json!({ "oldSecretUntil": old.old_seed_until });
    record_change(tx, actor, "rotateWebhookSecret", &old, (before, json!({ "oldSecretUntil": until })), now)
        .await?;
    let row = webhook::Model {
        old_seed: Some(old.seed),
        old_seed_until: Some(until),
        seed: token::random_secret(),
        updated_at: now,
        ..old
    };
    let row = rows::update(tx.conn(), row).await?;
    idempotency::keep(tx, actor, now, &row.id).await?;
    Ok(Made { secret: Some(signing::shown_secret(app, &row)?), webhook: row })
}

/// Deletes a webhook with its log. A message that is being sent may still arrive.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn delete(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    actor.require(Right::ManageWebhooks)?;
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let old = rows::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        record_change(&tx, actor, "deleteWebhook", &old, (shown(&old), Value::Null), now).await?;
        rows::delete(&tx, old.id).await
    })
    .await
}

/// Lists the webhooks of an account that were created by users in the actor's subtree, newest first.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn list(app: &App, actor: &Actor, account_id: Uuid, page: Page) -> Result<Listed<webhook::Model>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::ManageWebhooks).await?;
    rows::list(conn, &actor.scope(), account.id, page).await
}

/// Finds the webhooks with these ids that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<webhook::Model>> {
    if !actor.may(Right::ManageWebhooks) {
        return Ok(Vec::new());
    }
    rows::find_all(app.store.reader(), &actor.scope(), ids).await
}

/// Finds a webhook that the actor may see.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<webhook::Model> {
    find_all(app, actor, &[id]).await?.pop().ok_or(Error::NotFound)
}

/// Lists the messages of a webhook, newest first.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn deliveries(app: &App, actor: &Actor, id: Uuid, page: Page) -> Result<Listed<log::Model>> {
    let webhook = find(app, actor, id).await?;
    rows::deliveries(app.store.reader(), webhook.id, page).await
}

fn compile(app: &App, reader: &Reader, query: &str) -> Result<Arc<dyn Payload>> {
    app.webhooks.documents.compile(reader, query)
}

/// The webhook's fields that the audit log records.
/// The address is recorded without its path, because a path may contain a secret, and more people can read the audit log than the webhook.
fn shown(webhook: &webhook::Model) -> Value {
    json!({ "url": origin(&webhook.url), "query": webhook.query, "description": webhook.description, "role": webhook.role,
        "scopes": webhook.scopes, "apiTokenId": webhook.api_token_id, "state": webhook.state, "disabledReason": webhook.disabled_reason })
}

/// The scheme, host and port of an address.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

async fn record_change(
    tx: &Tx,
    actor: &Actor,
    action: &'static str,
    webhook: &webhook::Model,
    (before, after): (Value, Value),
    at: DateTime<Utc>,
) -> Result<()> {
    let change =
        Change { account_id: webhook.account_id, action, object: ("Webhook", webhook.id), before, after };
    audit::record(tx, actor, at, change).await
}
