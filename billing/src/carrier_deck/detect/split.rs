//! Splits rows that have one price for fixed lines and another one for mobile phones. A note must say with which digits mobile numbers begin, because
//! both prices have the same codes.

use super::super::header::{Meaning, Role, Words, meaning, words};
use super::super::header_words::{FIXED, MOBILE};
use super::super::table::{Kind, Row, Table};
use super::sheets::{find_header, is_value};

const BEGIN: &[&str] = &[
    "begin",
    "begins",
    "beginning",
    "start",
    "starts",
    "starting",
    "iniciados",
    "iniciam",
    "comecam",
    "empiezan",
    "empieza",
    "inician",
    "commencent",
    "commencant",
    "beginnen",
    "beginnend",
    "iniziano",
    "inizianti",
    "prefix",
];

/// The table in which each row is replaced by two rows: one for fixed lines and one for mobile phones.
pub(super) fn kinds(table: &Table) -> Option<Table> {
    let at = find_header(table)?;
    let header = table.row(at)?;
    let column = |list: &[&str]| {
        let named = |column: &usize| Words(words(header.get(*column))).any(list);
        let found: Vec<usize> =
            (0..header.len()).filter(|column| named(column) && is_price(table, at, *column)).collect();
        <[usize; 1]>::try_from(found).ok().map(|[column]| column)
    };
    let (fixed, mobile) = (column(FIXED)?, column(MOBILE)?);
    let code = (0..header.len()).find(|column| is_code(header.get(*column)))?;
    let digits = table.iter().filter(|row| row.filled() == 1).find_map(first_digits)?;
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        if index < at || index > at && (row.filled() <= 1 || row.get(code).is_empty()) {
            copy(&mut found, row, row.len());
            continue;
        }
        let kind =
            |column: usize| header.get(column).split(['(', '[']).next().unwrap_or_default().trim().to_owned();
        for (price, suffix) in [(fixed, ""), (mobile, digits.as_str())] {
            if index == at && price == mobile {
                continue;
            }
            found.begin(row.line);
            for column in (0..header.len()).filter(|column| *column != mobile) {
                match column {
                    _ if index == at && column == fixed => {
                        found.push(&general(header.get(fixed)), Kind::Text)
                    }
                    _ if index == at => found.push(row.get(column), Kind::Text),
                    _ if column == fixed => found.push(row.get(price), row.kind(price)),
                    _ if column == code && !suffix.is_empty() => {
                        found.push(&format!("{}{suffix}", row.get(code)), Kind::Text)
                    }
                    _ => found.push(row.get(column), row.kind(column)),
                }
            }
            let kind = if index == at { "Type".to_owned() } else { kind(price) };
            found.push(&kind, Kind::Text);
        }
    }
    Some(found)
}

fn copy(table: &mut Table, row: Row<'_>, width: usize) {
    table.begin(row.line);
    for column in 0..width {
        table.push(row.get(column), row.kind(column));
    }
}

/// Whether a column with this name has codes.
fn is_code(name: &str) -> bool {
    matches!(meaning(name), Meaning::Is(Role::Prefix | Role::AreaCode))
}

/// Whether a column below the header has prices with decimals.
fn is_price(table: &Table, at: usize, column: usize) -> bool {
    let cells = || {
        table
            .iter()
            .skip(at + 1)
            .take(200)
            .filter(|row| row.filled() > 2)
            .map(|row| row.get(column))
            .filter(|cell| cell.contains(|letter: char| letter.is_ascii_digit()))
    };
    let decimals = cells().filter(|cell| cell.contains(['.', ',']) && is_value(cell)).count();
    decimals > 0 && decimals * 5 >= cells().count() * 4
}

/// The column's name without the words for the kind of line.
fn general(name: &str) -> String {
    let kept: Vec<&str> = name.split(' ').filter(|word| !Words(words(word)).any(FIXED)).collect();
    format!("Price {}", kept.join(" "))
}

/// The digits with which mobile numbers begin, according to a sentence.
fn first_digits(row: Row<'_>) -> Option<String> {
    let text = row.cells().find(|cell| !cell.is_empty())?;
    let all = words(text);
    let mobile = all.iter().position(|word| MOBILE.contains(&word.as_str()))?;
    let begins = all.iter().skip(mobile).position(|word| BEGIN.contains(&word.as_str()))? + mobile;
    let number = |word: &&String| word.len() <= 2 && word.bytes().all(|byte| byte.is_ascii_digit());
    let found: Vec<&String> = all.iter().skip(begins).filter(number).collect();
    match found.as_slice() {
        [digits] => Some((*digits).clone()),
        _ => None,
    }
}
