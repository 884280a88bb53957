//! Kills or stops Redis and restarts it with the files of `deploy/redis`. Applied entries must not be applied again, other entries must be applied,
//! and no entry that the consumer group has lost may remain in the stream.

use std::time::Duration;

use api::config::Config;
use app::sip_proxies::EventQueue;
use entity::hook_event;
use redis::aio::MultiplexedConnection;
use sea_orm::EntityTrait as _;
use serde_json::Value;
use tests::{RedisServer, TestServer};

use super::access::{API, PROXY, as_shipped, connect};
use super::stream::{
    APPLIED, Books, STREAM, add_event, calls, drained, online, open_shop, pending, reading, stream,
};
use super::until;

/// Restricts the `default` user of an operator's Redis, for a proxy that logs in as `default`. If this user is restricted in this way, Redis does not
/// replay the transactions in its append-only file.
const RESTRICTED: &str = "user default on nopass resetkeys %W~callshop:events -@all +xadd +select +ping";

async fn length(redis: &mut MultiplexedConnection) -> i64 {
    redis::cmd("XLEN").arg(STREAM).query_async(redis).await.expect("a length")
}

fn reading_as_shipped(redis: &RedisServer) -> impl FnOnce(&mut Config) + use<> {
    let url = format!("redis://callshop:{API}@{}", redis.address());
    move |config| {
        config.redis.url = Some(url.into());
        config.redis.events_stream = Some(STREAM.to_owned());
        config.redis.claim_seconds = 1;
    }
}

/// The connections of both users to a Redis that has just started. Redis accepts logins while it still loads its data, but no other command.
async fn users(redis: &RedisServer) -> (MultiplexedConnection, MultiplexedConnection) {
    let (proxy, mut own) = (connect(redis, "proxy", PROXY).await, connect(redis, "callshop", API).await);
    let is_loaded = async || redis::cmd("XLEN").arg(STREAM).query_async::<i64>(&mut own).await.is_ok();
    until("Redis has loaded its data", APPLIED, is_loaded).await;
    (proxy, own)
}

