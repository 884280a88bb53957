//! Webhooks: the server posts the activity events of an account's callshops to an address. The body of each message is the answer to a subscription
//! document, which the webhook's creator chose.
//!
//! A webhook reads with the role and the scopes of the user who last chose its address or its document, never with more. A webhook that a user above
//! created may read more than the users of its account, so only users of the creator's account and of the accounts above may see or change it.

mod attempt;
pub mod config;
pub mod delivery;
pub mod ports;
mod signing;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccountKind, TokenScope, WebhookDeliveryStatus, WebhookMessageKind, WebhookState, account, webhook,
    webhook_delivery as log,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

use super::api_tokens::MAX_GRACE_SECONDS;
use super::audit::{self, Change};
use super::idempotency;
use super::{App, access};
use crate::auth::{Actor, Right, token};
use crate::feed::ActivityEvent;
use attempt::Message;
use base::error::{Error, ErrorCode, Result};
use ports::{Payload, Reader, SendError};
use store::{Listed, Page, Scope, Tx, accounts, activity, webhooks as rows};

/// Maximum length of a description, in characters.
const MAX_DESCRIPTION: usize = 200;
/// Maximum length of an address, in bytes.
const MAX_URL: usize = 2_000;
/// Maximum length of a document, in bytes.
const MAX_QUERY: usize = 20_000;
/// Longest wait of a request for a receiver's answer. A request has ten seconds in all.
const TEST_PATIENCE: Duration = Duration::from_secs(7);

/// Input for a new webhook.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where the messages are posted.
    pub url: String,
    /// The subscription document.
    pub query: String,
    /// The account whose callshops' events are delivered; `None` means the account that the document names.
    pub account_id: Option<Uuid>,
    /// What the webhook is for.
    pub description: String,
}

/// Input for a change. `None` keeps a value.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where the messages are posted.
    pub url: Option<String>,
    /// The subscription document.
    pub query: Option<String>,
    /// What the webhook is for.
    pub description: Option<String>,
}

/// Input for a new secret.
#[derive(Clone, Copy, Debug)]
pub struct SecretRotation {
    /// The webhook.
    pub id: Uuid,
    /// How long messages are signed with the replaced secret, too, in seconds, at most [`MAX_GRACE_SECONDS`].
    pub grace_seconds: i64,
}

/// A webhook with a new secret.
#[derive(Clone, Debug)]
pub struct Made {
    /// The webhook.
    pub webhook: webhook::Model,
    /// The secret; `None` if an earlier request with the same key got it.
    pub secret: Option<String>,
}

/// Creates a webhook. It delivers the events from now on.
///
/// # Errors
/// Fails with `INVALID_INPUT` for an address or a document that is not acceptable, `ILLEGAL_STATE` if the account has too many webhooks, `NOT_FOUND` for
/// an account outside the actor's subtree, or `FORBIDDEN`.
pub async fn create(app: &App, actor: &Actor, new: NewWebhook) -> Result<Made> {
    actor.require(Right::ManageWebhooks)?;
    idempotency::repeatable(app, actor, create_new(app, actor, new), |id| made(app, actor, id)).await
}

