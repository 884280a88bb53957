//! The second factor: codes from an authenticator app, and recovery codes.

use async_graphql::{Context, InputObject};
use graphql_macros::object;

use super::payload::{answer, payload};
use super::roles::{BACK_OFFICE, SIGNED_IN};
use super::scalars::Kind;
use super::users::{User, UserIdInput, UserPayload};
use super::{actor, app, caller};
use app::auth::second_factor;
use app::receipt::Qr;
use app::users;

/// The caller's password.
#[derive(InputObject)]
pub struct BeginTotpInput {
    /// The current password.
    pub password: String,
}

/// A code from the caller's authenticator app.
#[derive(InputObject)]
pub struct ConfirmTotpInput {
    /// The six digits that the app shows.
    pub code: String,
}

/// A code that proves the second factor.
#[derive(InputObject)]
pub struct DisableTotpInput {
    /// A six-digit code from the authenticator app, or a recovery code.
    pub code: String,
}

/// A code that proves the second factor.
#[derive(InputObject)]
pub struct RegenerateRecoveryCodesInput {
    /// A six-digit code from the authenticator app, or a recovery code.
    pub code: String,
}

payload!(
    /// A secret for an authenticator app. The server shows the secret only once.
    BeginTotpPayload {
        /// The secret in base 32, for apps that cannot read a QR code.
        secret: String,
        /// The `otpauth` URI that apps read from a QR code.
        uri: String,
        /// The URI as a QR code: an SVG document whose size the page chooses.
        qr_svg: String,
    }
);

payload!(
    /// New recovery codes. The server shows the codes only once.
    RecoveryCodesPayload {
        /// Ten codes. Each code can be used once instead of a code from the app. Earlier recovery codes no longer work.
        recovery_codes: Vec<String>,
        /// The user to whom these codes belong.
        viewer: User,
    }
);

payload!(
    /// Result of `disableTotp`.
    DisableTotpPayload {
        /// The user, who now logs in with the password alone.
        viewer: User,
    }
);

/// The fields of `Mutation` for the second factor.
#[derive(Default)]
pub struct TotpMutation;

#[object(root = "Mutation")]
impl TotpMutation {
    /// Creates a secret for the caller's authenticator app (TOTP, RFC 6238). Nothing changes until `confirmTotp`. Repeating this mutation replaces
    /// the secret.
    #[field(roles = SIGNED_IN, scope = LOGIN_ONLY)]
    async fn begin_totp(
        &self,
        ctx: &Context<'_>,
        input: BeginTotpInput,
    ) -> async_graphql::Result<BeginTotpPayload> {
        let begun = async {
            let setup = second_factor::begin(app(ctx), caller(ctx)?, input.password).await?;
            Ok(BeginTotpPayload {
                qr_svg: Some(Qr::new(&setup.uri)?.svg()),
                secret: Some(setup.secret),
                uri: Some(setup.uri),
                user_errors: Vec::new(),
            })
        };
        answer(begun.await)
    }

    /// Turns the second factor on, with a code from the app. From then on, each `login` needs a code. The caller's logins continue.
    #[field(roles = SIGNED_IN, scope = LOGIN_ONLY)]
    async fn confirm_totp(
        &self,
        ctx: &Context<'_>,
        input: ConfirmTotpInput,
    ) -> async_graphql::Result<RecoveryCodesPayload> {
        let codes = second_factor::confirm(app(ctx), actor(ctx)?, &input.code).await;
        answer(with_codes(ctx, codes).await)
    }

    /// Turns the caller's second factor off. If the server requires a second factor for the caller's role, the caller must set up a new second factor
    /// before doing anything else.
    #[field(roles = SIGNED_IN, scope = LOGIN_ONLY)]
    async fn disable_totp(
        &self,
        ctx: &Context<'_>,
        input: DisableTotpInput,
    ) -> async_graphql::Result<DisableTotpPayload> {
        let disabled = async {
            let actor = caller(ctx)?;
            second_factor::disable(app(ctx), actor, &input.code).await?;
            let viewer = users::find(app(ctx), actor, actor.user_id).await?;
            Ok(DisableTotpPayload { viewer: Some(User(viewer)), user_errors: Vec::new() })
        };
        answer(disabled.await)
    }

    /// Replaces the caller's recovery codes.
    #[field(roles = SIGNED_IN, scope = LOGIN_ONLY)]
    async fn regenerate_recovery_codes(
        &self,
        ctx: &Context<'_>,
        input: RegenerateRecoveryCodesInput,
    ) -> async_graphql::Result<RecoveryCodesPayload> {
        let codes = second_factor::regenerate(app(ctx), actor(ctx)?, &input.code).await;
        answer(with_codes(ctx, codes).await)
    }

    /// Turns off another user's second factor, for example after the user has lost their phone, and ends that user's logins. Before you do this, verify
    /// the identity of the person who asks for it.
    #[field(roles = BACK_OFFICE, scope = LOGIN_ONLY)]
    async fn reset_totp(&self, ctx: &Context<'_>, input: UserIdInput) -> async_graphql::Result<UserPayload> {
        let reset =
            async { users::reset_totp(app(ctx), caller(ctx)?, Kind::User.parse(&input.user_id)?).await };
        answer(reset.await.map(|user| UserPayload { user: Some(User(user)), user_errors: Vec::new() }))
    }
}

async fn with_codes(
    ctx: &Context<'_>,
    codes: base::error::Result<Vec<String>>,
) -> base::error::Result<RecoveryCodesPayload> {
    let (codes, actor) = (codes?, caller(ctx)?);
    let viewer = users::find(app(ctx), actor, actor.user_id).await?;
    Ok(RecoveryCodesPayload {
        recovery_codes: Some(codes),
        viewer: Some(User(viewer)),
        user_errors: Vec::new(),
    })
}
