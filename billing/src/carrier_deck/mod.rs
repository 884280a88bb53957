//! Reads carriers' rate decks in any layout, and reports guesses, questions and problems.
//!
//! [`read_carrier_deck`] finds the encoding, the delimiter, the header, the meaning of each column, and the formats of numbers, dates, codes and
//! increments. Each guess is listed in [`CarrierDeck::detected`] with its reason. If the file has more than one possible meaning, no rates
//! are read, and [`CarrierDeck::questions`] lists the questions with their possible answers. Each answer is a [`Mapping`]. To answer a question,
//! merge the answer into the mapping of the next attempt. Each row of the file is counted once in [`Counts`].
//!
//! A code list that no explicit rule can expand is an error. Codes are never guessed.

mod cells;
mod codes;
mod columns;
mod dates;
mod detect;
mod header;
// one line holds many words
#[rustfmt::skip]
mod header_words;
mod in_force;
mod increments;
mod mapping;
mod numbers;
mod read;
mod table;
mod warnings;
mod xlsx;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::deck::{DeckColumns, DeckLimits, RowProblem, Severity};
use crate::tariff::Rate;

pub use cells::{EmptyPrice, PriceUnit, StatusRule};
pub use codes::{HyphenRule, ListRule, SpaceRule, TrunkZero};
pub use dates::DateOrder;
pub use header::Role;
pub use in_force::{PricesCompared, compare_prices};
pub use increments::IncrementOrder;
pub use mapping::{ColumnRef, DuplicateRule, Mapping};
pub use numbers::{DecimalMark, PriceRounding};

/// Maximum number of cells in a row.
pub const MAX_COLUMNS: usize = 256;
/// Maximum number of bytes in a cell. A cell may list all codes of a country.
pub const MAX_CELL_BYTES: usize = 128 << 10;
/// Maximum number of codes in a cell, after ranges are expanded.
pub const MAX_CODES_PER_CELL: usize = 20_000;
/// Maximum number of codes in a range.
pub const MAX_RANGE: u64 = 10_000;
/// Maximum number of sheets in a workbook.
pub const MAX_SHEETS: usize = 64;
/// This many rows at the start of the file are searched for the header.
const MAX_HEADER_ROWS: usize = 50;
/// A cell with more bytes than this cannot be a number, date or increment.
const MAX_WORDS_IN_CELL: usize = 100;

/// How certain a guess is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Confidence {
    /// Nothing in the file contradicts the guess, but nothing proves it.
    Low,
    /// Most of the file agrees.
    Medium,
    /// All of the file agrees.
    High,
    /// The file or the mapping says so.
    Certain,
}

/// A guess about the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// The property that was guessed, such as `delimiter` or `column:price`.
    pub item: String,
    /// The guess.
    pub value: String,
    /// The reason as a sentence.
    pub reason: String,
    /// How certain the guess is.
    pub confidence: Confidence,
}

impl Detected {
    fn new(
        item: &str,
        value: impl Into<String>,
        reason: impl Into<String>,
        confidence: Confidence,
    ) -> Detected {
        Detected { item: item.to_owned(), value: value.into(), reason: reason.into(), confidence }
    }

    fn sure(item: &str, value: impl Into<String>, reason: &str) -> Detected {
        Detected::new(item, value, reason, Confidence::Certain)
    }

    fn mapped(item: &str, value: impl Into<String>) -> Detected {
        Detected::sure(item, value, "The mapping says so.")
    }
}

/// A question that must be answered before the file can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The stable code.
    pub code: Cow<'static, str>,
    /// The question as a sentence.
    pub text: String,
    /// The line of the first example; 0 if the question concerns the whole file.
    pub line: u64,
    /// A cell or column name from the file.
    pub example: String,
    /// The possible answers, at most [`MAX_COLUMNS`].
    pub answers: Vec<Answer>,
}

/// A possible answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer as a sentence or name.
    pub text: String,
    /// The mapping that gives this answer.
    pub mapping: Mapping,
}

impl Answer {
    fn new(text: impl Into<String>, mapping: Mapping) -> Answer {
        Answer { text: text.into(), mapping }
    }
}

