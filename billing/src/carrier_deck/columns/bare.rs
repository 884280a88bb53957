//! Finds the columns of files without a header by their contents.

use std::collections::BTreeSet;

use super::super::header::{Age, Meaning, PriceColumn, Role, Step};
use super::super::mapping::{ColumnRef, Mapping};
use super::super::{Answer, Question};
use super::profile::Profile;
use super::{Draft, SAMPLE};

impl Draft<'_> {
    /// If a file has no header, only the contents of a column show its meaning. If the contents leave a column in doubt, the user is asked.
    pub(super) fn guess_by_content(&mut self) {
        let taken: BTreeSet<usize> = self.roles.values().flatten().copied().chain(self.price).collect();
        let free = |draft: &Self, column: usize| {
            !taken.contains(&column) && draft.meanings[column] == Meaning::Ignored
        };
        let all: Vec<usize> = (0..self.profiles.len()).filter(|column| free(self, *column)).collect();
        let pick = |test: &dyn Fn(&Profile) -> bool| -> Vec<usize> {
            all.iter().copied().filter(|column| test(&self.profiles[*column])).collect()
        };
        let codes =
            pick(&|profile| profile.is_mostly(profile.codes) && profile.decimals * 5 < profile.filled);
        let prices = pick(&|profile| profile.is_mostly(profile.decimals));
        let dates = pick(&|profile| profile.is_mostly(profile.dates));
        let pairs = pick(&|profile| profile.is_mostly(profile.pairs));
        let texts = pick(&|profile| profile.is_mostly(profile.texts));
        let code = self.choose_code_by_content(&codes, prices.first().copied());
        let mut found: Vec<(Role, usize)> = Vec::new();
        if let Some(code) = code {
            found.push((Role::Prefix, code));
        }
        if let ([date], false) = (dates.as_slice(), self.has(Role::Effective)) {
            found.push((Role::Effective, *date));
        }
        if let (Some(pair), false) = (pairs.first(), self.has(Role::Increment)) {
            found.push((Role::Increment, *pair));
        }
        if !self.has(Role::Destination) {
            let longest = texts
                .iter()
                .copied()
                .max_by_key(|column| (self.profiles[*column].text_length, usize::MAX - column));
            found.extend(longest.map(|column| (Role::Destination, column)));
        }
        for price in &prices {
            self.meanings[*price] =
                Meaning::Price(PriceColumn { age: Age::Plain, step: Step::Any, band: None });
        }
        let used: Vec<usize> = found.iter().map(|(_, column)| *column).collect();
        let integers: Vec<usize> = all
            .iter()
            .copied()
            .filter(|column| {
                let profile = &self.profiles[*column];
                // a column of digits before the price is not taken as an increment unless its values look like increments
                let is_code = codes.contains(column)
                    && !profile.looks_like_increments()
                    && prices.first().is_some_and(|price| column < price);
                profile.is_mostly(profile.integers) && !used.contains(column) && !is_code
            })
            .collect();
        for (role, column) in found {
            self.meanings[column] = Meaning::Is(role);
        }
        if pairs.is_empty() && !self.has(Role::InitialIncrement) && !self.has(Role::Increment) {
            self.guess_increments(&integers);
        }
    }

    /// Chooses the column of codes among columns of digits. Row numbers are not codes. If several columns before the price may have the codes, the
    /// user is asked.
    pub(super) fn choose_code_by_content(&mut self, codes: &[usize], price: Option<usize>) -> Option<usize> {
        if self.has_code() {
            return None;
        }
        let before: Vec<usize> = codes
            .iter()
            .copied()
            .filter(|column| price.is_none_or(|price| *column < price) && !self.counts_rows(*column))
            .collect();
        // increments in a column before the price can look like codes
        let long: Vec<usize> =
            before.iter().copied().filter(|column| !self.profiles[*column].looks_like_increments()).collect();
        let before = if long.is_empty() { before } else { long };
        match before.as_slice() {
            [] => codes.iter().copied().find(|column| !self.counts_rows(*column)),
            [code] => Some(*code),
            several => {
                let mut answers: Vec<Answer> = Vec::new();
                for column in several {
                    answers.push(Answer::new(
                        self.name(*column),
                        Mapping::column("prefix", self.reference(*column)),
                    ));
                }
                if let [country, area, ..] = several {
                    let parts = Mapping::column("country_code", self.reference(*country))
                        .merged(Mapping::column("area_code", self.reference(*area)));
                    answers.push(Answer::new(
                        format!("{} and then {}", self.name(*country), self.name(*area)),
                        parts,
                    ));
                }
                let example = several.first().map(|column| self.example(*column)).unwrap_or_default();
                let text = "Several columns may have the codes. Choose one.".to_owned();
                self.questions.push(Question { code: "CODE_COLUMN".into(), text, line: 0, example, answers });
                None
            }
        }
    }

    /// Whether a column has the row numbers 1, 2, 3 ….
    pub(super) fn counts_rows(&self, column: usize) -> bool {
        let mut rows = (self.sheet.start
            ..self.sheet.table.len().min(self.sheet.start.saturating_add(SAMPLE)))
            .filter_map(|index| self.sheet.table.row(index));
        let first: Option<u64> = rows.next().and_then(|row| row.get(column).parse().ok());
        let Some(first) = first.filter(|first| *first <= 1) else { return false };
        rows.zip(first + 1..)
            .take_while(|(row, _)| row.filled() > 2)
            .all(|(row, number)| row.get(column).parse() == Ok(number))
    }

    pub(super) fn guess_increments(&mut self, integers: &[usize]) {
        let usual = |column: &usize| (1..=3_600).contains(&self.profiles[*column].largest);
        match integers {
            [] => {}
            [both] if usual(both) => self.meanings[*both] = Meaning::Is(Role::Increment),
            [initial, next] if usual(initial) && usual(next) => {
                self.meanings[*initial] = Meaning::Is(Role::InitialIncrement);
                self.meanings[*next] = Meaning::Is(Role::NextIncrement);
            }
            _ => self.ask_increments(integers),
        }
    }

    fn has_code(&self) -> bool {
        self.has(Role::Prefix) || self.has(Role::CountryCode) || self.has(Role::AreaCode)
    }

    /// Asks about whole numbers that may be increments.
    pub(super) fn ask_increments(&mut self, integers: &[usize]) {
        let number = |at: usize| match self.sheet.has_header {
            true => self.reference(at),
            false => ColumnRef::Number(u32::try_from(at + 1).unwrap_or(u32::MAX)),
        };
        let layout = |roles: &[&str]| {
            let mut mapping = Mapping::default();
            for (index, column) in integers.iter().enumerate() {
                let role = roles.get(index).copied().unwrap_or("ignore");
                mapping = mapping.merged(Mapping::column(role, number(*column)));
            }
            mapping
        };
        let shown: Vec<String> = match self.sheet.has_header {
            true => integers.iter().map(|column| self.name(*column)).collect(),
            false => integers.iter().map(|column| (column + 1).to_string()).collect(),
        };
        let layouts: [&[&str]; 5] = [
            &["initial_increment", "next_increment", "free_seconds", "active"],
            &["initial_increment", "next_increment", "free_seconds"],
            &["initial_increment", "next_increment"],
            &["increment"],
            &["ignore"],
        ];
        let mut answers: Vec<Answer> = Vec::new();
        for roles in layouts.into_iter().filter(|roles| roles.len() <= integers.len()) {
            answers.push(Answer::new(roles.join(", "), layout(roles)));
        }
        let why = if self.sheet.has_header {
            "Whole numbers may be increments."
        } else {
            "The file has no header."
        };
        self.questions.push(Question {
            code: "COLUMN_MEANING".into(),
            text: format!("{why} Choose the meanings of the columns {}, in this order; any further columns are ignored.", shown.join(", ")),
            line: 0,
            example: integers.first().map(|column| self.example(*column)).unwrap_or_default(),
            answers,
        });
    }
}
