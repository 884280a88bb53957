//! Tests that the topology of `docker-compose.yml` works, survives the loss of a node, and can be backed up and restored. The tests also check that
//! the topology's files are valid and consistent.

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

// ---- the topology itself

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
    let plan = Endurance { per_second: 5, seconds: 6, talk: Duration::from_millis(1_500), release: false };
    let endured = endurance::run(plan).await;
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

/// Prometheus reaches all targets and accepts every expression of the dashboard and the alerts. Each metric that these expressions name exists.
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
            assert!(begun.elapsed() < Duration::from_secs(30), "the restored database does not serve: {log}");
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

// ---- the files

/// The configuration that Compose resolves from its files, as JSON.
fn compose(files: &[&str]) -> Value {
    let mut command = Blocking::new("docker-compose");
    command.current_dir(repository());
    for file in files {
        command.args(["-f", file]);
    }
    // the test ignores a .env on this machine
    let none = tempfile::NamedTempFile::new().expect("an empty file");
    command.arg("--env-file").arg(none.path()).arg("config");
    command.env("GATEWAY", "203.0.113.10:5060").env("CARRIER_NETS", "203.0.113.10/32");
    let yaml = run(&mut command).stdout;
    // Debian's docker-compose is written in Python, so a YAML parser for Python is already installed
    let mut reader = Blocking::new("python3");
    reader.args(["-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.argv[1]), sys.stdout)"]);
    reader.arg(String::from_utf8(yaml).expect("text"));
    serde_json::from_slice(&run(&mut reader).stdout).expect("JSON")
}

#[test]
fn deployed_compose_files_are_valid_and_their_containers_may_do_little() {
    for files in [vec!["docker-compose.yml"], vec!["docker-compose.yml", "compose.monitoring.yml"]] {
        let services = compose(&files)["services"].take();
        let services = services.as_object().expect("services");
        assert!(
            ["api-1", "api-2", "balancer", "kamailio", "postgres", "redis"]
                .iter()
                .all(|name| services.contains_key(*name))
        );
        for (name, service) in services {
            assert_eq!(service["read_only"], true, "{name}");
            assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
            assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
            assert_eq!(service["restart"], "unless-stopped", "{name}");
            let text = service.to_string();
            assert!(
                !text.to_lowercase().contains("password=") && service.get("privileged").is_none(),
                "{name}: {text}"
            );
        }
        // ports are published on loopback only, until an operator decides otherwise
        for (name, service) in services {
            let ports = service["ports"].as_array().cloned().unwrap_or_default();
            let open: Vec<_> = ports
                .iter()
                .filter(|port| !port.as_str().unwrap_or_default().starts_with("127.0.0.1:"))
                .collect();
            assert!(open.is_empty(), "{name}: {open:?}");
        }
    }
}

/// The names in a settings file that deploy/local wrote, or in a service's environment.
fn names(service: &Value) -> BTreeSet<String> {
    service["environment"].as_object().expect("an environment").keys().cloned().collect()
}

/// The names that deploy/local exports (`export NAME=`, `export NAME`), from the line `from` to the end of the function.
fn exported(script: &str, from: &str) -> BTreeSet<String> {
    let part = script.split_once(from).expect("the part").1;
    let part =
        part.split("\n}\n").next().expect("a function").split("env | grep").next().expect("its settings");
    let words = part.split([' ', '\n']).map(|word| word.split_once('=').map_or(word, |(name, _)| name));
    words.filter(|word| word.starts_with("CALLSHOP_") || word.starts_with("CS_")).map(str::to_owned).collect()
}

fn env_file(name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("deploy").join(name)).expect("a file of settings");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn deployed_containers_and_processes_are_told_the_same() {
    let services = compose(&["docker-compose.yml"])["services"].take();
    let script = fs::read_to_string(repository().join("deploy/local")).expect("the script");
    let mut node = exported(&script, "start_node() (");
    node.extend(env_file("api.env"));
    assert_eq!(names(&services["api-1"]), node);
    assert_eq!(services["api-1"]["environment"], services["api-2"]["environment"]);
    let mut proxy = exported(&script, "start_proxy() {");
    proxy.extend(env_file("kamailio.env"));
    // in the container, the folder and ports are the defaults of kamailio.cfg
    for own in ["CS_RUN_DIR", "CS_CONTROL_PORT", "CS_REDIS_PORT"] {
        assert!(proxy.remove(own));
    }
    assert_eq!(names(&services["kamailio"]), proxy);
}

