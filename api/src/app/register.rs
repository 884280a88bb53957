//! The cash register: opening and closing it, cash movements, X and Z reports.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use billing::money::{Micros, RoundingMode, minor_unit_decimals, round_to};
use billing::register::{self as rules, Movement, RegisterError};
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, MovementKind, PaymentMethod, Role, SessionState, cabin, cabin_session, callshop,
    cash_movement, register_shift,
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access::{self, Shop};
use super::accounts::clean_name;
use super::{App, idempotency};
use crate::auth::{Actor, Right};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{NewActivity, Page, Tx, accounts, cabins as cabin_rows, register as rows, sessions};

/// Largest amount of cash, a movement or a payment: ten thousand million units, so that a shift's sums fit.
const MAX_AMOUNT: Micros = Micros(10_000_000_000_000_000);
/// Most unpaid statements that a closing register carries over.
const MAX_OPEN_ITEMS: u64 = 500;

/// A shift, with the currency of its amounts.
#[derive(Clone, Debug)]
pub struct ShiftView {
    /// The shift.
    pub shift: register_shift::Model,
    /// The callshop's currency.
    pub currency: String,
}

/// The register is not open.
pub(super) fn closed() -> Error {
    Error::user(ErrorCode::RegisterClosed, "the register is closed: open it first")
}

/// An amount that changes hands: zero or more, in whole minor units.
///
/// # Errors
/// `INVALID_INPUT` about `field`.
pub(super) fn check_amount(field: &str, amount: Micros, currency: &str) -> Result<()> {
    if amount.is_negative() || amount > MAX_AMOUNT {
        return Err(Error::invalid(field, format!("zero to {MAX_AMOUNT}")));
    }
    let decimals = minor_unit_decimals(currency);
    match round_to(amount, decimals, RoundingMode::Down) {
        Ok(whole) if whole == amount => Ok(()),
        _ => Err(Error::invalid(field, format!("an amount of {currency} has at most {decimals} decimals"))),
    }
}

/// What opening the register is told, and what its idempotency key is kept with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// Which callshop's.
    pub callshop_id: Uuid,
    /// Cash counted in the drawer.
    pub float: Micros,
}

/// Opens the register with a counted float.
///
/// # Errors
/// `REGISTER_OPEN`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT`; not found; forbidden outside the callshop.
pub async fn open(app: &App, actor: &Actor, key: &str, input: Opening) -> Result<ShiftView> {
    let (input, now) = (&input, app.clock.now());
    app.store
        .write(|tx| async move {
            let shop = lock_shop(&tx, actor, input.callshop_id).await?;
            let settings = &shop.settings;
            let currency = shop.account.currency.clone();
            check_amount("float", input.float, &currency)?;
            let shift = idempotency::once(&tx, actor, &app.clock, "openRegister", key, input, || async {
                if let Some(shift) = rows::open_shift(tx.conn(), input.callshop_id).await? {
                    let message = format!("the register is open: shift {}", shift.number);
                    return Err(Error::user(ErrorCode::RegisterOpen, message));
                }
                let shift = register_shift::Model {
                    id: Uuid::now_v7(),
                    callshop_id: input.callshop_id,
                    number: settings.next_shift_number,
                    opened_by: actor.user_id,
                    opened_at: now,
                    float_amount: input.float.into(),
                    closed_by: None,
                    closed_at: None,
                    z_report: None,
                };
                rows::insert(tx.conn(), shift.clone()).await?;
                let settings =
                    callshop::Model { next_shift_number: settings.next_shift_number + 1, ..settings.clone() };
                accounts::update_callshop(tx.conn(), settings).await?;
                emit(&tx, ActivityKind::RegisterOpened, &shift, now)?;
                Ok(shift.id)
            })
            .await?;
            Ok(ShiftView { shift: by_id(tx.conn(), actor, shift).await?, currency })
        })
        .await
}

/// A callshop whose register the actor may operate, its settings locked: one act on a register at a time.
async fn lock_shop(tx: &Tx, actor: &Actor, id: Uuid) -> Result<Shop> {
    let account = access::account(tx.conn(), actor, id, Right::OperateRegister).await?;
    let settings = accounts::lock_callshop(tx.conn(), account.id).await?.ok_or(Error::NotFound)?;
    Ok(Shop { account, settings })
}

