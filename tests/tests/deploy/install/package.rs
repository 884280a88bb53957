//! Makes the Debian package from the built program, then installs, upgrades, removes and purges it below a folder of the test (`dpkg --root`). The
//! machine itself is not changed: dpkg's database is in the test's folder, and the package's scripts change only this folder.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::local::repository;

use super::{mode, read, run};

/// The path of a program that tests/run installs next to the build.
pub fn tool(path: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    let found = target.join("tools").join(path);
    assert!(found.exists(), "{} is missing: run the tests with tests/run", found.display());
    found
}

/// Makes the package as a release does, from the tests' binary.
fn package(folder: &Path) -> PathBuf {
    let built = folder.join("target/release");
    fs::create_dir_all(&built).expect("a folder");
    // the program's symbols are ten times as large as its code
    let program = built.join("callshop");
    run(Command::new("strip").arg("-o").arg(&program).arg(tests::crash::process::build(false)));
    let mut deb = Command::new(tool("bin/cargo-deb"));
    deb.args(["deb", "--no-build", "--no-strip", "--fast", "--compress-type", "xz", "-p", "api", "-o"]);
    deb.arg(folder.join("callshop.deb"))
        .current_dir(repository())
        .env("CARGO_TARGET_DIR", folder.join("target"));
    run(&mut deb);
    folder.join("callshop.deb")
}

/// The root of an empty machine.
struct Root(tempfile::TempDir);

impl Root {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "etc",
            "var/lib/dpkg/info",
            "var/lib/dpkg/updates",
            "var/lib/dpkg/triggers",
            "var/backups",
            "usr/bin",
        ] {
            fs::create_dir_all(folder.path().join(name)).expect("a folder");
        }
        for name in [
            "var/lib/dpkg/status",
            "var/lib/dpkg/available",
            "etc/passwd",
            "etc/group",
            "etc/shadow",
            "etc/gshadow",
        ] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn dpkg(&self, arguments: &[&str]) -> Output {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg(format!("--root={}", self.0.path().display()));
        // the dependencies are installed on the machine but not in this root; this root also has no log to which dpkg could write
        dpkg.args(["--force-depends", "--force-script-chrootless", "--log=/dev/null"]).args(arguments);
        run(&mut dpkg)
    }

    fn files(&self) -> BTreeSet<String> {
        let listed = run(Command::new("find").arg(self.0.path()).args([
            "-not",
            "-path",
            "*/var/lib/dpkg/*",
            "-printf",
            "%P\n",
        ]));
        String::from_utf8(listed.stdout).expect("text").lines().map(str::to_owned).collect()
    }
}

