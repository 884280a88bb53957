//! Tests that the topology of `docker-compose.yml` works, survives the loss of a node, and can be backed up and restored. The tests also check that
//! the topology's files are valid and consistent.

mod files;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command as Blocking;
use std::time::Duration;

use chrono::Utc;
use entity::call;
use sea_orm::{Database, EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};
use tests::endurance::{self, Endurance};
use tests::local::repository;
use tests::server::proxy;
use tests::sip::{PROXY, Phone, Script, eventually};
use tests::{Client, Local, Shop, Sip, SipPlan, Socket, TestServer};
use tokio::process::Command;

use crate::run;

const WATCH: &str = "subscription($id: ID!, $after: String) { callshopActivity(callshopId: $id, after: $after) { cursor event { seq kind } } }";

/// A running topology with a shop. The shop's phone is registered at the proxy.
struct Stage {
    local: Local,
    attendant: Client,
    shop: String,
    sip: Sip,
    phone: Phone,
}

impl Stage {
    async fn set(folder: &Path) -> Self {
        let local = Local::start(folder, &["--monitoring"]).await;
        let gateway = local.at(9, 5060);
        let gateway = SocketAddr::new(gateway.ip(), 5060);
        let sip = SipPlan::beside(local.sip, local.at(1, 8060), gateway).join();
        // the test's own node creates the shop, next to the deployed nodes
        let (key, control) = (local.secret("token_key"), local.at(1, 8060));
        let server = TestServer::start_at(local.secret("database_url"), |config| {
            config.auth.token_key = Some(key.into());
            config.hook.proxies = vec![proxy(PROXY, control)];
        })
        .await;
        let shop = Shop::on(server, 1).await;
        shop.open_register().await;
        shop.open_cabin(0).await;
        let attendant = Client::anonymous(local.graphql).with_token(shop.attendant.token());
        let phone = sip.phone(&shop.phones[0]);
        let id = shop.id.clone();
        shop.server.stop().await;
        sip.register(&phone).await;
        Self { local, attendant, shop: id, sip, phone }
    }

    /// Makes a two-second call through the proxy.
    async fn call(&self) {
        let script = Script::call("phone-call", "005511912345678", &["-d", "1500"]);
        self.sip.play(&self.phone, &script).finished().await;
    }

    async fn calls(&self) -> usize {
        let query = "query($id: ID!) { calls(callshopId: $id, first: 100) { nodes { state } } }";
        let data = self.attendant.ok(query, json!({ "id": self.shop })).await;
        let calls = data["calls"]["nodes"].as_array().expect("calls").clone();
        calls.iter().filter(|call| call["state"] == "ENDED").count()
    }

    async fn watch(&self, after: Option<&str>) -> Socket {
        let mut socket = Socket::open(self.local.graphql, self.attendant.token()).await;
        socket.subscribe("a", WATCH, json!({ "id": self.shop, "after": after })).await;
        socket
    }
}

/// Reads until an activity event of this kind arrives. Returns the event's cursor, and the `seq` of all events received.
async fn until(socket: &mut Socket, kind: &str) -> (String, Vec<i64>) {
    let mut seqs = Vec::new();
    loop {
        let message = socket.next().await["callshopActivity"].take();
        seqs.extend(message["event"]["seq"].as_i64());
        if message["event"]["kind"] == kind {
            return (message["cursor"].as_str().expect("a cursor").to_owned(), seqs);
        }
    }
}

fn is_gap_free(seqs: &[i64]) -> bool {
    seqs.windows(2).all(|two| two[1] == two[0] + 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployed_topology_serves_loses_a_node_and_is_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::set(folder.path()).await;
    let local = &stage.local;

    // a subscriber behind the balancer sees a real call
    let mut socket = stage.watch(None).await;
    stage.call().await;
    let (cursor, seqs) = until(&mut socket, "CALL_ENDED").await;
    assert!(is_gap_free(&seqs), "{seqs:?}");
    drop(socket);

    // the balancer serves only the hook at its hook address, and only GraphQL at its GraphQL address
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for url in [format!("http://{}/metrics", local.hook), format!("http://{}/metrics", local.graphql)] {
        assert_eq!(http.get(&url).send().await.expect("an answer").status(), 404, "{url}");
    }

    // when a node dies, clients notice nothing, and the node is restarted automatically
    let killed = local.pid("api-1").expect("a node");
    run(Blocking::new("kill").args(["-KILL", &killed.to_string()]));
    stage.call().await;
    let mut socket = stage.watch(Some(&cursor)).await;
    let (_, after) = until(&mut socket, "CALL_ENDED").await;
    assert_eq!(
        after.first(),
        seqs.last().map(|last| last + 1).as_ref(),
        "the subscription must continue after the cursor"
    );
    assert!(is_gap_free(&after), "{after:?}");
    let node = local.at(11, 8081);
    eventually("the node is started again and ready", async || {
        let answer = http.get(format!("http://{node}/readyz")).send().await.ok()?;
        (answer.status() == 200 && local.pid("api-1") != Some(killed)).then_some(())
    })
    .await;
    let checked = local.command(&["healthcheck"]).output().await.expect("callshop runs");
    assert!(checked.status.success(), "{checked:?}");

    what_is_watched_is_there(local).await;
    restore_to_a_moment(&stage, folder.path()).await;
    drop(socket);
    let (sip, address) = (stage.sip, stage.local.graphql);
    stage.local.stop().await;
    drop(sip);
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "no process may be left running");
}

