//! Reads what a row does to its codes: set a price, remove them, or block them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::super::cells::{StatusRule, status};
use super::super::dates::dates_in;
use super::super::detect::{date_of, said_date};
use super::super::header::{Age, Meaning, Role, Words, meaning, mentions_end, without_articles, words};
use super::super::header_words::{BLOCK, END, NOTICE, PRICE, REMOVE, STATUS};
use super::super::mapping::Mapping;
use super::super::numbers::amount;
use super::super::table::Row;
use super::super::{Answer, CellError, Confidence, Detected, Question};
use super::dates::has_no_end;
use super::texts::is_unavailable;
use super::{Reader, is_true};
use crate::deck::{RowProblem, Severity};

/// Maximum number of unknown statuses that are asked about. A column with more unknown statuses is probably not a status column.
const MAX_STATUSES: usize = 20;

/// A longer text is not a status with a date.
const MAX_SINCE: usize = 60;

/// Maximum number of texts whose meaning is kept.
const MAX_KNOWN: usize = 1_000;

/// An unknown word in a column of statuses.
struct Unknown {
    cell: String,
    line: u64,
    /// Whether a row with the word has a price.
    priced: bool,
    /// Whether each row with the word has a day on which its price ends.
    ends: bool,
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
                // the price holds until its last day
                Some(StatusRule::Remove) if self.ends_later(row, row.get(column)) => {}
                Some(found) => change = found,
            }
        }
        if change == StatusRule::Keep
            && let Some(noted) = plan.footnotes_of(row).into_iter().find_map(|note| note.change)
        {
            change = noted;
        }
        // remarks are free text, so a remark counts only if it is a status word; the price cell may contain a status word, too
        let remarks = columns.all(Role::Comment).iter().chain(std::iter::once(&columns.price));
        for column in remarks {
            let text = row.get(*column);
            if *column == columns.price && change == StatusRule::Keep && self.is_blocked_price(row) {
                change = StatusRule::Block;
                continue;
            }
            if *column == columns.price && is_unavailable(text) {
                change = StatusRule::Remove;
                continue;
            }
            if text.contains(char::is_alphabetic) {
                match self.status(text) {
                    Some(found) if found != StatusRule::Keep => change = found,
                    None if *column == columns.price && self.no_prices.contains(&words(text)) => {
                        self.texts.insert(text.chars().take(40).collect());
                        if change == StatusRule::Keep {
                            change = StatusRule::Remove;
                        }
                    }
                    None if mentions_end(text) => self.warn_remark(row, *column),
                    _ => {}
                }
            }
        }
        let unpriced = change == StatusRule::Keep && row.get(columns.price).is_empty();
        if unpriced && self.section.is_none() {
            return Some(self.empty_price(row).unwrap_or(change));
        }
        Some(self.section.filter(|_| unpriced).unwrap_or(change))
    }

    /// Remembers what a title says about the codes below it: "Deleted codes", "E. Destinations closed".
    pub(super) fn enter(&mut self, row: Row<'_>) {
        if row.filled() > 1 {
            return;
        }
        let title = row.cells().find(|cell| !cell.is_empty()).unwrap_or_default();
        let ended = self.section.is_some();
        self.section = section(title);
        let day = |date: String| date_of(&date, self.plan.order).ok().flatten();
        let date = said_date(title).and_then(day);
        self.closing_date = self.section.and_then(|_| closing_date(title)).and_then(day);
        // "Unchanged rates" begins a section, but "France" does not
        let begins =
            self.section.is_some() || Words(words(title)).any(PRICE) || Words(words(title)).any(STATUS);
        // the day on which codes are closed says nothing about the rows below the next title
        self.section_date = if begins || ended { date } else { date.or(self.section_date) };
    }

    /// Whether the row has a price that ends after the day of the import. False if the mapping has a meaning for the status.
    fn ends_later(&self, row: Row<'_>, status: &str) -> bool {
        let mapped = self.options.mapping.statuses.keys().any(|word| words(word) == words(status));
        let priced = row.get(self.plan.columns.price).contains(|letter: char| matches!(letter, '1'..='9'));
        let ends =
            self.plan.columns.first(Role::Ends).map(|column| date_of(row.get(column), self.plan.order));
        let later = matches!((ends, self.options.today), (Some(Ok(Some(end))), Some(today)) if end > today);
        !mapped && priced && later
    }

    /// Whether the price is -1, which some switches write for a blocked code.
    fn is_blocked_price(&self, row: Row<'_>) -> bool {
        let price = self.plan.columns.price;
        row.get(price).starts_with('-')
            && amount(row.get(price), row.kind(price), self.plan.mark) == Some(-1_000_000)
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

    pub(super) fn status(&self, text: &str) -> Option<StatusRule> {
        if text.is_empty() {
            return Some(StatusRule::Keep);
        }
        // most rows have one of a few statuses
        if let Some(known) = self.known_statuses.borrow().get(text) {
            return *known;
        }
        let found = self.find_status(text);
        let mut known = self.known_statuses.borrow_mut();
        if known.len() < MAX_KNOWN {
            known.insert(text.to_owned(), found);
        }
        found
    }

    fn find_status(&self, text: &str) -> Option<StatusRule> {
        let wanted = words(text);
        let mapped = self.options.mapping.statuses.iter().find(|(word, _)| words(word) == wanted);
        match mapped {
            Some((_, rule)) => Some(*rule),
            None if !text.contains(char::is_alphabetic) => Some(StatusRule::Keep),
            None => status(text)
                .or_else(|| self.statuses.get(&wanted).copied())
                .or_else(|| self.status_since(text)),
        }
    }

    /// The meaning of a status with the day of its beginning, such as "Suspended w.e.f. 28-Nov-26"; `None` if that day is in the future.
    fn status_since(&self, text: &str) -> Option<StatusRule> {
        const SINCE: &[&str] = &[
            "w",
            "e",
            "f",
            "wef",
            "from",
            "as",
            "of",
            "on",
            "since",
            "effective",
            "eff",
            "ab",
            "seit",
            "zum",
            "per",
            "am",
            "desde",
            "el",
            "le",
            "depuis",
            "du",
            "au",
            "a",
            "partir",
            "de",
            "em",
            "dal",
            "il",
            "od",
            "dne",
            "с",
            "от",
            "fra",
            "fran",
            "den",
            "vanaf",
            "itibaren",
        ];
        if !mentions_end(text) || text.chars().count() > MAX_SINCE {
            return None;
        }
        let dates = dates_in(text);
        let [date] = dates.as_slice() else { return None };
        let day = date_of(date, self.plan.order).ok().flatten()?;
        let rest = text.replacen(date.as_str(), " ", 1);
        let left: Vec<String> =
            words(&rest).into_iter().filter(|word| !SINCE.contains(&word.as_str())).collect();
        let begun = self.options.today.is_some_and(|today| day <= today);
        let rule = status(&left.join(" ")).filter(|rule| *rule != StatusRule::Keep);
        rule.filter(|_| begun && !left.is_empty())
    }

    /// Finds the meaning of unknown statuses, or asks for it. If none of the rows with a particular status has a price, that status
    /// means that their codes are removed. A "D" means a decrease if another status is a word for removed codes; otherwise, it may mean a decrease or
    /// a deletion.
    pub(super) fn find_statuses(&mut self) {
        let (unknown, removes) = self.unknown_statuses();
        let mut asked: Vec<Unknown> = Vec::new();
        let legend = self.legend(&unknown);
        let separated = self.plan.columns.status_is_found || self.separates_prices();
        // "D" may mean a decrease or a deletion; a column without a name for statuses has other short words
        let shortest = if self.plan.columns.status_is_found { 2 } else { 3 };
        let listed = self.lists_actions();
        for (word, found) in unknown {
            let rule = match () {
                () if listed && word == ["d"] => StatusRule::Remove,
                () if legend.contains_key(&word) => legend[&word],
                () if !found.priced => StatusRule::Remove,
                () if found.ends || separated && word.concat().chars().count() >= shortest => {
                    StatusRule::Keep
                }
                () if self.changes_price(&word) || word == ["baja"] && self.has_rises() => StatusRule::Keep,
                () if removes && (word == ["d"] || word == ["c"]) => StatusRule::Keep,
                () => {
                    asked.push(found);
                    continue;
                }
            };
            let reason = match rule {
                _ if listed && word == ["d"] => {
                    "The column's name lists letters for adding, deleting and updating."
                }
                _ if legend.contains_key(&word) => "A line above or below the rates explains it.",
                StatusRule::Keep if found.ends => "Every row with this status has a last day.",
                StatusRule::Keep if separated => {
                    "Every row with this status has a price, and rows without a price have other statuses."
                }
                StatusRule::Keep if self.changes_price(&word) => {
                    "Every row with this status has a new price beside the old one."
                }
                StatusRule::Keep if word == ["baja"] => "Other rows have words for higher or equal prices.",
                StatusRule::Keep => "Other rows have a word for removed codes.",
                StatusRule::Remove | StatusRule::Block => "No row with this status has a price.",
            };
            let value = format!("{}: {}", found.cell, rule_name(rule));
            self.deck.detected.push(Detected::new("status", value, reason, Confidence::Medium));
            self.statuses.insert(word, rule);
        }
        self.known_statuses.get_mut().clear();
        if asked.len() <= MAX_STATUSES && !asked.is_empty() {
            self.asks_statuses = true;
            self.ask_statuses(&asked);
        }
    }

    /// Whether the name of the column of statuses lists letters of actions: "Action [A|D|U]".
    fn lists_actions(&self) -> bool {
        let columns = self.plan.columns.all(Role::Status);
        columns.iter().any(|column| {
            let name = self.plan.names.get(*column).map(|name| words(name)).unwrap_or_default();
            ["a", "d", "u"].iter().all(|letter| name.iter().any(|word| word == letter))
        })
    }

    /// Whether the statuses are about the change of prices: some say that prices rise or stay, and none says that a code is new ("alta").
    fn has_rises(&self) -> bool {
        let all: BTreeSet<String> = self
            .plan
            .rows()
            .flat_map(|row| {
                self.plan.columns.all(Role::Status).iter().flat_map(move |column| words(row.get(*column)))
            })
            .take(10_000)
            .collect();
        let any = |list: &[&str]| list.iter().any(|word| all.contains(*word));
        any(&["sube", "suben", "aumento", "aumenta", "subida", "igual", "alza", "incremento"])
            && !any(&["alta", "altas"])
    }

    /// The meanings of unknown statuses according to a legend, such as "D = Decrease".
    fn legend(&self, unknown: &BTreeMap<Vec<String>, Unknown>) -> BTreeMap<Vec<String>, StatusRule> {
        let mut found = BTreeMap::new();
        if unknown.is_empty() {
            return found;
        }
        for note in self.plan.notes() {
            for part in note.text.split([',', ';', '/', '(', '\n']) {
                let part = part.trim();
                let spaced = part.split_once(' ').filter(|(word, _)| unknown.contains_key(&words(word)));
                let Some((word, meaning)) = spaced.or_else(|| part.split_once(['=', ':', '–', '-', ')']))
                else {
                    continue;
                };
                let meaning = meaning.trim_start_matches(['=', ':', '–', '-', ' ']);
                let rule =
                    status(meaning.trim_matches([' ', '.', ')'])).filter(|_| !words(meaning).is_empty());
                if let (true, Some(rule)) = (unknown.contains_key(&words(word)), rule) {
                    found.insert(words(word), rule);
                }
            }
        }
        found
    }

    /// Whether the prices of all rows with the status are lower, or all are higher, than in a column of old prices.
    fn changes_price(&self, word: &[String]) -> bool {
        let plan = self.plan;
        let is_old = |name: &String| matches!(meaning(name), Meaning::Price(price) if matches!(price.age, Age::Old | Age::Current));
        let Some(old) = plan.names.iter().position(is_old).filter(|old| *old != plan.columns.price) else {
            return false;
        };
        let price = |row: Row<'_>, column: usize| amount(row.get(column), row.kind(column), plan.mark);
        let rows = (plan.start..plan.table.len()).filter_map(|index| plan.table.row(index));
        let marked = rows.filter(|row| {
            plan.columns.all(Role::Status).iter().any(|column| words(row.get(*column)) == word)
        });
        let change = |row| Some(price(row, plan.columns.price)?.cmp(&price(row, old)?));
        let changes: Vec<_> = marked.map(change).collect();
        // "D" means a decrease or a deletion, but never an increase
        let rises = word != ["d"] && changes.iter().all(|change| *change == Some(Ordering::Greater));
        !changes.is_empty() && (rises || changes.iter().all(|change| *change == Some(Ordering::Less)))
    }

    /// Whether every row without a price has a status that no row with a price has.
    fn separates_prices(&self) -> bool {
        let plan = self.plan;
        let Some(column) = plan.columns.first(Role::Status) else { return false };
        let (mut priced, mut unpriced) = (BTreeSet::new(), BTreeSet::new());
        for index in plan.start..plan.table.len() {
            let Some(row) = plan.table.row(index).filter(|row| !super::titles::is_title(plan, *row)) else {
                continue;
            };
            let has_price = row.get(plan.columns.price).contains(|letter: char| matches!(letter, '1'..='9'));
            let found = if has_price { &mut priced } else { &mut unpriced };
            if found.len() <= MAX_STATUSES {
                found.insert(words(row.get(column)));
            }
        }
        !unpriced.is_empty() && !unpriced.contains(&Vec::new()) && priced.is_disjoint(&unpriced)
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
                        let (cell, line) = (cell.chars().take(80).collect(), row.line);
                        let new = Unknown { cell, line, priced: false, ends: true };
                        let known = unknown.entry(words(row.get(*column))).or_insert(new);
                        let end = self.text(row, Role::Ends);
                        known.ends &= !end.is_empty() && !has_no_end(end);
                        known.priced |= row.get(price).contains(|letter: char| matches!(letter, '1'..='9'));
                    }
                    None => {}
                }
            }
        }
        (unknown, removes)
    }

    /// Asks about the unknown statuses. If there are more than two, each answer keeps the codes of all statuses, or of all statuses except one.
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
        if unknown.len() > 2 {
            let all = |removed: Option<(usize, StatusRule)>| -> Vec<(&Unknown, StatusRule)> {
                let rule = |at: usize| {
                    removed.filter(|(removed, _)| *removed == at).map_or(StatusRule::Keep, |(_, rule)| rule)
                };
                unknown.iter().enumerate().map(|(at, found)| (found, rule(at))).collect()
            };
            let mut answers = vec![answer(&all(None))];
            for at in 0..unknown.len() {
                answers.extend(
                    [StatusRule::Remove, StatusRule::Block].map(|rule| answer(&all(Some((at, rule))))),
                );
            }
            self.deck.questions.push(status_question(&unknown[0], answers));
            return;
        }
        for found in unknown.chunks(2) {
            let mut answers: Vec<Answer> = Vec::new();
            for rule in RULES {
                match found {
                    [one] => answers.push(answer(&[(one, rule)])),
                    [one, two] => answers.extend(RULES.map(|other| answer(&[(one, rule), (two, other)]))),
                    _ => {}
                }
            }
            let Some(first) = found.first() else { continue };
            self.deck.questions.push(status_question(first, answers));
        }
    }
}

