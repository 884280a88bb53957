//! Finds and lists accounts and callshops in the actor's subtree.

use std::collections::HashMap;

use entity::{AccountKind, account, callshop};
use uuid::Uuid;

use crate::App;
use crate::access::{self, Shop};
use crate::auth::{Actor, Right};
use base::error::{Error, Result};
use store::account_list::{self, AccountFilter};
use store::{Listed, Slice, accounts};

/// Finds an account, other than a callshop, in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND` if there is no such account or the account is a callshop. Fails with `FORBIDDEN` for attendants.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<account::Model> {
    let found = access::account(app.store.reader(), actor, id, Right::SeeAccounts).await?;
    if found.kind == AccountKind::Callshop { Err(Error::NotFound) } else { Ok(found) }
}

/// Finds the account with this code in the actor's subtree; `None` if there is none.
///
/// # Errors
/// May fail with `FORBIDDEN` or database errors.
pub async fn by_code(app: &App, actor: &Actor, code: &str) -> Result<Option<account::Model>> {
    actor.require(Right::SeeAccounts)?;
    let found = accounts::by_code(app.store.reader(), code).await?;
    Ok(found.filter(|account| actor.scope().holds(&account.path)))
}

/// Finds the accounts with these ids in the actor's subtree, except callshops. Returns an empty list if the actor has no right to see accounts.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<account::Model>> {
    if !actor.may(Right::SeeAccounts) {
        return Ok(Vec::new());
    }
    let mut rows = accounts::find_all(app.store.reader(), &actor.scope(), ids).await?;
    rows.retain(|row| row.kind != AccountKind::Callshop);
    Ok(rows)
}

/// Whether this account is a callshop; `None` if the account does not exist.
///
/// # Errors
/// May fail with database errors.
pub async fn is_callshop(app: &App, id: Uuid) -> Result<Option<bool>> {
    let found = accounts::by_ids(app.store.reader(), &[id]).await?.pop();
    Ok(found.map(|account| account.kind == AccountKind::Callshop))
}

/// Finds the callshops with these ids in the actor's subtree.
///
/// # Errors
/// May fail with database errors.
pub async fn find_shops(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<Shop>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    let rows = accounts::find_all(app.store.reader(), &actor.scope(), ids).await?;
    with_settings(app, rows).await
}

/// The callshops with these ids, without an access check. The ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn shops_by_ids(app: &App, ids: &[Uuid]) -> Result<Vec<Shop>> {
    with_settings(app, accounts::by_ids(app.store.reader(), ids).await?).await
}

/// Finds a callshop in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find_shop(app: &App, actor: &Actor, id: Uuid) -> Result<Shop> {
    access::shop(app.store.reader(), actor, id, Right::SeeShop).await
}

/// Lists the accounts, except callshops, in the actor's subtree. With `parent`, lists only accounts below that account. With `search`, lists only
/// accounts whose names contain all words of `search` ([`crate::finding::words`]).
///
/// # Errors
/// Fails with `FORBIDDEN` for users of callshops.
pub async fn list_managers(
    app: &App,
    actor: &Actor,
    parent: Option<Uuid>,
    search: &[String],
    slice: Slice,
) -> Result<Listed<account::Model>> {
    actor.require(Right::ManageAccounts)?;
    let scope = actor.scope();
    let filter = AccountFilter { scope: &scope, top: actor.top_id, parent, callshops: false, search };
    account_list::accounts(app.store.reader(), &filter, &slice).await
}

/// Lists the callshops in the actor's subtree. With `search`, lists only callshops whose names contain all words of `search`
/// ([`crate::finding::words`]).
///
/// # Errors
/// May fail with database errors.
pub async fn list_shops(app: &App, actor: &Actor, search: &[String], slice: Slice) -> Result<Listed<Shop>> {
    actor.require(Right::SeeShop)?;
    let scope = actor.scope();
    let filter = AccountFilter { scope: &scope, top: actor.top_id, parent: None, callshops: true, search };
    let Listed { rows, total } = account_list::accounts(app.store.reader(), &filter, &slice).await?;
    Ok(Listed { rows: with_settings(app, rows).await?, total })
}

/// Adds the settings to the callshops among these accounts, and drops the other accounts.
async fn with_settings(app: &App, rows: Vec<account::Model>) -> Result<Vec<Shop>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut settings: HashMap<Uuid, callshop::Model> = accounts::callshops(app.store.reader(), &ids)
        .await?
        .into_iter()
        .map(|row| (row.account_id, row))
        .collect();
    let pairs = rows
        .into_iter()
        .filter_map(|account| Some(Shop { settings: settings.remove(&account.id)?, account }));
    Ok(pairs.collect())
}
