//! Combines sheets and blocks that belong together into one table: blocks beside each other, sections with their own headers, a table of prices and a
//! table of codes, and covers.

use std::collections::HashMap;

use super::super::header::{Meaning, Role, meaning, mentions_end, words};
use super::super::mapping::Mapping;
use super::super::table::{Kind, Row, Table};
use super::super::{CarrierDeck, Confidence, Detected, MAX_COLUMNS, MAX_HEADER_ROWS};
use super::sheets::{Contents, contents, find_header, header_score, is_value};
use super::{below, blocks, names, split, starts, steps, surcharges, zones};

/// The value of the guess that each row has a price for fixed lines and another one for mobile phones.
pub(in crate::carrier_deck) const KINDS: &str = "fixed and mobile";
/// The name of a table that was joined from two sheets.
const JOINED: &str = "";
/// A sheet without rates counts as a cover only if it has at most this many lines.
const MAX_COVER: usize = 60;
/// A table of prices that is above a table of codes has at most this many lines.
const MAX_BLOCK: usize = 500;
/// Maximum number of lines from covers that are read together with the rates.
const MAX_COVERED: usize = MAX_HEADER_ROWS / 2;
/// The text that stands for the price of a destination that has codes, but is not in the list of prices.
const NO_PRICE: &str = "n/a";

/// Combines the tables that belong together. The reader then searches the returned tables for the rates.
pub(in crate::carrier_deck) fn joined(
    mut tables: Vec<(String, Table)>,
    mapping: &Mapping,
    deck: &mut CarrierDeck,
) -> Vec<(String, Table)> {
    if mapping.header_line.is_some() {
        return tables;
    }
    for (_, table) in &mut tables {
        if let Some((found, line)) = surcharges::without(table) {
            *table = found;
            let reason =
                "This section has surcharges that depend on the caller's number, which a tariff cannot have.";
            deck.detected.push(Detected::new(
                "section:left_out",
                format!("line {line}"),
                reason,
                Confidence::High,
            ));
        }
        let (found, value, reason) = if let Some(found) = stacked(table) {
            (found, "several blocks", "The names of the columns are repeated beside the first columns.")
        } else if let Some(found) = below::codes(table) {
            (found, "codes below", "The rows below each destination have its codes.")
        } else if let Some(found) = zones::priced(table) {
            (found, "prices of zones", "Lines outside the table name the price of each zone.")
        } else if let Some(found) = zoned(table) {
            (found, "two tables", "One table has the prices, and another one in the sheet has their codes.")
        } else if let Some(found) = sectioned(table) {
            (found, "several sections", "Some sections have the same columns in another order.")
        } else if let Some(found) = names::numbered_codes(table) {
            (found, "several columns of codes", "The names of these columns differ only in their number.")
        } else if let Some(found) = names::codes_in_names(table) {
            (found, "codes in names", "The names of the destinations contain their codes.")
        } else if let Some(found) = names::codes_in_titles(table) {
            (found, "country codes in titles", "The titles above the rates contain country codes.")
        } else if let Some(found) = split::kinds(table, mapping) {
            (found, KINDS, "A line says with which digits the numbers with the second price begin.")
        } else if let Some(found) = blocks::covered(table, mapping) {
            (found, "blocks of numbers", "Two columns have the first and the last number of each block.")
        } else if let Some(found) = starts::appended(table, mapping) {
            (
                found,
                "codes in two columns",
                "One column has codes, and another one has the digits that follow them.",
            )
        } else {
            continue;
        };
        *table = found;
        deck.detected.push(Detected::new("columns", value, reason, Confidence::High));
    }
    if tables.len() > 1 {
        if mapping.sheet.is_none() {
            join_sheets(&mut tables, deck);
            steps::add(&mut tables, deck);
        }
        add_covers(&mut tables, mapping.sheet.as_deref());
    }
    tables
}

