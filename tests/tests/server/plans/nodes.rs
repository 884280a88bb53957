//! Tests that `nodes` reads all objects of a type together.

use serde_json::json;
use tests::{Backend, Shop, TestServer};

use super::wire::Wire;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_a_type_are_read_together_on_postgres() {
    let url = Backend::Postgres.new_database(&tempfile::tempdir().unwrap()).await;
    let (wire, through) = Wire::before(&url).await;
    let shop = Shop::on(TestServer::start_at(through, |_| {}).await, 6).await;
    let ids: Vec<&String> = shop.cabins.iter().chain(shop.phones.iter().map(|phone| &phone.id)).collect();
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    wire.record();
    let found = shop.owner.ok(query, json!({ "ids": ids })).await;
    assert_eq!(found["nodes"].as_array().map(Vec::len), Some(12), "{found}");
    let recorded = wire.statements();
    let of_nodes = |sql: &&String| sql.contains("FROM \"cabin\"") || sql.contains("FROM \"phone\"");
    let reads: Vec<&String> = recorded.keys().filter(of_nodes).collect();
    // the nodes themselves, the phones of the cabins, and the cabins of the phones
    assert_eq!(reads.len(), 4, "{reads:#?}");
    for sql in reads {
        assert_eq!(recorded[sql].parameters.len(), 1, "{sql} ran more than once");
    }
    shop.finish().await;
}
