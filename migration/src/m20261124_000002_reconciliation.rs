//! State of the reconciliation with proxies: their listings, their calls and their phones.

use sea_orm_migration::prelude::*;

/// See the `.sql` file of the same name.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, include_str!("m20261124_000002_reconciliation.sql")).await
    }
}
