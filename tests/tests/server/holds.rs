//! Tests that credit is never overdrawn. The tests cover holds before a phone rings, extensions during the call, and difficult cases with worked
//! figures.

mod corrections;

use std::sync::Arc;

use app::calls::events::{EventBody, EventResult, ProxyEvent};
use app::calls::writer::CallWriter;
use billing::call::CallEventKind;
use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::Book;
use futures_util::future::join_all;
use graphql::scalars::Kind;
use serde_json::{Value, json};
use store::ledger::{self, Credit};
use tests::server::proxy;
use tests::shop::{Hook, Shop, answered_call, event, micros, price, text, unique};
use tests::sip::eventually;
use tests::{Backend, FakeProxy, Mood, TestServer, on_both};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const HEADER: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment,minimum_charge,free_seconds\n";

/// A shop whose proxy accepts limits. A call reserves money for at most `slice` seconds at a time. `retail` is the customer's price, and `cost` is
/// the shop's price.
async fn shop(backend: Backend, cabins: usize, slice: u32, retail: &str, cost: &str) -> (Shop, FakeProxy) {
    let control = FakeProxy::start().await;
    let server = TestServer::start(backend, |config| {
        config.hook.proxies = vec![proxy("test", control.address)];
        config.calls.slice_seconds = slice;
        config.calls.charge_unacknowledged = false;
    })
    .await;
    let shop = Shop::on(server, cabins).await;
    price(&shop.reseller, &shop.id, &format!("{HEADER}{cost}"), "COST", None).await;
    price(&shop.reseller, &shop.id, &format!("{HEADER}{retail}"), "RETAIL", None).await;
    shop.open_register().await;
    (shop, control)
}

async fn credit_of(shop: &Shop, kind: Kind, id: &str) -> Credit {
    let id = kind.parse(&id.to_owned().into()).expect("an id");
    let credit = ledger::credit(shop.server.app.store.reader(), &[id]).await.expect("credit");
    credit[&id]
}

/// The shop's credit balance, and the amount that live calls hold, in micros.
async fn credit(shop: &Shop) -> (i64, i64) {
    let credit = credit_of(shop, Kind::Callshop, &shop.id).await;
    (credit.balance.0, credit.held.0)
}

async fn call(shop: &Shop, reference: &Value) -> entity::call::Model {
    use sea_orm::EntityTrait as _;
    let id: Uuid = text(reference).parse().expect("a ref");
    let found = entity::call::Entity::find_by_id(id).one(shop.server.app.store.reader()).await;
    found.expect("the database answers").expect("the call")
}

async fn allowed(shop: &Shop, index: usize, number: &str) -> Value {
    let answer = shop.hook().authorize(&shop.phones[index].user, number).await;
    assert_eq!(answer["allow"], json!(true), "{answer}");
    answer
}

/// The end event of a call with this answer time and this length.
fn end(reference: &Value, answered: DateTime<Utc>, talk_ms: i64) -> Value {
    let more = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(answered), "to_tag": "tt" });
    event("ended", reference, answered + TimeDelta::milliseconds(talk_ms), more)
}

fn answer(reference: &Value, answered: DateTime<Utc>) -> Value {
    event("answered", reference, answered, json!({ "to_tag": "tt" }))
}

/// Makes a thousand concurrent attempts, spread over the nodes. Returns the allowed calls.
async fn storm(shop: &Shop, nodes: &[Hook]) -> Vec<Value> {
    let attempts = (0..1_000).map(|number| {
        let hook = nodes[number % nodes.len()].clone();
        let user = shop.phones[number % shop.phones.len()].user.clone();
        async move { hook.authorize(&user, "+13055550123").await }
    });
    let answers = join_all(attempts).await;
    let (allowed, refused): (Vec<Value>, Vec<Value>) =
        answers.into_iter().partition(|answer| answer["allow"] == json!(true));
    for answer in refused {
        let why = text(&answer["error"]);
        assert!(why == "NO_CREDIT" || why == "PHONE_BUSY", "{answer}");
    }
    allowed
}

