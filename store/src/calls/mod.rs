//! Calls, and the queries of the call path. Each query handles a whole batch in a few statements.

mod attempts;
mod events;
mod listed;
mod shown;

use std::collections::{HashMap, HashSet};

use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{CallState, Charges, Levels, cabin, cabin_session, call, live_call, phone};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait as _, Select, Statement,
};
use uuid::Uuid;

use super::partitions::Month;
use super::reconcile::KEYS_AT_ONCE;
use super::within::SKEW;
use super::{Writes, bulk, first_id};
use base::error::{Error, OrFault as _, Result};

pub use attempts::{
    AssignedTariff, AttemptCabin, AttemptSettings, KnownRequests, Payer, attempt_cabins, busy_phones,
    known_requests, paths, payers,
};
pub use events::{CallshopTerms, ReceivedBatch, doubt_events, ignore_events, meet, receive, reject_event};
pub use listed::{CallFilter, list};
pub use shown::{Detail, find, find_all, live, live_in, live_of_cabins, of_each};

/// States of a live call.
pub const LIVE: [CallState; 3] = [CallState::Authorized, CallState::Ringing, CallState::Answered];

/// The period after an authorization request in which the proxy may still repeat the request, abandon it, or send events of its call. The rows that
/// identify a repeated request or event are stored for longer than this period ([`crate::config::RetentionConfig`]).
pub const REDELIVERY: TimeDelta = TimeDelta::days(31);

/// Whether a call was answered more than a day before or after its authorization. Reports find such calls by a flag instead of by id.
pub fn is_far(allowed: DateTime<Utc>, answered: DateTime<Utc>) -> bool {
    (answered - allowed).abs() > TimeDelta::days(1)
}

/// Condition that a call is one of the live calls in `live`.
fn is_one_of(live: Select<live_call::Entity>) -> SimpleExpr {
    let ids = live.select_only().column(live_call::Column::CallId).into_query();
    Expr::col((call::Entity, call::Column::Id)).in_subquery(ids)
}

/// Phones by SIP user, locked in id order. The locks ensure that the call attempts of a phone are processed one after the other.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn lock_phones(conn: &impl ConnectionTrait, sip_users: &[&str]) -> Result<Vec<phone::Model>> {
    let query =
        phone::Entity::find().filter(bulk::among(conn, phone::Column::SipUser, sip_users.iter().copied()));
    Ok(query.order_by_asc(phone::Column::Id).lock(LockType::NoKeyUpdate).all(conn).await?)
}

/// The phone with this SIP user, for the proxy's digest authentication. This query ignores scopes, because a proxy has no account.
pub async fn phone_by_sip_user(conn: &impl ConnectionTrait, sip_user: &str) -> Result<Option<phone::Model>> {
    Ok(phone::Entity::find().filter(phone::Column::SipUser.eq(sip_user)).one(conn).await?)
}

/// Updates every column of phones. The calling function must have locked the phones in this transaction.
pub async fn save_phones(conn: &impl ConnectionTrait, phones: Vec<phone::Model>) -> Result<()> {
    for row in phones {
        use sea_orm::ActiveModelTrait as _;
        row.into_active_model().reset_all().update(conn).await?;
    }
    Ok(())
}

/// The cabins of phones.
pub async fn cabins_of(conn: &impl ConnectionTrait, phones: &[Uuid]) -> Result<Vec<cabin::Model>> {
    Ok(cabin::Entity::find()
        .filter(bulk::among(conn, cabin::Column::PhoneId, phones.iter().copied()))
        .all(conn)
        .await?)
}

