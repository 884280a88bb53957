//! A short run of the fault test (docs/testing.md), with the whole topology under load and faults for some seconds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use entity::{call, hook_event, ledger_transfer, proxy as proxies};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait as _, Database, EntityTrait as _, PaginatorTrait as _, TransactionTrait as _};
use serde_json::{Value, json};
use tests::faults::{Disk, Fault, Plan, rolling, run};
use tests::proxy::Lists;
use tests::server::HOOK_SECRET;
use tests::shop::{answered_call, micros, text, unique};
use tests::sip::eventually;
use tests::{Backend, FakeProxy, Shop, TestServer, on_both};
use uuid::Uuid;

use super::ALONE;

fn plan(rate: u32, faults: Vec<Fault>) -> Plan {
    let seed = u64::from(uuid::Uuid::new_v4().as_fields().0);
    println!("seed {seed}");
    // the plan's duration is zero, so each fault happens once
    Plan {
        time: Duration::ZERO,
        rate,
        subscribers: 20,
        seed,
        idle: 1_000,
        faults,
        release: false,
        fsync: false,
        // the other tests keep the cores so busy that an unoptimized server sometimes takes longer than a shipped proxy waits
        patience: Duration::from_secs(10),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_leave_everything_once_and_in_order() {
    let _alone = ALONE.write().await;
    let faults = vec![
        Fault::KillNode,
        Fault::RestartPostgres,
        Fault::DiskFull,
        Fault::StopRedis,
        Fault::StarveWorkers,
        Fault::RingingPhones,
        Fault::CutDatabase,
        Fault::StallNode,
        Fault::BadManners,
        Fault::IdleSockets,
        Fault::DeafSubscribers,
        Fault::KillProxy,
    ];
    let told = run(&plan(10, faults), |line| println!("{line}")).await;
    println!("{}", told.unwrap_or_else(|wrong| panic!("{wrong}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_a_primary_that_dies_lose_nothing() {
    let _alone = ALONE.write().await;
    let faults = vec![Fault::KillPrimary, Fault::KillRedisPrimary];
    let told = run(&plan(10, faults), |line| println!("{line}")).await;
    println!("{}", told.unwrap_or_else(|wrong| panic!("{wrong}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_none_when_nodes_are_restarted_in_turn() {
    let _alone = ALONE.write().await;
    let told = rolling(&plan(10, Vec::new()), |line| println!("{line}")).await;
    println!("{}", told.unwrap_or_else(|wrong| panic!("{wrong}")));
}

/// The response of `/readyz`.
async fn readiness(server: &TestServer) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(format!("http://{}/readyz", server.hook)).send().await.expect("the node answers");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// Numbers of stored calls, events and transfers.
async fn stored(server: &TestServer) -> [u64; 3] {
    let conn = server.app.store.reader();
    [
        call::Entity::find().count(conn).await.expect("calls"),
        hook_event::Entity::find().count(conn).await.expect("events"),
        ledger_transfer::Entity::find().count(conn).await.expect("transfers"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_a_full_disk_on_sqlite_are_told_and_over_when_there_is_room() {
    let _beside = ALONE.read().await;
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(&folder.path().join("disk")).unwrap_or_else(|why| panic!("{why}"));
    let file = folder.path().join("disk/callshop.db");
    let server = TestServer::start_at(format!("sqlite:{}", file.display()), |_| {}).await;
    let shop = Shop::on(server, 2).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    let up = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await["ref"].clone();
    let events = answered_call(&up, Utc::now(), 2_500);
    assert_eq!(readiness(&shop.server).await.0, 200);

    disk.fill();
    // first, use up the free space inside the database's files
    let mut before = stored(&shop.server).await;
    let filler = |number: usize| {
        json!([{ "eid": unique("eid"), "kind": "no such kind", "ts": micros(Utc::now()), "proxy": "test",
            "filler": "x".repeat(3_000), "number": number }])
    };
    let mut refused = 0;
    for number in 0..2_000 {
        let (status, answer) = shop.hook().post("events", &filler(number)).await;
        match status {
            200 => before[1] += 1,
            503 => refused += 1,
            _ => panic!("{status}: {answer}"),
        }
        if refused == 20 {
            break;
        }
    }
    assert_eq!(stored(&shop.server).await, before, "exactly the answered events must be stored");
    assert_eq!(refused, 20, "the disk is full");
    // the write is repeated: one failure must not prevent the next attempt
    for _ in 0..3 {
        let (status, answer) = shop.hook().post("events", &json!(events)).await;
        assert_eq!(
            (status, &answer["error"]),
            (503, &json!("UNAVAILABLE")),
            "the proxy must keep the events: {answer}"
        );
        let ask = json!({ "request_id": unique("request"), "user": shop.phones[1].user, "dialed": "+13055550123",
            "src": "127.0.0.1:5060", "ts": micros(Utc::now()), "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
        let (status, answer) = shop.hook().post("authorize", &ask).await;
        assert_eq!(status, 503, "a call that cannot be stored must not ring: {answer}");
    }
    let pay_in = json!({ "callshopId": shop.id, "kind": "PAY_IN", "amount": "5",
        "reason": "change", "idempotencyKey": unique("key") });
    let document = "mutation($input: RecordCashMovementInput!) { recordCashMovement(input: $input) { userErrors { code } } }";
    let answer = shop.attendant.send(document, json!({ "input": pay_in })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "OVERLOADED", "the client may retry: {answer}");
    let (status, said) = readiness(&shop.server).await;
    let line = said["checks"]["database"].as_str().unwrap_or_default().to_owned();
    assert!(status == 503 && line.contains("no room"), "{status}: {said}");
    assert_eq!(stored(&shop.server).await, before, "nothing may be partly stored");
    shop.server.check_ledger().await;

    disk.free();
    let results = shop.hook().events(&events).await;
    assert_eq!(results, ["applied"; 3]);
    eventually("the node is ready again", async || (readiness(&shop.server).await.0 == 200).then_some(()))
        .await;
    let answer = shop.attendant.send(document, json!({ "input": pay_in })).await;
    assert_eq!(answer["data"]["recordCashMovement"]["userErrors"], json!([]), "{answer}");
    shop.call(1, "+13055550123", 1_000).await;
    shop.finish().await;
    drop(disk);
}

/// The event of an abandoned call attempt. This event depends on no other event.
fn given_up() -> Value {
    json!({ "eid": unique("eid"), "kind": "abandoned", "ts": micros(Utc::now()), "proxy": "test", "request_id": unique("request"),
        "reason": "no answer" })
}

on_both!(faults_of_a_stop_lose_nothing_that_was_answered, |backend: Backend| async move {
    let _beside = ALONE.read().await;
    let server = TestServer::start(backend, |_| {}).await;
    let url = format!("http://{}/kamailio/v1/events", server.hook);
    let answered: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut posting = Vec::new();
    for _ in 0..16 {
        let (url, answered) = (url.clone(), answered.clone());
        posting.push(tokio::spawn(async move {
            let http = reqwest::Client::builder().no_proxy().build().expect("a client");
            // send events until the server has stopped
            loop {
                let event = given_up();
                let post = http.post(&url).basic_auth("kamailio", Some(HOOK_SECRET)).json(&json!([event]));
                let Ok(answer) = post.send().await else { return };
                if answer.status() == 200 {
                    answered.lock().expect("the list").push(text(&event["eid"]));
                }
            }
        }));
    }
    eventually("events are answered", async || {
        (answered.lock().expect("the list").len() > 200).then_some(())
    })
    .await;
    let server = server.pause().await.start().await;
    for posting in posting {
        posting.abort();
    }
    let stored = hook_event::Entity::find().all(server.app.store.reader()).await.expect("events");
    let stored: BTreeSet<String> = stored.into_iter().map(|event| event.eid).collect();
    let answered = answered.lock().expect("the list").clone();
    let lost: Vec<_> = answered.iter().filter(|eid| !stored.contains(*eid)).collect();
    assert!(lost.is_empty(), "{} of {} that were answered are lost", lost.len(), answered.len());
    server.stop().await;
});

on_both!(faults_of_a_nodes_clock_keep_no_proxy_from_being_compared, |backend: Backend| async move {
    let _beside = ALONE.read().await;
    let proxy = FakeProxy::start().await;
    let server = TestServer::start(backend, |config| {
        config.hook.proxies = vec![tests::server::proxy("test", proxy.address)];
    })
    .await;
    proxy.list(Lists::nothing(server.time().clone()));
    let row = async || {
        let found = proxies::Entity::find_by_id("test").one(server.app.store.reader()).await;
        found
            .expect("the database answers")
            .filter(|row| row.listed_at.is_some() && row.lease_until.is_none())
    };
    for wrong in [TimeDelta::hours(1), TimeDelta::hours(-1)] {
        let before = eventually("a comparison", row).await;
        // a node with a wrong clock has taken the lease and died
        let theirs = server.time().now() + wrong;
        proxies::Entity::update_many()
            .col_expr(proxies::Column::LeaseHolder, Expr::value(Uuid::now_v7()))
            .col_expr(proxies::Column::LeaseUntil, Expr::value(theirs + TimeDelta::seconds(60)))
            .col_expr(proxies::Column::LookedAt, Expr::value(theirs))
            .col_expr(proxies::Column::ListedAt, Expr::value(theirs))
            .exec(server.app.store.reader())
            .await
            .expect("a lease");
        server.time().pass(TimeDelta::seconds(31));
        eventually("it is reconciled all the same", async || {
            row().await.filter(|row| row.listed_at > before.listed_at && row.listed_at != Some(theirs))
        })
        .await;
    }
    server.stop().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_a_row_that_somebody_holds_end_in_time_on_postgres() {
    let _beside = ALONE.read().await;
    let shop = Shop::start(Backend::Postgres, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let up = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await["ref"].clone();
    let [.., end] = <[Value; 3]>::try_from(answered_call(&up, Utc::now(), 2_500)).expect("three events");
    let holder =
        Database::connect(shop.server.config().database_url.clone()).await.expect("PostgreSQL answers");
    let held = holder.begin().await.expect("a transaction");
    let row = format!("SELECT id FROM call WHERE id = '{}' FOR UPDATE", text(&up));
    held.execute_unprepared(&row).await.expect("the row is locked");
    let before = stored(&shop.server).await;
    let begun = Instant::now();
    let (status, answer) = shop.hook().post("events", &json!([end])).await;
    assert_eq!(
        (status, &answer["error"]),
        (503, &json!("UNAVAILABLE")),
        "the proxy must keep the event: {answer}"
    );
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(stored(&shop.server).await, before, "nothing may be partly stored");
    // events of other proxies are still applied
    assert_eq!(shop.hook().events(&[given_up()]).await, ["applied"]);
    held.rollback().await.expect("the lock is released");
    assert_eq!(shop.hook().events(&[end]).await, ["applied"]);
    shop.finish().await;
}
