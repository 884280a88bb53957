//! Webhooks, which post activity events to an address.

mod deliveries;
mod mutations;

pub use deliveries::{WebhookDelivery, WebhookSubscription};
pub use mutations::{
    DeleteWebhookPayload, WebhookDeliveryPayload, WebhookMutation, WebhookPayload, WebhookSecretPayload,
};

use async_graphql::{Context, ID};
use chrono::{DateTime, Utc};
use entity::{AccountKind, webhook, webhook_delivery as log};
use futures_util::FutureExt as _;
use graphql_macros::object;

use crate::accounts::{Account, Callshop, parse_account};
use crate::api_tokens::TokenScope;
use crate::paging::{Page, Paging, connection};
use crate::payload::{nullable, top_level};
use crate::roles::{BACK_OFFICE, MANAGERS};
use crate::scalars::Kind;
use crate::sessions::types::user;
use crate::users::{Role, User};
use crate::{actor, app, caller, graphql_enum};
use app::{access, accounts, webhooks};

graphql_enum!(
    /// Whether a webhook delivers events.
    WebhookState = "entity::WebhookState" {
        /// The webhook delivers events.
        Active,
        /// The server or a user disabled the webhook; see `disabledReason`. `enableWebhook` makes the webhook deliver again.
        Disabled,
    }
);

graphql_enum!(
    /// Why a webhook is disabled.
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
        /// A user paused the webhook with `disableWebhook`.
        Paused,
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

    /// Purpose of the webhook; may be empty.
    fn description(&self) -> &str {
        &self.0.description
    }

    /// Whether the webhook delivers events.
    fn state(&self) -> WebhookState {
        self.0.state.into()
    }

    /// Why the webhook is disabled; null unless it is disabled.
    fn disabled_reason(&self) -> Option<WebhookDisabledReason> {
        self.0.disabled_reason.map(Into::into)
    }

    /// When the webhook was disabled; null unless it is disabled.
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
