//! Finds the countries whose codes the deck prices, whatever the deck calls them.

use std::collections::BTreeSet;

use super::super::codes::{self, Codes};
use super::super::columns::CodeSource;
use super::super::header::{Role, words};
use super::super::table::Row;
use super::Plan;
use super::notes::covers;
use crate::country::{calling_codes, country_of};
use crate::country_names::{Naming, named};

/// The digits that show the country of a code: a calling code, or 1 and an area code.
const HEAD: usize = 4;

/// The beginning of a code, and the names in its row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Priced {
    head: String,
    names: Vec<Vec<String>>,
}

impl Plan<'_> {
    /// Whether one of the places is a country with codes in the deck whose rows no place in `known` covers. The deck may have no names, or another
    /// name for the country.
    pub(super) fn hides(&self, places: &[Vec<String>], known: &[Vec<String>]) -> bool {
        let covered =
            |row: &Priced| row.names.iter().any(|name| known.iter().any(|place| covers(place, name)));
        let hidden = |place: &Vec<String>| {
            let countries = countries(place);
            !countries.is_empty()
                && self
                    .priced()
                    .iter()
                    .any(|row| countries.iter().any(|country| may_be_in(&row.head, country)) && !covered(row))
        };
        places.iter().filter(|place| !known.contains(place)).any(hidden)
    }

    fn priced(&self) -> &BTreeSet<Priced> {
        self.priced.get_or_init(|| {
            let roles = [Role::Destination, Role::Country, Role::Network];
            let columns: Vec<usize> =
                roles.iter().flat_map(|role| self.columns.all(*role)).copied().collect();
            let mut found = BTreeSet::new();
            for row in self.rows() {
                let heads: BTreeSet<String> =
                    self.codes_of(row).into_iter().map(|code| code.chars().take(HEAD).collect()).collect();
                let names: Vec<Vec<String>> = columns.iter().map(|column| words(row.get(*column))).collect();
                found.extend(heads.into_iter().map(|head| Priced { head, names: names.clone() }));
            }
            found
        })
    }

    /// The codes of a row. A row whose codes cannot be read has an error or a question of its own.
    fn codes_of(&self, row: Row<'_>) -> Vec<String> {
        let read = |country: &str, column: usize| -> Codes {
            codes::read(country, row.get(column), row.kind(column), &self.codes).unwrap_or_default()
        };
        match self.columns.code {
            CodeSource::Full(column) => {
                let end = self.columns.first(Role::PrefixEnd).map(|end| read("", end).codes);
                [read("", column).codes, end.unwrap_or_default()].concat()
            }
            CodeSource::Parts(country, area) => codes::country(row.get(country), row.kind(country))
                .map(|digits| read(&digits, area).codes)
                .unwrap_or_default(),
        }
    }
}

/// The countries that a place names: ISO 3166-1 codes. A few letters must be a whole name.
pub(super) fn countries(place: &[String]) -> Vec<&'static str> {
    const CLEAR: usize = 5;
    let text = place.join(" ");
    let clear = text.chars().count() >= CLEAR;
    let found = named(&text).into_iter().filter(|country| country.naming == Naming::Whole || clear);
    found.map(|country| country.code).collect()
}

/// Whether a code may be in a country. The code 1 without an area code may be in any country of North America.
fn may_be_in(head: &str, country: &str) -> bool {
    let calling = calling_codes(country);
    let begins = calling.is_empty() || calling.iter().any(|code| head.starts_with(code));
    let elsewhere = head.starts_with('1') && head.len() >= HEAD && country_of(head) != Some(country);
    begins && !elsewhere
}
