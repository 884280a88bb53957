//! Commands to the proxies (docs/hook.md, "The control listener").

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::call;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::event::Micros;
use super::listing::{self, Dialog, Dialogs, QueueState, Registrations};
use crate::config::ProxyConfig;

/// How long a proxy may take for a command.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How long it may take to list what it has.
const LISTING_TIMEOUT: Duration = Duration::from_secs(10);
/// A listing has at most so many bytes: some forty thousand dialogs.
const LISTING_BYTES: usize = 32 << 20;

/// Why a command did not get through.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No proxy of that name is configured.
    #[error("no proxy {0:?} is configured in hook.proxies")]
    Unknown(String),
    /// It did not answer, or not in time.
    #[error("proxy: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// It answered something that docs/hook.md does not know.
    #[error("proxy answered {0}")]
    Answer(u16),
    /// What it listed does not parse.
    #[error("the proxy's listing: {0}")]
    Malformed(#[from] serde_json::Error),
    /// What it listed is longer than is read.
    #[error("the proxy's listing has more than {LISTING_BYTES} bytes")]
    TooLong,
}

/// The proxies, by the names they give themselves.
pub struct Proxies {
    client: reqwest::Client,
    known: HashMap<String, (String, SecretString)>,
}

/// Why a call is hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// Somebody asked for it.
    Asked,
    /// What it is covered for is used up.
    UsedUp,
}

/// What a proxy said of a command to hang up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HungUp {
    /// It does, or the call has just ended: the end is on its way to us.
    Taken,
    /// It has no such dialog: not yet, or not any more.
    Unknown,
}

/// What a proxy said of a new limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It holds, or a longer one does; the call was up at this instant of the proxy's clock, if it says so.
    Taken(Option<DateTime<Utc>>),
    /// The proxy has not seen the answer yet.
    NotAnswered,
    /// The call is over, or not known to the proxy.
    Over,
}

