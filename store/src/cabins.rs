//! Cabins: the booths of callshops.

use entity::cabin::{Column, Entity, Model};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Listed, Page, Scope, bulk};
use base::error::Result;

/// A cabin of a callshop inside `scope`, even if the cabin is retired.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Model>> {
    scope.find::<Entity>(conn, id, Column::CallshopId).await
}

/// The cabins with these ids that are inside `scope`.
pub async fn find_all(conn: &impl ConnectionTrait, scope: &Scope, ids: &[Uuid]) -> Result<Vec<Model>> {
    scope.find_all::<Entity>(conn, ids, (Column::Id, Column::CallshopId)).await
}

/// Cabins by id, locked in id order until the transaction ends. This query does not check the actor's scope: the calling function must have checked
/// access to the objects.
pub async fn lock(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    let query =
        Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).order_by_asc(Column::Id);
    Ok(query.lock(LockType::NoKeyUpdate).all(conn).await?)
}

/// Cabins by id. This query does not check the actor's scope: the calling function must have checked access to the objects.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).all(conn).await?)
}

/// The cabin that has this phone.
pub async fn of_phone(conn: &impl ConnectionTrait, phone_id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::PhoneId.eq(phone_id)).one(conn).await?)
}

/// The cabins that have one of these phones.
pub async fn of_phones(conn: &impl ConnectionTrait, phones: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::PhoneId, phones.iter().copied())).all(conn).await?)
}

/// A page of a callshop's cabins that are not retired, oldest first.
pub async fn list(conn: &impl ConnectionTrait, callshop_id: Uuid, page: Page) -> Result<Listed<Model>> {
    let query = Entity::find().filter(Column::CallshopId.eq(callshop_id)).filter(Column::RetiredAt.is_null());
    page.read(conn, query, Column::Id).await
}

/// All cabins of a callshop that are not retired, by number. The number of cabins is limited at creation.
pub async fn all(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::CallshopId.eq(callshop_id)).filter(Column::RetiredAt.is_null());
    Ok(query.order_by_asc(Column::Number).all(conn).await?)
}

/// The number of cabins of a callshop that are not retired.
pub async fn count(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<u64> {
    let query = Entity::find().filter(Column::CallshopId.eq(callshop_id)).filter(Column::RetiredAt.is_null());
    Ok(query.count(conn).await?)
}

/// Inserts a cabin.
pub async fn insert(conn: &impl ConnectionTrait, cabin: Model) -> Result<()> {
    Entity::insert(cabin.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a cabin. The calling function must have locked the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, cabin: Model) -> Result<Model> {
    Ok(cabin.into_active_model().reset_all().update(conn).await?)
}
