//! Finds the meaning of a column from the words of its name, in six languages.

use super::header_words::{
    AREA, BLOCK, CODE, COMMENT, COUNTRY, CURRENCIES, CURRENT, DATE, END, FEE, FIRST, IGNORED, INTERNATIONAL,
    INTERVAL, KEEP, MINUTES, NAME, NETWORK, NEW, NEXT, NOTICE, OLD, ORIGIN, PER_CALL, PER_TIME, PRICE,
    REMOVE, SECONDS, STATUS, SURCHARGES,
};
use crate::fold::fold;
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
    /// The price per minute; with a separate first price, the price per minute after the first increment.
    Price,
    /// The price of the first increment, per minute.
    FirstPrice,
    /// The fee of each answered call.
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
    /// The first day of the price.
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
    /// `None` if the prices apply at any time; `Some("peak")` if they apply at the standard time.
    pub(super) band: Option<&'static str>,
}

/// The result of interpreting a column's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Is(Role),
    Price(PriceColumn),
    /// The name is known, but irrelevant for prices.
    Ignored,
    Unknown,
}

/// The words of a name, in lower case and without accents. A change from a small to a capital letter separates words.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(name.len() + 8);
    let mut before_small = false;
    for letter in name.chars().take(200) {
        if letter.is_uppercase() && before_small {
            spaced.push(' ');
        }
        before_small = letter.is_lowercase();
        spaced.push(letter);
    }
    let folded = fold(&spaced);
    folded
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The words of a column's name, with the checks that the rules use.
struct Words(Vec<String>);

impl Words {
    fn any(&self, list: &[&str]) -> bool {
        self.0.iter().any(|word| list.contains(&word.as_str()))
    }

    fn only(&self, list: &[&str]) -> bool {
        !self.0.is_empty() && self.0.iter().all(|word| list.contains(&word.as_str()))
    }

    fn phrase(&self, phrase: &[&str]) -> bool {
        self.0
            .windows(phrase.len())
            .any(|window| window.iter().zip(phrase).all(|(word, wanted)| word == wanted))
    }
}

/// Whether a column's name denotes an amount that changes the price, such as a surcharge.
pub(super) fn is_surcharge(name: &str) -> bool {
    Words(words(name)).any(SURCHARGES)
}

/// Whether a date column's name is more than the word "date".
pub(super) fn is_specific_date(name: &str) -> bool {
    !Words(words(name)).only(&["date", "fecha", "data", "datum"])
}

/// Whether a remark has a word for removal or blocking.
pub(super) fn mentions_end(text: &str) -> bool {
    let words = Words(words(text));
    words.any(REMOVE) || words.any(BLOCK)
}

/// The meaning of a column's name.
pub(super) fn meaning(name: &str) -> Meaning {
    let words = Words(words(name));
    if words.0.is_empty() {
        return if name.trim().is_empty() || name.contains('#') {
            Meaning::Ignored
        } else {
            Meaning::Unknown
        };
    }
    if words.any(SURCHARGES) {
        return Meaning::Unknown;
    }
    let found = special(&words)
        .or_else(|| dated(&words))
        .or_else(|| band_price(&words))
        .or_else(|| code(&words))
        .or_else(|| increment(&words))
        .or_else(|| price(&words, Vec::new()))
        .or_else(|| named(&words));
    found.unwrap_or(if words.any(IGNORED) || name.contains('%') {
        Meaning::Ignored
    } else {
        Meaning::Unknown
    })
}

