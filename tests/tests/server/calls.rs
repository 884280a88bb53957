//! Tests calls through the hook, from authorization to statement and ledger, on both databases.

mod emergency;

use api::config::Config;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::shop::{Hook, Shop, answered_call, event, micros, text, unique};
use tests::{Backend, TestServer, on_both};
use uuid::Uuid;

/// Balance of an account or callshop, as `client` sees it.
async fn balance(client: &tests::Client, kind: &str, id: &str) -> String {
    text(&client.object(kind, id, "balance { amount }").await["balance"]["amount"])
}

async fn only_call(shop: &Shop, fields: &str) -> Value {
    let mut nodes = shop.owner.shop_list("calls", &shop.id, 100, fields).await;
    assert_eq!(nodes.len(), 1, "{nodes:?}");
    nodes.remove(0)
}

async fn kinds(shop: &Shop) -> Vec<String> {
    let id = graphql::scalars::Kind::Callshop.parse(&shop.id.clone().into()).expect("an id");
    let rows = store::activity::after(shop.server.app.store.reader(), id, 0, 1000).await.expect("activities");
    let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    assert_eq!(
        seqs,
        (1..=i64::try_from(rows.len()).expect("few")).collect::<Vec<_>>(),
        "seq must have no gap"
    );
    rows.iter().map(|row| row.kind.as_str().to_owned()).filter(|kind| kind.starts_with("CALL")).collect()
}

on_both!(a_customer_calls_and_pays, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    // 31 s to Sao Paulo at 0.08 per minute are billed as 36 s (increments 30/6); 61 s to Portugal at 0.30 per minute and a fee of 0.05 are billed as
    // 66 s (increments 60/6)
    shop.call(0, "11987654321", 30_400).await;
    shop.call(0, "0021351912345678", 61_000).await;
    let closed = shop.close_cabin(0).await;
    assert_eq!(closed["state"], "CLOSED");
    let statement = &closed["statement"];
    let lines: Vec<_> = statement["calls"]
        .as_array()
        .expect("calls")
        .iter()
        .map(|call| {
            (
                text(&call["destination"]),
                call["talkSeconds"].as_i64(),
                call["billedSeconds"].as_i64(),
                text(&call["amount"]["amount"]),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("Sao Paulo".to_owned(), Some(31), Some(36), "0.048".to_owned()),
            ("Portugal".to_owned(), Some(61), Some(66), "0.38".to_owned()),
        ]
    );
    assert_eq!(statement["total"]["amount"], "0.43", "0.428 rounded once");
    // the callshop pays 0.0362 (31 s at 0.07 per minute) plus 0.2033 (61 s at 0.20 per minute), by the second, rounded to four decimals
    assert_eq!(balance(&shop.owner, "callshop", &shop.id).await, "499.7605");
    // the reseller pays 0.0258 (31 s at 0.05 per minute) plus 0.1525 (61 s at 0.15 per minute)
    assert_eq!(balance(&shop.reseller, "account", &shop.reseller_id).await, "999.8217");
    let settle = json!({ "sessionId": session, "payments": [{ "method": "CASH", "amount": "1" }], "idempotencyKey": unique("key") });
    let paid = shop
        .attendant
        .did(
            "settleSession",
            "SettleSessionInput",
            settle.clone(),
            "session { state receiptNumber } change { amount }",
        )
        .await;
    assert_eq!((&paid["session"]["state"], &paid["change"]["amount"]), (&json!("SETTLED"), &json!("0.57")));
    let again = shop
        .attendant
        .did(
            "settleSession",
            "SettleSessionInput",
            settle,
            "session { state receiptNumber } change { amount }",
        )
        .await;
    assert_eq!(again, paid, "the same key must return the same answer");
    shop.finish().await;
});

