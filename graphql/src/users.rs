//! Users and their roles.

use async_graphql::{Context, ID, InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account, user};
use futures_util::FutureExt as _;
use graphql_macros::object;

use super::accounts::{Account, Callshop};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{BACK_OFFICE, MANAGERS, SIGNED_IN};
use super::scalars::Kind;
use super::{actor, app, caller, graphql_enum, keyed};
use app::auth::{Right, rights};
use app::{access, accounts, users};

graphql_enum!(
    /// Role of a user. A role grants rights on the subtree of the user's account.
    Role = "entity::Role" {
        /// Operates the platform.
        Admin,
        /// Manages a distributor's account.
        Distributor,
        /// Manages a reseller's account.
        Reseller,
        /// Owns a callshop.
        CallshopOwner,
        /// Serves customers at a callshop's counter.
        Attendant,
    }
);

graphql_enum!(
    /// An action that a user may perform on the user's account and everything below it.
    Permission = "app::auth::Right" {
        /// Create and change child accounts and their users.
        ManageAccounts,
        /// Create and change attendants of the user's callshop.
        ManageAttendants,
        /// See accounts, callshops and their users.
        SeeAccounts,
        /// Create, block and assign phones, and rotate their secrets.
        ManagePhones,
        /// See phones and their state.
        SeePhones,
        /// Top up, adjust and limit the credit of child accounts.
        ManageCredit,
        /// See credit.
        SeeCredit,
        /// Create, import, activate and assign tariffs.
        ManageTariffs,
        /// See complete price tables.
        SeeTariffs,
        /// Get the price of one number.
        Quote,
        /// See the cost and the margin of calls.
        SeeCost,
        /// Create, change and retire cabins.
        ManageCabins,
        /// Change cash rounding, receipt texts and attendants' limits.
        ManageSettings,
        /// Open, close and settle cabins.
        OperateCabins,
        /// Open and close the register.
        OperateRegister,
        /// See cabins, sessions, calls, the register and activity.
        SeeShop,
        /// See the drawer's expected contents before the drawer is counted.
        SeeDrawer,
        /// Hang up a live call.
        HangUp,
        /// Suspend and resume child accounts.
        Suspend,
        /// Make, rotate and revoke API tokens.
        ManageTokens,
        /// Create, change and delete webhooks, and see their deliveries.
        ManageWebhooks,
    }
);

/// A person with a login.
#[derive(async_graphql::Description)]
pub struct User(pub user::Model);

#[object(scope = ACCOUNTS_READ)]
impl User {
    /// Global id.
    #[field(numbered)]
    pub(super) fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// The part of the login before `@`.
    #[field(numbered)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The full login, `name@code`.
    async fn login(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        Ok(format!("{}@{}", self.0.name, self.own_account(ctx).await?.code))
    }

    /// The name shown on screens and receipts.
    #[field(numbered)]
    fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// BCP 47 tag of the language of messages to the user; null for the locale of the user's account.
    fn locale(&self) -> Option<&str> {
        self.0.locale.as_deref()
    }

    /// The role determines the user's rights.
    #[field(numbered)]
    fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The actions that the user's role allows. A front end should show only the actions in this list.
    fn permissions(&self) -> Vec<Permission> {
        rights::of(self.0.role).map(Into::into).collect()
    }

    /// When the user was disabled; null if the user may log in.
    #[field(numbered)]
    fn disabled_at(&self) -> Option<DateTime<Utc>> {
        self.0.disabled_at
    }

    /// When the user turned the second factor on. Null if the second factor is off; also null for another user if the caller has no permission to see
    /// accounts.
    #[field(roles = SIGNED_IN)]
    async fn totp_enabled_at(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<DateTime<Utc>>> {
        let actor = actor(ctx)?;
        let is_shown = actor.user_id == self.0.id || actor.may(Right::SeeAccounts);
        Ok(self.0.totp_since.filter(|_| is_shown))
    }

    /// Whether this server requires a second factor for the user's role, and the user has not set one up yet. Until the second factor is set up, the
    /// user cannot do anything else.
    async fn totp_setup_required(&self, ctx: &Context<'_>) -> bool {
        app(ctx).config.auth.needs_totp(&self.0)
    }

    /// When the user was created.
    #[field(numbered)]
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The user's account; null if that account is a callshop. This field is hidden from callshop owners and attendants.
    #[field(roles = MANAGERS)]
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let account = self.own_account(ctx).await?;
        Ok((account.kind != AccountKind::Callshop).then_some(Account(account)))
    }

