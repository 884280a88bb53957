//! Tests invalid input at every entry point of a server: GraphQL, the proxy's hook, price files and logins. Every refusal must have a stable code,
//! change nothing, and never repeat a secret.

mod logins;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use app::auth::token::TokenKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use entity::hook_event;
use sea_orm::{ConnectionTrait as _, EntityTrait as _, Statement};
use serde_json::{Value, json};
use tests::client::input_type;
use tests::server::HOOK_SECRET;
use tests::shop::{PASSWORD, Shop, answered_call, event, micros, person, text, unique};
use tests::socket::Socket;
use tests::{Client, TestServer, on_both};

/// A number that these shops can call.
const NUMBER: &str = "+12125550123";

/// Row count of each table, except tables that record every request.
async fn rows(server: &TestServer) -> BTreeMap<&'static str, i64> {
    const TABLES: [&str; 17] = [
        "account",
        "activity",
        "cabin",
        "cabin_session",
        "call",
        "call_charge",
        "callshop",
        "cash_movement",
        "ledger_entry",
        "ledger_transfer",
        "payment",
        "phone",
        "rate",
        "register_shift",
        "tariff",
        "tariff_version",
        "user_account",
    ];
    let conn = server.app.store.reader();
    let mut counts = BTreeMap::new();
    for table in TABLES {
        let count = Statement::from_string(
            conn.get_database_backend(),
            format!("SELECT count(*) AS n FROM \"{table}\""),
        );
        let row = conn.query_one_raw(count).await.expect("a count").expect("a row");
        counts.insert(table, row.try_get::<i64>("", "n").expect("a number"));
    }
    counts
}

