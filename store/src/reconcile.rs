//! What reconciliation remembers: proxies with their leases, calls in listings; and the phones that it compares.

use chrono::{DateTime, Utc};
use entity::{call_sighting, phone, proxy};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::bulk;
use base::error::Result;

/// Keys of one statement at most: SQLite takes 32,766 parameters.
pub const KEYS_AT_ONCE: usize = 8_192;

/// What is known of a proxy; none before it was first looked at.
///
/// # Errors
/// Those of the database, as for every function here.
pub async fn proxy(conn: &impl ConnectionTrait, name: &str) -> Result<Option<proxy::Model>> {
    Ok(proxy::Entity::find_by_id(name).one(conn).await?)
}

/// What is known of all proxies.
pub async fn proxies(conn: &impl ConnectionTrait) -> Result<Vec<proxy::Model>> {
    Ok(proxy::Entity::find().order_by_asc(proxy::Column::Name).limit(1_000).all(conn).await?)
}

/// Makes a node the only one that compares a proxy until `until`, if nobody is at it and it was not looked at after `due`.
pub async fn take_lease(
    conn: &impl ConnectionTrait,
    name: &str,
    holder: Uuid,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    due: DateTime<Utc>,
) -> Result<Option<proxy::Model>> {
    let new = proxy::Model {
        name: name.to_owned(),
        lease_holder: None,
        lease_until: None,
        looked_at: None,
        listed_at: None,
        boot_id: None,
        strays: serde_json::json!([]),
        alarm_since: None,
    };
    bulk::insert::<proxy::Entity>(conn, &[new], "ON CONFLICT (name) DO NOTHING").await?;
    let free = Condition::any()
        .add(proxy::Column::LeaseUntil.is_null())
        .add(proxy::Column::LeaseUntil.lte(now))
        // a lease of a clock that was wrong
        .add(proxy::Column::LeaseUntil.gt(until))
        .add(proxy::Column::LeaseHolder.eq(holder));
    let is_due = Condition::any()
        .add(proxy::Column::LookedAt.is_null())
        .add(proxy::Column::LookedAt.lte(due))
        .add(proxy::Column::LookedAt.gt(now));
    let taken = proxy::Entity::update_many()
        .col_expr(proxy::Column::LeaseHolder, Expr::value(holder))
        .col_expr(proxy::Column::LeaseUntil, Expr::value(until))
        .col_expr(proxy::Column::LookedAt, Expr::value(now))
        .filter(proxy::Column::Name.eq(name))
        .filter(free)
        .filter(is_due)
        .exec(conn)
        .await?;
    if taken.rows_affected == 0 { Ok(None) } else { proxy(conn, name).await }
}

/// A proxy, locked; none when its lease is not this holder's any more.
pub async fn lock_leased(
    conn: &impl ConnectionTrait,
    name: &str,
    holder: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<proxy::Model>> {
    let row = proxy::Entity::find_by_id(name).lock_exclusive().one(conn).await?;
    let held = |row: &proxy::Model| {
        row.lease_holder == Some(holder) && row.lease_until.is_some_and(|until| until > now)
    };
    Ok(row.filter(held))
}

/// Writes every column of a proxy that was locked in this transaction.
pub async fn save(conn: &impl ConnectionTrait, row: proxy::Model) -> Result<()> {
    row.into_active_model().reset_all().update(conn).await?;
    Ok(())
}

/// Ends a holder's lease.
pub async fn give_back(conn: &impl ConnectionTrait, name: &str, holder: Uuid) -> Result<()> {
    proxy::Entity::update_many()
        .col_expr(proxy::Column::LeaseUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(proxy::Column::Name.eq(name))
        .filter(proxy::Column::LeaseHolder.eq(holder))
        .exec(conn)
        .await?;
    Ok(())
}

/// What is remembered of calls in a proxy's listings.
pub async fn sightings(conn: &impl ConnectionTrait, proxy: &str) -> Result<Vec<call_sighting::Model>> {
    let query = call_sighting::Entity::find().filter(call_sighting::Column::Proxy.eq(proxy));
    Ok(query.all(conn).await?)
}

/// Notes that calls were up, in the order of their ids. What was known is replaced even by something earlier: a proxy's clock may step back.
pub async fn saw(conn: &impl ConnectionTrait, rows: &[call_sighting::Model]) -> Result<()> {
    let seen = "ON CONFLICT (call_id) DO UPDATE SET seen_at = excluded.seen_at, missed_at = NULL";
    bulk::insert::<call_sighting::Entity>(conn, rows, seen).await
}

/// Notes that calls were missing from a listing, in the order of their ids.
pub async fn missed(conn: &impl ConnectionTrait, rows: &[call_sighting::Model]) -> Result<()> {
    let first = "ON CONFLICT (call_id) DO UPDATE SET missed_at = excluded.missed_at";
    bulk::insert::<call_sighting::Entity>(conn, rows, first).await
}

/// Forgets calls that are over.
pub async fn forget(conn: &impl ConnectionTrait, calls: &[Uuid]) -> Result<()> {
    for ids in calls.chunks(KEYS_AT_ONCE) {
        call_sighting::Entity::delete_many()
            .filter(bulk::among(conn, call_sighting::Column::CallId, ids.iter().copied()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// Where a phone is, as far as we know.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which phone.
    pub sip_user: String,
    /// Whether it is registered.
    pub online: bool,
    /// Since when; proxy time.
    pub changed_at: Option<DateTime<Utc>>,
    /// At which proxy.
    pub proxy: Option<String>,
}

/// Where these phones are, by SIP user.
pub async fn places(conn: &impl ConnectionTrait, sip_users: &[&str]) -> Result<Vec<Place>> {
    let mut found = Vec::new();
    for users in sip_users.chunks(KEYS_AT_ONCE) {
        let wanted = bulk::among(conn, phone::Column::SipUser, users.iter().copied());
        found.append(&mut places_of(conn, wanted.into()).await?);
    }
    Ok(found)
}

/// The phones that are registered at a proxy; with `unplaced`, those too of which it is not known where.
pub async fn online_at(conn: &impl ConnectionTrait, proxy: &str, unplaced: bool) -> Result<Vec<Place>> {
    let unplaced = unplaced.then(|| phone::Column::Proxy.is_null());
    let there = Condition::any().add(phone::Column::Proxy.eq(proxy)).add_option(unplaced);
    places_of(conn, Condition::all().add(phone::Column::Online.eq(true)).add(there)).await
}

async fn places_of(conn: &impl ConnectionTrait, wanted: Condition) -> Result<Vec<Place>> {
    use phone::Column::{Online, OnlineChangedAt, Proxy, SipUser};
    let query =
        phone::Entity::find().select_only().columns([SipUser, Online, OnlineChangedAt, Proxy]).filter(wanted);
    let rows: Vec<(String, bool, _, _)> = query.into_tuple().all(conn).await?;
    let place = |(sip_user, online, changed_at, proxy)| Place { sip_user, online, changed_at, proxy };
    Ok(rows.into_iter().map(place).collect())
}

/// Writes where phones are registered; they were locked in this transaction.
pub async fn save_registrations(conn: &impl ConnectionTrait, phones: &[phone::Model]) -> Result<()> {
    use phone::Column::{Contact, Id, Online, OnlineChangedAt, Proxy, Source, UserAgent};
    bulk::update::<phone::Entity>(
        conn,
        phones,
        Id,
        &[Online, OnlineChangedAt, Contact, Source, UserAgent, Proxy],
    )
    .await
}