/// Makes a thousand call attempts with credit for ten minutes. Each call reserves one minute at a time, so exactly ten calls are allowed. After all
/// ten calls have lasted longer than their covered time, the account is at its limit to the micro.
async fn overdraft(backend: Backend, nodes: usize) {
    const MINUTE: &str = "1,United States,0.0600,0,60,60,,\n";
    let (shop, _control) = shop(backend, 100, 60, MINUTE, MINUTE).await;
    shop.leave_credit("0.20").await;
    let input = json!({ "accountId": shop.id, "limit": "0.40" });
    shop.reseller.did("setCreditLimit", "SetCreditLimitInput", input, "callshop { id }").await;
    for index in 0..100 {
        shop.open_cabin(index).await;
    }
    let mut others = Vec::new();
    for _ in 1..nodes {
        others.push(shop.server.another_node().await);
    }
    let hooks: Vec<Hook> =
        std::iter::once(shop.hook().clone()).chain(others.iter().map(|other| Hook::at(other.hook))).collect();
    let calls = storm(&shop, &hooks).await;
    assert_eq!(calls.len(), 10, "the credit is enough for ten calls");
    assert!(calls.iter().all(|call| call["max_seconds"] == json!(60)), "{calls:?}");
    assert_eq!(credit(&shop).await, (200_000, 600_000));
    let now = Utc::now();
    for (number, call) in calls.iter().enumerate() {
        let hook = &hooks[number % hooks.len()];
        assert_eq!(hook.events(&[end(&call["ref"], now, 61_400)]).await, ["applied"]);
    }
    assert_eq!(credit(&shop).await, (-400_000, 0), "the account must be at its limit, to the micro");
    for other in others {
        other.stop().await;
    }
    shop.finish().await;
}

on_both!(a_thousand_at_once_never_pass_the_credit_for_ten, |backend: Backend| overdraft(backend, 1));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_on_two_nodes_never_pass_the_credit_for_ten_on_postgres() {
    overdraft(Backend::Postgres, 2).await;
}

