//! Cabin sessions: opening and closing cabins, moving, voiding and settling, and the statement.

use std::collections::BTreeMap;

use billing::money::{Micros, minor_unit_decimals};
use billing::number::{E164, format_international};
use billing::session::{self as rules, CloseMode, SessionError};
use billing::statement::{
    Payment, Settlement, SettlementError, Statement, StatementCall, settle as settle_rule,
};
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, PaymentMethod, SessionMode, SessionState, account, cabin, cabin_session, call, payment,
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::clean_name;
use super::{App, access, cabins, calls, idempotency, register};
use crate::auth::{Actor, Right};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{
    NewActivity, Page, Tx, accounts, cabins as cabin_rows, phones, register as shifts, sessions,
};

/// Longest time limit of a session, seconds.
const MAX_TIME_LIMIT: i32 = 86_400;
/// Most answered calls of one statement.
pub const MAX_STATEMENT_CALLS: u64 = 5000;
/// Most payments of one settlement.
const MAX_PAYMENTS: usize = 10;

/// A session, with the currency of its amounts.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// The session.
    pub session: cabin_session::Model,
    /// The callshop's currency.
    pub currency: String,
}

/// What a customer's calls may come to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Calls may cost this at most; none is no limit.
    pub spending: Option<Micros>,
    /// Talk seconds at most; none is no limit.
    pub seconds: Option<i32>,
}

impl Limits {
    fn check(self) -> Result<Self> {
        if self.spending.is_some_and(|limit| limit <= Micros::ZERO) {
            return Err(Error::invalid("spendingLimit", "above zero, or null for no limit"));
        }
        if self.seconds.is_some_and(|seconds| !(1..=MAX_TIME_LIMIT).contains(&seconds)) {
            return Err(Error::invalid(
                "timeLimitSeconds",
                format!("1 to {MAX_TIME_LIMIT}, or null for no limit"),
            ));
        }
        Ok(self)
    }
}

/// What opening a cabin is told.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Which cabin.
    pub cabin_id: Uuid,
    /// Name of the customer, may be empty.
    pub customer: String,
    /// What his calls may come to.
    pub limits: Limits,
}

/// Opens a cabin for a customer who pays after his calls.
///
/// # Errors
/// `REGISTER_CLOSED`, `CABIN_OCCUPIED`, `CABIN_WITHOUT_PHONE`, `ILLEGAL_STATE` for a cabin out of service or a blocked phone,
/// `SUSPENDED`, `SERVICE_UNAVAILABLE`, `INVALID_INPUT`; not found; forbidden outside the callshop.
pub async fn open(app: &App, actor: &Actor, opening: Opening) -> Result<SessionView> {
    let limits = opening.limits.check()?;
    let customer = match opening.customer.trim() {
        "" => String::new(),
        name => clean_name("customer", name)?,
    };
    let (customer, now) = (&customer, app.clock.now());
    app.store
        .write(|tx| async move {
            let cabin = cabins::lock(&tx, actor, opening.cabin_id, Right::OperateCabins).await?;
            let shop = access::by_id(tx.conn(), cabin.callshop_id).await?;
            access::not_suspended(tx.conn(), &shop).await?;
            let shift = shifts::lock_open_shift(tx.conn(), shop.id).await?.ok_or_else(register::closed)?;
            check_usable(tx.conn(), &cabin).await?;
            let session = cabin_session::Model {
                id: Uuid::now_v7(),
                callshop_id: shop.id,
                cabin_id: cabin.id,
                shift_id: shift.id,
                mode: SessionMode::Postpaid,
                state: SessionState::Open,
                customer: customer.clone(),
                spending_limit: limits.spending.map(Into::into),
                time_limit: limits.seconds,
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
                calls_total: None,
                items_total: None,
                discounts_total: None,
                rounding: None,
                refunded: entity::Micros(0),
            };
            sessions::insert(tx.conn(), session.clone()).await?;
            cabins::emit(&tx, ActivityKind::CabinOpened, &cabin, Some(&session), now).await?;
            Ok(SessionView { session, currency: shop.currency })
        })
        .await
}

