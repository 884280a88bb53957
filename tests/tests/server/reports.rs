//! Compares explanations, reports and problems from the API with the ledger.

mod problems;

use std::collections::{BTreeMap, BTreeSet};

use app::calls::pricing::{Prices, keys};
use app::rates::RateCache;
use billing::money::Micros;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use entity::{
    Book, Prefix, RateKey, cabin_session, call, ledger_balance, ledger_entry, ledger_transfer, live_call,
    tariff_version,
};
use graphql::scalars::parse_any;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
};
use serde_json::{Value, json};
use tests::shop::{Hook, Shop, answered_call, event, text, unique};
use tests::{Backend, Client, on_both};
use uuid::Uuid;

fn row_id(global: &str) -> Uuid {
    parse_any(&global.into()).expect("a global id").1
}

fn money(value: &Value) -> Micros {
    Micros::parse(value["amount"].as_str().unwrap_or_else(|| panic!("expected money, not {value}")))
        .expect("an amount")
}

/// The amount by which the transfers of one call, or of all calls, change an account's book.
async fn booked(shop: &Shop, account: Uuid, book: Book, call: Option<Uuid>) -> Micros {
    let conn = shop.server.app.store.reader();
    let transfers = ledger_transfer::Entity::find().filter(match call {
        Some(call) => ledger_transfer::Column::CallId.eq(call),
        None => ledger_transfer::Column::CallId.is_not_null(),
    });
    let ids: Vec<Uuid> = transfers.all(conn).await.expect("transfers").iter().map(|row| row.id).collect();
    let entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::AccountId.eq(account))
        .filter(ledger_entry::Column::Book.eq(book))
        .filter(ledger_entry::Column::TransferId.is_in(ids));
    Micros(entries.all(conn).await.expect("entries").iter().map(|row| row.amount.0).sum())
}

/// Gives the shop a retail tariff with a minimum charge, free seconds, and two bands. The band that begins at `edge` costs more.
async fn price_with_everything(shop: &Shop, edge: DateTime<Utc>) {
    let (edge, other) =
        (edge.format("%H:%M:%S").to_string(), (edge - TimeDelta::hours(12)).format("%H:%M:%S").to_string());
    let week = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
    let bands = json!([
        { "name": "cheap", "weekdays": week, "from": other, "to": edge, "holidays": true },
        { "name": "dear", "weekdays": week, "from": edge, "to": other, "holidays": true },
    ]);
    let input = json!({ "name": "Street", "timeZone": "UTC", "bands": bands, "roundingDecimals": 2, "roundingMode": "UP" });
    let tariff = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let tariff = text(&tariff["tariff"]["id"]);
    let rates = json!([
        { "prefix": "351", "destination": "Portugal", "pricePerMinute": "0.99", "connectionFee": "0.99", "initialIncrement": 30, "increment": 6,
          "bandPrices": [{ "band": "cheap", "pricePerMinute": "0.15", "connectionFee": "0.02" }, { "band": "dear", "pricePerMinute": "0.31" }] },
        { "prefix": "1", "destination": "United States", "pricePerMinute": "0.06", "minimumCharge": "0.10" },
        { "prefix": "55", "destination": "Brazil", "pricePerMinute": "0.12", "freeSeconds": 10 },
    ]);
    let input = json!({ "tariffId": tariff, "rates": rates });
    let version = shop.reseller.did("upsertRates", "UpsertRatesInput", input, "version { id }").await;
    let input = json!({ "versionId": version["version"]["id"] });
    shop.reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
    let input = json!({ "accountId": shop.id, "tariffId": tariff, "kind": "RETAIL" });
    shop.reseller.did("assignTariff", "AssignTariffInput", input, "").await;
}

const EXPLAIN: &str = "query($c: ID!) { explainCharge(callId: $c) { measuredSeconds coveredSeconds levels { level account tariff version \
    prefix destination initialIncrement increment billedSeconds charge { amount } \
    steps { kind band firstSecond seconds pricePerMinute { amount } amount { amount } text } } } }";

