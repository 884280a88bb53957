//! Turns the bytes of a file into rows of cells: handles compression, encoding, delimiter and quotes.

mod encoding;
mod fixed;
mod script;

use std::io::Read as _;

use super::mapping::Mapping;
use super::{Confidence, Detected, MAX_CELL_BYTES, MAX_COLUMNS, MAX_HEADER_ROWS, Refusal, xlsx};
use crate::deck::DeckLimits;
use crate::text::without_nul;
use encoding::decode;

/// How the file stores a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A number in a spreadsheet: plain digits with a decimal point.
    Number,
    /// A date in a spreadsheet, as `2026-12-15`.
    Date,
}

/// Rows of cells. All text is in one allocation, because a deck may have millions of cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    text: String,
    /// The end of each cell in `text`.
    ends: Vec<u32>,
    kinds: Vec<Kind>,
    /// The line and the first cell of each row.
    rows: Vec<(u64, u32)>,
    /// Number of rows without text, which are not stored.
    pub(super) blank: u64,
    /// Number of rows that the mapping leaves out. These rows are not stored.
    pub(super) left_out: u64,
}

/// One row of a [`Table`].
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'a Table,
    first: usize,
    end: usize,
    /// The line of the file on which the row begins, counted from 1.
    pub(super) line: u64,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn row(&self, index: usize) -> Option<Row<'_>> {
        let (line, first) = *self.rows.get(index)?;
        let end = self.rows.get(index + 1).map_or(self.ends.len(), |next| next.1 as usize);
        Some(Row { table: self, first: first as usize, end, line })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).filter_map(|index| self.row(index))
    }

    /// Number of cells in the widest row, at most [`MAX_COLUMNS`].
    pub(super) fn width(&self) -> usize {
        self.iter().map(|row| row.len()).max().unwrap_or(0)
    }

    pub(super) fn begin(&mut self, line: u64) {
        self.rows.push((line, u32::try_from(self.ends.len()).unwrap_or(u32::MAX)));
    }

    pub(super) fn push(&mut self, cell: &str, kind: Kind) {
        self.text.push_str(&script::plain(cell));
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        self.kinds.push(kind);
    }

    /// Number of cells in the most recently started row.
    pub(super) fn cells_in_last(&self) -> usize {
        self.rows.last().map_or(0, |(_, first)| self.ends.len().saturating_sub(*first as usize))
    }

    /// Removes the last row if it has no text.
    pub(super) fn end_row(&mut self, count_blank: bool) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        if self.row(last).is_some_and(|row| row.is_blank()) {
            let first = self.rows.pop().map_or(0, |(_, first)| first as usize);
            self.ends.truncate(first);
            self.kinds.truncate(first);
            self.text.truncate(self.ends.last().map_or(0, |end| *end as usize));
            self.blank += u64::from(count_blank);
        }
    }
}

impl<'a> Row<'a> {
    pub(super) fn len(self) -> usize {
        self.end.saturating_sub(self.first)
    }

    /// The cell without leading and trailing spaces; a missing cell is empty.
    pub(super) fn get(self, column: usize) -> &'a str {
        let at = self.first + column;
        if at >= self.end {
            return "";
        }
        let ends = &self.table.ends;
        let start = at.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end as usize);
        let end = ends.get(at).map_or(start, |end| *end as usize);
        self.table.text.get(start..end).unwrap_or_default().trim_matches(is_space)
    }

    pub(super) fn kind(self, column: usize) -> Kind {
        let at = self.first + column;
        if at >= self.end { Kind::Text } else { self.table.kinds.get(at).copied().unwrap_or(Kind::Text) }
    }

    pub(super) fn cells(self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(move |column| self.get(column))
    }

    pub(super) fn filled(self) -> usize {
        self.cells().filter(|cell| !cell.is_empty()).count()
    }

    fn is_blank(self) -> bool {
        self.cells().all(str::is_empty)
    }
}

fn is_space(letter: char) -> bool {
    letter.is_whitespace() || letter == '\u{feff}'
}

/// The tables of a file: one for text, one for each visible sheet of a workbook.
pub(super) struct Source {
    pub(super) tables: Vec<(String, Table)>,
    pub(super) detected: Vec<Detected>,
    /// Whether the text cannot be Western European, so that the user must choose its encoding.
    pub(super) doubtful_encoding: bool,
}

const COMPRESSED: [u8; 2] = [0x1f, 0x8b];
const ARCHIVE: [u8; 4] = *b"PK\x03\x04";
const OLD_EXCEL: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

