//! What mutations of sessions are told.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined};

use super::types::{PaymentMethod, SessionMode};
use crate::scalars::Decimal;

/// What closing a cabin does with a call that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "billing::session::CloseMode")]
pub enum CloseMode {
    /// Ends it.
    HangUp,
    /// Refuses to close.
    Refuse,
    /// Lets it go on, allows no other, and closes after it.
    Drain,
}

/// Which cabin to open, for whom.
#[derive(InputObject)]
pub struct OpenCabinInput {
    /// Which cabin.
    pub cabin_id: ID,
    /// Name of the customer.
    #[graphql(default)]
    pub customer: String,
    /// Calls may cost this at most, in the callshop's currency; null for no limit. Not with a deposit, which is a limit itself.
    pub spending_limit: Option<Decimal>,
    /// Talk seconds at most, up to 86400; null for no limit.
    pub time_limit_seconds: Option<i32>,
    /// When the customer pays. PREPAID takes a deposit, POSTPAID none; when left out, a deposit makes it PREPAID.
    pub mode: Option<SessionMode>,
    /// What the customer pays in advance. The rest goes back as it was paid, at settlement.
    pub deposit: Option<DepositInput>,
    /// The same key with the same input answers what the first one answered. A deposit takes one.
    pub idempotency_key: Option<String>,
}

/// What a customer pays in advance.
#[derive(InputObject)]
pub struct DepositInput {
    /// How much, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// How he pays it.
    #[graphql(default_with = "PaymentMethod::Cash")]
    pub method: PaymentMethod,
}

/// By how much a deposit is raised.
#[derive(InputObject)]
pub struct AddDepositInput {
    /// An open PREPAID session.
    pub session_id: ID,
    /// How much, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// How it is paid.
    #[graphql(default_with = "PaymentMethod::Cash")]
    pub method: PaymentMethod,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// What else the customer takes.
#[derive(InputObject)]
pub struct AddSessionItemInput {
    /// A session that is not paid.
    pub session_id: ID,
    /// What it is.
    pub description: String,
    /// How many, 1 to 999.
    #[graphql(default = 1)]
    pub quantity: i32,
    /// Price of one, zero or more, in the callshop's currency.
    pub unit_price: Decimal,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// What is taken off the bill again.
#[derive(InputObject)]
pub struct RemoveSessionItemInput {
    /// A session that is not paid.
    pub session_id: ID,
    /// An item or a discount on its bill.
    pub item_id: ID,
}

/// What the customer need not pay.
#[derive(InputObject)]
pub struct ApplyDiscountInput {
    /// A session that is not paid.
    pub session_id: ID,
    /// How much, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// Why.
    pub reason: String,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// What is given back of what was paid.
#[derive(InputObject)]
pub struct RefundSessionInput {
    /// A settled session.
    pub session_id: ID,
    /// How much, above zero, in the callshop's currency.
    pub amount: Decimal,
    /// How it is given.
    #[graphql(default_with = "PaymentMethod::Cash")]
    pub method: PaymentMethod,
    /// Why.
    pub reason: String,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}

/// What to close: give exactly one of the ids.
#[derive(InputObject)]
pub struct CloseCabinInput {
    /// The cabin whose customer is done.
    pub cabin_id: Option<ID>,
    /// Or his session.
    pub session_id: Option<ID>,
    /// What to do with a call that is up.
    #[graphql(default_with = "CloseMode::HangUp")]
    pub mode: CloseMode,
}

/// New limits of an open session; what is left out stays, null removes a limit.
#[derive(InputObject)]
pub struct UpdateSessionLimitsInput {
    /// Which session.
    pub session_id: ID,
    /// Calls may cost this at most, in the callshop's currency.
    pub spending_limit: MaybeUndefined<Decimal>,
    /// Talk seconds at most, up to 86400.
    pub time_limit_seconds: MaybeUndefined<i32>,
}

/// Which session was a mistake.
#[derive(InputObject)]
pub struct VoidSessionInput {
    /// A session without calls.
    pub session_id: ID,
    /// The same key with the same input answers what the first one answered. Giving a deposit back takes one.
    pub idempotency_key: Option<String>,
}

/// Which customer goes into which cabin.
#[derive(InputObject)]
pub struct MoveSessionInput {
    /// An open session without a call.
    pub session_id: ID,
    /// A free cabin with a phone.
    pub cabin_id: ID,
}

/// What a customer hands over.
#[derive(InputObject)]
pub struct PaymentInput {
    /// How.
    pub method: PaymentMethod,
    /// How much, in the callshop's currency; cash may be more than is due.
    pub amount: Decimal,
}

/// How a session is paid.
#[derive(InputObject)]
pub struct SettleSessionInput {
    /// A closed session.
    pub session_id: ID,
    /// At most ten; none when nothing is due.
    pub payments: Vec<PaymentInput>,
    /// The same key with the same input answers what the first one answered.
    pub idempotency_key: String,
}
