//! Simulates the shop's clients: customers in cabins, an attendant who also pays change into the drawer, and a reseller that gives credit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use billing::money::Micros;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::notes::Talk;
use super::site::Site;
use super::{RETAIL, Random};
use crate::shop::{event, micros, text, unique};

/// Price of a drink, in micros.
const DRINK: i64 = 350_000;

/// Runs one cabin, which serves one customer after another until it is time to stop.
pub(super) async fn cabin(site: &Site, index: usize, mut random: Random) {
    while !site.stopping() {
        customer(site, index, &mut random).await;
    }
}

async fn customer(site: &Site, index: usize, random: &mut Random) {
    let attendant = &site.shop.attendant;
    let deposit = if random.one_in(2) { Some(10_000 * (5 + random.below(20))) } else { None };
    let mut input = json!({ "cabinId": site.shop.cabins[index], "idempotencyKey": unique("open") });
    if let Some(deposit) = deposit {
        input["deposit"] = json!({ "amount": Micros(deposit).to_string() });
    }
    let opened = site.did(attendant, "openCabin", input, "session { id }").await;
    let session = text(&opened["session"]["id"]);
    let mut charges = 0;
    for _ in 0..=random.below(3) {
        charges += call(site, index, random).await;
    }
    if random.one_in(2) {
        let input = json!({ "sessionId": session, "description": "Water", "unitPrice": Micros(DRINK).to_string(),
            "idempotencyKey": unique("item") });
        site.did(attendant, "addSessionItem", input, "session { id }").await;
        charges += DRINK;
    }
    let (closed, again) =
        site.mutate(attendant, "closeCabin", json!({ "sessionId": session }), "session { state }").await;
    // if the first request took effect, the session is already closed
    let closed_before = again && closed["userErrors"][0]["code"] == "ILLEGAL_STATE";
    assert!(closed_before || closed["session"]["state"] == "CLOSED", "{closed}");
    pay(site, &session, charges, deposit.unwrap_or(0)).await;
}

async fn pay(site: &Site, session: &str, charges: i64, deposit: i64) {
    let total = (charges + 5_000) / 10_000 * 10_000;
    let due = (total - deposit).max(0);
    let payments = json!([{ "method": "CASH", "amount": Micros(due).to_string() }]);
    let input = json!({ "sessionId": session, "payments": payments, "idempotencyKey": unique("settle") });
    let fields = "session { state total { amount } receiptNumber } change { amount }";
    let paid = site.did(&site.shop.attendant, "settleSession", input, fields).await;
    assert_eq!(paid["session"]["state"], "SETTLED");
    assert_eq!(paid["session"]["total"]["amount"], Micros(total).to_string(), "{session}");
    assert_eq!(paid["change"]["amount"], "0");
    let receipt = text(&paid["session"]["receiptNumber"]).parse().expect("a number");
    site.note(|notes| {
        assert!(notes.receipts.insert(receipt), "two sessions have the receipt number {receipt}");
        notes.sessions.insert(session.to_owned(), total);
        notes.cash += total;
    });
}

/// Attempts one call. Returns the customer's cost in micros.
async fn call(site: &Site, index: usize, random: &mut Random) -> i64 {
    let request = unique("request");
    let ask = json!({ "request_id": request, "user": site.shop.phones[index], "dialed": "+13055550123",
        "src": "127.0.0.1:5060", "ts": micros(Utc::now()), "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
    let (answer, _) = site.tell("authorize", &ask).await;
    let talk = if answer["allow"] != json!(true) {
        assert_eq!(answer["error"], "DEPOSIT_USED_UP", "{answer}");
        Talk::Refused
    } else if random.one_in(10) {
        let failed = event("failed", &answer["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
        events(site, vec![failed]).await;
        Talk::Failed
    } else {
        talk(site, &answer, random).await
    };
    site.note(|notes| notes.calls.insert(request, talk));
    if let Talk::Seconds(seconds) = talk { RETAIL.cost(seconds) } else { 0 }
}

/// Talks, but not beyond the limit that the server last sent to the proxy.
async fn talk(site: &Site, answer: &Value, random: &mut Random) -> Talk {
    let reference = &answer["ref"];
    // the time of the answer is backdated, so that the call needs credit for more seconds immediately
    let answered = Utc::now() - TimeDelta::milliseconds(random.below(9_000));
    let told = event("answered", reference, answered, json!({ "to_tag": "tt" }));
    events(site, vec![told.clone()]).await;
    tokio::time::sleep(Duration::from_millis(random.below(900).unsigned_abs())).await;
    let covered = answer["max_seconds"].as_i64().expect("seconds").max(limit(site, reference));
    let wanted = (Utc::now() - answered).num_milliseconds() + random.below(20_000);
    let talked = wanted.min(covered * 1_000);
    let end = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(answered), "to_tag": "tt" });
    let ended = event("ended", reference, answered + TimeDelta::milliseconds(talked), end);
    // sometimes the proxy resends all events
    let batch = if random.one_in(4) { vec![told, ended] } else { vec![ended] };
    events(site, batch).await;
    Talk::Seconds((talked + 999) / 1_000)
}

/// The limit in seconds that was last sent to the proxy for the call.
fn limit(site: &Site, reference: &Value) -> i64 {
    let told = site.proxy.told("/call/limit");
    let own = told.iter().rev().find(|body| body["ref"] == *reference);
    own.and_then(|body| body["covered"].as_i64()).unwrap_or(0)
}

async fn events(site: &Site, batch: Vec<Value>) {
    let (answer, again) = site.tell("events", &json!(batch)).await;
    let results = answer["results"].as_array().expect("results");
    assert_eq!(results.len(), batch.len(), "{answer}");
    let taken = |result: &Value| matches!(result["status"].as_str(), Some("applied" | "duplicate"));
    assert!(results.iter().all(taken), "{answer} to {batch:?}");
    // the last event of a batch is always a new event
    if again && results.last().is_some_and(|result| result["status"] == "duplicate") {
        site.survived.fetch_add(1, Ordering::Relaxed);
    }
    site.note(|notes| notes.events.extend(batch.iter().map(|event| text(&event["eid"]))));
}

/// Repeatedly gives credit as the reseller, and pays change into the drawer as the attendant.
pub(super) async fn money(site: &Site, mut random: Random) {
    static AMOUNT: AtomicU64 = AtomicU64::new(1);
    while !site.stopping() {
        let number =
            i64::try_from(AMOUNT.fetch_add(1, Ordering::Relaxed)).expect("the number fits into 63 bits");
        let credit = 1_000_000 + number;
        let amount = json!({ "amount": Micros(credit).to_string(), "currency": "BRL" });
        let input = json!({ "accountId": site.shop.id, "amount": amount, "idempotencyKey": unique("key") });
        site.did(&site.shop.reseller, "topUp", input, "balance { amount }").await;
        site.note(|notes| notes.top_ups.insert(credit));
        let change = number * 10_000;
        let input = json!({ "callshopId": site.shop.id, "kind": "PAY_IN", "amount": Micros(change).to_string(),
            "reason": "change", "idempotencyKey": unique("key") });
        site.did(&site.shop.attendant, "recordCashMovement", input, "movement { kind }").await;
        site.note(|notes| notes.pay_ins.insert(change));
        tokio::time::sleep(Duration::from_millis(random.below(60).unsigned_abs())).await;
    }
}
