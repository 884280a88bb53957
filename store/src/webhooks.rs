//! Webhooks and the log of their deliveries. `webhook_positions.rs` has the webhooks' positions in the activities of callshops.
//!
//! A transaction that changes a position locks the position before it writes to the log, and [`delete`] removes the positions first. Therefore, a
//! webhook can be deleted while a node delivers: the node finds that its lease is gone, and writes nothing.
//!
//! The functions that change the log take the transaction itself, because they announce the change to the log's followers.

use chrono::{DateTime, Utc};
use entity::webhook::{ActiveModel, Column, Entity, Model};
use entity::{
    AccountKind, WebhookDeliveryStatus, WebhookDisabledReason, WebhookState, account, user,
    webhook_cursor as cursor, webhook_delivery as log,
};
use sea_orm::sea_query::{Expr, LockType, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Statement,
};
use uuid::Uuid;

use super::webhook_positions::Key;
use super::{Listed, Page, Scope, Tx, bulk, first_id};
use base::error::Result;

/// Condition that the user who created the webhook belongs to an account inside `scope`. The document of a webhook that was created by a user above
/// `scope` is read with more rights than `scope` gives.
fn made_within(scope: &Scope) -> SimpleExpr {
    let makers = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(scope.owns((user::Entity, user::Column::AccountId)));
    Column::CreatedBy.in_subquery(makers.into_query())
}

/// Condition that the webhook's account and creator are inside `scope`.
fn within(scope: &Scope) -> Condition {
    Condition::all().add(scope.owns((Entity, Column::AccountId))).add(made_within(scope))
}

/// Whether a webhook that this user creates would be inside `scope`. The webhook would be outside `scope` if `scope` belongs to a token that is
/// limited to an account below its maker's account.
pub async fn may_make(conn: &impl ConnectionTrait, scope: &Scope, user_id: Uuid) -> Result<bool> {
    let maker = user::Entity::find_by_id(user_id).filter(scope.owns((user::Entity, user::Column::AccountId)));
    Ok(maker.one(conn).await?.is_some())
}

/// Inserts a webhook, with its position in each callshop of its account's subtree, or in the feed of its account. Each position is after the last
/// event of its callshop or feed.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn insert(conn: &impl ConnectionTrait, webhook: Model, scope: &Scope) -> Result<()> {
    let (id, feed) = (webhook.id, webhook.of_account.then_some(webhook.account_id));
    Entity::insert(webhook.into_active_model()).exec_without_returning(conn).await?;
    let shops = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(scope.accounts())
        .filter(account::Column::Kind.eq(AccountKind::Callshop))
        .order_by_asc(account::Column::Id);
    let shops: Vec<Uuid> = match feed {
        Some(account) => vec![account],
        None => shops.into_tuple().all(conn).await?,
    };
    let heads = super::activity::heads(conn, shops.clone()).await?;
    let heads: std::collections::HashMap<Uuid, i64> = heads.into_iter().collect();
    let start = |shop: Uuid| cursor::Model {
        webhook_id: id,
        callshop_id: shop,
        seq: heads.get(&shop).copied().unwrap_or(0),
        attempts: 0,
        failing_since: None,
        next_attempt_at: None,
        lease_holder: None,
        lease_until: None,
        served_at: None,
        delivered_at: None,
        skipped_until: None,
    };
    let rows: Vec<cursor::Model> = shops.into_iter().map(start).collect();
    bulk::insert::<cursor::Entity>(conn, &rows, "ON CONFLICT DO NOTHING").await
}

/// Updates every column of a webhook. The calling function must have locked the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, webhook: Model) -> Result<Model> {
    let row: ActiveModel = webhook.into_active_model();
    Ok(row.reset_all().update(conn).await?)
}

/// Deletes a webhook with its positions and its log. The calling function must have locked the row in this transaction.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    let conn = tx.conn();
    tx.changed(id);
    cursor::Entity::delete_many().filter(cursor::Column::WebhookId.eq(id)).exec(conn).await?;
    log::Entity::delete_many().filter(log::Column::WebhookId.eq(id)).exec(conn).await?;
    Entity::delete_by_id(id).exec(conn).await?;
    Ok(())
}

