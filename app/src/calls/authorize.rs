//! Authorizes call attempts: decides whether a phone may make a call, and for how long. Each batch of attempts is processed in one transaction.

use std::collections::{BTreeSet, HashMap, HashSet};

use billing::credit::{Answer, Grant};
use billing::number::{DialPlan, Dialed};
use chrono::{DateTime, Utc};
use entity::call::NewCall;
use entity::{
    ActivityKind, CallState, SessionState, account, cabin, cabin_session, call, callshop, phone, tariff,
};
use sea_orm::ConnectionTrait;
use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp, Uuid};

use super::cover::{self, CoverRequest, SessionAllowance};
use super::emergency;
use super::events::local_day;
use super::extend;
use super::money::{LockedCredit, Money};
use super::pricing::{self, Level, payers};
use super::warning;
use crate::App;
use crate::access::path_ids;
use crate::feed::snapshot::activity;
use crate::rates;
use crate::sessions::MAX_STATEMENT_CALLS;
use base::error::{Error, OrFault as _, Result};
use store::calls::Spent;
use store::{Tx, accounts, tariffs};

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

macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $sip:literal, $reason:literal;)+) => {
        /// The reason why a call is refused. A problem with an account above the callshop is reported only as `SERVICE_UNAVAILABLE`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal { $($(#[$meta])* $variant,)+ }
        impl Refusal {
            /// Every refusal.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            /// Stable code, stored in `call.refusal`.
            pub fn code(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }
            /// SIP status for the phone.
            pub fn sip_code(self) -> u16 { match self { $(Self::$variant => $sip,)+ } }
            /// Reason phrase for the phone.
            pub fn reason(self) -> &'static str { match self { $(Self::$variant => $reason,)+ } }
        }
    };
}

refusals! {
    /// The phone does not exist or is blocked.
    PhoneBlocked = "PHONE_BLOCKED", 403, "Phone blocked";
    /// The phone is in no cabin, or the phone's cabin is out of service.
    CabinOutOfService = "CABIN_OUT_OF_SERVICE", 403, "Cabin out of service";
    /// The phone's cabin is not open, or is being closed.
    CabinClosed = "CABIN_CLOSED", 403, "Cabin closed";
    /// The phone already has a call.
    PhoneBusy = "PHONE_BUSY", 486, "One call at a time";
    /// The dialed string is not a valid number.
    NumberInvalid = "NUMBER_INVALID", 404, "Number not valid";
    /// There is no rate for this number.
    DestinationNotRated = "DESTINATION_NOT_RATED", 404, "Destination not available";
    /// The number's prefix is blocked.
    DestinationBlocked = "DESTINATION_BLOCKED", 403, "Destination blocked";
    /// The callshop's credit does not pay for one second of the call.
    NoCredit = "NO_CREDIT", 402, "No credit";
    /// The session's deposit does not pay for one second of the call.
    DepositUsedUp = "DEPOSIT_USED_UP", 402, "Deposit used up";
    /// The rest of the session's spending limit does not pay for one second of the call.
    SpendingLimit = "SPENDING_LIMIT", 402, "Spending limit reached";
    /// The session's time is used up.
    TimeLimit = "TIME_LIMIT", 403, "Time limit reached";
    /// The session has as many calls as a statement can hold. Close the session and open another.
    SessionFull = "SESSION_FULL", 403, "Too many calls";
    /// The callshop is suspended.
    Suspended = "SUSPENDED", 403, "Callshop suspended";
    /// The proxy has already given up on the call attempt and sent 503 to the phone.
    Abandoned = "ABANDONED", 503, "Given up";
    /// An account above the callshop is suspended, or lacks credit or a rate.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", 503, "Service unavailable";
}

