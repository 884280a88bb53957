//! Writes the rates of a new tariff version: many rows, in blocks, so that no transaction of a call waits for long.
//!
//! The rates of a version are invisible until the version's own row exists. On PostgreSQL, a block is one `COPY` in binary format. On SQLite, a block
//! is a short transaction on a separate connection. The transaction needs no `fsync`, because the later transaction that inserts the version's row
//! also makes all earlier transactions durable. While a block is written, the writer holds the connection that all other writes of this process use,
//! so that those writes wait in the queue for that connection and not for the lock of the file.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{rate, unfinished_version};
use sea_orm::sea_query::Expr;
use sea_orm::sqlx::sqlite::SqliteSynchronous;
use sea_orm::sqlx::{
    self, AssertSqlSafe, PgPool, Postgres, SqliteConnection, SqlitePool, pool::PoolConnection,
};
use sea_orm::{
    ColumnTrait as _, ConnAcquireErr, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, RuntimeErr,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::{BUSY, DEADLINE, Store, in_time, journaled};
use base::error::{Error, OrFault as _, Result, is_busy};

/// Number of rates in a block on SQLite. The transaction that writes a block takes about ten milliseconds.
const SQLITE_BLOCK: usize = 2_048;
/// Number of rates in a statement on SQLite.
const SQLITE_ROWS: usize = 256;
/// Number of rates in a block on PostgreSQL.
const POSTGRES_BLOCK: usize = 20_000;
/// Number of bytes that are sent to PostgreSQL at a time.
const SENT: usize = 64 << 10;
/// Pause between two blocks on SQLite. The pause is longer than the interval at which other processes try to get the lock of the file.
const PAUSE: Duration = Duration::from_millis(2);
/// Number of blocks after which the write-ahead log is copied into the database file.
const CHECKPOINT: u32 = 4;
/// Number of rates that one transaction deletes.
const DELETED: u64 = 2_000;
/// Number of prepared statements that the connection on SQLite caches. Each version has statements of its own.
const STATEMENTS: usize = 12;

/// Columns of `rate`, in the order of [`NewRate`].
const COLUMNS: &str = "version_id, prefix, destination, price_per_minute, initial_price, connection_fee, \
                       initial_increment, increment, minimum_charge, free_seconds, band_prices";
/// Number of [`COLUMNS`].
const COLUMN_COUNT: i16 = 11;
/// The beginning of PostgreSQL's binary format: its signature, no flags, no extension.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// The length of a field without a value.
const NULL: i32 = -1;
/// The first byte of `jsonb` in binary format.
const JSONB: u8 = 1;

/// A rate to write.
#[derive(Clone, Debug)]
pub struct NewRate<'a> {
    /// E.164 digits without "+".
    pub prefix: &'a str,
    /// Name of the destination.
    pub destination: &'a str,
    /// Price of 60 seconds, in millionths.
    pub price_per_minute: i64,
    /// Price of 60 seconds of the initial increment, in millionths; `None` means `price_per_minute`.
    pub initial_price: Option<i64>,
    /// Fee for an answered call, in millionths.
    pub connection_fee: i64,
    /// Minimum billed seconds.
    pub initial_increment: i32,
    /// Billing step in seconds.
    pub increment: i32,
    /// Minimum charge, in millionths.
    pub minimum_charge: i64,
    /// Calls shorter than this number of seconds are free.
    pub free_seconds: i32,
    /// JSON of the prices within time bands; `None` if there are none.
    pub band_prices: Option<String>,
}

/// Writes the rates of new versions.
#[derive(Clone, Debug)]
pub struct RateWriter(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Postgres(PgPool),
    Sqlite {
        /// The single connection that all other writes share. This connection is held while a block is written, so that other writes wait for the
        /// block.
        turn: SqlitePool,
        pool: SqlitePool,
    },
}

impl RateWriter {
    pub(super) fn postgres(writer: &DatabaseConnection) -> Self {
        Self(Kind::Postgres(writer.get_postgres_connection_pool().clone()))
    }

