//! Compares the rates of two tariff versions.
//!
//! Both lists are sorted by prefix, so they are compared like two sorted files: each prefix of either list is visited once.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::money::Micros;
use crate::tariff::Rate;

/// How a prefix differs between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateChangeKind {
    /// Only the later version has a rate for the prefix.
    Added,
    /// The price per minute is higher.
    Raised,
    /// The price per minute is lower.
    Lowered,
    /// The price per minute is the same, but another value differs: the name, a fee, an increment, the price of the initial increment, the
    /// minimum charge, the free seconds or a price in a band.
    Changed,
    /// Only the earlier version has a rate for the prefix.
    Removed,
    /// Both rates are equal.
    Unchanged,
}

/// A prefix of either version, with the rate of each version. At least one of the two rates is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatePair<'a> {
    /// The rate in the earlier version.
    pub before: Option<&'a Rate>,
    /// The rate in the later version.
    pub after: Option<&'a Rate>,
}

impl RatePair<'_> {
    /// How the prefix differs.
    pub fn kind(&self) -> RateChangeKind {
        match (self.before, self.after) {
            (None, _) => RateChangeKind::Added,
            (_, None) => RateChangeKind::Removed,
            (Some(before), Some(after)) => match after.price_per_minute.cmp(&before.price_per_minute) {
                Ordering::Greater => RateChangeKind::Raised,
                Ordering::Less => RateChangeKind::Lowered,
                Ordering::Equal if before == after => RateChangeKind::Unchanged,
                Ordering::Equal => RateChangeKind::Changed,
            },
        }
    }
}

/// The number of prefixes of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateChangeCounts {
    /// Number of new prefixes.
    pub added: u64,
    /// Number of prefixes with a higher price per minute.
    pub raised: u64,
    /// Number of prefixes with a lower price per minute.
    pub lowered: u64,
    /// Number of prefixes whose price per minute is the same, but whose rate differs in another value.
    pub changed: u64,
    /// Number of removed prefixes.
    pub removed: u64,
    /// Number of prefixes with the same rate.
    pub unchanged: u64,
}

impl RateChangeCounts {
    /// Counts one prefix.
    pub fn add(&mut self, kind: RateChangeKind) {
        *self.of_mut(kind) += 1;
    }

    /// The number of prefixes of this kind.
    pub fn of(&self, kind: RateChangeKind) -> u64 {
        let mut counts = *self;
        *counts.of_mut(kind)
    }

    /// The number of prefixes of all kinds.
    pub fn total(&self) -> u64 {
        self.differences() + self.unchanged
    }

    /// The number of prefixes that differ.
    pub fn differences(&self) -> u64 {
        self.added + self.raised + self.lowered + self.changed + self.removed
    }

    fn of_mut(&mut self, kind: RateChangeKind) -> &mut u64 {
        match kind {
            RateChangeKind::Added => &mut self.added,
            RateChangeKind::Raised => &mut self.raised,
            RateChangeKind::Lowered => &mut self.lowered,
            RateChangeKind::Changed => &mut self.changed,
            RateChangeKind::Removed => &mut self.removed,
            RateChangeKind::Unchanged => &mut self.unchanged,
        }
    }
}

/// Visits each prefix of either list, in the order of the lists. The lists are sorted by prefix, from the highest down if `descending`.
pub fn pairs<'a>(
    before: impl IntoIterator<Item = &'a Rate>,
    after: impl IntoIterator<Item = &'a Rate>,
    descending: bool,
) -> impl Iterator<Item = RatePair<'a>> {
    let (mut before, mut after) = (before.into_iter().peekable(), after.into_iter().peekable());
    std::iter::from_fn(move || {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) if descending => new.prefix.cmp(&old.prefix),
            (Some(old), Some(new)) => old.prefix.cmp(&new.prefix),
        };
        let old = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        Some(RatePair { before: old, after: new })
    })
}

/// Counts the differences between two lists that are sorted by prefix.
pub fn count<'a>(
    before: impl IntoIterator<Item = &'a Rate>,
    after: impl IntoIterator<Item = &'a Rate>,
) -> RateChangeCounts {
    let mut counts = RateChangeCounts::default();
    for pair in pairs(before, after, false) {
        counts.add(pair.kind());
    }
    counts
}

/// The change in a price in percent, rounded to two decimals (halves away from zero): a change from 0.10 to 0.12 is 20. `None` if the old price is
/// not above zero, or if the result does not fit in [`Micros`].
pub fn percent(before: Micros, after: Micros) -> Option<Micros> {
    if before.0 <= 0 {
        return None;
    }
    // hundredths of a percent; the rounding moves halves away from zero
    let scaled = (i128::from(after.0) - i128::from(before.0)) * 10_000;
    let half = i128::from(before.0) / 2 * scaled.signum();
    let hundredths = (scaled + half) / i128::from(before.0);
    i64::try_from(hundredths * 10_000).ok().map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(prefix: &str, price: i64) -> Rate {
        Rate {
            prefix: prefix.to_owned(),
            destination: "Place".to_owned(),
            price_per_minute: Micros(price),
            initial_price: None,
            connection_fee: Micros::ZERO,
            initial_increment: 1,
            increment: 1,
            minimum_charge: Micros::ZERO,
            free_seconds: 0,
            band_prices: Default::default(),
        }
    }

    #[test]
    fn each_prefix_is_visited_once_in_both_directions() {
        use RateChangeKind::{Added, Changed, Lowered, Raised, Removed, Unchanged};
        let before = [rate("1", 5), rate("33", 5), rate("44", 5), rate("55", 5), rate("81", 5)];
        let mut fee = rate("44", 5);
        fee.connection_fee = Micros(1);
        let after = [rate("1", 6), rate("33", 4), fee, rate("49", 1), rate("81", 5)];
        let expected = [
            ("1", Raised),
            ("33", Lowered),
            ("44", Changed),
            ("49", Added),
            ("55", Removed),
            ("81", Unchanged),
        ];
        let seen = |pair: RatePair<'_>| {
            let rate = pair.after.or(pair.before).expect("a rate");
            (rate.prefix.clone(), pair.kind())
        };
        let mut found: Vec<_> = pairs(&before, &after, false).map(seen).collect();
        let owned: Vec<_> = expected.iter().map(|(prefix, kind)| ((*prefix).to_owned(), *kind)).collect();
        assert_eq!(found, owned);
        found = pairs(before.iter().rev(), after.iter().rev(), true).map(seen).collect();
        found.reverse();
        assert_eq!(found, owned);
        let counts = count(&before, &after);
        assert_eq!((counts.total(), counts.differences(), counts.of(Added)), (6, 5, 1));
    }

    #[test]
    fn a_change_in_per_cent_is_rounded_to_hundredths() {
        for (before, after, expected) in [
            (100_000, 120_000, Some(20_000_000)),
            (120_000, 100_000, Some(-16_670_000)),
            (3, 4, Some(33_330_000)),
            (3, 5, Some(66_670_000)),
            (7, 7, Some(0)),
            (0, 5, None),
            (1, 1_000_000_000_000, None),
            (1_000_000, 0, Some(-100_000_000)),
        ] {
            assert_eq!(percent(Micros(before), Micros(after)), expected.map(Micros), "{before} {after}");
        }
    }
}
