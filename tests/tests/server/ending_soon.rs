//! Tests the announcements that a call will end soon and that a deposit is nearly used up.

use chrono::{TimeDelta, Utc};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use tests::server::proxy;
use tests::shop::{Shop, event, price, text, unique};
use tests::sip::eventually;
use tests::{Backend, FakeProxy, Socket, TestServer, on_both};
use uuid::Uuid;

/// A second of talk costs 0.001.
const PRICE: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n1,United States,0.0600,0,1,1\n";
const EVENTS: &str = "subscription($s: ID!) { ...R } fragment R on Subscription { \
    callshopActivity(callshopId: $s, kinds: [CALL_ENDING_SOON, DEPOSIT_LOW]) { snapshot { asOf } \
    event { kind cabinId sessionId call { state endingSoon } } } }";

/// An open shop with one cabin. The shop's proxy accepts limits.
async fn shop(backend: Backend) -> (Shop, FakeProxy) {
    let control = FakeProxy::start().await;
    let server = TestServer::start(backend, |config| {
        config.hook.proxies = vec![proxy("test", control.address)];
    })
    .await;
    let shop = Shop::on(server, 1).await;
    price(&shop.reseller, &shop.id, PRICE, "COST", None).await;
    price(&shop.reseller, &shop.id, PRICE, "RETAIL", None).await;
    shop.open_register().await;
    (shop, control)
}

/// Opens the cabin with a deposit. Returns the session's id.
async fn prepaid(shop: &Shop, amount: &str) -> String {
    let input = json!({ "cabinId": shop.cabins[0], "deposit": { "amount": amount }, "idempotencyKey": unique("key") });
    let opened = shop.attendant.did("openCabin", "OpenCabinInput", input, "session { id depositLow }").await;
    assert_eq!(opened["session"]["depositLow"], json!(false));
    text(&opened["session"]["id"])
}

/// Makes a call that was answered this many seconds ago.
async fn talking(shop: &Shop, seconds: i64) -> Value {
    let allowed = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    assert_eq!(allowed["allow"], json!(true), "{allowed}");
    let answered = Utc::now() - TimeDelta::seconds(seconds);
    let answer = event("answered", &allowed["ref"], answered, json!({ "to_tag": "tt" }));
    assert_eq!(shop.hook().events(&[answer]).await, ["applied"]);
    allowed["ref"].clone()
}

async fn call(shop: &Shop, reference: &Value) -> entity::call::Model {
    let id: Uuid = text(reference).parse().expect("a ref");
    let found = entity::call::Entity::find_by_id(id).one(shop.server.app.store.reader()).await;
    found.expect("the database answers").expect("the call")
}

/// The announcements so far.
async fn announced(shop: &Shop) -> Vec<&'static str> {
    let id = graphql::scalars::Kind::Callshop.parse(&shop.id.clone().into()).expect("an id");
    let rows = store::activity::after(shop.server.app.store.reader(), id, 0, 1000).await.expect("activities");
    let kinds = rows.iter().map(|row| row.kind.as_str());
    kinds.filter(|kind| ["CALL_ENDING_SOON", "DEPOSIT_LOW"].contains(kind)).collect()
}

async fn set(shop: &Shop, seconds: Value) -> Value {
    let input = json!({ "callshopId": shop.id, "endingSoonSeconds": seconds });
    let fields = "callshop { endingSoonSeconds }";
    shop.owner.tried("updateCallshopSettings", "UpdateCallshopSettingsInput", input, fields).await
}

