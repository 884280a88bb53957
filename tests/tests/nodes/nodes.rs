//! Tests that one of several nodes reports liveness and readiness, and stops without losing data or disturbing clients.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::{Value, json};
use tests::crash::process::{self, Process};
use tests::server::{HOOK_SECRET, proxy};
use tests::shop::{Hook, PASSWORD, answered_call, person, unique};
use tests::{Backend, Client, FakeProxy, RedisServer, Relay, Shop, Socket, TestServer, on_both};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Maximum wait for an expected event.
const PATIENCE: Duration = Duration::from_secs(20);
/// Maximum time for a probe to report that the database is down.
const SOON: Duration = Duration::from_secs(4);

const WATCH: &str = "subscription($id: ID!) { callshopActivity(callshopId: $id) { __typename cursor } }";

/// The status and checks of a probe; `None` if the node does not respond.
async fn probe(address: SocketAddr, path: &str) -> Option<(u16, Value)> {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = client.get(format!("http://{address}/{path}")).send().await.ok()?;
    Some((answer.status().as_u16(), answer.json().await.ok()?))
}

/// Waits until a probe responds with this status. Returns the waiting time and the probe's checks.
async fn until(address: SocketAddr, path: &str, status: u16) -> (Duration, Value) {
    let begun = Instant::now();
    loop {
        let answer = probe(address, path).await;
        if let Some((_, body)) = answer.as_ref().filter(|(found, _)| *found == status) {
            return (begun.elapsed(), body.clone());
        }
        assert!(begun.elapsed() < PATIENCE, "/{path} does not answer {status}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A shop whose server runs in a separate process, with the clients needed to use it.
struct Site {
    process: Process,
    http: SocketAddr,
    hook: SocketAddr,
    phone: String,
    shop: String,
    attendant: Client,
    stopped: tests::server::StoppedServer,
}

impl Site {
    async fn start(backend: Backend, drain: u64, grace: u64) -> Self {
        let fake = FakeProxy::start().await;
        let server = TestServer::start(backend, |config| {
            config.hook.proxies = vec![proxy("test", fake.address)];
        })
        .await;
        let shop = Shop::on(server, 1).await;
        shop.open_register().await;
        shop.open_cabin(0).await;
        let (http, hook) = (shop.server.http, shop.server.hook);
        let mut stopped = shop.server.pause().await;
        // set these times only now, because `pause` would otherwise also drain for this long
        stopped.configure(|config| {
            config.shutdown.drain_seconds = drain;
            config.shutdown.grace_seconds = grace;
        });
        let mut process = Process::new(process::build(false), stopped.config(), stopped.dir());
        process.start();
        process.ready().await;
        let phone = shop.phones[0].user.clone();
        Self { process, http, hook, phone, shop: shop.id, attendant: shop.attendant, stopped }
    }

    async fn watch(&self) -> Socket {
        let mut socket = Socket::open(self.http, self.attendant.token()).await;
        socket.subscribe("a", WATCH, json!({ "id": self.shop })).await;
        assert_eq!(socket.next().await["callshopActivity"]["__typename"], "CallshopActivity");
        socket
    }
}

/// Sends the HTTP head of a request with a batch of events, and the first half of the request's body. Returns the connection, and the half of the
/// body that has not been sent yet.
async fn half_a_batch(hook: SocketAddr, events: &[Value]) -> (TcpStream, Vec<u8>) {
    use base64::Engine as _;
    let mut body = serde_json::to_vec(events).expect("JSON");
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("kamailio:{HOOK_SECRET}"));
    let head = format!(
        "POST /kamailio/v1/events HTTP/1.1\r\nhost: hook\r\nauthorization: Basic {secret}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let rest = body.split_off(body.len() / 2);
    let mut stream = TcpStream::connect(hook).await.expect("the hook accepts the connection");
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    stream.write_all(&body).await.expect("half of the body is sent");
    (stream, rest)
}

on_both!(a_node_that_is_told_to_stop_loses_nobody_and_nothing, |backend| async move {
    use sea_orm::EntityTrait as _;
    let mut site = Site::start(backend, 2, 20).await;
    until(site.http, "readyz", 200).await;
    until(site.hook, "readyz", 200).await;
    let sockets = [site.watch().await, site.watch().await, site.watch().await];
    let stream = event_stream(&site).await;
    let hook = Hook::at(site.hook);
    let allowed = hook.authorize(&site.phone, "005511912345678").await;
    let (mut batch, rest) =
        half_a_batch(site.hook, &answered_call(&allowed["ref"], Utc::now(), 30_000)).await;

    site.process.signal("TERM").await;
    let told = Instant::now();
    let (_, checks) = until(site.http, "readyz", 503).await;
    assert_eq!(checks["checks"]["serving"], "failed: stopping");
    let (_, checks) = until(site.hook, "readyz", 503).await;
    assert_eq!(checks["checks"]["serving"], "failed: stopping");
    assert!(told.elapsed() < Duration::from_secs(1), "readiness must end immediately");
    // new requests are still served, because the balancer may still send clients to this node
    let mut late = site.watch().await;
    late.send(json!({ "type": "ping" })).await;
    let pong = late.receive().await;
    assert_eq!(pong["type"], "pong", "sockets must stay open until balancers have noticed the stop");
    assert_eq!(until(site.http, "livez", 200).await.1["status"], "ok", "a stopping node must still be live");

    for socket in sockets.into_iter().chain([late]) {
        let (code, reason) = socket.closed().await;
        assert_eq!(code, 1001);
        assert!(reason.contains("resume"), "{reason}");
    }
    assert!(told.elapsed() >= Duration::from_secs(2), "sockets must close after the drain");
    let seen =
        tokio::time::timeout(PATIENCE, stream).await.expect("the stream ends").expect("the stream was read");
    assert!(seen.contains("event: next") && !seen.contains("event: complete"), "clients resume: {seen}");

    // new connections are refused, but requests in progress are answered
    while TcpStream::connect(site.hook).await.is_ok() {
        assert!(told.elapsed() < PATIENCE, "the hook still accepts connections");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    batch.write_all(&rest).await.expect("the hook accepts the rest of the request");
    let mut answer = String::new();
    batch.read_to_string(&mut answer).await.expect("the hook answers and closes the connection");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.matches("applied").count() == 3, "{answer}");

    let status = site.process.ended().await;
    assert_eq!(status.code(), Some(0), "{status}\n{}", site.process.log());
    assert!(told.elapsed() < Duration::from_secs(20), "the node must exit within the grace time");
    let server = site.stopped.start().await;
    let call = entity::call::Entity::find_by_id(reference(&allowed));
    let ended = call.one(server.app.store.reader()).await;
    assert_eq!(
        ended.expect("the database answers").expect("the call is stored").state,
        entity::CallState::Ended
    );
    server.check_ledger().await;
    server.stop().await;
});

fn reference(allowed: &Value) -> uuid::Uuid {
    allowed["ref"].as_str().expect("a ref").parse().expect("an id")
}

/// Reads the server-sent events of a subscription until the stream ends.
async fn event_stream(site: &Site) -> tokio::task::JoinHandle<String> {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client
        .post(format!("http://{}/graphql", site.http))
        .bearer_auth(site.attendant.token())
        .header("accept", "text/event-stream")
        .json(&json!({ "query": WATCH, "variables": { "id": site.shop } }));
    let mut answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut text = String::new();
    while !text.contains("event: next") {
        let chunk = answer.chunk().await.expect("a chunk").expect("the stream must continue");
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    tokio::spawn(async move {
        while let Ok(Some(chunk)) = answer.chunk().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        text
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_loop_says_that_it_lives_with_redis() {
    let (fake, redis) = (FakeProxy::start().await, RedisServer::start().await);
    let url = redis.url();
    let server = TestServer::start(Backend::Sqlite, |config| {
        config.hook.proxies = vec![proxy("test", fake.address)];
        config.redis.url = Some(url.into());
        config.redis.events_stream = Some("callshop:events".to_owned());
    })
    .await;
    let (_, answer) = until(server.http, "livez", 200).await;
    let checks = answer["checks"].as_object().expect("checks");
    let loops = [
        "call writer",
        "running calls",
        "revocations",
        "events stream",
        "reconciliation",
        "history",
        "webhooks",
        "rates",
        "notices",
    ];
    for name in loops {
        let told = checks.get(name).unwrap_or_else(|| panic!("{name}: nothing in {checks:?}"));
        assert!(told.as_str().is_some_and(|told| told.starts_with("ok: ")), "{name}: {told}");
    }
    assert_eq!(checks.len(), loops.len(), "{checks:?}");
    // without Redis, the node is slower, but alive
    drop(redis);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (_, answer) = until(server.http, "livez", 200).await;
    assert!(answer["checks"]["events stream"].as_str().is_some_and(|told| told.starts_with("ok: ")));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_a_node_at_once() {
    let mut site = Site::start(Backend::Sqlite, 60, 120).await;
    site.process.signal("INT").await;
    let (_, checks) = until(site.http, "readyz", 503).await;
    assert_eq!(checks["status"], "failed");
    let told = Instant::now();
    site.process.signal("TERM").await;
    let status = site.process.ended().await;
    assert_eq!(status.code(), Some(128 + 15), "{status}");
    assert!(told.elapsed() < Duration::from_secs(3), "the node must stop immediately");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_database_is_away_is_not_ready_and_lives_on_postgres() {
    let url = tests::server::postgres_url();
    let there = url.rsplit('@').next().and_then(|host| host.split('/').next()).expect("a host").to_owned();
    let address =
        tokio::net::lookup_host(&there).await.expect("the host name resolves").next().expect("an address");
    let relay = Relay::to(address).await;
    let through = relay.address.to_string();
    let server = TestServer::start(Backend::Postgres, |config| {
        config.database_url = config.database_url.replacen(&there, &through, 1);
    })
    .await;
    until(server.http, "readyz", 200).await;
    relay.cut();
    for listener in [server.http, server.hook] {
        let (took, checks) = until(listener, "readyz", 503).await;
        assert!(took < SOON, "{took:?}: {checks}");
        assert!(
            checks["checks"]["database"].as_str().is_some_and(|line| line.starts_with("failed")),
            "{checks}"
        );
        assert!(
            !checks.to_string().contains("127.0.0.1"),
            "the checks must not contain an address: {checks}"
        );
    }
    // restarting the node would not bring the database back
    let (live, checks) = probe(server.http, "livez").await.expect("an answer");
    assert_eq!(live, 200, "{checks}");
    for name in ["call writer", "revocations"] {
        assert!(checks["checks"][name].as_str().is_some_and(|line| line.starts_with("ok")), "{checks}");
    }
    relay.mend();
    let (took, _) = until(server.http, "readyz", 200).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    server.stop().await;
}

on_both!(a_node_is_ready_only_on_tables_that_it_knows, |backend| async move {
    use sea_orm::ConnectionTrait as _;
    let server = TestServer::start(backend, |_| {}).await;
    until(server.hook, "readyz", 200).await;
    let run = |sql: &'static str| {
        let conn = server.app.store.reader().clone();
        async move { conn.execute_unprepared(sql).await.expect("the statement runs") }
    };
    run("UPDATE seaql_migrations SET version = 'x' || version").await;
    let (took, checks) = until(server.hook, "readyz", 503).await;
    assert!(
        took < SOON && checks["checks"]["database"].to_string().contains("pending"),
        "{took:?}: {checks}"
    );
    run("UPDATE seaql_migrations SET version = substr(version, 2)").await;
    until(server.hook, "readyz", 200).await;
    // many probes at once are answered from a cached result
    let begun = Instant::now();
    let flood = futures_util::future::join_all((0..200).map(|_| probe(server.http, "readyz"))).await;
    assert!(
        flood.iter().all(|answer| answer.as_ref().is_some_and(|(status, _)| *status == 200)),
        "{flood:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    server.stop().await;
});

/// Runs `callshop` with these arguments and environment variables. Returns the command's exit status and output.
async fn callshop(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(process::build(false));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLSHOP_")) {
        command.env_remove(name);
    }
    let output =
        command.args(arguments).envs(variables.iter().copied()).output().await.expect("the statement runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("UTF-8"))
}

/// Logs in an attendant at another node and runs a query there, so that the node has just read the login. Returns the user's id and the client.
async fn logged_in_at(shop: &Shop, node: &TestServer) -> (Value, Client) {
    let input = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": person() });
    let made = shop.owner.did("createUser", "CreateUserInput", input, "user { id login }").await;
    let login = made["user"]["login"].as_str().expect("a login");
    let client = Client::anonymous(node.http).login(login, PASSWORD).await;
    client.ok("{ viewer { id } }", json!({})).await;
    (made["user"]["id"].clone(), client)
}

/// Opens the cabin. Returns the code of the refusal, if any.
async fn open_cabin(shop: &Shop, client: &Client) -> Value {
    let mutation =
        "mutation($i: OpenCabinInput!) { openCabin(input: $i) { session { id } userErrors { code } } }";
    let answer = client.send(mutation, json!({ "i": { "cabinId": shop.cabins[0] } })).await;
    answer.pointer("/errors/0/extensions/code").cloned().unwrap_or_default()
}

/// Pays a coin into the register. Returns the code of the refusal, if any.
async fn pay_in(shop: &Shop, client: &Client) -> Value {
    let mutation = "mutation($i: RecordCashMovementInput!) { recordCashMovement(input: $i) { movement { kind } userErrors { code } } }";
    let input = json!({ "callshopId": shop.id, "kind": "PAY_IN", "amount": "1", "reason": "a coin", "idempotencyKey": unique("key") });
    let answer = client.send(mutation, json!({ "i": input })).await;
    answer.pointer("/errors/0/extensions/code").cloned().unwrap_or_default()
}

on_both!(no_node_obeys_a_user_who_is_disabled, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    shop.open_register().await;
    // nodes poll for ended logins twice a second; between two polls, only the transaction itself can notice that a login has ended
    for _ in 0..4 {
        let (id, client) = logged_in_at(&shop, &other).await;
        assert_eq!(pay_in(&shop, &client).await, Value::Null);
        shop.owner.did("disableUser", "UserIdInput", json!({ "userId": id }), "user { id }").await;
        assert_eq!(pay_in(&shop, &client).await, "UNAUTHENTICATED");
        assert_eq!(open_cabin(&shop, &client).await, "UNAUTHENTICATED");
    }
    let (id, client) = logged_in_at(&shop, &other).await;
    let input = json!({ "userId": id, "password": "another long password" });
    shop.owner.did("resetPassword", "ResetPasswordInput", input, "user { id }").await;
    assert_eq!(pay_in(&shop, &client).await, "UNAUTHENTICATED");
    let (_, client) = logged_in_at(&shop, &other).await;
    let here = Client::anonymous(shop.server.http).with_token(client.token());
    here.did("logout", "LogoutInput", json!({}), "done").await;
    assert_eq!(pay_in(&shop, &client).await, "UNAUTHENTICATED");
    other.stop().await;
    shop.finish().await;
});

on_both!(disabling_waits_for_what_the_user_is_doing, |backend| async move {
    use std::sync::Arc;
    use tokio::sync::Notify;
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    let (id, client) = logged_in_at(&shop, &other).await;
    let (app, token) = (other.app.clone(), client.token().to_owned());
    let (actor, _) = app::auth::login::authenticate(&app, &token).await.expect("a login");
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let doing = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        tokio::spawn(async move {
            let work = |_tx: store::Tx| async {
                begun.notify_one();
                go_on.notified().await;
                Ok(())
            };
            app.write_as(&actor, work).await
        })
    };
    begun.notified().await;
    let owner = shop.owner.clone();
    let mut disabling = tokio::spawn(async move {
        owner.did("disableUser", "UserIdInput", json!({ "userId": id }), "user { id }").await
    });
    let early = tokio::time::timeout(Duration::from_millis(500), &mut disabling).await;
    assert!(early.is_err(), "the mutation was answered while the user's transaction could still commit");
    go_on.notify_one();
    doing.await.expect("the task ran").expect("the transaction began before, so it commits");
    disabling.await.expect("the user is disabled");
    other.stop().await;
    shop.finish().await;
});

const SECRET: &str = "f3a91c07d5be42688e10";

on_both!(check_config_says_what_holds_and_changes_nothing, |backend: Backend| async move {
    let fake = FakeProxy::start().await;
    let server = TestServer::start(backend, |_| {}).await;
    let stopped = server.pause().await;
    let url = stopped.config().database_url.clone();
    let proxies = format!("[{{name=\"test\",control_url=\"http://{}\",token=\"{SECRET}\"}}]", fake.address);
    let secrets = format!("[\"{SECRET}\"]");
    let good = [
        ("CALLSHOP_DATABASE_URL", url.as_str()),
        ("CALLSHOP_LISTEN", "127.0.0.1:0"),
        ("CALLSHOP_HOOK__LISTEN", "127.0.0.1:0"),
        ("CALLSHOP_HOOK__SECRETS", secrets.as_str()),
        ("CALLSHOP_HOOK__PROXIES", proxies.as_str()),
    ];
    let (status, said) = callshop(&["check-config"], &good).await;
    assert_eq!(status, Some(0), "{said}");
    for line in [
        "ok    options",
        "ok    hook.secrets: 20 characters",
        "ok    listen",
        "ok    database",
        "ok    clock",
        "ok    tables: up to date",
        "ok    hook.proxies test",
        "ok    redis",
        "the configuration works",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains(SECRET), "{said}");
    assert_eq!(fake.told("/RPC")[0]["method"], "core.version");

    // a weak secret causes only a warning; a proxy that is not running yet also causes only a warning, because the proxy starts after the API; a
    // listener whose port is in use is a failure
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let away = proxies.replace(&fake.address.to_string(), "127.0.0.1:9");
    let mut bad = good.to_vec();
    bad.extend([
        ("CALLSHOP_LISTEN", address.as_str()),
        ("CALLSHOP_HOOK__SECRETS", "[\"aaaaaaaaaaaaaaaabbbb\"]"),
        ("CALLSHOP_HOOK__PROXIES", away.as_str()),
    ]);
    let (status, said) = callshop(&["check-config"], &bad).await;
    assert_eq!(status, Some(1), "{said}");
    for line in ["FAIL  listen", "WARN  hook.secrets: weak", "WARN  hook.proxies test", "correct each FAIL"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(said.contains("start the SIP proxy after the API"), "{said}");
    // a proxy that is down is not a failure; a proxy that responds and rejects the token is a failure
    let mut first = good.to_vec();
    first.push(("CALLSHOP_HOOK__PROXIES", away.as_str()));
    let (status, said) = callshop(&["check-config"], &first).await;
    assert!(
        status == Some(0)
            && said.contains("WARN  hook.proxies test")
            && said.contains("the configuration works"),
        "{said}"
    );
    let stranger = TestServer::start(Backend::Sqlite, |_| {}).await;
    let refuses = proxies.replace(&fake.address.to_string(), &stranger.hook.to_string());
    first.push(("CALLSHOP_HOOK__PROXIES", refuses.as_str()));
    let (status, said) = callshop(&["check-config"], &first).await;
    assert!(status == Some(1) && said.contains("FAIL  hook.proxies test"), "{said}");
    stranger.stop().await;
    assert!(!said.contains("aaaaaaaabbbb") && !said.contains(SECRET), "{said}");
    let server = stopped.start().await;
    server.check_ledger().await;
    server.stop().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_config_makes_no_file_and_names_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shop.db");
    let url = format!("sqlite:{}", file.display());
    let listeners = [("CALLSHOP_LISTEN", "127.0.0.1:0"), ("CALLSHOP_HOOK__LISTEN", "127.0.0.1:0")];
    let mut variables = listeners.to_vec();
    variables.push(("CALLSHOP_DATABASE_URL", &url));
    let (status, said) = callshop(&["check-config"], &variables).await;
    assert_eq!(status, Some(1), "check-config must fail without a hook secret: {said}");
    assert!(said.contains("FAIL  hook.secrets") && said.contains("WARN  database"), "{said}");
    assert!(!file.exists(), "check-config must not create a database");
    // the queue is too small for one full batch
    variables.push(("CALLSHOP_HOOK__QUEUE", "511"));
    let (status, said) = callshop(&["check-config"], &variables).await;
    assert!(status == Some(1) && said.contains("FAIL  options") && said.contains("hook.queue"), "{said}");
    assert!(said.contains("512 to 1000000"), "{said}");
    let gone = [("CALLSHOP_DATABASE_URL", "postgres://nobody:a-password@127.0.0.1:9/none")];
    let (status, said) = callshop(&["check-config"], &[&listeners[..], &gone].concat()).await;
    assert!(status == Some(1) && said.contains("FAIL  database") && !said.contains("a-password"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_come_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("secrets"), format!("{SECRET}\n")).expect("the file is written");
    std::fs::write(path("key"), "0123456789012345678901234567890123\n").expect("the file is written");
    std::fs::write(path("url"), "sqlite:from-a-file.db\n").expect("the file is written");
    let (secrets, key, url) = (path("secrets"), path("key"), path("url"));
    let files = [
        ("CALLSHOP_HOOK__SECRETS_FILE", secrets.as_str()),
        ("CALLSHOP_AUTH__TOKEN_KEY_FILE", key.as_str()),
        ("CALLSHOP_DATABASE_URL_FILE", url.as_str()),
    ];
    let (status, said) = callshop(&["serve", "--print-config"], &files).await;
    assert_eq!(status, Some(0), "{said}");
    let config: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(config["database_url"], "sqlite:from-a-file.db");
    assert_eq!(
        (&config["auth"]["token_key"], &config["hook"]["secrets"]),
        (&json!("<hidden>"), &json!(["<hidden>"]))
    );
    for (variables, why) in [
        (vec![("CALLSHOP_AUTH__TOKEN_KEY_FILE", "/not/there")], "No such file"),
        (vec![files[1], ("CALLSHOP_AUTH__TOKEN_KEY", "another-key-of-more-than-32-characters")], "both set"),
    ] {
        let (status, said) = callshop(&["serve", "--print-config"], &variables).await;
        assert!(status == Some(1) && said.contains(why), "{said}");
    }
}
