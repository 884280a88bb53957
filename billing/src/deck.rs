//! Reads and writes rate decks, which are price lists in a canonical CSV format, and reports the problems of every row.
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
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use crate::money::{Micros, MoneyError};
use crate::table::{Cell, begins_like_formula, csv_header, csv_row, unescape};
use crate::tariff::{
    BandPrice, MAX_BANDS, MAX_RATES, Rate, RateError, check_band_name, check_destination, check_free_seconds,
    check_increment, check_prefix, check_price,
};

pub use crate::table::csv_text;

/// Columns that a rate deck must have.
pub const REQUIRED_COLUMNS: [&str; 6] =
    ["prefix", "destination", "rate_per_minute", "connection_fee", "initial_increment", "increment"];
/// Columns that a rate deck may have. If the column is missing or the cell is empty, the value is 0, and the initial increment has no price of its own.
pub const OPTIONAL_COLUMNS: [&str; 3] = ["minimum_charge", "free_seconds", "initial_price"];

/// Columns that a rate deck may have for each time band: the price, the connection fee of calls answered in the band, and the price of the initial
/// increment. A colon and the band's name follow the column's name. If the fee is empty, the rate's own fee applies. If the price of the initial
/// increment is empty, the band's price applies.
pub const BAND_COLUMNS: [&str; 3] = ["rate_per_minute", "connection_fee", "initial_price"];

/// Maximum number of commas in a line.
const MAX_CELLS: usize = 1_000;

/// A header with more bytes is not in the canonical format.
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
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
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
        let mut row = Row { line, columns, record: &record, problems: Vec::new() };
        let rate = row.read(&mut lines);
        for problem in row.problems {
            deck.note(limits, problem);
        }
        deck.rates.extend(rate);
    }
}

/// The indexes of the cells with a band's price and, if the deck has these columns, with the band's fee and the price of the initial increment.
#[derive(Clone, Copy)]
struct BandCells {
    price: usize,
    fee: Option<usize>,
    initial: Option<usize>,
}

/// The cell index of each column.
struct Columns {
    required: [usize; REQUIRED_COLUMNS.len()],
    optional: [Option<usize>; OPTIONAL_COLUMNS.len()],
    bands: BTreeMap<String, BandCells>,
    count: usize,
}

/// A column's name, in lower case and trimmed, and the name of its band, unchanged.
fn column_name(cell: &str) -> (String, Option<&str>) {
    let (name, band) = match cell.trim().split_once(':') {
        Some((name, band)) => (name, Some(band)),
        None => (cell, None),
    };
    (name.trim().to_ascii_lowercase(), band)
}

impl Columns {
    fn read(header: &StringRecord) -> Result<Columns, (&'static str, String)> {
        let names: Vec<(String, Option<&str>)> = header.iter().map(column_name).collect();
        let known = |(name, band): &(String, Option<&str>)| match band {
            None => REQUIRED_COLUMNS.contains(&name.as_str()) || OPTIONAL_COLUMNS.contains(&name.as_str()),
            Some(band) => BAND_COLUMNS.contains(&name.as_str()) && check_band_name(band).is_ok(),
        };
        for (index, name) in names.iter().enumerate() {
            let shown = || quoted(header.get(index).unwrap_or_default().trim());
            if !known(name) {
                return Err(("COLUMN_UNKNOWN", format!("Column {} is unknown.", shown())));
            }
            if names[..index].contains(name) {
                return Err(("COLUMN_TWICE", format!("Column {} occurs twice.", shown())));
            }
        }
        let find = |name: &str| names.iter().position(|column| column.0 == name && column.1.is_none());
        let mut required = [0; REQUIRED_COLUMNS.len()];
        for (place, name) in required.iter_mut().zip(REQUIRED_COLUMNS) {
            *place =
                find(name).ok_or_else(|| ("COLUMN_MISSING", format!("Column \"{name}\" is missing.")))?;
        }
        let bands = Self::bands(&names)?;
        Ok(Columns { required, optional: OPTIONAL_COLUMNS.map(find), bands, count: names.len() })
    }

    fn bands(
        names: &[(String, Option<&str>)],
    ) -> Result<BTreeMap<String, BandCells>, (&'static str, String)> {
        let mut bands = BTreeMap::new();
        for band in names.iter().filter_map(|(_, band)| *band) {
            let find =
                |name: &str| names.iter().position(|column| column.0 == name && column.1 == Some(band));
            let price = find(BAND_COLUMNS[0]).ok_or_else(|| {
                (
                    "COLUMN_MISSING",
                    format!("Column {} is missing.", quoted(&band_column(BAND_COLUMNS[0], band))),
                )
            })?;
            let cells = BandCells { price, fee: find(BAND_COLUMNS[1]), initial: find(BAND_COLUMNS[2]) };
            bands.insert(band.to_owned(), cells);
        }
        if bands.len() > MAX_BANDS {
            return Err(("TOO_MANY_BANDS", format!("A deck can price at most {MAX_BANDS} bands.")));
        }
        Ok(bands)
    }

