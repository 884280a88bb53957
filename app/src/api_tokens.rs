//! API tokens: a program uses a token to act on behalf of the user who created the token. A token has only some of its creator's rights: the scopes
//! that the creator chose, in the subtree of the account that the creator chose. The secret is shown once and stored as a hash.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{TokenScope, account, api_token, user};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::clean_name;
use super::audit::{self, Change};
use super::idempotency;
use super::{App, access};
use crate::auth::{Actor, Right, api_token as secrets, login, rights, token};
use base::error::{Error, ErrorCode, Result};
use store::{Listed, Page, Scope, Tx, accounts, api_tokens as rows};

/// Maximum lifetime of a token, in days.
pub const MAX_DAYS: i64 = 400;
/// Maximum number of valid tokens of an account.
const MAX_TOKENS: u64 = 100;
/// Number of characters that are stored and shown from the beginning of the secret, including [`secrets::PREFIX`]. The stored characters reveal so
/// little that more than 200 random bits of the secret remain unknown.
const SHOWN: usize = 11;
/// Longest time in seconds for which a rotated token stays valid: seven days.
pub const MAX_GRACE_SECONDS: i64 = 7 * 86_400;

/// Input for a new token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Name that tells people the purpose of the token.
    pub name: String,
    /// What the token may do.
    pub scopes: Vec<TokenScope>,
    /// When the token expires, at most [`MAX_DAYS`] from now.
    pub expires_at: DateTime<Utc>,
    /// The account whose subtree the token may use; `None` means the account of the token's creator.
    pub account_id: Option<Uuid>,
}

/// Input for a rotation.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The token to replace.
    pub id: Uuid,
    /// When the new token expires; `None` keeps the expiry of the replaced token.
    pub expires_at: Option<DateTime<Utc>>,
    /// How long the replaced token stays valid, in seconds, at most [`MAX_GRACE_SECONDS`].
    pub grace_seconds: i64,
}

/// A new token.
#[derive(Clone, Debug)]
pub struct Made {
    /// The token.
    pub token: api_token::Model,
    /// The secret; `None` if an earlier request with the same idempotency key already returned it.
    pub secret: Option<String>,
}

/// The scope that this scope includes, if any. A token that may change a kind of object may also read it.
fn included(scope: TokenScope) -> Option<TokenScope> {
    use TokenScope::*;
    match scope {
        AccountsWrite => Some(AccountsRead),
        CabinsWrite => Some(CabinsRead),
        CallsWrite => Some(CallsRead),
        PhonesWrite => Some(PhonesRead),
        RegisterWrite => Some(RegisterRead),
        SessionsWrite => Some(SessionsRead),
        TariffsWrite => Some(TariffsRead),
        WebhooksWrite => Some(WebhooksRead),
        AccountsRead | AuditRead | CabinsRead | CallsRead | CreditWrite | LedgerRead | PhonesRead
        | RegisterRead | ReportsRead | SessionsRead | TariffsRead | WebhooksRead => None,
    }
}

