//! Calls: deciding whether one may be made, following it by its events, charging it at its end, hanging it up.

pub mod authorize;
mod charge;
mod cover;
pub mod emergency;
pub mod events;
pub mod extend;
mod money;
pub mod pricing;
pub mod reconcile;
mod registrations;
pub mod writer;

use std::collections::HashMap;
use std::sync::Arc;

use billing::money::Micros;
use billing::reconcile::YOUNG;
use entity::call;
use uuid::Uuid;

use super::{App, access};
use crate::auth::{Actor, Right};
use crate::sip_proxies::{HangUp, HungUp};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::calls::CallFilter;
use store::{Page, accounts, calls};

/// A call inside the actor's subtree.
///
/// # Errors
/// Not found.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<call::Model> {
    actor.require(Right::SeeShop)?;
    calls::find(app.store.reader(), &actor.scope(), id).await?.ok_or(Error::NotFound)
}

/// The calls of these ids inside the actor's subtree.
///
/// # Errors
/// Those of the database.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<call::Model>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    calls::find_all(app.store.reader(), &actor.scope(), ids).await
}

/// A callshop's calls, of one cabin or session if given.
///
/// # Errors
/// Not found.
pub async fn list(
    app: &App,
    actor: &Actor,
    callshop: Uuid,
    filter: CallFilter,
    page: Page,
) -> Result<Vec<call::Model>> {
    let shop = access::shop(app.store.reader(), actor, callshop, Right::SeeShop).await?;
    calls::list(app.store.reader(), shop.id(), filter, page).await
}

/// A page of the calls of each of these cabins, which were already proven to be the caller's; frozen prices of those that are over only if
/// `priced`.
///
/// # Errors
/// Those of the database.
pub async fn of_cabins(
    app: &App,
    cabins: &[Uuid],
    page: Page,
    priced: bool,
) -> Result<Vec<Arc<call::Model>>> {
    calls::of_each(app.store.reader(), call::Column::CabinId, cabins, page, priced).await
}

/// A page of the calls of each of these sessions, which were already proven to be the caller's; frozen prices as for [`of_cabins`].
///
/// # Errors
/// Those of the database.
pub async fn of_sessions(
    app: &App,
    sessions: &[Uuid],
    page: Page,
    priced: bool,
) -> Result<Vec<Arc<call::Model>>> {
    calls::of_each(app.store.reader(), call::Column::SessionId, sessions, page, priced).await
}

/// A callshop's live calls.
///
/// # Errors
/// Not found.
pub async fn live(app: &App, actor: &Actor, callshop: Uuid) -> Result<Vec<call::Model>> {
    let shop = access::shop(app.store.reader(), actor, callshop, Right::SeeShop).await?;
    calls::live(app.store.reader(), shop.id()).await
}

/// Asks the proxy to hang a live call up. It ends when the proxy says so, a moment later.
///
/// # Errors
/// Not found, forbidden; `ILLEGAL_STATE` when it is over, or the proxy does not know it: then it is closed within two comparisons with the
/// proxy; `PROXY_UNREACHABLE`.
pub async fn hang_up(app: &App, actor: &Actor, id: Uuid) -> Result<call::Model> {
    actor.require(Right::HangUp)?;
    let call = find(app, actor, id).await?;
    let over = |call: call::Model| {
        Error::user(ErrorCode::IllegalState, format!("the call is {} already", call.state.as_str()))
    };
    let live = app
        .write_as(actor, |tx| async move { calls::mark_hang_up(tx.conn(), &[id], actor.user_id).await })
        .await?;
    let Some(marked) = live.into_iter().next() else { return Err(over(call)) };
    match app.proxies.hang_up(&marked, HangUp::Asked).await {
        Ok(HungUp::Taken) => Ok(marked),
        // its dialog is just being made: it is hung up at its next event
        Ok(HungUp::Unknown) if marked.authorized_at + YOUNG > app.clock.now() => Ok(marked),
        Ok(HungUp::Unknown) => {
            app.reconciliation.ask(&marked.proxy);
            let message = "the proxy does not know the call any more: it is closed within a minute, as of when it was last seen";
            Err(Error::user(ErrorCode::IllegalState, message))
        }
        Err(error) => {
            tracing::warn!(call = %id, %error, "the proxy did not hang up");
            Err(Error::user(ErrorCode::ProxyUnreachable, "the proxy did not take the command: try again"))
        }
    }
}

