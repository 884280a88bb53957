//! Tests the HTTP side of answers: compression, conditional requests, the cost, and the messages of refusals.

use std::io::Read as _;

use super::support::{Server, client, code_of};
use serde_json::{Value, json};
use transport::{HttpOptions, Limits, RateLimits};

const LARGE: &str = "{ items(first: 500) { id name } }";
const SMALL: &str = "{ hello }";

async fn get(server: &Server, query: &str, headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = client().get(server.url()).query_pairs(&[("query", query)]);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

/// Adds parameters to the URL of a request.
pub trait QueryPairs {
    fn query_pairs(self, pairs: &[(&str, &str)]) -> Self;
}

impl QueryPairs for reqwest::RequestBuilder {
    fn query_pairs(self, pairs: &[(&str, &str)]) -> Self {
        let (http, request) = self.build_split();
        let mut request = request.expect("a request");
        request.url_mut().query_pairs_mut().extend_pairs(pairs);
        Self::from_parts(http, request)
    }
}

#[tokio::test]
async fn large_answers_are_compressed_as_accepted() {
    let server = Server::start();
    let plain = get(&server, LARGE, &[]).await;
    assert!(plain.headers().get("content-encoding").is_none());
    let plain = plain.bytes().await.expect("a body");
    for encoding in ["gzip", "br", "zstd"] {
        let answer = get(&server, LARGE, &[("accept-encoding", encoding)]).await;
        assert_eq!(answer.headers()["content-encoding"], encoding);
        let bytes = answer.bytes().await.expect("a body");
        assert!(bytes.len() * 4 < plain.len(), "{encoding}: {} of {}", bytes.len(), plain.len());
        if encoding == "gzip" {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text).expect("gzip");
            assert_eq!(text, plain);
        }
    }
    let posted =
        client().post(server.url()).header("accept-encoding", "gzip").json(&json!({ "query": LARGE }));
    assert_eq!(posted.send().await.expect("an answer").headers()["content-encoding"], "gzip");
    for accepted in ["identity", "deflate", "gzip;q=0"] {
        let answer = get(&server, LARGE, &[("accept-encoding", accepted)]).await;
        assert_eq!(answer.bytes().await.expect("a body"), plain, "{accepted}");
    }
    let small = get(&server, SMALL, &[("accept-encoding", "gzip")]).await;
    assert!(small.headers().get("content-encoding").is_none());
    let streamed = [("accept-encoding", "gzip"), ("accept", "text/event-stream")];
    let streamed = get(&server, LARGE, &streamed).await;
    assert!(streamed.headers().get("content-encoding").is_none());
    assert!(streamed.text().await.expect("text").contains("item 499"));
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let server = Server::start();
    let first = get(&server, SMALL, &[]).await;
    let tag = first.headers()["etag"].to_str().expect("text").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(first.headers()["cache-control"], "private, no-cache");
    let vary = |answer: &reqwest::Response| {
        let all = answer.headers().get_all("vary").iter().filter_map(|value| value.to_str().ok());
        all.collect::<Vec<_>>().join(", ").to_lowercase()
    };
    for header in ["authorization", "accept", "accept-encoding", "origin"] {
        assert!(vary(&first).split(", ").any(|found| found == header), "{header} in {}", vary(&first));
    }
    for known in [tag.clone(), tag[2..].to_owned(), format!("\"other\", {tag}")] {
        let again = get(&server, SMALL, &[("if-none-match", &known)]).await;
        assert_eq!(
            (again.status().as_u16(), &again.headers()["etag"]),
            (304, &first.headers()["etag"]),
            "{known}"
        );
        assert_eq!(again.headers()["cache-control"], "private, no-cache");
        assert_eq!(again.bytes().await.expect("no body").len(), 0);
    }
    for unknown in ["\"other\"", "*", "broken"] {
        let whole = get(&server, SMALL, &[("if-none-match", unknown)]).await;
        assert_eq!(whole.status(), 200, "{unknown}");
    }
    let other = get(&server, "{ who }", &[("if-none-match", &tag)]).await;
    assert_eq!(other.status(), 200);
    // a compressed answer has the same tag
    let large = get(&server, LARGE, &[]).await.headers()["etag"].clone();
    let compressed = get(&server, LARGE, &[("accept-encoding", "br")]).await;
    assert_eq!(compressed.headers()["etag"], large);
    // an answer with an error, and an answer to a POST request, are not kept
    for kept in [
        get(&server, "{ fails }", &[]).await,
        client().post(server.url()).json(&json!({ "query": SMALL })).send().await.expect("an answer"),
    ] {
        assert!(kept.headers().get("etag").is_none());
        assert_eq!(kept.headers()["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn the_cost_is_told_on_request() {
    let rates = RateLimits { subject_per_minute: 60, subject_burst: 10, ..RateLimits::default() };
    let server = Server::with_limits(|limits| limits.rates = rates);
    let query = "query($n: Int!) { items(first: $n) { id } }";
    let sent = |extensions: Value| {
        let body = json!({ "query": query, "variables": { "n": 20 }, "extensions": extensions });
        client().post(server.url()).bearer_auth("user").json(&body).send()
    };
    let told = sent(json!({ "cost": true })).await.expect("an answer");
    assert_eq!(told.headers()["ratelimit"], "\"caller\";r=9;t=1");
    assert_eq!(told.headers()["ratelimit-policy"], "\"caller\";q=10;w=10");
    let body: Value = told.json().await.expect("JSON");
    let limit = Limits::default().complexity;
    assert_eq!(body["extensions"], json!({ "cost": { "complexity": 21, "limit": limit } }));
    for extensions in [json!({ "cost": false }), json!({}), Value::Null] {
        let silent = sent(extensions).await.expect("an answer");
        assert!(silent.headers().get("ratelimit").is_none());
        assert_eq!(silent.json::<Value>().await.expect("JSON")["extensions"], Value::Null);
    }
}

#[tokio::test]
async fn a_refused_size_names_the_limit() {
    let server = Server::with(Limits { body_bytes: 1_000, ..Limits::default() }, HttpOptions::default());
    let long = format!("{{ hello }} # {}", "x".repeat(1_000));
    let posted = server.post(None, json!({ "query": long })).await;
    let got = get(&server, &long, &[]).await;
    let got = (got.status().as_u16(), got.json::<Value>().await.expect("JSON"));
    for (status, body) in [posted, got] {
        assert_eq!((status, code_of(&body).as_str()), (413, "BODY_TOO_LARGE"));
        assert!(
            body["errors"][0]["message"].as_str().is_some_and(|text| text.contains("1000 bytes")),
            "{body}"
        );
    }
}
