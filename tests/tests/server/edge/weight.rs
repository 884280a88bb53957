//! Tests the size of responses: ids count as the objects that they refer to, and no response exceeds the limit.

use graphql::scalars::Kind;
use serde_json::{Value, json};
use tests::on_both;
use tests::shop::{Shop, person, text};
use tests::socket::Socket;
use uuid::Uuid;

fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["extensions"]["code"].as_str().unwrap_or("none")).collect()
}

on_both!(ids_count_as_the_objects_they_stand_for, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let ids = vec![shop.id.as_str(); 100];
    let body = "{ ... on Callshop { users(first: 100) { nodes { id name login displayName role } } } }";
    let literal = format!("{{ nodes(ids: {}) {body} }}", json!(ids));
    let by_variable = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {body} }}");
    let by_items = format!("query($id: ID!) {{ nodes(ids: [{}]) {body} }}", "$id ".repeat(100));
    for (query, variables) in
        [(&literal, json!({})), (&by_variable, json!({ "ids": ids })), (&by_items, json!({ "id": shop.id }))]
    {
        let answer = shop.owner.send(query, variables).await;
        assert_eq!(codes(&answer), ["QUERY_TOO_COMPLEX"], "{query}: {}", answer.to_string().len());
    }
    let few = shop.owner.ok(&by_variable, json!({ "ids": ids[..5] })).await;
    assert_eq!(few["nodes"].as_array().map(Vec::len), Some(5));
    let many = vec![shop.id.as_str(); 101];
    let answer =
        shop.owner.send("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": many })).await;
    assert_eq!(codes(&answer), ["INVALID_INPUT"]);
    shop.finish().await;
});

/// Queries the longest possible text, under ninety aliases, for each of a hundred ids. A request of 9 KB has a response of 4.6 MB.
fn heavy(shop: &Shop) -> String {
    let names: String = (0..90).map(|at| format!("n{at}: receiptFooter ")).collect();
    format!("{{ nodes(ids: {}) {{ ... on Callshop {{ {names} }} }} }}", json!(vec![&shop.id; 100]))
}

on_both!(no_answer_is_larger_than_the_most, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let footer = json!({ "callshopId": shop.id, "receiptFooter": "x".repeat(500) });
    shop.owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", footer, "callshop { id }").await;
    let query = heavy(&shop);
    let answer = shop.owner.send(&query, json!({})).await;
    assert_eq!(codes(&answer), ["RESPONSE_TOO_LARGE"]);
    assert!(answer.get("data").is_none());

    let mut socket = Socket::open(shop.server.http, shop.owner.token()).await;
    socket.subscribe("1", &query, json!({})).await;
    let refused = socket.receive().await;
    let codes_of = json!({ "errors": refused["payload"] });
    assert_eq!((refused["type"].as_str(), codes(&codes_of)), (Some("error"), vec!["RESPONSE_TOO_LARGE"]));
    socket.subscribe("2", "{ viewer { role } }", json!({})).await;
    assert_eq!(socket.next().await["viewer"]["role"], "CALLSHOP_OWNER");

    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let stream = http
        .post(format!("http://{}/graphql", shop.server.http))
        .bearer_auth(shop.owner.token())
        .header("accept", "text/event-stream")
        .json(&json!({ "query": query }));
    let events = stream.send().await.expect("an answer").text().await.expect("a text");
    assert!(
        events.len() < 2_000
            && events.contains("\"RESPONSE_TOO_LARGE\"")
            && events.contains("event: complete"),
        "{}",
        events.len()
    );
    shop.finish().await;
});