#[test]
fn deployed_package_is_installed_upgraded_removed_and_purged() {
    let uid = fs::metadata("/proc/self").expect("this process").uid();
    assert_eq!(uid, 0, "only root can install a package: run this test as root");
    let folder = tempfile::tempdir().expect("a folder");
    let package = package(folder.path()).display().to_string();
    let root = Root::make();
    let before = root.files();
    root.dpkg(&["-i", &package]);

    // the installed binary is the built program, and reports its version
    let version = run(Command::new(root.path("usr/bin/callshop")).arg("--version"));
    let version = String::from_utf8(version.stdout).expect("text");
    let field = |name: &str| {
        let shown = run(Command::new("dpkg-deb").args(["-f", &package, name])).stdout;
        String::from_utf8(shown).expect("text").trim().to_owned()
    };
    assert!(version.contains(field("Version").split('-').next().expect("a version")), "{version}");
    assert_eq!(field("Package"), "callshop");

    // the package creates a separate user with private folders, and root owns the secrets
    let users = fs::read_to_string(root.path("etc/passwd")).expect("users");
    let user: Vec<_> =
        users.lines().find(|line| line.starts_with("callshop:")).expect("its user").split(':').collect();
    assert_eq!((user[5], user[6]), ("/var/lib/callshop", "/usr/sbin/nologin"));
    for own in ["var/lib/callshop", "var/backups/callshop"] {
        assert_eq!(mode(&root.path(own)), 0o700);
        assert_eq!(
            fs::metadata(root.path(own)).expect("the file exists").uid().to_string(),
            user[2],
            "{own}"
        );
    }
    assert_eq!(mode(&root.path("etc/callshop/secrets")), 0o700);

    // every program that a unit runs exists and is executable, and every file that the unit reads exists
    let units = root.path("usr/lib/systemd/system");
    let mut seen = 0;
    for entry in fs::read_dir(&units).expect("units").filter_map(Result::ok) {
        let unit = fs::read_to_string(entry.path()).expect("a unit");
        for line in unit.lines() {
            let named = line.strip_prefix("ExecStart=").or_else(|| line.strip_prefix("EnvironmentFile="));
            let Some(named) = named.and_then(|rest| rest.split(' ').next()) else { continue };
            let file = root.path(named.trim_start_matches('/'));
            assert!(file.exists(), "{line}");
            assert!(!line.starts_with("Exec") || mode(&file) & 0o111 != 0, "{line}");
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
    let names: BTreeSet<_> = fs::read_dir(&units)
        .expect("units")
        .map(|unit| unit.expect("a unit").file_name().into_string().expect("a name"))
        .collect();
    let expected = [
        "callshop-audit.service",
        "callshop-audit.timer",
        "callshop-backup.service",
        "callshop-backup.timer",
        "callshop.service",
    ];
    assert_eq!(names, expected.map(str::to_owned).into());
    // the package has the programs of the guide, unchanged, and no secret file
    let share = root.path("usr/share/callshop");
    for file in [
        "make-secrets",
        "install-certificate",
        "backup",
        "haproxy.cfg",
        "api.env",
        "kamailio.env",
        "sqlite/backup",
        "redis/redis.conf",
        "redis/replica.conf",
        "redis/users.acl",
        "postgres/archive-wal",
        "postgres/backup",
        "postgres/create-databases",
        "postgres/environment",
        "postgres/postgresql.conf",
        "postgres/prune",
        "postgres/restore",
        "systemd/postgresql@.service.d/callshop.conf",
        "systemd/kamailio.service.d/callshop.conf",
    ] {
        let (here, there) = (repository().join("deploy").join(file), share.join("deploy").join(file));
        assert!(fs::read(&here).expect("here") == fs::read(&there).unwrap_or_default(), "{file}");
        assert_eq!(mode(&here) & 0o111, mode(&there) & 0o111, "{file}");
    }
    assert!(
        share.join("kamailio/kamailio.cfg").exists()
            && !share.join("deploy/secrets").exists()
            && !share.join("deploy/tls").exists()
    );

    let (here, there) = (repository().join("deploy/callshop-admin"), root.path("usr/sbin/callshop-admin"));
    assert!(fs::read(&here).expect("here") == fs::read(&there).expect("the package's"));
    assert_eq!(mode(&there), 0o755);

    // an upgrade keeps edited files and secrets
    let edited = "CALLSHOP_LISTEN=10.0.0.11:8080\n";
    fs::write(root.path("etc/callshop/api.env"), edited).expect("an edit");
    fs::write(root.path("etc/callshop/secrets/token_key"), "secret").expect("a secret");
    root.dpkg(&["--force-confold", "-i", &package]);
    assert_eq!(fs::read_to_string(root.path("etc/callshop/api.env")).expect("the file exists"), edited);

    // after removal, data and configuration stay; after purge, only the data stays
    fs::write(root.path("var/lib/callshop/callshop.db"), "money").expect("a database");
    root.dpkg(&["-r", "callshop"]);
    assert!(!root.path("usr/bin/callshop").exists() && !units.exists());
    assert!(
        root.path("etc/callshop/api.env").exists() && root.path("etc/callshop/secrets/token_key").exists()
    );
    root.dpkg(&["-P", "callshop"]);
    assert!(!root.path("etc/callshop").exists() && root.path("var/lib/callshop/callshop.db").exists());
    assert!(
        fs::read_to_string(root.path("etc/passwd")).expect("users").contains("callshop:"),
        "the data file must belong to its user"
    );

    // if there is no data, purging leaves nothing behind
    fs::remove_file(root.path("var/lib/callshop/callshop.db")).expect("the file existed");
    root.dpkg(&["-i", &package]);
    root.dpkg(&["-P", "callshop"]);
    let left: BTreeSet<_> = root
        .files()
        .difference(&before)
        .filter(|name| !name.starts_with("etc/") || name.contains("callshop"))
        .cloned()
        .collect();
    let empty: BTreeSet<String> =
        ["usr", "usr/bin", "usr/lib", "usr/sbin", "usr/share"].map(str::to_owned).into();
    assert!(left.iter().all(|name| empty.contains(name)), "{left:?}");
    assert!(!fs::read_to_string(root.path("etc/passwd")).expect("users").contains("callshop:"));
}

#[test]
fn deployed_package_units_agree_with_the_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = |unit: &str| -> BTreeSet<String> {
        let text = read(&format!("deploy/systemd/{unit}"));
        let lines = text.lines().filter(|line| {
            ["Environment", "LoadCredential", "User=", "StateDirectory="]
                .iter()
                .any(|own| line.starts_with(own))
        });
        lines.map(str::to_owned).collect()
    };
    // the audit reads the database of the node
    assert_eq!(told("callshop-audit.service"), told("callshop.service"));
    for unit in
        ["callshop-audit.service", "callshop-audit.timer", "callshop-backup.service", "callshop-backup.timer"]
    {
        let text = read(&format!("deploy/systemd/{unit}"));
        let text = text
            .replace("/usr/bin/callshop", "/bin/true")
            .replace("/usr/share/callshop/deploy/backup", "/bin/true");
        fs::write(folder.path().join(unit), text).expect("a unit");
    }
    for unit in ["callshop-audit.timer", "callshop-backup.timer"] {
        let checked =
            run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(folder.path().join(unit)));
        assert!(checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
    run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15"])
        .arg(repository().join("deploy/systemd/callshop-audit.service")));
}

#[test]
fn deployed_nightly_backup_keeps_as_many_as_it_is_told() {
    let uid = fs::metadata("/proc/self").expect("this process").uid();
    assert_eq!(uid, 0, "root runs the nightly backup as another user: run this test as root");
    let folder = tempfile::tempdir().expect("a folder");
    // the test replaces the user of the package, because that user might not exist on this machine
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).expect("a folder");
    fs::write(bin.join("runuser"), "#!/bin/sh\necho \"$2\" >>\"$SEEN\"\nshift 3\nexec \"$@\"\n")
        .expect("a program");
    run(Command::new("chmod").arg("755").arg(bin.join("runuser")));
    run(Command::new(tests::crash::process::build(false))
        .args(["migrate", "--database", "sqlite:callshop.db"])
        .current_dir(folder.path()));
    for made in 1..=3 {
        let mut backup = Command::new(repository().join("deploy/backup"));
        backup
            .env("BACKUP_SQLITE", folder.path().join("callshop.db"))
            .env("BACKUP_FOLDER", folder.path().join("backups"));
        backup.env("BACKUP_KEEP", "2").env("SEEN", folder.path().join("seen"));
        backup.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path")));
        run(&mut backup);
        let kept = fs::read_dir(folder.path().join("backups")).expect("backups").count();
        assert_eq!(kept, made.min(2));
        // wait, because two backups need different names, and the names have a resolution of one second
        std::thread::sleep(std::time::Duration::from_millis(1_050));
    }
    assert_eq!(fs::read_to_string(folder.path().join("seen")).expect("who"), "callshop\n".repeat(3));
}

