//! Defines the faults: the component that fails, the duration, and the time allowed for recovery.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::Utc;
use clap::ValueEnum;
use futures_util::future::{join, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use sea_orm::{ConnectionTrait as _, Database, EntityTrait as _};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::cluster::Postgres;
use super::real::Disturbance;
use super::site::{Linked, Site};
use super::watchers::{self, Door};
use super::{Plan, Stage, verify};
use crate::crash::Random;
use crate::server::HOOK_SECRET;
use crate::shop::{micros, unique};
use crate::sip::PROXY;

/// A fault to inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Fault {
    /// A node is killed (SIGKILL) and restarted after a while.
    KillNode,
    /// Both nodes are killed. Calls then end while no node receives their events.
    KillBothNodes,
    /// A node is stopped (SIGTERM) and restarted.
    RestartNode,
    /// A node is suspended (SIGSTOP) and resumed.
    FreezeNode,
    /// PostgreSQL crashes (immediate shutdown) and is restarted after a while.
    RestartPostgres,
    /// The primary of the PostgreSQL cluster and its Patroni process die. The primary returns as a standby.
    KillPrimary,
    /// PostgreSQL's disk fills up, and has space again seconds later.
    DiskFull,
    /// A node cannot reach PostgreSQL.
    CutDatabase,
    /// A node's connections to PostgreSQL go silent.
    StallDatabase,
    /// Redis is stopped gracefully or killed, and restarted after a while. After the restart, Redis must load its append-only file with the
    /// deployed users.
    StopRedis,
    /// The primary of two Redis servers dies and its replica takes over. Later, the failed server returns as the replica of the new primary.
    KillRedisPrimary,
    /// A node cannot reach Redis.
    CutRedis,
    /// A node's connections to Redis go silent.
    StallRedis,
    /// The balancer cannot reach a node, and existing connections are closed.
    CutNode,
    /// The balancer's connections to a node go silent.
    StallNode,
    /// Every link is slow.
    SlowLinks,
    /// The SIP proxy can reach neither the hook nor Redis, and the nodes cannot reach its control listener.
    CutProxy,
    /// The SIP proxy cannot reach Redis, so the proxy posts its events.
    CutProxyRedis,
    /// Redis responds slowly to the SIP proxy, whose workers wait for each event.
    StarveWorkers,
    /// Phones ring so long that several reconciliations of the SIP proxy run in the meantime. Ringing phones must not stop reconciliation.
    RingingPhones,
    /// Proxies send events twice, out of order, and late.
    BadManners,
    /// Subscribers stop reading. No other fault runs while subscribers do not read, because another fault could also cause slow delivery.
    DeafSubscribers,
    /// Thousands of connections stay silent.
    IdleSockets,
    /// The SIP proxy's clock jumps forward or back by an hour during calls, and later jumps back to the right time.
    StepClock,
    /// The SIP proxy is killed during calls and restarted.
    KillProxy,
}

/// The server's close code for a subscriber that does not read.
const SLOW: u16 = 4508;

/// Maximum number of faults that run or wait for their component.
const MOST_AT_ONCE: usize = 8;

/// Maximum wait for a reconciliation of the SIP proxy: the time of one reconciliation plus the lease of 60 s. The test must wait for the end of the
/// lease, because a killed node never releases its lease.
const AFTER_LEASE: Duration = Duration::from_secs(90);

/// Maximum time to retry an operation. After this time, the system counts as not recovered.
const PATIENCE: Duration = Duration::from_secs(60);

/// Locks on components that two faults must not break at once.
#[derive(Default)]
struct Held {
    nodes: [Arc<Mutex<()>>; 2],
    postgres: Arc<Mutex<()>>,
    redis: Arc<Mutex<()>>,
    proxy: Arc<Mutex<()>>,
    links: Arc<Mutex<()>>,
}

