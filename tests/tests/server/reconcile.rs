//! Tests the reconciliation of calls and phones with the proxies' lists. Lost calls are closed at the time when they were last listed, and unknown
//! dialogs are hung up. A call is closed, or a dialog hung up, only after two lists agree.

mod phones;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use app::sip_proxies::{EventQueue, StuckEntry};
use billing::rating::talk_seconds;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{ActivityKind, CallState, EndCause, activity, call, call_sighting, proxy as proxies};
use graphql::scalars::Kind;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};
use store::ledger;
use tests::proxy::{Lists, dialog};
use tests::shop::{event, micros, text, unique};
use tests::sip::eventually;
use tests::{Backend, FakeProxy, Mood, Shop, TestServer, on_both};
use uuid::Uuid;

/// A phone number whose calls cost the customer 0.001 per second, and cost the shop two thirds of that.
const NUMBER: &str = "+13055550123";
/// The name of the proxy in the tests' hook requests.
const PROXY: &str = "test";

/// A shop with open cabins, and the shop's proxy. At first, the lists of the proxy are empty.
struct Stage {
    shop: Shop,
    proxy: FakeProxy,
    lists: Lists,
    sessions: Vec<String>,
}

impl Stage {
    async fn set(backend: Backend, cabins: usize) -> Self {
        let proxy = FakeProxy::start().await;
        let server = TestServer::start(backend, |config| {
            config.hook.proxies = vec![tests::server::proxy(PROXY, proxy.address)];
        })
        .await;
        Self::on(server, proxy, cabins).await
    }

    /// Like [`Self::set`], but the server also receives events from a queue.
    async fn set_with_queue(backend: Backend, cabins: usize, queue: Arc<dyn EventQueue>) -> Self {
        let proxy = FakeProxy::start().await;
        let server = TestServer::start_with_queue(backend, queue, |config| {
            config.hook.proxies = vec![tests::server::proxy(PROXY, proxy.address)];
        })
        .await;
        Self::on(server, proxy, cabins).await
    }

    async fn on(server: TestServer, proxy: FakeProxy, cabins: usize) -> Self {
        let lists = Lists::nothing(server.time().clone());
        let shop = Shop::on(server, cabins).await;
        shop.open_register().await;
        let mut sessions = Vec::new();
        for cabin in 0..cabins {
            sessions.push(shop.open_cabin(cabin).await);
        }
        Self { shop, proxy, lists, sessions }
    }

    fn now(&self) -> DateTime<Utc> {
        self.shop.server.time().now()
    }

    /// Changes the proxy's lists.
    fn lists(&mut self, change: impl FnOnce(&mut Lists)) {
        change(&mut self.lists);
        self.proxy.list(self.lists.clone());
    }

    async fn row(&self) -> Option<proxies::Model> {
        let conn = self.shop.server.app.store.reader();
        proxies::Entity::find_by_id(PROXY).one(conn).await.expect("the database answers")
    }

    /// Moves the clock by half a minute, and waits for one complete reconciliation.
    async fn round(&self) {
        // a reconciliation that was already running when the clock moved does not count
        let before = self.now() + TimeDelta::seconds(30);
        self.shop.server.time().pass(TimeDelta::seconds(31));
        self.compared_after(Some(before)).await;
    }

    async fn compared_after(&self, before: Option<DateTime<Utc>>) {
        eventually("a comparison", async || {
            let row = self.row().await?;
            (row.listed_at > before && row.lease_until.is_none()).then_some(())
        })
        .await;
    }

    /// Makes a call from a cabin; the call is answered now. Returns the call's ref and the time of the answer.
    async fn talking(&self, cabin: usize) -> (Value, DateTime<Utc>) {
        let reference = self.allowed(cabin).await;
        let answered = self.now();
        let told = event("answered", &reference, answered, json!({ "to_tag": "tt" }));
        assert_eq!(self.shop.hook().events(&[told]).await, ["applied"]);
        (reference, answered)
    }

