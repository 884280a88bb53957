//! Tests that sockets and event streams conform exactly to the protocol. Each close code has a test, and other tests use misbehaving clients.

use std::{sync::atomic::Ordering, time::Duration};

use super::support::{FLOODED, GO_ON, Server, TURN, client, streams_open};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};
use transport::{HttpOptions, Limits};

/// A WebSocket client that sends and receives the raw messages of the protocol.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(server: &Server) -> Self {
        Self::with(server, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.expect("an upgrade")
    }

    async fn with(server: &Server, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{}/graphql", server.address).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a value"));
        }
        connect_async(request).await.map(|(socket, _)| Self(socket))
    }

    /// A socket that has received its `connection_ack`.
    async fn ready(server: &Server, token: &str) -> Self {
        let mut client = Self::connect(server).await;
        client
            .send(json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {token}")}}))
            .await;
        assert_eq!(client.next().await, json!({"type": "connection_ack"}));
        client
    }

    async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("sent");
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({"type": "subscribe", "id": id, "payload": {"query": query}})).await;
    }

    /// The next protocol message.
    async fn next(&mut self) -> Value {
        loop {
            match self.0.next().await.expect("open").expect("a frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    /// Reads until the socket closes. Returns the close code and reason.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            match self
                .0
                .next()
                .await
                .expect("the server sends a close frame before the connection ends")
                .expect("a frame")
            {
                Message::Close(Some(close)) => return (close.code.into(), close.reason.to_string()),
                Message::Close(None) => return (1005, String::new()),
                _ => {}
            }
        }
    }
}

/// Sends one text after `connection_ack`. Returns the code with which the server closes the socket.
async fn code_after(server: &Server, text: &str) -> u16 {
    let mut client = Client::ready(server, "user").await;
    client.send_text(text).await;
    client.closed().await.0
}

#[tokio::test]
async fn the_subprotocol_is_negotiated() {
    let server = Server::start();
    let offered = [("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")];
    Client::with(&server, &offered).await.expect("the server accepts one of the two subprotocols");
    let mut none = Client::with(&server, &[]).await.expect("an upgrade");
    assert_eq!(none.closed().await, (4406, "Subprotocol not acceptable".into()));
}

#[tokio::test]
async fn invalid_messages_close_with_4400() {
    let server = Server::start();
    let nested = format!(
        r#"{{"type":"subscribe","id":"1","payload":{{"query":"{{hello}}","variables":{{"a":{}"#,
        "[".repeat(4000)
    );
    let invalid = [
        "",
        "nothing",
        "7",
        "[]",
        r#"{"id":"1"}"#,
        r#"{"type":"start"}"#,
        r#"{"type":"next","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","payload":{"query":"{hello}"}}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{hello}"}}"#,
        r#"{"type":"subscribe","id":1,"payload":{"query":"{hello}"}}"#,
        r#"{"type":"subscribe","id":"1"}"#,
        r#"{"type":"subscribe","id":"1","payload":{}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}"#,
        r#"{"type":"complete"}"#,
        r#"{"type":"ping","payload":7}"#,
        &nested,
    ];
    for text in invalid {
        assert_eq!(code_after(&server, text).await, 4400, "{text:.60}");
    }
    let mut client = Client::ready(&server, "user").await;
    client.0.send(Message::binary(b"{}".to_vec())).await.expect("sent");
    assert_eq!(client.closed().await, (4400, "Invalid message".into()));
}

#[tokio::test]
async fn an_operation_before_the_acknowledgement_closes_with_4401() {
    let server = Server::start();
    let mut client = Client::connect(&server).await;
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.closed().await, (4401, "Unauthorized".into()));
}

