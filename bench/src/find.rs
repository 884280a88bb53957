//! Measures the filters of `calls` and `sessions` in one callshop with millions of calls: each filter alone, and each pair.
//!
//! The stored calls are copies of calls that the product made. The copies have their own times (spread over three years), sessions, customers,
//! numbers, and destinations. The filters are given frequent values and rare values, so that they are measured with many matches and with few.

use std::fmt::Write as _;

use entity::{cabin_session, call};
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::{Map, Value, json};
use tests::{Shop, TestServer};

use crate::database::Databases;
use crate::load::{Answer, Load};
use crate::report::Figures;
use crate::stored::{COPIED, copy, free};
use crate::{Backend, Result};

const CABINS: usize = 20;
/// Calls and sessions per transaction.
const CHUNK: u64 = 50_000;
/// The stored calls are spread over this many milliseconds before 2026-11-01.
const SPAN_MS: u64 = 3 * 365 * 86_400_000;
const END_MS: u64 = 1_793_491_200_000;
/// Number of different customer names; each name ends with a number.
const NAMES: u64 = 5_000;
/// Maximum time that a screen waits for a response (docs/performance.md).
const BAR_MS: f64 = 100.0;

/// Options of the measurement.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Plan {
    /// The database to measure.
    #[arg(long, value_enum)]
    database: Backend,
    /// Number of stored calls. A million calls take about 2 GB.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    calls: u64,
    /// Number of queries for each combination of filters.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    queries: u32,
}

/// `callshop-bench find`.
pub fn find(plan: &Plan) -> Result<()> {
    let databases = Databases::start(plan.database, 1, false)?;
    let url = databases.create("callshop")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shop = runtime.block_on(open(url));
    let conn = shop.server.app.store.reader().clone();
    eprintln!("storing {} calls", plan.calls);
    runtime.block_on(fill(&conn, plan.calls))?;
    let mut screen =
        Screen { load: Load::new(shop.server.http, 1)?, token: shop.attendant.token().to_owned() };
    screen.load.connect()?;
    println!(
        "filters of a callshop with {} calls, {:?}, {} queries each",
        plan.calls, plan.database, plan.queries
    );
    println!("| list | filters | p50 | p99 | refused |\n| --- | --- | --- | --- | --- |");
    let attendant =
        runtime.block_on(shop.attendant.ok("{ viewer { id } }", json!({})))["viewer"]["id"].take();
    let mut slow = 0;
    for (list, filters) in
        [("calls", call_filters(&shop, &attendant)), ("sessions", session_filters(&shop, &attendant))]
    {
        for pair in pairs(&filters) {
            slow += u32::from(!screen.measure(list, &shop.id, &pair, plan.queries)?);
        }
    }
    println!("\n{slow} combinations have a p99 above {BAR_MS} ms");
    runtime.block_on(shop.server.stop());
    if slow == 0 { Ok(()) } else { Err("some filters are too slow".into()) }
}

/// Creates a shop, and makes the calls that are copied later.
async fn open(url: String) -> Shop {
    let server = TestServer::start(tests::Backend::Sqlite, |config| {
        config.database_url = url;
        config.database_connections = api::config::Config::default().database_connections;
    });
    let shop = Shop::on(server.await, CABINS).await;
    shop.open_register().await;
    for cabin in 0..CABINS {
        shop.open_cabin(cabin).await;
        for _ in 0..COPIED as usize / CABINS {
            shop.call(cabin, "+13055550123", 90_000).await;
        }
    }
    shop
}

async fn fill(conn: &store::Reader, calls: u64) -> Result<()> {
    let sqlite = conn.get_database_backend() == DbBackend::Sqlite;
    let mut done = 0;
    while done < calls {
        let until = (done + CHUNK).min(calls);
        let tx = conn.begin().await?;
        for statement in statements(sqlite, done, until, SPAN_MS / calls) {
            tx.execute_unprepared(&statement).await?;
        }
        tx.commit().await?;
        done = until;
        eprint!("\r{done} of {calls}");
    }
    eprintln!("\nanalyzing");
    let analyze = if sqlite { "ANALYZE" } else { "VACUUM ANALYZE" };
    conn.execute_unprepared(analyze).await?;
    Ok(())
}

