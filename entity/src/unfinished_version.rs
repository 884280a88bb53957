//! Versions whose rates are being written.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A version whose rates are being written. The row is inserted before the first rate, and deleted in the transaction that inserts the version's own
/// row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "unfinished_version")]
pub struct Model {
    /// The id that the version will have.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When this row was inserted, just before the first rate was written.
    pub begun_at: DateTimeUtc,
    /// Whether the rates are being deleted, so that the version can no longer be inserted.
    pub discarded: bool,
}

/// This enum is empty, because the table has no foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
