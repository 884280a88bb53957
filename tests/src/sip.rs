//! Runs real telephony on loopback: Kamailio with the shipped configuration, and SIPp as the carrier's gateway and the phones.
//!
//! Each instance has its own loopback network (`127.A.B.0/24`), so several tests can run side by side. Dropping the instance ends its processes.

mod processes;
mod trace;

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::Duration;

use entity::hook_event;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, Database, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, Statement,
};

use crate::rush::Figures;
use crate::server::TestServer;
use crate::shop::SipAccount;
use processes::{
    Group, create_database, quiet_sipp, set_clock, sipp, start_gateway, start_proxy, start_quiet_gateway,
    tail, write_configuration,
};

pub use trace::{Message, Trace};

/// The proxy's name in events.
pub const PROXY: &str = "kamailio";

/// Maximum wait for any event.
const DEADLINE: Duration = Duration::from_secs(30);

static NETWORKS: AtomicU32 = AtomicU32::new(0);

/// Polls until `ask` returns a value.
///
/// # Panics
/// Panics if `ask` returns no value within 30 seconds.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, search).await.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// The addresses of an instance. The addresses are chosen before the server starts, because its configuration names the control listener.
pub struct SipPlan {
    network: [u8; 3],
    sip: SocketAddr,
    control: SocketAddr,
    /// Database URL for dialogs and registrations; `None` uses SQLite in the instance's folder.
    postgres: Option<String>,
    gateway: SocketAddr,
    /// Whether the proxy has a clock of its own.
    has_clock: bool,
}

impl SipPlan {
    /// Plans a network that no other instance uses.
    pub fn new() -> Self {
        let serial =
            std::process::id().wrapping_mul(64).wrapping_add(NETWORKS.fetch_add(1, Ordering::Relaxed));
        let [.., high, low] = serial.to_be_bytes();
        let network = [127, high | 1, low];
        let proxy = Ipv4Addr::new(127, high | 1, low, 1);
        let gateway = SocketAddr::from((Ipv4Addr::new(127, high | 1, low, 2), 5060));
        Self {
            network,
            sip: free_udp(proxy, 5060),
            control: free_tcp(proxy),
            gateway,
            postgres: None,
            has_clock: false,
        }
    }

    /// Gives the proxy a clock of its own, which [`Sip::set_clock`] sets.
    #[must_use]
    pub fn with_clock(self) -> Self {
        Self { has_clock: true, ..self }
    }

    /// Like [`Self::new`], with a new PostgreSQL database for dialogs and registrations.
    pub async fn on_postgres() -> Self {
        let url = crate::server::new_postgres().await;
        create_database(&url);
        Self { postgres: Some(url), ..Self::new() }
    }

    /// Creates a plan for a proxy that is already running, in a loopback network where host 10 is unused. The proxy sends calls to `gateway`.
    pub fn beside(sip: SocketAddr, control: SocketAddr, gateway: SocketAddr) -> Self {
        let [a, b, c, _] = match sip.ip() {
            std::net::IpAddr::V4(address) => address.octets(),
            std::net::IpAddr::V6(_) => panic!("{sip}: IPv4 only"),
        };
        Self { network: [a, b, c], sip, control, gateway, postgres: None, has_clock: false }
    }

    /// Starts the gateway of a proxy that is already running.
    pub fn join(self) -> Sip {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let gateway = start_gateway(dir.path(), self.gateway);
        Sip::new(self, None, gateway, dir)
    }

    /// Like [`Self::join`], but logs only one line for the start and one line for the end of each call.
    pub fn join_quietly(self) -> Sip {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let gateway = start_quiet_gateway(dir.path(), self.gateway);
        Sip::new(self, None, gateway, dir)
    }

    /// The proxy's control address, which the API calls.
    pub fn control(&self) -> SocketAddr {
        self.control
    }

    /// The first three bytes of the network's addresses.
    pub fn network(&self) -> [u8; 3] {
        self.network
    }

