//! Phones: the SIP accounts of callshops.

use entity::phone::{Column, Entity, Model};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Page, Scope, bulk};
use base::error::Result;

/// A phone of a callshop inside `scope`.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(scope.owns((Entity, Column::CallshopId))).one(conn).await?)
}

/// The phones of these ids that are inside `scope`.
pub async fn find_all(conn: &impl ConnectionTrait, scope: &Scope, ids: &[Uuid]) -> Result<Vec<Model>> {
    let wanted = bulk::among(conn, Column::Id, ids.iter().copied());
    Ok(Entity::find().filter(wanted).filter(scope.owns((Entity, Column::CallshopId))).all(conn).await?)
}

/// Like [`find`], but locks the phone until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Model>> {
    let owned = scope.owns((Entity, Column::CallshopId));
    Ok(Entity::find_by_id(id).filter(owned).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// Phones by id, locked in id order until the transaction ends. This query does not check the actor's scope: the calling function must have checked
/// access to the objects.
pub async fn lock_all(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    let query =
        Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).order_by_asc(Column::Id);
    Ok(query.lock(LockType::NoKeyUpdate).all(conn).await?)
}

/// Phones by id. This query does not check the actor's scope: the calling function must have checked access to their cabins.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).all(conn).await?)
}

/// A page of a callshop's phones, oldest first.
pub async fn list(conn: &impl ConnectionTrait, callshop_id: Uuid, page: Page) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::CallshopId.eq(callshop_id));
    Ok(page.apply(query, Column::Id).all(conn).await?)
}

/// The number of phones of a callshop.
pub async fn count(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<u64> {
    Ok(Entity::find().filter(Column::CallshopId.eq(callshop_id)).count(conn).await?)
}

/// Inserts phones; `phones` must not be empty.
pub async fn insert(conn: &impl ConnectionTrait, phones: Vec<Model>) -> Result<()> {
    Entity::insert_many(phones.into_iter().map(IntoActiveModel::into_active_model))
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Updates every column of a phone. The calling function must have locked the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, phone: Model) -> Result<Model> {
    Ok(phone.into_active_model().reset_all().update(conn).await?)
}
