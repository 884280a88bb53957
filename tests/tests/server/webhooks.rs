//! Tests webhooks: the messages, their receivers, and the retries after a receiver does not accept a message. `nodes/webhooks.rs` tests webhooks
//! across nodes.

mod blocked;
mod listen;

use std::time::{Duration, Instant};

use api::config::Config;
use chrono::TimeDelta;
use graphql::scalars::parse_any;
use serde_json::{Value, json};
use tests::receiver::{Receiver, Reply};
use tests::shop::{person, text, unique};
use tests::{Backend, Client, Shop, TestServer, on_both};

/// Maximum wait for an expected state.
const PATIENCE: Duration = Duration::from_secs(30);
const WEBHOOK: &str = "id state disabledReason deliveries(first: 50) { nodes { deliveryId messageId kind seq status attempts \
    responseStatus responseBody error nextAttemptAt } }";

/// A document that delivers all of a shop's events.
fn feed(shop: &str) -> String {
    format!(
        "subscription {{ callshopActivity(callshopId: \"{shop}\") {{ cursorExpired event {{ seq kind call {{ number }} }} }} }}"
    )
}

/// A shop whose users stay logged in while the test moves the clock.
async fn shop_with(backend: Backend, change: impl FnOnce(&mut Config)) -> Shop {
    let server = TestServer::start(backend, |config| {
        config.auth.access_seconds = 25 * 86_400;
        change(config);
    })
    .await;
    Shop::on(server, 1).await
}

/// Creates a webhook for all events of the shop. Returns the webhook's id and secret.
async fn webhook(client: &Client, shop: &str, url: &str) -> (String, String) {
    let input = json!({ "url": url, "query": feed(shop) });
    let made = client.did("createWebhook", "CreateWebhookInput", input, "secret webhook { id state }").await;
    assert_eq!(made["webhook"]["state"], "ACTIVE");
    (text(&made["webhook"]["id"]), text(&made["secret"]))
}

/// Emits `count` events.
async fn events(shop: &Shop, count: usize) {
    for _ in 0..count {
        let input = json!({ "callshopId": shop.id, "receiptFooter": unique("footer") });
        shop.owner
            .did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { id }")
            .await;
    }
}

/// Waits until the webhook is as expected. Returns it.
async fn until(client: &Client, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let webhook = client.object("webhook", id, WEBHOOK).await;
        if is(&webhook) {
            return webhook;
        }
        assert!(begun.elapsed() < PATIENCE, "{webhook}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn nodes(webhook: &Value) -> &Vec<Value> {
    webhook["deliveries"]["nodes"].as_array().expect("messages")
}

on_both!(a_message_is_signed_and_answers_the_document, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    shop.open_register().await;
    let receiver = Receiver::start().await;
    let (id, secret) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 30_000).await;
    let seen = receiver.until(5).await;
    let kinds: Vec<String> =
        seen.iter().map(|one| text(&one.json()["data"]["callshopActivity"]["event"]["kind"])).collect();
    assert_eq!(kinds, ["CABIN_OPENED", "CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"]);
    let numbers: Vec<i64> = seen.iter().map(tests::receiver::Received::seq).collect();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");
    let call = &seen[4].json()["data"]["callshopActivity"];
    assert_eq!(call["event"]["call"]["number"], "+13055550123");
    assert_eq!(call["cursorExpired"], false);
    for message in &seen {
        assert_eq!(message.signatures(), [message.signed_with(&secret).await]);
        assert!(message.id().starts_with("msg_") && message.headers["content-type"] == "application/json");
    }
    let log = until(&shop.owner, &id, |webhook| nodes(webhook).len() == 5).await;
    let newest = &nodes(&log)[0];
    assert_eq!(newest["messageId"], seen[4].id());
    let result = json!([
        newest["kind"],
        newest["status"],
        newest["attempts"],
        newest["responseStatus"],
        newest["error"]
    ]);
    assert_eq!(result, json!(["EVENT", "DELIVERED", 1, 204, null]));
    shop.finish().await;
});

