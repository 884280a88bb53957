//! What a receipt says, in order, without saying how it looks.

use billing::money::Micros;
use billing::statement::PaymentMethod;

use super::locale::{Locale, duration};
use super::{Call, Receipt};

/// A piece of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// In the middle, strong.
    Title(String),
    /// In the middle.
    Centre(String),
    /// The name of a section.
    Heading(String),
    /// What it is, and how much.
    Pair(String, String),
    /// The same, strong.
    StrongPair(String, String),
    /// More about the pair before it.
    Note(String),
    /// A line across.
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
    fn amount(&self, amount: Micros) -> String {
        self.locale.amount(amount, &self.receipt.currency)
    }

    fn pair(&mut self, left: impl Into<String>, right: impl Into<String>) {
        self.blocks.push(Block::Pair(clean(&left.into()), clean(&right.into())));
    }

    /// A pair that is left out when it says nothing.
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
        if !receipt.tax_id.is_empty() {
            self.blocks.push(Block::Centre(clean(&format!("{}: {}", words.tax_id, receipt.tax_id))));
        }
        self.blocks.push(Block::Rule);
        self.blocks.push(Block::Title(format!("{} {}", words.receipt, receipt.number)));
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
        self.pair(call.number.as_str(), self.amount(call.amount));
        self.blocks.push(Block::Note(clean(&call.destination)));
        self.blocks.push(Block::Note(format!("{start}  {}", duration(call.seconds))));
    }

    fn destinations(&mut self) {
        // of one call it would say the same again
        if self.receipt.calls.len() < 2 {
            return;
        }
        self.section(self.locale.words().by_destination);
        for total in &self.receipt.destinations {
            self.pair(total.name.as_str(), self.amount(total.amount));
            self.blocks.push(Block::Note(format!("{} x  {}", total.calls, duration(total.seconds))));
        }
    }

    fn items(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        if !receipt.items.is_empty() {
            self.section(words.items);
        }
        for item in &receipt.items {
            self.pair(item.description.as_str(), self.amount(item.amount));
            if item.quantity != 1 {
                self.blocks.push(Block::Note(format!(
                    "{} x  {}",
                    item.quantity,
                    self.amount(item.unit_price)
                )));
            }
        }
    }

    fn total(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        self.blocks.push(Block::Rule);
        let calls = Micros::try_sum(receipt.calls.iter().map(|call| call.amount));
        if let Some(calls) = calls.ok().filter(|calls| *calls != receipt.total) {
            self.pair(words.calls_total, self.amount(calls));
            self.nonzero(words.corrected, receipt.calls_total.checked_sub(calls).unwrap_or_default());
        }
        let items = Micros::try_sum(receipt.items.iter().map(|item| item.amount));
        if let Some(items) = items.ok().filter(|items| *items != Micros::ZERO) {
            self.pair(words.items, self.amount(items));
        }
        for discount in &receipt.discounts {
            let taken = Micros::ZERO.checked_sub(discount.amount).unwrap_or_default();
            self.pair(format!("{}: {}", words.discount, discount.description), self.amount(taken));
        }
        self.nonzero(words.rounding, receipt.rounding);
        let total = self.locale.money(receipt.total, &receipt.currency);
        self.blocks.push(Block::StrongPair(words.total.to_owned(), total));
    }

    fn nonzero(&mut self, name: &str, amount: Micros) {
        if amount != Micros::ZERO {
            self.pair(name, self.amount(amount));
        }
    }

    fn payments(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        self.nonzero(words.cash_rounding, receipt.cash_rounding);
        self.nonzero(words.deposit, receipt.deposit);
        let change = receipt.change.unwrap_or_default();
        for (method, kept) in &receipt.payments {
            let handed = if *method == PaymentMethod::Cash { kept.checked_add(change) } else { Ok(*kept) };
            self.pair(self.locale.method(*method), self.amount(handed.unwrap_or(*kept)));
        }
        let cash = receipt.payments.iter().any(|(method, _)| *method == PaymentMethod::Cash);
        if change != Micros::ZERO && !cash {
            // all of the cash went back
            self.pair(self.locale.method(PaymentMethod::Cash), self.amount(change));
        }
        self.nonzero(words.change, change);
        self.nonzero(words.deposit_returned, receipt.deposit_returned());
    }

    fn refunds(&mut self) {
        let (receipt, words) = (self.receipt, self.locale.words());
        if !receipt.refunds.is_empty() {
            self.section(words.refund);
        }
        for refund in &receipt.refunds {
            let when = self.locale.date_time(refund.at, receipt.time_zone);
            let back = Micros::ZERO.checked_sub(refund.amount).unwrap_or_default();
            self.pair(format!("{when} {}", self.locale.method(refund.method)), self.amount(back));
            if !refund.reason.is_empty() {
                self.blocks.push(Block::Note(clean(&refund.reason)));
            }
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

/// Text without control characters: some printers take them for commands.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
