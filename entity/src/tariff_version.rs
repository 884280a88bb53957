//! A frozen edition of a tariff. Its state follows from `active_from`: none is a draft, the latest one passed is active.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A frozen edition of a tariff. Its state follows from `active_from`: none is a draft, the latest one passed is active.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff_version")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which tariff.
    pub tariff_id: Uuid,
    /// 1, 2, 3 … in its tariff.
    pub number: i32,
    /// From when it counts.
    pub active_from: Option<DateTimeUtc>,
    /// How many rates it has.
    pub rate_count: i32,
    /// What it is, for people.
    pub note: String,
    /// The version that it was made from, and that it may come into force behind; none for the first one.
    pub base_version_id: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
