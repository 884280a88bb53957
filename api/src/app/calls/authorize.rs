//! May this phone make this call, and for how long: a batch of attempts, decided together in one transaction.

use std::collections::{BTreeSet, HashMap, HashSet};

use billing::money::Micros;
use billing::number::{DialPlan, Dialed};
use billing::rating;
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, Book, CallState, SessionState, account, cabin, cabin_session, call, callshop, phone, tariff,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::activity;
use super::pricing::Level;
use crate::app::App;
use crate::app::access::path_ids;
use crate::app::rates;
use crate::app::sessions::MAX_STATEMENT_CALLS;
use crate::error::{Error, Result};
use crate::store::calls::Spent;
use crate::store::{Tx, accounts, calls, ledger, tariffs};

/// An attempt to call, as the proxy reports it after the phone proved who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// The proxy's own unique id of this question.
    pub request_id: String,
    /// SIP user of the phone.
    pub user: String,
    /// What was dialled.
    pub dialed: String,
    /// Which proxy asks.
    pub proxy: String,
    /// SIP Call-ID.
    pub call_id: String,
    /// SIP From tag.
    pub from_tag: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// The call may ring.
    Allowed {
        /// The call's id, which the proxy carries in its dialog.
        reference: Uuid,
        /// Seconds that may be talked at most; at least 1.
        max_seconds: u32,
        /// What is sent to the gateway: E.164 digits or a short number.
        to: String,
        /// The caller's number or name to show.
        caller_id: String,
    },
    /// It may not.
    Refused(Refusal),
}

macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $sip:literal, $reason:literal;)+) => {
        /// Why a call may not be made. What is wrong above the callshop is `SERVICE_UNAVAILABLE` to it, nothing more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal { $($(#[$meta])* $variant,)+ }
        impl Refusal {
            /// Every refusal.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            /// Stable code.
            pub fn code(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }
            /// SIP status for the phone.
            pub fn sip_code(self) -> u16 { match self { $(Self::$variant => $sip,)+ } }
            /// Reason phrase for the phone.
            pub fn reason(self) -> &'static str { match self { $(Self::$variant => $reason,)+ } }
        }
    };
}

refusals! {
    /// No such phone, or it is blocked.
    PhoneBlocked = "PHONE_BLOCKED", 403, "Phone blocked";
    /// The phone is in no cabin, or its cabin is out of service.
    CabinOutOfService = "CABIN_OUT_OF_SERVICE", 403, "Cabin out of service";
    /// Nobody opened the cabin, or it is being closed.
    CabinClosed = "CABIN_CLOSED", 403, "Cabin closed";
    /// The phone has a call already.
    PhoneBusy = "PHONE_BUSY", 486, "One call at a time";
    /// What was dialled is no number.
    NumberInvalid = "NUMBER_INVALID", 404, "Number not valid";
    /// No rate for this number.
    DestinationNotRated = "DESTINATION_NOT_RATED", 404, "Destination not available";
    /// The number may not be called.
    DestinationBlocked = "DESTINATION_BLOCKED", 403, "Destination blocked";
    /// The callshop's credit covers no second of it.
    NoCredit = "NO_CREDIT", 402, "No credit";
    /// The session's spending limit covers no second of it.
    SpendingLimit = "SPENDING_LIMIT", 402, "Spending limit reached";
    /// The session's time is used up.
    TimeLimit = "TIME_LIMIT", 403, "Time limit reached";
    /// The session has as many calls as a statement can hold: close it and open another.
    SessionFull = "SESSION_FULL", 403, "Too many calls";
    /// The callshop is suspended.
    Suspended = "SUSPENDED", 403, "Callshop suspended";
    /// The proxy gave the attempt up already.
    Abandoned = "ABANDONED", 403, "Given up";
    /// Something above the callshop.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", 503, "Service unavailable";
}

impl Refusal {
    fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|refusal| refusal.code() == code)
    }
}

