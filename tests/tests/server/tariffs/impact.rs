//! Tests a draft's effect on money: the calls of the last thirty days are rated by the draft.

use app::auth::Actor;
use app::tariffs;
use graphql::scalars::Kind;
use tests::shop::answered_call;

use super::*;
use crate::tariff_imports::{create, reaches, upload};

const IMPACT: &str =
    "impact { calls unrated retail { amount } cost { amount } margin { amount } marginChange { amount }
    destinationsBelowCost isPartial }";
const MONEY: &str =
    "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment,minimum_charge";

/// Gives the callshop a cost tariff of 0.30 per minute, and a retail tariff of 0.60 for Brazil and 1.20 for France. Returns the retail tariff.
async fn sold(backend: tests::Backend) -> Tariff {
    let tariff = Tariff::with(backend, &["55,Brazil,0.6,0,1,1", "33,France,1.2,0,1,1"]).await;
    let shop = &tariff.shop;
    let cost = format!("{HEADER}\n55,Brazil,0.3,0,1,1\n33,France,0.3,0,1,1\n");
    price(&shop.reseller, &shop.id, &cost, "COST", None).await;
    let wholesale = format!("{HEADER}\n55,Brazil,0.2,0,1,1\n33,France,0.2,0,1,1\n");
    price(&shop.distributor, &shop.reseller_id, &wholesale, "COST", None).await;
    let input = json!({ "accountId": shop.id, "tariffId": tariff.id, "kind": "RETAIL" });
    shop.reseller.did("assignTariff", "AssignTariffInput", input, "").await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    tariff
}

/// Imports a deck in a dry run, which computes the calls' charges at the deck's prices.
async fn dry(client: &Client, tariff: &str, rows: &[&str]) -> Value {
    let csv = format!("{MONEY}\n{}\n", rows.join("\n"));
    let input = json!({ "tariffId": tariff, "csv": csv, "dryRun": true });
    let fields = format!("version {{ id }} {IMPACT}");
    let done = client.did("importTariff", "ImportTariffInput", input, &fields).await;
    assert_eq!(done["version"], Value::Null);
    done["impact"].clone()
}

fn figures(impact: &Value) -> [String; 4] {
    ["retail", "cost", "margin", "marginChange"].map(|name| text(&impact[name]["amount"]))
}

on_both!(past_calls_are_rated_by_a_draft, |backend| async move {
    let tariff = sold(backend).await;
    let (shop, reseller) = (&tariff.shop, &tariff.shop.reseller);
    // two minutes to Brazil and one minute to France: sold at 2.40, bought at 0.90
    shop.call(0, "+55 11 5555 0001", 60_000).await;
    shop.call(0, "+55 11 5555 0002", 60_000).await;
    shop.call(0, "+33 1 42 68 53 00", 60_000).await;

    let same = dry(reseller, &tariff.id, &["55,Brazil,0.6,0,1,1,0", "33,France,1.2,0,1,1,0"]).await;
    assert_eq!(figures(&same), ["2.4", "0.9", "1.5", "0"], "{same}");
    assert_eq!((&same["calls"], &same["unrated"], &same["isPartial"]), (&json!(3), &json!(0), &json!(false)));
    assert_eq!(same["destinationsBelowCost"], 0);
    // both the minimum charge and the fee are included; the draft has no rate for France, so that call adds nothing
    let less = dry(reseller, &tariff.id, &["55,Brazil,0.1,0.1,1,1,0.25"]).await;
    assert_eq!(figures(&less), ["0.5", "0.6", "-0.1", "-1.6"], "{less}");
    assert_eq!((&less["unrated"], &less["destinationsBelowCost"]), (&json!(1), &json!(1)));
    let stored = tariff.reprice("0.9", None).await;
    let query = format!("query($id: ID!) {{ tariffVersion(id: $id) {{ {IMPACT} }} }}");
    let drafted = reseller.ok(&query, json!({ "id": stored["id"] })).await;
    assert_eq!(figures(&drafted["tariffVersion"]["impact"]), ["3", "0.9", "2.1", "0.6"]);
    assert_eq!(tariff.in_force().await, ["33 1.2", "55 0.6"], "nothing changed");
    tariff.shop.finish().await;
});

on_both!(a_cost_tariff_may_put_the_level_below_in_the_red, |backend| async move {
    let tariff = sold(backend).await;
    let (shop, reseller) = (&tariff.shop, &tariff.shop.reseller);
    shop.call(0, "+55 11 5555 0001", 60_000).await;
    shop.call(0, "+33 1 42 68 53 00", 60_000).await;
    let query = "query($id: ID!) { callshop(id: $id) { costTariff { id } } }";
    let cost = reseller.ok(query, json!({ "id": shop.id })).await;
    let cost = text(&cost["callshop"]["costTariff"]["id"]);
    // the reseller sells two minutes to the callshop, and buys them at 0.20 each
    let dearer = dry(reseller, &cost, &["55,Brazil,0.7,0,1,1,0", "33,France,0.3,0,1,1,0"]).await;
    assert_eq!(figures(&dearer), ["1", "0.4", "0.6", "0.4"], "{dearer}");
    assert_eq!(dearer["destinationsBelowCost"], 1, "the callshop sells Brazil at 0.60");
    let cheaper = dry(reseller, &cost, &["55,Brazil,0.1,0,1,1,0", "33,France,0.1,0,1,1,0"]).await;
    assert_eq!(cheaper["destinationsBelowCost"], 2, "the reseller buys at 0.20: {cheaper}");
    tariff.shop.finish().await;
});

