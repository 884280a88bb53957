//! Mappings: the answers to questions about a carrier's decks, and corrections of guesses. A mapping can be stored for each carrier.

use std::collections::BTreeMap;

use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cells::{EmptyPrice, PriceUnit, StatusRule};
use super::codes::{HyphenRule, ListRule, SpaceRule, TrunkZero};
use super::dates::DateOrder;
use super::header::{Role, words};
use super::increments::IncrementOrder;
use super::numbers::{DecimalMark, PriceRounding};
use super::table::Row;
use super::{MAX_COLUMNS, Refusal};
use crate::tariff::{MAX_INCREMENT, check_band_name};

/// Maximum number of characters of a text in a mapping. Questions quote no longer texts, because their answers contain the texts.
pub(super) const MAX_TEXT: usize = 200;

/// Maximum fee or minimum charge in a mapping, in millionths of the currency.
const MAX_FEE: i64 = 1_000_000_000_000;

/// A column of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnRef {
    /// The position, counted from 1.
    Number(u32),
    /// The name in the header. Case, accents and punctuation do not matter.
    Name(String),
    /// Several columns.
    Several(Vec<ColumnRef>),
}

impl ColumnRef {
    fn and(self, other: ColumnRef) -> ColumnRef {
        let list = |column| match column {
            ColumnRef::Several(columns) => columns,
            single => vec![single],
        };
        let mut columns = list(self);
        columns.extend(list(other));
        ColumnRef::Several(columns)
    }
}

/// Which of several rows with the same code and date sets the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateRule {
    /// The row that comes first in the file.
    First,
    /// The row that comes last in the file.
    Last,
    /// The row with the highest price.
    Highest,
    /// The row with the lowest price.
    Lowest,
}

/// Answers and corrections. Each field that is present replaces the corresponding guess. Mappings are written as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// The encoding, by its usual name, such as `windows-1251`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The character between cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The line of the header; 0 if the file has no header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_line: Option<u64>,
    /// Columns by role (`price`, `country_code`, `price:BAND` …). Null says that the file has no such column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Option<ColumnRef>>,
    /// The decimal mark of prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal_mark: Option<DecimalMark>,
    /// The order of day and month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
    /// The meaning of hyphens between codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_hyphen: Option<HyphenRule>,
    /// The meaning of spaces between codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_space: Option<SpaceRule>,
    /// The meaning of slashes between codes, and of commas that may separate thousands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_list: Option<ListRule>,
    /// The treatment of a 0 at the beginning of an area code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk_zero: Option<TrunkZero>,
    /// Digits that are put before every code, usually a country code; empty if the codes are complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_prefix: Option<String>,
    /// The unit of time that a price covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_unit: Option<PriceUnit>,
    /// Whether prices are in the smaller unit of the currency, such as cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_in_cents: Option<bool>,
    /// How prices with more than six decimals are rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_rounding: Option<PriceRounding>,
    /// Whether a higher first price is imported as a connection fee, which results in the same charges; otherwise, it becomes the rate's initial
    /// price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_price_as_fee: Option<bool>,
    /// The currency of the prices, as an ISO 4217 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The first increment, in seconds, for rows that have no increments; 60 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_increment: Option<u32>,
    /// The next increment, in seconds, for rows that have no increments; 60 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increment: Option<u32>,
    /// The order of increments in one cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increment_order: Option<IncrementOrder>,
    /// Whether a row with an empty name gets the name of the row above. If false, the code becomes the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill_down: Option<bool>,
    /// The fee for each call, in millionths of the currency, if no column has fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_fee: Option<i64>,
    /// The minimum charge for each call, in millionths of the currency, if no column has minimum charges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_charge: Option<i64>,
    /// What an empty price means, if nothing else in the row says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_price: Option<EmptyPrice>,
    /// Whether fees are in the smaller unit of the currency, if the names of their columns do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fees_in_cents: Option<bool>,
    /// The increments for texts in the column of increments, as in `{"per started minute": "60/60"}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub increment_texts: BTreeMap<String, String>,
    /// Whether rows with errors are set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_invalid: Option<bool>,
    /// Whether rows that have a price but no code are set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_uncoded: Option<bool>,
    /// The contents for which the texts of a column stand, by the column's name or position. `None` leaves the rows with the text out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: BTreeMap<String, BTreeMap<String, Option<String>>>,
    /// Which of several rows with the same code and date sets the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<DuplicateRule>,
    /// Which of two rows with the same code and date applies if one of them has a price and the other one removes or blocks the code. If
    /// this is not [`DuplicateRule::First`] or [`DuplicateRule::Last`], the user is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_duplicates: Option<DuplicateRule>,
    /// Whether the user confirmed the prices, although they are multiples of the prices in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_confirmed: Option<bool>,
    /// The meaning of words in the status column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, StatusRule>,
    /// Maps each band's name in the file to a band of the tariff. Null means that the band's prices are ignored.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bands: BTreeMap<String, Option<String>>,
    /// Selects the rows to read: for each column listed, the accepted values. Other rows are set aside.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, Vec<String>>,
    /// A change of all prices, in hundredths of a percent: 500 raises them by 5%.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_change: Option<i32>,
    /// Destinations whose prices do not apply, because the destinations are removed or blocked. Each key is a code or the beginning of a name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub destinations: BTreeMap<String, StatusRule>,
    /// The first day on which prices apply if their rows have no date of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<chrono::NaiveDate>,
    /// Texts outside the rates, such as lines and remarks, that change nothing in the rates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub harmless: Vec<String>,
    /// If the deck's rows have several dates, the import takes the rates that are in force on this date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<chrono::NaiveDate>,
}

