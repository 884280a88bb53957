//! A session's statement (its bill) and its settlement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{Micros, MoneyError, RoundingMode, round_to, round_to_step};

/// One call on a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementCall {
    /// Id of the call, as a number.
    pub id: u128,
    /// The number, formatted for the customer.
    pub number: String,
    /// The number's country, ISO 3166-1 alpha-2; `None` if no single country is certain.
    #[serde(default)]
    pub country_code: Option<String>,
    /// The destination's name in the rate.
    pub destination: String,
    /// Time of the answer, or of the attempt if the call was not answered.
    pub started_at: DateTime<Utc>,
    /// Seconds of talk.
    pub talk_seconds: u32,
    /// Seconds billed.
    pub billed_seconds: u32,
    /// The call's charge.
    pub amount: Micros,
    /// Whether the call was answered.
    pub answered: bool,
}

/// A line of the bill that is not a call: a photocopy, a drink, a discount. The amount is never negative; a discount's amount is subtracted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// Id of the item or discount, as a number.
    pub id: u128,
    /// The item, or the reason for a discount.
    pub description: String,
    /// Number of units; 1 for a discount.
    pub quantity: u32,
    /// Price of one unit.
    pub unit_price: Micros,
    /// `quantity * unit_price`.
    pub amount: Micros,
}

impl StatementLine {
    /// A line of `quantity` units at `unit_price`; fails if the amount is out of range.
    pub fn new(id: u128, description: String, quantity: u32, unit_price: Micros) -> Result<Self, MoneyError> {
        let amount = unit_price.checked_mul(quantity)?;
        Ok(Self { id, description, quantity, unit_price, amount })
    }
}

/// All answered calls to one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationTotal {
    /// The destination.
    pub destination: String,
    /// The country of all these calls, ISO 3166-1 alpha-2; `None` if their countries differ or are not certain.
    #[serde(default)]
    pub country_code: Option<String>,
    /// Number of answered calls.
    pub calls: u32,
    /// Seconds of talk.
    pub talk_seconds: u64,
    /// Seconds billed.
    pub billed_seconds: u64,
    /// Sum of the charges of the calls to the destination.
    pub amount: Micros,
}

/// A session's bill. `total = calls_total + items_total - discounts_total + rounding`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// All calls by start time, including unanswered calls.
    pub calls: Vec<StatementCall>,
    /// Answered calls by destination, sorted by the destination's name.
    pub by_destination: Vec<DestinationTotal>,
    /// Items such as drinks, in the order in which they were added.
    pub items: Vec<StatementLine>,
    /// Discounts, in the order in which they were added.
    pub discounts: Vec<StatementLine>,
    /// Sum of the calls.
    pub calls_total: Micros,
    /// Sum of the items.
    pub items_total: Micros,
    /// Sum of the discounts, not negative.
    pub discounts_total: Micros,
    /// The amount added by rounding the total to the currency's minor unit; may be negative.
    pub rounding: Micros,
    /// The amount due, in whole minor units.
    pub total: Micros,
}

/// Why a statement cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The amount of a call, an item or a discount is negative.
    #[error("Amounts on a statement must not be negative.")]
    NegativeAmount,
    /// The sum of the discounts exceeds the sum of the calls and items.
    #[error("The discounts exceed the sum of calls and items; reduce them.")]
    DiscountTooHigh,
    /// A sum is out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl StatementError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            StatementError::NegativeAmount => "NEGATIVE_AMOUNT",
            StatementError::DiscountTooHigh => "DISCOUNT_TOO_HIGH",
            StatementError::Money(error) => error.code(),
        }
    }
}

impl Statement {
    /// Adds up all lines of the statement and rounds the total once, half up, to `minor_unit_decimals`.
    pub fn build(
        mut calls: Vec<StatementCall>,
        items: Vec<StatementLine>,
        discounts: Vec<StatementLine>,
        minor_unit_decimals: u8,
    ) -> Result<Statement, StatementError> {
        calls.sort_by_key(|call| call.started_at);
        let calls_total = sum_positive(calls.iter().map(|call| call.amount))?;
        let items_total = sum_positive(items.iter().map(|line| line.amount))?;
        let discounts_total = sum_positive(discounts.iter().map(|line| line.amount))?;
        let exact = calls_total.checked_add(items_total)?.checked_sub(discounts_total)?;
        if exact.is_negative() {
            return Err(StatementError::DiscountTooHigh);
        }
        let total = round_to(exact, minor_unit_decimals, RoundingMode::HalfUp)?;
        let rounding = total.checked_sub(exact)?;
        let by_destination = total_by_destination(&calls)?;
        Ok(Statement {
            calls,
            by_destination,
            items,
            discounts,
            calls_total,
            items_total,
            discounts_total,
            rounding,
            total,
        })
    }
}

