//! Writes rates as a deck.

use std::collections::BTreeSet;

use super::{BAND_COLUMNS, OPTIONAL_COLUMNS, REQUIRED_COLUMNS, band_column};
use crate::table::{Cell, csv_header, csv_row};
use crate::tariff::Rate;

/// The columns of a deck with these bands.
pub fn deck_columns<'a>(bands: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let fixed = REQUIRED_COLUMNS.iter().chain(&OPTIONAL_COLUMNS).map(|column| (*column).to_owned());
    let of_bands = bands.into_iter().flat_map(|band| BAND_COLUMNS.map(|column| band_column(column, band)));
    fixed.chain(of_bands).collect()
}

/// The cells of a rate, in the order of [`deck_columns`].
pub fn deck_cells<'a>(rate: &Rate, bands: impl IntoIterator<Item = &'a str>) -> Vec<Cell> {
    let mut cells = vec![
        Cell::Text(rate.prefix.clone()),
        Cell::Text(rate.destination.clone()),
        Cell::Money(rate.price_per_minute),
        Cell::Money(rate.connection_fee),
        Cell::Count(rate.initial_increment.into()),
        Cell::Count(rate.increment.into()),
        Cell::Money(rate.minimum_charge),
        Cell::Count(rate.free_seconds.into()),
        Cell::money(rate.initial_price),
    ];
    for band in bands {
        let price = rate.band_prices.get(band);
        cells.push(Cell::money(price.map(|price| price.price_per_minute)));
        cells.push(Cell::money(price.and_then(|price| price.connection_fee)));
        cells.push(Cell::money(price.and_then(|price| price.initial_price)));
    }
    cells
}

/// Writes rates as a rate deck; [`parse_deck`] reads the same rates back.
pub fn write_deck<'a>(rates: impl IntoIterator<Item = &'a Rate> + Clone) -> String {
    let bands: BTreeSet<&str> =
        rates.clone().into_iter().flat_map(|rate| rate.band_prices.keys().map(String::as_str)).collect();
    let mut deck = String::new();
    csv_header(&mut deck, &deck_columns(bands.iter().copied()));
    for rate in rates {
        csv_row(&mut deck, &deck_cells(rate, bands.iter().copied()));
    }
    deck
}
