//! X reports (interim) and Z reports (final) of a shift, with takings, expected amounts, and activity per user.

use std::collections::{BTreeMap, HashMap};

use billing::money::Micros;
use billing::register::{self as rules, Movement, RegisterError};
use chrono::{DateTime, Utc};
use entity::{
    MovementKind, PaymentKind, PaymentMethod, SessionState, cabin_session, payment, register_shift,
};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{MAX_OPEN_ITEMS, cabins_by_id};
use crate::auth::{Actor, Right};
use crate::{App, access};
use base::error::{Error, OrFault as _, Result};
use base::message::Word;
use store::register::{self as rows, SettledBills};
use store::{accounts, sessions};

/// Maximum number of payments with references in a report.
pub const MAX_REFERENCES: u64 = 500;

/// Serializes money in a stored report as a decimal string, which can still be read if the internal unit changes.
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

/// An X report (interim) or a Z report (final) of a shift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of the shift.
    pub shift_number: i64,
    /// When the shift began.
    pub opened_at: DateTime<Utc>,
    /// When the report was created.
    pub at: DateTime<Utc>,
    /// The report's lines, one for each payment method. Cash is always included.
    pub methods: Vec<MethodLine>,
    /// Exact total price of the calls in all sessions settled in the shift.
    #[serde(with = "text")]
    pub calls_total: Micros,
    /// Total of the items of the sessions settled in the shift.
    #[serde(default, with = "text")]
    pub items_total: Micros,
    /// Total of the discounts on the sessions settled in the shift; not negative.
    #[serde(default, with = "text")]
    pub discounts_total: Micros,
    /// The amount that rounding adds to the statements; negative if rounding reduces them.
    #[serde(with = "text")]
    pub rounding: Micros,
    /// The amount that rounding adds to cash payments; negative if rounding reduces them.
    #[serde(default, with = "text")]
    pub cash_rounding: Micros,
    /// Amount that customers paid for the settled sessions, at settlement or in advance. `sales_total = calls_total + items_total - discounts_total
    /// + rounding + cash_rounding`.
    #[serde(with = "text")]
    pub sales_total: Micros,
    /// Calls of the settled sessions per cabin, sorted by cabin number.
    pub by_cabin: Vec<CabinSales>,
    /// Calls of the settled sessions per destination, sorted by name.
    pub by_destination: Vec<DestinationSales>,
    /// Activity per user, sorted by name.
    pub by_attendant: Vec<AttendantSales>,
    /// The payments with a reference, oldest first; at most [`MAX_REFERENCES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<PaymentReference>,
    /// The unpaid sessions. In a Z report, the unpaid sessions are those that were carried over.
    pub open_items: Vec<OpenItem>,
}

/// A payment with a reference in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReference {
    /// Id of the session.
    pub session_id: Uuid,
    /// The payment method.
    pub method: PaymentMethod,
    /// Amount of the payment.
    #[serde(with = "text")]
    pub amount: Micros,
    /// The payment's number in another system.
    pub reference: String,
    /// When the payment was made.
    pub at: DateTime<Utc>,
}

/// One payment method of a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodLine {
    /// The payment method.
    pub method: PaymentMethod,
    /// Cash counted at opening; zero for other methods.
    #[serde(with = "text")]
    pub float: Micros,
    /// Amount that customers paid by this method at settlement.
    #[serde(with = "text")]
    pub sales: Micros,
    /// Amount that customers paid by this method in advance.
    #[serde(default, with = "text")]
    pub deposits: Micros,
    /// Deposits refunded.
    #[serde(default, with = "text")]
    pub deposit_refunds: Micros,
    /// Cash added to the drawer by pay-ins.
    #[serde(with = "text")]
    pub pay_ins: Micros,
    /// Cash removed from the drawer by pay-outs.
    #[serde(with = "text")]
    pub pay_outs: Micros,
    /// Refunds of settled sessions.
    #[serde(with = "text")]
    pub refunds: Micros,
    /// Expected amount at the end of the shift.
    #[serde(with = "text")]
    pub expected: Micros,
    /// Counted amount; `None` in an X report.
    #[serde(with = "text::option")]
    pub counted: Option<Micros>,
    /// Counted minus expected; negative if money is missing; `None` in an X report.
    #[serde(with = "text::option")]
    pub variance: Option<Micros>,
}