async fn create_new(app: &App, actor: &Actor, new: NewWebhook) -> Result<Made> {
    if !rows::may_make(app.store.reader(), &actor.scope(), actor.user_id).await? {
        let message = "A token that is limited to an account cannot have webhooks of its own. Use a token of its maker's account.";
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let description = clean_description(&new.description)?;
    let new = NewWebhook { query: clean_query(&new.query)?, ..new };
    if let Some(id) = new.account_id {
        access::account(app.store.reader(), actor, id, Right::ManageWebhooks).await?;
    }
    let payload = compile(app, &reader_of(actor), &new.query)?;
    let account_id = payload.account_id();
    if new.account_id.is_some_and(|id| id != account_id) {
        return Err(Error::invalid("accountId", "The document and `accountId` must name the same account."));
    }
    let account = access::account(app.store.reader(), actor, account_id, Right::ManageWebhooks).await?;
    check_kind(&account, payload.as_ref())?;
    check_url(app, &new.url).await?;
    let (new, description) = (&new, description.as_str());
    app.write_as(actor, |tx| async move { insert(app, &tx, actor, account_id, (new, description)).await })
        .await
}

async fn insert(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    account_id: Uuid,
    (new, description): (&NewWebhook, &str),
) -> Result<Made> {
    let now = app.clock.now();
    // the lock makes concurrent requests count each other's webhooks
    let account = accounts::lock(tx.conn(), &actor.scope(), account_id).await?.ok_or(Error::NotFound)?;
    let most = app.config.webhooks.per_account;
    if rows::count(tx.conn(), account.id).await? >= most {
        let message = base::message!("The account has {max} webhooks. Delete one of them first.", max = most);
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let row = webhook::Model {
        id: Uuid::now_v7(),
        account_id: account.id,
        created_by: actor.user_id,
        url: new.url.clone(),
        query: new.query.clone(),
        description: description.to_owned(),
        role: actor.role,
        scopes: stored_scopes(actor),
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
    record(tx, actor, "createWebhook", &row, (Value::Null, shown(&row)), now).await?;
    idempotency::keep(tx, actor, now, &row.id).await?;
    Ok(Made { secret: Some(signing::shown_secret(app, &row)?), webhook: row })
}

/// The webhook of an earlier request.
async fn made(app: &App, actor: &Actor, id: Uuid) -> Result<Made> {
    Ok(Made { webhook: find(app, actor, id).await?, secret: None })
}

/// Changes a webhook. If the address or the document changes, the webhook reads with the actor's role and scopes from now on.
///
/// # Errors
/// Fails with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`; see [`create`].
pub async fn update(app: &App, actor: &Actor, id: Uuid, change: WebhookChange) -> Result<webhook::Model> {
    actor.require(Right::ManageWebhooks)?;
    let description = change.description.as_deref().map(clean_description).transpose()?;
    let change = WebhookChange { query: change.query.as_deref().map(clean_query).transpose()?, ..change };
    find(app, actor, id).await?;
    if let Some(url) = &change.url {
        check_url(app, url).await?;
    }
    let now = app.clock.now();
    let (change, description) = (&change, description.as_ref());
    app.write_as(actor, |tx| async move {
        let old = rows::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        let mut new = webhook::Model { updated_at: now, ..old.clone() };
        new.description = description.cloned().unwrap_or(new.description);
        if change.url.is_some() || change.query.is_some() {
            new.url = change.url.clone().unwrap_or(new.url);
            new.query = change.query.clone().unwrap_or(new.query);
            (new.role, new.scopes) = (actor.role, stored_scopes(actor));
            let payload = compile(app, &reader_of(actor), &new.query)?;
            if payload.account_id() != old.account_id {
                return Err(Error::invalid("query", "The document must name the account of the webhook."));
            }
            check_kind(&access::by_id(tx.conn(), old.account_id).await?, payload.as_ref())?;
        }
        let values = audit::changed(shown(&old), shown(&new));
        record(&tx, actor, "updateWebhook", &old, values, now).await?;
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
    record(tx, actor, "rotateWebhookSecret", &old, (before, json!({ "oldSecretUntil": until })), now).await?;
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
        record(&tx, actor, "deleteWebhook", &old, (shown(&old), Value::Null), now).await?;
        rows::delete(tx.conn(), old.id).await
    })
    .await
}

/// Makes a disabled webhook deliver again, from the events that it has not delivered. Enabling an active webhook ends the pause before the next attempt.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the webhook's role may no longer read its document, `NOT_FOUND` or `FORBIDDEN`.
pub async fn enable(app: &App, actor: &Actor, id: Uuid) -> Result<webhook::Model> {
    actor.require(Right::ManageWebhooks)?;
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let old = rows::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        rows::forgive(tx.conn(), old.id).await?;
        if old.state == WebhookState::Active {
            return Ok(old);
        }
        compile(app, &reader_of_row(&old), &old.query)?;
        let new = webhook::Model {
            state: WebhookState::Active,
            disabled_reason: None,
            disabled_at: None,
            updated_at: now,
            ..old.clone()
        };
        let values = audit::changed(shown(&old), shown(&new));
        record(&tx, actor, "enableWebhook", &old, values, now).await?;
        rows::update(tx.conn(), new).await
    })
    .await
}

/// Lists the webhooks of an account that users of the actor's subtree created, newest first.
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

/// Posts a ping, which is a made-up message without an event, also if the webhook is disabled. Returns the result of the only attempt.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`. A receiver that does not accept the ping is no error.
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

/// Posts a message of the log again, also if the webhook is disabled. The message has the same id. Its event is written as the document says now.
/// Returns the result of this attempt.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a ping, and for an event that was deleted, with `NOT_FOUND` or `FORBIDDEN`.
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
    let (Some(shop), Some(seq)) = (row.callshop_id, row.seq) else {
        let message = "A ping cannot be replayed. Use `testWebhook` to send another one.";
        return Err(Error::user(ErrorCode::IllegalState, message));
    };
    let payload = compile(app, &reader_of_row(&webhook), &webhook.query)?;
    let body = match row.kind {
        WebhookMessageKind::Gap => payload.gap(shop, seq)?,
        _ => {
            let event = activity::one(conn, shop, seq).await?.ok_or_else(|| {
                Error::user(ErrorCode::IllegalState, "The event was deleted, so it cannot be sent again.")
            })?;
            payload.event(&ActivityEvent::of(&event, None)?)?
        }
    };
    let message =
        Message { kind: row.kind, id: row.message_id, callshop_id: Some(shop), seq: Some(seq), body };
    send_once(app, actor, &webhook, &message, row.attempts).await
}

