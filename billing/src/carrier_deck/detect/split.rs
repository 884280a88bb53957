//! Splits rows that have one price for fixed lines and another one for mobile phones. If both prices have the same codes, a note must say with which
//! digits mobile numbers begin.

use std::collections::BTreeSet;

use super::super::codes::{self, CodeRules, HyphenRule, ListRule, SpaceRule};
use super::super::header::{Meaning, Role, Words, meaning, words};
use super::super::header_words::{FIXED, MOBILE};
use super::super::mapping::Mapping;
use super::super::numbers::{DecimalMark, amount, decimal};
use super::super::table::{Kind, Row, Table};
use super::sheets::find_header;
use crate::tariff::MAX_RATES;

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

/// Where the row for one kind of line gets its price and its codes.
pub(super) struct Line {
    pub(super) price: usize,
    pub(super) code: usize,
    /// The digits before and after each code.
    pub(super) before: String,
    pub(super) after: String,
    pub(super) name: String,
}

/// The table in which each row is replaced by two rows: one for fixed lines and one for mobile phones.
pub(super) fn kinds(table: &Table, mapping: &Mapping) -> Option<Table> {
    let at = find_header(table)?;
    let header = table.row(at)?;
    let named = |column: usize, list: &[&str]| Words(words(header.get(column))).any(list);
    let single = |found: Vec<usize>| <[usize; 1]>::try_from(found).ok().map(|[column]| column);
    let priced = |list: &[&str]| {
        single(
            (0..header.len())
                .filter(|column| named(*column, list) && is_price(table, at, *column))
                .filter(|column| !is_code(header.get(*column)) || has_decimals(table, at, *column))
                .collect(),
        )
    };
    let coded = |test: &dyn Fn(usize) -> bool| {
        let is_code = |column: &usize| is_code(header.get(*column)) && !has_decimals(table, at, *column);
        single((0..header.len()).filter(|column| is_code(column) && test(*column)).collect())
    };
    let mobile = priced(MOBILE)?;
    let other = |column: &usize| {
        let price = matches!(meaning(header.get(*column)), Meaning::Price(_));
        price && *column != mobile && is_price(table, at, *column)
    };
    let own = coded(&|column| named(column, MOBILE));
    let fixed = priced(FIXED)
        .or_else(|| single((0..header.len()).filter(other).collect()).filter(|_| own.is_some()))?;
    let country = || {
        let is_country = |column: &usize| meaning(header.get(*column)) == Meaning::Is(Role::CountryCode);
        let none = !(0..header.len()).any(|column| is_code(header.get(column)));
        single((0..header.len()).filter(is_country).collect()).filter(|_| none)
    };
    let areas = coded(&|column| named(column, FIXED)).or_else(|| coded(&|column| !named(column, MOBILE)));
    let several = areas.is_none();
    let code = areas.or_else(country);
    let line = |price: usize, code: usize| Line {
        price,
        code,
        before: String::new(),
        after: String::new(),
        name: header.get(price).split(['(', '[']).next().unwrap_or_default().trim().to_owned(),
    };
    let code = code?;
    let (one, two) = match own {
        Some(own) => (line(fixed, code), line(mobile, own)),
        None => {
            let notes = || table.iter().filter(|row| row.filled() <= 2);
            let name = words(header.get(code));
            // the name of a price may be "Mobile (55+DDD+9)"
            let formula = |list: &[&str]| {
                let named = if list == MOBILE { mobile } else { fixed };
                let said = notes().find_map(|row| formula(row, list, &name));
                said.or_else(|| terms(header.get(named).split_once('(')?.1.trim_end_matches(')'), &name))
            };
            let (before, after) = formula(MOBILE)
                .or_else(|| first_digit(notes(), several).map(|digits| (String::new(), digits)))?;
            let (head, tail) = formula(FIXED).unwrap_or_else(|| (before.clone(), String::new()));
            (
                Line { before: head, after: tail, ..line(fixed, code) },
                Line { before, after, ..line(mobile, code) },
            )
        }
    };
    unfolded(table, at, [&one, &two], mapping.code_prefix.as_deref().unwrap_or_default())
}

