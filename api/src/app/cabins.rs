//! Cabins: making, changing and retiring them, and what state each is in.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{ActivityKind, cabin, cabin_session, phone};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::clean_name;
use super::audit::{self, Change, changed};
use super::{App, access};
use crate::auth::{Actor, Right};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{NewActivity, Page, Tx, accounts, cabins, phones, sessions};

/// Most cabins of one callshop that are not retired.
const MAX_CABINS: u64 = 200;
/// Highest number on a door.
const MAX_NUMBER: i32 = 9999;

/// What a cabin is doing (domain: Cabins and sessions).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CabinState {
    /// Nobody has it.
    Closed,
    /// A customer has it and may call; or its last call is awaited.
    Open,
    /// A call is up.
    InCall,
    /// Taken out of use by hand.
    OutOfService,
}

impl CabinState {
    /// The published text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::InCall => "IN_CALL",
            Self::OutOfService => "OUT_OF_SERVICE",
        }
    }
}

/// A cabin with what is in it now.
#[derive(Clone, Debug)]
pub struct CabinView {
    /// The cabin.
    pub cabin: cabin::Model,
    /// Its phone.
    pub phone: Option<phone::Model>,
    /// The session that occupies it, open or closing.
    pub session: Option<cabin_session::Model>,
    /// Its live calls.
    pub live_calls: usize,
    /// The callshop's currency.
    pub currency: String,
}

impl CabinView {
    /// What it is doing.
    pub fn state(&self) -> CabinState {
        match (self.live_calls, &self.session) {
            (1.., _) => CabinState::InCall,
            (0, Some(_)) => CabinState::Open,
            (0, None) if self.cabin.out_of_service => CabinState::OutOfService,
            (0, None) => CabinState::Closed,
        }
    }
}

/// What activities of a cabin carry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CabinEvent {
    /// The cabin as it was then.
    pub cabin: cabin::Model,
    /// Its phone.
    pub phone: Option<PhoneState>,
    /// The session that is concerned, or that occupied the cabin.
    pub session: Option<cabin_session::Model>,
}

/// What of a phone everyone in the callshop may know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhoneState {
    /// Id.
    pub id: Uuid,
    /// For people.
    pub label: String,
    /// Registered at the proxy.
    pub online: bool,
}

impl From<phone::Model> for PhoneState {
    fn from(phone: phone::Model) -> Self {
        Self { id: phone.id, label: phone.label, online: phone.online }
    }
}

/// Notes an activity of a cabin. Without a `session` it carries the one that occupies the cabin.
///
/// # Errors
/// Database errors.
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
        payload: serde_json::to_value(&event).map_err(Error::fault)?,
    });
    Ok(())
}

/// What an activity of a cabin carries.
///
/// # Errors
/// Database errors.
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

/// Cabins of one callshop with what is in them, in the order given; four queries however many they are.
///
/// # Errors
/// Database errors.
pub async fn views(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    currency: &str,
    rows: Vec<cabin::Model>,
) -> Result<Vec<CabinView>> {
    views_of(conn, &HashMap::from([(callshop_id, currency.to_owned())]), rows).await
}

/// The same of cabins of several callshops.
///
/// # Errors
/// Database errors.
pub async fn views_across(conn: &impl ConnectionTrait, rows: Vec<cabin::Model>) -> Result<Vec<CabinView>> {
    let currencies = access::currencies(conn, rows.iter().map(|cabin| cabin.callshop_id)).await?;
    views_of(conn, &currencies, rows).await
}

