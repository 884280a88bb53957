//! Measures the proxy's own capacity: makes calls at a fixed rate through the shipped proxy and Redis, with a hook that immediately allows every
//! call.
//!
//! The API is left out on purpose. The test checks whether SIP waits for Redis. If SIP waited, packets would be dropped, messages would be
//! retransmitted, or events would arrive late.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::proxy::request;
use crate::redis::RedisServer;
use crate::relay::Relay;
use crate::sip::SipPlan;

/// The HA1 of `booth` in the realm `callshop` with the password `secret`.
const HA1: &str = "274b8cae732f0c76e043021d3c223b97";
/// The Redis stream to which the proxy writes events.
const STREAM: &str = "callshop:events";
/// Stream entries per read.
const PAGE: usize = 1_000;

/// Parameters of a run.
#[derive(Clone, Copy, Debug)]
pub struct Rush {
    /// New calls per second.
    pub per_second: u32,
    /// Length of the run in seconds.
    pub seconds: u32,
    /// Talk time of each call.
    pub talk: Duration,
    /// SIP worker processes of the proxy; the shipped default if `None`.
    pub workers: Option<u32>,
    /// Delay of each piece of data to and from Redis.
    pub redis_delay: Duration,
}

/// Results of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    /// Number of calls started.
    pub calls: u64,
    /// Number of calls that completed as scripted, including the response to their BYE.
    pub whole: u64,
    /// Number of calls whose `ended` event in Redis says that the caller hung up.
    pub ended: u64,
    /// Number of events posted over HTTP because Redis did not accept them in time.
    pub posted: u64,
    /// Number of events that are in Redis twice. If the disk is busy, Redis may respond only after the 200 ms that SIP waits. The proxy then writes
    /// the event again.
    pub twice: u64,
    /// Number of packets that the proxy's socket dropped.
    pub drops: u64,
    /// Number of SIP messages that the phones and the gateway retransmitted.
    pub sent_again: u64,
    /// The largest amount by which a call's reported duration exceeds its talk time.
    pub longest_over: Duration,
}

impl Carried {
    /// True if nothing was lost or delivered twice.
    pub fn is_whole(&self) -> bool {
        let lost = self.drops + self.sent_again;
        lost == 0 && self.calls > 0 && self.whole == self.calls && self.ended == self.calls
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, whole, ended, posted, twice, drops, sent_again, longest_over } = self;
        write!(
            to,
            "{calls} calls, {whole} whole, {ended} with their end in Redis, {posted} events posted, {twice} written twice; {drops} packets \
             dropped, {sent_again} messages sent again, no call longer than it was by more than {longest_over:?}"
        )
    }
}

/// Runs the test, with the proxy's dialogs in PostgreSQL.
///
/// # Panics
/// Panics if a program does not start.
pub async fn run(rush: Rush) -> Carried {
    let redis = RedisServer::start().await;
    let line = Relay::to(redis.address()).await;
    let (hook, posted) = start_hook().await;
    let plan = SipPlan::on_postgres().await;
    let port = line.address.port().to_string();
    let workers = rush.workers.map(|workers| workers.to_string()).unwrap_or_default();
    let settings = [
        ("CS_REDIS_HOST", "127.0.0.1"),
        ("CS_REDIS_PORT", &port),
        // an empty value keeps the shipped default
        ("CS_SIP_WORKERS", &workers),
        ("CS_ASK_WORKERS", ""),
        ("CS_FLOOD_LIMIT", "1000000"),
    ];
    let sip = plan.start_quietly(hook, &settings).await;
    if !rush.redis_delay.is_zero() {
        line.slow(rush.redis_delay);
    }
    let phones = sip.rush(rush.per_second, rush.seconds, rush.talk).await;
    line.mend();
    let drops = drops(sip.address());
    let gateway = sip.quiet_gateway_figures().await;
    let mut connection = redis.connection().await;
    let Told { ends, twice } = told(&mut connection).await;
    let talk = i64::try_from(rush.talk.as_micros()).expect("short");
    let over = ends.values().map(|lasted| lasted - talk).max().unwrap_or(0);
    Carried {
        calls: phones.calls,
        whole: phones.whole,
        ended: u64::try_from(ends.len()).expect("few"),
        posted: posted.load(Ordering::Relaxed),
        twice,
        drops,
        sent_again: phones.sent_again + gateway.sent_again,
        longest_over: Duration::from_micros(u64::try_from(over).unwrap_or(0)),
    }
}

