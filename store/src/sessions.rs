//! Cabin sessions, their payments and items, and the calls on their statements.

use std::collections::HashMap;

use entity::{
    CallState, ItemKind, Micros, SessionState, WordKind, cabin_session, call, live_call, payment,
    session_item,
};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Scope, bulk, search};
use base::error::Result;

/// States of a session that occupies its cabin.
const OCCUPYING: [SessionState; 2] = [SessionState::Open, SessionState::Closing];

/// A session of a callshop inside `scope`.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<cabin_session::Model>> {
    scope.find::<cabin_session::Entity>(conn, id, cabin_session::Column::CallshopId).await
}

/// The sessions with these ids that are inside `scope`.
pub async fn find_all(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    ids: &[Uuid],
) -> Result<Vec<cabin_session::Model>> {
    use cabin_session::Column;
    scope.find_all::<cabin_session::Entity>(conn, ids, (Column::Id, Column::CallshopId)).await
}

/// A session, locked until the transaction ends. This query does not check the actor's scope: the calling function must have checked access, or must
/// have taken the id from the row of a call.
pub async fn lock(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<cabin_session::Model>> {
    Ok(cabin_session::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// Sessions to which calls refer, locked in id order until the transaction ends. Ignores scopes.
pub async fn lock_all(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<cabin_session::Model>> {
    let query = cabin_session::Entity::find().filter(bulk::among(
        conn,
        cabin_session::Column::Id,
        ids.iter().copied(),
    ));
    Ok(query.order_by_asc(cabin_session::Column::Id).lock(LockType::NoKeyUpdate).all(conn).await?)
}

/// The open or closing session that occupies a cabin.
pub async fn occupying(conn: &impl ConnectionTrait, cabin_id: Uuid) -> Result<Option<cabin_session::Model>> {
    Ok(all_occupying(conn, &[cabin_id]).await?.remove(&cabin_id))
}

/// The sessions that occupy cabins, by cabin.
pub async fn all_occupying(
    conn: &impl ConnectionTrait,
    cabins: &[Uuid],
) -> Result<HashMap<Uuid, cabin_session::Model>> {
    let rows = cabin_session::Entity::find()
        .filter(bulk::among(conn, cabin_session::Column::CabinId, cabins.iter().copied()))
        .filter(cabin_session::Column::State.is_in(OCCUPYING))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.cabin_id, row)).collect())
}

/// At most `limit` sessions of a callshop that are neither paid nor voided, oldest first, locked until the transaction ends.
pub async fn lock_unsettled(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    limit: u64,
) -> Result<Vec<cabin_session::Model>> {
    Ok(unsettled_query(callshop_id).limit(limit).lock(LockType::NoKeyUpdate).all(conn).await?)
}

/// Like [`lock_unsettled`], but without locks.
pub async fn unsettled(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    limit: u64,
) -> Result<Vec<cabin_session::Model>> {
    Ok(unsettled_query(callshop_id).limit(limit).all(conn).await?)
}

fn unsettled_query(callshop_id: Uuid) -> sea_orm::Select<cabin_session::Entity> {
    cabin_session::Entity::find()
        .filter(cabin_session::Column::CallshopId.eq(callshop_id))
        .filter(cabin_session::Column::State.is_in([
            SessionState::Open,
            SessionState::Closing,
            SessionState::Closed,
        ]))
        .order_by_asc(cabin_session::Column::Id)
}

/// Inserts a session, and the words of the customer's name.
pub async fn insert(conn: &impl ConnectionTrait, session: cabin_session::Model) -> Result<()> {
    cabin_session::Entity::insert(session.clone().into_active_model()).exec_without_returning(conn).await?;
    let customer = (session.id, session.customer.as_str());
    search::insert(conn, WordKind::Session, &[session.callshop_id], customer).await
}

/// Updates every column of a session. The calling function must have locked the row in this transaction.
pub async fn update(
    conn: &impl ConnectionTrait,
    session: cabin_session::Model,
) -> Result<cabin_session::Model> {
    Ok(session.into_active_model().reset_all().update(conn).await?)
}

/// Records that the warning about a nearly used-up deposit has been sent for each of these sessions. The calling function must have locked the
/// sessions in this transaction.
pub async fn mark_deposit_low(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<()> {
    if !ids.is_empty() {
        cabin_session::Entity::update_many()
            .col_expr(cabin_session::Column::DepositLow, Expr::value(true))
            .filter(bulk::among(conn, cabin_session::Column::Id, ids.iter().copied()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// Inserts the payments of a settlement.
pub async fn insert_payments(conn: &impl ConnectionTrait, payments: Vec<payment::Model>) -> Result<()> {
    if !payments.is_empty() {
        let rows = payments.into_iter().map(IntoActiveModel::into_active_model);
        payment::Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// The payments of a session, oldest first.
pub async fn payments(conn: &impl ConnectionTrait, session_id: Uuid) -> Result<Vec<payment::Model>> {
    let query = payment::Entity::find().filter(payment::Column::SessionId.eq(session_id));
    Ok(query.order_by_asc(payment::Column::Id).all(conn).await?)
}

/// For each session, the sum of its items and the sum of its discounts.
pub async fn item_totals(
    conn: &impl ConnectionTrait,
    sessions: &[Uuid],
) -> Result<Vec<(Uuid, ItemKind, Micros)>> {
    // SUM of BIGINT is NUMERIC on PostgreSQL
    let sum = Expr::cust("CAST(SUM(\"quantity\" * \"unit_price\") AS BIGINT)");
    let query = session_item::Entity::find()
        .select_only()
        .column(session_item::Column::SessionId)
        .column(session_item::Column::Kind)
        .column_as(sum, "sum")
        .filter(bulk::among(conn, session_item::Column::SessionId, sessions.iter().copied()))
        .group_by(session_item::Column::SessionId)
        .group_by(session_item::Column::Kind);
    Ok(query.into_tuple().all(conn).await?)
}

/// The sessions with these ids. This query has no scope: the calling function must have found the ids in rows that the actor may see.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<cabin_session::Model>> {
    let wanted = bulk::among(conn, cabin_session::Column::Id, ids.iter().copied());
    Ok(cabin_session::Entity::find().filter(wanted).all(conn).await?)
}

/// At most `limit` closed, unpaid sessions of a callshop, oldest first.
pub async fn unpaid(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    limit: u64,
) -> Result<Vec<cabin_session::Model>> {
    let query = cabin_session::Entity::find()
        .filter(cabin_session::Column::CallshopId.eq(callshop_id))
        .filter(cabin_session::Column::State.eq(SessionState::Closed));
    Ok(query.order_by_asc(cabin_session::Column::Id).limit(limit).all(conn).await?)
}

/// Inserts an item or a discount.
pub async fn insert_item(conn: &impl ConnectionTrait, item: session_item::Model) -> Result<()> {
    session_item::Entity::insert(item.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of an item. The calling function must have locked the item's session in this transaction.
pub async fn update_item(conn: &impl ConnectionTrait, item: session_item::Model) -> Result<()> {
    item.into_active_model().reset_all().update(conn).await?;
    Ok(())
}

/// An item or discount of a session, even if it was removed from the bill.
pub async fn item(
    conn: &impl ConnectionTrait,
    session_id: Uuid,
    id: Uuid,
) -> Result<Option<session_item::Model>> {
    let query = session_item::Entity::find_by_id(id);
    Ok(query.filter(session_item::Column::SessionId.eq(session_id)).one(conn).await?)
}

/// At most `limit` items and discounts on a session's bill, in the order they were added. Removed items are omitted.
pub async fn items(
    conn: &impl ConnectionTrait,
    session_id: Uuid,
    limit: u64,
) -> Result<Vec<session_item::Model>> {
    Ok(session_item::Entity::find()
        .filter(session_item::Column::SessionId.eq(session_id))
        .filter(session_item::Column::RemovedAt.is_null())
        .order_by_asc(session_item::Column::Id)
        .limit(limit)
        .all(conn)
        .await?)
}

/// Sum of the charges of a session's answered calls that are over.
pub async fn calls_total(conn: &impl ConnectionTrait, session_id: Uuid) -> Result<entity::Micros> {
    let sum: Option<Option<entity::Micros>> = call::Entity::find()
        .select_only()
        // SUM of BIGINT is NUMERIC on PostgreSQL
        .column_as(call::Column::Charge.sum().cast_as("BIGINT"), "amount")
        .filter(call::Column::SessionId.eq(session_id))
        .filter(call::Column::State.eq(CallState::Ended))
        .filter(call::Column::AnsweredAt.is_not_null())
        .into_tuple()
        .one(conn)
        .await?;
    Ok(sum.flatten().unwrap_or_default())
}

/// At most `limit` calls of a session that were answered and are over, oldest first.
pub async fn billed_calls(
    conn: &impl ConnectionTrait,
    session_id: Uuid,
    limit: u64,
) -> Result<Vec<call::Model>> {
    Ok(call::Entity::find()
        .filter(call::Column::SessionId.eq(session_id))
        .filter(call::Column::State.eq(CallState::Ended))
        .filter(call::Column::AnsweredAt.is_not_null())
        .order_by_asc(call::Column::Id)
        .limit(limit)
        .all(conn)
        .await?)
}

/// The number of a session's allowed calls, including live calls.
pub async fn allowed_calls(conn: &impl ConnectionTrait, session_id: Uuid) -> Result<u64> {
    let query = call::Entity::find().filter(call::Column::SessionId.eq(session_id));
    Ok(query.filter(call::Column::State.ne(CallState::Refused)).count(conn).await?)
}

/// The live calls of a session.
pub async fn live_calls(conn: &impl ConnectionTrait, session_id: Uuid) -> Result<Vec<Uuid>> {
    live_where(conn, live_call::Column::SessionId, session_id).await
}

/// The live call of a phone, if any. The table's unique index allows only one live call per phone, apart from emergency calls.
pub async fn live_call_of_phone(conn: &impl ConnectionTrait, phone_id: Uuid) -> Result<Option<Uuid>> {
    Ok(live_where(conn, live_call::Column::PhoneId, phone_id).await?.pop())
}

async fn live_where(conn: &impl ConnectionTrait, column: live_call::Column, id: Uuid) -> Result<Vec<Uuid>> {
    let query =
        live_call::Entity::find().select_only().column(live_call::Column::CallId).filter(column.eq(id));
    Ok(query.into_tuple().all(conn).await?)
}

/// The number of live calls in each given cabin of the given callshops; cabins without live calls are omitted.
pub async fn live_calls_by_cabin(
    conn: &impl ConnectionTrait,
    callshops: &[Uuid],
    cabins: &[Uuid],
) -> Result<HashMap<Uuid, usize>> {
    let live: Vec<Option<Uuid>> = live_call::Entity::find()
        .select_only()
        .column(live_call::Column::CabinId)
        .filter(bulk::among(conn, live_call::Column::CallshopId, callshops.iter().copied()))
        .filter(bulk::among(conn, live_call::Column::CabinId, cabins.iter().copied()))
        .into_tuple()
        .all(conn)
        .await?;
    let mut counts = HashMap::new();
    for cabin in live.into_iter().flatten() {
        *counts.entry(cabin).or_default() += 1;
    }
    Ok(counts)
}