async fn explained(client: &Client, call: &str) -> Value {
    client.ok(EXPLAIN, json!({ "c": call })).await["explainCharge"].take()
}

/// The texts of the explanation's steps at the customer's level.
fn said(explanation: &Value) -> Vec<String> {
    let steps = explanation["levels"][0]["steps"].as_array().expect("steps");
    steps.iter().map(|step| text(&step["text"])).collect()
}

/// Global id of a call by its `ref`.
fn call_id(reference: &Value) -> String {
    let id: Uuid = reference.as_str().expect("a ref").parse().expect("an id");
    graphql::scalars::Kind::Call.id(id).to_string()
}

on_both!(rates_are_read_without_their_versions, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let answer = Utc::now().trunc_subsecs(0) + TimeDelta::seconds(8);
    price_with_everything(&shop, answer + TimeDelta::seconds(20)).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let node = shop.server.another_node().await;
    let (other, admin) = (Hook::at(node.hook), Client::anonymous(node.http).with_token(shop.admin.token()));
    let mut explanations = Vec::new();
    for hook in [shop.hook(), &other] {
        let allowed = shop.hook().authorize(&shop.phones[0].user, "+351912345678").await;
        let events = answered_call(&allowed["ref"], answer - TimeDelta::seconds(3), 34_500);
        assert_eq!(hook.events(&events[..2]).await, ["applied"; 2]);
        let live = "query($s: ID!) { liveCalls(callshopId: $s) { cost { amount } pricePerMinute { amount } connectionFee { amount } \
            initialPrice { amount } initialIncrement increment minimumCharge { amount } freeSeconds maxSeconds } }";
        let here = shop.admin.ok(live, json!({ "s": shop.id })).await;
        let shown = &here["liveCalls"][0];
        assert_eq!(shown["pricePerMinute"]["amount"], "0.99", "{here}");
        assert_eq!((&shown["initialIncrement"], &shown["increment"]), (&json!(30), &json!(6)), "{here}");
        assert_eq!(admin.ok(live, json!({ "s": shop.id })).await, here);
        assert_eq!(hook.events(&events[2..]).await, ["applied"]);
        let call = call_id(&allowed["ref"]);
        explanations.extend([explained(&shop.admin, &call).await, explained(&admin, &call).await]);
    }
    assert_eq!(said(&explanations[0]).len(), 6, "{}", explanations[0]);
    assert!(explanations.iter().all(|other| *other == explanations[0]), "{explanations:?}");
    node.stop().await;

    let app = &shop.server.app;
    let (conn, cold) = (app.store.reader(), RateCache::new(1_000_000));
    let calls = call::Entity::find().all(conn).await.expect("calls");
    let (read, known) = (
        Prices::load(&cold, conn, &calls).await.expect("rates"),
        Prices::load(&app.rates, conn, &calls).await.expect("rates"),
    );
    for call in &calls {
        let levels = read.of(call).expect("levels");
        assert_eq!(levels, known.of(call).expect("levels"));
        assert!(levels.len() > 1 && levels[0].pricing.bands.len() == 2, "{levels:?}");
    }
    let mut keys =
        keys(&calls[0]).expect("levels").into_iter().map(|level| level.rate).collect::<BTreeSet<_>>();
    let there = keys.len();
    let nowhere =
        RateKey { prefix: Prefix::parse("999").expect("a prefix"), ..*keys.first().expect("a rate") };
    keys.insert(nowhere);
    let found = RateCache::new(1_000_000).pricings(conn, keys).await.expect("rates");
    assert_eq!((found.len(), found.contains_key(&nowhere)), (there, false));
    assert_eq!(cold.size().await, (0, 0), "no version is loaded");
    shop.finish().await;
});

