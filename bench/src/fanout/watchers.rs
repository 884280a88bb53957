//! Runs thousands of WebSocket subscribers in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _, TryStreamExt as _, stream};
use graphql::scalars::Kind;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::seed::Seeded;
use crate::Result;

/// Number of sockets opened concurrently.
const AT_ONCE: usize = 16;

const SUBSCRIPTION: &str = "subscription($s: ID!) { callshopActivity(callshopId: $s) { cursor event { seq kind at cabinId call { id number \
    destination state elapsedSeconds cost { amount currency } } } } }";

/// The subscription protocol.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// `graphql-transport-ws`.
    Graphql,
    /// The protocol `graphql-transport-ws`, with a different document for each subscriber.
    Alone,
    /// The protocol of [`super::relay`].
    Relay,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a subscriber for each of these indexes into the list of callshops; an index may occur several times. For each event, `arrived` is called
/// with the subscriber's index. Returns after all subscribers have subscribed. The subscribers run until the runtime ends.
pub async fn open(
    way: Way,
    address: SocketAddr,
    seeded: Arc<Seeded>,
    places: Vec<usize>,
    arrived: Arc<dyn Fn(usize) + Send + Sync>,
) -> Result<()> {
    let opened = stream::iter(places).enumerate().map(|(number, place)| {
        let (seeded, arrived) = (seeded.clone(), arrived.clone());
        let document = match way {
            Way::Alone => SUBSCRIPTION.replacen("subscription", &format!("subscription S{number}"), 1),
            Way::Graphql | Way::Relay => SUBSCRIPTION.to_owned(),
        };
        async move {
            let socket = subscribe((way, &document), address, &seeded, place).await?;
            tokio::spawn(follow(socket, place, arrived));
            Ok(())
        }
    });
    opened.buffer_unordered(AT_ONCE).try_collect().await
}

async fn subscribe(
    (way, document): (Way, &str),
    address: SocketAddr,
    seeded: &Seeded,
    place: usize,
) -> Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    let (shop, token) = (seeded.shops[place], &seeded.token);
    let hello = match way {
        Way::Relay => vec![shop.to_string()],
        Way::Graphql | Way::Alone => {
            request.headers_mut().insert("Sec-WebSocket-Protocol", "graphql-transport-ws".parse()?);
            let variables = json!({ "s": Kind::Callshop.id(shop) });
            let payload = json!({ "query": document, "variables": variables });
            vec![
                json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } }).to_string(),
                json!({ "type": "subscribe", "id": "1", "payload": payload }).to_string(),
            ]
        }
    };
    let (mut socket, _) = tokio_tungstenite::client_async(request, MaybeTlsStream::Plain(stream)).await?;
    for text in hello {
        socket.send(Message::text(text)).await?;
        // callshop sends the acknowledgment and then the snapshot; the relay only acknowledges the callshop's id
        match socket.next().await {
            Some(Ok(Message::Text(answer))) if !answer.contains("\"error") => {}
            other => return Err(format!("not subscribed: {other:?}").into()),
        }
    }
    Ok(socket)
}

async fn follow(mut socket: Socket, place: usize, arrived: Arc<dyn Fn(usize) + Send + Sync>) {
    while let Some(Ok(message)) = socket.next().await {
        if matches!(message, Message::Text(_)) {
            arrived(place);
        }
    }
}
