//! Tests real calls from SIPp phones through the shipped Kamailio configuration to a SIPp gateway, observed by the official `graphql-ws` client.
//!
//! The tests calculate charges independently, using only times and rates.

use std::time::{Duration, Instant};

use app::calls::events::EventResult;
use chrono::{DateTime, TimeDelta, Utc};
use entity::hook_event;
use futures_util::future::join_all;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::{Value, json};
use tests::relay::Relay;
use tests::rush::{self, Rush};
use tests::server::proxy;
use tests::shop::{price, text};
use tests::sip::{PROXY, Phone, Playing, Script, eventually};
use tests::subscriber::activities;
use tests::{Backend, RedisServer, Shop, Sip, SipPlan, Subscriber, TestServer};

mod emergency;
mod unacknowledged;

/// A rate, in micros and seconds.
#[derive(Clone, Copy)]
struct Rate {
    prefix: &'static str,
    per_minute: i64,
    fee: i64,
    initial: i64,
    increment: i64,
}

const fn rate(prefix: &'static str, per_minute: i64, fee: i64, initial: i64, increment: i64) -> Rate {
    Rate { prefix, per_minute, fee, initial, increment }
}

/// Prices that are not multiples of a cent or a tenth of a cent, billed by the second so that the cost ticks.
const RETAIL: &[Rate] = &[
    rate("1", 61_700, 0, 1, 1),
    rate("351", 299_900, 50_300, 2, 1),
    rate("55", 123_456, 0, 1, 1),
    rate("5511", 87_700, 10_300, 1, 1),
];
const COST: &[Rate] =
    &[rate("1", 41_900, 0, 1, 1), rate("351", 201_100, 20_100, 30, 6), rate("55", 71_300, 0, 1, 1)];
const WHOLESALE: &[Rate] =
    &[rate("1", 31_700, 100, 6, 6), rate("351", 151_900, 0, 1, 1), rate("55", 50_300, 0, 60, 60)];

/// Talk time in seconds, rounded up.
fn talk(answered: DateTime<Utc>, ended: DateTime<Utc>) -> i64 {
    let micros = ended.timestamp_micros() - answered.timestamp_micros();
    (micros + 999_999) / 1_000_000
}

/// Index of the rate, and the cost of `seconds` to a number. Uses the longest prefix and the offset rule, and rounds once to a hundred micros,
/// half up.
fn charge(deck: &[Rate], number: &str, seconds: i64) -> (i64, i64) {
    let matching = deck.iter().filter(|rate| number.trim_start_matches('+').starts_with(rate.prefix));
    let rate = matching.max_by_key(|rate| rate.prefix.len()).expect("a rate");
    let mut billed = rate.initial;
    while billed < seconds {
        billed += rate.increment;
    }
    let sixtieths = rate.fee * 60 + rate.per_minute * billed;
    (billed, (sixtieths + 3_000) / 6_000 * 100)
}

/// A decimal amount in micros.
fn micros(amount: &Value) -> i64 {
    let text = amount.as_str().expect("a decimal string");
    let (digits, negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 6, "{text}");
    let value: i64 = format!("{whole}{fraction:0<6}").parse().expect("digits");
    if negative { -value } else { value }
}

fn time(value: &Value) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(value.as_str().expect("a time")).expect("RFC 3339").to_utc()
}

fn deck(rates: &[Rate]) -> String {
    let decimal = |micros: i64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let header = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n".to_owned();
    let lines = rates.iter().map(|rate| {
        let Rate { prefix, per_minute, fee, initial, increment } = *rate;
        format!("{prefix},D{prefix},{},{},{initial},{increment}\n", decimal(per_minute), decimal(fee))
    });
    std::iter::once(header).chain(lines).collect()
}

const CALL: &str = "id cabinId number dialed state answeredAt endedAt billedSeconds cost { amount } costs { account billedSeconds amount { amount } } \
    sipCode endedBy cause refusal elapsedSeconds estimated";

/// A shop with an open register and the prices above, whose phones are on a real proxy.
struct Stage {
    shop: Shop,
    sip: Sip,
    phones: Vec<Phone>,
}

impl Stage {
    async fn set(backend: Backend, cabins: usize, settings: &[(&str, &str)]) -> Self {
        Self::on(SipPlan::new(), backend, cabins, settings, 30).await
    }

    async fn on(
        plan: SipPlan,
        backend: Backend,
        cabins: usize,
        settings: &[(&str, &str)],
        reconcile_seconds: u32,
    ) -> Self {
        let control = plan.control();
        let server = TestServer::start(backend, |config| {
            config.hook.proxies = vec![proxy(PROXY, control)];
            config.calls.reconcile_seconds = reconcile_seconds;
        })
        .await;
        let shop = Shop::on(server, cabins).await;
        price(&shop.distributor, &shop.reseller_id, &deck(WHOLESALE), "COST", None).await;
        price(&shop.reseller, &shop.id, &deck(COST), "COST", None).await;
        price(&shop.reseller, &shop.id, &deck(RETAIL), "RETAIL", None).await;
        shop.open_register().await;
        let sip = plan.start(&shop.server, settings).await;
        let phones: Vec<Phone> = shop.phones.iter().map(|account| sip.phone(account)).collect();
        join_all(phones.iter().map(|phone| sip.register(phone))).await;
        Self { shop, sip, phones }
    }

    async fn open_cabins(&self) {
        for cabin in 0..self.phones.len() {
            self.shop.open_cabin(cabin).await;
        }
    }

    /// All calls of the shop, as the distributor sees them, newest first.
    async fn calls(&self) -> Vec<Value> {
        self.shop.distributor.shop_list("calls", &self.shop.id, 100, CALL).await
    }

    /// Waits until the only call of a cabin is in `state`, and returns it.
    async fn call_in(&self, cabin: usize, state: &str) -> Value {
        eventually(&format!("a call of cabin {cabin} is {state}"), async || {
            let calls = self.calls().await;
            let own = calls.into_iter().find(|call| call["cabinId"] == self.shop.cabins[cabin].as_str());
            own.filter(|call| call["state"] == state)
        })
        .await
    }

