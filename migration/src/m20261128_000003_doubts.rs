//! Calls answered more than a day from their attempt, and doubtful events that a person should review.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// See the `.sql` file of the same name.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, include_str!("m20261128_000003_doubts.sql")).await?;
        // same rule as `is_far` in `store/src/calls/mod.rs`
        let days = match manager.get_database_backend() {
            DbBackend::Sqlite => "abs(julianday(answered_at) - julianday(authorized_at))",
            _ => "abs(extract(epoch FROM answered_at - authorized_at)) / 86400",
        };
        let mark =
            format!("UPDATE call SET answered_far = TRUE WHERE answered_at IS NOT NULL AND {days} > 1");
        manager.get_connection().execute_unprepared(&mark).await?;
        Ok(())
    }
}
