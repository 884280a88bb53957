//! Follows a job until it has ended and can no longer be started.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use entity::{ImportState, tariff_import};
use uuid::Uuid;

use super::worker::CHECKED_DEAD_AFTER;
use super::{Job, find};
use crate::App;
use crate::auth::Actor;
use crate::feed::{Changes, stream};
use base::error::Result;

/// Minimum time between two readings of the job.
const PAUSE: Duration = Duration::from_millis(250);
/// A job that is started in its last moment is followed for this long after its file's time has ended.
const GRACE: TimeDelta = TimeDelta::seconds(60);

/// Follows the changes of one import job for a subscriber.
pub struct JobFollower {
    app: Arc<App>,
    actor: Actor,
    changes: Changes,
    last: Job,
}

impl JobFollower {
    /// Starts to follow a job. Also returns the job.
    ///
    /// # Errors
    /// Fails with `FORBIDDEN` or `NOT_FOUND`.
    pub async fn start(app: Arc<App>, actor: Actor, id: Uuid) -> Result<(Self, Job)> {
        let changes = Changes::start(&app.hub, id, PAUSE);
        let job = find(&app, &actor, id).await?;
        Ok((Self { app, actor, changes, last: job.clone() }, job))
    }

    /// Waits until the job has changed, and returns it; `None` if the job had ended, or if the file of a checked job was gone. This method waits while
    /// the database is unavailable.
    ///
    /// # Errors
    /// Fails with `NOT_FOUND` if the job was deleted, or if the actor may no longer see it.
    pub async fn next(&mut self) -> Result<Option<Job>> {
        while let Some(left) = self.left() {
            // the end of a checked job's time is not announced
            let _ = tokio::time::timeout(left, self.changes.next()).await;
            let (app, actor, id) = (&self.app, &self.actor, self.last.row.id);
            let found = stream::retry_until_available(|| async move {
                let _turn = app.hub.turn().await?;
                find(app, actor, id).await
            });
            let job = Box::pin(found).await?;
            let is_changed = !is_same(&self.last, &job);
            self.last = job.clone();
            if is_changed {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// The time for which the job may still change; `None` if it no longer changes. A checked job may be started until its file is deleted. A job in
    /// another state announces its end.
    fn left(&self) -> Option<Duration> {
        let row = &self.last.row;
        match row.state {
            ImportState::Checked => {
                row.node?;
                // a dead node cannot say that the file is gone
                let until = row.expires_at.min(row.heartbeat_at + CHECKED_DEAD_AFTER) + GRACE;
                (until - self.app.clock.now()).to_std().ok()
            }
            _ if self.last.has_ended() => None,
            _ => Some(Duration::MAX),
        }
    }
}

/// Whether two readings of a job look the same to users, who do not see the node's heartbeats.
fn is_same(last: &Job, now: &Job) -> bool {
    let heartbeat_at = now.row.heartbeat_at;
    now.row == tariff_import::Model { heartbeat_at, ..last.row.clone() }
}
