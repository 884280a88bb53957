//! Chooses the sheet, and finds its header.

use std::collections::HashMap;

use super::super::cells::{currencies, unit};
use super::super::codes::looks_like_codes;
use super::super::columns::Sheet;
use super::super::header::{Meaning, Role, Words, meaning, words};
use super::super::header_words::{CURRENT, FIRST, NEW, NEXT, OLD};
use super::super::mapping::Mapping;
use super::super::table::{Row, Table};
use super::super::{Answer, CarrierDeck, Confidence, Detected, MAX_HEADER_ROWS, Question, Refusal};

/// The name of the table that is joined from two sheets.
const JOINED: &str = "";

/// Chooses the sheet that seems to contain the rates.
pub(super) fn choose_sheet<'t>(
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
    let likely: Vec<&(String, Table)> =
        tables.iter().filter(|(_, table)| find_header(table).is_some()).collect();
    // a sheet with codes and prices is preferred to a sheet with codes and names
    let complete = likely.iter().copied().filter(|(_, table)| {
        let header = find_header(table).and_then(|at| table.row(at)).map(contents).unwrap_or_default();
        header.code && header.price
    });
    let complete: Vec<&(String, Table)> = complete.collect();
    let rated = if complete.is_empty() { likely } else { complete };
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

/// The kinds of known names in a row.
#[derive(Clone, Copy, Default)]
struct Contents {
    known: usize,
    code: bool,
    price: bool,
    name: bool,
}

/// The known names in a row; none if the row cannot be a header.
fn contents(row: Row<'_>) -> Contents {
    let mut found = Contents::default();
    for cell in row.cells().filter(|cell| !cell.is_empty()) {
        if is_value(cell) {
            return Contents::default();
        }
        match meaning(cell) {
            Meaning::Is(Role::Prefix | Role::CountryCode | Role::AreaCode) => found.code = true,
            Meaning::Price(_) => found.price = true,
            Meaning::Is(Role::Destination | Role::Country) => found.name = true,
            Meaning::Is(_) | Meaning::Part(_) => {}
            Meaning::Ignored | Meaning::Unknown => continue,
        }
        found.known += 1;
    }
    found
}

/// The number of names with a known meaning; 0 if the row cannot be a header.
fn header_score(row: Row<'_>) -> usize {
    let Contents { known, code, price, .. } = contents(row);
    // a country or destination column may hold the codes
    if price && (code || known >= 3) || code && known >= 3 { known } else { 0 }
}

/// Joins a sheet with names and prices and a sheet with names and codes, if no sheet has both codes and prices.
pub(in crate::carrier_deck) fn joined(
    mut tables: Vec<(String, Table)>,
    mapping: &Mapping,
    deck: &mut CarrierDeck,
) -> Vec<(String, Table)> {
    for (_, table) in &mut tables {
        if let Some(one) = stacked(table).filter(|_| mapping.header_line.is_none()) {
            *table = one;
            let reason = "The column names are repeated to the right of the first columns.";
            deck.detected.push(Detected::new("columns", "several blocks", reason, Confidence::High));
        }
    }
    if tables.len() < 2 || mapping.sheet.is_some() {
        return tables;
    }
    let header = |table: &Table, test: &dyn Fn(Contents) -> bool| {
        table.iter().take(MAX_HEADER_ROWS).position(|row| test(contents(row)))
    };
    let find = |test: &dyn Fn(Contents) -> bool| -> Vec<(usize, usize)> {
        let found = tables.iter().enumerate();
        found.filter_map(|(at, (_, table))| header(table, test).map(|row| (at, row))).collect()
    };
    let both = find(&|found| found.code && found.price);
    let prices = find(&|found| found.price && found.name && !found.code);
    let codes = find(&|found| found.code && found.name && !found.price);
    if let ([], [(rates, at)], [(places, below)]) = (both.as_slice(), prices.as_slice(), codes.as_slice()) {
        let (rates, places) = (&tables[*rates], &tables[*places]);
        if let Some(table) = join((&rates.1, *at), (&places.1, *below)) {
            let value = format!("{} and {}", rates.0, places.0);
            let reason = "One sheet has the prices of the destinations, and the other sheet has their codes.";
            deck.detected.push(Detected::new("sheet", value, reason, Confidence::High));
            tables = vec![(JOINED.to_owned(), table)];
        }
    }
    tables
}

