//! Decides which columns have the codes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::codes::looks_like_codes;
use super::super::detect::{are_areas, country_mentioned};
use super::super::header::{Meaning, Role, Words, is_ignored, words};
use super::super::header_words::OLD;
use super::super::mapping::Mapping;
use super::super::{Answer, MAX_COLUMNS, Question, Refusal};
use super::{CodeSource, Draft, SAMPLE};
use crate::number::calling_code;

impl Draft<'_> {
    /// Finds the codes; `None` if a question must be answered first.
    pub(super) fn choose_code(&mut self, mapping: &Mapping) -> Option<CodeSource> {
        // "New code" replaces "Old code"
        if let Some(columns) = self.roles.get(&Role::Prefix).filter(|columns| columns.len() > 1) {
            let current: Vec<usize> = columns
                .iter()
                .copied()
                .filter(|column| !Words(words(&self.name(*column))).any(OLD))
                .collect();
            if !current.is_empty() {
                self.roles.insert(Role::Prefix, current);
            }
        }
        if self.roles.get(&Role::Prefix).is_some_and(|columns| columns.len() > 1) {
            let columns = self.roles.get(&Role::Prefix).cloned().unwrap_or_default();
            if let [first, rest @ ..] = columns.as_slice()
                && rest.iter().all(|column| self.are_equal(*first, *column))
            {
                self.roles.insert(Role::Prefix, vec![*first]);
                return self.choose_code(mapping);
            }
            if let Some((country, area)) = self.parts_of(&columns) {
                self.roles.remove(&Role::Prefix);
                self.guess(country, Role::CountryCode, "It has only country codes.");
                self.guess(area, Role::AreaCode, "Its codes follow those of the column with country codes.");
                return Some(CodeSource::Parts(country, area));
            }
            self.ask_code(&columns);
            return None;
        }
        let codes = (self.role(Role::Prefix), self.role(Role::CountryCode), self.role(Role::AreaCode));
        if let (Some(code), None, None) | (None, None, Some(code)) = codes
            && let Some(country) = self.country_beside(code)
        {
            self.guess(country, Role::CountryCode, "It has only country codes.");
            return self.joined(country, code, true, mapping);
        }
        match codes {
            (Some(code), None, None) | (None, Some(code), None) => Some(match self.area_beside(code) {
                Some(area) => {
                    self.roles.remove(&Role::Prefix);
                    self.roles.insert(Role::CountryCode, vec![code]);
                    self.guess(area, Role::AreaCode, "Its digits distinguish the rows of a country.");
                    CodeSource::Parts(code, area)
                }
                None => CodeSource::Full(code),
            }),
            (Some(code), Some(country), Some(area)) => match self.overlap(country, code) {
                Overlap::All => Some(CodeSource::Full(code)),
                _ => Some(CodeSource::Parts(country, area)),
            },
            (Some(code), Some(country), None) => self.joined(country, code, true, mapping),
            (Some(code), None, Some(area)) if self.ends_with(code, area) || self.are_equal(code, area) => {
                Some(CodeSource::Full(code))
            }
            (Some(country), None, Some(area)) | (None, Some(country), Some(area)) => {
                self.joined(country, area, false, mapping)
            }
            (None, None, Some(area))
                if mapping.code_prefix.is_some()
                    || self.is_complete(area)
                    || national_code(&self.name(area)).is_some_and(|code| self.is_short(area, code)) =>
            {
                Some(CodeSource::Full(area))
            }
            (None, None, Some(area)) => {
                let notes = self.sheet.table.iter().filter(|row| row.filled() <= 2);
                let said = notes.filter_map(|row| row.cells().find_map(country_mentioned)).next();
                let (name, example) = (self.name(area), self.example(area));
                let question =
                    country_question_in(&name, 0, &example, self.currency.as_deref(), said.as_deref());
                self.questions.push(question);
                None
            }
            (None, None, None) if self.questions.iter().any(|question| question.code == "CODE_COLUMN") => {
                None
            }
            (None, None, None) => self.find_code(),
        }
    }

    /// The country codes and the area codes, if one of two columns has only country codes, and the codes of the other column do not begin with them.
    fn parts_of(&self, columns: &[usize]) -> Option<(usize, usize)> {
        let [one, other] = columns else { return None };
        let (country, area) = match (self.has_countries(*one), self.has_countries(*other)) {
            (true, false) => (*one, *other),
            (false, true) => (*other, *one),
            _ => return None,
        };
        (!self.begin_with(area, country)).then_some((country, area))
    }

    /// The column with the country codes of incomplete codes: a column without a known name in which every code is a country code, some of them with
    /// an international prefix. `None` if the mapping already specifies the meaning of the column at the index `code`.
    fn country_beside(&self, code: usize) -> Option<usize> {
        let used = self.used();
        let marked = |cell: &str| cell.starts_with('+') || cell.starts_with("00");
        let found = (0..self.meanings.len()).find(|column| {
            *column != code
                && matches!(self.meanings[*column], Meaning::Unknown | Meaning::Ignored)
                && !used.contains(column)
                && !self.mapped.contains(column)
                && self.profiles[*column].filled >= self.profiles[code].filled
                && self.has_countries(*column)
                && self.profiles[*column].texts == 0
                && self.profiles[*column].distinct.len() > 1
                && self.sample().any(|row| marked(row.get(*column)))
        });
        found.filter(|country| !self.mapped.contains(&code) && !self.begin_with(code, *country))
    }

    /// The column with the digits that follow the country codes. `None` unless the column `code` has only country codes, some of them in several
    /// rows, and exactly one other column has digits that tell these rows apart.
    fn area_beside(&self, code: usize) -> Option<usize> {
        if self.mapped.contains(&code) {
            return None;
        }
        let cells = || self.sample().map(|row| row.get(code)).filter(|cell| !cell.is_empty());
        let country = |cell: &str| {
            calling_code(cell.trim_start_matches(['+', '0'])) == Some(cell.trim_start_matches(['+', '0']))
        };
        let rows = cells().filter(|cell| looks_like_codes(cell)).count();
        let countries: BTreeSet<&str> = cells().filter(|cell| country(cell)).collect();
        if countries.is_empty()
            || cells().filter(|cell| country(cell)).count() < rows
            || countries.len() >= rows
        {
            return None;
        }
        let used = self.used();
        let tells = |column: &usize| {
            let profile = &self.profiles[*column];
            // unlike area codes, row numbers and network numbers are in every row
            let proper = profile.filled < rows && !is_ignored(&self.name(*column));
            let named = matches!(self.meanings[*column], Meaning::Unknown | Meaning::Ignored);
            named
                && proper
                && !used.contains(column)
                && !self.mapped.contains(column)
                && profile.is_mostly(profile.codes)
                && profile.decimals == 0
                && !self.counts_rows(*column)
                && self.distinct(&[code, *column]) == rows
        };
        let found: Vec<usize> = (0..self.meanings.len()).filter(tells).collect();
        match found.as_slice() {
            [area] => Some(*area),
            _ => None,
        }
    }

    /// Whether a column of area codes has complete codes: nearly all of them begin with a country code, and at least two country codes occur both
    /// alone and at the beginning of longer codes.
    fn is_complete(&self, column: usize) -> bool {
        let codes: BTreeSet<&str> =
            self.sample().map(|row| row.get(column)).filter(|cell| looks_like_codes(cell)).collect();
        // "+33" and "0033" are complete
        let international = |code: &&&str| code.starts_with('+') || code.starts_with("00");
        if !codes.is_empty() && codes.iter().filter(international).count() * 10 >= codes.len() * 9 {
            return true;
        }
        let assigned = codes.iter().filter(|code| calling_code(code).is_some()).count();
        let longer = |code: &&&str| {
            calling_code(code) == Some(**code)
                && codes.iter().any(|other| other.len() > code.len() && other.starts_with(**code))
        };
        assigned * 20 >= codes.len() * 19 && codes.iter().filter(longer).count() >= 2
    }

    /// Whether each code already ends with the area code beside it.
    fn ends_with(&self, code: usize, area: usize) -> bool {
        let pairs = || {
            self.sample()
                .map(|row| (row.get(code), row.get(area)))
                .filter(|(code, area)| looks_like_codes(code) && looks_like_codes(area))
        };
        pairs().count() >= 2 && pairs().all(|(code, area)| code.len() > area.len() && code.ends_with(area))
    }

    /// Whether the codes are too short to be complete.
    fn is_short(&self, column: usize, country: &str) -> bool {
        are_areas(self.sample().map(|row| row.get(column)).filter(|cell| looks_like_codes(cell)), country)
    }

    /// If no column has a known name for codes, the codes are in a column whose contents look like codes.
    fn find_code(&mut self) -> Option<CodeSource> {
        let used = self.used();
        let coded = |column: &usize| {
            let profile = &self.profiles[*column];
            let long = profile.largest > 0 && !profile.looks_like_increments();
            profile.is_mostly(profile.codes)
                && !used.contains(column)
                && (long || profile.codes > profile.integers)
        };
        let all: Vec<usize> = (0..self.profiles.len()).filter(coded).collect();
        let columns: Vec<usize> = all.into_iter().filter(|column| !self.counts_rows(*column)).collect();
        match columns.as_slice() {
            [] => {
                let columns = self.any_columns();
                if columns.is_empty() {
                    let message = "No column has codes.";
                    let remedy =
                        "Name the column with the codes in a mapping: {\"columns\": {\"prefix\": \"Code\"}}.";
                    self.refusal = Some(Refusal::new(0, "CODE_COLUMN_MISSING", message, remedy));
                } else {
                    let text = "No column was recognized as the codes. Choose the column with the codes.";
                    self.ask_column("CODE_COLUMN", "prefix", text, &columns);
                }
                None
            }
            [code] => {
                self.guess(*code, Role::Prefix, "Only this column has codes.");
                Some(CodeSource::Full(*code))
            }
            several => {
                // a column of other numbers may stand beside the codes, so columns are not joined here without an answer
                self.ask_code(several);
                None
            }
        }
    }

    pub(super) fn ask_code(&mut self, columns: &[usize]) {
        let answers = columns.iter().map(|column| {
            Answer::new(self.described(*column), Mapping::column("prefix", self.reference(*column)))
        });
        self.questions.push(Question {
            code: "CODE_COLUMN".into(),
            text: "Choose the column with the codes.".to_owned(),
            line: 0,
            example: columns.first().map(|column| self.example(*column)).unwrap_or_default(),
            answers: answers.chain(self.joined_answers(columns)).take(MAX_COLUMNS).collect(),
        });
    }

    /// The answers that join one column with only country codes and another one with the digits that follow them.
    fn joined_answers(&self, columns: &[usize]) -> Vec<Answer> {
        let mut found = Vec::new();
        for country in columns.iter().copied().filter(|column| self.has_countries(*column)) {
            for area in columns.iter().copied().filter(|column| *column != country) {
                let text =
                    format!("the digits in {} follow those in {}", self.name(area), self.name(country));
                let none = BTreeMap::from([("prefix".to_owned(), None)]);
                let mapping = Mapping::column("country_code", self.reference(country))
                    .merged(Mapping::column("area_code", self.reference(area)))
                    .merged(Mapping { columns: none, ..Mapping::default() });
                found.push(Answer::new(text, mapping));
            }
        }
        found
    }

    pub(super) fn joined(
        &mut self,
        country: usize,
        code: usize,
        may_be_full: bool,
        mapping: &Mapping,
    ) -> Option<CodeSource> {
        // the mapping named both columns, so each code consists of two parts
        if mapping.columns.contains_key("area_code") && mapping.columns.contains_key("country_code") {
            return Some(CodeSource::Parts(country, code));
        }
        match self.overlap(country, code) {
            Overlap::All if may_be_full => Some(CodeSource::Full(code)),
            Overlap::All | Overlap::Some => {
                let absent = |key: &str| Mapping {
                    columns: BTreeMap::from([(key.to_owned(), None)]),
                    ..Mapping::default()
                };
                let full = Mapping::column("prefix", self.reference(code))
                    .merged(absent("country_code"))
                    .merged(absent("area_code"));
                let parts = Mapping::column("country_code", self.reference(country))
                    .merged(Mapping::column("area_code", self.reference(code)))
                    .merged(absent("prefix"));
                self.questions.push(Question {
                    code: "CODE_PARTS".into(),
                    text: format!("Some codes in the column {:?} begin with the country code of their row. Choose whether the codes in this column are complete.", self.name(code)),
                    line: 0,
                    example: self.example(code),
                    answers: vec![Answer::new("the codes are complete", full), Answer::new("the codes follow the country code", parts)],
                });
                None
            }
            Overlap::Few => Some(CodeSource::Parts(country, code)),
        }
    }

    /// Whether two columns have the same codes, apart from international prefixes.
    fn are_equal(&self, one: usize, other: usize) -> bool {
        let digits = |cell: &str| cell.trim_start_matches(['+', '0']).to_owned();
        self.sample().filter(|row| row.filled() > 2).all(|row| digits(row.get(one)) == digits(row.get(other)))
    }

    /// Whether a column has only the calling codes of countries.
    fn has_countries(&self, column: usize) -> bool {
        let cells = || self.sample().map(|row| row.get(column)).filter(|cell| looks_like_codes(cell));
        let digits = |cell: &str| cell.trim_start_matches(['+', '0']).to_owned();
        cells().count() > 1 && cells().map(digits).all(|code| calling_code(&code) == Some(code.as_str()))
    }

    /// Whether at least half of the codes begin with the country code of their row. By chance, one in ten codes begins with a given digit.
    fn begin_with(&self, code: usize, country: usize) -> bool {
        let digits = |cell: &str| cell.trim_start_matches(['+', '0']).to_owned();
        let pairs = || {
            self.sample()
                .filter(|row| looks_like_codes(row.get(code)) && looks_like_codes(row.get(country)))
                .map(|row| (digits(row.get(code)), digits(row.get(country))))
        };
        pairs().filter(|(code, country)| code.starts_with(country.as_str())).count() * 2 >= pairs().count()
    }

    /// How many codes begin with the country code of their row.
    fn overlap(&self, country: usize, code: usize) -> Overlap {
        if self.has_countries(country) && !self.begin_with(code, country) {
            return Overlap::Few;
        }
        let (mut total, mut begin, mut single) = (0usize, 0usize, true);
        for index in self.sheet.start..self.sheet.table.len().min(self.sheet.start.saturating_add(SAMPLE)) {
            let Some(row) = self.sheet.table.row(index) else { break };
            let digits = |column: usize| row.get(column).trim_start_matches(['+', '0']);
            let (country, code) = (digits(country), digits(code));
            if !country.is_empty() && !code.is_empty() && looks_like_codes(code) {
                total += 1;
                begin += usize::from(code.starts_with(country));
                single &= country.len() == 1;
            }
        }
        match () {
            () if begin * 10 <= total && begin < 3 || begin * 50 <= total => Overlap::Few,
            () if begin == total && !single => Overlap::All,
            () => Overlap::Some,
        }
    }
}

