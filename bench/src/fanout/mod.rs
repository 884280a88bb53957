//! Delivers events to thousands of subscribers. Compares throughput through Redis with a bare relay, and measures latency from the hook's
//! response to subscribers on two nodes.

mod latency;
mod processes;
mod relay;
mod seed;
mod watchers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use entity::activity;
use tokio::runtime::Runtime;

pub use latency::{LatencyPlan, latency};
pub use relay::{RelayArgs, relay};

use crate::database::Databases;
use crate::{Backend, Result};
use processes::{Process, RedisServer, Usage};
use seed::Seeded;
use watchers::Way;

/// Maximum number of events that are published but have not arrived. Additional events would only wait in Redis.
const WINDOW: u64 = 2_000;
/// Number of events published per write.
const WRITE: u64 = 50;
/// Maximum time without an arrival before the run is abandoned.
const PATIENCE: Duration = Duration::from_secs(20);
/// Prefixes of the channel names of callshop and of the relay.
const CHANNELS: [&str; 2] = ["ours:", "relay:"];

/// Options of the measurement.
#[derive(Args, Clone, Copy, Debug)]
pub struct Plan {
    /// Number of subscribers. Each subscriber watches its own callshop.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    subscribers: u32,
    /// Number of events per turn. Each event is for one subscriber.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..))]
    events: u64,
    /// Turns of callshop and the relay. The reported ratios are medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
}

/// Results of a turn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    rate: f64,
    /// Processor time of the server process per event, in microseconds.
    micros: f64,
}

/// One of the two servers, under load.
struct Side {
    name: &'static str,
    process: Process,
    received: Arc<AtomicU64>,
    channel: String,
    /// Resident memory per subscriber in KiB.
    kibibytes: f64,
    /// Number of events that each subscriber has received.
    had: i64,
}

/// `callshop-bench fan-out`.
pub fn fan_out(plan: &Plan) -> Result<()> {
    let databases = Databases::start(Backend::Postgres, 0, false)?;
    let redis = RedisServer::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let url = databases.create("callshop")?;
    let seeded = runtime.block_on(seed::seed(&url, plan.subscribers, 0))?;
    let seeded = Arc::new(seeded);
    let node = Process::node(&url, &redis, CHANNELS[0], &[])?;
    let relay = Process::relay(&redis, CHANNELS[1])?;
    let mut ours = Side::open(&runtime, "callshop", node, CHANNELS[0], Way::Graphql, &seeded)?;
    let mut theirs = Side::open(&runtime, "bare relay", relay, CHANNELS[1], Way::Relay, &seeded)?;
    println!("fan-out: {} subscribers, one event per subscriber in turn, through Redis\n", plan.subscribers);
    println!("{:<11} {:>10} {:>14}", "", "rate", "CPU per event");
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let turns = (
            ours.turn(&runtime, &redis, &seeded, plan.events)?,
            theirs.turn(&runtime, &redis, &seeded, plan.events)?,
        );
        for (name, turn) in [(ours.name, turns.0), (theirs.name, turns.1)] {
            println!("{name:<11} {:>8.0}/s {:>11.1} µs", turn.rate, turn.micros);
        }
        rounds.push(turns);
    }
    let median = |of: fn(&(Turn, Turn)) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_unstable_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let rate = median(|(ours, theirs)| ours.rate / theirs.rate);
    let cpu = median(|(ours, theirs)| ours.micros / theirs.micros);
    println!("\nmemory per subscriber: {:.1} KiB, relay {:.1} KiB", ours.kibibytes, theirs.kibibytes);
    verdict("rate", &format!("{rate:.2}x, at least 0.85x the relay's"), rate >= 0.85);
    verdict("CPU per event", &format!("{cpu:.2}x, at most 1.3x the relay's"), cpu <= 1.3);
    verdict("memory per subscriber", "at most 16 KiB", ours.kibibytes <= 16.0);
    Ok(())
}

fn verdict(what: &str, bar: &str, met: bool) {
    println!("bar: {what} {bar}: {}", if met { "met" } else { "MISSED" });
}

impl Side {
    fn open(
        runtime: &Runtime,
        name: &'static str,
        process: Process,
        channel: &str,
        way: Way,
        seeded: &Arc<Seeded>,
    ) -> Result<Self> {
        let received = Arc::new(AtomicU64::new(0));
        let before = process.usage()?;
        let counter = received.clone();
        let count = move |_: usize| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let all = (0..seeded.shops.len()).collect();
        runtime.block_on(watchers::open(way, process.http, seeded.clone(), all, Arc::new(count)))?;
        let after = process.usage()?;
        // with few subscribers, the process may have returned more memory than the subscribers need
        let grown = after.resident.saturating_sub(before.resident);
        let kibibytes = grown as f64 / 1024.0 / seeded.shops.len() as f64;
        Ok(Self { name, process, received, channel: format!("{channel}activity"), kibibytes, had: 0 })
    }

    fn turn(&mut self, runtime: &Runtime, redis: &RedisServer, seeded: &Seeded, events: u64) -> Result<Turn> {
        let shops = seeded.shops.len() as u64;
        let each = events.div_ceil(shops);
        let begin = self.process.usage()?;
        let start = Instant::now();
        let goal = self.received.load(Ordering::Relaxed) + each * shops;
        runtime.block_on(self.publish(redis, seeded, each, goal))?;
        let took = start.elapsed();
        let Usage { processor, .. } = self.process.usage()?;
        self.had += i64::try_from(each)?;
        let events = (each * shops) as f64;
        let spent = processor.saturating_sub(begin.processor);
        Ok(Turn { rate: events / took.as_secs_f64(), micros: spent.as_secs_f64() * 1e6 / events })
    }

    /// Publishes `each` events for every shop, and waits until all events have arrived.
    async fn publish(&self, redis: &RedisServer, seeded: &Seeded, each: u64, goal: u64) -> Result<()> {
        let mut connection = redis.client()?.get_multiplexed_async_connection().await?;
        let shops = seeded.shops.len() as u64;
        let first = goal - each * shops;
        let mut sent = 0;
        while sent < each * shops {
            self.arrived(first + sent, WINDOW).await?;
            let mut write = redis::pipe();
            for number in sent..(sent + WRITE).min(each * shops) {
                let (round, shop) = (i64::try_from(number / shops)?, usize::try_from(number % shops)?);
                let row = activity::Model {
                    callshop_id: seeded.shops[shop],
                    seq: self.had + round + 1,
                    ..seeded.sample.clone()
                };
                let message = app::feed::message::of_activity(uuid::Uuid::nil(), &row, "");
                write.cmd("PUBLISH").arg(&self.channel).arg(message).ignore();
            }
            write.query_async::<()>(&mut connection).await?;
            sent = (sent + WRITE).min(each * shops);
        }
        self.arrived(goal, 0).await
    }

    /// Waits until all but at most `missing` of the `sent` events have arrived.
    async fn arrived(&self, sent: u64, missing: u64) -> Result<()> {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            let received = self.received.load(Ordering::Relaxed);
            if received + missing >= sent {
                return Ok(());
            }
            if received != last {
                (last, since) = (received, Instant::now());
            } else if since.elapsed() > PATIENCE {
                return Err(format!("{}: only {received} of {sent} events arrived", self.name).into());
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }
}
