//! Tests calls that the gateway, the API or the proxy refuses, and phones that immediately call again.

use super::*;

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
    // for each cabin, the table lists the phone's scenario, the expected record, and the expected activity events
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

    // a phone with the right password is still served, and goes offline when it unregisters
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
    // one phone may call; the other phone's cabin is closed
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
    eventually("the refusal has the code that the phone got", async || {
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

/// A phone calls again immediately while no node reads the stream of events. The authorization request carries the end of the previous call.
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
