//! Injects faults, several at once and drawn from a seed, into the whole topology under load.
//!
//! The topology consists of two nodes (real `callshop serve`), PostgreSQL, Redis, the balancer and the SIP proxy with SIPp's phones, with a
//! relay in every link (`site`). Simulated proxies make calls at a fixed rate (`load`), subscribers follow every callshop (`watchers`), and faults
//! begin and end (`fault`). Afterward (`verify`), every acknowledged event must be stored once and delivered to each subscriber once, in order.
//! Each call must be charged once, to the second. `callshop audit` must pass, and PostgreSQL must have had no deadlock.

mod cluster;
mod database;
pub mod disk;
pub mod fault;
mod load;
mod node;
mod real;
mod redis;
mod site;
pub mod town;
mod verify;
mod watchers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::crash::Random;
use crate::model::prices::Price;

pub use disk::Disk;
pub use fault::Fault;
use load::Load;
use site::{Building, PreparedSite, Site};
use town::Town;
use watchers::{Door, Seen};

/// Prices per second for the customer, the callshop and its reseller (see `crate::shop`).
const RETAIL: Price = by_second(60_000);
const COST: Price = by_second(40_000);
const WHOLESALE: Price = by_second(30_000);

const fn by_second(minute: i64) -> Price {
    Price { minute, first: minute, fee: 0, initial: 1, increment: 1, minimum: 0, free: 0 }
}

/// Parameters of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Time during which faults are injected.
    pub time: Duration,
    /// Calls per second.
    pub rate: u32,
    /// Number of subscribers, spread over the callshops.
    pub subscribers: usize,
    /// Seed for the choice and time of faults.
    pub seed: u64,
    /// Number of sockets for [`Fault::IdleSockets`].
    pub idle: usize,
    /// The faults to inject.
    pub faults: Vec<Fault>,
    /// Use the release build of the server.
    pub release: bool,
    /// Whether PostgreSQL writes to disk before it responds.
    pub fsync: bool,
    /// How long a proxy waits for the response to an authorization request. A shipped proxy waits for [`PROXY_PATIENCE`].
    pub patience: Duration,
}

/// How long a shipped proxy waits for the response to an authorization request.
pub const PROXY_PATIENCE: Duration = Duration::from_secs(3);

/// All running parts.
struct Stage {
    site: Arc<Site>,
    town: Arc<Town>,
    load: Arc<Load>,
    watchers: Vec<Arc<Seen>>,
    /// The `seq` of each callshop when the subscriptions began.
    bases: Vec<i64>,
    over: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    calling: Vec<tokio::task::JoinHandle<()>>,
    real: Arc<real::Real>,
    idle: usize,
    release: bool,
}

/// Injects faults for the time that the plan sets. Returns a summary if every check passed.
///
/// # Errors
/// The error lists the checks that failed.
pub async fn run(plan: &Plan, progress: impl Fn(&str) + Send + Sync) -> Result<String, String> {
    if plan.faults.contains(&Fault::KillPrimary) && plan.faults.contains(&Fault::DiskFull) {
        return Err(
            "kill-primary needs a cluster, but disk-full needs a single PostgreSQL; leave one of the two out"
                .to_owned(),
        );
    }
    let stage = Stage::set(plan, &progress).await;
    let mut random = Random(plan.seed);
    let breaking = fault::schedule(&stage, plan, &mut random, &progress);
    breaking.await?;
    stage.strike(&progress).await
}

/// Stops and starts each node in turn under load, for the time that the plan sets. No request and no call may fail.
///
/// # Errors
/// The error lists the checks that failed.
pub async fn rolling(plan: &Plan, progress: impl Fn(&str) + Send + Sync) -> Result<String, String> {
    let stage = Stage::set(plan, &progress).await;
    let (begun, mut rounds) = (Instant::now(), 0);
    while begun.elapsed() < plan.time || rounds == 0 {
        for linked in &stage.site.nodes {
            let turn = Instant::now();
            let status = linked.node.stop().await;
            let stopped = turn.elapsed();
            if !status.is_some_and(|status| status.success()) {
                return Err(format!(
                    "{} did not stop gracefully: {status:?}\n{}",
                    linked.node.name,
                    linked.node.tail()
                ));
            }
            linked.node.start().await;
            linked.node.ready().await;
            let up = turn.elapsed();
            // the balancer routes to the node again after its next check
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let behind = fault::catch_up(&stage).await?;
            progress(&format!(
                "{}: stopped in {:.1} s, ready after {:.1} s; subscribers have everything ({} ms later)",
                linked.node.name,
                stopped.as_secs_f32(),
                up.as_secs_f32(),
                behind.as_millis()
            ));
        }
        rounds += 1;
    }
    let failed = stage.load.notes.lock().expect("the notes").failed.clone();
    let summary = stage.strike(&progress).await?;
    if !failed.is_empty() {
        let reasons: Vec<&str> = failed.iter().take(10).map(|(_, reason)| reason.as_str()).collect();
        return Err(format!("{} calls failed: {reasons:?}", failed.len()));
    }
    Ok(format!("{rounds} rolling restarts of both nodes, no call failed\n{summary}"))
}

