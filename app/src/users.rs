//! Creates, changes and disables users, and resets their passwords.

use chrono::{DateTime, Utc};
use entity::{AccountKind, ActivityKind, Role, account, user};
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::{self, Change, changed};
use super::{App, access, idempotency};
use crate::accounts::{clean_locale, clean_name};
use crate::auth::{Actor, Right, login, password, second_factor};
use base::error::{Error, ErrorCode, Result};
use base::message::Word;
use store::{Listed, Slice, Tx, account_list, accounts, api_tokens};

/// Input for a new user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The part of the login before `@`: 2 to 32 characters from `a-z 0-9 . _ -`.
    pub name: String,
    /// Name shown on screens and receipts.
    pub display_name: String,
    /// The user's role, which must fit the kind of the account.
    pub role: Role,
    /// The initial password, in plain text.
    pub password: String,
}

/// Validates the input, hashes the password and builds the user's row, without storing it.
///
/// # Errors
/// Fails with `INVALID_INPUT` or `WEAK_PASSWORD`.
pub async fn build(app: &App, account_id: Uuid, new: NewUser) -> Result<user::Model> {
    let name = new.name.trim().to_ascii_lowercase();
    let good =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    if !(2..=32).contains(&name.len()) || !name.bytes().all(good) {
        return Err(Error::invalid(
            "user.name",
            "`name` must have 2 to 32 characters: a-z, 0-9, dot, underscore or dash.",
        ));
    }
    let display_name = clean_name("user.displayName", &new.display_name)?;
    password::check_strength("user.password", &new.password)?;
    Ok(user::Model {
        id: Uuid::now_v7(),
        account_id,
        name,
        display_name,
        locale: None,
        role: new.role,
        password_hash: password::hash(new.password).await?,
        disabled_at: None,
        failed_logins: 0,
        last_failed_at: None,
        totp_seed: None,
        totp_since: None,
        totp_step: None,
        recovery_hashes: None,
        created_at: app.clock.now(),
    })
}

/// Checks the right to manage users of an account. Owners manage the attendants of their own callshop. Other roles manage the users of accounts below
/// their own account, and admins also manage the platform's other admins. API tokens cannot manage users.
fn check_right(actor: &Actor, account: &account::Model, role: Role) -> Result<()> {
    actor.require_no_token()?;
    if account.id == actor.account_id {
        // an account's parent manages the users of the account, except attendants (the owner manages them) and the platform's admins (the platform
        // has no parent)
        return match (actor.role, role) {
            (Role::CallshopOwner, Role::Attendant) => actor.require(Right::ManageAttendants),
            (Role::Admin, Role::Admin) => actor.require(Right::ManageAccounts),
            _ => Err(Error::Forbidden),
        };
    }
    actor.require(Right::ManageAccounts)
}

fn fits(kind: AccountKind, role: Role) -> bool {
    match kind {
        AccountKind::Platform => role == Role::Admin,
        AccountKind::Distributor => role == Role::Distributor,
        AccountKind::Reseller => role == Role::Reseller,
        AccountKind::Callshop => matches!(role, Role::CallshopOwner | Role::Attendant),
    }
}

/// Creates a user of an account.
///
/// # Errors
/// Fails with `FORBIDDEN` if the actor's role does not allow this. May also fail with `INVALID_INPUT`, `ALREADY_EXISTS`, `WEAK_PASSWORD` or
/// `NOT_FOUND`.
pub async fn create(app: &App, actor: &Actor, account_id: Uuid, new: NewUser) -> Result<user::Model> {
    let act = create_new(app, actor, account_id, new);
    idempotency::repeatable(app, actor, act, |id| find(app, actor, id)).await
}

