//! Collects the texts of a deck that are not parts of rates.

use std::collections::BTreeSet;

use super::super::super::detect::{is_rate, sentences};
use super::super::super::header::{Role, mentions_end, words};
use super::super::super::table::{Row, Table};
use super::super::Reader;
use super::super::titles::{is_header, is_title};

/// Maximum number of texts that are examined.
const MAX_TEXTS: usize = 1_000;
/// The texts of a column with more distinct texts than this are not examined, because they are unlikely to apply to several rows.
const MAX_DISTINCT: usize = 12;
/// Maximum number of rows of an unread sheet that are searched for sentences.
const MAX_SHEET_ROWS: usize = 200;

/// Where a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Above or below the rates.
    Note,
    /// Between the rates.
    Title,
    /// In a column of remarks.
    Remark,
    /// In a row above the header that looks like a rate.
    Rate,
    /// In a column that is left out.
    Column,
    /// In a sheet that is not read.
    Sheet,
}

/// A text outside the rates.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) place: Place,
    pub(super) line: u64,
    /// Name of the unread sheet that contains the text; empty if the text is in the sheet with the rates.
    pub(super) sheet: String,
    pub(super) text: String,
}

impl Reader<'_, '_> {
    pub(super) fn said_texts(&self) -> Vec<Said> {
        let plan = self.plan;
        let mut found = Vec::new();
        for row in (0..plan.above).filter_map(|index| plan.table.row(index)) {
            if is_rate(row) {
                let cells: Vec<&str> = row.cells().filter(|cell| !cell.is_empty()).collect();
                let (line, text) = (row.line, cells.join(", "));
                found.push(Said { place: Place::Rate, line, sheet: String::new(), text });
            } else {
                push(&mut found, Place::Note, "", row);
            }
        }
        let last = (plan.start..plan.table.len()).rev().find(|index| {
            plan.table.row(*index).is_some_and(|row| !self.titles.is_footer(*index) && !is_title(plan, row))
        });
        for index in plan.start..plan.table.len() {
            let Some(row) = plan.table.row(index) else { break };
            let titled = self.titles.is_footer(index) || is_title(plan, row);
            if titled && !is_header(plan, row) && found.len() < MAX_TEXTS {
                let place = if last.is_some_and(|last| index < last) { Place::Title } else { Place::Note };
                push(&mut found, place, "", row);
            }
        }
        self.add_cells(&mut found);
        for (name, table) in &plan.unread {
            add_sheet(&mut found, name, table);
        }
        found.truncate(MAX_TEXTS);
        found
    }

    /// Adds the distinct remarks. Also adds the distinct texts of each column that is left out, unless there are more than [`MAX_DISTINCT`].
    fn add_cells(&self, found: &mut Vec<Said>) {
        let columns = &self.plan.columns;
        let remarks = columns.all(Role::Comment).iter().map(|column| (*column, Place::Remark));
        let others = columns.others.iter().map(|column| (*column, Place::Column));
        for (column, place) in remarks.chain(others) {
            let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
            let mut texts = Vec::new();
            for row in self.plan.rows() {
                let cell = row.get(column);
                let worded = cell.contains(char::is_alphabetic) || cell.contains('%');
                if worded && !is_title(self.plan, row) && seen.insert(words(cell)) {
                    let text = cell.to_owned();
                    texts.push(Said { place, line: row.line, sheet: String::new(), text });
                }
                if seen.len() > MAX_TEXTS {
                    break;
                }
            }
            if place == Place::Remark || texts.len() <= MAX_DISTINCT {
                found.extend(texts);
            }
        }
    }
}

fn push(found: &mut Vec<Said>, place: Place, sheet: &str, row: Row<'_>) {
    found.extend(sentences(row).into_iter().map(|note| Said {
        place,
        line: note.line,
        sheet: sheet.to_owned(),
        text: note.text,
    }));
}

/// Adds the sentences of a sheet that is not read. A row with more than two cells belongs to a table, whose cells are not sentences. If the sheet is
/// about codes that are removed or blocked, its rows count as sentences, too.
fn add_sheet(found: &mut Vec<Said>, name: &str, table: &Table) {
    let ends = mentions_end(name)
        || table.iter().take(MAX_SHEET_ROWS).any(|row| row.filled() == 1 && row.cells().any(mentions_end));
    for row in table.iter().take(MAX_SHEET_ROWS) {
        if row.filled() <= 2 && !ends {
            push(found, Place::Sheet, name, row);
        } else if ends {
            let cells: Vec<&str> = row.cells().filter(|cell| !cell.is_empty()).collect();
            let text = format!("{name}: {}", cells.join(", "));
            found.push(Said { place: Place::Sheet, line: row.line, sheet: name.to_owned(), text });
        }
    }
}
