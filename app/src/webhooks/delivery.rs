//! Delivers the events of webhooks: at least once, and in order for each callshop.
//!
//! Every node runs this task. A position (a webhook and a callshop) belongs to the node that has its lease. If the node dies, the lease ends, and
//! another node continues from the last event that the dead node recorded. Therefore, a message may arrive twice, each time with the same id.
//!
//! A failed event blocks only its own position. The position waits for its next attempt, and no node holds its lease meanwhile. A position's turn has
//! a time limit, and an account can use only a part of a node's delivery slots, so that slow receivers of one account do not delay the receivers of
//! other accounts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::webhook;
use moka::sync::Cache;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ports::Payload;
use super::turn::{PAGE, Turn};
use crate::App;
use base::error::Result;
use store::webhook_positions::{self as positions, Due, Full, Key, Room};
use store::{activity, webhooks as rows};

/// Pause between two checks of the positions.
const EVERY: Duration = Duration::from_millis(250);
/// Pause after a check that failed.
const RETRY: Duration = Duration::from_secs(2);
/// Interval between searches for new callshops.
const NEW_SHOPS_EVERY: Duration = Duration::from_secs(5);
/// The loop counts as stuck if it records no heartbeat for this time.
const HUNG: Duration = Duration::from_secs(120);
/// How long a stopping node waits for the answers to its messages.
const STOPPING: Duration = Duration::from_secs(2);
/// The margin by which a lease is longer than two timeouts.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(5);
/// Number of compiled documents that a node remembers.
const PLANS: u64 = 1_000;

/// A compiled document; `None` if the document can no longer be compiled.
type Plan = Option<Arc<dyn Payload>>;

/// The state that all deliveries of one node share.
pub(super) struct Node {
    pub(super) app: Arc<App>,
    /// Compiled documents, keyed by webhook and by the time of the webhook's last change.
    plans: Cache<(Uuid, DateTime<Utc>), Plan>,
    /// Canceled a moment after the node begins to stop.
    abort: CancellationToken,
}

/// One node's turns that have not ended.
#[derive(Default)]
struct Turns {
    running: JoinSet<Ended>,
    /// Number of turns, keyed by webhook.
    webhooks: HashMap<Uuid, usize>,
    /// Number of turns, keyed by account.
    accounts: HashMap<Uuid, usize>,
}

/// A turn that ended.
struct Ended {
    webhook_id: Uuid,
    account_id: Uuid,
    /// Whether the position has more events.
    more: bool,
}

/// Delivers until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let heart = app.health.heartbeat("webhooks", HUNG);
    let plans = Cache::builder().max_capacity(PLANS).build();
    let node = Arc::new(Node { app, plans, abort: CancellationToken::new() });
    let mut turns = Turns::default();
    let mut new_shops_at = Instant::now();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        heart.beat();
        let ended = tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => None,
            Some(ended) = turns.running.join_next(), if !turns.running.is_empty() => Some(ended),
        };
        // after a turn that has delivered everything, the next check can wait for the tick
        let mut looks = ended.is_none();
        if let Some(ended) = ended {
            looks |= turns.finished(ended);
        }
        while let Some(ended) = turns.running.try_join_next() {
            looks |= turns.finished(ended);
        }
        if !looks {
            continue;
        }
        let look = async {
            if new_shops_at <= Instant::now() {
                new_shops_at = Instant::now() + NEW_SHOPS_EVERY;
                node.follow_new_shops().await?;
            }
            node.begin(&mut turns).await
        };
        if let Err(error) = look.await {
            tracing::warn!(%error, "failed to look for events to deliver to webhooks");
            ticks.reset_after(RETRY);
        }
    }
    let wait = async { while turns.running.join_next().await.is_some() {} };
    if tokio::time::timeout(STOPPING, wait).await.is_err() {
        node.abort.cancel();
        while turns.running.join_next().await.is_some() {}
    }
}

/// Reduces the count for `id` by one.
fn give_back(counts: &mut HashMap<Uuid, usize>, id: Uuid) {
    if let Some(count) = counts.get_mut(&id) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&id);
        }
    }
}

impl Turns {
    /// Frees the slots of a turn that ended. Returns whether more events may be waiting after the turn's position.
    fn finished(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> bool {
        match ended {
            Ok(ended) => {
                give_back(&mut self.webhooks, ended.webhook_id);
                give_back(&mut self.accounts, ended.account_id);
                ended.more
            }
            Err(error) => {
                // the slots of this webhook and account stay taken, but only until all turns have ended
                tracing::error!(%error, "a delivery ended unexpectedly");
                true
            }
        }
    }

    /// The webhooks and accounts that have no free slot.
    fn full(&self, room: &Room) -> Full {
        let full = |counts: &HashMap<Uuid, usize>, most: u64| {
            counts.iter().filter(|(_, count)| **count as u64 >= most).map(|(id, _)| *id).collect()
        };
        Full {
            webhooks: full(&self.webhooks, room.per_webhook),
            accounts: full(&self.accounts, room.per_account),
        }
    }

    /// Takes a slot for a turn. Returns false if the webhook or its account has no free slot.
    fn take(&mut self, due: &Due, room: &Room) -> bool {
        let webhook = self.webhooks.get(&due.key.0).copied().unwrap_or(0);
        let account = self.accounts.get(&due.account_id).copied().unwrap_or(0);
        if webhook as u64 >= room.per_webhook || account as u64 >= room.per_account {
            return false;
        }
        self.webhooks.insert(due.key.0, webhook + 1);
        self.accounts.insert(due.account_id, account + 1);
        true
    }
}

impl Node {
    async fn follow_new_shops(&self) -> Result<()> {
        if !rows::any_active(self.app.store.reader()).await? {
            return Ok(());
        }
        self.app.store.write(|tx| async move { rows::follow_new_shops(tx.conn()).await }).await
    }

