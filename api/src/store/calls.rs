//! Calls and what the call path reads and writes: always for a whole batch in a handful of statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    CallState, HookStatus, SessionState, account, cabin, cabin_session, call, call_charge, hook_event,
    live_call, phone,
};
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult as _, IdenStatic as _,
    IntoActiveModel, Iterable as _, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait as _,
    Select, Statement,
};
use uuid::Uuid;

use super::partitions::Month;
use super::reconcile::KEYS_AT_ONCE;
use super::{Page, Scope, Writes, bulk, first_id};
use crate::error::Result;

/// States of a call that is up or on its way.
pub const LIVE: [CallState; 3] = [CallState::Authorized, CallState::Ringing, CallState::Answered];

/// How long after a request for a call the proxy may ask again, give it up, or tell what became of it. What is kept to know a repetition by
/// is kept for longer ([`crate::config::RetentionConfig`]).
pub const REDELIVERY: TimeDelta = TimeDelta::days(31);

/// How much earlier than by its session's clock a call's id may be: nodes' clocks differ.
const SKEW: TimeDelta = TimeDelta::hours(1);

/// Whether a call is one of those live calls.
fn is_one_of(live: Select<live_call::Entity>) -> SimpleExpr {
    let ids = live.select_only().column(live_call::Column::CallId).into_query();
    Expr::col((call::Entity, call::Column::Id)).in_subquery(ids)
}

/// Phones by SIP user, locked in id order: a phone's attempts are decided one after the other.
///
/// # Errors
/// Those of the database, as for every function here.
pub async fn lock_phones(conn: &impl ConnectionTrait, sip_users: &[&str]) -> Result<Vec<phone::Model>> {
    let query =
        phone::Entity::find().filter(bulk::among(conn, phone::Column::SipUser, sip_users.iter().copied()));
    Ok(query.order_by_asc(phone::Column::Id).lock_exclusive().all(conn).await?)
}

/// The phone with this SIP user, for the proxy's digest.
pub async fn phone_by_sip_user(conn: &impl ConnectionTrait, sip_user: &str) -> Result<Option<phone::Model>> {
    Ok(phone::Entity::find().filter(phone::Column::SipUser.eq(sip_user)).one(conn).await?)
}

/// Writes every column of phones that were locked in this transaction.
pub async fn save_phones(conn: &impl ConnectionTrait, phones: Vec<phone::Model>) -> Result<()> {
    for row in phones {
        use sea_orm::ActiveModelTrait as _;
        row.into_active_model().reset_all().update(conn).await?;
    }
    Ok(())
}

/// Cabins by their phones.
pub async fn cabins_of(conn: &impl ConnectionTrait, phones: &[Uuid]) -> Result<Vec<cabin::Model>> {
    Ok(cabin::Entity::find()
        .filter(bulk::among(conn, cabin::Column::PhoneId, phones.iter().copied()))
        .all(conn)
        .await?)
}

/// What a batch of events and attempts is going to lock, all of a kind at once: two rounds of a kind could meet those of another node
/// the other way round.
pub async fn lock_ground(
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
        .lock_exclusive()
        .into_tuple::<Uuid>()
        .all(conn)
        .await?;
    Ok(())
}

/// Makes whoever decides about these authorisation requests, or gives them up, wait for each other: the row that both would look for may
/// not be there yet.
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

/// A number of a text, the same on every node.
fn key_of(text: &str) -> i64 {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    let mut key = [0; 8];
    key.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(key)
}

/// Open and closing sessions of cabins, locked in id order: no call starts in a session while it is being closed.
pub async fn lock_open_sessions(
    conn: &impl ConnectionTrait,
    cabins: &[Uuid],
) -> Result<Vec<cabin_session::Model>> {
    let query = cabin_session::Entity::find()
        .filter(bulk::among(conn, cabin_session::Column::CabinId, cabins.iter().copied()))
        .filter(Expr::cust("\"cabin_session\".\"state\" IN ('OPEN', 'CLOSING')"));
    Ok(query.order_by_asc(cabin_session::Column::Id).lock_exclusive().all(conn).await?)
}

