//! Finds the decimal mark, the order of day and month, the unit, and the currency.

use chrono::NaiveDate;

use super::super::cells::{
    PriceUnit, currencies, has_cents, is_cents, is_other_unit, is_pence, is_per_increment, unit,
};
use super::super::dates::{DateOrder, Orders, dates_in};
use super::super::header::{Role, Words, is_effective, mentions_price, names_step, words};
use super::super::header_words::{
    BARE, BILLS, CURRENT, END, INTERVAL, NEW, OLD, PAYS, PLAIN_PRICE, PRICE, TAX_NOTES, TAXES,
};
use super::super::mapping::Mapping;
use super::super::numbers::{DecimalMark, Marks, amount};
use super::super::table::Row;
use super::super::{Answer, CarrierDeck, Confidence, Detected, MAX_COLUMNS, Options, Question, Refusal};
use super::notes::is_unit_note;
use super::{Plan, date_of};

/// Prices in hundredths whose median is below this, in millionths, are doubtful.
const LOW_CENTS: i64 = 100_000;
/// If all dates are this near to the day of the import in one order of day and month, and a date is [`FAR_DAYS`] away in the other, the first order
/// is right.
const NEAR_DAYS: i64 = 60;
/// See [`NEAR_DAYS`].
const FAR_DAYS: i64 = 120;

