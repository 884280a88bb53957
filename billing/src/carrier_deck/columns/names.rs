//! Decides which columns make the destination's name.

use std::collections::HashSet;

use super::super::header::{Meaning, Role, name_rank, words};
use super::super::mapping::Mapping;
use super::super::{Answer, Question};
use super::Draft;

impl Draft<'_> {
    /// Keeps the columns that make up the destination's name. A column called "Destination" is preferred to a column called "Name", which is
    /// preferred to a column with areas. A further column is used only if, without it, different destinations would have the same name.
    pub(super) fn choose_names(&mut self) {
        let mut names = self.roles.remove(&Role::Destination).unwrap_or_default();
        names.retain(|column| self.profiles[*column].filled > 0);
        names.sort_by_key(|column| std::cmp::Reverse(name_rank(&self.name(*column))));
        if names.is_empty() {
            names.extend(self.find_name());
        }
        let Some(name) = names.first().copied() else { return };
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

    /// Without a known name, the destinations are in a column of texts. If several columns may have the destinations, the user is asked.
    fn find_name(&mut self) -> Option<usize> {
        if !self.sheet.has_header || self.role(Role::Network).is_some() || self.mapping_names {
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
