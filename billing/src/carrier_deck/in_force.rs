//! Compares a deck's prices with the prices in force. If most prices are the same multiple of the prices in force, the deck may have been read in the
//! wrong unit.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cells::PriceUnit;
use super::mapping::Mapping;
use super::{Answer, Question};
use crate::deck::{RowProblem, Severity};
use crate::tariff::Rate;

/// The comparison needs at least this many codes that have both a new price and a price in force.
const FEWEST: usize = 5;
/// A price that is this many times as high or as low as the price in force gets a warning.
const JUMP: i128 = 10;
/// An answer must bring most prices within this factor of the prices in force.
const FAR: i128 = 20;
/// The scale of the ratios.
const ONE: i128 = 1_000_000;

/// A code's new price, its price in force, and the increment of its new price in seconds.
type Compared = (i128, i128, i128);

/// A multiple that a wrong unit explains.
struct Scale {
    /// The multiple, as a fraction.
    times: (i128, i128),
    /// Largest difference of a price from the multiple, in percent.
    tolerance: i128,
    /// The least share of the prices, in percent, that must have the multiple.
    share: usize,
    shown: &'static str,
}

/// Real prices may double or halve, but rarely all of them on the same day. Therefore, the multiples 2 and 1/2 must be nearly exact.
#[rustfmt::skip]
const SCALES: &[Scale] = &[
    Scale { times: (1_000, 1), tolerance: 30, share: 80, shown: "about 1,000 times" },
    Scale { times: (1, 1_000), tolerance: 30, share: 80, shown: "about one thousandth of" },
    Scale { times: (100, 1), tolerance: 22, share: 80, shown: "about 100 times" },
    Scale { times: (1, 100), tolerance: 22, share: 80, shown: "about one hundredth of" },
    Scale { times: (60, 1), tolerance: 22, share: 80, shown: "about 60 times" },
    Scale { times: (1, 60), tolerance: 22, share: 80, shown: "about one sixtieth of" },
    Scale { times: (2, 1), tolerance: 2, share: 95, shown: "twice" },
    Scale { times: (1, 2), tolerance: 2, share: 95, shown: "half of" },
];

/// The comparison of a deck with the prices in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PricesCompared {
    /// Asks for the unit of the prices if most of them are the same multiple of the prices in force. There is no question if the mapping confirms
    /// the prices.
    pub question: Option<Question>,
    /// A warning about single prices that are at least ten times as high or as low as those in force.
    pub warning: Option<RowProblem>,
}

/// Compares the prices of a deck, which were read with this mapping, with the rates in force.
pub fn compare_prices(rates: &[Rate], in_force: &[Rate], mapping: &Mapping) -> PricesCompared {
    let known: HashMap<&str, i64> =
        in_force.iter().map(|rate| (rate.prefix.as_str(), rate.price_per_minute.0)).collect();
    let pair = |rate: &Rate| -> Option<Compared> {
        let (new, old) = (rate.price_per_minute.0, *known.get(rate.prefix.as_str())?);
        (new > 0 && old > 0).then_some((new.into(), old.into(), rate.increment.max(1).into()))
    };
    let pairs: Vec<Compared> = rates.iter().filter_map(pair).collect();
    if pairs.len() < FEWEST {
        return PricesCompared::default();
    }
    let scale = SCALES.iter().find(|scale| scale.explains(&pairs));
    if let Some(scale) = scale.filter(|_| mapping.prices_confirmed != Some(true)) {
        let first = rates.iter().find(|rate| pair(rate).is_some_and(|pair| scale.fits(pair)));
        let example = first.map(|rate| rate.prefix.clone()).unwrap_or_default();
        return PricesCompared { question: Some(scale.question(example, mapping, &pairs)), warning: None };
    }
    let jumps = |rate: &&Rate| pair(rate).is_some_and(|(new, old, _)| new / JUMP >= old || old / JUMP >= new);
    let (count, first) = (rates.iter().filter(jumps).count(), rates.iter().find(jumps));
    PricesCompared { question: None, warning: first.map(|rate| jump(count, rate)) }
}

impl Scale {
    fn fits(&self, (new, old, _): Compared) -> bool {
        let (numerator, denominator) = self.times;
        let wanted = old * ONE * numerator / denominator;
        let difference = (new * ONE - wanted).abs();
        difference * 100 <= wanted * self.tolerance
    }

