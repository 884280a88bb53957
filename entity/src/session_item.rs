//! A line of a session's bill that is no call: something sold, or a discount.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{ItemKind, Micros};

/// A line of a session's bill that is no call: something sold, or a discount.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "session_item")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where.
    pub callshop_id: Uuid,
    /// On whose bill.
    pub session_id: Uuid,
    /// Adds or takes off.
    pub kind: ItemKind,
    /// What it is, or why.
    pub description: String,
    /// How many; 1 of a discount.
    pub quantity: i32,
    /// Price of one, or what is taken off. Never negative.
    pub unit_price: Micros,
    /// Who.
    pub user_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// When it was taken off the bill again.
    pub removed_at: Option<DateTimeUtc>,
    /// By whom.
    pub removed_by: Option<Uuid>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
