//! What a reader does from time to time: taking over what others left and what the group has lost, keeping what is its own, removing consumers
//! that are dead.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::TimeDelta;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Value};

use super::entry::{EntryId, entries, items, text};
use super::{BATCH, Reader, Stuck, aside};

/// A consumer that was silent for so many times the claiming time is dead.
const DEAD: u32 = 12;
/// An entry that is older, and was read so often, is stuck: somebody has to look.
const STUCK_AFTER: TimeDelta = TimeDelta::minutes(10);
/// See there.
const STUCK_DELIVERIES: u64 = 5;
/// Entries that are looked at for it, oldest first: more than a dozen nodes keep aside, so that reconciliation knows all that it must not wait for.
const MOST_STUCK: usize = 4_096;
/// Entries that are looked at together for some that are lost.
const PAGE: usize = 256;
/// Lost entries that are recovered after one look.
const MOST_LOST: usize = 4_096;

impl Reader<'_> {
    /// Takes over what others left.
    pub(super) async fn claim(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut cursor = "0-0".to_owned();
        while self.waiting.is_empty() && self.aside.has_room(BATCH) && !self.stop.is_cancelled() {
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

    /// Takes what the group has lost: entries that it counts as delivered and nobody has. Redis forgets that they were read when it does not replay
    /// all of its append-only file, and a node may die between acknowledging and deleting. Nobody would ever read them again, and a stream that
    /// is not empty keeps reconciliation waiting. What is found twice is lost: the first time it may have been on its way out.
    pub(super) async fn recover(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let found = self.find_lost(connection).await?;
        let mut lost: Vec<EntryId> = found.intersection(&self.lost).copied().collect();
        self.lost = found;
        lost.sort_unstable();
        for part in lost.chunks(BATCH) {
            if !self.waiting.is_empty() || !self.aside.has_room(BATCH) || self.stop.is_cancelled() {
                break;
            }
            self.heart.beat();
            // an entry that another node was faster to take is not ours
            let patience = self.stream.claim.as_millis() as u64;
            let taken = self.take_over(part, patience).arg("FORCE").query_async(connection).await?;
            let taken = entries(&taken);
            if taken.is_empty() {
                continue;
            }
            self.stream.status.recovered.inc_by(taken.len() as u64);
            tracing::warn!(
                entries = taken.len(),
                "entries of the stream that were read and forgotten are read again"
            );
            self.take(connection, taken).await?;
        }
        Ok(())
    }

    /// Entries up to the last one that was delivered, and in nobody's hands. From the oldest on, at most [`MOST_LOST`].
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

    /// What is to be done from time to time: keeping what is ours, counting, removing who is dead.
    pub(super) async fn look_after(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        self.keep(connection).await?;
        self.look_for_stuck(connection).await?;
        let waiting: i64 = self.stream.command("XLEN").query_async(connection).await?;
        self.stream.status.waiting.set(waiting);
        self.bury(connection).await
    }

    /// Tells the group that we still have what we could not apply, so that nobody takes it over; and forgets what somebody took over all
    /// the same.
    async fn keep(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        if self.waiting.is_empty() && self.aside.len() == 0 {
            return Ok(());
        }
        let most = aside::MOST + BATCH;
        let mut pending = self.stream.of_group("XPENDING");
        pending.arg("-").arg("+").arg(most).arg(&self.stream.consumer);
        let answer: Value = pending.query_async(connection).await?;
        let ours: HashSet<EntryId> = pending_entries(&answer).map(|(id, _)| id).collect();
        if ours.len() < most {
            self.aside.keep(&ours);
            self.waiting.retain(|entry| ours.contains(&entry.id));
        }
        self.count_aside();
        let (tried, behind) = self.aside.ids();
        let tried: Vec<EntryId> = self.waiting.iter().map(|entry| entry.id).chain(tried).collect();
        if !tried.is_empty() {
            self.own(&tried).arg("JUSTID").query_async::<()>(connection).await?;
        }
        // each of these counts as tried again: one behind an entry that is stuck is stuck as well
        if !behind.is_empty() {
            self.own(&behind).query_async::<()>(connection).await?;
        }
        Ok(())
    }

    /// The command that makes entries this consumer's, and just delivered.
    pub(super) fn own(&self, entries: &[EntryId]) -> Cmd {
        self.take_over(entries, 0)
    }

    /// The same for entries that nobody touched for so many milliseconds.
    fn take_over(&self, entries: &[EntryId], idle: u64) -> Cmd {
        let ids: Vec<String> = entries.iter().map(EntryId::to_string).collect();
        let mut claim = self.stream.of_group("XCLAIM");
        claim.arg(&self.stream.consumer).arg(idle).arg(ids);
        claim
    }

    /// Entries of all nodes that were tried again and again.
    async fn look_for_stuck(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut pending = self.stream.of_group("XPENDING");
        let answer: Value = pending.arg("-").arg("+").arg(MOST_STUCK).query_async(connection).await?;
        let now = self.app.clock.now();
        let stuck = pending_entries(&answer).map(|(id, deliveries)| Stuck { id, deliveries });
        let stuck = stuck.filter(|one| one.deliveries >= STUCK_DELIVERIES && one.id.age(now) >= STUCK_AFTER);
        for one in self.stream.status.found_stuck(stuck.collect()) {
            let (entry, deliveries) = (one.id, one.deliveries);
            tracing::error!(%entry, deliveries, "an event of a proxy cannot be applied: it is tried on, and a person has to look");
        }
        Ok(())
    }

    /// Removes consumers that left nothing behind and were silent for long.
    async fn bury(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
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

    /// Removes a consumer. Should it still have had entries (it read again after it was looked at, or some of ours could not be applied), the
    /// group would forget that they were read: then all that is in the stream is read again, by whoever comes first.
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

/// Id and number of deliveries of the entries that were read and not acknowledged.
fn pending_entries(answer: &Value) -> impl Iterator<Item = (EntryId, u64)> {
    // id, consumer, milliseconds since the last delivery, deliveries
    items(answer).iter().filter_map(|entry| match items(entry) {
        [id, _, _, Value::Int(deliveries)] => {
            Some((text(id)?.parse().ok()?, u64::try_from(*deliveries).unwrap_or(0)))
        }
        _ => None,
    })
}
