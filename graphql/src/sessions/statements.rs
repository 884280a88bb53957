//! The bills of sessions.

use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};
use graphql_macros::object;
use uuid::Uuid;

use crate::scalars::{CurrencyCode, Kind, Money};
use app::sessions::Bill;

/// A session's bill. `total = callsTotal + itemsTotal - discountsTotal + rounding`.
#[object]
#[derive(SimpleObject)]
pub struct Statement {
    /// Answered calls that are over, oldest first; at most 5000.
    #[field(length = 20)]
    pub calls: Vec<StatementCall>,
    /// The same calls, summed up by destination and sorted by the destination's name.
    #[field(length = 20)]
    pub totals_by_destination: Vec<DestinationTotal>,
    /// Items, in the order in which they were added.
    #[field(length = 20)]
    pub items: Vec<StatementLine>,
    /// Discounts, in the order in which they were given.
    #[field(length = 10)]
    pub discounts: Vec<StatementLine>,
    /// Sum of the calls, exact.
    pub calls_total: Money,
    /// Sum of the items.
    pub items_total: Money,
    /// Sum of the discounts, not negative.
    pub discounts_total: Money,
    /// The amount that rounding adds to the total, negative if it reduces the total. The total is rounded once, to the currency's minor unit.
    pub rounding: Money,
    /// Amount of the bill.
    pub total: Money,
    /// Deposit paid in advance.
    pub deposit: Money,
    /// Amount left to pay after the deposit, before cash rounding.
    pub amount_due: Money,
    /// Part of the deposit left to refund, before cash rounding.
    pub refund_due: Money,
    /// Currency of every amount.
    pub currency: CurrencyCode,
}

/// One call on a statement.
#[object]
#[derive(SimpleObject)]
pub struct StatementCall {
    /// Global id of the call.
    pub call_id: ID,
    /// The number formatted for the customer.
    pub number: String,
    /// Country of the number, ISO 3166-1 alpha-2; null if the number cannot be assigned to a single country, as with satellite phones.
    pub country_code: Option<String>,
    /// Destination name.
    pub destination: String,
    /// When the call was answered.
    pub started_at: DateTime<Utc>,
    /// Talk time in seconds, rounded up.
    pub talk_seconds: u32,
    /// Talk time in seconds, rounded up to the rate's increments.
    pub billed_seconds: u32,
    /// Price of the call.
    pub amount: Money,
}

/// An item or a discount on a statement.
#[object]
#[derive(SimpleObject)]
pub struct StatementLine {
    /// Opaque id of the item or discount, as in `SessionItem.itemId`.
    pub item_id: ID,
    /// Text of the item, or reason for the discount.
    pub description: String,
    /// Number of items; 1 for a discount.
    pub quantity: u32,
    /// Price of one item.
    pub unit_price: Money,
    /// Total of the line, never negative; the total of a discount is subtracted from the bill.
    pub amount: Money,
}

/// A statement's calls to one destination.
#[object]
#[derive(SimpleObject)]
pub struct DestinationTotal {
    /// Destination name.
    pub destination: String,
    /// Country of all calls in the line, ISO 3166-1 alpha-2; null if the calls went to several countries, or if the country is uncertain.
    pub country_code: Option<String>,
    /// Number of calls.
    pub calls: u32,
    /// Total talk time in seconds.
    pub talk_seconds: u64,
    /// Total billed seconds.
    pub billed_seconds: u64,
    /// Total price.
    pub amount: Money,
}

impl From<Bill> for Statement {
    fn from(bill: Bill) -> Self {
        let (amount_due, refund_due) = (bill.amount_due(), bill.refund_due());
        let Bill { statement, deposit, currency } = bill;
        let call = |call: billing::statement::StatementCall| StatementCall {
            call_id: Kind::Call.id(Uuid::from_u128(call.id)),
            number: call.number,
            country_code: call.country_code,
            destination: call.destination,
            started_at: call.started_at,
            talk_seconds: call.talk_seconds,
            billed_seconds: call.billed_seconds,
            amount: Money::new(call.amount, &currency),
        };
        let total = |total: billing::statement::DestinationTotal| DestinationTotal {
            destination: total.destination,
            country_code: total.country_code,
            calls: total.calls,
            talk_seconds: total.talk_seconds,
            billed_seconds: total.billed_seconds,
            amount: Money::new(total.amount, &currency),
        };
        let line = |line: billing::statement::StatementLine| StatementLine {
            item_id: Kind::SessionItem.id(Uuid::from_u128(line.id)),
            description: line.description,
            quantity: line.quantity,
            unit_price: Money::new(line.unit_price, &currency),
            amount: Money::new(line.amount, &currency),
        };
        Self {
            items: statement.items.into_iter().map(line).collect(),
            discounts: statement.discounts.into_iter().map(line).collect(),
            items_total: Money::new(statement.items_total, &currency),
            discounts_total: Money::new(statement.discounts_total, &currency),
            deposit: Money::new(deposit, &currency),
            amount_due: Money::new(amount_due, &currency),
            refund_due: Money::new(refund_due, &currency),
            calls: statement.calls.into_iter().map(call).collect(),
            totals_by_destination: statement.by_destination.into_iter().map(total).collect(),
            calls_total: Money::new(statement.calls_total, &currency),
            rounding: Money::new(statement.rounding, &currency),
            total: Money::new(statement.total, &currency),
            currency: CurrencyCode(currency),
        }
    }
}
