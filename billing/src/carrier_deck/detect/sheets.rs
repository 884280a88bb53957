//! Chooses the sheet, and finds its header. `super::join` has prepared the sheets.

use super::super::cells::{currencies, unit};
use super::super::codes::looks_like_codes;
use super::super::columns::Sheet;
use super::super::header::{Meaning, Role, Words, meaning, words};
use super::super::header_words::{CURRENT, FIRST, NEW, NEXT, OLD};
use super::super::mapping::Mapping;
use super::super::table::{Row, Table};
use super::super::{Answer, CarrierDeck, Confidence, Detected, MAX_HEADER_ROWS, Question, Refusal};
use super::headers::{header_question, sheet_question};

/// Chooses the sheet that seems to contain the rates.
pub(super) fn choose_sheet<'t>(
    tables: &'t [(String, Table)],
    mapping: &Mapping,
    deck: &mut CarrierDeck,
) -> Result<Option<&'t Table>, Refusal> {
    if let Some(name) = &mapping.sheet {
        let Some(found) = tables.iter().find(|(found, _)| found == name) else {
            let message =
                format!("The workbook has no visible sheet {:?}.", name.chars().take(40).collect::<String>());
            let text = format!("{message} Choose the sheet with the rates.");
            let refusal = Refusal::new(0, "SHEET_MISSING", message, "Correct the mapping.");
            deck.questions.push(sheet_question(tables, &text).ok_or(refusal)?);
            return Ok(None);
        };
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
        [] => {
            let message = "No sheet has columns with codes and prices.";
            let refusal = Refusal::new(0, "RATES_MISSING", message, "Name the sheet in a mapping.");
            let text =
                "No sheet has known names of columns with codes and prices. Choose the sheet with the rates.";
            deck.questions.push(sheet_question(tables, text).ok_or(refusal)?);
            Ok(None)
        }
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
pub(super) fn find_header(table: &Table) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    for (index, row) in table.iter().take(MAX_HEADER_ROWS).enumerate() {
        let score = header_score(row);
        // a header below rates belongs to a further section
        let below =
            || best.is_some_and(|(_, at)| (at + 1..index).filter_map(|at| table.row(at)).any(is_rate));
        if score > best.map_or(0, |(score, _)| score) && !below() {
            best = Some((score, index));
        }
    }
    best.map(|(_, index)| index)
}

/// Whether a row has a code and a price with decimals.
pub(in crate::carrier_deck) fn is_rate(row: Row<'_>) -> bool {
    let decimal = |column: usize| {
        let (cell, kind) = (row.get(column), row.kind(column));
        super::super::numbers::decimal(cell, kind).is_some()
    };
    let code = |cell: &str| looks_like_codes(cell) && cell.len() > 1;
    row.filled() > 2 && row.cells().any(code) && (0..row.len()).any(decimal)
}

/// The kinds of known names in a row.
#[derive(Clone, Copy, Default)]
pub(super) struct Contents {
    /// The number of names, known or unknown.
    pub(super) names: usize,
    pub(super) known: usize,
    pub(super) code: bool,
    pub(super) price: bool,
    pub(super) name: bool,
    /// Whether one of the names is a known name of an increment column.
    pub(super) step: bool,
}

/// The known names in a row; none if the row cannot be a header.
pub(super) fn contents(row: Row<'_>) -> Contents {
    let mut found = Contents::default();
    for cell in row.cells().filter(|cell| !cell.is_empty()) {
        if is_value(cell) {
            return Contents::default();
        }
        found.names += 1;
        match meaning(cell) {
            Meaning::Is(Role::Prefix | Role::CountryCode | Role::AreaCode) => found.code = true,
            Meaning::Price(_) => found.price = true,
            Meaning::Is(Role::Destination | Role::Country) => found.name = true,
            Meaning::Is(Role::Increment | Role::InitialIncrement | Role::NextIncrement) => found.step = true,
            Meaning::Is(_) | Meaning::Part(_) => {}
            Meaning::Ignored | Meaning::Unknown => continue,
        }
        found.known += 1;
    }
    found
}

