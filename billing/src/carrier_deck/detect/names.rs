//! Makes a column of codes from codes that other columns contain: in the names of the destinations, or in several columns.

use super::super::MAX_HEADER_ROWS;
use super::super::codes::looks_like_codes;
use super::super::header::{Meaning, Role, meaning, words};
use super::super::table::{Kind, Row, Table};
use super::countries::countries;
use super::sheets::contents;
use crate::country::calling_codes;
use crate::number::calling_code;

/// A pattern must occur in at least this many rows.
const FEWEST: usize = 3;

/// Moves the codes that are written in the names, as in `France (33)`, to a new column. `None` if the header already names a column of codes.
pub(super) fn codes_in_names(table: &Table) -> Option<Table> {
    let is_header = |row: Row<'_>| {
        let found = contents(row);
        found.price && found.name && !found.code
    };
    let at = table.iter().take(MAX_HEADER_ROWS).position(is_header)?;
    let header = table.row(at)?;
    let name = header
        .cells()
        .position(|cell| matches!(meaning(cell), Meaning::Is(Role::Destination | Role::Country)))?;
    let rows = || table.iter().skip(at + 1).filter(|row| row.filled() > 1 && !row.get(name).is_empty());
    let coded = rows().filter(|row| apart(row.get(name)).is_some()).count();
    if coded < FEWEST || coded * 10 < rows().count() * 9 {
        return None;
    }
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        found.begin(row.line);
        let split = apart(row.get(name)).filter(|_| index > at && row.filled() > 1);
        for column in 0..header.len().max(row.len()) {
            match &split {
                Some((text, _)) if column == name => found.push(text, Kind::Text),
                _ => found.push(row.get(column), row.kind(column)),
            }
        }
        let code = if index == at { "Code" } else { split.as_ref().map_or("", |(_, codes)| codes.as_str()) };
        if index >= at {
            found.push(code, Kind::Text);
        }
    }
    Some(found)
}

/// The name and the codes of `France (33)`, `33 France`, or `France +33, +336`.
fn apart(cell: &str) -> Option<(String, String)> {
    let pair = |name: &str, codes: &str| {
        let name = name.trim_matches([' ', '-', '–', ':', ',', '(', '[']);
        let named =
            name.contains(char::is_alphabetic) && !name.contains(|letter: char| letter.is_ascii_digit());
        let codes = codes.trim_matches([' ', '-', '–', ':', ',', ')', ']']);
        (named && looks_like_codes(codes)).then(|| (name.to_owned(), codes.to_owned()))
    };
    if let Some(inner) = cell.trim().strip_suffix([')', ']']) {
        let (name, codes) = inner.rsplit_once(['(', '['])?;
        return pair(name, codes);
    }
    let letters = |letter: char| letter.is_alphabetic();
    let (first, last) = (cell.find(letters)?, cell.rfind(letters)?);
    let end = last + cell.get(last..)?.chars().next()?.len_utf8();
    match (cell.get(..first)?, cell.get(end..)?) {
        (codes, rest) if rest.trim().is_empty() => {
            pair(cell.get(first..)?, codes.trim_end_matches(['(', '[']))
        }
        (rest, codes) if rest.trim().is_empty() => pair(cell.get(..end)?, codes),
        _ => None,
    }
}

/// Joins several columns of codes into one if their names differ only in their number: "Code 1", "Code 2".
pub(super) fn numbered_codes(table: &Table) -> Option<Table> {
    let at = super::sheets::find_header(table)?;
    let header = table.row(at)?;
    let base = |column: usize| -> Option<Vec<String>> {
        let all = words(header.get(column));
        let (number, name) = all.split_last()?;
        let coded = matches!(meaning(&name.join(" ")), Meaning::Is(Role::Prefix | Role::AreaCode));
        (number.len() <= 2 && number.parse::<u8>().is_ok() && coded).then(|| name.to_vec())
    };
    let first = (0..header.len()).find(|column| base(*column).is_some())?;
    let columns: Vec<usize> = (0..header.len()).filter(|column| base(*column) == base(first)).collect();
    if columns.len() < 2 {
        return None;
    }
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        found.begin(row.line);
        for column in
            (0..header.len().max(row.len())).filter(|column| *column == first || !columns.contains(column))
        {
            if column != first || index < at {
                found.push(row.get(column), row.kind(column));
            } else if index == at {
                found.push(&base(first).unwrap_or_default().join(" "), Kind::Text);
            } else {
                let codes: Vec<&str> =
                    columns.iter().map(|column| row.get(*column)).filter(|cell| !cell.is_empty()).collect();
                found.push(&codes.join(", "), if codes.len() > 1 { Kind::Text } else { row.kind(first) });
            }
        }
    }
    Some(found)
}

/// Adds a column for the country codes that are written in titles above area codes, as in `FRANCE +33`.
pub(super) fn codes_in_titles(table: &Table) -> Option<Table> {
    let at = super::sheets::find_header(table)?;
    let header = table.row(at)?;
    let is = |role: Role| header.cells().filter(|cell| meaning(cell) == Meaning::Is(role)).count();
    if is(Role::AreaCode) != 1 || is(Role::CountryCode) + is(Role::Prefix) > 0 {
        return None;
    }
    let title = |row: Row<'_>| {
        let cell = row.cells().find(|cell| !cell.is_empty())?;
        let (name, code) = apart(cell).filter(|_| row.filled() == 1 && !is_page(cell))?;
        let digits = code.trim_start_matches(['+', '0']);
        // "Zone 7" is not a country
        let marked = code.starts_with("00") || cell.contains(['+', '(', '[']);
        let named =
            || countries(&words(&name)).iter().any(|country| calling_codes(country).contains(&digits));
        (calling_code(digits) == Some(digits) && (marked || named())).then(|| (name, digits.to_owned()))
    };
    if table.iter().skip(at + 1).filter(|row| title(*row).is_some()).count() < 2 {
        return None;
    }
    let mut found = Table::default();
    found.blank = table.blank;
    let mut country = String::new();
    let repeats = |row: Row<'_>| {
        let same = row.cells().zip(header.cells()).filter(|(cell, name)| !cell.is_empty() && cell == name);
        same.count() >= 2
    };
    for (index, row) in table.iter().enumerate() {
        let titled = if index > at { title(row) } else { None };
        found.begin(row.line);
        if let Some((name, code)) = titled {
            country = code;
            found.push(&name, Kind::Text);
            continue;
        }
        let numbered = |cell: &str| {
            cell.contains(|letter: char| letter.is_ascii_digit())
                && cell.contains(char::is_alphabetic)
                && !is_page(cell)
        };
        if row.filled() == 1 && row.cells().any(numbered) {
            country.clear();
        }
        for column in 0..header.len() {
            found.push(row.get(column), row.kind(column));
        }
        let code = if index == at { "Country code" } else { country.as_str() };
        // a header that is repeated on a later page stays a header
        let plain = index > at && (row.filled() < 2 || repeats(row));
        found.push(if plain { "" } else { code }, Kind::Text);
    }
    Some(found)
}

/// Whether a text such as "Page 1 of 2" numbers the pages of a printed deck.
fn is_page(text: &str) -> bool {
    const PAGES: &[&str] = &[
        "page",
        "pagina",
        "pag",
        "pg",
        "seite",
        "blatt",
        "hoja",
        "folha",
        "foglio",
        "feuille",
        "sheet",
        "strona",
        "sida",
        "side",
        "sayfa",
        "стр",
        "страница",
    ];
    words(text).first().is_some_and(|word| PAGES.contains(&word.as_str()))
}
