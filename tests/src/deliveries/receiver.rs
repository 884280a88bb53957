//! A receiver that fails, hangs, is slow, and dies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::crash::Random;

/// A message that the receiver accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// Global id of the callshop.
    pub(super) shop: String,
    /// The event's number.
    pub(super) seq: i64,
    /// The message's id.
    pub(super) id: String,
}

/// The receiver's reaction to a message.
enum Mood {
    Accept,
    Fail,
    Drop,
    Hang,
    /// Accepts after this time.
    Late(Duration),
    /// Accepts, and dies before it answers.
    AcceptAndDrop,
}

/// The receiver. A message counts as accepted once the receiver has stored it, even if the answer does not arrive.
pub(super) struct Receiver {
    address: SocketAddr,
    /// Whether connections are accepted.
    alive: AtomicBool,
    calm: AtomicBool,
    random: Mutex<Random>,
    accepted: Mutex<BTreeMap<String, Vec<Accepted>>>,
    refused: Mutex<BTreeMap<String, usize>>,
}

impl Receiver {
    pub(super) async fn start(random: Random) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let receiver = Arc::new(Self {
            address: listener.local_addr().expect("its address"),
            alive: AtomicBool::new(true),
            calm: AtomicBool::new(false),
            random: Mutex::new(random),
            accepted: Mutex::default(),
            refused: Mutex::default(),
        });
        tokio::spawn(receiver.clone().listen(listener));
        receiver
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The messages to a path, in the order in which they were accepted.
    pub(super) fn accepted(&self, path: &str) -> Vec<Accepted> {
        self.accepted.lock().expect("messages").get(path).cloned().unwrap_or_default()
    }

    /// Number of messages to a path that were not accepted.
    pub(super) fn refused(&self, path: &str) -> usize {
        self.refused.lock().expect("a count").get(path).copied().unwrap_or(0)
    }

    /// Dies and comes back, again and again.
    pub(super) async fn change_moods(self: Arc<Self>, mut random: Random) {
        loop {
            tokio::time::sleep(Duration::from_millis(2_000 + random.below(4_000).unsigned_abs())).await;
            self.alive.store(false, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(200 + random.below(1_300).unsigned_abs())).await;
            self.alive.store(true, Ordering::Relaxed);
        }
    }

    /// Accepts everything from now on.
    pub(super) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.alive.store(true, Ordering::Relaxed);
    }

    async fn listen(self: Arc<Self>, first: TcpListener) {
        let mut listener = Some(first);
        loop {
            if !self.alive.load(Ordering::Relaxed) {
                // connections are refused
                listener = None;
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let open = match listener.take() {
                Some(open) => open,
                None => TcpListener::bind(self.address).await.expect("its port is still free"),
            };
            if let Ok(Ok((stream, _))) = tokio::time::timeout(Duration::from_millis(50), open.accept()).await
            {
                tokio::spawn(self.clone().answer(stream));
            }
            listener = Some(open);
        }
    }

    fn mood(&self) -> Mood {
        if self.calm.load(Ordering::Relaxed) {
            return Mood::Accept;
        }
        let mut random = self.random.lock().expect("numbers");
        match random.below(100) {
            0..5 => Mood::Fail,
            5..8 => Mood::Drop,
            8..10 => Mood::Hang,
            10..13 => Mood::AcceptAndDrop,
            13..25 => Mood::Late(Duration::from_millis(random.below(400).unsigned_abs())),
            _ => Mood::Accept,
        }
    }

    fn accept(&self, path: &str, message: Accepted) {
        self.accepted.lock().expect("messages").entry(path.to_owned()).or_default().push(message);
    }

    fn refuse(&self, path: &str) {
        *self.refused.lock().expect("a count").entry(path.to_owned()).or_default() += 1;
    }

    async fn answer(self: Arc<Self>, mut stream: TcpStream) {
        let Some((path, message)) = read(&mut stream).await else { return };
        let status = match self.mood() {
            Mood::Accept => 204,
            Mood::Fail => 500,
            Mood::Drop => return self.refuse(&path),
            Mood::Hang => {
                self.refuse(&path);
                // this wait is longer than the server's timeout
                tokio::time::sleep(Duration::from_secs(5)).await;
                return;
            }
            Mood::AcceptAndDrop => return self.accept(&path, message),
            Mood::Late(time) => {
                tokio::time::sleep(time).await;
                204
            }
        };
        match status {
            204 => self.accept(&path, message),
            _ => self.refuse(&path),
        }
        let length = if status == 204 { "" } else { "content-length: 0\r\n" };
        let text = format!("HTTP/1.1 {status} Status\r\n{length}\r\n");
        // the server may have closed the connection
        let _ = stream.write_all(text.as_bytes()).await;
    }
}

/// Reads a message and its path; `None` if the connection ends first.
async fn read(stream: &mut TcpStream) -> Option<(String, Accepted)> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head").to_lowercase();
    let value = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let length: usize = value("content-length:")?.parse().ok()?;
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let path = head.split_whitespace().nth(1)?.trim_start_matches('/').to_owned();
    let json: Value = serde_json::from_slice(&body).expect("the body is JSON");
    let feed = &json["data"]["feed"];
    let message = Accepted {
        shop: feed["callshopId"].as_str()?.to_owned(),
        seq: feed["event"]["seq"].as_i64()?,
        id: value("webhook-id:")?,
    };
    Some((path, message))
}
