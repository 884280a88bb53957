//! The audit log: each change with its user, its origin, and the values before and after. Rows are immutable.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The audit log: each change with its user, its origin, and the values before and after. Rows are immutable.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Primary key, a UUIDv7, so that keys are ordered by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the change was made, by the server's clock.
    pub at: DateTimeUtc,
    /// The account whose object was changed.
    pub account_id: Uuid,
    /// The user who made the change; null for the operator at the command line.
    pub user_id: Option<Uuid>,
    /// The API token with which the change was made; `user_id` is then the user who made the token. Null for a change by a person.
    pub api_token_id: Option<Uuid>,
    /// Name of the mutation.
    pub action: String,
    /// Kind of the changed object.
    pub object_kind: String,
    /// Id of the changed object.
    pub object_id: Uuid,
    /// IP address of the client as the server saw it; empty for the command line.
    pub address: String,
    /// The values of the changed fields before the change; null for a new object. The fields never include a secret.
    pub before: Json,
    /// The values of the changed fields after the change. The fields never include a secret.
    pub after: Json,
}

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The account whose object was changed.
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::AccountId",
        to = "super::account::Column::Id"
    )]
    Account,
    /// The user who made the change.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::UserId", to = "super::user::Column::Id")]
    User,
    /// The API token with which the change was made.
    #[sea_orm(
        belongs_to = "super::api_token::Entity",
        from = "Column::ApiTokenId",
        to = "super::api_token::Column::Id"
    )]
    ApiToken,
}

impl Related<super::account::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Account.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
