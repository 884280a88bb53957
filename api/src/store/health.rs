//! What probes and `callshop check-config` ask the database.

use std::pin::pin;

use futures_util::future::{Either, select};
use migration::MigratorTrait as _;
use sea_orm::{ConnectionTrait, Statement};

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
