//! Reads the proxies' events from a Redis stream. All nodes read the stream as members of one consumer group.
//!
//! An entry of the stream is acknowledged and deleted only after its event is committed. Therefore, the stream contains exactly the events that are
//! not applied yet. The length of the stream is the lag, and an empty stream means that all events are applied. If a node dies, another node claims
//! the dead node's entries after some seconds. An event may arrive twice. Another node may claim the event's entry from a node that was slow but not
//! dead, or the proxy may also post the event over HTTP. The second copy of an event is recognized by its `eid` and dropped.
//!
//! A failing entry does not block other entries: the node moves the entry to the retry queue ([`RetryQueue`]) and retries it with growing pauses.
//! Only entries about the same call or phone wait behind a failing entry. While no entry can be applied, for example because the database is
//! unavailable, the node reads no entries.

mod entry;
mod retry_queue;
mod status;
mod upkeep;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisResult, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};
use uuid::Uuid;

pub use entry::EntryId;
use entry::{Entry, entries};
use retry_queue::RetryQueue;
pub use status::{StreamStatus, Stuck};

use app::App;
use app::calls::events::{EventResult, ProxyEvent};
use app::calls::writer::CallWriter;
use app::redis_client::{self, PATIENCE, Pauses, RedisConfig};
use app::sip_proxies::{EventQueue, StuckEntry};
use base::error::{Error, OrFault as _, Result};
use telemetry::health::Heartbeat;
use telemetry::{RequestId, request, trace};

/// Maximum number of entries that one read returns.
const BATCH: usize = 64;
/// Maximum number of events handed to the writer in one step, unless a single entry contains more events.
const EVENTS: usize = 64;
/// How long a read waits for entries. A read that waits for entries delays the shutdown and the periodic tasks.
const BLOCK: Duration = Duration::from_secs(1);
/// Pause while no entry can be applied, because the database is unavailable or the writer's queue is full.
const AGAIN: Duration = Duration::from_millis(500);
/// How long reconciliation waits for events in transit.
const SOON: Duration = Duration::from_secs(1);
/// A reader of the stream counts as hung after a minute without a heartbeat. A minute is longer than any wait for Redis. While the reader waits for
/// the writer, only the writer's own heartbeat matters.
const HUNG: Duration = Duration::from_secs(60);

/// The stream, as this node sees it.
pub struct EventStream {
    client: Client,
    stream: String,
    group: String,
    /// Consumer name of this process. The name is new after each start, so that no process uses the name of a process that is still running.
    consumer: String,
    claim: Duration,
    /// Counters and state of the stream.
    pub status: StreamStatus,
}

/// A position in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(String);

impl EventStream {
    /// The stream that the configuration names; `None` if the configuration names no stream. This function does not connect to Redis yet.
    ///
    /// # Errors
    /// Fails with a fault if the configured Redis address is invalid.
    pub fn new(config: &RedisConfig) -> Result<Option<Self>> {
        let client = redis_client::client(config).or_fault()?;
        let Some((client, stream)) = client.zip(config.events_stream.clone()) else { return Ok(None) };
        Ok(Some(Self {
            client,
            stream,
            group: config.events_group.clone(),
            consumer: Uuid::new_v4().to_string(),
            claim: Duration::from_secs(config.claim_seconds.into()),
            status: StreamStatus::default(),
        }))
    }

    /// Whether every event in the stream is applied.
    ///
    /// # Errors
    /// Fails if Redis does not respond, because the result is then unknown.
    pub async fn drained(&self) -> Result<bool> {
        let mut connection = self.connect().await.or_fault()?;
        let length: u64 = self.command("XLEN").query_async(&mut connection).await.or_fault()?;
        Ok(length == 0)
    }

    /// The position of the newest entry. Under load, the stream is never empty, but [`Self::applied_through`] still becomes true for this position.
    ///
    /// # Errors
    /// Fails if Redis does not respond.
    pub async fn end(&self) -> Result<Position> {
        let last = self.ids("XREVRANGE", ("+", "-"), 1).await?;
        Ok(Position(last.first().map_or_else(|| "0-0".to_owned(), EntryId::to_string)))
    }

    /// Whether every event up to and including this position is applied, except for stuck entries. A stuck entry may remain for days. When a stuck
    /// entry is finally applied, its event corrects earlier conclusions.
    ///
    /// # Errors
    /// Fails if Redis does not respond.
    pub async fn applied_through(&self, position: &Position) -> Result<bool> {
        let stuck: HashSet<EntryId> = self.status.stuck().iter().map(|one| one.id).collect();
        let first = self.ids("XRANGE", ("-", &position.0), stuck.len() + 1).await?;
        Ok(first.iter().all(|id| stuck.contains(id)))
    }

