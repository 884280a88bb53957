//! Reads whole histories in pages, for exports and account statements. A page is one short statement, so no transaction stays open while a client
//! reads. The rows of a list are read in the order of their ids, oldest first.

use std::collections::HashMap;

use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{AccountKind, TransferKind, account, call, payment};
use sea_orm::sea_query::{Alias, Expr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait as _, Statement,
};
use uuid::Uuid;

use super::calls::{ChargedLevel, charges_of};
use super::{Scope, Within};
use base::error::Result;

/// A part of a history.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The range of time.
    pub within: Within,
    /// Only rows with a higher id.
    pub after: Option<Uuid>,
    /// Maximum number of rows.
    pub limit: u64,
}

/// The callshops of a subtree after the callshop `after`, in the order of their ids.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn callshops(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<account::Model>> {
    let mut query = account::Entity::find()
        .filter(scope.accounts())
        .filter(account::Column::Kind.eq(AccountKind::Callshop));
    if let Some(after) = after {
        query = query.filter(account::Column::Id.gt(after));
    }
    Ok(query.order_by_asc(account::Column::Id).limit(limit).all(conn).await?)
}

/// A callshop's calls that were authorized in the range. The levels of ended calls are not read. This query does not
/// check the actor's scope: the calling function must have checked access to the callshop.
pub async fn calls(conn: &impl ConnectionTrait, callshop_id: Uuid, part: Part) -> Result<Vec<call::View>> {
    use call::Column::{AuthorizedAt, CallshopId, Id};
    let mut query = call::Entity::find()
        .select_only()
        .filter(CallshopId.eq(callshop_id))
        .filter(part.within.rows(Id, AuthorizedAt))
        .order_by_asc(Id)
        .limit(part.limit);
    if let Some(after) = part.after {
        query = query.filter(Id.gt(after));
    }
    let query = call::View::COLUMNS.iter().fold(query, |query, column| match *column {
        "levels" => {
            query.expr_as(Expr::cust("CASE WHEN call.ended_at IS NULL THEN call.levels END"), "levels")
        }
        column => query.expr(Expr::col((call::Entity, Alias::new(column)))),
    });
    let rows = conn.query_all(query.as_query()).await?;
    Ok(rows.iter().map(call::View::read).collect::<Result<_, _>>()?)
}

/// For each of these calls, the amount that an account paid. Calls that cost the account nothing may be missing.
pub async fn costs(
    conn: &impl ConnectionTrait,
    account_id: Uuid,
    calls: &[Uuid],
) -> Result<HashMap<Uuid, Micros>> {
    // level 0 is the customer's price, recorded for the callshop
    let pays = |charge: &&ChargedLevel| charge.level > 0 && charge.account_id == account_id;
    let charges = charges_of(conn, calls).await?.into_iter();
    let paid = charges.filter_map(|(id, charges)| Some((id, charges.iter().find(pays)?.amount.into())));
    Ok(paid.collect())
}

/// The payments and refunds of a callshop in the range. This query does not check the actor's scope: the calling function must have checked access
/// to the callshop.
pub async fn payments(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    part: Part,
) -> Result<Vec<payment::Model>> {
    use payment::Column::{At, CallshopId, Id};
    let mut query =
        payment::Entity::find().filter(CallshopId.eq(callshop_id)).filter(part.within.rows(Id, At));
    if let Some(after) = part.after {
        query = query.filter(Id.gt(after));
    }
    Ok(query.order_by_asc(Id).limit(part.limit).all(conn).await?)
}

/// A change to an account's credit.
#[derive(Clone, Debug, FromQueryResult)]
pub struct CreditEntry {
    /// The transfer.
    pub transfer_id: Uuid,
    /// The reason for the transfer.
    pub kind: TransferKind,
    /// The reason for the transfer that this transfer reverses.
    pub reversed: Option<TransferKind>,
    /// When the transfer was booked.
    pub at: DateTime<Utc>,
    /// Reason that the user gave; may be empty.
    pub note: String,
    /// The tariff version that priced the call; `None` if no call caused the transfer.
    pub version_id: Option<Uuid>,
    /// Seconds billed for the call. For a reversal, the seconds of the reversed transfer.
    pub billed_seconds: Option<i32>,
    /// Signed change to the credit.
    pub amount: entity::Micros,
}

/// At most `limit` changes to an account's credit, from transfers with an id higher than `after`. This query does not check the actor's scope: the
/// calling function must have checked access to the account.
pub async fn credit_entries(
    conn: &impl ConnectionTrait,
    account_id: Uuid,
    after: Uuid,
    limit: u64,
) -> Result<Vec<CreditEntry>> {
    // PostgreSQL may merge the page with the transfers of all accounts, so it must begin to read the transfers where the page begins
    let sql = "WITH entry AS (
            SELECT transfer_id, account_id, amount FROM ledger_entry
            WHERE account_id = $1 AND book = 'CREDIT' AND transfer_id > $2 ORDER BY transfer_id LIMIT $3)
        SELECT entry.transfer_id, transfer.kind, undone.kind AS reversed, transfer.at, transfer.note, charge.version_id,
            charge.billed_seconds, entry.amount
        FROM entry
        JOIN ledger_transfer AS transfer ON transfer.id = entry.transfer_id AND transfer.id > $2
        LEFT JOIN ledger_transfer AS undone ON undone.id = transfer.reverses
        LEFT JOIN call_charge AS charge
            ON charge.transfer_id = COALESCE(transfer.reverses, transfer.id) AND charge.payer_id = entry.account_id
        ORDER BY entry.transfer_id";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [account_id.into(), after.into(), limit.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(CreditEntry::find_by_statement(statement).all(conn).await?)
}

/// An id that is lower than every UUIDv7 made at `from` or later, or in the hour before `from`.
pub fn before(from: DateTime<Utc>) -> Uuid {
    let from = from.checked_sub_signed(super::within::SKEW).unwrap_or(DateTime::UNIX_EPOCH);
    Uuid::from_u128(super::first_id(from).as_u128().saturating_sub(1))
}
