//! Delivers the events of webhooks: at least once, and in order for each callshop.
//!
//! Every node runs this task. A position (a webhook and a callshop) belongs to the node that has its lease, and only while the node extends the lease
//! before each attempt. If the node dies, the lease ends, and another node continues from the last event that the dead node recorded. So a message
//! may arrive twice, with the same id.
//!
//! A failed event blocks only its own position, which waits for its next attempt without a lease.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    WebhookDeliveryStatus, WebhookDisabledReason, WebhookMessageKind, WebhookState, activity as activities,
    audit_log, webhook, webhook_cursor,
};
use moka::sync::Cache;
use rand::Rng as _;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt::{self, Message, Outcome};
use super::ports::Payload;
use crate::App;
use crate::feed::ActivityEvent;
use base::error::{Error, Result};
use store::webhooks::{self as rows, Key};
use store::{activity, audit};

/// Pause between two looks at the positions.
const EVERY: Duration = Duration::from_millis(250);
/// Pause after a look that failed.
const RETRY: Duration = Duration::from_secs(2);
/// Interval between the looks for new callshops.
const NEW_SHOPS_EVERY: Duration = Duration::from_secs(5);
/// The loop counts as stuck if it records no heartbeat for this time.
const HUNG: Duration = Duration::from_secs(120);
/// Number of events that are read at once.
const PAGE: u64 = 50;
/// Number of messages after which a position goes back to the queue, so that others get their turn.
const TURN: usize = 100;
/// How long a stopping node waits for the answers to its messages.
const STOPPING: Duration = Duration::from_secs(2);
/// How much longer a lease is than two timeouts.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(5);
/// Pauses after failed attempts, as multiples of `webhooks.first_retry_seconds`. The last one repeats: with five seconds, it is eight hours.
const PAUSES: [i64; 9] = [1, 6, 24, 120, 360, 720, 1_440, 2_880, 5_760];
/// Number of compiled documents that a node remembers.
const PLANS: u64 = 1_000;

/// A compiled document, or the fact that it cannot be compiled anymore.
type Plan = Option<Arc<dyn Payload>>;

/// What the deliveries of one node share.
struct Node {
    app: Arc<App>,
    /// Compiled documents by webhook and time of the last change.
    plans: Cache<(Uuid, DateTime<Utc>), Plan>,
    /// Cancelled a moment after the node was told to stop.
    abort: CancellationToken,
}

/// Delivers until `stop`.
pub async fn run(app: Arc<App>, stop: CancellationToken) {
    let heart = app.health.heartbeat("webhooks", HUNG);
    let plans = Cache::builder().max_capacity(PLANS).build();
    let node = Arc::new(Node { app, plans, abort: CancellationToken::new() });
    let (mut turns, mut busy) = (JoinSet::new(), HashMap::<Uuid, usize>::new());
    let mut new_shops_at = Instant::now();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        heart.beat();
        let ended = tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => None,
            Some(ended) = turns.join_next(), if !turns.is_empty() => Some(ended),
        };
        // a turn that has delivered everything need not be followed by another look at once
        let mut looks = ended.is_none();
        for ended in ended.into_iter().chain(std::iter::from_fn(|| turns.try_join_next())) {
            looks |= finished(&mut busy, ended);
        }
        if !looks {
            continue;
        }
        let look = async {
            if new_shops_at <= Instant::now() {
                new_shops_at = Instant::now() + NEW_SHOPS_EVERY;
                node.follow_new_shops().await?;
            }
            node.begin(&mut turns, &mut busy).await
        };
        if let Err(error) = look.await {
            tracing::warn!(%error, "failed to look for events to deliver to webhooks");
            ticks.reset_after(RETRY);
        }
    }
    let wait = async { while turns.join_next().await.is_some() {} };
    if tokio::time::timeout(STOPPING, wait).await.is_err() {
        node.abort.cancel();
        while turns.join_next().await.is_some() {}
    }
}

/// The webhook of a turn that ended, and whether the position has more events.
type Ended = (Uuid, bool);

/// Counts a turn that ended. Returns whether more events may be waiting after the webhook's position in the callshop.
fn finished(busy: &mut HashMap<Uuid, usize>, ended: Result<Ended, tokio::task::JoinError>) -> bool {
    let (webhook, more) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            // the place of the webhook stays taken only until all turns have ended
            tracing::error!(%error, "a delivery ended unexpectedly");
            return true;
        }
    };
    if let Some(count) = busy.get_mut(&webhook) {
        *count -= 1;
        if *count == 0 {
            busy.remove(&webhook);
        }
    }
    more
}

