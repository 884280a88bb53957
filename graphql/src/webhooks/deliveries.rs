//! The log of webhooks' messages.

use std::sync::Arc;

use async_graphql::{Context, ID};
use chrono::{DateTime, Utc};
use entity::webhook_delivery as log;
use futures_util::FutureExt as _;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use graphql_macros::object;

use crate::live_calls::ticks;
use crate::payload::top_level;
use crate::roles::BACK_OFFICE;
use crate::scalars::Kind;
use crate::{actor, graphql_enum, languages};
use app::App;
use app::webhooks::{self, LogFollower};

graphql_enum!(
    /// Kind of a message to a webhook's receiver.
    WebhookMessageKind = "entity::WebhookMessageKind" {
        /// An activity event.
        Event,
        /// A report of events that were deleted before their delivery, or that `enableWebhook` skipped. `cursorExpired` is true, and `event` is
        /// null.
        Gap,
        /// A test without an event: `data` is null.
        Ping,
    }
);

graphql_enum!(
    /// Whether a message reached a webhook's receiver.
    WebhookDeliveryStatus = "entity::WebhookDeliveryStatus" {
        /// An attempt failed, and another attempt follows.
        Pending,
        /// The receiver answered with a status from 200 to 299.
        Delivered,
        /// The last attempt failed, and no further attempt follows.
        Failed,
        /// `skipDelivery` moved the webhook past the message, or `enableWebhook` skipped it. No further attempt follows.
        Skipped,
    }
);

/// A message to a webhook's receiver, with the result of the last attempt.
#[derive(async_graphql::Description)]
pub struct WebhookDelivery(pub(super) log::Model);

#[object(scope = WEBHOOKS_READ)]
impl WebhookDelivery {
    /// Opaque id, for `replayDelivery`.
    fn delivery_id(&self) -> ID {
        Kind::WebhookDelivery.id(self.0.id)
    }

    /// The header `webhook-id`, which is the same for every attempt.
    fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// Kind of the message.
    fn kind(&self) -> WebhookMessageKind {
        self.0.kind.into()
    }

    /// The callshop that the message is about; null for a ping, and for a message about the feed of the webhook's account.
    fn callshop_id(&self) -> Option<ID> {
        self.0.callshop_id.map(|id| Kind::Callshop.id(id))
    }

    /// The number of the event, or of the last event of a gap, in its callshop or feed; null for a ping.
    fn seq(&self) -> Option<i64> {
        self.0.seq
    }

    /// Whether the message reached the receiver.
    fn status(&self) -> WebhookDeliveryStatus {
        self.0.status.into()
    }

    /// Number of attempts.
    fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// HTTP status of the last response; null if there was none.
    fn response_status(&self) -> Option<i32> {
        self.0.response_status
    }

    /// The first kilobyte of the last response, without control characters.
    fn response_body(&self) -> &str {
        &self.0.response_body
    }

    /// Why the last attempt failed, as a sentence in the reader's language; null if the receiver accepted the message. The cause of a failed connection
    /// is in English.
    async fn error(&self, ctx: &Context<'_>) -> Option<String> {
        let message = webhooks::failure(&self.0)?;
        Some(app::languages::told(&message, "", languages::reader(ctx)))
    }

    /// How long the last attempt took, in milliseconds.
    fn duration_ms(&self) -> i64 {
        self.0.duration_ms
    }

    /// When the first attempt began.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the last attempt began.
    fn attempted_at(&self) -> DateTime<Utc> {
        self.0.attempted_at
    }

    /// Earliest time at which the next attempt begins; null if no attempt follows.
    fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.0.next_attempt_at
    }
}

/// The subscriptions that this file defines.
#[derive(Default)]
pub struct WebhookSubscription;

#[object(root = "Subscription")]
impl WebhookSubscription {
    /// The messages of a webhook, with the results of their attempts. First, the newest 20 messages of the log are sent, from the oldest to the
    /// newest. Afterward, a message is sent when it enters the log, and each time its entry changes. If an entry changes several times within a
    /// second, only the last state is sent. Changes are sent only for the newest 100 messages of the webhook; `Webhook.deliveries` lists all messages.
    /// The subscription ends with an error when the webhook is deleted.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_READ)]
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook.")] webhook_id: ID,
    ) -> async_graphql::Result<BoxStream<'static, async_graphql::Result<WebhookDelivery>>> {
        let (app, actor) = (ctx.data_unchecked::<Arc<App>>().clone(), actor(ctx)?.clone());
        let id = Kind::Webhook.parse(&webhook_id).map_err(top_level)?;
        let (follower, first) = LogFollower::start(app, actor, id).await.map_err(top_level)?;
        let later = ticks(follower, |follower| follower.next().boxed());
        Ok(stream::iter([Ok(first)]).chain(later).flat_map(|rows| stream::iter(messages(rows))).boxed())
    }
}

fn messages(rows: async_graphql::Result<Vec<log::Model>>) -> Vec<async_graphql::Result<WebhookDelivery>> {
    match rows {
        Ok(rows) => rows.into_iter().map(|row| Ok(WebhookDelivery(row))).collect(),
        Err(error) => vec![Err(error)],
    }
}