on_both!(
    every_step_of_a_charge_is_explained_from_the_prices_frozen_on_the_call,
    |backend: Backend| async move {
        let shop = Shop::start(backend, 1).await;
        let answer = Utc::now().trunc_subsecs(0) + TimeDelta::seconds(8);
        let edge = answer + TimeDelta::seconds(20);
        price_with_everything(&shop, edge).await;
        shop.open_register().await;
        shop.open_cabin(0).await;
        let made = async |number: &str, talk_ms: i64| {
            let allowed = shop.hook().authorize(&shop.phones[0].user, number).await;
            assert_eq!(allowed["allow"], json!(true), "{allowed}");
            let events = answered_call(&allowed["ref"], answer - TimeDelta::seconds(3), talk_ms);
            assert_eq!(shop.hook().events(&events).await, ["applied"; 3]);
            call_id(&allowed["ref"])
        };
        let banded = made("+351912345678", 34_500).await;
        let explanation = explained(&shop.admin, &banded).await;
        assert_eq!(
            said(&explanation),
            [
                "The call lasted 35 s, rounded up to whole seconds.",
                "35 s are billed as 36 s: the first 30 s, then steps of 6 s.",
                "The connection fee of the band cheap is 0.02 BRL.",
                "20 s at the price of the band cheap of 0.15 BRL per minute cost 0.05 BRL.",
                "16 s from second 20 on at the price of the band dear of 0.31 BRL per minute cost about 0.082667 BRL.",
                "Rounded up to 2 decimals, once: 0.16 BRL.",
            ]
        );
        let retail = &explanation["levels"][0];
        assert_eq!(
            (
                &retail["tariff"],
                &retail["version"],
                &retail["prefix"],
                &retail["destination"],
                &retail["billedSeconds"]
            ),
            (&json!("Street"), &json!(1), &json!("351"), &json!("Portugal"), &json!(36))
        );
        let minimum = explained(&shop.admin, &made("+13055550123", 7_000).await).await;
        assert_eq!(said(&minimum)[4], "The sum is below the minimum charge and is raised to 0.1 BRL.");
        assert_eq!(minimum["levels"][0]["charge"]["amount"], "0.1");
        let free = explained(&shop.admin, &made("+5521987654321", 9_000).await).await;
        assert_eq!(said(&free)[1], "9 s is less than the 10 free seconds, so the call is free.");
        assert_eq!(free["levels"][0]["charge"]["amount"], "0");
        assert_ne!(
            free["levels"][1]["charge"]["amount"], "0",
            "the shop must pay for a call that is free for its customer"
        );
        // every other level matches the ledger
        let names = ["Callshop", "Callshop", "Reseller", "Distributor"];
        let accounts = [&shop.id, &shop.id, &shop.reseller_id, &shop.distributor_id];
        for explanation in [&explanation, &minimum, &free] {
            let levels = explanation["levels"].as_array().expect("levels");
            assert_eq!(levels.iter().map(|level| text(&level["account"])).collect::<Vec<_>>(), names);
            for level in levels {
                let last = level["steps"].as_array().and_then(|steps| steps.last()).expect("steps");
                assert_eq!(last["amount"], level["charge"], "the last step must be the charge: {level}");
            }
        }
        let call = row_id(&banded);
        for (level, account) in accounts.iter().enumerate().skip(1) {
            let paid = booked(&shop, row_id(account), Book::Credit, Some(call)).await;
            assert_eq!(-paid.0, money(&explanation["levels"][level]["charge"]).0, "level {level}");
        }
        // each role sees its own branch, and an attendant sees only the customer's price
        for (client, levels) in
            [(&shop.attendant, 1), (&shop.owner, 2), (&shop.reseller, 3), (&shop.distributor, 4)]
        {
            let seen = explained(client, &banded).await;
            assert_eq!(
                seen["levels"].as_array(),
                explanation["levels"].as_array().map(|all| all[..levels].to_vec()).as_ref()
            );
        }
        // later price changes do not affect the explanation
        tests::shop::price(&shop.reseller, &shop.id, tests::shop::RETAIL, "RETAIL", None).await;
        assert_eq!(explained(&shop.admin, &banded).await, explanation);
        shop.finish().await;
    }
);