/// Joins the sheet that has the prices with the sheet that has the codes, if there is only one of each, and no sheet has both.
fn join_sheets(tables: &mut Vec<(String, Table)>, deck: &mut CarrierDeck) {
    let header = |table: &Table, test: &dyn Fn(Contents) -> bool| {
        table.iter().take(MAX_HEADER_ROWS).position(|row| test(contents(row)))
    };
    let find = |test: &dyn Fn(Contents) -> bool| -> Vec<(usize, usize)> {
        let found = tables.iter().enumerate();
        found.filter_map(|(at, (_, table))| header(table, test).map(|row| (at, row))).collect()
    };
    let both = find(&|found| found.code && found.price);
    let named = find(&|found| found.price && !found.code && found.name);
    let prices =
        if named.is_empty() { find(&|found| found.price && !found.code && found.known > 1) } else { named };
    let codes = find(&|found| found.code && !found.price && found.known > 1);
    let ([], [(rates, at)], [(places, below)]) = (both.as_slice(), prices.as_slice(), codes.as_slice())
    else {
        return;
    };
    let (one, other) = (&tables[*rates], &tables[*places]);
    let Some((table, unpriced)) = join((&one.1, *at), (&other.1, *below)) else { return };
    let notes = notes(&other.1, *below);
    let value = format!("{} and {}", one.0, other.0);
    let reason = "One sheet has the prices of the destinations, and the other sheet has their codes.";
    deck.detected.push(Detected::new("sheet", value, reason, Confidence::High));
    if !unpriced.is_empty() {
        let reason = "These names have codes, but no price, so their codes are not offered.";
        let shown: String = unpriced.join(", ").chars().take(500).collect();
        deck.detected.push(Detected::new("codes_without_price", shown, reason, Confidence::Medium));
    }
    let covers = tables
        .drain(..)
        .enumerate()
        .filter(|(at, _)| *at != *rates && *at != *places)
        .map(|(_, table)| table);
    let mut covers: Vec<(String, Table)> = covers.collect();
    if notes.len() > 0 {
        covers.insert(0, (String::new(), notes));
    }
    *tables = covers;
    tables.push((JOINED.to_owned(), table));
}

/// The lines of a table of codes that are not codes, such as its title: the lines above its header, and lines with a single cell.
fn notes(table: &Table, header: usize) -> Table {
    let mut found = Table::default();
    for (index, row) in table.iter().enumerate() {
        if index < header || row.filled() == 1 {
            copy(&mut found, row, 0, row.len());
        }
    }
    found
}

/// Puts the lines of short sheets without rates above the rates of the other sheets, because they may name units, dates and increments.
fn add_covers(tables: &mut Vec<(String, Table)>, chosen: Option<&str>) {
    let is_cover = |(name, table): &(String, Table)| {
        let about_codes = mentions_end(name);
        chosen != Some(name.as_str())
            && !about_codes
            && table.len() <= MAX_COVER
            && find_header(table).is_none()
    };
    let (covers, mut others): (Vec<_>, Vec<_>) = tables.drain(..).partition(is_cover);
    if others.is_empty() {
        *tables = covers;
        return;
    }
    for (_, table) in &mut others {
        let mut found = Table::default();
        found.blank = table.blank;
        for row in covers.iter().flat_map(|(_, cover)| cover.iter()).take(MAX_COVERED) {
            copy(&mut found, row, 0, row.len());
        }
        if found.len() == 0 {
            continue;
        }
        for row in table.iter() {
            copy(&mut found, row, 0, row.len());
        }
        *table = found;
    }
    *tables = others;
}

/// If a table repeats its columns side by side, puts these blocks of columns below each other.
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
    let coded = roles
        .iter()
        .any(|role| matches!(role, Meaning::Is(Role::Prefix | Role::CountryCode | Role::AreaCode)));
    let priced = roles.iter().any(|role| matches!(role, Meaning::Price(_)));
    if !blocks.iter().all(same) || width < 2 || !coded || !(priced || width > 2) {
        return None;
    }
    let mut found = Table::default();
    found.blank = table.blank;
    for row in table.iter().take(at) {
        copy(&mut found, row, 0, row.len());
    }
    copy(&mut found, header, start, width);
    // the lines after the last row of rates, such as notes, are copied once, below all blocks
    let last = (at + 1..table.len()).rev().find(|index| {
        table.row(*index).is_some_and(|row| blocks.iter().any(|block| filled(row, *block, width) > 1))
    })?;
    for block in blocks {
        for index in at + 1..=last {
            let Some(row) = table.row(index) else { break };
            if filled(row, block, width) > 0 {
                copy(&mut found, row, block, width);
            }
        }
    }
    for index in last + 1..table.len() {
        let Some(row) = table.row(index) else { break };
        copy(&mut found, row, 0, row.len());
    }
    Some(found)
}

fn filled(row: Row<'_>, from: usize, width: usize) -> usize {
    (from..from + width).filter(|column| !row.get(*column).is_empty()).count()
}

fn copy(table: &mut Table, row: Row<'_>, from: usize, width: usize) {
    table.begin(row.line);
    for column in from..from + width {
        table.push(row.get(column), row.kind(column));
    }
}

