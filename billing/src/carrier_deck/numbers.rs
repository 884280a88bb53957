//! Reads prices: decides the decimal and thousands marks from whole columns, and converts prices exactly to micros.

use serde::{Deserialize, Serialize};

use super::header_words::CURRENCIES;
use super::table::Kind;
use super::{CellError, MAX_WORDS_IN_CELL};
use crate::money::{MICROS_DECIMALS, Micros, RoundingMode, divide_rounded};

/// The character before the decimals of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `0.0450`.
    Point,
    /// `0,0450`.
    Comma,
}

impl DecimalMark {
    pub(super) fn letter(self) -> char {
        match self {
            DecimalMark::Point => '.',
            DecimalMark::Comma => ',',
        }
    }

    pub(super) fn other(self) -> DecimalMark {
        match self {
            DecimalMark::Point => DecimalMark::Comma,
            DecimalMark::Comma => DecimalMark::Point,
        }
    }
}

/// How prices with more than six decimals are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceRounding {
    /// To the nearest millionth; halves are rounded up.
    HalfUp,
    /// Up, so that no price is below the carrier's.
    Up,
}

impl PriceRounding {
    fn mode(self) -> RoundingMode {
        match self {
            PriceRounding::HalfUp => RoundingMode::HalfUp,
            PriceRounding::Up => RoundingMode::Up,
        }
    }
}

/// An exact number: `digits` × 10^-`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    digits: i128,
    scale: u32,
}

/// Evidence from the price columns about decimal and thousands marks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    /// Number of cells whose mark can only be a decimal point.
    pub(super) point: u64,
    /// Number of cells whose mark can only be a decimal comma.
    pub(super) comma: u64,
    /// Number of cells like `1.234`, whose mark may be a decimal or a thousands mark.
    pub(super) either: u64,
    /// Whether all doubtful marks are points, and whether all of them are commas.
    pub(super) all_points: bool,
    pub(super) all_commas: bool,
    /// Whether a cell has both marks, which shows that the deck groups thousands.
    pub(super) grouped: bool,
}

/// The possible meanings of the mark in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// No mark, or not a number.
    Plain,
    /// The decimal mark is certain. The flag says whether thousands are grouped.
    Certain(DecimalMark, bool),
    Either,
}

impl Marks {
    pub(super) fn see(&mut self, cell: &str, kind: Kind) {
        if kind != Kind::Text {
            return;
        }
        let expanded = small(cell);
        match shape(strip(expanded.as_deref().unwrap_or(cell))) {
            Shape::Plain => {}
            Shape::Either => {
                let comma = cell.contains(',');
                self.all_points = !comma && (self.all_points || self.either == 0);
                self.all_commas = comma && (self.all_commas || self.either == 0);
                self.either += 1;
            }
            Shape::Certain(mark, grouped) => {
                self.grouped |= grouped;
                match mark {
                    DecimalMark::Point => self.point += 1,
                    DecimalMark::Comma => self.comma += 1,
                }
            }
        }
    }

    /// The decimal mark of the whole deck; `None` if the user must choose it. If only a few cells have the other mark, those cells are errors.
    pub(super) fn decide(self) -> Option<DecimalMark> {
        let (point, comma) = (self.point, self.comma);
        match (point, comma) {
            (0, 0) if self.either > 0 => None,
            (_, 0) => Some(DecimalMark::Point),
            (0, _) => Some(DecimalMark::Comma),
            _ if comma.saturating_mul(20) <= point => Some(DecimalMark::Point),
            _ if point.saturating_mul(20) <= comma => Some(DecimalMark::Comma),
            _ => None,
        }
    }
}

