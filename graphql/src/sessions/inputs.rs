//! Inputs of the session mutations.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined};

use super::payments::PaymentMethod;
use super::types::SessionMode;
use crate::scalars::Decimal;

/// How to close a cabin during a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "billing::session::CloseMode")]
pub enum CloseMode {
    /// The call is hung up.
    HangUp,
    /// The mutation fails, and the cabin stays open.
    Refuse,
    /// The call continues, no further calls are allowed, and the cabin closes when the call ends.
    Drain,
}

/// Opens a cabin for a customer.
#[derive(InputObject)]
pub struct OpenCabinInput {
    /// A closed cabin with a phone.
    pub cabin_id: ID,
    /// Name of the customer; may be empty.
    #[graphql(default)]
    pub customer: String,
    /// Maximum total cost of the session's calls, in the callshop's currency; null for no limit. A spending limit is not allowed with a deposit,
    /// because the deposit is the limit.
    pub spending_limit: Option<Decimal>,
    /// Maximum total talk time in seconds, up to 86400; null for no limit.
    pub time_limit_seconds: Option<i32>,
    /// PREPAID requires a deposit; POSTPAID forbids it. If the mode is omitted, a session with a deposit is PREPAID, and a session without a deposit
    /// is POSTPAID.
    pub mode: Option<SessionMode>,
    /// Amount paid in advance for calls. At settlement, the unused part is refunded through the payment method that the customer used for the
    /// deposit.
    pub deposit: Option<DepositInput>,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result. The key is required with a deposit.
    pub idempotency_key: Option<String>,
}

/// A customer's deposit.
#[derive(InputObject)]
pub struct DepositInput {
    /// The amount, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// Payment method of the deposit.
    #[graphql(default_with = "PaymentMethod::Cash")]
    pub method: PaymentMethod,
    /// The payment's number in another system, such as a card terminal's NSU or a Pix transaction id. At most 64 characters; not for CASH. The number
    /// appears on the receipt and in the register's report.
    pub reference: Option<String>,
}

/// Adds to a session's deposit.
#[derive(InputObject)]
pub struct AddDepositInput {
    /// An open PREPAID session.
    pub session_id: ID,
    /// Amount to add, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// Payment method of the added amount.
    #[graphql(default_with = "PaymentMethod::Cash")]
    pub method: PaymentMethod,
    /// The payment's number in another system, such as a card terminal's NSU or a Pix transaction id. At most 64 characters; not for CASH. The number
    /// appears on the receipt and in the register's report.
    pub reference: Option<String>,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// An item to add to the bill.
#[derive(InputObject)]
pub struct AddSessionItemInput {
    /// An unpaid session.
    pub session_id: ID,
    /// Text on the bill.
    pub description: String,
    /// Number of items, 1 to 999.
    #[graphql(default = 1)]
    pub quantity: i32,
    /// Price per item, zero or more, in the callshop's currency.
    pub unit_price: Decimal,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// Removes an item or discount from a bill.
#[derive(InputObject)]
pub struct RemoveSessionItemInput {
    /// An unpaid session.
    pub session_id: ID,
    /// `SessionItem.itemId` of an item or discount on the session's bill.
    pub item_id: ID,
}

/// A discount on a bill.
#[derive(InputObject)]
pub struct ApplyDiscountInput {
    /// An unpaid session.
    pub session_id: ID,
    /// The amount, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// Reason; printed on the bill.
    pub reason: String,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// A refund after settlement.
#[derive(InputObject)]
pub struct RefundSessionInput {
    /// A settled session.
    pub session_id: ID,
    /// The amount, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// Payment method of the refund.
    #[graphql(default_with = "PaymentMethod::Cash")]
    pub method: PaymentMethod,
    /// Free text.
    pub reason: String,
    /// The refund's number in another system, such as a card terminal's NSU or a Pix transaction id. At most 64 characters; not for CASH. The number
    /// appears on the receipt and in the register's report.
    pub reference: Option<String>,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}

/// Selects the cabin to close. Give exactly one of the two ids.
#[derive(InputObject)]
pub struct CloseCabinInput {
    /// The cabin to close.
    pub cabin_id: Option<ID>,
    /// The session whose cabin is to be closed.
    pub session_id: Option<ID>,
    /// How to close the cabin during a call.
    #[graphql(default_with = "CloseMode::HangUp")]
    pub mode: CloseMode,
}

/// New limits of an open session. An omitted limit is left unchanged; null removes the limit.
#[derive(InputObject)]
pub struct UpdateSessionLimitsInput {
    /// An open session.
    pub session_id: ID,
    /// Maximum total cost of the session's calls, in the callshop's currency.
    pub spending_limit: MaybeUndefined<Decimal>,
    /// Maximum total talk time in seconds, up to 86400.
    pub time_limit_seconds: MaybeUndefined<i32>,
}

/// Selects a session opened by mistake.
#[derive(InputObject)]
pub struct VoidSessionInput {
    /// A session without calls.
    pub session_id: ID,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result. The key is required if a deposit must
    /// be refunded.
    pub idempotency_key: Option<String>,
}

/// Moves a customer to another cabin.
#[derive(InputObject)]
pub struct MoveSessionInput {
    /// An open session without a live call.
    pub session_id: ID,
    /// A free cabin with a phone.
    pub cabin_id: ID,
}

/// One payment by a customer.
#[derive(InputObject)]
pub struct PaymentInput {
    /// Payment method; only CASH gives change.
    pub method: PaymentMethod,
    /// The amount, in the callshop's currency. Cash may exceed the amount due.
    pub amount: Decimal,
    /// The payment's number in another system, such as a card terminal's NSU or a Pix transaction id. At most 64 characters; not for CASH. The number
    /// appears on the receipt and in the register's report.
    pub reference: Option<String>,
}

/// Settles a session.
#[derive(InputObject)]
pub struct SettleSessionInput {
    /// A closed session.
    pub session_id: ID,
    /// At most ten payments; empty if nothing is due.
    pub payments: Vec<PaymentInput>,
    /// Unique key of this request. Repeating the request with the same key and input returns the first result.
    pub idempotency_key: String,
}