fn special(words: &Words) -> Option<Meaning> {
    use Role::{
        Active, Blocked, Comment, ConnectionFee, Currency, ExactMatch, FreeSeconds, Jurisdiction,
        MinimumCharge, Origin, Removed, Status, Unit,
    };
    let role = |role| Some(Meaning::Is(role));
    let is_price = words.any(PRICE);
    let minimum = words.any(&["minimum", "minimo", "minima", "minimal", "minimale", "mindest", "mindestens"])
        || words.0.first().is_some_and(|word| word == "min");
    if words.any(ORIGIN) || words.phrase(&["from", "country"]) || words.phrase(&["a", "number"]) {
        return role(Origin);
    }
    if words.any(&[
        "currency", "moneda", "divisa", "moeda", "devise", "valuta", "wahrung", "ccy", "monnaie", "curr",
    ]) {
        return role(Currency);
    }
    if words.any(&["jurisdiction", "jurisdiccion", "jurisdicao"]) {
        return role(Jurisdiction);
    }
    if words.any(&["exact"]) {
        return role(ExactMatch);
    }
    if words.only(&["forbidden", "blocked", "barred", "bloqueado", "bloque", "bloccato", "gesperrt"]) {
        return role(Blocked);
    }
    if words.only(&["discontinued", "removed", "deleted"]) {
        return role(Removed);
    }
    if words.only(&["active", "enabled", "activo", "ativo", "actif", "attivo", "aktiv"]) {
        return role(Active);
    }
    if words.any(FEE) && !words.any(&["increment", "interval", "seconds", "type"])
        || words.phrase(&["set", "up"])
        || words.phrase(&["flag", "fall"])
    {
        return role(ConnectionFee);
    }
    if words.any(PER_CALL)
        && (words.any(PER_TIME) || (words.any(&["fee"]) && !minimum))
        && !words.any(&["calls"])
    {
        return role(ConnectionFee);
    }
    if minimum
        && is_price
        && !words.any(PER_TIME)
        && !words.any(INTERVAL)
        && !words.any(NEW)
        && words.0.len() <= 4
        && words.0.get(1).is_some_and(|word| PRICE.contains(&word.as_str()))
    {
        return role(MinimumCharge);
    }
    if words.any(&[
        "free",
        "grace",
        "tolerance",
        "tolerancia",
        "gracia",
        "carencia",
        "franchise",
        "toleranz",
        "tolleranza",
    ]) {
        return role(FreeSeconds);
    }
    if words.any(&[
        "period",
        "franja",
        "horario",
        "periodo",
        "zeitfenster",
        "tageszeit",
        "fascia",
        "plage",
        "periode",
        "zeitzone",
    ]) || words.phrase(&["time", "band"])
        || words.phrase(&["time", "of", "day"])
        || words.phrase(&["time", "zone"])
        || words.only(&["timeband"])
    {
        return role(Role::Period);
    }
    if words
        .only(&["unit", "units", "uom", "unidad", "unidade", "unite", "unita", "einheit", "rate", "price"])
        && !words.only(PRICE)
    {
        return role(Unit);
    }
    if words.any(COMMENT) {
        return role(Comment);
    }
    if words.any(STATUS) && !words.any(DATE) && !words.any(OLD) {
        return role(Status);
    }
    None
}

fn dated(words: &Words) -> Option<Meaning> {
    let dated = words.any(DATE);
    let begins = words.only(&["from", "desde", "ab", "dal", "since"]);
    let ends = words.only(&[
        "to",
        "until",
        "till",
        "hasta",
        "bis",
        "ate",
        "fim",
        "fin",
        "fine",
        "expiry",
        "expires",
        "expiration",
        "end",
        "scadenza",
    ]);
    if !(dated || begins || ends) || words.any(CODE) || words.any(INTERVAL) {
        return None;
    }
    if words.any(NOTICE) {
        return Some(Meaning::Ignored);
    }
    // "effective rate" means a price, not a date
    if words.any(PRICE) && !words.any(&["date", "fecha", "data", "datum", "from", "desde", "ab"]) {
        return None;
    }
    Some(Meaning::Is(if words.any(END) { Role::Ends } else { Role::Effective }))
}