/// Takes all locks that a batch of events and call attempts needs, with one query per kind of row. If a batch locked rows of the same kind in two
/// steps, it could deadlock with the batch of another node.
pub async fn lock_batch(
    conn: &impl ConnectionTrait,
    sip_users: &[&str],
    ids: &[Uuid],
    requests: &[&str],
    now: DateTime<Utc>,
) -> Result<()> {
    let phones = lock_phones(conn, sip_users).await?;
    let phones: Vec<Uuid> = phones.into_iter().map(|phone| phone.id).collect();
    let cabins: Vec<Uuid> = cabins_of(conn, &phones).await?.into_iter().map(|cabin| cabin.id).collect();
    let calls = lock_named(conn, ids, requests, now).await?;
    let named: Vec<Uuid> = calls.into_iter().filter_map(|call| call.session_id).collect();
    let open = bulk::among(conn, cabin_session::Column::CabinId, cabins)
        .and(Expr::cust("\"cabin_session\".\"state\" IN ('OPEN', 'CLOSING')"));
    cabin_session::Entity::find()
        .select_only()
        .column(cabin_session::Column::Id)
        .filter(sea_orm::Condition::any().add(bulk::among(conn, cabin_session::Column::Id, named)).add(open))
        .order_by_asc(cabin_session::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple::<Uuid>()
        .all(conn)
        .await?;
    Ok(())
}

/// Takes advisory locks on authorization requests. Transactions that process or abandon the same request then wait for each other. Row locks are not
/// enough, because the call's row may not exist yet. Does nothing on SQLite, which has one writer.
pub async fn lock_requests(conn: &impl ConnectionTrait, requests: &[&str]) -> Result<()> {
    if conn.get_database_backend() != DbBackend::Postgres || requests.is_empty() {
        return Ok(());
    }
    let mut keys: Vec<i64> = requests.iter().map(|request| key_of(request)).collect();
    keys.sort_unstable();
    let sql = "SELECT pg_advisory_xact_lock(key) FROM (SELECT unnest($1::bigint[]) AS key) AS keys";
    conn.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [keys.into()])).await?;
    Ok(())
}

/// A hash of a text, the same on every node.
fn key_of(text: &str) -> i64 {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    let mut key = [0; 8];
    key.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(key)
}

/// The open and closing sessions of cabins, locked in id order, so that no call starts in a session that is being closed.
pub async fn lock_open_sessions(
    conn: &impl ConnectionTrait,
    cabins: &[Uuid],
) -> Result<Vec<cabin_session::Model>> {
    let query = cabin_session::Entity::find()
        .filter(bulk::among(conn, cabin_session::Column::CabinId, cabins.iter().copied()))
        .filter(Expr::cust("\"cabin_session\".\"state\" IN ('OPEN', 'CLOSING')"));
    Ok(query.order_by_asc(cabin_session::Column::Id).lock(LockType::NoKeyUpdate).all(conn).await?)
}

/// Totals of the calls of an unfinished session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Sum of the customer's charges.
    pub charge: Micros,
    /// Seconds of talk.
    pub seconds: u32,
    /// Number of the session's calls, without refused calls.
    pub calls: u64,
}

/// Totals of the past and live calls of each session. Each session is given by its id and the time it was opened. Sessions without calls are
/// omitted.
pub async fn spent(
    conn: &impl ConnectionTrait,
    sessions: &[(Uuid, DateTime<Utc>)],
) -> Result<HashMap<Uuid, Spent>> {
    // no call is older than its session, so PostgreSQL can skip the partitions of the months before the session. The time is moved back by `SKEW` and
    // rounded down to the start of a month, so that no call is omitted, even if a node's clock was off
    let Some(opened) = sessions.iter().map(|(_, opened_at)| *opened_at).min() else {
        return Ok(HashMap::new());
    };
    let ids = sessions.iter().map(|(id, _)| *id);
    let rows: Vec<(Uuid, i64, i64, i64)> = call::Entity::find()
        .select_only()
        .column(call::Column::SessionId)
        // SUM of BIGINT is NUMERIC on PostgreSQL
        .column_as(call::Column::Charge.sum().cast_as("BIGINT"), "charge")
        .column_as(call::Column::TalkSeconds.sum().cast_as("BIGINT"), "seconds")
        .column_as(call::Column::Id.count(), "calls")
        .filter(bulk::among(conn, call::Column::SessionId, ids))
        .filter(since(conn, first_id(Month::of(opened - SKEW).start())))
        // refused calls appear on no customer's statement
        .filter(Expr::cust("\"call\".\"state\" <> 'REFUSED'"))
        .group_by(call::Column::SessionId)
        .into_tuple()
        .all(conn)
        .await?;
    let spent = |charge, seconds: i64, calls: i64| -> Result<Spent> {
        let (seconds, calls) = (u32::try_from(seconds).or_fault()?, u64::try_from(calls).or_fault()?);
        Ok(Spent { charge: Micros(charge), seconds, calls })
    };
    rows.into_iter().map(|(id, charge, sum, calls)| Ok((id, spent(charge, sum, calls)?))).collect()
}

