//! A live call in the listings of its proxy.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A live call in the listings of its proxy.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call_sighting")]
pub struct Model {
    /// Which call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// Whose listings.
    pub proxy: String,
    /// The last instant at which it was up for certain; proxy time.
    pub seen_at: Option<DateTimeUtc>,
    /// The listing from which it was missing first since then; server time.
    pub missed_at: Option<DateTimeUtc>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