    fn present(&self) -> DeckColumns {
        let [minimum_charge, free_seconds, initial_price] = self.optional.map(|column| column.is_some());
        let columns = |cells: &BandCells| BandColumns {
            connection_fee: cells.fee.is_some(),
            initial_price: cells.initial.is_some(),
        };
        let bands = self.bands.iter().map(|(name, cells)| (name.clone(), columns(cells))).collect();
        DeckColumns { minimum_charge, free_seconds, initial_price, bands }
    }
}

struct Row<'a> {
    line: u64,
    columns: &'a Columns,
    record: &'a StringRecord,
    problems: Vec<RowProblem>,
}

impl Row<'_> {
    /// The rate in this row; `None` if a cell has an error. All cells are checked, so that one import reports all errors.
    fn read(&mut self, lines: &mut HashMap<String, u64>) -> Option<Rate> {
        if self.record.len() != self.columns.count {
            let (found, expected) = (self.record.len(), self.columns.count);
            let message = format!("The row has {found} cells; the header has {expected}.");
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
        let initial_price = self.priced(self.columns.optional[2], OPTIONAL_COLUMNS[2]);
        let band_prices = self.band_prices();
        let prefix = self.first_of_its_prefix(prefix?, lines)?;
        Some(Rate {
            prefix,
            destination: destination?,
            price_per_minute: price_per_minute?,
            initial_price: initial_price?,
            connection_fee: connection_fee?,
            initial_increment: initial_increment?,
            increment: increment?,
            minimum_charge: minimum_charge?,
            free_seconds: free_seconds?,
            band_prices: band_prices?,
        })
    }

    /// The prices of this row within time bands, by the band's name.
    fn band_prices(&mut self) -> Option<BTreeMap<String, BandPrice>> {
        let columns = self.columns;
        let mut prices = Some(BTreeMap::new());
        for (band, cells) in &columns.bands {
            let price = self.priced(Some(cells.price), BAND_COLUMNS[0]);
            let fee = self.priced(cells.fee, BAND_COLUMNS[1]);
            let initial = self.priced(cells.initial, BAND_COLUMNS[2]);
            match (price, fee, initial) {
                (Some(None), Some(None), Some(None)) => {}
                (Some(None), Some(_), Some(None)) => {
                    let message = format!("Band {} has a fee but no price; give both.", quoted(band));
                    self.error(Some(BAND_COLUMNS[0]), "BAND_PRICE_MISSING", message);
                    prices = None;
                }
                (Some(None), Some(_), Some(_)) => {
                    let message =
                        format!("Band {} has an initial price but no price; give both.", quoted(band));
                    self.error(Some(BAND_COLUMNS[0]), "BAND_PRICE_MISSING", message);
                    prices = None;
                }
                (Some(Some(price_per_minute)), Some(connection_fee), Some(initial_price)) => {
                    let price = BandPrice { price_per_minute, initial_price, connection_fee };
                    if let Some(prices) = &mut prices {
                        prices.insert(band.clone(), price);
                    }
                }
                _ => prices = None,
            }
        }
        prices
    }

    /// The amount in a cell that may be empty or missing: `Some(None)`. `None` after an error.
    fn priced(&mut self, index: Option<usize>, column: &'static str) -> Option<Option<Micros>> {
        match index.and_then(|index| self.filled(index)) {
            None => Some(None),
            Some(cell) => self.money(cell, column).map(Some),
        }
    }

    /// Checks that no earlier row has this row's prefix. Earlier rows with errors in other cells count too.
    fn first_of_its_prefix(&mut self, prefix: String, lines: &mut HashMap<String, u64>) -> Option<String> {
        match lines.entry(prefix) {
            Entry::Occupied(first) => {
                let message =
                    format!("Prefix {} is on line {} and on line {}.", first.key(), first.get(), self.line);
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
        let trimmed = cell.trim_matches(' ');
        let international = trimmed.strip_prefix('+').or_else(|| trimmed.strip_prefix("00"));
        let digits = international.map_or(trimmed, |digits| digits.trim_start_matches(' '));
        if is_ambiguous(digits) {
            let message = format!(
                "{} may be one code, several or a range; give each code its own row, in digits only.",
                quoted(cell)
            );
            self.error(Some("prefix"), "PREFIX_AMBIGUOUS", message);
            return None;
        }
        if let Err(error) = check_prefix(digits) {
            self.refuse(error);
            return None;
        }
        if digits != cell {
            self.fixed("prefix", "PREFIX_NORMALISED", format!("{} is read as {digits}.", quoted(cell)));
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
            self.fixed("destination", "SPACES_TRIMMED", "Spaces around the text were removed.".to_owned());
        }
        if begins_like_formula(trimmed) {
            let message =
                "The text begins like a spreadsheet formula; it is exported with an apostrophe before it.";
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
                let message = format!("{} is not a whole number of seconds.", quoted(trimmed));
                RateError::new("NOT_A_NUMBER", column, message)
            })
            .and_then(|seconds| check(column, seconds).map(|()| seconds));
        checked.map_err(|error| self.refuse(error)).ok()
    }

    fn trimmed<'t>(&mut self, cell: &'t str, column: &'static str) -> &'t str {
        let trimmed = cell.trim_matches(' ');
        if trimmed != cell {
            self.fixed(column, "SPACES_TRIMMED", "Spaces around the number were removed.".to_owned());
        }
        trimmed
    }
}

impl<'a> Row<'a> {
    fn required(&self, index: usize) -> &'a str {
        self.record.get(self.columns.required[index]).unwrap_or_default()
    }

    /// The cell of an optional column; `None` if the cell is empty or the column is missing.
    fn optional(&self, index: usize) -> Option<&'a str> {
        self.columns.optional[index].and_then(|at| self.filled(at))
    }

    /// A cell; `None` if it is empty.
    fn filled(&self, index: usize) -> Option<&'a str> {
        self.record.get(index).filter(|cell| !cell.trim_matches(' ').is_empty())
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
    let column = column.map(str::to_owned);
    RowProblem { line, column, severity, code: Cow::Borrowed(code), message, value: None, remedy: None }
}

