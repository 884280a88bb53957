//! The content of a receipt, in order and independent of its format.

use billing::money::{Micros, RoundingMode, minor_unit_decimals, round_to};
use billing::statement::PaymentMethod;

use super::locale::{Locale, duration};
use super::{Call, Receipt};

/// An element of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Centered and bold.
    Title(String),
    /// Centered.
    Centre(String),
    /// Title of a section.
    Heading(String),
    /// Name and value.
    Pair(String, String),
    /// A name and an amount. The amount never wraps, and all amounts have the same number of decimals.
    Sum(String, String),
    /// Like `Sum`, but printed in bold.
    StrongSum(String, String),
    /// A detail about the preceding line of the receipt.
    Note(String),
    /// A text that is shown as a QR code where the format can show one, and as text otherwise.
    Code(String),
    /// A horizontal line.
    Rule,
}

pub(super) fn blocks(receipt: &Receipt, locale: Locale) -> Vec<Block> {
    let mut layout = Layout { receipt, locale, blocks: Vec::new() };
    layout.head();
    layout.calls();
    layout.destinations();
    layout.items();
    layout.total();
    layout.payments();
    layout.due();
    layout.refunds();
    layout.footer();
    layout.blocks
}

struct Layout<'a> {
    receipt: &'a Receipt,
    locale: Locale,
    blocks: Vec<Block>,
}