on_both!(calls_without_a_charge_say_why, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let allowed = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let call = call_id(&allowed["ref"]);
    let live = shop.owner.send(EXPLAIN, json!({ "c": call })).await;
    assert_eq!(live["errors"][0]["extensions"]["code"], "ILLEGAL_STATE", "{live}");
    let failed = event("failed", &allowed["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
    let explanation = explained(&shop.owner, &call).await;
    assert_eq!(said(&explanation), ["The call was not answered, so it is free."]);
    assert_eq!(
        (&explanation["measuredSeconds"], &explanation["levels"][0]["charge"]["amount"]),
        (&json!(0), &json!("0"))
    );
    shop.finish().await;
});

const FIGURES: &str = "attempts refused answered asr acdSeconds talkSeconds billedSeconds retail { amount } revenue { amount } cost { amount } margin { amount }";

/// The total and groups of an account's report over the last ten days.
async fn report(client: &Client, account: &str, by: &[&str]) -> (Value, Vec<Value>) {
    let query = format!(
        "query($a: ID!, $f: NaiveDate!, $t: NaiveDate!, $g: [ReportDimension!]!) {{ report(accountId: $a, from: $f, to: $t, groupBy: $g) {{ \
         currency total {{ {FIGURES} }} groups(first: 100) {{ nodes {{ day callshop cabinNumber destination attendant tariff version \
         figures {{ {FIGURES} }} }} }} }} }}"
    );
    let today = Utc::now().date_naive();
    let (from, to) = (today - TimeDelta::days(8), today + TimeDelta::days(1));
    let mut data = client.ok(&query, json!({ "a": account, "f": from, "t": to, "g": by })).await;
    let groups = data["report"]["groups"]["nodes"].as_array().expect("groups").clone();
    (data["report"]["total"].take(), groups)
}

/// Calls answered yesterday and today, and failed, refused and live calls.
async fn trade(shop: &Shop) {
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    let now = Utc::now();
    for (cabin, number, ago, talk_ms) in [
        (0, "+13055550123", 1, 60_000),
        (0, "+351912345678", 0, 61_000),
        (1, "11987654321", 0, 30_400),
        (1, "+13055550199", 0, 100_100),
        (1, "+13055550199", 1, 1),
    ] {
        let allowed = shop.hook().authorize(&shop.phones[cabin].user, number).await;
        assert_eq!(allowed["allow"], json!(true), "{allowed}");
        let events = answered_call(&allowed["ref"], now - TimeDelta::days(ago), talk_ms);
        assert_eq!(shop.hook().events(&events).await, ["applied"; 3]);
    }
    let allowed = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let failed = event("failed", &allowed["ref"], now, json!({ "code": 486, "by": "callee" }));
    assert_eq!(shop.hook().events(&[failed]).await, ["applied"]);
    assert_eq!(shop.hook().authorize(&shop.phones[0].user, "hello").await["allow"], json!(false));
    // the call is still live, so it counts only as an attempt
    let allowed = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let events = answered_call(&allowed["ref"], now, 10_000);
    assert_eq!(shop.hook().events(&events[..2]).await, ["applied"; 2]);
}

on_both!(reports_agree_with_the_ledger_to_the_micro, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    trade(&shop).await;
    let platform = shop.admin.ok("{ viewer { account { id } } }", json!({})).await;
    let platform = text(&platform["viewer"]["account"]["id"]);
    for (client, account) in [
        (&shop.owner, &shop.id),
        (&shop.reseller, &shop.reseller_id),
        (&shop.distributor, &shop.distributor_id),
        (&shop.admin, &platform),
    ] {
        let (total, _) = report(client, account, &[]).await;
        let counts = ["attempts", "refused", "answered", "talkSeconds"]
            .map(|name| total[name].as_i64().expect("a number"));
        // the calls last 60 + 61 + 31 + 101 + 1 seconds
        assert_eq!(counts, [7, 1, 5, 254], "{total}");
        assert_eq!((&total["asr"], &total["acdSeconds"]), (&json!("0.7143"), &json!(51)), "{total}");
        let id = row_id(account);
        let credit = booked(&shop, id, Book::Credit, None).await;
        assert_eq!(money(&total["cost"]).0, -credit.0, "{total}");
        if account == &shop.id {
            assert_eq!(total["revenue"], total["retail"]);
        } else {
            assert_eq!(money(&total["revenue"]), booked(&shop, id, Book::Revenue, None).await, "{total}");
        }
        assert_eq!(money(&total["margin"]).0, money(&total["revenue"]).0 - money(&total["cost"]).0);
        // the sums of money are the same for every grouping
        for by in [
            ["DAY"].as_slice(),
            &["CABIN"],
            &["DESTINATION"],
            &["ATTENDANT"],
            &["CALLSHOP"],
            &["TARIFF_VERSION"],
            &["DAY", "CABIN", "DESTINATION", "ATTENDANT", "CALLSHOP", "TARIFF_VERSION"],
        ] {
            let (same, groups) = report(client, account, by).await;
            assert_eq!(same, total, "{by:?}");
            for figure in ["retail", "revenue", "cost", "margin"] {
                let sum: i64 = groups.iter().map(|group| money(&group["figures"][figure]).0).sum();
                assert_eq!(sum, money(&total[figure]).0, "{figure} by {by:?}");
            }
        }
    }
    // the customers' total matches their bills
    let (total, _) = report(&shop.owner, &shop.id, &[]).await;
    let mut billed = 0;
    shop.hook().events(&ends_of_live(&shop).await).await;
    for cabin in 0..2 {
        let closed = shop.close_cabin(cabin).await;
        let calls = closed["statement"]["calls"].as_array().expect("calls");
        billed += calls.iter().map(|call| money(&call["amount"]).0).sum::<i64>();
    }
    let (after, _) = report(&shop.owner, &shop.id, &[]).await;
    assert_eq!((after["answered"].as_i64(), money(&after["retail"]).0), (Some(6), billed));
    assert!(money(&after["retail"]) > money(&total["retail"]));
    shop.finish().await;
});