enum Overlap {
    Few,
    Some,
    All,
}

/// The country code for the area codes in a column, if only one country uses the column's name: "DDD" is Brazilian.
pub(in crate::carrier_deck) fn national_code(name: &str) -> Option<&'static str> {
    Words(words(name)).any(&["ddd"]).then_some("55")
}

/// The calling codes of the countries whose currency is used in no other country.
#[rustfmt::skip]
const BY_CURRENCY: &[(&str, &str)] = &[
    ("BRL", "55"), ("MXN", "52"), ("GBP", "44"), ("CHF", "41"), ("CAD", "1"), ("RUB", "7"), ("KZT", "7"), ("UAH", "380"), ("PLN", "48"), ("CZK", "420"),
    ("HUF", "36"), ("RON", "40"), ("SEK", "46"), ("NOK", "47"), ("DKK", "45"), ("TRY", "90"), ("INR", "91"), ("IDR", "62"), ("MYR", "60"), ("PHP", "63"),
    ("THB", "66"), ("VND", "84"), ("JPY", "81"), ("KRW", "82"), ("CNY", "86"), ("HKD", "852"), ("TWD", "886"), ("SGD", "65"), ("AUD", "61"), ("NZD", "64"),
    ("ZAR", "27"), ("NGN", "234"), ("KES", "254"), ("GHS", "233"), ("EGP", "20"), ("MAD", "212"), ("DZD", "213"), ("TND", "216"), ("SAR", "966"),
    ("AED", "971"), ("KWD", "965"), ("QAR", "974"), ("BHD", "973"), ("OMR", "968"), ("JOD", "962"), ("ILS", "972"), ("PKR", "92"), ("BDT", "880"),
    ("LKR", "94"), ("ARS", "54"), ("CLP", "56"), ("COP", "57"), ("PEN", "51"), ("UYU", "598"), ("PYG", "595"), ("BOB", "591"), ("AOA", "244"), ("MZN", "258"),
];