/// Symbols and words, other than currency codes, that may stand next to a price without changing its value. Words and symbols for cents are checked
/// separately.
const DECORATIONS: &[&str] = &[
    "*",
    "**",
    "***",
    "¹",
    "²",
    "³",
    "#",
    "r",
    "rs.",
    "rp",
    "rp.",
    "ksh",
    "tsh",
    "ush",
    "kz",
    "mt",
    "bs",
    "bs.",
    "s/.",
    "q",
    "lek",
    "din",
    "дин",
    "ден",
    "сум",
    "тг",
    "br",
    "birr",
    "dh",
    "da",
    "dt",
    "sr",
    "qr",
    "tk",
    "ks",
    "gh₵",
    "₡",
    "₲",
    "₾",
    "៛",
    "৳",
    "kr.",
    "kč",
    "dhs",
    "rm",
    "元",
    "円",
    "грн",
    "р",
    "лв",
    "₦",
    "₵",
    "฿",
    "₫",
    "₱",
    "₪",
    "₩",
    "₴",
    "₸",
    "hk$",
    "s$",
    "a$",
    "c$",
    "nt$",
    "mx$",
    "rd$",
    "s/",
    "†",
    "‡",
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "₺",
    "₽",
    "r$",
    "us$",
    "u$s",
    "usd$",
    "zł",
    "zl",
    "kr",
    "kc",
    "rs",
    "fr",
    "tl",
    "ft",
    "lei",
    "fcfa",
    "cfa",
    "euro",
    "euros",
    "dollar",
    "dollars",
    "pounds",
    "reais",
    "pesos",
    "rub",
    "руб",
    "min",
    "mins",
    "minute",
    "minuto",
    "minut",
    "mn",
    "minuta",
    "мин",
    "per",
    "por",
    "par",
    "pro",
    "al",
    "/",
    "p/min",
    "¢",
    "c",
    "ct",
    "cts",
    "cent",
    "cents",
    "p",
    "pence",
    "usc",
    "centavos",
    "centimes",
    "centimos",
    "centesimi",
    "коп",
    "kurus",
    "m",
];

/// The symbols of currencies. A number beside one of them is an amount of money.
const CURRENCY_SYMBOLS: &[char] =
    &['$', '€', '£', '¥', '₹', '₺', '₽', '₦', '₵', '₱', '₪', '₩', '₴', '₸', '฿', '₫', '₡', '₲'];

/// Whether a text beside a number has only words that do not change its value.
fn is_decoration(text: &str) -> bool {
    let lower = text.to_lowercase();
    let parts = lower.split(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '(' | ')'));
    let known = |word: &str| {
        DECORATIONS.contains(&word) || CURRENCIES.iter().any(|code| code.eq_ignore_ascii_case(word))
    };
    // a currency's symbol may be written together with its code or a unit
    let mixed = |word: &str| {
        let rest = word.trim_start_matches(['$', '€', '£', '¥']);
        let rest = rest.trim_end_matches(['$', '€', '£', '¥', '.', '*', '¹', '²', '³']);
        rest.is_empty() || known(rest)
    };
    parts.filter(|word| !word.is_empty()).all(|word| known(word) || mixed(word))
}

/// The number without a currency or unit beside it. An unknown word is kept, so that the cell does not count as a number.
fn strip(cell: &str) -> &str {
    if cell.len() > MAX_WORDS_IN_CELL {
        return cell;
    }
    let cell = unmarked(cell);
    let Some(digit) = cell.find(|letter: char| letter.is_ascii_digit()) else { return cell };
    let before = cell.get(..digit).unwrap_or_default();
    let from = before.trim_end_matches(['.', ',', '-', '+']).len();
    // the point of "Rs.5" belongs to the word
    let from =
        if before.get(..from).is_some_and(|word| word.ends_with(char::is_alphabetic)) { digit } else { from };
    let to = cell.rfind(|letter: char| letter.is_ascii_digit()).map_or(cell.len(), |at| at + 1);
    let known = |text: &str| is_decoration(text.trim_end_matches('.'));
    let (before, after) = (cell.get(..from).unwrap_or_default(), cell.get(to..).unwrap_or_default());
    let number = cell.get(from..to).unwrap_or(cell);
    if from < to && known(before) && known(after) { number.strip_prefix('+').unwrap_or(number) } else { cell }
}

/// The cell without a reference to a note at its end, such as `(1)` or `[a]`.
fn unmarked(cell: &str) -> &str {
    let Some(inner) = cell.strip_suffix([')', ']']) else { return cell };
    let Some((number, mark)) = inner.rsplit_once(['(', '[']) else { return cell };
    let is_mark =
        mark.chars().count() == 1 && mark.chars().all(|letter| letter.is_alphanumeric() || letter == '*');
    let has_digit = number.contains(|letter: char| letter.is_ascii_digit());
    if is_mark && has_digit { number.trim_end() } else { cell }
}

/// A small number with an exponent, as spreadsheets write it, in plain digits: `1.23E-02` is `0.0123`. Large numbers may have been rounded.
fn small(cell: &str) -> Option<String> {
    let (number, exponent) = cell.split_once("E-").or_else(|| cell.split_once("e-"))?;
    let places: usize = exponent.parse().ok().filter(|places| (1..=9).contains(places))?;
    let mark = if number.contains(',') { ',' } else { '.' };
    let (whole, fraction) = number.split_once(mark).unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (whole.len() == 1 && digits(whole) && digits(fraction))
        .then(|| format!("0{mark}{}{whole}{fraction}", "0".repeat(places - 1)))
}

