//! The canonical CSV of rates: read, with a verdict on every row, and written.
//!
//! Comma separated, UTF-8 (a byte order mark is allowed), with a header. Columns in any order: [`REQUIRED_COLUMNS`] and,
//! optionally, [`OPTIONAL_COLUMNS`]; any other name is an error, because a misspelt price column must not go unnoticed.
//!
//! Mended, with a note (`Fixed`), is only what has one possible meaning: spaces around a cell; in a prefix a leading plus
//! sign or `00` (no country code begins with 0) and the separators people write between digits. Everything that touches
//! a price or an increment is an error instead: a guess there would be charged to customers.
//!
//! A destination that begins like a spreadsheet formula is only text to us. It is kept letter by letter, with a note, and
//! is written with an apostrophe before it ([`csv_text`]), which reading takes off again. Time bands have no columns:
//! a deck is the base prices.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use crate::money::{Micros, MoneyError};
use crate::tariff::{
    MAX_RATES, Rate, RateError, check_destination, check_free_seconds, check_increment, check_prefix,
    check_price,
};

/// Columns that a deck must have.
pub const REQUIRED_COLUMNS: [&str; 6] =
    ["prefix", "destination", "rate_per_minute", "connection_fee", "initial_increment", "increment"];
/// Columns that a deck may have; without them, and in an empty cell, 0.
pub const OPTIONAL_COLUMNS: [&str; 2] = ["minimum_charge", "free_seconds"];

/// How large a deck may be, and how many problems are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeckLimits {
    /// Bytes of the file.
    pub max_bytes: usize,
    /// Rows after the header.
    pub max_rows: u64,
    /// Problems listed; the others are only counted.
    pub max_problems: usize,
}

impl Default for DeckLimits {
    /// 64 MiB, 500,000 rows, 1,000 problems.
    fn default() -> DeckLimits {
        DeckLimits { max_bytes: 64 << 20, max_rows: 500_000, max_problems: 1_000 }
    }
}

/// Whether a row can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// It cannot: the row is not among the rates.
    Error,
    /// It can, read as the message says.
    Fixed,
}

/// What is wrong, or was mended, in one cell, row or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The line of the file on which the row begins, the header being 1; 0 for the file as a whole.
    pub line: u64,
    /// The column, when it is about one.
    pub column: Option<String>,
    /// Whether the row is out.
    pub severity: Severity,
    /// The stable code.
    pub code: Cow<'static, str>,
    /// For a person.
    pub message: String,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deck {
    /// The usable rows, in the order of the file.
    pub rates: Vec<Rate>,
    /// Errors and mended rows, in the order of the file, as many as the limits list.
    pub problems: Vec<RowProblem>,
    /// Rows after the header, bad ones too.
    pub rows: u64,
    /// All errors, listed or not.
    pub errors: u64,
    /// All mended cells, listed or not.
    pub fixed: u64,
}

impl Deck {
    /// True when every row can be used.
    pub fn is_clean(&self) -> bool {
        self.errors == 0
    }

    fn note(&mut self, limits: &DeckLimits, problem: RowProblem) {
        match problem.severity {
            Severity::Error => self.errors += 1,
            Severity::Fixed => self.fixed += 1,
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

/// Reads a deck. It never fails as a whole: what is wrong is among the problems.
pub fn parse_deck(bytes: &[u8], limits: &DeckLimits) -> Deck {
    let deck = Deck::default();
    if bytes.len() > limits.max_bytes {
        let message = format!("the file has {} bytes; at most {} are read", bytes.len(), limits.max_bytes);
        return deck.refuse(limits, 0, "FILE_TOO_LARGE", message);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
            return deck.refuse(
                limits,
                line,
                "NOT_UTF8",
                "the file is not UTF-8 from this line on".to_owned(),
            );
        }
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let columns = match reader.read_record(&mut record) {
        Ok(true) => match Columns::read(&record) {
            Ok(columns) => columns,
            Err((code, message)) => return deck.refuse(limits, 1, code, message),
        },
        _ => return deck.refuse(limits, 1, "HEADER_MISSING", "the file has no header".to_owned()),
    };
    read_rows(deck, limits, &mut reader, &columns)
}

fn read_rows(
    mut deck: Deck,
    limits: &DeckLimits,
    reader: &mut csv::Reader<&[u8]>,
    columns: &Columns,
) -> Deck {
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
            let message = format!("at most {max_rows} rows are read");
            return deck.refuse(limits, line, "TOO_MANY_ROWS", message);
        }
        deck.rows += 1;
        let mut row = Row { line, columns, record: &record, problems: Vec::new() };
        let rate = row.read(&mut lines);
        for problem in row.problems {
            deck.note(limits, problem);
        }
        deck.rates.extend(rate);
    }
}

/// Where each column is.
struct Columns {
    required: [usize; REQUIRED_COLUMNS.len()],
    optional: [Option<usize>; OPTIONAL_COLUMNS.len()],
    count: usize,
}

impl Columns {
    /// Names are compared without case and without spaces around them.
    fn read(header: &StringRecord) -> Result<Columns, (&'static str, String)> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let known = |name: &str| REQUIRED_COLUMNS.contains(&name) || OPTIONAL_COLUMNS.contains(&name);
        for (index, name) in names.iter().enumerate() {
            if !known(name) {
                return Err(("COLUMN_UNKNOWN", format!("unknown column {}", quoted(name))));
            }
            if names[..index].contains(name) {
                return Err(("COLUMN_TWICE", format!("column {} occurs twice", quoted(name))));
            }
        }
        let find = |name: &str| names.iter().position(|column| column == name);
        let mut required = [0; REQUIRED_COLUMNS.len()];
        for (place, name) in required.iter_mut().zip(REQUIRED_COLUMNS) {
            *place = find(name).ok_or_else(|| ("COLUMN_MISSING", format!("column \"{name}\" is missing")))?;
        }
        Ok(Columns { required, optional: OPTIONAL_COLUMNS.map(find), count: names.len() })
    }
}

struct Row<'a> {
    line: u64,
    columns: &'a Columns,
    record: &'a StringRecord,
    problems: Vec<RowProblem>,
}

