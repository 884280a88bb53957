//! Starts and stops the processes of an instance: Kamailio, and SIPp as gateway and phones.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{PROXY, SipPlan, root};
use crate::server::HOOK_SECRET;

/// A child process with its process group.
pub(super) struct Group {
    pub(super) leader: Child,
    /// The process ends its own children on SIGTERM.
    orderly: bool,
}

impl Group {
    pub(super) fn spawn(command: &mut Command, orderly: bool) -> Self {
        let leader = command.stdin(Stdio::null()).process_group(0).spawn();
        let leader =
            leader.unwrap_or_else(|error| panic!("{command:?}: {error}: run the tests with tests/run"));
        Self { leader, orderly }
    }

    pub(super) fn kill(&mut self) {
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

pub(super) fn write_configuration(
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
pub(super) fn create_database(target: &str) {
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
pub(super) fn set_clock(dir: &Path, seconds: i64) {
    let (written, clock) = (dir.join("clock.new"), dir.join("clock"));
    fs::write(&written, format!("{seconds:+}\n")).expect("the clock is written");
    fs::rename(written, clock).expect("the clock is set");
}

pub(super) fn start_proxy(dir: &Path) -> Group {
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

pub(super) fn start_gateway(dir: &Path, address: SocketAddr) -> Group {
    // the gateway may see the Call-ID of an ended call a second time
    Group::spawn(sipp(dir, "gateway", "gateway", address).args(["-deadcall_wait", "0"]), false)
}

/// Like [`start_gateway`], but counts messages and logs only the start and end of each call.
pub(super) fn start_quiet_gateway(dir: &Path, address: SocketAddr) -> Group {
    let mut command = quiet_sipp(dir, "gateway", "gateway", address);
    command.args(["-deadcall_wait", "0", "-trace_logs", "-log_file"]).arg(dir.join("gateway.log"));
    Group::spawn(&mut command, false)
}

/// The SIPp command that logs every message in `NAME.msg`.
pub(super) fn sipp(dir: &Path, name: &str, scenario: &str, from: SocketAddr) -> Command {
    let mut command = plain_sipp(dir, name, scenario, from);
    command.arg("-trace_msg").arg("-message_file").arg(dir.join(format!("{name}.msg")));
    command
}

/// The SIPp command that writes only counters, each second, to `NAME.stat`.
pub(super) fn quiet_sipp(dir: &Path, name: &str, scenario: &str, from: SocketAddr) -> Command {
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

/// The last 4,000 bytes of a file.
pub(super) fn tail(file: &Path) -> String {
    let text = fs::read(file).unwrap_or_default();
    let start = text.len().saturating_sub(4_000);
    String::from_utf8_lossy(&text[start..]).into_owned()
}