/// Decides attempts in their order: rows for each, and what watchers see. An attempt asked about before answers as before.
///
/// # Errors
/// Those of the database; nothing is decided then.
pub async fn decide_all(app: &App, tx: &Tx, requests: &[AuthorizeRequest]) -> Result<Vec<Authorization>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let mut ground = Ground::load(app, tx.conn(), requests, now).await?;
    let mut decided = Vec::with_capacity(requests.len());
    let mut rows = Vec::new();
    for request in requests {
        if let Some(call) = ground.asked.get(&request.request_id) {
            decided.push(repeat(call, &ground));
            continue;
        }
        let Some(phone) = ground.phones.get(&request.user).cloned() else {
            // a phone of nobody leaves no record: there is no callshop to show it to
            decided.push(Authorization::Refused(Refusal::PhoneBlocked));
            continue;
        };
        let (call, answer) = decide(app, tx.conn(), &mut ground, &phone, request, now).await?;
        let kind = if call.state == CallState::Refused {
            ActivityKind::CallRefused
        } else {
            ActivityKind::CallAuthorized
        };
        tx.emit(activity(kind, now, &call)?);
        ground.asked.insert(request.request_id.clone(), call.clone());
        rows.push(call);
        decided.push(answer);
    }
    calls::save(tx.conn(), rows).await?;
    Ok(decided)
}

fn repeat(call: &call::Model, ground: &Ground) -> Authorization {
    if call.state == CallState::Refused {
        let refusal = call.refusal.as_deref().and_then(Refusal::parse);
        return Authorization::Refused(refusal.unwrap_or(Refusal::ServiceUnavailable));
    }
    Authorization::Allowed {
        reference: call.id,
        max_seconds: u32::try_from(call.covered).unwrap_or(1),
        to: call.number.clone(),
        caller_id: ground.shops.get(&call.callshop_id).map(|shop| shop.caller_id.clone()).unwrap_or_default(),
    }
}

/// Everything that the decisions of a batch stand on.
struct Ground {
    phones: HashMap<String, phone::Model>,
    cabins: HashMap<Uuid, cabin::Model>,
    sessions: HashMap<Uuid, cabin_session::Model>,
    spent: HashMap<Uuid, Spent>,
    busy: HashSet<Uuid>,
    shops: HashMap<Uuid, callshop::Model>,
    accounts: HashMap<Uuid, account::Model>,
    credit: HashMap<Uuid, Micros>,
    tariffs: HashMap<Uuid, (Uuid, tariff::Model)>,
    asked: HashMap<String, call::Model>,
    abandoned: HashSet<String>,
}

impl Ground {
    async fn load(
        _app: &App,
        conn: &impl ConnectionTrait,
        requests: &[AuthorizeRequest],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let users: Vec<&str> = requests.iter().map(|request| request.user.as_str()).collect();
        let asked: Vec<&str> = requests.iter().map(|request| request.request_id.as_str()).collect();
        let phones = calls::lock_phones(conn, &users).await?;
        let phone_ids: Vec<Uuid> = phones.iter().map(|phone| phone.id).collect();
        let shop_ids: Vec<Uuid> = phones.iter().map(|phone| phone.callshop_id).collect();
        let cabins = calls::cabins_of(conn, &phone_ids).await?;
        let cabin_ids: Vec<Uuid> = cabins.iter().map(|cabin| cabin.id).collect();
        let sessions = calls::lock_open_sessions(conn, &cabin_ids).await?;
        let session_ids: Vec<Uuid> = sessions.iter().map(|session| session.id).collect();
        let accounts = load_chains(conn, &shop_ids).await?;
        let account_ids: Vec<Uuid> = accounts.keys().copied().collect();
        let wanted: BTreeSet<Uuid> = accounts
            .values()
            .flat_map(|account| [account.cost_tariff_id, account.retail_tariff_id])
            .flatten()
            .collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        Ok(Self {
            busy: calls::busy_phones(conn, &phone_ids).await?,
            spent: calls::spent(conn, &session_ids).await?,
            shops: accounts::callshops(conn, &shop_ids)
                .await?
                .into_iter()
                .map(|row| (row.account_id, row))
                .collect(),
            credit: ledger::balances(conn, &account_ids, Book::Credit).await?.into_iter().collect(),
            tariffs: tariffs::effective_versions(conn, &wanted, now).await?,
            asked: calls::lock(conn, &[], &asked)
                .await?
                .into_iter()
                .map(|row| (row.request_id.clone(), row))
                .collect(),
            abandoned: calls::abandoned(conn, &asked).await?,
            phones: phones.into_iter().map(|row| (row.sip_user.clone(), row)).collect(),
            cabins: cabins.into_iter().filter_map(|row| Some((row.phone_id?, row))).collect(),
            sessions: sessions.into_iter().map(|row| (row.cabin_id, row)).collect(),
            accounts,
        })
    }

