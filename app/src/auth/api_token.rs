//! Authentication by API token.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{account, api_token, user};
use moka::sync::Cache;
use uuid::Uuid;

use super::actor::Actor;
use super::token;
use crate::{App, api_tokens as cases};
use base::error::{Error, Result};
use store::{accounts, api_tokens};

/// The beginning of every API token. Tools that scan code for leaked secrets recognize tokens by this prefix.
pub const PREFIX: &str = "cs_";
/// Minimum time between two recorded uses of a token.
const TOUCHED_EVERY: Duration = Duration::from_secs(60);
/// How long a node remembers the token of a secret. A secret never belongs to another token, so the only purpose of this limit is to bound memory
/// use.
const KNOWN_FOR: Duration = Duration::from_secs(3600);

/// This node's caches for API tokens.
pub struct SeenTokens {
    /// Ids of tokens, keyed by the hashes of the tokens' secrets.
    ids: Cache<String, Uuid>,
    /// The tokens whose last use this node has recorded recently.
    touched: Cache<Uuid, ()>,
}

impl Default for SeenTokens {
    fn default() -> Self {
        Self {
            ids: Cache::builder().max_capacity(100_000).time_to_live(KNOWN_FOR).build(),
            touched: Cache::builder().max_capacity(100_000).time_to_live(TOUCHED_EVERY).build(),
        }
    }
}

/// A new secret: the prefix, and 256 random bits.
pub fn new_secret() -> String {
    format!("{PREFIX}{}", token::random_secret())
}

/// Returns the actor of an API token, and the time when the token expires. Reads the token from the database unless it is cached, and records its
/// use.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] if the token does not exist, has expired or was revoked, or if its user is disabled.
pub async fn authenticate(app: &App, secret: &str) -> Result<(Actor, DateTime<Utc>)> {
    let (now, hash) = (app.clock.now(), token::digest(secret));
    let known = app.identities.tokens.ids.get(&hash).and_then(|id| app.identities.known(id));
    let (actor, expires_at) = match known.filter(|(_, expires_at)| *expires_at > now) {
        Some(known) => known,
        None => {
            let (actor, expires_at) = holder_of(app, &hash, now).await?;
            app.identities.tokens.ids.insert(hash, actor.session_id);
            app.identities.remember(&actor, expires_at);
            (actor, expires_at)
        }
    };
    note_use(app, actor.session_id, now);
    Ok((actor, expires_at))
}

async fn holder_of(app: &App, hash: &str, now: DateTime<Utc>) -> Result<(Actor, DateTime<Utc>)> {
    let found = api_tokens::by_secret(app.store.reader(), hash).await?;
    checked(app, found, now).await
}

/// The actor of the token with this id, and the time when the token expires.
///
/// # Errors
/// See [`authenticate`].
pub(super) async fn holder_by_id(app: &App, id: Uuid, now: DateTime<Utc>) -> Result<(Actor, DateTime<Utc>)> {
    let found = api_tokens::with_maker(app.store.reader(), id).await?;
    checked(app, found, now).await
}

async fn checked(
    app: &App,
    found: Option<(api_token::Model, user::Model)>,
    now: DateTime<Utc>,
) -> Result<(Actor, DateTime<Utc>)> {
    let conn = app.store.reader();
    let (row, user) = found
        .filter(|(row, user)| {
            row.revoked_at.is_none()
                && row.maker_disabled_at.is_none()
                && row.expires_at > now
                && user.disabled_at.is_none()
        })
        .ok_or(Error::Unauthenticated)?;
    let accounts = accounts::by_ids(conn, &[row.account_id, user.account_id]).await?;
    let account = |id: Uuid| accounts.iter().find(|account: &&account::Model| account.id == id);
    let (Some(own), Some(top)) = (account(user.account_id), account(row.account_id)) else {
        return Err(Error::fault("an API token refers to an account that does not exist"));
    };
    // accounts never move, so this check can fail only after somebody has changed the database by hand
    if !top.path.starts_with(&own.path) {
        return Err(Error::Unauthenticated);
    }
    let scopes = cases::including(&cases::scopes_of(&row));
    Ok((Actor::of_token(&app.config.auth, &row, scopes, &user, (own, top)), row.expires_at))
}

/// Records the token's use in the background, so that the request does not wait for a transaction.
fn note_use(app: &App, id: Uuid, now: DateTime<Utc>) {
    let touched = &app.identities.tokens.touched;
    if touched.contains_key(&id) {
        return;
    }
    touched.insert(id, ());
    let store = app.store.clone();
    tokio::spawn(async move {
        let before = now - TimeDelta::from_std(TOUCHED_EVERY).unwrap_or_default();
        let noted = store.write(|tx| async move { api_tokens::touch(tx.conn(), id, now, before).await });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "failed to record the use of an API token");
        }
    });
}
