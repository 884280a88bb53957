//! Tests that filters and searches find calls, sessions, accounts, users and phones, in each sort order.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::shop::{Shop, person, text, top_up};
use tests::{Client, on_both};

/// The values of `field` in a callshop's list, queried with these additional arguments.
async fn listed(shop: &Shop, list: &str, arguments: &str, field: &str) -> Vec<String> {
    let query = format!(
        "query($s: ID!) {{ {list}(callshopId: $s, {arguments}first: 100) {{ nodes {{ {field} }} }} }}"
    );
    values(&shop.owner.ok(&query, json!({ "s": shop.id })).await[list], field)
}

fn values(list: &Value, field: &str) -> Vec<String> {
    let nodes = list["nodes"].as_array().unwrap_or_else(|| panic!("expected a list, not {list}"));
    nodes.iter().map(|node| text(&node[field])).collect()
}

/// Numbers of the calls that a filter finds, newest first.
async fn numbers(shop: &Shop, filter: &str) -> Vec<String> {
    listed(shop, "calls", &format!("filter: {{ {filter} }}, "), "number").await
}

/// Names of the customers whose sessions a filter finds, newest first.
async fn customers(shop: &Shop, filter: &str) -> Vec<String> {
    listed(shop, "sessions", &format!("filter: {{ {filter} }}, "), "customer").await
}

/// The code and the path of the only error of a query about the shop.
async fn refused(shop: &Shop, field: &str) -> (String, Value) {
    let query = format!("query($s: ID!) {{ {field} {{ nodes {{ __typename }} }} }}");
    let answer = shop.owner.send(&query, json!({ "s": shop.id })).await;
    let error = &answer["errors"][0]["extensions"];
    assert!(error["code"].is_string(), "{query}: {answer}");
    (text(&error["code"]), error["field"].clone())
}

async fn viewer(client: &Client) -> String {
    text(&client.ok("{ viewer { id } }", json!({})).await["viewer"]["id"])
}

async fn open(client: &Client, cabin: &str, customer: &str) -> String {
    let input = json!({ "cabinId": cabin, "customer": customer });
    text(&client.did("openCabin", "OpenCabinInput", input, "session { id }").await["session"]["id"])
}

const PORTUGAL: &str = "+351211234567";
const USA: &str = "+12125550123";
const BRAZIL: &str = "+552133334444";

/// A shop with two cabins, one opened by the attendant and one by the owner, and calls from both. Returns the shop and the sessions.
async fn busy(backend: tests::Backend) -> (Shop, [String; 2]) {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    let first = open(&shop.attendant, &shop.cabins[0], "João da Silva").await;
    let second = open(&shop.owner, &shop.cabins[1], "Maria-José Conceição").await;
    shop.call(0, USA, 5_000).await;
    shop.call(0, PORTUGAL, 60_000).await;
    shop.call(1, BRAZIL, 30_000).await;
    let answer = shop.hook().authorize(&shop.phones[1].user, "+8613912345678").await;
    assert_eq!(answer["allow"], json!(false), "{answer}");
    (shop, [first, second])
}

