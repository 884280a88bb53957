//! Adds increments from a sheet of their own to the rates of another sheet.

use std::collections::BTreeMap;

use super::super::header::{Meaning, Role, meaning, words};
use super::super::header_words::ALL_PLACES;
use super::super::table::{Kind, Row, Table};
use super::super::{CarrierDeck, Confidence, Detected, MAX_HEADER_ROWS};
use super::sheets::{Contents, contents, find_header};

/// Adds increments to the rates if exactly one sheet has codes and prices, but no increments, and exactly one other sheet has names and increments. A
/// rate gets the increments of the longest listed name with which its own name begins. A rate without such a name gets the increments for all
/// destinations.
pub(super) fn add(tables: &mut [(String, Table)], deck: &mut CarrierDeck) {
    let header = |table: &Table, test: &dyn Fn(Contents) -> bool| {
        table.iter().take(MAX_HEADER_ROWS).position(|row| test(contents(row)))
    };
    let find = |test: &dyn Fn(Contents) -> bool| -> Vec<(usize, usize)> {
        let found = tables.iter().enumerate();
        found.filter_map(|(at, (_, table))| header(table, test).map(|row| (at, row))).collect()
    };
    let rated = find(&|found| found.code && found.price);
    let listed = find(&|found| found.name && found.step && !found.code && !found.price);
    let ([(rates, _)], [(list, at)]) = (rated.as_slice(), listed.as_slice()) else { return };
    let (Some((_, one)), Some((name, other))) = (tables.get(*rates), tables.get(*list)) else { return };
    let Some(found) = with_steps(one, other, *at) else { return };
    let reason = "This sheet has the increments of the destinations.";
    deck.detected.push(Detected::new("increments", name.as_str(), reason, Confidence::High));
    if let Some((_, table)) = tables.get_mut(*rates) {
        *table = found;
    }
}

fn is_step(cell: &str) -> bool {
    matches!(meaning(cell), Meaning::Is(Role::Increment | Role::InitialIncrement | Role::NextIncrement))
}

fn with_steps(rates: &Table, list: &Table, at: usize) -> Option<Table> {
    let below = find_header(rates)?;
    let (header, names) = (rates.row(below)?, list.row(at)?);
    if header.cells().any(is_step) {
        return None;
    }
    let is_name = |cell: &str| matches!(meaning(cell), Meaning::Is(Role::Destination | Role::Country));
    let name = header
        .cells()
        .position(|cell| meaning(cell) == Meaning::Is(Role::Destination))
        .or_else(|| header.cells().position(is_name))?;
    let key = names.cells().position(is_name)?;
    let steps: Vec<usize> = (0..names.len()).filter(|column| is_step(names.get(*column))).collect();
    let mut known: BTreeMap<Vec<String>, Row<'_>> = BTreeMap::new();
    let mut general: Option<Row<'_>> = None;
    for row in list.iter().skip(at + 1).filter(|row| row.filled() > 1) {
        let words = words(row.get(key));
        if words.is_empty() {
            continue;
        }
        match words.iter().all(|word| ALL_PLACES.contains(&word.as_str())) {
            true => general = Some(row),
            false => drop(known.entry(words).or_insert(row)),
        }
    }
    let of = |row: Row<'_>| {
        let words = words(row.get(name));
        (1..=words.len()).rev().find_map(|length| known.get(words.get(..length)?).copied()).or(general)
    };
    let mut found = Table::default();
    found.blank = rates.blank;
    let width = rates.width();
    let mut matched = false;
    for (index, row) in rates.iter().enumerate() {
        found.begin(row.line);
        for column in 0..width {
            found.push(row.get(column), row.kind(column));
        }
        let from = match () {
            () if index == below => Some(names),
            () if index > below && row.filled() > 1 => of(row),
            () => None,
        };
        matched |= index > below && from.is_some();
        for column in &steps {
            let (cell, kind) = from.map_or(("", Kind::Text), |from| (from.get(*column), from.kind(*column)));
            found.push(cell, kind);
        }
    }
    matched.then_some(found)
}
