//! The demo as a process.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tests::{client::Client, crash::process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// Maximum time for the demo to start, and for it to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the demo without traffic. Returns its process, and the line of JSON that the demo prints.
async fn start(folder: &Path) -> (Child, Value) {
    let mut demo = Command::new(process::build(false))
        .args(["demo", "--json", "--no-traffic", "--listen", "127.0.0.1:0", "--dir"])
        .arg(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the demo starts");
    let mut lines = BufReader::new(demo.stdout.take().expect("its output")).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("the demo is ready in time");
    let line = line.expect("a line").expect("a line");
    (demo, serde_json::from_str(&line).expect("JSON"))
}

/// Stops the demo as a service manager does, and expects success.
async fn stop(mut demo: Child) {
    let pid = demo.id().expect("the demo runs").to_string();
    let kill = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill runs");
    assert!(kill.success());
    let status = tokio::time::timeout(PATIENCE, demo.wait()).await.expect("the demo stops in time");
    assert!(status.expect("a status").success());
}

/// The owner of the demo's shop.
fn owner(line: &Value) -> Client {
    let address = line["http"].as_str().and_then(|url| url.strip_prefix("http://")?.strip_suffix("/graphql"));
    let users = line["users"].as_array().expect("users");
    let owner = users.iter().find(|user| user["role"] == "CALLSHOP_OWNER").expect("an owner");
    Client::anonymous(address.expect("a URL").parse().expect("an address"))
        .with_token(owner["token"].as_str().expect("a token"))
}

async fn dial(owner: &Client, cabin: &Value, answer_after: u32) -> Value {
    let input = json!({ "cabinId": cabin, "number": "+351912345678", "answerAfterSeconds": answer_after, "talkSeconds": 600 });
    owner.did("simulateCall", "SimulateCallInput", input, "call { id state }").await["call"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_calls_of_a_demo_end_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (demo, line) = start(folder.path()).await;
    let client = owner(&line);
    let mut calls = Vec::new();
    for (cabin, answer_after) in [(0, 0), (1, 600)] {
        calls.push(dial(&client, &line["cabinIds"][cabin], answer_after).await["id"].clone());
    }
    let of = |id: &Value| format!("{{ node(id: {id}) {{ ... on Call {{ state }} }} }}");
    while client.ok(&of(&calls[0]), json!({})).await["node"]["state"] != "ANSWERED" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop(demo).await;

    let (demo, line) = start(folder.path()).await;
    let client = owner(&line);
    let mut ended = Vec::new();
    for call in &calls {
        ended.push(client.ok(&of(call), json!({})).await["node"]["state"].clone());
    }
    assert_eq!(ended, ["ENDED", "FAILED"]);
    // the phones are immediately free again
    dial(&client, &line["cabinIds"][0], 0).await;
    stop(demo).await;
}
