//! Tests derived tariffs: they follow the versions of their source, take effect together with these versions, and report the reason if they cannot.

use tests::sip::eventually;

use super::*;

const FIELDS: &str = "name derivation { source { id name } ownCost percent addition { amount } minimumMargin { amount } priceEnding automatic \
    problem { code message } sourceStartsFirstAt } \
    versions(first: 20) { nodes { id number state activeFrom isDerived note rates(first: 100) { nodes { prefix pricePerMinute { amount } } } } }";

/// Derives a tariff. Returns the id of the derived tariff.
async fn derive(client: &Client, input: Value) -> String {
    let done = client.did("deriveTariff", "DeriveTariffInput", input, "tariff { id }").await;
    text(&done["tariff"]["id"])
}

async fn refused(client: &Client, input: Value) -> String {
    client.code("deriveTariff", "DeriveTariffInput", input, "tariff { id }").await
}

/// The tariff's versions, newest first: number, state and prices.
fn versions(tariff: &Value) -> Vec<String> {
    let nodes = tariff["versions"]["nodes"].as_array().expect("versions");
    let version = |version: &Value| {
        format!("{} {} {}", version["number"], text(&version["state"]), prices(version).join(", "))
    };
    nodes.iter().map(version).collect()
}

async fn tariff_of(client: &Client, id: &str) -> Value {
    client.object("tariff", id, FIELDS).await
}

/// Waits until the tariff has these versions.
async fn until(client: &Client, id: &str, expected: &[&str]) -> Value {
    eventually(&format!("versions {expected:?}"), async || {
        let query = format!("query($id: ID!) {{ tariff(id: $id) {{ {FIELDS} }} }}");
        // a discarded version may disappear between two reads of a query
        let found = client.send(&query, json!({ "id": id })).await["data"]["tariff"].take();
        (found.is_object() && versions(&found) == expected).then_some(found)
    })
    .await
}

on_both!(a_derived_tariff_takes_effect_with_its_source, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let seller = tariff.seller();
    let rule = |percent: &str| {
        json!({ "name": "Plus", "source": { "tariffId": tariff.id }, "percent": percent, "minimumMargin": "0.03",
            "priceEnding": "0.09", "automatic": true })
    };
    // before the price ending is applied, 0.10 becomes at least 0.13, and 0.20 becomes 0.24
    let derived = derive(seller, rule("20")).await;
    let found = until(seller, &derived, &["1 ACTIVE 44 0.29, 55 0.19"]).await;
    let derivation = &found["derivation"];
    assert_eq!(
        (&derivation["percent"], &derivation["minimumMargin"]["amount"]),
        (&json!("20"), &json!("0.03"))
    );
    assert_eq!((&derivation["source"]["id"], &derivation["ownCost"]), (&json!(tariff.id), &json!(false)));
    assert_eq!((&derivation["problem"], &derivation["sourceStartsFirstAt"]), (&Value::Null, &Value::Null));
    assert_eq!(found["versions"]["nodes"][0]["isDerived"], true);

    // if the source has a scheduled version, the derived tariff gets one for the same instant
    let begins = tariff.now() + TimeDelta::minutes(10);
    let december = tariff.reprice("0.30", None).await;
    assert_eq!(tariff.activate(&december, Some(begins)).await, "none");
    let both = ["2 SCHEDULED 44 0.29, 55 0.39", "1 ACTIVE 44 0.29, 55 0.19"];
    let found = until(seller, &derived, &both).await;
    let at = |version: &Value| text(&version["activeFrom"]).parse::<DateTime<Utc>>().expect("a time");
    let theirs = seller.object("tariffVersion", &text(&december["id"]), "activeFrom").await;
    assert_eq!(at(&found["versions"]["nodes"][0]), at(&theirs));

    // if the schedule is canceled, the derived version is canceled, too
    let input = json!({ "versionId": december["id"] });
    seller.did("cancelTariffVersion", "CancelTariffVersionInput", input, "version { id }").await;
    until(seller, &derived, &["1 ACTIVE 44 0.29, 55 0.19"]).await;

    // if a version of the source takes effect immediately, the derived tariff follows a moment later
    let hotfix = tariff.reprice("0.11", None).await;
    assert_eq!(tariff.activate(&hotfix, None).await, "none");
    until(seller, &derived, &["3 ACTIVE 44 0.29, 55 0.19", "1 RETIRED 44 0.29, 55 0.19"]).await;

    // a derived tariff can be the source of another tariff
    let chained = json!({ "name": "Plus plus", "source": { "tariffId": derived }, "addition": "0.01", "automatic": true });
    let second = derive(seller, chained).await;
    until(seller, &second, &["1 ACTIVE 44 0.3, 55 0.2"]).await;

    // the rule changes, and both derived tariffs follow
    let mut changed = rule("200");
    changed["name"] = Value::Null;
    changed["tariffId"] = json!(derived);
    assert_eq!(derive(seller, changed.clone()).await, derived);
    let found = eventually("the new rule", async || {
        let found = tariff_of(seller, &derived).await;
        (versions(&found)[0] == "4 ACTIVE 44 0.69, 55 0.39").then_some(found)
    });
    assert_eq!(found.await["derivation"]["percent"], "200");
    eventually("the second tariff", async || {
        (versions(&tariff_of(seller, &second).await)[0] == "2 ACTIVE 44 0.7, 55 0.4").then_some(())
    })
    .await;
    // repeating the request with the same rule changes nothing
    derive(seller, changed).await;

    // a tariff that is no longer derived keeps its prices
    let input = json!({ "tariffId": derived });
    seller.did("stopDerivingTariff", "StopDerivingTariffInput", input, "tariff { id }").await;
    let last = tariff.reprice("0.50", None).await;
    assert_eq!(tariff.activate(&last, None).await, "none");
    app::tariffs::following::step(&tariff.shop.server.app).await.expect("a look");
    let kept = tariff_of(seller, &derived).await;
    assert_eq!(
        (&kept["derivation"], versions(&kept)[0].as_str()),
        (&Value::Null, "4 ACTIVE 44 0.69, 55 0.39")
    );
    tariff.shop.finish().await;
});