on_both!(each_event_counts_once_in_any_order, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let answer = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let mut events = answered_call(&answer["ref"], Utc::now(), 60_000);
    events.reverse();
    // the end event arrives first, without the other events, and twice; the other events follow late
    assert_eq!(shop.hook().events(&events[..1]).await, ["applied"]);
    assert_eq!(shop.hook().events(&events[..1]).await, ["duplicate"]);
    let late = shop.hook().events(&[events[1].clone(), events[2].clone(), events[2].clone()]).await;
    assert_eq!(late[0], "ignored");
    assert_eq!(late[2], "duplicate");
    let call = only_call(
        &shop,
        "state elapsedSeconds cost { amount } costs { amount { amount } } margin { amount }",
    )
    .await;
    assert_eq!(
        (&call["state"], &call["elapsedSeconds"], &call["cost"]["amount"]),
        (&json!("ENDED"), &json!(60), &json!("0.06"))
    );
    assert_eq!(
        (&call["costs"], &call["margin"]["amount"]),
        (&json!([{ "amount": { "amount": "0.04" } }]), &json!("0.02"))
    );
    assert_eq!(kinds(&shop).await, ["CALL_AUTHORIZED", "CALL_ANSWERED", "CALL_ENDED"]);
    assert_eq!(balance(&shop.owner, "callshop", &shop.id).await, "499.96");
    shop.finish().await;
});

on_both!(an_answer_never_acknowledged_costs_as_the_operator_says, |backend: Backend| async move {
    for (charged, cost) in [(true, "0.009"), (false, "0")] {
        let change = |config: &mut Config| config.calls.charge_unacknowledged &= charged;
        let server = TestServer::start(backend, change).await;
        let shop = Shop::on(server, 1).await;
        shop.open_register().await;
        shop.open_cabin(0).await;
        let answer = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
        let mut events = answered_call(&answer["ref"], Utc::now(), 9_000);
        events[2]["by"] = json!("proxy");
        events[2]["cause"] = json!("no_ack");
        assert_eq!(shop.hook().events(&events).await, ["applied"; 3]);
        let call = only_call(&shop, "state cause endedBy answeredAt elapsedSeconds cost { amount }").await;
        assert_eq!(
            json!([call["state"], call["cause"], call["endedBy"], call["answeredAt"].is_string()]),
            json!(["ENDED", "NO_ACK", "PROXY", charged])
        );
        assert_eq!(call["cost"]["amount"], cost);
        let query = "query($a: ID!) { problems(accountId: $a) { kind } }";
        let problems = shop.owner.ok(query, json!({ "a": shop.id })).await;
        let kinds = problems["problems"].as_array().expect("groups").iter();
        assert!(kinds.map(|group| &group["kind"]).any(|kind| kind == "CALL_UNACKNOWLEDGED"), "{problems}");
        shop.finish().await;
    }
});

on_both!(an_attempt_given_up_before_its_answer_frees_the_phone, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let request = unique("request");
    let abandoned = |request: &str| {
        json!({ "eid": unique("eid"), "kind": "abandoned", "ts": micros(Utc::now()), "proxy": "test", "request_id": request,
            "call_id": "c", "from_tag": "f", "reason": "late" })
    };
    // the event arrives before the authorization is committed
    assert_eq!(shop.hook().events(&[abandoned(&request)]).await, ["applied"]);
    let ask = json!({ "request_id": request, "user": shop.phones[0].user, "dialed": "+13055550123", "src": "x", "ts": "1",
        "proxy": "test", "call_id": "c", "from_tag": "f" });
    let (_, answer) = shop.hook().post("authorize", &ask).await;
    assert_eq!((&answer["allow"], &answer["error"]), (&json!(false), &json!("ABANDONED")));
    // the event arrives after the authorization is committed
    let request = unique("request");
    let ask = json!({ "request_id": request, "user": shop.phones[0].user, "dialed": "+13055550123", "src": "x", "ts": "1",
        "proxy": "test", "call_id": "c", "from_tag": "f" });
    let (_, first) = shop.hook().post("authorize", &ask).await;
    let (_, same) = shop.hook().post("authorize", &ask).await;
    assert_eq!(first["allow"], json!(true));
    assert_eq!(first, same, "a repeated request must get the same answer");
    let busy = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    assert_eq!((&busy["code"], &busy["error"]), (&json!(486), &json!("PHONE_BUSY")));
    assert_eq!(shop.hook().events(&[abandoned(&request)]).await, ["applied"]);
    assert_eq!(
        shop.hook().authorize(&shop.phones[0].user, "+13055550123").await["allow"],
        json!(true),
        "a redial must not be blocked"
    );
    shop.finish().await;
});

