//! A Redis server for each test, with TCP forwarders that can go silent.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::local::repository;

/// Maximum time for a server to start or stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis in a temporary folder. This Redis syncs every write to its append-only file, so a test may kill it without losing data.
pub struct RedisServer {
    dir: tempfile::TempDir,
    address: SocketAddr,
    options: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts a server.
    pub async fn start() -> Self {
        Self::with(|_| Vec::new()).await
    }

    /// Starts a server with the command-line options that `prepare` returns. `prepare` receives the server's folder, and can put files there. If
    /// the first option has no dashes, it is a configuration file.
    pub async fn with(prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let options = prepare(dir.path());
        let mut server = Self { dir, address: free_port().await, options, child: None };
        server.start_again().await;
        server
    }

    /// The listening address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The `redis://` URL for clients.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Starts the server again after [`Self::stop`] or [`Self::kill`], with its persisted data.
    ///
    /// # Panics
    /// Panics if the server does not start.
    pub async fn start_again(&mut self) {
        let log = self.dir.path().join("redis.log");
        let mut command = Command::new("redis-server");
        let (file, options) = match self.options.split_first() {
            Some((file, options)) if !file.starts_with('-') => (Some(file), options),
            _ => (None, self.options.as_slice()),
        };
        command.args(file).args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ]);
        command.args(["--port", &self.address.port().to_string(), "--maxmemory-policy", "noeviction"]);
        command.arg("--dir").arg(self.dir.path()).arg("--logfile").arg(&log).args(options);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn();
        let child = child.expect("redis-server starts (apt-get install redis-server)");
        self.child = Some(child);
        let begun = Instant::now();
        // Redis listens before it has finished loading its data
        while !self.is_ready().await {
            let log = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "redis-server does not answer: {}", log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.address).await else { return false };
        let mut answer = [0; 64];
        if stream.write_all(b"PING\r\n").await.is_err() {
            return false;
        }
        let read = stream.read(&mut answer).await.unwrap_or(0);
        // a server that asks for a password also counts as ready
        answer[..read].starts_with(b"+PONG") || answer[..read].starts_with(b"-NOAUTH")
    }

    /// Shuts the server down gracefully.
    pub async fn stop(&mut self) {
        let child = self.child.as_mut().expect("redis-server runs");
        let id = child.id().expect("redis-server has not exited").to_string();
        let told = std::process::Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.is_ok_and(|status| status.success()), "redis-server accepts SIGTERM");
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        ended.expect("redis-server stops in time").expect("a status");
        self.child = None;
    }

    /// Kills the server with SIGKILL.
    pub async fn kill(&mut self) {
        self.child.take().expect("redis-server runs").kill().await.expect("redis-server is killed");
    }

    /// Opens a connection for the test itself.
    pub async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).expect("an address");
        client.get_multiplexed_async_connection().await.expect("Redis answers")
    }

    /// Opens a forwarder to the server. The forwarder can go silent.
    pub async fn door(&self) -> Door {
        Door::to(self.address).await
    }
}

/// The users in `deploy/redis/users.acl`. All of them are on, and have the passwords in that file.
pub fn shipped_users() -> String {
    shipped("users.acl").replace(" off >", " on >")
}

/// The settings in `deploy/redis/replica.conf` that make a server a replica of `primary`. Without a primary, only the login of a replica: the server
/// starts as a primary, and can become a replica later.
pub fn shipped_replica(primary: Option<SocketAddr>) -> String {
    let replica = shipped("replica.conf");
    let (before, rest) = replica.split_once("\nreplicaof ").expect("a primary");
    let (_, login) = rest.split_once('\n').expect("a login");
    let primary = primary.map(|at| format!("replicaof {} {}\n", at.ip(), at.port())).unwrap_or_default();
    format!("{before}\n{primary}{login}")
}

/// The text of a file in `deploy/redis`.
fn shipped(name: &str) -> String {
    let file = repository().join("deploy/redis").join(name);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A port that is currently free.
pub async fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address")
}

/// A TCP forwarder. While the forwarder is shut, connections stay open but no data passes.
pub struct Door {
    /// The listening address.
    pub address: SocketAddr,
    open: watch::Sender<bool>,
    target: watch::Sender<SocketAddr>,
}

impl Door {
    /// Starts an open forwarder to `target`.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (open, is_open) = watch::channel(true);
        let (target, leads_to) = watch::channel(target);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let target = *leads_to.borrow();
                tokio::spawn(forward(client, target, is_open.clone()));
            }
        });
        Self { address, open, target }
    }

    /// Sends new connections to another target.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }

    /// The `redis://` URL through this forwarder.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Stops all traffic without closing connections.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Lets traffic pass again, including data that was held back.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn forward(client: TcpStream, target: SocketAddr, mut open: watch::Receiver<bool>) {
    if open.wait_for(|open| *open).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else { return };
    // the forwarder adds no delays unless the test asks for them
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // when one end closes, close both ends
    tokio::select! {
        () = pass(from_client, to_server, open.clone()) => {}
        () = pass(from_server, to_client, open) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut open: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if open.wait_for(|open| *open).await.is_err() || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
