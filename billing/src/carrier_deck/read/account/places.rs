//! Finds out whether a text mentions a destination or a code of the deck.

use std::collections::BTreeSet;

use super::super::super::Entry;
use super::super::super::header::words;
use super::super::super::header_words::{ALL_PLACES, AREAS, FIXED, MOBILE, NETWORK};
use super::super::Reader;

/// Maximum number of names that are kept.
const MAX_NAMES: usize = 20_000;
/// A shorter word is the name of a place only if it is listed in [`SHORT`].
const FEWEST_LETTERS: usize = 4;
const SHORT: &[&str] = &["uk", "usa", "uae", "ksa", "drc", "car", "png"];
/// Words that begin names of destinations, but are not places.
const GENERAL: &[&str] = &[
    "special",
    "services",
    "service",
    "premium",
    "satellite",
    "international",
    "national",
    "proper",
    "landline",
    "toll",
    "free",
    "shared",
    "cost",
    "roaming",
    "personal",
    "value",
    "north",
    "south",
    "east",
    "west",
    "saint",
    "united",
    "republic",
    "democratic",
    "central",
    "island",
    "islands",
    "price",
    "rate",
    "voice",
    "rates",
];

/// The places and codes of the deck.
#[derive(Default)]
pub(super) struct Places {
    /// The first word of the name of each destination that has a price.
    names: BTreeSet<String>,
    /// Whether some rows have no date of their own.
    pub(super) lacks_dates: bool,
    /// Codes of at least three digits that have a price.
    codes: BTreeSet<String>,
}

impl Places {
    pub(super) fn of(reader: &Reader<'_, '_>) -> Places {
        let mut found = Places { lacks_dates: reader.lacks_dates(), ..Places::default() };
        for rate in &reader.deck.rates {
            let Entry::Price(rate) = &rate.entry else { continue };
            if found.codes.len() < MAX_NAMES && rate.prefix.len() > 2 {
                found.codes.insert(rate.prefix.clone());
            }
            if found.names.len() < MAX_NAMES
                && let Some(word) = words(&rate.destination).into_iter().find(|word| is_place(word))
            {
                found.names.insert(word);
            }
        }
        found
    }

    /// The destinations and codes with a price that a text mentions.
    pub(super) fn of_text(&self, text: &str) -> Vec<String> {
        let known = |word: &String| {
            let year = word.len() == 4 && word.starts_with("20");
            self.names.contains(word) || !year && self.codes.contains(word)
        };
        words(text).into_iter().filter(known).collect()
    }

    /// Whether a text mentions a destination or a code that has a price.
    pub(super) fn are_in(&self, text: &str) -> bool {
        !self.of_text(text).is_empty()
    }
}

fn is_place(word: &str) -> bool {
    let long = word.chars().count() >= FEWEST_LETTERS || !word.is_ascii() || SHORT.contains(&word);
    let lists = [MOBILE, FIXED, NETWORK, AREAS, ALL_PLACES, GENERAL];
    long && word.contains(char::is_alphabetic) && !lists.iter().any(|list| list.contains(&word))
}
