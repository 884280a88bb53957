//! Makes real calls at a fixed rate through the whole shipped stack, which is `deploy/local` with its two nodes, PostgreSQL, Redis, the balancer and
//! the SIP proxy. SIPp plays the phones and the gateway. Afterward, each call must be in the database exactly once. The duration in the database must
//! be the duration that both the phone and the gateway measured.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{CallState, call, live_call};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, Database, DatabaseConnection, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, QuerySelect as _, Statement,
};

use crate::crash::process;
use crate::faults::town;
use crate::rush::{Figures, drops};
use crate::server::proxy;
use crate::shop::SipAccount;
use crate::sip::PROXY;
use crate::{Local, Shop, SipPlan, TestServer};

/// Cabins per callshop.
const CABINS: usize = 100;
/// Minimum pause between two calls from the same phone.
const BETWEEN: Duration = Duration::from_secs(4);
/// Maximum wait for the last events.
const PATIENCE: Duration = Duration::from_secs(120);
/// Two measurements of one call must differ by less than a second (1,000 milliseconds).
const SECOND: i64 = 1_000;

/// Parameters of a run.
#[derive(Clone, Copy, Debug)]
pub struct Endurance {
    /// New calls per second.
    pub per_second: u32,
    /// Length of the run in seconds.
    pub seconds: u32,
    /// Talk time of each call.
    pub talk: Duration,
    /// Use the release build of the server.
    pub release: bool,
}

/// Results of a run.
#[derive(Clone, Debug, Default)]
pub struct Endured {
    /// Number of calls that the phones made, and number of calls that completed as scripted.
    pub phones: Figures,
    /// Number of answered calls that ended with a BYE, according to the database.
    pub stored: usize,
    /// Number of calls that the phones logged but that are missing from `stored`.
    pub lost: usize,
    /// Number of calls that are stored, or posted to the ledger, more than once.
    pub double: usize,
    /// Number of calls whose duration in the database differs by a second or more from the phone's or the gateway's measurement.
    pub differing: usize,
    /// The largest difference between two measurements of a call, in milliseconds.
    pub most_different: i64,
    /// Packets that the proxy's socket dropped.
    pub drops: u64,
    /// SIP messages that phones and gateway retransmitted.
    pub sent_again: u64,
    /// The last line of `callshop audit`, and whether the audit passed.
    pub audit: (String, bool),
}

impl Endured {
    /// True if every call is stored once and with the right length, and if the audit passed.
    pub fn holds(&self) -> bool {
        self.is_consistent() && self.phones.whole == self.phones.calls && self.phones.calls > 0
    }

    /// True if every call that both ends saw is stored once and with the right length, and if the audit passed. Calls on which a phone gave up are
    /// left out.
    pub fn is_consistent(&self) -> bool {
        let Self { phones, stored, lost, double, differing, audit, .. } = self;
        u64::try_from(*stored) == Ok(phones.whole) && (*lost, *double, *differing) == (0, 0, 0) && audit.1
    }
}

impl fmt::Display for Endured {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phones, stored, lost, double, differing, most_different, drops, sent_again, audit } = self;
        write!(
            to,
            "{} calls, {} whole, {stored} stored; {lost} lost, {double} double, {differing} differing by a second from what both ends \
             measured (at most {most_different} ms); {drops} packets dropped, {sent_again} messages sent again; audit: {}",
            phones.calls, phones.whole, audit.0
        )
    }
}