on_both!(a_failed_message_is_sent_again_before_the_next, |backend: Backend| async move {
    let shop = shop_with(backend, |config| config.webhooks.timeout_seconds = 1).await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let replies = [
        Reply::Status(500),
        Reply::Drop,
        Reply::Hang,
        Reply::Status(302),
        Reply::Late(Duration::from_millis(300)),
    ];
    receiver.answer(&replies, Reply::Status(200));
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    webhook(&shop.owner, &shop.id, &other.url()).await;
    events(&shop, 3).await;
    // another webhook of the same shop does not wait
    other.until(3).await;
    let reader = shop.owner.reading("en");
    for attempts in 1..=4 {
        let failing =
            |webhook: &Value| nodes(webhook).len() == 1 && nodes(webhook)[0]["attempts"] == attempts;
        let log = until(&reader, &id, failing).await;
        let one = &nodes(&log)[0];
        assert_eq!(one["status"], "PENDING", "{one}");
        let error = text(&one["error"]);
        let expected = ["status 500", "failed", "did not answer within 1 seconds", "redirects"];
        assert!(error.contains(expected[attempts - 1]), "{error}");
        if attempts == 1 {
            let told = until(&shop.owner.reading("es"), &id, failing).await;
            assert_eq!(nodes(&told)[0]["error"], "El destino respondió con el estado 500.");
        }
        assert!(one["nextAttemptAt"].is_string());
        // no message is sent before its time
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(receiver.seen().len(), attempts);
        shop.server.time().pass(TimeDelta::hours(2));
    }
    let seen = receiver.until(7).await;
    assert!(seen[..5].iter().all(|one| one.id() == seen[0].id() && one.body == seen[0].body));
    let numbers: Vec<i64> = seen[4..].iter().map(tests::receiver::Received::seq).collect();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");
    let log = until(&shop.owner, &id, |webhook| nodes(webhook).len() == 3).await;
    let first = &nodes(&log)[2];
    assert_eq!(
        json!([first["status"], first["attempts"], first["nextAttemptAt"]]),
        json!(["DELIVERED", 5, null])
    );
    shop.finish().await;
});

on_both!(a_receiver_that_accepts_nothing_for_three_days_is_given_up, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    receiver.answer(&[], Reply::Status(503));
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    events(&shop, 2).await;
    receiver.until(1).await;
    until(&shop.owner, &id, |webhook| nodes(webhook).len() == 1).await;
    shop.server.time().pass(TimeDelta::hours(73));
    let disabled = until(&shop.owner, &id, |webhook| webhook["state"] == "DISABLED").await;
    assert_eq!(disabled["disabledReason"], "DELIVERY_FAILED");
    let given_up = &nodes(&disabled)[0];
    assert_eq!(
        json!([given_up["status"], given_up["attempts"], given_up["responseBody"]]),
        json!(["FAILED", 2, "an answer"])
    );
    let fields = "action objectId user { id } changes { field after }";
    let entry = shop.owner.account_list("auditLog", &shop.id, 1, fields).await.remove(0);
    assert_eq!(
        json!([entry["action"], entry["objectId"], entry["user"]]),
        json!(["disableWebhook", id, null])
    );
    // messages that were not delivered are kept
    receiver.answer(&[], Reply::Status(204));
    let input = json!({ "webhookId": id });
    let enabled =
        shop.owner.did("enableWebhook", "EnableWebhookInput", input, "webhook { state disabledAt }").await;
    assert_eq!(enabled["webhook"], json!({ "state": "ACTIVE", "disabledAt": null }));
    let seen = receiver.until(4).await;
    assert_eq!(seen[2].id(), seen[0].id());
    assert_eq!(seen[3].seq(), seen[2].seq() + 1);
    // a receiver that answers 410 (gone) disables the webhook immediately
    receiver.answer(&[], Reply::Status(410));
    events(&shop, 1).await;
    let gone = until(&shop.owner, &id, |webhook| webhook["state"] == "DISABLED").await;
    assert_eq!(gone["disabledReason"], "GONE");
    shop.finish().await;
});

on_both!(a_webhook_ends_with_the_rights_of_its_creator, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let query = format!(
        "subscription {{ accountActivity(accountId: \"{}\") {{ callshopId event {{ kind }} }} }}",
        shop.reseller_id
    );
    let input = json!({ "url": receiver.url(), "query": query });
    let made = shop
        .reseller
        .did("createWebhook", "CreateWebhookInput", input, "webhook { id account { id } }")
        .await;
    assert_eq!(made["webhook"]["account"]["id"], json!(shop.reseller_id));
    let id = text(&made["webhook"]["id"]);
    events(&shop, 1).await;
    let first = receiver.until(1).await[0].json();
    assert_eq!(
        first["data"]["accountActivity"],
        json!({ "callshopId": shop.id, "event": { "kind": "SETTINGS_CHANGED" } })
    );
    // the events of a shop that is created later arrive, too
    let input = json!({ "name": "Another", "owner": person() });
    let another = shop.reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
    let input = json!({ "accountId": another["callshop"]["id"], "name": "Renamed" });
    shop.reseller.did("updateAccount", "UpdateAccountInput", input, "callshop { id }").await;
    let seen = receiver.until(2).await;
    assert_eq!(seen[1].json()["data"]["accountActivity"]["callshopId"], another["callshop"]["id"]);
    // neither another branch nor the reseller's own shop sees the reseller's webhook
    assert_eq!(shop.owner.object("webhook", &id, "id").await, Value::Null);
    let input = json!({ "accountId": shop.reseller_id });
    shop.distributor.did("suspendAccount", "AccountIdInput", input, "account { id }").await;
    let ended = until(&shop.distributor, &id, |webhook| webhook["state"] == "DISABLED").await;
    assert_eq!(ended["disabledReason"], "ACCOUNT_SUSPENDED");
    let is_told = receiver.seen().iter().any(|one| one.body.contains("SHOP_SUSPENDED"));
    assert!(!is_told, "no message may be delivered after the suspension");
    shop.finish().await;
});