on_both!(the_record_says_what_the_phone_got_instead, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let seen = "state sipCode endedBy refusal";
    let ask = |request: &str| {
        json!({ "request_id": request, "user": shop.phones[0].user, "dialed": "+13055550123", "src": "x", "ts": "1",
            "proxy": "test", "call_id": "c", "from_tag": "f" })
    };
    let abandoned = |request: &str, code: u16| {
        json!({ "eid": unique("eid"), "kind": "abandoned", "ts": micros(Utc::now()), "proxy": "test", "request_id": request,
            "call_id": "c", "from_tag": "f", "reason": "late", "code": code })
    };
    let record = async |request: &str, refused: bool, code: u16, first: bool| {
        let event = abandoned(request, code);
        if first {
            assert_eq!(shop.hook().events(std::slice::from_ref(&event)).await, ["applied"]);
        }
        let (_, answer) = shop.hook().post("authorize", &ask(request)).await;
        assert_eq!(answer["allow"], json!(!refused && !first), "{answer}");
        if !first {
            assert_eq!(shop.hook().events(std::slice::from_ref(&event)).await, ["applied"]);
        }
        let (_, same) = shop.hook().post("authorize", &ask(request)).await;
        assert_eq!((&same["code"], &same["error"]), (&json!(503), &json!("ABANDONED")), "asked again");
        let call = shop.owner.shop_list("calls", &shop.id, 1, seen).await.remove(0);
        json!([call["state"], call["sipCode"], call["endedBy"], call["refusal"]])
    };
    // the cabin is closed, so the call is refused, but the phone never received this refusal
    let late_refusal = record(&unique("request"), true, 503, false).await;
    assert_eq!(late_refusal, json!(["REFUSED", 503, null, "ABANDONED"]));
    shop.open_cabin(0).await;
    let early = record(&unique("request"), false, 503, true).await;
    assert_eq!(early, json!(["REFUSED", 503, null, "ABANDONED"]));
    let late = record(&unique("request"), false, 503, false).await;
    assert_eq!(late, json!(["ABANDONED", 503, "PROXY", null]));
    let canceled = record(&unique("request"), false, 487, false).await;
    assert_eq!(canceled, json!(["ABANDONED", 487, "CALLER", null]));
    let told = kinds(&shop).await;
    assert_eq!(
        told,
        [
            "CALL_REFUSED",
            "CALL_ABANDONED",
            "CALL_REFUSED",
            "CALL_AUTHORIZED",
            "CALL_ABANDONED",
            "CALL_AUTHORIZED",
            "CALL_ABANDONED"
        ]
    );
    shop.finish().await;
});

