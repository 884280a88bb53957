//! Corrects the meaning of a column if the column's contents contradict its name.

use super::super::cells::status;
use super::super::codes::{is_whole_country, looks_like_codes};
use super::super::header::{
    Age, GENERAL, Meaning, PriceColumn, Role, Step, Words, band_in, is_fixed, is_mobile, mentions_price,
    mentions_time, words,
};
use super::super::header_words::{BLOCK, CURRENT, NEW, OLD};
use super::super::read::is_yes_or_no;
use super::Draft;
use super::profile::Profile;

impl Draft<'_> {
    /// Corrects meanings that the contents contradict.
    pub(super) fn correct(&mut self) {
        self.settle_grades();
        self.settle_times_of_day();
        self.settle_general();
        self.settle_ages();
        for column in 0..self.meanings.len() {
            let Some(profile) = self.profiles.get(column) else { continue };
            let new = self.corrected_name(column, profile).or_else(|| self.corrected_time(column, profile));
            if let Some(new) = new {
                self.meanings[column] = new;
            }
        }
    }

    /// If several columns of amounts are named after products or qualities, such as "Premium", they are price columns. The user chooses one of them.
    fn settle_grades(&mut self) {
        const GRADES: &[&str] = &[
            "premium", "standard", "gold", "silver", "bronze", "platinum", "cli", "ncli", "noncli",
            "quality", "direct", "hq", "white", "grey", "gray", "black", "economic", "value", "retail",
            "oro", "plata", "ouro", "prata",
        ];
        let graded = |column: &usize| {
            let profile = &self.profiles[*column];
            let open = match &self.meanings[*column] {
                Meaning::Ignored | Meaning::Unknown => true,
                Meaning::Price(price) => price.band == Some(GENERAL),
                _ => false,
            };
            let name = words(&self.name(*column));
            (open || self.price == Some(*column))
                && profile.is_mostly(profile.decimals)
                && profile.nonzero > 0
                && name.iter().any(|word| GRADES.contains(&word.as_str()))
                && !self.name(*column).contains('%')
        };
        let found: Vec<usize> = (0..self.meanings.len()).filter(graded).collect();
        if found.len() > 1 {
            for column in found.into_iter().filter(|column| !self.mapped.contains(column)).collect::<Vec<_>>()
            {
                self.meanings[column] =
                    Meaning::Price(PriceColumn { age: Age::Plain, step: Step::Any, band: None });
            }
        }
    }

    /// Columns of amounts that are named after times of the day, such as "Fascia intera" and "Fascia ridotta", have the prices for these times.
    fn settle_times_of_day(&mut self) {
        let timed = |column: &usize| {
            let profile = &self.profiles[*column];
            matches!(self.meanings[*column], Meaning::Is(Role::Period) | Meaning::Unknown)
                && profile.is_mostly(profile.decimals)
                && profile.nonzero > 0
                && !self.mapped.contains(column)
                && (self.meanings[*column] == Meaning::Is(Role::Period)
                    || band_in(&self.name(*column)).is_some())
        };
        let found: Vec<usize> = (0..self.meanings.len()).filter(timed).collect();
        let banded =
            |column: &usize| matches!(&self.meanings[*column], Meaning::Price(price) if price.band.is_some());
        if found.len() + (0..self.meanings.len()).filter(banded).count() < 2 {
            return;
        }
        for column in found {
            let band = band_in(&self.name(column));
            self.meanings[column] = Meaning::Price(PriceColumn { age: Age::Plain, step: Step::Any, band });
        }
    }

    /// A column like "Standard Rate" has prices for the standard time only if another column has prices for another time.
    fn settle_general(&mut self) {
        let banded = self.meanings.iter().any(|meaning| {
            matches!(meaning, Meaning::Price(price) if price.band.is_some_and(|band| band != GENERAL))
        });
        for (column, meaning) in self.meanings.iter_mut().enumerate() {
            let Meaning::Price(price) = meaning else { continue };
            if price.band != Some(GENERAL) {
                continue;
            }
            let name = self.sheet.names.get(column).map_or("", String::as_str);
            match (banded, mentions_price(name)) {
                (true, _) => price.band = Some("peak"),
                (false, true) => price.band = None,
                (false, false) => *meaning = Meaning::Unknown,
            }
        }
    }

    /// Columns called just "Current" and "New" that have amounts are price columns.
    fn settle_ages(&mut self) {
        let aged = |list: &[&str]| {
            (0..self.meanings.len()).find(|column| {
                let profile = &self.profiles[*column];
                Words(words(&self.name(*column))).only(list)
                    && profile.nonzero > 0
                    && profile.decimals * 2 >= profile.filled
                    && !self.mapped.contains(column)
            })
        };
        let (new, current, old) = (aged(NEW), aged(CURRENT), aged(OLD));
        let Some(new) = new.filter(|_| current.or(old).is_some()) else { return };
        for (column, age) in [(Some(new), Age::New), (current, Age::Current), (old, Age::Old)] {
            let Some(column) = column else { continue };
            self.meanings[column] = Meaning::Price(PriceColumn { age, step: Step::Any, band: None });
        }
    }

    /// The meaning of a column whose name suggests names, codes or remarks, but whose contents are something else.
    fn corrected_name(&self, column: usize, profile: &Profile) -> Option<Meaning> {
        let numeric = profile.is_mostly(profile.decimals + profile.integers);
        // an area code may be "all"
        let areas = || {
            self.has(Role::CountryCode)
                && profile.codes > 1
                && profile.distinct.iter().all(|cell| looks_like_codes(cell) || is_whole_country(cell))
        };
        let coded = profile.is_mostly(profile.codes + profile.decimals.min(profile.codes)) || areas();
        match &self.meanings[column] {
            Meaning::Is(Role::Destination | Role::Network | Role::Country) if coded => {
                if self.has(Role::CountryCode) && !self.has(Role::AreaCode) {
                    Some(Meaning::Is(Role::AreaCode))
                } else if !self.has(Role::Prefix) && !self.has(Role::CountryCode) {
                    Some(Meaning::Is(Role::Prefix))
                } else {
                    Some(Meaning::Ignored)
                }
            }
            Meaning::Is(Role::ConnectionFee | Role::MinimumCharge | Role::FreeSeconds)
                if profile.is_mostly(profile.texts) && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Unknown)
            }
            // a name like "Mobile" suggests networks, but a column of amounts has prices
            Meaning::Is(Role::Destination | Role::Network | Role::Country)
                if profile.is_mostly(profile.decimals) =>
            {
                Some(Meaning::Price(PriceColumn { age: Age::Plain, step: Step::Any, band: None }))
            }
            Meaning::Unknown
                if profile.is_mostly(profile.decimals)
                    && self.has_mobile_prices()
                    && is_fixed(&self.name(column)) =>
            {
                Some(Meaning::Price(PriceColumn { age: Age::Plain, step: Step::Any, band: None }))
            }
            // codes in an unknown spelling are not left out silently
            Meaning::Is(Role::Prefix | Role::AreaCode | Role::CountryCode)
                if profile.is_mostly(profile.texts)
                    && !profile.distinct.iter().all(|cell| is_numeric(cell)) =>
            {
                Some(Meaning::Unknown)
            }
            // "From" and "To" may be the ends of a range of codes
            Meaning::Is(role @ (Role::Effective | Role::Ends))
                if profile.is_mostly(profile.codes)
                    && profile.dates == 0
                    && profile.distinct.len() > 2
                    && !self.mapped.contains(&column)
                    && !self.has(Role::Prefix) =>
            {
                Some(Meaning::Is(if *role == Role::Ends { Role::PrefixEnd } else { Role::Prefix }))
            }
            Meaning::Is(Role::Ends)
                if profile.is_mostly(profile.codes)
                    && profile.dates == 0
                    && self.has(Role::Prefix)
                    && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Is(Role::PrefixEnd))
            }
            Meaning::Is(Role::Status) if profile.is_mostly(profile.dates) && !self.has(Role::Effective) => {
                Some(Meaning::Is(Role::Effective))
            }
            // "EEA origin" and "Other origins" have prices
            Meaning::Is(Role::Origin)
                if profile.is_mostly(profile.decimals)
                    && profile.nonzero > 0
                    && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Price(PriceColumn { age: Age::Plain, step: Step::Any, band: None }))
            }
            // a setup fee, not the first increment
            Meaning::Part(Step::First) | Meaning::Is(Role::InitialIncrement)
                if words(&self.name(column)) == ["setup"]
                    && profile.is_mostly(profile.decimals + profile.integers)
                    && (profile.decimals > 0 || self.has_zeros(column))
                    && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Is(Role::ConnectionFee))
            }
            // "Rate A: EEA origin" has prices
            Meaning::Is(
                Role::Origin
                | Role::Status
                | Role::Comment
                | Role::Period
                | Role::Unit
                | Role::Currency
                | Role::Jurisdiction
                | Role::Blocked
                | Role::Removed
                | Role::Active
                | Role::ExactMatch,
            ) if profile.is_mostly(profile.decimals)
                && profile.nonzero > 0
                && mentions_price(&self.name(column))
                && !self.has_signs(column)
                && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Price(PriceColumn { age: Age::Plain, step: Step::Any, band: None }))
            }
            // "Locked" with yes or no
            Meaning::Is(Role::Status)
                if profile.filled > 0
                    && profile.distinct.iter().all(|cell| is_yes_or_no(cell))
                    && Words::of(&self.name(column)).any(BLOCK)
                    && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Is(Role::Blocked))
            }
            // a time zone says nothing about the time of the calls
            Meaning::Is(Role::Period)
                if profile.filled > 0
                    && profile.distinct.iter().all(|cell| is_zone(cell))
                    && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Ignored)
            }
            // "Block" with yes or no
            Meaning::Is(Role::Increment)
                if profile.filled > 0
                    && profile
                        .distinct
                        .iter()
                        .all(|cell| is_yes_or_no(cell) && cell.contains(char::is_alphabetic))
                    && Words::of(&self.name(column)).only(BLOCK)
                    && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Is(Role::Blocked))
            }
            // row numbers
            Meaning::Part(_)
            | Meaning::Is(
                Role::Increment | Role::InitialIncrement | Role::NextIncrement | Role::ConnectionFee,
            ) if profile.integers == profile.filled
                && profile.distinct.len() > 6
                && self.counts_rows(column)
                && !self.mapped.contains(&column) =>
            {
                Some(Meaning::Ignored)
            }
            // differences have signs, but prices do not
            Meaning::Price(_) if self.has_signs(column) && !self.is_mapped_price(column) => {
                Some(Meaning::Ignored)
            }
            // "Estado" may be a state of the country
            Meaning::Is(Role::Status) if self.has_many_words(column, profile) => {
                let named = self.has(Role::Destination) || self.mapping_names;
                Some(if named { Meaning::Ignored } else { Meaning::Is(Role::Destination) })
            }
            Meaning::Is(Role::Status | Role::Comment) if numeric => Some(Meaning::Ignored),
            Meaning::Price(_) if profile.filled > 0 && profile.is_mostly(profile.dates) => {
                Some(Meaning::Ignored)
            }
            // a column called "Cost unit" may have texts instead of prices
            Meaning::Price(_) if profile.is_mostly(profile.texts) && !self.is_mapped_price(column) => {
                Some(Meaning::Unknown)
            }
            // a column of amounts without a name is never left out silently
            Meaning::Ignored
                if self.sheet.names.get(column).is_some_and(String::is_empty)
                    && self.sheet.has_header
                    && !self.mapped.contains(&column)
                    && profile.nonzero + profile.pairs > 0 =>
            {
                Some(Meaning::Unknown)
            }
            _ => None,
        }
    }

    /// Whether some amounts of a column are negative, and another column has prices. Some switches write the price -1 for a blocked code.
    fn has_signs(&self, column: usize) -> bool {
        let digit = |cell: &str| cell.contains(|letter: char| matches!(letter, '1'..='9'));
        let negative = |cell: &str| {
            cell.starts_with('-')
                && digit(cell)
                && !matches!(cell.trim_end_matches(['0', '.', ',']), "-1" | "-")
        };
        let other = |column: usize| {
            matches!(self.meanings[column], Meaning::Price(_)) && self.profiles[column].nonzero > 0
        };
        (0..self.meanings.len()).any(|rival| rival != column && other(rival))
            && self.sample().any(|row| negative(row.get(column)))
    }

    /// Whether a column has too many different texts for a column of statuses, and none of them is a known status.
    fn has_many_words(&self, column: usize, profile: &Profile) -> bool {
        const MOST: usize = 12;
        profile.is_mostly(profile.texts)
            && profile.distinct.len() > MOST
            && !self.mapped.contains(&column)
            && !profile.distinct.iter().any(|cell| !words(cell).is_empty() && status(cell).is_some())
    }

    /// Whether at least half of a column's cells are 0.
    fn has_zeros(&self, column: usize) -> bool {
        let zero =
            |cell: &str| cell.contains('0') && !cell.contains(|letter: char| matches!(letter, '1'..='9'));
        let cells = || self.sample().map(|row| row.get(column)).filter(|cell| !cell.is_empty());
        cells().filter(|cell| zero(cell)).count() * 2 >= cells().count().max(1)
    }

    /// Whether a column called "Mobile" has amounts.
    fn has_mobile_prices(&self) -> bool {
        (0..self.meanings.len()).any(|column| {
            is_mobile(&self.name(column)) && self.profiles[column].is_mostly(self.profiles[column].decimals)
        })
    }

    fn is_mapped_price(&self, column: usize) -> bool {
        self.price == Some(column) || self.mapped.contains(&column)
    }

    /// The true meaning of a column whose name suggests prices or times, if its contents contradict the name.
    fn corrected_time(&self, column: usize, profile: &Profile) -> Option<Meaning> {
        let name = self.sheet.names.get(column).map_or("", String::as_str);
        let pairs = profile.is_mostly(profile.pairs + profile.hyphened);
        let amounts = profile.is_mostly(profile.decimals)
            || profile.nonzero > 0 && profile.is_mostly(profile.decimals + profile.integers);
        let integers = profile.is_mostly(profile.integers);
        let price = |step| Meaning::Price(PriceColumn { age: Age::Plain, step, band: None });
        match &self.meanings[column] {
            Meaning::Part(step)
                if amounts || integers && mentions_price(name) && !profile.looks_like_increments() =>
            {
                Some(price(*step))
            }
            // a column of times of the day is ignored here; if only such a column distinguishes rows with the same code, the user is asked later
            Meaning::Is(
                Role::Effective | Role::Ends | Role::Increment | Role::InitialIncrement | Role::NextIncrement,
            ) if profile.is_mostly(profile.clocks) => Some(Meaning::Ignored),
            Meaning::Part(_) if pairs => Some(Meaning::Is(Role::Increment)),
            Meaning::Part(step) if integers || profile.is_mostly(profile.timed) => {
                Some(Meaning::Is(match step {
                    Step::Next => Role::NextIncrement,
                    Step::Any | Step::First => Role::InitialIncrement,
                }))
            }
            Meaning::Part(_) if profile.filled == 0 => Some(Meaning::Ignored),
            Meaning::Part(_) => Some(Meaning::Unknown),
            Meaning::Is(Role::InitialIncrement | Role::NextIncrement | Role::Period | Role::Unit)
                if pairs =>
            {
                Some(Meaning::Is(Role::Increment))
            }
            Meaning::Is(role @ (Role::InitialIncrement | Role::NextIncrement))
                if amounts && mentions_price(name) =>
            {
                Some(price(if *role == Role::NextIncrement { Step::Next } else { Step::First }))
            }
            // a column called "Rates valid until 6 December" has the old prices
            Meaning::Is(role @ (Role::Effective | Role::Ends)) if amounts && mentions_price(name) => {
                let age = if *role == Role::Ends { Age::Old } else { Age::New };
                Some(Meaning::Price(PriceColumn { age, step: Step::Any, band: None }))
            }
            Meaning::Is(
                Role::InitialIncrement | Role::NextIncrement | Role::Increment | Role::Effective | Role::Ends,
            ) if profile.is_mostly(profile.decimals) => Some(Meaning::Unknown),
            // an increment is never 0; the Italian "scatto" is a fee or an increment
            Meaning::Is(Role::Increment | Role::NextIncrement)
                if profile.is_mostly(profile.decimals + profile.integers)
                    && self.has_zeros(column)
                    && !self.mapped.contains(&column) =>
            {
                Some(match words(name).iter().any(|word| word.starts_with("scatt")) {
                    true => Meaning::Is(Role::ConnectionFee),
                    false => Meaning::Unknown,
                })
            }
            Meaning::Is(Role::Period) if integers && profile.looks_like_increments() => {
                Some(Meaning::Is(Role::Increment))
            }
            Meaning::Is(Role::Unit) if integers => Some(Meaning::Unknown),
            Meaning::Price(price)
                if integers
                    && profile.looks_like_increments()
                    && mentions_time(name)
                    && self.has_decimals_beside(column) =>
            {
                Some(Meaning::Is(match price.step {
                    Step::First => Role::InitialIncrement,
                    Step::Next => Role::NextIncrement,
                    Step::Any => Role::Increment,
                }))
            }
            Meaning::Price(_) if pairs => Some(Meaning::Is(Role::Increment)),
            _ => None,
        }
    }

    /// Whether another column has prices with decimals.
    pub(super) fn has_decimals_beside(&self, column: usize) -> bool {
        self.meanings.iter().enumerate().any(|(other, meaning)| {
            let profile = &self.profiles[other];
            other != column && matches!(meaning, Meaning::Price(_)) && profile.is_mostly(profile.decimals)
        })
    }
}

/// Whether a text has digits and no letters.
fn is_numeric(cell: &str) -> bool {
    cell.contains(|letter: char| letter.is_ascii_digit()) && !cell.contains(char::is_alphabetic)
}

/// Whether a text is a time zone, such as "GMT+1" or "+03:00".
fn is_zone(cell: &str) -> bool {
    let lower = cell.to_lowercase();
    let named = ["gmt", "utc", "cet", "cest", "eet", "eest", "wet", "msk", "est", "edt", "cst", "pst", "ist"]
        .iter()
        .find_map(|name| lower.strip_prefix(name));
    let shifted = |text: &str| {
        text.starts_with(['+', '-', '−'])
            && text.chars().skip(1).all(|letter| letter.is_ascii_digit() || matches!(letter, ':' | '.' | ' '))
    };
    match named {
        Some(rest) => rest.trim().is_empty() || shifted(rest.trim()),
        None => shifted(&lower) && lower.len() > 1,
    }
}
