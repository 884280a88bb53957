//! Tests credit: top-ups, corrections and their reversal, limits, the ledger's pages, and notifications.

use chrono::Utc;
use entity::call_charge;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, Statement,
};
use serde_json::{Value, json};
use store::ledger::{self, CallCharge, NewTransfer};

use tests::shop::{answered_call, text, unique};
use tests::{Backend, Client, Shop, Socket, on_both};

fn money(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "BRL" })
}

/// Corrects a child's credit. Returns the payload.
async fn adjust(parent: &Client, account: &str, amount: &str) -> Value {
    let input = json!({ "accountId": account, "amount": money(amount), "reason": "a mistake", "idempotencyKey": unique("key") });
    parent.tried("adjustCredit", "AdjustCreditInput", input, "transferId balance { amount }").await
}

async fn reverse(parent: &Client, transfer: &Value) -> Value {
    let input =
        json!({ "transferId": transfer, "reason": "another mistake", "idempotencyKey": unique("key") });
    parent.tried("reverseTransfer", "ReverseTransferInput", input, "transferId balance { amount }").await
}

/// The code of a top-level error or of the first user error.
fn code(payload: &Value) -> &str {
    payload["userErrors"][0]["code"].as_str().unwrap_or("none")
}

/// A page of a book's entries, as GraphQL nodes.
async fn ledger_page(client: &Client, account: &str, arguments: &str) -> Value {
    let page = "{ pageInfo { hasNextPage endCursor } nodes { transferId kind note amount { amount currency } user { name } callId \
        reverses reversedBy counterparts { account book amount { amount } } } }";
    let query = format!("query($id: ID!) {{ ledger(accountId: $id, {arguments}) {page} }}");
    client.ok(&query, json!({ "id": account })).await["ledger"].take()
}

/// Balance, limit, held and available credit of the callshop.
async fn standing(client: &Client, shop: &str) -> [Value; 4] {
    let fields = "balance { amount } creditLimit { amount } held { amount } available { amount }";
    let shop = client.object("callshop", shop, fields).await;
    ["balance", "creditLimit", "held", "available"].map(|name| shop[name]["amount"].clone())
}

on_both!(a_correction_takes_no_more_than_is_left, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    assert_eq!(standing(&shop.owner, &shop.id).await, [json!("500"), json!("0"), json!("0"), json!("500")]);
    assert_eq!(adjust(&shop.reseller, &shop.id, "-120.5").await["balance"]["amount"], "379.5");
    assert_eq!(code(&adjust(&shop.reseller, &shop.id, "-379.500001").await), "INSUFFICIENT_CREDIT");
    assert_eq!(code(&adjust(&shop.reseller, &shop.id, "0").await), "INVALID_INPUT");
    assert_eq!(adjust(&shop.reseller, &shop.id, "-379.5").await["balance"]["amount"], "0");
    let limit = |amount: &str| {
        let input = json!({ "accountId": shop.id, "limit": amount });
        let reseller = shop.reseller.clone();
        async move { reseller.code("setCreditLimit", "SetCreditLimitInput", input, "callshop { id }").await }
    };
    assert_eq!(limit("50").await, "none");
    assert_eq!(adjust(&shop.reseller, &shop.id, "-30").await["balance"]["amount"], "-30");
    assert_eq!(standing(&shop.owner, &shop.id).await, [json!("-30"), json!("50"), json!("0"), json!("20")]);
    assert_eq!(limit("29.999999").await, "INSUFFICIENT_CREDIT");
    assert_eq!(limit("30").await, "none");
    // a correction is refused if it is in another currency, or if it is for the caller's own account
    let input = json!({ "accountId": shop.id, "amount": { "amount": "1", "currency": "USD" }, "reason": "x", "idempotencyKey": unique("key") });
    let refused = shop.reseller.code("adjustCredit", "AdjustCreditInput", input, "transferId").await;
    assert_eq!(refused, "CURRENCY_MISMATCH");
    let own = json!({ "i": { "accountId": shop.reseller_id, "amount": money("1"), "reason": "x", "idempotencyKey": unique("key") } });
    let query =
        "mutation($i: AdjustCreditInput!) { adjustCredit(input: $i) { transferId userErrors { code } } }";
    let refused = shop.reseller.send(query, own).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    shop.finish().await;
});