async fn create_new(app: &App, actor: &Actor, account_id: Uuid, new: NewUser) -> Result<user::Model> {
    let account =
        accounts::find(app.store.reader(), &actor.scope(), account_id).await?.ok_or(Error::NotFound)?;
    check_right(actor, &account, new.role)?;
    if !fits(account.kind, new.role) {
        let message = base::message!(
            "A {kind} account cannot have {role} users.",
            kind = Word(account.kind.as_str()),
            role = Word(new.role.as_str())
        );
        return Err(Error::invalid("user.role", message));
    }
    let user = build(app, account_id, new).await?;
    let (row, shop) = (&user, &account);
    let inserted = app.write_as(actor, |tx| async move {
        accounts::insert_user(tx.conn(), row.clone()).await?;
        let change = Change {
            account_id,
            action: "createUser",
            object: ("User", row.id),
            before: Value::Null,
            after: shown(row),
        };
        audit::record(&tx, actor, row.created_at, change).await?;
        announce(&tx, shop, row.created_at);
        idempotency::keep(&tx, actor, row.created_at, &row.id).await
    });
    let inserted = inserted.await;
    match inserted {
        Err(error) if error.is_unique_violation() => Err(Error::field(
            ErrorCode::AlreadyExists,
            "user.name",
            "The account already has a user with this name.",
        )),
        Err(error) => Err(error),
        Ok(()) => Ok(user),
    }
}

/// The user's fields that the audit log records.
fn shown(user: &user::Model) -> Value {
    json!({
        "name": user.name, "displayName": user.display_name, "locale": user.locale, "role": user.role.as_str(),
        "disabledAt": user.disabled_at,
    })
}

/// If the account is a callshop, notifies the callshop's subscribers that its users changed.
fn announce(tx: &Tx, account: &account::Model, at: DateTime<Utc>) {
    if account.kind == AccountKind::Callshop {
        audit::announce(tx, account.id, ActivityKind::UsersChanged, at);
    }
}

async fn change(
    app: &App,
    actor: &Actor,
    action: &'static str,
    id: Uuid,
    edit: impl Fn(user::Model) -> user::Model,
    end_logins: bool,
) -> Result<user::Model> {
    let (now, edit) = (app.clock.now(), &edit);
    let (user, ended) = app
        .write_as(actor, |tx| async move {
            accounts::find_user(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
            // lock the row, because the update writes all columns
            let user = accounts::lock_user(tx.conn(), id).await?.ok_or(Error::NotFound)?;
            let account = access::by_id(tx.conn(), user.account_id).await?;
            if user.id == actor.user_id {
                return Err(Error::Forbidden);
            }
            check_right(actor, &account, user.role)?;
            let old = user.clone();
            let user = accounts::update_user(tx.conn(), edit(user)).await?;
            if user.display_name != old.display_name {
                account_list::rename_user(tx.conn(), &user).await?;
            }
            let (before, mut after) = changed(shown(&old), shown(&user));
            if old.password_hash != user.password_hash {
                audit::merge(&mut after, json!({ "password": "changed" }));
            }
            if old.totp_since != user.totp_since {
                audit::merge(&mut after, json!({ "totp": "off" }));
            }
            let object = ("User", user.id);
            let change = Change { account_id: account.id, action, object, before, after };
            audit::record(&tx, actor, now, change).await?;
            announce(&tx, &account, now);
            let mut ended = if end_logins {
                accounts::revoke_auth_sessions(tx.conn(), id, None, now).await?
            } else {
                Vec::new()
            };
            if old.disabled_at.is_some() != user.disabled_at.is_some() {
                ended.extend(api_tokens::set_maker_disabled(tx.conn(), id, user.disabled_at).await?);
            }
            Ok((user, ended))
        })
        .await?;
    login::forget(app, &ended);
    Ok(user)
}

/// Changes a user's display name, and the locale of messages to the user. A `locale` of `None` changes nothing, and `Some(None)` selects the locale
/// of the user's account.
///
/// # Errors
/// Fails with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    display_name: &str,
    locale: Option<Option<&str>>,
) -> Result<user::Model> {
    let display_name = clean_name("displayName", display_name)?;
    let locale = match locale {
        Some(Some(tag)) => Some(Some(clean_locale("locale", tag)?)),
        Some(None) => Some(None),
        None => None,
    };
    let edit = |user: user::Model| user::Model {
        display_name: display_name.clone(),
        locale: locale.clone().unwrap_or_else(|| user.locale.clone()),
        ..user
    };
    change(app, actor, "updateUser", id, edit, false).await
}