/// What the calls of a session came to so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// What they cost the customer.
    pub charge: Micros,
    /// How long was talked, in seconds.
    pub seconds: u32,
    /// How many there were.
    pub calls: u64,
}

/// What the calls of sessions came to so far.
pub async fn spent(
    conn: &impl ConnectionTrait,
    sessions: &[&cabin_session::Model],
) -> Result<HashMap<Uuid, Spent>> {
    // no call is older than its session: partitions of earlier months are left alone. By whole months, so that it never decides what counts:
    // the clock of the node that allowed a call may be another
    let Some(opened) = sessions.iter().map(|session| session.opened_at).min() else {
        return Ok(HashMap::new());
    };
    let ids = sessions.iter().map(|session| session.id);
    let rows: Vec<(Uuid, i64, i64, i64)> = call::Entity::find()
        .select_only()
        .column(call::Column::SessionId)
        // SUM of BIGINT is NUMERIC on PostgreSQL
        .column_as(call::Column::Charge.sum().cast_as("BIGINT"), "charge")
        .column_as(call::Column::TalkSeconds.sum().cast_as("BIGINT"), "seconds")
        .column_as(call::Column::Id.count(), "calls")
        .filter(bulk::among(conn, call::Column::SessionId, ids))
        .filter(since(conn, first_id(Month::of(opened - SKEW).start())))
        // what was refused is on no statement
        .filter(Expr::cust("\"call\".\"state\" <> 'REFUSED'"))
        .group_by(call::Column::SessionId)
        .into_tuple()
        .all(conn)
        .await?;
    let seconds = |sum: i64| u32::try_from(sum).unwrap_or(u32::MAX);
    let spent = |charge, sum, calls: i64| Spent {
        charge: Micros(charge),
        seconds: seconds(sum),
        calls: calls.unsigned_abs(),
    };
    Ok(rows.into_iter().map(|(id, charge, sum, calls)| (id, spent(charge, sum, calls))).collect())
}

/// The condition that keeps PostgreSQL from looking into partitions of before this id. On SQLite it would only draw the plan away from the
/// index.
fn since(conn: &impl ConnectionTrait, id: Uuid) -> sea_orm::Condition {
    let on_postgres = conn.get_database_backend() == DbBackend::Postgres;
    sea_orm::Condition::all().add_option(on_postgres.then(|| call::Column::Id.gte(id)))
}

/// Phones that have a live call.
pub async fn busy_phones(conn: &impl ConnectionTrait, phones: &[Uuid]) -> Result<HashSet<Uuid>> {
    let query = live_call::Entity::find()
        .select_only()
        .column(live_call::Column::PhoneId)
        .filter(bulk::among(conn, live_call::Column::PhoneId, phones.iter().copied()));
    Ok(query.into_tuple::<Uuid>().all(conn).await?.into_iter().collect())
}

/// Live calls of sessions that are still counted, by session.
pub async fn live_of_sessions(conn: &impl ConnectionTrait, sessions: &[Uuid]) -> Result<Vec<call::Model>> {
    let live = live_call::Entity::find().filter(bulk::among(
        conn,
        live_call::Column::SessionId,
        sessions.iter().copied(),
    ));
    Ok(call::Entity::find().filter(is_one_of(live)).all(conn).await?)
}

