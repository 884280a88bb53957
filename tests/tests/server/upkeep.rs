//! Tests a database that is in use for months. History is trimmed, tables change under running nodes, and the database fails and returns.

use app::feed::stream::{cursor, parse_cursor};
use app::retention;
use chrono::{DateTime, Utc};
use entity::{activity, call, call_charge, hook_event, idempotency_key, ledger_entry};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, Statement,
};
use serde_json::{Value, json};
use store::OnCommit as _;
use store::partitions::{ACTIVITIES, CALLS};
use store::retention::calls_kept_from;
use tests::shop::{Shop, answered_call, text, unique};
use tests::{Backend, Socket, TestServer, on_both};

const SHOP: &str = "subscription($s: ID!, $after: String) { callshopActivity(callshopId: $s, after: $after) { cursor cursorExpired \
    snapshot { asOf } event { seq } } }";

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

fn keyed(mut input: Value) -> Value {
    input["idempotencyKey"] = json!(unique("key"));
    input
}

/// A shop with a short retention period and long-lived tokens.
async fn trimming(backend: Backend) -> Shop {
    let server = TestServer::start(backend, |config| {
        config.retention.activity_days = 40;
        config.retention.call_months = 2;
        config.retention.hook_event_days = 40;
        config.auth.access_seconds = 400 * 86_400;
        config.auth.refresh_seconds = 400 * 86_400;
        config.limits.sockets.messages_per_second = 1_000;
    })
    .await;
    Shop::on(server, 1).await
}

/// A one-minute call to Portugal from an open cabin.
async fn talk(shop: &Shop) -> Value {
    let now = shop.server.time().now();
    let answer = shop.hook().authorize(&shop.phones[0].user, "00351210000000").await;
    assert_eq!(answer["allow"], json!(true), "{answer}");
    let events = answered_call(&answer["ref"], now, 60_000);
    assert_eq!(shop.hook().events(&events).await, ["applied"; 3]);
    answer["ref"].clone()
}

/// Opens a shift with one customer, who has made a call but not paid yet. Returns the session.
async fn evening(shop: &Shop, at: &str) -> String {
    shop.server.time().set(instant(at));
    retention::maintain(&shop.server.app).await.expect("the maintenance succeeds");
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    talk(shop).await;
    shop.close_cabin(0).await;
    session
}

/// Settles the session and closes the register.
async fn settled(shop: &Shop, session: &str) {
    let input = keyed(json!({ "sessionId": session, "payments": [{ "method": "CASH", "amount": "0.35" }] }));
    shop.attendant.did("settleSession", "SettleSessionInput", input, "session { id }").await;
    counted(shop, "100.35").await;
}

async fn counted(shop: &Shop, cash: &str) {
    let counts = json!([{ "method": "CASH", "amount": cash }]);
    let input = keyed(json!({ "callshopId": shop.id, "counts": counts }));
    shop.attendant.did("closeRegister", "CloseRegisterInput", input, "shift { id }").await;
}

async fn stored(shop: &Shop) -> [u64; 5] {
    let conn = shop.server.app.store.reader();
    [
        call::Entity::find().count(conn).await.expect("calls"),
        call_charge::Entity::find().count(conn).await.expect("charges"),
        activity::Entity::find().count(conn).await.expect("activities"),
        hook_event::Entity::find().count(conn).await.expect("events"),
        ledger_entry::Entity::find().count(conn).await.expect("entries"),
    ]
}

async fn code(shop: &Shop, query: &str) -> String {
    text(&shop.owner.send(query, json!({})).await["errors"][0]["extensions"]["code"])
}

/// The first message of a subscription that starts after a cursor.
async fn resumed(shop: &Shop, cursor: &str) -> Value {
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", SHOP, json!({ "s": shop.id, "after": cursor })).await;
    socket.next().await["callshopActivity"].take()
}

