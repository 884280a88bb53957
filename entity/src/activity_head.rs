//! The last activity number of a callshop. A transaction that assigns numbers locks this row, so only one transaction at a time assigns the
//! callshop's numbers.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The last activity number of a callshop. A transaction that assigns numbers locks this row, so only one transaction at a time assigns the
/// callshop's numbers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "activity_head")]
pub struct Model {
    /// The callshop.
    #[sea_orm(primary_key, auto_increment = false)]
    pub callshop_id: Uuid,
    /// The number of the callshop's last activity event.
    pub seq: i64,
    /// The number of the first event that is still stored; earlier events were deleted.
    pub kept_from: i64,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
