//! Reads and writes rate decks, and reports the problems of every row. A rate deck is a price list in a canonical CSV format.
//!
//! The file is comma-separated UTF-8 (a byte order mark is allowed) with a header. The columns may be in any order. A deck must have all
//! [`REQUIRED_COLUMNS`]. A deck may have [`OPTIONAL_COLUMNS`] and, for each time band of the tariff, `rate_per_minute:BAND` and
//! `connection_fee:BAND`. Any other column name is an error, because a misspelled price column must not go unnoticed.
//!
//! A cell is corrected, with a note (`Fixed`), only if it has exactly one possible meaning. Corrections remove spaces around a cell, and a plus sign
//! or `00` before a prefix (no country code begins with 0). A separator between digits is an error, because `351-352` may be one code, two codes, or
//! a range. Doubtful prices and increments are errors too, because customers would be charged for a wrong guess.
//!
//! A destination that begins like a spreadsheet formula is stored unchanged, with a note. When a deck is written, an apostrophe is put before a
//! destination that begins like a formula ([`csv_text`]). Reading the deck removes the apostrophe.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use crate::tariff::{MAX_RATES, Rate};
use crate::text::without_nul;

use columns::Columns;
use row::Row;

pub use crate::table::csv_text;
pub use writing::{deck_cells, deck_columns, write_deck};

mod columns;
mod row;
mod writing;

/// Columns that a rate deck must have.
pub const REQUIRED_COLUMNS: [&str; 6] =
    ["prefix", "destination", "rate_per_minute", "connection_fee", "initial_increment", "increment"];
/// Columns that a rate deck may have. If the column is missing or the cell is empty, the value is 0, and the initial increment has no price of its
/// own.
pub const OPTIONAL_COLUMNS: [&str; 3] = ["minimum_charge", "free_seconds", "initial_price"];

/// Columns that a rate deck may have for each time band: the price, the connection fee of calls answered in the band, and the price of the initial
/// increment. A colon and the band's name follow the column's name. If the fee is empty, the rate's own fee applies. If the price of the initial
/// increment is empty, the band's price applies.
pub const BAND_COLUMNS: [&str; 3] = ["rate_per_minute", "connection_fee", "initial_price"];

/// Maximum number of commas in a line.
const MAX_CELLS: usize = 1_000;

/// A header with more bytes than this is not in the canonical format.
const MAX_HEADER_BYTES: usize = 64 << 10;

fn band_column(column: &str, band: &str) -> String {
    format!("{column}:{band}")
}

/// Limits on a deck's size and on the number of listed problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeckLimits {
    /// Maximum size of the file in bytes.
    pub max_bytes: usize,
    /// Maximum number of rows after the header.
    pub max_rows: u64,
    /// Maximum number of problems in the list; further problems are only counted.
    pub max_problems: usize,
}

impl Default for DeckLimits {
    /// The default limits are 128 MiB, 1,000,000 rows and 1,000 problems.
    fn default() -> DeckLimits {
        DeckLimits { max_bytes: 128 << 20, max_rows: 1_000_000, max_problems: 1_000 }
    }
}

/// Whether a row of a rate deck can be used in spite of its problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// The row cannot be used and is left out of the rates.
    Error,
    /// The row can be used; the message says how a cell was read.
    Fixed,
    /// The row can be used; the message says why a person should check it.
    Warning,
}

/// A problem in a cell, a row or the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// Line of the file on which the row begins; the header is line 1. The line is 0 if the problem concerns the whole file.
    pub line: u64,
    /// The column; `None` if the problem is not about one column.
    pub column: Option<String>,
    /// Whether the row with this problem can be used.
    pub severity: Severity,
    /// The stable code.
    pub code: Cow<'static, str>,
    /// The message as a sentence for a person to read.
    pub message: String,
    /// The beginning of the cell; set only in reports about carriers' decks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The remedy as a sentence; set only in reports about carriers' decks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// The result of reading a deck.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deck {
    /// The usable rows, in the order of the file.
    pub rates: Vec<Rate>,
    /// Errors and corrections in the order of the file, at most [`DeckLimits::max_problems`].
    pub problems: Vec<RowProblem>,
    /// Number of rows after the header, including unusable rows.
    pub rows: u64,
    /// Number of all errors, including those beyond the list's limit.
    pub errors: u64,
    /// Number of all corrected cells, including those beyond the list's limit.
    pub fixed: u64,
    /// The optional columns that the deck has.
    pub columns: DeckColumns,
}

/// The optional columns that a deck has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeckColumns {
    /// Whether the deck has the column `minimum_charge`.
    pub minimum_charge: bool,
    /// Whether the deck has the column `free_seconds`.
    pub free_seconds: bool,
    /// Whether the deck has the column `initial_price`.
    #[serde(default)]
    pub initial_price: bool,
    /// The bands with a column `rate_per_minute:BAND`.
    pub bands: BTreeMap<String, BandColumns>,
}

/// The optional columns that a deck has for a band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandColumns {
    /// Whether the deck has the column `connection_fee:BAND`.
    pub connection_fee: bool,
    /// Whether the deck has the column `initial_price:BAND`.
    pub initial_price: bool,
}

