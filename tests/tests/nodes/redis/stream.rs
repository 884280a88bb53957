//! Tests that each proxy event from a Redis stream is applied once, regardless of which component dies on the way.

use std::time::Duration;

use api::config::Config;
use app::calls::events::EventResult;
use chrono::Utc;
use redis::aio::MultiplexedConnection;
use sea_orm::{
    ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, Statement, TransactionTrait as _,
};
use serde_json::{Value, json};
use sip::stream::EventStream;
use tests::crash::process::{self, Process};
use tests::shop::{answered_call, micros, text, unique};
use tests::{Backend, RedisServer, Shop, TestServer};

use super::until;

pub(super) const STREAM: &str = "callshop:events";
/// Maximum time until a stream's entries are applied, once a node can apply them.
pub(super) const APPLIED: Duration = Duration::from_secs(20);

pub(super) fn reading(redis: &RedisServer) -> impl FnOnce(&mut Config) {
    let url = redis.url();
    move |config| {
        config.redis.url = Some(url.into());
        config.redis.events_stream = Some(STREAM.to_owned());
        config.redis.claim_seconds = 1;
    }
}

pub(super) fn stream(node: &TestServer) -> &EventStream {
    node.stream.as_ref().expect("the node reads the stream")
}

/// Number of events that this node has read from the stream, with any result.
fn taken(node: &TestServer) -> u64 {
    EventResult::OUTCOMES.iter().map(|outcome| stream(node).status.events(outcome)).sum()
}

async fn add(redis: &mut MultiplexedConnection, field: &str, value: &[u8]) {
    let mut add = redis::cmd("XADD");
    add.arg(STREAM)
        .arg("*")
        .arg(field)
        .arg(value)
        .query_async::<()>(redis)
        .await
        .expect("Redis accepts the entry");
}

pub(super) async fn add_event(redis: &mut MultiplexedConnection, event: &Value) {
    add(redis, "event", event.to_string().as_bytes()).await;
}

/// A shop with open cabins, on a node that does not read the stream.
pub(super) async fn open_shop(cabins: usize) -> Shop {
    let shop = Shop::on(TestServer::start(Backend::Postgres, |_| {}).await, cabins).await;
    shop.open_register().await;
    for cabin in 0..cabins {
        shop.open_cabin(cabin).await;
    }
    shop
}

/// The events of one call from each cabin. The events have not been sent yet.
pub(super) async fn calls(shop: &Shop) -> Vec<Value> {
    let mut events = Vec::new();
    for phone in &shop.phones {
        let answer = shop.hook().authorize(&phone.user, "+13055550123").await;
        assert_eq!(answer["allow"], json!(true), "{answer}");
        events.extend(answered_call(&answer["ref"], Utc::now(), 60_000));
    }
    events
}

/// A phone's registration event.
pub(super) fn online(shop: &Shop) -> Value {
    let user = &shop.phones[0].user;
    json!({ "eid": unique("eid"), "kind": "online", "ts": micros(Utc::now()), "proxy": "test", "user": user })
}

pub(super) struct Books(DatabaseConnection);

impl Books {
    pub(super) async fn of(node: &TestServer) -> Self {
        Self(Database::connect(&node.config().database_url).await.expect("PostgreSQL answers"))
    }

    pub(super) async fn count(&self, of: &str) -> i64 {
        let statement =
            Statement::from_string(self.0.get_database_backend(), format!("SELECT count(*) AS n FROM {of}"));
        let row = self.0.query_one_raw(statement).await.expect("the count succeeds").expect("a row");
        row.try_get("", "n").expect("a number")
    }

    /// Blocks the writing of events until the transaction ends.
    pub(super) async fn hold(&self) -> DatabaseTransaction {
        let transaction = self.0.begin().await.expect("a transaction");
        transaction
            .execute_unprepared("LOCK TABLE hook_event IN ACCESS EXCLUSIVE MODE")
            .await
            .expect("the lock");
        transaction
    }
}

/// Makes every write to the row with this id fail with an error that could be temporary.
async fn spoil(books: &Books, table: &str, column: &str, value: &str) {
    let sql = format!(
        "CREATE FUNCTION spoilt_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'spoilt'; END $$;
         CREATE TRIGGER spoilt BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NEW.{column} = '{value}') EXECUTE FUNCTION spoilt_{table}()"
    );
    books.0.execute_unprepared(&sql).await.expect("a trigger");
}

async fn mend(books: &Books, table: &str) {
    books
        .0
        .execute_unprepared(&format!("DROP TRIGGER spoilt ON {table}"))
        .await
        .expect("the trigger is dropped");
}

pub(super) async fn pending(redis: &mut MultiplexedConnection) -> i64 {
    let answer =
        redis::cmd("XPENDING").arg(STREAM).arg("callshop").query_async::<Vec<redis::Value>>(redis).await;
    match answer.ok().and_then(|answer| answer.into_iter().next()) {
        Some(redis::Value::Int(count)) => count,
        _ => 0,
    }
}

