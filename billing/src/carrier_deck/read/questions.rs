//! The questions about cells and values, each asked once for the whole file.

use super::super::cells::EmptyPrice;
use super::super::codes::{HyphenRule, ListRule, SpaceRule, TrunkZero, is_assigned, look_national};
use super::super::columns::{CodeSource, country_question_in};
use super::super::detect::{cents_question, unit_question};
use super::super::increments::IncrementOrder;
use super::super::mapping::Mapping;
use super::super::numbers::PriceRounding;
use super::super::table::Row;
use super::super::{Answer, CarrierRate, Entry, Question};
use super::{Example, Reader};

/// Below this median, in micros, prices without a unit may be per second.
const LOW_MEDIAN: i64 = 200;
/// With fewer valid rows, rows with errors are never left out.
const FEWEST_VALID: u64 = 10;
/// At or above this median, in micros per minute, prices in dollars or euros may be in cents.
const CENTS_MEDIAN: i64 = 3_000_000;
/// Above this median, in micros per minute, prices are probably not per second.
const HIGH_MEDIAN: i64 = 5_000_000;

impl Reader<'_, '_> {
    pub(super) fn ask(&mut self, code: &'static str, row: Row<'_>, column: usize) {
        self.asked
            .entry(code)
            .or_insert_with(|| Example { line: row.line, cell: row.get(column).chars().take(80).collect() });
    }

    pub(super) fn ask_all(&mut self) {
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

    /// Adds the questions that arise only when the values of the whole deck are considered together.
    pub(super) fn ask_about_values(&mut self) {
        self.ask_about_country();
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
        } else if self.plan.unit == 1 && !is_mapped && self.is_strong() && median > HIGH_MEDIAN {
            self.deck.questions.push(unit_question("The prices are very high for prices per second."));
        }
    }

    /// Asks for the country code if the codes look like area codes, if many of them belong to no country, or if a line of the deck names a country
    /// code with which no code begins.
    fn ask_about_country(&mut self) {
        if self.options.mapping.code_prefix.is_some() {
            return;
        }
        let rates = &self.deck.rates;
        let unassigned = rates.iter().filter(|rate| !is_assigned(rate.prefix())).count();
        let complete = !self.plan.codes.before.is_empty() || self.plan.codes.partial;
        let national = !complete && look_national(rates.iter().map(CarrierRate::prefix));
        let said = self.plan.said_country().filter(|_| !complete && self.plan.codes.home.is_empty());
        let lacks = |code: &String| !rates.iter().any(|rate| rate.prefix().starts_with(code.as_str()));
        let lacking = said.as_ref().is_some_and(lacks);
        if unassigned * 10 <= rates.len() && !national && !lacking {
            return;
        }
        let wrong = |rate: &&CarrierRate| national || lacking || !is_assigned(rate.prefix());
        let Some(rate) = rates.iter().find(wrong) else { return };
        let column = match self.plan.columns.code {
            CodeSource::Full(column) | CodeSource::Parts(_, column) => column,
        };
        let name = self.plan.names.get(column).cloned().unwrap_or_default();
        let currency = self.plan.currency.as_deref().or(self.options.currency);
        let question = country_question_in(&name, rate.line, rate.prefix(), currency, said.as_deref());
        self.deck.questions.push(question);
    }

    /// Asks whether to leave out the rows with errors, if no other question is about these rows, and they are few.
    pub(super) fn ask_about_invalid(&mut self) {
        let (rows, read) = (self.invalid_rows, self.deck.counts.read);
        let few = rows as u64 * 5 <= read && read >= FEWEST_VALID;
        let only = self.deck.errors <= rows as u64 * 10 && !self.deck.set_aside.contains_key("ROW_INVALID");
        if rows == 0 || !few || !only || !self.deck.questions.is_empty() {
            return;
        }
        let shown: Vec<String> =
            self.invalid.iter().map(|(line, code)| format!("line {line} ({code})")).collect();
        let more = if rows > shown.len() { ", and others" } else { "" };
        let mapping = Mapping { skip_invalid: Some(true), ..Mapping::default() };
        self.deck.questions.push(Question {
            code: "ROWS_INVALID".into(),
            text: format!(
                "{rows} rows have errors: {}{more}. Choose whether to import the deck without these rows; to import them, correct the file.",
                shown.join(", ")
            ),
            line: self.invalid.first().map_or(0, |(line, _)| *line),
            example: String::new(),
            answers: vec![Answer::new("leave these rows out", mapping)],
        });
    }

    /// Whether one unit of the currency is a high price for a minute.
    fn is_strong(&self) -> bool {
        let currency = self.options.currency.or(self.plan.currency.as_deref());
        currency.is_none_or(|currency| matches!(currency, "USD" | "EUR" | "GBP" | "CHF"))
    }

    /// Asks whether prices are in cents if they would otherwise be several dollars per minute.
    pub(super) fn ask_about_cents(&mut self, median: i64) {
        if self.is_strong()
            && median >= CENTS_MEDIAN
            && !self.plan.cents
            && self.options.mapping.price_in_cents.is_none()
        {
            self.deck.questions.push(cents_question("The prices are very high."));
        }
    }
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
        "FIRST_PRICE" => (
            "A tariff has a price for the first increment, but the deck has one for the first minute, and its first increment is not a minute. Choose how the higher price is charged.",
            vec![
                Answer::new(
                    "for the first increment only",
                    Mapping { first_price_as_fee: Some(false), ..none() },
                ),
                Answer::new(
                    "as a connection fee for each call",
                    Mapping { first_price_as_fee: Some(true), ..none() },
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
        "PRICE_EMPTY" => (
            "A row has a code but no price. Choose what an empty price means.",
            vec![
                Answer::new(
                    "the code is removed",
                    Mapping { empty_price: Some(EmptyPrice::Remove), ..none() },
                ),
                Answer::new(
                    "the code is blocked",
                    Mapping { empty_price: Some(EmptyPrice::Block), ..none() },
                ),
                Answer::new(
                    "the price of the row above",
                    Mapping { empty_price: Some(EmptyPrice::Above), ..none() },
                ),
            ],
        ),
        "CODE_EMPTY" => (
            "A row has a price but no code. Choose whether to import the deck without such rows; to import them, enter their codes in the file.",
            vec![Answer::new("leave these rows out", Mapping { skip_uncoded: Some(true), ..none() })],
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