/// The table with two rows for each row. `prefix` are the digits that are put before every code later, so they are not put before the codes here.
fn unfolded(table: &Table, at: usize, [one, two]: [&Line; 2], prefix: &str) -> Option<Table> {
    let left_out = |column: usize| column == two.price || column == two.code && two.code != one.code;
    let width = table.row(at).map_or(0, Row::len);
    let mut count = 0usize;
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        let codes = [one.code, two.code].into_iter().all(|code| row.get(code).is_empty());
        if index < at || index > at && (row.filled() <= 1 || codes) {
            copy(&mut found, row, row.len());
            continue;
        }
        if index == at {
            found.begin(row.line);
            for column in (0..width).filter(|column| !left_out(*column)) {
                match column {
                    _ if column == one.price => found.push(&general(row.get(column)), Kind::Text),
                    // complete codes need no name like "DDD"
                    _ if column == one.code && !one.before.is_empty() => found.push("Code", Kind::Text),
                    _ => found.push(row.get(column), Kind::Text),
                }
            }
            found.push("Type", Kind::Text);
            continue;
        }
        for line in [one, two] {
            if row.get(line.code).is_empty() && row.get(line.price).is_empty() || repeats(row, line, one) {
                continue;
            }
            found.begin(row.line);
            for column in (0..width).filter(|column| !left_out(*column)) {
                match column {
                    _ if column == one.price => found.push(row.get(line.price), row.kind(line.price)),
                    _ if column == one.code => count += push_codes(&mut found, row, line, prefix)?,
                    _ => found.push(row.get(column), row.kind(column)),
                }
            }
            found.push(&line.name, Kind::Text);
        }
        if count > MAX_RATES {
            return None;
        }
    }
    Some(found)
}

/// Whether a row has no codes of their own for one kind of line, and its price for this kind only repeats that of the other kind, or is a text such as
/// "not available".
fn repeats(row: Row<'_>, line: &Line, other: &Line) -> bool {
    let coded = row.get(line.code).contains(|letter: char| letter.is_ascii_digit());
    let price = row.get(line.price);
    let offered = price.contains(|letter: char| letter.is_ascii_digit());
    line.code != other.code && !coded && (!offered || price == row.get(other.price))
}

/// Adds the codes of a kind of line, and returns their number. Each code of a list or range gets the digits of the kind. A 0 at the beginning of an
/// area code is not dialed after the country code. `None` if the codes cannot be read.
/// Each code loses the digits `prefix` at its beginning if the kind's digits begin with them.
pub(super) fn push_codes(table: &mut Table, row: Row<'_>, line: &Line, prefix: &str) -> Option<usize> {
    let (cell, kind) = (row.get(line.code), row.kind(line.code));
    let coded = cell.contains(|letter: char| letter.is_ascii_digit());
    if !coded || line.before.is_empty() && line.after.is_empty() {
        table.push(cell, kind);
        return Some(0);
    }
    let national = !line.before.is_empty();
    // such a code already begins with a country code
    if national && (cell.contains('+') || cell.starts_with("00")) {
        return None;
    }
    let rules = CodeRules {
        hyphen: Some(HyphenRule::Range),
        list_marks: Some(ListRule::List),
        space: Some(SpaceRule::List),
        keeps_011: national,
        ..CodeRules::default()
    };
    let cell = if national { without_zeros(cell) } else { cell.to_owned() };
    let found = codes::read("", &cell, kind, &rules).ok()?;
    let before = line.before.strip_prefix(prefix).unwrap_or(&line.before);
    let complete = |code: &String| format!("{before}{code}{}", line.after);
    table.push(&found.codes.iter().map(complete).collect::<Vec<_>>().join(","), Kind::Text);
    Some(found.codes.len())
}

/// The cell without the 0 at the beginning of each number.
fn without_zeros(cell: &str) -> String {
    let mut kept = String::new();
    let mut letters = cell.chars().peekable();
    let mut inside = false;
    while let Some(letter) = letters.next() {
        let more = letters.peek().is_some_and(char::is_ascii_digit);
        if inside || letter != '0' || !more {
            kept.push(letter);
        }
        inside = letter.is_ascii_digit();
    }
    kept
}

/// The digits before and after each code, according to a sentence like "Mobile = 55 + DDD + 9", in which `code` are the words of the name of the
/// column with the codes.
fn formula(row: Row<'_>, list: &[&str], code: &[String]) -> Option<(String, String)> {
    let text = row.cells().find(|cell| !cell.is_empty())?;
    text.split([';', '.', '\n']).find_map(|part| {
        let (head, terms) = part.rsplit_once('=')?;
        let named = words(head.rsplit([':', ',']).next()?);
        if !Words(named).any(list) {
            return None;
        }
        self::terms(terms, code)
    })
}

