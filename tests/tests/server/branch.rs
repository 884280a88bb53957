//! Tests the subscriptions to a whole branch of the account tree, and the filter by kinds of events.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::shop::{Shop, person, text};
use tests::{Backend, Socket, on_both};

const BRANCH: &str = "subscription($a: ID!, $after: [ShopCursor!], $kinds: [ActivityKind!]) { \
    accountActivity(accountId: $a, after: $after, kinds: $kinds) { callshopId cursor cursorExpired \
    snapshot { cabins { number } register { id } } event { kind call { callshopId callshop { id } } } } }";

/// A second callshop of the reseller.
async fn second(shop: &Shop, name: &str) -> String {
    let input = json!({ "name": name, "owner": person() });
    let made = shop.reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
    text(&made["callshop"]["id"])
}

/// The error in the response to the operation with this id.
async fn refusal(socket: &mut Socket, id: &str) -> String {
    loop {
        let message = socket.receive().await;
        if message["id"] == id && message["type"] != "complete" {
            return message.to_string();
        }
    }
}

async fn message(socket: &mut Socket) -> Value {
    socket.next().await["accountActivity"].take()
}

on_both!(a_branch_is_watched_in_one_subscription, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    let other = second(&shop, "Second").await;
    let mut socket = Socket::open(shop.server.http, shop.reseller.token()).await;
    socket.subscribe("1", BRANCH, json!({ "a": shop.reseller_id })).await;
    let mut cursors: BTreeMap<String, Value> = BTreeMap::new();
    let mut cabins = BTreeMap::new();
    for _ in 0..2 {
        let first = message(&mut socket).await;
        let id = text(&first["callshopId"]);
        cabins.insert(id.clone(), first["snapshot"]["cabins"].as_array().expect("cabins").len());
        cursors.insert(id, first["cursor"].clone());
    }
    assert_eq!(cabins, BTreeMap::from([(shop.id.clone(), 2), (other.clone(), 0)]));
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 1_000).await;
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind| kind != "CALL_ENDED") {
        let next = message(&mut socket).await;
        assert_eq!(next["callshopId"], json!(shop.id));
        if kinds.is_empty() {
            cursors.insert(shop.id.clone(), next["cursor"].clone());
        }
        if let Some(call) = next["event"]["call"].as_object() {
            assert_eq!((&call["callshopId"], &call["callshop"]["id"]), (&json!(shop.id), &json!(shop.id)));
        }
        kinds.push(text(&next["event"]["kind"]));
    }
    let all =
        ["REGISTER_OPENED", "CABIN_OPENED", "CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"];
    assert_eq!(kinds, all);

    // the subscriber reconnects: the first callshop continues after its cursor, the second starts over, and the cursor for an unknown callshop has no
    // effect
    let foreign = graphql::scalars::Kind::Callshop.id(uuid::Uuid::now_v7());
    let after = json!([
        { "callshopId": shop.id, "cursor": cursors[&shop.id] },
        { "callshopId": foreign.as_str(), "cursor": cursors[&shop.id] },
    ]);
    let mut again = Socket::open(shop.server.http, shop.reseller.token()).await;
    again.subscribe("1", BRANCH, json!({ "a": shop.reseller_id, "after": after })).await;
    let (mut missed, mut snapshots) = (Vec::new(), Vec::new());
    while missed.len() < all.len() - 1 || snapshots.is_empty() {
        let next = message(&mut again).await;
        if next["snapshot"].is_object() {
            snapshots.push(text(&next["callshopId"]));
        } else {
            assert_eq!(next["callshopId"], json!(shop.id));
            missed.push(text(&next["event"]["kind"]));
        }
    }
    assert_eq!((missed.as_slice(), snapshots.as_slice()), (&all.map(str::to_owned)[1..], [other].as_slice()));

    // a callshop that is created in the meantime is included automatically
    let third = second(&shop, "Third").await;
    let joined = again.next_patiently().await.expect("a message")["accountActivity"].take();
    assert_eq!((&joined["callshopId"], joined["snapshot"].is_object()), (&json!(third), true));
    shop.finish().await;
});

