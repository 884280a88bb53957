//! Starts and ends logins. The submodules authenticate tokens, refresh logins, follow revocations, and change the caller's own password.

mod identities;
mod own_password;
mod refresh;
mod revocations;

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{account, auth_session, user};
use uuid::Uuid;

pub(super) use identities::holder_of;
pub use identities::{Identities, authenticate};
pub use own_password::change_password;
pub(super) use own_password::verify_own_password;
pub use refresh::{is_refresh_token_of, refresh};
pub use revocations::follow_revocations;

use super::actor::Actor;
use super::attempts::{self, Failures, Whose};
use super::{password, second_factor, token};
use crate::App;
use crate::audit::{self, Change};
use base::error::{Error, ErrorCode, Result};
use store::{Tx, accounts};

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

/// Starts a login with `name@code`, a password and, if the user has a second factor, a code. An unknown login gets the same responses as an existing
/// login with a wrong password.
///
/// # Errors
/// Fails with the same error, `BAD_CREDENTIALS`, if the login is unknown, if the user is disabled, or if the password is wrong. With the right
/// password, fails with `TOTP_REQUIRED` if the code is missing, and with `TOTP_INVALID` if the code is wrong. Fails with `TRY_LATER` while wrong
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