on_both!(a_transfer_is_taken_back_once, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let given = adjust(&shop.reseller, &shop.id, "100").await;
    let key = unique("key");
    let input = json!({ "transferId": given["transferId"], "reason": "twice", "idempotencyKey": key });
    let fields = "transferId balance { amount }";
    // ten concurrent requests have one key: one request takes effect, and all get the same response
    let sent =
        (0..10).map(|_| shop.reseller.did("reverseTransfer", "ReverseTransferInput", input.clone(), fields));
    let answers = futures_util::future::join_all(sent).await;
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert_eq!(answers[0]["balance"]["amount"], "500");
    assert_eq!(code(&reverse(&shop.reseller, &given["transferId"]).await), "ALREADY_REVERSED");
    // a reversal cannot be reversed
    assert_eq!(code(&reverse(&shop.reseller, &answers[0]["transferId"]).await), "ILLEGAL_STATE");
    // ten concurrent requests have ten keys: one request takes effect
    let given = adjust(&shop.reseller, &shop.id, "50").await;
    let sent = (0..10).map(|_| reverse(&shop.reseller, &given["transferId"]));
    let answers = futures_util::future::join_all(sent).await;
    let done = answers.iter().filter(|answer| code(answer) == "none").count();
    assert_eq!(done, 1, "{answers:?}");
    // a part of the top-up of 500 is spent, so the top-up can no longer be reversed
    adjust(&shop.reseller, &shop.id, "-1").await;
    let top_up = ledger_page(&shop.reseller, &shop.id, "last: 1").await["nodes"][0]["transferId"].clone();
    assert_eq!(code(&reverse(&shop.reseller, &top_up).await), "INSUFFICIENT_CREDIT");
    // a call's charge is not a manual transfer, so it cannot be reversed
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+12125550123", 60_000).await;
    let call = ledger_page(&shop.reseller, &shop.id, "first: 1").await["nodes"][0].take();
    assert_eq!((&call["kind"], &call["amount"]["amount"]), (&json!("CALL"), &json!("-0.04")), "{call}");
    assert_eq!(code(&reverse(&shop.reseller, &call["transferId"]).await), "ILLEGAL_STATE");
    shop.finish().await;
});

on_both!(simultaneous_corrections_never_overdraw, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    // the available credit is 500, so eight of twelve corrections of -60 each succeed
    let answers =
        futures_util::future::join_all((0..12).map(|_| adjust(&shop.reseller, &shop.id, "-60"))).await;
    let refused = answers.iter().filter(|answer| code(answer) == "INSUFFICIENT_CREDIT").count();
    let done = answers.iter().filter(|answer| code(answer) == "none").count();
    assert_eq!((done, refused), (8, 4), "{answers:?}");
    assert_eq!(standing(&shop.owner, &shop.id).await[3], "20");
    shop.finish().await;
});

on_both!(the_ledger_shows_each_his_own, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    for amount in ["1", "2", "3"] {
        adjust(&shop.reseller, &shop.id, amount).await;
    }
    let first = ledger_page(&shop.owner, &shop.id, "first: 2").await;
    let amounts = |page: &Value| -> Vec<String> {
        let nodes = page["nodes"].as_array().expect("nodes");
        nodes.iter().map(|node| node["amount"]["amount"].as_str().expect("an amount").to_owned()).collect()
    };
    assert_eq!(amounts(&first), ["3", "2"], "newest first");
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    // new entries do not shift the next page
    adjust(&shop.reseller, &shop.id, "4").await;
    let after = format!("first: 2, after: {}", first["pageInfo"]["endCursor"]);
    let second = ledger_page(&shop.owner, &shop.id, &after).await;
    assert_eq!(amounts(&second), ["1", "500"]);
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    // the owner sees neither the user of the parent account nor the other side of the transfer
    let node = &second["nodes"][0];
    assert_eq!((&node["user"], &node["counterparts"]), (&Value::Null, &json!([])), "{node}");
    // the reseller sees the user and the other side
    let node = &ledger_page(&shop.reseller, &shop.id, "first: 1").await["nodes"][0];
    assert!(node["user"]["name"].is_string(), "{node}");
    assert_eq!(
        node["counterparts"],
        json!([{ "account": "Reseller", "book": "ISSUED", "amount": { "amount": "-4" } }])
    );
    let issued = ledger_page(&shop.reseller, &shop.reseller_id, "book: ISSUED, first: 1").await;
    assert_eq!(issued["nodes"][0]["amount"]["amount"], "-4");
    assert_eq!(issued["nodes"][0]["counterparts"][0]["account"], "Callshop");
    // the shop cannot see the reseller's credit with its distributor
    let query = "query($id: ID!) { ledger(accountId: $id, first: 5) { nodes { kind } } }";
    let refused = shop.owner.send(query, json!({ "id": shop.reseller_id })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "NOT_FOUND", "{refused}");
    shop.finish().await;
});

