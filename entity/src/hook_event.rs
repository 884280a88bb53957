//! An event received from a proxy. The event's key ensures that repeated deliveries count only once. Rejected events are stored with their body.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::HookStatus;

/// An event received from a proxy. The event's key ensures that repeated deliveries count only once. Rejected events are stored with their body.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "hook_event")]
pub struct Model {
    /// Unique key, assigned by the proxy.
    #[sea_orm(primary_key, auto_increment = false)]
    pub eid: String,
    /// Kind of event, as sent by the proxy.
    pub kind: String,
    /// The `ref` of the event's call, or the `request_id` of an `abandoned` event.
    pub reference: Option<String>,
    /// Name of the proxy that sent the event.
    pub proxy: String,
    /// When the event happened, by the proxy's clock.
    pub at: DateTimeUtc,
    /// When the event was received, by the server's clock.
    pub received_at: DateTimeUtc,
    /// The result of processing.
    pub status: HookStatus,
    /// Why the event was rejected, or why it is doubtful.
    pub error: Option<String>,
    /// The event itself, stored only if the event was rejected.
    pub body: Option<Json>,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