fn is_group_space(letter: char) -> bool {
    matches!(letter, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’')
}

/// Whether `text` consists of digits in groups of three, separated by `mark`: `1.234.567`.
fn grouped(text: &str, mark: impl Fn(char) -> bool) -> bool {
    let mut groups = text.split(mark);
    let first = groups.next().unwrap_or_default();
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&first.len())
        && digits(first)
        && !first.starts_with('0')
        && groups.all(|group| group.len() == 3 && digits(group))
}

fn shape(number: &str) -> Shape {
    let number = number.strip_prefix('-').unwrap_or(number);
    let count = |mark: char| number.matches(mark).count();
    let (points, commas) = (count('.'), count(','));
    let certain = |mark, groups| Shape::Certain(mark, groups);
    match (points, commas) {
        (0, 0) => Shape::Plain,
        (1, 0) => lone(number, DecimalMark::Point),
        (0, 1) => lone(number, DecimalMark::Comma),
        (1, _) if number.rfind('.') > number.rfind(',') => certain(DecimalMark::Point, true),
        (_, 1) if number.rfind(',') > number.rfind('.') => certain(DecimalMark::Comma, true),
        (0, _) if grouped(number, |letter| letter == ',') => certain(DecimalMark::Point, true),
        (_, 0) if grouped(number, |letter| letter == '.') => certain(DecimalMark::Comma, true),
        _ => Shape::Plain,
    }
}

/// The shape of a number with one mark: `1.234` may have a thousands mark, but `0.234` and `1.2345` cannot.
fn lone(number: &str, mark: DecimalMark) -> Shape {
    let (whole, fraction) = number.split_once(mark.letter()).unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(fraction) || fraction.is_empty() {
        return Shape::Plain;
    }
    let may_group = fraction.len() == 3 && grouped(number, |letter| letter == mark.letter());
    match may_group {
        true => Shape::Either,
        false => Shape::Certain(mark, whole.contains(is_group_space)),
    }
}

impl Number {
    /// Reads a cell with the deck's decimal mark. `groups` says whether the deck groups thousands.
    pub(super) fn read(cell: &str, kind: Kind, mark: DecimalMark, groups: bool) -> Result<Number, CellError> {
        match kind {
            Kind::Number => return Number::plain(cell, '.'),
            Kind::Date => {
                let message = "The spreadsheet stores this price as a date.";
                return Err(CellError::new("NOT_A_NUMBER", message, "Format the cell as a number."));
            }
            Kind::Text => {}
        }
        let expanded = small(cell);
        let text = strip(expanded.as_deref().unwrap_or(cell));
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        match shape(unsigned) {
            Shape::Certain(found, _) if found != mark => return Err(wrong_mark(cell)),
            Shape::Either if !unsigned.contains(mark.letter()) && !groups => return Err(wrong_mark(cell)),
            _ => {}
        }
        let (whole, fraction) = match unsigned.split_once(mark.letter()) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let other = mark.other().letter();
        let separates = |letter: char| letter == other || is_group_space(letter);
        let mut plain = if negative { "-".to_owned() } else { String::new() };
        if whole.contains(separates) {
            if !grouped(whole, separates) {
                return Err(not_a_number(cell));
            }
            plain.extend(whole.chars().filter(|letter| !separates(*letter)));
        } else {
            plain.push_str(if whole.is_empty() && fraction.is_some() { "0" } else { whole });
        }
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction);
        }
        Number::plain(&plain, '.').map_err(|_| not_a_number(cell))
    }

    fn plain(text: &str, mark: char) -> Result<Number, CellError> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = unsigned.split_once(mark).unwrap_or((unsigned, "0"));
        let fraction = if fraction.bytes().all(|byte| byte == b'0') && !fraction.is_empty() {
            "0"
        } else {
            fraction.trim_end_matches('0')
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if digits(whole)
            && digits(fraction)
            && let Some(exact) = calculated(unsigned, mark)
        {
            return Number::plain(&if negative { format!("-{exact}") } else { exact }, '.');
        }
        if !digits(whole) || !digits(fraction) || whole.len() > 15 || fraction.len() > 15 {
            return Err(not_a_number(text));
        }
        let mut value = 0i128;
        for digit in whole.bytes().chain(fraction.bytes()) {
            value = value * 10 + i128::from(digit - b'0');
        }
        let scale = u32::try_from(fraction.len()).unwrap_or(0);
        Ok(Number { digits: if negative { -value } else { value }, scale })
    }

    /// The number after a change in hundredths of a percent: 500 adds 5%.
    pub(super) fn changed(self, change: i32) -> Option<Number> {
        let digits = self.digits.checked_mul(i128::from(10_000_i64 + i64::from(change)))?;
        Some(Number { digits, scale: self.scale.checked_add(4)? })
    }

    /// Converts the amount for `per` seconds to micros for `to` seconds, divided by 10^`shift`; `None` if there are digits beyond the sixth decimal
    /// and no rounding is set.
    pub(super) fn micros(
        self,
        per: u32,
        to: u32,
        shift: u32,
        rounding: Option<PriceRounding>,
    ) -> Option<Micros> {
        let numerator =
            self.digits.checked_mul(i128::from(to))?.checked_mul(10i128.pow(u32::from(MICROS_DECIMALS)))?;
        let denominator =
            10i128.checked_pow(self.scale.checked_add(shift)?)?.checked_mul(i128::from(per.max(1)))?;
        let mode = match rounding {
            Some(rounding) => rounding.mode(),
            None if numerator % denominator == 0 => RoundingMode::Down,
            None => return None,
        };
        i64::try_from(divide_rounded(numerator, denominator, mode)).ok().map(Micros)
    }
}

