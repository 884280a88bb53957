//! Finds the meaning of cells and notes from their words: times, statuses, units, currencies.

use serde::{Deserialize, Serialize};

use super::header::{Words, words};
use super::header_words::{
    BLOCK, CENTS, COMPARED, COUNTED, CURRENCIES, KEEP, MINUTES, PER_TIME, REMOVE, SECONDS, TOTALS,
};

/// The part of the week that a text names; `None` if the text does not name one.
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
    // "00:00-24:00" is the whole day
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let whole = ["24", "024", "247", "724", "00002400", "00002359", "000000235959", "000000240000", "024007"];
    if !text.contains(char::is_alphabetic) && whole.contains(&digits.as_str()) {
        return Some(TimeName::Standard);
    }
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
    /// A band; the text of the cell is its name.
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

/// The meaning of an empty price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyPrice {
    /// The row has the price of the row above.
    Above,
    /// The code is withdrawn.
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
    if let [word] = words.0.as_slice()
        && let Some(found) = chinese_status(word)
    {
        return Some(found);
    }
    let negated = words.any(&["not", "non", "nicht", "nao", "pas", "kein"]);
    let neutral = |list: &[&str]| {
        words.0.iter().all(|word| {
            list.contains(&word.as_str())
                || [
                    "code",
                    "codes",
                    "destination",
                    "rate",
                    "price",
                    "route",
                    "is",
                    "the",
                    "from",
                    "offer",
                    "of",
                    "by",
                    "carrier",
                    "service",
                    "codigo",
                    "codice",
                    "destino",
                    "prefix",
                    "prefijo",
                    "prefixo",
                ]
                .contains(&word.as_str())
        })
    };
    match () {
        () if negated => None,
        () if words.any(REMOVE) && neutral(REMOVE) => Some(StatusRule::Remove),
        () if words.any(BLOCK) && neutral(BLOCK) => Some(StatusRule::Block),
        () if words.only(KEEP) || words.only(&[KEEP, COMPARED].concat()) => Some(StatusRule::Keep),
        () => None,
    }
}

/// The meaning of a Chinese status, which is written without spaces.
fn chinese_status(word: &str) -> Option<StatusRule> {
    let has = |list: &[&str]| {
        list.iter().any(|part| {
            part.starts_with(|letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter))
                && word.contains(part)
        })
    };
    let negated = word.starts_with(['无', '未', '不', '非', '沒', '無']);
    match (negated, has(BLOCK), has(REMOVE)) {
        (true, true, _) | (true, _, true) => Some(StatusRule::Keep),
        (false, true, _) => Some(StatusRule::Block),
        (false, false, true) => Some(StatusRule::Remove),
        _ => None,
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
    /// The price covers sixty minutes.
    Hour,
    /// The price covers 1,000 minutes.
    ThousandMinutes,
    /// The price covers the next increment of its row.
    Increment,
}

/// The number of seconds that a price covers, if a header, a cell or a line names it: 60 for "per minute", 6 for "per 6 seconds", and 60,000 for "per
/// 1,000 minutes". A number counts only directly before the unit.
pub(super) fn unit(text: &str) -> Option<u32> {
    const THOUSAND: &[&str] = &["thousand", "mil", "mille", "mila", "tausend", "1k", "k"];
    // "6s" is a number and a unit, and 1,000 is one number
    let split = |word: String| {
        let digits = word.len() - word.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, unit) = word.split_at(digits);
        [number.to_owned(), if unit == "s" && digits > 0 { "sec".to_owned() } else { unit.to_owned() }]
    };
    let text = text.replace("SEK", " ").replace('/', " per ");
    let parts = words(&ungrouped(&text)).into_iter().flat_map(split).filter(|part| !part.is_empty());
    let words = Words(parts.collect());
    let other_min = words.any(&["charge", "duration", "time"]);
    let no_min = other_min && !words.any(PER_TIME);
    let volume = |at: usize| {
        let count = at.checked_sub(2).and_then(|at| words.0.get(at));
        count.and_then(|word| word.parse::<u32>().ok()).is_some_and(|count| count > 1)
    };
    let mut found: Option<u32> = None;
    for (at, word) in words.0.iter().enumerate() {
        let word = word.as_str();
        let seconds = match () {
            () if is_minute(word) && !(no_min && word == "min") => 60,
            () if is_second(word) || word == "s" && is_counted(&words.0, at) => 1,
            () => continue,
        };
        let before = at.checked_sub(1).and_then(|before| words.0.get(before));
        let count = match before {
            // "0-100k min" is a volume
            Some(word) if THOUSAND.contains(&word.as_str()) && volume(at) => continue,
            Some(word) if THOUSAND.contains(&word.as_str()) => Some(1_000),
            Some(word) => {
                word.parse::<u32>().map_or(Some(1), |count| Some(count).filter(|count| *count <= 100_000))
            }
            None => Some(1),
        };
        let total = count?.checked_mul(seconds).filter(|total| (1..=6_000_000).contains(total))?;
        if found.is_some_and(|found| found != total) {
            return None;
        }
        found = Some(total);
    }
    found
}

/// Whether the word before position `at` is a number or a word like "per", so that an "s" at this position means seconds.
fn is_counted(words: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    before.is_some_and(|word| {
        word.bytes().all(|byte| byte.is_ascii_digit()) || PER_TIME.contains(&word.as_str())
    })
}