/// The SQL statements that store the calls with the numbers `from` (inclusive) to `until` (exclusive). The calls are `step` milliseconds apart.
fn statements(sqlite: bool, from: u64, until: u64, step: u64) -> Vec<String> {
    let start = END_MS - SPAN_MS;
    // the time in the id is also the time of the call
    let (numbers, id, time, number) = if sqlite {
        (
            format!(
                "WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {until})"
            ),
            format!("unhex(printf('%012x70008000%012x', {start} + n * {step}, n))"),
            format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', ({start} + n * {step}) / 1000.0, 'unixepoch')"),
            "printf('+551%09d', n * 7919 % 1000000000)",
        )
    } else {
        (
            format!("WITH numbers AS (SELECT generate_series({from}::bigint, {}) AS n)", until - 1),
            format!(
                "(lpad(to_hex({start} + n * {step}), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"
            ),
            format!("to_timestamp(({start} + n * {step}) / 1000.0)"),
            "'+551' || lpad((n * 7919 % 1000000000)::text, 9, '0')",
        )
    };
    let template = format!(
        "{numbers}, template AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place
           FROM (SELECT * FROM call WHERE state = 'ENDED' ORDER BY id DESC LIMIT {COPIED}) AS latest)"
    );
    // the copies use each cabin in turn
    let of = format!("FROM numbers JOIN template ON template.place = n % {COPIED}");
    let empty = if sqlite { "'[]'" } else { "'[]'::json" };
    let call = copy::<call::Entity>(&template, &of, |column| match column {
        "id" | "session_id" => id.clone(),
        "authorized_at" => time.clone(),
        "request_id" => "'stored ' || n".to_owned(),
        "number" | "dialed" => number.to_owned(),
        "destination" => "'Zone ' || (n % 40)".to_owned(),
        "state" => {
            "CASE WHEN n % 20 = 0 THEN 'REFUSED' WHEN n % 6 = 1 THEN 'FAILED' ELSE 'ENDED' END".to_owned()
        }
        "refusal" => {
            "CASE WHEN n % 20 = 0 THEN (CASE WHEN n % 2000 = 0 THEN 'SUSPENDED' ELSE 'NO_CREDIT' END) END"
                .to_owned()
        }
        "holds" => empty.to_owned(),
        "charge" => "0".to_owned(),
        "charges" => free(if sqlite { DbBackend::Sqlite } else { DbBackend::Postgres }),
        column => format!("template.\"{column}\""),
    });
    let sessions = format!("{of} JOIN cabin_session AS kept ON kept.id = template.session_id");
    let session = copy::<cabin_session::Entity>(&template, &sessions, |column| match column {
        "id" => id.clone(),
        "opened_at" => time.clone(),
        "customer" => format!("'Customer ' || (n % {NAMES})"),
        "state" => "CASE WHEN n % 50 = 0 THEN 'VOIDED' ELSE 'SETTLED' END".to_owned(),
        "receipt_number" => "CASE WHEN n % 50 = 0 THEN NULL ELSE n + 1000 END".to_owned(),
        column => format!("kept.\"{column}\""),
    });
    let word = |word: &str| {
        format!(
            "INSERT INTO search_word (kind, owner_id, word, object_id) {template} SELECT 'SESSION', template.callshop_id, {word}, {id} {of}"
        )
    };
    vec![session, call, word("'customer'"), word(&format!("'' || (n % {NAMES})"))]
}

/// A filter, with values that match many rows and values that match few rows.
struct Filter {
    name: &'static str,
    values: Vec<Value>,
}

fn call_filters(shop: &Shop, attendant: &Value) -> Vec<Filter> {
    vec![
        times("authorizedAt"),
        Filter {
            name: "number",
            values: vec![
                json!("+551"),
                json!("+5510"),
                json!("+55100007919"),
                json!("+551000007919"),
                json!("+4912"),
            ],
        },
        Filter { name: "destination", values: vec![json!("Zone 7"), json!("Zone 39"), json!("Nowhere")] },
        Filter {
            name: "states",
            values: vec![
                json!(["ENDED"]),
                json!(["REFUSED"]),
                json!(["FAILED"]),
                json!(["RINGING", "ANSWERED"]),
            ],
        },
        Filter { name: "cabinId", values: vec![json!(shop.cabins[0]), json!(shop.cabins[CABINS - 1])] },
        Filter { name: "attendantId", values: vec![attendant.clone()] },
        Filter { name: "refusal", values: vec![json!("NO_CREDIT"), json!("SUSPENDED")] },
    ]
}

