//! The database layer, and the only place with SQL.
//!
//! [`Store::read`] and [`Store::write`] run a closure in a transaction. The submodules contain the queries, one module per kind of object. Each query
//! function takes the connection on which it runs. To avoid deadlocks, all code locks rows in the same order: the actor's login or API token
//! (shared), proxy, account (by id), callshop, tariff, phone, cabin, register shift, call (with its live-call row), call sighting, session, ledger
//! balance (by book, CREDIT first, then account and currency), activity head.
//!
//! Queries lock rows `FOR NO KEY UPDATE`, as `UPDATE` does, and never `FOR UPDATE`. An insert takes a `FOR KEY SHARE` lock on each row that its
//! foreign keys refer to, in an order that this program does not control. A `FOR KEY SHARE` lock conflicts only with `FOR UPDATE`, so inserts never
//! wait for this program's locks. Keys are never changed.

pub mod account_list;
pub mod accounts;
pub mod activity;
pub mod api_tokens;
pub mod audit;
mod bulk;
pub mod cabins;
pub mod calls;
pub mod counters;
pub mod day;
pub mod exports;
pub mod file;
mod filtered;
pub mod health;
pub mod invariants;
pub mod keys;
pub mod ledger;
pub mod page;
pub mod partitions;
pub mod phones;
pub mod problems;
pub mod rate_writer;
mod reader;
pub mod reconcile;
pub mod register;
pub mod reports;
pub mod retention;
pub mod scope;
mod search;
pub mod session_list;
pub mod sessions;
pub mod sorted;
pub mod statistics;
pub mod tariff_derivations;
pub mod tariff_imports;
pub mod tariff_mappings;
pub mod tariff_versions;
pub mod tariffs;
pub mod tickets;
mod tx;
pub mod webhook_positions;
pub mod webhooks;
pub mod within;

use std::future::Future;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{AssertSqlSafe, Connection as _, Sqlite};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

pub use page::{Listed, Page};
pub use reader::Reader;
pub use scope::Scope;
pub use sorted::Slice;
pub use tx::{NewActivity, OnCommit, Tx, Writes};
pub use within::Within;

use base::error::{Error, OrFault as _, Result, is_busy};
use rate_writer::RateWriter;
use telemetry::trace::TraceContext;

/// Maximum number of attempts at a transaction. A transaction is attempted again if it fails because of a serialization failure, a deadlock, another
/// process's lock or a lost connection.
const ATTEMPTS: u32 = 8;

/// Longest wait for a connection from a pool. An operation that waits longer fails with `OVERLOADED`.
const ACQUIRE: Duration = Duration::from_secs(5);

