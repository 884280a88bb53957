//! Tests that one receiver, one event or one user does not hold up the others, and that a webhook never has more rights than the users who made it.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use entity::{WebhookDeliveryStatus, WebhookMessageKind, webhook_delivery as log};
use graphql::scalars::parse_any;
use serde_json::{Value, json};
use store::Page;
use tests::receiver::{Receiver, Reply};
use tests::shop::{person, text};
use tests::{Backend, Client, Shop, Socket, on_both};
use uuid::Uuid;

use super::{PATIENCE, events, feed, nodes, shop_with, until, webhook};

on_both!(
    a_shop_whose_event_is_refused_does_not_end_the_webhook_of_the_branch,
    |backend: Backend| async move {
        let shop = shop_with(backend, |_| {}).await;
        let receiver = Receiver::start().await;
        let query = format!(
            "subscription {{ accountActivity(accountId: \"{}\") {{ callshopId event {{ seq kind }} }} }}",
            shop.reseller_id
        );
        let input = json!({ "url": receiver.url(), "query": query });
        let made = shop.reseller.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
        let id = text(&made["webhook"]["id"]);
        let input = json!({ "name": "Another", "owner": person() });
        let another =
            shop.reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
        let another = text(&another["callshop"]["id"]);
        receiver.refuse(Some(shop.id.clone()));
        events(&shop, 2).await;
        receiver.until(1).await;
        let attempts = async |most: i64| {
            let is = |webhook: &serde_json::Value| {
                let waits = |one: &serde_json::Value| {
                    one["status"] == "PENDING" && one["attempts"].as_i64() >= Some(most)
                };
                nodes(webhook).iter().any(waits) || webhook["state"] == "DISABLED"
            };
            until(&shop.reseller, &id, is).await
        };
        attempts(1).await;
        shop.server.time().pass(TimeDelta::hours(71));
        attempts(2).await;
        // meanwhile, the receiver accepts an event of the other shop
        let input = json!({ "accountId": another, "name": "Renamed" });
        shop.reseller.did("updateAccount", "UpdateAccountInput", input, "callshop { id }").await;
        let of = |message: &tests::receiver::Received| {
            text(&message.json()["data"]["accountActivity"]["callshopId"])
        };
        receiver.until_any(|one| of(one) == another).await;
        shop.server.time().pass(TimeDelta::hours(2));
        let failing = attempts(3).await;
        assert_eq!(failing["state"], "ACTIVE", "{failing}");
        let waiting = nodes(&failing).iter().find(|one| one["status"] == "PENDING").expect("a message");
        // the failing event is skipped, and the next event of the shop follows
        let input = json!({ "deliveryId": waiting["deliveryId"] });
        receiver.refuse(None);
        let fields = "delivery { messageId status nextAttemptAt }";
        let skipped = shop.reseller.did("skipDelivery", "SkipDeliveryInput", input.clone(), fields).await;
        assert_eq!(
            skipped["delivery"],
            json!({ "messageId": waiting["messageId"], "status": "SKIPPED", "nextAttemptAt": null })
        );
        let next = waiting["seq"].as_i64().map(|seq| seq + 1);
        let is_next = |one: &tests::receiver::Received| {
            of(one) == shop.id && one.json()["data"]["accountActivity"]["event"]["seq"].as_i64() == next
        };
        receiver.until_any(is_next).await;
        assert_eq!(
            shop.reseller.code("skipDelivery", "SkipDeliveryInput", input, fields).await,
            "ILLEGAL_STATE"
        );
        let fields = "action objectId changes { field after }";
        let log = shop.reseller.account_list("auditLog", &shop.reseller_id, 5, fields).await;
        let entry = log.iter().find(|entry| entry["action"] == "skipDelivery").expect("an entry");
        assert_eq!(entry["objectId"], json!(id));
        shop.finish().await;
    }
);

