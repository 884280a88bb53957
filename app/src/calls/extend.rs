//! Letting calls go on: before what is covered is used up, more is held at every level, and the proxy is told.
//!
//! The order is what keeps accounts from being overdrawn (domain: Prepaid credit): lock the call, take the hold, commit, then push. A
//! push whose outcome is unknown keeps its hold until the end, and is sent again until the proxy confirms it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use billing::credit::{self, Answer};
use billing::rating;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{ActivityKind, CallState, cabin_session, call, call_sighting};
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cover::{self, Terms, Wanted, holds};
use super::money::{Money, Purses};
use super::pricing::{self, Level};
use super::writer::CallWriter;
use crate::App;
use crate::feed::kept::activity;
use crate::sip_proxies::{HangUp, SetLimit};
use base::error::{OrFault as _, Result};
use store::{Tx, accounts, calls, sessions};

/// How often calls that need to be looked at are looked for.
const TICK: Duration = Duration::from_millis(100);
/// Silent for so long, the timer is stuck: more than its question and its jobs take to fail when the database is away.
const STUCK: Duration = Duration::from_secs(60);
/// Calls that are looked at in one go.
const AT_ONCE: u64 = 256;
/// A call that found nothing more, or whose proxy did not confirm, is looked at again after this.
const AGAIN: TimeDelta = TimeDelta::seconds(1);
/// A call for which there is nothing more is cut this long after its last covered second began to be over: late enough that nobody
/// loses a second that is paid for, before the proxy's own timer.
const CUT_AFTER: TimeDelta = TimeDelta::milliseconds(250);
/// Before the end of what is covered, the next slice is taken although the last one was not confirmed.
const SOON: TimeDelta = TimeDelta::seconds(credit::SHORTEST_LEAD as i64);
/// A call that was hung up is looked at again after this; its end should have come by then.
const OVER: TimeDelta = TimeDelta::seconds(30);

/// A call that was looked at: what its proxy is to be told, and when to look again once it has confirmed.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The call as it is now.
    pub call: call::Model,
    /// When to look again.
    pub next: Option<DateTime<Utc>>,
    /// What it is covered for is used up: it is to be hung up.
    pub cut: bool,
}

/// When to look at a call that was just answered; never if its proxy cannot be told to let it go on.
pub(super) fn first_look(app: &App, call: &call::Model) -> Option<DateTime<Utc>> {
    let covered = u32::try_from(call.covered).unwrap_or(0);
    next_look(app, call, covered)
}

fn next_look(app: &App, call: &call::Model, slice: u32) -> Option<DateTime<Utc>> {
    let answered_at = call.answered_at.filter(|_| app.proxies.knows(&call.proxy))?;
    let ahead = i64::from(call.covered) - i64::from(credit::lead(slice));
    Some(answered_at + TimeDelta::seconds(ahead))
}

/// Takes the next slice for each of these calls, if it is due and there is one. Answers those that still are up.
///
/// # Errors
/// Those of the database; nothing is held then.
pub(super) async fn extend_all(app: &App, tx: &Tx, ids: &[Uuid], money: &mut Money) -> Result<Vec<Looked>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let due = |row: &call::Model| {
        row.state == CallState::Answered
            && row.extend_at.is_some_and(|at| at <= now)
            && row.hang_up_by.is_none()
    };
    let rows: Vec<call::Model> = calls::lock(tx.conn(), ids).await?.into_iter().filter(due).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ground = Ground::load(tx, &rows).await?;
    let (mut looked, mut changed) = (Vec::new(), Vec::new());
    for row in rows {
        let before = row.covered;
        let one = extend(app, &ground, row, money, now)?;
        if one.call.covered > before {
            tx.emit(activity(ActivityKind::CallExtended, now, &one.call)?);
        }
        changed.push(one.call.clone());
        looked.push(one);
    }
    calls::update_cover(tx.conn(), &changed).await?;
    Ok(looked)
}

/// What the extensions of a batch stand on.
struct Ground {
    levels: HashMap<Uuid, Vec<Level>>,
    sessions: HashMap<Uuid, cabin_session::Model>,
    spent: HashMap<Uuid, calls::Spent>,
    live: Vec<call::Model>,
    caps: HashMap<Uuid, u32>,
    purses: Purses,
}

impl Ground {
    async fn load(tx: &Tx, rows: &[call::Model]) -> Result<Self> {
        let conn = tx.conn();
        let mut levels = HashMap::new();
        for row in rows {
            levels.insert(row.id, pricing::levels(row)?);
        }
        let session_ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.session_id).collect();
        let session_ids: Vec<Uuid> = session_ids.into_iter().collect();
        let sessions = sessions::lock_all(conn, &session_ids).await?;
        let bounded: Vec<_> = sessions.iter().filter(|row| cover::is_bounded(row)).collect();
        let (spent, live) = session_use(conn, &bounded).await?;
        let shop_ids: Vec<Uuid> = rows.iter().map(|row| row.callshop_id).collect();
        let shops = accounts::callshops(conn, &shop_ids).await?;
        let cap = |seconds: i32| u32::try_from(seconds).unwrap_or(0);
        let paying = levels.values().flat_map(|levels: &Vec<Level>| paying_accounts(levels)).collect();
        Ok(Self {
            sessions: sessions.into_iter().map(|row| (row.id, row)).collect(),
            spent,
            live,
            caps: shops.into_iter().map(|row| (row.account_id, cap(row.max_call_seconds))).collect(),
            purses: Purses::lock(conn, paying).await?,
            levels,
        })
    }
}

