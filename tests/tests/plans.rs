//! No statement of the call path reads a table from end to end: what a call costs must not grow with the calls that are stored.

use std::collections::BTreeMap;
use std::sync::Mutex;

use api::store::ledger::{self, Entry, NewTransfer};
use api::store::{NewActivity, accounts, activity, calls, sessions, tariffs};
use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, Book, CallState, HookStatus, PaymentMethod, TransferKind, call, call_charge, hook_event,
};
use sea_orm::entity::prelude::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionTrait,
};
use tests::{Backend, TestServer, on_both};
use uuid::Uuid;

/// Asks for the plan of each statement before it runs.
struct Explaining {
    tx: DatabaseTransaction,
    plans: Mutex<Vec<(String, Vec<String>)>>,
}

impl Explaining {
    async fn explain(&self, statement: &Statement) -> Result<(), DbErr> {
        let sqlite = self.get_database_backend() == DbBackend::Sqlite;
        let (word, column) = if sqlite { ("EXPLAIN QUERY PLAN", 3) } else { ("EXPLAIN", 0) };
        let asked = Statement { sql: format!("{word} {}", statement.sql), ..statement.clone() };
        let rows = self.tx.query_all_raw(asked).await?;
        let plan: Result<Vec<String>, DbErr> = rows.iter().map(|row| row.try_get_by_index(column)).collect();
        self.plans.lock().unwrap().push((statement.sql.clone(), plan?));
        Ok(())
    }

    /// The statements of which the plan reads a whole table or a whole index.
    fn scans(&self) -> Vec<String> {
        let plans = self.plans.lock().unwrap();
        assert!(plans.len() > 30, "{} statements were explained", plans.len());
        let sqlite = self.get_database_backend() == DbBackend::Sqlite;
        let scans =
            plans.iter().filter(|(_, plan)| if sqlite { scans_sqlite(plan) } else { scans_postgres(plan) });
        scans.map(|(sql, plan)| format!("{sql}\n  {}", plan.join("\n  "))).collect()
    }
}

/// The rows that the statement brings itself are read from end to end, nothing else.
fn scans_sqlite(plan: &[String]) -> bool {
    plan.iter().any(|step| {
        step.starts_with("SCAN ")
            && step != "SCAN v"
            && !step.contains("CONSTANT ROW")
            && !step.ends_with("VALUES CLAUSE")
    })
}

/// Sequential scans are switched off: one that is left, or an index read without a condition, has no index to use.
fn scans_postgres(plan: &[String]) -> bool {
    let node = |line: &str| line.contains("->") || !line.starts_with(' ');
    plan.iter().enumerate().any(|(at, line)| {
        let details = plan[at + 1..].iter().take_while(|line| !node(line));
        let by_index = ["Index Scan", "Index Only Scan"].iter().any(|kind| line.contains(kind));
        line.contains("Seq Scan")
            || by_index && !details.into_iter().any(|detail| detail.contains("Index Cond"))
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
    DateTime::from_timestamp_micros(1_795_388_618_747_375).unwrap()
}

fn a_call() -> call::Model {
    call::Model {
        id: Uuid::now_v7(),
        callshop_id: Uuid::now_v7(),
        cabin_id: Some(Uuid::now_v7()),
        session_id: Some(Uuid::now_v7()),
        phone_id: Uuid::now_v7(),
        request_id: Uuid::now_v7().to_string(),
        dialed: "00351912345678".to_owned(),
        number: "351912345678".to_owned(),
        destination: "Portugal".to_owned(),
        emergency: false,
        state: CallState::Authorized,
        authorized_at: now(),
        ringing_at: None,
        answered_at: None,
        ended_at: None,
        covered: 600,
        sip_code: None,
        ended_by: None,
        cause: None,
        refusal: None,
        talk_seconds: 0,
        billed_seconds: 0,
        charge: entity::Micros(0),
        currency: "BRL".to_owned(),
        pricing: serde_json::json!([{ "a": "b" }]),
        proxy: "sip1".to_owned(),
        sip_call_id: "c".to_owned(),
        from_tag: "f".to_owned(),
        to_tag: None,
        hang_up_by: None,
        holds: serde_json::json!([1, 2]),
        extend_at: None,
        confirmed: 0,
        estimated: false,
        written_off: entity::Micros(0),
        attempt_day: "2026-11-23".to_owned(),
        answer_day: None,
    }
}

fn an_event(call: &call::Model, error: Option<&str>) -> hook_event::Model {
    hook_event::Model {
        eid: Uuid::now_v7().to_string(),
        kind: "ended".to_owned(),
        reference: error.is_none().then(|| call.id.to_string()),
        proxy: "sip1".to_owned(),
        at: now(),
        received_at: now(),
        status: HookStatus::Applied,
        error: error.map(str::to_owned),
        body: error.map(|error| serde_json::json!({ "was": error })),
    }
}

on_both!(the_call_path_reads_by_index, |backend: Backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    let tx = server.app.store.reader().begin().await.unwrap();
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
    }
    let conn = Explaining { tx, plans: Mutex::default() };
    let (one, two) = (a_call(), a_call());
    attempts(&conn, &[one.clone(), two.clone()]).await;
    events(&conn, &[one, two]).await;
    let scans = conn.scans();
    assert!(scans.is_empty(), "{}", scans.join("\n\n"));
    drop(conn);
    server.stop().await;
});

