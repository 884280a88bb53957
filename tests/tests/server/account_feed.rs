//! Tests the feed of an account that is not a callshop, as a subscription and as a webhook.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use graphql::scalars::parse_any;
use serde_json::{Value, json};
use tests::receiver::{Received, Receiver, Reply};
use tests::shop::{COST, price, text, unique};
use tests::{Backend, Shop, Socket, on_both};

const FEED: &str = "subscription($a: ID!, $after: String, $kinds: [ActivityKind!]) { \
    accountFeed(accountId: $a, after: $after, kinds: $kinds) { cursor cursorExpired event { seq kind subjectId webhookDisabledReason } } }";

/// Number and kind of an event, and the kind of its subject.
fn shown(event: &Value) -> (i64, String, Option<String>) {
    let subject = event["subjectId"].as_str().and_then(|id| parse_any(&id.into()));
    (
        event["seq"].as_i64().expect("a number"),
        text(&event["kind"]),
        subject.map(|(kind, _)| format!("{kind:?}")),
    )
}

async fn next(socket: &mut Socket) -> Value {
    socket.next().await["accountFeed"].take()
}

/// Waits for the next event, which must be of this kind. Returns the event's number and subject.
async fn told(socket: &mut Socket, kind: &str) -> (i64, Value) {
    let mut event = next(socket).await["event"].take();
    assert_eq!(event["kind"], kind, "{event}");
    (event["seq"].as_i64().expect("a number"), event["subjectId"].take())
}

/// Creates a tariff of the reseller, and an import job that reads a deck into this tariff. Returns the ids of the import and the tariff.
async fn import(shop: &Shop) -> (Value, Value) {
    let input = json!({ "name": unique("tariff") });
    let mut tariff = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let tariff = tariff["tariff"]["id"].take();
    let input = json!({ "tariffId": tariff });
    let mut made = shop
        .reseller
        .did("createTariffImport", "CreateTariffImportInput", input, "import { id uploadUrl }")
        .await;
    let url = format!("http://{}{}", shop.server.http, text(&made["import"]["uploadUrl"]));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    assert_eq!(http.put(url).body(COST).send().await.expect("an answer").status(), 202);
    (made["import"]["id"].take(), tariff)
}

/// Activates a version of the reseller's tariff, now or at this time.
async fn activate(shop: &Shop, version: &Value, at: Option<String>) {
    let input = json!({ "versionId": version, "at": at });
    shop.reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
}

/// Copies a version of the reseller's tariff to a draft.
async fn copied(shop: &Shop, version: &Value) -> Value {
    let input = json!({ "versionId": version });
    let mut made =
        shop.reseller.did("copyTariffVersion", "CopyTariffVersionInput", input, "version { id }").await;
    made["version"]["id"].take()
}

/// Sets the reseller's threshold to exactly what the reseller can spend.
async fn warn_from_here(shop: &Shop) {
    let (conn, id) = (shop.server.app.store.reader(), key(&shop.reseller_id));
    let credit = store::ledger::credit(conn, &[id]).await.expect("credit")[&id];
    let limit = store::accounts::credit_limits(conn, &[id]).await.expect("a limit")[&id].expect("a limit");
    let amount = credit.balance.checked_add(limit).expect("an amount").to_string();
    let input = json!({ "accountId": shop.reseller_id, "amount": amount });
    shop.reseller.did("setLowCredit", "SetLowCreditInput", input, "account { id }").await;
}

fn key(id: &str) -> uuid::Uuid {
    parse_any(&id.into()).expect("an id").1
}

/// Creates a webhook of the reseller. Returns its id.
async fn webhook(shop: &Shop, url: &str, field: &str) -> String {
    let query = format!(
        "subscription {{ {field}(accountId: \"{}\") {{ cursorExpired event {{ seq kind subjectId webhookDisabledReason }} }} }}",
        shop.reseller_id
    );
    let input = json!({ "url": url, "query": query });
    let made = shop.reseller.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
    text(&made["webhook"]["id"])
}

