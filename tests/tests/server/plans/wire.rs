//! Records the statements that a program sends to PostgreSQL, by reading the connections between them.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tests::server::postgres_url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The code of a request for TLS, which a client may send before its startup message.
const TLS: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// A statement that ran.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// The ids (OID) of the parameters' types.
    pub types: Vec<u32>,
    /// For each run of the statement, the bytes of the parameters.
    pub parameters: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Record {
    is_on: bool,
    statements: BTreeMap<String, Statement>,
}

/// Forwards connections to PostgreSQL.
pub struct Wire {
    /// The address at which the wire listens.
    address: SocketAddr,
    record: Arc<Mutex<Record>>,
}

impl Wire {
    /// A wire to the test server of PostgreSQL, and the URL of the same database through the wire.
    pub async fn before(url: &str) -> (Self, String) {
        let server = postgres_url().rsplit('@').next().unwrap().parse().unwrap();
        let wire = Self::to(server).await;
        let through = url.replacen(&server.to_string(), &wire.address.to_string(), 1);
        assert_ne!(through, url);
        (wire, through)
    }

    /// A wire to this address. The wire forwards messages until the test ends.
    pub async fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self { address: listener.local_addr().unwrap(), record: Arc::default() };
        let record = wire.record.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, to, record.clone()));
            }
        });
        wire
    }

    /// Starts to record.
    pub fn record(&self) {
        self.record.lock().unwrap().is_on = true;
    }

    /// The recorded statements, keyed by the statement's text.
    pub fn statements(&self) -> BTreeMap<String, Statement> {
        self.record.lock().unwrap().statements.clone()
    }
}

async fn carry(client: TcpStream, to: SocketAddr, record: Arc<Mutex<Record>>) {
    let server = TcpStream::connect(to).await.unwrap();
    let ((mut client_read, mut client_write), (mut server_read, mut server_write)) =
        (client.into_split(), server.into_split());
    tokio::spawn(async move {
        drop(tokio::io::copy(&mut server_read, &mut client_write).await);
    });
    let mut listener = Listener { record, ..Listener::default() };
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = client_read.read(&mut piece).await {
        listener.hear(&piece[..length]);
        if server_write.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

/// Reads the messages of one connection's client.
#[derive(Default)]
struct Listener {
    record: Arc<Mutex<Record>>,
    has_started: bool,
    bytes: Vec<u8>,
    /// The prepared statements by name: the text and the types of the parameters.
    prepared: HashMap<Vec<u8>, (String, Vec<u32>)>,
}

impl Listener {
    fn hear(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        while let Some((kind, body)) = self.message() {
            match kind {
                b'P' => self.prepare(&body),
                b'B' => self.bind(&body),
                b'Q' => self.run(text(&body).0, Statement::default()),
                _ => {}
            }
        }
    }

    /// The next whole message: its kind and its content. The startup message and any message before it have no kind; the kind is then 0.
    fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let begin = usize::from(self.has_started);
        let length = self.bytes.get(begin..begin + 4)?;
        let end = begin + u32::from_be_bytes(length.try_into().unwrap()) as usize;
        if self.bytes.len() < end {
            return None;
        }
        let message: Vec<u8> = self.bytes.drain(..end).collect();
        let body = message[begin + 4..].to_vec();
        if self.has_started {
            return Some((message[0], body));
        }
        self.has_started = body[..4] != TLS;
        Some((0, body))
    }

    fn prepare(&mut self, body: &[u8]) {
        let (name, rest) = split(body);
        let (sql, rest) = text(rest);
        let types = rest[2..].chunks_exact(4).map(|oid| u32::from_be_bytes(oid.try_into().unwrap()));
        self.prepared.insert(name.to_vec(), (sql, types.collect()));
    }

    fn bind(&self, body: &[u8]) {
        let (name, parameters) = split(split(body).1);
        let (sql, types) = self.prepared[name].clone();
        self.run(sql, Statement { types, parameters: vec![parameters.to_vec()] });
    }

    fn run(&self, sql: String, run: Statement) {
        let mut record = self.record.lock().unwrap();
        if record.is_on {
            let known = record.statements.entry(sql).or_default();
            known.types = run.types;
            known.parameters.extend(run.parameters);
        }
    }
}

/// A text that ends in a zero byte, and the bytes after it.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap();
    (&bytes[..end], &bytes[end + 1..])
}

fn text(bytes: &[u8]) -> (String, &[u8]) {
    let (text, rest) = split(bytes);
    (String::from_utf8(text.to_vec()).unwrap(), rest)
}
