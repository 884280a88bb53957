//! Makes a plan for a file: its sheet, header and columns, and the formats of its numbers, dates and codes.

use super::cells::{PriceUnit, currencies, is_cents, is_other_unit, unit};
use super::codes::{CodeRules, looks_like_codes};
use super::columns::{CodeSource, Columns, Sheet, assign};
use super::dates::{Date, DateOrder, Orders};
use super::header::{Meaning, Role, meaning, mentions_price, words};
use super::mapping::Mapping;
use super::numbers::{DecimalMark, Marks};
use super::table::{Row, Table};
use super::{
    Answer, CarrierDeck, Confidence, Detected, MAX_COLUMNS, MAX_HEADER_ROWS, Options, Question, Refusal,
};

/// This many rows at the end of the file are searched for notes.
const NOTES: usize = 20;

/// Everything that is needed to read the rows.
pub(super) struct Plan<'t> {
    pub(super) table: &'t Table,
    /// The first row after the header.
    pub(super) start: usize,
    pub(super) names: Vec<String>,
    pub(super) columns: Columns,
    pub(super) mark: DecimalMark,
    /// Whether the deck groups thousands.
    pub(super) groups: bool,
    /// The number of seconds that a price covers.
    pub(super) unit: u32,
    /// Whether the file or the mapping names the unit.
    pub(super) unit_is_known: bool,
    pub(super) cents: bool,
    pub(super) order: DateOrder,
    pub(super) codes: CodeRules,
    pub(super) currency: Option<String>,
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
    deck.counts.rows = table.len() as u64 + table.blank;
    deck.counts.empty = table.blank;
    let sheet = open_sheet(table, options.mapping, deck)?;
    if sheet.start >= table.len() {
        let message = "No line follows the header.";
        return Err(Refusal::new(0, "RATES_MISSING", message, "Give the line of the header in a mapping."));
    }
    let Some(columns) = assign(&sheet, options, deck)? else { return Ok(None) };
    let mut plan = Plan {
        table,
        start: sheet.start,
        names: sheet.names,
        columns,
        mark: DecimalMark::Point,
        groups: false,
        unit: 60,
        unit_is_known: false,
        cents: false,
        order: DateOrder::Dmy,
        codes: CodeRules::default(),
        currency: None,
    };
    plan.find_marks(options.mapping, deck);
    plan.find_order(options.mapping, deck);
    plan.find_unit(options.mapping, deck);
    plan.find_currency(options, deck)?;
    plan.find_codes(options.mapping, deck);
    deck.currency.clone_from(&plan.currency);
    Ok(deck.questions.is_empty().then_some(plan))
}

/// Chooses the sheet that seems to contain the rates.
fn choose_sheet<'t>(
    tables: &'t [(String, Table)],
    mapping: &Mapping,
    deck: &mut CarrierDeck,
) -> Result<Option<&'t Table>, Refusal> {
    if let Some(name) = &mapping.sheet {
        let found = tables.iter().find(|(found, _)| found == name).ok_or_else(|| {
            let message =
                format!("The workbook has no visible sheet {:?}.", name.chars().take(40).collect::<String>());
            Refusal::new(0, "SHEET_MISSING", message, "Correct the mapping.")
        })?;
        deck.detected.push(Detected::mapped("sheet", name.as_str()));
        return Ok(Some(&found.1));
    }
    if let [(_, table)] = tables {
        return Ok(Some(table));
    }
    let rated: Vec<&(String, Table)> =
        tables.iter().filter(|(_, table)| find_header(table).is_some()).collect();
    match rated.as_slice() {
        [] => Err(Refusal::new(
            0,
            "RATES_MISSING",
            "No sheet has columns with codes and prices.",
            "Name the sheet in a mapping.",
        )),
        [(name, table)] => {
            let reason = "Only this sheet has columns with codes and prices.";
            deck.detected.push(Detected::new("sheet", name.as_str(), reason, Confidence::High));
            Ok(Some(table))
        }
        several => {
            let answers = several.iter().map(|(name, _)| {
                Answer::new(name.as_str(), Mapping { sheet: Some(name.clone()), ..Mapping::default() })
            });
            deck.questions.push(Question {
                code: "SHEET".into(),
                text: "Several sheets have codes and prices. Choose one.".to_owned(),
                line: 0,
                example: several.first().map(|(name, _)| name.clone()).unwrap_or_default(),
                answers: answers.collect(),
            });
            Ok(None)
        }
    }
}

