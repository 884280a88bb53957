//! The positions of webhooks in the callshops' activities, and the leases of the nodes that deliver the events after these positions.

use chrono::{DateTime, TimeDelta, Utc};
use entity::webhook_cursor as cursor;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Statement,
};
use uuid::Uuid;

use base::error::Result;

/// The position of a webhook in a callshop.
pub type Key = (Uuid, Uuid);

/// How far the clocks of two nodes may differ. If a lease ends more than this time after a new lease would end, the lease comes from a node
/// whose clock is wrong.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// How many positions a node may serve at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Maximum number of positions of one webhook.
    pub per_webhook: u64,
    /// Maximum number of positions of all webhooks of one account.
    pub per_account: u64,
    /// Maximum number of positions in total.
    pub limit: u64,
}

/// Webhooks and accounts for which a node already serves the maximum number of positions.
#[derive(Clone, Debug, Default)]
pub struct Full {
    /// The webhooks.
    pub webhooks: Vec<Uuid>,
    /// The accounts.
    pub accounts: Vec<Uuid>,
}

/// A position with events to deliver.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// The position.
    pub key: Key,
    /// The webhook's account.
    pub account_id: Uuid,
    /// The number of the last event that was delivered or skipped.
    pub seq: i64,
    /// Number of failed attempts to deliver the next event.
    pub attempts: i32,
}

/// Positions of active webhooks that have events to deliver now and that have no lease, as many as `room` allows. The accounts take turns, the
/// webhooks of an account take turns, and the positions of a webhook take turns: the position that was served longest ago comes first. `horizon` is
/// the latest time at which a lease from a node with a correct clock can end.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn due(
    conn: &impl ConnectionTrait,
    (now, horizon): (DateTime<Utc>, DateTime<Utc>),
    room: Room,
    full: &Full,
) -> Result<Vec<Due>> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut values: Vec<sea_orm::Value> = vec![
        now.into(),
        (horizon + CLOCK_SKEW).into(),
        number(room.per_webhook).into(),
        number(room.per_account).into(),
        number(room.limit).into(),
    ];
    let mut but = |column: &str, ids: &[Uuid]| {
        let places: Vec<String> = ids
            .iter()
            .map(|id| {
                values.push((*id).into());
                format!("${}", values.len())
            })
            .collect();
        if places.is_empty() {
            String::new()
        } else {
            format!(" AND {column} NOT IN ({})", places.join(", "))
        }
    };
    let (webhooks, accounts) = (but("w.id", &full.webhooks), but("w.account_id", &full.accounts));
    let sql = format!(
        "SELECT webhook_id, callshop_id, account_id, seq, attempts FROM (
            SELECT each_webhook.*,
                ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY place, served_at NULLS FIRST, webhook_id) AS account_place
            FROM (
                SELECT c.webhook_id, c.callshop_id, w.account_id, c.seq, c.attempts, c.served_at,
                    ROW_NUMBER() OVER (PARTITION BY c.webhook_id ORDER BY c.served_at NULLS FIRST, c.callshop_id) AS place
                FROM webhook w
                JOIN webhook_cursor c ON c.webhook_id = w.id
                JOIN activity_head h ON h.callshop_id = c.callshop_id AND h.seq > c.seq
                WHERE w.state = 'ACTIVE' AND (c.next_attempt_at IS NULL OR c.next_attempt_at <= $1)
                    AND (c.lease_until IS NULL OR c.lease_until <= $1 OR c.lease_until > $2){webhooks}{accounts}
            ) AS each_webhook WHERE place <= $3
        ) AS each_account WHERE account_place <= $4
        ORDER BY account_place, served_at NULLS FIRST, webhook_id, callshop_id LIMIT $5"
    );
    let asked = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(asked).await?;
    let due = |row: &sea_orm::QueryResult| {
        Ok(Due {
            key: (row.try_get("", "webhook_id")?, row.try_get("", "callshop_id")?),
            account_id: row.try_get("", "account_id")?,
            seq: row.try_get("", "seq")?,
            attempts: row.try_get("", "attempts")?,
        })
    };
    rows.iter().map(due).collect()
}

