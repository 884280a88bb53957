//! API tokens. A program uses a token to act on behalf of the user who made the token.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// An API token. When a token is rotated, its successor gets a row of its own.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "api_token")]
pub struct Model {
    /// Primary key, a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Id of the first token in this token's chain of rotations; the token's own id if the token was not made by a rotation. Limits and idempotency
    /// keys are tied to this id, so that they survive a rotation.
    pub family_id: Uuid,
    /// The account whose subtree the token may use: the account of the user who made the token, or an account below it.
    pub account_id: Uuid,
    /// The user who made the token. The token never has more rights than this user.
    pub created_by: Uuid,
    /// Name that tells people the token's purpose.
    pub name: String,
    /// First characters of the secret, by which people can tell tokens apart.
    pub prefix: String,
    /// SHA-256 of the secret, hex. The secret is random, so a slow hash would add nothing.
    pub secret_hash: String,
    /// The token's scopes: a list of the texts of [`super::TokenScope`].
    pub scopes: Json,
    /// When the token was made.
    pub created_at: DateTimeUtc,
    /// When the token expires. A rotation moves this time to the end of the grace period.
    pub expires_at: DateTimeUtc,
    /// When the token was last used, with a precision of about a minute; null if it was never used.
    pub last_used_at: Option<DateTimeUtc>,
    /// When the token was revoked; null if the token was not revoked.
    pub revoked_at: Option<DateTimeUtc>,
    /// When the user who made the token was disabled; null while the user is enabled.
    pub maker_disabled_at: Option<DateTimeUtc>,
    /// The token that this token replaced; null if this token was not made by a rotation.
    pub rotated_from_id: Option<Uuid>,
}

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The first token of the chain of rotations.
    #[sea_orm(belongs_to = "Entity", from = "Column::FamilyId", to = "Column::Id")]
    Family,
    /// The account whose subtree the token may use.
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::AccountId",
        to = "super::account::Column::Id"
    )]
    Account,
    /// The user who made the token.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::CreatedBy", to = "super::user::Column::Id")]
    Maker,
    /// The token that this token replaced.
    #[sea_orm(belongs_to = "Entity", from = "Column::RotatedFromId", to = "Column::Id")]
    RotatedFrom,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Maker.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