/// The row with the names of the columns.
fn find_header(table: &Table) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (index, row) in table.iter().take(MAX_HEADER_ROWS).enumerate() {
        let score = header_score(row);
        if score > best.map_or(0, |(score, _)| score) {
            best = Some((score, index));
        }
    }
    best.map(|(_, index)| index)
}

/// The number of names with a known meaning; 0 if the row cannot be a header.
fn header_score(row: Row<'_>) -> usize {
    let (mut known, mut has_code, mut has_price) = (0, false, false);
    for cell in row.cells().filter(|cell| !cell.is_empty()) {
        if is_value(cell) {
            return 0;
        }
        match meaning(cell) {
            Meaning::Is(Role::Prefix | Role::CountryCode | Role::AreaCode) => {
                has_code = true;
                known += 1;
            }
            Meaning::Price(_) => {
                has_price = true;
                known += 1;
            }
            Meaning::Is(_) | Meaning::Part(_) => known += 1,
            Meaning::Ignored | Meaning::Unknown => {}
        }
    }
    // a country or destination column may hold the codes
    if has_price && (has_code || known >= 3) || has_code && known >= 3 { known } else { 0 }
}

fn is_value(cell: &str) -> bool {
    let number = cell
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+' | b'/' | b' ' | b';'));
    (number && cell.bytes().any(|byte| byte.is_ascii_digit()) && cell.len() > 1)
        || looks_like_codes(cell) && cell.len() > 1
}

fn open_sheet<'t>(table: &'t Table, mapping: &Mapping, deck: &mut CarrierDeck) -> Result<Sheet<'t>, Refusal> {
    let width = table.width();
    let header = match mapping.header_line {
        None => find_header(table),
        Some(0) => None,
        Some(line) => Some(table.iter().position(|row| row.line == line).ok_or_else(|| {
            Refusal::new(
                line,
                "HEADER_MISSING",
                "This line has no cells.",
                "Correct the line in the mapping.",
            )
        })?),
    };
    let Some(at) = header else { return without_header(table, width, mapping, deck) };
    let line = table.row(at).map_or(0, |row| row.line);
    let reason = "The line has the names of columns with codes and prices.";
    deck.detected.push(Detected::new("header", format!("line {line}"), reason, Confidence::High));
    let mut names = names_of(table, at, width);
    let mut start = at + 1;
    if let Some(next) = table.row(start).filter(|next| continues_header(*next)) {
        for (column, name) in names.iter_mut().enumerate() {
            let below = next.get(column);
            if !below.is_empty() {
                name.push(' ');
                name.push_str(below);
            }
        }
        start += 1;
        deck.detected.push(Detected::new(
            "header",
            "two lines",
            "The line below has names too.",
            Confidence::Medium,
        ));
    }
    deck.counts.preamble = start as u64;
    Ok(Sheet { table, start, names, has_header: true })
}

fn names_of(table: &Table, row: usize, width: usize) -> Vec<String> {
    let Some(row) = table.row(row) else { return vec![String::new(); width] };
    (0..width).map(|column| row.get(column).chars().take(200).collect()).collect()
}

fn continues_header(row: Row<'_>) -> bool {
    let cells: Vec<&str> = row.cells().filter(|cell| !cell.is_empty()).collect();
    let known =
        cells.iter().filter(|cell| !matches!(meaning(cell), Meaning::Unknown | Meaning::Ignored)).count();
    cells.len() >= 2
        && known * 2 >= cells.len()
        && !cells.iter().any(|cell| cell.contains(|letter: char| letter.is_ascii_digit()))
}

