//! The audit log.

use entity::audit_log;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::{Listed, Page, Within};
use base::error::Result;

/// Inserts an entry.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn insert(conn: &impl ConnectionTrait, entry: audit_log::Model) -> Result<()> {
    audit_log::Entity::insert(entry.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// A page of the audit entries about one account in a time range.
pub async fn list(
    conn: &impl ConnectionTrait,
    account_id: Uuid,
    within: Within,
    page: Page,
) -> Result<Listed<audit_log::Model>> {
    let query = audit_log::Entity::find()
        .filter(audit_log::Column::AccountId.eq(account_id))
        .filter(within.rows(audit_log::Column::Id, audit_log::Column::At));
    page.read(conn, query, audit_log::Column::Id).await
}
