//! Queries for objects that a person should review: sessions, calls and phones of a callshop or a whole subtree, hook events, and an account's books.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{Book, HookStatus, hook_event, ledger_balance};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect, Statement,
    Value,
};
use uuid::Uuid;

use super::calls::REDELIVERY;
use super::first_id;
use super::reports::{PAID_LEVEL, level_amount};
use base::error::Result;

/// An object that a person should review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Id of the object.
    pub id: Uuid,
    /// The callshop to which the object belongs.
    pub callshop_id: Uuid,
    /// When the problem began.
    pub since: DateTime<Utc>,
}

/// Parameters of the search for problems.
#[derive(Clone, Debug)]
pub struct Search {
    /// Path of the account. The search covers the callshops in the account's subtree.
    pub path: String,
    /// Maximum number of results to read.
    pub limit: u64,
}

/// How far back the search for problems goes.
const DAYS_BACK: TimeDelta = TimeDelta::days(7);

impl Search {
    /// Joins `tables` to the callshop's account `s`, and finds the rows that match `condition`. The parameters in `more` start at `$4`.
    async fn find(
        &self,
        conn: &impl ConnectionTrait,
        columns: &str,
        tables: &str,
        condition: &str,
        more: Vec<Value>,
    ) -> Result<Vec<QueryResult>> {
        let sql = format!(
            "SELECT {columns}, s.id AS callshop_id FROM account s CROSS JOIN {tables} \
             WHERE s.path >= $1 AND s.path < $2 AND s.kind = 'CALLSHOP' AND {condition} \
             ORDER BY since, id LIMIT $3"
        );
        let end = self.path.strip_suffix('/').map_or_else(|| "0".to_owned(), |head| format!("{head}0"));
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![self.path.clone().into(), end.into(), limit.into()];
        values.extend(more);
        Ok(conn
            .query_all_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values))
            .await?)
    }
}

fn found(rows: &[QueryResult]) -> Result<Vec<Found>> {
    let read = |row: &QueryResult| {
        let callshop_id = row.try_get("", "callshop_id")?;
        Ok(Found { id: row.try_get("", "id")?, callshop_id, since: row.try_get("", "since")? })
    };
    rows.iter().map(read).collect()
}

/// Sessions that have been CLOSING since before `before`.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn closing_since_before(
    conn: &impl ConnectionTrait,
    search: &Search,
    before: DateTime<Utc>,
) -> Result<Vec<Found>> {
    let columns = "cs.id AS id, cs.closed_at AS since";
    let condition = "cs.callshop_id = s.id AND cs.state = 'CLOSING' AND cs.closed_at < $4";
    found(&search.find(conn, columns, "cabin_session cs", condition, vec![before.into()]).await?)
}

/// Sessions that have been OPEN since before `before`.
pub async fn open_since_before(
    conn: &impl ConnectionTrait,
    search: &Search,
    before: DateTime<Utc>,
) -> Result<Vec<Found>> {
    let columns = "cs.id AS id, cs.opened_at AS since";
    let condition = "cs.callshop_id = s.id AND cs.state = 'OPEN' AND cs.opened_at < $4";
    found(&search.find(conn, columns, "cabin_session cs", condition, vec![before.into()]).await?)
}

/// A live call.
#[derive(Clone, Debug)]
pub struct LiveCall {
    /// The call; `since` is the time when it was answered or, if it is not answered, the time when it was authorized.
    pub found: Found,
    /// Covered time in seconds, which is how long the call may last after it is answered.
    pub covered: i32,
    /// Whether the call was answered.
    pub answered: bool,
}

/// Live calls that were authorized before `before`.
pub async fn live_since_before(
    conn: &impl ConnectionTrait,
    search: &Search,
    before: DateTime<Utc>,
) -> Result<Vec<LiveCall>> {
    let columns = "c.id AS id, COALESCE(c.answered_at, c.authorized_at) AS since, c.covered AS covered, \
                   CASE WHEN c.answered_at IS NULL THEN 0 ELSE 1 END AS answered";
    let condition = "l.callshop_id = s.id AND c.authorized_at < $4";
    let tables = "live_call l JOIN \"call\" c ON c.id = l.call_id";
    let rows = search.find(conn, columns, tables, condition, vec![before.into()]).await?;
    let read = |(found, row): (Found, &QueryResult)| {
        let answered: i32 = row.try_get("", "answered")?;
        Ok(LiveCall { found, covered: row.try_get("", "covered")?, answered: answered == 1 })
    };
    found(&rows)?.into_iter().zip(&rows).map(read).collect()
}

/// Sessions with more than one live call.
pub async fn overlapping(conn: &impl ConnectionTrait, search: &Search) -> Result<Vec<Found>> {
    let columns = "o.session_id AS id, o.since AS since";
    let tables = "(SELECT l.session_id, l.callshop_id, MAX(c.authorized_at) AS since FROM live_call l \
                  JOIN \"call\" c ON c.id = l.call_id WHERE l.session_id IS NOT NULL \
                  GROUP BY l.session_id, l.callshop_id HAVING COUNT(*) > 1) o";
    found(&search.find(conn, columns, tables, "o.callshop_id = s.id", Vec::new()).await?)
}

/// Offline phones in cabins with an open session.
pub async fn offline_phones(conn: &impl ConnectionTrait, search: &Search) -> Result<Vec<Found>> {
    let columns = "p.id AS id, COALESCE(p.online_changed_at, cs.opened_at) AS since";
    let tables = "cabin_session cs JOIN cabin k ON k.id = cs.cabin_id JOIN phone p ON p.id = k.phone_id";
    let condition = "cs.callshop_id = s.id AND cs.state = 'OPEN' AND p.online = FALSE";
    found(&search.find(conn, columns, tables, condition, Vec::new()).await?)
}

