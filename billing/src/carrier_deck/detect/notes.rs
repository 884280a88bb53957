//! Reads the lines above and below the rates: units, currencies, increments and dates that apply to all rows.

use std::collections::HashSet;

use super::super::cells::currencies;
use super::super::dates::is_month;
use super::super::header::{Role, Words, mentions_price, words};
use super::super::header_words::{ALL_PLACES, BILLS, EXCEPTS, FIXED, LOWER, MOBILE, PAYS};
use super::super::increments::{is_usual, times};
use super::super::table::Row;
use super::Plan;
use super::countries::countries;
use super::footnotes::ends_with;
use super::selectors::Selector;
use super::tokens::{Token, pairs, tokens};

/// This many rows at the end of the file are searched for notes.
const NOTES: usize = 20;
/// Maximum number of characters of a line that is searched for notes.
const MAX_NOTE_CHARS: usize = 1_000;
/// This many rows are searched for marks that refer to notes.
const MAX_MARKED: usize = 20_000;
/// Maximum number of destinations with increments of their own.
const MAX_EXCEPTIONS: usize = 100;

/// A sentence above or below the rates.
pub(in crate::carrier_deck) struct Note {
    pub(in crate::carrier_deck) line: u64,
    pub(in crate::carrier_deck) text: String,
}

/// The increments that the sentences above and below the rates name.
#[derive(Clone, Debug, Default)]
pub(in crate::carrier_deck) struct SaidIncrements {
    /// The first and the next increment of all destinations; several if the sentences contradict each other.
    pub(in crate::carrier_deck) general: Vec<(u32, u32)>,
    /// Increments that may be for destinations that the deck does not have.
    pub(in crate::carrier_deck) doubtful: Vec<(u32, u32)>,
    /// Increments for some destinations only: the first words of the destinations' names, and the increments.
    pub(in crate::carrier_deck) exceptions: Vec<(Vec<String>, (u32, u32))>,
    /// Increments for rows with a mark or with a value of a column.
    pub(in crate::carrier_deck) selected: Vec<(Selector, (u32, u32))>,
    /// The first sentence about increments.
    pub(in crate::carrier_deck) example: Option<(u64, String)>,
    /// The number of exceptions for destinations that the deck does not have.
    pub(in crate::carrier_deck) absent: usize,
    /// Whether a sentence gives increments to a country that the deck prices, but does not name in the same way.
    pub(in crate::carrier_deck) hidden: bool,
    /// Whether a sentence about increments was not understood.
    pub(in crate::carrier_deck) unread: bool,
}