/// Hangs up the calls of a cabin that is being closed. A call that cannot be hung up now is hung up at its next event, and cut at its limit
/// at the latest; the session stays CLOSING until it is over. Never fails: the closing it belongs to is committed.
pub async fn hang_up_all(app: &App, ids: &[Uuid], user_id: Uuid) {
    if ids.is_empty() {
        return;
    }
    match app.store.write(|tx| async move { calls::mark_hang_up(tx.conn(), ids, user_id).await }).await {
        Ok(live) => {
            futures_util::future::join_all(live.iter().map(|call| ask_to_hang_up(app, call))).await;
        }
        Err(error) => tracing::error!(%error, "calls of a closing cabin could not be hung up"),
    }
}

/// Asks the proxy; what it cannot do is in the log.
async fn ask_to_hang_up(app: &App, call: &call::Model) {
    match app.proxies.hang_up(call, HangUp::Asked).await {
        Ok(HungUp::Taken) => {}
        // it has no dialog yet, or none any more
        Ok(HungUp::Unknown) => app.reconciliation.ask(&call.proxy),
        Err(error) => tracing::warn!(call = %call.id, %error, "the proxy did not hang up"),
    }
}

/// What a call cost one account.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Name of the account that pays.
    pub account: String,
    /// Seconds billed.
    pub billed_seconds: i32,
    /// What it pays to its parent.
    pub amount: Micros,
}

/// What an ended call cost the accounts of the actor's branch, from the callshop up.
///
/// # Errors
/// Forbidden for attendants.
pub async fn costs(app: &App, actor: &Actor, call: &call::Model) -> Result<Vec<Cost>> {
    actor.require(Right::SeeCost)?;
    let conn = app.store.reader();
    let charges = calls::charges(conn, call.id).await?;
    let ids: Vec<Uuid> = charges.iter().map(|charge| charge.account_id).collect();
    let scope = actor.scope();
    let seen: HashMap<Uuid, String> = accounts::by_ids(conn, &ids)
        .await?
        .into_iter()
        .filter(|account| scope.holds(&account.path))
        .map(|account| (account.id, account.name))
        .collect();
    let shown = charges.into_iter().filter(|charge| charge.level > 0).filter_map(|charge| {
        let account = seen.get(&charge.account_id)?.clone();
        Some(Cost { account, billed_seconds: charge.billed_seconds, amount: charge.amount.into() })
    });
    Ok(shown.collect())
}

/// What the actor's own account earns on an ended call less what it pays for it.
///
/// # Errors
/// Forbidden for attendants.
pub async fn margin(app: &App, actor: &Actor, call: &call::Model) -> Result<Option<Micros>> {
    actor.require(Right::SeeCost)?;
    let charges = calls::charges(app.store.reader(), call.id).await?;
    // what an account pays is one level above what it is paid; the platform is paid by the last level and pays nothing
    let pays = charges.iter().find(|charge| charge.level > 0 && charge.account_id == actor.account_id);
    let level = match pays {
        Some(charge) => charge.level,
        None if actor.role == entity::Role::Admin => i32::try_from(charges.len()).or_fault()?,
        None => return Ok(None),
    };
    let Some(paid) = charges.iter().find(|charge| charge.level == level - 1) else { return Ok(None) };
    let cost = pays.map_or(Micros::ZERO, |charge| charge.amount.into());
    Micros::from(paid.amount).checked_sub(cost).map(Some).or_fault()
}
