//! Finds the rules by which the codes are read.

use super::super::codes::{CodeRules, HyphenRule, SpaceRule, evidence, looks_like_codes};
use super::super::columns::{CodeSource, national_code};
use super::super::header::{Words, words};
use super::super::mapping::Mapping;
use super::super::{CarrierDeck, Confidence, Detected, MAX_COLUMNS};
use super::Plan;

impl Plan<'_> {
    /// Whether all codes consist of an area code and an exchange, as in `201-200`, according to the column's name and contents.
    fn has_exchanges(&self, column: usize) -> bool {
        let exchange = |cell: &str| {
            let parts: Vec<&str> = cell.split('-').collect();
            parts.len() >= 2
                && parts
                    .iter()
                    .take(2)
                    .all(|part| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let name = Words(words(self.names.get(column).map_or("", String::as_str)));
        let named = name.any(&["npanxx"]) || name.any(&["npa"]) && name.any(&["nxx"]);
        named && self.rows().map(|row| row.get(column)).filter(|cell| looks_like_codes(cell)).all(exchange)
    }

    /// The country code of area codes, if the name of their column shows the country, and none of them is long enough to contain the country code.
    fn national_code(&self, columns: &[usize]) -> Option<&'static str> {
        let [column] = columns else { return None };
        let code = national_code(self.names.get(*column).map_or("", String::as_str))?;
        let cells = || self.rows().map(|row| row.get(*column)).filter(|cell| looks_like_codes(cell));
        // codes that contain the country code are longer
        cells().all(|cell| cell.len() <= 3).then_some(code)
    }

    pub(super) fn find_codes(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        let code_columns = match self.columns.code {
            CodeSource::Full(code) => vec![code],
            CodeSource::Parts(country, area) => vec![country, area],
        };
        let name = |column: usize| words(self.names.get(column).map_or("", String::as_str));
        let is_american = code_columns
            .iter()
            .any(|column| name(*column).iter().any(|word| matches!(word.as_str(), "npa" | "nxx" | "npanxx")));
        let first = code_columns.first().copied().unwrap_or_default();
        let begins_with_1 =
            self.rows().take(MAX_COLUMNS).any(|row| row.get(first).trim_start_matches('+').starts_with('1'));
        let before = match &mapping.code_prefix {
            Some(before) => before.clone(),
            None if is_american && !begins_with_1 => {
                deck.detected.push(Detected::new(
                    "code_prefix",
                    "1",
                    "The codes are North American area codes.",
                    Confidence::High,
                ));
                "1".to_owned()
            }
            None => match self.national_code(&code_columns) {
                Some(before) => {
                    let reason = "Only this country uses this name for its area codes.";
                    deck.detected.push(Detected::new("code_prefix", before, reason, Confidence::High));
                    before.to_owned()
                }
                None => String::new(),
            },
        };
        let partial = matches!(self.columns.code, CodeSource::Parts(..));
        let (hyphens, spaces) = match self.columns.code {
            CodeSource::Full(code) => evidence(self.rows().map(|row| row.get(code))),
            CodeSource::Parts(..) => (false, false),
        };
        for (rule, item) in [
            (hyphens && mapping.code_hyphen.is_none(), "code_hyphen"),
            (spaces && mapping.code_space.is_none(), "code_space"),
        ] {
            if rule {
                let reason = "Some codes can be read in no other way.";
                deck.detected.push(Detected::new(item, "joint", reason, Confidence::High));
            }
        }
        self.codes = CodeRules {
            hyphen: mapping.code_hyphen.or(hyphens.then_some(HyphenRule::Joint)),
            space: mapping.code_space.or(spaces.then_some(SpaceRule::Joint)),
            list_marks: mapping.code_list,
            trunk_zero: mapping.trunk_zero,
            exchanges: self.has_exchanges(first),
            before,
            partial,
        };
    }
}
