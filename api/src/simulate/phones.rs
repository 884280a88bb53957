//! Simulated phones, and the SIP proxy with which they are registered.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::sandbox::{self, Outcome, Script};
use app::sip_proxies::{
    Dialog, Dialogs, HangUp, HangUpResult, LimitResult, ProxyError, QueueState, Registration, Registrations,
    SipProxies,
};
use base::error::{Error, ErrorCode};
use chrono::{DateTime, Utc};
use entity::call;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::proxy::{PROXY, Proxy, event};

/// The reason why a simulated phone could not dial.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The phone is in a call.
    #[error("the phone is in a call")]
    Busy,
    /// The simulation is stopping.
    #[error("the simulation is stopping")]
    Stopping,
    /// The hook did not accept the request.
    #[error("the hook did not answer: {0}")]
    Hook(#[from] reqwest::Error),
    /// The hook's response differs from docs/hook.md.
    #[error("the hook's answer differs from docs/hook.md, because it has no call id: {0}")]
    Answer(Value),
}

/// Simulated phones and their proxy. A clone refers to the same phones.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    proxy: Proxy,
    stop: CancellationToken,
    boot_id: String,
    state: Mutex<State>,
    /// Notified when a call is over and its end is reported.
    ended: Notify,
}

#[derive(Default)]
struct State {
    /// Users of the registered phones.
    registered: BTreeSet<String>,
    /// Users of the phones that are dialing or talking.
    busy: BTreeSet<String>,
    /// Live calls by id.
    live: HashMap<Uuid, Live>,
}

/// A live call.
struct Live {
    control: watch::Sender<Control>,
    call_id: String,
    from_tag: String,
    answered_at: Option<DateTime<Utc>>,
}

/// The API's commands for a call.
#[derive(Clone, Copy)]
struct Control {
    /// Covered talk time: the talk time for which the call has reserved money.
    covered: Duration,
    hang_up: Option<HangUp>,
}

/// A simulated call that was allowed.
pub struct Dialed {
    id: Uuid,
    playing: JoinHandle<()>,
}

impl Dialed {
    /// The call's id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Waits until the call is over and its end is reported.
    pub async fn over(self) {
        if let Err(error) = self.playing.await {
            tracing::error!(%error, "a simulated call failed");
        }
    }
}

/// A phone that is dialing or talking. Dropping this value frees the phone.
struct Line {
    simulator: Simulator,
    user: String,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.simulator.state().busy.remove(&self.user);
    }
}

impl Simulator {
    /// Creates a simulator without a hook; [`Simulator::connect`] sets the hook. When `stop` is canceled, all calls end and report their ends.
    ///
    /// # Errors
    /// Fails if the HTTP client cannot be created.
    pub fn new(secret: String, stop: CancellationToken) -> reqwest::Result<Self> {
        let proxy = Proxy::new(secret)?;
        let boot_id = Uuid::new_v4().to_string();
        Ok(Self(Arc::new(Inner { proxy, stop, boot_id, state: Mutex::default(), ended: Notify::new() })))
    }

    /// Sets the base URL of the hook, such as `http://127.0.0.1:8081`. Calling this function again has no effect.
    pub fn connect(&self, hook_url: &str) {
        self.0.proxy.connect(hook_url);
    }