on_both!(low_credit_is_set_by_the_account_and_its_parent, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let set = |client: &Client, amount: Value| {
        let (client, input) = (client.clone(), json!({ "i": { "accountId": shop.id, "amount": amount } }));
        let query = "mutation($i: SetLowCreditInput!) { setLowCredit(input: $i) { callshop { lowCredit { amount } } userErrors { code } } }";
        async move { client.send(query, input).await }
    };
    for (client, amount) in [(&shop.owner, "20"), (&shop.reseller, "30")] {
        let answer = set(client, json!(amount)).await;
        assert_eq!(answer["data"]["setLowCredit"]["callshop"]["lowCredit"]["amount"], amount, "{answer}");
    }
    assert_eq!(set(&shop.distributor, json!("1")).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let answer = set(&shop.owner, json!("-1")).await;
    assert_eq!(answer["data"]["setLowCredit"]["userErrors"][0]["code"], "INVALID_INPUT", "{answer}");
    assert!(set(&shop.owner, Value::Null).await["data"]["setLowCredit"]["callshop"]["lowCredit"].is_null());
    shop.finish().await;
});

on_both!(the_balance_is_watched_until_rights_end, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let input = json!({ "accountId": shop.id, "amount": "100" });
    shop.owner.did("setLowCredit", "SetLowCreditInput", input, "callshop { id }").await;
    let mut socket = Socket::open(shop.server.http, shop.owner.token()).await;
    let query = "subscription($a: ID!) { balance(accountId: $a, everySeconds: 1) { balance { amount } held { amount } available { amount } low } }";
    socket.subscribe("b", query, json!({ "a": shop.id })).await;
    let of = |balance: &str, low: bool| {
        json!({ "balance": { "balance": { "amount": balance }, "held": { "amount": "0" },
            "available": { "amount": balance }, "low": low } })
    };
    assert_eq!(socket.next().await, of("500", false), "sent immediately");
    adjust(&shop.reseller, &shop.id, "-420").await;
    assert_eq!(socket.next().await, of("80", true), "sent after a change");
    let viewer = shop.owner.ok("{ viewer { id } }", json!({})).await;
    let input = json!({ "userId": viewer["viewer"]["id"] });
    shop.reseller.did("disableUser", "UserIdInput", input, "user { id }").await;
    let (code, _) = socket.closed().await;
    assert_eq!(code, 4403);
    shop.finish().await;
});

/// Another transaction holds a lock that a mutation needs, for longer than the mutation waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_not_given_back_is_told_as_overload_on_postgres() {
    use sea_orm::ConnectionTrait as _;
    let shop = Shop::start(Backend::Postgres, 1).await;
    let keeper = shop.server.app.store.reader().begin().await.expect("a transaction");
    keeper.execute_unprepared("SELECT 1 FROM account FOR UPDATE").await.expect("the rows are locked");
    let change = "mutation($i: SetCreditLimitInput!) { setCreditLimit(input: $i) { callshop { id } userErrors { code } } }";
    let input = json!({ "i": { "accountId": shop.id, "limit": "50" } });
    let answer = shop.reseller.send(change, input.clone()).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "OVERLOADED", "{answer}");
    keeper.rollback().await.expect("the lock is released");
    assert_eq!(shop.reseller.send(change, input).await["data"]["setCreditLimit"]["userErrors"], json!([]));
    shop.finish().await;
}

