//! Creates temporary databases for a run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Backend, Result};

/// Number of connections for the pools of two nodes and for the report, in addition to the peer's connections.
const OWN_CONNECTIONS: u32 = 100;

/// Location of a run's databases.
pub enum Databases {
    /// Files in a folder.
    Sqlite(TempDir),
    /// Databases on a PostgreSQL server started for the run.
    Postgres(Postgres),
}

impl Databases {
    /// Creates the folder, or starts a server that accepts `clients` connections in addition to callshop's connections.
    pub fn start(backend: Backend, clients: u32, statements: bool) -> Result<Self> {
        match backend {
            Backend::Sqlite => Ok(Self::Sqlite(tempfile::tempdir()?)),
            Backend::Postgres => Postgres::start(clients, statements).map(Self::Postgres),
        }
    }

    /// Id of the database server's main process; `None` for SQLite.
    pub fn process(&self) -> Result<Option<u32>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(server) => server.process().map(Some),
        }
    }

    /// Creates an empty database and returns its URL.
    pub fn create(&self, name: &str) -> Result<String> {
        match self {
            Self::Sqlite(dir) => Ok(format!("sqlite:{}", dir.path().join(name).display())),
            Self::Postgres(server) => server.create(name),
        }
    }
}

/// A PostgreSQL server in a temporary folder. Dropping this value stops the server.
pub struct Postgres {
    dir: TempDir,
    bin: PathBuf,
    /// The server's port on loopback.
    pub port: u16,
}

impl Postgres {
    fn start(clients: u32, statements: bool) -> Result<Self> {
        let server = Self { dir: tempfile::tempdir()?, bin: newest_bin()?, port: free_port()? };
        let data = server.data();
        std::fs::create_dir(&data)?;
        if is_root() {
            run(Command::new("chmod").arg("755").arg(server.dir.path()))?;
            run(Command::new("chown").arg("postgres").arg(&data))?;
        }
        let locale = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"];
        run(server.as_postgres("initdb").arg("-D").arg(&data).args(locale))?;
        // the settings avoid checkpoints during a turn, because checkpoints would distort the comparison
        let mut settings = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c max_connections={} -c fsync=on -c synchronous_commit=on \
             -c max_wal_size=8GB -c checkpoint_timeout=30min",
            server.port,
            data.display(),
            clients.saturating_add(OWN_CONNECTIONS)
        );
        if statements {
            settings.push_str(
                " -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track_planning=on",
            );
        }
        let log = data.join("log");
        run(server
            .as_postgres("pg_ctl")
            .arg("-D")
            .arg(&data)
            .arg("-l")
            .arg(log)
            .args(["-w", "-o", &settings, "start"]))?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Id of the server's main process, whose children serve the connections.
    pub fn process(&self) -> Result<u32> {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid"))?;
        Ok(text.lines().next().unwrap_or_default().trim().parse()?)
    }

    /// A command that runs a server program as a user that the program accepts. This user is never root.
    fn as_postgres(&self, program: &str) -> Command {
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(self.bin.join(program));
            command
        } else {
            Command::new(self.bin.join(program))
        };
        // the server cannot start in a folder that the user `postgres` cannot read
        command.current_dir(self.dir.path());
        command
    }

    /// A client program, configured to reach the server.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string()])
            .current_dir(self.dir.path());
        command
    }

    /// A folder in which client programs may write.
    pub fn scratch(&self) -> &Path {
        self.dir.path()
    }

    fn create(&self, name: &str) -> Result<String> {
        run(self.client("createdb").arg(name))?;
        Ok(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        if let Err(error) =
            run(self.as_postgres("pg_ctl").arg("-D").arg(data).args(["-m", "immediate", "-w", "stop"]))
        {
            eprintln!("callshop-bench: {error}");
        }
    }
}

/// Runs a command. Returns the command's output, or its error output as the error.
pub fn run(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    // pg_ctl's output stays open as long as the started server runs, so discard that output
    let output = if command.get_args().any(|argument| argument == "start") {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        return if status.success() {
            Ok(String::new())
        } else {
            Err(format!("{name}: PostgreSQL did not start").into())
        };
    } else {
        command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

fn newest_bin() -> Result<PathBuf> {
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let installed =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = installed.filter(|path| version(path).is_some()).max_by_key(|path| version(path));
    Ok(newest.ok_or("PostgreSQL is not installed: apt-get install postgresql")?.join("bin"))
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
