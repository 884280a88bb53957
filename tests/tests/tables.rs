//! Tests the tables themselves: their migrations and their foreign keys.

use chrono::{DateTime, Utc};
use entity::{CallState, activity, call, call_charge};
use migration::MigratorTrait;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel, PaginatorTrait as _, QueryOrder as _, Statement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use serde_json::json;
use store::partitions::CALLS;
use tests::{Backend, on_both};

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

/// Stands for the first migration of the next release.
struct Later;

impl MigrationName for Later {
    fn name(&self) -> &str {
        "m29990101_000001_later"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Later {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in ["call", "activity", "account"] {
            let add = format!("ALTER TABLE {table} ADD COLUMN later TEXT NOT NULL DEFAULT 'later'");
            connection.execute_unprepared(&add).await?;
        }
        Ok(())
    }
}

/// All migrations of the next release.
struct NextRelease;

impl MigratorTrait for NextRelease {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = migration::Migrator::migrations();
        all.push(Box::new(Later));
        all
    }
}

on_both!(the_next_release_migrates_what_is_stored, |backend: Backend| async move {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let url = backend.new_database(&dir).await;
    let url = if backend == Backend::Sqlite { format!("{url}?mode=rwc") } else { url };
    let db = sea_orm::Database::connect(url).await.expect("a database");
    migration::up(&db).await.expect("the tables of this release");
    let calls: Vec<call::Model> = (0..6).map(|n| an_old_call(n % 2 == 0)).collect();
    let charges: Vec<call_charge::Model> = calls.iter().map(an_old_charge).collect();
    let told: Vec<activity::Model> =
        (1..).zip(&calls).map(|(seq, call)| an_old_activity(call, seq)).collect();
    let models = calls.iter().cloned().map(IntoActiveModel::into_active_model);
    call::Entity::insert_many(models).exec_without_returning(&db).await.expect("calls");
    let models = charges.into_iter().map(IntoActiveModel::into_active_model);
    call_charge::Entity::insert_many(models).exec_without_returning(&db).await.expect("charges");
    let models = told.into_iter().map(IntoActiveModel::into_active_model);
    activity::Entity::insert_many(models).exec_without_returning(&db).await.expect("activities");

    NextRelease::up(&db, None).await.expect("the tables of the next release");
    migration::up(&db).await.expect("nothing to do for this release");
    let stored = call::Entity::find().order_by_asc(call::Column::Id).all(&db).await.expect("calls");
    assert_eq!(stored, calls);
    assert_eq!(call_charge::Entity::find().count(&db).await.expect("charges"), 6);
    assert_eq!(activity::Entity::find().count(&db).await.expect("activities"), 6);
    let again = call::Entity::insert(calls[0].clone().into_active_model()).exec_without_returning(&db).await;
    again.expect_err("an id must be unique");
    let sql = "SELECT COUNT(*) AS added FROM call WHERE later = 'later'";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    let added: i64 = row.expect("the column").expect("a row").try_get("", "added").expect("a count");
    assert_eq!(added, 6);
    if backend == Backend::Postgres {
        let first = CALLS.partitions(&db).await.expect("partitions").remove(0);
        assert!(first.month.is_none() && first.end.start() > Utc::now(), "{first:?}");
        // every index of the partitioned table is attached in the first partition; none is left over and none is missing
        let sql = "SELECT COUNT(*) AS indexes, COUNT(i.inhparent) AS attached FROM pg_index x
            JOIN pg_class t ON t.oid = x.indrelid LEFT JOIN pg_inherits i ON i.inhrelid = x.indexrelid
            WHERE t.relname LIKE '%\\_before\\_%' AND x.indisvalid GROUP BY t.relname ORDER BY t.relname";
        let asked = Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = db.query_all_raw(asked).await.expect("indexes");
        let count = |row: &sea_orm::QueryResult, name| row.try_get::<i64>("", name).expect("a count");
        let counts: Vec<_> = rows.iter().map(|row| (count(row, "indexes"), count(row, "attached"))).collect();
        assert_eq!(counts, [(1, 1), (8, 8), (1, 1)], "of activity, call, call_charge");
        // partitions of later months get the new column, too
        store::partitions::prepare(&db, first.end.start()).await.expect("the next months");
    }
});

on_both!(tables_of_before_the_first_release_are_refused, |backend: Backend| async move {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let url = backend.new_database(&dir).await;
    let options = store::StoreOptions { url, connections: 2 };
    let store = store::Store::connect(&options, std::sync::Arc::new(())).await.expect("a database");
    let old = [
        "CREATE TABLE seaql_migrations (version VARCHAR(255) NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)",
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20261122_000001_first_call', 0)",
    ];
    for sql in old {
        store.reader().execute_unprepared(sql).await.expect("the tables of before");
    }
    let refused = store.migrate().await.expect_err("they cannot be migrated").to_string();
    assert!(refused.contains("before the first release") && refused.contains("empty database"), "{refused}");
    assert!(store.migrations().await.expect("a state").refusal.is_some());
    // nothing was added to them
    store.reader().execute_unprepared("SELECT 1 FROM account").await.expect_err("there is no such table");
});

fn an_old_call(live: bool) -> call::Model {
    let (id, now) = (uuid::Uuid::now_v7(), instant("2026-11-20T10:00:00Z"));
    call::Model {
        id,
        callshop_id: id,
        cabin_id: Some(id),
        session_id: None,
        phone_id: id,
        request_id: id.to_string(),
        dialed: "1".to_owned(),
        number: "1".to_owned(),
        destination: "US".to_owned(),
        emergency: false,
        state: if live { CallState::Answered } else { CallState::Ended },
        authorized_at: now,
        ringing_at: None,
        answered_at: Some(now),
        ended_at: (!live).then_some(now),
        covered: 60,
        sip_code: None,
        ended_by: None,
        cause: None,
        refusal: None,
        talk_seconds: 0,
        billed_seconds: 0,
        charge: entity::Micros(0),
        currency: "BRL".to_owned(),
        pricing: json!([]),
        proxy: "p".to_owned(),
        sip_call_id: "c".to_owned(),
        from_tag: "f".to_owned(),
        to_tag: None,
        hang_up_by: None,
        holds: json!([]),
        extend_at: live.then_some(now),
        confirmed: 60,
        estimated: false,
        written_off: entity::Micros(0),
        attempt_day: "2026-11-20".to_owned(),
        answer_day: None,
        answered_far: false,
    }
}

fn an_old_charge(call: &call::Model) -> call_charge::Model {
    call_charge::Model {
        call_id: call.id,
        level: 0,
        account_id: call.callshop_id,
        version_id: call.id,
        billed_seconds: 1,
        amount: entity::Micros(1),
    }
}

fn an_old_activity(call: &call::Model, seq: i64) -> activity::Model {
    activity::Model {
        callshop_id: uuid::Uuid::nil(),
        seq,
        at: call.authorized_at,
        kind: entity::ActivityKind::CallAnswered,
        cabin_id: None,
        session_id: None,
        call_id: Some(call.id),
        payload: json!({}),
    }
}

