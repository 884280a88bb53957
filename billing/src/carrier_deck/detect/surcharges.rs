//! Takes sections with surcharges that depend on the caller's number out of a table.

use super::super::header::{Meaning, is_surcharge, is_surcharge_by_origin, meaning, words};
use super::super::table::{Row, Table};
use super::sheets::{find_header, is_value};

/// The table without the rows of its sections with surcharges by origin, and the first line of such a section. The titles of these sections remain.
/// `None` if there is no such section.
pub(super) fn without(table: &Table) -> Option<(Table, u64)> {
    let at = find_header(table)?;
    let headers: Vec<usize> =
        (at + 2..table.len()).filter(|index| table.row(*index).is_some_and(is_header)).collect();
    let begins = |index: &usize| {
        let title =
            (0..*index).rev().take(3).filter_map(|above| table.row(above)).find(|row| row.filled() == 1);
        let title = title.and_then(|row| row.cells().find(|cell| !cell.is_empty())).unwrap_or_default();
        table.row(*index).is_some_and(|row| {
            row.cells().any(is_surcharge) && !row.cells().any(is_price) && by_origin(title, row)
        })
    };
    let first = headers.iter().copied().find(begins)?;
    let mut found = Table::default();
    found.blank = table.blank;
    let mut inside = false;
    for (index, row) in table.iter().enumerate() {
        if headers.contains(&index) {
            inside = begins(&index);
        }
        if inside && row.filled() > 1 {
            continue;
        }
        found.begin(row.line);
        for column in 0..row.len() {
            found.push(row.get(column), row.kind(column));
        }
    }
    Some((found, table.row(first).map_or(0, |row| row.line)))
}

/// Whether a row below the first rates has only known and unknown names, and no values.
fn is_header(row: Row<'_>) -> bool {
    // most rows have values, which are cheap to find
    if row.filled() < 2 || row.cells().any(is_value) {
        return false;
    }
    row.cells().filter(|cell| matches!(meaning(cell), Meaning::Is(_) | Meaning::Price(_))).count() >= 2
}

fn is_price(cell: &str) -> bool {
    matches!(meaning(cell), Meaning::Price(_)) && !is_surcharge(cell)
}

/// Whether the title or the header of a section says that its surcharges depend on the caller's number.
fn by_origin(title: &str, header: Row<'_>) -> bool {
    const CALLERS: &[&str] = &[
        "anumber",
        "cli",
        "eea",
        "eee",
        "ewr",
        "eer",
        "origin",
        "originating",
        "origine",
        "origen",
        "origem",
        "caller",
    ];
    let named = |text: &str| {
        let all = words(text);
        all.windows(2).any(|pair| pair == ["a", "number"])
            || all.iter().any(|word| CALLERS.contains(&word.as_str()))
    };
    named(title) || header.cells().any(|cell| is_surcharge_by_origin(cell) || named(cell))
}