/// A short run of the endurance test (docs/testing.md).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployed_calls_at_a_rate_are_stored_once_and_as_long_as_they_were() {
    let plan = || Endurance { per_second: 5, seconds: 6, talk: Duration::from_millis(1_500), release: false };
    let mut endured = endurance::run(plan()).await;
    // while a busy machine compiles, phones may give up calls; even then, the stored data must be consistent
    if !endured.holds() && endured.is_consistent() {
        eprintln!("once more, because phones gave up: {endured}");
        endured = endurance::run(plan()).await;
    }
    assert!(endured.holds() && endured.phones.calls == 30, "{endured}");
}

/// Every `expr` in a dashboard or in an alerts file.
fn expressions(text: &str) -> Vec<String> {
    let json: Option<Value> = serde_json::from_str(text).ok();
    let Some(json) = json else {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
        return lines.map(str::to_owned).collect();
    };
    let panels = json["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().expect("targets"));
    targets.map(|target| target["expr"].as_str().expect("an expression").to_owned()).collect()
}

/// Prometheus reaches all targets and accepts every expression of the dashboard and the alerts, and every metric in these expressions exists.
async fn what_is_watched_is_there(local: &Local) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get =
        async |url: String| http.get(&url).send().await.expect("an answer").text().await.expect("a text");
    let prometheus = local.at(5, 9090);
    eventually("Prometheus reaches every target", async || {
        let targets: Value =
            serde_json::from_str(&get(format!("http://{prometheus}/api/v1/targets")).await).ok()?;
        let targets = targets["data"]["activeTargets"].as_array()?;
        (targets.len() == 4 && targets.iter().all(|target| target["health"] == "up")).then_some(())
    })
    .await;
    let mut there = String::new();
    for address in [local.at(11, 8081), local.at(12, 8081), local.at(2, 8405)] {
        there += &get(format!("http://{address}/metrics")).await;
    }
    // a metric without events has no line yet, so its name must be among the names that the server has registered
    let sources = ["api/src", "app/src", "sip/src", "transport/src"];
    let source: String = sources.iter().map(|folder| files_below(&repository().join(folder))).collect();
    let mut seen = 0;
    for file in ["deploy/grafana/dashboard.json", "deploy/prometheus/alerts.yml"] {
        let text = fs::read_to_string(repository().join(file)).expect("the file");
        for expression in expressions(&text) {
            let asked = expression.replace("$__rate_interval", "1m");
            let url = format!("http://{prometheus}/api/v1/query");
            let url = reqwest::Url::parse_with_params(&url, [("query", asked)]).expect("a URL");
            let answer = http.get(url).send().await;
            let answer: Value = answer.expect("an answer").json().await.expect("JSON");
            assert_eq!(answer["status"], "success", "{file}: {expression}: {answer}");
            let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            for name in words
                .filter(|word| ["callshop_", "process_", "haproxy_"].iter().any(|own| word.starts_with(own)))
            {
                let family = name.trim_end_matches("_bucket").trim_end_matches("_total");
                let own = family.trim_start_matches("callshop_");
                let known = there.lines().any(|line| line.split([' ', '{']).next() == Some(name))
                    || [family, own, own.trim_end_matches("_micros")]
                        .iter()
                        .any(|name| source.contains(&format!("\"{name}\"")));
                assert!(known, "{file} names {name}, which is not exported");
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "only {seen} metrics were checked");
}

/// The text of all source files in a folder.
fn files_below(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            text += &files_below(&path);
        } else {
            text += &fs::read_to_string(&path).unwrap_or_default();
        }
    }
    text
}