on_both!(every_level_holds_and_gives_back, |backend: Backend| async move {
    let (shop, _control) =
        shop(backend, 1, 60, "1,United States,0.0600,0,1,1,,\n", "1,United States,0.0400,0,1,1,,\n").await;
    shop.open_cabin(0).await;
    let first = allowed(&shop, 0, "+13055550123").await;
    assert_eq!(first["max_seconds"], json!(60));
    // the shop pays 0.04 per minute, its reseller pays 0.03, and the distributor pays nothing
    assert_eq!(credit(&shop).await, (500_000_000, 40_000));
    let reseller = credit_of(&shop, Kind::Account, &shop.reseller_id).await;
    assert_eq!((reseller.balance.0, reseller.held.0), (1_000_000_000, 30_000));
    // sending the same authorization request again does not reserve the money twice
    let failed = event("failed", &first["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (500_000_000, 0));
    // a call of 31 s costs the shop 0.0207 (0.02066…) and the reseller 0.0155
    shop.call(0, "+13055550123", 30_400).await;
    assert_eq!(credit(&shop).await, (499_979_300, 0));
    let reseller = credit_of(&shop, Kind::Account, &shop.reseller_id).await;
    assert_eq!((reseller.balance.0, reseller.held.0), (999_984_500, 0));
    shop.finish().await;
});

on_both!(minimum_charge_above_the_first_increment, |backend: Backend| async move {
    // one second costs 0.001, but each call costs at least 0.05, the price of fifty seconds
    let price = "1,United States,0.0600,0,1,1,0.05,\n";
    let (shop, _control) = shop(backend, 1, 600, price, price).await;
    shop.leave_credit("0.049999").await;
    shop.open_cabin(0).await;
    let refused = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    assert_eq!((&refused["code"], &refused["error"]), (&json!(402), &json!("NO_CREDIT")));
    let input = json!({ "accountId": shop.id, "amount": { "amount": "0.000001", "currency": "BRL" }, "idempotencyKey": unique("key") });
    shop.reseller.did("topUp", "TopUpInput", input, "balance { amount }").await;
    let call = allowed(&shop, 0, "+13055550123").await;
    assert_eq!(call["max_seconds"], json!(12), "a quarter of the fifty seconds that it pays for");
    assert_eq!(credit(&shop).await, (50_000, 50_000));
    assert_eq!(shop.hook().events(&[end(&call["ref"], Utc::now(), 700)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (0, 0), "a second costs the minimum");
    shop.finish().await;
});

on_both!(free_retail_over_paid_wholesale, |backend: Backend| async move {
    let (shop, _control) =
        shop(backend, 1, 600, "1,United States,0,0,1,1,,\n", "1,United States,0.0600,0,1,1,,\n").await;
    shop.leave_credit("0.04").await;
    shop.open_cabin(0).await;
    let call = allowed(&shop, 0, "+13055550123").await;
    let covered = call["max_seconds"].as_i64().expect("seconds");
    assert_eq!(
        credit(&shop).await,
        (40_000, covered * 1_000),
        "the shop must pay although its customer does not"
    );
    assert_eq!(shop.hook().events(&[end(&call["ref"], Utc::now(), 9_100)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (30_000, 0));
    let closed = shop.close_cabin(0).await;
    assert_eq!(closed["statement"]["total"]["amount"], "0");
    shop.leave_credit("0").await;
    shop.open_cabin(0).await;
    let refused = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    assert_eq!(refused["error"], "NO_CREDIT");
    shop.finish().await;
});

/// Gives the shop a tariff with these increments, both for its customers and for its own costs. Calls cost 0.60 per minute by day and 0.06 at night,
/// which begins at 20:00 in São Paulo.
async fn day_and_night(shop: &Shop, increment: u32) {
    for kind in ["COST", "RETAIL"] {
        let input = json!({ "name": unique("tariff"), "timeZone": "America/Sao_Paulo",
            "bands": [{ "name": "night", "weekdays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"],
                "from": "20:00:00", "to": "06:00:00", "holidays": true }] });
        let made = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
        let tariff = text(&made["tariff"]["id"]);
        let rate = json!({ "prefix": "1", "destination": "United States", "pricePerMinute": "0.60",
            "initialIncrement": increment, "increment": increment, "bandPrices": [{ "band": "night", "pricePerMinute": "0.06" }] });
        let input = json!({ "tariffId": tariff, "rates": [rate] });
        let made = shop.reseller.did("upsertRates", "UpsertRatesInput", input, "version { id }").await;
        let input = json!({ "versionId": made["version"]["id"] });
        shop.reseller
            .did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }")
            .await;
        let input = json!({ "accountId": shop.id, "tariffId": tariff, "kind": kind });
        shop.reseller.did("assignTariff", "AssignTariffInput", input, "").await;
    }
}

/// A shop at 19:59 in São Paulo, a minute before night begins.
async fn evening(backend: Backend, increment: u32) -> (Shop, DateTime<Utc>) {
    let control = FakeProxy::start().await;
    let server = TestServer::start(backend, |config| {
        config.hook.proxies = vec![proxy("test", control.address)];
        config.calls.slice_seconds = 60;
    })
    .await;
    let night = "2027-03-10T23:00:00Z".parse().expect("a time");
    // tariffs take effect a little before the test's time
    server.time().set(night - TimeDelta::minutes(10));
    let shop = Shop::on(server, 1).await;
    day_and_night(&shop, increment).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.server.time().set(night - TimeDelta::seconds(60));
    (shop, night)
}

on_both!(band_change_between_authorisation_and_answer, |backend: Backend| async move {
    let (shop, night) = evening(backend, 1).await;
    let call = allowed(&shop, 0, "+13055550123").await;
    // the hold assumes the most expensive time at which the call can be answered: immediately, at the day rate
    assert_eq!((credit(&shop).await.1, &call["max_seconds"]), (600_000, &json!(60)));
    // the call is answered at night, thirty seconds after the change of rate
    let answered = night + TimeDelta::seconds(30);
    assert_eq!(shop.hook().events(&[end(&call["ref"], answered, 60_000)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (500_000_000 - 60_000, 0));
    shop.finish().await;
});

on_both!(padding_across_a_band_boundary, |backend: Backend| async move {
    let (shop, night) = evening(backend, 60).await;
    let call = allowed(&shop, 0, "+13055550123").await;
    // talk begins ten seconds before the night, so ten seconds cost the day rate, and the other fifty billed seconds cost the night rate
    let answered = night - TimeDelta::seconds(10);
    assert_eq!(shop.hook().events(&[end(&call["ref"], answered, 10_000)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (500_000_000 - 100_000 - 50_000, 0));
    let row = self::call(&shop, &call["ref"]).await;
    assert_eq!((row.talk_seconds, row.billed_seconds, row.charge.0), (10, 60, 150_000));
    shop.finish().await;
});

on_both!(ended_before_answered_gives_the_holds_back_once, |backend: Backend| async move {
    let (shop, _control) =
        shop(backend, 1, 60, "1,United States,0.0600,0,1,1,,\n", "1,United States,0.0400,0,1,1,,\n").await;
    shop.open_cabin(0).await;
    let call = allowed(&shop, 0, "+13055550123").await;
    let answered = Utc::now();
    assert_eq!(shop.hook().events(&[end(&call["ref"], answered, 30_000)]).await, ["applied"]);
    assert_eq!(shop.hook().events(&[answer(&call["ref"], answered)]).await, ["ignored"]);
    assert_eq!(credit(&shop).await, (500_000_000 - 20_000, 0));
    shop.finish().await;
});

on_both!(abandoned_before_the_authorisation_commits_holds_nothing, |backend: Backend| async move {
    let (shop, _control) =
        shop(backend, 1, 60, "1,United States,0.0600,0,1,1,,\n", "1,United States,0.0400,0,1,1,,\n").await;
    shop.open_cabin(0).await;
    let request = unique("request");
    let abandoned = json!({ "eid": unique("eid"), "kind": "abandoned", "ts": micros(Utc::now()), "proxy": "test",
        "request_id": request, "call_id": "c", "from_tag": "f", "reason": "late" });
    assert_eq!(shop.hook().events(&[abandoned]).await, ["applied"]);
    let ask = json!({ "request_id": request, "user": shop.phones[0].user, "dialed": "+13055550123", "src": "x", "ts": "1",
        "proxy": "test", "call_id": "c", "from_tag": "f" });
    assert_eq!(shop.hook().post("authorize", &ask).await.1["error"], "ABANDONED");
    assert_eq!(credit(&shop).await, (500_000_000, 0));
    allowed(&shop, 0, "+13055550123").await;
    shop.finish().await;
});

on_both!(an_extension_racing_the_end, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, control) = shop(backend, 1, 10, price, price).await;
    shop.open_cabin(0).await;
    let mut spent = 0;
    for round in 0..20 {
        let call = allowed(&shop, 0, "+13055550123").await;
        // eight of ten seconds have passed, so the extension is due now; the end arrives at the same moment
        let answered = Utc::now() - TimeDelta::seconds(8);
        assert_eq!(shop.hook().events(&[answer(&call["ref"], answered)]).await, ["applied"]);
        tokio::time::sleep(std::time::Duration::from_millis(10 * (round % 13))).await;
        assert_eq!(shop.hook().events(&[end(&call["ref"], answered, 9_000)]).await, ["applied"]);
        spent += 9_000;
        let row = self::call(&shop, &call["ref"]).await;
        assert_eq!((row.holds, row.extend_at), (json!([]), None));
        assert_eq!(credit(&shop).await, (500_000_000 - spent, 0), "round {round}");
    }
    assert!(!control.told("/call/limit").is_empty(), "some calls must have been extended before they ended");
    shop.finish().await;
});

on_both!(a_push_of_unknown_outcome, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, control) = shop(backend, 1, 20, price, price).await;
    shop.open_cabin(0).await;
    let call = allowed(&shop, 0, "+13055550123").await;
    assert_eq!(call["max_seconds"], json!(20));
    control.be(Mood::LosesAnswers);
    let answered = Utc::now() - TimeDelta::seconds(15);
    assert_eq!(shop.hook().events(&[answer(&call["ref"], answered)]).await, ["applied"]);
    // the limit is sent again, but the hold stays the same
    let told = eventually("three pushes", async || {
        let told = control.told("/call/limit");
        (told.len() >= 3).then_some(told)
    })
    .await;
    let covered: Vec<i64> = told.iter().map(|body| body["covered"].as_i64().expect("seconds")).collect();
    assert!(
        covered.iter().all(|covered| *covered == 40),
        "no further slice may be reserved before the proxy responds: {covered:?}"
    );
    assert_eq!(credit(&shop).await, (500_000_000, 40_000));
    // the proxy ended the call at the old limit
    assert_eq!(shop.hook().events(&[end(&call["ref"], answered, 20_900)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (500_000_000 - 21_000, 0), "the talk is charged, and nothing is held");
    shop.finish().await;
});

on_both!(an_event_that_can_never_be_applied_keeps_no_other_back, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, 2, 60, price, price).await;
    let mut ends = Vec::new();
    for index in 0..2 {
        shop.open_cabin(index).await;
        ends.push(end(&allowed(&shop, index, "+13055550123").await["ref"], Utc::now(), 30_000));
    }
    // the stored levels cannot be read; no retry fixes this error
    let id: Uuid = text(&ends[0]["ref"]).parse().expect("a ref");
    let broken = |tx: store::Tx| async move {
        use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
        let levels = Set(serde_json::from_value(json!([1, 2, 3])).expect("bytes"));
        let change = entity::call::ActiveModel { id: Set(id), levels, ..Default::default() };
        change.update(tx.conn()).await?;
        Ok(())
    };
    shop.server.app.store.write(broken).await.expect("the call is damaged");
    assert_eq!(shop.hook().events(&ends).await, ["rejected", "applied"]);
    assert_eq!(
        shop.hook().events(&ends).await,
        ["duplicate", "duplicate"],
        "both events must count as received"
    );
    let found = shop.admin.ok("{ viewer { id } }", json!({})).await;
    assert!(found["viewer"]["id"].is_string(), "the server must keep serving");
    // the call's hold stays until an operator repairs the call
    assert_eq!(credit(&shop).await, (500_000_000 - 30_000, 60_000));
    shop.server.stop().await;
});

on_both!(an_emergency_call_passes_a_phone_that_seems_busy, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, 1, 60, price, price).await;
    shop.open_cabin(0).await;
    allowed(&shop, 0, "+13055550123").await;
    // the end event of the call was lost, so the phone's other calls are refused; any number of emergency calls is allowed
    let busy = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    assert_eq!(busy["error"], "PHONE_BUSY");
    allowed(&shop, 0, "190").await;
    allowed(&shop, 0, "190").await;
    shop.finish().await;
});

on_both!(an_attempt_asked_again_after_it_is_over_is_refused, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, 1, 60, price, price).await;
    shop.open_cabin(0).await;
    let ask = json!({ "request_id": unique("request"), "user": shop.phones[0].user, "dialed": "+13055550123", "src": "x", "ts": "1",
        "proxy": "test", "call_id": "c", "from_tag": "f" });
    let first = shop.hook().post("authorize", &ask).await.1;
    let failed = event("failed", &first["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
    assert_eq!(
        shop.hook().post("authorize", &ask).await.1["error"],
        "ABANDONED",
        "the call's hold must be released"
    );
    shop.finish().await;
});

/// Runs call ends, call attempts and closings in one branch on two nodes at the same time, in every combination. No combination may cause a deadlock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_lock_in_one_order_on_postgres() {
    const CABINS: usize = 12;
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(Backend::Postgres, CABINS, 60, price, price).await;
    let other = shop.server.another_node().await;
    let hooks = [shop.hook().clone(), Hook::at(other.hook)];
    for index in 0..CABINS {
        shop.open_cabin(index).await;
    }
    let deadlocks = deadlocks(&shop).await;
    let busy = (0..CABINS).map(|index| {
        let (user, hooks) = (shop.phones[index].user.clone(), &hooks);
        async move {
            for round in 0..15 {
                let answer = hooks[(index + round) % 2].authorize(&user, "+13055550123").await;
                assert_eq!(answer["allow"], json!(true), "{answer}");
                let events = answered_call(&answer["ref"], Utc::now(), 5_000);
                hooks[(index / 2 + round) % 2].events(&events).await;
            }
        }
    });
    join_all(busy).await;
    assert_eq!(self::deadlocks(&shop).await - deadlocks, 0);
    assert_eq!(credit(&shop).await, (500_000_000 - 5_000 * 15 * CABINS as i64, 0));
    other.stop().await;
    shop.finish().await;
}

// Phones dial again as soon as the hook has accepted the end of their call. Batches of events and attempts therefore overlap. No phone is refused as
// busy, and no event is overtaken by a later event.
on_both!(phones_that_never_rest, |backend: Backend| async move {
    const CABINS: usize = 40;
    const ROUNDS: usize = 6;
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, CABINS, 60, price, price).await;
    for index in 0..CABINS {
        shop.open_cabin(index).await;
    }
    let busy = (0..CABINS).map(|index| {
        let (user, hook) = (&shop.phones[index].user, shop.hook());
        async move {
            for _ in 0..ROUNDS {
                let call = hook.authorize(user, "+13055550123").await;
                assert_eq!(call["allow"], json!(true), "{call}");
                for step in answered_call(&call["ref"], Utc::now(), 5_000) {
                    assert_eq!(hook.events(&[step]).await, ["applied"]);
                }
            }
        }
    });
    join_all(busy).await;
    let calls = CABINS * ROUNDS;
    assert_eq!(credit(&shop).await, (500_000_000 - 5_000 * calls as i64, 0));
    let id = Kind::Callshop.parse(&shop.id.clone().into()).expect("an id");
    let mut steps: std::collections::HashMap<_, Vec<_>> = std::collections::HashMap::new();
    let mut seq = 0;
    loop {
        let page = store::activity::after(shop.server.app.store.reader(), id, seq, 1_000).await;
        let page = page.expect("activities");
        let Some(last) = page.last() else { break };
        assert_eq!(last.seq, seq + page.len() as i64, "events must be numbered without a gap");
        seq = last.seq;
        page.into_iter().for_each(|row| steps.entry(row.call_id).or_default().push(row.kind));
    }
    steps.remove(&None);
    assert_eq!(steps.len(), calls);
    use entity::ActivityKind::{CallAnswered, CallAuthorized, CallEnded, CallRinging};
    for kinds in steps.values() {
        assert_eq!(kinds[..], [CallAuthorized, CallRinging, CallAnswered, CallEnded]);
    }
    shop.finish().await;
});

