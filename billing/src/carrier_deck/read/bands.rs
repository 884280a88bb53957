//! Reads prices for parts of the week, and prices of the first increment.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::NaiveDate;

use super::super::Entry;
use super::super::cells::{TimeName, time_band};
use super::super::header::Role;
use super::super::increments::Increments;
use super::super::mapping::Mapping;
use super::super::table::Row;
use super::{BandCell, BandRow, Reader};
use crate::deck::{RowProblem, Severity};
use crate::money::Micros;
use crate::tariff::{BandPrice, BandPrices};

impl<'t> Reader<'_, 't> {
    /// The price of the initial increment, if it differs from the next price, and the fee. If the mapping asks for it, a higher first price becomes a
    /// fee, which results in the same charge, because the initial increment is always charged. `None` after an error in the cell of the first price.
    pub(super) fn with_first_price(
        mapping: &Mapping,
        first: Option<(usize, Option<Micros>)>,
        price: Micros,
        increments: Increments,
        fee: Micros,
    ) -> Option<(Option<Micros>, Micros)> {
        let Some((_, first)) = first else { return Some((None, fee)) };
        let first = first?;
        let extra = first.checked_sub(price).ok()?;
        if extra == Micros::ZERO {
            return Some((None, fee));
        }
        let seconds = extra.checked_mul(increments.initial).ok().filter(|sum| sum.0 > 0 && sum.0 % 60 == 0);
        match seconds {
            Some(sum) if mapping.first_price_as_fee == Some(true) => {
                Some((None, fee.checked_add(Micros(sum.0 / 60)).ok()?))
            }
            _ => Some((Some(first), fee)),
        }
    }

    /// Whether the row has prices for a band that the mapping leaves out.
    pub(super) fn ignores_band(&self, row: Row<'_>) -> bool {
        let named = match time_band(self.text(row, Role::Period)) {
            Some(TimeName::Band(name)) if self.plan.columns.bands.is_empty() => name,
            _ => return false,
        };
        self.options.mapping.band(&named).is_none()
    }

    /// The band of a row whose price applies in only one band.
    pub(super) fn row_band(&self, row: Row<'_>) -> Option<String> {
        if !self.plan.columns.bands.is_empty() {
            return None;
        }
        match time_band(self.text(row, Role::Period))? {
            TimeName::Standard => None,
            TimeName::Band(name) => self.options.mapping.band(&name),
        }
    }

    /// For each band in the row: the band's name, its price, and the price of the first increment if there is a separate one.
    #[allow(clippy::type_complexity, reason = "the pair lives for one row")]
    pub(super) fn band_prices(
        &mut self,
        row: Row<'t>,
    ) -> Option<Vec<(String, BandPrice, Option<(usize, Option<Micros>)>)>> {
        let plan = self.plan;
        let period = self.cell(row, Role::Period);
        let mut found = Some(Vec::new());
        for band in &plan.columns.bands {
            let name = match time_band(period) {
                Some(TimeName::Band(name)) => name,
                _ => band.name.clone(),
            };
            let Some(name) = self.options.mapping.band(&name) else { continue };
            if row.get(band.price).is_empty() {
                continue;
            }
            let price = self.amount(row, band.price, true);
            let fee = band.fee.map(|column| self.fee(row, Some(column)));
            let first = band.first.map(|column| (column, self.amount(row, column, true)));
            match (price, fee) {
                (Some(price_per_minute), None | Some(Some(_))) => {
                    let price =
                        BandPrice { price_per_minute, initial_price: None, connection_fee: fee.flatten() };
                    if let Some(found) = &mut found {
                        found.push((name, price, first));
                    }
                }
                _ => found = None,
            }
        }
        found
    }

    pub(super) fn banded(
        mapping: &Mapping,
        prices: Vec<BandCell>,
        increments: Increments,
    ) -> Option<BandPrices> {
        let mut bands = BandPrices::default();
        for (name, mut price, first) in prices {
            let fee = price.connection_fee.unwrap_or_default();
            let (initial_price, with_first) =
                Self::with_first_price(mapping, first, price.price_per_minute, increments, fee)?;
            if with_first != fee {
                price.connection_fee = Some(with_first);
            }
            bands.insert(name, BandPrice { initial_price, ..price });
        }
        Some(bands)
    }

    /// Some rows have prices that apply in only one band. Adds these prices to the rates with the same codes.
    pub(super) fn join_bands(&mut self) {
        let rows = std::mem::take(&mut self.band_rows);
        if rows.is_empty() {
            return;
        }
        let mut index: HashMap<(String, Option<NaiveDate>), usize> = HashMap::new();
        for (at, rate) in self.deck.rates.iter().enumerate() {
            index.insert((rate.prefix().to_owned(), rate.effective), at);
        }
        for BandRow { line, prefix, effective, band, price } in rows {
            let found = index.get(&(prefix.clone(), effective)).and_then(|at| self.deck.rates.get_mut(*at));
            let (code, message) = match found.map(|rate| &mut rate.entry) {
                Some(Entry::Price(rate)) if !rate.band_prices.contains_key(&band) => {
                    rate.band_prices.insert(band, price);
                    continue;
                }
                Some(Entry::Price(_)) => {
                    ("DUPLICATE_PREFIX", format!("Code {prefix} has two prices for the same time."))
                }
                _ => (
                    "BAND_WITHOUT_PRICE",
                    format!("Code {prefix} has a price for one part of the week, but none for the rest."),
                ),
            };
            let problem = RowProblem {
                line,
                column: None,
                severity: Severity::Error,
                code: Cow::Borrowed(code),
                message,
                value: Some(prefix),
                remedy: Some("Give the code one price for each band and one for all other times.".to_owned()),
            };
            self.deck.counts.read = self.deck.counts.read.saturating_sub(1);
            self.deck.counts.problem += 1;
            self.deck.note(self.options.limits, problem);
        }
    }
}
