//! Starts and stops `deploy/local`: the topology of `docker-compose.yml` without containers.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::crash::process;

/// Maximum wait for any step.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running topology. Dropping this value ends all processes of the topology.
pub struct Local {
    /// The balancer's address for GraphQL.
    pub graphql: SocketAddr,
    /// The balancer's address for the SIP proxy's hook.
    pub hook: SocketAddr,
    /// The address of the SIP proxy.
    pub sip: SocketAddr,
    /// Offset added to each port of docker-compose.yml.
    pub shift: u16,
    /// The topology's folder.
    pub folder: PathBuf,
    /// The nodes' `callshop` binary.
    pub callshop: PathBuf,
    script: Child,
    // keeps the script's output pipe open; if the pipe were closed, the script would die when it writes its next line
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Local {
    /// Starts the topology in a folder, with additional command-line options.
    ///
    /// # Panics
    /// Panics if the topology is not ready in time. The panic's message includes the topology's output.
    pub async fn start(folder: &Path, options: &[&str]) -> Self {
        Self::start_with(folder, options, process::build(false), &[]).await
    }

    /// Like [`Self::start`], with a given binary and additional settings of the SIP proxy.
    ///
    /// # Panics
    /// See [`Self::start`].
    pub async fn start_with(
        folder: &Path,
        options: &[&str],
        callshop: PathBuf,
        sip_settings: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(repository().join("deploy/local"));
        command.envs(sip_settings.iter().copied());
        command.arg("--folder").arg(folder).arg("--callshop").arg(&callshop).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut script = command.spawn().expect("deploy/local starts");
        let mut lines = BufReader::new(script.stdout.take().expect("its output")).lines();
        let ready = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(rest) = line.strip_prefix("ready ") {
                    return rest.to_owned();
                }
            }
            panic!("deploy/local ended: run the tests with tests/run, which installs what it needs");
        };
        let ready = tokio::time::timeout(PATIENCE, ready).await.expect("deploy/local is ready in time");
        let value = |name: &str| {
            let words = ready.split(' ').filter_map(|word| word.split_once('='));
            words.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value).expect("a value")
        };
        let graphql: SocketAddr = value("GRAPHQL").parse().expect("an address");
        Self {
            graphql,
            hook: value("HOOK").parse().expect("an address"),
            sip: value("SIP").trim_start_matches("udp:").parse().expect("an address"),
            shift: graphql.port() - 8080,
            folder: folder.to_owned(),
            callshop,
            script,
            _lines: lines,
        }
    }

    /// The address of a host of the network, at a port from docker-compose.yml.
    pub fn at(&self, host: u8, port: u16) -> SocketAddr {
        let IpAddr::V4(balancer) = self.graphql.ip() else { panic!("IPv4") };
        let [a, b, c, _] = balancer.octets();
        SocketAddr::from(([a, b, c, host], port + self.shift))
    }

    /// One of the topology's secrets.
    pub fn secret(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.folder.join("secrets").join(name)).expect("a secret");
        text.trim_end().to_owned()
    }

    /// The process id of a service; `None` while it is not running.
    pub fn pid(&self, name: &str) -> Option<u32> {
        std::fs::read_to_string(self.folder.join(format!("{name}.pid"))).ok()?.trim().parse().ok()
    }

    /// A `callshop` command with a node's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let settings = std::fs::read_to_string(self.folder.join("api-1.env")).expect("a node's settings");
        let mut command = Command::new(&self.callshop);
        command.args(arguments).stdin(Stdio::null());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLSHOP_"))
        {
            command.env_remove(name);
        }
        command.envs(settings.lines().filter_map(|line| line.split_once('=')));
        command
    }

    /// Stops the topology as Ctrl-C does. Returns how long this took.
    ///
    /// # Panics
    /// Panics if the topology does not stop in time.
    pub async fn stop(mut self) -> Duration {
        let begun = Instant::now();
        self.terminate();
        let over = tokio::time::timeout(PATIENCE, self.script.wait()).await;
        over.expect("deploy/local ends in time").expect("an exit status");
        begun.elapsed()
    }

    fn terminate(&self) {
        if let Some(id) = self.script.id() {
            let _ = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status();
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for log in ["api-1", "api-2", "balancer", "kamailio", "postgres", "redis"] {
                let text = std::fs::read(self.folder.join(format!("{log}.log"))).unwrap_or_default();
                let end = String::from_utf8_lossy(&text[text.len().saturating_sub(1_500)..]).into_owned();
                eprintln!("== {log}\n{end}");
            }
        }
        // ask the script to stop its processes gracefully before killing them
        self.terminate();
        let patience = Instant::now() + Duration::from_secs(20);
        while matches!(self.script.try_wait(), Ok(None)) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}
