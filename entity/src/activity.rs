//! An activity event, as published to subscribers. The event belongs to a callshop, or to the feed of an account above callshops. The events of each
//! account are numbered without gaps.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::ActivityKind;

/// An activity event, as published to subscribers. The event belongs to a callshop, or to the feed of an account above callshops. The events of each
/// account are numbered without gaps.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "activity")]
pub struct Model {
    /// The event's callshop or, if the event belongs to the feed of an account above callshops, that account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub callshop_id: Uuid,
    /// Number of the event in its account: 1, 2, 3 …, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// When the event happened.
    pub at: DateTimeUtc,
    /// The kind of event.
    pub kind: ActivityKind,
    /// The cabin that the event concerns, if any.
    pub cabin_id: Option<Uuid>,
    /// The cabin session that the event concerns, if any.
    pub session_id: Option<Uuid>,
    /// The call that the event concerns, if any.
    pub call_id: Option<Uuid>,
    /// Snapshot of the object at the time of the event.
    pub payload: Json,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
