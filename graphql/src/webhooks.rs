//! Webhooks, which post activity events to an address.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{AccountKind, webhook, webhook_delivery as log};
use futures_util::FutureExt as _;
use graphql_macros::object;

use super::accounts::{Account, Callshop, parse_account, parse_account_if};
use super::api_tokens::TokenScope;
use super::paging::{Page, Paging, connection};
use super::payload::{UserError, UserErrors, answer, nullable, payload, secret_shown, top_level};
use super::roles::{BACK_OFFICE, MANAGERS};
use super::scalars::Kind;
use super::sessions::types::user;
use super::users::{Role, User};
use super::{actor, app, caller, graphql_enum, keyed};
use app::webhooks::{self, Made, NewWebhook, SecretRotation, WebhookChange};
use app::{access, accounts};

graphql_enum!(
    /// Whether a webhook delivers events.
    WebhookState = "entity::WebhookState" {
        /// The webhook delivers events.
        Active,
        /// The server disabled the webhook; see `disabledReason`. After `enableWebhook`, the webhook delivers the events that are still stored.
        Disabled,
    }
);

graphql_enum!(
    /// Why the server disabled a webhook.
    WebhookDisabledReason = "entity::WebhookDisabledReason" {
        /// The receiver accepted no message about any callshop for three days, or for another time that the operator chose.
        DeliveryFailed,
        /// The receiver answered with status 410.
        Gone,
        /// The account of the webhook's creator, or an account above it, is suspended.
        AccountSuspended,
        /// The webhook's account is no longer in the subtree of the creator's account.
        RightsLost,
        /// The document is no longer valid in the schema of the webhook's role and scopes.
        DocumentInvalid,
        /// The API token that made the webhook was revoked or has expired. A user can take the webhook over with `enableWebhook`.
        TokenEnded,
    }
);

graphql_enum!(
    /// Kind of a message to a webhook's receiver.
    WebhookMessageKind = "entity::WebhookMessageKind" {
        /// An activity event.
        Event,
        /// A report of events that were deleted before they could be delivered: `cursorExpired` is true, and `event` is null.
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
        /// `skipDelivery` moved the webhook past the message.
        Skipped,
    }
);

/// A webhook: the server posts the events of an account's callshops, or of the account's own feed, to an address. Each event is posted at least once,
/// and the events of each callshop are posted in order. The body of a message is the answer to the webhook's subscription document. The headers
/// `webhook-id`, `webhook-timestamp` and `webhook-signature` are those of Standard Webhooks.
#[derive(async_graphql::Description)]
pub struct Webhook(pub webhook::Model);

#[object(scope = WEBHOOKS_READ)]
impl Webhook {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::Webhook.id(self.0.id)
    }

    /// Where the messages are posted.
    fn url(&self) -> &str {
        &self.0.url
    }

    /// The subscription document.
    fn query(&self) -> &str {
        &self.0.query
    }

    /// What the webhook is for; may be empty.
    fn description(&self) -> &str {
        &self.0.description
    }

    /// Whether the webhook delivers events.
    fn state(&self) -> WebhookState {
        self.0.state.into()
    }

    /// Why the server disabled the webhook; null unless it is disabled.
    fn disabled_reason(&self) -> Option<WebhookDisabledReason> {
        self.0.disabled_reason.map(Into::into)
    }

    /// When the server disabled the webhook; null unless it is disabled.
    fn disabled_at(&self) -> Option<DateTime<Utc>> {
        self.0.disabled_at
    }

    /// The role with which the document is read: the lowest role of the users who chose the address and the document.
    fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The scopes with which the document is read; null if no API token was used to choose the address or the document, because a logged-in
    /// user has all scopes. If scopes limit the webhook, the webhook is disabled when the API token with these scopes ends.
    fn scopes(&self) -> Option<Vec<TokenScope>> {
        self.0.scopes.as_ref()?;
        Some(webhooks::scopes_of(&self.0).into_iter().map(Into::into).collect())
    }

    /// Time until which messages are also signed with the replaced secret; null if no secret was replaced.
    fn old_secret_until(&self) -> Option<DateTime<Utc>> {
        self.0.old_seed_until
    }

    /// When the webhook was created.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the webhook was last changed.
    fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// The user who created the webhook. If this user is disabled, the webhook still delivers.
    async fn created_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.0.created_by)).await
    }

    /// The account whose callshops' events are delivered; null if that account is a callshop.
    #[field(roles = MANAGERS)]
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let found = access::by_id(app(ctx).store.reader(), self.0.account_id).boxed().await;
        let account = found.map_err(top_level)?;
        Ok((account.kind != AccountKind::Callshop).then_some(Account(account)))
    }

    /// The callshop whose events are delivered; null if the webhook's account is not a callshop.
    async fn callshop(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Callshop>> {
        let found = accounts::find_shop(app(ctx), actor(ctx)?, self.0.account_id).boxed().await;
        nullable(found.map(Callshop)).transpose()
    }

    /// The log of messages, newest first. The operator chooses how long messages are kept. At most the last 10,000 messages of a webhook are kept.
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        paging: Paging,
    ) -> async_graphql::Result<Page<WebhookDelivery>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| webhooks::deliveries(app, actor, self.0.id, page);
        connection(ctx, paging, true, read, |row: &log::Model| row.id, WebhookDelivery).await
    }
}

/// A message to a webhook's receiver, with the result of the last attempt.
#[derive(async_graphql::Description)]
pub struct WebhookDelivery(log::Model);

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

    /// Why the last attempt failed, in English; null if the receiver accepted the message.
    fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
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
    /// How long messages are also signed with the replaced secret, in seconds: 0 to 604,800, which is seven days.
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

/// A webhook to enable.
#[derive(InputObject)]
pub struct EnableWebhookInput {
    /// The webhook.
    pub webhook_id: ID,
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
    /// Result of `updateWebhook` and `enableWebhook`.
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

/// The queries that this file defines.
#[derive(Default)]
pub struct WebhookQuery;

#[object(root = "Query")]
impl WebhookQuery {
    /// A webhook; null if there is no such webhook in the caller's subtree, or if a user of an account above the caller's account created it. Hidden
    /// from attendants.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_READ)]
    async fn webhook(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Webhook>> {
        let found = async { webhooks::find(app(ctx), caller(ctx)?, Kind::Webhook.parse(&id)?).await };
        nullable(found.await.map(Webhook))
    }

    /// The webhooks of an account, newest first. The list omits webhooks that were created by a user of an account above the caller's account. Hidden
    /// from attendants.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_READ)]
    async fn webhooks(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        paging: Paging,
    ) -> async_graphql::Result<Page<Webhook>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let read = |page| webhooks::list(app, actor, id, page);
        connection(ctx, paging, true, read, |row: &webhook::Model| row.id, Webhook).await
    }
}

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

    /// Makes a disabled webhook deliver again, beginning with the events that it has not delivered. If the token that made the webhook has ended, the
    /// caller's login or token takes that token's place, and the webhook keeps only those of its rights that the caller also has. For an active
    /// webhook, the next attempts begin immediately.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_WRITE)]
    async fn enable_webhook(
        &self,
        ctx: &Context<'_>,
        input: EnableWebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let enabled = async {
            let id = Kind::Webhook.parse(&input.webhook_id)?;
            webhooks::enable(app(ctx), caller(ctx)?, id).await
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
