//! Decides the meaning of each column by its name and its contents.

use std::collections::{BTreeMap, BTreeSet};

use super::header::{Meaning, Role, Step, is_first_minute, is_specific_date, meaning, role_name};
use super::mapping::{ColumnRef, Mapping, column_key, positions, reference};
use super::table::{Row, Table};
use super::{CarrierDeck, Confidence, Detected, Options, Question, Refusal};
use crate::tariff::MAX_BANDS;

mod any;
mod bare;
mod codes;
mod correct;
mod explained;
mod names;
mod prices;
mod profile;
mod repeated;
mod settle;
mod statuses;

pub(super) use any::letter;
pub(super) use codes::{country_question, country_question_in, national_code};
pub(super) use explained::explanation;
use profile::Profile;

/// Number of rows whose contents are examined to find the meaning of columns.
const SAMPLE: usize = 2_000;

/// The columns with the prices of a band.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub(super) name: String,
    pub(super) price: usize,
    pub(super) first: Option<usize>,
    pub(super) fee: Option<usize>,
}

/// Where the codes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeSource {
    /// Complete codes in one column.
    Full(usize),
    /// A country code and the code that follows it.
    Parts(usize, usize),
}

/// The column of each role, and the bands.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    roles: BTreeMap<Role, Vec<usize>>,
    pub(super) bands: Vec<Band>,
    pub(super) code: CodeSource,
    pub(super) price: usize,
    /// The prices that are now in force, if another column has new prices.
    pub(super) current: Option<usize>,
    /// Whether the first price covers a minute, according to its column's name.
    pub(super) first_minute: bool,
    /// The columns that are not empty, but whose meaning is unknown or irrelevant. If several rows have the same code, the values in these columns
    /// may tell the rows apart.
    pub(super) others: Vec<usize>,
    /// Whether the column of statuses was recognized by its contents: none of its words occurs both in a row with a price and in a row without one.
    pub(super) status_is_found: bool,
    /// Whether there are several columns of first days, and no row has a date in more than one of them.
    pub(super) split_dates: bool,
}

impl Columns {
    pub(super) fn first(&self, role: Role) -> Option<usize> {
        self.all(role).first().copied()
    }

    pub(super) fn all(&self, role: Role) -> &[usize] {
        self.roles.get(&role).map_or(&[], Vec::as_slice)
    }

    /// The column with the row's first day. If each row has a date in only one of several columns, it is the column that is filled.
    pub(super) fn first_day(&self, row: Row<'_>) -> Option<usize> {
        let columns = self.all(Role::Effective);
        let filled = columns.iter().copied().find(|column| !row.get(*column).is_empty());
        filled.filter(|_| self.split_dates).or(columns.first().copied())
    }

    /// Whether the deck has first days, but the row has none.
    pub(super) fn is_undated(&self, row: Row<'_>) -> bool {
        self.first_day(row).is_some_and(|column| row.get(column).is_empty())
    }

    /// Whether a column has fees or minimum charges.
    pub(super) fn is_fee(&self, column: usize) -> bool {
        [Role::ConnectionFee, Role::MinimumCharge].iter().any(|role| self.all(*role).contains(&column))
    }

    /// The role of a column. The columns of the code have their own roles, and the prices now in force count as prices.
    pub(super) fn role_of(&self, column: usize) -> Option<Role> {
        let named = self.roles.iter().find(|(_, columns)| columns.contains(&column)).map(|(role, _)| *role);
        let code = match self.code {
            CodeSource::Full(code) => (column == code).then_some(Role::Prefix),
            CodeSource::Parts(country, _) if column == country => Some(Role::CountryCode),
            CodeSource::Parts(_, area) => (column == area).then_some(Role::AreaCode),
        };
        let price = column == self.price || self.current == Some(column);
        let banded = || self.band_of(column).map(|(role, _)| role);
        code.or(named).or_else(|| price.then_some(Role::Price)).or_else(banded)
    }

    /// The role of a band's column, and the name of the band.
    pub(super) fn band_of(&self, column: usize) -> Option<(Role, &str)> {
        self.bands.iter().find_map(|band| {
            let columns = [
                (Some(band.price), Role::Price),
                (band.first, Role::FirstPrice),
                (band.fee, Role::ConnectionFee),
            ];
            let (_, role) = columns.into_iter().find(|(at, _)| *at == Some(column))?;
            Some((role, band.name.as_str()))
        })
    }