/// Whether a locked cabin can take a customer.
async fn check_usable(conn: &impl ConnectionTrait, cabin: &cabin::Model) -> Result<()> {
    if cabin.out_of_service {
        return Err(Error::field(ErrorCode::IllegalState, "cabinId", "the cabin is OUT_OF_SERVICE"));
    }
    let phone = match cabin.phone_id {
        Some(id) => phones::by_ids(conn, &[id]).await?.pop(),
        None => None,
    };
    match phone {
        None => return Err(Error::field(ErrorCode::CabinWithoutPhone, "cabinId", "the cabin has no phone")),
        Some(phone) if phone.blocked_at.is_some() => {
            return Err(Error::field(ErrorCode::IllegalState, "cabinId", "the cabin's phone is blocked"));
        }
        Some(_) => {}
    }
    match sessions::occupying(conn, cabin.id).await? {
        Some(session) => {
            let message = format!("the cabin has a session that is {}", session.state.as_str());
            Err(Error::field(ErrorCode::CabinOccupied, "cabinId", message))
        }
        None => Ok(()),
    }
}

/// Which session to close.
#[derive(Clone, Copy, Debug)]
pub enum Closing {
    /// The one that occupies this cabin.
    Cabin(Uuid),
    /// This one.
    Session(Uuid),
}

/// Closes a cabin's session: CLOSED with its final statement, or CLOSING until its last call has ended.
///
/// # Errors
/// `ILLEGAL_STATE` for a session that is neither open nor closing, and with [`CloseMode::Refuse`] during a call; not found; forbidden
/// outside the callshop.
pub async fn close(app: &App, actor: &Actor, closing: Closing, mode: CloseMode) -> Result<SessionView> {
    let now = app.clock.now();
    let (view, hang_up) = app
        .store
        .write(|tx| async move {
            let session = match closing {
                Closing::Cabin(id) => {
                    let cabin =
                        cabin_rows::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
                    actor.require(Right::OperateCabins)?;
                    let closed = || Error::field(ErrorCode::IllegalState, "cabinId", "the cabin is CLOSED");
                    let session = sessions::occupying(tx.conn(), cabin.id).await?.ok_or_else(closed)?;
                    lock(&tx, actor, session.id).await?
                }
                Closing::Session(id) => lock(&tx, actor, id).await?,
            };
            let live = sessions::live_calls(tx.conn(), session.id).await?;
            let decision = rules::close(session.state.into(), count(live.len())?, mode).map_err(illegal)?;
            let session = cabin_session::Model {
                closed_by: session.closed_by.or(Some(actor.user_id)),
                closed_at: session.closed_at.or(Some(now)),
                ..session
            };
            let session = match decision.next {
                rules::SessionState::Closed => finish(&tx, session, now).await?,
                next => {
                    let session = cabin_session::Model { state: next.into(), ..session };
                    let session = sessions::update(tx.conn(), session).await?;
                    emit(&tx, ActivityKind::CabinClosing, &session, now).await?;
                    session
                }
            };
            let calls = if decision.hang_up { live } else { Vec::new() };
            Ok((view(tx.conn(), session).await?, calls))
        })
        .await?;
    // after the commit that lets no other call begin
    calls::hang_up_all(app, &hang_up, actor.user_id).await;
    Ok(view)
}

/// Closes the sessions that waited for their calls to end, when ends of calls were recorded and no other call of theirs is live. For the
/// transaction that recorded them.
///
/// # Errors
/// Those of the database.
pub async fn calls_over(tx: &Tx, session_ids: &[Uuid], at: DateTime<Utc>) -> Result<()> {
    if session_ids.is_empty() {
        return Ok(());
    }
    // every one is locked, not only those that are CLOSING now: one that is being closed meanwhile counts our calls as live
    for session in sessions::lock_all(tx.conn(), session_ids).await? {
        if session.state != SessionState::Closing {
            continue;
        }
        let live = sessions::live_calls(tx.conn(), session.id).await?;
        if rules::call_over(session.state.into(), count(live.len())?) == rules::SessionState::Closed {
            finish(tx, session, at).await?;
        }
    }
    Ok(())
}