/// A condition that makes PostgreSQL skip partitions before this id. On SQLite, the condition is empty, because a bound on the id would only make the
/// planner choose a different index.
fn since(conn: &impl ConnectionTrait, id: Uuid) -> sea_orm::Condition {
    let on_postgres = conn.get_database_backend() == DbBackend::Postgres;
    sea_orm::Condition::all().add_option(on_postgres.then(|| call::Column::Id.gte(id)))
}

/// The live calls of sessions.
pub async fn live_of_sessions(conn: &impl ConnectionTrait, sessions: &[Uuid]) -> Result<Vec<call::Model>> {
    let live = live_call::Entity::find().filter(bulk::among(
        conn,
        live_call::Column::SessionId,
        sessions.iter().copied(),
    ));
    Ok(call::Entity::find().filter(is_one_of(live)).all(conn).await?)
}

/// The fields of a live call that reconciliation compares with its proxy's listing.
#[derive(Clone, Debug)]
pub struct AtProxy {
    /// The call's id.
    pub id: Uuid,
    /// When the call was allowed, by the server's clock.
    pub authorized_at: chrono::DateTime<chrono::Utc>,
    /// When the call was answered, by the proxy's clock.
    pub answered_at: Option<chrono::DateTime<chrono::Utc>>,
    /// SIP Call-ID of the dialog.
    pub sip_call_id: String,
    /// SIP From tag of the dialog.
    pub from_tag: String,
}

/// At most `limit` live calls of a proxy, in no particular order.
pub async fn live_of_proxy(conn: &impl ConnectionTrait, proxy: &str, limit: u64) -> Result<Vec<AtProxy>> {
    use call::Column::{AnsweredAt, AuthorizedAt, FromTag, Id, SipCallId};
    let query = call::Entity::find()
        .select_only()
        .columns([Id, AuthorizedAt, AnsweredAt, SipCallId, FromTag])
        .filter(is_one_of(live_call::Entity::find()))
        .filter(call::Column::Proxy.eq(proxy))
        .limit(limit);
    let rows: Vec<(Uuid, _, _, _, _)> = query.into_tuple().all(conn).await?;
    let call = |(id, authorized_at, answered_at, sip_call_id, from_tag)| AtProxy {
        id,
        authorized_at,
        answered_at,
        sip_call_id,
        from_tag,
    };
    Ok(rows.into_iter().map(call).collect())
}

