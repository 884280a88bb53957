//! Dates in any usual format. All cells of the date columns together decide the order of day and month.

use chrono::{Datelike as _, Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::header_words::END;
use super::{CellError, MAX_WORDS_IN_CELL};
use crate::fold::fold;

/// The order of the parts of dates like `03/04/2027`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
}

/// The contents of a cell in a date column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Date {
    /// A date whose parts are certain.
    Known(NaiveDate),
    /// Two small numbers and a year.
    Numeric(u32, u32, i32),
    /// The cell is empty or says "now".
    Now,
}

/// Evidence from the date columns for the order of day and month.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Orders {
    pub(super) dmy: u64,
    pub(super) mdy: u64,
    /// Number of dates whose day and month differ but could be swapped.
    pub(super) either: u64,
    /// Number of cells with a date in any format.
    pub(super) dates: u64,
}

impl Orders {
    pub(super) fn see(&mut self, cell: &str) {
        let Ok(date) = Date::read(cell) else { return };
        self.dates += u64::from(date != Date::Now);
        match date {
            Date::Numeric(first, second, _) if first == second => {}
            Date::Numeric(first, _, _) if first > 12 => self.dmy += 1,
            Date::Numeric(_, second, _) if second > 12 => self.mdy += 1,
            Date::Numeric(..) => self.either += 1,
            _ => {}
        }
    }

    /// The order of day and month, if a day over 12 decides it or if no date is ambiguous.
    pub(super) fn decide(self) -> Option<DateOrder> {
        match (self.dmy, self.mdy, self.either) {
            (0, 0, 0) => Some(DateOrder::Dmy),
            (1.., 0, _) => Some(DateOrder::Dmy),
            (0, 1.., _) => Some(DateOrder::Mdy),
            _ => None,
        }
    }
}

const NOW: &[&str] = &[
    "now",
    "immediate",
    "immediately",
    "immediate effect",
    "asap",
    "inmediato",
    "inmediatamente",
    "imediato",
    "imediatamente",
    "immediat",
    "immediatement",
    "immediato",
    "sofort",
    "ab sofort",
    "-",
];

/// The beginnings of the names of the months, in the languages of carriers.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "oca", "янв", "يناي", "ian", "ιαν", "січ", "led", "tam", "ינוא"],
    &["feb", "fev", "lut", "sub", "фев", "فبرا", "φεβ", "лют", "uno", "hel", "פברו"],
    &["mar", "mae", "mrz", "mrt", "мар", "مارس", "μαρ", "бер", "bre", "maa", "מרץ"],
    &["apr", "abr", "avr", "kwi", "nis", "апр", "ابري", "απρ", "кві", "dub", "huh", "אפרי"],
    &["may", "mai", "mag", "mei", "maj", "маи", "мая", "مايو", "μαι", "тра", "kve", "tou", "מאי"],
    &["jun", "giu", "juin", "cze", "haz", "июн", "يوني", "iun", "ιουν", "чер", "kes", "יוני"],
    &["jul", "lug", "juil", "lip", "tem", "июл", "يولي", "iul", "ιουλ", "лип", "hei", "יולי"],
    &["aug", "ago", "aou", "sie", "agu", "авг", "اغسط", "αυγ", "сер", "srp", "elo", "אוגו"],
    &["sep", "set", "wrz", "eyl", "сен", "سبتم", "σεπ", "вер", "zar", "syy", "sze", "ספטמ"],
    &["oct", "out", "okt", "ott", "paz", "eki", "окт", "اكتو", "οκτ", "жов", "rij", "lok", "אוקט"],
    &["nov", "lis", "kas", "ноя", "نوفم", "νοε", "noi", "лис", "נובמ"],
    &["dec", "dic", "dez", "gru", "ara", "дек", "ديسم", "des", "δεκ", "гру", "pro", "jou", "דצמב"],
];