/// Why a file or cell cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} {remedy}")]
pub struct Refusal {
    /// The line; 0 for the whole file.
    pub line: u64,
    /// The stable code.
    pub code: &'static str,
    /// The reason as a sentence.
    pub message: String,
    /// The remedy as a sentence.
    pub remedy: &'static str,
}

impl Refusal {
    fn new(line: u64, code: &'static str, message: impl Into<String>, remedy: &'static str) -> Refusal {
        Refusal { line, code, message: message.into(), remedy }
    }

    fn long_cell(line: u64) -> Refusal {
        let message = format!("A cell on this line has more than {MAX_CELL_BYTES} bytes.");
        Refusal::new(line, "CELL_TOO_LONG", message, "Check the quotes of the file, or split the cell.")
    }
}

/// Why a cell is invalid.
#[derive(Clone, Debug)]
struct CellError {
    code: &'static str,
    message: String,
    remedy: &'static str,
}

impl CellError {
    fn new(code: &'static str, message: impl Into<String>, remedy: &'static str) -> CellError {
        CellError { code, message: message.into(), remedy }
    }
}

/// The effect of a row on one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The code has this rate.
    Price(Rate),
    /// The code is withdrawn.
    Removed(String),
    /// Calls to the code are blocked.
    Blocked(String),
}

/// One code of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierRate {
    /// The line of the file.
    pub line: u64,
    /// The first day on which the row applies, in the tariff's time zone; `None` means now.
    pub effective: Option<NaiveDate>,
    /// The day from which the row no longer applies.
    pub ends: Option<NaiveDate>,
    /// The code's rate, or its removal or block.
    pub entry: Entry,
}

impl CarrierRate {
    /// The code.
    pub fn prefix(&self) -> &str {
        match &self.entry {
            Entry::Price(rate) => &rate.prefix,
            Entry::Removed(prefix) | Entry::Blocked(prefix) => prefix,
        }
    }
}

/// What a row means on a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The row's price is in force.
    InForce,
    /// The row's code is withdrawn or blocked.
    Gone,
    /// Another row of the code applies, or the row's first day is later.
    Other,
}

/// The rows of a file. Each row is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All rows.
    pub rows: u64,
    /// Rows that became rates, removals or blocks.
    pub read: u64,
    /// Rows that a tariff cannot represent.
    pub set_aside: u64,
    /// Rows with an error.
    pub problem: u64,
    /// Rows before and in the header.
    pub preamble: u64,
    /// Titles between the rates.
    pub headings: u64,
    /// Rows after the last rate.
    pub footer: u64,
    /// Empty rows.
    pub empty: u64,
}

/// The result of reading a carrier's deck.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierDeck {
    /// Guesses with their reasons.
    pub detected: Vec<Detected>,
    /// Questions. If there are any questions, no rates were read.
    pub questions: Vec<Question>,
    /// One entry for each code, in the order of the file.
    pub rates: Vec<CarrierRate>,
    /// Problems in the order of their discovery, at most [`DeckLimits::max_problems`].
    pub problems: Vec<RowProblem>,
    /// Number of all errors.
    pub errors: u64,
    /// Number of all warnings.
    pub warnings: u64,
    /// The rows of the file.
    pub counts: Counts,
    /// Rows that a tariff cannot represent, by reason.
    pub set_aside: BTreeMap<String, u64>,
    /// The optional columns that the deck has.
    pub columns: DeckColumns,
    /// The currency that the deck names.
    pub currency: Option<String>,
}

/// The inputs for reading a file, apart from the file itself.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Limits on the file and on the list of problems.
    pub limits: &'a DeckLimits,
    /// Answers and corrections.
    pub mapping: &'a Mapping,
    /// The tariff's currency; a deck in another currency is an error.
    pub currency: Option<&'a str>,
    /// The current day, for warnings about old decks and future prices.
    pub today: Option<NaiveDate>,
}

/// Reads a deck. Reading never fails; errors are listed in [`CarrierDeck::problems`].
pub fn read_carrier_deck(bytes: &[u8], options: &Options<'_>) -> CarrierDeck {
    let mut deck = CarrierDeck::default();
    if let Err(refusal) = try_read(bytes, options, &mut deck) {
        deck.rates.clear();
        deck.questions.clear();
        deck.refuse(options.limits, refusal);
    }
    if !deck.questions.is_empty() {
        deck.rates.clear();
        deck.questions.truncate(MAX_COLUMNS);
    }
    deck
}