on_both!(deleted_events_are_delivered_as_a_gap, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    receiver.answer(&[Reply::Status(500)], Reply::Status(200));
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    events(&shop, 3).await;
    let failed = receiver.until(1).await.remove(0);
    until(&shop.owner, &id, |webhook| nodes(webhook).len() == 1).await;
    let row = parse_any(&shop.id.clone().into()).expect("an id").1;
    let last = failed.seq() + 1;
    let forget = shop.server.app.store.write(|tx| async move {
        store::retention::forget_activities(tx.conn(), row, last).await?;
        store::retention::delete_activities(tx.conn(), row, last).await
    });
    forget.await.expect("the events are deleted");
    shop.server.time().pass(TimeDelta::minutes(1));
    let seen = receiver.until(3).await;
    assert_eq!(seen[1].json()["data"]["callshopActivity"], json!({ "cursorExpired": true, "event": null }));
    assert_ne!(seen[1].id(), failed.id());
    assert_eq!(seen[2].seq(), last + 1);
    let log = until(&shop.owner, &id, |webhook| nodes(webhook).len() == 3).await;
    let gap = nodes(&log).iter().find(|one| one["kind"] == "GAP").expect("a gap");
    assert_eq!(json!([gap["seq"], gap["status"]]), json!([last, "DELIVERED"]));
    let lost = &nodes(&log)[2];
    assert_eq!(
        json!([lost["messageId"], lost["status"], lost["nextAttemptAt"]]),
        json!([failed.id(), "FAILED", null])
    );
    let input = json!({ "deliveryId": lost["deliveryId"] });
    assert_eq!(
        shop.owner.code("replayDelivery", "ReplayDeliveryInput", input, "delivery { status }").await,
        "ILLEGAL_STATE"
    );
    shop.finish().await;
});

on_both!(a_secret_is_rotated_without_a_gap, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let input = json!({ "url": receiver.url(), "query": feed(&shop.id), "idempotencyKey": "one" });
    let fields = "secret webhook { id }";
    let first = shop.owner.did("createWebhook", "CreateWebhookInput", input.clone(), fields).await;
    let again = shop.owner.tried("createWebhook", "CreateWebhookInput", input, fields).await;
    assert_eq!((&again["secret"], &again["webhook"]), (&Value::Null, &first["webhook"]));
    assert_eq!(again["userErrors"][0]["code"], "SECRET_SHOWN");
    let old = text(&first["secret"]);
    let input = json!({ "webhookId": first["webhook"]["id"], "gracePeriodSeconds": 3600 });
    let new = text(
        &shop.owner.did("rotateWebhookSecret", "RotateWebhookSecretInput", input, "secret").await["secret"],
    );
    assert!(new != old && new.starts_with("whsec_"), "{new}");
    events(&shop, 1).await;
    let message = receiver.until(1).await.remove(0);
    assert_eq!(message.signatures(), [message.signed_with(&new).await, message.signed_with(&old).await]);
    shop.server.time().pass(TimeDelta::hours(1));
    events(&shop, 1).await;
    let message = receiver.until(2).await.remove(1);
    assert_eq!(message.signatures(), [message.signed_with(&new).await]);
    // the tables have no secret
    let rows = store::webhooks::ids(shop.server.app.store.reader()).await.expect("ids");
    let row = store::webhooks::by_id(shop.server.app.store.reader(), rows[0]).await.expect("a row");
    let stored = format!("{row:?}");
    assert!(!stored.contains(&new[6..]) && !stored.contains(&old[6..]), "{stored}");
    shop.finish().await;
});