/// Prices at certain times: off-peak, night, weekend.
fn band_price(words: &Words) -> Option<Meaning> {
    let band = if words.phrase(&["off", "peak"])
        || words.any(&[
            "offpeak",
            "economy",
            "reduced",
            "reducida",
            "reduzida",
            "reduzido",
            "creuse",
            "creuses",
            "valle",
            "nebenzeit",
            "ridotta",
        ])
        || words.phrase(&["fora", "de", "pico"])
        || words.phrase(&["fora", "pico"])
    {
        "off-peak"
    } else if words.any(&["weekend", "weekends", "wochenende"])
        || words.phrase(&["week", "end"])
        || words.phrase(&["fin", "de", "semana"])
        || words.phrase(&["fim", "de", "semana"])
        || words.phrase(&["fine", "settimana"])
    {
        "weekend"
    } else if words.any(&[
        "night", "noche", "noite", "nuit", "notte", "nacht", "nocturna", "noturno", "noturna", "evening",
    ]) {
        "night"
    } else if words.any(&["holiday", "holidays", "feriado", "feriados", "ferie"]) {
        "holiday"
    } else if words.any(&[
        "peak",
        "pico",
        "punta",
        "pointe",
        "pleine",
        "pleines",
        "picco",
        "hauptzeit",
        "day",
        "standard",
        "daytime",
        "dia",
    ]) {
        "peak"
    } else {
        return None;
    };
    if words.any(INTERVAL) && !words.any(PRICE) || words.any(CODE) {
        return None;
    }
    price(words, vec![band])
}

fn price(words: &Words, bands: Vec<&'static str>) -> Option<Meaning> {
    let per_minute = words.any(&["min", "minute", "minuto", "minut", "mn", "mins", "minutes"])
        && words.0.len() <= 3
        && words.any(&["per", "por", "usd", "eur", "gbp", "al"]);
    if bands.is_empty() && !words.any(PRICE) && !per_minute {
        return None;
    }
    if words.any(&[
        "name", "plan", "type", "group", "id", "sheet", "key", "table", "class", "category", "count",
        "nombre", "nome",
    ]) {
        return Some(Meaning::Ignored);
    }
    if words.any(&[
        "percent",
        "difference",
        "delta",
        "variation",
        "diff",
        "margin",
        "diferencia",
        "diferenca",
    ]) {
        return Some(Meaning::Ignored);
    }
    let age = if words.any(NEW) {
        Age::New
    } else if words.any(OLD) {
        Age::Old
    } else if words.any(CURRENT) {
        Age::Current
    } else {
        Age::Plain
    };
    // in the name of a price column, "min" means minute
    let firsts: Vec<&str> =
        FIRST.iter().copied().filter(|word| !matches!(*word, "min" | "minimum" | "setup")).collect();
    let step = if words.any(NEXT) {
        Step::Next
    } else if words.any(&firsts) {
        Step::First
    } else {
        Step::Any
    };
    Some(Meaning::Price(PriceColumn { age, step, band: bands.first().copied() }))
}

fn code(words: &Words) -> Option<Meaning> {
    let single = |list: &[&str]| words.only(list);
    if single(&[
        "cc",
        "ddi",
        "landesvorwahl",
        "landervorwahl",
        "landeskennzahl",
        "landercode",
        "landercodes",
        "countrycode",
        "idd",
    ]) {
        return Some(Meaning::Is(Role::CountryCode));
    }
    if words.any(&[
        "ddd",
        "ortsvorwahl",
        "ortsnetzkennzahl",
        "ortskennzahl",
        "ndc",
        "areacode",
        "citycode",
        "subcode",
        "nxx",
    ]) && !words.any(&["npa"])
    {
        return Some(Meaning::Is(Role::AreaCode));
    }
    if single(&["npa"]) {
        return Some(Meaning::Is(Role::Prefix));
    }
    if !words.any(CODE) {
        return None;
    }
    if words.any(&[
        "iso", "iso2", "iso3", "alpha", "route", "product", "customer", "account", "operator", "carrier",
        "network", "rate", "mcc", "mnc", "name", "vendor", "trunk", "tech",
    ]) {
        return Some(Meaning::Ignored);
    }
    if words.any(&["to", "end", "until", "hasta", "bis", "ate", "fin", "fim", "last"]) && !words.any(COUNTRY)
    {
        return Some(Meaning::Is(Role::PrefixEnd));
    }
    let place = words.any(AREA) && !words.any(&["destinations"]);
    Some(Meaning::Is(match (words.any(COUNTRY) || words.any(INTERNATIONAL), place) {
        (true, false) => Role::CountryCode,
        (_, true) => Role::AreaCode,
        (false, false) => Role::Prefix,
    }))
}

