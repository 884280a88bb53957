//! The second factor of a login: a code from an authenticator app ([`totp`](super::totp)), or one of ten recovery codes.
//!
//! No table stores the secret that an app shares with the server. Like a refresh token, the secret is derived from the token key, together with a
//! random seed for each user. A copy of the database is therefore not enough to generate codes without the token key. For recovery codes, the
//! database stores only hashes. If the token key changes, all codes from authenticator apps become invalid; recovery codes still work.

use chrono::{DateTime, Utc};
use entity::user;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::actor::Actor;
use super::attempts::{self, Failures};
use super::login;
use super::token::{digest, random_code, random_secret};
use crate::audit::{self, Change};
use crate::{App, access};
use base::error::{Error, ErrorCode, Result};
use store::{Tx, accounts};

/// Number of recovery codes that a user gets.
const RECOVERY_CODES: usize = 10;
/// Number of characters in a recovery code, without its dashes. The characters have 79 random bits, so a plain hash is enough to protect the code.
const RECOVERY_LENGTH: usize = 16;
/// Number of characters between two dashes.
const GROUP: usize = 4;
/// Longest code accepted, in bytes.
const MAX_CODE_BYTES: usize = 64;

/// The data that an authenticator app needs. The server shows this information only once.
pub struct Setup {
    /// The secret, in base 32.
    pub secret: String,
    /// The secret as a URI that apps read from a QR code.
    pub uri: String,
}

/// Creates a secret for the caller's authenticator app. The secret is used only after [`confirm`]; until then, each call to this function replaces
/// the secret. The password is required, so that a thief with a stolen token cannot lock the user out.
///
/// # Errors
/// Fails with `BAD_CREDENTIALS` or `TRY_LATER` like a login, and with `ILLEGAL_STATE` if the second factor is on.
pub async fn begin(app: &App, actor: &Actor, password: String) -> Result<Setup> {
    let now = app.clock.now();
    let verified = login::verify_own_password(app, actor, password, "password").await?;
    let (verified, seed) = (&verified, &random_secret());
    let name = app
        .write_as(actor, |tx| async move {
            let user = login::unchanged(&tx, verified, now).await?.ok_or(Error::Unauthenticated)?;
            if user.totp_since.is_some() {
                return Err(illegal(
                    "The second factor is already on. Turn it off before you set it up again.",
                ));
            }
            let account = access::by_id(tx.conn(), user.account_id).await?;
            let user = user::Model { totp_seed: Some(seed.clone()), totp_step: None, ..user };
            let user = accounts::update_user(tx.conn(), user).await?;
            Ok(format!("{}@{}", user.name, account.code))
        })
        .await?;
    let secret = app.identities.key.totp_secret(actor.user_id, seed)?;
    Ok(Setup { secret: secret.to_base32(), uri: secret.uri(&name) })
}

/// Turns the second factor on; requires a code that proves that the app has the secret. Returns new recovery codes.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if no secret is waiting for confirmation. May also fail with `TOTP_INVALID` or `TRY_LATER`.
pub async fn confirm(app: &App, actor: &Actor, code: &str) -> Result<Vec<String>> {
    let now = app.clock.now();
    let codes = recovery_codes();
    let hashes = &hashes(&codes);
    let edit = |user: user::Model| {
        if user.totp_since.is_some() {
            return Err(illegal("The second factor is already on."));
        }
        let Some(step) = app_step(app, &user, code, now)? else { return Ok(None) };
        let recovery_hashes = Some(hashes.clone());
        Ok(Some(user::Model { totp_since: Some(now), totp_step: Some(step), recovery_hashes, ..user }))
    };
    change(app, actor, ("confirmTotp", json!({ "totp": "on" })), edit).await?;
    Ok(codes)
}

/// Turns the second factor off; requires a code from the app or a recovery code.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the second factor is off. May also fail with `TOTP_INVALID` or `TRY_LATER`.
pub async fn disable(app: &App, actor: &Actor, code: &str) -> Result<()> {
    let now = app.clock.now();
    let edit = |user| Ok(accepted(app, require_on(user)?, code, now)?.map(without));
    change(app, actor, ("disableTotp", json!({ "totp": "off" })), edit).await
}

/// Replaces all recovery codes; requires a code from the app or a recovery code. Returns the new recovery codes.
///
/// # Errors
/// See [`disable`].
pub async fn regenerate(app: &App, actor: &Actor, code: &str) -> Result<Vec<String>> {
    let now = app.clock.now();
    let codes = recovery_codes();
    let hashes = &hashes(&codes);
    let edit = |user| {
        let user = accepted(app, require_on(user)?, code, now)?;
        Ok(user.map(|user| user::Model { recovery_hashes: Some(hashes.clone()), ..user }))
    };
    change(app, actor, ("regenerateRecoveryCodes", json!({ "recoveryCodes": "changed" })), edit).await?;
    Ok(codes)
}

/// The user's row with the second factor removed.
pub(crate) fn without(user: user::Model) -> user::Model {
    user::Model { totp_seed: None, totp_since: None, totp_step: None, recovery_hashes: None, ..user }
}

