//! Deletes old history, and records the time from which history is complete.

use chrono::{DateTime, Utc};
use entity::{activity, activity_head, call, hook_event, setting};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use uuid::Uuid;

use super::partitions::{ACTIVITIES, CALLS, Partition};
use super::{bulk, first_id, parse_stored};
use base::error::Result;

/// Name of the setting that contains the time from which all calls are stored.
const CALLS_KEPT_FROM: &str = "calls_kept_from";

/// The time from which every call is stored; `None` if no call was ever deleted.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn calls_kept_from(conn: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>> {
    let row = setting::Entity::find_by_id(CALLS_KEPT_FROM).one(conn).await?;
    row.map(|row| parse_stored(&row.value, "instant")).transpose()
}

/// Records that calls before `at` may be missing from now on. Call this function before you delete calls.
pub async fn keep_calls_from(conn: &impl ConnectionTrait, at: DateTime<Utc>) -> Result<()> {
    if calls_kept_from(conn).await?.is_some_and(|kept| kept >= at) {
        return Ok(());
    }
    let row = setting::ActiveModel { key: Set(CALLS_KEPT_FROM.to_owned()), value: Set(at.to_rfc3339()) };
    let replace = OnConflict::column(setting::Column::Key).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert(row).on_conflict(replace).exec_without_returning(conn).await?;
    Ok(())
}

/// The time from which calls must be kept regardless of their age, because of unsettled sessions, open shifts and live calls.
pub async fn calls_needed_since(conn: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>> {
    let sql = "SELECT MIN(at) AS at FROM (
            SELECT MIN(opened_at) AS at FROM cabin_session WHERE state IN ('OPEN', 'CLOSING', 'CLOSED')
            UNION ALL SELECT MIN(opened_at) FROM register_shift WHERE closed_at IS NULL
            UNION ALL SELECT MIN(s.opened_at) FROM cabin_session s
                JOIN register_shift r ON r.id = s.settled_shift_id WHERE r.closed_at IS NULL
            UNION ALL SELECT MIN(c.authorized_at) FROM live_call l JOIN call c ON c.id = l.call_id) AS needed";
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get("", "at")).transpose()?.flatten())
}

/// The partitions of the call table that end at or before `cutoff`.
pub async fn old_calls(conn: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<Vec<Partition>> {
    let mut partitions = CALLS.partitions(conn).await?;
    partitions.retain(|partition| partition.end.start() <= cutoff);
    Ok(partitions)
}

/// Deletes at most `limit` calls before `cutoff`, and returns the number of deleted calls. Only SQLite needs this function.
pub async fn delete_calls(conn: &impl ConnectionTrait, cutoff: DateTime<Utc>, limit: u64) -> Result<u64> {
    let old = call::Entity::find().select_only().column(call::Column::Id);
    let old = old.filter(call::Column::Id.lt(first_id(cutoff))).order_by_asc(call::Column::Id).limit(limit);
    let ids: Vec<Uuid> = old.into_tuple().all(conn).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let calls = bulk::among(conn, call::Column::Id, ids.iter().copied());
    Ok(call::Entity::delete_many().filter(calls).exec(conn).await?.rows_affected)
}

/// The partitions of the activity table that end at or before `cutoff`.
pub async fn old_activities(conn: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<Vec<Partition>> {
    let mut partitions = ACTIVITIES.partitions(conn).await?;
    partitions.retain(|partition| partition.end.start() <= cutoff);
    Ok(partitions)
}

/// Each callshop's last `seq` in a partition.
pub async fn last_of_partition(
    conn: &impl ConnectionTrait,
    partition: &Partition,
) -> Result<Vec<(Uuid, i64)>> {
    // reading a month of a large installation may take longer than the statement timeout
    conn.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    let sql = format!(
        "SELECT callshop_id, MAX(seq) AS last FROM {} GROUP BY callshop_id ORDER BY callshop_id",
        partition.name
    );
    let rows = conn.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let read = |row: &sea_orm::QueryResult| Ok((row.try_get("", "callshop_id")?, row.try_get("", "last")?));
    rows.iter().map(read).collect()
}

/// For each callshop, the row with its first stored activity number and its last activity number (`seq`).
pub async fn activity_heads(conn: &impl ConnectionTrait) -> Result<Vec<activity_head::Model>> {
    Ok(activity_head::Entity::find().order_by_asc(activity_head::Column::CallshopId).all(conn).await?)
}

/// The `seq` of the last activity older than `cutoff`. Reads a callshop's first `limit` stored activities and stops at the first newer activity.
pub async fn last_old_activity(
    conn: &impl ConnectionTrait,
    head: &activity_head::Model,
    cutoff: DateTime<Utc>,
    limit: u64,
) -> Result<Option<i64>> {
    let first: Vec<(i64, DateTime<Utc>)> = activity::Entity::find()
        .select_only()
        .columns([activity::Column::Seq, activity::Column::At])
        .filter(activity::Column::CallshopId.eq(head.callshop_id))
        .filter(activity::Column::Seq.gte(head.kept_from))
        .order_by_asc(activity::Column::Seq)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(first.into_iter().take_while(|(_, at)| *at < cutoff).last().map(|(seq, _)| seq))
}

/// Marks a callshop's activities up to `last` as deleted, so that they are no longer shown.
pub async fn forget_activities(conn: &impl ConnectionTrait, callshop_id: Uuid, last: i64) -> Result<()> {
    activity_head::Entity::update_many()
        .col_expr(activity_head::Column::KeptFrom, Expr::value(last + 1))
        .filter(activity_head::Column::CallshopId.eq(callshop_id))
        .filter(activity_head::Column::KeptFrom.lte(last))
        .exec(conn)
        .await?;
    Ok(())
}

/// Deletes a callshop's activities up to `last`. Only SQLite needs this function.
pub async fn delete_activities(conn: &impl ConnectionTrait, callshop_id: Uuid, last: i64) -> Result<()> {
    activity::Entity::delete_many()
        .filter(activity::Column::CallshopId.eq(callshop_id))
        .filter(activity::Column::Seq.lte(last))
        .exec(conn)
        .await?;
    Ok(())
}

/// Keys of at most `limit` hook events that were received before `cutoff`.
pub async fn old_events(
    conn: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<String>> {
    let backend = conn.get_database_backend();
    let sql = match backend {
        // on SQLite, `rowid` follows the order of insertion
        DbBackend::Sqlite => {
            "SELECT eid FROM (SELECT eid, received_at FROM hook_event ORDER BY rowid LIMIT $2) WHERE received_at < $1"
        }
        _ => "SELECT eid FROM hook_event WHERE received_at < $1 LIMIT $2",
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let asked = Statement::from_sql_and_values(backend, sql, [cutoff.into(), limit.into()]);
    let rows = conn.query_all_raw(asked).await?;
    Ok(rows.iter().map(|row| row.try_get("", "eid")).collect::<Result<_, _>>()?)
}

/// Deletes hook events by key.
pub async fn delete_events(conn: &impl ConnectionTrait, eids: &[String]) -> Result<()> {
    let these = bulk::among(conn, hook_event::Column::Eid, eids.iter().cloned());
    hook_event::Entity::delete_many().filter(these).exec(conn).await?;
    Ok(())
}