    async fn ids(&self, command: &str, (from, to): (&str, &str), count: usize) -> Result<Vec<EntryId>> {
        let mut connection = self.connect().await.or_fault()?;
        let mut range = self.command(command);
        let answer =
            range.arg(from).arg(to).arg("COUNT").arg(count).query_async::<Value>(&mut connection).await;
        Ok(entries(&answer.or_fault()?).into_iter().map(|entry| entry.id).collect())
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(BLOCK + PATIENCE));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    fn command(&self, name: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(&self.stream);
        command
    }

    /// A command for the stream and its consumer group.
    fn of_group(&self, name: &str) -> Cmd {
        let mut command = self.command(name);
        command.arg(&self.group);
        command
    }
}

#[async_trait::async_trait]
impl EventQueue for EventStream {
    /// Waits up to a second until all events that arrived before this function was called are applied. Returns whether these events are applied.
    /// Later events do not count, because under load there are always new events.
    async fn drained(&self, _proxy: &str) -> Result<bool> {
        let end = self.end().await?;
        let until = Instant::now() + SOON;
        while !self.applied_through(&end).await? {
            if Instant::now() >= until {
                return Ok(false);
            }
            tokio::time::sleep(SOON / 20).await;
        }
        Ok(true)
    }

    fn stuck(&self) -> Vec<StuckEntry> {
        let stuck = self.status.stuck().into_iter();
        stuck
            .map(|one| StuckEntry {
                id: one.id.to_string(),
                since: one.id.since(),
                deliveries: one.deliveries,
            })
            .collect()
    }
}

/// Reads the stream until `stop`; returns immediately if no stream is configured. At `stop`, the entries that were already read are either applied
/// and acknowledged, or left for the other nodes.
pub async fn run(
    stream: Option<Arc<EventStream>>,
    app: Arc<App>,
    writer: CallWriter,
    stop: CancellationToken,
) {
    let Some(stream) = &stream else { return };
    let heart = app.health.heartbeat("events stream", HUNG);
    let mut reader = Reader {
        app: &app,
        stream,
        writer,
        heart,
        retry_queue: RetryQueue::default(),
        waiting: Vec::new(),
        lost: HashSet::new(),
        stop,
    };
    let seen = stream.clone();
    app.health.note("events_stream", move || seen.status.note());
    let (mut pauses, mut told) = (Pauses::default(), false);
    while let Err(error) = reader.session(&mut pauses).await {
        reader.heart.beat();
        // log once per outage, and once after the start if the stream was never available
        if stream.status.up.set(0) == 1 || !std::mem::replace(&mut told, true) {
            tracing::warn!(%error, "the proxies' events cannot be read from Redis; they wait there until it is reachable");
        }
        tokio::select! {
            () = tokio::time::sleep(pauses.pause()) => {}
            () = reader.stop.cancelled() => return,
        }
    }
    stream.status.up.set(0);
}

struct Reader<'a> {
    app: &'a App,
    stream: &'a EventStream,
    writer: CallWriter,
    heart: Heartbeat,
    /// Entries that failed when applied alone.
    retry_queue: RetryQueue,
    /// Entries that were read while no entry could be applied. No more entries are read before the waiting entries are applied.
    waiting: Vec<Entry>,
    /// Entries that the consumer group seemed to have lost at the previous check ([`Reader::recover`]).
    lost: HashSet<EntryId>,
    stop: CancellationToken,
}

/// An entry with its parsed events.
struct Read {
    entry: Entry,
    events: Vec<ProxyEvent>,
    /// The calls and phones that the entry concerns.
    about: Vec<String>,
}