on_both!(a_call_on_a_deposit_is_announced_once, |backend: Backend| async move {
    let (shop, _control) = shop(backend).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", EVENTS, json!({ "s": shop.id })).await;
    assert!(socket.next().await["callshopActivity"]["snapshot"]["asOf"].is_string());
    let session = prepaid(&shop, "0.10").await;
    // the deposit pays for 100 seconds; the call was answered 48 seconds ago, so 52 seconds are left
    let reference = talking(&shop, 48).await;
    for kind in ["CALL_ENDING_SOON", "DEPOSIT_LOW"] {
        let told = json!({ "kind": kind, "cabinId": shop.cabins[0], "sessionId": session, "call": { "state": "ANSWERED", "endingSoon": true } });
        assert_eq!(socket.next().await["callshopActivity"]["event"], told);
    }
    let query = "query($s: ID!, $id: ID!) { liveCalls(callshopId: $s) { endingSoon } session(id: $id) { depositLow } }";
    let shown = shop.attendant.ok(query, json!({ "s": shop.id, "id": session })).await;
    assert_eq!(shown, json!({ "liveCalls": [{ "endingSoon": true }], "session": { "depositLow": true } }));
    eventually("the call has reserved further slices", async || {
        (call(&shop, &reference).await.covered >= 60).then_some(())
    })
    .await;
    assert_eq!(announced(&shop).await, ["CALL_ENDING_SOON", "DEPOSIT_LOW"], "once each");
    // after another deposit, a low deposit is announced again; the deposits now pay for 110 seconds in all
    let input = json!({ "sessionId": session, "amount": "0.01", "idempotencyKey": unique("key") });
    let added = shop.attendant.did("addDeposit", "AddDepositInput", input, "session { depositLow }").await;
    assert_eq!(added["session"]["depositLow"], json!(false));
    shop.server.time().pass(TimeDelta::seconds(14));
    let again = socket.next().await["callshopActivity"]["event"].take();
    assert_eq!((&again["kind"], &again["sessionId"]), (&json!("DEPOSIT_LOW"), &json!(session)));
    assert_eq!(announced(&shop).await, ["CALL_ENDING_SOON", "DEPOSIT_LOW", "DEPOSIT_LOW"]);
    shop.finish().await;
});

on_both!(credit_and_limits_end_a_call_too, |backend: Backend| async move {
    let (shop, _control) = shop(backend).await;
    let input = json!({ "cabinId": shop.cabins[0], "timeLimitSeconds": 100 });
    shop.attendant.did("openCabin", "OpenCabinInput", input, "session { id }").await;
    let reference = talking(&shop, 0).await;
    let row = call(&shop, &reference).await;
    assert_eq!((row.warn_after, row.ending_soon), (Some(40), false));
    assert!(
        row.extend_at.is_some_and(|at| at < Utc::now() + TimeDelta::seconds(40)),
        "the next slice must be due before the warning"
    );
    shop.server.time().pass(TimeDelta::seconds(41));
    eventually("the time limit is near", async || call(&shop, &reference).await.ending_soon.then_some(()))
        .await;
    assert_eq!(
        announced(&shop).await,
        ["CALL_ENDING_SOON"],
        "a session without a deposit must not announce a low deposit"
    );
    shop.finish().await;
});

on_both!(a_shop_decides_whether_and_when, |backend: Backend| async move {
    let (shop, _control) = shop(backend).await;
    for wrong in [json!(-1), json!(3601)] {
        let refused = set(&shop, wrong.clone()).await;
        let error = &refused["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("INVALID_INPUT"), &json!(["endingSoonSeconds"])),
            "{wrong}: {refused}"
        );
    }
    let seen = "query($s: ID!) { callshop(id: $s) { endingSoonSeconds } }";
    let usual = shop.attendant.ok(seen, json!({ "s": shop.id })).await;
    assert_eq!(usual["callshop"]["endingSoonSeconds"], json!(60));
    for (given, kept) in [(json!(3600), json!(3600)), (json!(0), Value::Null), (json!(null), Value::Null)] {
        assert_eq!(set(&shop, given).await["callshop"]["endingSoonSeconds"], kept);
    }
    prepaid(&shop, "0.10").await;
    let reference = talking(&shop, 48).await;
    eventually("the call has reserved further slices", async || {
        (call(&shop, &reference).await.covered >= 60).then_some(())
    })
    .await;
    assert_eq!(call(&shop, &reference).await.warn_after, None);
    assert!(announced(&shop).await.is_empty());
    shop.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_announce_a_call_once_on_postgres() {
    let (shop, _control) = shop(Backend::Postgres).await;
    let other = shop.server.another_node().await;
    prepaid(&shop, "0.10").await;
    let reference = talking(&shop, 48).await;
    eventually("the call has reserved further slices", async || {
        (call(&shop, &reference).await.covered >= 60).then_some(())
    })
    .await;
    assert_eq!(announced(&shop).await, ["CALL_ENDING_SOON", "DEPOSIT_LOW"]);
    other.stop().await;
    shop.finish().await;
}