/// Makes the statement final.
async fn finish(tx: &Tx, session: cabin_session::Model, at: DateTime<Utc>) -> Result<cabin_session::Model> {
    let currency = access::by_id(tx.conn(), session.callshop_id).await?.currency;
    let statement = build_statement(tx.conn(), session.id, &currency).await?;
    let session = cabin_session::Model {
        state: SessionState::Closed,
        calls_total: Some(statement.calls_total.into()),
        items_total: Some(statement.items_total.into()),
        discounts_total: Some(statement.discounts_total.into()),
        rounding: Some(statement.rounding.into()),
        total: Some(statement.total.into()),
        ..session
    };
    let session = sessions::update(tx.conn(), session).await?;
    emit(tx, ActivityKind::CabinClosed, &session, at).await?;
    Ok(session)
}

async fn emit(tx: &Tx, kind: ActivityKind, session: &cabin_session::Model, at: DateTime<Utc>) -> Result<()> {
    let cabin = cabin_of(tx.conn(), session).await?;
    cabins::emit(tx, kind, &cabin, Some(session), at).await
}

async fn cabin_of(conn: &impl ConnectionTrait, session: &cabin_session::Model) -> Result<cabin::Model> {
    let cabin = cabin_rows::by_ids(conn, &[session.cabin_id]).await?.pop();
    cabin.ok_or_else(|| Error::fault("a session refers to a cabin that is not there"))
}

/// A session inside the actor's subtree, locked, for an actor who may operate cabins.
async fn lock(tx: &Tx, actor: &Actor, id: Uuid) -> Result<cabin_session::Model> {
    sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::OperateCabins)?;
    sessions::lock(tx.conn(), id).await?.ok_or(Error::NotFound)
}

async fn view(conn: &impl ConnectionTrait, session: cabin_session::Model) -> Result<SessionView> {
    let currency = access::by_id(conn, session.callshop_id).await?.currency;
    Ok(SessionView { session, currency })
}

fn count(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(Error::fault)
}

fn illegal(error: SessionError) -> Error {
    Error::user(ErrorCode::IllegalState, error.to_string())
}

/// A limit to change: none leaves it, `Some(None)` removes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimitChange {
    /// See [`Limits::spending`].
    pub spending: Option<Option<Micros>>,
    /// See [`Limits::seconds`].
    pub seconds: Option<Option<i32>>,
}

/// Changes what a customer's calls may come to. A call that is up keeps the seconds it was given.
///
/// # Errors
/// `ILLEGAL_STATE` unless the session is open, `INVALID_INPUT`; not found; forbidden outside the callshop.
pub async fn update_limits(app: &App, actor: &Actor, id: Uuid, change: LimitChange) -> Result<SessionView> {
    let now = app.clock.now();
    app.store
        .write(|tx| async move {
            let mut session = lock(&tx, actor, id).await?;
            rules::may_call(session.state.into()).map_err(illegal)?;
            let limits = Limits {
                spending: change.spending.unwrap_or(session.spending_limit.map(Into::into)),
                seconds: change.seconds.unwrap_or(session.time_limit),
            };
            let limits = limits.check()?;
            session.spending_limit = limits.spending.map(Into::into);
            session.time_limit = limits.seconds;
            let session = sessions::update(tx.conn(), session).await?;
            emit(&tx, ActivityKind::CabinChanged, &session, now).await?;
            view(tx.conn(), session).await
        })
        .await
}

/// Voids a session that was opened by mistake, and frees its cabin.
///
/// # Errors
/// `ILLEGAL_STATE` when it has calls, is paid or voided; not found; forbidden outside the callshop.
pub async fn void(app: &App, actor: &Actor, id: Uuid) -> Result<SessionView> {
    let now = app.clock.now();
    app.store
        .write(|tx| async move {
            let session = lock(&tx, actor, id).await?;
            let calls = sessions::allowed_calls(tx.conn(), id).await?;
            let next = rules::void(session.state.into(), calls).map_err(illegal)?;
            let kind = match session.state {
                SessionState::Open => ActivityKind::CabinClosed,
                _ => ActivityKind::CabinChanged,
            };
            let session = cabin_session::Model {
                state: next.into(),
                closed_by: session.closed_by.or(Some(actor.user_id)),
                closed_at: session.closed_at.or(Some(now)),
                ..session
            };
            let session = sessions::update(tx.conn(), session).await?;
            emit(&tx, kind, &session, now).await?;
            view(tx.conn(), session).await
        })
        .await
}

