//! A front end in Node.js that uses the official `graphql-ws` client (`tests/js/subscriber.mjs`). The front end records received messages in order.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::Shop;

/// A running subscriber process. Dropping this value ends the process.
pub struct Subscriber {
    received: watch::Receiver<Arc<Vec<Value>>>,
    _node: Child,
}

impl Subscriber {
    /// Subscribes to the shop's activity and live calls as the shop's attendant. Returns once both subscriptions have sent their first message.
    ///
    /// # Panics
    /// Panics if Node or the packages of `tests/js` are missing, or the server refuses.
    pub async fn start(shop: &Shop) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("js");
        let packages: PathBuf = folder.join("node_modules/graphql-ws");
        assert!(packages.exists(), "run the tests with tests/run, or `npm ci` in tests/js");
        let mut node = Command::new("node")
            .arg("subscriber.mjs")
            .current_dir(&folder)
            .env("CALLSHOP_URL", format!("ws://{}/graphql", shop.server.http))
            .env("CALLSHOP_TOKEN", shop.attendant.token())
            .env("CALLSHOP_ID", &shop.id)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(node.stdout.take().expect("its output")).lines();
        let (sender, received) = watch::channel(Arc::new(Vec::new()));
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let message: Value = serde_json::from_str(&line).expect("a line of JSON");
                sender.send_modify(|all| Arc::make_mut(all).push(message));
            }
        });
        let subscriber = Self { received, _node: node };
        let first = |all: &[Value], of: &str| all.iter().any(|message| message["of"] == of);
        subscriber
            .until("both subscriptions begin", |all| {
                (first(all, "activity") && first(all, "live")).then_some(())
            })
            .await;
        subscriber
    }

    /// Waits up to 30 seconds until `wanted` returns a value for the messages received so far.
    ///
    /// # Panics
    /// Panics on timeout (with the last message), on an error, or if a subscription ends.
    pub async fn until<T>(&self, what: &str, mut wanted: impl FnMut(&[Value]) -> Option<T>) -> T {
        let mut received = self.received.clone();
        let search = async {
            loop {
                let all = received.borrow_and_update().clone();
                let bad = all.iter().find(|message| message.get("data").is_none_or(Value::is_null));
                assert!(bad.is_none(), "{what}: {bad:?}");
                if let Some(found) = wanted(&all) {
                    return found;
                }
                received
                    .changed()
                    .await
                    .unwrap_or_else(|_| panic!("{what}: the subscriber process has ended"));
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(30), search).await;
        found.unwrap_or_else(|_| {
            let all = self.received.borrow().clone();
            panic!("{what}: not within 30 s; {} messages, the last: {:?}", all.len(), all.last())
        })
    }

    /// The activity events received so far.
    pub fn activities(&self) -> Vec<Value> {
        activities(&self.received.borrow())
    }

    /// The messages of `liveCalls` received so far.
    pub fn ticks(&self) -> Vec<Value> {
        let all = self.received.borrow().clone();
        all.iter()
            .filter(|message| message["of"] == "live")
            .map(|message| message["data"]["liveCalls"].clone())
            .collect()
    }
}

/// The activity events among messages.
pub fn activities(messages: &[Value]) -> Vec<Value> {
    let events = messages.iter().map(|message| &message["data"]["callshopActivity"]["event"]);
    events.filter(|event| event.is_object()).cloned().collect()
}
