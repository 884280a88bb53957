//! A PostgreSQL cluster of three members under Patroni, from the files in `deploy/patroni`, with the balancer that connects clients to the
//! primary.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};

use super::database::{Daemon, append, as_postgres, give_to_postgres, send};
use crate::local::repository;

/// Maximum wait for a cluster to start, or for a member to return. Copying a small database takes seconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// The port of Patroni's API.
const PATRONI_PORT: u16 = 8008;

/// The password of the superuser and of the replication user in this cluster.
const PASSWORD: &str = "patroni";

/// The database of a site.
pub(super) enum Postgres {
    /// A single PostgreSQL server.
    Alone(Daemon),
    /// A primary, a synchronous standby, and another standby.
    Cluster(Cluster),
}

impl Postgres {
    /// Restarts processes that exited on their own, as their supervisor would.
    pub(super) fn look_after(&mut self) {
        match self {
            Self::Alone(daemon) => daemon.look_after(),
            Self::Cluster(cluster) => cluster.members.iter_mut().for_each(Member::look_after),
        }
    }

    /// Number of times that a single server exited on its own. For a cluster, the number is 0, because Patroni restarts the members.
    pub(super) fn fell(&self) -> u64 {
        match self {
            Self::Alone(daemon) => daemon.fell,
            Self::Cluster(_) => 0,
        }
    }

    /// Crashes the server that accepts writes (an immediate shutdown). Returns when a server accepts writes again.
    pub(super) async fn crash(&mut self, pause: Duration) -> Result<String, String> {
        match self {
            Self::Alone(daemon) => {
                daemon.stop("QUIT").await;
                tokio::time::sleep(pause).await;
                daemon.start().await;
                Ok(String::new())
            }
            Self::Cluster(cluster) => cluster.crash_primary().await,
        }
    }
}

/// Three members, etcd, and the balancer.
pub(super) struct Cluster {
    members: Vec<Member>,
    http: reqwest::Client,
    _etcd: Child,
    _balancer: Child,
}

struct Member {
    name: String,
    address: Ipv4Addr,
    /// The folder of the member's data, and of the files that `deploy/patroni/start` writes.
    own: PathBuf,
    /// The folder of the files that all members read.
    shared: PathBuf,
    etcd: SocketAddr,
    log: PathBuf,
    patroni: Option<Child>,
}

impl Cluster {
    /// Starts etcd at host 60 of a network, the members at 61 to 63, and the balancer at 3. Waits until a standby is synchronous.
    pub(super) async fn start(folder: &Path, network: [u8; 3]) -> Self {
        let [a, b, c] = network;
        let host = |number: u8| Ipv4Addr::new(a, b, c, number);
        let shared = shared_files(folder).await;
        let etcd_at = SocketAddr::from((host(60), 2379));
        let etcd = etcd(folder, etcd_at);
        let mut members = Vec::new();
        for number in 1..=3_u8 {
            let own = folder.join(format!("postgres-{number}"));
            fs::create_dir_all(own.join("archive")).expect("a folder");
            give_to_postgres(&own).await;
            let mut member = Member {
                name: format!("postgres-{number}"),
                address: host(60 + number),
                own,
                shared: shared.clone(),
                etcd: etcd_at,
                log: folder.join(format!("postgres-{number}.log")),
                patroni: None,
            };
            member.start();
            members.push(member);
        }
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build();
        let balancer = balancer(folder, network);
        let cluster = Self { members, http: http.expect("a client"), _etcd: etcd, _balancer: balancer };
        cluster.whole().await.unwrap_or_else(|why| panic!("{why}"));
        cluster.follow_guide(&shared).await;
        cluster
    }