/// A live call, as far as it is compared with what its proxy lists.
#[derive(Clone, Copy, Debug)]
pub struct AtProxy {
    /// Which.
    pub id: Uuid,
    /// When it was allowed.
    pub authorized_at: chrono::DateTime<chrono::Utc>,
    /// When it was answered; proxy time.
    pub answered_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Live calls of a proxy, `limit` of them.
pub async fn live_of_proxy(conn: &impl ConnectionTrait, proxy: &str, limit: u64) -> Result<Vec<AtProxy>> {
    let query = call::Entity::find()
        .select_only()
        .columns([call::Column::Id, call::Column::AuthorizedAt, call::Column::AnsweredAt])
        .filter(is_one_of(live_call::Entity::find()))
        .filter(call::Column::Proxy.eq(proxy))
        .limit(limit);
    let rows: Vec<(Uuid, _, _)> = query.into_tuple().all(conn).await?;
    let call = |(id, authorized_at, answered_at)| AtProxy { id, authorized_at, answered_at };
    Ok(rows.into_iter().map(call).collect())
}

/// Which of these calls ended between two instants.
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

/// Which of these calls are live, wherever.
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
        // a plan for any parameters leaves partitions out by a range, not by a list
        wanted = wanted.add(call::Column::Id.gte(*first)).add(call::Column::Id.lte(*last));
    }
    Ok(call::Entity::find().filter(wanted).order_by_asc(call::Column::Id).lock_exclusive().all(conn).await?)
}

/// Calls by id or by authorisation request, locked in id order. The requests are locked already ([`lock_requests`]): what is not found here
/// is in no other transaction.
pub async fn lock_named(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
    requests: &[&str],
    now: DateTime<Utc>,
) -> Result<Vec<call::Model>> {
    let mut wanted = asked(conn, requests, now).await?;
    wanted.extend(ids);
    lock(conn, &wanted).await
}

/// The calls of authorisation requests, as far back as one may be repeated.
async fn asked(conn: &impl ConnectionTrait, requests: &[&str], now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let query = call::Entity::find()
        .select_only()
        .column(call::Column::Id)
        .filter(bulk::among(conn, call::Column::RequestId, requests.iter().copied()))
        .filter(since(conn, first_id(now - REDELIVERY)));
    Ok(query.into_tuple().all(conn).await?)
}

