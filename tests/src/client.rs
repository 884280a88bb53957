//! A GraphQL client over HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};

/// A client with the permissions of one login.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    languages: String,
}

impl Client {
    /// A client without a token.
    pub fn anonymous(server: SocketAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { http, url: format!("http://{server}/graphql"), token: None, languages: "en".to_owned() }
    }

    /// A copy of this client, authenticated with `token`.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A copy of this client whose reader prefers these languages. The text has the format of `Accept-Language`; an empty text means no preference.
    /// By default, the reader prefers English.
    #[must_use]
    pub fn reading(&self, languages: &str) -> Self {
        Self { languages: languages.to_owned(), ..self.clone() }
    }

    /// Logs in and returns a client with the login's access token. Panics if the login is refused.
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

    /// The access token; empty if the client is anonymous.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The complete response, `data` and `errors`.
    pub async fn send(&self, query: &str, variables: Value) -> Value {
        self.answer(query, variables).await.json().await.expect("a JSON response")
    }

    /// The complete response as the server wrote it.
    pub async fn text(&self, query: &str, variables: Value) -> String {
        self.answer(query, variables).await.text().await.expect("a text")
    }

    async fn answer(&self, query: &str, variables: Value) -> reqwest::Response {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if !self.languages.is_empty() {
            request = request.header("accept-language", &self.languages);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("the server responds")
    }

    /// The `data` of a response. Panics if the response has `errors`.
    pub async fn ok(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.send(query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }

    /// The payload of a single mutation. Panics if the payload has user errors.
    pub async fn did(&self, mutation: &str, input_type: &str, input: Value, fields: &str) -> Value {
        let mut payload = self.tried(mutation, input_type, input, fields).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        payload.take()
    }

    /// The payload of a single mutation, even if the payload has user errors.
    pub async fn tried(&self, mutation: &str, input_type: &str, input: Value, fields: &str) -> Value {
        let query = format!(
            "mutation($i: {input_type}!) {{ {mutation}(input: $i) {{ {fields} userErrors {{ code message field }} }} }}"
        );
        self.ok(&query, json!({ "i": input })).await[mutation].take()
    }

    /// The code of a mutation's first user error, or `none`.
    pub async fn code(&self, mutation: &str, input_type: &str, input: Value, fields: &str) -> String {
        let payload = self.tried(mutation, input_type, input, fields).await;
        payload["userErrors"][0]["code"].as_str().unwrap_or("none").to_owned()
    }

    /// The object that a field such as `session` or `node` finds by its id; null if the object is missing.
    pub async fn object(&self, field: &str, id: &str, fields: &str) -> Value {
        let query = format!("query($id: ID!) {{ {field}(id: $id) {{ {fields} }} }}");
        self.ok(&query, json!({ "id": id })).await[field].take()
    }

    /// The value of a callshop's field, such as `xReport`. The field must not be a paged list.
    pub async fn of_shop(&self, field: &str, callshop: &str, fields: &str) -> Value {
        let query = format!("query($id: ID!) {{ {field}(callshopId: $id) {{ {fields} }} }}");
        self.ok(&query, json!({ "id": callshop })).await[field].take()
    }

    /// The first objects of a callshop's list, such as `calls`.
    pub async fn shop_list(&self, list: &str, callshop: &str, first: u32, fields: &str) -> Vec<Value> {
        self.list(list, ("callshopId", callshop), first, fields).await
    }

    /// The first objects of an account's list, such as `auditLog`.
    pub async fn account_list(&self, list: &str, account: &str, first: u32, fields: &str) -> Vec<Value> {
        self.list(list, ("accountId", account), first, fields).await
    }

    async fn list(&self, list: &str, (owner, id): (&str, &str), first: u32, fields: &str) -> Vec<Value> {
        let query = format!(
            "query($id: ID!, $first: Int!) {{ {list}({owner}: $id, first: $first) {{ nodes {{ {fields} }} }} }}"
        );
        let data = self.ok(&query, json!({ "id": id, "first": first })).await;
        data[list]["nodes"].as_array().unwrap_or_else(|| panic!("expected a list, not {data}")).clone()
    }
}

/// The usual name of a mutation's input type.
pub fn input_type(mutation: &str) -> String {
    format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..])
}
