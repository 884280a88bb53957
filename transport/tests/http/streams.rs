//! Tests streams over HTTP: ids and resuming, tickets for browsers, and Apollo's multipart subscriptions.

use super::answers::QueryPairs as _;
use super::support::{Server, client, code_of, streams_open};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const EVENTS: (&str, &str) = ("accept", "text/event-stream");
const PARTS: (&str, &str) =
    ("accept", "multipart/mixed;boundary=graphql;subscriptionSpec=1.0, application/json");

/// The id and the data of each event.
fn events(text: &str) -> Vec<(Option<String>, Value)> {
    let blocks = text.split("\n\n").filter(|block| block.starts_with("event: next"));
    let of = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let data = |block: &str| serde_json::from_str(&of(block, "data:").expect("data")).expect("JSON");
    blocks.map(|block| (of(block, "id:"), data(block))).collect()
}

async fn follow(server: &Server, body: &Value, last: Option<&str>) -> Vec<(Option<String>, Value)> {
    let mut request = client().post(server.url()).header(EVENTS.0, EVENTS.1).bearer_auth("user").json(body);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    events(&response.text().await.expect("text"))
}

fn numbers(events: &[(Option<String>, Value)], key: &str) -> Vec<i64> {
    events.iter().filter_map(|(_, data)| data["data"][key].as_i64()).collect()
}

#[tokio::test]
async fn an_event_has_the_id_of_its_position() {
    let server = Server::start();
    let told = follow(&server, &json!({ "query": "subscription { steps(to: 4) }" }), None).await;
    let ids: Vec<Option<&str>> = told.iter().map(|(id, _)| id.as_deref()).collect();
    assert_eq!(ids, [None, Some("2"), None, Some("4")]);
    assert_eq!(numbers(&told, "steps"), [1, 2, 3, 4]);
}

#[tokio::test]
async fn the_last_id_replaces_the_argument_however_it_is_written() {
    let server = Server::start();
    let documents = [
        (json!({ "query": "subscription { steps(to: 5) }" }), "steps"),
        (json!({ "query": "subscription { a: steps(to: 5, after: \"0\") }" }), "a"),
        (json!({ "query": "subscription($a: String) { steps(to: 5, after: $a) }" }), "steps"),
        (
            json!({ "query": "subscription($a: String) { steps(to: 5, after: $a) }", "variables": { "a": "1" } }),
            "steps",
        ),
        (
            json!({ "query": "subscription($a: String!) { steps(after: $a, to: 5) }", "variables": { "a": "1" } }),
            "steps",
        ),
        (
            json!({ "query": "subscription A { count(to: 1) } subscription B { steps(to: 5) }", "operationName": "B" }),
            "steps",
        ),
        (json!({ "query": "subscription { ...F } fragment F on Subscription { steps(to: 5) }" }), "steps"),
    ];
    for (body, key) in documents {
        let told = follow(&server, &body, Some("3")).await;
        assert_eq!(numbers(&told, key), [4, 5], "{body} {told:?}");
    }
    // a subscription without the argument `after` starts from the beginning, as usual
    let count = json!({ "query": "subscription { count(to: 2) }" });
    assert_eq!(numbers(&follow(&server, &count, Some("1")).await, "count"), [1, 2]);
    let broken = follow(&server, &json!({ "query": "subscription { steps(to: 5) }" }), Some("x")).await;
    assert!(broken[0].1["errors"].is_array(), "{broken:?}");
    let long = "9".repeat(300);
    let url = client().get(server.url()).query_pairs(&[("query", "subscription { steps(to: 5) }")]);
    let refused =
        url.header(EVENTS.0, EVENTS.1).header("last-event-id", long).send().await.expect("an answer");
    assert_eq!(
        (refused.status().as_u16(), code_of(&refused.json().await.expect("JSON")).as_str()),
        (400, "BAD_REQUEST")
    );
}