impl Node {
    async fn follow_new_shops(&self) -> Result<()> {
        if !rows::any_active(self.app.store.reader()).await? {
            return Ok(());
        }
        self.app.store.write(|tx| async move { rows::follow_new_shops(tx.conn()).await }).await
    }

    fn lease(&self) -> TimeDelta {
        let timeout = i64::try_from(self.app.config.webhooks.timeout_seconds).unwrap_or(60);
        TimeDelta::seconds(2 * timeout) + LEASE_MARGIN
    }

    /// Begins turns for the positions that are due, as far as there is room.
    async fn begin(
        self: &Arc<Self>,
        turns: &mut JoinSet<Ended>,
        busy: &mut HashMap<Uuid, usize>,
    ) -> Result<()> {
        let options = &self.app.config.webhooks;
        if turns.is_empty() {
            busy.clear();
        }
        let mut room = options.concurrency.saturating_sub(turns.len());
        if room == 0 {
            return Ok(());
        }
        let (now, each) = (self.app.clock.now(), options.per_webhook());
        // the webhooks that have no more places also use the list, but not more of it than their places
        let limit = options.concurrency.saturating_mul(2) as u64;
        let due = rows::due(self.app.store.reader(), (now, now + self.lease()), each as u64, limit).await?;
        for key in due {
            let count = busy.entry(key.0).or_default();
            if *count >= each || room == 0 {
                continue;
            }
            (*count, room) = (*count + 1, room - 1);
            let node = self.clone();
            turns.spawn(async move { (key.0, node.turn(key).await) });
        }
        Ok(())
    }

    /// Delivers from one position until it has caught up, an attempt fails, or its turn is over. Returns whether there may be more events.
    async fn turn(&self, key: Key) -> bool {
        let (holder, now) = (Uuid::new_v4(), self.app.clock.now());
        let until = now + self.lease();
        let claimed =
            self.app.store.write(|tx| async move { rows::claim(tx.conn(), key, holder, (now, until)).await });
        let cursor = match claimed.await {
            Ok(Some(cursor)) => cursor,
            Ok(None) => return false,
            Err(error) => {
                tracing::warn!(%error, "failed to claim a webhook's position");
                return false;
            }
        };
        let mut turn = Turn { node: self, key, holder, cursor, read: VecDeque::new() };
        let done = tokio::select! {
            done = turn.deliver() => done,
            // the message may have arrived, and will be sent again
            () = self.abort.cancelled() => Ok(false),
        };
        let released =
            self.app.store.write(|tx| async move { rows::release(tx.conn(), key, holder).await }).await;
        if let Err(error) = done.as_ref().map(|_| ()).and(released.as_ref().map(|_| ())) {
            tracing::warn!(%error, webhook = %key.0, "failed to deliver the events of a webhook");
        }
        done.unwrap_or(false)
    }

    /// The compiled document of a webhook.
    fn plan(&self, webhook: &webhook::Model) -> Plan {
        let compile = || match super::compile(&self.app, &super::reader_of_row(webhook), &webhook.query) {
            Ok(payload) => Some(payload),
            Err(error) => {
                tracing::warn!(%error, webhook = %webhook.id, "the document of a webhook is no longer valid");
                None
            }
        };
        self.plans.get_with((webhook.id, webhook.updated_at), compile)
    }

    /// Disables a webhook, and records it in the audit log.
    async fn disable(&self, webhook: &webhook::Model, reason: WebhookDisabledReason) -> Result<()> {
        let now = self.app.clock.now();
        let disabled = self.app.store.write(|tx| async move {
            if !rows::disable(tx.conn(), webhook.id, reason, now).await? {
                return Ok(false);
            }
            rows::give_up_pending(tx.conn(), webhook.id).await?;
            let entry = audit_log::Model {
                id: Uuid::now_v7(),
                at: now,
                account_id: webhook.account_id,
                user_id: None,
                api_token_id: None,
                action: "disableWebhook".to_owned(),
                object_kind: "Webhook".to_owned(),
                object_id: webhook.id,
                address: String::new(),
                before: json!({ "state": WebhookState::Active, "disabledReason": null }),
                after: json!({ "state": WebhookState::Disabled, "disabledReason": reason }),
            };
            audit::insert(tx.conn(), entry).await?;
            Ok(true)
        });
        if disabled.await? {
            self.app.metrics.webhooks.disabled();
            tracing::warn!(webhook = %webhook.id, reason = reason.as_str(), "a webhook was disabled");
        }
        Ok(())
    }
}

