//! The position of a webhook in the events of one callshop, and the lease of the node that delivers these events.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// The position of a webhook in the events of one callshop. Only the holder of the lease delivers the callshop's events, in order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "webhook_cursor")]
pub struct Model {
    /// The webhook.
    #[sea_orm(primary_key, auto_increment = false)]
    pub webhook_id: Uuid,
    /// The callshop or, if the document is about the feed of the webhook's account, that account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub callshop_id: Uuid,
    /// The number of the last event that was delivered, or skipped because the document does not select it.
    pub seq: i64,
    /// Number of failed attempts to deliver the next event.
    pub attempts: i32,
    /// When the first attempt to deliver the next event failed; null if no attempt failed.
    pub failing_since: Option<DateTimeUtc>,
    /// When the next attempt to deliver the next event may begin; null if it may begin immediately.
    pub next_attempt_at: Option<DateTimeUtc>,
    /// Id of the lease's holder. Each claim makes a new id.
    pub lease_holder: Option<Uuid>,
    /// When the lease ends unless it is extended; null if no node holds the lease.
    pub lease_until: Option<DateTimeUtc>,
    /// When the last lease began; null if there was none.
    pub served_at: Option<DateTimeUtc>,
    /// When the receiver last accepted a message from this position; null if it never did.
    pub delivered_at: Option<DateTimeUtc>,
    /// The number of the last event that a user chose to skip; null if no user skipped an event. The number may be before [`Model::seq`].
    pub skipped_until: Option<i64>,
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
    /// The callshop.
    #[sea_orm(
        belongs_to = "super::account::Entity",
        from = "Column::CallshopId",
        to = "super::account::Column::Id"
    )]
    Callshop,
}

impl ActiveModelBehavior for ActiveModel {}