/// Whether a word is the name of a month.
pub(super) fn is_month(word: &str) -> bool {
    word.chars().count() >= 3 && month(&fold(word)).is_some()
}

fn month(word: &str) -> Option<u32> {
    let named = |length: usize| {
        let head: String = word.chars().take(length).collect();
        MONTHS.iter().position(|names| names.contains(&head.as_str()))
    };
    let at = named(4).or_else(|| named(3))?;
    u32::try_from(at + 1).ok()
}

/// The error of a cell that is not a date.
pub(super) fn invalid() -> CellError {
    CellError::new("DATE_INVALID", "The cell is not a date.", "Write the date as 2026-12-31.")
}

impl Date {
    /// Reads a cell without deciding the order of day and month.
    pub(super) fn read(cell: &str) -> Result<Date, CellError> {
        let fail = invalid;
        if cell.len() > MAX_WORDS_IN_CELL {
            return Err(fail());
        }
        let text = plain(fold(cell));
        let text = since(&text).to_owned();
        if text.is_empty() || NOW.contains(&text.as_str()) || begins_now(&text) {
            return Ok(Date::Now);
        }
        if let Some(date) = serial(&text) {
            return Ok(Date::Known(date));
        }
        parts(&text).ok_or_else(fail)
    }

    /// The date in the deck's order; `None` means now.
    pub(super) fn resolve(self, order: DateOrder) -> Result<Option<NaiveDate>, CellError> {
        match (self, order) {
            (Date::Now, _) => Ok(None),
            (Date::Known(date), _) => Ok(Some(date)),
            (Date::Numeric(day, month, year), DateOrder::Dmy)
            | (Date::Numeric(month, day, year), DateOrder::Mdy) => {
                let date = NaiveDate::from_ymd_opt(year, month, day);
                date.map(Some).ok_or_else(|| {
                    let message = "In this deck's order of day and month, this date does not exist.";
                    CellError::new("DATE_INVALID", message, "Correct the date, or write it as 2026-12-31.")
                })
            }
        }
    }
}

/// Rewrites a date like `2026年12月1日` with hyphens.
fn plain(text: String) -> String {
    if !text.contains(['年', '년']) {
        return text;
    }
    text.replace(['年', '月', '년', '월'], "-").replace(['日', '일', '號'], " ").trim().to_owned()
}

/// Whether a cell with a date says that the date is the last day: "until 06.12.2026". Such a date is not a first day.
pub(super) fn says_until(cell: &str) -> bool {
    const UNTIL: &[&str] = &[
        "til", "through", "thru", "before", "by", "last", "al", "au", "do", "ultimo", "letzter", "vor",
        "antes", "avant", "prima",
    ];
    if !cell.contains(char::is_alphabetic) || !cell.contains(|letter: char| letter.is_ascii_digit()) {
        return false;
    }
    let text = fold(cell);
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // in "a partir do dia 7", "do" is an article
    let begins = words.contains(&"partir") || words.contains(&"contar");
    words.iter().any(|word| (UNTIL.contains(word) || END.contains(word)) && !(begins && *word == "do"))
}

/// Words before a first day.
const FROM: &[&str] = &[
    "effective",
    "eff",
    "valid",
    "starting",
    "from",
    "as",
    "of",
    "on",
    "since",
    "wef",
    "w.e.f",
    "w.e.f.",
    "gultig",
    "ab",
    "dem",
    "seit",
    "desde",
    "el",
    "partir",
    "contar",
    "de",
    "del",
    "dia",
    "du",
    "compter",
    "dal",
    "valido",
    "vigente",
    "vanaf",
    "od",
    "с",
    "со",
];

