//! Cabins: create, change and retire them, and derive their state.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, cabin, cabin_session, phone};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::clean_name;
use super::audit::changed;
use super::audited::record;
use super::{App, access, idempotency};
use crate::auth::{Actor, Right};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::cabins::Occupied;
use store::{Listed, NewActivity, Page, Tx, accounts, cabins, phones, sessions};

/// Maximum number of cabins per callshop, excluding retired cabins.
const MAX_CABINS: u64 = 200;
/// Highest cabin number.
const MAX_NUMBER: i32 = 9999;

/// State of a cabin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CabinState {
    /// No session occupies the cabin.
    Closed,
    /// An open or closing session occupies the cabin, but the cabin has no live call.
    Open,
    /// The cabin has a live call.
    InCall,
    /// A user took the cabin out of service.
    OutOfService,
}

impl CabinState {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::InCall => "IN_CALL",
            Self::OutOfService => "OUT_OF_SERVICE",
        }
    }
}

/// A cabin with its current phone, session and calls.
#[derive(Clone, Debug)]
pub struct CabinView {
    /// The cabin.
    pub cabin: cabin::Model,
    /// The cabin's phone.
    pub phone: Option<phone::Model>,
    /// The open or closing session that occupies the cabin.
    pub session: Option<cabin_session::Model>,
    /// Number of live calls.
    pub live_calls: usize,
    /// The callshop's currency.
    pub currency: String,
}

impl CabinView {
    fn of(occupied: Occupied, currency: &str) -> Self {
        let Occupied { cabin, phone, session, live_calls } = occupied;
        Self { cabin, phone, session, live_calls, currency: currency.to_owned() }
    }

    /// The cabin's state.
    pub fn state(&self) -> CabinState {
        match (self.live_calls, &self.session) {
            (1.., _) => CabinState::InCall,
            (0, Some(_)) => CabinState::Open,
            (0, None) if self.cabin.out_of_service => CabinState::OutOfService,
            (0, None) => CabinState::Closed,
        }
    }
}

/// Payload of a cabin's activity events.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CabinEvent {
    /// The cabin at the time of the event.
    pub cabin: cabin::Model,
    /// The cabin's phone.
    pub phone: Option<PhoneState>,
    /// The session that the event is about. If the event is not about a session, this field contains the session that occupied the cabin.
    pub session: Option<cabin_session::Model>,
}

/// The fields of a phone that every user of the callshop may see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhoneState {
    /// Id of the phone.
    pub id: Uuid,
    /// Display name.
    pub label: String,
    /// Whether the phone is registered at a proxy.
    pub online: bool,
}

impl From<phone::Model> for PhoneState {
    fn from(phone: phone::Model) -> Self {
        Self { id: phone.id, label: phone.label, online: phone.online }
    }
}

/// Emits a cabin's activity event. If `session` is `None`, the event contains the session that occupies the cabin.
///
/// # Errors
/// May fail with database errors.
pub async fn emit(
    tx: &Tx,
    kind: ActivityKind,
    cabin: &cabin::Model,
    session: Option<&cabin_session::Model>,
    at: DateTime<Utc>,
) -> Result<()> {
    let event = event(tx.conn(), cabin, session).await?;
    tx.emit(NewActivity {
        callshop_id: cabin.callshop_id,
        at,
        kind,
        cabin_id: Some(cabin.id),
        session_id: event.session.as_ref().map(|session| session.id),
        call_id: None,
        payload: serde_json::to_value(&event).or_fault()?,
    });
    Ok(())
}

/// Builds the payload of a cabin's activity event.
///
/// # Errors
/// May fail with database errors.
pub async fn event(
    conn: &impl ConnectionTrait,
    cabin: &cabin::Model,
    session: Option<&cabin_session::Model>,
) -> Result<CabinEvent> {
    let session = match session {
        Some(session) => Some(session.clone()),
        None => sessions::occupying(conn, cabin.id).await?,
    };
    let phone = match cabin.phone_id {
        Some(id) => phones::by_ids(conn, &[id]).await?.pop().map(PhoneState::from),
        None => None,
    };
    Ok(CabinEvent { cabin: cabin.clone(), phone, session })
}