    /// All columns with prices and fees.
    pub(super) fn money(&self) -> Vec<usize> {
        let singles = [Role::FirstPrice, Role::ConnectionFee, Role::MinimumCharge];
        let mut found = vec![self.price];
        found.extend(singles.into_iter().flat_map(|role| self.all(role).iter().copied()));
        found.extend(self.bands.iter().flat_map(|band| [Some(band.price), band.first, band.fee]).flatten());
        found
    }
}

/// The table with its header, before meanings are assigned to the columns.
pub(super) struct Sheet<'a> {
    pub(super) table: &'a Table,
    /// The first row after the header.
    pub(super) start: usize,
    /// The number of rows above the header.
    pub(super) above: usize,
    pub(super) names: Vec<String>,
    pub(super) has_header: bool,
}

/// The columns while their meanings are being assigned.
struct Draft<'a> {
    sheet: &'a Sheet<'a>,
    profiles: Vec<Profile>,
    meanings: Vec<Meaning>,
    roles: BTreeMap<Role, Vec<usize>>,
    bands: BTreeMap<String, BTreeMap<Role, usize>>,
    price: Option<usize>,
    current: Option<usize>,
    questions: Vec<Question>,
    /// The columns that the mapping names.
    mapped: BTreeSet<usize>,
    /// Whether the mapping says where the names are.
    mapping_names: bool,
    /// For each column whose meaning was found from its contents, the reason for that meaning.
    guessed: BTreeMap<usize, &'static str>,
    /// Columns of prices that are not needed, each with the reason.
    left: Vec<(usize, &'static str)>,
    /// The tariff's currency.
    currency: Option<String>,
    /// See [`Columns::split_dates`].
    split_dates: bool,
    /// Why the deck is refused; set only if no answer to a question could make the deck readable.
    refusal: Option<Refusal>,
}

/// Assigns a meaning to each column; `None` if a question must be answered first.
pub(super) fn assign(
    sheet: &Sheet<'_>,
    options: &Options<'_>,
    deck: &mut CarrierDeck,
) -> Result<Option<Columns>, Refusal> {
    let profiles = profiles(sheet);
    let meanings = sheet.names.iter().map(|name| meaning(&sheet.explained(name))).collect();
    let mut draft = Draft {
        sheet,
        profiles,
        meanings,
        roles: BTreeMap::new(),
        bands: BTreeMap::new(),
        price: None,
        current: None,
        questions: Vec::new(),
        mapped: BTreeSet::new(),
        mapping_names: options.mapping.columns.contains_key("destination"),
        guessed: BTreeMap::new(),
        left: Vec::new(),
        currency: options.currency.map(str::to_owned),
        split_dates: false,
        refusal: None,
    };
    draft.map(options.mapping)?;
    draft.correct();
    if !sheet.has_header {
        draft.guess_by_content();
    }
    draft.take_roles();
    draft.choose_prices(options.currency);
    draft.settle_minimum();
    draft.choose_names();
    let code = draft.choose_code(options.mapping);
    draft.settle_unknown();
    draft.ask_repeated();
    match draft.refusal.take() {
        Some(refusal) => Err(refusal),
        None => Ok(draft.finish(code, deck)),
    }
}

fn profiles(sheet: &Sheet<'_>) -> Vec<Profile> {
    let mut profiles = vec![Profile::default(); sheet.names.len()];
    for index in sheet.start..sheet.table.len().min(sheet.start.saturating_add(SAMPLE)) {
        let Some(row) = sheet.table.row(index) else { break };
        // titles, notes and repeated headers do not show what a column means
        let repeated =
            row.cells().zip(&sheet.names).filter(|(cell, name)| !cell.is_empty() && *cell == name.as_str());
        if row.filled() < 2 || sheet.has_header && repeated.count() > 1 {
            continue;
        }
        for (column, profile) in profiles.iter_mut().enumerate() {
            let cell = row.get(column);
            if !cell.is_empty() {
                profile.see(cell, row.kind(column));
            }
        }
    }
    profiles
}