impl Row<'_> {
    /// The rate of the row, unless one of its cells has an error. Every cell is looked at, so that one reading of the
    /// file shows all that is wrong.
    fn read(&mut self, lines: &mut HashMap<String, u64>) -> Option<Rate> {
        if self.record.len() != self.columns.count {
            let (found, expected) = (self.record.len(), self.columns.count);
            let message = format!("the row has {found} cells, the header {expected}");
            self.error(None, "COLUMN_COUNT", message);
            return None;
        }
        let prefix = self.prefix();
        let destination = self.destination();
        let price_per_minute = self.price(2, "rate_per_minute");
        let connection_fee = self.price(3, "connection_fee");
        let initial_increment = self.seconds(4, "initial_increment", check_increment);
        let increment = self.seconds(5, "increment", check_increment);
        let minimum_charge =
            self.optional(0).map_or(Some(Micros::ZERO), |cell| self.money(cell, "minimum_charge"));
        let free_seconds = self
            .optional(1)
            .map_or(Some(0), |cell| self.count(cell, "free_seconds", |_, value| check_free_seconds(value)));
        let prefix = self.first_of_its_prefix(prefix?, lines)?;
        Some(Rate {
            prefix,
            destination: destination?,
            price_per_minute: price_per_minute?,
            connection_fee: connection_fee?,
            initial_increment: initial_increment?,
            increment: increment?,
            minimum_charge: minimum_charge?,
            free_seconds: free_seconds?,
            band_prices: Default::default(),
        })
    }

    /// A row whose other cells are wrong claims its prefix too: the second of two is a duplicate either way.
    fn first_of_its_prefix(&mut self, prefix: String, lines: &mut HashMap<String, u64>) -> Option<String> {
        match lines.entry(prefix) {
            Entry::Occupied(first) => {
                let message =
                    format!("prefix {} is on line {} and on line {}", first.key(), first.get(), self.line);
                self.error(Some("prefix"), "DUPLICATE_PREFIX", message);
                None
            }
            Entry::Vacant(free) => {
                let prefix = free.key().clone();
                free.insert(self.line);
                Some(prefix)
            }
        }
    }

    fn prefix(&mut self) -> Option<String> {
        let cell = self.required(0);
        let joined: String =
            cell.chars().filter(|letter| !matches!(letter, ' ' | '-' | '.' | '(' | ')')).collect();
        let digits = joined.strip_prefix('+').unwrap_or(&joined);
        let digits =
            if digits.len() == joined.len() { digits.strip_prefix("00").unwrap_or(digits) } else { digits };
        if let Err(error) = check_prefix(digits) {
            self.refuse(error);
            return None;
        }
        if digits != cell {
            self.fixed("prefix", "PREFIX_NORMALISED", format!("{} is read as {digits}", quoted(cell)));
        }
        Some(digits.to_owned())
    }

    fn destination(&mut self) -> Option<String> {
        let cell = self.required(1);
        let trimmed = cell.trim_matches(' ');
        let text = unescape(trimmed);
        if let Err(error) = check_destination(text) {
            self.refuse(error);
            return None;
        }
        if trimmed != cell {
            self.fixed("destination", "SPACES_TRIMMED", "spaces around the text are left out".to_owned());
        }
        if begins_like_formula(trimmed) {
            let message =
                "it begins like a spreadsheet formula: it is kept as text, and written with an apostrophe";
            self.fixed("destination", "FORMULA_KEPT_AS_TEXT", message.to_owned());
        }
        Some(text.to_owned())
    }

    fn price(&mut self, index: usize, column: &'static str) -> Option<Micros> {
        self.money(self.required(index), column)
    }

    fn money(&mut self, cell: &str, column: &'static str) -> Option<Micros> {
        let trimmed = self.trimmed(cell, column);
        let checked = Micros::parse(trimmed)
            .map_err(|error| money_error(column, trimmed, error))
            .and_then(|amount| check_price(column, amount).map(|()| amount));
        checked.map_err(|error| self.refuse(error)).ok()
    }

    fn seconds(
        &mut self,
        index: usize,
        column: &'static str,
        check: impl Fn(&'static str, u32) -> Result<(), RateError>,
    ) -> Option<u32> {
        self.count(self.required(index), column, check)
    }

    fn count(
        &mut self,
        cell: &str,
        column: &'static str,
        check: impl Fn(&'static str, u32) -> Result<(), RateError>,
    ) -> Option<u32> {
        let trimmed = self.trimmed(cell, column);
        let plain = !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit());
        let number = if plain { trimmed.parse::<u32>().ok() } else { None };
        let checked = number
            .ok_or_else(|| {
                let message = format!("{} is not a whole number of seconds", quoted(trimmed));
                RateError::new("NOT_A_NUMBER", column, message)
            })
            .and_then(|seconds| check(column, seconds).map(|()| seconds));
        checked.map_err(|error| self.refuse(error)).ok()
    }

    fn trimmed<'t>(&mut self, cell: &'t str, column: &'static str) -> &'t str {
        let trimmed = cell.trim_matches(' ');
        if trimmed != cell {
            self.fixed(column, "SPACES_TRIMMED", "spaces around the number are left out".to_owned());
        }
        trimmed
    }
}