on_both!(calls_are_found_by_each_filter, |backend| async move {
    let (shop, [first, second]) = busy(backend).await;
    let china = "+8613912345678";
    assert_eq!(numbers(&shop, "").await, [china, BRAZIL, PORTUGAL, USA]);
    for (number, found) in [("351", PORTUGAL), ("+351 21", PORTUGAL), ("12125550123", USA), ("55", BRAZIL)] {
        assert_eq!(numbers(&shop, &format!("number: {number:?}")).await, [found], "{number}");
    }
    assert_eq!(numbers(&shop, "number: \"211\"").await, [""; 0]);
    assert_eq!(numbers(&shop, "destination: \"Portugal\"").await, [PORTUGAL]);
    assert_eq!(numbers(&shop, "destination: \"Port\"").await, [""; 0]);
    assert_eq!(numbers(&shop, "states: [REFUSED]").await, [china]);
    assert_eq!(numbers(&shop, "states: [ENDED, REFUSED], number: \"86\"").await, [china]);
    assert_eq!(numbers(&shop, "states: [RINGING, ANSWERED]").await, [""; 0]);
    assert_eq!(numbers(&shop, "refusal: DESTINATION_NOT_RATED").await, [china]);
    assert_eq!(numbers(&shop, "refusal: NO_CREDIT").await, [""; 0]);
    assert_eq!(numbers(&shop, &format!("cabinId: {:?}", shop.cabins[1])).await, [china, BRAZIL]);
    assert_eq!(numbers(&shop, &format!("sessionId: {first:?}")).await, [PORTUGAL, USA]);
    assert_eq!(numbers(&shop, &format!("sessionId: {second:?}, states: [ENDED]")).await, [BRAZIL]);
    let attendant = viewer(&shop.attendant).await;
    assert_eq!(numbers(&shop, &format!("attendantId: {attendant:?}")).await, [PORTUGAL, USA]);
    assert_eq!(numbers(&shop, &format!("attendantId: {attendant:?}, number: \"55\"")).await, [""; 0]);
    let (past, future) = (Utc::now() - TimeDelta::hours(5), Utc::now() + TimeDelta::hours(5));
    assert_eq!(
        numbers(&shop, &format!("authorizedAt: {{ from: \"{}\" }}", past.to_rfc3339())).await.len(),
        4
    );
    assert_eq!(
        numbers(&shop, &format!("authorizedAt: {{ from: \"{}\" }}", future.to_rfc3339())).await,
        [""; 0]
    );
    assert_eq!(numbers(&shop, &format!("authorizedAt: {{ to: \"{}\" }}", past.to_rfc3339())).await, [""; 0]);
    let of_cabin = "query($c: ID!) { cabin(id: $c) { calls(filter: { states: [ENDED] }, orderBy: COST_ASC, first: 9) { totalCount nodes { number } } } }";
    let found = shop.attendant.ok(of_cabin, json!({ "c": shop.cabins[0] })).await;
    assert_eq!(values(&found["cabin"]["calls"], "number"), [USA, PORTUGAL]);
    assert_eq!(found["cabin"]["calls"]["totalCount"], 2);
    shop.finish().await;
});

on_both!(sessions_are_found_by_each_filter, |backend| async move {
    let (shop, [first, _]) = busy(backend).await;
    let (silva, maria) = ("João da Silva", "Maria-José Conceição");
    shop.close_cabin(0).await;
    let pay = json!({ "sessionId": first, "payments": [{ "method": "CASH", "amount": "1" }], "idempotencyKey": "pay" });
    let paid =
        shop.attendant.did("settleSession", "SettleSessionInput", pay, "session { receiptNumber }").await;
    let receipt = text(&paid["session"]["receiptNumber"]);
    for words in ["joao", "SILVA j", "da Sil", "João Da Silva"] {
        assert_eq!(customers(&shop, &format!("customer: {words:?}")).await, [silva], "{words}");
    }
    for words in ["jose maria", "mariajose", "conceicao", "Maria-José"] {
        assert_eq!(customers(&shop, &format!("customer: {words:?}")).await, [maria], "{words}");
    }
    assert_eq!(customers(&shop, "customer: \"j\"").await, [maria, silva]);
    assert_eq!(customers(&shop, "customer: \"ilva\"").await, [""; 0]);
    assert_eq!(customers(&shop, &format!("receiptNumber: {receipt:?}")).await, [silva]);
    assert_eq!(customers(&shop, "receiptNumber: \"99\"").await, [""; 0]);
    assert_eq!(customers(&shop, "states: [OPEN]").await, [maria]);
    assert_eq!(customers(&shop, "states: [SETTLED, VOIDED]").await, [silva]);
    assert_eq!(customers(&shop, "states: [VOIDED]").await, [""; 0]);
    assert_eq!(customers(&shop, &format!("cabinId: {:?}", shop.cabins[0])).await, [silva]);
    let owner = viewer(&shop.owner).await;
    assert_eq!(customers(&shop, &format!("attendantId: {owner:?}, customer: \"maria\"")).await, [maria]);
    assert_eq!(customers(&shop, &format!("attendantId: {owner:?}, states: [SETTLED]")).await, [""; 0]);
    let future = (Utc::now() + TimeDelta::hours(5)).to_rfc3339();
    assert_eq!(customers(&shop, &format!("openedAt: {{ to: \"{future}\" }}")).await, [maria, silva]);
    assert_eq!(customers(&shop, &format!("openedAt: {{ from: \"{future}\" }}")).await, [""; 0]);
    assert_eq!(listed(&shop, "sessions", "orderBy: TOTAL_DESC, ", "customer").await, [silva, maria]);
    assert_eq!(listed(&shop, "sessions", "orderBy: OPENED_ASC, ", "customer").await, [silva, maria]);
    shop.finish().await;
});

