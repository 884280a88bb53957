//! Distinguishes titles, headings and totals from rates.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cells::is_total;
use super::super::codes;
use super::super::columns::CodeSource;
use super::super::detect::Plan;
use super::super::header::{Role, words};
use super::super::table::Row;
use crate::number::calling_code;

/// Maximum number of characters of a country's name above its rates.
const MAX_HEADING_CHARS: usize = 60;

/// The rows that are not rates.
#[derive(Default)]
pub(super) struct Titles {
    /// From this row on, there are only titles and totals.
    footer: usize,
    /// The country above each group of rates, by the row of its heading; `None` if a title is not a country.
    pub(super) countries: BTreeMap<usize, Option<String>>,
}

/// A title and the rates below it.
struct Group {
    at: usize,
    heading: Option<String>,
    countries: BTreeSet<String>,
    rows: usize,
    /// Whether all names already begin with the heading.
    repeated: bool,
}

/// True if the row is not a rate, because it has neither a code nor a price, or is a total or a repeated header.
pub(super) fn is_title(plan: &Plan<'_>, row: Row<'_>) -> bool {
    // a line of hyphens is a separator
    let rule = |cell: &str| cell.chars().all(|letter| matches!(letter, '-' | '=' | ':' | '_'));
    if row.filled() > 1 && row.cells().all(rule) {
        return true;
    }
    let has_digit = |column: usize| row.get(column).contains(|letter: char| letter.is_ascii_digit());
    let (coded, clean) = match plan.columns.code {
        CodeSource::Full(code) => (has_digit(code), codes::looks_like_codes(row.get(code))),
        CodeSource::Parts(country, area) => (
            has_digit(country) || has_digit(area),
            codes::looks_like_codes(row.get(country)) || codes::looks_like_codes(row.get(area)),
        ),
    };
    let priced = has_digit(plan.columns.price);
    (!coded && !priced)
        || (!priced && !clean && row.filled() <= 2)
        || ((!coded || !priced) && is_total_row(row))
}

pub(super) fn is_header(plan: &Plan<'_>, row: Row<'_>) -> bool {
    let same = |(cell, name): &(&str, &String)| !cell.is_empty() && name.starts_with(*cell);
    row.cells().zip(&plan.names).filter(same).count() >= 2
}

fn is_total_row(row: Row<'_>) -> bool {
    row.cells().find(|cell| !cell.is_empty()).is_some_and(is_total)
}

impl Titles {
    /// Finds the totals at the end of the file, and the countries above groups of rates.
    pub(super) fn find(plan: &Plan<'_>) -> Titles {
        let mut footer = plan.table.len();
        while footer > plan.start {
            let row = plan.table.row(footer - 1);
            if !row.is_some_and(|row| is_title(plan, row) || is_total_row(row)) {
                break;
            }
            footer -= 1;
        }
        Titles { footer, countries: countries(plan, footer) }
    }

    pub(super) fn is_footer(&self, index: usize) -> bool {
        index >= self.footer
    }
}

/// The countries above groups of rates. A title is a country if the codes below it belong to one country. If most titles are not
/// countries, the titles may be regions or notes, and none of them counts as a country.
fn countries(plan: &Plan<'_>, footer: usize) -> BTreeMap<usize, Option<String>> {
    let groups = groups(plan, footer);
    let headed = || groups.iter().filter(|group| group.heading.is_some() && group.rows > 0);
    let uniform = |group: &&Group| group.countries.len() == 1;
    let large = || headed().filter(|group| group.rows > 1);
    let (one, several) = (large().filter(uniform).count(), large().filter(|group| !uniform(group)).count());
    let distinct: BTreeSet<&String> = headed().filter_map(|group| group.heading.as_ref()).collect();
    if distinct.len() < 2 || one <= several {
        return BTreeMap::new();
    }
    let country = |group: Group| {
        let known = group.countries.len() == 1 && !group.repeated;
        (group.at, group.heading.filter(|_| known))
    };
    groups.into_iter().map(country).collect()
}

fn groups(plan: &Plan<'_>, footer: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for index in plan.start..footer {
        let Some(row) = plan.table.row(index) else { break };
        if is_title(plan, row) {
            let heading = heading(plan, row);
            groups.push(Group { at: index, heading, countries: BTreeSet::new(), rows: 0, repeated: true });
        } else if let Some(group) = groups.last_mut() {
            group.rows += 1;
            if group.countries.len() < 2 {
                group.countries.extend(row_country(plan, row).map(str::to_owned));
            }
            let name = words(name_of(plan, row));
            let country = words(group.heading.as_deref().unwrap_or_default());
            group.repeated &= name.starts_with(&country);
        }
    }
    groups
}

fn name_of<'t>(plan: &Plan<'t>, row: Row<'t>) -> &'t str {
    plan.columns.first(Role::Destination).map_or("", |column| row.get(column))
}

/// The text of a title that may be the name of a country.
fn heading(plan: &Plan<'_>, row: Row<'_>) -> Option<String> {
    let names = [plan.columns.first(Role::Destination), plan.columns.first(Role::Country), Some(0)];
    let text = names.into_iter().flatten().map(|column| row.get(column)).find(|cell| !cell.is_empty())?;
    let text = text.trim_end_matches(':').trim();
    let plain =
        !text.contains(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ':' | '*' | '%'));
    (row.filled() == 1 && plain && text.chars().count() <= MAX_HEADING_CHARS && words(text).len() <= 6)
        .then(|| text.to_owned())
}

/// The calling code with which the row's codes begin.
pub(super) fn row_country<'t>(plan: &Plan<'t>, row: Row<'t>) -> Option<&'t str> {
    let cell = match plan.columns.code {
        CodeSource::Full(code) => row.get(code),
        CodeSource::Parts(country, _) => row.get(country),
    };
    let digits = cell.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    calling_code(digits.strip_prefix("00").or_else(|| digits.strip_prefix("011")).unwrap_or(digits))
}