impl Plan<'_> {
    /// The sentences above the header, and those in the short lines at the end of the file.
    pub(in crate::carrier_deck) fn notes(&self) -> Vec<Note> {
        let last = self.table.len().saturating_sub(NOTES).max(self.start);
        let below =
            (last..self.table.len()).filter_map(|index| self.table.row(index)).filter(|row| is_note(*row));
        let above = (0..self.above).filter_map(|index| self.table.row(index));
        above.chain(below).flat_map(sentences).collect()
    }

    /// Whether a note applies only to some rows: it begins with a mark such as `*`, and a cell in each of these rows ends with the same mark.
    pub(in crate::carrier_deck) fn is_marked(&self, text: &str) -> bool {
        mark_of(text).is_some_and(|mark| {
            self.rows()
                .take(MAX_MARKED)
                .any(|row| row.filled() > 2 && row.cells().any(|cell| ends_with(cell, mark)))
        })
    }

    /// The increments that the notes name. A note about payments is not about increments.
    pub(super) fn said_increments(&self) -> SaidIncrements {
        let mut said = SaidIncrements::default();
        // whether the notes are in a list, such as "Mexico 60/60" below the heading "Billing increments"
        let mut listed = false;
        let mut heading = None;
        let titled = |note: &Note| self.sections.values().any(|section| section.line == note.line);
        for note in self.notes().into_iter().filter(|note| !self.is_marked(&note.text) && !titled(note)) {
            let words = Words(words(&note.text));
            let paired = !pairs(&tokens(&note.text)).is_empty();
            let heads = words.0.len() <= 4
                && words.any(BILLS)
                && !paired
                && !words.any(PAYS)
                && spoken_increments(&note.text).is_none();
            if heads {
                heading = Some((note.line, note.text.chars().take(200).collect::<String>()));
            }
            listed = heads || listed && paired;
            if heads {
                continue;
            }
            if !listed {
                // a heading without a list below it counts as not understood
                if let Some(example) = heading.take()
                    && said.example.is_none()
                {
                    said.unread = true;
                    said.example = Some(example);
                }
            }
            if listed && paired {
                heading = None;
                self.read_increments(&note.text, &mut said);
                said.example.get_or_insert((note.line, note.text.chars().take(200).collect()));
                continue;
            }
            let measured = words.any(&["average", "acd", "asr", "maximum", "max", "limit"]);
            // "calls of less than 3 seconds are not charged"
            let bounded = !paired && words.any(LOWER);
            if !words.any(BILLS) || measured || bounded {
                continue;
            }
            // "Billing cycle: 15/15" is about invoices
            let pays = words.any(PAYS);
            if pays
                && pairs(&tokens(&note.text))
                    .iter()
                    .all(|pair| ![pair.initial, pair.next].iter().any(|time| matches!(time, 1 | 6 | 60)))
            {
                continue;
            }
            let count = |said: &SaidIncrements| {
                said.general.len()
                    + said.exceptions.len()
                    + said.doubtful.len()
                    + said.selected.len()
                    + said.absent
            };
            let before = count(&said);
            self.read_increments(&note.text, &mut said);
            let found = count(&said) > before;
            let unread = !found && speaks_of_increments(&words);
            said.unread |= unread;
            if found || unread {
                said.example.get_or_insert((note.line, note.text.chars().take(200).collect()));
            }
        }
        if let Some(example) = heading
            && said.example.is_none()
        {
            said.unread = true;
            said.example = Some(example);
        }
        // the increments of one country are not the increments of all rows
        said.unread |= said.hidden && said.doubtful.iter().any(|value| !said.general.contains(value));
        if said.general.is_empty() && !said.hidden {
            said.general = std::mem::take(&mut said.doubtful);
        }
        said
    }

    /// The increments that a sentence names, and the number of pairs like `30/6` in it.
    pub(in crate::carrier_deck) fn increments_of(&self, text: &str) -> (SaidIncrements, usize) {
        let mut said = SaidIncrements::default();
        self.read_increments(text, &mut said);
        (said, pairs(&tokens(text)).len())
    }

    /// Reads the increments of a sentence. If it has several pairs of increments, the parts between semicolons are read as separate sentences.
    fn read_increments(&self, text: &str, said: &mut SaidIncrements) {
        if pairs(&tokens(text)).len() > 1 && text.contains(';') {
            return text.split(';').for_each(|part| self.read_increments(part, said));
        }
        let tokens = tokens(text);
        let pairs = pairs(&tokens);
        if pairs.is_empty() {
            let selected = self.unit_selectors(&tokens);
            if let Some(found) = spoken_increments(text).filter(|_| !selected.is_empty()) {
                return said.selected.extend(selected.into_iter().map(|selector| (selector, found)));
            }
            if let Some(found) = spoken_increments(text)
                && !said.general.contains(&found)
            {
                said.general.push(found);
            }
            return;
        }
        if let Some(first) = pairs.first()
            && let Some((except, found)) = before_exception(text)
            && tokens[..first.start].iter().any(|token| token.is_word(&[except.as_str()]))
        {
            let value = (first.initial, first.next);
            match except.as_str() {
                // "only" and "unless" may be about anything
                "only" | "unless" => {}
                // "per second for Europe, all others 60/60": it is not clear which rows the first time is for
                "other" => said.general.extend([found, value].into_iter().filter(|_| found != value)),
                // "per second, except Mexico 60/60"
                _ if !said.general.contains(&found) => said.general.push(found),
                _ => {}
            }
        }
        let mut from = 0;
        for (at, pair) in pairs.iter().enumerate() {
            let end = pairs.get(at + 1).map_or(tokens.len(), |next| next.start);
            let before = &tokens[from..pair.start];
            let after = &tokens[pair.end..end];
            let excepted = before.iter().any(|token| token.is_word(EXCEPTS));
            from = pair.end;
            let mut listed = places(before);
            let mut names = self.known(&listed);
            // "60/60 for Cuba", "(60/60) applies to Cuba"
            let filler = |token: &&Token| {
                matches!(token, Token::Mark(_))
                    || token.is_word(&[
                        "applies", "apply", "is", "are", "used", "billing", "billed", "only", "valid",
                    ])
            };
            let skipped = after.iter().take_while(filler).count();
            if names.is_empty() && after.get(skipped).is_some_and(|token| token.is_word(FOR)) {
                let until =
                    after.iter().position(|token| token.is_word(EXCEPTS)).unwrap_or(after.len()).max(skipped);
                let named = places(&after[skipped..until]);
                names = self.known(&named);
                from = pair.end + until;
                if listed.is_empty() && named.iter().all(|place| !countries(place).is_empty()) {
                    listed = named;
                }
            }
            let value = (pair.initial, pair.next);
            for name in names.iter().take(MAX_EXCEPTIONS.saturating_sub(said.exceptions.len())) {
                said.exceptions.push((name.clone(), value));
            }
            if names.is_empty() && self.select(before, after, value, said) {
                continue;
            }
            // the destinations of an exception may be missing from the deck
            let unknown = names.is_empty() && !listed.is_empty();
            let hidden = self.hides(&listed, &names);
            let absent = unknown && !hidden && listed.iter().all(|place| !countries(place).is_empty());
            said.absent += usize::from(absent);
            said.hidden |= hidden;
            if hidden || names.is_empty() && !absent && !(excepted && unknown && at > 0) {
                let list = if unknown || hidden { &mut said.doubtful } else { &mut said.general };
                if !list.contains(&value) {
                    list.push(value);
                }
            }
        }
    }

    /// Adds the increments for the rows that a sentence selects by a mark or by a value. False if it selects none.
    fn select(
        &self,
        before: &[Token],
        after: &[Token],
        value: (u32, u32),
        said: &mut SaidIncrements,
    ) -> bool {
        let mut found = self.selectors(before);
        if found.is_empty() && after.first().is_some_and(|token| token.is_word(FOR)) {
            found = self.selectors(after);
        }
        let free = MAX_EXCEPTIONS.saturating_sub(said.selected.len());
        said.selected.extend(found.iter().take(free).map(|selector| (selector.clone(), value)));
        !found.is_empty()
    }

    /// The places that match a destination, country or network of the deck; see [`covers`].
    pub(super) fn known(&self, places: &[Vec<String>]) -> Vec<Vec<String>> {
        let begins = |place: &&Vec<String>| self.place_names().iter().any(|name| covers(place, name));
        places.iter().take(MAX_EXCEPTIONS).filter(begins).cloned().collect()
    }

    /// The words of each distinct name of a destination, country or network.
    fn place_names(&self) -> &[Vec<String>] {
        self.place_names.get_or_init(|| {
            let roles = [Role::Destination, Role::Country, Role::Network];
            let columns: Vec<usize> =
                roles.iter().flat_map(|role| self.columns.all(*role)).copied().collect();
            let mut seen: HashSet<&str> = HashSet::new();
            let rows = (self.start..self.table.len()).filter_map(|index| self.table.row(index));
            let cells = rows.flat_map(|row| columns.iter().map(move |column| row.get(*column)));
            cells.filter(|cell| seen.insert(cell)).map(words).collect()
        })
    }
}

