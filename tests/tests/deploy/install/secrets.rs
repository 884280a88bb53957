//! Tests the permissions of files that contain secrets, and checks that secrets never reach a commit or an image.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use tests::local::repository;

use super::{bash, mode, read, run};

/// Names of those files in a folder that are not private to their owner.
fn open_files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").filter_map(Result::ok);
    let open = entries.filter(|entry| mode(&entry.path()) & 0o077 != 0);
    open.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn deployed_sqlite_files_are_their_owners_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    // the file is also protected if the URL has options after the path
    bash(folder.path(), "umask 000\n\"$CALLSHOP\" migrate --database 'sqlite:other.db?mode=rwc'");
    assert_eq!(open_files(folder.path()), Vec::<String>::new(), "a database with `mode` in its URL");
    let database = format!("sqlite:{}", folder.path().join("callshop.db").display());
    // the database contains the key that signs tokens; SQLite gives its companion files the same mode
    let migrate = format!("umask 000\n\"$CALLSHOP\" migrate --database '{database}'");
    bash(folder.path(), &migrate);
    assert_eq!(open_files(folder.path()), Vec::<String>::new(), "a new database");

    // the database of an earlier release may have companion files that others can read, too
    let mut files = vec!["callshop.db".to_owned()];
    for companion in ["callshop.db-wal", "callshop.db-shm"] {
        if !folder.path().join(companion).exists() {
            fs::write(folder.path().join(companion), "").expect("a file");
        }
        files.push(companion.to_owned());
    }
    for file in &files {
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.path().join(file), open).expect("a mode");
    }
    // a read-only command reports the wrong mode and changes nothing
    let check = format!(
        "CALLSHOP_LISTEN=127.0.0.1:0 CALLSHOP_HOOK__LISTEN=127.0.0.1:0 CALLSHOP_DATABASE_URL='{database}' \
         CALLSHOP_HOOK__SECRETS='[\"f3a91c07d5be42688e10\"]' \"$CALLSHOP\" check-config"
    );
    let told = String::from_utf8(bash(folder.path(), &check).stdout).expect("text");
    assert!(
        told.contains("WARN  database") && told.contains("mode 644") && told.contains("chmod 600"),
        "{told}"
    );
    assert_eq!(mode(&folder.path().join("callshop.db")), 0o644, "check-config must not change the mode");
    let rw = format!("umask 000\n\"$CALLSHOP\" migrate --database '{database}?mode=rw'");
    bash(folder.path(), &rw);
    assert_eq!(open_files(folder.path()), Vec::<String>::new(), "an old database");
    let missing = format!("\"$CALLSHOP\" migrate --database '{database}.missing?mode=rw' || echo refused");
    let told = String::from_utf8(bash(folder.path(), &missing).stdout).expect("text");
    assert!(told.ends_with("refused\n") && !folder.path().join("callshop.db.missing").exists(), "{told}");
}

#[test]
fn deployed_a_database_that_cannot_be_closed_to_others_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("callshop.db");
    bash(folder.path(), "\"$CALLSHOP\" migrate --database sqlite:callshop.db");
    if fs::metadata(&database).expect("the database").uid() != 0 {
        // only root can give a file to another user
        return;
    }
    fs::set_permissions(&database, fs::Permissions::from_mode(0o666)).expect("a mode");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
    let program = folder.path().join("program");
    fs::copy(tests::crash::process::build(false), &program).expect("a copy that the user nobody can run");
    let mut other = Command::new("setpriv");
    other.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(&program);
    other.args(["migrate", "--database"]).arg(format!("sqlite:{}", database.display()));
    let refused = other.current_dir("/").output().expect("setpriv runs");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("chmod 600"), "{told}");
}