    /// Waits until this many calls have ended, and returns all calls. The customer must have hung up each call, and no attempt may be refused.
    async fn all_ended(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} calls have ended"), async || {
            let calls = self.calls().await;
            for call in &calls {
                let over = json!([call["endedBy"], call["cause"], call["refusal"], call["estimated"]]);
                let right = call["state"] != "REFUSED" && call["state"] != "FAILED";
                assert!(
                    right && (call["state"] != "ENDED" || over == json!(["CALLER", "BYE", null, false])),
                    "{call}"
                );
            }
            let ended = calls.iter().filter(|call| call["state"] == "ENDED").count();
            (ended == count && calls.len() == count).then_some(calls)
        })
        .await
    }

    /// The balance of a `callshop` or another `account`.
    async fn balance(&self, field: &str, id: &str) -> i64 {
        micros(&self.shop.distributor.object(field, id, "balance { amount }").await["balance"]["amount"])
    }

    async fn hang_up(&self, call: &Value) {
        let input = json!({ "callId": call["id"] });
        self.shop.attendant.did("hangUpCall", "HangUpCallInput", input, "call { id }").await;
    }

    /// Checks every level of ended calls, and the changes of the balances. Returns the customers' total.
    async fn check_charges(&self, calls: &[Value]) -> i64 {
        let (mut retail, mut cost, mut wholesale) = (0, 0, 0);
        for call in calls {
            let (number, seconds) = (text(&call["number"]), talk_of(call));
            let (billed, amount) = charge(RETAIL, &number, seconds);
            let shop = charge(COST, &number, seconds);
            let reseller = charge(WHOLESALE, &number, seconds);
            assert_eq!(
                (call["billedSeconds"].as_i64(), micros(&call["cost"]["amount"])),
                (Some(billed), amount)
            );
            let levels = call["costs"].as_array().expect("costs").iter();
            let levels: Vec<_> = levels
                .map(|level| {
                    let seconds = level["billedSeconds"].as_i64().expect("seconds");
                    (text(&level["account"]), seconds, micros(&level["amount"]["amount"]))
                })
                .collect();
            let expected = [
                ("Callshop".to_owned(), shop.0, shop.1),
                ("Reseller".to_owned(), reseller.0, reseller.1),
                ("Distributor".to_owned(), seconds, 0),
            ];
            assert_eq!(levels, expected, "{call}");
            retail += amount;
            cost += shop.1;
            wholesale += reseller.1;
        }
        assert_eq!(self.balance("callshop", &self.shop.id).await, 500_000_000 - cost);
        assert_eq!(self.balance("account", &self.shop.reseller_id).await, 1_000_000_000 - wholesale);
        retail
    }

    async fn finish(self) {
        drop(self.sip);
        self.shop.finish().await;
    }
}

/// Seconds of talk, by the call's own times.
fn talk_of(call: &Value) -> i64 {
    talk(time(&call["answeredAt"]), time(&call["endedAt"]))
}

/// The kinds of a call's activity events, in order.
fn kinds(activities: &[Value], call: &Value) -> Vec<String> {
    let own = activities.iter().filter(|activity| activity["call"]["id"] == call["id"]);
    own.map(|activity| text(&activity["kind"])).collect()
}

/// Checks that every `seq` appears once and in order, with no gap.
fn check_sequence(activities: &[Value]) {
    let seqs: Vec<i64> = activities.iter().map(|activity| activity["seq"].as_i64().expect("seq")).collect();
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
}

fn count(activities: &[Value], kind: &str) -> usize {
    activities.iter().filter(|activity| activity["kind"] == kind).count()
}

/// Makes each phone's three calls, one after another. They last 3 to 6 seconds and go to Portugal, Brazil, São Paulo and the United States in
/// turn.
async fn three_calls(stage: &Stage, index: usize) {
    const PREFIXES: [&str; 4] = ["+351988", "+5521988", "11988", "+12122"];
    for round in 0..3 {
        let (prefix, line) = (PREFIXES[(index + round) % PREFIXES.len()], 100 + index * 3 + round);
        // the other side ends every fifth call
        let by_callee = line % 5 == 0;
        let dialed =
            if by_callee { format!("{prefix}{line}80{}", 3 + round) } else { format!("{prefix}{line}111") };
        let milliseconds = (3_200 + (line - 100) * 90).to_string();
        let options = ["-d", milliseconds.as_str()];
        let script = if by_callee {
            Script::call("phone-hungup", &dialed, &[])
        } else {
            Script::call("phone-call", &dialed, &options)
        };
        stage.sip.play(&stage.phones[index], &script).finished().await;
    }
}

/// Checks that the cost of a live call never fell, rose at least once, always matched the elapsed seconds, and never exceeded the final cost.
fn check_ticks(ticks: &[Value], call: &Value) {
    let (number, ended) = (text(&call["number"]), time(&call["endedAt"]));
    // the API learns of the end a moment later, and until then the call keeps ticking
    let before = ticks.iter().filter(|tick| time(&tick["asOf"]) <= ended);
    let own = before.flat_map(|tick| tick["calls"].as_array().expect("calls"));
    let own = own.filter(|seen| seen["id"] == call["id"] && seen["state"] == "ANSWERED");
    let costs: Vec<(i64, i64)> = own
        .map(|seen| (seen["elapsedSeconds"].as_i64().expect("seconds"), micros(&seen["cost"]["amount"])))
        .collect();
    for (elapsed, cost) in costs.iter().filter(|(elapsed, _)| *elapsed > 0) {
        assert_eq!(*cost, charge(RETAIL, &number, *elapsed).1, "after {elapsed} s");
    }
    let all: Vec<i64> =
        costs.iter().map(|(_, cost)| *cost).chain([micros(&call["cost"]["amount"])]).collect();
    assert!(all.is_sorted(), "{call}: {all:?}");
    assert!(costs.windows(2).any(|pair| pair[0].1 < pair[1].1), "{call}: {costs:?}");
}

/// Closes a cabin. Returns its session.
async fn close(shop: &Shop, index: usize, mode: &str) -> Value {
    let input = json!({ "cabinId": shop.cabins[index], "mode": mode });
    let fields = "session { id state statement { callsTotal { amount } total { amount } \
        calls { talkSeconds billedSeconds amount { amount } } } }";
    shop.attendant.did("closeCabin", "CloseCabinInput", input, fields).await["session"].take()
}

