//! Tests that calls to emergency numbers go out while the API is down, from a blocked phone, and through a restarted proxy.

use graphql::scalars::Kind;
use store::activity;
use tests::shop::SipAccount;

use super::*;

impl Stage {
    async fn block(&self, phone: usize) {
        let input = json!({ "phoneId": self.shop.phones[phone].id });
        self.shop.reseller.did("blockPhone", "PhoneIdInput", input, "phone { id }").await;
    }

    /// Waits until the proxy has stored whether this phone is blocked.
    async fn kept(&self, phone: usize, blocked: bool) {
        let user = &self.shop.phones[phone].user;
        eventually("the proxy has stored the phone's data", async || {
            let record = self.sip.kept(user).await?;
            let parts: Vec<&str> = record.split('|').collect();
            assert!(parts[3].split(',').any(|number| number == "190"), "{record}");
            (parts[1] == if blocked { "1" } else { "0" }).then_some(())
        })
        .await;
    }
}

// the functions below take no stage as an argument, because the stage's server is down during the call

async fn dials(sip: &Sip, phone: &Phone, dialed: &str) {
    sip.play(phone, &Script::call("phone-call", dialed, &["-d", "1200"])).finished().await;
}

async fn is_refused(sip: &Sip, phone: &Phone, dialed: &str, code: &str) {
    sip.play(phone, &Script::refused(dialed, code)).finished().await;
}

async fn is_refused_with_a_wrong_password(sip: &Sip, account: &SipAccount, dialed: &str) {
    let guesser = SipAccount { secret: "not the secret".to_owned(), ..account.clone() };
    let script = Script::call("phone-call-wrong-password", dialed, &[]);
    sip.play(&sip.phone(&guesser), &script).finished().await;
}

/// Checks that an emergency call has ended and cost nothing.
fn check_free(call: &Value, seconds: std::ops::RangeInclusive<i64>) {
    assert_eq!(json!([call["state"], call["cause"], call["estimated"]]), json!(["ENDED", "BYE", false]));
    assert!(seconds.contains(&talk_of(call)), "{call}");
    assert_eq!((&call["cost"]["amount"], &call["costs"]), (&json!("0"), &json!([])));
}

tests::on_both!(kamailio_emergency_calls_go_out_without_the_api, |backend| async move {
    let plan = match backend {
        Backend::Sqlite => SipPlan::new(),
        Backend::Postgres => SipPlan::on_postgres().await,
    };
    let mut stage = Stage::on(plan, backend, 3, &[], 1).await;
    stage.open_cabins().await;
    stage.block(1).await;
    stage.kept(0, false).await;
    stage.kept(1, true).await;
    // while the API is running, the API decides about calls; a blocked phone may make only emergency calls
    dials(&stage.sip, &stage.phones[1], "190").await;
    is_refused(&stage.sip, &stage.phones[1], "11988880111", "403").await;
    let seen = stage.calls().await.len();
    assert_eq!(seen, 2);

    let stopped = stage.shop.server.pause().await;
    stage.sip.kill_proxy();
    stage.sip.listen_again().await;
    // the restarted proxy knows the phones only from its database
    dials(&stage.sip, &stage.phones[0], "190").await;
    dials(&stage.sip, &stage.phones[1], "190").await;
    is_refused(&stage.sip, &stage.phones[0], "11988880111", "503").await;
    is_refused(&stage.sip, &stage.phones[1], "11988880111", "403").await;
    is_refused(&stage.sip, &stage.phones[0], "1901", "503").await;
    is_refused_with_a_wrong_password(&stage.sip, &stage.shop.phones[0], "190").await;
    assert_eq!(stage.sip.gateway_trace().requests("INVITE"), 3);
    // an emergency call continues while the API comes back and reconciles it
    let help = Script::call("phone-call", "190", &["-d", "9000"]);
    let talking = stage.sip.play(&stage.phones[2], &help);
    eventually("the gateway has the call", async || {
        (stage.sip.gateway_trace().requests("ACK") == 4).then_some(())
    })
    .await;
    stage.shop.server = stopped.start().await;
    talking.finished().await;

    let long = stage.call_in(2, "ENDED").await;
    check_free(&long, 9..=10);
    let calls = stage.calls().await;
    assert_eq!(calls.len(), seen + 3, "{calls:?}");
    let made = calls.iter().filter(|call| call["dialed"] == "190" && call["state"] == "ENDED");
    let made: Vec<&Value> = made.collect();
    assert_eq!(made.len(), 4);
    made.iter().filter(|call| call["id"] != long["id"]).for_each(|call| check_free(call, 1..=3));
    assert_eq!(stage.balance("callshop", &stage.shop.id).await, 500_000_000);
    assert_eq!(stage.sip.gateway_trace().requests("INVITE"), 4);
    // subscribers also get the events of emergency calls
    let shop = Kind::Callshop.parse(&stage.shop.id.clone().into()).expect("an id");
    let told =
        activity::after(stage.shop.server.app.store.reader(), shop, 0, 1_000).await.expect("activities");
    for call in calls.iter().take(3) {
        let id = Kind::Call.parse(&text(&call["id"]).into()).expect("an id");
        let own = told.iter().filter(|one| one.call_id == Some(id));
        let kinds: Vec<&str> = own.map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"], "{call}");
    }
    stage.finish().await;
});

