//! Tests calls whose charge changes after their end.

use super::*;

on_both!(a_late_cut_is_written_off, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, control) = shop(backend, 1, 600, price, price).await;
    shop.leave_credit("0.01").await;
    shop.open_cabin(0).await;
    let call = allowed(&shop, 0, "+13055550123").await;
    let answered = Utc::now() - TimeDelta::seconds(2);
    assert_eq!(shop.hook().events(&[answer(&call["ref"], answered)]).await, ["applied"]);
    eventually("all ten seconds are covered", async || {
        (self::call(&shop, &call["ref"]).await.covered == 10).then_some(())
    })
    .await;
    eventually("the call is hung up when its covered seconds are used up", async || {
        let told = control.told("/call/hangup");
        told.first().map(|body| assert_eq!(body["cause"], "max_duration"))
    })
    .await;
    assert!(Utc::now() - answered >= TimeDelta::seconds(10));
    assert_eq!(shop.hook().events(&[end(&call["ref"], answered, 13_000)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (0, 0));
    let row = self::call(&shop, &call["ref"]).await;
    assert_eq!((row.charge.0, row.talk_seconds, row.written_off.0), (10_000, 10, 3_000));
    let id = Kind::Callshop.parse(&shop.id.clone().into()).expect("an id");
    let books = ledger::balances(shop.server.app.store.reader(), id, Book::WriteOff).await;
    assert_eq!(books.expect("the book")["BRL"], Micros(3_000), "an open entry");
    let counted = reqwest::get(format!("http://{}/metrics", shop.server.hook)).await.expect("an answer");
    let counted = counted.text().await.expect("text");
    assert!(counted.contains("callshop_written_off_micros_total{currency=\"BRL\"} 3000\n"), "{counted}");
    shop.finish().await;
});

/// Reports a lost call to the server, with the time when the proxy last listed the call. Reconciliation would send the same report.
async fn lost(shop: &Shop, reference: &Value, last_seen: DateTime<Utc>) -> Vec<EventResult> {
    let stop = CancellationToken::new();
    let (writer, writing) = CallWriter::start(Arc::clone(&shop.server.app), stop.clone());
    let event = ProxyEvent {
        eid: unique("lost"),
        at: last_seen,
        proxy: "test".to_owned(),
        body: EventBody::Call {
            reference: text(reference).parse().expect("a ref"),
            to_tag: None,
            kind: CallEventKind::Lost,
        },
    };
    let results = writer.apply(vec![event]).await.expect("the event is applied");
    stop.cancel();
    writing.await.expect("the writer stops");
    results
}

on_both!(a_reconciled_call_whose_true_end_comes_later, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, 3, 60, price, price).await;
    let mut sessions = Vec::new();
    let mut calls = Vec::new();
    let answered = Utc::now();
    for index in 0..3 {
        sessions.push(shop.open_cabin(index).await);
        let call = allowed(&shop, index, "+13055550123").await["ref"].take();
        assert_eq!(shop.hook().events(&[answer(&call, answered)]).await, ["applied"]);
        assert_eq!(lost(&shop, &call, answered + TimeDelta::seconds(20)).await, [EventResult::Applied]);
        let row = self::call(&shop, &call).await;
        assert_eq!((row.estimated, row.talk_seconds, row.charge.0), (true, 20, 20_000));
        calls.push(call);
    }
    assert_eq!(
        credit(&shop).await,
        (500_000_000 - 60_000, 0),
        "the call must be charged up to the time when it was last listed"
    );
    assert_eq!(shop.close_cabin(2).await["statement"]["total"]["amount"], "0.02");
    // the second customer pays before the true end of the call is known
    let closed = shop.close_cabin(1).await;
    assert_eq!(closed["statement"]["total"]["amount"], "0.02");
    let input = json!({ "sessionId": sessions[1], "payments": [{ "method": "CASH", "amount": "0.02" }], "idempotencyKey": unique("key") });
    shop.attendant.did("settleSession", "SettleSessionInput", input, "session { id }").await;
    // each call had really lasted 45 seconds
    for call in &calls {
        assert_eq!(shop.hook().events(&[end(call, answered, 45_000)]).await, ["applied"]);
        assert_eq!(
            shop.hook().events(&[end(call, answered, 45_000)]).await,
            ["ignored"],
            "a final state must not change"
        );
    }
    assert_eq!(credit(&shop).await, (500_000_000 - 135_000, 0), "the account must pay for all the talk");
    let open = self::call(&shop, &calls[0]).await;
    assert_eq!((open.estimated, open.charge.0, open.written_off.0), (false, 45_000, 0));
    let paid = self::call(&shop, &calls[1]).await;
    assert_eq!((paid.estimated, paid.charge.0, paid.written_off.0), (false, 20_000, 25_000));
    assert_eq!((paid.talk_seconds, paid.billed_seconds), (20, 20), "the call must match the paid bill");
    let closed = shop.close_cabin(0).await;
    assert_eq!(closed["statement"]["calls"][0]["amount"]["amount"], "0.045");
    // the session is closed but unpaid, so its bill is recomputed
    let query = "query($id: ID!) { session(id: $id) { state amountDue { amount } statement { callsTotal { amount } total { amount } } } }";
    let restated = shop.attendant.ok(query, json!({ "id": sessions[2] })).await["session"].take();
    assert_eq!(
        (&restated["statement"]["callsTotal"]["amount"], &restated["amountDue"]["amount"]),
        (&json!("0.045"), &json!("0.05"))
    );
    shop.finish().await;
});

