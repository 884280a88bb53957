//! Rows whose price depends on the caller's number.

use std::collections::{BTreeMap, HashSet};

use super::super::header::{Role, words};
use super::super::mapping::Mapping;
use super::super::table::Row;
use super::super::{Answer, Question};
use super::Reader;
use super::duplicates::key;

/// Maximum number of origins that are offered as a choice.
const MAX_ORIGINS: usize = 20;
/// If at least this many codes lack a general price, the user is asked which rows to read. If fewer codes lack one, the user is asked only if such a
/// code has several rows, or if calls to the code would get the price of a shorter code.
const MANY_CODES: usize = 3;

/// Whether the row applies to all callers and all calls, according to this text.
pub(super) fn is_general(text: &str, more: &[&str]) -> bool {
    const ALL: &[&str] = &[
        "any",
        "all",
        "world",
        "worldwide",
        "default",
        "global",
        "todos",
        "todas",
        "none",
        "origin",
        "origins",
        "origination",
        "every",
        "tous",
        "toutes",
        "alle",
        "tutti",
        "tutte",
        "countries",
        "callers",
        "the",
        "universal",
        "standard",
        "n",
        "a",
    ];
    let words = words(text);
    words == ["n", "a"]
        || words != ["a"]
            && words != ["n"]
            && words.iter().all(|word| ALL.contains(&word.as_str()) || more.contains(&word.as_str()))
}

impl Reader<'_, '_> {
    /// Whether the row applies to some callers only. If the mapping selects rows by their origin, all selected rows count as general. If all rows have
    /// the same origin, the deck is for these callers.
    pub(super) fn is_by_origin(&self, row: Row<'_>) -> bool {
        let Some(column) = self.plan.columns.first(Role::Origin) else { return false };
        let chosen = self.only.iter().any(|(only, _)| *only == column);
        !chosen && !self.one_origin && !is_general(row.get(column), &[])
    }

    /// The different origins, each with its number of rows, most frequent first.
    fn origins(&self, column: usize) -> Vec<(String, usize)> {
        let mut found: BTreeMap<Vec<String>, (String, usize)> = BTreeMap::new();
        for index in self.plan.start..self.plan.table.len() {
            let Some(row) =
                self.plan.table.row(index).filter(|row| !super::titles::is_title(self.plan, *row))
            else {
                continue;
            };
            let cell = row.get(column);
            found.entry(words(cell)).or_insert_with(|| (cell.to_owned(), 0)).1 += 1;
            if found.len() > MAX_ORIGINS {
                break;
            }
        }
        let mut found: Vec<(String, usize)> = found.into_values().collect();
        found.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        found
    }

    pub(super) fn has_one_origin(&self) -> bool {
        self.plan.columns.first(Role::Origin).is_some_and(|column| self.origins(column).len() == 1)
    }

    /// Remembers the codes of a row that is set aside because of its origin.
    pub(super) fn keep_origin(&mut self, row: Row<'_>) {
        if let (_, Ok(found)) = self.read_codes(row) {
            for code in found.codes {
                self.by_origin.entry(code).or_insert((row.line, 0)).1 += 1;
            }
        }
    }

    /// Asks which rows to read if codes have prices for some callers only (see [`MANY_CODES`]). Without an answer, calls to such a code could get the
    /// price of a shorter code.
    pub(super) fn settle_origins(&mut self) {
        if self.by_origin.is_empty() {
            return;
        }
        let seen: HashSet<u64> = self.seen.keys().map(|(code, _)| *code).collect();
        let without = || self.by_origin.iter().filter(|(code, _)| !seen.contains(&key(code)));
        let falls = |code: &str| {
            (1..code.len()).any(|length| code.get(..length).is_some_and(|part| seen.contains(&key(part))))
        };
        let matters =
            without().count() >= MANY_CODES || without().any(|(code, (_, rows))| *rows > 1 || falls(code));
        let lost = without().next().filter(|_| matters);
        let (Some(column), Some((code, line))) = (self.plan.columns.first(Role::Origin), lost) else {
            return;
        };
        let name = self.plan.names.get(column).cloned().unwrap_or_default();
        let (general, others): (Vec<_>, Vec<_>) =
            self.origins(column).into_iter().partition(|(origin, _)| is_general(origin, &[]));
        let general: Vec<String> = general.into_iter().map(|(origin, _)| origin).collect();
        let only = |values: Vec<String>| Mapping {
            only: BTreeMap::from([(name.clone(), values)]),
            ..Mapping::default()
        };
        let mut answers: Vec<Answer> = others
            .into_iter()
            .take(MAX_ORIGINS)
            .map(|(origin, rows)| {
                let values = general.iter().cloned().chain([origin.clone()]).collect();
                let text = match general.is_empty() {
                    true => format!("the prices for {origin} ({rows} rows)"),
                    false => format!("the general prices, and the prices for {origin} ({rows} rows)"),
                };
                Answer::new(text, only(values))
            })
            .collect();
        if !general.is_empty() {
            answers.push(Answer::new("only the general prices; the other codes are left out", only(general)));
        }
        if answers.len() < 2 {
            return;
        }
        let text = format!(
            "Some codes have no general price, only prices that depend on the caller's number (column {name:?}). Choose the prices to read."
        );
        let (line, example) = (line.0, code.clone());
        self.deck.questions.push(Question { code: "ORIGIN".into(), text, line, example, answers });
    }
}