#[tokio::test]
async fn bad_tokens_close_with_4403() {
    let server = Server::start();
    for payload in
        [json!({"token": "forged"}), json!({"authorization": "forged"}), json!({"Authorization": 7})]
    {
        let mut client = Client::connect(&server).await;
        client.send(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(client.closed().await, (4403, "Forbidden".into()), "{payload}");
    }
}

#[tokio::test]
async fn silence_after_the_upgrade_closes_with_4408() {
    let server = Server::with_limits(|limits| limits.sockets.init_seconds = 0);
    let mut client = Client::connect(&server).await;
    assert_eq!(client.closed().await, (4408, "Connection initialisation timeout".into()));
}

#[tokio::test]
async fn an_id_in_use_closes_with_4409_and_is_free_after_complete() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user").await;
    client.subscribe("a", "subscription { silence }").await;
    assert_eq!(client.next().await["payload"]["data"]["silence"], 0);
    client.send(json!({"type": "complete", "id": "a"})).await;
    client.subscribe("a", "subscription { silence }").await;
    assert_eq!(client.next().await["payload"]["data"]["silence"], 0);
    streams_open(1).await;
    client.subscribe("a", "{ hello }").await;
    assert_eq!(client.closed().await, (4409, "Subscriber already exists".into()));
    streams_open(0).await;
}

#[tokio::test]
async fn a_second_init_closes_with_4429() {
    let server = Server::start();
    assert_eq!(code_after(&server, r#"{"type":"connection_init"}"#).await, 4429);
    let mut client = Client::connect(&server).await;
    client.send(json!({"type": "connection_init"})).await;
    client.send(json!({"type": "connection_init"})).await;
    assert_eq!(client.closed().await, (4429, "Too many initialisation requests".into()));
}

#[tokio::test]
async fn messages_faster_than_allowed_close_with_4429() {
    let server = Server::with_limits(|limits| limits.sockets.messages_per_second = 2);
    let mut client = Client::ready(&server, "user").await;
    for _ in 0..10 {
        // The server may close the socket before the client has sent the last messages.
        let _ = client.0.send(Message::text(r#"{"type":"ping"}"#)).await;
    }
    assert_eq!(client.closed().await, (4429, "Too many messages".into()));
}

#[tokio::test]
async fn pings_are_answered_in_both_layers_and_before_init() {
    let server = Server::start();
    let mut client = Client::connect(&server).await;
    client.send(json!({"type": "ping", "payload": {"a": 1}})).await;
    assert_eq!(client.next().await, json!({"type": "pong"}));
    client.send(json!({"type": "pong"})).await;
    client.0.send(Message::Ping(b"x".to_vec().into())).await.expect("sent");
    assert!(matches!(client.0.next().await, Some(Ok(Message::Pong(payload))) if payload[..] == b"x"[..]));
}

#[tokio::test]
async fn a_stream_is_told_to_its_end() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user").await;
    client.subscribe("c\"1", "subscription { count(to: 2) }").await;
    for n in [1, 2] {
        assert_eq!(
            client.next().await,
            json!({"id": "c\"1", "type": "next", "payload": {"data": {"count": n}}})
        );
    }
    assert_eq!(client.next().await, json!({"id": "c\"1", "type": "complete"}));
    client.send(json!({"type": "complete", "id": "c\"1"})).await;
    client.subscribe("q", "{ who nothing }").await;
    let refused = client.next().await;
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("q")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
    client.subscribe("q", "{ who fails }").await;
    assert_eq!(client.next().await["payload"]["errors"][0]["path"], json!(["fails"]));
    assert_eq!(client.next().await, json!({"id": "q", "type": "complete"}));
}

#[tokio::test]
async fn hostile_documents_are_errors_of_their_operation() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user").await;
    let mut doubling = "{...F0}".to_owned();
    for step in 0..26 {
        doubling += &format!("fragment F{step} on Query{{...F{n} ...F{n}}}", n = step + 1);
    }
    doubling += "fragment F26 on Query{hello}";
    let nested = format!("{{ search(filter: {}", "[".repeat(4096));
    for (query, code) in [(nested, "DOCUMENT_TOO_DEEP"), (doubling, "TOO_MANY_FIELDS")] {
        client.subscribe("1", &query).await;
        assert_eq!(client.next().await["payload"][0]["extensions"]["code"], code);
    }
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.next().await["payload"]["data"]["hello"], "world");
}

#[tokio::test]
async fn operations_on_a_socket_are_bounded() {
    let server = Server::with_limits(|limits| limits.sockets.operations = 2);
    let mut client = Client::ready(&server, "user").await;
    for id in ["1", "2"] {
        client.subscribe(id, "subscription { silence }").await;
        assert_eq!(client.next().await["type"], "next");
    }
    client.subscribe("3", "subscription { silence }").await;
    let refused = client.next().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!("3"), &json!("error")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "TOO_MANY_OPERATIONS");
    client.send(json!({"type": "complete", "id": "1"})).await;
    client.subscribe("3", "subscription { silence }").await;
    assert_eq!(client.next().await["type"], "next", "the slot of the first socket must be free");
}