async fn by_id(conn: &impl ConnectionTrait, actor: &Actor, id: Uuid) -> Result<register_shift::Model> {
    rows::find(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)
}

fn emit(tx: &Tx, kind: ActivityKind, shift: &register_shift::Model, at: DateTime<Utc>) -> Result<()> {
    // the report is for those who ask for it
    let shift = register_shift::Model { z_report: None, ..shift.clone() };
    tx.emit(NewActivity {
        callshop_id: shift.callshop_id,
        at,
        kind,
        cabin_id: None,
        session_id: None,
        call_id: None,
        payload: serde_json::json!({ "shift": serde_json::to_value(&shift).map_err(Error::fault)? }),
    });
    Ok(())
}

/// What a cash movement is told, and what its idempotency key is kept with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewMovement {
    /// Which callshop's register.
    pub callshop_id: Uuid,
    /// In or out.
    pub kind: MovementKind,
    /// Above zero.
    pub amount: Micros,
    /// Why.
    pub reason: String,
}

/// Puts cash into the open register, or takes some out.
///
/// # Errors
/// `REGISTER_CLOSED`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT`; not found; forbidden outside the callshop.
pub async fn record_movement(
    app: &App,
    actor: &Actor,
    key: &str,
    input: NewMovement,
) -> Result<(cash_movement::Model, String)> {
    let reason = clean_name("reason", &input.reason)?;
    let (input, reason, now) = (&input, &reason, app.clock.now());
    app.store
        .write(|tx| async move {
            let shop = lock_shop(&tx, actor, input.callshop_id).await?;
            let currency = shop.account.currency;
            check_amount("amount", input.amount, &currency)?;
            if input.amount == Micros::ZERO {
                return Err(Error::invalid("amount", "an amount above zero"));
            }
            let id = idempotency::once(&tx, actor, &app.clock, "recordCashMovement", key, input, || async {
                let shift = rows::lock_open_shift(tx.conn(), input.callshop_id).await?.ok_or_else(closed)?;
                let movement = cash_movement::Model {
                    id: Uuid::now_v7(),
                    callshop_id: input.callshop_id,
                    shift_id: shift.id,
                    kind: input.kind,
                    amount: input.amount.into(),
                    reason: reason.clone(),
                    user_id: actor.user_id,
                    at: now,
                };
                rows::insert_movement(tx.conn(), movement.clone()).await?;
                Ok(movement.id)
            })
            .await?;
            let movement = rows::movement(tx.conn(), id).await?;
            Ok((
                movement.ok_or_else(|| Error::fault("a cash movement that is not there any more"))?,
                currency,
            ))
        })
        .await
}

/// What closing the register is told, and what its idempotency key is kept with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closing {
    /// Which callshop's.
    pub callshop_id: Uuid,
    /// What was counted, by method; a method left out counts as not counted, which only an empty one may be.
    pub counts: Vec<(PaymentMethod, Micros)>,
    /// Closed and unpaid sessions to carry over into the next shift.
    pub carry_over: Vec<Uuid>,
}

/// Closes the register with what was counted, and makes the Z report.
///
/// # Errors
/// `REGISTER_CLOSED`; `OPEN_ITEMS` while a cabin is open, or a statement unpaid and not carried over; `INVALID_INPUT`,
/// `IDEMPOTENCY_CONFLICT`; not found; forbidden outside the callshop.
pub async fn close(app: &App, actor: &Actor, key: &str, input: Closing) -> Result<ShiftView> {
    let counted = counted(&input.counts)?;
    let (input, counted, now) = (&input, &counted, app.clock.now());
    app.store
        .write(|tx| async move {
            let shop = lock_shop(&tx, actor, input.callshop_id).await?;
            let currency = shop.account.currency;
            for amount in counted.values() {
                check_amount("counts", *amount, &currency)?;
            }
            let id = idempotency::once(&tx, actor, &app.clock, "closeRegister", key, input, || async {
                let shift = rows::lock_open_shift(tx.conn(), input.callshop_id).await?.ok_or_else(closed)?;
                carry_over(&tx, input).await?;
                let mut report = report(tx.conn(), &shift, now).await?;
                report.count(counted)?;
                let shift = register_shift::Model {
                    closed_by: Some(actor.user_id),
                    closed_at: Some(now),
                    z_report: Some(serde_json::to_value(&report).map_err(Error::fault)?),
                    ..shift
                };
                let shift = rows::update(tx.conn(), shift).await?;
                emit(&tx, ActivityKind::RegisterClosed, &shift, now)?;
                Ok(shift.id)
            })
            .await?;
            Ok(ShiftView { shift: by_id(tx.conn(), actor, id).await?, currency })
        })
        .await
}