/// Reduces discounts, the latest first, until the sum of the discounts is at most `most`. If a correction makes a call cheaper, the discounts may
/// exceed the bill and must be reduced.
pub fn cap_discounts(discounts: &mut Vec<StatementLine>, most: Micros) -> Result<(), MoneyError> {
    let mut left = most;
    for line in discounts.iter_mut() {
        line.amount = line.amount.min(left);
        line.unit_price = line.amount;
        left = left.checked_sub(line.amount)?;
    }
    discounts.retain(|line| line.amount != Micros::ZERO);
    Ok(())
}

fn sum_positive(amounts: impl Iterator<Item = Micros> + Clone) -> Result<Micros, StatementError> {
    if amounts.clone().any(Micros::is_negative) {
        return Err(StatementError::NegativeAmount);
    }
    Ok(Micros::try_sum(amounts)?)
}

fn total_by_destination(calls: &[StatementCall]) -> Result<Vec<DestinationTotal>, MoneyError> {
    let mut totals: BTreeMap<&str, DestinationTotal> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.answered) {
        let total = totals.entry(&call.destination).or_insert_with(|| DestinationTotal {
            destination: call.destination.clone(),
            country_code: call.country_code.clone(),
            calls: 0,
            talk_seconds: 0,
            billed_seconds: 0,
            amount: Micros::ZERO,
        });
        if total.country_code != call.country_code {
            total.country_code = None;
        }
        total.calls = total.calls.saturating_add(1);
        total.talk_seconds += u64::from(call.talk_seconds);
        total.billed_seconds += u64::from(call.billed_seconds);
        total.amount = total.amount.checked_add(call.amount)?;
    }
    Ok(totals.into_values().collect())
}

/// How a customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentMethod {
    /// Notes and coins. Only cash payments are rounded and can result in change.
    Cash,
    /// A debit or credit card.
    Card,
    /// Pix, Brazil's instant payment system.
    Pix,
    /// Any other method.
    Other,
}

/// One payment of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The payment method.
    pub method: PaymentMethod,
    /// Amount handed over, not negative. A cash payment of zero means that the rest is paid in cash, even if rounding reduces that rest to zero.
    pub amount: Micros,
}

/// The result of a settlement. `deposit + paid - deposit_back = total + cash_rounding`, and the customer handed over `paid + change`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The amount that rounding adds to the part paid in cash; may be negative.
    pub cash_rounding: Micros,
    /// The part of the settlement's payments that the shop keeps.
    pub paid: Micros,
    /// Cash to return from the settlement's payments.
    pub change: Micros,
    /// The part of the deposit to refund: at most one entry per method, cash last.
    pub deposit_back: Vec<Payment>,
}

/// Why a settlement is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// The payments are less than the amount due.
    #[error("The payments are {missing} short of the amount due.")]
    Underpaid {
        /// The amount still due.
        missing: Micros,
    },
    /// The payments other than cash exceed the amount due; change is given only for cash.
    #[error(
        "Payments other than cash exceed the total by {excess}; reduce them, because change is given only for cash."
    )]
    ChangeOnlyFromCash {
        /// The excess amount.
        excess: Micros,
    },
    /// The total or a payment is negative.
    #[error("Amounts must not be negative.")]
    NegativeAmount,
    /// The cash step is zero or negative.
    #[error("The cash step must be positive.")]
    InvalidCashStep,
    /// A sum is out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl SettlementError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            SettlementError::Underpaid { .. } => "UNDERPAID",
            SettlementError::ChangeOnlyFromCash { .. } => "CHANGE_ONLY_FROM_CASH",
            SettlementError::NegativeAmount => "NEGATIVE_AMOUNT",
            SettlementError::InvalidCashStep => "INVALID_CASH_STEP",
            SettlementError::Money(error) => error.code(),
        }
    }
}

