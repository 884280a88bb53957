//! Tests that no statement of the call path reads a whole table, because the cost of a call must not grow with the number of stored calls.

mod attempts;
mod books;
mod finding;
mod nodes;
mod rows;
mod shards;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccountKind, ActivityKind, Book, CallState, HookStatus, PaymentMethod, Prefix, RateKey, Role,
    SessionMode, SessionState, TransferKind, account, cabin, cabin_session, call, callshop, hook_event,
    register_shift, user,
};
use sea_orm::entity::prelude::async_trait;
use sea_orm::sea_query::{PostgresQueryBuilder, QueryBuilder as _};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait as _, ExecResult,
    IntoActiveModel as _, QueryResult, Statement, Value,
};
use store::ledger::{self, CallCharge, Entry, NewTransfer};
use store::partitions::{CALLS, Month};
use store::{
    NewActivity, Page, Within, accounts, activity, calls, day, first_id, partitions, sessions, tariffs,
};
use tests::{Backend, TestServer, on_both};
use uuid::Uuid;

use rows::{a_call, a_session, a_shop, an_event, charge};

/// Records the plan of each statement before it runs.
struct Explaining {
    tx: DatabaseTransaction,
    plans: Mutex<Vec<(String, Vec<String>)>>,
    /// The generic plans, which do not depend on parameters. A generic plan does not show which of its parts never run.
    plans_for_all: Mutex<Vec<(String, Vec<String>)>>,
}

impl Explaining {
    async fn explain(&self, statement: &Statement) -> Result<(), DbErr> {
        let sqlite = self.get_database_backend() == DbBackend::Sqlite;
        // PostgreSQL prunes partitions during execution, so the statement is run and rolled back
        let (word, column) = match sqlite {
            true => ("EXPLAIN QUERY PLAN", 3),
            false => ("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)", 0),
        };
        self.tx.execute_unprepared("SAVEPOINT explained").await?;
        let asked = Statement { sql: format!("{word} {}", statement.sql), ..statement.clone() };
        let rows = self.tx.query_all_raw(asked).await?;
        self.tx.execute_unprepared("ROLLBACK TO SAVEPOINT explained").await?;
        let plan: Result<Vec<String>, DbErr> = rows.iter().map(|row| row.try_get_by_index(column)).collect();
        self.plans.lock().unwrap().push((statement.sql.clone(), plan?));
        match sqlite {
            true => Ok(()),
            false => self.explain_for_all(statement).await,
        }
    }

    /// Records PostgreSQL's generic plan, which a writing connection uses.
    async fn explain_for_all(&self, statement: &Statement) -> Result<(), DbErr> {
        let values = statement.values.iter().flat_map(|values| &values.0);
        let values: Vec<String> = values.map(literal).collect();
        self.tx.execute_unprepared(&format!("PREPARE explained AS {}", statement.sql)).await?;
        let execute = match values.is_empty() {
            true => "EXECUTE explained".to_owned(),
            false => format!("EXECUTE explained({})", values.join(", ")),
        };
        let asked = format!("EXPLAIN (COSTS OFF) {execute}");
        let rows = self.tx.query_all_raw(Statement::from_string(DbBackend::Postgres, asked)).await?;
        self.tx.execute_unprepared("DEALLOCATE explained").await?;
        let plan: Result<Vec<String>, DbErr> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
        self.plans_for_all.lock().unwrap().push((statement.sql.clone(), plan?));
        Ok(())
    }

    /// The statements whose plan reads a whole table or a whole index.
    fn scans(&self) -> Vec<String> {
        let (plans, for_all) = (self.plans.lock().unwrap(), self.plans_for_all.lock().unwrap());
        assert!(plans.len() > 30, "only {} statements were explained", plans.len());
        let sqlite = self.get_database_backend() == DbBackend::Sqlite;
        assert!(sqlite || for_all.len() == plans.len(), "both plans of every statement must be checked");
        let scans = plans
            .iter()
            .filter(|(_, plan)| if sqlite { scans_sqlite(plan) } else { scans_postgres(plan, "") });
        // scans of small tables do not matter
        let scans = scans.chain(for_all.iter().filter(|(_, plan)| scans_postgres(plan, "_202705")));
        scans.map(|(sql, plan)| format!("{sql}\n  {}", plan.join("\n  "))).collect()
    }
}

