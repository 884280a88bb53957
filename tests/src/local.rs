//! The topology of `docker-compose.yml` without containers: `deploy/local`, started and stopped.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::crash::process;

/// Longest wait for anything that it does.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running topology. What is left of it ends when this is dropped.
pub struct Local {
    /// The balancer's addresses: GraphQL, and the SIP proxy's hook.
    pub graphql: SocketAddr,
    /// See `graphql`.
    pub hook: SocketAddr,
    /// The SIP proxy.
    pub sip: SocketAddr,
    /// Added to each port that docker-compose.yml names.
    pub shift: u16,
    /// Its folder.
    pub folder: PathBuf,
    /// The program of its nodes.
    pub callshop: PathBuf,
    script: Child,
    // who stops reading gets the script killed by its next line
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Local {
    /// Starts it in a folder, with these options more.
    ///
    /// # Panics
    /// When it does not serve in time, with what it said.
    pub async fn start(folder: &Path, options: &[&str]) -> Self {
        Self::start_with(folder, options, process::build(false), &[]).await
    }

    /// The same with this program, and other settings of the SIP proxy.
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
            panic!("deploy/local ended: run the tests by tests/run, which installs what it needs");
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

    /// The address of a host of the network, at a port that docker-compose.yml names.
    pub fn at(&self, host: u8, port: u16) -> SocketAddr {
        let IpAddr::V4(balancer) = self.graphql.ip() else { panic!("IPv4") };
        let [a, b, c, _] = balancer.octets();
        SocketAddr::from(([a, b, c, host], port + self.shift))
    }

    /// One of its secrets.
    pub fn secret(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.folder.join("secrets").join(name)).expect("a secret");
        text.trim_end().to_owned()
    }

    /// The process of a service; none while it is not running.
    pub fn pid(&self, name: &str) -> Option<u32> {
        std::fs::read_to_string(self.folder.join(format!("{name}.pid"))).ok()?.trim().parse().ok()
    }

    /// A command of `callshop` with what a node has in its environment.
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

    /// Ends it as Ctrl-C does; for how long that took.
    ///
    /// # Panics
    /// When it does not end in time.
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
        // killed, it takes its processes with it; asked to end, it takes them with it in order
        self.terminate();
        let patience = Instant::now() + Duration::from_secs(20);
        while matches!(self.script.try_wait(), Ok(None)) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The top of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}
