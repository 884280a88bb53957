//! Tests kept answers: which caller gets which answer, and for how long. If a client still has the answer, the query must not run.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use apollo_compiler::{
    executable::{ExecutableDocument, Operation},
    response::JsonMap,
};
use async_graphql::Request;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt as _, future::BoxFuture};
use prometheus_client::{encoding::text::encode, registry::Registry};
use serde_json::{Value, json};
use transport::{Keep, Keepable, Reading};

use super::answers::QueryPairs as _;
use super::support::{Name, Server, client};

const WHO: &str = "query($yes: Boolean = true) { who @include(if: $yes) }";

/// Keeps the answers of queries that ask for the caller's name. Negative versions are unknown.
#[derive(Clone, Default)]
struct Names(Arc<AtomicI64>);

struct Read {
    version: i64,
    reader: String,
}

impl Keep for Names {
    fn plan(&self, document: &ExecutableDocument, operation: &Operation) -> Option<Arc<dyn Keepable>> {
        let is_kept =
            operation.root_fields(document).all(|field| ["who", "fails"].contains(&field.name.as_str()));
        is_kept.then(|| Arc::new(self.clone()) as Arc<dyn Keepable>)
    }
}

impl Keepable for Names {
    fn begin(&self, _: &JsonMap, request: &mut Request) -> Option<Box<dyn Reading>> {
        let name = request.data.get(&std::any::TypeId::of::<Name>())?.downcast_ref::<Name>()?;
        Some(Box::new(Read { version: self.0.load(Ordering::SeqCst), reader: name.0.clone() }))
    }
}

impl Reading for Read {
    fn reader(&self) -> String {
        self.reader.clone()
    }

    fn version(&self) -> BoxFuture<'_, Option<String>> {
        std::future::ready((self.version >= 0).then(|| self.version.to_string())).boxed()
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn holds_until(&self) -> Option<DateTime<Utc>> {
        Some(Utc::now() + TimeDelta::minutes(1))
    }
}

fn outcomes(server: &Server) -> String {
    let (mut registry, mut text) = (Registry::default(), String::new());
    server.service.metrics().register(&mut registry);
    encode(&mut text, &registry).expect("text");
    let count = |outcome| {
        let name = format!("graphql_kept_answers_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0").to_owned()
    };
    ["run", "kept", "not_modified", "never_kept"].map(count).join(" ")
}

/// The status, the entity tag and the body of a posted query.
async fn post(server: &Server, token: &str, body: &Value, known: &str) -> (u16, String, String) {
    let request = client().post(server.url()).bearer_auth(token).json(body).header("if-none-match", known);
    let answer = request.send().await.expect("an answer");
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().expect("text").to_owned());
    (answer.status().as_u16(), tag.unwrap_or_default(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn an_answer_is_kept_for_its_version_caller_and_variables() {
    let names = Names::default();
    let server = Server::keeping(names.clone());
    let who = json!({ "query": WHO });
    let (status, tag, first) = post(&server, "user", &who, "").await;
    assert_eq!((status, first.as_str()), (200, r#"{"data":{"who":"user"}}"#));
    assert_eq!(post(&server, "user", &who, "").await, (200, tag.clone(), first.clone()));
    assert_eq!(outcomes(&server), "1 1 0 0");
    // a client that still has the answer gets no body, whichever method it uses
    assert_eq!(post(&server, "user", &who, &tag).await, (304, tag.clone(), String::new()));
    let got = client().get(server.url()).query_pairs(&[("query", WHO)]).bearer_auth("user");
    let got = got.header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!(
        (got.status().as_u16(), &got.headers()["cache-control"]),
        (304, &"private, no-cache".parse().expect("a value"))
    );
    let mut vary = got.headers().get_all("vary").iter().filter_map(|vary| vary.to_str().ok());
    assert!(vary.any(|vary| vary.contains("Accept-Language")));
    assert_eq!(outcomes(&server), "1 1 2 0");
    // other callers, variables and operations have their own answers
    assert!(post(&server, "other", &who, &tag).await.2.contains("other"));
    let none = json!({ "query": WHO, "variables": { "yes": false } });
    assert_eq!(post(&server, "user", &none, &tag).await.2, r#"{"data":{}}"#);
    assert_eq!(outcomes(&server), "3 1 2 0");
    // a kept answer does not hold for another version
    names.0.store(1, Ordering::SeqCst);
    let (status, next, _) = post(&server, "user", &who, "").await;
    assert!(status == 200 && next != tag, "{next}");
    // the content is the same as in the older version, so the client need not get it again
    assert_eq!(post(&server, "user", &who, &tag).await, (304, next, String::new()));
    assert_eq!(outcomes(&server), "4 1 3 0");
}

#[tokio::test]
async fn errors_costs_and_unknown_versions_are_not_kept() {
    let names = Names::default();
    let server = Server::keeping(names.clone());
    for _ in 0..2 {
        let (status, tag, body) = post(&server, "user", &json!({ "query": "{ fails }" }), "").await;
        assert!(status == 200 && tag.is_empty() && body.contains("errors"), "{tag} {body}");
    }
    assert_eq!(outcomes(&server), "2 0 0 0");
    for query in
        [json!({ "query": WHO, "extensions": { "cost": true } }), json!({ "query": "{ hello who }" })]
    {
        assert_eq!(post(&server, "user", &query, "").await.1, "");
    }
    assert!(server.post(None, json!({ "query": WHO })).await.1["data"]["who"].is_string());
    assert_eq!(outcomes(&server), "3 0 0 2");
    names.0.store(-1, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(post(&server, "user", &json!({ "query": WHO }), "").await.1, "");
    }
    assert_eq!(outcomes(&server), "5 0 0 2");
}

#[tokio::test]
async fn nothing_is_kept_without_memory_for_it() {
    let server = Server::serving(
        transport::Limits { kept_answer_bytes: 0, ..transport::Limits::default() },
        transport::HttpOptions::default(),
        |service| service.keep(Names::default()),
    );
    assert_eq!(post(&server, "user", &json!({ "query": WHO }), "").await.1, "");
    assert_eq!(outcomes(&server), "0 0 0 1");
}
