//! Tests the customer's screen: a login that is bound to one cabin, shows the customer's call and cost, and can do nothing else.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::shop::{PASSWORD, Shop, answered_call, event, person, text};
use tests::{Backend, Client, Socket, on_both};

const SHOWN: &str = "asOf callshopName locale cabinNumber cabinState runningTotal { amount currency } remaining { amount } remainingSeconds \
    call { numberFormatted destination state elapsedSeconds cost { amount } pricePerMinute { amount } maxSeconds }";

/// Creates a screen for a cabin. Returns the screen's id, and a client that is logged in as the screen.
async fn screen(shop: &Shop, cabin: usize) -> (String, Client) {
    let input = json!({ "cabinId": shop.cabins[cabin] });
    let made = shop
        .attendant
        .did("createScreen", "CreateScreenInput", input, "token screen { screenId expiresAt }")
        .await;
    let client = Client::anonymous(shop.server.http).with_token(&text(&made["token"]));
    (text(&made["screen"]["screenId"]), client)
}

/// Waits for a message of the screen for which `is_expected` is true, and returns this message.
async fn until(socket: &mut Socket, is_expected: impl Fn(&Value) -> bool) -> Value {
    loop {
        let shown = socket.next().await["customerScreen"].take();
        if is_expected(&shown) {
            return shown;
        }
    }
}

on_both!(a_customer_follows_the_call, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    let (_, client) = screen(&shop, 0).await;
    let mut socket = Socket::open(shop.server.http, client.token()).await;
    socket.subscribe("1", &format!("subscription {{ customerScreen {{ {SHOWN} }} }}"), json!({})).await;
    let first = socket.next().await["customerScreen"].take();
    assert_eq!(
        (
            &first["callshopName"],
            &first["cabinNumber"],
            &first["cabinState"],
            &first["runningTotal"],
            &first["call"]
        ),
        (&json!("Callshop"), &json!(1), &json!("CLOSED"), &Value::Null, &Value::Null)
    );
    let input = json!({ "cabinId": shop.cabins[0], "mode": "PREPAID", "deposit": { "amount": "1" }, "idempotencyKey": "deposit" });
    shop.attendant.did("openCabin", "OpenCabinInput", input, "session { id }").await;
    // the other cabin's customer is not shown
    shop.open_cabin(1).await;
    shop.call(1, "+351912345678", 60_000).await;
    let opened = until(&mut socket, |shown| shown["cabinState"] == "OPEN").await;
    assert_eq!(
        (&opened["runningTotal"]["amount"], &opened["remaining"]["amount"]),
        (&json!("0"), &json!("1"))
    );

    let answer = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let start = Utc::now() - TimeDelta::seconds(33);
    let events = answered_call(&answer["ref"], start, 600_000);
    assert_eq!(shop.hook().events(&events[..2]).await, ["applied"; 2]);
    // 0.06 a minute is 0.001 a second
    let calling = until(&mut socket, |shown| shown["call"]["state"] == "ANSWERED").await;
    let seconds = calling["call"]["elapsedSeconds"].as_i64().expect("seconds");
    let micros = |amount: &Value| text(amount).parse::<f64>().expect("an amount") * 1e6;
    let close = |amount: &Value, expected: i64| (micros(amount) - expected as f64).abs() < 0.5;
    assert!(seconds >= 30 && close(&calling["call"]["cost"]["amount"], seconds * 1_000), "{calling}");
    assert!(close(&calling["runningTotal"]["amount"], seconds * 1_000), "{calling}");
    assert!(close(&calling["remaining"]["amount"], 1_000_000 - seconds * 1_000), "{calling}");
    assert_eq!(calling["call"]["numberFormatted"], "+1 305 555-0123");
    // the cost continues to rise without any event
    let later = until(&mut socket, |shown| shown["call"]["elapsedSeconds"].as_i64() > Some(seconds)).await;
    let now = later["call"]["elapsedSeconds"].as_i64().expect("seconds");
    assert!(close(&later["runningTotal"]["amount"], now * 1_000), "{later}");
    let asked = client.ok(&format!("{{ customerScreen {{ {SHOWN} }} }}"), json!({})).await;
    assert_eq!(asked["customerScreen"]["call"]["state"], "ANSWERED");

    let end = json!({ "by": "caller", "cause": "bye", "answered_ts": events[1]["ts"] });
    assert_eq!(shop.hook().events(&[event("ended", &answer["ref"], Utc::now(), end)]).await, ["applied"]);
    let over = until(&mut socket, |shown| shown["call"].is_null() && shown["cabinState"] == "OPEN").await;
    assert!(micros(&over["runningTotal"]["amount"]) > 0.0, "{over}");
    shop.finish().await;
});

