//! Reads text with columns of fixed width, as in e-mails.

use super::super::{MAX_CELL_BYTES, MAX_COLUMNS, Refusal};
use super::{Kind, Table};

/// Fewer lines than this are no table.
const FEWEST_ROWS: usize = 4;
/// A line with fewer cells is no row of the table.
const FEWEST_CELLS: usize = 3;
/// Maximum number of characters of a line that is a row.
const MAX_LINE: usize = 1_000;

/// The table of a text whose columns are separated by spaces at the same places in all rows; `None` if the text is no such table, or if cells
/// separated by a delimiter fit better (`score`). Lines that are no rows become rows of one cell.
pub(super) fn read(text: &str, score: usize, max_rows: usize) -> Result<Option<Table>, Refusal> {
    // most files have no such columns, which the first lines show
    if text.contains('\t')
        || text.lines().take(200).filter(|line| cells(line) >= FEWEST_CELLS).count() < FEWEST_ROWS
    {
        return Ok(None);
    }
    let lines: Vec<&str> = text.lines().take(max_rows.saturating_add(1)).map(str::trim_end).collect();
    let is_row = |line: &&str| cells(line) >= FEWEST_CELLS;
    let rows: Vec<&str> = lines.iter().copied().filter(is_row).collect();
    let Some(columns) = columns(&rows) else { return Ok(None) };
    if rows.len() * (columns.len() - 1) <= score * 2 {
        return Ok(None);
    }
    let first = lines.iter().position(is_row).unwrap_or_default();
    let last = lines.iter().rposition(is_row).unwrap_or_default();
    let mut table = Table::default();
    for (at, line) in lines.iter().enumerate() {
        let number = at as u64 + 1;
        if line.len() > MAX_CELL_BYTES {
            return Err(Refusal::long_cell(number));
        }
        let inside = (first..=last).contains(&at);
        if line.trim().is_empty() || inside && is_rule(line) {
            table.blank += 1;
            continue;
        }
        table.begin(number);
        if inside && fits(line, &columns) {
            let letters: Vec<char> = line.chars().collect();
            for (from, to) in &columns {
                let cell: String = letters.iter().skip(*from).take(to - from).collect();
                table.push(cell.trim(), Kind::Text);
            }
        } else if inside && line.contains(|letter: char| letter.is_ascii_digit()) {
            // a row whose cells are shifted must not be taken for a note
            return Ok(None);
        } else {
            table.push(line.trim(), Kind::Text);
        }
    }
    Ok(Some(table))
}

/// The number of cells of a line: at least two spaces separate two cells.
fn cells(line: &str) -> usize {
    if line.len() > MAX_LINE || is_rule(line) {
        return 0;
    }
    line.split("  ").filter(|cell| !cell.trim().is_empty()).count()
}

/// Whether a line only separates the parts of a table.
fn is_rule(line: &str) -> bool {
    !line.trim().is_empty()
        && line.chars().all(|letter| matches!(letter, '-' | '=' | '_' | '+' | '|' | ' ' | '*' | '─' | '━'))
}

/// The first position of each column and the position after it. Positions that are spaces in all rows separate columns.
fn columns(rows: &[&str]) -> Option<Vec<(usize, usize)>> {
    if rows.len() < FEWEST_ROWS {
        return None;
    }
    let mut used: Vec<bool> = Vec::new();
    for row in rows {
        for (at, letter) in row.chars().enumerate() {
            if used.len() <= at {
                used.push(false);
            }
            used[at] |= letter != ' ';
        }
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, used) in used.iter().enumerate().filter(|(_, used)| **used) {
        match found.last_mut() {
            // one space may be within the names of all rows
            Some(last) if last.1 + 1 >= at => last.1 = at + usize::from(*used),
            _ => found.push((at, at + 1)),
        }
    }
    (FEWEST_CELLS..=MAX_COLUMNS).contains(&found.len()).then_some(found)
}

/// Whether a line has only spaces between the columns.
fn fits(line: &str, columns: &[(usize, usize)]) -> bool {
    let within = |at: usize| columns.iter().any(|(from, to)| (*from..*to).contains(&at));
    line.chars().enumerate().all(|(at, letter)| letter == ' ' || within(at))
}
