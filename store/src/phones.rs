//! Phones: the SIP accounts of callshops.

use entity::phone::{Column, Entity, Model};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::sorted::{Key, Slice, SortedPage, in_order, sortable};
use super::{Listed, Page, Scope, bulk};
use base::error::Result;

/// A phone of a callshop inside `scope`.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Model>> {
    scope.find::<Entity>(conn, id, Column::CallshopId).await
}

/// The phones with these ids that are inside `scope`.
pub async fn find_all(conn: &impl ConnectionTrait, scope: &Scope, ids: &[Uuid]) -> Result<Vec<Model>> {
    scope.find_all::<Entity>(conn, ids, (Column::Id, Column::CallshopId)).await
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

/// Phones by id. This query does not check the actor's scope: the calling function must have checked access to the phones' cabins.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).all(conn).await?)
}

/// A page of a callshop's phones that `matches` accepts. The sort key is the label. The number of a callshop's phones is limited at creation, so
/// phones are searched and sorted in memory.
pub async fn list(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    matches: Option<&(dyn Fn(&Model) -> bool + Sync)>,
    slice: &Slice,
) -> Result<Listed<Model>> {
    let all = Entity::find().filter(Column::CallshopId.eq(callshop_id));
    if let (None, Slice::Created(page)) = (matches, slice) {
        return page.read(conn, all, Column::Id).await;
    }
    let mut found = all.order_by_asc(Column::Id).all(conn).await?;
    if let Some(matches) = matches {
        found.retain(|phone| matches(phone));
    }
    let total = sortable(found.len())?;
    let place = |phone: &Model| match slice {
        Slice::Created(_) => (Key::Amount(0), phone.id),
        Slice::Sorted(_) => (Key::name(&phone.label), phone.id),
    };
    let page = match slice.clone() {
        Slice::Sorted(page) => page,
        Slice::Created(Page { above, below, limit, descending, .. }) => {
            let bound = |id: Uuid| (Key::Amount(0), id);
            SortedPage { above: above.map(bound), below: below.map(bound), limit, descending }
        }
    };
    let ids = page.cut(found.iter().map(place).collect());
    Ok(Listed { rows: in_order(&ids, found, |phone| phone.id), total: Some(total) })
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
