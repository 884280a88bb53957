//! Tests calls while the API is down, and after the proxy lost its memory or its database.

use super::*;

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

/// The proxy's clock is two hours ahead while the API is away, and is set back before the API returns. When the clock is set back, an event that
/// waits for its next delivery attempt must not wait two hours longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_clock_that_is_set_back_delays_no_event() {
    let mut stage = Stage::on(SipPlan::new().with_clock(), Backend::Sqlite, 1, &[], 30).await;
    stage.open_cabins().await;
    let talking = Script::call("phone-call", "11988880111", &["-d", "3000"]);
    let playing = stage.sip.play(&stage.phones[0], &talking);
    stage.call_in(0, "ANSWERED").await;
    let stopped = stage.shop.server.pause().await;
    stage.sip.set_clock(7_200);
    playing.finished().await;
    eventually("a delivery has failed", async || {
        stage.sip.log().contains("events not delivered").then_some(())
    })
    .await;
    stage.sip.set_clock(0);
    stage.shop.server = stopped.start().await;
    // the test's server allows clocks to differ by days, so the server accepts the times; nevertheless, nobody pays for more than the covered time
    let call = stage.call_in(0, "ENDED").await;
    assert_eq!(call["billedSeconds"], 600, "{call}");
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
    // after a call during which the proxy was killed, the phone can make the next call without a new registration
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

/// The proxy is killed and starts with an empty database. The lost call is closed at the time when the proxy last listed it. Earlier in the test, the
/// server hangs up a call that has ended in the API but not at the proxy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_without_its_dialogs_loses_calls_and_strays_are_hung_up() {
    let plan = SipPlan::on_postgres().await;
    let mut stage = Stage::on(plan, Backend::Sqlite, 2, &[], 1).await;
    stage.open_cabins().await;
    let lost = stage.sip.play(&stage.phones[0], &Script::call("phone-hungup", "+351988880111", &[]));
    let stray = stage.sip.play(&stage.phones[1], &Script::call("phone-hungup", "+351988880112", &[]));
    let call = stage.call_in(0, "ANSWERED").await;
    let other = stage.call_in(1, "ANSWERED").await;
    // in the API's database, the call has ended, as after a restore of an old backup
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

/// During many reconciliations, one phone rings and another calls a gateway that does not respond yet. The proxy's listing contains nulls for the two
/// calls. A third call, which the proxy does not know, is still closed, and the first two continue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_ringing_phone_does_not_stop_reconciliation() {
    let settings = [("CS_TRYING_TIMEOUT_MS", "60000"), ("CS_RING_TIMEOUT_MS", "120000")];
    let stage = Stage::on(SipPlan::new(), Backend::Sqlite, 3, &settings, 1).await;
    stage.open_cabins().await;
    let rings = stage.sip.play(&stage.phones[0], &Script::refused("11988880700", "487"));
    let waits = stage.sip.play(&stage.phones[1], &Script::refused("11988880600", "487"));
    let ringing = stage.call_in(0, "RINGING").await;
    stage.call_in(1, "AUTHORIZED").await;
    // the call was allowed, but the proxy has no dialog for it, for example because the proxy died
    let ask = json!({ "request_id": tests::shop::unique("request"), "user": stage.shop.phones[2].user, "dialed": "11988880111",
        "src": "127.0.0.1:5060", "ts": tests::shop::micros(Utc::now()), "proxy": PROXY, "call_id": "nowhere", "from_tag": "ft" });
    let (status, answer) = stage.shop.hook().post("authorize", &ask).await;
    assert_eq!((status, &answer["allow"]), (200, &json!(true)), "{answer}");
    let answered =
        tests::shop::event("answered", &answer["ref"], Utc::now(), json!({ "proxy": PROXY, "to_tag": "tt" }));
    assert_eq!(stage.shop.hook().events(&[answered]).await, ["applied"]);
    let lost = stage.call_in(2, "ENDED").await;
    assert_eq!((&lost["cause"], &lost["estimated"]), (&json!("LOST"), &json!(true)));
    // both phones ring during this reconciliation and the following reconciliations
    let compared = async || {
        let row = entity::proxy::Entity::find_by_id(PROXY).one(stage.shop.server.app.store.reader()).await;
        row.expect("the database answers").and_then(|row| row.listed_at)
    };
    let after = Utc::now() + TimeDelta::seconds(2);
    eventually("the proxy is reconciled again", async || (compared().await > Some(after)).then_some(()))
        .await;
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
