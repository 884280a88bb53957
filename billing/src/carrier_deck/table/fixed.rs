//! Reads text with columns of fixed width, as in e-mails.

use std::collections::BTreeSet;

use super::super::{MAX_CELL_BYTES, MAX_COLUMNS, Refusal};
use super::{Kind, Table};

/// A table must have at least this many rows.
const FEWEST_ROWS: usize = 4;
/// A row of the table must have at least this many cells.
const FEWEST_CELLS: usize = 3;
/// Longest line that can be a row, in bytes.
const MAX_LINE: usize = 1_000;

/// The table of a text whose columns are separated by spaces at the same places in all rows; `None` if the text has no such table, or if cells
/// separated by a delimiter fit better (`score`). Lines that are not rows of the table become rows of one cell.
pub(super) fn read(text: &str, score: usize, max_rows: usize) -> Result<Option<Table>, Refusal> {
    // the first lines show that most files have no such columns
    let ruled = text.lines().take(200).find_map(ruled);
    if text.contains('\t')
        || ruled.is_none()
            && text.lines().take(200).filter(|line| cells(line) >= FEWEST_CELLS).count() < FEWEST_ROWS
    {
        return Ok(None);
    }
    let lines: Vec<&str> = text.lines().take(max_rows.saturating_add(1)).map(str::trim_end).collect();
    let spaced = |line: &str| cells(line) >= FEWEST_CELLS && !is_labeled(line);
    // the parts of a separator show the columns, even if only one space is between them
    let ruled = ruled.filter(|ruled| lines.iter().filter(|line| spaced(line)).all(|line| fits(line, ruled)));
    let is_row = |line: &&str| match &ruled {
        Some(ruled) => {
            let filled = |line: &str| cut(line, ruled).iter().filter(|cell| !cell.is_empty()).count();
            !is_rule(line) && fits(line, ruled) && filled(line) >= FEWEST_CELLS
        }
        None => spaced(line),
    };
    let rows: Vec<&str> = lines.iter().copied().filter(is_row).collect();
    let found = match &ruled {
        Some(ruled) => Some(ruled.clone()).filter(|_| rows.len() >= FEWEST_ROWS),
        None => columns(&rows),
    };
    let Some(mut columns) = found else { return Ok(None) };
    if rows.len() * (columns.len() - 1) <= score * 2 {
        return Ok(None);
    }
    let mut first = lines.iter().position(is_row).unwrap_or_default();
    let mut last = lines.iter().rposition(is_row).unwrap_or_default();
    // the header may be "DESTINATION  CODE  RATE: USD/MIN", and the last row may have no amount
    let is_empty = |line: &str| line.trim().is_empty() || is_rule(line);
    let above = lines.iter().take(first).enumerate().rev().skip_while(|(_, line)| is_empty(line));
    for (at, _) in above.take_while(|(_, line)| widen(&mut columns, line)) {
        first = at;
    }
    let below = lines.iter().enumerate().skip(last + 1).skip_while(|(_, line)| is_empty(line));
    for (at, _) in below.take_while(|(_, line)| widen(&mut columns, line)) {
        last = at;
    }
    let heads: BTreeSet<String> = lines.iter().take(first).map(|line| shape(line)).collect();
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    let mut blank = 0;
    for (at, line) in lines.iter().enumerate() {
        let number = at as u64 + 1;
        if line.len() > MAX_CELL_BYTES {
            return Err(Refusal::long_cell(number));
        }
        let inside = (first..=last).contains(&at);
        // the heading of the first page may be repeated on later pages
        let repeated = inside && at > first && !shape(line).is_empty() && heads.contains(&shape(line));
        if line.trim().is_empty() || inside && is_rule(line) {
            blank += 1;
        } else if repeated {
            rows.push((number, vec![line.trim().to_owned()]));
        } else if inside && fits(line, &columns) {
            let cells = cut(line, &columns);
            if rows.last_mut().is_some_and(|(_, above)| continues(above, &cells)) {
                blank += 1;
            } else {
                rows.push((number, cells));
            }
        } else if inside && may_be_row(line) || ruled.is_some() && at >= first && has_price(line) {
            // a row with shifted cells would look like a note, so the text is not read as a table
            return Ok(None);
        } else {
            rows.push((number, vec![line.trim().to_owned()]));
        }
    }
    let mut table = Table { blank, ..Table::default() };
    for (number, cells) in rows {
        table.begin(number);
        cells.iter().for_each(|cell| table.push(cell, Kind::Text));
    }
    Ok(Some(table))
}

