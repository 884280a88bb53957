//! Events from the proxies about calls and phones. A batch of events is applied in one transaction, and each event is applied once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use billing::call::{self as machine, CallEvent, CallEventKind, Doubt, Emitted, Unacknowledged, Window};
use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{ActivityKind, CallState, HookStatus, SessionState, call, hook_event, phone};
use uuid::Uuid;

use super::authorize::Refusal;
use super::charge::{self, Charged, Corrections};
use super::emergency::{self, EmergencyCall};
use super::extend;
use super::money::Money;
use super::registrations;
use crate::feed::snapshot::activity;
use crate::{App, audit, sessions};
use base::error::{Error, OrFault as _, Result};
use store::Tx;
use store::calls::CallshopTerms;

/// An event from the proxy, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyEvent {
    /// Unique key of the event. A repeated event is ignored.
    pub eid: String,
    /// Time of the event by the proxy's clock.
    pub at: DateTime<Utc>,
    /// Name of the proxy.
    pub proxy: String,
    /// The event itself.
    pub body: EventBody,
}

/// The kind and data of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum EventBody {
    /// A call event.
    Call {
        /// The call's id.
        reference: Uuid,
        /// SIP To tag; `None` until it is known.
        to_tag: Option<String>,
        /// The call event.
        kind: CallEventKind,
    },
    /// An event of an emergency call that the proxy allowed without asking the server. The event includes the data to create the call if the call is
    /// not stored yet.
    Emergency {
        /// The call.
        call: EmergencyCall,
        /// SIP To tag; `None` until it is known.
        to_tag: Option<String>,
        /// The call event.
        kind: CallEventKind,
    },
    /// The proxy gave up on an authorization, perhaps before it received the response.
    Abandoned {
        /// [`AuthorizeRequest::request_id`](super::authorize::AuthorizeRequest::request_id).
        request_id: String,
        /// The SIP status that the proxy sent to the phone in place of the API's decision.
        code: Option<u16>,
    },
    /// A phone registered, or its registration ended.
    Phone {
        /// SIP user.
        user: String,
        /// Whether the phone is registered now.
        online: bool,
        /// SIP contact.
        contact: Option<String>,
        /// Network address of the registration.
        source: Option<String>,
        /// The phone's `User-Agent` header.
        user_agent: Option<String>,
    },
    /// The proxy started.
    Boot,
    /// An event that cannot be parsed. An unreadable event is stored for inspection.
    Malformed {
        /// The parse error.
        error: String,
        /// The event as received.
        body: serde_json::Value,
    },
}

impl ProxyEvent {
    /// Id of the call that the event is about.
    fn call(&self) -> Option<Uuid> {
        self.body.call().map(|(id, ..)| id)
    }
}

impl EventResult {
    /// All values of [`Self::outcome`].
    pub const OUTCOMES: [&str; 4] = ["applied", "duplicate", "ignored", "rejected"];

    /// Name of the result in the hook's response and in the metrics.
    pub fn outcome(&self) -> &'static str {
        let [applied, duplicate, ignored, rejected] = Self::OUTCOMES;
        match self {
            Self::Applied => applied,
            Self::Duplicate => duplicate,
            Self::Ignored => ignored,
            Self::Rejected(_) => rejected,
        }
    }
}

