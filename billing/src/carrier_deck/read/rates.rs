//! Reads the rate of a row.

use super::super::cells::EmptyPrice;
use super::super::header::Role;
use super::super::table::Row;
use super::Reader;
use crate::money::Micros;
use crate::tariff::Rate;

impl<'t> Reader<'_, 't> {
    /// The row's price per minute; `None` after an error or doubt.
    fn price(&mut self, row: Row<'t>) -> Option<Micros> {
        let column = self.price_column(row);
        if row.get(column).is_empty() && self.options.mapping.empty_price == Some(EmptyPrice::Above) {
            return self.last_price.or_else(|| self.amount(row, column, true));
        }
        if self.asks_about_empty(row, column) {
            self.ask("PRICE_EMPTY", row, column);
            return None;
        }
        let price = self.amount(row, column, true);
        self.last_price = price.or(self.last_price);
        price
    }

    /// The row's rate, still without its code; `None` after an error.
    pub(super) fn rate(&mut self, row: Row<'t>) -> Option<Rate> {
        self.check_currency(row)?;
        let destination = self.destination(row);
        let increments = self.increments(row, destination.as_deref().unwrap_or_default());
        self.step = increments.map(|increments| increments.next);
        let price = self.price(row);
        let notes = self.plan.footnotes_of(row);
        let noted = notes.iter().find_map(|note| note.fee);
        let said = noted.or_else(|| self.plan.fees.of(destination.as_deref().unwrap_or_default()));
        let fee = match said {
            Some(fee) => Some(fee),
            None => self.fee(row, self.plan.columns.first(Role::ConnectionFee)),
        };
        let minimum = match notes.iter().find_map(|note| note.minimum).or(self.plan.fees.minimum) {
            Some(minimum) => Some(minimum),
            None => self.fee(row, self.plan.columns.first(Role::MinimumCharge)),
        };
        let free = self.free_seconds(row);
        let first =
            self.plan.columns.first(Role::FirstPrice).map(|column| (column, self.amount(row, column, true)));
        let bands = self.band_prices(row);
        let (price, increments) = (price?, increments?);
        if let Some((column, Some(first))) = first
            && first != price
            && self.plan.columns.first_minute
            && increments.initial != 60
            && self.options.mapping.first_price_as_fee.is_none()
        {
            self.ask("FIRST_PRICE", row, column);
        }
        let (initial_price, fee) =
            Self::with_first_price(self.options.mapping, first, price, increments, fee?)?;
        let rate = Rate {
            prefix: "1".to_owned(),
            destination: destination?,
            price_per_minute: price,
            initial_price,
            connection_fee: fee,
            initial_increment: increments.initial,
            increment: increments.next,
            minimum_charge: minimum?,
            free_seconds: increments.free.unwrap_or(free?),
            band_prices: Self::banded(self.options.mapping, bands?, increments)?,
        };
        self.valid(row, rate)
    }
}