on_both!(objects_are_found_by_their_names, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let named = async |client: &Client, query: &str| -> Vec<String> {
        let found = client.ok(query, json!({})).await;
        values(found.as_object().expect("data").values().next().expect("a list"), "name")
    };
    let input = json!({ "name": "Loja São Bento", "owner": person() });
    let made = shop
        .reseller
        .did("createCallshop", "CreateCallshopInput", input, "callshop { id } owner { id }")
        .await;
    for client in [&shop.reseller, &shop.distributor, &shop.admin] {
        assert_eq!(
            named(client, "{ callshops(search: \"sao\", first: 9) { nodes { name } } }").await,
            ["Loja São Bento"]
        );
    }
    // another branch finds nothing
    assert_eq!(
        named(&shop.owner, "{ callshops(search: \"sao\", first: 9) { nodes { name } } }").await,
        [""; 0]
    );
    let change = json!({ "accountId": made["callshop"]["id"], "name": "Posto Norte" });
    shop.reseller.did("updateAccount", "UpdateAccountInput", change, "callshop { id }").await;
    assert_eq!(
        named(&shop.reseller, "{ callshops(search: \"sao\", first: 9) { nodes { name } } }").await,
        [""; 0]
    );
    assert_eq!(
        named(&shop.reseller, "{ callshops(search: \"nor pos\", first: 9) { nodes { name } } }").await,
        ["Posto Norte"]
    );
    assert_eq!(
        named(&shop.reseller, "{ callshops(orderBy: NAME_DESC, first: 9) { nodes { name } } }").await,
        ["Posto Norte", "Callshop"]
    );
    assert_eq!(
        named(&shop.admin, "{ accounts(search: \"res\", first: 9) { nodes { name } } }").await,
        ["Reseller"]
    );
    users(&shop).await;
    // a word may also begin the random SIP user name of the other phone
    let two = if shop.phones[0].user.starts_with('2') { &["Phone 1", "Phone 2"][..] } else { &["Phone 2"] };
    assert_eq!(listed(&shop, "phones", "search: \"PHONE 2\", ", "label").await, two);
    assert_eq!(listed(&shop, "phones", "orderBy: NAME_DESC, ", "label").await, ["Phone 2", "Phone 1"]);
    let by_user = format!("search: {:?}, ", &shop.phones[0].user[..6]);
    assert_eq!(listed(&shop, "phones", &by_user, "label").await, ["Phone 1"]);
    // attendants do not see SIP user names, so they cannot search for them
    let query = format!("query($s: ID!) {{ phones(callshopId: $s, {by_user}first: 9) {{ totalCount }} }}");
    let found = shop.attendant.ok(&query, json!({ "s": shop.id })).await;
    assert_eq!(found["phones"]["totalCount"], 0);
    shop.finish().await;
});

async fn users(shop: &Shop) {
    let query = "query($id: ID!, $search: String) { callshop(id: $id) { users(search: $search, first: 9) { nodes { displayName } } } }";
    let find = async |search: &str| {
        let found = shop.owner.ok(query, json!({ "id": shop.id, "search": search })).await;
        values(&found["callshop"]["users"], "displayName")
    };
    assert_eq!(find("some").await.len(), 2);
    let rename = json!({ "userId": viewer(&shop.attendant).await, "displayName": "Ângela" });
    shop.owner.did("updateUser", "UpdateUserInput", rename, "user { id }").await;
    assert_eq!((find("angela").await, find("some").await.len()), (vec!["Ângela".to_owned()], 1));
}