/// Converts a table whose columns are repeated side by side: moves the repeated blocks below the first block. `None` if no columns are repeated.
fn stacked(table: &Table) -> Option<Table> {
    let at = find_header(table)?;
    let header = table.row(at)?;
    let name = |column: usize| words(header.get(column));
    let start = (0..header.len()).find(|column| !name(*column).is_empty())?;
    let next = (start + 2..header.len()).find(|column| name(*column) == name(start))?;
    let period = next - start;
    let width = (start..next).rev().find(|column| !name(*column).is_empty())? + 1 - start;
    let blocks: Vec<usize> = (start..header.len()).step_by(period).collect();
    let same = |block: &usize| (0..width).all(|offset| name(block + offset) == name(start + offset));
    let roles: Vec<Meaning> = (0..width).map(|offset| meaning(header.get(start + offset))).collect();
    let coded = roles.iter().any(|role| matches!(role, Meaning::Is(Role::Prefix | Role::CountryCode)));
    let priced = roles.iter().any(|role| matches!(role, Meaning::Price(_)));
    if !blocks.iter().all(same) || width < 2 || !coded || !priced {
        return None;
    }
    let mut found = Table::default();
    found.blank = table.blank;
    for row in table.iter().take(at) {
        copy(&mut found, row, 0, row.len());
    }
    copy(&mut found, header, start, width);
    for block in blocks {
        for index in at + 1..table.len() {
            let Some(row) = table.row(index) else { break };
            if (0..width).any(|offset| !row.get(block + offset).is_empty()) {
                copy(&mut found, row, block, width);
            }
        }
    }
    Some(found)
}

fn copy(table: &mut Table, row: Row<'_>, from: usize, width: usize) {
    table.begin(row.line);
    for column in from..from + width {
        table.push(row.get(column), row.kind(column));
    }
}

/// The column with the names of the destinations; without such a column, the column with the names of the countries.
fn name_column(header: Row<'_>) -> Option<usize> {
    let is = |role: Role| header.cells().position(|cell| meaning(cell) == Meaning::Is(role));
    is(Role::Destination).or_else(|| is(Role::Country))
}

/// Joins the rows of two tables that have the same name: adds the cells of the second table to the rows of the first table.
fn join((rates, at): (&Table, usize), (places, below): (&Table, usize)) -> Option<Table> {
    let (header, other) = (rates.row(at)?, places.row(below)?);
    let (name, key) = (name_column(header)?, name_column(other)?);
    let repeated = |column: usize| header.cells().any(|cell| words(cell) == words(other.get(column)));
    let added: Vec<usize> = (0..other.len()).filter(|column| *column != key && !repeated(*column)).collect();
    let mut codes: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    for index in below + 1..places.len() {
        let cell = places.row(index).map_or("", |row| row.get(key));
        if !cell.is_empty() {
            codes.entry(words(cell)).or_default().push(index);
        }
    }
    let width = rates.width();
    let mut table = Table::default();
    table.blank = rates.blank;
    let mut matched = false;
    for (index, row) in rates.iter().enumerate() {
        let found = codes.get(&words(row.get(name))).filter(|_| index > at).map_or(&[][..], Vec::as_slice);
        matched |= !found.is_empty();
        let from: Vec<Option<Row<'_>>> = match found {
            [] if index == at => vec![Some(other)],
            [] => vec![None],
            several => several.iter().map(|place| places.row(*place)).collect(),
        };
        for place in from {
            table.begin(row.line);
            for column in 0..width {
                table.push(row.get(column), row.kind(column));
            }
            for (place, column) in
                place.into_iter().flat_map(|place| added.iter().map(move |column| (place, *column)))
            {
                table.push(place.get(column), place.kind(column));
            }
        }
    }
    matched.then_some(table)
}

fn is_value(cell: &str) -> bool {
    let number = cell
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+' | b'/' | b' ' | b';'));
    (number && cell.bytes().any(|byte| byte.is_ascii_digit()) && cell.len() > 1)
        || looks_like_codes(cell) && cell.len() > 1
}

pub(super) fn open_sheet<'t>(
    table: &'t Table,
    mapping: &Mapping,
    deck: &mut CarrierDeck,
) -> Result<Sheet<'t>, Refusal> {
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
    Ok(Sheet { table, start, above: at, names, has_header: true })
}

fn names_of(table: &Table, row: usize, width: usize) -> Vec<String> {
    let Some(row) = table.row(row) else { return vec![String::new(); width] };
    (0..width).map(|column| row.get(column).chars().take(200).collect()).collect()
}

/// Whether a cell below a column's name has the unit of the column, such as "(USD/min)" or "sec".
fn is_unit(cell: &str) -> bool {
    cell.len() <= 20 && (unit(cell).is_some() || !currencies(cell).is_empty())
}

fn continues_header(row: Row<'_>) -> bool {
    let cells: Vec<&str> = row.cells().filter(|cell| !cell.is_empty()).collect();
    let part = |cell: &str| {
        let words = Words(words(cell));
        [OLD, CURRENT, NEW, FIRST, NEXT].iter().any(|list| words.only(list)) || is_unit(cell)
    };
    let known = cells
        .iter()
        .filter(|cell| part(cell) || !matches!(meaning(cell), Meaning::Unknown | Meaning::Ignored))
        .count();
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
    let above = if named { start.saturating_sub(1) } else { start };
    Ok(Sheet { table, start, above, names, has_header: named })
}
