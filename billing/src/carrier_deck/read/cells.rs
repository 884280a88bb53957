//! Cells that were not understood. Instead of refusing the deck, the reader asks for the meaning of each distinct text, or for another column.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::super::cells::{EmptyPrice, StatusRule};
use super::super::codes::looks_like_codes;
use super::super::columns::letter;
use super::super::dates::day_and_month;
use super::super::detect::date_of;
use super::super::header::{Role, role_name};
use super::super::increments::Increments;
use super::super::mapping::{ColumnRef, MAX_TEXT, Mapping, reference};
use super::super::numbers::amount;
use super::super::table::{Kind, Row};
use super::super::{Answer, Question};
use super::Reader;

/// Maximum number of different texts that are kept.
const MAX_TEXTS: usize = 1_000;
/// Maximum number of columns that are asked about at a time.
const MAX_COLUMNS: usize = 5;
/// If a column has more different texts than this, one question is about all of them.
const MAX_SINGLE: usize = 3;
/// Maximum number of texts that are listed in a question about a column.
const MAX_SHOWN: usize = 5;
/// Maximum number of texts in the mapping of an answer.
const MAX_LISTED: usize = 100;
/// Maximum number of other columns that are offered.
const MAX_OFFERED: usize = 8;
/// This many rows show which other columns fit.
const SAMPLE: usize = 2_000;
/// If fewer different texts than this were not understood, the column is probably the right one.
const FEWEST_DOUBTFUL: usize = 3;

/// A text that was not understood.
pub(super) struct BadText {
    line: u64,
    rows: usize,
    /// The text as it is written.
    cell: String,
}

/// The texts of a column that were not understood. Texts that differ only in case count as one text.
type Texts<'b> = Vec<&'b BadText>;

/// A possible meaning of a text: the answer, and the contents of the cell; `None` leaves the row out.
type Choice = (&'static str, Option<&'static str>);

/// The answer that leaves rows out.
const LEAVE_OUT: &str = "leave these rows out";

fn choice(answer: &'static str, contents: &'static str) -> Choice {
    (answer, Some(contents))
}

impl Reader<'_, '_> {
    /// Remembers a cell that was not understood.
    pub(super) fn remember(&mut self, row: Row<'_>, column: usize) {
        let cell = row.get(column);
        // a mapping could not contain the text, so it is not asked about
        if cell.chars().count() > MAX_TEXT {
            return;
        }
        let key = (column, cell.to_lowercase());
        if let Some(known) = self.bad.get_mut(&key) {
            known.rows += 1;
        } else if self.bad.len() < MAX_TEXTS {
            self.bad.insert(key, BadText { line: row.line, rows: 1, cell: cell.to_owned() });
        }
    }

    /// Asks for the meaning of the cells that were not understood. For a doubtful column, asks for another column instead.
    pub(super) fn ask_about_cells(&mut self) {
        let bad = std::mem::take(&mut self.bad);
        if !self.deck.questions.is_empty() || self.options.mapping.skip_invalid == Some(true) {
            return;
        }
        let mut columns: BTreeMap<usize, Texts<'_>> = BTreeMap::new();
        for ((column, _), text) in &bad {
            columns.entry(*column).or_default().push(text);
        }
        for (column, texts) in columns.iter().take(MAX_COLUMNS) {
            if self.is_doubtful(*column, texts) {
                let question = self.column_question(*column, texts);
                self.deck.questions.push(question);
            } else if texts.len() <= MAX_SINGLE {
                let questions: Vec<Question> =
                    texts.iter().map(|text| self.text_question(*column, text)).collect();
                self.deck.questions.extend(questions);
            } else {
                let question = self.texts_question(*column, texts);
                self.deck.questions.push(question);
            }
        }
    }

    /// Whether at least a third of a column's cells were not understood, with several different texts, so that the column may have another meaning.
    fn is_doubtful(&self, column: usize, texts: &Texts<'_>) -> bool {
        let rows: usize = texts.iter().map(|text| text.rows).sum();
        let filled = self.plan.rows().filter(|row| row.filled() > 1 && !row.get(column).is_empty()).count();
        texts.len() >= FEWEST_DOUBTFUL && rows * 3 >= filled
    }