/// Loads the views of one callshop's cabins, in the order given. The number of queries does not depend on the number of cabins.
///
/// # Errors
/// May fail with database errors.
pub async fn views(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    currency: &str,
    rows: Vec<cabin::Model>,
) -> Result<Vec<CabinView>> {
    views_of(conn, &HashMap::from([(callshop_id, currency.to_owned())]), rows).await
}

/// Like [`views`], but for cabins of several callshops.
///
/// # Errors
/// May fail with database errors.
pub async fn views_across(conn: &impl ConnectionTrait, rows: Vec<cabin::Model>) -> Result<Vec<CabinView>> {
    let currencies = access::currencies(conn, rows.iter().map(|cabin| cabin.callshop_id)).await?;
    views_of(conn, &currencies, rows).await
}

/// Loads the views of cabins. `currencies` must have the currency of each cabin's callshop.
async fn views_of(
    conn: &impl ConnectionTrait,
    currencies: &HashMap<Uuid, String>,
    rows: Vec<cabin::Model>,
) -> Result<Vec<CabinView>> {
    let callshops: Vec<Uuid> = currencies.keys().copied().collect();
    let ids: Vec<Uuid> = rows.iter().map(|cabin| cabin.id).collect();
    let phone_ids: Vec<Uuid> = rows.iter().filter_map(|cabin| cabin.phone_id).collect();
    let phones = phones::by_ids(conn, &phone_ids).await?;
    let mut open = sessions::all_occupying(conn, &ids).await?;
    let live = sessions::live_calls_by_cabin(conn, &callshops, &ids).await?;
    let view = |cabin: cabin::Model| {
        Ok(CabinView {
            phone: phones.iter().find(|phone| Some(phone.id) == cabin.phone_id).cloned(),
            session: open.remove(&cabin.id),
            live_calls: live.get(&cabin.id).copied().unwrap_or(0),
            currency: access::currency_of(currencies, cabin.callshop_id)?,
            cabin,
        })
    };
    rows.into_iter().map(view).collect()
}

/// Loads the view of a cabin. The calling function has already checked access to the cabin.
///
/// # Errors
/// May fail with database errors.
pub async fn view(conn: &impl ConnectionTrait, cabin: cabin::Model) -> Result<CabinView> {
    let callshop_id = cabin.callshop_id;
    let currency = access::by_id(conn, callshop_id).await?.currency;
    let view = views(conn, callshop_id, &currency, vec![cabin]).await?.pop();
    view.ok_or_else(|| Error::fault("no view was built for the cabin"))
}

/// Loads the views of cabins by id, without an access check. The ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn views_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<CabinView>> {
    views_across(conn, cabins::by_ids(conn, ids).await?).await
}

/// Loads the view of a cabin by id, without an access check. The id must come from a row that the actor may see.
///
/// # Errors
/// Fails with a fault if the cabin does not exist. May also fail with database errors.
pub async fn view_by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<CabinView> {
    let cabin = cabins::by_ids(conn, &[id]).await?.pop();
    view(conn, cabin.ok_or_else(|| Error::fault("a row refers to a cabin that does not exist"))?).await
}

/// The default label of a cabin.
pub fn default_label(number: i32) -> String {
    format!("Cabin {number}")
}

/// Input for a new cabin.
#[derive(Clone, Debug)]
pub struct NewCabin {
    /// The callshop.
    pub callshop_id: Uuid,
    /// Cabin number, 1 to 9999, unique in the callshop.
    pub number: i32,
    /// Display name.
    pub label: String,
    /// One of the callshop's phones. The phone must not be in another cabin.
    pub phone_id: Option<Uuid>,
}

/// Creates a cabin.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the phone is in another cabin. Fails with `FORBIDDEN` for attendants. May also fail with `INVALID_INPUT`,
/// `ALREADY_EXISTS` or `NOT_FOUND`.
pub async fn create(app: &App, actor: &Actor, new: NewCabin) -> Result<CabinView> {
    idempotency::repeatable(app, actor, create_new(app, actor, new), |id| find(app, actor, id)).await
}