on_both!(a_webhook_is_tested_replayed_and_deleted, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let (id, secret) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    let one = json!({ "webhookId": id });
    receiver.answer(&[Reply::Status(500)], Reply::Status(200));
    let fields = "delivery { deliveryId kind status responseStatus responseBody seq }";
    let ping =
        shop.owner.did("testWebhook", "TestWebhookInput", one.clone(), fields).await["delivery"].take();
    assert_eq!(
        json!([ping["kind"], ping["status"], ping["responseStatus"], ping["responseBody"], ping["seq"]]),
        json!(["PING", "FAILED", 500, "an answer", null])
    );
    let message = receiver.until(1).await.remove(0);
    assert!(message.json()["data"].is_null() && message.json()["extensions"]["ping"]["at"].is_string());
    assert_eq!(message.signatures(), [message.signed_with(&secret).await]);
    let input = json!({ "deliveryId": ping["deliveryId"] });
    assert_eq!(
        shop.owner.code("replayDelivery", "ReplayDeliveryInput", input, fields).await,
        "ILLEGAL_STATE"
    );
    events(&shop, 1).await;
    let log = until(&shop.owner, &id, |webhook| nodes(webhook).len() == 2).await;
    let input = json!({ "deliveryId": nodes(&log)[0]["deliveryId"] });
    let fields = "delivery { messageId status attempts }";
    let again =
        shop.owner.did("replayDelivery", "ReplayDeliveryInput", input, fields).await["delivery"].take();
    let seen = receiver.until(3).await;
    assert_eq!(again, json!({ "messageId": seen[1].id(), "status": "DELIVERED", "attempts": 2 }));
    assert_eq!((seen[2].id(), &seen[2].body), (seen[1].id(), &seen[1].body));
    let deleted =
        shop.owner.did("deleteWebhook", "DeleteWebhookInput", one.clone(), "deletedWebhookId").await;
    assert_eq!(deleted["deletedWebhookId"], json!(id));
    assert_eq!(shop.owner.code("testWebhook", "TestWebhookInput", one, fields).await, "NOT_FOUND");
    events(&shop, 1).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(receiver.seen().len(), 3);
    shop.finish().await;
});

on_both!(a_program_makes_webhooks_with_its_own_rights, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let program = async |scopes: &[&str]| {
        let expires_at = chrono::Utc::now() + TimeDelta::days(1);
        let input = json!({ "name": "Program", "scopes": scopes, "expiresAt": expires_at });
        shop.owner.with_token(&text(
            &shop.owner.did("createApiToken", "CreateApiTokenInput", input, "token").await["token"],
        ))
    };
    let input = json!({ "url": receiver.url(), "query": feed(&shop.id) });
    let narrow = program(&["WEBHOOKS_WRITE"]).await;
    assert_eq!(
        narrow.code("createWebhook", "CreateWebhookInput", input.clone(), "secret").await,
        "INVALID_INPUT"
    );
    let wide = program(&["WEBHOOKS_WRITE", "CALLS_READ"]).await;
    let made = wide.did("createWebhook", "CreateWebhookInput", input, "webhook { id role scopes }").await;
    assert_eq!(made["webhook"]["scopes"], json!(["CALLS_READ", "WEBHOOKS_READ", "WEBHOOKS_WRITE"]));
    assert_eq!(made["webhook"]["role"], "CALLSHOP_OWNER");
    // an API token without permission to read calls can neither create nor change a webhook that sends calls
    let moved = json!({ "webhookId": made["webhook"]["id"], "url": receiver.url() });
    assert_eq!(
        narrow.code("updateWebhook", "UpdateWebhookInput", moved.clone(), "webhook { id }").await,
        "INVALID_INPUT"
    );
    let own =
        shop.owner.did("updateWebhook", "UpdateWebhookInput", moved.clone(), "webhook { scopes }").await;
    assert_eq!(own["webhook"]["scopes"], made["webhook"]["scopes"]);
    let mut mine = moved;
    mine["useMyRights"] = json!(true);
    let own = shop.owner.did("updateWebhook", "UpdateWebhookInput", mine, "webhook { scopes }").await;
    assert_eq!(own["webhook"]["scopes"], Value::Null);
    let other = json!({ "webhookId": made["webhook"]["id"], "query": feed(&shop.reseller_id) });
    assert_eq!(
        shop.owner.code("updateWebhook", "UpdateWebhookInput", other, "webhook { id }").await,
        "NOT_FOUND"
    );
    shop.finish().await;
});

