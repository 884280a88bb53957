//! A SIP proxy, as reconciliation knows it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A SIP proxy, as reconciliation knows it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "proxy")]
pub struct Model {
    /// What it calls itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The node that compares it, while `lease_until` is ahead.
    pub lease_holder: Option<Uuid>,
    /// Until when nobody else does.
    pub lease_until: Option<DateTimeUtc>,
    /// When it was last asked.
    pub looked_at: Option<DateTimeUtc>,
    /// When it was last asked and answered.
    pub listed_at: Option<DateTimeUtc>,
    /// Which start of it that was.
    pub boot_id: Option<String>,
    /// Dialogs in the last listing that are no calls of ours: a list of `{call_id, from_tag, since}`.
    pub strays: Json,
    /// Since when there are so many that none is hung up.
    pub alarm_since: Option<DateTimeUtc>,
}

/// Relations are read by name, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
