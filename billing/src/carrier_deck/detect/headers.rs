//! Asks where the rates and the names of their columns are, if the reader finds neither.

use super::super::mapping::Mapping;
use super::super::table::{Row, Table};
use super::super::{Answer, MAX_HEADER_ROWS, Question};
use super::sheets::is_value;

/// Maximum number of lines that are offered.
const MAX_LINES: usize = 12;
/// Maximum number of cells shown for a line, and of characters shown for a cell.
const MAX_CELLS: usize = 6;
const MAX_CHARS: usize = 30;

/// Asks for the line with the names of the columns; `None` if no row has both digits and a second cell, so that the table cannot have rates.
pub(super) fn header_question(table: &Table) -> Option<Question> {
    if !has_rows(table) {
        return None;
    }
    let mut lines: Vec<(usize, Row<'_>)> =
        table.iter().take(MAX_HEADER_ROWS).enumerate().filter(|(_, row)| row.filled() > 1).collect();
    // the widest line without values is most likely to have the names
    lines.sort_by_key(|(index, row)| {
        let values = row.cells().filter(|cell| is_value(cell)).count();
        (values > 0, std::cmp::Reverse(row.filled()), *index)
    });
    let answer = |row: Row<'_>| {
        let mapping = Mapping { header_line: Some(row.line), ..Mapping::default() };
        Answer::new(format!("line {}: {}", row.line, shown(row)), mapping)
    };
    let mut answers: Vec<Answer> = lines.iter().take(MAX_LINES).map(|(_, row)| answer(*row)).collect();
    let none = Mapping { header_line: Some(0), ..Mapping::default() };
    answers.push(Answer::new("no line has names", none));
    Some(Question {
        code: "HEADER".into(),
        text: "No line was recognized as the line with the names of the columns. Choose this line."
            .to_owned(),
        line: lines.first().map_or(0, |(_, row)| row.line),
        example: lines.first().map(|(_, row)| shown(*row)).unwrap_or_default(),
        answers,
    })
}

/// Asks for the sheet with the rates; `None` if no sheet can have rates. The sheets with the most rows come first.
pub(super) fn sheet_question(tables: &[(String, Table)], text: &str) -> Option<Question> {
    let mut likely: Vec<&(String, Table)> = tables.iter().filter(|(_, table)| has_rows(table)).collect();
    likely.sort_by_key(|(_, table)| std::cmp::Reverse(table.iter().filter(|row| is_filled(*row)).count()));
    let answer = |name: &String| {
        Answer::new(name.as_str(), Mapping { sheet: Some(name.clone()), ..Mapping::default() })
    };
    let first = likely.first().map(|(name, _)| name.clone())?;
    Some(Question {
        code: "SHEET".into(),
        text: text.to_owned(),
        line: 0,
        example: first,
        answers: likely.iter().map(|(name, _)| answer(name)).collect(),
    })
}

fn has_rows(table: &Table) -> bool {
    table.iter().any(is_filled)
}

/// Whether a row can be a rate: it has a digit and at least two cells.
fn is_filled(row: Row<'_>) -> bool {
    row.filled() > 1 && row.cells().any(|cell| cell.contains(|letter: char| letter.is_ascii_digit()))
}

fn shown(row: Row<'_>) -> String {
    let cells = row.cells().filter(|cell| !cell.is_empty()).take(MAX_CELLS);
    cells.map(|cell| cell.chars().take(MAX_CHARS).collect::<String>()).collect::<Vec<_>>().join(", ")
}
