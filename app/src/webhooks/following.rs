//! Follows the log of a webhook.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entity::webhook_delivery as log;
use uuid::Uuid;

use super::deliveries;
use crate::App;
use crate::auth::{Actor, Right};
use crate::feed::{Changes, stream};
use base::error::Result;
use store::Page;
use store::page::MAX_PAGE;

/// Minimum time between two reads of the log. One reading may return many messages.
const PAUSE: Duration = Duration::from_secs(1);
/// Maximum number of messages in one reading: the newest messages, which may have changed, and a page of new messages.
const READ: u64 = 2 * MAX_PAGE;
/// Number of messages of the log that a follower gets first.
const FIRST: usize = 20;

/// A follower of a webhook's log. The follower gets every new message, and the changes of the newest [`MAX_PAGE`] messages. A message that becomes
/// visible only after [`MAX_PAGE`] newer messages is not sent, because the follower has already passed it.
pub struct LogFollower {
    app: Arc<App>,
    actor: Actor,
    webhook_id: Uuid,
    changes: Changes,
    /// The newest messages at the last reading, by id.
    seen: BTreeMap<Uuid, log::Model>,
    /// The follower reads only messages with higher ids; `None` if it reads all messages.
    floor: Option<Uuid>,
    /// Whether there may be more messages than the last reading returned.
    is_behind: bool,
}

impl LogFollower {
    /// Starts to follow the log. Also returns the newest 20 messages, oldest first.
    ///
    /// # Errors
    /// Fails with `FORBIDDEN` or `NOT_FOUND`.
    pub async fn start(app: Arc<App>, actor: Actor, webhook_id: Uuid) -> Result<(Self, Vec<log::Model>)> {
        actor.require(Right::ManageWebhooks)?;
        let changes = Changes::start(&app.hub, webhook_id, PAUSE);
        // with one message more than the follower keeps, the floor is known
        let page = Page { above: None, below: None, limit: MAX_PAGE + 1, descending: true, counted: false };
        let mut rows = deliveries(&app, &actor, webhook_id, page).await?.rows;
        rows.reverse();
        let (seen, floor, is_behind) = (BTreeMap::new(), None, false);
        let mut follower = Self { app, actor, webhook_id, changes, seen, floor, is_behind };
        let mut first = follower.changed(rows);
        first.drain(..first.len().saturating_sub(FIRST));
        Ok((follower, first))
    }

    /// Waits for messages that are new or have changed, and returns them, oldest first. After many new messages, returns them in several parts. This
    /// method waits while the database is unavailable.
    ///
    /// # Errors
    /// Fails with `NOT_FOUND` if the webhook was deleted, or if the actor may no longer see it.
    pub async fn next(&mut self) -> Result<Vec<log::Model>> {
        loop {
            if !self.is_behind {
                self.changes.next().await;
            }
            let (app, actor, id, floor) = (&self.app, &self.actor, self.webhook_id, self.floor);
            let rows = stream::retry_until_available(|| async move {
                let _turn = app.hub.turn().await?;
                let page = Page { above: floor, below: None, limit: READ, descending: false, counted: false };
                Ok(deliveries(app, actor, id, page).await?.rows)
            });
            let rows = Box::pin(rows).await?;
            self.is_behind = rows.len() as u64 == READ;
            let changed = self.changed(rows);
            if !changed.is_empty() {
                return Ok(changed);
            }
        }
    }

    /// The messages that are new or have changed since the last reading. `rows` are the messages above the floor, oldest first. Raises the floor, so that
    /// only the newest [`MAX_PAGE`] messages are above it.
    fn changed(&mut self, rows: Vec<log::Model>) -> Vec<log::Model> {
        let is_changed = |row: &&log::Model| self.seen.get(&row.id) != Some(row);
        let changed: Vec<log::Model> = rows.iter().filter(is_changed).cloned().collect();
        self.seen.extend(rows.into_iter().map(|row| (row.id, row)));
        while self.seen.len() as u64 > MAX_PAGE {
            self.floor = self.seen.pop_first().map(|(id, _)| id);
        }
        changed
    }
}