/// PostgreSQL timeouts of every connection. The lock timeout is shorter than the other timeouts, so that the error of an operation that waited too
/// long for a lock names the lock as the cause. `idle_in_transaction_session_timeout` ends a transaction, and thus releases its locks, if the
/// transaction's node hangs or has lost its network connection.
const PATIENCE: [(&str, &str); 3] =
    [("statement_timeout", "15s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "30s")];

/// PostgreSQL settings of connections that write. Writes find rows by key, so one generic plan serves all parameters until the table has grown
/// ([`statistics`]). Because writes find rows by key, these connections never need sequential scans, and JIT compilation does not pay off.
pub const KEYED: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan"), ("jit", "off")];

/// How long SQLite itself waits for another process's lock. SQLite itself waits longer before each further attempt, up to a tenth of a second, and
/// would miss the short pauses of a process that imports a rate deck. Therefore, SQLite gives up after this short time, and the store immediately
/// tries again ([`BUSY`]).
const BUSY_STEP: Duration = Duration::from_millis(1);

/// How long the store waits for another process's lock on the SQLite file.
const BUSY: Duration = Duration::from_secs(10);

/// A connection that was used within this time is assumed to be alive and is not tested.
const FRESH: Duration = Duration::from_secs(1);

/// Longest write transaction. This limit is longer than the database's own timeouts, because an operation has several statements, and each statement
/// has its own timeout.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How long the store reports a full disk after a transaction failed for lack of space.
const ROOM_NEWS: Duration = Duration::from_secs(5);

/// Number of prepared statements cached per connection. On SQLite, each statement of the call path exists in several lengths ([`bulk`]).
const STATEMENTS: usize = 512;

/// Connection options.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Number of connections. On SQLite, all of these connections read, and one additional connection writes. On PostgreSQL, half of the
    /// connections write.
    pub connections: u32,
}

/// The database, and the observer of its commits.
#[derive(Clone)]
pub struct Store {
    reader: Reader,
    writer: DatabaseConnection,
    /// Writes the rates of new tariff versions.
    rates: RateWriter,
    on_commit: Arc<dyn OnCommit>,
    /// When a transaction last failed because the disk was full.
    full: Arc<Mutex<Option<Instant>>>,
}

impl Store {
    /// Connects to the database. On SQLite, creates the file, readable only by its owner.
    ///
    /// # Errors
    /// Fails if the URL is invalid, if the database does not respond, or if a SQLite file is accessible to other users and its mode cannot be
    /// changed.
    pub async fn connect(options: &StoreOptions, on_commit: Arc<dyn OnCommit>) -> Result<Self> {
        if options.url.starts_with("sqlite:") {
            file::close_to_others(options)?;
        }
        Self::connect_unchanged(options, on_commit).await
    }

    /// Like [`Store::connect`], but neither creates a missing SQLite file nor changes the access to an existing file. For commands that only check the
    /// database.
    ///
    /// # Errors
    /// Fails if the URL is invalid, if the SQLite file does not exist, or if the database does not respond.
    pub async fn inspect(url: &str) -> Result<Self> {
        let is_short = url.starts_with("sqlite:") && !url.contains('?');
        let url = if is_short { format!("{url}?mode=rw") } else { url.replace("mode=rwc", "mode=rw") };
        Self::connect_unchanged(&StoreOptions { url, connections: 1 }, Arc::new(())).await
    }

    async fn connect_unchanged(options: &StoreOptions, on_commit: Arc<dyn OnCommit>) -> Result<Self> {
        if options.url.starts_with("sqlite:") {
            let reader = Database::connect(sqlite_options(options, options.connections)).await?;
            let reader = Reader::new(reader, options.connections);
            // SQLite has one writer. Waiting in a queue for one connection is fair and cheap, unlike contending for the file lock
            let writer = Database::connect(writer_options(options)).await?;
            let rates = RateWriter::sqlite(&writer, writer_options(options)).await?;
            Ok(Self { reader, writer, rates, on_commit, full: Arc::default() })
        } else {
            // write connections are separate from read connections, so that long reports never keep a call waiting for a connection. There are at
            // least two write connections, because a migration holds a lock on one and works on the other
            let writing = options.connections.div_ceil(2).max(2);
            let reading = options.connections.saturating_sub(writing).max(1);
            let reader = Database::connect(postgres_options(options, reading, &[])).await?;
            let reader = Reader::new(reader, reading);
            let writer = Database::connect(postgres_options(options, writing, &KEYED)).await?;
            let rates = RateWriter::postgres(&writer);
            Ok(Self { reader, writer, rates, on_commit, full: Arc::default() })
        }
    }

    /// The connections for single read queries.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Writes the rates of new tariff versions.
    pub fn rates(&self) -> &RateWriter {
        &self.rates
    }

    /// SQLite or PostgreSQL.
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// Whether several nodes may share this database. True only on PostgreSQL.
    pub fn is_shared(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    /// Whether history is partitioned by month. True only on PostgreSQL.
    pub fn is_partitioned(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    /// Whether a transaction recently failed because the database's disk was full.
    pub fn is_out_of_room(&self) -> bool {
        let full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.is_some_and(|at| at.elapsed() < ROOM_NEWS)
    }

    /// Migrates the tables, one node at a time.
    ///
    /// # Errors
    /// Fails if a migration fails; the failed migration is rolled back.
    pub async fn migrate(&self) -> Result<()> {
        let lock = activity::migration_lock(&self.writer).await?;
        self.wait_for_locks(BUSY).await?;
        let done = migration::up(&self.writer).await;
        self.wait_for_locks(BUSY_STEP).await?;
        activity::release_migration_lock(lock).await?;
        Ok(done?)
    }

    /// Sets the time for which SQLite itself waits for another process's lock. A migration begins its own transactions, which the store cannot retry,
    /// so SQLite itself must wait for the lock during a migration.
    async fn wait_for_locks(&self, time: Duration) -> Result<()> {
        if self.backend() == DbBackend::Sqlite {
            let sql = format!("PRAGMA busy_timeout = {}", time.as_millis());
            self.writer.execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    /// Begins a write transaction. On SQLite, waits while another process holds the lock, and tries again every millisecond, so that the wait ends
    /// soon after the other process's transaction.
    async fn begin(&self) -> Result<DatabaseTransaction> {
        let begun = Instant::now();
        loop {
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            };
            match self.writer.begin_with_options(options).await {
                Err(error) if is_busy(&error) && begun.elapsed() < BUSY => {}
                done => return Ok(done?),
            }
        }
    }

    /// Runs `work` in a read transaction on one snapshot of the database.
    ///
    /// # Errors
    /// Returns the errors of `work`.
    pub async fn read<T, F, Fut>(&self, work: F) -> Result<T>
    where
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        work(Tx::new(self.reader.begin().await?)).await.inspect_err(counters::failed)
    }

    /// Runs `work` in a transaction, commits it and publishes the emitted activity events. A transient failure is retried a bounded number of
    /// times, so `work` may run more than once.
    ///
    /// # Errors
    /// Returns the errors of `work`; the transaction is then rolled back.
    pub async fn write<T, F, Fut>(&self, work: F) -> Result<T>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let mut attempt = 1;
        loop {
            match self.write_once(&work).await {
                Err(error) if (error.is_transient() || error.is_connection_lost()) && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %error, "transaction retried");
                    counters::transaction_retried();
                    // PostgreSQL reports a deadlock immediately. A growing pause lets the other transaction finish
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt * attempt * 2))).await;
                    attempt += 1;
                }
                done => {
                    if let Err(error) = &done {
                        counters::failed(error);
                        if error.is_out_of_room() {
                            *self.full.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                        }
                    }
                    return done;
                }
            }
        }
    }

    async fn write_once<T, F, Fut>(&self, work: &F) -> Result<T>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let prepared = async {
            let tx = Tx::new(self.begin().await?);
            let value = work(tx.clone()).await?;
            let activities = activity::append(tx.conn(), tx.take_activities()).await?;
            Ok::<_, Error>((tx, value, activities))
        };
        // the future is boxed, because it contains a use case's whole state and is moved several times
        let (tx, value, activities) = in_time(DEADLINE, Box::pin(prepared)).await?;
        let changed = tx.take_changed();
        let transaction = tx.into_inner()?;
        let (on_commit, trace) = (self.on_commit.clone(), TraceContext::here());
        // the commit runs in a separate task: subscribers must be notified even if the caller is canceled between commit and publish
        let commit = tokio::spawn(async move {
            let commit = async { transaction.commit().await.map_err(Error::from) };
            let committed = in_time(DEADLINE, commit).await;
            committed.map_err(|error| match error {
                // the transaction is not retried, because it may have committed. A client that retries with the same idempotency key gets the
                // original response
                error if error.is_connection_lost() => {
                    counters::failed(&error);
                    tracing::warn!(%error, "connection to the database lost during commit");
                    Error::Overloaded("the connection to the database was lost")
                }
                error => error,
            })?;
            on_commit.committed(activities, trace.as_ref());
            on_commit.changed(changed);
            Ok::<_, Error>(())
        });
        commit.await.or_fault()??;
        Ok(value)
    }
}

