//! Mutations of webhooks.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use entity::{webhook, webhook_delivery as log};
use graphql_macros::object;

use super::{Webhook, WebhookDelivery};
use crate::accounts::parse_account_if;
use crate::payload::{UserError, UserErrors, answer, payload, secret_shown};
use crate::roles::BACK_OFFICE;
use crate::scalars::Kind;
use crate::{app, caller, keyed};
use app::webhooks::{self, Made, NewWebhook, SecretRotation, WebhookChange};

/// A new webhook.
#[derive(InputObject)]
pub struct CreateWebhookInput {
    /// Where the messages are posted: an HTTPS address of a public host, at most 2,000 bytes long. Redirects are not followed.
    pub url: String,
    /// A subscription to `callshopActivity`, `accountActivity` or `accountFeed`, without variables and without `after`, at most 20,000 bytes long.
    /// The document may select the fields of the event itself, but not objects in their current state, such as `cabin`.
    pub query: String,
    /// The account whose events, or whose callshops' events, are delivered. The document must name the same account. If omitted, the document alone
    /// determines the account.
    pub account_id: Option<ID>,
    /// What the webhook is for, at most 200 characters.
    #[graphql(default)]
    pub description: String,
    /// A repeated request with the same key creates no second webhook. The response to the repeated request has the error `SECRET_SHOWN` instead of
    /// the secret.
    pub idempotency_key: Option<String>,
}

/// Changes to a webhook. Omitted fields are left unchanged.
#[derive(InputObject)]
pub struct UpdateWebhookInput {
    /// The webhook.
    pub webhook_id: ID,
    /// Where the messages are posted. If the address or the document changes, the webhook keeps only those of its rights that the caller also has.
    pub url: Option<String>,
    /// The subscription document, which must name the webhook's account. The document cannot switch between `accountFeed` and the activity of
    /// callshops.
    pub query: Option<String>,
    /// What the webhook is for, at most 200 characters.
    pub description: Option<String>,
    /// Whether the webhook reads with the caller's rights from now on, even if these are wider than the webhook's current rights.
    #[graphql(default)]
    pub use_my_rights: bool,
}

/// A webhook that gets a new secret.
#[derive(InputObject)]
pub struct RotateWebhookSecretInput {
    /// The webhook.
    pub webhook_id: ID,
    /// How long, in seconds, messages are signed with the replaced secret as well as the new one: 0 to 604,800, which is seven days.
    #[graphql(default = 86_400)]
    pub grace_period_seconds: i32,
    /// A repeated request with the same key does not rotate the secret again. The response to the repeated request has the error `SECRET_SHOWN`
    /// instead of the secret.
    pub idempotency_key: Option<String>,
}

/// A webhook to delete.
#[derive(InputObject)]
pub struct DeleteWebhookInput {
    /// The webhook.
    pub webhook_id: ID,
}

/// A webhook to pause.
#[derive(InputObject)]
pub struct DisableWebhookInput {
    /// The webhook.
    pub webhook_id: ID,
}

/// A webhook to enable.
#[derive(InputObject)]
pub struct EnableWebhookInput {
    /// The webhook.
    pub webhook_id: ID,
    /// Whether a disabled webhook skips the events that it has not delivered, and delivers only events that happen from now on. For each callshop
    /// with skipped events that the document selects, one message of the kind GAP comes first. Missed messages that had failed get the status
    /// SKIPPED.
    #[graphql(default)]
    pub skip_missed: bool,
}

/// A webhook to test.
#[derive(InputObject)]
pub struct TestWebhookInput {
    /// The webhook.
    pub webhook_id: ID,
}

