//! X and Z reports of a register shift.

use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};
use graphql_macros::object;

use crate::scalars::{Kind, Money};
use crate::sessions::{PaymentKind, PaymentMethod, SessionState};
use app::register::{self, BlindReport, Report};

/// An X report (interim) or a Z report (final) of a shift: sales, cash movements, and expected contents of the register.
#[object]
#[derive(SimpleObject)]
pub struct RegisterReport {
    /// Number of the shift.
    pub shift_number: String,
    /// When the shift began.
    pub opened_at: DateTime<Utc>,
    /// When the report was created.
    pub at: DateTime<Utc>,
    /// One entry per payment method that was used; CASH is always listed. The list is empty in an attendant's X report, because attendants must count
    /// the drawer without knowing the expected amounts.
    #[field(length = 4)]
    pub methods: Vec<MethodReport>,
    /// Exact total of the calls in the sessions settled in the shift; null in an attendant's X report.
    pub calls_total: Option<Money>,
    /// Total of the items in the sessions settled in the shift; null in an attendant's X report.
    pub items_total: Option<Money>,
    /// Total of the discounts in the sessions settled in the shift, not negative; null in an attendant's X report.
    pub discounts_total: Option<Money>,
    /// The amount that rounding adds to the statements (negative if rounding reduces them); null in an attendant's X report.
    pub rounding: Option<Money>,
    /// The amount that rounding adds to cash payments (negative if rounding reduces them); null in an attendant's X report.
    pub cash_rounding: Option<Money>,
    /// Amount that customers paid, at settlement or in advance, for the sessions settled in the shift: `callsTotal + itemsTotal - discountsTotal +
    /// rounding + cashRounding`. Null in an attendant's X report.
    pub sales_total: Option<Money>,
    /// Calls of the settled sessions by cabin; empty in an attendant's X report.
    #[field(length = 100)]
    pub sales_by_cabin: Vec<CabinSales>,
    /// Calls of the settled sessions by destination; empty in an attendant's X report.
    #[field(length = 100)]
    pub sales_by_destination: Vec<DestinationSales>,
    /// Activity of each user, sorted by the user's name; empty in an attendant's X report.
    #[field(length = 20)]
    pub sales_by_attendant: Vec<AttendantSales>,
    /// Deposits, payments and refunds with a reference, oldest first, at most 500; empty in an attendant's X report.
    #[field(length = 20)]
    pub references: Vec<PaymentReference>,
    /// Unpaid sessions, at most 500. In a Z report, the unpaid sessions are those that were carried over.
    #[field(length = 100)]
    pub open_items: Vec<OpenItem>,
}

/// Totals of one payment method in a register report. `expected = float + sales + deposits - depositRefunds + payIns - payOuts - refunds`.
#[object]
#[derive(SimpleObject)]
pub struct MethodReport {
    /// Payment method.
    pub method: PaymentMethod,
    /// Cash counted at opening; zero for other methods.
    pub float: Money,
    /// Payments at settlement, net of change.
    pub sales: Money,
    /// Deposits paid by customers.
    pub deposits: Money,
    /// Deposits refunded to customers.
    pub deposit_refunds: Money,
    /// Cash put in by hand.
    pub pay_ins: Money,
    /// Cash withdrawn by hand.
    pub pay_outs: Money,
    /// Refunds after settlement.
    pub refunds: Money,
    /// Amount that should be in the register.
    pub expected: Money,
    /// Amount counted at closing; null in an X report.
    pub counted: Option<Money>,
    /// `counted - expected`: negative if money is missing; null in an X report.
    pub variance: Option<Money>,
}

/// Calls of one cabin in a register report.
#[object]
#[derive(SimpleObject)]
pub struct CabinSales {
    /// Global id of the cabin.
    pub cabin_id: ID,
    /// Cabin number when the report was created.
    pub number: i32,
    /// Display name of the cabin when the report was created.
    pub label: String,
    /// Number of calls.
    pub calls: i64,
    /// Total price of the calls.
    pub amount: Money,
}

/// Calls to one destination in a register report.
#[object]
#[derive(SimpleObject)]
pub struct DestinationSales {
    /// Destination name.
    pub destination: String,
    /// Number of calls.
    pub calls: i64,
    /// Total billed seconds.
    pub billed_seconds: i64,
    /// Total price of the calls.
    pub amount: Money,
}

/// Activity of one user in a register report.
#[object]
#[derive(SimpleObject)]
pub struct AttendantSales {
    /// Global id of the user.
    pub user_id: ID,
    /// Display name of the user when the report was created.
    pub name: String,
    /// Number of sessions settled by this user.
    pub sessions: i64,
    /// Amount that customers paid, at settlement or in advance, for the sessions that this user settled.
    pub amount: Money,
    /// Discounts that this user gave on sessions settled in the shift, no matter which user settled the sessions.
    pub discounts: Money,
    /// Deposits received by this user.
    pub deposits: Money,
    /// Deposits refunded by this user.
    pub deposit_refunds: Money,
    /// Refunds given by this user after settlement.
    pub refunds: Money,
    /// Cash put in by this user.
    pub pay_ins: Money,
    /// Cash withdrawn by this user.
    pub pay_outs: Money,
}

