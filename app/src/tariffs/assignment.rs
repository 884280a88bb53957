//! Assigns tariffs to accounts, and blocks prefixes.

use billing::tariff::check_prefix;
use entity::{AccountKind, ActivityKind, Role, account, tariff};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::activation::check_open;
use super::{owned, owners, record};
use crate::access::{self, Shop};
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::credit::object;
use crate::feed::Subject;
use crate::margin::{self, Margins};
use crate::{App, idempotency, notices};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::accounts;
use store::tariffs as rows;

/// Maximum number of blocked prefixes per tariff or callshop.
pub const MAX_BLOCKED: usize = 1_000;

/// The purpose of an assigned tariff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// The tariff that sets the prices that the account pays to its parent.
    Cost,
    /// The tariff that sets the prices for a callshop's customers. Without a retail tariff, the customers pay the cost tariff's prices.
    Retail,
}

/// Assigns a cost or retail tariff to a child account; `None` removes the tariff. Prices below cost are returned as warnings.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a retail tariff on an account that is not a callshop, or for a tariff that belongs to neither the parent nor the
/// platform. Fails with `FORBIDDEN` for anyone but the account's parent and the platform's admins. Fails with `ILLEGAL_STATE` for an archived tariff.
/// May also fail with `CURRENCY_MISMATCH` or `NOT_FOUND`.
pub async fn assign(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    tariff_id: Option<Uuid>,
    kind: Assignment,
) -> Result<(account::Model, Margins)> {
    let act = set_assigned(app, actor, account_id, tariff_id, kind);
    let again = async |id| access::account(app.store.reader(), actor, id, Right::ManageTariffs).await;
    let account = idempotency::repeatable(app, actor, act, again).await?;
    let margins = margin::of_account(app, &account, app.clock.now()).await?;
    Ok((account, margins))
}

async fn set_assigned(
    app: &App,
    actor: &Actor,
    account_id: Uuid,
    tariff_id: Option<Uuid>,
    kind: Assignment,
) -> Result<account::Model> {
    let owners = &owners(actor);
    app.write_as(actor, |tx| async move {
        let mut account = access::child(tx.conn(), actor, account_id, Right::ManageTariffs).await?;
        if kind == Assignment::Retail && account.kind != AccountKind::Callshop {
            return Err(Error::invalid("kind", "Only a callshop can have a RETAIL tariff."));
        }
        if let Some(id) = tariff_id {
            // the lock keeps the tariff out of the archive until the assignment is visible
            let tariff = rows::lock(tx.conn(), owners, id).await?.ok_or(Error::NotFound)?;
            check_open(&tariff)?;
            check_assignable(actor, &account, &tariff)?;
        }
        let (name, assigned) = match kind {
            Assignment::Cost => ("costTariff", &mut account.cost_tariff_id),
            Assignment::Retail => ("retailTariff", &mut account.retail_tariff_id),
        };
        let before = std::mem::replace(assigned, tariff_id);
        let change = Change {
            account_id,
            action: "assignTariff",
            object: (object(&account), account_id),
            before: json!({ name: before }),
            after: json!({ name: tariff_id }),
        };
        let now = app.clock.now();
        audit::record(&tx, actor, now, change).await?;
        if account.kind != AccountKind::Callshop {
            notices::emit(&tx, account_id, ActivityKind::CostChanged, tariff_id.map(Subject::Tariff), now)?;
        }
        idempotency::keep(&tx, actor, now, &account_id).await?;
        accounts::update(tx.conn(), account).await
    })
    .await
}

fn check_assignable(actor: &Actor, account: &account::Model, tariff: &tariff::Model) -> Result<()> {
    let platforms = actor.role == Role::Admin && tariff.account_id == actor.account_id;
    if account.parent_id != Some(tariff.account_id) && !platforms {
        return Err(Error::invalid(
            "tariffId",
            "The tariff must belong to the account's parent or to the platform.",
        ));
    }
    if tariff.currency != account.currency {
        let message = base::message!(
            "The account uses {account}, but the tariff uses {tariff}.",
            account = account.currency,
            tariff = tariff.currency
        );
        return Err(Error::field(ErrorCode::CurrencyMismatch, "tariffId", message));
    }
    Ok(())
}