/// A message to post again.
#[derive(InputObject)]
pub struct ReplayDeliveryInput {
    /// The message, from `Webhook.deliveries`.
    pub delivery_id: ID,
    /// Makes the request safe to repeat: a repeated request with the same key and input posts nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A message to skip.
#[derive(InputObject)]
pub struct SkipDeliveryInput {
    /// The message, from `Webhook.deliveries`.
    pub delivery_id: ID,
}

/// Result of `createWebhook` and `rotateWebhookSecret`.
#[object]
#[derive(Default, SimpleObject)]
pub struct WebhookSecretPayload {
    /// The secret with which messages are signed. The secret starts with `whsec_` and is shown only once.
    pub secret: Option<String>,
    /// The webhook.
    pub webhook: Option<Webhook>,
    /// Errors that the caller can correct; empty on success. With the error `SECRET_SHOWN`, `webhook` is the webhook of the first request. With any
    /// other error, the other fields are null.
    pub user_errors: Vec<UserError>,
}

impl From<UserErrors> for WebhookSecretPayload {
    fn from(errors: UserErrors) -> Self {
        Self { user_errors: errors.0, ..Default::default() }
    }
}

impl From<Made> for WebhookSecretPayload {
    fn from(made: Made) -> Self {
        let message = "An earlier request with this key showed the secret. If it is lost, rotate the secret of the webhook.";
        let user_errors = if made.secret.is_none() { vec![secret_shown(message)] } else { Vec::new() };
        Self { secret: made.secret, webhook: Some(Webhook(made.webhook)), user_errors }
    }
}

payload!(
    /// Result of `updateWebhook`, `disableWebhook` and `enableWebhook`.
    WebhookPayload {
        /// The webhook.
        webhook: Webhook,
    }
);

payload!(
    /// Result of `deleteWebhook`.
    DeleteWebhookPayload {
        /// The id of the deleted webhook.
        deleted_webhook_id: ID,
    }
);

payload!(
    /// Result of `testWebhook`, `replayDelivery` and `skipDelivery`.
    WebhookDeliveryPayload {
        /// The message with the result of the attempt. The mutation succeeds even if the receiver does not accept the message.
        delivery: WebhookDelivery,
    }
);

/// The mutations that this file defines.
#[derive(Default)]
pub struct WebhookMutation;

#[object(root = "Mutation")]
impl WebhookMutation {
    /// Creates a webhook, which delivers all events that happen from now on. The webhook reads with the caller's role and scopes. The secret is shown
    /// only in this response.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn create_webhook(
        &self,
        ctx: &Context<'_>,
        input: CreateWebhookInput,
    ) -> async_graphql::Result<WebhookSecretPayload> {
        let made = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let new = NewWebhook {
                url: input.url,
                query: input.query,
                account_id: parse_account_if(ctx, input.account_id.as_ref()).await?,
                description: input.description,
            };
            webhooks::create(app(ctx), &actor, new).await
        };
        answer(made.await.map(Into::into))
    }

    /// Changes a webhook. Messages that were not delivered yet are posted to the new address.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn update_webhook(
        &self,
        ctx: &Context<'_>,
        input: UpdateWebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let changed = async {
            let id = Kind::Webhook.parse(&input.webhook_id)?;
            let change = WebhookChange {
                url: input.url,
                query: input.query,
                description: input.description,
                use_my_rights: input.use_my_rights,
            };
            webhooks::update(app(ctx), caller(ctx)?, id, change).await
        };
        answer(changed.await.map(changed_webhook))
    }

    /// Gives a webhook a new secret, which is shown only in this response. Until the grace period ends, messages have a signature with each secret.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        input: RotateWebhookSecretInput,
    ) -> async_graphql::Result<WebhookSecretPayload> {
        let made = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let rotation = SecretRotation {
                id: Kind::Webhook.parse(&input.webhook_id)?,
                grace_seconds: input.grace_period_seconds.into(),
            };
            webhooks::rotate(app(ctx), &actor, rotation).await
        };
        answer(made.await.map(Into::into))
    }

    /// Deletes a webhook with its log. A message that is being sent may still arrive.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn delete_webhook(
        &self,
        ctx: &Context<'_>,
        input: DeleteWebhookInput,
    ) -> async_graphql::Result<DeleteWebhookPayload> {
        let deleted = async {
            let id = Kind::Webhook.parse(&input.webhook_id)?;
            webhooks::delete(app(ctx), caller(ctx)?, id).await
        };
        answer(deleted.await.map(|()| DeleteWebhookPayload {
            deleted_webhook_id: Some(input.webhook_id.clone()),
            user_errors: Vec::new(),
        }))
    }

    /// Pauses a webhook until `enableWebhook`. Events that happen meanwhile are not lost: `enableWebhook` delivers or skips them. The operator chooses
    /// how long events are stored; one message reports the loss of older events. A message that waits for another attempt gets the status FAILED, and
    /// is sent again after `enableWebhook` without `skipMissed`. A message that is being sent may still arrive. A disabled webhook stays as it is.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn disable_webhook(
        &self,
        ctx: &Context<'_>,
        input: DisableWebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let disabled = async {
            let id = Kind::Webhook.parse(&input.webhook_id)?;
            webhooks::disable(app(ctx), caller(ctx)?, id).await
        };
        answer(disabled.await.map(changed_webhook))
    }

    /// Makes a disabled webhook deliver again, beginning with the events that it has not delivered, unless `skipMissed` is set. If the token that made
    /// the webhook has ended, the caller's login or token takes that token's place, and the webhook keeps only those of its rights that the caller also
    /// has. For an active webhook, the next attempts begin immediately, and no event is skipped.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn enable_webhook(
        &self,
        ctx: &Context<'_>,
        input: EnableWebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let enabled = async {
            let id = Kind::Webhook.parse(&input.webhook_id)?;
            webhooks::enable(app(ctx), caller(ctx)?, id, input.skip_missed).await
        };
        answer(enabled.await.map(changed_webhook))
    }

    /// Posts a ping and returns its result. A ping has `{"data": null, "extensions": {"ping": …}}` as its body, and is signed like any message.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn test_webhook(
        &self,
        ctx: &Context<'_>,
        input: TestWebhookInput,
    ) -> async_graphql::Result<WebhookDeliveryPayload> {
        let sent = async {
            let id = Kind::Webhook.parse(&input.webhook_id)?;
            webhooks::test(app(ctx), caller(ctx)?, id).await
        };
        answer(sent.await.map(sent_message))
    }

    /// Posts a message from the log again and returns the result. The message has the same `webhook-id`, but its body is written with the current
    /// document. If the webhook is waiting for the receiver to accept this message, this attempt counts as the next one; if it succeeds, the later
    /// events follow.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn replay_delivery(
        &self,
        ctx: &Context<'_>,
        input: ReplayDeliveryInput,
    ) -> async_graphql::Result<WebhookDeliveryPayload> {
        let sent = async {
            let id = Kind::WebhookDelivery.parse(&input.delivery_id)?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            webhooks::replay(app(ctx), &actor, id).await
        };
        answer(sent.await.map(sent_message))
    }

    /// Moves a webhook past a message that its receiver does not accept, so that the next events of the callshop follow. The message is not sent
    /// again. If the message is being sent at this moment, it may still arrive, perhaps after the next event.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn skip_delivery(
        &self,
        ctx: &Context<'_>,
        input: SkipDeliveryInput,
    ) -> async_graphql::Result<WebhookDeliveryPayload> {
        let skipped = async {
            let id = Kind::WebhookDelivery.parse(&input.delivery_id)?;
            webhooks::skip(app(ctx), caller(ctx)?, id).await
        };
        answer(skipped.await.map(sent_message))
    }
}

fn changed_webhook(row: webhook::Model) -> WebhookPayload {
    WebhookPayload { webhook: Some(Webhook(row)), user_errors: Vec::new() }
}

fn sent_message(row: log::Model) -> WebhookDeliveryPayload {
    WebhookDeliveryPayload { delivery: Some(WebhookDelivery(row)), user_errors: Vec::new() }
}
