//! Webhooks: subscriptions whose messages the server posts to an address.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A webhook delivers the events of the callshops in its account's subtree, or the events of the account's own feed. The subscription document
/// selects the fields of each message.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "webhook")]
pub struct Model {
    /// Primary key, a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account whose callshops' events are delivered.
    pub account_id: Uuid,
    /// The user who created the webhook, perhaps with an API token.
    pub created_by: Uuid,
    /// If the address or the document was last chosen with a token, the first token of that token's chain of rotations; otherwise null. The webhook
    /// is disabled when the chain ends.
    pub api_token_id: Option<Uuid>,
    /// The URL to which the messages are posted.
    pub url: String,
    /// The subscription document.
    pub query: String,
    /// Whether the document is about the feed of the account itself, and not about the activity of callshops.
    pub of_account: bool,
    /// Description of the webhook's purpose; may be empty.
    pub description: String,
    /// The role with which the document is read: the lowest role of the users who chose the address and the document.
    pub role: super::Role,
    /// Texts of the [`super::TokenScope`]s with which the document is read; null if no scopes limit the document, as for a logged-in user.
    pub scopes: Option<Json>,
    /// Random text. The secret is derived from this text and the token key, so a copy of the database is not enough to sign messages without the
    /// token key.
    pub seed: String,
    /// The seed of the previous secret.
    pub old_seed: Option<String>,
    /// Until this time, messages are also signed with the previous secret.
    pub old_seed_until: Option<DateTimeUtc>,
    /// Whether events are delivered.
    pub state: super::WebhookState,
    /// Why the webhook is disabled; null unless it is disabled.
    pub disabled_reason: Option<super::WebhookDisabledReason>,
    /// When the webhook was disabled; null unless it is disabled.
    pub disabled_at: Option<DateTimeUtc>,
    /// When the webhook was created.
    pub created_at: DateTimeUtc,
    /// When the webhook was last changed.
    pub updated_at: DateTimeUtc,
}

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The account whose callshops' events are delivered.
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::AccountId",
        to = "super::account::Column::Id"
    )]
    Account,
    /// The user who created the webhook.
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::CreatedBy", to = "super::user::Column::Id")]
    Maker,
    /// The first token of the chain of rotations.
    #[sea_orm(
        belongs_to = "super::api_token::Entity",
        from = "Column::ApiTokenId",
        to = "super::api_token::Column::Id"
    )]
    ApiToken,
}

impl ActiveModelBehavior for ActiveModel {}
