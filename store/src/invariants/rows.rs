//! Rows for the invariants that the program checks, because a single query cannot.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{
    Book, PaymentMethod, call, ledger_balance, ledger_posting, ledger_transfer, live_call, register_shift,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::first_id;
use crate::partitions::{CALLS, Gap, Month};
use base::error::Result;

/// Maximum number of rows in a page.
const PAGE: u64 = 200;

/// Months whose calls are missing, although the ledger has charges for these months and retention did not remove them. The result is
/// always empty on SQLite, which has no partitions.
///
/// # Errors
/// May fail with database errors.
pub async fn lost_months(conn: &impl ConnectionTrait, kept_from: Option<DateTime<Utc>>) -> Result<Vec<Gap>> {
    let mut lost = Vec::new();
    for gap in CALLS.gaps(&CALLS.partitions(conn).await?, kept_from) {
        let charged = ledger_transfer::Entity::find()
            .select_only()
            .column(ledger_transfer::Column::Id)
            .filter(
                ledger_transfer::Column::CallId.gte(first_id(gap.from.map(Month::start).unwrap_or_default())),
            )
            .filter(ledger_transfer::Column::CallId.lt(first_id(gap.to.start())))
            .limit(1);
        if charged.into_tuple::<Uuid>().one(conn).await?.is_some() {
            lost.push(gap);
        }
    }
    Ok(lost)
}

/// A page of live calls in id order, after `after`.
///
/// # Errors
/// May fail with database errors.
pub async fn live_calls(conn: &impl ConnectionTrait, after: Option<Uuid>) -> Result<Vec<call::Model>> {
    let live = live_call::Entity::find().select_only().column(live_call::Column::CallId);
    let mut query =
        call::Entity::find().filter(call::Column::Id.in_subquery(sea_orm::QueryTrait::into_query(live)));
    if let Some(after) = after {
        query = query.filter(call::Column::Id.gt(after));
    }
    Ok(query.order_by_asc(call::Column::Id).limit(PAGE).all(conn).await?)
}

/// The held credit of each account, in micros; accounts without holds are omitted.
///
/// # Errors
/// May fail with database errors.
pub async fn held(conn: &impl ConnectionTrait) -> Result<BTreeMap<Uuid, i64>> {
    let rows = ledger_balance::Entity::find().filter(ledger_balance::Column::Held.ne(0)).all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.account_id, row.held.0)).collect())
}

/// A page of the closed shifts that have ledger entries. The shifts are ordered by id, and the page starts after the id `after`.
///
/// # Errors
/// May fail with database errors.
pub async fn closed_shifts(
    conn: &impl ConnectionTrait,
    after: Option<Uuid>,
) -> Result<Vec<register_shift::Model>> {
    let posted = ledger_posting::Entity::find()
        .select_only()
        .column(ledger_posting::Column::ShiftId)
        .filter(ledger_posting::Column::ShiftId.is_not_null());
    let posted = sea_orm::QueryTrait::into_query(posted);
    let mut query = register_shift::Entity::find()
        .filter(register_shift::Column::ClosedAt.is_not_null())
        .filter(register_shift::Column::Id.in_subquery(posted));
    if let Some(after) = after {
        query = query.filter(register_shift::Column::Id.gt(after));
    }
    Ok(query.order_by_asc(register_shift::Column::Id).limit(PAGE).all(conn).await?)
}

/// The drawer balances of shifts in micros, by payment method. Transfers that record a count of the drawer are left out.
///
/// # Errors
/// May fail with database errors.
pub async fn uncounted(
    conn: &impl ConnectionTrait,
    shifts: &[Uuid],
) -> Result<BTreeMap<(Uuid, PaymentMethod), i64>> {
    use ledger_posting::Column;
    let counts = ledger_transfer::Entity::find()
        .select_only()
        .column(ledger_transfer::Column::Id)
        .filter(ledger_transfer::Column::Kind.eq(entity::TransferKind::Count))
        .filter(
            Expr::col((ledger_transfer::Entity, ledger_transfer::Column::Id))
                .equals((ledger_posting::Entity, Column::TransferId)),
        );
    let rows: Vec<(Uuid, PaymentMethod, i64)> = ledger_posting::Entity::find()
        .select_only()
        .column(Column::ShiftId)
        .column(Column::Method)
        // SUM of BIGINT is NUMERIC on PostgreSQL
        .column_as(Column::Amount.sum().cast_as("BIGINT"), "amount")
        .filter(Column::ShiftId.is_in(shifts.iter().copied()))
        .filter(Column::Book.eq(Book::Drawer))
        .filter(Expr::exists(sea_orm::QueryTrait::into_query(counts)).not())
        .group_by(Column::ShiftId)
        .group_by(Column::Method)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|(shift, method, amount)| ((shift, method), amount)).collect())
}
