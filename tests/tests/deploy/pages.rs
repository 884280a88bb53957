//! Tests that the balancer passes the API and the web pages to the nodes, and hides everything else.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tests::local::repository;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// Paths of the API, its uploads and exports, and the files of the pages.
pub const PASSED: [&str; 15] = [
    "/graphql",
    "/graphql/",
    "/tariff-imports/1a2b3c",
    "/export/calls",
    "/",
    "/screen.html",
    "/icon.svg",
    "/assets/index-1a2b3c.js",
    "/explorer",
    "/explorer/",
    "/explorer/assets/editor-1a2b3c.js",
    "/docs",
    "/docs/",
    "/docs/guide/requests",
    "/docs/schema.graphql",
];
/// Paths for operators only, and paths that do not exist.
pub const HIDDEN: [&str; 8] = [
    "/livez",
    "/readyz",
    "/metrics",
    "/kamailio/v1/events",
    "/graphqlx",
    "/screen.html.gz",
    "/documents",
    "/index",
];

/// First three numbers of the balancer's network.
const NET: &str = "127.83.64";
const GRAPHQL: u16 = 18080;

/// A node that answers every request with its path.
async fn node(address: SocketAddr) {
    let listener = TcpListener::bind(address).await.expect("a free address");
    loop {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        tokio::spawn(async move {
            let mut head = vec![0; 8192];
            let length = socket.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let length = path.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{path}");
            socket.write_all(answer.as_bytes()).await.ok();
        });
    }
}

/// The deployed balancer, on ports of its own.
fn balancer() -> Child {
    let mut command = Command::new("/usr/sbin/haproxy");
    command.arg("-db").arg("-f").arg(repository().join("deploy/haproxy.cfg"));
    command.env("NET", NET).env("KEEP_USER", "1").env("GRAPHQL_PORT", GRAPHQL.to_string());
    command.env("HOOK_PORT", "18081").env("METRICS_PORT", "18405");
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command.spawn().expect("haproxy: run the tests by tests/run")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployed_balancer_passes_the_pages_and_hides_the_rest() {
    for host in ["11", "12"] {
        tokio::spawn(node(format!("{NET}.{host}:{GRAPHQL}").parse().expect("an address")));
    }
    let _balancer = balancer();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get = |path: &str| http.get(format!("http://{NET}.2:{GRAPHQL}{path}")).send();
    let began = Instant::now();
    while !get("/").await.is_ok_and(|answer| answer.status() == 200) {
        assert!(began.elapsed() < Duration::from_secs(20), "the balancer does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for path in PASSED {
        let answer = get(path).await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.text().await.expect("a path")), (200, path.to_owned()));
    }
    for path in HIDDEN {
        assert_eq!(get(path).await.expect("an answer").status(), 404, "{path}");
    }
}

#[test]
fn deployed_balancer_passes_the_paths_that_the_guide_lists() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).expect("a file");
    // a folder with and without its slash is the same place
    let place = |path: &str| path.trim_end_matches('/').to_owned();
    let config = read("deploy/haproxy.cfg");
    let passed: BTreeSet<_> = config
        .lines()
        .filter_map(|line| line.trim().strip_prefix("acl for_clients path")?.split_once(' '))
        .flat_map(|(_, paths)| paths.split(' ').map(place).collect::<Vec<_>>())
        .collect();
    let guide = read("docs/operations.md");
    let (_, list) = guide.split_once("Let the reverse proxy pass only").expect("the list");
    let (list, _) = list.split_once("`deploy/haproxy.cfg`").expect("the end of the list");
    let listed: BTreeSet<_> = list.split('`').skip(1).step_by(2).map(place).collect();
    assert!(listed.contains("/tariff-imports") && listed.contains("/export"), "{listed:?}");
    assert_eq!(listed, passed);
}
