//! Commands to the proxies (docs/hook.md, "The control listener").

use std::collections::HashMap;
use std::time::Duration;

use entity::call;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::config::ProxyConfig;

/// How long a proxy may take for a command.
const TIMEOUT: Duration = Duration::from_secs(3);

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

/// What a proxy said of a new limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It holds, or a longer one does.
    Taken,
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

    /// Hangs a call up, ringing or answered. A call that the proxy no longer knows is hung up already.
    ///
    /// # Errors
    /// [`ControlError`]; the call may go on then.
    pub async fn hang_up(&self, call: &call::Model, cause: HangUp) -> Result<(), ControlError> {
        let cause = match cause {
            HangUp::Asked => "api",
            HangUp::UsedUp => "max_duration",
        };
        let mut body = json!({ "call_id": call.sip_call_id, "from_tag": call.from_tag, "cause": cause });
        if let Some(to_tag) = &call.to_tag {
            body["to_tag"] = json!(to_tag);
        }
        match self.post(&call.proxy, "/call/hangup", &body).await? {
            200 | 404 | 410 => Ok(()),
            status => Err(ControlError::Answer(status)),
        }
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
        match self.post(&call.proxy, "/call/limit", &body).await? {
            200 => Ok(Pushed::Taken),
            404 | 410 => Ok(Pushed::Over),
            409 => Ok(Pushed::NotAnswered),
            status => Err(ControlError::Answer(status)),
        }
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
        let (url, token) = self.known.get(proxy).ok_or_else(|| ControlError::Unknown(proxy.to_owned()))?;
        let request =
            self.client.post(format!("{url}{path}")).header("X-Callshop-Token", token.expose_secret());
        Ok(request.json(body).send().await?.status().as_u16())
    }
}
