//! Reads the file of an import: the canonical CSV, or a carrier's deck in its own layout.

use std::collections::{BTreeMap, BTreeSet};

use billing::carrier_deck::{
    Answer, CarrierDeck, ColumnRef, Counts, Detected, Entry, Mapping, Options, Question, compare_prices,
    read_carrier_deck,
};
use billing::deck::{DeckColumns, DeckLimits, is_canonical, parse_deck};
use billing::tariff::Rate;
use chrono::NaiveDate;

use super::drafts::{MAX_DECK_BYTES, MAX_PROBLEMS, Outcome};

/// Maximum number of dates that a question offers as choices.
const MAX_DATES: usize = 100;
/// Maximum number of answers to one question about several bands.
const MAX_BAND_ANSWERS: usize = 30;

/// The rows of a deck for an import by date.
pub(super) struct DatedRows {
    /// A deck that has only its rows; all other fields are empty.
    pub(super) rows: CarrierDeck,
    pub(super) today: NaiveDate,
    /// The days after today on which something changes.
    pub(super) days: BTreeSet<NaiveDate>,
}

/// The contents of a file.
pub(super) struct ReadDeck {
    pub(super) rates: Vec<Rate>,
    /// Codes that the file withdraws or blocks.
    pub(super) removed: BTreeSet<String>,
    pub(super) columns: DeckColumns,
    /// The rows for an import by date; `None` for the canonical CSV, which has no dates.
    pub(super) dated: Option<DatedRows>,
    /// The report on the file. The report does not contain the changes to the rates yet.
    pub(super) outcome: Outcome,
}

/// Reads a file. `currency` is the tariff's currency. Dates after `today` are in the future. With `by_date`, the user is not asked to choose a date
/// if the file has several dates.
pub(super) fn read(
    file: &[u8],
    mapping: Option<Mapping>,
    currency: &str,
    (today, by_date): (NaiveDate, bool),
) -> ReadDeck {
    let limits =
        DeckLimits { max_bytes: MAX_DECK_BYTES, max_problems: MAX_PROBLEMS, ..DeckLimits::default() };
    if mapping.is_none() && is_canonical(file) {
        let deck = parse_deck(file, &limits);
        let outcome = Outcome {
            rows: Some(deck.rows),
            problems: deck.problems,
            errors: deck.errors,
            fixed: deck.fixed,
            ..Outcome::default()
        };
        return ReadDeck {
            rates: deck.rates,
            removed: BTreeSet::new(),
            columns: deck.columns,
            dated: None,
            outcome,
        };
    }
    let mapping = mapping.unwrap_or_default();
    let options =
        Options { limits: &limits, mapping: &mapping, currency: Some(currency), today: Some(today) };
    let mut deck = read_carrier_deck(file, &options);
    let by_date = by_date && mapping.effective_on.is_none();
    if deck.questions.is_empty() && mapping.effective_on.is_none() && !by_date {
        let question = date_question(&deck, today);
        deck.questions.extend(question);
    }
    let (rates, removed) = match (deck.questions.is_empty(), by_date) {
        (true, true) => deck.on(mapping.effective_on),
        // a deck may have a million rates, so they are not copied
        (true, false) => deck.take_on(mapping.effective_on),
        (false, _) => Default::default(),
    };
    let dated = (by_date && deck.questions.is_empty()).then(|| by_day(&mut deck, today));
    let Counts { read, set_aside, problem, .. } = deck.counts;
    let outcome = Outcome {
        rows: Some(read + set_aside + problem),
        problems: deck.problems,
        errors: deck.errors,
        fixed: deck.warnings,
        detected: deck.detected,
        questions: deck.questions,
        counts: Some(deck.counts),
        set_aside: deck.set_aside,
        ..Outcome::default()
    };
    ReadDeck { rates, removed, columns: deck.columns, dated, outcome }
}

/// The rows of the deck, and the later days on which a row begins or ends.
fn by_day(deck: &mut CarrierDeck, today: NaiveDate) -> DatedRows {
    let ends = deck.rates.iter().filter_map(|rate| rate.ends);
    let days = deck.dates().into_iter().chain(ends).filter(|day| *day > today).collect();
    let rows = CarrierDeck { rates: std::mem::take(&mut deck.rates), ..CarrierDeck::default() };
    DatedRows { rows, today, days }
}

/// Asks about the bands that a carrier's deck has, but the tariff does not have. There are no questions about `mapped`, the bands that the mapping
/// has already chosen. The canonical CSV raises no questions, because it must name the tariff's bands.
pub(super) fn band_questions(
    outcome: &Outcome,
    columns: &DeckColumns,
    bands: &[&str],
    mapped: &[String],
) -> Vec<Question> {
    let is_known = |name: &String| bands.contains(&name.as_str()) || mapped.contains(name);
    let unknown: Vec<&String> =
        columns.bands.keys().filter(|name| outcome.counts.is_some() && !is_known(name)).collect();
    if let (true, [_, ..]) = (bands.is_empty(), unknown.as_slice()) {
        return vec![flat_question(&unknown, &outcome.detected)];
    }
    // one question covers several bands, unless it would have too many answers
    let choices = bands.len() + 1;
    let one = u32::try_from(unknown.len()).ok().and_then(|names| choices.checked_pow(names));
    if one.is_some_and(|answers| answers <= MAX_BAND_ANSWERS) && !unknown.is_empty() {
        return vec![band_question(&unknown, bands)];
    }
    unknown.iter().map(|name| band_question(&[name], bands)).collect()
}

