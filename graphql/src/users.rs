//! Users: people who log in.

use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account, user};
use futures_util::FutureExt as _;

use super::accounts::{Account, Callshop};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{BACK_OFFICE, MANAGERS, Rule, SIGNED_IN};
use super::scalars::Kind;
use super::{actor, app, caller, remote_enum};
use app::{access, accounts, users};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Query.user", BACK_OFFICE),
    ("Mutation.createUser", BACK_OFFICE),
    ("Mutation.updateUser", BACK_OFFICE),
    ("Mutation.disableUser", BACK_OFFICE),
    ("Mutation.enableUser", BACK_OFFICE),
    ("Mutation.resetPassword", BACK_OFFICE),
    ("User.account", MANAGERS),
    ("User.callshop", SIGNED_IN),
];

remote_enum!(
    /// What a user may do, on the subtree of the account he belongs to.
    Role = "entity::Role" {
        /// Runs the platform.
        Admin,
        /// Works for a distributor.
        Distributor,
        /// Works for a reseller.
        Reseller,
        /// Owns a callshop.
        CallshopOwner,
        /// Stands behind a callshop's counter.
        Attendant,
    }
);

/// A person who logs in.
pub struct User(pub user::Model);

#[Object]
impl User {
    /// Global id.
    pub(super) async fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// The part of the login before `@`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole login, `name@code`.
    async fn login(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        Ok(format!("{}@{}", self.0.name, self.own_account(ctx).await?.code))
    }

    /// For screens and receipts.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// What he may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// Since when he may not log in; null when he may.
    async fn disabled_at(&self) -> Option<DateTime<Utc>> {
        self.0.disabled_at
    }

    /// When he was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The account he belongs to, when it is no callshop.
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let account = self.own_account(ctx).await?;
        Ok((account.kind != AccountKind::Callshop).then_some(Account(account)))
    }

    /// The callshop he works in, if he does.
    async fn callshop(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Callshop>> {
        let account = self.own_account(ctx).await?;
        if account.kind != AccountKind::Callshop {
            return Ok(None);
        }
        let found = accounts::find_shop(app(ctx), actor(ctx)?, account.id).boxed().await;
        nullable(found.map(Callshop)).transpose()
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
    /// The part of the login before `@`: 2 to 32 of a-z, 0-9, dot, underscore and dash.
    pub name: String,
    /// For screens and receipts.
    pub display_name: String,
    /// At least ten characters.
    pub password: String,
}

impl UserInput {
    /// As the use case takes it.
    pub fn into_new(self, role: entity::Role) -> users::NewUser {
        users::NewUser { name: self.name, display_name: self.display_name, role, password: self.password }
    }
}

/// Which account gets which user.
#[derive(InputObject)]
pub struct CreateUserInput {
    /// An account or callshop.
    pub account_id: ID,
    /// What he may do; must fit the account.
    pub role: Role,
    /// The user.
    pub user: UserInput,
}

/// A user's new display name.
#[derive(InputObject)]
pub struct UpdateUserInput {
    /// Which user.
    pub user_id: ID,
    /// For screens and receipts.
    pub display_name: String,
}

/// Which user to disable or enable.
#[derive(InputObject)]
pub struct UserIdInput {
    /// Which user.
    pub user_id: ID,
}

/// A new password for somebody else.
#[derive(InputObject)]
pub struct ResetPasswordInput {
    /// Whose.
    pub user_id: ID,
    /// At least ten characters.
    pub password: String,
}

payload!(
    /// What mutations of users answer.
    UserPayload {
        /// The user as he is now.
        user: User,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct UserQuery;

#[Object]
impl UserQuery {
    /// A user of the caller's branch.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<User>> {
        let found = async { users::find(app(ctx), caller(ctx)?, Kind::User.parse(&id)?).await };
        nullable(found.await.map(User))
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Makes a user: managers for accounts and callshops below them, owners for their attendants.
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        input: CreateUserInput,
    ) -> async_graphql::Result<UserPayload> {
        let made = async {
            let account = super::accounts::parse_account(ctx, &input.account_id).await?;
            users::create(app(ctx), caller(ctx)?, account, input.user.into_new(input.role.into())).await
        };
        answer(made.await.map(done))
    }

    /// Changes a user's display name.
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        input: UpdateUserInput,
    ) -> async_graphql::Result<UserPayload> {
        let changed = async {
            users::rename(app(ctx), caller(ctx)?, Kind::User.parse(&input.user_id)?, &input.display_name)
                .await
        };
        answer(changed.await.map(done))
    }

    /// Keeps a user from logging in, and ends his logins on every node.
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
    async fn enable_user(&self, ctx: &Context<'_>, input: UserIdInput) -> async_graphql::Result<UserPayload> {
        let changed = async {
            users::set_disabled(app(ctx), caller(ctx)?, Kind::User.parse(&input.user_id)?, false).await
        };
        answer(changed.await.map(done))
    }

    /// Gives a user a new password and ends his logins.
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