    /// The accounts that pay for a callshop's calls, itself first, each with whom it pays; the platform pays nobody.
    fn payers(&self, callshop_id: Uuid) -> Vec<(&account::Model, Uuid)> {
        let Some(shop) = self.accounts.get(&callshop_id) else { return Vec::new() };
        let mut ids = path_ids(&shop.path);
        ids.reverse();
        ids.iter()
            .filter_map(|id| self.accounts.get(id))
            .filter_map(|row| Some((row, row.parent_id?)))
            .collect()
    }
}

async fn load_chains(conn: &impl ConnectionTrait, shops: &[Uuid]) -> Result<HashMap<Uuid, account::Model>> {
    let leaves = accounts::by_ids(conn, shops).await?;
    let above: BTreeSet<Uuid> = leaves.iter().flat_map(|leaf| path_ids(&leaf.path)).collect();
    let above: Vec<Uuid> = above.into_iter().collect();
    Ok(accounts::by_ids(conn, &above).await?.into_iter().map(|row| (row.id, row)).collect())
}

/// What was found out about an attempt before it is allowed or refused.
#[derive(Default)]
struct Found {
    number: String,
    destination: String,
    emergency: bool,
    levels: Vec<Level>,
}

async fn decide(
    app: &App,
    conn: &impl ConnectionTrait,
    ground: &mut Ground,
    phone: &phone::Model,
    request: &AuthorizeRequest,
    now: DateTime<Utc>,
) -> Result<(call::Model, Authorization)> {
    let mut found = Found::default();
    let outcome = check(app, conn, ground, phone, request, now, &mut found).await?;
    let cabin = ground.cabins.get(&phone.id);
    let session = cabin
        .and_then(|cabin| ground.sessions.get(&cabin.id))
        .filter(|session| session.state == SessionState::Open);
    let account =
        ground.accounts.get(&phone.callshop_id).ok_or_else(|| Error::fault("a phone without a callshop"))?;
    let (state, covered, refusal) = match outcome {
        Ok(covered) => (CallState::Authorized, covered, None),
        Err(refusal) => (CallState::Refused, 0, Some(refusal)),
    };
    let call = call::Model {
        id: Uuid::now_v7(),
        callshop_id: phone.callshop_id,
        cabin_id: cabin.map(|cabin| cabin.id),
        session_id: session.filter(|_| !found.emergency).map(|session| session.id),
        phone_id: phone.id,
        request_id: request.request_id.clone(),
        dialed: request.dialed.clone(),
        number: found.number,
        destination: found.destination,
        emergency: found.emergency,
        state,
        authorized_at: now,
        ringing_at: None,
        answered_at: None,
        ended_at: refusal.map(|_| now),
        covered: i32::try_from(covered).map_err(Error::fault)?,
        sip_code: refusal.map(|refusal| refusal.sip_code().into()),
        ended_by: None,
        cause: None,
        refusal: refusal.map(|refusal| refusal.code().to_owned()),
        talk_seconds: 0,
        billed_seconds: 0,
        charge: Micros::ZERO.into(),
        currency: account.currency.clone(),
        pricing: serde_json::to_value(&found.levels).map_err(Error::fault)?,
        proxy: request.proxy.clone(),
        sip_call_id: request.call_id.clone(),
        from_tag: request.from_tag.clone(),
        to_tag: None,
        hang_up_by: None,
        holds: serde_json::Value::Array(Vec::new()),
        extend_at: None,
        estimated: false,
        written_off: Micros::ZERO.into(),
        attempt_day: String::new(),
        answer_day: None,
    };
    let answer = match refusal {
        Some(refusal) => Authorization::Refused(refusal),
        None => {
            ground.busy.insert(phone.id);
            let caller_id =
                ground.shops.get(&phone.callshop_id).map(|shop| shop.caller_id.clone()).unwrap_or_default();
            Authorization::Allowed {
                reference: call.id,
                max_seconds: covered,
                to: call.number.clone(),
                caller_id,
            }
        }
    };
    Ok((call, answer))
}