impl EventBody {
    fn name(&self) -> &'static str {
        match self {
            Self::Emergency { kind: CallEventKind::Authorized, .. } => "emergency",
            Self::Call { kind, .. } | Self::Emergency { kind, .. } => match kind {
                CallEventKind::Authorized => "authorized",
                CallEventKind::Ringing => "ringing",
                CallEventKind::Answered => "answered",
                CallEventKind::Ended { .. } => "ended",
                CallEventKind::Failed { .. } => "failed",
                CallEventKind::Abandoned { .. } => "abandoned",
                CallEventKind::Lost => "lost",
            },
            Self::Abandoned { .. } => "abandoned",
            Self::Phone { online: true, .. } => "online",
            Self::Phone { online: false, .. } => "offline",
            Self::Boot => "boot",
            Self::Malformed { .. } => "malformed",
        }
    }

    /// Whether the event ends a call or an attempt.
    pub fn is_end(&self) -> bool {
        let over =
            |kind: &CallEventKind| matches!(kind, CallEventKind::Ended { .. } | CallEventKind::Failed { .. });
        matches!(self, Self::Abandoned { .. }) || self.call().is_some_and(|(_, _, kind)| over(kind))
    }

    /// The call's id, its To tag, and the call event; `None` if the event is not about a call.
    fn call(&self) -> Option<(Uuid, Option<&str>, &CallEventKind)> {
        match self {
            Self::Call { reference, to_tag, kind } => Some((*reference, to_tag.as_deref(), kind)),
            Self::Emergency { call, to_tag, kind } => Some((call.reference, to_tag.as_deref(), kind)),
            _ => None,
        }
    }

    /// Id of the call, request or phone that the event is about.
    pub fn reference(&self) -> Option<String> {
        match self {
            Self::Call { reference, .. } => Some(reference.to_string()),
            Self::Emergency { call, .. } => Some(call.reference.to_string()),
            Self::Abandoned { request_id, .. } => Some(request_id.clone()),
            Self::Phone { user, .. } => Some(user.clone()),
            Self::Boot | Self::Malformed { .. } => None,
        }
    }
}

/// From the end events that came with an authorization request, keeps the events that still matter. Events of calls that have already ended are
/// dropped. Events without a call id are kept.
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

/// The result of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventResult {
    /// The event changed something.
    Applied,
    /// The event was received before, and this copy was dropped.
    Duplicate,
    /// The event came too late to change anything, or is about an unknown object.
    Ignored,
    /// The event cannot be parsed or applied, for this reason. A rejected event is stored for inspection.
    Rejected(String),
}

/// The results of a batch of events.
#[derive(Debug, Default)]
pub struct Applied {
    /// One result for each event of the batch, in the order in which the events were received.
    pub results: Vec<EventResult>,
    /// Live calls for which a user requested a hang-up before this event. The server must ask the proxy again after the commit, because the proxy may
    /// have missed the first command while the call was being set up or answered (docs/hook.md).
    pub hang_up: Vec<call::Model>,
    /// The currency and written-off amount of each ended call.
    pub ended: Vec<(String, Micros)>,
    /// Proxies that have just started. The calls and phones of these proxies must be compared with the database.
    pub booted: Vec<String>,
}

/// Applies events in the order of their proxy times. `locked` is called when this transaction has its locks on calls, phones and sessions. If a
/// transaction begins later and touches the same rows, it waits for this transaction, never the reverse.
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

/// The rows for a batch's events, one row per key, sorted by key. If several events have the same key, the earliest event is stored.
fn received(events: &[&ProxyEvent], now: DateTime<Utc>) -> Vec<hook_event::Model> {
    let mut first: BTreeMap<&str, &ProxyEvent> = BTreeMap::new();
    for event in events {
        let kept = first.entry(&event.eid).or_insert(event);
        if event.at < kept.at {
            *kept = event;
        }
    }
    let row = |event: &ProxyEvent| match &event.body {
        EventBody::Malformed { error, body } => hook_event::Model {
            body: Some(body.clone()),
            ..noted(event, HookStatus::Rejected, Some(error), now)
        },
        _ => noted(event, HookStatus::Applied, None, now),
    };
    first.into_values().map(row).collect()
}

/// The row of an event that could not be applied.
pub(super) fn rejected(event: &ProxyEvent, reason: &str, now: DateTime<Utc>) -> hook_event::Model {
    noted(event, HookStatus::Rejected, Some(reason), now)
}

