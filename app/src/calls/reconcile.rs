//! Reconciliation: compares calls and phones with the proxies' listings (rules in `billing::reconcile`). A comparison runs when a node or a proxy
//! starts, and periodically. If a proxy no longer knows a call, the call is closed at the time when the proxy last listed it. A dialog that the proxy
//! should not have is hung up.
//!
//! Only the node that holds a proxy's lease compares that proxy. The database stores the state that is needed from one listing to the next, so any
//! node can continue where another node stopped. No conclusions are drawn from a missing or incomplete listing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use billing::call::CallEventKind;
use billing::reconcile::{self as rules, Listing, LiveCall, Strays, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{call_sighting, proxy};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::events::{EventBody, EventResult, ProxyEvent};
use super::registrations;
use super::writer::CallWriter;
use crate::App;
use crate::sip_proxies::ProxyError;
use crate::sip_proxies::{Dialog, Dialogs, Registrations};
use base::error::{Error, OrFault as _, Result};
use store::reconcile as rows;

/// How often the node checks whether a comparison with a proxy is due.
const TICK: Duration = Duration::from_secs(1);
/// How long a node keeps the lease on a proxy. A lease lasts longer than a comparison may take. If a node dies during a comparison, the other nodes
/// wait until the lease ends.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Maximum duration of a comparison, so that a slow proxy does not prevent the comparison of other proxies.
const LONGEST: Duration = Duration::from_secs(50);
/// The loop counts as stuck if it records no heartbeat for this time. Even the longest comparison is shorter than this, including the time to take
/// and release the lease in a slow database.
const HUNG: Duration = Duration::from_secs(180);
/// Maximum number of live calls per proxy that are compared.
const MOST_CALLS: u64 = 50_000;
/// Maximum number of unknown dialogs that are stored. A far smaller number already raises the alarm.
const MOST_REMEMBERED: usize = 64;
/// How many times a requested comparison is tried. A proxy that has just started might not respond yet, or its `boot` event might still be in
/// transit.
const ATTEMPTS: u32 = 5;
/// Maximum number of calls that are closed at once. The writer's queue has room for more.
const AT_ONCE: usize = 50;

/// The rest of this node uses this handle to request comparisons.
#[derive(Default)]
pub struct Reconciliation {
    /// Proxies with a requested comparison, and the number of attempts left for each proxy.
    asked: Mutex<BTreeMap<String, u32>>,
    notify: Notify,
}

impl Reconciliation {
    /// Requests a comparison of a proxy as soon as possible.
    pub fn ask(&self, proxy: &str) {
        self.asked().insert(proxy.to_owned(), ATTEMPTS);
        self.notify.notify_one();
    }

    fn is_asked(&self, proxy: &str) -> bool {
        self.asked().contains_key(proxy)
    }

    /// Removes the request to compare a proxy. Returns the number of attempts left, or 0 if there was no request.
    fn begun(&self, proxy: &str) -> u32 {
        self.asked().remove(proxy).unwrap_or(0)
    }

    /// If attempts are left, requests a failed comparison again for the next check.
    fn again(&self, proxy: &str, attempts: u32) {
        if attempts > 1 {
            self.asked().entry(proxy.to_owned()).or_insert(attempts - 1);
        }
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reason why a proxy could not be compared.
#[derive(Debug, thiserror::Error)]
enum ReconcileError {
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error(transparent)]
    Ours(#[from] Error),
    #[error("the proxy restarted during the comparison")]
    Restarted,
    #[error("the proxy has more than {MOST_CALLS} live calls")]
    TooMany,
    #[error("the comparison took longer than {} s", LONGEST.as_secs())]
    TooLong,
}

/// Compares every configured proxy until `stop`.
pub async fn run(app: Arc<App>, writer: CallWriter, stop: CancellationToken) {
    let names = app.proxies.names();
    if names.is_empty() {
        return;
    }
    let node = Uuid::now_v7();
    let heart = app.health.heartbeat("reconciliation", HUNG);
    names.iter().for_each(|name| app.reconciliation.ask(name));
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let look = async {
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = app.reconciliation.notify.notified() => {}
            }
            heart.beat();
            join_all(names.iter().map(|name| attend(&app, &writer, node, name))).await;
        }
    };
    tokio::select! {
        () = look => {}
        () = stop.cancelled() => {}
    }
    // release the leases, so that the next node need not wait until they expire
    for name in &names {
        if let Err(error) =
            app.store.write(|tx| async move { rows::give_back(tx.conn(), name, node).await }).await
        {
            tracing::warn!(proxy = %name, %error, "the lease of a proxy could not be released; other nodes wait until it ends");
        }
    }
}

/// Compares a proxy if its comparison is due and no other node holds its lease.
async fn attend(app: &App, writer: &CallWriter, node: Uuid, name: &str) {
    // a connection that died silently would never respond
    let leased = tokio::time::timeout(LONGEST, lease(app, node, name)).await;
    match leased.unwrap_or(Err(Error::Overloaded("the database does not answer"))) {
        Ok(None) => return,
        Ok(Some(attempts)) => match in_time(compare(app, writer, node, name)).await {
            Ok(true) => {}
            Ok(false) => app.reconciliation.again(name, attempts),
            Err(error) => {
                tracing::warn!(proxy = %name, %error, "a proxy could not be compared");
                app.reconciliation.again(name, attempts);
            }
        },
        Err(error) => {
            tracing::warn!(proxy = %name, %error, "the lease of a proxy could not be taken, so this node does not compare the proxy now")
        }
    }
    if let Err(error) =
        app.store.write(|tx| async move { rows::give_back(tx.conn(), name, node).await }).await
    {
        tracing::warn!(proxy = %name, %error, "the lease of a proxy could not be released; other nodes wait until it ends");
    }
}

/// Limits a comparison to [`LONGEST`]. Events that were applied before the limit remain applied. Applying the same events again changes nothing.
async fn in_time(
    comparison: impl Future<Output = Result<bool, ReconcileError>>,
) -> Result<bool, ReconcileError> {
    tokio::time::timeout(LONGEST, comparison).await.unwrap_or(Err(ReconcileError::TooLong))
}

/// Takes a proxy's lease if a comparison is due or requested. Returns the number of attempts left; `None` if no comparison is due or another node
/// holds the lease.
async fn lease(app: &App, node: Uuid, name: &str) -> Result<Option<u32>> {
    let now = app.clock.now();
    let pause = TimeDelta::seconds(i64::from(app.config.calls.reconcile_seconds));
    let due = if app.reconciliation.is_asked(name) { now } else { now - pause };
    let seen = rows::proxy(app.store.reader(), name).await?;
    // ignore times in the future, because only a node with a wrong clock writes such times
    let free = |row: &proxy::Model| {
        row.lease_until.is_none_or(|until| until <= now || until > now + LEASE)
            && row.looked_at.is_none_or(|at| at <= due || at > now)
    };
    if !seen.as_ref().is_none_or(free) {
        return Ok(None);
    }
    let until = now + LEASE;
    let taken = app
        .store
        .write(|tx| async move { rows::take_lease(tx.conn(), name, node, (now, until), due).await })
        .await?;
    // remove the request before asking the proxy, because a request that arrives later needs another comparison
    Ok(taken.map(|_| app.reconciliation.begun(name)))
}

/// Maximum number of further reads of a proxy's queue if the queue is not empty.
const QUEUE_LOOKS: u32 = 20;
/// Pause between two reads of the queue.
const QUEUE_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
/// A call that ended within this time may still be in the proxy's listing.
const JUST_NOW: TimeDelta = TimeDelta::seconds(5);

/// The current state of a proxy.
struct ProxySnapshot {
    dialogs: Dialogs,
    phones: Registrations,
    asked_at: DateTime<Utc>,
    at: DateTime<Utc>,
    boot_id: String,
    drained: bool,
}

/// Reads a proxy's state: the proxy's clock before the listings, and its queue after the listings. The clock is read first, so a listed call cannot
/// have ended before the clock's time. If a call ended before the listing, its events were already in the queue when the queue was read.
async fn ask(app: &App, name: &str) -> Result<ProxySnapshot, ReconcileError> {
    let asked_at = app.clock.now();
    let before = app.proxies.queue(name).await?;
    let dialogs = app.proxies.dialogs(name).await?;
    let phones = app.proxies.phones(name).await?;
    let mut after = app.proxies.queue(name).await?;
    // under load, the queue is rarely empty; once the queue has been empty, all events from before the listings have been delivered
    for _ in 0..QUEUE_LOOKS {
        if after.waiting == 0 {
            break;
        }
        tokio::time::sleep(QUEUE_PAUSE).await;
        after = app.proxies.queue(name).await?;
    }
    if before.boot_id != after.boot_id {
        return Err(ReconcileError::Restarted);
    }
    // nodes take turns with comparisons, so after three intervals, another node's counts are more recent
    let valid_for = Duration::from_secs(u64::from(app.config.calls.reconcile_seconds) * 3);
    let unreadable = (dialogs.unreadable() + phones.unreadable()) as u64;
    if app.metrics.proxies.compared(name, after.waiting, unreadable, valid_for) != unreadable {
        let (nameless, unclear) = (dialogs.nameless, phones.unclear.len() + phones.nameless);
        tracing::warn!(proxy = %name, unreadable, nameless, phones = unclear, "entries of a proxy's listings cannot be read, so their calls and phones stay unchanged");
    }
    let drained = after.waiting == 0
        && match &app.event_queue {
            Some(queue) => queue.drained(name).await?,
            None => true,
        };
    let at = before.now;
    Ok(ProxySnapshot { dialogs, phones, asked_at, at, boot_id: after.boot_id, drained })
}

/// Compares a proxy once. Returns false if some conclusions could not be drawn because events were still waiting.
async fn compare(app: &App, writer: &CallWriter, node: Uuid, name: &str) -> Result<bool, ReconcileError> {
    let mut now = ask(app, name).await?;
    let stored = StoredState::load(app, name, &mut now).await?;
    let verdict = rules::compare(&stored.calls, &now.listing(), &stored.strays);
    // a waiting event may be about a phone, so compare phones only if no event is waiting
    let differing =
        if now.drained { registrations::differing(app, name, &now.phones).await? } else { Vec::new() };
    if !keep(app, node, name, &now, (&stored.over, &differing), &verdict).await? {
        return Ok(true);
    }
    if stored.strays.alarm != verdict.strays.alarm {
        match verdict.strays.alarm {
            true => {
                tracing::error!(proxy = %name, dialogs = verdict.strays.since.len(), "too many unknown dialogs, so none of them is hung up")
            }
            false => tracing::warn!(proxy = %name, "the unknown dialogs are gone"),
        }
    }
    close(app, writer, name, &verdict).await?;
    for stray in verdict.hang_up.iter().filter_map(|place| now.dialogs.list.get(*place)) {
        hang_up(app, name, stray).await;
    }
    Ok(now.drained)
}

/// Stored key of a dialog: SIP Call-ID and From tag.
type Key = (String, String);

/// Batch context: the stored state with which a listing is compared.
struct StoredState {
    calls: Vec<LiveCall<Uuid>>,
    strays: Strays<Key>,
    /// Ended calls that still have a row in `call_sighting`. These rows of `call_sighting` are deleted.
    over: Vec<Uuid>,
}

/// A dialog that belongs to no known call, as stored in [`proxy::Model::strays`].
#[derive(Serialize, Deserialize)]
struct Stray {
    call_id: String,
    from_tag: String,
    since: DateTime<Utc>,
}

impl StoredState {
    /// Reads the stored state after the listing is complete. Removes some dialogs from the listing: the dialogs of calls that are live at another
    /// proxy (for example, because the proxy was renamed), and the dialogs of calls that ended around the time of the listing.
    async fn load(app: &App, name: &str, now: &mut ProxySnapshot) -> Result<Self, ReconcileError> {
        let refs: Vec<Uuid> = now.dialogs.list.iter().filter_map(|dialog| dialog.reference).collect();
        let refs = &refs;
        // the proxy's clock may differ from the server's clock by seconds
        let just_now = (now.asked_at - JUST_NOW, now.asked_at + JUST_NOW * 2);
        let (live, sightings, row, elsewhere) = app
            .store
            .read(|tx| async move {
                let conn = tx.conn();
                let live = store::calls::live_of_proxy(conn, name, MOST_CALLS + 1).await?;
                let here: HashSet<Uuid> = live.iter().map(|call| call.id).collect();
                let others: Vec<Uuid> = refs.iter().copied().filter(|id| !here.contains(id)).collect();
                let mut elsewhere = store::calls::live_among(conn, &others).await?;
                elsewhere.extend(store::calls::ended_between(conn, &others, just_now).await?);
                Ok((live, rows::sightings(conn, name).await?, rows::proxy(conn, name).await?, elsewhere))
            })
            .await?;
        if live.len() as u64 > MOST_CALLS {
            return Err(ReconcileError::TooMany);
        }
        now.dialogs.list.retain(|dialog| dialog.reference.is_none_or(|id| !elsewhere.contains(&id)));
        name_by_call_id(&mut now.dialogs.list, &live);
        // after a restart of the proxy, earlier missing calls and unknown dialogs no longer count
        let row = row.filter(|row| row.boot_id.as_ref() == Some(&now.boot_id));
        let remembered: HashMap<Uuid, call_sighting::Model> =
            sightings.into_iter().map(|row| (row.call_id, row)).collect();
        let same_boot = row.is_some();
        let live: BTreeMap<Uuid, store::calls::AtProxy> =
            live.into_iter().map(|call| (call.id, call)).collect();
        let over = remembered.keys().copied().filter(|id| !live.contains_key(id)).collect();
        let known = |call: &store::calls::AtProxy| {
            let sighting = remembered.get(&call.id);
            LiveCall {
                id: call.id,
                authorized_at: call.authorized_at,
                answered_at: call.answered_at,
                seen_at: sighting.and_then(|row| row.seen_at),
                missed_at: sighting.and_then(|row| row.missed_at).filter(|_| same_boot),
            }
        };
        Ok(Self {
            calls: live.values().map(known).collect(),
            strays: row.map(strays).transpose()?.unwrap_or_default(),
            over,
        })
    }
}

/// For each dialog that does not name a call (because the dialog has ended, is new, or is unreadable), finds the call by SIP Call-ID and From tag. If
/// the From tag is missing, the Call-ID is enough, because the proxy allows only one call per Call-ID at a time.
fn name_by_call_id(dialogs: &mut [Dialog], live: &[store::calls::AtProxy]) {
    let by_call_id: HashMap<&str, &store::calls::AtProxy> =
        live.iter().map(|call| (call.sip_call_id.as_str(), call)).collect();
    for dialog in dialogs.iter_mut().filter(|dialog| dialog.reference.is_none()) {
        let call = by_call_id.get(dialog.call_id.as_str());
        let call = call.filter(|call| dialog.from_tag.is_empty() || dialog.from_tag == call.from_tag);
        dialog.reference = call.map(|call| call.id);
    }
}

fn strays(row: proxy::Model) -> Result<Strays<Key>> {
    let kept: Vec<Stray> = serde_json::from_value(row.strays).or_fault()?;
    let since = kept.into_iter().map(|stray| ((stray.call_id, stray.from_tag), stray.since)).collect();
    Ok(Strays { since, alarm: row.alarm_since.is_some() })
}

impl ProxySnapshot {
    fn listing(&self) -> Listing<Uuid, Key> {
        let dialog = |dialog: &Dialog| rules::Dialog {
            call: dialog.reference,
            key: (dialog.call_id.clone(), dialog.from_tag.clone()),
            answered_at: dialog.answered_at,
            over: dialog.over,
            emergency: dialog.emergency,
            whole: dialog.whole,
        };
        let dialogs = self.dialogs.list.iter().map(dialog).collect();
        let complete = self.dialogs.nameless == 0;
        Listing { dialogs, asked_at: self.asked_at, at: self.at, drained: self.drained, complete }
    }
}

/// Stores the state for the next comparison, and corrects the state of phones. Returns false if another node has taken the lease.
async fn keep(
    app: &App,
    node: Uuid,
    name: &str,
    now: &ProxySnapshot,
    (over, differing): (&[Uuid], &[String]),
    verdict: &Verdict<Uuid, Key>,
) -> Result<bool> {
    let sighting = |call_id: Uuid, seen_at, missed_at| call_sighting::Model {
        call_id,
        proxy: name.to_owned(),
        seen_at,
        missed_at,
    };
    // the rows are sorted by id, like the calls
    let seen: Vec<_> = verdict.seen.iter().map(|id| sighting(*id, Some(now.at), None)).collect();
    let missed: Vec<_> = verdict.missed.iter().map(|id| sighting(*id, None, Some(now.asked_at))).collect();
    let (seen, missed) = (&seen, &missed);
    app.store
        .write(|tx| async move {
            let conn = tx.conn();
            let Some(row) = rows::lock_leased(conn, name, node, app.clock.now()).await? else {
                return Ok(false);
            };
            let alarm = verdict.strays.alarm.then(|| row.alarm_since.unwrap_or(now.asked_at));
            let row = proxy::Model {
                listed_at: Some(now.asked_at),
                boot_id: Some(now.boot_id.clone()),
                strays: kept(&verdict.strays)?,
                alarm_since: alarm,
                ..row
            };
            rows::save(conn, row).await?;
            registrations::set_right(app, &tx, name, differing, &now.phones.list, now.at).await?;
            rows::saw(conn, seen).await?;
            rows::missed(conn, missed).await?;
            rows::forget(conn, over).await?;
            Ok(true)
        })
        .await
}

fn kept(strays: &Strays<Key>) -> Result<serde_json::Value> {
    let stray = |((call_id, from_tag), since): (&Key, &DateTime<Utc>)| Stray {
        call_id: call_id.clone(),
        from_tag: from_tag.clone(),
        since: *since,
    };
    let list: Vec<Stray> = strays.since.iter().map(stray).take(MOST_REMEMBERED).collect();
    serde_json::to_value(list).or_fault()
}

/// Closes lost calls and applies missed answers, by sending events to the writer that also applies the proxy's own events.
async fn close(app: &App, writer: &CallWriter, name: &str, verdict: &Verdict<Uuid, Key>) -> Result<()> {
    let event = |id: Uuid, at: DateTime<Utc>, kind: CallEventKind| ProxyEvent {
        eid: format!(
            "{}:{id}:{}",
            if kind == CallEventKind::Lost { "lost" } else { "listed" },
            at.timestamp_micros()
        ),
        at,
        proxy: name.to_owned(),
        body: EventBody::Call { reference: id, to_tag: None, kind },
    };
    let answered: Vec<ProxyEvent> =
        verdict.answered.iter().map(|(id, at)| event(*id, *at, CallEventKind::Answered)).collect();
    for events in answered.chunks(AT_ONCE) {
        writer.apply(events.to_vec()).await?;
    }
    let lost: Vec<ProxyEvent> =
        verdict.lost.iter().map(|(id, at)| event(*id, *at, CallEventKind::Lost)).collect();
    for events in lost.chunks(AT_ONCE) {
        let results = writer.apply(events.to_vec()).await?;
        for (event, result) in events.iter().zip(results) {
            if result == EventResult::Applied {
                app.metrics.call_lost();
                tracing::warn!(proxy = %name, event = %event.eid, "a call was closed, because its proxy no longer knows it");
            }
        }
    }
    Ok(())
}

async fn hang_up(app: &App, name: &str, stray: &Dialog) {
    app.metrics.stray_hung_up();
    let reference = stray.reference.map(|id| id.to_string());
    match app.proxies.hang_up_stray(name, stray).await {
        Ok(said) => {
            tracing::warn!(proxy = %name, call_id = %stray.call_id, ?reference, ?said, "an unknown dialog was hung up")
        }
        Err(error) => {
            tracing::warn!(proxy = %name, call_id = %stray.call_id, ?reference, %error, "an unknown dialog could not be hung up")
        }
    }
}
