//! Reads the rows according to a plan. Each row is counted once. A doubt that no rule resolves becomes a question, asked once for the whole file.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::cells::{StatusRule, time_band};
use super::columns::CodeSource;
use super::detect::Plan;
use super::header::{Role, words};
use super::mapping::{ColumnRef, positions};
use super::table::Row;
use super::{CarrierDeck, CarrierRate, CellError, Entry, Options, warnings};
use crate::deck::{RowProblem, Severity};
use crate::money::Micros;
use crate::tariff::{BandPrice, MAX_RATES, Rate};

mod account;
mod amounts;
mod bands;
mod cells;
mod codes;
mod continuation;
mod dates;
mod duplicates;
mod empty;
mod expired;
mod flags;
mod magnitude;
mod names;
mod origins;
mod questions;
mod rates;
mod statuses;
mod texts;
mod times;
mod titles;
mod valid;

pub(super) use account::{change, change_answer};
use duplicates::{Duplicate, First};
pub(super) use flags::is_yes_or_no;
use flags::{is_false, is_true};
use titles::Titles;

/// The increments, in seconds, for rows that have none.
const DEFAULT_INCREMENT: u32 = 60;

/// Maximum number of rows with errors that a question lists.
const MAX_INVALID_SHOWN: usize = 5;

/// The outcome of reading a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Read,
    SetAside(&'static str),
    Problem,
    /// A title or note between the rates or after them.
    Title,
}

/// The price of one band in a row: the band's name, its price, and the column and amount of a first price if there is one.
type BandCell = (String, BandPrice, Option<(usize, Option<Micros>)>);

/// The first cell that raised a doubt.
struct Example {
    line: u64,
    cell: String,
}

