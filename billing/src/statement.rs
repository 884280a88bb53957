//! The bill of a session, and its settlement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{Micros, MoneyError, RoundingMode, round_to, round_to_step};

/// One call on a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementCall {
    /// The number as the customer reads it.
    pub number: String,
    /// The destination as the rate names it.
    pub destination: String,
    /// When it was answered, or when it was tried.
    pub started_at: DateTime<Utc>,
    /// Seconds of talk.
    pub talk_seconds: u32,
    /// Seconds billed.
    pub billed_seconds: u32,
    /// What it costs.
    pub amount: Micros,
    /// Whether it was answered.
    pub answered: bool,
}

/// Something else on the bill: a photocopy, a drink, a discount. The amount is never negative; a discount's is taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementLine {
    /// What it is, or why.
    pub description: String,
    /// How many; 1 of a discount.
    pub quantity: u32,
    /// What one costs.
    pub unit_price: Micros,
    /// How much in all.
    pub amount: Micros,
}

impl StatementLine {
    /// So many of something at a price.
    pub fn new(description: String, quantity: u32, unit_price: Micros) -> Result<Self, MoneyError> {
        let amount = unit_price.checked_mul(quantity)?;
        Ok(Self { description, quantity, unit_price, amount })
    }
}

/// All answered calls to one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationTotal {
    /// The destination.
    pub destination: String,
    /// Answered calls.
    pub calls: u32,
    /// Seconds of talk.
    pub talk_seconds: u64,
    /// Seconds billed.
    pub billed_seconds: u64,
    /// What they cost.
    pub amount: Micros,
}

/// A session's bill. `total = calls_total + items_total - discounts_total + rounding`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The calls by start, unanswered ones too.
    pub calls: Vec<StatementCall>,
    /// Answered calls by destination, in the order of the names.
    pub by_destination: Vec<DestinationTotal>,
    /// Items, in the order given.
    pub items: Vec<StatementLine>,
    /// Discounts, in the order given.
    pub discounts: Vec<StatementLine>,
    /// Sum of the calls.
    pub calls_total: Micros,
    /// Sum of the items.
    pub items_total: Micros,
    /// Sum of the discounts, not negative.
    pub discounts_total: Micros,
    /// What rounding the total, once, to the minor unit adds (or takes away, below zero).
    pub rounding: Micros,
    /// The amount due, in whole minor units.
    pub total: Micros,
}

/// Why a statement cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// A call, an item or a discount is below zero.
    #[error("an amount on the statement is negative")]
    NegativeAmount,
    /// The discounts are more than what they are taken off.
    #[error("the discounts exceed the sum of calls and items")]
    DiscountTooHigh,
    /// A sum does not fit.
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
    /// Adds everything up and rounds the total, once, half up to `minor_unit_decimals`.
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

/// Shortens discounts, the latest first, until they are no more than what they are taken off: a call that was corrected may have
/// become cheaper than the discount that it was given.
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
            calls: 0,
            talk_seconds: 0,
            billed_seconds: 0,
            amount: Micros::ZERO,
        });
        total.calls = total.calls.saturating_add(1);
        total.talk_seconds += u64::from(call.talk_seconds);
        total.billed_seconds += u64::from(call.billed_seconds);
        total.amount = total.amount.checked_add(call.amount)?;
    }
    Ok(totals.into_values().collect())
}

/// How money changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentMethod {
    /// Notes and coins: the only method that gives change and is rounded.
    Cash,
    /// A debit or credit card.
    Card,
    /// Brazil's instant transfer.
    Pix,
    /// Anything else.
    Other,
}

/// One payment of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How.
    pub method: PaymentMethod,
    /// How much is handed over, not negative. Cash of zero says that the rest, if rounding leaves none, is paid in cash.
    pub amount: Micros,
}

/// What a settlement comes to. `deposit + paid - deposit_back = total + cash_rounding`, and the customer handed over `paid + change`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// What rounding the part paid in cash adds (or takes away, below zero).
    pub cash_rounding: Micros,
    /// What the shop keeps of what is handed over now.
    pub paid: Micros,
    /// Cash to give back of what is handed over now.
    pub change: Micros,
    /// What to give back of the deposit, each method once, cash last.
    pub deposit_back: Vec<Payment>,
}

/// Why a settlement is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// The payments do not reach what is due.
    #[error("{missing} is missing")]
    Underpaid {
        /// What is missing.
        missing: Micros,
    },
    /// The payments other than cash exceed what is due, and only cash gives change.
    #[error("payments other than cash exceed the total by {excess}: only cash gives change")]
    ChangeOnlyFromCash {
        /// By how much.
        excess: Micros,
    },
    /// The total or a payment is below zero.
    #[error("an amount is negative")]
    NegativeAmount,
    /// The cash step is not above zero.
    #[error("the cash step is not positive")]
    InvalidCashStep,
    /// A sum does not fit.
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
/// What the other methods leave is paid in cash: if any cash is among the payments, that part is rounded to `cash_step`,
/// a half up, and change is given from it.
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

/// Settles `total` with what was paid in advance, and `payments` for what that leaves.
///
/// What is left of the deposits goes back as it came: by each method at most what came by it, and in cash, rounded to
/// `cash_step`, only what the other methods leave. All cash that is handed over then is change.
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

/// How what is left of deposits goes back, and what rounding the cash in it adds.
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

/// An amount as it can be paid in cash: the nearest multiple of `cash_step`, a half up.
pub fn cash_amount(amount: Micros, cash_step: Option<Micros>) -> Result<Micros, SettlementError> {
    match cash_step {
        Some(step) if step <= Micros::ZERO => Err(SettlementError::InvalidCashStep),
        Some(step) => Ok(round_to_step(amount, step)?),
        None => Ok(amount),
    }
}
