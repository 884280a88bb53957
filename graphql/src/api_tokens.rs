//! API tokens of programs.

use async_graphql::{Context, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{AccountKind, api_token};
use futures_util::FutureExt as _;
use graphql_macros::object;

use super::accounts::{Account, Callshop, parse_account, parse_account_if};
use super::paging::{Page, Paging, connection};
use super::payload::{UserError, UserErrors, answer, nullable, payload, secret_shown, top_level};
use super::roles::{BACK_OFFICE, MANAGERS, TOKEN};
use super::scalars::Kind;
use super::sessions::types::user;
use super::users::User;
use super::{actor, app, caller, graphql_enum, keyed};
use app::api_tokens::{self, Made, NewToken, Rotation};
use app::{access, accounts};

graphql_enum!(
    /// Scope of an API token. A token sees only the parts of the schema that are allowed both by its scopes and by the role of the user who made it.
    TokenScope = "entity::TokenScope" {
        /// Read accounts, callshops and their users.
        AccountsRead,
        /// Create, change and suspend accounts and callshops, and change their settings. Includes `ACCOUNTS_READ`.
        AccountsWrite,
        /// Read the audit log.
        AuditRead,
        /// Read cabins and their states.
        CabinsRead,
        /// Create, change and retire cabins. Includes `CABINS_READ`.
        CabinsWrite,
        /// Read calls, and follow live calls and activity.
        CallsRead,
        /// Hang up calls. Includes `CALLS_READ`.
        CallsWrite,
        /// Top up, adjust and limit the credit of child accounts.
        CreditWrite,
        /// Read the ledger, balances and credit limits.
        LedgerRead,
        /// Read phones and their states.
        PhonesRead,
        /// Create, assign and block phones, and replace their secrets. Includes `PHONES_READ`.
        PhonesWrite,
        /// Read the cash register and its reports.
        RegisterRead,
        /// Open and close the cash register, and record cash movements. Includes `REGISTER_READ`.
        RegisterWrite,
        /// Read reports, summaries of days, and problems.
        ReportsRead,
        /// Read sessions, statements and receipts, and follow activity.
        SessionsRead,
        /// Open, bill and settle sessions. Includes `SESSIONS_READ`.
        SessionsWrite,
        /// Read tariffs, rates and price lists, and get quotes.
        TariffsRead,
        /// Create, import, activate and assign tariffs. Includes `TARIFFS_READ`.
        TariffsWrite,
        /// Read webhooks and their deliveries.
        WebhooksRead,
        /// Create, change, test and delete webhooks. A webhook delivers only events that the token's other scopes allow. Includes `WEBHOOKS_READ`.
        WebhooksWrite,
    }
);

/// A token with which a program acts on behalf of the user who made the token. This object does not contain the token's secret.
#[derive(async_graphql::Description)]
pub struct ApiToken(pub api_token::Model);

#[object]
impl ApiToken {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::ApiToken.id(self.0.id)
    }

    /// Name of the token, by which people can tell its purpose.
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The first characters of the secret, so that people can tell tokens apart.
    fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// The scopes that the user who made the token chose. The scopes limit what the token may do.
    fn scopes(&self) -> Vec<TokenScope> {
        api_tokens::scopes_of(&self.0).into_iter().map(Into::into).collect()
    }

    /// When the token was created.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the token expires. After a rotation, this is the end of the grace period.
    fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When the token was last used, with a precision of about a minute; null if it was never used.
    fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }

    /// When the token was revoked; null if it has not been revoked.
    fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// The id of the token that this token replaced; null if it was not made by a rotation.
    fn rotated_from_id(&self) -> Option<ID> {
        self.0.rotated_from_id.map(|id| Kind::ApiToken.id(id))
    }

    /// The user who made the token. While this user is disabled, the token does not work.
    async fn created_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        user(ctx, Some(self.0.created_by)).await
    }

    /// The account whose subtree the token may use; null if that account is a callshop.
    #[field(roles = MANAGERS)]
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let found = access::by_id(app(ctx).store.reader(), self.0.account_id).boxed().await;
        let account = found.map_err(top_level)?;
        Ok((account.kind != AccountKind::Callshop).then_some(Account(account)))
    }

    /// The callshop that the token may use; null if the token's account is not a callshop.
    async fn callshop(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Callshop>> {
        let found = accounts::find_shop(app(ctx), actor(ctx)?, self.0.account_id).boxed().await;
        nullable(found.map(Callshop)).transpose()
    }
}

/// A new API token.
#[derive(InputObject)]
pub struct CreateApiTokenInput {
    /// Name of the token, such as the name of the program that uses the token; at most 100 characters.
    pub name: String,
    /// The scopes of the token, which say what the token may do. The token can never do more than the user who made it.
    pub scopes: Vec<TokenScope>,
    /// When the token expires, at most 400 days from now.
    pub expires_at: DateTime<Utc>,
    /// The account or callshop whose subtree the token may use: the caller's account or an account below it. If omitted, the token may use the
    /// subtree of the caller's account.
    pub account_id: Option<ID>,
    /// A repeated request with the same key does not create a second token. The response to the repeated request has the error `SECRET_SHOWN` instead
    /// of the secret.
    pub idempotency_key: Option<String>,
}