impl DeckColumns {
    /// Copies the values for which the deck has no column. The values come from `before`, the rate that `rate` replaces. An empty cell is not a
    /// missing column: an empty cell means 0, or that the band has no price of its own.
    pub fn keep(&self, rate: &mut Rate, before: Rate) {
        if !self.minimum_charge {
            rate.minimum_charge = before.minimum_charge;
        }
        if !self.free_seconds {
            rate.free_seconds = before.free_seconds;
        }
        if !self.initial_price {
            rate.initial_price = before.initial_price;
        }
        for (name, price) in before.band_prices {
            match (self.bands.get(&name), rate.band_prices.get_mut(&name)) {
                (None, _) => {
                    rate.band_prices.insert(name, price);
                }
                (Some(columns), Some(new)) => {
                    if !columns.connection_fee {
                        new.connection_fee = price.connection_fee;
                    }
                    if !columns.initial_price {
                        new.initial_price = price.initial_price;
                    }
                }
                (Some(_), None) => {}
            }
        }
    }
}

impl Deck {
    /// True if every row can be used.
    pub fn is_clean(&self) -> bool {
        self.errors == 0
    }

    fn note(&mut self, limits: &DeckLimits, problem: RowProblem) {
        match problem.severity {
            Severity::Error => self.errors += 1,
            Severity::Fixed | Severity::Warning => self.fixed += 1,
        }
        if self.problems.len() < limits.max_problems {
            self.problems.push(problem);
        }
    }

    fn refuse(mut self, limits: &DeckLimits, line: u64, code: &'static str, message: String) -> Deck {
        self.note(limits, problem(line, None, Severity::Error, code, message));
        self
    }
}

/// Whether a file is meant to be in the canonical format: its first line is UTF-8 and has most of [`REQUIRED_COLUMNS`].
/// `carrier_deck` reads other files.
pub fn is_canonical(bytes: &[u8]) -> bool {
    let head = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(Ok(line)) = head.get(..head.len().min(MAX_HEADER_BYTES)).map(std::str::from_utf8) else {
        return false;
    };
    let line = line.trim_start_matches('\u{feff}').to_ascii_lowercase();
    let names: Vec<&str> = line.split(',').map(|name| name.trim().trim_matches('"').trim()).collect();
    REQUIRED_COLUMNS.iter().filter(|column| names.contains(column)).count() >= 4
}

/// Reads a deck. Reading never fails; errors are listed in [`Deck::problems`].
pub fn parse_deck(bytes: &[u8], limits: &DeckLimits) -> Deck {
    let deck = Deck::default();
    if bytes.len() > limits.max_bytes {
        let message = format!("The file has {} bytes; the limit is {}.", bytes.len(), limits.max_bytes);
        return deck.refuse(limits, 0, "FILE_TOO_LARGE", message);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => &without_nul(text.strip_prefix('\u{feff}').unwrap_or(text).into()),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
            return deck.refuse(
                limits,
                line,
                "NOT_UTF8",
                "This line is not UTF-8; save the file as UTF-8.".to_owned(),
            );
        }
    };
    if let Some(line) = wide_line(text) {
        let message = format!("The line has more than {MAX_CELLS} cells.");
        return deck.refuse(limits, line, "TOO_MANY_COLUMNS", message);
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let columns = match reader.read_record(&mut record) {
        Ok(true) => match Columns::read(&record) {
            Ok(columns) => columns,
            Err((code, message)) => return deck.refuse(limits, 1, code, message),
        },
        _ => return deck.refuse(limits, 1, "HEADER_MISSING", "The file has no header.".to_owned()),
    };
    read_rows(deck, limits, &mut reader, &columns)
}

/// The first line with more commas than a row may have. A row is read into memory as a whole, and takes more memory than its text.
fn wide_line(text: &str) -> Option<u64> {
    let is_wide =
        |line: &str| line.len() > MAX_CELLS && line.bytes().filter(|byte| *byte == b',').count() > MAX_CELLS;
    (1..).zip(text.split('\n')).find(|(_, line)| is_wide(line)).map(|(number, _)| number)
}

fn read_rows(
    mut deck: Deck,
    limits: &DeckLimits,
    reader: &mut csv::Reader<&[u8]>,
    columns: &Columns,
) -> Deck {
    deck.columns = columns.present();
    let max_rows = limits.max_rows.min(MAX_RATES as u64);
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return deck,
            Ok(true) => {}
            Err(error) => return deck.refuse(limits, 0, "CSV_INVALID", error.to_string()),
        }
        let line = record.position().map_or(0, csv::Position::line);
        if deck.rows == max_rows {
            let message = format!("The file has too many rows; the limit is {max_rows}.");
            return deck.refuse(limits, line, "TOO_MANY_ROWS", message);
        }
        deck.rows += 1;
        let mut row = Row::new(line, columns, &record);
        let rate = row.read(&mut lines);
        for problem in row.problems {
            deck.note(limits, problem);
        }
        deck.rates.extend(rate);
    }
}

fn problem(
    line: u64,
    column: Option<&'static str>,
    severity: Severity,
    code: &'static str,
    message: String,
) -> RowProblem {
    let column = column.map(str::to_owned);
    RowProblem { line, column, severity, code: Cow::Borrowed(code), message, value: None, remedy: None }
}
