//! Login, logout and the current user.

use std::sync::Arc;

use async_graphql::{Context, InputObject};
use chrono::{DateTime, Utc};
use graphql_macros::object;

use super::payload::{answer, nullable, payload};
use super::roles::{EVERYONE, SIGNED_IN};
use super::users::User;
use super::{actor, app, origin};
use app::auth::login::{self, Secrets, Tokens};
use app::auth::ticket;
use app::users;
use base::error::Error;
use transport::Cookies;

/// Name of the cookie that stores a page's refresh token.
///
/// Another site cannot use the cookie. Another site can make a browser send a form or request an image. However, the GraphQL endpoint accepts only
/// JSON bodies. Before a browser sends a JSON body from another site's page, the browser asks the server for permission, and no response allows other
/// origins to send cookies. The endpoint also refuses each request whose `Origin` is neither this server's own nor on the list of allowed origins,
/// and runs no mutation over GET. Before these checks, `SameSite=Strict` already prevents the browser from sending the cookie with any request from
/// another site. A request with the cookie returns the access token only in the response body, which no other origin can read. Without an access
/// token, nothing can be changed. A malicious script in a page of this origin can use the cookie as long as the page is open, but cannot read the
/// refresh token.
const COOKIE: &str = "callshop-refresh";

/// Login and password.
#[derive(InputObject)]
pub struct LoginInput {
    /// User name and account code, as `name@code`.
    pub login: String,
    /// The password in plain text, which must be sent over TLS only.
    pub password: String,
    /// The second factor: six digits from the authenticator app, or a recovery code. Without this code, the login of a user with a second factor
    /// fails with `TOTP_REQUIRED`. The code is ignored if the user has no second factor.
    pub totp: Option<String>,
    /// Whether the refresh token is returned in an `HttpOnly` cookie, which no script can read, instead of in `refreshToken`. Use this option in
    /// pages of the server's own origin that log in with an HTTP POST.
    #[graphql(default)]
    pub cookie: bool,
}

/// A refresh token.
#[derive(InputObject)]
pub struct RefreshInput {
    /// The token from `login` or the most recent `refresh`. A refresh token works once. If you got no response, send the same token again within 30
    /// seconds. If this field is omitted, the server uses the token in the cookie that `login` set, and puts the new token into the cookie.
    pub refresh_token: Option<String>,
}

/// Scope of the logout.
#[derive(InputObject)]
pub struct LogoutInput {
    /// Whether to end all of the user's logins, on every device.
    #[graphql(default)]
    pub everywhere: bool,
}

/// Current and new password.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The current password.
    pub present_password: String,
    /// The new password: 10 to 256 characters, at least four of them different.
    pub new_password: String,
}

payload!(
    /// Tokens of a login.
    LoginPayload {
        /// Access token, to be sent as `Authorization: Bearer …`.
        access_token: String,
        /// When the access token expires. Call `refresh` before the token expires.
        access_token_expires_at: DateTime<Utc>,
        /// Refresh token, which can be used for one `refresh`. Store the token safely. Null if the response sets the token as a cookie.
        refresh_token: String,
        /// The logged-in user.
        viewer: User,
    }
);

payload!(
    /// Result of `logout`.
    LogoutPayload {
        /// True when the login has ended.
        done: bool,
    }
);

payload!(
    /// A ticket for an event stream.
    CreateStreamTicketPayload {
        /// The ticket, to be sent as the URL parameter `ticket` of one event stream.
        ticket: String,
        /// When an unused ticket expires, 30 seconds after its creation.
        expires_at: DateTime<Utc>,
    }
);

payload!(
    /// Result of `changePassword`.
    ChangePasswordPayload {
        /// The user whose password was changed. All of the user's other logins have ended.
        viewer: User,
    }
);

/// The fields of `Query` for logins and the current user.
#[derive(Default)]
pub struct AuthQuery;

