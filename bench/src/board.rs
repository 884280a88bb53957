//! Compares callshop with Mercurius by running the board query on the same rows. A shop's screen sends this query when the screen opens.
//!
//! callshop is measured on two nodes. The first node keeps no answers: it runs every query, as if the shop changed before each query. The second node
//! keeps answers, as if the shop never changed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use graphql::scalars::Kind;
use serde_json::{Value, json};
use tests::{Shop, TestServer};

use crate::database::{Databases, run};
use crate::load::{Answer, Load};
use crate::processor::Processor;
use crate::report::{self, Bar, Figures};
use crate::statements::Watch;
use crate::{Backend, Result};

/// Number of the shop's cabins, each with an open session.
const CABINS: usize = 20;
/// Number of calls shown per cabin.
const CALLS: usize = 10;
/// Talk time of a call.
const TALK_MS: i64 = 90_000;

const QUERY: &str = "query Board($shop: ID!) { cabins(callshopId: $shop, first: 20) { nodes { id number label state phoneOnline \
    currentSession { id state openedAt customer calls(first: 10) { nodes { id number destination state answeredAt endedAt \
    elapsedSeconds cost { amount currency } } } } } } }";

/// Options of the measurement.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Plan {
    /// Number of connections.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// Queries per turn.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    queries: u32,
    /// Number of turns that callshop and the peer each take. The reported ratio is the median of the turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Run one more turn of callshop, and print the statements that took the most time in PostgreSQL. (This loads pg_stat_statements, which slows
    /// PostgreSQL down a little.)
    #[arg(long)]
    statements: bool,
}

/// `callshop-bench board`.
pub fn board(plan: &Plan) -> Result<()> {
    let databases = Databases::start(Backend::Postgres, plan.connections, plan.statements)?;
    let postgres = databases.process()?;
    let url = databases.create("callshop")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shop = runtime.block_on(open(url.clone()));
    let forgetful =
        runtime.block_on(shop.server.another_node_with(|config| config.limits.kept_answer_bytes = 0));
    let peer = Peer::start(&url)?;
    let mut changed = Side::new(forgetful.http, plan, &shop.id, Some(shop.attendant.token()))?;
    let mut kept = Side::new(shop.server.http, plan, &shop.id, Some(shop.attendant.token()))?;
    let mut theirs = Side::new(peer.address, plan, &raw_id(&shop.id)?, None)?;
    same(&mut changed, &mut theirs)?;
    same(&mut kept, &mut theirs)?;
    let (mut of_changed, mut of_kept) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let peers = theirs.turn(plan.queries, None)?;
        of_changed.push((changed.turn(plan.queries, postgres)?, peers));
        of_kept.push((kept.turn(plan.queries, postgres)?, peers));
    }
    for (what, least, rounds) in
        [("changed each time", 3.0, of_changed), ("nothing changed since", 10.0, of_kept)]
    {
        let title = format!(
            "board query, {what}: PostgreSQL, {CABINS} cabins, {CALLS} calls each, {} connections",
            plan.connections
        );
        let bar = Bar { least, of: "Mercurius's rate" };
        report::print(&title, "callshop", "Mercurius with JIT", &rounds, Some(bar));
        println!();
    }
    drop(peer);
    if plan.statements {
        let watch = Watch::start(&databases, "callshop")?;
        changed.turn(plan.queries, postgres)?;
        println!("{}", watch.report("boards", plan.queries as usize)?);
    }
    runtime.block_on(forgetful.stop());
    runtime.block_on(shop.server.stop());
    Ok(())
}

/// The database id of a global id.
fn raw_id(id: &str) -> Result<String> {
    let id = Kind::Callshop.parse(&id.into()).map_err(|error| error.to_string())?;
    Ok(id.to_string())
}

/// Creates a shop with a customer in every cabin. Each customer has made calls.
async fn open(url: String) -> Shop {
    let server = TestServer::start(tests::Backend::Sqlite, |config| {
        config.database_url = url;
        config.database_connections = api::config::Config::default().database_connections;
    });
    let shop = Shop::on(server.await, CABINS).await;
    shop.open_register().await;
    for cabin in 0..CABINS {
        shop.open_cabin(cabin).await;
        for _ in 0..CALLS {
            shop.call(cabin, "+13055550123", TALK_MS).await;
        }
    }
    shop
}

/// One of the two servers, under load.
struct Side {
    load: Load,
    request: Vec<u8>,
}

impl Side {
    fn new(address: SocketAddr, plan: &Plan, shop: &str, token: Option<&str>) -> Result<Self> {
        let body = json!({ "query": QUERY, "variables": { "shop": shop } }).to_string();
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\n{token}Accept: application/json\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(Self { load: Load::new(address, plan.connections)?, request: request.into_bytes() })
    }

    fn ask(&mut self, times: u32) -> Result<(Vec<Answer>, std::time::Duration)> {
        self.load.connect()?;
        self.load.send(vec![self.request.clone(); times as usize])
    }

    /// Runs one server's turn. If `postgres` (the id of the database server's process) is given, the turn also measures processor time.
    fn turn(&mut self, times: u32, postgres: Option<u32>) -> Result<Figures> {
        let before = postgres.is_some().then(|| Processor::now(postgres)).transpose()?;
        let (answers, took) = self.ask(times)?;
        let spent = before.map(|before| Processor::now(postgres).map(|now| now.since(before))).transpose()?;
        if let Some(bad) = answers.iter().find(|answer| answer.body.len() < 10_000) {
            return Err(format!("not a board: {}", bad.json()?).into());
        }
        let figures = Figures::new(answers.iter().map(|answer| answer.took).collect(), took);
        Ok(figures.with(spent.unwrap_or_default()))
    }
}

/// Checks that both servers return the same data. Ids may differ. Fractions of seconds may also differ, because JavaScript's dates have no
/// microseconds. The check also warms up both servers.
fn same(ours: &mut Side, theirs: &mut Side) -> Result<()> {
    let mut shown = Vec::new();
    for side in [ours, theirs] {
        let (answers, _) = side.ask(200)?;
        let mut board = answers.last().ok_or("no answer")?.json()?;
        strip(&mut board);
        shown.push(board);
    }
    let cabin = |board: &Value| board["data"]["cabins"]["nodes"][0].to_string();
    match shown.as_slice() {
        [left, right] if left == right => Ok(()),
        [left, right] => {
            Err(format!("the two servers answer differently: {} and {}", cabin(left), cabin(right)).into())
        }
        _ => Err("there must be two answers, one per server".into()),
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(members) => {
            members.remove("id");
            for (name, member) in members.iter_mut() {
                if name.ends_with("At") {
                    *member = json!(member.as_str().map(|at| at[..19].to_owned()));
                }
                strip(member);
            }
        }
        _ => {}
    }
}

/// Mercurius in a separate process.
struct Peer {
    process: Child,
    address: SocketAddr,
}

impl Peer {
    fn start(url: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/board");
        if !folder.join("node_modules/mercurius").exists() {
            run(Command::new("npm")
                .args(["ci", "--silent", "--no-audit", "--no-fund"])
                .current_dir(&folder))?;
        }
        let mut process = Command::new("node")
            .args(["server.mjs", url, "BRL"])
            .env("NODE_ENV", "production")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run node ({error}): apt-get install nodejs npm"))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().trim_start_matches("http://").parse();
        Ok(Self { process, address: address.map_err(|_| "Mercurius did not start: its errors are above")? })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // the process may have ended on its own
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