/// The webhooks with these ids whose account and creator are inside `scope`.
pub async fn find_all(conn: &impl ConnectionTrait, scope: &Scope, ids: &[Uuid]) -> Result<Vec<Model>> {
    let wanted = bulk::among(conn, Column::Id, ids.iter().copied());
    Ok(Entity::find().filter(wanted).filter(within(scope)).all(conn).await?)
}

/// A webhook by id. This query does not check a scope: only the code that delivers messages may use it, because that code acts for the webhook
/// itself.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(conn).await?)
}

/// The webhooks with these ids. Like [`by_id`], this query does not check a scope.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).all(conn).await?)
}

/// A webhook by id, if `holder` has the lease on this position of the webhook. Like [`by_id`], this query does not check a scope.
pub async fn of_holder(conn: &impl ConnectionTrait, key: Key, holder: Uuid) -> Result<Option<Model>> {
    let position = cursor::Entity::find()
        .select_only()
        .column(cursor::Column::WebhookId)
        .filter(cursor::Column::WebhookId.eq(key.0))
        .filter(cursor::Column::CallshopId.eq(key.1))
        .filter(cursor::Column::LeaseHolder.eq(holder));
    let query = Entity::find_by_id(key.0).filter(Column::Id.in_subquery(position.into_query()));
    Ok(query.one(conn).await?)
}

/// A webhook by id, locked until the transaction ends. Like [`by_id`], this query does not check a scope.
pub async fn lock_by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// A webhook whose account and creator are inside `scope`, locked until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(within(scope)).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// A page of an account's webhooks that users inside `scope` created.
pub async fn list(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    account_id: Uuid,
    page: Page,
) -> Result<Listed<Model>> {
    let query = Entity::find().filter(Column::AccountId.eq(account_id)).filter(made_within(scope));
    page.read(conn, query, Column::Id).await
}

/// Number of an account's webhooks.
pub async fn count(conn: &impl ConnectionTrait, account_id: Uuid) -> Result<u64> {
    Ok(Entity::find().filter(Column::AccountId.eq(account_id)).count(conn).await?)
}

