//! Finds the column of statuses by its contents.

use std::collections::BTreeSet;

use super::super::codes::looks_like_codes;
use super::super::header::{Meaning, Role, names_group, words};
use super::Draft;

/// A column with more distinct texts than this is not a column of statuses.
const MAX_WORDS: usize = 12;

pub(super) const FOUND: &str = "Its words distinguish the rows without a price from the others.";

impl Draft<'_> {
    /// Uses a column with few distinct texts as the column of statuses if no text occurs both in a row with a price and in a row without one.
    pub(super) fn find_status(&mut self) {
        let Some(price) = self.price.filter(|_| self.role(Role::Status).is_none()) else { return };
        let is_free = |column: &usize| {
            matches!(self.meanings[*column], Meaning::Unknown)
                && !self.used().contains(column)
                && !names_group(&self.name(*column))
        };
        let found = (0..self.meanings.len()).filter(is_free).find(|column| self.separates(*column, price));
        if let Some(column) = found {
            self.guess(column, Role::Status, FOUND);
        }
    }

    fn separates(&self, column: usize, price: usize) -> bool {
        let profile = &self.profiles[column];
        let few = profile.distinct.len() <= MAX_WORDS && profile.distinct.len() * 2 <= profile.filled + 2;
        if !profile.is_mostly(profile.texts) || !few {
            return false;
        }
        let codes: Vec<usize> = [Role::Prefix, Role::CountryCode, Role::AreaCode]
            .into_iter()
            .filter_map(|role| self.role(role))
            .collect();
        let (mut priced, mut unpriced) = (BTreeSet::new(), BTreeSet::new());
        for row in self.sample().filter(|row| codes.iter().any(|code| looks_like_codes(row.get(*code)))) {
            let has_price = row.get(price).contains(|letter: char| matches!(letter, '1'..='9'));
            let found = if has_price { &mut priced } else { &mut unpriced };
            found.insert(words(row.get(column)));
        }
        !priced.is_empty()
            && !unpriced.is_empty()
            && !unpriced.contains(&Vec::new())
            && priced.is_disjoint(&unpriced)
    }
}
