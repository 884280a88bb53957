//! One row of a deck: checks every cell and builds the rate.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use csv::StringRecord;

use super::columns::Columns;
use super::{BAND_COLUMNS, OPTIONAL_COLUMNS, RowProblem, Severity, problem};
use crate::money::{Micros, MoneyError};
use crate::table::{begins_like_formula, unescape};
use crate::tariff::{
    BandPrice, BandPrices, Rate, RateError, check_destination, check_free_seconds, check_increment,
    check_prefix, check_price,
};

/// A row that is being read.
pub(super) struct Row<'a> {
    line: u64,
    columns: &'a Columns,
    record: &'a StringRecord,
    /// The problems found so far.
    pub(super) problems: Vec<RowProblem>,
}

impl Row<'_> {
    /// The rate in this row; `None` if a cell has an error. All cells are checked, so that one import reports all errors.
    pub(super) fn read(&mut self, lines: &mut HashMap<String, u64>) -> Option<Rate> {
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
    fn band_prices(&mut self) -> Option<BandPrices> {
        let columns = self.columns;
        let mut prices = Some(BandPrices::default());
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

    /// The amount in a cell; `Some(None)` if the cell is empty or missing, and `None` after an error.
    fn priced(&mut self, index: Option<usize>, column: &'static str) -> Option<Option<Micros>> {
        match index.and_then(|index| self.filled(index)) {
            None => Some(None),
            Some(cell) => self.money(cell, column).map(Some),
        }
    }

    /// Checks that no earlier row has this row's prefix. Earlier rows count even if their other cells have errors.
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
    /// Starts to read a record.
    pub(super) fn new(line: u64, columns: &'a Columns, record: &'a StringRecord) -> Self {
        Row { line, columns, record, problems: Vec::new() }
    }

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
pub(super) fn quoted(cell: &str) -> String {
    let shown: String = cell.chars().take(40).flat_map(char::escape_debug).collect();
    let more = if cell.chars().nth(40).is_some() { "…" } else { "" };
    format!("\"{shown}{more}\"")
}