/// What bounded sessions' calls came to so far, and their live calls.
pub(super) async fn session_use(
    conn: &impl ConnectionTrait,
    sessions: &[&cabin_session::Model],
) -> Result<(HashMap<Uuid, calls::Spent>, Vec<call::Model>)> {
    if sessions.is_empty() {
        return Ok(Default::default());
    }
    let ids: Vec<Uuid> = sessions.iter().map(|session| session.id).collect();
    // live calls first: one that ends between the two is counted twice then, and never missed
    let live = calls::live_of_sessions(conn, &ids).await?;
    Ok((calls::spent(conn, sessions).await?, live))
}

/// The accounts whose credit a call with these prices uses.
pub(super) fn paying_accounts(levels: &[Level]) -> impl Iterator<Item = Uuid> {
    levels.iter().skip(1).filter(|level| !rating::is_free(&level.pricing)).map(|level| level.account_id)
}

fn extend(
    app: &App,
    ground: &Ground,
    row: call::Model,
    money: &mut Money,
    now: DateTime<Utc>,
) -> Result<Looked> {
    let none = Vec::new();
    let levels = ground.levels.get(&row.id).unwrap_or(&none);
    let covered = u32::try_from(row.covered).or_fault()?;
    let end = row.answered_at.unwrap_or(now) + TimeDelta::seconds(i64::from(covered));
    if row.confirmed < row.covered && end - now > SOON {
        // the proxy does not know of the last slice yet: it is told again, and nothing more is taken
        let slice = u32::try_from(row.covered - row.confirmed).or_fault()?;
        let next = next_look(app, &row, slice).map(|at| at.max(now + AGAIN));
        return Ok(Looked { call: call::Model { extend_at: Some(now + AGAIN), ..row }, next, cut: false });
    }
    let held = holds(&row)?;
    let cap = ground.caps.get(&row.callshop_id).copied().unwrap_or(covered);
    let wanted = Wanted {
        levels,
        answer: Answer { from: row.answered_at.unwrap_or(now), ring_seconds: 0 },
        covered,
        holds: &held,
        cap,
        slice: app.proxies.knows(&row.proxy).then_some(app.config.calls.slice_seconds),
    };
    let session = row.session_id.and_then(|id| ground.sessions.get(&id));
    let grant = match session {
        // an emergency call has what the dial plan allows from the beginning
        None => None,
        Some(session) => {
            let spent = ground.spent.get(&session.id).copied().unwrap_or_default();
            let terms = Terms::new(session, spent, &ground.live, Some(row.id))?;
            cover::cover(wanted, terms, &ground.purses, money)?.ok()
        }
    };
    let Some(grant) = grant.filter(|grant| grant.covered > covered) else {
        let end = end + CUT_AFTER;
        let next = Some(end.min(now + AGAIN).max(now));
        let call = call::Model { extend_at: Some(now + AGAIN), ..row };
        return Ok(Looked { call, next, cut: end <= now });
    };
    cover::change_holds(levels, &held, &grant.holds, &row.currency, money)?;
    let call = call::Model {
        covered: i32::try_from(grant.covered).or_fault()?,
        holds: cover::holds_column(&grant.holds),
        extend_at: Some(now + AGAIN),
        ..row
    };
    let next = next_look(app, &call, grant.covered - covered).map(|at| at.max(now + AGAIN));
    Ok(Looked { call, next, cut: false })
}

/// Looks after running calls until `stop`: extends what is due and tells the proxies. Every node does; a call is locked while it is
/// looked at, so that each slice is taken once.
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
            tracing::warn!(%error, "running calls could not be looked at");
        }
    }
}

async fn look(app: &Arc<App>, writer: &CallWriter) -> Result<()> {
    let due = calls::due(app.store.reader(), app.clock.now(), AT_ONCE).await?;
    for looked in writer.extend(due).await? {
        if !looked.cut {
            app.metrics.call_extended();
        }
        let (app, writer) = (app.clone(), writer.clone());
        // beside the loop: a proxy that is slow must not hold up the calls of others
        tokio::spawn(async move { push(&app, &writer, looked).await });
    }
    Ok(())
}

async fn push(app: &App, writer: &CallWriter, looked: Looked) {
    let Looked { call, next, cut } = looked;
    let later = Some(app.clock.now() + OVER);
    if cut {
        match app.proxies.hang_up(&call, HangUp::UsedUp).await {
            Ok(_) => confirm(writer, &call, later, None).await,
            Err(error) => {
                tracing::warn!(call = %call.id, %error, "the proxy did not hang up a call that is used up: its own timer will");
            }
        }
        return;
    }
    let (next, seen) = match app.proxies.set_limit(&call).await {
        Ok(SetLimit::Taken(seen)) => (next, seen),
        // whatever ended it, its end is on the way
        Ok(SetLimit::Over) => (None, None),
        // it stays due, and is sent again
        Ok(SetLimit::NotAnswered) => return,
        Err(error) => {
            tracing::warn!(call = %call.id, %error, "the proxy did not take a limit");
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
        tracing::warn!(call = %call.id, %error, "what the proxy took could not be noted");
    }
}
