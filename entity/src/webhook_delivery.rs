//! The log of webhook deliveries. Retention deletes old entries of the log.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A message to a webhook's receiver, and the result of its last attempt.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    /// Primary key, a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The webhook.
    pub webhook_id: Uuid,
    /// The callshop that the message is about; null for a ping, and for a message about the feed of the webhook's account.
    pub callshop_id: Option<Uuid>,
    /// The number of the event, or of the last event of a gap; null for a ping.
    pub seq: Option<i64>,
    /// The kind of message.
    pub kind: super::WebhookMessageKind,
    /// The header `webhook-id`, the same in every attempt.
    pub message_id: String,
    /// Whether the message reached the receiver.
    pub status: super::WebhookDeliveryStatus,
    /// Number of attempts.
    pub attempts: i32,
    /// HTTP status of the last response; null if there was none.
    pub response_status: Option<i32>,
    /// The beginning of the last response.
    pub response_body: String,
    /// Why the last attempt failed; null if the receiver accepted the message. The use case defines the format.
    pub error: Option<Json>,
    /// How long the last attempt took, in milliseconds.
    pub duration_ms: i64,
    /// When the first attempt began.
    pub created_at: DateTimeUtc,
    /// When the last attempt began.
    pub attempted_at: DateTimeUtc,
    /// Earliest time of the next attempt; null if none follows.
    pub next_attempt_at: Option<DateTimeUtc>,
}

/// The table's relations, one for each foreign key.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The webhook.
    #[sea_orm(
        belongs_to = "super::webhook::Entity",
        from = "Column::WebhookId",
        to = "super::webhook::Column::Id"
    )]
    Webhook,
    /// The callshop that the message is about.
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::CallshopId",
        to = "super::account::Column::Id"
    )]
    Callshop,
}

impl ActiveModelBehavior for ActiveModel {}
