//! Receipts: what a paid session's receipt says ([`Receipt`]), and how it looks as text, HTML and PDF. Pure: no clock, no database.
//!
//! What is on it and in which order is decided once, in `layout`; the renderers only place it.

mod html;
mod layout;
pub mod locale;
mod pdf;
mod text;

use billing::money::Micros;
use billing::statement::PaymentMethod;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use locale::Locale;

/// Columns of a 58 mm printer.
const COLUMNS_58: usize = 32;
/// Columns of an 80 mm printer.
const COLUMNS_80: usize = 48;

/// How a receipt is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text of 32 columns.
    Text58,
    /// Text of 48 columns.
    Text80,
    /// A page that stands alone.
    Html,
    /// A roll 80 mm wide.
    Pdf,
}

impl Format {
    /// The media type of what [`Receipt::render`] answers.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Text58 | Self::Text80 => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
        }
    }
}

/// Everything that a receipt says. Amounts are in `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who sold it: the legal name, or the callshop's.
    pub shop: String,
    /// Tax id; empty for none.
    pub tax_id: String,
    /// Where the shop is, in lines; empty for none.
    pub address: String,
    /// Consecutive in the callshop.
    pub number: i64,
    /// It was printed before, so it says that it is a copy.
    pub reprint: bool,
    /// When it was paid.
    pub settled_at: DateTime<Utc>,
    /// The zone that its times are shown in.
    pub time_zone: Tz,
    /// Who took the money; empty when nobody knows any more.
    pub attendant: String,
    /// The cabin's label or number.
    pub cabin: String,
    /// The customer's name; empty when nobody asked.
    pub customer: String,
    /// ISO 4217 code.
    pub currency: String,
    /// The answered calls, in order.
    pub calls: Vec<Call>,
    /// The same by destination.
    pub destinations: Vec<Destination>,
    /// What was sold besides.
    pub items: Vec<Item>,
    /// What was taken off.
    pub discounts: Vec<Item>,
    /// What the calls came to when it was paid; one that was corrected since makes their sum differ.
    pub calls_total: Micros,
    /// What was due.
    pub total: Micros,
    /// What was paid in advance; zero for none.
    pub deposit: Micros,
    /// What the shop kept by method, besides the deposit.
    pub payments: Vec<(PaymentMethod, Micros)>,
    /// Cash given back, where it is known.
    pub change: Option<Micros>,
    /// What rounding the part paid in cash added.
    pub cash_rounding: Micros,
    /// What was given back afterwards.
    pub refunds: Vec<Refund>,
    /// Last lines, as the callshop wants them.
    pub footer: String,
}

/// An answered call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The number as the customer reads it, masked or not.
    pub number: String,
    /// Where that is.
    pub destination: String,
    /// When it was answered.
    pub started_at: DateTime<Utc>,
    /// Seconds of talk.
    pub seconds: u64,
    /// What it costs.
    pub amount: Micros,
}

/// The calls to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Which.
    pub name: String,
    /// How many calls.
    pub calls: u32,
    /// Seconds of talk.
    pub seconds: u64,
    /// What they cost.
    pub amount: Micros,
}

/// A line of the bill that is no call. The amount of a discount is what is taken off, not negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is, or why.
    pub description: String,
    /// How many; 1 of a discount.
    pub quantity: u32,
    /// What one costs.
    pub unit_price: Micros,
    /// How much in all.
    pub amount: Micros,
}

/// Money given back after the session was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub method: PaymentMethod,
    /// How much.
    pub amount: Micros,
    /// Why.
    pub reason: String,
}

impl Receipt {
    /// The receipt as bytes of the format's media type. A PDF of thousands of calls takes a moment: not on a thread that must not wait.
    pub fn render(&self, format: Format, locale: Locale) -> Vec<u8> {
        match format {
            Format::Text58 => text::render(self, locale, COLUMNS_58).into_bytes(),
            Format::Text80 => text::render(self, locale, COLUMNS_80).into_bytes(),
            Format::Html => html::render(self, locale).into_bytes(),
            Format::Pdf => pdf::render(self, locale),
        }
    }

    /// What the customer got back of his deposit: `deposit + payments = total + cash rounding + this`.
    fn deposit_returned(&self) -> Micros {
        let paid = Micros::try_sum(self.payments.iter().map(|(_, amount)| *amount).chain([self.deposit]));
        let due = self.total.checked_add(self.cash_rounding);
        match (paid, due) {
            (Ok(paid), Ok(due)) if self.deposit > Micros::ZERO => paid.checked_sub(due).unwrap_or_default(),
            _ => Micros::ZERO,
        }
    }
}

/// A number of which only the beginning and the last two digits can be read: the six last digits but two are stars, of a shorter number
/// all but two.
pub fn masked(number: &str) -> String {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let hidden = digits.saturating_sub(6)..digits.saturating_sub(2);
    let mut seen = 0;
    let star = |letter: char| {
        if !letter.is_ascii_digit() {
            return letter;
        }
        seen += 1;
        if hidden.contains(&(seen - 1)) { '*' } else { letter }
    };
    number.chars().map(star).collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn masking_keeps_the_beginning_and_two_digits() {
        assert_eq!(masked("+351 912 345 678"), "+351 912 *** *78");
        assert_eq!(masked("190"), "*90");
        assert_eq!(masked("7"), "7");
        assert_eq!(masked(""), "");
    }
}
