//! Tests that the metrics have valid names and a valid format, and that their values change with events.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Backend, Shop, Socket, on_both};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const WATCH: &str = "subscription($id: ID!) { callshopActivity(callshopId: $id) { cursor } }";

async fn scrape(hook: SocketAddr, accept: &str) -> (String, String) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.get(format!("http://{hook}/metrics")).header("accept", accept);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().expect("a type").to_owned();
    (kind, answer.text().await.expect("a text"))
}

/// Every sample by name and labels.
pub async fn samples(hook: SocketAddr) -> BTreeMap<String, f64> {
    let (kind, text) = scrape(hook, "text/plain").await;
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a sample");
        (name.to_owned(), value.parse().expect("a number"))
    };
    lines.map(sample).collect()
}

/// Waits until a sample has this value. Values from the database are refreshed every five seconds.
async fn until(hook: SocketAddr, name: &str, wanted: f64) {
    let begun = Instant::now();
    loop {
        let all = samples(hook).await;
        let found = all.get(name).copied().unwrap_or(0.0);
        if found == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} is {found}, not {wanted}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Checks names and format with Prometheus' own linter.
async fn lint(text: &str) {
    let mut tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is there: run the tests with tests/run, or apt-get install prometheus");
    let mut input = tool.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).await.expect("promtool reads its input");
    drop(input);
    let told = tool.wait_with_output().await.expect("promtool exits");
    let all = format!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success() && all.trim().is_empty(), "{all}\n{text}");
}

on_both!(counts_move_with_what_happens, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    let hook = shop.server.hook;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let before = samples(hook).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("a", WATCH, json!({ "id": shop.id })).await;
    socket.next().await;

    // one call has ended, one call is live, and one call is refused because its cabin is closed
    shop.call(0, "+13055550123", 30_000).await;
    let live = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    assert_eq!(live["allow"], true, "{live}");
    let refused = shop.hook().authorize(&shop.phones[1].user, "+13055550123").await;
    assert_eq!(refused["error"], "CABIN_CLOSED");
    assert_eq!(shop.hook().post_as("events", Some("a wrong secret"), b"[]".to_vec()).await.0, 401);
    let answer = shop.attendant.send("query { nothingOfTheKind }", json!({})).await;
    let code = answer["errors"][0]["extensions"]["code"].as_str().expect("a code").to_owned();
    // the first call causes four messages (authorized, ringing, answered, ended), the second call one (authorized), and the third call one (refused)
    for _ in 0..6 {
        socket.next().await;
    }

    let after = samples(hook).await;
    let grown =
        |name: &str| after.get(name).copied().unwrap_or(0.0) - before.get(name).copied().unwrap_or(0.0);
    assert_eq!(grown("callshop_call_attempts_total{outcome=\"ALLOWED\"}"), 2.0);
    assert_eq!(grown("callshop_call_attempts_total{outcome=\"CABIN_CLOSED\"}"), 1.0);
    assert_eq!(grown("callshop_hook_requests_total{path=\"authorize\",outcome=\"ok\"}"), 3.0);
    assert_eq!(grown("callshop_hook_requests_total{path=\"events\",outcome=\"ok\"}"), 1.0);
    assert_eq!(grown("callshop_hook_requests_total{path=\"events\",outcome=\"unauthorized\"}"), 1.0);
    assert_eq!(grown("callshop_hook_request_duration_seconds_count{path=\"authorize\"}"), 3.0);
    assert_eq!(grown("callshop_hook_events_total{outcome=\"applied\"}"), 3.0);
    assert_eq!(grown("callshop_calls_ended_total"), 1.0);
    assert!(grown("callshop_writer_commit_duration_seconds_count") >= 4.0, "{after:?}");
    assert_eq!(grown(&format!("callshop_graphql_errors_total{{code=\"{code}\"}}")), 1.0);
    assert_eq!(grown("callshop_graphql_requests_total{operation=\"none\",outcome=\"refused\"}"), 1.0);
    assert!(grown("callshop_subscription_messages_total") >= 7.0);
    assert!(grown("callshop_activity_delivery_duration_seconds_count") >= 6.0);
    assert_eq!((after["callshop_sockets_open"], after["callshop_subscriptions_open"]), (1.0, 1.0));
    assert_eq!(after["callshop_ready"], 1.0);
    assert!(after["callshop_database_connections{pool=\"writer\"}"] >= 1.0);
    assert!(after["callshop_tariff_cache_versions"] >= 1.0);
    assert_eq!(after["callshop_notifications_waiting"], 0.0);
    // counters must exist before their first increment; otherwise, Prometheus would miss that increment
    assert_eq!(before["callshop_hook_events_total{outcome=\"rejected\"}"], 0.0);
    assert!(after["process_resident_memory_bytes"] > 1e6 && after["process_open_fds"] > 3.0);
    let now = chrono::Utc::now().timestamp();
    let age = now - after["process_start_time_seconds"] as i64;
    assert!(
        (0..7_200).contains(&age),
        "the process must have started within the last two hours, not {age} s ago"
    );
    until(hook, "callshop_live_calls{state=\"AUTHORIZED\"}", 1.0).await;
    let held = samples(hook).await;
    assert!(held["callshop_held_micros{currency=\"BRL\"}"] > 0.0);
    // the account gets a low-credit threshold that is above its credit
    assert!(!held.contains_key("callshop_low_credit_accounts{currency=\"BRL\"}"), "{held:?}");
    let low = "mutation($id: ID!) { setLowCredit(input: {accountId: $id, amount: \"1000000000\"}) { userErrors { code } } }";
    shop.reseller.ok(low, json!({ "id": shop.id })).await;
    until(hook, "callshop_low_credit_accounts{currency=\"BRL\"}", 1.0).await;
    // the maximum is the limit on connections; an idle node uses only a few connections
    let (open, most) = (
        held["callshop_database_connections{pool=\"writer\"}"],
        held["callshop_database_max_connections{pool=\"writer\"}"],
    );
    assert!(most >= 1.0 && open <= most, "{open} of {most}");
    // the callshop and its reseller hold money, but the distributor pays nothing in this test
    assert_eq!(held["callshop_holding_balances{currency=\"BRL\"}"], 2.0);

    drop(socket);
    until(hook, "callshop_sockets_open", 0.0).await;
    until(hook, "callshop_subscriptions_open", 0.0).await;
    let (_, text) = scrape(hook, "text/plain").await;
    lint(&text).await;
    let (kind, text) = scrape(hook, "application/openmetrics-text; version=1.0.0").await;
    assert!(kind.starts_with("application/openmetrics-text") && text.ends_with("# EOF\n"), "{kind}");
    for word in [shop.phones[0].user.as_str(), "3055550123", "nothingOfTheKind", shop.attendant.token()] {
        assert!(!text.contains(word), "{word} must not be exported");
    }
    shop.finish().await;
});
