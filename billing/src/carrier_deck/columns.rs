//! Decides the meaning of each column by its name and its contents.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::looks_like_codes;
use super::dates::Date;
use super::header::{
    Age, Meaning, PriceColumn, Role, Step, currencies, is_specific_date, is_surcharge, meaning, words,
};
use super::mapping::{ColumnRef, Mapping, column_key, positions};
use super::numbers::decimal;
use super::table::{Kind, Table};
use super::{Answer, CarrierDeck, Confidence, Detected, MAX_COLUMNS, Options, Question, Refusal};
use crate::tariff::MAX_BANDS;

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
}

impl Columns {
    pub(super) fn first(&self, role: Role) -> Option<usize> {
        self.all(role).first().copied()
    }

    pub(super) fn all(&self, role: Role) -> &[usize] {
        self.roles.get(&role).map_or(&[], Vec::as_slice)
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

/// The kind of content in a column's cells.
#[derive(Clone, Debug, Default)]
struct Profile {
    filled: usize,
    codes: usize,
    decimals: usize,
    nonzero: usize,
    integers: usize,
    dates: usize,
    pairs: usize,
    texts: usize,
    text_length: usize,
    largest: u64,
    distinct: BTreeSet<String>,
}

impl Profile {
    fn is_mostly(&self, count: usize) -> bool {
        self.filled > 0 && count * 5 >= self.filled * 4
    }

    /// Whether all values are usual increments.
    fn looks_like_increments(&self) -> bool {
        const USUAL: &[&str] = &["1", "5", "6", "10", "12", "15", "18", "20", "30", "60", "120", "180"];
        self.filled >= 2 && self.distinct.iter().all(|value| USUAL.contains(&value.as_str()))
    }

    fn see(&mut self, cell: &str, kind: Kind) {
        self.filled += 1;
        if self.distinct.len() < 64 && cell.len() <= 64 {
            self.distinct.insert(cell.to_owned());
        }
        let all_digits = cell.bytes().all(|byte| byte.is_ascii_digit());
        let has_digit = cell.contains(|letter: char| letter.is_ascii_digit());
        if let Some(nonzero) = decimal(cell, kind) {
            self.decimals += 1;
            self.nonzero += usize::from(nonzero);
        } else if kind == Kind::Date || (!all_digits && has_digit && is_date(cell)) {
            self.dates += 1;
        } else if all_digits {
            self.integers += 1;
            self.codes += usize::from(!cell.starts_with('0') || cell.starts_with("00"));
            self.largest = self.largest.max(cell.parse().unwrap_or(u64::MAX));
        } else if is_pair(cell) {
            self.pairs += 1;
        } else if looks_like_codes(cell) {
            self.codes += 1;
        } else {
            self.texts += 1;
            self.text_length += cell.len();
        }
    }
}

fn is_date(cell: &str) -> bool {
    matches!(Date::read(cell), Ok(Date::Known(_) | Date::Numeric(..)))
}

/// Two or three small numbers with a slash or plus sign between them.
fn is_pair(cell: &str) -> bool {
    let parts: Vec<&str> = cell.split(['/', '+', ':']).map(str::trim).collect();
    let small = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(small)
}

/// The table with its header, before meanings are assigned to the columns.
pub(super) struct Sheet<'a> {
    pub(super) table: &'a Table,
    /// The first row after the header.
    pub(super) start: usize,
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
    questions: Vec<Question>,
}

/// Assigns a meaning to each column; `None` if a question must be answered first.
pub(super) fn assign(
    sheet: &Sheet<'_>,
    options: &Options<'_>,
    deck: &mut CarrierDeck,
) -> Result<Option<Columns>, Refusal> {
    let profiles = profiles(sheet);
    let meanings = sheet.names.iter().map(|name| meaning(name)).collect();
    let mut draft = Draft {
        sheet,
        profiles,
        meanings,
        roles: BTreeMap::new(),
        bands: BTreeMap::new(),
        price: None,
        questions: Vec::new(),
    };
    draft.map(options.mapping)?;
    draft.correct();
    if !sheet.has_header {
        draft.guess_by_content();
    }
    draft.take_roles();
    draft.choose_prices(options.currency);
    draft.choose_names();
    draft.ask_unknown();
    let code = draft.choose_code(options.mapping);
    let columns = draft.finish(code, deck);
    Ok(columns)
}

fn profiles(sheet: &Sheet<'_>) -> Vec<Profile> {
    let mut profiles = vec![Profile::default(); sheet.names.len()];
    for index in sheet.start..sheet.table.len().min(sheet.start.saturating_add(SAMPLE)) {
        let Some(row) = sheet.table.row(index) else { break };
        // titles and notes are no evidence for the meaning of columns
        if row.filled() < 2 {
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

    /// A reference that finds the column in the carrier's next deck: the column's name if the name is unique, otherwise its position.
    fn reference(&self, column: usize) -> ColumnRef {
        let name = self.sheet.names.get(column).map_or("", String::as_str);
        let wanted = words(name);
        let same = self.sheet.names.iter().filter(|other| words(other) == wanted).count();
        if same == 1 && !wanted.is_empty() && name.len() <= 100 {
            ColumnRef::Name(name.to_owned())
        } else {
            ColumnRef::Number(u32::try_from(column + 1).unwrap_or(u32::MAX))
        }
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
                    base && (role == Role::Price || role == Role::FirstPrice && price.step == Step::First)
                }
                Meaning::Ignored | Meaning::Unknown => false,
            };
            if same {
                *meaning = Meaning::Ignored;
            }
        }
    }