/// Opens a file of any supported format.
pub(super) fn open(bytes: &[u8], limits: &DeckLimits, mapping: &Mapping) -> Result<Source, Refusal> {
    check_size(bytes.len(), limits)?;
    let mut detected = Vec::new();
    let inflated;
    let mut content = bytes;
    if bytes.starts_with(&COMPRESSED) {
        inflated = inflate(bytes, limits)?;
        content = &inflated;
        detected.push(Detected::sure("compression", "gzip", "The file begins like a gzip file."));
    }
    if content.starts_with(&ARCHIVE) {
        detected.push(Detected::sure("format", "XLSX", "The file begins like a workbook."));
        let tables = xlsx::tables(content, limits)?;
        return Ok(Source { tables, detected, doubtful_encoding: false });
    }
    if content.starts_with(&OLD_EXCEL) || content.starts_with(b"%PDF") {
        let message = "The file is an old Excel workbook or a PDF.";
        return Err(Refusal::new(0, "FORMAT_UNSUPPORTED", message, "Save it as XLSX or CSV."));
    }
    let (text, doubtful_encoding) = decode(content, mapping, &mut detected)?;
    let table = read_text(&without_nul(text), limits, mapping, &mut detected)?;
    Ok(Source { tables: vec![(String::new(), table)], detected, doubtful_encoding })
}

fn check_size(bytes: usize, limits: &DeckLimits) -> Result<(), Refusal> {
    if bytes <= limits.max_bytes {
        return Ok(());
    }
    let message = format!("The file has more than {} bytes.", limits.max_bytes);
    Err(Refusal::new(0, "FILE_TOO_LARGE", message, "Split the file and import the parts with MERGE."))
}

fn inflate(bytes: &[u8], limits: &DeckLimits) -> Result<Vec<u8>, Refusal> {
    let mut content = Vec::new();
    let limit = limits.max_bytes as u64 + 1;
    let read = flate2::read::MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut content);
    read.map_err(|error| {
        let message = format!("The file cannot be decompressed: {error}.");
        Refusal::new(0, "GZIP_INVALID", message, "Compress the file again.")
    })?;
    check_size(content.len(), limits)?;
    Ok(content)
}

fn read_text(
    text: &str,
    limits: &DeckLimits,
    mapping: &Mapping,
    detected: &mut Vec<Detected>,
) -> Result<Table, Refusal> {
    let (body, named) = named_delimiter(text);
    let skipped = u64::from(named.is_some());
    let delimiter = match (mapping.delimiter, named) {
        (Some(delimiter), _) => {
            detected.push(Detected::mapped("delimiter", shown(delimiter)));
            delimiter
        }
        (None, Some(delimiter)) => {
            detected.push(Detected::sure("delimiter", shown(delimiter), "The first line names it."));
            delimiter
        }
        (None, None) => {
            let (delimiter, confidence, score) = sniff(body);
            let most = usize::try_from(limits.max_rows).unwrap_or(usize::MAX);
            if let Some(table) = fixed::read(body, score, most)? {
                let reason = "The columns are separated by spaces at the same places in all lines.";
                detected.push(Detected::new("delimiter", "fixed width", reason, Confidence::High));
                return Ok(table);
            }
            let reason = "With this delimiter, most lines have the same number of cells.";
            detected.push(Detected::new("delimiter", shown(delimiter), reason, confidence));
            delimiter
        }
    };
    let delimiter = u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or_else(|| {
        let message = "A delimiter must be one ASCII character.";
        Refusal::new(0, "DELIMITER_INVALID", message, "Use a comma, semicolon, tab or vertical bar.")
    })?;
    let most = usize::try_from(limits.max_rows).unwrap_or(usize::MAX);
    let mut splitter = Splitter::new(body, delimiter, 1 + skipped);
    let table = splitter.table(most.saturating_add(MAX_HEADER_ROWS))?;
    if table.len() > most.saturating_add(MAX_HEADER_ROWS - 1) || !splitter.is_at_end() {
        let message = format!("The file has more than {most} rows.");
        return Err(Refusal::new(splitter.line, "TOO_MANY_ROWS", message, "Split the file."));
    }
    Ok(table)
}

fn shown(delimiter: char) -> String {
    if delimiter == '\t' { "tab".to_owned() } else { delimiter.to_string() }
}

/// Spreadsheet programs may write the delimiter on the first line: `sep=;`.
fn named_delimiter(text: &str) -> (&str, Option<char>) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let name = line.trim_end_matches('\r');
    let is_named = name.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("sep="));
    let mut letters = name.chars().skip(4);
    match (is_named, letters.next(), letters.next()) {
        (true, Some(delimiter), None) => (rest, Some(delimiter)),
        _ => (text, None),
    }
}