/// These scopes and the scopes that they include, each once, in order.
pub fn including(scopes: &[TokenScope]) -> Vec<TokenScope> {
    let mut all: Vec<TokenScope> =
        scopes.iter().copied().chain(scopes.iter().copied().filter_map(included)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The scopes of a token. A scope that only a later release knows is ignored and grants nothing.
pub fn scopes_of(token: &api_token::Model) -> Vec<TokenScope> {
    let texts = token.scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}

/// Creates a token for the actor's user.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the account has [`MAX_TOKENS`] valid tokens, and with `NOT_FOUND` for an account outside the actor's subtree. May
/// also fail with `INVALID_INPUT` or `FORBIDDEN`.
pub async fn create(app: &App, actor: &Actor, new: NewToken) -> Result<Made> {
    actor.require(Right::ManageTokens)?;
    let maker = Maker { user_id: actor.user_id, account_id: actor.account_id, scope: actor.scope() };
    let act = create_for(app, actor, &maker, new);
    idempotency::repeatable(app, actor, act, |id| made(app, actor, id)).await
}

/// The token that an earlier request created, without its secret.
async fn made(app: &App, actor: &Actor, id: Uuid) -> Result<Made> {
    Ok(Made { token: find(app, actor, id).await?, secret: None })
}

/// Creates a token for the user with this login (`name@code`), on behalf of the operator at the command line.
///
/// # Errors
/// Fails with `NOT_FOUND` for an unknown or disabled login, and with `FORBIDDEN` for a user who has no right to create tokens. See [`create`].
pub async fn create_as(app: &App, operator: &Actor, login: &str, new: NewToken) -> Result<Made> {
    operator.require(Right::ManageTokens)?;
    let (user, account) = maker_of(app, login).await?;
    let maker = Maker { user_id: user.id, account_id: account.id, scope: Scope::subtree(&account.path) };
    create_for(app, operator, &maker, new).await
}

async fn maker_of(app: &App, login: &str) -> Result<(user::Model, account::Model)> {
    let found = login::find(app, &login.trim().to_lowercase()).await?;
    let (user, account) = found.filter(|(user, _)| user.disabled_at.is_none()).ok_or(Error::NotFound)?;
    if rights::allows(user.role, Right::ManageTokens) { Ok((user, account)) } else { Err(Error::Forbidden) }
}

/// The user who creates a token.
struct Maker {
    user_id: Uuid,
    account_id: Uuid,
    scope: Scope,
}

async fn create_for(app: &App, actor: &Actor, maker: &Maker, new: NewToken) -> Result<Made> {
    let now = app.clock.now();
    let name = clean_name("name", &new.name)?;
    if new.scopes.is_empty() {
        return Err(Error::invalid("scopes", "Name at least one scope."));
    }
    check_expiry(new.expires_at, now)?;
    let (new, name) = (&new, name.as_str());
    app.write_as(actor, |tx| async move { insert(&tx, actor, maker, (name, new), now).await }).await
}

async fn insert(
    tx: &Tx,
    actor: &Actor,
    maker: &Maker,
    (name, new): (&str, &NewToken),
    now: DateTime<Utc>,
) -> Result<Made> {
    let id = new.account_id.unwrap_or(maker.account_id);
    // with this lock, concurrent requests count the tokens one after the other, so each request sees the tokens that the others created
    let account = accounts::lock(tx.conn(), &maker.scope, id).await?.ok_or(Error::NotFound)?;
    check_room(tx, account.id, now).await?;
    let (token, secret) = build(maker.user_id, account.id, name, &new.scopes, (now, new.expires_at));
    rows::insert(tx.conn(), token.clone()).await?;
    record(tx, actor, "createApiToken", &token, (Value::Null, shown(&token)), now).await?;
    idempotency::keep(tx, actor, now, &token.id).await?;
    Ok(Made { token, secret: Some(secret) })
}

fn check_expiry(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    if expires_at > now && expires_at - now <= TimeDelta::days(MAX_DAYS) {
        return Ok(());
    }
    let message =
        base::message!("`expiresAt` must be in the future, at most {max} days from now.", max = MAX_DAYS);
    Err(Error::invalid("expiresAt", message))
}

async fn check_room(tx: &Tx, account_id: Uuid, now: DateTime<Utc>) -> Result<()> {
    if rows::count_valid(tx.conn(), account_id, now).await? < MAX_TOKENS {
        return Ok(());
    }
    let message =
        base::message!("The account has {max} valid tokens. Revoke one of them first.", max = MAX_TOKENS);
    Err(Error::user(ErrorCode::IllegalState, message))
}

/// A new token and its secret.
fn build(
    created_by: Uuid,
    account_id: Uuid,
    name: &str,
    scopes: &[TokenScope],
    (created_at, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> (api_token::Model, String) {
    let (id, secret) = (Uuid::now_v7(), secrets::new_secret());
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    // truncate the time to microseconds, the precision of the databases, so that a repeated request gets the same answer
    let expires_at = DateTime::from_timestamp_micros(expires_at.timestamp_micros()).unwrap_or(expires_at);
    let row = api_token::Model {
        id,
        family_id: id,
        account_id,
        created_by,
        name: name.to_owned(),
        prefix: secret.chars().take(SHOWN).collect(),
        secret_hash: token::digest(&secret),
        scopes: json!(scopes),
        created_at,
        expires_at,
        last_used_at: None,
        revoked_at: None,
        maker_disabled_at: None,
        rotated_from_id: None,
    };
    (row, secret)
}

/// Replaces a token with a new one that has the same name, scopes and account. The old token stays valid for the grace period. Only the user who
/// created the token may replace it, because the new secret has that user's rights.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a token that has ended or was rotated before, and with `FORBIDDEN` for another user's token. May also fail with
/// `INVALID_INPUT` or `NOT_FOUND`.
pub async fn rotate(app: &App, actor: &Actor, rotation: Rotation) -> Result<Made> {
    actor.require(Right::ManageTokens)?;
    let act = rotate_now(app, actor, rotation);
    idempotency::repeatable(app, actor, act, |id| made(app, actor, id)).await
}

async fn rotate_now(app: &App, actor: &Actor, rotation: Rotation) -> Result<Made> {
    if !(0..=MAX_GRACE_SECONDS).contains(&rotation.grace_seconds) {
        let message =
            base::message!("`gracePeriodSeconds` must be between 0 and {max}.", max = MAX_GRACE_SECONDS);
        return Err(Error::invalid("gracePeriodSeconds", message));
    }
    let now = app.clock.now();
    if let Some(expires_at) = rotation.expires_at {
        check_expiry(expires_at, now)?;
    }
    let rotation = &rotation;
    let made = app.write_as(actor, |tx| async move { replace(&tx, actor, rotation, now).await }).await?;
    if rotation.grace_seconds == 0 {
        login::forget(app, &[rotation.id]);
    } else {
        app.identities.renew(rotation.id);
    }
    Ok(made)
}

async fn replace(tx: &Tx, actor: &Actor, rotation: &Rotation, now: DateTime<Utc>) -> Result<Made> {
    let old = rows::lock(tx.conn(), &actor.scope(), rotation.id).await?.ok_or(Error::NotFound)?;
    if old.created_by != actor.user_id {
        return Err(Error::Forbidden);
    }
    if old.revoked_at.is_some() || old.expires_at <= now {
        let message = "The token was revoked or has expired. Create a new one.";
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    if let Some(successor) = rows::successor(tx.conn(), old.id).await? {
        let message = base::message!(
            "The token has already been rotated. Rotate its successor, whose secret begins with {prefix} (`apiTokens` has its id).",
            prefix = successor.prefix
        );
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    accounts::lock(tx.conn(), &actor.scope(), old.account_id).await?.ok_or(Error::NotFound)?;
    check_room(tx, old.account_id, now).await?;
    let times = (now, rotation.expires_at.unwrap_or(old.expires_at));
    let (row, secret) = build(old.created_by, old.account_id, &old.name, &scopes_of(&old), times);
    let row = api_token::Model { family_id: old.family_id, rotated_from_id: Some(old.id), ..row };
    rows::insert(tx.conn(), row.clone()).await?;
    let grace_ends = now + TimeDelta::seconds(rotation.grace_seconds);
    let ends = old.expires_at.min(grace_ends);
    let (before, after) =
        (json!({ "expiresAt": old.expires_at }), json!({ "expiresAt": ends, "successor": row.id }));
    record(tx, actor, "rotateApiToken", &old, (before, after), now).await?;
    rows::update(tx.conn(), api_token::Model { expires_at: ends, ..old }).await?;
    idempotency::keep(tx, actor, now, &row.id).await?;
    Ok(Made { token: row, secret: Some(secret) })
}

/// Revokes a token and closes its sockets on every node. Revoking a revoked token has no effect.
///
/// # Errors
/// Fails with `NOT_FOUND` for a token whose creator is outside the actor's subtree. May also fail with `FORBIDDEN`.
pub async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<api_token::Model> {
    actor.require(Right::ManageTokens)?;
    let now = app.clock.now();
    let revoked = app.write_as(actor, |tx| async move {
        let old = rows::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        if old.revoked_at.is_some() {
            return Ok(old);
        }
        let values = (json!({ "revokedAt": null }), json!({ "revokedAt": now }));
        record(&tx, actor, "revokeApiToken", &old, values, now).await?;
        rows::update(tx.conn(), api_token::Model { revoked_at: Some(now), ..old }).await
    });
    let revoked = revoked.await?;
    login::forget(app, &[id]);
    Ok(revoked)
}

/// Lists an account's tokens that were created by users in the actor's subtree, newest first.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn list(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    page: Page,
) -> Result<Listed<api_token::Model>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::ManageTokens).await?;
    rows::list(conn, &actor.scope(), account.id, page).await
}

/// Finds the tokens with these ids that the actor may see. A user sees the tokens that users in the actor's subtree created; a token sees only
/// itself.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<api_token::Model>> {
    if let Some(own) = &actor.token {
        let ids: Vec<Uuid> = ids.iter().copied().filter(|id| *id == own.id).collect();
        return rows::by_ids(app.store.reader(), &ids).await;
    }
    if !actor.may(Right::ManageTokens) {
        return Ok(Vec::new());
    }
    rows::find_all(app.store.reader(), &actor.scope(), ids).await
}

/// Finds a token that the actor may see, as in [`find_all`].
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<api_token::Model> {
    find_all(app, actor, &[id]).await?.pop().ok_or(Error::NotFound)
}

/// The token with which this request was made.
///
/// # Errors
/// Fails with [`Error::Forbidden`] for a login.
pub async fn own(app: &App, actor: &Actor) -> Result<api_token::Model> {
    let id = actor.token.as_ref().ok_or(Error::Forbidden)?.id;
    find(app, actor, id).await
}

/// Finds tokens by id without an access check. The ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn named(app: &App, ids: &[Uuid]) -> Result<Vec<api_token::Model>> {
    rows::by_ids(app.store.reader(), ids).await
}

/// The token's fields that the audit log records.
fn shown(token: &api_token::Model) -> Value {
    let scopes: Vec<&str> = scopes_of(token).into_iter().map(TokenScope::as_str).collect();
    json!({ "name": token.name, "prefix": token.prefix, "scopes": scopes, "expiresAt": token.expires_at })
}

async fn record(
    tx: &Tx,
    actor: &Actor,
    action: &'static str,
    token: &api_token::Model,
    (before, after): (Value, Value),
    at: DateTime<Utc>,
) -> Result<()> {
    let change =
        Change { account_id: token.account_id, action, object: ("ApiToken", token.id), before, after };
    audit::record(tx, actor, at, change).await
}

/// Parses a scope in the notation of the documentation and the command line, such as `tariffs:read`.
///
/// # Errors
/// Fails with `INVALID_INPUT` for an unknown scope. The message lists all scopes.
pub fn parse_scope(text: &str) -> Result<TokenScope> {
    text.trim().to_uppercase().replace(':', "_").parse().map_err(|_| {
        let known: Vec<String> = all_scopes().map(spelling).collect();
        let scopes = known.join(", ");
        let message = base::message!("There is no scope \"{text}\". The scopes are {scopes}.", text, scopes);
        Error::invalid("scopes", message)
    })
}

/// Every scope.
pub fn all_scopes() -> impl Iterator<Item = TokenScope> {
    TokenScope::all()
}

/// A scope in the notation of the documentation and the command line, such as `tariffs:read`.
pub fn spelling(scope: TokenScope) -> String {
    scope.as_str().to_lowercase().replacen('_', ":", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_as_noun_and_verb() {
        for scope in all_scopes() {
            let text = spelling(scope);
            assert!(text.ends_with(":read") || text.ends_with(":write"), "{text}");
            assert_eq!(parse_scope(&text).unwrap(), scope);
        }
        let unknown = parse_scope("tariffs:eat").unwrap_err().to_string();
        assert!(unknown.contains("tariffs:read"), "{unknown}");
    }

    #[test]
    fn writing_includes_reading() {
        use TokenScope::{CallsRead, TariffsRead, TariffsWrite};
        assert_eq!(
            including(&[TariffsWrite, CallsRead, TariffsWrite]),
            [CallsRead, TariffsRead, TariffsWrite]
        );
    }

    #[test]
    fn a_secret_is_long_and_only_its_beginning_is_stored() {
        let now = Utc::now();
        let (row, secret) = build(Uuid::nil(), Uuid::nil(), "n", &[TokenScope::CallsRead], (now, now));
        // 43 characters of 6 bits each
        assert!(secret.starts_with(secrets::PREFIX) && secret.len() == 46, "{secret}");
        assert!(secret.starts_with(&row.prefix) && row.prefix.len() == SHOWN);
        assert!(!format!("{row:?}").contains(&secret));
    }
}
