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
    for table in ["cabin", "phone"] {
        // only the statements for nodes also check the account of the object's owner
        let wanted =
            format!("FROM \"{table}\" WHERE \"{table}\".\"id\" = ANY($1) AND \"{table}\".\"callshop_id\" IN");
        let reads = recorded.iter().filter(|(sql, _)| sql.contains(&wanted));
        let runs: usize = reads.map(|(_, statement)| statement.parameters.len()).sum();
        assert_eq!(runs, 1, "{table}: {recorded:#?}");
    }
    shop.finish().await;
}
