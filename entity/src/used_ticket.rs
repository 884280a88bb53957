//! Used tickets for event streams.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A used ticket for an event stream. The row ensures that no node admits the ticket again.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "used_ticket")]
pub struct Model {
    /// The ticket's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the ticket expires. After this time, the row is no longer needed.
    pub expires_at: DateTimeUtc,
}

/// This enum is empty, because the table has no foreign keys.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