/// Container paths in a YAML list of `HOST:CONTAINER` volumes.
fn mounted(service: &Value) -> BTreeSet<String> {
    let volumes = service["volumes"].as_array().expect("volumes");
    let inside = volumes.iter().filter_map(|volume| volume.as_str()?.split(':').nth(1));
    inside.map(str::to_owned).collect()
}

#[test]
fn deployed_backups_and_restores_have_somewhere_to_write() {
    let postgres = compose(&["docker-compose.yml"])["services"]["postgres"].take();
    let mounted = mounted(&postgres);
    let image = fs::read_to_string(repository().join("deploy/postgres/Dockerfile")).expect("the Dockerfile");
    let owned = image.lines().find(|line| line.starts_with("RUN install -d -o postgres")).expect("folders");
    // the root file system is read-only, so the guide writes only to volumes; a new volume gets its owner from the image
    let guide = fs::read_to_string(repository().join("docs/operating.md")).expect("the guide");
    assert!(guide.contains("postgres backup /backup\n") && guide.contains("-v callshop_restored:/restored"));
    for folder in ["/archive", "/backup", "/restored"] {
        assert!(owned.split(' ').any(|word| word == folder), "{folder}: {owned}");
        assert!(folder == "/restored" || mounted.contains(folder), "{folder}: {mounted:?}");
    }
}

