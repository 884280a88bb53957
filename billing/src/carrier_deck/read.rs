//! Reads the rows according to a plan. Each row is counted once. A doubt that no rule decides becomes a question, asked once for the whole file.

use std::borrow::Cow;
use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::codes::{
    self, CodeDoubt, CodeRules, HyphenRule, ListRule, SpaceRule, TrunkZero, is_assigned, look_national,
};
use super::columns::{CodeSource, country_question};
use super::detect::{Plan, cents_question, date_of, unit_question};
use super::header::{Role, StatusRule, TimeName, currencies, mentions_end, status, time_band, unit, words};
use super::increments::{Doubt, IncrementOrder, Increments};
use super::mapping::{ColumnRef, Mapping, positions};
use super::numbers::{Number, PriceRounding};
use super::table::{Kind, Row};
use super::{
    Answer, CarrierDeck, CarrierRate, CellError, Confidence, Detected, Entry, Options, Question, warnings,
};
use crate::deck::{RowProblem, Severity};
use crate::money::Micros;
use crate::tariff::{BandPrice, MAX_DESTINATION_CHARS, MAX_RATES, Rate};

/// The increments, in seconds, for rows that have none.
const DEFAULT_INCREMENT: u32 = 60;
/// Below this median, in micros, prices without a unit may be per second.
const LOW_MEDIAN: i64 = 200;
/// At or above this median, in micros per minute, prices in dollars or euros may be in cents.
const CENTS_MEDIAN: i64 = 3_000_000;
/// Above this median, in micros per minute, prices are probably not per second.
const HIGH_MEDIAN: i64 = 5_000_000;

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
    /// The line of each code and date that was read.
    seen: HashMap<(String, Option<NaiveDate>), u64>,
    asked: BTreeMap<&'static str, Example>,
    /// The name of the row above, for rows with an empty name.
    last_name: String,
    /// The accepted values of columns.
    only: Vec<(usize, Vec<String>)>,
    /// Prices from rows that apply in one band only; they are added to the rates of rows without a band.
    band_rows: Vec<BandRow>,
    defaulted: u64,
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
        seen: HashMap::new(),
        asked: BTreeMap::new(),
        last_name: String::new(),
        only,
        band_rows: Vec::new(),
        defaulted: 0,
    };
    reader.read_all();
}