/// Whether a line that does not fit the columns may be a row with shifted cells: it has a number with decimals, and another number. A note such as
/// "Page 1 of 2" or "valid from 01.12.2026" has no decimals.
fn may_be_row(line: &str) -> bool {
    let numbers =
        || line.split_whitespace().filter(|word| word.contains(|letter: char| letter.is_ascii_digit()));
    let decimals = |word: &&str| {
        let word = word.trim_matches(|letter: char| !letter.is_ascii_digit());
        let parts: Vec<&str> = word.split(['.', ',']).collect();
        parts.len() == 2 && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    cells(line) >= 2 && numbers().any(|word| decimals(&word)) && numbers().count() >= 2
        || numbers().filter(decimals).count() >= 1 && numbers().count() >= 3
}

/// Whether a line has a number with decimals, and another number. Below a separator, such a line may be a row with a long name and only one space
/// between its cells.
fn has_price(line: &str) -> bool {
    let spaced = line.split_whitespace().collect::<Vec<_>>().join("  ");
    !is_rule(line) && may_be_row(&spaced)
}

/// Whether a line with enough cells is a row of the table, perhaps with a wider cell. The columns become as wide as its cells.
fn widen(columns: &mut Vec<(usize, usize)>, line: &str) -> bool {
    if cells(line) < FEWEST_CELLS {
        return false;
    }
    let mut positions: Vec<char> = line.chars().collect();
    for (from, to) in columns.iter() {
        positions.resize(positions.len().max(*to), ' ');
        positions[*from..*to].fill('x');
    }
    let wide = positions.into_iter().collect::<String>();
    match columns_of(&[&wide], 1).filter(|wide| wide.len() == columns.len()) {
        Some(wide) => {
            *columns = wide;
            true
        }
        None => false,
    }
}

/// A line without its digits and spaces. The headings of two pages differ only in the page number.
fn shape(line: &str) -> String {
    line.chars().filter(|letter| !letter.is_ascii_digit() && !letter.is_whitespace()).collect()
}

/// The cells of a row.
fn cut(line: &str, columns: &[(usize, usize)]) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    let cell = |(from, to): &(usize, usize)| {
        letters.iter().skip(*from).take(to - from).collect::<String>().trim().to_owned()
    };
    columns.iter().map(cell).collect()
}

/// Adds a row with only one cell to the row above if the list in the cell above is unfinished.
fn continues(above: &mut [String], cells: &[String]) -> bool {
    let filled: Vec<usize> = (0..cells.len()).filter(|column| !cells[*column].is_empty()).collect();
    let [column] = filled.as_slice() else { return false };
    match above.get_mut(*column).filter(|cell| cell.ends_with([',', ';', '/', '-', '+', '&'])) {
        Some(cell) => {
            cell.push_str(&cells[*column]);
            true
        }
        None => false,
    }
}

/// The number of cells in a line. Cells are separated by at least two spaces. A separator line and a line that is too long have no cells.
fn cells(line: &str) -> usize {
    if line.len() > MAX_LINE || is_rule(line) {
        return 0;
    }
    line.split("  ").filter(|cell| !cell.trim().is_empty()).count()
}

/// Whether a line is a separator between the parts of a table.
fn is_rule(line: &str) -> bool {
    !line.trim().is_empty()
        && line.chars().all(|letter| matches!(letter, '-' | '=' | '_' | '+' | '|' | ' ' | '*' | '─' | '━'))
}

/// Whether a line has a label such as "CURRENCY: USD", as the heading of a page does, and no amount.
fn is_labeled(line: &str) -> bool {
    line.contains(": ") && !may_be_row(line)
}

/// The columns below a separator whose parts stand above them: `-----  ----  ----`.
fn ruled(line: &str) -> Option<Vec<(usize, usize)>> {
    let parts = line.len() <= MAX_LINE && is_rule(line) && !line.contains(['+', '|', '*']);
    parts.then(|| columns_of(&[line], 0)).flatten()
}

/// The first position of each column and the position after its last one. Two columns are separated by two or more adjacent positions that are blank in every row.
fn columns(rows: &[&str]) -> Option<Vec<(usize, usize)>> {
    // a single space may be part of the names in all rows
    if rows.len() < FEWEST_ROWS { None } else { columns_of(rows, 1) }
}

/// The columns of these lines, separated by more than `spaces` adjacent positions that are blank in every line.
fn columns_of(rows: &[&str], spaces: usize) -> Option<Vec<(usize, usize)>> {
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
            Some(last) if last.1 + spaces >= at => last.1 = at + usize::from(*used),
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
