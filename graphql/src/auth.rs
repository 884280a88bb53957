//! Logging in and out, and who one is.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};

use super::payload::{answer, payload, top_level};
use super::roles::{EVERYONE, Rule, SIGNED_IN};
use super::users::User;
use super::{actor, app, origin};
use app::auth::login::{self, Tokens};
use app::users;

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Query.viewer", EVERYONE),
    ("Mutation.login", EVERYONE),
    ("Mutation.refresh", EVERYONE),
    ("Mutation.logout", SIGNED_IN),
    ("Mutation.changePassword", SIGNED_IN),
];

/// Login and password.
#[derive(InputObject)]
pub struct LoginInput {
    /// `name@code`, the code being the account's.
    pub login: String,
    /// The password.
    pub password: String,
}

/// A refresh token.
#[derive(InputObject)]
pub struct RefreshInput {
    /// As `login` or the last `refresh` gave it; it is used up. When no answer came, present the same one again within 30 seconds.
    pub refresh_token: String,
}

/// What to end.
#[derive(InputObject)]
pub struct LogoutInput {
    /// End every login of the user, on every device.
    #[graphql(default)]
    pub everywhere: bool,
}

/// A new password.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The one that is used now.
    pub present_password: String,
    /// The new one.
    pub new_password: String,
}

payload!(
    /// Tokens of a login.
    LoginPayload {
        /// Send it as `Authorization: Bearer …`.
        access_token: String,
        /// When the access token ends.
        access_token_expires_at: DateTime<Utc>,
        /// Good for one `refresh`; keep it safe.
        refresh_token: String,
        /// Who logged in.
        viewer: User,
    }
);

payload!(
    /// What `logout` answers.
    LogoutPayload {
        /// Whether the login is ended.
        done: bool,
    }
);

payload!(
    /// What `changePassword` answers.
    ChangePasswordPayload {
        /// Who has the new password; his other logins are ended.
        viewer: User,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct AuthQuery;

#[Object]
impl AuthQuery {
    /// Who is logged in; null for nobody.
    async fn viewer(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        let Ok(actor) = actor(ctx) else { return Ok(None) };
        Ok(Some(User(users::find(app(ctx), actor, actor.user_id).await.map_err(top_level)?)))
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct AuthMutation;

#[Object]
impl AuthMutation {
    /// Starts a login. Wrong passwords slow further tries down for that login, up to half a minute. A token that is sent along is ignored when
    /// it is not valid any more.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> async_graphql::Result<LoginPayload> {
        let result = login::login(app(ctx), &input.login, input.password, origin(ctx)?).await;
        answer(with_viewer(ctx, result).await)
    }

    /// Trades a refresh token for a new pair. The token that was used last is answered again for 30 seconds, by the same refresh token, until
    /// that one is used; any other that is presented twice ends the login.
    async fn refresh(&self, ctx: &Context<'_>, input: RefreshInput) -> async_graphql::Result<LoginPayload> {
        let result = login::refresh(app(ctx), &input.refresh_token, origin(ctx)?).await;
        answer(with_viewer(ctx, result).await)
    }

    /// Ends this login, or all of the user's. Open sockets of it are closed.
    async fn logout(&self, ctx: &Context<'_>, input: LogoutInput) -> async_graphql::Result<LogoutPayload> {
        let done = login::logout(app(ctx), actor(ctx)?, input.everywhere).await;
        answer(done.map(|()| LogoutPayload { done: Some(true), user_errors: Vec::new() }))
    }

    /// Changes one's own password and ends one's other logins.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        input: ChangePasswordInput,
    ) -> async_graphql::Result<ChangePasswordPayload> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let changed = async {
            login::change_password(app, actor, input.present_password, input.new_password).await?;
            users::find(app, actor, actor.user_id).await
        };
        answer(
            changed
                .await
                .map(|user| ChangePasswordPayload { viewer: Some(User(user)), user_errors: Vec::new() }),
        )
    }
}

async fn with_viewer(
    ctx: &Context<'_>,
    tokens: base::error::Result<Tokens>,
) -> base::error::Result<LoginPayload> {
    let tokens = tokens?;
    let viewer = users::find(app(ctx), &tokens.actor, tokens.actor.user_id).await?;
    Ok(LoginPayload {
        access_token: Some(tokens.access),
        access_token_expires_at: Some(tokens.access_expires_at),
        refresh_token: Some(tokens.refresh),
        viewer: Some(User(viewer)),
        user_errors: Vec::new(),
    })
}
