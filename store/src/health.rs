//! Database queries for health probes, metrics and `callshop check-config`.

use billing::money::Micros;
use futures_util::future::{Either, FutureExt as _, select};
use migration::MigratorTrait as _;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Store;
use base::error::{Error, Result};

/// The state of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// Number of this program's migrations that the database lacks. Migrations of a newer release do not count. During an upgrade, nodes of a newer
    /// release may run on the same database.
    pub pending: usize,
    /// Number of all migrations of this program.
    pub known: usize,
    /// The reason why the database cannot be migrated, and the remedy.
    pub refusal: Option<&'static str>,
}

impl Store {
    /// The state of the database's migrations. A cheap query runs on both connection pools at the same time, and the first result counts. A pool that
    /// is busy with long reports or writes therefore does not make the database look unavailable.
    ///
    /// # Errors
    /// Fails with a database error, for example if the database was never migrated.
    pub async fn migrations(&self) -> Result<Migrations> {
        let (reading, writing) = (migrations(&self.reader).boxed(), migrations(&self.writer).boxed());
        match select(reading, writing).await {
            Either::Left((Err(_), other)) | Either::Right((Err(_), other)) => other.await,
            Either::Left((done, _)) | Either::Right((done, _)) => done,
        }
    }
}

/// Reads the state of the database's migrations with one cheap query.
///
/// # Errors
/// Fails with a database error, for example if the database was never migrated.
pub async fn migrations(conn: &impl ConnectionTrait) -> Result<Migrations> {
    let backend = conn.get_database_backend();
    let rows =
        conn.query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations")).await?;
    let names: Vec<String> =
        rows.iter().map(|row| row.try_get::<String>("", "version")).collect::<std::result::Result<_, _>>()?;
    let known = migration::Migrator::migrations();
    let pending = known.iter().filter(|one| !names.iter().any(|name| name == one.name())).count();
    Ok(Migrations { pending, known: known.len(), refusal: migration::refusal(&names) })
}

/// Live calls, held amounts and accounts with low credit in the whole database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InProgress {
    /// Live calls by state.
    pub live: Vec<(String, i64)>,
    /// Holds by currency.
    pub held: Vec<Held>,
    /// For each currency, the number of accounts whose balance plus credit limit is below the account's low-credit threshold. Amounts held by live
    /// calls are not subtracted.
    pub low: Vec<(String, i64)>,
}

/// Holds of one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// ISO 4217 code.
    pub currency: String,
    /// Sum of the amounts that live calls hold at all levels.
    pub sum: Micros,
    /// Number of balances that are partly held by live calls.
    pub balances: i64,
}

/// Reads [`InProgress`]. This statement is cheap, because live calls have their own table, and there are only about as many balances as accounts.
const IN_PROGRESS: &str = "SELECT 'call' AS what, call.state AS name, COUNT(*) AS number, CAST(0 AS BIGINT) AS amount FROM live_call \
     JOIN call ON call.id = live_call.call_id GROUP BY call.state \
     UNION ALL SELECT 'held', account.currency, COUNT(*), CAST(SUM(ledger_balance.held) AS BIGINT) FROM ledger_balance \
     JOIN account ON account.id = ledger_balance.account_id WHERE ledger_balance.held <> 0 GROUP BY account.currency \
     UNION ALL SELECT 'low', account.currency, COUNT(*), CAST(0 AS BIGINT) FROM ledger_balance \
     JOIN account ON account.id = ledger_balance.account_id WHERE ledger_balance.book = 'CREDIT' \
     AND ledger_balance.balance + account.credit_limit < account.low_credit GROUP BY account.currency";

impl Store {
    /// Uses one cheap query to read the live calls, the held amounts, and the accounts with low credit.
    ///
    /// # Errors
    /// May fail with database errors.
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

    /// The state of both connection pools.
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

/// The state of a connection pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// `reader` or `writer`.
    pub name: &'static str,
    /// Open connections. The pool opens connections on demand and closes connections that have been idle for a long time.
    pub open: u32,
    /// Open connections that are not in use.
    pub idle: usize,
    /// Maximum number of connections that the pool opens.
    pub most: u32,
}

/// Facts about the database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerState {
    /// Product name and version.
    pub version: String,
    /// The server's clock, in microseconds since the Unix epoch.
    pub micros: i64,
    /// Maximum number of connections for ordinary users; `None` on SQLite.
    pub connections: Option<u32>,
}

const POSTGRES: &str = "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, \
     CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS micros, \
     CAST(current_setting('max_connections') AS BIGINT) \
     - CAST(current_setting('superuser_reserved_connections') AS BIGINT) AS connections";
const SQLITE: &str = "SELECT 'SQLite ' || sqlite_version() AS version, \
     CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) AS micros, 0 AS connections";

impl Store {
    /// Reads the server's version, clock and connection limit.
    ///
    /// # Errors
    /// May fail with database errors.
    pub async fn server(&self) -> Result<ServerState> {
        let postgres = self.backend() == DbBackend::Postgres;
        let sql = if postgres { POSTGRES } else { SQLITE };
        let row = self.reader.query_one_raw(Statement::from_string(self.backend(), sql)).await?;
        let row = row.ok_or_else(|| Error::fault("the database returned no version"))?;
        let connections: i64 = row.try_get("", "connections")?;
        Ok(ServerState {
            version: row.try_get("", "version")?,
            micros: row.try_get("", "micros")?,
            connections: u32::try_from(connections).ok().filter(|_| postgres),
        })
    }
}