/// Moves a customer, and his session with him, to another cabin. Calls keep the cabin they were made from.
///
/// # Errors
/// `ILLEGAL_STATE` during a call and unless the session is open; as for [`open`] about the other cabin; not found; forbidden outside the
/// callshop.
pub async fn change_cabin(app: &App, actor: &Actor, id: Uuid, cabin_id: Uuid) -> Result<SessionView> {
    let now = app.clock.now();
    app.store
        .write(|tx| async move {
            let found = sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
            actor.require(Right::OperateCabins)?;
            if found.cabin_id == cabin_id {
                return Err(Error::invalid("cabinId", "the session is in this cabin"));
            }
            let locked = cabin_rows::lock(tx.conn(), &[found.cabin_id, cabin_id]).await?;
            let in_shop =
                |cabin: &&cabin::Model| cabin.callshop_id == found.callshop_id && cabin.retired_at.is_none();
            let unknown = || Error::field(ErrorCode::NotFound, "cabinId", "no such cabin in the callshop");
            let target =
                locked.iter().filter(in_shop).find(|cabin| cabin.id == cabin_id).ok_or_else(unknown)?;
            check_usable(tx.conn(), target).await?;
            let session = lock(&tx, actor, id).await?;
            let live = sessions::live_calls(tx.conn(), id).await?;
            rules::may_move(session.state.into(), count(live.len())?).map_err(illegal)?;
            if session.cabin_id != found.cabin_id {
                return Err(Error::user(
                    ErrorCode::IllegalState,
                    "the session was moved by somebody else just now",
                ));
            }
            let session = sessions::update(tx.conn(), cabin_session::Model { cabin_id, ..session }).await?;
            for cabin in &locked {
                cabins::emit(&tx, ActivityKind::CabinChanged, cabin, None, now).await?;
            }
            view(tx.conn(), session).await
        })
        .await
}

/// A session's bill, with the currency of its amounts.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The bill: final once the session is closed, so far before.
    pub statement: Statement,
    /// The callshop's currency.
    pub currency: String,
}

/// The bill of a session inside the actor's subtree.
///
/// # Errors
/// Not found.
pub async fn statement(app: &App, actor: &Actor, id: Uuid) -> Result<Bill> {
    let SessionView { session, currency } = find(app, actor, id).await?;
    bill(app, &session, currency).await
}

/// The bill of a session that was already proven to be the caller's.
///
/// # Errors
/// Those of the database.
pub async fn bill(app: &App, session: &cabin_session::Model, currency: String) -> Result<Bill> {
    let statement = build_statement(app.store.reader(), session.id, &currency).await?;
    Ok(Bill { statement, currency })
}

async fn build_statement(conn: &impl ConnectionTrait, id: Uuid, currency: &str) -> Result<Statement> {
    let calls = sessions::billed_calls(conn, id, MAX_STATEMENT_CALLS + 1).await?;
    if calls.len() as u64 > MAX_STATEMENT_CALLS {
        let message = format!("the session has more than {MAX_STATEMENT_CALLS} calls");
        return Err(Error::user(ErrorCode::IllegalState, message));
    }
    let lines = calls.into_iter().map(statement_call).collect::<Result<Vec<_>>>()?;
    Statement::build(lines, Vec::new(), Vec::new(), minor_unit_decimals(currency)).map_err(Error::fault)
}

fn statement_call(call: call::Model) -> Result<StatementCall> {
    Ok(StatementCall {
        // a short number is no E.164 number and stays as it is
        number: E164::parse(&call.number).map_or(call.number, |number| format_international(&number)),
        destination: call.destination,
        started_at: call.answered_at.unwrap_or(call.authorized_at),
        talk_seconds: u32::try_from(call.talk_seconds).map_err(Error::fault)?,
        billed_seconds: u32::try_from(call.billed_seconds).map_err(Error::fault)?,
        amount: call.charge.into(),
        answered: call.answered_at.is_some(),
    })
}

/// What a settlement is told, and what its idempotency key is kept with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settling {
    /// Which session.
    pub session_id: Uuid,
    /// How it is paid: what the customer hands over.
    pub payments: Vec<(PaymentMethod, Micros)>,
}

/// A session that was paid.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The session, with its receipt number.
    pub view: SessionView,
    /// Cash to give back.
    pub change: Micros,
}