/// Whether a word means a minute, in any inflection.
pub(super) fn is_minute(word: &str) -> bool {
    MINUTES.contains(&word)
        || ["минут", "хвилин", "minuut", "minutt", "minutow", "minutengenau", "minutentakt"]
            .iter()
            .any(|stem| word.contains(stem))
}

/// Whether a word means a second, in any inflection.
pub(super) fn is_second(word: &str) -> bool {
    SECONDS.contains(&word) || ["секунд", "sekund", "segund", "saniye"].iter().any(|stem| word.contains(stem))
}

/// The text with numbers like `1,000` written without a mark.
fn ungrouped(text: &str) -> String {
    let letters: Vec<char> = text.chars().take(1_000).collect();
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let grouped = |at: usize| {
        let group = (1..=3).all(|offset| digit(at + offset)) && !digit(at + 4);
        matches!(letters[at], ',' | '.' | '\'' | ' ' | '\u{a0}') && at > 0 && digit(at - 1) && group
    };
    (0..letters.len()).filter(|at| !grouped(*at)).map(|at| letters[at]).collect()
}

/// Whether a text says that a price covers one increment: "per billing cycle", "USD/pulse", `元/周期`.
pub(super) fn is_per_increment(text: &str) -> bool {
    const STEPS: &[&str] = &[
        "cycle",
        "pulse",
        "pulses",
        "increment",
        "block",
        "interval",
        "step",
        "impulso",
        "pulso",
        "ciclo",
        "impuls",
        "impulsion",
        "scatto",
        "takt",
        "bloque",
        "intervalo",
    ];
    const BETWEEN: &[&str] = &["billing", "charging", "rating", "each", "one", "1"];
    if ["/周期", "/计费周期", "/個計費週期", "每周期", "计费周期的价格", "每个计费周期", "/計費週期"]
        .iter()
        .any(|part| text.contains(part))
    {
        return true;
    }
    let marked = text.replace('/', " per ");
    let words = words(&marked);
    words.iter().enumerate().any(|(at, word)| {
        let rest = words.get(at + 1..).unwrap_or_default();
        let next = rest.iter().find(|word| !BETWEEN.contains(&word.as_str()));
        PER_TIME.contains(&word.as_str()) && next.is_some_and(|word| STEPS.contains(&word.as_str()))
    })
}

/// Whether the text says that a price is for something other than a minute or a second, such as a block. A word for "hour" counts only if the text
/// also has a word like "per" or a slash, because "hora punta" means peak time.
pub(super) fn is_other_unit(text: &str) -> bool {
    let words = Words(words(text));
    let hours = words.any(&["hour", "hora", "heure", "stunde", "ora"]);
    hours && (words.any(PER_TIME) || text.contains('/'))
        || words.any(&[
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
        ])
}

/// Whether a text has only the words and numbers of a line of totals: "Total destinations: 15", "Average".
pub(super) fn is_total(text: &str) -> bool {
    let words = Words(words(text));
    let number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let first = words.0.iter().find(|word| !["grand", "the", "general"].contains(&word.as_str()));
    let known =
        |word: &String| TOTALS.contains(&word.as_str()) || COUNTED.contains(&word.as_str()) || number(word);
    first.is_some_and(|word| TOTALS.contains(&word.as_str())) && words.0.iter().all(known)
}

/// Whether the text says that prices are in the smaller unit of the currency, such as cents.
pub(super) fn is_cents(text: &str) -> bool {
    let words = Words(words(text));
    // without its dots, "öre" is an Italian word for hours
    let ore = || {
        text.to_lowercase()
            .split(|letter: char| !letter.is_alphabetic())
            .any(|word| matches!(word, "öre" | "øre"))
    };
    text.contains('¢')
        || words.any(CENTS)
        || !text.is_ascii() && ore()
        || ["(k/s)", "分/分", " k/s"].iter().any(|sign| text.contains(sign))
        || ["c€", "c$", "ct€", "€c", "€ct"].iter().any(|sign| text.contains(sign))
        || words.phrase(&["c", "min"])
        || words.phrase(&["c", "minute"])
        || words.phrase(&["p", "min"])
        || words.phrase(&["p", "minute"])
        || words.phrase(&["p", "per", "minute"])
        || words.phrase(&["p", "per", "min"])
}

/// Whether the text may say that prices are in pence per minute. In currencies other than the pound, PPM may stand for "price per minute".
pub(super) fn is_pence(text: &str) -> bool {
    Words(words(text)).any(&["ppm"])
}

/// Whether a price is followed by a word or symbol for the smaller unit of the currency: `0.9¢`, `2.1p`.
pub(super) fn has_cents(cell: &str) -> bool {
    let text = cell.to_lowercase();
    let letters = text.trim_matches(|letter: char| !letter.is_alphabetic() && letter != '¢');
    text.contains('¢')
        || letters
            .split(|letter: char| !letter.is_alphabetic())
            .next()
            .is_some_and(|word| CENTS.contains(&word) || matches!(word, "c" | "p"))
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
    if text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == "TL") || text.contains('₺') {
        found.push("TRY");
    }
    found.sort_unstable();
    found.dedup();
    found
}