impl Refusal {
    /// The refusal that a stored code names. During an upgrade, a node of the next release may store a code that this release does not know; the
    /// result is then `ServiceUnavailable`.
    pub fn stored(code: &str) -> Self {
        Self::ALL.iter().copied().find(|refusal| refusal.code() == code).unwrap_or(Self::ServiceUnavailable)
    }
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
    let mut context = BatchContext::load(tx.conn(), requests, now).await?;
    let mut decisions = Vec::with_capacity(requests.len());
    for request in requests {
        let mut found = Found::default();
        let verdict = check(app, tx.conn(), &context, request, &mut found).await?;
        decisions.push((request, found, verdict));
    }
    // lock the credit for all attempts at once, in the global lock order; the transaction takes no locks after the locks on credit
    let paying = decisions.iter().flat_map(|(_, found, _)| extend::paying_accounts(&found.levels)).collect();
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
    store::calls::insert(tx.conn(), &rows).await?;
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
    let shop = context.shops.get(&call.callshop_id);
    let shop = shop.ok_or_else(|| Error::fault("the callshop of a repeated request was not loaded"))?;
    Ok(Authorization::Allowed {
        reference: call.id,
        max_seconds: u32::try_from(call.covered).or_fault()?,
        to: call.number.clone(),
        caller_id: shop.caller_id.clone(),
    })
}

/// Batch context: the rows needed to process a batch of attempts.
struct BatchContext {
    phones: HashMap<String, phone::Model>,
    cabins: HashMap<Uuid, cabin::Model>,
    sessions: HashMap<Uuid, cabin_session::Model>,
    spent: HashMap<Uuid, Spent>,
    live: Vec<call::Model>,
    busy: HashSet<Uuid>,
    shops: HashMap<Uuid, callshop::Model>,
    accounts: HashMap<Uuid, account::Model>,
    locked_credit: LockedCredit,
    tariffs: HashMap<Uuid, (Uuid, tariff::Model)>,
    asked: HashMap<String, call::Model>,
    abandoned: HashSet<String>,
}

impl BatchContext {
    async fn load(
        conn: &impl ConnectionTrait,
        requests: &[&AuthorizeRequest],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let users: Vec<&str> = requests.iter().map(|request| request.user.as_str()).collect();
        let asked_ids: Vec<&str> = requests.iter().map(|request| request.request_id.as_str()).collect();
        let phones = store::calls::lock_phones(conn, &users).await?;
        let phone_ids: Vec<Uuid> = phones.iter().map(|phone| phone.id).collect();
        let shop_ids: Vec<Uuid> = phones.iter().map(|phone| phone.callshop_id).collect();
        let cabins = store::calls::cabins_of(conn, &phone_ids).await?;
        let cabin_ids: Vec<Uuid> = cabins.iter().map(|cabin| cabin.id).collect();
        let asked = store::calls::lock_named(conn, &[], &asked_ids, now).await?;
        let sessions = store::calls::lock_open_sessions(conn, &cabin_ids).await?;
        let bounded: Vec<Uuid> =
            sessions.iter().filter(|row| cover::is_bounded(row)).map(|row| row.id).collect();
        let live = if bounded.is_empty() {
            Vec::new()
        } else {
            store::calls::live_of_sessions(conn, &bounded).await?
        };
        let accounts = load_chains(conn, &shop_ids).await?;
        let wanted: BTreeSet<Uuid> = accounts
            .values()
            .flat_map(|account| [account.cost_tariff_id, account.retail_tariff_id])
            .flatten()
            .collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        Ok(Self {
            busy: store::calls::busy_phones(conn, &phone_ids).await?,
            spent: store::calls::spent(
                conn,
                &sessions.iter().map(|row| (row.id, row.opened_at)).collect::<Vec<_>>(),
            )
            .await?,
            shops: accounts::callshops(conn, &shop_ids)
                .await?
                .into_iter()
                .map(|row| (row.account_id, row))
                .collect(),
            live,
            locked_credit: LockedCredit::default(),
            tariffs: tariffs::effective_versions(conn, &wanted, now).await?,
            abandoned: store::calls::abandoned(conn, &asked_ids).await?,
            asked: asked.into_iter().map(|row| (row.request_id.clone(), row)).collect(),
            phones: phones.into_iter().map(|row| (row.sip_user.clone(), row)).collect(),
            cabins: cabins.into_iter().filter_map(|row| Some((row.phone_id?, row))).collect(),
            sessions: sessions.into_iter().map(|row| (row.cabin_id, row)).collect(),
            accounts,
        })
    }