    async fn allowed(&self, cabin: usize) -> Value {
        let answer = self.shop.hook().authorize(&self.shop.phones[cabin].user, NUMBER).await;
        assert_eq!(answer["allow"], json!(true), "{answer}");
        answer["ref"].clone()
    }

    async fn call(&self, reference: &Value) -> call::Model {
        let id: Uuid = text(reference).parse().expect("a ref");
        let found = call::Entity::find_by_id(id).one(self.shop.server.app.store.reader()).await;
        found.expect("the database answers").expect("the call")
    }

    async fn sighting(&self, reference: &Value) -> Option<call_sighting::Model> {
        let id: Uuid = text(reference).parse().expect("a ref");
        let found = call_sighting::Entity::find_by_id(id).one(self.shop.server.app.store.reader()).await;
        found.expect("the database answers")
    }

    /// The shop's credit balance, and the amount that live calls hold.
    async fn credit(&self) -> (i64, i64) {
        let id = Kind::Callshop.parse(&self.shop.id.clone().into()).expect("an id");
        let credit = ledger::credit(self.shop.server.app.store.reader(), &[id]).await.expect("credit");
        (credit[&id].balance.0, credit[&id].held.0)
    }

    async fn activities(&self, kind: ActivityKind) -> Vec<activity::Model> {
        let query = activity::Entity::find().filter(activity::Column::Kind.eq(kind));
        let query = query.order_by_asc(activity::Column::Seq);
        query.all(self.shop.server.app.store.reader()).await.expect("the database answers")
    }

    async fn session(&self, index: usize) -> Value {
        let query = "query($id: ID!) { session(id: $id) { state statement { callsTotal { amount } } } }";
        self.shop.attendant.ok(query, json!({ "id": self.sessions[index] })).await["session"].take()
    }

    /// The texts of the platform's problems, by kind.
    async fn problems(&self) -> BTreeMap<String, String> {
        let query = "{ viewer { account { id } } }";
        let platform = self.shop.admin.ok(query, json!({})).await["viewer"]["account"]["id"].take();
        let query = "query($a: ID!) { problems(accountId: $a) { kind problems { text } } }";
        let groups = self.shop.admin.ok(query, json!({ "a": platform })).await["problems"].take();
        let groups = groups.as_array().expect("groups").clone();
        groups.iter().map(|group| (text(&group["kind"]), text(&group["problems"][0]["text"]))).collect()
    }

    async fn finish(self) {
        self.shop.finish().await;
    }
}

fn end(reference: &Value, answered: DateTime<Utc>, talk_ms: i64) -> Value {
    let more = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(answered), "to_tag": "tt" });
    event("ended", reference, answered + TimeDelta::milliseconds(talk_ms), more)
}

