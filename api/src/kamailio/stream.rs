//! The proxies' events from a Redis stream: each node reads it as a member of one consumer group.
//!
//! An entry is acknowledged and deleted, in one go, only when its event is committed. So what is in the stream is what is not applied yet:
//! its length is the lag, and an empty stream is a drained one. What a node that died had read is claimed by another after some seconds.
//! An event that comes twice (claimed while its first reader was only slow, or posted by HTTP as well) is dropped by its `eid`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisResult, Value};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::event::{self, MAX_EVENTS};
use crate::app::App;
use crate::app::calls::events::ProxyEvent;
use crate::app::calls::reconcile::Delivery;
use crate::app::calls::writer::CallWriter;
use crate::config::RedisConfig;
use crate::error::{Error, Result};
use crate::health::Check;
use crate::redis_client::{self, PATIENCE, Pauses};

/// The field of an entry that an event is in, as JSON.
const ONE: &[u8] = b"event";
/// The field of an entry with a list of events: what the proxy moves to Redis after an outage.
const MANY: &[u8] = b"events";
/// Entries read at once.
const BATCH: usize = 64;
/// How long a read waits for entries; a stop, and whatever is to be done from time to time, waits for it.
const BLOCK: Duration = Duration::from_secs(1);
/// Pauses while events cannot be applied: the database is away, or too much is waiting.
const AGAIN: Duration = Duration::from_millis(500);
/// A consumer that was silent for so many times the claiming time is dead.
const DEAD: u32 = 12;
/// How long reconciliation waits for what is on its way.
const SOON: Duration = Duration::from_secs(1);
/// Longest value; the proxy's lists have less than 64 KiB.
const MAX_VALUE: usize = 64 * 1024;
/// What is kept of one that is longer.
const KEPT: usize = 1_000;

/// The stream, as this node sees it.
pub struct EventStream {
    client: Client,
    stream: String,
    group: String,
    /// This process: another name after each start, so that nobody takes the place of one that is still there.
    consumer: String,
    claim: Duration,
    /// How it goes.
    pub status: StreamStatus,
}

/// Counters and state of the stream; clones count the same.
#[derive(Debug, Default)]
pub struct StreamStatus {
    /// 1 while the stream is being read.
    pub up: Gauge,
    /// Entries that no node has applied yet, at the last look, which is every few seconds.
    pub waiting: Gauge,
    /// Entries applied and acknowledged by this node.
    pub applied: Counter,
    /// Events in them, doubles included.
    pub events: Counter,
    /// Entries taken over from a node that left them.
    pub claimed: Counter,
    /// Entries that could not be applied at once; they are tried again.
    pub failed: Counter,
}

impl StreamStatus {
    /// Adds all of it to what is told to Prometheus.
    pub fn register(&self, registry: &mut Registry) {
        let mut counter =
            |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
        counter("events_stream_applied", "Entries applied and acknowledged", &self.applied);
        counter("events_stream_events", "Events in them, doubles included", &self.events);
        counter("events_stream_claimed", "Entries taken over from a node that left them", &self.claimed);
        counter("events_stream_failed", "Entries that could not be applied at once", &self.failed);
        registry.register("events_stream_up", "Whether the stream is being read", self.up.clone());
        let help = "Entries that no node has applied yet";
        registry.register("events_stream_waiting_entries", help, self.waiting.clone());
    }

    fn note(&self) -> Check {
        match self.up.get() {
            1 => Check::ok(format!("{} entries waiting", self.waiting.get())),
            _ => Check::failed("it cannot be read: events wait in Redis"),
        }
    }
}

/// A place in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(String);

impl EventStream {
    /// The stream of the configuration, if it names one. Connects to nothing yet.
    ///
    /// # Errors
    /// A fault: the configured Redis is none.
    pub fn new(config: &RedisConfig) -> Result<Option<Self>> {
        let client = redis_client::client(config).map_err(Error::fault)?;
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
    /// Redis does not answer: nobody knows.
    pub async fn drained(&self) -> Result<bool> {
        let mut connection = self.connect().await.map_err(Error::fault)?;
        let length: u64 = self.command("XLEN").query_async(&mut connection).await.map_err(Error::fault)?;
        Ok(length == 0)
    }

    /// Where the stream ends now. Under load a stream is never empty; [`Self::applied_through`] still becomes true.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn end(&self) -> Result<Position> {
        let last = self.ids("XREVRANGE", "+", "-").await?;
        Ok(Position(last.into_iter().next().unwrap_or_else(|| "0-0".to_owned())))
    }

