//! Client for commands to the proxies (docs/hook.md, "The control listener").

use std::collections::BTreeMap;
use std::time::Duration;

use entity::call;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use app::sip_proxies::{
    Dialog, Dialogs, HangUp, HangUpResult, LimitResult, ProxyError, QueueState, Registrations, SipProxies,
};

use super::event::ProxyTime;
use super::listing;
use crate::config::ProxyConfig;

type Result<T> = std::result::Result<T, ProxyError>;

/// Time limit for a command.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Time limit for a listing.
const LISTING_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a listing in bytes, enough for about forty thousand dialogs.
const LISTING_BYTES: usize = 32 << 20;

/// The configured proxies; the key is the name that each proxy sends in its events.
pub struct Proxies {
    client: reqwest::Client,
    known: BTreeMap<String, (String, SecretString)>,
}

impl Proxies {
    /// Creates the clients of the configured proxies.
    ///
    /// # Errors
    /// Fails if the HTTP client cannot be created.
    pub fn new(configured: &[ProxyConfig]) -> std::result::Result<Self, reqwest::Error> {
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

    /// The proxy's server name and version, as the proxy reports them, truncated to 60 characters.
    ///
    /// # Errors
    /// Fails with a [`ProxyError`].
    pub async fn version(&self, proxy: &str) -> Result<String> {
        let request = json!({ "jsonrpc": "2.0", "method": "core.version", "id": 1 });
        let answer = self.request(proxy, "/RPC")?.json(&request).send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(ProxyError::Answer(status));
        }
        let answer: serde_json::Value = serde_json::from_slice(&bounded(answer).await?).map_err(malformed)?;
        let version = answer["result"].as_str().ok_or_else(|| ProxyError::Malformed("no `result`".into()))?;
        Ok(version.chars().take(60).collect())
    }

    async fn hang_up_dialog(
        &self,
        proxy: &str,
        (call_id, from_tag, to_tag): (&String, &String, Option<&String>),
        cause: &str,
    ) -> Result<HangUpResult> {
        let mut body = json!({ "call_id": call_id, "from_tag": from_tag, "cause": cause });
        if let Some(to_tag) = to_tag {
            body["to_tag"] = json!(to_tag);
        }
        match self.post(proxy, "/call/hangup", &body).await? {
            200 | 410 => Ok(HangUpResult::Accepted),
            404 => Ok(HangUpResult::Unknown),
            status => Err(ProxyError::Answer(status)),
        }
    }

    async fn list(&self, proxy: &str, method: &str) -> Result<Vec<u8>> {
        self.read(proxy, "/RPC", &json!({ "jsonrpc": "2.0", "method": method, "id": 1 })).await
    }

    /// Sends a command and returns the body of the response. Fails unless the status of the response is 200.
    async fn read(&self, proxy: &str, path: &str, body: &serde_json::Value) -> Result<Vec<u8>> {
        let request = self.request(proxy, path)?.json(body).timeout(LISTING_TIMEOUT);
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(ProxyError::Answer(status));
        }
        bounded(answer).await
    }

    async fn post(&self, proxy: &str, path: &str, body: &serde_json::Value) -> Result<u16> {
        let answer = self.request(proxy, path)?.json(body).send().await.map_err(unreachable)?;
        Ok(answer.status().as_u16())
    }

    fn request(&self, proxy: &str, path: &str) -> Result<reqwest::RequestBuilder> {
        let (url, token) = self.known.get(proxy).ok_or_else(|| ProxyError::Unknown(proxy.to_owned()))?;
        Ok(self.client.post(format!("{url}{path}")).header("X-Callshop-Token", token.expose_secret()))
    }
}

#[async_trait::async_trait]
impl SipProxies for Proxies {
    async fn hang_up(&self, call: &call::Model, cause: HangUp) -> Result<HangUpResult> {
        let cause = match cause {
            HangUp::Requested => "api",
            HangUp::CreditExhausted => "max_duration",
        };
        let tags = (&call.sip_call_id, &call.from_tag, call.to_tag.as_ref());
        self.hang_up_dialog(&call.proxy, tags, cause).await
    }

    async fn hang_up_stray(&self, proxy: &str, dialog: &Dialog) -> Result<HangUpResult> {
        let tags = (&dialog.call_id, &dialog.from_tag, dialog.to_tag.as_ref());
        self.hang_up_dialog(proxy, tags, "api").await
    }

    async fn set_limit(&self, call: &call::Model) -> Result<LimitResult> {
        let mut body = json!({ "ref": call.id, "call_id": call.sip_call_id, "from_tag": call.from_tag, "covered": call.covered });
        if let Some(to_tag) = &call.to_tag {
            body["to_tag"] = json!(to_tag);
        }
        let answer =
            self.request(&call.proxy, "/call/limit")?.json(&body).send().await.map_err(unreachable)?;
        match answer.status().as_u16() {
            200 => {
                // the client also accepts a response that does not contain the proxy's time
                let held: Option<HeldLimit> = serde_json::from_slice(&bounded(answer).await?).ok();
                Ok(LimitResult::Accepted(held.map(|held| held.now.0)))
            }
            404 | 410 => Ok(LimitResult::Over),
            409 => Ok(LimitResult::NotAnswered),
            status => Err(ProxyError::Answer(status)),
        }
    }

    async fn purge_phone(&self, sip_user: &str) {
        for name in self.known.keys() {
            match self.post(name, "/phone/purge", &json!({ "user": sip_user })).await {
                Ok(200) => {}
                Ok(status) => tracing::warn!(proxy = %name, status, "could not purge a phone on the proxy"),
                Err(error) => tracing::warn!(proxy = %name, %error, "could not purge a phone on the proxy"),
            }
        }
    }

    async fn queue(&self, proxy: &str) -> Result<QueueState> {
        listing::queue(&self.read(proxy, "/queue", &json!({})).await?).map_err(malformed)
    }

    async fn dialogs(&self, proxy: &str) -> Result<Dialogs> {
        listing::dialogs(&self.list(proxy, "dlg.list").await?).map_err(malformed)
    }

    async fn phones(&self, proxy: &str) -> Result<Registrations> {
        listing::registrations(&self.list(proxy, "ul.dump").await?).map_err(malformed)
    }

    fn names(&self) -> Vec<String> {
        self.known.keys().cloned().collect()
    }

    fn knows(&self, proxy: &str) -> bool {
        self.known.contains_key(proxy)
    }
}

fn unreachable(error: reqwest::Error) -> ProxyError {
    ProxyError::Unreachable(Box::new(error))
}

fn malformed(error: serde_json::Error) -> ProxyError {
    ProxyError::Malformed(Box::new(error))
}

/// The proxy's response to the command that sets a call's limit.
#[derive(Deserialize)]
struct HeldLimit {
    now: ProxyTime,
}

/// Reads a response's body, up to [`LISTING_BYTES`].
async fn bounded(mut answer: reqwest::Response) -> Result<Vec<u8>> {
    let mut read = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if read.len() + chunk.len() > LISTING_BYTES {
            return Err(ProxyError::TooLong(LISTING_BYTES));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}
