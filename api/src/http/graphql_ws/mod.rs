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

mod message;
mod outbox;
mod socket;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Payload},
};

use crate::telemetry::RequestId;

use super::{Endpoint, error::RequestError, graphql_http, media::Answer, origin};

/// The subprotocol's name.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// `GET /graphql` with an upgrade.
pub(crate) async fn upgrade(
    request: HttpRequest,
    payload: Payload,
    endpoint: Data<Endpoint>,
) -> HttpResponse {
    let id = graphql_http::request_id(&request);
    let mut response = match open(&request, payload, &endpoint, &id) {
        Ok(response) => response,
        Err(error) => {
            endpoint.service.metrics().api.refused(error.code);
            graphql_http::error_response(&error, Answer::Json)
        }
    };
    graphql_http::echo(&mut response, &id);
    response
}

fn open(
    request: &HttpRequest,
    payload: Payload,
    endpoint: &Data<Endpoint>,
    id: &RequestId,
) -> Result<HttpResponse, RequestError> {
    let peer = origin::peer(request, &endpoint.options);
    endpoint.service.admit_address(peer)?;
    origin::check(request, &endpoint.options)?;
    let guard = endpoint.service.open_socket(peer)?;
    let (response, _, incoming) =
        actix_ws::handle_with_protocols(request, payload, &[PROTOCOL]).map_err(|error| {
            let status = error.as_response_error().status_code();
            RequestError::transport(status, "BAD_REQUEST", "The WebSocket handshake is not valid.")
        })?;
    let (outbox, body) = outbox::outbox(guard);
    let chosen = response.headers().contains_key(header::SEC_WEBSOCKET_PROTOCOL);
    if chosen {
        let user_agent = origin::user_agent(request).map(str::to_owned);
        let socket =
            socket::Socket::new(endpoint.clone().into_inner(), (peer, user_agent), outbox, id.clone());
        actix_web::rt::spawn(socket.run(incoming));
    } else {
        outbox.close(socket::close::SUBPROTOCOL);
    }
    // The body given by the handshake stays alive inside ours: dropping it would end the incoming side.
    Ok(response.map_body(|_, handshake| body.holding(handshake)))
}
