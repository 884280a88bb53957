//! The rows that are needed to decide call attempts. Each function reads the rows for a whole batch of attempts in one statement. The functions read
//! only the columns that attempts need.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::{AccountKind, account, cabin, callshop, hook_event, live_call, tariff};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement, UnionType};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryResult, QuerySelect, QueryTrait as _};
use serde_json::Value;
use uuid::Uuid;

use super::asked;
use crate::bulk;
use crate::tariffs::version_in_force;
use base::error::Result;

/// The stored facts about authorization requests.
#[derive(Debug, Default)]
pub struct KnownRequests {
    /// The calls that belong to the requests.
    pub calls: Vec<Uuid>,
    /// The requests that the proxy has abandoned.
    pub abandoned: HashSet<String>,
}

/// Reads the stored facts about authorization requests. Finds only calls from the period in which a request may be repeated ([`REDELIVERY`]). The
/// calling function must have locked the requests ([`super::lock_requests`]), so that no other transaction is creating a call that this query
/// misses.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn known_requests(
    conn: &impl ConnectionTrait,
    requests: &[&str],
    now: DateTime<Utc>,
) -> Result<KnownRequests> {
    let abandoned = hook_event::Entity::find()
        .select_only()
        .expr(Expr::cust("NULL"))
        .column(hook_event::Column::Reference)
        // the value is a literal, so that it matches the condition of the partial index
        .filter(Expr::cust("\"hook_event\".\"kind\" = 'abandoned'"))
        .filter(bulk::among(conn, hook_event::Column::Reference, requests.iter().copied()));
    let mut query = asked(conn, requests, now).expr(Expr::cust("NULL")).into_query();
    query.union(UnionType::All, abandoned.into_query());
    let mut known = KnownRequests::default();
    for row in conn.query_all(&query).await? {
        known.calls.extend(row.try_get_by_index::<Option<Uuid>>(0)?);
        known.abandoned.extend(row.try_get_by_index::<Option<String>>(1)?);
    }
    Ok(known)
}

/// The data that an attempt needs about a phone's cabin.
#[derive(Clone, Copy, Debug)]
pub struct AttemptCabin {
    /// The cabin.
    pub id: Uuid,
    /// The cabin's phone.
    pub phone_id: Uuid,
    /// Whether the cabin is in service and was not retired.
    pub in_service: bool,
}

/// The cabins of phones. A phone is in at most one cabin.
pub async fn attempt_cabins(conn: &impl ConnectionTrait, phones: &[Uuid]) -> Result<Vec<AttemptCabin>> {
    use cabin::Column::{Id, OutOfService, PhoneId, RetiredAt};
    let query = cabin::Entity::find()
        .select_only()
        .columns([Id, PhoneId, OutOfService, RetiredAt])
        .filter(bulk::among(conn, PhoneId, phones.iter().copied()));
    let rows: Vec<(Uuid, Uuid, bool, Option<DateTime<Utc>>)> = query.into_tuple().all(conn).await?;
    let cabin = |(id, phone_id, out_of_service, retired_at): (_, _, bool, Option<_>)| AttemptCabin {
        id,
        phone_id,
        in_service: !out_of_service && retired_at.is_none(),
    };
    Ok(rows.into_iter().map(cabin).collect())
}

/// Returns the given phones that have a live call. The calling function must have locked the phones' open sessions. With these locks, a call that
/// another transaction is ending counts as ended, as in the sessions' totals.
pub async fn busy_phones(conn: &impl ConnectionTrait, phones: &[Uuid]) -> Result<HashSet<Uuid>> {
    let query = live_call::Entity::find()
        .select_only()
        .column(live_call::Column::PhoneId)
        .filter(bulk::among(conn, live_call::Column::PhoneId, phones.iter().copied()));
    Ok(query.into_tuple::<Uuid>().all(conn).await?.into_iter().collect())
}

/// The data that an attempt needs about one account on a callshop's path.
#[derive(Clone, Debug)]
pub struct Payer {
    /// The account.
    pub id: Uuid,
    /// The parent, which the account pays; `None` for the platform.
    pub parent_id: Option<Uuid>,
    /// The account's path ([`account::Model::path`]).
    pub path: String,
    /// The kind of account.
    pub kind: AccountKind,
    /// ISO 4217 code of the account's currency.
    pub currency: String,
    /// IANA zone name.
    pub time_zone: String,
    /// Whether the account itself is suspended.
    pub is_suspended: bool,
    /// The tariff that determines what the account pays its parent.
    pub cost: Option<AssignedTariff>,
    /// The tariff that determines what a callshop's customers pay; `None` if the cost tariff determines it.
    pub retail: Option<AssignedTariff>,
    /// The settings of a callshop; `None` for other accounts.
    pub callshop: Option<AttemptSettings>,
}

