//! A GraphQL client over the wire.

use std::net::SocketAddr;

use serde_json::{Value, json};

/// One login's view of a server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Client {
    /// Nobody yet.
    pub fn anonymous(server: SocketAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { http, url: format!("http://{server}/graphql"), token: None }
    }

    /// Somebody who holds `token`.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Logs in.
    pub async fn login(&self, login: &str, password: &str) -> Self {
        let data = self
            .ok(
                "mutation($i: LoginInput!) { login(input: $i) { accessToken userErrors { code message } } }",
                json!({ "i": { "login": login, "password": password } }),
            )
            .await;
        let token =
            data["login"]["accessToken"].as_str().unwrap_or_else(|| panic!("{login} logs in: {data}"));
        self.with_token(token)
    }

    /// The token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The whole answer.
    pub async fn send(&self, query: &str, variables: Value) -> Value {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("the server answers");
        answer.json().await.expect("an answer in JSON")
    }

    /// The data of an answer without errors.
    pub async fn ok(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.send(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// The one mutation's payload, without user errors.
    pub async fn did(&self, mutation: &str, input_type: &str, input: Value, fields: &str) -> Value {
        let mut payload = self.tried(mutation, input_type, input, fields).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        payload.take()
    }

    /// The one mutation's payload, user errors and all.
    pub async fn tried(&self, mutation: &str, input_type: &str, input: Value, fields: &str) -> Value {
        let query = format!(
            "mutation($i: {input_type}!) {{ {mutation}(input: $i) {{ {fields} userErrors {{ code message field }} }} }}"
        );
        self.ok(&query, json!({ "i": input })).await[mutation].take()
    }

    /// The code of the first user error of a mutation.
    pub async fn code(&self, mutation: &str, input_type: &str, input: Value, fields: &str) -> String {
        let payload = self.tried(mutation, input_type, input, fields).await;
        payload["userErrors"][0]["code"].as_str().unwrap_or("none").to_owned()
    }
}
