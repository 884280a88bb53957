//! A transfer has a currency, and an account has a balance per currency. Stop nodes of earlier releases first, because they know only a single
//! balance.

use sea_orm_migration::prelude::*;

/// See the `.sql` file of the same name.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, include_str!("m20261128_000004_currencies.sql")).await
    }
}
