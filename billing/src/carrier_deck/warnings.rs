//! Warnings about decks that can be read: outliers, old decks, and calls that would get the price of a shorter code.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Days, NaiveDate};

use super::{CarrierDeck, CarrierRate, Entry, Options};
use crate::deck::{RowProblem, Severity};
use crate::number::calling_code;

/// A price this many times the median of the deck is unusual.
const DECK_FACTOR: i64 = 100;
/// A price this many times the median of its country is unusual.
const COUNTRY_FACTOR: i64 = 20;
/// A country with fewer rates than this has no usual price.
const COUNTRY_RATES: usize = 5;
/// A deck is old if its latest date is more than this many days ago.
const OLD_DAYS: u64 = 90;

/// Adds the warnings about the whole deck.
pub(super) fn warn(deck: &mut CarrierDeck, options: &Options<'_>) {
    let mut found = outliers(&deck.rates);
    if let Some(today) = options.today {
        found.extend(old(deck, today));
        found.extend(ends_later(&deck.rates, options.mapping.effective_on.unwrap_or(today)));
        found.extend(all_later(deck, today).filter(|_| options.mapping.effective_on.is_none()));
        // the version takes effect on the chosen date
        found.extend(cheaper_until(&deck.rates, options.mapping.effective_on.unwrap_or(today)));
    }
    found.extend(withdrawn(&deck.rates));
    for problem in found {
        deck.note(options.limits, problem);
    }
}

fn warning(line: u64, code: &'static str, value: &str, message: String, remedy: &str) -> RowProblem {
    RowProblem {
        line,
        column: None,
        severity: Severity::Warning,
        code: Cow::Borrowed(code),
        message,
        value: Some(value.to_owned()),
        remedy: Some(remedy.to_owned()),
    }
}

fn price(rate: &CarrierRate) -> Option<i64> {
    match &rate.entry {
        Entry::Price(rate) => Some(rate.price_per_minute.0),
        Entry::Removed(_) | Entry::Blocked(_) => None,
    }
}

fn median(prices: &mut [i64]) -> i64 {
    prices.sort_unstable();
    prices.get(prices.len() / 2).copied().unwrap_or(0)
}

fn outliers(rates: &[CarrierRate]) -> Vec<RowProblem> {
    let mut all: Vec<i64> = rates.iter().filter_map(price).collect();
    let usual = median(&mut all);
    let mut countries: HashMap<&str, Vec<i64>> = HashMap::new();
    for rate in rates {
        if let (Some(country), Some(price)) = (calling_code(rate.prefix()), price(rate)) {
            countries.entry(country).or_default().push(price);
        }
    }
    let medians: HashMap<&str, i64> = countries
        .into_iter()
        .filter(|(_, prices)| prices.len() >= COUNTRY_RATES)
        .map(|(country, mut prices)| (country, median(&mut prices)))
        .collect();
    let mut found = Vec::new();
    for rate in rates {
        let Some(price) = price(rate) else { continue };
        let in_country = calling_code(rate.prefix()).and_then(|country| medians.get(country)).copied();
        let far = |usual: i64, factor: i64| usual > 0 && price / factor >= usual;
        if far(usual, DECK_FACTOR) || in_country.is_some_and(|usual| far(usual, COUNTRY_FACTOR)) {
            let message = format!("The price of code {} is far above the other prices.", rate.prefix());
            found.push(warning(
                rate.line,
                "PRICE_OUTLIER",
                rate.prefix(),
                message,
                "Check the price with the carrier.",
            ));
        } else if price == 0 {
            let message = format!("The price of code {} is 0.", rate.prefix());
            found.push(warning(
                rate.line,
                "PRICE_ZERO",
                rate.prefix(),
                message,
                "Check the price with the carrier.",
            ));
        }
    }
    found
}

fn old(deck: &CarrierDeck, today: NaiveDate) -> Option<RowProblem> {
    let latest = deck.dates().last().copied()?;
    let oldest = today.checked_sub_days(Days::new(OLD_DAYS))?;
    (latest < oldest).then(|| {
        let message = format!("The deck's latest date is {latest}, more than {OLD_DAYS} days ago.");
        warning(0, "DECK_OLD", &latest.to_string(), message, "Check that the deck is the latest one.")
    })
}

/// Maximum number of end dates that are reported. Each of these dates gets one warning.
const MAX_ENDS: usize = 20;

