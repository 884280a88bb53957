//! Used tickets for event streams. A row is needed only until its ticket expires, so the table stays small.

use chrono::{DateTime, Utc};
use entity::used_ticket::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    TryInsertResult,
};
use uuid::Uuid;

use base::error::Result;

/// Marks a ticket as used. Returns whether the ticket was unused. Even if several nodes try to use the ticket, only one transaction gets `true`.
///
/// # Errors
/// May fail with database errors.
pub async fn spend(conn: &impl ConnectionTrait, id: Uuid, expires_at: DateTime<Utc>) -> Result<bool> {
    let insert = Entity::insert(Model { id, expires_at }.into_active_model()).on_conflict_do_nothing();
    Ok(matches!(insert.exec_without_returning(conn).await?, TryInsertResult::Inserted(1..)))
}

/// Deletes the records of used tickets that expired before `before`.
///
/// # Errors
/// May fail with database errors.
pub async fn forget(conn: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<()> {
    Entity::delete_many().filter(Column::ExpiresAt.lt(before)).exec(conn).await?;
    Ok(())
}
