//! Reads increments and free seconds.

use std::collections::BTreeMap;

use super::super::detect::{covers, increments_in};
use super::super::header::{Role, words};
use super::super::increments::{Doubt, Increments};
use super::super::mapping::Mapping;
use super::super::table::{Kind, Row};
use super::super::{Answer, CellError, Confidence, Detected, Question};
use super::Reader;

/// Maximum number of different texts in the column of increments that are asked about.
const MAX_STEPS: usize = 2;
/// A longer text in the column of increments is an error.
const MAX_STEP_CHARS: usize = 80;

impl Reader<'_, '_> {
    pub(super) fn increments(&mut self, row: Row<'_>, name: &str) -> Option<Increments> {
        let plan = self.plan;
        let columns = &plan.columns;
        let remarked = columns.all(Role::Comment).iter().find_map(|column| increments_in(row.get(*column)));
        let noted = || plan.footnotes_of(row).into_iter().find_map(|note| note.increments);
        let said = remarked.or_else(noted).or_else(|| self.said_for(row, name));
        let (initial, next) = said.unwrap_or_else(|| self.defaults());
        let lacking = u64::from(said.is_none() && self.section_increments.is_none());
        if let Some(column) = columns.first(Role::Increment) {
            return match row.get(column) {
                "" | "-" => {
                    self.defaulted += lacking;
                    Some(Increments { initial, next, free: None })
                }
                cell => self.increment_cell(row, column, cell).map(|found| self.in_seconds(column, found)),
            };
        }
        // a minimum of 0 seconds means that there is no minimum
        let minimum = columns.first(Role::InitialIncrement).filter(|column| row.get(*column) != "0");
        let first = self.seconds(row, minimum)?;
        let following = self.seconds(row, columns.first(Role::NextIncrement))?;
        self.defaulted += if first.is_none() && following.is_none() { lacking } else { 0 };
        match (first, following) {
            (Some(initial), Some(next)) => Some(Increments { initial, next, free: None }),
            (Some(both), None) => Some(Increments { initial: both, next: both, free: None }),
            (None, Some(both)) => Some(Increments { initial: both, next: both, free: None }),
            (None, None) => Some(Increments { initial, next, free: None }),
        }
    }

    /// The increments for a destination, as stated in the lines above or below the rates.
    fn said_for(&self, row: Row<'_>, name: &str) -> Option<(u32, u32)> {
        let said = &self.plan.said;
        let selected = said.selected.iter().find(|(selector, _)| selector.selects(row));
        if let Some((_, increments)) = selected {
            return Some(*increments);
        }
        if said.exceptions.is_empty() {
            return None;
        }
        let name = words(name);
        let matching = said.exceptions.iter().filter(|(place, _)| covers(place, &name));
        matching.max_by_key(|(place, _)| place.len()).map(|(_, value)| *value)
    }

    pub(super) fn increment_cell(&mut self, row: Row<'_>, column: usize, cell: &str) -> Option<Increments> {
        match Increments::read(cell, row.kind(column), self.options.mapping.increment_order) {
            Ok(found) => Some(found),
            Err(Doubt::Order) => {
                self.ask("INCREMENT_ORDER", row, column);
                None
            }
            Err(Doubt::Error(error)) => {
                let wanted = words(cell);
                let texts = &self.options.mapping.increment_texts;
                let known =
                    texts.iter().find(|(text, _)| words(text) == wanted).map(|(_, value)| value.as_str());
                if let Some(Ok(found)) = known.map(|value| Increments::read(value, Kind::Text, None)) {
                    return Some(found);
                }
                if self.asks_about_steps(row, cell) {
                    return None;
                }
                self.problem(row, Some(column), error);
                None
            }
        }
    }

    /// Remembers a text in the column of increments, to ask for its meaning. False if there are too many texts, or if the cell is not a text.
    fn asks_about_steps(&mut self, row: Row<'_>, cell: &str) -> bool {
        if !cell.contains(char::is_alphabetic) || cell.chars().count() > MAX_STEP_CHARS {
            return false;
        }
        let known = self.unknown_steps.iter().any(|(_, text)| text == cell);
        if !known && self.unknown_steps.len() < MAX_STEPS {
            self.unknown_steps.push((row.line, cell.to_owned()));
            return true;
        }
        known
    }

    /// Asks for the increments that the unknown texts in the column of increments name.
    pub(super) fn ask_about_steps(&mut self) {
        const USUAL: &[&str] = &["1/1", "60/60", "60/1", "30/6", "6/6", "30/30"];
        let texts = std::mem::take(&mut self.unknown_steps);
        let Some((line, example)) = texts.first().cloned() else { return };
        let mut answers = vec![(String::new(), BTreeMap::new())];
        for (_, text) in &texts {
            let with = |(shown, chosen): &(String, BTreeMap<String, String>), value: &str| {
                let mut chosen = chosen.clone();
                chosen.insert(text.clone(), value.to_owned());
                let mark = if shown.is_empty() { "" } else { "; " };
                (format!("{shown}{mark}{text}: {value}"), chosen)
            };
            answers = answers
                .iter()
                .flat_map(|one| USUAL.iter().map(|value| with(one, value)).collect::<Vec<_>>())
                .collect();
        }
        let answer =
            |(text, increment_texts)| Answer::new(text, Mapping { increment_texts, ..Mapping::default() });
        self.deck.questions.push(Question {
            code: "INCREMENT_TEXT".into(),
            text: "A text in the column of increments was not understood. Choose the increments.".to_owned(),
            line,
            example,
            answers: answers.into_iter().map(answer).collect(),
        });
    }