on_both!(only_answered_calls_of_thirty_days_count, |backend| async move {
    let tariff = sold(backend).await;
    let shop = &tariff.shop;
    shop.call(0, "+55 11 5555 0001", 60_000).await;
    let ringing = shop.hook().authorize(&shop.phones[0].user, "+55 11 5555 0003").await;
    let ringing = answered_call(&ringing["ref"], Utc::now(), 1_000);
    shop.hook().events(&ringing[..1]).await;

    let app = &shop.server.app;
    let operator = Actor::operator(&app::accounts::ensure_platform(app).await.expect("a platform"));
    let id = Kind::Tariff.parse(&tariff.id.clone().into()).expect("an id");
    let calls = async || {
        let version = tariffs::active_version(app, &operator, id).await.expect("a read").expect("a version");
        tariffs::impact_of_version(app, &operator, &version).await.expect("an impact").calls
    };
    assert_eq!(calls().await, 1);
    shop.server.time().pass(TimeDelta::days(29));
    assert_eq!(calls().await, 1);
    shop.server.time().pass(TimeDelta::days(2));
    assert_eq!(calls().await, 0);
    tariff.shop.finish().await;
});

on_both!(fees_and_every_level_count_for_prices_below_cost, |backend| async move {
    let tariff = sold(backend).await;
    let (shop, reseller) = (&tariff.shop, &tariff.shop.reseller);
    let fields =
        "margin { total isPartial warnings { prefix retailPerMinute costPerMinute seconds callshops } }";
    let warned = async |tariff: &str, rows: &[&str]| {
        let csv = format!("{MONEY}\n{}\n", rows.join("\n"));
        let input = json!({ "tariffId": tariff, "csv": csv, "dryRun": true });
        reseller.did("importTariff", "ImportTariffInput", input, fields).await["margin"].take()
    };
    // the retail price equals the cost per minute, but the callshop's cost tariff also has a fee
    let cost = format!("{HEADER}\n55,Brazil,0.3,0.05,1,1\n33,France,0.3,0,1,1\n");
    price(reseller, &shop.id, &cost, "COST", None).await;
    let found = warned(&tariff.id, &["55,Brazil,0.3,0,1,1,0", "33,France,0.3,0,1,1,0"]).await;
    let expected = json!({ "prefix": "55", "retailPerMinute": "0.3", "costPerMinute": "0.35", "seconds": 60, "callshops": 1 });
    assert_eq!(found, json!({ "total": 1, "isPartial": false, "warnings": [expected] }));
    // the minimum charge makes up for the connection fee on calls of up to one minute, but not on longer calls
    let found = warned(&tariff.id, &["55,Brazil,0.3,0,1,1,0.35", "33,France,0.3,0,1,1,0"]).await;
    assert_eq!((&found["total"], &found["warnings"][0]["seconds"]), (&json!(1), &json!(61)), "{found}");
    assert_eq!(warned(&tariff.id, &["55,Brazil,0.3,0.05,1,1,0", "33,France,0.3,0,1,1,0"]).await["total"], 0);
    // the reseller sells to the callshop below its own cost of 0.20
    let query = "query($id: ID!) { callshop(id: $id) { costTariff { id } } }";
    let id = reseller.ok(query, json!({ "id": shop.id })).await;
    let id = text(&id["callshop"]["costTariff"]["id"]);
    let found = warned(&id, &["55,Brazil,0.15,0,1,1,0", "33,France,0.3,0,1,1,0"]).await;
    let expected = json!({ "prefix": "55", "retailPerMinute": "0.15", "costPerMinute": "0.2", "seconds": null, "callshops": 1 });
    assert_eq!(found, json!({ "total": 1, "isPartial": false, "warnings": [expected] }));
    // a cost tariff is compared when it is assigned: with the customers' prices, with the prices of the accounts below, and with the parent's cost
    let assigned = async |seller: &Client, account: &str, prices: [&str; 2]| {
        let deck = format!("{HEADER}\n55,Brazil,{},0,1,1\n33,France,{},0,1,1\n", prices[0], prices[1]);
        let input = json!({ "name": unique("tariff"), "currency": "BRL" });
        let made = seller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
        let id = &made["tariff"]["id"];
        let input = json!({ "tariffId": id, "csv": deck });
        let made = seller.did("importTariff", "ImportTariffInput", input, "version { id }").await;
        let input = json!({ "versionId": made["version"]["id"] });
        seller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "").await;
        let input = json!({ "accountId": account, "tariffId": id, "kind": "COST" });
        let made = seller.did("assignTariff", "AssignTariffInput", input, fields).await;
        let warnings = made["margin"]["warnings"].as_array().expect("warnings").clone();
        let line = |warning: &Value| {
            format!(
                "{} {} {}",
                text(&warning["prefix"]),
                text(&warning["retailPerMinute"]),
                text(&warning["costPerMinute"])
            )
        };
        warnings.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(assigned(reseller, &shop.id, ["0.7", "0.1"]).await, ["55 0.6 0.7", "33 0.1 0.2"]);
    assert_eq!(assigned(&shop.distributor, &shop.reseller_id, ["0.1", "0.15"]).await, ["33 0.1 0.15"]);
    tariff.shop.finish().await;
});

