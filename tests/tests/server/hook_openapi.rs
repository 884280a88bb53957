//! Compares docs/hook.openapi.yaml, the hook's description for programs, with a running hook. Every path in the description must be mounted, and the
//! examples must work. The hook must refuse a request without a required property. Each response must have a declared status and body.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use app::calls::authorize::Refusal;
use app::calls::events::EventResult;
use jsonschema::{Validator, draft202012};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::server::HOOK_SECRET;
use tests::shop::{Shop, event, unique};
use tests::{Backend, TestServer};
use uuid::Uuid;

/// The paths that take requests, in the order in which a proxy uses them.
const ASKED: [&str; 3] = ["/kamailio/v1/ha1", "/kamailio/v1/authorize", "/kamailio/v1/events"];
/// The path of batches.
const EVENTS: &str = "/kamailio/v1/events";
/// Every method that a client may try.
const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];
/// The largest body, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// A file of the repository.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The description.
struct Description(Value);

impl Description {
    fn read() -> Self {
        Self(yaml_serde::from_str(&read("docs/hook.openapi.yaml")).expect("the description is YAML"))
    }

    /// The target of a reference. If the value is not a reference, it is returned unchanged.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let pointer = reference.strip_prefix('#').expect("references stay in the file");
        self.resolve(self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads somewhere")))
    }

    /// Every path with a method, in lower case.
    fn operations(&self) -> BTreeMap<(String, String), &Value> {
        let mut found = BTreeMap::new();
        for (path, methods) in self.0["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                found.insert((path.clone(), method.clone()), operation);
            }
        }
        found
    }

    fn post(&self, path: &str) -> &Value {
        &self.0["paths"][path]["post"]
    }

    /// The schema of a path's request body.
    fn request(&self, path: &str) -> &Value {
        &self.post(path)["requestBody"]["content"]["application/json"]["schema"]
    }

    /// The examples of a path's request body, by name.
    fn examples(&self, path: &str) -> BTreeMap<String, Value> {
        let examples = &self.post(path)["requestBody"]["content"]["application/json"]["examples"];
        let examples = examples.as_object().expect("examples");
        examples.iter().map(|(name, example)| (name.clone(), example["value"].clone())).collect()
    }

    fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({ "allOf": [schema], "components": self.0["components"] });
        let validator = draft202012::options().should_validate_formats(true).build(&whole);
        validator.unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    /// The ways in which a value violates a schema.
    fn broken(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        let errors = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path()));
        errors.collect()
    }

    /// Fails unless the operation declares this response. Returns the body, or null if it is not JSON.
    fn check(&self, operation: &Value, answer: &Answer) -> Value {
        let declared = self.resolve(&operation["responses"][answer.status.to_string()]);
        assert!(declared.is_object(), "{} declares no {answer:?}", operation["operationId"]);
        let Some(content) = declared["content"].as_object() else {
            assert!(answer.body.is_empty(), "{} declares no body: {answer:?}", operation["operationId"]);
            return Value::Null;
        };
        let media = answer.content_type.split(';').next().unwrap_or_default().trim();
        let schema = content.get(media).map(|content| &content["schema"]);
        let schema = schema.unwrap_or_else(|| panic!("{} declares no {answer:?}", operation["operationId"]));
        let (value, body) = match media {
            "application/json" => {
                let value: Value = serde_json::from_str(&answer.body).expect("the body is JSON");
                (value.clone(), value)
            }
            _ => (Value::String(answer.body.clone()), Value::Null),
        };
        let broken = self.broken(schema, &value);
        assert!(broken.is_empty(), "{}: {answer:?}\n{broken:#?}", operation["operationId"]);
        body
    }

    /// Fails unless this is the response for requests that the description does not list.
    fn check_unlisted(&self, asked: &str, answer: &Answer) {
        let declared = &self.0["components"]["responses"]["Unlisted"];
        assert!(
            declared.is_object() && declared["content"].is_null(),
            "the declared response must have no body: {declared}"
        );
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{asked}: {answer:?}");
    }
}

/// A response of the hook.
#[derive(Debug)]
struct Answer {
    status: u16,
    content_type: String,
    request_id: bool,
    body: String,
}

/// A client of the hook.
struct Hook {
    http: reqwest::Client,
    address: SocketAddr,
}

impl Hook {
    fn of(server: &TestServer) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { http, address: server.hook }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with the right secret.
    async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        send(self.request("post", path).basic_auth("kamailio", Some(HOOK_SECRET)).body(body.into())).await
    }
}