async fn restarted(restricted: bool, kill: bool) {
    let mut redis = as_shipped(|users| {
        if restricted { users.replace("user default off resetpass ~* &* +@all", RESTRICTED) } else { users }
    })
    .await;
    let shop = open_shop(3).await;
    let books = Books::of(&shop.server).await;
    let node = shop.server.another_node_with(reading_as_shipped(&redis)).await;
    let (mut proxy, mut own) = users(&redis).await;

    // these entries are applied, some in batches and some one by one
    for _ in 0..4 {
        let mut several = redis::pipe();
        for _ in 0..10 {
            several.cmd("XADD").arg(STREAM).arg("*").arg("event").arg(online(&shop).to_string()).ignore();
        }
        several.query_async::<()>(&mut proxy).await.expect("Redis accepts the entries");
        drained(&node).await;
    }
    // the stream has these entries: one that the node has read but cannot apply, several that a dead node read in a batch, one that a dead node read
    // alone, and one unread entry
    let events = calls(&shop).await;
    assert_eq!(events.len(), 9);
    let held = books.hold().await;
    add_event(&mut proxy, &online(&shop)).await;
    until("one entry is read", APPLIED, async || pending(&mut own).await == 1).await;
    for event in events.iter().chain([&online(&shop), &online(&shop)]) {
        add_event(&mut proxy, event).await;
    }
    for count in [9, 1] {
        assert_eq!(read_as(&mut own, "died", count).await.len(), count);
    }
    assert_eq!((length(&mut own).await, pending(&mut own).await), (12, 11));
    if kill {
        redis.kill().await;
    } else {
        redis.stop().await;
    }
    redis.start_again().await;
    let (mut proxy, mut own) = users(&redis).await;
    if !restricted {
        let (length, pending) = (length(&mut own).await, pending(&mut own).await);
        assert_eq!(
            (length, pending),
            (12, 11),
            "applied entries must not come back, and read entries must have an owner"
        );
    }
    add_event(&mut proxy, &online(&shop)).await;
    held.rollback().await.expect("the lock is released");
    drained(&node).await;
    assert_eq!(length(&mut own).await, 0);
    assert_eq!(books.count("hook_event WHERE status <> 'REJECTED'").await, 40 + 12 + 1);
    assert_eq!(books.count("call WHERE state = 'ENDED' AND charge = 60000").await, 3);
    if !restricted {
        assert_eq!(stream(&node).status.recovered.get(), 0, "the group must have lost nothing");
    }
    // the next entries are applied as well
    add_event(&mut proxy, &online(&shop)).await;
    drained(&node).await;
    drop(books);
    node.stop().await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_as_shipped_is_killed_and_started() {
    restarted(false, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_as_shipped_is_stopped_and_started() {
    restarted(false, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_replays_no_transaction_is_killed_and_started() {
    restarted(true, true).await;
}

/// Reads entries as a consumer that belongs to the group but is not a node.
async fn read_as(redis: &mut MultiplexedConnection, consumer: &str, count: usize) -> Vec<String> {
    let mut read = redis::cmd("XREADGROUP");
    read.arg("GROUP")
        .arg("callshop")
        .arg(consumer)
        .arg("COUNT")
        .arg(count)
        .arg("STREAMS")
        .arg(STREAM)
        .arg(">");
    let answer: redis::streams::StreamReadReply = read.query_async(redis).await.expect("entries");
    answer.keys.iter().flat_map(|key| &key.ids).map(|entry| entry.id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stream_entries_that_the_group_has_lost_are_recovered() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let shop = open_shop(3).await;
    let books = Books::of(&shop.server).await;
    let mut create = redis::cmd("XGROUP");
    create.arg("CREATE").arg(STREAM).arg("callshop").arg("0").arg("MKSTREAM");
    create.query_async::<()>(&mut connection).await.expect("a group");
    let events = calls(&shop).await;
    for event in events.iter().cloned().chain((0..300).map(|_| online(&shop))) {
        add_event(&mut connection, &event).await;
    }
    // the stream has entries of three kinds: read by a consumer that the group has forgotten, acknowledged but not deleted, and unread
    assert_eq!(read_as(&mut connection, "forgotten", 200).await.len(), 200);
    let mut forget = redis::cmd("XGROUP");
    forget.arg("DELCONSUMER").arg(STREAM).arg("callshop").arg("forgotten");
    forget.query_async::<()>(&mut connection).await.expect("the consumer is forgotten");
    let acknowledged = read_as(&mut connection, "died", 50).await;
    let mut acknowledge = redis::cmd("XACK");
    acknowledge.arg(STREAM).arg("callshop").arg(&acknowledged);
    acknowledge.query_async::<()>(&mut connection).await.expect("the entries are acknowledged");

    let nodes = [
        shop.server.another_node_with(reading(&redis)).await,
        shop.server.another_node_with(reading(&redis)).await,
    ];
    drained(&nodes[0]).await;
    let total = |count: fn(&TestServer) -> u64| nodes.iter().map(count).sum::<u64>();
    assert_eq!(total(|node| stream(node).status.recovered.get()), 250);
    assert_eq!(books.count("hook_event WHERE status <> 'REJECTED'").await, 309);
    assert_eq!(books.count("call WHERE state = 'ENDED' AND charge = 60000").await, 3);
    assert_eq!(total(|node| stream(node).status.events("duplicate")), 0, "each entry must be read once");

    // while nodes read, first the group disappears, and then the whole stream
    for command in [&["XGROUP", "DESTROY", STREAM, "callshop"][..], &["DEL", STREAM][..]] {
        let mut gone = redis::cmd(command[0]);
        gone.arg(&command[1..]);
        gone.query_async::<()>(&mut connection).await.expect("the deletion succeeds");
        add_event(&mut connection, &online(&shop)).await;
        until("the stream is read again", APPLIED, async || length(&mut connection).await == 0).await;
    }
    let all: Vec<hook_event::Model> =
        hook_event::Entity::find().all(shop.server.app.store.reader()).await.expect("the events");
    assert_eq!(all.len(), 311);
    drop(books);
    for node in nodes {
        node.stop().await;
    }
    shop.finish().await;
}

/// Reconciliation waits for an entry that the group has lost, but only until the entry is applied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stream_that_lost_an_entry_is_drained_for_reconciliation_soon() {
    let redis = RedisServer::start().await;
    let mut connection = redis.connection().await;
    let shop = open_shop(1).await;
    let node = shop.server.another_node_with(reading(&redis)).await;
    let events: Vec<Value> = calls(&shop).await;
    let mut all = redis::pipe();
    all.atomic();
    for event in &events {
        all.cmd("XADD").arg(STREAM).arg("*").arg("event").arg(event.to_string()).ignore();
    }
    // the group counts the entry as delivered, although no consumer has it; this also happens after Redis replays only half of a transaction
    all.cmd("XGROUP").arg("SETID").arg(STREAM).arg("callshop").arg("$").ignore();
    all.query_async::<()>(&mut connection).await.expect("Redis accepts the entries");
    let is_drained = async || EventQueue::drained(stream(&node), "test").await.is_ok_and(|drained| drained);
    assert_eq!(pending(&mut connection).await, 0);
    until("the stream is drained", Duration::from_secs(10), async || is_drained().await).await;
    assert_eq!(stream(&node).status.recovered.get(), 3);
    node.stop().await;
    shop.finish().await;
}
