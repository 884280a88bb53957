//! Tests the migration from SQLite to PostgreSQL (docs/operations.md). The script moves a whole shop, and a server continues on PostgreSQL.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use api::config::Config;
use api::demo;
use app::auth::login;
use app::{App, ledger};
use base::clock::Clock;
use sea_orm::{ConnectionTrait as _, Database};
/// An application on a migrated database.
async fn application(url: &str) -> Arc<App> {
    let config = Config { database_url: url.to_owned(), database_connections: 2, ..Config::default() };
    tests::server::node(config, Clock::system()).await.app
}

/// Runs the script. Returns whether the script succeeded, and its output.
fn copy(file: &Path, url: &str) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sqlite-to-postgres");
    let output = Command::new(script).arg(file).arg(url).output().expect("the script runs");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_goes_on_on_postgres() {
    let base = tests::server::postgres_url();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("callshop.db");
    let old = application(&format!("sqlite:{}", file.display())).await;
    let shop = demo::seed(&old, dir.path(), "secret-of-the-old-hook").await.expect("a shop");
    let attendant = shop.users.last().expect("an attendant");
    let origin = demo::origin();
    let tokens =
        login::login(&old, &attendant.login, attendant.password.clone(), &origin).await.expect("a login");
    drop(old);

    let name = format!("t{}", uuid::Uuid::now_v7().simple());
    let admin = Database::connect(format!("{base}/postgres")).await.expect("PostgreSQL answers");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database of its own");
    let url = format!("{base}/{name}");
    drop(application(&url).await);

    let (done, said) = copy(&file, &url);
    assert!(done && said.contains("\nrate 30009\n"), "{said}");
    let (again, said) = copy(&file, &url);
    assert!(!again && said.starts_with("not empty:"), "a second copy must be refused: {said}");

    let new = application(&url).await;
    let (actor, _) =
        login::authenticate(&new, &tokens.access).await.expect("the token must be valid on PostgreSQL, too");
    let live = app::calls::live(&new, &actor, shop.callshop).await.expect("the shop must be on PostgreSQL");
    assert!(live.is_empty());
    let checked = ledger::audit(&new.store, |_| {}).await.expect("the ledger reads");
    let broken: Vec<_> = checked.iter().filter(|invariant| !invariant.findings.is_empty()).collect();
    assert!(broken.is_empty(), "{broken:?}");
}
