//! Client for commands to the proxies (docs/hook.md, "The control listener").

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

/// Time limit for a command.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Time limit for a listing.
const LISTING_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest listing in bytes: about forty thousand dialogs.
const LISTING_BYTES: usize = 32 << 20;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No proxy of that name is configured.
    #[error("no proxy {0:?} is configured in hook.proxies")]
    Unknown(String),
    /// The proxy did not answer in time, or not at all.
    #[error("proxy: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The proxy answered a status that docs/hook.md does not define.
    #[error("the proxy answered with status {0}")]
    Answer(u16),
    /// The listing cannot be parsed.
    #[error("the proxy's listing cannot be parsed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The listing exceeds the size limit.
    #[error("the proxy's listing has more than {LISTING_BYTES} bytes")]
    TooLong,
}

/// The configured proxies, by the names they use for themselves.
pub struct Proxies {
    client: reqwest::Client,
    known: HashMap<String, (String, SecretString)>,
}

/// Why a call is hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// On request (cause `api`).
    Asked,
    /// The covered seconds are used up (cause `max_duration`).
    UsedUp,
}

/// The proxy's answer to a hangup command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HungUp {
    /// It hangs up, or the call has just ended: the end event is on its way.
    Taken,
    /// The proxy has no such dialog: not yet, or no longer.
    Unknown,
}

/// The proxy's answer to a new limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// This limit or a longer one is in force; the value is the proxy's clock, at which the call was up, if the proxy said so.
    Taken(Option<DateTime<Utc>>),
    /// The proxy has not seen the answer yet.
    NotAnswered,
    /// The call is over, or the proxy does not know it.
    Over,
}

impl Proxies {
    /// From the configuration.
    ///
    /// # Errors
    /// If the HTTP client cannot be created.
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

    /// Hangs up a call, ringing or answered.
    ///
    /// # Errors
    /// [`ControlError`]; the call may still be running then.
    pub async fn hang_up(&self, call: &call::Model, cause: HangUp) -> Result<HungUp, ControlError> {
        let cause = match cause {
            HangUp::Asked => "api",
            HangUp::UsedUp => "max_duration",
        };
        let tags = (&call.sip_call_id, &call.from_tag, call.to_tag.as_ref());
        self.hang_up_dialog(&call.proxy, tags, cause).await
    }

    /// Hangs up a dialog that is not, or no longer, one of our calls.
    ///
    /// # Errors
    /// [`ControlError`]; the dialog may still be running then.
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

    /// The events that a proxy has not delivered yet, and its clock.
    ///
    /// # Errors
    /// [`ControlError`]; conclude nothing from it.
    pub async fn queue(&self, proxy: &str) -> Result<QueueState, ControlError> {
        let body = self.read(proxy, "/queue", &json!({})).await?;
        Ok(serde_json::from_slice(&body)?)
    }

    /// All dialogs of a proxy.
    ///
    /// # Errors
    /// [`ControlError`]; conclude nothing from it.
    pub async fn dialogs(&self, proxy: &str) -> Result<Dialogs, ControlError> {
        Ok(listing::dialogs(&self.list(proxy, "dlg.list").await?)?)
    }

    /// All phones registered at a proxy.
    ///
    /// # Errors
    /// [`ControlError`]; conclude nothing from it.
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

    /// Whether this proxy is configured, so that its calls can be extended.
    pub fn can_extend(&self, proxy: &str) -> bool {
        self.known.contains_key(proxy)
    }

    /// Tells the proxy how many seconds of a call are covered. It ignores a value that is not above its own.
    ///
    /// # Errors
    /// [`ControlError`]; the proxy may or may not have taken the limit then.
    pub async fn push_limit(&self, call: &call::Model) -> Result<Pushed, ControlError> {
        let mut body = json!({ "ref": call.id, "call_id": call.sip_call_id, "from_tag": call.from_tag, "covered": call.covered });
        if let Some(to_tag) = &call.to_tag {
            body["to_tag"] = json!(to_tag);
        }
        let answer = self.request(&call.proxy, "/call/limit")?.json(&body).send().await?;
        match answer.status().as_u16() {
            200 => {
                // an answer without the time is accepted, too
                let held: Option<HeldLimit> = serde_json::from_slice(&bounded(answer).await?).ok();
                Ok(Pushed::Taken(held.map(|held| held.now.0)))
            }
            404 | 410 => Ok(Pushed::Over),
            409 => Ok(Pushed::NotAnswered),
            status => Err(ControlError::Answer(status)),
        }
    }

    /// The proxy's server name and version, as it reports them; cut to 60 characters.
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

    /// Makes every proxy forget a phone's HA1 and registration. An unreachable proxy forgets them by itself within minutes.
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

/// The proxy's answer to a limit.
#[derive(Deserialize)]
struct HeldLimit {
    now: Micros,
}

/// Reads an answer's body, up to [`LISTING_BYTES`].
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
