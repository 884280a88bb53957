//! The state of reconciliation: proxies and their leases, calls in listings, and registrations of phones.

use chrono::{DateTime, Utc};
use entity::{call_sighting, phone, proxy};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel as _,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::bulk;
use base::error::Result;

/// Maximum number of keys in one SQL statement. SQLite allows 32,766 parameters.
pub const KEYS_AT_ONCE: usize = 8_192;

/// A proxy's row; `None` before its first reconciliation.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn proxy(conn: &impl ConnectionTrait, name: &str) -> Result<Option<proxy::Model>> {
    Ok(proxy::Entity::find_by_id(name).one(conn).await?)
}

/// The proxies in the order of their names, at most 1,000.
pub async fn proxies(conn: &impl ConnectionTrait) -> Result<Vec<proxy::Model>> {
    Ok(proxy::Entity::find().order_by_asc(proxy::Column::Name).limit(1_000).all(conn).await?)
}

/// Gives a node the lease on a proxy until `until`, so that no other node reconciles the proxy. Returns `None` if another node holds the lease, or if
/// the proxy has been queried since `due`.
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
        // a lease that ends after `until` comes from a node whose clock is wrong
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

/// A proxy, locked until the transaction ends; `None` if the node no longer has the lease on the proxy.
pub async fn lock_leased(
    conn: &impl ConnectionTrait,
    name: &str,
    holder: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<proxy::Model>> {
    let row = proxy::Entity::find_by_id(name).lock(LockType::NoKeyUpdate).one(conn).await?;
    let held = |row: &proxy::Model| {
        row.lease_holder == Some(holder) && row.lease_until.is_some_and(|until| until > now)
    };
    Ok(row.filter(held))
}

/// Updates every column of a proxy. The calling function must have locked the row in this transaction.
pub async fn save(conn: &impl ConnectionTrait, row: proxy::Model) -> Result<()> {
    row.into_active_model().reset_all().update(conn).await?;
    Ok(())
}

/// Releases a holder's lease.
pub async fn give_back(conn: &impl ConnectionTrait, name: &str, holder: Uuid) -> Result<()> {
    proxy::Entity::update_many()
        .col_expr(proxy::Column::LeaseUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(proxy::Column::Name.eq(name))
        .filter(proxy::Column::LeaseHolder.eq(holder))
        .exec(conn)
        .await?;
    Ok(())
}

/// The sightings of a proxy's calls. A call's sighting says when the call was last in the proxy's listing.
pub async fn sightings(conn: &impl ConnectionTrait, proxy: &str) -> Result<Vec<call_sighting::Model>> {
    let query = call_sighting::Entity::find().filter(call_sighting::Column::Proxy.eq(proxy));
    Ok(query.all(conn).await?)
}

/// Records that calls were in progress. `rows` must be in id order. A new time replaces the old time even if the new time is earlier, because a
/// proxy's clock may step back.
pub async fn saw(conn: &impl ConnectionTrait, rows: &[call_sighting::Model]) -> Result<()> {
    let seen = "ON CONFLICT (call_id) DO UPDATE SET seen_at = excluded.seen_at, missed_at = NULL";
    bulk::insert::<call_sighting::Entity>(conn, rows, seen).await
}

/// Records that calls were missing from a listing. `rows` must be in id order.
pub async fn missed(conn: &impl ConnectionTrait, rows: &[call_sighting::Model]) -> Result<()> {
    let first = "ON CONFLICT (call_id) DO UPDATE SET missed_at = excluded.missed_at";
    bulk::insert::<call_sighting::Entity>(conn, rows, first).await
}

/// Deletes the sightings of calls that are over.
pub async fn forget(conn: &impl ConnectionTrait, calls: &[Uuid]) -> Result<()> {
    for ids in calls.chunks(KEYS_AT_ONCE) {
        call_sighting::Entity::delete_many()
            .filter(bulk::among(conn, call_sighting::Column::CallId, ids.iter().copied()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// The stored registration of a phone.
#[derive(Clone, Debug)]
pub struct PhoneRegistration {
    /// SIP user of the phone.
    pub sip_user: String,
    /// Whether the phone is registered.
    pub online: bool,
    /// When `online` last changed, by the proxy's clock.
    pub changed_at: Option<DateTime<Utc>>,
    /// Name of the proxy where the phone is registered, if known.
    pub proxy: Option<String>,
}

/// The registrations of phones, by SIP user.
pub async fn places(conn: &impl ConnectionTrait, sip_users: &[&str]) -> Result<Vec<PhoneRegistration>> {
    let mut found = Vec::new();
    for users in sip_users.chunks(KEYS_AT_ONCE) {
        let wanted = bulk::among(conn, phone::Column::SipUser, users.iter().copied());
        found.append(&mut places_of(conn, wanted.into()).await?);
    }
    Ok(found)
}

/// The phones that are registered at a proxy. If `unplaced` is true, the result also includes the online phones whose proxy is not known.
pub async fn online_at(
    conn: &impl ConnectionTrait,
    proxy: &str,
    unplaced: bool,
) -> Result<Vec<PhoneRegistration>> {
    let unplaced = unplaced.then(|| phone::Column::Proxy.is_null());
    let there = Condition::any().add(phone::Column::Proxy.eq(proxy)).add_option(unplaced);
    places_of(conn, Condition::all().add(phone::Column::Online.eq(true)).add(there)).await
}

async fn places_of(conn: &impl ConnectionTrait, wanted: Condition) -> Result<Vec<PhoneRegistration>> {
    use phone::Column::{Online, OnlineChangedAt, Proxy, SipUser};
    let query =
        phone::Entity::find().select_only().columns([SipUser, Online, OnlineChangedAt, Proxy]).filter(wanted);
    let rows: Vec<(String, bool, _, _)> = query.into_tuple().all(conn).await?;
    let place =
        |(sip_user, online, changed_at, proxy)| PhoneRegistration { sip_user, online, changed_at, proxy };
    Ok(rows.into_iter().map(place).collect())
}

/// Updates the registrations of phones. The calling function must have locked the phones in this transaction.
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