    /// Lists the members and backs up a member as in `deploy/patroni/README.md`. A member lets nobody in without a password, not even on its own
    /// machine.
    async fn follow_guide(&self, shared: &Path) {
        let member = &self.members[0];
        let mut list = as_postgres(Path::new("patronictl"));
        list.arg("-c").arg(member.own.join("patroni")).arg("list").current_dir("/").stdin(Stdio::null());
        let told = list.output().await.expect("patronictl: run the tests by tests/run");
        let listed = String::from_utf8_lossy(&told.stdout);
        let is_listed = |member: &Member| listed.contains(&member.name);
        assert!(self.members.iter().all(is_listed) && listed.contains("Sync Standby"), "{told:?}");
        let backups = member.own.join("backups");
        for (passwords, is_let_in) in [("nothing", false), ("pgpass", true)] {
            let mut backup = as_postgres(&shared.join("backup"));
            backup.arg(&backups).current_dir("/").stdin(Stdio::null());
            backup.env("PGHOST", member.address.to_string()).env("PGUSER", "replicator");
            backup.env("PGPASSFILE", shared.join(passwords)).env_remove("PGPASSWORD");
            let told = backup.output().await.expect("the backup starts");
            assert_eq!(told.status.success(), is_let_in, "{told:?}");
        }
    }

    /// The connecting user, as written in a URL.
    pub(super) fn credentials() -> String {
        format!("postgres:{PASSWORD}")
    }

    /// A member's status as Patroni reports it; `None` while the member is down.
    async fn state(&self, member: &Member) -> Option<Value> {
        let url = format!("http://{}:{PATRONI_PORT}/", member.address);
        self.http.get(url).send().await.ok()?.json().await.ok()
    }

    /// The member that accepts writes.
    async fn primary(&self) -> Option<usize> {
        for (index, member) in self.members.iter().enumerate() {
            let url = format!("http://{}:{PATRONI_PORT}/primary", member.address);
            if self.http.get(url).send().await.is_ok_and(|answer| answer.status() == 200) {
                return Some(index);
            }
        }
        None
    }