/// Settles `total` with `payments`.
///
/// Cash pays the amount that other methods do not cover. If the payments include cash, the part paid in cash is rounded half up to `cash_step`, and
/// any excess cash is returned as change.
pub fn settle(
    total: Micros,
    payments: &[Payment],
    cash_step: Option<Micros>,
) -> Result<Settlement, SettlementError> {
    if total.is_negative() || payments.iter().any(|payment| payment.amount.is_negative()) {
        return Err(SettlementError::NegativeAmount);
    }
    if cash_step.is_some_and(|step| step <= Micros::ZERO) {
        return Err(SettlementError::InvalidCashStep);
    }
    let is_cash = |payment: &&Payment| payment.method == PaymentMethod::Cash;
    let cash = Micros::try_sum(payments.iter().filter(is_cash).map(|payment| payment.amount))?;
    let rest = payments.iter().filter(|payment| !is_cash(payment));
    let rest = Micros::try_sum(rest.map(|payment| payment.amount))?;
    let in_cash = total.checked_sub(rest)?;
    if in_cash.is_negative() {
        return Err(SettlementError::ChangeOnlyFromCash { excess: in_cash.checked_neg()? });
    }
    let due = match cash_step {
        Some(step) if payments.iter().any(|payment| is_cash(&payment)) => round_to_step(in_cash, step)?,
        _ => in_cash,
    };
    let change = cash.checked_sub(due)?;
    if change.is_negative() {
        return Err(SettlementError::Underpaid { missing: change.checked_neg()? });
    }
    let cash_rounding = due.checked_sub(in_cash)?;
    let paid = total.checked_add(cash_rounding)?;
    Ok(Settlement { cash_rounding, paid, change, deposit_back: Vec::new() })
}

/// Settles `total` with the deposits first, and the rest with `payments`.
///
/// An unused deposit is refunded by the payment method of the deposit, up to the amount that was paid by that method. Only the remainder is refunded
/// in cash, rounded to `cash_step`. If there is a refund, all cash in `payments` is returned as change.
pub fn settle_prepaid(
    total: Micros,
    deposits: &[Payment],
    payments: &[Payment],
    cash_step: Option<Micros>,
) -> Result<Settlement, SettlementError> {
    if total.is_negative() || deposits.iter().any(|deposit| deposit.amount.is_negative()) {
        return Err(SettlementError::NegativeAmount);
    }
    let deposit = Micros::try_sum(deposits.iter().map(|deposit| deposit.amount))?;
    let rest = deposit.checked_sub(total)?;
    if rest <= Micros::ZERO {
        return settle(rest.checked_neg()?, payments, cash_step);
    }
    let settled = settle(Micros::ZERO, payments, cash_step)?;
    let (deposit_back, cash_rounding) = as_it_came(rest, deposits, cash_step)?;
    Ok(Settlement { cash_rounding, deposit_back, ..settled })
}

/// The refunds for an unused deposit of `rest`, and the amount that rounding adds to the cash refund.
fn as_it_came(
    rest: Micros,
    deposits: &[Payment],
    cash_step: Option<Micros>,
) -> Result<(Vec<Payment>, Micros), SettlementError> {
    let mut came: BTreeMap<PaymentMethod, Micros> = BTreeMap::new();
    for deposit in deposits.iter().filter(|deposit| deposit.method != PaymentMethod::Cash) {
        let sum = came.entry(deposit.method).or_default();
        *sum = sum.checked_add(deposit.amount)?;
    }
    let (mut back, mut left) = (Vec::new(), rest);
    for (method, amount) in came {
        let amount = amount.min(left);
        left = left.checked_sub(amount)?;
        back.push(Payment { method, amount });
    }
    let in_cash = cash_amount(left, cash_step)?;
    back.push(Payment { method: PaymentMethod::Cash, amount: in_cash });
    back.retain(|payment| payment.amount != Micros::ZERO);
    Ok((back, left.checked_sub(in_cash)?))
}

/// Rounds an amount half up to the nearest multiple of `cash_step`, so that it can be paid in cash.
pub fn cash_amount(amount: Micros, cash_step: Option<Micros>) -> Result<Micros, SettlementError> {
    match cash_step {
        Some(step) if step <= Micros::ZERO => Err(SettlementError::InvalidCashStep),
        Some(step) => Ok(round_to_step(amount, step)?),
        None => Ok(amount),
    }
}