async fn consumers(redis: &mut MultiplexedConnection) -> usize {
    let list: Vec<redis::Value> = redis::cmd("XINFO")
        .arg("CONSUMERS")
        .arg(STREAM)
        .arg("callshop")
        .query_async(redis)
        .await
        .expect("consumers");
    list.len()
}

pub(super) async fn drained(node: &TestServer) {
    until("everything is applied", APPLIED, async || {
        stream(node).drained().await.is_ok_and(|drained| drained)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stream_of_a_node_that_was_killed_is_read_by_another() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let shop = open_shop(3).await;
    let database = Books::of(&shop.server).await;
    let mut config = shop.server.config_of_another().await;
    reading(&redis)(&mut config);
    let mut node = Process::new(process::build(false), &config, redis.dir());
    node.start();
    node.ready().await;

    // the node has read the events, but cannot commit them
    let events = calls(&shop).await;
    let held = database.hold().await;
    // all entries are added in one write, because a reader takes all entries that it finds
    let mut all = redis::pipe();
    all.atomic();
    for event in events.into_iter().chain((0..81).map(|_| online(&shop))) {
        all.cmd("XADD").arg(STREAM).arg("*").arg("event").arg(event.to_string()).ignore();
    }
    all.query_async::<()>(&mut connection).await.expect("Redis accepts the entries");
    let list: Vec<Value> = (0..10).map(|_| online(&shop)).collect();
    add(&mut connection, "events", json!(list).to_string().as_bytes()).await;
    until("a batch is read", APPLIED, async || pending(&mut connection).await >= 64).await;
    node.kill().await;
    held.rollback().await.expect("the lock is released");
    assert!(pending(&mut connection).await >= 64);

    let other = shop.server.another_node_with(reading(&redis)).await;
    drained(&other).await;
    assert!(stream(&other).status.claimed.get() >= 64);
    // an entry is counted after Redis has removed it, so the stream can be empty before the count is complete
    until("all entries are counted", APPLIED, async || stream(&other).status.applied.get() >= 91).await;
    assert_eq!((stream(&other).status.applied.get(), taken(&other)), (91, 100));
    assert_eq!(database.count("hook_event").await, 100);
    assert_eq!(database.count("call WHERE state = 'ENDED'").await, 3);
    // three calls of 60 s at 0.06 per minute are charged once each
    assert_eq!(database.count("call WHERE charge = 60000").await, 3);
    until("the dead consumer is removed", APPLIED, async || consumers(&mut connection).await == 1).await;
    other.stop().await;
    // a node that stops gracefully removes its consumer
    assert_eq!(consumers(&mut connection).await, 0);
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stream_is_applied_once_across_restarts_doubles_and_garbage() {
    let mut redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let shop = open_shop(3).await;
    let database = Books::of(&shop.server).await;
    // before any node reads, the stream has more entries than one batch, each entry twice; then Redis dies, but its data is persisted
    let events: Vec<Value> = calls(&shop).await.into_iter().chain((0..200).map(|_| online(&shop))).collect();
    for event in events.iter().chain(&events) {
        add_event(&mut connection, event).await;
    }
    let garbage: [(&str, &[u8]); 4] = [
        ("event", b"{"),
        ("event", b"\xff\x00"),
        ("other", b"x"),
        ("event", b"{\"eid\":\"dancer\",\"kind\":\"dance\",\"ts\":\"1\"}"),
    ];
    for (field, value) in garbage {
        add(&mut connection, field, value).await;
    }
    redis.kill().await;
    redis.start_again().await;

    let nodes = [
        shop.server.another_node_with(reading(&redis)).await,
        shop.server.another_node_with(reading(&redis)).await,
    ];
    drained(&nodes[0]).await;
    assert_eq!(database.count("hook_event WHERE status <> 'REJECTED'").await, 209);
    assert_eq!(database.count("hook_event WHERE status = 'REJECTED'").await, 4);
    assert_eq!(database.count("call WHERE state = 'ENDED'").await, 3);

    // Redis dies while nodes read, and then loses all data, including the group
    redis.kill().await;
    until("the nodes notice that Redis is down", super::NOTICED, async || {
        nodes.iter().all(|node| stream(node).status.up.get() == 0)
    })
    .await;
    assert!(stream(&nodes[0]).drained().await.is_err(), "the content of the stream must count as unknown");
    redis.start_again().await;
    let mut connection = redis.connection().await;
    for flush in [false, true] {
        if flush {
            redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.expect("Redis is emptied");
        }
        for event in calls(&shop).await {
            add_event(&mut connection, &event).await;
        }
        drained(&nodes[1]).await;
    }
    until("the last is committed", APPLIED, async || database.count("call WHERE state = 'ENDED'").await == 9)
        .await;

    // the stream is never empty, but a node can still tell when it has applied all entries that were in the stream at an earlier time
    let held = database.hold().await;
    add_event(&mut connection, &online(&shop)).await;
    let end = stream(&nodes[0]).end().await.expect("an end");
    assert!(!stream(&nodes[0]).applied_through(&end).await.expect("an answer"));
    assert!(!stream(&nodes[0]).drained().await.expect("an answer"));
    held.rollback().await.expect("the lock is released");
    until("the earlier entries are applied", APPLIED, async || {
        stream(&nodes[0]).applied_through(&end).await.expect("an answer")
    })
    .await;
    drop(database);
    let rejected = nodes.iter().map(|node| stream(node).status.events("rejected")).sum::<u64>();
    assert_eq!(rejected, 4, "each rejected event must be counted");
    for node in nodes {
        assert_eq!(stream(&node).status.failed.get(), 0);
        node.stop().await;
    }
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stream_goes_on_beside_an_event_that_fails_and_somebody_hears_of_it() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let shop = open_shop(3).await;
    let books = Books::of(&shop.server).await;
    let patient = |config: &mut Config| {
        reading(&redis)(config);
        config.redis.claim_seconds = 5;
    };
    let node = shop.server.another_node_with(patient).await;
    let events = calls(&shop).await;
    let spoilt = text(&events[0]["ref"]);
    spoil(&books, "call", "id", &spoilt).await;
    for event in &events[..3] {
        add_event(&mut connection, event).await;
    }
    until("one fails", APPLIED, async || stream(&node).status.failed.get() > 0).await;
    // later entries are read, and entries of other calls are applied
    for event in &events[3..] {
        add_event(&mut connection, event).await;
    }
    until("the others end", APPLIED, async || books.count("call WHERE state = 'ENDED'").await == 2).await;
    add_event(&mut connection, &online(&shop)).await;
    until("a phone is online", APPLIED, async || books.count("phone WHERE online").await == 1).await;
    // none of the entries about the failing entry's call is applied, not even entries that were added later
    let of_it = format!("hook_event WHERE reference = '{spoilt}'");
    assert_eq!((books.count(&of_it).await, pending(&mut connection).await), (0, 3));
    assert_eq!(stream(&node).status.retry_queue.get(), 3);

    // no other node takes over the entries that a live node retries; the problem is reported
    let other = shop.server.another_node_with(patient).await;
    assert!(stream(&node).status.stuck().is_empty(), "a young entry must not count as stuck");
    shop.server.time().pass(chrono::TimeDelta::minutes(11));
    until("the entries are stuck", PATIENCE, async || {
        [&node, &other].iter().all(|node| stream(node).status.stuck().len() == 3)
    })
    .await;
    assert_eq!(stream(&other).status.claimed.get(), 0);
    let metrics = reqwest::get(format!("http://{}/metrics", node.hook)).await.expect("an answer");
    let metrics = metrics.text().await.expect("a text");
    assert!(metrics.contains("\ncallshop_events_stream_stuck_entries 3\n"), "{metrics}");
    let platform =
        shop.admin.ok("{ viewer { account { id } } }", json!({})).await["viewer"]["account"]["id"].take();
    let query = "query($a: ID!) { problems(accountId: $a) { kind problems { since text } } }";
    let seen = tests::Client::anonymous(other.http).with_token(shop.admin.token());
    let groups = seen.ok(query, json!({ "a": platform })).await["problems"].take();
    let stuck = groups.as_array().expect("groups").iter().find(|group| group["kind"] == "EVENT_STUCK");
    assert_eq!(
        stuck.expect("the stuck entries are a problem")["problems"].as_array().map(Vec::len),
        Some(3),
        "{groups}"
    );
    // reconciliation does not wait for the stuck entry
    let end = stream(&node).end().await.expect("an end");
    assert!(stream(&node).applied_through(&end).await.expect("an answer"));
    assert!(!stream(&node).drained().await.expect("an answer"));

    // after the cause is fixed, the entries are applied once and in order
    mend(&books, "call").await;
    until("all entries are applied", PATIENCE + PATIENCE, async || {
        stream(&node).drained().await.is_ok_and(|drained| drained)
    })
    .await;
    assert_eq!(books.count(&format!("{of_it} AND status = 'APPLIED'")).await, 3);
    assert_eq!(books.count("call WHERE state = 'ENDED' AND charge = 60000").await, 3);
    until("nothing is stuck", APPLIED, async || {
        [&node, &other].iter().all(|node| stream(node).status.stuck().is_empty())
    })
    .await;

    // if too many entries fail, the node stops reading entries; once the failed entries succeed, all entries are read
    spoil(&books, "phone", "sip_user", &shop.phones[0].user).await;
    other.stop().await;
    let mut all = redis::pipe();
    for _ in 0..400 {
        all.cmd("XADD").arg(STREAM).arg("*").arg("event").arg(online(&shop).to_string()).ignore();
    }
    all.query_async::<()>(&mut connection).await.expect("Redis accepts the entries");
    until("there is no room for more", APPLIED, async || stream(&node).status.retry_queue.get() > 192).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(pending(&mut connection).await <= 256, "the others wait in Redis");
    mend(&books, "phone").await;
    drained(&node).await;
    assert_eq!(stream(&node).status.retry_queue.get(), 0);
    drop(books);
    node.stop().await;
    assert_eq!(consumers(&mut connection).await, 0);
    shop.finish().await;
}