async fn execute(shop: &Shop, statement: &str) {
    let done = shop.server.app.store.write(|tx| async move {
        tx.conn().execute_unprepared(statement).await?;
        Ok(())
    });
    done.await.expect("the statement runs");
}

/// Events that end the live calls, ten seconds after their answers.
async fn ends_of_live(shop: &Shop) -> Vec<Value> {
    let live = shop
        .owner
        .ok("query($s: ID!) { liveCalls(callshopId: $s) { id answeredAt } }", json!({ "s": shop.id }))
        .await;
    let live = live["liveCalls"].as_array().expect("calls").clone();
    let end = |call: &Value| {
        let answered: DateTime<Utc> = text(&call["answeredAt"]).parse().expect("a time");
        let more = json!({ "by": "caller", "cause": "bye", "answered_ts": tests::shop::micros(answered), "to_tag": "tt" });
        event(
            "ended",
            &json!(row_id(&text(&call["id"])).to_string()),
            answered + TimeDelta::seconds(10),
            more,
        )
    };
    live.iter().map(end).collect()
}

on_both!(attempts_count_when_made_and_money_when_answered, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    trade(&shop).await;
    let zone = chrono_tz::America::Sao_Paulo;
    let day = |days: i64| (Utc::now() - TimeDelta::days(days)).with_timezone(&zone).date_naive().to_string();
    let (_, groups) = report(&shop.owner, &shop.id, &["DAY"]).await;
    let by_day: BTreeMap<String, (Option<i64>, Option<i64>)> = groups
        .iter()
        .map(|group| {
            (
                text(&group["day"]),
                (group["figures"]["attempts"].as_i64(), group["figures"]["answered"].as_i64()),
            )
        })
        .collect();
    assert_eq!(by_day, BTreeMap::from([(day(1), (Some(0), Some(2))), (day(0), (Some(7), Some(3)))]));
    let (_, groups) = report(&shop.reseller, &shop.reseller_id, &["DESTINATION"]).await;
    let names: Vec<_> = groups
        .iter()
        .map(|group| (text(&group["destination"]), group["figures"]["answered"].as_i64()))
        .collect();
    let names: Vec<_> = names.iter().map(|(name, answered)| (name.as_str(), *answered)).collect();
    assert_eq!(
        names,
        [("", Some(0)), ("Portugal", Some(1)), ("Sao Paulo", Some(1)), ("United States", Some(3))]
    );
    let (_, groups) = report(&shop.owner, &shop.id, &["CABIN", "ATTENDANT"]).await;
    let cabins: Vec<_> =
        groups.iter().map(|group| (group["cabinNumber"].as_i64(), group["attendant"].as_str())).collect();
    assert_eq!(cabins, [(Some(1), Some("Somebody")), (Some(2), Some("Somebody"))]);
    let (_, groups) = report(&shop.reseller, &shop.reseller_id, &["CALLSHOP", "TARIFF_VERSION"]).await;
    let versions: Vec<_> = groups
        .iter()
        .map(|group| {
            (text(&group["callshop"]), group["version"].as_i64(), group["figures"]["answered"].as_i64())
        })
        .collect();
    let shop_name = "Callshop".to_owned();
    assert_eq!(versions, [(shop_name.clone(), None, Some(0)), (shop_name, Some(1), Some(5))]);
    // charges that cannot be read stop neither reports nor the search for problems
    let (total, _) = report(&shop.reseller, &shop.reseller_id, &[]).await;
    execute(&shop, "UPDATE call SET charges = '[' || charges").await;
    let (damaged, _) = report(&shop.reseller, &shop.reseller_id, &[]).await;
    assert_eq!((&damaged["retail"], &damaged["answered"]), (&total["retail"], &total["answered"]));
    assert_eq!(json!([damaged["revenue"]["amount"], damaged["cost"]["amount"]]), json!(["0", "0"]));
    let query = "query($a: ID!) { problems(accountId: $a) { kind } }";
    shop.reseller.ok(query, json!({ "a": shop.reseller_id })).await;
    execute(&shop, "UPDATE call SET charges = substr(charges, 2)").await;
    assert_eq!(report(&shop.reseller, &shop.reseller_id, &[]).await.0, total);
    shop.finish().await;
});

