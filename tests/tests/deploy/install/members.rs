//! Tests that deploy/patroni/README.md can be followed: its packages, its secrets, its logins and its unit. The fault test with `--cluster` runs the
//! members themselves.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use super::{bash, mode, read, run};

/// The shell block of a guide that contains this text, without its indentation.
fn block(guide: &str, part: &str) -> String {
    let mut blocks = guide.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let found = blocks.find(|block| block.contains(part));
    let found = found.unwrap_or_else(|| panic!("the guide must have a block with {part}"));
    found.lines().map(|line| line.strip_prefix("   ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn deployed_members_have_what_their_guide_names() {
    let guide = read("deploy/patroni/README.md");
    let (_, packages) = guide.split_once("`apt-get install ").expect("the packages");
    let packages: Vec<_> = packages.split('`').next().expect("the packages").split(' ').collect();
    // archive-wal needs zstd
    assert_eq!(packages, ["etcd-server", "patroni", "postgresql", "haproxy", "zstd"]);
    let (_, secrets) = guide.split_once("2. **Secrets**").expect("the secrets");
    let secrets = secrets.split("3. **Members**").next().expect("the secrets");
    for name in ["superuser", "replication", "callshop", "kamailio"] {
        assert!(secrets.contains(&format!("`postgres_{name}`")), "{name}: {secrets}");
    }
    let create = "PGHOST=10.0.0.61 PGPASSFILE=~postgres/.pgpass CALLSHOP_SECRETS=/etc/callshop/secrets deploy/postgres/create-databases\n";
    assert!(guide.contains(create), "the guide must contain: {create}");
    // the nightly backup of a member logs in, and the file of its settings has the same lines to choose from
    let (login, settings) = (block(&guide, "PGUSER"), read("deploy/backup.env"));
    assert_eq!(login.lines().count(), 3, "{login}");
    for line in login.lines() {
        assert!(settings.contains(&format!("\n#{line}\n")), "{line}");
    }
    assert!(guide.contains("`systemctl start callshop-backup`"));
    // patronictl of Debian 12 does not accept `-d etcd3://…`, but it reads the folder of the member's settings, which `start` writes
    let (_, folder) = guide.split_once("\n   FOLDER=").expect("the folder");
    let control = format!("patronictl -c {}/patroni ", folder.lines().next().expect("the folder"));
    assert_eq!(guide.matches("patronictl -c ").count(), guide.matches(&control).count(), "{control}");
    // the archive of a member is the archive that its backup prunes
    let (_, archive) = settings.split_once("\nBACKUP_ARCHIVE=").expect("the archive");
    let archive = archive.lines().next().expect("the archive");
    assert!(block(&guide, "ETCD=").contains(&format!("\nCALLSHOP_ARCHIVE={archive}\n")), "{archive}");
}

#[test]
fn deployed_members_passwords_are_their_own() {
    let uid = fs::metadata("/proc/self").expect("this process").uid();
    assert_eq!(uid, 0, "only root can give a file to the user postgres: run this test as root");
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display().to_string();
    let block = block(&read("deploy/patroni/README.md"), "> ~postgres/.pgpass");
    let block = block
        .replace("/var/", &format!("{here}/var/"))
        .replace("~postgres", &here)
        .replace("/etc/callshop/secrets", &format!("{here}/secrets"));
    bash(folder.path(), &format!("\"$ROOT/deploy/make-secrets\" secrets 10.0.0\n{block}"));
    let secret = |name: &str| fs::read_to_string(folder.path().join("secrets").join(name)).expect("a secret");
    let file = folder.path().join(".pgpass");
    assert_eq!(
        fs::read_to_string(&file).expect("the passwords"),
        format!(
            "*:*:*:postgres:{}\n*:*:*:replicator:{}\n",
            secret("postgres_superuser"),
            secret("postgres_replication")
        )
    );
    let owned =
        [".pgpass", "var/lib/callshop-archive", "var/lib/postgresql/callshop", "var/backups/callshop"];
    let postgres = run(Command::new("id").args(["-u", "postgres"])).stdout;
    let postgres = String::from_utf8(postgres).expect("text").trim().parse::<u32>().expect("a user");
    for name in owned {
        let path = folder.path().join(name);
        assert_eq!(fs::metadata(&path).expect("the file exists").uid(), postgres, "{name}");
        assert_eq!(mode(&path) & 0o077, 0, "{name}");
    }
}

#[test]
fn deployed_members_let_nobody_in_without_a_password() {
    // lines of `bootstrap.pg_hba` would only follow the lines of initdb, which trust local users
    let settings = read("deploy/patroni/patroni.yml");
    let (bootstrap, members) = settings.split_once("\npostgresql:\n").expect("the members' settings");
    let (_, lines) = members.split_once("\n  pg_hba:\n").expect("the whole pg_hba.conf");
    let lines: Vec<_> = lines.lines().map_while(|line| line.strip_prefix("    - ")).collect();
    assert!(!bootstrap.contains("pg_hba:"), "{bootstrap}");
    assert!(lines.len() >= 3 && lines.iter().all(|line| line.ends_with(" scram-sha-256")), "{lines:?}");
}

#[test]
fn deployed_members_unit_is_valid() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = read("deploy/systemd/callshop-patroni.service");
    // the guide copies this program; the unit passes its secrets and settings
    assert!(unit.contains("\nExecStart=/etc/callshop/patroni/start ${NAME} ${ADDRESS} ${FOLDER}\n"));
    for name in ["postgres_superuser", "postgres_replication"] {
        assert!(unit.contains(&format!("\nLoadCredential={name}:/etc/callshop/secrets/{name}\n")), "{name}");
    }
    let here = folder.path().join("callshop-patroni.service");
    fs::write(&here, unit.replace("/etc/callshop/patroni/start", "/bin/true")).expect("a copy");
    let checked = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&here));
    assert!(checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
}
