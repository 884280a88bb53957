//! Makes calls at a fixed rate from simulated proxies. Each simulated proxy asks the hook as the real proxy does, gives up after three seconds, and
//! keeps its events until they are accepted. Two of the proxies post their events. Two other proxies write their events to Redis, and post events
//! while Redis does not respond.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::crash::Random;
use crate::server::HOOK_SECRET;
use crate::shop::{event, micros, text, unique};

/// Maximum time that a proxy waits for the response to a batch of events.
const PATIENCE: Duration = Duration::from_secs(3);
/// Number of simulated proxies, each with its own queue.
const PROXIES: usize = 4;
/// Proxies from this index on write to Redis.
const BY_STREAM: usize = 2;
/// Timeout of a write to Redis.
const REDIS_PATIENCE: Duration = Duration::from_secs(1);
/// Time that the nodes have to read an event from the stream before its phone counts as free again.
const READING: Duration = Duration::from_millis(1_200);
/// Maximum number of events in a batch.
const BATCH: usize = 50;

/// Result of a call attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// No response arrived in time. The phone got 503, and the API got an event that says that the API's response was not used.
    GivenUp,
    /// The API refused the call attempt with this error code.
    Refused(String),
    /// The phone rang without an answer.
    Failed,
    /// The call was answered, with this start and end of the conversation by the proxy's clock.
    Talked(DateTime<Utc>, DateTime<Utc>),
}

/// The record of all responses, for comparison with the database.
#[derive(Default)]
pub(super) struct Notes {
    /// Results by `request_id`.
    pub(super) calls: BTreeMap<String, Outcome>,
    /// Accepted events, by `eid`.
    pub(super) events: BTreeMap<String, &'static str>,
    /// Attempts that did not become calls, with the reason.
    pub(super) failed: Vec<(Instant, String)>,
}

/// How the simulated proxies deliver events: in order and once, or as badly as docs/hook.md allows.
#[derive(Default)]
pub(super) struct Manners {
    pub(super) bad: AtomicBool,
}

/// The load generator.
pub(super) struct Load {
    pub(super) notes: Mutex<Notes>,
    pub(super) manners: Manners,
    pub(super) attempts: AtomicU64,
    /// Number of attempts that were skipped because no phone was free. Because of these attempts, the actual load is lower than planned.
    pub(super) missed: AtomicU64,
    pub(super) batches_again: AtomicU64,
    stop: AtomicBool,
    http: reqwest::Client,
    /// How long a proxy waits for the response to an authorization request.
    patience: Duration,
    base: String,
    redis: redis::Client,
    /// Whether Redis has a replica. If there is a replica, it must also confirm each event.
    replicated: bool,
    outboxes: Vec<mpsc::UnboundedSender<Told>>,
    waiting: AtomicU64,
}

/// A queued event. The event's sender is notified when the API has accepted the event.
struct Told {
    event: Value,
    taken: Option<oneshot::Sender<()>>,
    /// Earliest time to send the event.
    at: Instant,
}

impl Load {
    /// Creates the load for the hook and the Redis at these addresses.
    pub(super) fn new(
        hook: SocketAddr,
        (redis, replicated): (SocketAddr, bool),
        seed: u64,
        patience: Duration,
    ) -> Arc<Self> {
        let redis =
            redis::Client::open(format!("redis://proxy:change-me-proxy@{redis}")).expect("an address");
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let (outboxes, queues): (Vec<_>, Vec<_>) = (0..PROXIES).map(|_| mpsc::unbounded_channel()).unzip();
        let load = Arc::new(Self {
            notes: Mutex::default(),
            manners: Manners::default(),
            attempts: AtomicU64::new(0),
            missed: AtomicU64::new(0),
            batches_again: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            http,
            patience,
            base: format!("http://{hook}/kamailio/v1"),
            redis,
            replicated,
            outboxes,
            waiting: AtomicU64::new(0),
        });
        for (index, queue) in queues.into_iter().enumerate() {
            let own = Random(seed ^ u64::try_from(index + 1).expect("a number"));
            tokio::spawn(deliver(load.clone(), queue, index >= BY_STREAM, own));
        }
        load
    }