impl Plan<'_> {
    pub(super) fn find_marks(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        let mut marks = Marks::default();
        let mut example = (0, String::new());
        for column in self.columns.money() {
            for row in self.rows() {
                let (before, cell) = (marks.either, row.get(column));
                marks.see(cell, row.kind(column));
                if marks.either > before && example.0 == 0 {
                    example = (row.line, cell.chars().take(40).collect());
                }
            }
        }
        self.groups = marks.grouped;
        match (mapping.decimal_mark, marks.decide()) {
            (Some(mark), _) => {
                self.mark = mark;
                deck.detected.push(Detected::mapped("decimal_mark", format!("{mark:?}").to_lowercase()));
            }
            (None, Some(mark)) => {
                self.mark = mark;
                let reason = format!(
                    "Prices whose mark can only be a decimal point: {}. Prices whose mark can only be a decimal comma: {}.",
                    marks.point, marks.comma
                );
                let confidence =
                    if marks.point > 0 && marks.comma > 0 { Confidence::Medium } else { Confidence::High };
                deck.detected.push(Detected::new(
                    "decimal_mark",
                    format!("{mark:?}").to_lowercase(),
                    reason,
                    confidence,
                ));
            }
            (None, None) => {
                let answer = |text, mark| {
                    Answer::new(text, Mapping { decimal_mark: Some(mark), ..Mapping::default() })
                };
                deck.questions.push(Question {
                    code: "DECIMAL_MARK".into(),
                    text: "The prices do not show whether the decimal mark is a comma or a point. Choose the decimal mark.".to_owned(),
                    line: example.0,
                    example: example.1,
                    answers: vec![answer("point", DecimalMark::Point), answer("comma", DecimalMark::Comma)],
                });
            }
        }
    }

    pub(super) fn find_order(&mut self, options: &Options<'_>, deck: &mut CarrierDeck) {
        let mapping = options.mapping;
        let mut orders = Orders::default();
        let mut example = (0, String::new());
        let mut cells: Vec<String> = Vec::new();
        let columns: Vec<usize> =
            [Role::Effective, Role::Ends].into_iter().filter_map(|role| self.columns.first(role)).collect();
        for column in columns.iter().copied() {
            for row in self.rows() {
                let (before, cell) = (orders.either, row.get(column));
                orders.see(cell);
                if orders.either > before && cells.len() < MAX_COLUMNS {
                    cells.push(cell.to_owned());
                }
                if orders.either > before && example.0 == 0 {
                    example = (row.line, cell.chars().take(40).collect());
                }
            }
        }
        if let (true, Some((line, date))) = (self.lacks_dates(), self.said_date()) {
            orders.see(&date);
            if example.0 == 0 {
                example = (line, date.clone());
            }
            cells.push(date);
        }
        if orders.either > 0 && orders.dmy + orders.mdy == 0 {
            // the dates above the header are written like those below it
            self.preamble().flat_map(Row::cells).for_each(|cell| orders.see(cell));
        }
        let hint =
            self.order_hint(&columns).map(|order| (order, "The file names the order of day and month."));
        let near = || {
            let order = nearest(&cells, options.today?)?;
            Some((order, "Only in this order are all dates near the day of the import."))
        };
        let seen = (orders.dmy + orders.mdy > 0)
            .then(|| orders.decide().map(|order| (order, "A date has a day over 12.")))
            .flatten();
        let found = match (mapping.date_order, seen) {
            (Some(order), _) => Some((order, "The mapping says so.")),
            (None, Some(found)) => Some(found),
            (None, None) if orders.either == 0 => Some((DateOrder::Dmy, "")),
            (None, None) if orders.dmy + orders.mdy == 0 => hint.or_else(near),
            (None, None) => None,
        };
        match found {
            Some((order, reason)) => {
                self.order = order;
                if !reason.is_empty() {
                    let confidence =
                        if mapping.date_order.is_some() { Confidence::Certain } else { Confidence::High };
                    let name = format!("{order:?}").to_lowercase();
                    deck.detected.push(Detected::new("date_order", name, reason, confidence));
                }
            }
            None => deck.questions.push(order_question(example)),
        }
    }

    /// The order of day and month that the name of a date column or a line above the header names, as in "DD/MM/YYYY".
    fn order_hint(&self, columns: &[usize]) -> Option<DateOrder> {
        let names = columns.iter().filter_map(|column| self.names.get(*column)).map(String::as_str);
        let hint = |text: &str| {
            let words = Words(words(text));
            let first = |days: &[&str]| {
                words
                    .0
                    .windows(2)
                    .any(|pair| days.contains(&pair[0].as_str()) && matches!(pair[1].as_str(), "mm" | "mmm"))
            };
            match () {
                () if first(&["dd", "jj", "tt", "gg"]) => Some(DateOrder::Dmy),
                () if words.phrase(&["mm", "dd"]) => Some(DateOrder::Mdy),
                () => None,
            }
        };
        names.chain(self.preamble().flat_map(Row::cells)).find_map(hint)
    }

    /// The line and the text of the date from which all prices apply, according to a line above or below the rates.
    fn said_date(&self) -> Option<(u64, String)> {
        // titles between the rates are for the rates below them
        let first = self.table.row(self.start).map_or(0, |row| row.line);
        let last = self.last_rate();
        let outside = |note: &super::notes::Note| note.line < first || note.line > last;
        self.notes().into_iter().filter(outside).find_map(|note| said_date(&note.text).map(|date| (note.line, date)))
    }

    /// The line of the last row with a code and a price.
    fn last_rate(&self) -> u64 {
        let has_digit = |cell: &str| cell.contains(|letter: char| letter.is_ascii_digit());
        let code = match self.columns.code {
            super::super::columns::CodeSource::Full(code) | super::super::columns::CodeSource::Parts(code, _) => code,
        };
        let is_rate = |row: &Row<'_>| has_digit(row.get(code)) && has_digit(row.get(self.columns.price));
        (self.start..self.table.len()).rev().filter_map(|index| self.table.row(index)).find(is_rate).map_or(0, |row| row.line)
    }

    /// Whether some rows have no date of their own.
    fn lacks_dates(&self) -> bool {
        let Some(column) = self.columns.first(Role::Effective) else { return true };
        let price = self.columns.price;
        self.rows().any(|row| row.get(column).is_empty() && row.get(price).contains(|letter: char| letter.is_ascii_digit()))
    }

    /// Finds the first day of the prices of rows without a date of their own.
    pub(super) fn find_date(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        if !self.lacks_dates() || matches!(mapping.columns.get("effective"), Some(None)) {
            return;
        }
        let named = said_date(self.price_name());
        let Some(text) = named.or_else(|| self.said_date().map(|(_, text)| text)) else { return };
        if let Ok(Some(date)) = date_of(&text, self.order) {
            self.effective = Some(date);
            let reason = "A line above or below the rates says from which day they apply.";
            deck.detected.push(Detected::new("effective", date.to_string(), reason, Confidence::High));
        }
    }

    fn price_name(&self) -> &str {
        self.names.get(self.columns.price).map_or("", String::as_str)
    }

    /// Finds the unit from the header, the notes, and the mapping.
    pub(super) fn find_unit(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        let named = unit(self.price_name());
        let above = self.notes().iter().find_map(|note| {
            let text = before_billing(&note.text);
            is_unit_note(&text).then(|| unit(&text)).flatten()
        });
        let mapped = mapping.price_unit.map(|unit| match unit {
            PriceUnit::Minute => 60,
            PriceUnit::Second | PriceUnit::Increment => 1,
        });
        if self.find_cycle(mapping, named.or(above).is_some(), deck) {
            return;
        }
        let (price_name, has_unit) = (self.price_name(), self.columns.first(Role::Unit).is_some());
        if mapped.is_none()
            && named.is_none()
            && above.is_none()
            && !has_unit
            && is_other_unit(price_name)
            && !names_step(price_name)
        {
            deck.questions.push(unit_question(
                "The price's column names a unit that is neither a minute nor a second.",
            ));
        }
        if mapped.is_none() && named.is_none() && above.is_none() && !has_unit && names_unknown_unit(price_name) {
            deck.questions.push(unit_question("The price's column may name a unit that is not known."));
        }
        let found = match (mapped, named, above) {
            (Some(unit), ..) => Some((unit, "The mapping says so.", Confidence::Certain)),
            (None, Some(unit), Some(other)) if unit != other => {
                deck.questions.push(unit_question("The header and the lines above it name different units."));
                None
            }
            (None, Some(unit), _) => Some((unit, "The price's column says so.", Confidence::High)),
            (None, None, Some(unit)) => {
                Some((unit, "A line above or below the rates says so.", Confidence::High))
            }
            (None, None, None) => None,
        };
        self.unit_is_known = found.is_some() || self.columns.first(Role::Unit).is_some();
        let (unit, reason, confidence) =
            found.unwrap_or((60, "Nothing in the file says otherwise.", Confidence::Low));
        self.unit = unit;
        deck.detected.push(Detected::new("price_unit", format!("{unit} seconds"), reason, confidence));
    }

    /// Finds whether a price covers one increment, as the exports of some switches have it. Asks if only the name of the column of increments lets
    /// one think so. Returns whether the unit is settled.
    fn find_cycle(&mut self, mapping: &Mapping, has_unit: bool, deck: &mut CarrierDeck) -> bool {
        let steps = [Role::Increment, Role::NextIncrement].into_iter().find_map(|role| self.columns.first(role));
        let Some(step) = steps.filter(|_| !has_unit || mapping.price_unit.is_some()) else { return false };
        let reason = match mapping.price_unit {
            Some(PriceUnit::Increment) => "The mapping says so.",
            Some(_) => return false,
            None if self.columns.first(Role::Unit).is_some() => return false,
            None if is_per_increment(self.price_name()) => "The price's column says so.",
            None if self.notes().iter().any(|note| (mentions_price(&note.text) || !note.text.is_ascii()) && is_per_increment(&note.text)) => {
                "A line above or below the rates says so."
            }
            None => {
                let name = self.names.get(step).map_or("", String::as_str);
                let cycle = Words(words(name)).any(&["cycle", "cycles", "ciclo"]) || name.contains("周期");
                let rows = || self.rows().filter(|row| !row.get(step).is_empty());
                let other = rows().take(MAX_COLUMNS).any(|row| row.get(step).bytes().all(|byte| byte.is_ascii_digit()) && row.get(step) != "60");
                if cycle && other {
                    deck.questions.push(cycle_question(name));
                    return true;
                }
                return false;
            }
        };
        self.per_increment = true;
        self.unit_is_known = true;
        deck.detected.push(Detected::new("price_unit", "one increment", reason, Confidence::High));
        true
    }

    /// Finds whether prices are in hundredths of the currency.
    pub(super) fn find_cents(&mut self, options: &Options<'_>, deck: &mut CarrierDeck) {
        self.places = self.places(options.currency);
        if let Some(cents) = options.mapping.price_in_cents {
            self.cents = cents;
            deck.detected.push(Detected::mapped("price_in_cents", cents.to_string()));
            return;
        }
        let notes = self.notes();
        let pounds = options.currency.or(self.currency.as_deref()) == Some("GBP")
            || notes.iter().any(|note| note.text.contains('£') || currencies(&note.text).contains(&"GBP"));
        let name = self.price_name();
        let filled = || self.rows().map(|row| row.get(self.columns.price)).filter(|cell| !cell.is_empty());
        let cells = filled().take(MAX_COLUMNS).filter(|cell| has_cents(cell)).count();
        let said = notes.iter().find(|note| is_cents_note(&note.text, pounds));
        let units = self.columns.first(Role::Unit).is_some_and(|column| {
            let mut cells = self
                .rows()
                .map(|row| row.get(column))
                .filter(|cell| !cell.is_empty())
                .take(MAX_COLUMNS)
                .peekable();
            cells.peek().is_some() && cells.all(is_cents)
        });
        let named = is_cents(name) || pounds && is_pence(name);
        let reason = match () {
            () if named => "The price's column says so.",
            () if units => "The column with the unit of the prices says so.",
            () if cells > 0 && cells * 2 > filled().take(MAX_COLUMNS).count() => "The prices say so.",
            () if said.is_some() && currencies(name).is_empty() => "A line above or below the rates says so.",
            // the line means the fees, whose column says so
            () if said.is_some() && self.has_fee_in_cents() => return,
            () if said.is_some() => {
                let why = "A line above or below the rates mentions hundredths of the currency.";
                return deck.questions.push(cents_question(why));
            }
            () => return,
        };
        if self.median().is_some_and(|median| median < LOW_CENTS) {
            return deck.questions.push(cents_question("The prices are very low for prices in hundredths."));
        }
        self.cents = true;
        deck.detected.push(Detected::new("price_in_cents", "true", reason, Confidence::High));
    }

    fn has_fee_in_cents(&self) -> bool {
        let name = |column: usize| self.names.get(column).map_or("", String::as_str);
        let mut fees = [Role::ConnectionFee, Role::MinimumCharge].into_iter().filter_map(|role| self.columns.first(role));
        fees.any(|column| is_cents(name(column)))
    }

    /// The decimals of the currency's smaller unit, according to a line like "1 dinar = 1000 fils" or the currency.
    fn places(&self, currency: Option<&str>) -> u32 {
        const THOUSANDTHS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
        let said = self.notes().iter().filter_map(|note| smaller_unit(&note.text)).next();
        let dinar = currency.or(self.currency.as_deref()).is_some_and(|currency| THOUSANDTHS.contains(&currency));
        said.unwrap_or(if dinar { 3 } else { 2 })
    }

    /// The median of the prices as they are written, in millionths.
    fn median(&self) -> Option<i64> {
        let prices = self
            .rows()
            .map(|row| amount(row.get(self.columns.price), row.kind(self.columns.price), self.mark));
        let mut prices: Vec<i64> = prices.flatten().filter(|price| *price > 0).take(10_000).collect();
        prices.sort_unstable();
        prices.get(prices.len() / 2).copied()
    }

    pub(super) fn find_currency(
        &mut self,
        options: &Options<'_>,
        deck: &mut CarrierDeck,
    ) -> Result<(), Refusal> {
        let tariff = options.currency;
        if let Some(currency) = &options.mapping.currency {
            self.currency = Some(currency.clone());
            return check_currency(&[currency.as_str()], tariff, 0);
        }
        let named = currencies(self.price_name());
        let mut found = (0, named);
        if found.1.is_empty() {
            for row in self.preamble() {
                let text: Vec<&str> = row.cells().collect();
                if is_about_payment(&text.join(" ")) {
                    continue;
                }
                let named = currencies(&text.join(" "));
                if !named.is_empty() {
                    found = (row.line, named);
                    break;
                }
            }
        }
        if found.1.is_empty() {
            for row in self.rows().take(MAX_COLUMNS) {
                let named = currencies(row.get(self.columns.price));
                if !named.is_empty() {
                    found = (row.line, named);
                    break;
                }
            }
        }
        check_currency(&found.1, tariff, found.0)?;
        if let [currency] = found.1.as_slice() {
            self.currency = Some((*currency).to_owned());
            deck.detected.push(Detected::new(
                "currency",
                *currency,
                "The header, a line above it, or a price names the currency.",
                Confidence::High,
            ));
        }
        Ok(())
    }
}

