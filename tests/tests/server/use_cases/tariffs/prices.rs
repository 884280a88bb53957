//! Tests quotes and price lists.

use app::prices::{self, Question, Target};

use super::*;

#[tokio::test]
async fn quotes_agree_with_the_chain() {
    let branch = Branch::new().await;
    let (app, shop, owner) = (&branch.app, &branch.callshop, &branch.owner);
    let quote = async |actor: &Actor, number: &str| {
        let target = Target::Number(number.to_owned());
        let question = Question { target, amount: Some(Micros(1_000_000)), at: None, version_id: None };
        prices::quote(app, actor, shop.id, question).await.unwrap()
    };
    let refusal = async |number: &str| quote(owner, number).await.refusal.map(|error| error.code);
    assert_eq!(refusal(LONDON).await, Some(ErrorCode::DestinationNotRated));
    branch.chain().await;
    let csv = deck(&[("44", "United Kingdom", "0.30"), ("4420", "London", "0.20"), ("33", "France", "0.10")]);
    let retail = branch.tariff(&branch.reseller_user, &csv).await;
    branch.assign(&branch.reseller_user, shop, retail, Assignment::Retail).await;

    let london = quote(owner, LONDON).await;
    let offer = london.offer.unwrap();
    assert_eq!(
        (london.number.as_deref(), london.destination.as_deref()),
        (Some("+442079460958"), Some("London"))
    );
    // at a price of 0.20 per minute, 1.00 pays for five minutes
    assert_eq!((offer.price_per_minute, offer.seconds), (Micros(200_000), Some(300)));
    assert_eq!(offer.cost_per_minute, Some(Micros(10_000)));
    assert_eq!(quote(&branch.attendant, LONDON).await.offer.unwrap().cost_per_minute, None);
    // France has a retail price but no cost
    assert_eq!(refusal("+33 1 42 68 53 00").await, Some(ErrorCode::DestinationNotRated));
    assert_eq!(refusal("junk").await, Some(ErrorCode::NumberInvalid));
    let emergency = quote(owner, "190").await;
    assert!(emergency.emergency && emergency.refusal.is_none());
    let target = Target::Destination("london".to_owned());
    let question = Question { target, amount: None, at: None, version_id: None };
    let named = prices::quote(app, owner, shop.id, question).await.unwrap();
    assert_eq!(named.offer.unwrap().rate.prefix, "4420");

    // the reseller cannot buy this destination; the shop learns only that the destination is "not available"
    let narrow = branch.tariff(&branch.admin, &deck(&[("55", "Brazil", "0.01")])).await;
    branch.assign(&branch.admin, &branch.reseller, narrow, Assignment::Cost).await;
    assert_eq!(refusal(LONDON).await, Some(ErrorCode::ServiceUnavailable));
    branch.chain().await;

    let block = async |on, blocked| {
        tariffs::set_blocked(app, &branch.reseller_user, on, "442", blocked).await.unwrap()
    };
    for on in [BlockOn::Callshop(shop.id), BlockOn::Tariff(retail)] {
        block(on, true).await;
        block(on, true).await;
        assert_eq!(refusal(LONDON).await, Some(ErrorCode::DestinationBlocked));
        block(on, false).await;
        assert_eq!(refusal(LONDON).await, None);
    }
    let error = tariffs::set_blocked(app, owner, BlockOn::Callshop(shop.id), "442", true).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden), "{error}");
    let error =
        tariffs::set_blocked(app, &branch.admin, BlockOn::Tariff(retail), "+44", true).await.unwrap_err();
    assert_eq!(field(&error), "prefix");
}

