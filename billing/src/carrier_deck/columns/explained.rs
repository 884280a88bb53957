//! Abbreviations in the names of columns that other lines explain.

use std::ops::Range;

use super::super::cells::currencies;
use super::super::header::{Meaning, meaning, words};
use super::Sheet;

/// This many rows at the end of the file may explain abbreviations.
const NOTES: usize = 20;

impl Sheet<'_> {
    /// A column's name in which the abbreviations are replaced by their explanations, if lines outside the rates have any, as in "HP (heures pleines)".
    pub(super) fn explained(&self, name: &str) -> String {
        let is_short = |word: &str| {
            (1..=4).contains(&word.chars().count()) && word.chars().all(|letter| letter.is_uppercase())
        };
        let mut found = name.to_owned();
        for word in name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| is_short(word)) {
            // "DATE" needs no explanation
            if !currencies(word).is_empty() || meaning(word) != Meaning::Unknown {
                continue;
            }
            let below = self.table.len().saturating_sub(NOTES).max(self.start)..self.table.len();
            let rows = |range: Range<usize>| range.filter_map(|index| self.table.row(index));
            // below the header, rows with more cells are rates
            let explanation = rows(0..self.above)
                .chain(rows(below).filter(|row| row.filled() <= 2))
                .find_map(|row| row.cells().find_map(|cell| explanation(cell, word)).map(str::to_owned));
            if let Some(explanation) = explanation {
                found = found.replacen(word, &explanation, 1);
            }
        }
        found
    }
}

/// What a sentence says about an abbreviation: "heures pleines" for `HP (heures pleines)`, `HP = heures pleines`.
pub(in crate::carrier_deck) fn explanation<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let at = text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).and_then(|head| head.chars().next_back());
        before.is_none_or(|letter| !letter.is_alphanumeric())
    })?;
    let rest = text.get(at + word.len()..)?.trim_start();
    let mark = rest.chars().next()?;
    let (rest, end): (&str, &[char]) = match mark {
        '(' => (rest.get(1..)?, &[')']),
        '=' | ':' => (rest.get(1..)?, &[',', ';', '.', '(', ':']),
        _ => return None,
    };
    let explained = rest.split(end).next()?.trim();
    // "REF: 12 May" gives a value
    if mark == ':' && explained.contains(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    (words(explained).len() <= 4 && explained.contains(char::is_alphabetic)).then_some(explained)
}