    /// Whether every event up to there, that one included, is applied.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn applied_through(&self, position: &Position) -> Result<bool> {
        Ok(self.ids("XRANGE", "-", &position.0).await?.is_empty())
    }

    async fn ids(&self, command: &str, from: &str, to: &str) -> Result<Vec<String>> {
        let mut connection = self.connect().await.map_err(Error::fault)?;
        let mut range = self.command(command);
        let answer = range.arg(from).arg(to).arg("COUNT").arg(1).query_async::<Value>(&mut connection).await;
        Ok(entries(&answer.map_err(Error::fault)?).into_iter().map(|entry| entry.id).collect())
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
}

impl Delivery for EventStream {
    /// What was handed over before the question; under load there is always something that came after it. Waits a moment for it.
    fn drained<'a>(&'a self, _proxy: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async {
            let end = self.end().await?;
            let until = Instant::now() + SOON;
            while !self.applied_through(&end).await? {
                if Instant::now() >= until {
                    return Ok(false);
                }
                tokio::time::sleep(SOON / 20).await;
            }
            Ok(true)
        })
    }
}

/// Reads the stream until `stop`; nothing where none is configured. What was read by then is applied and acknowledged, or left for the
/// other nodes.
pub async fn run(app: Arc<App>, writer: CallWriter, stop: CancellationToken) {
    let Some(stream) = &app.proxy_events else { return };
    let reader = Reader { app: &app, stream, writer, stop: stop.clone() };
    let seen = stream.clone();
    app.health.note("events_stream", move || seen.status.note());
    let (mut pauses, mut told) = (Pauses::default(), false);
    while let Err(error) = reader.session(&mut pauses).await {
        // once an outage; the first time also when it never was up
        if stream.status.up.set(0) == 1 || !std::mem::replace(&mut told, true) {
            tracing::warn!(%error, "the proxies' events cannot be read from Redis: they wait there");
        }
        tokio::select! {
            () = tokio::time::sleep(pauses.pause()) => {}
            () = stop.cancelled() => return,
        }
    }
    stream.status.up.set(0);
}

struct Reader<'a> {
    app: &'a App,
    stream: &'a EventStream,
    writer: CallWriter,
    stop: CancellationToken,
}

