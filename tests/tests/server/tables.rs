//! Tests the tables themselves: their migrations and their foreign keys.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use entity::{
    AccountKind, CallState, PaymentKind, PaymentMethod, account, activity, cabin, cabin_session, call,
    payment,
};
use migration::MigratorTrait;
use sea_orm::sea_query::TableRef;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, Identity, IntoActiveModel,
    Iterable as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, RelationTrait as _, Statement,
    TransactionTrait as _,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use serde_json::json;
use store::partitions::CALLS;
use store::{Scope, accounts, cabins, register, sessions};
use tests::{Backend, Shop, on_both};

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

/// A migration that stands for the first migration of the next release.
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
    let db = migrated(backend, &dir).await;
    let calls: Vec<call::Model> = (0..6).map(|n| an_old_call(n % 2 == 0)).collect();
    let told: Vec<activity::Model> =
        (1..).zip(&calls).map(|(seq, call)| an_old_activity(call, seq)).collect();
    let models = calls.iter().cloned().map(IntoActiveModel::into_active_model);
    call::Entity::insert_many(models).exec_without_returning(&db).await.expect("calls");
    let models = told.into_iter().map(IntoActiveModel::into_active_model);
    activity::Entity::insert_many(models).exec_without_returning(&db).await.expect("activities");

    NextRelease::up(&db, None).await.expect("the tables of the next release");
    migration::up(&db).await.expect("nothing to do for this release");
    let stored = call::Entity::find().order_by_asc(call::Column::Id).all(&db).await.expect("calls");
    assert_eq!(stored, calls);
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
        // each index of the first partition is attached to an index of the partitioned table, and no index is missing
        let sql = "SELECT COUNT(*) AS indexes, COUNT(i.inhparent) AS attached FROM pg_index x
            JOIN pg_class t ON t.oid = x.indrelid LEFT JOIN pg_inherits i ON i.inhrelid = x.indexrelid
            WHERE t.relname LIKE '%\\_before\\_%' AND x.indisvalid GROUP BY t.relname ORDER BY t.relname";
        let asked = Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = db.query_all_raw(asked).await.expect("indexes");
        let count = |row: &sea_orm::QueryResult, name| row.try_get::<i64>("", name).expect("a count");
        let counts: Vec<_> = rows.iter().map(|row| (count(row, "indexes"), count(row, "attached"))).collect();
        assert_eq!(counts, [(1, 1), (13, 13)], "of activity, call");
        // partitions of later months also get the new column
        let tx = db.begin().await.expect("a transaction");
        store::partitions::prepare(&tx, first.end.start()).await.expect("the next months");
        tx.commit().await.expect("the transaction commits");
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
        store.reader().execute_unprepared(sql).await.expect("the tables from before the first release");
    }
    let refused = store
        .migrate()
        .await
        .expect_err("tables from before the first release cannot be migrated")
        .to_string();
    assert!(refused.contains("before the first release") && refused.contains("empty database"), "{refused}");
    assert!(store.migrations().await.expect("a state").refusal.is_some());
    // the migration added no column to these tables
    store.reader().execute_unprepared("SELECT 1 FROM account").await.expect_err("there is no such table");
});

