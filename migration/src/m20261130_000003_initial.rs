//! The tables of the first release.
//!
//! On PostgreSQL, the history tables are partitioned by month. The first partition has all rows up to the end of the month in which the migration
//! runs. The servers create the partition of each later month before the month begins (`store/src/partitions.rs`). Rows that match no partition go to
//! the default partition.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

/// See the `.sql` file of the same name.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, include_str!("m20261130_000003_initial.sql")).await?;
        let connection = manager.get_connection();
        if connection.get_database_backend() == DbBackend::Postgres {
            first_partitions(connection).await?;
        }
        Ok(())
    }

    /// Without this function, migrations would run in a transaction only on PostgreSQL.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Creates the first partition of each history table.
async fn first_partitions(connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    let sql = "SELECT to_char(month, 'YYYYMM') AS month, to_char(month, 'YYYY-MM-DD\"T00:00:00Z\"') AS start,
                      (extract(epoch FROM month) * 1000)::bigint AS millis
               FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + INTERVAL '1 month' AS month) AS next";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let row = row.ok_or_else(|| DbErr::Custom("PostgreSQL did not return the month".to_owned()))?;
    let (month, start): (String, String) = (row.try_get("", "month")?, row.try_get("", "start")?);
    let millis: i64 = row.try_get("", "millis")?;
    // this is the lowest UUIDv7 of the month: a UUIDv7 begins with 48 bits of milliseconds (RFC 9562)
    let id = format!("{:08x}-{:04x}-0000-0000-000000000000", millis >> 16, millis & 0xffff);
    for (table, end, with) in [("call", &id, " WITH (fillfactor = 70)"), ("activity", &start, "")] {
        let create = format!(
            "CREATE TABLE {table}_before_{month} PARTITION OF {table} FOR VALUES FROM (MINVALUE) TO ('{end}'){with}"
        );
        connection.execute_unprepared(&create).await?;
    }
    Ok(())
}