tests::on_both!(kamailio_thirty_calls, |backend| async move {
    let stage = Stage::set(backend, 10, &[]).await;
    let shop = &stage.shop;
    eventually("ten phones online", async || {
        let query = "query($id: ID!) { phones(callshopId: $id, first: 20) { nodes { online } } }";
        let data = shop.attendant.ok(query, json!({ "id": shop.id })).await;
        let phones = data["phones"]["nodes"].as_array().expect("phones").clone();
        (phones.iter().filter(|phone| phone["online"] == true).count() == 10).then_some(())
    })
    .await;
    stage.open_cabins().await;
    let watcher = Subscriber::start(shop).await;
    join_all((0..10).map(|index| three_calls(&stage, index))).await;

    let seen = watcher
        .until("thirty ends", |all| {
            let seen = activities(all);
            (count(&seen, "CALL_ENDED") >= 30).then_some(seen)
        })
        .await;
    check_sequence(&seen);
    let calls = stage.calls().await;
    assert_eq!(calls.len(), 30);
    let ticks = watcher.ticks();
    for call in &calls {
        assert_eq!(kinds(&seen, call), ["CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"]);
        let ended = seen.iter().find(|one| one["kind"] == "CALL_ENDED" && one["call"]["id"] == call["id"]);
        assert_eq!(ended.expect("its end")["call"]["cost"], call["cost"]);
        check_ticks(&ticks, call);
    }
    let owed = stage.check_charges(&calls).await;

    let mut billed = 0;
    for (index, cabin) in shop.cabins.iter().enumerate() {
        let statement = close(shop, index, "HANG_UP").await;
        assert_eq!(statement["state"], "CLOSED");
        let own = calls.iter().filter(|call| call["cabinId"] == cabin.as_str());
        let expected: i64 = own.map(|call| charge(RETAIL, &text(&call["number"]), talk_of(call)).1).sum();
        assert_eq!(micros(&statement["statement"]["callsTotal"]["amount"]), expected);
        assert_eq!(statement["statement"]["calls"].as_array().map(Vec::len), Some(3));
        let total = micros(&statement["statement"]["total"]["amount"]);
        assert!(total % 10_000 == 0 && (total - expected).abs() <= 5_000, "{statement}");
        billed += expected;
    }
    assert_eq!(billed, owed);
    watcher
        .until("ten cabins closed", |all| (count(&activities(all), "CABIN_CLOSED") == 10).then_some(()))
        .await;
    check_sequence(&watcher.activities());
    drop(watcher);
    stage.finish().await;
});

/// The outcome of a refused or failed call.
fn outcome(call: &Value) -> Value {
    json!([call["state"], call["sipCode"], call["endedBy"], call["refusal"], call["cost"]["amount"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_calls_that_are_not_answered() {
    let settings = [("CS_RING_TIMEOUT_MS", "2500"), ("CS_TRYING_TIMEOUT_MS", "1500")];
    let stage = Stage::set(Backend::Sqlite, 11, &settings).await;
    let (shop, sip, phones) = (&stage.shop, &stage.sip, &stage.phones);
    let block = json!({ "callshopId": shop.id, "prefix": "35196" });
    shop.reseller.did("blockDestination", "BlockDestinationInput", block, "callshop { id }").await;
    for cabin in 0..10 {
        shop.open_cabin(cabin).await;
    }
    let watcher = Subscriber::start(shop).await;
    let failed = ["CALL_AUTHORIZED", "CALL_FAILED"].as_slice();
    let rang = ["CALL_AUTHORIZED", "CALL_RINGING", "CALL_FAILED"].as_slice();
    let refused = ["CALL_REFUSED"].as_slice();
    let cancel = Script::call("phone-cancel", "11988880700", &["-d", "700"]);
    // the gateway is silent, so there is nothing to cancel yet
    let cancel_early = Script::call("phone-cancel-early", "11988880600", &["-d", "500"]);
    // by cabin: the phone's scenario, the expected record, the expected activity events
    let cases = [
        (Script::refused("11988880486", "486"), json!(["FAILED", 486, "CALLEE", null, "0"]), failed),
        (Script::refused("11988880480", "480"), json!(["FAILED", 480, "CALLEE", null, "0"]), rang),
        (Script::refused("11988880503", "503"), json!(["FAILED", 503, "CALLEE", null, "0"]), failed),
        (Script::refused("11988881700", "408"), json!(["FAILED", 408, "PROXY", null, "0"]), rang),
        (Script::refused("11988880600", "408"), json!(["FAILED", 408, "PROXY", null, "0"]), failed),
        (cancel, json!(["FAILED", 487, "CALLER", null, "0"]), rang),
        (cancel_early, json!(["FAILED", 487, "CALLER", null, "0"]), failed),
        (
            Script::refused("+442079460958", "404"),
            json!(["REFUSED", 404, null, "DESTINATION_NOT_RATED", "0"]),
            refused,
        ),
        (
            Script::refused("+351961234111", "403"),
            json!(["REFUSED", 403, null, "DESTINATION_BLOCKED", "0"]),
            refused,
        ),
        (Script::refused("11", "404"), json!(["REFUSED", 404, null, "NUMBER_INVALID", "0"]), refused),
        (Script::refused("11988880111", "403"), json!(["REFUSED", 403, null, "CABIN_CLOSED", "0"]), refused),
    ];
    let played = cases.iter().zip(phones).map(|((script, ..), phone)| sip.play(phone, script).finished());
    join_all(played).await;

    let over = |seen: &[Value]| count(seen, "CALL_FAILED") + count(seen, "CALL_REFUSED");
    let seen = watcher
        .until("the end of each call", |all| {
            let seen = activities(all);
            (over(&seen) >= cases.len()).then_some(seen)
        })
        .await;
    check_sequence(&seen);
    let calls = stage.calls().await;
    assert_eq!(calls.len(), cases.len());
    for (cabin, (script, record, activities)) in cases.iter().enumerate() {
        let call =
            calls.iter().find(|call| call["cabinId"] == shop.cabins[cabin].as_str()).expect("its call");
        assert_eq!(&outcome(call), record, "{}", script.dialed);
        assert_eq!(call["answeredAt"], Value::Null);
        assert_eq!(kinds(&seen, call), *activities, "{}", script.dialed);
    }
    drop(watcher);
    assert_eq!(stage.balance("callshop", &shop.id).await, 500_000_000);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_refuses_a_wrong_password_and_forged_requests() {
    let stage = Stage::set(Backend::Sqlite, 1, &[]).await;
    stage.open_cabins().await;
    let mut guesser = stage.shop.phones[0].clone();
    guesser.secret = "not the secret".to_owned();
    let guesser = stage.sip.phone(&guesser);
    let call = Script::call("phone-call-wrong-password", "11988880111", &[]);
    stage.sip.play(&guesser, &call).finished().await;
    stage.sip.forge(&stage.phones[0]).finished().await;
    assert_eq!(stage.calls().await, Vec::<Value>::new());
    let reached = stage.sip.gateway_trace();
    assert_eq!((reached.requests("INVITE"), reached.requests("BYE")), (0, 0));
    // a phone may hang up a call that the proxy has forgotten
    let id = stage.sip.hang_up_unknown(&stage.phones[0]).finished().await.call_id();
    at_the_gateway(&stage.sip, "BYE", &id).await;

    // with the right password the phone is still served, and goes offline when it unregisters
    let call = Script::call("phone-call", "11988880111", &["-d", "300"]);
    stage.sip.play(&stage.phones[0], &call).finished().await;
    let call = stage.call_in(0, "ENDED").await;
    stage.check_charges(&[call]).await;
    stage.sip.unregister(&stage.phones[0]).await;
    eventually("the phone is offline", async || {
        let query = "query($id: ID!) { phone(id: $id) { online } }";
        let data = stage.shop.attendant.ok(query, json!({ "id": stage.shop.phones[0].id })).await;
        (data["phone"]["online"] == false).then_some(())
    })
    .await;
    stage.finish().await;
}

/// If the gateway cannot be reached, the phone and the record get the same code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_without_a_gateway() {
    let stage = Stage::set(Backend::Sqlite, 1, &[("CS_GATEWAY", "240.0.0.1:5060")]).await;
    stage.open_cabins().await;
    stage.sip.play(&stage.phones[0], &Script::refused("11988880111", "503")).finished().await;
    let call = stage.call_in(0, "FAILED").await;
    assert_eq!(outcome(&call), json!(["FAILED", 503, "PROXY", null, "0"]));
    stage.finish().await;
}

/// The API responds after the proxy gave up. The record must show the result that the phone got, regardless of the API's decision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_gets_its_answer_too_late() {
    let plan = SipPlan::new();
    let server = TestServer::start(Backend::Sqlite, |_| {}).await;
    let shop = Shop::on(server, 2).await;
    shop.open_register().await;
    let line = Relay::to(shop.server.hook).await;
    let hook = line.address.to_string();
    let settings = [("CS_API_HOST", hook.as_str()), ("CS_API_TIMEOUT", "1")];
    let sip = plan.start(&shop.server, &settings).await;
    let phones: Vec<Phone> = shop.phones.iter().map(|account| sip.phone(account)).collect();
    join_all(phones.iter().map(|phone| sip.register(phone))).await;
    let stage = Stage { shop, sip, phones };
    // one phone may call, the other's cabin is closed
    stage.shop.open_cabin(0).await;
    line.slow(Duration::from_millis(1_200));
    let late = Script::refused("+351988880111", "503");
    join_all(stage.phones.iter().map(|phone| stage.sip.play(phone, &late).finished())).await;
    stage.call_in(0, "AUTHORIZED").await;
    assert_eq!(
        outcome(&stage.call_in(1, "REFUSED").await),
        json!(["REFUSED", 403, null, "CABIN_CLOSED", "0"])
    );
    line.mend();
    assert_eq!(outcome(&stage.call_in(0, "ABANDONED").await), json!(["ABANDONED", 503, "PROXY", null, "0"]));
    eventually("the refusal says what the phone got", async || {
        let call = stage.call_in(1, "REFUSED").await;
        (outcome(&call) == json!(["REFUSED", 503, null, "ABANDONED", "0"])).then_some(())
    })
    .await;
    stage.finish().await;
}

/// A phone calls again immediately, nine times. Each call has ended before the next call is allowed, and no call is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_phone_calls_again_at_once() {
    let stage = Stage::set(Backend::Sqlite, 1, &[]).await;
    stage.open_cabins().await;
    let again = Script::call("phone-again", "11988880111", &["-m", "9", "-r", "100", "-d", "1"]);
    stage.sip.play(&stage.phones[0], &again).finished().await;
    let calls = stage.all_ended(9).await;
    let order: Vec<_> = calls.iter().rev().collect();
    let apart = |pair: &[&Value]| time(&pair[0]["endedAt"]) <= time(&pair[1]["answeredAt"]);
    assert!(order.windows(2).all(apart), "{calls:?}");
    stage.check_charges(&calls).await;
    stage.finish().await;
}

/// Calls again immediately while no node reads the stream of events. An authorization request carries the end of the previous call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_phone_calls_again_before_its_events_are_read() {
    let redis = RedisServer::start().await;
    let door = redis.door().await;
    let stage = Stage::with_redis_at(door.url(), redis.address().port(), 1, &[]).await;
    stage.ways().await;
    door.shut();
    let again = Script::call("phone-again", "11988880111", &["-m", "3", "-r", "100", "-d", "1"]);
    stage.sip.play(&stage.phones[0], &again).finished().await;
    let calls = stage.calls().await;
    let ended = calls.iter().filter(|call| call["state"] == "ENDED").count();
    assert_eq!((calls.len(), ended), (3, 2), "the last call ends when its end is read");
    door.open();
    let calls = stage.all_ended(3).await;
    stage.ways().await;
    assert_eq!(stage.calls().await, calls, "repeated ends must change nothing");
    stage.check_charges(&calls).await;
    stage.finish().await;
}

/// A call reuses a Call-ID and tags that were in use a moment ago. The second call works like the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_call_id_is_used_again() {
    let stage = Stage::set(Backend::Sqlite, 1, &[]).await;
    stage.open_cabins().await;
    let twice = Script::call("phone-same-call-id", "11988880111", &["-d", "200"]);
    stage.sip.play(&stage.phones[0], &twice).finished().await;
    let calls = stage.all_ended(2).await;
    stage.check_charges(&calls).await;
    stage.finish().await;
}