    /// The user's callshop; null if the account is not a callshop.
    #[field(roles = SIGNED_IN)]
    async fn callshop(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Callshop>> {
        let account = self.own_account(ctx).await?;
        if account.kind != AccountKind::Callshop {
            return Ok(None);
        }
        // the caller sees the user, and thus the user's callshop, even before the caller has set up a required second factor
        let found = accounts::shops_by_ids(app(ctx), &[account.id]).boxed().await.map_err(top_level)?;
        Ok(found.into_iter().next().map(Callshop))
    }
}

impl User {
    async fn own_account(&self, ctx: &Context<'_>) -> async_graphql::Result<account::Model> {
        access::by_id(app(ctx).store.reader(), self.0.account_id).boxed().await.map_err(top_level)
    }
}

/// A new user.
#[derive(Clone, InputObject)]
pub struct UserInput {
    /// The part of the login before `@`: 2 to 32 characters of a-z, 0-9, ".", "_" and "-".
    pub name: String,
    /// The name shown on screens and receipts.
    pub display_name: String,
    /// The password: 10 to 256 characters, at least four of them different.
    pub password: String,
}

impl UserInput {
    /// Converts this input to the input of the use case.
    pub fn into_new(self, role: entity::Role) -> users::NewUser {
        users::NewUser { name: self.name, display_name: self.display_name, role, password: self.password }
    }
}

/// A new user for an account.
#[derive(InputObject)]
pub struct CreateUserInput {
    /// An account or callshop.
    pub account_id: ID,
    /// The role must fit the kind of account.
    pub role: Role,
    /// Login and password of the new user.
    pub user: UserInput,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request.
    /// The comparison of the inputs ignores the passwords. A key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A user's new display name and language.
#[derive(InputObject)]
pub struct UpdateUserInput {
    /// The user to change.
    pub user_id: ID,
    /// The name shown on screens and receipts.
    pub display_name: String,
    /// BCP 47 tag of the language of messages to the user, such as "pt-BR"; null for the locale of the user's account.
    pub locale: MaybeUndefined<String>,
}

/// Selects a user.
#[derive(InputObject)]
pub struct UserIdInput {
    /// A user in the caller's subtree.
    pub user_id: ID,
}

/// A new password for another user.
#[derive(InputObject)]
pub struct ResetPasswordInput {
    /// A user in the caller's subtree.
    pub user_id: ID,
    /// The password: 10 to 256 characters, at least four of them different.
    pub password: String,
}

payload!(
    /// Result of the user mutations.
    UserPayload {
        /// The user after the change.
        user: User,
    }
);

/// The fields of `Query` for users.
#[derive(Default)]
pub struct UserQuery;

#[object(root = "Query")]
impl UserQuery {
    /// A user in the caller's subtree; null if there is no such user. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = ACCOUNTS_READ)]
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<User>> {
        let found = async { users::find(app(ctx), caller(ctx)?, Kind::User.parse(&id)?).await };
        nullable(found.await.map(User))
    }
}

/// The fields of `Mutation` for users.
#[derive(Default)]
pub struct UserMutation;

#[object(root = "Mutation")]
impl UserMutation {
    /// Creates a user. The platform, distributors and resellers create users of accounts and callshops below them; owners create their
    /// attendants.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        input: CreateUserInput,
    ) -> async_graphql::Result<UserPayload> {
        let made = async {
            let account = super::accounts::parse_account(ctx, &input.account_id).await?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            users::create(app(ctx), &actor, account, input.user.into_new(input.role.into())).await
        };
        answer(made.await.map(done))
    }

    /// Changes a user's display name and language.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        input: UpdateUserInput,
    ) -> async_graphql::Result<UserPayload> {
        let changed = async {
            let id = Kind::User.parse(&input.user_id)?;
            let locale = input.locale.as_opt_deref();
            users::update(app(ctx), caller(ctx)?, id, &input.display_name, locale).await
        };
        answer(changed.await.map(done))
    }

    /// Prevents a user from logging in, and ends the user's logins on every node.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn disable_user(
        &self,
        ctx: &Context<'_>,
        input: UserIdInput,
    ) -> async_graphql::Result<UserPayload> {
        let changed = async {
            users::set_disabled(app(ctx), caller(ctx)?, Kind::User.parse(&input.user_id)?, true).await
        };
        answer(changed.await.map(done))
    }

    /// Lets a disabled user log in again.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn enable_user(&self, ctx: &Context<'_>, input: UserIdInput) -> async_graphql::Result<UserPayload> {
        let changed = async {
            users::set_disabled(app(ctx), caller(ctx)?, Kind::User.parse(&input.user_id)?, false).await
        };
        answer(changed.await.map(done))
    }

    /// Sets another user's password and ends that user's logins.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        input: ResetPasswordInput,
    ) -> async_graphql::Result<UserPayload> {
        let changed = async {
            users::reset_password(app(ctx), caller(ctx)?, Kind::User.parse(&input.user_id)?, input.password)
                .await
        };
        answer(changed.await.map(done))
    }
}

fn done(user: user::Model) -> UserPayload {
    UserPayload { user: Some(User(user)), user_errors: Vec::new() }
}
