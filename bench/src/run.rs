//! Performs the runs. Each run has a server, the server's shops, and waves of calls through the server's hook.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{ActivityKind, activity, call};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use serde_json::{Value, json};
use tests::TestServer;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::database::Databases;
use crate::load::{Answer, Load};
use crate::peer::{Peer, Sample};
use crate::processor::Processor;
use crate::report::{self, Bar, Figures, Tally};
use crate::statements::Watch;
use crate::{Backend, Plan, Result, seed, stored};

/// Maximum number of phones in all callshops together. A wave has at most as many calls as there are phones, because a phone has one call at a time.
const PHONES: u32 = 2_000;
/// Talk time of each call, in seconds.
const TALK: i64 = 90;
/// Number of callshops in the branch with many live calls. Each callshop has the maximum number of cabins.
const LIVE_SHOPS: u32 = 8;
/// Maximum number of live calls in the branch with many live calls.
const LIVE: usize = 1_000;
/// The proxy's name in requests.
const PROXY: &str = "bench";

/// `callshop-bench call-end`.
pub fn call_end(plan: &Plan) -> Result<()> {
    let mut bench = Bench::start(plan)?;
    bench.turn(warm_up(plan))?;
    let mut peer = bench.peer(plan)?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let share = (plan.calls / plan.rounds).max(1);
        let ours = bench.turn(share)?.ends;
        rounds.push((ours, peer.turn(&bench.databases, share)?));
    }
    let name = peer.name();
    bench.finish()?;
    let bar = match (plan.connections, plan.database, plan.shops) {
        (32, Backend::Postgres, 100) => Some(Bar { least: 3.0, of: "the peer's rate" }),
        (32, Backend::Postgres, 1) => Some(Bar { least: 8.0, of: "the peer's rate" }),
        (32, Backend::Sqlite, _) => Some(Bar { least: 3.0, of: "the peer's rate" }),
        (1, Backend::Postgres, _) => {
            Some(Bar { least: 1.0, of: "the peer's rate (one client: rate is latency)" })
        }
        _ => None,
    };
    report::print(&title("call end", plan), "callshop, through the hook", name, &rounds, bar);
    Ok(())
}

/// `callshop-bench authorize`.
pub fn authorize(plan: &Plan) -> Result<()> {
    let mut bench = Bench::start(plan)?;
    bench.turn(warm_up(plan))?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let turn = bench.turn((plan.calls / plan.rounds).max(1))?;
        rounds.push((turn.authorizations, turn.ends));
    }
    bench.finish()?;
    let bar = Bar { least: 0.8, of: "the rate of call ends" };
    report::print(&title("authorize", plan), "authorizations", "call ends", &rounds, Some(bar));
    Ok(())
}

fn title(what: &str, plan: &Plan) -> String {
    let Plan { database, shops, connections, calls, rounds, .. } = plan;
    let database = if *database == Backend::Sqlite { "SQLite" } else { "PostgreSQL" };
    format!(
        "{what}: {database}, {shops} callshops, {connections} connections, {calls} calls in {rounds} rounds"
    )
}

/// `callshop-bench stored`.
pub fn stored(plan: &Plan, up_to: u64) -> Result<()> {
    let (mut new, mut grown) = (Bench::start(plan)?, Bench::start(plan)?);
    let mut have = 0;
    let made = warm_up(plan).max(stored::COPIED);
    new.turn(made)?;
    grown.turn(made)?;
    report::begin_curve(&title("calls stored", plan), "stored");
    let mut size = 1_000;
    while size <= up_to {
        let conn = grown.server.app.store.reader().clone();
        grown.runtime.block_on(stored::fill(&conn, have, size))?;
        have = size;
        grown.compare(&mut new, plan, size)?;
        size *= 10;
    }
    new.finish()?;
    grown.finish()
}

/// `callshop-bench live`.
pub fn live(plan: &Plan) -> Result<()> {
    let plan = &Plan { shops: LIVE_SHOPS, ..plan.clone() };
    let phones = LIVE_SHOPS * seed::MAX_CABINS;
    let (mut few, mut many) = (Bench::open(plan, phones, true)?, Bench::open(plan, phones, true)?);
    let mut busy = many.users.split_off(phones as usize - LIVE);
    few.users.truncate(many.users.len());
    few.turn(warm_up(plan))?;
    many.turn(warm_up(plan))?;
    report::begin_curve(&title("live calls of a branch", plan), "live");
    let mut have = 0;
    for live in [1, 10, 100, LIVE] {
        let more: Vec<String> = busy.drain(..live - have).collect();
        many.answer(&more)?;
        have = live;
        many.compare(&mut few, plan, live as u64)?;
    }
    few.finish()?;
    many.finish()
}

