//! The only place with SQL.
//!
//! [`Store::read`] and [`Store::write`] run a closure in a transaction; the files beside this one hold the queries, a file a
//! noun, each function taking whatever it is to run on. Rows are locked in one order everywhere: the actor's login (shared), proxy, account (by id), callshop, tariff, phone,
//! cabin, register shift, call (and with it its row of the live calls), call sighting, session, ledger balance (by book, CREDIT first, then
//! account and currency), activity head.

pub mod accounts;
pub mod activity;
pub mod audit;
mod bulk;
pub mod cabins;
pub mod calls;
pub mod counters;
pub mod file;
pub mod health;
pub mod invariants;
pub mod keys;
pub mod ledger;
pub mod page;
pub mod partitions;
pub mod phones;
mod reader;
pub mod reconcile;
pub mod register;
pub mod reports;
pub mod retention;
pub mod scope;
pub mod sessions;
pub mod statistics;
pub mod tariffs;

use std::future::Future;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entity::ActivityKind;
use sea_orm::sqlx::Connection as _;
use sea_orm::sqlx::sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

pub use page::Page;
pub use reader::Reader;
pub use scope::Scope;

use base::error::{Error, OrFault as _, Result};
use telemetry::trace::TraceContext;

/// Times that a transaction is run again after a serialization failure, a deadlock or a lock of another process.
const ATTEMPTS: u32 = 8;

/// Waiting for a connection of a pool at most: who waits longer is told that too much is going on.
const ACQUIRE: Duration = Duration::from_secs(5);

/// What PostgreSQL is told of every connection: no statement may run for longer, none may wait for a lock for longer (less than an operation may
/// take, so that it is told why), and a transaction in which nothing happens (its node hangs, or the network is gone) ends and gives its locks
/// back.
const PATIENCE: [(&str, &str); 3] =
    [("statement_timeout", "15s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "30s")];

/// What PostgreSQL is told of connections that write. What is written is found by its key: a plan is made once, whatever the parameters, and
/// kept until the table has grown ([`statistics`]); one that reads tables from end to end is none. And no such plan is worth being compiled.
pub const KEYED: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan"), ("jit", "off")];

/// A connection that was used so short a time ago is taken to be there.
const FRESH: Duration = Duration::from_secs(1);

/// Longest transaction that writes: beyond the timeouts of the database itself, of which several statements may use some.
const DEADLINE: Duration = Duration::from_secs(60);

/// A database that had no room is said to have none for so long after it was last seen.
const ROOM_NEWS: Duration = Duration::from_secs(5);

/// Statements that a connection keeps prepared: those of the call path come in several lengths on SQLite ([`bulk`]).
const STATEMENTS: usize = 512;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections that read; on PostgreSQL half of them write.
    pub connections: u32,
}

/// Receives the activities of each transaction right after its commit, in the order of their `seq`. Must not wait.
pub trait OnCommit: Send + Sync {
    /// `trace` is the trace that the transaction belongs to.
    fn committed(&self, activities: Vec<entity::activity::Model>, trace: Option<&TraceContext>);
}

/// For commands that show nobody what they change.
impl OnCommit for () {
    fn committed(&self, _: Vec<entity::activity::Model>, _: Option<&TraceContext>) {}
}

/// The database, and the observer of its commits.
#[derive(Clone)]
pub struct Store {
    reader: Reader,
    writer: DatabaseConnection,
    on_commit: Arc<dyn OnCommit>,
    /// When a transaction last found no room.
    full: Arc<Mutex<Option<Instant>>>,
}

/// A transaction. Cheap to clone; it ends when the closure that was given it does.
#[derive(Clone)]
pub struct Tx(Arc<TxInner>);

struct TxInner {
    transaction: DatabaseTransaction,
    activities: Mutex<Vec<NewActivity>>,
}

/// Something that happened in a callshop, to be numbered and shown at commit.
#[derive(Clone, Debug)]
pub struct NewActivity {
    /// Where.
    pub callshop_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: ActivityKind,
    /// In which cabin.
    pub cabin_id: Option<Uuid>,
    /// In which session.
    pub session_id: Option<Uuid>,
    /// Which call.
    pub call_id: Option<Uuid>,
    /// The object as it is now.
    pub payload: serde_json::Value,
}

/// Rows to write that nobody else waits for: they are new, or were locked before. They go with what else is to be written, in one round trip.
#[derive(Debug, Default)]
pub struct Writes(Vec<Statement>);

impl Writes {
    /// Writes them now, for those who are going to read them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn run(self, conn: &impl ConnectionTrait) -> Result<()> {
        bulk::together(conn, self.0).await
    }
}

impl Tx {
    /// What queries run on.
    pub fn conn(&self) -> &DatabaseTransaction {
        &self.0.transaction
    }

    /// Notes an activity; it gets its `seq` and its row just before the commit, so that the callshop's head is locked as shortly as can be.
    pub fn emit(&self, activity: NewActivity) {
        self.0.activities.lock().unwrap_or_else(PoisonError::into_inner).push(activity);
    }
}

impl Store {
    /// Connects, and on SQLite makes the file, which is its owner's alone.
    ///
    /// # Errors
    /// When the address is no database's, or it does not answer; when a SQLite file is open to others and not ours to close.
    pub async fn connect(options: &StoreOptions, on_commit: Arc<dyn OnCommit>) -> Result<Self> {
        if options.url.starts_with("sqlite:") {
            file::close_to_others(options)?;
            let reader = Database::connect(sqlite_options(options, options.connections)).await?;
            let reader = Reader::new(reader, options.connections);
            // SQLite has one writer: queueing for its connection here is fair and quiet, fighting for the file's lock is neither
            let writer = Database::connect(sqlite_options(options, 1)).await?;
            Ok(Self { reader, writer, on_commit, full: Arc::default() })
        } else {
            // apart from those that read, so that long reports never keep a call waiting for a connection
            // migrations hold a lock on one and work on another
            let writing = options.connections.div_ceil(2).max(2);
            let reading = options.connections.saturating_sub(writing).max(1);
            let reader = Database::connect(postgres_options(options, reading, &[])).await?;
            let reader = Reader::new(reader, reading);
            let writer = Database::connect(postgres_options(options, writing, &KEYED)).await?;
            Ok(Self { reader, writer, on_commit, full: Arc::default() })
        }
    }