struct Reader<'p, 't> {
    plan: &'p Plan<'t>,
    options: &'p Options<'p>,
    deck: &'p mut CarrierDeck,
    /// The row that is being read.
    at: usize,
    /// The first row of each code and date that was read.
    seen: HashMap<(u64, Option<NaiveDate>), First>,
    /// Codes that also appear, with the same date, in an earlier row.
    duplicates: Vec<Duplicate>,
    asked: BTreeMap<&'static str, Example>,
    titles: Titles,
    /// The country in the title above the row.
    heading: Option<String>,
    /// The country of the row above and its calling code, for rows with an empty country.
    last_country: (String, String),
    /// The name of the row above, for rows with an empty name.
    last_name: String,
    /// The meanings that the rows or notes show for unknown statuses, by the words of the status.
    statuses: BTreeMap<Vec<String>, StatusRule>,
    /// The meanings of the texts that were read as statuses.
    known_statuses: RefCell<HashMap<String, Option<StatusRule>>>,
    /// Whether the user is asked about unknown statuses.
    asks_statuses: bool,
    /// The codes of rows that ended in the past. `expired_line` is the line of the first such row.
    expired: BTreeSet<String>,
    expired_line: u64,
    /// The accepted values of columns.
    only: Vec<(usize, Vec<String>)>,
    /// Prices from rows that apply in one band only; they are added to the rates of rows without a band.
    band_rows: Vec<BandRow>,
    defaulted: u64,
    /// The codes of rows that apply to some callers only. Each code has the line of the first such row, and the number of such rows.
    by_origin: BTreeMap<String, (u64, usize)>,
    /// Whether all rows have the same origin.
    one_origin: bool,
    /// The index of the last row with a price, if the rows after it may have more codes with the same price.
    continues: Option<usize>,
    /// The last row with a country code of its own; `None` if a title follows it.
    country_row: Option<usize>,
    /// Codes that rows exclude from their own codes, with the lines of these rows.
    excepted: BTreeMap<String, u64>,
    /// The first day on which prices apply, according to the titles above the row.
    section_date: Option<NaiveDate>,
    /// The day on which the codes below the title are closed. It applies to no price.
    closing_date: Option<NaiveDate>,
    /// The effect of the title above the row on the codes of rows without a price.
    section: Option<StatusRule>,
    /// The current row's next increment, in seconds, for prices that cover one increment.
    step: Option<u32>,
    /// The texts in the column of prices that mean "not offered", each as a list of its words.
    no_prices: BTreeSet<Vec<String>>,
    /// The texts in `no_prices` that were found in rows, as written.
    texts: BTreeSet<String>,
    /// The texts instead of prices that are asked about.
    asked_texts: BTreeSet<Vec<String>>,
    /// Remarks that mean "not offered", each as a list of its words.
    absent: BTreeSet<Vec<String>>,
    /// Texts in the column of increments that were not understood, with their lines.
    unknown_steps: Vec<(u64, String)>,
    /// Whether prices still apply on their last days.
    ends_included: bool,
    /// Whether the row has an error.
    is_invalid: bool,
    /// The rows with errors: the line and the code of each of the first ones, and the number of all.
    invalid: Vec<(u64, &'static str)>,
    invalid_rows: usize,
    /// The cells that were not understood, by their column and their text in lower case.
    bad: BTreeMap<(usize, String), cells::BadText>,
    /// The increments of the section.
    section_increments: Option<(u32, u32)>,
    /// The area codes that begin with 0, without the 0.
    areas: OnceCell<HashSet<&'p str>>,
    /// The numbers with which notes begin, as in "(1) Blocked".
    marks: OnceCell<HashSet<String>>,
    /// The first days of all prices, after the last row.
    first_days: OnceCell<BTreeSet<NaiveDate>>,
    /// The price of the last row that has one.
    last_price: Option<Micros>,
}

struct BandRow {
    line: u64,
    prefix: String,
    effective: Option<NaiveDate>,
    band: String,
    price: BandPrice,
}

/// Reads all rows into `deck`.
pub(super) fn rows(plan: &Plan<'_>, options: &Options<'_>, deck: &mut CarrierDeck) {
    let mut only = Vec::new();
    for (column, values) in &options.mapping.only {
        match positions(&ColumnRef::Name(column.clone()), &plan.names, plan.names.len()) {
            Ok(found) => only.extend(found.into_iter().map(|at| (at, values.clone()))),
            Err(refusal) => return deck.refuse(options.limits, refusal),
        }
    }
    let mut reader = Reader {
        plan,
        options,
        deck,
        at: 0,
        seen: HashMap::new(),
        duplicates: Vec::new(),
        asked: BTreeMap::new(),
        titles: Titles::find(plan),
        heading: None,
        last_country: Default::default(),
        last_name: String::new(),
        statuses: BTreeMap::new(),
        known_statuses: RefCell::default(),
        asks_statuses: false,
        expired: BTreeSet::new(),
        expired_line: 0,
        only,
        band_rows: Vec::new(),
        defaulted: 0,
        by_origin: BTreeMap::new(),
        one_origin: false,
        continues: None,
        country_row: None,
        excepted: BTreeMap::new(),
        first_days: OnceCell::new(),
        marks: OnceCell::new(),
        section_date: None,
        closing_date: None,
        section: None,
        step: None,
        no_prices: BTreeSet::new(),
        texts: BTreeSet::new(),
        asked_texts: BTreeSet::new(),
        absent: BTreeSet::new(),
        unknown_steps: Vec::new(),
        is_invalid: false,
        invalid: Vec::new(),
        invalid_rows: 0,
        bad: BTreeMap::new(),
        ends_included: false,
        section_increments: None,
        areas: OnceCell::new(),
        last_price: None,
    };
    reader.one_origin = reader.has_one_origin();
    reader.ends_included = reader.includes_ends();
    reader.find_texts();
    reader.find_empty();
    reader.find_statuses();
    reader.read_all();
}

impl<'t> Reader<'_, 't> {
    fn read_all(&mut self) {
        let mut titles_since_rate = 0;
        for index in self.plan.start..self.plan.table.len() {
            let Some(row) = self.plan.table.row(index) else { break };
            self.at = index;
            if let Some(section) = self.plan.sections.get(&index) {
                self.section_increments = Some(section.increments);
            }
            if let Some(country) = self.titles.countries.get(&index) {
                self.heading.clone_from(country);
            }
            let fate = self.row(row);
            self.continues = match fate {
                Fate::Read | Fate::SetAside(_) if !self.is_continuation(row) => Some(index),
                Fate::Read | Fate::SetAside(_) => self.continues,
                Fate::Problem | Fate::Title => None,
            };
            if let CodeSource::Parts(country, _) = self.plan.columns.code {
                match fate {
                    Fate::Title => self.country_row = None,
                    _ if !row.get(country).is_empty() => self.country_row = Some(index),
                    _ => {}
                }
            }
            if fate == Fate::Title {
                self.enter(row);
                self.warn_lost(row);
            }
            let counts = &mut self.deck.counts;
            match fate {
                Fate::Read => counts.read += 1,
                Fate::Problem => counts.problem += 1,
                Fate::SetAside(reason) => {
                    counts.set_aside += 1;
                    *self.deck.set_aside.entry(reason.to_owned()).or_default() += 1;
                }
                Fate::Title => titles_since_rate += 1,
            }
            if fate != Fate::Title {
                self.deck.counts.headings += titles_since_rate;
                titles_since_rate = 0;
            }
            if self.deck.rates.len() + self.expired.len() > MAX_RATES {
                let message = format!("The deck has more than {MAX_RATES} codes.");
                let refusal = super::Refusal::new(row.line, "TOO_MANY_CODES", message, "Split the deck.");
                self.deck.rates.clear();
                return self.deck.refuse(self.options.limits, refusal);
            }
        }
        self.deck.counts.footer += titles_since_rate;
        self.finish();
    }

