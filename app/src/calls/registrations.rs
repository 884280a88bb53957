//! Compares phone registrations with the proxies' listings, and applies changes whose events were lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{ActivityKind, phone};
use serde_json::json;
use uuid::Uuid;

use crate::App;
use crate::sip_proxies::{Registration, Registrations};
use base::error::Result;
use store::{NewActivity, Tx, reconcile as rows};

/// Whether a phone in the listing of `proxy` is really registered there, and not at the phone's stored proxy. A phone that moved remains registered
/// at its old proxy until that registration expires, so the latest registration counts. A stored proxy that is not configured is ignored.
fn is_here(
    app: &App,
    proxy: &str,
    known: (Option<&str>, Option<DateTime<Utc>>),
    listed: &Registration,
) -> bool {
    let (at, changed) = known;
    let elsewhere = at.is_some_and(|at| at != proxy && app.proxies.knows(at));
    !elsewhere
        || listed.registered_at.is_some_and(|registered| changed.is_none_or(|changed| registered > changed))
}

/// The SIP users of phones whose stored state differs from the proxy's listing. A phone differs if only the listing or only the database shows it
/// as registered at the proxy.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn differing(app: &App, proxy: &str, listed: &Registrations) -> Result<Vec<String>> {
    let conn = app.store.reader();
    let users: BTreeMap<&str, &Registration> =
        listed.list.iter().map(|phone| (phone.user.as_str(), phone)).collect();
    // with a single proxy, every online phone is at that proxy
    let alone = app.proxies.names().len() == 1;
    let here = |place: &rows::PhoneRegistration| place.online && place.proxy.as_deref() == Some(proxy);
    let wanted: Vec<&str> = users.keys().copied().collect();
    let came = |place: &rows::PhoneRegistration| {
        let listed = users.get(place.sip_user.as_str());
        let known = (place.proxy.as_deref(), place.changed_at);
        !here(place) && listed.is_some_and(|listed| is_here(app, proxy, known, listed))
    };
    let elsewhere = rows::places(conn, &wanted).await?.into_iter().filter(came);
    let online = rows::online_at(conn, proxy, alone).await?;
    let is_gone = |user: &str| !users.contains_key(user) && listed.lacks(user);
    let gone = online.into_iter().filter(|place| is_gone(&place.sip_user));
    let differing: BTreeSet<String> = elsewhere.chain(gone).map(|place| place.sip_user).collect();
    Ok(differing.into_iter().collect())
}

/// Sets these phones online or offline, as their proxy listed them at the time `at` (by the proxy's clock). Phones that changed later are left
/// unchanged.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn set_right(
    app: &App,
    tx: &Tx,
    proxy: &str,
    differing: &[String],
    listed: &[Registration],
    at: DateTime<Utc>,
) -> Result<()> {
    let conn = tx.conn();
    let listed: HashMap<&str, &Registration> =
        listed.iter().map(|phone| (phone.user.as_str(), phone)).collect();
    let mut changed = Vec::new();
    for users in differing.chunks(rows::KEYS_AT_ONCE) {
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        for phone in store::calls::lock_phones(conn, &users).await? {
            let registration = listed.get(phone.sip_user.as_str()).copied();
            let was = phone.online;
            changed.extend(placed(app, phone, proxy, registration, at).map(|phone| (was, phone)));
        }
    }
    let ids: Vec<Uuid> = changed.iter().map(|(_, phone)| phone.id).collect();
    let mut cabins: HashMap<Uuid, Uuid> = HashMap::new();
    for ids in ids.chunks(rows::KEYS_AT_ONCE) {
        let found = store::calls::cabins_of(conn, ids).await?;
        cabins.extend(found.into_iter().filter_map(|row| Some((row.phone_id?, row.id))));
    }
    for (_, phone) in changed.iter().filter(|(was, phone)| *was != phone.online) {
        tx.emit(turned(phone, cabins.get(&phone.id).copied(), at));
    }
    let changed: Vec<phone::Model> = changed.into_iter().map(|(_, phone)| phone).collect();
    rows::save_registrations(conn, &changed).await
}

/// The phone's row, updated from the listing; `None` if the row does not change.
fn placed(
    app: &App,
    phone: phone::Model,
    proxy: &str,
    listed: Option<&Registration>,
    at: DateTime<Utc>,
) -> Option<phone::Model> {
    if phone.online_changed_at.is_some_and(|changed| changed > at) {
        return None;
    }
    let known = (phone.proxy.as_deref(), phone.online_changed_at);
    let moved = phone.online && known.0 != Some(proxy);
    let changed_at = match listed {
        // use the time of the registration, so that the old proxy's listing does not move the phone back
        Some(listed) if moved => listed.registered_at.or(phone.online_changed_at),
        _ if phone.online == listed.is_some() => phone.online_changed_at,
        _ => Some(at),
    };
    match listed {
        Some(listed) if !is_here(app, proxy, known, listed) => None,
        // the phone was blocked while its proxy was down; the proxy drops the registration within minutes
        Some(_) if phone.blocked_at.is_some() => None,
        Some(listed) => Some(phone::Model {
            online: true,
            online_changed_at: changed_at,
            contact: Some(listed.contact.clone()),
            source: listed.source.clone().or(phone.source),
            user_agent: listed.user_agent.clone(),
            proxy: Some(proxy.to_owned()),
            ..phone
        }),
        None if phone.online => Some(phone::Model {
            online: false,
            online_changed_at: changed_at,
            contact: None,
            source: None,
            user_agent: None,
            ..phone
        }),
        None => None,
    }
}

/// The activity event of a phone that went online or offline.
pub(super) fn turned(phone: &phone::Model, cabin_id: Option<Uuid>, at: DateTime<Utc>) -> NewActivity {
    NewActivity {
        callshop_id: phone.callshop_id,
        at,
        kind: if phone.online { ActivityKind::PhoneOnline } else { ActivityKind::PhoneOffline },
        cabin_id,
        session_id: None,
        call_id: None,
        payload: json!({ "phone": { "id": phone.id, "label": phone.label, "online": phone.online } }),
    }
}
