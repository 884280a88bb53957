//! Idempotency keys.

use chrono::{DateTime, Utc};
use entity::idempotency_key::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Statement};
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

/// Deletes at most `limit` keys that were first used before `cutoff`, and returns the number of deleted keys.
pub async fn trim(conn: &impl ConnectionTrait, cutoff: DateTime<Utc>, limit: u64) -> Result<u64> {
    let sql = "DELETE FROM idempotency_key WHERE (user_id, mutation, key) IN (
        SELECT user_id, mutation, key FROM idempotency_key WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [cutoff.into(), limit.into()];
    let delete = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.execute_raw(delete).await?.rows_affected())
}
