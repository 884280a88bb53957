//! One watcher's view of a callshop: every activity after a point, in order, none twice, whatever the doorbell missed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::activity as row;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::hub::{Bell, Hub, Ring};
use super::told::Told;
use base::error::{Error, OrFault as _, Result};
use store::{Store, activity, in_time};

/// How long the database may take for what a watcher reads: longer than its own timeout.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Rows read at once when catching up.
const PAGE: u64 = 200;
/// How long an activity may be overtaken by the next one before it is looked for in the table.
const OVERTAKING: Duration = Duration::from_millis(10);
/// Activities that may wait for one that they overtook.
const MAX_EARLY: usize = 64;
/// Between two attempts to read the table while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// The position behind an activity, as clients keep it.
pub fn cursor(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("seq:{seq}"))
}

/// The position in a cursor.
///
/// # Errors
/// `INVALID_INPUT` for a text that is no cursor.
pub fn parse_cursor(text: &str) -> Result<i64> {
    let bad = || Error::invalid("after", "not a cursor of this subscription");
    let text =
        URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(bad)?;
    text.strip_prefix("seq:").and_then(|seq| seq.parse().ok()).filter(|seq| *seq >= 0).ok_or_else(bad)
}

/// Follows one callshop.
pub struct Watch {
    store: Store,
    hub: Arc<Hub>,
    callshop_id: Uuid,
    bell: Bell,
    last: i64,
    behind: bool,
    read: VecDeque<row::Model>,
    /// What came before something that it follows, by `seq`.
    early: BTreeMap<i64, Arc<Told>>,
    /// The highest `seq` that was heard of.
    known: i64,
    /// Until when something behind this position is waited for.
    until: Option<(i64, Instant)>,
}

impl Watch {
    /// Starts listening; [`Watch::next`] answers what comes after `seq`. Call it before reading the state that `seq` belongs to, and set
    /// the position then with [`Watch::from_seq`], so that nothing falls between the two.
    pub fn start(store: &Store, hub: &Arc<Hub>, callshop_id: Uuid) -> Self {
        Self {
            store: store.clone(),
            hub: hub.clone(),
            callshop_id,
            bell: hub.watch(callshop_id),
            last: 0,
            behind: true,
            read: VecDeque::new(),
            early: BTreeMap::new(),
            known: 0,
            until: None,
        }
    }

    /// Goes on behind this position.
    #[must_use]
    pub fn from_seq(self, seq: i64) -> Self {
        Self { last: seq, behind: true, ..self }
    }

    /// Whether everything after `seq` is still kept, so that a client can go on there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn can_resume(&self, seq: i64) -> Result<bool> {
        let conn = self.store.reader();
        let head = activity::head(conn, self.callshop_id).await?;
        if seq >= head {
            // behind the head lies nothing; a position beyond it is of another database
            return Ok(seq == head);
        }
        Ok(activity::first_kept(conn, self.callshop_id).await?.is_some_and(|first| first <= seq + 1))
    }

    /// The next activity; waits for it, also for a database that is away. Safe to drop and call again.
    ///
    /// # Errors
    /// What would fail again; the watch can go on after it.
    pub async fn next(&mut self) -> Result<Arc<Told>> {
        loop {
            if let Some(row) = self.read.pop_front() {
                self.last = row.seq;
                return Told::of(&row, None).map(Arc::new);
            }
            if self.behind {
                // rare, and large: a watcher that waits for the next ring does not keep room for it
                Box::pin(self.catch_up()).await?;
            } else if let Some(activity) = self.early.remove(&(self.last + 1)) {
                self.last = activity.seq;
                return Ok(activity);
            } else {
                match self.ring().await {
                    Some(Ring::Activity(activity)) if activity.seq == self.last + 1 => {
                        self.last = activity.seq;
                        return Ok(activity);
                    }
                    Some(ring) => self.note(ring),
                    // too slow for the channel, or something did not come: the table has everything
                    None => self.behind = true,
                }
            }
        }
    }

    /// The next ring. None when one was missed, or when what is missing does not come: commits of several nodes overtake each other on their
    /// way by a moment.
    async fn ring(&mut self) -> Option<Ring> {
        if self.known <= self.last {
            return self.bell.next().await;
        }
        let until = match self.until {
            Some((position, until)) if position == self.last => until,
            _ => Instant::now() + OVERTAKING,
        };
        self.until = Some((self.last, until));
        timeout_at(until, self.bell.next()).await.ok().flatten()
    }

    fn note(&mut self, ring: Ring) {
        match ring {
            Ring::Look(seq) => self.known = self.known.max(seq),
            Ring::Activity(activity) if activity.seq > self.last => {
                self.known = self.known.max(activity.seq);
                self.early.insert(activity.seq, activity);
                self.behind = self.early.len() > MAX_EARLY;
            }
            Ring::Activity(_) => {}
        }
    }

    async fn catch_up(&mut self) -> Result<()> {
        let (store, hub, callshop, last) = (&self.store, &self.hub, self.callshop_id, self.last);
        let rows = patiently(|| async move {
            // what is rung from here on is read as well, or comes after it
            let _turn = hub.readers.acquire().await.or_fault()?;
            in_time(PATIENCE, activity::after(store.reader(), callshop, last, PAGE)).await
        });
        let rows = rows.await?;
        self.early.clear();
        self.known = 0;
        self.behind = u64::try_from(rows.len()).is_ok_and(|rows| rows >= PAGE);
        self.read = rows.into();
        Ok(())
    }
}

/// Reads again until the database answers, for a watcher that would rather wait than go away.
///
/// # Errors
/// What would fail again.
pub async fn patiently<T, Fut>(read: impl Fn() -> Fut) -> Result<T>
where
    Fut: Future<Output = Result<T>>,
{
    loop {
        match read().await {
            Err(error @ (Error::Overloaded(_) | Error::Database(_))) if !error.is_permanent() => {
                tracing::debug!(%error, "a watcher waits for the database");
                sleep(RETRY).await;
            }
            answer => return answer,
        }
    }
}
