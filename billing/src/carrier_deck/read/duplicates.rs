//! Rows with the same code and date. If a column tells these rows apart, for example by the quality of the route, the user chooses among the values
//! of the column. Otherwise, the user chooses the first row, the last row, or the row with the highest or lowest price.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::super::columns::CodeSource;
use super::super::header::{Role, words};
use super::super::mapping::{DuplicateRule, Mapping, reference};
use super::super::table::Row;
use super::super::{Answer, CarrierRate, Detected, Entry, MAX_COLUMNS, Question};
use super::Reader;
use crate::tariff::Rate;

/// A column with more values than this is not offered as a choice.
const MAX_VALUES: usize = 20;
/// Maximum number of repeated codes that are kept for the question.
const MAX_KEPT: usize = 100_000;

/// A repeated code.
pub(super) struct Duplicate {
    /// The rows with the code: the first one, and a later one.
    first: usize,
    again: usize,
    prefix: String,
    /// Whether one of the rows has a price, and the other one removes or blocks the code.
    removes: bool,
}

/// The first row with a code and date, and its entry in [`CarrierDeck::rates`](super::super::CarrierDeck::rates).
#[derive(Clone, Copy)]
pub(super) struct First {
    row: u32,
    entry: u32,
}

/// The number that stands for a code in [`Reader::seen`]. A code has at most 15 digits, and no code begins with 0.
pub(super) fn key(prefix: &str) -> u64 {
    prefix
        .bytes()
        .fold(0, |key, digit| key.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0'))))
}

impl Reader<'_, '_> {
    /// Whether an entry is kept. False if an earlier row has the same code, date and terms, so that the entry adds nothing. `None` if an earlier row
    /// has the same code and date, but other terms; the code is then remembered as a duplicate.
    pub(super) fn first_of_its_code(&mut self, new: &CarrierRate) -> Option<bool> {
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let first = match self.seen.entry((key(new.prefix()), new.effective)) {
            Slot::Vacant(free) => {
                free.insert(First { row: number(self.at), entry: number(self.deck.rates.len()) });
                return Some(true);
            }
            Slot::Occupied(first) => *first.get(),
        };
        let earlier = self.deck.rates.get(first.entry as usize);
        let removes = earlier.is_some_and(|earlier| is_priced(earlier) != is_priced(new));
        let rule = if removes { self.removal_rule() } else { self.options.mapping.duplicates };
        if rule.is_some() {
            return Some(true);
        }
        if earlier.is_some_and(|earlier| is_repeated(earlier, new)) {
            // between the equal rows, another row may remove the code
            return Some(self.removal_rule().is_some());
        }
        if self.duplicates.len() < MAX_KEPT {
            let (first, again, prefix) = (first.row as usize, self.at, new.prefix().to_owned());
            self.duplicates.push(Duplicate { first, again, prefix, removes });
        }
        None
    }

    /// Which of two rows applies if one of them removes the other one's code; `None` if the mapping does not say it.
    fn removal_rule(&self) -> Option<DuplicateRule> {
        let rule = self.options.mapping.removed_duplicates;
        rule.filter(|rule| matches!(rule, DuplicateRule::First | DuplicateRule::Last))
    }

    /// Keeps one entry of each code and date, as the mapping chooses.
    fn keep_chosen(&mut self) {
        let price = |rate: &CarrierRate| match &rate.entry {
            Entry::Price(rate) => Some(rate.price_per_minute),
            Entry::Removed(_) | Entry::Blocked(_) => None,
        };
        let (among, removal) = (self.options.mapping.duplicates, self.removal_rule());
        let mut chosen: HashMap<(u64, Option<NaiveDate>), usize> = HashMap::new();
        for (at, rate) in self.deck.rates.iter().enumerate() {
            let known = chosen.entry((key(rate.prefix()), rate.effective)).or_insert(at);
            let Some(before) = self.deck.rates.get(*known) else { continue };
            let rule = if is_priced(before) == is_priced(rate) { among } else { removal };
            let better = match rule {
                Some(DuplicateRule::First) => false,
                // without a rule, the rows have the same terms
                Some(DuplicateRule::Last) | None => true,
                Some(DuplicateRule::Highest) => price(rate) > price(before),
                Some(DuplicateRule::Lowest) => price(rate) < price(before),
            };
            if better {
                *known = at;
            }
        }
        let kept: BTreeSet<usize> = chosen.into_values().collect();
        let left_out = self.deck.rates.len() - kept.len();
        let mut at = 0..;
        self.deck.rates.retain(|_| at.next().is_some_and(|at| kept.contains(&at)));
        if left_out > 0 {
            self.deck.detected.push(Detected::mapped("duplicates:left_out", left_out.to_string()));
        }
    }

    /// Asks for the row to read if several rows have the same code. If a column tells these rows apart, the user chooses one of its values.
    /// Otherwise, the user chooses the first row, the last row, or the row with the highest or lowest price.
    pub(super) fn settle_duplicates(&mut self) {
        let found = std::mem::take(&mut self.duplicates);
        let Some(example) = found.first() else {
            if self.options.mapping.duplicates.is_some() || self.removal_rule().is_some() {
                self.keep_chosen();
            }
            return;
        };
        let mut answers: Vec<Answer> = Vec::new();
        let mut columns: Vec<String> = Vec::new();
        let separating: Vec<usize> =
            self.candidates().into_iter().filter(|column| self.separates(*column, &found)).collect();
        let lettered: Vec<usize> =
            separating.iter().copied().filter(|column| self.has_letters(*column)).collect();
        answers.extend(
            separating
                .iter()
                .filter(|column| !lettered.contains(column))
                .filter_map(|column| self.parts_answer(*column)),
        );
        for column in if lettered.is_empty() { separating } else { lettered } {
            let name = self.plan.names.get(column).cloned().unwrap_or_default();
            for values in self.groups_of_values(column, &found) {
                let shown =
                    |value: &String| if value.is_empty() { "(empty)".to_owned() } else { value.clone() };
                let rows: usize = values.iter().map(|(_, rows)| rows).sum();
                let values: Vec<String> = values.into_iter().map(|(value, _)| value).collect();
                let shown = values.iter().map(shown).collect::<Vec<_>>().join(", ");
                let text = format!("only the rows whose {name} is {shown} ({rows} rows)");
                let only = BTreeMap::from([(name.clone(), values)]);
                answers.push(Answer::new(text, Mapping { only, ..Mapping::default() }));
            }
            columns.push(format!("{name:?}"));
        }
        answers.truncate(MAX_COLUMNS);
        if answers.len() > 1 {
            let both = |text, rule| {
                let mapping =
                    Mapping { duplicates: Some(rule), removed_duplicates: Some(rule), ..Mapping::default() };
                Answer::new(text, mapping)
            };
            let rules = [
                both("the first row of each code", DuplicateRule::First),
                both("the last row of each code", DuplicateRule::Last),
            ];
            let few = found.len() * 10 < self.rows().count();
            let at = if few { 0 } else { answers.len() };
            answers.splice(at..at, rules);
        }
        if answers.len() < 2 {
            let (removals, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.removes);
            self.ask_for_rule(&others, false);
            return self.ask_for_rule(&removals, true);
        }
        let line = self.plan.table.row(example.again).map_or(0, |row| row.line);
        let text = format!(
            "{} codes have several rows, which differ in the column {}. Choose the rows to read.",
            found.len(),
            columns.join(" and ")
        );
        let example = example.prefix.clone();
        self.deck.questions.push(Question { code: "DUPLICATES".into(), text, line, example, answers });
    }

    /// The values of a column among which the user chooses. If some values, such as "all callers", are only in rows whose codes have no other row, the
    /// first choices are these values together with each other value.
    fn groups_of_values(&self, column: usize, found: &[Duplicate]) -> Vec<Vec<(String, usize)>> {
        let repeated: BTreeSet<usize> = found.iter().flat_map(|found| [found.first, found.again]).collect();
        let cells = repeated.iter().filter_map(|index| self.plan.table.row(*index));
        let rival: BTreeSet<Vec<String>> = cells.map(|row| words(row.get(column))).collect();
        let (rivals, free): (Vec<_>, Vec<_>) =
            self.values(column).into_iter().partition(|(value, _)| rival.contains(&words(value)));
        let joint = rivals
            .iter()
            .filter(|_| !free.is_empty())
            .map(|value| std::iter::once(value.clone()).chain(free.iter().cloned()).collect::<Vec<_>>());
        let joint: Vec<_> = joint.collect();
        joint.into_iter().chain(rivals.into_iter().chain(free).map(|value| vec![value])).collect()
    }

    /// The answer that joins two columns: one has the country code, which several rows share, and `column` has the digits that follow the country
    /// code.
    fn parts_answer(&self, column: usize) -> Option<Answer> {
        let CodeSource::Full(code) = self.plan.columns.code else { return None };
        let name = |column: usize| self.plan.names.get(column).filter(|name| !name.is_empty()).cloned();
        let (country, area) = (name(code)?, name(column)?);
        let text = format!("the digits in {area} follow those in {country}");
        let names = &self.plan.names;
        let mapping = Mapping::column("country_code", reference(names, code))
            .merged(Mapping::column("area_code", reference(names, column)))
            .merged(Mapping { columns: BTreeMap::from([("prefix".to_owned(), None)]), ..Mapping::default() });
        Some(Answer::new(text, mapping))
    }

    /// The columns that may say which of two rows applies. Such a column has a unique name, the mapping does not already select rows by it, and it
    /// has networks, remarks, statuses, destinations, or contents without a known use.
    fn candidates(&self) -> Vec<usize> {
        let columns = &self.plan.columns;
        let mut found = columns.others.clone();
        for role in [Role::Network, Role::Comment, Role::Status, Role::Destination] {
            found.extend(columns.all(role));
        }
        let name = |column: usize| {
            self.plan.names.get(column).map(|name| words(name)).filter(|name| !name.is_empty())
        };
        let is_unique = |column: &usize| {
            name(*column).is_some_and(|own| {
                (0..self.plan.names.len()).filter(|other| name(*other).as_ref() == Some(&own)).count() == 1
            })
        };
        let asked = |column: &usize| self.only.iter().all(|(chosen, _)| chosen != column);
        found.retain(|column| is_unique(column) && asked(column));
        found
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (self.plan.start..self.plan.table.len()).filter_map(|index| self.plan.table.row(index))
    }

    fn has_letters(&self, column: usize) -> bool {
        self.rows().any(|row| row.get(column).contains(char::is_alphabetic))
    }

    /// Whether a column has few values, and has different values in the rows of each repeated code.
    fn separates(&self, column: usize, found: &[Duplicate]) -> bool {
        let cell =
            |index: usize| self.plan.table.row(index).map(|row| words(row.get(column))).unwrap_or_default();
        let mut groups: HashMap<(usize, &str), BTreeSet<Vec<String>>> = HashMap::new();
        for Duplicate { first, again, prefix, .. } in found {
            let values =
                groups.entry((*first, prefix.as_str())).or_insert_with(|| BTreeSet::from([cell(*first)]));
            if !values.insert(cell(*again)) || values.len() > MAX_VALUES {
                return false;
            }
        }
        let all: BTreeSet<Vec<String>> = groups.into_values().flatten().collect();
        all.len() <= MAX_VALUES && self.values(column).len() <= MAX_VALUES
    }

    /// Each value of a column and the number of rows that have it, most frequent first; at most one value more than [`MAX_VALUES`].
    fn values(&self, column: usize) -> Vec<(String, usize)> {
        let mut values: BTreeMap<Vec<String>, (String, usize)> = BTreeMap::new();
        for row in self.rows().filter(|row| !super::titles::is_title(self.plan, *row)) {
            let cell = row.get(column);
            values.entry(words(cell)).or_insert_with(|| (cell.to_owned(), 0)).1 += 1;
            if values.len() > MAX_VALUES {
                break;
            }
        }
        let mut values: Vec<(String, usize)> = values.into_values().collect();
        values.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        values
    }

    /// Asks which row of a code applies. If one of the rows removes the code, the prices cannot decide.
    fn ask_for_rule(&mut self, found: &[Duplicate], removes: bool) {
        let Some(example) = found.first() else { return };
        let line = |index: usize| self.plan.table.row(index).map_or(0, |row| row.line);
        let answer = |text, rule| {
            let mapping = match removes {
                true => Mapping { removed_duplicates: Some(rule), ..Mapping::default() },
                false => Mapping { duplicates: Some(rule), ..Mapping::default() },
            };
            Answer::new(text, mapping)
        };
        let mut answers = vec![
            answer("the first row of each code", DuplicateRule::First),
            answer("the last row of each code", DuplicateRule::Last),
        ];
        if !removes {
            answers.push(answer("the row with the highest price", DuplicateRule::Highest));
            answers.push(answer("the row with the lowest price", DuplicateRule::Lowest));
        }
        self.deck.questions.push(Question {
            code: "DUPLICATES".into(),
            text: format!(
                "{} codes have several rows with the same date and different terms; the first are on lines {} and {}. Choose the row to read.",
                found.len(),
                line(example.first),
                line(example.again)
            ),
            line: line(example.again),
            example: example.prefix.clone(),
            answers,
        });
    }
}

fn is_priced(rate: &CarrierRate) -> bool {
    matches!(rate.entry, Entry::Price(_))
}

/// Whether two entries of a code have the same price, increments, fees and end.
fn is_repeated(earlier: &CarrierRate, new: &CarrierRate) -> bool {
    match (&earlier.entry, &new.entry) {
        (Entry::Price(one), Entry::Price(two)) => {
            Rate { destination: one.destination.clone(), ..two.clone() } == *one && earlier.ends == new.ends
        }
        _ => false,
    }
}
