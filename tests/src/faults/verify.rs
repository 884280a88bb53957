//! Checks at the end of a run that each acknowledged event is stored once, that each stored event is delivered once and in order, and that money
//! is exact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use entity::{CallState, TransferKind, activity, call, hook_event, ledger_transfer};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, DatabaseConnection, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _,
};
use serde_json::json;
use tokio::process::Command;
use uuid::Uuid;

use super::load::{Load, Outcome};
use super::real::Real;
use super::site::Site;
use super::town::Town;
use super::watchers::{Seen, digest};
use super::{COST, RETAIL, WHOLESALE};

/// Maximum wait for subscribers to catch up after recovery.
const PATIENCE: Duration = Duration::from_secs(60);

/// The last `seq` of each callshop; `None` if the database does not respond.
pub(super) async fn heads(conn: &DatabaseConnection, town: &Town) -> Option<Vec<i64>> {
    let rows = entity::activity_head::Entity::find().all(conn).await.ok()?;
    let heads: BTreeMap<Uuid, i64> = rows.into_iter().map(|row| (row.callshop_id, row.seq)).collect();
    Some(town.shops.iter().map(|shop| heads.get(&shop.key).copied().unwrap_or(0)).collect())
}

/// Waits until every subscriber has seen all events up to `heads`.
///
/// # Errors
/// The error lists the subscribers that have not seen all events after a minute.
pub(super) async fn caught_up(watchers: &[Arc<Seen>], heads: &[i64]) -> Result<Duration, String> {
    let begun = Instant::now();
    loop {
        let late = watchers.iter().filter(|seen| seen.last.load(Ordering::Relaxed) < heads[seen.shop]);
        let late: Vec<_> =
            late.map(|seen| (seen.shop, seen.last.load(Ordering::Relaxed), heads[seen.shop])).collect();
        if late.is_empty() {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!(
                "{} subscribers are behind after a minute: (callshop, last seq seen, last seq stored) {:?}",
                late.len(),
                &late[..late.len().min(5)]
            ));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until every accepted event has been read from the stream.
///
/// # Errors
/// The error lists the events that have not been read after a minute.
pub(super) async fn drained(conn: &DatabaseConnection, load: &Load) -> Result<(), String> {
    let begun = Instant::now();
    let told = load.notes.lock().expect("the notes").events.len();
    loop {
        let stored =
            hook_event::Entity::find().filter(hook_event::Column::Proxy.eq("test")).count(conn).await;
        match stored.map(usize::try_from) {
            Ok(Ok(stored)) if stored >= told => return Ok(()),
            stored if begun.elapsed() > PATIENCE => {
                return Err(match stored {
                    Ok(Ok(stored)) => {
                        format!("{told} events were answered, but only {stored} are stored a minute later")
                    }
                    other => format!("cannot count the stored events: {other:?}"),
                });
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Runs all checks. Returns a summary. `bases` has the activity number (`seq`) at which the subscriptions of each callshop began.
pub(super) async fn everything(
    site: &Site,
    town: &Town,
    load: &Load,
    watchers: &[Arc<Seen>],
    bases: &[i64],
    real: &Real,
) -> Result<String, String> {
    let conn = super::site::connect(&site.database).await;
    let (events, duplicates) = events(&conn, load).await?;
    let charges = Charges::read(&conn).await?;
    let talked = calls(&conn, load, &charges).await?;
    let gateway = site.sip.lock().await.gateway_trace();
    let of_real = real.check(&conn, &charges, &gateway).await?;
    let delivered = delivered(&conn, town, watchers, bases).await?;
    let mut audit = site.nodes[0].node.command(&["audit", "--database", &site.database]);
    let audit = audit.stdout(std::process::Stdio::piped()).output().await.expect("callshop runs");
    let said = String::from_utf8_lossy(&audit.stdout).into_owned();
    if !audit.status.success() {
        return Err(format!("callshop audit:\n{said}"));
    }
    logs(site).await?;
    let connections: u64 = watchers.iter().map(|seen| seen.connections.load(Ordering::Relaxed)).sum();
    Ok(format!(
        "events: {events} answered = stored ({duplicates}); calls: {talked} talked and charged once, to the second; {of_real}; \
         subscribers: {} on {} callshops saw all of {delivered} activities in order, once, over {connections} connections; \
         no deadlock; audit: {}",
        watchers.len(),
        town.shops.len(),
        said.lines().last().unwrap_or_default()
    ))
}

async fn events(conn: &DatabaseConnection, load: &Load) -> Result<(usize, String), String> {
    let played = hook_event::Entity::find().filter(hook_event::Column::Proxy.eq("test"));
    let rows = played.all(conn).await.map_err(|error| error.to_string())?;
    let stored: BTreeSet<String> = rows.into_iter().map(|row| row.eid).collect();
    let notes = load.notes.lock().expect("the notes");
    let missing: Vec<_> = notes.events.keys().filter(|eid| !stored.contains(*eid)).take(5).collect();
    let unknown: Vec<_> = stored.iter().filter(|eid| !notes.events.contains_key(*eid)).take(5).collect();
    if !missing.is_empty() || !unknown.is_empty() {
        return Err(format!("events: answered but not stored {missing:?}, stored but not sent {unknown:?}"));
    }
    Ok((stored.len(), format!("{} batches were sent again", load.batches_again.load(Ordering::Relaxed))))
}

/// The charges of all calls in the database.
pub(super) struct Charges {
    levels: BTreeMap<Uuid, Vec<(i32, i64)>>,
    standing: BTreeMap<Uuid, i64>,
}

impl Charges {
    async fn read(conn: &DatabaseConnection) -> Result<Self, String> {
        let failed = |error: sea_orm::DbErr| error.to_string();
        let mut levels: BTreeMap<Uuid, Vec<(i32, i64)>> = BTreeMap::new();
        for row in call::Entity::find().all(conn).await.map_err(failed)? {
            let charges = row.charges.read().ok_or("charges that cannot be read")?;
            levels.insert(row.id, (0..).zip(charges.iter().map(|charge| charge.amount.0)).collect());
        }
        let transfers = ledger_transfer::Entity::find().filter(ledger_transfer::Column::CallId.is_not_null());
        let transfers = transfers.all(conn).await.map_err(failed)?;
        let of_calls: BTreeSet<Uuid> =
            transfers.iter().filter(|row| row.kind == TransferKind::Call).map(|row| row.id).collect();
        let mut standing = BTreeMap::new();
        for row in transfers {
            let times = standing.entry(row.call_id.unwrap_or_default()).or_default();
            match row.kind {
                TransferKind::Call => *times += 1,
                TransferKind::Reversal if row.reverses.is_some_and(|id| of_calls.contains(&id)) => {
                    *times -= 1
                }
                _ => {}
            }
        }
        Ok(Self { levels, standing })
    }

    /// A call's charges, starting with the customer's level.
    pub(super) fn levels(&self, call: Uuid) -> &[(i32, i64)] {
        self.levels.get(&call).map_or(&[], Vec::as_slice)
    }

    /// Number of postings of a call, not counting reversed postings.
    pub(super) fn standing(&self, call: Uuid) -> i64 {
        self.standing.get(&call).copied().unwrap_or(0)
    }
}

async fn calls(conn: &DatabaseConnection, load: &Load, charges: &Charges) -> Result<usize, String> {
    let rows = call::Entity::find().all(conn).await.map_err(|error| error.to_string())?;
    let notes = load.notes.lock().expect("the notes");
    let mut found = BTreeSet::new();
    let mut talked = 0;
    for row in rows {
        // the rows without a record are of calls that were made through the real proxy
        let Some(outcome) = notes.calls.get(&row.request_id) else { continue };
        if !found.insert(row.request_id.clone()) {
            return Err(format!("an authorization request has two calls: {row:?}"));
        }
        let (levels, times) = (charges.levels(row.id), charges.standing(row.id));
        let right = match outcome {
            Outcome::GivenUp => matches!(row.state, CallState::Abandoned | CallState::Refused) && times == 0,
            Outcome::Refused(code) => {
                row.state == CallState::Refused && row.refusal.as_ref() == Some(code) && times == 0
            }
            Outcome::Failed => row.state == CallState::Failed && times == 0,
            Outcome::Talked(answered, ended) => {
                // events have times in microseconds, so compare truncated times
                let micros = ended.timestamp_micros() - answered.timestamp_micros();
                let seconds = (micros + 999_999) / 1_000_000;
                let costs = [RETAIL.cost(seconds), COST.cost(seconds), WHOLESALE.cost(seconds), 0];
                talked += 1;
                row.state == CallState::Ended
                    && i64::from(row.talk_seconds) == seconds
                    && levels.iter().copied().eq((0..).zip(costs))
                    && times == 1
            }
        };
        if !right || row.holds != json!([]) {
            return Err(format!("{outcome:?} became {row:?}, charged {levels:?}, posted {times} times"));
        }
    }
    let lost = notes.calls.iter().find(|(request, outcome)| {
        !found.contains(*request) && matches!(outcome, Outcome::Failed | Outcome::Talked(..))
    });
    lost.map_or(Ok(talked), |lost| Err(format!("a call is not stored: {lost:?}")))
}

/// Compares the events that each subscriber saw with the stored events.
async fn delivered(
    conn: &DatabaseConnection,
    town: &Town,
    watchers: &[Arc<Seen>],
    bases: &[i64],
) -> Result<usize, String> {
    let mut all = 0;
    let mut expected = Vec::new();
    for (shop, base) in town.shops.iter().zip(bases) {
        let rows = activity::Entity::find()
            .filter(activity::Column::CallshopId.eq(shop.key))
            .filter(activity::Column::Seq.gt(*base))
            .order_by_asc(activity::Column::Seq);
        let rows = rows.all(conn).await.map_err(|error| error.to_string())?;
        if rows.iter().zip(base + 1..).any(|(row, seq)| row.seq != seq) {
            return Err(format!("the activities of {} have a gap", shop.id));
        }
        all += rows.len();
        expected.push(rows.iter().fold(0, |hash, row| digest(hash, row.seq, &row.kind.to_value())));
    }
    for seen in watchers {
        let wrong = seen.wrong.lock().expect("the list").clone();
        if !wrong.is_empty() {
            return Err(format!("a subscriber of {} failed: {wrong:?}", town.shops[seen.shop].id));
        }
        if seen.digest.load(Ordering::Relaxed) != expected[seen.shop] {
            return Err(format!(
                "a subscriber of {} saw events that differ from the stored events",
                town.shops[seen.shop].id
            ));
        }
    }
    Ok(all)
}

/// Checks the logs for deadlocks and panics.
async fn logs(site: &Site) -> Result<(), String> {
    let mut search = Command::new("grep");
    search.args(["-rlE", "deadlock detected|panicked at", "--include=*.log"]).arg(site.folder.path());
    let found = search.output().await.map_err(|error| error.to_string())?;
    let files = String::from_utf8_lossy(&found.stdout).into_owned();
    if files.is_empty() { Ok(()) } else { Err(format!("deadlock or panic logged in {files}")) }
}