/// Whether the name of a price column has a text like "EUR/Tick", whose last word is no known word.
fn names_unknown_unit(name: &str) -> bool {
    const KNOWN: [&[&str]; 9] =
        [PRICE, TAXES, TAX_NOTES, BARE, PLAIN_PRICE, NEW, OLD, CURRENT, INTERVAL];
    let Some((before, after)) = name.split_once('/') else { return false };
    let after = words(after);
    let Some(unit) = after.first().filter(|word| word.contains(|letter: char| letter.is_alphabetic())) else { return false };
    let money = !currencies(before).is_empty() || before.ends_with(|letter: char| !letter.is_ascii() && !letter.is_whitespace()) || before.contains('$');
    money && currencies(&unit.to_uppercase()).is_empty() && !KNOWN.iter().any(|list| list.contains(&unit.as_str()))
}

/// The decimals of a smaller unit that a text defines: 3 for "1 dinar = 1000 fils".
fn smaller_unit(text: &str) -> Option<u32> {
    let (one, many) = text.split_once('=')?;
    let (one, many) = (words(one), words(many));
    let is_one = one.len() >= 2 && one.get(one.len() - 2).is_some_and(|word| word == "1");
    match many.first()?.as_str() {
        "100" if is_one => Some(2),
        "1000" if is_one => Some(3),
        _ => None,
    }
}

