//! Finds the meaning of a column from the words of its name, in six languages.

mod kinds;
mod plain;
mod prices;
mod segments;
mod spelling;

use kinds::{code, dated, increment, named, special};
pub(super) use plain::is_gross;
use plain::plain;
pub(super) use prices::{band_in, names_band};
use prices::{band_price, money, price};
pub(super) use spelling::words;
use spelling::{is_in, is_part_of};

use super::cells::{currencies, is_cents};
use super::header_words::{
    AREAS, BARE, BLOCK, CODE, CURRENT, DATE, DESTINATIONS, END, FEE, FIRST, FIXED, IGNORED, INTERVAL,
    MINIMUMS, MINUTES, MOBILE, NEW, NEXT, NOTICE, OLD, ORIGIN, PER_TIME, PERIODS, PLAIN_PRICE, PRICE, REMOVE,
    SECONDS, SURCHARGES, TAX_NOTES, TIME,
};
use serde::{Deserialize, Serialize};

/// The meaning of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Complete codes, or the codes after [`Role::CountryCode`].
    Prefix,
    /// The last code of the range that begins with [`Role::Prefix`].
    PrefixEnd,
    /// The country's calling code.
    CountryCode,
    /// The part of each code that follows the country's calling code.
    AreaCode,
    /// The destination's name.
    Destination,
    /// The country's name, which is put before the destination.
    Country,
    /// The network or kind of number, which is put after the country.
    Network,
    /// The price per minute; if there is a separate first price, the price per minute after the first increment.
    Price,
    /// The price of the first increment, per minute.
    FirstPrice,
    /// The fee for each answered call.
    ConnectionFee,
    /// The minimum charge of an answered call.
    MinimumCharge,
    /// All increments together in one cell.
    Increment,
    /// The first increment in seconds.
    InitialIncrement,
    /// The increments after the first, in seconds.
    NextIncrement,
    /// Seconds below which a call is free.
    FreeSeconds,
    /// The first day on which the price applies.
    Effective,
    /// The day from which the price no longer applies.
    Ends,
    /// The kind of change: increase, new, removed, blocked.
    Status,
    /// Remarks. A remark changes how a row is read only if it is a status word.
    Comment,
    /// The currency of the row.
    Currency,
    /// The unit of the price: minute or second.
    Unit,
    /// The caller numbers to which the row applies.
    Origin,
    /// Whether the code is a complete number.
    ExactMatch,
    /// Whether the destination is blocked.
    Blocked,
    /// Whether the code is removed.
    Removed,
    /// Whether the row is in force; a row with 0 is left out.
    Active,
    /// The part of the week in which the row or its off-peak prices apply.
    Period,
    /// The kind of domestic calls to which the row applies.
    Jurisdiction,
    /// A column that is ignored.
    Ignore,
}

/// The name of a role in a mapping.
pub(super) fn role_name(role: Role) -> String {
    format!("{role:?}").char_indices().fold(String::new(), |mut name, (at, letter)| {
        if letter.is_uppercase() && at > 0 {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
        name
    })
}

/// The age of a price column, which decides which of several price columns is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Plain,
    Old,
    Current,
    New,
}

/// The part of a call to which a price applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Any,
    First,
    Next,
}

/// A column with prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PriceColumn {
    pub(super) age: Age,
    pub(super) step: Step,
    /// `None` if the prices apply at any time; `Some("peak")` if they apply at the standard time; [`GENERAL`] if the name fits both.
    pub(super) band: Option<&'static str>,
}

/// The band of a column like "Standard Rate". Such a name means the standard time only if another column is for another time.
pub(super) const GENERAL: &str = "standard";

/// The result of interpreting a column's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Is(Role),
    Price(PriceColumn),
    /// Values for the first or the next part of a call; the contents show whether the values are prices or increments.
    Part(Step),
    /// The name is known, but irrelevant to prices.
    Ignored,
    Unknown,
}

/// The words of a column's name, with the checks that the rules use.
pub(super) struct Words(pub(super) Vec<String>);

/// The last parts of compound words, as in `Zielname`, `Minutenpreis`, or `EffectiveDate` when written in capitals.
const COMPOUNDS: &[&str] = &[
    "preis",
    "preise",
    "takt",
    "taktung",
    "vorwahl",
    "vorwahlen",
    "kennzahl",
    "datum",
    "gebuhr",
    "gebuhren",
    "gebuehr",
    "entgelt",
    "kosten",
    "bezeichnung",
    "name",
    "netz",
    "minute",
    "minuten",
    "gebiet",
    "code",
    "codes",
    "date",
    "prefix",
    "price",
    "increment",
    "interval",
    "intervall",
    "dauer",
    "beginn",
    "ende",
    "tarif",
    "betrag",
    "einheit",
];