impl Draft<'_> {
    fn name(&self, column: usize) -> String {
        let name = self.sheet.names.get(column).map_or("", String::as_str);
        if name.is_empty() { format!("column {}", column + 1) } else { name.chars().take(60).collect() }
    }

    fn reference(&self, column: usize) -> ColumnRef {
        reference(&self.sheet.names, column)
    }

    fn example(&self, column: usize) -> String {
        self.profiles.get(column).and_then(|profile| profile.distinct.first().cloned()).unwrap_or_default()
    }

    /// Replaces the guesses with the columns that the mapping names.
    fn map(&mut self, mapping: &Mapping) -> Result<(), Refusal> {
        let width = self.sheet.names.len();
        for (key, column) in &mapping.columns {
            let Some((role, band)) = column_key(key) else { continue };
            if band.is_none() {
                self.forget(role);
            }
            let Some(column) = column else { continue };
            for at in positions(column, &self.sheet.names, width)? {
                self.mapped.insert(at);
                if let Some(meaning) = self.meanings.get_mut(at) {
                    *meaning = Meaning::Ignored;
                }
                match (role, band) {
                    (Role::Ignore, _) => {}
                    (Role::Price, None) => self.price = Some(at),
                    (_, Some(band)) => {
                        self.bands.entry(band.to_owned()).or_default().insert(role, at);
                    }
                    (_, None) => self.roles.entry(role).or_default().push(at),
                }
            }
        }
        Ok(())
    }

    /// Drops the guesses for a role that the mapping decides.
    fn forget(&mut self, role: Role) {
        for meaning in &mut self.meanings {
            let same = match meaning {
                Meaning::Is(guess) => *guess == role,
                Meaning::Price(price) => {
                    let base = price.band.is_none_or(|band| band == "peak");
                    // a separate first price is still needed after the user has chosen the price
                    base && (role == Role::Price && price.step != Step::First
                        || role == Role::FirstPrice && price.step == Step::First)
                }
                Meaning::Part(Step::Next) => role == Role::NextIncrement,
                Meaning::Part(_) => matches!(role, Role::FirstPrice | Role::InitialIncrement),
                Meaning::Ignored | Meaning::Unknown => false,
            };
            if same {
                *meaning = Meaning::Ignored;
            }
        }
    }

    /// The rows whose contents are examined.
    fn sample(&self) -> impl Iterator<Item = Row<'_>> {
        let end = self.sheet.table.len().min(self.sheet.start.saturating_add(SAMPLE));
        (self.sheet.start..end).filter_map(|index| self.sheet.table.row(index))
    }

    /// All rows below the header.
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (self.sheet.start..self.sheet.table.len()).filter_map(|index| self.sheet.table.row(index))
    }

    /// The columns that have a role.
    fn used(&self) -> BTreeSet<usize> {
        let bands = self.bands.values().flat_map(|columns| columns.values());
        self.roles.values().flatten().chain(bands).copied().chain(self.price).collect()
    }

    /// Gives a role to a column because of its contents.
    fn guess(&mut self, column: usize, role: Role, reason: &'static str) {
        self.meanings[column] = Meaning::Is(role);
        self.guessed.insert(column, reason);
        let columns = self.roles.entry(role).or_default();
        if !columns.contains(&column) {
            columns.push(column);
        }
    }

    fn is_vague_date(&self, columns: &[usize]) -> bool {
        let vague =
            |column: &&usize| !is_specific_date(self.sheet.names.get(**column).map_or("", String::as_str));
        columns.iter().filter(vague).count() + 1 >= columns.len()
    }

    fn has(&self, role: Role) -> bool {
        self.roles.contains_key(&role) || self.meanings.contains(&Meaning::Is(role))
    }

    fn take_roles(&mut self) {
        // if another column has codes, an empty column is not a column of codes
        let coded = |meaning: &Meaning| {
            matches!(meaning, Meaning::Is(Role::Prefix | Role::CountryCode | Role::AreaCode))
        };
        let empty = |column: usize| self.profiles[column].filled == 0;
        let filled = (0..self.meanings.len()).any(|column| coded(&self.meanings[column]) && !empty(column));
        for (column, meaning) in self.meanings.iter().enumerate() {
            if filled && coded(meaning) && empty(column) {
                continue;
            }
            if let Meaning::Is(role) = meaning {
                let columns = self.roles.entry(*role).or_default();
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        // a column named only "date" may contain the date of the notice
        let names = &self.sheet.names;
        if let Some(dates) = self.roles.get_mut(&Role::Effective) {
            dates.sort_by_key(|column| !names.get(*column).is_some_and(|name| is_specific_date(name)));
        }
        self.share_increments();
    }

    /// Completes a pair of increments. If one column has the first increment, whole numbers in a column called just "increment" are the next
    /// increment. If one column has the next increment, such whole numbers are the first increment.
    fn share_increments(&mut self) {
        let single = |draft: &Self, column: usize| {
            let profile = &draft.profiles[column];
            profile.is_mostly(profile.integers + profile.timed)
        };
        let mut general = self.roles.remove(&Role::Increment).unwrap_or_default();
        general.retain(|column| self.profiles[*column].filled > 0);
        let pairs = |column: &&usize| self.profiles[**column].is_mostly(self.profiles[**column].pairs);
        if let Some(pair) = general.iter().find(pairs).copied() {
            // cells like 60/1 have both increments
            self.roles.insert(Role::Increment, vec![pair]);
            return;
        }
        let has = |role| self.roles.contains_key(&role);
        match (general.as_slice(), has(Role::InitialIncrement), has(Role::NextIncrement)) {
            ([], ..) => {}
            ([column], true, false) if single(self, *column) => {
                self.roles.insert(Role::NextIncrement, vec![*column]);
            }
            ([column], false, true) if single(self, *column) => {
                self.roles.insert(Role::InitialIncrement, vec![*column]);
            }
            (_, true, true) => {}
            ([column, ..], ..) => {
                self.roles.insert(Role::Increment, vec![*column]);
                if general.len() > 1 {
                    self.ask_increments(&general);
                }
            }
        }
    }

    fn role(&self, role: Role) -> Option<usize> {
        self.roles.get(&role).and_then(|columns| columns.first().copied())
    }

    fn finish(mut self, code: Option<CodeSource>, deck: &mut CarrierDeck) -> Option<Columns> {
        self.describe(deck);
        let ok = self.questions.is_empty();
        deck.questions.append(&mut self.questions);
        let (Some(code), Some(price), true) = (code, self.price, ok) else { return None };
        let first = self.role(Role::FirstPrice);
        let first_minute =
            first.is_some_and(|first| self.sheet.names.get(first).is_some_and(|name| is_first_minute(name)));
        let used = self.used();
        let texts = |column: &usize| self.profiles[*column].filled > 0 && !used.contains(column);
        let others = (0..self.meanings.len()).filter(texts).collect();
        let status = self.role(Role::Status);
        let status_is_found =
            status.is_some_and(|column| self.guessed.get(&column) == Some(&statuses::FOUND));
        let mut bands = Vec::new();
        for (name, columns) in self.bands {
            let first = columns.get(&Role::FirstPrice).copied();
            let Some(price) = columns.get(&Role::Price).copied().or(first) else { continue };
            let first = first.filter(|first| *first != price);
            bands.push(Band { name, price, first, fee: columns.get(&Role::ConnectionFee).copied() });
        }
        bands.truncate(MAX_BANDS);
        Some(Columns {
            roles: self.roles,
            bands,
            code,
            price,
            current: self.current,
            first_minute,
            others,
            status_is_found,
            split_dates: self.split_dates,
        })
    }

    fn describe(&self, deck: &mut CarrierDeck) {
        let reason = if self.sheet.has_header {
            "The column's name or the mapping says so."
        } else {
            "The column's contents have this form."
        };
        let confidence = if self.sheet.has_header { Confidence::High } else { Confidence::Medium };
        let mut note = |item: String, column: usize| {
            let (reason, confidence) = match self.guessed.get(&column) {
                Some(reason) => (*reason, Confidence::Medium),
                None => (reason, confidence),
            };
            deck.detected.push(Detected::new(&item, self.name(column), reason, confidence))
        };
        for (role, columns) in &self.roles {
            columns.iter().for_each(|column| note(format!("column:{}", role_name(*role)), *column));
        }
        if let Some(price) = self.price {
            note("column:price".to_owned(), price);
        }
        for (band, columns) in &self.bands {
            columns
                .iter()
                .for_each(|(role, column)| note(format!("column:{}:{band}", role_name(*role)), *column));
        }
        for (column, reason) in &self.left {
            deck.detected.push(Detected::new(
                "column:left_out",
                self.name(*column),
                *reason,
                Confidence::High,
            ));
        }
        let used = self.used();
        let left: Vec<String> = (0..self.meanings.len())
            .filter(|column| !used.contains(column) && self.profiles[*column].filled > 0)
            .filter(|column| self.left.iter().all(|(left, _)| left != column))
            .map(|column| self.name(column))
            .collect();
        if !left.is_empty() {
            let value: String = left.join(", ").chars().take(500).collect();
            deck.detected.push(Detected::new(
                "columns:left_out",
                value,
                "A tariff does not need these columns.",
                Confidence::Medium,
            ));
        }
    }
}
