//! Extends running calls: before a call's covered seconds run out, the node reserves more credit at every level and sends the proxy a new limit.
//!
//! The order of the steps prevents overdrawn accounts: lock the call, reserve the credit, commit, and then send the limit to the proxy. If the node
//! does not know whether the proxy got the limit, the credit remains reserved until the call ends. The node sends the limit again until the proxy
//! confirms it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use billing::credit::{self, Answer};
use billing::money::Micros;
use billing::rating;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{ActivityKind, CallState, cabin_session, call, call_sighting, callshop};
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cover::{self, Cover, CoverRequest, SessionAllowance, holds};
use super::money::{LockedCredit, Money};
use super::pricing::{Level, Prices, payers};
use super::warning::{self, Prospect};
use super::writer::CallWriter;
use crate::App;
use crate::feed::snapshot::activity;
use crate::sip_proxies::{HangUp, LimitResult};
use base::error::{Error, OrFault as _, Result};
use store::{Tx, accounts, sessions};

/// How often the node polls for calls that need more reserved time.
const TICK: Duration = Duration::from_millis(100);
/// The loop counts as stuck if it records no heartbeat for this time. If the database is down, the loop's query and jobs fail before this time is
/// over.
const STUCK: Duration = Duration::from_secs(60);
/// Maximum number of calls that one poll reads.
const AT_ONCE: u64 = 256;
/// If a call could not be extended, or its proxy did not confirm the limit, the call is processed again after this delay.
const AGAIN: TimeDelta = TimeDelta::seconds(1);
/// A call that cannot be extended is hung up this long after the end of its covered time. The delay is long enough that no paid second is lost, and
/// shorter than the delay of the proxy's own timer.
const CUT_AFTER: TimeDelta = TimeDelta::milliseconds(250);
/// If the proxy has not confirmed the last slice of talk time, the next slice is reserved this long before the covered time ends.
const SOON: TimeDelta = TimeDelta::seconds(credit::SHORTEST_LEAD as i64);
/// How long after a hang-up the call is processed again. The call's end event should arrive before then.
const OVER: TimeDelta = TimeDelta::seconds(30);

/// The decision about a running call: the command for the call's proxy, and the time of the next extension if the proxy confirms the limit.
#[derive(Clone, Debug)]
pub struct ExtensionDecision {
    /// The call with its new values.
    pub call: call::Model,
    /// The time of the call's next extension or check if the proxy confirms the limit; `None` if the call needs neither.
    pub next: Option<DateTime<Utc>>,
    /// Whether the call gets more time, keeps its limit, or is hung up.
    pub outcome: ExtensionOutcome,
}

/// Whether a running call that was due gets more time, keeps its limit, or is hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionOutcome {
    /// The call gets another slice of talk time.
    Extended,
    /// The call keeps its limit, which is sent to the proxy again.
    Unchanged,
    /// The call is hung up, because its covered time is used up.
    HangUp,
}

/// The time of the first extension of a call that was just answered or, if it is earlier, the time at which to check whether the call ends soon;
/// `None` if the call's proxy cannot extend calls.
pub(super) fn first_look(app: &App, call: &call::Model) -> Option<DateTime<Utc>> {
    let covered = u32::try_from(call.covered).unwrap_or(0);
    next_look(app, call, covered)
}

fn next_look(app: &App, call: &call::Model, slice: u32) -> Option<DateTime<Utc>> {
    let answered_at = call.answered_at.filter(|_| app.proxies.knows(&call.proxy))?;
    let ahead = i64::from(call.covered) - i64::from(credit::lead(slice));
    let extension = answered_at + TimeDelta::seconds(ahead);
    Some(warning::due(call).map_or(extension, |warning| warning.min(extension)))
}