/// What is in cabins of these callshops, each with its currency.
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
    let view = |cabin: cabin::Model| CabinView {
        phone: phones.iter().find(|phone| Some(phone.id) == cabin.phone_id).cloned(),
        session: open.remove(&cabin.id),
        live_calls: live.get(&cabin.id).copied().unwrap_or(0),
        currency: currencies.get(&cabin.callshop_id).cloned().unwrap_or_default(),
        cabin,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// A cabin that was already proven to be the caller's, with what is in it.
///
/// # Errors
/// Database errors.
pub async fn view(conn: &impl ConnectionTrait, cabin: cabin::Model) -> Result<CabinView> {
    let callshop_id = cabin.callshop_id;
    let currency = access::by_id(conn, callshop_id).await?.currency;
    let view = views(conn, callshop_id, &currency, vec![cabin]).await?.pop();
    view.ok_or_else(|| Error::fault("one cabin has one view"))
}

/// Cabins by id with what is in them, for rows that were already proven to be the caller's.
///
/// # Errors
/// Database errors.
pub async fn views_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<CabinView>> {
    views_across(conn, cabins::by_ids(conn, ids).await?).await
}

/// A cabin by id, for rows that were already proven to be the caller's.
///
/// # Errors
/// A fault when it is gone; database errors.
pub async fn view_by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<CabinView> {
    let cabin = cabins::by_ids(conn, &[id]).await?.pop();
    view(conn, cabin.ok_or_else(|| Error::fault("a row refers to a cabin that is not there"))?).await
}

/// The label of a cabin that is given none.
pub fn default_label(number: i32) -> String {
    format!("Cabin {number}")
}

/// What a new cabin is told.
#[derive(Clone, Debug)]
pub struct NewCabin {
    /// Where.
    pub callshop_id: Uuid,
    /// Number on the door, 1 to 9999, unique in the callshop.
    pub number: i32,
    /// For people.
    pub label: String,
    /// A phone of the callshop that is in no cabin.
    pub phone_id: Option<Uuid>,
}

/// Makes a cabin.
///
/// # Errors
/// `INVALID_INPUT`, `ALREADY_EXISTS`, `ILLEGAL_STATE` for a phone that is in another cabin; not found; forbidden for attendants.
pub async fn create(app: &App, actor: &Actor, new: NewCabin) -> Result<CabinView> {
    let cabin = cabin::Model {
        id: Uuid::now_v7(),
        callshop_id: new.callshop_id,
        number: check_number(new.number)?,
        label: clean_name("label", &new.label)?,
        phone_id: new.phone_id,
        out_of_service: false,
        retired_at: None,
        created_at: app.clock.now(),
    };
    let cabin = &cabin;
    let made = app.write_as(actor, |tx| async move {
        let shop = access::shop(tx.conn(), actor, cabin.callshop_id, Right::ManageCabins).await?;
        // its lock lets the count stand until the commit
        accounts::lock_callshop(tx.conn(), shop.id()).await?;
        if cabins::count(tx.conn(), shop.id()).await? >= MAX_CABINS {
            return Err(Error::user(
                ErrorCode::InvalidInput,
                format!("a callshop has at most {MAX_CABINS} cabins"),
            ));
        }
        if let Some(phone) = cabin.phone_id {
            check_free_phone(&tx, actor, shop.id(), phone).await?;
        }
        cabins::insert(tx.conn(), cabin.clone()).await?;
        emit(&tx, ActivityKind::CabinChanged, cabin, None, cabin.created_at).await?;
        record(&tx, actor, "createCabin", (Value::Null, shown(cabin)), cabin, cabin.created_at).await?;
        view(tx.conn(), cabin.clone()).await
    });
    made.await.map_err(number_taken)
}

/// What the audit log shows of a cabin.
fn shown(cabin: &cabin::Model) -> Value {
    json!({
        "number": cabin.number, "label": cabin.label, "phone": cabin.phone_id, "outOfService": cabin.out_of_service,
        "retiredAt": cabin.retired_at,
    })
}

async fn record(
    tx: &Tx,
    actor: &Actor,
    action: &'static str,
    (before, after): (Value, Value),
    cabin: &cabin::Model,
    at: DateTime<Utc>,
) -> Result<()> {
    let change = Change { account_id: cabin.callshop_id, action, object: ("Cabin", cabin.id), before, after };
    audit::record(tx, actor, at, change).await
}

async fn check_free_phone(tx: &Tx, actor: &Actor, callshop_id: Uuid, id: Uuid) -> Result<()> {
    let phone =
        phones::lock(tx.conn(), &actor.scope(), id).await?.filter(|phone| phone.callshop_id == callshop_id);
    if phone.is_none() {
        return Err(Error::field(ErrorCode::NotFound, "phoneId", "no such phone in the callshop"));
    }
    match cabins::of_phone(tx.conn(), id).await? {
        Some(cabin) => {
            let message = format!("the phone is in cabin {}", cabin.number);
            Err(Error::field(ErrorCode::IllegalState, "phoneId", message))
        }
        None => Ok(()),
    }
}

fn check_number(number: i32) -> Result<i32> {
    if (1..=MAX_NUMBER).contains(&number) {
        Ok(number)
    } else {
        Err(Error::invalid("number", format!("1 to {MAX_NUMBER}")))
    }
}

/// The only unique index that a checked cabin can meet is that of its number.
fn number_taken(error: Error) -> Error {
    match error.is_unique_violation() {
        true => Error::field(ErrorCode::AlreadyExists, "number", "the callshop has a cabin of that number"),
        false => error,
    }
}

/// What of a cabin may be changed; none leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct CabinChange {
    /// Number on the door.
    pub number: Option<i32>,
    /// For people.
    pub label: Option<String>,
    /// Taken out of use by hand.
    pub out_of_service: Option<bool>,
}