#[test]
fn deployed_admin_commands_have_what_the_unit_has() {
    let uid = fs::metadata("/proc/self").expect("this process").uid();
    assert_eq!(uid, 0, "only root can read the secrets: run this test as root");
    let guide = read("docs/operating.md");
    assert!(
        guide.contains("\ncallshop-admin check-config ")
            && guide.contains("\ncallshop-admin user create-admin ")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display().to_string();
    run(Command::new(repository().join("deploy/make-secrets")).arg(folder.path().join("etc/secrets")));
    // of several values of a variable, the last one counts, and the last line of a file may lack its end
    let more = "CALLSHOP_DATABASE_CONNECTIONS=7\nCALLSHOP_DATABASE_CONNECTIONS=8";
    fs::write(folder.path().join("etc/api.env"), format!("{}{more}", read("deploy/api.env")))
        .expect("the options");
    let unit = read("deploy/systemd/callshop.service");
    let own = unit
        .replace("=/usr/bin/callshop", &format!("={here}/program"))
        .replace("=/var/lib/callshop", &format!("={here}"))
        .replace(":/etc/callshop", &format!(":{here}/etc"))
        .replace("=/etc/callshop", &format!("={here}/etc"))
        .replace("\nUser=callshop\n", "\nUser=nobody\n");
    let edited = "[Service]\nEnvironment=CALLSHOP_DATABASE_CONNECTIONS=9\nEnvironmentFile=-/no/such/file\n";
    fs::write(folder.path().join("unit"), format!("{own}\n{edited}")).expect("a unit");
    // the user of the unit may enter this folder, but not the folder of the secrets
    run(Command::new("chmod").arg("755").arg(folder.path()));
    let program = |name: &str, text: String| {
        fs::write(folder.path().join(name), text).expect("a program");
        run(Command::new("chmod").arg("755").arg(folder.path().join(name)));
    };
    program("systemctl", format!("#!/bin/sh\n[ \"$*\" = 'cat callshop.service' ] && cat '{here}/unit'\n"));
    let shown = "#!/bin/sh\nid -un\npwd\necho \"$*\"\nread -r line; echo \"$line\"\ncat \"$CALLSHOP_DATABASE_URL_FILE\"\nenv | grep ^CALLSHOP_\n";
    program("program", shown.to_owned());
    let script = format!(
        "export CALLSHOP_OTHER=1\necho 'a password' | PATH=\"{here}:$PATH\" \"$ROOT/deploy/callshop-admin\" user create-admin"
    );
    let told = String::from_utf8(super::bash(folder.path(), &script).stdout).expect("text");
    let lines: Vec<_> = told.lines().collect();
    let url = fs::read_to_string(folder.path().join("etc/secrets/database_url")).expect("a secret");
    assert_eq!(lines[..5], ["nobody", here.as_str(), "user create-admin", "a password", url.trim()]);
    // the command has the variables of the unit and its options, and no others
    let names = |lines: &[&str]| -> BTreeSet<String> {
        let pairs = lines.iter().filter_map(|line| line.split_once('='));
        pairs.map(|(name, _)| name.to_owned()).collect()
    };
    let options = read("deploy/api.env");
    let mut expected: Vec<_> = options.lines().filter(|line| !line.starts_with('#')).collect();
    expected.push("CALLSHOP_DATABASE_CONNECTIONS=8");
    expected.extend(unit.lines().filter_map(|line| line.strip_prefix("Environment=")));
    assert_eq!(names(&lines[5..]), names(&expected));
    assert!(lines[5..].contains(&"CALLSHOP_DATABASE_CONNECTIONS=8"), "{told}");
    // the copies of the secrets are gone
    let (_, copy) = told.split_once("\nCALLSHOP_DATABASE_URL_FILE=").expect("the variable");
    let copy = Path::new(copy.lines().next().expect("a path"));
    assert!(copy.starts_with("/run") && !copy.parent().expect("a folder").exists(), "{}", copy.display());
}