/// Inserts new calls.
pub async fn insert(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<()> {
    let backend = conn.get_database_backend();
    let live: Vec<live_call::Model> = calls.iter().filter(|call| is_live(call)).map(Into::into).collect();
    let mut statements = bulk::inserts::<call::Entity>(backend, calls, "")?;
    statements.extend(bulk::inserts::<live_call::Entity>(backend, &live, "")?);
    bulk::together(conn, statements).await
}

fn is_live(call: &call::Model) -> bool {
    LIVE.contains(&call.state)
}

/// What brings the rows of live calls after those of calls that are written: who is over has none.
fn follow(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<Vec<Statement>> {
    let backend = conn.get_database_backend();
    // what is to be looked at once is looked at until it is over
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

/// Writes what events change of calls that were locked in this transaction, and what those cost at each level; a correction of a charge
/// replaces what was there.
pub async fn update(
    conn: &impl ConnectionTrait,
    calls: &[call::Model],
    charges: &[call_charge::Model],
) -> Result<()> {
    changes(conn, calls, charges)?.run(conn).await
}

/// What [`update`] writes.
pub fn changes(
    conn: &impl ConnectionTrait,
    calls: &[call::Model],
    charges: &[call_charge::Model],
) -> Result<Writes> {
    use call::Column::*;
    const CHANGED: [call::Column; 17] = [
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
        WrittenOff,
        ToTag,
        Holds,
        Covered,
        ExtendAt,
        Estimated,
        AnswerDay,
    ];
    let replace = "ON CONFLICT (call_id, level) DO UPDATE SET billed_seconds = excluded.billed_seconds, amount = excluded.amount";
    let backend = conn.get_database_backend();
    let mut statements = bulk::updates::<call::Entity>(backend, calls, Id, &CHANGED)?;
    statements.extend(follow(conn, calls)?);
    statements.extend(bulk::inserts::<call_charge::Entity>(backend, charges, replace)?);
    Ok(Writes(statements))
}

/// Writes what extensions change of calls that were locked in this transaction.
pub async fn update_cover(conn: &impl ConnectionTrait, calls: &[call::Model]) -> Result<()> {
    use call::Column::{Covered, ExtendAt, Holds, Id};
    let backend = conn.get_database_backend();
    let mut statements = bulk::updates::<call::Entity>(backend, calls, Id, &[Covered, Holds, ExtendAt])?;
    statements.extend(follow(conn, calls)?);
    bulk::together(conn, statements).await
}

/// Marks live calls as to be hung up; answers those that still are live.
pub async fn mark_hang_up(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
    user_id: Uuid,
) -> Result<Vec<call::Model>> {
    let live = bulk::among(conn, call::Column::Id, ids.iter().copied()).and(call::Column::State.is_in(LIVE));
    call::Entity::update_many()
        .col_expr(call::Column::HangUpBy, Expr::value(user_id))
        // who is being hung up is given nothing more
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

/// Answered calls that are to be looked at by `now`, longest due first.
pub async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>, limit: u64) -> Result<Vec<Uuid>> {
    let query = live_call::Entity::find()
        .select_only()
        .column(live_call::Column::CallId)
        .filter(live_call::Column::ExtendAt.lte(now))
        .order_by_asc(live_call::Column::ExtendAt);
    Ok(query.limit(limit).into_tuple().all(conn).await?)
}

/// Notes that the proxy knows what a call is covered for, and when to look at it again; nothing if it has moved on.
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

/// Which of these authorisation requests the proxy has given up already.
pub async fn abandoned(conn: &impl ConnectionTrait, requests: &[&str]) -> Result<HashSet<String>> {
    let query = hook_event::Entity::find()
        .select_only()
        .column(hook_event::Column::Reference)
        // written out, as its index has it
        .filter(Expr::cust("\"hook_event\".\"kind\" = 'abandoned'"))
        .filter(bulk::among(conn, hook_event::Column::Reference, requests.iter().copied()));
    Ok(query.into_tuple::<String>().all(conn).await?.into_iter().collect())
}

/// Of keys that are there already nothing is returned.
const NEW: &str = "ON CONFLICT (eid) DO NOTHING RETURNING eid";

/// Keeps received events, in the order of their keys; answers the keys that were not there. One that another node is keeping just now
/// is waited for.
pub async fn receive(conn: &impl ConnectionTrait, events: &[hook_event::Model]) -> Result<HashSet<String>> {
    let rows = bulk::insert_returning::<hook_event::Entity>(conn, events, NEW).await?;
    Ok(rows.iter().map(|row| row.try_get("", "eid")).collect::<std::result::Result<_, _>>()?)
}

/// What a batch of events finds beside its calls.
#[derive(Debug, Default)]
pub struct Met {
    /// Keys of events that were not there.
    pub new: HashSet<String>,
    /// Sessions, locked now, and their states.
    pub sessions: HashMap<Uuid, SessionState>,
    /// Callshops.
    pub shops: HashMap<Uuid, Shop>,
}

/// What a callshop's account says about its calls.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Where its days begin.
    pub time_zone: String,
    /// Spendable credit below which its people are told.
    pub low_credit: Option<Micros>,
    /// How far its credit may go below zero; none is without end.
    pub credit_limit: Option<Micros>,
}

/// Keeps received events ([`receive`]), locks sessions in id order, and reads of accounts what is needed: in one round trip on PostgreSQL.
pub async fn meet(
    conn: &impl ConnectionTrait,
    events: &[hook_event::Model],
    sessions: &[Uuid],
    shops: &[Uuid],
) -> Result<Met> {
    let states = cabin_session::Entity::find()
        .select_only()
        .columns([cabin_session::Column::Id, cabin_session::Column::State])
        .filter(bulk::any(conn, cabin_session::Column::Id, sessions))
        .order_by_asc(cabin_session::Column::Id)
        .lock_exclusive();
    use account::Column::{CreditLimit, LowCredit, TimeZone};
    let terms = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, TimeZone, LowCredit, CreditLimit])
        .filter(bulk::any(conn, account::Column::Id, shops));
    let backend = conn.get_database_backend();
    let mut kept = bulk::inserts::<hook_event::Entity>(backend, events, NEW)?;
    let mut met = Met::default();
    if backend == DbBackend::Postgres && kept.len() == 1 {
        // the keys first, as everywhere: the parts of a UNION run one after the other
        const ALL: &str =
            "SELECT eid, NULL::uuid AS id, NULL AS state, NULL AS time_zone, NULL::int8 AS low_credit,
             NULL::int8 AS credit_limit FROM s1
             UNION ALL SELECT NULL, id, state, NULL, NULL, NULL FROM s2
             UNION ALL SELECT NULL, id, NULL, time_zone, low_credit, credit_limit FROM s3";
        kept.extend([states.build(backend), terms.build(backend), Statement::from_string(backend, ALL)]);
        for row in conn.query_all_raw(bulk::combined(backend, kept)).await? {
            met.add(&row)?;
        }
        return Ok(met);
    }
    met.new = receive(conn, events).await?;
    if !sessions.is_empty() {
        met.sessions = states.into_tuple::<(Uuid, SessionState)>().all(conn).await?.into_iter().collect();
    }
    if !shops.is_empty() {
        let rows: Vec<(Uuid, String, Option<entity::Micros>, Option<entity::Micros>)> =
            terms.into_tuple().all(conn).await?;
        met.shops =
            rows.into_iter().map(|(id, zone, low, limit)| (id, Shop::new(zone, low, limit))).collect();
    }
    Ok(met)
}

