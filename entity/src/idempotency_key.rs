//! The stored result of a mutation with an idempotency key.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The stored result of a mutation with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// The user who sent the mutation or, if an API token sent it, the first token in that token's chain of rotations.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Name of the mutation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub mutation: String,
    /// The client's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of the input, hex.
    pub input_hash: String,
    /// Ids from which the response can be rebuilt.
    pub answer: Json,
    /// When the key was first used.
    pub created_at: DateTimeUtc,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
