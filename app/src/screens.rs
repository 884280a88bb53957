//! Customers' screens. A screen is a login that is bound to one cabin: it shows the current call and the money left, has no other rights, and cannot
//! be refreshed. A screen ends when it expires, when it is revoked, when its cabin is retired, or when all logins of the user who created it end.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{ActivityKind, account, auth_session, call};
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::{self, Change};
use super::cabins::{self as cabin_cases, CabinView};
use super::calls::pricing;
use super::sessions::{self, Running};
use super::{App, access, idempotency};
use crate::auth::{Actor, Right, login};
use crate::feed::{Watch, stream as positions};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Tx, accounts, cabins};

/// Maximum number of valid screens per cabin.
const MAX_SCREENS: usize = 5;
/// Maximum lifetime of a screen, in days.
pub const MAX_DAYS: i32 = 400;

/// Creates a screen for a cabin. The screen is valid for this many days. Returns the screen and its access token, which is not stored. The token is
/// `None` if an earlier request with the same idempotency key already returned it.
///
/// # Errors
/// Fails with `INVALID_INPUT` if `days` is not between 1 and [`MAX_DAYS`]. Fails with `ILLEGAL_STATE` if the cabin has [`MAX_SCREENS`] screens or is
/// retired. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn create(
    app: &App,
    actor: &Actor,
    cabin_id: Uuid,
    days: i32,
) -> Result<(auth_session::Model, Option<String>)> {
    let again = |(id, cabin_id)| created(app, actor, id, cabin_id);
    idempotency::repeatable(app, actor, create_new(app, actor, cabin_id, days), again).await
}

/// The screen that an earlier request created, if the screen is still valid.
async fn created(
    app: &App,
    actor: &Actor,
    id: Uuid,
    cabin_id: Uuid,
) -> Result<(auth_session::Model, Option<String>)> {
    let conn = app.store.reader();
    cabins::find(conn, &actor.scope(), cabin_id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::OperateCabins)?;
    let screens = accounts::screens(conn, &[cabin_id], app.clock.now()).await?;
    let screen = screens.into_iter().find(|screen| screen.id == id).ok_or(Error::NotFound)?;
    Ok((screen, None))
}

async fn create_new(
    app: &App,
    actor: &Actor,
    cabin_id: Uuid,
    days: i32,
) -> Result<(auth_session::Model, Option<String>)> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Error::invalid(
            "days",
            base::message!("A screen can be valid for 1 to {max} days.", max = MAX_DAYS),
        ));
    }
    actor.require_no_token()?;
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let cabin = cabin_cases::lock(&tx, actor, cabin_id, Right::OperateCabins).await?;
        if accounts::screens(tx.conn(), &[cabin.id], now).await?.len() >= MAX_SCREENS {
            let message =
                base::message!("The cabin has {max} screens. Revoke one of them first.", max = MAX_SCREENS);
            return Err(Error::user(ErrorCode::IllegalState, message));
        }
        let expires_at = now + TimeDelta::days(days.into());
        let (screen, token) = login::screen(app, actor, cabin.id, (now, expires_at))?;
        accounts::insert_auth_session(tx.conn(), screen.clone()).await?;
        cabin_cases::emit(&tx, ActivityKind::CabinChanged, &cabin, None, now).await?;
        let after = json!({ "screen": screen.id, "expiresAt": expires_at });
        record(&tx, actor, "createScreen", (cabin.callshop_id, cabin.id), (Value::Null, after), now).await?;
        idempotency::keep(&tx, actor, now, &(screen.id, cabin.id)).await?;
        Ok((screen, Some(token)))
    })
    .await
}

/// Revokes a screen. The screen's sockets close on every node.
///
/// # Errors
/// Fails with `NOT_FOUND` if the id does not belong to a screen, or if the screen's cabin is outside the actor's subtree. May also fail with
/// `FORBIDDEN`.
pub async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<CabinView> {
    actor.require_no_token()?;
    let now = app.clock.now();
    let view = app
        .write_as(actor, |tx| async move {
            let screen = accounts::auth_session(tx.conn(), id).await?.ok_or(Error::NotFound)?;
            let cabin_id = screen.cabin_id.ok_or(Error::NotFound)?;
            let cabin = cabins::find(tx.conn(), &actor.scope(), cabin_id).await?.ok_or(Error::NotFound)?;
            actor.require(Right::OperateCabins)?;
            if screen.revoked_at.is_none() {
                let revoked = auth_session::Model { revoked_at: Some(now), ..screen };
                accounts::update_auth_session(tx.conn(), revoked).await?;
                cabin_cases::emit(&tx, ActivityKind::CabinChanged, &cabin, None, now).await?;
                let of = (cabin.callshop_id, cabin.id);
                record(&tx, actor, "revokeScreen", of, (json!({ "screen": id }), Value::Null), now).await?;
            }
            cabin_cases::view_by_id(tx.conn(), cabin.id).await
        })
        .await?;
    login::forget(app, &[id]);
    Ok(view)
}

