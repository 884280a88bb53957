//! Money that a customer paid or got back: a deposit, part of a settlement, or a refund.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, PaymentKind, PaymentMethod};

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
    /// The shift in whose register the money moved.
    pub shift_id: Uuid,
    /// The payment method.
    pub method: PaymentMethod,
    /// Amount received, net of change; for a refund, the amount returned. Never negative.
    pub amount: Micros,
    /// The user who handled the payment.
    pub user_id: Uuid,
    /// When the payment was made, server time.
    pub at: DateTimeUtc,
    /// The purpose, which also gives the direction.
    pub kind: PaymentKind,
    /// Reason for a refund; null otherwise.
    pub reason: Option<String>,
}

/// Relations are read by id, in the `store` crate.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