/// For each of these calls, if the call is due and there is enough credit, extends the call by its next slice of talk time. Returns the calls that
/// were due.
///
/// # Errors
/// May fail with database errors. If the database fails, no credit is reserved.
pub(super) async fn extend_all(
    app: &App,
    tx: &Tx,
    ids: &[Uuid],
    money: &mut Money,
) -> Result<Vec<ExtensionDecision>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let due = |row: &call::Model| {
        row.state == CallState::Answered
            && row.extend_at.is_some_and(|at| at <= now)
            && row.hang_up_by.is_none()
    };
    let rows = store::calls::lock(tx.conn(), ids).await?;
    rows.iter().for_each(|row| app.callshops.learn_call(row.id, row.callshop_id));
    let rows: Vec<call::Model> = rows.into_iter().filter(due).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let context = BatchContext::load(app, tx, &rows).await?;
    let (mut decisions, mut changed, mut low) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let before = row.covered;
        let found = context.found(app, &row, money)?;
        let (row, warned) = warn(&context, row, &found, now)?;
        let one = extend(app, &context, row, found, money, (now, warned.ends_soon))?;
        if one.call.covered > before {
            tx.emit(activity(ActivityKind::CallExtended, now, &one.call, context.prices.retail(&one.call))?);
        }
        if warned.ends_soon {
            tx.emit(activity(
                ActivityKind::CallEndingSoon,
                now,
                &one.call,
                context.prices.retail(&one.call),
            )?);
        }
        if let Some(session) = warned.low_deposit_of.filter(|session| !low.contains(session)) {
            tx.emit(activity(ActivityKind::DepositLow, now, &one.call, context.prices.retail(&one.call))?);
            low.push(session);
        }
        changed.push(one.call.clone());
        decisions.push(one);
    }
    store::calls::update_cover(tx.conn(), &changed).await?;
    sessions::mark_deposit_low(tx.conn(), &low).await?;
    Ok(decisions)
}

/// Batch context: the rows needed to extend a batch of calls.
struct BatchContext {
    prices: Prices,
    sessions: HashMap<Uuid, cabin_session::Model>,
    spent: HashMap<Uuid, store::calls::Spent>,
    live: Vec<call::Model>,
    shops: HashMap<Uuid, callshop::Model>,
    locked_credit: LockedCredit,
}

impl BatchContext {
    async fn load(app: &App, tx: &Tx, rows: &[call::Model]) -> Result<Self> {
        let conn = tx.conn();
        let prices = Prices::load(&app.rates, conn, rows).await?;
        let session_ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.session_id).collect();
        let session_ids: Vec<Uuid> = session_ids.into_iter().collect();
        let sessions = sessions::lock_all(conn, &session_ids).await?;
        let bounded: Vec<_> = sessions.iter().filter(|row| cover::is_bounded(row)).collect();
        let (spent, live) = session_use(conn, &bounded).await?;
        let shop_ids: Vec<Uuid> = rows.iter().map(|row| row.callshop_id).collect();
        let shops = accounts::callshops(conn, &shop_ids).await?;
        let mut paying = BTreeSet::new();
        for row in rows {
            paying.extend(paying_accounts(prices.of(row)?));
        }
        Ok(Self {
            sessions: sessions.into_iter().map(|row| (row.id, row)).collect(),
            spent,
            live,
            shops: shops.into_iter().map(|row| (row.account_id, row)).collect(),
            locked_credit: LockedCredit::lock(conn, paying).await?,
            prices,
        })
    }

    fn shop(&self, row: &call::Model) -> Result<&callshop::Model> {
        let shop = self.shops.get(&row.callshop_id);
        shop.ok_or_else(|| Error::fault("the callshop of the call was not loaded"))
    }

    /// The time that a call may get. An emergency call, which has no session, has its full time from the beginning, so it is never extended.
    fn found(&self, app: &App, row: &call::Model, money: &Money) -> Result<Found> {
        let Some(id) = row.session_id else { return Ok(Found::default()) };
        let session = self.sessions.get(&id);
        let session = session.ok_or_else(|| Error::fault("the session of the call was not loaded"))?;
        let spent = self.spent.get(&session.id).copied().unwrap_or_default();
        let terms = SessionAllowance::new(session, spent, &self.live, Some(row.id))?;
        let wanted = CoverRequest {
            levels: self.prices.of(row)?,
            answer: Answer { from: row.answered_at.unwrap_or(row.authorized_at), ring_seconds: 0 },
            covered: u32::try_from(row.covered).or_fault()?,
            holds: &holds(row)?,
            cap: u32::try_from(self.shop(row)?.max_call_seconds).or_fault()?,
            slice: app.proxies.knows(&row.proxy).then_some(app.config.calls.slice_seconds),
        };
        let cover = cover::cover(wanted, terms, &self.locked_credit, money)?.ok();
        Ok(Found { cover, deposit: terms.deposit().map(|left| (session.id, left, session.deposit_low)) })
    }
}