fn check_currency(found: &[&str], tariff: Option<&str>, line: u64) -> Result<(), Refusal> {
    match tariff {
        Some(tariff) if !found.is_empty() && !found.contains(&tariff) => {
            let message =
                format!("The deck's prices are in {}, but the tariff's are in {tariff}.", found.join(", "));
            Err(Refusal::new(
                line,
                "CURRENCY_MISMATCH",
                message,
                "Import the deck into a tariff in the deck's currency.",
            ))
        }
        _ => Ok(()),
    }
}

/// Whether a line is about payments, whose currency is not that of the prices.
pub(super) fn is_about_payment(text: &str) -> bool {
    const BANKS: &[&str] = &["credit", "limit", "deposit", "bank", "iban", "swift", "bic", "beneficiary", "prepayment", "minimum"];
    let words = Words(words(text));
    (words.any(BANKS) || words.any(PAYS)) && !words.any(PRICE) && !words.any(&["currency", "moneda", "moeda", "devise", "wahrung", "valuta"])
}

/// The part of a sentence before its words for billing, whose time says nothing about prices.
fn before_billing(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in text.split_inclusive(|letter: char| !letter.is_alphanumeric()) {
        let bills = words(part).iter().any(|word| BILLS.contains(&word.as_str()));
        if bills && !kept.is_empty() {
            break;
        }
        kept.push(part);
    }
    kept.concat()
}