/// The scope of a blocked prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockOn {
    /// All calls that this tariff prices.
    Tariff(Uuid),
    /// All calls of this callshop.
    Callshop(Uuid),
}

/// A tariff or callshop whose blocked prefixes changed.
#[derive(Clone, Debug)]
pub enum Blocked {
    /// The changed tariff.
    Tariff(Box<tariff::Model>),
    /// The changed callshop.
    Callshop(Box<Shop>),
}

/// Blocks or unblocks the numbers that begin with `prefix`, starting with the next call. Blocking a blocked prefix, or unblocking an unblocked
/// prefix, has no effect.
///
/// # Errors
/// Fails with `INVALID_INPUT` for an invalid prefix, or if more than [`MAX_BLOCKED`] prefixes would be blocked. For a callshop, fails with
/// `FORBIDDEN` for anyone but the callshop's parent and the platform's admins. May also fail with `NOT_FOUND`.
pub async fn set_blocked(
    app: &App,
    actor: &Actor,
    on: BlockOn,
    prefix: &str,
    blocked: bool,
) -> Result<Blocked> {
    let again = async |on: BlockOn| match on {
        BlockOn::Tariff(id) => Ok(Blocked::Tariff(Box::new(owned(app, actor, id).await?))),
        BlockOn::Callshop(id) => {
            let shop = access::shop(app.store.reader(), actor, id, Right::ManageTariffs).await?;
            Ok(Blocked::Callshop(Box::new(shop)))
        }
    };
    idempotency::repeatable(app, actor, block(app, actor, on, prefix, blocked), again).await
}

async fn block(app: &App, actor: &Actor, on: BlockOn, prefix: &str, blocked: bool) -> Result<Blocked> {
    actor.require(Right::ManageTariffs)?;
    check_prefix(prefix).map_err(|error| Error::invalid("prefix", error.message))?;
    let (owners, now) = (&owners(actor), app.clock.now());
    let action = if blocked { "blockDestination" } else { "unblockDestination" };
    app.write_as(actor, |tx| async move {
        let conn = tx.conn();
        idempotency::keep(&tx, actor, now, &on).await?;
        match on {
            BlockOn::Tariff(id) => {
                let mut tariff = rows::lock(conn, owners, id).await?.ok_or(Error::NotFound)?;
                let change = change_list(&mut tariff.blocked_prefixes, prefix, blocked)?;
                record(&tx, actor, now, action, &tariff, change).await?;
                Ok(Blocked::Tariff(Box::new(rows::update(conn, tariff).await?)))
            }
            BlockOn::Callshop(id) => {
                let account = access::child(conn, actor, id, Right::ManageTariffs).await?;
                let mut settings = accounts::lock_callshop(conn, id).await?.ok_or(Error::NotFound)?;
                let (before, after) = change_list(&mut settings.blocked_prefixes, prefix, blocked)?;
                let change = Change { account_id: id, action, object: ("Callshop", id), before, after };
                audit::record(&tx, actor, now, change).await?;
                let settings = accounts::update_callshop(conn, settings).await?;
                Ok(Blocked::Callshop(Box::new(Shop { account, settings })))
            }
        }
    })
    .await
}

/// Adds the prefix to the list, or removes it from the list. Returns the prefix's old and new state for the audit log.
fn change_list(list: &mut Value, prefix: &str, blocked: bool) -> Result<(Value, Value)> {
    let mut prefixes: std::collections::BTreeSet<String> = serde_json::from_value(list.take()).or_fault()?;
    let before = prefixes.contains(prefix);
    if blocked {
        prefixes.insert(prefix.to_owned());
    } else {
        prefixes.remove(prefix);
    }
    if prefixes.len() > MAX_BLOCKED {
        return Err(Error::invalid(
            "prefix",
            base::message!(
                "At most {max} prefixes can be blocked. Block fewer, shorter prefixes.",
                max = MAX_BLOCKED
            ),
        ));
    }
    *list = serde_json::to_value(prefixes).or_fault()?;
    Ok((json!({ "prefix": prefix, "blocked": before }), json!({ "prefix": prefix, "blocked": blocked })))
}
