//! Wrong passwords of logins that do not exist.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Wrong passwords of logins that do not exist. They make such a login wait as those of a user do, so that waiting tells nobody which
/// logins exist.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "login_failure")]
pub struct Model {
    /// A keyed hash of the login, cut to a bounded number of values.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bucket: i64,
    /// How many, as a user's `failed_logins`.
    pub failures: i32,
    /// When the last one was tried.
    pub last_failed_at: DateTimeUtc,
}

/// Relations are read by id, in `api::store`.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