/// The digits before and after each code in a text like `55 + DDD + 9`.
fn terms(text: &str, code: &[String]) -> Option<(String, String)> {
    let terms: Vec<Vec<String>> = text.split('+').map(words).collect();
    let place = terms.iter().position(|term| term == code)?;
    let digits = |terms: &[Vec<String>]| {
        let text = terms.concat().concat();
        (text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
    };
    Some((digits(terms.get(..place)?)?, digits(terms.get(place + 1..)?)?))
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

/// The cells of a column below the header that have digits.
fn numbers(table: &Table, at: usize, column: usize) -> impl Iterator<Item = &str> {
    table
        .iter()
        .skip(at + 1)
        .take(200)
        .filter(|row| row.filled() > 2)
        .map(move |row| row.get(column))
        .filter(|cell| cell.contains(|letter: char| letter.is_ascii_digit()))
}

/// Whether a column below the header has prices: amounts with decimals, or any amounts if the column's name says so.
fn is_price(table: &Table, at: usize, column: usize) -> bool {
    let name = table.row(at).map_or("", |header| header.get(column));
    let is_amount = |cell: &&str| {
        [DecimalMark::Comma, DecimalMark::Point]
            .into_iter()
            .any(|mark| amount(cell, Kind::Text, mark).is_some())
    };
    let amounts = || numbers(table, at, column).filter(is_amount);
    let named = matches!(meaning(name), Meaning::Price(_));
    has_decimals(table, at, column)
        || named && amounts().count() > 0 && amounts().count() * 5 >= numbers(table, at, column).count() * 4
}

/// Whether a column below the header has numbers with decimals.
fn has_decimals(table: &Table, at: usize, column: usize) -> bool {
    let decimals = numbers(table, at, column).filter(|cell| decimal(cell, Kind::Text).is_some()).count();
    decimals > 0 && decimals * 5 >= numbers(table, at, column).count() * 4
}

/// The column's name without the words for the kind of line.
fn general(name: &str) -> String {
    // "(55+DDD)" is a formula for the codes
    let name = name.split_once('(').filter(|(_, rest)| rest.contains('+')).map_or(name, |(head, _)| head);
    let kept: Vec<&str> = name.split(' ').filter(|word| !Words(words(word)).any(FIXED)).collect();
    format!("Price {}", kept.join(" "))
}

/// The digits with which mobile numbers begin, according to the notes. If the rows are for `several` countries, a sentence about one of them, or
/// sentences with different digits, do not apply to all of them.
fn first_digit<'t>(notes: impl Iterator<Item = Row<'t>>, several: bool) -> Option<String> {
    let mut found = BTreeSet::new();
    for row in notes {
        let Some(digits) = first_digits(row) else { continue };
        if several && !row.cells().all(is_about_all) {
            return None;
        }
        found.insert(digits);
        if !several {
            break;
        }
    }
    let digits = found.pop_first();
    digits.filter(|_| found.is_empty())
}

/// Whether a sentence has no word that may name a place, an operator, or a condition.
fn is_about_all(text: &str) -> bool {
    const GENERAL: &[&str] = &[
        "a",
        "al",
        "alle",
        "all",
        "always",
        "as",
        "calls",
        "celular",
        "celulares",
        "chamadas",
        "codes",
        "con",
        "com",
        "codigo",
        "codigos",
        "cifra",
        "digit",
        "digits",
        "digito",
        "digitos",
        "der",
        "die",
        "el",
        "every",
        "first",
        "for",
        "gli",
        "i",
        "in",
        "countries",
        "country",
        "each",
        "la",
        "las",
        "le",
        "les",
        "line",
        "lines",
        "llamadas",
        "los",
        "mit",
        "nb",
        "nota",
        "note",
        "number",
        "numbers",
        "numero",
        "numeros",
        "numeri",
        "nummern",
        "o",
        "of",
        "os",
        "par",
        "paises",
        "per",
        "phone",
        "phones",
        "please",
        "que",
        "sempre",
        "siempre",
        "telefonos",
        "telefones",
        "the",
        "to",
        "todos",
        "todas",
        "tous",
        "toutes",
        "tutti",
        "with",
        "by",
        "y",
        "e",
        "ziffer",
        "avec",
        "chiffre",
        "telefono",
        "obs",
    ];
    words(text).iter().all(|word| {
        let word = word.as_str();
        word.bytes().all(|byte| byte.is_ascii_digit())
            || [GENERAL, MOBILE, BEGIN].iter().any(|list| list.contains(&word))
    })
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
