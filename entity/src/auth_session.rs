//! A login: a family of rotating refresh tokens.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A login: a family of rotating refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "auth_session")]
pub struct Model {
    /// Id, the `sid` claim of its access tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who logged in.
    pub user_id: Uuid,
    /// SHA-256 of the one refresh token that is still good, hex.
    pub refresh_hash: String,
    /// Number of that refresh token: how often the login was refreshed.
    pub generation: i64,
    /// What the client called itself.
    pub user_agent: String,
    /// Where the login came from.
    pub address: String,
    /// Login.
    pub created_at: DateTimeUtc,
    /// Last refresh.
    pub last_used_at: DateTimeUtc,
    /// When it ends unless refreshed.
    pub expires_at: DateTimeUtc,
    /// Logout, reuse of an old refresh token, or disabling.
    pub revoked_at: Option<DateTimeUtc>,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
