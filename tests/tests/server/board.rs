//! Tests the query of a shop's screen, which gets cabins with their customers and last calls. Each list is read once for all cabins.

use chrono::Utc;
use serde_json::{Value, json};
use tests::shop::{Shop, event, text};
use tests::{Backend, on_both};

const BOARD: &str = "query($s: ID!, $n: Int!, $after: String) { viewer { name } cabins(callshopId: $s, first: 10) { nodes { number \
    calls(first: $n, after: $after) { nodes { number } pageInfo { hasNextPage endCursor } } \
    currentSession { openedBy { name } cabin { number } calls(last: 1) { nodes { number } pageInfo { hasPreviousPage } } } } } }";

fn numbers(list: &Value) -> Vec<String> {
    list["nodes"].as_array().expect("a list").iter().map(|call| text(&call["number"])).collect()
}

on_both!(each_cabin_shows_its_own_calls_newest_first, |backend: Backend| async move {
    let shop = Shop::start(backend, 3).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    for number in ["+13055550101", "+13055550102", "+13055550103"] {
        shop.call(0, number, 30_000).await;
    }
    shop.call(1, "+13055550201", 30_000).await;

    let board = shop.attendant.ok(BOARD, json!({ "s": shop.id, "n": 2 })).await;
    let cabins = board["cabins"]["nodes"].as_array().expect("cabins");
    assert_eq!(numbers(&cabins[0]["calls"]), ["+13055550103", "+13055550102"]);
    assert_eq!(numbers(&cabins[1]["calls"]), ["+13055550201"]);
    assert_eq!(numbers(&cabins[2]["calls"]), Vec::<String>::new());
    let more = |cabin: &Value| cabin["calls"]["pageInfo"]["hasNextPage"] == json!(true);
    assert_eq!(cabins.iter().map(more).collect::<Vec<_>>(), [true, false, false]);

    let session = &cabins[0]["currentSession"];
    assert_eq!(numbers(&session["calls"]), ["+13055550101"]);
    assert_eq!(session["calls"]["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(
        (&session["cabin"]["number"], &session["openedBy"]["name"]),
        (&json!(1), &board["viewer"]["name"])
    );
    assert_eq!(cabins[2]["currentSession"], Value::Null);

    // prices are read only if the query asks for prices
    let priced = "query($s: ID!) { cabins(callshopId: $s, first: 1) { nodes { calls(first: 1) { nodes { pricePerMinute { amount } } } } } }";
    let priced = shop.attendant.ok(priced, json!({ "s": shop.id })).await;
    let price = &priced["cabins"]["nodes"][0]["calls"]["nodes"][0]["pricePerMinute"]["amount"];
    assert!(price.is_string(), "{priced}");

    let after = &cabins[0]["calls"]["pageInfo"]["endCursor"];
    let rest = shop.attendant.ok(BOARD, json!({ "s": shop.id, "n": 2, "after": after })).await;
    assert_eq!(numbers(&rest["cabins"]["nodes"][0]["calls"]), ["+13055550101"]);
    shop.finish().await;
});

// lists read fewer columns of a call, by position, so every field must have the same value as when the call is queried alone
on_both!(a_call_in_a_list_shows_what_it_shows_alone, |backend: Backend| async move {
    const ALL: &str = "id cabinId sessionId dialed number numberFormatted destination emergency state authorizedAt ringingAt answeredAt \
        endedAt elapsedSeconds cost { amount currency } billedSeconds pricePerMinute { amount } connectionFee { amount } maxSeconds \
        estimated writtenOff { amount } sipCode endedBy cause refusal costs { account billedSeconds amount { amount } } margin { amount }";
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "0013055550101", 31_500).await;
    let user = &shop.phones[0].user;
    let busy = shop.hook().authorize(user, "+13055550102").await;
    let failed = event("failed", &busy["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
    assert_eq!(shop.hook().authorize(user, "+99900").await["allow"], false);
    assert_eq!(shop.hook().authorize(user, "190").await["allow"], true);

    let list = format!(
        "query($s: ID!) {{ cabins(callshopId: $s, first: 1) {{ nodes {{ calls(first: 10) {{ nodes {{ {ALL} }} }} }} }} }}"
    );
    let list = shop.owner.ok(&list, json!({ "s": shop.id })).await;
    let listed = list["cabins"]["nodes"][0]["calls"]["nodes"].as_array().expect("calls");
    assert_eq!(listed.len(), 4, "{list}");
    for call in listed {
        assert_eq!(&shop.owner.object("call", &text(&call["id"]), ALL).await, call);
    }
    shop.finish().await;
});

on_both!(a_page_has_bounds, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let answer = shop.attendant.send(BOARD, json!({ "s": shop.id, "n": 101 })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{answer}");
    shop.finish().await;
});
