//! Events from the proxies about calls and phones. A batch of events is applied in one transaction, and each event is applied once. [`Batch`] has the
//! locked rows. The events change these rows in memory, and the changes are written at the end.

mod affected;
mod event;
mod on_call;
mod on_phone;
mod stored;

use std::collections::{BTreeSet, HashMap, HashSet};

use billing::call::CallEventKind;
use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{HookStatus, SessionState, call, hook_event, phone};
use uuid::Uuid;

pub use event::{EventBody, EventResult, ProxyEvent};
pub(super) use on_call::local_day;
pub(super) use stored::rejected;

use super::charge::{Charged, Corrections};
use super::emergency;
use super::money::Money;
use super::pricing::Prices;
use crate::{App, sessions};
use affected::{may_be_corrected, may_be_over_in};
use base::error::Result;
use store::Tx;
use store::calls::CallshopTerms;
use stored::{noted, received};

/// Filters the end events that came with an authorization request: keeps the events of live calls and the events without a call id.
///
/// # Errors
/// May fail with database errors.
pub async fn of_live_calls(app: &App, ends: Vec<ProxyEvent>) -> Result<Vec<ProxyEvent>> {
    let ids: Vec<Uuid> = ends.iter().filter_map(ProxyEvent::call).collect();
    if ids.is_empty() {
        return Ok(ends);
    }
    let live = store::calls::live_among(app.store.reader(), &ids).await?;
    Ok(ends.into_iter().filter(|end| end.call().is_none_or(|id| live.contains(&id))).collect())
}

/// The results of a batch of events.
#[derive(Debug, Default)]
pub struct Applied {
    /// One result for each event of the batch, in the order in which the events were received.
    pub results: Vec<EventResult>,
    /// The batch's live calls for which a user has already requested a hang-up. The server must ask the proxy again after the commit, because the
    /// proxy may have missed the first command while the call was being set up or answered (docs/hook.md).
    pub hang_up: Vec<call::Model>,
    /// The currency and written-off amount of each ended call.
    pub ended: Vec<(String, Micros)>,
    /// Proxies that have just started. The calls and phones of these proxies must be compared with the database.
    pub booted: Vec<String>,
}

/// Applies events in the order of their proxy times. `locked` is called once this transaction has locked its calls, phones and sessions. A
/// transaction that begins later and touches the same rows waits for this transaction, never the reverse.
///
/// # Errors
/// May fail with database errors. If the database fails, no event is applied.
pub(super) async fn apply_all(
    app: &App,
    tx: &Tx,
    events: &[&ProxyEvent],
    money: &mut Money,
    locked: &impl Fn(),
) -> Result<Applied> {
    if events.is_empty() {
        return Ok(Applied::default());
    }
    let mut batch = Batch::load(app, tx, events).await?;
    locked();
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|index| events[*index].at);
    let mut results = vec![EventResult::Duplicate; events.len()];
    for index in order {
        let event = events[index];
        // `new` contains only keys of events that were not received before, so each event is applied once
        if batch.new.remove(&event.eid) {
            results[index] = batch.apply(app, tx, event, money)?;
        }
    }
    let ignored = events.iter().zip(&results).filter(|(_, result)| **result == EventResult::Ignored);
    let ignored: Vec<&str> = ignored.map(|(event, _)| event.eid.as_str()).collect();
    store::calls::ignore_events(tx.conn(), &ignored).await?;
    for (event, result) in events.iter().zip(&results) {
        if let (EventBody::Emergency { .. }, EventResult::Rejected(reason)) = (&event.body, result) {
            store::calls::reject_event(tx.conn(), rejected(event, reason, batch.now)).await?;
        }
    }
    store::calls::doubt_events(tx.conn(), &batch.doubted).await?;
    let (hang_up, ended) = (batch.to_hang_up(), std::mem::take(&mut batch.ended));
    let is_boot = |event: &&&ProxyEvent| event.body == EventBody::Boot;
    let booted = events.iter().filter(is_boot).map(|event| event.proxy.clone()).collect();
    batch.flush(tx, money).await?;
    Ok(Applied { results, hang_up, ended, booted })
}

