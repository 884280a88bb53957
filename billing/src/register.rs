//! The cash register's arithmetic: what must be in it, and what was counted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::money::{Micros, MoneyError};
use crate::statement::PaymentMethod;

/// Why money came into the register or left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MovementKind {
    /// A settlement: what was kept, change taken off.
    Sale,
    /// A prepaid deposit.
    Deposit,
    /// Money put in by hand.
    PayIn,
    /// Money taken out by hand.
    PayOut,
    /// A paid session given back.
    Refund,
    /// The unused part of a deposit given back.
    DepositRefund,
}

impl MovementKind {
    /// True when the money leaves the register.
    pub fn is_outgoing(self) -> bool {
        matches!(self, MovementKind::PayOut | MovementKind::Refund | MovementKind::DepositRefund)
    }
}

/// One movement of a shift. The amount is never negative: the kind says which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// Why.
    pub kind: MovementKind,
    /// How.
    pub method: PaymentMethod,
    /// How much.
    pub amount: Micros,
}

/// One payment method's column of an X or Z report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodReport {
    /// The counted float: cash only.
    pub opening_float: Micros,
    /// The sums of the movements by kind; kinds without any are left out.
    pub movements: BTreeMap<MovementKind, Micros>,
    /// Float and incoming movements less outgoing ones.
    pub expected: Micros,
}

/// What was counted against what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variance {
    /// By the books.
    pub expected: Micros,
    /// By hand.
    pub counted: Micros,
    /// Counted less expected: below zero, money is missing.
    pub variance: Micros,
}

/// Why a report or a count is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// A float, a movement or a count of cash is below zero.
    #[error("an amount is negative")]
    NegativeAmount,
    /// A method that should hold something has no count; an empty one is counted as zero.
    #[error("{method:?} was not counted")]
    NotCounted {
        /// The method.
        method: PaymentMethod,
    },
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl RegisterError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            RegisterError::NegativeAmount => "NEGATIVE_AMOUNT",
            RegisterError::NotCounted { .. } => "METHOD_NOT_COUNTED",
            RegisterError::Money(error) => error.code(),
        }
    }
}

/// The report of a shift so far, by method. Cash is always in it.
pub fn report(
    opening_float: Micros,
    movements: &[Movement],
) -> Result<BTreeMap<PaymentMethod, MethodReport>, RegisterError> {
    if opening_float.is_negative() || movements.iter().any(|movement| movement.amount.is_negative()) {
        return Err(RegisterError::NegativeAmount);
    }
    let mut methods: BTreeMap<PaymentMethod, MethodReport> = BTreeMap::new();
    methods.entry(PaymentMethod::Cash).or_default().opening_float = opening_float;
    for movement in movements {
        let method = methods.entry(movement.method).or_default();
        let sum = method.movements.entry(movement.kind).or_default();
        *sum = sum.checked_add(movement.amount)?;
    }
    for method in methods.values_mut() {
        method.expected = expected_of(method)?;
    }
    Ok(methods)
}

/// What must be in the register by method: the float, in cash, and the movements.
pub fn expected(
    opening_float: Micros,
    movements: &[Movement],
) -> Result<BTreeMap<PaymentMethod, Micros>, RegisterError> {
    let methods = report(opening_float, movements)?;
    Ok(methods.into_iter().map(|(method, report)| (method, report.expected)).collect())
}

/// Compares a count with the books, by method. A method that is expected to be empty need not be counted; one that was
/// counted is compared even if nothing was expected of it.
pub fn variance(
    expected: &BTreeMap<PaymentMethod, Micros>,
    counted: &BTreeMap<PaymentMethod, Micros>,
) -> Result<BTreeMap<PaymentMethod, Variance>, RegisterError> {
    // a card terminal that gave back more than it took shows less than nothing; a drawer never does
    if counted.get(&PaymentMethod::Cash).is_some_and(|amount| amount.is_negative()) {
        return Err(RegisterError::NegativeAmount);
    }
    let methods: BTreeSet<PaymentMethod> = expected.keys().chain(counted.keys()).copied().collect();
    let mut variances = BTreeMap::new();
    for method in methods {
        let expected = expected.get(&method).copied().unwrap_or_default();
        let counted = match counted.get(&method) {
            Some(counted) => *counted,
            None if expected == Micros::ZERO => Micros::ZERO,
            None => return Err(RegisterError::NotCounted { method }),
        };
        let variance = counted.checked_sub(expected)?;
        variances.insert(method, Variance { expected, counted, variance });
    }
    Ok(variances)
}

fn expected_of(report: &MethodReport) -> Result<Micros, MoneyError> {
    let signed = report.movements.iter().map(
        |(kind, sum)| {
            if kind.is_outgoing() { sum.checked_neg() } else { Ok(*sum) }
        },
    );
    let signed = signed.collect::<Result<Vec<Micros>, MoneyError>>()?;
    Micros::try_sum(signed.into_iter().chain([report.opening_float]))
}