on_both!(a_lost_call_is_charged_to_the_last_second_seen, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 3).await;
    let (first, answered) = stage.talking(0).await;
    let (second, answered_too) = stage.talking(1).await;
    let ringing = stage.allowed(2).await;
    let both =
        vec![dialog(&first, Some(answered)), dialog(&second, Some(answered_too)), dialog(&ringing, None)];
    stage.lists(|lists| lists.dialogs = both);
    stage.round().await;
    let seen = stage.sighting(&first).await.expect("the call has a sighting").seen_at.expect("an instant");
    assert!(seen - answered > TimeDelta::seconds(31));
    // the proxy loses two of the calls
    stage.lists(|lists| lists.dialogs.retain(|dialog| dialog["variables"][0]["ref"] == second));
    stage.round().await;
    for reference in [&first, &second, &ringing] {
        assert!(stage.call(reference).await.state != CallState::Ended, "one listing must not end a call");
    }
    assert!(stage.sighting(&first).await.expect("the call has a sighting").missed_at.is_some());
    stage.round().await;
    let row = stage.call(&first).await;
    let talked = i32::try_from(talk_seconds(answered, seen)).expect("a short call");
    assert_eq!((row.state, row.ended_at, row.talk_seconds), (CallState::Ended, Some(seen), talked));
    assert_eq!(
        (row.estimated, row.cause, row.charge.0),
        (true, Some(EndCause::Lost), i64::from(talked) * 1_000)
    );
    let failed = stage.call(&ringing).await;
    assert_eq!((failed.state, failed.estimated, failed.charge.0), (CallState::Failed, true, 0));
    assert_eq!(failed.holds, json!([]));
    assert_eq!(stage.call(&second).await.state, CallState::Answered);
    let ended = stage.activities(ActivityKind::CallEnded).await;
    assert_eq!(ended.iter().map(|one| one.call_id).collect::<Vec<_>>(), [Some(row.id)]);
    assert_eq!(stage.activities(ActivityKind::CallFailed).await.len(), 1);
    let counted =
        reqwest::get(format!("http://{}/metrics", stage.shop.server.hook)).await.expect("an answer");
    let counted = counted.text().await.expect("text");
    assert!(counted.contains("callshop_calls_lost_total 2\n"), "{counted}");
    let query = "query($a: ID!) { problems(accountId: $a) { kind problems { objectId } } }";
    let problems = stage.shop.owner.ok(query, json!({ "a": stage.shop.id })).await["problems"].take();
    let estimated =
        problems.as_array().expect("groups").iter().find(|group| group["kind"] == "END_ESTIMATED");
    assert_eq!(estimated.expect("both calls are problems")["problems"].as_array().map(Vec::len), Some(2));
    // when a call has ended, its row in `call_sighting` is deleted
    stage.round().await;
    assert_eq!((stage.sighting(&first).await, stage.sighting(&ringing).await), (None, None));
    // the true end of the call arrives late
    let before = stage.credit().await.0;
    let truth = end(&first, answered, 45_000);
    assert_eq!(stage.shop.hook().events(&[truth]).await, ["applied"]);
    let row = stage.call(&first).await;
    assert_eq!((row.estimated, row.charge.0, row.talk_seconds), (false, 45_000, 45));
    assert!(stage.credit().await.0 < before);
    let refused = event("failed", &ringing, stage.now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(stage.shop.hook().events(&[refused]).await, ["applied"]);
    let failed = stage.call(&ringing).await;
    assert_eq!((failed.estimated, failed.sip_code), (false, Some(486)));
    assert_eq!(stage.shop.hook().events(&[end(&second, answered_too, 120_000)]).await, ["applied"]);
    stage.finish().await;
});

on_both!(an_odd_entry_never_voids_a_listing, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 4).await;
    let ringing = stage.allowed(0).await;
    let (odd, answered) = stage.talking(1).await;
    let (lost, _) = stage.talking(2).await;
    let (hidden, _) = stage.talking(3).await;
    let phones: Vec<String> = stage.shop.phones.iter().map(|phone| phone.user.clone()).collect();
    // the list has a ringing phone in Kamailio's form, a live call that is identified only by its Call-ID, and an entry that is not a dialog
    let mut rings = dialog(&ringing, None);
    rings["callee"] =
        json!({ "tag": null, "contact": null, "cseq": null, "route_set": null, "socket": null });
    let by_call_id = |call: &call::Model| json!({ "call-id": call.sip_call_id, "state": "?", "caller": { "tag": null }, "callee": null, "variables": null });
    let entries = vec![rings, by_call_id(&stage.call(&odd).await), dialog(&hidden, None), json!(7)];
    stage.lists(|lists| (lists.dialogs, lists.phones) = (entries, vec![phones[0].clone()]));
    for _ in 0..3 {
        stage.round().await;
    }
    // an unidentifiable entry could belong to any call, so no call is closed; the rest of the comparison continues
    for reference in [&ringing, &odd, &lost, &hidden] {
        assert!(stage.call(reference).await.state != CallState::Ended, "{reference}");
    }
    assert!(stage.sighting(&lost).await.is_none_or(|row| row.missed_at.is_none()));
    for reference in [&ringing, &odd, &hidden] {
        let seen = stage.sighting(reference).await.expect("the call has a sighting");
        assert!(seen.seen_at > Some(answered), "{reference}");
    }
    let online = async |stage: &Stage| {
        let query = "query($id: ID!) { phones(callshopId: $id, first: 10) { nodes { online } } }";
        let data = stage.shop.attendant.ok(query, json!({ "id": stage.shop.id })).await;
        data["phones"]["nodes"][0]["online"] == true
    };
    assert!(online(&stage).await);
    let metrics =
        reqwest::get(format!("http://{}/metrics", stage.shop.server.hook)).await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("\ncallshop_proxy_odd_entries{proxy=\"test\"} 2\n"), "{metrics}");
    // once the unidentifiable entry is gone, the missing call counts as lost; the call with the unusual entry stays, as does a phone with an unusual
    // entry
    stage.lists(|lists| {
        lists.dialogs.pop();
        lists.odd_phones = std::mem::take(&mut lists.phones);
    });
    stage.round().await;
    stage.round().await;
    let row = stage.call(&lost).await;
    assert_eq!((row.state, row.cause), (CallState::Ended, Some(EndCause::Lost)));
    assert_eq!(stage.call(&ringing).await.state, CallState::Authorized);
    for reference in [&odd, &hidden] {
        assert_eq!(stage.call(reference).await.state, CallState::Answered);
    }
    assert!(online(&stage).await, "a phone with an odd entry must stay online");
    stage.lists(|lists| lists.odd_phones.clear());
    stage.round().await;
    assert!(!online(&stage).await);
    assert_eq!(
        stage.proxy.told("/call/hangup"),
        Vec::<Value>::new(),
        "no dialog with an odd entry may be hung up"
    );
    for reference in [&odd, &hidden] {
        assert_eq!(stage.shop.hook().events(&[end(reference, answered, 200_000)]).await, ["applied"]);
    }
    stage.finish().await;
});