impl Explaining {
    /// The statements that read a partition of calls other than the allowed partitions.
    fn strays(&self, allowed: &[&str]) -> Vec<String> {
        let plans = self.plans.lock().unwrap();
        let reads = |line: &str| {
            let table =
                line.split(" on ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or("");
            let history = table.starts_with("call_before") || table.starts_with("call_2");
            history && !line.contains("never executed") && !allowed.iter().any(|part| table.contains(part))
        };
        // a row is written to the same partition in which it was found
        let written = |line: &str| {
            line.trim_start().starts_with("Update on") || line.trim_start().starts_with("Insert on")
        };
        let strays = plans.iter().filter(|(_, plan)| plan.iter().any(|line| reads(line) && !written(line)));
        strays.map(|(sql, plan)| format!("{sql}\n  {}", plan.join("\n  "))).collect()
    }
}

/// A parameter as SQL text.
fn literal(value: &Value) -> String {
    let Value::Array(_, Some(items)) = value else { return PostgresQueryBuilder.value_to_string(value) };
    let item = |item: &Value| match PostgresQueryBuilder.value_to_string(item) {
        null if null == "NULL" => null,
        text => format!("\"{}\"", text.trim_matches('\'').replace('"', "\\\"")),
    };
    format!("'{{{}}}'", items.iter().map(item).collect::<Vec<_>>().join(","))
}

/// In a query plan of SQLite, the only allowed scan is a scan of the statement's own rows.
fn scans_sqlite(plan: &[String]) -> bool {
    plan.iter().any(|step| {
        step.starts_with("SCAN ")
            && step != "SCAN v"
            && !step.contains("CONSTANT ROW")
            && !step.ends_with("VALUES CLAUSE")
    })
}

/// Sequential scans are disabled. Therefore, a remaining sequential scan, or a read of an index without a key, means that no index fits. A range
/// alone (`id >= …`) is not a key, because it reads more rows as more rows are stored. The only exception is the search for live calls that are due
/// for extension.
fn scans_postgres(plan: &[String], of: &str) -> bool {
    let node = |line: &str| line.contains("->") || !line.starts_with(' ');
    plan.iter().enumerate().filter(|(_, line)| line.contains(of)).any(|(at, line)| {
        let details = plan[at + 1..].iter().take_while(|line| !node(line));
        let by_index = ["Index Scan", "Index Only Scan"].iter().any(|kind| line.contains(kind));
        line.contains("Seq Scan")
            || by_index
                && !line.contains("live_call_extend")
                && !details.into_iter().any(|detail| detail.contains("Index Cond") && detail.contains(" = "))
    })
}

#[async_trait::async_trait]
impl ConnectionTrait for Explaining {
    fn get_database_backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.explain(&statement).await?;
        self.tx.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.tx.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.explain(&statement).await?;
        self.tx.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.explain(&statement).await?;
        self.tx.query_all_raw(statement).await
    }
}

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2027-05-14T12:00:00.123456Z").unwrap().to_utc()
}

/// A new id that follows all earlier ids.
fn new_id() -> Uuid {
    static MADE: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u128(first_id(now()).as_u128() + u128::from(MADE.fetch_add(1, Ordering::Relaxed)))
}

/// Inserts a shop with a user, a shift and a cabin, all with this id. A session can then refer to these rows.
async fn furnish(conn: &impl ConnectionTrait, id: Uuid) {
    accounts::insert(conn, a_shop(id)).await.unwrap();
    let zero = entity::Micros(0);
    let shop = callshop::Model {
        account_id: id,
        dial_plan: serde_json::json!({}),
        max_call_seconds: 60,
        blocked_prefixes: serde_json::json!([]),
        caller_id: String::new(),
        next_shift_number: 2,
        next_receipt_number: 1,
        cash_step: None,
        legal_name: String::new(),
        tax_id: String::new(),
        address: String::new(),
        receipt_footer: String::new(),
        pix_key: None,
        pix_name: None,
        pix_city: None,
        mask_numbers: false,
        ending_soon_seconds: None,
        attendant_max_discount: zero,
        attendant_max_refund: zero,
    };
    callshop::Entity::insert(shop.into_active_model()).exec_without_returning(conn).await.unwrap();
    let user = user::Model {
        id,
        account_id: id,
        name: String::new(),
        display_name: String::new(),
        locale: None,
        role: Role::Attendant,
        password_hash: String::new(),
        disabled_at: None,
        failed_logins: 0,
        last_failed_at: None,
        totp_seed: None,
        totp_since: None,
        totp_step: None,
        recovery_hashes: None,
        created_at: now(),
    };
    user::Entity::insert(user.into_active_model()).exec_without_returning(conn).await.unwrap();
    let shift = register_shift::Model {
        id,
        callshop_id: id,
        number: 1,
        opened_by: id,
        opened_at: now(),
        float_amount: zero,
        closed_by: None,
        closed_at: None,
        z_report: None,
    };
    register_shift::Entity::insert(shift.into_active_model()).exec_without_returning(conn).await.unwrap();
    let cabin = cabin::Model {
        id,
        callshop_id: id,
        number: 1,
        label: String::new(),
        phone_id: None,
        out_of_service: false,
        retired_at: None,
        created_at: now(),
    };
    cabin::Entity::insert(cabin.into_active_model()).exec_without_returning(conn).await.unwrap();
}