#[tokio::test]
async fn a_fragment_at_the_root_of_a_subscription_is_run() {
    let server = Server::start();
    let documents = [
        "subscription { ...F } fragment F on Subscription { count(to: 3) }",
        "subscription { ...F ...F } fragment F on Subscription { count(to: 3) }",
        "subscription { ... on Subscription { count(to: 3) } }",
        "subscription { ... { ...F } } fragment F on Subscription { ... { count(to: 3) } }",
        "subscription A { steps(to: 1) } subscription B { ...F } fragment F on Subscription { count(to: 3) }",
    ];
    for document in documents {
        let body = json!({ "query": document, "operationName": document.contains(" B ").then_some("B") });
        assert_eq!(numbers(&follow(&server, &body, None).await, "count"), [1, 2, 3], "{document}");
    }
    let by_variable = json!({
        "query": "subscription($n: Int!) { ...F } fragment F on Subscription { c: count(to: $n) }",
        "variables": { "n": 2 },
    });
    assert_eq!(numbers(&follow(&server, &by_variable, None).await, "c"), [1, 2]);
    let parts = client().post(server.url()).header(PARTS.0, PARTS.1).bearer_auth("user");
    let told = parts.json(&json!({ "query": documents[0] })).send().await.expect("an answer");
    assert!(told.text().await.expect("text").contains("\"count\":3"));
    // a subscription may still have only one root field, without a condition
    for document in [
        "subscription { ...F steps(to: 1) } fragment F on Subscription { count(to: 3) }",
        "subscription { ... @include(if: true) { count(to: 3) } }",
    ] {
        let told = follow(&server, &json!({ "query": document }), None).await;
        let [(_, answer)] = told.as_slice() else { panic!("{document}: {told:?}") };
        assert_eq!(code_of(answer), "GRAPHQL_VALIDATION_FAILED", "{document}");
    }
}

/// Sends a request like a browser's `EventSource`: with a ticket in the URL, and with these headers, such as cookies or the id of the last event.
async fn browse(server: &Server, ticket: &str, headers: &[(&str, &str)]) -> reqwest::Response {
    let pairs = [("query", "subscription { steps(to: 2) }"), ("ticket", ticket)];
    let mut request = client().get(server.url()).query_pairs(&pairs);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn a_ticket_admits_once_and_then_with_its_cookie() {
    let server = Server::start();
    let first = browse(&server, "ticket-1", &[EVENTS]).await;
    assert_eq!(first.status(), 200);
    let cookie = first.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert_eq!(cookie, "stream=secret; HttpOnly; SameSite=Strict; Path=/graphql");
    assert_eq!(numbers(&events(&first.text().await.expect("text")), "steps"), [1, 2]);
    let cookie = ("cookie", "theme=dark; stream=secret");
    let again = browse(&server, "ticket-1", &[EVENTS, cookie, ("last-event-id", "1")]).await;
    assert!(again.headers().get("set-cookie").is_none());
    assert_eq!(numbers(&events(&again.text().await.expect("text")), "steps"), [2]);
    let refused = [
        browse(&server, "ticket-1", &[EVENTS]).await,
        browse(&server, "ticket-1", &[EVENTS, ("cookie", "stream=other")]).await,
        browse(&server, "foreign", &[EVENTS, cookie]).await,
    ];
    for refused in refused {
        assert_eq!(refused.status(), 401);
        assert_eq!(code_of(&refused.json().await.expect("JSON")), "INVALID_TICKET");
    }
    // a ticket admits streams only, and a refused request does not use it up
    let plain = browse(&server, "ticket-2", &[]).await;
    assert_eq!(
        (plain.status().as_u16(), code_of(&plain.json().await.expect("JSON")).as_str()),
        (400, "BAD_REQUEST")
    );
    assert_eq!(browse(&server, "ticket-2", &[EVENTS]).await.status(), 200);
    // a token takes precedence over a ticket
    assert_eq!(browse(&server, "foreign", &[EVENTS, ("authorization", "Bearer user")]).await.status(), 200);
}

/// The JSON of each part. Panics unless the text is well-formed.
fn parts(text: &str, is_ended: bool) -> Vec<Value> {
    let text = text.strip_prefix("\r\n--graphql").expect("the response must begin with a boundary");
    let text = if is_ended {
        text.strip_suffix("--\r\n").expect("the response must end with the last boundary")
    } else {
        text
    };
    let parts = text.split_terminator("\r\n--graphql");
    let json =
        |part: &str| part.strip_prefix("\r\nContent-Type: application/json\r\n\r\n").map(str::to_owned);
    parts.map(|part| serde_json::from_str(&json(part).expect("a header")).expect("JSON")).collect()
}

async fn in_parts(server: &Server, token: &str, query: &str) -> reqwest::Response {
    let request = client().post(server.url()).header(PARTS.0, PARTS.1).bearer_auth(token);
    request.json(&json!({ "query": query })).send().await.expect("an answer")
}

#[tokio::test]
async fn apollos_clients_get_parts() {
    let server = Server::start();
    let response = in_parts(&server, "user", "subscription { count(to: 2) }").await;
    let media = "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0";
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &media.parse().expect("a value"))
    );
    let told = parts(&response.text().await.expect("text"), true);
    let told: Vec<&Value> = told.iter().filter(|part| **part != json!({})).collect();
    let payload = |number: i32| json!({ "payload": { "data": { "count": number } } });
    assert_eq!(told, [&payload(1), &payload(2)]);
    // everything else is JSON
    for query in ["{ hello }", "mutation { bump }", "{ nothing }", "subscription { nothing }"] {
        let response = in_parts(&server, "user", query).await;
        assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8", "{query}");
        response.json::<Value>().await.expect("JSON");
    }
    assert_eq!(in_parts(&server, "forged", "subscription { count(to: 2) }").await.status(), 401);
}

