//! A SIP proxy and the state of its reconciliation.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A SIP proxy and the state of its reconciliation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "proxy")]
pub struct Model {
    /// Name that the proxy gives itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The node that reconciles it, while `lease_until` is in the future.
    pub lease_holder: Option<Uuid>,
    /// When the lease ends; until then no other node reconciles it.
    pub lease_until: Option<DateTimeUtc>,
    /// When it was last queried.
    pub looked_at: Option<DateTimeUtc>,
    /// When it was last queried and answered.
    pub listed_at: Option<DateTimeUtc>,
    /// Identifies the run of the proxy that answered then.
    pub boot_id: Option<String>,
    /// Dialogs in the last listing that belong to no known call: a list of `{call_id, from_tag, since}`.
    pub strays: Json,
    /// Since when there are too many unknown dialogs to hang up any; null if there are not.
    pub alarm_since: Option<DateTimeUtc>,
}

/// Relations are read by name, in the `store` crate.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