/// The time and the deposit that are left for a running call.
#[derive(Default)]
struct Found {
    /// The next slice, and the total time that the call may get; `None` if the call gets no more time.
    cover: Option<Cover>,
    /// The prepaid session, the part of its deposit that is left for the call, and whether the low deposit was already announced.
    deposit: Option<(Uuid, Micros, bool)>,
}

/// The announcements to make about a call.
struct Warned {
    ends_soon: bool,
    /// The session whose deposit is low.
    low_deposit_of: Option<Uuid>,
}

/// Checks whether a call ends soon. Returns the call with the time of the next check.
fn warn(
    context: &BatchContext,
    row: call::Model,
    found: &Found,
    now: DateTime<Utc>,
) -> Result<(call::Model, Warned)> {
    let Some(ahead) = warning::ahead(context.shop(&row)?.ending_soon_seconds)? else {
        let row = call::Model { warn_after: None, ..row };
        return Ok((row, Warned { ends_soon: false, low_deposit_of: None }));
    };
    let covered = u32::try_from(row.covered).or_fault()?;
    let call = Prospect {
        answered_at: row.answered_at.unwrap_or(now),
        reach: found.cover.as_ref().map_or(covered, |cover| cover.reach),
        price: context.prices.retail(&row).map(AsRef::as_ref),
        deposit: found.deposit.map(|(_, left, _)| left),
    };
    let ends_soon = row.warn_after.is_some() && call.ends_within(ahead, now);
    let of = found.deposit.filter(|(.., known)| !known).map(|(session, ..)| session);
    let warned = Warned { ends_soon, low_deposit_of: of.filter(|_| call.deposit_lasts_at_most(ahead, now)) };
    let warn_after = match row.warn_after {
        Some(_) if !ends_soon => warning::look_after(Some(ahead), call.reach)?,
        _ => None,
    };
    Ok((call::Model { warn_after, ending_soon: row.ending_soon || ends_soon, ..row }, warned))
}

/// The past usage of sessions with limits, and the live calls of these sessions.
pub(super) async fn session_use(
    conn: &impl ConnectionTrait,
    sessions: &[&cabin_session::Model],
) -> Result<(HashMap<Uuid, store::calls::Spent>, Vec<call::Model>)> {
    if sessions.is_empty() {
        return Ok(Default::default());
    }
    let opened: Vec<_> = sessions.iter().map(|session| (session.id, session.opened_at)).collect();
    let ids: Vec<Uuid> = opened.iter().map(|(id, _)| *id).collect();
    // read live calls first; a call that ends between the two reads is then counted twice rather than missed
    let live = store::calls::live_of_sessions(conn, &ids).await?;
    Ok((store::calls::spent(conn, &opened).await?, live))
}

/// The accounts that, at these prices, pay for a call from their credit.
pub(super) fn paying_accounts(levels: &[Level]) -> impl Iterator<Item = Uuid> {
    levels.iter().skip(1).filter(|level| !rating::is_free(&level.pricing)).map(|level| level.account_id)
}

