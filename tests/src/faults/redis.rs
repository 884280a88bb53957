//! The Redis of a site: either a single server, or a primary with a replica that takes over.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::database::{Daemon, append};
use crate::local::repository;
use crate::redis::{shipped_replica, shipped_users};
use crate::relay::Relay;

/// Maximum wait for a replica to catch up.
const PATIENCE: Duration = Duration::from_secs(60);
/// A single Redis server, or two servers. If there are two servers, the second replicates the first.
pub(super) struct Redis {
    servers: Vec<(Daemon, SocketAddr)>,
    /// Index of the primary.
    primary: usize,
    /// The address at which clients reach the primary.
    door: Option<Relay>,
}

impl Redis {
    /// Starts one server at an address.
    pub(super) async fn alone(folder: &Path, address: SocketAddr) -> Self {
        Self { servers: vec![(server(folder, "redis", address).await, address)], primary: 0, door: None }
    }

    /// Starts two servers. Clients reach the primary at `door`.
    pub(super) async fn replicated(folder: &Path, door: SocketAddr, addresses: [SocketAddr; 2]) -> Self {
        let mut servers = Vec::new();
        for (name, address) in ["redis-1", "redis-2"].into_iter().zip(addresses) {
            servers.push((server(folder, name, address).await, address));
        }
        let door = Some(Relay::between(door, addresses[0]).await);
        let redis = Self { servers, primary: 0, door };
        redis.follow(1).await.unwrap_or_else(|why| panic!("{why}"));
        redis
    }

    /// Stops the primary.
    pub(super) async fn stop(&mut self, signal: &str) {
        self.servers[self.primary].0.stop(signal).await;
    }

    /// Starts the primary again.
    pub(super) async fn start(&mut self) {
        self.servers[self.primary].0.start().await;
    }

    /// Kills the primary, so that the replica takes over. The new primary runs alone for some seconds, and then the failed server returns as its
    /// replica.
    ///
    /// # Errors
    /// The error is the message of the first step that fails.
    pub(super) async fn kill_primary(&mut self, alone: Duration) -> Result<String, String> {
        let door =
            self.door.as_ref().ok_or("only a Redis with a replica has a primary to kill; add --cluster")?;
        let (dead, heir) = (self.primary, 1 - self.primary);
        let begun = Instant::now();
        self.servers[dead].0.stop("KILL").await;
        door.cut();
        self.ask(heir, &["REPLICAOF", "NO", "ONE"]).await?;
        door.lead_to(self.servers[heir].1);
        door.mend();
        let took = begun.elapsed();
        self.primary = heir;
        tokio::time::sleep(alone).await;
        self.servers[dead].0.start().await;
        self.follow(dead).await?;
        Ok(format!(" (the replica took over in {} ms)", took.as_millis()))
    }

    /// Makes a server replicate the primary, and waits until it has connected.
    async fn follow(&self, replica: usize) -> Result<(), String> {
        let (_, primary) = &self.servers[self.primary];
        let (host, port) = (primary.ip().to_string(), primary.port().to_string());
        let begun = Instant::now();
        loop {
            // the server may still be loading its data
            let told = self.ask(replica, &["REPLICAOF", &host, &port]).await;
            let state = self.ask(self.primary, &["INFO", "replication"]).await.unwrap_or_default();
            if told.is_ok() && state.contains("state=online") {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("the Redis replica does not connect to its primary: {told:?}, {state}"));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn ask(&self, server: usize, words: &[&str]) -> Result<String, String> {
        let url = format!("redis://operator:change-me-operator@{}", self.servers[server].1);
        let asking = async {
            let client = redis::Client::open(url)?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            let mut command = redis::cmd(words[0]);
            command.arg(&words[1..]).query_async::<String>(&mut connection).await
        };
        asking.await.map_err(|error| error.to_string())
    }
}

/// Starts a Redis in a folder of its own, with the deployed configuration and users.
async fn server(folder: &Path, name: &'static str, address: SocketAddr) -> Daemon {
    let own = folder.join(name);
    fs::create_dir_all(&own).expect("a folder");
    let log = folder.join(format!("{name}.log"));
    let deployed = repository().join("deploy/redis");
    let acl = own.join("users.acl");
    fs::write(&acl, shipped_users()).expect("the users are written");
    // each of two servers may become the replica of the other
    let login = own.join("replica.conf");
    fs::write(&login, shipped_replica(None)).expect("the replica's login is written");
    let command = move || {
        let mut command = Command::new("redis-server");
        command.arg(deployed.join("redis.conf")).arg("--aclfile").arg(&acl);
        command.args(["--bind", &address.ip().to_string(), "--port", &address.port().to_string()]);
        command.arg("--include").arg(&login);
        command.arg("--dir").arg(&own).args(["--protected-mode", "no"]);
        command.stdin(Stdio::null()).stdout(append(&log)).stderr(append(&log));
        command
    };
    let mut daemon = Daemon::new(name, address, command);
    daemon.start().await;
    daemon
}