on_both!(a_webhook_ends_with_its_token_and_a_login_takes_it_over, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let expires_at = chrono::Utc::now() + TimeDelta::days(300);
    let input =
        json!({ "name": "Program", "scopes": ["WEBHOOKS_WRITE", "CALLS_READ"], "expiresAt": expires_at });
    let made = shop.owner.did("createApiToken", "CreateApiTokenInput", input, "token apiToken { id }").await;
    let program = shop.owner.with_token(&text(&made["token"]));
    let (id, _) = webhook(&program, &shop.id, &receiver.url()).await;
    events(&shop, 1).await;
    receiver.until(1).await;
    let input = json!({ "apiTokenId": made["apiToken"]["id"] });
    shop.owner.did("revokeApiToken", "RevokeApiTokenInput", input, "apiToken { id }").await;
    events(&shop, 1).await;
    let ended = until(&shop.owner, &id, |webhook| webhook["state"] == "DISABLED").await;
    assert_eq!(ended["disabledReason"], "TOKEN_ENDED");
    assert_eq!(receiver.seen().len(), 1);
    let one = json!({ "webhookId": id });
    assert_eq!(
        shop.owner.code("testWebhook", "TestWebhookInput", one.clone(), "delivery { status }").await,
        "ILLEGAL_STATE"
    );
    // when a login enables the webhook again, the webhook keeps the scopes of the token
    let fields = "webhook { state scopes role }";
    let enabled = shop.owner.did("enableWebhook", "EnableWebhookInput", one, fields).await;
    let scopes = json!(["CALLS_READ", "WEBHOOKS_READ", "WEBHOOKS_WRITE"]);
    assert_eq!(enabled["webhook"], json!({ "state": "ACTIVE", "scopes": scopes, "role": "CALLSHOP_OWNER" }));
    receiver.until(2).await;
    shop.finish().await;
});

on_both!(nobody_raises_the_rights_of_a_webhook_by_chance, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    let fields = "webhook { role scopes }";
    let moved = json!({ "webhookId": id, "url": receiver.url() });
    let updated = shop.reseller.did("updateWebhook", "UpdateWebhookInput", moved, fields).await;
    assert_eq!(updated["webhook"]["role"], "CALLSHOP_OWNER");
    let raised = json!({ "webhookId": id, "useMyRights": true });
    let raised = shop.reseller.did("updateWebhook", "UpdateWebhookInput", raised, fields).await;
    assert_eq!(raised["webhook"], json!({ "role": "RESELLER", "scopes": null }));
    let moved = json!({ "webhookId": id, "url": receiver.url() });
    let lowered = shop.owner.did("updateWebhook", "UpdateWebhookInput", moved, fields).await;
    assert_eq!(lowered["webhook"]["role"], "CALLSHOP_OWNER");
    shop.finish().await;
});

on_both!(a_pending_message_is_tried_at_once_and_the_next_ones_follow, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    receiver.answer(&[], Reply::Status(500));
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    events(&shop, 3).await;
    let log = until(&shop.owner, &id, |webhook| nodes(webhook).len() == 1).await;
    let input = json!({ "deliveryId": nodes(&log)[0]["deliveryId"] });
    let fields = "delivery { status attempts }";
    let failed = shop.owner.did("replayDelivery", "ReplayDeliveryInput", input.clone(), fields).await;
    assert_eq!(failed["delivery"], json!({ "status": "PENDING", "attempts": 2 }));
    receiver.answer(&[], Reply::Status(204));
    let sent = shop.owner.did("replayDelivery", "ReplayDeliveryInput", input, fields).await;
    assert_eq!(sent["delivery"], json!({ "status": "DELIVERED", "attempts": 3 }));
    let seen = receiver.until(5).await;
    let numbers: Vec<i64> = seen[2..].iter().map(tests::receiver::Received::seq).collect();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");
    shop.finish().await;
});

