//! Activity rows and their numbering; the lock that migrations take.

use std::collections::BTreeMap;

use entity::{activity, activity_head};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, TransactionTrait,
};
use uuid::Uuid;

use super::NewActivity;
use crate::error::{Error, Result};

/// Key of the advisory lock that one migrating node holds on PostgreSQL.
const MIGRATION_LOCK: i64 = 0x0063_616c_6c73_686f;

/// Numbers and inserts what a transaction emitted, callshops in id order.
///
/// # Errors
/// Those of the database.
pub async fn append(conn: &DatabaseTransaction, pending: Vec<NewActivity>) -> Result<Vec<activity::Model>> {
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let mut heads: BTreeMap<Uuid, i64> = BTreeMap::new();
    for new in &pending {
        heads.entry(new.callshop_id).or_insert(0);
    }
    let ids: Vec<Uuid> = heads.keys().copied().collect();
    let rows = activity_head::Entity::find()
        .filter(activity_head::Column::CallshopId.is_in(ids))
        .order_by_asc(activity_head::Column::CallshopId)
        .lock_exclusive()
        .all(conn)
        .await?;
    heads.extend(rows.into_iter().map(|row| (row.callshop_id, row.seq)));
    let mut models = Vec::with_capacity(pending.len());
    for new in pending {
        let head = heads.entry(new.callshop_id).or_insert(0);
        *head += 1;
        models.push(activity::Model {
            callshop_id: new.callshop_id,
            seq: *head,
            at: new.at,
            kind: new.kind,
            cabin_id: new.cabin_id,
            session_id: new.session_id,
            call_id: new.call_id,
            payload: new.payload,
        });
    }
    let rows = models.iter().cloned().map(activity::ActiveModel::from);
    activity::Entity::insert_many(rows.map(sea_orm::IntoActiveModel::into_active_model))
        .exec_without_returning(conn)
        .await?;
    let heads =
        heads.into_iter().map(|(id, seq)| activity_head::ActiveModel { callshop_id: Set(id), seq: Set(seq) });
    activity_head::Entity::insert_many(heads)
        .on_conflict(
            sea_orm::sea_query::OnConflict::column(activity_head::Column::CallshopId)
                .update_column(activity_head::Column::Seq)
                .to_owned(),
        )
        .exec_without_returning(conn)
        .await?;
    Ok(models)
}

/// The last `seq` of a callshop, 0 before the first activity.
///
/// # Errors
/// Those of the database.
pub async fn head(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<i64> {
    Ok(activity_head::Entity::find_by_id(callshop_id).one(conn).await?.map_or(0, |row| row.seq))
}

/// The first `seq` still kept of a callshop; none when nothing is.
///
/// # Errors
/// Those of the database.
pub async fn first_kept(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<Option<i64>> {
    let row = activity::Entity::find()
        .filter(activity::Column::CallshopId.eq(callshop_id))
        .order_by_asc(activity::Column::Seq)
        .one(conn)
        .await?;
    Ok(row.map(|row| row.seq))
}

/// At most `limit` activities after `seq`, in order.
///
/// # Errors
/// Those of the database.
pub async fn after(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    seq: i64,
    limit: u64,
) -> Result<Vec<activity::Model>> {
    Ok(activity::Entity::find()
        .filter(activity::Column::CallshopId.eq(callshop_id))
        .filter(activity::Column::Seq.gt(seq))
        .order_by_asc(activity::Column::Seq)
        .limit(limit)
        .all(conn)
        .await?)
}

/// Takes the lock that keeps nodes which start together from migrating together. Held until released.
///
/// # Errors
/// Those of the database.
pub async fn migration_lock(conn: &DatabaseConnection) -> Result<Option<DatabaseTransaction>> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let transaction = conn.begin().await?;
    transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    Ok(Some(transaction))
}

/// Gives the migration lock back.
///
/// # Errors
/// Those of the database.
pub async fn release_migration_lock(lock: Option<DatabaseTransaction>) -> Result<()> {
    match lock {
        Some(transaction) => transaction.commit().await.map_err(Error::from),
        None => Ok(()),
    }
}
