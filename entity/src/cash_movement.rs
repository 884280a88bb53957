//! Cash added to or withdrawn from the drawer, other than sales.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{Micros, MovementKind};

/// Cash added to or withdrawn from the drawer, other than sales.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "cash_movement")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// The shift.
    pub shift_id: Uuid,
    /// Pay-in or pay-out.
    pub kind: MovementKind,
    /// Amount, always positive.
    pub amount: Micros,
    /// Reason that the user gave.
    pub reason: String,
    /// The user who made the movement.
    pub user_id: Uuid,
    /// When the movement was made, server time.
    pub at: DateTimeUtc,
}

/// Relations are read by id, in the `store` crate.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
