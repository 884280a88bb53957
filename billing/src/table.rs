//! Writes tables as CSV (RFC 4180) and as JSON Lines.
//!
//! Spreadsheets run cells that begin like a formula. Therefore, a text that begins like a formula is written with an apostrophe before it
//! ([`csv_text`]). Amounts and counts are numbers and stay as they are, even if they are negative. JSON Lines is not meant for spreadsheets, so its
//! texts are unchanged.

use std::borrow::Cow;

use crate::money::Micros;

/// A value in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// No value: nothing in CSV, null in JSON.
    Empty,
    /// A text.
    Text(String),
    /// An amount: a plain decimal in CSV, a decimal string in JSON.
    Money(Micros),
    /// A whole number.
    Count(i64),
    /// `true` or `false`.
    Flag(bool),
}

impl Cell {
    /// A text, or nothing.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.into()))
    }

    /// An amount, or nothing.
    pub fn money(amount: Option<impl Into<Micros>>) -> Self {
        amount.map_or(Self::Empty, |amount| Self::Money(amount.into()))
    }

    /// A whole number, or nothing.
    pub fn count(count: Option<impl Into<i64>>) -> Self {
        count.map_or(Self::Empty, |count| Self::Count(count.into()))
    }
}

/// Appends the line of column names.
pub fn csv_header<T: AsRef<str>>(out: &mut String, columns: &[T]) {
    let names = columns.iter().map(|name| csv_cell(name.as_ref()));
    push_line(out, names);
}

/// Appends one row as a line of CSV.
pub fn csv_row(out: &mut String, cells: &[Cell]) {
    let texts = cells.iter().map(|cell| match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => match csv_text(text) {
            Cow::Borrowed(text) => csv_cell(text),
            Cow::Owned(text) => Cow::Owned(csv_cell(&text).into_owned()),
        },
        Cell::Money(amount) => Cow::Owned(amount.to_string()),
        Cell::Count(count) => Cow::Owned(count.to_string()),
        Cell::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
    });
    push_line(out, texts);
}

fn push_line<'a>(out: &mut String, cells: impl Iterator<Item = Cow<'a, str>>) {
    for (position, cell) in cells.enumerate() {
        if position > 0 {
            out.push(',');
        }
        out.push_str(&cell);
    }
    out.push('\n');
}

/// Appends one row as a JSON object on a line of its own. The keys of the object are the columns, in order.
pub fn json_row<T: AsRef<str>>(out: &mut String, columns: &[T], cells: &[Cell]) {
    out.push('{');
    for (position, (name, cell)) in columns.iter().zip(cells).enumerate() {
        if position > 0 {
            out.push(',');
        }
        json_text(out, name.as_ref());
        out.push(':');
        match cell {
            Cell::Empty => out.push_str("null"),
            Cell::Text(text) => json_text(out, text),
            Cell::Money(amount) => json_text(out, &amount.to_string()),
            Cell::Count(count) => out.push_str(&count.to_string()),
            Cell::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        }
    }
    out.push_str("}\n");
}

/// Appends a JSON string. The separators U+2028 and U+2029 are escaped: they are valid in JSON, but some readers split lines at them.
fn json_text(out: &mut String, text: &str) {
    let json = serde_json::Value::from(text).to_string();
    if json.contains(['\u{2028}', '\u{2029}']) {
        out.push_str(&json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"));
    } else {
        out.push_str(&json);
    }
}

pub(crate) fn begins_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// True for text that begins like a spreadsheet formula, or like an escaped formula.
fn needs_escape(text: &str) -> bool {
    begins_like_formula(text.trim_start_matches('\''))
}

/// Escapes text for a CSV cell so that a spreadsheet does not run the text as a formula. Adds an apostrophe before text that begins like a formula.
/// Text that already looks escaped gets an apostrophe too, so that [`unescape`] can always reverse the escaping.
pub fn csv_text(text: &str) -> Cow<'_, str> {
    if needs_escape(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The inverse of [`csv_text`].
pub(crate) fn unescape(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if needs_escape(rest) => rest,
        _ => text,
    }
}

/// Quotes a cell if RFC 4180 requires it.
fn csv_cell(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn formulas_become_texts_and_numbers_stay_numbers() {
        let mut out = String::new();
        csv_header(&mut out, &["a,b", "c"]);
        let cells = [
            text("=1+1"),
            text("@SUM(A1)"),
            text("-5"),
            text("say \"hi\", please"),
            text("'=kept"),
            Cell::Money(Micros(-1_250_000)),
            Cell::Count(-3),
            Cell::Flag(true),
            Cell::Empty,
        ];
        csv_row(&mut out, &cells);
        csv_row(&mut out, &[text("\tx"), text("two\nlines"), text("\r=1")]);
        assert_eq!(
            out,
            "\"a,b\",c\n'=1+1,'@SUM(A1),'-5,\"say \"\"hi\"\", please\",''=kept,-1.25,-3,true,\n\
             '\tx,\"two\nlines\",\"'\r=1\"\n"
        );
    }

    #[test]
    fn a_line_of_json_is_one_line_and_exact() {
        let (mut out, columns) = (String::new(), ["a", "b", "c", "d", "e"]);
        let cells = [
            text("=\"x\"\\\n\u{1}\u{2028}é"),
            Cell::Money(Micros(500)),
            Cell::Count(7),
            Cell::Flag(false),
            Cell::Empty,
        ];
        json_row(&mut out, &columns, &cells);
        assert_eq!(out.lines().count(), 1);
        let read: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let wanted = serde_json::json!({ "a": "=\"x\"\\\n\u{1}\u{2028}é", "b": "0.0005", "c": 7, "d": false, "e": null });
        assert_eq!(read, wanted);
    }
}