fn status_question(first: &Unknown, answers: Vec<Answer>) -> Question {
    Question {
        code: "STATUS".into(),
        text: "A status may keep, remove or block its code. Choose its meaning.".to_owned(),
        line: first.line,
        example: first.cell.clone(),
        answers,
    }
}

/// What a title says about the codes below it.
fn section(title: &str) -> Option<StatusRule> {
    let words = Words(without_articles(words(title)));
    let negated = words.any(&["not", "no", "non", "new", "open", "opened", "nicht", "sin", "sem", "sans"]);
    match () {
        () if words.0.len() > 10 || negated => None,
        () if words.any(REMOVE) => Some(StatusRule::Remove),
        () if words.any(BLOCK) => Some(StatusRule::Block),
        () => None,
    }
}

/// The day on which codes are closed, according to a title such as "The following codes will be closed on 7 December 2026"; `None` if the date may be a
/// last day, or the day of the notice.
fn closing_date(title: &str) -> Option<String> {
    const ON: &[&str] =
        &["on", "from", "since", "am", "zum", "per", "ab", "el", "em", "le", "du", "il", "dal", "with"];
    const UNTIL: &[&str] = &["til", "through", "thru", "before", "by", "last", "al", "do", "antes", "avant"];
    const CLOSED: &[&str] = &["discontinue", "discontinued", "withdrawal", "cessation", "baja", "expired"];
    let dates = dates_in(title);
    let [date] = dates.as_slice() else { return None };
    let (before, _) = title.split_once(date.as_str())?;
    let all = words(title);
    let last_day = all.iter().enumerate().any(|(at, word)| {
        // "codes to be closed"
        let purpose = word == "to" && all.get(at + 1).is_some_and(|next| next == "be");
        !purpose
            && !CLOSED.contains(&word.as_str())
            && [UNTIL, END, NOTICE].iter().any(|list| list.contains(&word.as_str()))
    });
    let head = words(before);
    let last = head.last()?;
    let closed = || REMOVE.contains(&last.as_str()) && before.ends_with(char::is_whitespace);
    (!last_day && (ON.contains(&last.as_str()) || closed())).then(|| date.clone())
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