/// Stores as many calls as a node stores in a few seconds, and waits until PostgreSQL's statistics reflect them.
async fn a_busy_morning(server: &TestServer) {
    let store = &server.app.store;
    let rows: Vec<call::Model> =
        (0..5_000).map(|_| call::Model { state: CallState::Ended, ..a_call() }).collect();
    let rows = &rows;
    let insert = store.write(|tx| async move {
        calls::insert(tx.conn(), rows).await?;
        calls::update(tx.conn(), rows).await
    });
    insert.await.unwrap();
    if !store.is_partitioned() {
        return;
    }
    let asked = "SELECT MIN(reltuples) >= 5000 AS known FROM pg_class WHERE relname = 'call_202705'";
    for _ in 0..300 {
        // refresh again and again, because a connection may take ten seconds to report its row counts
        app::statistics::refresh(&server.app).await.unwrap();
        let row =
            store.reader().query_one_raw(Statement::from_string(DbBackend::Postgres, asked)).await.unwrap();
        if row.unwrap().try_get::<bool>("", "known").unwrap() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("PostgreSQL's statistics do not reflect the stored rows");
}

/// Stores rows of half a year: on PostgreSQL, in the first partition, which takes all rows before the first monthly partition, and in the monthly
/// partitions.
async fn half_a_year(server: &TestServer) {
    let store = &server.app.store;
    for months in (0..=6).rev() {
        let at = Month::of(now()).before(months).start();
        let rows: Vec<call::Model> = (0..20)
            .map(|n| call::Model {
                id: Uuid::from_u128(first_id(at).as_u128() + n),
                state: CallState::Ended,
                ..a_call()
            })
            .collect();
        let rows = &rows;
        let write = |tx: store::Tx| async move {
            if !partitions::alone(tx.conn()).await? {
                return Err(base::error::Error::Overtaken);
            }
            // on PostgreSQL, the rows of a month without a partition are first in the default partition, and `prepare` then moves them
            calls::insert(tx.conn(), rows).await?;
            calls::update(tx.conn(), rows).await?;
            partitions::prepare(tx.conn(), at).await
        };
        // the server also creates partitions when it starts, and may need longer than the store tries again
        let stored = async || match store.write(write).await {
            Err(error) if error.is_transient() => None,
            done => Some(done.unwrap()),
        };
        tests::sip::eventually("the rows are stored", stored).await;
    }
}

on_both!(the_call_path_reads_by_index, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    half_a_year(&server).await;
    a_busy_morning(&server).await;
    let tx = server.app.store.reader().begin().await.unwrap();
    if tx.get_database_backend() == DbBackend::Postgres {
        for (setting, value) in store::KEYED {
            tx.execute_unprepared(&format!("SET LOCAL {setting} = {value}")).await.unwrap();
        }
    }
    let conn = Explaining { tx, plans: Mutex::default(), plans_for_all: Mutex::default() };
    let (one, two) = (a_call(), a_call());
    attempts(&conn, &[one.clone(), two.clone()]).await;
    events(&conn, &[one, two]).await;
    let scans = conn.scans();
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
    let uses =
        |(_, plan): &(String, Vec<String>)| plan.iter().any(|step| step.contains("tariff_version_in_force"));
    assert!(conn.plans.lock().unwrap().iter().any(uses), "the version in force is found by its index");
    // a request may be repeated up to a month later, so the statements that look up a request also read last month's partition; all other statements
    // read the current month, and the later months are empty
    let strays = conn.strays(&["_202704", "_202705", "_202706", "_202707"]);
    assert!(strays.is_empty(), "{}", strays.join("\n\n"));
    if backend == Backend::Postgres {
        assert!(!conn.strays(&["_202704"]).is_empty(), "the check must find reads of partitions");
        let parts = CALLS.partitions(&conn.tx).await.unwrap();
        assert!(parts.len() >= 8, "{parts:?}");
    }
    drop(conn);
    server.stop().await;
});