/// Takes the money for a closed session, in the shift that is open now.
///
/// # Errors
/// `ILLEGAL_STATE` unless the session is closed and unpaid, `REGISTER_CLOSED`, `UNDERPAID`, `OVERPAID`, `INVALID_INPUT`,
/// `IDEMPOTENCY_CONFLICT`; not found; forbidden outside the callshop.
pub async fn settle(app: &App, actor: &Actor, key: &str, input: Settling) -> Result<Settled> {
    if input.payments.len() > MAX_PAYMENTS {
        return Err(Error::invalid("payments", format!("at most {MAX_PAYMENTS} payments")));
    }
    let (input, now) = (&input, app.clock.now());
    app.store
        .write(|tx| async move {
            let found =
                sessions::find(tx.conn(), &actor.scope(), input.session_id).await?.ok_or(Error::NotFound)?;
            actor.require(Right::OperateCabins)?;
            let shop = access::by_id(tx.conn(), found.callshop_id).await?;
            // one settlement of a callshop at a time: receipt numbers have no gap, and a key counts once
            let settings = accounts::lock_callshop(tx.conn(), shop.id).await?.ok_or(Error::NotFound)?;
            let change = idempotency::once(&tx, actor, &app.clock, "settleSession", key, input, || async {
                let (number, next) = (settings.next_receipt_number, settings.next_receipt_number + 1);
                let change = take_payment(&tx, actor, input, &shop, number, now).await?;
                let settings = entity::callshop::Model { next_receipt_number: next, ..settings };
                accounts::update_callshop(tx.conn(), settings).await?;
                Ok(change)
            })
            .await?;
            let session = sessions::lock(tx.conn(), input.session_id).await?.ok_or(Error::NotFound)?;
            Ok(Settled { view: SessionView { session, currency: shop.currency }, change })
        })
        .await
}

async fn take_payment(
    tx: &Tx,
    actor: &Actor,
    input: &Settling,
    shop: &account::Model,
    receipt_number: i64,
    now: DateTime<Utc>,
) -> Result<Micros> {
    let gone = || Error::fault("a session that is not there any more");
    for (_, amount) in &input.payments {
        register::check_amount("payments", *amount, &shop.currency)?;
    }
    let callshop_id = shop.id;
    let shift = shifts::lock_open_shift(tx.conn(), callshop_id).await?.ok_or_else(register::closed)?;
    let session = sessions::lock(tx.conn(), input.session_id).await?.ok_or_else(gone)?;
    let state = rules::settle(session.state.into()).map_err(illegal)?;
    let total: Micros = session.total.ok_or_else(|| Error::fault("a closed session without a total"))?.into();
    let handed: Vec<Payment> = input
        .payments
        .iter()
        .map(|(method, amount)| Payment { method: (*method).into(), amount: *amount })
        .collect();
    let settlement = settle_rule(total, &handed, None).map_err(refused)?;
    let kept = kept(input, &settlement)?;
    let payments = kept.iter().map(|(method, amount)| payment::Model {
        id: Uuid::now_v7(),
        callshop_id,
        session_id: session.id,
        shift_id: shift.id,
        method: *method,
        amount: (*amount).into(),
        user_id: actor.user_id,
        at: now,
        kind: entity::PaymentKind::Sale,
        reason: None,
    });
    let payments: Vec<payment::Model> = payments.collect();
    sessions::insert_payments(tx.conn(), payments.clone()).await?;
    let session = cabin_session::Model {
        state: state.into(),
        settled_shift_id: Some(shift.id),
        settled_by: Some(actor.user_id),
        settled_at: Some(now),
        cash_rounding: settlement.cash_rounding.into(),
        receipt_number: Some(receipt_number),
        ..session
    };
    let session = sessions::update(tx.conn(), session).await?;
    emit_settled(tx, &session, &payments, now).await?;
    Ok(settlement.change)
}

async fn emit_settled(
    tx: &Tx,
    session: &cabin_session::Model,
    payments: &[payment::Model],
    at: DateTime<Utc>,
) -> Result<()> {
    let event = cabins::event(tx.conn(), &cabin_of(tx.conn(), session).await?, Some(session)).await?;
    let mut payload = serde_json::to_value(&event).map_err(Error::fault)?;
    payload["payments"] = serde_json::to_value(payments).map_err(Error::fault)?;
    tx.emit(NewActivity {
        callshop_id: session.callshop_id,
        at,
        kind: ActivityKind::SessionSettled,
        cabin_id: Some(session.cabin_id),
        session_id: Some(session.id),
        call_id: None,
        payload,
    });
    Ok(())
}