    /// The token that is canceled when the phones stop.
    pub fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Waits until no call is live and every end is reported.
    pub async fn settled(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.state().live.is_empty() {
                return;
            }
            ended.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // the state is consistent between statements, so a panic in another task does not damage the state
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers phones by their SIP users.
    pub async fn register(&self, users: &[String]) {
        for user in users {
            self.state().registered.insert(user.clone());
            let online = json!({ "user": user, "contact": contact(user), "src": "127.0.0.1:5060", "user_agent": "simulated phone" });
            self.0.proxy.send(&self.0.stop, event("online", &[&online])).await;
        }
    }

    /// Dials from a phone, and plays the rest of the script in the background. Returns `None` if the call was refused.
    ///
    /// # Errors
    /// Fails if the phone is in a call, the phones are stopping, or the hook does not accept the request.
    pub async fn dial(&self, user: &str, script: Script) -> Result<Option<Dialed>, DialError> {
        if self.0.stop.is_cancelled() {
            return Err(DialError::Stopping);
        }
        if !self.state().busy.insert(user.to_owned()) {
            return Err(DialError::Busy);
        }
        let line = Line { simulator: self.clone(), user: user.to_owned() };
        let (call_id, from_tag) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
        let ask = json!({ "request_id": Uuid::new_v4(), "user": user, "dialed": script.number, "src": "127.0.0.1:5060",
            "ts": Utc::now().timestamp_micros().to_string(), "proxy": PROXY, "call_id": call_id, "from_tag": from_tag });
        let answer = self.0.proxy.post("authorize", &ask).await?;
        if answer["allow"] != json!(true) {
            return Ok(None);
        }
        let id = answer["ref"].as_str().and_then(|id| id.parse::<Uuid>().ok());
        let (Some(id), Some(covered)) = (id, answer["max_seconds"].as_u64()) else {
            return Err(DialError::Answer(answer));
        };
        let dialog = json!({ "ref": id, "call_id": call_id, "from_tag": from_tag, "handle": "0:0" });
        let (control, ordered) =
            watch::channel(Control { covered: Duration::from_secs(covered), hang_up: None });
        self.state().live.insert(id, Live { control, call_id, from_tag, answered_at: None });
        let playing = tokio::spawn(play(line, id, dialog, script, ordered));
        Ok(Some(Dialed { id, playing }))
    }
}

/// Time between the permission and the first ring.
const SETUP: Duration = Duration::from_millis(300);

async fn play(line: Line, id: Uuid, dialog: Value, script: Script, mut ordered: watch::Receiver<Control>) {
    let simulator = &line.simulator;
    let (proxy, stop) = (&simulator.0.proxy, &simulator.0.stop);
    wait(stop, &mut ordered, SETUP).await;
    proxy.send(stop, event("ringing", &[&dialog])).await;
    let cut = wait(stop, &mut ordered, script.ring).await;
    let last = match (cut, script.outcome) {
        (None, _) if stop.is_cancelled() => {
            event("failed", &[&dialog, &json!({ "code": 487, "by": "caller" })])
        }
        (None, Outcome::Answered(talk)) => {
            let answered = event("answered", &[&dialog]);
            let answered_ts = answered["ts"].clone();
            if let Some(live) = simulator.state().live.get_mut(&id) {
                live.answered_at = Some(Utc::now());
            }
            proxy.send(stop, answered).await;
            let end = converse(stop, &mut ordered, talk).await;
            event("ended", &[&dialog, &end, &json!({ "answered_ts": answered_ts })])
        }
        (None, Outcome::Busy) => event("failed", &[&dialog, &json!({ "code": 486, "by": "callee" })]),
        (None, Outcome::NoAnswer) => event("failed", &[&dialog, &json!({ "code": 480, "by": "callee" })]),
        (Some(_), _) => event("failed", &[&dialog, &json!({ "code": 487, "by": "proxy", "cause": "api" })]),
    };
    proxy.send(stop, last).await;
    simulator.state().live.remove(&id);
    simulator.0.ended.notify_waiters();
}

/// Waits for this time, or until the API hangs up. Returns the reason for the hang-up; `None` if the time is over or the phones stop.
async fn wait(
    stop: &CancellationToken,
    ordered: &mut watch::Receiver<Control>,
    time: Duration,
) -> Option<HangUp> {
    tokio::select! {
        () = stop.cancelled() => None,
        () = tokio::time::sleep(time) => None,
        control = ordered.wait_for(|control| control.hang_up.is_some()) => control.ok().and_then(|control| control.hang_up),
    }
}

/// Talks until the customer hangs up, the covered time is used up, the API hangs up, or the phones stop. Returns the fields of the end event.
async fn converse(stop: &CancellationToken, ordered: &mut watch::Receiver<Control>, talk: Duration) -> Value {
    let begun = tokio::time::Instant::now();
    loop {
        let Control { covered, hang_up } = *ordered.borrow_and_update();
        match hang_up {
            Some(HangUp::Requested) => return json!({ "by": "proxy", "cause": "api" }),
            Some(HangUp::CreditExhausted) => return json!({ "by": "proxy", "cause": "max_duration" }),
            None => {}
        }
        tokio::select! {
            () = stop.cancelled() => return json!({ "by": "caller", "cause": "bye" }),
            () = tokio::time::sleep_until(begun + talk.min(covered)) => {
                return match talk < covered {
                    true => json!({ "by": "caller", "cause": "bye" }),
                    false => json!({ "by": "proxy", "cause": "max_duration" }),
                };
            }
            // the API extends the call or hangs it up; the sender lives as long as the call
            _ = ordered.changed() => {}
        }
    }
}

fn contact(user: &str) -> String {
    format!("<sip:{user}@127.0.0.1:5060>")
}

#[async_trait::async_trait]
impl sandbox::Simulator for Simulator {
    async fn dial(&self, sip_user: &str, script: Script) -> Result<Option<Uuid>, Error> {
        match Self::dial(self, sip_user, script).await {
            Ok(dialed) => Ok(dialed.map(|dialed| dialed.id())),
            Err(DialError::Busy) => {
                let message =
                    "The cabin's phone is in a call. Hang up first, or wait until the call has ended.";
                Err(Error::field(ErrorCode::IllegalState, "cabinId", message))
            }
            Err(DialError::Stopping) => Err(Error::Overloaded("the server is stopping")),
            Err(DialError::Hook(error)) => {
                tracing::warn!(%error, "the hook did not answer a simulated call");
                Err(Error::Overloaded("the hook did not answer in time; the call may have been made"))
            }
            Err(error) => Err(Error::fault(error)),
        }
    }
}

/// The proxy's control listener, which the API calls in the same process instead of over a network.
#[async_trait::async_trait]
impl SipProxies for Simulator {
    async fn hang_up(&self, call: &call::Model, cause: HangUp) -> Result<HangUpResult, ProxyError> {
        let state = self.state();
        let Some(live) = state.live.get(&call.id) else { return Ok(HangUpResult::Unknown) };
        live.control.send_modify(|control| control.hang_up = control.hang_up.or(Some(cause)));
        Ok(HangUpResult::Accepted)
    }

