//! Authenticates access tokens and API tokens. A node caches each login for less than a second.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::App;
use crate::auth::actor::Actor;
use crate::auth::api_token::{self, SeenTokens};
use crate::auth::token::TokenKey;
use base::error::{Error, Result};
use store::accounts;

/// How long a node caches a login. A revocation takes effect on every node within this time.
const IDENTITY_TTL: Duration = Duration::from_millis(700);

/// In-memory state of authentication: the token key and cached logins.
pub struct Identities {
    pub(crate) key: TokenKey,
    known: Cache<Uuid, (Actor, DateTime<Utc>)>,
    /// A cancellation token for each login. This node cancels the token when it learns that the login is revoked. Open sockets watch these
    /// cancellation tokens.
    watches: Cache<Uuid, CancellationToken>,
    pub(in crate::auth) tokens: SeenTokens,
}

impl Identities {
    /// Creates an empty cache that also holds the key for signing access tokens.
    pub fn new(key: TokenKey) -> Self {
        Self {
            key,
            known: Cache::builder().max_capacity(100_000).time_to_live(IDENTITY_TTL).build(),
            watches: Cache::builder().max_capacity(100_000).time_to_idle(Duration::from_secs(86_400)).build(),
            tokens: SeenTokens::default(),
        }
    }

    /// The signature in the URL for uploading an import's file. The URL is valid until the Unix time `until`.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub(crate) fn upload_code(&self, import: Uuid, until: i64) -> Result<String> {
        self.key.upload_code(import, until)
    }

    /// A cancellation token that is canceled as soon as this node learns that the login has ended.
    pub fn watch(&self, session_id: Uuid) -> CancellationToken {
        self.watches.get_with(session_id, CancellationToken::new)
    }

    /// Makes this node read a login or API token from the database again. Unlike [`Self::forget`], this function keeps the sockets of the login or
    /// token open.
    pub(crate) fn renew(&self, session_id: Uuid) {
        self.known.invalidate(&session_id);
    }

    /// A cached login or API token, and the time when it expires.
    pub(in crate::auth) fn known(&self, id: Uuid) -> Option<(Actor, DateTime<Utc>)> {
        self.known.get(&id)
    }

    /// Caches a login or API token that was just read from the database.
    pub(in crate::auth) fn remember(&self, actor: &Actor, expires_at: DateTime<Utc>) {
        self.known.insert(actor.session_id, (actor.clone(), expires_at));
    }

    pub(crate) fn forget(&self, ids: &[Uuid]) {
        for id in ids {
            self.known.invalidate(id);
            if let Some(watch) = self.watches.remove(id) {
                watch.cancel();
            }
        }
    }
}

/// Returns the user and the expiry of an access token or API token. Reads the login or API token from the database unless it is cached.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] if the token is forged, expired or revoked, or its user is disabled.
pub async fn authenticate(app: &App, access: &str) -> Result<(Actor, DateTime<Utc>)> {
    if access.starts_with(api_token::PREFIX) {
        return api_token::authenticate(app, access).await;
    }
    let now = app.clock.now();
    let claims = app.identities.key.check(access, now)?;
    let expires = DateTime::from_timestamp(claims.exp, 0).ok_or(Error::Unauthenticated)?;
    if let Some((actor, ends)) = app.identities.known.get(&claims.sid)
        && ends > now
        && actor.user_id == claims.sub
    {
        return Ok((actor, expires));
    }
    let (actor, ends) = holder_of(app, claims.sid, now).await?;
    if actor.user_id != claims.sub {
        return Err(Error::Unauthenticated);
    }
    app.identities.known.insert(claims.sid, (actor.clone(), ends));
    Ok((actor, expires))
}

/// The holder of a login that is valid at `now`, and the time when the login expires. Reads the holder and the expiry from the database.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] if the login does not exist, was revoked or has expired, or if its user is disabled.
pub(in crate::auth) async fn holder_of(
    app: &App,
    session_id: Uuid,
    now: DateTime<Utc>,
) -> Result<(Actor, DateTime<Utc>)> {
    let found = accounts::identity(app.store.reader(), session_id).await?;
    let (session, user, account) = found
        .filter(|(session, user, _)| {
            session.revoked_at.is_none() && session.expires_at > now && user.disabled_at.is_none()
        })
        .ok_or(Error::Unauthenticated)?;
    Ok((Actor::new(&app.config.auth, &session, &user, &account), session.expires_at))
}
