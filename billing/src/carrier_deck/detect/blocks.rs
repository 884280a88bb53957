//! Blocks of complete numbers whose ends are in two columns, as in numbering plans: `831`, `2000000`, `2999999`.

use super::super::MAX_HEADER_ROWS;
use super::super::header::{Meaning, Role, meaning, words};
use super::super::mapping::Mapping;
use super::super::table::{Kind, Row, Table};
use super::sheets::find_header;
use crate::tariff::MAX_RATES;

/// The ends of a block have at least this many digits.
const FEWEST_DIGITS: usize = 4;
/// If no column has area codes, the ends of a block have at least this many digits. Shorter ends are the ends of a range of codes.
const FEWEST_COMPLETE: usize = 9;
/// Area codes have at most this many digits.
const MOST_DIGITS: usize = 6;
/// Maximum number of codes that cover a block.
const MAX_CODES: u64 = 1_000;

/// The codes of a block: the first code, the last one, and the number of their digits.
#[derive(Clone, Copy)]
struct Block {
    first: u64,
    last: u64,
    width: usize,
}

impl Block {
    fn count(self) -> usize {
        usize::try_from(self.last - self.first + 1).unwrap_or(usize::MAX)
    }

    fn codes(self) -> impl Iterator<Item = String> {
        let width = self.width;
        // the only code of a block that covers a whole area is empty
        (self.first..=self.last)
            .map(move |code| if width == 0 { String::new() } else { format!("{code:0width$}") })
    }
}

/// The table in which one column has the codes of the blocks, and the columns with their ends are empty. `None` unless every row with digits in
/// these columns has a block, and no column has complete codes. `None` also if the mapping names one of these columns, or if there are too many codes.
pub(super) fn covered(table: &Table, mapping: &Mapping) -> Option<Table> {
    let has_block = |row: Row<'_>| {
        (0..row.len().saturating_sub(1)).any(|column| codes(row.get(column), row.get(column + 1)).is_some())
    };
    // the header may have no known names
    let at = find_header(table).or_else(|| {
        let first = (0..table.len().min(MAX_HEADER_ROWS)).find(|at| table.row(*at).is_some_and(has_block))?;
        first.checked_sub(1)
    })?;
    let header = table.row(at)?;
    let rows = || table.iter().skip(at + 1).filter(|row| row.filled() > 2);
    let block = |row: Row<'_>, from: usize| codes(row.get(from), row.get(from + 1));
    let is_block = |from: &usize| {
        let digits = |row: &Row<'_>| row.get(*from).starts_with(|letter: char| letter.is_ascii_digit());
        rows().filter(digits).count() > 2 && rows().filter(digits).all(|row| block(row, *from).is_some())
    };
    let from = (0..header.len().saturating_sub(1)).find(is_block)?;
    let is_area = |column: &usize| {
        let short = |row: Row<'_>| {
            let cell = row.get(*column);
            (1..=MOST_DIGITS).contains(&cell.len()) && cell.bytes().all(|byte| byte.is_ascii_digit())
        };
        let other = matches!(
            meaning(header.get(*column)),
            Meaning::Price(_) | Meaning::Is(Role::Increment | Role::InitialIncrement | Role::NextIncrement)
        );
        !other && rows().filter(|row| block(*row, from).is_some()).all(short)
    };
    let area = (0..from).rev().find(is_area);
    let complete = |row: Row<'_>| block(row, from).is_none() || row.get(from).len() >= FEWEST_COMPLETE;
    if area.is_none() && !rows().all(complete) {
        return None;
    }
    let count: usize =
        rows().filter_map(|row| block(row, from)).map(Block::count).fold(0, usize::saturating_add);
    let name = if area.is_some() { "Area code" } else { "Code" };
    let renamed = Some(from).filter(|from| words(header.get(*from)) != words(name));
    let changed: Vec<usize> = [Some(from + 1), area, renamed].into_iter().flatten().collect();
    if count > MAX_RATES || mapping.names_any(header, &changed) {
        return None;
    }
    let mut found = Table::default();
    found.blank = table.blank;
    for (index, row) in table.iter().enumerate() {
        let codes = Some(row).filter(|row| index > at && row.filled() > 2).and_then(|row| block(row, from));
        found.begin(row.line);
        for column in 0..row.len() {
            match codes {
                // the other columns keep their positions
                _ if index >= at && row.filled() > 2 && (column == from + 1 || Some(column) == area) => {
                    found.push("", Kind::Text);
                }
                Some(block) if column == from => {
                    let area = area.map_or("", |area| row.get(area));
                    let all: Vec<String> = block.codes().map(|code| format!("{area}{code}")).collect();
                    found.push(&all.join(","), Kind::Text);
                }
                None if index == at && column == from => found.push(name, Kind::Text),
                _ => found.push(row.get(column), row.kind(column)),
            }
        }
    }
    Some(found)
}

/// The codes that cover the numbers of a block; `None` unless the first number ends with zeros, and the last one with as many nines.
fn codes(from: &str, to: &str) -> Option<Block> {
    let digits = |end: &str| end.len() >= FEWEST_DIGITS && end.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(from) || !digits(to) || from.len() != to.len() || from >= to {
        return None;
    }
    let ends = from.bytes().rev().zip(to.bytes().rev());
    let free = ends.take_while(|(first, last)| (*first, *last) == (b'0', b'9')).count();
    let (head, last) = (from.get(..from.len() - free)?, to.get(..to.len() - free)?);
    if free < 2 {
        return None;
    }
    if head.is_empty() {
        return Some(Block { first: 0, last: 0, width: 0 });
    }
    let (first, last): (u64, u64) = (head.parse().ok()?, last.parse().ok()?);
    let width = head.len();
    (last - first < MAX_CODES).then_some(Block { first, last, width })
}