/// The number that a program meant when it wrote the inexact result of a calculation: 0.101 for `0.10099999999999999`. `None` if the digits do not show
/// it: many of them, but at most eight decimals after rounding to eleven.
fn calculated(text: &str, mark: char) -> Option<String> {
    const LONG: usize = 15;
    const ROUNDED: u32 = 11;
    const MOST: usize = 8;
    let (whole, fraction) = text.split_once(mark)?;
    let extra = u32::try_from(fraction.len()).ok()?.checked_sub(ROUNDED)?;
    if fraction.len() < LONG || fraction.len() > 25 || whole.len() > 6 {
        return None;
    }
    let value: i128 = format!("{whole}{fraction}").parse().ok()?;
    let unit = 10i128.checked_pow(extra)?;
    let rounded = (value + unit / 2) / unit;
    let digits = format!("{rounded:0>12}");
    let (whole, fraction) = digits.split_at(digits.len() - usize::try_from(ROUNDED).ok()?);
    let fraction = fraction.trim_end_matches('0');
    (fraction.len() <= MOST).then(|| format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction }))
}

/// A price as it is written, as a whole number of millionths (rounded); `None` if the cell is not a number.
pub(super) fn amount(cell: &str, kind: Kind, mark: DecimalMark) -> Option<i64> {
    let number = Number::read(cell, kind, mark, true).ok()?;
    number.micros(1, 1, 0, Some(PriceRounding::HalfUp)).map(|amount| amount.0)
}

fn not_a_number(_cell: &str) -> CellError {
    CellError::new("NOT_A_NUMBER", "The cell is not a number.", "Write a plain decimal like 0.0424.")
}

fn wrong_mark(_cell: &str) -> CellError {
    let message = "The number uses different decimal or thousands marks than the rest of the deck.";
    CellError::new("NUMBER_DOUBTFUL", message, "Write the number with the marks of the other rows.")
}

/// Whether a cell is an amount, and whether the amount is not zero. An amount is a number with decimals, or a number with a currency's symbol: `$1`.
pub(super) fn decimal(cell: &str, kind: Kind) -> Option<bool> {
    let expanded = small(cell);
    let text = strip(expanded.as_deref().unwrap_or(cell));
    let money = || text.len() <= 6 && !text.is_empty() && has_symbol(cell, text);
    let marked = match kind {
        Kind::Number => text.contains('.'),
        Kind::Date => false,
        Kind::Text => {
            shape(text) != Shape::Plain && text.find(['.', ',']).is_some_and(|at| at <= 6) || money()
        }
    };
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-'));
    (marked && numeric).then(|| text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
}

/// Whether a currency's symbol is directly beside a number. The codes `33$` and `33.*$` are patterns.
fn has_symbol(cell: &str, number: &str) -> bool {
    let Some((before, after)) = cell.split_once(number) else { return false };
    let before = before.trim_end();
    let after = after.trim_start();
    !cell.contains(['*', '^'])
        && (before.ends_with(CURRENCY_SYMBOLS)
            || after.starts_with(CURRENCY_SYMBOLS) && !after.starts_with('$'))
}
