//! GraphQL over WebSocket, exactly as the graphql-transport-ws protocol specifies.
//!
//! The client sends its token in `connection_init`, as `{"authorization": "Bearer …"}` or `{"token": "…"}`. A later `ping` with a payload of the
//! same form replaces the token with a new token of the same subject and role. The server responds with a `pong` that contains the new token's
//! `expiresAt`. Running operations continue until the new token expires.
//!
//! The client's languages come from `Accept-Language` in the upgrade request, or from `acceptLanguage` in the payload of `connection_init`.
//!
//! The server does not agree to compression (`permessage-deflate`): the library that reads frames does not support it. Subscribers share an event's
//! text, but they could not share its compressed bytes: with the extension's usual context, the compressed bytes depend on everything that the socket
//! sent before.
//!
//! | close code | reason |
//! | --- | --- |
//! | 1001 | the server shuts down |
//! | 1002, 1007, 1009 | a malformed frame, text that is not UTF-8, a message over the size limit |
//! | 1013 | the token could not be checked |
//! | 4400 | a message that the protocol does not define |
//! | 4401 | an operation before `connection_ack` |
//! | 4403 | the token is invalid, expired or revoked, or a new token belongs to another subject or role |
//! | 4406 | the client does not offer `graphql-transport-ws` |
//! | 4408 | no `connection_init` in time |
//! | 4409 | an operation with the id of a running operation |
//! | 4429 | a second `connection_init`, or messages faster than allowed |
//! | 4503 | too many sockets of this subject |
//! | 4504 | the client sent nothing during two ping intervals |
//! | 4508 | the client reads its messages too slowly |

mod inbox;
mod message;
mod outbox;
mod parked;
mod socket;

use std::{cell::Cell, net::IpAddr, rc::Rc, sync::Arc};

use actix_http::ws;
use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::BoxBody,
    http::header,
    web::{BytesMut, Data},
};
use tokio::net::TcpStream;

use telemetry::RequestId;

pub(crate) use socket::Socket;

use super::{
    Endpoint, error::RequestError, graphql_http, languages::Languages, media::Answer, origin,
    service::SocketGuard,
};

/// The subprotocol's name.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// Carries an accepted socket to the listener, from the code that responds to the upgrade request. A request has a handover only if the listener can
/// take the request's connection away from HTTP.
#[derive(Clone, Default)]
pub(crate) struct Handover(Rc<Cell<Option<Opened>>>);

impl Handover {
    pub(crate) fn take(&self) -> Option<Opened> {
        self.0.take()
    }
}

/// A socket that has no connection yet.
pub(crate) struct Opened {
    endpoint: Arc<Endpoint>,
    peer: IpAddr,
    user_agent: Option<Box<str>>,
    languages: Languages,
    id: RequestId,
    guard: SocketGuard,
    /// Whether the client offers the subprotocol [`PROTOCOL`].
    agreed: bool,
}

impl Opened {
    /// Creates the socket on its connection. `begun` contains the bytes already read from the connection.
    pub(crate) fn on(self, stream: TcpStream, begun: BytesMut) -> Socket {
        Socket::new(self, stream, begun)
    }
}

/// Handles `GET /graphql` with an upgrade to WebSocket.
pub(crate) async fn upgrade(request: HttpRequest, endpoint: Data<Endpoint>) -> HttpResponse {
    let id = graphql_http::request_id(&request);
    let mut response = match open(&request, &endpoint, &id) {
        Ok(response) => response,
        Err(error) => {
            endpoint.service.metrics().refused(error.code);
            let error = endpoint.service.worded(error, &Languages::of(&request));
            graphql_http::error_response(&error, Answer::Json)
        }
    };
    graphql_http::echo(&mut response, &id);
    response
}

fn open(
    request: &HttpRequest,
    endpoint: &Data<Endpoint>,
    id: &RequestId,
) -> Result<HttpResponse, RequestError> {
    let peer = origin::peer(request, &endpoint.options);
    endpoint.service.admit_address(peer)?;
    origin::check(request, &endpoint.options)?;
    let guard = endpoint.service.open_socket(peer)?;
    let mut response = ws::handshake(request.head()).map_err(|error| {
        let status = actix_http::Response::from(error).status();
        RequestError::transport(status, "BAD_REQUEST", "The WebSocket handshake is not valid.")
    })?;
    let agreed = offers_protocol(request);
    if agreed {
        response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL));
    }
    if let Some(handover) = request.extensions().get::<Handover>() {
        handover.0.set(Some(Opened {
            endpoint: endpoint.clone().into_inner(),
            peer,
            user_agent: origin::user_agent(request).map(Box::from),
            languages: Languages::of(request),
            id: id.clone(),
            guard,
            agreed,
        }));
    }
    Ok(response.finish().map_body(|_, _| BoxBody::new(())).into())
}

fn offers_protocol(request: &HttpRequest) -> bool {
    let offers = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut names = offers.filter_map(|offer| offer.to_str().ok()).flat_map(|offer| offer.split(','));
    names.any(|name| name.trim() == PROTOCOL)
}
