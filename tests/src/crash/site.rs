//! The state that all clients of the shop share. A request is sent again until it is answered. The responses are recorded.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::notes::Notes;
use crate::client::{Client, input_type};
use crate::server::HOOK_SECRET;
use crate::{FakeProxy, Shop};

/// Maximum time without a response, regardless of what happens to the server.
const PATIENCE: Duration = Duration::from_secs(120);

/// The shop as its clients see it.
pub(super) struct Site {
    pub(super) shop: Names,
    pub(super) proxy: FakeProxy,
    pub(super) notes: Mutex<Notes>,
    pub(super) stop: AtomicBool,
    pub(super) answered: AtomicU64,
    pub(super) resent: AtomicU64,
    /// Number of stored events for which the response was lost.
    pub(super) survived: AtomicU64,
    http: reqwest::Client,
    graphql: String,
    hook: String,
}

/// Logins and global ids of the shop.
pub(super) struct Names {
    pub(super) id: String,
    pub(super) reseller_id: String,
    pub(super) cabins: Vec<String>,
    pub(super) phones: Vec<String>,
    pub(super) reseller: Client,
    pub(super) attendant: Client,
}

impl Names {
    pub(super) fn of(shop: &Shop) -> Self {
        Self {
            id: shop.id.clone(),
            reseller_id: shop.reseller_id.clone(),
            cabins: shop.cabins.clone(),
            phones: shop.phones.iter().map(|phone| phone.user.clone()).collect(),
            reseller: shop.reseller.clone(),
            attendant: shop.attendant.clone(),
        }
    }
}

impl Site {
    pub(super) fn new(shop: Names, proxy: FakeProxy, graphql: String, hook: String) -> Self {
        Self {
            shop,
            proxy,
            notes: Mutex::default(),
            stop: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            resent: AtomicU64::new(0),
            survived: AtomicU64::new(0),
            http: reqwest::Client::builder().no_proxy().build().expect("an HTTP client"),
            graphql,
            hook,
        }
    }

    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(super) fn note<T>(&self, change: impl FnOnce(&mut Notes) -> T) -> T {
        change(&mut self.notes.lock().expect("the notes"))
    }

    /// Sends a request until it is answered. Returns the response, and whether the request was sent more than once.
    async fn insist(&self, what: &str, request: impl Fn() -> RequestBuilder) -> (Value, bool) {
        let (begun, mut again) = (Instant::now(), false);
        loop {
            let sent = request().timeout(Duration::from_secs(20)).send().await;
            if let Ok(answer) = sent {
                let status = answer.status();
                if status.is_success()
                    && let Ok(value) = answer.json().await
                {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return (value, again);
                }
                assert!(!status.is_client_error(), "{what}: {status}");
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: no answer in {PATIENCE:?}");
            again = true;
            self.resent.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Runs a mutation until it is answered. Returns the payload, and whether the mutation was sent more than once.
    pub(super) async fn mutate(
        &self,
        who: &Client,
        mutation: &str,
        input: Value,
        fields: &str,
    ) -> (Value, bool) {
        let kind = input_type(mutation);
        let query = format!(
            "mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {fields} userErrors {{ code message }} }} }}"
        );
        let body = json!({ "query": query, "variables": { "i": input } });
        let request = || self.http.post(&self.graphql).bearer_auth(who.token()).json(&body);
        let (mut answer, again) = self.insist(mutation, request).await;
        assert!(answer.get("errors").is_none(), "{mutation} {input}: {answer}");
        (answer["data"][mutation].take(), again)
    }

    /// Like [`Self::mutate`], but panics if the mutation has errors.
    pub(super) async fn did(&self, who: &Client, mutation: &str, input: Value, fields: &str) -> Value {
        let (payload, _) = self.mutate(who, mutation, input.clone(), fields).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation} {input}");
        payload
    }

    /// Posts to the hook until it responds. Returns the response, and whether the request was sent more than once.
    pub(super) async fn tell(&self, path: &str, body: &Value) -> (Value, bool) {
        let url = format!("{}/{path}", self.hook);
        let request = || self.http.post(&url).basic_auth("kamailio", Some(HOOK_SECRET)).json(body);
        self.insist(path, request).await
    }
}
