//! Calls: authorizing call attempts, applying the proxy's events, charging ended calls, and hanging up.

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
mod warning;
pub mod writer;

use std::collections::HashMap;
use std::sync::Arc;

use billing::money::Micros;
use billing::reconcile::YOUNG;
use chrono::{DateTime, Utc};
use entity::{ActivityKind, call};
use uuid::Uuid;

use self::pricing::Prices;
use super::{App, access};
use crate::auth::{Actor, Right};
use crate::feed::snapshot::activity;
use crate::sip_proxies::{HangUp, HangUpResult};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::calls::{CallFilter, Detail};
use store::{Listed, Page, Slice, Within, accounts};

/// Finds a call in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<call::View> {
    actor.require(Right::SeeShop)?;
    let mut call = store::calls::find(app.store.reader(), &actor.scope(), id).await?;
    pricing::show(&app.rates, app.store.reader(), &mut call).await?;
    call.ok_or(Error::NotFound)
}

/// Finds the calls with these ids in the actor's subtree. The list is empty if the actor has no right to see calls.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<call::View>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    priced(app, store::calls::find_all(app.store.reader(), &actor.scope(), ids).await?).await
}

/// Lists the calls of a callshop that match a filter.
///
/// # Errors
/// Fails with `SEARCH_TOO_BROAD` if the server would have to read too many calls to find those that match, or if too many calls would have to be
/// sorted. May also fail with `NOT_FOUND`.
pub async fn list(
    app: &App,
    actor: &Actor,
    callshop: Uuid,
    filter: &CallFilter,
    slice: Slice,
) -> Result<Listed<call::View>> {
    let shop = access::shop(app.store.reader(), actor, callshop, Right::SeeShop).await?;
    let Listed { rows, total } = store::calls::list(app.store.reader(), shop.id(), filter, &slice).await?;
    Ok(Listed { rows: priced(app, rows).await?, total })
}

/// Lists one page of calls per cabin. The calling function has already checked access to the cabins.
///
/// # Errors
/// May fail with database errors.
pub async fn of_cabins(
    app: &App,
    cabins: &[Uuid],
    page: Page,
    detail: Detail,
) -> Result<Vec<Arc<call::View>>> {
    of_each(app, (call::Column::CabinId, cabins), None, page, detail).await
}

/// The live calls of cabins, oldest first. The calling function has already checked access to the cabins.
///
/// # Errors
/// May fail with database errors.
pub async fn live_of_cabins(app: &App, cabins: &[Uuid]) -> Result<Vec<call::View>> {
    priced(app, store::calls::live_of_cabins(app.store.reader(), cabins).await?).await
}

/// Lists one page of calls per session. The calling function has already checked access to the sessions. Each session is given by its id and the time
/// it was opened.
///
/// # Errors
/// May fail with database errors.
pub async fn of_sessions(
    app: &App,
    sessions: &[(Uuid, DateTime<Utc>)],
    page: Page,
    detail: Detail,
) -> Result<Vec<Arc<call::View>>> {
    let ids: Vec<Uuid> = sessions.iter().map(|(id, _)| *id).collect();
    // no call is older than its session
    let opened = sessions.iter().map(|(_, opened_at)| *opened_at).min();
    of_each(app, (call::Column::SessionId, &ids), opened, page, detail).await
}

/// Lists one page of calls per owner. If `since` is given, each call was authorized between `since` and now. Otherwise, the time of authorization is
/// not limited, because the proxy creates the id of an emergency call, and the proxy's clock may be wrong.
async fn of_each(
    app: &App,
    owners: (call::Column, &[Uuid]),
    since: Option<DateTime<Utc>>,
    page: Page,
    detail: Detail,
) -> Result<Vec<Arc<call::View>>> {
    let authorized = Within { from: since, to: since.map(|_| app.clock.now()) };
    let mut calls = store::calls::of_each(app.store.reader(), owners, authorized, page, detail).await?;
    // these calls were just read, so nothing else holds them yet
    let views = calls.iter_mut().filter_map(Arc::get_mut);
    pricing::show(&app.rates, app.store.reader(), views).await?;
    Ok(calls)
}

/// Looks up the price that the customer pays for each call.
async fn priced(app: &App, mut calls: Vec<call::View>) -> Result<Vec<call::View>> {
    pricing::show(&app.rates, app.store.reader(), &mut calls).await?;
    Ok(calls)
}