/// The ladder: one reason a step. Answers the seconds that are covered.
async fn check(
    app: &App,
    conn: &impl ConnectionTrait,
    ground: &Ground,
    phone: &phone::Model,
    request: &AuthorizeRequest,
    now: DateTime<Utc>,
    found: &mut Found,
) -> Result<std::result::Result<u32, Refusal>> {
    let shop =
        ground.shops.get(&phone.callshop_id).ok_or_else(|| Error::fault("a phone without a callshop"))?;
    let plan: DialPlan = serde_json::from_value(shop.dial_plan.clone()).map_err(Error::fault)?;
    let cap = u32::try_from(shop.max_call_seconds).unwrap_or(app.config.calls.max_seconds);
    let dialed = plan.normalize(&request.dialed);
    // a refused attempt shows what was dialled, too
    match &dialed {
        Ok(Dialed::Emergency { number }) => {
            found.number.clone_from(number);
            "Emergency".clone_into(&mut found.destination);
            found.emergency = true;
        }
        Ok(Dialed::Short { number, .. }) => found.number.clone_from(number),
        Ok(Dialed::Number { e164, .. }) => e164.as_str().clone_into(&mut found.number),
        Err(_) => {}
    }
    if ground.abandoned.contains(&request.request_id) {
        return Ok(Err(Refusal::Abandoned));
    }
    if ground.busy.contains(&phone.id) {
        return Ok(Err(Refusal::PhoneBusy));
    }
    if found.emergency {
        return Ok(Ok(cap));
    }
    let session = match may_use(ground, phone) {
        Ok(session) => session,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let digits = match dialed {
        Ok(Dialed::Number { e164, .. }) => e164.as_str().to_owned(),
        Ok(Dialed::Short { .. }) => return Ok(Err(Refusal::DestinationNotRated)),
        Ok(Dialed::Emergency { .. }) | Err(_) => return Ok(Err(Refusal::NumberInvalid)),
    };
    if rates::is_blocked(&shop.blocked_prefixes, &digits) {
        return Ok(Err(Refusal::DestinationBlocked));
    }
    if let Err(refusal) = find_rates(app, conn, ground, phone.callshop_id, &digits, found).await? {
        return Ok(Err(refusal));
    }
    Ok(cover(app, ground, session, &found.levels, cap, now))
}

/// Phone, suspension, cabin, session: whether anybody may call from there at all.
fn may_use<'a>(
    ground: &'a Ground,
    phone: &phone::Model,
) -> std::result::Result<&'a cabin_session::Model, Refusal> {
    if phone.blocked_at.is_some() {
        return Err(Refusal::PhoneBlocked);
    }
    for (account, _) in ground.payers(phone.callshop_id) {
        if account.suspended_at.is_some() {
            let own = account.id == phone.callshop_id;
            return Err(if own { Refusal::Suspended } else { Refusal::ServiceUnavailable });
        }
    }
    let cabin =
        ground.cabins.get(&phone.id).filter(|cabin| !cabin.out_of_service && cabin.retired_at.is_none());
    let cabin = cabin.ok_or(Refusal::CabinOutOfService)?;
    let session = ground.sessions.get(&cabin.id).ok_or(Refusal::CabinClosed)?;
    billing::session::may_call(session.state.into()).map_err(|_| Refusal::CabinClosed)?;
    Ok(session)
}

