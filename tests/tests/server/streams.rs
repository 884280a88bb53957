//! Tests event streams over HTTP as a browser uses them: tickets, cookies, and resuming by the last event's id, on two nodes.

use chrono::TimeDelta;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use tests::shop::{Shop, text};
use tests::{Backend, Client, TestServer, on_both};

/// The executor writes these events, because they need database queries.
const EXECUTED: &str = "subscription($s: ID!) { callshopActivity(callshopId: $s) { cursor snapshot { asOf } event { kind cabin { id } } } }";
/// These events are compiled, and the document does not ask for the cursor.
const COMPILED: &str = "subscription($s: ID!, $after: String) { all: callshopActivity(callshopId: $s, after: $after) { snapshot { asOf } event { kind } } }";

/// An open event stream.
struct Stream {
    response: reqwest::Response,
    unread: String,
}

impl Stream {
    /// Opens a stream like a browser's `EventSource`, with a ticket in the URL and with these headers.
    async fn open(
        node: &TestServer,
        shop: &Shop,
        query: &str,
        ticket: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let mut url = reqwest::Url::parse(&format!("http://{}/graphql", node.http)).expect("a URL");
        let variables = json!({ "s": shop.id }).to_string();
        url.query_pairs_mut().extend_pairs([("query", query), ("variables", &variables), ("ticket", ticket)]);
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let mut request = http.get(url).header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self { response: request.send().await.expect("an answer"), unread: String::new() }
    }

    /// The status, and the code of a refusal.
    async fn refusal(self) -> (u16, String) {
        let status = self.response.status().as_u16();
        let body: Value = self.response.json().await.expect("JSON");
        (status, text(&body["errors"][0]["extensions"]["code"]))
    }

    /// The cookie that the answer sets, as a browser sends it back.
    fn cookie(&self) -> String {
        let set = self.response.headers()["set-cookie"].to_str().expect("text");
        assert!(set.ends_with("; HttpOnly; SameSite=Strict; Path=/graphql"), "{set}");
        set.split(';').next().expect("a pair").to_owned()
    }

