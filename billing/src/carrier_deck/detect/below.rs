//! Codes in the rows below their destinations.

use super::super::MAX_HEADER_ROWS;
use super::super::codes::looks_like_codes;
use super::super::header::{Meaning, Role, Words, meaning, words};
use super::super::header_words::CODE;
use super::super::table::{Kind, Row, Table};
use super::sheets::contents;

/// The table in which the codes of each destination are in the destination's row. `None` unless at least two destinations, and most of them, have
/// their codes in rows below.
pub(super) fn codes(table: &Table) -> Option<Table> {
    let headed = |at: &usize| {
        table
            .row(*at)
            .map(contents)
            .is_some_and(|found| found.price && found.names >= 2 && (found.name || found.code))
    };
    let at = (0..table.len().min(MAX_HEADER_ROWS)).find(headed)?;
    let header = table.row(at)?;
    let column = |test: &dyn Fn(&Meaning) -> bool| {
        (0..header.len()).find(|column| test(&meaning(header.get(*column))))
    };
    let price = column(&|meaning| matches!(meaning, Meaning::Price(_)))?;
    let code =
        column(&|meaning| matches!(meaning, Meaning::Is(Role::Prefix | Role::CountryCode | Role::AreaCode)));
    let digit = |cell: &str| cell.contains(|letter: char| letter.is_ascii_digit());
    let uncoded = |row: Row<'_>| {
        digit(row.get(price)) && row.filled() > 1 && code.is_none_or(|code| row.get(code).is_empty())
    };
    let (mut priced, mut followed) = (0usize, 0usize);
    for index in at + 1..table.len() {
        let Some(row) = table.row(index) else { break };
        // most decks have a code in every row
        if digit(row.get(price)) && row.filled() > 1 {
            priced += 1;
            let below = table.row(index + 1).is_some_and(|below| listed(below, price).is_some());
            followed += usize::from(uncoded(row) && below);
            if priced > 20 && followed == 0 {
                return None;
            }
        }
    }
    if followed < 2 || followed * 2 < priced {
        return None;
    }
    Some(moved(table, at, price, code))
}

fn moved(table: &Table, at: usize, price: usize, code: Option<usize>) -> Table {
    let width = table.width();
    let place = code.unwrap_or(width);
    let mut found = Table::default();
    found.blank = table.blank;
    let mut index = 0;
    while let Some(row) = table.row(index) {
        let mut codes = Vec::new();
        let mut next = index + 1;
        let empty = code.is_none_or(|code| row.get(code).is_empty());
        if index > at
            && row.filled() > 1
            && empty
            && row.get(price).contains(|letter: char| letter.is_ascii_digit())
        {
            while let Some(list) = table.row(next).and_then(|below| listed(below, price)) {
                codes.push(list);
                next += 1;
            }
        }
        found.begin(row.line);
        for column in 0..width.max(place + 1) {
            match column {
                _ if column == place && index == at && code.is_none() => found.push("Code", Kind::Text),
                _ if column == place && !codes.is_empty() => found.push(&codes.join(","), Kind::Text),
                _ => found.push(row.get(column), row.kind(column)),
            }
        }
        index = next;
    }
    found
}

/// The codes of a row that has only codes, perhaps after a word like "Codes:". The delimiter of the file may have split the list.
fn listed(row: Row<'_>, price: usize) -> Option<String> {
    let cells: Vec<&str> = row.cells().filter(|cell| !cell.is_empty()).collect();
    let (first, rest) = cells.split_first()?;
    let label = first
        .find(|letter: char| letter.is_ascii_digit() || letter == '+')
        .and_then(|from| first.split_at_checked(from));
    let first = match label {
        Some((label, list)) if !label.is_empty() && Words(words(label)).only(CODE) => list,
        _ => first,
    };
    let plain = |cell: &str| looks_like_codes(cell) && !cell.contains('.');
    let alone = cells.len() == 1 || row.get(price).is_empty();
    (alone && plain(first) && rest.iter().all(|cell| plain(cell)))
        .then(|| std::iter::once(first).chain(rest.iter().copied()).collect::<Vec<_>>().join(","))
}
