//! Tests calls that end because of a user, the proxy's limit, or a lack of credit.

use super::*;

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

    // hang up an answered call and a ringing call, one at a time
    stage.hang_up(&stage.call_in(0, "ANSWERED").await).await;
    stage.hang_up(&stage.call_in(2, "RINGING").await).await;
    // then hang up an answered call and a ringing call by closing their cabins
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
        assert!(
            (covered * 1_000..=covered * 1_000 + 1_500).contains(&lasted),
            "the call lasted {lasted} ms of {covered} s"
        );
        assert_eq!(json!([call["endedBy"], call["cause"]]), json!(["PROXY", "MAX_DURATION"]));
        assert_eq!(call["elapsedSeconds"], covered);
        // the seconds that the proxy allows beyond the covered time are not charged
        let answered = time(&call["answeredAt"]);
        call["endedAt"] = json!((answered + Duration::from_secs(covered.unsigned_abs())).to_rfc3339());
    }
    stage.check_charges(&calls).await;
    // the session's time is used up
    sip.play(&phones[1], &Script::refused("+351988880111", "403")).finished().await;
    assert_eq!(stage.call_in(1, "REFUSED").await["refusal"], "TIME_LIMIT");
    stage.finish().await;
}

/// Checks that the API ended a call at the end of its covered time, within the allowed delay. Returns the number of covered seconds.
fn check_cut(call: &Value) -> i64 {
    let lasted = (time(&call["endedAt"]) - time(&call["answeredAt"])).num_milliseconds();
    let covered = call["elapsedSeconds"].as_i64().expect("seconds");
    assert!(
        (covered * 1_000..=covered * 1_000 + 1_500).contains(&lasted),
        "the call lasted {lasted} ms of {covered} s: {call}"
    );
    assert_eq!(json!([call["endedBy"], call["cause"]]), json!(["PROXY", "MAX_DURATION"]));
    assert_eq!(micros(&call["cost"]["amount"]), covered * 1_000);
    covered
}

/// Three cabins share credit for forty seconds of talk time. Each call ends when its share is used up, both sides learn that the call has ended, and
/// the final balance is zero.
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

/// At first, the deposit pays for eight seconds. During the call, a second deposit pays for six more seconds, so the call is ended after fourteen
/// seconds.
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