/// A deposit, payment or refund that has a reference, as listed in a register report.
#[object]
#[derive(SimpleObject)]
pub struct PaymentReference {
    /// Opaque id of the payment, as in `Payment.paymentId`.
    pub payment_id: ID,
    /// Global id of the session.
    pub session_id: ID,
    /// Purpose of the payment, which also determines its direction.
    pub kind: PaymentKind,
    /// Payment method.
    pub method: PaymentMethod,
    /// Amount paid or refunded. Never negative; `kind` gives the direction.
    pub amount: Money,
    /// The payment's number in another system, such as a card terminal's NSU or a Pix transaction id.
    pub reference: String,
    /// When the amount was paid or refunded.
    pub at: DateTime<Utc>,
}

/// An unpaid session in a register report.
#[object]
#[derive(SimpleObject)]
pub struct OpenItem {
    /// Global id of the session.
    pub session_id: ID,
    /// Number of the session's cabin.
    pub cabin_number: i32,
    /// State of the session when the report was created.
    pub state: SessionState,
    /// Name of the customer; may be empty.
    pub customer: String,
    /// Total of the bill; null until the statement is final.
    pub total: Option<Money>,
    /// Deposit paid in advance.
    pub deposit: Money,
}

impl RegisterReport {
    pub(super) fn new(report: Report, currency: &str) -> Self {
        let money = |amount: billing::money::Micros| Money::new(amount, currency);
        let method = |line: register::MethodLine| MethodReport {
            method: line.method.into(),
            float: money(line.float),
            sales: money(line.sales),
            deposits: money(line.deposits),
            deposit_refunds: money(line.deposit_refunds),
            pay_ins: money(line.pay_ins),
            pay_outs: money(line.pay_outs),
            refunds: money(line.refunds),
            expected: money(line.expected),
            counted: line.counted.map(money),
            variance: line.variance.map(money),
        };
        let cabin = |line: register::CabinSales| CabinSales {
            cabin_id: Kind::Cabin.id(line.cabin_id),
            number: line.number,
            label: line.label,
            calls: line.calls,
            amount: money(line.amount),
        };
        let destination = |line: register::DestinationSales| DestinationSales {
            destination: line.destination,
            calls: line.calls,
            billed_seconds: line.billed_seconds,
            amount: money(line.amount),
        };
        let attendant = |line: register::AttendantSales| AttendantSales {
            user_id: Kind::User.id(line.user_id),
            name: line.name,
            sessions: line.sessions,
            amount: money(line.amount),
            discounts: money(line.discounts),
            deposits: money(line.deposits),
            deposit_refunds: money(line.deposit_refunds),
            refunds: money(line.refunds),
            pay_ins: money(line.pay_ins),
            pay_outs: money(line.pay_outs),
        };
        let reference = |line: register::PaymentReference| PaymentReference {
            payment_id: Kind::Payment.id(line.payment_id),
            session_id: Kind::CabinSession.id(line.session_id),
            kind: line.kind.into(),
            method: line.method.into(),
            amount: money(line.amount),
            reference: line.reference,
            at: line.at,
        };
        Self {
            shift_number: report.shift_number.to_string(),
            opened_at: report.opened_at,
            at: report.at,
            methods: report.methods.into_iter().map(method).collect(),
            calls_total: Some(money(report.calls_total)),
            items_total: Some(money(report.items_total)),
            discounts_total: Some(money(report.discounts_total)),
            cash_rounding: Some(money(report.cash_rounding)),
            rounding: Some(money(report.rounding)),
            sales_total: Some(money(report.sales_total)),
            sales_by_cabin: report.by_cabin.into_iter().map(cabin).collect(),
            sales_by_destination: report.by_destination.into_iter().map(destination).collect(),
            sales_by_attendant: report.by_attendant.into_iter().map(attendant).collect(),
            references: report.references.into_iter().map(reference).collect(),
            open_items: open_items(report.open_items, currency),
        }
    }

    pub(super) fn blind(report: BlindReport, currency: &str) -> Self {
        Self {
            shift_number: report.shift_number.to_string(),
            opened_at: report.opened_at,
            at: report.at,
            methods: Vec::new(),
            calls_total: None,
            items_total: None,
            discounts_total: None,
            rounding: None,
            cash_rounding: None,
            sales_total: None,
            sales_by_cabin: Vec::new(),
            sales_by_destination: Vec::new(),
            sales_by_attendant: Vec::new(),
            references: Vec::new(),
            open_items: open_items(report.open_items, currency),
        }
    }
}

fn open_items(items: Vec<register::OpenItem>, currency: &str) -> Vec<OpenItem> {
    let money = |amount: billing::money::Micros| Money::new(amount, currency);
    let item = |item: register::OpenItem| OpenItem {
        session_id: Kind::CabinSession.id(item.session_id),
        cabin_number: item.cabin_number,
        state: item.state.into(),
        customer: item.customer,
        total: item.total.map(money),
        deposit: money(item.deposit),
    };
    items.into_iter().map(item).collect()
}
