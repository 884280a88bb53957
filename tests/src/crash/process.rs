//! Builds the real `callshop` binary, then starts, kills and restarts it.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use api::config::Config;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Maximum time for a server to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Path of the binary, built from the current source.
///
/// # Panics
/// Panics if the build fails.
pub fn build(release: bool) -> PathBuf {
    // `tests/run` builds the binary together with the tests, in the debug or the release profile. If the binary were built alone, its crates would be
    // built with different features, so half of all crates would have to be built again.
    if let Some(built) = std::env::var_os("CALLSHOP_TEST_SERVER") {
        return built.into();
    }
    let profile = if release { "release" } else { "debug" };
    let own = std::env::current_exe().expect("this program has a path");
    let target = own.ancestors().find(|folder| folder.ends_with("debug") || folder.ends_with("release"));
    let target = target.and_then(Path::parent).expect("target/PROFILE").to_owned();
    let mut build = Blocking::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "api", "--bin", "callshop"]);
    if release {
        build.arg("--release");
    }
    // cargo sets environment variables for this test; if the build had these variables, build scripts (such as ring's) would run again, and half of
    // all crates would be rebuilt
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"]
            .iter()
            .any(|own| text.starts_with(own))
        {
            build.env_remove(&name);
        }
    }
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    assert!(build.status().expect("cargo runs").success(), "the callshop command builds");
    target.join(profile).join("callshop")
}

/// A server process that can be killed.
pub struct Process {
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    addresses: [SocketAddr; 2],
    child: Option<Child>,
}

impl Process {
    /// Prepares a server with this configuration and its files in this folder, without starting it.
    pub fn new(binary: PathBuf, config: &Config, folder: &Path) -> Self {
        let (file, log) = (folder.join("crash.toml"), folder.join("callshop.log"));
        std::fs::write(&file, toml(config)).expect("the configuration is written");
        File::create(&log).expect("a log");
        Self { binary, config: file, log, addresses: [config.listen, config.hook.listen], child: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--config").arg(&self.config).stdin(Stdio::null());
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLSHOP_"))
        {
            command.env_remove(name);
        }
        let log = OpenOptions::new().append(true).open(&self.log).expect("the log opens");
        command.stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        command
    }

    /// Starts the server without waiting until it is ready.
    pub fn start(&mut self) {
        self.child = Some(self.command(&["serve"]).spawn().expect("callshop starts"));
    }

    /// Waits until the server is ready. Returns the waiting time.
    ///
    /// # Panics
    /// Panics if the server exits before it is ready, or is not ready in time. The panic's message includes the end of the server's log.
    pub async fn ready(&mut self) -> Duration {
        let begun = Instant::now();
        for address in self.addresses {
            while TcpStream::connect(address).await.is_err() {
                let child = self.child.as_mut().expect("the server was started");
                let over = child.try_wait().expect("the process has a status");
                assert!(
                    over.is_none() && begun.elapsed() < PATIENCE,
                    "the server does not serve: {over:?}\n{}",
                    self.tail()
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        begun.elapsed()
    }

    /// Sends the server a signal by name, such as TERM.
    ///
    /// # Panics
    /// Panics if the server is not running.
    pub async fn signal(&self, name: &str) {
        let id = self.child.as_ref().and_then(Child::id).expect("the server runs");
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {id}")).status().await;
        assert!(sent.expect("sh runs").success(), "the server must get the signal");
    }

    /// Waits until the server exits on its own. Returns the server's exit status.
    ///
    /// # Panics
    /// Panics if the server does not exit in time.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the server was started");
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("the server does not exit\n{}", self.tail()))
            .expect("the process has a status")
    }

    /// The server's log.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Kills the server with SIGKILL.
    ///
    /// # Panics
    /// Panics if the server had already exited on its own.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("the server was started");
        let over = child.try_wait().expect("the process has a status");
        assert!(over.is_none(), "the server exited on its own: {over:?}\n{}", self.tail());
        child.kill().await.expect("the server is killed");
    }

    /// Runs `callshop audit`. Returns the output of the audit and whether the audit passed.
    pub async fn audit(&self) -> (bool, String) {
        let mut command = self.command(&["audit"]);
        command.stdout(Stdio::piped());
        let output = command.output().await.expect("callshop runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn tail(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(4_000)..]).into_owned()
    }
}

/// The configuration as a TOML file, without defaults.
fn toml(config: &Config) -> String {
    let secret = config.hook.secrets.first().expect("a secret").expose_secret();
    let proxies = config.hook.proxies.iter().map(|proxy| {
        let (name, control, token) = (&proxy.name, &proxy.control_url, proxy.token.expose_secret());
        format!("[[hook.proxies]]\nname = \"{name}\"\ncontrol_url = \"{control}\"\ntoken = \"{token}\"\n\n")
    });
    let redis = config.redis.url.as_ref().map(|url| {
        let stream = config.redis.events_stream.iter().map(|name| format!("events_stream = \"{name}\"\n"));
        let (url, claim) = (url.expose_secret(), config.redis.claim_seconds);
        format!("\n[redis]\nurl = \"{url}\"\nclaim_seconds = {claim}\n{}", stream.collect::<String>())
    });
    let folder = config.imports.folder.as_ref();
    let imports =
        folder.map(|folder| format!("[imports]\nfolder = \"{}\"\n\n", folder.display())).unwrap_or_default();
    format!(
        "listen = \"{}\"\ndatabase_url = \"{}\"\ndatabase_connections = {}\n\n[auth]\naccess_seconds = {}\n\n\
         [hook]\nlisten = \"{}\"\nsecrets = [\"{secret}\"]\n\n\
         {}{imports}[calls]\nslice_seconds = {}\n\n[limits.rates]\nsubject_per_minute = 0\naddress_per_minute = 0\n\n\
         [webhooks]\nallow_private = [\"127.0.0.0/8\"]\ntimeout_seconds = {}\nfirst_retry_seconds = {}\n\n\
         [shutdown]\ndrain_seconds = {}\ngrace_seconds = {}\n{}",
        config.listen,
        config.database_url,
        config.database_connections,
        config.auth.access_seconds,
        config.hook.listen,
        proxies.collect::<String>(),
        config.calls.slice_seconds,
        config.webhooks.timeout_seconds,
        config.webhooks.first_retry_seconds,
        config.shutdown.drain_seconds,
        config.shutdown.grace_seconds,
        redis.unwrap_or_default(),
    )
}
