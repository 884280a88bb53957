//! Tests emergency calls, which the proxy allows without asking the server.

use super::*;

on_both!(a_proxy_is_told_what_emergency_calls_need, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let ask = async |user: &str| {
        let ask = json!({ "user": user, "realm": "callshop", "algorithm": "MD5", "proxy": "test" });
        shop.hook().post("ha1", &ask).await
    };
    let phone = &shop.phones[0];
    let (_, free) = ask(&phone.user).await;
    assert_eq!(free["blocked"], json!(false));
    assert!(
        free["ha1"].as_str().is_some_and(|ha1| ha1.len() == 32) && free["caller_id"].is_string(),
        "{free}"
    );
    let numbers = free["emergency"].as_array().expect("numbers");
    assert!(numbers.contains(&json!("190")) && numbers.contains(&json!("112")), "{free}");
    let input = json!({ "phoneId": phone.id });
    shop.reseller.did("blockPhone", "PhoneIdInput", input, "phone { id }").await;
    let (status, blocked) = ask(&phone.user).await;
    assert_eq!((status, &blocked["blocked"]), (200, &json!(true)));
    assert_eq!((&blocked["ha1"], &blocked["emergency"]), (&free["ha1"], &free["emergency"]));
    // authorization still refuses the blocked phone's ordinary calls and allows its emergency calls
    assert_eq!(shop.hook().authorize(&phone.user, "+13055550123").await["error"], "PHONE_BLOCKED");
    assert_eq!(shop.hook().authorize(&phone.user, "190").await["allow"], json!(true));
    assert_eq!(ask("nobody").await.0, 404);
    let other = json!({ "user": phone.user, "realm": "elsewhere", "algorithm": "MD5", "proxy": "test" });
    assert_eq!(shop.hook().post("ha1", &other).await.0, 404);
    // a live call continues at the proxy, and does not end when the server stops
    shop.server.stop().await;
});

/// An event of an emergency call that the proxy allowed without asking the server.
fn of_emergency(
    (since, call, user): (DateTime<Utc>, Uuid, &str),
    kind: &str,
    seconds: i64,
    more: Value,
) -> Value {
    let mut all = event(kind, &json!(call), since + TimeDelta::seconds(seconds), more);
    let own = json!({ "user": user, "dialed": "190", "emergency_ts": micros(since), "max_seconds": 1_800, "call_id": "c9", "from_tag": "f9" });
    all.as_object_mut().expect("an event").extend(own.as_object().expect("fields").clone());
    all
}

on_both!(an_emergency_call_is_made_of_whatever_event_comes_first, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let user = &shop.phones[0].user;
    let since = Utc::now() - TimeDelta::seconds(3_600);
    let answered = micros(since + TimeDelta::seconds(10));
    let end = json!({ "by": "caller", "cause": "bye", "answered_ts": answered, "to_tag": "tt" });
    let all = |id: Uuid| {
        let about = (since, id, user.as_str());
        vec![
            of_emergency(about, "emergency", 0, json!({})),
            of_emergency(about, "ringing", 2, json!({ "to_tag": "tt" })),
            of_emergency(about, "answered", 10, json!({ "to_tag": "tt" })),
            of_emergency(about, "ended", 40, end.clone()),
        ]
    };
    // the calls' events arrive in different ways: all together, with the end first and alone, with two reports of the start, or without a start
    let [together, ended, twice, rest] = [0; 4].map(|_| Uuid::now_v7());
    assert_eq!(shop.hook().events(&all(together)).await, ["applied"; 4]);
    let events = all(ended);
    assert_eq!(shop.hook().events(&events[3..]).await, ["applied"]);
    assert_eq!(shop.hook().events(&events[3..]).await, ["duplicate"]);
    assert_eq!(shop.hook().events(&events[..1]).await, ["ignored"]);
    assert_eq!(shop.hook().events(&events[..2]).await, ["duplicate", "applied"]);
    let begun = [&all(twice)[..1], &all(twice)[..1]].concat();
    assert_eq!(shop.hook().events(&begun).await, ["applied", "ignored"]);
    assert_eq!(shop.hook().events(&all(twice)[1..]).await, ["applied"; 3]);
    assert_eq!(shop.hook().events(&all(rest)[1..]).await, ["applied"; 3]);
    // two nodes get the same events at the same time
    let race = Uuid::now_v7();
    let node = shop.server.another_node().await;
    let (events, other) = (all(race), Hook::at(node.hook));
    tokio::join!(shop.hook().events(&events[..1]), other.events(&events[3..]));
    node.stop().await;
    // these proxies have wrong clocks when they make the calls' ids
    for days in [-35, 25] {
        let wrong = (Utc::now() + TimeDelta::days(days)).timestamp();
        let clock = uuid::Timestamp::from_unix(uuid::NoContext, wrong.try_into().expect("a time"), 0);
        assert_eq!(shop.hook().events(&all(Uuid::new_v7(clock))).await, ["applied"; 4]);
    }
    // an emergency call from an unknown phone is not stored, but reported as a problem
    let nobody = of_emergency((since, Uuid::now_v7(), "nobody"), "emergency", 0, json!({}));
    assert_eq!(shop.hook().events(&[nobody]).await, ["rejected"]);
    let platform = shop.admin.ok("{ viewer { account { id } } }", json!({})).await;
    let query = "query($a: ID!) { problems(accountId: $a) { kind problems { text } } }";
    let problems = shop.admin.ok(query, json!({ "a": platform["viewer"]["account"]["id"] })).await;
    assert!(problems.to_string().contains("no phone has the SIP user"), "{problems}");

    let fields = "state cabinId dialed number destination emergency elapsedSeconds cost { amount } costs { billedSeconds }";
    let calls = shop.owner.shop_list("calls", &shop.id, 100, fields).await;
    assert_eq!(calls.len(), 7, "{calls:?}");
    let query = "query($c: ID!) { cabin(id: $c) { calls(first: 100) { nodes { id } } } }";
    let of_cabin = shop.owner.ok(query, json!({ "c": shop.cabins[0] })).await;
    assert_eq!(of_cabin["cabin"]["calls"]["nodes"].as_array().map(Vec::len), Some(7), "{of_cabin}");
    for call in calls {
        assert_eq!(
            json!([call["state"], call["cabinId"], call["dialed"], call["destination"], call["emergency"]]),
            json!(["ENDED", shop.cabins[0], "190", "Emergency", true])
        );
        assert!((30..=31).contains(&call["elapsedSeconds"].as_i64().expect("seconds")), "{call}");
        assert_eq!((&call["cost"]["amount"], &call["costs"]), (&json!("0"), &json!([])));
    }
    assert_eq!(balance(&shop.owner, "callshop", &shop.id).await, "500");
    let told = kinds(&shop).await;
    let of = |kind: &str| told.iter().filter(|told| *told == kind).count();
    assert_eq!((of("CALL_AUTHORIZED"), of("CALL_ANSWERED"), of("CALL_ENDED")), (7, 7, 7));
    // the customer is not charged
    let closed = shop.close_cabin(0).await;
    assert_eq!(closed["statement"]["total"]["amount"], "0");
    shop.finish().await;
});
