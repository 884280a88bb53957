//! Makes the destination's name from the columns for the country, the destination and the network, or from the title above the row.

use super::super::columns::CodeSource;
use super::super::header::{Role, words};
use super::super::table::Row;
use super::Reader;
use super::titles::row_country;
use crate::tariff::MAX_DESTINATION_CHARS;

impl<'t> Reader<'_, 't> {
    pub(super) fn destination(&mut self, row: Row<'t>) -> Option<String> {
        let plan = self.plan;
        let columns = &plan.columns;
        let name = plan.unmarked(self.cell(row, Role::Destination));
        let country = self.country(row);
        let country = plan.unmarked(&country);
        let networks: Vec<&str> = columns.all(Role::Network).iter().map(|column| row.get(*column)).collect();
        let has_names = [Role::Destination, Role::Country, Role::Network]
            .into_iter()
            .any(|role| columns.first(role).is_some());
        let text =
            if country.is_empty() && name.is_empty() && networks.iter().all(|network| network.is_empty()) {
                String::new()
            } else {
                // "Satellite" is no country
                let country = if name.is_empty() || !is_satellite(country) { country } else { "" };
                joined(country.trim_end_matches('*'), name.trim_end_matches('*'), &networks)
            };
        if text.is_empty() && has_names {
            return self.unnamed(row);
        }
        self.last_name.clone_from(&text);
        Some(text)
    }

    /// The name of a row whose cells for names are empty.
    fn unnamed(&mut self, row: Row<'t>) -> Option<String> {
        let plan = self.plan;
        let columns = &plan.columns;
        match self.options.mapping.fill_down {
            Some(true) => Some(self.last_name.clone()),
            Some(false) => {
                self.last_name.clear();
                Some(String::new())
            }
            None => {
                let column =
                    columns.first(Role::Destination).or(columns.first(Role::Country)).unwrap_or_default();
                self.ask("DESTINATION_EMPTY", row, column);
                None
            }
        }
    }

    /// The country of the row. A row with an empty cell has the country of the row above, unless the codes of the row belong to another country.
    fn country(&mut self, row: Row<'t>) -> String {
        let cell = self.cell(row, Role::Country);
        let has_column = self.plan.columns.first(Role::Country).is_some();
        let calling = row_country(self.plan, row).unwrap_or_default();
        if !cell.is_empty() {
            self.last_country = (cell.to_owned(), calling.to_owned());
            return cell.to_owned();
        }
        let named =
            !self.cell(row, Role::Destination).is_empty() || !self.cell(row, Role::Network).is_empty();
        // if the country code is also empty, the row belongs to the country of the row above
        let parts =
            matches!(self.plan.columns.code, CodeSource::Parts(country, _) if row.get(country).is_empty());
        if has_column && named && (parts || !calling.is_empty() && self.last_country.1 == calling) {
            return self.last_country.0.clone();
        }
        self.heading.clone().filter(|_| named && !has_column).unwrap_or_default()
    }
}

/// Whether the cell of a country says only that the row is for satellite phones.
fn is_satellite(country: &str) -> bool {
    const STEMS: &[&str] = &[
        "satell",
        "satel",
        "palydov",
        "спутник",
        "супутник",
        "uydu",
        "卫星",
        "衛星",
        "위성",
        "satelit",
        "muhold",
        "druzic",
    ];
    let all = words(country);
    (1..=2).contains(&all.len()) && STEMS.iter().any(|stem| all.iter().any(|word| word.starts_with(stem)))
}

/// Whether the words of `part` are in `text`, one after the other.
fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (words(text), words(part));
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// The parts of the name that say something new, in order: country, destination, network.
fn joined(country: &str, name: &str, networks: &[&str]) -> String {
    // most rows have only one name
    if country.is_empty()
        && networks.iter().all(|network| network.is_empty())
        && !name.contains("  ")
        && name.len() <= MAX_DESTINATION_CHARS
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && name.is_ascii()
        && !name.contains(['\n', '\t', '\r'])
    {
        return name.trim().to_owned();
    }
    let begins = |name: &str| {
        let head = name.get(..country.len()).is_some_and(|head| head.eq_ignore_ascii_case(country));
        let next = name.as_bytes().get(country.len());
        head && next.is_some_and(|byte| !byte.is_ascii_alphanumeric())
    };
    let plain_name = name.is_ascii() && !name.contains(['\n', '\t', '\r']) && !name.contains("  ");
    if plain_name
        && name.len() <= MAX_DESTINATION_CHARS
        && networks.iter().all(|network| network.is_empty())
        && begins(name)
    {
        return name.trim().to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in [country, name].iter().chain(networks) {
        if words(part).is_empty() || parts.iter().any(|before| contains(before, part)) {
            continue;
        }
        parts.retain(|before| !contains(part, before));
        parts.push(part);
    }
    let text = parts.join(" - ").split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= MAX_DESTINATION_CHARS {
        return text;
    }
    let last = if name.is_empty() { parts.last().copied().unwrap_or_default() } else { name };
    last.chars().take(MAX_DESTINATION_CHARS).collect()
}
