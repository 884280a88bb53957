//! Tests a trace from the proxy's request to the subscriber, as a collector receives it.
//!
//! This file is a single test, because a process has one exporter. No other test of this program may install a log subscriber.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::config::Config;
use api::traces::{Exporter, TelemetryConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use tests::server::HOOK_SECRET;
use tests::shop::unique;
use tests::{Backend, RedisServer, Shop, Socket, TestServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

const WATCH: &str =
    "subscription($id: ID!) { callshopActivity(callshopId: $id) { cursor event { __typename } } }";

/// Receives spans, as a collector does.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    async fn start() -> (Self, SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, collector) = (listener.local_addr().expect("an address"), Self::default());
        let own = collector.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(own.clone().serve(stream));
            }
        });
        (collector, address, serving)
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut read = Vec::new();
        loop {
            let Some(body) = request(&mut stream, &mut read).await else { return };
            let sent = ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP");
            let scopes = sent.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            self.0.lock().expect("the spans").extend(scopes.flat_map(|scope| scope.spans));
            let answer =
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }

    /// Waits until `wanted` returns a value for the spans received so far.
    async fn until<T>(&self, what: &str, wanted: impl Fn(&[Span]) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let spans = self.0.lock().expect("the spans").clone();
            if let Some(found) = wanted(&spans) {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}: not among {spans:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The body of the next request to `/v1/traces`.
async fn request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            assert!(head.starts_with("post /v1/traces "), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.expect("a length").trim().parse().expect("a number");
            if read.len() >= end + 4 + length {
                let rest = read.split_off(end + 4 + length);
                let body = std::mem::replace(read, rest).split_off(end + 4);
                return Some(body);
            }
        }
        let mut chunk = [0; 16 * 1024];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(bytes) => read.extend_from_slice(&chunk[..bytes]),
        }
    }
}

/// Authorizes a call as a proxy that records traces does: with the proxy's trace and span in hexadecimal digits.
async fn authorize(hook: SocketAddr, user: &str, trace: &str, span: &str) -> bool {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = json!({ "request_id": unique("request"), "user": user, "dialed": "0015551234567", "src": "127.0.0.1:5060",
        "ts": "1", "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
    let request = client
        .post(format!("http://{hook}/kamailio/v1/authorize"))
        .basic_auth("kamailio", Some(HOOK_SECRET))
        .header("traceparent", format!("00-{trace}-{span}-01"))
        .json(&ask);
    request.send().await.expect("an answer").status() == 200
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The span with this name in this trace under this parent.
fn find<'a>(spans: &'a [Span], trace: &str, name: &str, parent: &str) -> Option<&'a Span> {
    let fits = |span: &&Span| {
        span.name == name && hex(&span.trace_id) == trace && hex(&span.parent_span_id) == parent
    };
    spans.iter().find(fits)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_traced_through_redis_to_its_subscriber() {
    let (collector, address, serving) = Collector::start().await;
    let config = TelemetryConfig { otlp_endpoint: Some(format!("http://{address}")), sample_ratio: 0.0 };
    let exporter = Exporter::new(&config).expect("an exporter").expect("the exporter is on");
    tracing_subscriber::registry().with(exporter.layer()).init();
    let redis = RedisServer::start().await;
    let url = redis.url();
    let reading = |config: &mut Config| {
        config.redis.url = Some(url.into());
        config.redis.events_stream = Some("callshop:events".to_owned());
    };
    let shop = Shop::on(TestServer::start(Backend::Sqlite, reading).await, 8).await;
    shop.open_register().await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("a", WATCH, json!({ "id": shop.id })).await;
    socket.next().await;

    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    assert!(authorize(shop.server.hook, &shop.phones[0].user, trace, span).await);
    assert!(socket.next().await["callshopActivity"]["event"].is_object(), "the refused call is seen");
    let chain = |spans: &[Span]| {
        let hook = find(spans, trace, "hook", span)?;
        let batch = find(spans, trace, "batch", &hex(&hook.span_id))?;
        find(spans, trace, "delivery", &hex(&batch.span_id)).map(|_| ())
    };
    collector.until("hook, batch and delivery in one trace", chain).await;

    // an event from the Redis stream is traced like a posted event
    let (trace, span) = ("5bf92f3577b34da6a3ce929d0e0e4736", "10f067aa0ba902b7");
    let online = json!({ "eid": unique("eid"), "kind": "online", "ts": "1795388290472917", "proxy": "test",
        "user": shop.phones[0].user });
    let mut add = redis::cmd("XADD");
    add.arg("callshop:events").arg("*").arg("event").arg(online.to_string());
    add.arg("traceparent").arg(format!("00-{trace}-{span}-01"));
    add.query_async::<()>(&mut redis.connection().await).await.expect("Redis accepts the entry");
    assert!(socket.next().await["callshopActivity"]["event"].is_object(), "the phone is seen");
    let chain = |spans: &[Span]| {
        let entry = find(spans, trace, "stream", span)?;
        let batch = find(spans, trace, "batch", &hex(&entry.span_id))?;
        find(spans, trace, "delivery", &hex(&batch.span_id)).map(|_| ())
    };
    collector.until("entry, batch and delivery in one trace", chain).await;

    // many requests share one transaction; the transaction's span links to all of these requests
    let begun = Instant::now();
    let mut round = 1_u64;
    loop {
        let asked = shop.phones.iter().enumerate().map(|(number, phone)| {
            let trace = format!("{round:016x}{:016x}", number + 1);
            async move { authorize(shop.server.hook, &phone.user, &trace, "00f067aa0ba902b7").await }
        });
        assert!(futures_util::future::join_all(asked).await.into_iter().all(|ok| ok));
        let linked = || {
            let spans = collector.0.lock().expect("the spans");
            spans.iter().any(|span| span.name == "batch" && !span.links.is_empty())
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        if linked() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no batch was linked to a second request");
        round += 1;
    }
    let spans = collector.0.lock().expect("the spans").clone();
    let batch = spans.iter().find(|span| span.name == "batch" && !span.links.is_empty()).expect("a batch");
    assert!(batch.links.iter().all(|link| link.trace_id != batch.trace_id), "{batch:?}");
    // at this sample ratio, a request is traced only if the proxy traces it
    let strangers = spans.iter().filter(|span| span.name == "graphql").count();
    assert_eq!(strangers, 0);

    // when the collector disappears, requests are not affected, and a shutdown is not delayed
    serving.abort();
    drop(collector);
    let before = Instant::now();
    assert!(authorize(shop.server.hook, &shop.phones[0].user, trace, span).await);
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    shop.finish().await;
    let before = Instant::now();
    exporter.shut_down().await;
    assert!(before.elapsed() < Duration::from_secs(10), "{:?}", before.elapsed());
}
