//! The caller's own password: checks it, and changes it.

use entity::user;

use super::unchanged;
use crate::App;
use crate::audit::{self, Change};
use crate::auth::actor::Actor;
use crate::auth::attempts::{self, Failures, Whose};
use crate::auth::password;
use base::error::{Error, ErrorCode, Result};
use store::accounts;

/// Checks the caller's own password, which was sent in the input field `field`, and returns the caller's row. A wrong password counts like a wrong
/// password at login.
///
/// # Errors
/// Fails with `BAD_CREDENTIALS` if the password is wrong. Fails with `TRY_LATER` while wrong passwords delay the login.
pub(in crate::auth) async fn verify_own_password(
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
