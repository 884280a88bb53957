//! Rows that a sentence names by a mark or by a value in a column: "rows with * 30/6", "Band D: 30/6".

use std::collections::BTreeSet;

use super::super::header::Role;
use super::super::table::Row;
use super::Plan;
use super::footnotes::ends_with;
use super::tokens::{Token, tokens};

/// A column with more different values than this does not divide the rows into groups.
const MAX_VALUES: usize = 30;
/// This many rows are searched for marks and values.
const SAMPLE: usize = 2_000;
/// A value without a word of at least this many letters counts only after a word of its column's name.
const FEWEST_LETTERS: usize = 5;

/// Selects rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::carrier_deck) enum Selector {
    /// The rows that have a cell with this mark at its end.
    Mark(String),
    /// The rows that have this value in this column.
    Value(usize, Vec<String>),
}

impl Selector {
    pub(in crate::carrier_deck) fn selects(&self, row: Row<'_>) -> bool {
        match self {
            Selector::Mark(mark) => row.cells().any(|cell| cell == mark || ends_with(cell, mark)),
            Selector::Value(column, value) => spelled(&tokens(row.get(*column))) == *value,
        }
    }
}

/// The words and numbers of a text.
fn spelled(tokens: &[Token]) -> Vec<String> {
    let word = |token: &Token| match token {
        Token::Word(word) => Some(word.clone()),
        Token::Number(number) => Some(number.to_string()),
        Token::Mark(_) => None,
    };
    tokens.iter().filter_map(word).collect()
}

impl Plan<'_> {
    /// The groups of rows that a part of a sentence names.
    pub(super) fn selectors(&self, part: &[Token]) -> Vec<Selector> {
        let mut found = Vec::new();
        if let Some(mark) = mark(part) {
            let selector = Selector::Mark(mark);
            let marked = |row: Row<'_>| row.filled() > 2 && selector.selects(row);
            if self.rows().take(SAMPLE).any(marked) {
                found.push(selector);
            }
        }
        let said = spelled(part);
        let roles = [Role::Status, Role::Comment, Role::Network];
        let named = roles.iter().flat_map(|role| self.columns.all(*role));
        for column in self.columns.others.iter().chain(named).copied() {
            let name = spelled(&tokens(self.names.get(column).map_or("", String::as_str)));
            let values = self.values(column);
            found.extend(
                values
                    .into_iter()
                    .filter(|value| is_named(&said, &name, value))
                    .map(|value| Selector::Value(column, value)),
            );
        }
        found.extend(self.unit_selectors(part));
        found
    }

    /// The rows whose unit of the price, such as "k/s", a part of a sentence names.
    pub(super) fn unit_selectors(&self, part: &[Token]) -> Vec<Selector> {
        let said = spelled(part);
        let Some(column) = self.columns.first(Role::Unit) else { return Vec::new() };
        let named =
            |value: &Vec<String>| value.len() > 1 && said.windows(value.len()).any(|window| window == value);
        let values = self.values(column).into_iter().filter(named);
        values.map(|value| Selector::Value(column, value)).collect()
    }

    /// The different values of a column; none if there are too many.
    fn values(&self, column: usize) -> BTreeSet<Vec<String>> {
        let mut found = BTreeSet::new();
        for row in self.rows().take(SAMPLE).filter(|row| row.filled() > 2) {
            let value = spelled(&tokens(row.get(column)));
            if !value.is_empty() {
                found.insert(value);
            }
            if found.len() > MAX_VALUES {
                return BTreeSet::new();
            }
        }
        found
    }
}

/// The mark in a part of a sentence, such as `*`, `**`, or `†`.
fn mark(part: &[Token]) -> Option<String> {
    let is_mark = |token: &&Token| matches!(token, Token::Mark('*' | '†' | '‡' | '#'));
    let marks = part.iter().skip_while(|token| !is_mark(token)).take_while(is_mark);
    let text: String =
        marks.filter_map(|token| if let Token::Mark(mark) = token { Some(*mark) } else { None }).collect();
    (!text.is_empty()).then_some(text)
}

/// Whether a sentence names the value of a column: a word of the column's name comes directly before the value, or the value has a long word.
fn is_named(said: &[String], name: &[String], value: &[String]) -> bool {
    let long = value
        .iter()
        .any(|word| word.chars().count() >= FEWEST_LETTERS && word.chars().all(char::is_alphabetic));
    said.windows(value.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|at| said.get(at));
        let column = before.is_some_and(|word| word.chars().count() > 2 && name.contains(word));
        window == value && (long || column)
    })
}