impl Met {
    fn add(&mut self, row: &QueryResult) -> Result<()> {
        if let Some(eid) = row.try_get("", "eid")? {
            self.new.insert(eid);
            return Ok(());
        }
        let id: Uuid = row.try_get("", "id")?;
        match row.try_get::<Option<String>>("", "time_zone")? {
            Some(zone) => {
                let shop = Shop::new(zone, row.try_get("", "low_credit")?, row.try_get("", "credit_limit")?);
                self.shops.insert(id, shop);
            }
            None => {
                self.sessions.insert(id, row.try_get("", "state")?);
            }
        }
        Ok(())
    }
}

impl Shop {
    fn new(
        time_zone: String,
        low_credit: Option<entity::Micros>,
        credit_limit: Option<entity::Micros>,
    ) -> Self {
        Self {
            time_zone,
            low_credit: low_credit.map(Micros::from),
            credit_limit: credit_limit.map(Micros::from),
        }
    }
}

/// Notes that events changed nothing.
pub async fn ignore_events(conn: &impl ConnectionTrait, eids: &[&str]) -> Result<()> {
    if eids.is_empty() {
        return Ok(());
    }
    hook_event::Entity::update_many()
        .col_expr(hook_event::Column::Status, Expr::value(HookStatus::Ignored))
        .filter(bulk::among(conn, hook_event::Column::Eid, eids.iter().copied()))
        .exec(conn)
        .await?;
    Ok(())
}

/// Keeps an event that cannot be applied, with the reason, so that it is received and can be looked into.
pub async fn reject_event(conn: &impl ConnectionTrait, event: hook_event::Model) -> Result<()> {
    let replace = "ON CONFLICT (eid) DO UPDATE SET status = excluded.status, error = excluded.error";
    bulk::insert::<hook_event::Entity>(conn, &[event], replace).await
}

