//! Rates, time bands, and the match of a number against the longest prefix.

use std::collections::BTreeMap;
use std::mem::size_of;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike, Weekday};
use serde::{Deserialize, Serialize};

use crate::money::Micros;

/// Digits of the longest E.164 number, and so of the longest prefix.
pub const MAX_PREFIX_DIGITS: usize = 15;
/// Characters of the longest destination name.
pub const MAX_DESTINATION_CHARS: usize = 100;
/// The highest price or fee: a million units. It keeps every charge of up to 17 years within [`Micros`].
pub const MAX_PRICE: Micros = Micros(1_000_000_000_000);
/// The longest billing increment: a day.
pub const MAX_INCREMENT: u32 = 86_400;
/// The longest free part of a call: a day.
pub const MAX_FREE_SECONDS: u32 = 86_400;
/// Time bands of one tariff.
pub const MAX_BANDS: usize = 16;
/// Characters of the longest band name.
pub const MAX_BAND_NAME_CHARS: usize = 40;
/// Rates in one table.
pub const MAX_RATES: usize = 2_000_000;

/// One prefix's price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// E.164 digits, 1 to 15, no plus sign.
    pub prefix: String,
    /// The name a customer reads.
    pub destination: String,
    /// Price of sixty seconds, outside the bands that this rate prices.
    pub price_per_minute: Micros,
    /// Charged once per answered call.
    pub connection_fee: Micros,
    /// Seconds billed at least.
    pub initial_increment: u32,
    /// Step of the billed seconds beyond the initial ones.
    pub increment: u32,
    /// What an answered call costs at least.
    #[serde(default)]
    pub minimum_charge: Micros,
    /// A call shorter than this costs nothing.
    #[serde(default)]
    pub free_seconds: u32,
    /// Prices that differ, by the name of the tariff's time band.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub band_prices: BTreeMap<String, BandPrice>,
}

/// The price of a rate within one time band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandPrice {
    /// Price of sixty seconds.
    pub price_per_minute: Micros,
    /// The fee of a call that is answered within the band; without one, the rate's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_fee: Option<Micros>,
}

/// What is wrong with a rate or a time band: a stable code, the field, a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct RateError {
    /// The stable code.
    pub code: &'static str,
    /// The field, as in the canonical CSV.
    pub field: &'static str,
    /// For a person.
    pub message: String,
}

impl RateError {
    pub(crate) fn new(code: &'static str, field: &'static str, message: impl Into<String>) -> RateError {
        RateError { code, field, message: message.into() }
    }
}

impl Rate {
    /// Checks every field against its range. The first fault found is the answer.
    pub fn validate(&self) -> Result<(), RateError> {
        check_prefix(&self.prefix)?;
        check_destination(&self.destination)?;
        check_price("rate_per_minute", self.price_per_minute)?;
        check_price("connection_fee", self.connection_fee)?;
        check_price("minimum_charge", self.minimum_charge)?;
        check_increment("initial_increment", self.initial_increment)?;
        check_increment("increment", self.increment)?;
        check_free_seconds(self.free_seconds)?;
        if self.band_prices.len() > MAX_BANDS {
            let message = format!("at most {MAX_BANDS} bands");
            return Err(RateError::new("TOO_MANY_BANDS", "band_prices", message));
        }
        for (name, price) in &self.band_prices {
            check_band_name(name)?;
            check_price("band_prices", price.price_per_minute)?;
            check_price("band_prices", price.connection_fee.unwrap_or_default())?;
        }
        Ok(())
    }
}

/// A prefix is 1 to 15 digits; no country code begins with 0.
pub fn check_prefix(prefix: &str) -> Result<(), RateError> {
    let field = "prefix";
    if prefix.is_empty() {
        return Err(RateError::new("PREFIX_MISSING", field, "the prefix is empty"));
    }
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RateError::new("PREFIX_INVALID", field, "a prefix is digits only"));
    }
    if prefix.len() > MAX_PREFIX_DIGITS {
        let message = format!("a prefix has at most {MAX_PREFIX_DIGITS} digits");
        return Err(RateError::new("PREFIX_TOO_LONG", field, message));
    }
    if prefix.starts_with('0') {
        let message = "a prefix begins with a country code, which never begins with 0";
        return Err(RateError::new("PREFIX_INVALID", field, message));
    }
    Ok(())
}

