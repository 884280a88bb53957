//! What happened in a callshop, in order; what subscribers are shown.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::ActivityKind;

/// What happened in a callshop, in order; what subscribers are shown.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "activity")]
pub struct Model {
    /// Where.
    #[sea_orm(primary_key, auto_increment = false)]
    pub callshop_id: Uuid,
    /// 1, 2, 3 … in the callshop, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// When it happened.
    pub at: DateTimeUtc,
    /// What.
    pub kind: ActivityKind,
    /// Which cabin.
    pub cabin_id: Option<Uuid>,
    /// Which session.
    pub session_id: Option<Uuid>,
    /// Which call.
    pub call_id: Option<Uuid>,
    /// The object as it was then.
    pub payload: Json,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