/// The two known words of which an unknown word consists, as in `initblock` and `connectcharge`.
fn compound(word: &str) -> Option<(&str, &str)> {
    const LISTS: [&[&str]; 12] =
        [CODE, PRICE, FIRST, NEXT, INTERVAL, DATE, END, FEE, NEW, OLD, CURRENT, DESTINATIONS];
    let known = |part: &str| LISTS.iter().any(|list| list.contains(&part));
    if word.len() < 8 || !word.is_ascii() || known(word) || IGNORED.contains(&word) {
        return None;
    }
    (4..=word.len() - 4).map(|at| word.split_at(at)).find(|(head, tail)| known(head) && known(tail))
}

/// The parts of a word with a number, such as `price1`, or with an n for any further number, such as `intervaln`.
fn numbered(word: String) -> Vec<String> {
    const PARTS: &[&str] =
        &["price", "rate", "interval", "increment", "precio", "preco", "prix", "preis", "prezzo"];
    let head = word.strip_suffix(['1', '2', 'n']).filter(|head| PARTS.contains(head));
    match head.and_then(|head| Some((head.to_owned(), word.get(head.len()..)?.to_owned()))) {
        Some((head, tail)) => vec![head, tail],
        None => vec![word],
    }
}

impl Words {
    /// The words of a name; compound words are split.
    pub(super) fn of(name: &str) -> Words {
        let mut parts = Vec::new();
        for word in words(name).into_iter().flat_map(segments::split).flat_map(numbered) {
            let head = |tail: &&str| word.strip_suffix(*tail).filter(|head| head.chars().count() >= 3);
            let longest = COMPOUNDS.iter().filter(|tail| head(tail).is_some()).max_by_key(|tail| tail.len());
            match longest.and_then(|tail| head(tail).map(|head| (head.to_owned(), *tail))) {
                Some((head, tail)) => parts.extend([head, tail.to_owned()]),
                None => match compound(&word) {
                    Some((head, tail)) => parts.extend([head.to_owned(), tail.to_owned()]),
                    None => parts.push(word),
                },
            }
        }
        Words(parts)
    }

    pub(super) fn any(&self, list: &[&str]) -> bool {
        self.0.iter().any(|word| is_in(word, list) || is_part_of(word, list))
    }

    pub(super) fn only(&self, list: &[&str]) -> bool {
        !self.0.is_empty() && self.0.iter().all(|word| is_in(word, list))
    }

    pub(super) fn phrase(&self, phrase: &[&str]) -> bool {
        self.0
            .windows(phrase.len())
            .any(|window| window.iter().zip(phrase).all(|(word, wanted)| word == wanted))
    }
}

/// Whether a column's name denotes an amount that changes the price, such as a surcharge.
pub(super) fn is_surcharge(name: &str) -> bool {
    Words::of(&plain(name)).any(SURCHARGES)
}

/// Whether a surcharge depends on the caller's number, which no tariff can represent.
pub(super) fn is_surcharge_by_origin(name: &str) -> bool {
    const AREAS: &[&str] = &["eea", "eee", "ewr", "eer", "eu", "ue", "cli", "anumber", "row"];
    let words = Words::of(name);
    words.any(SURCHARGES) && (words.any(ORIGIN) || words.any(AREAS))
}

/// Whether a date column's name is more than the word "date".
pub(super) fn is_specific_date(name: &str) -> bool {
    !Words(words(name)).only(&["date", "fecha", "data", "datum"])
}

/// Whether a price column's name says that it is for the first or the next increment.
pub(super) fn names_step(name: &str) -> bool {
    let words = Words::of(name);
    words.any(FIRST) || words.any(NEXT)
}

/// Whether a price column's name refers to the first increment only by a number, such as "Price 1". Such a column may also be the first of several
/// price columns.
pub(super) fn is_numbered(name: &str) -> bool {
    let words = Words::of(name);
    let named: Vec<&str> = FIRST.iter().copied().filter(|word| !matches!(*word, "1" | "t1")).collect();
    !words.any(&named)
}

/// Whether a price column's name has a word for the next increment that is not just the number 2.
pub(super) fn is_next(name: &str) -> bool {
    let named: Vec<&str> = NEXT.iter().copied().filter(|word| !matches!(*word, "2" | "t2")).collect();
    Words::of(name).any(&named)
}

