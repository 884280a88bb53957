//! A second opinion on the unit of the prices: a deck whose prices are far from what calls to these countries usually cost may have another unit.
//!
//! The usual prices and the values of the currencies are orders of magnitude. The reader never changes a price because of them; it only decides
//! whether to ask the user.

use std::collections::BTreeMap;

use super::super::cells::PriceUnit;
use super::super::header::{is_mobile, words};
use super::super::header_words::MOBILE;
use super::super::mapping::Mapping;
use super::super::{Answer, Entry, Question};
use super::Reader;
use crate::country::country_of;
use crate::tariff::Rate;

/// With fewer known destinations than this, there is no second opinion.
const FEWEST: usize = 6;
/// Maximum number of rates that are compared.
const MAX_RATES: usize = 20_000;
/// The prices are not remarkable if their median ratio to the usual prices is between 1 / `FAR` and `FAR`.
const FAR: i128 = 20;
/// Another unit explains the prices if, in this unit, their median ratio to the usual prices is between 1 / `NEAR` and `NEAR`.
const NEAR: i128 = 6;
/// The scale of the ratios.
const ONE: i128 = 1_000_000;

/// For each country, the usual wholesale prices per minute for calls to fixed lines and to mobile phones, in millionths of a dollar.
#[rustfmt::skip]
const USUAL: &[(&str, i64, i64)] = &[
    ("US", 6_000, 6_000), ("CA", 6_000, 6_000), ("GB", 6_000, 15_000), ("DE", 8_000, 20_000), ("FR", 7_000, 20_000),
    ("IT", 8_000, 20_000), ("ES", 7_000, 20_000), ("PT", 8_000, 30_000), ("NL", 10_000, 30_000), ("BE", 10_000, 40_000),
    ("CH", 20_000, 80_000), ("AT", 12_000, 40_000), ("SE", 8_000, 20_000), ("NO", 10_000, 30_000), ("DK", 8_000, 20_000),
    ("PL", 12_000, 30_000), ("RU", 80_000, 200_000), ("UA", 150_000, 250_000), ("TR", 30_000, 150_000), ("GR", 10_000, 30_000),
    ("RO", 10_000, 30_000), ("IN", 15_000, 15_000), ("CN", 12_000, 15_000), ("HK", 20_000, 30_000), ("JP", 30_000, 80_000),
    ("KR", 20_000, 40_000), ("AU", 15_000, 40_000), ("NZ", 20_000, 50_000), ("ID", 40_000, 60_000), ("PH", 120_000, 160_000),
    ("VN", 50_000, 60_000), ("TH", 20_000, 30_000), ("MY", 20_000, 30_000), ("PK", 40_000, 40_000), ("BD", 25_000, 25_000),
    ("LK", 150_000, 150_000), ("NP", 110_000, 120_000), ("AF", 200_000, 220_000), ("AE", 170_000, 180_000), ("SA", 100_000, 150_000),
    ("KW", 80_000, 100_000), ("QA", 200_000, 250_000), ("EG", 120_000, 140_000), ("MA", 250_000, 400_000), ("DZ", 100_000, 500_000),
    ("TN", 500_000, 600_000), ("NG", 90_000, 120_000), ("GH", 200_000, 250_000), ("KE", 150_000, 160_000), ("ZA", 50_000, 80_000),
    ("ET", 220_000, 230_000), ("SN", 350_000, 400_000), ("CM", 350_000, 400_000), ("CD", 500_000, 550_000), ("AO", 150_000, 200_000),
    ("MZ", 250_000, 300_000), ("ZW", 400_000, 500_000), ("BR", 10_000, 30_000), ("AR", 10_000, 100_000), ("MX", 6_000, 8_000),
    ("CO", 10_000, 15_000), ("PE", 6_000, 20_000), ("CL", 15_000, 20_000), ("EC", 150_000, 200_000), ("BO", 150_000, 180_000),
    ("CU", 750_000, 750_000), ("DO", 40_000, 80_000), ("HT", 300_000, 330_000), ("JM", 200_000, 250_000), ("GT", 120_000, 130_000),
    ("SO", 500_000, 600_000), ("ML", 300_000, 350_000), ("NE", 350_000, 400_000), ("CI", 350_000, 400_000), ("LU", 20_000, 50_000),
];