/// Waits until the gateway receives one such request in the call.
async fn at_the_gateway(sip: &Sip, method: &str, call_id: &str) {
    let received = eventually(&format!("{method} at the gateway"), async || {
        let received = sip.gateway_trace().received(method, call_id);
        (received > 0).then_some(received)
    })
    .await;
    assert_eq!(received, 1, "{method} at the gateway");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_hangs_up() {
    let stage = Stage::set(Backend::Sqlite, 5, &[("CS_TRYING_TIMEOUT_MS", "2000")]).await;
    stage.open_cabins().await;
    let (shop, sip, phones) = (&stage.shop, &stage.sip, &stage.phones);
    let watcher = Subscriber::start(shop).await;
    let talking = Script::call("phone-hungup", "11988880111", &[]);
    let answered: Vec<_> = (0..2).map(|index| sip.play(&phones[index], &talking)).collect();
    let mut ringing_script = Script::refused("11988880700", "487");
    let ringing = sip.play(&phones[2], &ringing_script);
    ringing_script.dialed = "21988880700";
    let ringing_closed = sip.play(&phones[3], &ringing_script);
    // the gateway does not answer this call
    let silent = sip.play(&phones[4], &Script::refused("11988880600", "487"));
    stage.hang_up(&stage.call_in(4, "AUTHORIZED").await).await;
    silent.finished().await;

    // hang up an answered call and a ringing one individually
    stage.hang_up(&stage.call_in(0, "ANSWERED").await).await;
    stage.hang_up(&stage.call_in(2, "RINGING").await).await;
    // hang up the same by closing their cabins
    stage.call_in(1, "ANSWERED").await;
    stage.call_in(3, "RINGING").await;
    let closed = [close(shop, 1, "HANG_UP").await, close(shop, 3, "HANG_UP").await];

    for phone in answered {
        let trace = phone.finished().await;
        let id = trace.call_id();
        assert_eq!(trace.received("BYE", &id), 1, "the phone's leg");
        at_the_gateway(sip, "BYE", &id).await;
    }
    for phone in [ringing, ringing_closed] {
        let id = phone.finished().await.call_id();
        at_the_gateway(sip, "CANCEL", &id).await;
    }
    let mut ended = Vec::new();
    for (cabin, state, kind) in [
        (0, "ENDED", "CALL_ENDED"),
        (1, "ENDED", "CALL_ENDED"),
        (2, "FAILED", "CALL_FAILED"),
        (3, "FAILED", "CALL_FAILED"),
        (4, "FAILED", "CALL_FAILED"),
    ] {
        let call = stage.call_in(cabin, state).await;
        assert_eq!(call["endedBy"], "API", "{call}");
        watcher
            .until(kind, |all| {
                kinds(&activities(all), &call).last().is_some_and(|last| last == kind).then_some(())
            })
            .await;
        if state == "ENDED" {
            assert_eq!(call["cause"], "API");
            ended.push(call);
        } else {
            assert_eq!(call["sipCode"], 487);
        }
    }
    stage.check_charges(&ended).await;
    for (closed, calls) in closed.iter().zip([1, 0]) {
        let session = eventually("the session is closed", async || {
            let query = "query($id: ID!) { session(id: $id) { state statement { callsTotal { amount } calls { talkSeconds } } } }";
            let data = shop.attendant.ok(query, json!({ "id": closed["id"] })).await;
            (data["session"]["state"] == "CLOSED").then(|| data["session"].clone())
        })
        .await;
        let statement = &session["statement"];
        assert_eq!(statement["calls"].as_array().map(Vec::len), Some(calls));
        let total = if calls == 1 { micros(&ended[1]["cost"]["amount"]) } else { 0 };
        assert_eq!(micros(&statement["callsTotal"]["amount"]), total);
    }
    check_sequence(&watcher.activities());
    drop(watcher);
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_cuts_at_the_limit() {
    let stage = Stage::set(Backend::Sqlite, 2, &[]).await;
    let (shop, sip, phones) = (&stage.shop, &stage.sip, &stage.phones);
    let limit = json!({ "accountId": shop.id, "maxCallSeconds": 4 });
    shop.reseller.did("updateAccount", "UpdateAccountInput", limit, "callshop { maxCallSeconds }").await;
    shop.open_cabin(0).await;
    let limited = json!({ "cabinId": shop.cabins[1], "timeLimitSeconds": 2 });
    shop.attendant.did("openCabin", "OpenCabinInput", limited, "session { id }").await;
    let talking = Script::call("phone-hungup", "+351988880111", &[]);
    join_all(phones.iter().map(|phone| sip.play(phone, &talking).finished())).await;

    let mut calls = vec![stage.call_in(0, "ENDED").await, stage.call_in(1, "ENDED").await];
    for (call, covered) in calls.iter_mut().zip([4, 2]) {
        let lasted = time(&call["endedAt"]) - time(&call["answeredAt"]);
        let lasted = lasted.num_milliseconds();
        assert!((covered * 1_000..=covered * 1_000 + 1_500).contains(&lasted), "{lasted} ms of {covered} s");
        assert_eq!(json!([call["endedBy"], call["cause"]]), json!(["PROXY", "MAX_DURATION"]));
        assert_eq!(call["elapsedSeconds"], covered);
        // seconds that the proxy grants beyond the covered seconds are not charged
        let answered = time(&call["answeredAt"]);
        call["endedAt"] = json!((answered + Duration::from_secs(covered.unsigned_abs())).to_rfc3339());
    }
    stage.check_charges(&calls).await;
    // the session's time is used up
    sip.play(&phones[1], &Script::refused("+351988880111", "403")).finished().await;
    assert_eq!(stage.call_in(1, "REFUSED").await["refusal"], "TIME_LIMIT");
    stage.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_keeps_events_while_the_api_is_away() {
    let mut stage = Stage::set(Backend::Sqlite, 5, &[]).await;
    stage.open_cabins().await;
    let talking = Script::call("phone-call", "11988880111", &["-d", "6000"]);
    let playing: Vec<_> = stage.phones.iter().map(|phone| stage.sip.play(phone, &talking)).collect();
    for cabin in 0..5 {
        stage.call_in(cabin, "ANSWERED").await;
    }
    let stopped = stage.shop.server.pause().await;
    let early = Script::refused("11988880111", "503");
    let ends = join_all(playing.into_iter().map(tests::sip::Playing::finished)).await;
    assert_eq!(ends.len(), 5);
    // a call that cannot be charged must not ring
    stage.sip.play(&stage.phones[0], &early).finished().await;
    stage.shop.server = stopped.start().await;

    let mut calls = Vec::new();
    for cabin in 0..5 {
        calls.push(stage.call_in(cabin, "ENDED").await);
    }
    assert!(calls.iter().all(|call| (6..=8).contains(&talk_of(call))));
    assert_eq!(stage.calls().await.len(), 5);
    stage.check_charges(&calls).await;
    stage.finish().await;
}

/// The same price of 0.001 per second at every level, so that credit and talk time are equivalent.
async fn a_thousandth_a_second(shop: &Shop) {
    const PRICE: &[Rate] = &[rate("351", 60_000, 0, 1, 1)];
    price(&shop.distributor, &shop.reseller_id, &deck(PRICE), "COST", None).await;
    price(&shop.reseller, &shop.id, &deck(PRICE), "COST", None).await;
    price(&shop.reseller, &shop.id, &deck(PRICE), "RETAIL", None).await;
}

/// Checks that the API ended a call at the end of its covered time, within the allowed delay. Returns the covered seconds.
fn check_cut(call: &Value) -> i64 {
    let lasted = (time(&call["endedAt"]) - time(&call["answeredAt"])).num_milliseconds();
    let covered = call["elapsedSeconds"].as_i64().expect("seconds");
    assert!(
        (covered * 1_000..=covered * 1_000 + 1_500).contains(&lasted),
        "{lasted} ms of {covered} s: {call}"
    );
    assert_eq!(json!([call["endedBy"], call["cause"]]), json!(["PROXY", "MAX_DURATION"]));
    assert_eq!(micros(&call["cost"]["amount"]), covered * 1_000);
    covered
}

/// Three cabins share credit for forty seconds of talk time. Each call ends when its share is used up, both sides receive the end, and the final
/// balance is zero.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_three_cabins_share_forty_seconds() {
    let stage = Stage::set(Backend::Sqlite, 3, &[]).await;
    let (shop, sip, phones) = (&stage.shop, &stage.sip, &stage.phones);
    a_thousandth_a_second(shop).await;
    shop.leave_credit("0.04").await;
    stage.open_cabins().await;
    let talking = Script::call("phone-hungup", "+351988880111", &[]);
    let traces = join_all(phones.iter().map(|phone| sip.play(phone, &talking).finished())).await;
    let mut shared = 0;
    for (cabin, trace) in traces.iter().enumerate() {
        let call = stage.call_in(cabin, "ENDED").await;
        shared += check_cut(&call);
        let id = trace.call_id();
        assert_eq!(trace.received("BYE", &id), 1, "the phone's leg");
        at_the_gateway(sip, "BYE", &id).await;
    }
    assert_eq!((shared, stage.balance("callshop", &shop.id).await), (40, 0));
    sip.play(&phones[0], &Script::refused("+351988880111", "402")).finished().await;
    stage.finish().await;
}

/// A deposit for eight seconds is raised by six seconds during the call, so the call is ended after fourteen seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_deposit_is_raised_during_the_call() {
    let stage = Stage::set(Backend::Sqlite, 1, &[]).await;
    let (shop, sip, phones) = (&stage.shop, &stage.sip, &stage.phones);
    a_thousandth_a_second(shop).await;
    const SECONDS: &[Rate] = &[rate("351", 600_000, 0, 1, 1)];
    price(&shop.reseller, &shop.id, &deck(SECONDS), "RETAIL", None).await;
    let open = json!({ "cabinId": shop.cabins[0], "mode": "PREPAID", "deposit": { "method": "CASH", "amount": "0.08" },
        "idempotencyKey": tests::shop::unique("key") });
    let opened = shop.attendant.did("openCabin", "OpenCabinInput", open, "session { id }").await;
    let talking = sip.play(&phones[0], &Script::call("phone-hungup", "+351988880111", &[]));
    let call = stage.call_in(0, "ANSWERED").await;
    wait_until(time(&call["answeredAt"]) + Duration::from_secs(5)).await;
    let more = json!({ "sessionId": opened["session"]["id"], "amount": "0.06", "method": "CASH", "idempotencyKey": tests::shop::unique("key") });
    shop.attendant.did("addDeposit", "AddDepositInput", more, "session { id }").await;
    let trace = talking.finished().await;
    let call = stage.call_in(0, "ENDED").await;
    let lasted = (time(&call["endedAt"]) - time(&call["answeredAt"])).num_milliseconds();
    assert!((14_000..=15_500).contains(&lasted), "{lasted} ms");
    assert_eq!((call["elapsedSeconds"].as_i64(), micros(&call["cost"]["amount"])), (Some(14), 140_000));
    let id = trace.call_id();
    assert_eq!(trace.received("BYE", &id), 1, "the phone's leg");
    at_the_gateway(sip, "BYE", &id).await;
    sip.play(&phones[0], &Script::refused("+351988880111", "402")).finished().await;
    assert_eq!(stage.call_in(0, "REFUSED").await["refusal"], "DEPOSIT_USED_UP");
    let closed = close(shop, 0, "HANG_UP").await;
    assert_eq!(closed["statement"]["total"]["amount"], "0.14");
    stage.finish().await;
}

/// The proxy is killed during a call, and restores the call from PostgreSQL. The call continues, is hung up by the other side, and is charged
/// for its full duration. The phone need not register again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_killed_mid_call_knows_it_again() {
    let plan = SipPlan::on_postgres().await;
    let mut stage = Stage::on(plan, Backend::Postgres, 1, &[], 1).await;
    stage.open_cabins().await;
    let watcher = Subscriber::start(&stage.shop).await;
    let talking = stage.sip.play(&stage.phones[0], &Script::call("phone-hungup", "11988880809", &[]));
    let call = stage.call_in(0, "ANSWERED").await;
    wait_until(time(&call["answeredAt"]) + Duration::from_secs(3)).await;
    stage.sip.kill_proxy();
    stage.sip.start_proxy(&stage.shop.server, 2).await;
    talking.finished().await;
    let call = stage.call_in(0, "ENDED").await;
    assert_eq!(
        (&call["endedBy"], &call["cause"], &call["estimated"]),
        (&json!("CALLEE"), &json!("BYE"), &json!(false))
    );
    assert!((9..=10).contains(&talk_of(&call)), "{call}");
    stage.check_charges(&[call]).await;
    // the next call needs no registration either
    stage.sip.play(&stage.phones[0], &Script::call("phone-hungup", "11988880801", &[])).finished().await;
    eventually("two calls have ended", async || {
        let calls = stage.calls().await;
        (calls.iter().filter(|call| call["state"] == "ENDED").count() == 2).then_some(())
    })
    .await;
    assert_eq!(count(&watcher.activities(), "PHONE_OFFLINE"), 0);
    drop(watcher);
    stage.finish().await;
}