/// Compares the prices of a carrier's deck with those of the base version. Adds a question if most prices are the same multiple of the prices in force,
/// or a warning about single prices. The canonical CSV has a fixed unit, so it is not compared.
pub(super) fn compare_with_base(outcome: &mut Outcome, rates: &[Rate], base: &[Rate], mapping: &Mapping) {
    if outcome.counts.is_none() {
        return;
    }
    let compared = compare_prices(rates, base, mapping);
    outcome.questions.extend(compared.question);
    if let Some(warning) = compared.warning {
        outcome.fixed += 1;
        if outcome.problems.len() < MAX_PROBLEMS {
            outcome.problems.push(warning);
        }
    }
}

/// Asks which of the deck's prices to use at all times, because the tariff has no bands.
fn flat_question(names: &[&String], detected: &[Detected]) -> Question {
    let none: BTreeMap<String, Option<String>> = names.iter().map(|name| ((*name).clone(), None)).collect();
    let without = Mapping { bands: none.clone(), ..Mapping::default() };
    let mut answers = vec![Answer { text: "the standard prices at all times".to_owned(), mapping: without }];
    for name in names {
        let item = format!("column:price:{name}");
        let Some(column) = detected.iter().find(|found| found.item == item) else { continue };
        let columns = BTreeMap::from([("price".to_owned(), Some(ColumnRef::Name(column.value.clone())))]);
        let mapping = Mapping { columns, bands: none.clone(), ..Mapping::default() };
        answers.push(Answer { text: format!("the prices for {name} at all times"), mapping });
    }
    let shown: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let text = format!(
        "The deck has prices for {}, but the tariff has no bands. Choose the prices, or add the bands to the tariff first.",
        shown.join(", ")
    );
    let example = names.first().map(|name| (*name).clone()).unwrap_or_default();
    Question { code: "BANDS".into(), text, line: 0, example, answers }
}

/// Asks which of the tariff's bands correspond to these bands of a deck. There is one answer for each combination of bands.
fn band_question(names: &[&String], bands: &[&str]) -> Question {
    let choices: Vec<Option<&str>> = std::iter::once(None).chain(bands.iter().copied().map(Some)).collect();
    let mut answers: Vec<Answer> = vec![Answer { text: String::new(), mapping: Mapping::default() }];
    for name in names {
        let with = |answer: &Answer, band: Option<&str>| {
            let chosen = match (band, names.len()) {
                (None, 1) => "leave these prices out".to_owned(),
                (None, _) => format!("leave {name} out"),
                (Some(band), 1) => format!("the band {band:?}"),
                (Some(band), _) => format!("{name} is the band {band:?}"),
            };
            let mut mapping = answer.mapping.clone();
            mapping.bands.insert((*name).clone(), band.map(str::to_owned));
            let text = if answer.text.is_empty() { chosen } else { format!("{}; {chosen}", answer.text) };
            Answer { text, mapping }
        };
        answers =
            answers.iter().flat_map(|answer| choices.iter().map(move |band| with(answer, *band))).collect();
    }
    let shown: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let shown = shown.join(", ");
    let text = match names {
        [_] => format!(
            "The deck has prices for {shown}, which is not a band of the tariff. Choose the band, or add it to the tariff first."
        ),
        _ => format!(
            "The deck has prices for {shown}, which are not bands of the tariff. Choose the bands, or add them to the tariff first."
        ),
    };
    let example = names.first().map(|name| (*name).clone()).unwrap_or_default();
    Question { code: "BANDS".into(), text, line: 0, example, answers }
}

impl ReadDeck {
    /// Renames the bands of a carrier's deck to the tariff's bands where only the case of letters differs.
    pub(super) fn rename_bands(&mut self, bands: &[&str]) {
        let renamed = |name: &String| {
            let same =
                bands.iter().find(|band| !bands.contains(&name.as_str()) && band.eq_ignore_ascii_case(name));
            same.map_or_else(|| name.clone(), |band| (*band).to_owned())
        };
        if self.outcome.counts.is_none() || self.columns.bands.keys().all(|name| renamed(name) == *name) {
            return;
        }
        let columns = std::mem::take(&mut self.columns.bands);
        self.columns.bands = columns.into_iter().map(|(name, found)| (renamed(&name), found)).collect();
        let rename = |rate: &mut Rate| {
            let prices = std::mem::take(&mut rate.band_prices);
            rate.band_prices = prices.into_iter().map(|(name, price)| (renamed(&name), price)).collect();
        };
        self.rates.iter_mut().for_each(rename);
        let dated = self.dated.iter_mut().flat_map(|dated| dated.rows.rates.iter_mut());
        for row in dated {
            if let Entry::Price(rate) = &mut row.entry {
                rename(rate);
            }
        }
    }
}

/// A version has one date. If a date in the deck is in the future, and other rows have a different date or no date, the user chooses the version's
/// date.
fn date_question(deck: &CarrierDeck, today: NaiveDate) -> Option<Question> {
    let dates = deck.dates();
    let has_undated = deck.rates.iter().any(|rate| rate.effective.is_none());
    let latest = dates.last().filter(|latest| **latest > today)?;
    if dates.len() == 1 && !has_undated {
        return None;
    }
    let first = deck.rates.iter().find(|rate| rate.effective == Some(*latest));
    let answer = |date: &NaiveDate| {
        let mapping = Mapping { effective_on: Some(*date), ..Mapping::default() };
        Answer { text: date.to_string(), mapping }
    };
    let future = dates.range(today..).take(MAX_DATES);
    let mut answers: Vec<Answer> = future.map(answer).collect();
    if !dates.contains(&today) {
        answers.insert(0, answer(&today));
    }
    Some(Question {
        code: "EFFECTIVE_DATE".into(),
        text: "The rows have several dates. Choose the date of this version, and import the file once for each date.".to_owned(),
        line: first.map_or(0, |rate| rate.line),
        example: latest.to_string(),
        answers,
    })
}
