//! Sections of the rates with increments of their own.

use std::collections::BTreeMap;

use super::super::header::{Words, words};
use super::super::header_words::BILLS;
use super::super::increments::spoken;
use super::super::table::Row;
use super::Plan;
use super::sheets::is_rate;
use super::tokens::{pairs, tokens};

/// Maximum number of words of a title.
const MAX_WORDS: usize = 12;

/// A title, and the increments that it names.
#[derive(Clone, Copy, Debug)]
pub(in crate::carrier_deck) struct Section {
    pub(in crate::carrier_deck) line: u64,
    pub(in crate::carrier_deck) increments: (u32, u32),
}

impl Plan<'_> {
    /// The section titles that name increments, found between the rows of rates. The key is the index of the title's row. If there are such titles, a
    /// title directly above the header may name the increments of the first section, which begins at the first row below the header.
    pub(super) fn find_sections(&self) -> BTreeMap<usize, Section> {
        let price = self.columns.price;
        let titles = (self.start..self.table.len()).filter_map(|index| {
            let row = self.table.row(index).filter(|row| row.get(price).is_empty() || row.filled() == 1)?;
            section(row).map(|section| (index, section))
        });
        let mut found: BTreeMap<usize, Section> = titles.collect();
        // a title is followed by rates
        found.retain(|index, _| {
            let below = (index + 1..self.table.len()).take(3).filter_map(|below| self.table.row(below));
            let mut rows = below.filter(|row| row.filled() > 1);
            rows.any(is_rate)
        });
        if found.is_empty() {
            return found;
        }
        let first = (0..self.above).rev().take(2).filter_map(|index| self.table.row(index)).find_map(section);
        if let Some(first) = first.filter(|_| !found.contains_key(&self.start)) {
            found.insert(self.start, first);
        }
        found
    }
}

/// The increments that a title names.
fn section(row: Row<'_>) -> Option<Section> {
    if row.filled() != 1 {
        return None;
    }
    let text = row.cells().find(|cell| !cell.is_empty())?;
    let all = words(text);
    if all.len() > MAX_WORDS || !text.contains(char::is_alphabetic) {
        return None;
    }
    let tokens = tokens(text);
    let increments = match pairs(&tokens).as_slice() {
        [pair] => Some((pair.initial, pair.next)),
        [] if Words(all).any(BILLS) => {
            text.split([':', '(', '-', '–', ',']).find_map(|part| spoken(part.trim_end_matches(')')))
        }
        _ => None,
    };
    increments.map(|increments| Section { line: row.line, increments })
}
