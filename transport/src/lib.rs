//! GraphQL transports (HTTP, WebSocket and server-sent events), and the pipeline that every request passes through.
//!
//! [`GraphqlService`] has the state that the transports share; [`configure`] mounts the transports. The transports are [GraphQL over
//! HTTP](https://graphql.github.io/graphql-over-http/draft/),
//! [graphql-transport-ws](https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) and
//! [graphql-sse](https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md) in distinct-connections mode, and [Apollo's multipart
//! subscriptions](https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol).

mod caching;
mod compress;
pub mod connection;
mod cookies;
pub mod error;
mod graphql_http;
mod graphql_multipart;
mod graphql_sse;
pub mod graphql_ws;
pub mod kept;
pub mod languages;
pub mod limits;
mod listen;
mod media;
pub mod metrics;
mod origin;
pub mod persisted;
pub mod pipeline;
pub mod rate;
pub mod role_schema;
mod schemas;
pub mod service;
pub mod spliced;
mod stream;
pub mod ticket;
pub mod unread;
pub mod uploads;

use std::{net::IpAddr, sync::Arc};

use actix_web::{guard, middleware::from_fn, web};
use serde::{Deserialize, Serialize};

pub use cookies::Cookies;
pub use error::RequestError;
pub use kept::{Keep, Keepable, Reading};
pub use languages::Languages;
pub use limits::{Limits, RateLimits, SocketLimits};
pub use listen::listen;
pub use persisted::Documents;
pub use role_schema::{RoleSchemaError, RoleSet};
pub use schemas::FullSchema;
pub use service::{AuthFailure, Authenticator, Caller, GraphqlService};
pub use ticket::{Admitted, StreamCookie, Ticket};

/// Options of the endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpOptions {
    /// Origins of other sites whose pages may call this server, such as `https://example.com`. The value `*` allows every origin. Pages of this
    /// server's own origin are always allowed.
    pub allowed_origins: Vec<String>,
    /// Whether pages of any loopback origin, such as `http://localhost:5173`, may call this server. For development only.
    pub allow_loopback: bool,
    /// Addresses of the reverse proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpAddr>,
}

/// Shared state of the endpoint's handlers.
pub(crate) struct Endpoint {
    pub(crate) service: Arc<GraphqlService>,
    pub(crate) options: HttpOptions,
}

/// Mounts `/graphql` (POST, GET and event streams, and WebSockets if the server was started by [`listen`]).
pub fn configure(cfg: &mut web::ServiceConfig, service: Arc<GraphqlService>, options: HttpOptions) {
    let cors = origin::cors(&options, &["GET", "POST"]);
    let endpoint = web::Data::new(Endpoint { service, options });
    let is_upgrade = guard::fn_guard(|context| context.req_data().contains::<graphql_ws::Handover>());
    cfg.service(
        web::resource("/graphql")
            .app_data(endpoint)
            .wrap(cors)
            .wrap(from_fn(compress::compress))
            .route(web::get().guard(is_upgrade).to(graphql_ws::upgrade))
            .route(web::get().to(graphql_http::get))
            .route(web::post().to(graphql_http::post))
            .default_service(web::to(graphql_http::other_method)),
    );
}
