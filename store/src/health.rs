//! What probes and `callshop check-config` ask the database.

use billing::money::Micros;
use futures_util::future::{Either, FutureExt as _, select};
use migration::MigratorTrait as _;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Store;
use base::error::{Error, Result};

/// How far the tables are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// Changes that this program knows and the database has not had. Those of a newer program, which may run beside this one
    /// during an upgrade, are none of them.
    pub pending: usize,
    /// Changes that this program knows.
    pub known: usize,
}

impl Store {
    /// How far the tables are, in one cheap question, answered by whichever pool is faster: one that is taken up by long reports, or by
    /// writing, does not make a database look away.
    ///
    /// # Errors
    /// Those of the database; also when nothing was ever migrated.
    pub async fn migrations(&self) -> Result<Migrations> {
        let (reading, writing) = (migrations(&self.reader).boxed(), migrations(&self.writer).boxed());
        match select(reading, writing).await {
            Either::Left((Err(_), other)) | Either::Right((Err(_), other)) => other.await,
            Either::Left((done, _)) | Either::Right((done, _)) => done,
        }
    }
}

/// How far the tables are, in one cheap question.
///
/// # Errors
/// Those of the database; also when nothing was ever migrated.
pub async fn migrations(conn: &impl ConnectionTrait) -> Result<Migrations> {
    let backend = conn.get_database_backend();
    let rows =
        conn.query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations")).await?;
    let names: Vec<String> =
        rows.iter().map(|row| row.try_get::<String>("", "version")).collect::<std::result::Result<_, _>>()?;
    let known = migration::Migrator::migrations();
    let pending = known.iter().filter(|one| !names.iter().any(|name| name == one.name())).count();
    Ok(Migrations { pending, known: known.len() })
}

/// What is in progress in the whole database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InProgress {
    /// Live calls by state.
    pub live: Vec<(String, i64)>,
    /// Holds by currency.
    pub held: Vec<Held>,
    /// Accounts by currency whose balance and limit together are below what they want to be told of. What is held does not count.
    pub low: Vec<(String, i64)>,
}

/// Holds of one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// ISO 4217 code.
    pub currency: String,
    /// What is held, at every level.
    pub sum: Micros,
    /// Balances of which something is held.
    pub balances: i64,
}

/// All at once: live calls have a table of their own, balances are as many as accounts.
const IN_PROGRESS: &str = "SELECT 'call' AS what, call.state AS name, COUNT(*) AS number, CAST(0 AS BIGINT) AS amount FROM live_call \
     JOIN call ON call.id = live_call.call_id GROUP BY call.state \
     UNION ALL SELECT 'held', account.currency, COUNT(*), CAST(SUM(ledger_balance.held) AS BIGINT) FROM ledger_balance \
     JOIN account ON account.id = ledger_balance.account_id WHERE ledger_balance.held <> 0 GROUP BY account.currency \
     UNION ALL SELECT 'low', account.currency, COUNT(*), CAST(0 AS BIGINT) FROM ledger_balance \
     JOIN account ON account.id = ledger_balance.account_id WHERE ledger_balance.book = 'CREDIT' \
     AND ledger_balance.balance + account.credit_limit < account.low_credit GROUP BY account.currency";

impl Store {
    /// What is in progress, in one cheap question.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn in_progress(&self) -> Result<InProgress> {
        let rows = self.reader.query_all_raw(Statement::from_string(self.backend(), IN_PROGRESS)).await?;
        let mut found = InProgress::default();
        for row in rows {
            let (what, name): (String, String) = (row.try_get("", "what")?, row.try_get("", "name")?);
            let (number, amount): (i64, i64) = (row.try_get("", "number")?, row.try_get("", "amount")?);
            match what.as_str() {
                "call" => found.live.push((name, number)),
                "low" => found.low.push((name, number)),
                _ => found.held.push(Held { currency: name, sum: Micros(amount), balances: number }),
            }
        }
        Ok(found)
    }

    /// How the pools stand.
    pub fn pools(&self) -> [Pool; 2] {
        [("reader", self.reader.pool()), ("writer", &self.writer)].map(|(name, pool)| {
            let (open, idle, most) = match self.backend() {
                DbBackend::Sqlite => {
                    let pool = pool.get_sqlite_connection_pool();
                    (pool.size(), pool.num_idle(), pool.options().get_max_connections())
                }
                _ => {
                    let pool = pool.get_postgres_connection_pool();
                    (pool.size(), pool.num_idle(), pool.options().get_max_connections())
                }
            };
            Pool { name, open, idle, most }
        })
    }
}

/// Connections to the database that are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// `reader` or `writer`.
    pub name: &'static str,
    /// Connections that it has just now: it opens them as they are needed, and closes those that were idle for long.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Connections that it has at most.
    pub most: u32,
}

/// What a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerState {
    /// Its name and version.
    pub version: String,
    /// Its time, in microseconds since 1970.
    pub micros: i64,
    /// Connections that it gives out to programs at most; none on SQLite.
    pub connections: Option<u32>,
}

const POSTGRES: &str = "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, \
     CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS micros, \
     CAST(current_setting('max_connections') AS BIGINT) \
     - CAST(current_setting('superuser_reserved_connections') AS BIGINT) AS connections";
const SQLITE: &str = "SELECT 'SQLite ' || sqlite_version() AS version, \
     CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) AS micros, 0 AS connections";

impl Store {
    /// What the database is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn server(&self) -> Result<ServerState> {
        let postgres = self.backend() == DbBackend::Postgres;
        let sql = if postgres { POSTGRES } else { SQLITE };
        let row = self.reader.query_one_raw(Statement::from_string(self.backend(), sql)).await?;
        let row = row.ok_or_else(|| Error::fault("a database that says nothing of itself"))?;
        let connections: i64 = row.try_get("", "connections")?;
        Ok(ServerState {
            version: row.try_get("", "version")?,
            micros: row.try_get("", "micros")?,
            connections: u32::try_from(connections).ok().filter(|_| postgres),
        })
    }
}