on_both!(reports_are_bounded_paged_and_scoped, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    trade(&shop).await;
    let query = "query($a: ID!, $f: NaiveDate!, $t: NaiveDate!) { report(accountId: $a, from: $f, to: $t) { currency } }";
    let code = async |client: &Client, account: &str, from: &str, to: &str| {
        let answer = client.send(query, json!({ "a": account, "f": from, "t": to })).await;
        answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned)
    };
    let invalid = Some("INVALID_INPUT".to_owned());
    assert_eq!(code(&shop.owner, &shop.id, "2026-01-02", "2026-01-01").await, invalid);
    assert_eq!(code(&shop.owner, &shop.id, "2025-01-01", "2026-02-05").await, invalid, "401 days");
    assert_eq!(code(&shop.owner, &shop.id, "2025-01-01", "2026-02-04").await, None, "400 days");
    assert_eq!(code(&shop.owner, &shop.id, "-262143-01-01", "-262143-01-02").await, invalid);
    // accounts above the caller's own are not visible
    let above =
        shop.owner.ok(query, json!({ "a": shop.reseller_id, "f": "2026-01-01", "t": "2026-01-02" })).await;
    assert_eq!(above["report"], Value::Null);
    // a parent sees its child's revenue and cost, and the child's own report agrees
    assert_eq!(
        report(&shop.reseller, &shop.id, &["CABIN"]).await,
        report(&shop.owner, &shop.id, &["CABIN"]).await
    );
    let query = "query($a: ID!, $f: NaiveDate!, $t: NaiveDate!, $p: Int, $c: String, $l: Int, $b: String) { report(accountId: $a, from: $f, to: $t, \
        groupBy: [DESTINATION]) { groups(first: $p, after: $c, last: $l, before: $b) { nodes { destination } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let today = Utc::now().date_naive();
    let (from, to) = (today - TimeDelta::days(8), today + TimeDelta::days(1));
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let data =
            shop.owner.ok(query, json!({ "a": shop.id, "f": from, "t": to, "p": 3, "c": after })).await;
        let page = &data["report"]["groups"];
        seen.extend(page["nodes"].as_array().expect("nodes").iter().map(|node| text(&node["destination"])));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, ["", "Portugal", "Sao Paulo", "United States"]);
    let data = shop.owner.ok(query, json!({ "a": shop.id, "f": from, "t": to, "l": 2 })).await;
    let last = &data["report"]["groups"];
    assert_eq!(last["nodes"], json!([{ "destination": "Sao Paulo" }, { "destination": "United States" }]));
    assert_eq!(
        (&last["pageInfo"]["hasPreviousPage"], &last["pageInfo"]["hasNextPage"]),
        (&json!(true), &json!(false))
    );
    shop.finish().await;
});

