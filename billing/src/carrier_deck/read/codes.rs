//! Reads the codes of a row.

use super::super::codes::{self, CodeDoubt, CodeRules, HyphenRule};
use super::super::columns::CodeSource;
use super::super::header::Role;
use super::super::table::Row;
use super::Reader;

impl Reader<'_, '_> {
    /// The column with the row's codes, and the codes.
    pub(super) fn read_codes(&self, row: Row<'_>) -> (usize, Result<codes::Codes, CodeDoubt>) {
        let rules = &self.plan.codes;
        let (CodeSource::Full(column) | CodeSource::Parts(_, column)) = self.plan.columns.code;
        if self.is_mark(row.get(column)) {
            return (column, Err(codes::not_digits()));
        }
        match self.plan.columns.code {
            CodeSource::Full(column) => (column, self.full_codes(row, column, rules)),
            CodeSource::Parts(country, area) => {
                // a row without a country code has the country code of the last row that has one
                let above = self.country_row.filter(|_| row.get(country).is_empty());
                let above = above.and_then(|above| self.plan.table.row(above));
                let from = above.filter(|above| self.has_same_country(row, *above)).unwrap_or(row);
                match codes::country(from.get(country), from.kind(country)) {
                    Ok(digits) => (area, codes::read(&digits, row.get(area), row.kind(area), rules)),
                    Err(doubt) => (country, Err(doubt)),
                }
            }
        }
    }

    /// Whether a cell such as `(1)` is the mark of a note.
    fn is_mark(&self, cell: &str) -> bool {
        let number = |text: &str| {
            let end = text.find([')', ']'])?;
            let number = text.get(..end)?.trim_start_matches(['(', '[']);
            let short = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
            short.then(|| number.to_owned())
        };
        if !cell.starts_with(['(', '[']) || !cell.ends_with([')', ']']) {
            return false;
        }
        let notes = || self.plan.notes().iter().filter_map(|note| number(note.text.trim_start())).collect();
        number(cell).is_some_and(|mark| self.marks.get_or_init(notes).contains(&mark))
    }

    pub(super) fn codes(&mut self, row: Row<'_>) -> Option<Vec<String>> {
        let (column, found) = self.read_codes(row);
        match found {
            Ok(found) => {
                let line = row.line;
                self.excepted.extend(found.except.into_iter().map(|code| (code, line)));
                return Some(found.codes);
            }
            Err(CodeDoubt::Hyphen) => self.ask("CODE_HYPHEN", row, column),
            Err(CodeDoubt::List) => self.ask("CODE_LIST", row, column),
            Err(CodeDoubt::Space) => self.ask("CODE_SPACE", row, column),
            Err(CodeDoubt::TrunkZero) => self.ask("TRUNK_ZERO", row, column),
            Err(CodeDoubt::Error(_)) if self.is_uncoded(row) => self.ask("CODE_EMPTY", row, column),
            Err(CodeDoubt::Error(error)) => self.problem(row, Some(column), error),
        }
        None
    }

    /// Whether the row has a number such as 118 in a deck that also has the area code 0118. Such a number cannot be dialed from abroad.
    pub(super) fn is_short_number(&self, row: Row<'_>) -> bool {
        let CodeSource::Full(column) = self.plan.columns.code else { return false };
        let cell = row.get(column);
        if !self.plan.codes.national || !cell.starts_with(|letter: char| matches!(letter, '1'..='9')) {
            return false;
        }
        let plan = self.plan;
        let areas = self
            .areas
            .get_or_init(|| plan.rows().filter_map(|row| row.get(column).strip_prefix('0')).collect());
        areas.contains(cell)
    }

    /// Reads codes from one column, or ranges whose ends are in two columns.
    fn full_codes(&self, row: Row<'_>, column: usize, rules: &CodeRules) -> Result<codes::Codes, CodeDoubt> {
        let end = self.plan.columns.first(Role::PrefixEnd).map_or("", |column| row.get(column));
        let start = row.get(column);
        if end.is_empty() || end == start {
            return codes::read("", start, row.kind(column), rules);
        }
        let rules = CodeRules { hyphen: Some(HyphenRule::Range), ..rules.clone() };
        codes::read("", &format!("{start}-{end}"), row.kind(column), &rules)
    }
}
