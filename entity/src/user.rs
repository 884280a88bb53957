//! A user.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::Role;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "user_account")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account whose subtree the user acts on.
    pub account_id: Uuid,
    /// The part of the login before `@`, lower case.
    pub name: String,
    /// Name on screens and receipts.
    pub display_name: String,
    /// BCP 47 tag of the language of messages to the user; null for the account's locale.
    pub locale: Option<String>,
    /// Permissions of the user.
    pub role: Role,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// When the user was disabled and lost the right to log in; null if the user is enabled.
    pub disabled_at: Option<DateTimeUtc>,
    /// Number of failed logins since the last successful login.
    pub failed_logins: i32,
    /// When the last login failed.
    pub last_failed_at: Option<DateTimeUtc>,
    /// When the user was created.
    pub created_at: DateTimeUtc,
}

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The user's account.
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::AccountId",
        to = "super::account::Column::Id"
    )]
    Account,
}

impl Related<super::account::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Account.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