on_both!(a_lost_call_is_never_charged_beyond_what_is_covered, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 1).await;
    stage.shop.leave_credit("0.0067").await;
    let (reference, answered) = stage.talking(0).await;
    stage.lists(|lists| lists.dialogs = vec![dialog(&reference, Some(answered))]);
    stage.round().await;
    stage.lists(|lists| lists.dialogs.clear());
    stage.round().await;
    stage.round().await;
    let row = stage.call(&reference).await;
    assert_eq!((row.estimated, row.talk_seconds), (true, row.covered));
    assert!(row.covered <= 10, "the shop has credit for ten seconds: {row:?}");
    assert_eq!(row.charge.0, i64::from(row.covered) * 1_000);
    let credit = stage.credit().await;
    assert!(credit.0 >= 0 && credit.1 == 0, "{credit:?}");
    stage.finish().await;
});

on_both!(nothing_is_lost_while_an_event_waits, |backend: Backend| async move {
    /// A fake stream of events.
    struct Stream(AtomicBool);
    #[async_trait::async_trait]
    impl EventQueue for Stream {
        async fn drained(&self, proxy: &str) -> base::error::Result<bool> {
            assert_eq!(proxy, PROXY);
            Ok(self.0.load(Ordering::Relaxed))
        }

        fn stuck(&self) -> Vec<StuckEntry> {
            Vec::new()
        }
    }
    let stream = Arc::new(Stream(AtomicBool::new(true)));
    let mut stage = Stage::set_with_queue(backend, 2, stream.clone()).await;
    let (ended, answered) = stage.talking(0).await;
    let (lost, _) = stage.talking(1).await;
    // the proxy lists neither call anymore; the end of one of them waits in the proxy's queue
    stage.lists(|lists| lists.waiting = 1);
    for _ in 0..3 {
        stage.round().await;
    }
    let told = reqwest::get(format!("http://{}/metrics", stage.shop.server.hook)).await.expect("an answer");
    let told = told.text().await.expect("text");
    assert!(told.contains("\ncallshop_proxy_waiting_events{proxy=\"test\"} 1\n"), "{told}");
    // then, the end of the call waits in the stream
    stream.0.store(false, Ordering::Relaxed);
    stage.lists(|lists| lists.waiting = 0);
    for _ in 0..3 {
        stage.round().await;
    }
    assert!(stage.sighting(&lost).await.is_none_or(|row| row.missed_at.is_none()));
    for reference in [&ended, &lost] {
        assert_eq!(stage.call(reference).await.state, CallState::Answered);
    }
    assert_eq!(stage.shop.hook().events(&[end(&ended, answered, 5_000)]).await, ["applied"]);
    stream.0.store(true, Ordering::Relaxed);
    stage.round().await;
    stage.round().await;
    let row = stage.call(&ended).await;
    assert_eq!((row.estimated, row.talk_seconds), (false, 5));
    let row = stage.call(&lost).await;
    assert_eq!(
        (row.estimated, row.talk_seconds, row.charge.0),
        (true, 1, 1_000),
        "the call was never listed after its answer"
    );
    stage.finish().await;
});