    fn column_name(&self, column: usize) -> String {
        match self.plan.names.get(column).filter(|name| !name.is_empty()) {
            Some(name) => name.chars().take(60).collect(),
            None => format!("column {}", column + 1),
        }
    }

    /// The role of a column whose cells were not understood.
    fn role(&self, column: usize) -> Role {
        self.plan.columns.role_of(column).unwrap_or(Role::Comment)
    }

    /// Asks for another column with the role of a doubtful column.
    fn column_question(&self, column: usize, texts: &Texts<'_>) -> Question {
        let mut answers = self.other_columns(column);
        let main = matches!(self.role(column), Role::Prefix | Role::AreaCode | Role::CountryCode);
        if !main && column != self.plan.columns.price {
            answers.insert(0, Answer::new("leave the column out", self.without_column(column)));
        }
        if self.deck.counts.read > 0 {
            let skipped = Mapping { skip_invalid: Some(true), ..Mapping::default() };
            answers.push(Answer::new("the column is right; leave out the rows with errors", skipped));
        }
        // an answer that changes nothing would lead to the same question
        let mapping = self.options.mapping;
        answers.retain(|answer| mapping.clone().merged(answer.mapping.clone()) != *mapping);
        let shown: Vec<String> =
            texts.iter().take(MAX_SHOWN).map(|text| format!("{:?}", text.cell)).collect();
        Question {
            code: "COLUMN_DOUBTFUL".into(),
            text: format!(
                "Many cells of the column {:?} were not understood: {}. Choose the column with these values.",
                self.column_name(column),
                shown.join(", ")
            ),
            line: texts.first().map_or(0, |text| text.line),
            example: texts.first().map(|text| text.cell.clone()).unwrap_or_default(),
            answers,
        }
    }

    /// The answers that choose another column instead of a doubtful one. A band's column can only be replaced by a column that has no role, and the
    /// column of the prices in force cannot be replaced: its answers would change the new prices.
    fn other_columns(&self, column: usize) -> Vec<Answer> {
        let (role, columns) = (self.role(column), &self.plan.columns);
        if columns.current == Some(column) && columns.price != column {
            return Vec::new();
        }
        let band = columns.band_of(column).filter(|_| columns.price != column);
        let offers =
            |other: &usize| *other != column && (band.is_none() || columns.role_of(*other).is_none());
        let fitting = |other: usize| {
            (self.plan.rows().take(SAMPLE).filter(|row| self.fits(role, *row, other)).count(), other)
        };
        let mut found: Vec<(usize, usize)> =
            (0..self.plan.names.len()).filter(offers).map(fitting).filter(|(rows, _)| *rows > 0).collect();
        found.sort_by_key(|(rows, other)| (std::cmp::Reverse(*rows), *other));
        let answer = |other: usize| {
            let chosen = reference(&self.plan.names, other);
            let mapping = match band {
                Some(_) => {
                    self.without_column(column).merged(Mapping::column(&self.column_key(column), chosen))
                }
                None => Mapping::column(&self.column_key(column), chosen),
            };
            Answer::new(self.described(other), mapping)
        };
        found.iter().take(MAX_OFFERED).map(|(_, other)| answer(*other)).collect()
    }

    /// The key of a column in the mapping.
    fn column_key(&self, column: usize) -> String {
        let role = role_name(self.role(column));
        match self.plan.columns.band_of(column).filter(|_| self.plan.columns.price != column) {
            Some((_, band)) => format!("{role}:{band}"),
            None => role,
        }
    }

    /// The mapping that leaves a column out.
    fn without_column(&self, column: usize) -> Mapping {
        let left = Mapping::column("ignore", reference(&self.plan.names, column));
        if self.plan.columns.band_of(column).is_none() {
            return left;
        }
        let none = BTreeMap::from([(self.column_key(column), None)]);
        left.merged(Mapping { columns: none, ..Mapping::default() })
    }

