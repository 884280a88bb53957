//! Tests invalid arguments, variables and configuration files. Each error message must say how to fix the problem, and must not repeat a secret.
//!
//! Because of this test, `cargo test` also builds the program. The tests of whole nodes start that program.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(dir: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callshop"));
    command.args(arguments).current_dir(dir).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CALLSHOP_")) {
        command.env_remove(name);
    }
    command.envs(env.iter().copied()).output().expect("the command runs")
}

/// A command that must fail.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    arguments: &'static [&'static str],
    env: Option<(&'static str, &'static str)>,
    /// Content of `c.toml`.
    config: &'static str,
}

/// The command with these arguments.
const fn with(arguments: &'static [&'static str]) -> Wrong {
    Wrong { arguments, env: None, config: "" }
}

/// `callshop serve` with an environment variable.
const fn in_env(name: &'static str, value: &'static str) -> Wrong {
    Wrong { env: Some((name, value)), ..with(&["serve"]) }
}

/// `callshop serve` with a configuration file.
const fn in_file(config: &'static str) -> Wrong {
    Wrong { config, ..with(&["serve", "--config", "c.toml"]) }
}

#[test]
fn the_command_line_says_what_to_mend() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |text: &str| std::fs::write(dir.path().join("c.toml"), text).expect("a file");
    std::fs::write(dir.path().join("password"), "short\n").expect("a file");
    let wrong = [
        (with(&[]), "Usage"),
        (with(&["dance"]), "--help"),
        (with(&["serve", "--loud"]), "--help"),
        (with(&["serve", "--listen", "everywhere"]), "--listen"),
        (with(&["serve"]), "CALLSHOP_HOOK__SECRETS"),
        (with(&["serve", "--config", "missing.toml"]), "missing.toml"),
        (in_file("colour = \"red\""), "colour"),
        (in_file("[hook]\nsecret = [\"hunter2-hunter2-hunter2\"]"), "unknown field"),
        (in_file("[hook]\nsecrets = [\"hunter2-short\"]"), "at least 16 characters"),
        (in_file("[hook]\nsecrets = \"hunter2-hunter2-hunter2\""), "hook.secrets takes a sequence"),
        (in_file("[hook]\nsecrets = [\"hunter2-hunter2-hunter2\" oops"), "TOML parse error at line 2"),
        (in_env("CALLSHOP_HOOK__SECRETS", "hunter2-hunter2-hunter2"), "takes a sequence"),
        (in_env("CALLSHOP_AUTH__TOKEN_KEY", "hunter2-short"), "at least 32 characters"),
        (in_env("CALLSHOP_COLOUR", "red"), "CALLSHOP_COLOUR is not an option: correct its name, or unset it"),
        (in_env("CALLSHOP_HOOK__COLOUR_FILE", "red"), "CALLSHOP_HOOK__COLOUR_FILE is not an option"),
        (with(&["migrate", "--database", "mysql://u:hunter2@host/x"]), "sqlite: or postgres://"),
        (
            with(&["migrate", "--database", "postgres://u:hunter2@127.0.0.1:1/x"]),
            "cannot open the database postgres://u@127.0.0.1:1/x",
        ),
        (with(&["schema", "--role", "king"]), "one of anonymous"),
        (
            with(&["token", "create", "--login", "a@b", "--name", "n", "--scope", "tariffs:eat"]),
            "tariffs:read, tariffs:write",
        ),
        (with(&["tariff", "import", "--tariff", "x", "missing.csv"]), "cannot read missing.csv"),
        (
            with(&["tariff", "import", "--tariff", "x", "deck.csv", "--at", "2026-12-01"]),
            "write a time with an offset",
        ),
        (with(&["user", "create-admin", "--password-file", "password"]), "10 to 256 characters"),
    ];
    for (wrong, told) in wrong {
        file(wrong.config);
        let output = run(dir.path(), wrong.arguments, wrong.env.as_slice());
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "{wrong:?} succeeds: {said}");
        assert!(said.to_lowercase().contains(&told.to_lowercase()), "{wrong:?}: {said}");
        assert!(!said.contains("hunter2"), "{wrong:?} repeats a secret: {said}");
        assert!(!said.contains("panicked"), "{wrong:?}: {said}");
    }
    file("database_url = \"postgres://u:hunter2@host/x\"\n[hook]\nsecrets = [\"hunter2-hunter2-hunter2\"]");
    let output = run(dir.path(), &["serve", "--config", "c.toml", "--print-config"], &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("postgres://u@host/x") && !said.contains("hunter2"),
        "{said}"
    );
}

