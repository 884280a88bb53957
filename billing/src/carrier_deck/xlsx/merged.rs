//! Fills the cells that are merged with a cell above them. A value that is merged over the rows of a country applies to each of these rows.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::Xlsx;

use super::super::table::{Kind, Table};

/// In a sheet with more rows than this, merged cells are not filled, because finding them takes as long as reading the sheet.
const MAX_ROWS: usize = 20_000;
/// Maximum number of cells that are filled.
const MAX_FILLED: usize = 100_000;

/// The table with the values of merged cells in all their rows.
pub(super) fn filled(book: &mut Xlsx<Cursor<&[u8]>>, name: &str, table: Table) -> Table {
    if table.len() > MAX_ROWS {
        return table;
    }
    let Ok(regions) = book.merge_cells_by_sheet_name(name) else { return table };
    let mut values: BTreeMap<(usize, usize), (String, Kind)> = BTreeMap::new();
    for region in regions.into_iter().filter(|region| region.start.0 < region.end.0) {
        let (first, last) = (u64::from(region.start.0) + 1, u64::from(region.end.0) + 1);
        let column = region.start.1 as usize;
        let Some(top) = at(&table, first) else { continue };
        let Some(row) = table.row(top).filter(|row| !row.get(column).is_empty()) else { continue };
        let below =
            (top + 1..table.len()).take_while(|index| table.row(*index).is_some_and(|row| row.line <= last));
        for index in below {
            if values.len() < MAX_FILLED && table.row(index).is_some_and(|row| row.get(column).is_empty()) {
                values.insert((index, column), (row.get(column).to_owned(), row.kind(column)));
            }
        }
    }
    if values.is_empty() { table } else { copy(&table, &values) }
}

/// The index of the row with the given line number.
fn at(table: &Table, line: u64) -> Option<usize> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = (low + high) / 2;
        match table.row(middle)?.line < line {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    table.row(low).filter(|row| row.line == line).map(|_| low)
}

fn copy(table: &Table, values: &BTreeMap<(usize, usize), (String, Kind)>) -> Table {
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        found.begin(row.line);
        let last =
            values.range((index, 0)..(index + 1, 0)).next_back().map_or(0, |((_, column), _)| column + 1);
        for column in 0..row.len().max(last) {
            match values.get(&(index, column)) {
                Some((value, kind)) => found.push(value, *kind),
                None => found.push(row.get(column), row.kind(column)),
            }
        }
    }
    found
}