    fn explains(&self, pairs: &[Compared]) -> bool {
        let fitting = pairs.iter().filter(|pair| self.fits(**pair)).count();
        fitting * 100 >= pairs.len() * self.share
    }

    /// Only the first answer confirms the prices. After any other answer, the prices are compared again.
    fn question(&self, example: String, mapping: &Mapping, pairs: &[Compared]) -> Question {
        let unit = |unit| Mapping { price_unit: Some(unit), ..Mapping::default() };
        let cents = |cents| Mapping { price_in_cents: Some(cents), ..Mapping::default() };
        let choice = |text, mapping| Answer::new(text, mapping);
        let smaller = choice("the prices are in the smaller unit of the currency", cents(true));
        let currency = choice("the prices are in the currency itself", cents(false));
        let minute = choice("a price covers a minute", unit(PriceUnit::Minute));
        let choices = match self.times {
            (1_000, _) => {
                vec![choice("a price covers 1,000 minutes", unit(PriceUnit::ThousandMinutes)), smaller]
            }
            (_, 1_000) => vec![minute, currency],
            (100, _) => vec![smaller],
            (_, 100) => vec![currency],
            (60, _) => vec![minute, choice("a price covers an hour", unit(PriceUnit::Hour)), smaller],
            (_, 60) => vec![choice("a price covers a second", unit(PriceUnit::Second)), minute, currency],
            (2, _) => vec![minute],
            _ => vec![choice("a price covers one increment", unit(PriceUnit::Increment))],
        };
        let confirmed = Mapping { prices_confirmed: Some(true), ..Mapping::default() };
        let mut answers = vec![choice("the prices are right", confirmed)];
        answers.extend(choices.into_iter().filter(|answer| helps(&answer.mapping, mapping, pairs)));
        Question {
            code: "PRICE_SCALE".into(),
            text: format!("Most prices are {} the prices in force. Choose what this means.", self.shown),
            line: 0,
            example,
            answers,
        }
    }
}

/// Whether an answer may explain the prices. If the mapping already says how the prices were read, the answer must bring them near the prices in
/// force, so that it leads to no further question. Otherwise, an answer makes the reading known, and the next question does not repeat the answer.
fn helps(answer: &Mapping, mapping: &Mapping, pairs: &[Compared]) -> bool {
    let times = |increment: i128| match (answer.price_unit, mapping.price_unit) {
        (Some(to), Some(from)) => {
            let ((up, down), (past_up, past_down)) = (per_minute(to, increment), per_minute(from, increment));
            Some((up * past_down, down * past_up))
        }
        (Some(_), None) => None,
        (None, _) => match (answer.price_in_cents, mapping.price_in_cents) {
            (Some(true), Some(false)) => Some((1, 100)),
            (Some(false), Some(true)) => Some((100, 1)),
            (Some(_), Some(_)) => Some((1, 1)),
            _ => None,
        },
    };
    let read = |(new, old, increment): &Compared| {
        let (up, down) = times(*increment)?;
        Some((new * up / down, *old, *increment))
    };
    let Some(after) = pairs.iter().map(read).collect::<Option<Vec<Compared>>>() else { return true };
    let near = after.iter().filter(|(new, old, _)| *new <= old * FAR && *old <= new * FAR).count();
    near * 2 > after.len() && !SCALES.iter().any(|scale| scale.explains(&after))
}

/// The factor, as a fraction, that makes a price per minute of a price for a unit.
fn per_minute(unit: PriceUnit, increment: i128) -> (i128, i128) {
    match unit {
        PriceUnit::Minute => (1, 1),
        PriceUnit::Second => (60, 1),
        PriceUnit::Hour => (1, 60),
        PriceUnit::ThousandMinutes => (1, 1_000),
        PriceUnit::Increment => (60, increment),
    }
}

fn jump(codes: usize, first: &Rate) -> RowProblem {
    RowProblem {
        line: 0,
        column: None,
        severity: Severity::Warning,
        code: Cow::Borrowed("PRICE_JUMP"),
        message: format!(
            "{codes} codes have prices that are at least ten times as high or as low as the prices in force."
        ),
        value: Some(first.prefix.clone()),
        remedy: Some("Compare the prices with the version in force, and ask the carrier.".to_owned()),
    }
}