    /// An address of the network. Hosts in use over UDP: 1 is the proxy, 2 is the gateway, 3 and 4 are unknown senders, 10 is the phones.
    pub fn address(&self, host: u8) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, host)
    }

    /// Starts the gateway and the proxy. The proxy uses the hook at the address `hook`, and stores dialogs and registrations in the PostgreSQL database
    /// at `database`.
    ///
    /// # Panics
    /// Panics if the gateway or the proxy does not start.
    pub async fn start_alone(mut self, hook: SocketAddr, database: &str, settings: &[(&str, &str)]) -> Sip {
        let dir = tempfile::tempdir().expect("a temporary folder");
        set_clock(dir.path(), 0);
        create_database(database);
        self.postgres = Some(database.to_owned());
        write_configuration(dir.path(), &self, self.gateway, hook, settings);
        let gateway = start_gateway(dir.path(), self.gateway);
        let mut sip = Sip::new(self, None, gateway, dir);
        sip.listen_again().await;
        sip
    }

    /// Starts gateway and proxy for a hook at an address, without logging messages, for runs with many calls.
    ///
    /// # Panics
    /// Panics if the gateway or the proxy does not start.
    pub async fn start_quietly(self, hook: SocketAddr, settings: &[(&str, &str)]) -> Sip {
        let dir = tempfile::tempdir().expect("a temporary folder");
        write_configuration(dir.path(), &self, self.gateway, hook, settings);
        let gateway = start_quiet_gateway(dir.path(), self.gateway);
        let mut sip = Sip::new(self, None, gateway, dir);
        sip.listen_again().await;
        sip
    }

    /// Starts proxy and gateway for a server, with these settings changed (`CS_…`). Returns once the server has received the proxy's boot event.
    ///
    /// # Panics
    /// Panics if the gateway or the proxy does not start.
    pub async fn start(self, server: &TestServer, settings: &[(&str, &str)]) -> Sip {
        let dir = tempfile::tempdir().expect("a temporary folder");
        if self.has_clock {
            set_clock(dir.path(), 0);
        }
        write_configuration(dir.path(), &self, self.gateway, server.hook, settings);
        let gateway = start_gateway(dir.path(), self.gateway);
        let proxy = start_proxy(dir.path());
        let mut sip = Sip::new(self, Some(proxy), gateway, dir);
        sip.booted(server, 1).await;
        sip
    }
}

impl Default for SipPlan {
    fn default() -> Self {
        Self::new()
    }
}

/// A running proxy with its gateway. Dropping this value ends the processes that it started.
pub struct Sip {
    plan: SipPlan,
    phones: Ipv4Addr,
    next_port: AtomicU16,
    /// `None` if the proxy was already running.
    proxy: Option<Group>,
    _gateway: Group,
    dir: tempfile::TempDir,
}

/// A telephone, which is a SIP account at an address.
#[derive(Clone)]
pub struct Phone {
    account: SipAccount,
    address: SocketAddr,
}

/// A scenario of `tests/sip` that a phone can play.
pub struct Script<'a> {
    /// The scenario's file name without `.xml`.
    pub scenario: &'a str,
    /// The dialed number.
    pub dialed: &'a str,
    /// The SIP status code expected for a refused call.
    pub code: &'a str,
    /// More SIPp options.
    pub options: &'a [&'a str],
}

impl<'a> Script<'a> {
    /// A call to `dialed`.
    pub fn call(scenario: &'a str, dialed: &'a str, options: &'a [&'a str]) -> Self {
        Self { scenario, dialed, code: "", options }
    }

    /// A call to `dialed` that the proxy refuses with `code`.
    pub fn refused(dialed: &'a str, code: &'a str) -> Self {
        Self { scenario: "phone-refused", dialed, code, options: &[] }
    }
}

/// A SIPp process playing a scenario. Dropping this value ends the process.
pub struct Playing {
    name: String,
    child: tokio::process::Child,
    dir: PathBuf,
}

impl Sip {
    fn new(plan: SipPlan, proxy: Option<Group>, gateway: Group, dir: tempfile::TempDir) -> Self {
        let phones = plan.address(10);
        Self { plan, phones, next_port: AtomicU16::new(20_000), proxy, _gateway: gateway, dir }
    }

    /// Kills all processes of the proxy with SIGKILL.
    pub fn kill_proxy(&mut self) {
        self.proxy.as_mut().expect("the test started the proxy itself").kill();
    }