    /// What single reading queries run on.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// SQLite or PostgreSQL.
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// Whether several nodes may work on this database: on PostgreSQL.
    pub fn is_shared(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    /// Whether history is in partitions, a month each: on PostgreSQL.
    pub fn is_partitioned(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    /// Whether a transaction found no room on the database's disk just now.
    pub fn is_out_of_room(&self) -> bool {
        let full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        full.is_some_and(|at| at.elapsed() < ROOM_NEWS)
    }

    /// Brings the tables up to date, one node at a time.
    ///
    /// # Errors
    /// When a migration fails; it is rolled back.
    pub async fn migrate(&self) -> Result<()> {
        let lock = activity::migration_lock(&self.writer).await?;
        let done = migration::up(&self.writer).await;
        activity::release_migration_lock(lock).await?;
        Ok(done?)
    }

    /// Runs `work` in a transaction that sees one state of the database.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn read<T, F, Fut>(&self, work: F) -> Result<T>
    where
        F: FnOnce(Tx) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        work(Tx::new(self.reader.begin().await?)).await
    }

    /// Runs `work` in a transaction and commits it, again (bounded) when the database asks for that; then shows what was emitted.
    ///
    /// # Errors
    /// Those of `work`, after which nothing of it has happened.
    pub async fn write<T, F, Fut>(&self, work: F) -> Result<T>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let mut attempt = 1;
        loop {
            match self.write_once(&work).await {
                Err(error) if (error.is_transient() || error.is_connection_lost()) && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %error, "transaction runs again");
                    counters::transaction_retried();
                    // PostgreSQL answers a deadlock at once: a growing pause lets the other one finish
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
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let prepared = async {
            let tx = Tx::new(self.writer.begin_with_options(options).await?);
            let value = work(tx.clone()).await?;
            let pending =
                std::mem::take(&mut *tx.0.activities.lock().unwrap_or_else(PoisonError::into_inner));
            let activities = activity::append(tx.conn(), pending).await?;
            Ok::<_, Error>((tx, value, activities))
        };
        // boxed: it holds all that a use case holds, and is moved about
        let (tx, value, activities) = in_time(DEADLINE, Box::pin(prepared)).await?;
        let inner =
            Arc::into_inner(tx.0).ok_or_else(|| Error::fault("a transaction outlived its closure"))?;
        let (on_commit, trace) = (self.on_commit.clone(), TraceContext::here());
        // a task of its own: a caller that goes away between commit and publish must not leave watchers waiting
        let commit = tokio::spawn(async move {
            let commit = async { inner.transaction.commit().await.map_err(Error::from) };
            let committed = in_time(DEADLINE, commit).await;
            committed.map_err(|error| match error {
                // it may have happened: who asks again, with the same key, is answered as it was
                error if error.is_connection_lost() => {
                    tracing::warn!(%error, "the database went away while it committed");
                    Error::Overloaded("the database went away")
                }
                error => error,
            })?;
            on_commit.committed(activities, trace.as_ref());
            Ok::<_, Error>(())
        });
        commit.await.or_fault()??;
        Ok(value)
    }
}

/// A connection that died without a sound answers nothing for ever, and the database's own timeouts are on the other side of it.
///
/// # Errors
/// Those of `work`; [`Error::Overloaded`] when it takes longer than `limit`.
pub async fn in_time<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Err(Error::Overloaded("the database does not answer"));
    tokio::time::timeout(limit, work).await.unwrap_or_else(late)
}

impl Tx {
    fn new(transaction: DatabaseTransaction) -> Self {
        Self(Arc::new(TxInner { transaction, activities: Mutex::default() }))
    }
}

fn sqlite_options(options: &StoreOptions, connections: u32) -> ConnectOptions {
    // `mode=rwc` makes the file of a first start
    let url =
        if options.url.contains('?') { options.url.clone() } else { format!("{}?mode=rwc", options.url) };
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_whole(connection))))
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                // FULL: a power cut loses nothing that was answered
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(10))
                .statement_cache_capacity(STATEMENTS)
                .foreign_keys(true)
        });
    connect
}

/// Whether a connection that is given back is in no transaction. A disk that is full makes SQLite roll a transaction back by itself; the
/// library then takes its own rollback's failure for a transaction that goes on, and would begin no other on this connection, ever.
async fn is_whole(connection: &mut SqliteConnection) -> std::result::Result<bool, sea_orm::sqlx::Error> {
    // after the rollback of a transaction that was dropped
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
        // who reads and who writes begin again when their connection turns out to be gone
        .test_before_acquire_if_idle_for(FRESH)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |postgres| {
            postgres.statement_cache_capacity(STATEMENTS).options(PATIENCE.iter().chain(settings).copied())
        });
    connect
}

/// The least id of what was made at this instant or later (RFC 9562, UUIDv7: 48 bits of milliseconds first).
pub fn first_id(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

/// Reads a text column or setting that the program wrote itself.
///
/// # Errors
/// A fault: the database holds what this program never wrote.
pub fn parse_stored<T: FromStr>(text: &str, what: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| Error::fault(format!("stored {what}: {error}")))
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