on_both!(a_screen_has_no_other_rights, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    let (id, client) = screen(&shop, 0).await;
    // a screen's schema has no other fields
    for query in [
        "{ viewer { id } }".to_owned(),
        format!("{{ cabin(id: {}) {{ number }} }}", json!(shop.cabins[0])),
        format!("{{ callshop(id: {}) {{ name }} }}", json!(shop.id)),
        format!("{{ node(id: {}) {{ id }} }}", json!(shop.cabins[0])),
        "mutation { logout(input: {}) { done } }".to_owned(),
        format!("mutation {{ createScreen(input: {{ cabinId: {} }}) {{ token }} }}", json!(shop.cabins[1])),
    ] {
        let refused = client.send(&query, json!({})).await;
        assert!(refused["data"].is_null() && refused["errors"].is_array(), "{query}: {refused}");
    }
    let mut socket = Socket::open(shop.server.http, client.token()).await;
    socket
        .subscribe(
            "1",
            "subscription($s: ID!) { callshopActivity(callshopId: $s) { cursor } }",
            json!({ "s": shop.id }),
        )
        .await;
    assert_eq!(socket.receive().await["type"], "error");
    drop(socket);
    // a person's login is not a screen
    let refused = shop.attendant.send("{ customerScreen { cabinNumber } }", json!({})).await;
    assert!(refused["errors"].is_array(), "{refused}");

    // the screen is listed, and its login ends when the screen is revoked
    let screens = |shown: &Value| shown["screens"].as_array().expect("screens").len();
    let listed =
        shop.attendant.object("cabin", &shop.cabins[0], "screens { screenId createdAt expiresAt }").await;
    assert_eq!(listed["screens"][0]["screenId"], json!(id));
    let mut socket = Socket::open(shop.server.http, client.token()).await;
    socket.subscribe("1", "subscription { customerScreen { cabinNumber } }", json!({})).await;
    assert_eq!(socket.next().await["customerScreen"]["cabinNumber"], 1);
    let revoked = shop
        .owner
        .did("revokeScreen", "RevokeScreenInput", json!({ "screenId": id }), "cabin { screens { screenId } }")
        .await;
    assert_eq!(screens(&revoked["cabin"]), 0);
    assert_eq!(socket.closed().await.0, 4403);
    let refused = client.send("{ customerScreen { cabinNumber } }", json!({})).await;
    assert!(refused.to_string().contains("UNAUTHENTICATED"), "{refused}");
    // a person's login cannot be revoked in this way, and neither can another shop's screen
    let (foreign, _) = screen(&shop, 1).await;
    let input = json!({ "name": "Another", "owner": person() });
    let made = shop.reseller.did("createCallshop", "CreateCallshopInput", input, "owner { login }").await;
    let other = Client::anonymous(shop.server.http).login(&text(&made["owner"]["login"]), PASSWORD).await;
    assert_eq!(
        other.code("revokeScreen", "RevokeScreenInput", json!({ "screenId": foreign }), "cabin { id }").await,
        "NOT_FOUND"
    );
    shop.finish().await;
});

on_both!(screens_are_bounded, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let create = async |days: i64| {
        let input = json!({ "cabinId": shop.cabins[0], "days": days });
        let made = shop.attendant.tried("createScreen", "CreateScreenInput", input, "token").await;
        made["userErrors"][0]["code"].clone()
    };
    for days in [0, 401] {
        assert_eq!(create(days).await, "INVALID_INPUT");
    }
    for _ in 0..5 {
        assert_eq!(create(1).await, Value::Null);
    }
    assert_eq!(create(1).await, "ILLEGAL_STATE");
    let by_reseller = json!({ "cabinId": shop.cabins[0] });
    let refused = shop
        .reseller
        .send(
            "mutation($i: CreateScreenInput!) { createScreen(input: $i) { token } }",
            json!({ "i": by_reseller }),
        )
        .await;
    assert!(refused["errors"].is_array(), "{refused}");
    shop.finish().await;
});