fn extend(
    app: &App,
    context: &BatchContext,
    row: call::Model,
    found: Found,
    money: &mut Money,
    (now, just_warned): (DateTime<Utc>, bool),
) -> Result<ExtensionDecision> {
    let levels = context.prices.of(&row)?;
    let covered = u32::try_from(row.covered).or_fault()?;
    let end = row.answered_at.unwrap_or(now) + TimeDelta::seconds(i64::from(covered));
    if row.confirmed < row.covered && end - now > SOON {
        // the proxy has not confirmed the last limit, so send that limit again and reserve no further slice
        let slice = u32::try_from(row.covered - row.confirmed).or_fault()?;
        let next = next_look(app, &row, slice).map(|at| at.max(now + AGAIN));
        return Ok(ExtensionDecision {
            call: call::Model { extend_at: Some(now + AGAIN), ..row },
            next,
            outcome: ExtensionOutcome::Unchanged,
        });
    }
    let Some(grant) = found.cover.map(|cover| cover.grant).filter(|grant| grant.covered > covered) else {
        let again = match just_warned {
            // the warning came before an extension was due, so nothing needs to be done until shortly before the covered time ends
            true => (end - SOON).max(now + AGAIN),
            false => now + AGAIN,
        };
        let end = end + CUT_AFTER;
        let next = Some(end.min(again).max(now));
        let call = call::Model { extend_at: Some(now + AGAIN), ..row };
        let outcome = if end <= now { ExtensionOutcome::HangUp } else { ExtensionOutcome::Unchanged };
        return Ok(ExtensionDecision { call, next, outcome });
    };
    cover::change_holds(payers(levels), &holds(&row)?, &grant.holds, &row.currency, money)?;
    let call = call::Model {
        covered: i32::try_from(grant.covered).or_fault()?,
        holds: cover::holds_column(&grant.holds),
        extend_at: Some(now + AGAIN),
        ..row
    };
    let next = next_look(app, &call, grant.covered - covered).map(|at| at.max(now + AGAIN));
    Ok(ExtensionDecision { call, next, outcome: ExtensionOutcome::Extended })
}

/// Extends running calls and notifies the calls' proxies, until `stop`. Every node runs this loop. A call is locked while it is processed, so each
/// slice of talk time is reserved once.
pub async fn run(app: Arc<App>, writer: CallWriter, stop: CancellationToken) {
    if app.proxies.names().is_empty() {
        return;
    }
    let heart = app.health.heartbeat("running calls", STUCK);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        heart.beat();
        if let Err(error) = look(&app, &writer).await {
            tracing::warn!(%error, "running calls could not be processed; the server tries again in a moment");
        }
    }
}

async fn look(app: &Arc<App>, writer: &CallWriter) -> Result<()> {
    let due = store::calls::due(app.store.reader(), app.clock.now(), AT_ONCE).await?;
    for decisions in writer.extend(due).await? {
        if decisions.outcome == ExtensionOutcome::Extended {
            app.metrics.call_extended();
        }
        let (app, writer) = (app.clone(), writer.clone());
        // limits are sent outside the loop, because a slow proxy must not delay other proxies' calls
        tokio::spawn(async move { push(&app, &writer, decisions).await });
    }
    Ok(())
}

async fn push(app: &App, writer: &CallWriter, decisions: ExtensionDecision) {
    let ExtensionDecision { call, next, outcome } = decisions;
    let later = Some(app.clock.now() + OVER);
    if outcome == ExtensionOutcome::HangUp {
        match app.proxies.hang_up(&call, HangUp::CreditExhausted).await {
            Ok(_) => confirm(writer, &call, later, None).await,
            Err(error) => {
                tracing::warn!(call = %call.id, %error, "the proxy did not hang up a call without credit; the proxy's timer will hang it up");
            }
        }
        return;
    }
    let (next, seen) = match app.proxies.set_limit(&call).await {
        Ok(LimitResult::Accepted(seen)) => (next, seen),
        // the call has ended, but the event about its end is still in transit
        Ok(LimitResult::Over) => (None, None),
        // the call remains due, so the limit is sent again
        Ok(LimitResult::NotAnswered) => return,
        Err(error) => {
            tracing::warn!(call = %call.id, %error, "the proxy did not accept a limit");
            return;
        }
    };
    confirm(writer, &call, next, seen).await;
}

async fn confirm(
    writer: &CallWriter,
    call: &call::Model,
    next: Option<DateTime<Utc>>,
    seen: Option<DateTime<Utc>>,
) {
    let seen = seen.map(|at| call_sighting::Model {
        call_id: call.id,
        proxy: call.proxy.clone(),
        seen_at: Some(at),
        missed_at: None,
    });
    if let Err(error) = writer.confirm(call.id, call.covered, next, seen).await {
        tracing::warn!(call = %call.id, %error, "the proxy's confirmation of a limit could not be stored");
    }
}