/// The error in the response to the operation `id`.
async fn refusal(socket: &mut Socket, id: &str) -> String {
    loop {
        let message = socket.receive().await;
        if message["id"] == id {
            return message.to_string();
        }
    }
}

on_both!(an_account_has_a_feed_of_its_own, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (receiver, gone) = (Receiver::start().await, Receiver::start().await);
    gone.answer(&[], Reply::Status(410));
    let mut socket = Socket::open(shop.server.http, shop.reseller.token()).await;
    socket.subscribe("1", FEED, json!({ "a": shop.reseller_id })).await;
    let first = next(&mut socket).await;
    assert_eq!((&first["event"], &first["cursorExpired"]), (&Value::Null, &json!(false)));
    let own = webhook(&shop, &receiver.url(), "accountFeed").await;

    let (job, tariff) = import(&shop).await;
    assert_eq!(told(&mut socket, "IMPORT_ENDED").await.1, job);
    let data = shop.reseller.ok(
        "query($id: ID!) { tariff(id: $id) { versions(first: 1) { nodes { id } } } }",
        json!({ "id": tariff }),
    );
    let version = data.await["tariff"]["versions"]["nodes"][0]["id"].take();
    activate(&shop, &version, None).await;
    assert_eq!(told(&mut socket, "VERSION_IN_FORCE").await.1, version);
    let later = copied(&shop, &version).await;
    activate(&shop, &later, Some((Utc::now() + TimeDelta::hours(1)).to_rfc3339())).await;
    assert_eq!(told(&mut socket, "VERSION_SCHEDULED").await.1, later);
    let input = json!({ "versionId": later });
    shop.reseller.did("cancelTariffVersion", "CancelTariffVersionInput", input, "version { id }").await;
    assert_eq!(told(&mut socket, "VERSION_CANCELED").await.1, later);
    activate(&shop, &later, Some((Utc::now() + TimeDelta::seconds(2)).to_rfc3339())).await;
    assert_eq!(told(&mut socket, "VERSION_SCHEDULED").await.1, later);
    // at the scheduled time, the version takes effect without a request
    assert_eq!(told(&mut socket, "VERSION_IN_FORCE").await.1, later);

    price(&shop.distributor, &shop.reseller_id, COST, "COST", None).await;
    told(&mut socket, "COST_CHANGED").await;
    let ended = webhook(&shop, &gone.url(), "accountActivity").await;
    let input = json!({ "callshopId": shop.id, "receiptFooter": "Thank you" });
    shop.owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { id }").await;
    let event = next(&mut socket).await["event"].take();
    let expected = json!({ "seq": event["seq"], "kind": "WEBHOOK_DISABLED", "subjectId": ended, "webhookDisabledReason": "GONE" });
    assert_eq!(event, expected);
    shop.open_register().await;
    shop.open_cabin(0).await;
    warn_from_here(&shop).await;
    told(&mut socket, "CREDIT_CHANGED").await;
    shop.call(0, "+13055550123", 30_000).await;
    let last = told(&mut socket, "CREDIT_LOW").await.0;

    // the webhook delivers the same events in the same order
    let kinds = "IMPORT_ENDED VERSION_IN_FORCE VERSION_SCHEDULED VERSION_CANCELED VERSION_SCHEDULED VERSION_IN_FORCE COST_CHANGED \
        WEBHOOK_DISABLED CREDIT_CHANGED CREDIT_LOW";
    let kinds: Vec<&str> = kinds.split_whitespace().collect();
    let received = receiver.until(kinds.len()).await;
    let of = |one: &Received| shown(&one.json()["data"]["accountFeed"]["event"]);
    let seen: Vec<_> = received.iter().map(of).collect();
    assert_eq!(seen.iter().map(|one| one.1.as_str()).collect::<Vec<_>>(), kinds);
    let told: Vec<Value> =
        received.iter().map(|one| one.json()["data"]["accountFeed"]["event"].take()).collect();
    assert!(told.contains(&expected), "{told:?}");
    let from = last + 1 - i64::try_from(kinds.len()).expect("a count");
    assert_eq!(seen.iter().map(|one| one.0).collect::<Vec<_>>(), (from..=last).collect::<Vec<_>>());
    let subjects: Vec<Option<&str>> = seen.iter().map(|one| one.2.as_deref()).collect();
    let version = Some("TariffVersion");
    let expected = [
        Some("TariffImport"),
        version,
        version,
        version,
        version,
        version,
        Some("Tariff"),
        Some("Webhook"),
        None,
        None,
    ];
    assert_eq!(subjects, expected);

    // the log has a message that belongs to no callshop; this message can be sent again. The server writes the log after the receiver's answer
    let log = "query($id: ID!) { webhook(id: $id) { deliveries(first: 1) { nodes { deliveryId callshopId seq } } } }";
    let entry = tests::sip::eventually("the last message is in the log", async || {
        let mut log = shop.reseller.ok(log, json!({ "id": own })).await;
        let entry = log["webhook"]["deliveries"]["nodes"][0].take();
        (entry["seq"] == json!(last)).then_some(entry)
    });
    let entry = entry.await;
    assert_eq!(entry["callshopId"], Value::Null, "{entry}");
    let input = json!({ "deliveryId": entry["deliveryId"] });
    let again =
        shop.reseller.did("replayDelivery", "ReplayDeliveryInput", input, "delivery { status }").await;
    assert_eq!(again["delivery"]["status"], "DELIVERED");
    // the webhook cannot change to a document about callshops
    let query =
        format!("subscription {{ accountActivity(accountId: \"{}\") {{ cursor }} }}", shop.reseller_id);
    let input = json!({ "webhookId": own, "query": query });
    let errors = shop.reseller.code("updateWebhook", "UpdateWebhookInput", input, "webhook { id }").await;
    assert_eq!(errors, "INVALID_INPUT");

    resumes(&shop, &first["cursor"], &seen).await;
    tokio::time::timeout(Duration::from_secs(60), shop.finish()).await.expect("it ends");
});

