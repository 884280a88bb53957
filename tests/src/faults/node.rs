//! An API node: the real `callshop serve`, supervised as it would be by Docker or systemd.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::database::{append, send};

/// Maximum time for a node to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// One node.
pub(super) struct Node {
    pub(super) name: String,
    /// The node's own addresses for GraphQL and the hook.
    pub(super) own: [SocketAddr; 2],
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    state: Mutex<State>,
    /// Number of times that the node exited on its own.
    pub(super) fell: AtomicU64,
    http: reqwest::Client,
}

struct State {
    child: Option<Child>,
    /// Whether the node should be running. A node that should run is restarted if it exits.
    wanted: bool,
}

impl Node {
    pub(super) fn new(name: &str, binary: &Path, toml: &str, own: [SocketAddr; 2], folder: &Path) -> Self {
        let config = folder.join(format!("{name}.toml"));
        std::fs::write(&config, toml).expect("the configuration is written");
        Self {
            name: name.to_owned(),
            own,
            binary: binary.to_owned(),
            config,
            log: folder.join(format!("{name}.log")),
            state: Mutex::new(State { child: None, wanted: false }),
            fell: AtomicU64::new(0),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(3))
                .build()
                .expect("a client"),
        }
    }

    /// A `callshop` command with the node's configuration.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--config").arg(&self.config).stdin(Stdio::null());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLSHOP_"))
        {
            command.env_remove(name);
        }
        command.stdout(Stdio::null()).stderr(append(&self.log)).kill_on_drop(true);
        command
    }

    /// Starts the node, and keeps it running from now on.
    pub(super) async fn start(&self) {
        let mut state = self.state.lock().await;
        state.wanted = true;
        if state.child.is_none() {
            state.child = Some(self.command(&["serve"]).spawn().expect("callshop starts"));
        }
    }

    /// Restarts the node if it exited on its own. Call this function repeatedly.
    pub(super) async fn look_after(&self) {
        let mut state = self.state.lock().await;
        let over = state.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        if over.is_some() {
            state.child = None;
            if state.wanted {
                self.fell.fetch_add(1, Ordering::Relaxed);
                state.child = Some(self.command(&["serve"]).spawn().expect("callshop starts"));
            }
        }
    }

    /// Kills the node with SIGKILL. The node stays down until it is started.
    pub(super) async fn kill(&self) {
        let mut state = self.state.lock().await;
        state.wanted = false;
        if let Some(mut child) = state.child.take() {
            drop(child.kill().await);
        }
    }

    /// Stops the node with SIGTERM. Returns the node's exit status. The node stays down until it is started.
    pub(super) async fn stop(&self) -> Option<ExitStatus> {
        let mut state = self.state.lock().await;
        state.wanted = false;
        let mut child = state.child.take()?;
        send("TERM", child.id()?).await;
        let over = tokio::time::timeout(PATIENCE, child.wait()).await;
        over.unwrap_or_else(|_| panic!("{} does not stop: {}", self.name, self.tail())).ok()
    }

    /// Sends the node a signal, such as STOP or CONT.
    pub(super) async fn signal(&self, signal: &str) {
        let state = self.state.lock().await;
        if let Some(id) = state.child.as_ref().and_then(Child::id) {
            send(signal, id).await;
        }
    }

    /// Resident memory in KiB; `None` while the node is down.
    pub(super) async fn memory(&self) -> Option<u64> {
        let id = self.state.lock().await.child.as_ref().and_then(Child::id)?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }

    /// Whether the node reports that it is ready.
    pub(super) async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("http://{}/readyz", self.own[1])).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// Waits until the node reports that it is ready.
    pub(super) async fn ready(&self) {
        let begun = Instant::now();
        while !self.is_ready().await {
            assert!(begun.elapsed() < PATIENCE, "{} is not ready: {}", self.name, self.tail());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The last part of the node's log.
    pub(super) fn tail(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(3_000)..]).into_owned()
    }
}
