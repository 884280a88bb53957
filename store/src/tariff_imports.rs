//! Imports of rate decks, which run as jobs.
//!
//! The node that has a job's file runs the job. Each change by a node requires that the job still belongs to this node, so a node that was wrongly
//! considered dead cannot change the job.

use chrono::{DateTime, Utc};
use entity::ImportState;
use entity::tariff_import::{Column, Entity, Model};
use entity::{tariff, tariff_import};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QuerySelect as _, UpdateMany,
};
use uuid::Uuid;

use super::bulk;
use super::tariffs::Owners;
use base::error::Result;

/// States in which a job waits for an upload.
pub const UPLOADS: [ImportState; 2] = [ImportState::Upload, ImportState::UploadAgain];
/// States in which a node has the file.
pub const HELD: [ImportState; 2] = [ImportState::Reading, ImportState::Asks];
/// States in which a job waits for a user.
pub const WAITS: [ImportState; 3] = [ImportState::Upload, ImportState::UploadAgain, ImportState::Asks];
/// Maximum number of jobs that one query returns.
const MAX_FOUND: u64 = 1_000;

/// Inserts a job.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn insert(conn: &impl ConnectionTrait, job: Model) -> Result<()> {
    Entity::insert(job.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// A job whose tariff belongs to one of `owners`, together with the tariff.
pub async fn find(
    conn: &impl ConnectionTrait,
    owners: &Owners,
    id: Uuid,
) -> Result<Option<(tariff::Model, Model)>> {
    let query = Entity::find_by_id(id).find_also_related(tariff::Entity).filter(owners.condition());
    Ok(query.one(conn).await?.and_then(|(job, tariff)| Some((tariff?, job))))
}

/// A job by id. This query does not check the actor's scope: the calling function must have checked access to the job.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(conn).await?)
}

/// Like [`by_id`], but locks the job until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// Number of the tariff's jobs that have not ended.
pub async fn count_open(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<u64> {
    let open = Entity::find().filter(Column::TariffId.eq(tariff_id)).filter(Column::EndedAt.is_null());
    Ok(open.count(conn).await?)
}

/// The ids and states of the jobs whose files this node has.
pub async fn held_by(conn: &impl ConnectionTrait, node: Uuid) -> Result<Vec<(Uuid, ImportState)>> {
    let query = Entity::find().select_only().columns([Column::Id, Column::State]);
    let query = query.filter(Column::Node.eq(node)).filter(Column::EndedAt.is_null());
    Ok(query.filter(Column::State.is_in(HELD)).limit(MAX_FOUND).into_tuple().all(conn).await?)
}

/// Jobs whose node has recorded no heartbeat since `before`.
pub async fn orphans(conn: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::State.is_in(HELD)).filter(Column::EndedAt.is_null());
    Ok(query.filter(Column::HeartbeatAt.lt(before)).limit(MAX_FOUND).all(conn).await?)
}

/// The ids of the jobs that have waited for a user for too long.
pub async fn expired(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::EndedAt.is_null());
    let query = query.filter(Column::State.is_in(WAITS)).filter(Column::ExpiresAt.lt(now));
    Ok(query.limit(MAX_FOUND).into_tuple().all(conn).await?)
}

fn of_node(id: Uuid, node: Uuid) -> UpdateMany<tariff_import::Entity> {
    Entity::update_many().filter(Column::Id.eq(id)).filter(Column::Node.eq(node))
}

/// Assigns a job to the node that received its file. Returns false if the job no longer waits for a file.
pub async fn take(conn: &impl ConnectionTrait, id: Uuid, node: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let taken = Entity::update_many()
        .col_expr(Column::State, Expr::value(ImportState::Reading))
        .col_expr(Column::Node, Expr::value(node))
        .col_expr(Column::HeartbeatAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::State.is_in(UPLOADS))
        .filter(Column::ExpiresAt.gte(now));
    Ok(taken.exec(conn).await?.rows_affected > 0)
}

/// Updates every column of a job. The calling function must have locked the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, job: Model) -> Result<Model> {
    Ok(job.into_active_model().reset_all().update(conn).await?)
}

/// Records a heartbeat of the node for these jobs.
pub async fn beat(conn: &impl ConnectionTrait, node: Uuid, ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    let beat = Entity::update_many().col_expr(Column::HeartbeatAt, Expr::value(now));
    let beat = beat.filter(bulk::among(conn, Column::Id, ids.iter().copied()));
    beat.filter(Column::Node.eq(node)).filter(Column::State.is_in(HELD)).exec(conn).await?;
    Ok(())
}

/// Records the number of rates written so far and the number of rates to write.
pub async fn progress(
    conn: &impl ConnectionTrait,
    (id, node): (Uuid, Uuid),
    (read, total): (i64, i64),
    now: DateTime<Utc>,
) -> Result<()> {
    let update = of_node(id, node)
        .col_expr(Column::RowsRead, Expr::value(read))
        .col_expr(Column::RowsTotal, Expr::value(total))
        .col_expr(Column::HeartbeatAt, Expr::value(now))
        .filter(Column::State.eq(ImportState::Reading));
    update.exec(conn).await?;
    Ok(())
}

/// Records the job's version, in the transaction that inserts the version. Returns false if the job already has a version, was canceled, or no longer
/// belongs to the node because the node was considered dead.
pub async fn made(
    conn: &impl ConnectionTrait,
    (id, node): (Uuid, Uuid),
    version_id: Uuid,
    rows: i64,
) -> Result<bool> {
    let update = of_node(id, node)
        .col_expr(Column::VersionId, Expr::value(version_id))
        .col_expr(Column::RowsRead, Expr::value(rows))
        .col_expr(Column::RowsTotal, Expr::value(rows))
        .filter(Column::VersionId.is_null())
        .filter(Column::State.eq(ImportState::Reading));
    Ok(update.exec(conn).await?.rows_affected > 0)
}

/// Deletes at most `limit` jobs that ended before `before`. Returns the number of deleted jobs.
pub async fn delete_ended(conn: &impl ConnectionTrait, before: DateTime<Utc>, limit: u64) -> Result<u64> {
    let old = Entity::find().select_only().column(Column::Id).filter(Column::EndedAt.lt(before));
    let ids: Vec<Uuid> = old.limit(limit).into_tuple().all(conn).await?;
    let these = bulk::among(conn, Column::Id, ids.iter().copied());
    Ok(Entity::delete_many().filter(these).exec(conn).await?.rows_affected)
}
