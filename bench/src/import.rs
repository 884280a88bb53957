//! Measures the import of a rate deck from the command line while a server authorizes calls. The peer is the simplest way to store the same rows:
//! `COPY` on PostgreSQL, and batched inserts on SQLite. Also measures the import's memory, and the latency of authorizations during the import.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use api::cli::Cli;
use app::auth::Actor;
use app::tariffs::{self, NewTariff};
use billing::money::Rounding;
use chrono::Utc;
use clap::Parser as _;
use graphql::scalars::Kind;
use serde_json::json;
use tests::TestServer;
use uuid::Uuid;

use crate::database::{Databases, Postgres, run};
use crate::load::Load;
use crate::{Backend, Result, seed};

/// Number of phones. Each phone makes one attempt.
const PHONES: u32 = 2_000;
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(5);
/// Number of rows in each batch of the SQLite peer.
const BATCH: usize = 2_000;
/// Highest acceptable latency of an authorization, in milliseconds.
const WAIT_BAR: f64 = 50.0;
/// Highest acceptable memory of the import, in MiB.
const MEMORY_BAR: u64 = 150;

/// Options of the measurement.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Plan {
    /// The database to measure.
    #[arg(long, value_enum)]
    database: Backend,
    /// Number of rates.
    #[arg(long, default_value_t = 250_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    rows: u32,
    /// Number of turns that the import and the peer each take. The reported ratio is the median of the turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
}

/// One import.
struct Turn {
    took: Duration,
    /// Highest memory of the process, in KiB.
    memory: u64,
    waits: Vec<Duration>,
}