    /// A column's name, its letter and its first values.
    fn described(&self, column: usize) -> String {
        let values = self.plan.rows().map(|row| row.get(column)).filter(|cell| !cell.is_empty()).take(3);
        let shown: Vec<String> = values.map(|cell| cell.chars().take(30).collect()).collect();
        format!("{} (column {}: {})", self.column_name(column), letter(column), shown.join(" | "))
    }

    /// Whether a cell can have the values of a role.
    fn fits(&self, role: Role, row: Row<'_>, column: usize) -> bool {
        let (cell, kind) = (row.get(column), row.kind(column));
        match role {
            _ if cell.is_empty() => false,
            Role::Prefix | Role::PrefixEnd | Role::CountryCode | Role::AreaCode => looks_like_codes(cell),
            Role::Price | Role::FirstPrice | Role::ConnectionFee | Role::MinimumCharge => {
                amount(cell, kind, self.plan.mark).is_some()
            }
            Role::Effective | Role::Ends => matches!(date_of(cell, self.plan.order), Ok(Some(_))),
            Role::Increment | Role::InitialIncrement | Role::NextIncrement => {
                Increments::read(cell, kind, None).is_ok()
            }
            _ => true,
        }
    }

    fn text_question(&self, column: usize, text: &BadText) -> Question {
        let name = self.column_name(column);
        Question {
            code: "CELL_TEXT".into(),
            text: match text.cell.is_empty() {
                true => format!("Cells of the column {name:?} are empty. Choose what an empty cell means."),
                false => format!(
                    "The text {:?} in the column {name:?} was not understood. Rows with this text: {}. Choose its meaning.",
                    text.cell, text.rows
                ),
            },
            line: text.line,
            example: text.cell.clone(),
            answers: self.choices(column, &[text]),
        }
    }

    fn texts_question(&self, column: usize, texts: &Texts<'_>) -> Question {
        let mut shown: Vec<String> =
            texts.iter().take(MAX_SHOWN).map(|text| format!("{:?}", text.cell)).collect();
        if texts.len() > MAX_SHOWN {
            shown.push("…".to_owned());
        }
        let first = texts.first();
        Question {
            code: "CELL_TEXT".into(),
            text: format!(
                "These texts in the column {:?} were not understood: {}. Choose their meaning.",
                self.column_name(column),
                shown.join(", ")
            ),
            line: first.map_or(0, |text| text.line),
            example: first.map(|text| text.cell.clone()).unwrap_or_default(),
            answers: self.choices(column, texts),
        }
    }

    /// The answers to a question about texts of a column.
    fn choices(&self, column: usize, texts: &[&BadText]) -> Vec<Answer> {
        let is_price = column == self.plan.columns.price;
        let worded = texts.iter().all(|text| text.cell.contains(char::is_alphabetic));
        let mut answers = Vec::new();
        if is_price && texts.iter().all(|text| text.cell.is_empty()) {
            let empty =
                |text, rule| Answer::new(text, Mapping { empty_price: Some(rule), ..Mapping::default() });
            answers.push(empty("the code is removed", EmptyPrice::Remove));
            answers.push(empty("the code is blocked", EmptyPrice::Block));
            answers.push(empty("the price of the row above", EmptyPrice::Above));
        } else if is_price && worded {
            let ended = |text, rule| {
                let statuses = texts.iter().take(MAX_LISTED).map(|text| (text.cell.clone(), rule)).collect();
                Answer::new(text, Mapping { statuses, ..Mapping::default() })
            };
            answers.push(ended("the code is removed", StatusRule::Remove));
            answers.push(ended("the code is blocked", StatusRule::Block));
        }
        // in a deck with decimal commas, 1.050 may be 1050
        let other = self.plan.mark.other();
        let grouped = |text: &&BadText| {
            amount(&text.cell, Kind::Text, self.plan.mark).is_some() && text.cell.contains(other.letter())
        };
        let several: Vec<&BadText> = texts.iter().copied().filter(grouped).take(MAX_LISTED).collect();
        if self.is_money(column) && !several.is_empty() {
            let plain = |text: &&BadText| {
                (
                    text.cell.clone(),
                    Some(text.cell.chars().filter(|letter| *letter != other.letter()).collect()),
                )
            };
            let cells = BTreeMap::from([(self.cells_key(column), several.iter().map(plain).collect())]);
            let mapping = Mapping { cells, ..Mapping::default() };
            answers.push(Answer::new("the other mark separates thousands", mapping));
        }
        let choices = self.choices_of(column, texts);
        answers.extend(
            choices
                .into_iter()
                .map(|(text, contents)| Answer::new(text, self.replacing(column, texts, contents))),
        );
        if self.role(column) == Role::Currency
            && let Some(currency) = self.options.currency
        {
            answers.insert(0, Answer::new(currency, self.replacing(column, texts, Some(currency))));
        }
        // "1-Dec" lacks the year
        if let (Role::Effective, [text], Some(today)) = (self.role(column), texts, self.options.today)
            && let Some(date) = day_and_month(&text.cell, false).and_then(|found| nearest_day(found, today))
        {
            let date = date.to_string();
            answers.insert(0, Answer::new(date.clone(), self.replacing(column, texts, Some(&date))));
        }
        answers
    }

