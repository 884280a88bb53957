//! What PostgreSQL knows of how much is stored. Its plans go by that, and are kept: one made while a month's partition was all but empty reads
//! it from end to end. Its own autovacuum looks a minute later, by when a busy node has put a hundred thousand rows into it.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use base::error::{Error, Result};

/// Rows up to which a plan does not matter.
const FEW: i32 = 500;
/// A table has outgrown its plans with so many times the rows: each look costs every connection its plans, which are many while tables are small.
const GROWN: i32 = 4;
/// Tables that are looked at in one go.
const AT_ONCE: usize = 8;

/// Tables that have several times the rows that PostgreSQL takes them to have.
///
/// # Errors
/// Those of the database, as for every function here.
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

/// Has PostgreSQL look at a table; plans that it is in are made anew. One that somebody is just looking at, or changing, is left alone.
pub async fn analyze(conn: &impl ConnectionTrait, table: &str) -> Result<()> {
    conn.execute_unprepared(&format!("ANALYZE (SKIP_LOCKED) {table}")).await?;
    Ok(())
}
