//! Saved mappings of carriers' decks.

use entity::tariff_mapping::{Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _,
};
use uuid::Uuid;

use super::{Listed, Page};
use base::error::Result;

/// The account's mapping with this name.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn named(conn: &impl ConnectionTrait, account_id: Uuid, name: &str) -> Result<Option<Model>> {
    Ok(Entity::find()
        .filter(Column::AccountId.eq(account_id))
        .filter(Column::Name.eq(name))
        .one(conn)
        .await?)
}

/// The account's mapping with this id.
pub async fn find(conn: &impl ConnectionTrait, account_id: Uuid, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::AccountId.eq(account_id)).one(conn).await?)
}

/// A page of the account's mappings, oldest first.
pub async fn list(conn: &impl ConnectionTrait, account_id: Uuid, page: Page) -> Result<Listed<Model>> {
    page.read(conn, Entity::find().filter(Column::AccountId.eq(account_id)), Column::Id).await
}

/// Number of the account's mappings.
pub async fn count(conn: &impl ConnectionTrait, account_id: Uuid) -> Result<u64> {
    Ok(Entity::find().filter(Column::AccountId.eq(account_id)).count(conn).await?)
}

/// Inserts a mapping. The insert violates a unique index if the account already has a mapping with this name.
pub async fn insert(conn: &impl ConnectionTrait, mapping: Model) -> Result<()> {
    Entity::insert(mapping.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a mapping.
pub async fn update(conn: &impl ConnectionTrait, mapping: Model) -> Result<Model> {
    Ok(mapping.into_active_model().reset_all().update(conn).await?)
}

/// Deletes a mapping.
pub async fn delete(conn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(conn).await?;
    Ok(())
}