fn session_filters(shop: &Shop, attendant: &Value) -> Vec<Filter> {
    vec![
        times("openedAt"),
        Filter {
            name: "customer",
            values: vec![json!("customer 42"), json!("cust"), json!("4999"), json!("nobody")],
        },
        Filter { name: "receiptNumber", values: vec![json!("1001"), json!("99999999")] },
        Filter { name: "states", values: vec![json!(["SETTLED"]), json!(["VOIDED"]), json!(["OPEN"])] },
        Filter { name: "cabinId", values: vec![json!(shop.cabins[0]), json!(shop.cabins[CABINS - 1])] },
        Filter { name: "attendantId", values: vec![attendant.clone()] },
    ]
}

/// A day, a month, and a day without calls.
fn times(name: &'static str) -> Filter {
    let range = |from: &str, to: &str| json!({ "from": from, "to": to });
    let values = vec![
        range("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"),
        range("2025-06-01T00:00:00Z", "2025-07-01T00:00:00Z"),
        range("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"),
    ];
    Filter { name, values }
}

/// Each filter alone, and each pair of filters.
fn pairs(filters: &[Filter]) -> Vec<Vec<&Filter>> {
    let alone = filters.iter().map(|filter| vec![filter]);
    let pairs = (0..filters.len()).flat_map(|left| (left + 1..filters.len()).map(move |right| (left, right)));
    alone.chain(pairs.map(|(left, right)| vec![&filters[left], &filters[right]])).collect()
}

/// A screen that shows the first page of a list.
struct Screen {
    load: Load,
    token: String,
}

impl Screen {
    /// Measures one combination of filters, cycling through the values of each filter. Returns whether the combination is fast enough.
    fn measure(&mut self, list: &str, shop: &str, filters: &[&Filter], queries: u32) -> Result<bool> {
        let requests: Vec<Vec<u8>> =
            (0..queries as usize).map(|turn| self.request(list, shop, filters, turn)).collect();
        // read the index pages once, because a database in use has already read them
        let some = requests.iter().take(12).cloned().collect();
        self.load.send(some)?;
        let (answers, took) = self.load.send(requests)?;
        let refused = answers
            .iter()
            .map(refused)
            .collect::<Result<Vec<bool>>>()?
            .into_iter()
            .filter(|refused| *refused)
            .count();
        let figures = Figures::new(answers.iter().map(|answer| answer.took).collect(), took);
        let mut names = String::new();
        for filter in filters {
            write!(names, "{}{}", if names.is_empty() { "" } else { " + " }, filter.name)?;
        }
        let [p50, p99] = [figures.p50, figures.p99].map(|time| time.as_secs_f64() * 1_000.0);
        println!("| {list} | {names} | {p50:.1} ms | {p99:.1} ms | {refused} of {queries} |");
        Ok(p99 <= BAR_MS)
    }

    fn request(&self, list: &str, shop: &str, filters: &[&Filter], turn: usize) -> Vec<u8> {
        let mut step = turn;
        let mut filter = Map::new();
        for one in filters {
            filter.insert(one.name.to_owned(), one.values[step % one.values.len()].clone());
            step /= one.values.len();
        }
        let (kind, node) = if list == "calls" {
            ("CallFilter", "id number destination state cost { amount }")
        } else {
            ("SessionFilter", "id customer state receiptNumber total { amount }")
        };
        let query = format!(
            "query Find($shop: ID!, $filter: {kind}) {{ {list}(callshopId: $shop, first: 20, filter: $filter) {{ nodes {{ {node} }} pageInfo {{ hasNextPage }} }} }}"
        );
        let body = json!({ "query": query, "variables": { "shop": shop, "filter": filter } }).to_string();
        let (token, length) = (&self.token, body.len());
        format!(
            "POST /graphql HTTP/1.1\r\nHost: callshop\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// Whether the server refused the query because the search was too broad. Any other error ends the run.
fn refused(answer: &Answer) -> Result<bool> {
    let body = answer.json()?;
    match body["errors"][0]["extensions"]["code"].as_str() {
        None => Ok(false),
        Some("SEARCH_TOO_BROAD") => Ok(true),
        Some(_) => Err(format!("not a list: {body}").into()),
    }
}
