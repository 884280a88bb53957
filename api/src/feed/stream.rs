//! One watcher's view of a callshop: every activity after a point, in order, none twice, whatever the doorbell missed.

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::activity as row;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::{Store, activity};

/// Rows read at once when catching up.
const PAGE: u64 = 200;

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
    callshop_id: Uuid,
    bell: broadcast::Receiver<Arc<row::Model>>,
    last: i64,
    behind: bool,
    read: VecDeque<row::Model>,
}

impl Watch {
    /// Starts listening; [`Watch::next`] answers what comes after `seq`. Call it before reading the state that `seq` belongs to, and set
    /// the position then with [`Watch::from_seq`], so that nothing falls between the two.
    pub fn start(store: &Store, callshop_id: Uuid) -> Self {
        let bell = store.hub().watch(callshop_id);
        Self { store: store.clone(), callshop_id, bell, last: 0, behind: true, read: VecDeque::new() }
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

    /// The next activity; waits for it. Safe to drop and call again.
    ///
    /// # Errors
    /// Those of the database; the watch can go on after them.
    pub async fn next(&mut self) -> Result<row::Model> {
        loop {
            if let Some(activity) = self.read.pop_front() {
                self.last = activity.seq;
                return Ok(activity);
            }
            if self.behind {
                let rows = activity::after(self.store.reader(), self.callshop_id, self.last, PAGE).await?;
                self.behind = !rows.is_empty();
                self.read.extend(rows);
                continue;
            }
            match self.bell.recv().await {
                Ok(activity) if activity.seq == self.last + 1 => {
                    self.last = activity.seq;
                    return Ok((*activity).clone());
                }
                Ok(activity) if activity.seq <= self.last => {}
                // a gap, or too slow for the channel: the table has everything
                Ok(_) | Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => {
                    self.bell = self.store.hub().watch(self.callshop_id);
                    self.behind = true;
                }
            }
        }
    }
}