    fn finish(&mut self) {
        self.join_bands();
        self.settle_duplicates();
        self.settle_expired();
        self.settle_excepted();
        self.settle_origins();
        self.ask_about_steps();
        self.ask_about_values();
        self.ask_about_magnitude();
        self.ask_all();
        self.describe();
        self.account();
        self.ask_about_cells();
        self.ask_about_invalid();
        if self.deck.questions.is_empty() {
            if self.deck.rates.is_empty() && self.deck.errors == 0 {
                let reasons: Vec<String> =
                    self.deck.set_aside.iter().map(|(reason, rows)| format!("{reason} ({rows})")).collect();
                let message = match reasons.as_slice() {
                    [] => "No row has a code and a price.".to_owned(),
                    reasons => format!("Each row was set aside, for these reasons: {}.", reasons.join(", ")),
                };
                let remedy = "Check which columns were found, and correct them with a mapping.";
                let refusal = super::Refusal::new(0, "RATES_MISSING", message, remedy);
                self.deck.refuse(self.options.limits, refusal);
            }
            warnings::warn(self.deck, self.options);
        }
    }

    fn describe(&mut self) {
        let plan = self.plan;
        let columns = &plan.columns;
        let money = |role| columns.first(role).is_some();
        self.deck.columns.minimum_charge = money(Role::MinimumCharge) || plan.fees.minimum.is_some();
        self.deck.columns.initial_price = money(Role::FirstPrice);
        self.deck.columns.free_seconds = money(Role::FreeSeconds)
            || self
                .deck
                .rates
                .iter()
                .any(|rate| matches!(&rate.entry, Entry::Price(rate) if rate.free_seconds > 0));
        for rate in &self.deck.rates {
            if let Entry::Price(rate) = &rate.entry {
                for (band, price) in rate.band_prices.iter() {
                    let columns = self.deck.columns.bands.entry(band.clone()).or_default();
                    columns.connection_fee |= price.connection_fee.is_some();
                    columns.initial_price |= price.initial_price.is_some();
                }
            }
        }
        self.describe_increments();
        self.describe_texts();
        self.describe_fees();
        self.warn_surcharges();
    }

    fn defaults(&self) -> (u32, u32) {
        let mapping = self.options.mapping;
        if let Some(section) = self.section_increments {
            return section;
        }
        let (initial, next) = match self.plan.said.general.as_slice() {
            [one] => *one,
            _ => (DEFAULT_INCREMENT, DEFAULT_INCREMENT),
        };
        (mapping.initial_increment.unwrap_or(initial), mapping.increment.unwrap_or(next))
    }

    // ---- problems and doubts

    fn problem(&mut self, row: Row<'_>, column: Option<usize>, error: CellError) {
        let name = |at: usize| match self.plan.names.get(at).filter(|name| !name.is_empty()) {
            Some(name) => name.clone(),
            None => format!("column {}", at + 1),
        };
        self.is_invalid = true;
        if self.invalid.len() < MAX_INVALID_SHOWN {
            self.invalid.push((row.line, error.code));
        }
        if let Some(column) = column {
            self.remember(row, column);
        }
        let skipped = self.options.mapping.skip_invalid == Some(true);
        let problem = RowProblem {
            line: row.line,
            column: column.map(name),
            severity: if skipped { Severity::Warning } else { Severity::Error },
            code: Cow::Borrowed(error.code),
            message: error.message,
            value: column.map(|at| row.get(at).chars().take(80).collect()),
            remedy: Some(error.remedy.to_owned()),
        };
        self.deck.note(self.options.limits, problem);
    }

    // ---- rows

