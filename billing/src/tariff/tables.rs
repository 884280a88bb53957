//! Sets of prefixes, with and without rates, in which the longest prefix of a number is found.

use std::mem::size_of;

use super::trie::Trie;
use super::{BandPrice, MAX_RATES, Rate, RateError, check_prefix};

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