/// Events found in the stream.
#[derive(Default)]
struct Told {
    /// Duration in microseconds, by `ref`, of each call that the caller ended.
    ends: HashMap<String, i64>,
    twice: u64,
}

async fn told(connection: &mut MultiplexedConnection) -> Told {
    let (mut told, mut seen) = (Told::default(), HashSet::new());
    let mut after = "-".to_owned();
    loop {
        let mut range = redis::cmd("XRANGE");
        range.arg(STREAM).arg(&after).arg("+").arg("COUNT").arg(PAGE);
        let page: Vec<(String, HashMap<String, String>)> =
            range.query_async(connection).await.expect("the stream");
        let Some((last, _)) = page.last() else { return told };
        after = format!("({last}");
        for text in page.iter().flat_map(|(_, fields)| fields.values()) {
            let events = match serde_json::from_str(text).expect("JSON") {
                Value::Array(events) => events,
                event => vec![event],
            };
            for event in events {
                if !seen.insert(event["eid"].as_str().expect("an eid").to_owned()) {
                    told.twice += 1;
                } else if event["kind"] == "ended" && event["by"] == "caller" {
                    let reference = event["ref"].as_str().expect("a ref").to_owned();
                    let lasted = micros(&event["ts"]) - micros(&event["answered_ts"]);
                    assert!(told.ends.insert(reference, lasted).is_none(), "two ends: {event}");
                }
            }
        }
    }
}

fn micros(value: &Value) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).expect("microseconds")
}

/// Number of packets that the kernel dropped because the receive buffer of the socket at this address was full.
pub(crate) fn drops(address: SocketAddr) -> u64 {
    let IpAddr::V4(ip) = address.ip() else { panic!("{address}: IPv4 only") };
    let local = format!("{:08X}:{:04X}", u32::from_le_bytes(ip.octets()), address.port());
    let table = fs::read_to_string("/proc/net/udp").expect("/proc/net/udp");
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let own = lines.filter(|fields| fields.get(1).is_some_and(|found| *found == local));
    let dropped: Vec<u64> = own.filter_map(|fields| fields.last()?.parse().ok()).collect();
    assert!(!dropped.is_empty(), "no socket listens at {address}");
    dropped.into_iter().sum()
}

/// Starts a hook that allows every call and counts posted events.
async fn start_hook() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let posted = Arc::new(AtomicU64::new(0));
    let counted = posted.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream.set_nodelay(true));
            tokio::spawn(answer(stream, counted.clone()));
        }
    });
    (address, posted)
}

async fn answer(mut stream: TcpStream, posted: Arc<AtomicU64>) {
    while let Some((path, body)) = request(&mut stream).await {
        let answer = match path.rsplit('/').next() {
            Some("ha1") => json!({ "ha1": HA1 }),
            Some("authorize") => {
                json!({ "allow": true, "ref": uuid::Uuid::now_v7(), "max_seconds": 600, "to": body["dialed"],
                "caller_id": "551133334444" })
            }
            _ => {
                let events = body.as_array().map_or(0, Vec::len);
                posted.fetch_add(u64::try_from(events).expect("few"), Ordering::Relaxed);
                json!({ "results": [] })
            }
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(format!("{head}{answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Counters of a SIPp process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Number of calls started.
    pub calls: u64,
    /// Number of calls that completed as scripted.
    pub whole: u64,
    /// Number of messages retransmitted.
    pub sent_again: u64,
}

impl Figures {
    /// Reads the last line of a SIPp statistics file.
    ///
    /// # Panics
    /// Panics if the file has no such line.
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("SIPp's statistics");
        let names: Vec<&str> = text.lines().next().expect("a heading").split(';').collect();
        let last: Vec<&str> = text.lines().last().expect("a line").split(';').collect();
        let figure = |name: &str| {
            let column = names.iter().position(|found| *found == name);
            let value = column.and_then(|column| last.get(column)?.parse().ok());
            value.unwrap_or_else(|| panic!("{name} in {}", file.display()))
        };
        Self {
            calls: figure("TotalCallCreated"),
            whole: figure("SuccessfulCall(C)"),
            sent_again: figure("Retransmissions(C)"),
        }
    }
}