on_both!(without_automatic_a_person_activates_the_draft, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let seller = tariff.seller();
    let input = json!({ "name": "Plus", "source": { "tariffId": tariff.id }, "addition": "0.05" });
    let derived = derive(seller, input).await;
    let found = until(seller, &derived, &["1 DRAFT 44 0.25, 55 0.15"]).await;
    assert_ne!(found["derivation"]["sourceStartsFirstAt"], Value::Null, "the source is in force already");
    assert_eq!(tariff.activate(&found["versions"]["nodes"][0], None).await, "none");
    let found = until(seller, &derived, &["1 ACTIVE 44 0.25, 55 0.15"]).await;
    assert_eq!(found["derivation"]["sourceStartsFirstAt"], Value::Null);

    let begins = tariff.now() + TimeDelta::minutes(10);
    let december = tariff.reprice("0.30", None).await;
    assert_eq!(tariff.activate(&december, Some(begins)).await, "none");
    let found = until(seller, &derived, &["2 DRAFT 44 0.25, 55 0.35", "1 ACTIVE 44 0.25, 55 0.15"]).await;
    let warned = text(&found["derivation"]["sourceStartsFirstAt"]).parse::<DateTime<Utc>>().expect("a time");
    assert!((warned - begins).num_seconds().abs() <= 1, "{warned} {begins}");
    // the draft is scheduled an hour after the source's version, so the source's version still starts first
    let draft = &found["versions"]["nodes"][0];
    assert_eq!(tariff.activate(draft, Some(begins + TimeDelta::hours(1))).await, "none");
    let found = tariff_of(seller, &derived).await;
    assert_eq!(
        text(&found["derivation"]["sourceStartsFirstAt"]).parse::<DateTime<Utc>>().expect("a time"),
        warned
    );
    tariff.shop.finish().await;
});

on_both!(a_derivation_that_fails_tells_why_and_never_stops_its_source, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let seller = tariff.seller();
    let input =
        json!({ "name": "Plus", "source": { "tariffId": tariff.id }, "percent": "10000", "automatic": true });
    let derived = derive(seller, input).await;
    until(seller, &derived, &["1 ACTIVE 44 20.2, 55 10.1"]).await;
    let high = tariff.reprice("1000000", None).await;
    assert_eq!(tariff.activate(&high, None).await, "none");
    let problem = eventually("the problem", async || {
        let found = tariff_of(seller, &derived).await;
        Some(found["derivation"]["problem"].clone()).filter(|problem| !problem.is_null())
    });
    let problem = problem.await;
    assert_eq!(problem["code"], "BAD_DECK", "{problem}");
    assert!(text(&problem["message"]).contains("Prefix 55"), "{problem}");
    assert_eq!(tariff.in_force().await, ["44 0.2", "55 1000000"]);
    let found = tariff_of(seller, &derived).await;
    assert_eq!(versions(&found), ["1 ACTIVE 44 20.2, 55 10.1"]);
    assert_ne!(found["derivation"]["sourceStartsFirstAt"], Value::Null);
    // a new rule is tried immediately
    let input = json!({ "tariffId": derived, "source": { "tariffId": tariff.id }, "percent": "-50", "automatic": true });
    derive(seller, input).await;
    let found = until(seller, &derived, &["2 ACTIVE 44 0.1, 55 500000", "1 RETIRED 44 20.2, 55 10.1"]).await;
    assert_eq!(found["derivation"]["problem"], Value::Null);
    tariff.shop.finish().await;
});