async fn record(
    tx: &Tx,
    actor: &Actor,
    action: &'static str,
    (account_id, cabin_id): (Uuid, Uuid),
    (before, after): (Value, Value),
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change { account_id, action, object: ("Cabin", cabin_id), before, after };
    audit::record(tx, actor, at, change).await
}

/// The valid screens of these cabins. Does not check access: the ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn of_cabins(app: &App, ids: &[Uuid]) -> Result<Vec<auth_session::Model>> {
    accounts::screens(app.store.reader(), ids, app.clock.now()).await
}

/// The content of a screen.
#[derive(Clone, Debug)]
pub struct Shown {
    /// When the content was read.
    pub as_of: DateTime<Utc>,
    /// The callshop's account.
    pub shop: account::Model,
    /// The cabin.
    pub cabin: CabinView,
    /// The cabin's live call.
    pub call: Option<call::View>,
    /// The cost of the cabin's session up to now; `None` if there is no session.
    pub running: Option<Running>,
}

/// Reads the content of the actor's own screen.
///
/// # Errors
/// Fails with [`Error::Forbidden`] if the actor is not a screen, and with [`Error::NotFound`] if the cabin is retired.
pub async fn shown(app: &App, actor: &Actor) -> Result<Shown> {
    let id = actor.screen_of.ok_or(Error::Forbidden)?;
    let conn = app.store.reader();
    let found = cabins::find(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    if found.retired_at.is_some() {
        return Err(Error::NotFound);
    }
    let shop = access::by_id(conn, found.callshop_id).await?;
    let cabin = cabin_cases::view_by_id(conn, id).await?;
    let mut call = store::calls::live_of_cabins(conn, &[id]).await?.pop();
    pricing::show(&app.rates, conn, &mut call).await?;
    let running = match &cabin.session {
        Some(session) => {
            sessions::running(app, &[(session.id, session.opened_at)]).await?.remove(&session.id)
        }
        None => None,
    };
    Ok(Shown { as_of: app.clock.now(), shop, cabin, call, running })
}

impl Shown {
    /// Computes the content at a later time without reading the database. Only the cost of the live call grows between two activity events.
    ///
    /// # Errors
    /// Fails with a fault if the call's rate does not exist.
    pub fn at(&self, now: DateTime<Utc>) -> Result<Self> {
        let mut later = Self { as_of: now, ..self.clone() };
        if let (Some(call), Some(running)) = (&self.call, &mut later.running) {
            let (before, after) = (pricing::so_far(call, self.as_of)?, pricing::so_far(call, now)?);
            running.seconds = running.seconds.saturating_add(after.0.saturating_sub(before.0));
            let cost = after.1.checked_sub(before.1).or_fault()?;
            running.calls = running.calls.checked_add(cost).or_fault()?;
        }
        Ok(later)
    }
}

/// Follows the content of a screen.
pub struct ScreenWatch {
    app: Arc<App>,
    actor: Actor,
    watch: Watch,
    shown: Shown,
    /// Whether the content changed since it was read.
    is_stale: bool,
}

impl ScreenWatch {
    /// Reads the content of the actor's own screen, and starts to follow the events of its cabin.
    ///
    /// # Errors
    /// Fails with the same errors as [`shown`].
    pub async fn start(app: Arc<App>, actor: Actor) -> Result<Self> {
        // subscribe before reading, so that no event between the two steps is lost
        let watch = Watch::start(&app.store, &app.hub, actor.account_id);
        let seq = store::activity::head(app.store.reader(), actor.account_id).await?;
        let shown = shown(&app, &actor).await?;
        Ok(Self { watch: watch.from_seq(seq), app, actor, shown, is_stale: false })
    }

    /// The content now. The content is read again if an event has changed it.
    ///
    /// # Errors
    /// Fails with [`Error::NotFound`] if the cabin was retired. May also fail with an error that a retry would not fix.
    pub async fn now(&mut self) -> Result<Shown> {
        if self.is_stale {
            let read = || store::in_time(positions::PATIENCE, shown(&self.app, &self.actor));
            self.shown = positions::retry_until_available(read).await?;
            self.is_stale = false;
        }
        self.shown.at(self.app.clock.now())
    }

    /// Waits for an event of the cabin. This method is cancel-safe.
    ///
    /// # Errors
    /// Fails with the same errors as [`Watch::next`].
    pub async fn changed(&mut self) -> Result<()> {
        while self.watch.next().await?.cabin_id != self.actor.screen_of {}
        self.is_stale = true;
        Ok(())
    }
}