fn noted(
    event: &ProxyEvent,
    status: HookStatus,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> hook_event::Model {
    hook_event::Model {
        eid: event.eid.clone(),
        kind: event.body.name().to_owned(),
        reference: event.body.reference(),
        proxy: event.proxy.clone(),
        at: event.at,
        received_at: now,
        status,
        error: error.map(str::to_owned),
        body: None,
    }
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
        let corrections = Corrections::load(conn, &corrected).await?;
        let made = emergency::make(tx, events, &met.new, &rows, (&phones, &cabins), now).await?;
        let made_ids = made.iter().map(|row| row.id).collect();
        rows.extend(made);
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

    fn apply_call(
        &mut self,
        app: &App,
        tx: &Tx,
        event: &ProxyEvent,
        (id, to_tag, kind): (Uuid, Option<&str>, &CallEventKind),
        money: &mut Money,
    ) -> Result<EventResult> {
        let is_end = matches!(kind, CallEventKind::Ended { .. });
        let Some(row) = self.calls.remove(&id) else {
            if is_end {
                self.doubt(event, STRANGE_END);
            }
            return Ok(EventResult::Ignored);
        };
        let before = to_machine(&row)?;
        let unacknowledged = match app.config.calls.charge_unacknowledged {
            true => Unacknowledged::Charged,
            false => Unacknowledged::Free,
        };
        let told = CallEvent { at: event.at, kind: kind.clone() };
        let window = Window { received: self.now, skew: self.skew };
        let (after, doubt) = machine::apply_within(&before, &told, window, unacknowledged);
        match doubt {
            _ if is_end && after.emitted.is_empty() => self.doubt(event, LATE_END),
            Some(doubt) => self.doubt(event, reason(doubt)),
            None => {}
        }
        let mut row = from_machine(row, &after.call)?;
        let mut changed = after.call != before;
        if let Some(to_tag) = to_tag.filter(|to_tag| row.to_tag.as_deref() != Some(*to_tag)) {
            row.to_tag = Some(to_tag.to_owned());
            changed = true;
        }
        if row.state == CallState::Refused && after.call.sip_code != before.sip_code {
            // the server's decision came too late and did not reach the phone
            row.refusal = Some(Refusal::Abandoned.code().to_owned());
        }
        let over = before.state.is_live() && !after.call.state.is_live();
        if row.answered_at != before.answered_at {
            self.note_answer(&mut row)?;
        }
        if after.call.state == machine::CallState::Answered && before.state != after.call.state {
            row.extend_at = extend::first_look(app, &row).filter(|_| row.hang_up_by.is_none());
        }
        if over {
            row.extend_at = None;
        }
        let ended = after.emitted.iter().any(|emitted| matches!(emitted, Emitted::Ended { .. }));
        match (ended, over) {
            (true, true) => {
                charge::end(&mut row, money, &mut self.charged, self.now)?;
                self.ended.push((row.currency.clone(), row.written_off.into()));
            }
            (true, false) => {
                charge::correct(&mut row, &before, &self.corrections, money, &mut self.charged, self.now)?;
                self.note_answer(&mut row)?;
                self.ended.push((row.currency.clone(), row.written_off.into()));
            }
            (false, true) => charge::release(&mut row, money)?,
            (false, false) => {}
        }
        for emitted in &after.emitted {
            let (kind, at) = shown(emitted);
            tx.emit(activity(kind, at, &row)?);
        }
        if let Some(session) = row.session_id.filter(|_| over) {
            self.over_in.push(session);
        }
        self.calls.insert(id, row);
        if changed {
            self.changed_calls.insert(id);
        }
        Ok(if after.emitted.is_empty() && !changed { EventResult::Ignored } else { EventResult::Applied })
    }

    /// Sets the columns by which reports find answered calls.
    fn note_answer(&self, row: &mut call::Model) -> Result<()> {
        row.answer_day = match row.answered_at {
            Some(at) => {
                let shop = self.shops.get(&row.callshop_id);
                let shop = shop.ok_or_else(|| Error::fault("the callshop of a call was not loaded"))?;
                Some(local_day(&shop.time_zone, at))
            }
            None => None,
        };
        row.answered_far = row.answered_at.is_some_and(|at| store::calls::is_far(row.authorized_at, at));
        Ok(())
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

    fn apply_phone(&mut self, tx: &Tx, user: &str, event: &ProxyEvent) -> Result<EventResult> {
        let EventBody::Phone { online, contact, source, user_agent, .. } = &event.body else {
            return Ok(EventResult::Ignored);
        };
        // the proxy's clock is far ahead; if the event's time were stored, later events would look older once the clock is corrected
        let ahead = event.at > self.now + self.skew;
        let at = if ahead { self.now } else { event.at };
        if ahead {
            self.doubt(event, reason(Doubt::Time));
        }
        let Some(phone) = self.phones.get_mut(user) else { return Ok(EventResult::Ignored) };
        if phone.online_changed_at.is_some_and(|changed| changed > at) {
            return Ok(EventResult::Ignored);
        }
        // the expiry of a replaced registration does not take the phone offline
        let replaced = |ended: &String, kept: &String| contact_uri(ended) != contact_uri(kept);
        if !online
            && contact.as_ref().zip(phone.contact.as_ref()).is_some_and(|(ended, kept)| replaced(ended, kept))
        {
            return Ok(EventResult::Ignored);
        }
        // a phone that has moved to another proxy stays online when its registration at the old proxy ends
        if !online && phone.online && phone.proxy.as_ref().is_some_and(|proxy| *proxy != event.proxy) {
            return Ok(EventResult::Ignored);
        }
        let turned = phone.online != *online;
        let moved = *online && (&phone.contact, &phone.user_agent) != (contact, user_agent);
        phone.online = *online;
        phone.online_changed_at = Some(at);
        phone.contact = contact.clone().filter(|_| *online);
        phone.source = source.clone().filter(|_| *online);
        phone.user_agent = user_agent.clone().filter(|_| *online);
        if *online {
            phone.proxy = Some(event.proxy.clone());
        }
        self.changed_phones.insert(user.to_owned());
        if turned {
            tx.emit(registrations::turned(phone, self.cabins.get(&phone.id).copied(), at));
        } else if moved {
            audit::announce(tx, phone.callshop_id, ActivityKind::PhoneChanged, at);
        }
        Ok(EventResult::Applied)
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
        money.write_with(store::calls::changes(conn, &rows, &self.charged.charges)?);
        self.shops.drain().for_each(|(id, shop)| money.watch(id, shop));
        // `load` locks every session, not only CLOSING sessions; otherwise, a session that is closed meanwhile would count this batch's calls as live
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

/// The sessions of calls that may end in this batch.
fn may_be_over_in(rows: &[call::Model], events: &[&ProxyEvent]) -> Vec<Uuid> {
    let goes_on = |kind: &CallEventKind| {
        matches!(kind, CallEventKind::Authorized | CallEventKind::Ringing | CallEventKind::Answered)
    };
    let (mut ids, mut requests) = (HashSet::new(), HashSet::new());
    for event in events {
        match (&event.body, event.body.call()) {
            (_, Some((id, _, kind))) if !goes_on(kind) => drop(ids.insert(id)),
            (EventBody::Abandoned { request_id, .. }, _) => drop(requests.insert(request_id.as_str())),
            _ => {}
        }
    }
    let over = |row: &&call::Model| ids.contains(&row.id) || requests.contains(row.request_id.as_str());
    let sessions: BTreeSet<Uuid> = rows.iter().filter(over).filter_map(|row| row.session_id).collect();
    sessions.into_iter().collect()
}

/// Calls whose end this batch may correct. The batch contains an end event for a call that has already ended, or for a call that an earlier event of
/// the batch ends.
fn may_be_corrected<'a>(rows: &'a [call::Model], events: &[&ProxyEvent]) -> Vec<&'a call::Model> {
    let about = |row: &call::Model, wanted: fn(&CallEventKind) -> bool| {
        events.iter().any(|event| match (&event.body, event.body.call()) {
            (_, Some((id, _, kind))) => id == row.id && wanted(kind),
            (EventBody::Abandoned { request_id, code }, _) => {
                *request_id == row.request_id && wanted(&CallEventKind::Abandoned { code: *code })
            }
            _ => false,
        })
    };
    let is_end = |kind: &CallEventKind| matches!(kind, CallEventKind::Ended { .. });
    let is_answer = |kind: &CallEventKind| matches!(kind, CallEventKind::Answered);
    let tells_no_answer =
        |kind: &CallEventKind| matches!(kind, CallEventKind::Ended { answered_at: None, .. });
    let ends = |row: &call::Model| {
        let of_row = |event: &&&ProxyEvent| {
            event.body.call().is_some_and(|(id, _, kind)| id == row.id && is_end(kind))
        };
        events.iter().filter(of_row).count()
    };
    let gives_up = |kind: &CallEventKind| {
        matches!(kind, CallEventKind::Failed { .. } | CallEventKind::Abandoned { .. } | CallEventKind::Lost)
    };
    let over = |row: &call::Model| {
        row.estimated || matches!(row.state, CallState::Failed | CallState::Abandoned) || about(row, gives_up)
    };
    let may_be = |row: &&call::Model| {
        // a later `answered` corrects an end without an answer time
        let open = (row.estimated && row.answered_at.is_none()) || about(row, tells_no_answer);
        let ends = ends(row);
        (over(row) && ends > 0) || ends > 1 || (open && about(row, is_answer))
    };
    rows.iter().filter(may_be).collect()
}

/// The reason stored with an `ended` event that changed nothing.
const LATE_END: &str =
    "the end of the call is already known, and this event changed nothing; compare it with the call";
/// The reason stored with an `ended` event for an unknown call.
const STRANGE_END: &str = "no call has its ref; check whether the proxy belongs to this server";

fn reason(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Time => {
            "it cannot have happened at that time, and a known time was used instead; check whether the clocks of the proxy and the server agree"
        }
        Doubt::NoAnswer => {
            "it does not say when the call was answered, and no other event did; the call is free until an event says so"
        }
        Doubt::EndBeforeAnswer => {
            "the call ended before its answer, and the first increment was charged; check whether the proxy's clock was set back"
        }
    }
}

/// The date by which reports count a call: `YYYY-MM-DD`, in the callshop's time zone. If the zone is unknown (for example, because an update of the
/// zone data removed it), the problem is logged, and the date in UTC is used. The date does not affect any amount, so an unknown zone must not
/// prevent a charge.
pub(super) fn local_day(time_zone: &str, at: DateTime<Utc>) -> String {
    let zone = store::parse_stored::<chrono_tz::Tz>(time_zone, "time zone").unwrap_or_else(|error| {
        tracing::error!(%error, "a call's day is counted in UTC; correct the callshop's time zone");
        chrono_tz::UTC
    });
    at.with_timezone(&zone).date_naive().to_string()
}

/// The URI of a SIP contact, without display name and parameters (RFC 3261, 20.10).
fn contact_uri(contact: &str) -> &str {
    let inner = contact.split_once('<').map_or(contact, |(_, rest)| rest);
    inner.split(['>', ';']).next().unwrap_or(inner).trim()
}

fn shown(emitted: &Emitted) -> (ActivityKind, DateTime<Utc>) {
    match emitted {
        Emitted::Ringing { at } => (ActivityKind::CallRinging, *at),
        Emitted::Answered { at } => (ActivityKind::CallAnswered, *at),
        Emitted::Ended { at } => (ActivityKind::CallEnded, *at),
        Emitted::Failed { at } => (ActivityKind::CallFailed, *at),
        Emitted::Abandoned { at } => (ActivityKind::CallAbandoned, *at),
    }
}

fn to_machine(row: &call::Model) -> Result<machine::Call> {
    Ok(machine::Call {
        state: row.state.into(),
        authorized_at: row.authorized_at,
        ringing_at: row.ringing_at,
        answered_at: row.answered_at,
        ended_at: row.ended_at,
        covered: u32::try_from(row.covered).or_fault()?,
        sip_code: row.sip_code.map(u16::try_from).transpose().or_fault()?,
        ended_by: row.ended_by.map(Into::into),
        cause: row.cause.map(Into::into),
        talk_seconds: u32::try_from(row.talk_seconds).or_fault()?,
        estimated: row.estimated,
    })
}

fn from_machine(row: call::Model, call: &machine::Call) -> Result<call::Model> {
    Ok(call::Model {
        state: CallState::from(call.state),
        ringing_at: call.ringing_at,
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        sip_code: call.sip_code.map(i32::from),
        ended_by: call.ended_by.map(Into::into),
        cause: call.cause.map(Into::into),
        talk_seconds: i32::try_from(call.talk_seconds).or_fault()?,
        estimated: call.estimated,
        ..row
    })
}
