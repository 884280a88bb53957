//! Reads what a row does to its codes: set a price, remove them, or block them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::cells::{StatusRule, status};
use super::super::header::{Age, Meaning, Role, meaning, mentions_end, words};
use super::super::mapping::Mapping;
use super::super::numbers::amount;
use super::super::table::Row;
use super::super::{Answer, CellError, Confidence, Detected, Question};
use super::{Reader, is_true};
use crate::deck::{RowProblem, Severity};

/// Maximum number of unknown statuses that are asked about. A column with more unknown statuses is probably not a status column.
const MAX_STATUSES: usize = 20;

/// An unknown word in a column of statuses.
struct Unknown {
    cell: String,
    line: u64,
    /// Whether a row with the word has a price.
    priced: bool,
}

impl<'t> Reader<'_, 't> {
    /// The row's effect on its codes; `None` if its status is unknown.
    pub(super) fn change(&mut self, row: Row<'t>) -> Option<StatusRule> {
        if is_true(self.cell(row, Role::Blocked)) {
            return Some(StatusRule::Block);
        }
        if is_true(self.cell(row, Role::Removed)) {
            return Some(StatusRule::Remove);
        }
        let plan = self.plan;
        let columns = &plan.columns;
        let mut change = StatusRule::Keep;
        for column in columns.all(Role::Status).iter().copied() {
            match self.status(row.get(column)) {
                None if self.asks_statuses => {}
                None => {
                    let message = "The status is unknown.";
                    let remedy = "Give its meaning in the mapping: {\"statuses\": {\"word\": \"keep\"}}, or remove or block.";
                    self.problem(row, Some(column), CellError::new("STATUS_UNKNOWN", message, remedy));
                    return None;
                }
                Some(StatusRule::Keep) => {}
                Some(found) => change = found,
            }
        }
        // remarks are free text, so a remark counts only if it is a status word; the price cell may contain a status word, too
        let remarks = columns.all(Role::Comment).iter().chain(std::iter::once(&columns.price));
        for column in remarks {
            let text = row.get(*column);
            if text.contains(char::is_alphabetic) {
                if *column == columns.price && is_unavailable(text) {
                    change = StatusRule::Remove;
                    continue;
                }
                match self.status(text) {
                    Some(found) if found != StatusRule::Keep => change = found,
                    None if mentions_end(text) => self.warn_remark(row, *column),
                    _ => {}
                }
            }
        }
        Some(change)
    }

    /// Warns about a remark that mentions removal or blocking but is not a status word.
    fn warn_remark(&mut self, row: Row<'_>, column: usize) {
        self.deck.note(
            self.options.limits,
            RowProblem {
                line: row.line,
                column: self.plan.names.get(column).cloned(),
                severity: Severity::Warning,
                code: Cow::Borrowed("REMARK_UNREAD"),
                message:
                    "The remark may say that the code is removed or blocked, but the row is read as a price."
                        .to_owned(),
                value: Some(row.get(column).chars().take(80).collect()),
                remedy: Some("Read the remark, and remove or block the code if necessary.".to_owned()),
            },
        );
    }

    fn status(&self, text: &str) -> Option<StatusRule> {
        if text.is_empty() {
            return Some(StatusRule::Keep);
        }
        let wanted = words(text);
        let mapped = self.options.mapping.statuses.iter().find(|(word, _)| words(word) == wanted);
        match mapped {
            Some((_, rule)) => Some(*rule),
            None if !text.contains(char::is_alphabetic) => Some(StatusRule::Keep),
            None => status(text).or_else(|| self.statuses.get(&wanted).copied()),
        }
    }

    /// Finds the meaning of unknown statuses, or asks for it. If no row with a status has a price, the status removes
    /// codes. A "D" means a decrease if another status is a word for removed codes; otherwise, it may mean a decrease or a deletion.
    pub(super) fn find_statuses(&mut self) {
        let (unknown, removes) = self.unknown_statuses();
        let mut asked: Vec<Unknown> = Vec::new();
        let legend = self.legend(&unknown);
        for (word, found) in unknown {
            let rule = match () {
                () if legend.contains_key(&word) => legend[&word],
                () if !found.priced => StatusRule::Remove,
                () if word == ["d"] && self.lowers(&word) => StatusRule::Keep,
                () if removes && (word == ["d"] || word == ["c"]) => StatusRule::Keep,
                () => {
                    asked.push(found);
                    continue;
                }
            };
            let reason = match rule {
                _ if legend.contains_key(&word) => "A line above or below the rates explains it.",
                StatusRule::Keep if !removes => "Every row with this status has a lower price than before.",
                StatusRule::Keep => "Other rows have a word for removed codes.",
                StatusRule::Remove | StatusRule::Block => "No row with this status has a price.",
            };
            let value = format!("{}: {}", found.cell, rule_name(rule));
            self.deck.detected.push(Detected::new("status", value, reason, Confidence::Medium));
            self.statuses.insert(word, rule);
        }
        if asked.len() <= MAX_STATUSES && !asked.is_empty() {
            self.asks_statuses = true;
            self.ask_statuses(&asked);
        }
    }

    /// The meanings of unknown statuses according to a legend, such as "D = Decrease".
    fn legend(&self, unknown: &BTreeMap<Vec<String>, Unknown>) -> BTreeMap<Vec<String>, StatusRule> {
        let mut found = BTreeMap::new();
        if unknown.is_empty() {
            return found;
        }
        for note in self.plan.notes() {
            for part in note.text.split([',', ';', '/', '(', '\n']) {
                let Some((word, meaning)) = part.split_once(['=', ':', '–', '-', ')']) else { continue };
                let rule =
                    status(meaning.trim_matches([' ', '.', ')'])).filter(|_| !words(meaning).is_empty());
                if let (true, Some(rule)) = (unknown.contains_key(&words(word)), rule) {
                    found.insert(words(word), rule);
                }
            }
        }
        found
    }

    /// Whether the price in each row with the status is lower than the row's price in a column of old prices.
    fn lowers(&self, word: &[String]) -> bool {
        let plan = self.plan;
        let is_old = |name: &String| matches!(meaning(name), Meaning::Price(price) if matches!(price.age, Age::Old | Age::Current));
        let Some(old) = plan.names.iter().position(is_old).filter(|old| *old != plan.columns.price) else {
            return false;
        };
        let price = |row: Row<'_>, column: usize| amount(row.get(column), row.kind(column), plan.mark);
        let rows = (plan.start..plan.table.len()).filter_map(|index| plan.table.row(index));
        let mut marked = rows.filter(|row| {
            plan.columns.all(Role::Status).iter().any(|column| words(row.get(*column)) == word)
        });
        marked.all(|row| matches!((price(row, plan.columns.price), price(row, old)), (Some(new), Some(old)) if new < old))
    }

    /// The unknown statuses by their words, and whether a known status removes codes.
    fn unknown_statuses(&self) -> (BTreeMap<Vec<String>, Unknown>, bool) {
        let mut unknown: BTreeMap<Vec<String>, Unknown> = BTreeMap::new();
        let mut removes = false;
        let plan = self.plan;
        let price = plan.columns.price;
        for index in plan.start..plan.table.len() {
            let Some(row) = plan.table.row(index).filter(|row| !super::titles::is_title(plan, *row)) else {
                continue;
            };
            for column in plan.columns.all(Role::Status) {
                let cell = row.get(*column);
                match self.status(cell) {
                    Some(StatusRule::Remove) => removes = true,
                    Some(_) => {}
                    None if unknown.len() <= MAX_STATUSES => {
                        let new =
                            Unknown { cell: cell.chars().take(80).collect(), line: row.line, priced: false };
                        let known = unknown.entry(words(cell)).or_insert(new);
                        known.priced |= row.get(price).contains(|letter: char| matches!(letter, '1'..='9'));
                    }
                    None => {}
                }
            }
        }
        (unknown, removes)
    }

    /// Asks about one or two statuses in one question; asks about more than two statuses in separate questions.
    fn ask_statuses(&mut self, unknown: &[Unknown]) {
        const RULES: [StatusRule; 3] = [StatusRule::Keep, StatusRule::Remove, StatusRule::Block];
        let answer = |meanings: &[(&Unknown, StatusRule)]| {
            let text: Vec<String> = meanings
                .iter()
                .map(|(found, rule)| format!("{}: {}", found.cell, rule_text(*rule)))
                .collect();
            let statuses = meanings.iter().map(|(found, rule)| (found.cell.clone(), *rule)).collect();
            Answer::new(text.join("; "), Mapping { statuses, ..Mapping::default() })
        };
        for found in unknown.chunks(if unknown.len() <= 2 { 2 } else { 1 }) {
            let mut answers: Vec<Answer> = Vec::new();
            for rule in RULES {
                match found {
                    [one] => answers.push(answer(&[(one, rule)])),
                    [one, two] => answers.extend(RULES.map(|other| answer(&[(one, rule), (two, other)]))),
                    _ => {}
                }
            }
            let Some(first) = found.first() else { continue };
            self.deck.questions.push(Question {
                code: "STATUS".into(),
                text: "A status may keep, remove or block its code. Choose its meaning.".to_owned(),
                line: first.line,
                example: first.cell.clone(),
                answers,
            });
        }
    }
}

/// Whether a price cell says that the code is not offered.
fn is_unavailable(text: &str) -> bool {
    const TEXTS: &[&str] = &[
        "n a",
        "na",
        "not available",
        "no service",
        "not offered",
        "unavailable",
        "on request",
        "upon request",
        "no route",
        "none",
        "nil",
        "tba",
        "tbd",
        "call",
        "sur demande",
        "bajo demanda",
        "a consultar",
        "sob consulta",
        "auf anfrage",
        "su richiesta",
        "no disponible",
        "nao disponivel",
        "non disponible",
        "nicht verfugbar",
        "not supported",
        "consultar",
    ];
    TEXTS.contains(&words(text).join(" ").as_str())
}

fn rule_name(rule: StatusRule) -> &'static str {
    match rule {
        StatusRule::Keep => "keep",
        StatusRule::Remove => "remove",
        StatusRule::Block => "block",
    }
}

fn rule_text(rule: StatusRule) -> &'static str {
    match rule {
        StatusRule::Keep => "the row has the code's price",
        StatusRule::Remove => "the code is removed",
        StatusRule::Block => "the code is blocked",
    }
}