/// Checks the second factor of a login whose password is right. The caller must have locked the row, and must store the returned row if the login
/// succeeds. An inner error means that the login is refused; even then, the transaction must commit, because it counts a wrong code.
pub(super) async fn check(
    tx: &Tx,
    app: &App,
    user: user::Model,
    code: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Result<user::Model>> {
    if user.totp_since.is_none() {
        return Ok(Ok(user));
    }
    let Some(code) = code else {
        let message = "Enter a code from your authenticator app, or a recovery code.";
        return Ok(Err(Error::field(ErrorCode::TotpRequired, "totp", message)));
    };
    match accepted(app, user.clone(), code, now)? {
        Some(user) => Ok(Ok(user)),
        None => {
            attempts::count(tx, user, now).await?;
            Ok(Err(wrong("totp")))
        }
    }
}

/// The number of recovery codes that are left; `None` unless the login used up a recovery code.
pub(super) fn recovery_codes_left(before: &user::Model, after: &user::Model) -> Option<usize> {
    let left = |user: &user::Model| user.recovery_hashes.as_deref().map_or(0, |all| all.split(' ').count());
    let is_used = before.recovery_hashes != after.recovery_hashes;
    is_used.then(|| left(after))
}

/// Changes the caller's own second factor. `edit` returns `None` if the code is wrong; a wrong code counts as a wrong password.
async fn change(
    app: &App,
    actor: &Actor,
    (action, after): (&'static str, serde_json::Value),
    edit: impl Fn(user::Model) -> Result<Option<user::Model>>,
) -> Result<()> {
    let (now, edit, after) = (app.clock.now(), &edit, &after);
    let is_good = app
        .write_as(actor, |tx| async move {
            let user = accounts::lock_user(tx.conn(), actor.user_id).await?.ok_or(Error::Unauthenticated)?;
            Failures::of_user(&user).check_wait(now)?;
            let Some(edited) = edit(user.clone())? else {
                attempts::count(&tx, user, now).await?;
                return Ok(false);
            };
            let user = accounts::update_user(tx.conn(), edited).await?;
            let (before, after) = (json!({}), after.clone());
            let object = ("User", user.id);
            let change = Change { account_id: user.account_id, action, object, before, after };
            audit::record(&tx, actor, now, change).await?;
            Ok(true)
        })
        .await?;
    // the login's rights may depend on the second factor
    app.identities.renew(actor.session_id);
    if is_good { Ok(()) } else { Err(wrong("code")) }
}

/// The user's row after this code is used up; `None` if the code is wrong or was already used. The code comes from the app or is a recovery code.
fn accepted(app: &App, user: user::Model, code: &str, now: DateTime<Utc>) -> Result<Option<user::Model>> {
    if let Some(step) = app_step(app, &user, code, now)? {
        return Ok(Some(user::Model { totp_step: Some(step), ..user }));
    }
    let hash = digest(&plain(code));
    let all = user.recovery_hashes.as_deref().unwrap_or_default();
    let is_other = |known: &&str| !bool::from(known.as_bytes().ct_eq(hash.as_bytes()));
    let others: Vec<&str> = all.split(' ').filter(is_other).collect();
    if code.len() > MAX_CODE_BYTES || others.len() == all.split(' ').count() {
        return Ok(None);
    }
    let left = (!others.is_empty()).then(|| others.join(" "));
    Ok(Some(user::Model { recovery_hashes: left, ..user }))
}

/// The time step of this code from the app; `None` if the code is wrong, or if the step was already used.
fn app_step(app: &App, user: &user::Model, code: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    let Some(seed) = &user.totp_seed else { return Err(illegal("Set up the second factor first.")) };
    if code.len() > MAX_CODE_BYTES {
        return Ok(None);
    }
    let secret = app.identities.key.totp_secret(user.id, seed)?;
    secret.step_of(&plain(code), now.timestamp(), user.totp_step)
}

fn require_on(user: user::Model) -> Result<user::Model> {
    match user.totp_since {
        Some(_) => Ok(user),
        None => Err(illegal("The second factor is off. Set it up first.")),
    }
}

/// Normalizes a code for comparison, because people type spaces, dashes and capital letters.
fn plain(code: &str) -> String {
    let kept = code.chars().filter(|character| !character.is_whitespace() && *character != '-');
    kept.flat_map(char::to_lowercase).collect()
}

/// New recovery codes, split into groups so that people can read them.
fn recovery_codes() -> Vec<String> {
    let groups = || (0..RECOVERY_LENGTH / GROUP).map(|_| random_code(GROUP)).collect::<Vec<_>>();
    (0..RECOVERY_CODES).map(|_| groups().join("-")).collect()
}

/// The stored form of recovery codes.
fn hashes(codes: &[String]) -> String {
    let hashes: Vec<String> = codes.iter().map(|code| digest(&plain(code))).collect();
    hashes.join(" ")
}

fn illegal(message: &'static str) -> Error {
    Error::user(ErrorCode::IllegalState, message)
}

fn wrong(field: &str) -> Error {
    let message = "The code is wrong or was already used. Wait for the next code from your app.";
    Error::field(ErrorCode::TotpInvalid, field, message)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn recovery_codes_differ_and_are_compared_without_their_form() {
        let codes = recovery_codes();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), RECOVERY_CODES);
        for code in &codes {
            assert_eq!((code.len(), code.split('-').count()), (19, 4), "{code}");
            assert_eq!(
                plain(&format!(" {} ", code.to_uppercase().replace('-', " - "))),
                code.replace('-', "")
            );
        }
        assert_eq!(hashes(&codes).split(' ').count(), RECOVERY_CODES);
    }
}