    /// Waits until there is a primary other than `dead`, or until `dead` is the primary again with a new postmaster.
    async fn another_primary(&self, dead: usize, postmaster: Option<u32>) -> Result<usize, String> {
        let begun = Instant::now();
        loop {
            if let Some(index) = self.primary().await
                && (index != dead || self.members[dead].postmaster() != postmaster)
            {
                return Ok(index);
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("no standby became the primary within {PATIENCE:?}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until two members follow the primary, and one of the two is allowed to take over. PostgreSQL must report this member as synchronous,
    /// **and** Patroni must have recorded that state in etcd. Patroni records the state a moment after PostgreSQL reports it. Until the state is
    /// recorded, Patroni does not promote any member, so no member would replace a dead primary.
    async fn whole(&self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            if self.is_whole().await {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!(
                    "after {PATIENCE:?}, the cluster lacks two standbys, or no standby may take over"
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn is_whole(&self) -> bool {
        let Some(index) = self.primary().await else { return false };
        let Some(state) = self.state(&self.members[index]).await else { return false };
        let followers = state["replication"].as_array().cloned().unwrap_or_default();
        let streaming = followers.iter().filter(|one| one["state"] == "streaming").count();
        if streaming != 2 || !followers.iter().any(|one| one["sync_state"] == "sync") {
            return false;
        }
        for member in &self.members {
            let url = format!("http://{}:{PATRONI_PORT}/synchronous", member.address);
            if self.http.get(url).send().await.is_ok_and(|answer| answer.status() == 200) {
                return true;
            }
        }
        false
    }

    /// Simulates the loss of the primary's machine: kills Patroni and PostgreSQL at once. The member returns after a standby has taken over.
    pub(super) async fn kill_primary(&mut self) -> Result<String, String> {
        let old = self.primary().await.ok_or("there is no primary")?;
        let begun = Instant::now();
        let postmaster = self.members[old].postmaster();
        self.members[old].kill().await;
        let new = self.another_primary(old, postmaster).await?;
        let taken = begun.elapsed();
        self.members[old].start();
        self.whole().await?;
        Ok(format!(
            " ({} died, {} took over after {:.1} s, whole again after {:.1} s)",
            self.members[old].name,
            self.members[new].name,
            taken.as_secs_f32(),
            begun.elapsed().as_secs_f32()
        ))
    }

    /// Crashes the primary but leaves its Patroni running.
    async fn crash_primary(&mut self) -> Result<String, String> {
        let old = self.primary().await.ok_or("there is no primary")?;
        let begun = Instant::now();
        let postmaster = self.members[old].postmaster();
        if let Some(id) = postmaster {
            send("QUIT", id).await;
            // the folder of the process in `/proc` may exist a moment longer
            while Path::new(&format!("/proc/{id}")).exists() && begun.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        // Patroni promotes a standby if the standby has all data; otherwise, Patroni restarts the old primary
        let new = self.another_primary(old, postmaster).await?;
        let taken = begun.elapsed();
        self.whole().await?;
        Ok(format!(
            " ({} crashed, {} took over after {:.1} s)",
            self.members[old].name,
            self.members[new].name,
            taken.as_secs_f32()
        ))
    }
}

impl Member {
    fn start(&mut self) {
        let mut command = as_postgres(&self.shared.join("start"));
        command.arg(&self.name).arg(self.address.to_string()).arg(&self.own);
        command.env("ETCD", self.etcd.to_string());
        command.env("CALLSHOP_SECRETS", self.shared.join("secrets"));
        command.env("CALLSHOP_CONF", &self.shared);
        command.env("CALLSHOP_ARCHIVE", self.own.join("archive"));
        command.env("CALLSHOP_ARCHIVE_WAL", self.shared.join("archive-wal"));
        command.current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(append(&self.log)).stderr(append(&self.log));
        self.patroni = Some(command.spawn().expect("deploy/patroni/start: run the tests by tests/run"));
    }

    fn look_after(&mut self) {
        if self.patroni.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_)))) {
            self.start();
        }
    }

    /// The id of the PostgreSQL process, which survives Patroni's death.
    fn postmaster(&self) -> Option<u32> {
        let file = fs::read_to_string(self.own.join("data/postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Stops Patroni first, so that Patroni does not restart PostgreSQL.
    async fn kill(&mut self) {
        if let Some(mut patroni) = self.patroni.take() {
            drop(patroni.kill().await);
        }
        if let Some(postmaster) = self.postmaster() {
            send("KILL", postmaster).await;
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(mut patroni) = self.patroni.take() {
            drop(patroni.start_kill());
        }
        if let Some(postmaster) = self.postmaster() {
            let killed = std::process::Command::new("kill").args(["-KILL", &postmaster.to_string()]).status();
            drop(killed);
        }
    }
}

/// Copies the files that members read to a folder that the user `postgres` can read. The repository may be in a folder that this user cannot enter.
async fn shared_files(folder: &Path) -> PathBuf {
    let (shared, deploy) = (folder.join("patroni"), repository().join("deploy"));
    fs::create_dir_all(shared.join("secrets")).expect("a folder");
    let files = [
        "patroni/start",
        "patroni/patroni.yml",
        "postgres/postgresql.conf",
        "postgres/archive-wal",
        "postgres/backup",
    ];
    for file in files {
        let from = deploy.join(file);
        fs::copy(&from, shared.join(from.file_name().expect("a name"))).expect("a copy");
    }
    for name in ["postgres_superuser", "postgres_replication"] {
        fs::write(shared.join("secrets").join(name), PASSWORD).expect("a secret");
    }
    let passwords = shared.join("pgpass");
    fs::write(&passwords, format!("*:*:*:replicator:{PASSWORD}\n")).expect("the passwords");
    // libpq ignores a file that others can read
    fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600)).expect("a mode");
    give_to_postgres(&shared).await;
    shared
}

fn etcd(folder: &Path, at: SocketAddr) -> Child {
    let (client, peer) = (format!("http://{at}"), format!("http://{}:{}", at.ip(), at.port() + 1));
    let mut command = Command::new("etcd");
    command.args(["--name", "etcd-1", "--data-dir"]).arg(folder.join("etcd"));
    command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    command.args(["--initial-cluster", &format!("etcd-1={peer}")]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(append(&folder.join("etcd.log")));
    command.kill_on_drop(true).spawn().expect("etcd: run the tests by tests/run")
}

/// The deployed balancer.
fn balancer(folder: &Path, [a, b, c]: [u8; 3]) -> Child {
    let mut command = Command::new("/usr/sbin/haproxy");
    command.arg("-db").arg("-f").arg(repository().join("deploy/patroni/haproxy.cfg"));
    command.env("PRIMARY", format!("{a}.{b}.{c}.3")).env("NET", format!("{a}.{b}.{c}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(append(&folder.join("primary.log")));
    command.kill_on_drop(true).spawn().expect("haproxy: run the tests by tests/run")
}
