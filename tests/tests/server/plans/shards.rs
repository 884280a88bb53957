//! Tests that no statement of the call path crosses shards. A shard is a distributor with everything below it. docs/scaling.md explains how such a
//! subtree moves to a database of its own.
//!
//! A node makes calls through a wire that records every statement that the node sends to PostgreSQL. PostgreSQL then plans each statement for all
//! parameters, with sequential scans, hash joins and merge joins turned off, so that the conditions of each table are found where the table is read.
//! If a statement reads a table without a condition on a key that belongs to one subtree, the statement also reads rows of other subtrees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::config::Config;
use api::server::Node;
use app::auth::login;
use app::calls::authorize::Authorization;
use app::calls::events::{self, EventResult};
use app::calls::writer::CallWriter;
use app::calls::{self, emergency};
use base::clock::Clock;
use chrono::{TimeDelta, Utc};
use sea_orm::{
    ConnectionTrait as _, Database, DatabaseTransaction, DbBackend, Statement, TransactionTrait as _,
};
use serde_json::{Value, json};
use tests::server::proxy;
use tests::shop::{event, micros, price, unique};
use tests::{Backend, FakeProxy, Shop, TestServer};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::wire::{self, Wire};

/// For each table, the columns in which every value belongs to one subtree or to one SIP proxy. Each SIP proxy serves one subtree.
const OWN: &[(&str, &[&str])] = &[
    // the paths of a subtree form a range
    ("account", &["id", "path"]),
    ("activity", &["callshop_id"]),
    ("activity_head", &["callshop_id"]),
    ("auth_session", &["id"]),
    ("cabin", &["id", "callshop_id", "phone_id"]),
    ("cabin_session", &["id", "callshop_id", "cabin_id"]),
    ("call", &["id", "callshop_id", "session_id", "request_id"]),
    ("call_charge", &["transfer_id", "payer_id", "payee_id"]),
    ("call_sighting", &["call_id"]),
    ("callshop", &["account_id"]),
    ("hook_event", &["eid", "reference"]),
    ("ledger_balance", &["account_id"]),
    ("ledger_posting", &["account_id", "transfer_id"]),
    ("ledger_transfer", &["id", "call_id"]),
    ("live_call", &["call_id", "callshop_id", "phone_id", "session_id"]),
    ("phone", &["id", "callshop_id", "sip_user"]),
    ("proxy", &["name"]),
    ("user_account", &["id"]),
    // A distributor's own cost tariff belongs to the platform. Every shard can have a copy of this tariff, because active versions never change.
    ("rate", &["version_id"]),
    ("tariff", &["id"]),
    ("tariff_version", &["id", "tariff_id"]),
];

/// Statements that read or write the platform's rows, which every shard would share: a part of the statement, and the reason.
const OF_PLATFORM: &[(&str, &str)] = &[
    (
        "ledger_balance",
        "The platform's revenue, if the platform charges distributors. Each shard has a platform account of its own; a report adds the accounts up.",
    ),
    ("call_charge", "The charges that make up this revenue."),
    (
        "INSERT INTO \"call\"",
        "A call's levels name the platform as the account that the distributor pays. Nothing of the platform is read or changed.",
    ),
    ("FROM \"account\"", "The platform's account, which ends the chain of payers. It is only read."),
];

