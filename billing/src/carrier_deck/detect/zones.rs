//! Prices of zones in sentences: "Zone 1: EUR 0.02; Zone 2: EUR 0.05".

use std::collections::BTreeMap;

use super::super::MAX_HEADER_ROWS;
use super::super::cells::currencies;
use super::super::header::{Meaning, Role, meaning, names_group, words};
use super::super::table::{Kind, Table};
use super::sheets::contents;

/// Maximum number of zones.
const MAX_ZONES: usize = 50;

/// The table with a column of prices, if it has codes and zones but no prices, and lines outside the table name the price of each zone.
pub(super) fn priced(table: &Table) -> Option<Table> {
    let headed = |at: &usize| {
        table.row(*at).map(contents).is_some_and(|found| found.code && !found.price && found.names >= 2)
    };
    let at = (0..table.len().min(MAX_HEADER_ROWS)).find(headed)?;
    let header = table.row(at)?;
    let zone = (0..header.len()).find(|column| names_group(header.get(*column)))?;
    let code = (0..header.len()).find(|column| {
        matches!(meaning(header.get(*column)), Meaning::Is(Role::Prefix | Role::CountryCode | Role::AreaCode))
    })?;
    let is_row = |index: usize| {
        table.row(index).is_some_and(|row| {
            row.get(code).contains(|letter: char| letter.is_ascii_digit()) && row.filled() > 1
        })
    };
    let name = words(header.get(zone));
    let mut prices: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    for index in (at + 1..table.len()).filter(|index| is_row(*index)) {
        let value = table.row(index).map(|row| words(row.get(zone))).unwrap_or_default();
        if prices.len() > MAX_ZONES {
            return None;
        }
        prices.entry(value).or_insert(None);
    }
    let notes = (0..table.len()).filter(|index| *index < at || *index > at && !is_row(*index));
    let texts: Vec<String> = notes
        .filter_map(|index| table.row(index))
        .map(|row| row.cells().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" "))
        .collect();
    for (value, price) in &mut prices {
        let mut found: Vec<String> = texts.iter().filter_map(|text| price_of(text, &name, value)).collect();
        found.dedup();
        let [one] = found.as_slice() else { return None };
        *price = Some(one.clone());
    }
    if prices.len() < 2 {
        return None;
    }
    let all = texts.join(" ");
    let currency = match currencies(&all).as_slice() {
        [one] => format!(" {one}"),
        _ => String::new(),
    };
    let mut found = Table::default();
    found.blank = table.blank;
    let width = table.width();
    for (index, row) in table.iter().enumerate() {
        found.begin(row.line);
        let is_note = row.filled() == 1 || index < at;
        let cells = if is_note && index != at { row.len() } else { width };
        for column in 0..cells {
            let cell = row.get(column);
            // the prices that were read are taken out of the sentences
            let consumed = (is_note && index != at).then(|| without_prices(cell, &prices, &name));
            found.push(consumed.as_deref().unwrap_or(cell), row.kind(column));
        }
        let price = prices.get(&words(row.get(zone))).and_then(Option::as_deref);
        match price {
            _ if index == at => found.push(&format!("Price per minute{currency}"), Kind::Text),
            Some(price) if is_row(index) && !is_note => found.push(price, Kind::Text),
            _ => {}
        }
    }
    Some(found)
}

/// The position of the first number with decimals in a text, and its length.
fn amount(text: &str) -> Option<(usize, usize)> {
    let digit = |letter: char| letter.is_ascii_digit();
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find(digit).map(|at| at + from) {
        let tail = text.get(at..)?;
        let length =
            tail.find(|letter: char| !digit(letter) && !matches!(letter, '.' | ',')).unwrap_or(tail.len());
        let number = tail.get(..length)?.trim_end_matches(['.', ',']);
        if number.contains(['.', ',']) {
            return Some((at, number.len()));
        }
        from = at + length;
    }
    None
}

/// The position and the length of a zone's price in a text: the first amount after the zone's name, before the next zone.
fn place(text: &str, name: &[String], value: &[String]) -> Option<(usize, usize)> {
    let zone: Vec<String> = if value.starts_with(name) { value.to_vec() } else { [name, value].concat() };
    let first = zone.first()?;
    let starts = text.char_indices().filter(|(at, _)| {
        let before = text.get(..*at).and_then(|head| head.chars().next_back());
        before.is_none_or(|letter| !letter.is_alphanumeric())
    });
    for (at, _) in starts {
        let tail = text.get(at..)?;
        let all = words(tail);
        if !all.starts_with(&zone) || tail.starts_with(|letter: char| !letter.is_alphanumeric()) {
            continue;
        }
        let last = zone.last()?;
        let skip = tail.to_lowercase().find(last.as_str()).unwrap_or(0) + last.len();
        let rest = tail.get(skip..)?;
        let (from, length) = amount(rest)?;
        let between = words(rest.get(..from)?);
        return (!between.contains(first) && between.len() <= 6).then_some((at + skip + from, length));
    }
    None
}

fn price_of(text: &str, name: &[String], value: &[String]) -> Option<String> {
    let (at, length) = place(text, name, value)?;
    text.get(at..at + length).map(str::to_owned)
}

fn without_prices(cell: &str, prices: &BTreeMap<Vec<String>, Option<String>>, name: &[String]) -> String {
    let mut text = cell.to_owned();
    for value in prices.keys() {
        if let Some((at, length)) = place(&text, name, value) {
            text.replace_range(at..at + length, "");
        }
    }
    text
}
