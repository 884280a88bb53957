//! Area codes and, in another column, the digits with which the numbers of some of their rows begin: `11` and `9` for mobile numbers.

use std::collections::BTreeSet;

use super::super::codes::looks_like_codes;
use super::super::columns::national_code;
use super::super::header::{Meaning, Role, Words, is_ignored, is_mobile, meaning};
use super::super::mapping::Mapping;
use super::super::table::{Kind, Row, Table};
use super::codes::{are_areas, country_in_note};
use super::sheets::find_header;
use super::split::{Line, push_codes};
use crate::tariff::MAX_RATES;

/// Words for the first digits of subscribers' numbers.
const STARTS: &[&str] = &[
    "subscriber",
    "subscribers",
    "assinante",
    "abonado",
    "abonne",
    "abonnes",
    "abbonato",
    "teilnehmer",
    "teilnehmernummer",
    "digit",
    "digits",
    "digito",
    "digitos",
    "chiffre",
    "chiffres",
    "cifra",
    "cifre",
    "ziffer",
    "ziffern",
    "anfangsziffer",
];

/// The table in which the digits of the other column follow the codes. `None` unless several rows have the same codes, and only one other column has
/// digits that tell these rows apart. `None` also if a code cannot be read, if the mapping names a column that would change, or if there are too many codes.
pub(super) fn appended(table: &Table, mapping: &Mapping) -> Option<Table> {
    let at = find_header(table)?;
    let header = table.row(at)?;
    let meanings: Vec<Meaning> = header.cells().map(meaning).collect();
    let coded = |meaning: &Meaning| matches!(meaning, Meaning::Is(Role::Prefix | Role::AreaCode));
    let code = single((0..meanings.len()).filter(|column| coded(&meanings[*column])).collect())?;
    if meanings.contains(&Meaning::Is(Role::CountryCode)) {
        return None;
    }
    let start = single((0..meanings.len()).filter(|column| tells(table, at, code, *column)).collect())?;
    let noted = || {
        let notes = table.iter().filter(|row| row.filled() <= 2);
        notes.filter_map(|row| country_in_note(row.cells().collect::<Vec<_>>().join(" ").trim())).next()
    };
    let known = national_code(header.get(code)).map(str::to_owned);
    let is_area = meanings.get(code) == Some(&Meaning::Is(Role::AreaCode));
    let country = known.or_else(|| noted().filter(|_| is_area)).filter(|_| mapping.code_prefix.is_none());
    let cells = || {
        let rows = table.iter().skip(at + 1).filter(|row| row.filled() > 2);
        rows.map(move |row| row.get(code)).filter(|cell| looks_like_codes(cell))
    };
    // complete codes need no country code; the later steps ask if some codes may lack it
    let before = country.filter(|country| are_areas(cells(), country)).unwrap_or_default();
    let renamed = Some(code).filter(|_| !before.is_empty());
    let changed: Vec<usize> = [Some(start), renamed].into_iter().flatten().collect();
    if mapping.names_any(header, &changed) {
        return None;
    }
    let line = |after: &str| Line {
        price: code,
        code,
        before: before.clone(),
        after: after.to_owned(),
        name: String::new(),
    };
    let prefix = mapping.code_prefix.as_deref().unwrap_or_default();
    let mut count = 0usize;
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        found.begin(row.line);
        for column in 0..row.len() {
            match column {
                // the other columns keep their positions
                _ if column == start && index >= at && row.filled() > 1 => found.push("", Kind::Text),
                // complete codes need no name like "DDD"
                _ if column == code && index == at && !before.is_empty() => found.push("Code", Kind::Text),
                _ if column == code
                    && index > at
                    && (row.filled() > 2 || looks_like_codes(row.get(code))) =>
                {
                    count += push_codes(&mut found, row, &line(row.get(start)), prefix)?;
                }
                _ => found.push(row.get(column), row.kind(column)),
            }
        }
        if count > MAX_RATES {
            return None;
        }
    }
    Some(found)
}

fn single(found: Vec<usize>) -> Option<usize> {
    match found.as_slice() {
        [column] => Some(*column),
        _ => None,
    }
}

/// Whether a column without a known name has one to three digits in some rows, but not in all of them, and these digits tell apart all rows that have
/// the same codes.
fn tells(table: &Table, at: usize, code: usize, column: usize) -> bool {
    const USUAL: &[&str] = &["1", "6", "10", "12", "15", "20", "30", "60"];
    let name = table.row(at).map_or("", |header| header.get(column));
    if column == code
        || !matches!(meaning(name), Meaning::Unknown | Meaning::Ignored)
        || is_ignored(name)
        || name.is_empty()
    {
        return false;
    }
    let rows = || {
        table.iter().skip(at + 1).filter(|row: &Row<'_>| row.filled() > 2 && looks_like_codes(row.get(code)))
    };
    if rows().all(|row| row.get(column).is_empty()) {
        return false;
    }
    let digits = |cell: &str| cell.len() <= 3 && cell.bytes().all(|byte| byte.is_ascii_digit());
    if !rows().all(|row| digits(row.get(column))) {
        return false;
    }
    // rows with such digits are for mobile phones, and other rows of the same codes are not, or the column's name says what the digits are
    let mobile = |row: &Row<'_>| row.cells().any(is_mobile);
    let named = Words::of(name).any(STARTS);
    if !named && !rows().all(|row| row.get(column).is_empty() || mobile(&row)) {
        return false;
    }
    if !named && rows().any(|row| row.get(column).is_empty() && mobile(&row)) {
        return false;
    }
    let filled: BTreeSet<&str> = rows().map(|row| row.get(column)).filter(|cell| !cell.is_empty()).collect();
    let (count, codes) = (rows().count(), rows().map(|row| row.get(code)).collect::<BTreeSet<_>>().len());
    let pairs = rows().map(|row| (row.get(code), row.get(column))).collect::<BTreeSet<_>>().len();
    !filled.is_empty()
        && !filled.iter().all(|cell| USUAL.contains(cell))
        && rows().any(|row| row.get(column).is_empty())
        && codes + 2 <= count
        && pairs == count
}
