//! Register shifts, cash movements, and the sums in their reports.

use entity::{
    CallState, ItemKind, Micros, MovementKind, PaymentKind, PaymentMethod, cabin_session, call,
    cash_movement, ledger_posting, payment, register_shift, session_item,
};
use sea_orm::sea_query::{ExprTrait as _, LockType, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::{Listed, Page, Scope, Within};
use base::error::Result;

/// A shift of a callshop inside `scope`.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<register_shift::Model>> {
    scope.find::<register_shift::Entity>(conn, id, register_shift::Column::CallshopId).await
}

/// The shifts with these ids that are inside `scope`.
pub async fn find_all(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    ids: &[Uuid],
) -> Result<Vec<register_shift::Model>> {
    use register_shift::Column;
    scope.find_all::<register_shift::Entity>(conn, ids, (Column::Id, Column::CallshopId)).await
}

/// The open shift of a callshop. This query does not check the actor's scope: the calling function must have checked access to the objects.
pub async fn open_shift(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
) -> Result<Option<register_shift::Model>> {
    Ok(open_query(callshop_id).one(conn).await?)
}

/// Like [`open_shift`], but locks the shift until the transaction ends.
pub async fn lock_open_shift(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
) -> Result<Option<register_shift::Model>> {
    Ok(open_query(callshop_id).lock(LockType::NoKeyUpdate).one(conn).await?)
}

fn open_query(callshop_id: Uuid) -> sea_orm::Select<register_shift::Entity> {
    register_shift::Entity::find()
        .filter(register_shift::Column::CallshopId.eq(callshop_id))
        .filter(register_shift::Column::ClosedAt.is_null())
}

/// A page of a callshop's shifts that were opened in a range of time. If `user` is given, the page contains only the open shift and the shifts that
/// this user opened or closed.
pub async fn list(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    user: Option<Uuid>,
    opened: Within,
    page: Page,
) -> Result<Listed<register_shift::Model>> {
    let mut query = register_shift::Entity::find()
        .filter(register_shift::Column::CallshopId.eq(callshop_id))
        .filter(opened.times(register_shift::Column::OpenedAt));
    if let Some(user) = user {
        let own = Condition::any()
            .add(register_shift::Column::OpenedBy.eq(user))
            .add(register_shift::Column::ClosedBy.eq(user))
            .add(register_shift::Column::ClosedAt.is_null());
        query = query.filter(own);
    }
    page.read(conn, query, register_shift::Column::Id).await
}