on_both!(a_question_brings_the_end_of_the_call_before_it, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let user = &shop.phones[0].user;
    let ask = async |ends: Value| {
        let ask = json!({ "request_id": unique("request"), "user": user, "dialed": "+13055550123", "src": "x", "ts": "1",
            "proxy": "test", "call_id": unique("call"), "from_tag": "f", "events": ends });
        let (status, answer) = shop.hook().post("authorize", &ask).await;
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let first = ask(json!([])).await;
    assert_eq!(first["allow"], json!(true));
    let begun = Utc::now();
    let end = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(begun) });
    let ended = event("ended", &first["ref"], begun + TimeDelta::seconds(20), end.clone());
    // only the end of the call itself frees the phone; the end of another call or any other event does not
    let foreign = event("ended", &json!(uuid::Uuid::now_v7()), Utc::now(), end);
    let answered = event("answered", &first["ref"], begun, json!({}));
    let busy = ask(json!([foreign, answered, "noise"])).await;
    assert_eq!((&busy["code"], &busy["error"]), (&json!(486), &json!("PHONE_BUSY")));
    let second = ask(json!([ended, foreign])).await;
    assert_eq!(second["allow"], json!(true), "{second}");
    assert_eq!(shop.hook().events(std::slice::from_ref(&ended)).await, ["duplicate"], "the other way");
    // sending the same end again has no effect
    assert_eq!(ask(json!([ended])).await["error"], "PHONE_BUSY");
    let failed = event("failed", &second["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(ask(json!([failed, ended])).await["allow"], json!(true));
    let query = "query($id: ID!) { calls(callshopId: $id, first: 10) { nodes { state elapsedSeconds cost { amount } } } }";
    let calls = shop.owner.ok(query, json!({ "id": shop.id })).await["calls"]["nodes"].take();
    let states: Vec<_> = calls.as_array().expect("calls").iter().map(|call| text(&call["state"])).collect();
    assert_eq!(states, ["AUTHORIZED", "REFUSED", "FAILED", "REFUSED", "ENDED"]);
    assert_eq!((&calls[4]["elapsedSeconds"], &calls[4]["cost"]["amount"]), (&json!(20), &json!("0.02")));
    let (status, _) = shop
        .hook()
        .post(
            "authorize",
            &json!({ "request_id": unique("request"), "user": user, "dialed": "1", "src": "x",
        "ts": "1", "proxy": "test", "call_id": "c", "from_tag": "f", "events": vec![json!({}); 51] }),
        )
        .await;
    assert_eq!(status, 400, "more than a batch");
    shop.finish().await;
});

on_both!(refusals_leave_a_record_and_say_why, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    let user = shop.phones[0].user.clone();
    let refused = async |number: &str| {
        let answer = shop.hook().authorize(&user, number).await;
        assert_eq!(answer["allow"], json!(false), "{number}: {answer}");
        (answer["code"].as_i64().expect("a code"), text(&answer["error"]))
    };
    assert_eq!(refused("+13055550123").await, (403, "CABIN_CLOSED".to_owned()));
    let emergency = shop.hook().authorize(&user, "190").await;
    assert_eq!(
        (&emergency["allow"], &emergency["to"]),
        (&json!(true), &json!("190")),
        "even from a closed cabin"
    );
    let end = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(Utc::now()) });
    let ended = event("ended", &emergency["ref"], Utc::now() + TimeDelta::seconds(90), end);
    assert_eq!(shop.hook().events(&[ended]).await, ["applied"]);
    shop.open_register().await;
    shop.open_cabin(0).await;
    assert_eq!(refused("+442079460123").await, (404, "DESTINATION_NOT_RATED".to_owned()));
    assert_eq!(refused("hello").await, (404, "NUMBER_INVALID".to_owned()));
    let block = json!({ "callshopId": shop.id, "prefix": "351" });
    shop.reseller.did("blockDestination", "BlockDestinationInput", block, "").await;
    assert_eq!(refused("+351912345678").await, (403, "DESTINATION_BLOCKED".to_owned()));
    let suspend = json!({ "accountId": shop.reseller_id });
    shop.distributor.did("suspendAccount", "AccountIdInput", suspend.clone(), "account { id }").await;
    assert_eq!(
        refused("+13055550123").await,
        (503, "SERVICE_UNAVAILABLE".to_owned()),
        "the parent's suspension must end"
    );
    shop.distributor.did("resumeAccount", "AccountIdInput", suspend, "account { id }").await;
    assert_eq!(shop.hook().authorize("nobody", "+13055550123").await["error"], "PHONE_BLOCKED");
    let query = "query($s: ID!) { calls(callshopId: $s, first: 100) { nodes { state refusal sipCode emergency cost { amount } } } }";
    let data = shop.attendant.ok(query, json!({ "s": shop.id })).await;
    let nodes = data["calls"]["nodes"].as_array().expect("calls");
    let codes: Vec<_> = nodes.iter().rev().map(|node| node["refusal"].as_str().unwrap_or("-")).collect();
    assert_eq!(
        codes,
        [
            "CABIN_CLOSED",
            "-",
            "DESTINATION_NOT_RATED",
            "NUMBER_INVALID",
            "DESTINATION_BLOCKED",
            "SERVICE_UNAVAILABLE"
        ]
    );
    assert_eq!(nodes[4]["cost"]["amount"], "0", "emergency calls are free");
    shop.finish().await;
});