on_both!(derivations_are_bounded, |backend| async move {
    let tariff = Tariff::with(backend, &NOVEMBER).await;
    let seller = tariff.seller();
    let of = |source: &str, name: &str| json!({ "name": name, "source": { "tariffId": source } });
    let again =
        |derived: &str, source: &str| json!({ "tariffId": derived, "source": { "tariffId": source } });
    let mut chain = vec![tariff.id.clone()];
    for name in ["A", "B", "C", "D", "E"] {
        let next = derive(seller, of(&chain[chain.len() - 1], name)).await;
        chain.push(next);
    }
    assert_eq!(refused(seller, of(&chain[5], "F")).await, "INVALID_INPUT", "the chain is too long");
    assert_eq!(refused(seller, again(&chain[0], &chain[2])).await, "INVALID_INPUT", "a circle");
    assert_eq!(refused(seller, again(&chain[1], &chain[1])).await, "INVALID_INPUT", "itself");
    // the chain is already as long as it may be, so its first tariff cannot be derived from yet another tariff
    let other =
        seller.did("createTariff", "CreateTariffInput", json!({ "name": "G" }), "tariff { id }").await;
    let other = text(&other["tariff"]["id"]);
    assert_eq!(refused(seller, again(&chain[0], &other)).await, "INVALID_INPUT");

    let source = json!({ "tariffId": tariff.id });
    for bad in [
        json!({ "source": source }),
        json!({ "name": "X", "tariffId": tariff.id, "source": source }),
        json!({ "name": "X", "source": {} }),
        json!({ "name": "X", "source": { "tariffId": tariff.id, "ownCost": true } }),
        json!({ "name": "X", "source": source, "percent": "-101" }),
        json!({ "name": "X", "source": source, "priceEnding": "0" }),
        json!({ "name": "X", "source": source, "minimumMargin": "-1" }),
        json!({ "name": "X", "source": source, "addition": "1000000000" }),
    ] {
        assert_eq!(refused(seller, bad.clone()).await, "INVALID_INPUT", "{bad}");
    }
    // a tariff of another account cannot be a source
    let distributor = &tariff.shop.distributor;
    assert_eq!(refused(distributor, of(&tariff.id, "X")).await, "NOT_FOUND");
    assert_eq!(refused(distributor, again(&tariff.id, &tariff.id)).await, "NOT_FOUND");
    tariff.shop.finish().await;
});

on_both!(a_reseller_derives_from_what_it_pays, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (reseller, distributor) = (&shop.reseller, &shop.distributor);
    let fields = "costTariff { id name account { id } derivation { percent } activeVersion { id number note \
        rates(first: 2) { nodes { prefix pricePerMinute { amount } } } } versions(first: 10) { nodes { number state } } }";
    let account = reseller.object("account", &shop.reseller_id, fields).await;
    let cost = &account["costTariff"];
    assert_eq!((&cost["account"], &cost["derivation"]), (&Value::Null, &Value::Null), "{account}");
    let version = &cost["activeVersion"];
    assert!(!prices(version).is_empty(), "{account}");

    // only the distributor sees its drafts and old versions
    let input = json!({ "tariffId": cost["id"], "note": "secret", "rates": [
        { "prefix": "55", "destination": "Brazil", "pricePerMinute": "0.031" }] });
    let draft = distributor.did("upsertRates", "UpsertRatesInput", input, "version { id }").await;
    let draft = &draft["version"]["id"];
    assert_eq!(reseller.object("tariffVersion", &text(draft), "id").await, Value::Null);
    let input = json!({ "name": "Mine", "source": { "ownCost": true }, "percent": "100", "automatic": true });
    let derived = derive(reseller, input).await;
    let brazil = async |price: &str| {
        eventually(&format!("the price {price}"), async || {
            let found = tariff_of(reseller, &derived).await;
            let newest = versions(&found).into_iter().next().unwrap_or_default();
            newest.contains(&format!("55 {price}")).then_some(())
        })
        .await
    };
    distributor
        .did(
            "activateTariffVersion",
            "ActivateTariffVersionInput",
            json!({ "versionId": draft }),
            "version { id }",
        )
        .await;
    brazil("0.062").await;
    let old = text(&version["id"]);
    assert_eq!(reseller.object("tariffVersion", &old, "id").await, Value::Null, "it is retired");
    let account = reseller.object("account", &shop.reseller_id, fields).await;
    assert_eq!(account["costTariff"]["activeVersion"]["note"], "");
    assert_eq!(account["costTariff"]["versions"]["nodes"], json!([{ "number": 2, "state": "ACTIVE" }]));

    // if the reseller gets another cost tariff, the derived tariff follows that one
    let deck = format!("{HEADER}\n55,Brazil,0.04,0,1,1\n");
    price(distributor, &shop.reseller_id, &deck, "COST", None).await;
    brazil("0.08").await;
    assert_eq!(
        reseller.object("tariff", &text(&cost["id"]), "id").await,
        Value::Null,
        "it has another cost tariff now"
    );

    // the platform pays nobody
    let input = json!({ "name": "X", "source": { "ownCost": true } });
    assert_eq!(refused(&shop.admin, input).await, "INVALID_INPUT");
    shop.finish().await;
});
