//! Rates, time bands and longest-prefix matching.

use std::collections::BTreeMap;
use std::mem::size_of;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike, Weekday};
use serde::{Deserialize, Serialize};

use crate::money::Micros;

/// Maximum number of digits in an E.164 number, and therefore in a prefix.
pub const MAX_PREFIX_DIGITS: usize = 15;
/// Maximum number of characters in a destination name.
pub const MAX_DESTINATION_CHARS: usize = 100;
/// The highest price or fee: a million currency units. This limit keeps the charge of any call of up to 17 years within [`Micros`].
pub const MAX_PRICE: Micros = Micros(1_000_000_000_000);
/// The longest billing increment: a day.
pub const MAX_INCREMENT: u32 = 86_400;
/// The highest [`Rate::free_seconds`]: a day.
pub const MAX_FREE_SECONDS: u32 = 86_400;
/// Maximum number of time bands in a tariff.
pub const MAX_BANDS: usize = 16;
/// Maximum number of characters in a band name.
pub const MAX_BAND_NAME_CHARS: usize = 40;
/// Maximum number of rates in a table.
pub const MAX_RATES: usize = 2_000_000;

/// The price of one prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// E.164 digits, 1 to 15, no plus sign.
    pub prefix: String,
    /// The destination's name, as the customer sees it.
    pub destination: String,
    /// Price of sixty seconds, outside the time bands in `band_prices`.
    pub price_per_minute: Micros,
    /// Price of sixty seconds that applies to the initial increment, outside the time bands in `band_prices`; if `None`, `price_per_minute` applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_price: Option<Micros>,
    /// Fee charged once per answered call.
    pub connection_fee: Micros,
    /// Minimum billed seconds of an answered call.
    pub initial_increment: u32,
    /// Billing step in seconds after the initial increment.
    pub increment: u32,
    /// Minimum charge of an answered call.
    #[serde(default)]
    pub minimum_charge: Micros,
    /// A call that is shorter than this number of seconds costs nothing.
    #[serde(default)]
    pub free_seconds: u32,
    /// Prices within time bands, by the band's name in the tariff.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub band_prices: BTreeMap<String, BandPrice>,
}

/// The price of a rate within one time band.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandPrice {
    /// Price of sixty seconds.
    pub price_per_minute: Micros,
    /// Price of sixty seconds for the seconds of the initial increment that are within the band; if `None`, `price_per_minute` applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_price: Option<Micros>,
    /// Connection fee for a call answered within the band; if `None`, the rate's fee applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_fee: Option<Micros>,
}

/// Why a rate or a time band is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct RateError {
    /// The stable code.
    pub code: &'static str,
    /// The name of the field, as in the canonical CSV.
    pub field: &'static str,
    /// The message as a sentence for a person to read.
    pub message: String,
}

impl RateError {
    pub(crate) fn new(code: &'static str, field: &'static str, message: impl Into<String>) -> RateError {
        RateError { code, field, message: message.into() }
    }
}

impl Rate {
    /// The price of sixty seconds of the initial increment, in `band`, or outside all bands if `band` is `None`.
    pub fn first_price(&self, band: Option<&BandPrice>) -> Micros {
        match band {
            Some(band) => band.initial_price.unwrap_or(band.price_per_minute),
            None => self.initial_price.unwrap_or(self.price_per_minute),
        }
    }

    /// Whether the rate or one of its bands has a price of its own for the initial increment.
    pub fn has_initial_price(&self) -> bool {
        self.initial_price.is_some() || self.band_prices.values().any(|band| band.initial_price.is_some())
    }

