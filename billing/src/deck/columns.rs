//! The header of a deck: finds the cell of each column.

use std::collections::BTreeMap;

use csv::StringRecord;

use super::row::quoted;
use super::{BAND_COLUMNS, BandColumns, DeckColumns, OPTIONAL_COLUMNS, REQUIRED_COLUMNS, band_column};
use crate::tariff::{MAX_BANDS, check_band_name};

/// The indexes of the cells with a band's prices. The index of the fee, or of the price of the initial increment, is `None` if the deck does not have
/// that column.
#[derive(Clone, Copy)]
pub(super) struct BandCells {
    pub(super) price: usize,
    pub(super) fee: Option<usize>,
    pub(super) initial: Option<usize>,
}

/// The cell index of each column.
pub(super) struct Columns {
    pub(super) required: [usize; REQUIRED_COLUMNS.len()],
    pub(super) optional: [Option<usize>; OPTIONAL_COLUMNS.len()],
    pub(super) bands: BTreeMap<String, BandCells>,
    pub(super) count: usize,
}

/// A column's name, in lower case and trimmed, and the name of its band, unchanged.
fn column_name(cell: &str) -> (String, Option<&str>) {
    let (name, band) = match cell.trim().split_once(':') {
        Some((name, band)) => (name, Some(band)),
        None => (cell, None),
    };
    (name.trim().to_ascii_lowercase(), band)
}

impl Columns {
    pub(super) fn read(header: &StringRecord) -> Result<Columns, (&'static str, String)> {
        let names: Vec<(String, Option<&str>)> = header.iter().map(column_name).collect();
        let known = |(name, band): &(String, Option<&str>)| match band {
            None => REQUIRED_COLUMNS.contains(&name.as_str()) || OPTIONAL_COLUMNS.contains(&name.as_str()),
            Some(band) => BAND_COLUMNS.contains(&name.as_str()) && check_band_name(band).is_ok(),
        };
        for (index, name) in names.iter().enumerate() {
            let shown = || quoted(header.get(index).unwrap_or_default().trim());
            if !known(name) {
                return Err(("COLUMN_UNKNOWN", format!("Column {} is unknown.", shown())));
            }
            if names[..index].contains(name) {
                return Err(("COLUMN_TWICE", format!("Column {} occurs twice.", shown())));
            }
        }
        let find = |name: &str| names.iter().position(|column| column.0 == name && column.1.is_none());
        let mut required = [0; REQUIRED_COLUMNS.len()];
        for (place, name) in required.iter_mut().zip(REQUIRED_COLUMNS) {
            *place =
                find(name).ok_or_else(|| ("COLUMN_MISSING", format!("Column \"{name}\" is missing.")))?;
        }
        let bands = Self::bands(&names)?;
        Ok(Columns { required, optional: OPTIONAL_COLUMNS.map(find), bands, count: names.len() })
    }

    fn bands(
        names: &[(String, Option<&str>)],
    ) -> Result<BTreeMap<String, BandCells>, (&'static str, String)> {
        let mut bands = BTreeMap::new();
        for band in names.iter().filter_map(|(_, band)| *band) {
            let find =
                |name: &str| names.iter().position(|column| column.0 == name && column.1 == Some(band));
            let price = find(BAND_COLUMNS[0]).ok_or_else(|| {
                (
                    "COLUMN_MISSING",
                    format!("Column {} is missing.", quoted(&band_column(BAND_COLUMNS[0], band))),
                )
            })?;
            let cells = BandCells { price, fee: find(BAND_COLUMNS[1]), initial: find(BAND_COLUMNS[2]) };
            bands.insert(band.to_owned(), cells);
        }
        if bands.len() > MAX_BANDS {
            return Err(("TOO_MANY_BANDS", format!("A deck can price at most {MAX_BANDS} bands.")));
        }
        Ok(bands)
    }

    pub(super) fn present(&self) -> DeckColumns {
        let [minimum_charge, free_seconds, initial_price] = self.optional.map(|column| column.is_some());
        let columns = |cells: &BandCells| BandColumns {
            connection_fee: cells.fee.is_some(),
            initial_price: cells.initial.is_some(),
        };
        let bands = self.bands.iter().map(|(name, cells)| (name.clone(), columns(cells))).collect();
        DeckColumns { minimum_charge, free_seconds, initial_price, bands }
    }
}