/// The rate at every level: nothing may be sold that cannot be charged.
async fn find_rates(
    app: &App,
    conn: &impl ConnectionTrait,
    ground: &Ground,
    callshop_id: Uuid,
    digits: &str,
    found: &mut Found,
) -> Result<std::result::Result<(), Refusal>> {
    let payers = ground.payers(callshop_id);
    let Some((shop, _)) = payers.first() else { return Ok(Err(Refusal::ServiceUnavailable)) };
    let retail = (*shop, shop.id, shop.retail_tariff_id.or(shop.cost_tariff_id));
    let costs = payers.iter().map(|(payer, payee)| (*payer, *payee, payer.cost_tariff_id));
    for (payer, payee_id, tariff_id) in std::iter::once(retail).chain(costs) {
        let own = payer.id == callshop_id;
        let missing = if own { Refusal::DestinationNotRated } else { Refusal::ServiceUnavailable };
        let Some((version_id, tariff)) = tariff_id.and_then(|id| ground.tariffs.get(&id)) else {
            return Ok(Err(missing));
        };
        if rates::is_blocked(&tariff.blocked_prefixes, digits) {
            return Ok(Err(if own { Refusal::DestinationBlocked } else { Refusal::ServiceUnavailable }));
        }
        let version = app.rates.get(conn, *version_id).await?;
        let Some(rate) = version.table.find(digits) else { return Ok(Err(missing)) };
        if found.levels.is_empty() {
            found.destination = rate.destination.to_string();
        }
        let pricing = rates::pricing(tariff, rate)?;
        found.levels.push(Level { account_id: payer.id, payee_id, version_id: *version_id, pricing });
    }
    Ok(Ok(()))
}

/// Seconds that the session's limits and every level's credit cover.
fn cover(
    app: &App,
    ground: &Ground,
    session: &cabin_session::Model,
    levels: &[Level],
    cap: u32,
    now: DateTime<Utc>,
) -> std::result::Result<u32, Refusal> {
    let ring = app.config.calls.ring_seconds;
    let spent = ground.spent.get(&session.id).copied().unwrap_or_default();
    if spent.calls >= MAX_STATEMENT_CALLS {
        return Err(Refusal::SessionFull);
    }
    let mut covered = cap;
    if let Some(limit) = session.time_limit {
        covered = covered.min(u32::try_from(limit).unwrap_or(0).saturating_sub(spent.seconds));
        if covered == 0 {
            return Err(Refusal::TimeLimit);
        }
    }
    let Some((retail, costs)) = levels.split_first() else { return Err(Refusal::ServiceUnavailable) };
    if let Some(limit) = session.spending_limit {
        let left = Micros::from(limit).checked_sub(spent.charge).unwrap_or(Micros::ZERO);
        covered = rating::covered_seconds(&retail.pricing, now, ring, left, covered);
        if covered == 0 {
            return Err(Refusal::SpendingLimit);
        }
    }
    if levels.iter().all(|level| rating::is_free(&level.pricing)) {
        return Ok(covered);
    }
    for (position, level) in costs.iter().enumerate() {
        covered =
            rating::covered_seconds(&level.pricing, now, ring, available(ground, level.account_id), covered);
        if covered == 0 {
            return Err(if position == 0 { Refusal::NoCredit } else { Refusal::ServiceUnavailable });
        }
    }
    Ok(covered)
}

/// Balance and limit together; [`Micros::MAX`] without a limit.
fn available(ground: &Ground, account_id: Uuid) -> Micros {
    let balance = ground.credit.get(&account_id).copied().unwrap_or_default();
    match ground.accounts.get(&account_id).map(|account| account.credit_limit) {
        Some(Some(limit)) => balance.checked_add(limit.into()).unwrap_or(Micros::MAX),
        Some(None) => Micros::MAX,
        None => Micros::ZERO,
    }
}
