//! Proofs of access: a function that needs a callshop or an account asks here for it, with the right it is going to use.

use std::collections::{BTreeSet, HashMap};

use entity::{AccountKind, account, callshop};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::auth::{Actor, Right};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{Store, Tx, accounts};

/// A callshop that the actor may see, with a right that he has there.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Its node in the tree.
    pub account: account::Model,
    /// Its settings.
    pub settings: callshop::Model,
}

impl Shop {
    /// Its id.
    pub fn id(&self) -> Uuid {
        self.account.id
    }
}

/// Runs `work` in a transaction that commits only while the actor's login is good. A node believes for a moment what it read of a login;
/// this reads it again and keeps it from changing. Ending a login, on whatever node, waits for what the login is doing, and nothing that the
/// login does commits afterwards.
///
/// # Errors
/// [`Error::Unauthenticated`] when the login has ended; those of `work`.
pub async fn write_as<T, F, Fut>(store: &Store, actor: &Actor, work: F) -> Result<T>
where
    F: Fn(Tx) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let work = &work;
    let checked = |tx: Tx| async move {
        // the command line has no login
        if !actor.session_id.is_nil() && !accounts::hold_auth_session(tx.conn(), actor.session_id).await? {
            return Err(Error::Unauthenticated);
        }
        work(tx).await
    };
    store.write(checked).await
}

/// An account inside the actor's subtree, with a right that he has.
///
/// # Errors
/// [`Error::NotFound`] for a foreign or missing one, [`Error::Forbidden`] without the right.
pub async fn account(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    id: Uuid,
    right: Right,
) -> Result<account::Model> {
    let found = accounts::find(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(right)?;
    Ok(found)
}

/// An account whose parent the actor is, locked: for credit, tariffs and suspension.
///
/// # Errors
/// As for [`account`]; [`Error::Forbidden`] for the actor's own account and for grandchildren.
pub async fn child(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    id: Uuid,
    right: Right,
) -> Result<account::Model> {
    let found = accounts::lock(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(right)?;
    if actor.is_parent_of(&found) { Ok(found) } else { Err(Error::Forbidden) }
}

/// A callshop inside the actor's subtree, with a right that he has.
///
/// # Errors
/// As for [`account`]; an account that is no callshop is not found.
pub async fn shop(conn: &impl ConnectionTrait, actor: &Actor, id: Uuid, right: Right) -> Result<Shop> {
    let (account, settings) =
        accounts::find_callshop(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(right)?;
    Ok(Shop { account, settings })
}

/// The accounts from the one with this path up to the platform: itself first.
///
/// # Errors
/// Database errors.
pub async fn chain(conn: &impl ConnectionTrait, account: &account::Model) -> Result<Vec<account::Model>> {
    let mut chain = accounts::by_ids(conn, &path_ids(&account.path)).await?;
    // a longer path is further down
    chain.sort_by_key(|account| std::cmp::Reverse(account.path.len()));
    Ok(chain)
}

/// An account that a row already proven to be the actor's refers to.
///
/// # Errors
/// A fault when it is gone; database errors.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<account::Model> {
    accounts::by_ids(conn, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::fault("a row refers to an account that is not there"))
}

/// The currencies of accounts that rows already proven to be the actor's refer to.
///
/// # Errors
/// Database errors.
pub async fn currencies(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>> {
    let ids: BTreeSet<Uuid> = ids.into_iter().collect();
    let found = accounts::by_ids(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|account| (account.id, account.currency)).collect())
}

/// The ids in an account's path, from the root down.
pub fn path_ids(path: &str) -> Vec<Uuid> {
    path.split('/').filter_map(|part| Uuid::parse_str(part).ok()).collect()
}

/// Refuses when the callshop or anything above it is suspended, telling the callshop only of its own suspension.
///
/// # Errors
/// `SUSPENDED` or `SERVICE_UNAVAILABLE`.
pub async fn not_suspended(conn: &impl ConnectionTrait, shop: &account::Model) -> Result<()> {
    if shop.suspended_at.is_some() {
        return Err(Error::user(ErrorCode::Suspended, "the callshop is suspended: ask its reseller"));
    }
    if chain(conn, shop).await?.iter().any(|account| account.suspended_at.is_some()) {
        return Err(Error::user(
            ErrorCode::ServiceUnavailable,
            "the service is not available: ask the reseller",
        ));
    }
    Ok(())
}

/// What a child of `parent` may be.
///
/// # Errors
/// `INVALID_INPUT` for a child that the tree does not allow.
pub fn check_kind(parent: &account::Model, child: AccountKind) -> Result<()> {
    let allowed = match parent.kind {
        AccountKind::Platform => child != AccountKind::Platform,
        AccountKind::Distributor | AccountKind::Reseller => {
            matches!(child, AccountKind::Reseller | AccountKind::Callshop)
        }
        AccountKind::Callshop => false,
    };
    if allowed {
        return Ok(());
    }
    let (child, parent) = (child.as_str(), parent.kind.as_str());
    Err(Error::invalid("parentId", format!("a {child} cannot be created below a {parent}")))
}
