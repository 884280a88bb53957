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
    /// The node that reconciles the proxy until `lease_until`.
    pub lease_holder: Option<Uuid>,
    /// When the lease ends; until the lease ends, no other node reconciles the proxy.
    pub lease_until: Option<DateTimeUtc>,
    /// When the proxy was last queried.
    pub looked_at: Option<DateTimeUtc>,
    /// Time of the last query to which the proxy responded.
    pub listed_at: Option<DateTimeUtc>,
    /// Identifies the run of the proxy process that responded at `listed_at`; a restart changes this value.
    pub boot_id: Option<String>,
    /// Dialogs in the last listing that belong to no known call: a list of `{call_id, from_tag, since}`.
    pub strays: Json,
    /// When the proxy had so many unknown dialogs that the server stopped hanging them up; null while there is no such alarm.
    pub alarm_since: Option<DateTimeUtc>,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