/// Limits the time of `work`. A connection that failed silently never responds. The database's own timeouts do not help, because their errors cannot
/// reach this program over a silent connection.
///
/// # Errors
/// Fails with [`Error::Overloaded`] if `work` takes longer than `limit`. Also returns the errors of `work`.
pub async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Err(Error::Overloaded("the database does not answer"));
    tokio::time::timeout(limit, work).await.unwrap_or_else(late)
}

fn sqlite_options(options: &StoreOptions, connections: u32) -> ConnectOptions {
    // `mode=rwc` creates the file on the first start
    let url =
        if options.url.contains('?') { options.url.clone() } else { format!("{}?mode=rwc", options.url) };
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_whole(connection))))
        .map_sqlx_sqlite_opts(journaled);
    connect
}

fn journaled(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite
        .journal_mode(SqliteJournalMode::Wal)
        // `synchronous` is FULL, so that a power failure loses no acknowledged write
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .foreign_keys(true)
}

/// The options of the connection that writes.
fn writer_options(options: &StoreOptions) -> ConnectOptions {
    let mut connect = sqlite_options(options, 1);
    connect.map_sqlx_sqlite_pool_opts(patient);
    connect
}

/// Adds two settings to a pool: SQLite itself waits only [`BUSY_STEP`] for a lock, and a returned connection is checked by [`is_whole`].
fn patient(pool: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    let pool = pool.after_release(|connection, _| Box::pin(is_whole(connection)));
    pool.after_connect(|connection, _| {
        Box::pin(async move {
            let sql = format!("PRAGMA busy_timeout = {}", BUSY_STEP.as_millis());
            sea_orm::sqlx::query(AssertSqlSafe(sql)).execute(connection).await?;
            Ok(())
        })
    })
}

/// Whether a connection that was returned to the pool is outside any transaction. If the disk is full, SQLite rolls back automatically. The database
/// library's own rollback then fails. The library would assume that the transaction is still open, and would never begin another transaction on this
/// connection.
async fn is_whole(connection: &mut SqliteConnection) -> std::result::Result<bool, sea_orm::sqlx::Error> {
    // a dropped transaction is rolled back before the ping runs
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

fn postgres_options(
    options: &StoreOptions,
    connections: u32,
    settings: &'static [(&'static str, &'static str)],
) -> ConnectOptions {
    let mut connect = ConnectOptions::new(options.url.clone());
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        // connections need no other test, because reads and writes are retried if their connection was lost
        .test_before_acquire_if_idle_for(FRESH)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |postgres| {
            postgres.statement_cache_capacity(STATEMENTS).options(PATIENCE.iter().chain(settings).copied())
        });
    connect
}

/// The lowest UUIDv7 that can be created at or after `at` (in RFC 9562, the first 48 bits are milliseconds).
pub fn first_id(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

/// Parses a text column or setting that this program wrote.
///
/// # Errors
/// Fails with a fault if the stored text is invalid.
pub fn parse_stored<T: FromStr>(text: &str, what: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| Error::fault(format!("stored {what} {text:?}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_that_never_answers_is_given_up() {
        let never = std::future::pending::<Result<()>>();
        let error = in_time(Duration::from_millis(1), never).await.expect_err("no answer");
        assert!(matches!(error, Error::Overloaded(_)), "{error}");
        assert_eq!(in_time(DEADLINE, async { Ok(1) }).await.expect("an answer"), 1);
    }
}