on_both!(a_paused_webhook_delivers_or_skips_what_it_missed, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    webhook(&shop.owner, &shop.id, &other.url()).await;
    let one = json!({ "webhookId": id });
    let pause = async || {
        let fields = "webhook { state disabledReason disabledAt }";
        shop.owner.did("disableWebhook", "DisableWebhookInput", one.clone(), fields).await["webhook"].take()
    };
    let enable = async |skip_missed: bool| {
        let input = json!({ "webhookId": id, "skipMissed": skip_missed });
        let fields = "webhook { state disabledReason disabledAt }";
        shop.owner.did("enableWebhook", "EnableWebhookInput", input, fields).await["webhook"].take()
    };
    receiver.answer(&[], Reply::Status(500));
    events(&shop, 1).await;
    until(&shop.owner, &id, |webhook| nodes(webhook).len() == 1).await;
    let paused = pause().await;
    assert_eq!(
        (&paused["state"], &paused["disabledReason"]),
        (&json!("DISABLED"), &json!("PAUSED")),
        "{paused}"
    );
    assert_eq!(pause().await, paused, "the webhook stays as it is");
    let log = until(&shop.owner, &id, |webhook| nodes(webhook)[0]["status"] == "FAILED").await;
    assert_eq!(nodes(&log)[0]["nextAttemptAt"], Value::Null, "{log}");

    // the pause is an event too; the other webhook delivers all events, and the paused webhook none
    receiver.answer(&[], Reply::Status(204));
    events(&shop, 2).await;
    other.until(4).await;
    assert_eq!(receiver.until(1).await.len(), 1);
    assert_eq!(enable(false).await, json!({ "state": "ACTIVE", "disabledReason": null, "disabledAt": null }));
    let seen = receiver.until(5).await;
    let numbers: Vec<i64> = seen[1..].iter().map(tests::receiver::Received::seq).collect();
    assert_eq!(numbers[0], seen[0].seq(), "the message that failed comes first");
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");

    // an event that the receiver refused before the pause is skipped, like the event of the pause and the events after the pause
    receiver.answer(&[], Reply::Status(500));
    events(&shop, 1).await;
    let failed = until(&shop.owner, &id, |webhook| nodes(webhook)[0]["status"] == "PENDING").await;
    let (failed, delivery) =
        (nodes(&failed)[0]["messageId"].clone(), nodes(&failed)[0]["deliveryId"].clone());
    pause().await;
    events(&shop, 2).await;
    enable(true).await;
    until(&shop.owner, &id, |webhook| nodes(webhook)[0]["kind"] == "GAP").await;
    // the webhook waits for the report of the gap, and not for the skipped message
    let input = json!({ "deliveryId": delivery });
    let kind = "SkipDeliveryInput";
    let code = shop.owner.code("skipDelivery", kind, input, "delivery { status }").await;
    assert_eq!(code, "ILLEGAL_STATE");
    receiver.answer(&[], Reply::Status(204));
    shop.server.time().pass(TimeDelta::minutes(1));
    let reported =
        |webhook: &Value| nodes(webhook)[0]["kind"] == "GAP" && nodes(webhook)[0]["status"] == "DELIVERED";
    let log = until(&shop.owner, &id, reported).await;
    let (gap, skipped) = (&nodes(&log)[0], &nodes(&log)[1]);
    assert_eq!(
        json!([gap["seq"], gap["status"], skipped["messageId"], skipped["status"], skipped["nextAttemptAt"]]),
        json!([numbers[3] + 4, "DELIVERED", failed, "SKIPPED", null]),
        "{log}"
    );
    events(&shop, 1).await;
    let of =
        |one: &tests::receiver::Received| one.json()["data"]["callshopActivity"]["event"]["seq"].as_i64();
    receiver.until_any(|one| of(one) == Some(numbers[3] + 5)).await;
    let seen = receiver.seen();
    let is_skipped = |seq: i64| (numbers[3] + 2..=numbers[3] + 4).contains(&seq);
    assert!(!seen.iter().filter_map(of).any(is_skipped), "{seen:?}");
    let reported = seen[seen.len() - 2].json()["data"]["callshopActivity"].take();
    assert_eq!(reported, json!({ "cursorExpired": true, "event": null }));
    shop.finish().await;
});

on_both!(the_log_of_a_webhook_is_followed, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    receiver.answer(&[], Reply::Status(500));
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    events(&shop, 1).await;
    let log = until(&shop.owner, &id, |webhook| nodes(webhook).len() == 1).await;
    let mut socket = Socket::open(shop.server.http, shop.owner.token()).await;
    let query = "subscription($id: ID!) { webhookDeliveries(webhookId: $id) { kind status attempts } }";
    socket.subscribe("1", query, json!({ "id": id })).await;
    let mut next = async || socket.next().await["webhookDeliveries"].take();
    assert_eq!(next().await, json!({ "kind": "EVENT", "status": "PENDING", "attempts": 1 }));
    receiver.answer(&[], Reply::Status(204));
    let input = json!({ "deliveryId": nodes(&log)[0]["deliveryId"] });
    shop.owner.did("replayDelivery", "ReplayDeliveryInput", input, "delivery { status }").await;
    assert_eq!(next().await, json!({ "kind": "EVENT", "status": "DELIVERED", "attempts": 2 }));
    let input = json!({ "webhookId": id });
    shop.owner.did("testWebhook", "TestWebhookInput", input, "delivery { status }").await;
    assert_eq!(next().await, json!({ "kind": "PING", "status": "DELIVERED", "attempts": 1 }));
    shop.finish().await;
});

