//! The simulated proxy's side of the hook.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Name of the simulated proxy.
pub const PROXY: &str = "simulated";

/// Sends requests and events to the hook.
pub(super) struct Proxy {
    client: reqwest::Client,
    secret: String,
    /// Base URL of the hook, which is set once the server listens.
    base: std::sync::OnceLock<String>,
    /// Number of events that the hook has not accepted yet.
    waiting: AtomicU64,
}

impl Proxy {
    pub(super) fn new(secret: String) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
        Ok(Self { client, secret, base: std::sync::OnceLock::new(), waiting: AtomicU64::new(0) })
    }

    /// Sets the hook's base URL, such as `http://127.0.0.1:8081`. Later calls to this function have no effect.
    pub(super) fn connect(&self, url: &str) {
        let _ = self.base.set(url.trim_end_matches('/').to_owned());
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sends a request. Before [`Self::connect`], the request has no valid URL and fails.
    pub(super) async fn post(&self, path: &str, body: &Value) -> reqwest::Result<Value> {
        let url = format!("{}/kamailio/v1/{path}", self.base.get().map_or("", String::as_str));
        let request = self.client.post(url).basic_auth("kamailio", Some(&self.secret)).json(body);
        request.send().await?.error_for_status()?.json().await
    }

    /// Sends an event repeatedly until the hook accepts it, as a proxy does. Stops retrying only when the simulation stops.
    pub(super) async fn send(&self, stop: &CancellationToken, event: Value) {
        let batch = json!([event]);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        while let Err(error) = self.post("events", &batch).await {
            tracing::warn!(%error, "the hook did not accept an event; retrying");
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An event that happens now, with these additional fields.
pub(super) fn event(kind: &str, fields: &[&Value]) -> Value {
    let mut event = json!({ "eid": Uuid::new_v4(), "kind": kind, "ts": Utc::now().timestamp_micros().to_string(), "proxy": PROXY });
    if let Some(event) = event.as_object_mut() {
        for more in fields.iter().filter_map(|fields| fields.as_object()) {
            event.extend(more.clone());
        }
    }
    event
}