impl<'t> Reader<'_, 't> {
    fn read_all(&mut self) {
        let mut titles_since_rate = 0;
        for index in self.plan.start..self.plan.table.len() {
            let Some(row) = self.plan.table.row(index) else { break };
            let fate = self.row(row);
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
            if self.deck.rates.len() > MAX_RATES {
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
        self.ask_about_values();
        self.ask_all();
        self.describe();
        if self.deck.questions.is_empty() {
            if self.deck.rates.is_empty() && self.deck.errors == 0 {
                let refusal = super::Refusal::new(
                    0,
                    "RATES_MISSING",
                    "No row has a code and a price.",
                    "Check which columns were found, and correct them with a mapping.",
                );
                self.deck.refuse(self.options.limits, refusal);
            }
            warnings::warn(self.deck, self.options);
        }
    }

    fn describe(&mut self) {
        let plan = self.plan;
        let columns = &plan.columns;
        let money = |role| columns.first(role).is_some();
        self.deck.columns.minimum_charge = money(Role::MinimumCharge);
        self.deck.columns.initial_price = money(Role::FirstPrice);
        self.deck.columns.free_seconds = money(Role::FreeSeconds)
            || self
                .deck
                .rates
                .iter()
                .any(|rate| matches!(&rate.entry, Entry::Price(rate) if rate.free_seconds > 0));
        for rate in &self.deck.rates {
            if let Entry::Price(rate) = &rate.entry {
                for (band, price) in &rate.band_prices {
                    let columns = self.deck.columns.bands.entry(band.clone()).or_default();
                    columns.connection_fee |= price.connection_fee.is_some();
                    columns.initial_price |= price.initial_price.is_some();
                }
            }
        }
        if self.defaulted > 0 {
            let (initial, next) = self.defaults();
            let reason = format!("{} rows have no increments. A mapping can set others.", self.defaulted);
            self.deck.detected.push(Detected::new(
                "increments",
                format!("{initial}/{next}"),
                reason,
                Confidence::Low,
            ));
        }
    }

    fn defaults(&self) -> (u32, u32) {
        let mapping = self.options.mapping;
        (
            mapping.initial_increment.unwrap_or(DEFAULT_INCREMENT),
            mapping.increment.unwrap_or(DEFAULT_INCREMENT),
        )
    }

    // ---- problems and doubts

    fn problem(&mut self, row: Row<'_>, column: Option<usize>, error: CellError) {
        let name = |at: usize| match self.plan.names.get(at).filter(|name| !name.is_empty()) {
            Some(name) => name.clone(),
            None => format!("column {}", at + 1),
        };
        let problem = RowProblem {
            line: row.line,
            column: column.map(name),
            severity: Severity::Error,
            code: Cow::Borrowed(error.code),
            message: error.message,
            value: column.map(|at| row.get(at).chars().take(80).collect()),
            remedy: Some(error.remedy.to_owned()),
        };
        self.deck.note(self.options.limits, problem);
    }

    fn ask(&mut self, code: &'static str, row: Row<'_>, column: usize) {
        self.asked
            .entry(code)
            .or_insert_with(|| Example { line: row.line, cell: row.get(column).chars().take(80).collect() });
    }

    fn ask_all(&mut self) {
        for (code, example) in std::mem::take(&mut self.asked) {
            let (text, answers) = question(code);
            self.deck.questions.push(Question {
                code: code.into(),
                text: text.to_owned(),
                line: example.line,
                example: example.cell,
                answers,
            });
        }
    }

    /// Asks about doubts that only the values of the whole deck can raise.
    fn ask_about_values(&mut self) {
        if self.options.mapping.code_prefix.is_none() {
            let codes = self.deck.rates.len();
            let unassigned = self.deck.rates.iter().filter(|rate| !is_assigned(rate.prefix())).count();
            let national = self.plan.codes.before.is_empty()
                && !self.plan.codes.partial
                && look_national(self.deck.rates.iter().map(CarrierRate::prefix));
            if unassigned * 10 > codes || national {
                let wrong = |rate: &&CarrierRate| national || !is_assigned(rate.prefix());
                if let Some(rate) = self.deck.rates.iter().find(wrong) {
                    let column = match self.plan.columns.code {
                        CodeSource::Full(column) | CodeSource::Parts(_, column) => column,
                    };
                    let name = self.plan.names.get(column).cloned().unwrap_or_default();
                    let question = country_question(&name, rate.line, rate.prefix());
                    self.deck.questions.push(question);
                }
            }
        }
        let mut prices: Vec<i64> = self
            .deck
            .rates
            .iter()
            .filter_map(|rate| match &rate.entry {
                Entry::Price(rate) if rate.price_per_minute.0 > 0 => Some(rate.price_per_minute.0),
                _ => None,
            })
            .collect();
        prices.sort_unstable();
        let median = prices.get(prices.len() / 2).copied().unwrap_or(LOW_MEDIAN);
        let is_mapped = self.options.mapping.price_unit.is_some();
        self.ask_about_cents(median);
        if !self.plan.unit_is_known && median < LOW_MEDIAN {
            self.deck
                .questions
                .push(unit_question("The prices are very low, and the file does not name their unit."));
        } else if self.plan.unit == 1 && !is_mapped && median > HIGH_MEDIAN {
            self.deck.questions.push(unit_question("The prices are very high for prices per second."));
        }
    }

    /// If prices are several dollars per minute, they are probably in cents.
    fn ask_about_cents(&mut self, median: i64) {
        let currency = self.options.currency.or(self.plan.currency.as_deref());
        let is_strong = currency.is_none_or(|currency| matches!(currency, "USD" | "EUR" | "GBP" | "CHF"));
        if is_strong
            && median >= CENTS_MEDIAN
            && !self.plan.cents
            && self.options.mapping.price_in_cents.is_none()
        {
            self.deck.questions.push(cents_question("The prices are very high."));
        }
    }

    // ---- rows

    fn cell(&self, row: Row<'t>, role: Role) -> &'t str {
        self.plan.columns.first(role).map_or("", |column| row.get(column))
    }

    fn row(&mut self, row: Row<'t>) -> Fate {
        if self.is_title(row) {
            return Fate::Title;
        }
        if let Some(reason) = self.set_aside(row) {
            return Fate::SetAside(reason);
        }
        let errors = self.deck.errors;
        match self.change(row) {
            Some(change) => {
                let ok = self.entries(row, change).is_some();
                if ok && self.deck.errors == errors { Fate::Read } else { Fate::Problem }
            }
            None => Fate::Problem,
        }
    }

    /// A row without a code and a price, or a repeated header.
    fn is_title(&self, row: Row<'_>) -> bool {
        let has_digit = |column: usize| row.get(column).contains(|letter: char| letter.is_ascii_digit());
        let (coded, clean) = match self.plan.columns.code {
            CodeSource::Full(code) => (has_digit(code), codes::looks_like_codes(row.get(code))),
            CodeSource::Parts(country, area) => (
                has_digit(country) || has_digit(area),
                codes::looks_like_codes(row.get(country)) || codes::looks_like_codes(row.get(area)),
            ),
        };
        let priced = has_digit(self.plan.columns.price);
        (!coded
            && !priced
            && (row.filled() <= 2 || self.is_header(row) || row.get(self.plan.columns.price).is_empty()))
            || (!priced && !clean && row.filled() <= 2)
    }

    fn is_header(&self, row: Row<'_>) -> bool {
        row.cells()
            .zip(&self.plan.names)
            .filter(|(cell, name)| !cell.is_empty() && name.starts_with(*cell))
            .count()
            >= 2
    }

    /// Why a tariff cannot represent the row.
    fn set_aside(&self, row: Row<'_>) -> Option<&'static str> {
        if !is_general(self.text(row, Role::Origin), &[]) {
            return Some("BY_ORIGIN");
        }
        if is_true(self.text(row, Role::ExactMatch)) {
            return Some("EXACT_MATCH");
        }
        if !is_general(self.text(row, Role::Jurisdiction), &["international", "intl"]) {
            return Some("BY_JURISDICTION");
        }
        if time_band(self.text(row, Role::Period)).is_none() {
            return Some("PERIOD_NOT_A_TIME");
        }
        if self.plan.columns.first(Role::Active).is_some_and(|column| is_false(row.get(column))) {
            return Some("NOT_ACTIVE");
        }
        let chosen = |(column, values): &(usize, Vec<String>)| {
            values.iter().any(|value| words(value) == words(row.get(*column)))
        };
        (!self.only.iter().all(chosen)).then_some("NOT_SELECTED")
    }

    fn text<'r>(&self, row: Row<'r>, role: Role) -> &'r str {
        self.plan.columns.first(role).map_or("", |column| row.get(column))
    }

    /// The row's effect on its codes; `None` if its status is unknown.
    fn change(&mut self, row: Row<'t>) -> Option<StatusRule> {
        if is_true(self.cell(row, Role::Blocked)) {
            return Some(StatusRule::Block);
        }
        if is_true(self.cell(row, Role::Removed)) {
            return Some(StatusRule::Remove);
        }
        let plan = self.plan;
        let columns = &plan.columns;
        let mut change = StatusRule::Keep;
        for column in columns.all(Role::Status).iter().copied() {
            match self.status(row.get(column)) {
                None => {
                    let message = "The status is unknown.";
                    let remedy = "Give its meaning in the mapping: {\"statuses\": {\"word\": \"keep\"}}, or remove or block.";
                    self.problem(row, Some(column), CellError::new("STATUS_UNKNOWN", message, remedy));
                    return None;
                }
                Some(StatusRule::Keep) => {}
                Some(found) => change = found,
            }
        }
        // remarks are free text, so a remark counts only if it is a status word; the price cell may contain a status word, too
        let remarks = columns.all(Role::Comment).iter().chain(std::iter::once(&columns.price));
        for column in remarks {
            let text = row.get(*column);
            if text.contains(char::is_alphabetic) {
                match self.status(text) {
                    Some(found) if found != StatusRule::Keep => change = found,
                    None if mentions_end(text) => self.warn_remark(row, *column),
                    _ => {}
                }
            }
        }
        Some(change)
    }

    /// Warns about a remark that mentions removal or blocking but is not a status word.
    fn warn_remark(&mut self, row: Row<'_>, column: usize) {
        self.deck.note(
            self.options.limits,
            RowProblem {
                line: row.line,
                column: self.plan.names.get(column).cloned(),
                severity: Severity::Warning,
                code: Cow::Borrowed("REMARK_UNREAD"),
                message:
                    "The remark may say that the code is removed or blocked, but the row is read as a price."
                        .to_owned(),
                value: Some(row.get(column).chars().take(80).collect()),
                remedy: Some("Read the remark, and remove or block the code if necessary.".to_owned()),
            },
        );
    }

    fn status(&self, text: &str) -> Option<StatusRule> {
        if text.is_empty() {
            return Some(StatusRule::Keep);
        }
        let wanted = words(text);
        let mapped = self.options.mapping.statuses.iter().find(|(word, _)| words(word) == wanted);
        match mapped {
            Some((_, rule)) => Some(*rule),
            None if !text.contains(char::is_alphabetic) => Some(StatusRule::Keep),
            None => status(text),
        }
    }

    /// Adds the row's entries; `None` if there was an error or doubt. All cells are checked, so that one attempt reports all errors.
    fn entries(&mut self, row: Row<'t>, change: StatusRule) -> Option<()> {
        let codes = self.codes(row);
        let effective = self.date(row, Role::Effective);
        let ends = self.date(row, Role::Ends);
        let rate = if change == StatusRule::Keep { Some(self.rate(row)) } else { None };
        let (codes, effective, ends) = (codes?, effective?, ends?);
        let template = match rate {
            Some(rate) => Some(rate?),
            None => None,
        };
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
            self.first_of_its_code(row, &prefix, effective)?;
            let entry = match (&template, change) {
                (Some(rate), _) => {
                    let destination =
                        if names_codes { format!("+{prefix}") } else { rate.destination.clone() };
                    Entry::Price(Rate { prefix, destination, ..rate.clone() })
                }
                (None, StatusRule::Block) => Entry::Blocked(prefix),
                (None, _) => Entry::Removed(prefix),
            };
            self.deck.rates.push(CarrierRate { line: row.line, effective, ends, entry });
        }
        Some(())
    }

    fn first_of_its_code(&mut self, row: Row<'_>, prefix: &str, effective: Option<NaiveDate>) -> Option<()> {
        let line = match self.seen.entry((prefix.to_owned(), effective)) {
            Slot::Vacant(free) => {
                free.insert(row.line);
                return Some(());
            }
            Slot::Occupied(first) => *first.get(),
        };
        let column = match self.plan.columns.code {
            CodeSource::Full(column) | CodeSource::Parts(_, column) => column,
        };
        let message =
            format!("Code {prefix} is on line {line} and on line {}, with the same date.", row.line);
        let remedy =
            "Remove one of the rows, or select rows by the values of a column (`only` in the mapping).";
        self.problem(row, Some(column), CellError::new("DUPLICATE_PREFIX", message, remedy));
        None
    }

    fn codes(&mut self, row: Row<'_>) -> Option<Vec<String>> {
        let plan = self.plan;
        let rules = &plan.codes;
        let (column, found) = match self.plan.columns.code {
            CodeSource::Full(column) => (column, self.full_codes(row, column, rules)),
            CodeSource::Parts(country, area) => match codes::country(row.get(country), row.kind(country)) {
                Ok(digits) => (area, codes::read(&digits, row.get(area), row.kind(area), rules)),
                Err(doubt) => (country, Err(doubt)),
            },
        };
        match found {
            Ok(found) => return Some(found.codes),
            Err(CodeDoubt::Hyphen) => self.ask("CODE_HYPHEN", row, column),
            Err(CodeDoubt::List) => self.ask("CODE_LIST", row, column),
            Err(CodeDoubt::Space) => self.ask("CODE_SPACE", row, column),
            Err(CodeDoubt::TrunkZero) => self.ask("TRUNK_ZERO", row, column),
            Err(CodeDoubt::Error(error)) => self.problem(row, Some(column), error),
        }
        None
    }

    /// Reads codes from one column, or ranges whose ends are in two columns.
    fn full_codes(&self, row: Row<'_>, column: usize, rules: &CodeRules) -> Result<codes::Codes, CodeDoubt> {
        let end = self.plan.columns.first(Role::PrefixEnd).map_or("", |column| row.get(column));
        let start = row.get(column);
        if end.is_empty() || end == start {
            return codes::read("", start, row.kind(column), rules);
        }
        let rules = CodeRules { hyphen: Some(HyphenRule::Range), ..rules.clone() };
        codes::read("", &format!("{start}-{end}"), row.kind(column), &rules)
    }

    fn date(&mut self, row: Row<'_>, role: Role) -> Option<Option<NaiveDate>> {
        let Some(column) = self.plan.columns.first(role) else { return Some(None) };
        match date_of(row.get(column), self.plan.order) {
            Ok(date) => Some(date),
            Err(error) => {
                self.problem(row, Some(column), error);
                None
            }
        }
    }

    /// The row's rate, still without its code; `None` after an error.
    fn rate(&mut self, row: Row<'t>) -> Option<Rate> {
        self.check_currency(row)?;
        let destination = self.destination(row);
        let price = self.amount(row, self.plan.columns.price, true);
        let increments = self.increments(row);
        let fee = self.fee(row, self.plan.columns.first(Role::ConnectionFee));
        let minimum = self.fee(row, self.plan.columns.first(Role::MinimumCharge));
        let free = self.free_seconds(row);
        let first =
            self.plan.columns.first(Role::FirstPrice).map(|column| (column, self.amount(row, column, true)));
        let bands = self.band_prices(row);
        let (price, increments) = (price?, increments?);
        let (initial_price, fee) =
            Self::with_first_price(self.options.mapping, first, price, increments, fee?)?;
        let rate = Rate {
            prefix: "1".to_owned(),
            destination: destination?,
            price_per_minute: price,
            initial_price,
            connection_fee: fee,
            initial_increment: increments.initial,
            increment: increments.next,
            minimum_charge: minimum?,
            free_seconds: increments.free.unwrap_or(free?),
            band_prices: Self::banded(self.options.mapping, bands?, increments)?,
        };
        self.valid(row, rate)
    }

    /// Checks the ranges of all fields. An empty destination is later replaced by the code.
    fn valid(&mut self, row: Row<'_>, rate: Rate) -> Option<Rate> {
        let named = if rate.destination.is_empty() {
            Rate { destination: "-".to_owned(), ..rate.clone() }
        } else {
            rate.clone()
        };
        match named.validate() {
            Ok(()) => Some(rate),
            Err(error) => {
                let column = match error.field {
                    "destination" => self.plan.columns.first(Role::Destination),
                    "connection_fee" => self.plan.columns.first(Role::ConnectionFee),
                    "initial_price" => self.plan.columns.first(Role::FirstPrice),
                    "minimum_charge" => self.plan.columns.first(Role::MinimumCharge),
                    _ => Some(self.plan.columns.price),
                };
                self.problem(row, column, CellError::new(error.code, error.message, "Correct the cell."));
                None
            }
        }
    }

    fn check_currency(&mut self, row: Row<'_>) -> Option<()> {
        let Some(column) = self.plan.columns.first(Role::Currency) else { return Some(()) };
        let found = currencies(&row.get(column).to_uppercase());
        let wanted = self.options.mapping.currency.as_deref().or(self.options.currency);
        match (found.as_slice(), wanted) {
            ([found], Some(wanted)) if *found != wanted => {
                let message = format!("The price is in {found}, but the tariff's prices are in {wanted}.");
                let remedy = "Import the row into a tariff in the row's currency.";
                self.problem(row, Some(column), CellError::new("CURRENCY_MISMATCH", message, remedy));
                None
            }
            ([], Some(_)) if !row.get(column).is_empty() && self.options.mapping.currency.is_none() => {
                let message = "The currency is unknown.";
                let remedy = "Write an ISO 4217 code, or set `currency` in the mapping.";
                self.problem(row, Some(column), CellError::new("CURRENCY_UNKNOWN", message, remedy));
                None
            }
            ([found], None) => {
                let known = self.deck.currency.get_or_insert_with(|| (*found).to_owned());
                if known == found {
                    return Some(());
                }
                let message = "The deck has prices in several currencies.";
                self.problem(
                    row,
                    Some(column),
                    CellError::new("CURRENCY_MISMATCH", message, "Make a separate deck for each currency."),
                );
                None
            }
            _ => Some(()),
        }
    }

    fn destination(&mut self, row: Row<'t>) -> Option<String> {
        let plan = self.plan;
        let columns = &plan.columns;
        let (name, country, network) =
            (self.cell(row, Role::Destination), self.cell(row, Role::Country), self.cell(row, Role::Network));
        let has_names = [Role::Destination, Role::Country, Role::Network]
            .into_iter()
            .any(|role| columns.first(role).is_some());
        let mut parts: Vec<&str> = Vec::new();
        for part in if name.is_empty() { [country, network] } else { [country, name] } {
            let folded = words(part).join(" ");
            let known = parts.iter().any(|before| words(before).join(" ") == folded) || folded.is_empty();
            if !known {
                parts.push(part);
            }
        }
        if let [country, name] = parts.as_slice()
            && words(name).join(" ").contains(&words(country).join(" "))
        {
            parts.remove(0);
        }
        let mut text = parts.join(" - ").split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() > MAX_DESTINATION_CHARS {
            text =
                parts.last().map_or(String::new(), |part| part.chars().take(MAX_DESTINATION_CHARS).collect());
        }
        if text.is_empty() && has_names {
            match self.options.mapping.fill_down {
                Some(true) => text.clone_from(&self.last_name),
                Some(false) => {}
                None => {
                    let column =
                        columns.first(Role::Destination).or(columns.first(Role::Country)).unwrap_or_default();
                    self.ask("DESTINATION_EMPTY", row, column);
                    return None;
                }
            }
        }
        self.last_name.clone_from(&text);
        Some(text)
    }

    /// A price or fee in micros. `timed` says whether the amount is a price for a unit of time; such a price is converted to a price per minute.
    fn amount(&mut self, row: Row<'_>, column: usize, timed: bool) -> Option<Micros> {
        let cell = row.get(column);
        if cell.is_empty() {
            self.problem(
                row,
                Some(column),
                CellError::new("PRICE_MISSING", "The price is missing.", "Enter the price."),
            );
            return None;
        }
        let number = match Number::read(cell, row.kind(column), self.plan.mark, self.plan.groups) {
            Ok(number) => number,
            Err(error) => {
                self.problem(row, Some(column), error);
                return None;
            }
        };
        let (per, to) = if timed { (self.unit(row)?, 60) } else { (1, 1) };
        let shift = if self.plan.cents { 2 } else { 0 };
        let amount = number.micros(per, to, shift, self.options.mapping.price_rounding);
        if amount.is_none() {
            self.ask("PRICE_DECIMALS", row, column);
        }
        amount
    }

    fn unit(&mut self, row: Row<'_>) -> Option<u32> {
        let column =
            self.plan.columns.first(Role::Unit).filter(|_| self.options.mapping.price_unit.is_none());
        let Some(column) = column else { return Some(self.plan.unit) };
        let cell = row.get(column);
        if cell.is_empty() {
            return Some(self.plan.unit);
        }
        let found = unit(cell);
        if found.is_none() {
            let message = "The unit of the price is unknown.";
            self.problem(
                row,
                Some(column),
                CellError::new(
                    "UNIT_UNKNOWN",
                    message,
                    "Write minute or second, or set `price_unit` in the mapping.",
                ),
            );
        }
        found
    }

    fn fee(&mut self, row: Row<'_>, column: Option<usize>) -> Option<Micros> {
        match column.filter(|column| !matches!(row.get(*column), "" | "-")) {
            None => Some(Micros::ZERO),
            Some(column) => self.amount(row, column, false),
        }
    }

    fn increments(&mut self, row: Row<'_>) -> Option<Increments> {
        let plan = self.plan;
        let columns = &plan.columns;
        let (initial, next) = self.defaults();
        if let Some(column) = columns.first(Role::Increment) {
            return match row.get(column) {
                "" | "-" => {
                    self.defaulted += 1;
                    Some(Increments { initial, next, free: None })
                }
                cell => self.increment_cell(row, column, cell),
            };
        }
        let first = self.seconds(row, columns.first(Role::InitialIncrement))?;
        let following = self.seconds(row, columns.first(Role::NextIncrement))?;
        self.defaulted += u64::from(first.is_none() && following.is_none());
        match (first, following) {
            (Some(initial), Some(next)) => Some(Increments { initial, next, free: None }),
            (Some(both), None) => Some(Increments { initial: both, next: both, free: None }),
            (None, Some(both)) => Some(Increments { initial: both, next: both, free: None }),
            (None, None) => Some(Increments { initial, next, free: None }),
        }
    }

    fn increment_cell(&mut self, row: Row<'_>, column: usize, cell: &str) -> Option<Increments> {
        match Increments::read(cell, row.kind(column), self.options.mapping.increment_order) {
            Ok(found) => Some(found),
            Err(Doubt::Order) => {
                self.ask("INCREMENT_ORDER", row, column);
                None
            }
            Err(Doubt::Error(error)) => {
                self.problem(row, Some(column), error);
                None
            }
        }
    }

    /// One increment; `Some(None)` if the column or cell is empty.
    fn seconds(&mut self, row: Row<'_>, column: Option<usize>) -> Option<Option<u32>> {
        let Some(column) = column.filter(|column| !row.get(*column).is_empty()) else { return Some(None) };
        match Increments::read(row.get(column), row.kind(column), None) {
            Ok(found) if found.initial == found.next && found.free.is_none() => Some(Some(found.initial)),
            _ => {
                let message = "The increment is not a number of seconds between 1 and 86400.";
                self.problem(
                    row,
                    Some(column),
                    CellError::new("INCREMENT_INVALID", message, "Correct the increment."),
                );
                None
            }
        }
    }

    fn free_seconds(&mut self, row: Row<'_>) -> Option<u32> {
        let Some(column) =
            self.plan.columns.first(Role::FreeSeconds).filter(|column| !row.get(*column).is_empty())
        else {
            return Some(0);
        };
        let cell = row.get(column);
        let number =
            if cell.len() <= 5 && row.kind(column) != Kind::Date { cell.parse::<u32>().ok() } else { None };
        if number.is_none() {
            let message = "The cell is not a number of seconds.";
            self.problem(row, Some(column), CellError::new("NOT_A_NUMBER", message, "Correct the cell."));
        }
        number
    }

    /// The price of the initial increment, if it differs from the next price, and the fee. If the mapping asks for it, a higher first price becomes a
    /// fee, which makes the same charge, because the initial increment is always charged. `None` after an error in the cell of the first price.
    fn with_first_price(
        mapping: &Mapping,
        first: Option<(usize, Option<Micros>)>,
        price: Micros,
        increments: Increments,
        fee: Micros,
    ) -> Option<(Option<Micros>, Micros)> {
        let Some((_, first)) = first else { return Some((None, fee)) };
        let first = first?;
        let extra = first.checked_sub(price).ok()?;
        if extra == Micros::ZERO {
            return Some((None, fee));
        }
        let seconds = extra.checked_mul(increments.initial).ok().filter(|sum| sum.0 > 0 && sum.0 % 60 == 0);
        match seconds {
            Some(sum) if mapping.first_price_as_fee == Some(true) => {
                Some((None, fee.checked_add(Micros(sum.0 / 60)).ok()?))
            }
            _ => Some((Some(first), fee)),
        }
    }

    /// The band of a row whose price applies in only one band.
    fn row_band(&self, row: Row<'_>) -> Option<String> {
        if !self.plan.columns.bands.is_empty() {
            return None;
        }
        match time_band(self.text(row, Role::Period))? {
            TimeName::Standard => None,
            TimeName::Band(name) => self.options.mapping.band(&name),
        }
    }

    /// The prices of the row's bands, with their first prices.
    #[allow(clippy::type_complexity, reason = "the pair lives for one row")]
    fn band_prices(
        &mut self,
        row: Row<'t>,
    ) -> Option<Vec<(String, BandPrice, Option<(usize, Option<Micros>)>)>> {
        let plan = self.plan;
        let period = self.cell(row, Role::Period);
        let mut found = Some(Vec::new());
        for band in &plan.columns.bands {
            let name = match time_band(period) {
                Some(TimeName::Band(name)) => name,
                _ => band.name.clone(),
            };
            let Some(name) = self.options.mapping.band(&name) else { continue };
            if row.get(band.price).is_empty() {
                continue;
            }
            let price = self.amount(row, band.price, true);
            let fee = band.fee.map(|column| self.fee(row, Some(column)));
            let first = band.first.map(|column| (column, self.amount(row, column, true)));
            match (price, fee) {
                (Some(price_per_minute), None | Some(Some(_))) => {
                    let price =
                        BandPrice { price_per_minute, initial_price: None, connection_fee: fee.flatten() };
                    if let Some(found) = &mut found {
                        found.push((name, price, first));
                    }
                }
                _ => found = None,
            }
        }
        found
    }

    fn banded(
        mapping: &Mapping,
        prices: Vec<BandCell>,
        increments: Increments,
    ) -> Option<BTreeMap<String, BandPrice>> {
        let mut bands = BTreeMap::new();
        for (name, mut price, first) in prices {
            let fee = price.connection_fee.unwrap_or_default();
            let (initial_price, with_first) =
                Self::with_first_price(mapping, first, price.price_per_minute, increments, fee)?;
            if with_first != fee {
                price.connection_fee = Some(with_first);
            }
            bands.insert(name, BandPrice { initial_price, ..price });
        }
        Some(bands)
    }

    /// Adds the prices from rows for one band to the rates of the same codes.
    fn join_bands(&mut self) {
        let rows = std::mem::take(&mut self.band_rows);
        if rows.is_empty() {
            return;
        }
        let mut index: HashMap<(String, Option<NaiveDate>), usize> = HashMap::new();
        for (at, rate) in self.deck.rates.iter().enumerate() {
            index.insert((rate.prefix().to_owned(), rate.effective), at);
        }
        for BandRow { line, prefix, effective, band, price } in rows {
            let found = index.get(&(prefix.clone(), effective)).and_then(|at| self.deck.rates.get_mut(*at));
            let (code, message) = match found.map(|rate| &mut rate.entry) {
                Some(Entry::Price(rate)) if !rate.band_prices.contains_key(&band) => {
                    rate.band_prices.insert(band, price);
                    continue;
                }
                Some(Entry::Price(_)) => {
                    ("DUPLICATE_PREFIX", format!("Code {prefix} has two prices for the same time."))
                }
                _ => (
                    "BAND_WITHOUT_PRICE",
                    format!("Code {prefix} has a price for one time, but none for the rest of the week."),
                ),
            };
            let problem = RowProblem {
                line,
                column: None,
                severity: Severity::Error,
                code: Cow::Borrowed(code),
                message,
                value: Some(prefix),
                remedy: Some("Give the code one price for each band and one for all other times.".to_owned()),
            };
            self.deck.counts.read = self.deck.counts.read.saturating_sub(1);
            self.deck.counts.problem += 1;
            self.deck.note(self.options.limits, problem);
        }
    }
}