/// A key of [`Mapping::columns`].
pub(super) fn column_key(key: &str) -> Option<(Role, Option<&str>)> {
    let (role, band) = match key.split_once(':') {
        Some((role, band)) => (role, Some(band)),
        None => (key, None),
    };
    let deserializer: StrDeserializer<'_, ValueError> = role.into_deserializer();
    let role = Role::deserialize(deserializer).ok()?;
    let priced = matches!(role, Role::Price | Role::FirstPrice | Role::ConnectionFee);
    (band.is_none() || priced && band.is_some_and(|band| check_band_name(band).is_ok()))
        .then_some((role, band))
}

/// The bound that a value of a mapping breaks. NUL is refused, because PostgreSQL cannot store it.
fn broken_bound(value: &Value) -> Option<String> {
    let of_text = |text: &str| {
        if text.chars().count() > MAX_TEXT {
            return Some(format!("A text in the mapping has more than {MAX_TEXT} characters."));
        }
        text.contains('\0').then(|| "A text in the mapping contains a NUL character.".to_owned())
    };
    let of_list = |entries: usize| {
        let message = || format!("A list in the mapping has more than {MAX_COLUMNS} entries.");
        (entries > MAX_COLUMNS).then(message)
    };
    match value {
        Value::String(text) => of_text(text),
        Value::Array(items) => of_list(items.len()).or_else(|| items.iter().find_map(broken_bound)),
        Value::Object(fields) => of_list(fields.len())
            .or_else(|| fields.iter().find_map(|(key, value)| of_text(key).or_else(|| broken_bound(value)))),
        _ => None,
    }
}

impl Mapping {
    /// This mapping without the answers that are about the rows and prices of a single deck: in a later deck, they would decide without a question
    /// which prices are read. Contents of cells that have digits may be prices. Only this part may be saved for later decks of a carrier.
    pub fn for_later_decks(self) -> Mapping {
        let has_digit = |text: &String| text.contains(|letter: char| letter.is_ascii_digit());
        let mut cells = self.cells;
        for texts in cells.values_mut() {
            texts.retain(|_, contents| !contents.as_ref().is_some_and(has_digit));
        }
        cells.retain(|_, texts| !texts.is_empty());
        let (duplicates, removed_duplicates, skip_invalid, prices_confirmed) = (None, None, None, None);
        Mapping { cells, duplicates, removed_duplicates, skip_invalid, prices_confirmed, ..self }
    }

    /// This mapping combined with `other`. If both set a field, the value from `other` is used.
    pub fn merged(mut self, other: Mapping) -> Mapping {
        macro_rules! take {
            ($($field:ident),*) => { $( self.$field = other.$field.or(self.$field); )* };
        }
        take!(
            encoding,
            delimiter,
            sheet,
            header_line,
            decimal_mark,
            date_order,
            code_hyphen,
            code_space,
            code_list,
            trunk_zero,
            code_prefix,
            price_unit,
            price_in_cents,
            price_rounding,
            first_price_as_fee,
            currency,
            initial_increment,
            increment,
            increment_order,
            fill_down,
            connection_fee,
            minimum_charge,
            empty_price,
            fees_in_cents,
            skip_uncoded,
            skip_invalid,
            duplicates,
            removed_duplicates,
            prices_confirmed,
            price_change,
            effective,
            effective_on
        );
        for (key, column) in other.columns {
            let column = match (self.columns.remove(&key).flatten(), column) {
                // columns that either mapping ignores are ignored
                (Some(before), Some(added)) if key == "ignore" => Some(before.and(added)),
                (_, column) => column,
            };
            self.columns.insert(key, column);
        }
        for (column, texts) in other.cells {
            self.cells.entry(column).or_default().extend(texts);
        }
        self.statuses.extend(other.statuses);
        self.bands.extend(other.bands);
        self.only.extend(other.only);
        self.increment_texts.extend(other.increment_texts);
        self.destinations.extend(other.destinations);
        for text in other.harmless {
            if !self.harmless.contains(&text) {
                self.harmless.push(text);
            }
        }
        self
    }

