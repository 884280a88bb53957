//! A graphql-transport-ws client that reads one frame at a time.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Maximum wait for an expected message.
const PATIENCE: Duration = Duration::from_secs(15);

/// An open WebSocket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects and initializes the socket with a token.
    pub async fn open(server: SocketAddr, token: &str) -> Self {
        Self::begin(server, json!({ "authorization": format!("Bearer {token}") })).await
    }

    /// Connects and initializes the socket with this payload.
    pub async fn begin(server: SocketAddr, payload: Value) -> Self {
        let mut request = format!("ws://{server}/graphql").into_client_request().expect("a request");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
        let (stream, _) = connect_async(request).await.expect("the server upgrades");
        let mut socket = Self(stream);
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await["type"], "connection_ack");
        socket
    }

    /// Subscribes with this operation id.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.send(
            json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } }),
        )
        .await;
    }

    /// The data of the next message. Panics unless the message is a `next` without errors.
    pub async fn next(&mut self) -> Value {
        let mut message = self.receive().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].take()
    }

    /// Like [`Self::next`], without a timeout; `None` if the server closes the socket.
    pub async fn next_patiently(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await.expect("the socket is open").expect("a frame") {
                Message::Text(text) => {
                    let mut message: Value = serde_json::from_str(&text).expect("JSON");
                    assert_eq!(message["type"], "next", "{message}");
                    return Some(message["payload"]["data"].take());
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(_) => return None,
                other => panic!("expected a text, not {other:?}"),
            }
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the socket accepts the message");
    }

    /// The next message. (The WebSocket library answers pings.)
    pub async fn receive(&mut self) -> Value {
        loop {
            let frame =
                tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message arrives in time");
            match frame.expect("the socket is open").expect("a frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a text, not {other:?}"),
            }
        }
    }

    /// Waits for the server to close the socket. Returns the close code and reason.
    pub async fn closed(mut self) -> (u16, String) {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("the server closes the socket in time");
            match frame {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("expected a close frame, not {other:?}"),
            }
        }
    }
}