#[tokio::test]
async fn price_lists_are_paged_and_keep_costs_from_attendants() {
    let branch = Branch::new().await;
    let (reseller, shop) = (&branch.reseller_user, &branch.callshop);
    branch.chain().await;
    let csv = deck(&[("44", "United Kingdom", "0.30"), ("4420", "London", "0.20"), ("55", "Brazil", "0.10")]);
    let retail = branch.tariff(reseller, &csv).await;
    branch.assign(reseller, shop, retail, Assignment::Retail).await;
    let query = "query($id: ID!, $first: Int, $after: String, $last: Int) {
        priceList(callshopId: $id, first: $first, after: $after, last: $last) {
            nodes { prefix pricePerMinute { amount currency } costPerMinute { amount } blocked }
            pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let id = global("Callshop", shop.id);
    let first = branch.send(&branch.owner, query, json!({ "id": id, "first": 2 })).await;
    let list = &first["data"]["priceList"];
    let price = json!({ "amount": "0.3", "currency": "BRL" });
    let line = json!({ "prefix": "44", "pricePerMinute": price, "costPerMinute": { "amount": "0.01" }, "blocked": false });
    assert_eq!(list["nodes"][0], line, "{first}");
    assert_eq!(list["pageInfo"]["hasNextPage"], true);
    let after = &list["pageInfo"]["endCursor"];
    let next = branch.send(&branch.attendant, query, json!({ "id": id, "first": 2, "after": after })).await;
    let nodes = next["data"]["priceList"]["nodes"].as_array().unwrap();
    assert_eq!(
        (nodes.len(), &nodes[0]["prefix"], &nodes[0]["costPerMinute"]),
        (1, &json!("55"), &Value::Null)
    );
    let last = branch.send(&branch.attendant, query, json!({ "id": id, "last": 1 })).await;
    assert_eq!(last["data"]["priceList"]["nodes"][0]["prefix"], "55");
    assert_eq!(last["data"]["priceList"]["pageInfo"]["hasPreviousPage"], true);
    let foreign = branch
        .send(&branch.owner, query, json!({ "id": global("Callshop", Uuid::now_v7()), "first": 1 }))
        .await;
    assert_eq!(foreign["errors"][0]["extensions"]["code"], "NOT_FOUND");

    let quote = "query($id: ID!) { quote(callshopId: $id, number: \"+442079460958\", amount: \"1\") {
        number formattedNumber destination seconds pricePerMinute { amount } userErrors { code } } }";
    let quoted = branch.send(&branch.attendant, quote, json!({ "id": id })).await;
    assert_eq!(quoted["data"]["quote"]["seconds"], 300, "{quoted}");

    let tariffs = "{ tariffs(first: 10) { nodes { name currency roundingMode bands { name }
        activeVersion { number state rates(first: 1, search: { number: \"+442079460958\" }) { nodes { prefix } } }
        versions(first: 5) { nodes { number state activeFrom rateCount } } } } }";
    let own = branch.send(reseller, tariffs, json!({})).await;
    let nodes = own["data"]["tariffs"]["nodes"].as_array().unwrap_or_else(|| panic!("{own}"));
    assert_eq!((nodes.len(), &nodes[0]["activeVersion"]["state"]), (1, &json!("ACTIVE")));
    assert_eq!(nodes[0]["activeVersion"]["rates"]["nodes"], json!([{ "prefix": "44" }]));
    let owner = branch.send(&branch.owner, tariffs, json!({})).await;
    assert_eq!(owner["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn a_pricing_charges_by_the_tariffs_rules() {
    let branch = Branch::new().await;
    let id = branch.tariff(&branch.reseller_user, &deck(&[("55", "Brazil", "0.5")])).await;
    let conn = branch.app.store.reader();
    let (version_id, _) =
        rows::effective_versions(conn, &[id], branch.app.clock.now()).await.unwrap()[&id].clone();
    let loaded = branch.app.rates.get(conn, version_id).await.unwrap();
    assert_eq!(loaded.version_id, version_id);
    let pricing = rates::pricing(&loaded.terms, loaded.table.find("5511").unwrap());
    // one second at 0.5 per minute costs 0.008333…, which is rounded to four decimals
    assert_eq!(billing::rating::amount(&pricing, branch.app.clock.now(), 1), Micros(8_300));
}
