//! Puts new versions of a large tariff in force while two nodes authorize calls. Checks that every call is priced by the version that applies to the
//! call, and that each node uses a new version within a second.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use app::auth::Actor;
use app::calls::pricing::Prices;
use app::tariffs::{self, Assignment, Import, ImportMode, NewTariff};
use billing::money::{Micros, Rounding};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{AccountKind, account, call};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use tests::TestServer;
use uuid::Uuid;

use crate::database::Databases;
use crate::import::attempt;
use crate::load::Load;
use crate::{Backend, Result, seed};

/// Number of prefixes of each version.
const PREFIXES: u32 = 50_000;
/// Price per minute of the first, second and third version, in micros.
const PRICES: [i64; 3] = [100_000, 200_000, 300_000];
/// Authorizations a second, on both nodes together.
const RATE: u32 = 200;
/// Time before the first switch, between the switches, and after the second.
const PHASE: TimeDelta = TimeDelta::seconds(5);
/// How long a node may use the old version after the activation has been committed.
const LAG_BAR: Duration = Duration::from_secs(1);

/// What to measure.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Plan {
    /// The database to measure.
    #[arg(long, value_enum)]
    database: Backend,
}

/// An attempt and its answer.
struct Attempt {
    sent: DateTime<Utc>,
    took: Duration,
    reference: Uuid,
}

/// `callshop-bench switch`.
pub fn switch(plan: &Plan) -> Result<()> {
    let databases = Databases::start(plan.database, 1, false)?;
    let url = databases.create("callshop")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let first = runtime.block_on(TestServer::start(tests::Backend::Sqlite, |config| {
        config.database_url = url;
        config.database_connections = api::config::Config::default().database_connections;
    }));
    let second = runtime.block_on(first.another_node());
    // each phone has one call
    let phones = RATE * u32::try_from(4 * PHASE.num_seconds())?;
    let users =
        runtime.block_on(seed::open_shops(&first.app, phones.div_ceil(seed::MAX_CABINS), phones, true))?;
    let tariff = runtime.block_on(Switched::prepare(&first))?;
    println!("{PREFIXES} prefixes, {RATE} authorizations/s on two nodes, {:?}", plan.database);
    let ended = Arc::new(AtomicBool::new(false));
    let halves = users.chunks(users.len().div_ceil(2));
    let nodes: Vec<_> = [first.hook, second.hook]
        .into_iter()
        .zip(halves)
        .map(|(hook, users)| {
            let (users, ended) = (users.to_vec(), ended.clone());
            std::thread::spawn(move || attempts(hook, &users, &ended))
        })
        .collect();
    let switched = runtime.block_on(tariff.switch(&first));
    ended.store(true, Ordering::Relaxed);
    let mut made = Vec::new();
    for node in nodes {
        made.push(node.join().map_err(|_| "the attempts failed")??);
    }
    let (scheduled, activated) = switched?;
    let (calls, prices) = runtime.block_on(calls_of(&first))?;
    runtime.block_on(second.stop());
    runtime.block_on(first.stop());
    tariff.report(&made, (&calls, &prices), scheduled, activated)
}

/// Makes attempts at an even pace until `ended` is set. Each attempt dials a number with a different prefix.
fn attempts(hook: std::net::SocketAddr, users: &[String], ended: &AtomicBool) -> Result<Vec<Attempt>> {
    let mut load = Load::new(hook, 1)?;
    load.connect()?;
    let (begun, pause) = (Instant::now(), Duration::from_secs(2) / RATE);
    let mut made = Vec::new();
    for (number, user) in (0..).zip(users) {
        if ended.load(Ordering::Relaxed) {
            return Ok(made);
        }
        std::thread::sleep((pause * number).saturating_sub(begun.elapsed()));
        let prefix = prefix(number * 7_919 % PREFIXES);
        let request = load.request("authorize", &attempt(user, &format!("+{prefix}12")));
        let sent = Utc::now();
        let (answers, _) = load.send(vec![request])?;
        for answer in answers {
            let body = answer.json()?;
            if body["allow"] != json!(true) {
                return Err(format!("an attempt was refused: {body}").into());
            }
            let reference = body["ref"].as_str().ok_or("a call without a reference")?.parse()?;
            made.push(Attempt { sent, took: answer.took, reference });
        }
    }
    Err("there are not enough phones for this machine's speed".into())
}

fn prefix(number: u32) -> String {
    format!("35191{number:05}")
}

/// The versions of the customers' tariff.
struct Switched {
    operator: Actor,
    versions: [Uuid; 3],
}