/// A tariff that is assigned to an account.
#[derive(Clone, Debug)]
pub struct AssignedTariff {
    /// The version in force; `None` if no version has taken effect yet.
    pub version_id: Option<Uuid>,
    /// The prefixes that the tariff blocks ([`tariff::Model::blocked_prefixes`]).
    pub blocked_prefixes: Value,
}

/// The callshop's settings that attempts need (see [`callshop::Model`]).
#[derive(Clone, Debug)]
pub struct AttemptSettings {
    /// A `billing::number::DialPlan`.
    pub dial_plan: Value,
    /// Maximum duration of a call in seconds.
    pub max_call_seconds: i32,
    /// The blocked prefixes.
    pub blocked_prefixes: Value,
    /// The caller ID to present; may be empty.
    pub caller_id: String,
    /// The announcement that a call ends soon comes this many seconds before the call ends; `None` for no announcement.
    pub ending_soon_seconds: Option<i32>,
}

/// The accounts with these ids, with their settings and their tariffs' versions in force at `now`. The query ignores scopes, because a proxy has no
/// account.
pub async fn payers(conn: &impl ConnectionTrait, ids: &[Uuid], now: DateTime<Utc>) -> Result<Vec<Payer>> {
    use callshop::Column::{BlockedPrefixes, CallerId, DialPlan, EndingSoonSeconds, MaxCallSeconds};
    let accounts = [
        account::Column::Id,
        account::Column::ParentId,
        account::Column::Path,
        account::Column::Kind,
        account::Column::Currency,
        account::Column::TimeZone,
        account::Column::SuspendedAt,
    ];
    let settings = [DialPlan, MaxCallSeconds, BlockedPrefixes, CallerId, EndingSoonSeconds];
    let of_account = Expr::col((callshop::Entity, callshop::Column::AccountId));
    let mut query = Query::select();
    query
        .columns(accounts.map(|column| (account::Entity, column)))
        .columns(settings.map(|column| (callshop::Entity, column)))
        .from(account::Entity)
        .left_join(callshop::Entity, of_account.equals((account::Entity, account::Column::Id)))
        .and_where(bulk::among(conn, account::Column::Id, ids.iter().copied()));
    assigned(&mut query, "cost", account::Column::CostTariffId, now);
    assigned(&mut query, "retail", account::Column::RetailTariffId, now);
    conn.query_all(&query).await?.iter().map(payer).collect()
}

/// Adds the columns of the tariff that a column of the account assigns.
fn assigned(query: &mut SelectStatement, name: &'static str, column: account::Column, now: DateTime<Utc>) {
    let name = Alias::new(name);
    let id = Expr::col((name.clone(), tariff::Column::Id));
    query
        .column((name.clone(), tariff::Column::BlockedPrefixes))
        .expr(version_in_force(name.clone(), now))
        .join_as(sea_orm::JoinType::LeftJoin, tariff::Entity, name, id.equals((account::Entity, column)));
}

/// Reads a row of [`payers`].
fn payer(row: &QueryResult) -> Result<Payer> {
    let tariff = |at: usize| -> Result<Option<AssignedTariff>> {
        let Some(blocked_prefixes) = row.try_get_by_index(at)? else { return Ok(None) };
        Ok(Some(AssignedTariff { version_id: row.try_get_by_index(at + 1)?, blocked_prefixes }))
    };
    let callshop = match row.try_get_by_index::<Option<Value>>(7)? {
        Some(dial_plan) => Some(AttemptSettings {
            dial_plan,
            max_call_seconds: row.try_get_by_index(8)?,
            blocked_prefixes: row.try_get_by_index(9)?,
            caller_id: row.try_get_by_index(10)?,
            ending_soon_seconds: row.try_get_by_index(11)?,
        }),
        None => None,
    };
    Ok(Payer {
        id: row.try_get_by_index(0)?,
        parent_id: row.try_get_by_index(1)?,
        path: row.try_get_by_index(2)?,
        kind: row.try_get_by_index(3)?,
        currency: row.try_get_by_index(4)?,
        time_zone: row.try_get_by_index(5)?,
        is_suspended: row.try_get_by_index::<Option<DateTime<Utc>>>(6)?.is_some(),
        cost: tariff(12)?,
        retail: tariff(14)?,
        callshop,
    })
}

/// The paths of accounts.
pub async fn paths(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    Ok(account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::Path])
        .filter(bulk::among(conn, account::Column::Id, ids.iter().copied()))
        .into_tuple()
        .all(conn)
        .await?)
}
