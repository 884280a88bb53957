//! Money that a customer gave or got back: a deposit, a part of a settlement, a refund.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, PaymentKind, PaymentMethod};

/// Money that a customer gave or got back: a deposit, a part of a settlement, a refund.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where.
    pub callshop_id: Uuid,
    /// What was paid.
    pub session_id: Uuid,
    /// The shift that took it.
    pub shift_id: Uuid,
    /// How.
    pub method: PaymentMethod,
    /// What was kept, change already given back; of a refund what was given. Never negative.
    pub amount: Micros,
    /// Who took it.
    pub user_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// What for, and with it which way it went.
    pub kind: PaymentKind,
    /// Why; only of a refund.
    pub reason: Option<String>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
