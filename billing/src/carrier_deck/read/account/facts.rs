//! Checks whether the reader used what a text says.

use chrono::NaiveDate;

use super::super::super::Entry;
use super::super::super::cells::{currencies, unit};
use super::super::super::dates::{dates_in, looks_dated};
use super::super::super::detect::{FeeIn, covers, date_of, is_payment_day};
use super::super::super::header::{Role, Words, is_effective, words};
use super::super::super::header_words::{
    BLOCK, END, EXCEPT, MINIMUMS, NOTICE, PAYS, PER_CALL, REMOVE, RISES, STATUS, UNAVAILABLE,
};
use super::super::Reader;
use super::places::Places;
use super::risks;
use crate::tariff::Rate;

impl Reader<'_, '_> {
    /// Whether a text names increments, but no rate got its increments from the text.
    pub(super) fn has_unread_time(&self, text: &str) -> bool {
        let (found, pairs) = self.plan.increments_of(text);
        let named =
            found.general.len() + found.doubtful.len() + found.exceptions.len() + found.selected.len();
        if pairs == 0 && !risks::has_time(text) || self.asks_increments() {
            return false;
        }
        if unit(text) == Some(self.plan.unit) && pairs == 0 && found.general.is_empty() {
            return false;
        }
        let said = &self.plan.said;
        let columns = self.has_increments();
        if columns && !self.lacks_increments() {
            return found.exceptions.iter().any(|(place, value)| self.contradicts(place, *value));
        }
        let taken = |value: &(u32, u32)| said.general.contains(value);
        // "Billing cycle: 15/15" is about invoices
        let pays = Words(words(text)).any(PAYS);
        let general = found.general.iter().all(taken) && (pays || found.doubtful.iter().all(taken));
        let special = found.exceptions.iter().all(|exception| said.exceptions.contains(exception));
        let selected = found.selected.iter().all(|selected| said.selected.contains(selected));
        !(named + found.absent > 0 && general && special && selected && named + found.absent >= pairs)
    }

    fn asks_increments(&self) -> bool {
        self.deck.questions.iter().any(|question| question.code == "INCREMENTS")
            || self.options.mapping.increment.is_some()
            || self.options.mapping.initial_increment.is_some()
    }

    fn has_increments(&self) -> bool {
        [Role::Increment, Role::InitialIncrement, Role::NextIncrement]
            .iter()
            .any(|role| self.plan.columns.first(*role).is_some())
    }

    fn prices(&self) -> impl Iterator<Item = &Rate> {
        self.deck.rates.iter().filter_map(|rate| match &rate.entry {
            Entry::Price(rate) => Some(rate),
            Entry::Removed(_) | Entry::Blocked(_) => None,
        })
    }

    /// Whether a rate of a place has increments that differ from those in a text.
    fn contradicts(&self, place: &[String], value: (u32, u32)) -> bool {
        self.prices().any(|rate| {
            covers(place, &words(&rate.destination)) && (rate.initial_increment, rate.increment) != value
        })
    }

    /// Whether a text names an amount of money that no rate got from it.
    pub(super) fn has_unread_money(&self, text: &str) -> bool {
        match self.plan.fee_in(text) {
            FeeIn::Nothing => self.names_minimum(text),
            FeeIn::Unread => true,
            FeeIn::Minimum(charge) => self.plan.fees.minimum != Some(charge),
            FeeIn::Read(fee, places) => match places.is_empty() {
                true => self.plan.fees.general != Some(fee),
                false => !places.iter().all(|place| self.plan.fees.places.contains(&(place.clone(), fee))),
            },
        }
    }

    /// Whether a remark names an amount and a later day on which no price of the deck begins, as in "0.25 from 15.12.2026".
    pub(super) fn has_later_price(&self, text: &str) -> bool {
        if !text.contains(['.', ',']) || !text.contains(|letter: char| letter.is_ascii_digit()) {
            return false;
        }
        let later = |date: &NaiveDate| self.options.today.is_some_and(|today| *date > today);
        let known = || self.first_days.get_or_init(|| self.deck.dates());
        let unknown = |date: &NaiveDate| Some(*date) != self.plan.effective && !known().contains(date);
        let rest = dates_in(text).iter().fold(text.to_owned(), |text, date| text.replace(date, " "));
        risks::has_decimals(&rest) && self.dates_of(text).iter().any(|date| later(date) && unknown(date))
    }

    /// Whether a text names a price for a destination or code of the deck.
    pub(super) fn has_unread_price(&self, text: &str, places: &Places) -> bool {
        let read = !matches!(self.plan.fee_in(text), FeeIn::Nothing | FeeIn::Unread);
        let priced = unit(text).is_some() && !currencies(&text.to_uppercase()).is_empty();
        !read && risks::has_decimals(text) && (places.are_in(text) || priced) && !text.contains('=')
    }

    /// Whether a text names a minimum charge for each call, and no column has minimum charges.
    fn names_minimum(&self, text: &str) -> bool {
        let words = Words(words(text));
        self.plan.columns.first(Role::MinimumCharge).is_none()
            && words.any(MINIMUMS)
            && words.any(PER_CALL)
            && self.plan.has_amount(text)
    }

    /// Whether a text says that a destination with a price is not offered.
    pub(super) fn has_unread_status(&self, text: &str, places: &Places) -> bool {
        let all = Words(words(text));
        (all.any(REMOVE) || all.any(BLOCK) || all.any(UNAVAILABLE)) && places.are_in(text)
    }

    /// Whether a text makes an exception for a destination with a price.
    pub(super) fn has_unread_exception(&self, text: &str, places: &Places) -> bool {
        let words = Words(words(text));
        let read = self.plan.increments_of(text).0;
        words.any(EXCEPT) && read.exceptions.is_empty() && places.are_in(text)
    }

    /// Whether a text names a day from which prices apply, but the rates without a date of their own did not get this day.
    pub(super) fn has_unread_date(&self, text: &str, places: &Places) -> bool {
        let words = Words(words(text));
        let mapped = self.options.mapping.effective.is_some();
        if !places.lacks_dates || mapped || is_payment_day(text) || words.any(NOTICE) || words.any(END) {
            return false;
        }
        let begins = is_effective(text) || words.any(&["effect"]) || words.any(STATUS);
        let dates = self.dates_of(text);
        // in "valid 01.12.2026 - 31.12.2026", the second date is the last day
        let changes = words.any(STATUS) || words.any(RISES);
        let read = dates.iter().any(|date| Some(*date) == self.plan.effective);
        // a date in the future cannot be the day of the notice
        let future = dates.iter().any(|date| self.options.today.is_some_and(|today| *date > today));
        let unread = dates.is_empty() && self.plan.effective.is_none() && looks_dated(text);
        let other = dates.iter().any(|date| Some(*date) != self.plan.effective);
        unread || other && (changes || !read) && (begins || future && self.plan.effective.is_none())
    }

    /// The dates in a text, in the deck's order of day and month.
    pub(super) fn dates_of(&self, text: &str) -> Vec<NaiveDate> {
        dates_in(text).iter().filter_map(|date| date_of(date, self.plan.order).ok().flatten()).collect()
    }
}