    /// Checks the bounds of each field.
    ///
    /// # Errors
    /// Fails with `MAPPING_INVALID`.
    pub fn check(&self) -> Result<(), Refusal> {
        let fail = |message: String| {
            Err(Refusal::new(0, "MAPPING_INVALID", message, "See the documentation of mappings."))
        };
        for key in self.columns.keys() {
            if column_key(key).is_none() {
                let shown: String = key.chars().take(40).collect();
                return fail(format!("{shown:?} is not a known column role."));
            }
        }
        let json = serde_json::to_value(self).map_err(|error| {
            Refusal::new(0, "MAPPING_INVALID", error.to_string(), "See the documentation of mappings.")
        })?;
        if let Some(message) = broken_bound(&json) {
            return fail(message);
        }
        if self
            .code_prefix
            .as_ref()
            .is_some_and(|code| code.len() > 7 || !code.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return fail("At most seven digits can be put before every code.".to_owned());
        }
        if self.price_change.is_some_and(|change| !(-9_999..=100_000).contains(&change)) {
            return fail(
                "The change of the prices must be between -9999 and 100000 hundredths of a percent."
                    .to_owned(),
            );
        }
        let amounts = [self.connection_fee, self.minimum_charge];
        if amounts.into_iter().flatten().any(|amount| !(0..=MAX_FEE).contains(&amount)) {
            return fail(format!("A fee must be between 0 and {MAX_FEE} millionths of the currency."));
        }
        let seconds = [self.initial_increment, self.increment];
        if seconds.into_iter().flatten().any(|seconds| !(1..=MAX_INCREMENT).contains(&seconds)) {
            return fail(format!("An increment must be between 1 and {MAX_INCREMENT} seconds."));
        }
        if self.bands.values().flatten().any(|band| check_band_name(band).is_err()) {
            return fail("A band's name is invalid.".to_owned());
        }
        Ok(())
    }

    /// Whether the mapping names one of these columns of a header, by its name or its position.
    pub(super) fn names_any(&self, header: Row<'_>, columns: &[usize]) -> bool {
        fn named(found: &ColumnRef, header: Row<'_>, column: usize) -> bool {
            match found {
                ColumnRef::Number(number) => *number as usize == column + 1,
                ColumnRef::Name(name) => !words(name).is_empty() && words(name) == words(header.get(column)),
                ColumnRef::Several(several) => several.iter().any(|found| named(found, header, column)),
            }
        }
        let selected = self.only.keys().map(|name| ColumnRef::Name(name.clone()));
        let found: Vec<ColumnRef> = self.columns.values().flatten().cloned().chain(selected).collect();
        columns.iter().any(|column| found.iter().any(|found| named(found, header, *column)))
    }

    /// A mapping with one column.
    pub(super) fn column(key: &str, column: ColumnRef) -> Mapping {
        Mapping { columns: BTreeMap::from([(key.to_owned(), Some(column))]), ..Mapping::default() }
    }

    /// The tariff's band for a band of the file; `None` if its prices are left out.
    pub(super) fn band(&self, name: &str) -> Option<String> {
        let wanted = words(name);
        let mapped = self.bands.iter().find(|(key, _)| words(key) == wanted);
        mapped.map_or_else(|| Some(name.to_owned()), |(_, band)| band.clone())
    }
}

/// A reference that finds a column in the carrier's next deck: the column's name if the name is unique, otherwise its position.
pub(super) fn reference(names: &[String], column: usize) -> ColumnRef {
    let name = names.get(column).map_or("", String::as_str);
    let wanted = words(name);
    let same = names.iter().filter(|other| words(other) == wanted).count();
    if same == 1 && !wanted.is_empty() && name.len() <= 100 {
        ColumnRef::Name(name.to_owned())
    } else {
        ColumnRef::Number(u32::try_from(column + 1).unwrap_or(u32::MAX))
    }
}

/// The positions of the columns, counted from 0.
pub(super) fn positions(column: &ColumnRef, names: &[String], width: usize) -> Result<Vec<usize>, Refusal> {
    let missing = |shown: String| {
        let message = format!("The file has no column {shown}, which the mapping names.");
        Refusal::new(0, "MAPPING_COLUMN_MISSING", message, "Correct the mapping, or use another mapping.")
    };
    match column {
        ColumnRef::Number(number) => {
            let at = (*number as usize).checked_sub(1).filter(|at| *at < width);
            at.map(|at| vec![at]).ok_or_else(|| missing(number.to_string()))
        }
        ColumnRef::Name(name) => {
            let wanted = words(name);
            let exact = names.iter().position(|found| found == name);
            let at =
                exact.or_else(|| names.iter().position(|found| !wanted.is_empty() && words(found) == wanted));
            at.map(|at| vec![at])
                .ok_or_else(|| missing(format!("{:?}", name.chars().take(40).collect::<String>())))
        }
        ColumnRef::Several(columns) => {
            let mut found = Vec::new();
            // a list within a list has no meaning
            for column in
                columns.iter().take(MAX_COLUMNS).filter(|column| !matches!(column, ColumnRef::Several(_)))
            {
                found.extend(positions(column, names, width)?);
            }
            Ok(found)
        }
    }
}