    /// Prepares a connection, which is opened when it is first needed.
    pub(super) async fn sqlite(writer: &DatabaseConnection, mut options: ConnectOptions) -> Result<Self> {
        options.min_connections(0).connect_lazy(true).map_sqlx_sqlite_opts(|sqlite| {
            journaled(sqlite)
                // a power failure may lose a commit made without `fsync`; this is safe, because then no later commit survives either
                .synchronous(SqliteSynchronous::Normal)
                // the write-ahead log is copied between the blocks, not during a commit
                .pragma("wal_autocheckpoint", "0")
                .statement_cache_capacity(STATEMENTS)
        });
        let pool = Database::connect(options).await?;
        let turn = writer.get_sqlite_connection_pool().clone();
        Ok(Self(Kind::Sqlite { turn, pool: pool.get_sqlite_connection_pool().clone() }))
    }

    /// Number of rates to pass to [`VersionWriter::write`] at a time.
    pub fn block(&self) -> usize {
        match self.0 {
            Kind::Postgres(_) => POSTGRES_BLOCK,
            Kind::Sqlite { .. } => SQLITE_BLOCK,
        }
    }

    /// Begins to write the rates of a version that [`begin`] has announced. If the writing future is dropped, upkeep deletes the rates later.
    pub fn version(&self, version_id: Uuid) -> VersionWriter<'_> {
        VersionWriter { writer: self, version_id, blocks: 0, last: None, sql: Vec::new() }
    }
}

/// Writes the rates of one version.
#[derive(Debug)]
pub struct VersionWriter<'w> {
    writer: &'w RateWriter,
    version_id: Uuid,
    blocks: u32,
    /// When the last block ended.
    last: Option<Instant>,
    /// The SQLite statements, by their number of rows and by whether the rows have band prices.
    sql: Vec<((usize, bool), Arc<str>)>,
}

