//! Emergency calls. This module provides the data with which a proxy can allow emergency calls while it cannot reach this server, and records the
//! calls that a proxy allowed without asking the server.

use std::collections::{HashMap, HashSet};

use billing::number::DialPlan;
use chrono::{DateTime, Utc};
use entity::call::NewCall;
use entity::{ActivityKind, Levels, account, call, phone};
use uuid::Uuid;

use super::cover;
use super::events::{EventBody, ProxyEvent, local_day};
use crate::App;
use crate::feed::snapshot::activity;
use base::error::{Error, OrFault as _, Result};
use store::{Tx, accounts};

/// The destination shown for emergency calls.
pub(super) const DESTINATION: &str = "Emergency";

/// The phone data that a proxy needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPhone {
    /// The HA1 of digest authentication, which is MD5 of `user:realm:password`.
    pub ha1: String,
    /// Whether the phone may make only emergency calls.
    pub blocked: bool,
    /// Emergency numbers of the callshop, as dialed.
    pub emergency: Vec<String>,
    /// The caller ID to present; empty if there is none.
    pub caller_id: String,
}

/// Finds the phone with this SIP user and realm, even if it is blocked.
///
/// # Errors
/// Fails with a fault if the callshop's dial plan does not parse. May also fail with database errors.
pub async fn known_phone(app: &App, user: &str, realm: &str) -> Result<Option<KnownPhone>> {
    let conn = app.store.reader();
    let found = store::calls::phone_by_sip_user(conn, user).await?.filter(|phone| phone.realm == realm);
    let Some(phone) = found else { return Ok(None) };
    let shops = accounts::callshops(conn, &[phone.callshop_id]).await?;
    let shop = shops.into_iter().next().ok_or_else(|| Error::fault("the phone has no callshop"))?;
    let plan: DialPlan = serde_json::from_value(shop.dial_plan).or_fault()?;
    Ok(Some(KnownPhone {
        ha1: phone.ha1,
        blocked: phone.blocked_at.is_some(),
        emergency: plan.emergency.into_iter().collect(),
        caller_id: shop.caller_id,
    }))
}

/// A call that a proxy allowed without asking the server. Each event of the call contains this data, because any event may be the first to arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyCall {
    /// The call's id, assigned by the proxy.
    pub reference: Uuid,
    /// SIP user of the phone.
    pub user: String,
    /// The number as dialed and as sent to the gateway.
    pub dialed: String,
    /// When the proxy allowed the call, by the proxy's clock.
    pub since: DateTime<Utc>,
    /// Talk time in seconds after which the proxy hangs up the emergency call.
    pub max_seconds: u32,
    /// SIP Call-ID.
    pub call_id: String,
    /// SIP From tag.
    pub from_tag: String,
}

/// Creates an emergency call if a batch has a new event about a call that is not stored yet. Emergency calls are free at every level and appear on no
/// bill. The calling function has locked the phones, so two nodes cannot create the same call.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn make(
    tx: &Tx,
    events: &[&ProxyEvent],
    new: &HashSet<String>,
    there: &[call::Model],
    (phones, cabins): (&[phone::Model], &HashMap<Uuid, Uuid>),
    now: DateTime<Utc>,
) -> Result<Vec<call::Model>> {
    let mut known: HashSet<Uuid> = there.iter().map(|row| row.id).collect();
    let mut wanted = Vec::new();
    for event in events.iter().filter(|event| new.contains(&event.eid)) {
        let EventBody::Emergency { call, .. } = &event.body else { continue };
        let phone = phones.iter().find(|phone| phone.sip_user == call.user);
        // if a phone was deleted meanwhile, it belongs to no callshop, so the event is rejected
        if let Some(phone) = phone.filter(|_| known.insert(call.reference)) {
            wanted.push((call, event.proxy.as_str(), phone));
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let shop_ids: Vec<Uuid> = wanted.iter().map(|(_, _, phone)| phone.callshop_id).collect();
    let found = accounts::by_ids(tx.conn(), &shop_ids).await?;
    let shops: HashMap<Uuid, account::Model> = found.into_iter().map(|row| (row.id, row)).collect();
    let mut rows = Vec::with_capacity(wanted.len());
    for (call, proxy, phone) in wanted {
        let shop = shops.get(&phone.callshop_id).ok_or_else(|| Error::fault("the phone has no callshop"))?;
        let row = row(call, proxy, phone, cabins.get(&phone.id).copied(), shop, now)?;
        tx.emit(activity(ActivityKind::CallAuthorized, row.authorized_at, &row, None)?);
        rows.push(row);
    }
    store::calls::insert(tx.conn(), &rows).await?;
    Ok(rows)
}

fn row(
    call: &EmergencyCall,
    proxy: &str,
    phone: &phone::Model,
    cabin_id: Option<Uuid>,
    shop: &account::Model,
    now: DateTime<Utc>,
) -> Result<call::Model> {
    let covered = i32::try_from(call.max_seconds).or_fault()?;
    // the clock of a proxy that has just started may be at 1970; retention would delete a call with that date before anybody sees the call
    let at = if call.since < now - store::calls::REDELIVERY { now } else { call.since.min(now) };
    Ok(call::Model::new(NewCall {
        id: call.reference,
        callshop_id: phone.callshop_id,
        cabin_id,
        session: None,
        phone_id: phone.id,
        request_id: call.reference.to_string(),
        dialed: call.dialed.clone(),
        number: call.dialed.clone(),
        destination: DESTINATION.to_owned(),
        emergency: true,
        authorized_at: at,
        covered,
        currency: shop.currency.clone(),
        levels: Levels::default(),
        proxy: proxy.to_owned(),
        sip_call_id: call.call_id.clone(),
        from_tag: call.from_tag.clone(),
        holds: cover::holds_column(&[]),
        warn_after: None,
        attempt_day: local_day(&shop.time_zone, at),
    }))
}
