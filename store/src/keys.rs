//! Idempotency keys.

use entity::idempotency_key::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use base::error::Result;

/// The stored result of this user's or API token's mutation with this key.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(
    conn: &impl ConnectionTrait,
    user_id: Uuid,
    mutation: &str,
    key: &str,
) -> Result<Option<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::Mutation.eq(mutation));
    Ok(query.filter(Column::Key.eq(key)).one(conn).await?)
}

/// Stores a result. If two requests use the same key at the same time, the insert of the second request violates the primary key and fails.
pub async fn insert(conn: &impl ConnectionTrait, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}
