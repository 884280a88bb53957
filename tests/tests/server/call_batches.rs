//! Tests which batches of call events and attempts run at the same time.

use std::time::Duration;

use chrono::Utc;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tests::Backend;
use tests::shop::{Shop, answered_call, person, text};

/// Creates another callshop of the same reseller, with one phone. Returns the phone's SIP user.
async fn other_phone(shop: &Shop) -> String {
    let input = json!({ "name": "Other callshop", "owner": person() });
    let made = shop.reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
    let input = json!({ "callshopId": made["callshop"]["id"], "count": 1 });
    let made =
        shop.reseller.did("createPhones", "CreatePhonesInput", input, "phones { phone { sipUser } }").await;
    text(&made["phones"][0]["phone"]["sipUser"])
}

/// While another transaction holds a row that a batch needs, the batch waits. The calls of other callshops do not.
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
            let row = reader
                .query_one_raw(sea_orm::Statement::from_string(reader.get_database_backend(), waits))
                .await;
            row.expect("PostgreSQL answers")
        })
        .await;
        // the statement that waits for the row would fail after some seconds
        let attempt = shop.hook().authorize(&other, "+13055550123");
        let refused = tokio::time::timeout(Duration::from_secs(2), attempt).await.expect("an answer at once");
        assert_eq!(refused["reason"], "Cabin out of service", "{refused}");
        held.rollback().await.expect("the lock is released");
    };
    let (ended, ()) = tokio::join!(ends, others);
    assert_eq!(ended, ["applied"]);
    shop.finish().await;
}
