//! Connections for single read queries. A query is retried if its connection was lost.

use std::time::{Duration, Instant};

use sea_orm::entity::prelude::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, Statement, TransactionOptions, TransactionTrait as _,
};

use base::error::is_connection_lost;

use crate::counters;

/// A dead connection fails within 100 milliseconds. A slower failure may be the query's own fault, so the query is then retried only once and not on
/// every connection.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Connections for reading. If a query's connection was lost (the database restarted, or an administrator or a firewall closed it), the query is
/// retried on another connection. The retry is safe because the query changed nothing, and users do not notice the failure. Because of the retry,
/// connections need not be tested beforehand; a test would cost a round trip per query.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: DatabaseConnection,
    /// Number of attempts: one more than the number of pooled connections, because all pooled connections may be lost at the same time, but the next
    /// connection is new.
    attempts: u32,
}

impl Reader {
    /// Wraps `pool`, which has at most `connections` connections.
    pub(super) fn new(pool: DatabaseConnection, connections: u32) -> Self {
        Self { pool, attempts: connections.saturating_add(1) }
    }

    pub(super) fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// Begins a transaction on one snapshot of the database. The transaction is not retried if its connection is lost later.
    ///
    /// # Errors
    /// May fail with database errors.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let isolation_level = match self.get_database_backend() {
            DbBackend::Postgres => Some(IsolationLevel::RepeatableRead),
            _ => None,
        };
        let options = TransactionOptions { isolation_level, ..Default::default() };
        self.again(|| self.pool.begin_with_options(options)).await
    }

    async fn again<T, Fut>(&self, query: impl Fn() -> Fut) -> Result<T, DbErr>
    where
        Fut: Future<Output = Result<T, DbErr>>,
    {
        self.attempted(query).await.inspect_err(counters::query_failed)
    }

    async fn attempted<T, Fut>(&self, query: impl Fn() -> Fut) -> Result<T, DbErr>
    where
        Fut: Future<Output = Result<T, DbErr>>,
    {
        let mut died = false;
        for _ in 1..self.attempts {
            let begun = Instant::now();
            match query().await {
                Err(error) if is_connection_lost(&error) => {
                    tracing::debug!(%error, "query retried");
                    if begun.elapsed() > AT_ONCE && std::mem::replace(&mut died, true) {
                        return Err(error);
                    }
                }
                done => return done,
            }
        }
        query().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.pool.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.pool.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.again(|| self.pool.query_one_raw(statement.clone())).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.again(|| self.pool.query_all_raw(statement.clone())).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use sea_orm::{Database, RuntimeErr};

    use super::*;

    /// Returns how many times a query runs if its connection is lost after the time `after`.
    async fn asked(after: Duration) -> u32 {
        let pool = Database::connect("sqlite::memory:").await.expect("a database");
        let asked = AtomicU32::new(0);
        let query = async || {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(after).await;
            Err::<(), _>(DbErr::Query(RuntimeErr::SqlxError(sea_orm::sqlx::Error::WorkerCrashed.into())))
        };
        let error = Reader::new(pool, 4).again(query).await.expect_err("a lost connection");
        assert!(is_connection_lost(&error), "{error}");
        asked.into_inner()
    }

    #[tokio::test]
    async fn what_kills_connections_does_not_kill_all() {
        assert_eq!(asked(Duration::ZERO).await, 5, "the four pooled connections and the new one were lost");
        assert_eq!(asked(2 * AT_ONCE).await, 2);
    }
}