    /// The accounts that pay for a callshop's calls, starting with the callshop. Each account is paired with the id of its payee. The platform pays
    /// nobody, so the platform is not included.
    ///
    /// # Errors
    /// Fails with a fault if an account of the chain is missing. If the code skipped a missing account, that account would not be charged.
    fn payers(&self, callshop_id: Uuid) -> Result<Vec<(&account::Model, Uuid)>> {
        let account = |id: &Uuid| {
            let row = self.accounts.get(id);
            row.ok_or_else(|| Error::fault(format!("the account {id} of a callshop's path does not exist")))
        };
        let mut payers = Vec::new();
        for id in path_ids(&account(&callshop_id)?.path)?.iter().rev() {
            let row = account(id)?;
            match row.parent_id {
                Some(payee) => payers.push((row, payee)),
                None if row.kind == entity::AccountKind::Platform => {}
                None => return Err(Error::fault(format!("the account {id} has no parent"))),
            }
        }
        Ok(payers)
    }
}

async fn load_chains(conn: &impl ConnectionTrait, shops: &[Uuid]) -> Result<HashMap<Uuid, account::Model>> {
    let leaves = accounts::by_ids(conn, shops).await?;
    let mut above = BTreeSet::new();
    for leaf in &leaves {
        above.extend(path_ids(&leaf.path)?);
    }
    let above: Vec<Uuid> = above.into_iter().collect();
    Ok(accounts::by_ids(conn, &above).await?.into_iter().map(|row| (row.id, row)).collect())
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
    let no_shop = || Error::fault("the phone has no callshop");
    let account = context.accounts.get(&phone.callshop_id).ok_or_else(no_shop)?;
    cover::change_holds(payers(&found.levels), &[], &cover.grant.holds, &account.currency, money)?;
    let shop = context.shops.get(&phone.callshop_id).ok_or_else(no_shop)?;
    let warn_after = warning::look_after(warning::ahead(shop)?.filter(|_| extends), cover.reach)?;
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
    let cabin = context.cabins.get(&phone.id);
    let session = cabin
        .and_then(|cabin| context.sessions.get(&cabin.id))
        .filter(|session| session.state == SessionState::Open);
    let account =
        context.accounts.get(&phone.callshop_id).ok_or_else(|| Error::fault("the phone has no callshop"))?;
    let refusal = outcome.as_ref().err().copied();
    let nothing = Allowance { grant: Grant { covered: 0, holds: Vec::new() }, warn_after: None };
    let Allowance { grant, warn_after } = outcome.unwrap_or(nothing);
    let call = call::Model::new(NewCall {
        id,
        callshop_id: phone.callshop_id,
        cabin_id: cabin.map(|cabin| cabin.id),
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

/// The result of [`check`]: the maximum call duration in seconds, or the refusal.
type Verdict = std::result::Result<u32, Refusal>;

/// Runs all checks of an attempt except the checks of credit, in a fixed order. The first check that fails determines the refusal.
async fn check(
    app: &App,
    conn: &impl ConnectionTrait,
    context: &BatchContext,
    request: &AuthorizeRequest,
    found: &mut Found,
) -> Result<Verdict> {
    let Some(phone) = context.phones.get(&request.user) else { return Ok(Err(Refusal::PhoneBlocked)) };
    let shop =
        context.shops.get(&phone.callshop_id).ok_or_else(|| Error::fault("the phone has no callshop"))?;
    let plan: DialPlan = serde_json::from_value(shop.dial_plan.clone()).or_fault()?;
    let cap = u32::try_from(shop.max_call_seconds).or_fault()?;
    let dialed = plan.normalize(&request.dialed);
    // even the row of a refused attempt shows the dialed number
    match &dialed {
        Ok(Dialed::Emergency { number }) => {
            found.number.clone_from(number);
            emergency::DESTINATION.clone_into(&mut found.destination);
            found.emergency = true;
        }
        Ok(Dialed::Short { number, .. }) => found.number.clone_from(number),
        Ok(Dialed::Number { e164, .. }) => e164.as_str().clone_into(&mut found.number),
        Err(_) => {}
    }
    if context.abandoned.contains(&request.request_id) {
        return Ok(Err(Refusal::Abandoned));
    }
    if found.emergency {
        return Ok(Ok(cap));
    }
    if context.busy.contains(&phone.id) {
        return Ok(Err(Refusal::PhoneBusy));
    }
    if let Err(refusal) = may_use(context, &context.payers(phone.callshop_id)?, phone) {
        return Ok(Err(refusal));
    }
    let digits = match dialed {
        Ok(Dialed::Number { e164, .. }) => e164.as_str().to_owned(),
        Ok(Dialed::Short { .. }) => return Ok(Err(Refusal::DestinationNotRated)),
        Ok(Dialed::Emergency { .. }) | Err(_) => return Ok(Err(Refusal::NumberInvalid)),
    };
    if rates::is_blocked(&shop.blocked_prefixes, &digits)? {
        return Ok(Err(Refusal::DestinationBlocked));
    }
    if let Err(refusal) = find_rates(app, conn, context, phone.callshop_id, &digits, found).await? {
        return Ok(Err(refusal));
    }
    Ok(Ok(cap))
}

/// Checks whether this phone can make calls at all. The check covers the phone, suspensions, the cabin and the session.
fn may_use<'a>(
    context: &'a BatchContext,
    payers: &[(&account::Model, Uuid)],
    phone: &phone::Model,
) -> std::result::Result<&'a cabin_session::Model, Refusal> {
    if phone.blocked_at.is_some() {
        return Err(Refusal::PhoneBlocked);
    }
    for (account, _) in payers {
        if account.suspended_at.is_some() {
            let own = account.id == phone.callshop_id;
            return Err(if own { Refusal::Suspended } else { Refusal::ServiceUnavailable });
        }
    }
    let cabin =
        context.cabins.get(&phone.id).filter(|cabin| !cabin.out_of_service && cabin.retired_at.is_none());
    let cabin = cabin.ok_or(Refusal::CabinOutOfService)?;
    let session = context.sessions.get(&cabin.id).ok_or(Refusal::CabinClosed)?;
    billing::session::may_call(session.state.into()).map_err(|_| Refusal::CabinClosed)?;
    Ok(session)
}

/// Finds the rate at every level. If a level has no rate, the call is refused.
async fn find_rates(
    app: &App,
    conn: &impl ConnectionTrait,
    context: &BatchContext,
    callshop_id: Uuid,
    digits: &str,
    found: &mut Found,
) -> Result<std::result::Result<(), Refusal>> {
    let payers = context.payers(callshop_id)?;
    let Some((shop, _)) = payers.first() else { return Ok(Err(Refusal::ServiceUnavailable)) };
    let retail = (*shop, shop.id, shop.retail_tariff_id.or(shop.cost_tariff_id));
    let costs = payers.iter().map(|(payer, payee)| (*payer, *payee, payer.cost_tariff_id));
    for (payer, payee_id, tariff_id) in std::iter::once(retail).chain(costs) {
        let own = payer.id == callshop_id;
        let missing = if own { Refusal::DestinationNotRated } else { Refusal::ServiceUnavailable };
        let Some((version_id, tariff)) = tariff_id.and_then(|id| context.tariffs.get(&id)) else {
            return Ok(Err(missing));
        };
        if rates::is_blocked(&tariff.blocked_prefixes, digits)? {
            return Ok(Err(if own { Refusal::DestinationBlocked } else { Refusal::ServiceUnavailable }));
        }
        let version = app.rates.get(conn, *version_id).await?;
        let Some(rate) = version.table.find(digits) else { return Ok(Err(missing)) };
        if found.levels.is_empty() {
            found.destination = rate.destination.to_string();
        }
        let pricing = app.rates.pricing(&version, rate).await?;
        found.levels.push(Level { account_id: payer.id, payee_id, version_id: *version_id, pricing });
    }
    Ok(Ok(()))
}