impl VersionWriter<'_> {
    /// Writes a block of rates.
    ///
    /// # Errors
    /// Fails with [`Error::Overloaded`] if the database does not take the block in time. May also fail with database errors. If the error occurred
    /// during the block's commit, the block may have been written; after any other error, it was not written.
    pub async fn write(&mut self, rates: &[NewRate<'_>]) -> Result<()> {
        match &self.writer.0 {
            Kind::Postgres(pool) => {
                let copied = async { self.copy(pool, rates).await.map_err(failed) };
                in_time(DEADLINE, copied).await
            }
            Kind::Sqlite { turn, pool } => self.insert(turn, pool, rates).await,
        }
    }

    async fn copy(&self, pool: &PgPool, rates: &[NewRate<'_>]) -> Result<(), sqlx::Error> {
        let mut connection: PoolConnection<Postgres> = pool.acquire().await?;
        let sql = format!("COPY rate ({COLUMNS}) FROM STDIN (FORMAT binary)");
        let mut copy = connection.copy_in_raw(&sql).await?;
        let mut bytes = SIGNATURE.to_vec();
        bytes.reserve(SENT + 1024);
        for rate in rates {
            encode(&mut bytes, self.version_id, rate);
            if bytes.len() >= SENT {
                copy.send(bytes.as_slice()).await?;
                bytes.clear();
            }
        }
        bytes.extend((-1_i16).to_be_bytes());
        copy.send(bytes.as_slice()).await?;
        copy.finish().await?;
        Ok(())
    }

    async fn insert(&mut self, turn: &SqlitePool, pool: &SqlitePool, rates: &[NewRate<'_>]) -> Result<()> {
        let statements: Vec<_> = parts(rates).into_iter().map(|part| (self.statement(part), part)).collect();
        if let Some(last) = self.last {
            tokio::time::sleep_until(last + PAUSE).await;
        }
        let turn = turn.acquire().await.map_err(failed)?;
        let mut connection = pool.acquire().await.map_err(failed)?;
        let written = write_block(&mut connection, &statements).await;
        drop(turn);
        self.last = Some(Instant::now());
        self.blocks += 1;
        if self.blocks.is_multiple_of(CHECKPOINT) {
            // a later checkpoint copies the part of the log that this checkpoint leaves
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut *connection).await
            {
                tracing::debug!(%error, "the write-ahead log could not be copied");
            }
        }
        written
    }

    /// The statement that inserts these rates. The version's id is part of the SQL text, because a parameter for each row would take longer.
    fn statement(&mut self, rates: &[NewRate<'_>]) -> Arc<str> {
        let has_bands = has_bands(rates);
        let key = (rates.len(), has_bands);
        if let Some((_, sql)) = self.sql.iter().find(|(known, _)| *known == key) {
            return sql.clone();
        }
        let bands = if has_bands { "?" } else { "'{}'" };
        let row = format!("(X'{}',?,?,?,?,?,?,?,?,?,{bands})", self.version_id.simple());
        let rows = vec![row.as_str(); rates.len()].join(",");
        let sql: Arc<str> = format!("INSERT INTO rate ({COLUMNS}) VALUES {rows}").into();
        self.sql.push((key, sql.clone()));
        sql
    }
}

fn has_bands(rates: &[NewRate<'_>]) -> bool {
    rates.iter().any(|rate| rate.band_prices.is_some())
}

/// Splits a block into the rows of statements. The sizes are powers of two, so that few statements are prepared.
fn parts<T>(mut rates: &[T]) -> Vec<&[T]> {
    let mut parts = Vec::new();
    while !rates.is_empty() {
        let largest = (rates.len() + 1).next_power_of_two() / 2;
        let (part, rest) = rates.split_at(largest.min(SQLITE_ROWS));
        parts.push(part);
        rates = rest;
    }
    parts
}

async fn write_block(
    connection: &mut SqliteConnection,
    statements: &[(Arc<str>, &[NewRate<'_>])],
) -> Result<()> {
    use sqlx::Connection as _;
    let begun = Instant::now();
    let mut tx = loop {
        match connection.begin_with("BEGIN IMMEDIATE").await.map_err(database) {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY => {}
            done => break done?,
        }
    };
    for (sql, rates) in statements {
        let has_bands = has_bands(rates);
        let mut query = sqlx::query::<sqlx::Sqlite>(AssertSqlSafe(sql.clone()));
        for rate in *rates {
            query = query
                .bind(rate.prefix.to_owned())
                .bind(rate.destination.to_owned())
                .bind(rate.price_per_minute)
                .bind(rate.initial_price)
                .bind(rate.connection_fee)
                .bind(rate.initial_increment)
                .bind(rate.increment)
                .bind(rate.minimum_charge)
                .bind(rate.free_seconds);
            if has_bands {
                query = query.bind(rate.band_prices.clone().unwrap_or_else(|| "{}".to_owned()));
            }
        }
        query.execute(&mut *tx).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// Appends a row in PostgreSQL's binary format: the number of fields, and each field after its length.
fn encode(bytes: &mut Vec<u8>, version_id: Uuid, rate: &NewRate<'_>) {
    bytes.extend(COLUMN_COUNT.to_be_bytes());
    field(bytes, version_id.as_bytes());
    field(bytes, rate.prefix.as_bytes());
    field(bytes, rate.destination.as_bytes());
    field(bytes, &rate.price_per_minute.to_be_bytes());
    match rate.initial_price {
        Some(price) => field(bytes, &price.to_be_bytes()),
        None => bytes.extend(NULL.to_be_bytes()),
    }
    field(bytes, &rate.connection_fee.to_be_bytes());
    field(bytes, &rate.initial_increment.to_be_bytes());
    field(bytes, &rate.increment.to_be_bytes());
    field(bytes, &rate.minimum_charge.to_be_bytes());
    field(bytes, &rate.free_seconds.to_be_bytes());
    let bands = rate.band_prices.as_deref().unwrap_or("{}").as_bytes();
    bytes.extend(length(bands.len() + 1));
    bytes.push(JSONB);
    bytes.extend_from_slice(bands);
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend(length(value.len()));
    bytes.extend_from_slice(value);
}

/// The length of a field. The longest field has the prices of a rate's bands, and its length fits in 32 bits.
fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

/// Converts a driver's error to the database layer's error type.
fn database(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Exec(RuntimeErr::SqlxError(error.into())),
    }
}

fn failed(error: sqlx::Error) -> Error {
    Error::from(database(error))
}

/// Announces that the rates of a version are about to be written.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn begin(conn: &impl ConnectionTrait, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    let row = unfinished_version::Model { id, begun_at: now, discarded: false };
    unfinished_version::Entity::insert(row.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Ends the announcement, in the transaction that inserts the version. Returns whether the rates still exist. The rates do not exist if upkeep
/// considered the writing program dead and began to delete its rates.
pub async fn end(conn: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    let ended = unfinished_version::Entity::delete_by_id(id)
        .filter(unfinished_version::Column::Discarded.eq(false))
        .exec(conn)
        .await?;
    Ok(ended.rows_affected > 0)
}

/// At most `limit` versions whose rates were announced before `before` and never completed.
pub async fn abandoned(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<unfinished_version::Model>> {
    use unfinished_version::Column::BegunAt;
    let query = unfinished_version::Entity::find().filter(BegunAt.lt(before)).order_by_asc(BegunAt);
    Ok(query.limit(limit).all(conn).await?)
}

/// In short transactions, deletes the rates of a version that was announced but never inserted. The announcement is marked first and deleted last.
/// Once the announcement is marked, the version can no longer be inserted. If the version exists, its rates are kept: its commit succeeded and
/// deleted the announcement, and only the response to the commit was lost.
pub async fn discard(store: &Store, id: Uuid) -> Result<()> {
    if !store.write(|tx| async move { mark(tx.conn(), id).await }).await? {
        return Ok(());
    }
    loop {
        let left = store.write(|tx| async move { discard_some(tx.conn(), id).await }).await?;
        if !left {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Marks the rates of an announced version as discarded. If a transaction is inserting the version, this function waits for that transaction. If the
/// transaction commits, this function returns false, because the transaction deleted the announcement ([`end`]).
async fn mark(conn: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    let marked = unfinished_version::Entity::update_many()
        .col_expr(unfinished_version::Column::Discarded, Expr::value(true))
        .filter(unfinished_version::Column::Id.eq(id))
        .exec(conn)
        .await?;
    Ok(marked.rows_affected > 0)
}

/// Deletes some rates of a version that is marked as discarded. Once the last rates are deleted, also deletes the version's announcement. Returns
/// whether rates are left.
async fn discard_some(conn: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    let of_version = rate::Column::VersionId.eq(id);
    let some = rate::Entity::find().select_only().column(rate::Column::Prefix).filter(of_version.clone());
    let prefixes: Vec<String> =
        some.order_by_asc(rate::Column::Prefix).limit(DELETED).into_tuple().all(conn).await?;
    let count = u64::try_from(prefixes.len()).or_fault()?;
    if let (Some(first), Some(last)) = (prefixes.first(), prefixes.last()) {
        rate::Entity::delete_many()
            .filter(of_version)
            .filter(rate::Column::Prefix.gte(first.as_str()))
            .filter(rate::Column::Prefix.lte(last.as_str()))
            .exec(conn)
            .await?;
    }
    if count < DELETED {
        unfinished_version::Entity::delete_by_id(id).exec(conn).await?;
        return Ok(false);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(prefix: &str) -> NewRate<'_> {
        NewRate {
            prefix,
            destination: "",
            price_per_minute: 1,
            initial_price: None,
            connection_fee: 0,
            initial_increment: 1,
            increment: 1,
            minimum_charge: 0,
            free_seconds: 0,
            band_prices: None,
        }
    }

    #[test]
    fn a_block_is_made_of_few_statements() {
        let sizes = |count: usize| -> Vec<usize> {
            parts(&vec![rate("1"); count]).into_iter().map(<[_]>::len).collect()
        };
        assert_eq!(sizes(0), Vec::<usize>::new());
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(513), [256, 256, 1]);
        assert_eq!(sizes(31), [16, 8, 4, 2, 1]);
        assert!(sizes(SQLITE_BLOCK).into_iter().all(|size| size == SQLITE_ROWS));
    }

    #[test]
    fn a_row_has_a_length_before_each_field() {
        let mut bytes = Vec::new();
        encode(&mut bytes, Uuid::from_u128(1), &rate("5511"));
        let mut expected = vec![0, 0, 0, 16];
        expected.extend(1_u128.to_be_bytes());
        expected.extend(b"\0\0\0\x045511\0\0\0\0\0\0\0\x08");
        assert_eq!(bytes.get(2..2 + expected.len()), Some(expected.as_slice()));
        assert_eq!(bytes.get(..2), Some(COLUMN_COUNT.to_be_bytes().as_slice()));
        assert!(bytes.ends_with(b"\0\0\0\x03\x01{}"));
    }
}
