//! Holds, the callshop's books, prepaid sessions, items and discounts, refunds, the audit log.

use sea_orm_migration::prelude::*;

/// See the `.sql` file of the same name.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, include_str!("m20261123_000001_money.sql")).await
    }
}