impl Layout<'_> {
    /// Rounds an amount for printing, to the decimals of the currency's minor unit.
    fn shown(&self, amount: Micros) -> Micros {
        let decimals = minor_unit_decimals(&self.receipt.currency);
        round_to(amount, decimals, RoundingMode::HalfUp).unwrap_or(amount)
    }

    fn sum(&mut self, name: impl Into<String>, amount: Micros) {
        let amount = self.locale.amount(self.shown(amount), &self.receipt.currency);
        self.blocks.push(Block::Sum(clean(&name.into()), amount));
    }

    fn pair(&mut self, left: impl Into<String>, right: impl Into<String>) {
        self.blocks.push(Block::Pair(clean(&left.into()), clean(&right.into())));
    }

    /// Adds a pair unless its value is empty.
    fn named(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.pair(name, value);
        }
    }

    fn section(&mut self, name: &str) {
        self.blocks.extend([Block::Rule, Block::Heading(name.to_owned())]);
    }

    fn head(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        self.blocks.push(Block::Title(clean(&receipt.shop)));
        let address = receipt.address.lines().filter(|line| !line.trim().is_empty());
        self.blocks.extend(address.map(|line| Block::Centre(clean(line))));
        if !receipt.tax_id.is_empty() {
            self.blocks.push(Block::Centre(clean(&format!("{}: {}", words.tax_id, receipt.tax_id))));
        }
        self.blocks.push(Block::Rule);
        self.blocks.push(Block::Title(receipt.title(self.locale)));
        if receipt.reprint {
            self.blocks.push(Block::Title(words.reprint.to_owned()));
        }
        self.pair(words.date, self.locale.date_time(receipt.settled_at, receipt.time_zone));
        self.named(words.attendant, &receipt.attendant);
        self.named(words.cabin, &receipt.cabin);
        self.named(words.customer, &receipt.customer);
    }

    fn calls(&mut self) {
        let words = self.locale.words();
        self.section(words.calls);
        if self.receipt.calls.is_empty() {
            self.blocks.push(Block::Note(words.no_calls.to_owned()));
        }
        for call in &self.receipt.calls {
            self.call(call);
        }
    }

    fn call(&mut self, call: &Call) {
        let start = self.locale.start(call.started_at, self.receipt.time_zone);
        self.sum(call.number.as_str(), call.amount);
        let destination = self.locale.destination(&call.destination, call.country.as_deref());
        self.blocks.push(Block::Note(clean(&destination)));
        self.blocks.push(Block::Note(format!("{start}  {}", duration(call.seconds))));
    }

    fn destinations(&mut self) {
        let receipt = self.receipt;
        // if there is only one call, totals by destination would only repeat it
        if receipt.calls.len() < 2 {
            return;
        }
        self.section(self.locale.words().by_destination);
        for total in &receipt.destinations {
            // the subtotal is the sum of the printed amounts, so that the customer can check it
            let lines = receipt.calls.iter().filter(|call| call.destination == total.name);
            let amount = Micros::try_sum(lines.map(|call| self.shown(call.amount)));
            let name = self.locale.destination(&total.name, total.country.as_deref());
            self.sum(name, amount.unwrap_or(total.amount));
            self.blocks.push(Block::Note(format!("{} x  {}", total.calls, duration(total.seconds))));
        }
    }

    fn items(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        if !receipt.items.is_empty() {
            self.section(words.items);
        }
        for item in &receipt.items {
            self.sum(item.description.as_str(), item.amount);
            if item.quantity != 1 {
                self.blocks.push(Block::Note(format!(
                    "{} x  {}",
                    item.quantity,
                    self.locale.price(item.unit_price, &receipt.currency)
                )));
            }
        }
    }

    /// Adds the subtotals and the total. The receipt's lines show rounded call prices, so the difference between their sum and the total is printed
    /// as rounding.
    fn total(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        self.blocks.push(Block::Rule);
        let total = self.shown(receipt.total);
        let calls = self.sum_of(receipt.calls.iter().map(|call| call.amount));
        if calls != total {
            self.sum(words.calls_total, calls);
        }
        let now =
            Micros::try_sum(receipt.calls.iter().map(|call| call.amount)).unwrap_or(receipt.calls_total);
        let corrected = self.shown(receipt.calls_total.checked_sub(now).unwrap_or_default());
        self.nonzero(words.corrected, corrected);
        let items = self.sum_of(receipt.items.iter().map(|item| item.amount));
        self.nonzero(words.items, items);
        let mut rest = [calls, corrected, items].into_iter().try_fold(total, Micros::checked_sub);
        for discount in &receipt.discounts {
            let taken = self.shown(discount.amount);
            self.sum(
                format!("{}: {}", words.discount, discount.description),
                taken.checked_neg().unwrap_or_default(),
            );
            rest = rest.and_then(|rest| rest.checked_add(taken));
        }
        self.nonzero(words.rounding, rest.unwrap_or_default());
        let total = self.locale.money(total, &receipt.currency);
        self.blocks.push(Block::StrongSum(words.total.to_owned(), total));
    }

    /// The sum of the printed amounts of the lines.
    fn sum_of(&self, amounts: impl Iterator<Item = Micros>) -> Micros {
        Micros::try_sum(amounts.map(|amount| self.shown(amount))).unwrap_or_default()
    }

    fn nonzero(&mut self, name: &str, amount: Micros) {
        if amount != Micros::ZERO {
            self.sum(name, amount);
        }
    }

    fn notes<'t>(&mut self, texts: impl Iterator<Item = &'t String>) {
        self.blocks.extend(texts.map(|text| Block::Note(clean(text))));
    }

    fn payments(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        self.nonzero(words.cash_rounding, receipt.cash_rounding);
        self.nonzero(words.deposit, receipt.deposit);
        self.notes(receipt.deposit_references.iter());
        let change = receipt.change.unwrap_or_default();
        for (method, kept) in &receipt.payments {
            let handed = if *method == PaymentMethod::Cash { kept.checked_add(change) } else { Ok(*kept) };
            self.sum(self.locale.method(*method), handed.unwrap_or(*kept));
            let of_method = receipt.references.iter().filter(|(of, _)| of == method);
            self.notes(of_method.map(|(_, reference)| reference));
        }
        let cash = receipt.payments.iter().any(|(method, _)| *method == PaymentMethod::Cash);
        if change != Micros::ZERO && !cash {
            // here, the shop returned all of the cash that the customer handed over
            self.sum(self.locale.method(PaymentMethod::Cash), change);
        }
        self.nonzero(words.change, change);
        if receipt.due.is_none() {
            self.nonzero(words.deposit_returned, receipt.deposit_returned());
        }
    }

    /// Adds the amount left to pay on a bill, and the Pix code for this amount.
    fn due(&mut self) {
        let words = self.locale.words();
        let Some(due) = &self.receipt.due else { return };
        let amount = self.locale.money(self.shown(due.amount), &self.receipt.currency);
        self.blocks.push(Block::StrongSum(words.due.to_owned(), amount));
        if let Some(pix) = &due.pix {
            self.blocks.extend([Block::Rule, Block::Title(words.pix.to_owned()), Block::Code(pix.clone())]);
        }
    }

    fn refunds(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        if !receipt.refunds.is_empty() {
            self.section(words.refund);
        }
        for refund in &receipt.refunds {
            let when = self.locale.date_time(refund.at, receipt.time_zone);
            let back = Micros::ZERO.checked_sub(refund.amount).unwrap_or_default();
            self.sum(format!("{when} {}", self.locale.method(refund.method)), back);
            self.notes([&refund.reason, &refund.reference].into_iter().filter(|text| !text.is_empty()));
        }
    }

    fn footer(&mut self) {
        if self.receipt.footer.trim().is_empty() {
            return;
        }
        self.blocks.push(Block::Rule);
        self.blocks.extend(self.receipt.footer.trim().lines().map(|line| Block::Centre(clean(line))));
    }
}

/// Removes control characters, which some printers interpret as commands.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
