//! Connects the schema to the transports, and authenticates the caller once per request or socket.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::languages::{self, Translated};
use super::{kept, live, loaders, notes, roles, schema, scope_table, scopes, sdl, visibility};
use app::App;
use app::auth::Actor;
use app::auth::login::{self, Origin};
use app::auth::ticket;
use base::error::Error;
use transport::{
    Admitted, AuthFailure, Authenticator, Caller, FullSchema, GraphqlService, Limits, RoleSet, StreamCookie,
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

/// Converts an error that occurred while a token or ticket was checked. If the token or ticket is invalid, the result is `refused`.
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

/// The roles, each with the bits that select what its users see.
fn roles_of(is_sandbox: bool) -> [(&'static str, RoleSet); roles::ALL.len()] {
    roles::ALL.map(|(key, role)| match is_sandbox && role.intersects(roles::SIGNED_IN) {
        true => (key, role.or(roles::SANDBOX).or(scopes::LOGIN)),
        false => (key, role.or(scopes::LOGIN)),
    })
}

fn full() -> FullSchema {
    let table = [visibility(), scope_table()].concat();
    (sdl(), table.into_iter().map(|(key, roles)| (key.to_owned(), roles)).collect())
}

/// The GraphQL service for an [`App`], which runs until `shutdown`.
pub fn service(app: Arc<App>, limits: Limits, shutdown: CancellationToken) -> GraphqlService {
    let doorkeeper = TokenAuthenticator(app.clone());
    let roles = roles_of(app.simulator.is_some());
    let executor = Translated(schema(app.clone()));
    let service = GraphqlService::new(executor, full, &roles, doorkeeper, limits, shutdown);
    service.live(live::compile).keep(kept::Numbered(app)).with_hints(notes()).with_wording(languages::wording)
}

#[cfg(test)]
mod tests {
    use transport::role_schema;

    use super::*;

    /// A node derives a role's schema only when a caller of that role arrives.
    #[test]
    fn the_schema_of_every_role_can_be_derived() {
        let (sdl, table) = full();
        let table: Vec<_> = table.iter().map(|(key, roles)| (key.as_str(), *roles)).collect();
        for (key, role) in [roles_of(false), roles_of(true)].concat() {
            let schema = role_schema::prune(&sdl, key, role, &table);
            assert!(schema.is_ok(), "{key}: {:?}", schema.err());
        }
    }
}