/// Lists a callshop's live calls.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn live(app: &App, actor: &Actor, callshop: Uuid) -> Result<Vec<call::View>> {
    let shop = access::shop(app.store.reader(), actor, callshop, Right::SeeShop).await?;
    priced(app, store::calls::live(app.store.reader(), shop.id()).await?).await
}

/// Asks the proxy to hang up a live call. The call ends a moment later, when the proxy reports its end.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the call has ended or the proxy does not know the call. A call that the proxy does not know is closed after at most
/// two comparisons with the proxy. May also fail with `PROXY_UNREACHABLE`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn hang_up(app: &App, actor: &Actor, id: Uuid) -> Result<call::View> {
    actor.require(Right::HangUp)?;
    let call = find(app, actor, id).await?;
    let over = |call: call::View| {
        Error::user(
            ErrorCode::IllegalState,
            base::message!("The call is already {state}.", state = Word(call.state.as_str())),
        )
    };
    let live = app
        .write_as(actor, |tx| async move {
            let live = store::calls::mark_hang_up(tx.conn(), &[id], actor.user_id).await?;
            let prices = Prices::load(&app.rates, tx.conn(), &live).await?;
            for call in &live {
                let (kind, now) = (ActivityKind::CallHangUpRequested, app.clock.now());
                tx.emit(activity(kind, now, call, prices.retail(call))?);
            }
            Ok(live.into_iter().map(|call| (prices.view(&call), call)).next())
        })
        .await?;
    let Some((view, marked)) = live else { return Err(over(call)) };
    match app.proxies.hang_up(&marked, HangUp::Requested).await {
        Ok(HangUpResult::Accepted) => Ok(view),
        // the proxy is still creating the dialog, so the call's next event will make the server hang up the call
        Ok(HangUpResult::Unknown) if marked.authorized_at + YOUNG > app.clock.now() => Ok(view),
        Ok(HangUpResult::Unknown) => {
            app.reconciliation.ask(&marked.proxy);
            let message = "The proxy does not know the call. The call will be closed within a minute; the time it was last seen counts as its end.";
            Err(Error::user(ErrorCode::IllegalState, message))
        }
        Err(error) => {
            tracing::warn!(call = %id, %error, "the proxy did not hang up");
            Err(Error::user(ErrorCode::ProxyUnreachable, "The proxy did not accept the command. Try again."))
        }
    }
}

/// Hangs up the calls of a cabin that is being closed. If a call cannot be hung up now, the server hangs it up at the call's next event. At the
/// latest, the call ends at its time limit. The session remains CLOSING until its calls end. This function never fails, because closing the cabin is
/// already committed.
pub async fn hang_up_all(app: &App, ids: &[Uuid], user_id: Uuid) {
    if ids.is_empty() {
        return;
    }
    match app.store.write(|tx| async move { store::calls::mark_hang_up(tx.conn(), ids, user_id).await }).await
    {
        Ok(live) => {
            futures_util::future::join_all(live.iter().map(|call| ask_to_hang_up(app, call))).await;
        }
        Err(error) => tracing::error!(%error, "the calls of a closing cabin could not be hung up"),
    }
}

/// Asks the proxy to hang up a call. Failures are only logged.
async fn ask_to_hang_up(app: &App, call: &call::Model) {
    match app.proxies.hang_up(call, HangUp::Requested).await {
        Ok(HangUpResult::Accepted) => {}
        // the proxy does not have a dialog for the call yet, or no longer has one
        Ok(HangUpResult::Unknown) => app.reconciliation.ask(&call.proxy),
        Err(error) => tracing::warn!(call = %call.id, %error, "the proxy did not hang up"),
    }
}

/// The cost of a call to one account.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Name of the paying account.
    pub account: String,
    /// Seconds billed.
    pub billed_seconds: i32,
    /// Amount the account pays to its parent.
    pub amount: Micros,
}

/// An ended call's cost to each account in the actor's subtree, starting with the callshop.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants.
pub async fn costs(app: &App, actor: &Actor, call_id: Uuid) -> Result<Vec<Cost>> {
    actor.require(Right::SeeCost)?;
    let conn = app.store.reader();
    let charges = store::calls::charges(conn, call_id).await?;
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

/// The margin that the actor's account earns on an ended call: revenue minus cost. `None` if the account is not in the call's chain.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants.
pub async fn margin(app: &App, actor: &Actor, call_id: Uuid) -> Result<Option<Micros>> {
    actor.require(Right::SeeCost)?;
    let charges = store::calls::charges(app.store.reader(), call_id).await?;
    // an account receives money one level below the level at which it pays; the platform receives money at the last level and pays nothing
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
