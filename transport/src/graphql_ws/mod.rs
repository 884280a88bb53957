//! GraphQL over WebSocket, the graphql-transport-ws protocol to the letter.
//!
//! The token comes in `connection_init`, as `{"authorization": "Bearer …"}` or `{"token": "…"}`; a `ping` with the
//! same payload later replaces it by a fresh one of the same subject and role, answered by a `pong` with
//! `expiresAt`. Operations that run already go on under the new token's life.
//!
//! | close | when |
//! | --- | --- |
//! | 1001 | the server shuts down |
//! | 1002, 1007, 1009 | a broken frame, text that is not UTF-8, a message over the size limit |
//! | 1013 | the token cannot be checked now |
//! | 4400 | a message that the protocol does not know |
//! | 4401 | an operation before `connection_ack` |
//! | 4403 | the token is not valid, has expired, was revoked, or a fresh one is of someone else |
//! | 4406 | the client does not offer `graphql-transport-ws` |
//! | 4408 | no `connection_init` in time |
//! | 4409 | an operation under an id that is running |
//! | 4429 | a second `connection_init`, or messages faster than allowed |
//! | 4503 | too many sockets of this subject |
//! | 4504 | no sign of life for two pings |
//! | 4508 | the client does not read what it subscribed to |

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

use super::{Endpoint, error::RequestError, graphql_http, media::Answer, origin, service::SocketGuard};

/// The subprotocol's name.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// Where the answer to an upgrade leaves the socket that it agreed to. A request has it if its connection can be taken away from HTTP.
#[derive(Clone, Default)]
pub(crate) struct Handover(Rc<Cell<Option<Opened>>>);

impl Handover {
    pub(crate) fn take(&self) -> Option<Opened> {
        self.0.take()
    }
}

/// A socket without its connection.
pub(crate) struct Opened {
    endpoint: Arc<Endpoint>,
    peer: IpAddr,
    user_agent: Option<Box<str>>,
    id: RequestId,
    guard: SocketGuard,
    /// Whether the client offers our protocol.
    agreed: bool,
}

impl Opened {
    /// The socket on its connection, of which `begun` has been read.
    pub(crate) fn on(self, stream: TcpStream, begun: BytesMut) -> Socket {
        Socket::new(self, stream, begun)
    }
}

/// `GET /graphql` with an upgrade.
pub(crate) async fn upgrade(request: HttpRequest, endpoint: Data<Endpoint>) -> HttpResponse {
    let id = graphql_http::request_id(&request);
    let mut response = match open(&request, &endpoint, &id) {
        Ok(response) => response,
        Err(error) => {
            endpoint.service.metrics().refused(error.code);
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