    async fn hang_up_stray(&self, _proxy: &str, dialog: &Dialog) -> Result<HangUpResult, ProxyError> {
        let state = self.state();
        let Some(live) = state.live.values().find(|live| live.call_id == dialog.call_id) else {
            return Ok(HangUpResult::Unknown);
        };
        live.control.send_modify(|control| control.hang_up = control.hang_up.or(Some(HangUp::Requested)));
        Ok(HangUpResult::Accepted)
    }

    async fn set_limit(&self, call: &call::Model) -> Result<LimitResult, ProxyError> {
        let state = self.state();
        let Some(live) = state.live.get(&call.id) else { return Ok(LimitResult::Over) };
        if live.answered_at.is_none() {
            return Ok(LimitResult::NotAnswered);
        }
        let covered = Duration::from_secs(call.covered.unsigned_abs().into());
        live.control.send_modify(|control| control.covered = control.covered.max(covered));
        Ok(LimitResult::Accepted(Some(Utc::now())))
    }

    async fn purge_phone(&self, sip_user: &str) {
        self.state().registered.remove(sip_user);
    }

    async fn queue(&self, _proxy: &str) -> Result<QueueState, ProxyError> {
        let (waiting, boot_id) = (self.0.proxy.waiting(), self.0.boot_id.clone());
        Ok(QueueState { waiting, now: Utc::now(), boot_id })
    }

    async fn dialogs(&self, _proxy: &str) -> Result<Dialogs, ProxyError> {
        let state = self.state();
        let dialog = |(id, live): (&Uuid, &Live)| Dialog {
            reference: Some(*id),
            call_id: live.call_id.clone(),
            from_tag: live.from_tag.clone(),
            to_tag: None,
            answered_at: live.answered_at,
            over: false,
            emergency: false,
            whole: true,
        };
        Ok(Dialogs { list: state.live.iter().map(dialog).collect(), nameless: 0 })
    }

    async fn phones(&self, _proxy: &str) -> Result<Registrations, ProxyError> {
        let registration = |user: &String| Registration {
            user: user.clone(),
            contact: contact(user),
            source: Some("127.0.0.1:5060".to_owned()),
            user_agent: Some("simulated phone".to_owned()),
            registered_at: Some(Utc::now()),
        };
        let list = self.state().registered.iter().map(registration).collect();
        Ok(Registrations { list, unclear: Vec::new(), nameless: 0 })
    }

    fn names(&self) -> Vec<String> {
        vec![PROXY.to_owned()]
    }

    fn knows(&self, proxy: &str) -> bool {
        proxy == PROXY
    }
}