/// A file without names: the rates begin at the first row with a code and a number.
fn without_header<'t>(
    table: &'t Table,
    width: usize,
    mapping: &Mapping,
    deck: &mut CarrierDeck,
) -> Result<Sheet<'t>, Refusal> {
    let is_rate = |row: Row<'_>| {
        let coded = row.cells().any(|cell| !cell.is_empty() && looks_like_codes(cell));
        coded && row.cells().filter(|cell| cell.contains(|letter: char| letter.is_ascii_digit())).count() >= 2
    };
    let start = table.iter().take(MAX_HEADER_ROWS).position(is_rate).ok_or_else(|| {
        let message =
            "No line has the names of columns with codes and prices, and no line has a code and a price.";
        Refusal::new(0, "RATES_MISSING", message, "Give the line of the header in a mapping.")
    })?;
    let above = start
        .checked_sub(1)
        .and_then(|at| table.row(at))
        .filter(|row| row.filled() >= 3 && mapping.header_line != Some(0));
    let named = above.is_some_and(|row| !row.cells().any(is_value));
    let names = match (named, start.checked_sub(1)) {
        (true, Some(above)) => names_of(table, above, width),
        _ => vec![String::new(); width],
    };
    let reason = "No line has known column names.";
    deck.detected.push(Detected::new(
        "header",
        if named { "unknown names" } else { "none" },
        reason,
        Confidence::Medium,
    ));
    deck.counts.preamble = start as u64;
    Ok(Sheet { table, start, names, has_header: named })
}