/// Every error code in a response, both top-level and in `userErrors`.
fn codes(answer: &Value) -> Vec<String> {
    let top = answer["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| error["extensions"]["code"].as_str().unwrap_or("no code").to_owned());
    let payloads = answer["data"].as_object().into_iter().flat_map(|data| data.values());
    let users = payloads
        .filter_map(|payload| payload["userErrors"].as_array())
        .flatten()
        .map(|error| text(&error["code"]));
    top.chain(users).collect()
}

/// Sends a request with any method, body and token. Returns status and body.
async fn raw(server: &TestServer, method: &str, path: &str, token: &str, body: &str) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let method: reqwest::Method = method.parse().expect("a method");
    let mut request = http
        .request(method, format!("http://{}{path}", server.http))
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json")
        .body(body.to_owned());
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

on_both!(graphql_refuses_what_is_no_input, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let before = rows(&shop.server).await;
    let (id, cabin) = (shop.id.as_str(), shop.cabins[0].as_str());
    let long = "x".repeat(5000);
    let queries = [
        ("{ cabins(callshopId: \"ID\") { nodes { id } } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"ID\", first: 0) { nodes { id } } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"ID\", first: -1) { nodes { id } } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"ID\", first: 101) { nodes { id } } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"ID\", first: 1, last: 1) { nodes { id } } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"ID\", first: 1, after: \"no cursor\") { nodes { id } } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"ID\", first: 1, after: \"AAAA\") { nodes { id } } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"x\", first: 1) { nodes { id } } }", "NOT_FOUND"),
        ("{ cabins(callshopId: \"\\u0000\", first: 1) { nodes { id } } }", "NOT_FOUND"),
        (
            "{ sessions(callshopId: \"ID\", first: 1, filter: { states: [LOST] }) { nodes { id } } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("{ cabins(callshopId: \"ID\", first: 1) { nodes { secret } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ quote(callshopId: \"ID\", number: \"1\", amount: 5) { seconds } }", "INVALID_INPUT"),
        ("{ quote(callshopId: \"ID\", number: \"1\", amount: \"-5\") { seconds } }", "INVALID_INPUT"),
        ("{ quote(callshopId: \"ID\") { seconds } }", "INVALID_INPUT"),
        ("{ cabins(callshopId: \"ID\", first: 1", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("query A { viewer { id } } query B { viewer { id } }", "OPERATION_NAME_REQUIRED"),
        ("query($n: Int!) { cabins(callshopId: \"ID\", first: $n) { nodes { id } } }", "BAD_VARIABLES"),
    ];
    for (query, code) in queries {
        let answer = shop.owner.send(&query.replace("ID", id), json!({})).await;
        let mut codes = codes(&answer);
        codes.dedup();
        assert_eq!(codes, [code], "{query}: {answer}");
    }
    for id in ["", "x", "\u{0}", "QWNjb3VudDp4", &long] {
        let answer = shop
            .owner
            .ok("query($id: ID!) { node(id: $id) { id } callshop(id: $id) { id } }", json!({ "id": id }))
            .await;
        assert_eq!(answer, json!({ "node": null, "callshop": null }));
    }
    let key = || unique("key");
    let movement = |amount: Value, reason: &str| json!({ "callshopId": id, "kind": "PAY_IN", "amount": amount, "reason": reason, "idempotencyKey": key() });
    let inputs = [
        ("recordCashMovement", movement(json!(5), "number"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!(5.5), "number"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("5,50"), "comma"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("1e3"), "exponent"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("0.0000001"), "seven decimals"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("9".repeat(40)), "giant"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("NaN"), "no number"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("-5"), "negative"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("0"), "zero"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("1"), &long), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("1"), "a\u{0}b"), "INVALID_INPUT"),
        ("recordCashMovement", movement(json!("1"), "a\u{1b}[2Jb"), "INVALID_INPUT"),
        ("openCabin", json!({ "cabinId": cabin, "spendingLimit": "-1" }), "INVALID_INPUT"),
        ("openCabin", json!({ "cabinId": cabin, "timeLimitSeconds": -1 }), "INVALID_INPUT"),
        ("openCabin", json!({ "cabinId": cabin, "customer": long }), "INVALID_INPUT"),
        ("openCabin", json!({ "cabinId": cabin, "customer": "a\u{0}" }), "INVALID_INPUT"),
        ("openCabin", json!({ "cabinId": "x" }), "NOT_FOUND"),
        ("openCabin", json!({ "cabinId": cabin, "colour": "red" }), "BAD_VARIABLES"),
        ("openCabin", json!({}), "BAD_VARIABLES"),
        ("closeCabin", json!({ "cabinId": cabin, "mode": "SLAM" }), "BAD_VARIABLES"),
        ("createCabin", json!({ "callshopId": id, "number": 0 }), "INVALID_INPUT"),
        ("createCabin", json!({ "callshopId": id, "number": -4 }), "INVALID_INPUT"),
        ("createCabin", json!({ "callshopId": id, "number": 5, "label": long }), "INVALID_INPUT"),
        ("createCabin", json!({ "callshopId": id, "number": 99999999999_i64 }), "BAD_VARIABLES"),
    ];
    for (mutation, input, code) in inputs {
        let kind = input_type(mutation);
        let query =
            format!("mutation($i: {kind}!) {{ {mutation}(input: $i) {{ userErrors {{ code message }} }} }}");
        let answer = shop.owner.send(&query, json!({ "i": input })).await;
        assert_eq!(codes(&answer), [code], "{mutation} {:.200}: {answer}", input.to_string());
    }
    let user = |name: &str, display: &str, password: &str| json!({ "accountId": id, "role": "ATTENDANT", "user": { "name": name, "displayName": display, "password": password } });
    for (input, code) in [
        (user("x", "Short", PASSWORD), "INVALID_INPUT"),
        (user("a b", "Space", PASSWORD), "INVALID_INPUT"),
        (user("a@b", "At", PASSWORD), "INVALID_INPUT"),
        (user(&long, "Long", PASSWORD), "INVALID_INPUT"),
        (user("good", &long, PASSWORD), "INVALID_INPUT"),
        (user("good", "a\u{0}b", PASSWORD), "INVALID_INPUT"),
        (user("good", "", PASSWORD), "INVALID_INPUT"),
        (user("good", "Good", "short"), "WEAK_PASSWORD"),
        (user("good", "Good", &"p1W!".repeat(100)), "WEAK_PASSWORD"),
    ] {
        let query =
            "mutation($i: CreateUserInput!) { createUser(input: $i) { userErrors { code message } } }";
        let answer = shop.owner.send(query, json!({ "i": input })).await;
        assert_eq!(codes(&answer), [code], "{answer}");
        assert!(!answer.to_string().contains("p1W!"), "the answer must not contain a password: {answer}");
    }
    for amount in ["-1", "0", "99999999999999999999"] {
        let input = json!({ "accountId": id, "amount": { "amount": amount, "currency": "BRL" }, "idempotencyKey": key() });
        let query = "mutation($i: TopUpInput!) { topUp(input: $i) { userErrors { code } } }";
        let answer = shop.reseller.send(query, json!({ "i": input })).await;
        assert_eq!(codes(&answer), ["INVALID_INPUT"], "{amount}: {answer}");
    }
    assert_eq!(rows(&shop.server).await, before, "a refused request changed the database");
    shop.finish().await;
});

on_both!(an_error_names_the_field_of_a_bad_value, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let activate =
        "mutation($i: ActivateTariffVersionInput!) { activateTariffVersion(input: $i) { version { id } } }";
    let quote = "query($i: Decimal!) { quote(callshopId: \"ID\", number: \"1\", amount: $i) { seconds } }";
    let calls = "query($i: DateTime!) { calls(callshopId: \"ID\", first: 1, filter: { authorizedAt: { from: $i } }) { nodes { id } } }";
    let top_up = "mutation($i: TopUpInput!) { topUp(input: $i) { userErrors { code } } }";
    let shown = json!({ "accountId": shop.id, "amount": { "amount": "1", "currency": "real" }, "idempotencyKey": "k" });
    for (query, input, field, remedy) in [
        (activate, json!({ "versionId": "x", "at": "2026-11-30T00:00:00" }), json!(["at"]), "-03:00"),
        (calls, json!("yesterday"), json!(["filter", "authorizedAt", "from"]), "-03:00"),
        (quote, json!("5,50"), json!(["amount"]), "12.34"),
        (top_up, shown, json!(["amount", "currency"]), "real"),
    ] {
        let answer = shop.reseller.send(&query.replace("ID", &shop.id), json!({ "i": input })).await;
        let error = &answer["errors"][0];
        assert_eq!(codes(&answer), ["INVALID_INPUT"], "{answer}");
        assert_eq!(error["extensions"]["field"], field, "{answer}");
        let message = text(&error["message"]);
        let path: Vec<&str> = field.as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        assert!(message.starts_with(&path.join(".")) && message.contains(remedy), "{message}");
    }
    shop.finish().await;
});

on_both!(graphql_refuses_what_is_no_request, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let token = shop.owner.token();
    let before = rows(&shop.server).await;
    let mutation = "/graphql?query=mutation%7Blogout(input%3A%7B%7D)%7Bdone%7D%7D";
    assert_eq!(raw(&shop.server, "GET", mutation, token, "").await.0, 405);
    assert_eq!(shop.owner.ok("{ viewer { role } }", json!({})).await["viewer"]["role"], "CALLSHOP_OWNER");
    for (body, status, code) in [
        (r#"[{"query":"{ viewer { id } }"}]"#, 400, "BATCHES_REFUSED"),
        ("[]", 400, "BATCHES_REFUSED"),
        ("", 400, "BAD_REQUEST"),
        ("{", 400, "BAD_REQUEST"),
        ("null", 400, "BAD_REQUEST"),
        ("{}", 400, "BAD_REQUEST"),
        (r#"{"query":5}"#, 400, "BAD_REQUEST"),
        (r#"{"query":"{ viewer { id } }","variables":[]}"#, 400, "BAD_REQUEST"),
        (r#"{"query":"{ viewer { id } }","operationName":5}"#, 400, "BAD_REQUEST"),
        ("\u{0}", 400, "BAD_REQUEST"),
    ] {
        let (seen, answer) = raw(&shop.server, "POST", "/graphql", token, body).await;
        assert_eq!((seen, codes(&answer)), (status, vec![code.to_owned()]), "{body:?}: {answer}");
    }
    let deep = format!(
        "{{\"query\":\"{{ viewer {{ id }} }}\",\"variables\":{}1{}}}",
        "[".repeat(500),
        "]".repeat(500)
    );
    assert_eq!(codes(&raw(&shop.server, "POST", "/graphql", token, &deep).await.1), ["JSON_TOO_DEEP"]);
    assert_eq!(rows(&shop.server).await, before);
    shop.finish().await;
});

on_both!(the_hook_takes_no_bad_body, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let hook = shop.hook().clone();
    let ask = json!({ "request_id": "r", "user": shop.phones[0].user, "dialed": NUMBER, "call_id": "c", "from_tag": "f" });
    let before = rows(&shop.server).await;
    for path in ["authorize", "events", "ha1"] {
        for secret in [None, Some(""), Some("wrong"), Some("test-secret-of-the-hooK")] {
            let (status, answer) = hook.post_as(path, secret, ask.to_string().into_bytes()).await;
            assert_eq!((status, answer), (401, json!({ "error": "UNAUTHORIZED" })), "{path} {secret:?}");
        }
    }
    let with = |field: &str, value: Value| {
        let mut ask = ask.clone();
        ask[field] = value;
        ask
    };
    for bad in [
        json!(null),
        json!([]),
        json!({}),
        json!("text"),
        with("request_id", json!("")),
        with("user", json!(5)),
        with("dialed", json!("9".repeat(300))),
        with("from_tag", json!("x".repeat(300))),
        with("call_id", json!(null)),
        with("user", json!("a\u{0}")),
        with("dialed", json!("1\u{0}")),
    ] {
        let (status, answer) = hook.post("authorize", &bad).await;
        assert_eq!((status, &answer["error"]), (400, &json!("BAD_BODY")), "{bad}: {answer}");
    }
    assert_eq!(rows(&shop.server).await, before, "a refused request changed the database");
    // a call to an invalid number is refused, and stored like any other call, with no charge
    for dialed in ["", "abc", "0", "+", "00", "'; DROP TABLE call; --", "+999999999999999999999999"] {
        let answer = hook.authorize(&shop.phones[0].user, dialed).await;
        assert_eq!(answer["allow"], json!(false), "{dialed:?}: {answer}");
    }
    assert_eq!(hook.authorize("nobody", NUMBER).await["allow"], json!(false));
    assert_eq!(rows(&shop.server).await["ledger_entry"], before["ledger_entry"]);
    shop.finish().await;
});

on_both!(no_batch_of_events_blocks_the_queue_of_its_proxy, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let hook = shop.hook().clone();
    let boots = |count: usize| -> Vec<Value> {
        (0..count).map(|_| event("boot", &Value::Null, Utc::now(), json!({}))).collect()
    };
    assert_eq!(hook.post("events", &json!([])).await, (200, json!({ "results": [] })));
    // the batch is larger than the documented maximum, but each event still gets a result under its own key, in the order of the batch
    let mut long = boots(1_000);
    long[998] = json!("noise");
    let (status, answer) = hook.post("events", &json!(long)).await;
    let results = answer["results"].as_array().expect("results");
    assert_eq!((status, results.len()), (200, long.len()));
    for (sent, result) in long.iter().zip(results) {
        let expected = if sent.is_object() { "applied" } else { "rejected" };
        assert_eq!(result["status"], expected, "{sent}: {result}");
        assert!(sent.is_string() || sent["eid"] == result["eid"], "{sent}: {result}");
    }
    let one = boots(1).remove(0);
    let (open, huge) = (b"[".repeat(200), format!("[\"{}\"]", "x".repeat(300_000)).into_bytes());
    let as_bytes = |value: Value| value.to_string().into_bytes();
    for (body, why) in [
        (Vec::new(), "JSON array"),
        (b"{not json".to_vec(), "JSON array"),
        (b"\xff\x00".to_vec(), "JSON array"),
        (open, "JSON array"),
        (as_bytes(one.clone()), "JSON array"),
        (as_bytes(Value::Null), "JSON array"),
        (as_bytes(json!(boots(1_001))), "1000 events"),
        (huge, "262144 bytes"),
    ] {
        let sent = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let (status, answer) = hook.post_as("events", Some(HOOK_SECRET), body.clone()).await;
        let results = answer["results"].as_array().expect("results");
        assert_eq!((status, results.len()), (200, 1), "{sent}: {answer}");
        assert_eq!(results[0]["status"], "rejected", "{sent}: {answer}");
        let error = results[0]["error"].as_str().expect("an error");
        assert!(error.contains(why) && error.len() < 200, "{sent}: {error}");
        let kept = kept(&shop.server, results[0]["eid"].as_str().expect("a key")).await;
        assert!(kept.len() <= 2 * 256 * 1024, "{sent}: {} bytes are kept", kept.len());
        // the stored text is the whole batch, or its beginning
        assert!(kept.len() + 16 >= body.len().min(256 * 1024), "{sent}: {} bytes are kept", kept.len());
        let (status, answer) = hook.post_as("events", Some(HOOK_SECRET), body).await;
        assert_eq!((status, &answer["results"][0]["status"]), (200, &json!("duplicate")), "{sent}: {answer}");
    }
    assert_eq!(hook.events(&[one]).await, ["applied"], "the stored text must not count as the event");
    shop.finish().await;
});

/// The stored part of a rejected event, as JSON.
async fn kept(server: &TestServer, eid: &str) -> String {
    let row = hook_event::Entity::find_by_id(eid)
        .one(server.app.store.reader())
        .await
        .expect("the database answers");
    row.and_then(|row| row.body).expect("the event is stored").to_string()
}

on_both!(the_hook_takes_each_event_once_and_no_bad_one, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    let hook = shop.hook().clone();
    let allowed = hook.authorize(&shop.phones[0].user, NUMBER).await;
    let (call, now) = (&allowed["ref"], Utc::now());
    let before = rows(&shop.server).await;
    let end = json!({ "by": "caller", "cause": "bye" });
    let with = |kind: &str, field: &str, value: Value| {
        let mut event = event(kind, call, now, end.clone());
        event[field] = value;
        event
    };
    let mut unreferenced = with("answered", "to_tag", json!("t"));
    unreferenced.as_object_mut().expect("an event").remove("ref");
    for bad in [
        with("answered", "kind", json!("dance")),
        unreferenced,
        with("answered", "ref", json!("x")),
        with("answered", "ts", json!("-1")),
        with("answered", "ts", json!("99999999999999999999999999")),
        with("answered", "ts", json!(i64::MAX)),
        with("answered", "ts", json!(1e300)),
        with("answered", "ts", json!("yesterday")),
        with("answered", "eid", json!("e".repeat(300))),
        with("ended", "by", json!("nobody")),
        with("answered", "to_tag", json!("t\u{0}")),
        with("answered", "eid", json!("e\u{0}")),
        json!("\u{0}"),
        with("ended", "cause", json!("boredom")),
        with("failed", "code", json!(99_999_999)),
        with("failed", "code", json!("486")),
        with("online", "user", json!("u".repeat(300))),
        json!(null),
        json!([]),
        json!(5),
    ] {
        assert_eq!(hook.events(std::slice::from_ref(&bad)).await, ["rejected"], "{bad}");
        assert_eq!(
            hook.events(std::slice::from_ref(&bad)).await,
            ["duplicate"],
            "the same event again must be a duplicate: {bad}"
        );
    }
    let (status, answer) = hook.post_as("events", Some(HOOK_SECRET), b"{not json".to_vec()).await;
    assert_eq!((status, &answer["results"][0]["status"]), (200, &json!("rejected")), "{answer}");
    // this event is about an unknown call
    let stranger = event("answered", &json!(uuid::Uuid::now_v7()), now, json!({}));
    assert_eq!(hook.events(&[stranger]).await, ["ignored"]);
    assert_eq!(rows(&shop.server).await, before, "a refused event changed the database");
    // a valid event among invalid events is applied exactly once, even if it appears twice in a batch or in two batches; the invalid events do not
    // block it
    let ringing = event("ringing", call, now, json!({ "to_tag": "t" }));
    let batch = [with("answered", "kind", json!("dance")), ringing.clone(), ringing.clone(), json!("noise")];
    assert_eq!(hook.events(&batch).await, ["rejected", "applied", "duplicate", "rejected"]);
    assert_eq!(hook.events(&[ringing]).await, ["duplicate"]);
    // the end event arrives before the answer event and contains the time of the answer, so later events change nothing
    let events = answered_call(call, now, 30_000);
    assert_eq!(hook.events(&[events[2].clone()]).await, ["applied"]);
    let statement = "statement { callsTotal { amount } calls { talkSeconds } }";
    let ended = shop.owner.object("session", &session, statement).await;
    let late = hook.events(&[events[1].clone(), events[0].clone()]).await;
    assert!(late.iter().all(|status| status == "ignored" || status == "applied"), "{late:?}");
    let later = event(
        "ended",
        call,
        now + TimeDelta::hours(9),
        json!({ "by": "callee", "cause": "bye", "answered_ts": micros(now) }),
    );
    assert_eq!(hook.events(&[later]).await, ["ignored"]);
    let failed = event("failed", call, now + TimeDelta::hours(9), json!({ "by": "callee", "code": 486 }));
    assert_eq!(hook.events(&[failed]).await, ["ignored"]);
    let again = shop.owner.object("session", &session, statement).await;
    assert_eq!(again, ended);
    assert_eq!(ended["statement"]["calls"][0]["talkSeconds"], 30, "{ended}");
    shop.finish().await;
});

on_both!(a_bad_price_file_imports_nothing, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let tariff = shop
        .reseller
        .did("createTariff", "CreateTariffInput", json!({ "name": "Broken" }), "tariff { id }")
        .await;
    let tariff = text(&tariff["tariff"]["id"]);
    let before = rows(&shop.server).await;
    let head = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n";
    let good = "1,United States,0.06,0,1,1\n";
    for (rows, lines) in [
        ("x,Nowhere,0.06,0,1,1\n", vec![3]),
        (",Nowhere,0.06,0,1,1\n", vec![3]),
        ("12345678901234567890,Long,0.06,0,1,1\n", vec![3]),
        ("44,UK,free,0,1,1\n", vec![3]),
        ("44,UK,-0.06,0,1,1\n", vec![3]),
        ("44,UK,0.06,0,0,1\n", vec![3]),
        ("44,UK,0.06,0,1,0\n", vec![3]),
        ("44,UK,0.06,0,1,-6\n", vec![3]),
        ("44,UK,0.06,0,99999999999,1\n", vec![3]),
        ("44,UK,99999999999999999999,0,1,1\n", vec![3]),
        ("44,UK,0.06,0\n", vec![3]),
        ("1,Twice,0.07,0,1,1\n", vec![3]),
        ("44,\u{0},0.06,0,1,1\n", vec![3]),
        ("44,UK,x,0,1,1\n55,Brazil,0.05,0,1,1\n351,Portugal,y,0,1,1\n", vec![3, 5]),
    ] {
        let input = json!({ "tariffId": tariff, "csv": format!("{head}{good}{rows}") });
        let fields = "version { id } problemsTotal problems { line severity code message }";
        let payload = shop.reseller.tried("importTariff", "ImportTariffInput", input, fields).await;
        assert_eq!(payload["userErrors"][0]["code"], "BAD_DECK", "{rows:?}: {payload}");
        assert!(payload["version"].is_null(), "{payload}");
        let problems = payload["problems"].as_array().expect("problems");
        let seen: Vec<u64> = problems
            .iter()
            .filter(|problem| problem["severity"] == "ERROR")
            .filter_map(|problem| problem["line"].as_u64())
            .collect();
        assert_eq!(seen, lines, "{rows:?}: {payload}");
    }
    for csv in
        ["", "\n", "no,such,columns\n1,2,3\n", "\u{feff}", "\u{0}", "prefix\n1\n", &"\"".repeat(10_001)]
    {
        let input = json!({ "tariffId": tariff, "csv": csv });
        let payload = shop.reseller.tried("importTariff", "ImportTariffInput", input, "version { id }").await;
        assert_eq!(payload["userErrors"][0]["code"], "BAD_DECK", "{csv:.20?}: {payload}");
    }
    assert_eq!(rows(&shop.server).await, before, "a refused file changed the database");
    shop.finish().await;
});