pub(crate) fn check_destination(destination: &str) -> Result<(), RateError> {
    let field = "destination";
    if destination.trim().is_empty() {
        return Err(RateError::new("DESTINATION_MISSING", field, "the destination is empty"));
    }
    if destination.chars().count() > MAX_DESTINATION_CHARS {
        let message = format!("a destination has at most {MAX_DESTINATION_CHARS} characters");
        return Err(RateError::new("DESTINATION_TOO_LONG", field, message));
    }
    if !crate::text::is_line(destination) {
        let message = "a destination is one line without control characters";
        return Err(RateError::new("DESTINATION_INVALID", field, message));
    }
    Ok(())
}

pub(crate) fn check_price(field: &'static str, price: Micros) -> Result<(), RateError> {
    if price.is_negative() {
        return Err(RateError::new("PRICE_NEGATIVE", field, "a price is not negative"));
    }
    if price > MAX_PRICE {
        let message = format!("a price is at most {MAX_PRICE}");
        return Err(RateError::new("PRICE_TOO_HIGH", field, message));
    }
    Ok(())
}

pub(crate) fn check_increment(field: &'static str, seconds: u32) -> Result<(), RateError> {
    if !(1..=MAX_INCREMENT).contains(&seconds) {
        let message = format!("an increment is 1 to {MAX_INCREMENT} seconds");
        return Err(RateError::new("INCREMENT_OUT_OF_RANGE", field, message));
    }
    Ok(())
}

pub(crate) fn check_free_seconds(seconds: u32) -> Result<(), RateError> {
    if seconds > MAX_FREE_SECONDS {
        let message = format!("at most {MAX_FREE_SECONDS} seconds are free");
        return Err(RateError::new("FREE_SECONDS_OUT_OF_RANGE", "free_seconds", message));
    }
    Ok(())
}

pub(crate) fn check_band_name(name: &str) -> Result<(), RateError> {
    let fits = (1..=MAX_BAND_NAME_CHARS).contains(&name.chars().count());
    if !fits || name.trim() != name || !crate::text::is_line(name) {
        let message = format!("a band's name is 1 to {MAX_BAND_NAME_CHARS} characters, no space around them");
        return Err(RateError::new("BAND_NAME_INVALID", "band", message));
    }
    Ok(())
}

/// A set of weekdays. Serialised as a list (`["Mon", "Tue"]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Weekday>", into = "Vec<Weekday>")]
pub struct Weekdays(u8);

impl Weekdays {
    /// No day.
    pub const NONE: Weekdays = Weekdays(0);
    /// Every day.
    pub const ALL: Weekdays = Weekdays(0b111_1111);
    /// Monday to Friday.
    pub const WORKING: Weekdays = Weekdays(0b001_1111);
    /// Saturday and Sunday.
    pub const WEEKEND: Weekdays = Weekdays(0b110_0000);

    /// True when the set has `day`.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }

    /// True when the set has no day.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The days, Monday first.
    pub fn iter(self) -> impl Iterator<Item = Weekday> {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        [Mon, Tue, Wed, Thu, Fri, Sat, Sun].into_iter().filter(move |day| self.contains(*day))
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<T: IntoIterator<Item = Weekday>>(days: T) -> Weekdays {
        Weekdays(days.into_iter().fold(0, |set, day| set | (1 << day.num_days_from_monday())))
    }
}

impl From<Vec<Weekday>> for Weekdays {
    fn from(days: Vec<Weekday>) -> Weekdays {
        days.into_iter().collect()
    }
}

impl From<Weekdays> for Vec<Weekday> {
    fn from(days: Weekdays) -> Vec<Weekday> {
        days.iter().collect()
    }
}

/// A recurring part of the week, in the tariff's time zone.
///
/// It contains a local instant whose time is from `from` (included) to `to` (excluded), on a day of `weekdays`, or on a
/// holiday when `holidays` is set. A holiday is an eighth kind of day: it is never the weekday it falls on. A band with
/// `to` at or before `from` runs over midnight, and its morning part belongs to the day on which it began; with `to`
/// equal to `from` it is a whole day. Of several bands that contain an instant, the first in the tariff's order that a
/// rate prices is the rate's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBand {
    /// The name that rates refer to.
    pub name: String,
    /// The days on which it begins, holidays apart.
    pub weekdays: Weekdays,
    /// Its first second, local time. Fractions of a second are refused.
    pub from: NaiveTime,
    /// The second after its last, local time.
    pub to: NaiveTime,
    /// Whether it begins on holidays too.
    pub holidays: bool,
}