#[tokio::test]
async fn sockets_of_a_subject_and_an_address_are_bounded() {
    let server = Server::with_limits(|limits| limits.sockets.per_subject = 1);
    let first = Client::ready(&server, "user").await;
    let mut second = Client::connect(&server).await;
    second.send(json!({"type": "connection_init", "payload": {"token": "user"}})).await;
    assert_eq!(second.closed().await, (4503, "Too many sockets".into()));
    Client::ready(&server, "other").await;
    drop(first);

    let server = Server::with_limits(|limits| limits.sockets.per_address = 1);
    let _first = Client::connect(&server).await;
    let headers = [("sec-websocket-protocol", "graphql-transport-ws")];
    match Client::with(&server, &headers).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 429),
        _ => panic!("the second socket of the address must be refused"),
    }
}

#[tokio::test]
async fn messages_over_the_size_close_with_1009() {
    let server = Server::with_limits(|limits| limits.sockets.message_bytes = 1000);
    let text = format!(r#"{{"type":"ping","payload":{{"a":"{}"}}}}"#, "x".repeat(2000));
    assert_eq!(code_after(&server, &text).await, 1009);
}

#[tokio::test]
async fn an_expired_token_closes_with_4403() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user:300").await;
    client.subscribe("1", "subscription { silence }").await;
    assert_eq!(client.next().await["type"], "next");
    assert_eq!(client.closed().await, (4403, "Token expired".into()));
}

#[tokio::test]
async fn a_fresh_token_in_a_ping_keeps_the_socket() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user:600").await;
    client.send(json!({"type": "ping", "payload": {"authorization": "Bearer user:3600000"}})).await;
    let pong = client.next().await;
    assert!(pong["payload"]["expiresAt"].is_string(), "{pong}");
    let past_the_first = tokio::time::timeout(Duration::from_millis(900), client.0.next()).await;
    assert!(
        past_the_first.is_err(),
        "the socket must stay open after the first token expires: {past_the_first:?}"
    );
    client.send(json!({"type": "ping", "payload": {"token": "other"}})).await;
    assert_eq!(
        client.closed().await,
        (4403, "Forbidden".into()),
        "a token of another subject must close the socket"
    );
}

#[tokio::test]
async fn a_revoked_token_closes_at_once() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user").await;
    client.subscribe("1", "subscription { silence }").await;
    assert_eq!(client.next().await["type"], "next");
    server.tokens.revoked.lock().expect("lock").cancel();
    assert_eq!(client.closed().await, (4403, "Token revoked".into()));
    streams_open(0).await;
}

#[tokio::test]
async fn a_shutdown_closes_with_1001() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user").await;
    server.shutdown.cancel();
    assert_eq!(client.closed().await.0, 1001);
    let headers = [("sec-websocket-protocol", "graphql-transport-ws")];
    assert!(
        matches!(Client::with(&server, &headers).await, Err(Error::Http(response)) if response.status() == 503)
    );
}