    /// Sets the difference, in seconds, between the proxy's clock and the machine's clock. The proxy must have been started with
    /// [`SipPlan::start_alone`], or its plan must use [`SipPlan::with_clock`].
    pub fn set_clock(&self, seconds: i64) {
        set_clock(self.dir.path(), seconds);
    }

    /// Starts the proxy again. Returns once the server has received the proxy's boot event. `boots` is the total number of starts so far, including
    /// this start.
    pub async fn start_proxy(&mut self, server: &TestServer, boots: u64) {
        self.proxy = Some(start_proxy(self.dir.path()));
        self.booted(server, boots).await;
    }

    /// Empties the proxy's dialog tables on PostgreSQL.
    ///
    /// # Panics
    /// Panics if the proxy is not on PostgreSQL.
    pub async fn forget_dialogs(&self) {
        let url = self.plan.postgres.as_deref().expect("the proxy uses PostgreSQL");
        let database = Database::connect(url).await.expect("PostgreSQL answers");
        database.execute_unprepared("TRUNCATE dialog, dialog_vars").await.expect("the tables are emptied");
    }

    /// The proxy's local record of a phone, used for emergency calls: `HA1|blocked|caller ID|numbers`.
    ///
    /// # Panics
    /// Panics if the proxy's database does not open.
    pub async fn kept(&self, user: &str) -> Option<String> {
        let own = format!("sqlite://{}/emergency.sqlite", self.dir.path().display());
        let database =
            Database::connect(self.plan.postgres.clone().unwrap_or(own)).await.expect("a database");
        let sql = format!("SELECT record FROM callshop_phone WHERE username = '{user}'");
        let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
        row.ok().flatten().and_then(|row| row.try_get("", "record").ok())
    }

    async fn booted(&mut self, server: &TestServer, boots: u64) {
        let log = self.dir.path().join("kamailio.log");
        let proxy = self.proxy.as_mut().expect("the test started the proxy itself");
        eventually("the proxy's boot reaches the API", async || {
            let over = proxy.leader.try_wait().expect("a child's state");
            assert!(over.is_none(), "kamailio ended: {}", tail(&log));
            let query = hook_event::Entity::find().filter(hook_event::Column::Kind.eq("boot"));
            let found = query.count(server.app.store.reader()).await.expect("the database answers");
            (found >= boots).then_some(())
        })
        .await;
    }

    /// Starts a killed proxy again and returns once it listens. While the proxy's database is down, the proxy exits immediately; this function then
    /// restarts it, as a supervisor would.
    ///
    /// # Panics
    /// Panics if the proxy does not start.
    pub async fn listen_again(&mut self) {
        let mut proxy = start_proxy(self.dir.path());
        let (dir, log, control) = (self.dir.path(), self.dir.path().join("kamailio.log"), self.plan.control);
        let mut starts = 1;
        eventually("the proxy listens", async || {
            if proxy.leader.try_wait().expect("the state of the child").is_some() {
                assert!(starts < 100, "kamailio keeps exiting: {}", tail(&log));
                tokio::time::sleep(Duration::from_millis(200)).await;
                proxy = start_proxy(dir);
                starts += 1;
            }
            tokio::net::TcpStream::connect(control).await.ok()
        })
        .await;
        self.proxy = Some(proxy);
    }