    pub(super) fn lease(&self) -> TimeDelta {
        lease(&self.app)
    }

    /// Begins a turn for each position that is due, until no slot is free.
    async fn begin(self: &Arc<Self>, turns: &mut Turns) -> Result<()> {
        let options = &self.app.config.webhooks;
        if turns.running.is_empty() {
            turns.webhooks.clear();
            turns.accounts.clear();
        }
        let free = options.concurrency.saturating_sub(turns.running.len());
        if free == 0 {
            return Ok(());
        }
        let now = self.app.clock.now();
        // read more positions than there are free slots, because some positions may have no event that their document wants
        let room = Room {
            per_webhook: options.per_webhook() as u64,
            per_account: options.per_account_at_once() as u64,
            limit: 2 * free as u64,
        };
        let times = (now, now + self.lease());
        let due = positions::due(self.app.store.reader(), times, room, &turns.full(&room)).await?;
        let mut started = 0;
        for due in self.pass_over(due, times).await? {
            if started == free {
                break;
            }
            if !turns.take(&due, &room) {
                continue;
            }
            started += 1;
            let node = self.clone();
            turns.running.spawn(async move {
                let more = node.turn(due.key).await;
                Ended { webhook_id: due.key.0, account_id: due.account_id, more }
            });
        }
        Ok(())
    }

    /// In one transaction, moves the positions past events that their documents do not want. Returns the positions that need a turn.
    async fn pass_over(&self, due: Vec<Due>, times: (DateTime<Utc>, DateTime<Utc>)) -> Result<Vec<Due>> {
        let conn = self.app.store.reader();
        let mut ids: Vec<Uuid> = due.iter().map(|due| due.key.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let choosy = |webhook: webhook::Model| {
            let plan = self.plan(&webhook).filter(|plan| !plan.wants_all())?;
            Some((webhook.id, plan))
        };
        let plans: HashMap<Uuid, Arc<dyn Payload>> =
            rows::by_ids(conn, &ids).await?.into_iter().filter_map(choosy).collect();
        let is_choosy = |due: &&Due| due.attempts == 0 && plans.contains_key(&due.key.0);
        let mut froms: Vec<(Uuid, i64)> =
            due.iter().filter(is_choosy).map(|due| (due.key.1, due.seq)).collect();
        if froms.is_empty() {
            return Ok(due);
        }
        froms.sort_unstable();
        froms.dedup();
        let each = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let mut kinds: HashMap<Uuid, Vec<(i64, entity::ActivityKind)>> = HashMap::new();
        for (shop, seq, kind) in activity::kinds_after(conn, &froms, each).await? {
            kinds.entry(shop).or_default().push((seq, kind));
        }
        let (mut moves, mut rest) = (Vec::new(), Vec::new());
        for one in due {
            let to = match plans.get(&one.key.0).filter(|_| one.attempts == 0) {
                Some(plan) => unwanted(plan.as_ref(), kinds.get(&one.key.1), (one.seq, each)),
                None => Unwanted { last: one.seq, then_wanted: true },
            };
            if to.last > one.seq {
                moves.push((one.key, one.seq, to.last));
            }
            if to.then_wanted {
                rest.push(one);
            }
        }
        if !moves.is_empty() {
            // all nodes lock positions in this order, so that no two nodes wait for each other
            moves.sort_unstable();
            let moves = &moves;
            self.app
                .store
                .write(|tx| async move { positions::pass_over(tx.conn(), moves, times).await })
                .await?;
        }
        Ok(rest)
    }

    /// Delivers from one position until it has caught up, an attempt fails, or its turn is over. Returns whether there may be more events.
    async fn turn(&self, key: Key) -> bool {
        let (holder, now) = (Uuid::new_v4(), self.app.clock.now());
        let until = now + self.lease();
        let claimed = self
            .app
            .store
            .write(|tx| async move { positions::claim(tx.conn(), key, (holder, false), (now, until)).await });
        let cursor = match claimed.await {
            Ok(Some(cursor)) => cursor,
            Ok(None) => return false,
            Err(error) => {
                tracing::warn!(%error, "failed to claim a webhook's position");
                return false;
            }
        };
        let mut turn = Turn::new(self, (key, holder), cursor, until);
        let done = tokio::select! {
            done = turn.deliver() => done,
            // the message may have arrived, and will be sent again
            () = self.abort.cancelled() => Ok(false),
        };
        let released = super::record::release(&self.app, key, holder).await;
        if let Err(error) = done.as_ref().map(|_| ()).and(released.as_ref().map(|_| ())) {
            tracing::warn!(%error, webhook = %key.0, "failed to deliver the events of a webhook");
        }
        done.unwrap_or(false)
    }

    /// The compiled document of a webhook.
    pub(super) fn plan(&self, webhook: &webhook::Model) -> Plan {
        let compile = || match super::compile(
            &self.app,
            &super::rights::reader_of_row(webhook),
            &webhook.query,
        ) {
            Ok(payload) => Some(payload),
            Err(error) => {
                tracing::warn!(%error, webhook = %webhook.id, "the document of a webhook is no longer valid");
                None
            }
        };
        self.plans.get_with((webhook.id, webhook.updated_at), compile)
    }
}

/// The length of a lease: two attempts, and a margin.
pub(super) fn lease(app: &App) -> TimeDelta {
    let timeout = i64::try_from(app.config.webhooks.timeout_seconds).unwrap_or(60);
    TimeDelta::seconds(2 * timeout) + LEASE_MARGIN
}

/// The events that follow a position.
#[derive(Debug, PartialEq, Eq)]
struct Unwanted {
    /// The last of the events that the document does not want; the position itself if there are none.
    last: i64,
    /// Whether a wanted event or a gap follows.
    then_wanted: bool,
}

/// Finds the events after `from` that a document does not want, among the next `each` numbers. `kinds` has the numbers and kinds of some of the
/// callshop's events, sorted by number.
fn unwanted(
    plan: &dyn Payload,
    kinds: Option<&Vec<(i64, entity::ActivityKind)>>,
    (from, each): (i64, i64),
) -> Unwanted {
    let kinds = kinds.map(Vec::as_slice).unwrap_or_default();
    let mut last = from;
    for (seq, kind) in kinds.iter().filter(|(seq, _)| *seq > from && *seq <= from.saturating_add(each)) {
        // events before this event were deleted, or the document wants this event
        if *seq != last + 1 || plan.wants(*kind) {
            return Unwanted { last, then_wanted: true };
        }
        last = *seq;
    }
    // if there is no event at all, the events after the position were deleted
    Unwanted { last, then_wanted: last == from }
}

#[cfg(test)]
mod tests {
    use entity::ActivityKind;