/// The explanation of a call at the levels of the customer and the callshop: the seconds that count, the billed seconds, the charge, the kinds of
/// steps, and the text of the first step.
async fn explained(shop: &Shop, reference: &Value) -> Vec<Value> {
    let id = Kind::Call.id(text(reference).parse().expect("a ref")).to_string();
    let query = "query($c: ID!) { explainCharge(callId: $c) { levels { billedSeconds charge { amount } steps { kind seconds text } } } }";
    let found = shop.owner.ok(query, json!({ "c": id })).await["explainCharge"].take();
    let levels = found["levels"].as_array().expect("levels").iter().map(|level| {
        let steps = level["steps"].as_array().expect("steps");
        let kinds: Vec<&Value> = steps.iter().map(|step| &step["kind"]).collect();
        json!([
            steps[0]["seconds"],
            level["billedSeconds"],
            level["charge"]["amount"],
            kinds,
            steps[0]["text"]
        ])
    });
    levels.collect()
}

on_both!(a_charge_is_explained_after_a_correction_of_a_paid_bill, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, 4, 60, price, price).await;
    let answered = Utc::now();
    let mut calls = Vec::new();
    for index in 0..4 {
        let session = shop.open_cabin(index).await;
        let call = allowed(&shop, index, "+13055550123").await["ref"].take();
        assert_eq!(shop.hook().events(&[answer(&call, answered)]).await, ["applied"]);
        assert_eq!(lost(&shop, &call, answered + TimeDelta::seconds(20)).await, [EventResult::Applied]);
        shop.close_cabin(index).await;
        let payments = json!([{ "method": "CASH", "amount": "0.02" }]);
        let input = json!({ "sessionId": session, "payments": payments, "idempotencyKey": unique("key") });
        shop.attendant.did("settleSession", "SettleSessionInput", input, "session { id }").await;
        calls.push(call);
    }
    let unanswered = event(
        "ended",
        &calls[3],
        answered + TimeDelta::seconds(45),
        json!({ "by": "proxy", "cause": "no_ack", "to_tag": "tt" }),
    );
    let events = [
        // the call was longer, shorter, answered later, or never answered
        end(&calls[0], answered, 45_000),
        end(&calls[1], answered, 7_000),
        end(&calls[2], answered + TimeDelta::seconds(10), 35_000),
        unanswered,
    ];
    assert_eq!(shop.hook().events(&events).await, ["applied"; 4]);
    let kinds = ["TALK_TIME", "INCREMENTS", "CONNECTION_FEE", "TIME", "ROUNDING"];
    let paid = "The bill was paid before the call's true end was known, so the 20 s on the bill count toward the charge.";
    let lasted = |seconds: u32| format!("The call lasted {seconds} s, rounded up to whole seconds.");
    let reported = |seconds: u32| {
        format!(
            "After the bill was paid, the proxy reported other times for the call. By these times, {seconds} s are billed."
        )
    };
    let bill = json!([20, 20, "0.02", kinds, paid]);
    for (call, level) in calls.iter().zip([
        json!([45, 45, "0.045", kinds, lasted(45)]),
        json!([7, 7, "0.007", kinds, lasted(7)]),
        json!([35, 35, "0.035", kinds, reported(35)]),
        json!([0, 0, "0", ["TALK_TIME"], reported(0)]),
    ]) {
        assert_eq!(explained(&shop, call).await, [bill.clone(), level]);
    }
    assert_eq!(credit(&shop).await, (500_000_000 - 87_000, 0));
    shop.finish().await;
});

on_both!(an_end_that_proves_a_failed_call_is_charged_as_far_as_credit_goes, |backend: Backend| async move {
    let price = "1,United States,0.0600,0,1,1,,\n";
    let (shop, _control) = shop(backend, 2, 60, price, price).await;
    shop.leave_credit("0.04").await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    let first = allowed(&shop, 0, "+13055550123").await;
    let failed = event("failed", &first["ref"], Utc::now(), json!({ "code": 500, "by": "proxy" }));
    assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
    // another call now reserves the released credit, so only 0.01 of the 0.04 is left
    let second = allowed(&shop, 1, "+13055550123").await;
    assert_eq!((credit(&shop).await, &second["max_seconds"]), ((40_000, 10_000), &json!(10)));
    // the call had been answered after all, and its holds covered ten seconds
    assert_eq!(shop.hook().events(&[end(&first["ref"], Utc::now(), 60_000)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (30_000, 10_000));
    assert_eq!(shop.hook().events(&[end(&second["ref"], Utc::now(), 10_000)]).await, ["applied"]);
    assert_eq!(credit(&shop).await, (20_000, 0));
    shop.finish().await;
});
