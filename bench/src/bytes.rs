//! Measures the storage of a call: each call goes through the hook with all its events (authorization, ringing, answer, end) and leaves all its rows.
//!
//! The size of a relation is the number of bytes by which its files grow per call. On PostgreSQL, dead row versions make the files larger; the column
//! "packed" leaves them out. The write-ahead log is measured too.

use std::collections::BTreeMap;

use clap::Args;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use crate::run::Bench;
use crate::{Backend, Plan, Result};

/// Number of calls that are made before the measurement, so that the first pages of tables and indexes do not count.
const WARM_UP: u32 = 400;
/// Number of live calls. A wave of calls is authorized, then rings, then is answered, then ends.
const AT_ONCE: u32 = 200;
/// The tables whose rows are, by default, deleted 90 days after the call. The rows of all other tables are kept longer.
const TRIMMED: [&str; 2] = ["activity", "hook_event"];
/// Relations that grow by fewer bytes than this per call are left out of the report.
const LEAST: i64 = 1;

/// What to measure.
#[derive(Args, Clone, Copy, Debug)]
pub struct Options {
    /// The database to measure.
    #[arg(long, value_enum)]
    database: Backend,
    /// Number of callshops across which the calls are spread.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    shops: u32,
    /// Number of calls.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(50..=1_000_000))]
    calls: u32,
}

/// `callshop-bench bytes`.
pub fn bytes(options: &Options) -> Result<()> {
    let Options { database, shops, calls } = *options;
    let plan = Plan { database, shops, connections: 16, calls: AT_ONCE, rounds: 1, statements: false };
    let mut bench = Bench::start(&plan)?;
    bench.whole_calls(WARM_UP)?;
    let before = Sizes::read(&bench)?;
    bench.whole_calls(calls)?;
    let after = Sizes::read(&bench)?;
    let backend = if database == Backend::Sqlite { "SQLite" } else { "PostgreSQL" };
    println!("bytes per call: {backend}, {calls} calls on {shops} callshops\n");
    after.print(&before, i64::from(calls));
    bench.finish()
}

/// Sizes of one table in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    heap: i64,
    indexes: i64,
    toast: i64,
    /// Size of the table and its indexes without free space and dead rows; 0 on SQLite.
    packed: i64,
}

impl Size {
    fn total(self) -> i64 {
        self.heap + self.indexes + self.toast
    }

    fn less(self, other: Self) -> Self {
        Self {
            heap: self.heap - other.heap,
            indexes: self.indexes - other.indexes,
            toast: self.toast - other.toast,
            packed: self.packed - other.packed,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            heap: self.heap + other.heap,
            indexes: self.indexes + other.indexes,
            toast: self.toast + other.toast,
            packed: self.packed + other.packed,
        }
    }

    fn line(self, name: &str, calls: i64) -> String {
        let [heap, indexes, toast, total, packed] =
            [self.heap, self.indexes, self.toast, self.total(), self.packed].map(|bytes| bytes / calls);
        format!("| {name} | {heap} | {indexes} | {toast} | {total} | {packed} |")
    }
}

/// A row that the queries below return.
#[derive(FromQueryResult)]
struct Relation {
    name: String,
    heap: i64,
    indexes: i64,
    toast: i64,
}

/// Sizes of all tables, and the position in the write-ahead log.
struct Sizes {
    tables: BTreeMap<String, Size>,
    /// Bytes of the write-ahead log so far; `None` on SQLite.
    log: Option<i64>,
    /// Like `log`, but read before the tables were packed, because packing writes to the log as well.
    log_until_packed: Option<i64>,
}

impl Sizes {
    fn read(bench: &Bench) -> Result<Self> {
        let conn = bench.server.app.store.reader().clone();
        bench.runtime.block_on(read(&conn))
    }

    fn print(&self, before: &Self, calls: i64) {
        println!(
            "| table | heap | indexes | TOAST | total | packed |\n| --- | --- | --- | --- | --- | --- |"
        );
        let (mut kept, mut trimmed) = (Size::default(), Size::default());
        for (name, size) in &self.tables {
            let grown = size.less(before.tables.get(name).copied().unwrap_or_default());
            let sum = if TRIMMED.contains(&name.as_str()) { &mut trimmed } else { &mut kept };
            *sum = sum.plus(grown);
            // the rows of a few calls may fit into free space; then only the packed size grows, not the table's file
            if grown.total().max(grown.packed) / calls >= LEAST {
                println!("{}", grown.line(name, calls));
            }
        }
        println!("{}", kept.line("kept longer than 90 days", calls));
        println!("{}", trimmed.line("deleted after 90 days", calls));
        println!("{}", kept.plus(trimmed).line("all", calls));
        if let (Some(after), Some(before)) = (self.log_until_packed, before.log) {
            println!("\nwrite-ahead log: {} bytes per call", (after - before) / calls);
        }
    }
}

async fn read(conn: &store::Reader) -> Result<Sizes> {
    let backend = conn.get_database_backend();
    if backend == DbBackend::Sqlite {
        let tables = relations(conn, ON_SQLITE).await?;
        return Ok(Sizes { tables, log: None, log_until_packed: None });
    }
    let log_until_packed = Some(log(conn).await?);
    let mut tables = relations(conn, ON_POSTGRES).await?;
    conn.execute_unprepared("VACUUM FULL").await?;
    for (name, packed) in relations(conn, ON_POSTGRES).await? {
        tables.entry(name).or_default().packed = packed.total();
    }
    Ok(Sizes { tables, log: Some(log(conn).await?), log_until_packed })
}

/// In SQLite's file, each index is a B-tree of its own. `dbstat` counts the pages of each B-tree.
const ON_SQLITE: &str = "SELECT m.tbl_name AS name,
        CAST(SUM(CASE WHEN m.type = 'table' THEN s.pgsize ELSE 0 END) AS INTEGER) AS heap,
        CAST(SUM(CASE WHEN m.type = 'index' THEN s.pgsize ELSE 0 END) AS INTEGER) AS indexes, 0 AS toast
    FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name";
/// The partitions of a table count together.
const ON_POSTGRES: &str = "SELECT COALESCE(p.relname, c.relname)::text AS name, SUM(pg_relation_size(c.oid))::bigint AS heap,
        SUM(pg_indexes_size(c.oid))::bigint AS indexes,
        SUM(CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_total_relation_size(c.reltoastrelid) END)::bigint AS toast
    FROM pg_class c LEFT JOIN pg_class p ON p.oid = pg_partition_root(c.oid)
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1";

async fn relations(conn: &store::Reader, sql: &str) -> Result<BTreeMap<String, Size>> {
    let query = Statement::from_string(conn.get_database_backend(), sql);
    let rows = Relation::find_by_statement(query).all(conn).await?;
    let size = |row: Relation| {
        (row.name, Size { heap: row.heap, indexes: row.indexes, toast: row.toast, packed: 0 })
    };
    Ok(rows.into_iter().map(size).collect())
}

/// Bytes written to the write-ahead log since the server was installed.
async fn log(conn: &store::Reader) -> Result<i64> {
    let sql = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS bytes";
    let row = conn.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.ok_or("PostgreSQL has a write-ahead log")?.try_get("", "bytes")?)
}