/// Whether the row applies to all callers and all calls, according to this text.
fn is_general(text: &str, more: &[&str]) -> bool {
    const ALL: &[&str] = &[
        "any",
        "all",
        "world",
        "worldwide",
        "default",
        "rest",
        "of",
        "the",
        "global",
        "todos",
        "none",
        "others",
    ];
    let words = words(text);
    words == ["n", "a"]
        || words.iter().all(|word| ALL.contains(&word.as_str()) || more.contains(&word.as_str()))
}

fn is_true(cell: &str) -> bool {
    !cell.is_empty() && !is_false(cell) && !cell.chars().all(|letter| letter == '-')
}

fn is_false(cell: &str) -> bool {
    matches!(
        words(cell).join(" ").as_str(),
        "0" | "no" | "n" | "false" | "f" | "nao" | "non" | "nein" | "off" | "inactive"
    )
}

/// The text and the answers of a question.
fn question(code: &str) -> (&'static str, Vec<Answer>) {
    let none = Mapping::default;
    match code {
        "CODE_HYPHEN" => (
            "A hyphen between codes may join two parts of one code or mark a range. Choose its meaning.",
            vec![
                Answer::new(
                    "the digits on both sides are one code",
                    Mapping { code_hyphen: Some(HyphenRule::Joint), ..none() },
                ),
                Answer::new("a range of codes", Mapping { code_hyphen: Some(HyphenRule::Range), ..none() }),
            ],
        ),
        "CODE_LIST" => (
            "A slash or comma between digits may separate two codes or be part of one code. Choose its meaning.",
            vec![
                Answer::new("two codes", Mapping { code_list: Some(ListRule::List), ..none() }),
                Answer::new(
                    "the digits on both sides are one code",
                    Mapping { code_list: Some(ListRule::Joint), ..none() },
                ),
            ],
        ),
        "CODE_SPACE" => (
            "A space between codes may join two parts of one code or separate two codes. Choose its meaning.",
            vec![
                Answer::new(
                    "the digits on both sides are one code",
                    Mapping { code_space: Some(SpaceRule::Joint), ..none() },
                ),
                Answer::new("two codes", Mapping { code_space: Some(SpaceRule::List), ..none() }),
            ],
        ),
        "TRUNK_ZERO" => (
            "An area code begins with 0. Choose whether the 0 is dialed from abroad.",
            vec![
                Answer::new("leave the 0 out", Mapping { trunk_zero: Some(TrunkZero::Strip), ..none() }),
                Answer::new("keep the 0", Mapping { trunk_zero: Some(TrunkZero::Keep), ..none() }),
            ],
        ),
        "INCREMENT_ORDER" => (
            "The values of the increments do not show their order. Choose the order.",
            vec![
                Answer::new(
                    "first, next, free seconds",
                    Mapping { increment_order: Some(IncrementOrder::InitialNextFree), ..none() },
                ),
                Answer::new(
                    "free seconds, first, next",
                    Mapping { increment_order: Some(IncrementOrder::FreeInitialNext), ..none() },
                ),
                Answer::new(
                    "minimum, first, next",
                    Mapping { increment_order: Some(IncrementOrder::MinimumInitialNext), ..none() },
                ),
            ],
        ),
        "PRICE_DECIMALS" => (
            "A price has more than six decimals. Choose how such prices are rounded.",
            vec![
                Answer::new("up", Mapping { price_rounding: Some(PriceRounding::Up), ..none() }),
                Answer::new(
                    "to the nearest millionth",
                    Mapping { price_rounding: Some(PriceRounding::HalfUp), ..none() },
                ),
            ],
        ),
        _ => (
            "A row has no name. Choose its name.",
            vec![
                Answer::new("the name of the row above", Mapping { fill_down: Some(true), ..none() }),
                Answer::new("the code", Mapping { fill_down: Some(false), ..none() }),
            ],
        ),
    }
}
