//! Subscribers over graphql-transport-ws. Each subscriber follows one callshop. After a disconnect, the subscriber resumes with its cursor on any
//! node that it can reach.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async};

/// A subscriber's timeout for a connection, and for the first response on that connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// A subscriber treats a connection as dead if it receives nothing for this time. The server pings more often than this.
const SILENCE: Duration = Duration::from_secs(12);

const WATCH: &str = "subscription($id: ID!, $after: String) { callshopActivity(callshopId: $id, after: $after) \
    { cursor cursorExpired event { seq kind } } }";

/// A small query whose large response costs little to compute.
const SCHEMA: &str = "{ __schema { types { description fields { description args { description } } inputFields { description } } } }";

/// Events that a subscriber has seen.
pub(super) struct Seen {
    /// Index of the callshop.
    pub(super) shop: usize,
    /// Activity number (`seq`) of the last event.
    pub(super) last: AtomicI64,
    /// A digest of all `seq`s and kinds in order of arrival.
    pub(super) digest: AtomicU64,
    /// Violations: gaps, duplicates, lost cursors.
    pub(super) wrong: Mutex<Vec<String>>,
    /// Number of connections made.
    pub(super) connections: AtomicU64,
    /// Whether the subscriber has received its first message.
    pub(super) begun: AtomicBool,
    cursor: Mutex<Option<String>>,
}

/// A step of the digest (FNV-1a).
pub(super) fn digest(of: u64, seq: i64, kind: &str) -> u64 {
    let bytes = seq.to_be_bytes().into_iter().chain(kind.bytes());
    bytes.fold(of, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Seen {
    /// A subscriber of the callshop with the index `shop`. The number of the callshop's last event is `seq`.
    pub(super) fn new(shop: usize, seq: i64) -> Arc<Self> {
        Arc::new(Self {
            shop,
            last: AtomicI64::new(seq),
            digest: AtomicU64::new(0),
            wrong: Mutex::default(),
            connections: AtomicU64::new(0),
            begun: AtomicBool::new(false),
            cursor: Mutex::default(),
        })
    }

    fn object(&self, what: String) {
        let mut wrong = self.wrong.lock().expect("the list");
        if wrong.len() < 10 {
            wrong.push(what);
        }
    }

    fn take(&self, message: &Value) {
        let mut cursor = self.cursor.lock().expect("the cursor");
        if message["cursorExpired"] == true || (cursor.is_some() && message["event"].is_null()) {
            self.object(format!("the cursor was lost: {message}"));
        }
        *cursor = message["cursor"].as_str().map(str::to_owned);
        self.begun.store(true, Ordering::Relaxed);
        let Some(seq) = message["event"]["seq"].as_i64() else { return };
        let last = self.last.swap(seq, Ordering::Relaxed);
        if seq != last + 1 {
            self.object(format!("{seq} came after {last}"));
        }
        let kind = message["event"]["kind"].as_str().unwrap_or_default();
        self.digest.store(digest(self.digest.load(Ordering::Relaxed), seq, kind), Ordering::Relaxed);
    }
}

/// Address and token for a subscription.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) token: String,
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens an initialized socket; `None` on failure.
pub(super) async fn open(door: &Door) -> Option<Stream> {
    initialised(door, TcpStream::connect(door.address)).await
}

/// Like [`open`], but with the smallest receive buffer that the kernel allows.
pub(super) async fn open_narrow(door: &Door) -> Option<Stream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(4_096).ok()?;
    initialised(door, socket.connect(door.address)).await
}

async fn initialised(door: &Door, connecting: impl Future<Output = io::Result<TcpStream>>) -> Option<Stream> {
    let opening = async {
        let mut request = format!("ws://{}/graphql", door.address).into_client_request().ok()?;
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().ok()?);
        let (mut stream, _) =
            client_async(request, MaybeTlsStream::Plain(connecting.await.ok()?)).await.ok()?;
        let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", door.token) } });
        stream.send(Message::text(init.to_string())).await.ok()?;
        let answer = stream.next().await?.ok()?;
        answer.to_text().ok()?.contains("connection_ack").then_some(stream)
    };
    tokio::time::timeout(PATIENCE, opening).await.ok().flatten()
}

pub(super) async fn subscribe(stream: &mut Stream, shop: &str, after: Option<&str>) -> Option<()> {
    let payload = json!({ "query": WATCH, "variables": { "id": shop, "after": after } });
    let message = json!({ "id": "a", "type": "subscribe", "payload": payload });
    stream.send(Message::text(message.to_string())).await.ok()
}

/// Queries the whole schema this many times.
pub(super) async fn ask_much(stream: &mut Stream, times: usize) -> Option<()> {
    for number in 0..times {
        let message =
            json!({ "id": format!("much-{number}"), "type": "subscribe", "payload": { "query": SCHEMA } });
        stream.feed(Message::text(message.to_string())).await.ok()?;
    }
    stream.flush().await.ok()
}

/// Reads until the connection ends. Returns the number of bytes of text that were read, and the close code, if any.
pub(super) async fn rest(mut stream: Stream) -> (usize, Option<u16>) {
    let mut bytes = 0;
    while let Ok(Some(Ok(message))) = tokio::time::timeout(SILENCE, stream.next()).await {
        match message {
            Message::Text(text) => bytes += text.len(),
            Message::Close(frame) => return (bytes, frame.map(|frame| frame.code.into())),
            _ => {}
        }
    }
    (bytes, None)
}

/// Follows a callshop until `stop`.
pub(super) async fn follow(door: Arc<Door>, shop: String, seen: Arc<Seen>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        if let Some(stream) = open(&door).await {
            seen.connections.fetch_add(1, Ordering::Relaxed);
            listen(stream, &shop, &seen, &stop).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Listens until the connection ends, whatever the reason.
async fn listen(mut stream: Stream, shop: &str, seen: &Seen, stop: &AtomicBool) {
    let after = seen.cursor.lock().expect("the cursor").clone();
    if subscribe(&mut stream, shop, after.as_deref()).await.is_none() {
        return;
    }
    while !stop.load(Ordering::Relaxed) {
        let Ok(Some(Ok(message))) = tokio::time::timeout(SILENCE, stream.next()).await else { return };
        let Message::Text(text) = message else {
            if message.is_close() {
                return;
            }
            continue;
        };
        let message: Value = serde_json::from_str(&text).expect("JSON");
        match message["type"].as_str() {
            Some("next") if message["payload"]["errors"].is_null() => {
                seen.take(&message["payload"]["data"]["callshopActivity"]);
            }
            // the node cannot serve the subscription now, so the subscriber tries another node, or tries later
            Some("next" | "error" | "complete") => return,
            Some("ping") if stream.send(Message::text("{\"type\":\"pong\"}")).await.is_err() => return,
            _ => {}
        }
    }
}
