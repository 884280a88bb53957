//! A transfer has a currency, and an account a balance of each. Nodes of an earlier edition have to be stopped: they know one balance.

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
