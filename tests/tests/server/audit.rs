//! Tests that `callshop audit` names the right invariant each time a consistent database is damaged, for every kind of damage.

mod books;
mod damages;

use api::cli::{Cli, run};
use app::ledger::audit;
use clap::Parser as _;
use sea_orm::ConnectionTrait as _;
use tests::{TestServer, on_both};

use books::Books;
use damages::DAMAGES;

/// Names of the broken invariants.
async fn broken(server: &TestServer) -> Vec<&'static str> {
    let checked = audit(&server.app.store, |_| {}).await.expect("the audit runs");
    for invariant in &checked {
        assert!(invariant.findings.len() <= 10);
    }
    let broken = checked.iter().filter(|invariant| !invariant.findings.is_empty());
    broken.map(|invariant| invariant.name).collect()
}

/// The exit status of `callshop audit` on a database.
async fn command(url: &str) -> u8 {
    let cli = Cli::try_parse_from(["callshop", "audit", "--quiet", "--database", url]).expect("a command");
    run(cli).await.expect("an exit status")
}

async fn execute(server: &TestServer, statements: &str) {
    server
        .app
        .store
        .write(|tx| async move {
            tx.conn().execute_unprepared(statements).await?;
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

on_both!(every_damage_is_found_under_its_name, |backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    let url = server.config().database_url.clone();
    let books = Books::new();
    let books = &books;
    server
        .app
        .store
        .write(|tx| async move {
            books.write(tx.conn()).await;
            Ok(())
        })
        .await
        .expect("the books are written");
    assert_eq!(broken(&server).await, [""; 0], "the undamaged books must pass the audit");
    assert_eq!(command(&url).await, 0);
    let all = audit(&server.app.store, |_| {}).await.expect("the audit runs");
    // tests/tests/server/upkeep.rs tests the invariant about missing months, because a test of that invariant has to detach a partition
    for invariant in all.iter().filter(|invariant| !invariant.name.starts_with("no month")) {
        assert!(DAMAGES.iter().any(|(name, ..)| *name == invariant.name), "{}: no damage", invariant.name);
    }
    for (name, damage, repair) in DAMAGES {
        execute(&server, damage).await;
        let found = broken(&server).await;
        assert!(found.contains(name), "the audit does not report {name} after {damage}: {found:?}");
        assert_eq!(command(&url).await, 1, "{name}");
        execute(&server, repair).await;
        assert_eq!(broken(&server).await, [""; 0], "{name} is mended");
    }
    assert_eq!(command(&url).await, 0);
    server.stop().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_cannot_be_audited() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("none.db");
    assert_eq!(command(&format!("sqlite:{}", file.display())).await, 2);
    assert!(!file.exists(), "the audit must not create a database");
    assert_eq!(command("postgres://nobody@127.0.0.1:1/none").await, 2);
}
