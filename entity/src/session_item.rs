//! A line of a session's bill other than a call: an item or a discount.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{ItemKind, Micros};

/// A line of a session's bill other than a call: an item or a discount.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "session_item")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The callshop.
    pub callshop_id: Uuid,
    /// The session that is billed.
    pub session_id: Uuid,
    /// Item or discount.
    pub kind: ItemKind,
    /// The item, or the reason for the discount.
    pub description: String,
    /// Number of units; 1 for a discount.
    pub quantity: i32,
    /// Price of one unit, or the amount of the discount; never negative.
    pub unit_price: Micros,
    /// The user who added the line.
    pub user_id: Uuid,
    /// When the line was added.
    pub at: DateTimeUtc,
    /// When the line was removed from the bill; null if it is still on the bill.
    pub removed_at: Option<DateTimeUtc>,
    /// The user who removed the line.
    pub removed_by: Option<Uuid>,
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
    /// The session that is billed.
    #[sea_orm(
        belongs_to = "super::cabin_session::Entity",
        from = "Column::SessionId",
        to = "super::cabin_session::Column::Id"
    )]
    Session,
    /// The user who added the line.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
    /// The user who removed the line.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::RemovedBy", to = "super::user::Column::Id")]
    RemovedBy,
}

impl Related<super::callshop::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Callshop.def()
    }
}

impl Related<super::cabin_session::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Session.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