/// Batch context: the locked rows that a batch of events needs, and the changes to write.
struct Batch {
    now: DateTime<Utc>,
    /// Tolerated difference between a proxy's clock and the server's clock.
    skew: TimeDelta,
    new: HashSet<String>,
    /// Doubtful events, which are stored for review by a person.
    doubted: Vec<hook_event::Model>,
    calls: HashMap<Uuid, call::Model>,
    by_request: HashMap<String, Uuid>,
    phones: HashMap<String, phone::Model>,
    cabins: HashMap<Uuid, Uuid>,
    /// Calls created by this batch.
    made: HashSet<Uuid>,
    changed_calls: BTreeSet<Uuid>,
    changed_phones: HashSet<String>,
    charged: Charged,
    ended: Vec<(String, Micros)>,
    corrections: Corrections,
    prices: Prices,
    over_in: Vec<Uuid>,
    /// States of the locked sessions whose calls may end in this batch.
    sessions: HashMap<Uuid, SessionState>,
    shops: HashMap<Uuid, CallshopTerms>,
}

impl Batch {
    async fn load(app: &App, tx: &Tx, events: &[&ProxyEvent]) -> Result<Self> {
        let now = app.clock.now();
        let (mut refs, mut requests, mut users) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            match &event.body {
                EventBody::Call { reference, .. } => refs.push(*reference),
                EventBody::Emergency { call, .. } => {
                    refs.push(call.reference);
                    users.push(call.user.as_str());
                }
                EventBody::Abandoned { request_id, .. } => requests.push(request_id.as_str()),
                EventBody::Phone { user, .. } => users.push(user.as_str()),
                EventBody::Boot | EventBody::Malformed { .. } => {}
            }
        }
        let conn = tx.conn();
        let phones =
            if users.is_empty() { Vec::new() } else { store::calls::lock_phones(conn, &users).await? };
        let phone_ids: Vec<Uuid> = phones.iter().map(|phone| phone.id).collect();
        let cabins =
            if phones.is_empty() { Vec::new() } else { store::calls::cabins_of(conn, &phone_ids).await? };
        let cabins: HashMap<Uuid, Uuid> =
            cabins.into_iter().filter_map(|row| Some((row.phone_id?, row.id))).collect();
        let mut rows = store::calls::lock_named(conn, &refs, &requests, now).await?;
        let mut shops: BTreeSet<Uuid> = rows.iter().map(|row| row.callshop_id).collect();
        if events.iter().any(|event| matches!(event.body, EventBody::Emergency { .. })) {
            shops.extend(phones.iter().map(|phone| phone.callshop_id));
        }
        let shops: Vec<Uuid> = shops.into_iter().collect();
        // corrections are computed after locking; by then, events that another node received meanwhile are committed
        let corrected = may_be_corrected(&rows, events);
        let mut over_in: BTreeSet<Uuid> = may_be_over_in(&rows, events).into_iter().collect();
        over_in.extend(corrected.iter().filter_map(|row| row.session_id));
        let over_in: Vec<Uuid> = over_in.into_iter().collect();
        let met = store::calls::meet(conn, &received(events, now), &over_in, &shops).await?;
        // loading corrections locks balances, so it must come after all sessions are locked
        let prices = Prices::load(&app.rates, conn, &rows).await?;
        let corrections = Corrections::load(conn, &corrected, &prices).await?;
        let made = emergency::make(tx, events, &met.new, &rows, (&phones, &cabins), now).await?;
        let made_ids = made.iter().map(|row| row.id).collect();
        rows.extend(made);
        rows.iter().for_each(|row| app.callshops.learn_call(row.id, row.callshop_id));
        phones.iter().for_each(|row| app.callshops.learn_phone(&row.sip_user, row.callshop_id));
        Ok(Self {
            now,
            skew: TimeDelta::seconds(app.config.calls.clock_skew_seconds.into()),
            new: met.new,
            doubted: Vec::new(),
            by_request: rows.iter().map(|row| (row.request_id.clone(), row.id)).collect(),
            calls: rows.into_iter().map(|row| (row.id, row)).collect(),
            phones: phones.into_iter().map(|row| (row.sip_user.clone(), row)).collect(),
            cabins,
            made: made_ids,
            changed_calls: BTreeSet::new(),
            changed_phones: HashSet::new(),
            charged: Charged::default(),
            ended: Vec::new(),
            corrections,
            prices,
            over_in: Vec::new(),
            sessions: met.sessions,
            shops: met.shops,
        })
    }

    fn apply(&mut self, app: &App, tx: &Tx, event: &ProxyEvent, money: &mut Money) -> Result<EventResult> {
        if let Some((id, to_tag, kind)) = event.body.call() {
            if let EventBody::Emergency { call, .. } = &event.body
                && !self.calls.contains_key(&id)
            {
                return Ok(EventResult::Rejected(format!("no phone has the SIP user {:?}", call.user)));
            }
            let result = self.apply_call(app, tx, event, (id, to_tag, kind), money)?;
            return Ok(if self.made.remove(&id) { EventResult::Applied } else { result });
        }
        match &event.body {
            // handled above
            EventBody::Call { .. } | EventBody::Emergency { .. } => Ok(EventResult::Ignored),
            EventBody::Abandoned { request_id, code } => match self.by_request.get(request_id).copied() {
                Some(id) => {
                    let kind = CallEventKind::Abandoned { code: *code };
                    self.apply_call(app, tx, event, (id, None, &kind), money)
                }
                // the event is stored; when the authorization commits later, it will find the event
                None => Ok(EventResult::Applied),
            },
            EventBody::Phone { user, .. } => self.apply_phone(tx, user, event),
            EventBody::Boot => Ok(EventResult::Applied),
            EventBody::Malformed { error, .. } => Ok(EventResult::Rejected(error.clone())),
        }
    }

    /// Stores a doubtful event for review by a person.
    fn doubt(&mut self, event: &ProxyEvent, reason: &str) {
        let answered = match &event.body {
            EventBody::Call { kind: CallEventKind::Ended { answered_at: Some(at), .. }, .. } => {
                format!(", answered at {at}")
            }
            _ => String::new(),
        };
        tracing::warn!(eid = %event.eid, kind = event.body.name(), at = %event.at, proxy = %event.proxy, reason, "an event is doubtful");
        let reason = format!("at {}{answered}: {reason}", event.at);
        self.doubted.push(noted(event, HookStatus::Doubted, Some(&reason), self.now));
    }

    fn to_hang_up(&self) -> Vec<call::Model> {
        let changed = self.changed_calls.iter().filter_map(|id| self.calls.get(id));
        changed
            .filter(|row| row.hang_up_by.is_some() && store::calls::LIVE.contains(&row.state))
            .cloned()
            .collect()
    }

    async fn flush(mut self, tx: &Tx, money: &mut Money) -> Result<()> {
        let conn = tx.conn();
        let phones = self.changed_phones.iter().filter_map(|user| self.phones.get(user).cloned()).collect();
        store::calls::save_phones(conn, phones).await?;
        let rows: Vec<call::Model> =
            self.changed_calls.iter().filter_map(|id| self.calls.remove(id)).collect();
        money.write_with(store::calls::changes(conn, &rows)?);
        self.shops.drain().for_each(|(id, shop)| money.watch(id, shop));
        // `load` locks every session, not only CLOSING sessions; otherwise, if a session were closed in the meantime, the closing transaction would
        // see this batch's calls as still live
        let waits = |id: &&Uuid| self.sessions.get(*id).is_none_or(|state| *state == SessionState::Closing);
        let waiting: Vec<Uuid> = self.over_in.iter().filter(waits).copied().collect();
        if waiting.is_empty() && self.charged.restate.is_empty() {
            return Ok(());
        }
        // statements read the calls from the database, so write the calls first
        money.write_now(conn).await?;
        let mut sales = Vec::new();
        for session in &self.charged.restate {
            sales.extend(sessions::restated(tx, *session, self.now).await?);
        }
        sales.extend(sessions::calls_over(tx, &waiting, self.now).await?);
        sales.into_iter().try_for_each(|sale| money.transfer(sale))
    }
}