    fn has(&self, role: Role) -> bool {
        self.roles.contains_key(&role) || self.meanings.contains(&Meaning::Is(role))
    }

    /// Corrects meanings that the contents contradict.
    fn correct(&mut self) {
        for column in 0..self.meanings.len() {
            let Some(profile) = self.profiles.get(column) else { continue };
            let numeric = profile.is_mostly(profile.decimals + profile.integers);
            let coded = profile.is_mostly(profile.codes + profile.decimals.min(profile.codes));
            let new = match &self.meanings[column] {
                Meaning::Is(Role::Destination | Role::Network | Role::Country) if coded => {
                    if self.has(Role::CountryCode) && !self.has(Role::AreaCode) {
                        Some(Meaning::Is(Role::AreaCode))
                    } else if !self.has(Role::Prefix) && !self.has(Role::CountryCode) {
                        Some(Meaning::Is(Role::Prefix))
                    } else {
                        Some(Meaning::Ignored)
                    }
                }
                Meaning::Is(Role::Prefix | Role::AreaCode | Role::CountryCode)
                    if profile.is_mostly(profile.texts) =>
                {
                    Some(Meaning::Ignored)
                }
                Meaning::Is(Role::Status | Role::Comment) if numeric => Some(Meaning::Ignored),
                Meaning::Is(Role::Increment | Role::Effective | Role::Ends)
                    if profile.is_mostly(profile.decimals) =>
                {
                    Some(Meaning::Unknown)
                }
                Meaning::Price(_) if profile.filled > 0 && profile.is_mostly(profile.dates) => {
                    Some(Meaning::Ignored)
                }
                _ => None,
            };
            if let Some(new) = new {
                self.meanings[column] = new;
            }
        }
    }