/// The mark with which a note begins, such as `*` or `(1)`; the note applies to the cells that end with the mark.
pub(in crate::carrier_deck) fn mark_of(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let symbols = text
        .find(|letter: char| !matches!(letter, '*' | '†' | '‡' | '¹' | '²' | '³' | '⁴'))
        .unwrap_or(text.len());
    if symbols > 0 {
        return text.get(..symbols);
    }
    // "(1)", "1)", "a)", "[1]"
    let (inner, close) = match text.chars().next()? {
        '(' => (text.get(1..)?, ')'),
        '[' => (text.get(1..)?, ']'),
        _ => (text, ')'),
    };
    let (mark, _) = inner.split_once(close)?;
    let brackets = if inner.len() < text.len() { 2 } else { 1 };
    (mark.chars().count() == 1 && mark.chars().all(char::is_alphanumeric))
        .then(|| text.get(..mark.len() + brackets))
        .flatten()
}

/// Whether a sentence about a place applies to a destination: the destination's name begins with the place, or the place is a kind of line, as in
/// "mobile destinations". A destination that is not mobile counts as fixed.
pub(in crate::carrier_deck) fn covers(place: &[String], name: &[String]) -> bool {
    let only = |list: &[&str]| !place.is_empty() && place.iter().all(|word| list.contains(&word.as_str()));
    let is_mobile = || name.iter().any(|word| MOBILE.contains(&word.as_str()));
    match () {
        () if only(MOBILE) => is_mobile(),
        () if only(FIXED) => !name.is_empty() && !is_mobile(),
        () => name.starts_with(place),
    }
}