/// Calls of one cabin in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CabinSales {
    /// Id of the cabin.
    pub cabin_id: Uuid,
    /// Number of the cabin when the report was created.
    pub number: i32,
    /// Label of the cabin when the report was created.
    pub label: String,
    /// Number of calls.
    pub calls: i64,
    /// Total price of the calls.
    #[serde(with = "text")]
    pub amount: Micros,
}

/// Calls to one destination in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationSales {
    /// Name of the destination.
    pub destination: String,
    /// Number of calls.
    pub calls: i64,
    /// Seconds billed.
    pub billed_seconds: i64,
    /// Total price of the calls.
    #[serde(with = "text")]
    pub amount: Micros,
}

/// Activity of one user in the shift of a [`Report`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendantSales {
    /// Id of the user.
    pub user_id: Uuid,
    /// The user's display name when the report was created.
    pub name: String,
    /// Number of sessions settled by this user.
    pub sessions: i64,
    /// Amount that customers paid for the settled sessions, at settlement or in advance.
    #[serde(with = "text")]
    pub amount: Micros,
    /// Discounts granted by this user on the bills settled in the shift, even if another user settled the bills.
    #[serde(default, with = "text")]
    pub discounts: Micros,
    /// Deposits taken by this user.
    #[serde(default, with = "text")]
    pub deposits: Micros,
    /// Deposits refunded by this user.
    #[serde(default, with = "text")]
    pub deposit_refunds: Micros,
    /// Settled sessions refunded by this user.
    #[serde(default, with = "text")]
    pub refunds: Micros,
    /// Pay-ins by this user.
    #[serde(default, with = "text")]
    pub pay_ins: Micros,
    /// Pay-outs by this user.
    #[serde(default, with = "text")]
    pub pay_outs: Micros,
}

/// An unpaid session in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenItem {
    /// Id of the session.
    pub session_id: Uuid,
    /// Number of the session's cabin.
    pub cabin_number: i32,
    /// State of the session when the report was created.
    pub state: SessionState,
    /// Name of the customer; may be empty.
    pub customer: String,
    /// Total of the bill; `None` until the session is closed.
    #[serde(with = "text::option")]
    pub total: Option<Micros>,
    /// Amount paid in advance.
    #[serde(default, with = "text")]
    pub deposit: Micros,
}

impl Report {
    /// Sets the counted amounts and the variances.
    pub(super) fn count(&mut self, counted: &BTreeMap<PaymentMethod, Micros>) -> Result<()> {
        let pure = |(method, amount): (&PaymentMethod, &Micros)| ((*method).into(), *amount);
        let expected = self.methods.iter().map(|line| (line.method.into(), line.expected)).collect();
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
            line.expected = variance.expected;
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
            deposits: zero,
            deposit_refunds: zero,
            pay_ins: zero,
            pay_outs: zero,
            refunds: zero,
            expected: zero,
            counted: None,
            variance: None,
        }
    }

    fn new(method: PaymentMethod, report: &rules::MethodReport) -> Self {
        let sum = |kind| report.movements.get(&kind).copied().unwrap_or_default();
        Self {
            float: report.opening_float,
            sales: sum(rules::MovementKind::Sale),
            deposits: sum(rules::MovementKind::Deposit),
            deposit_refunds: sum(rules::MovementKind::DepositRefund),
            pay_ins: sum(rules::MovementKind::PayIn),
            pay_outs: sum(rules::MovementKind::PayOut),
            refunds: sum(rules::MovementKind::Refund),
            expected: report.expected,
            ..Self::empty(method)
        }
    }
}

fn refused(error: RegisterError) -> Error {
    match error {
        RegisterError::NotCounted { method } => {
            let method = Word(PaymentMethod::from(method).as_str());
            Error::invalid(
                "counts",
                base::message!("{method} must be counted; enter 0 if there is none.", method),
            )
        }
        RegisterError::NegativeAmount => Error::invalid("counts", "A count must not be negative."),
        RegisterError::Money(error) => Error::fault(error),
    }
}