fn counted(counts: &[(PaymentMethod, Micros)]) -> Result<BTreeMap<PaymentMethod, Micros>> {
    let mut counted = BTreeMap::new();
    for (method, amount) in counts {
        if counted.insert(*method, *amount).is_some() {
            return Err(Error::invalid("counts", format!("{} is counted twice", method.as_str())));
        }
    }
    // the drawer is counted even when it should be empty
    match counted.contains_key(&PaymentMethod::Cash) {
        true => Ok(counted),
        false => Err(Error::invalid("counts", "CASH was not counted")),
    }
}

/// Refuses open items, but for closed sessions that were named; marks those.
async fn carry_over(tx: &Tx, input: &Closing) -> Result<()> {
    if input.carry_over.len() as u64 > MAX_OPEN_ITEMS {
        return Err(Error::invalid("carryOver", format!("at most {MAX_OPEN_ITEMS} sessions")));
    }
    let open = sessions::lock_unsettled(tx.conn(), input.callshop_id, MAX_OPEN_ITEMS + 1).await?;
    let named: BTreeSet<Uuid> = input.carry_over.iter().copied().collect();
    let unpaid: BTreeSet<Uuid> = open
        .iter()
        .filter(|session| session.state == SessionState::Closed)
        .map(|session| session.id)
        .collect();
    let left: Vec<&cabin_session::Model> = open
        .iter()
        .filter(|session| !(unpaid.contains(&session.id) && named.contains(&session.id)))
        .collect();
    if !left.is_empty() {
        return Err(open_items(tx.conn(), &left).await?);
    }
    if !named.is_subset(&unpaid) {
        return Err(Error::invalid("carryOver", "only closed and unpaid sessions are carried over"));
    }
    for session in open {
        sessions::update(tx.conn(), cabin_session::Model { carried_over: true, ..session }).await?;
    }
    Ok(())
}

async fn open_items(conn: &impl ConnectionTrait, left: &[&cabin_session::Model]) -> Result<Error> {
    const NAMED: usize = 10;
    let ids: Vec<Uuid> = left.iter().map(|session| session.cabin_id).collect();
    let numbers = cabins_by_id(conn, &ids).await?;
    let name = |session: &&cabin_session::Model| {
        let number = numbers.get(&session.cabin_id).map_or(0, |cabin| cabin.number);
        format!("cabin {number} is {}", session.state.as_str())
    };
    let mut names: Vec<String> = left.iter().take(NAMED).map(name).collect();
    if left.len() > NAMED {
        names.push(format!("{} more", left.len() - NAMED));
    }
    let message = format!("close open cabins, and settle or carry over closed ones: {}", names.join(", "));
    Ok(Error::user(ErrorCode::OpenItems, message))
}

