//! Login, refresh, logout, and token authentication.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{account, auth_session, user};
use moka::sync::Cache;
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::actor::Actor;
use super::api_token::{self, SeenTokens};
use super::attempts::{self, Failures, Whose};
use super::token::{self, TokenKey};
use super::{password, second_factor};
use crate::App;
use crate::audit::{self, Change};
use base::error::{Error, ErrorCode, Result};
use store::{Tx, accounts, api_tokens};

/// How long a node caches a login. A revocation takes effect on every node within this time.
const IDENTITY_TTL: Duration = Duration::from_millis(700);
/// A refresh token may be used again within 30 seconds, because the first response may have been lost.
const REPEATED_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// A pair of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// JWT for the `Authorization` header.
    pub access: String,
    /// Expiry of the access token.
    pub access_expires_at: DateTime<Utc>,
    /// Refresh token, valid for one `refresh`.
    pub refresh: String,
    /// The authenticated user.
    pub actor: Actor,
}

/// The password and the code with which a person logs in.
pub struct Secrets {
    /// The password, in plain text.
    pub password: String,
    /// A code from an authenticator app, or a recovery code.
    pub code: Option<String>,
}

impl From<String> for Secrets {
    fn from(password: String) -> Self {
        Self { password, code: None }
    }
}

/// Origin of a request.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Client address.
    pub address: IpAddr,
    /// User-Agent header, truncated to 200 characters.
    pub user_agent: String,
}

/// In-memory state of authentication: the token key and cached logins.
pub struct Identities {
    pub(crate) key: TokenKey,
    known: Cache<Uuid, (Actor, DateTime<Utc>)>,
    /// A cancellation token for each login. This node cancels the token when it learns that the login is revoked. Open sockets watch these
    /// cancellation tokens.
    watches: Cache<Uuid, CancellationToken>,
    pub(super) tokens: SeenTokens,
}

impl Identities {
    /// Creates an empty cache with the key that signs access tokens.
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
    pub(super) fn known(&self, id: Uuid) -> Option<(Actor, DateTime<Utc>)> {
        self.known.get(&id)
    }

