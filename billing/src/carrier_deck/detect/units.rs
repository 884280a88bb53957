//! Finds the unit of the prices: the time that a price covers, and whether prices are in the smaller unit of the currency.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cells::{
    PriceUnit, currencies, has_cents, is_cents, is_other_unit, is_pence, is_per_increment, unit,
};
use super::super::columns::explanation;
use super::super::header::{Role, Words, mentions_price, names_step, words};
use super::super::header_words::{
    BARE, BILLS, CURRENT, INTERVAL, NEW, OLD, PLAIN_PRICE, PRICE, TAX_NOTES, TAXES,
};
use super::super::mapping::Mapping;
use super::super::numbers::amount;
use super::super::{Answer, CarrierDeck, Confidence, Detected, MAX_COLUMNS, Options, Question};
use super::Plan;
use super::notes::is_unit_note;

/// The user is asked if prices seem to be in cents, but the median price of a minute, as written, is below this many millionths.
const LOW_CENTS: i64 = 100_000;

/// One unit of a currency, in millionths.
const ONE: i64 = 1_000_000;

impl Plan<'_> {
    pub(super) fn price_name(&self) -> &str {
        self.names.get(self.columns.price).map_or("", String::as_str)
    }

    /// Finds the unit from the header, the notes, and the mapping.
    pub(super) fn find_unit(&mut self, mapping: &Mapping, deck: &mut CarrierDeck) {
        let named = unit(self.price_name());
        let above = self.notes().iter().find_map(|note| {
            let text = before_billing(&note.text);
            is_unit_note(&text).then(|| unit(&text)).flatten()
        });
        let mapped = mapping.price_unit.map(|unit| match unit {
            PriceUnit::Minute => 60,
            PriceUnit::Hour => 3_600,
            PriceUnit::ThousandMinutes => 60_000,
            PriceUnit::Second | PriceUnit::Increment => 1,
        });
        if self.find_cycle(mapping, named.or(above).is_some(), deck) {
            return;
        }
        let (price_name, has_unit) = (self.price_name(), self.columns.first(Role::Unit).is_some());
        if mapped.is_none()
            && named.is_none()
            && above.is_none()
            && !has_unit
            && is_other_unit(price_name)
            && !names_step(price_name)
        {
            deck.questions.push(unit_question(
                "The price's column names a unit that is neither a minute nor a second.",
            ));
        }
        if mapped.is_none()
            && named.is_none()
            && above.is_none()
            && !has_unit
            && names_unknown_unit(price_name)
        {
            deck.questions.push(unit_question("The price's column may name a unit that is not known."));
        }
        let found = match (mapped, named, above) {
            (Some(unit), ..) => Some((unit, "The mapping says so.", Confidence::Certain)),
            (None, Some(unit), Some(other)) if unit != other => {
                deck.questions.push(unit_question("The header and another line name different units."));
                None
            }
            (None, Some(unit), _) => Some((unit, "The price's column says so.", Confidence::High)),
            (None, None, Some(unit)) => {
                Some((unit, "A line above or below the rates says so.", Confidence::High))
            }
            (None, None, None) => None,
        };
        self.units = self.find_units_of_rows();
        self.unit_is_known = found.is_some() || self.columns.first(Role::Unit).is_some();
        let (unit, reason, confidence) =
            found.unwrap_or((60, "Nothing in the file says otherwise.", Confidence::Low));
        self.unit = unit;
        deck.detected.push(Detected::new("price_unit", format!("{unit} seconds"), reason, confidence));
    }

    /// The meaning of each text in the column of units: the seconds that a price covers, and whether it is in the smaller unit of the currency. A line
    /// may explain the text, as in "k/s = kobo per second". Empty if the column has many different texts, if all rows have the same unit
    /// of money, or if a text names neither the currency nor its smaller unit.
    fn find_units_of_rows(&self) -> BTreeMap<String, (Option<u32>, bool)> {
        const MOST: usize = 20;
        let Some(column) = self.columns.first(Role::Unit) else { return BTreeMap::new() };
        let texts: BTreeSet<&str> = self
            .rows()
            .filter(|row| row.filled() > 2)
            .map(|row| row.get(column))
            .filter(|cell| !cell.is_empty())
            .collect();
        if texts.len() > MOST {
            return BTreeMap::new();
        }
        let notes = self.notes();
        let explains =
            |note: &super::notes::Note| texts.iter().any(|text| explanation(&note.text, text).is_some());
        if is_cents(self.price_name())
            || notes.iter().any(|note| is_cents_note(&note.text, false) && !explains(note))
        {
            return BTreeMap::new();
        }
        let explained =
            |text: &str| notes.iter().find_map(|note| explanation(&note.text, text)).unwrap_or_default();
        let meaning = |text: &str| {
            let explained = explained(text);
            let cents = is_cents(text) || is_cents(explained) || text.eq_ignore_ascii_case("k/s");
            (unit(text).or_else(|| unit(explained)), cents)
        };
        let found: BTreeMap<String, (Option<u32>, bool)> =
            texts.iter().map(|text| ((*text).to_owned(), meaning(text))).collect();
        let cents = found.values().filter(|(_, cents)| *cents).count();
        let named = |text: &str| names_money(text) || names_money_first(explained(text));
        let whole = found.iter().filter(|(_, (_, cents))| !cents).all(|(text, _)| named(text));
        if cents > 0 && cents < found.len() && whole { found } else { BTreeMap::new() }
    }

    /// Finds whether a price covers one increment, as in the exports of some switches. If the name of the column of increments is the only evidence
    /// for this, asks the user. Returns whether the unit was found or asked about.
    fn find_cycle(&mut self, mapping: &Mapping, has_unit: bool, deck: &mut CarrierDeck) -> bool {
        let steps =
            [Role::Increment, Role::NextIncrement].into_iter().find_map(|role| self.columns.first(role));
        let Some(step) = steps.filter(|_| !has_unit || mapping.price_unit.is_some()) else { return false };
        let reason = match mapping.price_unit {
            Some(PriceUnit::Increment) => "The mapping says so.",
            Some(_) => return false,
            None if self.columns.first(Role::Unit).is_some() => return false,
            None if is_per_increment(self.price_name()) => "The price's column says so.",
            None if self.notes().iter().any(|note| {
                (mentions_price(&note.text) || !note.text.is_ascii()) && is_per_increment(&note.text)
                    || is_per(&note.text, self.names.get(step).map_or("", String::as_str))
            }) =>
            {
                "A line above or below the rates says so."
            }
            None => {
                let name = self.names.get(step).map_or("", String::as_str);
                let cycle = Words(words(name)).any(&["cycle", "cycles", "ciclo"]) || name.contains("周期");
                let rows = || self.rows().filter(|row| !row.get(step).is_empty());
                let other = rows().take(MAX_COLUMNS).any(|row| {
                    row.get(step).bytes().all(|byte| byte.is_ascii_digit()) && row.get(step) != "60"
                });
                if cycle && other {
                    deck.questions.push(cycle_question(name));
                    return true;
                }
                return false;
            }
        };
        self.per_increment = true;
        self.unit_is_known = true;
        deck.detected.push(Detected::new("price_unit", "one increment", reason, Confidence::High));
        true
    }

    /// Finds whether prices are in the smaller unit of the currency, such as cents.
    pub(super) fn find_cents(&mut self, options: &Options<'_>, deck: &mut CarrierDeck) {
        self.places = self.places(options.currency);
        if !self.units.is_empty() && options.mapping.price_in_cents.is_none() {
            let shown: Vec<String> =
                self.units.iter().filter(|(_, (_, cents))| *cents).map(|(text, _)| text.clone()).collect();
            let reason = "The column with the unit of the prices says so.";
            deck.detected.push(Detected::new("price_in_cents", shown.join(", "), reason, Confidence::High));
            if options.mapping.fees_in_cents.is_none() {
                self.ask_about_fees(deck);
            }
            return;
        }
        if let Some(cents) = options.mapping.price_in_cents {
            self.cents = cents;
            deck.detected.push(Detected::mapped("price_in_cents", cents.to_string()));
            return;
        }
        let notes = self.notes();
        let pounds = options.currency.or(self.currency.as_deref()) == Some("GBP")
            || notes.iter().any(|note| note.text.contains('£') || currencies(&note.text).contains(&"GBP"));
        let name = self.price_name();
        let filled = || self.rows().map(|row| row.get(self.columns.price)).filter(|cell| !cell.is_empty());
        let cells = filled().take(MAX_COLUMNS).filter(|cell| has_cents(cell)).count();
        let said = notes.iter().find(|note| is_cents_note(&note.text, pounds));
        let units = self.columns.first(Role::Unit).is_some_and(|column| {
            let mut cells = self
                .rows()
                .map(|row| row.get(column))
                .filter(|cell| !cell.is_empty())
                .take(MAX_COLUMNS)
                .peekable();
            cells.peek().is_some() && cells.all(is_cents)
        });
        let named = is_cents(name) || pounds && (is_pence(name) || name.contains("(p)"));
        let reason = match () {
            () if named => "The price's column says so.",
            () if units => "The column with the unit of the prices says so.",
            () if cells > 0 && cells * 2 > filled().take(MAX_COLUMNS).count() => "The prices say so.",
            () if said.is_some() && currencies(name).is_empty() => "A line above or below the rates says so.",
            // the name of a fee column mentions the smaller unit as well, so the line is probably about the fees
            () if said.is_some() && self.has_fee_in_cents() => return,
            () if said.is_some() => {
                let why = "A line above or below the rates mentions a smaller unit of the currency.";
                return deck.questions.push(cents_question(why));
            }
            () => return,
        };
        // prices per second are low
        let minute = |median: i64| median.saturating_mul(60) / i64::from(self.unit.clamp(1, 60));
        if self.median().is_some_and(|median| minute(median) < LOW_CENTS) {
            return deck
                .questions
                .push(cents_question("The prices are very low for prices in a smaller unit."));
        }
        self.cents = true;
        deck.detected.push(Detected::new("price_in_cents", "true", reason, Confidence::High));
        if named && options.mapping.fees_in_cents.is_none() {
            self.ask_about_fees(deck);
        }
    }

    /// Asks for the unit of fees if only the name of the price's column mentions the smaller unit, and every fee would be less than one of these units.
    fn ask_about_fees(&self, deck: &mut CarrierDeck) {
        let name = |column: usize| self.names.get(column).map_or("", String::as_str);
        let fees = [Role::ConnectionFee, Role::MinimumCharge];
        let column = fees.into_iter().filter_map(|role| self.columns.first(role)).find(|column| {
            let plain = !self.names_cents(*column) && currencies(name(*column)).is_empty();
            let amounts =
                self.rows().filter_map(|row| amount(row.get(*column), row.kind(*column), self.mark));
            let largest = amounts.max().unwrap_or(0);
            plain && largest > 0 && largest < ONE
        });
        let Some(column) = column else { return };
        let answer = |text: &str, cents| {
            Answer::new(text, Mapping { fees_in_cents: Some(cents), ..Mapping::default() })
        };
        deck.questions.push(Question {
            code: "FEE_CENTS".into(),
            text: "The prices are in the smaller unit of the currency, and the fees are very low. Choose the unit of the fees.".to_owned(),
            line: 0,
            example: name(column).to_owned(),
            answers: vec![
                answer("the currency itself", false),
                answer("the smaller unit of the currency, such as cents", true),
            ],
        });
    }

    fn has_fee_in_cents(&self) -> bool {
        let mut fees = [Role::ConnectionFee, Role::MinimumCharge]
            .into_iter()
            .filter_map(|role| self.columns.first(role));
        fees.any(|column| self.names_cents(column))
    }

    /// Whether a column's name has the smaller unit of the currency. The letter p stands for pence if the prices are in pence.
    pub(in crate::carrier_deck) fn names_cents(&self, column: usize) -> bool {
        let name = self.names.get(column).map_or("", String::as_str);
        is_cents(name) || name.contains("(p)") && self.cents
    }

    /// The decimals of the currency's smaller unit. A line like "1 dinar = 1000 fils" decides; if there is none, the currency does.
    fn places(&self, currency: Option<&str>) -> u32 {
        const THOUSANDTHS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
        let said = self.notes().iter().filter_map(|note| smaller_unit(&note.text)).next();
        let dinar =
            currency.or(self.currency.as_deref()).is_some_and(|currency| THOUSANDTHS.contains(&currency));
        said.unwrap_or(if dinar { 3 } else { 2 })
    }

    /// The median of the prices as they are written, in millionths.
    fn median(&self) -> Option<i64> {
        let prices = self
            .rows()
            .map(|row| amount(row.get(self.columns.price), row.kind(self.columns.price), self.mark));
        let mut prices: Vec<i64> = prices.flatten().filter(|price| *price > 0).take(10_000).collect();
        prices.sort_unstable();
        prices.get(prices.len() / 2).copied()
    }
}