async fn create_new(app: &App, actor: &Actor, new: NewCabin) -> Result<CabinView> {
    let (number, label) = (check_number(new.number)?, clean_name("label", &new.label)?);
    let (id, now) = (Uuid::now_v7(), app.clock.now());
    let cabin = &cabin::Model::new(id, new.callshop_id, number, label, new.phone_id, now);
    let made = app.write_as(actor, |tx| async move {
        let shop = access::shop(tx.conn(), actor, cabin.callshop_id, Right::ManageCabins).await?;
        // the lock on the callshop keeps other requests from adding cabins between this count and the commit
        accounts::lock_callshop(tx.conn(), shop.id()).await?;
        if cabins::count(tx.conn(), shop.id()).await? >= MAX_CABINS {
            return Err(Error::user(
                ErrorCode::InvalidInput,
                base::message!(
                    "A callshop can have at most {max} cabins. Retire one first.",
                    max = MAX_CABINS
                ),
            ));
        }
        if let Some(phone) = cabin.phone_id {
            check_free_phone(&tx, actor, shop.id(), phone).await?;
        }
        cabins::insert(tx.conn(), cabin.clone()).await?;
        emit(&tx, ActivityKind::CabinChanged, cabin, None, cabin.created_at).await?;
        record(&tx, actor, cabin.created_at, "createCabin", cabin, (Value::Null, shown(cabin))).await?;
        idempotency::keep(&tx, actor, cabin.created_at, &cabin.id).await?;
        view(tx.conn(), cabin.clone()).await
    });
    made.await.map_err(number_taken)
}

/// The cabin's fields that the audit log records.
fn shown(cabin: &cabin::Model) -> Value {
    json!({
        "number": cabin.number, "label": cabin.label, "phone": cabin.phone_id, "outOfService": cabin.out_of_service,
        "retiredAt": cabin.retired_at,
    })
}

async fn check_free_phone(tx: &Tx, actor: &Actor, callshop_id: Uuid, id: Uuid) -> Result<()> {
    let phone =
        phones::lock(tx.conn(), &actor.scope(), id).await?.filter(|phone| phone.callshop_id == callshop_id);
    if phone.is_none() {
        return Err(Error::field(ErrorCode::NotFound, "phoneId", "The callshop has no such phone."));
    }
    match cabins::of_phone(tx.conn(), id).await? {
        Some(cabin) => {
            let message = base::message!("The phone is already in cabin {cabin}.", cabin = cabin.number);
            Err(Error::field(ErrorCode::IllegalState, "phoneId", message))
        }
        None => Ok(()),
    }
}

fn check_number(number: i32) -> Result<i32> {
    if (1..=MAX_NUMBER).contains(&number) {
        Ok(number)
    } else {
        Err(Error::invalid(
            "number",
            base::message!("`number` must be between 1 and {max}.", max = MAX_NUMBER),
        ))
    }
}

/// Reports the violation of a unique index as a duplicate number, because a cabin that passed the checks can violate no other unique index.
fn number_taken(error: Error) -> Error {
    match error.is_unique_violation() {
        true => Error::field(
            ErrorCode::AlreadyExists,
            "number",
            "The callshop already has a cabin with this number.",
        ),
        false => error,
    }
}

/// Changes to a cabin. A field that is `None` leaves its value unchanged.
#[derive(Clone, Debug, Default)]
pub struct CabinChange {
    /// Cabin number.
    pub number: Option<i32>,
    /// Display name.
    pub label: Option<String>,
    /// Whether the cabin is out of service.
    pub out_of_service: Option<bool>,
}

