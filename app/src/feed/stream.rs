//! One subscriber's stream of a callshop's activities: every activity after a position, in order and without duplicates, even if notifications were
//! missed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::activity as row;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::event::ActivityEvent;
use super::hub::{Hub, Notification, Subscription};
use base::error::{Error, Result};
use store::{Store, activity, in_time};

/// Timeout for a subscriber's read from the database. The subscriber's timeout is longer than the database's own timeout.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Number of rows that a subscriber reads with one query when it catches up.
const PAGE: u64 = 200;
/// If a later activity arrives first, a subscriber waits this long for the missing earlier activity. After that time, the subscriber reads the
/// missing activity from the table.
const REORDER_WINDOW: Duration = Duration::from_millis(10);
/// Maximum number of activities that arrived early and may wait for an earlier activity.
const MAX_OUT_OF_ORDER: usize = 64;
/// Pause between attempts to read the table while the database is unavailable.
const RETRY: Duration = Duration::from_millis(500);

/// Encodes the position after an activity as an opaque cursor for clients.
pub fn cursor(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("seq:{seq}"))
}

/// Decodes a cursor.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the text is not a cursor.
pub fn parse_cursor(text: &str) -> Result<i64> {
    let bad = || {
        Error::invalid(
            "after",
            "This is not a cursor of this subscription. Pass a `cursor` that this subscription sent, or omit `after`.",
        )
    };
    let text =
        URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
    text.strip_prefix("seq:").and_then(|seq| seq.parse().ok()).filter(|seq| *seq >= 0).ok_or_else(bad)
}

/// Follows the activities of one callshop.
pub struct Watch {
    store: Store,
    hub: Arc<Hub>,
    callshop_id: Uuid,
    subscription: Subscription,
    last: i64,
    behind: bool,
    read: VecDeque<row::Model>,
    /// Activities that arrived before an earlier activity, by `seq`.
    out_of_order: BTreeMap<i64, Arc<ActivityEvent>>,
    /// The highest announced activity number (`seq`) of the callshop.
    known: i64,
    /// Set while the next activity is missing: the last delivered activity number, and the deadline for the next activity.
    until: Option<(i64, Instant)>,
}

impl Watch {
    /// Subscribes to a callshop's activities. Call this function first. Then read the state with its `seq`, and set that position with
    /// [`Watch::from_seq`], so that no activity is missed in between. [`Watch::next`] returns the activities after the position.
    pub fn start(store: &Store, hub: &Arc<Hub>, callshop_id: Uuid) -> Self {
        Self {
            store: store.clone(),
            hub: hub.clone(),
            callshop_id,
            subscription: hub.watch(callshop_id),
            last: 0,
            behind: true,
            read: VecDeque::new(),
            out_of_order: BTreeMap::new(),
            known: 0,
            until: None,
        }
    }

    /// Makes the stream continue after the activity `seq`.
    #[must_use]
    pub fn from_seq(self, seq: i64) -> Self {
        Self { last: seq, behind: true, ..self }
    }

    /// Whether every activity after `seq` is still stored, so that a client can resume there.
    ///
    /// # Errors
    /// May fail with database errors.
    pub async fn can_resume(&self, seq: i64) -> Result<bool> {
        let conn = self.store.reader();
        let head = activity::head(conn, self.callshop_id).await?;
        if seq >= head {
            // the number of the last activity is a valid position, because no activity is missing after it; a higher number comes from another
            // database
            return Ok(seq == head);
        }
        Ok(activity::first_kept(conn, self.callshop_id).await?.is_some_and(|first| first <= seq + 1))
    }

    /// Waits for the next activity, even while the database is unavailable. This method is cancel-safe.
    ///
    /// # Errors
    /// Fails only with errors that a retry would not fix. This method may be called again after an error.
    pub async fn next(&mut self) -> Result<Arc<ActivityEvent>> {
        loop {
            if let Some(row) = self.read.pop_front() {
                self.last = row.seq;
                return Ok(Arc::new(ActivityEvent::of(Arc::new(row), None)));
            }
            if self.behind {
                // this future is large and rarely needed; it is boxed, so that idle subscribers need no memory for it
                Box::pin(self.catch_up()).await?;
            } else if let Some(activity) = self.out_of_order.remove(&(self.last + 1)) {
                self.last = activity.seq;
                return Ok(activity);
            } else {
                match self.next_notification().await {
                    Some(Notification::Activity(activity)) if activity.seq == self.last + 1 => {
                        self.last = activity.seq;
                        return Ok(activity);
                    }
                    Some(notification) => self.record(notification),
                    // the channel overflowed or an activity did not arrive, but the table has all activities
                    None => self.behind = true,
                }
            }
        }
    }

    /// Waits for the next notification. Returns `None` if a notification was missed, or if a missing activity does not arrive in time. A missing
    /// activity may still arrive, because notifications from different nodes may overtake each other.
    async fn next_notification(&mut self) -> Option<Notification> {
        if self.known <= self.last {
            return self.subscription.next().await;
        }
        let until = match self.until {
            Some((position, until)) if position == self.last => until,
            _ => Instant::now() + REORDER_WINDOW,
        };
        self.until = Some((self.last, until));
        timeout_at(until, self.subscription.next()).await.ok().flatten()
    }

    fn record(&mut self, notification: Notification) {
        match notification {
            Notification::Advanced(seq) => self.known = self.known.max(seq),
            Notification::Activity(activity) if activity.seq > self.last => {
                self.known = self.known.max(activity.seq);
                self.out_of_order.insert(activity.seq, activity);
                self.behind = self.out_of_order.len() > MAX_OUT_OF_ORDER;
            }
            Notification::Activity(_) => {}
        }
    }

    async fn catch_up(&mut self) -> Result<()> {
        let (store, hub, callshop, last) = (&self.store, &self.hub, self.callshop_id, self.last);
        let rows = retry_until_available(|| async move {
            // an activity that is announced from now on is either included in the read or arrives after the read
            let _turn = hub.turn().await?;
            in_time(PATIENCE, activity::after(store.reader(), callshop, last, PAGE)).await
        });
        let rows = rows.await?;
        self.out_of_order.clear();
        self.known = 0;
        self.behind = u64::try_from(rows.len()).is_ok_and(|rows| rows >= PAGE);
        self.read = rows.into();
        Ok(())
    }
}

/// Repeats a read until the database responds, because a subscriber would rather wait than fail.
///
/// # Errors
/// Fails with an error that a retry would not fix.
pub async fn retry_until_available<T, Fut>(read: impl Fn() -> Fut) -> Result<T>
where
    Fut: Future<Output = Result<T>>,
{
    loop {
        match read().await {
            Err(error @ (Error::Overloaded(_) | Error::Database(_))) if !error.is_permanent() => {
                tracing::debug!(%error, "a subscriber is waiting for the database");
                sleep(RETRY).await;
            }
            answer => return answer,
        }
    }
}