/// The date in a cell like "from 07/12/2026", which repeats that it is the first day. Other texts are not changed.
fn since(text: &str) -> &str {
    let mut rest = text;
    let mut begins = false;
    while let Some((word, after)) = rest.split_once(char::is_whitespace) {
        let after = after.trim_start();
        // an "a" alone means "to" in some languages, and "do" means "until"
        let article = matches!(word, "a") && BEGINNINGS.iter().any(|next| after.starts_with(next))
            || matches!(word, "do" | "da") && begins;
        if !article && !FROM.contains(&word.trim_end_matches([':', '.'])) && !FROM.contains(&word) {
            break;
        }
        begins |= article;
        rest = after;
    }
    let dated = rest.starts_with(|letter: char| letter.is_ascii_digit()) || begins_with_name(rest);
    if dated { rest } else { text }
}

/// The words after "a" in "a partir de".
const BEGINNINGS: &[&str] = &["partir", "contar", "compter"];

/// Whether a text begins with the name of a day or month.
fn begins_with_name(text: &str) -> bool {
    let word = text.split(|letter: char| !letter.is_alphabetic()).next().unwrap_or_default();
    is_weekday(word) || is_month(word)
}

/// Whether a word is a day of the week.
fn is_weekday(word: &str) -> bool {
    const SHORT: &[&str] = &[
        "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "die", "mit", "don", "fre",
        "sam", "son", "mo", "di", "mi", "fr", "sa", "so", "lun", "mar", "mie", "mer", "jue", "jeu", "vie",
        "ven", "sab", "dom", "dim", "seg", "ter", "qua", "qui", "sex", "gio", "пн", "вт", "ср", "чт", "пт",
        "сб", "вс", "pon", "wto", "sro", "czw", "pia", "sob", "nie", "paz", "sal", "car", "per", "cum",
    ];
    const LONG: &[&str] = &[
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonnabend",
        "sonntag",
        "lunes",
        "martes",
        "miercoles",
        "jueves",
        "viernes",
        "sabado",
        "domingo",
        "segunda",
        "terca",
        "quarta",
        "quinta",
        "sexta",
        "lundi",
        "mardi",
        "mercredi",
        "jeudi",
        "vendredi",
        "samedi",
        "dimanche",
        "lunedi",
        "martedi",
        "mercoledi",
        "giovedi",
        "venerdi",
        "domenica",
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
        "понедельник",
        "вторник",
        "среда",
        "четверг",
        "пятница",
        "суббота",
        "воскресенье",
        "poniedzialek",
        "wtorek",
        "sroda",
        "czwartek",
        "piatek",
        "sobota",
        "niedziela",
        "pazartesi",
        "sali",
        "carsamba",
        "persembe",
        "cuma",
        "cumartesi",
        "pazar",
    ];
    SHORT.contains(&word) || LONG.contains(&word)
}

/// Whether a text without digits begins with a word for "now": "Immediate 即時", "immediately upon notice".
fn begins_now(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "now",
        "immediate",
        "immediately",
        "asap",
        "inmediato",
        "imediato",
        "immediat",
        "immediato",
        "sofort",
        "немедленно",
        "hemen",
        "即时",
        "即時",
        "立即",
    ];
    let first = text.split_whitespace().next().unwrap_or_default().trim_end_matches([',', ';', '.']);
    !text.contains(|letter: char| letter.is_ascii_digit()) && WORDS.contains(&first)
}