on_both!(a_burst_of_messages_reaches_the_followers_of_the_log, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    let input = json!({ "webhookId": id });
    let test = async || {
        shop.owner.did("testWebhook", "TestWebhookInput", input.clone(), "delivery { status }").await;
    };
    test().await;
    let mut socket = Socket::open(shop.server.http, shop.owner.token()).await;
    let query = "subscription($id: ID!) { webhookDeliveries(webhookId: $id) { kind seq status } }";
    socket.subscribe("1", query, json!({ "id": id })).await;
    let mut next = async || socket.next().await["webhookDeliveries"].take();
    assert_eq!(next().await["kind"], "PING");
    // more messages than several readings return
    let row = one_logged(&shop, &id).await;
    let event = |seq: i64| log::Model {
        id: Uuid::now_v7(),
        kind: WebhookMessageKind::Event,
        message_id: format!("message-{seq}"),
        seq: Some(seq),
        status: WebhookDeliveryStatus::Pending,
        ..row.clone()
    };
    let burst: Vec<log::Model> = (1..=450).map(event).collect();
    note(&shop, &burst).await;
    for seq in 1..=450 {
        assert_eq!(next().await, json!({ "kind": "EVENT", "seq": seq, "status": "PENDING" }));
    }
    // of the messages that change afterward, the newest hundred are sent again
    let failed = |at: usize| log::Model { status: WebhookDeliveryStatus::Failed, ..burst[at].clone() };
    let changed = [failed(100), failed(351)];
    note(&shop, &changed).await;
    assert_eq!(next().await, json!({ "kind": "EVENT", "seq": 352, "status": "FAILED" }));
    test().await;
    assert_eq!(next().await["kind"], "PING");
    shop.finish().await;
});

/// The only message in a webhook's log.
async fn one_logged(shop: &Shop, webhook: &str) -> log::Model {
    let id = parse_any(&webhook.into()).expect("an id").1;
    let page = Page { above: None, below: None, limit: 2, descending: true, counted: false };
    let found = store::webhooks::deliveries(shop.server.app.store.reader(), id, page).await.expect("a log");
    assert_eq!(found.rows.len(), 1);
    found.rows[0].clone()
}

/// Writes messages to the log in one transaction.
async fn note(shop: &Shop, rows: &[log::Model]) {
    let noted = shop.server.app.store.write(|tx| async move {
        for row in rows {
            store::webhooks::note(&tx, row.clone()).await?;
        }
        Ok(())
    });
    noted.await.expect("the messages are logged");
}

on_both!(the_feeds_of_a_callshop_tell_why_a_webhook_was_disabled, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let event = "event { kind subjectId webhookDisabledReason }";
    let query = format!(
        "subscription {{ callshopActivity(callshopId: \"{}\", kinds: [WEBHOOK_DISABLED]) {{ {event} }} }}",
        shop.id
    );
    let input = json!({ "url": other.url(), "query": query });
    shop.owner.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
    let (mut own, mut branch) = (
        Socket::open(shop.server.http, shop.owner.token()).await,
        Socket::open(shop.server.http, shop.reseller.token()).await,
    );
    own.subscribe("1", &query, json!({})).await;
    let query =
        format!("subscription {{ accountActivity(accountId: \"{}\") {{ {event} }} }}", shop.reseller_id);
    branch.subscribe("1", &query, json!({})).await;
    assert_eq!(own.next().await["callshopActivity"]["event"], Value::Null);
    assert_eq!(branch.next().await["accountActivity"]["event"], Value::Null);
    let mut told = async |id: &str, reason: &str| {
        let expected =
            json!({ "kind": "WEBHOOK_DISABLED", "subjectId": id, "webhookDisabledReason": reason });
        assert_eq!(own.next().await["callshopActivity"]["event"], expected);
        loop {
            let event = branch.next().await["accountActivity"]["event"].take();
            if event["kind"] == "WEBHOOK_DISABLED" {
                assert_eq!(event, expected);
                break;
            }
        }
        other.until_any(|one| one.json()["data"]["callshopActivity"]["event"] == expected).await;
    };
    let (id, _) = webhook(&shop.owner, &shop.id, &receiver.url()).await;
    let input = json!({ "webhookId": id });
    shop.owner.did("disableWebhook", "DisableWebhookInput", input.clone(), "webhook { id }").await;
    told(&id, "PAUSED").await;
    receiver.answer(&[], Reply::Status(410));
    shop.owner.did("enableWebhook", "EnableWebhookInput", input, "webhook { id }").await;
    told(&id, "GONE").await;
    shop.finish().await;
});

