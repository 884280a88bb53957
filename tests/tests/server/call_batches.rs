//! Tests which batches of call events and attempts run at the same time.

use std::time::{Duration, Instant};

use chrono::Utc;
use futures_util::future::join_all;
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, Statement};
use serde_json::{Value, json};
use tests::Backend;
use tests::faults::town;
use tests::shop::{Hook, Shop, SipAccount, answered_call, person, text};

/// Creates another callshop of the same reseller, with one phone. Returns the phone's SIP user.
async fn other_phone(shop: &Shop) -> String {
    let input = json!({ "name": "Other callshop", "owner": person() });
    let made = shop.reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
    let input = json!({ "callshopId": made["callshop"]["id"], "count": 1 });
    let made =
        shop.reseller.did("createPhones", "CreatePhonesInput", input, "phones { phone { sipUser } }").await;
    text(&made["phones"][0]["phone"]["sipUser"])
}

/// While another transaction holds a row that a batch needs, the batch waits. Calls of other callshops do not wait. The writer's heartbeat shows how long
/// the batch has been waiting, even though other batches make progress.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_waits_does_not_hold_up_other_callshops_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let call = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await["ref"].clone();
    let other = other_phone(&shop).await;
    // the server learns the callshop of a phone from the phone's first attempt
    let refused = shop.hook().authorize(&other, "+13055550123").await;
    assert_eq!(refused["reason"], "Cabin out of service", "{refused}");

    let held = shop.server.app.store.reader().begin().await.expect("a transaction");
    let lock = format!("SELECT id FROM call WHERE id = '{}' FOR UPDATE", text(&call));
    held.execute_unprepared(&lock).await.expect("the row is locked");
    let [.., end] = <[Value; 3]>::try_from(answered_call(&call, Utc::now(), 2_500)).expect("three events");
    let ends = async { shop.hook().events(&[end]).await };
    let others = async {
        let waits =
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        tests::sip::eventually("the end of the call waits for the row", async || {
            let reader = shop.server.app.store.reader();
            let row =
                reader.query_one_raw(Statement::from_string(reader.get_database_backend(), waits)).await;
            row.expect("PostgreSQL answers")
        })
        .await;
        let begun = Instant::now();
        for _ in 0..3 {
            // the statement that waits for the row would fail after some seconds
            let attempt = shop.hook().authorize(&other, "+13055550123");
            let refused =
                tokio::time::timeout(Duration::from_secs(2), attempt).await.expect("an answer at once");
            assert_eq!(refused["reason"], "Cabin out of service", "{refused}");
            let (waited, silent) = (begun.elapsed(), writer_silent(&shop));
            // both times are whole milliseconds
            assert!(silent + Duration::from_millis(1) >= waited, "{silent:?} {waited:?}");
        }
        held.rollback().await.expect("the lock is released");
    };
    let (ended, ()) = tokio::join!(ends, others);
    assert_eq!(ended, ["applied"]);
    shop.finish().await;
}

/// The time since the writer's last heartbeat, as the liveness report shows it.
fn writer_silent(shop: &Shop) -> Duration {
    let report = shop.server.app.health.live();
    let line = report.checks["call writer"].as_str().expect("a line").to_owned();
    let millis = line.strip_prefix("ok: ").and_then(|rest| rest.strip_suffix(" ms ago"));
    Duration::from_millis(millis.and_then(|millis| millis.parse().ok()).unwrap_or_else(|| panic!("{line}")))
}

/// Two batches can have attempts and events of the same two distributors. Each batch must lock the accounts of all its jobs in one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_with_the_same_distributors_do_not_deadlock_on_postgres() {
    let one = Shop::start(Backend::Postgres, 1).await;
    let node = one.server.another_node().await;
    let other = Shop::on(node, 1).await;
    let (mut shops, others) = (town::build(&one, 2, 4).await.shops, town::build(&other, 2, 4).await.shops);
    shops.extend(others);
    let phones = shops.iter().flat_map(|shop| &shop.phones);
    join_all(phones.map(|phone| calls(one.hook(), phone))).await;
    let url = one.server.config().database_url.clone();
    other.server.stop().await;
    one.finish().await;
    assert_eq!(deadlocks(&url).await, 0);
}

/// The number of deadlocks in this database. A connection reports its deadlocks when it ends, so this function first waits until all other
/// connections have ended.
async fn deadlocks(url: &str) -> i64 {
    let database = Database::connect(ConnectOptions::new(url).max_connections(1).to_owned())
        .await
        .expect("PostgreSQL answers");
    let query =
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database() AND numbackends = 1";
    let statement = Statement::from_string(database.get_database_backend(), query);
    let row = tests::sip::eventually("the servers' connections end", async || {
        database.query_one_raw(statement.clone()).await.expect("PostgreSQL answers")
    });
    row.await.try_get_by_index(0).expect("a number")
}

/// Makes calls one after another, and sends each event alone.
async fn calls(hook: &Hook, phone: &SipAccount) {
    for _ in 0..20 {
        let answer = hook.authorize(&phone.user, "+13055550123").await;
        assert_eq!(answer["allow"], json!(true), "{answer}");
        for event in answered_call(&answer["ref"], Utc::now(), 2_500) {
            assert_eq!(hook.events(&[event]).await, ["applied"]);
        }
    }
}
