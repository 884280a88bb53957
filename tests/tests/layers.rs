//! Enforces the boundaries between layers (ARCHITECTURE.md): the money rules use no server and no database, the outer layers use no SQL, and SQL
//! is in one folder.

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

#[test]
fn billing_knows_no_server_no_database_and_no_runtime() {
    let used = dependencies("billing");
    assert!(used.contains(&"chrono".to_owned()), "the manifest must be parsed: {used:?}");
    let barred = |name: &&String| {
        ["actix", "async-graphql", "sea-orm", "sqlx", "tokio", "reqwest", "entity", "migration", "api"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let found: Vec<&String> = used.iter().filter(barred).collect();
    assert!(found.is_empty(), "billing must stay pure, without I/O: {found:?}");
    let places = wrong("billing/src", |_, line| {
        ["std::fs", "std::net", "std::env", "Utc::now", "SystemTime", "async fn"]
            .iter()
            .any(|word| line.contains(word))
    });
    none(&places, "billing must not read clocks, files or sockets: pass values as arguments");
}

#[test]
fn entities_know_no_use_case() {
    let used = dependencies("entity");
    assert!(used.contains(&"sea-orm".to_owned()), "the manifest must be parsed: {used:?}");
    let barred = ["actix", "async-graphql", "tokio", "migration", "api"];
    let found: Vec<&String> =
        used.iter().filter(|name| barred.iter().any(|start| name.starts_with(start))).collect();
    assert!(found.is_empty(), "entity must contain only tables and their columns: {found:?}");
}

#[test]
fn the_outside_knows_no_database() {
    for folder in ["api/src/graphql", "api/src/http", "api/src/kamailio", "api/src/feed", "api/src/auth"] {
        let places = wrong(folder, |_, line| line.contains("sea_orm") || line.contains("sqlx"));
        none(&places, "use the database library only in api/src/store, and call its functions elsewhere");
    }
}

#[test]
fn use_cases_name_a_connection_and_nothing_else_of_the_database() {
    let places = wrong("api/src/app", |_, line| {
        let bound =
            ["use sea_orm::ConnectionTrait;", "use sea_orm::{ConnectionTrait};"].contains(&line.trim());
        (line.contains("sea_orm") && !bound) || line.contains("sqlx")
    });
    none(&places, "a use case may only pass `&impl ConnectionTrait` on: move the query to api/src/store");
}

#[test]
fn use_cases_write_as_their_actor() {
    // writes without a login: the proxies' events, the upkeep, the platform's account, and blocks of rates that are invisible until the version
    // is complete
    let of_its_own = [
        "access.rs",
        "accounts.rs",
        "mod.rs",
        "calls/",
        "retention.rs",
        "statistics.rs",
        "tariffs/drafts.rs",
    ];
    let places = wrong("api/src/app", |name, line| {
        let allowed = of_its_own.iter().any(|own| name.starts_with(&format!("api/src/app/{own}")));
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
    let places = wrong("api/src", |name, line| {
        !name.starts_with("api/src/store/") && sql.iter().any(|word| line.contains(word))
    });
    none(&places, "move SQL to api/src/store or migration");
}

#[test]
fn the_layers_point_one_way() {
    // lower layers must not use upper ones
    for (below, above) in [
        ("api/src/store", ["crate::app", "crate::graphql", "crate::http", "crate::kamailio"].as_slice()),
        ("api/src/app", ["crate::graphql", "crate::http", "crate::cli"].as_slice()),
        ("api/src/feed", ["crate::app", "crate::graphql", "crate::http", "crate::kamailio"].as_slice()),
        ("api/src/graphql", ["crate::kamailio", "crate::cli"].as_slice()),
        (
            "api/src/http",
            ["crate::app", "crate::graphql", "crate::store", "crate::kamailio", "crate::cli"].as_slice(),
        ),
        ("api/src/kamailio", ["crate::graphql", "crate::http", "crate::cli"].as_slice()),
    ] {
        let places = wrong(below, |_, line| above.iter().any(|module| line.contains(module)));
        none(&places, &format!("{below} is below {}", above.join(", ")));
    }
}

#[test]
fn no_amount_of_money_is_a_float() {
    for folder in
        ["billing/src", "entity/src", "migration/src", "api/src/app", "api/src/store", "api/src/graphql"]
    {
        let places = wrong(folder, |_, line| {
            let mut words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            words.any(|word| matches!(word, "f32" | "f64"))
        });
        none(&places, "use integers for money and times");
    }
}