/// The question for the country code. The first answers are the code that a line of the deck names, and that of the currency's country.
pub(in crate::carrier_deck) fn country_question_in(
    column: &str,
    line: u64,
    example: &str,
    currency: Option<&str>,
    said: Option<&str>,
) -> Question {
    let mut question = country_question(column, line, example);
    let own = BY_CURRENCY.iter().find(|(code, _)| Some(*code) == currency);
    for code in own.map(|(_, code)| *code).into_iter().chain(said) {
        let mapping = Mapping { code_prefix: Some(code.to_owned()), ..Mapping::default() };
        let known = question.answers.iter().position(|answer| answer.mapping == mapping);
        let answer = known.map(|at| question.answers.remove(at));
        question.answers.insert(0, answer.unwrap_or_else(|| Answer::new(code, mapping)));
    }
    question
}

/// Asks which country code belongs before codes that lack one.
pub(in crate::carrier_deck) fn country_question(column: &str, line: u64, example: &str) -> Question {
    let answer = |text: &str, code: &str| {
        Answer::new(text, Mapping { code_prefix: Some(code.to_owned()), ..Mapping::default() })
    };
    Question {
        code: "CODE_COUNTRY".into(),
        text: format!(
            "The codes in {column:?} may lack their country code. Choose the digits to put before every code; a mapping may set `code_prefix` to any country code."
        ),
        line,
        example: example.to_owned(),
        answers: vec![
            answer("the codes are complete", ""),
            answer("1 (North America)", "1"),
            answer("55 (Brazil)", "55"),
            answer("52 (Mexico)", "52"),
            answer("34 (Spain)", "34"),
            answer("351 (Portugal)", "351"),
            answer("44 (United Kingdom)", "44"),
            answer("49 (Germany)", "49"),
            answer("33 (France)", "33"),
            answer("39 (Italy)", "39"),
        ],
    }
}