#[tokio::test]
async fn parts_show_that_the_connection_lives_and_why_it_ends() {
    let server = Server::with_limits(|limits| limits.sockets.ping_seconds = 1);
    let response = in_parts(&server, "user:1500", "subscription { silence }").await;
    let told = parts(&response.text().await.expect("text"), true);
    assert!(told.contains(&json!({})), "{told:?}");
    assert!(told.contains(&json!({ "payload": { "data": { "silence": 0 } } })), "{told:?}");
    let last = told.last().expect("a part");
    assert_eq!((&last["payload"], code_of(last).as_str()), (&Value::Null, "UNAUTHENTICATED"));
    streams_open(0).await;
}

#[tokio::test]
async fn at_a_shutdown_parts_end_without_the_last_boundary() {
    let server = Server::start();
    let response = in_parts(&server, "user", "subscription { silence }").await;
    server.shutdown.cancel();
    parts(&response.text().await.expect("text"), false);
}

#[tokio::test]
async fn a_named_subscription_resumes_without_operation_name() {
    let server = Server::start();
    let body = json!({ "query": "subscription Steps { steps(to: 4) }" });
    let told = follow(&server, &body, None).await;
    let resumed = follow(&server, &body, Some("2")).await;
    assert_eq!((numbers(&told, "steps"), numbers(&resumed, "steps")), (vec![1, 2, 3, 4], vec![3, 4]));
}

/// The messages of the errors in a stream whose reader prefers Portuguese.
async fn errors_of(response: reqwest::Response) -> Vec<String> {
    let told = events(&response.text().await.expect("text"));
    told.iter().filter_map(|(_, data)| data["errors"][0]["message"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_errors_of_a_stream_are_in_the_readers_language() {
    let server = Server::worded(|limits| limits.answer_bytes = 1_000);
    let ask = async |query: &str| {
        let request = client().post(server.url()).header(EVENTS.0, EVENTS.1).bearer_auth("user");
        request
            .header("accept-language", "pt")
            .json(&json!({ "query": query }))
            .send()
            .await
            .expect("an answer")
    };
    assert_eq!(errors_of(ask("{ nothing }").await).await, ["errado!"]);
    assert_eq!(errors_of(ask("{ __schema { types { name description } } }").await).await, ["grande demais!"]);
    let endless = ask("subscription { silence }").await;
    streams_open(1).await;
    server.tokens.revoked.lock().expect("lock").cancel();
    assert_eq!(errors_of(endless).await, ["quem é?"]);
}

/// Opens an event stream over a plain connection, and reads until the stream is quiet.
async fn open(server: &Server) -> TcpStream {
    let mut connection = TcpStream::connect(server.address).await.expect("connected");
    let request = "GET /graphql?query=subscription%20%7B%20silence%20%7D HTTP/1.1\r\nHost: shop.example\r\n\
        Authorization: Bearer user\r\nAccept: text/event-stream\r\n\r\n";
    connection.write_all(request.as_bytes()).await.expect("sent");
    let mut read = Vec::new();
    // the first event is followed by a comment, which is the last text until the next ping
    while !(contains(&read, b"silence") && read.ends_with(b":\n\n\r\n")) {
        read.push(
            connection.read_u8().await.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&read))),
        );
    }
    connection
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place_before_the_next_ping() {
    let server = Server::with_limits(|limits| {
        limits.sockets.per_subject = 1;
        limits.sockets.ping_seconds = 600;
    });
    let status = async || {
        let request = client().post(server.url()).header(EVENTS.0, EVENTS.1).bearer_auth("user");
        let body = json!({ "query": "subscription { count(to: 1) }" });
        request.json(&body).send().await.expect("an answer").status().as_u16()
    };
    let mut connection = open(&server).await;
    assert_eq!(status().await, 429);
    // a client that only stops sending still gets its events
    connection.shutdown().await.expect("half closed");
    let mut read = Vec::new();
    while !read.ends_with(b":\n\n\r\n3\r\n:\n\n\r\n") {
        read.push(connection.read_u8().await.expect("another comment"));
    }
    assert_eq!(status().await, 429);
    drop(connection);
    while status().await != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // a client that leaves at once
    drop(open(&server).await);
    while status().await != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
