//! The cash register's arithmetic: expected amounts, and their variance from the count.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::money::{Micros, MoneyError};
use crate::statement::PaymentMethod;

/// Why money entered or left the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MovementKind {
    /// Payment received in a settlement, net of change.
    Sale,
    /// A prepaid deposit.
    Deposit,
    /// Money that the attendant added.
    PayIn,
    /// Money that the attendant withdrew.
    PayOut,
    /// A refund of a paid session.
    Refund,
    /// A refund of the unused part of a deposit.
    DepositRefund,
}

impl MovementKind {
    /// True if this movement takes money out of the register.
    pub fn is_outgoing(self) -> bool {
        matches!(self, MovementKind::PayOut | MovementKind::Refund | MovementKind::DepositRefund)
    }
}

/// One movement of a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// The reason for the movement, which also determines whether money enters or leaves the register.
    pub kind: MovementKind,
    /// The payment method.
    pub method: PaymentMethod,
    /// The moved amount; never negative.
    pub amount: Micros,
}

/// The column of an X or Z report for one payment method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodReport {
    /// Cash counted when the shift opened; zero for other methods.
    pub opening_float: Micros,
    /// The sums of the movements by kind; kinds without movements are omitted.
    pub movements: BTreeMap<MovementKind, Micros>,
    /// The expected amount: the opening float plus incoming movements minus outgoing movements.
    pub expected: Micros,
}

/// A counted amount compared with the expected amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variance {
    /// The amount according to the recorded movements.
    pub expected: Micros,
    /// The amount that the attendant counted.
    pub counted: Micros,
    /// Counted minus expected; negative if money is missing.
    pub variance: Micros,
}

/// Why a report or a count is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The float, a movement or the cash count is negative.
    #[error("Amounts must not be negative.")]
    NegativeAmount,
    /// A payment method with an expected amount other than zero has no count.
    #[error("{method:?} was not counted; enter its count, or 0 if there is none.")]
    NotCounted {
        /// The method.
        method: PaymentMethod,
    },
    /// A sum is out of range.
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

/// The report of a shift up to now, by payment method. Cash is always included.
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

/// The expected amount of each payment method, which is the sum of the movements, plus the float for cash.
pub fn expected(
    opening_float: Micros,
    movements: &[Movement],
) -> Result<BTreeMap<PaymentMethod, Micros>, RegisterError> {
    let methods = report(opening_float, movements)?;
    Ok(methods.into_iter().map(|(method, report)| (method, report.expected)).collect())
}

/// Compares counted with expected amounts, by payment method. A method with an expected amount of zero need not be counted. A counted method is
/// compared even if nothing was expected.
pub fn variance(
    expected: &BTreeMap<PaymentMethod, Micros>,
    counted: &BTreeMap<PaymentMethod, Micros>,
) -> Result<BTreeMap<PaymentMethod, Variance>, RegisterError> {
    // the total of a card terminal is negative if the terminal refunded more than it received; the total of a cash drawer is never negative
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