/// Whether a text names a currency by its code or symbol.
fn names_money(text: &str) -> bool {
    !currencies(text).is_empty() || text.contains(['$', '€', '£', '¥', '₦', '₹'])
}

/// Whether an explanation like "Naira per minute" begins with something other than a unit of time.
fn names_money_first(text: &str) -> bool {
    const PER: &[&str] =
        &["per", "por", "par", "pro", "je", "al", "price", "rate", "precio", "preco", "prix"];
    let first = words(text).into_iter().next().unwrap_or_default();
    names_money(text) || !first.is_empty() && unit(&first).is_none() && !PER.contains(&first.as_str())
}

/// Whether a sentence says "per" before the name of a column, as in "for each billing unit" or 課金単位ごと.
fn is_per(text: &str, name: &str) -> bool {
    const EACH: &[&str] =
        &["per", "each", "every", "por", "cada", "par", "chaque", "pro", "je", "ogni", "za", "каждый", "за"];
    let name = name.split(['(', '（', '[']).next().unwrap_or_default().trim();
    let wanted = words(name);
    if wanted.is_empty() || name.chars().count() < 3 {
        return false;
    }
    if !name.is_ascii() {
        let near = |at: usize| {
            let before = text.get(..at).unwrap_or_default();
            let after = text.get(at + name.len()..).unwrap_or_default();
            let after = after.trim_start_matches(['」', '』', '"', '”', '》', '】']);
            let before = before.trim_end_matches(['「', '『', '"', '“', '《', '【']);
            ["ごと", "毎", "당", "마다"].iter().any(|each| after.starts_with(each))
                || ["每", "每个", "每個", "毎"].iter().any(|each| before.ends_with(each))
        };
        if text.match_indices(name).any(|(at, _)| near(at)) {
            return true;
        }
    }
    let all = words(text);
    let mut windows = all.windows(wanted.len() + 1);
    windows.any(|part| {
        part.split_first().is_some_and(|(each, rest)| EACH.contains(&each.as_str()) && rest == wanted)
    })
}

