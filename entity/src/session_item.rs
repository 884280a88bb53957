//! A line of a session's bill other than a call: an item or a discount.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::{ItemKind, Micros};
use crate::parents::parents;

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

parents! {
    /// The callshop.
    Callshop: CallshopId => callshop::AccountId,
    /// The session that is billed.
    Session: SessionId => cabin_session::Id,
    ;
    /// The user who added the line.
    User: UserId => user::Id,
    /// The user who removed the line.
    RemovedBy: RemovedBy => user::Id,
}
