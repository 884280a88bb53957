//! When a live call was last in its proxy's listing, and when the call was first missing from a later listing.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// When a live call was last in its proxy's listing, and when the call was first missing from a later listing.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call_sighting")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// The proxy that lists the call.
    pub proxy: String,
    /// When the call was last known to be in progress, by the proxy's clock.
    pub seen_at: Option<DateTimeUtc>,
    /// Time of the first listing after `seen_at` that did not contain the call, by the server's clock.
    pub missed_at: Option<DateTimeUtc>,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
