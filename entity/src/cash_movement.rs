//! Money put into or taken out of the drawer besides sales.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, MovementKind};

/// Money put into or taken out of the drawer besides sales.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "cash_movement")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where.
    pub callshop_id: Uuid,
    /// In which shift.
    pub shift_id: Uuid,
    /// In or out.
    pub kind: MovementKind,
    /// Positive.
    pub amount: Micros,
    /// Why.
    pub reason: String,
    /// Who.
    pub user_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