/// Whether a line below the rates is text. The delimiter of the file may have split the line.
fn is_note(row: Row<'_>) -> bool {
    let filled = row.filled();
    let words = row.cells().map(|cell| cell.split_whitespace().count()).sum::<usize>();
    filled <= 2 || words >= filled * 3
}

/// The sentences of a line. The delimiter of the file may have split a sentence, so the cells are joined.
pub(in crate::carrier_deck) fn sentences(row: Row<'_>) -> Vec<Note> {
    let mut text = String::new();
    for cell in row.cells().filter(|cell| !cell.is_empty()) {
        if !text.is_empty() {
            // "Currency: EUR" begins a sentence of its own
            let label = cell.contains(':') && !text.ends_with(':');
            text.push_str(match () {
                () if label => "\n",
                () if text.ends_with(':') || row.filled() == 2 && !cell.contains('=') => " ",
                () => ", ",
            });
        }
        text.extend(cell.chars().take(MAX_NOTE_CHARS));
    }
    split(&text).iter().map(|text| Note { line: row.line, text: text.trim().to_owned() }).collect()
}

/// The first and the next increment in a remark that names exactly one pair of increments, such as "billed 60/60".
pub(in crate::carrier_deck) fn increments_in(text: &str) -> Option<(u32, u32)> {
    if !text.contains(|letter: char| letter.is_ascii_digit()) || text.len() > MAX_NOTE_CHARS {
        return None;
    }
    let tokens = tokens(text);
    match pairs(&tokens).as_slice() {
        [pair] if pair.end - pair.start == tokens.len() || Words(words(text)).any(BILLS) => {
            Some((pair.initial, pair.next))
        }
        _ => None,
    }
}

/// Splits a text after points that end sentences. A point after a short word may belong to an abbreviation.
fn split(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut word = 0;
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        // "15. 12. 2026" is a date
        let next: String =
            letters.clone().skip(1).take_while(|next| next.is_alphanumeric()).take(20).collect();
        let dated = next.starts_with(|next: char| next.is_ascii_digit()) || is_month(&next);
        let within = letter == '.' && before.is_ascii_digit() && dated;
        before = letter;
        let ends = letter == '\n'
            || letter == '|'
            || matches!(letter, '.' | '!')
                && word != 1
                && word != 2
                && word != 3
                && letters.peek() == Some(&' ')
                && !within;
        if ends {
            found.push(String::new());
            word = 0;
            continue;
        }
        word = if letter.is_alphabetic() { word + 1 } else { 0 };
        if let Some(last) = found.last_mut() {
            last.push(letter);
        }
    }
    found.retain(|text| !text.trim().is_empty());
    found
}

/// The first word for an exception in a sentence, and the increments in words before it.
fn before_exception(text: &str) -> Option<(String, (u32, u32))> {
    let all = words(text);
    let at = all.iter().position(|word| EXCEPTS.contains(&word.as_str()))?;
    Some((all.get(at)?.clone(), spoken_increments(&all.get(..at)?.join(" "))?))
}

/// Words that come before the destinations to which increments apply.
const FOR: &[&str] =
    &["for", "para", "pour", "per", "fur", "por", "in", "to", "on", "vers", "nach", "bei", "em", "en"];

