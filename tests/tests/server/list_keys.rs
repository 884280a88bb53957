//! Tests that the entries of lists have ids, which a client can use as keys.

use std::collections::BTreeSet;

use graphql::scalars::{Kind, parse_any};
use serde_json::{Value, json};
use tests::shop::{Shop, text, unique};
use tests::{Backend, on_both};

/// The distinct ids of a list's entries. Fails if an entry has no id of this kind.
fn ids(entries: &Value, field: &str, kind: Kind) -> BTreeSet<String> {
    let entries = entries.as_array().expect("a list");
    let id = |entry: &Value| {
        let id = text(&entry[field]);
        assert_eq!(parse_any(&id.clone().into()).map(|(kind, _)| kind), Some(kind), "{entry}");
        id
    };
    entries.iter().map(id).collect()
}

on_both!(entries_of_lists_have_ids, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let coins = |reason: &str| json!({ "callshopId": shop.id, "kind": "PAY_IN", "amount": "5", "reason": reason, "idempotencyKey": unique("key") });
    for reason in ["coins", "more coins"] {
        shop.attendant
            .did("recordCashMovement", "RecordCashMovementInput", coins(reason), "movement { movementId }")
            .await;
    }
    let session = shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 60_000).await;
    shop.call(0, "+13055550123", 60_000).await;
    for name in ["Water", "Coffee"] {
        let input = json!({ "sessionId": session, "description": name, "unitPrice": "2", "idempotencyKey": unique("key") });
        shop.attendant.did("addSessionItem", "AddSessionItemInput", input, "session { id }").await;
    }
    shop.close_cabin(0).await;
    let input = json!({ "sessionId": session, "payments": [{ "method": "CARD", "amount": "1" }, { "method": "CASH", "amount": "4" }],
        "idempotencyKey": unique("key") });
    shop.attendant.did("settleSession", "SettleSessionInput", input, "session { id }").await;
    let query = "query($s: ID!, $shop: ID!) { \
        session(id: $s) { calls(first: 5) { nodes { id } } items { itemId } payments { paymentId } statement { calls { callId } items { itemId } } } \
        currentRegister(callshopId: $shop) { movements(first: 5) { nodes { movementId } } } \
        auditLog(accountId: $shop, first: 50) { nodes { entryId } } }";
    let seen = shop.owner.ok(query, json!({ "s": session, "shop": shop.id })).await;
    let (of, statement) = (&seen["session"], &seen["session"]["statement"]);
    let calls = ids(&of["calls"]["nodes"], "id", Kind::Call);
    assert_eq!((calls.len(), &ids(&statement["calls"], "callId", Kind::Call)), (2, &calls));
    let items = ids(&of["items"], "itemId", Kind::SessionItem);
    assert_eq!((items.len(), &ids(&statement["items"], "itemId", Kind::SessionItem)), (2, &items));
    let payments = ids(&of["payments"], "paymentId", Kind::Payment);
    assert_eq!(payments.len(), 2);
    let movements = &seen["currentRegister"]["movements"]["nodes"];
    assert_eq!(ids(movements, "movementId", Kind::CashMovement).len(), 2);
    let entries = &seen["auditLog"]["nodes"];
    let count = entries.as_array().expect("entries").len();
    assert_eq!(ids(entries, "entryId", Kind::AuditEntry).len(), count);
    // these entries are parts of other objects, so `node` does not find them by their ids
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for id in payments {
        assert_eq!(shop.owner.ok(node, json!({ "id": id })).await["node"], Value::Null);
    }
    shop.finish().await;
});
