//! Database migrations, one file per change, each run on SQLite and on PostgreSQL from the same text.

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

mod m20261122_000001_first_call;
mod m20261123_000001_money;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261122_000001_first_call::Migration), Box::new(m20261123_000001_money::Migration)]
    }
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
    }
    for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}