async fn cabins_by_id(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, cabin::Model>> {
    Ok(cabin_rows::by_ids(conn, ids).await?.into_iter().map(|cabin| (cabin.id, cabin)).collect())
}

/// Money in a stored report: a decimal string, which reads the same for ever.
mod text {
    use billing::money::Micros;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(amount: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }

    pub(super) mod option {
        use super::*;

        pub(in super::super) fn serialize<S: Serializer>(
            amount: &Option<Micros>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match amount {
                Some(amount) => serializer.collect_str(amount),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Micros>, D::Error> {
            let text: Option<String> = Option::deserialize(deserializer)?;
            text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
        }
    }
}

/// An X report (so far) or a Z report (final): what a shift's register took and should hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of the shift.
    pub shift_number: i64,
    /// When the shift began.
    pub opened_at: DateTime<Utc>,
    /// When the report was made.
    pub at: DateTime<Utc>,
    /// By payment method; cash is always there.
    pub methods: Vec<MethodLine>,
    /// What the calls of the settled sessions came to, exactly.
    #[serde(with = "text")]
    pub calls_total: Micros,
    /// What rounding the statements added, below zero what it took away. `sales_total = calls_total + rounding`.
    #[serde(with = "text")]
    pub rounding: Micros,
    /// What customers paid.
    #[serde(with = "text")]
    pub sales_total: Micros,
    /// Calls of the settled sessions by the cabin they were made from, by number.
    pub by_cabin: Vec<CabinSales>,
    /// The same by destination, in the order of the names.
    pub by_destination: Vec<DestinationSales>,
    /// Settled sessions by who took the money, rounding included.
    pub by_attendant: Vec<AttendantSales>,
    /// Sessions that nobody had paid: in a Z report, those carried over.
    pub open_items: Vec<OpenItem>,
}

/// One payment method of a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodLine {
    /// Which.
    pub method: PaymentMethod,
    /// Counted at opening: cash only.
    #[serde(with = "text")]
    pub float: Micros,
    /// Paid by customers.
    #[serde(with = "text")]
    pub sales: Micros,
    /// Put in.
    #[serde(with = "text")]
    pub pay_ins: Micros,
    /// Taken out.
    #[serde(with = "text")]
    pub pay_outs: Micros,
    /// Given back.
    #[serde(with = "text")]
    pub refunds: Micros,
    /// What should be there; none before counting, for those who count.
    #[serde(with = "text::option")]
    pub expected: Option<Micros>,
    /// What was there; none in an X report.
    #[serde(with = "text::option")]
    pub counted: Option<Micros>,
    /// Counted less expected: below zero, money is missing; none in an X report.
    #[serde(with = "text::option")]
    pub variance: Option<Micros>,
}

/// Calls of one cabin in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CabinSales {
    /// Which.
    pub cabin_id: Uuid,
    /// Its number then.
    pub number: i32,
    /// Its label then.
    pub label: String,
    /// How many.
    pub calls: i64,
    /// What they came to.
    #[serde(with = "text")]
    pub amount: Micros,
}

/// Calls to one destination in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationSales {
    /// Which.
    pub destination: String,
    /// How many.
    pub calls: i64,
    /// Seconds billed.
    pub billed_seconds: i64,
    /// What they came to.
    #[serde(with = "text")]
    pub amount: Micros,
}

/// Sessions that one person settled in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendantSales {
    /// Who.
    pub user_id: Uuid,
    /// His name then.
    pub name: String,
    /// How many.
    pub sessions: i64,
    /// What they came to.
    #[serde(with = "text")]
    pub amount: Micros,
}

/// A session in a [`Report`] that nobody had paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenItem {
    /// Which.
    pub session_id: Uuid,
    /// Number of its cabin.
    pub cabin_number: i32,
    /// State it was in.
    pub state: SessionState,
    /// Name of the customer, may be empty.
    pub customer: String,
    /// What is due, once it is closed.
    #[serde(with = "text::option")]
    pub total: Option<Micros>,
}

impl Report {
    /// Writes down what was counted, and how that differs.
    fn count(&mut self, counted: &BTreeMap<PaymentMethod, Micros>) -> Result<()> {
        let pure = |(method, amount): (&PaymentMethod, &Micros)| ((*method).into(), *amount);
        let expected =
            self.methods.iter().filter_map(|line| Some((line.method.into(), line.expected?))).collect();
        let variances = rules::variance(&expected, &counted.iter().map(pure).collect()).map_err(refused)?;
        for (method, variance) in variances {
            let method = PaymentMethod::from(method);
            let line = match self.methods.iter_mut().position(|line| line.method == method) {
                Some(position) => &mut self.methods[position],
                None => {
                    self.methods.push(MethodLine::empty(method));
                    let last = self.methods.len() - 1;
                    &mut self.methods[last]
                }
            };
            line.expected = Some(variance.expected);
            line.counted = Some(variance.counted);
            line.variance = Some(variance.variance);
        }
        Ok(())
    }
}

