//! The account of the deck: each text outside the rates was read, is harmless, or is asked about.
//!
//! Texts are the lines above, between and below the rates, remarks, columns that are left out, and sheets that are not read. A text is a risk if it
//! could change a price, an increment, a fee, a date or the set of codes, and the reader took nothing from it. All risks are combined into one
//! question.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::super::cells::{StatusRule, is_total};
use super::super::detect::{FeeIn, KINDS, increments_in};
use super::super::header::{Role, mentions_end, words};
use super::super::mapping::{MAX_TEXT, Mapping};
use super::super::numbers::PriceRounding;
use super::super::table::Row;
use super::super::{Answer, Confidence, Detected, Question};
use super::Reader;
use super::titles::is_header;
use crate::deck::{RowProblem, Severity};
use crate::money::Micros;
use places::Places;
pub(in crate::carrier_deck) use risks::change;
use texts::{Place, Said};

mod facts;
mod places;
mod risks;
mod texts;

/// At most this many lines are listed in the question.
const MAX_SHOWN: usize = 10;
/// If there are more texts than this, the mapping has [`ALL`] instead of them.
const MAX_LISTED: usize = 100;
/// In [`Mapping::harmless`], stands for all texts.
const ALL: &str = "*";

impl Reader<'_, '_> {
    /// Asks about the texts that may change prices, increments, dates or codes, but were not read.
    pub(super) fn account(&mut self) {
        let places = Places::of(self);
        let known: BTreeSet<Vec<String>> =
            self.options.mapping.harmless.iter().map(|text| words(text)).collect();
        let all = self.options.mapping.harmless.iter().any(|text| text == ALL);
        let (mut risks, mut left) = (Vec::new(), 0usize);
        for said in self.said_texts() {
            let text: String = said.text.chars().take(MAX_TEXT).collect();
            if all || known.contains(&words(&text)) {
                continue;
            }
            match self.is_risk(&said, &places) {
                true => risks.push(Said { text, ..said }),
                false => left += usize::from(matches!(said.place, Place::Note)),
            }
        }
        if left > 0 {
            let reason = "These lines outside the rates were read, or change no price.";
            let value = format!("{left} lines");
            self.deck.detected.push(Detected::new("notes", value, reason, Confidence::Medium));
        }
        if !self.plan.unread.is_empty() {
            let names: Vec<&str> = self.plan.unread.iter().map(|(name, _)| *name).collect();
            let reason = "No rates are read from these sheets.";
            self.deck.detected.push(Detected::new(
                "sheets:left_out",
                names.join(", "),
                reason,
                Confidence::Medium,
            ));
        }
        if !risks.is_empty() {
            let question = self.note_question(&risks, &places);
            self.deck.questions.push(question);
        }
    }

    /// Whether a text could change a price, an increment, a date or the set of codes, although the reader took nothing from it.
    fn is_risk(&self, said: &Said, places: &Places) -> bool {
        let text = said.text.as_str();
        if self.plan.footnotes.iter().any(|note| note.text == text && note.is_read())
            || self.plan.change_dates.iter().any(|sentence| sentence.text == text)
            || self.plan.sections.values().any(|section| section.line == said.line && said.sheet.is_empty())
        {
            return false;
        }
        if self.plan.is_marked(text) {
            return risks::has_time(text)
                || risks::has_percent(text)
                || mentions_end(text)
                || !matches!(self.plan.fee_in(text), FeeIn::Nothing)
                || self.plan.increments_of(text).1 > 0;
        }
        match said.place {
            Place::Rate => true,
            Place::Note | Place::Title | Place::Sheet => {
                !risks::is_harmless(text)
                    && (self.has_unread_time(text)
                        || self.has_unread_money(text)
                        || self.has_unread_price(text, places)
                        || risks::has_percent(text)
                        || risks::has_multiple(text)
                        || self.has_unread_status(text, places)
                        || self.has_unread_exception(text, places)
                        || said.place != Place::Title && self.has_unread_date(text, places)
                        || risks::changes_codes(text) && !self.has_kinds())
            }
            Place::Remark => {
                let unread = || {
                    risks::has_time(text) && increments_in(text).is_none()
                        || !matches!(self.plan.fee_in(text), FeeIn::Nothing)
                        || risks::has_percent(text)
                        || mentions_end(text) && self.status(text).is_none()
                };
                !risks::is_harmless(text)
                    && (self.has_later_price(text) || !risks::describes_change(text) && unread())
            }
            // a single word, such as "F1", is an id
            Place::Column => {
                text.contains(char::is_whitespace)
                    && !risks::is_harmless(text)
                    && !risks::describes_change(text)
                    && (risks::has_time(text) && self.lacks_increments()
                        || !matches!(self.plan.fee_in(text), FeeIn::Nothing))
            }
        }
    }