on_both!(the_ledger_the_audit_log_and_shifts_have_ranges, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    top_up(&shop.reseller, &shop.id, "5").await;
    let (past, future) =
        ((Utc::now() - TimeDelta::hours(5)).to_rfc3339(), (Utc::now() + TimeDelta::hours(5)).to_rfc3339());
    for (list, owner, range) in [
        ("ledger", "accountId", "at"),
        ("auditLog", "accountId", "at"),
        ("registerShifts", "callshopId", "openedAt"),
    ] {
        let query = format!(
            "query($id: ID!, $r: TimeRange) {{ {list}({owner}: $id, {range}: $r, first: 9) {{ totalCount }} }}"
        );
        let count = async |range: Value| {
            let found = shop.owner.ok(&query, json!({ "id": shop.id, "r": range })).await;
            found[list]["totalCount"].as_u64().expect("a count")
        };
        let all = count(Value::Null).await;
        assert!(all > 0, "{list}");
        assert_eq!(count(json!({ "from": past, "to": future })).await, all, "{list}");
        assert_eq!(count(json!({ "from": future })).await, 0, "{list}");
        assert_eq!(count(json!({ "to": past })).await, 0, "{list}");
    }
    shop.finish().await;
});

on_both!(a_cursor_belongs_to_its_order, |backend| async move {
    let (shop, _) = busy(backend).await;
    let page = async |arguments: &str| {
        let query = format!(
            "query($s: ID!) {{ calls(callshopId: $s, {arguments}) {{ totalCount pageInfo {{ endCursor hasNextPage }} nodes {{ number }} }} }}"
        );
        shop.owner.send(&query, json!({ "s": shop.id })).await
    };
    let first = page("orderBy: COST_DESC, first: 2").await["data"]["calls"].take();
    assert_eq!(values(&first, "number"), [PORTUGAL, BRAZIL]);
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(4), &json!(true)));
    let cursor = text(&first["pageInfo"]["endCursor"]);
    let next =
        page(&format!("orderBy: COST_DESC, first: 2, after: {cursor:?}")).await["data"]["calls"].take();
    assert_eq!(values(&next, "number"), [USA, "+8613912345678"]);
    for order in ["", "orderBy: COST_ASC, ", "orderBy: TIME_ASC, ", "orderBy: TIME_DESC, "] {
        let answer = page(&format!("{order}first: 2, after: {cursor:?}")).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "INVALID_INPUT", "{order}: {answer}");
        assert!(order.is_empty() || text(&error["message"]).contains("different sort order"), "{answer}");
    }
    shop.finish().await;
});

on_both!(invalid_filters_are_refused_by_their_names, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let long = "a".repeat(101);
    let empty = "{ from: \"2026-01-02T00:00:00Z\", to: \"2026-01-02T00:00:00Z\" }";
    let states = ["ENDED"; 51].join(", ");
    for (field, path) in [
        (
            "calls(callshopId: $s, first: 1, filter: { number: \"12x\" })".to_owned(),
            json!(["filter", "number"]),
        ),
        (
            format!("calls(callshopId: $s, first: 1, filter: {{ states: [{states}] }})"),
            json!(["filter", "states"]),
        ),
        (
            format!("calls(callshopId: $s, first: 1, filter: {{ destination: {long:?} }})"),
            json!(["filter", "destination"]),
        ),
        (
            format!("calls(callshopId: $s, first: 1, filter: {{ authorizedAt: {empty} }})"),
            json!(["filter", "authorizedAt"]),
        ),
        (
            format!("sessions(callshopId: $s, first: 1, filter: {{ customer: {long:?} }})"),
            json!(["filter", "customer"]),
        ),
        (
            "sessions(callshopId: $s, first: 1, filter: { customer: \"-\" })".to_owned(),
            json!(["filter", "customer"]),
        ),
        (
            "sessions(callshopId: $s, first: 1, filter: { receiptNumber: \"x\" })".to_owned(),
            json!(["filter", "receiptNumber"]),
        ),
        (
            format!("sessions(callshopId: $s, first: 1, filter: {{ openedAt: {empty} }})"),
            json!(["filter", "openedAt"]),
        ),
        (format!("phones(callshopId: $s, first: 1, search: {long:?})"), json!(["search"])),
        ("phones(callshopId: $s, first: 1, search: \"a b c d e f g h i\")".to_owned(), json!(["search"])),
        (format!("ledger(accountId: $s, first: 1, at: {empty})"), json!(["at"])),
        (format!("registerShifts(callshopId: $s, first: 1, openedAt: {empty})"), json!(["openedAt"])),
    ] {
        assert_eq!(refused(&shop, &field).await, ("INVALID_INPUT".to_owned(), path), "{field}");
    }
    shop.finish().await;
});