/// Starts the stack, makes the calls, and compares.
///
/// # Panics
/// Panics if a program does not start, or calls do not end in time.
pub async fn run(plan: Endurance) -> Endured {
    let folder = tempfile::tempdir().expect("a folder");
    // all phones of this test share one address
    let settings = [("CS_FLOOD_LIMIT", "1000000")];
    let local = Local::start_with(folder.path(), &[], process::build(plan.release), &settings).await;
    let gateway = SocketAddr::new(local.at(9, 5060).ip(), 5060);
    let sip = SipPlan::beside(local.sip, local.at(1, 8060), gateway).join_quietly();
    let phones = phones(&local, plan).await;
    let url = local.secret("database_url");
    let conn = Database::connect(&url).await.expect("the database opens");
    let dialed = (&phones[..], "0013055550123");
    let made = sip.calls_in_turn(dialed, plan.per_second, plan.seconds, plan.talk).await;
    drain(&conn).await;
    let again = sip.quiet_gateway_figures().await.sent_again;
    let drops = drops(local.sip);
    let mut endured = compare(&conn, [sip.lengths("turns"), sip.lengths("gateway")]).await;
    endured.sent_again = made.sent_again + again;
    endured.drops = drops;
    endured.phones = made;
    conn.close().await.expect("closes");
    let audit = local.command(&["audit", "--database", &url]).output().await.expect("callshop runs");
    let said = String::from_utf8_lossy(&audit.stdout).into_owned();
    endured.audit = (said.lines().last().unwrap_or_default().to_owned(), audit.status.success());
    local.stop().await;
    endured
}

/// Opens enough cabins that no phone has to start a new call while its previous call is still in progress.
async fn phones(local: &Local, plan: Endurance) -> Vec<SipAccount> {
    let (key, control) = (local.secret("token_key"), local.at(1, 8060));
    // the test's own node creates the shops; it runs next to the deployed nodes
    let server = TestServer::start_at(local.secret("database_url"), |config| {
        config.auth.token_key = Some(key.into());
        config.hook.proxies = vec![proxy(PROXY, control)];
    })
    .await;
    let office = Shop::on(server, 1).await;
    let busy = (plan.talk + BETWEEN).as_secs_f64().ceil() as usize;
    let needed = usize::try_from(plan.per_second).expect("a rate") * busy;
    let town = town::build(&office, needed.div_ceil(CABINS), needed.min(CABINS)).await;
    let phones = town.shops.iter().flat_map(|shop| shop.phones.clone()).collect();
    office.server.stop().await;
    phones
}

/// Waits until no call is live.
async fn drain(conn: &DatabaseConnection) {
    let empty = async {
        while live_call::Entity::find().count(conn).await.expect("live calls") > 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, empty).await.expect("the last calls end in the database");
}

/// Compares the database's calls with the measurements of the phones and the gateway.
async fn compare(conn: &DatabaseConnection, measured: [HashMap<String, i64>; 2]) -> Endured {
    let mut endured = Endured::default();
    let mut stored: HashMap<String, i64> = HashMap::new();
    let rows = call::Entity::find()
        .select_only()
        .columns([call::Column::SipCallId, call::Column::AnsweredAt, call::Column::EndedAt])
        .columns([call::Column::TalkSeconds])
        .filter(call::Column::State.eq(CallState::Ended))
        .filter(call::Column::Estimated.eq(false))
        .filter(call::Column::AnsweredAt.is_not_null())
        .into_tuple::<(String, DateTime<Utc>, DateTime<Utc>, i32)>();
    for (id, answered, ended, talk) in rows.all(conn).await.expect("calls") {
        let length = (ended - answered).num_milliseconds();
        // calls are charged in whole seconds, rounded up
        let rounded = i64::from(talk) * SECOND;
        let charged = (length..=length + SECOND).contains(&rounded);
        endured.stored += 1;
        endured.differing += usize::from(!charged);
        endured.double += usize::from(stored.insert(id, length).is_some());
    }
    let [phones, gateway] = &measured;
    for (id, by_phone) in phones {
        let Some(length) = stored.get(id) else {
            endured.lost += 1;
            continue;
        };
        let by_gateway = gateway.get(id).copied().unwrap_or(i64::MAX);
        let difference = (length - by_phone).abs().max(length.saturating_sub(by_gateway).saturating_abs());
        endured.most_different = endured.most_different.max(difference);
        endured.differing += usize::from(difference >= SECOND);
    }
    let twice = "SELECT COUNT(*) AS calls FROM (SELECT call_id FROM ledger_transfer WHERE call_id IS NOT NULL \
                 GROUP BY call_id HAVING COUNT(*) > 1) twice";
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), twice)).await;
    let twice: i64 = row.expect("the ledger").expect("a row").try_get("", "calls").expect("a number");
    endured.double += usize::try_from(twice).expect("a count");
    endured
}
