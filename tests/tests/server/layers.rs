//! Tests the layer rules that the compiler does not enforce: the crates and libraries on which each crate may depend, and the places where SQL,
//! floats and transactions may appear.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Every Rust file in a folder, with its path from the workspace and its code without comments.
fn code(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a text");
                let name = path.strip_prefix(root()).expect("inside the workspace").display().to_string();
                found.push((name, without_comments(&text)));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has code");
    found
}

fn without_comments(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line }).collect();
    lines.join("\n")
}

/// The places (`file:line: text`) for which `is_wrong` is true.
fn wrong(folder: &str, is_wrong: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for (name, text) in code(folder) {
        for (number, line) in (1..).zip(text.lines()) {
            if is_wrong(&name, line) {
                places.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    places
}

fn none(places: &[String], rule: &str) {
    assert!(places.is_empty(), "{rule}\n{}", places.join("\n"));
}

/// Dependencies of a crate, without dev-dependencies: the keys of `[dependencies]`.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
    let section = manifest.split("\n[dependencies]").nth(1).expect("a crate with dependencies");
    let section = section.split("\n[").next().unwrap_or_default();
    let keys =
        section.lines().filter_map(|line| line.split(['.', '=', ' ']).next()).filter(|key| !key.is_empty());
    keys.filter(|key| !key.starts_with('#')).map(str::to_owned).collect()
}

/// The crates of this repository that each crate may depend on (ARCHITECTURE.md, "Layers"). The compiler enforces the other rules, because an
/// import without a dependency does not compile, and dependencies cannot be circular.
const MAY_USE: &[(&str, &[&str])] = &[
    ("billing", &[]),
    ("migration", &[]),
    ("base", &[]),
    ("telemetry", &[]),
    ("entity", &["billing"]),
    ("store", &["base", "billing", "entity", "migration", "telemetry"]),
    ("transport", &["telemetry"]),
    ("app", &["base", "billing", "entity", "store", "telemetry"]),
    ("graphql-macros", &[]),
    ("graphql", &["app", "base", "billing", "entity", "graphql-macros", "store", "telemetry", "transport"]),
    ("sip", &["app", "base", "billing", "entity", "telemetry"]),
];

#[test]
fn the_layers_point_one_way() {
    let own: Vec<&str> = MAY_USE.iter().map(|(name, _)| *name).chain(["api", "tests", "bench"]).collect();
    for (name, allowed) in MAY_USE {
        for used in dependencies(name).iter().filter(|used| own.contains(&used.as_str())) {
            assert!(allowed.contains(&used.as_str()), "{name} must not depend on {used}");
        }
    }
}

#[test]
fn logs_and_traces_know_every_crate_that_logs() {
    let silent = ["billing", "entity", "migration", "graphql-macros"];
    let own = MAY_USE.iter().map(|(name, _)| *name).filter(|name| !silent.contains(name));
    let own: std::collections::BTreeSet<&str> = own.chain(["api"]).collect();
    assert_eq!(api::CRATES.into_iter().collect::<std::collections::BTreeSet<_>>(), own);
    for name in silent {
        assert!(!dependencies(name).contains(&"tracing".to_owned()), "{name} logs: add it to api::CRATES");
    }
}

#[test]
fn each_layer_keeps_foreign_libraries_out() {
    for (name, barred) in [
        ("billing", ["actix", "async-graphql", "sea-orm", "tokio", "reqwest"].as_slice()),
        ("entity", &["actix", "async-graphql", "tokio"]),
        ("store", &["actix", "async-graphql", "redis", "prometheus"]),
        ("transport", &["sea-orm", "redis"]),
        ("app", &["actix", "async-graphql", "reqwest"]),
        ("graphql", &["actix", "sea-orm", "redis", "reqwest"]),
        ("sip", &["async-graphql", "sea-orm"]),
    ] {
        let used = dependencies(name);
        assert!(!used.is_empty(), "the manifest of {name} can be parsed");
        let found: Vec<&String> =
            used.iter().filter(|used| barred.iter().any(|start| used.starts_with(start))).collect();
        assert!(found.is_empty(), "{name} must not use {found:?}");
    }
}

#[test]
fn billing_reads_no_clock_no_file_and_no_socket() {
    let places = wrong("billing/src", |_, line| {
        ["std::fs", "std::net", "std::env", "Utc::now", "SystemTime", "async fn"]
            .iter()
            .any(|word| line.contains(word))
    });
    none(&places, "billing must do no I/O: its callers pass all inputs");
}

#[test]
fn use_cases_name_a_connection_and_nothing_else_of_the_database() {
    let places = wrong("app/src", |_, line| {
        let bound =
            ["use sea_orm::ConnectionTrait;", "use sea_orm::{ConnectionTrait};"].contains(&line.trim());
        (line.contains("sea_orm") && !bound) || line.contains("sqlx")
    });
    none(&places, "a use case takes `&impl ConnectionTrait` and hands it on: queries belong in store/src");
}

#[test]
fn use_cases_write_as_their_actor() {
    // the code in these files writes without a login: it stores the proxies' events and the accounts' feeds, maintains tables, creates the platform's
    // account, writes the rates of versions that are not visible yet, deletes the rates of discarded drafts, and records the progress of imports,
    // derivations and deliveries of webhooks
    let of_its_own = [
        "access.rs",
        "accounts.rs",
        "auth/",
        "calls/",
        "lib.rs",
        "notices.rs",
        "retention.rs",
        "statistics.rs",
        "tariffs/draft_writer.rs",
        "tariffs/following.rs",
        "tariffs/lifecycle.rs",
        "tariffs/imports/ending.rs",
        "tariffs/imports/spool.rs",
        "tariffs/imports/worker.rs",
        "webhooks/delivery.rs",
        "webhooks/record.rs",
        "webhooks/turn.rs",
    ];
    let places = wrong("app/src", |name, line| {
        let allowed = of_its_own.iter().any(|own| name.starts_with(&format!("app/src/{own}")));
        !allowed && (line.contains("store.write(") || line.trim_start().starts_with(".write("))
    });
    none(&places, "run mutations in `App::write_as`, so that no change by an ended login commits");
}

#[test]
fn sql_is_in_the_store() {
    let sql = [
        "Entity::find",
        "Entity::insert",
        "Entity::update",
        "Entity::delete",
        "execute_unprepared",
        "Statement::from_s",
        "sea_query",
    ];
    for folder in ["app/src", "graphql/src", "sip/src", "transport/src", "api/src"] {
        let places = wrong(folder, |_, line| sql.iter().any(|word| line.contains(word)));
        none(&places, "SQL is in store/src and migration, nowhere else");
    }
}

#[test]
fn no_amount_of_money_is_a_float() {
    for folder in
        ["billing/src", "entity/src", "migration/src", "app/src", "store/src", "graphql/src", "sip/src"]
    {
        // the coordinates of a page, the buckets of histograms, and the cells of a spreadsheet are floats; no amount is a float
        let is_amount = |name: &str| {
            !["app/src/receipt/", "app/src/metrics/", "billing/src/carrier_deck/xlsx.rs"]
                .iter()
                .any(|own| name.starts_with(own))
        };
        let places = wrong(folder, |name, line| {
            let mut words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            is_amount(name) && words.any(|word| matches!(word, "f32" | "f64"))
        });
        none(&places, "use integers for money and times");
    }
}

/// A cheap hash is for tests only.
#[test]
fn no_server_hashes_passwords_cheaply() {
    for folder in ["app/src", "graphql/src", "api/src", "bench/src", "sip/src", "transport/src"] {
        let calls =
            wrong(folder, |_, line| line.contains("hash_cheaply") && !line.contains("pub fn hash_cheaply"));
        none(&calls, "only the tests' own servers may call hash_cheaply");
    }
}