#[tokio::test]
async fn foreign_origins_get_no_socket() {
    let options =
        HttpOptions { allowed_origins: vec!["https://shop.example".into()], ..HttpOptions::default() };
    let server = Server::with(Limits::default(), options);
    let from = |origin: &'static str| {
        let headers = [("sec-websocket-protocol", "graphql-transport-ws"), ("origin", origin)];
        let server = &server;
        async move { Client::with(server, &headers).await }
    };
    assert!(
        matches!(from("https://evil.example").await, Err(Error::Http(response)) if response.status() == 403)
    );
    from("https://shop.example").await.expect("listed");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_with_4508() {
    let server = Server::with_limits(|limits| limits.sockets.stall_seconds = 1);
    let mut client = Client::ready(&server, "user").await;
    client.subscribe("1", "subscription { flood }").await;
    streams_open(1).await;
    // The client reads nothing until the server has given up and ended the client's stream.
    streams_open(0).await;
    assert_eq!(client.closed().await, (4508, "Client reads too slowly".into()));
}

/// After the client stops reading, operations that have already started still run to completion, so that they release resources that other operations
/// need.
#[tokio::test]
async fn operations_of_a_client_that_does_not_read_hold_nothing_up() {
    let server = Server::with_limits(|limits| limits.sockets.stall_seconds = 600);
    let mut client = Client::ready(&server, "user").await;
    client.subscribe("hold", "{ hold }").await;
    while TURN.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    client.subscribe("flood", "subscription { flood(counted: true) }").await;
    // waits until all buffers between server and client are full; a single check could coincide with a pause of the machine
    let (mut before, mut same) = (0, 0);
    while same < 5 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = FLOODED.load(Ordering::Relaxed);
        same = if now > 0 && now == before { same + 1 } else { 0 };
        before = now;
    }
    let accepted = before * 16 * 1024;
    assert!(accepted < 2 * 1024 * 1024, "{accepted} bytes were accepted for a client that does not read");
    GO_ON.notify_one();
    let turn = tokio::time::timeout(Duration::from_secs(20), TURN.acquire()).await;
    drop(turn.expect("the operation must release the semaphore").expect("a turn"));
    assert_eq!(FLOODED.load(Ordering::Relaxed), before, "the queue must stay full");
    // the operation's response arrives as soon as the queue has room for it
    let mut answer = client.next().await;
    while answer["id"] != "hold" {
        answer = client.next().await;
    }
    assert_eq!(answer, json!({"id": "hold", "type": "next", "payload": {"data": {"hold": true}}}));
}

#[tokio::test]
async fn a_peer_without_a_sign_of_life_is_given_up() {
    let server = Server::with_limits(|limits| limits.sockets.ping_seconds = 1);
    let mut client = Client::ready(&server, "user").await;
    client.subscribe("1", "subscription { silence }").await;
    streams_open(1).await;
    // The client answers no pings, because the test does not poll the client.
    streams_open(0).await;
    assert_eq!(client.closed().await, (4504, "No sign of life".into()));
}

#[tokio::test]
async fn a_lost_connection_frees_its_streams_and_its_place() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user").await;
    client.subscribe("1", "subscription { silence }").await;
    assert_eq!(client.next().await["type"], "next");
    assert_eq!(server.service.open_sockets(), 1);
    drop(client);
    streams_open(0).await;
    while server.service.open_sockets() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_clean_close_is_answered_by_its_code() {
    let server = Server::start();
    let mut client = Client::ready(&server, "user").await;
    let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: 1000.into(), reason: "".into() };
    client.0.send(Message::Close(Some(frame))).await.expect("sent");
    assert_eq!(client.closed().await.0, 1000);
}

/// The text of an event stream until it ends.
async fn events(server: &Server, token: &str, query: &str) -> (u16, String) {
    let sent = client()
        .post(server.url())
        .header("accept", "text/event-stream")
        .bearer_auth(token)
        .json(&json!({"query": query}))
        .send();
    let response = sent.await.expect("an answer");
    (response.status().as_u16(), response.text().await.unwrap_or_default())
}