/// Number of deadlocks that PostgreSQL found in the shop's database.
async fn deadlocks(shop: &Shop) -> i64 {
    use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let reader = shop.server.app.store.reader();
    let row =
        reader.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("an answer");
    row.expect("a row").try_get("", "deadlocks").expect("a number")
}

on_both!(calls_that_share_credit_go_on_until_it_is_used_up, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, control) = shop(backend, 3, 600, price, price).await;
    shop.leave_credit("0.02").await;
    let mut calls = Vec::new();
    for index in 0..3 {
        shop.open_cabin(index).await;
        calls.push(allowed(&shop, index, "+13055550123").await["ref"].take());
    }
    let answered = Utc::now();
    for call in &calls {
        assert_eq!(shop.hook().events(&[answer(call, answered)]).await, ["applied"]);
    }
    // the calls share twenty seconds until none is left; each call is hung up when its own share is used up
    eventually("three hang-ups", async || {
        let told = control.told("/call/hangup");
        let ids: std::collections::BTreeSet<String> =
            told.iter().map(|body| text(&body["call_id"])).collect();
        (ids.len() == 3).then_some(())
    })
    .await;
    let mut shares = 0;
    for call in &calls {
        shares += self::call(&shop, call).await.covered;
    }
    assert_eq!((shares, credit(&shop).await), (20, (20_000, 20_000)));
    for call in &calls {
        let covered = i64::from(self::call(&shop, call).await.covered);
        assert_eq!(shop.hook().events(&[end(call, answered, covered * 1_000 + 400)]).await, ["applied"]);
    }
    assert_eq!(credit(&shop).await, (0, 0));
    shop.finish().await;
});