/// Joins two tables in one sheet. One of them, such as a list of zones, has prices. The other one, such as a list of countries, has codes.
fn zoned(table: &Table) -> Option<Table> {
    let test = |from: usize, most: usize, test: &dyn Fn(Contents) -> bool| {
        (from..table.len().min(from + most)).find(|at| table.row(*at).is_some_and(|row| test(contents(row))))
    };
    let prices: &dyn Fn(Contents) -> bool = &|found| found.price && !found.code && found.names >= 2;
    let codes: &dyn Fn(Contents) -> bool = &|found| found.code && !found.price && found.names >= 2;
    // a title may look like a header, but no values are below it
    let valued = |at: &usize| {
        let below = table.row(at + 1).filter(|row| row.filled() > 1);
        below.is_some_and(|row| row.cells().any(|cell| cell.contains(|letter: char| letter.is_ascii_digit())))
    };
    let headed = |at: &usize| table.row(*at).is_some_and(|row| prices(contents(row)));
    let first = (0..table.len().min(MAX_HEADER_ROWS)).filter(headed).find(valued);
    let upper = first.and_then(|at| Some((at, test(at + 2, MAX_BLOCK, codes)?)));
    let lower =
        || test(0, MAX_HEADER_ROWS, codes).and_then(|at| Some((at, test(at + 2, table.len(), prices)?)));
    let (at, below) = upper.or_else(lower)?;
    if find_header(table)
        .is_some_and(|header| table.row(header).is_some_and(|row| contents(row).code && contents(row).price))
    {
        return None;
    }
    let (mut one, mut other) = (Table::default(), Table::default());
    for (index, row) in table.iter().enumerate() {
        let part = if index < below { &mut one } else { &mut other };
        copy(part, row, 0, row.len());
    }
    let joined = if upper.is_some() { join((&one, at), (&other, 0)) } else { join((&other, 0), (&one, at)) };
    let (joined, _) = joined?;
    let mut found = Table::default();
    found.blank = table.blank;
    // add the notes of the table with the codes, which `join` leaves out
    let (above, notes) = if upper.is_some() { (0, &other) } else { (at, &one) };
    for row in one.iter().take(above).chain(joined.iter()) {
        copy(&mut found, row, 0, row.len());
    }
    for row in notes.iter().skip(if upper.is_some() { 1 } else { at + 1 }).filter(|row| row.filled() == 1) {
        copy(&mut found, row, 0, row.len());
    }
    Some(found)
}

/// The two columns, one of each table, by which the tables are joined. Both columns have the same name, or both have names of destinations or
/// countries. Of several such pairs, the one with the most matches is chosen: rows of the second table whose value also occurs in the first table.
fn keys((rates, at): (&Table, usize), (places, below): (&Table, usize)) -> Option<(usize, usize)> {
    let (header, other) = (rates.row(at)?, places.row(below)?);
    let is_name = |row: Row<'_>, column: usize| {
        matches!(meaning(row.get(column)), Meaning::Is(Role::Destination | Role::Country))
    };
    let mut best: Option<(usize, (usize, usize))> = None;
    for one in 0..header.len() {
        let values: HashMap<Vec<String>, usize> = rates
            .iter()
            .skip(at + 1)
            .map(|row| (words(row.get(one)), 1))
            .filter(|(words, _)| !words.is_empty())
            .collect();
        for key in 0..other.len() {
            let same = !words(header.get(one)).is_empty() && words(header.get(one)) == words(other.get(key));
            if !(same || is_name(header, one) && is_name(other, key)) {
                continue;
            }
            let known =
                places.iter().skip(below + 1).filter(|row| values.contains_key(&words(row.get(key)))).count();
            if known > best.map_or(0, |(known, _)| known) {
                best = Some((known, (one, key)));
            }
        }
    }
    best.map(|(_, keys)| keys)
}