on_both!(history_is_trimmed_and_what_is_left_adds_up, |backend: Backend| async move {
    let shop = trimming(backend).await;
    let first = evening(&shop, "2027-01-14T20:00:00Z").await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", SHOP, json!({ "s": shop.id })).await;
    let january = text(&socket.next().await["callshopActivity"]["cursor"]);
    let january = cursor(parse_cursor(&january).expect("a position") - 2);
    drop(socket);
    // an unpaid session prevents the deletion of its calls and of all later history
    shop.server.time().set(instant("2027-04-20T20:00:00Z"));
    let before = stored(&shop).await;
    retention::maintain(&shop.server.app).await.expect("the maintenance succeeds");
    let kept = stored(&shop).await;
    assert_eq!((kept[0], kept[1], kept[4]), (before[0], before[1], before[4]), "{before:?} {kept:?}");
    let from = calls_kept_from(shop.server.app.store.reader()).await.expect("a setting");
    assert!(from.is_none_or(|from| from <= instant("2027-01-01T00:00:00Z")), "{from:?}");
    assert_eq!(kept[3], 0, "the keys of January's events must be deleted");
    settled(&shop, &first).await;
    let before = stored(&shop).await;
    let april = evening(&shop, "2027-04-21T20:00:00Z").await;
    settled(&shop, &april).await;
    let left = stored(&shop).await;
    assert_eq!((before[0], left[0]), (1, 1), "January's call, then April's");
    assert_eq!(left[3], 3, "the events of January's call must be deleted: {before:?} {left:?}");
    assert!(left[1] > before[1] && left[4] > before[4], "the ledger must stay: {before:?} {left:?}");
    let oldest = activity::Entity::find().filter(activity::Column::At.lt(instant("2027-03-01T00:00:00Z")));
    assert_eq!(oldest.count(shop.server.app.store.reader()).await.expect("activities"), 0);
    let kept_from = calls_kept_from(shop.server.app.store.reader()).await.expect("a setting");
    assert!(kept_from > Some(instant("2027-01-14T20:00:00Z")), "{kept_from:?}");
    shop.server.check_ledger().await;

    // a report or statement over deleted calls would be wrong, so both are refused; everything else is unchanged
    let report = |from: &str| {
        format!(
            "{{ report(accountId: \"{}\", from: \"{from}\", to: \"2027-04-30\", groupBy: []) {{ total {{ answered }} }} }}",
            shop.id
        )
    };
    assert_eq!(code(&shop, &report("2027-01-01")).await, "INVALID_INPUT");
    let april_alone = shop.owner.ok(&report("2027-04-02"), json!({})).await;
    assert_eq!(april_alone["report"]["total"]["answered"], 1);
    let statement = |session: &str| {
        format!(
            "{{ node(id: \"{session}\") {{ ... on CabinSession {{ statement {{ total {{ amount }} }} }} }} }}"
        )
    };
    assert_eq!(code(&shop, &statement(&first)).await, "ILLEGAL_STATE");
    let shown = shop.owner.ok(&statement(&april), json!({})).await;
    assert_eq!(shown["node"]["statement"]["total"]["amount"], "0.35");

    // with a cursor from January, the response says that events are missing; with a current cursor, it does not
    let expired = resumed(&shop, &january).await;
    assert_eq!((&expired["cursorExpired"], expired["snapshot"].is_object()), (&json!(true), true));
    let seq = parse_cursor(&text(&expired["cursor"])).expect("a position");
    let next = resumed(&shop, &cursor(seq - 1)).await;
    assert_eq!((&next["cursorExpired"], &next["event"]["seq"]), (&json!(false), &json!(seq)));

    // the maintenance can run again, and the shop can still be used
    retention::maintain(&shop.server.app).await.expect("the maintenance succeeds");
    assert_eq!(stored(&shop).await, left);
    evening(&shop, "2027-04-22T20:00:00Z").await;
    if backend == Backend::Postgres {
        for table in [CALLS, ACTIVITIES] {
            let there = table.partitions(shop.server.app.store.reader()).await.expect("partitions");
            let names: Vec<&str> = there.iter().map(|partition| partition.name.as_str()).collect();
            assert!(names.last().is_some_and(|last| last.ends_with("_202706")), "{names:?}");
            assert!(there.iter().all(|part| part.end.start() > instant("2027-02-01T00:00:00Z")), "{names:?}");
        }
    }
    shop.finish().await;
});