/// A read of a table: the table's name, and the columns that must equal a given value (or, for `path`, lie in a given range).
type Access = (String, BTreeSet<String>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_call_path_stays_in_one_subtree_on_postgres() {
    let url = Backend::Postgres.new_database(&tempfile::tempdir().unwrap()).await;
    let control = FakeProxy::start().await;
    let mut shop = Shop::on(TestServer::start_at(url.clone(), |_| {}).await, 2).await;
    let deck = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n1,United States,0.0600,0,1,1\n";
    price(&shop.admin, &shop.distributor_id, deck, "COST", Some("BRL")).await;
    price(&shop.reseller, &shop.id, deck, "RETAIL", None).await;
    shop.open_register().await;
    let deposit = json!({ "cabinId": shop.cabins[0], "deposit": { "amount": "0.10" }, "idempotencyKey": unique("key") });
    shop.attendant.did("openCabin", "OpenCabinInput", deposit, "session { id }").await;
    let platform = app::accounts::ensure_platform(&shop.server.app).await.unwrap().id;
    // while the node under test works, no loop of another node sends statements or extends calls
    let config = shop.server.config().clone();
    let stopped = shop.server.pause().await;
    let (wire, through) = Wire::before(&url).await;
    let mut config = Config { database_url: through, ..config };
    config.hook.proxies = vec![proxy("test", control.address)];
    make_calls(
        &shop.phones.iter().map(|phone| phone.user.as_str()).collect::<Vec<_>>(),
        shop.attendant.token(),
        config,
        &wire,
    )
    .await;

    let database = Database::connect(&url).await.unwrap();
    let tx = database.begin().await.unwrap();
    let recorded = wire.statements();
    check(&tx, &recorded).await;
    check_platform(&recorded, platform);
    drop(tx);
    shop.server = stopped.start().await;
    shop.finish().await;
}

/// Makes a call that is extended and hung up, a call that is abandoned, an emergency call and a refused call, as the hook does.
async fn make_calls(phones: &[&str], token: &str, config: Config, wire: &Wire) {
    let config = Arc::new(config);
    let node = Node::new(Node::connect(&config).await.unwrap(), config, Clock::system()).await.unwrap();
    let (app, stop) = (node.app.clone(), CancellationToken::new());
    let (writer, writing) = CallWriter::start(app.clone(), stop.clone());
    let (actor, _) = login::authenticate(&app, token).await.unwrap();
    wire.record();
    assert!(emergency::known_phone(&app, phones[0], "callshop").await.is_ok());
    let online = json!({ "eid": unique("eid"), "kind": "online", "ts": micros(Utc::now()), "proxy": "test", "user": phones[0] });
    apply(&writer, &[online]).await;

    let allowed = authorize(&writer, phones[0], "+13055550123").await.unwrap();
    let answered = Utc::now() - TimeDelta::seconds(48);
    apply(
        &writer,
        &[event("ringing", &allowed, answered - TimeDelta::seconds(2), json!({ "to_tag": "tt" }))],
    )
    .await;
    apply(&writer, &[event("answered", &allowed, answered, json!({ "to_tag": "tt" }))]).await;
    // this is the timer's statement, which is not a part of the call path
    let due = store::calls::due(app.store.reader(), app.clock.now(), 256).await.unwrap();
    let extended = writer.extend(due).await.unwrap();
    assert_eq!(extended.len(), 1, "the call must be extended");
    let call = &extended[0].call;
    writer.confirm(call.id, call.covered, extended[0].next, None).await.unwrap();
    calls::hang_up(&app, &actor, call.id).await.unwrap();
    let end = event(
        "ended",
        &allowed,
        Utc::now(),
        json!({ "by": "api", "cause": "api", "answered_ts": micros(answered), "to_tag": "tt" }),
    );
    assert_eq!(apply(&writer, std::slice::from_ref(&end)).await, 1);
    let ends = vec![sip::event::parse(end.clone(), app.clock.now())];
    assert!(events::of_live_calls(&app, ends).await.unwrap().is_empty());
    assert_eq!(apply(&writer, &[end]).await, 0, "the event is a duplicate");

    let abandoned = authorize(&writer, phones[0], "+13055550124").await.unwrap();
    apply(&writer, &[event("abandoned", &abandoned, Utc::now(), json!({}))]).await;
    authorize(&writer, phones[0], "112").await.unwrap();
    assert_eq!(authorize(&writer, phones[1], "+13055550123").await, None, "the cabin is closed");
    stop.cancel();
    writing.await.unwrap();
}

/// Asks whether a phone may call. Returns the call's id, or `None` if the call is refused.
pub(super) async fn authorize(writer: &CallWriter, user: &str, number: &str) -> Option<Value> {
    let body = json!({ "request_id": unique("request"), "user": user, "dialed": number, "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
    let body: sip::event::AuthorizeBody = serde_json::from_value(body).unwrap();
    match writer.authorize(body.into_request().unwrap()).await.unwrap() {
        Authorization::Allowed { reference, .. } => Some(json!(reference)),
        Authorization::Refused(_) => None,
    }
}

/// Applies events. Returns the number of events that changed something.
pub(super) async fn apply(writer: &CallWriter, events: &[Value]) -> usize {
    let events = events.iter().map(|event| sip::event::parse(event.clone(), Utc::now())).collect();
    let results = writer.apply(events).await.unwrap();
    results.iter().filter(|result| matches!(result, EventResult::Applied)).count()
}

/// Checks the recorded statements. Each statement must look up keys of one subtree. The only exception is the timer's statement, which reads all
/// subtrees; the check must find it.
async fn check(tx: &DatabaseTransaction, recorded: &BTreeMap<String, wire::Statement>) {
    for setting in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"] {
        tx.execute_unprepared(&format!("SET LOCAL {setting} = off")).await.unwrap();
    }
    tx.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan").await.unwrap();
    let types = types(tx).await;
    let (mut crossing, mut planned) = (Vec::new(), 0);
    for (sql, statement) in recorded {
        let word = sql.split_whitespace().next().unwrap_or_default().to_uppercase();
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&word.as_str()) {
            continue;
        }
        planned += 1;
        let types: Vec<&str> = statement.types.iter().map(|oid| types[oid].as_str()).collect();
        let foreign: Vec<Access> =
            accesses(tx, sql, &types).await.into_iter().filter(|access| !is_own(access)).collect();
        if !foreign.is_empty() {
            crossing.push((foreign, sql));
        }
    }
    assert!(planned > 25, "only {planned} statements were recorded");
    let timer: Access = ("live_call".to_owned(), BTreeSet::new());
    let is_timer =
        |(found, sql): &&(Vec<Access>, &String)| *found == [timer.clone()] && sql.contains("extend_at");
    assert_eq!(
        crossing.iter().filter(is_timer).count(),
        1,
        "the check must find a statement that reads all subtrees"
    );
    crossing.retain(|crossed| !is_timer(&crossed));
    assert!(crossing.is_empty(), "these statements cross shards: {crossing:#?}");
}

fn is_own((table, columns): &Access) -> bool {
    let own = OWN.iter().find(|(name, _)| name == table);
    own.is_some_and(|(_, keys)| keys.iter().any(|key| columns.contains(*key)))
}

/// Checks that only the listed statements concern the platform's rows.
fn check_platform(recorded: &BTreeMap<String, wire::Statement>, platform: Uuid) {
    let concerns = |statement: &wire::Statement| {
        let mut runs = statement.parameters.iter();
        runs.any(|bytes| bytes.windows(16).any(|id| id == platform.as_bytes()))
    };
    let of_platform: Vec<&String> =
        recorded.iter().filter(|(_, statement)| concerns(statement)).map(|(sql, _)| sql).collect();
    let is_listed = |sql: &&&String| OF_PLATFORM.iter().any(|(part, _)| sql.contains(part));
    let unlisted: Vec<_> = of_platform.iter().filter(|sql| !is_listed(sql)).collect();
    assert!(unlisted.is_empty(), "these statements concern the platform's rows: {unlisted:#?}");
    for (part, reason) in OF_PLATFORM {
        assert!(
            of_platform.iter().any(|sql| sql.contains(part)),
            "no statement needs the entry {part:?}: {reason}"
        );
    }
}

/// The names of all types, by id.
async fn types(tx: &DatabaseTransaction) -> BTreeMap<u32, String> {
    let asked = "SELECT oid::bigint AS id, format_type(oid, NULL) AS name FROM pg_type";
    let rows = tx.query_all_raw(Statement::from_string(DbBackend::Postgres, asked)).await.unwrap();
    let named = |row: &sea_orm::QueryResult| {
        let id: i64 = row.try_get("", "id").unwrap();
        (u32::try_from(id).unwrap(), row.try_get("", "name").unwrap())
    };
    rows.iter().map(named).collect()
}

/// The tables that a statement reads.
async fn accesses(tx: &DatabaseTransaction, sql: &str, types: &[&str]) -> BTreeSet<Access> {
    let (named, values) = match types {
        [] => (String::new(), String::new()),
        types => (format!("({})", types.join(", ")), format!("({})", vec!["NULL"; types.len()].join(", "))),
    };
    tx.execute_unprepared(&format!("PREPARE recorded{named} AS {sql}")).await.unwrap();
    let asked = format!("EXPLAIN (COSTS OFF, FORMAT JSON) EXECUTE recorded{values}");
    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, asked)).await.unwrap().unwrap();
    tx.execute_unprepared("DEALLOCATE recorded").await.unwrap();
    let plan: Value = row.try_get_by_index(0).unwrap();
    let mut found = BTreeSet::new();
    walk(&plan, &mut found);
    found
}