/// An API token to revoke.
#[derive(InputObject)]
pub struct RevokeApiTokenInput {
    /// The token.
    pub api_token_id: ID,
}

/// An API token to replace.
#[derive(InputObject)]
pub struct RotateApiTokenInput {
    /// The token.
    pub api_token_id: ID,
    /// How long the replaced token stays valid, in seconds: 0 to 604,800, which is seven days.
    #[graphql(default = 86_400)]
    pub grace_period_seconds: i32,
    /// When the new token expires, at most 400 days from now. If omitted, the new token expires when the replaced token would
    /// have expired.
    pub expires_at: Option<DateTime<Utc>>,
    /// A repeated request with the same key does not rotate the token again. The response to the repeated request has the error `SECRET_SHOWN`
    /// instead of the secret.
    pub idempotency_key: Option<String>,
}

/// Result of `createApiToken` and `rotateApiToken`.
#[object]
#[derive(Default, SimpleObject)]
pub struct ApiTokenSecretPayload {
    /// The secret, to be sent as `Authorization: Bearer …`. The secret starts with `cs_` and is shown only once.
    pub token: Option<String>,
    /// The new token.
    pub api_token: Option<ApiToken>,
    /// Errors that the caller can correct; empty on success. With the error `SECRET_SHOWN`, `apiToken` is the token that the first request created.
    /// With any other error, the other fields are null.
    pub user_errors: Vec<UserError>,
}

impl From<UserErrors> for ApiTokenSecretPayload {
    fn from(errors: UserErrors) -> Self {
        Self { user_errors: errors.0, ..Default::default() }
    }
}

impl From<Made> for ApiTokenSecretPayload {
    fn from(made: Made) -> Self {
        let message = "An earlier request with this key showed the secret. If it is lost, rotate the token.";
        let user_errors = if made.secret.is_none() { vec![secret_shown(message)] } else { Vec::new() };
        Self { token: made.secret, api_token: Some(ApiToken(made.token)), user_errors }
    }
}

payload!(
    /// Result of `revokeApiToken`.
    ApiTokenPayload {
        /// The revoked token.
        api_token: ApiToken,
    }
);

/// The fields of `Query` for API tokens.
#[derive(Default)]
pub struct ApiTokenQuery;

#[object(root = "Query")]
impl ApiTokenQuery {
    /// The API token that authenticates this request. Only requests with an API token have this field.
    #[field(roles = TOKEN, scope = ANY_TOKEN)]
    async fn api_token(&self, ctx: &Context<'_>) -> async_graphql::Result<ApiToken> {
        Ok(ApiToken(api_tokens::own(app(ctx), actor(ctx)?).await.map_err(top_level)?))
    }

    /// The API tokens of an account, newest first, including expired and revoked tokens. The list omits tokens that were made by a user of an account
    /// above the caller's account. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn api_tokens(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        paging: Paging,
    ) -> async_graphql::Result<Page<ApiToken>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let read = |page| api_tokens::list(app, actor, id, page);
        connection(ctx, paging, true, read, |row: &api_token::Model| row.id, ApiToken).await
    }
}

/// The fields of `Mutation` for API tokens.
#[derive(Default)]
pub struct ApiTokenMutation;

#[object(root = "Mutation")]
impl ApiTokenMutation {
    /// Creates a token for a program. The program sends the secret as `Authorization: Bearer …`, and sees only the parts of the schema that the
    /// scopes and the caller's role allow. The secret is shown only in this response.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn create_api_token(
        &self,
        ctx: &Context<'_>,
        input: CreateApiTokenInput,
    ) -> async_graphql::Result<ApiTokenSecretPayload> {
        let made = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let new = NewToken {
                name: input.name,
                scopes: input.scopes.into_iter().map(Into::into).collect(),
                expires_at: input.expires_at,
                account_id: parse_account_if(ctx, input.account_id.as_ref()).await?,
            };
            api_tokens::create(app(ctx), &actor, new).await
        };
        answer(made.await.map(Into::into))
    }

    /// Replaces a token with a new one that has the same name, scopes and account. The old token stays valid for the grace period, so that a program
    /// has time to switch to the new token. Only the user who made a token can rotate it.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn rotate_api_token(
        &self,
        ctx: &Context<'_>,
        input: RotateApiTokenInput,
    ) -> async_graphql::Result<ApiTokenSecretPayload> {
        let made = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            let rotation = Rotation {
                id: Kind::ApiToken.parse(&input.api_token_id)?,
                expires_at: input.expires_at,
                grace_seconds: input.grace_period_seconds.into(),
            };
            api_tokens::rotate(app(ctx), &actor, rotation).await
        };
        answer(made.await.map(Into::into))
    }

    /// Revokes a token on every node within a second, and closes its sockets and streams.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn revoke_api_token(
        &self,
        ctx: &Context<'_>,
        input: RevokeApiTokenInput,
    ) -> async_graphql::Result<ApiTokenPayload> {
        let revoked = async {
            let id = Kind::ApiToken.parse(&input.api_token_id)?;
            api_tokens::revoke(app(ctx), caller(ctx)?, id).await
        };
        answer(
            revoked
                .await
                .map(|row| ApiTokenPayload { api_token: Some(ApiToken(row)), user_errors: Vec::new() }),
        )
    }
}
