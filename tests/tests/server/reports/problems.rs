//! Tests the problems that an account is shown.

use super::*;

/// An account's problems by kind, with their number, the first problem's object, and whether there are more.
async fn problems(client: &Client, account: &str) -> BTreeMap<String, (usize, Option<Uuid>, bool)> {
    let query =
        "query($a: ID!) { problems(accountId: $a) { kind more problems { objectId callshop since text } } }";
    let data = client.ok(query, json!({ "a": account })).await;
    let groups = data["problems"].as_array().expect("groups").clone();
    let group = |group: &Value| {
        let problems = group["problems"].as_array().expect("problems");
        assert!(problems.iter().all(|problem| text(&problem["text"]).ends_with('.')), "{problems:?}");
        assert!(problems.is_sorted_by_key(|problem| {
            text(&problem["since"]).parse::<DateTime<Utc>>().expect("a time")
        }));
        let first = problems[0]["objectId"].as_str().map(row_id);
        (text(&group["kind"]), (problems.len(), first, group["more"] == json!(true)))
    };
    groups.iter().map(group).collect()
}

on_both!(problems_are_found_and_say_what_they_are_about, |backend: Backend| async move {
    let shop = Shop::start(backend, 4).await;
    let conn = shop.server.app.store.reader();
    let none = BTreeMap::new();
    assert_eq!(problems(&shop.admin, &shop.id).await, none, "a new shop must have no problems");
    shop.open_register().await;
    let old = Utc::now() - TimeDelta::hours(25);
    // the shop sells the call at 0.01 per minute but pays 0.04 per minute for it
    let cheap = tests::shop::RETAIL.replace("0.0600", "0.0100");
    tests::shop::price(&shop.reseller, &shop.id, &cheap, "RETAIL", None).await;
    let first = row_id(&shop.open_cabin(0).await);
    let lost: Uuid =
        shop.call(0, "+13055550123", 60_000).await.as_str().expect("a ref").parse().expect("an id");
    assert_eq!(
        problems(&shop.owner, &shop.id).await,
        BTreeMap::from([
            ("PHONE_OFFLINE".to_owned(), (1, Some(row_id(&shop.phones[0].id)), false)),
            ("MARGIN_NEGATIVE".to_owned(), (1, Some(lost), false)),
        ])
    );
    assert!(
        !problems(&shop.reseller, &shop.reseller_id).await.contains_key("MARGIN_NEGATIVE"),
        "the reseller must earn on the call"
    );
    // one session has been open for a day, one session waits for a call whose end never arrived, and one session has two calls
    cabin_session::Entity::update_many()
        .col_expr(cabin_session::Column::OpenedAt, Expr::value(old))
        .filter(cabin_session::Column::Id.eq(first))
        .exec(conn)
        .await
        .expect("an old session");
    let (second, third) = (row_id(&shop.open_cabin(1).await), row_id(&shop.open_cabin(2).await));
    shop.open_cabin(3).await;
    let mut live = Vec::new();
    for phone in &shop.phones[1..] {
        let allowed = shop.hook().authorize(&phone.user, "+13055550123").await;
        live.push(allowed["ref"].as_str().expect("a ref").parse::<Uuid>().expect("an id"));
    }
    let input = json!({ "cabinId": shop.cabins[1], "mode": "DRAIN" });
    shop.attendant.did("closeCabin", "CloseCabinInput", input, "session { state }").await;
    cabin_session::Entity::update_many()
        .col_expr(cabin_session::Column::ClosedAt, Expr::value(Utc::now() - TimeDelta::minutes(11)))
        .filter(cabin_session::Column::Id.eq(second))
        .exec(conn)
        .await
        .expect("a session that closes");
    call::Entity::update_many()
        .col_expr(call::Column::AuthorizedAt, Expr::value(old))
        .col_expr(call::Column::AnsweredAt, Expr::value(old))
        .filter(call::Column::Id.eq(live[0]))
        .exec(conn)
        .await
        .expect("a call without an end");
    call::Entity::update_many()
        .col_expr(call::Column::SessionId, Expr::value(third))
        .filter(call::Column::Id.eq(live[2]))
        .exec(conn)
        .await
        .expect("two calls in a session");
    live_call::Entity::update_many()
        .col_expr(live_call::Column::SessionId, Expr::value(third))
        .filter(live_call::Column::CallId.eq(live[2]))
        .exec(conn)
        .await
        .expect("two calls in a session");
    // there are many write-offs, one call with an estimated end, one rejected event, and one wrong balance
    let model = call::Entity::find_by_id(lost).one(conn).await.expect("the call").expect("the call");
    let copies = (0..101).map(|n| {
        let copy = call::Model {
            id: Uuid::now_v7(),
            request_id: format!("copy-{n}"),
            written_off: entity::Micros(5),
            ..model.clone()
        };
        call::Model { estimated: n == 7, ..copy }.into_active_model()
    });
    call::Entity::insert_many(copies).exec_without_returning(conn).await.expect("calls");
    shop.hook()
        .post("events", &json!([{ "eid": unique("eid"), "kind": "nonsense", "ts": "1", "proxy": "test" }]))
        .await;
    let balance = async |by: i64| {
        ledger_balance::Entity::update_many()
            .col_expr(ledger_balance::Column::Balance, Expr::col(ledger_balance::Column::Balance).add(by))
            .filter(ledger_balance::Column::AccountId.eq(row_id(&shop.id)))
            .filter(ledger_balance::Column::Book.eq(Book::Credit))
            .exec(conn)
            .await
            .expect("a balance");
    };
    balance(1).await;
    let found = problems(&shop.owner, &shop.id).await;
    let kinds: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "CALLS_OVERLAP",
            "CALL_WITHOUT_END",
            "END_ESTIMATED",
            "LEDGER_DIFFERENCE",
            "MARGIN_NEGATIVE",
            "PHONE_OFFLINE",
            "SESSION_CLOSING",
            "SESSION_OPEN",
            "WRITTEN_OFF"
        ]
    );
    assert_eq!(found["CALLS_OVERLAP"], (1, Some(third), false));
    assert_eq!(found["CALL_WITHOUT_END"], (1, Some(live[0]), false));
    assert_eq!(found["END_ESTIMATED"].0, 1);
    assert_eq!(found["LEDGER_DIFFERENCE"], (1, Some(row_id(&shop.id)), false));
    assert_eq!(found["PHONE_OFFLINE"].0, 3, "the closing cabin's phone must not count");
    assert_eq!(found["SESSION_CLOSING"], (1, Some(second), false));
    assert_eq!(found["SESSION_OPEN"], (1, Some(first), false));
    assert_eq!((found["WRITTEN_OFF"].0, found["WRITTEN_OFF"].2), (100, true));
    balance(-1).await;
    // only the platform sees problems of the proxy, and an account does not see the problems of accounts above it
    let platform = shop.admin.ok("{ viewer { account { id } } }", json!({})).await;
    let platform = text(&platform["viewer"]["account"]["id"]);
    assert_eq!(problems(&shop.admin, &platform).await["EVENT_REJECTED"], (1, None, false));
    assert!(!problems(&shop.reseller, &shop.reseller_id).await.contains_key("EVENT_REJECTED"));
    let query = "query($a: ID!) { problems(accountId: $a) { kind } }";
    assert_eq!(shop.owner.ok(query, json!({ "a": shop.reseller_id })).await["problems"], Value::Null);
    // the rows that cause the problems also break the ledger, so the test does not check the ledger
    shop.server.stop().await;
});

on_both!(what_was_given_away_this_week_is_a_problem_however_old_its_call, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    // the shop sells the calls below cost
    let cheap = tests::shop::RETAIL.replace("0.0600", "0.0100");
    tests::shop::price(&shop.reseller, &shop.id, &cheap, "RETAIL", None).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    for (cabin, ended_ago) in [(0, 0), (1, 8)] {
        let allowed = asked_for(&shop, cabin, 10).await;
        let covered = allowed["max_seconds"].as_i64().expect("seconds");
        let start = Utc::now() - TimeDelta::days(ended_ago);
        let events = answered_call(&allowed["ref"], start, (covered + 60) * 1_000);
        assert_eq!(shop.hook().events(&events).await, ["applied"; 3]);
    }
    let found = problems(&shop.owner, &shop.id).await;
    for kind in ["WRITTEN_OFF", "MARGIN_NEGATIVE"] {
        assert_eq!(found[kind].0, 1, "the other call ended a week ago");
    }
    shop.finish().await;
});