fn try_read(bytes: &[u8], options: &Options<'_>, deck: &mut CarrierDeck) -> Result<(), Refusal> {
    options.mapping.check()?;
    let source = table::open(bytes, options.limits, options.mapping)?;
    deck.detected = source.detected;
    if source.doubtful_encoding {
        deck.questions.push(detect::encoding_question());
        return Ok(());
    }
    let tables = detect::joined(source.tables, options.mapping, deck);
    let tables = detect::replaced(tables, options.mapping);
    let Some(plan) = detect::plan(&tables, options, deck)? else { return Ok(()) };
    read::rows(&plan, options, deck);
    Ok(())
}

/// The rates among these entries that are in force, and the codes that are withdrawn or blocked.
fn in_force<'a>(
    entries: impl Iterator<Item = Cow<'a, Entry>>,
    states: Vec<State>,
) -> (Vec<Rate>, BTreeSet<String>) {
    let (mut rates, mut gone) = (Vec::with_capacity(states.len()), BTreeSet::new());
    for (entry, state) in entries.zip(states).filter(|(_, state)| !matches!(state, State::Other)) {
        match (entry.into_owned(), state) {
            (Entry::Price(rate), State::InForce) => rates.push(rate),
            (Entry::Price(Rate { prefix, .. }) | Entry::Removed(prefix) | Entry::Blocked(prefix), _) => {
                gone.insert(prefix);
            }
        }
    }
    (rates, gone)
}

impl CarrierDeck {
    /// The distinct first days on which rows apply.
    pub fn dates(&self) -> BTreeSet<NaiveDate> {
        self.rates.iter().filter_map(|rate| rate.effective).collect()
    }

    /// The rates in force on a day, and the codes that are withdrawn or blocked by then. If no day is given, all dates count as reached.
    pub fn on(&self, day: Option<NaiveDate>) -> (Vec<Rate>, BTreeSet<String>) {
        in_force(self.rates.iter().map(|rate| Cow::Borrowed(&rate.entry)), self.states(day))
    }

    /// Like [`CarrierDeck::on`], but moves the rates out of the deck. Afterward, the deck has no rates.
    pub fn take_on(&mut self, day: Option<NaiveDate>) -> (Vec<Rate>, BTreeSet<String>) {
        let states = self.states(day);
        in_force(std::mem::take(&mut self.rates).into_iter().map(|rate| Cow::Owned(rate.entry)), states)
    }

    /// What each row means on a day.
    fn states(&self, day: Option<NaiveDate>) -> Vec<State> {
        let reached = |rate: &CarrierRate| match (rate.effective, day) {
            (Some(from), Some(day)) => from <= day,
            _ => true,
        };
        let mut latest: HashMap<&str, (usize, Option<NaiveDate>)> = HashMap::with_capacity(self.rates.len());
        for (at, rate) in self.rates.iter().enumerate().filter(|(_, rate)| reached(rate)) {
            let known = latest.entry(rate.prefix()).or_insert((at, rate.effective));
            if rate.effective > known.1 {
                *known = (at, rate.effective);
            }
        }
        let state = |(at, rate): (usize, &CarrierRate)| {
            if latest.get(rate.prefix()).is_none_or(|(known, _)| *known != at) {
                return State::Other;
            }
            let ended = matches!((rate.ends, day), (Some(end), Some(day)) if end <= day);
            if ended || !matches!(rate.entry, Entry::Price(_)) { State::Gone } else { State::InForce }
        };
        self.rates.iter().enumerate().map(state).collect()
    }

    fn note(&mut self, limits: &DeckLimits, problem: RowProblem) {
        match problem.severity {
            Severity::Error => self.errors += 1,
            Severity::Fixed | Severity::Warning => self.warnings += 1,
        }
        if self.problems.len() < limits.max_problems {
            self.problems.push(problem);
        }
    }

    fn refuse(&mut self, limits: &DeckLimits, refusal: Refusal) {
        let Refusal { line, code, message, remedy } = refusal;
        let problem = RowProblem {
            line,
            column: None,
            severity: Severity::Error,
            code: Cow::Borrowed(code),
            message,
            value: None,
            remedy: Some(remedy.to_owned()),
        };
        self.note(limits, problem);
    }
}