on_both!(max_seconds_is_what_every_limit_covers, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let user = shop.phones[0].user.clone();
    let covered = async || {
        let answer = shop.hook().authorize(&user, "+13055550123").await;
        assert_eq!(answer["allow"], json!(true), "{answer}");
        let failed = event("failed", &answer["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
        assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
        answer["max_seconds"].as_u64().expect("seconds")
    };
    assert_eq!(covered().await, 4 * 3600, "the server's cap");
    let input = json!({ "accountId": shop.id, "maxCallSeconds": 600 });
    shop.reseller.did("updateAccount", "UpdateAccountInput", input, "callshop { id }").await;
    assert_eq!(covered().await, 600, "the callshop's cap");
    let session = shop
        .attendant
        .ok("query($c: ID!) { cabin(id: $c) { currentSession { id } } }", json!({ "c": shop.cabins[0] }))
        .await;
    let session = text(&session["cabin"]["currentSession"]["id"]);
    // at a price of 0.06 per minute, billed by the second, an amount of 0.10 pays for 100 s
    let input = json!({ "sessionId": session, "spendingLimit": "0.10" });
    shop.attendant.did("updateSessionLimits", "UpdateSessionLimitsInput", input, "session { id }").await;
    assert_eq!(covered().await, 100, "the customer's spending limit");
    let input = json!({ "sessionId": session, "timeLimitSeconds": 45 });
    shop.attendant.did("updateSessionLimits", "UpdateSessionLimitsInput", input, "session { id }").await;
    assert_eq!(covered().await, 45, "the customer's time limit");
    // after a call of 30 s, 15 s of the session's limit are left
    shop.call(0, "+13055550123", 30_000).await;
    assert_eq!(covered().await, 15);
    shop.finish().await;
});

on_both!(calls_that_end_while_the_server_is_down_are_charged_once, |backend: Backend| async move {
    let mut shop = Shop::start(backend, 5).await;
    shop.open_register().await;
    let mut ends = Vec::new();
    for index in 0..5 {
        shop.open_cabin(index).await;
        let answer = shop.hook().authorize(&shop.phones[index].user, "+13055550123").await;
        let events = answered_call(&answer["ref"], Utc::now(), 60_000);
        assert_eq!(shop.hook().events(&events[..2]).await, ["applied", "applied"]);
        ends.push(events[2].clone());
    }
    let stopped = shop.server.pause().await;
    shop.server = stopped.start().await;
    // the proxy sends its queue again, and then a third time, because the response was lost
    assert_eq!(shop.hook().events(&ends).await, ["applied"; 5]);
    assert_eq!(shop.hook().events(&ends).await, ["duplicate"; 5]);
    assert_eq!(balance(&shop.owner, "callshop", &shop.id).await, "499.8", "five minutes at 0.04");
    for index in 0..5 {
        assert_eq!(shop.close_cabin(index).await["statement"]["total"]["amount"], "0.06");
    }
    shop.finish().await;
});

on_both!(a_key_sent_ten_times_at_once_counts_once, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let input = json!({ "accountId": shop.id, "amount": { "amount": "7", "currency": "BRL" }, "idempotencyKey": unique("key") });
    let sent = (0..10).map(|_| shop.reseller.did("topUp", "TopUpInput", input.clone(), "balance { amount }"));
    for answer in futures_util::future::join_all(sent).await {
        assert_eq!(answer["balance"]["amount"], "507");
    }
    let other = json!({ "accountId": shop.id, "amount": { "amount": "8", "currency": "BRL" }, "idempotencyKey": input["idempotencyKey"] });
    assert_eq!(
        shop.reseller.code("topUp", "TopUpInput", other, "balance { amount }").await,
        "IDEMPOTENCY_CONFLICT"
    );
    assert_eq!(balance(&shop.owner, "callshop", &shop.id).await, "507");
    shop.finish().await;
});