impl MethodLine {
    fn empty(method: PaymentMethod) -> Self {
        let zero = Micros::ZERO;
        Self {
            method,
            float: zero,
            sales: zero,
            pay_ins: zero,
            pay_outs: zero,
            refunds: zero,
            expected: Some(zero),
            counted: None,
            variance: None,
        }
    }

    fn new(method: PaymentMethod, report: &rules::MethodReport) -> Self {
        let sum = |kind| report.movements.get(&kind).copied().unwrap_or_default();
        Self {
            float: report.opening_float,
            sales: sum(rules::MovementKind::Sale),
            pay_ins: sum(rules::MovementKind::PayIn),
            pay_outs: sum(rules::MovementKind::PayOut),
            refunds: sum(rules::MovementKind::Refund),
            expected: Some(report.expected),
            ..Self::empty(method)
        }
    }
}

fn refused(error: RegisterError) -> Error {
    match error {
        RegisterError::NotCounted { method } => {
            let method = PaymentMethod::from(method).as_str();
            Error::invalid("counts", format!("{method} was not counted: give its count, be it zero"))
        }
        RegisterError::NegativeAmount => Error::invalid("counts", "a count is zero or more"),
        RegisterError::Money(error) => Error::fault(error),
    }
}

/// What a shift's register took and should hold, as of `at`.
async fn report(
    conn: &impl ConnectionTrait,
    shift: &register_shift::Model,
    at: DateTime<Utc>,
) -> Result<Report> {
    let paid = rows::payment_sums(conn, shift.id).await?;
    let sales_total = Micros::try_sum(paid.iter().map(|(_, sum)| (*sum).into())).map_err(Error::fault)?;
    let methods = methods(conn, shift, paid).await?;
    let by_destination = by_destination(conn, shift).await?;
    let calls_total = Micros::try_sum(by_destination.iter().map(|line| line.amount)).map_err(Error::fault)?;
    Ok(Report {
        shift_number: shift.number,
        opened_at: shift.opened_at,
        at,
        methods,
        calls_total,
        rounding: sales_total.checked_sub(calls_total).map_err(Error::fault)?,
        sales_total,
        by_cabin: by_cabin(conn, shift).await?,
        by_destination,
        by_attendant: by_attendant(conn, shift).await?,
        open_items: items(conn, shift).await?,
    })
}

async fn methods(
    conn: &impl ConnectionTrait,
    shift: &register_shift::Model,
    paid: Vec<(PaymentMethod, entity::Micros)>,
) -> Result<Vec<MethodLine>> {
    let sale = |(method, sum): (PaymentMethod, entity::Micros)| Movement {
        kind: rules::MovementKind::Sale,
        method: method.into(),
        amount: sum.into(),
    };
    let by_hand = |(kind, sum): (MovementKind, entity::Micros)| Movement {
        kind: match kind {
            MovementKind::PayIn => rules::MovementKind::PayIn,
            MovementKind::PayOut => rules::MovementKind::PayOut,
        },
        method: PaymentMethod::Cash.into(),
        amount: sum.into(),
    };
    let moved = rows::movement_sums(conn, shift.id).await?;
    let movements: Vec<Movement> = paid.into_iter().map(sale).chain(moved.into_iter().map(by_hand)).collect();
    let methods = rules::report(shift.float_amount.into(), &movements).map_err(Error::fault)?;
    Ok(methods.iter().map(|(method, report)| MethodLine::new((*method).into(), report)).collect())
}

async fn by_cabin(conn: &impl ConnectionTrait, shift: &register_shift::Model) -> Result<Vec<CabinSales>> {
    let sales = rows::sales_by_cabin(conn, shift.callshop_id, shift.id).await?;
    let ids: Vec<Uuid> = sales.iter().filter_map(|(cabin, _, _)| *cabin).collect();
    let mut cabins = cabins_by_id(conn, &ids).await?;
    let line = |(id, calls, amount): (Option<Uuid>, i64, entity::Micros)| {
        let gone = || Error::fault("a session's call was made from no cabin");
        let cabin = id.and_then(|id| cabins.remove(&id)).ok_or_else(gone)?;
        Ok(CabinSales {
            cabin_id: cabin.id,
            number: cabin.number,
            label: cabin.label,
            calls,
            amount: amount.into(),
        })
    };
    let mut lines = sales.into_iter().map(line).collect::<Result<Vec<_>>>()?;
    lines.sort_by_key(|line| line.number);
    Ok(lines)
}