    /// Makes calls from these phones at `rate` per second until stopped. Returns when all calls have ended and all events have been accepted.
    pub(super) async fn run(self: Arc<Self>, phones: Vec<String>, rate: u32, mut random: Random) {
        let (give_back, mut free) = mpsc::unbounded_channel();
        let count = phones.len();
        for phone in phones {
            drop(give_back.send(phone));
        }
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        while !self.stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            let Ok(phone) = free.try_recv() else {
                self.missed.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let (load, own, give_back) = (self.clone(), Random(random.next()), give_back.clone());
            tokio::spawn(async move {
                load.call(&phone, own).await;
                drop(give_back.send(phone));
            });
        }
        let mut back = 0;
        while back < count {
            free.recv().await;
            back += 1;
        }
        while self.waiting.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Runs one call attempt to its end.
    async fn call(&self, phone: &str, mut random: Random) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let request = unique("request");
        let ask = json!({ "request_id": request, "user": phone, "dialed": "+13055550123", "src": "127.0.0.1:5060",
            "ts": micros(Utc::now()), "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
        let outbox = usize::try_from(random.below(4)).expect("a number");
        let outcome = match self.ask(&ask).await {
            Ok(answer) if answer["allow"] == json!(true) => {
                self.talk(outbox, &answer["ref"], &mut random).await
            }
            Ok(answer) => Outcome::Refused(text(&answer["error"])),
            Err(reason) => {
                let mut told = event(
                    "abandoned",
                    &json!(null),
                    Utc::now(),
                    json!({ "request_id": request, "reason": reason }),
                );
                if let Some(fields) = told.as_object_mut() {
                    fields.remove("ref");
                    fields.remove("handle");
                }
                self.tell(outbox, told).await;
                self.fail(&reason);
                Outcome::GivenUp
            }
        };
        if let Outcome::Refused(code) = &outcome {
            self.fail(code);
        }
        self.notes.lock().expect("the notes").calls.insert(request, outcome);
    }

    fn fail(&self, reason: &str) {
        self.notes.lock().expect("the notes").failed.push((Instant::now(), reason.to_owned()));
    }

    async fn ask(&self, ask: &Value) -> Result<Value, String> {
        let request =
            self.http.post(format!("{}/authorize", self.base)).basic_auth("kamailio", Some(HOOK_SECRET));
        let answered = async {
            let answer = request.json(ask).send().await.map_err(|_| "no connection".to_owned())?;
            if answer.status() != 200 {
                return Err(format!("status {}", answer.status().as_u16()));
            }
            answer.json().await.map_err(|_| "a broken answer".to_owned())
        };
        let late = |_| Err(format!("no answer in {:?}", self.patience));
        tokio::time::timeout(self.patience, answered).await.unwrap_or_else(late)
    }

    async fn talk(&self, outbox: usize, reference: &Value, random: &mut Random) -> Outcome {
        let while_it = |ms: i64| tokio::time::sleep(Duration::from_millis(ms.unsigned_abs()));
        self.send(outbox, event("ringing", reference, Utc::now(), json!({ "to_tag": "tt" })), None);
        while_it(10 + random.below(100)).await;
        if random.one_in(10) {
            self.tell(outbox, event("failed", reference, Utc::now(), json!({ "code": 486, "by": "callee" })))
                .await;
            return Outcome::Failed;
        }
        let answered = Utc::now();
        self.send(outbox, event("answered", reference, answered, json!({ "to_tag": "tt" })), None);
        while_it(50 + random.below(1_500)).await;
        let ended = Utc::now();
        let end = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(answered), "to_tag": "tt" });
        self.tell(outbox, event("ended", reference, ended, end)).await;
        Outcome::Talked(answered, ended)
    }

