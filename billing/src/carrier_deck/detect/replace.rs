//! Replaces texts of columns by the contents that the mapping gives them, before anything else is read.

use std::collections::BTreeMap;

use super::super::CarrierDeck;
use super::super::mapping::{ColumnRef, Mapping, positions};
use super::super::table::{Kind, Row, Table};
use super::sheets::open_sheet;

/// The contents for which each text of a column stands; `None` leaves the rows with the text out. The texts are in lower case.
type Texts<'m> = BTreeMap<String, Option<&'m str>>;

/// The tables with replaced cells, and without the rows that the mapping leaves out. Columns that a table does not have are ignored, because a mapping
/// may be older than the file.
pub(in crate::carrier_deck) fn replaced(
    mut tables: Vec<(String, Table)>,
    mapping: &Mapping,
) -> Vec<(String, Table)> {
    if mapping.cells.is_empty() {
        return tables;
    }
    for (_, table) in &mut tables {
        let Ok(Some(sheet)) = open_sheet(table, mapping, &mut CarrierDeck::default()) else { continue };
        let columns = columns(mapping, &sheet.names);
        if !columns.is_empty() {
            *table = with_texts(table, sheet.start, &columns);
        }
    }
    tables
}

/// The texts to replace, by the position of their column.
fn columns<'m>(mapping: &'m Mapping, names: &[String]) -> BTreeMap<usize, Texts<'m>> {
    let mut found: BTreeMap<usize, Texts<'m>> = BTreeMap::new();
    for (column, texts) in &mapping.cells {
        let named = positions(&ColumnRef::Name(column.clone()), names, names.len());
        let numbered = || {
            let number = column.parse().ok()?;
            positions(&ColumnRef::Number(number), names, names.len()).ok()
        };
        let Some(places) = named.ok().or_else(numbered) else { continue };
        for at in places {
            let texts = texts.iter().map(|(text, contents)| (text.to_lowercase(), contents.as_deref()));
            found.entry(at).or_default().extend(texts);
        }
    }
    found
}

fn with_texts(table: &Table, start: usize, columns: &BTreeMap<usize, Texts<'_>>) -> Table {
    let mut found = Table::default();
    found.blank = table.blank;
    found.left_out = table.left_out;
    let contents = |row: Row<'_>, column: usize| {
        columns.get(&column).and_then(|texts| texts.get(&row.get(column).to_lowercase())).copied()
    };
    for (index, row) in table.iter().enumerate() {
        let is_rate = index >= start;
        if is_rate && columns.keys().any(|column| contents(row, *column) == Some(None)) {
            found.left_out += 1;
            continue;
        }
        found.begin(row.line);
        for column in 0..row.len() {
            match contents(row, column).flatten().filter(|_| is_rate) {
                Some(text) => found.push(text, Kind::Text),
                None => found.push(row.get(column), row.kind(column)),
            }
        }
    }
    found
}
