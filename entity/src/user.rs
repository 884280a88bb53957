//! A person who logs in.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Role;

/// A person who logs in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "user_account")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account whose subtree he acts on.
    pub account_id: Uuid,
    /// The part of the login before `@`, lower case.
    pub name: String,
    /// For screens and receipts.
    pub display_name: String,
    /// What he may do.
    pub role: Role,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// Since when he may not log in.
    pub disabled_at: Option<DateTimeUtc>,
    /// Wrong passwords since the last right one.
    pub failed_logins: i32,
    /// When the last wrong one was tried.
    pub last_failed_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