/// Codes whose prices end on a later day. The codes keep their prices until then.
fn ends_later(rates: &[CarrierRate], today: NaiveDate) -> Vec<RowProblem> {
    let mut days: BTreeMap<NaiveDate, (u64, usize, &str)> = BTreeMap::new();
    let known: HashSet<(&str, Option<NaiveDate>)> =
        rates.iter().map(|rate| (rate.prefix(), rate.effective)).collect();
    for rate in rates.iter().filter(|rate| price(rate).is_some()) {
        // another row has the price from that day on
        let ends = rate.ends.filter(|end| *end > today && !known.contains(&(rate.prefix(), Some(*end))));
        if let Some(end) = ends {
            days.entry(end).or_insert((rate.line, 0, rate.prefix())).1 += 1;
        }
    }
    let found = days.into_iter().take(MAX_ENDS).map(|(day, (line, codes, first))| {
        let message = format!("The prices of {codes} codes end on {day}.");
        let remedy =
            "Import the file by date, so that the codes are removed on this day, or remove them then.";
        warning(line, "ENDS_LATER", first, message, remedy)
    });
    found.collect()
}

/// Warns if the only date of the deck is in the future, because the deck must not take effect before that date.
fn all_later(deck: &CarrierDeck, today: NaiveDate) -> Option<RowProblem> {
    let dates = deck.dates();
    let first = dates.first().copied().filter(|first| *first > today)?;
    let line = deck.rates.iter().find(|rate| rate.effective == Some(first)).map_or(0, |rate| rate.line);
    (dates.len() == 1).then(|| {
        let message = format!("The prices apply from {first}, which is in the future.");
        let remedy = "Schedule the version for this date, or import the file by date.";
        warning(line, "DATE_IN_FUTURE", &first.to_string(), message, remedy)
    })
}

/// The proper prefixes of a code, longest first.
fn shorter(code: &str) -> impl Iterator<Item = &str> {
    (1..code.len()).rev().filter_map(|length| code.get(..length))
}

/// Codes whose price starts in the future. Until then, calls to such a code get the price of a shorter, cheaper code.
fn cheaper_until(rates: &[CarrierRate], today: NaiveDate) -> Vec<RowProblem> {
    let is_future = |rate: &CarrierRate| rate.effective.is_some_and(|from| from > today);
    if !rates.iter().any(is_future) {
        return Vec::new();
    }
    let mut now: HashMap<&str, i64> = HashMap::new();
    for rate in rates.iter().filter(|rate| !is_future(rate)) {
        now.extend(price(rate).map(|price| (rate.prefix(), price)));
    }
    let falls = |rate: &&CarrierRate| {
        let Some(own) = price(rate).filter(|_| is_future(rate) && !now.contains_key(rate.prefix())) else {
            return false;
        };
        shorter(rate.prefix()).find_map(|code| now.get(code)).is_some_and(|until| *until < own)
    };
    let mut named: HashSet<&str> = HashSet::new();
    let found = rates.iter().filter(falls).filter(|rate| named.insert(rate.prefix())).map(|rate| {
        let message = format!(
            "Until the date of code {}, calls to this code have the price of a shorter, cheaper code.",
            rate.prefix()
        );
        warning(
            rate.line,
            "CHEAPER_UNTIL_DATE",
            rate.prefix(),
            message,
            "Activate the price now, or block the code until its date.",
        )
    });
    found.collect()
}

/// Withdrawn and blocked codes that begin with a shorter code that has a price. Calls to these codes would get that price.
fn withdrawn(rates: &[CarrierRate]) -> Vec<RowProblem> {
    if rates.iter().all(|rate| price(rate).is_some()) {
        return Vec::new();
    }
    let priced: HashSet<&str> =
        rates.iter().filter(|rate| price(rate).is_some()).map(CarrierRate::prefix).collect();
    let falls = |rate: &&CarrierRate| {
        price(rate).is_none() && shorter(rate.prefix()).any(|code| priced.contains(code))
    };
    let found = rates.iter().filter(falls).map(|rate| {
        let message = format!(
            "Code {} is withdrawn or blocked, so its calls get the price of a shorter code.",
            rate.prefix()
        );
        warning(rate.line, "WITHDRAWN_FALLS_BACK", rate.prefix(), message, "Block the code in the tariff.")
    });
    found.collect()
}