async fn attempts(conn: &Explaining, rows: &[call::Model]) {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let requests: Vec<&str> = rows.iter().map(|row| row.request_id.as_str()).collect();
    calls::phone_by_sip_user(conn, "u").await.unwrap();
    calls::lock_phones(conn, &["u", "v", "w"]).await.unwrap();
    calls::attempt_cabins(conn, &ids).await.unwrap();
    calls::lock_open_sessions(conn, &ids).await.unwrap();
    let prefix = Prefix::parse("351").unwrap();
    let keys: Vec<RateKey> = ids.iter().map(|id| RateKey { version_id: *id, prefix }).collect();
    tariffs::used_rates(conn, &keys).await.unwrap();
    let sessions = [a_session(ids[0]), a_session(ids[1])];
    let opened: Vec<_> = sessions.iter().map(|session| (session.id, session.opened_at)).collect();
    calls::spent(conn, &opened).await.unwrap();
    calls::busy_phones(conn, &ids).await.unwrap();
    calls::live_of_sessions(conn, &ids).await.unwrap();
    calls::known_requests(conn, &requests, now()).await.unwrap();
    calls::paths(conn, &ids).await.unwrap();
    calls::payers(conn, &ids, now()).await.unwrap();
    accounts::credit_limits(conn, &ids).await.unwrap();
    ledger::lock_credit(conn, &ids).await.unwrap();
    calls::insert(conn, rows).await.unwrap();
    assert_eq!(
        calls::lock_named(conn, &[], &requests, now()).await.unwrap(),
        rows,
        "the written row must be read back"
    );
}

/// Answers one call and ends another. As a result, some columns are set in only one of the two rows.
async fn events(conn: &Explaining, rows: &[call::Model]) {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let requests: Vec<&str> = rows.iter().map(|row| row.request_id.as_str()).collect();
    let mut rows = rows.to_vec();
    rows[0].state = CallState::Ended;
    (rows[0].ended_at, rows[0].answered_at, rows[1].to_tag) =
        (Some(now()), Some(now()), Some("t".to_owned()));
    calls::update(conn, &rows).await.unwrap();
    rows[1].covered = 1_200;
    calls::update_cover(conn, &rows).await.unwrap();
    assert_eq!(
        calls::lock_named(conn, &ids, &requests, now()).await.unwrap(),
        rows,
        "the written row must be read back"
    );
    assert_eq!(calls::lock(conn, &ids).await.unwrap(), rows);
    calls::due(conn, now(), 256).await.unwrap();
    // events of phones read the phones' cabins, and an extension reads the settings of the callshops
    calls::cabins_of(conn, &ids).await.unwrap();
    accounts::callshops(conn, &ids).await.unwrap();
    calls::confirm(conn, ids[0], 600, Some(now())).await.unwrap();
    assert_eq!(calls::charges(conn, ids[0]).await.unwrap(), []);
    let received = [an_event(&rows[0], None), an_event(&rows[1], Some("odd"))];
    let eids: Vec<&str> = received.iter().map(|event| event.eid.as_str()).collect();
    assert_eq!(calls::receive(conn, &received).await.unwrap().len(), 2);
    assert_eq!(calls::receive(conn, &received).await.unwrap().len(), 0, "both events must already be stored");
    meet(conn, &rows[0]).await;
    calls::ignore_events(conn, &eids).await.unwrap();
    sessions::lock_all(conn, &ids).await.unwrap();
    sessions::live_calls(conn, ids[0]).await.unwrap();
    money(conn, &rows).await;
    let told = rows.iter().map(|row| NewActivity {
        callshop_id: row.callshop_id,
        at: now(),
        kind: ActivityKind::CallEnded,
        cabin_id: None,
        session_id: None,
        call_id: Some(row.id),
        payload: serde_json::json!({ "call": null }),
    });
    let told: Vec<NewActivity> = told.collect();
    for seq in [1, 2] {
        let kept = activity::append(conn, told.clone()).await.unwrap();
        assert_eq!(kept.iter().map(|row| row.seq).collect::<Vec<_>>(), [seq, seq]);
    }
}

