//! What an ended call costs at each level, in a few bytes.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Micros;

/// The charge of a call at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelCharge {
    /// Seconds billed.
    pub billed_seconds: i32,
    /// Amount paid.
    pub amount: Micros,
}

/// The charges of a call, the customer's level first: a JSON list of the seconds billed and the micros paid at each level. The list is empty until an
/// answered call ends. All amounts are zero if the call was later corrected to unanswered. The SQL of the reports and of `callshop audit` reads this
/// list, too, and therefore needs no other table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct Charges(String);

impl Default for Charges {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Charges {
    /// The charges as a column value.
    pub fn new(levels: &[LevelCharge]) -> Self {
        let numbers: Vec<String> =
            levels.iter().map(|level| format!("{},{}", level.billed_seconds, level.amount.0)).collect();
        Self(format!("[{}]", numbers.join(",")))
    }

    /// The charges; `None` if the text is not a list of charges.
    pub fn read(&self) -> Option<Vec<LevelCharge>> {
        let numbers = self.0.strip_prefix('[')?.strip_suffix(']')?;
        if numbers.is_empty() {
            return Some(Vec::new());
        }
        let mut numbers = numbers.split(',').map(|number| number.trim().parse::<i64>());
        let mut levels = Vec::new();
        while let Some(seconds) = numbers.next() {
            let billed_seconds = i32::try_from(seconds.ok()?).ok()?;
            levels.push(LevelCharge { billed_seconds, amount: Micros(numbers.next()?.ok()?) });
        }
        Some(levels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_come_back() {
        let all = [(60, 250_000), (0, 0), (i32::MAX, i64::MAX)]
            .map(|(billed_seconds, amount)| LevelCharge { billed_seconds, amount: Micros(amount) });
        for count in 0..=all.len() {
            assert_eq!(Charges::new(&all[..count]).read().expect("charges"), all[..count]);
        }
        assert_eq!(Charges::new(&all[..1]).0, "[60,250000]");
        assert_eq!(Charges::default().0, "[]");
    }

    #[test]
    fn other_text_is_not_charges() {
        for text in ["", "[", "60,1", "[60]", "[60,1,60]", "[a,1]", "[99999999999,1]", "null"] {
            assert_eq!(Charges(text.to_owned()).read(), None, "{text}");
        }
    }
}