impl<'a> Row<'a> {
    fn required(&self, index: usize) -> &'a str {
        self.record.get(self.columns.required[index]).unwrap_or_default()
    }

    /// The cell of an optional column, if it has anything.
    fn optional(&self, index: usize) -> Option<&'a str> {
        let cell = self.columns.optional[index].and_then(|at| self.record.get(at))?;
        (!cell.trim_matches(' ').is_empty()).then_some(cell)
    }

    fn refuse(&mut self, error: RateError) {
        self.error(Some(error.field), error.code, error.message);
    }

    fn error(&mut self, column: Option<&'static str>, code: &'static str, message: String) {
        self.problems.push(problem(self.line, column, Severity::Error, code, message));
    }

    fn fixed(&mut self, column: &'static str, code: &'static str, message: String) {
        self.problems.push(problem(self.line, Some(column), Severity::Fixed, code, message));
    }
}

fn problem(
    line: u64,
    column: Option<&'static str>,
    severity: Severity,
    code: &'static str,
    message: String,
) -> RowProblem {
    RowProblem { line, column: column.map(str::to_owned), severity, code: Cow::Borrowed(code), message }
}

fn money_error(column: &'static str, cell: &str, error: MoneyError) -> RateError {
    let cell = quoted(cell);
    let message = match error {
        MoneyError::NotANumber => format!("{cell} is not a plain decimal, like 0.0424"),
        MoneyError::TooManyDecimals => format!("{cell} has more than six decimals"),
        MoneyError::Overflow => format!("{cell} is out of range"),
    };
    RateError::new(error.code(), column, message)
}

/// A cell as a message shows it: short, and on one line.
fn quoted(cell: &str) -> String {
    let shown: String = cell.chars().take(40).flat_map(char::escape_debug).collect();
    let more = if cell.chars().nth(40).is_some() { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

fn begins_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Text that is to be escaped: a formula, or what an escaped formula looks like.
fn needs_escape(text: &str) -> bool {
    begins_like_formula(text.trim_start_matches('\''))
}

/// Text for a CSV cell that a spreadsheet will not run: an apostrophe goes before what begins like a formula (and, so
/// that it can be undone, before what already has one there).
pub fn csv_text(text: &str) -> Cow<'_, str> {
    if needs_escape(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The inverse of [`csv_text`].
fn unescape(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if needs_escape(rest) => rest,
        _ => text,
    }
}

/// Writes rates as a deck: [`parse_deck`] reads the same ones back, time bands apart.
pub fn write_deck<'a>(rates: impl IntoIterator<Item = &'a Rate>) -> String {
    let mut deck = [&REQUIRED_COLUMNS[..], &OPTIONAL_COLUMNS[..]].concat().join(",");
    deck.push('\n');
    for rate in rates {
        let cells = [
            rate.prefix.clone(),
            csv_cell(&csv_text(&rate.destination)),
            rate.price_per_minute.to_string(),
            rate.connection_fee.to_string(),
            rate.initial_increment.to_string(),
            rate.increment.to_string(),
            rate.minimum_charge.to_string(),
            rate.free_seconds.to_string(),
        ];
        deck.push_str(&cells.join(","));
        deck.push('\n');
    }
    deck
}

/// A cell in quotes when RFC 4180 asks for them.
fn csv_cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