/// Whether a price column's name has words that are not about prices in general, and so may name a time of the day.
pub(super) fn is_qualified(name: &str) -> bool {
    let known: [&[&str]; 12] =
        [PRICE, MINUTES, SECONDS, PER_TIME, NEW, OLD, CURRENT, FIRST, NEXT, BARE, PLAIN_PRICE, TAX_NOTES];
    let is_known = |word: &String| {
        let word = word.as_str();
        known.iter().any(|list| list.contains(&word)) || !currencies(&word.to_uppercase()).is_empty()
    };
    !words(&plain(name)).iter().all(is_known)
}

/// Whether a sentence says from which day something applies.
pub(super) fn is_effective(text: &str) -> bool {
    const BEGINS: &[&str] =
        &["start", "starting", "starts", "begin", "beginning", "from", "ab", "desde", "dal", "partir"];
    const PLAIN: &[&str] = &["date", "data", "datum", "fecha"];
    let words = Words(words(text));
    let effective = words.0.iter().any(|word| {
        let word = word.as_str();
        (DATE.contains(&word) || BEGINS.contains(&word)) && !PLAIN.contains(&word)
    }) || words.phrase(&["w", "e", "f"])
        || ["生效", "起效", "시행"].iter().any(|word| text.contains(word));
    effective && !words.any(NOTICE)
}

/// Whether a remark has a word for removal or blocking.
pub(super) fn mentions_end(text: &str) -> bool {
    let words = Words(without_articles(words(text)));
    words.any(REMOVE) || words.any(BLOCK)
}

/// The words without the article "del", as in "desde el 1 del mes". At the end of a text, "del" is short for "deleted".
pub(super) fn without_articles(mut words: Vec<String>) -> Vec<String> {
    let last = words.pop();
    words.retain(|word| word != "del");
    words.extend(last);
    words
}

/// The meaning of a column's name.
pub(super) fn meaning(name: &str) -> Meaning {
    let mut name = plain(name);
    // in "€/min (Cent)", "min" means minute, not minimum
    if words(&name).first().is_some_and(|word| word == "min") && name.contains("/min") {
        name = name.replacen("/min", "/minute", 1);
    }
    let name = name.as_str();
    let words = Words::of(name);
    if words.0.is_empty() {
        return if name.trim().is_empty() || name.contains('#') {
            Meaning::Ignored
        } else {
            Meaning::Unknown
        };
    }
    // a number of the row
    if words.only(&["s", "n", "sn", "sl", "sr", "no", "nr"]) {
        return Meaning::Ignored;
    }
    if words.any(SURCHARGES) || is_group(&words) {
        return Meaning::Unknown;
    }
    let found = part(&words)
        .or_else(|| seconds(&words, name))
        .or_else(|| special(&words))
        .or_else(|| dated(&words))
        .or_else(|| band_price(&words))
        .or_else(|| code(&words))
        .or_else(|| increment(&words))
        .or_else(|| price(&words, Vec::new()))
        .or_else(|| money(&words, name))
        .or_else(|| named(&words))
        .or_else(|| (words.any(BLOCK) || words.any(REMOVE)).then_some(Meaning::Is(Role::Status)));
    found.unwrap_or(if words.any(IGNORED) || name.contains('%') {
        Meaning::Ignored
    } else {
        Meaning::Unknown
    })
}

/// Whether a column's name is for groups of destinations, such as bands or zones. One table may list the prices of the groups, and another one the
/// destinations of each group.
pub(super) fn names_group(name: &str) -> bool {
    let words = Words::of(name);
    is_group(&words) || words.only(&["band", "zone", "group", "zona", "tier", "bracket", "zones", "bands"])
}

/// Whether a column's name is for a group of destinations with the same price, such as "Charge band" or "Rate zone".
fn is_group(words: &Words) -> bool {
    const GROUPS: &[&str] = &["band", "zone", "group", "tier", "bracket", "bands", "zones", "groups"];
    let [first, last] = words.0.as_slice() else { return false };
    PRICE.contains(&first.as_str()) && GROUPS.contains(&last.as_str())
        || first == "zona" && last.starts_with("tarif")
}

