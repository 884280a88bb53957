//! Reads fees for calls from the lines above and below the rates, if no column has fees.

use super::super::cells::{currencies, has_cents, is_cents};
use super::super::header::{Role, Words, words};
use super::super::header_words::{ALL_PLACES, MINUTES, PER_CALL, SURCHARGES, TAXES};
use super::super::mapping::Mapping;
use super::super::numbers::Number;
use super::super::table::Kind;
use super::Plan;
use super::marks::is_about_payment;
use super::notes::covers;
use crate::money::Micros;

/// In a sentence without words for fees, an amount may be a fee for a call only if it is below this amount.
const SMALL: Micros = Micros(5_000_000);

/// The fees that the sentences above and below the rates name.
#[derive(Clone, Debug, Default)]
pub(in crate::carrier_deck) struct SaidFees {
    /// The fee for calls to all destinations that `places` does not include.
    pub(in crate::carrier_deck) general: Option<Micros>,
    /// Fees for some destinations only: the first words of the destinations' names, and the fee.
    pub(in crate::carrier_deck) places: Vec<(Vec<String>, Micros)>,
    /// The minimum charge for each call.
    pub(in crate::carrier_deck) minimum: Option<Micros>,
    /// The sentences about fees that were not understood.
    pub(in crate::carrier_deck) unread: Vec<(u64, String)>,
}

/// What a sentence says about fees for calls.
pub(in crate::carrier_deck) enum FeeIn {
    /// No fee.
    Nothing,
    /// A fee for calls to some places, or to all places if the list is empty.
    Read(Micros, Vec<Vec<String>>),
    /// The minimum charge for each call, to all places.
    Minimum(Micros),
    /// Perhaps a fee, but the sentence was not understood.
    Unread,
}

impl SaidFees {
    /// The fee for calls to a destination; `None` if no sentence names one.
    pub(in crate::carrier_deck) fn of(&self, name: &str) -> Option<Micros> {
        if self.places.is_empty() {
            return self.general;
        }
        let name = words(name);
        let places = self.places.iter().filter(|(place, _)| covers(place, &name));
        places.max_by_key(|(place, _)| place.len()).map(|(_, fee)| *fee).or(self.general)
    }
}

