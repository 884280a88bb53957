//! Imports of rate decks, which run as jobs.
//!
//! The node that has a job's file runs the job. Each change by a node requires that the job still belongs to this node, so a node that was wrongly
//! considered dead cannot change the job.
//!
//! Some functions change a job in a way that users see. They take the transaction itself, because they announce the change to the job's followers.

use chrono::{DateTime, Utc};
use entity::tariff_import::{Column, Entity, Model};
use entity::{ImportState, RateChangeKind, tariff, tariff_import, tariff_import_change as change};
use sea_orm::sea_query::{Expr, LockType, Order};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, UpdateMany,
};
use serde_json::Value;
use uuid::Uuid;

use super::page::count;
use super::tariffs::{Owners, RatePage};
use super::{Listed, Page, Tx, bulk};
use base::error::Result;

/// States in which a job waits for an upload.
pub const UPLOADS: [ImportState; 2] = [ImportState::Upload, ImportState::UploadAgain];
/// States in which the job cannot continue without the file that a node has.
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

/// A page of a tariff's jobs. The calling function must have checked access to the tariff.
pub async fn list(conn: &impl ConnectionTrait, tariff_id: Uuid, page: Page) -> Result<Listed<Model>> {
    page.read(conn, Entity::find().filter(Column::TariffId.eq(tariff_id)), Column::Id).await
}

