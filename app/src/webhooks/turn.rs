//! A node's turn at one position, during which the node delivers the position's events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{
    WebhookDisabledReason, WebhookMessageKind, WebhookState, activity as activities, webhook, webhook_cursor,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::attempt::{self, Message, Outcome};
use super::delivery::Node;
use super::ports::Payload;
use super::record::{self, Lease};
use crate::App;
use crate::feed::ActivityEvent;
use base::error::{Error, Result};
use store::webhook_positions::{self as positions, Key};
use store::{activity, webhooks as rows};

/// Number of events that one query reads.
pub(super) const PAGE: u64 = 50;
/// Number of messages after which a position goes back to the queue, so that other positions get their turn.
const MESSAGES: usize = 100;
/// Time limit of a turn. After this time, the turn posts no further message.
const TIME: Duration = Duration::from_secs(10);

/// A node's turn at one position.
pub(super) struct Turn<'a> {
    node: &'a Node,
    key: Key,
    holder: Uuid,
    cursor: webhook_cursor::Model,
    /// When the lease ends unless it is extended.
    until: DateTime<Utc>,
    /// Events that were read but not handled yet.
    read: VecDeque<activities::Model>,
}

/// The next step at a position.
enum Next {
    /// A message.
    Message(Message),
    /// A message that cannot be written.
    Unwritten(Message, Error),
    /// The document does not want the events that were read. The position is past these events now.
    Unwanted,
    /// Nothing.
    CaughtUp,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        node: &'a Node,
        (key, holder): (Key, Uuid),
        cursor: webhook_cursor::Model,
        until: DateTime<Utc>,
    ) -> Self {
        Self { node, key, holder, cursor, until, read: VecDeque::new() }
    }

    /// Delivers until the position has caught up, an attempt fails, or the turn is over. Returns whether there may be more events.
    pub(super) async fn deliver(&mut self) -> Result<bool> {
        let begun = Instant::now();
        for _ in 0..MESSAGES {
            if begun.elapsed() >= TIME {
                break;
            }
            // The events are read before the webhook and the lease. In the other order, a webhook that was paused between the two reads could
            // deliver an event that happened after the pause. A request that skips events also ends the lease. Therefore, a webhook that was enabled
            // again between the two reads does not deliver a skipped event.
            let gap = self.read_events().await?;
            let Some((webhook, plan)) = self.standing().await? else { return Ok(false) };
            let (message, unwritten) = match self.next(plan.as_ref(), gap).await? {
                Next::Message(message) => (message, false),
                Next::Unwritten(message, error) => {
                    tracing::error!(%error, webhook = %webhook.id, "an event cannot be written for a webhook");
                    (message, true)
                }
                Next::Unwanted => continue,
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

    /// The webhook with its compiled document, read again before each attempt; `None` if the webhook must not deliver, or if this turn's lease has
    /// ended. Disables a webhook that has lost its rights.
    async fn standing(&self) -> Result<Option<(webhook::Model, Arc<dyn Payload>)>> {
        let conn = self.app().store.reader();
        let Some(webhook) = rows::of_holder(conn, self.key, self.holder).await? else { return Ok(None) };
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
        record::disable(self.app(), &webhook, reason).await?;
        Ok(None)
    }

    /// Reads events if none are left to deliver. If the next events are no longer stored, or a user chose to skip them, returns the number of the last
    /// event that is missing.
    async fn read_events(&mut self) -> Result<Option<i64>> {
        if !self.read.is_empty() {
            return Ok(None);
        }
        let (conn, shop) = (self.app().store.reader(), self.key.1);
        let deleted_until = activity::first_kept(conn, shop).await?.map_or(0, |first| first - 1);
        let missing_until = deleted_until.max(self.cursor.skipped_until.unwrap_or(0));
        if missing_until > self.cursor.seq {
            return Ok(Some(missing_until));
        }
        self.read = activity::after(conn, shop, self.cursor.seq, PAGE).await?.into();
        Ok(None)
    }

    /// Finds the next message among the events that were read, or moves the position past events that the document does not want. `gap` is the number
    /// of the last event that is missing.
    async fn next(&mut self, plan: &dyn Payload, gap: Option<i64>) -> Result<Next> {
        if let Some(last) = gap {
            return Ok(self.message(WebhookMessageKind::Gap, last, plan, plan.gap(self.key.1, last)));
        }
        let mut unwanted = None;
        while let Some(row) = self.read.pop_front() {
            if plan.wants(row.kind) {
                let event = ActivityEvent::of(Arc::new(row), None);
                return Ok(self.message(WebhookMessageKind::Event, event.seq, plan, plan.event(&event)));
            }
            unwanted = Some(row.seq);
        }
        match unwanted {
            Some(seq) if self.advance(seq).await? => Ok(Next::Unwanted),
            _ => Ok(Next::CaughtUp),
        }
    }

    fn message(&self, kind: WebhookMessageKind, seq: i64, plan: &dyn Payload, body: Result<String>) -> Next {
        let (webhook_id, shop) = self.key;
        let id = attempt::message_id(webhook_id, shop, kind, seq);
        let callshop_id = (!plan.is_for_account()).then_some(shop);
        let message = |body| Message { kind, id, callshop_id, seq: Some(seq), body };
        match body {
            Ok(body) => Next::Message(message(body)),
            Err(error) => Next::Unwritten(message(String::new()), error),
        }
    }

    /// Extends the lease, unless it is long enough for an attempt. Returns whether this turn still has the lease.
    async fn extend(&mut self) -> Result<bool> {
        let (now, lease) = (self.app().clock.now(), self.node.lease());
        if self.until - now > lease / 2 {
            return Ok(true);
        }
        let (key, holder, until) = (self.key, self.holder, now + lease);
        let extended = self
            .app()
            .store
            .write(|tx| async move { positions::extend(tx.conn(), key, holder, until).await })
            .await?;
        self.until = until;
        Ok(extended)
    }

    async fn advance(&mut self, seq: i64) -> Result<bool> {
        let (key, holder, was_failing) = (self.key, self.holder, self.cursor.attempts > 0);
        let moved = self.app().store.write(|tx| async move {
            let moved = positions::advance(tx.conn(), key, holder, seq, None).await?;
            if moved && was_failing {
                rows::give_up_until(&tx, key, seq).await?;
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
        let lease = &Lease { holder: self.holder, cursor: self.cursor.clone() };
        let app = self.app();
        if outcome.is_accepted() {
            let moved =
                app.store.write(|tx| async move { record::delivered(&tx, lease, message, outcome).await });
            let moved = moved.await?;
            self.moved_to(message.seq.unwrap_or(self.cursor.seq));
            return Ok(moved);
        }
        record::failed(app, lease, webhook, (message, outcome)).await?;
        Ok(false)
    }
}
