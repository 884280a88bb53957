//! Tests several nodes on one PostgreSQL server, with a Redis that is stopped, killed and disconnected. A node's subscribers must see all
//! commits of the other node once and in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::config::Config;
use chrono::Utc;
use graphql::scalars::Kind;
use serde_json::json;
use tests::shop::{Hook, answered_call};
use tests::{Backend, Door, RedisServer, Shop, Socket, TestServer};
use tokio::sync::watch;

use super::{NOTICED, is_up, linked, until};

const SHOP: &str =
    "subscription($s: ID!) { callshopActivity(callshopId: $s) { snapshot { asOf } event { seq kind } } }";
/// A subscriber on a node. The subscriber records every `seq` with the time of arrival.
struct Watcher {
    seen: watch::Receiver<(i64, Instant)>,
    times: Arc<std::sync::Mutex<VecDeque<(i64, Instant)>>>,
}

impl Watcher {
    /// Subscribes, and checks that each `seq` is the previous `seq` plus one.
    async fn start(node: &TestServer, shop: &Shop) -> Self {
        let mut socket = Socket::open(node.http, shop.attendant.token()).await;
        socket.subscribe("1", SHOP, json!({ "s": shop.id })).await;
        assert!(socket.next().await["callshopActivity"]["snapshot"].is_object());
        let head = head(node, shop).await;
        let (sender, seen) = watch::channel((head, Instant::now()));
        let times = Arc::new(std::sync::Mutex::new(VecDeque::new()));
        let noted = times.clone();
        tokio::spawn(async move {
            loop {
                let message = tokio::select! {
                    message = socket.next_patiently() => message,
                    () = sender.closed() => return,
                };
                let Some(message) = message else { return };
                let seq = message["callshopActivity"]["event"]["seq"].as_i64().expect("a seq");
                let before = sender.borrow().0;
                assert_eq!(seq, before + 1, "events must arrive in order, none missing and none twice");
                noted.lock().expect("the times").push_back((seq, Instant::now()));
                sender.send_replace((seq, Instant::now()));
            }
        });
        Self { seen, times }
    }

    /// Waits until the subscriber has received all committed events. Returns the waiting time.
    async fn caught_up(&self, node: &TestServer, shop: &Shop, patience: Duration) -> Duration {
        until("the watcher has seen everything", patience, async || {
            assert!(self.seen.has_changed().is_ok(), "the watcher must still be running");
            let seen = self.seen.borrow().0;
            seen == head(node, shop).await
        })
        .await
    }
}

async fn head(node: &TestServer, shop: &Shop) -> i64 {
    let id = Kind::Callshop.parse(&shop.id.clone().into()).expect("an id");
    store::activity::head(node.app.store.reader(), id).await.expect("the head")
}

fn behind(door: &Door) -> impl FnOnce(&mut Config) {
    let url = door.url();
    move |config| config.redis.url = Some(url.into())
}

/// A shop with three open cabins on a first node, and a second node.
async fn two_nodes(first: impl FnOnce(&mut Config), second: impl FnOnce(&mut Config)) -> (Shop, TestServer) {
    let shop = Shop::on(TestServer::start(Backend::Postgres, first).await, 3).await;
    let other = shop.server.another_node_with(second).await;
    shop.open_register().await;
    for cabin in 0..3 {
        shop.open_cabin(cabin).await;
    }
    (shop, other)
}