impl Switched {
    /// Creates the versions, puts the first version in force, and assigns the tariff to all callshops.
    async fn prepare(server: &TestServer) -> Result<Self> {
        let app = &server.app;
        let operator = Actor::operator(&app::accounts::ensure_platform(app).await?);
        let shops = account::Entity::find().filter(account::Column::Kind.eq(AccountKind::Callshop));
        let shops = shops.all(app.store.reader()).await?;
        let parent = shops.first().and_then(|shop| shop.parent_id).ok_or("a callshop has a parent")?;
        let new = NewTariff {
            account_id: Some(parent),
            name: "Switched".to_owned(),
            currency: Some("BRL".to_owned()),
            rounding: Rounding::default(),
            time_zone: None,
            bands: Vec::new(),
            holidays: Vec::new(),
        };
        let tariff = tariffs::create(app, &operator, new).await?;
        let mut versions = [Uuid::nil(); 3];
        for (version, price) in versions.iter_mut().zip(PRICES) {
            let import = Import {
                tariff_id: tariff.id,
                file: deck(Micros(price))?.into_bytes(),
                mapping: None,
                base_version_id: None,
                mode: ImportMode::Replace,
                by_date: false,
                dry_run: false,
                note: String::new(),
            };
            let made = tariffs::import(app, &operator, import, |_| {}).await?;
            *version = made.version.ok_or("a deck was refused")?.version.id;
            if price == PRICES[0] {
                tariffs::activate(app, &operator, *version, None).await?;
            }
        }
        for shop in &shops {
            tariffs::assign(app, &operator, shop.id, Some(tariff.id), Assignment::Retail).await?;
        }
        Ok(Self { operator, versions })
    }

    /// Schedules the second version. After a pause, puts the third version in force without scheduling it. Returns the time for
    /// which the second version was scheduled, and the time at which the activation of the third version was committed.
    async fn switch(&self, server: &TestServer) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
        let pause = || async { tokio::time::sleep(PHASE.to_std().unwrap_or_default()).await };
        let scheduled = Utc::now() + PHASE;
        tariffs::activate(&server.app, &self.operator, self.versions[1], Some(scheduled)).await?;
        pause().await;
        pause().await;
        // the draft was made from the first version
        let copy = tariffs::copy_version(&server.app, &self.operator, self.versions[2], "").await?;
        let third = copy.version.ok_or("a copy was refused")?.version.id;
        tariffs::activate(&server.app, &self.operator, third, None).await?;
        let activated = Utc::now();
        pause().await;
        Ok((scheduled, activated))
    }

    fn report(
        &self,
        nodes: &[Vec<Attempt>],
        (calls, prices): (&HashMap<Uuid, call::Model>, &Prices),
        scheduled: DateTime<Utc>,
        activated: DateTime<Utc>,
    ) -> Result<()> {
        let (mut wrong, mut waits, mut used) = (0_u32, Vec::new(), [0_u32; 3]);
        for (node, attempts) in (1..).zip(nodes) {
            let mut lag = Duration::ZERO;
            for attempt in attempts {
                waits.push(attempt.took);
                let call = calls.get(&attempt.reference).ok_or("an allowed call is not stored")?;
                let version = version_of(call, prices)?;
                used[version] += 1;
                let is_due = call.authorized_at >= scheduled;
                wrong += u32::from((version == 0) == is_due);
                if version < 2 && attempt.sent > activated {
                    lag = lag.max((attempt.sent - activated).to_std()?);
                }
            }
            let met = if lag <= LAG_BAR { "met" } else { "MISSED" };
            println!(
                "node {node}: {} authorized, the last by the old version {} ms after the activation (bar: 1 s: {met})",
                attempts.len(),
                lag.as_millis()
            );
        }
        waits.sort_unstable();
        let at = |share: usize| {
            waits.get(waits.len() * share / 1_000).copied().unwrap_or_default().as_secs_f64() * 1_000.0
        };
        println!(
            "calls by version: {used:?}; none refused, none without a price, none at the price of another version"
        );
        println!("calls on the wrong side of the scheduled instant: {wrong} (bar: 0)");
        let longest = waits.last().copied().unwrap_or_default().as_secs_f64() * 1_000.0;
        println!("authorizations: p50 {:.1} ms, p99 {:.1} ms, longest {longest:.1} ms", at(500), at(990));
        Ok(())
    }
}

/// The index of the version that priced a call. Fails if the call was not priced by the rate of its number's prefix.
fn version_of(call: &call::Model, prices: &Prices) -> Result<usize> {
    let rate = &prices.of(call)?.first().ok_or("a call without a price")?.pricing.rate;
    if !call.number.starts_with(&rate.prefix) || rate.prefix.len() != prefix(0).len() {
        return Err(format!("{} was priced by the prefix {}", call.number, rate.prefix).into());
    }
    let found = PRICES.iter().position(|price| rate.price_per_minute == Micros(*price));
    Ok(found.ok_or("a price of no version")?)
}

fn deck(price: Micros) -> Result<String> {
    let mut deck =
        "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n".to_owned();
    for number in 0..PREFIXES {
        writeln!(deck, "{},Mobile {number},{price},0,30,6", prefix(number))?;
    }
    Ok(deck)
}

async fn calls_of(server: &TestServer) -> Result<(HashMap<Uuid, call::Model>, Prices)> {
    let conn = server.app.store.reader();
    let calls = call::Entity::find().all(conn).await?;
    let prices = Prices::load(&server.app.rates, conn, &calls).await?;
    Ok((calls.into_iter().map(|call| (call.id, call)).collect(), prices))
}
