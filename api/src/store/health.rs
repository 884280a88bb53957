//! What probes and `callshop check-config` ask the database.

use std::pin::pin;

use billing::money::Micros;
use futures_util::future::{Either, select};
use migration::MigratorTrait as _;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Store;
use crate::error::Result;

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
        let (reading, writing) = (pin!(migrations(&self.reader)), pin!(migrations(&self.writer)));
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

/// Both at once: live calls are on a partial index, balances are as many as accounts.
const IN_PROGRESS: &str = "SELECT 'call' AS what, state AS name, COUNT(*) AS number, CAST(0 AS BIGINT) AS amount FROM call \
     WHERE state IN ('AUTHORIZED', 'RINGING', 'ANSWERED') GROUP BY state \
     UNION ALL SELECT 'held', account.currency, COUNT(*), CAST(SUM(ledger_balance.held) AS BIGINT) FROM ledger_balance \
     JOIN account ON account.id = ledger_balance.account_id WHERE ledger_balance.held <> 0 GROUP BY account.currency";

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
            if what == "call" {
                found.live.push((name, number));
            } else {
                found.held.push(Held { currency: name, sum: Micros(amount), balances: number });
            }
        }
        Ok(found)
    }

    /// Each pool with its connections and how many of them are idle.
    pub fn pools(&self) -> [(&'static str, u32, usize); 2] {
        [("reader", &self.reader), ("writer", &self.writer)].map(|(name, pool)| match self.backend() {
            DbBackend::Sqlite => {
                let pool = pool.get_sqlite_connection_pool();
                (name, pool.size(), pool.num_idle())
            }
            _ => {
                let pool = pool.get_postgres_connection_pool();
                (name, pool.size(), pool.num_idle())
            }
        })
    }
}
