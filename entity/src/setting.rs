//! A value that all nodes on one database share, such as the generated token key.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A value that all nodes on one database share, such as the generated token key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "setting")]
pub struct Model {
    /// Name of the setting.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The value, in text form.
    pub value: String,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