/// Disables or enables a user. Disabling ends the user's logins on every node. While a user is disabled, the user's API tokens do not work.
///
/// # Errors
/// Fails with `FORBIDDEN` if the actor has no right to manage the user, and for the actor's own user. May also fail with `NOT_FOUND`.
pub async fn set_disabled(app: &App, actor: &Actor, id: Uuid, disabled: bool) -> Result<user::Model> {
    let now = app.clock.now();
    change(
        app,
        actor,
        if disabled { "disableUser" } else { "enableUser" },
        id,
        |user| user::Model { disabled_at: disabled.then(|| user.disabled_at.unwrap_or(now)), ..user },
        disabled,
    )
    .await
}

/// Gives a user a new password and ends the user's logins.
///
/// # Errors
/// Fails with `WEAK_PASSWORD`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn reset_password(app: &App, actor: &Actor, id: Uuid, new: String) -> Result<user::Model> {
    password::check_strength("password", &new)?;
    let hash = password::hash(new).await?;
    let edit =
        |user| user::Model { password_hash: hash.clone(), failed_logins: 0, last_failed_at: None, ..user };
    change(app, actor, "resetPassword", id, edit, true).await
}

/// Turns off a user's second factor, for example because the user has lost the phone with the authenticator app, and ends the user's logins.
///
/// # Errors
/// Fails with `FORBIDDEN` if the actor has no right to manage the user, and for the actor's own user. May also fail with `NOT_FOUND`.
pub async fn reset_totp(app: &App, actor: &Actor, id: Uuid) -> Result<user::Model> {
    change(app, actor, "resetTotp", id, second_factor::without, true).await
}

/// Finds a user by the login `name@code`. The actor must be able to see the user, as in [`find`].
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn by_login(app: &App, actor: &Actor, login: &str) -> Result<user::Model> {
    let login = login.trim().to_lowercase();
    let (name, code) = login.split_once('@').ok_or(Error::NotFound)?;
    let account = accounts::by_code(app.store.reader(), code).await?.ok_or(Error::NotFound)?;
    let user = accounts::user_by_name(app.store.reader(), account.id, name).await?.ok_or(Error::NotFound)?;
    find(app, actor, user.id).await
}

/// Finds a user in the actor's subtree. Without [`Right::SeeAccounts`], an actor finds only the actor's own user.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<user::Model> {
    let user = accounts::find_user(app.store.reader(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    if user.id != actor.user_id {
        actor.require(Right::SeeAccounts)?;
    }
    Ok(user)
}

/// Finds the users with these ids that the actor may see, as in [`find`].
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<user::Model>> {
    let mut rows = accounts::find_users(app.store.reader(), &actor.scope(), ids).await?;
    rows.retain(|row| row.id == actor.user_id || actor.may(Right::SeeAccounts));
    Ok(rows)
}

/// Finds users by id without an access check. The ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn named(app: &App, ids: &[Uuid]) -> Result<Vec<user::Model>> {
    accounts::users_by_ids(app.store.reader(), ids).await
}

/// Lists the users of one account, optionally limited to users whose names contain all of the given words ([`crate::finding::words`]).
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn list(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    search: &[String],
    slice: Slice,
) -> Result<Listed<user::Model>> {
    let account = access::account(app.store.reader(), actor, account_id, Right::SeeAccounts).await?;
    account_list::users(app.store.reader(), account.id, search, &slice).await
}