on_both!(an_api_that_was_down_finds_out_what_happened, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 3).await;
    let (up, answered_up) = stage.talking(0).await;
    let (ended, answered) = stage.talking(1).await;
    let (lost, answered_lost) = stage.talking(2).await;
    let all = vec![
        dialog(&up, Some(answered_up)),
        dialog(&ended, Some(answered)),
        dialog(&lost, Some(answered_lost)),
    ];
    stage.lists(|lists| lists.dialogs = all);
    stage.round().await;
    let seen = stage.sighting(&lost).await.expect("the call has a sighting").seen_at.expect("an instant");
    let stopped = stage.shop.server.pause().await;
    // meanwhile, one call ended, and the proxy still has the event; the other call is lost
    stage.lists.dialogs.retain(|dialog| dialog["variables"][0]["ref"] == up);
    stage.lists.waiting = 1;
    stage.proxy.list(stage.lists.clone());
    stage.shop.server = stopped.start().await;
    stage.round().await;
    stage.round().await;
    assert_eq!(
        stage.call(&ended).await.state,
        CallState::Answered,
        "the end of the call is still in the queue"
    );
    assert_eq!(stage.shop.hook().events(&[end(&ended, answered, 40_000)]).await, ["applied"]);
    stage.lists(|lists| lists.waiting = 0);
    stage.round().await;
    stage.round().await;
    let row = stage.call(&ended).await;
    assert_eq!((row.estimated, row.talk_seconds), (false, 40));
    let row = stage.call(&lost).await;
    assert_eq!((row.estimated, row.ended_at), (true, Some(seen)));
    assert_eq!(stage.call(&up).await.state, CallState::Answered);
    assert_eq!(stage.shop.hook().events(&[end(&up, answered_up, 200_000)]).await, ["applied"]);
    stage.finish().await;
});

on_both!(a_session_that_waits_for_a_lost_call_becomes_final, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 1).await;
    let deposit = json!({ "cabinId": stage.shop.cabins[0], "mode": "PREPAID", "deposit": { "method": "CASH", "amount": "0.05" },
        "idempotencyKey": unique("key") });
    stage.shop.close_cabin(0).await;
    let opened = stage.shop.attendant.did("openCabin", "OpenCabinInput", deposit, "session { id }").await;
    stage.sessions = vec![text(&opened["session"]["id"])];
    let (reference, answered) = stage.talking(0).await;
    stage.lists(|lists| lists.dialogs = vec![dialog(&reference, Some(answered))]);
    stage.round().await;
    let seen =
        stage.sighting(&reference).await.expect("the call has a sighting").seen_at.expect("an instant");
    let closing = json!({ "cabinId": stage.shop.cabins[0] });
    stage.shop.attendant.did("closeCabin", "CloseCabinInput", closing, "session { id }").await;
    assert_eq!(stage.session(0).await["state"], "CLOSING");
    stage.lists(|lists| lists.dialogs.clear());
    stage.round().await;
    assert_eq!(stage.session(0).await["state"], "CLOSING");
    stage.round().await;
    let row = stage.call(&reference).await;
    let talked = i32::try_from(talk_seconds(answered, seen)).expect("a short call").min(row.covered);
    assert_eq!((row.estimated, row.talk_seconds), (true, talked));
    assert!(row.charge.0 <= 50_000, "the charge must not exceed the deposit: {row:?}");
    let session = stage.session(0).await;
    assert_eq!(session["state"], "CLOSED");
    // the bill was paid before the true end was known, so the bill stays, but the accounts pay for the actual talk
    let settle = json!({ "sessionId": stage.sessions[0], "payments": [], "idempotencyKey": unique("key") });
    stage.shop.attendant.did("settleSession", "SettleSessionInput", settle, "session { id }").await;
    let before = stage.credit().await.0;
    assert_eq!(stage.shop.hook().events(&[end(&reference, answered, 20_000)]).await, ["applied"]);
    let corrected = stage.call(&reference).await;
    assert_eq!((corrected.estimated, corrected.charge), (false, row.charge));
    assert_eq!(stage.session(0).await["statement"], session["statement"]);
    assert!(stage.credit().await.0 > before, "the shop must get its overpayment back");
    stage.finish().await;
});