/// Creates a shift's report as of `at`.
pub(super) async fn report(
    conn: &impl ConnectionTrait,
    shift: &register_shift::Model,
    at: DateTime<Utc>,
) -> Result<Report> {
    let moved = Moved {
        payments: rows::payment_sums(conn, shift.id).await?,
        by_hand: rows::movement_sums(conn, shift.id).await?,
    };
    let bills = rows::settled_bills(conn, shift.callshop_id, shift.id).await?;
    let sum = |of: fn(&SettledBills) -> Option<entity::Micros>| {
        let amounts = bills.iter().map(|bills| of(bills).unwrap_or_default().into());
        Micros::try_sum(amounts.collect::<Vec<_>>()).or_fault()
    };
    let cash_rounding = sum(|bills| bills.cash_rounding)?;
    Ok(Report {
        shift_number: shift.number,
        opened_at: shift.opened_at,
        at,
        methods: methods(shift, &moved)?,
        calls_total: sum(|bills| bills.calls_total)?,
        items_total: sum(|bills| bills.items_total)?,
        discounts_total: sum(|bills| bills.discounts_total)?,
        rounding: sum(|bills| bills.rounding)?,
        cash_rounding,
        sales_total: sum(|bills| bills.total)?.checked_add(cash_rounding).or_fault()?,
        by_cabin: by_cabin(conn, shift).await?,
        by_destination: by_destination(conn, shift).await?,
        by_attendant: by_attendant(conn, shift, &moved, &bills).await?,
        references: references(conn, shift).await?,
        open_items: items(conn, shift).await?,
    })
}

/// The money that moved in a shift, summed by user, kind and payment method. The ledger's drawer has the same movements.
struct Moved {
    payments: Vec<(Uuid, PaymentKind, PaymentMethod, entity::Micros)>,
    by_hand: Vec<(Uuid, MovementKind, entity::Micros)>,
}

fn methods(shift: &register_shift::Model, moved: &Moved) -> Result<Vec<MethodLine>> {
    let paid = |(_, kind, method, sum): &(Uuid, PaymentKind, PaymentMethod, entity::Micros)| Movement {
        kind: match kind {
            PaymentKind::Sale => rules::MovementKind::Sale,
            PaymentKind::Deposit => rules::MovementKind::Deposit,
            PaymentKind::Refund => rules::MovementKind::Refund,
            PaymentKind::DepositRefund => rules::MovementKind::DepositRefund,
        },
        method: (*method).into(),
        amount: (*sum).into(),
    };
    let by_hand = |(_, kind, sum): &(Uuid, MovementKind, entity::Micros)| Movement {
        kind: match kind {
            MovementKind::PayIn => rules::MovementKind::PayIn,
            MovementKind::PayOut => rules::MovementKind::PayOut,
        },
        method: PaymentMethod::Cash.into(),
        amount: (*sum).into(),
    };
    let movements: Vec<Movement> =
        moved.payments.iter().map(paid).chain(moved.by_hand.iter().map(by_hand)).collect();
    let methods = rules::report(shift.float_amount.into(), &movements).or_fault()?;
    Ok(methods.iter().map(|(method, report)| MethodLine::new((*method).into(), report)).collect())
}

