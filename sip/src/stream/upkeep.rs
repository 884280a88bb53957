//! Periodic tasks of a node that reads the stream: it claims entries left by other nodes, recovers entries lost by the consumer group, keeps its
//! own pending entries, and removes dead consumers.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::TimeDelta;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Value};

use super::entry::{EntryId, entries, items, text};
use super::{BATCH, Reader, Stuck, retry_queue};

/// A consumer that is idle for twelve times `redis.claim_seconds` counts as dead.
const DEAD: u32 = 12;
/// An entry that is older than ten minutes and was read at least [`STUCK_DELIVERIES`] times is stuck and needs a person's attention.
const STUCK_AFTER: TimeDelta = TimeDelta::minutes(10);
/// See [`STUCK_AFTER`].
const STUCK_DELIVERIES: u64 = 5;
/// Maximum number of pending entries that are searched for stuck entries, beginning with the oldest entry. The retry queues of a dozen nodes hold
/// fewer entries than this maximum. Therefore, reconciliation knows all stuck entries and does not wait for them.
const MOST_STUCK: usize = 4_096;
/// Number of entries that are checked for losses at a time.
const PAGE: usize = 256;
/// Maximum number of lost entries that are recovered after one check.
const MOST_LOST: usize = 4_096;

impl Reader<'_> {
    /// Claims entries that other nodes read and did not acknowledge in time.
    pub(super) async fn claim(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut cursor = "0-0".to_owned();
        while self.waiting.is_empty() && self.retry_queue.has_room(BATCH) && !self.stop.is_cancelled() {
            let mut claim = self.stream.of_group("XAUTOCLAIM");
            claim.arg(&self.stream.consumer).arg(self.stream.claim.as_millis() as u64);
            let answer: Vec<Value> =
                claim.arg(&cursor).arg("COUNT").arg(BATCH).query_async(connection).await?;
            let claimed = answer.get(1).map(entries).unwrap_or_default();
            self.stream.status.claimed.inc_by(claimed.len() as u64);
            self.take(connection, claimed).await?;
            cursor = answer.first().and_then(text).unwrap_or_default();
            if cursor.is_empty() || cursor == "0-0" {
                break;
            }
        }
        Ok(())
    }

    /// Recovers entries that the consumer group has lost. The group counts a lost entry as delivered, although the entry is not pending for any
    /// consumer. An entry is lost if Redis does not replay all of its append-only file, or if a node dies between acknowledging and deleting the
    /// entry. Without recovery, no node would ever read a lost entry again. Reconciliation would also wait for the entry, because the stream
    /// would not become empty. An entry counts as lost only if two checks in a row find it, because at the time of the first check, a node may be
    /// about to delete the entry.
    pub(super) async fn recover(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let found = self.find_lost(connection).await?;
        let mut lost: Vec<EntryId> = found.intersection(&self.lost).copied().collect();
        self.lost = found;
        lost.sort_unstable();
        for part in lost.chunks(BATCH) {
            if !self.waiting.is_empty() || !self.retry_queue.has_room(BATCH) || self.stop.is_cancelled() {
                break;
            }
            self.heart.beat();
            // skip entries that another node claimed first
            let patience = self.stream.claim.as_millis() as u64;
            let taken = self.claim_command(part, patience).arg("FORCE").query_async(connection).await?;
            let taken = entries(&taken);
            if taken.is_empty() {
                continue;
            }
            self.stream.status.recovered.inc_by(taken.len() as u64);
            tracing::warn!(
                entries = taken.len(),
                "recovering entries of the stream that Redis no longer lists as pending"
            );
            self.take(connection, taken).await?;
        }
        Ok(())
    }

    /// Up to about [`MOST_LOST`] of the oldest entries that were delivered but are not pending for any consumer.
    async fn find_lost(&self, connection: &mut MultiplexedConnection) -> RedisResult<HashSet<EntryId>> {
        let mut lost = HashSet::new();
        let Some(last) = self.last_delivered(connection).await? else { return Ok(lost) };
        let mut from = "-".to_owned();
        while lost.len() < MOST_LOST {
            let mut range = self.stream.command("XRANGE");
            let page: Value =
                range.arg(&from).arg(&last).arg("COUNT").arg(PAGE).query_async(connection).await?;
            let page: Vec<EntryId> = entries(&page).into_iter().map(|entry| entry.id).collect();
            let Some((first, end)) = page.first().zip(page.last()) else { break };
            let mut pending = self.stream.of_group("XPENDING");
            let pending = pending.arg(first.to_string()).arg(end.to_string()).arg(PAGE);
            let pending: Value = pending.query_async(connection).await?;
            let held: HashSet<EntryId> = pending_entries(&pending).map(|(id, _)| id).collect();
            from = format!("({end}");
            lost.extend(page.into_iter().filter(|id| !held.contains(id)));
        }
        Ok(lost)
    }

    /// The id of the last entry that the group delivered.
    async fn last_delivered(&self, connection: &mut MultiplexedConnection) -> RedisResult<Option<String>> {
        let mut info = redis::cmd("XINFO");
        info.arg("GROUPS").arg(&self.stream.stream);
        let groups: Vec<HashMap<String, Value>> = info.query_async(connection).await?;
        let ours = |group: &HashMap<String, Value>| {
            group.get("name").and_then(text).as_ref() == Some(&self.stream.group)
        };
        let group = groups.into_iter().find(ours);
        Ok(group.and_then(|group| group.get("last-delivered-id").and_then(text)))
    }

    /// Keeps this node's pending entries, counts the waiting entries, finds stuck entries, and removes dead consumers.
    pub(super) async fn maintain(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        self.keep(connection).await?;
        self.find_stuck(connection).await?;
        let waiting: i64 = self.stream.command("XLEN").query_async(connection).await?;
        self.stream.status.waiting.set(waiting);
        self.remove_dead_consumers(connection).await
    }

    /// Refreshes this node's claim on entries that it could not apply, so that no other node takes over these entries. Drops the entries that another
    /// node has taken over despite earlier claims.
    async fn keep(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        if self.waiting.is_empty() && self.retry_queue.len() == 0 {
            return Ok(());
        }
        let most = retry_queue::MOST + BATCH;
        let mut pending = self.stream.of_group("XPENDING");
        pending.arg("-").arg("+").arg(most).arg(&self.stream.consumer);
        let answer: Value = pending.query_async(connection).await?;
        let ours: HashSet<EntryId> = pending_entries(&answer).map(|(id, _)| id).collect();
        if ours.len() < most {
            self.retry_queue.keep(&ours);
            self.waiting.retain(|entry| ours.contains(&entry.id));
        }
        self.update_gauge();
        let (tried, behind) = self.retry_queue.ids();
        let tried: Vec<EntryId> = self.waiting.iter().map(|entry| entry.id).chain(tried).collect();
        if !tried.is_empty() {
            self.own(&tried).arg("JUSTID").query_async::<()>(connection).await?;
        }
        // a claim increments the delivery count, so an entry behind a stuck entry also counts as stuck
        if !behind.is_empty() {
            self.own(&behind).query_async::<()>(connection).await?;
        }
        Ok(())
    }

    /// Builds the command that claims entries for this consumer and sets their idle time to zero.
    pub(super) fn own(&self, entries: &[EntryId]) -> Cmd {
        self.claim_command(entries, 0)
    }

    /// Like [`Self::own`], but for entries that have been idle for at least `idle` milliseconds.
    fn claim_command(&self, entries: &[EntryId], idle: u64) -> Cmd {
        let ids: Vec<String> = entries.iter().map(EntryId::to_string).collect();
        let mut claim = self.stream.of_group("XCLAIM");
        claim.arg(&self.stream.consumer).arg(idle).arg(ids);
        claim
    }

    /// Finds the entries that keep failing on any node.
    async fn find_stuck(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut pending = self.stream.of_group("XPENDING");
        let answer: Value = pending.arg("-").arg("+").arg(MOST_STUCK).query_async(connection).await?;
        let now = self.app.clock.now();
        let stuck = pending_entries(&answer).map(|(id, deliveries)| Stuck { id, deliveries });
        let stuck = stuck.filter(|one| one.deliveries >= STUCK_DELIVERIES && one.id.age(now) >= STUCK_AFTER);
        for one in self.stream.status.found_stuck(stuck.collect()) {
            let (entry, deliveries) = (one.id, one.deliveries);
            tracing::error!(%entry, deliveries, "a proxy's event still fails after many attempts; look at the query `problems`");
        }
        Ok(())
    }

    /// Removes consumers that are dead and have no pending entries.
    async fn remove_dead_consumers(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut info = redis::cmd("XINFO");
        info.arg("CONSUMERS").arg(&self.stream.stream).arg(&self.stream.group);
        let consumers: Vec<HashMap<String, Value>> = info.query_async(connection).await?;
        for consumer in consumers {
            let number = |name: &str| match consumer.get(name) {
                Some(Value::Int(number)) => u64::try_from(*number).ok(),
                _ => None,
            };
            let silent = number("idle").map(Duration::from_millis);
            let name = consumer.get("name").and_then(text).unwrap_or_default();
            if name != self.stream.consumer
                && number("pending") == Some(0)
                && silent.is_some_and(|silent| silent > self.stream.claim * DEAD)
            {
                self.remove(connection, &name).await?;
            }
        }
        Ok(())
    }

    /// Removes a consumer from the consumer group. The consumer may still have pending entries: it may have read entries after the check, or the
    /// consumer may be this node, which could not apply some of its own entries. Redis then forgets that the pending entries were delivered. If there
    /// were pending entries, the group restarts at the beginning of the stream, and its consumers read the whole stream again.
    pub(super) async fn remove(
        &self,
        connection: &mut MultiplexedConnection,
        consumer: &str,
    ) -> RedisResult<()> {
        let group = |act: &str| {
            let mut command = redis::cmd("XGROUP");
            command.arg(act).arg(&self.stream.stream).arg(&self.stream.group);
            command
        };
        let left: u64 = group("DELCONSUMER").arg(consumer).query_async(connection).await?;
        if left > 0 {
            group("SETID").arg("0").query_async::<()>(connection).await?;
        }
        Ok(())
    }
}

/// Ids and delivery counts of the pending entries in an `XPENDING` reply.
fn pending_entries(answer: &Value) -> impl Iterator<Item = (EntryId, u64)> {
    // each item has the id, the consumer, the milliseconds since the last delivery, and the number of deliveries
    items(answer).iter().filter_map(|entry| match items(entry) {
        [id, _, _, Value::Int(deliveries)] => {
            Some((text(id)?.parse().ok()?, u64::try_from(*deliveries).unwrap_or(0)))
        }
        _ => None,
    })
}
