//! Tests that a node takes over the webhooks of a node that died.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::crash::process::{self, Process};
use tests::deliveries::{self, Dose};
use tests::receiver::{Received, Receiver, Reply};
use tests::shop::unique;
use tests::{Backend, Shop, TestServer};

/// Number of events in each half of the test.
const EVENTS: usize = 30;
/// Maximum time for the other node to take over.
const PATIENCE: Duration = Duration::from_secs(40);

async fn event(shop: &Shop) {
    let input = json!({ "callshopId": shop.id, "receiptFooter": unique("footer") });
    shop.owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { id }").await;
}

/// Waits until each of the last `count` events of the shop arrived at least once. Returns the numbers of all messages.
async fn until(receiver: &Receiver, count: usize) -> Vec<i64> {
    let begun = Instant::now();
    loop {
        let numbers: Vec<i64> = receiver.seen().iter().map(Received::seq).collect();
        if numbers.iter().collect::<BTreeSet<_>>().len() == count {
            return numbers;
        }
        assert!(begun.elapsed() < PATIENCE, "{numbers:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Two nodes compete for the messages. Then one of the nodes is killed while a message is on its way, and a third node takes over. Every event
/// arrives, and its first arrival follows the first arrivals of all earlier events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_leaves_no_message_behind_on_postgres() {
    // this node only emits events
    let server = TestServer::start(Backend::Postgres, |config| {
        config.webhooks.timeout_seconds = 2;
        config.webhooks.concurrency = 0;
    })
    .await;
    let shop = Shop::on(server, 1).await;
    let receiver = Receiver::start().await;
    receiver.answer(&[], Reply::Late(Duration::from_millis(20)));
    let config = shop.server.config_of_another().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = Process::new(process::build(false), &config, folder.path());
    other.start();
    other.ready().await;
    let second = shop.server.another_node_with(|config| config.webhooks.concurrency = 8).await;
    let query =
        format!("subscription {{ callshopActivity(callshopId: \"{}\") {{ event {{ seq }} }} }}", shop.id);
    let input = json!({ "url": receiver.url(), "query": query });
    shop.owner.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
    for _ in 0..EVENTS {
        event(&shop).await;
    }
    let numbers = until(&receiver, EVENTS).await;
    assert_eq!(numbers.len(), EVENTS, "two nodes that live send nothing twice");

    second.stop().await;
    receiver.answer(&[], Reply::Hang);
    event(&shop).await;
    receiver.until(EVENTS + 1).await;
    other.kill().await;
    receiver.answer(&[], Reply::Status(204));
    let third = shop.server.another_node_with(|config| config.webhooks.concurrency = 8).await;
    for _ in 1..EVENTS {
        event(&shop).await;
    }
    let mut first: Vec<i64> = Vec::new();
    for number in until(&receiver, 2 * EVENTS).await {
        if !first.contains(&number) {
            first.push(number);
        }
    }
    assert!(first.windows(2).all(|two| two[1] == two[0] + 1), "{first:?}");
    let ids: BTreeSet<String> = receiver.seen().iter().map(|one| one.id().to_owned()).collect();
    assert_eq!(ids.len(), 2 * EVENTS, "a repeated message has its first id");
    third.stop().await;
    shop.finish().await;
}

/// A short run of the test that `long-run deliveries` runs for minutes (docs/testing.md).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_accepted_in_order_under_faults_on_postgres() {
    let seed = u64::from(uuid::Uuid::new_v4().as_fields().0);
    println!("seed {seed}");
    let dose = Dose { time: Duration::from_secs(10), seed, release: false };
    let told = deliveries::run(dose, |line| println!("{line}")).await;
    println!("{}", told.unwrap_or_else(|wrong| panic!("{wrong}")));
}