on_both!(nodes_are_what_each_node_is_alone, |backend| async move {
    let shop = Shop::start(backend, 3).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    shop.call(0, "+12125550123", 5_000).await;
    let query = "query($c: ID!, $s: ID!) { calls(callshopId: $c, first: 1) { nodes { id } } currentRegister(callshopId: $c) { id } \
        callshop(id: $c) { users(first: 5) { nodes { id } } } session(id: $s) { id } }";
    let found = shop.owner.ok(query, json!({ "c": shop.id, "s": session })).await;
    let tariffs = shop
        .reseller
        .ok("{ tariffs(first: 2) { nodes { id versions(first: 1) { nodes { id } } } } }", json!({}))
        .await;
    let other = json!({ "name": "Another", "owner": person() });
    let other = shop.reseller.did("createCallshop", "CreateCallshopInput", other, "callshop { id }").await;
    let mut ids = vec![
        shop.id.clone(),
        text(&found["calls"]["nodes"][0]["id"]),
        text(&found["currentRegister"]["id"]),
        session,
        text(&other["callshop"]["id"]),
        shop.reseller_id.clone(),
        shop.distributor_id.clone(),
        shop.id.clone(),
        "no id".to_owned(),
        Kind::Cabin.id(Uuid::max()).to_string(),
        Kind::SessionItem.id(Uuid::max()).to_string(),
    ];
    ids.extend(shop.cabins.iter().cloned());
    ids.extend(shop.phones.iter().rev().map(|phone| phone.id.clone()));
    ids.extend(
        found["callshop"]["users"]["nodes"].as_array().expect("users").iter().map(|user| text(&user["id"])),
    );
    for tariff in tariffs["tariffs"]["nodes"].as_array().expect("tariffs") {
        ids.extend([text(&tariff["id"]), text(&tariff["versions"]["nodes"][0]["id"])]);
    }
    let body = "{ __typename id ... on Callshop { name } ... on Cabin { number state phone { label } } ... on Phone { label at: cabin { number } } \
        ... on CabinSession { is: state in: cabin { number } } ... on Call { to: number was: state } ... on RegisterShift { shift: number } \
        ... on User { name } }";
    for client in [&shop.admin, &shop.distributor, &shop.reseller, &shop.owner, &shop.attendant] {
        let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {body} }}");
        let together = client.send(&query, json!({ "ids": ids })).await;
        assert_eq!(codes(&together), Vec::<&str>::new(), "{together}");
        for (at, id) in ids.iter().enumerate() {
            let alone =
                client.ok(&format!("query($id: ID!) {{ node(id: $id) {body} }}"), json!({ "id": id })).await;
            assert_eq!(together["data"]["nodes"][at], alone["node"], "{id}");
        }
    }
    shop.finish().await;
});

on_both!(an_object_has_one_id, |backend| async move {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let shop = Shop::start(backend, 1).await;
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(&shop.id).expect("base64")).expect("text");
    let uuid = plain.strip_prefix("Callshop:").expect("a callshop's id");
    let dashed = Uuid::parse_str(uuid).expect("an id").hyphenated().to_string();
    let others = [
        format!("Account:{uuid}"),
        format!("Callshop:{}", uuid.to_uppercase()),
        format!("Callshop:{dashed}"),
        format!("Callshop:{{{dashed}}}"),
        format!("Callshop:urn:uuid:{dashed}"),
    ];
    let mut ids: Vec<String> = others.iter().map(|id| URL_SAFE_NO_PAD.encode(id)).collect();
    // the last character of this base64 has unused bits
    ids.push(format!("{}=", shop.id));
    let query = "query($id: ID!) { node(id: $id) { id } account(id: $id) { id } callshop(id: $id) { id } \
        nodes(ids: [$id]) { id } problems(accountId: $id) { kind } }";
    let own = shop
        .reseller
        .ok(
            "query($id: ID!) { node(id: $id) { id } problems(accountId: $id) { kind } }",
            json!({ "id": shop.id }),
        )
        .await;
    assert_eq!(own["node"]["id"], json!(shop.id));
    assert_ne!(own["problems"], Value::Null);
    for id in ids {
        let found = shop.reseller.ok(query, json!({ "id": id })).await;
        let nothing =
            json!({ "node": null, "account": null, "callshop": null, "nodes": [null], "problems": null });
        assert_eq!(found, nothing, "{id}");
        let code = shop
            .reseller
            .code(
                "updateAccount",
                "UpdateAccountInput",
                json!({ "accountId": id, "name": "Other" }),
                "callshop { id }",
            )
            .await;
        assert_eq!(code, "NOT_FOUND", "{id}");
    }
    // the last id belongs to an account, but is used as the id of a callshop
    let account =
        String::from_utf8(URL_SAFE_NO_PAD.decode(&shop.reseller_id).expect("base64")).expect("text");
    let id = URL_SAFE_NO_PAD.encode(account.replace("Account:", "Callshop:"));
    let code = shop
        .distributor
        .code(
            "updateAccount",
            "UpdateAccountInput",
            json!({ "accountId": id, "name": "Other" }),
            "account { id }",
        )
        .await;
    assert_eq!(code, "NOT_FOUND");
    shop.finish().await;
});