on_both!(a_branch_has_its_limits_and_its_owner, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let mut socket = Socket::open(shop.server.http, shop.owner.token()).await;
    // the owner's branch is the callshop itself
    socket.subscribe("own", BRANCH, json!({ "a": shop.id })).await;
    assert!(message(&mut socket).await["snapshot"].is_object());
    let bad = json!([{ "callshopId": shop.id, "cursor": "nonsense" }]);
    for (id, variables, code) in [
        ("above", json!({ "a": shop.reseller_id }), "NOT_FOUND"),
        ("cursor", json!({ "a": shop.id, "after": bad }), "INVALID_INPUT"),
        ("kinds", json!({ "a": shop.id, "kinds": [] }), "INVALID_INPUT"),
    ] {
        socket.subscribe(id, BRANCH, variables).await;
        let refused = refusal(&mut socket, id).await;
        assert!(refused.contains(code), "{id}: {refused}");
    }
    shop.finish().await;
});

on_both!(a_subscriber_names_the_kinds_of_events, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    let written = "subscription($s: ID!, $k: [ActivityKind!]) { callshopActivity(callshopId: $s, kinds: $k) { snapshot { asOf } event { seq kind } } }";
    let executed = "subscription($c: ID!, $k: [ActivityKind!]) { cabinActivity(cabinId: $c, kinds: $k) { snapshot { asOf } event { kind cabin { number } } } }";
    let kinds = json!(["CALL_ENDED", "CABIN_CLOSED"]);
    socket.subscribe("1", written, json!({ "s": shop.id, "k": kinds })).await;
    assert!(socket.next().await["callshopActivity"]["snapshot"].is_object());
    let mut cabin = Socket::open(shop.server.http, shop.attendant.token()).await;
    cabin.subscribe("1", executed, json!({ "c": shop.cabins[0], "k": kinds })).await;
    assert!(cabin.next().await["cabinActivity"]["snapshot"].is_object());
    let mut branch = Socket::open(shop.server.http, shop.attendant.token()).await;
    branch.subscribe("1", BRANCH, json!({ "a": shop.id, "kinds": kinds })).await;
    assert!(message(&mut branch).await["snapshot"].is_object());
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 1_000).await;
    shop.close_cabin(0).await;
    for kind in ["CALL_ENDED", "CABIN_CLOSED"] {
        assert_eq!(socket.next().await["callshopActivity"]["event"]["kind"], kind);
        assert_eq!(cabin.next().await["cabinActivity"]["event"]["kind"], kind);
        assert_eq!(message(&mut branch).await["event"]["kind"], kind);
    }
    shop.finish().await;
});

on_both!(the_live_calls_of_a_branch_tick, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let live = "subscription($a: ID, $s: ID) { liveCalls(accountId: $a, callshopId: $s) { asOf calls { callshopId number } } }";
    let mut socket = Socket::open(shop.server.http, shop.reseller.token()).await;
    for (id, variables) in [("none", json!({})), ("both", json!({ "a": shop.reseller_id, "s": shop.id }))] {
        socket.subscribe(id, live, variables).await;
        assert!(refusal(&mut socket, id).await.contains("INVALID_INPUT"));
    }
    let mut socket = Socket::open(shop.server.http, shop.reseller.token()).await;
    socket.subscribe("1", live, json!({ "a": shop.reseller_id })).await;
    assert_eq!(socket.next().await["liveCalls"]["calls"], json!([]));
    shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let call = json!([{ "callshopId": shop.id, "number": "+13055550123" }]);
    while socket.next().await["liveCalls"]["calls"] != call {}
    // the call never rings; its time limit ends it
    drop(socket);
    shop.finish().await;
});
