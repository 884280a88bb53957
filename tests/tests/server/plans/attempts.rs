//! Tests how many statements an attempt takes, and that an attempt sees a call that another node has just ended as ended.

use std::sync::Arc;
use std::time::Duration;

use api::config::Config;
use api::server::Node;
use app::calls::writer::CallWriter;
use base::clock::Clock;
use chrono::{TimeDelta, Utc};
use graphql::scalars::parse_any;
use sea_orm::{
    ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement, TransactionTrait as _,
};
use serde_json::{Value, json};
use tests::shop::{event, micros};
use tests::{Backend, Shop, TestServer};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::shards::{apply, authorize};
use super::wire::Wire;

/// Number of statements of an attempt, without the beginning and the end of its transaction. Each statement costs time (docs/performance.md).
const STATEMENTS: usize = 12;

/// A node without loops, which only decides attempts and processes events.
struct Decider {
    writer: CallWriter,
    stop: CancellationToken,
    writing: JoinHandle<()>,
}

impl Decider {
    async fn start(config: Config) -> Self {
        let config = Arc::new(config);
        let node = Node::new(Node::connect(&config).await.unwrap(), config, Clock::system()).await.unwrap();
        let stop = CancellationToken::new();
        let (writer, writing) = CallWriter::start(node.app.clone(), stop.clone());
        Self { writer, stop, writing }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.writing.await.unwrap();
    }
}

/// A shop with two open cabins.
async fn open_shop(url: &str) -> Shop {
    let shop = Shop::on(TestServer::start_at(url.to_owned(), |_| {}).await, 2).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    shop
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_takes_few_statements_on_postgres() {
    let url = Backend::Postgres.new_database(&tempfile::tempdir().unwrap()).await;
    let mut shop = open_shop(&url).await;
    let config = shop.server.config().clone();
    let stopped = shop.server.pause().await;
    let (wire, through) = Wire::before(&url).await;
    let node = Decider::start(Config { database_url: through, ..config }).await;
    // the first attempt loads what the node remembers: the callshop's path and the rates
    let first = authorize(&node.writer, &shop.phones[0].user, "+13055550123").await.unwrap();
    wire.record();
    let second = authorize(&node.writer, &shop.phones[1].user, "+13055550124").await.unwrap();
    let recorded = wire.statements();
    let words = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
    let counted =
        recorded.iter().filter(|(sql, _)| words.iter().any(|word| sql.trim_start().starts_with(word)));
    let runs: usize = counted.map(|(_, statement)| statement.parameters.len()).sum();
    assert_eq!(runs, STATEMENTS, "{:#?}", recorded.keys());
    for call in [first, second] {
        apply(&node.writer, &[event("abandoned", &call, Utc::now(), json!({}))]).await;
    }
    node.stop().await;
    shop.server = stopped.start().await;
    shop.finish().await;
}

/// Waits until this many connections wait for locks.
async fn are_waiting(database: &DatabaseConnection, count: i64) {
    let sql = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = async || {
        let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        let found: i64 = row.unwrap().try_get("", "n").unwrap();
        (found == count).then_some(())
    };
    tests::sip::eventually("connections wait for locks", waiting).await;
}

/// An attempt reads whether its phone is busy only after it has locked the open session. Otherwise, if another node is still ending the customer's
/// previous call, the customer would be told that the phone is busy, and would have to dial again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_waits_for_the_end_of_the_phones_call_on_postgres() {
    let url = Backend::Postgres.new_database(&tempfile::tempdir().unwrap()).await;
    let mut shop = open_shop(&url).await;
    let config = shop.server.config().clone();
    let stopped = shop.server.pause().await;
    let (one, other) = (Decider::start(config.clone()).await, Decider::start(config).await);
    let user = shop.phones[0].user.clone();
    let call = authorize(&one.writer, &user, "+13055550123").await.unwrap();
    let answered = Utc::now() - TimeDelta::seconds(20);
    apply(&one.writer, &[event("answered", &call, answered, json!({ "to_tag": "tt" }))]).await;

    // the other node has locked the session, and waits for the credit
    let database = Database::connect(&url).await.unwrap();
    let credit = database.begin().await.unwrap();
    let account = parse_any(&shop.id.as_str().into()).unwrap().1;
    let sql = "SELECT account_id FROM ledger_balance WHERE account_id = $1 FOR UPDATE";
    credit
        .query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [account.into()]))
        .await
        .unwrap();
    let more = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(answered), "to_tag": "tt" });
    let end = event("ended", &call, Utc::now(), more);
    let ending = async {
        let ended = apply(&other.writer, &[end]).await;
        assert_eq!(ended, 1);
    };
    let next = async {
        are_waiting(&database, 1).await;
        let next = async { authorize(&one.writer, &user, "+13055550124").await };
        let release = async {
            are_waiting(&database, 2).await;
            credit.commit().await.unwrap();
        };
        tokio::join!(next, release).0
    };
    let ((), next) =
        tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(ending, next) }).await.unwrap();
    let next: Value = next.expect("the phone is not busy");
    apply(&one.writer, &[event("abandoned", &next, Utc::now(), json!({}))]).await;
    one.stop().await;
    other.stop().await;
    shop.server = stopped.start().await;
    shop.finish().await;
}