    /// The proxy's log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("kamailio.log")).unwrap_or_default()
    }

    /// Gives a phone its own address.
    pub fn phone(&self, account: &SipAccount) -> Phone {
        Phone { account: account.clone(), address: self.free_address(self.phones) }
    }

    /// Registers a phone for five minutes.
    pub async fn register(&self, phone: &Phone) {
        self.play(phone, &Script::call("phone-register", "", &["-key", "expires", "300"])).finished().await;
    }

    /// Unregisters a phone.
    pub async fn unregister(&self, phone: &Phone) {
        self.play(phone, &Script::call("phone-register", "", &["-key", "expires", "0"])).finished().await;
    }

    /// Starts a scenario on a phone.
    pub fn play(&self, phone: &Phone, script: &Script<'_>) -> Playing {
        let SipAccount { user, secret, .. } = &phone.account;
        let line = format!(
            "SEQUENTIAL\n{user};[authentication username={user} password={secret}];{};{}\n",
            script.dialed, script.code
        );
        let name = crate::shop::unique(script.scenario);
        let csv = self.dir.path().join(format!("{name}.csv"));
        fs::write(&csv, line).expect("the phone's account is written");
        let mut options = vec!["-inf", csv.to_str().expect("a path in UTF-8")];
        options.extend(script.options);
        self.sipp(name, script.scenario, phone.address, &options)
    }

    /// Sends in-dialog requests for unknown dialogs, from an address that belongs neither to a phone nor to the gateway. One request uses this
    /// phone's name.
    pub fn forge(&self, phone: &Phone) -> Playing {
        let from = self.free_address(self.plan.address(3));
        let route = self.plan.sip.to_string();
        let gateway = self.plan.gateway.to_string();
        let elsewhere = SocketAddr::from((self.plan.address(4), 5060)).to_string();
        let keys = ["-key", "route", &route, "-key", "gateway", &gateway, "-key", "elsewhere", &elsewhere];
        let keys: Vec<&str> = keys.into_iter().chain(["-key", "phone", &phone.account.user]).collect();
        self.sipp(crate::shop::unique("forged"), "forged-in-dialog", from, &keys)
    }

    /// Makes a registered phone hang up a call that the proxy does not know.
    pub fn hang_up_unknown(&self, phone: &Phone) -> Playing {
        let (route, gateway) = (self.plan.sip.to_string(), self.plan.gateway.to_string());
        let keys = ["-key", "route", &route, "-key", "gateway", &gateway];
        self.play(phone, &Script::call("phone-lost-bye", "", &keys))
    }

    /// The proxy's SIP address, which phones use.
    pub fn address(&self) -> SocketAddr {
        self.plan.sip
    }

    /// Makes calls at a fixed rate from one address with the scenario `phone-call`, and waits until all calls have ended.
    ///
    /// # Panics
    /// Panics if SIPp does not start, or if it takes more than a minute longer than planned.
    pub async fn rush(&self, per_second: u32, seconds: u32, talk: Duration) -> Figures {
        let csv = self.dir.path().join("rush.csv");
        fs::write(&csv, "SEQUENTIAL\nbooth;[authentication username=booth password=secret];11988880111;\n")
            .expect("the phone's account is written");
        let command = quiet_sipp(self.dir.path(), "rush", "phone-call", self.free_address(self.phones));
        self.at_a_rate(command, &csv, (per_second, seconds, talk)).await;
        Figures::read(&self.dir.path().join("rush.stat"))
    }

    /// Runs SIPp with this rate of calls per second, duration in seconds, and talk time per call.
    async fn at_a_rate(
        &self,
        mut command: Command,
        csv: &Path,
        (per_second, seconds, talk): (u32, u32, Duration),
    ) {
        let calls = per_second * seconds;
        command.arg("-inf").arg(csv).args(["-r", &per_second.to_string(), "-m", &calls.to_string()]);
        command.args(["-l", &calls.to_string(), "-d", &talk.as_millis().to_string()]);
        command.arg(self.plan.sip.to_string());
        let mut phones =
            tokio::process::Command::from(command).kill_on_drop(true).spawn().expect("sipp starts");
        let patience = Duration::from_secs(u64::from(seconds)) + talk + DEADLINE * 2;
        let over = tokio::time::timeout(patience, phones.wait()).await;
        over.expect("the calls end in time").expect("an exit status");
    }

    /// Makes calls at a fixed rate from one address, using these accounts in turn. Logs the start and end of each call.
    ///
    /// # Panics
    /// See [`Self::rush`].
    pub async fn calls_in_turn(
        &self,
        (accounts, dialed): (&[SipAccount], &str),
        per_second: u32,
        seconds: u32,
        talk: Duration,
    ) -> Figures {
        let csv = self.dir.path().join("turns.csv");
        let line = |account: &SipAccount| {
            let SipAccount { user, secret, .. } = account;
            format!("{user};[authentication username={user} password={secret}];{dialed};\n")
        };
        let lines: Vec<String> = accounts.iter().map(line).collect();
        fs::write(&csv, format!("SEQUENTIAL\n{}", lines.concat())).expect("the accounts are written");
        let mut command = quiet_sipp(self.dir.path(), "turns", "phone-call", self.free_address(self.phones));
        command.args(["-trace_logs", "-log_file"]).arg(self.dir.path().join("turns.log"));
        self.at_a_rate(command, &csv, (per_second, seconds, talk)).await;
        Figures::read(&self.dir.path().join("turns.stat"))
    }

    /// Duration of each call in milliseconds by Call-ID, as logged by the phones (`turns`) or the gateway (`gateway`).
    pub fn lengths(&self, side: &str) -> HashMap<String, i64> {
        let text = fs::read_to_string(self.dir.path().join(format!("{side}.log"))).unwrap_or_default();
        let (mut up, mut lengths) = (HashMap::new(), HashMap::new());
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [what, id, tick] = words[..] else { continue };
            let Ok(tick) = tick.parse::<i64>() else { continue };
            match (what, up.get(id)) {
                // an ACK may arrive twice; the first ACK counts
                ("up", None) => drop(up.insert(id.to_owned(), tick)),
                ("down", Some(begun)) => drop(lengths.entry(id.to_owned()).or_insert(tick - begun)),
                _ => {}
            }
        }
        lengths
    }

    /// Counters of a gateway that logs no messages. The counters are up to one second old.
    pub async fn quiet_gateway_figures(&self) -> Figures {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        Figures::read(&self.dir.path().join("gateway.stat"))
    }

    /// All messages that the gateway has sent and received up to now.
    pub fn gateway_trace(&self) -> Trace {
        Trace::read(&self.dir.path().join("gateway.msg"))
    }

    fn free_address(&self, host: Ipv4Addr) -> SocketAddr {
        // SIPp also takes a port for media and a port for commands, so the ports must be far apart
        free_udp(host, self.next_port.fetch_add(1, Ordering::Relaxed))
    }

    fn sipp(&self, name: String, scenario: &str, from: SocketAddr, options: &[&str]) -> Playing {
        let dir = self.dir.path().to_owned();
        let child = tokio::process::Command::from(sipp(&dir, &name, scenario, from))
            .args(["-m", "1", "-l", "1"])
            .args(options)
            .arg(self.plan.sip.to_string())
            .kill_on_drop(true)
            .spawn()
            .expect("sipp starts (apt-get install sip-tester)");
        Playing { name, child, dir }
    }
}