/// A node's turn at one position.
struct Turn<'a> {
    node: &'a Node,
    key: Key,
    holder: Uuid,
    cursor: webhook_cursor::Model,
    /// Events that were read and not yet handled.
    read: VecDeque<activities::Model>,
}

/// What follows a position.
enum Next {
    /// A message.
    Message(Message),
    /// A message that cannot be written.
    Unwritten(Message, Error),
    /// Nothing.
    CaughtUp,
}

impl Turn<'_> {
    async fn deliver(&mut self) -> Result<bool> {
        for _ in 0..TURN {
            let Some((webhook, plan)) = self.standing().await? else { return Ok(false) };
            let (message, unwritten) = match self.next(plan.as_ref()).await? {
                Next::Message(message) => (message, false),
                Next::Unwritten(message, error) => {
                    tracing::error!(%error, webhook = %webhook.id, "an event cannot be written for a webhook");
                    (message, true)
                }
                Next::CaughtUp => return Ok(false),
            };
            if !self.extend().await? {
                return Ok(false);
            }
            let timeout = Duration::from_secs(self.app().config.webhooks.timeout_seconds);
            let outcome = match unwritten {
                true => Outcome::unwritten(self.app().clock.now()),
                false => attempt::post(self.app(), &webhook, &message, timeout).await?,
            };
            if !self.record(&webhook, &message, &outcome).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn app(&self) -> &App {
        &self.node.app
    }

    /// The webhook with its compiled document, read again before each attempt; `None` if it must not deliver. A webhook that lost its rights is
    /// disabled.
    async fn standing(&self) -> Result<Option<(webhook::Model, Arc<dyn Payload>)>> {
        let Some(webhook) = rows::by_id(self.app().store.reader(), self.key.0).await? else {
            return Ok(None);
        };
        if webhook.state != WebhookState::Active {
            return Ok(None);
        }
        let reason = match attempt::may_act(self.app(), &webhook, Some(self.key.1)).await? {
            Err(reason) => reason,
            Ok(()) => match self.node.plan(&webhook) {
                Some(plan) => return Ok(Some((webhook, plan))),
                None => WebhookDisabledReason::DocumentInvalid,
            },
        };
        self.node.disable(&webhook, reason).await?;
        Ok(None)
    }

    /// Finds the next message, and moves the position past the events that the document does not want.
    async fn next(&mut self, plan: &dyn Payload) -> Result<Next> {
        loop {
            let mut skipped = None;
            while let Some(row) = self.read.pop_front() {
                if plan.wants(row.kind) {
                    let body = ActivityEvent::of(&row, None).and_then(|event| plan.event(&event));
                    return Ok(self.message(WebhookMessageKind::Event, row.seq, body));
                }
                skipped = Some(row.seq);
            }
            if let Some(seq) = skipped
                && !self.advance(seq).await?
            {
                return Ok(Next::CaughtUp);
            }
            let (conn, shop) = (self.app().store.reader(), self.key.1);
            let kept_from = activity::first_kept(conn, shop).await?.unwrap_or(1);
            if kept_from > self.cursor.seq + 1 {
                let last = kept_from - 1;
                return Ok(self.message(WebhookMessageKind::Gap, last, plan.gap(shop, last)));
            }
            self.read = activity::after(conn, shop, self.cursor.seq, PAGE).await?.into();
            if self.read.is_empty() {
                return Ok(Next::CaughtUp);
            }
        }
    }

    fn message(&self, kind: WebhookMessageKind, seq: i64, body: Result<String>) -> Next {
        let (webhook_id, shop) = self.key;
        let id = attempt::message_id(webhook_id, shop, kind, seq);
        let message = |body| Message { kind, id, callshop_id: Some(shop), seq: Some(seq), body };
        match body {
            Ok(body) => Next::Message(message(body)),
            Err(error) => Next::Unwritten(message(String::new()), error),
        }
    }

    async fn extend(&self) -> Result<bool> {
        let (key, holder, until) = (self.key, self.holder, self.app().clock.now() + self.node.lease());
        self.app().store.write(|tx| async move { rows::extend(tx.conn(), key, holder, until).await }).await
    }

    async fn advance(&mut self, seq: i64) -> Result<bool> {
        let (key, holder, was_failing) = (self.key, self.holder, self.cursor.attempts > 0);
        let moved = self.app().store.write(|tx| async move {
            let moved = rows::advance(tx.conn(), key, holder, seq).await?;
            if moved && was_failing {
                rows::give_up_until(tx.conn(), key, seq).await?;
            }
            Ok(moved)
        });
        let moved = moved.await?;
        self.moved_to(seq);
        Ok(moved)
    }

    fn moved_to(&mut self, seq: i64) {
        (self.cursor.seq, self.cursor.attempts) = (seq, 0);
        (self.cursor.failing_since, self.cursor.next_attempt_at) = (None, None);
    }

    /// Records an attempt. Returns whether the next event may be attempted.
    async fn record(
        &mut self,
        webhook: &webhook::Model,
        message: &Message,
        outcome: &Outcome,
    ) -> Result<bool> {
        if outcome.is_accepted() {
            return self.delivered(message, outcome).await;
        }
        let since = self.cursor.failing_since.unwrap_or(outcome.began);
        let now = self.app().clock.now();
        let limit = TimeDelta::hours(self.app().config.webhooks.give_up_hours.into());
        let given_up = if outcome.is_gone() {
            Some(WebhookDisabledReason::Gone)
        } else {
            (now - since >= limit).then_some(WebhookDisabledReason::DeliveryFailed)
        };
        self.failed(message, outcome, (since, given_up.is_some())).await?;
        if let Some(reason) = given_up {
            self.node.disable(webhook, reason).await?;
        }
        Ok(false)
    }

    async fn delivered(&mut self, message: &Message, outcome: &Outcome) -> Result<bool> {
        let seq = message.seq.unwrap_or(self.cursor.seq);
        let (key, holder) = (self.key, self.holder);
        let attempts = self.cursor.attempts + 1;
        let row = &outcome.row(key.0, message, attempts, WebhookDeliveryStatus::Failed, None);
        let moved = self.app().store.write(|tx| async move {
            let moved = rows::advance(tx.conn(), key, holder, seq).await?;
            if moved {
                rows::note(tx.conn(), row.clone()).await?;
            }
            // the message of a deleted event will not be sent
            if moved && attempts > 1 {
                rows::give_up_until(tx.conn(), key, seq).await?;
            }
            Ok(moved)
        });
        let moved = moved.await?;
        self.moved_to(seq);
        Ok(moved)
    }

    async fn failed(
        &self,
        message: &Message,
        outcome: &Outcome,
        (since, is_last): (DateTime<Utc>, bool),
    ) -> Result<()> {
        let (key, holder) = (self.key, self.holder);
        let attempts = self.cursor.attempts.saturating_add(1);
        let next = self.app().clock.now() + pause(self.app().config.webhooks.first_retry_seconds, attempts);
        let status = if is_last { WebhookDeliveryStatus::Failed } else { WebhookDeliveryStatus::Pending };
        let row = &outcome.row(key.0, message, attempts, status, (!is_last).then_some(next));
        let store = &self.app().store;
        store
            .write(|tx| async move {
                if rows::failed(tx.conn(), key, holder, attempts, (since, next)).await? {
                    rows::note(tx.conn(), row.clone()).await?;
                }
                Ok(())
            })
            .await
    }
}

/// The pause after this number of failed attempts, plus up to a fifth, so that the receivers of many callshops are not asked at the same moment.
fn pause(first_seconds: u32, attempts: i32) -> TimeDelta {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(PAUSES.len() - 1);
    let millis = PAUSES.get(at).copied().unwrap_or(1).saturating_mul(i64::from(first_seconds) * 1_000);
    TimeDelta::milliseconds(millis + rand::rng().random_range(0..=millis / 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_eight_hours() {
        let within = |attempts: i32, seconds: i64| {
            let found = pause(5, attempts).num_milliseconds();
            assert!((seconds * 1_000..=seconds * 1_200).contains(&found), "{attempts}: {found}");
        };
        within(1, 5);
        within(2, 30);
        within(4, 600);
        within(9, 28_800);
        within(1_000, 28_800);
    }
}
