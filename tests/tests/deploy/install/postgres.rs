//! Tests PostgreSQL, its backups and its WAL archive without containers, as in docs/operating.md, on a cluster created with Debian's tools.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tests::local::repository;

use super::{bash, mode, read, run};

/// A Debian cluster in a folder of its own. The machine's clusters are not changed.
struct Cluster {
    folder: tempfile::TempDir,
    version: String,
    port: u16,
}

impl Cluster {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL: run the tests with tests/run");
        let versions = versions.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let version = versions.max_by_key(|name| name.parse::<u32>().unwrap_or(0)).expect("a version");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let made = Self { folder, version, port };
        let path = |name: &str| made.path(name).display().to_string();
        let (data, sockets, log) = (path("data"), path("sockets"), path("log"));
        let mut create = made.debian("pg_createcluster");
        create.args([
            "-p",
            &port.to_string(),
            "-d",
            &data,
            "-s",
            &sockets,
            "-l",
            &log,
            &made.version,
            "main",
        ]);
        run(&mut create);
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn debian(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PG_CLUSTER_CONF_ROOT", self.path("conf")).current_dir("/");
        command
    }

    fn start(&self) {
        run(self.debian("pg_ctlcluster").args([&self.version, "main", "start"]));
    }

    /// A program that runs as the user postgres. This user needs no password.
    fn as_postgres(&self, program: &Path) -> Command {
        let mut command = self.told("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    }

    /// A program with the server's address in its environment, because a second server is not at the default address.
    fn told(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PGHOST", self.path("sockets")).env("PGPORT", self.port.to_string()).current_dir("/");
        command
    }

    fn sql(&self, sql: &str) -> String {
        let output = run(self.as_postgres(Path::new("psql")).args(["-XAtq", "-d", "postgres", "-c", sql]));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.debian("pg_dropcluster").args(["--stop", &self.version, "main"]).status();
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").filter_map(Result::ok);
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn printed(output: Output) -> PathBuf {
    PathBuf::from(String::from_utf8(output.stdout).expect("text").trim())
}

#[test]
fn deployed_postgres_of_debian_archives_and_is_backed_up_as_written_down() {
    let uid = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("this process"));
    assert_eq!(uid, 0, "only root can create Debian's clusters: run this test as root");
    let guide = read("docs/operating.md");
    for line in [
        "cp deploy/postgres/postgresql.conf /etc/postgresql/15/main/conf.d/callshop.conf",
        "cp deploy/postgres/environment /etc/postgresql/15/main/environment",
        "CALLSHOP_SECRETS=/etc/callshop/secrets deploy/postgres/create-databases",
        "runuser -u postgres -- deploy/postgres/backup /var/backups/callshop",
        "runuser -u postgres -- deploy/postgres/prune /var/backups/callshop /var/lib/callshop-archive 7",
    ] {
        assert!(guide.contains(line), "the guide must contain: {line}");
    }
    let cluster = Cluster::make();
    let share = cluster.path("share");
    fs::create_dir(&share).expect("a folder");
    run(Command::new("cp").arg("-r").arg(repository().join("deploy")).arg(&share));
    let scripts = share.join("deploy/postgres");
    let (archive, backups) = (cluster.path("archive"), cluster.path("backups"));
    run(Command::new("install")
        .args(["-d", "-o", "postgres", "-g", "postgres", "-m", "700"])
        .args([&archive, &backups]));
    let own = cluster.path("conf").join(&cluster.version).join("main");
    fs::copy(scripts.join("postgresql.conf"), own.join("conf.d/callshop.conf")).expect("a copy");
    let environment = fs::read_to_string(scripts.join("environment")).expect("the environment");
    let environment = environment
        .replace("/var/lib/callshop-archive", &archive.display().to_string())
        .replace("/usr/share/callshop", &share.display().to_string());
    fs::write(own.join("environment"), environment).expect("the environment");
    // the default of a minute is too long for a test; the setting is written before the start, because an idle server reads it again only after
    // checkpoint_timeout
    fs::write(own.join("conf.d/soon.conf"), "archive_timeout = 2\n").expect("a setting");
    cluster.start();
    let wakes = read("deploy/systemd/postgresql@.service.d/callshop.conf");
    assert!(wakes.contains("\nExecStartPost=-/usr/bin/pg_ctlcluster --skip-systemctl-redirect %i reload\n"));
    run(cluster.debian("pg_ctlcluster").args([
        "--skip-systemctl-redirect",
        &format!("{}-main", cluster.version),
        "reload",
    ]));
    cluster.sql("CREATE TABLE early AS SELECT 1 AS a");
    let begun = Instant::now();
    while names(&archive).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no WAL segment was archived in time");
        std::thread::sleep(Duration::from_millis(100));
    }

    // only root can read the secrets, and no password prompt appears
    let secrets = cluster.path("secrets");
    run(Command::new(share.join("deploy/make-secrets")).arg(&secrets).arg("127.0.0"));
    run(cluster.told(scripts.join("create-databases")).env("CALLSHOP_SECRETS", &secrets));
    assert_eq!(cluster.sql("SELECT string_agg(datname, ' ' ORDER BY 1) FROM pg_database WHERE datname IN ('callshop', 'kamailio')"), "callshop kamailio");

    // after two days, WAL from before the oldest kept backup is pruned
    // this pg_basebackup also shows the slot that keeps the WAL until the backup has included it
    let (bin, seen) = (cluster.path("bin"), cluster.path("seen"));
    run(Command::new("install").args(["-d", "-o", "postgres", "-m", "755"]).args([&bin, &seen]));
    let shows = "#!/bin/sh\npsql -XAtq -d postgres -c 'SELECT active AND temporary FROM pg_replication_slots' >\"$SEEN\"\n\
                 exec /usr/bin/pg_basebackup \"$@\"\n";
    fs::write(bin.join("pg_basebackup"), shows).expect("a program");
    run(Command::new("chmod").arg("755").arg(bin.join("pg_basebackup")));
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    let backup = || {
        let mut backup = cluster.as_postgres(&scripts.join("backup"));
        printed(run(backup.arg(&backups).env("PATH", &path).env("SEEN", seen.join("slots"))))
    };
    let first = backup();
    let early = cluster.sql("SELECT pg_walfile_name(pg_switch_wal())");
    std::thread::sleep(Duration::from_millis(1_100));
    let second = backup();
    assert!(first != second && mode(&first) == 0o600, "{first:?}, {second:?}");
    assert_eq!(fs::read_to_string(seen.join("slots")).expect("the slots"), "t\n");
    assert_eq!(cluster.sql("SELECT count(*) FROM pg_replication_slots"), "0", "a slot fills the disk");
    cluster.sql("CREATE TABLE filled AS SELECT 1 AS a");
    let last = cluster.sql("SELECT pg_walfile_name(pg_switch_wal())");
    let begun = Instant::now();
    while cluster.sql("SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver") < last {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", names(&archive));
        std::thread::sleep(Duration::from_millis(50));
    }
    let segments = names(&archive);
    assert!(
        segments.contains(&format!("{early}.zst")) && segments.contains(&format!("{last}.zst")),
        "{segments:?}"
    );
    // the segment is 16 MiB in size, but mostly unused
    let bytes = fs::metadata(archive.join(format!("{last}.zst"))).expect("the segment").len();
    assert!(bytes < 200_000, "the archived segment must be small, not {bytes} bytes");
    let prune =
        |keep: &str| run(cluster.as_postgres(&scripts.join("prune")).args([&backups, &archive]).arg(keep));
    prune("2");
    assert_eq!(names(&backups).len(), 2);
    prune("1");
    assert_eq!(names(&backups), [second.file_name().expect("a name").to_string_lossy()]);
    let segments = names(&archive);
    assert!(
        !segments.contains(&format!("{early}.zst")) && segments.contains(&format!("{last}.zst")),
        "{segments:?}"
    );

    // a failed backup leaves nothing behind
    let mut refused = cluster.as_postgres(&scripts.join("backup"));
    let refused = refused.arg(&backups).env("PGUSER", "nobody").output().expect("the backup starts");
    assert!(!refused.status.success(), "{refused:?}");
    assert_eq!(names(&backups).len(), 1, "{:?}", names(&backups));
}

#[test]
fn deployed_backup_of_a_standby_is_restored_as_a_primary() {
    let folder = tempfile::tempdir().expect("a folder");
    bash(
        folder.path(),
        "mkdir base archive\ntouch base/standby.signal base/postgresql.auto.conf\ntar -czf base.tar.gz -C base .\n\
         \"$ROOT/deploy/postgres/restore\" base.tar.gz archive data",
    );
    let data = folder.path().join("data");
    assert!(data.join("recovery.signal").exists());
    assert!(!data.join("standby.signal").exists(), "PostgreSQL prefers this file, and would not be promoted");
    // PostgreSQL refuses to restore a member with lower limits than the member had; Patroni sets 10 by default
    assert!(read("deploy/postgres/postgresql.conf").contains("\nmax_wal_senders = 10\n"));
    assert!(!read("deploy/patroni/patroni.yml").contains("max_wal_senders"));
}

#[test]
fn deployed_balancer_serves_as_nobody_in_particular() {
    let config = repository().join("deploy/haproxy.cfg");
    let check = |variables: &[(&str, &str)]| {
        let mut check = Command::new("/usr/sbin/haproxy");
        check.env_remove("NET").envs(variables.iter().copied()).arg("-c").arg("-f").arg(&config);
        let told = check.output().expect("haproxy: run the tests with tests/run");
        (told.status.success(), String::from_utf8_lossy(&told.stderr).into_owned())
    };
    let (holds, told) = check(&[]);
    assert!(!holds && told.contains("NET is not set") && told.contains("/etc/default/haproxy"), "{told}");
    assert!(read("docs/operating.md").contains("echo NET=10.0.0 >>/etc/default/haproxy"));
    assert!(check(&[("NET", "127.66.7")]).0 && check(&[("NET", "127.66.7"), ("KEEP_USER", "1")]).0);
    let ports = [0; 3].map(|_| std::net::TcpListener::bind("127.66.7.2:0").expect("a port"));
    let ports = ports.map(|one| one.local_addr().expect("an address").port().to_string());
    let mut balancer = Command::new("/usr/sbin/haproxy");
    balancer.env("NET", "127.66.7").arg("-db").arg("-f").arg(&config);
    balancer.envs([("GRAPHQL_PORT", &ports[0]), ("HOOK_PORT", &ports[1]), ("METRICS_PORT", &ports[2])]);
    let mut balancer = balancer
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("haproxy");
    let begun = Instant::now();
    let status = loop {
        // HAProxy binds its ports as root, and then switches to another user
        let status = fs::read_to_string(format!("/proc/{}/status", balancer.id())).expect("its status");
        let uids = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("its user").to_owned();
        if uids.split_whitespace().all(|uid| uid != "0") || begun.elapsed() > Duration::from_secs(10) {
            break uids;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    run(Command::new("kill").arg(balancer.id().to_string()));
    balancer.wait().expect("HAProxy exits");
    assert!(status.split_whitespace().all(|uid| uid != "0"), "{status}");
}