on_both!(six_unknown_dialogs_raise_an_alarm_and_one_is_hung_up, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 1).await;
    let (reference, answered) = stage.talking(0).await;
    let known = dialog(&reference, Some(answered));
    let stray = |number: i64| dialog(&json!(format!("stray {number}")), Some(answered));
    let strays = |count: i64| (0..count).map(stray).chain([known.clone()]).collect();
    for (count, alarm) in [(6, false), (6, true), (5, true), (5, true)] {
        stage.lists(|lists| lists.dialogs = strays(count));
        stage.round().await;
        assert_eq!(stage.row().await.expect("the proxy").alarm_since.is_some(), alarm, "{count}");
        let told = &stage.problems().await["DIALOGS_UNKNOWN"];
        assert_eq!(told.contains("too many to hang up"), alarm, "{told}");
    }
    stage.lists(|lists| lists.dialogs = strays(0));
    stage.round().await;
    assert!(!stage.problems().await.contains_key("DIALOGS_UNKNOWN"));
    assert_eq!(stage.proxy.told("/call/hangup"), Vec::<Value>::new());
    stage.lists(|lists| lists.dialogs = strays(1));
    stage.round().await;
    assert_eq!(
        stage.proxy.told("/call/hangup"),
        Vec::<Value>::new(),
        "the dialog's call may not be stored yet"
    );
    stage.round().await;
    let told = stage.proxy.told("/call/hangup");
    assert_eq!(
        told,
        [json!({ "call_id": stray(0)["call-id"], "from_tag": "ft", "to_tag": "tt", "cause": "api" })]
    );
    // emergency calls are not hung up, even if they are unknown, because the proxy may have allowed them while the API was down
    let spared = |number: i64| {
        let mut spared = stray(number);
        spared["variables"].as_array_mut().expect("variables").push(json!({ "emergency": "proxy" }));
        spared
    };
    stage.lists(|lists| lists.dialogs = (10..17).map(spared).chain([known.clone()]).collect());
    for _ in 0..3 {
        stage.round().await;
    }
    assert!(!stage.problems().await.contains_key("DIALOGS_UNKNOWN"));
    assert_eq!(stage.proxy.told("/call/hangup").len(), 1);
    // a call that has ended but continues at the proxy is not charged, so its dialog also counts as unknown
    assert_eq!(stage.shop.hook().events(&[end(&reference, answered, 300_000)]).await, ["applied"]);
    stage.lists(|lists| lists.dialogs = strays(0));
    stage.round().await;
    stage.round().await;
    assert_eq!(stage.proxy.told("/call/hangup").last().expect("a command")["call_id"], known["call-id"]);
    stage.finish().await;
});