/// Follows the section "Backup and point-in-time restore" of docs/operating.md on the running topology.
async fn restore_to_a_moment(stage: &Stage, folder: &Path) {
    let local = &stage.local;
    let scripts = repository().join("deploy/postgres");
    let server = local.at(3, 5432);
    let as_superuser = |program: &Path| {
        let mut command = Command::new(program);
        command.env("PGHOST", server.ip().to_string()).env("PGPORT", server.port().to_string());
        command.env("PGUSER", "postgres").env("PGPASSWORD", local.secret("postgres_superuser"));
        command
    };
    let backup = as_superuser(&scripts.join("backup")).arg(folder.join("backups")).output().await;
    let backup = backup.expect("the backup runs");
    assert!(backup.status.success(), "{backup:?}");
    let backup = String::from_utf8_lossy(&backup.stdout).trim().to_owned();

    stage.call().await;
    eventually("the call is stored", async || (stage.calls().await == 3).then_some(())).await;
    let moment = Utc::now();
    // an unwanted change happens, and afterward its WAL segment reaches the archive
    tokio::time::sleep(Duration::from_millis(50)).await;
    stage.call().await;
    eventually("the call is stored", async || (stage.calls().await == 4).then_some(())).await;
    let psql = |sql: &'static str| {
        let mut command = as_superuser(Path::new("psql"));
        command.args(["-XAtq", "-d", "postgres", "-c", sql]);
        async move { String::from_utf8_lossy(&command.output().await.expect("psql").stdout).trim().to_owned() }
    };
    let last = psql("SELECT pg_walfile_name(pg_switch_wal())").await;
    eventually("the log is archived", async || {
        (psql("SELECT last_archived_wal FROM pg_stat_archiver").await >= last).then_some(())
    })
    .await;

    let restored = Restored::start(local, folder, &backup, &moment.to_rfc3339()).await;
    let url = format!("{}/callshop", restored.url(&local.secret("postgres_callshop")));
    let conn = Database::connect(&url).await.expect("the restored database opens");
    assert_eq!(
        call::Entity::find().count(&conn).await.expect("calls"),
        3,
        "the database must have the state at the given time"
    );
    conn.close().await.expect("closes");
    let audit = local.command(&["audit", "--database", &url]).output().await.expect("callshop runs");
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

/// A PostgreSQL server that runs on a restored folder.
struct Restored {
    port: u16,
    server: tokio::process::Child,
}

impl Restored {
    async fn start(local: &Local, folder: &Path, backup: &str, moment: &str) -> Self {
        let own = local.folder.join("postgres");
        let data = own.join("restored");
        // PostgreSQL does not run as root
        let is_root =
            fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        let as_postgres = |program: &Path| {
            let mut command = if is_root { Command::new("setpriv") } else { Command::new(program) };
            if is_root {
                command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
            }
            command.current_dir("/").kill_on_drop(true);
            command
        };
        // the user postgres gets copies that it can read
        for (from, to) in
            [(Path::new(backup), "base.tar.gz"), (&repository().join("deploy/postgres/restore"), "restore")]
        {
            fs::copy(from, own.join(to)).expect("a copy");
            run(Blocking::new("chmod").arg("755").arg(own.join(to)));
        }
        let mut restore = as_postgres(&own.join("restore"));
        restore.arg(own.join("base.tar.gz")).arg(own.join("archive")).arg(&data).arg(moment);
        let done = restore.output().await.expect("the restore runs");
        assert!(done.status.success(), "{done:?}");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("an address")
            .port();
        let bin = fs::read_link(format!("/proc/{}/exe", local.pid("postgres").expect("PostgreSQL")))
            .expect("its program");
        let log = fs::File::create(folder.join("restored.log")).expect("a log");
        let mut command = as_postgres(&bin);
        command.arg("-D").arg(&data).args([
            "-c",
            &format!("port={port}"),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "archive_mode=off",
        ]);
        command.arg("-c").arg(format!("unix_socket_directories={}", own.display())).stderr(log);
        // some settings must not be lower than on the old server, so use the same file
        command.arg("-c").arg(format!("config_file={}", own.join("postgresql.conf").display()));
        let server = command.spawn().expect("PostgreSQL starts");
        let restored = Self { port, server };
        let url = format!("{}/callshop", restored.url(&local.secret("postgres_callshop")));
        let begun = std::time::Instant::now();
        loop {
            // PostgreSQL serves reads while it still replays WAL, so wait until it accepts writes, too
            let writes = match Database::connect(&url).await {
                Ok(conn) => {
                    let sql = "SELECT pg_is_in_recovery() AS reading";
                    let row = sea_orm::ConnectionTrait::query_one_raw(
                        &conn,
                        sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql),
                    )
                    .await;
                    row.ok().flatten().and_then(|row| row.try_get::<bool>("", "reading").ok()) == Some(false)
                }
                Err(_) => false,
            };
            if writes {
                return restored;
            }
            let log = fs::read_to_string(folder.join("restored.log")).unwrap_or_default();
            // on a busy disk, PostgreSQL takes long to sync the restored folder
            assert!(
                begun.elapsed() < Duration::from_secs(180),
                "the restored database does not serve: {log}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn url(&self, password: &str) -> String {
        format!("postgres://callshop:{password}@127.0.0.1:{}", self.port)
    }
}

impl Drop for Restored {
    fn drop(&mut self) {
        if let Some(id) = self.server.id() {
            let _ = Blocking::new("kill").args(["-INT", &id.to_string()]).status();
        }
        let patience = std::time::Instant::now() + Duration::from_secs(10);
        while matches!(self.server.try_wait(), Ok(None)) && std::time::Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