    /// Caches a login or API token that was just read from the database.
    pub(super) fn remember(&self, actor: &Actor, expires_at: DateTime<Utc>) {
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
pub(super) async fn holder_of(
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

/// Starts a login with `name@code`, a password and, if the user has a second factor, a code. An unknown login gets the same responses as an existing
/// login with a wrong password.
///
/// # Errors
/// Fails with the same error, `BAD_CREDENTIALS`, if the login is unknown, if the user is disabled, or if the password is wrong. If the password is
/// right, fails with `TOTP_REQUIRED` if the code is missing, and with `TOTP_INVALID` if the code is wrong. Fails with `TRY_LATER` while wrong
/// passwords or codes delay the login.
pub async fn login(app: &App, login: &str, secrets: impl Into<Secrets>, origin: &Origin) -> Result<Tokens> {
    let now = app.clock.now();
    let Secrets { password, code } = secrets.into();
    let login = login.trim().to_lowercase();
    let found = find(app, &login).await?;
    let bucket = app.identities.key.bucket(&login)?;
    let unknown = accounts::login_failure(app.store.reader(), bucket).await?;
    let (whose, failures) = match &found {
        Some((user, _)) => (Whose::User(user.id), Failures::of_user(user)),
        None => (Whose::Nobody(bucket), Failures::of_nobody(unknown.as_ref())),
    };
    failures.check_wait(now)?;
    let good = password::verify(password, found.as_ref().map(|(user, _)| user.password_hash.clone())).await?;
    let Some((user, account)) = found.filter(|(user, _)| good && user.disabled_at.is_none()) else {
        app.store.write(|tx| attempts::note(tx, whose, now)).await?;
        return Err(bad_credentials());
    };
    let id = Uuid::now_v7();
    let secret = app.identities.key.refresh_secret(id, 0)?;
    let session = auth_session::Model {
        id,
        user_id: user.id,
        refresh_hash: token::digest(&secret),
        generation: 0,
        user_agent: origin.user_agent.chars().take(200).collect(),
        address: origin.address.to_string(),
        created_at: now,
        last_used_at: now,
        expires_at: now + TimeDelta::seconds(app.config.auth.refresh_seconds),
        revoked_at: None,
        cabin_id: None,
    };
    let actor = Actor::new(&app.config.auth, &session, &user, &account).from(origin.address);
    let (session, user, code, opener) = (&session, &user, code.as_deref(), &actor);
    let opened =
        app.store.write(|tx| async move { open(&tx, app, (opener, user, session), code, now).await }).await?;
    opened?;
    tokens(app, session, &secret, actor, now)
}

/// Stores the login if the second factor is correct. An inner error means that the login is refused; even then, the transaction must commit.
async fn open(
    tx: &Tx,
    app: &App,
    (actor, verified, session): (&Actor, &user::Model, &auth_session::Model),
    code: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Result<()>> {
    let before = unchanged(tx, verified, now).await?.ok_or_else(bad_credentials)?;
    if before.disabled_at.is_some() {
        return Err(bad_credentials());
    }
    let user = match second_factor::check(tx, app, before.clone(), code, now).await? {
        Ok(user) => user,
        Err(refused) => return Ok(Err(refused)),
    };
    accounts::insert_auth_session(tx.conn(), session.clone()).await?;
    if let Some(left) = second_factor::recovery_codes_left(&before, &user) {
        let change = Change {
            account_id: user.account_id,
            action: "login",
            object: ("User", user.id),
            before: serde_json::json!({ "recoveryCodes": left + 1 }),
            after: serde_json::json!({ "recoveryCodes": left }),
        };
        audit::record(tx, actor, now, change).await?;
    }
    let user = user::Model { failed_logins: 0, last_failed_at: None, ..user };
    if user != before {
        accounts::update_user(tx.conn(), user).await?;
    }
    Ok(Ok(()))
}

/// The user with this login. Runs the same queries whether the user exists or not.
pub(crate) async fn find(app: &App, login: &str) -> Result<Option<(user::Model, account::Model)>> {
    let conn = app.store.reader();
    let (name, code) = login.split_once('@').unwrap_or((login, ""));
    let account = accounts::by_code(conn, code).await?;
    let account_id = account.as_ref().map_or(Uuid::nil(), |account| account.id);
    let user = accounts::user_by_name(conn, account_id, name).await?;
    Ok(user.zip(account))
}

fn bad_credentials() -> Error {
    Error::user(ErrorCode::BadCredentials, "The login or password is wrong.")
}

/// Locks and returns the current user row if the verified password is still valid. Verification is slow; meanwhile, other attempts may have failed,
/// or the user may have been disabled or given another password.
pub(super) async fn unchanged(
    tx: &Tx,
    verified: &user::Model,
    now: DateTime<Utc>,
) -> Result<Option<user::Model>> {
    let Some(user) = accounts::lock_user(tx.conn(), verified.id).await? else { return Ok(None) };
    Failures::of_user(&user).check_wait(now)?;
    Ok((user.password_hash == verified.password_hash).then_some(user))
}

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
/// this happens within [`REPEATED_WITHIN`] and before the successor is used, the exchange returns the same successor. Any other reuse of a token
/// revokes the login, because one of the two clients that used the token must be a thief. A token that this server never issued revokes nothing.
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
            app.identities.known.invalidate(&id);
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

fn tokens(
    app: &App,
    session: &auth_session::Model,
    secret: &str,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<Tokens> {
    let expires = now + TimeDelta::seconds(app.config.auth.access_seconds);
    let access = app.identities.key.issue(session.user_id, session.id, now, expires)?;
    Ok(Tokens { access, access_expires_at: expires, refresh: format!("{}.{secret}", session.id), actor })
}

/// Whether a refresh token belongs to the actor's login. Does not check whether the token is valid.
pub fn is_refresh_token_of(actor: &Actor, refresh: &str) -> bool {
    refresh.split_once('.').is_some_and(|(id, _)| id.parse().is_ok_and(|id: Uuid| id == actor.session_id))
}

/// Creates a login without a refresh token, for a customer's screen. The login is valid until `expires_at`. Returns the login's row, which the caller
/// must store, and the access token.
///
/// # Errors
/// Fails only with internal faults.
pub fn screen(
    app: &App,
    actor: &Actor,
    cabin_id: Uuid,
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(auth_session::Model, String)> {
    let session = auth_session::Model {
        id: Uuid::now_v7(),
        user_id: actor.user_id,
        // no text has this hash, so the login cannot be refreshed
        refresh_hash: String::new(),
        generation: 0,
        user_agent: String::new(),
        address: actor.address.map(|address| address.to_string()).unwrap_or_default(),
        created_at: now,
        last_used_at: now,
        expires_at,
        revoked_at: None,
        cabin_id: Some(cabin_id),
    };
    let token = app.identities.key.issue(session.user_id, session.id, now, expires_at)?;
    Ok((session, token))
}

/// Ends this login, or every login of the user. The user's API tokens stay valid.
///
/// # Errors
/// Fails with [`Error::Forbidden`] for an API token.
pub async fn logout(app: &App, actor: &Actor, everywhere: bool) -> Result<()> {
    actor.require_no_token()?;
    let now = app.clock.now();
    let ended = app
        .store
        .write(|tx| async move {
            if everywhere {
                return accounts::revoke_auth_sessions(tx.conn(), actor.user_id, None, now).await;
            }
            if let Some(session) = accounts::auth_session(tx.conn(), actor.session_id).await? {
                accounts::update_auth_session(
                    tx.conn(),
                    auth_session::Model { revoked_at: Some(now), ..session },
                )
                .await?;
            }
            Ok(vec![actor.session_id])
        })
        .await?;
    app.identities.forget(&ended);
    Ok(())
}

/// Drops these logins from this node's cache and cancels their cancellation tokens. The logins are already revoked in the database.
pub fn forget(app: &App, ids: &[Uuid]) {
    app.identities.forget(ids);
}

/// Interval at which a node polls for logins and API tokens that ended on other nodes.
const REVOCATION_POLL: Duration = Duration::from_millis(500);
/// Each poll covers the time since the last successful poll, and this much time before that poll. This overlap is longer than the maximum duration of
/// a transaction plus the difference between the nodes' clocks.
const REVOCATION_WINDOW: TimeDelta = TimeDelta::seconds(30);

/// The loop counts as stuck if it records no heartbeat for this time. If the database is unavailable, the loop's query fails before this time is
/// over.
const REVOCATIONS_STUCK: Duration = Duration::from_secs(60);

/// Finds the logins and API tokens that ended, removes them from this node's cache, and closes their open sockets. A rotation can make a token end
/// earlier than its open sockets expect, so this loop closes the sockets of expired tokens, too. Runs until `stop`.
pub async fn follow_revocations(app: Arc<App>, stop: CancellationToken) {
    let heart = app.health.heartbeat("revocations", REVOCATIONS_STUCK);
    let mut ticks = tokio::time::interval(REVOCATION_POLL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = app.clock.now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        heart.beat();
        let now = app.clock.now();
        match ended_since(&app, last.min(now) - REVOCATION_WINDOW, now).await {
            Ok(ids) => {
                app.identities.forget(&ids);
                last = now;
            }
            Err(error) => tracing::warn!(%error, "failed to poll for revoked logins"),
        }
    }
}

/// Checks the caller's own password, which was sent in the input field `field`, and returns the caller's row. A wrong password counts like a wrong
/// password at login.
///
/// # Errors
/// Fails with `BAD_CREDENTIALS` if the password is wrong. Fails with `TRY_LATER` while wrong passwords delay the login.
pub(super) async fn verify_own_password(
    app: &App,
    actor: &Actor,
    given: String,
    field: &str,
) -> Result<user::Model> {
    let now = app.clock.now();
    let user = accounts::find_user(app.store.reader(), &actor.scope(), actor.user_id)
        .await?
        .ok_or(Error::Unauthenticated)?;
    Failures::of_user(&user).check_wait(now)?;
    if password::verify(given, Some(user.password_hash.clone())).await? {
        return Ok(user);
    }
    app.store.write(|tx| attempts::note(tx, Whose::User(user.id), now)).await?;
    Err(Error::field(ErrorCode::BadCredentials, field, "The current password is wrong."))
}

/// Ids of the logins and API tokens that ended between `since` and `now`.
async fn ended_since(app: &App, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let conn = app.store.reader();
    let mut ids = accounts::revoked_since(conn, since).await?;
    ids.extend(api_tokens::ended(conn, since, now).await?);
    Ok(ids)
}

/// Changes the caller's password and ends the caller's other logins.
///
/// # Errors
/// Fails with `BAD_CREDENTIALS` if the current password is wrong, and with [`Error::Forbidden`] for an API token. May also fail with `WEAK_PASSWORD`.
pub async fn change_password(app: &App, actor: &Actor, present: String, new: String) -> Result<()> {
    actor.require_no_token()?;
    let now = app.clock.now();
    password::check_strength("newPassword", &new)?;
    let user = verify_own_password(app, actor, present, "presentPassword").await?;
    let hash = password::hash(new).await?;
    let (user, hash) = (&user, &hash);
    let ended = app
        .write_as(actor, |tx| async move {
            let fresh = unchanged(&tx, user, now).await?.ok_or(Error::Unauthenticated)?;
            accounts::update_user(tx.conn(), user::Model { password_hash: hash.clone(), ..fresh }).await?;
            let change = Change {
                account_id: user.account_id,
                action: "changePassword",
                object: ("User", user.id),
                before: serde_json::json!({}),
                after: serde_json::json!({ "password": "changed" }),
            };
            audit::record(&tx, actor, now, change).await?;
            accounts::revoke_auth_sessions(tx.conn(), user.id, Some(actor.session_id), now).await
        })
        .await?;
    app.identities.forget(&ended);
    Ok(())
}
