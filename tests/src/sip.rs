//! Runs real telephony on loopback: Kamailio with the shipped configuration, and SIPp as the carrier's gateway and the phones.
//!
//! Each instance has its own loopback network (`127.A.B.0/24`), so several tests can run side by side. Dropping the instance ends its processes.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDateTime, Utc};
use entity::hook_event;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, Database, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, Statement,
};

use crate::rush::Figures;
use crate::server::{HOOK_SECRET, TestServer};
use crate::shop::SipAccount;

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

    /// Waits until the process ends as the scenario says. Returns the messages.
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

/// The SIP messages that one SIPp process logged.
pub struct Trace(Vec<Message>);

/// One SIP message.
pub struct Message {
    /// Time of the message, by the machine's clock.
    pub at: DateTime<Utc>,
    /// True if the message was sent, false if it was received.
    pub sent: bool,
    text: String,
}

impl Trace {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let messages = text.split("-----------------------------------------------").filter_map(|block| {
            let (head, text) = block.split_once("\n\n")?;
            let at =
                NaiveDateTime::parse_from_str(head.lines().next()?.trim(), "%Y-%m-%d %H:%M:%S%.f").ok()?;
            let sent = head.contains("message sent");
            Some(Message { at: at.and_utc(), sent, text: text.trim_start().to_owned() })
        });
        Self(messages.collect())
    }

    /// All messages in order of time.
    pub fn messages(&self) -> &[Message] {
        &self.0
    }

    /// The Call-ID of the first message.
    ///
    /// # Panics
    /// Panics if there is no message.
    pub fn call_id(&self) -> String {
        let first = self.0.iter().find_map(|message| message.header("Call-ID"));
        first.expect("a message with a Call-ID").to_owned()
    }

    /// Number of received requests with this method.
    pub fn requests(&self, method: &str) -> usize {
        self.0.iter().filter(|message| message.is_received(method)).count()
    }

    /// Number of received requests with this method in one call.
    pub fn received(&self, method: &str, call_id: &str) -> usize {
        let received = self.0.iter().filter(|message| message.is_received(method));
        received.filter(|message| message.header("Call-ID") == Some(call_id)).count()
    }
}

impl Message {
    fn is_received(&self, method: &str) -> bool {
        !self.sent && self.is_request(method)
    }

    /// True for a request with this method.
    pub fn is_request(&self, method: &str) -> bool {
        self.text.strip_prefix(method).is_some_and(|rest| rest.starts_with(' '))
    }

    /// The status code, if this is a response to a request with this method.
    pub fn answers(&self, method: &str) -> Option<u16> {
        let status = self.text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
        self.header("CSeq").filter(|sequence| sequence.ends_with(method)).map(|_| status)
    }