/// Posts a message once, and writes the result to the log.
async fn send_once(
    app: &App,
    actor: &Actor,
    webhook: &webhook::Model,
    message: &Message,
    attempts: i32,
) -> Result<log::Model> {
    let timeout = TEST_PATIENCE.min(Duration::from_secs(app.config.webhooks.timeout_seconds));
    if attempt::may_act(app, webhook, message.callshop_id).await?.is_err() {
        let message = "The webhook may not act: its account is suspended or outside of its creator's branch.";
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let outcome = attempt::post(app, webhook, message, timeout).await?;
    let row = outcome.row(webhook.id, message, attempts + 1, WebhookDeliveryStatus::Failed, None);
    let noted = &row;
    let stored = app.write_as(actor, |tx| async move {
        // the webhook may have been deleted meanwhile
        rows::lock(tx.conn(), &actor.scope(), noted.webhook_id).await?.ok_or(Error::NotFound)?;
        rows::note(tx.conn(), noted.clone()).await?;
        let stored = rows::noted(tx.conn(), noted.webhook_id, &noted.message_id).await?;
        let stored = stored.ok_or_else(|| Error::fault("a message is missing in the log"))?;
        idempotency::keep(&tx, actor, app.clock.now(), &stored.id).await?;
        Ok(stored)
    });
    stored.await
}

/// The rights of the actor, with which the actor's webhooks read.
fn reader_of(actor: &Actor) -> Reader {
    Reader { role: actor.role, scopes: actor.token.as_ref().map(|token| token.scopes.clone()) }
}

/// The rights that are stored with a webhook.
fn reader_of_row(webhook: &webhook::Model) -> Reader {
    Reader { role: webhook.role, scopes: webhook.scopes.as_ref().map(|_| scopes_of(webhook)) }
}

/// The scopes of an API token that are stored with a webhook; empty for a login's. A scope of a later release grants nothing here.
pub fn scopes_of(webhook: &webhook::Model) -> Vec<TokenScope> {
    let texts =
        webhook.scopes.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}

fn stored_scopes(actor: &Actor) -> Option<Value> {
    actor.token.as_ref().map(|token| json!(token.scopes))
}

fn compile(app: &App, reader: &Reader, query: &str) -> Result<Arc<dyn Payload>> {
    app.webhooks.documents.compile(reader, query)
}

/// A document with line feeds and spaces in place of other white space. Databases refuse some control characters.
fn clean_query(text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n").replace('\t', " ");
    if text.len() <= MAX_QUERY && billing::text::is_lines(&text) {
        return Ok(text);
    }
    let message = base::message!(
        "The document must be a text of at most {max} bytes, without control characters.",
        max = MAX_QUERY
    );
    Err(Error::invalid("query", message))
}

/// Fails if a document about one callshop names another account.
fn check_kind(account: &account::Model, payload: &dyn Payload) -> Result<()> {
    let fits = !payload.is_for_callshop() || account.kind == AccountKind::Callshop;
    if fits { Ok(()) } else { Err(Error::NotFound) }
}

fn clean_description(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() <= MAX_DESCRIPTION && (text.is_empty() || billing::text::is_line(text)) {
        return Ok(text.to_owned());
    }
    let message =
        base::message!("`description` must have at most {max} printable characters.", max = MAX_DESCRIPTION);
    Err(Error::invalid("description", message))
}

async fn check_url(app: &App, url: &str) -> Result<()> {
    let invalid = |message: base::message::Message| Err(Error::invalid("url", message));
    let checked = match url.len() <= MAX_URL {
        true => app.webhooks.sender.check(url).await,
        false => Err(SendError::Url),
    };
    match checked {
        Ok(()) => Ok(()),
        Err(SendError::Insecure(_)) => invalid(
            "Use HTTPS. Plain HTTP is allowed only to the networks in `webhooks.allow_private`.".into(),
        ),
        Err(SendError::Forbidden(host)) => invalid(base::message!(
            "{host} has no public address. Use a public host, or ask the operator to add its network to `webhooks.allow_private`.",
            host
        )),
        Err(SendError::Unresolved(host)) => {
            invalid(base::message!("{host} cannot be resolved. Check the name of the host.", host))
        }
        Err(_) => invalid(base::message!(
            "Use an address such as https://example.com/hook, without a user name, a password or a fragment, of at most {max} bytes.",
            max = MAX_URL
        )),
    }
}

/// The fields of a webhook that the audit log records.
/// The address is recorded without its path, because a path may contain a secret, and more people read the audit log.
fn shown(webhook: &webhook::Model) -> Value {
    json!({ "url": origin(&webhook.url), "query": webhook.query, "description": webhook.description, "role": webhook.role,
        "scopes": webhook.scopes, "state": webhook.state, "disabledReason": webhook.disabled_reason })
}

/// The scheme, host and port of an address.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

async fn record(
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