    fn is_money(&self, column: usize) -> bool {
        self.plan.columns.money().contains(&column)
    }

    /// The key of a column in [`Mapping::cells`].
    fn cells_key(&self, column: usize) -> String {
        match reference(&self.plan.names, column) {
            ColumnRef::Name(name) => name,
            _ => (column + 1).to_string(),
        }
    }

    /// The mapping that gives texts of a column these contents.
    fn replacing(&self, column: usize, texts: &[&BadText], contents: Option<&str>) -> Mapping {
        let empty = texts.iter().all(|text| text.cell.is_empty());
        if texts.len() > MAX_LISTED || empty && contents.is_none() {
            return Mapping { skip_invalid: Some(true), ..Mapping::default() };
        }
        let key = self.cells_key(column);
        let contents = contents.map(str::to_owned);
        let texts = texts.iter().map(|text| (text.cell.clone(), contents.clone())).collect();
        Mapping { cells: BTreeMap::from([(key, texts)]), ..Mapping::default() }
    }

    /// The possible meanings of texts of a column.
    fn choices_of(&self, column: usize, texts: &[&BadText]) -> Vec<Choice> {
        let role = self.role(column);
        let mut found: Vec<Choice> = match role {
            _ if texts.len() > MAX_LISTED => Vec::new(),
            Role::Ends => vec![choice("the price has no last day", "")],
            Role::Effective => vec![choice("the row has no date of its own", "")],
            Role::ConnectionFee => vec![choice("there is no fee", "0")],
            Role::MinimumCharge => vec![choice("there is no minimum charge", "0")],
            Role::FreeSeconds => vec![choice("0 seconds", "0")],
            Role::AreaCode => vec![choice("the whole country", "")],
            Role::Increment => vec![
                choice("1/1", "1/1"),
                choice("60/60", "60/60"),
                choice("60/1", "60/1"),
                choice("30/6", "30/6"),
                choice("6/6", "6/6"),
                choice("the row has no increments of its own", ""),
            ],
            Role::InitialIncrement | Role::NextIncrement => vec![
                choice("1 second", "1"),
                choice("6 seconds", "6"),
                choice("30 seconds", "30"),
                choice("60 seconds", "60"),
                choice("the row has no increments of its own", ""),
            ],
            Role::Unit => vec![choice("a minute", "min"), choice("a second", "sec")],
            Role::Price => match texts.iter().all(|text| text.cell.is_empty()) {
                true => Vec::new(),
                false => vec![choice("the price is 0", "0"), choice("the cell counts as empty", "")],
            },
            Role::Prefix | Role::PrefixEnd | Role::CountryCode | Role::Currency => Vec::new(),
            _ => vec![choice("the cell counts as empty", "")],
        };
        found.push((LEAVE_OUT, None));
        found
    }
}

/// The day of this month that is nearest to `today`.
fn nearest_day((day, month): (u32, u32), today: NaiveDate) -> Option<NaiveDate> {
    let years = [today.year() - 1, today.year(), today.year() + 1];
    let days = years.into_iter().filter_map(|year| NaiveDate::from_ymd_opt(year, month, day));
    days.min_by_key(|date| (*date - today).num_days().abs())
}
