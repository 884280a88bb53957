//! Connects the schema to the transports, and authenticates the caller once per request or socket.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::languages::{self, Translated};
use super::{live, loaders, notes, roles, schema, scope_table, scopes, sdl, visibility};
use app::App;
use app::auth::Actor;
use app::auth::login::{self, Origin};
use app::auth::ticket;
use base::error::Error;
use transport::{
    Admitted, AuthFailure, Authenticator, Caller, GraphqlService, Limits, RoleSchemaError, StreamCookie,
    Ticket,
};

/// Authenticates tokens against the application.
struct TokenAuthenticator(Arc<App>);

impl Authenticator for TokenAuthenticator {
    fn authenticate<'a>(
        &'a self,
        token: Option<&'a str>,
        peer: IpAddr,
        user_agent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Caller, AuthFailure>> {
        let origin = origin(peer, user_agent);
        async move {
            let Some(token) = token else { return Ok(anonymous(origin)) };
            let (actor, expires_at) =
                login::authenticate(&self.0, token).await.map_err(failure(AuthFailure::Unauthenticated))?;
            Ok(self.caller(actor, expires_at, origin))
        }
        .boxed()
    }

    fn admit<'a>(
        &'a self,
        ticket: &'a Ticket,
        peer: IpAddr,
        user_agent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Admitted, AuthFailure>> {
        let origin = origin(peer, user_agent);
        async move {
            let admission = ticket::admit(&self.0, ticket.text(), |name| ticket.cookie(name)).await;
            let admission = admission.map_err(failure(AuthFailure::InvalidTicket))?;
            let cookie = admission.cookie.map(|(name, value)| StreamCookie { name, value });
            Ok(Admitted { caller: self.caller(admission.actor, admission.expires_at, origin), cookie })
        }
        .boxed()
    }
}

impl TokenAuthenticator {
    fn caller(&self, actor: Actor, expires_at: DateTime<Utc>, origin: Origin) -> Caller {
        let actor = actor.from(origin.address);
        let app = self.0.clone();
        Caller {
            role_key: roles::of(Some(&actor)).0,
            view: scopes::view(&actor, self.0.simulator.is_some()),
            subject: actor.principal().to_string(),
            is_authenticated: true,
            expires_at: Some(expires_at),
            revoked: self.0.identities.watch(actor.session_id),
            attach: Arc::new(move |request| {
                languages::choose(request, Some(actor.locale));
                request.data.insert(actor.clone());
                request.data.insert(loaders::loaders(app.clone()));
                request.data.insert(origin.clone());
            }),
        }
    }
}

fn origin(address: IpAddr, user_agent: Option<&str>) -> Origin {
    Origin { address, user_agent: user_agent.unwrap_or_default().chars().take(200).collect() }
}

/// Converts an error that occurred while a token or ticket was checked. `refused` is the failure to return for an invalid token or ticket.
fn failure(refused: AuthFailure) -> impl Fn(Error) -> AuthFailure {
    move |error| match error {
        Error::Unauthenticated => refused,
        error => {
            tracing::error!(%error, "failed to check a token");
            AuthFailure::Unavailable
        }
    }
}

fn anonymous(origin: Origin) -> Caller {
    let caller = Caller::anonymous(roles::of(None).0, origin.address);
    let attach = move |request: &mut async_graphql::Request| {
        languages::choose(request, None);
        request.data.insert(origin.clone());
    };
    Caller { attach: Arc::new(attach), ..caller }
}

/// The GraphQL service for an [`App`], which runs until `shutdown`.
///
/// # Errors
/// Fails if the schema is invalid for a role after the visibility table is applied.
pub fn service(
    app: Arc<App>,
    limits: Limits,
    shutdown: CancellationToken,
) -> Result<GraphqlService, RoleSchemaError> {
    let doorkeeper = TokenAuthenticator(app.clone());
    let is_sandbox = app.simulator.is_some();
    let roles = roles::ALL.map(|(key, role)| match is_sandbox && role.intersects(roles::SIGNED_IN) {
        true => (key, role.or(roles::SANDBOX).or(scopes::LOGIN)),
        false => (key, role.or(scopes::LOGIN)),
    });
    let table = [visibility(), scope_table()].concat();
    let service =
        GraphqlService::new(Translated(schema(app)), &sdl(), &roles, &table, doorkeeper, limits, shutdown)?;
    Ok(service.live(live::compile).with_hints(notes()).with_wording(languages::wording))
}
