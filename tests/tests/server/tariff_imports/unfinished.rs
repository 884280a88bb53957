//! Tests the cleanup of versions whose rates were written, but that were never finished.

use app::retention;
use chrono::TimeDelta;
use entity::{rate, unfinished_version};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::json;
use store::rate_writer::{self, NewRate};
use tests::Backend;
use tests::on_both;
use tests::shop::Shop;
use uuid::Uuid;

fn new_rate(prefix: &str) -> NewRate<'_> {
    NewRate {
        prefix,
        destination: "São \"Tomé\"",
        price_per_minute: 12_345_678_901,
        initial_price: prefix.ends_with('0').then_some(98_765_432_109),
        connection_fee: 1,
        initial_increment: 60,
        increment: 6,
        minimum_charge: 2,
        free_seconds: 3,
        band_prices: prefix.ends_with('7').then(|| r#"{"night":{"price_per_minute":"1"}}"#.to_owned()),
    }
}

on_both!(rates_of_a_version_that_was_never_finished_are_deleted, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let app = &shop.server.app;
    let (id, begun) = (Uuid::now_v7(), app.clock.now() - TimeDelta::minutes(61));
    app.store
        .write(|tx| async move { rate_writer::begin(tx.conn(), id, begun).await })
        .await
        .expect("a beginning");
    let prefixes: Vec<String> = (0..5_003).map(|number| (10_000 + number).to_string()).collect();
    let rates: Vec<NewRate<'_>> = prefixes.iter().map(|prefix| new_rate(prefix)).collect();
    let mut writer = app.store.rates().version(id);
    for block in rates.chunks(2_048) {
        writer.write(block).await.expect("a block");
    }
    let conn = app.store.reader();
    let stored = rate::Entity::find().filter(rate::Column::VersionId.eq(id));
    let first =
        stored.clone().order_by_asc(rate::Column::Prefix).one(conn).await.expect("a query").expect("a rate");
    let expected = rate::Model {
        version_id: id,
        prefix: "10000".to_owned(),
        destination: "São \"Tomé\"".to_owned(),
        price_per_minute: entity::Micros(12_345_678_901),
        initial_price: Some(entity::Micros(98_765_432_109)),
        connection_fee: entity::Micros(1),
        initial_increment: 60,
        increment: 6,
        minimum_charge: entity::Micros(2),
        free_seconds: 3,
        band_prices: json!({}),
    };
    assert_eq!(first, expected);
    let banded = stored.clone().filter(rate::Column::Prefix.eq("10007")).one(conn).await.expect("a query");
    let banded = banded.expect("a rate");
    assert_eq!(banded.initial_price, None);
    assert_eq!(banded.band_prices, json!({ "night": { "price_per_minute": "1" } }));
    assert_eq!(stored.clone().count(conn).await.expect("a count"), 5_003);

    retention::maintain(app).await.expect("the maintenance succeeds");
    assert_eq!(stored.count(conn).await.expect("a count"), 0);
    let left = unfinished_version::Entity::find_by_id(id).one(conn).await.expect("a query");
    assert_eq!(left, None);
    shop.finish().await;
});

on_both!(a_version_whose_rates_are_discarded_is_never_inserted, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let store = &shop.server.app.store;
    let (kept, discarded, now) = (Uuid::now_v7(), Uuid::now_v7(), shop.server.app.clock.now());
    for id in [kept, discarded] {
        store
            .write(|tx| async move { rate_writer::begin(tx.conn(), id, now).await })
            .await
            .expect("a beginning");
        store.rates().version(id).write(&[new_rate("55")]).await.expect("a block");
    }
    let end = async |id: Uuid| {
        store.write(|tx| async move { rate_writer::end(tx.conn(), id).await }).await.expect("an end")
    };
    let rates = async |id: Uuid| {
        let of_version = rate::Entity::find().filter(rate::Column::VersionId.eq(id));
        of_version.count(store.reader()).await.expect("a count")
    };
    assert!(end(kept).await);
    for id in [kept, discarded] {
        rate_writer::discard(store, id).await.expect("the rates are discarded");
    }
    assert!(!end(discarded).await);
    assert_eq!((rates(kept).await, rates(discarded).await), (1, 0));
    shop.finish().await;
});
