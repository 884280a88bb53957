//! Tests that a request body that never ends does not keep its connection open after the response.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tests::server::HOOK_SECRET;
use tests::{Backend, TestServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

/// Sends a request with more headers and endless chunks, one chunk every 50 ms. Returns the status, and whether the server closed the connection.
async fn dribble(server: std::net::SocketAddr, head: &str, more: &str) -> (String, bool) {
    let mut stream = TcpStream::connect(server).await.expect("a connection");
    let head = format!("{head} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n{more}");
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    stream.write_all(b"content-type: application/json\r\n\r\n1\r\n{\r\n").await.expect("a chunk is sent");
    let (mut reading, mut writing) = stream.into_split();
    let sending = tokio::spawn(async move {
        let mut pause = interval(Duration::from_millis(50));
        loop {
            pause.tick().await;
            if writing.write_all(b"1\r\n \r\n").await.is_err() {
                break;
            }
        }
    });
    let mut answer = Vec::new();
    // a reset also counts as a close, because the client is still sending
    let ended = timeout(Duration::from_secs(10), reading.read_to_end(&mut answer)).await.is_ok();
    sending.abort();
    (String::from_utf8_lossy(&answer).chars().skip(9).take(3).collect(), ended)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_ends_with_the_answer_to_a_body_that_does_not() {
    let server = TestServer::start(Backend::Sqlite, |config| config.limits.body_seconds = 1).await;
    for (address, head, status) in [
        (server.http, "POST /graphql", "408"),
        (server.http, "POST /nothing", "404"),
        (server.http, "PUT /graphql", "405"),
        (server.hook, "POST /nothing", "404"),
        (server.hook, "POST /kamailio/v1/ha1", "401"),
        (server.hook, "POST /kamailio/v1/authorize", "401"),
        (server.hook, "POST /kamailio/v1/events", "401"),
    ] {
        let (found, ended) = dribble(address, head, "").await;
        assert_eq!((found.as_str(), ended), (status, true), "{head}");
    }
    let secret = STANDARD.encode(format!("kamailio:{HOOK_SECRET}"));
    let secret = format!("authorization: Basic {secret}\r\n");
    for (path, status) in [("ha1", "408"), ("authorize", "408"), ("events", "503")] {
        let (found, ended) = dribble(server.hook, &format!("POST /kamailio/v1/{path}"), &secret).await;
        assert_eq!((found.as_str(), ended), (status, true), "{path}");
    }
    server.stop().await;
}