    /// Checks every field against its range and reports the first error.
    pub fn validate(&self) -> Result<(), RateError> {
        check_prefix(&self.prefix)?;
        check_destination(&self.destination)?;
        check_price("rate_per_minute", self.price_per_minute)?;
        check_price("initial_price", self.initial_price.unwrap_or_default())?;
        check_price("connection_fee", self.connection_fee)?;
        check_price("minimum_charge", self.minimum_charge)?;
        check_increment("initial_increment", self.initial_increment)?;
        check_increment("increment", self.increment)?;
        check_free_seconds(self.free_seconds)?;
        if self.band_prices.len() > MAX_BANDS {
            let message = format!("A rate can have at most {MAX_BANDS} band prices.");
            return Err(RateError::new("TOO_MANY_BANDS", "band_prices", message));
        }
        for (name, price) in &self.band_prices {
            check_band_name(name)?;
            check_price("band_prices", price.price_per_minute)?;
            check_price("band_prices", price.initial_price.unwrap_or_default())?;
            check_price("band_prices", price.connection_fee.unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Checks that a prefix has 1 to 15 digits and does not begin with 0, because no country code does.
pub fn check_prefix(prefix: &str) -> Result<(), RateError> {
    let field = "prefix";
    if prefix.is_empty() {
        return Err(RateError::new("PREFIX_MISSING", field, "The prefix is empty; enter 1 to 15 digits."));
    }
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RateError::new("PREFIX_INVALID", field, "A prefix must be digits only."));
    }
    if prefix.len() > MAX_PREFIX_DIGITS {
        let message = format!("A prefix can have at most {MAX_PREFIX_DIGITS} digits.");
        return Err(RateError::new("PREFIX_TOO_LONG", field, message));
    }
    if prefix.starts_with('0') {
        let message = "A prefix must begin with a country code, which never begins with 0.";
        return Err(RateError::new("PREFIX_INVALID", field, message));
    }
    Ok(())
}

pub(crate) fn check_destination(destination: &str) -> Result<(), RateError> {
    let field = "destination";
    if destination.trim().is_empty() {
        return Err(RateError::new("DESTINATION_MISSING", field, "The destination is empty; enter a name."));
    }
    if destination.chars().count() > MAX_DESTINATION_CHARS {
        let message = format!("A destination can have at most {MAX_DESTINATION_CHARS} characters.");
        return Err(RateError::new("DESTINATION_TOO_LONG", field, message));
    }
    if !crate::text::is_line(destination) {
        let message = "A destination must be one line without control characters.";
        return Err(RateError::new("DESTINATION_INVALID", field, message));
    }
    Ok(())
}

pub(crate) fn check_price(field: &'static str, price: Micros) -> Result<(), RateError> {
    if price.is_negative() {
        return Err(RateError::new("PRICE_NEGATIVE", field, "A price must not be negative."));
    }
    if price > MAX_PRICE {
        let message = format!("A price can be at most {MAX_PRICE}.");
        return Err(RateError::new("PRICE_TOO_HIGH", field, message));
    }
    Ok(())
}

pub(crate) fn check_increment(field: &'static str, seconds: u32) -> Result<(), RateError> {
    if !(1..=MAX_INCREMENT).contains(&seconds) {
        let message = format!("An increment must be between 1 and {MAX_INCREMENT} seconds.");
        return Err(RateError::new("INCREMENT_OUT_OF_RANGE", field, message));
    }
    Ok(())
}

pub(crate) fn check_free_seconds(seconds: u32) -> Result<(), RateError> {
    if seconds > MAX_FREE_SECONDS {
        let message = format!("Free seconds can be at most {MAX_FREE_SECONDS}.");
        return Err(RateError::new("FREE_SECONDS_OUT_OF_RANGE", "free_seconds", message));
    }
    Ok(())
}

pub(crate) fn check_band_name(name: &str) -> Result<(), RateError> {
    let fits = (1..=MAX_BAND_NAME_CHARS).contains(&name.chars().count());
    if !fits || name.trim() != name || !crate::text::is_line(name) {
        let message = format!(
            "A band name must be 1 to {MAX_BAND_NAME_CHARS} characters, without leading or trailing spaces."
        );
        return Err(RateError::new("BAND_NAME_INVALID", "band", message));
    }
    Ok(())
}

/// A set of weekdays. The set is serialized as a list (`["Mon", "Tue"]`).
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

    /// True if the set contains `day`.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }

    /// True if the set contains no day.
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
/// A band contains local times from `from` (inclusive) to `to` (exclusive), on the days in `weekdays`, and on holidays if `holidays` is set. A
/// holiday counts as an eighth kind of day, never as the weekday it falls on. A band whose `to` is at or before `from` continues past midnight; its
/// morning part belongs to the day on which the band began. If `to` equals `from`, the band lasts a whole day. If several bands contain an instant,
/// the band that applies is the first in the tariff's order for which the rate has a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBand {
    /// The band's name. Rates refer to the band by this name.
    pub name: String,
    /// The days on which the band begins, except holidays.
    pub weekdays: Weekdays,
    /// Start of the band, inclusive, local time. Must be a whole second.
    pub from: NaiveTime,
    /// End of the band, exclusive, local time. Must be a whole second.
    pub to: NaiveTime,
    /// Whether the band also begins on holidays.
    pub holidays: bool,
}

impl TimeBand {
    /// Checks that the name is valid, that the times are whole seconds, and that the band applies on at least one kind of day.
    pub fn validate(&self) -> Result<(), RateError> {
        check_band_name(&self.name)?;
        if self.from.nanosecond() != 0 || self.to.nanosecond() != 0 {
            return Err(RateError::new("BAND_TIME_INVALID", "band", "Band times must be whole seconds."));
        }
        if self.weekdays.is_empty() && !self.holidays {
            return Err(RateError::new(
                "BAND_NEVER",
                "band",
                "Give the band at least one weekday, or holidays.",
            ));
        }
        Ok(())
    }