impl Drop for Sip {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the proxy's log:\n{}", tail(&self.dir.path().join("kamailio.log")));
        }
    }
}

impl Playing {
    /// Waits until the SIPp process ends. Returns the messages, and whether every call followed the scenario.
    pub async fn over(mut self) -> (bool, Trace) {
        let over = tokio::time::timeout(DEADLINE * 2, self.child.wait()).await;
        let whole = matches!(over, Ok(Ok(status)) if status.success());
        (whole, Trace::read(&self.dir.join(format!("{}.msg", self.name))))
    }

    /// Waits for the process to complete its scenario. Returns the messages.
    ///
    /// # Panics
    /// Panics if the process deviates from the scenario or takes longer than a minute.
    pub async fn finished(mut self) -> Trace {
        let over = tokio::time::timeout(DEADLINE * 2, self.child.wait()).await;
        let file = |kind: &str| self.dir.join(format!("{}.{kind}", self.name));
        let trace = || tail(&file("msg"));
        let status = over.unwrap_or_else(|_| panic!("{}: no end: {}", self.name, trace()));
        let status = status.expect("an exit status");
        assert!(status.success(), "{}: {status}\n{}\n{}", self.name, tail(&file("err")), trace());
        Trace::read(&file("msg"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

fn free_udp(host: Ipv4Addr, from: u16) -> SocketAddr {
    let free = (from..u16::MAX).map(|port| SocketAddr::from((host, port)));
    free.into_iter().find(|address| UdpSocket::bind(address).is_ok()).expect("a free port")
}

fn free_tcp(host: Ipv4Addr) -> SocketAddr {
    let free = (8060..u16::MAX).map(|port| SocketAddr::from((host, port)));
    free.into_iter().find(|address| TcpListener::bind(address).is_ok()).expect("a free port")
}
