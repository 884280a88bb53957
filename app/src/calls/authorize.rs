//! Authorizes call attempts: decides whether a phone may make a call, and for how long. Each batch of attempts is processed in one transaction.

mod checks;
mod context;
mod refusal;

use billing::credit::{Answer, Grant};
use chrono::{DateTime, Utc};
use entity::call::NewCall;
use entity::{ActivityKind, CallState, SessionState, call, phone};
use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp, Uuid};

pub use refusal::Refusal;

use super::cover::{self, CoverRequest, SessionAllowance};
use super::events::local_day;
use super::extend;
use super::money::{LockedCredit, Money};
use super::pricing::{self, Level, payers};
use super::warning;
use crate::App;
use crate::feed::snapshot::activity;
use crate::sessions::MAX_STATEMENT_CALLS;
use base::error::{OrFault as _, Result};
use checks::{Verdict, check, may_use};
use context::BatchContext;
use store::Tx;

/// A call attempt. The proxy reports the attempt after it has authenticated the phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// Unique id of this request, assigned by the proxy. A repeated request gets the same response, or a refusal if the call has already ended.
    pub request_id: String,
    /// SIP user of the phone.
    pub user: String,
    /// The number as dialed.
    pub dialed: String,
    /// Name of the requesting proxy.
    pub proxy: String,
    /// SIP Call-ID.
    pub call_id: String,
    /// SIP From tag.
    pub from_tag: String,
}

/// The response to an [`AuthorizeRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// The call may ring.
    Allowed {
        /// The call's id, which the proxy stores in its dialog.
        reference: Uuid,
        /// Maximum talk time in seconds; at least 1.
        max_seconds: u32,
        /// The number sent to the gateway: E.164 digits or a short number.
        to: String,
        /// The caller ID to present: a number or a name; empty if there is no caller ID.
        caller_id: String,
    },
    /// The call is not allowed.
    Refused(Refusal),
}

/// Decides, in order, whether to allow each call attempt. Writes a call row for each attempt by a known phone, and emits activity events. A repeated
/// `request_id` gets its first response again, or a refusal if the call has already ended.
///
/// # Errors
/// May fail with database errors. If the database fails, no attempt is decided.
pub(super) async fn decide_all(
    app: &App,
    tx: &Tx,
    requests: &[&AuthorizeRequest],
    money: &mut Money,
) -> Result<Vec<Authorization>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let mut context = BatchContext::load(app, tx.conn(), requests, now).await?;
    let mut decisions = Vec::with_capacity(requests.len());
    for request in requests {
        let mut found = Found::default();
        let verdict = check(app, tx.conn(), &context, request, &mut found).await?;
        decisions.push((request, found, verdict));
    }
    // lock the credit for all attempts, and for the events of the same batch, at once and in the global lock order; the transaction takes no further
    // locks on credit
    let paying = decisions.iter().flat_map(|(_, found, _)| extend::paying_accounts(&found.levels));
    let paying = paying.chain(money.accounts()).collect();
    context.locked_credit = LockedCredit::lock(tx.conn(), paying).await?;
    let mut decided = Vec::with_capacity(requests.len());
    let mut rows = Vec::new();
    let order = ContextV7::new();
    for (request, found, verdict) in decisions {
        if let Some(call) = context.asked.get(&request.request_id) {
            decided.push(repeat(call, &context)?);
            continue;
        }
        let Some(phone) = context.phones.get(&request.user).cloned() else {
            // an attempt by an unknown phone leaves no record, because the phone belongs to no callshop
            decided.push(Authorization::Refused(Refusal::PhoneBlocked));
            continue;
        };
        let outcome = grant(app, &context, &phone, request, &found, verdict, money, now)?;
        let id = new_id(&order, now)?;
        let price = found.levels.first().map(|level| level.pricing.clone());
        let call = call_row(id, &context, &phone, request, found, outcome, now)?;
        let refused = call.state == CallState::Refused;
        let kind = if refused { ActivityKind::CallRefused } else { ActivityKind::CallAuthorized };
        tx.emit(activity(kind, now, &call, price.as_ref())?);
        if !refused {
            context.busy.insert(phone.id);
        }
        decided.push(repeat(&call, &context)?);
        context.asked.insert(request.request_id.clone(), call.clone());
        rows.push(call);
    }
    money.write_with(store::calls::inserts(tx.conn(), &rows)?);
    rows.iter().for_each(|row| app.callshops.learn_call(row.id, row.callshop_id));
    context.phones.values().for_each(|row| app.callshops.learn_phone(&row.sip_user, row.callshop_id));
    Ok(decided)
}

fn repeat(call: &call::Model, context: &BatchContext) -> Result<Authorization> {
    if call.state == CallState::Refused {
        return Ok(Authorization::Refused(Refusal::stored(call.refusal.as_deref().unwrap_or_default())));
    }
    // an ended call no longer reserves any credit
    if !store::calls::LIVE.contains(&call.state) {
        return Ok(Authorization::Refused(Refusal::Abandoned));
    }
    let (_, shop) = context.callshop(call.callshop_id)?;
    Ok(Authorization::Allowed {
        reference: call.id,
        max_seconds: u32::try_from(call.covered).or_fault()?,
        to: call.number.clone(),
        caller_id: shop.caller_id.clone(),
    })
}