/// Standard output of a command that must succeed.
fn succeeds(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments, &[]);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a text")
}

#[test]
fn a_taken_port_is_named_with_a_remedy() {
    let dir = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let output = run(dir.path(), &["demo", "--listen", &address], &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{told}");
    for part in [&address, "setting `listen`", "choose another port"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("writer failed"), "{told}");
}

/// Commands that need an existing object, each with an id that no database has.
const OF_OBJECTS: [&[&str]; 11] = [
    &["export", "calls", "--account", "x"],
    &["export", "rates", "--tariff-version", "x"],
    &["tariff", "activate", "--version", "x"],
    &["tariff", "cancel", "--version", "x"],
    &["tariff", "compare", "--from", "x", "--to", "x"],
    &["tariff", "export", "--version", "x"],
    &["tariff", "import", "--tariff", "x", "deck.csv"],
    &["tariff", "revert", "--tariff", "x"],
    &["tariff", "versions", "--tariff", "x"],
    &["token", "list", "--account", "x"],
    &["token", "revoke", "x"],
];

#[test]
fn a_missing_database_is_named_and_not_created() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("deck.csv"), "prefix\n").expect("a file");
    let create = ["token", "create", "--login", "ana@shop", "--name", "n", "--scope", "calls:read"];
    let reset = ["user", "reset-totp", "--login", "ana@shop"];
    for arguments in OF_OBJECTS.into_iter().chain([&create[..], &reset[..]]) {
        let output = run(dir.path(), &[arguments, &["--database", "sqlite:none.db"]].concat(), &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_named = told.contains("none.db does not exist") && told.contains("--database");
        assert!(!output.status.success() && is_named, "{arguments:?}: {told}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("the folder").count(), 1, "no database is created");
}

#[test]
fn a_missing_object_is_named_with_its_database() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("deck.csv"), "prefix\n").expect("a file");
    let database = ["--database", "sqlite:shops.db"];
    succeeds(dir.path(), &[&["migrate"][..], &database].concat());
    let reset = ["user", "reset-totp", "--login", "x"];
    for arguments in OF_OBJECTS.into_iter().chain([&reset[..]]) {
        let output = run(dir.path(), &[arguments, &database].concat(), &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("\"x\""), "{arguments:?}: {told}");
        assert!(told.contains("shops.db"), "{arguments:?}: {told}");
    }
}

/// Scripts set these variables for `callshop listen` and for the programs in `examples/`, and run other commands in the same shell.
#[test]
fn variables_of_clients_do_not_disturb_the_server() {
    let dir = tempfile::tempdir().expect("a folder");
    let of_clients = [
        ("CALLSHOP_API", "http://127.0.0.1:1/graphql"),
        ("CALLSHOP_LANGUAGE", "en"),
        ("CALLSHOP_TOKEN", "cs_x"),
        ("CALLSHOP_TOKEN_FILE", "token.txt"),
        ("CALLSHOP_WEBHOOK_SECRET", "whsec_x"),
    ];
    let output = run(dir.path(), &["migrate", "--database", "sqlite:shops.db"], &of_clients);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_token_is_created_listed_and_revoked() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("password"), "correct horse battery\n").expect("a file");
    let database = ["--database", "sqlite:tokens.db"];
    let command = |arguments: &[&str]| succeeds(dir.path(), &[arguments, &database].concat());
    let login = command(&["user", "create-admin", "--password-file", "password"]);
    let login = login.trim().strip_prefix("login: ").expect("a login").to_owned();
    let create =
        ["token", "create", "--login", &login, "--name", "Nightly", "--scope", "tariffs:read,calls:read"];
    let secret = command(&create);
    assert!(secret.starts_with("cs_") && secret.trim().len() == 46, "{secret}");
    let listed = command(&["token", "list"]);
    let fields: Vec<&str> = listed.trim().split('\t').collect();
    assert_eq!(
        (fields[1], fields[2], fields[4], fields[5], fields[6]),
        (&secret[..11], "valid", "never", "calls:read,tariffs:read", "Nightly")
    );
    assert!(!listed.contains(secret.trim()), "the secret is shown once");
    assert_eq!(command(&["token", "revoke", fields[0]]), "Nightly is revoked\n");
    assert!(command(&["token", "list"]).contains("\trevoked\t"));
    let unknown = run(
        dir.path(),
        &["token", "create", "--login", "no@body", "--name", "n", "--scope", "calls:read"],
        &[],
    );
    assert!(!unknown.status.success());
}