async fn by_destination(
    conn: &impl ConnectionTrait,
    shift: &register_shift::Model,
) -> Result<Vec<DestinationSales>> {
    let sales = rows::sales_by_destination(conn, shift.callshop_id, shift.id).await?;
    let mut lines: Vec<DestinationSales> = sales
        .into_iter()
        .map(|(destination, calls, billed_seconds, amount)| DestinationSales {
            destination,
            calls,
            billed_seconds,
            amount: amount.into(),
        })
        .collect();
    lines.sort_by(|left, right| left.destination.cmp(&right.destination));
    Ok(lines)
}

async fn by_attendant(
    conn: &impl ConnectionTrait,
    shift: &register_shift::Model,
) -> Result<Vec<AttendantSales>> {
    let sales = rows::sales_by_user(conn, shift.callshop_id, shift.id).await?;
    let ids: Vec<Uuid> = sales.iter().filter_map(|(user, _, _)| *user).collect();
    let names: HashMap<Uuid, String> = accounts::users_by_ids(conn, &ids)
        .await?
        .into_iter()
        .map(|user| (user.id, user.display_name))
        .collect();
    let line = |(user, sessions, amount): (Option<Uuid>, i64, entity::Micros)| {
        let user_id = user.unwrap_or_default();
        let name = names.get(&user_id).cloned().unwrap_or_default();
        AttendantSales { user_id, name, sessions, amount: amount.into() }
    };
    let mut lines: Vec<AttendantSales> = sales.into_iter().map(line).collect();
    lines.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(lines)
}

async fn items(conn: &impl ConnectionTrait, shift: &register_shift::Model) -> Result<Vec<OpenItem>> {
    let open = sessions::unsettled(conn, shift.callshop_id, MAX_OPEN_ITEMS).await?;
    let ids: Vec<Uuid> = open.iter().map(|session| session.cabin_id).collect();
    let cabins = cabins_by_id(conn, &ids).await?;
    let item = |session: cabin_session::Model| OpenItem {
        session_id: session.id,
        cabin_number: cabins.get(&session.cabin_id).map_or(0, |cabin| cabin.number),
        state: session.state,
        customer: session.customer,
        total: session.total.map(Into::into),
    };
    Ok(open.into_iter().map(item).collect())
}

/// The report of a closed shift; none while it is open.
///
/// # Errors
/// A fault when the stored one cannot be read.
pub fn z_report(shift: &register_shift::Model) -> Result<Option<Report>> {
    shift.z_report.clone().map(|report| serde_json::from_value(report).map_err(Error::fault)).transpose()
}

/// The report of the open shift so far. Attendants, who will count the drawer, do not see what is expected in it.
///
/// # Errors
/// Not found, also while the register is closed.
pub async fn x_report(app: &App, actor: &Actor, callshop_id: Uuid) -> Result<(Report, String)> {
    let now = app.clock.now();
    app.store
        .read(|tx| async move {
            let shop = access::shop(tx.conn(), actor, callshop_id, Right::SeeShop).await?;
            let shift = rows::open_shift(tx.conn(), shop.id()).await?.ok_or(Error::NotFound)?;
            let mut report = report(tx.conn(), &shift, now).await?;
            if actor.role == Role::Attendant {
                for line in &mut report.methods {
                    line.expected = None;
                }
            }
            Ok((report, shop.account.currency))
        })
        .await
}