/// The most probable delimiter: the one with which the most cells are in rows of the usual width. If two delimiters tie, the character that is rarer
/// in text wins.
fn sniff(text: &str) -> (char, Confidence, usize) {
    let mut cut = text.len().min(64 << 10);
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let sample = text.get(..cut).unwrap_or_default();
    let mut best = (0usize, ',');
    let mut second = 0;
    for delimiter in ['\t', ';', '|', ','] {
        let mut splitter = Splitter::new(sample, delimiter as u8, 1);
        splitter.lenient = true;
        let score = splitter.table(200).map_or(0, |table| score(&table));
        if score > best.0 {
            second = best.0;
            best = (score, delimiter);
        } else {
            second = second.max(score);
        }
    }
    (best.1, if second * 2 <= best.0 { Confidence::High } else { Confidence::Medium }, best.0)
}

fn score(table: &Table) -> usize {
    let mut widths = [0usize; MAX_COLUMNS + 1];
    for row in table.iter() {
        if let Some(count) = widths.get_mut(row.len()) {
            *count += 1;
        }
    }
    widths.iter().enumerate().skip(2).map(|(width, rows)| rows * (width - 1)).max().unwrap_or(0)
}

/// Splits text into cells. The csv crate is not used here, because the line numbers that it reports are wrong after blank lines.
struct Splitter<'t> {
    text: &'t str,
    at: usize,
    line: u64,
    delimiter: u8,
    /// Whether an open quote at the end of the text is accepted, because the text is a sample.
    lenient: bool,
}

#[derive(PartialEq, Eq)]
enum After {
    Cell,
    Row,
    File,
}

impl<'t> Splitter<'t> {
    fn new(text: &'t str, delimiter: u8, line: u64) -> Splitter<'t> {
        Splitter { text, at: 0, line, delimiter, lenient: false }
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    fn table(&mut self, max_rows: usize) -> Result<Table, Refusal> {
        let mut table = Table::default();
        let mut cell = String::new();
        while !self.is_at_end() && table.len() < max_rows {
            table.begin(self.line);
            loop {
                cell.clear();
                let line = self.line;
                let after = self.cell(&mut cell)?;
                if table.cells_in_last() == MAX_COLUMNS {
                    let message = format!("The row has more than {MAX_COLUMNS} cells.");
                    return Err(Refusal::new(line, "TOO_MANY_COLUMNS", message, "Remove columns."));
                }
                if cell.len() > MAX_CELL_BYTES {
                    return Err(Refusal::long_cell(line));
                }
                table.push(&cell, Kind::Text);
                if after != After::Cell {
                    break;
                }
            }
            table.end_row(true);
        }
        Ok(table)
    }

    fn cell(&mut self, cell: &mut String) -> Result<After, Refusal> {
        let bytes = self.text.as_bytes();
        let spaces =
            bytes.get(self.at..).unwrap_or_default().iter().take_while(|byte| **byte == b' ').count();
        if bytes.get(self.at + spaces) == Some(&b'"') {
            self.at += spaces + 1;
            self.quoted(cell)?;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ends = |byte: u8| byte == self.delimiter || byte == b'\n' || byte == b'\r';
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        let plain = rest.get(..length).unwrap_or_default();
        cell.push_str(if cell.is_empty() { plain } else { plain.trim() });
        self.at += length;
        Ok(self.after())
    }

    fn after(&mut self) -> After {
        let bytes = self.text.as_bytes();
        let Some(byte) = bytes.get(self.at) else { return After::File };
        self.at += 1;
        if *byte == self.delimiter {
            return After::Cell;
        }
        if *byte == b'\r' && bytes.get(self.at) == Some(&b'\n') {
            self.at += 1;
        }
        self.line += 1;
        After::Row
    }

    /// Reads up to the closing quote; a doubled quote stands for one quote.
    fn quoted(&mut self, cell: &mut String) -> Result<(), Refusal> {
        let line = self.line;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(length) = rest.bytes().position(|byte| byte == b'"') else {
                self.at = self.text.len();
                if self.lenient {
                    return Ok(());
                }
                let message = "A quote is opened on this line and never closed.";
                return Err(Refusal::new(line, "QUOTE_OPEN", message, "Close the quote or remove it."));
            };
            let part = rest.get(..length).unwrap_or_default();
            self.line += part.bytes().filter(|byte| *byte == b'\n').count() as u64;
            cell.push_str(part);
            self.at += length + 1;
            if self.text.as_bytes().get(self.at) != Some(&b'"') {
                return Ok(());
            }
            cell.push('"');
            self.at += 1;
            if cell.len() > MAX_CELL_BYTES {
                return Err(Refusal::long_cell(line));
            }
        }
    }
}