impl TimeBand {
    /// Checks the name, whole seconds, and that the band has a day at all.
    pub fn validate(&self) -> Result<(), RateError> {
        check_band_name(&self.name)?;
        if self.from.nanosecond() != 0 || self.to.nanosecond() != 0 {
            return Err(RateError::new("BAND_TIME_INVALID", "band", "a band's times are whole seconds"));
        }
        if self.weekdays.is_empty() && !self.holidays {
            return Err(RateError::new("BAND_NEVER", "band", "a band needs a weekday, or the holidays"));
        }
        Ok(())
    }

    /// Checks the bands of one tariff: each of them, their number, and that no two have one name.
    pub fn validate_all(bands: &[TimeBand]) -> Result<(), RateError> {
        if bands.len() > MAX_BANDS {
            let message = format!("a tariff has at most {MAX_BANDS} bands");
            return Err(RateError::new("TOO_MANY_BANDS", "band", message));
        }
        for (index, band) in bands.iter().enumerate() {
            band.validate()?;
            if bands[..index].iter().any(|earlier| earlier.name == band.name) {
                return Err(RateError::new("BAND_NAME_TAKEN", "band", "two bands have the same name"));
            }
        }
        Ok(())
    }

    /// True when the band contains second `second_of_day` of the local `date`.
    pub(crate) fn contains(
        &self,
        date: NaiveDate,
        second_of_day: u32,
        holiday: impl Fn(NaiveDate) -> bool,
    ) -> bool {
        let begins_on = |day: NaiveDate| {
            if holiday(day) { self.holidays } else { self.weekdays.contains(day.weekday()) }
        };
        let (from, to) = self.seconds();
        if from < to {
            return (from..to).contains(&second_of_day) && begins_on(date);
        }
        (second_of_day >= from && begins_on(date))
            || (second_of_day < to && date.pred_opt().is_some_and(begins_on))
    }

    /// `from` and `to` as seconds of the day.
    pub(crate) fn seconds(&self) -> (u32, u32) {
        (self.from.num_seconds_from_midnight(), self.to.num_seconds_from_midnight())
    }
}

/// Why a table could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Two rates have the same prefix.
    #[error("prefix {prefix} occurs twice")]
    DuplicatePrefix {
        /// The prefix.
        prefix: String,
    },
    /// A rate is out of its ranges.
    #[error("prefix {prefix}: {error}")]
    InvalidRate {
        /// The rate's prefix as given.
        prefix: String,
        /// What is wrong with it.
        error: RateError,
    },
    /// There are more than [`MAX_RATES`] prefixes.
    #[error("more than {MAX_RATES} prefixes")]
    TooMany,
}

impl TableError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            TableError::DuplicatePrefix { .. } => "DUPLICATE_PREFIX",
            TableError::InvalidRate { error, .. } => error.code,
            TableError::TooMany => "TOO_MANY_RATES",
        }
    }
}

/// The rates of one tariff version, sorted by prefix and found by the longest one.
#[derive(Clone, Debug)]
pub struct RateTable {
    rates: Box<[Rate]>,
    trie: Trie,
}

impl RateTable {
    /// Checks, sorts and indexes the rates.
    pub fn build(mut rates: Vec<Rate>) -> Result<RateTable, TableError> {
        if rates.len() > MAX_RATES {
            return Err(TableError::TooMany);
        }
        for rate in &rates {
            rate.validate()
                .map_err(|error| TableError::InvalidRate { prefix: rate.prefix.clone(), error })?;
        }
        rates.sort_unstable_by(|a, b| a.prefix.cmp(&b.prefix));
        if let Some(pair) = rates.windows(2).find(|pair| pair[0].prefix == pair[1].prefix) {
            return Err(TableError::DuplicatePrefix { prefix: pair[0].prefix.clone() });
        }
        let trie = Trie::build(rates.len(), |index| rates[index].prefix.as_bytes());
        Ok(RateTable { rates: rates.into_boxed_slice(), trie })
    }

    /// The rate of the longest prefix of `e164` (digits, no plus sign).
    pub fn find(&self, e164: &str) -> Option<&Rate> {
        self.trie.longest(e164).and_then(|index| self.rates.get(index))
    }