    fn cell(&self, row: Row<'t>, role: Role) -> &'t str {
        self.plan.columns.first(role).map_or("", |column| row.get(column))
    }

    fn row(&mut self, row: Row<'t>) -> Fate {
        if self.titles.is_footer(self.at) || titles::is_title(self.plan, row) {
            return Fate::Title;
        }
        // a row that has only codes continues the row above it
        let coded = row;
        let above =
            self.continues.filter(|_| self.is_continuation(row)).and_then(|above| self.plan.table.row(above));
        let row = above.unwrap_or(row);
        if let Some(reason) = self.set_aside(row) {
            if reason == "BY_ORIGIN" {
                self.keep_origin(coded);
            }
            return Fate::SetAside(reason);
        }
        self.is_invalid = false;
        let fate = self.change(row).and_then(|change| self.entries(coded, row, change));
        if !self.is_invalid {
            return fate.unwrap_or(Fate::Problem);
        }
        self.invalid_rows += 1;
        match self.options.mapping.skip_invalid {
            Some(true) => Fate::SetAside("ROW_INVALID"),
            _ => Fate::Problem,
        }
    }

    /// Why a tariff cannot represent the row.
    fn set_aside(&self, row: Row<'_>) -> Option<&'static str> {
        if self.is_by_origin(row) {
            return Some("BY_ORIGIN");
        }
        if is_true(self.text(row, Role::ExactMatch)) {
            return Some("EXACT_MATCH");
        }
        if !origins::is_general(self.text(row, Role::Jurisdiction), &["international", "intl"]) {
            return Some("BY_JURISDICTION");
        }
        if time_band(self.text(row, Role::Period)).is_none() {
            return Some("PERIOD_NOT_A_TIME");
        }
        if self.ignores_band(row) {
            return Some("BAND_LEFT_OUT");
        }
        if self.plan.columns.first(Role::Active).is_some_and(|column| is_false(row.get(column))) {
            return Some("NOT_ACTIVE");
        }
        let chosen = |(column, values): &(usize, Vec<String>)| {
            values.iter().any(|value| words(value) == words(row.get(*column)))
        };
        if !self.only.iter().all(chosen) {
            return Some("NOT_SELECTED");
        }
        (self.options.mapping.skip_uncoded == Some(true) && self.is_uncoded(row)).then_some("CODE_MISSING")
    }

    fn text<'r>(&self, row: Row<'r>, role: Role) -> &'r str {
        self.plan.columns.first(role).map_or("", |column| row.get(column))
    }

    /// Adds the row's entries; `None` if there was an error or doubt. All cells are checked, so that one attempt reports all errors.
    fn entries(&mut self, coded: Row<'t>, row: Row<'t>, change: StatusRule) -> Option<Fate> {
        let codes = self.codes(coded);
        let unchanged = self.price_column(row) != self.plan.columns.price;
        let closing = self.closing_date.filter(|_| change != StatusRule::Keep);
        let general =
            closing.or_else(|| self.date_of_row(row)).or(self.plan.effective).filter(|_| !unchanged);
        let effective = self.date(row, Role::Effective).map(|date| date.or(general));
        let ends = self.date(row, Role::Ends).map(|end| self.first_day_without(end));
        let rate = if change == StatusRule::Keep { Some(self.rate(row)) } else { None };
        let (codes, effective, ends) = (codes?, effective?, ends?);
        let template = match rate {
            Some(rate) => Some(rate?),
            None => None,
        };
        if change == StatusRule::Keep && self.is_past(ends) {
            if self.expired.is_empty() {
                self.expired_line = row.line;
            }
            self.expired.extend(codes);
            return Some(Fate::SetAside("EXPIRED"));
        }
        if template.is_none() && self.is_short_number(coded) {
            return Some(Fate::SetAside("SHORT_NUMBER"));
        }
        let band = self.row_band(row);
        let names_codes = template.as_ref().is_some_and(|rate| rate.destination.is_empty());
        for prefix in codes {
            if let (Some(band), Some(rate)) = (&band, &template) {
                let fee = self.plan.columns.first(Role::ConnectionFee).map(|_| rate.connection_fee);
                let price = BandPrice {
                    price_per_minute: rate.price_per_minute,
                    initial_price: rate.initial_price,
                    connection_fee: fee,
                };
                self.band_rows.push(BandRow { line: row.line, prefix, effective, band: band.clone(), price });
                continue;
            }
            let ended = template.as_ref().and_then(|rate| self.ended(&rate.destination, &prefix));
            let entry = match (template.as_ref().filter(|_| ended.is_none()), ended.unwrap_or(change)) {
                (Some(rate), _) => {
                    let destination =
                        if names_codes { format!("+{prefix}") } else { rate.destination.clone() };
                    Entry::Price(Rate { prefix, destination, ..(*rate).clone() })
                }
                (None, StatusRule::Block) => Entry::Blocked(prefix),
                (None, _) => Entry::Removed(prefix),
            };
            let entry = CarrierRate { line: row.line, effective, ends, entry };
            if self.first_of_its_code(&entry)? {
                self.deck.rates.push(entry);
            }
        }
        Some(Fate::Read)
    }
}