/// The dates in a sentence, as they are written. Dates without a year are left out.
pub(super) fn dates_in(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().take(200).collect();
    let mut found: Vec<String> = signed(text).into_iter().collect();
    let mut at = 0;
    while at < words.len() {
        let dated = [5, 4, 3, 1].into_iter().find_map(|length| {
            let text = words.get(at..at + length)?.join(" ");
            let text = text.trim_matches(|letter: char| !letter.is_alphanumeric());
            let date = !text.bytes().all(|byte| byte.is_ascii_digit()) || text.len() == 8;
            let starts = text.starts_with(|letter: char| letter.is_ascii_digit())
                || length > 1 && month(&fold(text)).is_some();
            let known = matches!(Date::read(text), Ok(Date::Known(_) | Date::Numeric(..)));
            (date && starts && known).then(|| (length, text.to_owned()))
        });
        match dated.or_else(|| inside(words.get(at)?).map(|date| (1, date))) {
            Some((length, date)) => {
                found.push(date);
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// A date in digits within a word, as in `2026.12.15-től` and `מ-15/12/2026`.
fn inside(word: &str) -> Option<String> {
    let from = word.find(|letter: char| letter.is_ascii_digit())?;
    let rest = word.get(from..)?;
    let end = rest
        .find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | '/' | '-'))
        .unwrap_or(rest.len());
    let date = rest.get(..end)?.trim_end_matches(['.', '/', '-']);
    let parts = date.split(['.', '/', '-']).filter(|part| !part.is_empty()).count();
    let known = matches!(Date::read(date), Ok(Date::Known(_) | Date::Numeric(..)));
    (parts == 3 && known).then(|| date.to_owned())
}

/// Whether a text has a day, an unknown word and a year, as in "15 Waberi 2026".
pub(super) fn looks_dated(text: &str) -> bool {
    let text = fold(text);
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let day = |word: &str| word.len() <= 2 && word.parse::<u32>().is_ok_and(|day| (1..=31).contains(&day));
    let is_year = |word: &str| word.len() == 4 && year(word).is_some_and(|year| (2024..2040).contains(&year));
    let name = |word: &str| word.chars().count() >= 3 && word.chars().all(char::is_alphabetic);
    words
        .windows(3)
        .any(|part| is_year(part[2]) && (day(part[0]) && name(part[1]) || name(part[0]) && day(part[1])))
}

/// The first date like `2026年12月1日` in a sentence without spaces.
fn signed(text: &str) -> Option<String> {
    let at = text.find(['年', '년'])?;
    let head = text.get(..at)?;
    let digits = head.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let rest = text.get(digits.len()..)?;
    let end = rest.find(['日', '일', '號'])?;
    let date = rest.get(..end)?;
    let sign = rest.get(end..)?.chars().next()?;
    let date = format!("{date}{sign}");
    matches!(Date::read(&date), Ok(Date::Known(_))).then_some(date)
}

/// The day and the month of a date that stands for two small numbers: `6-Jun`, or a date cell.
pub(super) fn day_and_month(cell: &str, is_date: bool) -> Option<(u32, u32)> {
    if is_date {
        let Ok(Date::Known(date)) = Date::read(cell) else { return None };
        return Some((date.day(), date.month()));
    }
    let text = fold(cell);
    let (first, second) = text.split_once(['-', ' ', '.'])?;
    let short = |word: &str| is_number(word) && word.len() <= 2;
    let letters = |word: &str| !word.is_empty() && word.chars().all(char::is_alphabetic);
    match (short(first), short(second)) {
        (true, false) if letters(second) => Some((first.parse().ok()?, month(second)?)),
        (false, true) if letters(first) => Some((second.parse().ok()?, month(first)?)),
        _ => None,
    }
}

/// Reads a spreadsheet's day number (from 2009 to 2064) or a date without separators.
fn serial(text: &str) -> Option<NaiveDate> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = whole.parse().ok()?;
    match whole.len() {
        5 if (40_000..=60_000).contains(&number) => {
            NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(number.into()))
        }
        8 if (20_000_101..=20_991_231).contains(&number) && fraction == "0" => {
            let year = i32::try_from(number / 10_000).ok()?;
            NaiveDate::from_ymd_opt(year, number / 100 % 100, number % 100)
        }
        _ => None,
    }
}