/// The approximate value of a dollar, in thousandths of each currency. The value of a currency changes; these values are orders of magnitude.
#[rustfmt::skip]
const PER_DOLLAR: &[(&str, i64)] = &[
    ("USD", 1_000), ("EUR", 1_000), ("GBP", 800), ("CHF", 1_000), ("CAD", 1_400), ("AUD", 1_500), ("BRL", 5_500), ("MXN", 18_000),
    ("ARS", 1_400_000), ("CLP", 950_000), ("COP", 4_000_000), ("PEN", 3_700), ("UYU", 40_000), ("JPY", 150_000), ("CNY", 7_000), ("HKD", 8_000),
    ("SGD", 1_300), ("INR", 85_000), ("ZAR", 18_000), ("AED", 3_700), ("SAR", 3_700), ("QAR", 3_700), ("TRY", 40_000), ("RUB", 90_000),
    ("UAH", 40_000), ("PLN", 4_000), ("CZK", 22_000), ("HUF", 350_000), ("RON", 4_500), ("SEK", 10_000), ("NOK", 10_500), ("DKK", 7_000),
    ("NZD", 1_700), ("THB", 34_000), ("IDR", 16_000_000), ("MYR", 4_300), ("PHP", 57_000), ("VND", 25_000_000), ("KRW", 1_400_000),
    ("NGN", 1_500_000), ("KES", 130_000), ("GHS", 12_000), ("KWD", 300), ("BHD", 380), ("OMR", 380), ("JOD", 700), ("TND", 3_000),
    ("XOF", 600_000), ("XAF", 600_000), ("MAD", 10_000), ("EGP", 50_000), ("ILS", 3_600), ("AOA", 900_000), ("PKR", 280_000),
    ("BDT", 120_000), ("LKR", 300_000), ("DZD", 135_000), ("KZT", 500_000), ("GEL", 2_700),
];

impl Reader<'_, '_> {
    /// Asks for the unit if the prices are far from the usual ones, and another unit would bring them close. The user is not asked again after an
    /// answer in the mapping.
    pub(super) fn ask_about_magnitude(&mut self) {
        let mapping = self.options.mapping;
        let asked = |code: &str| self.deck.questions.iter().any(|question| question.code == code);
        if mapping.price_unit.is_some()
            || mapping.price_in_cents.is_some()
            || asked("PRICE_UNIT")
            || asked("PRICE_CENTS")
        {
            return;
        }
        let Some(ratio) = self.median_ratio() else { return };
        if ratio * FAR >= ONE && ratio <= ONE * FAR {
            return;
        }
        let near = |ratio: i128| ratio * NEAR >= ONE && ratio <= ONE * NEAR;
        let unit = |unit| Mapping { price_unit: Some(unit), ..Mapping::default() };
        let cents = Mapping { price_in_cents: Some(true), ..Mapping::default() };
        let hundred = 10_i128.pow(self.plan.places);
        let mut answers = vec![Answer::new("a minute; the prices are right", unit(PriceUnit::Minute))];
        if near(ratio * 60) {
            answers.push(Answer::new("a second", unit(PriceUnit::Second)));
        }
        if near(ratio / 60) {
            answers.push(Answer::new("an hour", unit(PriceUnit::Hour)));
        }
        if near(ratio / hundred) {
            answers.push(Answer::new("a minute, in the smaller unit of the currency, such as cents", cents));
        }
        if near(ratio / 1_000) {
            answers.push(Answer::new("1,000 minutes", unit(PriceUnit::ThousandMinutes)));
        }
        if answers.len() > 1 {
            self.deck.questions.push(Question {
                code: "PRICE_UNIT".into(),
                text: "The prices are far from the usual ones for calls to these countries. Choose the time that a price covers.".to_owned(),
                line: self.deck.rates.first().map_or(0, |rate| rate.line),
                example: self.plan.names.get(self.plan.columns.price).cloned().unwrap_or_default(),
                answers,
            });
        }
    }

    /// The median of the prices' ratios to the usual prices, in millionths; `None` if the value of the currency is unknown, or too few destinations
    /// are known.
    fn median_ratio(&self) -> Option<i128> {
        let currency = self.options.currency.or(self.plan.currency.as_deref())?;
        let (_, factor) = PER_DOLLAR.iter().find(|(code, _)| *code == currency)?;
        let ratio = |rate: &Rate| {
            let country = match rate.prefix.as_str() {
                "1" => "US",
                prefix => country_of(prefix)?,
            };
            let (_, fixed, mobile) = USUAL.iter().find(|(code, ..)| *code == country)?;
            let named = is_mobile(&rate.destination)
                || words(&rate.destination)
                    .iter()
                    .any(|word| MOBILE.iter().any(|part| word.starts_with(part)));
            let usual = if named { mobile } else { fixed };
            let ratio = i128::from(rate.price_per_minute.0) * ONE * 1_000
                / (i128::from(*usual) * i128::from(*factor));
            Some(((country, named), ratio))
        };
        let rates = self.deck.rates.iter().take(MAX_RATES).filter_map(|rate| match &rate.entry {
            Entry::Price(rate) if rate.price_per_minute.0 > 0 => ratio(rate),
            _ => None,
        });
        // a country with many codes counts once, because domestic calls may be cheap
        let mut groups: BTreeMap<(&str, bool), Vec<i128>> = BTreeMap::new();
        for (group, ratio) in rates {
            groups.entry(group).or_default().push(ratio);
        }
        if groups.len() >= FEWEST {
            return median(groups.into_values().filter_map(median).collect());
        }
        let all: Vec<i128> = groups.into_values().flatten().collect();
        if all.len() < FEWEST { None } else { median(all) }
    }
}

fn median(mut ratios: Vec<i128>) -> Option<i128> {
    ratios.sort_unstable();
    ratios.get(ratios.len() / 2).copied()
}