impl Plan<'_> {
    /// The fees that sentences name, if no column has fees. A sentence with a condition counts as not understood.
    pub(super) fn said_fees(&self, mapping: &Mapping) -> SaidFees {
        let mut said = SaidFees::default();
        for note in self.notes().into_iter().filter(|note| !self.is_marked(&note.text)) {
            match self.fee_in(&note.text) {
                FeeIn::Nothing => {}
                FeeIn::Minimum(charge) => said.minimum = Some(charge),
                FeeIn::Unread => said.unread.push((note.line, note.text.chars().take(200).collect())),
                FeeIn::Read(fee, places) if places.is_empty() => said.general = Some(fee),
                FeeIn::Read(fee, places) => said.places.extend(places.into_iter().map(|place| (place, fee))),
            }
        }
        let lacks = |role| self.columns.first(role).is_none();
        said.general =
            mapping.connection_fee.filter(|_| lacks(Role::ConnectionFee)).map(Micros).or(said.general);
        said.minimum =
            mapping.minimum_charge.filter(|_| lacks(Role::MinimumCharge)).map(Micros).or(said.minimum);
        said
    }

    /// What a sentence says about fees for calls.
    pub(in crate::carrier_deck) fn fee_in(&self, text: &str) -> FeeIn {
        if is_per_cent(text) {
            return FeeIn::Unread;
        }
        let has_column = self.columns.first(Role::ConnectionFee).is_some();
        let Some((fee, rest)) = self.amount_in(text) else { return FeeIn::Nothing };
        let all = Words(words(text));
        if all.any(LEAST) && all.any(PER_CALL) && !is_per_call_fee(&all) {
            let placed = self.places_of_fee(rest).is_none_or(|places| !places.is_empty());
            return match fee {
                _ if self.columns.first(Role::MinimumCharge).is_some() => FeeIn::Nothing,
                Some(fee) if fee > Micros::ZERO && !placed && !is_conditional(text) && !all.any(MINUTES) => {
                    FeeIn::Minimum(fee)
                }
                _ => FeeIn::Unread,
            };
        }
        if has_column || !speaks_of_fee(text) {
            // in a sentence without words for fees, a small amount may be a fee or surcharge
            let small = fee.is_some_and(|fee| fee > Micros::ZERO && fee < SMALL);
            let unread = !has_column && small && !is_about_payment(text) && !text.contains('=');
            return if unread { FeeIn::Unread } else { FeeIn::Nothing };
        }
        let timed = Words(words(text)).any(MINUTES);
        match (fee, self.places_of_fee(rest)) {
            (Some(fee), Some(places)) if !timed && !is_conditional(text) && fee > Micros::ZERO => {
                let head = text.get(..text.len().saturating_sub(rest.len())).unwrap_or_default();
                match (places.is_empty(), self.places_before(head).as_slice()) {
                    (false, _) => FeeIn::Read(fee, places),
                    (true, []) => FeeIn::Read(fee, Vec::new()),
                    (true, [place]) => FeeIn::Read(fee, vec![place.clone()]),
                    (true, _) => FeeIn::Unread,
                }
            }
            (Some(fee), _) if fee == Micros::ZERO => FeeIn::Nothing,
            _ => FeeIn::Unread,
        }
    }

    /// The amount of money that a sentence names.
    pub(in crate::carrier_deck) fn money_in(&self, text: &str) -> Option<Micros> {
        let (amount, rest) = self.amount_in(text)?;
        let timed = words(rest).iter().take(3).any(|word| MINUTES.contains(&word.as_str()));
        amount.filter(|amount| *amount > Micros::ZERO && *amount < SMALL && !timed)
    }

    /// Whether a sentence names an amount of money.
    pub(in crate::carrier_deck) fn has_amount(&self, text: &str) -> bool {
        self.amount_in(text).is_some()
    }

    /// The first number in a sentence, if it is an amount of money, and the text after it. `Some((None, …))` if the number cannot be read.
    fn amount_in<'n>(&self, text: &'n str) -> Option<(Option<Micros>, &'n str)> {
        let from = text.find(|letter: char| letter.is_ascii_digit())?;
        let tail = text.get(from..)?;
        let length = tail
            .find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | ','))
            .unwrap_or(tail.len());
        let number = tail.get(..length)?.trim_end_matches(['.', ',']);
        let after = tail.get(number.len()..)?;
        let head = text.get(..from)?;
        let spaced = head.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
        let before =
            if head.ends_with(' ') && currencies(&spaced.to_uppercase()).is_empty() { "" } else { spaced };
        let unit: String = after.trim_start().chars().take_while(|letter| !letter.is_whitespace()).collect();
        let cents = has_cents(&unit);
        let sign = before
            .chars()
            .any(|letter| matches!(letter, '$' | '¢' | '£' | '¥' | '฿' | '\u{20a0}'..='\u{20cf}'));
        let money = !currencies(&format!("{before} {unit}").to_uppercase()).is_empty();
        let symbol = sign
            || !before.is_empty() && before.chars().count() <= 3 && before.chars().all(char::is_alphabetic);
        if !(cents || money || symbol) {
            return None;
        }
        let read = Number::read(number, Kind::Text, self.mark, self.groups).ok();
        let fee = read.and_then(|number| number.micros(1, 1, if cents { self.places } else { 0 }, None));
        Some((fee, after))
    }

    /// The words before an amount that name a kind of line or begin the name of a destination.
    fn places_before(&self, head: &str) -> Vec<Vec<String>> {
        let long = |word: &String| word.chars().count() > 3 && !ALL_PLACES.contains(&word.as_str());
        let single: Vec<Vec<String>> = words(head).into_iter().filter(long).map(|word| vec![word]).collect();
        let mut found = self.known(&single);
        found.sort();
        found.dedup();
        found
    }

    /// The places for which a fee is charged; empty if it is charged for all places, and `None` if a place is unknown.
    fn places_of_fee(&self, rest: &str) -> Option<Vec<Vec<String>>> {
        const TO: &[&str] = &["to", "for", "in", "a", "hacia", "para", "vers", "nach", "verso", "naar", "in"];
        const AND: &[&str] = &["and", "y", "e", "et", "und", "or", "i"];
        const OTHER: &[&str] = &[
            "answered",
            "connected",
            "successful",
            "each",
            "per",
            "applies",
            "charged",
            "connection",
            "set",
            "up",
            "fee",
        ];
        let all = words(rest);
        let plain = |word: &String| {
            let word = word.as_str();
            ![ALL_PLACES, OTHER, TO].iter().any(|list| list.contains(&word))
                && currencies(&word.to_uppercase()).is_empty()
                && !is_cents(word)
                && !MONEY.contains(&word)
        };
        let start = all.iter().rposition(|word| TO.contains(&word.as_str()));
        let (head, list) = all.split_at(start.map_or(all.len(), |at| at + 1));
        if head.iter().any(plain) {
            return None;
        }
        let names: Vec<Vec<String>> = list
            .split(|word| AND.contains(&word.as_str()))
            .map(<[String]>::to_vec)
            .filter(|name| name.iter().any(plain))
            .collect();
        let found = self.known(&names);
        (found.len() == names.len()).then_some(found)
    }
}