fn at((webhook_id, callshop_id): Key) -> Condition {
    Condition::all()
        .add(cursor::Column::WebhookId.eq(webhook_id))
        .add(cursor::Column::CallshopId.eq(callshop_id))
}

/// Condition that no node has the lease on a position.
fn free((now, horizon): (DateTime<Utc>, DateTime<Utc>)) -> Condition {
    Condition::any()
        .add(cursor::Column::LeaseUntil.is_null())
        .add(cursor::Column::LeaseUntil.lte(now))
        .add(cursor::Column::LeaseUntil.gt(horizon + CLOCK_SKEW))
}

/// Moves positions past events that no document selects. Each entry has a position, its known number, and its new number. A position is left
/// unchanged if it has moved, if its last attempt failed, or if a node has the lease on it.
pub async fn pass_over(
    conn: &impl ConnectionTrait,
    moves: &[(Key, i64, i64)],
    times: (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    for (key, from, to) in moves {
        cursor::Entity::update_many()
            .col_expr(cursor::Column::Seq, Expr::value(*to))
            .filter(at(*key))
            .filter(cursor::Column::Seq.eq(*from))
            .filter(cursor::Column::Attempts.eq(0))
            .filter(free(times))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// A position; `None` if the webhook does not deliver the callshop's events.
pub async fn position(conn: &impl ConnectionTrait, key: Key) -> Result<Option<cursor::Model>> {
    Ok(cursor::Entity::find_by_id(key).one(conn).await?)
}

/// When the receiver of a webhook last accepted an event; `None` if it never did.
pub async fn last_success(conn: &impl ConnectionTrait, webhook_id: Uuid) -> Result<Option<DateTime<Utc>>> {
    let newest = cursor::Entity::find()
        .select_only()
        .column(cursor::Column::DeliveredAt)
        .filter(cursor::Column::WebhookId.eq(webhook_id))
        .filter(cursor::Column::DeliveredAt.is_not_null())
        .order_by_desc(cursor::Column::DeliveredAt)
        .limit(1);
    let found: Option<Option<DateTime<Utc>>> = newest.into_tuple().one(conn).await?;
    Ok(found.flatten())
}

/// Moves a position to `seq` and ends its lease, even if another node has the lease. Returns whether the position was before `seq`.
pub async fn skip_to(conn: &impl ConnectionTrait, key: Key, seq: i64) -> Result<bool> {
    let moved = moving(seq)
        .col_expr(cursor::Column::LeaseHolder, Expr::value(Option::<Uuid>::None))
        .col_expr(cursor::Column::LeaseUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(at(key))
        .filter(cursor::Column::Seq.lt(seq))
        .exec(conn)
        .await?;
    Ok(moved.rows_affected > 0)
}

/// Makes all positions of a webhook skip the events that have happened, and ends the leases on these positions, even if other nodes have them. A
/// position moves after the message that reports its skipped events has been delivered.
pub async fn skip_all(conn: &impl ConnectionTrait, webhook_id: Uuid) -> Result<()> {
    let sql = "UPDATE webhook_cursor SET skipped_until = h.seq, attempts = 0, failing_since = NULL, next_attempt_at = NULL, lease_holder = NULL,
            lease_until = NULL
        FROM activity_head h
        WHERE h.callshop_id = webhook_cursor.callshop_id AND webhook_cursor.webhook_id = $1 AND webhook_cursor.seq < h.seq";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [webhook_id.into()]);
    conn.execute_raw(statement).await?;
    Ok(())
}

/// Gives `holder` the lease on a position until `until`. Returns `None` if another holder has the lease, or if the position is not due. If
/// `early` is true, also claims a position that waits for its next attempt.
pub async fn claim(
    conn: &impl ConnectionTrait,
    key: Key,
    (holder, early): (Uuid, bool),
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<cursor::Model>> {
    let mut is_due = Condition::any()
        .add(cursor::Column::NextAttemptAt.is_null())
        .add(cursor::Column::NextAttemptAt.lte(now));
    if early {
        is_due = Condition::all();
    }
    let taken = cursor::Entity::update_many()
        .col_expr(cursor::Column::LeaseHolder, Expr::value(holder))
        .col_expr(cursor::Column::LeaseUntil, Expr::value(until))
        .col_expr(cursor::Column::ServedAt, Expr::value(now))
        .filter(at(key))
        .filter(free((now, until)))
        .filter(is_due)
        .exec(conn)
        .await?;
    if taken.rows_affected == 0 {
        return Ok(None);
    }
    Ok(cursor::Entity::find_by_id(key).one(conn).await?)
}

/// Extends a holder's lease until `until`. Returns whether the holder still has the lease.
pub async fn extend(
    conn: &impl ConnectionTrait,
    key: Key,
    holder: Uuid,
    until: DateTime<Utc>,
) -> Result<bool> {
    let extended = cursor::Entity::update_many()
        .col_expr(cursor::Column::LeaseUntil, Expr::value(until))
        .filter(at(key))
        .filter(cursor::Column::LeaseHolder.eq(holder))
        .exec(conn)
        .await?;
    Ok(extended.rows_affected > 0)
}

/// An update that moves positions to `seq`, and forgets their failed attempts.
fn moving(seq: i64) -> sea_orm::UpdateMany<cursor::Entity> {
    cursor::Entity::update_many()
        .col_expr(cursor::Column::Seq, Expr::value(seq))
        .col_expr(cursor::Column::Attempts, Expr::value(0))
        .col_expr(cursor::Column::FailingSince, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(cursor::Column::NextAttemptAt, Expr::value(Option::<DateTime<Utc>>::None))
}

/// Moves a position to `seq`, and forgets its failed attempts. `delivered` is the time at which the receiver accepted a message; `None` if it
/// accepted none. Returns whether the holder still has the lease.
pub async fn advance(
    conn: &impl ConnectionTrait,
    key: Key,
    holder: Uuid,
    seq: i64,
    delivered: Option<DateTime<Utc>>,
) -> Result<bool> {
    let mut moving = moving(seq);
    if let Some(at) = delivered {
        moving = moving.col_expr(cursor::Column::DeliveredAt, Expr::value(at));
    }
    let moved = moving.filter(at(key)).filter(cursor::Column::LeaseHolder.eq(holder)).exec(conn).await?;
    Ok(moved.rows_affected > 0)
}

/// Records a failed attempt. Returns whether the holder still has the lease.
pub async fn failed(
    conn: &impl ConnectionTrait,
    key: Key,
    holder: Uuid,
    attempts: i32,
    (since, next): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool> {
    let failed = cursor::Entity::update_many()
        .col_expr(cursor::Column::Attempts, Expr::value(attempts))
        .col_expr(cursor::Column::FailingSince, Expr::value(since))
        .col_expr(cursor::Column::NextAttemptAt, Expr::value(next))
        .filter(at(key))
        .filter(cursor::Column::LeaseHolder.eq(holder))
        .exec(conn)
        .await?;
    Ok(failed.rows_affected > 0)
}

/// Ends a holder's lease.
pub async fn release(conn: &impl ConnectionTrait, key: Key, holder: Uuid) -> Result<()> {
    cursor::Entity::update_many()
        .col_expr(cursor::Column::LeaseHolder, Expr::value(Option::<Uuid>::None))
        .col_expr(cursor::Column::LeaseUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(at(key))
        .filter(cursor::Column::LeaseHolder.eq(holder))
        .exec(conn)
        .await?;
    Ok(())
}