/// Whether a sentence says that prices are in hundredths of the currency.
fn is_cents_note(text: &str, pounds: bool) -> bool {
    const ROUNDS: &[&str] = &["rounded", "rounding", "round", "nearest", "redondeo", "arrondi", "gerundet"];
    const AMOUNTS: &[&str] =
        &["currency", "amounts", "amount", "moneda", "devise", "valuta", "wahrung", "moeda", "divisa"];
    let words = Words(words(text));
    (is_cents(text) || pounds && is_pence(text))
        && !words.any(ROUNDS)
        && (words.any(AMOUNTS) || is_unit_note(text) || mentions_price(text))
}

/// The order in which all dates are near `today`, if a date is far away in the other order.
fn nearest(cells: &[String], today: NaiveDate) -> Option<DateOrder> {
    let farthest = |order| {
        let days = |cell: &String| {
            date_of(cell, order).ok().flatten().map_or(i64::MAX, |date| (date - today).num_days().abs())
        };
        cells.iter().map(days).max().unwrap_or(i64::MAX)
    };
    match (farthest(DateOrder::Dmy), farthest(DateOrder::Mdy)) {
        (near, far) if near <= NEAR_DAYS && far > FAR_DAYS => Some(DateOrder::Dmy),
        (far, near) if near <= NEAR_DAYS && far > FAR_DAYS => Some(DateOrder::Mdy),
        _ => None,
    }
}

/// The date from which prices apply, according to a sentence.
pub(in crate::carrier_deck) fn said_date(text: &str) -> Option<String> {
    let date = dates_in(text).into_iter().next()?;
    let before = text.split(&date).next().unwrap_or_default();
    (is_effective(before) && !Words(words(before)).any(END)).then_some(date)
}

fn order_question(example: (u64, String)) -> Question {
    let answer = |text, order| Answer::new(text, Mapping { date_order: Some(order), ..Mapping::default() });
    Question {
        code: "DATE_ORDER".into(),
        text: "The dates do not show whether the day or the month comes first. Choose the order.".to_owned(),
        line: example.0,
        example: example.1,
        answers: vec![answer("day, month, year", DateOrder::Dmy), answer("month, day, year", DateOrder::Mdy)],
    }
}

pub(in crate::carrier_deck) fn cents_question(why: &str) -> Question {
    let answer =
        |text, cents| Answer::new(text, Mapping { price_in_cents: Some(cents), ..Mapping::default() });
    Question {
        code: "PRICE_CENTS".into(),
        text: format!("{why} Choose the unit of the prices."),
        line: 0,
        example: String::new(),
        answers: vec![answer("the currency itself", false), answer("hundredths of the currency", true)],
    }
}

pub(in crate::carrier_deck) fn unit_question(why: &str) -> Question {
    let answer = |text, unit| Answer::new(text, Mapping { price_unit: Some(unit), ..Mapping::default() });
    Question {
        code: "PRICE_UNIT".into(),
        text: format!("{why} Choose the time for which a price holds."),
        line: 0,
        example: String::new(),
        answers: vec![answer("a minute", PriceUnit::Minute), answer("a second", PriceUnit::Second)],
    }
}

fn cycle_question(name: &str) -> Question {
    let mut question = unit_question(&format!("The column {name:?} may have the time for which a price holds."));
    let mapping = Mapping { price_unit: Some(PriceUnit::Increment), ..Mapping::default() };
    question.answers.truncate(1);
    question.answers.push(Answer::new("the increment of its row", mapping));
    question
}