    /// Converts increments to seconds in two cases: the column's name says milliseconds, and both increments are whole seconds; or the name says
    /// minutes, as in "Increment (min)", and the first increment is at most 3.
    fn in_seconds(&self, column: usize, found: Increments) -> Increments {
        let name = self.plan.names.get(column).map_or("", String::as_str);
        let minutes = name.contains("(min)")
            || words(name)
                .iter()
                .any(|word| matches!(word.as_str(), "minutes" | "minutos" | "minuten" | "minuti"));
        let thousandths = words(name)
            .iter()
            .any(|word| matches!(word.as_str(), "ms" | "msec" | "millisecond" | "milliseconds"));
        if thousandths && found.initial.is_multiple_of(1_000) && found.next.is_multiple_of(1_000) {
            return Increments { initial: found.initial / 1_000, next: found.next / 1_000, ..found };
        }
        match minutes && found.initial <= 3 {
            true => Increments { initial: found.initial * 60, next: found.next * 60, ..found },
            false => found,
        }
    }

    /// One increment; `Some(None)` if the column or cell is empty.
    pub(super) fn seconds(&mut self, row: Row<'_>, column: Option<usize>) -> Option<Option<u32>> {
        let Some(column) = column.filter(|column| !row.get(*column).is_empty()) else { return Some(None) };
        match Increments::read(row.get(column), row.kind(column), None) {
            Ok(found) if found.initial == found.next && found.free.is_none() => {
                Some(Some(self.in_seconds(column, found).initial))
            }
            _ => {
                let message = "The increment is not a number of seconds between 1 and 86400.";
                self.problem(
                    row,
                    Some(column),
                    CellError::new("INCREMENT_INVALID", message, "Correct the increment."),
                );
                None
            }
        }
    }

    pub(super) fn free_seconds(&mut self, row: Row<'_>) -> Option<u32> {
        let Some(column) =
            self.plan.columns.first(Role::FreeSeconds).filter(|column| !row.get(*column).is_empty())
        else {
            return Some(0);
        };
        let cell = row.get(column);
        let number =
            if cell.len() <= 5 && row.kind(column) != Kind::Date { cell.parse::<u32>().ok() } else { None };
        if number.is_none() {
            let message = "The cell is not a number of seconds.";
            self.problem(row, Some(column), CellError::new("NOT_A_NUMBER", message, "Correct the cell."));
        }
        number
    }

    /// Reports the increments that sentences name for destinations, if no row needs other increments.
    fn describe_exceptions(&mut self) {
        let said = self.plan.said.exceptions.iter().take(20);
        let shown: Vec<String> =
            said.map(|(place, (initial, next))| format!("{} {initial}/{next}", place.join(" "))).collect();
        if !shown.is_empty() {
            let reason = "A line above or below the rates names them.";
            self.deck.detected.push(Detected::new("increments", shown.join(", "), reason, Confidence::High));
        }
    }

    /// Reports which increments the rows without increments get. If no column has increments, and the lines above and below the rates mention
    /// increments without stating them clearly, the user is asked.
    pub(super) fn describe_increments(&mut self) {
        if self.defaulted == 0 {
            return self.describe_exceptions();
        }
        let mapping = self.options.mapping;
        let mapped = mapping.initial_increment.is_some() || mapping.increment.is_some();
        let said = &self.plan.said;
        let (initial, next) = self.defaults();
        let columns = &self.plan.columns;
        let has_column = [Role::Increment, Role::InitialIncrement, Role::NextIncrement]
            .iter()
            .any(|role| columns.first(*role).is_some());
        if let (Some((line, text)), false, false) =
            (&said.example, mapped || has_column, said.general.len() == 1 && !said.unread)
        {
            let question = increments_question(*line, text, &said.general);
            self.deck.questions.push(question);
            return;
        }
        let mut value = format!("{initial}/{next}");
        for (place, (initial, next)) in &said.exceptions {
            value.push_str(&format!(", {} {initial}/{next}", place.join(" ")));
        }
        let (reason, confidence) = match said.general.len() == 1 && !mapped {
            true => ("A line above or below the rates names them.".to_owned(), Confidence::High),
            false => (
                format!("{} rows have no increments. A mapping can set other increments.", self.defaulted),
                Confidence::Low,
            ),
        };
        self.deck.detected.push(Detected::new("increments", value, reason, confidence));
    }
}

/// Asks for the increments of the whole deck.
fn increments_question(line: u64, text: &str, said: &[(u32, u32)]) -> Question {
    const USUAL: [(u32, u32); 5] = [(1, 1), (60, 60), (30, 6), (60, 1), (6, 6)];
    let choices = if said.len() > 1 { said } else { &USUAL };
    let answer = |(initial, next): &(u32, u32)| {
        let mapping =
            Mapping { initial_increment: Some(*initial), increment: Some(*next), ..Mapping::default() };
        Answer::new(format!("{initial}/{next}"), mapping)
    };
    Question {
        code: "INCREMENTS".into(),
        text: "No column has increments, but a line above or below the rates mentions them. Choose the increments.".to_owned(),
        line,
        example: text.to_owned(),
        answers: choices.iter().map(answer).collect(),
    }
}
