//! The last activity number of a callshop. Its row lock orders the callshop's writers.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The last activity number of a callshop. Its row lock orders the callshop's writers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "activity_head")]
pub struct Model {
    /// The callshop.
    #[sea_orm(primary_key, auto_increment = false)]
    pub callshop_id: Uuid,
    /// The last assigned number.
    pub seq: i64,
    /// The first number still stored; earlier events were deleted.
    pub kept_from: i64,
}

/// Empty, because the table has no foreign keys (`migration/src/m20261129_000001_initial.sql`).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