    /// The number of rates.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// True without any rate.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// The rates in the order of their prefixes.
    pub fn iter(&self) -> std::slice::Iter<'_, Rate> {
        self.rates.iter()
    }

    /// Bytes of memory it holds, for caches that are bounded in bytes.
    pub fn size_bytes(&self) -> usize {
        let text = |rate: &Rate| {
            let bands =
                rate.band_prices.keys().map(|name| name.capacity() + size_of::<(String, BandPrice)>());
            rate.prefix.capacity() + rate.destination.capacity() + bands.sum::<usize>()
        };
        size_of::<RateTable>()
            + self.trie.size_bytes()
            + self.rates.len() * size_of::<Rate>()
            + self.rates.iter().map(text).sum::<usize>()
    }
}

/// Prefixes that are refused, whatever the tariff says.
#[derive(Clone, Debug)]
pub struct PrefixSet {
    prefixes: Box<[String]>,
    trie: Trie,
}

impl PrefixSet {
    /// Checks and indexes the prefixes; one that is given twice counts once.
    pub fn build(prefixes: impl IntoIterator<Item = String>) -> Result<PrefixSet, TableError> {
        let mut prefixes: Vec<String> = prefixes.into_iter().collect();
        if prefixes.len() > MAX_RATES {
            return Err(TableError::TooMany);
        }
        for prefix in &prefixes {
            check_prefix(prefix)
                .map_err(|error| TableError::InvalidRate { prefix: prefix.clone(), error })?;
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        let trie = Trie::build(prefixes.len(), |index| prefixes[index].as_bytes());
        Ok(PrefixSet { prefixes: prefixes.into_boxed_slice(), trie })
    }

    /// True when a prefix of the set begins `e164` (digits, no plus sign).
    pub fn covers(&self, e164: &str) -> bool {
        self.trie.longest(e164).is_some()
    }

    /// The number of prefixes.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// True without any prefix.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// The prefixes in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.prefixes.iter().map(String::as_str)
    }
}

impl Default for PrefixSet {
    fn default() -> PrefixSet {
        PrefixSet { prefixes: Box::default(), trie: Trie::build(0, |_| b"") }
    }
}

/// No entry ends at the node.
const NO_ENTRY: u32 = u32::MAX;

/// A node of twelve bytes: which digits go on, where the first of those children is (the others follow it), and which
/// entry ends here.
#[derive(Clone, Copy, Debug)]
struct Node {
    children: u32,
    entry: u32,
    digits: u16,
}

/// A digit trie over sorted, distinct keys, level by level in one array, so that a lookup touches as little memory as
/// it has digits.
#[derive(Clone, Debug)]
struct Trie {
    nodes: Box<[Node]>,
}

impl Trie {
    /// `key(index)` answers the digits of entry `index`, in ascending order.
    fn build<'a>(entries: usize, key: impl Fn(usize) -> &'a [u8]) -> Trie {
        let mut nodes = vec![Node { children: 0, entry: NO_ENTRY, digits: 0 }];
        // the entries and the depth of each node, in step with `nodes`
        let mut spans = vec![(0usize, entries, 0usize)];
        let mut at = 0;
        while at < nodes.len() {
            let (mut first, end, depth) = spans[at];
            if first < end && key(first).len() == depth {
                nodes[at].entry = first as u32;
                first += 1;
            }
            nodes[at].children = nodes.len() as u32;
            while first < end {
                let digit = key(first)[depth];
                let mut next = first + 1;
                while next < end && key(next)[depth] == digit {
                    next += 1;
                }
                nodes[at].digits |= 1 << (digit - b'0');
                nodes.push(Node { children: 0, entry: NO_ENTRY, digits: 0 });
                spans.push((first, next, depth + 1));
                first = next;
            }
            at += 1;
        }
        Trie { nodes: nodes.into_boxed_slice() }
    }

    /// The entry of the longest key that begins `text`; what is no digit ends the walk.
    fn longest(&self, text: &str) -> Option<usize> {
        let mut node = self.nodes[0];
        let mut found = node.entry;
        for byte in text.bytes() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 || node.digits & (1 << digit) == 0 {
                break;
            }
            let before = (node.digits & ((1 << digit) - 1)).count_ones();
            node = self.nodes[(node.children + before) as usize];
            if node.entry != NO_ENTRY {
                found = node.entry;
            }
        }
        (found != NO_ENTRY).then_some(found as usize)
    }

    fn size_bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>()
    }
}
