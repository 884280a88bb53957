//! Reads prices, fees, and their units and currencies.

use std::borrow::Cow;

use super::super::cells::{StatusRule, currencies, has_cents, is_cents, unit};
use super::super::header::{Role, Words, is_surcharge_by_origin, words};
use super::super::numbers::Number;
use super::super::table::Row;
use super::super::{CellError, Confidence, Detected};
use super::Reader;
use crate::deck::{RowProblem, Severity};
use crate::money::Micros;

impl Reader<'_, '_> {
    pub(super) fn check_currency(&mut self, row: Row<'_>) -> Option<()> {
        let Some(column) = self.plan.columns.first(Role::Currency) else { return Some(()) };
        let found = currencies(&row.get(column).to_uppercase());
        let wanted = self.options.mapping.currency.as_deref().or(self.options.currency);
        match (found.as_slice(), wanted) {
            ([found], Some(wanted)) if *found != wanted => {
                let message = format!("The price is in {found}, but the tariff's prices are in {wanted}.");
                let remedy = "Import the row into a tariff in the row's currency.";
                self.problem(row, Some(column), CellError::new("CURRENCY_MISMATCH", message, remedy));
                None
            }
            ([], Some(_)) if !row.get(column).is_empty() && self.options.mapping.currency.is_none() => {
                let message = "The currency is unknown.";
                let remedy = "Write an ISO 4217 code, or set `currency` in the mapping.";
                self.problem(row, Some(column), CellError::new("CURRENCY_UNKNOWN", message, remedy));
                None
            }
            ([found], None) => {
                let known = self.deck.currency.get_or_insert_with(|| (*found).to_owned());
                if known == found {
                    return Some(());
                }
                let message = "The deck has prices in several currencies.";
                self.problem(
                    row,
                    Some(column),
                    CellError::new("CURRENCY_MISMATCH", message, "Make a separate deck for each currency."),
                );
                None
            }
            _ => Some(()),
        }
    }

    /// The column with the row's price. A row whose status says that its price does not change may have only its current price.
    pub(super) fn price_column(&self, row: Row<'_>) -> usize {
        const CHANGES: &[&str] =
            &["increase", "increased", "decrease", "decreased", "new", "nuevo", "novo", "aumento", "added"];
        let columns = &self.plan.columns;
        let Some(current) = columns.current else { return columns.price };
        let priced = row.get(current).contains(|letter: char| letter.is_ascii_digit());
        let empty = !row.get(columns.price).contains(|letter: char| letter.is_ascii_digit());
        let texts =
            columns.all(Role::Status).iter().chain(columns.all(Role::Comment)).map(|column| row.get(*column));
        let keeps = texts
            .chain([row.get(columns.price)])
            .filter(|text| !text.is_empty())
            .any(|text| self.status(text) == Some(StatusRule::Keep) && !Words(words(text)).any(CHANGES));
        if priced && empty && keeps { current } else { columns.price }
    }

    /// A price or fee in micros. `timed` says whether the amount is a price for a unit of time; such a price is converted to a price per minute.
    pub(super) fn amount(&mut self, row: Row<'_>, column: usize, timed: bool) -> Option<Micros> {
        let cell = row.get(column);
        if cell.is_empty() {
            self.problem(
                row,
                Some(column),
                CellError::new("PRICE_MISSING", "The price is missing.", "Enter the price."),
            );
            return None;
        }
        let number = match Number::read(cell, row.kind(column), self.plan.mark, self.plan.groups) {
            Ok(number) => number,
            Err(error) => {
                self.problem(row, Some(column), error);
                return None;
            }
        };
        let change = self.options.mapping.price_change.filter(|_| timed);
        let number = change.and_then(|change| number.changed(change)).unwrap_or(number);
        let (per, to) = if timed { (self.unit(row)?, 60) } else { (1, 1) };
        if has_cents(cell) && !self.plan.cents {
            let message = "The price is in the smaller unit of the currency, but other prices are not.";
            let error = CellError::new("NOT_A_NUMBER", message, "Write all prices in the same unit.");
            self.problem(row, Some(column), error);
            return None;
        }
        let by_row = self.unit_of(row).filter(|_| timed).map(|(_, cents)| cents);
        let cents = by_row.unwrap_or_else(|| self.is_in_cents(column));
        let shift = if cents { self.plan.places } else { 0 };
        let amount = number.micros(per, to, shift, self.options.mapping.price_rounding);
        if amount.is_none() {
            self.ask("PRICE_DECIMALS", row, column);
        }
        amount
    }

    /// Whether the amounts of a column are in the smaller unit of the currency. The name of a fee column may show that fees and prices have different
    /// units.
    fn is_in_cents(&self, column: usize) -> bool {
        let name = self.plan.names.get(column).map_or("", String::as_str);
        match () {
            () if column == self.plan.columns.price || Some(column) == self.plan.columns.current => {
                self.plan.cents
            }
            () if self.plan.names_cents(column) => true,
            () if self.plan.columns.is_fee(column) && self.options.mapping.fees_in_cents.is_some() => {
                self.options.mapping.fees_in_cents == Some(true)
            }
            () if self.options.mapping.price_in_cents.is_some() => self.plan.cents,
            () => self.plan.cents && currencies(name).is_empty(),
        }
    }

