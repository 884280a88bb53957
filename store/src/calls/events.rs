//! Stores each call event once, and loads the context of a batch of events.

use std::collections::{HashMap, HashSet};

use billing::money::Micros;
use entity::{HookStatus, SessionState, account, cabin_session, hook_event};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    QueryTrait as _, Statement,
};
use uuid::Uuid;

use crate::bulk;
use base::error::Result;

/// Makes the insert return only the keys that were not stored before.
const NEW: &str = "ON CONFLICT (eid) DO NOTHING RETURNING eid";

/// Stores received events, which must be in key order, and returns the keys that were not stored before. If another node is storing the same event
/// at the same time, the insert waits for that node.
pub async fn receive(conn: &impl ConnectionTrait, events: &[hook_event::Model]) -> Result<HashSet<String>> {
    let rows = bulk::insert_returning::<hook_event::Entity>(conn, events, NEW).await?;
    Ok(rows.iter().map(|row| row.try_get("", "eid")).collect::<std::result::Result<_, _>>()?)
}

/// The stored data that a batch of events needs, apart from the calls.
#[derive(Debug, Default)]
pub struct ReceivedBatch {
    /// Keys of events that were not stored before.
    pub new: HashSet<String>,
    /// States of the cabin sessions, whose rows are now locked.
    pub sessions: HashMap<Uuid, SessionState>,
    /// Settings of the callshops.
    pub shops: HashMap<Uuid, CallshopTerms>,
}

/// The settings of a callshop's account that affect the callshop's calls.
#[derive(Clone, Debug)]
pub struct CallshopTerms {
    /// IANA time zone, which defines the callshop's days.
    pub time_zone: String,
    /// The callshop is notified when its balance plus its credit limit falls below this amount; `None` if the callshop is never notified.
    pub low_credit: Option<Micros>,
    /// How far the callshop's credit may go below zero; `None` if there is no limit.
    pub credit_limit: Option<Micros>,
}

/// Stores received events ([`receive`]), locks sessions in id order, and reads the settings of callshops, in one round trip on PostgreSQL.
pub async fn meet(
    conn: &impl ConnectionTrait,
    events: &[hook_event::Model],
    sessions: &[Uuid],
    shops: &[Uuid],
) -> Result<ReceivedBatch> {
    let states = cabin_session::Entity::find()
        .select_only()
        .columns([cabin_session::Column::Id, cabin_session::Column::State])
        .filter(bulk::any(conn, cabin_session::Column::Id, sessions))
        .order_by_asc(cabin_session::Column::Id)
        .lock(LockType::NoKeyUpdate);
    use account::Column::{CreditLimit, LowCredit, TimeZone};
    let terms = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, TimeZone, LowCredit, CreditLimit])
        .filter(bulk::any(conn, account::Column::Id, shops));
    let backend = conn.get_database_backend();
    let mut kept = bulk::inserts::<hook_event::Entity>(backend, events, NEW)?;
    let mut met = ReceivedBatch::default();
    if backend == DbBackend::Postgres && kept.len() == 1 {
        // the parts of a UNION run one after the other, so the query for event keys comes first, as in the lock order
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
        met.shops = rows
            .into_iter()
            .map(|(id, zone, low, limit)| (id, CallshopTerms::new(zone, low, limit)))
            .collect();
    }
    Ok(met)
}

impl ReceivedBatch {
    fn add(&mut self, row: &QueryResult) -> Result<()> {
        if let Some(eid) = row.try_get("", "eid")? {
            self.new.insert(eid);
            return Ok(());
        }
        let id: Uuid = row.try_get("", "id")?;
        match row.try_get::<Option<String>>("", "time_zone")? {
            Some(zone) => {
                let shop = CallshopTerms::new(
                    zone,
                    row.try_get("", "low_credit")?,
                    row.try_get("", "credit_limit")?,
                );
                self.shops.insert(id, shop);
            }
            None => {
                self.sessions.insert(id, row.try_get("", "state")?);
            }
        }
        Ok(())
    }
}

impl CallshopTerms {
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

/// Marks events as ignored, because they changed nothing.
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

/// Marks events as doubtful, with the reason.
pub async fn doubt_events(conn: &impl ConnectionTrait, events: &[hook_event::Model]) -> Result<()> {
    use hook_event::Column::{Eid, Error, Status};
    bulk::update::<hook_event::Entity>(conn, events, Eid, &[Status, Error]).await
}

/// Stores an event that cannot be applied, with the reason, so that the event counts as received and can be investigated.
pub async fn reject_event(conn: &impl ConnectionTrait, event: hook_event::Model) -> Result<()> {
    let replace = "ON CONFLICT (eid) DO UPDATE SET status = excluded.status, error = excluded.error";
    bulk::insert::<hook_event::Entity>(conn, &[event], replace).await
}
