//! Database migrations, one file per change. SQLite and PostgreSQL run the same text.
//!
//! **Expand, then contract one release later.** Nodes are upgraded one by one, so the nodes of a release must also run on the next release's
//! tables. The first new node migrates the tables, while old nodes continue and may be restarted. Therefore a migration only adds tables,
//! indexes, and columns that are nullable or have a default. Remove a table or column only in the release after the release that stopped using
//! it. The same applies to changes that old nodes cannot handle (a NOT NULL column, a stricter constraint, a new meaning). A migration that has
//! shipped never changes. (These rules apply from the November 2026 release on, the first to support several nodes. Before it, there was only
//! one node, which must be stopped for `m20261124_000001_partitions` and `m20261128_000004_currencies`; both predate the first release.)

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

mod m20261122_000001_first_call;
mod m20261123_000001_money;
mod m20261124_000001_partitions;
mod m20261124_000002_reconciliation;
mod m20261128_000003_doubts;
mod m20261128_000004_currencies;
mod m20261128_000005_logins;
mod m20261128_000006_bases_and_addresses;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_first_call::Migration),
            Box::new(m20261123_000001_money::Migration),
            Box::new(m20261124_000001_partitions::Migration),
            Box::new(m20261124_000002_reconciliation::Migration),
            Box::new(m20261128_000003_doubts::Migration),
            Box::new(m20261128_000004_currencies::Migration),
            Box::new(m20261128_000005_logins::Migration),
            Box::new(m20261128_000006_bases_and_addresses::Migration),
        ]
    }
}

/// Migrates the tables to this release. Does nothing if the tables are from a later release, because they include all migrations of this
/// release.
///
/// # Errors
/// If a migration fails, or if the database has migrations of a later release but lacks a migration of this release.
pub async fn up(connection: &sea_orm_migration::sea_orm::DatabaseConnection) -> Result<(), DbErr> {
    Migrator::install(connection).await?;
    let applied = Migrator::get_migration_models(connection).await?;
    let ours = Migrator::migrations();
    if ours.iter().all(|migration| applied.iter().any(|row| row.version == migration.name())) {
        return Ok(());
    }
    Migrator::up(connection, None).await
}

/// Placeholders in the `.sql` files, with their column types on SQLite and PostgreSQL.
const TYPES: [(&str, &str, &str); 8] = [
    ("{uuid}", "BLOB", "UUID"),
    ("{time}", "TEXT", "TIMESTAMPTZ"),
    ("{json}", "TEXT", "JSONB"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{false}", "0", "FALSE"),
    ("{int}", "INTEGER", "INTEGER"),
    // paths and prefixes are compared by range, so they must sort by bytes in any locale
    ("{bytes}", "", " COLLATE \"C\""),
    ("{strict}", " STRICT", ""),
];

/// Runs the `;`-terminated statements of `sql`, with the types of the connected database.
async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let sqlite = connection.get_database_backend() == DbBackend::Sqlite;
    let mut text: String =
        sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    for (word, on_sqlite, on_postgres) in TYPES {
        text = text.replace(word, if sqlite { on_sqlite } else { on_postgres });
    }
    if sqlite {
        text = text.replace("BIGINT", "INTEGER");
    } else {
        // no statement timeout, because large tables take time; but a lock timeout, because a migration that waits for a lock blocks all queries
        // behind it
        connection
            .execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'")
            .await?;
    }
    for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}