/// `callshop-bench import`.
pub fn import(plan: &Plan) -> Result<()> {
    let databases = Databases::start(plan.database, 1, false)?;
    let (url, peer_url) = (databases.create("callshop")?, databases.create("peer")?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let at = url.clone();
    let server = runtime.block_on(TestServer::start(tests::Backend::Sqlite, |config| {
        config.database_url = at;
        config.database_connections = api::config::Config::default().database_connections;
    }));
    let users = runtime.block_on(seed::open_shops(&server.app, 8, PHONES, false))?;
    let tariff = runtime.block_on(new_tariff(&server))?;
    let dir = tempfile::tempdir()?;
    let deck = dir.path().join("deck.csv");
    std::fs::write(&deck, deck_of(plan.rows)?)?;
    let rows = dir.path().join("rows.tsv");
    std::fs::write(&rows, rows_of(plan.rows)?)?;
    let (mut ratios, mut memory, mut waits) = (Vec::new(), 0, Vec::new());
    println!("import of {} rates, {:?}\n\nround   import     peer  ratio", plan.rows, plan.database);
    let share = users.len() / plan.rounds as usize;
    for (round, users) in (1..=plan.rounds).zip(users.chunks(share.max(1))) {
        let ours = turn(&server, users, (&url, &tariff, &deck))?;
        let peer = peer(&databases, &peer_url, &rows)?;
        let ratio = ours.took.as_secs_f64() / peer.as_secs_f64();
        println!("{round:>5} {:>7.2}s {:>7.2}s {ratio:>6.2}", ours.took.as_secs_f64(), peer.as_secs_f64());
        ratios.push(ratio);
        memory = memory.max(ours.memory);
        waits.extend(ours.waits);
    }
    runtime.block_on(server.stop());
    report(plan, ratios, memory, waits)
}

fn report(plan: &Plan, mut ratios: Vec<f64>, memory: u64, mut waits: Vec<Duration>) -> Result<()> {
    ratios.sort_by(f64::total_cmp);
    waits.sort_unstable();
    let ratio = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
    let bar = if plan.database == Backend::Sqlite { 1.5 } else { 2.0 };
    let longest = waits.last().copied().unwrap_or_default().as_secs_f64() * 1_000.0;
    let usual = waits.get(waits.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1_000.0;
    let met = |is_met: bool| if is_met { "met" } else { "MISSED" };
    println!("\nratio of times, median of the rounds: {ratio:.2}x (bar: {bar:.1}x: {})", met(ratio <= bar));
    println!(
        "memory of the import: {} MiB (bar: {MEMORY_BAR} MiB: {})",
        memory >> 10,
        met(memory >> 10 <= MEMORY_BAR)
    );
    println!(
        "authorizations meanwhile: {}, p50 {usual:.1} ms, longest {longest:.1} ms (bar: {WAIT_BAR} ms: {})",
        waits.len(),
        met(longest <= WAIT_BAR)
    );
    Ok(())
}

async fn new_tariff(server: &TestServer) -> Result<String> {
    let platform = app::accounts::ensure_platform(&server.app).await?;
    let new = NewTariff {
        account_id: None,
        name: "Deck".to_owned(),
        currency: None,
        rounding: Rounding::default(),
        time_zone: None,
        bands: Vec::new(),
        holidays: Vec::new(),
    };
    let tariff = tariffs::create(&server.app, &Actor::operator(&platform), new).await?;
    Ok(Kind::Tariff.id(tariff.id).to_string())
}

/// The prefix, destination and price of a row.
fn row(number: u32) -> (u32, String, String) {
    let price = format!("0.{:06}", number * 7 % 1_000_000);
    (1_000_000 + number, format!("Country {} - Mobile {number}", number / 500), price)
}

fn deck_of(rows: u32) -> Result<String> {
    let mut deck =
        "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n".to_owned();
    for number in 0..rows {
        let (prefix, destination, price) = row(number);
        writeln!(deck, "{prefix},{destination},{price},0,60,60")?;
    }
    Ok(deck)
}

/// The rows of the table, tab-separated, without the version.
fn rows_of(rows: u32) -> Result<String> {
    let mut text = String::new();
    for number in 0..rows {
        let (prefix, destination, _) = row(number);
        writeln!(text, "{prefix}\t{destination}\t{}\t0\t60\t60\t0\t0\t{{}}", number * 7 % 1_000_000)?;
    }
    Ok(text)
}

/// Runs the command line while calls are authorized.
fn turn(server: &TestServer, users: &[String], (url, tariff, deck): (&str, &str, &Path)) -> Result<Turn> {
    let mut load = Load::new(server.hook, 1)?;
    let users = users.to_vec();
    let done = Arc::new(AtomicBool::new(false));
    let ended = done.clone();
    let attempts = std::thread::spawn(move || -> Result<Vec<Duration>> {
        load.connect()?;
        let mut waits = Vec::new();
        for user in users {
            if ended.load(Ordering::Relaxed) {
                break;
            }
            let request = load.request("authorize", &attempt(&user, "+351912345678"));
            let (answers, _) = load.send(vec![request])?;
            for answer in &answers {
                if answer.json()?["allow"] != json!(true) {
                    return Err(format!("an attempt was refused: {}", answer.json()?).into());
                }
                waits.push(answer.took);
            }
            std::thread::sleep(PAUSE);
        }
        Ok(waits)
    });
    let measured = command(url, tariff, deck);
    done.store(true, Ordering::Relaxed);
    let waits = attempts.join().map_err(|_| "the attempts failed")??;
    let (took, memory) = measured?;
    Ok(Turn { took, memory, waits })
}

/// The body of an authorization.
pub fn attempt(user: &str, dialed: &str) -> serde_json::Value {
    json!({ "request_id": Uuid::new_v4(), "user": user, "dialed": dialed, "src": "198.51.100.7:5060",
        "ts": Utc::now().timestamp_micros().to_string(), "proxy": "bench", "call_id": Uuid::new_v4().simple().to_string(),
        "from_tag": Uuid::new_v4().simple().to_string() })
}

/// Imports the deck in a separate process. Returns the time and the process's highest memory in KiB.
fn command(url: &str, tariff: &str, deck: &Path) -> Result<(Duration, u64)> {
    let begun = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["callshop", "tariff", "import", "--json", "--database", url, "--tariff", tariff])
        .arg(deck)
        .env("CALLSHOP_HOOK__SECRETS", "[\"a secret that nobody uses in this run\"]")
        .stdout(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let ended = loop {
        memory = memory.max(highest(&status));
        match child.try_wait()? {
            Some(ended) => break ended,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    if ended.success() { Ok((begun.elapsed(), memory)) } else { Err("the import failed".into()) }
}

fn highest(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or_default()
}

/// Runs callshop's command line in this process.
pub fn callshop(arguments: &[String]) -> Result<()> {
    let arguments = std::iter::once("callshop".to_owned()).chain(arguments.iter().cloned());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(api::cli::run(Cli::parse_from(arguments))).map(|_| ())
}

/// Stores the rows in the simplest way. Returns the time.
fn peer(databases: &Databases, url: &str, rows: &Path) -> Result<Duration> {
    match databases {
        Databases::Postgres(server) => copied(server, rows),
        Databases::Sqlite(_) => inserted(url.trim_start_matches("sqlite:"), rows),
    }
}

const COLUMNS: &str = "prefix TEXT NOT NULL, destination TEXT NOT NULL, price_per_minute BIGINT NOT NULL, connection_fee BIGINT NOT NULL, \
    initial_increment INTEGER NOT NULL, increment INTEGER NOT NULL, minimum_charge BIGINT NOT NULL, free_seconds INTEGER NOT NULL";

fn copied(server: &Postgres, rows: &Path) -> Result<Duration> {
    let psql = |sql: &str| {
        let mut command = server.client("psql");
        command.args(["-d", "peer", "-v", "ON_ERROR_STOP=1", "-q", "-c", sql]);
        run(&mut command)
    };
    let table = format!(
        "CREATE TABLE IF NOT EXISTS rate (version_id UUID NOT NULL, {COLUMNS}, band_prices JSONB NOT NULL, PRIMARY KEY (version_id, prefix))"
    );
    psql(&table.replace("prefix TEXT", "prefix TEXT COLLATE \"C\""))?;
    let id = Uuid::now_v7();
    psql(&format!("ALTER TABLE rate ALTER version_id SET DEFAULT '{id}'"))?;
    let columns = "prefix, destination, price_per_minute, connection_fee, initial_increment, increment, minimum_charge, free_seconds, band_prices";
    let begun = Instant::now();
    psql(&format!("\\copy rate ({columns}) FROM '{}'", rows.display()))?;
    Ok(begun.elapsed())
}

fn inserted(file: &str, rows: &Path) -> Result<Duration> {
    let mut database = rusqlite::Connection::open(file)?;
    let table = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS rate (version_id BLOB NOT NULL, {}, \
         band_prices TEXT NOT NULL, PRIMARY KEY (version_id, prefix)) STRICT",
        COLUMNS.replace("BIGINT", "INTEGER")
    );
    database.execute_batch(&table)?;
    let id = Uuid::now_v7();
    let begun = Instant::now();
    let text = std::fs::read_to_string(rows)?;
    let lines: Vec<&str> = text.lines().collect();
    for batch in lines.chunks(BATCH) {
        let tx = database.transaction()?;
        {
            let mut insert = tx.prepare_cached("INSERT INTO rate VALUES (?,?,?,?,?,?,?,?,?,?)")?;
            for line in batch {
                insert.raw_bind_parameter(1, id.as_bytes().as_slice())?;
                for (index, cell) in (2..).zip(line.split('\t')) {
                    match cell.parse::<i64>() {
                        Ok(number) if index > 3 => insert.raw_bind_parameter(index, number)?,
                        _ => insert.raw_bind_parameter(index, cell)?,
                    }
                }
                insert.raw_execute()?;
            }
        }
        tx.commit()?;
    }
    Ok(begun.elapsed())
}
