//! Tests the query for a shop's screen. The query gets cabins with their customers and last calls. Each list is read once for all cabins.

use chrono::Utc;
use graphql::scalars::Kind;
use serde_json::{Value, json};
use tests::shop::{Shop, event, text};
use tests::{Backend, Client, TestServer, on_both};

use crate::plans::wire::Wire;

const BOARD: &str = "query($s: ID!, $n: Int!, $after: String) { viewer { name } cabins(callshopId: $s, first: 10) { nodes { number \
    calls(first: $n, after: $after) { nodes { number } pageInfo { hasNextPage endCursor } } \
    currentSession { openedBy { name } cabin { number } calls(last: 1) { nodes { number } pageInfo { hasPreviousPage } } } } } }";

fn numbers(list: &Value) -> Vec<String> {
    list["nodes"].as_array().expect("a list").iter().map(|call| text(&call["number"])).collect()
}

on_both!(each_cabin_shows_its_own_calls_newest_first, |backend: Backend| async move {
    let shop = Shop::start(backend, 3).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    for number in ["+13055550101", "+13055550102", "+13055550103"] {
        shop.call(0, number, 30_000).await;
    }
    shop.call(1, "+13055550201", 30_000).await;

    let board = shop.attendant.ok(BOARD, json!({ "s": shop.id, "n": 2 })).await;
    let cabins = board["cabins"]["nodes"].as_array().expect("cabins");
    assert_eq!(numbers(&cabins[0]["calls"]), ["+13055550103", "+13055550102"]);
    assert_eq!(numbers(&cabins[1]["calls"]), ["+13055550201"]);
    assert_eq!(numbers(&cabins[2]["calls"]), Vec::<String>::new());
    let more = |cabin: &Value| cabin["calls"]["pageInfo"]["hasNextPage"] == json!(true);
    assert_eq!(cabins.iter().map(more).collect::<Vec<_>>(), [true, false, false]);

    let session = &cabins[0]["currentSession"];
    assert_eq!(numbers(&session["calls"]), ["+13055550101"]);
    assert_eq!(session["calls"]["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(
        (&session["cabin"]["number"], &session["openedBy"]["name"]),
        (&json!(1), &board["viewer"]["name"])
    );
    assert_eq!(cabins[2]["currentSession"], Value::Null);

    // prices are read only if the query asks for prices
    let priced = "query($s: ID!) { cabins(callshopId: $s, first: 1) { nodes { calls(first: 1) { nodes { pricePerMinute { amount } } } } } }";
    let priced = shop.attendant.ok(priced, json!({ "s": shop.id })).await;
    let price = &priced["cabins"]["nodes"][0]["calls"]["nodes"][0]["pricePerMinute"]["amount"];
    assert!(price.is_string(), "{priced}");

    let after = &cabins[0]["calls"]["pageInfo"]["endCursor"];
    let rest = shop.attendant.ok(BOARD, json!({ "s": shop.id, "n": 2, "after": after })).await;
    assert_eq!(numbers(&rest["cabins"]["nodes"][0]["calls"]), ["+13055550101"]);
    shop.finish().await;
});

// a query for a list of calls reads fewer columns of each call, and reads the columns by position; nevertheless, every field must have the same value
// as in a query for the call alone
on_both!(a_call_in_a_list_shows_what_it_shows_alone, |backend: Backend| async move {
    const ALL: &str = "id cabinId sessionId dialed number numberFormatted destination emergency state authorizedAt ringingAt answeredAt \
        endedAt elapsedSeconds cost { amount currency } billedSeconds pricePerMinute { amount } connectionFee { amount } \
        initialPrice { amount } initialIncrement increment minimumCharge { amount } freeSeconds maxSeconds \
        estimated writtenOff { amount } sipCode endedBy cause refusal costs { account billedSeconds amount { amount } } margin { amount }";
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "0013055550101", 31_500).await;
    let user = &shop.phones[0].user;
    let busy = shop.hook().authorize(user, "+13055550102").await;
    let failed = event("failed", &busy["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
    assert_eq!(shop.hook().authorize(user, "+99900").await["allow"], false);
    assert_eq!(shop.hook().authorize(user, "190").await["allow"], true);

    let list = format!(
        "query($s: ID!) {{ cabins(callshopId: $s, first: 1) {{ nodes {{ calls(first: 10) {{ nodes {{ {ALL} }} }} }} }} }}"
    );
    let list = shop.owner.ok(&list, json!({ "s": shop.id })).await;
    let listed = list["cabins"]["nodes"][0]["calls"]["nodes"].as_array().expect("calls");
    assert_eq!(listed.len(), 4, "{list}");
    for call in listed {
        assert_eq!(&shop.owner.object("call", &text(&call["id"]), ALL).await, call);
    }
    // the columns that a list reads depend on the fields of the whole query, in fragments as well
    const BRIEF: &str = "id number state emergency destination answeredAt endedAt elapsedSeconds cost { amount currency } estimated";
    for fields in
        [BRIEF, "id dialed", "id cost { amount } ringingAt", "id freeSeconds", "id sessionId refusal"]
    {
        let list = format!(
            "query($s: ID!) {{ cabins(callshopId: $s, first: 1) {{ nodes {{ calls(first: 10) {{ edges {{ node {{ ...F }} }} }} }} }} }} \
             fragment F on Call {{ {fields} }}"
        );
        let list = shop.owner.ok(&list, json!({ "s": shop.id })).await;
        let edges = list["cabins"]["nodes"][0]["calls"]["edges"].as_array().expect("calls");
        assert_eq!(edges.len(), 4, "{list}");
        for edge in edges {
            let call = &edge["node"];
            assert_eq!(&shop.owner.object("call", &text(&call["id"]), fields).await, call);
        }
    }
    shop.finish().await;
});

on_both!(a_list_of_cabins_belongs_to_a_callshop, |backend: Backend| async move {
    const CABINS: &str = "query($s: ID!) { cabins(callshopId: $s, first: 5) { nodes { number } totalCount pageInfo { hasNextPage } } }";
    let shop = Shop::start(backend, 1).await;
    let cabin = json!({ "cabinId": shop.cabins[0] });
    shop.owner.did("retireCabin", "CabinIdInput", cabin, "cabin { id }").await;
    let empty = json!({ "nodes": [], "totalCount": 0, "pageInfo": { "hasNextPage": false } });
    assert_eq!(shop.owner.ok(CABINS, json!({ "s": shop.id })).await["cabins"], empty);
    let other = Kind::Callshop.id(Kind::Account.parse(&shop.distributor_id.as_str().into()).expect("an id"));
    for id in [other, Kind::Callshop.id(uuid::Uuid::now_v7())] {
        let answer = shop.admin.send(CABINS, json!({ "s": id.as_str() })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
    }
    shop.finish().await;
});

// each statement costs a round trip. The answer to this query is never kept, so the number of the last activity is not read
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_is_read_in_two_statements_on_postgres() {
    const BOARD: &str = "query($s: ID!) { cabins(callshopId: $s, first: 5) { nodes { number state phoneOnline phone { label } \
        currentSession { customer calls(first: 5) { nodes { number cost { amount } } } } } } }";
    let url = Backend::Postgres.new_database(&tempfile::tempdir().expect("a folder")).await;
    let shop = Shop::on(TestServer::start_at(url.clone(), |_| {}).await, 2).await;
    shop.open_register().await;
    let sessions = [shop.open_cabin(0).await, shop.open_cabin(1).await];
    shop.call(0, "+13055550101", 30_000).await;
    let (wire, through) = Wire::before(&url).await;
    let node = shop.server.another_node_with(|config| {
        config.database_url = through;
        config.limits.kept_answer_bytes = 0;
    });
    let node = node.await;
    let reader = Client::anonymous(node.http).with_token(shop.attendant.token());
    // the first request also reads data that the node remembers afterward, such as the login
    let first = reader.ok(BOARD, json!({ "s": shop.id })).await;
    wire.record();
    assert_eq!(reader.ok(BOARD, json!({ "s": shop.id })).await, first);
    let sent = wire.statements();
    let of = |kind: Kind, id: &str| kind.parse(&id.into()).expect("an id");
    let cabins = shop.cabins.iter().map(|id| of(Kind::Cabin, id));
    let sessions = sessions.iter().map(|id| of(Kind::CabinSession, id));
    let ids: Vec<uuid::Uuid> = cabins.chain(sessions).chain([of(Kind::Callshop, &shop.id)]).collect();
    // other statements may be those of the node's timers
    let is_about =
        |parameters: &[u8]| ids.iter().any(|id| parameters.windows(16).any(|run| run == id.as_bytes()));
    let about = sent.iter().filter(|(_, sent)| sent.parameters.iter().any(|bytes| is_about(bytes)));
    let about: Vec<(&str, usize)> = about.map(|(sql, sent)| (sql.as_str(), sent.parameters.len())).collect();
    assert_eq!(about.len(), 2, "{about:#?}");
    for table in ["FROM account LEFT JOIN", "LATERAL"] {
        let runs = about.iter().filter(|(sql, _)| sql.contains(table)).map(|(_, runs)| runs).sum::<usize>();
        assert_eq!(runs, 1, "{table}: {about:#?}");
    }
    node.stop().await;
    shop.finish().await;
}

on_both!(a_page_has_bounds, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let answer = shop.attendant.send(BOARD, json!({ "s": shop.id, "n": 101 })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{answer}");
    shop.finish().await;
});

on_both!(a_board_needs_one_query, |backend: Backend| async move {
    const BOARD: &str = "query($s: ID!) { callshop(id: $s) { currentRegister { number } cabins(first: 10) { nodes { number \
        callshop { id } liveCall { number state cabin { number } session { id } } \
        currentSession { id runningTotal { amount } remaining { amount } remainingSeconds callshop { id } } } } } }";
    let shop = Shop::start(backend, 2).await;
    let board = async || shop.attendant.ok(BOARD, json!({ "s": shop.id })).await["callshop"].take();
    assert_eq!(board().await["currentRegister"], Value::Null);
    shop.open_register().await;
    let limits = json!({ "cabinId": shop.cabins[0], "spendingLimit": "10.00", "timeLimitSeconds": 600 });
    let opened = shop.attendant.did("openCabin", "OpenCabinInput", limits, "session { id }").await;
    let session = text(&opened["session"]["id"]);
    shop.call(0, "+13055550101", 60_000).await;
    for (mutation, input) in [
        ("addSessionItem", json!({ "description": "Water", "unitPrice": "1.50", "quantity": 2 })),
        ("applyDiscount", json!({ "amount": "1.00", "reason": "regular customer" })),
    ] {
        let mut input = input;
        input["sessionId"] = json!(session);
        input["idempotencyKey"] = json!(mutation);
        shop.owner.did(mutation, &tests::client::input_type(mutation), input, "session { id }").await;
    }
    let asked = shop.hook().authorize(&shop.phones[0].user, "+13055550102").await;
    let answered = Utc::now() - chrono::TimeDelta::seconds(30);
    shop.hook().events(&[event("answered", &asked["ref"], answered, json!({}))]).await;

    let board = board().await;
    assert_eq!(board["currentRegister"]["number"], "1");
    let cabins = board["cabins"]["nodes"].as_array().expect("cabins");
    assert_eq!(cabins[0]["callshop"]["id"], json!(shop.id));
    let live = json!({ "number": "+13055550102", "state": "ANSWERED", "cabin": { "number": 1 }, "session": { "id": session } });
    assert_eq!(cabins[0]["liveCall"], live);
    assert_eq!(cabins[1]["liveCall"], Value::Null);
    assert_eq!(cabins[1]["currentSession"], Value::Null);
    // 0.06 for the first call, 2.00 for water less the discount, and 0.001 for each second of the live call, which lasts 30 seconds or a few more
    let seen = &cabins[0]["currentSession"];
    let micros =
        |amount: &Value| billing::money::Micros::parse(&text(&amount["amount"])).expect("an amount").0;
    let seconds = 600 - 60 - seen["remainingSeconds"].as_i64().expect("a limit");
    assert!((30..90).contains(&seconds), "{seconds}");
    let in_cents = |micros: i64| micros / 10_000;
    assert!((in_cents(micros(&seen["runningTotal"])) - (6 + 200 + seconds / 10)).abs() <= 1, "{seen}");
    assert!((in_cents(micros(&seen["remaining"])) - (1_000 - 6 - seconds / 10)).abs() <= 1, "{seen}");
    assert_eq!(seen["callshop"]["id"], json!(shop.id));
    shop.hook()
        .events(&[event("ended", &asked["ref"], Utc::now(), json!({ "by": "caller", "cause": "bye" }))])
        .await;
    shop.finish().await;
});

// the first message of a shop's subscription contains everything that the shop's screen shows
on_both!(a_snapshot_has_the_register_and_unpaid_sessions, |backend: Backend| async move {
    const SHOP: &str = "subscription($s: ID!) { callshopActivity(callshopId: $s) { snapshot { register { number } \
        unpaidSessions { customer state total { amount } } } event { kind cabin { number } session { state } call { session { state } } } } }";
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+13055550101", 60_000).await;
    shop.close_cabin(0).await;
    let mut socket = tests::Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", SHOP, json!({ "s": shop.id })).await;
    let first = socket.next().await["callshopActivity"].take();
    assert_eq!(first["snapshot"]["register"], json!({ "number": "1" }));
    assert_eq!(
        first["snapshot"]["unpaidSessions"],
        json!([{ "customer": "", "state": "CLOSED", "total": { "amount": "0.06" } }])
    );
    shop.open_cabin(0).await;
    let opened = socket.next().await["callshopActivity"]["event"].take();
    let expected = json!({ "kind": "CABIN_OPENED", "cabin": { "number": 1 }, "session": { "state": "OPEN" }, "call": null });
    assert_eq!(opened, expected);
    shop.finish().await;
});
