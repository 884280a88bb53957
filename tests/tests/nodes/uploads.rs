//! Tests the folder of uploaded files that two server processes share.

use std::path::Path;
use std::time::{Duration, Instant};

use app::tariffs::imports::worker;
use serde_json::json;
use tests::crash::process::{self, Process};
use tests::shop::text;
use tests::{Backend, Shop, TestServer};

/// Maximum wait for the end of a dry run.
const PATIENCE: Duration = Duration::from_secs(30);
const DECK: &str =
    "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n34,E,0.1,0,1,1\n";

fn uploaded(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("the folder");
    entries
        .filter(|entry| {
            entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "deck"))
        })
        .count()
}

/// A running process holds a lock on a file in the folder, and the lock ends when the process ends for any reason. Therefore, another process deletes
/// the files of a process only after that process is dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_of_a_process_are_deleted_once_it_is_dead_on_postgres() {
    let shop = Shop::on(TestServer::start(Backend::Postgres, |_| {}).await, 1).await;
    let config = shop.server.config_of_another().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = Process::new(process::build(false), &config, folder.path());
    other.start();
    other.ready().await;

    let input = json!({ "name": "Uploaded" });
    let tariff = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let input = json!({ "tariffId": tariff["tariff"]["id"], "dryRun": true });
    let fields = "import { id uploadUrl }";
    let made = shop.reseller.did("createTariffImport", "CreateTariffImportInput", input, fields).await;
    let (id, url) = (text(&made["import"]["id"]), text(&made["import"]["uploadUrl"]));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.put(format!("http://{}{url}", config.listen)).body(DECK).send().await;
    assert_eq!(answer.expect("an answer").status(), 202);
    let begun = Instant::now();
    loop {
        let job = shop.reseller.object("tariffImport", &id, "state").await;
        if job["state"] == "CHECKED" {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{job}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let files = &shop.server.app.config.imports.folder;
    worker::tidy(&shop.server.app).await.expect("the folder is tidied");
    assert_eq!(uploaded(files), 1, "the other process still runs");
    other.kill().await;
    worker::tidy(&shop.server.app).await.expect("the folder is tidied");
    assert_eq!(uploaded(files), 0, "the other process is dead");
    shop.finish().await;
}