async fn by_cabin(conn: &impl ConnectionTrait, shift: &register_shift::Model) -> Result<Vec<CabinSales>> {
    let sales = rows::sales_by_cabin(conn, shift.callshop_id, shift.id).await?;
    let ids: Vec<Uuid> = sales.iter().filter_map(|(cabin, _, _)| *cabin).collect();
    let mut cabins = cabins_by_id(conn, &ids).await?;
    let line = |(id, calls, amount): (Option<Uuid>, i64, entity::Micros)| {
        let gone = || Error::fault("a session's call has no cabin");
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
    moved: &Moved,
    bills: &[SettledBills],
) -> Result<Vec<AttendantSales>> {
    let mut lines: BTreeMap<Uuid, AttendantSales> = BTreeMap::new();
    for bills in bills {
        let line = lines.entry(bills.settled_by.unwrap_or_default()).or_default();
        line.sessions = bills.sessions;
        for amount in [bills.total, bills.cash_rounding] {
            add(&mut line.amount, amount.unwrap_or_default())?;
        }
    }
    for (user, amount) in rows::discounts_by_user(conn, shift.callshop_id, shift.id).await? {
        add(&mut lines.entry(user).or_default().discounts, amount)?;
    }
    for (user, kind, _, amount) in &moved.payments {
        let line = lines.entry(*user).or_default();
        match kind {
            // a payment at settlement is already counted in `amount`, as part of the session that it settled
            PaymentKind::Sale => {}
            PaymentKind::Deposit => add(&mut line.deposits, *amount)?,
            PaymentKind::DepositRefund => add(&mut line.deposit_refunds, *amount)?,
            PaymentKind::Refund => add(&mut line.refunds, *amount)?,
        }
    }
    for (user, kind, amount) in &moved.by_hand {
        let line = lines.entry(*user).or_default();
        match kind {
            MovementKind::PayIn => add(&mut line.pay_ins, *amount)?,
            MovementKind::PayOut => add(&mut line.pay_outs, *amount)?,
        }
    }
    named(conn, lines).await
}

fn add(sum: &mut Micros, amount: entity::Micros) -> Result<()> {
    *sum = sum.checked_add(amount.into()).or_fault()?;
    Ok(())
}

async fn named(
    conn: &impl ConnectionTrait,
    lines: BTreeMap<Uuid, AttendantSales>,
) -> Result<Vec<AttendantSales>> {
    let ids: Vec<Uuid> = lines.keys().copied().collect();
    let users = accounts::users_by_ids(conn, &ids).await?;
    let mut names: HashMap<Uuid, String> =
        users.into_iter().map(|user| (user.id, user.display_name)).collect();
    let line = |(user_id, line)| AttendantSales {
        user_id,
        name: names.remove(&user_id).unwrap_or_default(),
        ..line
    };
    let mut lines: Vec<AttendantSales> = lines.into_iter().map(line).collect();
    lines.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(lines)
}

async fn references(
    conn: &impl ConnectionTrait,
    shift: &register_shift::Model,
) -> Result<Vec<PaymentReference>> {
    let payments = rows::referenced_payments(conn, shift.id, MAX_REFERENCES).await?;
    let line = |payment: payment::Model| PaymentReference {
        session_id: payment.session_id,
        method: payment.method,
        amount: payment.amount.into(),
        reference: payment.reference.unwrap_or_default(),
        at: payment.at,
    };
    Ok(payments.into_iter().map(line).collect())
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
        deposit: session.deposit.into(),
    };
    Ok(open.into_iter().map(item).collect())
}

/// Returns a closed shift's Z report; `None` while the shift is open.
///
/// # Errors
/// Fails with a fault if the stored report does not parse.
pub fn z_report(shift: &register_shift::Model) -> Result<Option<Report>> {
    shift.z_report.clone().map(|report| serde_json::from_value(report).or_fault()).transpose()
}

/// The open shift's report as attendants see it. The attendants' report has no amounts that would reveal the expected cash, because attendants
/// count the drawer blind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindReport {
    /// Number of the shift.
    pub shift_number: i64,
    /// When the shift began.
    pub opened_at: DateTime<Utc>,
    /// When the report was created.
    pub at: DateTime<Utc>,
    /// Unpaid sessions, which block closing the register.
    pub open_items: Vec<OpenItem>,
}

/// The report of an open shift as the viewer may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XReport {
    /// The complete report, for viewers with [`Right::SeeDrawer`].
    Full(Box<Report>),
    /// The report without amounts, for viewers who count blind.
    Blind(BlindReport),
}

/// Creates the open shift's X report. Attendants see no sums, because they count the drawer blind.
///
/// # Errors
/// Fails with `NOT_FOUND`, also when the register is closed.
pub async fn x_report(app: &App, actor: &Actor, callshop_id: Uuid) -> Result<(XReport, String)> {
    let now = app.clock.now();
    app.store
        .read(|tx| async move {
            let shop = access::shop(tx.conn(), actor, callshop_id, Right::SeeShop).await?;
            let shift = rows::open_shift(tx.conn(), shop.id()).await?.ok_or(Error::NotFound)?;
            let report = if actor.may(Right::SeeDrawer) {
                XReport::Full(Box::new(report(tx.conn(), &shift, now).await?))
            } else {
                XReport::Blind(BlindReport {
                    shift_number: shift.number,
                    opened_at: shift.opened_at,
                    at: now,
                    open_items: items(tx.conn(), &shift).await?,
                })
            };
            Ok((report, shop.account.currency))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let cash = MethodLine { expected: Micros(5_000_000), ..MethodLine::empty(PaymentMethod::Cash) };
        Report {
            shift_number: 7,
            opened_at: DateTime::UNIX_EPOCH,
            at: DateTime::UNIX_EPOCH,
            methods: vec![cash],
            calls_total: Micros(1),
            items_total: Micros::ZERO,
            discounts_total: Micros::ZERO,
            rounding: Micros(-1),
            cash_rounding: Micros::ZERO,
            sales_total: Micros::ZERO,
            by_cabin: Vec::new(),
            by_destination: Vec::new(),
            by_attendant: Vec::new(),
            references: Vec::new(),
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
}