/// Injects faults until the plan's time is over. Waits for recovery after each fault, and at the end until everything is healthy.
///
/// # Errors
/// The error names the component that does not recover.
pub(super) async fn schedule(
    stage: &Stage,
    plan: &Plan,
    random: &mut Random,
    progress: &(impl Fn(&str) + Send + Sync),
) -> Result<(), String> {
    let begun = Instant::now();
    let held = Held::default();
    // draw each fault once before any fault is drawn again
    let mut left = plan.faults.clone();
    let mut under_way = FuturesUnordered::new();
    while begun.elapsed() < plan.time || !left.is_empty() {
        if left.is_empty() {
            left.clone_from(&plan.faults);
        }
        let index = random.below(i64::try_from(left.len()).expect("a number"));
        let fault = left.swap_remove(usize::try_from(index).expect("an index"));
        let (own, pause) = (Random(random.next()), 500 + random.below(4_000));
        under_way.push(one(stage, &held, fault, own, begun, progress));
        // most faults wait for a component that another fault has broken; without a limit, these waits would take longer than the plan's time
        while under_way.len() >= MOST_AT_ONCE {
            if let Some(done) = under_way.next().await {
                done?;
            }
        }
        // several faults overlap, because the next fault begins while this fault still runs
        let mut pause = std::pin::pin!(tokio::time::sleep(Duration::from_millis(pause.unsigned_abs())));
        loop {
            tokio::select! {
                () = &mut pause => break,
                Some(done) = under_way.next() => done?,
            }
        }
    }
    while let Some(done) = under_way.next().await {
        done?;
    }
    Ok(())
}

/// Runs one fault from its start until no client is affected anymore.
async fn one(
    stage: &Stage,
    held: &Held,
    fault: Fault,
    mut random: Random,
    begun: Instant,
    progress: &(impl Fn(&str) + Send + Sync),
) -> Result<(), String> {
    // if another fault has broken the component, wait until it is repaired
    let which = usize::from(random.one_in(2));
    let _guards = held.lock(fault, which).await;
    let name = fault.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let start = begun.elapsed();
    let told = fault.happens(stage, which, &mut random).await.map_err(|why| format!("{name}: {why}"))?;
    let lasted = begun.elapsed() - start;
    let calls = calls_again(stage).await.map_err(|why| format!("{name}{told}: {why}"))?;
    let subscribers = catch_up(stage).await.map_err(|why| format!("{name}{told}: {why}"))?;
    progress(&format!(
        "{:6.1} s  {name}{told}: {:.1} s; calls again after {} ms, subscribers have everything after {} ms",
        start.as_secs_f32(),
        lasted.as_secs_f32(),
        calls.as_millis(),
        (calls + subscribers).as_millis()
    ));
    Ok(())
}