impl Proxies {
    /// From the configuration.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(configured: &[ProxyConfig]) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let known = configured
            .iter()
            .map(|proxy| {
                (
                    proxy.name.clone(),
                    (proxy.control_url.trim_end_matches('/').to_owned(), proxy.token.clone()),
                )
            })
            .collect();
        Ok(Self { client, known })
    }

    /// Hangs a call up, ringing or answered.
    ///
    /// # Errors
    /// [`ControlError`]; the call may go on then.
    pub async fn hang_up(&self, call: &call::Model, cause: HangUp) -> Result<HungUp, ControlError> {
        let cause = match cause {
            HangUp::Asked => "api",
            HangUp::UsedUp => "max_duration",
        };
        let tags = (&call.sip_call_id, &call.from_tag, call.to_tag.as_ref());
        self.hang_up_dialog(&call.proxy, tags, cause).await
    }

    /// Hangs up a dialog that is not, or no longer, a call of ours.
    ///
    /// # Errors
    /// [`ControlError`]; it may go on then.
    pub async fn hang_up_stray(&self, proxy: &str, dialog: &Dialog) -> Result<HungUp, ControlError> {
        let tags = (&dialog.call_id, &dialog.from_tag, dialog.to_tag.as_ref());
        self.hang_up_dialog(proxy, tags, "api").await
    }

    async fn hang_up_dialog(
        &self,
        proxy: &str,
        (call_id, from_tag, to_tag): (&String, &String, Option<&String>),
        cause: &str,
    ) -> Result<HungUp, ControlError> {
        let mut body = json!({ "call_id": call_id, "from_tag": from_tag, "cause": cause });
        if let Some(to_tag) = to_tag {
            body["to_tag"] = json!(to_tag);
        }
        match self.post(proxy, "/call/hangup", &body).await? {
            200 | 410 => Ok(HungUp::Taken),
            404 => Ok(HungUp::Unknown),
            status => Err(ControlError::Answer(status)),
        }
    }

    /// The names of the configured proxies.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// What a proxy has not handed over yet, and its clock.
    ///
    /// # Errors
    /// [`ControlError`]; nothing is known of it then.
    pub async fn queue(&self, proxy: &str) -> Result<QueueState, ControlError> {
        let body = self.read(proxy, "/queue", &json!({})).await?;
        Ok(serde_json::from_slice(&body)?)
    }

    /// All dialogs of a proxy.
    ///
    /// # Errors
    /// [`ControlError`]; nothing is known of them then.
    pub async fn dialogs(&self, proxy: &str) -> Result<Dialogs, ControlError> {
        Ok(listing::dialogs(&self.list(proxy, "dlg.list").await?)?)
    }

    /// All phones that are registered at a proxy.
    ///
    /// # Errors
    /// [`ControlError`]; nothing is known of them then.
    pub async fn phones(&self, proxy: &str) -> Result<Registrations, ControlError> {
        Ok(listing::registrations(&self.list(proxy, "ul.dump").await?)?)
    }

    async fn list(&self, proxy: &str, method: &str) -> Result<Vec<u8>, ControlError> {
        self.read(proxy, "/RPC", &json!({ "jsonrpc": "2.0", "method": method, "id": 1 })).await
    }

    /// The body of an answer with status 200.
    async fn read(&self, proxy: &str, path: &str, body: &serde_json::Value) -> Result<Vec<u8>, ControlError> {
        let request = self.request(proxy, path)?.json(body).timeout(LISTING_TIMEOUT);
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(ControlError::Answer(status));
        }
        bounded(answer).await
    }

    /// Whether any proxy is configured.
    pub fn any(&self) -> bool {
        !self.known.is_empty()
    }

    /// Whether this proxy can be told to let a call go on.
    pub fn can_extend(&self, proxy: &str) -> bool {
        self.known.contains_key(proxy)
    }

    /// Tells the proxy how many seconds of a call are covered. It ignores what is not more than it knows.
    ///
    /// # Errors
    /// [`ControlError`]; whether the proxy took it is not known then.
    pub async fn push_limit(&self, call: &call::Model) -> Result<Pushed, ControlError> {
        let mut body = json!({ "ref": call.id, "call_id": call.sip_call_id, "from_tag": call.from_tag, "covered": call.covered });
        if let Some(to_tag) = &call.to_tag {
            body["to_tag"] = json!(to_tag);
        }
        let answer = self.request(&call.proxy, "/call/limit")?.json(&body).send().await?;
        match answer.status().as_u16() {
            200 => {
                // an answer that says less is an answer
                let held: Option<HeldLimit> = serde_json::from_slice(&bounded(answer).await?).ok();
                Ok(Pushed::Taken(held.map(|held| held.now.0)))
            }
            404 | 410 => Ok(Pushed::Over),
            409 => Ok(Pushed::NotAnswered),
            status => Err(ControlError::Answer(status)),
        }
    }

    /// What a proxy is, by its own word: its server's name and version.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn version(&self, proxy: &str) -> Result<String, ControlError> {
        let (url, token) = self.known.get(proxy).ok_or_else(|| ControlError::Unknown(proxy.to_owned()))?;
        let request = json!({ "jsonrpc": "2.0", "method": "core.version", "id": 1 });
        let request = self.client.post(format!("{url}/RPC")).json(&request);
        let answer = request.header("X-Callshop-Token", token.expose_secret()).send().await?;
        let status = answer.status().as_u16();
        let answer: serde_json::Value = answer.json().await.unwrap_or_default();
        let version = answer["result"].as_str().filter(|_| status == 200);
        version.map(|text| text.chars().take(60).collect()).ok_or(ControlError::Answer(status))
    }

    /// Makes every proxy forget a phone's HA1 and registration. A proxy that is away forgets by itself within minutes.
    pub async fn purge_phone(&self, sip_user: &str) {
        for name in self.known.keys() {
            match self.post(name, "/phone/purge", &json!({ "user": sip_user })).await {
                Ok(200) => {}
                Ok(status) => tracing::warn!(proxy = %name, status, "the proxy did not forget a phone"),
                Err(error) => tracing::warn!(proxy = %name, %error, "the proxy did not forget a phone"),
            }
        }
    }

    async fn post(&self, proxy: &str, path: &str, body: &serde_json::Value) -> Result<u16, ControlError> {
        Ok(self.request(proxy, path)?.json(body).send().await?.status().as_u16())
    }

    fn request(&self, proxy: &str, path: &str) -> Result<reqwest::RequestBuilder, ControlError> {
        let (url, token) = self.known.get(proxy).ok_or_else(|| ControlError::Unknown(proxy.to_owned()))?;
        Ok(self.client.post(format!("{url}{path}")).header("X-Callshop-Token", token.expose_secret()))
    }
}

/// What a proxy answers to a limit.
#[derive(Deserialize)]
struct HeldLimit {
    now: Micros,
}

/// The body of an answer, up to the bound.
async fn bounded(mut answer: reqwest::Response) -> Result<Vec<u8>, ControlError> {
    let mut read = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if read.len() + chunk.len() > LISTING_BYTES {
            return Err(ControlError::TooLong);
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}