/// Returns which of the given calls ended between two times, both inclusive.
pub async fn ended_between(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<HashSet<Uuid>> {
    let mut ended = HashSet::new();
    for ids in ids.chunks(KEYS_AT_ONCE) {
        let query = call::Entity::find()
            .select_only()
            .column(call::Column::Id)
            .filter(bulk::among(conn, call::Column::Id, ids.iter().copied()))
            .filter(call::Column::EndedAt.between(from, to));
        ended.extend(query.into_tuple::<Uuid>().all(conn).await?);
    }
    Ok(ended)
}

/// Returns which of the given calls are live at any proxy.
pub async fn live_among(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let mut live = HashSet::new();
    for ids in ids.chunks(KEYS_AT_ONCE) {
        let query = live_call::Entity::find()
            .select_only()
            .column(live_call::Column::CallId)
            .filter(bulk::among(conn, live_call::Column::CallId, ids.iter().copied()));
        live.extend(query.into_tuple::<Uuid>().all(conn).await?);
    }
    Ok(live)
}

/// Calls by id, locked in id order.
pub async fn lock(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<call::Model>> {
    let Some((first, last)) = ids.iter().min().zip(ids.iter().max()) else { return Ok(Vec::new()) };
    let mut wanted = sea_orm::Condition::all().add(bulk::among(conn, call::Column::Id, ids.iter().copied()));
    if conn.get_database_backend() == DbBackend::Postgres {
        // a generic plan can exclude partitions if the condition is a range of ids, but not if it is a list of ids
        wanted = wanted.add(call::Column::Id.gte(*first)).add(call::Column::Id.lte(*last));
    }
    Ok(call::Entity::find()
        .filter(wanted)
        .order_by_asc(call::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(conn)
        .await?)
}

/// Calls by id or by authorization request, locked in id order. The calling function must have locked the requests ([`lock_requests`]), so that no
/// other transaction is creating a call that this query misses.
pub async fn lock_named(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
    requests: &[&str],
    now: DateTime<Utc>,
) -> Result<Vec<call::Model>> {
    let mut wanted: Vec<Uuid> = match requests {
        [] => Vec::new(),
        requests => asked(conn, requests, now).into_tuple().all(conn).await?,
    };
    wanted.extend(ids);
    lock(conn, &wanted).await
}

/// Selects the ids of the calls that belong to authorization requests. The search covers the period in which a request may be repeated
/// ([`REDELIVERY`]).
fn asked(conn: &impl ConnectionTrait, requests: &[&str], now: DateTime<Utc>) -> Select<call::Entity> {
    call::Entity::find()
        .select_only()
        .column(call::Column::Id)
        .filter(bulk::among(conn, call::Column::RequestId, requests.iter().copied()))
        .filter(since(conn, first_id(now - REDELIVERY)))
}

/// The statements that insert new calls.
///
/// # Errors
/// Fails with a fault if the type of a column is not supported.
pub fn inserts(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<Writes> {
    let backend = conn.get_database_backend();
    let live: Vec<live_call::Model> = calls.iter().filter(|call| is_live(call)).map(Into::into).collect();
    let mut statements = bulk::inserts::<call::Entity>(backend, calls, "")?;
    statements.extend(bulk::inserts::<live_call::Entity>(backend, &live, "")?);
    Ok(Writes(statements))
}

/// Inserts new calls.
pub async fn insert(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<()> {
    inserts(conn, calls)?.run(conn).await
}

fn is_live(call: &call::Model) -> bool {
    LIVE.contains(&call.state)
}

/// Statements that update the live-call rows of updated calls, and delete the live-call rows of ended calls.
fn follow(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<Vec<Statement>> {
    let backend = conn.get_database_backend();
    // `extend_at` never becomes null again while a call is live, so this statement need not write null
    let due = calls.iter().filter(|call| is_live(call) && call.extend_at.is_some());
    let due: Vec<live_call::Model> = due.map(Into::into).collect();
    use live_call::Column::{CallId, ExtendAt};
    let mut statements = bulk::updates::<live_call::Entity>(backend, &due, CallId, &[ExtendAt])?;
    let over = calls.iter().filter(|call| !is_live(call)).map(|call| call.id).collect::<Vec<_>>();
    if !over.is_empty() {
        let over = bulk::among(conn, CallId, over);
        statements.push(live_call::Entity::delete_many().filter(over).build(backend));
    }
    Ok(statements)
}

/// Updates those columns of calls that events can change. The calling function must have locked the calls in this transaction.
pub async fn update(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<()> {
    changes(conn, calls)?.run(conn).await
}

/// The statements that [`update`] runs.
pub fn changes(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<Writes> {
    use call::Column::*;
    const CHANGED: [call::Column; 20] = [
        State,
        RingingAt,
        AnsweredAt,
        EndedAt,
        SipCode,
        EndedBy,
        Cause,
        TalkSeconds,
        BilledSeconds,
        Charge,
        Charges,
        WrittenOff,
        ToTag,
        Holds,
        Covered,
        ExtendAt,
        Estimated,
        AnswerDay,
        // the refusal changes if the proxy gave up the attempt before it got the response
        Refusal,
        AnsweredFar,
    ];
    let backend = conn.get_database_backend();
    let mut statements = bulk::updates::<call::Entity>(backend, calls, Id, &CHANGED)?;
    statements.extend(follow(conn, calls)?);
    Ok(Writes(statements))
}

/// Updates the call columns that an extension can change. The calling function must have locked the calls in this transaction.
pub async fn update_cover(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<()> {
    use call::Column::{Covered, EndingSoon, ExtendAt, Holds, Id, WarnAfter};
    let backend = conn.get_database_backend();
    let changed = [Covered, Holds, ExtendAt, WarnAfter, EndingSoon];
    let mut statements = bulk::updates::<call::Entity>(backend, calls, Id, &changed)?;
    statements.extend(follow(conn, calls)?);
    bulk::together(conn, statements).await
}

/// Marks calls that must be hung up, and returns those that are still live.
pub async fn mark_hang_up(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
    user_id: Uuid,
) -> Result<Vec<call::Model>> {
    let live = bulk::among(conn, call::Column::Id, ids.iter().copied()).and(call::Column::State.is_in(LIVE));
    call::Entity::update_many()
        .col_expr(call::Column::HangUpBy, Expr::value(user_id))
        // a call that is being hung up gets no more paid time
        .col_expr(call::Column::ExtendAt, Expr::value(None::<DateTime<Utc>>))
        .filter(live.clone())
        .exec(conn)
        .await?;
    live_call::Entity::update_many()
        .col_expr(live_call::Column::ExtendAt, Expr::value(None::<DateTime<Utc>>))
        .filter(bulk::among(conn, live_call::Column::CallId, ids.iter().copied()))
        .exec(conn)
        .await?;
    Ok(call::Entity::find().filter(live).all(conn).await?)
}

/// At most `limit` answered calls that need more reserved time by `now`, with the most overdue call first.
pub async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>, limit: u64) -> Result<Vec<Uuid>> {
    let query = live_call::Entity::find()
        .select_only()
        .column(live_call::Column::CallId)
        .filter(live_call::Column::ExtendAt.lte(now))
        .order_by_asc(live_call::Column::ExtendAt);
    Ok(query.limit(limit).into_tuple().all(conn).await?)
}

/// Records that the proxy has confirmed a call's limit, and when to reserve more time for the call. Does nothing if the call has changed in the
/// meantime.
pub async fn confirm(
    conn: &impl ConnectionTrait,
    id: Uuid,
    covered: i32,
    next: Option<DateTime<Utc>>,
) -> Result<()> {
    let confirmed = call::Entity::update_many()
        .col_expr(call::Column::ExtendAt, Expr::value(next))
        .col_expr(call::Column::Confirmed, Expr::value(covered))
        .filter(call::Column::Id.eq(id))
        .filter(call::Column::Covered.eq(covered))
        .filter(call::Column::State.eq(CallState::Answered))
        .filter(call::Column::HangUpBy.is_null())
        .exec(conn)
        .await?;
    if confirmed.rows_affected > 0 {
        live_call::Entity::update_many()
            .col_expr(live_call::Column::ExtendAt, Expr::value(next))
            .filter(live_call::Column::CallId.eq(id))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// The charge of an ended call at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargedLevel {
    /// Level of the payer: 0 is the customer, 1 is the callshop, and so on.
    pub level: i32,
    /// The paying account. At level 0, the callshop is the payer, on behalf of the customer.
    pub account_id: Uuid,
    /// Seconds billed.
    pub billed_seconds: i32,
    /// Amount paid.
    pub amount: entity::Micros,
}

/// The charges of a call at each level, with the customer's charge first. The list is empty until an answered call ends.
pub async fn charges(conn: &impl ConnectionTrait, call_id: Uuid) -> Result<Vec<ChargedLevel>> {
    Ok(charges_of(conn, &[call_id]).await?.remove(&call_id).unwrap_or_default())
}

/// The charges of calls, by call.
pub(super) async fn charges_of(
    conn: &impl ConnectionTrait,
    calls: &[Uuid],
) -> Result<HashMap<Uuid, Vec<ChargedLevel>>> {
    use call::Column::{CallshopId, Id};
    let Some((first, last)) = calls.iter().min().zip(calls.iter().max()) else { return Ok(HashMap::new()) };
    let mut query = call::Entity::find()
        .select_only()
        .columns([Id, CallshopId, call::Column::Levels, call::Column::Charges])
        .filter(bulk::among(conn, Id, calls.iter().copied()));
    if conn.get_database_backend() == DbBackend::Postgres {
        // skips the partitions that have none of the calls
        query = query.filter(Id.between(*first, *last));
    }
    let rows: Vec<(Uuid, Uuid, Levels, Charges)> = query.into_tuple().all(conn).await?;
    rows.into_iter()
        .map(|(id, callshop_id, levels, charges)| {
            let unreadable = || Error::fault(format!("the charges of the call {id} cannot be read"));
            Ok((id, charged(callshop_id, &levels, &charges).ok_or_else(unreadable)?))
        })
        .collect()
}

fn charged(callshop_id: Uuid, levels: &Levels, charges: &Charges) -> Option<Vec<ChargedLevel>> {
    let (levels, charges) = (levels.read(callshop_id)?, charges.read()?);
    if charges.len() > levels.len() {
        return None;
    }
    let charge = |((level, key), charge): ((i32, entity::LevelKey), entity::LevelCharge)| ChargedLevel {
        level,
        account_id: key.account_id,
        billed_seconds: charge.billed_seconds,
        amount: charge.amount,
    };
    Some((0..).zip(levels).zip(charges).map(charge).collect())
}