impl Stage {
    async fn set(plan: &Plan, progress: &(impl Fn(&str) + Send + Sync)) -> Self {
        let begun = Instant::now();
        let disk = plan.faults.contains(&Fault::DiskFull);
        let replicated = plan.faults.contains(&Fault::KillPrimary);
        let replicated_redis = plan.faults.contains(&Fault::KillRedisPrimary);
        let building =
            Building { release: plan.release, fsync: plan.fsync, disk, replicated, replicated_redis };
        let prepared = PreparedSite::prepare(&building).await;
        let shop = prepared.office().await;
        // a call occupies its phone for up to three seconds; this number of phones is enough for the rate, and leaves some spare phones in case of
        // delays
        let count = (plan.subscribers / 10).clamp(2, 100);
        let cabins = (usize::try_from(plan.rate).expect("a rate") * 4).div_ceil(count).clamp(2, 100);
        let town = Arc::new(town::build(&shop, count, cabins).await);
        let real = Arc::new(real::Real::prepare(&shop).await);
        shop.server.stop().await;
        let site = Arc::new(prepared.raise().await);
        let redis = (site.redis_address, site.replicated_redis);
        let load = Load::new(site.hook, redis, plan.seed, plan.patience);
        let over = Arc::new(AtomicBool::new(false));
        let conn = site::connect(&site.database).await;
        let bases = verify::heads(&conn, &town).await.expect("the database answers");
        let door = Arc::new(Door { address: site.graphql, token: town.reseller.token().to_owned() });
        let watchers: Vec<_> =
            (0..plan.subscribers).map(|index| Seen::new(index % count, bases[index % count])).collect();
        let mut tasks = vec![tokio::spawn(site.clone().look_after())];
        let mut following = Vec::new();
        for seen in &watchers {
            let shop = town.shops[seen.shop].id.clone();
            following.push(tokio::spawn(watchers::follow(door.clone(), shop, seen.clone(), over.clone())));
        }
        while !watchers.iter().all(|seen| seen.begun.load(Ordering::Relaxed)) {
            assert!(
                begun.elapsed() < Duration::from_secs(300),
                "some subscribers got no first message within five minutes"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tasks.extend(following);
        let phones: Vec<String> =
            town.shops.iter().flat_map(|shop| &shop.phones).map(|phone| phone.user.clone()).collect();
        progress(&format!(
            "two nodes, {} callshops with {} phones, {} subscribers: up in {:.0} s",
            count,
            phones.len(),
            watchers.len(),
            begun.elapsed().as_secs_f32()
        ));
        let mut random = Random(plan.seed ^ 1);
        let calling = vec![
            tokio::spawn(load.clone().run(phones, plan.rate, Random(random.next()))),
            tokio::spawn(real.clone().call(site.clone(), Random(random.next()))),
        ];
        Self {
            site,
            town,
            load,
            watchers,
            bases,
            over,
            tasks,
            calling,
            real,
            idle: plan.idle,
            release: plan.release,
        }
    }

    /// Waits until all calls have ended and all events have been processed, and then verifies the result.
    async fn strike(self, progress: &(impl Fn(&str) + Send + Sync)) -> Result<String, String> {
        self.load.stop();
        self.real.stop();
        for calling in self.calling {
            let over = tokio::time::timeout(Duration::from_secs(120), calling).await;
            over.map_err(|_| "calls or events were not finished within two minutes")?
                .map_err(|error| error.to_string())?;
        }
        let conn = site::connect(&self.site.database).await;
        verify::drained(&conn, &self.load).await?;
        self.real.settle(&conn).await?;
        let heads = verify::heads(&conn, &self.town).await.ok_or("the database does not answer")?;
        let behind = verify::caught_up(&self.watchers, &heads).await?;
        self.over.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.abort();
        }
        progress(&format!(
            "all calls have ended; the subscribers had received everything after {} ms",
            behind.as_millis()
        ));
        let (attempts, missed) =
            (self.load.attempts.load(Ordering::Relaxed), self.load.missed.load(Ordering::Relaxed));
        let failed = self.load.notes.lock().expect("the notes").failed.len();
        let checked =
            verify::everything(&self.site, &self.town, &self.load, &self.watchers, &self.bases, &self.real)
                .await?;
        let fell: u64 = self.site.nodes.iter().map(|linked| linked.node.fell.load(Ordering::Relaxed)).sum();
        for linked in &self.site.nodes {
            linked.node.stop().await;
        }
        Ok(format!(
            "{attempts} attempts, {failed} not made ({missed} ticks without a free phone); {}; nodes ended by themselves {fell} times\n{checked}",
            self.real.summary()
        ))
    }
}