fn an_old_call(live: bool) -> call::Model {
    let (id, now) = (uuid::Uuid::now_v7(), instant("2026-11-20T10:00:00Z"));
    call::Model {
        id,
        callshop_id: id,
        cabin_id: Some(id),
        session_id: None,
        attendant_id: None,
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
        charges: entity::Charges::default(),
        currency: "BRL".to_owned(),
        levels: entity::Levels::default(),
        proxy: "p".to_owned(),
        sip_call_id: "c".to_owned(),
        from_tag: "f".to_owned(),
        to_tag: None,
        hang_up_by: None,
        holds: json!([]),
        extend_at: live.then_some(now),
        warn_after: None,
        ending_soon: false,
        confirmed: 60,
        estimated: false,
        written_off: entity::Micros(0),
        attempt_day: "2026-11-20".to_owned(),
        answer_day: None,
        answered_far: false,
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

/// The columns that look like references but have no foreign key. Each column is listed with the reason why it has no foreign key. The call path
/// writes the tables at the beginning of this list.
const KEYLESS: &[(&str, &str)] = &[
    ("call.callshop_id", HOT),
    ("call.cabin_id", HOT),
    ("call.session_id", HOT),
    ("call.attendant_id", HOT),
    ("call.phone_id", HOT),
    ("call.hang_up_by", HOT),
    ("call_charge.transfer_id", HOT),
    ("call_charge.payer_id", HOT),
    ("call_charge.payee_id", HOT),
    ("call_charge.version_id", HOT),
    ("live_call.call_id", HOT),
    ("live_call.callshop_id", HOT),
    ("live_call.cabin_id", HOT),
    ("live_call.session_id", HOT),
    ("live_call.phone_id", HOT),
    ("call_sighting.call_id", HISTORY),
    ("activity.callshop_id", HOT),
    ("activity.cabin_id", HOT),
    ("activity.session_id", HOT),
    ("activity.call_id", HISTORY),
    ("activity_head.callshop_id", HOT),
    ("ledger_transfer.user_id", HOT),
    ("ledger_transfer.call_id", HOT),
    ("ledger_transfer.session_id", HOT),
    ("ledger_transfer.reverses", HOT),
    ("ledger_posting.transfer_id", HOT),
    ("ledger_posting.account_id", HOT),
    ("ledger_posting.shift_id", HOT),
    ("ledger_balance.account_id", HOT),
    (
        "rate.version_id",
        "up to millions of rates are written before their version; `callshop audit` checks the reference",
    ),
    (
        "idempotency_key.user_id",
        "nil for the operator at the command line, and a token family's id for an API token",
    ),
    ("audit_log.object_id", "refers to the table that object_kind names"),
    ("search_word.object_id", "refers to the table that kind names"),
    ("proxy.lease_holder", "a node, which has no row"),
    ("webhook_cursor.lease_holder", "a run of a node, which has no row"),
    ("webhook_delivery.message_id", "made from the event, not a row"),
    ("proxy.boot_id", "a run of the proxy, not a row"),
    ("call.request_id", "made by the proxy, not a row"),
    ("call.sip_call_id", "made by the phone, not a row"),
    ("callshop.caller_id", "a phone number"),
    ("callshop.tax_id", "given by an authority, not a row"),
    ("tariff_import.node", "a running program, not a row"),
];
const HISTORY: &str = "retention removes each table by itself, so the call may be gone; `callshop audit` checks references to kept calls";
const HOT: &str = "every call would read and lock the parent; `callshop audit` checks the reference";

/// The texts that a query returns.
async fn texts(db: &DatabaseConnection, sql: &str) -> BTreeSet<String> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect()
}

/// The columns that look like references, as `table.column`. These columns are ids other than the row's own id, and texts whose names look like ids.
async fn references(db: &DatabaseConnection, backend: Backend) -> BTreeSet<String> {
    let sql = match backend {
        Backend::Sqlite => {
            "SELECT t.name || '.' || c.name AS name FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND c.name <> 'id' AND ((c.type = 'BLOB' AND c.name <> 'levels') OR c.name LIKE '%\\_id' ESCAPE '\\')"
        }
        Backend::Postgres => {
            "SELECT t.relname || '.' || c.attname AS name FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
             WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
               AND c.attnum > 0 AND c.attname <> 'id' AND (c.atttypid = 'uuid'::regtype OR c.attname LIKE '%\\_id')"
        }
    };
    texts(db, sql).await
}

/// The foreign keys, as `table.column parent.column`.
async fn foreign_keys(db: &DatabaseConnection, backend: Backend) -> BTreeSet<String> {
    let sql = match backend {
        // a foreign key that names no column refers to the primary key of the parent
        Backend::Sqlite => {
            "SELECT t.name || '.' || k.\"from\" || ' ' || k.\"table\" || '.' || COALESCE(k.\"to\", p.name) AS name
             FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k JOIN pragma_table_info(k.\"table\") p
             WHERE t.type = 'table' AND p.pk = 1"
        }
        Backend::Postgres => {
            "SELECT t.relname || '.' || c.attname || ' ' || p.relname || '.' || d.attname AS name FROM pg_constraint k
             JOIN pg_class t ON t.oid = k.conrelid JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = k.conkey[1]
             JOIN pg_class p ON p.oid = k.confrelid JOIN pg_attribute d ON d.attrelid = p.oid AND d.attnum = k.confkey[1]
             WHERE k.contype = 'f'"
        }
    };
    texts(db, sql).await
}

/// The relations to parents that an entity defines, as `table.column parent.column`.
fn relations_of<E: EntityTrait + Default>() -> Vec<String> {
    let column = |identity: &Identity| match identity {
        Identity::Unary(name) => name.to_string(),
        more => panic!("{more:?}: every key must have one column"),
    };
    let relation = |relation: E::Relation| {
        let def = relation.def();
        let TableRef::Table(parent, _) = &def.to_tbl else { panic!("{:?} is not a table", def.to_tbl) };
        let (from, parent) = (E::default().table_name().to_owned(), parent.1.to_string());
        (!def.is_owner).then(|| format!("{from}.{} {parent}.{}", column(&def.from_col), column(&def.to_col)))
    };
    E::Relation::iter().filter_map(relation).collect()
}

fn relations() -> BTreeSet<String> {
    macro_rules! of {
        ($($table:ident)*) => { [$(relations_of::<entity::$table::Entity>()),*] };
    }
    let all = of!(account activity activity_head api_token audit_log auth_session cabin cabin_session call call_charge call_sighting
        callshop cash_movement hook_event idempotency_key ledger_balance ledger_posting ledger_transfer live_call login_failure
        payment phone proxy rate register_shift search_word session_item setting tariff tariff_derivation tariff_import tariff_import_change tariff_mapping tariff_version unfinished_version used_ticket user
        webhook webhook_cursor webhook_delivery);
    all.into_iter().flatten().collect()
}

async fn migrated(backend: Backend, dir: &tempfile::TempDir) -> DatabaseConnection {
    let url = backend.new_database(dir).await;
    let url = if backend == Backend::Sqlite { format!("{url}?mode=rwc") } else { url };
    let db = sea_orm::Database::connect(url).await.expect("a database");
    migration::up(&db).await.expect("the tables of this release");
    db
}

on_both!(every_reference_has_a_foreign_key_or_a_reason, |backend: Backend| async move {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let db = migrated(backend, &dir).await;
    let keys = foreign_keys(&db, backend).await;
    let keyed: BTreeSet<String> =
        keys.iter().filter_map(|key| key.split_once(' ')).map(|(column, _)| column.to_owned()).collect();
    let listed: BTreeMap<&str, &str> = KEYLESS.iter().copied().collect();
    let references = references(&db, backend).await;
    let bare: Vec<&String> = references
        .iter()
        .filter(|name| !keyed.contains(*name) && !listed.contains_key(name.as_str()))
        .collect();
    assert!(bare.is_empty(), "neither a foreign key nor a reason in KEYLESS: {bare:?}");
    let stale: Vec<&&str> =
        listed.keys().filter(|name| keyed.contains(**name) || !references.contains(**name)).collect();
    assert!(stale.is_empty(), "in KEYLESS, but with a foreign key or not in the tables: {stale:?}");
    assert_eq!(keys, relations(), "the foreign keys, and the relations in entity/src");
});

on_both!(a_row_that_others_refer_to_cannot_be_deleted, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let conn = shop.server.app.store.reader().begin().await.expect("a transaction");
    for table in ["account", "callshop", "user_account", "phone", "cabin", "tariff", "register_shift"] {
        let deleted = format!("DELETE FROM {table}");
        conn.execute_unprepared("SAVEPOINT before").await.expect("a savepoint");
        let refused = conn
            .execute_unprepared(&deleted)
            .await
            .expect_err("the deletion of a row that others refer to must fail")
            .to_string();
        assert!(refused.to_lowercase().contains("foreign key"), "{refused}");
        conn.execute_unprepared("ROLLBACK TO before").await.expect("as before");
    }
    conn.rollback().await.expect("as before");
    shop.finish().await;
});

/// A node inserts a child while another node has locked every parent. Inserts of children are outside the lock order, so they must not wait for locks
/// on parents.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_parents_do_not_block_new_children_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let (first, second) = (shop.server.app.store.reader(), shop.server.app.store.reader());
    let (holder, writer) = (first.begin().await.expect("one"), second.begin().await.expect("another"));
    let account = account::Entity::find().filter(account::Column::Kind.eq(AccountKind::Callshop));
    let account = account.one(&holder).await.expect("accounts").expect("the shop");
    let session = cabin_session::Entity::find().one(&holder).await.expect("sessions").expect("the session");
    let scope = Scope::subtree(&account.path);
    accounts::lock(&holder, &scope, account.id).await.expect("locked").expect("the account");
    accounts::lock_callshop(&holder, account.id).await.expect("locked").expect("the shop");
    accounts::lock_user(&holder, session.opened_by).await.expect("locked").expect("the user");
    cabins::lock(&holder, &[session.cabin_id]).await.expect("locked");
    register::lock_open_shift(&holder, account.id).await.expect("locked").expect("the shift");
    sessions::lock(&holder, session.id).await.expect("locked").expect("the session");
    writer.execute_unprepared("SET LOCAL lock_timeout = '2s'").await.expect("a timeout");
    let payment = payment::Model {
        id: uuid::Uuid::now_v7(),
        callshop_id: account.id,
        session_id: session.id,
        shift_id: session.shift_id,
        kind: PaymentKind::Deposit,
        method: PaymentMethod::Cash,
        amount: entity::Micros(1),
        reason: None,
        reference: None,
        user_id: session.opened_by,
        at: Utc::now(),
    };
    sessions::insert_payments(&writer, vec![payment]).await.expect("the insert must not wait for a lock");
    let cabin = cabin::Model {
        id: uuid::Uuid::now_v7(),
        callshop_id: account.id,
        number: 77,
        label: String::new(),
        phone_id: None,
        out_of_service: false,
        retired_at: None,
        created_at: Utc::now(),
    };
    cabins::insert(&writer, cabin).await.expect("the insert must not wait for a lock");
    writer.rollback().await.expect("as before");
    holder.rollback().await.expect("as before");
    shop.finish().await;
}