/// Joins each row of the first table with the rows of the second table that have the same key. Also returns the keys that only the second table has.
/// The rows with these keys are included, and have [`NO_PRICE`] as their price. `None` if the tables have no key in common.
fn join((rates, at): (&Table, usize), (places, below): (&Table, usize)) -> Option<(Table, Vec<String>)> {
    let (header, other) = (rates.row(at)?, places.row(below)?);
    let (name, key) = keys((rates, at), (places, below))?;
    let repeated = |column: usize| header.cells().any(|cell| words(cell) == words(other.get(column)));
    let added: Vec<usize> = (0..other.len()).filter(|column| *column != key && !repeated(*column)).collect();
    let mut codes: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    let mut order: Vec<&str> = Vec::new();
    for index in below + 1..places.len() {
        let Some(row) = places.row(index).filter(|row| row.filled() > 1 && !row.get(key).is_empty()) else {
            continue;
        };
        let rows = codes.entry(words(row.get(key))).or_default();
        if rows.is_empty() {
            order.push(row.get(key));
        }
        rows.push(index);
    }
    let width = rates.width();
    let mut table = Table::default();
    table.blank = rates.blank;
    let mut matched = false;
    for (index, row) in rates.iter().enumerate() {
        let found = codes.remove(&words(row.get(name))).filter(|_| index > at).unwrap_or_default();
        matched |= !found.is_empty();
        let from: Vec<Option<Row<'_>>> = match found.as_slice() {
            [] if index == at => vec![Some(other)],
            [] => vec![None],
            several => several.iter().map(|place| places.row(*place)).collect(),
        };
        for place in from {
            copy(&mut table, row, 0, width);
            append(&mut table, place, &added);
        }
    }
    let mut unpriced = Vec::new();
    let price = (0..header.len()).find(|column| matches!(meaning(header.get(*column)), Meaning::Price(_)))?;
    for name_without in order {
        let Some(rows) = codes.remove(&words(name_without)) else { continue };
        unpriced.push(name_without.to_owned());
        for place in rows.into_iter().filter_map(|index| places.row(index)) {
            table.begin(place.line);
            for column in 0..width {
                let cell = if column == name {
                    name_without
                } else if column == price {
                    NO_PRICE
                } else {
                    ""
                };
                table.push(cell, Kind::Text);
            }
            append(&mut table, Some(place), &added);
        }
    }
    matched.then_some((table, unpriced))
}

fn append(table: &mut Table, row: Option<Row<'_>>, columns: &[usize]) {
    for (row, column) in row.into_iter().flat_map(|row| columns.iter().map(move |column| (row, *column))) {
        table.push(row.get(column), row.kind(column));
    }
}

/// If a table has sections with their own headers, and the order of the columns in these sections differs from the first header, moves the cells of
/// each section below the matching names of the first header. Columns that the first header lacks are put at the end.
fn sectioned(table: &Table) -> Option<Table> {
    let at = find_header(table)?;
    let header = table.row(at)?;
    let mut names: Vec<Vec<String>> = header.cells().map(words).collect();
    let mut shown: Vec<&str> = header.cells().collect();
    let unique = |names: &[Vec<String>]| {
        names.iter().enumerate().all(|(at, name)| name.is_empty() || !names[..at].contains(name))
    };
    if !unique(&names) {
        return None;
    }
    let mut sections: Vec<(usize, Vec<usize>)> = Vec::new();
    for (index, row) in table.iter().enumerate().skip(at + 2) {
        if !repeats(row, &names) {
            continue;
        }
        let own: Vec<Vec<String>> = row.cells().map(words).collect();
        if !unique(&own) {
            return None;
        }
        let mut places = Vec::new();
        for (column, name) in own.into_iter().enumerate() {
            let place = match names.iter().position(|known| *known == name && !name.is_empty()) {
                Some(place) => place,
                // a column without a name stays where it is
                None if name.is_empty() => column,
                None => {
                    names.push(name);
                    shown.push(row.get(column));
                    names.len() - 1
                }
            };
            places.push(place);
        }
        sections.push((index, places));
    }
    let moved = sections.iter().any(|(_, places)| places.iter().enumerate().any(|(at, place)| at != *place));
    if !moved || names.len() > MAX_COLUMNS {
        return None;
    }
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        let places = sections.iter().rev().find(|(from, _)| *from <= index).map(|(_, places)| places);
        found.begin(row.line);
        let width = names.len().max(row.len());
        for column in 0..width {
            let from = match places {
                _ if index == at => {
                    found.push(shown.get(column).copied().unwrap_or_default(), Kind::Text);
                    continue;
                }
                Some(places) if row.filled() > 1 => places.iter().position(|place| *place == column),
                _ => Some(column),
            };
            match from {
                Some(from) => found.push(row.get(from), row.kind(from)),
                None => found.push("", Kind::Text),
            }
        }
    }
    Some(found)
}

/// Whether a row is the header of a further section.
fn repeats(row: Row<'_>, names: &[Vec<String>]) -> bool {
    // most rows have values such as codes or prices, so this cheap check rules out most rows
    if row.filled() < 2 || row.cells().any(is_value) {
        return false;
    }
    let filled = row.filled();
    let known = row.cells().map(words).filter(|cell| !cell.is_empty() && names.contains(cell)).count();
    known >= 2 && known * 2 >= filled || header_score(row) > 0
}