/// An account's problems of one kind.
async fn problems(client: &tests::Client, account: &str, kind: &str) -> Vec<Value> {
    let query = "query($a: ID!) { problems(accountId: $a) { kind problems { objectId text } } }";
    let data = client.ok(query, json!({ "a": account })).await;
    let groups = data["problems"].as_array().expect("groups");
    let group = groups.iter().find(|group| group["kind"] == kind);
    group.map_or_else(Vec::new, |group| group["problems"].as_array().expect("problems").clone())
}

on_both!(a_time_that_cannot_be_true_makes_no_call_free_or_endless, |backend: Backend| async move {
    let server = TestServer::start(backend, |config| config.calls.clock_skew_seconds = 300).await;
    let shop = Shop::on(server, 6).await;
    let platform = shop.admin.ok("{ viewer { account { id } } }", json!({})).await;
    let platform = text(&platform["viewer"]["account"]["id"]);
    shop.open_register().await;
    let bye = |more: Value| {
        let mut end = json!({ "by": "caller", "cause": "bye" });
        end.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        end
    };
    let ten_years = TimeDelta::days(3_650);
    let after = |at: DateTime<Utc>, seconds: i64| at + TimeDelta::seconds(seconds);
    let mut calls = Vec::new();
    for index in 0..6 {
        shop.open_cabin(index).await;
        let call = shop.hook().authorize(&shop.phones[index].user, "+13055550123").await["ref"].take();
        let answered = Utc::now();
        let (at, told) = match index {
            // the call counts as 30 s, measured from the known answer
            0 => (after(answered, 30), Some(DateTime::UNIX_EPOCH)),
            1 => (after(answered, 30), Some(answered + ten_years)),
            // the call counts as one second, because its length is unknown
            2 => (after(answered, -5), Some(answered)),
            3 => (DateTime::UNIX_EPOCH, Some(answered)),
            // according to a clock that is ten years ahead, the call lasted 30 s
            4 => (after(answered, 30) + ten_years, Some(answered + ten_years)),
            // no event has reported the call's answer
            _ => (after(answered, 30), None),
        };
        if told.is_some() {
            let answered = event("answered", &call, answered, json!({ "to_tag": "tt" }));
            assert_eq!(shop.hook().events(&[answered]).await, ["applied"]);
        }
        let told = told.map_or_else(|| json!({}), |told| json!({ "answered_ts": micros(told) }));
        assert_eq!(shop.hook().events(&[event("ended", &call, at, bye(told))]).await, ["applied"]);
        calls.push((call, answered));
    }
    let rows = async || {
        let query = "query($s: ID!) { calls(callshopId: $s, first: 100) { nodes { cost { amount } estimated writtenOff { amount } } } }";
        let data = shop.owner.ok(query, json!({ "s": shop.id })).await;
        let nodes =
            data["calls"]["nodes"].as_array().expect("calls").iter().rev().cloned().collect::<Vec<_>>();
        assert!(nodes.iter().all(|call| call["writtenOff"]["amount"] == "0"), "{nodes:?}");
        let shown = |call: &Value| (text(&call["cost"]["amount"]), call["estimated"] == json!(true));
        nodes.iter().map(shown).collect::<Vec<_>>()
    };
    let estimated = |cost: &str| (cost.to_owned(), true);
    let costs = ["0.03", "0.03", "0.001", "0.001", "0.03", "0"].map(estimated);
    assert_eq!(rows().await, costs);
    assert_eq!(problems(&shop.owner, &shop.id, "END_ESTIMATED").await.len(), 6);
    let doubted = problems(&shop.admin, &platform, "EVENT_DOUBTED").await;
    assert_eq!(doubted.len(), 6, "{doubted:?}");
    assert_eq!(problems(&shop.reseller, &shop.reseller_id, "EVENT_DOUBTED").await, Vec::<Value>::new());
    // the event with the answer arrives late
    let (call, at) = &calls[5];
    let answered = event("answered", call, *at, json!({ "to_tag": "tt" }));
    assert_eq!(shop.hook().events(&[answered]).await, ["applied"]);
    // then the true end of the call arrives
    let end = |(call, answered): &(Value, DateTime<Utc>), seconds| {
        event("ended", call, after(*answered, seconds), bye(json!({ "answered_ts": micros(*answered) })))
    };
    assert_eq!(shop.hook().events(&[end(&calls[2], 20)]).await, ["applied"]);
    let mut costs = costs;
    (costs[5], costs[2]) = (("0.03".to_owned(), false), ("0.02".to_owned(), false));
    assert_eq!(rows().await, costs);
    assert_eq!(problems(&shop.owner, &shop.id, "END_ESTIMATED").await.len(), 4);
    // later events are ignored, and each adds a problem
    for (shown, seconds) in [(7, 41), (8, 42)] {
        let late = end(&calls[2], seconds);
        assert_eq!(shop.hook().events(std::slice::from_ref(&late)).await, ["ignored"]);
        assert_eq!(shop.hook().events(&[late]).await, ["duplicate"]);
        let doubted = problems(&shop.admin, &platform, "EVENT_DOUBTED").await;
        assert_eq!(doubted.len(), shown, "{doubted:?}");
        let id = graphql::scalars::Kind::Call.id(text(&calls[2].0).parse().expect("a ref"));
        assert!(doubted.iter().any(|problem| problem["objectId"] == json!(id.to_string())), "{doubted:?}");
    }
    assert_eq!(rows().await, costs);
    // an event of an unknown call adds a problem, too
    let stranger = end(&(json!(uuid::Uuid::now_v7()), Utc::now()), 1);
    assert_eq!(shop.hook().events(&[stranger]).await, ["ignored"]);
    assert_eq!(problems(&shop.admin, &platform, "EVENT_DOUBTED").await.len(), 9);
    shop.finish().await;
});

on_both!(what_an_impossible_clock_says_of_a_phone_does_not_outlive_it, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tell = async |kind: &str, at: DateTime<Utc>| {
        let event = json!({ "eid": unique("eid"), "kind": kind, "ts": micros(at), "proxy": "test", "user": shop.phones[0].user,
            "contact": "<sip:a@192.0.2.1>", "src": "192.0.2.1:5060", "why": "registered", "expires": 300 });
        assert_eq!(shop.hook().events(&[event]).await, ["applied"]);
    };
    tell("online", Utc::now() + TimeDelta::days(3_650)).await;
    tell("offline", Utc::now() + TimeDelta::seconds(1)).await;
    let phone =
        shop.owner.ok("query($p: ID!) { phone(id: $p) { online } }", json!({ "p": shop.phones[0].id })).await;
    assert_eq!(phone["phone"]["online"], json!(false));
    shop.finish().await;
});
