//! Exchanges refresh tokens. A login whose refresh token was used twice is revoked.

use chrono::{DateTime, TimeDelta, Utc};
use entity::auth_session;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::{Origin, Tokens, tokens};
use crate::App;
use crate::audit::{self, Change};
use crate::auth::actor::Actor;
use crate::auth::token;
use base::error::{Error, Result};
use store::{Tx, accounts};

/// A refresh token may be used again within 30 seconds, because the first response may have been lost.
const REPEATED_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// Result of checking a refresh token.
enum Presented {
    /// The refresh token is valid, and the login continues with this secret.
    Good(Box<auth_session::Model>, String, Box<Actor>),
    /// The refresh token was used before, so the login is revoked.
    Reused(Uuid),
    /// The server did not issue the refresh token, or the token's login has ended, or its user is disabled. No login is changed.
    Unknown,
}

/// Exchanges a refresh token for a new pair of tokens. The most recently used token may be used again, because its response may have been lost. If
/// that token is used again within [`REPEATED_WITHIN`] and before its successor is used, the exchange returns the same successor. Any other reuse of
/// a token revokes the login, because one of the two clients that used the token must be a thief. A token that this server never issued revokes
/// nothing.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`].
pub async fn refresh(app: &App, refresh: &str, origin: &Origin) -> Result<Tokens> {
    let now = app.clock.now();
    let (id, secret) = refresh.split_once('.').ok_or(Error::Unauthenticated)?;
    let id: Uuid = id.parse().map_err(|_| Error::Unauthenticated)?;
    let presented =
        app.store.write(|tx| async move { present(&tx, app, (id, secret), origin, now).await }).await?;
    match presented {
        Presented::Good(session, secret, actor) => {
            app.identities.renew(id);
            tokens(app, &session, &secret, *actor, now)
        }
        Presented::Reused(id) => {
            tracing::warn!(login = %id, "a used refresh token was presented again; login revoked");
            app.identities.forget(&[id]);
            Err(Error::Unauthenticated)
        }
        Presented::Unknown => Err(Error::Unauthenticated),
    }
}

async fn present(
    tx: &Tx,
    app: &App,
    (id, secret): (Uuid, &str),
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<Presented> {
    let key = &app.identities.key;
    let Some(session) = accounts::auth_session(tx.conn(), id).await? else { return Ok(Presented::Unknown) };
    if session.revoked_at.is_some() || session.expires_at <= now {
        return Ok(Presented::Unknown);
    }
    let is_good =
        |secret: &str| bool::from(session.refresh_hash.as_bytes().ct_eq(token::digest(secret).as_bytes()));
    if is_good(secret) {
        let Some(actor) = holder(tx, app, id).await? else { return Ok(Presented::Unknown) };
        let generation = session.generation.saturating_add(1);
        let next = key.refresh_secret(id, generation)?;
        let session = auth_session::Model {
            refresh_hash: token::digest(&next),
            generation,
            last_used_at: now,
            expires_at: now + TimeDelta::seconds(app.config.auth.refresh_seconds),
            ..session
        };
        accounts::update_auth_session(tx.conn(), session.clone()).await?;
        return Ok(Presented::Good(Box::new(session), next, Box::new(actor)));
    }
    let Some(generation) = key.generation_of(id, secret)? else { return Ok(Presented::Unknown) };
    let successor = key.refresh_secret(id, session.generation)?;
    let is_last_used = generation.checked_add(1) == Some(session.generation);
    if is_last_used && now - session.last_used_at <= REPEATED_WITHIN && is_good(&successor) {
        let Some(actor) = holder(tx, app, id).await? else { return Ok(Presented::Unknown) };
        let change = Change {
            account_id: actor.account_id,
            action: "refresh",
            object: ("User", actor.user_id),
            before: serde_json::json!({}),
            after: serde_json::json!({ "refreshToken": "repeated" }),
        };
        audit::record(tx, &actor.clone().from(origin.address), now, change).await?;
        return Ok(Presented::Good(Box::new(session), successor, Box::new(actor)));
    }
    let ended = auth_session::Model { revoked_at: Some(now), ..session };
    accounts::update_auth_session(tx.conn(), ended).await?;
    Ok(Presented::Reused(id))
}

/// The login's user; `None` if the user is disabled.
async fn holder(tx: &Tx, app: &App, session_id: Uuid) -> Result<Option<Actor>> {
    let found = accounts::identity(tx.conn(), session_id).await?;
    let found = found.filter(|(_, user, _)| user.disabled_at.is_none());
    Ok(found.map(|(session, user, account)| Actor::new(&app.config.auth, &session, &user, &account)))
}

/// Whether a refresh token belongs to the actor's login. Does not check whether the token is valid.
pub fn is_refresh_token_of(actor: &Actor, refresh: &str) -> bool {
    refresh.split_once('.').is_some_and(|(id, _)| id.parse().is_ok_and(|id: Uuid| id == actor.session_id))
}
