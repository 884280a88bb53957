//! Delivers events to thousands of subscribers. Compares callshop's throughput through Redis with that of a bare relay, and measures latency from the
//! hook's response to subscribers on two nodes.

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
/// Prefixes of the channel names in the three measurements: callshop, the relay, and callshop with subscribers that share no text.
const CHANNELS: [&str; 3] = ["ours:", "relay:", "alone:"];

/// Options of the measurement.
#[derive(Args, Clone, Copy, Debug)]
pub struct Plan {
    /// Number of callshops.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    shops: u32,
    /// Number of subscribers of each callshop. If a callshop has more than one subscriber, callshop is also measured with a different document for
    /// each subscriber, so that the subscribers of a callshop cannot share the text of an event.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    each: u32,
    /// Number of deliveries per turn: each event is delivered to every subscriber of its callshop.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..))]
    events: u64,
    /// Number of turns that callshop and the relay each take. The reported ratios are medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
}

/// Results of a turn.
#[derive(Clone, Copy, Debug)]
struct Turn {
    rate: f64,
    /// Processor time of the server process per delivery, in microseconds.
    micros: f64,
}

/// One of the servers, under load.
struct Side {
    name: &'static str,
    process: Process,
    received: Arc<AtomicU64>,
    channel: String,
    /// Number of subscribers of each callshop.
    each: u64,
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
    let seeded = runtime.block_on(seed::seed(&url, plan.shops, 0))?;
    let seeded = Arc::new(seeded);
    let open = |name, way, channel| {
        let process = match way {
            Way::Relay => Process::relay(&redis, channel)?,
            Way::Graphql | Way::Alone => Process::node(&url, &redis, channel, &[])?,
        };
        Side::open(&runtime, (name, channel), process, (way, plan.each), &seeded)
    };
    let mut sides =
        vec![open("callshop", Way::Graphql, CHANNELS[0])?, open("bare relay", Way::Relay, CHANNELS[1])?];
    if plan.each > 1 {
        sides.push(open("not shared", Way::Alone, CHANNELS[2])?);
    }
    println!(
        "fan-out: {} callshops with {} subscribers each, one event per callshop in turn, through Redis\n",
        plan.shops, plan.each
    );
    println!("{:<11} {:>10} {:>16}", "", "deliveries", "CPU per delivery");
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let mut turns = Vec::new();
        for side in &mut sides {
            let turn = side.turn(&runtime, &redis, &seeded, plan.events)?;
            println!("{:<11} {:>8.0}/s {:>13.1} µs", side.name, turn.rate, turn.micros);
            turns.push(turn);
        }
        rounds.push(turns);
    }
    report(&sides, &rounds);
    Ok(())
}

/// Prints the medians of the rounds' ratios. Each round has one turn per side, in the order of `sides`.
fn report(sides: &[Side], rounds: &[Vec<Turn>]) {
    let median = |side: usize, of: fn(&Turn) -> f64| {
        let ratio = |turns: &Vec<Turn>| of(&turns[0]) / of(&turns[side]);
        let mut all: Vec<f64> = rounds.iter().map(ratio).collect();
        all.sort_unstable_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (rate, cpu) = (median(1, |turn| turn.rate), median(1, |turn| turn.micros));
    println!("\nmemory per subscriber: {:.1} KiB, relay {:.1} KiB", sides[0].kibibytes, sides[1].kibibytes);
    verdict("rate", &format!("{rate:.2}x, at least 0.85x the relay's"), rate >= 0.85);
    verdict("CPU per event", &format!("{cpu:.2}x, at most 1.5x the relay's"), cpu <= 1.5);
    if sides.len() > 2 {
        let cpu = median(2, |turn| turn.micros);
        verdict(
            "CPU per event",
            &format!("{cpu:.2}x, at most 0.5x of what it takes without sharing"),
            cpu <= 0.5,
        );
    }
    verdict("memory per subscriber", "at most 16 KiB", sides[0].kibibytes <= 16.0);
}

fn verdict(what: &str, bar: &str, met: bool) {
    println!("bar: {what} {bar}: {}", if met { "met" } else { "MISSED" });
}

impl Side {
    fn open(
        runtime: &Runtime,
        (name, channel): (&'static str, &str),
        process: Process,
        (way, each): (Way, u32),
        seeded: &Arc<Seeded>,
    ) -> Result<Self> {
        let received = Arc::new(AtomicU64::new(0));
        let before = process.usage()?;
        let counter = received.clone();
        let count = move |_: usize| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let all: Vec<usize> = (0..each).flat_map(|_| 0..seeded.shops.len()).collect();
        let subscribers = all.len() as f64;
        runtime.block_on(watchers::open(way, process.http, seeded.clone(), all, Arc::new(count)))?;
        let after = process.usage()?;
        // with few subscribers, the process may have returned more memory to the system than the subscribers need
        let grown = after.resident.saturating_sub(before.resident);
        let kibibytes = grown as f64 / 1024.0 / subscribers;
        let channel = format!("{channel}activity");
        Ok(Self { name, process, received, channel, each: u64::from(each), kibibytes, had: 0 })
    }

    fn turn(
        &mut self,
        runtime: &Runtime,
        redis: &RedisServer,
        seeded: &Seeded,
        deliveries: u64,
    ) -> Result<Turn> {
        let shops = seeded.shops.len() as u64;
        let rounds = deliveries.div_ceil(shops * self.each);
        let deliveries = rounds * shops * self.each;
        let begin = self.process.usage()?;
        let start = Instant::now();
        runtime.block_on(self.publish(redis, seeded, rounds * shops))?;
        let took = start.elapsed();
        let Usage { processor, .. } = self.process.usage()?;
        self.had += i64::try_from(rounds)?;
        let spent = processor.saturating_sub(begin.processor);
        let rate = deliveries as f64 / took.as_secs_f64();
        Ok(Turn { rate, micros: spent.as_secs_f64() * 1e6 / deliveries as f64 })
    }

    /// Publishes this number of events, one for each shop in turn, and waits until all events have arrived at all subscribers.
    async fn publish(&self, redis: &RedisServer, seeded: &Seeded, events: u64) -> Result<()> {
        let mut connection = redis.client()?.get_multiplexed_async_connection().await?;
        let shops = seeded.shops.len() as u64;
        let first = self.received.load(Ordering::Relaxed);
        // a write causes the same number of deliveries, however many subscribers a shop has
        let write_size = (WRITE / self.each).max(1);
        let mut sent = 0;
        while sent < events {
            self.arrived(first + sent * self.each, WINDOW).await?;
            let mut write = redis::pipe();
            for number in sent..(sent + write_size).min(events) {
                let (round, shop) = (i64::try_from(number / shops)?, usize::try_from(number % shops)?);
                let row = activity::Model {
                    callshop_id: seeded.shops[shop],
                    seq: self.had + round + 1,
                    payload: seeded.payload(shop),
                    ..seeded.sample.clone()
                };
                let message = app::feed::message::of_activity(uuid::Uuid::nil(), &row, "");
                write.cmd("PUBLISH").arg(&self.channel).arg(message).ignore();
            }
            write.query_async::<()>(&mut connection).await?;
            sent = (sent + write_size).min(events);
        }
        self.arrived(first + events * self.each, 0).await
    }

    /// Waits until at most `missing` of the `sent` events have not arrived yet.
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
