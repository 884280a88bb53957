//! A fake control listener of a proxy. The listener records commands, and the test chooses its responses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::server::TestTime;

/// How the proxy responds to commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// Accepts commands.
    #[default]
    Takes,
    /// The proxy accepts commands, but its response is lost.
    LosesAnswers,
    /// The proxy responds that it does not know the call.
    KnowsNothing,
}

/// The state that the proxy lists. Until a test sets this state, the proxy does not respond to requests for its state.
#[derive(Clone)]
pub struct Lists {
    /// The proxy's clock.
    pub time: TestTime,
    /// Identifies the current run of the proxy. Each start of the proxy has its own value.
    pub boot_id: String,
    /// Events that the proxy has not delivered yet.
    pub waiting: u64,
    /// The proxy's dialogs, created by [`dialog`].
    pub dialogs: Vec<Value>,
    /// SIP users of the registered phones.
    pub phones: Vec<String>,
    /// Time of the last registration, for each phone whose entry includes this time.
    pub registered: BTreeMap<String, DateTime<Utc>>,
    /// SIP users whose contacts the proxy lists as null.
    pub odd_phones: Vec<String>,
}

impl Lists {
    /// An empty state at this time.
    pub fn nothing(time: TestTime) -> Self {
        let boot_id = "first".to_owned();
        Self {
            time,
            boot_id,
            waiting: 0,
            dialogs: Vec::new(),
            phones: Vec::new(),
            registered: BTreeMap::new(),
            odd_phones: Vec::new(),
        }
    }

    fn answer(&self, path: &str, body: &Value) -> Value {
        let now = self.time.now().timestamp_micros().to_string();
        match (path, body["method"].as_str()) {
            ("/queue", _) => json!({ "waiting": self.waiting, "now": now, "boot_id": self.boot_id }),
            (_, Some("dlg.list")) => json!({ "jsonrpc": "2.0", "result": self.dialogs, "id": 1 }),
            _ => {
                let phone = |user: &String| {
                    let address = format!("sip:{user}@127.0.0.9:5060");
                    let mut contact = json!({ "Address": address, "Expires": 100, "User-Agent": "[not set]", "Received": "[not set]" });
                    if let Some(at) = self.registered.get(user) {
                        contact["Last-Modified"] = json!(at.timestamp());
                    }
                    json!({ "Info": { "AoR": user, "Contacts": [{ "Contact": contact }] } })
                };
                let odd = |user: &String| json!({ "Info": { "AoR": user, "Contacts": null } });
                let records: Vec<Value> =
                    self.phones.iter().map(phone).chain(self.odd_phones.iter().map(odd)).collect();
                json!({ "jsonrpc": "2.0", "result": { "Domains": [{ "Domain": { "AoRs": records } }] }, "id": 1 })
            }
        }
    }
}

/// A dialog as Kamailio lists it. The Call-ID is derived from the call's `ref`. For a dialog that belongs to none of the server's calls, the Call-ID
/// is derived from some other value.
pub fn dialog(reference: &Value, answered: Option<DateTime<Utc>>) -> Value {
    let mut variables = vec![json!({ "ref": reference })];
    variables.extend(answered.map(|at| json!({ "answered": at.timestamp_micros().to_string() })));
    json!({ "call-id": format!("of {reference}"), "state": if answered.is_some() { 4 } else { 2 },
        "caller": { "tag": "ft" }, "callee": { "tag": "tt" }, "variables": variables })
}

#[derive(Default)]
struct State {
    told: Vec<(String, Value)>,
    mood: Mood,
    lists: Option<Lists>,
}

/// A control listener on loopback.
pub struct FakeProxy {
    /// The listener's address.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl FakeProxy {
    /// Starts the listener. The listener serves until the test's runtime ends.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let proxy = Self { address, state: Arc::default() };
        let state = proxy.state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, state.clone()));
            }
        });
        proxy
    }

    /// Sets how the listener responds to commands from now on.
    pub fn be(&self, mood: Mood) {
        self.state.lock().expect("the state").mood = mood;
    }

    /// Sets the state that the proxy lists from now on.
    pub fn list(&self, lists: Lists) {
        self.state.lock().expect("the state").lists = Some(lists);
    }

    /// Stops responding to requests for the proxy's state.
    pub fn silence(&self) {
        self.state.lock().expect("the state").lists = None;
    }

    /// The bodies of all commands sent to `path` so far.
    pub fn told(&self, path: &str) -> Vec<Value> {
        let state = self.state.lock().expect("the state");
        state.told.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some((path, body)) = request(&mut stream).await {
        let answer = {
            let mut state = state.lock().expect("the state");
            state.told.push((path.clone(), body.clone()));
            let nothing = ("404 Not Found", json!({ "error": "NO_SUCH_CALL" }));
            match (path.as_str(), state.mood) {
                ("/RPC", _) if body["method"] == "core.version" => {
                    ("200 OK", json!({ "jsonrpc": "2.0", "result": "fake 1.0", "id": 1 }))
                }
                ("/queue" | "/RPC", _) => {
                    state.lists.as_ref().map_or(nothing, |lists| ("200 OK", lists.answer(&path, &body)))
                }
                (_, Mood::Takes) => ("200 OK", json!({ "covered": body["covered"] })),
                (_, Mood::KnowsNothing) => nothing,
                (_, Mood::LosesAnswers) => return,
            }
        };
        let (status, answer) = (answer.0, answer.1.to_string());
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(format!("{head}{answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads one request: its path and its JSON body.
pub(crate) async fn request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                let path = head.split(' ').nth(1)?.to_owned();
                return Some((path, serde_json::from_str(body).ok()?));
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(bytes) => read.extend_from_slice(&chunk[..bytes]),
        }
    }
}