/// Calls that ended in the last seven days and cost the account more than they earned.
pub async fn sold_below_cost(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
) -> Result<Vec<Found>> {
    let backend = conn.get_database_backend();
    let paid = level_amount(backend, PAID_LEVEL);
    let pays = level_amount(backend, &format!("({PAID_LEVEL} + 1)"));
    ended_of_late(conn, search, now, &format!("c.state = 'ENDED' AND {pays} > {paid}")).await
}

/// Calls that ended in the last seven days, but after the end of their covered time, so that an amount was written off.
pub async fn written_off(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
) -> Result<Vec<Found>> {
    ended_of_late(conn, search, now, "c.state = 'ENDED' AND c.written_off > 0").await
}

/// Calls with an estimated end in the last seven days. If `lost` is true, the result contains only calls that their proxy lost. Otherwise, the result
/// contains only calls that their proxy did not lose.
pub async fn estimated(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
    lost: bool,
) -> Result<Vec<Found>> {
    let cause = if lost { "c.cause = 'LOST'" } else { "c.cause <> 'LOST'" };
    ended_of_late(conn, search, now, &format!("c.estimated AND {cause}")).await
}

/// Calls that ended in the last seven days and whose answer was never acknowledged.
pub async fn unacknowledged(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
) -> Result<Vec<Found>> {
    ended_of_late(conn, search, now, "c.cause = 'NO_ACK'").await
}

const ENDED: &str = "c.id AS id, COALESCE(c.ended_at, c.authorized_at) AS since";

/// Calls that ended in the last seven days and match `which`. Estimated and written-off calls have an index. The column `cause` has no index: it
/// changes at the end of every call, so an index would rule out HOT updates.
async fn ended_of_late(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
    which: &str,
) -> Result<Vec<Found>> {
    let condition = format!("c.callshop_id = s.id AND c.id >= $4 AND c.ended_at >= $5 AND {which}");
    // a call that ended recently may have been authorized long before, because its events may be late
    let since = now - DAYS_BACK;
    let values = vec![first_id(since - REDELIVERY).into(), since.into()];
    found(&search.find(conn, ENDED, "\"call\" c", &condition, values).await?)
}

/// Hook events of the last seven days with this status (rejected or doubtful), newest first.
pub async fn events(
    conn: &impl ConnectionTrait,
    status: HookStatus,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<hook_event::Model>> {
    Ok(hook_event::Entity::find()
        .filter(hook_event::Column::Status.eq(status))
        .filter(hook_event::Column::ReceivedAt.gte(now - DAYS_BACK))
        .order_by_desc(hook_event::Column::ReceivedAt)
        .limit(limit)
        .all(conn)
        .await?)
}

/// An account's books whose balance differs from the sum of their entries.
pub async fn broken_books(conn: &impl ConnectionTrait, account_id: Uuid) -> Result<Vec<Book>> {
    let kept = ledger_balance::Entity::find()
        .filter(ledger_balance::Column::AccountId.eq(account_id))
        .all(conn)
        .await?;
    let currencies: BTreeSet<&str> = kept.iter().map(|row| row.currency.as_str()).collect();
    let by_currency = currencies.len() > 1;
    let sql = sums_of_books(by_currency);
    let sums = Statement::from_sql_and_values(conn.get_database_backend(), sql, [account_id.into()]);
    let sums = conn.query_all_raw(sums).await?;
    // each difference is the balance minus the sum of its entries
    let mut differences: BTreeMap<(Book, String), i128> = BTreeMap::new();
    for row in kept {
        let currency = if by_currency { row.currency } else { String::new() };
        *differences.entry((row.book, currency)).or_default() += i128::from(row.balance.0);
    }
    for row in &sums {
        let key = (row.try_get("", "book")?, row.try_get("", "currency")?);
        *differences.entry(key).or_default() -= i128::from(row.try_get::<i64>("", "amount")?);
    }
    let mut books: Vec<Book> = differences
        .into_iter()
        .filter(|(_, difference)| *difference != 0)
        .map(|((book, _), _)| book)
        .collect();
    books.dedup();
    Ok(books)
}

/// SQL that sums an account's entries by book. Only the platform has entries in several currencies. For any other account, the currency is empty and
/// the transfers, which have the currency, are not read.
///
/// The tables are summed in the order of an index. If the query read the view `ledger_entry`, SQLite would first copy all of the account's entries to
/// a temporary table.
fn sums_of_books(by_currency: bool) -> String {
    let (currency, transfer, group) = match by_currency {
        true => ("t.currency", "JOIN ledger_transfer t ON t.id = e.transfer_id", ", t.currency"),
        false => ("CAST('' AS TEXT)", "", ""),
    };
    let sums = [
        ("ledger_posting", "account_id", "e.book", "e.amount", ", e.book"),
        ("call_charge", "payer_id", "CAST('CREDIT' AS TEXT)", "-e.amount", ""),
        ("call_charge", "payee_id", "CAST('REVENUE' AS TEXT)", "e.amount", ""),
    ];
    let sums = sums.map(|(table, account, book, amount, by_book)| {
        format!(
            "SELECT {book} AS book, {currency} AS currency, CAST(SUM({amount}) AS BIGINT) AS amount FROM {table} e {transfer} \
             WHERE e.{account} = $1 GROUP BY e.{account}{by_book}{group}"
        )
    });
    sums.join(" UNION ALL ")
}
