//! The version that a tariff version is based on, and the address on a callshop's receipts.

use sea_orm_migration::prelude::*;

/// See the `.sql` file of the same name.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, include_str!("m20261128_000006_bases_and_addresses.sql")).await
    }
}