/// Whether the name of a price column has a text like "EUR/Tick", in which the word after the slash is unknown.
fn names_unknown_unit(name: &str) -> bool {
    const KNOWN: [&[&str]; 9] = [PRICE, TAXES, TAX_NOTES, BARE, PLAIN_PRICE, NEW, OLD, CURRENT, INTERVAL];
    let Some((before, after)) = name.split_once('/') else { return false };
    let after = words(after);
    let Some(unit) = after.first().filter(|word| word.contains(|letter: char| letter.is_alphabetic())) else {
        return false;
    };
    let money = !currencies(before).is_empty()
        || before.ends_with(|letter: char| !letter.is_ascii() && !letter.is_whitespace())
        || before.contains('$');
    money
        && currencies(&unit.to_uppercase()).is_empty()
        && !KNOWN.iter().any(|list| list.contains(&unit.as_str()))
}

/// The decimals of a smaller unit that a text defines: 3 for "1 dinar = 1000 fils".
fn smaller_unit(text: &str) -> Option<u32> {
    let (one, many) = text.split_once('=')?;
    let (one, many) = (words(one), words(many));
    let is_one = one.len() >= 2 && one.get(one.len() - 2).is_some_and(|word| word == "1");
    match many.first()?.as_str() {
        "100" if is_one => Some(2),
        "1000" if is_one => Some(3),
        _ => None,
    }
}

