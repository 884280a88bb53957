//! Finds the rules by which the codes are read.

use super::super::codes::{
    CodeRules, HyphenRule, ListRule, SpaceRule, evidence, is_headed_list, is_spaced_list, looks_like_codes,
};
use super::super::columns::{CodeSource, national_code};
use super::super::header::{Role, Words, words};
use super::super::header_words::{CODE, COUNTRY};
use super::super::mapping::Mapping;
use super::super::{CarrierDeck, Confidence, Detected, MAX_COLUMNS};
use super::Plan;
use super::countries::countries;
use crate::country::calling_codes;
use crate::number::calling_code;

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

    /// The country code that belongs before the area codes, if the name of their column shows the country, and no code in the column is long enough
    /// to contain the country code.
    fn national_code(&self, columns: &[usize]) -> Option<&'static str> {
        let [column] = columns else { return None };
        let code = national_code(self.names.get(*column).map_or("", String::as_str))?;
        let cells = || self.rows().map(|row| row.get(*column)).filter(|cell| looks_like_codes(cell));
        // codes that contain the country code are longer
        are_areas(cells(), code).then_some(code)
    }

    /// The country code that a note names and says nothing else about, as in "Country code: 7". The note may belong to a part of the deck, or to the
    /// carrier's address, so the code is only proposed.
    pub(in crate::carrier_deck) fn said_country(&self) -> Option<String> {
        if !matches!(self.columns.code, CodeSource::Full(_)) {
            return None;
        }
        self.notes().iter().find_map(|note| country_in_note(&note.text))
    }

    /// Whether 011 is the beginning of an area code: at least half of the codes with a single 0 begin with other digits.
    pub(super) fn keeps_011(&self, column: usize) -> bool {
        let cells = || self.rows().map(|row| row.get(column).trim_start_matches('('));
        let single = |cell: &&str| cell.starts_with('0') && !cell.starts_with("00") && looks_like_codes(cell);
        let found = cells().filter(single).count();
        let american = cells().filter(single).filter(|cell| cell.starts_with("011")).count();
        american > 0 && american * 2 <= found
    }

    /// Whether hyphens with spaces separate codes, as in `0035567 - 0035568 - 0035569`.
    fn has_dashed_lists(&self, column: usize) -> bool {
        let listed = |cell: &str| {
            let parts: Vec<&str> = cell.split(" - ").map(str::trim).collect();
            let country = parts.first().and_then(|part| calling_code(part.trim_start_matches(['+', '0'])));
            parts.len() > 2
                && country.is_some()
                && parts.iter().all(|part| {
                    let code = part.trim_start_matches(['+', '0']);
                    code.bytes().all(|byte| byte.is_ascii_digit()) && calling_code(code) == country
                })
        };
        self.rows().any(|row| listed(row.get(column)))
    }

    /// Whether slashes separate codes: the slashes in some cells can do nothing else, and no cell has a comma, whose meaning would depend on the same
    /// rule.
    fn has_slashed_lists(&self, columns: &[usize]) -> bool {
        let cells = || self.rows().flat_map(|row| columns.iter().map(move |column| row.get(*column)));
        let certain = |cell: &str| {
            let parts: Vec<&str> = cell.split('/').collect();
            let digits = |part: &&str| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_digit());
            // the first part may begin with a country code
            parts.len() > 2 && parts.iter().skip(1).all(|part| digits(part) && part.len() == parts[1].len())
        };
        cells().any(certain) && !cells().any(|cell| cell.contains(','))
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
        let areas = match self.columns.code {
            CodeSource::Full(code) => {
                let named = self.columns.all(Role::AreaCode).contains(&code);
                !before.is_empty() || named && mapping.code_prefix.is_none()
            }
            CodeSource::Parts(..) => true,
        };
        // area codes do not show whether their parts are complete codes
        let (hyphens, spaces) = match self.columns.code {
            CodeSource::Full(code) if !areas => evidence(self.rows().map(|row| row.get(code))),
            CodeSource::Full(_) | CodeSource::Parts(..) => (false, false),
        };
        let headed = match self.columns.code {
            CodeSource::Full(code) => self.rows().any(|row| is_headed_list(row.get(code))),
            CodeSource::Parts(..) => false,
        };
        let listed = match self.columns.code {
            CodeSource::Full(_) => false,
            CodeSource::Parts(_, area) => self.rows().any(|row| is_spaced_list(row.get(area))),
        };
        let space = match (spaces, listed) {
            (true, _) => Some(SpaceRule::Joint),
            (false, true) => Some(SpaceRule::List),
            (false, false) => None,
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
            space: mapping.code_space.or(space),
            list_marks: mapping.code_list.or(self.has_slashed_lists(&code_columns).then_some(ListRule::List)),
            trunk_zero: mapping.trunk_zero,
            exchanges: self.has_exchanges(first),
            areas,
            before,
            partial,
            national: false,
            home: String::new(),
            headed,
            keeps_011: self.keeps_011(first),
            hyphen_answer: mapping.code_hyphen,
            dashed_lists: code_columns.iter().any(|column| self.has_dashed_lists(*column)),
        };
    }
}

/// Whether nearly all numbers in cells are too short to contain a country code, and the longer ones do not begin with it.
pub(in crate::carrier_deck) fn are_areas<'t>(cells: impl Iterator<Item = &'t str>, country: &str) -> bool {
    let (mut short, mut long) = (0usize, 0usize);
    for cell in cells {
        for number in cell.split(|letter: char| !letter.is_ascii_digit()).filter(|number| !number.is_empty())
        {
            match number.len() {
                0..=3 => short += 1,
                _ if number.starts_with(country) => return false,
                _ => long += 1,
            }
        }
    }
    long * 10 <= short
}

/// The country code that a sentence names directly after words for a country and a code: "numbers are national, country code 7".
pub(in crate::carrier_deck) fn country_mentioned(text: &str) -> Option<String> {
    let all = words(text);
    let near = |at: usize, list: &[&str]| {
        let before = all.get(at.saturating_sub(3)..at).unwrap_or_default();
        before.iter().any(|word| list.contains(&word.as_str()))
    };
    let found = all.iter().enumerate().find(|(at, word)| {
        calling_code(word) == Some(word.as_str()) && near(*at, COUNTRY) && near(*at, CODE)
    });
    found.map(|(_, word)| word.clone())
}

/// The country code in a line that consists of words for a country and a code, the number, and perhaps the country's name: "Country code: +7",
/// "Country code of Russia: 7".
pub(super) fn country_in_note(text: &str) -> Option<String> {
    const FILLERS: &[&str] = &[
        "the", "of", "for", "is", "are", "all", "in", "not", "included", "without", "area", "de", "del",
        "da", "do", "du", "des", "la", "le", "el", "o", "sin", "sem", "sans", "ohne",
    ];
    let all = words(text);
    let (numbers, rest): (Vec<&String>, Vec<&String>) =
        all.iter().partition(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let [number] = numbers.as_slice() else { return None };
    if calling_code(number) != Some(number.as_str()) {
        return None;
    }
    let plain = |word: &&&String| [COUNTRY, CODE, FILLERS].iter().all(|list| !list.contains(&word.as_str()));
    let name: Vec<String> = rest.iter().filter(plain).map(|word| (**word).clone()).collect();
    let named = name.is_empty()
        || countries(&name).iter().any(|country| calling_codes(country).contains(&number.as_str()));
    let listed = Words(all.clone());
    // "Country codes: 20" is a count
    let counts = listed.any(&["countries", "paises", "lander", "laender"]);
    (listed.any(COUNTRY) && listed.any(CODE) && !counts && named).then(|| (*number).clone())
}
