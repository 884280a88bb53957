//! Receipts: the content of a paid session's receipt ([`Receipt`]), and its rendering as text, HTML, PDF and ESC/POS. This module reads no clock and
//! no database.
//!
//! Only `layout` decides the content and its order, for all formats. The renderers place this content on the page.

pub(crate) mod escpos;
mod html;
mod layout;
pub mod locale;
mod pdf;
mod qr;
mod text;

use billing::money::Micros;
use billing::statement::PaymentMethod;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub(crate) use layout::{Block, clean};
pub use locale::Locale;
pub use qr::Qr;

/// Characters per line of a 58 mm printer.
const COLUMNS_58: usize = 32;
/// Characters per line of an 80 mm printer.
const COLUMNS_80: usize = 48;

/// Output format of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text, 32 columns.
    Text58,
    /// Plain text, 48 columns.
    Text80,
    /// A self-contained HTML page.
    Html,
    /// A PDF page 80 mm wide.
    Pdf,
    /// Commands for a receipt printer with 32 columns.
    EscPos58,
    /// Commands for a receipt printer with 48 columns.
    EscPos80,
}

impl Format {
    /// Media type of the bytes from [`Receipt::render`].
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Text58 | Self::Text80 => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            // ESC/POS has no registered media type
            Self::EscPos58 | Self::EscPos80 => "application/octet-stream",
        }
    }

    /// Usual ending of a file with these bytes, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text58 | Self::Text80 => "txt",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::EscPos58 | Self::EscPos80 => "bin",
        }
    }

    /// Whether the bytes are text in UTF-8.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text58 | Self::Text80 | Self::Html)
    }

    /// Whether the bytes are commands for a printer, which can also open a cash drawer.
    pub fn is_commands(self) -> bool {
        matches!(self, Self::EscPos58 | Self::EscPos80)
    }
}

/// The content of a receipt. Amounts are in `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The shop's legal name, or its display name.
    pub shop: String,
    /// Tax id; empty if there is none.
    pub tax_id: String,
    /// Address in one or more lines; empty if there is none.
    pub address: String,
    /// Receipt number, consecutive in the callshop; 0 for a bill.
    pub number: i64,
    /// Whether the receipt is marked as a duplicate.
    pub reprint: bool,
    /// When the session was settled; for a bill, when it was printed.
    pub settled_at: DateTime<Utc>,
    /// Time zone of the printed times.
    pub time_zone: Tz,
    /// Name of the user who took the payment; empty if that user is no longer known.
    pub attendant: String,
    /// Label or number of the cabin.
    pub cabin: String,
    /// Name of the customer; empty if no name was given.
    pub customer: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Answered calls, oldest first.
    pub calls: Vec<Call>,
    /// Totals of the answered calls by destination.
    pub destinations: Vec<Destination>,
    /// Other items sold.
    pub items: Vec<Item>,
    /// Discounts given.
    pub discounts: Vec<Item>,
    /// Total of the calls at settlement. If a call was corrected later, the sum of `calls` differs from this total.
    pub calls_total: Micros,
    /// Total of the bill.
    pub total: Micros,
    /// Deposit paid in advance; zero if there was none.
    pub deposit: Micros,
    /// References of the payments of the deposit.
    pub deposit_references: Vec<String>,
    /// Amounts received by method, net of change, without the deposit.
    pub payments: Vec<(PaymentMethod, Micros)>,
    /// References of the payments, by method, without the deposit's references.
    pub references: Vec<(PaymentMethod, String)>,
    /// Amount left to pay on the bill of an unsettled session; `None` if the document is a receipt.
    pub due: Option<Due>,
    /// Cash change; `None` on duplicates, because the change is known only at settlement.
    pub change: Option<Micros>,
    /// The amount that rounding adds to the cash payment; negative if rounding reduces the payment.
    pub cash_rounding: Micros,
    /// Refunds after settlement.
    pub refunds: Vec<Refund>,
    /// Closing lines chosen by the callshop.
    pub footer: String,
}

/// The amount left to pay on a bill, and the Pix code for it, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The amount after the deposit; zero if the deposit pays for everything.
    pub amount: Micros,
    /// The Pix code for the amount; `None` if the shop does not accept Pix, or if nothing is due.
    pub pix: Option<String>,
}

/// An answered call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The number formatted for the customer, possibly masked.
    pub number: String,
    /// Destination name, as in the rate.
    pub destination: String,
    /// The number's country, ISO 3166-1 alpha-2; `None` if no single country is certain.
    pub country: Option<String>,
    /// When the call was answered.
    pub started_at: DateTime<Utc>,
    /// Talk time in seconds.
    pub seconds: u64,
    /// Price of the call.
    pub amount: Micros,
}

/// Total of the calls to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Destination name, as in the rate.
    pub name: String,
    /// The country of all these calls, ISO 3166-1 alpha-2; `None` if their countries differ or are not certain.
    pub country: Option<String>,
    /// Number of calls.
    pub calls: u32,
    /// Talk time in seconds.
    pub seconds: u64,
    /// Total price.
    pub amount: Micros,
}

/// A line of the bill other than a call. A discount's amount is positive and is subtracted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Text of the item, or reason for the discount.
    pub description: String,
    /// Number of items; 1 for a discount.
    pub quantity: u32,
    /// Price of one item.
    pub unit_price: Micros,
    /// Total of the line.
    pub amount: Micros,
}

/// A refund after settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// When the refund was paid.
    pub at: DateTime<Utc>,
    /// Payment method of the refund.
    pub method: PaymentMethod,
    /// Amount refunded.
    pub amount: Micros,
    /// Reason for the refund.
    pub reason: String,
    /// The refund's number in another system; empty if none was given.
    pub reference: String,
}

impl Receipt {
    /// Renders the receipt as bytes of the format's media type. Call this function on a blocking thread, because a PDF with thousands of calls
    /// takes a moment.
    pub fn render(&self, format: Format, locale: Locale) -> Vec<u8> {
        match format {
            Format::Text58 => text::render(self, locale, COLUMNS_58).into_bytes(),
            Format::Text80 => text::render(self, locale, COLUMNS_80).into_bytes(),
            Format::Html => html::render(self, locale).into_bytes(),
            Format::Pdf => pdf::render(self, locale),
            Format::EscPos58 => escpos::render(self, locale, COLUMNS_58),
            Format::EscPos80 => escpos::render(self, locale, COLUMNS_80),
        }
    }

    /// The document's title: a receipt with its number, or a bill.
    fn title(&self, locale: Locale) -> String {
        match self.due {
            Some(_) => locale.words().bill.to_owned(),
            None => format!("{} {}", locale.words().receipt, self.number),
        }
    }

    /// The part of the deposit that was returned to the customer. `deposit + payments = total + cash rounding + deposit returned`.
    fn deposit_returned(&self) -> Micros {
        let paid = Micros::try_sum(self.payments.iter().map(|(_, amount)| *amount).chain([self.deposit]));
        let due = self.total.checked_add(self.cash_rounding);
        match (paid, due) {
            (Ok(paid), Ok(due)) if self.deposit > Micros::ZERO => paid.checked_sub(due).unwrap_or_default(),
            _ => Micros::ZERO,
        }
    }
}

/// Renders a document of these blocks as A4 pages in PDF. Call this function on a blocking thread if there can be thousands of blocks.
pub(crate) fn pdf_pages(blocks: &[Block], title: &str, locale: Locale) -> Vec<u8> {
    pdf::pages(blocks, title, locale)
}

/// Masks a number: the last two digits are kept, and the four digits before them become stars. A number of six digits or fewer keeps only its last
/// two digits.
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