impl Reader<'_> {
    /// One connection, until it breaks; `Ok` at a stop.
    async fn session(&self, pauses: &mut Pauses) -> RedisResult<()> {
        let mut connection = self.stream.connect().await?;
        self.make_group(&mut connection).await?;
        // what a session before this one read and could not acknowledge
        let mut retry = true;
        let mut look = Instant::now();
        while !self.stop.is_cancelled() {
            if retry {
                retry = !self.take_own(&mut connection).await?;
            }
            if Instant::now() >= look {
                self.look_after(&mut connection).await?;
                look = Instant::now() + self.stream.claim / 2;
            }
            if retry {
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    () = self.stop.cancelled() => {}
                }
                continue;
            }
            let new = self.read(&mut connection, ">").await?;
            if self.stream.status.up.set(1) == 0 {
                tracing::info!("the proxies' events are read from Redis");
            }
            *pauses = Pauses::default();
            retry = !self.take(&mut connection, new).await?;
        }
        if retry {
            // what we could not apply is taken over by another node, which then removes us
            return Ok(());
        }
        // a name that will not come again
        self.remove(&mut connection, &self.stream.consumer).await
    }

    /// From the beginning: what was there before the group was is to be applied, too.
    async fn make_group(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut create = redis::cmd("XGROUP");
        create.arg("CREATE").arg(&self.stream.stream).arg(&self.stream.group).arg("0").arg("MKSTREAM");
        match create.query_async::<()>(connection).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            _ => Ok(()),
        }
    }

    /// Entries that nobody has read (`>`), or this consumer's own after an id.
    async fn read(&self, connection: &mut MultiplexedConnection, after: &str) -> RedisResult<Vec<Entry>> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.stream.group).arg(&self.stream.consumer).arg("COUNT").arg(BATCH);
        if after == ">" {
            read.arg("BLOCK").arg(BLOCK.as_millis() as u64);
        }
        read.arg("STREAMS").arg(&self.stream.stream).arg(after);
        Ok(match read.query_async::<Value>(connection).await? {
            // stream → entries
            Value::Map(streams) => streams.first().map(|(_, list)| entries(list)).unwrap_or_default(),
            _ => Vec::new(),
        })
    }

    /// Applies what this consumer has read and not acknowledged; whether nothing of it is left.
    async fn take_own(&self, connection: &mut MultiplexedConnection) -> RedisResult<bool> {
        let (mut all, mut after) = (true, "0".to_owned());
        while !self.stop.is_cancelled() {
            let own = self.read(connection, &after).await?;
            let Some(last) = own.last() else { break };
            after.clone_from(&last.id);
            all &= self.take(connection, own).await?;
        }
        Ok(all)
    }

    /// What is to be done from time to time: taking over what others left, counting, removing who is dead.
    async fn look_after(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut cursor = "0-0".to_owned();
        loop {
            let mut claim = self.stream.command("XAUTOCLAIM");
            claim
                .arg(&self.stream.group)
                .arg(&self.stream.consumer)
                .arg(self.stream.claim.as_millis() as u64);
            let answer: Vec<Value> =
                claim.arg(&cursor).arg("COUNT").arg(BATCH).query_async(connection).await?;
            let claimed = answer.get(1).map(entries).unwrap_or_default();
            self.stream.status.claimed.inc_by(claimed.len() as u64);
            self.take(connection, claimed).await?;
            cursor = answer.first().and_then(text).unwrap_or_default();
            if cursor.is_empty() || cursor == "0-0" || self.stop.is_cancelled() {
                break;
            }
        }
        let waiting: i64 = self.stream.command("XLEN").query_async(connection).await?;
        self.stream.status.waiting.set(waiting);
        self.bury(connection).await
    }

    /// Removes consumers that left nothing behind and were silent for long.
    async fn bury(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let mut info = redis::cmd("XINFO");
        info.arg("CONSUMERS").arg(&self.stream.stream).arg(&self.stream.group);
        let consumers: Vec<std::collections::HashMap<String, Value>> = info.query_async(connection).await?;
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
    async fn remove(&self, connection: &mut MultiplexedConnection, consumer: &str) -> RedisResult<()> {
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

    /// Applies entries, and acknowledges and deletes those that are committed; whether all are.
    async fn take(&self, connection: &mut MultiplexedConnection, taken: Vec<Entry>) -> RedisResult<bool> {
        if taken.is_empty() {
            return Ok(true);
        }
        let now = self.app.clock.now();
        let mut events: Vec<Vec<ProxyEvent>> = taken.iter().map(|entry| entry.events(now)).collect();
        let counts: Vec<usize> = events.iter().map(Vec::len).collect();
        let mut results = self.writer.apply_each(events.drain(..).flatten().collect()).await.into_iter();
        let mut error = None;
        let mut done = Vec::with_capacity(taken.len());
        let mut committed = 0;
        for (entry, count) in taken.iter().zip(counts) {
            // an entry is acknowledged when all of it is committed; the rest of it comes again as doubles
            let failed = results.by_ref().take(count).filter_map(Result::err).last();
            match failed {
                None => {
                    done.push(entry.id.as_str());
                    committed += count as u64;
                }
                failed => error = failed,
            }
        }
        let failed = (taken.len() - done.len()) as u64;
        if let Some(error) = error {
            self.stream.status.failed.inc_by(failed);
            tracing::warn!(%error, failed, "entries of the stream could not be applied: they are tried again");
        }
        if !done.is_empty() {
            let (stream, group) = (&self.stream.stream, &self.stream.group);
            let mut both = redis::pipe();
            both.atomic().cmd("XACK").arg(stream).arg(group).arg(&done).ignore();
            both.cmd("XDEL").arg(stream).arg(&done).ignore();
            both.query_async::<()>(connection).await?;
            self.stream.status.applied.inc_by(done.len() as u64);
            self.stream.status.events.inc_by(committed);
        }
        Ok(failed == 0)
    }
}

/// One entry of the stream.
struct Entry {
    id: String,
    /// Names and values in turn; none of an entry that was deleted while somebody had it.
    fields: Vec<Vec<u8>>,
}

impl Entry {
    /// The events in it; what is none is kept as one that was not understood.
    fn events(&self, now: DateTime<Utc>) -> Vec<ProxyEvent> {
        let pair = self.fields.chunks_exact(2).find(|pair| pair[0] == ONE || pair[0] == MANY);
        let Some([name, value]) = pair else {
            return vec![event::parse(self.as_text(&self.fields.join(&b' ')), now)];
        };
        let parsed = match value.len() <= MAX_VALUE {
            true => serde_json::from_slice(value).ok(),
            false => None,
        };
        match parsed {
            Some(serde_json::Value::Array(items)) if name == MANY && items.len() <= MAX_EVENTS => {
                items.into_iter().map(|item| event::parse(item, now)).collect()
            }
            Some(item) if name == ONE => vec![event::parse(item, now)],
            _ => vec![event::parse(self.as_text(value), now)],
        }
    }

    /// With the entry's id: the same garbage in another entry is another event.
    fn as_text(&self, bytes: &[u8]) -> serde_json::Value {
        let text: String = String::from_utf8_lossy(bytes).chars().take(KEPT).collect();
        format!("entry {} of the stream: {text}", self.id).into()
    }
}

/// The entries in an answer: a list of id and fields.
fn entries(list: &Value) -> Vec<Entry> {
    let Value::Array(list) = list else { return Vec::new() };
    let entry = |entry: &Value| {
        let Value::Array(parts) = entry else { return None };
        let id = parts.first().and_then(text)?;
        let fields = match parts.get(1) {
            Some(Value::Array(fields)) => fields.iter().map(bytes).collect(),
            _ => Vec::new(),
        };
        Some(Entry { id, fields })
    };
    list.iter().filter_map(entry).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::BulkString(bytes) => bytes.clone(),
        Value::SimpleString(text) => text.clone().into_bytes(),
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> Option<String> {
    String::from_utf8(bytes(value)).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::app::calls::events::EventBody;

    fn read(id: &str, fields: &[&[u8]]) -> Vec<ProxyEvent> {
        let fields = fields.iter().map(|field| field.to_vec()).collect();
        Entry { id: id.to_owned(), fields }.events(DateTime::UNIX_EPOCH)
    }

    fn boot(eid: &str) -> serde_json::Value {
        json!({ "eid": eid, "kind": "boot", "ts": "1", "proxy": "p" })
    }

    #[test]
    fn an_entry_has_one_event_or_a_list_of_them() {
        let keys = |events: Vec<ProxyEvent>| -> Vec<String> {
            assert!(events.iter().all(|event| event.body == EventBody::Boot), "{events:?}");
            events.into_iter().map(|event| event.eid).collect()
        };
        let one = boot("b").to_string();
        assert_eq!(keys(read("1-0", &[b"other", b"x", ONE, one.as_bytes()])), ["b"]);
        let many = json!([boot("b"), boot("c")]).to_string();
        assert_eq!(keys(read("1-0", &[MANY, many.as_bytes()])), ["b", "c"]);
        assert!(read("1-0", &[MANY, b"[]"]).is_empty());
    }

    #[test]
    fn what_is_no_event_is_kept_with_its_place() {
        let one = boot("b").to_string();
        let too_many = json!(vec![boot("b"); MAX_EVENTS + 1]).to_string();
        let long = vec![b'7'; MAX_VALUE + 1];
        let garbage: [&[&[u8]]; 8] = [
            &[ONE, b"{"],
            &[ONE, b"\xff\x00"],
            &[ONE],
            &[],
            &[b"j", one.as_bytes()],
            &[MANY, one.as_bytes()],
            &[MANY, too_many.as_bytes()],
            &[ONE, &long],
        ];
        for fields in garbage {
            let [first, second] = ["1-0", "1-1"].map(|id| read(id, fields));
            let EventBody::Malformed { body, .. } = &first[0].body else { panic!("{first:?}") };
            assert!(body.to_string().contains("entry 1-0") && body.to_string().len() < 4 * KEPT, "{body}");
            assert_eq!((first.len(), second.len()), (1, 1));
            assert_ne!(first[0].eid, second[0].eid);
        }
    }
}