/// The proxy is killed and starts with an empty database. Its call is closed as of the time when it was last seen. Before that, a call that has
/// ended in the API but not at the proxy is hung up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_without_its_dialogs_loses_calls_and_strays_are_hung_up() {
    let plan = SipPlan::on_postgres().await;
    let mut stage = Stage::on(plan, Backend::Sqlite, 2, &[], 1).await;
    stage.open_cabins().await;
    let lost = stage.sip.play(&stage.phones[0], &Script::call("phone-hungup", "+351988880111", &[]));
    let stray = stage.sip.play(&stage.phones[1], &Script::call("phone-hungup", "+351988880112", &[]));
    let call = stage.call_in(0, "ANSWERED").await;
    let other = stage.call_in(1, "ANSWERED").await;
    // as if the API's database had been restored from a time when the call had ended
    let reference = json!(graphql::scalars::Kind::Call.parse(&text(&other["id"]).into()).expect("an id"));
    let answered = time(&other["answeredAt"]);
    let more = json!({ "by": "caller", "cause": "bye", "answered_ts": tests::shop::micros(answered) });
    let over = tests::shop::event("ended", &reference, answered + Duration::from_secs(1), more);
    assert_eq!(stage.shop.hook().events(&[over]).await, ["applied"]);
    let trace = stray.finished().await;
    let id = trace.call_id();
    assert_eq!(trace.received("BYE", &id), 1, "the phone's leg");
    at_the_gateway(&stage.sip, "BYE", &id).await;
    let ended = stage.call_in(1, "ENDED").await;

    // a call that was just allowed does not count as missing
    wait_until(time(&call["answeredAt"]) + Duration::from_secs(11)).await;
    stage.sip.kill_proxy();
    let killed = Utc::now();
    stage.sip.forget_dialogs().await;
    stage.sip.start_proxy(&stage.shop.server, 2).await;
    let call = stage.call_in(0, "ENDED").await;
    assert_eq!(
        (&call["endedBy"], &call["cause"], &call["estimated"]),
        (&json!("PROXY"), &json!("LOST"), &json!(true))
    );
    let seen = time(&call["endedAt"]);
    assert!(seen < killed && killed - seen < chrono::TimeDelta::seconds(4), "{call}: killed at {killed}");
    stage.check_charges(&[call, ended]).await;
    let closed = close(&stage.shop, 0, "REFUSE").await;
    assert_eq!(closed["state"], "CLOSED");
    drop(lost);
    stage.finish().await;
}