on_both!(keys_of_a_busy_month_are_trimmed_while_calls_go_on, |backend: Backend| async move {
    const OLD: i64 = 40_000;
    let shop = trimming(backend).await;
    shop.server.time().set(instant("2027-01-14T20:00:00Z"));
    shop.open_register().await;
    shop.open_cabin(0).await;
    talk(&shop).await;
    let many = match backend {
        Backend::Sqlite => {
            format!("WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {OLD})")
        }
        Backend::Postgres => format!("WITH n AS (SELECT n FROM generate_series(1, {OLD}) AS n)"),
    };
    let old = format!(
        "{many} INSERT INTO hook_event (eid, kind, proxy, at, received_at, status)
         SELECT 'old ' || n, 'online', 'test', received_at, received_at, 'APPLIED'
         FROM n CROSS JOIN (SELECT received_at FROM hook_event LIMIT 1) AS first"
    );
    shop.server
        .app
        .store
        .write(|tx| {
            let old = old.clone();
            async move {
                tx.conn().execute_unprepared(&old).await?;
                Ok(())
            }
        })
        .await
        .expect("old keys");
    shop.server.time().set(instant("2027-03-14T20:00:00Z"));
    retention::make_partitions(&shop.server.app, shop.server.time().now()).await.expect("March's");
    let began = std::time::Instant::now();
    let app = shop.server.app.clone();
    let trimming = tokio::spawn(async move { retention::maintain(&app).await });
    // the maintenance does not slow down calls
    let mut slowest = std::time::Duration::ZERO;
    let mut calls = 0;
    while !trimming.is_finished() {
        let begun = std::time::Instant::now();
        talk(&shop).await;
        slowest = slowest.max(begun.elapsed());
        calls += 1;
    }
    trimming.await.expect("the maintenance ends").expect("the maintenance succeeds");
    let took = began.elapsed();
    println!("{OLD} keys in {took:?}, beside {calls} calls, the slowest {slowest:?}");
    let left =
        hook_event::Entity::find().filter(hook_event::Column::ReceivedAt.lt(instant("2027-02-01T00:00:00Z")));
    assert_eq!(left.count(shop.server.app.store.reader()).await.expect("keys"), 0);
    assert!(
        took.as_secs_f64() < OLD as f64 / 2_000.0,
        "keys must be deleted faster than they arrive: {took:?}"
    );
    assert!(slowest < std::time::Duration::from_secs(2), "{slowest:?}");
    shop.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_was_taken_away_by_hand_is_named_and_comes_back_on_postgres() {
    let shop = trimming(Backend::Postgres).await;
    let session = evening(&shop, "2027-01-14T20:00:00Z").await;
    settled(&shop, &session).await;
    let execute = async |sql: &str| {
        let done = shop.server.app.store.write(|tx| async move {
            tx.conn().execute_unprepared(sql).await?;
            Ok(())
        });
        done.await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    let lost = async || {
        let checked = app::ledger::audit(&shop.server.app.store, |_| {}).await.expect("the audit runs");
        checked
            .into_iter()
            .find(|one| one.name.starts_with("no month"))
            .expect("the audit checks the months")
            .findings
    };
    assert_eq!(lost().await, [""; 0]);
    let there = CALLS.partitions(shop.server.app.store.reader()).await.expect("partitions");
    let january = there.iter().find(|partition| partition.name == "call_202701").expect("January's");
    execute(&format!("ALTER TABLE call DETACH PARTITION {}", january.name)).await;
    let told = lost().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("call has no partition for 202701, although") && told[0].contains("History"),
        "{told:?}"
    );
    // the recommended statement reattaches the partition
    let (_, attach) = told[0].split_once("History): ").expect("a statement");
    execute(attach).await;
    shop.server.check_ledger().await;
    // alternatively, the partition stays detached, as documented
    execute(&format!("ALTER TABLE call DETACH PARTITION {}", january.name)).await;
    let docs =
        std::fs::read_to_string(tests::local::repository().join("docs/operations.md")).expect("the docs");
    let mark = docs.lines().find(|line| line.contains("INSERT INTO setting")).expect("the statement");
    let month = january.end.start().to_rfc3339();
    assert!(mark.contains("2027-01-01T00:00:00+00:00"), "{mark}");
    execute(&mark.trim().replace("2027-01-01T00:00:00+00:00", &month)).await;
    assert_eq!(lost().await, [""; 0]);
    shop.server.check_ledger().await;
    shop.server.stop().await;
}

on_both!(a_node_goes_on_under_a_later_schema, |backend: Backend| async move {
    let mut shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    // the query runs often enough for PostgreSQL to switch to generic plans
    for _ in 0..12 {
        shop.call(0, "+13055550123", 1_000).await;
    }
    let store = shop.server.app.store.clone();
    let tables = match backend {
        Backend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Backend::Postgres => {
            "SELECT c.relname::text AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition \
             AND c.relnamespace = 'public'::regnamespace"
        }
    };
    let rows = store.reader().query_all_raw(Statement::from_string(store.backend(), tables)).await;
    let rows = rows.expect("the tables");
    assert!(rows.len() > 25, "{} tables", rows.len());
    for row in &rows {
        let table: String = row.try_get("", "name").expect("a name");
        if table != "seaql_migrations" {
            let add = format!("ALTER TABLE {table} ADD COLUMN later TEXT NOT NULL DEFAULT 'later'");
            execute(&shop, &add).await;
        }
    }
    execute(&shop, "CREATE TABLE later (id INTEGER PRIMARY KEY)").await;
    execute(&shop, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)")
        .await;
    for _ in 0..12 {
        shop.call(0, "+13055550123", 1_000).await;
    }
    shop.open_cabin(1).await;
    // this node runs the same release, and restarts on tables that have more columns than it needs
    shop.server = shop.server.restart().await;
    for index in [0, 1] {
        shop.call(index, "+13055550123", 1_000).await;
        shop.close_cabin(index).await;
    }
    retention::maintain(&shop.server.app).await.expect("the maintenance succeeds");
    assert_eq!(call::Entity::find().count(shop.server.app.store.reader()).await.expect("calls"), 26);
    shop.finish().await;
});

async fn execute(shop: &Shop, sql: &str) {
    let done = shop.server.app.store.write(|tx| async move {
        tx.conn().execute_unprepared(sql).await?;
        Ok(())
    });
    done.await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Updates of a live call's row in PostgreSQL are in place (HOT) and change no index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_updated_in_place_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    for _ in 0..60 {
        let answer = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
        for event in answered_call(&answer["ref"], Utc::now(), 1_000) {
            assert_eq!(shop.hook().events(&[event]).await, ["applied"]);
        }
    }
    let sql = "SELECT SUM(n_tup_upd)::bigint AS updated, SUM(n_tup_hot_upd)::bigint AS hot FROM pg_stat_user_tables \
               WHERE relname LIKE 'call\\_before\\_%' OR relname LIKE 'call\\_2%'";
    let store = &shop.server.app.store;
    // each connection reports its statistics after it has been idle for a moment
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let (updated, hot) = loop {
        let row = store.reader().query_one_raw(Statement::from_string(store.backend(), sql)).await;
        let row = row.expect("the statistics").expect("a row");
        let figure = |name: &str| row.try_get::<i64>("", name).expect("a figure");
        let (updated, hot) = (figure("updated"), figure("hot"));
        if updated >= 180 {
            break (updated, hot);
        }
        assert!(std::time::Instant::now() < deadline, "only {updated} updates were counted");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    assert!(hot * 10 >= updated * 9, "only {hot} of {updated} updates were in place");
    shop.finish().await;
}

/// Every connection is repeatedly closed during calls. The proxy resends requests that got no response, and everything is stored once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_lost_are_survived_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 4).await;
    shop.open_register().await;
    for index in 0..4 {
        shop.open_cabin(index).await;
    }
    let knife = Knife::new(&shop).await;
    let cutting = async {
        for _ in 0..20 {
            knife.cut().await;
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        }
    };
    let calling = async |index: usize| {
        for _ in 0..25 {
            let ask = json!({ "request_id": unique("request"), "user": shop.phones[index].user, "dialed": "+13055550123",
                "src": "127.0.0.1:5060", "ts": "1", "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
            let answer = until_answered(&shop, "authorize", &ask).await;
            assert_eq!(answer["allow"], json!(true), "{answer}");
            for event in answered_call(&answer["ref"], Utc::now(), 1_000) {
                until_answered(&shop, "events", &json!([event])).await;
            }
        }
    };
    futures_util::future::join(cutting, futures_util::future::join_all((0..4).map(calling))).await;
    let ended = call::Entity::find().filter(call::Column::State.eq("ENDED"));
    let conn = shop.server.app.store.reader();
    assert_eq!(ended.count(conn).await.expect("calls"), 100);
    assert_eq!(call::Entity::find().count(conn).await.expect("calls"), 100);
    shop.finish().await;
}

/// All connections are closed while clients read. The clients notice nothing, because reads are retried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_when_connections_are_lost_is_answered_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 1).await;
    let knife = Knife::new(&shop).await;
    let query = format!("{{ node(id: \"{}\") {{ id }} }}", shop.id);
    let reader = shop.server.app.store.reader();
    for _ in 0..20 {
        // all connections of the pool must have been used a moment ago
        futures_util::future::join_all((0..16).map(|_| shop.owner.ok(&query, json!({})))).await;
        knife.cut().await;
        shop.owner.ok(&query, json!({})).await;
        knife.cut().await;
        let transaction = reader.begin().await.expect("a transaction");
        call::Entity::find().count(&transaction).await.expect("calls");
    }
    shop.finish().await;
}

/// Live calls keep ticking while the database is down, and are refreshed when it returns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_calls_tick_while_the_database_is_away_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 2).await;
    shop.open_register().await;
    let mut ends = Vec::new();
    for (index, phone) in shop.phones.iter().enumerate() {
        shop.open_cabin(index).await;
        let answer = shop.hook().authorize(&phone.user, "+13055550123").await;
        let mut events = answered_call(&answer["ref"], Utc::now(), 1_000);
        ends.extend(events.pop());
        assert_eq!(shop.hook().events(&events).await, ["applied"; 2]);
    }
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    let live = "subscription($s: ID!) { liveCalls(callshopId: $s) { calls { number } } }";
    socket.subscribe("1", live, json!({ "s": shop.id })).await;
    let calls = async |socket: &mut Socket| {
        socket.next().await["liveCalls"]["calls"].as_array().expect("calls").len()
    };
    assert_eq!(calls(&mut socket).await, 2);
    let store = &shop.server.app.store;
    let last = activity::Entity::find().order_by_desc(activity::Column::Seq).one(store.reader()).await;
    let last = last.expect("activities").expect("the last one");
    let knife = Knife::new(&shop).await;
    knife.close().await;
    // publish a change to a call, so that the calls are read again
    shop.server.app.hub.committed(vec![activity::Model { seq: last.seq + 1, ..last }], None);
    for _ in 0..3 {
        assert_eq!(calls(&mut socket).await, 2);
    }
    knife.open().await;
    for end in ends {
        until_answered(&shop, "events", &json!([end])).await;
    }
    let mut messages = 0;
    while calls(&mut socket).await > 0 {
        messages += 1;
        assert!(messages < 30, "ended calls are still shown");
    }
    shop.finish().await;
}

/// Closes all connections to a shop's database, as an administrator does.
struct Knife {
    admin: sea_orm::DatabaseConnection,
    database: String,
}

impl Knife {
    async fn new(shop: &Shop) -> Self {
        let (server, name) = shop.server.config().database_url.rsplit_once('/').expect("a database");
        let admin =
            sea_orm::Database::connect(format!("{server}/postgres")).await.expect("PostgreSQL answers");
        Self { admin, database: name.to_owned() }
    }

    async fn cut(&self) {
        let name = &self.database;
        self.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
            .await;
    }

    /// Closes all connections and refuses new connections.
    async fn close(&self) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.database)).await;
        self.cut().await;
    }

    async fn open(&self) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.database)).await;
    }

    async fn run(&self, sql: &str) {
        self.admin.execute_unprepared(sql).await.expect("PostgreSQL does it");
    }
}