/// Changes a cabin.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the cabin is retired, or if an occupied cabin would be taken out of service. Fails with `FORBIDDEN` for attendants.
/// May also fail with `INVALID_INPUT`, `ALREADY_EXISTS` or `NOT_FOUND`.
pub async fn update(app: &App, actor: &Actor, id: Uuid, change: CabinChange) -> Result<CabinView> {
    let (change, now) = (&change, app.clock.now());
    let changed = app.write_as(actor, |tx| async move {
        let mut cabin = lock(&tx, actor, id, Right::ManageCabins).await?;
        let before = shown(&cabin);
        if let Some(number) = change.number {
            cabin.number = check_number(number)?;
        }
        if let Some(label) = &change.label {
            cabin.label = clean_name("label", label)?;
        }
        if let Some(out) = change.out_of_service {
            if out {
                check_unoccupied(tx.conn(), id).await?;
            }
            cabin.out_of_service = out;
        }
        let cabin = cabins::update(tx.conn(), cabin).await?;
        emit(&tx, ActivityKind::CabinChanged, &cabin, None, now).await?;
        record(&tx, actor, now, "updateCabin", &cabin, changed(before, shown(&cabin))).await?;
        view(tx.conn(), cabin).await
    });
    changed.await.map_err(number_taken)
}

/// Retires a cabin permanently. The phone of a retired cabin becomes free, and the cabin's history is kept.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the cabin is occupied or already retired. Fails with `FORBIDDEN` for attendants. May also fail with `NOT_FOUND`.
pub async fn retire(app: &App, actor: &Actor, id: Uuid) -> Result<CabinView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let cabin = lock(&tx, actor, id, Right::ManageCabins).await?;
        check_unoccupied(tx.conn(), id).await?;
        let before = shown(&cabin);
        let cabin = cabin::Model { retired_at: Some(now), phone_id: None, ..cabin };
        let cabin = cabins::update(tx.conn(), cabin).await?;
        emit(&tx, ActivityKind::CabinChanged, &cabin, None, now).await?;
        record(&tx, actor, now, "retireCabin", &cabin, changed(before, shown(&cabin))).await?;
        view(tx.conn(), cabin).await
    })
    .await
}

async fn check_unoccupied(conn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    let view = view_by_id(conn, id).await?;
    match view.state() {
        CabinState::Closed | CabinState::OutOfService => Ok(()),
        state => Err(Error::user(
            ErrorCode::IllegalState,
            base::message!("The cabin is {state}. Close it first.", state = Word(state.as_str())),
        )),
    }
}

/// Locks a cabin in the actor's subtree, after checking the actor's right.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the cabin is retired. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn lock(tx: &Tx, actor: &Actor, id: Uuid, right: Right) -> Result<cabin::Model> {
    cabins::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(right)?;
    let cabin = cabins::lock(tx.conn(), &[id]).await?.pop().ok_or(Error::NotFound)?;
    match cabin.retired_at {
        Some(_) => Err(Error::user(ErrorCode::IllegalState, "The cabin is retired.")),
        None => Ok(cabin),
    }
}

/// Finds a cabin in the actor's subtree, even if it is retired.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<CabinView> {
    let found = cabins::find_occupied(app.store.reader(), &actor.scope(), id).await?;
    let (currency, occupied) = found.ok_or(Error::NotFound)?;
    actor.require(Right::SeeShop)?;
    Ok(CabinView::of(occupied, &currency))
}

/// Finds the cabins with these ids in the actor's subtree.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<CabinView>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    let conn = app.store.reader();
    views_across(conn, cabins::find_all(conn, &actor.scope(), ids).await?).await
}

/// Lists one page of a callshop's cabins that are not retired, oldest first.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn list(app: &App, actor: &Actor, callshop_id: Uuid, page: Page) -> Result<Listed<CabinView>> {
    let found = cabins::list_occupied(app.store.reader(), &actor.scope(), callshop_id, page).await?;
    let (currency, cabins) = found.ok_or(Error::NotFound)?;
    actor.require(Right::SeeShop)?;
    Ok(cabins.map(|occupied| CabinView::of(occupied, &currency)))
}

/// Lists all cabins of a callshop except retired cabins, sorted by number.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn all(app: &App, actor: &Actor, callshop_id: Uuid) -> Result<Vec<CabinView>> {
    let conn = app.store.reader();
    let shop = access::shop(conn, actor, callshop_id, Right::SeeShop).await?;
    let rows = cabins::all(conn, shop.id()).await?;
    views(conn, shop.id(), &shop.account.currency, rows).await
}