/// A subscriber that resumes misses no event, unless events after its cursor were deleted; in that case, the first message says so. Nobody else sees
/// the feed.
async fn resumes(shop: &Shop, cursor: &Value, seen: &[(i64, String, Option<String>)]) {
    let mut socket = Socket::open(shop.server.http, shop.reseller.token()).await;
    socket.subscribe("1", FEED, json!({ "a": shop.reseller_id, "after": cursor })).await;
    for one in seen {
        assert_eq!(shown(&next(&mut socket).await["event"]), *one);
    }
    let mut some = Socket::open(shop.server.http, shop.reseller.token()).await;
    let variables =
        json!({ "a": shop.reseller_id, "after": cursor, "kinds": ["COST_CHANGED", "CREDIT_LOW"] });
    some.subscribe("1", FEED, variables).await;
    for kind in ["COST_CHANGED", "CREDIT_LOW"] {
        told(&mut some, kind).await;
    }
    let (id, last) = (key(&shop.reseller_id), seen[1].0);
    let forget = shop.server.app.store.write(|tx| async move {
        store::retention::forget_activities(tx.conn(), id, last).await?;
        store::retention::delete_activities(tx.conn(), id, last).await
    });
    forget.await.expect("the events are deleted");
    let mut late = Socket::open(shop.server.http, shop.reseller.token()).await;
    late.subscribe("1", FEED, json!({ "a": shop.reseller_id, "after": cursor })).await;
    let message = next(&mut late).await;
    assert_eq!((&message["event"], &message["cursorExpired"]), (&Value::Null, &json!(true)));

    late.subscribe("2", FEED, json!({ "a": shop.id })).await;
    let refused = refusal(&mut late, "2").await;
    assert!(refused.contains("INVALID_INPUT") && refused.contains("callshopActivity"), "{refused}");
    late.subscribe("3", FEED, json!({ "a": shop.distributor_id })).await;
    let refused = refusal(&mut late, "3").await;
    assert!(refused.contains("NOT_FOUND"), "{refused}");
}
