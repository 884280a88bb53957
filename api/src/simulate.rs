//! `callshop simulate`: simulated phones and calls, through the same hook that a SIP proxy uses (docs/hook.md).

use std::time::Duration;

use chrono::Utc;
use rand::Rng as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Name of the simulated proxy.
pub const PROXY: &str = "simulated";

/// Numbers dialed by simulated customers: real prefixes with unassigned subscriber numbers.
pub const NUMBERS: [&str; 10] = [
    "+351912345678",
    "+13055550123",
    "+5491155501234",
    "+33612345678",
    "+81312345678",
    "+2349012345678",
    "011987654321",
    "+442079460123",
    "+59891234567",
    "+34612345678",
];

/// Parameters of a simulation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Base URL of the hook, such as `http://127.0.0.1:8081`.
    pub hook_url: String,
    /// Secret of the hook.
    pub secret: String,
    /// SIP user names of the phones.
    pub users: Vec<String>,
    /// Calls started per minute, over all phones.
    pub calls_per_minute: u32,
    /// Maximum talk time in seconds.
    pub max_talk_seconds: u32,
    /// Number of calls to make; if `None`, the simulation continues until it is stopped.
    pub calls: Option<u64>,
}

/// Results of a simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Allowed calls.
    pub allowed: u64,
    /// Refused calls.
    pub refused: u64,
    /// Failed requests.
    pub errors: u64,
}

/// A simulated proxy.
#[derive(Clone)]
struct Proxy {
    client: reqwest::Client,
    base: String,
    secret: String,
}

impl Proxy {
    async fn post(&self, path: &str, body: &Value) -> Result<Value, reqwest::Error> {
        let url = format!("{}/kamailio/v1/{path}", self.base);
        let request = self.client.post(url).basic_auth("kamailio", Some(&self.secret)).json(body);
        request.send().await?.error_for_status()?.json().await
    }

    /// Sends an event until the hook accepts the event, as a proxy does. Gives up only when the simulation is stopped.
    async fn tell(&self, stop: &CancellationToken, event: Value) {
        let batch = json!([event]);
        while let Err(error) = self.post("events", &batch).await {
            tracing::warn!(%error, "the hook did not accept an event; retrying");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }
}

fn event(kind: &str, more: &Value) -> Value {
    let mut event = json!({ "eid": Uuid::new_v4(), "kind": kind, "ts": Utc::now().timestamp_micros().to_string(), "proxy": PROXY });
    if let (Some(event), Some(more)) = (event.as_object_mut(), more.as_object()) {
        event.extend(more.clone());
    }
    event
}

/// Registers the phones and makes calls until the plan is done or `stop` is cancelled. Calls `progress` after each call.
///
/// # Errors
/// Fails if the HTTP client cannot be created.
pub async fn run(
    plan: Plan,
    stop: CancellationToken,
    progress: impl Fn(Tally),
) -> Result<Tally, reqwest::Error> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
    let proxy =
        Proxy { client, base: plan.hook_url.trim_end_matches('/').to_owned(), secret: plan.secret.clone() };
    for user in &plan.users {
        let contact = format!("<sip:{user}@127.0.0.1:5060>");
        proxy.tell(&stop, event("online", &json!({ "user": user, "contact": contact, "src": "127.0.0.1:5060", "user_agent": "simulated phone" }))).await;
    }
    let mut pause = tokio::time::interval(Duration::from_secs(60) / plan.calls_per_minute.max(1));
    let (mut tally, mut begun) = (Tally::default(), 0);
    let mut running = tokio::task::JoinSet::new();
    let mut idle = plan.users.clone();
    while !stop.is_cancelled() && plan.calls.is_none_or(|calls| begun < calls) {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(done) = running.join_next(), if !running.is_empty() => settle(done, &mut idle, &mut tally, &progress),
            _ = pause.tick(), if !idle.is_empty() => {
                let user = idle.swap_remove(rand::rng().random_range(0..idle.len()));
                running.spawn(one_call(proxy.clone(), user, plan.max_talk_seconds, stop.clone()));
                begun += 1;
            }
        }
    }
    while let Some(done) = running.join_next().await {
        settle(done, &mut idle, &mut tally, &progress);
    }
    Ok(tally)
}

/// The phone that is free again after a call, and whether the call was allowed.
type Outcome = (String, Result<bool, reqwest::Error>);

fn settle(
    done: Result<Outcome, tokio::task::JoinError>,
    idle: &mut Vec<String>,
    tally: &mut Tally,
    progress: &impl Fn(Tally),
) {
    match done {
        Ok((user, outcome)) => {
            match outcome {
                Ok(true) => tally.allowed += 1,
                Ok(false) => tally.refused += 1,
                Err(error) => {
                    tracing::warn!(%error, "the hook did not answer");
                    tally.errors += 1;
                }
            }
            idle.push(user);
        }
        Err(error) => tracing::error!(%error, "a simulated call failed"),
    }
    progress(*tally);
}

async fn one_call(proxy: Proxy, user: String, max_talk: u32, stop: CancellationToken) -> Outcome {
    let (number, ring, talk, answers) = {
        let mut rng = rand::rng();
        let number = NUMBERS[rng.random_range(0..NUMBERS.len())];
        (
            number,
            rng.random_range(500..4_000),
            rng.random_range(1_000..u64::from(max_talk.max(2)) * 1_000),
            rng.random_range(0..10) < 8,
        )
    };
    let (call_id, from_tag) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    let ask = json!({ "request_id": Uuid::new_v4(), "user": user, "dialed": number, "src": "127.0.0.1:5060",
        "ts": Utc::now().timestamp_micros().to_string(), "proxy": PROXY, "call_id": call_id, "from_tag": from_tag });
    let answer = match proxy.post("authorize", &ask).await {
        Ok(answer) => answer,
        Err(error) => return (user, Err(error)),
    };
    if answer["allow"] != json!(true) {
        // a refused customer pauses before the next call
        wait(&stop, 5_000).await;
        return (user, Ok(false));
    }
    let covered = answer["max_seconds"].as_u64().unwrap_or(1) * 1_000;
    let dialog = json!({ "ref": answer["ref"], "call_id": call_id, "from_tag": from_tag, "handle": "0:0" });
    wait(&stop, 300).await;
    proxy.tell(&stop, event("ringing", &dialog)).await;
    wait(&stop, ring).await;
    if !answers {
        proxy.tell(&stop, event("failed", &with(&dialog, json!({ "code": 486, "by": "callee" })))).await;
        return (user, Ok(true));
    }
    let answered = event("answered", &dialog);
    let answered_ts = answered["ts"].clone();
    proxy.tell(&stop, answered).await;
    wait(&stop, talk.min(covered)).await;
    let (by, cause) = if talk < covered { ("caller", "bye") } else { ("proxy", "max_duration") };
    let more = json!({ "by": by, "cause": cause, "answered_ts": answered_ts });
    proxy.tell(&stop, event("ended", &with(&dialog, more))).await;
    (user, Ok(true))
}

fn with(dialog: &Value, more: Value) -> Value {
    let mut all = dialog.clone();
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

/// Waits for the given time. When the simulation is stopped, returns early, so that running calls end immediately and report their end.
async fn wait(stop: &CancellationToken, milliseconds: u64) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(Duration::from_millis(milliseconds)) => {}
    }
}
