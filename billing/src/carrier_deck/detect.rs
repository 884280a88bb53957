//! Makes a plan for a file: its sheet, header and columns, and the formats of its numbers, dates and codes.

use std::collections::BTreeMap;

use super::codes::CodeRules;
use super::columns::{Columns, assign};
use super::dates::{Date, DateOrder};
use super::mapping::Mapping;
use super::numbers::DecimalMark;
use super::table::{Row, Table};
use super::{Answer, CarrierDeck, Options, Question, Refusal};

mod below;
mod blocks;
mod changes;
mod codes;
mod countries;
mod fees;
mod footnotes;
mod headers;
mod home;
mod join;
mod marks;
mod names;
mod notes;
mod replace;
mod sections;
mod selectors;
mod sheets;
mod split;
mod starts;
mod steps;
mod surcharges;
mod tokens;
mod units;
mod zones;

pub(super) use changes::{Change, ChangeDates, change_in};
pub(super) use codes::{are_areas, country_mentioned};
pub(super) use fees::{FeeIn, SaidFees};
pub(super) use footnotes::Footnote;
pub(super) use join::{KINDS, joined};
pub(super) use marks::{is_payment_day, said_date};
pub(super) use notes::{SaidIncrements, covers, increments_in, sentences};
pub(super) use replace::replaced;
pub(super) use sections::Section;
pub(super) use sheets::is_rate;
use sheets::{choose_sheet, open_sheet};
pub(super) use units::{cents_question, unit_question};

/// Everything that is needed to read the rows.
pub(super) struct Plan<'t> {
    pub(super) table: &'t Table,
    /// The first row after the header.
    pub(super) start: usize,
    /// The number of rows above the header.
    pub(super) above: usize,
    pub(super) names: Vec<String>,
    pub(super) columns: Columns,
    pub(super) mark: DecimalMark,
    /// Whether the deck groups thousands.
    pub(super) groups: bool,
    /// The number of seconds that a price covers.
    pub(super) unit: u32,
    /// Whether the file or the mapping names the unit.
    pub(super) unit_is_known: bool,
    /// Whether the prices are in the smaller unit of the currency.
    pub(super) cents: bool,
    /// For each text in the column of units, the seconds that a price covers, and whether it is in the smaller unit of the currency. Empty if all prices
    /// are in the same unit of money.
    pub(super) units: BTreeMap<String, (Option<u32>, bool)>,
    /// The number of decimals between the currency and its smaller unit: 2 for cents, 3 for the fils of a dinar.
    pub(super) places: u32,
    /// Whether a price covers one increment of its row.
    pub(super) per_increment: bool,
    pub(super) order: DateOrder,
    pub(super) codes: CodeRules,
    pub(super) currency: Option<String>,
    /// The first day on which prices apply if their rows have no date of their own.
    pub(super) effective: Option<chrono::NaiveDate>,
    /// The notes that apply to the rows with their mark.
    pub(super) footnotes: Vec<Footnote>,
    /// The titles that name the increments of the rows below them, by the index of their row.
    pub(super) sections: BTreeMap<usize, Section>,
    /// The dates of higher and lower prices, if they differ.
    pub(super) change_dates: Vec<ChangeDates>,
    /// The increments that lines above and below the rates name.
    pub(super) said: SaidIncrements,
    /// The fees that lines above and below the rates name.
    pub(super) fees: SaidFees,
    /// See [`Plan::place_names`].
    place_names: std::cell::OnceCell<Vec<Vec<String>>>,
    /// The beginnings of the deck's codes, and the names in their rows.
    priced: std::cell::OnceCell<std::collections::BTreeSet<countries::Priced>>,
    /// The sheets that are not read, with their names.
    pub(super) unread: Vec<(&'t str, &'t Table)>,
}

pub(super) fn encoding_question() -> Question {
    let answer =
        |label: &str| Answer::new(label, Mapping { encoding: Some(label.to_owned()), ..Mapping::default() });
    let labels =
        ["windows-1252", "windows-1250", "windows-1251", "ibm866", "koi8-r", "macintosh", "gbk", "shift_jis"];
    Question {
        code: "ENCODING".into(),
        text: "The file is not UTF-8 and probably not Western European. Choose its encoding.".to_owned(),
        line: 0,
        example: String::new(),
        answers: labels.into_iter().map(answer).collect(),
    }
}

/// The plan; `None` if a question must be answered first.
pub(super) fn plan<'t>(
    tables: &'t [(String, Table)],
    options: &Options<'_>,
    deck: &mut CarrierDeck,
) -> Result<Option<Plan<'t>>, Refusal> {
    let Some(table) = choose_sheet(tables, options.mapping, deck)? else { return Ok(None) };
    deck.counts.rows = table.len() as u64 + table.blank + table.left_out;
    deck.counts.empty = table.blank;
    if table.left_out > 0 {
        deck.counts.set_aside = table.left_out;
        deck.set_aside.insert("ROW_LEFT_OUT".to_owned(), table.left_out);
    }
    let Some(sheet) = open_sheet(table, options.mapping, deck)? else { return Ok(None) };
    if sheet.start >= table.len() {
        let message = "No line follows the header.";
        let refusal = Refusal::new(0, "RATES_MISSING", message, "Give the line of the header in a mapping.");
        return headers::header_question(table).map_or(Err(refusal), |question| {
            deck.questions.push(question);
            Ok(None)
        });
    }
    let Some(columns) = assign(&sheet, options, deck)? else { return Ok(None) };
    let mut plan = Plan {
        table,
        start: sheet.start,
        above: sheet.above,
        names: sheet.names,
        columns,
        mark: DecimalMark::Point,
        groups: false,
        unit: 60,
        unit_is_known: false,
        cents: false,
        units: BTreeMap::new(),
        places: 2,
        per_increment: false,
        order: DateOrder::Dmy,
        codes: CodeRules::default(),
        currency: None,
        effective: None,
        footnotes: Vec::new(),
        sections: BTreeMap::new(),
        change_dates: Vec::new(),
        said: SaidIncrements::default(),
        fees: SaidFees::default(),
        place_names: std::cell::OnceCell::new(),
        priced: std::cell::OnceCell::new(),
        unread: tables
            .iter()
            .filter(|(_, other)| !std::ptr::eq(other, table))
            .map(|(name, other)| (name.as_str(), other))
            .collect(),
    };
    plan.find_marks(options, deck);
    plan.find_order(options, deck);
    plan.change_dates = plan.find_change_dates();
    plan.find_date(options.mapping, options.today, deck);
    plan.find_unit(options.mapping, deck);
    plan.find_currency(options, deck)?;
    plan.find_cents(options, deck);
    plan.find_codes(options.mapping, deck);
    plan.find_home(options, deck);
    plan.sections = plan.find_sections();
    plan.said = plan.said_increments();
    plan.fees = plan.said_fees(options.mapping);
    plan.footnotes = plan.find_footnotes();
    deck.currency.clone_from(&plan.currency);
    Ok(deck.questions.is_empty().then_some(plan))
}

impl Plan<'_> {
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (self.start..self.table.len()).filter_map(|index| self.table.row(index))
    }

    fn preamble(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.start).filter_map(|index| self.table.row(index))
    }
}

/// The date in a cell of a date column; `None` if the price is already in effect.
pub(super) fn date_of(cell: &str, order: DateOrder) -> Result<Option<chrono::NaiveDate>, super::CellError> {
    Date::read(cell)?.resolve(order)
}
