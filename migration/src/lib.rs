//! Database migrations, one file per change, each run on SQLite and on PostgreSQL from the same text.
//!
//! **Expand, then contract an edition later.** Nodes are upgraded one after the other, so that the nodes of one edition run on the tables of the
//! next: the first new one brings them up to date, the old ones go on, and may be started again. A migration therefore only adds: tables,
//! indexes, columns that have a default or may be empty. What nothing uses any more goes in the edition after the one that stopped using it, and so
//! does whatever the old nodes could not live with (a column that must not be empty, a stricter constraint, another meaning). A migration
//! that has shipped never changes. (The edition of November 2026 that knows several nodes is the first to which this applies; up to then
//! there was one node, and `m20261124_000001_partitions` wants it stopped; so does `m20261128_000004_currencies`, before the first release.)

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

/// Brings the tables up to date. On those of a later edition there is nothing to do: they have all that this one needs.
///
/// # Errors
/// When a migration fails, or one of ours is missing in tables that have others.
pub async fn up(connection: &sea_orm_migration::sea_orm::DatabaseConnection) -> Result<(), DbErr> {
    Migrator::install(connection).await?;
    let applied = Migrator::get_migration_models(connection).await?;
    let ours = Migrator::migrations();
    if ours.iter().all(|migration| applied.iter().any(|row| row.version == migration.name())) {
        return Ok(());
    }
    Migrator::up(connection, None).await
}

/// Column types by the words that stand for them in the `.sql` files, for SQLite and PostgreSQL.
const TYPES: [(&str, &str, &str); 8] = [
    ("{uuid}", "BLOB", "UUID"),
    ("{time}", "TEXT", "TIMESTAMPTZ"),
    ("{json}", "TEXT", "JSONB"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{false}", "0", "FALSE"),
    ("{int}", "INTEGER", "INTEGER"),
    // paths and prefixes are compared by range: by bytes, whatever the database's locale
    ("{bytes}", "", " COLLATE \"C\""),
    ("{strict}", " STRICT", ""),
];

/// Runs each `;`-ended statement of `sql`, with the types of the connected database.
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
        // tables may be large; whoever waits for a table that is in use must not keep everybody else waiting behind him
        connection
            .execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'")
            .await?;
    }
    for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}
