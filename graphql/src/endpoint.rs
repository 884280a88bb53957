//! Connects the schema to the transports, and authenticates the caller once per request or socket.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{live, loaders, notes, roles, schema, sdl, visibility};
use app::App;
use app::auth::login::{self, Origin};
use base::error::Error;
use transport::{AuthFailure, Authenticator, Caller, GraphqlService, Limits, RoleSchemaError};

/// Authenticates tokens against the application.
struct TokenAuthenticator(Arc<App>);

impl Authenticator for TokenAuthenticator {
    fn authenticate<'a>(
        &'a self,
        token: Option<&'a str>,
        peer: IpAddr,
        user_agent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Caller, AuthFailure>> {
        let user_agent = user_agent.unwrap_or_default().chars().take(200).collect();
        let origin = Origin { address: peer, user_agent };
        async move {
            let Some(token) = token else { return Ok(anonymous(origin)) };
            let (actor, expires_at) =
                login::authenticate(&self.0, token).await.map_err(|error| match error {
                    Error::Unauthenticated => AuthFailure::Unauthenticated,
                    error => {
                        tracing::error!(%error, "failed to check a token");
                        AuthFailure::Unavailable
                    }
                })?;
            let actor = actor.from(origin.address);
            let app = self.0.clone();
            Ok(Caller {
                role_key: roles::of(Some(&actor)).0,
                subject: actor.user_id.to_string(),
                is_authenticated: true,
                expires_at: Some(expires_at),
                revoked: self.0.identities.watch(actor.session_id),
                attach: Arc::new(move |request| {
                    request.data.insert(actor.clone());
                    request.data.insert(loaders::loaders(app.clone()));
                    request.data.insert(origin.clone());
                }),
            })
        }
        .boxed()
    }
}

fn anonymous(origin: Origin) -> Caller {
    let caller = Caller::anonymous(roles::of(None).0, origin.address);
    Caller { attach: Arc::new(move |request| request.data.insert(origin.clone())), ..caller }
}

/// The GraphQL service for an [`App`], which runs until `shutdown`.
///
/// # Errors
/// Fails if the visibility table leaves an invalid schema for a role.
pub fn service(
    app: Arc<App>,
    limits: Limits,
    shutdown: CancellationToken,
) -> Result<GraphqlService, RoleSchemaError> {
    let doorkeeper = TokenAuthenticator(app.clone());
    let is_sandbox = app.simulator.is_some();
    let roles = roles::ALL.map(|(key, role)| match is_sandbox && role.intersects(roles::SIGNED_IN) {
        true => (key, role.or(roles::SANDBOX)),
        false => (key, role),
    });
    let service =
        GraphqlService::new(schema(app), &sdl(), &roles, &visibility(), doorkeeper, limits, shutdown)?;
    Ok(service.live(live::compile).with_hints(notes()))
}