/// Changes a cabin.
///
/// # Errors
/// `INVALID_INPUT`, `ALREADY_EXISTS`, `ILLEGAL_STATE` when it is retired, or occupied and to be taken out of service; not found; forbidden
/// for attendants.
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
        record(&tx, actor, "updateCabin", changed(before, shown(&cabin)), &cabin, now).await?;
        view(tx.conn(), cabin).await
    });
    changed.await.map_err(number_taken)
}

/// Takes a cabin away for good; its phone becomes free, its history stays.
///
/// # Errors
/// `ILLEGAL_STATE` when it is occupied or retired already; not found; forbidden for attendants.
pub async fn retire(app: &App, actor: &Actor, id: Uuid) -> Result<CabinView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let cabin = lock(&tx, actor, id, Right::ManageCabins).await?;
        check_unoccupied(tx.conn(), id).await?;
        let before = shown(&cabin);
        let cabin = cabin::Model { retired_at: Some(now), phone_id: None, ..cabin };
        let cabin = cabins::update(tx.conn(), cabin).await?;
        emit(&tx, ActivityKind::CabinChanged, &cabin, None, now).await?;
        record(&tx, actor, "retireCabin", changed(before, shown(&cabin)), &cabin, now).await?;
        view(tx.conn(), cabin).await
    })
    .await
}

async fn check_unoccupied(conn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    let view = view_by_id(conn, id).await?;
    match view.state() {
        CabinState::Closed | CabinState::OutOfService => Ok(()),
        state => Err(Error::user(ErrorCode::IllegalState, format!("the cabin is {}", state.as_str()))),
    }
}

/// A cabin inside the actor's subtree that is not retired, locked, with a right that he has.
///
/// # Errors
/// `ILLEGAL_STATE` for a retired one; not found; forbidden.
pub async fn lock(tx: &Tx, actor: &Actor, id: Uuid, right: Right) -> Result<cabin::Model> {
    cabins::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(right)?;
    let cabin = cabins::lock(tx.conn(), &[id]).await?.pop().ok_or(Error::NotFound)?;
    match cabin.retired_at {
        Some(_) => Err(Error::user(ErrorCode::IllegalState, "the cabin is retired")),
        None => Ok(cabin),
    }
}

/// A cabin inside the actor's subtree, retired ones too.
///
/// # Errors
/// Not found.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<CabinView> {
    let cabin = cabins::find(app.store.reader(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::SeeShop)?;
    view(app.store.reader(), cabin).await
}

/// The cabins of these ids inside the actor's subtree.
///
/// # Errors
/// Database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<CabinView>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    let conn = app.store.reader();
    views_across(conn, cabins::find_all(conn, &actor.scope(), ids).await?).await
}

/// A page of the cabins of a callshop that are not retired, oldest first.
///
/// # Errors
/// Not found.
pub async fn list(app: &App, actor: &Actor, callshop_id: Uuid, page: Page) -> Result<Vec<CabinView>> {
    let conn = app.store.reader();
    let shop = access::shop(conn, actor, callshop_id, Right::SeeShop).await?;
    let rows = cabins::list(conn, shop.id(), page).await?;
    views(conn, shop.id(), &shop.account.currency, rows).await
}

/// All cabins of a callshop that are not retired, by number.
///
/// # Errors
/// Not found.
pub async fn all(app: &App, actor: &Actor, callshop_id: Uuid) -> Result<Vec<CabinView>> {
    let conn = app.store.reader();
    let shop = access::shop(conn, actor, callshop_id, Right::SeeShop).await?;
    let rows = cabins::all(conn, shop.id()).await?;
    views(conn, shop.id(), &shop.account.currency, rows).await
}