#[object(root = "Query")]
impl AuthQuery {
    /// The logged-in user; null if the request has no login. For an API token, this is the user who made the token; null if the token has no
    /// permission to see that user.
    #[field(roles = EVERYONE, scope = ACCOUNTS_READ)]
    async fn viewer(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<User>> {
        let Ok(actor) = actor(ctx) else { return Ok(None) };
        nullable(users::find(app(ctx), actor, actor.user_id).await.map(User)).transpose()
    }
}

/// The fields of `Mutation` for logins and the current user.
#[derive(Default)]
pub struct AuthMutation;

#[object(root = "Mutation")]
impl AuthMutation {
    /// Starts a login. After wrong passwords or codes, further attempts for the same login name are delayed by up to 30 seconds. An expired token in
    /// the request is ignored.
    #[field(roles = EVERYONE, scope = LOGIN_ONLY)]
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> async_graphql::Result<LoginPayload> {
        let origin = origin(ctx)?;
        let logged_in = async {
            let jar = if input.cookie { Some(jar(ctx).ok_or_else(no_cookie)?) } else { None };
            let secrets = Secrets { password: input.password, code: input.totp };
            with_viewer(ctx, login::login(app(ctx), &input.login, secrets, origin).await?, jar).await
        };
        answer(logged_in.await)
    }

    /// Exchanges a refresh token for a new pair of tokens. Repeating the request with the same token within 30 seconds returns the same new
    /// pair, unless the new refresh token has been used. Any other reuse of a token ends the login.
    #[field(roles = EVERYONE, scope = LOGIN_ONLY)]
    async fn refresh(&self, ctx: &Context<'_>, input: RefreshInput) -> async_graphql::Result<LoginPayload> {
        let origin = origin(ctx)?;
        let refreshed = async {
            let (token, jar) = match (input.refresh_token.as_deref(), jar(ctx)) {
                (Some(token), _) => (token, None),
                (None, jar) => (jar.and_then(|jar| jar.get(COOKIE)).unwrap_or_default(), jar),
            };
            with_viewer(ctx, login::refresh(app(ctx), token, origin).await?, jar).await
        };
        answer(refreshed.await)
    }

    /// Ends this login, or all of the user's logins, and closes their open sockets.
    #[field(roles = SIGNED_IN, scope = LOGIN_ONLY)]
    async fn logout(&self, ctx: &Context<'_>, input: LogoutInput) -> async_graphql::Result<LogoutPayload> {
        let actor = actor(ctx)?;
        let done = login::logout(app(ctx), actor, input.everywhere).await;
        // the cookie may belong to a different login, made by another program in this browser
        let own =
            jar(ctx).filter(|jar| jar.get(COOKIE).is_some_and(|of| login::is_refresh_token_of(actor, of)));
        if let (Ok(()), Some(jar)) = (&done, own) {
            jar.remove(COOKIE);
        }
        answer(done.map(|()| LogoutPayload { done: Some(true), user_errors: Vec::new() }))
    }

    /// Creates a ticket that works once, for a browser's `EventSource`, which cannot send an `Authorization` header. The answer to the stream's
    /// request sets a cookie, so that the `EventSource` can reconnect with the same URL until the login ends.
    #[field(roles = SIGNED_IN, scope = LOGIN_ONLY)]
    async fn create_stream_ticket(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<CreateStreamTicketPayload> {
        let created = ticket::create(app(ctx), actor(ctx)?);
        answer(created.map(|created| CreateStreamTicketPayload {
            ticket: Some(created.ticket),
            expires_at: Some(created.expires_at),
            user_errors: Vec::new(),
        }))
    }

    /// Changes the caller's password and ends the caller's other logins.
    #[field(roles = SIGNED_IN, scope = LOGIN_ONLY)]
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

/// The request's cookies; `None` if the answer cannot set a cookie.
fn jar<'a>(ctx: &Context<'a>) -> Option<&'a Cookies> {
    ctx.data_opt::<Arc<Cookies>>().map(|jar| &**jar)
}

fn no_cookie() -> Error {
    Error::invalid(
        "cookie",
        "Only the answer to an HTTP POST can set a cookie. Send `login` in an HTTP POST, or omit `cookie`.",
    )
}

async fn with_viewer(
    ctx: &Context<'_>,
    tokens: Tokens,
    jar: Option<&Cookies>,
) -> base::error::Result<LoginPayload> {
    let viewer = users::find(app(ctx), &tokens.actor, tokens.actor.user_id).await?;
    let refresh_token = match jar {
        None => Some(tokens.refresh),
        Some(jar) => {
            jar.set(COOKIE, &tokens.refresh, Some(app(ctx).config.auth.refresh_seconds));
            None
        }
    };
    Ok(LoginPayload {
        access_token: Some(tokens.access),
        access_token_expires_at: Some(tokens.access_expires_at),
        refresh_token,
        viewer: Some(User(viewer)),
        user_errors: Vec::new(),
    })
}
