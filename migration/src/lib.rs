//! Database migrations, one file per change. SQLite and PostgreSQL run the same SQL text. README.md says how to write the next migration.
//!
//! **Expand, then contract one release later.** Nodes are upgraded one by one, so the nodes of a release must also run on the next release's
//! tables. The first new node migrates the tables, while old nodes continue and may be restarted. Therefore a migration only adds tables,
//! indexes, and columns that are nullable or have a default. After a release stops using a table or column, remove that table or column in the
//! following release at the earliest. The same rule applies to other changes that old nodes cannot handle (a NOT NULL column, a stricter constraint,
//! a new meaning): make them in the following release at the earliest. A migration that has shipped never changes.

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

mod m20261130_000003_initial;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261130_000003_initial::Migration)]
    }
}

/// Migrates the tables to this release. Tables of a later release already include all migrations of this release, so nothing is done.
///
/// # Errors
/// Fails if a migration fails, or if [`refusal`] gives a reason. Also fails if the database has migrations of a later release but lacks a migration
/// of this release.
pub async fn up(connection: &sea_orm_migration::sea_orm::DatabaseConnection) -> Result<(), DbErr> {
    Migrator::install(connection).await?;
    let applied = Migrator::get_migration_models(connection).await?;
    let applied: Vec<String> = applied.into_iter().map(|row| row.version).collect();
    if let Some(reason) = refusal(&applied) {
        return Err(DbErr::Migration(reason.to_owned()));
    }
    if Migrator::migrations().iter().all(|migration| applied.iter().any(|name| name == migration.name())) {
        return Ok(());
    }
    Migrator::up(connection, None).await
}

/// The reason why a database with the migrations `applied` cannot be migrated, and what to do about it. Every release has the initial migration. A
/// database that has other migrations but lacks the initial migration was made before the first release.
pub fn refusal(applied: &[String]) -> Option<&'static str> {
    let migrations = Migrator::migrations();
    let has_initial =
        migrations.first().is_some_and(|initial| applied.iter().any(|name| name == initial.name()));
    (!applied.is_empty() && !has_initial).then_some(
        "the tables were made by a program from before the first release and cannot be migrated. Use an empty database; to keep \
         a tariff, export it with that program and import it",
    )
}

/// Placeholders in the `.sql` files, with their text on SQLite and PostgreSQL.
const TYPES: [(&str, &str, &str); 10] = [
    ("{uuid}", "BLOB", "UUID"),
    ("{time}", "TEXT", "TIMESTAMPTZ"),
    ("{json}", "TEXT", "JSONB"),
    // JSON whose contents no statement reads, stored as it was written
    ("{jsontext}", "TEXT", "JSON"),
    ("{binary}", "BLOB", "BYTEA"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{false}", "0", "FALSE"),
    ("{int}", "INTEGER", "INTEGER"),
    // paths and prefixes are compared by range, so they must be sorted by bytes in any locale
    ("{bytes}", "", " COLLATE \"C\""),
    ("{strict}", " STRICT", ""),
];

/// Runs the `;`-terminated statements of `sql`, with the placeholders replaced for the connected database.
async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = connection.get_database_backend();
    if backend == DbBackend::Postgres {
        // a migration has no statement timeout, because large tables take time; it has a lock timeout, because a migration that waits for a lock
        // blocks all later queries
        connection
            .execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'")
            .await?;
    }
    let text = text_for(backend, sql);
    for statement in text.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// The statements without comments, with each `{placeholder}` replaced by its text for this database.
fn text_for(backend: DbBackend, sql: &str) -> String {
    let sqlite = backend == DbBackend::Sqlite;
    let mut text: String =
        sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    for (word, on_sqlite, on_postgres) in TYPES {
        text = text.replace(word, if sqlite { on_sqlite } else { on_postgres });
    }
    if sqlite {
        text = text.replace("BIGINT", "INTEGER");
    }
    text = only(&text, "{sqlite ", sqlite);
    only(&text, "{postgres ", !sqlite)
}

/// In `text`, processes each part that starts with `mark` and ends at the next `}`: replaces the part with its inner text, or removes it.
fn only(text: &str, mark: &str, kept: bool) -> String {
    let mut parts = text.split(mark);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inside, rest) = part.split_once('}').unwrap_or((part, ""));
        if kept {
            whole.push_str(inside);
        }
        whole.push_str(rest);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_for_one_database() {
        let sql = "-- a {uuid}; comment\nCREATE{sqlite  UNIQUE} INDEX a ON b (id{postgres , at});\n{postgres ALTER TABLE b};\nid {uuid}, m BIGINT";
        assert_eq!(
            text_for(DbBackend::Sqlite, sql),
            "CREATE UNIQUE INDEX a ON b (id);\n;\nid BLOB, m INTEGER"
        );
        assert_eq!(
            text_for(DbBackend::Postgres, sql),
            "CREATE INDEX a ON b (id, at);\nALTER TABLE b;\nid UUID, m BIGINT"
        );
    }

    #[test]
    fn a_database_of_before_the_first_release_is_refused() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(refusal(&[]), None);
        assert_eq!(refusal(&names(&["m20261130_000003_initial"])), None);
        assert_eq!(refusal(&names(&["m20261130_000003_initial", "m29990101_000001_later"])), None);
        assert!(refusal(&names(&["m20261122_000001_first_call"])).is_some());
    }
}