on_both!(one_node_compares_at_a_time, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 1).await;
    stage.lists(|_| {});
    stage.round().await;
    let other = stage.shop.server.another_node().await;
    stage.round().await;
    let listings = || stage.proxy.told("/RPC").iter().filter(|body| body["method"] == "dlg.list").count();
    let before = listings();
    for _ in 0..4 {
        stage.round().await;
    }
    // the start of the other node triggers one more comparison
    assert!((4..=5).contains(&(listings() - before)), "{}", listings() - before);
    // a node has died during a reconciliation
    let conn = stage.shop.server.app.store.reader();
    let until = stage.now() + TimeDelta::seconds(45);
    proxies::Entity::update_many()
        .col_expr(proxies::Column::LeaseHolder, Expr::value(Uuid::now_v7()))
        .col_expr(proxies::Column::LeaseUntil, Expr::value(until))
        .exec(conn)
        .await
        .expect("a lease");
    let before = listings();
    stage.shop.server.time().pass(TimeDelta::seconds(40));
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(listings(), before, "no other node may reconcile until the lease expires");
    stage.round().await;
    assert!(listings() > before);
    // a stopping node releases its lease, and the remaining node continues
    other.stop().await;
    stage.round().await;
    stage.finish().await;
});

on_both!(the_proxy_is_asked_when_it_starts_and_when_it_does_not_know_a_call, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 1).await;
    stage.lists(|_| {});
    stage.round().await;
    let reference = stage.allowed(0).await;
    let rang = event("ringing", &reference, stage.now(), json!({ "to_tag": "tt" }));
    assert_eq!(stage.shop.hook().events(&[rang]).await, ["applied"]);
    // the call was answered, but the proxy was killed before it reported the answer; the dialog has been restored
    let answered = stage.now();
    stage.lists(|lists| {
        lists.dialogs = vec![dialog(&reference, Some(answered))];
        lists.boot_id = "second".to_owned();
    });
    let before = stage.row().await.and_then(|row| row.listed_at);
    assert_eq!(
        stage.shop.hook().events(&[event("boot", &Value::Null, stage.now(), json!({}))]).await,
        ["applied"]
    );
    stage.compared_after(before).await;
    let row = stage.call(&reference).await;
    assert_eq!((row.state, row.answered_at), (CallState::Answered, Some(micros_of(answered))));
    assert_eq!(stage.activities(ActivityKind::CallAnswered).await.len(), 1);
    // later, the dialog is gone, and the shop asks to hang up the call
    stage.shop.server.time().pass(TimeDelta::seconds(11));
    stage.lists(|lists| lists.dialogs.clear());
    stage.proxy.be(Mood::KnowsNothing);
    let before = stage.row().await.and_then(|row| row.listed_at);
    let hang_up = "mutation($id: ID!) { hangUpCall(input: { callId: $id }) { call { id } userErrors { code message } } }";
    let said = stage.shop.attendant.ok(hang_up, json!({ "id": Kind::Call.id(row.id) })).await;
    let error = &said["hangUpCall"]["userErrors"][0];
    assert_eq!(error["code"], "ILLEGAL_STATE", "{said}");
    assert!(text(&error["message"]).contains("does not know the call"), "{error}");
    stage.compared_after(before).await;
    assert!(stage.sighting(&reference).await.expect("the call has a sighting").missed_at.is_some());
    stage.round().await;
    assert_eq!(stage.call(&reference).await.cause, Some(EndCause::Lost));
    stage.finish().await;
});

/// The time, cut to the precision of the databases (microseconds).
fn micros_of(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).expect("an instant")
}

on_both!(a_proxy_that_does_not_answer_is_a_problem_and_nothing_else, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 1).await;
    let (reference, answered) = stage.talking(0).await;
    stage.lists.dialogs = vec![dialog(&reference, Some(answered))];
    // the first attempt runs when the node starts, and the proxy does not respond yet
    eventually("a first attempt", async || stage.row().await.filter(|row| row.lease_until.is_none())).await;
    assert!(stage.problems().await["PROXY_SILENT"].contains("\"test\""));
    stage.lists(|_| {});
    stage.round().await;
    assert!(!stage.problems().await.contains_key("PROXY_SILENT"));
    stage.proxy.silence();
    stage.shop.server.time().pass(TimeDelta::minutes(6));
    assert!(stage.problems().await["PROXY_SILENT"].contains("\"test\""));
    assert_eq!(stage.call(&reference).await.state, CallState::Answered);
    assert_eq!(stage.shop.hook().events(&[end(&reference, answered, 300_000)]).await, ["applied"]);
    stage.finish().await;
});
