//! The peer is a bare WebSocket relay. A subscriber names its callshop and receives that callshop's messages from Redis unchanged. The relay has no
//! tokens, no GraphQL, no database, and no detection of gaps.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use app::feed::message::Message;
use futures_util::{SinkExt as _, StreamExt as _};
use redis::{AsyncConnectionConfig, PushInfo, PushKind, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Message as Frame, Utf8Bytes};
use uuid::Uuid;

use crate::Result;

/// Maximum number of messages queued for one subscriber.
const QUEUE: usize = 256;

/// The address on which the relay listens, and the Redis channel that the relay reads.
#[derive(clap::Args, Debug)]
pub struct RelayArgs {
    /// URL of Redis.
    #[arg(long)]
    redis: String,
    /// Name of the channel.
    #[arg(long)]
    channel: String,
    /// Address for subscribers.
    #[arg(long, env = "CALLSHOP_LISTEN")]
    listen: SocketAddr,
}

type Subscribers = Arc<RwLock<HashMap<Uuid, Vec<mpsc::Sender<Utf8Bytes>>>>>;

/// Runs the relay until it is killed.
pub fn relay(args: &RelayArgs) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(args))
}

async fn serve(args: &RelayArgs) -> Result<()> {
    let subscribers = Subscribers::default();
    let known = subscribers.clone();
    let pushed = move |push: PushInfo| {
        if let (PushKind::Message, Some(Value::BulkString(bytes))) = (push.kind, push.data.get(1)) {
            hand_on(&known, bytes);
        }
        Ok::<_, ()>(())
    };
    let url = format!("{}?protocol=resp3", args.redis);
    let config = AsyncConnectionConfig::new().set_push_sender(pushed);
    let mut link = redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await?;
    link.subscribe(&args.channel).await?;
    let listener = TcpListener::bind(args.listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(attend(stream, subscribers.clone()));
    }
}

fn hand_on(subscribers: &Subscribers, bytes: &[u8]) {
    let Some(message) = Message::read(bytes) else { return };
    let known = subscribers.read().unwrap_or_else(PoisonError::into_inner);
    let Some(subscribers) = known.get(&message.head.callshop_id) else { return };
    let text = Utf8Bytes::from(String::from_utf8_lossy(message.text()).into_owned());
    for subscriber in subscribers {
        // if the queue is full, the subscriber is not reading, so the message is dropped
        drop(subscriber.try_send(text.clone()));
    }
}

async fn attend(stream: TcpStream, subscribers: Subscribers) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let Some(Ok(Frame::Text(shop))) = socket.next().await else { return };
    let Ok(shop) = shop.parse::<Uuid>() else { return };
    let (sender, mut queue) = mpsc::channel(QUEUE);
    subscribers.write().unwrap_or_else(PoisonError::into_inner).entry(shop).or_default().push(sender);
    if socket.send(Frame::text("{}")).await.is_err() {
        return;
    }
    while let Some(text) = queue.recv().await {
        if socket.send(Frame::text(text)).await.is_err() {
            return;
        }
    }
}
