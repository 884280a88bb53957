//! Access checks. A use case looks up its callshop or account through this module, and names the right that the actor must have.

use std::collections::{BTreeSet, HashMap};

use entity::{AccountKind, account, callshop};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::auth::{Actor, Right};
use base::error::{Error, ErrorCode, Result};
use base::message::Word;
use store::{Store, Tx, accounts, api_tokens};

/// A callshop for which access was checked.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The callshop's account.
    pub account: account::Model,
    /// The callshop's settings.
    pub settings: callshop::Model,
}

impl Shop {
    /// Id of the callshop.
    pub fn id(&self) -> Uuid {
        self.account.id
    }
}

/// Runs `work` in a transaction that commits only while the actor's login is valid. Each node caches logins for a short time, so this function reads
/// the login again in the transaction and locks it. A request that ends the login, on any node, waits for the login's running transactions, so no
/// transaction can commit after its login has ended.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] if the login has ended. Also returns the errors of `work`.
pub async fn write_as<T, F, Fut>(store: &Store, actor: &Actor, work: F) -> Result<T>
where
    F: Fn(Tx) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let work = &work;
    let checked = |tx: Tx| async move {
        if !holds(&tx, actor).await? {
            return Err(Error::Unauthenticated);
        }
        work(tx).await
    };
    store.write(checked).await
}

/// Locks the actor's login or API token until the transaction ends, and returns whether it is valid.
async fn holds(tx: &Tx, actor: &Actor) -> Result<bool> {
    match &actor.token {
        Some(token) => api_tokens::hold(tx.conn(), token.id).await,
        // the command line has no login
        None if actor.session_id.is_nil() => Ok(true),
        None => accounts::hold_auth_session(tx.conn(), actor.session_id).await,
    }
}

/// Finds an account in the actor's subtree, and checks that the actor has the right.
///
/// # Errors
/// Fails with [`Error::NotFound`] if the account is missing or outside the actor's subtree, and with [`Error::Forbidden`] if the actor lacks the
/// right.
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

/// Locks an account that the actor manages as its parent, so that the account's credit, tariffs or suspension can be changed.
///
/// # Errors
/// Fails with [`Error::Forbidden`] if the actor is not the account's parent, as in [`Actor::is_parent_of`]. See [`account`] for the other errors.
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

/// Finds a callshop in the actor's subtree, and checks that the actor has the right.
///
/// # Errors
/// Fails with `NOT_FOUND` for accounts that are not callshops. See [`account`] for the other errors.
pub async fn shop(conn: &impl ConnectionTrait, actor: &Actor, id: Uuid, right: Right) -> Result<Shop> {
    let (account, settings) =
        accounts::find_callshop(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(right)?;
    Ok(Shop { account, settings })
}

/// Returns the account and all accounts above it, from this account up to the platform.
///
/// # Errors
/// Fails with a fault if an account in the path does not exist. May also fail with database errors.
pub async fn chain(conn: &impl ConnectionTrait, account: &account::Model) -> Result<Vec<account::Model>> {
    let ids = path_ids(&account.path)?;
    let mut chain = accounts::by_ids(conn, &ids).await?;
    if chain.len() != ids.len() || ids.last() != Some(&account.id) {
        return Err(Error::fault(format!(
            "the path of the account {} names an account that does not exist",
            account.id
        )));
    }
    // deeper accounts have longer paths
    chain.sort_by_key(|account| std::cmp::Reverse(account.path.len()));
    Ok(chain)
}

/// Finds an account by id without an access check. The id must come from a row that the actor may see.
///
/// # Errors
/// Fails with a fault if the account does not exist. May also fail with database errors.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<account::Model> {
    accounts::by_ids(conn, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::fault("a row refers to an account that does not exist"))
}

/// Returns the currencies of these accounts, keyed by account id, without an access check. The ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn currencies(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>> {
    let ids: BTreeSet<Uuid> = ids.into_iter().collect();
    let found = accounts::by_ids(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|account| (account.id, account.currency)).collect())
}

/// Returns the currency of one callshop from the result of [`currencies`].
///
/// # Errors
/// Fails with a fault if the callshop is missing, because its amounts would have no currency.
pub fn currency_of(currencies: &HashMap<Uuid, String>, callshop: Uuid) -> Result<String> {
    currencies
        .get(&callshop)
        .cloned()
        .ok_or_else(|| Error::fault(format!("the callshop {callshop} does not exist")))
}

/// The ids in an account's path, in order from the root to the account.
///
/// # Errors
/// Fails with a fault if a part of the path is not an id. If this function skipped a part that is not an id, an account would not be charged.
pub fn path_ids(path: &str) -> Result<Vec<Uuid>> {
    path.split_terminator('/').map(|step| store::parse_stored(step, "account path")).collect()
}

/// Fails if the callshop or an account above it is suspended. If only an account above the callshop is suspended, the error is `SERVICE_UNAVAILABLE`,
/// which does not reveal the reason.
///
/// # Errors
/// Fails with `SUSPENDED` or `SERVICE_UNAVAILABLE`.
pub async fn not_suspended(conn: &impl ConnectionTrait, shop: &account::Model) -> Result<()> {
    if shop.suspended_at.is_some() {
        return Err(Error::user(ErrorCode::Suspended, "The callshop is suspended. Contact your reseller."));
    }
    if chain(conn, shop).await?.iter().any(|account| account.suspended_at.is_some()) {
        return Err(Error::user(
            ErrorCode::ServiceUnavailable,
            "The service is not available. Contact your reseller.",
        ));
    }
    Ok(())
}

/// Checks whether an account of kind `child` may be created below `parent`.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the account tree does not allow this child.
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
    let (child, parent) = (Word(child.as_str()), Word(parent.kind.as_str()));
    Err(Error::invalid(
        "parentId",
        base::message!("A {child} cannot be created below a {parent}.", child, parent),
    ))
}