/// A call of a callshop inside `scope`.
pub async fn find(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<call::Model>> {
    let owned = scope.owns((call::Entity, call::Column::CallshopId));
    Ok(call::Entity::find_by_id(id).filter(owned).one(conn).await?)
}

/// What to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallFilter {
    /// Calls made from this cabin.
    pub cabin_id: Option<Uuid>,
    /// Calls on this session's bill.
    pub session_id: Option<Uuid>,
}

/// A page of one callshop's calls.
pub async fn list(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    filter: CallFilter,
    page: Page,
) -> Result<Vec<call::Model>> {
    let mut query = call::Entity::find().filter(call::Column::CallshopId.eq(callshop_id));
    if let Some(cabin) = filter.cabin_id {
        query = query.filter(call::Column::CabinId.eq(cabin));
    }
    if let Some(session) = filter.session_id {
        query = query.filter(call::Column::SessionId.eq(session));
    }
    Ok(page.apply(query, call::Column::Id).all(conn).await?)
}

/// A page of the calls of each of these cabins or sessions, by `column`, each page in its order: one statement on PostgreSQL. Frozen prices are
/// most of a call, and few ask for them: unless they are `priced`, calls that are over come without.
pub async fn of_each(
    conn: &impl ConnectionTrait,
    column: call::Column,
    owners: &[Uuid],
    page: Page,
    priced: bool,
) -> Result<Vec<Arc<call::Model>>> {
    if conn.get_database_backend() != DbBackend::Postgres {
        let mut rows = Vec::new();
        for owner in owners {
            let query = call::Entity::find().filter(column.eq(*owner));
            rows.extend(page.apply(query, call::Column::Id).all(conn).await?.into_iter().map(Arc::new));
        }
        return Ok(rows);
    }
    // by name: a star would break prepared statements when a newer edition adds a column
    let read = |column: call::Column| match column {
        call::Column::Pricing if !priced => {
            "CASE WHEN call.ended_at IS NULL THEN call.pricing ELSE '[]' END AS pricing".to_owned()
        }
        // nobody is shown these
        call::Column::Holds => "'[]'::jsonb AS holds".to_owned(),
        _ => format!("\"{}\"", column.as_str()),
    };
    let columns: Vec<String> = call::Column::iter().map(read).collect();
    let (columns, owner) = (columns.join(", "), column.as_str());
    let order = if page.descending { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT page.* FROM unnest($1::uuid[]) AS owner (id) CROSS JOIN LATERAL (SELECT {columns} FROM call \
         WHERE call.{owner} = owner.id AND call.id > $2 AND call.id < $3 ORDER BY call.id {order} LIMIT $4) AS page"
    );
    let (above, below) = page.bounds();
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let (above, below) = (above.unwrap_or(Uuid::nil()), below.unwrap_or(Uuid::max()));
    let owners = owners.iter().map(|owner| (*owner).into()).collect();
    let owners = sea_orm::Value::Array(ArrayType::Uuid, Some(Box::new(owners)));
    let values = [owners, above.into(), below.into(), limit.into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    // each row once into its place: they are large, and hundreds are moved about and copied on their way to the screen otherwise
    let rows = conn.query_all_raw(statement).await?;
    let read = |row: &QueryResult| Ok(Arc::new(call::Model::from_query_result(row, "")?));
    rows.iter().map(read).collect()
}

/// The live calls of a callshop, oldest first, at most 1,000.
pub async fn live(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<Vec<call::Model>> {
    let live = live_call::Entity::find().filter(live_call::Column::CallshopId.eq(callshop_id));
    let query = call::Entity::find().filter(is_one_of(live));
    Ok(query.order_by_asc(call::Column::Id).limit(1_000).all(conn).await?)
}

/// What a call cost at each level, the customer's first.
pub async fn charges(conn: &impl ConnectionTrait, call_id: Uuid) -> Result<Vec<call_charge::Model>> {
    let query = call_charge::Entity::find().filter(call_charge::Column::CallId.eq(call_id));
    Ok(query.order_by_asc(call_charge::Column::Level).all(conn).await?)
}
