//! Reads workbooks. An archive is measured before it is read, because a small archive may inflate to any size.

use std::io::{Cursor, Read as _, sink};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx};

use super::table::{Kind, Table};
use super::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_SHEETS, Refusal};
use crate::deck::DeckLimits;
use crate::text::without_nul;

mod merged;

/// Maximum number of files in the archive of a workbook.
const MAX_ENTRIES: usize = 1_000;
/// The inflated archive may be this many times as large as a text file, because XML is verbose.
const XML_FACTOR: u64 = 4;

/// The visible sheets of a workbook, by name.
pub(super) fn tables(bytes: &[u8], limits: &DeckLimits) -> Result<Vec<(String, Table)>, Refusal> {
    measure(bytes, limits)?;
    // the parser may get malicious files, so a panic in the parser must not look like a fault of the server
    catch_unwind(AssertUnwindSafe(|| read(bytes, limits)))
        .unwrap_or_else(|_| Err(invalid("its structure is damaged")))
}

fn invalid(why: impl std::fmt::Display) -> Refusal {
    let message = format!("The workbook cannot be read: {why}.");
    Refusal::new(
        0,
        "XLSX_INVALID",
        message,
        "Open it in a spreadsheet program and save it again as XLSX or CSV.",
    )
}

/// Inflates each file of the archive without storing it, and refuses an archive that exceeds the limit.
fn measure(bytes: &[u8], limits: &DeckLimits) -> Result<(), Refusal> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(invalid)?;
    if archive.len() > MAX_ENTRIES {
        return Err(invalid(format!("its archive has more than {MAX_ENTRIES} files")));
    }
    let mut left = (limits.max_bytes as u64).saturating_mul(XML_FACTOR);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(invalid)?;
        let size = std::io::copy(&mut entry.take(left.saturating_add(1)), &mut sink()).map_err(invalid)?;
        left = left.checked_sub(size).ok_or_else(|| {
            let message = "The workbook is too large when it is decompressed.";
            Refusal::new(0, "FILE_TOO_LARGE", message, "Remove sheets and rows, or save the sheet as CSV.")
        })?;
    }
    Ok(())
}

fn read(bytes: &[u8], limits: &DeckLimits) -> Result<Vec<(String, Table)>, Refusal> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(invalid)?;
    let visible = |sheet: &&calamine::Sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    };
    let names: Vec<String> =
        book.sheets_metadata().iter().filter(visible).map(|sheet| sheet.name.clone()).collect();
    if names.len() > MAX_SHEETS {
        return Err(invalid(format!("it has more than {MAX_SHEETS} sheets")));
    }
    let mut left = usize::try_from(limits.max_rows).unwrap_or(usize::MAX);
    let mut tables = Vec::new();
    for name in names {
        let table = sheet(&mut book, &name, left)?;
        let table = merged::filled(&mut book, &name, table);
        left -= table.len().min(left);
        tables.push((without_nul(name.into()).into_owned(), table));
    }
    Ok(tables)
}

fn sheet(book: &mut Xlsx<Cursor<&[u8]>>, name: &str, max_rows: usize) -> Result<Table, Refusal> {
    let mut cells = book.worksheet_cells_reader(name).map_err(invalid)?;
    let mut table = Table::default();
    let mut last_row = None;
    while let Some(cell) = cells.next_cell().map_err(invalid)? {
        let (row, column) = cell.get_position();
        let (line, column) = (u64::from(row) + 1, column as usize);
        if last_row != Some(row) {
            if last_row.is_some_and(|last| last > row) {
                return Err(invalid("its rows are not in order"));
            }
            table.end_row(true);
            if table.len() >= max_rows {
                let message = "The workbook has too many rows.";
                return Err(Refusal::new(line, "TOO_MANY_ROWS", message, "Split the workbook."));
            }
            table.begin(line);
            last_row = Some(row);
        }
        let (text, kind) = value(cell.get_value());
        if text.is_empty() {
            continue;
        }
        if column >= MAX_COLUMNS {
            let message = format!("The row has more than {MAX_COLUMNS} cells.");
            return Err(Refusal::new(line, "TOO_MANY_COLUMNS", message, "Remove columns."));
        }
        if text.len() > MAX_CELL_BYTES {
            return Err(Refusal::long_cell(line));
        }
        if table.cells_in_last() > column {
            return Err(invalid("its cells are not in order"));
        }
        while table.cells_in_last() < column {
            table.push("", Kind::Text);
        }
        table.push(&text, kind);
    }
    table.end_row(true);
    Ok(table)
}

fn value(cell: &DataRef<'_>) -> (String, Kind) {
    match cell {
        DataRef::Empty => (String::new(), Kind::Text),
        DataRef::Int(number) => (number.to_string(), Kind::Number),
        DataRef::Float(number) => (plain(*number), Kind::Number),
        DataRef::String(text) => (without_nul(text.into()).into_owned(), Kind::Text),
        DataRef::SharedString(text) => (without_nul((*text).into()).into_owned(), Kind::Text),
        DataRef::Bool(flag) => (u8::from(*flag).to_string(), Kind::Text),
        DataRef::DateTime(time) if time.is_datetime() => {
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            (format!("{year:04}-{month:02}-{day:02}"), Kind::Date)
        }
        DataRef::DateTime(time) => (plain(time.as_f64()), Kind::Number),
        DataRef::DateTimeIso(text) => (without_nul(text.into()).into_owned(), Kind::Date),
        DataRef::DurationIso(text) => (without_nul(text.into()).into_owned(), Kind::Text),
        DataRef::Error(error) => (format!("{error}"), Kind::Text),
    }
}

/// A number as a spreadsheet shows it: with at most 15 digits, because any further digits are artifacts of binary floating point.
fn plain(number: f64) -> String {
    let rounded = format!("{number:.14e}").parse::<f64>().unwrap_or(number);
    rounded.to_string()
}