/// During many reconciliations, one phone rings and another calls a gateway that does not respond yet. The proxy lists nulls for both calls. A
/// third call, which the proxy does not have, is still closed, and the first two continue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_ringing_phone_does_not_stop_reconciliation() {
    let settings = [("CS_TRYING_TIMEOUT_MS", "60000"), ("CS_RING_TIMEOUT_MS", "120000")];
    let stage = Stage::on(SipPlan::new(), Backend::Sqlite, 3, &settings, 1).await;
    stage.open_cabins().await;
    let rings = stage.sip.play(&stage.phones[0], &Script::refused("11988880700", "487"));
    let waits = stage.sip.play(&stage.phones[1], &Script::refused("11988880600", "487"));
    let ringing = stage.call_in(0, "RINGING").await;
    stage.call_in(1, "AUTHORIZED").await;
    // allowed, but the proxy died before it had a dialog, for example
    let ask = json!({ "request_id": tests::shop::unique("request"), "user": stage.shop.phones[2].user, "dialed": "11988880111",
        "src": "127.0.0.1:5060", "ts": tests::shop::micros(Utc::now()), "proxy": PROXY, "call_id": "nowhere", "from_tag": "ft" });
    let (status, answer) = stage.shop.hook().post("authorize", &ask).await;
    assert_eq!((status, &answer["allow"]), (200, &json!(true)), "{answer}");
    let answered =
        tests::shop::event("answered", &answer["ref"], Utc::now(), json!({ "proxy": PROXY, "to_tag": "tt" }));
    assert_eq!(stage.shop.hook().events(&[answered]).await, ["applied"]);
    let lost = stage.call_in(2, "ENDED").await;
    assert_eq!((&lost["cause"], &lost["estimated"]), (&json!("LOST"), &json!(true)));
    // both ring through this reconciliation and the following ones
    let compared = async || {
        let row = entity::proxy::Entity::find_by_id(PROXY).one(stage.shop.server.app.store.reader()).await;
        row.expect("the database answers").and_then(|row| row.listed_at)
    };
    let after = Utc::now() + TimeDelta::seconds(2);
    eventually("it is compared again", async || (compared().await > Some(after)).then_some(())).await;
    let (ringing_now, waiting) = (stage.call_in(0, "RINGING").await, stage.call_in(1, "AUTHORIZED").await);
    assert_eq!(ringing_now["id"], ringing["id"]);
    for call in [ringing_now, waiting] {
        stage.hang_up(&call).await;
    }
    rings.finished().await;
    stage.call_in(0, "FAILED").await;
    drop(waits);
    stage.finish().await;
}