on_both!(calls_go_on_after_the_server_was_down, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (mut shop, control) = shop(backend, 1, 20, price, price).await;
    shop.open_cabin(0).await;
    let call = allowed(&shop, 0, "+13055550123").await["ref"].take();
    let answered = Utc::now() - TimeDelta::seconds(9);
    assert_eq!(shop.hook().events(&[answer(&call, answered)]).await, ["applied"]);
    let stopped = shop.server.pause().await;
    let told = control.told("/call/limit").len();
    shop.server = stopped.start().await;
    eventually("the proxy gets a longer limit", async || {
        let told = &control.told("/call/limit")[told..];
        told.first().map(|body| assert_eq!(body["covered"], json!(40)))
    })
    .await;
    shop.finish().await;
});

on_both!(low_credit_is_told_once_when_it_is_crossed, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, 1, 60, price, price).await;
    shop.leave_credit("1.00").await;
    let input = json!({ "accountId": shop.id, "amount": "0.95" });
    shop.owner.did("setLowCredit", "SetLowCreditInput", input, "callshop { id }").await;
    shop.open_cabin(0).await;
    for _ in 0..3 {
        let call = allowed(&shop, 0, "+13055550123").await;
        let events = answered_call(&call["ref"], Utc::now(), 30_000);
        shop.hook().events(&events).await;
    }
    let id = Kind::Callshop.parse(&shop.id.clone().into()).expect("an id");
    let rows = store::activity::after(shop.server.app.store.reader(), id, 0, 1000).await.expect("activities");
    let told = rows.iter().filter(|row| row.kind == entity::ActivityKind::CreditLow).count();
    assert_eq!(told, 1, "0.97, 0.94, 0.91: crossed once");
    shop.finish().await;
});
