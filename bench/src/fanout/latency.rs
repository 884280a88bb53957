//! Measures latency from the hook's response to the subscriber. Events go through one node's hook at a steady rate. Some subscribers are on the node
//! with this hook, and the others are on another node.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use clap::Args;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::processes::{Process, RedisServer};
use super::seed::{self, Seeded};
use super::watchers::{self, Way};
use super::{CHANNELS, PATIENCE, verdict};
use crate::database::Databases;
use crate::load::{Connection, request};
use crate::{Backend, Result};

/// Number of callshops with events. The other callshops have subscribers but no events.
const BUSY: u32 = 1_000;
/// Number of connections to the hook.
const CONNECTIONS: u32 = 32;

/// Options of the measurement.
#[derive(Args, Clone, Copy, Debug)]
pub struct LatencyPlan {
    /// Number of subscribers. Each subscriber watches its own callshop. The subscribers are split evenly between two nodes.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(2..=50_000))]
    subscribers: u32,
    /// Events per second. Each request has one event, and all requests go to the first node's hook.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rate: u32,
    /// Length of the run in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
}

/// Event times of one callshop, in order: when the hook responded, and when the subscriber received the event.
#[derive(Default)]
struct Times {
    answered: VecDeque<Instant>,
    arrived: VecDeque<Instant>,
}

struct Run {
    seeded: Arc<Seeded>,
    times: Vec<Mutex<Times>>,
    arrived: AtomicU64,
    next: AtomicU64,
}

/// `callshop-bench latency`.
pub fn latency(plan: &LatencyPlan) -> Result<()> {
    let databases = Databases::start(Backend::Postgres, 0, false)?;
    let redis = RedisServer::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let url = databases.create("callshop")?;
    let seeded =
        Arc::new(runtime.block_on(seed::seed(&url, plan.subscribers, BUSY.min(plan.subscribers)))?);
    let nodes =
        [Process::node(&url, &redis, CHANNELS[0], &[])?, Process::node(&url, &redis, CHANNELS[0], &[])?];
    let run = Arc::new(Run {
        times: (0..seeded.shops.len()).map(|_| Mutex::default()).collect(),
        seeded: seeded.clone(),
        arrived: AtomicU64::new(0),
        next: AtomicU64::new(0),
    });
    for (number, node) in nodes.iter().enumerate() {
        let places = (0..seeded.shops.len()).filter(|place| place % 2 == number).collect();
        let of = run.clone();
        let arrived = Arc::new(move |place: usize| of.arrived(place));
        runtime.block_on(watchers::open(Way::Graphql, node.http, seeded.clone(), places, arrived))?;
    }
    let sent = runtime.block_on(load(&run, &nodes[0], plan))?;
    println!(
        "hook to subscriber: {} subscribers on two nodes, {sent} events at {}/s through the first node's hook\n",
        plan.subscribers, plan.rate
    );
    for (number, (name, bar)) in [("same node", 10), ("other node", 25)].into_iter().enumerate() {
        report(name, bar, run.latencies(number));
    }
    Ok(())
}

fn report(name: &str, bar: u64, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get((latencies.len() * percent / 100).min(latencies.len() - 1));
    let millis = |at: Option<&Duration>| at.map_or(f64::NAN, |at| at.as_secs_f64() * 1e3);
    let p99 = at(99).copied().unwrap_or(Duration::MAX);
    println!(
        "{name:<10} p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms, {} events",
        millis(at(50)),
        millis(Some(&p99)),
        millis(latencies.last()),
        latencies.len()
    );
    verdict(name, &format!("p99 at most {bar} ms"), p99 <= Duration::from_millis(bar));
}

/// Sends events at the planned rate, and waits until all events have arrived.
async fn load(run: &Arc<Run>, node: &Process, plan: &LatencyPlan) -> Result<u64> {
    let connections = CONNECTIONS.min(plan.rate);
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    let mut senders = Vec::new();
    for _ in 0..connections {
        let (run, hook) = (run.clone(), node.hook);
        let every = Duration::from_secs(1) * connections / plan.rate;
        senders.push(tokio::spawn(async move {
            let mut connection = Connection::open(hook).await?;
            let mut ticks = interval(every);
            // late responses must not lower the rate of requests
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut sent = 0;
            while Instant::now() < end {
                ticks.tick().await;
                run.send(&mut connection, hook).await?;
                sent += 1;
            }
            Ok::<u64, Box<dyn std::error::Error + Send + Sync>>(sent)
        }));
    }
    let mut sent = 0;
    for sender in senders {
        sent += sender.await??;
    }
    let last = Instant::now();
    while run.arrived.load(Ordering::Relaxed) < sent {
        if last.elapsed() > PATIENCE {
            return Err(
                format!("only {} of {sent} events arrived", run.arrived.load(Ordering::Relaxed)).into()
            );
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(sent)
}

impl Run {
    /// Reports that a phone registered or unregistered.
    async fn send(&self, connection: &mut Connection, hook: std::net::SocketAddr) -> Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let busy = self.seeded.phones.len() as u64;
        let place = usize::try_from(number % busy)?;
        let kind = if (number / busy).is_multiple_of(2) { "online" } else { "offline" };
        let event = json!([{ "eid": Uuid::new_v4(), "kind": kind, "ts": Utc::now().timestamp_micros().to_string(), "proxy": "bench",
            "user": self.seeded.phones[place] }]);
        let answer = connection.exchange(&request(hook, "events", &event)).await?;
        let answered = Instant::now();
        if !answer.windows(9).any(|nine| nine == b"\"applied\"") {
            return Err(format!("not applied: {}", String::from_utf8_lossy(&answer)).into());
        }
        self.of(place).answered.push_back(answered);
        Ok(())
    }

    fn arrived(&self, place: usize) {
        self.of(place).arrived.push_back(Instant::now());
        self.arrived.fetch_add(1, Ordering::Relaxed);
    }

    fn of(&self, place: usize) -> std::sync::MutexGuard<'_, Times> {
        self.times[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Latencies of the callshops watched on this node. If an event arrived before the hook's response, its latency counts as zero.
    fn latencies(&self, node: usize) -> Vec<Duration> {
        let mut all = Vec::new();
        for place in (0..self.times.len()).filter(|place| place % 2 == node) {
            let times = self.of(place);
            let pairs = times.answered.iter().zip(&times.arrived);
            all.extend(pairs.map(|(answered, arrived)| arrived.saturating_duration_since(*answered)));
        }
        all
    }
}