/// The number of names with a known meaning; 0 if the row cannot be a header.
pub(super) fn header_score(row: Row<'_>) -> usize {
    let Contents { known, code, price, .. } = contents(row);
    // a country or destination column may hold the codes
    if price && (code || known >= 3) || code && known >= 3 { known } else { 0 }
}

pub(super) fn is_value(cell: &str) -> bool {
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
) -> Result<Option<Sheet<'t>>, Refusal> {
    let width = table.width();
    let header = match mapping.header_line {
        None => find_header(table),
        Some(0) => None,
        Some(line) => match table.iter().position(|row| row.line == line) {
            Some(at) => Some(at),
            None => {
                let message = "This line has no cells.";
                let refusal =
                    Refusal::new(line, "HEADER_MISSING", message, "Correct the line in the mapping.");
                deck.questions.push(header_question(table).ok_or(refusal)?);
                return Ok(None);
            }
        },
    };
    let Some(at) = header else { return without_header(table, width, mapping, deck) };
    let line = table.row(at).map_or(0, |row| row.line);
    let reason = "The line has the names of columns with codes and prices.";
    deck.detected.push(Detected::new("header", format!("line {line}"), reason, Confidence::High));
    let mut names = names_of(table, at, width);
    add_names_above(table, at, &mut names);
    let mut start = at + 1;
    if let Some(next) = table.row(start).filter(|next| continues_header(*next)) {
        let mut shared = String::new();
        for (column, name) in names.iter_mut().enumerate() {
            let below = next.get(column);
            let part = Words(words(below));
            let vague = [OLD, CURRENT, NEW, FIRST, NEXT].iter().any(|list| part.only(list));
            // a name that is merged across several columns is stored only in the first of them
            match name.is_empty() && vague {
                true => name.clone_from(&shared),
                false => shared.clone_from(name),
            }
            // the cells of both lines may be merged
            if !below.is_empty() && below != name.as_str() {
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
    Ok(Some(Sheet { table, start, above: at, names, has_header: true }))
}

fn names_of(table: &Table, row: usize, width: usize) -> Vec<String> {
    let Some(row) = table.row(row) else { return vec![String::new(); width] };
    (0..width).map(|column| row.get(column).chars().take(200).collect()).collect()
}

/// Puts the names in the row above before names like "New", which do not say what is new.
fn add_names_above(table: &Table, at: usize, names: &mut [String]) {
    let Some(above) = at.checked_sub(1).and_then(|above| table.row(above)).filter(|row| row.filled() > 1)
    else {
        return;
    };
    // a name that is merged across several columns is stored only in the first of them
    let mut shared = "";
    for (column, name) in names.iter_mut().enumerate() {
        let part = Words(words(name));
        let vague = [OLD, CURRENT, NEW, FIRST, NEXT].iter().any(|list| part.only(list));
        let own = above.get(column);
        shared = if own.is_empty() && vague { shared } else { own };
        let step = Meaning::Is(Role::Increment);
        if vague && (matches!(meaning(shared), Meaning::Price(_)) || meaning(shared) == step) {
            *name = format!("{shared} {name}");
        }
    }
}

/// Whether a cell below a column's name has its unit, such as "(USD/min)" or "sec".
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
) -> Result<Option<Sheet<'t>>, Refusal> {
    let is_rate = |row: Row<'_>| {
        let coded = row.cells().any(|cell| !cell.is_empty() && looks_like_codes(cell));
        coded && row.cells().filter(|cell| cell.contains(|letter: char| letter.is_ascii_digit())).count() >= 2
    };
    let mut found = table.iter().take(MAX_HEADER_ROWS).position(is_rate);
    if mapping.header_line == Some(0) {
        found = found.or_else(|| table.iter().position(|row| row.filled() > 1));
    }
    let Some(start) = found else {
        let message =
            "No line has the names of columns with codes and prices, and no line has a code and a price.";
        let refusal = Refusal::new(0, "RATES_MISSING", message, "Give the line of the header in a mapping.");
        deck.questions.push(header_question(table).ok_or(refusal)?);
        return Ok(None);
    };
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
    Ok(Some(Sheet { table, start, above, names, has_header: named }))
}