    /// Checks each band of a tariff, the number of bands, and that the bands' names are unique.
    pub fn validate_all(bands: &[TimeBand]) -> Result<(), RateError> {
        if bands.len() > MAX_BANDS {
            let message = format!("A tariff can have at most {MAX_BANDS} bands.");
            return Err(RateError::new("TOO_MANY_BANDS", "band", message));
        }
        for (index, band) in bands.iter().enumerate() {
            band.validate()?;
            if bands[..index].iter().any(|earlier| earlier.name == band.name) {
                return Err(RateError::new("BAND_NAME_TAKEN", "band", "Two bands have the same name."));
            }
        }
        Ok(())
    }

    /// True if the band contains second `second_of_day` of the local `date`.
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

/// Why a rate table could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Two rates have the same prefix.
    #[error("Prefix {prefix} occurs twice.")]
    DuplicatePrefix {
        /// The prefix.
        prefix: String,
    },
    /// A rate has a field out of range.
    #[error("Prefix {prefix}: {error}")]
    InvalidRate {
        /// The rate's prefix as given.
        prefix: String,
        /// The error in the rate.
        error: RateError,
    },
    /// There are more than [`MAX_RATES`] prefixes.
    #[error("A table can have at most {MAX_RATES} prefixes.")]
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

/// The rates of one tariff version, sorted by prefix and indexed for longest-prefix matching.
#[derive(Clone, Debug)]
pub struct RateTable {
    rates: Box<[Rate]>,
    trie: Trie,
}

impl RateTable {
    /// Validates, sorts and indexes the rates.
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

    /// The rate with the longest prefix that matches the start of `e164` (digits, no plus sign).
    pub fn find(&self, e164: &str) -> Option<&Rate> {
        self.trie.longest(e164).and_then(|index| self.rates.get(index))
    }

    /// The number of rates.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// True if the table has no rates.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// The rates, sorted by prefix.
    pub fn iter(&self) -> std::slice::Iter<'_, Rate> {
        self.rates.iter()
    }

    /// Bytes of memory that the table uses, for caches whose size is limited in bytes.
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

/// A set of blocked prefixes: calls to these prefixes are refused even if the tariff has a rate.
#[derive(Clone, Debug)]
pub struct PrefixSet {
    prefixes: Box<[String]>,
    trie: Trie,
}

impl PrefixSet {
    /// Validates and indexes the prefixes; duplicates are merged.
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

    /// True if `e164` (digits, no plus sign) starts with a prefix of the set.
    pub fn covers(&self, e164: &str) -> bool {
        self.trie.longest(e164).is_some()
    }

    /// The number of prefixes.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// True if the set has no prefixes.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// The prefixes, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.prefixes.iter().map(String::as_str)
    }
}

impl Default for PrefixSet {
    fn default() -> PrefixSet {
        PrefixSet { prefixes: Box::default(), trie: Trie::build(0, |_| b"") }
    }
}

/// Marks a trie node at which no entry ends.
const NO_ENTRY: u32 = u32::MAX;

/// A trie node of twelve bytes. The trie node has a bit for each digit that has a child, the index of the first child (the other children follow it),
/// and the entry that ends at the node.
#[derive(Clone, Copy, Debug)]
struct Node {
    children: u32,
    entry: u32,
    digits: u16,
}

/// A digit trie over sorted, distinct keys, stored level by level in one array, so that a lookup reads one node per digit.
#[derive(Clone, Debug)]
struct Trie {
    nodes: Box<[Node]>,
}

impl Trie {
    /// `key(index)` returns the digits of entry `index`; the keys must be in ascending order.
    fn build<'a>(entries: usize, key: impl Fn(usize) -> &'a [u8]) -> Trie {
        let mut nodes = vec![Node { children: 0, entry: NO_ENTRY, digits: 0 }];
        // parallel to `nodes`: the range of the entries below each node, and the node's depth
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

    /// The entry with the longest key that `text` starts with. A character that is not a digit ends the lookup.
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