/// Calls go out to numbers on the operator's own list and to emergency numbers of the phone's dial plan. A call to a longer number that begins with
/// an emergency number is not placed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_the_operators_emergency_numbers_hold_too() {
    let mut stage = Stage::set(Backend::Sqlite, 1, &[("CS_EMERGENCY_NUMBERS", "999")]).await;
    stage.kept(0, false).await;
    let stopped = stage.shop.server.pause().await;
    for dialed in ["999", "112"] {
        dials(&stage.sip, &stage.phones[0], dialed).await;
    }
    is_refused(&stage.sip, &stage.phones[0], "9991", "503").await;
    stage.shop.server = stopped.start().await;
    let calls = eventually("both calls are stored", async || {
        let calls = stage.calls().await;
        (calls.len() == 2 && calls.iter().all(|call| call["state"] == "ENDED")).then_some(calls)
    })
    .await;
    assert_eq!(calls.iter().map(|call| text(&call["dialed"])).collect::<Vec<_>>(), ["112", "999"]);
    calls.iter().for_each(|call| check_free(call, 1..=3));
    stage.finish().await;
}

/// The API's machine is dead and silent, and registering phones wait for the API. An emergency call does not have to wait for the requests of these
/// phones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_dead_api_keeps_no_emergency_call_waiting() {
    let plan = SipPlan::new();
    let control = plan.control();
    let server = TestServer::start(Backend::Sqlite, |config| {
        config.hook.proxies = vec![proxy(PROXY, control)];
    })
    .await;
    let line = Relay::to(server.hook).await;
    let shop = Shop::on(server, 1).await;
    let host = line.address.to_string();
    let settings = [("CS_API_HOST", host.as_str()), ("CS_ASK_WORKERS", "2"), ("CS_HA1_SECONDS", "2")];
    let sip = plan.start(&shop.server, &settings).await;
    let phone = sip.phone(&shop.phones[0]);
    sip.register(&phone).await;
    let user = &shop.phones[0].user;
    eventually("the proxy has stored the phone's data", async || sip.kept(user).await).await;
    line.stall();
    let strangers = |numbers: std::ops::Range<u32>| {
        let register = |number| {
            let account = SipAccount { user: format!("stranger{number}"), ..shop.phones[0].clone() };
            sip.play(&sip.phone(&account), &Script::call("phone-register", "", &["-key", "expires", "300"]))
        };
        numbers.map(register).collect::<Vec<Playing>>()
    };
    // each of the two workers waits three seconds for every response; after six seconds, the workers have given up on four requests
    let mut registering = strangers(0..10);
    eventually("four requests got no response", async || {
        (sip.log().matches("no answer (28)").count() >= 4).then_some(())
    })
    .await;
    // these requests come before the call; each of them would occupy a worker for three seconds
    registering.extend(strangers(10..20));
    tokio::time::sleep(Duration::from_millis(700)).await;
    let begun = Instant::now();
    dials(&sip, &phone, "190").await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(sip.gateway_trace().requests("INVITE"), 1);
    for stranger in registering {
        stranger.over().await;
    }
    line.mend();
    shop.finish().await;
}