/// Names of currencies.
const MONEY: &[&str] = &[
    "euro", "euros", "dollar", "dollars", "dolares", "dollari", "pounds", "sterling", "reais", "real",
    "pesos", "lira", "francs", "us", "di", "d",
];

/// Words for a minimum amount.
const LEAST: &[&str] =
    &["minimum", "minimo", "minima", "minimale", "mindestens", "mindestentgelt", "minimal"];

/// Whether a sentence that mentions a minimum also mentions a connection fee.
fn is_per_call_fee(words: &Words) -> bool {
    words.any(&["connection", "setup", "flagfall", "connexion", "conexion", "scatto"])
}

/// Whether a sentence raises or lowers prices by a percentage that is not a tax.
fn is_per_cent(text: &str) -> bool {
    let words = Words(words(text));
    let changes = words.any(SURCHARGES) && !words.any(TAXES) && !words.any(&["vat"]);
    changes && text.contains('%') && text.contains(|letter: char| letter.is_ascii_digit())
}

/// Whether a sentence is about a fee or surcharge for each call.
fn speaks_of_fee(text: &str) -> bool {
    const FEES: &[&str] = &[
        "connection",
        "setup",
        "flagfall",
        "connexion",
        "conexion",
        "conexao",
        "verbindungsentgelt",
        "scatto",
        "bandeirada",
        "establecimiento",
    ];
    let words = Words(words(text));
    let fee = words.any(FEES)
        || words.phrase(&["set", "up"])
        || words.phrase(&["per", "call"])
        || words.phrase(&["each", "call"]);
    let charge = words.any(&["charge", "charges", "fee", "cost", "cargo", "frais", "gebuhr", "taxa"])
        || words.any(FEES)
        || words.any(SURCHARGES);
    let timed = words.any(MINUTES);
    let surcharge = words.any(&[
        "surcharge",
        "surcharges",
        "recargo",
        "zuschlag",
        "aufschlag",
        "majoration",
        "maggiorazione",
        "sobretaxa",
        "supplement",
    ]);
    let called = words.any(PER_CALL)
        || words.any(&["risposta", "answer", "respuesta", "establecimiento", "atendida"])
        || words.any(&["calls", "llamadas", "chamadas", "appels", "anrufe", "chiamate", "answered"]);
    (fee && charge && called && !timed || surcharge) && text.len() <= 1_000
}

/// Whether a sentence has a condition or a percentage.
fn is_conditional(text: &str) -> bool {
    let all = words(text);
    // the Spanish "se cobra" ("is charged") is not a condition, although "se" can mean "if" in other languages
    let reflexive = |pair: &[String]| {
        pair[0] == "se"
            && ["cobra", "cobran", "cobrara", "aplica", "aplican", "aplicara", "factura", "agrega", "suma"]
                .contains(&pair[1].as_str())
    };
    let plain = all.windows(2).any(reflexive);
    text.contains('%')
        || Words(all.into_iter().filter(|word| !plain || word != "se").collect()).any(&[
            "if",
            "when",
            "unless",
            "except",
            "more",
            "less",
            "exceeds",
            "exceeding",
            "above",
            "below",
            "than",
            "where",
            "may",
            "over",
            "under",
            "wenn",
            "si",
            "se",
            "quando",
            "falls",
            "cuando",
            "sauf",
            "salvo",
            "ausser",
            "short",
            "once",
            "month",
            "monthly",
            "port",
            "account",
        ])
}
