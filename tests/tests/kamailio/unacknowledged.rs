//! Tests phones that never acknowledge the answer. A phone that does not acknowledge can talk only for the seconds in which a lost ACK could still be
//! repeated, and is charged for these seconds.

use entity::call;

use super::*;

/// The calls that `problems` reports to the callshop's owner as never acknowledged.
async fn shown(stage: &Stage) -> Vec<String> {
    let query = "query($a: ID!) { problems(accountId: $a) { kind problems { objectId } } }";
    let problems = stage.shop.owner.ok(query, json!({ "a": stage.shop.id })).await;
    let groups = problems["problems"].as_array().expect("groups").iter();
    let own = groups.filter(|group| group["kind"] == "CALL_UNACKNOWLEDGED");
    own.flat_map(|group| group["problems"].as_array().expect("problems"))
        .map(|one| text(&one["objectId"]))
        .collect()
}

/// Milliseconds from answer to end.
fn lasted(call: &Value) -> i64 {
    (time(&call["endedAt"]) - time(&call["answeredAt"])).num_milliseconds()
}

/// Four phones call together. The first phone never acknowledges the answer, so its call is ended. The second phone's ACK arrives after the answer
/// was repeated, so its call continues. The third phone never acknowledges the answer, and the gateway gives up before the proxy. The fourth phone
/// sends its only ACK while the call rings, before the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_an_answer_never_acknowledged_is_cut_charged_and_shown() {
    let stage = Stage::set(Backend::Sqlite, 4, &[]).await;
    stage.open_cabins().await;
    let (sip, phones) = (&stage.sip, &stage.phones);
    let scripts = [
        Script::call("phone-no-ack", "11988880111", &[]),
        Script::call(
            "phone-late-ack",
            "11988880112",
            &["-d", "7600", "-default_behaviors", "all,-abortunexp"],
        ),
        Script::call("phone-no-ack", "11988880813", &[]),
        Script::call("phone-early-ack", "11988880701", &[]),
    ];
    let playing = scripts.iter().zip(phones).map(|(script, phone)| sip.play(phone, script).finished());
    let traces = join_all(playing).await;
    let [cut, late, given_up, early] = [0, 1, 2, 3].map(|cabin| stage.call_in(cabin, "ENDED"));
    let (cut, late, given_up, early) = (cut.await, late.await, given_up.await, early.await);
    for (call, by, cause) in [
        (&cut, "PROXY", "NO_ACK"),
        (&late, "CALLER", "BYE"),
        (&given_up, "CALLEE", "NO_ACK"),
        (&early, "PROXY", "NO_ACK"),
    ] {
        assert_eq!(json!([call["endedBy"], call["cause"]]), json!([by, cause]), "{call}");
    }
    assert!((8_000..=12_000).contains(&lasted(&cut)), "{} ms", lasted(&cut));
    assert!((8_000..=12_000).contains(&lasted(&early)), "{} ms", lasted(&early));
    assert!(lasted(&late) > 13_000, "{} ms", lasted(&late));
    assert!((2_500..=5_000).contains(&lasted(&given_up)), "{} ms", lasted(&given_up));
    // both ends of the call receive the BYE
    assert_eq!(traces[0].received("BYE", &traces[0].call_id()), 1, "the phone's leg");
    at_the_gateway(sip, "BYE", &traces[0].call_id()).await;
    let mut unacknowledged = vec![text(&cut["id"]), text(&given_up["id"]), text(&early["id"])];
    unacknowledged.sort();
    let mut found = shown(&stage).await;
    found.sort();
    assert_eq!(found, unacknowledged);
    let owed = stage.check_charges(&[cut, late, given_up, early]).await;
    assert!(owed > 0);
    stage.finish().await;
}

/// The limit is extended while the answer is not acknowledged, and then the API dies. The proxy still ends the call on its own, ten seconds after
/// the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_an_answer_never_acknowledged_is_cut_without_the_api() {
    let mut stage = Stage::set(Backend::Sqlite, 1, &[]).await;
    a_thousandth_a_second(&stage.shop).await;
    // the credit pays for forty seconds: ten seconds are reserved at first, and the limit is extended after five seconds
    stage.shop.leave_credit("0.04").await;
    stage.open_cabins().await;
    let silent = stage.sip.play(&stage.phones[0], &Script::call("phone-no-ack", "+351988880111", &[]));
    stage.call_in(0, "ANSWERED").await;
    eventually("the proxy accepted a later limit", async || {
        let row = call::Entity::find().one(stage.shop.server.app.store.reader()).await.expect("a row");
        row.filter(|row| row.confirmed > 10)
    })
    .await;
    let stopped = stage.shop.server.pause().await;
    silent.finished().await;
    stage.shop.server = stopped.start().await;
    let cut = stage.call_in(0, "ENDED").await;
    assert_eq!(json!([cut["endedBy"], cut["cause"]]), json!(["PROXY", "NO_ACK"]));
    assert!((8_000..=12_000).contains(&lasted(&cut)), "{} ms", lasted(&cut));
    assert_eq!(micros(&cut["cost"]["amount"]), talk_of(&cut) * 1_000);
    assert_eq!(shown(&stage).await, [text(&cut["id"])]);
    stage.finish().await;
}
