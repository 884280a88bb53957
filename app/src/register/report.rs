//! X reports (interim) and Z reports (final) of a shift, with takings, expected amounts, and activity per user.

mod stored;

use std::collections::{BTreeMap, HashMap};

use billing::money::Micros;
use billing::register::{self as rules, Movement, RegisterError};
use chrono::{DateTime, Utc};
use entity::{MovementKind, PaymentKind, PaymentMethod, cabin_session, payment, register_shift};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

pub use stored::{
    AttendantSales, CabinSales, DestinationSales, MAX_REFERENCES, MethodLine, OpenItem, PaymentReference,
    Report, z_report,
};

use super::{MAX_OPEN_ITEMS, cabins_by_id};
use crate::auth::{Actor, Right};
use crate::{App, access};
use base::error::{Error, OrFault as _, Result};
use base::message::Word;
use store::register::{self as rows, SettledBills};
use store::{accounts, sessions};

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
        payment_id: payment.id,
        kind: payment.kind,
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
/// Fails with `NOT_FOUND` if the callshop is not found or its register is closed.
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
