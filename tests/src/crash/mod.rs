//! Crash safety: no answered request is lost, and no resent request is executed twice.
//!
//! The real `callshop serve` is killed repeatedly (SIGKILL) while customers make calls and pay for them, the reseller gives credit, and the attendant
//! pays change into the drawer. A client that gets no response resends the same request, with the same events, call attempts and idempotency keys.
//! Afterward, the database is compared with the responses that the clients received.

mod notes;
mod people;
pub mod process;
mod site;
mod verify;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::model::prices::Price;
use crate::server::{Backend, TestServer, proxy};
use crate::{FakeProxy, Shop};

use process::Process;
use site::{Names, Site};

/// Prices per second for the customer, the callshop and its reseller (see `crate::shop`).
const RETAIL: Price = by_second(60_000);
const COST: Price = by_second(40_000);
const WHOLESALE: Price = by_second(30_000);
/// Number of cabins. Every cabin always has a customer.
const CABINS: usize = 8;

const fn by_second(minute: i64) -> Price {
    Price { minute, first: minute, fee: 0, initial: 1, increment: 1, minimum: 0, free: 0 }
}

/// Parameters of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The database to test.
    pub backend: Backend,
    /// Number of kills.
    pub kills: u32,
    /// Seed for the times of the kills and the customers' actions.
    pub seed: u64,
    /// Use the release build of the server.
    pub release: bool,
}

/// A random number generator (splitmix64).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        i64::try_from(self.next() % bound.unsigned_abs().max(1)).expect("below the bound")
    }

    pub(crate) fn one_in(&mut self, times: i64) -> bool {
        self.below(times) == 0
    }
}

/// Runs the test and returns a summary.
///
/// # Panics
/// Panics if an answered request is missing or stored twice, or if the server does not start again.
pub async fn run(plan: Plan, progress: impl Fn(&str)) -> String {
    let binary = process::build(plan.release);
    let fake = FakeProxy::start().await;
    let server = TestServer::start(plan.backend, |config| {
        config.hook.proxies = vec![proxy("test", fake.address)];
        config.calls.slice_seconds = 10;
        config.auth.access_seconds = 86_400;
    })
    .await;
    let shop = Shop::on(server, CABINS).await;
    shop.open_register().await;
    let names = Names::of(&shop);
    let (graphql, hook) = (shop.server.http, shop.server.hook);
    let stopped = shop.server.pause().await;
    let mut process = Process::new(binary, stopped.config(), stopped.dir());
    let urls = (format!("http://{graphql}/graphql"), format!("http://{hook}/kamailio/v1"));
    let site = Arc::new(Site::new(names, fake, urls.0, urls.1));
    let mut random = Random(plan.seed);
    process.start();
    process.ready().await;
    let begun = Instant::now();
    let people = let_in(&site, &mut random);
    for number in 1..=plan.kills {
        kill(&mut process, &site, &mut random, (number, plan.kills), &progress).await;
        if people.iter().any(tokio::task::JoinHandle::is_finished) {
            // if a client panicked because of a wrong answer, raise its panic here
            break;
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    site.stop.store(true, Ordering::Relaxed);
    for person in people {
        person.await.expect("every answer was right");
    }
    let seconds = begun.elapsed().as_secs();
    let checked = verify::everything(&site, &process, stopped.config()).await;
    process.kill().await;
    let (answered, resent) = (site.answered.load(Ordering::Relaxed), site.resent.load(Ordering::Relaxed));
    let survived = site.survived.load(Ordering::Relaxed);
    format!(
        "{:?}: {} kills in {seconds} s, seed {}; {answered} requests answered, {resent} sent again \
         ({survived} batches of events had been written before)\n{checked}",
        plan.backend, plan.kills, plan.seed
    )
}

/// Starts one task per cabin, and one task that adds credit and change.
fn let_in(site: &Arc<Site>, random: &mut Random) -> Vec<tokio::task::JoinHandle<()>> {
    let mut people = Vec::new();
    for index in 0..CABINS {
        let (site, own) = (site.clone(), Random(random.next()));
        people.push(tokio::spawn(async move { people::cabin(&site, index, own).await }));
    }
    let (site, own) = (site.clone(), Random(random.next()));
    people.push(tokio::spawn(async move { people::money(&site, own).await }));
    people
}

/// Kills the server after a random delay, sometimes while it is starting, and starts it again.
async fn kill(
    process: &mut Process,
    site: &Site,
    random: &mut Random,
    (number, of): (u32, u32),
    progress: &impl Fn(&str),
) {
    let (answered, resent) = (site.answered.load(Ordering::Relaxed), site.resent.load(Ordering::Relaxed));
    let early = random.one_in(8);
    if !early {
        process.ready().await;
    }
    let up = random.below(if early { 300 } else { 1_500 });
    tokio::time::sleep(Duration::from_millis(up.unsigned_abs())).await;
    process.kill().await;
    process.start();
    let answered = site.answered.load(Ordering::Relaxed) - answered;
    let resent = site.resent.load(Ordering::Relaxed) - resent;
    let when = if early { "after its start" } else { "after it served" };
    progress(&format!(
        "kill {number}/{of}: {up} ms {when}; {answered} answered, {resent} sent again since the last"
    ));
}