async fn wait_until(instant: DateTime<Utc>) {
    tokio::time::sleep((instant - Utc::now()).to_std().unwrap_or_default()).await;
}

/// Number of this proxy's events by path: read from the stream, or posted.
struct Ways {
    streamed: u64,
    posted: u64,
}

impl Stage {
    /// Like [`Self::set`] on PostgreSQL, with events sent through this Redis.
    async fn with_redis(redis: &RedisServer, cabins: usize) -> Self {
        Self::with_redis_at(redis.url(), redis.address().port(), cabins, &[]).await
    }

    async fn with_redis_at(url: String, port: u16, cabins: usize, settings: &[(&str, &str)]) -> Self {
        let plan = SipPlan::new();
        let control = plan.control();
        let server = TestServer::start(Backend::Postgres, |config| {
            config.hook.proxies = vec![proxy(PROXY, control)];
            config.redis.url = Some(url.into());
            config.redis.events_stream = Some("callshop:events".to_owned());
        })
        .await;
        let shop = Shop::on(server, cabins).await;
        price(&shop.distributor, &shop.reseller_id, &deck(WHOLESALE), "COST", None).await;
        price(&shop.reseller, &shop.id, &deck(COST), "COST", None).await;
        price(&shop.reseller, &shop.id, &deck(RETAIL), "RETAIL", None).await;
        shop.open_register().await;
        let port = port.to_string();
        let redis = [("CS_REDIS_HOST", "127.0.0.1"), ("CS_REDIS_PORT", port.as_str())];
        let settings = [&redis[..], settings].concat();
        let sip = plan.start(&shop.server, &settings).await;
        let phones: Vec<Phone> = shop.phones.iter().map(|account| sip.phone(account)).collect();
        join_all(phones.iter().map(|phone| sip.register(phone))).await;
        let stage = Self { shop, sip, phones };
        stage.open_cabins().await;
        stage
    }

    /// Number of stored events by path, once no event is waiting.
    async fn ways(&self) -> Ways {
        let stream = self.shop.server.stream.as_ref().expect("the stream");
        eventually("the stream is drained", async || {
            stream.drained().await.is_ok_and(|empty| empty).then_some(())
        })
        .await;
        let streamed = EventResult::OUTCOMES.iter().map(|outcome| stream.status.events(outcome)).sum::<u64>();
        let stored =
            hook_event::Entity::find().count(self.shop.server.app.store.reader()).await.expect("the events");
        Ways { streamed, posted: stored - streamed.min(stored) }
    }