    /// Warns about a row of a table that has neither a code nor a price.
    pub(super) fn warn_lost(&mut self, row: Row<'_>) {
        if row.filled() < 3 || is_header(self.plan, row) || row.cells().any(is_total) {
            return;
        }
        let cells: Vec<&str> = row.cells().filter(|cell| !cell.is_empty()).collect();
        self.deck.note(
            self.options.limits,
            RowProblem {
                line: row.line,
                column: None,
                severity: Severity::Warning,
                code: Cow::Borrowed("ROW_WITHOUT_CODE"),
                message: "The row has neither a code nor a price, so it is left out.".to_owned(),
                value: Some(cells.join(", ").chars().take(MAX_TEXT).collect()),
                remedy: Some("Enter the code if the row is for a destination.".to_owned()),
            },
        );
    }

    /// The dates in the unread texts, if rows have no date of their own.
    fn offered_dates(&self, risks: &[Said], places: &Places) -> BTreeSet<NaiveDate> {
        if !places.lacks_dates {
            return BTreeSet::new();
        }
        let notes = risks.iter().filter(|said| said.place != Place::Remark);
        notes.flat_map(|said| self.dates_of(&said.text)).collect()
    }

    /// The answers that raise or lower all prices by a percentage.
    fn offered_changes(&self, risks: &[Said], nothing: &Mapping) -> Vec<Answer> {
        let changes: BTreeSet<i32> = risks.iter().filter_map(|said| risks::change(&said.text)).collect();
        changes.into_iter().map(|change| change_answer(change, nothing.clone())).collect()
    }

    /// The answers that set a fee or a minimum charge for all calls.
    fn offered_fees(&self, risks: &[Said], nothing: &Mapping) -> Vec<Answer> {
        const MOST: usize = 3;
        let columns = &self.plan.columns;
        let (fee, minimum) = (columns.first(Role::ConnectionFee), columns.first(Role::MinimumCharge));
        let amounts: BTreeSet<Micros> =
            risks.iter().filter_map(|said| self.plan.money_in(&said.text)).take(MOST).collect();
        let mut answers = Vec::new();
        for amount in amounts {
            if fee.is_none() {
                let mapping = Mapping { connection_fee: Some(amount.0), ..nothing.clone() };
                answers.push(Answer::new(format!("the fee for each call is {amount}"), mapping));
            }
            if minimum.is_none() {
                let mapping = Mapping { minimum_charge: Some(amount.0), ..nothing.clone() };
                answers.push(Answer::new(format!("the minimum charge for each call is {amount}"), mapping));
            }
        }
        answers
    }

    /// The answers that remove or block codes with remarks, or destinations that sentences mention.
    fn offered_ends(&self, risks: &[Said], places: &Places, nothing: &Mapping) -> Vec<Answer> {
        let ends = |said: &&Said| mentions_end(&said.text) && self.status(&said.text).is_none();
        let answer = |rule, text: &str| {
            let mut mapping = nothing.clone();
            for said in risks.iter().filter(ends).take(MAX_LISTED) {
                match said.place {
                    Place::Remark => drop(mapping.statuses.insert(said.text.clone(), rule)),
                    _ => mapping
                        .destinations
                        .extend(places.of_text(&said.text).into_iter().map(|place| (place, rule))),
                }
            }
            let any = !mapping.statuses.is_empty() || !mapping.destinations.is_empty();
            any.then(|| Answer::new(format!("these texts mean that the codes are {text}"), mapping))
        };
        let answers = [answer(StatusRule::Remove, "removed"), answer(StatusRule::Block, "blocked")];
        answers.into_iter().flatten().collect()
    }

