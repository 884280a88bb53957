//! Keeps PostgreSQL's statistics current, because cached query plans depend on the statistics. If a plan is made while a month's partition is nearly
//! empty, the plan scans the whole partition. Autovacuum may take a minute to notice the new rows. In a minute, a busy node inserts a hundred
//! thousand rows.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use base::error::{Error, Result};

/// For a table with at most this many rows, any plan is fast enough. (When this number was 500, a table of 2,000 open sessions got no statistics,
/// and each batch of attempts read the whole table.)
const FEW: i32 = 100;
/// A table is analyzed when it has more than four times as many rows as PostgreSQL has recorded. Every ANALYZE discards cached plans on all
/// connections. Therefore, ANALYZE must be rare, even while tables are small and grow fast.
const GROWN: i32 = 4;
/// Maximum number of tables analyzed in one run.
const AT_ONCE: usize = 8;

/// Tables with more than [`GROWN`] times as many rows as PostgreSQL's planner assumes.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn outgrown(conn: &impl ConnectionTrait) -> Result<Vec<String>> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(Vec::new());
    }
    let asked = format!(
        "SELECT quote_ident(t.relname) AS name FROM pg_stat_user_tables t JOIN pg_class c ON c.oid = t.relid
         WHERE t.schemaname = current_schema() AND t.n_live_tup > {GROWN} * GREATEST(c.reltuples, {FEW})
         ORDER BY t.n_live_tup LIMIT {AT_ONCE}"
    );
    let rows = conn.query_all_raw(Statement::from_string(DbBackend::Postgres, asked)).await?;
    rows.iter().map(|row| row.try_get("", "name").map_err(Error::from)).collect()
}

/// Runs ANALYZE on a table; PostgreSQL then replans statements that use it. Skips a table that is locked, for example by another ANALYZE.
pub async fn analyze(conn: &impl ConnectionTrait, table: &str) -> Result<()> {
    conn.execute_unprepared(&format!("ANALYZE (SKIP_LOCKED) {table}")).await?;
    Ok(())
}
