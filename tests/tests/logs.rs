//! Tests that the log has the required lines, and never contains a secret or a whole phone number. Lines are captured at debug level during logins,
//! calls and errors.
//!
//! This file is a single test in its own program, because a process has one log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tests::server::HOOK_SECRET;
use tests::shop::{PASSWORD, Shop};
use tests::{Backend, Client, Socket};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<u8>>>);

impl Write for Caught {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Caught {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Caught {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("the log").clone()).expect("UTF-8")
    }

    /// The lines about a request, as JSON.
    fn about(&self, id: &str) -> Vec<Value> {
        let lines = self.text();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        lines.filter(|line| line["span"]["request_id"] == id).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_names_requests_and_tells_no_secret_and_no_number() {
    let caught = Caught::default();
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(api::log_filter("info,callshop=debug").expect("a filter"))
        .with_writer(caught.clone())
        .init();
    let shop = Shop::start(Backend::Sqlite, 2).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let numbers = ["+5511987654321", "+351912345678", "+13055550123", "+999123123123"];
    for number in &numbers[..2] {
        shop.call(0, number, 5_000).await;
    }
    // two calls are refused, the first for lack of a rate and the second for lack of a cabin; a third request is invalid
    for (phone, number) in [(0, numbers[3]), (1, numbers[2])] {
        assert_eq!(shop.hook().authorize(&shop.phones[phone].user, number).await["allow"], false);
    }
    let broken = format!("{{\"dialed\":\"{}\",\"secret\":\"{HOOK_SECRET}\"", numbers[2]);
    assert_eq!(shop.hook().post_as("authorize", Some(HOOK_SECRET), broken.clone().into_bytes()).await.0, 400);
    assert_eq!(shop.hook().post_as("events", Some(HOOK_SECRET), broken.into_bytes()).await.0, 200);
    shop.hook().post_as("ha1", Some("another-secret-entirely"), b"{}".to_vec()).await;
    let ask = json!({ "user": shop.phones[0].user, "realm": "callshop", "algorithm": "MD5" });
    let (_, ha1) = shop.hook().post("ha1", &ask).await;
    let ha1 = ha1["ha1"].as_str().expect("a HA1").to_owned();
    // the requests are a failed login, invalid tokens, and a refused input
    let anonymous = Client::anonymous(shop.server.http);
    let login = "mutation($i: LoginInput!) { login(input: $i) { userErrors { code } } }";
    let wrong = json!({ "i": { "login": "somebody@nowhere", "password": "my dog's secret name" } });
    anonymous.send(login, wrong).await;
    anonymous.with_token("a.forged.token-of-mine").send("{ viewer { id } }", json!({})).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("q", "{ viewer { id } }", json!({})).await;
    socket.next().await;

    // when the database fails, the response has the request's id, and the log has the reason
    use sea_orm::ConnectionTrait as _;
    let conn = shop.server.app.store.reader();
    conn.execute_unprepared("ALTER TABLE audit_log RENAME TO audit_log_away")
        .await
        .expect("the table is renamed");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let query = "query($id: ID!) { auditLog(accountId: $id, first: 1) { nodes { at } } }";
    let request = client
        .post(format!("http://{}/graphql", shop.server.http))
        .bearer_auth(shop.owner.token())
        .header("x-request-id", "shop-7/till.1")
        .json(&json!({ "query": query, "variables": { "id": shop.id } }));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.headers()["x-request-id"], "shop-7/till.1");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["errors"][0]["extensions"]["code"], "INTERNAL", "{body}");
    assert_eq!(body["errors"][0]["extensions"]["requestId"], "shop-7/till.1");
    conn.execute_unprepared("ALTER TABLE audit_log_away RENAME TO audit_log")
        .await
        .expect("the table has its name again");
    let lines = caught.about("shop-7/till.1");
    let error = lines.iter().find(|line| line["level"] == "ERROR").expect("the reason is in the log");
    assert!(error.to_string().contains("audit_log"), "{error}");
    let answered = lines.iter().find(|line| line["fields"]["message"] == "answered").expect("its end");
    let span = &answered["span"];
    assert_eq!(
        (&span["listener"], &span["operation"], &span["field"]),
        (&json!("graphql"), &json!("query"), &json!("auditLog"))
    );
    assert!(
        span["actor"].is_string() && span["duration_us"].is_u64() && span["outcome"].is_string(),
        "{span}"
    );

    // this request id is not valid, so the server creates another id
    let strange =
        client.get(format!("http://{}/graphql", shop.server.http)).header("x-request-id", "a b\"c").send();
    let strange = strange.await.expect("an answer");
    assert_eq!(strange.headers()["x-request-id"].len(), 32);

    let log = caught.text();
    assert!(
        log.contains("a phone asks") && log.contains("5511…21"),
        "the middle digits of numbers must be masked"
    );
    let mut never: Vec<String> = numbers.iter().map(|number| number[1..].to_owned()).collect();
    never.extend(
        [HOOK_SECRET, PASSWORD, "my dog's secret name", "another-secret-entirely", "token-of-mine"]
            .map(str::to_owned),
    );
    never.extend(shop.phones.iter().map(|phone| phone.secret.clone()));
    never.push(ha1);
    for client in [&shop.admin, &shop.reseller, &shop.owner, &shop.attendant] {
        never.push(client.token().to_owned());
    }
    for secret in never {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {line:?}");
    }
    shop.finish().await;
}
