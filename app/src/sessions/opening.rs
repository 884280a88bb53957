//! Opens a cabin for a customer, postpaid or with a deposit.

use chrono::{DateTime, Utc};
use entity::{ActivityKind, SessionMode, SessionState, cabin, cabin_session};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::deposit::{self, Deposit};
use super::{Handed, Limits, SessionView, record, reference};
use crate::accounts::clean_name;
use crate::auth::{Actor, Right};
use crate::{App, access, cabins, idempotency, register};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::{Tx, cabins as cabin_rows, phones, register as shifts, sessions};

/// Input of [`open`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The cabin.
    pub cabin_id: Uuid,
    /// Name of the customer; may be empty.
    pub customer: String,
    /// Limits on the customer's calls.
    pub limits: Limits,
    /// The payment in advance; `None` for a postpaid session.
    pub deposit: Option<Handed>,
}

/// Opens a cabin, postpaid or prepaid with a deposit. A deposit moves money, so opening with a deposit requires an idempotency key.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` for a cabin out of service or a blocked phone. Fails with `FORBIDDEN` for users outside the callshop. May also fail
/// with `REGISTER_CLOSED`, `CABIN_OCCUPIED`, `CABIN_WITHOUT_PHONE`, `SUSPENDED`, `SERVICE_UNAVAILABLE`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT` or
/// `NOT_FOUND`.
pub async fn open(app: &App, actor: &Actor, key: Option<&str>, mut opening: Opening) -> Result<SessionView> {
    let mode = if opening.deposit.is_some() { SessionMode::Prepaid } else { SessionMode::Postpaid };
    opening.limits.check(mode)?;
    if opening.deposit.is_some() && key.is_none() {
        return Err(Error::invalid("idempotencyKey", "A deposit requires an `idempotencyKey`."));
    }
    if let Some(paid) = &mut opening.deposit {
        paid.reference = reference::clean("deposit.reference", paid.method, paid.reference.as_deref())?;
    }
    let customer = match opening.customer.trim() {
        "" => String::new(),
        name => clean_name("customer", name)?,
    };
    let (opening, customer, now) = (&opening, &customer, app.clock.now());
    app.write_as(actor, |tx| async move {
        let found = cabin_rows::find(tx.conn(), &actor.scope(), opening.cabin_id).await?;
        let shop = access::by_id(tx.conn(), found.ok_or(Error::NotFound)?.callshop_id).await?;
        actor.require(Right::OperateCabins)?;
        let act = || begin(&tx, actor, opening, customer, now);
        let id = match key {
            Some(key) => idempotency::once(&tx, actor, &app.clock, "openCabin", key, opening, act).await?,
            None => act().await?,
        };
        let session = sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        Ok(SessionView { session, currency: shop.currency })
    })
    .await
}

async fn begin(
    tx: &Tx,
    actor: &Actor,
    opening: &Opening,
    customer: &str,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let cabin = cabins::lock(tx, actor, opening.cabin_id, Right::OperateCabins).await?;
    let shop = access::by_id(tx.conn(), cabin.callshop_id).await?;
    access::not_suspended(tx.conn(), &shop).await?;
    let shift = shifts::lock_open_shift(tx.conn(), shop.id).await?.ok_or_else(register::closed)?;
    check_usable(tx.conn(), &cabin).await?;
    let mut session = new_session(&cabin, shift.id, actor, opening, customer, now);
    sessions::insert(tx.conn(), session.clone()).await?;
    if let Some(paid) = opening.deposit.clone() {
        let deposit = Deposit { field: "deposit.amount", paid };
        session = deposit::take(tx, actor, session, &shift, deposit, &shop.currency, now).await?;
    }
    let after = serde_json::to_value(&session).or_fault()?;
    record(tx, actor, now, "openCabin", &session, (Value::Null, after)).await?;
    cabins::emit(tx, ActivityKind::CabinOpened, &cabin, Some(&session), now).await?;
    Ok(session.id)
}

fn new_session(
    cabin: &cabin::Model,
    shift_id: Uuid,
    actor: &Actor,
    opening: &Opening,
    customer: &str,
    now: DateTime<Utc>,
) -> cabin_session::Model {
    cabin_session::Model {
        id: Uuid::now_v7(),
        callshop_id: cabin.callshop_id,
        cabin_id: cabin.id,
        shift_id,
        mode: if opening.deposit.is_some() { SessionMode::Prepaid } else { SessionMode::Postpaid },
        state: SessionState::Open,
        customer: customer.to_owned(),
        spending_limit: opening.limits.spending.map(Into::into),
        time_limit: opening.limits.seconds,
        carried_over: false,
        opened_by: actor.user_id,
        opened_at: now,
        closed_by: None,
        closed_at: None,
        total: None,
        settled_shift_id: None,
        settled_by: None,
        settled_at: None,
        cash_rounding: entity::Micros(0),
        receipt_number: None,
        deposit: entity::Micros(0),
        deposit_low: false,
        calls_total: None,
        items_total: None,
        discounts_total: None,
        rounding: None,
        refunded: entity::Micros(0),
    }
}

/// Checks whether a cabin whose row is locked can be opened. The cabin must be in service, have an unblocked phone, and not be occupied.
pub(super) async fn check_usable(conn: &impl ConnectionTrait, cabin: &cabin::Model) -> Result<()> {
    if cabin.out_of_service {
        return Err(Error::field(ErrorCode::IllegalState, "cabinId", "The cabin is OUT_OF_SERVICE."));
    }
    let phone = match cabin.phone_id {
        Some(id) => phones::by_ids(conn, &[id]).await?.pop(),
        None => None,
    };
    match phone {
        None => return Err(Error::field(ErrorCode::CabinWithoutPhone, "cabinId", "The cabin has no phone.")),
        Some(phone) if phone.blocked_at.is_some() => {
            return Err(Error::field(ErrorCode::IllegalState, "cabinId", "The cabin's phone is blocked."));
        }
        Some(_) => {}
    }
    match sessions::occupying(conn, cabin.id).await? {
        Some(session) => {
            let message = base::message!(
                "The cabin already has a session that is {state}. Close its bill first.",
                state = Word(session.state.as_str())
            );
            Err(Error::field(ErrorCode::CabinOccupied, "cabinId", message))
        }
        None => Ok(()),
    }
}
