//! Notes that apply only to the rows with their mark: `*`, `1)`, `†`.

use chrono::NaiveDate;

use super::super::cells::{StatusRule, status};
use super::super::header::{Words, words};
use super::super::header_words::{BLOCK, REMOVE, UNAVAILABLE};
use super::super::table::Row;
use super::fees::FeeIn;
use super::notes::mark_of;
use super::tokens::{pairs, tokens};
use super::{Plan, date_of, said_date};
use crate::money::Micros;

/// Maximum number of notes with marks.
const MAX_NOTES: usize = 50;

/// What a note says about the rows with its mark.
#[derive(Clone, Debug)]
pub(in crate::carrier_deck) struct Footnote {
    mark: String,
    pub(in crate::carrier_deck) text: String,
    pub(in crate::carrier_deck) increments: Option<(u32, u32)>,
    pub(in crate::carrier_deck) fee: Option<Micros>,
    pub(in crate::carrier_deck) minimum: Option<Micros>,
    pub(in crate::carrier_deck) date: Option<NaiveDate>,
    pub(in crate::carrier_deck) change: Option<StatusRule>,
}

impl Footnote {
    /// Whether something was read from the note.
    pub(in crate::carrier_deck) fn is_read(&self) -> bool {
        self.increments.is_some()
            || self.fee.is_some()
            || self.minimum.is_some()
            || self.date.is_some()
            || self.change.is_some()
    }

    fn marks(&self, row: Row<'_>) -> bool {
        row.cells().any(|cell| ends_with(cell, &self.mark))
    }
}

/// Whether a cell ends with a mark, and has more than the mark.
pub(super) fn ends_with(cell: &str, mark: &str) -> bool {
    let Some(rest) = cell.strip_suffix(mark) else { return false };
    let longer = mark.starts_with(|letter: char| !letter.is_alphanumeric())
        && rest.ends_with(|letter: char| mark.starts_with(letter));
    // in "Jersey (1)", the mark is "(1)" and not "1)"
    let inner = mark.ends_with(')') && !mark.starts_with('(') && !rest.ends_with(char::is_whitespace);
    !rest.is_empty() && !longer && !inner
}

impl Plan<'_> {
    /// The notes that begin with a mark that some rows have.
    pub(super) fn find_footnotes(&self) -> Vec<Footnote> {
        let marked = self.notes().into_iter().filter(|note| self.is_marked(&note.text));
        marked.take(MAX_NOTES).filter_map(|note| self.footnote(&note.text)).collect()
    }

    fn footnote(&self, text: &str) -> Option<Footnote> {
        let text = text.trim_start();
        let mark = mark_of(text)?;
        let said = text.get(mark.len()..)?.trim_start_matches([' ', '=', ':', '-', '–']);
        let (found, _) = self.increments_of(said);
        let increments = match (found.general.as_slice(), found.exceptions.is_empty()) {
            ([one], true) => Some(*one),
            _ => None,
        };
        let found = pairs(&tokens(said));
        let increments = increments.or(match found.as_slice() {
            [pair] => Some((pair.initial, pair.next)),
            _ => None,
        });
        let (fee, minimum) = match self.fee_in(said) {
            FeeIn::Read(fee, _) => (Some(fee), None),
            FeeIn::Minimum(charge) => (None, Some(charge)),
            _ => (None, None),
        };
        let date = said_date(said).and_then(|date| date_of(&date, self.order).ok().flatten());
        let all = words(said);
        let short = all.len() <= 6;
        let all = Words(all);
        let rule = match () {
            () if all.any(&["not", "no", "non", "nicht"])
                && !all.any(&["available", "offered", "disponible"]) =>
            {
                None
            }
            () if all.any(BLOCK) => Some(StatusRule::Block),
            () if all.any(REMOVE) || all.any(UNAVAILABLE) => Some(StatusRule::Remove),
            () => None,
        };
        let change = status(said)
            .filter(|rule| *rule != StatusRule::Keep)
            .or(rule.filter(|_| short && date.is_none()));
        let (mark, text) = (mark.to_owned(), text.to_owned());
        Some(Footnote { mark, text, increments, fee, minimum, date, change })
    }

    /// The notes that apply to a row.
    pub(in crate::carrier_deck) fn footnotes_of(&self, row: Row<'_>) -> Vec<&Footnote> {
        if self.footnotes.is_empty() {
            return Vec::new();
        }
        self.footnotes.iter().filter(|note| note.marks(row)).collect()
    }

    /// A name without the marks of notes.
    pub(in crate::carrier_deck) fn unmarked<'n>(&self, name: &'n str) -> &'n str {
        let marked = self.footnotes.iter().find(|note| ends_with(name, &note.mark));
        marked.and_then(|note| name.strip_suffix(note.mark.as_str())).unwrap_or(name).trim_end()
    }
}