    fn send(&self, outbox: usize, event: Value, taken: Option<oneshot::Sender<()>>) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let told = Told { event, taken, at: Instant::now() };
        self.outboxes[outbox].send(told).unwrap_or_else(|_| panic!("the queue lives as long as the load"));
    }

    /// Sends an event and waits until it is accepted.
    async fn tell(&self, outbox: usize, event: Value) {
        let (taken, is_taken) = oneshot::channel();
        self.send(outbox, event, Some(taken));
        drop(is_taken.await);
        if outbox >= BY_STREAM {
            tokio::time::sleep(READING).await;
        }
    }

    /// Adds a batch to the stream. Returns whether Redis confirmed the batch.
    async fn add(&self, connection: &mut Option<MultiplexedConnection>, batch: &[Value]) -> bool {
        let adding = async {
            if connection.is_none() {
                *connection = self.redis.get_multiplexed_async_connection().await.ok();
            }
            let mut command = redis::cmd("XADD");
            command.arg("callshop:events").arg("*").arg("events").arg(json!(batch).to_string());
            let connection = connection.as_mut()?;
            command.query_async::<String>(connection).await.ok()?;
            if self.replicated {
                let copied = redis::cmd("WAIT").arg(1).arg(90).query_async::<u32>(connection).await.ok()?;
                return (copied >= 1).then_some(());
            }
            Some(())
        };
        let added = tokio::time::timeout(REDIS_PATIENCE, adding).await.ok().flatten().is_some();
        if !added {
            *connection = None;
        }
        added
    }

    /// Posts a batch until the hook responds.
    async fn insist(&self, batch: &[Value]) -> Vec<String> {
        let url = format!("{}/events", self.base);
        let mut again = false;
        loop {
            let request = self.http.post(&url).basic_auth("kamailio", Some(HOOK_SECRET)).json(batch);
            let answer = request.timeout(PATIENCE).send().await;
            if let Ok(answer) = answer
                && answer.status() == 200
                && let Ok(body) = answer.json::<Value>().await
            {
                let results = body["results"].as_array().expect("results");
                assert_eq!(
                    results.len(),
                    batch.len(),
                    "the hook must return one result for each event: {body}"
                );
                if again {
                    self.batches_again.fetch_add(1, Ordering::Relaxed);
                }
                return results.iter().map(|result| text(&result["status"])).collect();
            }
            again = true;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

/// Delivers one simulated proxy's queue of events. If the load's `manners` are `bad`, the proxy sends events repeatedly, out of order, and late.
async fn deliver(
    load: Arc<Load>,
    mut queue: mpsc::UnboundedReceiver<Told>,
    by_stream: bool,
    mut random: Random,
) {
    let mut connection = None;
    let mut waiting: VecDeque<Told> = VecDeque::new();
    loop {
        if waiting.is_empty() {
            let Some(told) = queue.recv().await else { return };
            waiting.push_back(told);
        }
        while let Ok(told) = queue.try_recv() {
            waiting.push_back(told);
        }
        let bad = load.manners.bad.load(Ordering::Relaxed);
        let now = Instant::now();
        let mut batch: Vec<Told> = Vec::new();
        let mut later = VecDeque::new();
        while let Some(mut told) = waiting.pop_front() {
            if told.at > now || batch.len() == BATCH {
                later.push_back(told);
            } else if bad && told.at + Duration::from_millis(1) > now && random.one_in(5) {
                told.at = now + Duration::from_millis(random.below(4_000).unsigned_abs());
                later.push_back(told);
            } else {
                batch.push(told);
            }
        }
        waiting = later;
        if batch.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        }
        if bad {
            for index in (1..batch.len()).rev() {
                let other = random.below(i64::try_from(index).expect("a number") + 1);
                batch.swap(index, usize::try_from(other).expect("a number"));
            }
        }
        let events: Vec<Value> = batch.iter().map(|told| told.event.clone()).collect();
        let in_stream = by_stream && load.add(&mut connection, &events).await;
        let statuses = match in_stream {
            true => vec!["applied".to_owned(); events.len()],
            false => load.insist(&events).await,
        };
        if bad && random.one_in(2) {
            drop(load.insist(&events).await);
        }
        let mut notes = load.notes.lock().expect("the notes");
        for (told, status) in batch.into_iter().zip(statuses) {
            assert!(
                matches!(status.as_str(), "applied" | "duplicate" | "ignored"),
                "{status}: {}",
                told.event
            );
            notes.events.insert(text(&told.event["eid"]), "taken");
            if let Some(taken) = told.taken {
                let _ = taken.send(());
            }
            load.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
