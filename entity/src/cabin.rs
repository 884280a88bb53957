//! A booth of a callshop.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A booth of a callshop.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "cabin")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub callshop_id: Uuid,
    /// Number on the door, unique in the callshop.
    pub number: i32,
    /// For people.
    pub label: String,
    /// Its phone; a phone is in one cabin at most.
    pub phone_id: Option<Uuid>,
    /// Taken out of use by hand.
    pub out_of_service: bool,
    /// Since when it is gone; its history stays.
    pub retired_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
