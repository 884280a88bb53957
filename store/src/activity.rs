//! Activity events and their numbering, and the migration lock.

use std::collections::BTreeMap;

use entity::{ActivityKind, activity, activity_head, cabin};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement, TransactionTrait,
};
use uuid::Uuid;

use super::{NewActivity, bulk};
use base::error::{Error, Result};

/// Key of the advisory lock that the migrating node holds on PostgreSQL.
const MIGRATION_LOCK: i64 = 0x0063_616c_6c73_686f;

/// Maximum number of callshops in a statement that reads their last activity numbers. SQLite allows 32,766 parameters.
const HEADS: usize = 16_384;

/// Maximum number of positions in a statement that reads the kinds of activities.
const POSITIONS: usize = 64;

/// Numbers and inserts the events that a transaction emitted. Locks the rows with the callshops' last numbers (`activity_head`) in id order.
///
/// # Errors
/// May fail with database errors.
pub async fn append(conn: &impl ConnectionTrait, pending: Vec<NewActivity>) -> Result<Vec<activity::Model>> {
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let mut counts: BTreeMap<Uuid, i64> = BTreeMap::new();
    for new in &pending {
        *counts.entry(new.callshop_id).or_insert(0) += 1;
    }
    let head = |(callshop_id, seq): (&Uuid, &i64)| activity_head::Model {
        callshop_id: *callshop_id,
        seq: *seq,
        kept_from: 1,
    };
    let heads: Vec<activity_head::Model> = counts.iter().map(head).collect();
    // at first, `seq` is an offset (zero or negative) from the callshop's new last number, which is known only after `activity_head` has been
    // updated
    let row = |new: NewActivity| {
        let left = counts.entry(new.callshop_id).or_insert(0);
        *left -= 1;
        activity::Model {
            callshop_id: new.callshop_id,
            seq: -*left,
            at: new.at,
            kind: new.kind,
            cabin_id: new.cabin_id,
            session_id: new.session_id,
            call_id: new.call_id,
            payload: new.payload,
        }
    };
    let mut models: Vec<activity::Model> = pending.into_iter().map(row).collect();
    let there = match conn.get_database_backend() {
        DbBackend::Postgres => numbered_there(&heads, &models)?,
        _ => None,
    };
    let numbered = there.is_some();
    let moved = match there {
        Some(statement) => conn.query_all_raw(statement).await?,
        None => bulk::insert_returning::<activity_head::Entity>(conn, &heads, ADVANCE).await?,
    };
    let mut reached: BTreeMap<Uuid, i64> = BTreeMap::new();
    for head in moved {
        reached.insert(head.try_get("", "callshop_id")?, head.try_get("", "seq")?);
    }
    for model in &mut models {
        let head = reached.get(&model.callshop_id);
        model.seq += head.ok_or_else(|| Error::fault("the activity head of a callshop was not updated"))?;
    }
    if !numbered {
        bulk::insert::<activity::Entity>(conn, &models, "").await?;
    }
    Ok(models)
}

/// Adds the `seq` of the inserted row to the callshop's last activity number, and returns the new number.
const ADVANCE: &str = "ON CONFLICT (callshop_id) DO UPDATE SET seq = activity_head.seq + excluded.seq RETURNING callshop_id, seq";

/// A PostgreSQL statement that increases the last activity numbers and inserts the activities in one round trip; `None` if the rows do not fit into
/// one statement. The statement returns the same rows as [`ADVANCE`].
fn numbered_there(heads: &[activity_head::Model], models: &[activity::Model]) -> Result<Option<Statement>> {
    let backend = DbBackend::Postgres;
    let mut parts = bulk::inserts::<activity_head::Entity>(backend, heads, ADVANCE)?;
    let seq = (activity::Column::Seq, "s1.seq + v.\"seq\"");
    let joined = "JOIN s1 ON s1.callshop_id = v.\"callshop_id\"";
    parts.extend(bulk::inserts_computed::<activity::Entity>(backend, models, Some(seq), joined)?);
    if parts.len() != 2 {
        return Ok(None);
    }
    parts.push(Statement::from_string(backend, "SELECT callshop_id, seq FROM s1"));
    Ok(Some(bulk::combined(backend, parts)))
}