async fn send(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("the hook answers");
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let content_type = header("content-type").unwrap_or_default().to_owned();
    let (status, request_id) = (answer.status().as_u16(), header("x-request-id").is_some());
    Answer { status, content_type, request_id, body: answer.text().await.expect("a body") }
}

/// An open shop with a cabin, and the placeholders that stand for its parts in the examples.
async fn shop() -> (Shop, Vec<(&'static str, String)>) {
    let shop = Shop::start(Backend::Sqlite, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let real = vec![
        ("c7k2m9", shop.phones[0].user.clone()),
        ("00351912345678", "+13055550123".to_owned()),
        ("01a2232d-2c1a-7d59-b5e7-89ea2ca32727", Uuid::now_v7().to_string()),
    ];
    (shop, real)
}

/// An example whose placeholders are replaced by the values of a shop.
fn with(example: &Value, real: &[(&'static str, String)]) -> Value {
    let text = real.iter().fold(example.to_string(), |text, (shown, real)| text.replace(shown, real));
    serde_json::from_str(&text).expect("the example with its values is JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_is_answered_as_described() {
    let (shop, mut real) = shop().await;
    let (description, hook) = (Description::read(), Hook::of(&shop.server));
    // later examples contain these placeholders, which stand for values from the responses to the two examples of `authorize`
    let mut calls = vec!["ebb5d1c3-7211-4be7-ac5f-6fe0d2d63cb6", "1472c42e-9d02-4bf4-969d-8cc8cdbd0658"];
    for path in ASKED {
        for (name, example) in description.examples(path) {
            let asked = with(&example, &real);
            let answer = hook.post(path, asked.to_string()).await;
            let body = description.check(description.post(path), &answer);
            assert!(answer.status == 200 && answer.request_id, "{path} {name}: {answer:?}");
            if body["allow"] == true {
                let call = calls.pop().expect("there is no third call");
                real.push((call, body["ref"].as_str().expect("a ref").to_owned()));
            }
            if path == EVENTS {
                let results = body["results"].as_array().expect("results");
                assert_eq!(results.len(), asked.as_array().expect("a batch").len(), "{name}");
                let all_good = results.iter().all(|result| result["status"] != "rejected");
                assert!(all_good, "{name}: {body}");
            }
        }
    }
    assert!(calls.is_empty(), "the redial must be allowed, too: {calls:?}");
    shop.finish().await;
}

/// Collects the properties that a schema requires. Each property comes with `x-missing`, which says what happens if the property is missing. Nested
/// properties are skipped, because the events sent with a call attempt never cause a refusal of the attempt.
fn requirements(description: &Description, schema: &Value, found: &mut BTreeSet<(String, String)>) {
    let schema = description.resolve(schema);
    let says = schema["x-missing"].as_str();
    for property in schema["required"].as_array().into_iter().flatten() {
        let says =
            says.unwrap_or_else(|| panic!("a schema with `required` must also have `x-missing`: {schema}"));
        found.insert((property.as_str().expect("a name").to_owned(), says.to_owned()));
    }
    let below =
        ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|key| schema[key].as_array().into_iter().flatten());
    let below = below.chain(["then", "else", "items"].into_iter().map(|key| &schema[key]));
    let below = below.chain(schema["dependentSchemas"].as_object().into_iter().flat_map(|map| map.values()));
    for schema in below.filter(|schema| schema.is_object()) {
        requirements(description, schema, found);
    }
}

/// An event that was not sent before, because sending the same event again would make it a duplicate.
fn anew(mut event: Value) -> Value {
    if event["eid"].is_string() {
        event["eid"] = unique("eid").into();
    }
    event
}

/// Copies of the object, each without one of the object's properties.
fn leaving_out(whole: &Value) -> Vec<(String, Value)> {
    let properties = whole.as_object().expect("an object");
    let without = |name: &String| {
        let mut rest = properties.clone();
        rest.remove(name);
        (name.clone(), Value::Object(rest))
    };
    properties.keys().map(without).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_matters_as_described() {
    let (shop, mut real) = shop().await;
    let (description, hook) = (Description::read(), Hook::of(&shop.server));
    let call = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let call = call["ref"].as_str().expect("a ref").to_owned();
    for shown in ["ebb5d1c3-7211-4be7-ac5f-6fe0d2d63cb6", "1472c42e-9d02-4bf4-969d-8cc8cdbd0658"] {
        real.push((shown, call.clone()));
    }
    for path in ASKED {
        let (mut required, mut missed) = (BTreeSet::new(), BTreeSet::new());
        requirements(&description, description.request(path), &mut required);
        let valid = description.validator(description.request(path));
        for (name, example) in description.examples(path) {
            let example = with(&example, &real);
            let wholes = example.as_array().cloned().unwrap_or_else(|| vec![example.clone()]);
            for (left_out, rest) in wholes.iter().flat_map(leaving_out) {
                let told = format!("{path} {name} without {left_out}");
                let (refused, says) = if path == EVENTS {
                    let batch = json!([anew(rest)]);
                    let answer = hook.post(path, batch.to_string()).await;
                    let body = description.check(description.post(path), &answer);
                    let refused = body["results"][0]["status"] == "rejected";
                    assert_eq!(refused, !valid.is_valid(&batch), "{told}: {body}");
                    (refused, "rejected")
                } else {
                    let mut rest = rest;
                    if rest["request_id"].is_string() {
                        rest["request_id"] = unique("request").into();
                    }
                    let answer = hook.post(path, rest.to_string()).await;
                    description.check(description.post(path), &answer);
                    assert_eq!(answer.status == 400, !valid.is_valid(&rest), "{told}: {answer:?}");
                    (answer.status == 400, "400")
                };
                if refused {
                    missed.insert((left_out, says.to_owned()));
                }
            }
        }
        assert_eq!(missed, required, "{path}: the examples must have every required property");
    }
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_answered_as_described() {
    let shop = Shop::start(Backend::Sqlite, 1).await;
    let (description, hook) = (Description::read(), Hook::of(&shop.server));
    for path in ASKED {
        let operation = description.post(path);
        let example = description.examples(path).into_values().next().expect("an example").to_string();
        for secret in [None, Some(""), Some("a wrong secret"), Some("test-secret-of-the-hooK")] {
            let mut request = hook.request("post", path).body(example.clone());
            if let Some(secret) = secret {
                request = request.basic_auth("kamailio", Some(secret));
            }
            let answer = send(request).await;
            description.check(operation, &answer);
            assert_eq!((answer.status, answer.request_id), (401, true), "{path} {secret:?}: {answer:?}");
        }
        let somebody = hook.request("post", path).basic_auth("somebody", Some(HOOK_SECRET));
        let answer = send(somebody.body(example)).await;
        description.check(operation, &answer);
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
        let status = if path == EVENTS { 200 } else { 400 };
        for body in ["", "{", "not JSON", "null", "5", "{}", "\"text\""] {
            let answer = hook.post(path, body).await;
            description.check(operation, &answer);
            assert_eq!(answer.status, status, "{path} {body:?}: {answer:?}");
        }
        let status = if path == EVENTS { 200 } else { 413 };
        let answer = hook.post(path, vec![b'['; MAX_BODY + 1]).await;
        description.check(operation, &answer);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    let unknown = json!({ "user": "nobody", "realm": "callshop", "algorithm": "MD5" });
    let answer = hook.post(ASKED[0], unknown.to_string()).await;
    description.check(description.post(ASKED[0]), &answer);
    assert_eq!(answer.status, 404, "{answer:?}");
    let many = json!({ "request_id": "r", "user": "nobody", "dialed": "1", "call_id": "c", "from_tag": "f",
        "events": vec![json!({}); 51] });
    let answer = hook.post(ASKED[1], many.to_string()).await;
    description.check(description.post(ASKED[1]), &answer);
    assert_eq!(answer.status, 400, "{answer:?}");
    let now = chrono::Utc::now();
    let batch = |length: usize| -> Vec<Value> {
        (0..length).map(|_| event("boot", &Value::Null, now, json!({}))).collect()
    };
    for (length, results) in [(0, 0), (1, 1), (50, 50), (51, 51), (1_000, 1_000), (1_001, 1)] {
        let answer = hook.post(EVENTS, json!(batch(length)).to_string()).await;
        let body = description.check(description.post(EVENTS), &answer);
        let found = body["results"].as_array().expect("results").len();
        assert_eq!((answer.status, found), (200, results), "{length} events");
    }
    shop.finish().await;
}

/// The paths that one of the program's source files mounts, with their methods.
fn mounted(file: &str, found: &mut BTreeSet<(String, String)>) {
    for route in read(file).split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').expect("a path");
        let method =
            rest.split_once("web::").and_then(|(_, rest)| rest.split_once("()")).expect("a method").0;
        found.insert((path.to_owned(), method.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_paths_are_those_that_the_hook_mounts() {
    let server = TestServer::start(Backend::Sqlite, |_| {}).await;
    let (description, hook) = (Description::read(), Hook::of(&server));
    let operations = description.operations();
    let mut in_the_program = BTreeSet::new();
    for file in ["sip/src/hook.rs", "api/src/probes.rs", "api/src/metrics.rs"] {
        mounted(file, &mut in_the_program);
    }
    assert_eq!(operations.keys().cloned().collect::<BTreeSet<_>>(), in_the_program);
    let paths: BTreeSet<&str> = operations.keys().map(|(path, _)| path.as_str()).collect();
    for path in paths {
        for method in METHODS {
            let answer = send(hook.request(method, path)).await;
            match operations.get(&(path.to_owned(), method.to_owned())) {
                // the response to a HEAD has no body, even if the response to a GET has a body
                Some(operation) => drop(description.check(operation, &answer)),
                None => description.check_unlisted(&format!("{method} {path}"), &answer),
            }
        }
    }
    for path in
        ["/", "/graphql", "/kamailio/v1", "/kamailio/v1/", "/kamailio/v1/events/", "/kamailio/v2/events"]
    {
        for method in METHODS {
            let answer = send(hook.request(method, path)).await;
            description.check_unlisted(&format!("{method} {path}"), &answer);
        }
    }
    let open = hook.request("get", "/metrics").header("accept", "application/openmetrics-text");
    let answer = send(open).await;
    description.check(&description.0["paths"]["/metrics"]["get"], &answer);
    assert!(answer.content_type.starts_with("application/openmetrics-text"), "{answer:?}");
    server.stop().await;
}

#[test]
fn an_answer_has_no_property_that_is_not_described() {
    let description = Description::read();
    let mut open = Vec::new();
    for ((path, method), operation) in description.operations() {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let content = description.resolve(response)["content"].as_object().cloned().unwrap_or_default();
            for (media, content) in content {
                find_open(
                    &description,
                    &content["schema"],
                    &format!("{method} {path} {status} {media}"),
                    &mut open,
                );
            }
        }
    }
    assert!(
        open.is_empty(),
        "objects that do not say whether other properties are allowed\n{}",
        open.join("\n")
    );
}

/// Collects the objects in a schema that allow additional properties.
fn find_open(description: &Description, schema: &Value, place: &str, open: &mut Vec<String>) {
    let schema = description.resolve(schema);
    if schema["type"] == "object" && schema["additionalProperties"].is_null() {
        open.push(format!("{place}: {schema}"));
    }
    let below = schema["oneOf"].as_array().into_iter().flatten().chain(schema.get("items"));
    let below = below.chain(schema["properties"].as_object().into_iter().flat_map(|map| map.values()));
    for schema in below {
        find_open(description, schema, place, open);
    }
}

#[test]
fn the_examples_and_the_lists_of_values_are_right() {
    let description = Description::read();
    for ((path, method), operation) in description.operations() {
        let responses = operation["responses"].as_object().expect("responses");
        let bodies = responses.values().map(|response| description.resolve(response));
        for body in bodies.chain(operation.get("requestBody")) {
            for content in body["content"].as_object().into_iter().flat_map(|map| map.values()) {
                for (name, example) in content["examples"].as_object().into_iter().flatten() {
                    let broken = description.broken(&content["schema"], &example["value"]);
                    assert!(broken.is_empty(), "{method} {path}, example {name}: {broken:#?}");
                }
            }
        }
    }
    let listed = |pointer: &str| -> BTreeSet<String> {
        let list = description.0.pointer(&format!("/components/schemas/{pointer}/enum"));
        let list = list.and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer} has values"));
        list.iter().map(|value| value.to_string()).collect()
    };
    let of = |values: Vec<Value>| -> BTreeSet<String> {
        values.into_iter().map(|value| value.to_string()).collect()
    };
    let codes = Refusal::ALL.iter().map(|refusal| json!(refusal.code())).collect();
    assert_eq!(listed("Refused/properties/error"), of(codes));
    let statuses = Refusal::ALL.iter().map(|refusal| json!(refusal.sip_code())).collect();
    assert_eq!(listed("Refused/properties/code"), of(statuses));
    let outcomes = EventResult::OUTCOMES.iter().map(|outcome| json!(outcome)).collect();
    assert_eq!(listed("EventResult/properties/status"), of(outcomes));
    for refusal in Refusal::ALL {
        let reason = &description.0["components"]["schemas"]["Refused"]["properties"]["reason"];
        assert!(description.broken(reason, &json!(refusal.reason())).is_empty(), "{refusal:?}");
    }
}
