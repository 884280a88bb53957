//! An event from the proxy: the key that makes its delivery count once, and what was not understood.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::HookStatus;

/// An event from the proxy: the key that makes its delivery count once, and what was not understood.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "hook_event")]
pub struct Model {
    /// Unique key, given by the proxy.
    #[sea_orm(primary_key, auto_increment = false)]
    pub eid: String,
    /// What it is.
    pub kind: String,
    /// `ref`, or `request_id` of an abandoned one.
    pub reference: Option<String>,
    /// Sender.
    pub proxy: String,
    /// Proxy time.
    pub at: DateTimeUtc,
    /// Our time.
    pub received_at: DateTimeUtc,
    /// What became of it.
    pub status: HookStatus,
    /// Why it was rejected, or is doubted.
    pub error: Option<String>,
    /// The event itself, kept when rejected.
    pub body: Option<Json>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
