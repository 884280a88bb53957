//! Starts the processes of a run, and measures the resources that each process uses.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tests::server::HOOK_SECRET;

use crate::Result;

/// Maximum time for a process to start.
const STARTING: Duration = Duration::from_secs(20);
/// Number of clock ticks per second in `/proc`. The number is the same on every Linux system.
const TICKS: u32 = 100;
/// Bytes per memory page.
const PAGE: u64 = 4_096;

/// Redis on a free port, without persistence.
pub struct RedisServer {
    process: Child,
    port: u16,
    _dir: TempDir,
}

impl RedisServer {
    /// Starts Redis.
    pub fn start() -> Result<Self> {
        let (dir, port) = (tempfile::tempdir()?, free_port()?);
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot run redis-server ({error}): apt-get install redis-server"))?;
        wait_for(SocketAddr::from(([127, 0, 0, 1], port)))?;
        Ok(Self { process, port, _dir: dir })
    }

    /// The URL of Redis.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Creates a client.
    pub fn client(&self) -> Result<redis::Client> {
        Ok(redis::Client::open(self.url())?)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// A node or the relay: a separate process that runs this program with a different command.
pub struct Process {
    process: Child,
    /// Address for subscribers.
    pub http: SocketAddr,
    /// Address of the hook, if the process is a node.
    pub hook: SocketAddr,
}

/// Resources that a process has used.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Processor time.
    pub processor: Duration,
    /// Resident memory in bytes.
    pub resident: u64,
}

impl Process {
    /// Starts `callshop serve` on this database and Redis, with additional settings as environment variables.
    pub fn node(database: &str, redis: &RedisServer, channel: &str, more: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("node")
            .env("CALLSHOP_DATABASE_URL", database)
            .env("CALLSHOP_REDIS__URL", redis.url())
            .env("CALLSHOP_REDIS__CHANNEL", channel)
            .env("CALLSHOP_HOOK__SECRETS", format!("[\"{HOOK_SECRET}\"]"))
            .env("CALLSHOP_LIMITS__SOCKETS__PER_SUBJECT", "100000")
            .env("CALLSHOP_LIMITS__SOCKETS__PER_ADDRESS", "100000")
            .env("CALLSHOP_LIMITS__RATES__SUBJECT_PER_MINUTE", "0")
            .env("CALLSHOP_LIMITS__RATES__ADDRESS_PER_MINUTE", "0")
            .env("CALLSHOP_LOG", "error")
            .envs(more.iter().copied());
        Self::start(command)
    }

    /// Starts the bare relay.
    pub fn relay(redis: &RedisServer, channel: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["relay", "--redis", &redis.url(), "--channel", &format!("{channel}activity")]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self> {
        let (http, hook) = (address()?, address()?);
        command.env("CALLSHOP_LISTEN", http.to_string()).env("CALLSHOP_HOOK__LISTEN", hook.to_string());
        let process = command.stderr(Stdio::inherit()).stdin(Stdio::null()).spawn()?;
        let started = Self { process, http, hook };
        wait_for(http)?;
        Ok(started)
    }

    /// The resources that the process has used since its start.
    pub fn usage(&self) -> Result<Usage> {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.process.id()));
        // the fields follow the program's name, which may contain spaces
        let stat = read("stat")?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<u32>().ok());
        let spent = ticks(11).zip(ticks(12)).ok_or("/proc/…/stat has no times")?;
        let statm = read("statm")?;
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        Ok(Usage {
            processor: Duration::from_secs((spent.0 + spent.1).into()) / TICKS,
            resident: pages.ok_or("/proc/…/statm has no memory size")? * PAGE,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

fn end(process: &mut Child) {
    // the process may have ended on its own
    drop(process.kill());
    drop(process.wait());
}

fn free_port() -> Result<u16> {
    Ok(address()?.port())
}

fn address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn wait_for(address: SocketAddr) -> Result<()> {
    let start = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        if start.elapsed() > STARTING {
            return Err(format!("nothing listens at {address}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
