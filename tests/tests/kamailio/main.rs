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
mod events;
mod limits;
mod recovery;
mod refusals;
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

/// Prices that are not multiples of a cent or a tenth of a cent, billed by the second so that the cost rises every second.
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

/// The billed seconds and the cost of a call of `seconds` to a number. The function uses the longest prefix and whole increments, and rounds once to
/// a hundred micros, half up.
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

/// A shop with an open register and the prices of `RETAIL`. The shop's phones use a real proxy.
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

    /// Waits until the only call of a cabin is in `state`, and returns the call.
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

    /// Checks every level of ended calls, and the changes to the balances. Returns the customers' total.
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

/// Seconds of talk, computed from the call's own times.
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

/// Makes each phone's three calls, one after another. The calls last 3 to 6 seconds and go to Portugal, Brazil, São Paulo and the United States in
/// turn.
async fn three_calls(stage: &Stage, index: usize) {
    const PREFIXES: [&str; 4] = ["+351988", "+5521988", "11988", "+12122"];
    for round in 0..3 {
        let (prefix, line) = (PREFIXES[(index + round) % PREFIXES.len()], 100 + index * 3 + round);
        // the callee ends every fifth call
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
    // the API learns of the end a moment later; until then, the cost of the call rises
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
    eventually("ten phones are online", async || {
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
        .until("ten cabins are closed", |all| (count(&activities(all), "CABIN_CLOSED") == 10).then_some(()))
        .await;
    check_sequence(&watcher.activities());
    drop(watcher);
    stage.finish().await;
});

/// Waits until the gateway receives a request with this method in the call.
async fn at_the_gateway(sip: &Sip, method: &str, call_id: &str) {
    let received = eventually(&format!("the gateway receives {method}"), async || {
        let received = sip.gateway_trace().received(method, call_id);
        (received > 0).then_some(received)
    })
    .await;
    assert_eq!(received, 1, "the gateway receives {method}");
}

/// The same price of 0.001 per second at every level, so that credit and talk time are equivalent.
async fn a_thousandth_a_second(shop: &Shop) {
    const PRICE: &[Rate] = &[rate("351", 60_000, 0, 1, 1)];
    price(&shop.distributor, &shop.reseller_id, &deck(PRICE), "COST", None).await;
    price(&shop.reseller, &shop.id, &deck(PRICE), "COST", None).await;
    price(&shop.reseller, &shop.id, &deck(PRICE), "RETAIL", None).await;
}

async fn wait_until(instant: DateTime<Utc>) {
    tokio::time::sleep((instant - Utc::now()).to_std().unwrap_or_default()).await;
}

/// Number of the proxy's events that nodes read from the stream, and number of events that the proxy posted.
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

    /// Lets a phone make a call and hang up after this many milliseconds.
    fn talk(&self, phone: usize, milliseconds: &str) -> Playing {
        let options = ["-d", milliseconds];
        self.sip.play(&self.phones[phone], &Script::call("phone-call", "11988880111", &options))
    }
}