fn walk(plan: &Value, found: &mut BTreeSet<Access>) {
    match plan {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(fields) => {
            let is_scan =
                fields.get("Node Type").and_then(Value::as_str).is_some_and(|node| node.contains("Scan"));
            if let (true, Some(table)) = (is_scan, fields.get("Relation Name").and_then(Value::as_str)) {
                let conditions = ["Index Cond", "Recheck Cond", "Filter"]
                    .iter()
                    .filter_map(|name| fields.get(*name)?.as_str());
                found.insert((base_of(table), conditions.flat_map(keys).collect()));
            }
            fields.values().for_each(|value| walk(value, found));
        }
        _ => {}
    }
}

/// The table to which a partition belongs.
fn base_of(table: &str) -> String {
    let is_month = |rest: &str| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_digit());
    match table.rsplit_once('_') {
        Some((base, rest)) if rest == "default" || is_month(rest) => {
            base.strip_suffix("_before").unwrap_or(base).to_owned()
        }
        _ => table.to_owned(),
    }
}

/// The columns that a condition of a plan compares with `=`, such as `id` in `((id = ANY ($1)) AND (seq > $2))`, and `path` if the condition names a
/// range of paths. The list is empty for a condition with alternatives (`OR`).
fn keys(condition: &str) -> Vec<String> {
    if condition.contains(" OR ") {
        return Vec::new();
    }
    let mut sides: Vec<&str> = condition.split(" = ").collect();
    sides.pop();
    let column = |side: &str| {
        let side = side.trim_end_matches("::text").trim_end_matches(')');
        let name = side.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next();
        name.unwrap_or_default().to_owned()
    };
    let is_range = ["path >= ", "path < "].iter().all(|bound| condition.contains(bound));
    sides.into_iter().map(column).chain(is_range.then(|| "path".to_owned())).collect()
}

#[test]
fn conditions_and_partitions_are_read() {
    assert_eq!(keys("((id = ANY ($1)) AND (seq > $2))"), ["id"]);
    assert_eq!(keys("(((request_id)::text = ANY ($1)) AND (call.state = $2))"), ["request_id", "state"]);
    assert_eq!(keys("((path >= $2) AND (path < $3))"), ["path"]);
    for unbound in ["(extend_at <= $1)", "(path >= $2)", "((id = $1) OR (kind = 'x'))"] {
        assert!(keys(unbound).is_empty(), "{unbound}");
    }
    let tables = ["call_202611", "call_before_202612", "activity_default", "live_call"];
    assert_eq!(tables.map(base_of), ["call", "call", "activity", "live_call"]);
}