on_both!(the_platforms_books_keep_currencies_apart, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let platform = shop.admin.ok("{ viewer { account { id } } }", json!({})).await;
    let platform = platform["viewer"]["account"]["id"].as_str().expect("an id").to_owned();
    let balances = async |client: &Client, account: &str, book: &str| {
        let query = "query($id: ID!, $book: LedgerBook!) { ledgerBalances(accountId: $id, book: $book) { amount currency } }";
        let data = client.ok(query, json!({ "id": account, "book": book })).await;
        let money = |money: &Value| format!("{} {}", money["amount"], money["currency"]).replace('"', "");
        data["ledgerBalances"].as_array().expect("balances").iter().map(money).collect::<Vec<_>>()
    };
    assert_eq!(balances(&shop.admin, &platform, "ISSUED").await, ["0 USD"]);
    // the test creates a distributor in another country
    let input = json!({ "name": "Elsewhere", "currency": "EUR", "country": "PT", "timeZone": "Europe/Lisbon", "user": tests::shop::person() });
    let made = shop.admin.did("createDistributor", "CreateDistributorInput", input, "account { id }").await;
    let elsewhere = made["account"]["id"].as_str().expect("an id").to_owned();
    for (account, amount, currency) in [(&shop.distributor_id, "30", "BRL"), (&elsewhere, "70", "EUR")] {
        let amount = json!({ "amount": amount, "currency": currency });
        let input = json!({ "accountId": account, "amount": amount, "idempotencyKey": unique("key") });
        let given = shop.admin.did("topUp", "TopUpInput", input, "balance { amount currency }").await;
        assert_eq!(given["balance"], amount);
    }
    assert_eq!(balances(&shop.admin, &platform, "ISSUED").await, ["-30 BRL", "-70 EUR", "0 USD"]);
    assert_eq!(balances(&shop.admin, &elsewhere, "CREDIT").await, ["70 EUR"]);
    // each entry has its currency
    let page = ledger_page(&shop.admin, &platform, "book: ISSUED, first: 2").await;
    let amounts: Vec<&Value> = (0..2).map(|line| &page["nodes"][line]["amount"]).collect();
    assert_eq!(amounts[0], &json!({ "amount": "-70", "currency": "EUR" }));
    assert_eq!(amounts[1], &json!({ "amount": "-30", "currency": "BRL" }));
    // revenue from calls is in the currency of the branch that makes the calls
    let deck = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment
1,A,0.01,0,1,1
";
    tests::shop::price(&shop.admin, &shop.distributor_id, deck, "COST", Some("BRL")).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 60_000).await;
    assert_eq!(balances(&shop.admin, &platform, "REVENUE").await, ["0.01 BRL", "0 USD"]);
    // accounts below the platform have only one currency
    assert_eq!(balances(&shop.reseller, &shop.reseller_id, "ISSUED").await, ["-500 BRL"]);
    assert_eq!(balances(&shop.owner, &shop.id, "CREDIT").await, ["499.96 BRL"]);
    shop.finish().await;
});

/// Posts the charges of a call again, with a reversal of the first charges, as a correction does.
async fn correct(tx: &sea_orm::DatabaseTransaction, call: uuid::Uuid) {
    let posted = ledger::standing_of_calls(tx, &[call]).await.expect("transfers").remove(0);
    let rows = call_charge::Entity::find().filter(call_charge::Column::TransferId.eq(posted.id));
    let charges = rows.all(tx).await.expect("charges").into_iter().map(|row| CallCharge {
        level: row.level,
        payer_id: row.payer_id,
        payee_id: row.payee_id,
        version_id: row.version_id,
        billed_seconds: row.billed_seconds,
        amount: row.amount.into(),
    });
    let back = posted.reversal(Utc::now()).expect("a reversal");
    let again = NewTransfer::of_charges(call, "BRL", Utc::now(), charges.collect());
    ledger::post(tx, vec![back, again]).await.expect("posted");
}

// a page is read in two queries, first postings and then charges; the correction is committed between the two
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_the_ledger_never_has_half_of_a_correction_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let allowed = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let events = answered_call(&allowed["ref"], Utc::now(), 30_000);
    assert_eq!(shop.hook().events(&events).await, ["applied"; 3]);
    let kinds = async || {
        let page = ledger_page(&shop.owner, &shop.id, "first: 10").await;
        page["nodes"].as_array().expect("entries").iter().map(|node| text(&node["kind"])).collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, ["CALL", "TOP_UP"]);
    let tx = shop.server.app.store.reader().begin().await.expect("a transaction");
    tx.execute_unprepared("LOCK TABLE call_charge IN ACCESS EXCLUSIVE MODE").await.expect("a lock");
    let correction = async {
        let waits = "SELECT COUNT(*) AS readers FROM pg_locks WHERE relation = 'call_charge'::regclass AND NOT granted";
        let waits = Statement::from_string(DbBackend::Postgres, waits);
        let readers = || async {
            let row = tx.query_one_raw(waits.clone()).await.expect("the database answers").expect("a row");
            row.try_get::<i64>("", "readers").expect("a number")
        };
        while readers().await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        correct(&tx, text(&allowed["ref"]).parse().expect("a ref")).await;
        tx.commit().await.expect("committed");
    };
    let (page, ()) = tokio::join!(kinds(), correction);
    assert_eq!(page, ["CALL", "TOP_UP"]);
    assert_eq!(kinds().await, ["CALL", "REVERSAL", "CALL", "TOP_UP"]);
    shop.finish().await;
}
