//! The items, payments and Pix codes of sessions.

use async_graphql::{Context, ID};
use chrono::{DateTime, Utc};
use entity::{payment, session_item};
use graphql_macros::object;

use super::types::user;
use crate::graphql_enum;
use crate::payload::top_level;
use crate::scalars::{Kind, Money};
use crate::users::User;
use app::receipt::Qr;
use app::sessions;

graphql_enum!(
    /// How money is paid or refunded.
    PaymentMethod = "entity::PaymentMethod" {
        /// Notes and coins. Only this method gives change.
        Cash,
        /// Debit or credit card.
        Card,
        /// Brazil's instant bank transfer.
        Pix,
        /// Any other method.
        Other,
    }
);

graphql_enum!(
    /// Purpose of a payment.
    PaymentKind = "entity::PaymentKind" {
        /// Payment at settlement.
        Sale,
        /// Deposit paid in advance.
        Deposit,
        /// Refund after settlement.
        Refund,
        /// Refund of the unused part of a deposit.
        DepositRefund,
    }
);

/// An item or a discount on a session's bill.
#[derive(async_graphql::Description)]
pub struct SessionItem {
    pub(super) row: session_item::Model,
    pub(super) currency: String,
}

#[object]
impl SessionItem {
    /// Opaque id, for `removeSessionItem`.
    #[field(numbered)]
    fn item_id(&self) -> ID {
        Kind::SessionItem.id(self.row.id)
    }

    /// Text of the item, or reason for the discount.
    #[field(numbered)]
    fn description(&self) -> &str {
        &self.row.description
    }

    /// Number of items; 1 for a discount.
    #[field(numbered)]
    fn quantity(&self) -> i32 {
        self.row.quantity
    }

    /// Price of one item, or amount of the discount.
    #[field(numbered)]
    fn unit_price(&self) -> Money {
        Money::new(self.row.unit_price, &self.currency)
    }

    /// `quantity * unitPrice`, never negative; the amount of a discount is subtracted from the bill.
    #[field(numbered)]
    fn amount(&self) -> async_graphql::Result<Money> {
        let line = sessions::line(&self.row).map_err(top_level)?;
        Ok(Money::new(line.amount, &self.currency))
    }

    /// User who added the line.
    #[field(numbered)]
    async fn by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.row.user_id)).await
    }

    /// When the line was added.
    #[field(numbered)]
    fn at(&self) -> DateTime<Utc> {
        self.row.at
    }
}

/// A payment or refund of a session.
#[derive(async_graphql::Description)]
pub struct Payment {
    pub(super) payment: payment::Model,
    pub(super) currency: String,
}

#[object]
impl Payment {
    /// Opaque id of the payment; unique and stable.
    fn payment_id(&self) -> ID {
        Kind::Payment.id(self.payment.id)
    }

    /// Purpose, which also determines the direction.
    fn kind(&self) -> PaymentKind {
        self.payment.kind.into()
    }

    /// Payment method.
    fn method(&self) -> PaymentMethod {
        self.payment.method.into()
    }

    /// Amount received (net of change) or refunded. Never negative; `kind` gives the direction.
    fn amount(&self) -> Money {
        Money::new(self.payment.amount, &self.currency)
    }

    /// Reason for a refund; null for other kinds.
    fn reason(&self) -> Option<&str> {
        self.payment.reason.as_deref()
    }

    /// The payment's number in another system, such as a card terminal's NSU or a Pix transaction id; null if none was given.
    fn reference(&self) -> Option<&str> {
        self.payment.reference.as_deref()
    }

    /// User who handled the payment or refund.
    async fn by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.payment.user_id)).await
    }

    /// When the amount was paid or refunded.
    fn at(&self) -> DateTime<Utc> {
        self.payment.at
    }
}

/// A Pix payment's code.
#[derive(async_graphql::Description)]
pub struct PixCode(pub(super) sessions::PixCode);

#[object]
impl PixCode {
    /// The code as text (BR Code, "Pix copia e cola"), which the customer pastes into the bank's app.
    fn text(&self) -> &str {
        &self.0.text
    }

    /// The code as a QR code: an SVG document that the page can display at any size.
    fn qr_svg(&self) -> async_graphql::Result<String> {
        let qr = Qr::new(&self.0.text).map_err(top_level)?;
        Ok(qr.svg())
    }

    /// The transaction id, 25 letters and digits, under which the payment appears in the callshop's bank account. The transaction id is the same for
    /// all codes of a session.
    fn txid(&self) -> &str {
        &self.0.txid
    }

    /// The amount to pay.
    fn amount(&self) -> Money {
        Money::new(self.0.amount, billing::pix::CURRENCY)
    }
}
