//! The last `seq` of a callshop; its row lock orders the writers.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The last `seq` of a callshop; its row lock orders the writers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "activity_head")]
pub struct Model {
    /// Where.
    #[sea_orm(primary_key, auto_increment = false)]
    pub callshop_id: Uuid,
    /// Last one given.
    pub seq: i64,
    /// The first one that is kept; those before were trimmed.
    pub kept_from: i64,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