    /// The Call-ID.
    pub fn call_id(&self) -> Option<&str> {
        self.header("Call-ID")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.text.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// A child process with its process group.
struct Group {
    leader: Child,
    /// The process ends its own children on SIGTERM.
    orderly: bool,
}

impl Group {
    fn spawn(command: &mut Command, orderly: bool) -> Self {
        let leader = command.stdin(Stdio::null()).process_group(0).spawn();
        let leader =
            leader.unwrap_or_else(|error| panic!("{command:?}: {error}: run the tests with tests/run"));
        Self { leader, orderly }
    }

    fn kill(&mut self) {
        self.signal("-KILL", &format!("-{}", self.leader.id()));
        let _ = self.leader.wait();
    }

    fn signal(&self, signal: &str, target: &str) {
        let _ = Command::new("kill").args([signal, "--", target]).stderr(Stdio::null()).status();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.leader.id();
        if self.orderly {
            self.signal("-TERM", &id.to_string());
            let patience = Instant::now() + Duration::from_secs(3);
            while matches!(self.leader.try_wait(), Ok(None)) && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.signal("-KILL", &format!("-{id}"));
        let _ = self.leader.wait();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

fn write_configuration(
    dir: &Path,
    plan: &SipPlan,
    gateway: SocketAddr,
    hook: SocketAddr,
    settings: &[(&str, &str)],
) {
    fs::copy(root().join("kamailio/kamailio.cfg"), dir.join("kamailio.cfg")).expect("kamailio.cfg is copied");
    let folder = dir.display();
    let own = [
        ("CS_SECRET", HOOK_SECRET.to_owned()),
        ("CS_PROXY_NAME", PROXY.to_owned()),
        ("CS_API_HOST", hook.to_string()),
        ("CS_GATEWAY", gateway.to_string()),
        ("CS_CARRIER_NETS", format!("{}/32", gateway.ip())),
        ("CS_SIP_LISTEN", format!("udp:{}", plan.sip)),
        ("CS_CONTROL_ADDRESS", plan.control.ip().to_string()),
        ("CS_CONTROL_PORT", plan.control.port().to_string()),
        ("CS_RUN_DIR", folder.to_string()),
        ("CS_DB_DIALOG", format!("sqlite:///{folder}/dialog.sqlite")),
        ("CS_DB_LOCATION", format!("sqlite:///{folder}/location.sqlite")),
        ("CS_DB_EMERGENCY", format!("sqlite:///{folder}/emergency.sqlite")),
        ("CS_SIP_WORKERS", "2".to_owned()),
        ("CS_ASK_WORKERS", "8".to_owned()),
        // all phones of a test share one address
        ("CS_FLOOD_LIMIT", "10000".to_owned()),
    ];
    let on_postgres = plan.postgres.iter().flat_map(|url| {
        let (module, mode) = ("db_postgres.so".to_owned(), "1".to_owned());
        [
            ("CS_DB_MODULE", module),
            ("CS_DB_DIALOG", url.clone()),
            ("CS_DB_LOCATION", url.clone()),
            ("CS_DB_EMERGENCY", url.clone()),
            ("CS_PHONES_DB_MODE", mode),
        ]
    });
    if plan.postgres.is_none() {
        create_database(dir.to_str().expect("a path in UTF-8"));
    }
    let changed = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let changed: Vec<(&str, String)> = changed.chain(on_postgres).collect();
    let own = own.into_iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name));
    // an empty value keeps the shipped setting
    let changed: Vec<_> = changed.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
    let lines: Vec<String> =
        own.chain(changed).map(|(name, value)| format!("#!substdef \"!{name}!{value}!g\"\n")).collect();
    fs::write(dir.join("local.cfg"), lines.concat()).expect("local.cfg is written");
}

/// Creates the proxy's tables, in a folder or on PostgreSQL.
fn create_database(target: &str) {
    // the URL goes to standard input, because it may contain a password
    let mut command = Command::new("sh");
    command.arg(root().join("kamailio/create-db")).arg("-").stdin(Stdio::piped());
    let made = command.spawn().and_then(|mut child| {
        if let Some(mut input) = child.stdin.take() {
            writeln!(input, "{target}")?;
        }
        child.wait()
    });
    assert!(made.is_ok_and(|status| status.success()), "kamailio/create-db: run the tests with tests/run");
}

/// Writes the file that libfaketime reads whenever the proxy reads its clock.
fn set_clock(dir: &Path, seconds: i64) {
    let (written, clock) = (dir.join("clock.new"), dir.join("clock"));
    fs::write(&written, format!("{seconds:+}\n")).expect("the clock is written");
    fs::rename(written, clock).expect("the clock is set");
}

fn start_proxy(dir: &Path) -> Group {
    let log = File::options().create(true).append(true).open(dir.join("kamailio.log")).expect("a log");
    let mut command = Command::new("kamailio");
    command.args(["-DD", "-E", "-m", "64", "-M", "8", "-f"]).arg(dir.join("kamailio.cfg"));
    // the proxy runs in its own folder: if the current folder had a local.cfg, that file would take precedence
    command.current_dir(dir).stdout(Stdio::null()).stderr(log);
    let clock = dir.join("clock");
    if clock.exists() {
        let library = fs::read_dir("/usr/lib").expect("/usr/lib").filter_map(Result::ok);
        let library = library.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
        let library = library.into_iter().find(|path| path.exists());
        command.env("LD_PRELOAD", library.expect("libfaketime: run the tests with tests/run"));
        command.env("FAKETIME_TIMESTAMP_FILE", clock).env("FAKETIME_NO_CACHE", "1");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
    Group::spawn(&mut command, true)
}

fn start_gateway(dir: &Path, address: SocketAddr) -> Group {
    // the gateway may see the Call-ID of an ended call a second time
    Group::spawn(sipp(dir, "gateway", "gateway", address).args(["-deadcall_wait", "0"]), false)
}

/// Like [`start_gateway`], but counts messages and logs only the start and end of each call.
fn start_quiet_gateway(dir: &Path, address: SocketAddr) -> Group {
    let mut command = quiet_sipp(dir, "gateway", "gateway", address);
    command.args(["-deadcall_wait", "0", "-trace_logs", "-log_file"]).arg(dir.join("gateway.log"));
    Group::spawn(&mut command, false)
}

/// The SIPp command that logs every message in `NAME.msg`.
fn sipp(dir: &Path, name: &str, scenario: &str, from: SocketAddr) -> Command {
    let mut command = plain_sipp(dir, name, scenario, from);
    command.arg("-trace_msg").arg("-message_file").arg(dir.join(format!("{name}.msg")));
    command
}

/// The SIPp command that writes only counters, each second, to `NAME.stat`.
fn quiet_sipp(dir: &Path, name: &str, scenario: &str, from: SocketAddr) -> Command {
    let mut command = plain_sipp(dir, name, scenario, from);
    command.args(["-trace_stat", "-fd", "1", "-stf"]).arg(dir.join(format!("{name}.stat")));
    command
}

fn plain_sipp(dir: &Path, name: &str, scenario: &str, from: SocketAddr) -> Command {
    let mut command = Command::new("sipp");
    command.arg("-sf").arg(root().join("tests/sip").join(format!("{scenario}.xml")));
    command.args(["-i", &from.ip().to_string(), "-p", &from.port().to_string(), "-nostdin", "-trace_err"]);
    command.arg("-error_file").arg(dir.join(format!("{name}.err")));
    // SIPp's trace uses local time
    command
        .current_dir(dir)
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn free_udp(host: Ipv4Addr, from: u16) -> SocketAddr {
    let free = (from..u16::MAX).map(|port| SocketAddr::from((host, port)));
    free.into_iter().find(|address| UdpSocket::bind(address).is_ok()).expect("a free port")
}

fn free_tcp(host: Ipv4Addr) -> SocketAddr {
    let free = (8060..u16::MAX).map(|port| SocketAddr::from((host, port)));
    free.into_iter().find(|address| TcpListener::bind(address).is_ok()).expect("a free port")
}

/// The last 4,000 bytes of a file.
fn tail(file: &Path) -> String {
    let text = fs::read(file).unwrap_or_default();
    let start = text.len().saturating_sub(4_000);
    String::from_utf8_lossy(&text[start..]).into_owned()
}