on_both!(an_address_must_be_public, |backend: Backend| async move {
    let shop = shop_with(backend, |config| {
        config.webhooks.allow_private = vec!["127.0.0.2".parse().expect("a network")];
        config.webhooks.per_account = 2;
    })
    .await;
    let create = async |url: &str| {
        let input = json!({ "url": url, "query": feed(&shop.id) });
        let fields = "webhook { id url } userErrors { code message field }";
        let query = format!(
            "mutation($input: CreateWebhookInput!) {{ createWebhook(input: $input) {{ {fields} }} }}"
        );
        shop.owner.reading("en").ok(&query, json!({ "input": input })).await["createWebhook"].take()
    };
    for (url, reason) in [
        ("https://127.0.0.1/", "no public address"),
        ("https://localhost/", "no public address"),
        ("https://10.0.0.1/", "no public address"),
        ("https://169.254.169.254/latest/meta-data", "no public address"),
        ("https://[::ffff:10.0.0.1]/", "no public address"),
        ("https://[64:ff9b::a00:1]/", "no public address"),
        ("http://127.0.0.1/", "HTTPS"),
        ("http://8.8.8.8/", "HTTPS"),
        ("https://nowhere.invalid/", "cannot be resolved"),
        ("https://somebody@example.com/", "such as https://"),
        ("gopher://example.com/", "such as https://"),
        ("hook", "such as https://"),
    ] {
        let refused = create(url).await;
        let error = &refused["userErrors"][0];
        assert_eq!(
            json!([error["code"], error["field"]]),
            json!(["INVALID_INPUT", ["url"]]),
            "{url}: {refused}"
        );
        assert!(text(&error["message"]).contains(reason), "{url}: {error}");
    }
    // the network was allowed when the webhook was created, but it is no longer allowed when the message is sent
    let made = create("http://127.0.0.2:9/").await;
    let id = text(&made["webhook"]["id"]);
    create("http://127.0.0.2:9/").await;
    let third = create("http://127.0.0.2:9/").await;
    assert_eq!(third["userErrors"][0]["code"], "ILLEGAL_STATE", "{third}");
    let strict = shop.server.another_node_with(|config| config.webhooks.allow_private.clear()).await;
    let client = Client::anonymous(strict.http).with_token(shop.owner.token()).reading("en");
    let ping = client
        .did("testWebhook", "TestWebhookInput", json!({ "webhookId": id }), "delivery { status error }")
        .await;
    assert_eq!(ping["delivery"]["status"], "FAILED");
    assert!(text(&ping["delivery"]["error"]).contains("Plain HTTP is not allowed to 127.0.0.2"), "{ping}");
    strict.stop().await;
    shop.finish().await;
});

on_both!(the_backlog_is_measured, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    receiver.answer(&[], Reply::Status(500));
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    events(&shop, 3).await;
    until(&shop.owner, &id, |webhook| nodes(webhook).len() == 1).await;
    let backlog = store::webhooks::backlog(shop.server.app.store.reader()).await.expect("a backlog");
    assert_eq!(backlog.events, 3);
    assert!(backlog.oldest.is_some());
    let metrics = reqwest::Client::builder().no_proxy().build().expect("a client");
    let all = metrics.get(format!("http://{}/metrics", shop.server.hook)).send().await.expect("an answer");
    let all = all.text().await.expect("a text");
    for line in [
        "callshop_webhook_failures_total 1\n",
        "callshop_webhook_deliveries_total 0\n",
        "callshop_webhook_pending_events 3\n",
    ] {
        assert!(all.contains(line), "{line}: {all}");
    }
    shop.finish().await;
});

on_both!(the_log_is_shortened, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    events(&shop, 4).await;
    until(&shop.owner, &id, |webhook| nodes(webhook).len() == 4).await;
    let row = parse_any(&id.clone().into()).expect("an id").1;
    let trim = async |kept| {
        let cutoff = chrono::Utc::now() - TimeDelta::days(1);
        let trimmed = shop
            .server
            .app
            .store
            .write(|tx| async move { store::webhooks::trim(tx.conn(), row, cutoff, kept, 100).await });
        trimmed.await.expect("the log is trimmed")
    };
    assert_eq!(trim(4).await, 0);
    assert_eq!(trim(3).await, 1);
    until(&shop.owner, &id, |webhook| nodes(webhook).len() == 3).await;
    shop.server.time().pass(TimeDelta::days(15));
    app::retention::maintain(&shop.server.app).await.expect("the maintenance");
    until(&shop.owner, &id, |webhook| nodes(webhook).is_empty()).await;
    shop.finish().await;
});
