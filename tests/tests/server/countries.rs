//! Tests the country codes of calls, bills, prices and reports, and amounts formatted for a reader.

use chrono::Utc;
use serde_json::{Value, json};
use tests::shop::Shop;
use tests::{Backend, on_both};

/// The destination and country code of each object in a list, in order.
fn codes(list: &Value) -> Vec<(String, Option<String>)> {
    let code = |line: &Value| {
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        (text("destination").unwrap_or_default(), text("countryCode"))
    };
    let mut codes: Vec<_> = list.as_array().expect("a list").iter().map(code).collect();
    codes.sort();
    codes
}

fn line(destination: &str, code: Option<&str>) -> (String, Option<String>) {
    (destination.to_owned(), code.map(str::to_owned))
}

on_both!(destinations_have_their_country, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    for number in ["+13055550123", "+351912345678", "+14165550123", "+5521987654321"] {
        shop.call(0, number, 1_000).await;
    }
    shop.close_cabin(0).await;
    // one tariff has a single price for the United States and Canada
    let calls = [
        line("Brazil", Some("BR")),
        line("Portugal", Some("PT")),
        line("United States", Some("CA")),
        line("United States", Some("US")),
    ];
    let totals = [line("Brazil", Some("BR")), line("Portugal", Some("PT")), line("United States", None)];
    let query = "query($s: ID!, $shop: ID!, $day: NaiveDate!, $before: NaiveDate!) { \
        session(id: $s) { calls(first: 10) { nodes { destination countryCode } } } \
        statement(sessionId: $s) { calls { destination countryCode } totalsByDestination { destination countryCode } } \
        priceList(callshopId: $shop, first: 10) { nodes { destination countryCode } } \
        report(accountId: $shop, from: $before, to: $day, groupBy: [DESTINATION]) { groups(first: 10) { nodes { destination countryCode } } } \
        canada: quote(callshopId: $shop, number: \"+14165550123\") { countryCode } \
        emergency: quote(callshopId: $shop, number: \"190\") { countryCode } \
        portugal: quote(callshopId: $shop, destination: \"Portugal\") { countryCode } }";
    let now = Utc::now().date_naive();
    let variables = json!({ "s": session, "shop": shop.id, "day": now.to_string(), "before": now.pred_opt().expect("a day").to_string() });
    let data = shop.owner.ok(query, variables).await;
    assert_eq!(codes(&data["session"]["calls"]["nodes"]), calls);
    assert_eq!(codes(&data["statement"]["calls"]), calls);
    assert_eq!(codes(&data["statement"]["totalsByDestination"]), totals);
    assert_eq!(codes(&data["report"]["groups"]["nodes"]), totals);
    let prices = [
        line("Brazil", Some("BR")),
        line("Portugal", Some("PT")),
        line("Sao Paulo", Some("BR")),
        line("United States", None),
    ];
    assert_eq!(codes(&data["priceList"]["nodes"]), prices);
    let code = |quote: &str| data[quote]["countryCode"].clone();
    assert_eq!(
        [code("canada"), code("emergency"), code("portugal")],
        [json!("CA"), Value::Null, json!("PT")]
    );
    shop.finish().await;
});

on_both!(amounts_are_formatted_for_the_reader, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let query = "query($id: ID!, $tag: String) { quote(callshopId: $id, number: \"+5511987654321\") \
        { pricePerMinute { amount formatted(locale: $tag) } } callshop(id: $id) { available { formatted } } }";
    for (tag, expected) in [
        (Some("pt-BR"), "R$\u{a0}0,08"),
        (Some("en-GB"), "R$\u{a0}0.08"),
        (Some("es"), "R$\u{a0}0,08"),
        (Some("ja"), "R$\u{a0}0.08"),
    ] {
        let data = shop.owner.ok(query, json!({ "id": shop.id, "tag": tag })).await;
        assert_eq!(
            data["quote"]["pricePerMinute"],
            json!({ "amount": "0.08", "formatted": expected }),
            "{tag:?}"
        );
        assert_eq!(data["callshop"]["available"]["formatted"], "R$\u{a0}500,00", "the currency's country");
    }
    let refused = shop.owner.send(query, json!({ "id": shop.id, "tag": "not a tag" })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{refused}");
    shop.finish().await;
});

on_both!(a_destination_is_found_by_its_name_in_any_language, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let query = "query($shop: ID!, $name: String!) { quote(callshopId: $shop, destination: $name) { destination candidates prefix } \
        priceList(callshopId: $shop, first: 10, search: { destination: $name }) { nodes { destination } } }";
    for (name, candidates) in [
        ("Brasil", vec!["Brazil", "Sao Paulo"]),
        ("brazil", vec!["Brazil", "Sao Paulo"]),
        ("ESTADOS UNIDOS", vec!["United States"]),
        ("são", vec!["Sao Paulo"]),
        ("Portu", vec!["Portugal"]),
        ("Côte d'Ivoire", vec![]),
    ] {
        let found = shop.owner.ok(query, json!({ "shop": shop.id, "name": name })).await;
        assert_eq!(found["quote"]["candidates"], json!(candidates), "{name}");
        assert_eq!(found["quote"]["destination"].as_str(), candidates.first().copied(), "{name}");
        let listed = codes(&found["priceList"]["nodes"]);
        assert_eq!(listed.len(), candidates.len(), "{name}: {listed:?}");
    }
    let by_number =
        "query($shop: ID!) { quote(callshopId: $shop, number: \"+351912345678\") { candidates } }";
    assert_eq!(shop.owner.ok(by_number, json!({ "shop": shop.id })).await["quote"]["candidates"], json!([]));
    shop.finish().await;
});