#[test]
fn deployed_backups_of_sqlite_are_their_owners_alone_and_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    bash(folder.path(), "\"$CALLSHOP\" migrate --database sqlite:callshop.db");
    let guide = read("docs/operations.md");
    assert!(guide.contains("deploy/sqlite/backup /var/lib/callshop/callshop.db /var/backups/callshop"));
    let made = bash(folder.path(), "\"$ROOT/deploy/sqlite/backup\" callshop.db backups").stdout;
    let made = String::from_utf8(made).expect("text");
    let file = folder.path().join(made.trim());
    assert_eq!((mode(&file), mode(&folder.path().join("backups"))), (0o600, 0o700));
    let audit = format!("\"$CALLSHOP\" audit --database 'sqlite:{}'", file.display());
    bash(folder.path(), &audit);
    // a failed backup leaves no file behind
    let failed = Command::new(repository().join("deploy/sqlite/backup"))
        .args(["/not/there.db", "other"])
        .current_dir(folder.path())
        .output()
        .expect("the script starts");
    assert!(!failed.status.success(), "{failed:?}");
    assert_eq!(fs::read_dir(folder.path().join("other")).map_or(0, Iterator::count), 0);
}

/// Paths to which scripts and operators write secrets. These paths are inside the build contexts of images.
const WRITTEN: [&str; 7] = [
    "deploy/secrets/token_key",
    "deploy/secrets/.made",
    "deploy/tls/shop.example.pem",
    "kamailio/local.cfg",
    "callshop.toml",
    "callshop.db-wal",
    "callshop-data/demo.json",
];

