//! X and Z reports.

use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};

use crate::scalars::{Kind, Money};
use crate::sessions::{PaymentMethod, SessionState};
use app::register::{self, BlindReport, Report};

/// An X report (so far) or a Z report (final): what a shift's register took and should hold.
#[derive(SimpleObject)]
pub struct RegisterReport {
    /// Number of the shift.
    pub shift_number: String,
    /// When the shift began.
    pub opened_at: DateTime<Utc>,
    /// When the report was made.
    pub at: DateTime<Utc>,
    /// By payment method; cash is always there. Empty in an attendant's X report, as are the other sums: counts are blind.
    pub methods: Vec<MethodReport>,
    /// What the calls of the sessions settled in the shift came to, exactly; null in an attendant's X report.
    pub calls_total: Option<Money>,
    /// What their items came to; null in an attendant's X report.
    pub items_total: Option<Money>,
    /// What was taken off, not negative; null in an attendant's X report.
    pub discounts_total: Option<Money>,
    /// What rounding the statements added; below zero what it took away; null in an attendant's X report.
    pub rounding: Option<Money>,
    /// What rounding cash added; below zero what it took away; null in an attendant's X report.
    pub cash_rounding: Option<Money>,
    /// What customers paid for these sessions, now or in advance:
    /// `callsTotal + itemsTotal - discountsTotal + rounding + cashRounding`; null in an attendant's X report.
    pub sales_total: Option<Money>,
    /// Calls of the settled sessions by the cabin they were made from.
    pub sales_by_cabin: Vec<CabinSales>,
    /// The same by destination.
    pub sales_by_destination: Vec<DestinationSales>,
    /// Who did what, by name.
    pub sales_by_attendant: Vec<AttendantSales>,
    /// Sessions that nobody had paid, at most 500; in a Z report, those carried over.
    pub open_items: Vec<OpenItem>,
}

/// One payment method in a register's report. `expected = float + sales + deposits - depositRefunds + payIns - payOuts - refunds`.
#[derive(SimpleObject)]
pub struct MethodReport {
    /// Which.
    pub method: PaymentMethod,
    /// Counted at opening: cash only.
    pub float: Money,
    /// Paid by customers at settlement, change already given back.
    pub sales: Money,
    /// Paid by customers in advance.
    pub deposits: Money,
    /// Given back of deposits.
    pub deposit_refunds: Money,
    /// Put in.
    pub pay_ins: Money,
    /// Taken out.
    pub pay_outs: Money,
    /// Given back of what was paid for settled sessions.
    pub refunds: Money,
    /// What should be there.
    pub expected: Money,
    /// What was there; null in an X report.
    pub counted: Option<Money>,
    /// Counted less expected: below zero, money is missing; null in an X report.
    pub variance: Option<Money>,
}

/// Calls of one cabin in a register's report.
#[derive(SimpleObject)]
pub struct CabinSales {
    /// Global id of the cabin.
    pub cabin_id: ID,
    /// Its number when the report was made.
    pub number: i32,
    /// Its label when the report was made.
    pub label: String,
    /// How many calls.
    pub calls: i64,
    /// What they came to.
    pub amount: Money,
}

/// Calls to one destination in a register's report.
#[derive(SimpleObject)]
pub struct DestinationSales {
    /// Which destination.
    pub destination: String,
    /// How many calls.
    pub calls: i64,
    /// Seconds billed.
    pub billed_seconds: i64,
    /// What they came to.
    pub amount: Money,
}

/// What one person did, in a register's report.
#[derive(SimpleObject)]
pub struct AttendantSales {
    /// Global id of the user.
    pub user_id: ID,
    /// His name when the report was made.
    pub name: String,
    /// How many sessions he settled.
    pub sessions: i64,
    /// What customers paid for these, now or in advance.
    pub amount: Money,
    /// What he took off the bills that were settled in the shift, whoever settled them.
    pub discounts: Money,
    /// Deposits that he took.
    pub deposits: Money,
    /// What of deposits he gave back.
    pub deposit_refunds: Money,
    /// What of settled sessions he gave back.
    pub refunds: Money,
    /// What he put in.
    pub pay_ins: Money,
    /// What he took out.
    pub pay_outs: Money,
}

/// A session that nobody had paid, in a register's report.
#[derive(SimpleObject)]
pub struct OpenItem {
    /// Global id of the session.
    pub session_id: ID,
    /// Number of its cabin.
    pub cabin_number: i32,
    /// State it was in.
    pub state: SessionState,
    /// Name of the customer, may be empty.
    pub customer: String,
    /// What its bill comes to; null until its statement is final.
    pub total: Option<Money>,
    /// What was paid of it in advance.
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