/// Makes calls from a cabin, one after another, through this node's hook. Stops when the sender of `go` is dropped, or after `calls` calls. Each call
/// creates four activity events.
async fn calls(hook: Hook, user: String, calls: usize, go: watch::Receiver<()>) -> usize {
    let mut made = 0;
    while made < calls && go.has_changed().is_ok() {
        let answer = hook.authorize(&user, "+13055550123").await;
        assert_eq!(answer["allow"], json!(true), "{answer}");
        for event in answered_call(&answer["ref"], Utc::now(), 1_000) {
            assert_eq!(hook.events(&[event]).await, ["applied"]);
        }
        made += 1;
    }
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_stopped_killed_and_cut_off_loses_no_activity() {
    let mut redis = RedisServer::start().await;
    let (door, other_door) = (redis.door().await, redis.door().await);
    let (shop, other) = two_nodes(behind(&door), behind(&other_door)).await;
    linked(&shop.server).await;
    linked(&other).await;
    let watchers = [Watcher::start(&shop.server, &shop).await, Watcher::start(&other, &shop).await];
    // both nodes commit activity events of one shop all the time
    let (going, go) = watch::channel(());
    let hooks = [shop.hook().clone(), Hook::at(other.hook), shop.hook().clone()];
    let phones = shop.phones.iter().map(|phone| phone.user.clone());
    let callers: Vec<_> = hooks
        .into_iter()
        .zip(phones)
        .map(|(hook, user)| tokio::spawn(calls(hook, user, usize::MAX, go.clone())))
        .collect();
    let status = other.app.hub.status();
    let all = async |what: &str| {
        println!("{what}");
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    };
    all("the subscribers have received everything").await;

    redis.stop().await;
    until("both nodes notice that Redis has stopped", NOTICED, async || {
        !is_up(&other) && !is_up(&shop.server)
    })
    .await;
    assert!(status.last_error().is_some());
    all("Redis is stopped").await;
    redis.start_again().await;
    linked(&other).await;
    linked(&shop.server).await;
    assert_eq!(status.last_error(), None);

    redis.kill().await;
    until("both nodes notice that Redis was killed", NOTICED, async || {
        !is_up(&other) && !is_up(&shop.server)
    })
    .await;
    redis.start_again().await;
    linked(&other).await;
    linked(&shop.server).await;
    all("Redis is back").await;

    other_door.shut();
    let took = until("the node notices a silent link", NOTICED, async || !is_up(&other)).await;
    println!("a silent link was noticed after {took:?}");
    all("one node is cut off").await;
    assert!(is_up(&shop.server));
    other_door.open();
    linked(&other).await;
    door.shut();
    until("the node notices a silent link", NOTICED, async || !is_up(&shop.server)).await;
    all("the other node is cut off").await;
    door.open();
    linked(&shop.server).await;

    drop(going);
    let mut made = 0;
    for caller in callers {
        made += caller.await.expect("calls must continue even while Redis is down");
    }
    for watcher in &watchers {
        watcher.caught_up(&other, &shop, Duration::from_secs(8)).await;
    }
    println!("{made} calls; {status:?}");
    assert!(status.connections.get() >= 4 && status.received.get() > 0 && status.polls.get() > 0);
    other.stop().await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_tells_only_the_nodes_that_are_there() {
    let redis = RedisServer::start().await;
    let (door, other_door) = (redis.door().await, redis.door().await);
    let (shop, other) = two_nodes(behind(&door), behind(&other_door)).await;
    linked(&shop.server).await;
    linked(&other).await;
    // notifications of a callshop without subscribers are only counted
    let status = other.app.hub.status();
    shop.call(0, "+13055550123", 1_000).await;
    until("four notifications arrive", NOTICED, async || status.received.get() >= 4).await;
    assert_eq!((status.delivered.get(), status.polls.get()), (0, 0));

    // the committing node cannot reach Redis, but the subscriber's node can; even so, the subscriber's node does not wait for its fallback poll
    let watcher = Watcher::start(&other, &shop).await;
    assert_eq!(other.app.hub.watched().len(), 1);
    door.shut();
    until("the node notices a silent link", NOTICED, async || !is_up(&shop.server)).await;
    shop.call(0, "+13055550123", 1_000).await;
    assert!(shop.server.app.hub.status().dropped.get() >= 4);
    let took = watcher.caught_up(&other, &shop, Duration::from_millis(4_500)).await;
    assert!(is_up(&other));
    println!("commits of the cut-off node were found after {took:?}");
    door.open();
    linked(&shop.server).await;

    drop(watcher);
    until("the hub forgets the callshop after its last watcher has left", NOTICED, async || {
        other.app.hub.watched().is_empty()
    })
    .await;
    other.stop().await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_is_too_slow_for_a_node_loses_no_activity() {
    let redis = RedisServer::start().await;
    let door = redis.door().await;
    let narrow = |config: &mut Config| {
        config.redis.url = Some(redis.url().into());
        config.redis.queue = 1;
    };
    let (shop, other) = two_nodes(narrow, behind(&door)).await;
    linked(&shop.server).await;
    linked(&other).await;
    let watcher = Watcher::start(&other, &shop).await;
    let (going, go) = watch::channel(());
    let users = shop.phones.iter().map(|phone| phone.user.clone());
    let callers: Vec<_> =
        users.map(|user| tokio::spawn(calls(shop.hook().clone(), user, 40, go.clone()))).collect();
    for caller in callers {
        assert_eq!(caller.await.expect("calls continue"), 40);
    }
    drop(going);
    let took = watcher.caught_up(&other, &shop, Duration::from_millis(4_500)).await;
    let dropped = shop.server.app.hub.status().dropped.get();
    println!("{dropped} of 480 dropped; the last found after {took:?}");
    assert!(dropped > 0, "the queue must be too small for all events");
    other.stop().await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_not_needed_between_nodes_on_postgres() {
    let (shop, other) = two_nodes(|_| {}, |_| {}).await;
    let watcher = Watcher::start(&other, &shop).await;
    shop.call(0, "+13055550123", 1_000).await;
    let took = watcher.caught_up(&other, &shop, Duration::from_millis(2_500)).await;
    println!("found after {took:?}");
    assert!(other.app.hub.status().found.get() > 0);
    other.stop().await;
    shop.finish().await;
}

/// Latency from the hook's response to the message at a subscriber of another node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_brings_activities_to_another_node_at_once() {
    let redis = RedisServer::start().await;
    let url = |config: &mut Config| config.redis.url = Some(redis.url().into());
    let (shop, other) = two_nodes(url, url).await;
    linked(&shop.server).await;
    linked(&other).await;
    let watcher = Watcher::start(&other, &shop).await;
    let mut delays = Vec::new();
    for _ in 0..50 {
        let answer = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
        for event in answered_call(&answer["ref"], Utc::now(), 1_000) {
            let posted = Instant::now();
            assert_eq!(shop.hook().events(&[event]).await, ["applied"]);
            let seq = head(&shop.server, &shop).await;
            let mut seen = watcher.seen.clone();
            tokio::time::timeout(NOTICED, seen.wait_for(|(seen, _)| *seen >= seq))
                .await
                .expect("in time")
                .expect("a watcher");
            let times = watcher.times.lock().expect("the times");
            let at = times
                .iter()
                .find(|(seen, _)| *seen == seq)
                .map(|(_, at)| *at)
                .expect("the event has an arrival time");
            delays.push(at - posted);
        }
    }
    delays.sort();
    println!(
        "from the hook's request to another node's subscriber: median {:?}, longest {:?}",
        delays[75], delays[149]
    );
    // without notifications, the next poll of the table would come several seconds later
    assert!(delays[75] < Duration::from_millis(100), "{delays:?}");
    // a poll of the table may come between a commit and its message
    let polled = other.app.hub.status().found.get();
    assert!(polled <= 5, "{polled} of 150 events were found by polling, not by a notification");
    other.stop().await;
    shop.finish().await;
}

/// The followers of a webhook's log and of an import are notified through Redis. Without these notifications, the followers would wait for their next
/// safety reading, which comes every thirty seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_and_an_import_are_followed_on_another_node_on_postgres() {
    let redis = RedisServer::start().await;
    let (door, other_door) = (redis.door().await, redis.door().await);
    let shop = Shop::on(TestServer::start(Backend::Postgres, behind(&door)).await, 1).await;
    let other = shop.server.another_node_with(behind(&other_door)).await;
    linked(&shop.server).await;
    linked(&other).await;
    let query =
        format!("subscription {{ callshopActivity(callshopId: \"{}\") {{ event {{ seq }} }} }}", shop.id);
    // nobody listens at this address, so each attempt fails at once
    let input = json!({ "url": "http://127.0.0.1:1/", "query": query });
    let made = shop.owner.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
    let id = &made["webhook"]["id"];
    let mut log = Socket::open(other.http, shop.owner.token()).await;
    let query = "subscription($id: ID!) { webhookDeliveries(webhookId: $id) { kind status } }";
    log.subscribe("1", query, json!({ "id": id })).await;
    let input = json!({ "name": "Followed" });
    let tariff = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let input = json!({ "tariffId": tariff["tariff"]["id"] });
    let fields = "import { id }";
    let job = shop.reseller.did("createTariffImport", "CreateTariffImportInput", input, fields).await;
    let mut import = Socket::open(other.http, shop.reseller.token()).await;
    let query = "subscription($id: ID!) { tariffImport(id: $id) { state } }";
    import.subscribe("1", query, json!({ "id": job["import"]["id"] })).await;
    assert_eq!(import.next().await["tariffImport"]["state"], "UPLOAD");

    // the first ping may precede the subscription
    let failed = json!({ "kind": "PING", "status": "FAILED" });
    for _ in 0..2 {
        let input = json!({ "webhookId": id });
        shop.owner.did("testWebhook", "TestWebhookInput", input, "delivery { status }").await;
        assert_eq!(log.next().await["webhookDeliveries"], failed);
    }
    let input = json!({ "importId": job["import"]["id"] });
    shop.reseller.did("cancelTariffImport", "CancelTariffImportInput", input, "import { id }").await;
    assert_eq!(import.next().await["tariffImport"]["state"], "CANCELED");
    other.stop().await;
    shop.finish().await;
}