fn parts(text: &str) -> Option<Date> {
    let separates = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '-' | '.' | ',');
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(separates).filter(|word| !word.is_empty()) {
        if word.contains(':') || matches!(word, "am" | "pm" | "utc" | "gmt" | "z" | "de" | "of") {
            continue;
        }
        words.push(word);
    }
    // a month in a second language is in parentheses
    if words.len() > 3
        && let Some(name) = words.iter().copied().find(|word| word.starts_with('('))
    {
        words.retain(|word| *word == name || is_number(word));
    }
    let mut words: Vec<&str> = words.iter().map(|word| word.trim_matches(['(', ')'])).collect();
    // cut off a time after a T, as in ISO 8601
    if let Some(last) = words.last_mut() {
        let word: &str = last;
        *last = word.split('t').next().filter(|day| is_number(day)).unwrap_or(word);
    }
    // the word with colons was skipped, and it contained the day of an ISO date, so read the text before the T
    if words.len() == 2 && text.contains('t') {
        let (day, _) = text.split_once('t')?;
        return parts(day);
    }
    // the Hungarian "2026. december 1-jétől" ends with a suffix
    if words.len() == 4
        && words[0].len() == 4
        && is_number(words[0])
        && !words[3].contains(|letter: char| letter.is_ascii_digit())
    {
        words.truncate(3);
    }
    // "Mon 14 Dec 2026" begins with the day of the week; other words may say that the date is the last day
    if words.len() == 4 && (is_weekday(words[0]) || FROM.contains(&words[0])) {
        words.remove(0);
    }
    let apart = if words.len() == 1 { day_month_year(words[0]) } else { None };
    if let Some((day, name, year)) = &apart {
        words = vec![day.as_str(), name.as_str(), year.as_str()];
    }
    let [first, second, third] = *words.as_slice() else { return None };
    if first.len() == 4 && is_number(first) {
        return Some(Date::Known(NaiveDate::from_ymd_opt(
            first.parse().ok()?,
            number_of(second)?,
            number_of(third)?,
        )?));
    }
    let year = year(third)?;
    let named = |day: &str, name: &str| {
        let date = NaiveDate::from_ymd_opt(year, month(name)?, day_of(day)?)?;
        Some(Date::Known(date))
    };
    match (is_number(first), is_number(second)) {
        (true, true) => numeric(text, first.parse().ok()?, second.parse().ok()?, year),
        (true, false) => named(first, second),
        // "1er", "2nd"
        (false, false) if first.starts_with(|letter: char| letter.is_ascii_digit()) => named(first, second),
        (false, _) => named(second, first),
    }
}

/// The parts of a date without separators, such as `01DEC2026`.
fn day_month_year(word: &str) -> Option<(String, String, String)> {
    let rest = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let name = rest.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let (day, year) = (word.strip_suffix(rest)?, rest.strip_prefix(name)?);
    let is_date = !day.is_empty() && name.chars().count() >= 3 && !year.is_empty();
    is_date.then(|| (day.to_owned(), name.to_owned(), year.to_owned()))
}

/// Dates with points between their parts always put the day first.
fn numeric(text: &str, first: u32, second: u32, year: i32) -> Option<Date> {
    if text.matches('.').count() >= 2 && !text.contains('/') {
        return NaiveDate::from_ymd_opt(year, second, first).map(Date::Known);
    }
    let fits = |part: u32| (1..=31).contains(&part);
    (fits(first) && fits(second) && (first <= 12 || second <= 12))
        .then_some(Date::Numeric(first, second, year))
}

fn is_number(word: &str) -> bool {
    (1..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn number_of(word: &str) -> Option<u32> {
    is_number(word).then(|| word.parse().ok()).flatten().or_else(|| month(word))
}

fn day_of(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    digits.parse().ok()
}

/// A year of this century. A number of two digits counts as a year only if it is at least 20, because a smaller number may be a day or a month.
fn year(word: &str) -> Option<i32> {
    let number: i32 = word.parse().ok()?;
    match (word.len(), number) {
        (4, 2000..=2099) => Some(number),
        // the Thai calendar
        (4, 2560..=2642) => Some(number - 543),
        (2, 20..=99) => Some(2000 + number).filter(|year| *year < 2060),
        _ => None,
    }
}
