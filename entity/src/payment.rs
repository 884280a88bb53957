//! A part of a settlement.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, PaymentMethod};

/// A part of a settlement.
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
    /// What was kept, change already given back.
    pub amount: Micros,
    /// Who took it.
    pub user_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
