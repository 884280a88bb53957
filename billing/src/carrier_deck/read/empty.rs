//! Rows that have a code but no price, and rows that have a price but no code.

use std::collections::BTreeSet;

use super::super::cells::{EmptyPrice, StatusRule};
use super::super::columns::CodeSource;
use super::super::header::{Role, words};
use super::super::table::Row;
use super::Reader;
use super::texts::{is_no_price, is_offer, is_unavailable};
use super::titles::is_title;

/// Maximum number of different texts beside empty prices that are kept.
const MAX_TEXTS: usize = 20;

impl<'t> Reader<'_, 't> {
    /// Finds the remarks that mean "not offered": they stand only in rows without any price.
    pub(super) fn find_empty(&mut self) {
        let plan = self.plan;
        let price = plan.columns.price;
        let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
        for row in plan.rows().filter(|row| row.get(price).is_empty()) {
            if found.len() < MAX_TEXTS && self.is_unpriced(row) && !is_title(plan, row) {
                found
                    .extend(self.remarks(row).filter(|text| is_no_price(text) && !is_offer(text)).map(words));
            }
        }
        if found.is_empty() {
            return;
        }
        for row in plan.rows().filter(|row| !row.get(price).is_empty()) {
            for text in self.remarks(row).filter(|text| !text.is_empty()) {
                found.remove(&words(text));
            }
        }
        self.absent = found;
    }

    fn remarks(&self, row: Row<'t>) -> impl Iterator<Item = &'t str> + use<'_, 't> {
        self.plan.columns.all(Role::Comment).iter().map(move |column| row.get(*column))
    }

    /// Whether none of the row's cells for prices and fees has an amount.
    fn is_unpriced(&self, row: Row<'_>) -> bool {
        let columns = &self.plan.columns;
        let amount = |column: usize| row.get(column).contains(|letter: char| letter.is_ascii_digit());
        !columns.money().into_iter().chain(columns.current).any(amount)
    }

    /// What an empty price means for the row's codes; `None` if the price is not empty, or if neither the row nor the mapping says what it means.
    pub(super) fn empty_price(&mut self, row: Row<'t>) -> Option<StatusRule> {
        if !row.get(self.plan.columns.price).is_empty() || !self.is_unpriced(row) {
            return None;
        }
        let mapped = self.options.mapping.empty_price;
        match mapped {
            Some(EmptyPrice::Remove) => return Some(StatusRule::Remove),
            Some(EmptyPrice::Block) => return Some(StatusRule::Block),
            Some(EmptyPrice::Above) | None => {}
        }
        // the mapping decides about remarks that only probably mean "not offered"
        let absent = |text: &str| mapped.is_none() && self.absent.contains(&words(text));
        let others = self.plan.columns.others.iter().map(|column| row.get(*column));
        let said = self
            .remarks(row)
            .filter(|text| is_unavailable(text) || absent(text))
            .chain(others.filter(|text| !text.starts_with('-') && is_unavailable(text)))
            .find(|text| !text.is_empty())
            .map(|text| text.chars().take(40).collect());
        if let Some(said) = said {
            self.texts.insert(said);
            return Some(StatusRule::Remove);
        }
        None
    }

    /// Whether the user is asked about the row's empty price. A status that says how the price changes promises a price.
    pub(super) fn asks_about_empty(&self, row: Row<'_>, column: usize) -> bool {
        let promised = || {
            let columns = &self.plan.columns;
            let texts = columns.all(Role::Status).iter().chain(columns.all(Role::Comment));
            texts
                .map(|column| row.get(*column))
                .any(|text| text.contains(char::is_alphabetic) && self.status(text) == Some(StatusRule::Keep))
        };
        row.get(column).is_empty() && self.options.mapping.empty_price.is_none() && !promised()
    }

    /// Whether the row's cells for codes are empty.
    pub(super) fn is_uncoded(&self, row: Row<'_>) -> bool {
        match self.plan.columns.code {
            CodeSource::Full(code) => row.get(code).is_empty(),
            CodeSource::Parts(country, area) => row.get(country).is_empty() && row.get(area).is_empty(),
        }
    }
}
