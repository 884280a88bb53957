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

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The callshop.
    #[sea_orm(
        belongs_to = "super::callshop::Entity",
        from = "Column::CallshopId",
        to = "super::callshop::Column::AccountId"
    )]
    Callshop,
    /// The shift in whose register the cash moved.
    #[sea_orm(
        belongs_to = "super::register_shift::Entity",
        from = "Column::ShiftId",
        to = "super::register_shift::Column::Id"
    )]
    Shift,
    /// The user who moved the cash.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
}

impl Related<super::callshop::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Callshop.def()
    }
}

impl Related<super::register_shift::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Shift.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