/// Waits until an authorization request through the balancer gets a response.
async fn calls_again(stage: &Stage) -> Result<Duration, String> {
    let http = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
    let begun = Instant::now();
    loop {
        // the request names an unknown phone, so it is refused after a read from the database and makes no call
        let ask = json!({ "request_id": unique("probe"), "user": "nobody", "dialed": "1", "src": "127.0.0.1:5060",
            "ts": micros(Utc::now()), "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
        let request = http.post(format!("http://{}/kamailio/v1/authorize", stage.site.hook));
        let request =
            request.basic_auth("kamailio", Some(HOOK_SECRET)).json(&ask).timeout(Duration::from_secs(3));
        let said = match request.send().await {
            Ok(answer) if answer.status() == 200 => return Ok(begun.elapsed()),
            Ok(answer) => answer.status().to_string(),
            Err(error) => error.to_string(),
        };
        if begun.elapsed() > PATIENCE {
            let tails: Vec<String> = stage.site.nodes.iter().map(|linked| linked.node.tail()).collect();
            return Err(format!(
                "the hook does not answer calls within a minute after the fault: {said}\n{}",
                tails.join("\n---\n")
            ));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until every subscriber has received the latest event.
pub(super) async fn catch_up(stage: &Stage) -> Result<Duration, String> {
    let begun = Instant::now();
    let heads = loop {
        let conn = super::site::connect(&stage.site.database).await;
        if let Some(heads) = verify::heads(&conn, &stage.town).await {
            break heads;
        }
    };
    verify::caught_up(&stage.watchers, &heads).await?;
    Ok(begun.elapsed())
}

impl Held {
    async fn lock(&self, fault: Fault, which: usize) -> Vec<tokio::sync::OwnedMutexGuard<()>> {
        let [first, second] = &self.nodes;
        let one = &self.nodes[which];
        // always lock in the same order, to avoid deadlocks
        let needed: Vec<&Arc<Mutex<()>>> = match fault {
            Fault::KillNode | Fault::RestartNode | Fault::FreezeNode => vec![one],
            Fault::KillBothNodes => vec![first, second],
            Fault::RestartPostgres | Fault::KillPrimary | Fault::DiskFull => vec![&self.postgres],
            Fault::StopRedis | Fault::KillRedisPrimary => vec![&self.redis],
            Fault::KillProxy | Fault::StepClock => vec![&self.proxy],
            Fault::CutDatabase
            | Fault::StallDatabase
            | Fault::CutRedis
            | Fault::StallRedis
            | Fault::CutNode
            | Fault::StallNode
            | Fault::SlowLinks
            | Fault::CutProxy
            | Fault::CutProxyRedis
            | Fault::StarveWorkers => vec![&self.links],
            // wait until no other fault prevents the reconciliation of a proxy
            Fault::RingingPhones => {
                vec![first, second, &self.postgres, &self.redis, &self.proxy, &self.links]
            }
            Fault::BadManners | Fault::IdleSockets => vec![],
            // no other fault may run: if another fault caused a delay, the test would blame the subscribers that do not read
            Fault::DeafSubscribers => vec![first, second, &self.postgres, &self.redis, &self.links],
        };
        let mut guards = Vec::new();
        for lock in needed {
            guards.push(lock.clone().lock_owned().await);
        }
        guards
    }
}

impl Fault {
    /// Causes the fault, waits, and then repairs the fault. Returns details for the report.
    async fn happens(self, stage: &Stage, which: usize, random: &mut Random) -> Result<String, String> {
        let site = &stage.site;
        let linked = &site.nodes[which];
        let of_node = format!(" {}", linked.node.name);
        let mut seconds = |least: i64, most: i64| {
            Duration::from_millis((least * 1_000 + random.below((most - least) * 1_000)).unsigned_abs())
        };
        match self {
            Self::KillNode => {
                linked.node.kill().await;
                tokio::time::sleep(seconds(0, 3)).await;
                linked.node.start().await;
            }
            Self::KillBothNodes => {
                for linked in &site.nodes {
                    linked.node.kill().await;
                }
                tokio::time::sleep(seconds(2, 8)).await;
                for linked in &site.nodes {
                    linked.node.start().await;
                }
                return Ok(String::new());
            }
            Self::RestartNode => {
                linked.node.stop().await;
                linked.node.start().await;
            }
            Self::FreezeNode => {
                linked.node.signal("STOP").await;
                tokio::time::sleep(seconds(3, 10)).await;
                linked.node.signal("CONT").await;
            }
            Self::RestartPostgres => {
                let pause = seconds(0, 5);
                return site.postgres.lock().await.crash(pause).await;
            }
            Self::KillPrimary => {
                let mut postgres = site.postgres.lock().await;
                let Postgres::Cluster(cluster) = &mut *postgres else {
                    return Err("only a cluster has a primary to kill; add --cluster".to_owned());
                };
                return cluster.kill_primary().await;
            }
            Self::DiskFull => return full(site, seconds(2, 5)).await,
            Self::StopRedis => {
                let mut redis = site.redis.lock().await;
                let signal = ["KILL", "TERM"][which];
                redis.stop(signal).await;
                tokio::time::sleep(seconds(3, 8)).await;
                redis.start().await;
                return Ok(format!(" by SIG{signal}"));
            }
            Self::KillRedisPrimary => {
                let alone = seconds(2, 6);
                return site.redis.lock().await.kill_primary(alone).await;
            }
            Self::CutDatabase
            | Self::StallDatabase
            | Self::CutRedis
            | Self::StallRedis
            | Self::CutNode
            | Self::StallNode => {
                let relays = self.relays(linked);
                let stalls = matches!(self, Self::StallDatabase | Self::StallRedis | Self::StallNode);
                for relay in &relays {
                    if stalls { relay.stall() } else { relay.cut() }
                }
                tokio::time::sleep(seconds(3, 10)).await;
                relays.iter().for_each(|relay| relay.mend());
            }
            Self::SlowLinks => {
                let by = Duration::from_millis(10);
                site.relays().for_each(|relay| relay.slow(by));
                tokio::time::sleep(seconds(4, 8)).await;
                site.relays().for_each(|relay| relay.mend());
                return Ok(" by 10 ms".to_owned());
            }
            Self::CutProxy | Self::CutProxyRedis => {
                let links = match self {
                    Self::CutProxy => vec![&site.to_hook, &site.to_control, &site.proxy_to_redis],
                    _ => vec![&site.proxy_to_redis],
                };
                links.iter().for_each(|relay| relay.cut());
                tokio::time::sleep(seconds(3, 8)).await;
                links.iter().for_each(|relay| relay.mend());
                return Ok(String::new());
            }
            Self::StarveWorkers => {
                let by = Duration::from_millis(200);
                site.proxy_to_redis.slow(by);
                tokio::time::sleep(seconds(5, 10)).await;
                site.proxy_to_redis.mend();
                let dropped = crate::rush::drops(site.sip.lock().await.address());
                return match dropped {
                    0 => Ok(format!(" by {} ms an answer", by.as_millis())),
                    _ => Err(format!("the SIP proxy lost {dropped} packets")),
                };
            }
            Self::RingingPhones => return ring(stage).await,
            Self::BadManners => {
                stage.load.manners.bad.store(true, Ordering::Relaxed);
                tokio::time::sleep(seconds(5, 10)).await;
                stage.load.manners.bad.store(false, Ordering::Relaxed);
                return Ok(String::new());
            }
            Self::DeafSubscribers => return deaf(stage).await,
            Self::IdleSockets => return idle(stage).await,
            Self::StepClock => {
                let step = if which == 0 { 3_600 } else { -3_600 };
                let begun = Utc::now();
                site.sip.lock().await.set_clock(step);
                tokio::time::sleep(seconds(3, 8)).await;
                site.sip.lock().await.set_clock(0);
                stage.real.disturbed(Disturbance::Step, begun);
                return Ok(format!(" by {step:+} s"));
            }
            Self::KillProxy => {
                let mut sip = site.sip.lock().await;
                let begun = Utc::now();
                sip.kill_proxy();
                stage.real.disturbed(Disturbance::Kill, begun);
                tokio::time::sleep(seconds(0, 2)).await;
                sip.listen_again().await;
                return Ok(String::new());
            }
        }
        Ok(of_node)
    }

    fn relays(self, linked: &Linked) -> Vec<&crate::Relay> {
        match self {
            Self::CutDatabase | Self::StallDatabase => vec![&linked.to_database],
            Self::CutRedis | Self::StallRedis => vec![&linked.to_redis],
            _ => linked.doors.iter().collect(),
        }
    }
}

impl Site {
    fn relays(&self) -> impl Iterator<Item = &crate::Relay> {
        let of_nodes = self
            .nodes
            .iter()
            .flat_map(|linked| linked.doors.iter().chain([&linked.to_database, &linked.to_redis]));
        of_nodes.chain([&self.to_control, &self.to_hook])
    }

    /// Resident memory in MiB of the node that uses more memory.
    async fn memory(&self) -> u64 {
        let mut most = 0;
        for linked in &self.nodes {
            most = most.max(linked.node.memory().await.unwrap_or(0) / 1024);
        }
        most
    }
}

/// Lets phones ring during reconciliations of the SIP proxy. In this harness, reconciliation runs every five seconds.
async fn ring(stage: &Stage) -> Result<String, String> {
    let conn = super::site::connect(&stage.site.database).await;
    let compared = async || {
        let row = entity::proxy::Entity::find_by_id(PROXY).one(&conn).await;
        row.map(|row| row.and_then(|row| row.listed_at)).map_err(|error| error.to_string())
    };
    // an earlier fault may have killed a node during a reconciliation; that node's lease of the proxy lasts for a minute
    let (begun, before) = (Instant::now(), compared().await?);
    while compared().await? <= before {
        if begun.elapsed() > AFTER_LEASE {
            return Err(format!(
                "the SIP proxy was not reconciled in {AFTER_LEASE:?}, before any phone rang"
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let rings = stage.real.ring(&stage.site, Duration::from_secs(20));
    let count = async {
        let (mut times, mut last) = (0, compared().await?);
        let end = Instant::now() + Duration::from_secs(19);
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = compared().await?;
            times += u32::from(now > last);
            last = last.max(now);
        }
        if times < 2 {
            Err(format!("the SIP proxy was reconciled only {times} times in 19 s while phones rang"))
        } else {
            Ok(times)
        }
    };
    let (rung, times) = join(rings, count).await;
    rung?;
    Ok(format!(" (compared {} times meanwhile)", times?))
}

/// PostgreSQL's disk is full for a while. At first, there is no space for rows; this lasts until at least one statement has failed. Afterward, there
/// is no space for the WAL either, so PostgreSQL shuts down.
async fn full(site: &Site, time: Duration) -> Result<String, String> {
    let disk = site.disk.as_ref().ok_or("PostgreSQL has no disk of its own")?;
    let (begun, before) = (Instant::now(), site.refusals());
    let fell = site.postgres.lock().await.fell();
    disk.fill();
    tokio::time::sleep(time).await;
    while site.refusals() == before {
        if begun.elapsed() > PATIENCE {
            return Err("PostgreSQL kept writing for a minute with its disk full".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    write_log(&site.database).await;
    tokio::time::sleep(time).await;
    disk.free();
    let after = site.refusals();
    Ok(format!(
        " ({} statements found no room; PostgreSQL gave up {} times, and ended {} times)",
        after.0 - before.0,
        after.1 - before.1,
        site.postgres.lock().await.fell() - fell
    ))
}

/// Makes PostgreSQL write WAL until the disk is full.
async fn write_log(database: &str) {
    let writing = async {
        let Ok(conn) = Database::connect(database).await else { return };
        let much = "SELECT pg_logical_emit_message(true, 'callshop', repeat('x', 1000000))";
        while conn.execute_unprepared(much).await.is_ok() {}
    };
    // PostgreSQL might no longer respond
    drop(tokio::time::timeout(PATIENCE, writing).await);
}

/// Number of subscribers that do not read. The number is low enough that a server can fill the subscribers' buffers without delaying other
/// subscribers. An optimized build fills the buffers in a moment.
fn deaf_ones(stage: &Stage) -> usize {
    if stage.release { 20 } else { 2 }
}
/// Each subscriber that does not read queries the whole schema this many times, in addition to its subscription. The responses are larger than the
/// kernel's buffers for a client that does not read, so the server's own queue fills.
const ASKED: usize = 8;
/// The server's timeout for subscribers that do not read (`site::settings`), plus the time to fill the buffers.
const GIVEN_UP: Duration = Duration::from_secs(super::site::STALL_SECONDS + 7);
/// Maximum time for an activity to reach the other subscribers while some subscribers do not read. A longer delay means that the subscribers that do
/// not read delay the others. The limit is generous, because an unoptimized server spends seconds of processor time on filling the buffers.
fn longest_lag(stage: &Stage) -> Duration {
    let seconds = super::site::STALL_SECONDS;
    Duration::from_secs(if stage.release { seconds - 1 } else { 2 * seconds })
}

/// Opens subscribers that do not read. The server must close each of these subscribers in time with the right code, without affecting other
/// subscribers.
async fn deaf(stage: &Stage) -> Result<String, String> {
    for linked in &stage.site.nodes {
        // a node that was just killed may still be starting, while the other node serves all clients
        linked.node.ready().await;
    }
    let before = stage.site.memory().await;
    let begun = Instant::now();
    let mut sockets = Vec::new();
    let deaf = deaf_ones(stage);
    for number in 0..deaf {
        // bypass the balancer: otherwise, the subscribers would have to fill its buffers first
        let address = stage.site.nodes[number % 2].node.own[0];
        let door = Door { address, token: stage.town.reseller.token().to_owned() };
        let mut socket = watchers::open_narrow(&door).await.ok_or("a socket does not open")?;
        let shop = &stage.town.shops[number % stage.town.shops.len()].id;
        watchers::subscribe(&mut socket, shop, None)
            .await
            .ok_or("a socket does not accept a subscription")?;
        sockets.push(socket);
    }
    for socket in &mut sockets {
        watchers::ask_much(socket, ASKED).await.ok_or("a socket does not accept queries")?;
    }
    let others = async {
        let mut lag = Duration::ZERO;
        while begun.elapsed() < GIVEN_UP {
            let late = catch_up(stage).await?;
            if late > longest_lag(stage) {
                return Err(format!(
                    "deliveries took {} ms while other subscribers did not read",
                    late.as_millis()
                ));
            }
            lag = lag.max(late);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok((lag, stage.site.memory().await))
    };
    // the subscribers start reading again, and each socket gets the buffered data and then the close code. All subscribers read at once, because the
    // server also limits how long it waits for a socket to close
    let rests = async {
        tokio::time::sleep_until((begun + GIVEN_UP).into()).await;
        join_all(sockets.into_iter().map(watchers::rest)).await
    };
    let (others, rests) = join(others, rests).await;
    let (lag, after) = others?;
    let mut most = 0;
    for (number, (bytes, code)) in rests.into_iter().enumerate() {
        if code != Some(SLOW) {
            return Err(format!(
                "deaf subscriber {number} had {bytes} bytes, and then {code:?} instead of {SLOW}"
            ));
        }
        most = most.max(bytes);
    }
    Ok(format!(
        " ({deaf} of them, closed with {SLOW}, up to {} KiB on the way; the others waited {} ms at most; the larger node {before} MiB before, {after} MiB after)",
        most / 1024,
        lag.as_millis()
    ))
}

/// Opens connections that stay silent, and waits until the balancer has closed all of them.
async fn idle(stage: &Stage) -> Result<String, String> {
    let (before, begun) = (stage.site.memory().await, Instant::now());
    let mut sockets = Vec::new();
    for _ in 0..stage.idle {
        match TcpStream::connect(stage.site.graphql).await {
            Ok(socket) => sockets.push(socket),
            Err(error) => return Err(format!("idle socket {}: {error}", sockets.len())),
        }
    }
    let opened = begun.elapsed();
    for mut socket in std::mem::take(&mut sockets) {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut rest)).await;
        if closed.is_err() {
            return Err("an idle socket was not closed within a minute".to_owned());
        }
    }
    let after = stage.site.memory().await;
    Ok(format!(
        " ({} opened in {:.1} s, all closed after {:.1} s; the larger node {before} MiB before, {after} MiB after)",
        stage.idle,
        opened.as_secs_f32(),
        begun.elapsed().as_secs_f32()
    ))
}
