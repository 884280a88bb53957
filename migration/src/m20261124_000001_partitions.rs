//! Many nodes on PostgreSQL: live calls in a table of their own, history in partitions.
//!
//! What the earlier editions stored becomes the first partition of each table, as it is: no row is copied. PostgreSQL reads the tables
//! once, to see that every row belongs there, and builds two indexes again. The further partitions are made by the servers, a month each,
//! before the month begins (`api::store::partitions`); what belongs to none is caught by the default one.

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
    /// What tells the month: an id that begins with milliseconds (RFC 9562, UUIDv7), or an instant.
    key: &'static str,
    by_id: bool,
    primary_key: &'static str,
    /// Indexes besides the primary key: their names, and what they are made of.
    indexes: &'static [(&'static str, &'static str)],
}

const TABLES: [Table; 3] = [
    Table {
        name: "call",
        key: "id",
        by_id: true,
        primary_key: "id",
        indexes: &[
            // a request is asked about once: a lock of its own sees to that, for no index can be unique over several partitions
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
        // the key of the partitions has to be in it; that (callshop_id, seq) is unique is seen to by the lock of the callshop's head
        primary_key: "callshop_id, seq, at",
        indexes: &[],
    },
];

/// What else PostgreSQL is told: events are trimmed by their time, of which they are stored in the order; live calls come and go.
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
        // a call is written four times while it goes on: room for that on its page keeps its index entries as they are
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

    /// The month behind the last row, or behind this one, and what of it the rows have.
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
        let row = row.ok_or_else(|| DbErr::Custom("PostgreSQL does not say which month it is".to_owned()))?;
        let (month, start): (String, String) = (row.try_get("", "month")?, row.try_get("", "start")?);
        let millis: i64 = row.try_get("", "millis")?;
        let id = format!("{:08x}-{:04x}-0000-0000-000000000000", millis >> 16, millis & 0xffff);
        Ok((month, if self.by_id { id } else { start }))
    }
}