/// Repeats a request until it gets a response, as a proxy does.
async fn until_answered(shop: &Shop, path: &str, body: &Value) -> Value {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        match shop.hook().post(path, body).await {
            (200, answer) => return answer,
            (503, _) => {}
            (status, answer) => panic!("{status}: {answer}"),
        }
        assert!(std::time::Instant::now() < deadline, "{path} was never answered");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A request that finds no free connection fails within a bounded time, with a code that says to retry. The code is the same whether
/// the query itself fails (if this node has cached the login) or the token cannot be checked (if the login is new).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_used_up_says_so_on_postgres() {
    let server = TestServer::start(Backend::Postgres, |config| config.database_connections = 3).await;
    let shop = Shop::on(server, 1).await;
    let new_login = &shop.attendant;
    let query = "query($id: ID!) { node(id: $id) { id } }";
    let node = json!({ "id": shop.id });
    shop.owner.ok(query, node.clone()).await;
    let held = shop.server.app.store.reader().begin().await.expect("the only connection that reads");
    let (cached, new) =
        tokio::join!(shop.owner.send(query, node.clone()), new_login.send(query, node.clone()));
    for answer in [cached, new] {
        assert_eq!(answer["errors"][0]["extensions"]["code"], "OVERLOADED", "{answer}");
    }
    held.rollback().await.expect("the connection is released");
    shop.owner.ok(query, node.clone()).await;
    new_login.ok(query, node).await;
    shop.finish().await;
}

on_both!(old_idempotency_keys_are_deleted, |backend| async move {
    let shop = trimming(backend).await;
    let app = &shop.server.app;
    let input = keyed(json!({ "callshopId": shop.id, "number": 7 }));
    let create = || shop.owner.code("createCabin", "CreateCabinInput", input.clone(), "cabin { id }");
    let keys = async || idempotency_key::Entity::find().count(app.store.reader()).await.expect("a count");
    assert_eq!(create().await, "none");
    let known = keys().await;
    shop.server.time().pass(chrono::TimeDelta::days(399));
    retention::maintain(app).await.expect("the history is looked after");
    assert_eq!(
        (keys().await, create().await),
        (known, "none".to_owned()),
        "the key is known for more than a year"
    );
    shop.server.time().pass(chrono::TimeDelta::days(2));
    retention::maintain(app).await.expect("the history is looked after");
    assert_eq!(keys().await, 0);
    shop.finish().await;
});
