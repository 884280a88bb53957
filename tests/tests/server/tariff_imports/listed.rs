//! Tests the list of a tariff's imports.

use graphql::scalars::Kind;
use serde_json::json;
use tests::shop::{Shop, text};
use tests::{Backend, Client, TestServer};

use super::{canonical, create, reaches, tariff, upload};
use crate::plans::wire::Wire;

// the number of statements does not depend on the number of imports
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_versions_of_all_listed_imports_are_read_together_on_postgres() {
    const IMPORTS: &str =
        "query($id: ID!) { tariff(id: $id) { imports(first: 5) { nodes { version { id number state } } } } }";
    let url = Backend::Postgres.new_database(&tempfile::tempdir().expect("a folder")).await;
    let shop = Shop::on(TestServer::start_at(url.clone(), |_| {}).await, 1).await;
    let tariff = tariff(&shop).await;
    for rows in 1..=3 {
        let job = create(&shop, json!({ "tariffId": tariff })).await;
        upload(&shop.server, &job, canonical(rows)).await;
        reaches(&shop, &text(&job["id"]), "DONE").await;
    }
    let (wire, through) = Wire::before(&url).await;
    let node = shop.server.another_node_with(|config| config.database_url = through).await;
    let reader = Client::anonymous(node.http).with_token(shop.reseller.token());
    // the first request also reads data that the node remembers afterward, such as the login
    let first = reader.ok(IMPORTS, json!({ "id": tariff })).await;
    let nodes = first["tariff"]["imports"]["nodes"].as_array().expect("imports");
    let numbers: Vec<_> = nodes.iter().map(|node| &node["version"]["number"]).collect();
    assert_eq!(numbers, [&json!(3), &json!(2), &json!(1)]);
    wire.record();
    assert_eq!(reader.ok(IMPORTS, json!({ "id": tariff })).await, first);
    let sent = wire.statements();
    let ids = nodes.iter().map(|node| {
        Kind::TariffVersion.parse(&text(&node["version"]["id"]).into()).expect("the id of a version")
    });
    let ids: Vec<uuid::Uuid> = ids.collect();
    let is_about =
        |parameters: &[u8]| ids.iter().any(|id| parameters.windows(16).any(|run| run == id.as_bytes()));
    let runs = sent.values().flat_map(|sent| &sent.parameters).filter(|bytes| is_about(bytes)).count();
    assert_eq!(runs, 1, "{:#?}", sent.keys());
    node.stop().await;
    shop.finish().await;
}