/// These calls run before the measurement, to load tables, prepare statements and open connections.
fn warm_up(plan: &Plan) -> u32 {
    (plan.calls / 10).clamp(1, PHONES)
}

/// A server under load.
pub struct Bench {
    databases: Databases,
    /// The server.
    pub server: TestServer,
    load: Load,
    users: Vec<String>,
    ended: u64,
    statements: bool,
    // the runtime is declared last, so it is dropped last; all other fields run on it
    /// The runtime on which the server runs.
    pub runtime: Runtime,
}

/// Results of a turn.
struct Turn {
    authorizations: Figures,
    ends: Figures,
}

impl Bench {
    /// Starts the server of a plan, and opens its callshops. There are at most as many phones as the plan has calls.
    pub fn start(plan: &Plan) -> Result<Self> {
        Self::open(plan, PHONES.min(plan.calls), false)
    }

    fn open(plan: &Plan, phones: u32, one_branch: bool) -> Result<Self> {
        let databases = Databases::start(plan.database, plan.connections, plan.statements)?;
        let url = databases.create("callshop")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        // the server has the default configuration, except for the database
        let server = runtime.block_on(TestServer::start(tests::Backend::Sqlite, |config| {
            config.database_url = url;
            config.database_connections = api::config::Config::default().database_connections;
        }));
        let users = runtime.block_on(seed::open_shops(&server.app, plan.shops, phones, one_branch))?;
        let load = Load::new(server.hook, plan.connections)?;
        Ok(Self { databases, server, load, users, ended: 0, statements: plan.statements, runtime })
    }

    /// Creates the peer, with rows copied from a call of this server.
    fn peer(&self, plan: &Plan) -> Result<Peer> {
        let conn = self.server.app.store.reader();
        let shown =
            activity::Entity::find().filter(activity::Column::Kind.eq(ActivityKind::CallEnded)).one(conn);
        let shown =
            self.runtime.block_on(shown)?.ok_or("no call has ended, so the peer has no rows to copy")?;
        let ended = shown.call_id.ok_or("the activity event of the end names no call")?;
        let ended = self
            .runtime
            .block_on(call::Entity::find_by_id(ended).one(conn))?
            .ok_or("the activity event of the end names no call")?;
        self.runtime.block_on(Peer::start(
            &self.databases,
            plan,
            &Sample { call: ended, shown: shown.payload },
        ))
    }

    /// Makes one answered call from each of these phones. The calls stay in progress.
    fn answer(&mut self, users: &[String]) -> Result<()> {
        self.load.connect()?;
        let (references, _, _) = request_calls(&mut self.load, users)?;
        let at = Utc::now();
        let answered =
            references.iter().map(|reference| self.load.request("events", &answered(reference, at)));
        let answered = answered.collect();
        self.load.send(answered)?;
        Ok(())
    }

    /// Makes `calls` calls in waves. The calls of a wave are first authorized, then answered, and then ended.
    fn turn(&mut self, calls: u32) -> Result<Turn> {
        let (mut authorizations, mut ends) = (Tally::default(), Tally::default());
        let process = self.databases.process()?;
        let mut left = calls as usize;
        self.load.connect()?;
        while left > 0 {
            let users = self.users[..left.min(self.users.len())].to_vec();
            left -= users.len();
            // the database's statements are measured only in the last wave of calls
            let watched = self.statements && left == 0;
            let watch = watched.then(|| Watch::start(&self.databases, "callshop")).transpose()?;
            let before = Processor::now(process)?;
            let (references, answers, took) = request_calls(&mut self.load, &users)?;
            authorizations.add(&answers, took, Processor::now(process)?.since(before));
            if let Some(watch) = watch {
                println!("{}", watch.report("authorizations", answers.len())?);
            }
            let at = Utc::now();
            let answered = references
                .iter()
                .map(|reference| self.load.request("events", &answered(reference, at)))
                .collect();
            self.load.send(answered)?;
            let ended = references
                .iter()
                .map(|reference| self.load.request("events", &ended(reference, at)))
                .collect();
            let watch = watched.then(|| Watch::start(&self.databases, "callshop")).transpose()?;
            let before = Processor::now(process)?;
            let (answers, took) = self.load.send(ended)?;
            let spent = Processor::now(process)?.since(before);
            if let Some(watch) = watch {
                println!("{}", watch.report("call ends", answers.len())?);
            }
            let bodies = answers.iter().map(Answer::json).collect::<Result<Vec<_>>>()?;
            if let Some(other) = bodies.iter().find(|body| body["results"][0]["status"] != json!("applied")) {
                return Err(format!("an end was not applied: {other}").into());
            }
            ends.add(&answers, took, spent);
            self.ended += answers.len() as u64;
        }
        Ok(Turn { authorizations: authorizations.figures(), ends: ends.figures() })
    }