impl Reader<'_> {
    /// Reads over one connection until the connection breaks. Returns `Ok` when the node stops.
    async fn session(&mut self, pauses: &mut Pauses) -> RedisResult<()> {
        let mut connection = self.stream.connect().await?;
        self.make_group(&mut connection).await?;
        // forget the entries that an earlier connection read but did not acknowledge: they are still pending for this consumer, so the consumer reads
        // them again
        self.waiting.clear();
        let mut own = Some("0".to_owned());
        let (mut look, mut claim) = (Instant::now(), false);
        while !self.stop.is_cancelled() {
            self.heart.beat();
            if Instant::now() >= look {
                self.maintain(&mut connection).await?;
                look = Instant::now() + self.stream.claim / 2;
                claim = true;
            }
            if !self.waiting.is_empty() {
                self.try_waiting(&mut connection).await?;
            } else if let Some(after) = own.take() {
                own = self.take_own(&mut connection, &after).await?;
            } else {
                if std::mem::take(&mut claim) {
                    self.claim(&mut connection).await?;
                    self.recover(&mut connection).await?;
                }
                self.retry_queued(&mut connection).await?;
                self.go_on(&mut connection, pauses).await?;
            }
        }
        if !self.waiting.is_empty() || self.retry_queue.len() > 0 || own.is_some() {
            // another node takes over the entries that this node could not apply, and then removes this consumer
            return Ok(());
        }
        // the name of this consumer will not be used again
        self.remove(&mut connection, &self.stream.consumer).await
    }

    /// Reads new entries only if the retry queue has room for all of them, even if all of them fail.
    async fn go_on(
        &mut self,
        connection: &mut MultiplexedConnection,
        pauses: &mut Pauses,
    ) -> RedisResult<()> {
        if !self.waiting.is_empty() {
            return Ok(());
        }
        if self.retry_queue.has_room(BATCH) {
            let new = self.read(connection, ">").await?;
            self.take(connection, new).await?;
        } else {
            self.pause().await;
        }
        if self.stream.status.up.set(1) == 0 {
            tracing::info!("the proxies' events are read from Redis");
        }
        *pauses = Pauses::default();
        Ok(())
    }

    async fn pause(&self) {
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Creates the group at the beginning of the stream, so that entries that are older than the group are also applied.
    async fn make_group(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut create = redis::cmd("XGROUP");
        create.arg("CREATE").arg(&self.stream.stream).arg(&self.stream.group).arg("0").arg("MKSTREAM");
        match create.query_async::<()>(connection).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads entries that no consumer has read (`>`), or this consumer's own entries after an id.
    async fn read(&self, connection: &mut MultiplexedConnection, after: &str) -> RedisResult<Vec<Entry>> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.stream.group).arg(&self.stream.consumer).arg("COUNT").arg(BATCH);
        if after == ">" {
            // the wait is short enough that no other node claims this node's pending entries in the meantime
            read.arg("BLOCK").arg(BLOCK.min(self.stream.claim / 4).as_millis() as u64);
        }
        read.arg("STREAMS").arg(&self.stream.stream).arg(after);
        Ok(match read.query_async::<Value>(connection).await? {
            // stream → entries
            Value::Map(streams) => streams.first().map(|(_, list)| entries(list)).unwrap_or_default(),
            _ => Vec::new(),
        })
    }

    /// Reads a page of entries that this consumer has received but not acknowledged. Returns the id after which the next page begins; `None` after
    /// the last page.
    async fn take_own(
        &mut self,
        connection: &mut MultiplexedConnection,
        after: &str,
    ) -> RedisResult<Option<String>> {
        let own = self.read(connection, after).await?;
        let next = own.last().map(|last| last.id.to_string());
        let own = own.into_iter().filter(|entry| !self.retry_queue.contains(entry.id)).collect();
        self.take(connection, own).await?;
        Ok(next)
    }

    /// After a pause, retries the entries that were read while no entry could be applied.
    async fn try_waiting(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        self.pause().await;
        if self.stop.is_cancelled() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.take(connection, waiting).await?;
        if self.waiting.is_empty() {
            self.retry_queue.make_due(Instant::now());
        }
        Ok(())
    }

    fn update_gauge(&self) {
        self.stream.status.retry_queue.set(i64::try_from(self.retry_queue.len()).unwrap_or(i64::MAX));
    }

    /// Retries due entries of the retry queue. Continues as long as entries are applied, because each applied entry may free entries that waited
    /// behind it.
    async fn retry_queued(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        while self.waiting.is_empty() && !self.stop.is_cancelled() {
            let due = self.retry_queue.due(Instant::now(), BATCH);
            if due.is_empty() {
                break;
            }
            // claiming the entries again increments their delivery count
            let found = entries(&self.own(&due).query_async(connection).await?);
            let there: HashSet<EntryId> = found.iter().map(|entry| entry.id).collect();
            due.into_iter().filter(|id| !there.contains(id)).for_each(|id| self.retry_queue.done(id));
            let before = self.stream.status.applied.get();
            self.take(connection, found).await?;
            if self.stream.status.applied.get() == before {
                break;
            }
            self.retry_queue.make_due(Instant::now());
        }
        Ok(())
    }

    /// Applies entries, and acknowledges and deletes the committed entries. Failed entries go to the retry queue, or wait if no entry can be
    /// applied.
    async fn take(&mut self, connection: &mut MultiplexedConnection, taken: Vec<Entry>) -> RedisResult<()> {
        let now = self.app.clock.now();
        let (mut part, mut events) = (Vec::new(), 0);
        for entry in taken {
            let read = Read::new(entry, now);
            if events + read.events.len() > EVENTS && !part.is_empty() {
                self.take_part(connection, std::mem::take(&mut part)).await?;
                events = 0;
            }
            events += read.events.len();
            part.push(read);
        }
        self.take_part(connection, part).await
    }

    async fn take_part(
        &mut self,
        connection: &mut MultiplexedConnection,
        part: Vec<Read>,
    ) -> RedisResult<()> {
        let mut free = Vec::with_capacity(part.len());
        for read in part {
            if !self.waiting.is_empty() {
                // no entry can be applied now, so keep the entries in order
                self.waiting.push(read.entry);
            } else if self.retry_queue.is_blocked(read.entry.id, &read.about) {
                self.retry_queue.wait(read.entry.id, read.about, Instant::now());
            } else {
                free.push(read);
            }
        }
        if free.is_empty() {
            return Ok(());
        }
        let results = self.heart.during(self.apply(&free)).await;
        let (mut done, mut failed) = (Vec::with_capacity(free.len()), Vec::new());
        for (read, result) in free.into_iter().zip(results) {
            match result {
                Ok(results) => {
                    results.iter().for_each(|result| self.stream.status.event(result.outcome()));
                    self.retry_queue.done(read.entry.id);
                    done.push(read.entry.id.to_string());
                }
                Err(error) => failed.push((read, error)),
            }
        }
        self.requeue(failed, !done.is_empty()).await;
        self.acknowledge(connection, &done).await
    }

    /// Applies entries and returns the results of each entry's events. An entry counts as applied once all of its events are committed. If an entry
    /// fails, it is retried, and its committed events then arrive again as duplicates.
    async fn apply(&self, reads: &[Read]) -> Vec<Result<Vec<EventResult>>> {
        // submit all entries before waiting for the first, so that many entries share one commit
        join_all(reads.iter().map(|read| {
            let span = read.span();
            let (told, begun) = (span.clone(), Instant::now());
            async move {
                let results = self.writer.apply_each(read.events.clone()).await;
                let results: Result<Vec<_>> = results.into_iter().collect();
                let outcome = if results.is_ok() { "ok" } else { "unavailable" };
                request::ended(&told, outcome, begun.elapsed());
                results
            }
            .instrument(span)
        }))
        .await
    }

    /// Puts failed entries into the retry queue, or into `waiting` if no entry can be applied.
    async fn requeue(&mut self, failed: Vec<(Read, Error)>, others_did_not: bool) {
        if failed.is_empty() {
            return;
        }
        self.stream.status.failed.inc_by(failed.len() as u64);
        let is_transient =
            |error: &Error| matches!(error, Error::Overloaded(_)) || error.is_connection_lost();
        // if no entry was applied, check whether any entry can be applied
        let works = others_did_not || self.can_apply().await;
        let now = Instant::now();
        for (read, error) in failed {
            let entry = read.entry.id;
            if works || !is_transient(&error) {
                tracing::warn!(%entry, %error, "an entry of the stream could not be applied; it will be retried");
                self.retry_queue.failed(entry, read.about, now);
            } else {
                if self.waiting.is_empty() {
                    tracing::warn!(%error, "entries of the stream cannot be applied now; they will be retried");
                }
                self.waiting.push(read.entry);
            }
        }
    }

    async fn can_apply(&self) -> bool {
        self.writer.room().0 > 0 && self.app.database.check(&self.app.store).await.ok
    }

    async fn acknowledge(&self, connection: &mut MultiplexedConnection, done: &[String]) -> RedisResult<()> {
        self.update_gauge();
        if done.is_empty() {
            return Ok(());
        }
        let (stream, group) = (&self.stream.stream, &self.stream.group);
        // The two commands are not one transaction, because Redis does not replay a transaction from its append-only file if the rights of the user
        // "default" are restricted. If a node dies between the two commands, the entry is acknowledged but not deleted, and `recover` finds the
        // entry.
        let mut both = redis::pipe();
        both.cmd("XACK").arg(stream).arg(group).arg(done).ignore();
        both.cmd("XDEL").arg(stream).arg(done).ignore();
        both.query_async::<()>(connection).await?;
        self.stream.status.applied.inc_by(done.len() as u64);
        Ok(())
    }
}

impl Read {
    fn new(entry: Entry, now: DateTime<Utc>) -> Self {
        let events = entry.events(now);
        let about = events.iter().filter_map(|event| event.body.reference()).collect();
        Self { entry, events, about }
    }

    /// The span in which this entry is applied. The span adds the entry's id to logs and continues the entry's trace.
    fn span(&self) -> Span {
        let id = self.entry.id.to_string();
        let span = request::span("stream", &RequestId::of(Some(id.as_bytes())));
        span.record("operation", "events");
        trace::adopt(&span, self.entry.trace());
        span
    }
}