/// Authorizes a call with the clock set back by this many days.
async fn asked_for(shop: &Shop, cabin: usize, days_ago: i64) -> Value {
    // make the tariff old enough
    tariff_version::Entity::update_many()
        .col_expr(tariff_version::Column::ActiveFrom, Expr::value(Utc::now() - TimeDelta::days(100)))
        .exec(shop.server.app.store.reader())
        .await
        .expect("the prices are older");
    shop.server.time().set(Utc::now() - TimeDelta::days(days_ago));
    let allowed = shop.hook().authorize(&shop.phones[cabin].user, "+13055550123").await;
    assert_eq!(allowed["allow"], json!(true), "{allowed}");
    shop.server.time().set(Utc::now());
    allowed
}

on_both!(a_call_answered_days_after_its_attempt_is_in_the_report_of_its_day, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    let zone = chrono_tz::America::Sao_Paulo;
    let now = Utc::now();
    for (cabin, days_ago) in [(0, 3), (1, 20)] {
        let allowed = asked_for(&shop, cabin, days_ago).await;
        assert_eq!(shop.hook().events(&answered_call(&allowed["ref"], now, 60_000)).await, ["applied"; 3]);
    }
    let day = |days_ago: i64| (now - TimeDelta::days(days_ago)).with_timezone(&zone).date_naive().to_string();
    let between = async |client: &Client, account: &str, from: i64, to: i64| {
        let query = format!(
            "query($a: ID!, $f: NaiveDate!, $t: NaiveDate!) {{ report(accountId: $a, from: $f, to: $t) {{ total {{ {FIGURES} }} }} }}"
        );
        let data = client.ok(&query, json!({ "a": account, "f": day(from), "t": day(to) })).await;
        let total = &data["report"]["total"];
        (total["attempts"].as_i64(), total["answered"].as_i64(), text(&total["retail"]["amount"]))
    };
    for (client, account) in [(&shop.owner, &shop.id), (&shop.reseller, &shop.reseller_id)] {
        assert_eq!(between(client, account, 0, 0).await, (Some(0), Some(2), "0.12".to_owned()));
        for days_ago in [3, 20] {
            let attempt = between(client, account, days_ago, days_ago).await;
            assert_eq!(attempt, (Some(1), Some(0), "0".to_owned()), "{days_ago}");
        }
        // over all days, each call is counted once
        assert_eq!(between(client, account, 25, 0).await, (Some(2), Some(2), "0.12".to_owned()));
        assert_eq!(between(client, account, 4, 0).await, (Some(1), Some(2), "0.12".to_owned()));
    }
    shop.finish().await;
});