/// Runs the queries of a batch, except the queries for the batch's calls. Some of the requested rows exist, and others are missing.
async fn meet(conn: &Explaining, call: &call::Model) {
    let (open, missing) = (a_session(new_id()), new_id());
    furnish(conn, open.id).await;
    sessions::insert(conn, open.clone()).await.unwrap();
    let shop = account::Model { low_credit: Some(entity::Micros(5)), ..a_shop(new_id()) };
    accounts::insert(conn, shop.clone()).await.unwrap();
    let (kept, new) = (an_event(call, None), an_event(call, None));
    calls::receive(conn, std::slice::from_ref(&kept)).await.unwrap();
    let met =
        calls::meet(conn, &[kept, new.clone()], &[open.id, missing], &[shop.id, missing]).await.unwrap();
    assert_eq!(met.new.into_iter().collect::<Vec<_>>(), [new.eid]);
    assert_eq!(met.sessions.into_iter().collect::<Vec<_>>(), [(open.id, SessionState::Open)]);
    let terms = &met.shops[&shop.id];
    assert_eq!((terms.low_credit, terms.credit_limit, met.shops.len()), (Some(Micros(5)), None, 1));
    assert_eq!(terms.time_zone, shop.time_zone);
    let met = calls::meet(conn, &[an_event(call, None)], &[], &[]).await.unwrap();
    assert_eq!((met.new.len(), met.sessions.len(), met.shops.len()), (1, 0, 0));
}

async fn money(conn: &Explaining, rows: &[call::Model]) {
    let entries = vec![
        Entry::new(rows[0].callshop_id, Book::Sales, Micros(-5)),
        Entry::drawer(rows[0].callshop_id, rows[0].id, PaymentMethod::Cash, Micros(5)),
    ];
    let plain = NewTransfer {
        call_id: Some(rows[0].id),
        ..NewTransfer::new(TransferKind::WriteOff, "BRL", now(), entries.clone())
    };
    let charged = rows.iter().map(|row| NewTransfer::of_charges(row.id, "BRL", now(), vec![charge(row)]));
    let transfers: Vec<NewTransfer> = charged.chain([plain]).collect();
    let charged = transfers[0].entries().unwrap().into_owned();
    let held = BTreeMap::from([((rows[0].callshop_id, "BRL".to_owned()), Micros(7))]);
    // the changes are in one statement, as in a batch of call ends
    let besides = calls::changes(conn, rows).unwrap();
    ledger::post_and_hold(conn, transfers, &held, besides).await.unwrap();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let standing = ledger::standing_of_calls(conn, &ids).await.unwrap();
    assert_eq!(standing.len(), 3);
    assert_eq!((&*standing[0].entries().unwrap(), &*standing[1].entries().unwrap()), (&*entries, &*charged));
    let all = Page { above: None, below: None, limit: 10, descending: true, counted: false };
    for (book, found) in [(Book::Sales, vec![standing[0].id]), (Book::Credit, vec![standing[1].id])] {
        let listed =
            ledger::transfers_of(conn, rows[0].callshop_id, book, Within::default(), all).await.unwrap();
        assert_eq!(listed.rows, found, "{book:?}");
    }
    let shop = rows[0].callshop_id;
    let credit = ledger::credit(conn, &[shop]).await.unwrap()[&shop];
    assert_eq!((credit.balance, credit.held), (Micros(-5), Micros(7)));
}

/// The summary of a day reads the shop's shifts and sessions by index, regardless of the number of other shops. On PostgreSQL, the plan of the
/// discounts depends on the sizes of the tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_days_summary_reads_by_index_on_sqlite() {
    let server = TestServer::start(Backend::Sqlite, |_| {}).await;
    let tx = server.app.store.reader().begin().await.unwrap();
    let conn = Explaining { tx, plans: Mutex::default(), plans_for_all: Mutex::default() };
    let day = day::Day { callshop_id: new_id(), from: now(), to: now() };
    day::shifts(&conn, day, 100).await.unwrap();
    day::payment_sums(&conn, day, &[new_id(), new_id()]).await.unwrap();
    day::movement_sums(&conn, day, &[new_id()]).await.unwrap();
    day::sessions_opened(&conn, day).await.unwrap();
    day::discounts(&conn, day).await.unwrap();
    let plans = conn.plans.lock().unwrap().clone();
    assert_eq!(plans.len(), 5);
    let scans: Vec<_> = plans.iter().filter(|(_, plan)| scans_sqlite(plan)).collect();
    assert!(scans.is_empty(), "{scans:?}");
    drop(conn);
    server.stop().await;
}