#[test]
fn deployed_monitoring_follows_the_network() {
    let services = compose(&["docker-compose.yml", "compose.monitoring.yml"])["services"].take();
    let mut seen = 0;
    for file in ["nodes", "balancer", "prometheus"] {
        let path = repository().join(format!("deploy/prometheus/targets/{file}.yml"));
        let text = fs::read_to_string(path).expect("targets");
        for target in text.split('"').skip(1).step_by(2) {
            let (host, _) = target.split_once(':').expect("a port");
            // the address is a service name; for every value of NET, this name resolves to the container
            assert!(host == "localhost" || services.get(host).is_some(), "{file}: {target}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
}

/// A program that logs its command line, its environment, and the files that the command line and the environment name.
fn spy(folder: &Path, name: &str, then: &str) {
    let text = format!(
        "#!/bin/sh\n{{ echo \"{name} $*\"; cat /proc/$$/environ; env; }} | tr '\\0' '\\n' >>{0}/seen\n\
         [ -z \"${{PGPASSFILE:-}}\" ] || cat \"$PGPASSFILE\" >>{0}/passwords\n{then}\n",
        folder.display()
    );
    fs::write(folder.join("bin").join(name), text).expect("a program");
    run(Blocking::new("chmod").arg("755").arg(folder.join("bin").join(name)));
}

#[test]
fn deployed_proxy_keeps_secrets_out_of_environments_and_command_lines() {
    const SECRETS: [(&str, &str); 4] = [
        ("CS_SECRET", "a-secret-of-the-hook"),
        ("CS_REDIS_PASSWORD", "a-secret-of-redis"),
        ("CS_DB_DIALOG", "postgres://kamailio:a-secret:of\\dialogs@127.0.0.1/kamailio"),
        ("CS_DB_LOCATION", "postgres://kamailio:a-secret:of\\dialogs@127.0.0.1/kamailio"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for name in ["bin", "run", "schema"] {
        fs::create_dir(path(name)).expect("a folder");
    }
    for name in ["standard", "dialog", "usrloc"] {
        fs::write(path("schema").join(format!("{name}-create.sql")), "").expect("a schema");
    }
    spy(folder.path(), "psql", "case \"$*\" in *count*) echo 0 ;; *) cat >/dev/null ;; esac");
    spy(folder.path(), "kamailio", "");
    let mut start = Blocking::new("sh");
    start.arg(repository().join("kamailio/start")).arg(folder.path()).env("CS_GATEWAY", "192.0.2.1:5060");
    start.env("CS_RUN_DIR", path("run")).env("KAMAILIO_SCHEMA", path("schema"));
    start.env("PATH", format!("{}:{}", path("bin").display(), std::env::var("PATH").expect("a path")));
    for (name, secret) in SECRETS {
        fs::write(path(name), format!("{secret}\n")).expect("a secret");
        start.env(format!("{name}_FILE"), path(name));
    }
    // a secret in the environment must not reach the programs that `start` runs
    start.env("CS_PROXY_NAME", "a-secret-name");
    run(&mut start);
    let seen = fs::read_to_string(path("seen")).expect("the program logged its start");
    assert!(
        seen.contains("psql postgres://kamailio@127.0.0.1/kamailio -X") && seen.contains("kamailio -DD"),
        "{seen}"
    );
    assert!(!seen.contains("a-secret"), "{seen}");
    let passwords = fs::read_to_string(path("passwords")).expect("psql's");
    assert!(passwords.lines().all(|line| line == r"*:*:*:*:a-secret\:of\\dialogs"), "{passwords}");
    let settings = fs::read_to_string(path("run").join("local.cfg")).expect("settings");
    for (name, secret) in SECRETS {
        assert!(settings.contains(&format!("#!substdef \"!{name}!{secret}!g\"\n")), "{settings}");
    }
    // by default, the data for emergency calls is in the same database as the proxy's other data
    assert!(settings.contains(&format!("\"!CS_DB_EMERGENCY!{}!g\"", SECRETS[2].1)), "{settings}");
    assert!(settings.contains("!CS_GATEWAY!192.0.2.1:5060!") && !settings.contains("_FILE!"), "{settings}");
    let mode =
        std::os::unix::fs::MetadataExt::mode(&fs::metadata(path("run").join("local.cfg")).expect("it"));
    assert_eq!(mode & 0o777, 0o600);
    // create-db refuses a secret as an argument, and says how to pass the secret instead
    let create = Blocking::new("sh").arg(repository().join("kamailio/create-db")).arg(SECRETS[2].1).output();
    let refused = create.expect("create-db starts");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && told.contains("create-db - <FILE") && !told.contains("a-secret"),
        "{told}"
    );
}

#[test]
fn deployed_proxy_logs_no_number() {
    let config = fs::read_to_string(repository().join("kamailio/kamailio.cfg")).expect("the configuration");
    let lines: Vec<_> = config.lines().filter(|line| line.contains("xlog(")).collect();
    assert!(lines.len() > 8, "{lines:?}");
    // the log must not contain dialed numbers, the API's responses, or whole messages
    let numbers = [
        "rU",
        "ru",
        "tU",
        "tu",
        "rb",
        "mb",
        "fU",
        "fu",
        "ct",
        "var(r)",
        "var(q)",
        "var(j)",
        "var(to)",
        "var(caller)",
        "avp(to)",
        "avp(caller)",
        "shv(batch)",
        "var(value)",
        "var(b)",
    ];
    for line in lines {
        for number in numbers {
            let name = format!("${number}");
            let mut named = line.split(&name).skip(1);
            let whole = named.any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()));
            assert!(!whole, "{name}: {}", line.trim());
        }
    }
}

#[test]
fn deployed_the_image_builds_every_crate() {
    let workspace = fs::read_to_string(repository().join("Cargo.toml")).expect("the workspace");
    let (_, members) = workspace.split_once("\nmembers = [").expect("members");
    let (members, _) = members.split_once(']').expect("their end");
    let names = members.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty());
    let members: BTreeSet<_> = names.collect();
    assert!(members.contains("api") && members.contains("transport"), "{members:?}");
    let dockerfile = fs::read_to_string(repository().join("Dockerfile")).expect("the Dockerfile");
    let copied = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")?.split_once("/Cargo.toml "));
    assert_eq!(copied.map(|(name, _)| name).collect::<BTreeSet<_>>(), members);
    let words = |start: &str, end: &str| -> BTreeSet<String> {
        let (_, rest) = dockerfile.split_once(start).expect(start);
        rest.split_once(end).expect(end).0.split_whitespace().map(str::to_owned).collect()
    };
    let members: BTreeSet<String> = members.into_iter().map(str::to_owned).collect();
    assert_eq!(words("for crate in ", ";"), members);
    // the image contains only the program
    let mut touched = words("RUN find ", "-name");
    touched.extend(["tests", "bench"].map(str::to_owned));
    assert_eq!(touched, members);
}

#[test]
fn deployed_secrets_are_made_once_and_kept_from_others() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = folder.path().join("secrets");
    let make =
        |net: &str| run(Blocking::new(repository().join("deploy/make-secrets")).arg(&secrets).arg(net));
    let read = |name: &str| fs::read_to_string(secrets.join(name)).expect("a secret");
    make("172.28.64");
    let (hook, password) = (read("hook_secret"), read("postgres_callshop"));
    assert!(hook.len() >= 32 && hook != password);
    assert_eq!(
        read("database_url").trim_end(),
        format!("postgres://callshop:{password}@172.28.64.3:5432/callshop")
    );
    make("10.0.0");
    assert_eq!(
        (read("hook_secret"), read("postgres_callshop")),
        (hook, password),
        "existing secrets must stay"
    );
    assert!(read("database_url").contains("@10.0.0.3:5432/"));
    assert_eq!(fs::metadata(&secrets).expect("the folder").mode() & 0o777, 0o700);
    // every secret of the compose file is created
    let named = compose(&["docker-compose.yml"])["secrets"].take();
    for (name, secret) in named.as_object().expect("secrets") {
        assert!(
            secret["file"].as_str().is_some_and(|file| file.ends_with(&format!("/deploy/secrets/{name}")))
        );
        assert!(secrets.join(name).exists(), "{name}");
    }
}

