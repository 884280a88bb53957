//! Tests the demo's sandbox, in which calls are made on request.

use std::sync::Arc;
use std::time::Duration;

use api::demo::{self, Demo};
use api::server::{Node, Server};
use api::simulate::Simulator;
use graphql::scalars::Kind;
use serde_json::{Value, json};
use tests::Client;
use tests::shop::text;
use tokio_util::sync::CancellationToken;

const SIMULATE: &str = "mutation($i: SimulateCallInput!) { simulateCall(input: $i) { \
    call { id state number refusal } userErrors { code field message } } }";

struct Sandbox {
    demo: Demo,
    attendant: Client,
    server: Server,
    stop: CancellationToken,
    _dir: tempfile::TempDir,
}

impl Sandbox {
    async fn open() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let (secret, stop) = ("secret-of-the-sandbox", CancellationToken::new());
        let mut config = demo::config(dir.path(), secret);
        config.listen.set_port(0);
        config.hook.listen.set_port(0);
        let simulator = Simulator::new(secret.to_owned(), stop.clone()).expect("a client");
        let database = Node::connect(&config).await.expect("a database");
        database.0.migrate().await.expect("the tables");
        let node =
            Node::sandbox(database, Arc::new(config), Arc::new(simulator.clone())).await.expect("a node");
        let demo = demo::seed(&node.app, dir.path(), secret).await.expect("a shop");
        let server = Server::start(&node, stop.clone()).await.expect("the listeners are bound");
        simulator.connect(&format!("http://{}", server.hook));
        simulator.register(&demo.phones).await;
        let user = demo.users.last().expect("the attendant");
        let attendant = Client::anonymous(server.http).login(&user.login, &user.password).await;
        Self { demo, attendant, server, stop, _dir: dir }
    }

    fn cabin(&self, index: usize) -> String {
        Kind::Cabin.id(self.demo.cabins[index]).to_string()
    }

    async fn simulate(&self, input: Value) -> Value {
        self.attendant.ok(SIMULATE, json!({ "i": input })).await["simulateCall"].take()
    }

    /// Waits until the newest call of a cabin is in this state, and returns the call.
    async fn until(&self, index: usize, state: &str) -> Value {
        let query = "query($id: ID!) { cabin(id: $id) { liveCall { id } calls(first: 1) { nodes { id state sipCode cause elapsedSeconds } } } }";
        for _ in 0..600 {
            let cabin = self.attendant.ok(query, json!({ "id": self.cabin(index) })).await["cabin"].take();
            let call = &cabin["calls"]["nodes"][0];
            let live = if ["RINGING", "ANSWERED"].contains(&state) { &call["id"] } else { &Value::Null };
            // the call may change between the two reads of one query
            if call["state"] == state && &cabin["liveCall"]["id"] == live {
                return call.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the call of cabin {index} did not become {state} in time");
    }

    async fn close(self) {
        self.stop.cancel();
        self.server.finished().await.expect("the server stops");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_developer_makes_the_call_that_a_test_needs() {
    let sandbox = Sandbox::open().await;
    let number = "0013055550123";
    let input = json!({ "cabinId": sandbox.cabin(0), "number": number, "answerAfterSeconds": 0, "talkSeconds": 3600 });
    let made = sandbox.simulate(input.clone()).await;
    assert_eq!(
        (&made["call"]["state"], &made["call"]["number"]),
        (&json!("AUTHORIZED"), &json!("+13055550123"))
    );
    let busy = sandbox.simulate(input).await;
    assert_eq!((&busy["call"], &busy["userErrors"][0]["code"]), (&Value::Null, &json!("ILLEGAL_STATE")));
    let talking = sandbox.until(0, "ANSWERED").await;
    assert_eq!(talking["id"], made["call"]["id"]);

    // the API hangs up the call, just as with a real proxy
    let closed = sandbox
        .attendant
        .did("closeCabin", "CloseCabinInput", json!({ "cabinId": sandbox.cabin(0) }), "session { state }")
        .await;
    assert_eq!(closed["session"]["state"], "CLOSING");
    assert_eq!(sandbox.until(0, "ENDED").await["cause"], "API");

    let fails = |outcome| json!({ "cabinId": sandbox.cabin(1), "number": number, "answerAfterSeconds": 0, "outcome": outcome });
    for (outcome, code) in [("BUSY", 486), ("NO_ANSWER", 480)] {
        let call = text(&sandbox.simulate(fails(outcome)).await["call"]["id"]);
        let failed = sandbox.until(1, "FAILED").await;
        assert_eq!((text(&failed["id"]), &failed["sipCode"]), (call, &json!(code)));
    }
    let short =
        json!({ "cabinId": sandbox.cabin(2), "number": number, "answerAfterSeconds": 0, "talkSeconds": 1 });
    sandbox.simulate(short).await;
    let over = sandbox.until(2, "ENDED").await;
    assert_eq!(over["cause"], "BYE");
    sandbox.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulated_call_obeys_the_rules() {
    let sandbox = Sandbox::open().await;
    // the demo opens the first five of eight cabins
    let refused = sandbox.simulate(json!({ "cabinId": sandbox.cabin(7), "number": "0013055550123" })).await;
    assert_eq!(
        (&refused["call"]["state"], &refused["call"]["refusal"]),
        (&json!("REFUSED"), &json!("CABIN_CLOSED"))
    );
    for (field, value) in
        [("talkSeconds", json!(3601)), ("answerAfterSeconds", json!(3601)), ("number", json!(""))]
    {
        let mut input = json!({ "cabinId": sandbox.cabin(0), "number": "0013055550123" });
        input[field] = value;
        let wrong = sandbox.simulate(input).await;
        assert_eq!(wrong["userErrors"][0]["code"], "INVALID_INPUT", "{wrong}");
        assert_eq!(wrong["userErrors"][0]["field"], json!([field]));
    }
    // the shop accepts Pix, so that a developer sees a code
    let query = "query($id: ID!) { cabin(id: $id) { currentSession { pix(amount: \"1\") { text } } } }";
    let seen = sandbox.attendant.ok(query, json!({ "id": sandbox.cabin(0) })).await;
    let code = text(&seen["cabin"]["currentSession"]["pix"]["text"]);
    assert!(code.contains("5911Callshop Se6009Sao Paulo"), "{code}");
    sandbox.close().await;
}

/// Servers with real customers must not simulate calls.
#[tokio::test]
async fn only_a_sandbox_can_simulate_calls() {
    let published = graphql::published_sdl().expect("a schema");
    assert!(!published.contains("simulateCall") && !published.contains("SimulateCallInput"));
    for (role, _) in graphql::roles::ALL {
        let schema = graphql::role_sdl(role).expect("a schema");
        assert!(!schema.contains("simulateCall"), "{role}");
    }
    let shop = tests::Shop::start(tests::Backend::Sqlite, 1).await;
    let input = json!({ "i": { "cabinId": shop.cabins[0], "number": "0013055550123" } });
    let answer = shop.owner.send(SIMULATE, input).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{answer}");
    shop.finish().await;
}