    fn take_roles(&mut self) {
        for (column, meaning) in self.meanings.iter().enumerate() {
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
        // if there is a column for the first increment, a single number in the general increment column is the next increment
        if self.roles.contains_key(&Role::InitialIncrement) && !self.roles.contains_key(&Role::NextIncrement)
        {
            let general = self.roles.get(&Role::Increment).and_then(|columns| columns.first().copied());
            let single = general
                .and_then(|column| self.profiles.get(column))
                .is_some_and(|profile| profile.is_mostly(profile.integers));
            if let (Some(column), true) = (general, single) {
                self.roles.remove(&Role::Increment);
                self.roles.insert(Role::NextIncrement, vec![column]);
            }
        }
    }

    /// Without a header, the contents alone decide. If the contents leave a column in doubt, the user is asked.
    fn guess_by_content(&mut self) {
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

    /// Chooses the column of codes among columns of digits. Row numbers are not codes. If several columns before the price may be the codes, the user
    /// is asked.
    fn choose_code_by_content(&mut self, codes: &[usize], price: Option<usize>) -> Option<usize> {
        if self.has_code() {
            return None;
        }
        let before: Vec<usize> = codes
            .iter()
            .copied()
            .filter(|column| price.is_none_or(|price| *column < price) && !self.counts_rows(*column))
            .collect();
        // increments in a column before the price look like codes
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
    fn counts_rows(&self, column: usize) -> bool {
        let mut rows = (self.sheet.start
            ..self.sheet.table.len().min(self.sheet.start.saturating_add(SAMPLE)))
            .filter_map(|index| self.sheet.table.row(index));
        let first: Option<u64> = rows.next().and_then(|row| row.get(column).parse().ok());
        let Some(first) = first.filter(|first| *first <= 1) else { return false };
        rows.zip(first + 1..)
            .take_while(|(row, _)| row.filled() > 2)
            .all(|(row, number)| row.get(column).parse() == Ok(number))
    }

    fn has_code(&self) -> bool {
        self.has(Role::Prefix) || self.has(Role::CountryCode) || self.has(Role::AreaCode)
    }

    fn guess_increments(&mut self, integers: &[usize]) {
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

    fn ask_increments(&mut self, integers: &[usize]) {
        let number = |at: usize| ColumnRef::Number(u32::try_from(at + 1).unwrap_or(u32::MAX));
        let layout = |roles: &[&str]| {
            let mut mapping = Mapping::default();
            for (index, column) in integers.iter().enumerate() {
                let role = roles.get(index).copied().unwrap_or("ignore");
                mapping = mapping.merged(Mapping::column(role, number(*column)));
            }
            mapping
        };
        let shown: Vec<String> = integers.iter().map(|column| (column + 1).to_string()).collect();
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
        self.questions.push(Question {
            code: "COLUMN_MEANING".into(),
            text: format!("The file has no header. Choose the meanings of the columns {}, in this order; any further columns are ignored.", shown.join(", ")),
            line: 0,
            example: integers.first().map(|column| self.example(*column)).unwrap_or_default(),
            answers,
        });
    }

    fn choose_prices(&mut self, currency: Option<&str>) {
        let mut prices: Vec<(usize, PriceColumn)> = Vec::new();
        for (column, meaning) in self.meanings.iter().enumerate() {
            // an empty column cannot be the price
            if let (Meaning::Price(price), true) =
                (meaning, self.profiles.get(column).is_some_and(|profile| profile.filled > 0))
            {
                prices.push((column, price.clone()));
            }
        }
        let has = |prices: &[(usize, PriceColumn)], age| prices.iter().any(|(_, price)| price.age == age);
        if has(&prices, Age::New) {
            prices.retain(|(_, price)| !matches!(price.age, Age::Old | Age::Current));
        } else if has(&prices, Age::Plain) || has(&prices, Age::Current) {
            prices.retain(|(_, price)| price.age != Age::Old);
        }
        self.keep_currency(&mut prices, currency);
        let any_base = prices.iter().any(|(_, price)| price.band.is_none()) || self.price.is_some();
        let is_base = |price: &PriceColumn| price.band.is_none() || price.band == Some("peak") && !any_base;
        let (base, banded): (Vec<_>, Vec<_>) = prices.into_iter().partition(|(_, price)| is_base(price));
        self.choose_base(&base);
        for (column, price) in banded {
            let role = if price.step == Step::First { Role::FirstPrice } else { Role::Price };
            let band = price.band.unwrap_or("peak").to_owned();
            if self.bands.entry(band).or_default().insert(role, column).is_some() {
                self.ask_price(
                    &[column],
                    "Two columns have prices for the same time. Choose the standard price.",
                );
            }
        }
    }

    /// If the column names mention currencies, only the prices in the tariff's currency are kept.
    fn keep_currency(&self, prices: &mut Vec<(usize, PriceColumn)>, currency: Option<&str>) {
        let named = |column: usize| currencies(&self.name(column));
        let wanted = |column: usize| currency.is_some_and(|currency| named(column) == [currency]);
        if prices.len() > 1
            && prices.iter().all(|(column, _)| !named(*column).is_empty())
            && prices.iter().any(|(column, _)| wanted(*column))
        {
            prices.retain(|(column, _)| wanted(*column));
        }
    }

    fn choose_base(&mut self, base: &[(usize, PriceColumn)]) {
        let of = |step: Step| -> Vec<usize> {
            base.iter().filter(|(_, price)| price.step == step).map(|(column, _)| *column).collect()
        };
        let (any, first, next) = (of(Step::Any), of(Step::First), of(Step::Next));
        if self.price.is_some() {
            return;
        }
        match (any.as_slice(), first.as_slice(), next.as_slice()) {
            ([price], [], []) | ([], [price], []) | ([], [], [price]) => self.price = Some(*price),
            ([], [first], [next]) | ([next], [first], []) => {
                self.price = Some(*next);
                self.roles.entry(Role::FirstPrice).or_insert_with(|| vec![*first]);
            }
            ([], [], []) => {
                self.ask_price(&[], "No column's name says that it is the price. Choose the price.")
            }
            _ => {
                let columns: Vec<usize> = base.iter().map(|(column, _)| *column).collect();
                self.ask_price(&columns, "Several columns may have the price. Choose the price per minute.");
            }
        }
    }

    /// Asks which column is the price: one of `columns`, or any numeric column.
    fn ask_price(&mut self, columns: &[usize], text: &str) {
        let numeric = |column: &usize| {
            let profile = &self.profiles[*column];
            profile.is_mostly(profile.decimals + profile.integers)
        };
        let all: Vec<usize> = (0..self.profiles.len()).filter(numeric).collect();
        let columns = if columns.len() > 1 { columns } else { all.as_slice() };
        let mut answers: Vec<Answer> = Vec::new();
        for column in columns {
            let mut mapping = Mapping::column("price", self.reference(*column));
            // an answer that chooses one price column ignores the other amounts that could be prices
            for other in columns.iter().filter(|other| {
                *other != column
                    && self.meanings[**other] == Meaning::Unknown
                    && !is_surcharge(&self.name(**other))
            }) {
                mapping = mapping.merged(Mapping::column("ignore", self.reference(*other)));
            }
            answers.push(Answer::new(self.name(*column), mapping));
        }
        let example = columns.first().map(|column| self.name(*column)).unwrap_or_default();
        self.questions.push(Question {
            code: "PRICE_COLUMN".into(),
            text: text.to_owned(),
            line: 0,
            example,
            answers,
        });
    }

    /// Keeps only one column for the destination's name, once the code columns are known.
    fn choose_names(&mut self) {
        if let Some(columns) = self.roles.get_mut(&Role::Destination) {
            columns.truncate(1);
        }
    }

    /// Asks about columns of unknown meaning that have numbers with decimals, because the numbers may be fees or surcharges.
    fn ask_unknown(&mut self) {
        if self.price.is_none() {
            return;
        }
        let unknown: Vec<usize> = (0..self.meanings.len())
            .filter(|column| {
                let profile = &self.profiles[*column];
                let amounts = profile.nonzero * 5 >= profile.filled && profile.nonzero > 0;
                let surcharge = profile.largest > 0 && is_surcharge(&self.name(*column));
                self.meanings[*column] == Meaning::Unknown && (amounts || surcharge)
            })
            .collect();
        for column in unknown {
            let answer =
                |text: &str, key: &str| Answer::new(text, Mapping::column(key, self.reference(column)));
            let mut answers = vec![answer("leave the column out", "ignore")];
            if !self.has(Role::ConnectionFee) {
                answers.push(answer("the fee of each call", "connection_fee"));
            }
            let text = format!(
                "The column {:?} has amounts, but its name is not recognized. Choose its meaning.",
                self.name(column)
            );
            let example = self.example(column);
            self.questions.push(Question { code: "COLUMN_UNKNOWN".into(), text, line: 0, example, answers });
        }
    }

    fn role(&self, role: Role) -> Option<usize> {
        self.roles.get(&role).and_then(|columns| columns.first().copied())
    }

    /// Finds the codes; `None` if a question must be answered first.
    fn choose_code(&mut self, mapping: &Mapping) -> Option<CodeSource> {
        if self.roles.get(&Role::Prefix).is_some_and(|columns| columns.len() > 1) {
            let columns = self.roles.get(&Role::Prefix).cloned().unwrap_or_default();
            self.ask_code(&columns);
            return None;
        }
        match (self.role(Role::Prefix), self.role(Role::CountryCode), self.role(Role::AreaCode)) {
            (Some(code), None, None) | (None, Some(code), None) => Some(CodeSource::Full(code)),
            (Some(code), Some(country), Some(area)) => match self.overlap(country, code) {
                Overlap::All => Some(CodeSource::Full(code)),
                _ => Some(CodeSource::Parts(country, area)),
            },
            (Some(code), Some(country), None) => self.joined(country, code, true, mapping),
            (Some(country), None, Some(area)) | (None, Some(country), Some(area)) => {
                self.joined(country, area, false, mapping)
            }
            (None, None, Some(area)) if mapping.code_prefix.is_some() => Some(CodeSource::Full(area)),
            (None, None, Some(area)) => {
                self.questions.push(country_question(&self.name(area), 0, &self.example(area)));
                None
            }
            (None, None, None) if self.questions.iter().any(|question| question.code == "CODE_COLUMN") => {
                None
            }
            (None, None, None) => {
                let coded = |column: &usize| {
                    let profile = &self.profiles[*column];
                    profile.is_mostly(profile.codes)
                };
                let columns: Vec<usize> = (0..self.profiles.len()).filter(coded).collect();
                self.ask_code(&columns);
                None
            }
        }
    }

    fn ask_code(&mut self, columns: &[usize]) {
        let answers = columns.iter().map(|column| {
            Answer::new(self.name(*column), Mapping::column("prefix", self.reference(*column)))
        });
        self.questions.push(Question {
            code: "CODE_COLUMN".into(),
            text: "Choose the column with the codes.".to_owned(),
            line: 0,
            example: columns.first().map(|column| self.example(*column)).unwrap_or_default(),
            answers: answers.take(MAX_COLUMNS).collect(),
        });
    }

    fn joined(
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

    /// How many codes begin with the country code of their row.
    fn overlap(&self, country: usize, code: usize) -> Overlap {
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

    fn finish(self, code: Option<CodeSource>, deck: &mut CarrierDeck) -> Option<Columns> {
        self.describe(deck);
        let ok = self.questions.is_empty();
        deck.questions.extend(self.questions);
        let (Some(code), Some(price), true) = (code, self.price, ok) else { return None };
        let mut bands = Vec::new();
        for (name, columns) in self.bands {
            let first = columns.get(&Role::FirstPrice).copied();
            let Some(price) = columns.get(&Role::Price).copied().or(first) else { continue };
            let first = first.filter(|first| *first != price);
            bands.push(Band { name, price, first, fee: columns.get(&Role::ConnectionFee).copied() });
        }
        bands.truncate(MAX_BANDS);
        Some(Columns { roles: self.roles, bands, code, price })
    }

    fn describe(&self, deck: &mut CarrierDeck) {
        let reason = if self.sheet.has_header {
            "The column's name or the mapping says so."
        } else {
            "The column's contents have this form."
        };
        let confidence = if self.sheet.has_header { Confidence::High } else { Confidence::Medium };
        let mut note = |item: String, column: usize| {
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
        let used: BTreeSet<usize> = self
            .roles
            .values()
            .flatten()
            .copied()
            .chain(self.price)
            .chain(self.bands.values().flat_map(|columns| columns.values().copied()))
            .collect();
        let left: Vec<String> = (0..self.meanings.len())
            .filter(|column| !used.contains(column) && self.profiles[*column].filled > 0)
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

enum Overlap {
    Few,
    Some,
    All,
}

fn role_name(role: Role) -> String {
    // the serialized name is the name in mappings
    format!("{role:?}").char_indices().fold(String::new(), |mut name, (at, letter)| {
        if letter.is_uppercase() && at > 0 {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
        name
    })
}

/// Asks which country code belongs before codes that lack one.
pub(super) fn country_question(column: &str, line: u64, example: &str) -> Question {
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