    /// Makes `calls` calls in waves, with every event that a proxy sends about an answered call.
    pub fn whole_calls(&mut self, calls: u32) -> Result<()> {
        let mut left = calls as usize;
        self.load.connect()?;
        while left > 0 {
            let users = self.users[..left.min(self.users.len())].to_vec();
            left -= users.len();
            let (references, _, _) = request_calls(&mut self.load, &users)?;
            let at = Utc::now();
            for event in [ringing, answered, ended] {
                let all =
                    references.iter().map(|reference| self.load.request("events", &event(reference, at)));
                let all = all.collect();
                self.load.send(all)?;
            }
            self.ended += references.len() as u64;
        }
        Ok(())
    }

    /// Runs turns of this server and of another server alternately, and prints a line of a curve.
    fn compare(&mut self, other: &mut Self, plan: &Plan, size: u64) -> Result<()> {
        let mut rounds = Vec::new();
        for _ in 0..plan.rounds {
            let share = (plan.calls / plan.rounds).max(1);
            let (ours, theirs) = (self.turn(share)?, other.turn(share)?);
            rounds.push(((ours.authorizations, theirs.authorizations), (ours.ends, theirs.ends)));
        }
        report::curve(size, &rounds);
        Ok(())
    }

    /// Checks that every call answered with 200 is stored and charged, and that the ledger balances. Stops the server.
    pub fn finish(self) -> Result<()> {
        let Self { server, load, ended, runtime, .. } = self;
        let stored = runtime.block_on(async {
            server.check_ledger().await;
            let charged = call::Entity::find().filter(call::Column::BilledSeconds.eq(TALK));
            charged.count(server.app.store.reader()).await
        })?;
        if stored != ended {
            return Err(format!(
                "the hook accepted {ended} call ends, but {stored} calls are stored as charged"
            )
            .into());
        }
        drop(load);
        runtime.block_on(server.stop());
        Ok(())
    }
}

/// Requests one call from each of these phones. The server must allow all of these calls. Returns the references of the calls, the responses, and
/// the total time.
fn request_calls(load: &mut Load, users: &[String]) -> Result<(Vec<Value>, Vec<Answer>, Duration)> {
    let requests = users.iter().map(|user| load.request("authorize", &attempt(user))).collect();
    let (answers, took) = load.send(requests)?;
    let bodies = answers.iter().map(Answer::json).collect::<Result<Vec<_>>>()?;
    if let Some(refused) = bodies.iter().find(|body| body["allow"] != json!(true)) {
        return Err(format!("an attempt was refused: {refused}").into());
    }
    Ok((bodies.iter().map(|body| body["ref"].clone()).collect(), answers, took))
}

fn attempt(user: &str) -> Value {
    json!({ "request_id": Uuid::new_v4(), "user": user, "dialed": "+351912345678", "src": "198.51.100.7:5060",
        "ts": micros(Utc::now()), "proxy": PROXY, "call_id": Uuid::new_v4().simple().to_string(),
        "from_tag": Uuid::new_v4().simple().to_string() })
}

fn ringing(reference: &Value, at: DateTime<Utc>) -> Value {
    json!([{ "eid": Uuid::new_v4(), "kind": "ringing", "ts": micros(at), "proxy": PROXY, "ref": reference, "call_id": "c",
        "from_tag": "f", "to_tag": "t" }])
}

fn answered(reference: &Value, at: DateTime<Utc>) -> Value {
    json!([{ "eid": Uuid::new_v4(), "kind": "answered", "ts": micros(at), "proxy": PROXY, "ref": reference, "call_id": "c",
        "from_tag": "f", "to_tag": "t", "handle": "1:1" }])
}

fn ended(reference: &Value, at: DateTime<Utc>) -> Value {
    json!([{ "eid": Uuid::new_v4(), "kind": "ended", "ts": micros(at + TimeDelta::seconds(TALK)), "proxy": PROXY, "ref": reference,
        "call_id": "c", "from_tag": "f", "to_tag": "t", "handle": "1:1", "by": "caller", "cause": "bye", "answered_ts": micros(at) }])
}

fn micros(at: DateTime<Utc>) -> String {
    at.timestamp_micros().to_string()
}
