//! Totals of a callshop's local day, grouped by user.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    ItemKind, Micros, MovementKind, PaymentKind, PaymentMethod, SessionState, cabin_session, cash_movement,
    payment, register_shift, session_item,
};
use sea_orm::sea_query::{ExprTrait as _, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::first_id;
use base::error::Result;

/// The day's sessions are searched by id, with this margin before and after the day. A session's id contains its opening time by a node's clock; the
/// margin is much larger than the difference between two clocks.
const MARGIN: TimeDelta = TimeDelta::days(1);
/// Only sessions that were opened at most this long before the day are searched for discounts. A session rarely remains unpaid for longer than a day.
pub const DISCOUNT_WINDOW: TimeDelta = TimeDelta::days(31);

/// A callshop's day, from `from` (inclusive) to `to` (exclusive).
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// The callshop.
    pub callshop_id: Uuid,
    /// First instant of the day.
    pub from: DateTime<Utc>,
    /// First instant after the day.
    pub to: DateTime<Utc>,
}

/// At most `limit` shifts that were open at any time during the day, oldest first.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn shifts(
    conn: &impl ConnectionTrait,
    day: Day,
    limit: u64,
) -> Result<Vec<(Uuid, Option<DateTime<Utc>>)>> {
    use register_shift::Column;
    let was_open = Condition::any().add(Column::ClosedAt.is_null()).add(Column::ClosedAt.gte(day.from));
    Ok(register_shift::Entity::find()
        .select_only()
        .column(Column::Id)
        .column(Column::ClosedAt)
        .filter(Column::CallshopId.eq(day.callshop_id))
        .filter(Column::OpenedAt.lt(day.to))
        .filter(was_open)
        .order_by_asc(Column::Number)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?)
}

/// Sums of the day's payments and refunds in these shifts, by user, kind and method.
pub async fn payment_sums(
    conn: &impl ConnectionTrait,
    day: Day,
    shifts: &[Uuid],
) -> Result<Vec<(Uuid, PaymentKind, PaymentMethod, Micros)>> {
    use payment::Column;
    Ok(payment::Entity::find()
        .select_only()
        .column(Column::UserId)
        .column(Column::Kind)
        .column(Column::Method)
        // the type of SUM over BIGINT is NUMERIC on PostgreSQL
        .column_as(Column::Amount.sum().cast_as("BIGINT"), "amount")
        .filter(Column::ShiftId.is_in(shifts.iter().copied()))
        .filter(Column::At.gte(day.from))
        .filter(Column::At.lt(day.to))
        .group_by(Column::UserId)
        .group_by(Column::Kind)
        .group_by(Column::Method)
        .into_tuple()
        .all(conn)
        .await?)
}

/// Sums of the day's cash movements in these shifts, by user and kind.
pub async fn movement_sums(
    conn: &impl ConnectionTrait,
    day: Day,
    shifts: &[Uuid],
) -> Result<Vec<(Uuid, MovementKind, Micros)>> {
    use cash_movement::Column;
    Ok(cash_movement::Entity::find()
        .select_only()
        .column(Column::UserId)
        .column(Column::Kind)
        .column_as(Column::Amount.sum().cast_as("BIGINT"), "amount")
        .filter(Column::ShiftId.is_in(shifts.iter().copied()))
        .filter(Column::At.gte(day.from))
        .filter(Column::At.lt(day.to))
        .group_by(Column::UserId)
        .group_by(Column::Kind)
        .into_tuple()
        .all(conn)
        .await?)
}

/// For each user, the number of sessions that the user opened on the day and that were not voided.
pub async fn sessions_opened(conn: &impl ConnectionTrait, day: Day) -> Result<Vec<(Uuid, i64)>> {
    use cabin_session::Column;
    Ok(cabin_session::Entity::find()
        .select_only()
        .column(Column::OpenedBy)
        .column_as(Column::Id.count(), "sessions")
        .filter(Column::CallshopId.eq(day.callshop_id))
        .filter(Column::Id.gte(first_id(day.from - MARGIN)))
        .filter(Column::Id.lt(first_id(day.to + MARGIN)))
        .filter(Column::OpenedAt.gte(day.from))
        .filter(Column::OpenedAt.lt(day.to))
        .filter(Column::State.ne(SessionState::Voided))
        .group_by(Column::OpenedBy)
        .into_tuple()
        .all(conn)
        .await?)
}

/// For each user, the sum of the discounts that the user gave on the day and that were not removed; see [`DISCOUNT_WINDOW`].
pub async fn discounts(conn: &impl ConnectionTrait, day: Day) -> Result<Vec<(Uuid, Micros)>> {
    use session_item::Column;
    Ok(session_item::Entity::find()
        .select_only()
        .column(Column::UserId)
        .column_as(Column::UnitPrice.sum().cast_as("BIGINT"), "amount")
        .filter(Column::SessionId.in_subquery(recent_sessions(day)))
        .filter(Column::Kind.eq(ItemKind::Discount))
        .filter(Column::RemovedAt.is_null())
        .filter(Column::At.gte(day.from))
        .filter(Column::At.lt(day.to))
        .group_by(Column::UserId)
        .into_tuple()
        .all(conn)
        .await?)
}

fn recent_sessions(day: Day) -> SelectStatement {
    use cabin_session::Column;
    cabin_session::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::CallshopId.eq(day.callshop_id))
        .filter(Column::Id.gte(first_id(day.from - DISCOUNT_WINDOW)))
        .filter(Column::Id.lt(first_id(day.to + MARGIN)))
        .into_query()
}
