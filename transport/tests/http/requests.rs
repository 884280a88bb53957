//! Tests requests over HTTP: roles, limits and refusals.

use super::support::{ADMIN, ROLES, Server, Tokens, client, code_of, full, toy};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use transport::{GraphqlService, HttpOptions, Limits, RateLimits, RoleSchemaError};

/// The data of a query that must succeed.
async fn data(server: &Server, token: Option<&str>, query: &str) -> Value {
    let (status, body) = server.post(token, json!({ "query": query })).await;
    assert_eq!((status, &body["errors"]), (200, &Value::Null), "{query}");
    body["data"].clone()
}

#[tokio::test]
async fn answers_as_the_caller() {
    let server = Server::start();
    assert_eq!(data(&server, None, "{ hello who }").await, json!({"hello": "world", "who": ""}));
    assert_eq!(data(&server, Some("admin"), "{ who secret { word } }").await["secret"]["word"], "sesame");
    let (status, body) = server.post(Some("forged"), json!({"query": "{ hello }"})).await;
    assert_eq!((status, code_of(&body).as_str()), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn a_failed_field_is_an_answer_with_data() {
    let server = Server::start();
    let (status, body) = server.post(None, json!({"query": "{ hello fails }"})).await;
    assert_eq!((status, &body["data"]), (200, &json!({"hello": "world", "fails": null})));
    assert_eq!(body["errors"][0]["path"], json!(["fails"]));
}

/// The executor sets only the failed field to null for `Option<Result<T>>`. For `Result<Option<T>>`, the executor sets the nearest nullable object
/// around the failed field to null, although the schema says that the field is nullable.
#[tokio::test]
async fn where_a_failed_field_is_null_depends_on_its_rust_type() {
    let server = Server::start();
    let (status, body) = server.post(None, json!({"query": "{ hello failsWide }"})).await;
    assert_eq!((status, &body["data"]), (200, &Value::Null));
}

/// Queries a hidden name and a nonexistent name in every place where a name can appear. The two responses may differ only in the name.
#[tokio::test]
async fn what_a_role_may_not_see_answers_like_what_does_not_exist() {
    let server = Server::start();
    let pairs = [
        ("{ secret { word } }", "secret", "absent"),
        ("{ node(id: \"1\") { gold { coins } } }", "gold", "lead"),
        ("mutation { wipe }", "wipe", "gone"),
        ("{ search(filter: {internal: true}) }", "internal", "imagined"),
        ("{ search(filter: {kind: HIDDEN}) }", "HIDDEN", "UNHEARD"),
        ("{ search(filter: {}, audit: true) }", "audit", "nudit"),
        ("{ node(id: \"1\") { ... on Vault { gold } } }", "Vault", "Nault"),
        ("query($v: Vault) { hello }", "Vault", "Nault"),
    ];
    for (query, hidden, absent) in pairs {
        let seen = server.post(Some("user"), json!({"query": query})).await;
        let unseen = server.post(Some("user"), json!({"query": query.replace(hidden, absent)})).await;
        assert_eq!(code_of(&seen.1), "GRAPHQL_VALIDATION_FAILED", "{query}");
        assert_eq!(seen.1.to_string().replace(hidden, absent), unseen.1.to_string(), "{query}");
        // the first error must be about the hidden name, not a consequence of that error
        let first = seen.1["errors"][0]["message"].as_str().expect("a message");
        assert!(first.contains(hidden), "{query}: {first}");
    }
    let admin = "{ search(filter: {internal: true, kind: HIDDEN}, audit: true) }";
    assert_eq!(data(&server, Some("admin"), admin).await["search"], "None Some(true) hidden Some(true) None");
}

#[tokio::test]
async fn hidden_input_is_refused_in_variables_too() {
    let server = Server::start();
    let body = |filter: Value| json!({"query": "query($f: Filter!) { search(filter: $f) }", "variables": {"f": filter}});
    for filter in [json!({"internal": true}), json!({"kind": "HIDDEN"})] {
        let (status, refused) = server.post(Some("user"), body(filter.clone())).await;
        assert_eq!((status, code_of(&refused).as_str()), (400, "BAD_VARIABLES"), "{filter}");
        assert_eq!(server.post(Some("admin"), body(filter)).await.1["errors"], Value::Null);
    }
    let (_, open) = server.post(Some("user"), body(json!({"kind": "OPEN", "tags": ["a"]}))).await;
    assert_eq!(open["data"]["search"], "None None open None Some([\"a\"])");
}

#[tokio::test]
async fn a_misspelt_field_brings_no_suggestion() {
    let server = Server::start();
    let (_, body) = server.post(Some("user"), json!({"query": "{ secre helo }"})).await;
    let text = body.to_string();
    assert!(!text.contains("secret") && !text.contains("hello"), "{text}");
}

#[tokio::test]
async fn introspection_shows_the_roles_part() {
    let server = Server::start();
    let query =
        "{ __schema { types { name } queryType { fields { name } } } __type(name: \"Secret\") { name } }";
    let user = data(&server, Some("user"), query).await;
    let admin = data(&server, Some("admin"), query).await;
    for hidden in ["Secret", "Vault"] {
        let names = format!("\"{hidden}\"");
        assert!(!user["__schema"].to_string().contains(&names), "{hidden}");
        assert!(admin["__schema"].to_string().contains(&names), "{hidden}");
    }
    assert_eq!((&user["__type"], &admin["__type"]["name"]), (&Value::Null, &json!("Secret")));
}

#[tokio::test]
async fn introspection_mixes_with_data_in_the_order_asked() {
    let server = Server::start();
    let query = "query Mixed($n: String!) { a: hello ...S b: __typename t: __type(name: $n) { name } who } \
                 fragment S on Query { __schema { queryType { name } } }";
    let (_, body) = server.post(Some("user"), json!({"query": query, "variables": {"n": "Item"}})).await;
    assert_eq!(
        body["data"],
        json!({"a": "world", "__schema": {"queryType": {"name": "Query"}}, "b": "Query", "t": {"name": "Item"}, "who": "user"})
    );
    let keys: Vec<&str> = body["data"].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 5);
    let only = "{ __typename __schema { queryType { name } } }";
    assert_eq!(data(&server, None, only).await["__typename"], "Query");
}

#[tokio::test]
async fn defaults_of_variables_reach_directives_and_arguments() {
    let server = Server::start();
    let query = "query($yes: Boolean = true, $v: String = \"x\") { hello @skip(if: $yes) echo(value: $v) }";
    assert_eq!(data(&server, None, query).await, json!({"echo": "x"}));
}

#[test]
fn the_schema_of_each_role_is_pruned() {
    let sdl = toy().sdl();
    let service = GraphqlService::new(
        toy(),
        full,
        &ROLES,
        Tokens::default(),
        Limits::default(),
        CancellationToken::new(),
    );
    let user = service.sdl("user").expect("a role");
    assert!(!user.contains("Secret") && !user.contains("wipe") && !user.contains("Vault"), "{user}");
    assert!(user.contains("type Item implements Node") && user.contains("\"\"\"Kinds.\"\"\""), "{user}");
    assert_eq!(service.sdl("admin").expect("a role"), all_of(&sdl), "an admin must see the whole schema");
    assert!(service.sdl("nobody").is_none());
}

fn all_of(sdl: &str) -> String {
    apollo_compiler::Schema::parse_and_validate(sdl, "all").expect("valid").to_string()
}

#[test]
fn a_table_that_names_what_is_not_there_is_refused() {
    for entry in ["Query.nothing", "Nothing", "Query.search.nothing", "Kind.NOTHING", "Filter.nothing"] {
        let found = transport::role_schema::prune(&toy().sdl(), "admin", ADMIN, &[(entry, ADMIN)]);
        assert!(matches!(found, Err(RoleSchemaError::UnknownEntry(name)) if name == entry));
    }
}

/// Without a limit on nesting, the second document would overflow the stack and crash the server.
#[tokio::test]
async fn nested_brackets_are_refused() {
    let server = Server::start();
    for nested in ["{a", "[", "{a(b:[{c:"] {
        let query = format!("{{ search(filter: {} ", nested.repeat(4096 / nested.len()));
        assert_eq!(server.code(None, &query).await, "DOCUMENT_TOO_DEEP", "{nested}");
    }
    let parentheses = format!("{{ search(filter: {} ", "(".repeat(4096));
    assert_eq!(server.code(None, &parentheses).await, "GRAPHQL_PARSE_FAILED");
    let lists =
        format!(r#"{{"query":"{{ hello }}","variables":{{"a":{}{}}}}}"#, "[".repeat(2048), "]".repeat(2048));
    let (status, body) = server.post_text(None, lists.clone()).await;
    assert_eq!((status, code_of(&body).as_str()), (400, "JSON_TOO_DEEP"));
    let url = format!("{}?query=%7Bhello%7D&variables={}", server.url(), "[".repeat(2048));
    let response = client().get(url).send().await.expect("an answer");
    assert_eq!(code_of(&response.json().await.expect("JSON")), "JSON_TOO_DEEP");
    assert_eq!(data(&server, None, "{ hello }").await["hello"], "world");
}

/// A document of 831 bytes that selects 2^26 fields, because its fragments spread each other.
fn doubling() -> String {
    let mut document = "{...F0}".to_owned();
    for step in 0..26 {
        document += &format!("fragment F{step} on Query{{...F{n} ...F{n}}}", n = step + 1);
    }
    document + "fragment F26 on Query{hello}"
}

/// If fields were not counted before execution, this query would run past the deadline.
#[tokio::test]
async fn fragments_that_double_are_counted_not_run() {
    let server = Server::start();
    assert_eq!(server.code(None, &doubling()).await, "TOO_MANY_FIELDS");
    let cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    assert_eq!(server.code(None, cycle).await, "FRAGMENT_CYCLE");
}

#[tokio::test]
async fn each_limit_has_its_code() {
    let server = Server::start();
    let long = "{ hello ".to_owned() + &"hello ".repeat(20_000) + "}";
    let many = (0..200).map(|n| format!("query Q{n} {{ hello }} ")).collect::<String>();
    let aliases = (0..200).map(|n| format!("a{n}: hello ")).collect::<String>();
    let cases = [
        (long.as_str(), "TOO_MANY_TOKENS"),
        (&many, "TOO_MANY_DEFINITIONS"),
        (&format!("{{ {aliases} }}"), "TOO_MANY_ALIASES"),
        (&format!("{{ hello {} }}", "@skip(if: false) ".repeat(60)), "TOO_MANY_DIRECTIVES"),
        ("{ items(first: 1000000) { name } }", "QUERY_TOO_COMPLEX"),
        ("{ hello", "GRAPHQL_PARSE_FAILED"),
        ("type Query { a: Int }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "OPERATION_NAME_REQUIRED"),
        ("subscription { silence }", "SUBSCRIPTION_NEEDS_STREAM"),
    ];
    for (query, code) in cases {
        assert_eq!(server.code(None, query).await, code, "{:.40}", query);
    }
    let sized =
        json!({"query": "query($n: Int!) { items(first: $n) { name } }", "variables": {"n": 100_000}});
    assert_eq!(code_of(&server.post(None, sized).await.1), "QUERY_TOO_COMPLEX");
    let unknown = json!({"query": "query A { hello }", "operationName": "B"});
    assert_eq!(code_of(&server.post(None, unknown).await.1), "UNKNOWN_OPERATION");
    let batch = json!([{"query": "{ hello }"}]);
    assert_eq!(code_of(&server.post(None, batch).await.1), "BATCHES_REFUSED");
    let (status, body) = server.post(None, json!({"query": "x".repeat(300_000)})).await;
    assert_eq!((status, code_of(&body).as_str()), (413, "BODY_TOO_LARGE"));
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_ended() {
    let server = Server::with_limits(|limits| limits.query_seconds = 0);
    let (status, body) = server.post(None, json!({"query": "{ stuck }"})).await;
    assert_eq!((status, code_of(&body).as_str()), (504, "QUERY_TIMEOUT"));
}

#[tokio::test]
async fn rates_hold_for_addresses_and_subjects() {
    let rates = RateLimits { subject_per_minute: 1, subject_burst: 2, ..RateLimits::default() };
    let server = Server::with_limits(|limits| limits.rates = rates);
    let send = |token: &'static str| server.post(Some(token), json!({"query": "{ hello }"}));
    assert_eq!((send("user").await.0, send("user").await.0), (200, 200));
    let (status, body) = send("user").await;
    assert_eq!((status, code_of(&body).as_str()), (429, "RATE_LIMITED"));
    assert_eq!(send("other").await.0, 200, "another subject must have its own limit");

    let rates = RateLimits { address_per_minute: 1, address_burst: 1, ..RateLimits::default() };
    let server = Server::with_limits(|limits| limits.rates = rates);
    let send = || client().post(server.url()).header("content-type", "text/plain").send();
    assert_eq!(send().await.expect("an answer").status(), 415);
    let refused = send().await.expect("an answer");
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=61).contains(&wait));
}

#[tokio::test]
async fn methods_types_and_origins() {
    let options =
        HttpOptions { allowed_origins: vec!["https://shop.example".into()], ..HttpOptions::default() };
    let server = Server::with(Limits::default(), options);
    let url = server.url();
    let http = client();
    let mutation = http.get(format!("{url}?query=mutation%7Bbump%7D")).send().await.expect("an answer");
    assert_eq!(
        (mutation.status().as_u16(), &mutation.headers()["allow"]),
        (405, &"POST".parse().expect("value"))
    );
    let put = http.put(&url).send().await.expect("an answer");
    assert_eq!((put.status().as_u16(), &put.headers()["allow"]), (405, &"GET, POST".parse().expect("value")));
    for media in ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"] {
        let sent = http.post(&url).header("content-type", media).body(r#"{"query":"{hello}"}"#).send().await;
        assert_eq!(sent.expect("an answer").status(), 415, "{media}");
    }
    let html = http.get(format!("{url}?query=%7Bhello%7D")).header("accept", "text/html").send().await;
    assert_eq!(html.expect("an answer").status(), 406);

    let from = |origin: &str| http.get(format!("{url}?query=%7Bhello%7D")).header("origin", origin).send();
    assert_eq!(from("https://evil.example").await.expect("an answer").status(), 403);
    let own = format!("http://{}", server.address);
    assert_eq!(from(&own).await.expect("an answer").status(), 200);
    let listed = from("https://shop.example").await.expect("an answer");
    assert_eq!(listed.status(), 200);
    assert_eq!(listed.headers()["access-control-allow-origin"], "https://shop.example");
    let preflight = http
        .request(reqwest::Method::OPTIONS, &url)
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
        .send()
        .await
        .expect("an answer");
    assert!(preflight.status().is_success());
}

#[tokio::test]
async fn broken_bodies_are_refused_without_echoing_them() {
    let server = Server::start();
    let bodies: [&[u8]; 5] = [b"{\"query\":\"{ hello\xff }\"}", b"\0", b"", b"7", b"{\"query\":7}"];
    for body in bodies {
        let sent =
            client().post(server.url()).header("content-type", "application/json").body(body.to_vec()).send();
        let answer = sent.await.expect("an answer");
        assert_eq!(answer.status(), 400);
        assert_eq!(code_of(&answer.json().await.expect("JSON")), "BAD_REQUEST");
    }
    assert_eq!(server.code(None, "{ hello \0 }").await, "GRAPHQL_PARSE_FAILED");
}
