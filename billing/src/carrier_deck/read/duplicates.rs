//! Rows with the same code and date. If a column tells these rows apart, for example by the quality of the route, the user chooses among the values
//! of the column.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::super::columns::CodeSource;
use super::super::header::{Role, words};
use super::super::mapping::{ColumnRef, Mapping};
use super::super::table::Row;
use super::super::{Answer, CellError, MAX_COLUMNS, Question};
use super::Reader;

/// A column with more values than this is not offered as a choice.
const MAX_VALUES: usize = 20;
/// Maximum number of repeated codes that are kept for the question.
const MAX_KEPT: usize = 100_000;

/// A repeated code.
pub(super) struct Duplicate {
    /// The rows with the code: the first one, and a later one.
    first: usize,
    again: usize,
    prefix: String,
}

impl Reader<'_, '_> {
    /// Returns `None` if an earlier row has the same code and date; the code is then remembered as a duplicate.
    pub(super) fn first_of_its_code(&mut self, prefix: &str, effective: Option<NaiveDate>) -> Option<()> {
        match self.seen.entry((prefix.to_owned(), effective)) {
            Slot::Vacant(free) => {
                free.insert(self.at);
                Some(())
            }
            Slot::Occupied(first) => {
                let first = *first.get();
                if self.duplicates.len() < MAX_KEPT {
                    self.duplicates.push(Duplicate { first, again: self.at, prefix: prefix.to_owned() });
                }
                None
            }
        }
    }

    /// Asks which of the rows with the same code to read. If no column tells the rows apart, the rows are errors.
    pub(super) fn settle_duplicates(&mut self) {
        let found = std::mem::take(&mut self.duplicates);
        let Some(example) = found.first() else { return };
        let mut answers: Vec<Answer> = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        let separating: Vec<usize> =
            self.candidates().into_iter().filter(|column| self.separates(*column, &found)).collect();
        let lettered: Vec<usize> =
            separating.iter().copied().filter(|column| self.has_letters(*column)).collect();
        answers.extend(
            separating
                .iter()
                .filter(|column| !lettered.contains(column))
                .filter_map(|column| self.parts_answer(*column)),
        );
        for column in if lettered.is_empty() { separating } else { lettered } {
            let name = self.plan.names.get(column).cloned().unwrap_or_default();
            for (value, rows) in self.values(column) {
                let shown = if value.is_empty() { "(empty)" } else { value.as_str() };
                let text = format!("only the rows whose {name} is {shown} ({rows} rows)");
                let only = BTreeMap::from([(name.clone(), vec![value])]);
                answers.push(Answer::new(text, Mapping { only, ..Mapping::default() }));
            }
            columns.push(format!("{name:?}"));
        }
        answers.truncate(MAX_COLUMNS);
        if answers.len() < 2 {
            return self.report(found);
        }
        let line = self.plan.table.row(example.again).map_or(0, |row| row.line);
        let text = format!(
            "{} codes have several rows, which differ in the column {}. Choose the rows to read.",
            found.len(),
            columns.join(" and ")
        );
        let example = example.prefix.clone();
        self.deck.questions.push(Question { code: "DUPLICATES".into(), text, line, example, answers });
    }

    /// The answer that joins two columns: several rows have the same country code, and the digits in the column `column` follow it.
    fn parts_answer(&self, column: usize) -> Option<Answer> {
        let CodeSource::Full(code) = self.plan.columns.code else { return None };
        let name = |column: usize| self.plan.names.get(column).filter(|name| !name.is_empty()).cloned();
        let (country, area) = (name(code)?, name(column)?);
        let text = format!("the digits in {area} follow those in {country}");
        let mapping = Mapping::column("country_code", ColumnRef::Name(country))
            .merged(Mapping::column("area_code", ColumnRef::Name(area)))
            .merged(Mapping { columns: BTreeMap::from([("prefix".to_owned(), None)]), ..Mapping::default() });
        Some(Answer::new(text, mapping))
    }

    /// The columns that may say which of two rows applies. Such a column has a unique name, and its cells are neither destination names nor numbers.
    fn candidates(&self) -> Vec<usize> {
        let columns = &self.plan.columns;
        let mut found = columns.others.clone();
        for role in [Role::Network, Role::Comment, Role::Status, Role::Destination] {
            found.extend(columns.all(role));
        }
        let name = |column: usize| {
            self.plan.names.get(column).map(|name| words(name)).filter(|name| !name.is_empty())
        };
        let is_unique = |column: &usize| {
            name(*column).is_some_and(|own| {
                (0..self.plan.names.len()).filter(|other| name(*other).as_ref() == Some(&own)).count() == 1
            })
        };
        let asked = |column: &usize| self.only.iter().all(|(chosen, _)| chosen != column);
        found.retain(|column| is_unique(column) && asked(column));
        found
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (self.plan.start..self.plan.table.len()).filter_map(|index| self.plan.table.row(index))
    }

    fn has_letters(&self, column: usize) -> bool {
        self.rows().any(|row| row.get(column).contains(char::is_alphabetic))
    }

    /// Whether a column has few values, and has different values in the rows of each repeated code.
    fn separates(&self, column: usize, found: &[Duplicate]) -> bool {
        let cell =
            |index: usize| self.plan.table.row(index).map(|row| words(row.get(column))).unwrap_or_default();
        let mut groups: HashMap<(usize, &str), BTreeSet<Vec<String>>> = HashMap::new();
        for Duplicate { first, again, prefix } in found {
            let values =
                groups.entry((*first, prefix.as_str())).or_insert_with(|| BTreeSet::from([cell(*first)]));
            if !values.insert(cell(*again)) || values.len() > MAX_VALUES {
                return false;
            }
        }
        let all: BTreeSet<Vec<String>> = groups.into_values().flatten().collect();
        all.len() <= MAX_VALUES && self.values(column).len() <= MAX_VALUES
    }

    /// Each value of a column and the number of rows that have it, most frequent first; at most one value more than [`MAX_VALUES`].
    fn values(&self, column: usize) -> Vec<(String, usize)> {
        let mut values: BTreeMap<Vec<String>, (String, usize)> = BTreeMap::new();
        for row in self.rows().filter(|row| !super::titles::is_title(self.plan, *row)) {
            let cell = row.get(column);
            values.entry(words(cell)).or_insert_with(|| (cell.to_owned(), 0)).1 += 1;
            if values.len() > MAX_VALUES {
                break;
            }
        }
        let mut values: Vec<(String, usize)> = values.into_values().collect();
        values.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        values
    }

    fn report(&mut self, found: Vec<Duplicate>) {
        let column = match self.plan.columns.code {
            CodeSource::Full(column) | CodeSource::Parts(_, column) => column,
        };
        for Duplicate { first, again, prefix } in found {
            let (Some(first), Some(row)) = (self.plan.table.row(first), self.plan.table.row(again)) else {
                continue;
            };
            let message = format!(
                "Code {prefix} is on line {} and on line {}, with the same date.",
                first.line, row.line
            );
            let remedy =
                "Remove one of the rows, or select rows by the values of a column (`only` in the mapping).";
            self.problem(row, Some(column), CellError::new("DUPLICATE_PREFIX", message, remedy));
        }
    }
}
