//! Support for several nodes on PostgreSQL: live calls in their own table, history in partitions.
//!
//! Each existing table becomes the first partition; no row is copied. PostgreSQL reads the tables once to check that every row belongs in its
//! partition, and rebuilds two indexes. The servers create the partition of each later month before the month begins
//! (`store/src/partitions.rs`). Rows that match no monthly partition go to the default partition.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

/// See the `.sql` file of the same name.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, include_str!("m20261124_000001_partitions.sql")).await?;
        let connection = manager.get_connection();
        if connection.get_database_backend() == DbBackend::Postgres {
            for table in TABLES {
                table.partition(connection).await?;
            }
            connection.execute_unprepared(POSTGRES).await?;
        }
        Ok(())
    }
}

/// A table that is partitioned by month.
struct Table {
    name: &'static str,
    /// The partition key: an id that begins with milliseconds (RFC 9562, UUIDv7), or a time.
    key: &'static str,
    by_id: bool,
    primary_key: &'static str,
    /// Name and definition of each index other than the primary key.
    indexes: &'static [(&'static str, &'static str)],
}

const TABLES: [Table; 3] = [
    Table {
        name: "call",
        key: "id",
        by_id: true,
        primary_key: "id",
        indexes: &[
            // not unique, because no index can be unique across partitions; an advisory lock ensures that each request is decided once
            ("call_request", "(request_id)"),
            ("call_callshop", "(callshop_id, id)"),
            ("call_session", "(session_id, id) WHERE session_id IS NOT NULL"),
            ("call_cabin", "(cabin_id, id) WHERE cabin_id IS NOT NULL"),
            ("call_written_off", "(callshop_id, id) WHERE written_off > 0"),
            ("call_estimated", "(callshop_id, id) WHERE estimated"),
        ],
    },
    Table { name: "call_charge", key: "call_id", by_id: true, primary_key: "call_id, level", indexes: &[] },
    Table {
        name: "activity",
        key: "at",
        by_id: false,
        // a primary key must include the partition key; the lock on the callshop's head keeps (callshop_id, seq) unique
        primary_key: "callshop_id, seq, at",
        indexes: &[],
    },
];

/// Further PostgreSQL settings. Hook events are stored and deleted in the order of time, so a BRIN index suffices. Live calls need frequent
/// vacuuming because their rows are short-lived.
const POSTGRES: &str = "
    CREATE INDEX hook_event_received ON hook_event USING brin (received_at);
    ALTER TABLE live_call SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
";

impl Table {
    async fn partition(&self, connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
        let Self { name, key, primary_key, .. } = self;
        let (month, end) = self.end(connection).await?;
        let first = format!("{name}_before_{month}");
        let mut statements = vec![
            format!("ALTER TABLE {name} RENAME TO {first}"),
            format!("ALTER TABLE {first} RENAME CONSTRAINT {name}_pkey TO {first}_pkey"),
        ];
        for (index, _) in self.indexes {
            statements.push(format!("ALTER INDEX {index} RENAME TO {first}_{index}"));
        }
        match *name {
            "call" => statements.push(format!("DROP INDEX {first}_call_request")),
            "activity" => statements.push(format!(
                "ALTER TABLE {first} DROP CONSTRAINT {first}_pkey, ADD PRIMARY KEY ({primary_key})"
            )),
            _ => {}
        }
        statements.push(format!(
            "CREATE TABLE {name} (LIKE {first} INCLUDING DEFAULTS, PRIMARY KEY ({primary_key})) PARTITION BY RANGE ({key})"
        ));
        for (index, columns) in self.indexes {
            statements.push(format!("CREATE INDEX {index} ON {name} {columns}"));
        }
        // a call is updated four times; free space on its page allows HOT updates, which leave indexes unchanged
        let room = if *name == "call" { " WITH (fillfactor = 70)" } else { "" };
        statements.extend([
            format!("ALTER TABLE {name} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{end}')"),
            format!("CREATE TABLE {name}_default PARTITION OF {name} DEFAULT{room}"),
        ]);
        if *name == "call" {
            statements.push(format!("ALTER TABLE {first} SET (fillfactor = 70)"));
        }
        for statement in statements {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    /// The month after the last row's month or after the current month, whichever is later, and the first partition key in that month.
    async fn end(&self, connection: &SchemaManagerConnection<'_>) -> Result<(String, String), DbErr> {
        let last = match self.by_id {
            true => format!(
                "(SELECT to_timestamp(('x' || left(replace({key}::text, '-', ''), 12))::bit(48)::bigint / 1000)
                  FROM {name} ORDER BY {key} DESC LIMIT 1)",
                key = self.key,
                name = self.name
            ),
            false => format!("(SELECT MAX({}) FROM {})", self.key, self.name),
        };
        let sql = format!(
            "SELECT to_char(month, 'YYYYMM') AS month, to_char(month, 'YYYY-MM-DD\"T00:00:00Z\"') AS start,
                    (extract(epoch FROM month) * 1000)::bigint AS millis
             FROM (SELECT date_trunc('month', GREATEST(now(), {last}) AT TIME ZONE 'UTC') + INTERVAL '1 month' AS month) AS next"
        );
        let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
        let row = row.ok_or_else(|| DbErr::Custom("PostgreSQL did not return the month".to_owned()))?;
        let (month, start): (String, String) = (row.try_get("", "month")?, row.try_get("", "start")?);
        let millis: i64 = row.try_get("", "millis")?;
        let id = format!("{:08x}-{:04x}-0000-0000-000000000000", millis >> 16, millis & 0xffff);
        Ok((month, if self.by_id { id } else { start }))
    }
}