/// The names in a list of destinations.
fn places(tokens: &[Token]) -> Vec<Vec<String>> {
    const AND: &[&str] = &["and", "y", "e", "et", "und", "or", "o"];
    let mut found: Vec<Vec<String>> = vec![Vec::new()];
    for token in tokens {
        match token {
            Token::Word(word) if AND.contains(&word.as_str()) => found.push(Vec::new()),
            Token::Word(word) => {
                let word = word.as_str();
                let plain = [BILLS, EXCEPTS, ALL_PLACES, FOR].into_iter().all(|list| !list.contains(&word));
                if let Some(last) = found.last_mut().filter(|_| plain) {
                    last.push(word.to_owned());
                }
            }
            Token::Number(_) => {}
            Token::Mark(_) => found.push(Vec::new()),
        }
    }
    found.retain(|name| name.iter().any(|word| word.chars().count() > 1));
    found
}

/// Increments in words: "per second billing", "billed per minute", "minimum 30 seconds, then 6 seconds". A unit of time before the
/// billing word ("billing", "billed") counts as an increment only if a number also comes before that word, or if the unit is among the last three words
/// before it. Any other unit there belongs to the prices.
fn spoken_increments(text: &str) -> Option<(u32, u32)> {
    let all = words(text);
    let bills = |word: &String| BILLS.contains(&word.as_str());
    if let Some(exact) = all.iter().find_map(|word| match word.as_str() {
        "sekundengenau" | "sekundengenaue" | "sekundengenauer" | "sekundentakt" => Some((1, 1)),
        "minutengenau" | "minutentakt" => Some((60, 60)),
        _ => None,
    }) {
        return Some(exact);
    }
    let at = all.iter().position(bills)?;
    let (before, after) = all.split_at(at);
    let mut found = times(after, false).unwrap_or_default();
    let has_number = before.iter().any(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
    let near = before.get(before.len().saturating_sub(3)..).unwrap_or_default();
    let near = times(near, false).unwrap_or_default();
    if found.is_empty() {
        found = if has_number { times(before, false).unwrap_or_default() } else { near };
    } else if has_number && !near.is_empty() {
        // "60 seconds minimum billing, then 1 second"
        found.splice(0..0, near);
    }
    let value = match found.as_slice() {
        [(both, _)] => (*both, *both),
        [(first, _), (next, _)] if first >= next => (*first, *next),
        _ => return None,
    };
    (is_usual(value.0) && is_usual(value.1)).then_some(value)
}

/// Whether a sentence is about increments, even if the sentence names no increment that can be read.
fn speaks_of_increments(words: &Words) -> bool {
    const CLEAR: &[&str] = &[
        "increment",
        "increments",
        "taktung",
        "takt",
        "palier",
        "paliers",
        "cadence",
        "cadencia",
        "incremento",
        "incrementos",
        "granularity",
        "rounding",
        "redondeo",
        "arrondi",
        "scatti",
        "fraccion",
    ];
    const UNITS: &[&str] =
        &["second", "seconds", "minute", "segundo", "segundos", "minuto", "seconde", "secondo", "sekunde"];
    words.any(CLEAR)
        || words.any(BILLS) && words.any(UNITS) && !words.any(&["per", "por", "par", "pro", "al"])
}

/// Whether a line names the unit of time that prices cover. The length of a billing increment says nothing about prices.
pub(super) fn is_unit_note(text: &str) -> bool {
    const CURRENCY_NAMES: &[&str] = &[
        "euro", "euros", "dollar", "dollars", "dolar", "dolares", "pounds", "pesos", "reais", "real",
        "franken", "pence", "cents", "francs",
    ];
    const PER: &[&str] = &["per", "por", "par", "pro", "al", "za", "na", "mil", "a"];
    let words = Words(words(text));
    let priced = !currencies(text).is_empty() || words.any(CURRENCY_NAMES) || mentions_price(text);
    let rated = words.any(&[
        "price", "prices", "rate", "rates", "precios", "precio", "tarifas", "prix", "preise", "prezzi",
        "precos",
    ]);
    priced && (rated || !words.any(BILLS)) && (words.any(PER) || text.contains('/'))
}