    /// Whether a line says with which digits mobile numbers begin, and the reader used it.
    fn has_kinds(&self) -> bool {
        self.deck.detected.iter().any(|detected| detected.value == KINDS)
    }

    /// Whether some rows have no increments of their own.
    fn lacks_increments(&self) -> bool {
        self.defaulted > 0
    }

    fn note_question(&self, risks: &[Said], places: &Places) -> Question {
        let shown: Vec<String> = risks
            .iter()
            .take(MAX_SHOWN)
            .map(|said| match said.sheet.is_empty() {
                true => format!("line {}: {:?}", said.line, said.text),
                false => format!("sheet {:?}, line {}: {:?}", said.sheet, said.line, said.text),
            })
            .collect();
        let more = match risks.len().saturating_sub(MAX_SHOWN) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let dates = self.offered_dates(risks, places);
        let harmless: Vec<String> = match risks.len() > MAX_LISTED {
            true => vec![ALL.to_owned()],
            false => risks.iter().map(|said| said.text.clone()).collect(),
        };
        let nothing = Mapping { harmless, ..Mapping::default() };
        let mut answers = vec![Answer::new("these texts change nothing", nothing.clone())];
        for (initial, increment) in self.offered_increments(risks) {
            let mapping =
                Mapping { initial_increment: Some(initial), increment: Some(increment), ..nothing.clone() };
            answers.push(Answer::new(format!("the increments are {initial}/{increment}"), mapping));
        }
        for date in dates {
            let mapping = Mapping { effective: Some(date), ..nothing.clone() };
            answers.push(Answer::new(format!("the prices begin on {date}"), mapping));
        }
        answers.extend(self.offered_fees(risks, &nothing));
        answers.extend(self.offered_changes(risks, &nothing));
        answers.extend(self.offered_ends(risks, places, &nothing));
        Question {
            code: "NOTE_UNREAD".into(),
            text: format!(
                "These texts may change prices, increments, dates or codes, but were not understood: {}{more}. Choose what they mean.",
                shown.join("; ")
            ),
            line: risks.first().map_or(0, |said| said.line),
            example: risks.first().map(|said| said.text.clone()).unwrap_or_default(),
            answers,
        }
    }

    /// The increments that the unread texts may name, if rows have none of their own.
    fn offered_increments(&self, risks: &[Said]) -> BTreeSet<(u32, u32)> {
        if !self.lacks_increments() {
            return BTreeSet::new();
        }
        risks.iter().filter_map(|said| risks::increments(&said.text)).collect()
    }

    /// Whether some rows have no date of their own.
    fn lacks_dates(&self) -> bool {
        let columns = &self.plan.columns;
        let priced = |row: Row<'_>| row.get(columns.price).contains(|letter: char| letter.is_ascii_digit());
        columns.first(Role::Effective).is_none()
            || self.plan.rows().any(|row| columns.is_undated(row) && priced(row))
    }
}

/// The answer that raises or lowers all prices by hundredths of a percent, in addition to another mapping.
pub(in crate::carrier_deck) fn change_answer(change: i32, other: Mapping) -> Answer {
    let rounding = Some(PriceRounding::HalfUp);
    let mapping = Mapping { price_change: Some(change), price_rounding: rounding, ..other };
    let (whole, part) = (change.abs() / 100, change.abs() % 100);
    let verb = if change < 0 { "lowered" } else { "raised" };
    Answer::new(format!("all prices are {verb} by {whole}.{part:02}%"), mapping)
}
