//! Money that a customer paid or got back: a deposit, part of a settlement, or a refund.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, PaymentKind, PaymentMethod};
use crate::parents::parents;

/// Money that a customer paid or got back: a deposit, part of a settlement, or a refund.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// The session that was paid or refunded.
    pub session_id: Uuid,
    /// The shift during which the money moved.
    pub shift_id: Uuid,
    /// The payment method.
    pub method: PaymentMethod,
    /// Amount received, net of change; for a refund, the amount returned. Never negative.
    pub amount: Micros,
    /// The user who handled the payment.
    pub user_id: Uuid,
    /// When the payment was made, by the server's clock.
    pub at: DateTimeUtc,
    /// The purpose of the payment, which also says whether the customer paid or got money back.
    pub kind: PaymentKind,
    /// Reason for a refund; null otherwise.
    pub reason: Option<String>,
    /// The payment's number in another system, such as a card terminal's NSU or a Pix transaction id; null if none was given.
    pub reference: Option<String>,
}

parents! {
    /// The callshop.
    Callshop: CallshopId => callshop::AccountId,
    /// The session that was paid or refunded.
    Session: SessionId => cabin_session::Id,
    /// The shift during which the money moved.
    Shift: ShiftId => register_shift::Id,
    /// The user who handled the payment.
    User: UserId => user::Id,
}