impl Plan<'_> {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (self.start..self.table.len()).filter_map(|index| self.table.row(index))
    }

    fn preamble(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.start).filter_map(|index| self.table.row(index))
    }

    /// The lines above the header, and the short lines at the end of the file.
    fn notes(&self) -> impl Iterator<Item = Row<'_>> {
        let last = self.table.len().saturating_sub(NOTES).max(self.start);
        let below = (last..self.table.len())
            .filter_map(|index| self.table.row(index))
            .filter(|row| row.filled() <= 2);
        (0..self.start.saturating_sub(1)).filter_map(|index| self.table.row(index)).chain(below)
    }

    fn find_marks(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
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

    fn find_order(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        let mut orders = Orders::default();
        let mut example = (0, String::new());
        for column in [Role::Effective, Role::Ends].into_iter().filter_map(|role| self.columns.first(role)) {
            for row in self.rows() {
                let (before, cell) = (orders.either, row.get(column));
                orders.see(cell);
                if orders.either > before && example.0 == 0 {
                    example = (row.line, cell.chars().take(40).collect());
                }
            }
        }
        if orders.either > 0 && orders.dmy + orders.mdy == 0 {
            // the dates above the header are written like those below it
            self.preamble().flat_map(Row::cells).for_each(|cell| orders.see(cell));
        }
        if let Some(order) = mapping.date_order {
            self.order = order;
            deck.detected.push(Detected::mapped("date_order", format!("{order:?}").to_lowercase()));
        } else if let Some(order) = orders.decide() {
            self.order = order;
            if orders.dmy + orders.mdy > 0 {
                let reason = "A date has a day over 12.";
                deck.detected.push(Detected::new(
                    "date_order",
                    format!("{order:?}").to_lowercase(),
                    reason,
                    Confidence::High,
                ));
            }
        } else {
            let answer =
                |text, order| Answer::new(text, Mapping { date_order: Some(order), ..Mapping::default() });
            deck.questions.push(Question {
                code: "DATE_ORDER".into(),
                text: "The dates do not show whether the day or the month comes first. Choose the order."
                    .to_owned(),
                line: example.0,
                example: example.1,
                answers: vec![
                    answer("day, month, year", DateOrder::Dmy),
                    answer("month, day, year", DateOrder::Mdy),
                ],
            });
        }
    }

    fn price_name(&self) -> &str {
        self.names.get(self.columns.price).map_or("", String::as_str)
    }

    /// Finds the unit, and whether prices are in hundredths, from the header, the lines above it, and the mapping.
    fn find_unit(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        let priced = |cell: &&str| is_unit_note(cell);
        let named = unit(self.price_name());
        let mut above: Option<u32> = None;
        let mut cents_above = false;
        for row in self.notes() {
            above = above.or_else(|| row.cells().filter(priced).find_map(unit));
            cents_above |= row.cells().any(is_cents);
        }
        self.cents = mapping.price_in_cents.unwrap_or_else(|| is_cents(self.price_name()));
        if self.cents {
            deck.detected.push(Detected::new(
                "price_in_cents",
                "true",
                "The price's column says so.",
                Confidence::High,
            ));
        }
        if cents_above && !self.cents && mapping.price_in_cents.is_none() {
            deck.questions
                .push(cents_question("A line above or below the rates mentions hundredths of the currency."));
        }
        let mapped = mapping.price_unit.map(|unit| if unit == PriceUnit::Minute { 60 } else { 1 });
        let (price_name, has_unit) = (self.price_name(), self.columns.first(Role::Unit).is_some());
        if mapped.is_none() && named.is_none() && above.is_none() && !has_unit && is_other_unit(price_name) {
            deck.questions.push(unit_question(
                "The price's column names a unit that is neither a minute nor a second.",
            ));
        }
        let found = match (mapped, named, above) {
            (Some(unit), ..) => Some((unit, "The mapping says so.", Confidence::Certain)),
            (None, Some(unit), Some(other)) if unit != other => {
                deck.questions.push(unit_question("The header and the lines above it name different units."));
                None
            }
            (None, Some(unit), _) => Some((unit, "The price's column says so.", Confidence::High)),
            (None, None, Some(unit)) => Some((unit, "A line above the header says so.", Confidence::High)),
            (None, None, None) => None,
        };
        self.unit_is_known = found.is_some() || self.columns.first(Role::Unit).is_some();
        let (unit, reason, confidence) =
            found.unwrap_or((60, "Nothing in the file says otherwise.", Confidence::Low));
        self.unit = unit;
        deck.detected.push(Detected::new("price_unit", format!("{unit} seconds"), reason, confidence));
    }

    fn find_currency(&mut self, options: &Options<'_>, deck: &mut CarrierDeck) -> Result<(), Refusal> {
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

    fn find_codes(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        let code_columns = match self.columns.code {
            CodeSource::Full(code) => vec![code],
            CodeSource::Parts(country, area) => vec![country, area],
        };
        let name = |column: usize| words(self.names.get(column).map_or("", String::as_str));
        let is_american = code_columns
            .iter()
            .any(|column| name(*column).iter().any(|word| matches!(word.as_str(), "npa" | "nxx" | "npanxx")));
        let first = code_columns.first().copied().unwrap_or_default();
        let begins_with_1 =
            self.rows().take(MAX_COLUMNS).any(|row| row.get(first).trim_start_matches('+').starts_with('1'));
        let before = match &mapping.code_prefix {
            Some(before) => before.clone(),
            None if is_american && !begins_with_1 => {
                deck.detected.push(Detected::new(
                    "code_prefix",
                    "1",
                    "The codes are North American area codes.",
                    Confidence::High,
                ));
                "1".to_owned()
            }
            None => String::new(),
        };
        self.codes = CodeRules {
            hyphen: mapping.code_hyphen,
            space: mapping.code_space,
            list_marks: mapping.code_list,
            trunk_zero: mapping.trunk_zero,
            before,
            partial: matches!(self.columns.code, CodeSource::Parts(..)),
        };
    }
}

/// Whether a line says for which time prices hold. The time of a billing increment says nothing about prices.
fn is_unit_note(cell: &str) -> bool {
    const CURRENCY_NAMES: &[&str] = &[
        "euro", "euros", "dollar", "dollars", "dolar", "dolares", "pounds", "pesos", "reais", "real",
        "franken",
    ];
    const PER: &[&str] = &["per", "por", "par", "pro", "al"];
    const BILLED: &[&str] = &[
        "billed",
        "billing",
        "charged",
        "increment",
        "increments",
        "facturacion",
        "facturado",
        "facturados",
        "tarification",
        "tarifacao",
        "cobranca",
        "fatturazione",
        "abrechnung",
        "abgerechnet",
        "rounded",
        "facturation",
    ];
    let words = words(cell);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let billed =
        words.windows(2).any(|pair| BILLED.contains(&pair[0].as_str()) && PER.contains(&pair[1].as_str()));
    let priced = !currencies(cell).is_empty() || has(CURRENCY_NAMES) || mentions_price(cell);
    priced && !billed && (has(PER) || cell.contains('/'))
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

pub(super) fn cents_question(why: &str) -> Question {
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

pub(super) fn unit_question(why: &str) -> Question {
    let answer = |text, unit| Answer::new(text, Mapping { price_unit: Some(unit), ..Mapping::default() });
    Question {
        code: "PRICE_UNIT".into(),
        text: format!("{why} Choose the time for which a price holds."),
        line: 0,
        example: String::new(),
        answers: vec![answer("a minute", PriceUnit::Minute), answer("a second", PriceUnit::Second)],
    }
}

/// The date in a cell of a date column; `None` if the price is already in effect.
pub(super) fn date_of(cell: &str, order: DateOrder) -> Result<Option<chrono::NaiveDate>, super::CellError> {
    Date::read(cell)?.resolve(order)
}