#[tokio::test]
async fn event_streams_tell_each_answer_and_the_end() {
    let server = Server::start();
    let (status, text) = events(&server, "user", "subscription { count(to: 2) }").await;
    let text = text.strip_prefix("retry: 1000\n\n").expect("the stream must begin with the retry time");
    let text = text.trim_start_matches(":\n\n");
    let one =
        "event: next\ndata: {\"data\":{\"count\":1}}\n\nevent: next\ndata: {\"data\":{\"count\":2}}\n\n";
    assert_eq!((status, text), (200, &*format!("{one}event: complete\ndata:\n\n")));
    assert_eq!(events(&server, "forged", "{ hello }").await.0, 401);
}

#[tokio::test]
async fn event_streams_end_with_the_token() {
    let server = Server::start();
    let (_, text) = events(&server, "user:300", "subscription { silence }").await;
    assert!(text.contains("UNAUTHENTICATED") && text.ends_with("event: complete\ndata:\n\n"), "{text}");
    streams_open(0).await;
}

#[tokio::test]
async fn event_streams_are_counted_with_the_sockets() {
    let server = Server::with_limits(|limits| limits.sockets.per_subject = 1);
    let _socket = Client::ready(&server, "user").await;
    assert_eq!(events(&server, "user", "subscription { silence }").await.0, 429);
    assert_eq!(events(&server, "other", "subscription { count(to: 1) }").await.0, 200);
}

/// A connection for raw bytes.
struct Raw(TcpStream);

impl Raw {
    async fn connect(server: &Server) -> Self {
        Self(TcpStream::connect(server.address).await.expect("connected"))
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("sent");
    }

    /// Sends a request with these headers. Returns the response head.
    async fn ask(&mut self, request: &str, headers: &str, body: &str) -> String {
        self.send(format!("{request} HTTP/1.1\r\nHost: shop.example\r\n{headers}\r\n{body}")).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.expect("a head"));
        }
        String::from_utf8(head).expect("text").to_ascii_lowercase()
    }

    /// Returns all bytes until the server closes the connection.
    async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.expect("the end");
        rest
    }
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n";