fn increment(words: &Words) -> Option<Meaning> {
    let has_unit_only = words.only(&["sec", "secs", "seconds", "time", "billing"]);
    let is_interval = words.any(INTERVAL);
    let priced = words.any(PRICE)
        && !words.any(&[
            "increment",
            "increments",
            "interval",
            "intervals",
            "incremento",
            "intervalo",
            "takt",
        ]);
    if !is_interval || priced || words.any(PER_TIME) && !words.any(&["increment", "increments"]) {
        return None;
    }
    if words.any(&["time", "tempo", "tiempo", "sec", "seconds", "segundos"])
        && !words.any(FIRST)
        && !words.any(NEXT)
        && !has_unit_only
    {
        return None;
    }
    let role = if words.any(NEXT) {
        Role::NextIncrement
    } else if words.any(FIRST) || words.only(&["duration", "duracion", "duracao", "duree", "durata", "dauer"])
    {
        Role::InitialIncrement
    } else {
        Role::Increment
    };
    Some(Meaning::Is(role))
}

fn named(words: &Words) -> Option<Meaning> {
    let role = |role| Some(Meaning::Is(role));
    if words.only(IGNORED) {
        return None;
    }
    if words.only(&["type", "tipo", "typ"]) || (words.any(NETWORK) && !words.any(&["route", "cli", "rate"])) {
        return role(Role::Network);
    }
    if words.any(COUNTRY) && !words.any(&["iso", "iso2", "iso3"]) {
        return role(if words.any(&["destination", "name", "destino"]) && words.0.len() > 2 {
            Role::Destination
        } else {
            Role::Country
        });
    }
    if words.any(NAME) && !words.any(&["id", "iso", "group"]) {
        return role(Role::Destination);
    }
    None
}

/// The times that a text names, as a band; `None` if the text is not a time.
pub(super) fn time_band(text: &str) -> Option<TimeName> {
    let words = Words(words(text));
    const ALWAYS: &[&str] = &[
        "all",
        "any",
        "always",
        "flat",
        "default",
        "24x7",
        "24h",
        "todo",
        "todos",
        "standard",
        "peak",
        "pico",
        "punta",
        "pointe",
        "picco",
        "hauptzeit",
        "day",
        "daytime",
        "normal",
        "business",
        "pleine",
        "pleines",
    ];
    const TIMES: &[&str] = &[
        "night",
        "nights",
        "weekend",
        "weekends",
        "weekday",
        "weekdays",
        "evening",
        "evenings",
        "hour",
        "hours",
        "holiday",
        "holidays",
        "monday",
        "saturday",
        "sunday",
        "friday",
        "sat",
        "sun",
        "mon",
        "fri",
        "noche",
        "noches",
        "fin",
        "semana",
        "noite",
        "nuit",
        "notte",
        "nacht",
        "feriados",
        "offpeak",
        "economy",
        "reduced",
        "valle",
        "creuse",
        "creuses",
        "nebenzeit",
        "wochenende",
        "reducida",
        "reduzida",
    ];
    let off = words.phrase(&["off", "peak"]) || words.phrase(&["fora", "de", "pico"]);
    if words.0.is_empty() || (words.any(ALWAYS) && !off && !words.any(TIMES)) {
        return Some(TimeName::Standard);
    }
    (off || words.any(TIMES)).then(|| TimeName::Band(text.trim().to_owned()))
}