/// Names of the files that the guides' commands write to the repository's folder. Many of these files contain logins, tokens or secrets.
fn written_by_guides() -> BTreeSet<String> {
    let docs = fs::read_dir(repository().join("docs")).expect("the guides").filter_map(Result::ok);
    let docs = docs.map(|entry| format!("docs/{}", entry.file_name().to_string_lossy()));
    let guides = docs.filter(|name| name.ends_with(".md")).chain(["README.md".to_owned()]);
    let mut names = BTreeSet::new();
    for guide in guides {
        let text = read(&guide);
        for block in text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let words: Vec<_> = block.split_whitespace().collect();
            for two in words.windows(2) {
                let name = two[1].trim_matches(|letter: char| "\"();".contains(letter));
                let is_written = [">", ">>", "2>", "tee", "--output"].contains(&two[0]);
                // a program contains no secret
                if is_written && name.contains('.') && !name.contains(['/', '$']) && !name.ends_with(".py") {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    names
}

/// Whether a `.dockerignore` excludes a path of its folder. The function supports only the patterns that the repository's files use.
fn is_left_out(ignored: &str, path: &str) -> bool {
    ignored.lines().any(|pattern| {
        if let Some(ending) = pattern.strip_prefix("**/*") {
            let name = path.rsplit('/').next().unwrap_or(path);
            return match ending.strip_suffix('*') {
                Some(part) => name.contains(part),
                None => name.ends_with(ending),
            };
        }
        // only in the folder itself
        if let Some(ending) = pattern.strip_prefix('*') {
            return !path.contains('/') && path.ends_with(ending);
        }
        path == pattern || path.starts_with(&format!("{pattern}/"))
    })
}

#[test]
fn deployed_secrets_get_into_no_commit_and_no_image() {
    let guides = written_by_guides();
    for name in [".env", "login.json", "token.txt", "secret.txt", "phones.json", "made.json", "link.json"] {
        assert!(guides.contains(name), "{name}: {guides:?}");
    }
    for path in WRITTEN.into_iter().chain(guides.iter().map(String::as_str)) {
        // `check-ignore` succeeds if a file is ignored. The context of an image is the folder that `build:` names
        let mut git = Command::new("git");
        git.args(["-c", "safe.directory=*", "check-ignore", "--quiet", "--no-index", path]);
        let ignored = git.current_dir(repository()).status().expect("git runs: run the tests with tests/run");
        assert!(ignored.success(), "git must ignore {path}");
        assert!(is_left_out(&read(".dockerignore"), path), "{path} must not be in the context of an image");
    }
    let compose = read("docker-compose.yml");
    assert!(compose.contains("context: kamailio,"));
    assert!(
        is_left_out(&read("kamailio/.dockerignore"), "local.cfg"),
        "the proxy's secrets must not be in the context of its image"
    );
    // the folder that the guide writes to exists, and is private
    assert!(repository().join("deploy/tls").is_dir());
}

#[test]
fn deployed_certificates_can_be_read_by_the_balancer_and_nobody_else() {
    let guide = read("docs/operating.md");
    assert!(guide.contains("deploy/install-certificate fullchain.pem privkey.pem shop.example\n"));
    assert!(guide.contains("deploy/install-certificate \"$RENEWED_LINEAGE/fullchain.pem\""));
    let folder = tempfile::tempdir().expect("a folder");
    bash(
        folder.path(),
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=shop.example -keyout privkey.pem -out fullchain.pem 2>/dev/null\n\
         TLS_FOLDER=tls \"$ROOT/deploy/install-certificate\" fullchain.pem privkey.pem shop.example\n\
         TLS_FOLDER=tls \"$ROOT/deploy/install-certificate\" fullchain.pem privkey.pem shop.example",
    );
    let file = folder.path().join("tls/shop.example.pem");
    let data = fs::metadata(&file).expect("the certificate");
    assert_eq!(
        fs::read_dir(folder.path().join("tls")).expect("a folder").count(),
        1,
        "the folder must contain nothing else"
    );
    assert_eq!(data.mode() & 0o7777, 0o640);
    if data.uid() != 0 {
        // the rest of the test runs as other users, and only root can become these users
        return;
    }
    assert_eq!(data.gid(), 99, "the balancer's group in its image");
    // another user cannot give the file to the balancer, and is told so
    let other = tempfile::tempdir().expect("a folder");
    for name in ["fullchain.pem", "privkey.pem"] {
        fs::copy(folder.path().join(name), other.path().join(name)).expect("a copy");
    }
    fs::copy(repository().join("deploy/install-certificate"), other.path().join("install")).expect("a copy");
    let own = "chown -R nobody .\nsetpriv --reuid=nobody --regid=nogroup --clear-groups -- env TLS_FOLDER=tls ./install fullchain.pem privkey.pem shop.example";
    let told = String::from_utf8(bash(other.path(), own).stderr).expect("text");
    assert!(told.contains("run it as root") && told.contains("tls/shop.example.pem"), "{told}");
    assert!(other.path().join("tls/shop.example.pem").exists());
    assert!(read("docs/operating.md").contains("Run as root, `install-certificate` writes"));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let read_as = |user: &str| {
        let mut cat = Command::new("setpriv");
        cat.args([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
        cat.args(["--", "cat"]).arg(&file).output().expect("setpriv runs").status.success()
    };
    assert!(read_as("99") && !read_as("12345"));
    // HAProxy accepts the installed certificate
    let config = folder.path().join("haproxy.cfg");
    let text = format!(
        "defaults\n mode http\n timeout client 1s\nfrontend a\n bind 127.0.0.1:18443 ssl crt {}\n",
        file.parent().expect("tls").display()
    );
    fs::write(&config, text).expect("a configuration");
    run(Command::new("/usr/sbin/haproxy").arg("-c").arg("-f").arg(&config));
    // a key of another certificate is refused, and the old file stays
    let before = fs::read(&file).expect("the certificate");
    let other = Command::new("bash")
        .args(["-c", "openssl genrsa -out other.pem 2048 2>/dev/null; TLS_FOLDER=tls \"$ROOT/deploy/install-certificate\" fullchain.pem other.pem shop.example"])
        .env("ROOT", repository())
        .current_dir(folder.path())
        .output()
        .expect("bash runs");
    assert!(!other.status.success() && fs::read(&file).expect("the certificate") == before, "{other:?}");
}

#[test]
fn deployed_secrets_that_were_edited_stay_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = folder.path().join("secrets");
    let make = |net: &str| {
        let made = run(Command::new(repository().join("deploy/make-secrets")).arg(&secrets).arg(net));
        String::from_utf8(made.stderr).expect("text")
    };
    let text = |name: &str| fs::read_to_string(secrets.join(name)).expect("a secret");
    let write = |name: &str, text: &str| {
        fs::remove_file(secrets.join(name)).expect("the file existed");
        fs::write(secrets.join(name), text).expect("the file is written");
    };
    assert_eq!(make("10.0.0"), "");
    let first: Vec<_> = ["database_url", "hook_proxies", "redis_users"].map(text).into();
    assert_eq!(make("10.0.0"), "", "a second run must print nothing");
    assert_eq!(["database_url", "hook_proxies", "redis_users"].map(text).to_vec(), first);

    // the edited files contain a database on another machine, a second proxy, and both the new and the old secret during a replacement
    let edited = [
        ("database_url", "postgres://callshop:secret@db.internal/callshop?sslmode=verify-full\n"),
        ("hook_secrets", "[\"the-new-secret-of-the-hook\",\"the-old-secret-of-the-hook\"]\n"),
        (
            "hook_proxies",
            "[{name=\"sip1\",control_url=\"http://10.0.0.21:8060\",token=\"a-token-of-a-proxy\"}]\n",
        ),
    ];
    for (name, edit) in edited {
        write(name, edit);
    }
    for net in ["10.0.0", "10.0.1"] {
        let told = make(net);
        for (name, edit) in edited {
            assert_eq!(text(name), edit, "{name} was edited");
            assert!(told.contains(&format!("{name} was edited")), "{told}");
        }
        assert!(!told.contains("secret-of") && !told.contains("a-token"), "{told}");
    }
    // unedited files change when their sources change
    assert!(text("redis_url").contains("@10.0.1.4:") && text("kamailio_database").contains("@10.0.1.3:"));
    // removed files are created again, whether their secrets are derived or random
    fs::remove_file(secrets.join("database_url")).expect("the file existed");
    fs::remove_file(secrets.join("redis_callshop")).expect("the file existed");
    make("10.0.1");
    assert!(text("database_url").contains("@10.0.1.3:"));
    assert!(text("redis_url").contains(&text("redis_callshop")));

    // an old installation lacks the record that is used to detect edits
    fs::remove_file(secrets.join(".made")).expect("the record existed");
    make("10.0.1");
    assert_eq!(text("hook_proxies"), edited[2].1);
}

#[test]
fn deployed_redis_users_all_get_passwords() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut make = Command::new(repository().join("deploy/make-secrets"));
    run(make.arg(folder.path()).args(["10.0.7", "1000"]));
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a secret");
    let (shipped, users) = (read("deploy/redis/users.acl"), text("redis_users"));
    for (user, state, secret) in [
        ("proxy", "on", "redis_kamailio"),
        ("callshop", "on", "redis_callshop"),
        ("replica", "off", "redis_replica"),
        ("operator", "off", "redis_operator"),
    ] {
        assert!(shipped.contains(&format!("user {user} {state} >change-me-")), "{user}");
        assert!(users.contains(&format!("user {user} on >{} ", text(secret))), "{user}");
    }
    assert!(!users.contains("change-me"), "{users}");
    let login = format!("masteruser replica\nmasterauth {}\n", text("redis_replica"));
    assert!(text("redis_replica_conf").ends_with(&format!("\nreplicaof 10.0.7.4 7379\n{login}")));
    let guide = read("docs/operations.md");
    for (name, file) in [("redis_users", "users.acl"), ("redis_replica_conf", "replica.conf")] {
        let install =
            format!("install -o redis -g redis -m 600 /etc/callshop/secrets/{name} /etc/redis/{file}\n");
        assert!(guide.contains(&install), "the guide must contain: {install}");
    }
}