on_both!(imports_and_versions_tell_their_margin_and_impact, |backend| async move {
    let tariff = sold(backend).await;
    let (shop, reseller) = (&tariff.shop, &tariff.shop.reseller);
    shop.call(0, "+55 11 5555 0001", 60_000).await;
    let later = tariff.reprice("0.9", None).await;
    assert_eq!(tariff.activate(&later, Some(tariff.now() + TimeDelta::days(3))).await, "none");
    let fields = format!("{IMPACT} margin {{ total warnings {{ prefix retailPerMinute costPerMinute }} }}");
    let of_import = format!("{fields} next {{ number state }} version {{ id }}");

    let job = create(shop, json!({ "tariffId": tariff.id, "dryRun": true })).await;
    upload(&shop.server, &job, format!("{HEADER}\n55,Brazil,0.25,0,1,1\n33,France,1.2,0,1,1\n")).await;
    let id = text(&job["id"]);
    reaches(shop, &id, "CHECKED").await;
    let checked = reseller.object("tariffImport", &id, &of_import).await;
    // the call was sold at 0.60 and bought at 0.30
    assert_eq!(figures(&checked["impact"]), ["0.25", "0.3", "-0.05", "-0.35"], "{checked}");
    let warning = json!({ "prefix": "55", "retailPerMinute": "0.25", "costPerMinute": "0.3" });
    let loss = json!({ "total": 1, "warnings": [warning] });
    assert_eq!((&checked["margin"], &checked["next"]), (&loss, &Value::Null), "{checked}");

    let input = json!({ "importId": id, "effectiveAt": tariff.now() + TimeDelta::days(1) });
    reseller.did("startTariffImport", "StartTariffImportInput", input, "import { id }").await;
    reaches(shop, &id, "DONE").await;
    let done = reseller.object("tariffImport", &id, &of_import).await;
    assert_eq!((&done["impact"], &done["margin"]), (&Value::Null, &loss), "only dry runs rate calls: {done}");
    assert_eq!(done["next"], json!({ "number": 2, "state": "SCHEDULED" }), "{done}");
    let version = reseller.object("tariffVersion", &text(&done["version"]["id"]), &fields).await;
    assert_eq!((&version["margin"], &version["impact"]), (&loss, &checked["impact"]), "{version}");

    // a scheduled version is compared with the costs at its beginning
    let margin =
        async || reseller.object("tariffVersion", &text(&later["id"]), &fields).await["margin"].take();
    assert_eq!(margin().await, json!({ "total": 0, "warnings": [] }));
    let query = "query($id: ID!) { callshop(id: $id) { costTariff { id } } }";
    let cost = reseller.ok(query, json!({ "id": shop.id })).await;
    let input = json!({ "tariffId": cost["callshop"]["costTariff"]["id"], "rates": [
        { "prefix": "55", "destination": "Brazil", "pricePerMinute": "1" }] });
    let dearer = reseller.did("upsertRates", "UpsertRatesInput", input, VERSION).await;
    assert_eq!(tariff.activate(&dearer["version"], Some(tariff.now() + TimeDelta::days(2))).await, "none");
    let warning = json!({ "prefix": "55", "retailPerMinute": "0.9", "costPerMinute": "1" });
    assert_eq!(margin().await, json!({ "total": 1, "warnings": [warning] }));
    tariff.shop.finish().await;
});

on_both!(a_payer_sees_no_turnover_of_others, |backend| async move {
    let tariff = sold(backend).await;
    let shop = &tariff.shop;
    shop.call(0, "+55 11 5555 0001", 60_000).await;
    let query = "query($id: ID!) { account(id: $id) { costTariff { activeVersion { id } } } }";
    let found = shop.distributor.ok(query, json!({ "id": shop.reseller_id })).await;
    let version = &found["account"]["costTariff"]["activeVersion"]["id"];
    let query = format!("query($id: ID!) {{ tariffVersion(id: $id) {{ {IMPACT} }} }}");
    let sellers = shop.distributor.ok(&query, json!({ "id": version })).await;
    assert_eq!(sellers["tariffVersion"]["impact"]["calls"], 1, "{sellers}");
    // a payer may read its own cost tariff, but not the impact of a version, because other resellers may have the same cost tariff
    let payers = shop.reseller.send(&query, json!({ "id": version })).await;
    assert_eq!(payers["data"]["tariffVersion"], Value::Null, "{payers}");
    assert_eq!(payers["errors"][0]["extensions"]["code"], "NOT_FOUND", "{payers}");
    tariff.shop.finish().await;
});
