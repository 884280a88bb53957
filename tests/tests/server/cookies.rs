//! Tests the refresh token in a cookie, as a browser uses it.

use reqwest::header::{HeaderMap, SET_COOKIE};
use serde_json::{Value, json};
use tests::shop::{PASSWORD, Shop, text};
use tests::{Backend, Client, Socket, on_both};

const LOGIN: &str =
    "mutation($i: LoginInput!) { login(input: $i) { accessToken refreshToken userErrors { code field } } }";
const REFRESH: &str = "mutation { refresh(input: {}) { accessToken refreshToken userErrors { code } } }";
const LOGOUT: &str = "mutation { logout(input: {}) { done } }";

/// A browser that keeps the cookies of one server.
struct Browser<'a> {
    shop: &'a Shop,
    http: reqwest::Client,
    cookie: Option<String>,
}

/// An answer: its JSON, and the attributes of the cookie that it sets.
struct Answer {
    body: Value,
    set: Option<String>,
}

impl<'a> Browser<'a> {
    fn new(shop: &'a Shop) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { shop, http, cookie: None }
    }

    async fn send(&mut self, query: &str, variables: Value, headers: &[(&str, &str)]) -> Answer {
        let url = format!("http://{}/graphql", self.shop.server.http);
        let mut request = self.http.post(url).json(&json!({ "query": query, "variables": variables }));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("theme=dark; broken; {cookie}"));
        }
        let answer = request.send().await.expect("an answer");
        let set = self.keep(answer.headers());
        Answer { body: answer.json().await.expect("JSON"), set }
    }

    /// Keeps the cookie of an answer, or forgets it if the answer says so. Returns its attributes.
    fn keep(&mut self, headers: &HeaderMap) -> Option<String> {
        let set = headers.get(SET_COOKIE)?.to_str().expect("text");
        let (pair, attributes) = set.split_once("; ").expect("attributes");
        assert!(pair.starts_with("callshop-refresh="), "{set}");
        self.cookie = (!attributes.ends_with("Max-Age=0")).then(|| pair.to_owned());
        Some(attributes.to_owned())
    }

    async fn login(&mut self, name: &str, headers: &[(&str, &str)]) -> Answer {
        let input = json!({ "login": name, "password": PASSWORD, "cookie": true });
        self.send(LOGIN, json!({ "i": input }), headers).await
    }

    /// The access token that a page gets with the cookie when the page loads; empty if the cookie is refused.
    async fn load(&mut self) -> String {
        let answer = self.send(REFRESH, json!({}), &[]).await;
        assert!(answer.body["data"]["refresh"]["refreshToken"].is_null(), "{}", answer.body);
        answer.body["data"]["refresh"]["accessToken"].as_str().unwrap_or_default().to_owned()
    }
}

async fn name_of(client: &Client) -> String {
    text(&client.ok("{ viewer { login } }", json!({})).await["viewer"]["login"])
}

on_both!(a_page_stays_logged_in_by_its_cookie, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let name = name_of(&shop.owner).await;
    let mut browser = Browser::new(&shop);
    let answer = browser.login(&name, &[]).await;
    let payload = &answer.body["data"]["login"];
    assert!(payload["accessToken"].is_string() && payload["refreshToken"].is_null(), "{payload}");
    let attributes = "HttpOnly; SameSite=Strict; Path=/graphql; Max-Age=2592000";
    assert_eq!(answer.set.as_deref(), Some(attributes));
    let first = browser.cookie.clone();
    // each load of the page rotates the token
    let token = browser.load().await;
    assert_eq!(name_of(&anonymous.with_token(&token)).await, name);
    assert_ne!(browser.cookie, first);
    // two tabs that load at the same time share the cookie
    let mut tab = Browser { cookie: browser.cookie.clone(), ..Browser::new(&shop) };
    assert!(!browser.load().await.is_empty() && !tab.load().await.is_empty());
    assert_eq!(browser.cookie, tab.cookie);
    // a login that returns its refresh token in the answer does not change the cookie
    let input = json!({ "login": name_of(&shop.attendant).await, "password": PASSWORD });
    let other = browser.send(LOGIN, json!({ "i": input }), &[]).await;
    assert!(other.set.is_none() && other.body["data"]["login"]["refreshToken"].is_string(), "{}", other.body);
    let bearer = |token: &str| format!("Bearer {token}");
    let theirs = bearer(&text(&other.body["data"]["login"]["accessToken"]));
    assert!(browser.send(LOGOUT, json!({}), &[("authorization", &theirs)]).await.set.is_none());
    // when the cookie's login ends, the cookie is removed
    let token = browser.load().await;
    let ended = browser.send(LOGOUT, json!({}), &[("authorization", &bearer(&token))]).await;
    assert_eq!((ended.set.is_some(), &browser.cookie), (true, &None));
    for cookie in [None, tab.cookie, Some("callshop-refresh=junk".to_owned())] {
        browser.cookie = cookie;
        let refused = browser.send(REFRESH, json!({}), &[]).await;
        assert_eq!(refused.body["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{}", refused.body);
    }
    shop.finish().await;
});

on_both!(a_cookie_is_for_pages_of_this_server, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let name = name_of(&shop.owner).await;
    let mut browser = Browser::new(&shop);
    let secure = browser.login(&name, &[("x-forwarded-proto", "https")]).await.set.expect("a cookie");
    assert_eq!(secure, "HttpOnly; SameSite=Strict; Secure; Path=/graphql; Max-Age=2592000");
    // requests from another site's page, by script and by form
    let before = browser.cookie.clone();
    let stolen = browser.send(REFRESH, json!({}), &[("origin", "https://evil.example")]).await;
    assert_eq!(stolen.body["errors"][0]["extensions"]["code"], "FORBIDDEN_ORIGIN", "{}", stolen.body);
    let form = browser.http.post(format!("http://{}/graphql", shop.server.http));
    let form = form.header("content-type", "text/plain").header("cookie", before.clone().expect("a cookie"));
    let form = form.body(json!({ "query": REFRESH }).to_string()).send().await.expect("an answer");
    assert_eq!((form.status().as_u16(), form.headers().get(SET_COOKIE)), (415, None));
    let mut url = reqwest::Url::parse(&format!("http://{}/graphql", shop.server.http)).expect("a URL");
    url.query_pairs_mut().append_pair("query", REFRESH);
    let link = browser.http.get(url).header("cookie", before.expect("a cookie"));
    let link = link.send().await.expect("an answer");
    assert_eq!((link.status().as_u16(), link.headers().get(SET_COOKIE)), (405, None));
    assert!(!browser.load().await.is_empty());
    // a socket cannot set a cookie
    let mut socket = Socket::open(shop.server.http, shop.owner.token()).await;
    let input = json!({ "login": name, "password": PASSWORD, "cookie": true });
    socket.subscribe("1", LOGIN, json!({ "i": input })).await;
    let refused = socket.receive().await;
    let error = &refused["payload"]["data"]["login"]["userErrors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!("INVALID_INPUT"), &json!(["cookie"])), "{refused}");
    shop.finish().await;
});