    /// Makes a phone call and hang up after this many milliseconds.
    fn talk(&self, phone: usize, milliseconds: &str) -> Playing {
        let options = ["-d", milliseconds];
        self.sip.play(&self.phones[phone], &Script::call("phone-call", "11988880111", &options))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_events_go_through_redis_and_around_it() {
    let mut redis = RedisServer::start().await;
    let mut stage = Stage::with_redis(&redis, 3).await;

    // without faults no event is posted
    stage.talk(0, "1500").finished().await;
    stage.call_in(0, "ENDED").await;
    let ways = stage.ways().await;
    assert!(ways.streamed >= 3 + 1 + 4, "three phones, a boot, a call: {}", ways.streamed);
    assert_eq!(ways.posted, 0);

    // Redis stops during a call: SIP does not wait for it, and the end is posted
    let talking = stage.talk(1, "3000");
    stage.call_in(1, "ANSWERED").await;
    redis.stop().await;
    talking.finished().await;
    let ended = stage.call_in(1, "ENDED").await;
    let late = Utc::now() - time(&ended["endedAt"]);
    assert!(late < TimeDelta::seconds(2), "known after {late}");
    // a whole call without Redis
    let begun = Instant::now();
    stage.talk(2, "1000").finished().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "a one-second call took {:?}", begun.elapsed());
    stage.call_in(2, "ENDED").await;
    redis.start_again().await;
    let posted = stage.ways().await.posted;
    assert!(posted >= 5, "the end of one call and all of another: {posted}");

    // the API is down while a call ends: the end waits in Redis, and is charged to the second
    eventually("the proxy writes to Redis again", async || {
        let before = stage.ways().await.streamed;
        stage.sip.register(&stage.phones[0]).await;
        (stage.ways().await.streamed > before).then_some(())
    })
    .await;
    let posted = stage.ways().await.posted;
    let talking =
        stage.sip.play(&stage.phones[0], &Script::call("phone-call", "11988880222", &["-d", "3000"]));
    eventually("the call is answered", async || {
        let calls = stage.calls().await;
        calls.iter().any(|call| call["state"] == "ANSWERED").then_some(())
    })
    .await;
    let streamed = stage.ways().await.streamed;
    let stopped = stage.shop.server.pause().await;
    talking.finished().await;
    let mut connection = redis.connection().await;
    let waiting: u64 =
        ::redis::cmd("XLEN").arg("callshop:events").query_async(&mut connection).await.expect("a length");
    assert_eq!(waiting, 1, "the end of the call must be in the stream");
    stage.shop.server = stopped.start().await;
    let calls = eventually("the end is applied", async || {
        let calls = stage.calls().await;
        calls.iter().all(|call| call["state"] == "ENDED").then_some(calls)
    })
    .await;
    assert_eq!(calls.len(), 4);
    // counters restart with the process
    let stored =
        hook_event::Entity::find().count(stage.shop.server.app.store.reader()).await.expect("the events");
    assert_eq!(stored, streamed + posted + 1, "nothing may have been posted meanwhile");
    for call in &calls {
        let seconds = talk_of(call);
        assert!((1..=4).contains(&seconds), "{call}");
    }
    stage.check_charges(&calls).await;
    println!(
        "{}",
        stage.sip.log().lines().filter(|line| line.contains("edis")).take(6).collect::<Vec<_>>().join("\n")
    );
    stage.finish().await;
}

/// The disk takes 30 ms per write. With the shipped configuration, SIP does not wait for it, and every call has the right duration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_has_workers_enough_for_a_slow_redis() {
    let carried = rush::run(Rush {
        per_second: 80,
        seconds: 5,
        talk: Duration::from_millis(500),
        workers: None,
        redis_delay: Duration::from_millis(15),
    })
    .await;
    println!("{carried}");
    assert_eq!((carried.calls, carried.whole, carried.ended, carried.drops), (400, 400, 400, 0), "{carried}");
    assert!(carried.longest_over < Duration::from_secs(1), "{carried}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_moves_what_waited_to_redis() {
    let mut redis = RedisServer::start().await;
    let mut stage = Stage::with_redis(&redis, 2).await;
    // both are down while calls end: the proxy keeps the ends in memory
    let talking = [stage.talk(0, "3000"), stage.talk(1, "3000")];
    stage.call_in(0, "ANSWERED").await;
    stage.call_in(1, "ANSWERED").await;
    let before = stage.ways().await;
    redis.stop().await;
    let stopped = stage.shop.server.pause().await;
    for phone in talking {
        phone.finished().await;
    }
    redis.start_again().await;
    let mut connection = redis.connection().await;
    eventually("the ends are in Redis", async || {
        let waiting: u64 =
            ::redis::cmd("XLEN").arg("callshop:events").query_async(&mut connection).await.ok()?;
        (waiting > 0).then_some(())
    })
    .await;
    stage.shop.server = stopped.start().await;
    let ends = [stage.call_in(0, "ENDED").await, stage.call_in(1, "ENDED").await];
    let after = stage.ways().await;
    assert_eq!((before.posted, after.streamed), (0, 2), "both ends came through Redis");
    stage.check_charges(&ends).await;
    stage.finish().await;
}

/// A Redis with the shipped configuration and users, plus two users: one for a replica, one for the test.
async fn shipped_redis(options: &[String]) -> RedisServer {
    let deployed =
        |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/redis").join(name);
    RedisServer::with(|dir| {
        let users = std::fs::read_to_string(deployed("users.acl")).expect("users.acl");
        let more = "user replica on >copies resetkeys resetchannels -@all +psync +replconf +ping\nuser test on >tests ~* &* +@all\n";
        let acl = dir.join("users.acl");
        std::fs::write(&acl, users + more).expect("it is written");
        let own = [deployed("redis.conf").display().to_string(), "--aclfile".to_owned(), acl.display().to_string()];
        own.into_iter().chain(options.iter().cloned()).collect()
    })
    .await
}

/// The response to a command of the test's own user.
async fn told<T: ::redis::FromRedisValue>(redis: &RedisServer, command: &str) -> T {
    let client =
        ::redis::Client::open(format!("redis://test:tests@{}", redis.address())).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let mut words = command.split(' ');
    let mut told = ::redis::cmd(words.next().expect("a command"));
    for word in words {
        told.arg(word);
    }
    told.query_async(&mut connection).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_redis_that_dies_takes_no_event_along() {
    let mut first = shipped_redis(&[]).await;
    let primary = first.address().port().to_string();
    let options =
        ["--replicaof", "127.0.0.1", primary.as_str(), "--masteruser", "replica", "--masterauth", "copies"];
    let mut second = shipped_redis(&options.map(str::to_owned)).await;
    eventually("the replica follows", async || {
        told::<String>(&first, "INFO replication").await.contains("state=online").then_some(())
    })
    .await;
    let door = first.door().await;
    let settings = [
        ("CS_REDIS_USER", "proxy"),
        ("CS_REDIS_PASSWORD", "change-me-proxy"),
        ("CS_REDIS_REPLICAS", "1"),
        // the machine may be busy
        ("CS_REDIS_WAIT_MS", "90"),
    ];
    let url = format!("redis://callshop:change-me-api@{}", door.address);
    let mut stage = Stage::with_redis_at(url, door.address.port(), 2, &settings).await;
    // a call ends while the API is down, which takes a while to stop; then the primary dies, and the replica takes over
    let talking = stage.talk(0, "8000");
    stage.call_in(0, "ANSWERED").await;
    stage.ways().await;
    let stopped = stage.shop.server.pause().await;
    talking.finished().await;
    assert_eq!(told::<u64>(&second, "XLEN callshop:events").await, 1, "the end of the call");
    first.kill().await;
    told::<()>(&second, "REPLICAOF NO ONE").await;
    door.lead_to(second.address());
    stage.shop.server = stopped.start().await;
    let copied = stage.call_in(0, "ENDED").await;
    assert_eq!((&copied["cause"], &copied["estimated"]), (&json!("BYE"), &json!(false)));

    // the new primary has no replica: a call ends while the API is down, and the only Redis with its end dies
    let talking = stage.talk(1, "8000");
    stage.call_in(1, "ANSWERED").await;
    stage.ways().await;
    let stopped = stage.shop.server.pause().await;
    talking.finished().await;
    assert!(told::<u64>(&second, "XLEN callshop:events").await > 0, "the end of the call is there, too");
    second.kill().await;
    stage.shop.server = stopped.start().await;
    let posted = stage.call_in(1, "ENDED").await;
    assert_eq!((&posted["cause"], &posted["estimated"]), (&json!("BYE"), &json!(false)));
    stage.check_charges(&[copied, posted]).await;
    assert!(stage.sip.log().contains("Redis lacks a replica"));
    stage.finish().await;
}
