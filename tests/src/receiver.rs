//! A webhook receiver. Each test chooses the receiver's answers.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinHandle;

/// Maximum wait for expected messages.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer to a message.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Answers with 204 after this time.
    Late(Duration),
    /// Answers with this status after this time.
    LateStatus(Duration, u16),
    /// Reads the message and never answers.
    Hang,
    /// Reads the message and closes the connection.
    Drop,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The headers by their names in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

impl Received {
    /// The id of the message.
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// The body's JSON.
    ///
    /// # Panics
    /// Panics if the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// The sequence number (`seq`) of the `callshopActivity` event in the body.
    ///
    /// # Panics
    /// Panics if the body has no number.
    pub fn seq(&self) -> i64 {
        let json = self.json();
        json["data"]["callshopActivity"]["event"]["seq"]
            .as_i64()
            .unwrap_or_else(|| panic!("no seq in {json}"))
    }

    /// The signatures.
    pub fn signatures(&self) -> Vec<&str> {
        self.headers["webhook-signature"].split(' ').collect()
    }

    /// The signature with a secret, as OpenSSL makes it.
    ///
    /// # Panics
    /// Panics if the text is not a secret, or if `openssl` fails.
    pub async fn signed_with(&self, secret: &str) -> String {
        let key =
            BASE64.decode(secret.strip_prefix("whsec_").expect("a secret").as_bytes()).expect("base 64");
        let key = format!("hexkey:{}", HEXLOWER.encode(&key));
        let mut openssl = Command::new("openssl")
            .args(["dgst", "-sha256", "-mac", "HMAC", "-binary", "-macopt", &key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl starts");
        let text = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.body);
        let mut input = openssl.stdin.take().expect("its input");
        input.write_all(text.as_bytes()).await.expect("openssl reads its input");
        drop(input);
        let made = openssl.wait_with_output().await.expect("openssl exits");
        assert!(made.status.success());
        format!("v1,{}", BASE64.encode(&made.stdout))
    }
}

/// A receiver on this machine.
pub struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
    replies: Arc<Mutex<Replies>>,
    refused: Arc<Mutex<Option<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// Starts a receiver that accepts every message.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let seen = Arc::<Mutex<Vec<Received>>>::default();
        let replies = Arc::new(Mutex::new((VecDeque::new(), Reply::Status(204))));
        let refused = Arc::<Mutex<Option<String>>>::default();
        let (kept, next, bad) = (seen.clone(), replies.clone(), refused.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, kept.clone(), (next.clone(), bad.clone())));
            }
        });
        Self { address, seen, replies, refused, serving }
    }

    /// The address for `createWebhook`.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers the next messages with `first`, and all later ones with `then`.
    ///
    /// # Panics
    /// Panics if a connection panicked.
    pub fn answer(&self, first: &[Reply], then: Reply) {
        *self.replies.lock().expect("replies") = (first.iter().copied().collect(), then);
    }

    /// Answers with 422 every message that contains this text, even if the test has chosen another answer.
    ///
    /// # Panics
    /// Panics if a connection panicked.
    pub fn refuse(&self, text: Option<String>) {
        *self.refused.lock().expect("a text") = text;
    }

    /// Waits until a message that satisfies `is` has been received.
    ///
    /// # Panics
    /// Panics if the message does not come in time.
    pub async fn until_any(&self, is: impl Fn(&Received) -> bool) {
        let begun = Instant::now();
        while !self.seen().iter().any(&is) {
            assert!(begun.elapsed() < PATIENCE, "the message did not come: {:?}", self.seen());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The messages that were received, including those that were not accepted.
    ///
    /// # Panics
    /// Panics if a connection panicked.
    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().expect("messages").clone()
    }

    /// Waits until this many messages have been received. Returns all messages.
    ///
    /// # Panics
    /// Panics if the messages do not come in time.
    pub async fn until(&self, count: usize) -> Vec<Received> {
        let begun = Instant::now();
        loop {
            let seen = self.seen();
            if seen.len() >= count {
                return seen;
            }
            assert!(begun.elapsed() < PATIENCE, "only {} of {count} messages arrived: {seen:?}", seen.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Reads a message; `None` if the connection ends first.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head");
    let headers: HashMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().expect("a length");
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { headers, body: String::from_utf8(body).expect("a text") })
}

/// The replies to the next messages, and the reply to all messages after those.
type Replies = (VecDeque<Reply>, Reply);

async fn answer(
    mut stream: TcpStream,
    seen: Arc<Mutex<Vec<Received>>>,
    (replies, refused): (Arc<Mutex<Replies>>, Arc<Mutex<Option<String>>>),
) {
    let Some(message) = read(&mut stream).await else { return };
    let reply = {
        let mut replies = replies.lock().expect("replies");
        let then = replies.1;
        replies.0.pop_front().unwrap_or(then)
    };
    let is_refused = refused.lock().expect("a text").as_ref().is_some_and(|text| message.body.contains(text));
    seen.lock().expect("messages").push(message);
    let status = match reply {
        _ if is_refused => 422,
        Reply::Status(status) => status,
        Reply::Late(time) => {
            tokio::time::sleep(time).await;
            204
        }
        Reply::LateStatus(time, status) => {
            tokio::time::sleep(time).await;
            status
        }
        Reply::Hang => std::future::pending().await,
        Reply::Drop => return,
    };
    let location = if (300..400).contains(&status) { "location: http://127.0.0.1:1/\r\n" } else { "" };
    let body = if status == 204 { "" } else { "an answer" };
    let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let text = format!("HTTP/1.1 {status} Status\r\n{location}{length}\r\n{body}");
    // the server may have closed the connection
    let _ = stream.write_all(text.as_bytes()).await;
}