on_both!(a_webhook_that_was_moved_survives_the_old_receiver_that_is_gone, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    old.answer(&[], Reply::LateStatus(Duration::from_secs(1), 410));
    let (id, _) = webhook(&shop.owner, &shop.id, &old.url()).await;
    events(&shop, 1).await;
    old.until(1).await;
    // the old receiver has the message and will answer with 410
    let moved = json!({ "webhookId": id, "url": new.url() });
    shop.owner.did("updateWebhook", "UpdateWebhookInput", moved, "webhook { id }").await;
    let failed = until(&shop.owner, &id, |webhook| nodes(webhook).len() == 1).await;
    assert_eq!(
        json!([failed["state"], nodes(&failed)[0]["responseStatus"], nodes(&failed)[0]["status"]]),
        json!(["ACTIVE", 410, "PENDING"])
    );
    shop.server.time().pass(TimeDelta::minutes(1));
    new.until(1).await;
    shop.finish().await;
});

// Even when one account's receivers occupy all of that account's delivery slots, another account's receivers are still served immediately.
on_both!(slow_receivers_leave_places_for_others, |backend: Backend| async move {
    let shop = shop_with(backend, |config| config.webhooks.concurrency = 4).await;
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.answer(&[], Reply::Hang);
    for _ in 0..6 {
        webhook(&shop.owner, &shop.id, &slow.url()).await;
    }
    events(&shop, 1).await;
    slow.until(1).await;
    let query = format!(
        "subscription {{ accountActivity(accountId: \"{}\") {{ event {{ seq }} }} }}",
        shop.reseller_id
    );
    let input = json!({ "url": quick.url(), "query": query });
    shop.reseller.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
    events(&shop, 1).await;
    let begun = Instant::now();
    quick.until(1).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "it did not wait for the slow ones");
    assert_eq!(slow.seen().len(), 1, "the account has one of four places");
    shop.finish().await;
});

// Events that no document selects need no leases: many positions move past these events at once.
on_both!(unwanted_events_are_passed_over_in_bulk, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let query = format!(
        "subscription {{ callshopActivity(callshopId: \"{}\", kinds: [CABIN_CHANGED]) {{ event {{ seq }} }} }}",
        shop.id
    );
    let input = json!({ "url": receiver.url(), "query": query });
    let made = shop.owner.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
    let key = |id: &str| parse_any(&id.to_owned().into()).expect("an id").1;
    let key = (key(&text(&made["webhook"]["id"])), key(&shop.id));
    events(&shop, 3).await;
    let store = &shop.server.app.store;
    let head = store::activity::head(store.reader(), key.1).await.expect("a head");
    let begun = Instant::now();
    let position = loop {
        let found = store::webhook_positions::position(store.reader(), key).await.expect("a position");
        let found = found.expect("a position");
        if found.seq == head {
            break found;
        }
        assert!(begun.elapsed() < PATIENCE, "{found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((position.served_at, position.lease_holder), (None, None));
    assert!(receiver.seen().is_empty());
    shop.finish().await;
});

on_both!(a_repeated_request_needs_no_name_server, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let receiver = Receiver::start().await;
    let input = json!({ "url": receiver.url(), "query": feed(&shop.id), "idempotencyKey": "again" });
    let fields = "webhook { id }";
    let first = shop.owner.did("createWebhook", "CreateWebhookInput", input.clone(), fields).await;
    // on this node, the address is refused, as if its name could not be resolved
    let strict = shop.server.another_node_with(|config| config.webhooks.allow_private.clear()).await;
    let client = Client::anonymous(strict.http).with_token(shop.owner.token());
    let again = client.tried("createWebhook", "CreateWebhookInput", input.clone(), fields).await;
    assert_eq!(again["webhook"], first["webhook"]);
    assert_eq!(again["userErrors"][0]["code"], "SECRET_SHOWN");
    let mut new = input;
    new["idempotencyKey"] = json!("new");
    assert_eq!(client.code("createWebhook", "CreateWebhookInput", new, fields).await, "INVALID_INPUT");
    strict.stop().await;
    shop.finish().await;
});