async fn attempts(conn: &Explaining, rows: &[call::Model]) {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let requests: Vec<&str> = rows.iter().map(|row| row.request_id.as_str()).collect();
    calls::phone_by_sip_user(conn, "u").await.unwrap();
    calls::lock_phones(conn, &["u", "v", "w"]).await.unwrap();
    calls::cabins_of(conn, &ids).await.unwrap();
    calls::lock_open_sessions(conn, &ids).await.unwrap();
    calls::spent(conn, &ids).await.unwrap();
    calls::busy_phones(conn, &ids).await.unwrap();
    calls::live_of_sessions(conn, &ids).await.unwrap();
    calls::abandoned(conn, &requests).await.unwrap();
    accounts::by_ids(conn, &ids).await.unwrap();
    accounts::callshops(conn, &ids).await.unwrap();
    accounts::credit_limits(conn, &ids).await.unwrap();
    tariffs::effective_versions(conn, &ids, now()).await.unwrap();
    ledger::lock_credit(conn, &ids).await.unwrap();
    calls::insert(conn, rows).await.unwrap();
    assert_eq!(calls::lock(conn, &[], &requests).await.unwrap(), rows, "what was written is read");
}

/// An answer of one of the calls and an end of the other, so that some columns are there in one row alone.
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
    assert_eq!(calls::lock(conn, &ids, &requests).await.unwrap(), rows, "what was written is read");
    assert_eq!(calls::lock(conn, &ids, &[]).await.unwrap(), rows);
    calls::due(conn, now(), 256).await.unwrap();
    calls::confirm(conn, ids[0], 600, Some(now())).await.unwrap();
    let charge = |row: &call::Model| call_charge::Model {
        call_id: row.id,
        level: 0,
        account_id: row.callshop_id,
        version_id: row.id,
        billed_seconds: 90,
        amount: entity::Micros(1),
    };
    for _ in 0..2 {
        calls::save_charges(conn, &rows.iter().map(charge).collect::<Vec<_>>()).await.unwrap();
    }
    assert_eq!(calls::charges(conn, ids[0]).await.unwrap(), [charge(&rows[0])]);
    let received = [an_event(&rows[0], None), an_event(&rows[1], Some("odd"))];
    let eids: Vec<&str> = received.iter().map(|event| event.eid.as_str()).collect();
    assert_eq!(calls::receive(conn, &received).await.unwrap().len(), 2);
    assert_eq!(calls::receive(conn, &received).await.unwrap().len(), 0, "both are there already");
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

async fn money(conn: &Explaining, rows: &[call::Model]) {
    let transfer = |row: &call::Model| NewTransfer {
        call_id: Some(row.id),
        ..NewTransfer::new(
            TransferKind::Call,
            now(),
            vec![
                Entry::new(row.callshop_id, Book::Credit, Micros(-5)),
                Entry::drawer(row.callshop_id, row.id, PaymentMethod::Cash, Micros(5)),
            ],
        )
    };
    let held = BTreeMap::from([(rows[0].callshop_id, Micros(7))]);
    ledger::post_and_hold(conn, rows.iter().map(transfer).collect(), &held).await.unwrap();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let standing = ledger::standing_of_calls(conn, &ids).await.unwrap();
    assert_eq!(standing.len(), 2);
    assert_eq!(standing[0].entries, transfer(&rows[0]).entries);
    let shop = rows[0].callshop_id;
    let credit = ledger::credit(conn, &[shop]).await.unwrap()[&shop];
    assert_eq!((credit.balance, credit.held), (Micros(-5), Micros(7)));
}