fn money_error(column: &'static str, cell: &str, error: MoneyError) -> RateError {
    let cell = quoted(cell);
    let message = match error {
        MoneyError::NotANumber => format!("{cell} is not a plain decimal; write it like 0.0424."),
        MoneyError::TooManyDecimals => format!("{cell} has more than six decimals."),
        MoneyError::Overflow => format!("{cell} is out of range."),
    };
    RateError::new(error.code(), column, message)
}

/// True for digits mixed with separators that people write within a code, between codes, or in a range.
fn is_ambiguous(text: &str) -> bool {
    let separates = |letter: char| {
        letter.is_whitespace()
            || matches!(letter, '-'..='/' | '(' | ')' | ',' | ';' | ':' | '|' | '~' | '‐'..='―')
    };
    text.contains(|letter: char| letter.is_ascii_digit())
        && text.contains(separates)
        && text.chars().all(|letter| letter.is_ascii_digit() || separates(letter))
}

/// A cell quoted for a message: escaped, at most 40 characters.
fn quoted(cell: &str) -> String {
    let shown: String = cell.chars().take(40).flat_map(char::escape_debug).collect();
    let more = if cell.chars().nth(40).is_some() { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

/// The columns of a deck with these bands.
pub fn deck_columns<'a>(bands: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let fixed = REQUIRED_COLUMNS.iter().chain(&OPTIONAL_COLUMNS).map(|column| (*column).to_owned());
    let of_bands = bands.into_iter().flat_map(|band| BAND_COLUMNS.map(|column| band_column(column, band)));
    fixed.chain(of_bands).collect()
}

/// The cells of a rate, in the order of [`deck_columns`].
pub fn deck_cells<'a>(rate: &Rate, bands: impl IntoIterator<Item = &'a str>) -> Vec<Cell> {
    let mut cells = vec![
        Cell::Text(rate.prefix.clone()),
        Cell::Text(rate.destination.clone()),
        Cell::Money(rate.price_per_minute),
        Cell::Money(rate.connection_fee),
        Cell::Count(rate.initial_increment.into()),
        Cell::Count(rate.increment.into()),
        Cell::Money(rate.minimum_charge),
        Cell::Count(rate.free_seconds.into()),
        Cell::money(rate.initial_price),
    ];
    for band in bands {
        let price = rate.band_prices.get(band);
        cells.push(Cell::money(price.map(|price| price.price_per_minute)));
        cells.push(Cell::money(price.and_then(|price| price.connection_fee)));
        cells.push(Cell::money(price.and_then(|price| price.initial_price)));
    }
    cells
}

/// Writes rates as a rate deck; [`parse_deck`] reads the same rates back.
pub fn write_deck<'a>(rates: impl IntoIterator<Item = &'a Rate> + Clone) -> String {
    let bands: BTreeSet<&str> =
        rates.clone().into_iter().flat_map(|rate| rate.band_prices.keys().map(String::as_str)).collect();
    let mut deck = String::new();
    csv_header(&mut deck, &deck_columns(bands.iter().copied()));
    for rate in rates {
        csv_row(&mut deck, &deck_cells(rate, bands.iter().copied()));
    }
    deck
}
