//! Questions about columns that no rule found. The answers are the most likely columns.

use super::super::mapping::Mapping;
use super::super::{Answer, Question};
use super::Draft;

/// Maximum number of columns that are offered.
const MAX_OFFERED: usize = 12;
/// This many values of a column are shown.
const MAX_VALUES: usize = 3;
/// Maximum number of characters of a value that are shown.
const MAX_CHARS: usize = 30;

impl Draft<'_> {
    /// The columns that have digits. Columns without another meaning come first. Among these and among the others, columns with digits in more rows
    /// come first.
    pub(super) fn any_columns(&self) -> Vec<usize> {
        let used = self.used();
        let digits = |column: usize| {
            let has = |cell: &str| cell.contains(|letter: char| letter.is_ascii_digit());
            self.sample().filter(|row| row.filled() > 1 && has(row.get(column))).count()
        };
        let rank = |column: usize| (used.contains(&column), std::cmp::Reverse(digits(column)));
        let mut found: Vec<usize> = (0..self.profiles.len())
            .filter(|column| !self.mapped.contains(column) && digits(*column) > 0)
            .collect();
        found.sort_by_key(|column| rank(*column));
        found.truncate(MAX_OFFERED);
        found
    }

    /// A column's name, its letter and its first values, so that the user recognizes the column.
    pub(super) fn described(&self, column: usize) -> String {
        let values = self.sample().map(|row| row.get(column)).filter(|cell| !cell.is_empty());
        let shown: Vec<String> =
            values.take(MAX_VALUES).map(|cell| cell.chars().take(MAX_CHARS).collect()).collect();
        format!("{} (column {}: {})", self.name(column), letter(column), shown.join(" | "))
    }

    /// Asks which of the columns has a role.
    pub(super) fn ask_column(&mut self, code: &'static str, role: &str, text: &str, columns: &[usize]) {
        let answer = |column: &usize| {
            Answer::new(self.described(*column), Mapping::column(role, self.reference(*column)))
        };
        let question = Question {
            code: code.into(),
            text: text.to_owned(),
            line: 0,
            example: columns.first().map(|column| self.name(*column)).unwrap_or_default(),
            answers: columns.iter().map(answer).collect(),
        };
        self.questions.push(question);
    }
}

/// The letters by which spreadsheets name a column: A to Z, then AA.
pub(in crate::carrier_deck) fn letter(column: usize) -> String {
    let digit = |at: usize| char::from(b'A' + u8::try_from(at % 26).unwrap_or_default());
    match column / 26 {
        0 => digit(column).to_string(),
        more => format!("{}{}", digit(more - 1), digit(column)),
    }
}