/// The start of a client's frame, with a mask of zeros.
fn frame(first: u8, claimed: u64, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0xff];
    frame.extend_from_slice(&claimed.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[tokio::test]
async fn an_upgrade_is_answered_as_the_standard_says() {
    let server = Server::start();
    let mut raw = Raw::connect(&server).await;
    let head = raw.ask("GET /graphql", &format!("{UPGRADE}X-Request-Id: mine-1\r\n"), "").await;
    assert!(head.starts_with("http/1.1 101 switching protocols\r\n"), "{head}");
    let expected = [
        "upgrade: websocket",
        "connection: upgrade",
        // this is the example of RFC 6455
        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
        "sec-websocket-protocol: graphql-transport-ws",
        "x-request-id: mine-1",
    ];
    for line in expected {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
}

#[tokio::test]
async fn a_connection_becomes_a_socket_after_other_requests_and_hears_what_came_with_the_upgrade() {
    let server = Server::start();
    let mut raw = Raw::connect(&server).await;
    let (length, body) =
        ("Content-Length: 19\r\nContent-Type: application/json\r\n", r#"{"query":"{hello}"}"#);
    let head = raw.ask("POST /graphql", length, body).await;
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    let length: usize = head
        .split_once("content-length: ")
        .and_then(|(_, rest)| rest.split_once("\r\n"))
        .and_then(|(length, _)| length.parse().ok())
        .expect("a length");
    raw.0.read_exact(&mut vec![0; length]).await.expect("the body");
    raw.send(format!("GET /graphql HTTP/1.1\r\nHost: shop.example\r\n{UPGRADE}\r\n")).await;
    raw.send(frame(0x81, 15, br#"{"type":"ping"}"#)).await;
    raw.send(frame(0x88, 2, &1000_u16.to_be_bytes())).await;
    let rest = raw.rest().await;
    let expected = b"\r\n\r\n\x81\x0f{\"type\":\"pong\"}\x88\x02\x03\xe8";
    assert!(rest.ends_with(expected), "{}", String::from_utf8_lossy(&rest));
    while server.service.open_sockets() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn offers_of_other_protocols_are_not_taken_up() {
    let server = Server::start();
    let mut raw = Raw::connect(&server).await;
    let h2c =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n";
    let head = raw.ask("GET /graphql?query=%7Bhello%7D", h2c, "").await;
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    let mut raw = Raw::connect(&server).await;
    let posted = format!("{h2c}Content-Type: application/json\r\nContent-Length: 19\r\n");
    let head = raw.ask("POST /graphql", &posted, r#"{"query":"{hello}"}"#).await;
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
}

#[tokio::test]
async fn what_is_no_upgrade_after_all_is_answered_and_ends_the_connection() {
    let server = Server::start();
    let no_version = UPGRADE.replace("Sec-WebSocket-Version: 13\r\n", "");
    let old_version = UPGRADE.replace("Version: 13", "Version: 8");
    let foreign = format!("{UPGRADE}Origin: https://evil.example\r\n");
    let refused = [
        ("GET /graphql", no_version.as_str(), "400 bad request"),
        ("GET /graphql", &old_version, "426 upgrade required"),
        ("GET /graphql", &foreign, "403 forbidden"),
        ("GET /elsewhere", UPGRADE, "404 not found"),
        ("PUT /graphql", UPGRADE, "405 method not allowed"),
        ("POST /graphql", UPGRADE, "415 unsupported media type"),
        ("CONNECT shop.example:443", "", "404 not found"),
    ];
    for (request, headers, status) in refused {
        let mut raw = Raw::connect(&server).await;
        let head = raw.ask(request, headers, "").await;
        assert!(head.starts_with(&format!("http/1.1 {status}\r\n")), "{request}: {head}");
        assert!(head.contains("\r\nconnection: close"), "{request}: {head}");
        let length = format!("\r\ncontent-length: {}\r\n", raw.rest().await.len());
        assert!(head.contains(&length), "{request}: {head} must contain {length}");
    }
    assert_eq!(server.service.open_sockets(), 0);
}

#[tokio::test]
async fn a_broken_frame_closes_with_1002_and_one_over_the_size_with_1009_before_it_is_there() {
    let server = Server::start();
    let limit = Limits::default().sockets.message_bytes;
    let claims = vec![b'x'; limit + 1];
    let half = vec![b'x'; limit / 2 + 1];
    let halves = [frame(1, half.len() as u64, &half), frame(0x80, half.len() as u64, &half)].concat();
    let broken = [
        (frame(0xc1, 0, b""), 1002),
        (frame(0x83, 0, b""), 1002),
        (vec![0x81, 0], 1002),
        (frame(0x80, 0, b""), 1002),
        (frame(0x09, 0, b""), 1002),
        (frame(0x88, 1, b"x"), 1002),
        (frame(0x81, 1, b"\xff"), 1007),
        (frame(0x81, 1 << 40, &claims), 1009),
        (halves, 1009),
    ];
    for (sent, code) in broken {
        let mut raw = Raw::connect(&server).await;
        raw.ask("GET /graphql", UPGRADE, "").await;
        raw.send(&sent).await;
        let close = raw.rest().await;
        let found = close.get(2..4).map(|code| u16::from_be_bytes([code[0], code[1]]));
        assert_eq!((close.first(), found), (Some(&0x88), Some(code)), "{:?}", &sent[..sent.len().min(16)]);
    }
}

#[tokio::test]
async fn fragments_are_one_message_with_pings_between_them() {
    let server = Server::start();
    let mut raw = Raw::connect(&server).await;
    raw.ask("GET /graphql", UPGRADE, "").await;
    raw.send(frame(1, 7, br#"{"type""#)).await;
    raw.send(frame(0x89, 2, b"hi")).await;
    raw.send(frame(0, 0, b"")).await;
    raw.send(frame(0x80, 8, br#":"ping"}"#)).await;
    raw.send(frame(0x88, 0, b"")).await;
    assert_eq!(raw.rest().await, b"\x8a\x02hi\x81\x0f{\"type\":\"pong\"}\x88\x00");
}