/// Whether a column's name says only that it has the first or the next part of something: "First minute", "Initial", "1/N".
fn part(words: &Words) -> Option<Meaning> {
    let neutral = |word: &String| {
        let word = word.as_str();
        let step = [FIRST, NEXT].into_iter().any(|list| list.contains(&word)) && !DATE.contains(&word);
        step || BARE.contains(&word)
    };
    // a lone letter or digit may be anything
    let clear =
        words.0.len() > 1 || words.0.iter().any(|word| word.len() > 1 && word != "add" && word != "sub");
    if !clear || !words.0.iter().all(neutral) || words.only(BARE) && !words.only(MINIMUMS) {
        return None;
    }
    Some(Meaning::Part(if words.any(NEXT) { Step::Next } else { Step::First }))
}

/// Whether a column's name mentions seconds, but not as the unit of a price.
fn is_in_seconds(words: &Words, name: &str) -> bool {
    let rated = words.any(PER_TIME) || words.any(DATE) || words.any(CODE) || name.contains("/s");
    words.any(TIME) && !rated && currencies(name).is_empty() && !is_cents(name)
}

/// The meaning of a column of increments whose name contains a word for a price, a fee or a part of the week: "Min. Charge (sec)", "Initial Period".
fn seconds(words: &Words, name: &str) -> Option<Meaning> {
    let unit: Vec<&str> = TIME.iter().copied().filter(|word| word.starts_with('s')).collect();
    let in_seconds = is_in_seconds(words, name) && words.any(&unit);
    let step = words.any(FIRST) || words.any(NEXT);
    let bills = words.any(&["payment", "charge", "charging", "charged", "billed"]) || words.any(INTERVAL);
    let period = words.any(PERIODS) && (step || in_seconds || bills);
    let is_price =
        |word: &String| PRICE.contains(&word.as_str()) && !matches!(word.as_str(), "charge" | "charges");
    let charge = in_seconds && (step || bills) && !words.0.iter().any(is_price);
    let other =
        words.any(FREE) || words.any(IGNORED) || words.any(DATE) && !bills || words.phrase(&["time", "zone"]);
    (!other && (period || charge)).then(|| Meaning::Is(increment_role(words)))
}

fn increment_role(words: &Words) -> Role {
    if words.any(NEXT) {
        Role::NextIncrement
    } else if words.any(FIRST) || words.only(&["duration", "duracion", "duracao", "duree", "durata", "dauer"])
    {
        Role::InitialIncrement
    } else {
        Role::Increment
    }
}

const FREE: &[&str] = &[
    "free",
    "grace",
    "tolerance",
    "tolerancia",
    "gracia",
    "carencia",
    "franchise",
    "toleranz",
    "tolleranza",
    "gratis",
    "gratuit",
    "gratuites",
    "gratuitos",
    "gratuiti",
    "freisekunden",
];

/// How likely a column of names is to have the complete names of destinations: 2 for "Destination", 1 for "Name", 0 for "Region".
pub(super) fn name_rank(name: &str) -> u8 {
    let words = Words::of(name);
    match () {
        () if words.any(DESTINATIONS) => 2,
        () if words.any(AREAS) || words.only(&["routes", "route", "ruta", "rutas", "rota", "rotas"]) => 0,
        () => 1,
    }
}

/// Whether the name of a price column says that its price covers the first minute.
pub(super) fn is_first_minute(name: &str) -> bool {
    let words = Words::of(name);
    let minute = words.0.iter().any(|word| word.len() > 3 && MINUTES.contains(&word.as_str()));
    minute && words.any(FIRST) && !words.any(PER_TIME) && !name.contains('/')
}

/// Whether a name has a word for an increment or a time.
pub(super) fn mentions_time(name: &str) -> bool {
    let words = Words::of(name);
    words.any(INTERVAL) || words.any(TIME) || words.any(SECONDS)
}

/// Whether a name has a word for a price, a minute or a currency.
pub(super) fn mentions_price(name: &str) -> bool {
    let words = Words::of(name);
    words.any(PRICE)
        || words.any(MINUTES)
        || name.contains(['$', '€', '£', '¥'])
        || !currencies(name).is_empty()
}

/// Whether a name is for fixed lines.
pub(super) fn is_fixed(name: &str) -> bool {
    Words(words(name)).any(FIXED)
}

/// Whether a name is for mobile phones.
pub(super) fn is_mobile(name: &str) -> bool {
    Words(words(name)).any(MOBILE)
}

/// Whether a column's name is known to mean something that no tariff needs, such as a quality or an id.
pub(super) fn is_ignored(name: &str) -> bool {
    Words::of(name).any(IGNORED) || name.contains('%')
}
