//! Finds from the name of a price column how old its prices are, and to which part of a call and which time of the day they apply.

use super::super::cells::{currencies, is_cents};
use super::super::header_words::{
    CODE, CURRENT, FIRST, INTERVAL, MINIMUMS, MINUTES, NEW, NEXT, OLD, PRICE, SECONDS,
};
use super::{Age, GENERAL, Meaning, PriceColumn, Step, Words};

/// Prices at certain times: off-peak, night, weekend.
pub(super) fn band_price(words: &Words) -> Option<Meaning> {
    let phrase = |phrases: &[&[&str]]| phrases.iter().any(|phrase| words.phrase(phrase));
    let band = if words.any(OFF_PEAK) || phrase(OFF_PEAK_PHRASES) {
        "off-peak"
    } else if words.any(WEEKEND) || phrase(WEEKEND_PHRASES) {
        "weekend"
    } else if words.any(&["evening", "evenings", "abend", "soiree", "sera"]) {
        "evening"
    } else if words.any(NIGHT) {
        "night"
    } else if words.any(&[
        "holiday", "holidays", "feriado", "feriados", "ferie", "festivo", "festivos", "feiertag", "feries",
    ]) {
        "holiday"
    } else if words.any(PEAK) {
        "peak"
    } else if words.any(&["standard", "day", "dia", "jour", "tag", "giorno", "normal", "normale", "estandar"])
    {
        GENERAL
    } else {
        return None;
    };
    if words.any(INTERVAL) && !words.any(PRICE) || words.any(CODE) {
        return None;
    }
    price(words, vec![band])
}

/// The part of the week in the name of a column that has prices, if the name says only this: "Fascia ridotta". [`GENERAL`] stands for the full price.
pub(in crate::carrier_deck) fn band_in(name: &str) -> Option<&'static str> {
    let words = Words::of(name);
    if words.any(FULL) {
        return Some(GENERAL);
    }
    match band_price(&words)? {
        Meaning::Price(price) => price.band,
        _ => None,
    }
}

/// Words for the full price, if another column has the reduced price.
const FULL: &[&str] = &[
    "intera",
    "intero",
    "piena",
    "pieno",
    "full",
    "voll",
    "voller",
    "volltarif",
    "completa",
    "completo",
    "cheia",
    "cheio",
    "llena",
    "ordinaria",
    "ordinario",
    "entier",
];

/// Whether a name is for a time of the day other than the standard time.
pub(in crate::carrier_deck) fn names_band(name: &str) -> bool {
    let words = Words::of(name);
    let phrase = |phrases: &[&[&str]]| phrases.iter().any(|phrase| words.phrase(phrase));
    words.any(OFF_PEAK)
        || words.any(WEEKEND)
        || words.any(NIGHT)
        || phrase(OFF_PEAK_PHRASES)
        || phrase(WEEKEND_PHRASES)
}

const OFF_PEAK: &[&str] = &[
    "offpeak",
    "economy",
    "economica",
    "reduced",
    "reducida",
    "reducido",
    "reduzida",
    "reduzido",
    "creuse",
    "creuses",
    "valle",
    "llana",
    "nebenzeit",
    "ridotta",
    "ridotto",
    "reduit",
    "reduite",
    "schwachlast",
    "neben",
    "vazio",
];

const OFF_PEAK_PHRASES: &[&[&str]] = &[
    &["off", "peak"],
    &["off", "pico"],
    &["non", "peak"],
    &["fora", "de", "pico"],
    &["fora", "pico"],
    &["fora", "de", "ponta"],
    &["fora", "do", "pico"],
    &["fuera", "de", "punta"],
    &["fuera", "de", "pico"],
    &["hors", "pointe"],
    &["fuori", "punta"],
    &["fuori", "picco"],
];

const WEEKEND: &[&str] = &[
    "weekend",
    "weekends",
    "wochenende",
    "we",
    "wknd",
    "wkend",
    "finde",
    "sabado",
    "domingo",
    "samstag",
    "sonntag",
    "saturday",
    "sunday",
    "hafta",
];

const WEEKEND_PHRASES: &[&[&str]] =
    &[&["week", "end"], &["fin", "de", "semana"], &["fim", "de", "semana"], &["fine", "settimana"]];

const NIGHT: &[&str] = &[
    "night",
    "nights",
    "noche",
    "noite",
    "nuit",
    "notte",
    "nacht",
    "nachts",
    "nachttarif",
    "nocturna",
    "nocturno",
    "nocturne",
    "noturno",
    "noturna",
    "notturna",
    "notturno",
];

const PEAK: &[&str] = &[
    "peak",
    "pico",
    "punta",
    "ponta",
    "pointe",
    "plein",
    "pleine",
    "pleines",
    "plena",
    "picco",
    "hauptzeit",
    "haupt",
    "daytime",
    "diurna",
    "diurno",
    "diurne",
    "diurnal",
    "tagsuber",
];

pub(super) fn price(words: &Words, bands: Vec<&'static str>) -> Option<Meaning> {
    let per_minute =
        words.any(MINUTES) && words.0.len() <= 3 && words.any(&["per", "por", "usd", "eur", "gbp", "al"]);
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
    // "Rate until 14.12.2026", "Rate from 15.12.2026"
    let numbered = words.0.iter().any(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
    let dated = |list: &[&str]| numbered && words.any(list);
    let age = if words.any(NEW) || dated(&["from", "ab", "desde", "dal", "since", "starting", "partir"]) {
        Age::New
    } else if words.any(OLD) || dated(&["until", "till", "bis", "hasta", "ate", "jusqu", "fino"]) {
        Age::Old
    } else if words.any(CURRENT) {
        Age::Current
    } else {
        Age::Plain
    };
    // in the name of a price column, "min" means minute
    let firsts: Vec<&str> =
        FIRST.iter().copied().filter(|word| !MINIMUMS.contains(word) && *word != "setup").collect();
    let step = if words.any(NEXT) {
        Step::Next
    } else if words.any(&firsts) {
        Step::First
    } else {
        Step::Any
    };
    Some(Meaning::Price(PriceColumn { age, step, band: bands.first().copied() }))
}

/// A price that is named only by its currency and unit: "R$/min".
pub(super) fn money(words: &Words, name: &str) -> Option<Meaning> {
    let symbol = name.contains(['$', '€', '£', '¥']) || !currencies(name).is_empty();
    let plain = PriceColumn { age: Age::Plain, step: Step::Any, band: None };
    // a column named "p/min" or "¢" has prices, although its name has no word for "price"
    let timed = words.any(MINUTES) || words.any(SECONDS) && !name.contains("SEK");
    (symbol && timed && words.0.len() <= 5 || is_cents(name) && words.0.len() <= 3)
        .then_some(Meaning::Price(plain))
}