    /// The unit of a row's price, if the rows have different units of money.
    fn unit_of(&self, row: Row<'_>) -> Option<(Option<u32>, bool)> {
        let column = self.plan.columns.first(Role::Unit)?;
        let mapping = self.options.mapping;
        let mapped = mapping.price_unit.is_some() || mapping.price_in_cents.is_some();
        self.plan.units.get(row.get(column)).copied().filter(|_| !mapped)
    }

    pub(super) fn unit(&mut self, row: Row<'_>) -> Option<u32> {
        let column =
            self.plan.columns.first(Role::Unit).filter(|_| self.options.mapping.price_unit.is_none());
        if self.plan.per_increment {
            return self.step;
        }
        let Some(column) = column else { return Some(self.plan.unit) };
        let cell = row.get(column);
        if cell.is_empty() && self.plan.units.is_empty() {
            return Some(self.plan.unit);
        }
        if let Some((Some(unit), _)) = self.unit_of(row) {
            return Some(unit);
        }
        // "cents" and "USD" are not units of time
        let money = is_cents(cell) || !currencies(cell).is_empty();
        let found = unit(cell).or_else(|| Some(self.plan.unit).filter(|_| money));
        let same = self.options.mapping.price_in_cents.is_some()
            || is_cents(cell) == self.plan.cents
            || !is_cents(cell);
        if found.is_none() || !same {
            let message = "The unit of the price is unknown.";
            self.problem(
                row,
                Some(column),
                CellError::new(
                    "UNIT_UNKNOWN",
                    message,
                    "Write minute or second, or set `price_unit` in the mapping.",
                ),
            );
        }
        found.filter(|_| same)
    }

    pub(super) fn fee(&mut self, row: Row<'_>, column: Option<usize>) -> Option<Micros> {
        match column.filter(|column| !is_no_fee(row.get(*column))) {
            None => Some(Micros::ZERO),
            Some(column) => self.amount(row, column, false),
        }
    }

    /// Says which fees were found in sentences, and warns about sentences with fees that were not understood.
    pub(super) fn describe_fees(&mut self) {
        let fees = &self.plan.fees;
        let mut shown: Vec<String> = fees.general.iter().map(Micros::to_string).collect();
        shown.extend(fees.places.iter().take(20).map(|(place, fee)| format!("{} {fee}", place.join(" "))));
        if !shown.is_empty() {
            let reason = "A line above or below the rates names them.";
            self.deck.detected.push(Detected::new(
                "connection_fee",
                shown.join(", "),
                reason,
                Confidence::High,
            ));
        }
        for (line, text) in fees.unread.clone() {
            self.deck.note(
                self.options.limits,
                RowProblem {
                    line,
                    column: None,
                    severity: Severity::Warning,
                    code: Cow::Borrowed("FEE_UNREAD"),
                    message: "The line may name a fee for some calls, which is left out.".to_owned(),
                    value: Some(text),
                    remedy: Some("Read the line, and add the fee to the rates if it applies.".to_owned()),
                },
            );
        }
    }

    /// Warns about surcharges that depend on the caller's number, because a tariff cannot represent them.
    pub(super) fn warn_surcharges(&mut self) {
        let plan = self.plan;
        for column in plan.columns.others.iter().copied() {
            let name = plan.names.get(column).map_or("", String::as_str);
            if !is_surcharge_by_origin(name) {
                continue;
            }
            let charged =
                |row: &Row<'_>| row.get(column).contains(|letter: char| matches!(letter, '1'..='9'));
            let rows = (plan.start..plan.table.len()).filter_map(|index| plan.table.row(index));
            let Some(first) = rows.into_iter().find(charged) else { continue };
            self.deck.note(
                self.options.limits,
                RowProblem {
                    line: first.line,
                    column: Some(name.to_owned()),
                    severity: Severity::Warning,
                    code: Cow::Borrowed("SURCHARGE_LEFT_OUT"),
                    message: "The surcharge depends on the caller's number, so it is left out.".to_owned(),
                    value: Some(first.get(column).chars().take(80).collect()),
                    remedy: Some(
                        "Raise the prices of these codes if your callers' numbers cause the surcharge."
                            .to_owned(),
                    ),
                },
            );
        }
    }
}

/// Whether a cell with a fee says that there is none.
fn is_no_fee(cell: &str) -> bool {
    const NONE: &[&str] = &[
        "free",
        "none",
        "no",
        "no fee",
        "nil",
        "n a",
        "na",
        "not applicable",
        "zero",
        "included",
        "incl",
        "gratis",
        "gratuit",
        "gratuito",
        "gratuita",
        "kostenlos",
        "keine",
        "kein",
        "entfallt",
        "inklusive",
        "inkl",
        "ninguno",
        "ninguna",
        "sin cargo",
        "nenhum",
        "nenhuma",
        "isento",
        "aucun",
        "aucune",
        "sans",
        "inclus",
        "nessuno",
        "nessuna",
        "incluso",
        "ingen",
        "geen",
        "brak",
        "bez oplat",
        "zdarma",
        "ucretsiz",
        "yok",
        "нет",
        "бесплатно",
        "без платы",
        "无",
        "無",
        "免费",
        "免費",
        "なし",
        "無料",
        "없음",
        "무료",
        "مجانا",
        "مجاني",
        "بدون",
    ];
    let blank = cell.chars().all(|letter| matches!(letter, '-' | '‐'..='―' | '.' | ' '));
    blank || cell.contains(char::is_alphabetic) && NONE.contains(&words(cell).join(" ").as_str())
}