/// A shift of a callshop inside the actor's subtree; an attendant sees the open one and those he opened or closed.
///
/// # Errors
/// Not found.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<ShiftView> {
    actor.require(Right::SeeShop)?;
    let conn = app.store.reader();
    let shift = rows::find(conn, &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    let own = shift.closed_at.is_none()
        || shift.opened_by == actor.user_id
        || shift.closed_by == Some(actor.user_id);
    if actor.role == Role::Attendant && !own {
        return Err(Error::NotFound);
    }
    let currency = access::by_id(conn, shift.callshop_id).await?.currency;
    Ok(ShiftView { shift, currency })
}

/// The open shift of a callshop.
///
/// # Errors
/// Not found, also while the register is closed.
pub async fn current(app: &App, actor: &Actor, callshop_id: Uuid) -> Result<ShiftView> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::SeeShop).await?;
    let shift = rows::open_shift(app.store.reader(), shop.id()).await?.ok_or(Error::NotFound)?;
    Ok(ShiftView { shift, currency: shop.account.currency })
}

/// The shifts of a callshop: an attendant sees the open one and those he opened or closed.
///
/// # Errors
/// Not found.
pub async fn list(app: &App, actor: &Actor, callshop_id: Uuid, page: Page) -> Result<Vec<ShiftView>> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::SeeShop).await?;
    let own = (actor.role == Role::Attendant).then_some(actor.user_id);
    let shifts = rows::list(app.store.reader(), shop.id(), own, page).await?;
    Ok(shifts.into_iter().map(|shift| ShiftView { shift, currency: shop.account.currency.clone() }).collect())
}

/// The cash movements of a shift that was already proven to be the caller's, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn movements(app: &App, shift_id: Uuid, page: Page) -> Result<Vec<cash_movement::Model>> {
    rows::movements(app.store.reader(), shift_id, page).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let cash = MethodLine { expected: Some(Micros(5_000_000)), ..MethodLine::empty(PaymentMethod::Cash) };
        Report {
            shift_number: 7,
            opened_at: DateTime::UNIX_EPOCH,
            at: DateTime::UNIX_EPOCH,
            methods: vec![cash],
            calls_total: Micros(1),
            rounding: Micros(-1),
            sales_total: Micros::ZERO,
            by_cabin: Vec::new(),
            by_destination: Vec::new(),
            by_attendant: Vec::new(),
            open_items: Vec::new(),
        }
    }

    #[test]
    fn counting_adds_methods_that_nothing_was_expected_of() {
        let mut report = report();
        let counted =
            BTreeMap::from([(PaymentMethod::Cash, Micros(4_500_000)), (PaymentMethod::Pix, Micros(10_000))]);
        report.count(&counted).unwrap();
        assert_eq!(report.methods[0].variance, Some(Micros(-500_000)));
        assert_eq!(report.methods[1].method, PaymentMethod::Pix);
        assert_eq!(report.methods[1].variance, Some(Micros(10_000)));
    }

    #[test]
    fn a_stored_report_has_money_as_decimal_strings_and_reads_back() {
        let mut report = report();
        report.count(&BTreeMap::from([(PaymentMethod::Cash, Micros(5_000_000))])).unwrap();
        let stored = serde_json::to_value(&report).unwrap();
        assert_eq!(stored["rounding"], "-0.000001");
        assert_eq!(stored["methods"][0]["expected"], "5");
        assert_eq!(serde_json::from_value::<Report>(stored).unwrap(), report);
    }

    #[test]
    fn amounts_that_change_hands_are_whole_minor_units() {
        assert!(check_amount("float", Micros(10_000), "BRL").is_ok());
        assert!(check_amount("float", Micros(1_000), "BRL").is_err());
        assert!(check_amount("float", Micros(10_000), "PYG").is_err());
        assert!(check_amount("float", Micros(-10_000), "BRL").is_err());
        assert!(check_amount("float", Micros(i64::MAX), "BRL").is_err());
    }

    #[test]
    fn the_drawer_is_always_counted_and_nothing_twice() {
        assert!(counted(&[(PaymentMethod::Card, Micros::ZERO)]).is_err());
        assert!(
            counted(&[(PaymentMethod::Cash, Micros::ZERO), (PaymentMethod::Cash, Micros::ZERO)]).is_err()
        );
        assert!(counted(&[(PaymentMethod::Cash, Micros::ZERO)]).is_ok());
    }
}