/// The part of a sentence before its first word for billing. A unit of time after that word says nothing about prices.
fn before_billing(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in text.split_inclusive(|letter: char| !letter.is_alphanumeric()) {
        let bills = words(part).iter().any(|word| BILLS.contains(&word.as_str()));
        if bills && !kept.is_empty() {
            break;
        }
        kept.push(part);
    }
    kept.concat()
}

/// Whether a sentence says that prices are in the smaller unit of the currency.
fn is_cents_note(text: &str, pounds: bool) -> bool {
    const ROUNDS: &[&str] = &["rounded", "rounding", "round", "nearest", "redondeo", "arrondi", "gerundet"];
    const AMOUNTS: &[&str] =
        &["currency", "amounts", "amount", "moneda", "devise", "valuta", "wahrung", "moeda", "divisa"];
    let words = Words(words(text));
    (is_cents(text) || pounds && is_pence(text))
        && !words.any(ROUNDS)
        && (words.any(AMOUNTS) || is_unit_note(text) || mentions_price(text))
}

pub(in crate::carrier_deck) fn cents_question(why: &str) -> Question {
    let answer =
        |text, cents| Answer::new(text, Mapping { price_in_cents: Some(cents), ..Mapping::default() });
    Question {
        code: "PRICE_CENTS".into(),
        text: format!("{why} Choose the unit of the prices."),
        line: 0,
        example: String::new(),
        answers: vec![
            answer("the currency itself", false),
            answer("the smaller unit of the currency, such as cents", true),
        ],
    }
}

pub(in crate::carrier_deck) fn unit_question(why: &str) -> Question {
    let answer = |text, unit| Answer::new(text, Mapping { price_unit: Some(unit), ..Mapping::default() });
    Question {
        code: "PRICE_UNIT".into(),
        text: format!("{why} Choose the time that a price covers."),
        line: 0,
        example: String::new(),
        answers: vec![answer("a minute", PriceUnit::Minute), answer("a second", PriceUnit::Second)],
    }
}

fn cycle_question(name: &str) -> Question {
    let mut question = unit_question(&format!("The column {name:?} may have the time that a price covers."));
    let mapping = Mapping { price_unit: Some(PriceUnit::Increment), ..Mapping::default() };
    question.answers.truncate(1);
    question.answers.push(Answer::new("the increment of its row", mapping));
    question
}
