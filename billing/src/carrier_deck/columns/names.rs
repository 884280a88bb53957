//! Decides which columns make the destination's name.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::header::{Meaning, Role, name_rank, words};
use super::super::header_words::{FIXED, MOBILE};
use super::super::mapping::Mapping;
use super::super::{Answer, Question};
use super::Draft;
use crate::number::calling_code;

/// If a column of networks has at most this many distinct texts, the texts are kinds of lines, such as "fixed" and "mobile".
const MAX_KINDS: usize = 6;

impl Draft<'_> {
    /// Keeps the columns that make up the destination's name. A column called "Destination" is preferred to a column called "Name", which is
    /// preferred to a column with areas. A further column is used only if, without it, different destinations would have the same name.
    pub(super) fn choose_names(&mut self) {
        self.find_country();
        self.find_kind();
        let mut names = self.roles.remove(&Role::Destination).unwrap_or_default();
        names.retain(|column| self.profiles[*column].filled > 0);
        names.sort_by_key(|column| std::cmp::Reverse(name_rank(&self.name(*column))));
        if names.is_empty() {
            names.extend(self.find_name());
        }
        let Some(name) = names.first().copied() else { return self.drop_constant_networks() };
        let country = self.role(Role::Country);
        let area_only = name_rank(&self.name(name)) == 0 && !self.mapped.contains(&name);
        if let Some(country) = country
            && area_only
            && self.profiles[country].filled * 10 >= self.profiles[name].filled * 9
            && self.distinct(&[country]) == self.distinct(&[country, name])
            && !self.repeats(country, name)
        {
            return;
        }
        self.roles.insert(Role::Destination, vec![name]);
        let networks = self.roles.remove(&Role::Network).unwrap_or_default();
        let rest = names.iter().skip(1).copied().filter(|column| name_rank(&self.name(*column)) > 0);
        let mut shown: Vec<usize> = country.into_iter().chain([name]).collect();
        let mut more: Vec<usize> = Vec::new();
        for column in rest.chain(networks) {
            let before = self.distinct(&shown);
            shown.push(column);
            if self.distinct(&shown) > before || self.mapped.contains(&column) {
                more.push(column);
            } else {
                shown.pop();
            }
        }
        if !more.is_empty() {
            self.roles.insert(Role::Network, more);
        }
    }

    /// A network that is the same in all rows adds nothing to the names of countries.
    fn drop_constant_networks(&mut self) {
        let Some(country) = self.role(Role::Country) else { return };
        let several = self.distinct(&[country]) > 1;
        let constant = |column: &usize| {
            // rows without a network are another kind of line
            let everywhere = self.profiles[*column].filled == self.profiles[country].filled;
            self.profiles[*column].distinct.len() == 1
                && everywhere
                && !self.mapped.contains(column)
                && several
        };
        let networks = self.roles.get(&Role::Network).cloned().unwrap_or_default();
        let kept: Vec<usize> = networks.into_iter().filter(|column| !constant(column)).collect();
        match kept.is_empty() {
            true => drop(self.roles.remove(&Role::Network)),
            false => drop(self.roles.insert(Role::Network, kept)),
        }
    }

    /// If no column has a known name for countries, they are in a column of texts in which each text stands for one calling code, and most calling
    /// codes stand for one text.
    fn find_country(&mut self) {
        let Some(code) = self.role(Role::CountryCode).or(self.role(Role::Prefix)) else { return };
        if self.role(Role::Country).is_some() || !self.sheet.has_header || self.mapping_names {
            return;
        }
        let found = (0..self.meanings.len()).find(|column| {
            let profile = &self.profiles[*column];
            self.meanings[*column] == Meaning::Unknown
                && !self.used().contains(column)
                && profile.is_mostly(profile.texts)
                && self.names_countries(*column, code)
        });
        if let Some(column) = found {
            self.guess(column, Role::Country, "Each of its texts stands for one country code.");
        }
    }

    /// Whether a column has one text for each calling code.
    fn names_countries(&self, column: usize, code: usize) -> bool {
        const FEWEST: usize = 3;
        let mut codes: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
        let mut texts: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
        for row in self.sample() {
            let text = words(row.get(column));
            let digits = row.get(code).trim_start_matches(['+', '0']);
            let Some(calling) = calling_code(digits).filter(|_| !text.is_empty()) else { continue };
            codes.entry(text.clone()).or_default().insert(calling.to_owned());
            texts.entry(calling.to_owned()).or_default().insert(text);
        }
        let single = texts.values().filter(|texts| texts.len() == 1).count();
        let several = texts.len() < self.sample().filter(|row| row.filled() > 2).count();
        codes.len() >= FEWEST
            && several
            && codes.values().all(|codes| codes.len() == 1)
            && single * 5 >= texts.len() * 4
    }

    /// If no column has a known name for networks, a column with "fixed" or "mobile" in at least half of its cells has the kinds of lines.
    fn find_kind(&mut self) {
        if self.role(Role::Network).is_some() || !self.sheet.has_header || self.mapping_names {
            return;
        }
        let kind = |cell: &str| {
            let all = words(cell);
            all.len() <= 2
                && all.iter().any(|word| MOBILE.contains(&word.as_str()) || FIXED.contains(&word.as_str()))
        };
        let found = (0..self.meanings.len()).find(|column| {
            let profile = &self.profiles[*column];
            let cells = || self.sample().map(|row| row.get(*column)).filter(|cell| !cell.is_empty());
            self.meanings[*column] == Meaning::Unknown
                && !self.used().contains(column)
                && profile.is_mostly(profile.texts)
                && cells().filter(|cell| kind(cell)).count() * 2 >= cells().count()
        });
        if let Some(column) = found {
            self.guess(
                column,
                Role::Network,
                "Its cells say which codes are for fixed lines and which for mobile phones.",
            );
        }
    }

    /// If no column has a known name for destinations, they are in a column of texts. If several columns may have the destinations, the user is
    /// asked.
    fn find_name(&mut self) -> Option<usize> {
        // a column of networks has names, but "fixed" and "mobile" are not names
        let networks = self.role(Role::Network).filter(|column| self.distinct(&[*column]) > MAX_KINDS);
        if !self.sheet.has_header || networks.is_some() || self.mapping_names {
            return None;
        }
        let country = self.role(Role::Country);
        let before: Vec<usize> = country.into_iter().collect();
        let base = self.distinct(&before);
        let texts: Vec<usize> = (0..self.meanings.len())
            .filter(|column| {
                let profile = &self.profiles[*column];
                let tells = country.is_none_or(|country| {
                    self.distinct(&[country, *column]) > base || self.repeats(country, *column)
                });
                self.meanings[*column] == Meaning::Unknown
                    && !self.used().contains(column)
                    && profile.is_mostly(profile.texts)
                    && tells
                    && !self.is_grade(*column)
                    && !self.has_flags(*column)
            })
            .collect();
        let most = texts.iter().map(|column| self.distinct(&[*column])).max().unwrap_or(0);
        let best: Vec<usize> =
            texts.iter().copied().filter(|column| self.distinct(&[*column]) == most).collect();
        match best.as_slice() {
            [] => None,
            [name] => {
                self.guess(*name, Role::Destination, "No other column has the names of the destinations.");
                Some(*name)
            }
            several => {
                let answers = several.iter().map(|column| {
                    Answer::new(self.name(*column), Mapping::column("destination", self.reference(*column)))
                });
                let answers = answers.collect();
                let text = "Several columns may have the names of the destinations. Choose one.".to_owned();
                let example = self.name(several[0]);
                self.questions.push(Question { code: "NAME_COLUMN".into(), text, line: 0, example, answers });
                None
            }
        }
    }

    /// Whether a column has only words like "true" and "no".
    fn has_flags(&self, column: usize) -> bool {
        const FLAGS: &[&str] = &[
            "true", "false", "yes", "no", "y", "n", "t", "f", "on", "off", "si", "nao", "sim", "oui", "non",
            "ja", "nein",
        ];
        self.profiles[column].distinct.iter().all(|value| FLAGS.contains(&value.to_lowercase().as_str()))
    }

    /// Whether a column repeats the same few words, such as "CLI" and "NCLI".
    fn is_grade(&self, column: usize) -> bool {
        let profile = &self.profiles[column];
        profile.filled >= 6 && profile.distinct.len() * 3 <= profile.filled && profile.distinct.len() <= 4
    }

    /// Whether most names contain the country's name.
    fn repeats(&self, country: usize, name: usize) -> bool {
        let (mut all, mut same, mut longer) = (0usize, 0usize, false);
        for row in self.sample().filter(|row| !row.get(country).is_empty() && !row.get(name).is_empty()) {
            let (country, name) = (words(row.get(country)), words(row.get(name)));
            all += 1;
            let repeated = name.windows(country.len().max(1)).any(|part| part == country);
            longer |= repeated && name.len() > country.len();
            same += usize::from(repeated);
        }
        longer && same * 2 > all
    }

    /// The number of different combinations of the columns' cells in the sample.
    pub(super) fn distinct(&self, columns: &[usize]) -> usize {
        let cells = |row: super::Row<'_>| -> Vec<String> {
            columns.iter().map(|column| row.get(*column).to_lowercase()).collect()
        };
        self.sample().filter(|row| row.filled() > 1).map(cells).collect::<HashSet<_>>().len()
    }
}