    /// The id and the data of the next event with the name `next`. Other events are skipped.
    async fn next(&mut self) -> (Option<String>, Value) {
        loop {
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                if block.starts_with("event: next") {
                    let of = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                    let data = serde_json::from_str(of("data: ").expect("data")).expect("JSON");
                    return (of("id: ").map(str::to_owned), data);
                }
            }
            let chunk = self.response.chunk().await.expect("a piece").expect("the stream must continue");
            self.unread.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

async fn ticket(client: &Client) -> String {
    let query = "mutation { createStreamTicket { ticket expiresAt userErrors { code } } }";
    text(&client.ok(query, json!({})).await["createStreamTicket"]["ticket"])
}

on_both!(a_browsers_stream_resumes_on_any_node_until_its_login_ends, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    for (query, key) in [(EXECUTED, "callshopActivity"), (COMPILED, "all")] {
        let ticket = ticket(&shop.attendant).await;
        let mut stream = Stream::open(&shop.server, &shop, query, &ticket, &[]).await;
        assert_eq!(stream.response.status(), 200);
        let cookie = stream.cookie();
        let (first, data) = stream.next().await;
        assert!(data["data"][key]["snapshot"]["asOf"].is_string(), "{data}");
        if key == "callshopActivity" {
            assert_eq!(first, Some(text(&data["data"][key]["cursor"])));
            shop.open_register().await;
        } else {
            shop.open_cabin(0).await;
        }
        let (id, data) = stream.next().await;
        let happened = text(&data["data"][key]["event"]["kind"]);
        assert!(id.is_some() && id != first, "{id:?} {data}");
        drop(stream);
        // the browser connects again with the same URL, its cookie and the last id, here the id of the snapshot
        let first = first.expect("the id of the snapshot");
        let headers = [("cookie", cookie.as_str()), ("last-event-id", first.as_str())];
        for node in [&other, &shop.server] {
            let mut again = Stream::open(node, &shop, query, &ticket, &headers).await;
            let (resumed, data) = again.next().await;
            assert_eq!((text(&data["data"][key]["event"]["kind"]), resumed), (happened.clone(), id.clone()));
        }
    }
    other.stop().await;
    shop.finish().await;
});

on_both!(a_ticket_is_used_once_in_time_and_by_its_own_login, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    let refused = (401, "INVALID_TICKET".to_owned());
    // two nodes get requests with the same ticket at the same time; only one request is admitted
    let one = ticket(&shop.owner).await;
    let asked = (0..6).map(|number| {
        let node = if number % 2 == 0 { &shop.server } else { &other };
        Stream::open(node, &shop, COMPILED, &one, &[])
    });
    let answers = futures_util::future::join_all(asked).await;
    let admitted = answers.iter().filter(|stream| stream.response.status() == 200).count();
    assert_eq!(admitted, 1);
    let cookie = answers.iter().find(|stream| stream.response.status() == 200).map(Stream::cookie);
    let cookie = cookie.expect("a cookie");
    drop(answers);
    // refused: another login's cookie, a changed ticket, and no ticket
    let attendants = ticket(&shop.attendant).await;
    let mut stream = Stream::open(&other, &shop, COMPILED, &attendants, &[]).await;
    stream.next().await;
    for (ticket, cookie) in [
        (attendants.as_str(), cookie.as_str()),
        (&one.replace('.', "x"), &cookie),
        (&format!("{one}0"), &cookie),
        ("", &cookie),
        ("\u{e9}", ""),
    ] {
        let tried = Stream::open(&shop.server, &shop, COMPILED, ticket, &[("cookie", cookie)]).await;
        assert_eq!(tried.refusal().await, refused, "{ticket}");
    }
    // a late ticket is refused, but a browser that reconnects is admitted
    let late = ticket(&shop.owner).await;
    shop.server.time().pass(TimeDelta::seconds(31));
    let tried = Stream::open(&shop.server, &shop, COMPILED, &late, &[]).await;
    assert_eq!(tried.refusal().await, refused);
    let again = Stream::open(&other, &shop, COMPILED, &one, &[("cookie", &cookie)]).await;
    assert_eq!(again.response.status(), 200);
    // a mutation needs a token
    let query = "mutation { createStreamTicket { ticket } }";
    let tried = Stream::open(&shop.server, &shop, query, &ticket(&shop.owner).await, &[]).await;
    assert_eq!(tried.refusal().await, (405, "METHOD_NOT_ALLOWED".to_owned()));
    // the login ends, and with it its streams, its tickets and its cookie
    let unused = ticket(&shop.attendant).await;
    shop.attendant.did("logout", "LogoutInput", json!({}), "done").await;
    let (_, last) = stream.next().await;
    assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
    let tried = Stream::open(&other, &shop, COMPILED, &unused, &[]).await;
    assert_eq!(tried.refusal().await, refused);
    // the records of used tickets are deleted
    let marks = || entity::used_ticket::Entity::find().all(shop.server.app.store.reader());
    assert!(!marks().await.expect("marks").is_empty());
    shop.server.time().pass(TimeDelta::hours(2));
    app::retention::maintain(&shop.server.app).await.expect("maintained");
    assert!(marks().await.expect("marks").is_empty());
    other.stop().await;
    shop.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_runs_only_the_documents_of_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("documents.json");
    let query = "{ viewer { id } }";
    let hash = app::auth::token::digest(query);
    std::fs::write(&file, json!({ hash: query }).to_string()).expect("a file");
    let server = TestServer::start(Backend::Sqlite, |config| config.trusted_documents = Some(file)).await;
    let anonymous = Client::anonymous(server.http);
    assert_eq!(anonymous.ok(query, json!({})).await, json!({ "viewer": null }));
    for other in ["{ viewer { role } }", "{ __schema { queryType { name } } }"] {
        let refused = anonymous.send(other, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "DOCUMENT_NOT_TRUSTED", "{other}");
    }
    server.stop().await;
}