/// Number of the tariff's jobs that have not ended.
pub async fn count_open(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<u64> {
    let open = Entity::find().filter(Column::TariffId.eq(tariff_id)).filter(Column::EndedAt.is_null());
    Ok(open.count(conn).await?)
}

/// The ids, states and deadlines of the jobs whose files this node has: first the jobs that have not ended, then the checked jobs. The checked jobs
/// are sorted by the time at which their dry run, or their last start, ended: latest first.
pub async fn held_by(
    conn: &impl ConnectionTrait,
    node: Uuid,
) -> Result<Vec<(Uuid, ImportState, DateTime<Utc>)>> {
    let states = [ImportState::Reading, ImportState::Asks, ImportState::Checked];
    let query = Entity::find().select_only().columns([Column::Id, Column::State, Column::ExpiresAt]);
    let query = query.filter(Column::Node.eq(node)).filter(Column::State.is_in(states));
    // one statement, because a job that changes its state between two statements could be in neither result
    let query = query.order_by_asc(Column::State.eq(ImportState::Checked));
    let query = query.order_by_desc(Column::EndedAt).order_by_desc(Column::Id);
    Ok(query.limit(MAX_FOUND).into_tuple().all(conn).await?)
}

/// Records that a node no longer has the files of these jobs, and deletes the changes that these jobs found. Jobs that are not in the state `CHECKED`
/// stay as they are: somebody may just have started them.
pub async fn forget(tx: &Tx, node: Uuid, ids: &[Uuid]) -> Result<()> {
    let conn = tx.conn();
    ids.iter().for_each(|id| tx.changed(*id));
    let update = Entity::update_many().col_expr(Column::Node, Expr::value(Option::<Uuid>::None));
    let update = update.filter(bulk::among(conn, Column::Id, ids.iter().copied()));
    update.filter(Column::Node.eq(node)).filter(Column::State.eq(ImportState::Checked)).exec(conn).await?;
    // a started job has a node
    let forgotten = Entity::find().select_only().column(Column::Id).filter(Column::Node.is_null());
    let forgotten = forgotten.filter(bulk::among(conn, Column::Id, ids.iter().copied()));
    let these = change::Column::ImportId.in_subquery(forgotten.into_query());
    change::Entity::delete_many().filter(these).exec(conn).await?;
    Ok(())
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

/// Assigns a job to the node that received its file. If the file came with a name, stores the name. Returns false if the job no longer waits for a
/// file.
pub async fn take(tx: &Tx, id: Uuid, (node, name): (Uuid, Option<&str>), now: DateTime<Utc>) -> Result<bool> {
    tx.changed(id);
    let mut taken = Entity::update_many();
    if let Some(name) = name {
        taken = taken.col_expr(Column::FileName, Expr::value(name));
    }
    let taken = taken
        .col_expr(Column::State, Expr::value(ImportState::Reading))
        .col_expr(Column::Node, Expr::value(node))
        .col_expr(Column::HeartbeatAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::State.is_in(UPLOADS))
        .filter(Column::ExpiresAt.gte(now));
    Ok(taken.exec(tx.conn()).await?.rows_affected > 0)
}

/// Updates every column of a job. The calling function must have locked the row in this transaction.
pub async fn update(tx: &Tx, job: Model) -> Result<Model> {
    tx.changed(job.id);
    Ok(job.into_active_model().reset_all().update(tx.conn()).await?)
}

/// Records a heartbeat of the node for these jobs.
pub async fn beat(conn: &impl ConnectionTrait, node: Uuid, ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    let beat = Entity::update_many().col_expr(Column::HeartbeatAt, Expr::value(now));
    let beat = beat.filter(bulk::among(conn, Column::Id, ids.iter().copied()));
    beat.filter(Column::Node.eq(node)).exec(conn).await?;
    Ok(())
}

/// Records the number of rates written so far and the number of rates to write.
pub async fn progress(
    tx: &Tx,
    (id, node): (Uuid, Uuid),
    (read, total): (i64, i64),
    now: DateTime<Utc>,
) -> Result<()> {
    tx.changed(id);
    let update = of_node(id, node)
        .col_expr(Column::RowsRead, Expr::value(read))
        .col_expr(Column::RowsTotal, Expr::value(total))
        .col_expr(Column::HeartbeatAt, Expr::value(now))
        .filter(Column::State.eq(ImportState::Reading));
    update.exec(tx.conn()).await?;
    Ok(())
}

/// What a job's work made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The new version; for an import by date, the last of the new versions.
    pub version_id: Uuid,
    /// The ids of all versions of an import by date; `None` for other imports.
    pub scheduled: Option<Value>,
    /// Number of rates of the new version.
    pub rows: i64,
    /// The findings about the file.
    pub report: Value,
    /// Why the version stays a draft although it was to take effect; `None` if it took effect, or was to stay a draft.
    pub error: Option<Value>,
}

/// Records what a job's work made, in the transaction that inserts the version. Returns false if the job already has a version, was canceled, or no
/// longer belongs to the node because the node was considered dead.
pub async fn made(tx: &Tx, (id, node): (Uuid, Uuid), made: Made) -> Result<bool> {
    tx.changed(id);
    let update = of_node(id, node)
        .col_expr(Column::VersionId, Expr::value(made.version_id))
        .col_expr(Column::Scheduled, Expr::value(made.scheduled))
        .col_expr(Column::RowsRead, Expr::value(made.rows))
        .col_expr(Column::RowsTotal, Expr::value(made.rows))
        .col_expr(Column::Report, Expr::value(made.report))
        .col_expr(Column::Error, Expr::value(made.error))
        .filter(Column::VersionId.is_null())
        .filter(Column::State.eq(ImportState::Reading));
    Ok(update.exec(tx.conn()).await?.rows_affected > 0)
}

/// Stores the changes that a dry run found.
pub async fn insert_changes(conn: &impl ConnectionTrait, changes: &[change::Model]) -> Result<()> {
    bulk::insert::<change::Entity>(conn, changes, "").await
}

/// Deletes the changes that these jobs found in their dry runs.
pub async fn delete_changes(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<()> {
    let these = bulk::among(conn, change::Column::ImportId, ids.iter().copied());
    change::Entity::delete_many().filter(these).exec(conn).await?;
    Ok(())
}

/// A page of the changes that a dry run found, sorted by prefix. The calling function must have checked access to the job.
pub async fn changes(
    conn: &impl ConnectionTrait,
    import_id: Uuid,
    kind: Option<RateChangeKind>,
    page: RatePage,
) -> Result<Listed<change::Model>> {
    let mut query = change::Entity::find().filter(change::Column::ImportId.eq(import_id));
    if let Some(kind) = kind {
        query = query.filter(change::Column::Kind.eq(kind));
    }
    let total = if page.counted { Some(count(conn, &query).await?) } else { None };
    if let Some(after) = page.after {
        query = query.filter(change::Column::Prefix.gt(after));
    }
    if let Some(before) = page.before {
        query = query.filter(change::Column::Prefix.lt(before));
    }
    let order = if page.descending { Order::Desc } else { Order::Asc };
    let rows = query.order_by(change::Column::Prefix, order).limit(page.limit).all(conn).await?;
    Ok(Listed { rows, total })
}

/// Deletes at most `limit` jobs that ended before `before`, with their changes. Returns the number of deleted jobs.
pub async fn delete_ended(conn: &impl ConnectionTrait, before: DateTime<Utc>, limit: u64) -> Result<u64> {
    let old = Entity::find().select_only().column(Column::Id).filter(Column::EndedAt.lt(before));
    let ids: Vec<Uuid> = old.limit(limit).into_tuple().all(conn).await?;
    delete_changes(conn, &ids).await?;
    let these = bulk::among(conn, Column::Id, ids.iter().copied());
    Ok(Entity::delete_many().filter(these).exec(conn).await?.rows_affected)
}
