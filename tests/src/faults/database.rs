//! The harness's own PostgreSQL server. Tests may stop this server, unlike a shared server.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(60);

/// A server that can be stopped and started.
pub(super) struct Daemon {
    command: Box<dyn Fn() -> Command + Send + Sync>,
    address: SocketAddr,
    name: &'static str,
    child: Option<Child>,
    /// Number of times that the server exited without being asked to.
    pub(super) fell: u64,
}

impl Daemon {
    pub(super) fn new(
        name: &'static str,
        address: SocketAddr,
        command: impl Fn() -> Command + Send + Sync + 'static,
    ) -> Self {
        Self { command: Box::new(command), address, name, child: None, fell: 0 }
    }

    fn spawn(&mut self) {
        self.child = Some((self.command)().kill_on_drop(true).spawn().unwrap_or_else(|error| {
            panic!("{}: {error}: run the tests with tests/run", self.name);
        }));
    }

    /// Restarts the server if it exited on its own, as a supervisor would. Call this function repeatedly.
    pub(super) fn look_after(&mut self) {
        if self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_)))) {
            self.fell += 1;
            self.spawn();
        }
    }

    /// Starts the server and waits until it listens.
    pub(super) async fn start(&mut self) {
        self.spawn();
        let begun = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "{} does not listen at {}", self.name, self.address);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a signal and waits until the server has exited. The server's files are kept for the next start.
    pub(super) async fn stop(&mut self, signal: &str) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(id) = child.id() {
            send(signal, id).await;
        }
        let over = tokio::time::timeout(PATIENCE, child.wait()).await;
        over.unwrap_or_else(|_| panic!("{} does not stop in time", self.name)).expect("an exit status");
    }
}

/// Sends a signal to a process.
pub(super) async fn send(signal: &str, id: u32) {
    let _ = Command::new("kill")
        .args([&format!("-{signal}"), &id.to_string()])
        .stderr(Stdio::null())
        .status()
        .await;
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A command that runs as the user `postgres`, as PostgreSQL requires.
pub(super) fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
    command
}

/// Makes the user `postgres` the owner of a folder and its contents.
pub(super) async fn give_to_postgres(folder: &Path) {
    if is_root() {
        let owned = Command::new("chown").args(["-R", "postgres:"]).arg(folder).status().await;
        assert!(owned.is_ok_and(|status| status.success()), "the user postgres must exist");
    }
}

/// PostgreSQL's durability settings.
pub(super) struct Durability {
    /// Whether PostgreSQL uses fsync. Without fsync, data survives a crash of PostgreSQL but not of the machine.
    pub(super) fsync: bool,
    /// Whether WAL segments are small. With small segments, a full disk is noticed immediately instead of after 16 MiB.
    pub(super) small: bool,
}

/// Starts PostgreSQL at an address, with its data in the subfolder `postgres`. The server's log is `postgres.log`, next to this subfolder.
pub(super) async fn postgres(folder: &Path, address: SocketAddr, durability: &Durability) -> Daemon {
    let bin = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL: run the tests with tests/run");
    let newest = bin.filter_map(|entry| Some(entry.ok()?.path())).max();
    let bin: PathBuf = newest.expect("a version").join("bin");
    let own = folder.join("postgres");
    fs::create_dir_all(&own).expect("a folder");
    give_to_postgres(&own).await;
    let data = own.join("data");
    let mut make = as_postgres(&bin.join("initdb"));
    make.arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
    make.arg(if durability.small { "--wal-segsize=1" } else { "--wal-segsize=16" });
    let made = make.current_dir("/").stdout(Stdio::null()).status().await;
    assert!(made.is_ok_and(|status| status.success()), "initdb");
    let hba = "local all all trust\nhost all all 127.0.0.0/8 trust\n";
    fs::write(data.join("pg_hba.conf"), hba).expect("pg_hba.conf is written");
    let log = folder.join("postgres.log");
    let fsync = if durability.fsync { "fsync=on" } else { "fsync=off" };
    let max_wal = if durability.small { "max_wal_size=64MB" } else { "max_wal_size=4GB" };
    let least_wal = if durability.small { "min_wal_size=2MB" } else { "min_wal_size=80MB" };
    let command = move || {
        let mut command = as_postgres(&bin.join("postgres"));
        command.arg("-D").arg(&data).arg("-c").arg(format!("unix_socket_directories={}", own.display()));
        command.args([
            "-c",
            &format!("listen_addresses={}", address.ip()),
            "-p",
            &address.port().to_string(),
        ]);
        command.args(["-c", fsync, "-c", "max_connections=200"]);
        command.args(["-c", max_wal, "-c", least_wal, "-c", "log_lock_waits=on"]).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(append(&log));
        command
    };
    let mut daemon = Daemon::new("PostgreSQL", address, command);
    daemon.start().await;
    daemon
}

/// Opens a log file for appending.
pub(super) fn append(path: &Path) -> File {
    File::options().append(true).create(true).open(path).expect("a log")
}