/// Inserts a shift.
pub async fn insert(conn: &impl ConnectionTrait, shift: register_shift::Model) -> Result<()> {
    register_shift::Entity::insert(shift.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a shift. The calling function must have locked the row in this transaction.
pub async fn update(
    conn: &impl ConnectionTrait,
    shift: register_shift::Model,
) -> Result<register_shift::Model> {
    Ok(shift.into_active_model().reset_all().update(conn).await?)
}

/// Inserts a cash movement.
pub async fn insert_movement(conn: &impl ConnectionTrait, movement: cash_movement::Model) -> Result<()> {
    cash_movement::Entity::insert(movement.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// A cash movement by id. Ignores scopes: use this query only for a movement that the calling function has just recorded.
pub async fn movement(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<cash_movement::Model>> {
    Ok(cash_movement::Entity::find_by_id(id).one(conn).await?)
}

/// A page of the movements of one shift.
pub async fn movements(
    conn: &impl ConnectionTrait,
    shift_id: Uuid,
    page: Page,
) -> Result<Listed<cash_movement::Model>> {
    let query = cash_movement::Entity::find().filter(cash_movement::Column::ShiftId.eq(shift_id));
    page.read(conn, query, cash_movement::Column::Id).await
}

// the type of SUM over BIGINT is NUMERIC on PostgreSQL, so each sum is cast back

/// Sums of a shift's cash movements, by user and kind.
pub async fn movement_sums(
    conn: &impl ConnectionTrait,
    shift_id: Uuid,
) -> Result<Vec<(Uuid, MovementKind, Micros)>> {
    Ok(cash_movement::Entity::find()
        .select_only()
        .column(cash_movement::Column::UserId)
        .column(cash_movement::Column::Kind)
        .column_as(cash_movement::Column::Amount.sum().cast_as("BIGINT"), "amount")
        .filter(cash_movement::Column::ShiftId.eq(shift_id))
        .group_by(cash_movement::Column::UserId)
        .group_by(cash_movement::Column::Kind)
        .into_tuple()
        .all(conn)
        .await?)
}

/// Sums of a shift's payments and refunds, by user, kind and method.
pub async fn payment_sums(
    conn: &impl ConnectionTrait,
    shift_id: Uuid,
) -> Result<Vec<(Uuid, PaymentKind, PaymentMethod, Micros)>> {
    Ok(payment::Entity::find()
        .select_only()
        .column(payment::Column::UserId)
        .column(payment::Column::Kind)
        .column(payment::Column::Method)
        .column_as(payment::Column::Amount.sum().cast_as("BIGINT"), "amount")
        .filter(payment::Column::ShiftId.eq(shift_id))
        .group_by(payment::Column::UserId)
        .group_by(payment::Column::Kind)
        .group_by(payment::Column::Method)
        .into_tuple()
        .all(conn)
        .await?)
}

/// At most `limit` of a shift's payments that have a reference, oldest first.
pub async fn referenced_payments(
    conn: &impl ConnectionTrait,
    shift_id: Uuid,
    limit: u64,
) -> Result<Vec<payment::Model>> {
    Ok(payment::Entity::find()
        .filter(payment::Column::ShiftId.eq(shift_id))
        .filter(payment::Column::Reference.is_not_null())
        .order_by_asc(payment::Column::Id)
        .limit(limit)
        .all(conn)
        .await?)
}

/// The balance of a shift's drawer in the ledger, by method.
pub async fn drawer(conn: &impl ConnectionTrait, shift_id: Uuid) -> Result<Vec<(PaymentMethod, Micros)>> {
    Ok(ledger_posting::Entity::find()
        .select_only()
        .column(ledger_posting::Column::Method)
        .column_as(ledger_posting::Column::Amount.sum().cast_as("BIGINT"), "amount")
        .filter(ledger_posting::Column::ShiftId.eq(shift_id))
        .group_by(ledger_posting::Column::Method)
        .into_tuple()
        .all(conn)
        .await?)
}

/// Sums of the final statements of the sessions that one user settled in a shift.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SettledBills {
    /// The user.
    pub settled_by: Option<Uuid>,
    /// Number of sessions.
    pub sessions: i64,
    /// Sum of calls.
    pub calls_total: Option<Micros>,
    /// Sum of items.
    pub items_total: Option<Micros>,
    /// Sum of discounts, not negative.
    pub discounts_total: Option<Micros>,
    /// Sum of statement rounding.
    pub rounding: Option<Micros>,
    /// Sum of cash rounding.
    pub cash_rounding: Option<Micros>,
    /// Sum of totals.
    pub total: Option<Micros>,
}

/// For each user, the sums of the sessions that the user settled in a shift.
pub async fn settled_bills(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    shift_id: Uuid,
) -> Result<Vec<SettledBills>> {
    use cabin_session::Column;
    let sum = |column: Column| column.sum().cast_as("BIGINT");
    Ok(cabin_session::Entity::find()
        .select_only()
        .column(Column::SettledBy)
        .column_as(Column::Id.count(), "sessions")
        .column_as(sum(Column::CallsTotal), "calls_total")
        .column_as(sum(Column::ItemsTotal), "items_total")
        .column_as(sum(Column::DiscountsTotal), "discounts_total")
        .column_as(sum(Column::Rounding), "rounding")
        .column_as(sum(Column::CashRounding), "cash_rounding")
        .column_as(sum(Column::Total), "total")
        .filter(Column::CallshopId.eq(callshop_id))
        .filter(Column::SettledShiftId.eq(shift_id))
        .group_by(Column::SettledBy)
        .into_model()
        .all(conn)
        .await?)
}

/// For each user, the sum of the discounts that the user gave on sessions settled in a shift.
pub async fn discounts_by_user(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    shift_id: Uuid,
) -> Result<Vec<(Uuid, Micros)>> {
    Ok(session_item::Entity::find()
        .select_only()
        .column(session_item::Column::UserId)
        .column_as(session_item::Column::UnitPrice.sum().cast_as("BIGINT"), "amount")
        .filter(session_item::Column::SessionId.in_subquery(settled_in(callshop_id, shift_id)))
        .filter(session_item::Column::Kind.eq(ItemKind::Discount))
        .filter(session_item::Column::RemovedAt.is_null())
        .group_by(session_item::Column::UserId)
        .into_tuple()
        .all(conn)
        .await?)
}

/// For each cabin, the number of calls in the sessions settled in a shift, and the sum of the calls' charges.
pub async fn sales_by_cabin(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    shift_id: Uuid,
) -> Result<Vec<(Option<Uuid>, i64, Micros)>> {
    Ok(sold_calls(callshop_id, shift_id)
        .column(call::Column::CabinId)
        .column_as(call::Column::Id.count(), "calls")
        .column_as(call::Column::Charge.sum().cast_as("BIGINT"), "amount")
        .group_by(call::Column::CabinId)
        .into_tuple()
        .all(conn)
        .await?)
}

/// For each destination, the number of calls in the sessions settled in a shift, the calls' billed seconds, and the sum of the calls' charges.
pub async fn sales_by_destination(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    shift_id: Uuid,
) -> Result<Vec<(String, i64, i64, Micros)>> {
    Ok(sold_calls(callshop_id, shift_id)
        .column(call::Column::Destination)
        .column_as(call::Column::Id.count(), "calls")
        .column_as(call::Column::BilledSeconds.sum().cast_as("BIGINT"), "billed_seconds")
        .column_as(call::Column::Charge.sum().cast_as("BIGINT"), "amount")
        .group_by(call::Column::Destination)
        .into_tuple()
        .all(conn)
        .await?)
}

fn sold_calls(callshop_id: Uuid, shift_id: Uuid) -> sea_orm::Select<call::Entity> {
    call::Entity::find()
        .select_only()
        .filter(call::Column::SessionId.in_subquery(settled_in(callshop_id, shift_id)))
        .filter(call::Column::State.eq(CallState::Ended))
        .filter(call::Column::AnsweredAt.is_not_null())
}

fn settled_in(callshop_id: Uuid, shift_id: Uuid) -> SelectStatement {
    // the query also filters by callshop, because the shift's sessions can be found only by an index that begins with the callshop
    cabin_session::Entity::find()
        .select_only()
        .column(cabin_session::Column::Id)
        .filter(cabin_session::Column::CallshopId.eq(callshop_id))
        .filter(cabin_session::Column::SettledShiftId.eq(shift_id))
        .into_query()
}
