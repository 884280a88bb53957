//! The transactions of a batch: one for events and attempts, and one for extensions and confirmations of running calls.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::batches::Steps;
use super::{Done, Work};
use crate::App;
use crate::calls::authorize::{self, AuthorizeRequest};
use crate::calls::events::{self, Applied, EventBody, ProxyEvent};
use crate::calls::extend::{self, ExtensionDecision};
use crate::calls::money::Money;
use base::error::{Error, Result};
use store::{Tx, reconcile};

/// Runs two transactions: the first for events and attempts, the second for extensions and confirmations of running calls. Each transaction takes its
/// locks once, in one order. If the second transaction fails, all jobs may run again: jobs that the first transaction committed return the same
/// results.
pub(super) async fn together(app: &Arc<App>, works: &[Work], steps: &Steps) -> Result<Vec<Done>> {
    let of_running = |work: &&Work| matches!(work, Work::Extend(_) | Work::Confirm(..));
    let (running, told): (Vec<&Work>, Vec<&Work>) = works.iter().partition(of_running);
    let (mut of_told, mut of_running_calls) = (Vec::new(), Vec::new());
    if !told.is_empty() {
        let works = &told;
        // batches overlap only on PostgreSQL, because SQLite has one writer
        let shared = running.is_empty() && app.store.is_partitioned();
        let locked = || {
            if shared {
                steps.locked.notify_one()
            }
        };
        let work = |tx: Tx| async move { apply_events_and_attempts(app, &tx, works, &locked).await };
        let (done, applied) = app.store.write(work).await?;
        steps.progress.note();
        after(app, applied);
        of_told = done;
    }
    if !running.is_empty() {
        let works = &running;
        of_running_calls = app.store.write(|tx| async move { look(app, &tx, works).await }).await?;
    }
    let (mut of_told, mut of_running_calls) = (of_told.into_iter(), of_running_calls.into_iter());
    let next = |work: &Work| match of_running(&work) {
        true => of_running_calls.next(),
        false => of_told.next(),
    };
    works
        .iter()
        .map(next)
        .collect::<Option<_>>()
        .ok_or_else(|| Error::fault("a batch returned fewer answers than jobs"))
}

/// Runs a committed batch's follow-up work.
fn after(app: &Arc<App>, applied: Applied) {
    for (currency, written_off) in &applied.ended {
        app.metrics.call_ended(currency, *written_off);
    }
    for proxy in applied.booted.iter().filter(|proxy| app.proxies.knows(proxy)) {
        app.reconciliation.ask(proxy);
    }
    for call in applied.hang_up {
        let app = app.clone();
        // commands to proxies are sent outside the writer, because a slow proxy must not delay other calls
        tokio::spawn(async move { crate::calls::ask_to_hang_up(&app, &call).await });
    }
}

/// Applies events before attempts, because the end of a call frees the phone and releases the call's credit for the phone's next attempt in the same
/// batch. Account changes are posted at the end, once per balance.
async fn apply_events_and_attempts(
    app: &App,
    tx: &Tx,
    works: &[&Work],
    locked: &impl Fn(),
) -> Result<(Vec<Done>, Applied)> {
    let (mut events, mut requests) = (Vec::new(), Vec::new());
    for work in works {
        match work {
            Work::Event(event) => events.push(event),
            Work::Authorize(request) => requests.push(request),
            Work::Extend(_) | Work::Confirm(..) => {}
        }
    }
    lock_first(tx, &events, &requests, app.clock.now()).await?;
    let mut money = Money::default();
    // attempts take more locks after the events are applied, so a batch that contains an attempt holds all its locks only at the end
    let locked_early = || {
        if requests.is_empty() {
            locked()
        }
    };
    let mut applied = events::apply_all(app, tx, &events, &mut money, &locked_early).await?;
    if !requests.is_empty() {
        money.write_now(tx.conn()).await?;
    }
    let decided = authorize::decide_all(app, tx, &requests, &mut money).await?;
    money.post(tx, app.clock.now()).await?;
    locked();
    let mut results = std::mem::take(&mut applied.results).into_iter();
    let mut decided = decided.into_iter();
    let done = works.iter().map(|work| match work {
        Work::Authorize(_) => decided.next().map(Done::Authorize),
        _ => results.next().map(Done::Event),
    });
    let done = done
        .collect::<Option<_>>()
        .ok_or_else(|| Error::fault("a batch returned fewer answers than jobs"))?;
    Ok((done, applied))
}

/// Locks the rows that both events and attempts use, before any event or attempt is processed.
async fn lock_first(
    tx: &Tx,
    events: &[&ProxyEvent],
    requests: &[&AuthorizeRequest],
    now: DateTime<Utc>,
) -> Result<()> {
    let asked = requests.iter().map(|request| request.request_id.as_str());
    let given_up = events.iter().filter_map(|event| match &event.body {
        EventBody::Abandoned { request_id, .. } => Some(request_id.as_str()),
        _ => None,
    });
    let named: Vec<&str> = asked.chain(given_up).collect();
    store::calls::lock_requests(tx.conn(), &named).await?;
    if events.is_empty() || requests.is_empty() {
        return Ok(());
    }
    let (mut users, mut ids) = (Vec::new(), Vec::new());
    for event in events {
        match &event.body {
            EventBody::Call { reference, .. } => ids.push(*reference),
            EventBody::Emergency { call, .. } => {
                ids.push(call.reference);
                users.push(call.user.as_str());
            }
            EventBody::Phone { user, .. } => users.push(user.as_str()),
            _ => {}
        }
    }
    users.extend(requests.iter().map(|request| request.user.as_str()));
    store::calls::lock_batch(tx.conn(), &users, &ids, &named, now).await
}

/// Processes running calls: stores confirmed limits, and extends the calls that are due.
async fn look(app: &App, tx: &Tx, works: &[&Work]) -> Result<Vec<Done>> {
    let (mut due, mut confirmed, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for work in works {
        match work {
            Work::Confirm(id, covered, next, sighting) => {
                confirmed.push((*id, *covered, *next));
                seen.extend(sighting.clone());
            }
            Work::Extend(id) => due.push(*id),
            Work::Event(_) | Work::Authorize(_) => {}
        }
    }
    if !confirmed.is_empty() {
        // lock the confirmed calls together with the calls to extend, so that all calls are locked in one order
        let ids: Vec<Uuid> = confirmed.iter().map(|(id, ..)| *id).chain(due.iter().copied()).collect();
        store::calls::lock(tx.conn(), &ids).await?;
    }
    for (id, covered, next) in confirmed {
        store::calls::confirm(tx.conn(), id, covered, next).await?;
    }
    // a batch may have two confirmations of the same call, but a statement can write a row only once
    seen.sort_by_key(|row| (row.call_id, std::cmp::Reverse(row.seen_at)));
    seen.dedup_by_key(|row| row.call_id);
    reconcile::saw(tx.conn(), &seen).await?;
    let mut money = Money::default();
    let decisions = extend::extend_all(app, tx, &due, &mut money).await?;
    money.post(tx, app.clock.now()).await?;
    let mut decisions: HashMap<Uuid, ExtensionDecision> =
        decisions.into_iter().map(|one| (one.call.id, one)).collect();
    let done = works.iter().map(|work| match work {
        Work::Extend(id) => Done::Extend(decisions.remove(id).map(Box::new)),
        _ => Done::Confirm,
    });
    Ok(done.collect())
}
