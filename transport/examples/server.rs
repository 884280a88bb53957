//! A GraphQL server on all transports. Run `cargo run -p transport --example server`, then open <http://127.0.0.1:8000/>.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema, ValidationMode};
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use tokio_util::sync::CancellationToken;
use transport::{AuthFailure, Authenticator, Caller, GraphqlService, HttpOptions, Limits, RoleSet};

struct Query;

#[Object]
impl Query {
    /// Greets the world.
    async fn hello(&self) -> &str {
        "world"
    }
}

/// Lets everybody in.
struct Everybody;

impl Authenticator for Everybody {
    fn authenticate(
        &self,
        _: Option<&str>,
        peer: IpAddr,
        _: Option<&str>,
    ) -> BoxFuture<'_, Result<Caller, AuthFailure>> {
        ready(Ok(Caller::anonymous("anonymous", peer))).boxed()
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let schema =
        Schema::build(Query, EmptyMutation, EmptySubscription).validation_mode(ValidationMode::Fast).finish();
    let (sdl, roles) = (schema.sdl(), [("anonymous", RoleSet::role(0))]);
    let full = move || (sdl.clone(), Vec::new());
    let service =
        GraphqlService::new(schema, full, &roles, Everybody, Limits::default(), CancellationToken::new());
    let (service, options) =
        (Arc::new(service), HttpOptions { allow_loopback: true, ..HttpOptions::default() });
    let mount = move |routes: &mut _| transport::configure(routes, service.clone(), options.clone());
    let (server, address) = transport::listen(([127, 0, 0, 1], 8000).into(), 2, 5, mount)?;
    println!("GraphQL at http://{address}/graphql");
    Ok(server.await?)
}