/// Facts about a call attempt that are collected before the attempt is allowed or refused.
#[derive(Default)]
struct Found {
    number: String,
    destination: String,
    emergency: bool,
    levels: Vec<Level>,
}

/// The talk time granted to an allowed attempt.
struct Allowance {
    /// The first slice of talk time with its reserved amounts.
    grant: Grant,
    /// The seconds of talk after which to check whether the call ends soon; `None` if no check is needed.
    warn_after: Option<i32>,
}

/// The result of an attempt.
type Outcome = std::result::Result<Allowance, Refusal>;

/// Reserves credit at every level for an attempt that passed [`check`]. The credit pays for the first slice of talk time.
#[expect(clippy::too_many_arguments, reason = "facts about one attempt and the batch context")]
fn grant(
    app: &App,
    context: &BatchContext,
    phone: &phone::Model,
    request: &AuthorizeRequest,
    found: &Found,
    verdict: Verdict,
    money: &mut Money,
    now: DateTime<Utc>,
) -> Result<Outcome> {
    let cap = match verdict {
        Ok(cap) => cap,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if found.emergency {
        return Ok(Ok(Allowance { grant: Grant { covered: cap, holds: Vec::new() }, warn_after: None }));
    }
    // an earlier attempt in this batch may have made the phone busy
    if context.busy.contains(&phone.id) {
        return Ok(Err(Refusal::PhoneBusy));
    }
    let session = match may_use(context, &context.payers(phone.callshop_id)?, phone) {
        Ok(session) => session,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let spent = context.spent.get(&session.id).copied().unwrap_or_default();
    if spent.calls >= MAX_STATEMENT_CALLS {
        return Ok(Err(Refusal::SessionFull));
    }
    let extends = app.proxies.knows(&request.proxy);
    let wanted = CoverRequest {
        levels: &found.levels,
        answer: Answer { from: now, ring_seconds: app.config.calls.ring_seconds },
        covered: 0,
        holds: &[],
        cap,
        slice: extends.then_some(app.config.calls.slice_seconds),
    };
    let allowance = SessionAllowance::new(session, spent, &context.live, None)?;
    let cover = match cover::cover(wanted, allowance, &context.locked_credit, money)? {
        Ok(cover) => cover,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (account, shop) = context.callshop(phone.callshop_id)?;
    cover::change_holds(payers(&found.levels), &[], &cover.grant.holds, &account.currency, money)?;
    let ahead = warning::ahead(shop.ending_soon_seconds)?;
    let warn_after = warning::look_after(ahead.filter(|_| extends), cover.reach)?;
    Ok(Ok(Allowance { grant: cover.grant, warn_after }))
}

/// A UUIDv7 with the time `now`. Ids that are created with the same `order` sort in the order of their creation.
///
/// # Errors
/// Fails with a fault if the clock shows a time before 1970.
fn new_id(order: &ContextV7, now: DateTime<Utc>) -> Result<Uuid> {
    let seconds = u64::try_from(now.timestamp()).or_fault()?;
    Ok(Uuid::new_v7(Timestamp::from_unix(order, seconds, now.timestamp_subsec_nanos())))
}

fn call_row(
    id: Uuid,
    context: &BatchContext,
    phone: &phone::Model,
    request: &AuthorizeRequest,
    found: Found,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<call::Model> {
    let session = context.session(phone.id).filter(|session| session.state == SessionState::Open);
    let (account, _) = context.callshop(phone.callshop_id)?;
    let refusal = outcome.as_ref().err().copied();
    let nothing = Allowance { grant: Grant { covered: 0, holds: Vec::new() }, warn_after: None };
    let Allowance { grant, warn_after } = outcome.unwrap_or(nothing);
    let call = call::Model::new(NewCall {
        id,
        callshop_id: phone.callshop_id,
        cabin_id: context.cabins.get(&phone.id).map(|cabin| cabin.id),
        session: session.filter(|_| !found.emergency).map(|session| (session.id, session.opened_by)),
        phone_id: phone.id,
        request_id: request.request_id.clone(),
        dialed: request.dialed.clone(),
        number: found.number,
        destination: found.destination,
        emergency: found.emergency,
        authorized_at: now,
        covered: i32::try_from(grant.covered).or_fault()?,
        currency: account.currency.clone(),
        levels: pricing::column(phone.callshop_id, &found.levels)?,
        holds: cover::holds_column(&grant.holds),
        proxy: request.proxy.clone(),
        sip_call_id: request.call_id.clone(),
        from_tag: request.from_tag.clone(),
        warn_after,
        attempt_day: local_day(&account.time_zone, now),
    });
    Ok(match refusal {
        Some(refusal) => call.refused(refusal.code(), refusal.sip_code()),
        None => call,
    })
}