#[test]
fn deployed_alerts_are_those_that_are_meant() {
    let folder = repository().join("deploy/prometheus");
    run(Blocking::new("promtool").args(["check", "config", "prometheus.yml"]).current_dir(&folder));
    run(Blocking::new("promtool").args(["test", "rules", "alerts.test.yml"]).current_dir(&folder));
}

#[test]
fn deployed_units_are_valid_and_may_do_little() {
    let folder = tempfile::tempdir().expect("a folder");
    let units = repository().join("deploy/systemd");
    let unit = fs::read_to_string(units.join("callshop.service")).expect("the unit");
    let here = folder.path().join("callshop.service");
    // the program is not installed on this machine
    fs::write(&here, unit.replace("/usr/bin/callshop", "/bin/true")).expect("a copy");
    let checked = run(Blocking::new("systemd-analyze").args(["verify", "--man=no"]).arg(&here));
    assert!(checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    // the exposure of a service is a number from 0 (it may do nothing) to 10 (it may do everything)
    run(Blocking::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15"])
        .arg(units.join("callshop.service")));
    // the unit's environment matches the nodes' configuration elsewhere
    let told: BTreeSet<_> =
        unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('=')).collect();
    let services = compose(&["docker-compose.yml"])["services"].take();
    let secret: BTreeSet<_> =
        names(&services["api-1"]).into_iter().filter(|name| name.ends_with("_FILE")).collect();
    assert_eq!(told.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>(), secret);
    // the proxy's unit is a drop-in for Debian's unit
    let kamailio = folder.path().join("kamailio.service");
    fs::write(&kamailio, "[Service]\nType=forking\nUser=kamailio\nPIDFile=/run/k.pid\nExecStart=/bin/true\nRuntimeDirectory=kamailio\n").expect("a unit");
    let drop_in = folder.path().join("kamailio.service.d");
    fs::create_dir(&drop_in).expect("a folder");
    let text = fs::read_to_string(units.join("kamailio.service.d/callshop.conf")).expect("the drop-in");
    assert!(text.contains("\nRestart=always\n"));
    fs::write(drop_in.join("callshop.conf"), text.replace("/etc/callshop/start", "/bin/true"))
        .expect("a copy");
    let checked = run(Blocking::new("systemd-analyze").args(["verify", "--man=no"]).arg(&kamailio));
    assert!(checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
}