    use super::*;
    use crate::feed::ActivityEvent;

    /// A document that wants only events about opened cabins.
    struct Cabins;

    impl Payload for Cabins {
        fn account_id(&self) -> Uuid {
            Uuid::nil()
        }

        fn is_for_callshop(&self) -> bool {
            true
        }

        fn is_for_account(&self) -> bool {
            false
        }

        fn wants_all(&self) -> bool {
            false
        }

        fn wants(&self, kind: ActivityKind) -> bool {
            kind == ActivityKind::CabinOpened
        }

        fn event(&self, _: &ActivityEvent) -> Result<String> {
            Ok(String::new())
        }

        fn gap(&self, _: Uuid, _: i64) -> Result<String> {
            Ok(String::new())
        }
    }

    #[test]
    fn unwanted_events_end_before_a_wanted_one_and_before_a_gap() {
        use ActivityKind::{CabinClosed, CabinOpened};
        let found = |kinds: &[(i64, ActivityKind)]| {
            let found = unwanted(&Cabins, Some(&kinds.to_vec()), (4, 3));
            (found.last, found.then_wanted)
        };
        assert_eq!(found(&[(5, CabinOpened)]), (4, true));
        assert_eq!(found(&[(5, CabinClosed), (6, CabinOpened)]), (5, true));
        assert_eq!(found(&[(3, CabinOpened), (5, CabinClosed), (6, CabinClosed)]), (6, false));
        assert_eq!(found(&[(6, CabinClosed)]), (4, true));
        // events after the next three numbers are left for the next check
        assert_eq!(
            found(&[(5, CabinClosed), (6, CabinClosed), (7, CabinClosed), (8, CabinOpened)]),
            (7, false)
        );
        assert_eq!(found(&[]), (4, true));
    }

    #[test]
    fn an_account_has_a_part_of_the_places() {
        let room = Room { per_webhook: 2, per_account: 3, limit: 10 };
        let mut turns = Turns::default();
        let due = |webhook: u128, account: u128| Due {
            key: (Uuid::from_u128(webhook), Uuid::nil()),
            account_id: Uuid::from_u128(account),
            seq: 0,
            attempts: 0,
        };
        let taken: Vec<bool> = [due(1, 1), due(1, 1), due(1, 1), due(2, 1), due(2, 1), due(3, 2)]
            .iter()
            .map(|due| turns.take(due, &room))
            .collect();
        assert_eq!(taken, [true, true, false, true, false, true]);
        let full = turns.full(&room);
        assert_eq!((full.webhooks, full.accounts), (vec![Uuid::from_u128(1)], vec![Uuid::from_u128(1)]));
        let ended = Ended { webhook_id: Uuid::from_u128(1), account_id: Uuid::from_u128(1), more: false };
        assert!(!turns.finished(Ok(ended)) && turns.take(&due(1, 1), &room));
    }
}