/// What the shop keeps, by method: the change comes out of the cash.
fn kept(input: &Settling, settlement: &Settlement) -> Result<BTreeMap<PaymentMethod, Micros>> {
    let mut kept: BTreeMap<PaymentMethod, Micros> = BTreeMap::new();
    for (method, amount) in &input.payments {
        let sum = kept.entry(*method).or_default();
        *sum = sum.checked_add(*amount).map_err(Error::fault)?;
    }
    if let Some(cash) = kept.get_mut(&PaymentMethod::Cash) {
        *cash = cash.checked_sub(settlement.change).map_err(Error::fault)?;
    }
    kept.retain(|_, amount| *amount != Micros::ZERO);
    Ok(kept)
}

fn refused(error: SettlementError) -> Error {
    let code = match error {
        SettlementError::Underpaid { .. } => ErrorCode::Underpaid,
        SettlementError::ChangeOnlyFromCash { .. } => ErrorCode::Overpaid,
        SettlementError::NegativeAmount | SettlementError::InvalidCashStep | SettlementError::Money(_) => {
            ErrorCode::InvalidInput
        }
    };
    Error::field(code, "payments", error.to_string())
}

/// A session inside the actor's subtree.
///
/// # Errors
/// Not found.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<SessionView> {
    let session = sessions::find(app.store.reader(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::SeeShop)?;
    view(app.store.reader(), session).await
}

/// The sessions of a callshop, of the states given if any.
///
/// # Errors
/// Not found.
pub async fn list(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    states: &[SessionState],
    page: Page,
) -> Result<Vec<SessionView>> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::SeeShop).await?;
    let rows = sessions::list(app.store.reader(), shop.id(), states, page).await?;
    Ok(rows
        .into_iter()
        .map(|session| SessionView { session, currency: shop.account.currency.clone() })
        .collect())
}

/// The payments of a session that was already proven to be the caller's.
///
/// # Errors
/// Those of the database.
pub async fn payments(app: &App, session_id: Uuid) -> Result<Vec<payment::Model>> {
    sessions::payments(app.store.reader(), session_id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(
        payments: &[(PaymentMethod, i64)],
        total: i64,
    ) -> Result<(BTreeMap<PaymentMethod, Micros>, Micros)> {
        let payments = payments.iter().map(|(method, amount)| (*method, Micros(*amount))).collect();
        let input = Settling { session_id: Uuid::nil(), payments };
        let handed: Vec<Payment> = input
            .payments
            .iter()
            .map(|(method, amount)| Payment { method: (*method).into(), amount: *amount })
            .collect();
        let settlement = settle_rule(Micros(total), &handed, None).map_err(refused)?;
        Ok((kept(&input, &settlement)?, settlement.change))
    }

    #[test]
    fn change_comes_out_of_the_cash_and_methods_are_summed() {
        let (kept, change) =
            settled(&[(PaymentMethod::Cash, 10), (PaymentMethod::Card, 4), (PaymentMethod::Cash, 5)], 12)
                .unwrap();
        assert_eq!(
            kept,
            BTreeMap::from([(PaymentMethod::Cash, Micros(8)), (PaymentMethod::Card, Micros(4))])
        );
        assert_eq!(change, Micros(7));
    }

    #[test]
    fn cash_that_is_all_change_leaves_no_payment() {
        let (kept, change) = settled(&[(PaymentMethod::Card, 12), (PaymentMethod::Cash, 5)], 12).unwrap();
        assert_eq!(kept, BTreeMap::from([(PaymentMethod::Card, Micros(12))]));
        assert_eq!(change, Micros(5));
    }

    #[test]
    fn too_little_and_too_much_have_their_codes() {
        let code = |result: Result<_>| match result {
            Err(Error::User(error)) => error.code,
            _ => panic!("a user error"),
        };
        assert_eq!(code(settled(&[(PaymentMethod::Cash, 11)], 12)), ErrorCode::Underpaid);
        assert_eq!(code(settled(&[(PaymentMethod::Pix, 13)], 12)), ErrorCode::Overpaid);
    }
}
