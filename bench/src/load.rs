//! A proxy that only sends requests. Requests are prepared before the clock starts, and connections stay open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tests::server::HOOK_SECRET;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::Result;

/// Maximum size of a response head, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Response to one request.
pub struct Answer {
    /// The request's index.
    pub index: usize,
    /// The latency of the response.
    pub took: Duration,
    /// The body of a 200 response.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON. Parsing takes time, so call this function only while no request is being timed.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// The connections to the hook have their own thread, so that the server's threads do only the server's work.
pub struct Load {
    runtime: Runtime,
    hook: SocketAddr,
    connections: u32,
    idle: Vec<Connection>,
}

impl Load {
    /// Creates a load that uses this many connections.
    pub fn new(hook: SocketAddr, connections: u32) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, hook, connections, idle: Vec::new() })
    }

    /// Opens new connections for a turn, because the server closes connections that stay idle while the peer has its turn.
    pub fn connect(&mut self) -> Result<()> {
        self.idle.clear();
        for _ in 0..self.connections {
            self.idle.push(self.runtime.block_on(Connection::open(self.hook))?);
        }
        Ok(())
    }

    /// The bytes of a request.
    pub fn request(&self, path: &str, body: &Value) -> Vec<u8> {
        request(self.hook, path, body)
    }

    /// Sends each request once. A connection sends its next request after it gets the previous response. Returns the responses in the order of the
    /// requests, and the total time.
    pub fn send(&mut self, requests: Vec<Vec<u8>>) -> Result<(Vec<Answer>, Duration)> {
        let idle = std::mem::take(&mut self.idle);
        let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
        let (mut answers, idle, took) = self.runtime.block_on(async {
            let start = Instant::now();
            let senders: Vec<_> = idle
                .into_iter()
                .map(|each| tokio::spawn(send_some(each, requests.clone(), next.clone())))
                .collect();
            let (mut answers, mut idle) = (Vec::with_capacity(requests.len()), Vec::new());
            for sender in senders {
                let (connection, mut some) = sender.await??;
                idle.push(connection);
                answers.append(&mut some);
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((answers, idle, start.elapsed()))
        })?;
        self.idle = idle;
        answers.sort_unstable_by_key(|answer| answer.index);
        Ok((answers, took))
    }
}

/// The bytes of a request to the hook.
pub fn request(hook: SocketAddr, path: &str, body: &Value) -> Vec<u8> {
    let (secret, body) = (STANDARD.encode(format!("kamailio:{HOOK_SECRET}")), body.to_string());
    let length = body.len();
    format!(
        "POST /kamailio/v1/{path} HTTP/1.1\r\nHost: {hook}\r\nAuthorization: Basic {secret}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn send_some(
    mut connection: Connection,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
) -> Result<(Connection, Vec<Answer>)> {
    let mut answers = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(index) else { return Ok((connection, answers)) };
        let start = Instant::now();
        let body = connection.exchange(request).await?;
        answers.push(Answer { index, took: start.elapsed(), body });
    }
}

/// A keep-alive connection that supports only the part of HTTP/1.1 that the hook uses.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(hook: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(hook).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request and returns the response's body. Fails unless the status is 200.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.buffer.len() > MAX_HEAD {
                return Err("the head of the hook's response is too long".into());
            }
            self.read_more().await?;
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .ok_or("the hook's response has no content length")?;
        let end = head + length.trim().parse::<usize>()?;
        while self.buffer.len() < end {
            self.read_more().await?;
        }
        let body = &self.buffer[head..end];
        if !text.starts_with("http/1.1 200") {
            return Err(format!(
                "the hook answered {} {}",
                text.lines().next().unwrap_or_default(),
                String::from_utf8_lossy(body)
            )
            .into());
        }
        Ok(body.to_vec())
    }

    async fn read_more(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the hook closed a connection".into()),
            _ => Ok(()),
        }
    }
}
