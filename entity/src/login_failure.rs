//! Failed logins with names that do not exist.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Failed logins with names that do not exist. A login with an unknown name is delayed like a failed login of a user, so that delays do not reveal
/// which logins exist.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "login_failure")]
pub struct Model {
    /// A keyed hash of the login, reduced to a bounded number of values.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bucket: i64,
    /// Number of failures, like a user's `failed_logins`.
    pub failures: i32,
    /// When a login last failed.
    pub last_failed_at: DateTimeUtc,
}

/// This enum is empty, because the table has no foreign keys (`migration/src/m20261130_000003_initial.sql` says why).
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