/// A part of the week that a cell names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeName {
    /// The time outside all bands.
    Standard,
    /// A band whose name is the text of the cell.
    Band(String),
}

/// The effect of a row's status on its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusRule {
    /// The row sets the price of its code.
    Keep,
    /// The code is withdrawn as of the row's date.
    Remove,
    /// Calls to the code are blocked.
    Block,
}

/// The meaning of a status; `None` for unknown words.
pub(super) fn status(text: &str) -> Option<StatusRule> {
    let words = Words(words(text));
    if words.0.is_empty() {
        return Some(StatusRule::Keep);
    }
    let negated = words.any(&["not", "non", "nicht", "nao"]);
    let neutral = |list: &[&str]| {
        words.0.iter().all(|word| {
            list.contains(&word.as_str())
                || ["code", "codes", "destination", "rate", "price", "route", "is", "the"]
                    .contains(&word.as_str())
        })
    };
    match () {
        () if negated => None,
        () if words.any(REMOVE) && neutral(REMOVE) => Some(StatusRule::Remove),
        () if words.any(BLOCK) && neutral(BLOCK) => Some(StatusRule::Block),
        () if words.only(KEEP) => Some(StatusRule::Keep),
        () => None,
    }
}

/// The unit of time that a price covers, according to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// The price covers sixty seconds.
    Minute,
    /// The price covers one second.
    Second,
}

/// The number of seconds that a price covers, if a header, a cell or a line names it: 60 for "per minute", 6 for "per 6 seconds".
pub(super) fn unit(text: &str) -> Option<u32> {
    // "6s" is a number and a unit
    let split = |word: String| {
        let digits = word.len() - word.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, unit) = word.split_at(digits);
        [number.to_owned(), if unit == "s" && digits > 0 { "sec".to_owned() } else { unit.to_owned() }]
    };
    let parts = words(text).into_iter().flat_map(split).filter(|part| !part.is_empty());
    let words = Words(parts.collect());
    let other_min = words.any(&["charge", "duration", "time"]);
    let minute = words.any(MINUTES) && !(other_min && !words.any(PER_TIME) && words.any(&["min"]));
    let seconds = match (minute, words.any(SECONDS)) {
        (true, false) => 60,
        (false, true) => 1,
        _ => return None,
    };
    let mut numbers = words.0.iter().filter_map(|word| word.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (None, _) => Some(seconds),
        (Some(count), None) => count.checked_mul(seconds).filter(|total| (1..=3_600).contains(total)),
        _ => None,
    }
}

/// Whether the text says that a price is for something other than a minute or a second, such as a block.
pub(super) fn is_other_unit(text: &str) -> bool {
    let words = Words(words(text));
    words.any(&[
        "block",
        "unit",
        "pulse",
        "interval",
        "increment",
        "impulso",
        "bloque",
        "unidad",
        "unidade",
        "impulsion",
        "hour",
        "hora",
        "heure",
        "stunde",
    ])
}

/// Whether the text says that prices are in hundredths of the currency.
pub(super) fn is_cents(text: &str) -> bool {
    let words = Words(words(text));
    text.contains('¢')
        || words.any(&[
            "cent",
            "cents",
            "cts",
            "ct",
            "usc",
            "pence",
            "eurocent",
            "eurocents",
            "centimes",
            "centavos",
            "centesimi",
            "centimos",
            "usct",
        ])
}

/// The currencies that a text names, by code or by an unambiguous symbol.
pub(super) fn currencies(text: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric()) {
        found.extend(CURRENCIES.iter().copied().filter(|code| *code == word));
    }
    for (symbol, code) in [("€", "EUR"), ("£", "GBP"), ("R$", "BRL"), ("US$", "USD")] {
        if text.contains(symbol) {
            found.push(code);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