/// The last activity number (`seq`) of a callshop; 0 before its first activity.
///
/// # Errors
/// May fail with database errors.
pub async fn head(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<i64> {
    Ok(activity_head::Entity::find_by_id(callshop_id).one(conn).await?.map_or(0, |row| row.seq))
}

/// The last activity number (`seq`) of a cabin's callshop; `None` if there is no such cabin, or if its callshop has no activity.
///
/// # Errors
/// May fail with database errors.
pub async fn head_of_cabin(conn: &impl ConnectionTrait, cabin_id: Uuid) -> Result<Option<i64>> {
    let callshop = cabin::Entity::find_by_id(cabin_id).select_only().column(cabin::Column::CallshopId);
    let query = activity_head::Entity::find()
        .select_only()
        .column(activity_head::Column::Seq)
        .filter(activity_head::Column::CallshopId.in_subquery(callshop.into_query()));
    Ok(query.into_tuple().one(conn).await?)
}

/// The last activity number (`seq`) of each of these callshops; callshops without activities are omitted.
///
/// # Errors
/// May fail with database errors.
pub async fn heads(conn: &impl ConnectionTrait, callshops: Vec<Uuid>) -> Result<Vec<(Uuid, i64)>> {
    let mut heads = Vec::with_capacity(callshops.len());
    for some in callshops.chunks(HEADS) {
        let among = bulk::among(conn, activity_head::Column::CallshopId, some.iter().copied());
        let rows = activity_head::Entity::find().filter(among).all(conn).await?;
        heads.extend(rows.into_iter().map(|row| (row.callshop_id, row.seq)));
    }
    Ok(heads)
}

/// The activity number (`seq`) from which a callshop's activities are stored. There might be no activity with this number yet. `None` before the
/// callshop's first activity.
///
/// # Errors
/// May fail with database errors.
pub async fn first_kept(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<Option<i64>> {
    Ok(activity_head::Entity::find_by_id(callshop_id).one(conn).await?.map(|row| row.kept_from))
}

/// Returns at most `limit` activities after `seq`, in order.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the activity after `seq` was deleted. May also fail with database errors.
pub async fn after(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    seq: i64,
    limit: u64,
) -> Result<Vec<activity::Model>> {
    let rows = activity::Entity::find()
        .filter(activity::Column::CallshopId.eq(callshop_id))
        .filter(activity::Column::Seq.gt(seq))
        .order_by_asc(activity::Column::Seq)
        .limit(limit)
        .all(conn)
        .await?;
    // readers expect numbers without gaps, so a reader must not silently skip an activity that has just been deleted
    if rows.first().is_some_and(|first| first.seq != seq + 1) {
        return Err(Error::invalid(
            "after",
            "The events after this cursor were deleted; start again without a cursor.",
        ));
    }
    Ok(rows)
}

/// Numbers and kinds of the activities after each of these positions (callshop and `seq`), sorted by callshop and number. Returns at most `each`
/// activities for a position.
///
/// # Errors
/// May fail with database errors.
pub async fn kinds_after(
    conn: &impl ConnectionTrait,
    positions: &[(Uuid, i64)],
    each: i64,
) -> Result<Vec<(Uuid, i64, ActivityKind)>> {
    let mut found = Vec::new();
    for some in positions.chunks(POSITIONS) {
        let wanted = some.iter().fold(Condition::any(), |any, (shop, seq)| {
            let one = Condition::all()
                .add(activity::Column::CallshopId.eq(*shop))
                .add(activity::Column::Seq.gt(*seq))
                .add(activity::Column::Seq.lte(seq.saturating_add(each)));
            any.add(one)
        });
        let query = activity::Entity::find()
            .select_only()
            .columns([activity::Column::CallshopId, activity::Column::Seq, activity::Column::Kind])
            .filter(wanted)
            .order_by_asc(activity::Column::CallshopId)
            .order_by_asc(activity::Column::Seq);
        let rows: Vec<(Uuid, i64, ActivityKind)> = query.into_tuple().all(conn).await?;
        found.extend(rows);
    }
    Ok(found)
}

/// One activity; `None` if it was deleted.
///
/// # Errors
/// May fail with database errors.
pub async fn one(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    seq: i64,
) -> Result<Option<activity::Model>> {
    let query = activity::Entity::find()
        .filter(activity::Column::CallshopId.eq(callshop_id))
        .filter(activity::Column::Seq.eq(seq));
    Ok(query.one(conn).await?)
}

/// Takes the lock that prevents nodes from migrating at the same time. The lock is held until [`release_migration_lock`]. Returns `None` on SQLite.
///
/// # Errors
/// May fail with database errors.
pub async fn migration_lock(conn: &DatabaseConnection) -> Result<Option<DatabaseTransaction>> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let transaction = conn.begin().await?;
    // the lock's transaction has no timeouts: it waits for another node's migration, and then stays idle during this node's migration
    for setting in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
        transaction.execute_unprepared(&format!("SET LOCAL {setting} = 0")).await?;
    }
    transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    Ok(Some(transaction))
}

/// Releases the migration lock.
///
/// # Errors
/// May fail with database errors.
pub async fn release_migration_lock(lock: Option<DatabaseTransaction>) -> Result<()> {
    match lock {
        Some(transaction) => transaction.commit().await.map_err(Error::from),
        None => Ok(()),
    }
}