/// For each failing position of a webhook, makes the next attempt due immediately.
pub async fn forgive(conn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    cursor::Entity::update_many()
        .col_expr(cursor::Column::Attempts, Expr::value(0))
        .col_expr(cursor::Column::FailingSince, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(cursor::Column::NextAttemptAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(cursor::Column::WebhookId.eq(id))
        .filter(cursor::Column::Attempts.gt(0))
        .exec(conn)
        .await?;
    Ok(())
}

/// Disables an active webhook. Returns whether the webhook was active.
pub async fn disable(
    conn: &impl ConnectionTrait,
    id: Uuid,
    reason: WebhookDisabledReason,
    at: DateTime<Utc>,
) -> Result<bool> {
    let disabled = Entity::update_many()
        .col_expr(Column::State, Expr::value(WebhookState::Disabled.as_str()))
        .col_expr(Column::DisabledReason, Expr::value(reason.as_str()))
        .col_expr(Column::DisabledAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(WebhookState::Active))
        .exec(conn)
        .await?;
    Ok(disabled.rows_affected > 0)
}

/// Marks as failed all messages that wait for another attempt, because the webhook was disabled.
pub async fn give_up_pending(tx: &Tx, id: Uuid) -> Result<()> {
    tx.changed(id);
    log::Entity::update_many()
        .col_expr(log::Column::Status, Expr::value(WebhookDeliveryStatus::Failed.as_str()))
        .col_expr(log::Column::NextAttemptAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(log::Column::WebhookId.eq(id))
        .filter(log::Column::Status.eq(WebhookDeliveryStatus::Pending))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// For events up to `seq`, marks the messages that wait for another attempt as failed, because the position has moved past these events.
pub async fn give_up_until(tx: &Tx, key: Key, seq: i64) -> Result<()> {
    tx.changed(key.0);
    log::Entity::update_many()
        .col_expr(log::Column::Status, Expr::value(WebhookDeliveryStatus::Failed.as_str()))
        .col_expr(log::Column::NextAttemptAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(log::Column::WebhookId.eq(key.0))
        // messages about the feed of the webhook's account have no callshop
        .filter(
            Condition::any().add(log::Column::CallshopId.eq(key.1)).add(log::Column::CallshopId.is_null()),
        )
        .filter(log::Column::Seq.lte(seq))
        .filter(log::Column::Status.eq(WebhookDeliveryStatus::Pending))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Marks a message of a webhook's log as skipped.
pub async fn mark_skipped(tx: &Tx, webhook_id: Uuid, id: Uuid) -> Result<()> {
    tx.changed(webhook_id);
    log::Entity::update_many()
        .col_expr(log::Column::Status, Expr::value(WebhookDeliveryStatus::Skipped.as_str()))
        .col_expr(log::Column::NextAttemptAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(log::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Marks the missed messages of a webhook's log as skipped. A message is missed if it has failed or waits for another attempt, and its position is
/// not past the message.
pub async fn mark_missed_skipped(tx: &Tx, webhook_id: Uuid) -> Result<()> {
    tx.changed(webhook_id);
    let conn = tx.conn();
    // messages about the feed of the webhook's account have no callshop
    let sql = "UPDATE webhook_delivery SET status = $2, next_attempt_at = NULL
        WHERE webhook_id = $1 AND status IN ($3, $4) AND EXISTS (SELECT 1 FROM webhook_cursor c
            WHERE c.webhook_id = webhook_delivery.webhook_id AND c.seq < webhook_delivery.seq
                AND (webhook_delivery.callshop_id IS NULL OR c.callshop_id = webhook_delivery.callshop_id))";
    let statuses =
        [WebhookDeliveryStatus::Skipped, WebhookDeliveryStatus::Failed, WebhookDeliveryStatus::Pending];
    let values = std::iter::once(webhook_id.into()).chain(statuses.map(|status| status.as_str().into()));
    let values: Vec<sea_orm::Value> = values.collect();
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Whether any webhook is active.
pub async fn any_active(conn: &impl ConnectionTrait) -> Result<bool> {
    let query = Entity::find().select_only().column(Column::Id);
    let found: Option<Uuid> =
        query.filter(Column::State.eq(WebhookState::Active)).limit(1).into_tuple().one(conn).await?;
    Ok(found.is_some())
}

/// Adds the positions of active webhooks in callshops that were created after the webhooks. Each new position is before the callshop's first event.
pub async fn follow_new_shops(conn: &impl ConnectionTrait) -> Result<()> {
    let sql = "INSERT INTO webhook_cursor (webhook_id, callshop_id, seq, attempts)
        SELECT w.id, a.id, 0, 0 FROM webhook w
        JOIN account own ON own.id = w.account_id
        JOIN account a ON a.path >= own.path AND a.path < substr(own.path, 1, length(own.path) - 1) || '0' AND a.kind = 'CALLSHOP'
        WHERE w.state = 'ACTIVE' AND NOT w.of_account
            AND NOT EXISTS (SELECT 1 FROM webhook_cursor c WHERE c.webhook_id = w.id AND c.callshop_id = a.id)
        ORDER BY w.id, a.id ON CONFLICT DO NOTHING";
    conn.execute_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    Ok(())
}

/// Writes the result of an attempt to the log. A later attempt to deliver the same message replaces the result, but keeps the row's id
/// and the time of the first attempt.
pub async fn note(tx: &Tx, row: log::Model) -> Result<()> {
    tx.changed(row.webhook_id);
    use log::Column::{
        AttemptedAt, Attempts, DurationMs, Error, MessageId, NextAttemptAt, ResponseBody, ResponseStatus,
        Status, WebhookId,
    };
    let replace = OnConflict::columns([WebhookId, MessageId])
        .update_columns([
            Status,
            Attempts,
            ResponseStatus,
            ResponseBody,
            Error,
            DurationMs,
            AttemptedAt,
            NextAttemptAt,
        ])
        .to_owned();
    log::Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(tx.conn())
        .await?;
    Ok(())
}

/// The row of a message in the log.
pub async fn noted(
    conn: &impl ConnectionTrait,
    webhook_id: Uuid,
    message_id: &str,
) -> Result<Option<log::Model>> {
    let query = log::Entity::find()
        .filter(log::Column::WebhookId.eq(webhook_id))
        .filter(log::Column::MessageId.eq(message_id));
    Ok(query.one(conn).await?)
}

/// A page of a webhook's log. The calling function must have checked access to the webhook.
pub async fn deliveries(
    conn: &impl ConnectionTrait,
    webhook_id: Uuid,
    page: Page,
) -> Result<Listed<log::Model>> {
    page.read(conn, log::Entity::find().filter(log::Column::WebhookId.eq(webhook_id)), log::Column::Id).await
}

/// A message in the log of a webhook whose account and creator are inside `scope`.
pub async fn delivery(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<(log::Model, Model)>> {
    let Some(row) = log::Entity::find_by_id(id).one(conn).await? else { return Ok(None) };
    let webhook = Entity::find_by_id(row.webhook_id).filter(within(scope)).one(conn).await?;
    Ok(webhook.map(|webhook| (row, webhook)))
}

/// The ids of all webhooks.
pub async fn ids(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(conn)
        .await?)
}

/// Deletes at most `limit` old rows of a webhook's log: rows from before `cutoff`, and rows beyond the newest `kept` rows. Returns the number of
/// deleted rows.
pub async fn trim(
    conn: &impl ConnectionTrait,
    webhook_id: Uuid,
    cutoff: DateTime<Utc>,
    kept: u64,
    limit: u64,
) -> Result<u64> {
    let of_webhook = || {
        log::Entity::find()
            .select_only()
            .column(log::Column::Id)
            .filter(log::Column::WebhookId.eq(webhook_id))
    };
    let newest_extra: Option<Uuid> =
        of_webhook().order_by_desc(log::Column::Id).offset(kept).limit(1).into_tuple().one(conn).await?;
    let old = first_id(cutoff);
    let below = match newest_extra {
        Some(extra) => Condition::any().add(log::Column::Id.lt(old)).add(log::Column::Id.lte(extra)),
        None => Condition::any().add(log::Column::Id.lt(old)),
    };
    let ids: Vec<Uuid> =
        of_webhook().filter(below).order_by_asc(log::Column::Id).limit(limit).into_tuple().all(conn).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let these = bulk::among(conn, log::Column::Id, ids.iter().copied());
    Ok(log::Entity::delete_many().filter(these).exec(conn).await?.rows_affected)
}

/// The events that active webhooks have not delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Number of undelivered events, including events that the documents do not select.
    pub events: i64,
    /// When the oldest undelivered event happened; `None` if there is no such event, or if it was deleted.
    pub oldest: Option<DateTime<Utc>>,
}

/// Counts the events that active webhooks have not delivered.
pub async fn backlog(conn: &impl ConnectionTrait) -> Result<Backlog> {
    // PostgreSQL sums BIGINT as NUMERIC
    let sql = "SELECT CAST(COALESCE(SUM(h.seq - c.seq), 0) AS BIGINT) AS events, MIN(a.at) AS oldest
        FROM webhook w
        JOIN webhook_cursor c ON c.webhook_id = w.id
        JOIN activity_head h ON h.callshop_id = c.callshop_id AND h.seq > c.seq
        LEFT JOIN activity a ON a.callshop_id = c.callshop_id AND a.seq = c.seq + 1
        WHERE w.state = 'ACTIVE'";
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    let Some(row) = row else { return Ok(Backlog::default()) };
    Ok(Backlog { events: row.try_get("", "events")?, oldest: row.try_get("", "oldest")? })
}
