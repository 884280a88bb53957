//! Tests documents that clients name by their hash, on every transport.

use super::answers::QueryPairs as _;
use super::support::{Server, client, code_of};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn automatic(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn get(server: &Server, pairs: &[(&str, &str)]) -> (u16, Value) {
    let response = client().get(server.url()).query_pairs(pairs).send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

/// The payloads with which a socket responds to these operations.
async fn over_socket(server: &Server, operations: &[Value]) -> Vec<Value> {
    let mut request = format!("ws://{}/graphql", server.address).into_client_request().expect("a request");
    let protocol = "graphql-transport-ws".parse().expect("a value");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = connect_async(request).await.expect("an upgrade");
    let init = json!({ "type": "connection_init" }).to_string();
    socket.send(Message::text(init)).await.expect("sent");
    let mut answers = Vec::new();
    for (number, payload) in operations.iter().enumerate() {
        let message = json!({ "type": "subscribe", "id": number.to_string(), "payload": payload });
        socket.send(Message::text(message.to_string())).await.expect("sent");
        loop {
            let Message::Text(text) = socket.next().await.expect("open").expect("a frame") else { continue };
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if message["id"] == json!(number.to_string()) && message["type"] != "complete" {
                answers.push(message["payload"].clone());
                break;
            }
        }
    }
    answers
}

#[tokio::test]
async fn a_document_is_sent_once_and_then_named() {
    let server = Server::start();
    let query = "query Echo($v: String!) { echo(value: $v) }";
    let (hash, variables) = (hash(query), json!({ "v": "x" }));
    let named = json!({ "extensions": automatic(&hash), "variables": variables });
    let (status, unknown) = server.post(None, named.clone()).await;
    assert_eq!((status, code_of(&unknown).as_str()), (400, "PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    // Apollo's clients accept `application/json`, and expect 200
    let pairs = [("extensions", automatic(&hash).to_string()), ("variables", variables.to_string())];
    let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (status, unknown) = get(&server, &pairs).await;
    assert_eq!((status, code_of(&unknown).as_str()), (200, "PERSISTED_QUERY_NOT_FOUND"));
    let whole = json!({ "query": query, "extensions": automatic(&hash), "variables": variables });
    let expected = json!({ "data": { "echo": "x" } });
    assert_eq!(server.post(None, whole).await, (200, expected.clone()));
    assert_eq!(server.post(None, named.clone()).await, (200, expected.clone()));
    assert_eq!(get(&server, &pairs).await, (200, expected.clone()));
    let id = format!("sha256:{hash}");
    let by_id = json!({ "documentId": id, "variables": variables });
    assert_eq!(server.post(None, by_id.clone()).await, (200, expected.clone()));
    let pairs = [("documentId", id), ("variables", variables.to_string())];
    let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(get(&server, &pairs).await, (200, expected.clone()));
    let told =
        over_socket(&server, &[named, by_id, json!({ "extensions": automatic(&"0".repeat(64)) })]).await;
    assert_eq!(told[..2], [expected.clone(), expected]);
    assert_eq!(told[2][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
}

#[tokio::test]
async fn only_a_good_document_with_its_own_hash_is_learned() {
    let server = Server::start();
    for (query, named, code) in [
        ("{ hello }", hash("{ who }"), "PERSISTED_QUERY_MISMATCH"),
        ("{ secret { word } }", hash("{ secret { word } }"), "GRAPHQL_VALIDATION_FAILED"),
        ("{ hello", hash("{ hello"), "GRAPHQL_PARSE_FAILED"),
    ] {
        let body = json!({ "query": query, "extensions": automatic(&named) });
        assert_eq!(code_of(&server.post(Some("user"), body).await.1), code);
        let again = server.post(Some("admin"), json!({ "extensions": automatic(&named) })).await;
        assert_eq!(code_of(&again.1), "PERSISTED_QUERY_NOT_FOUND", "{query}");
    }
    // knowing a document's name gives no permissions: another role gets the errors of its own schema
    let query = "{ secret { word } }";
    let body = json!({ "query": query, "extensions": automatic(&hash(query)) });
    assert_eq!(server.post(Some("admin"), body).await.1["data"]["secret"]["word"], "sesame");
    let named = json!({ "extensions": automatic(&hash(query)) });
    assert_eq!(code_of(&server.post(Some("user"), named).await.1), "GRAPHQL_VALIDATION_FAILED");
    // GET runs no mutations, even if a mutation is named by its hash
    let mutation = "mutation { bump }";
    let body = json!({ "query": mutation, "extensions": automatic(&hash(mutation)) });
    assert_eq!(server.post(None, body).await.0, 200);
    let pairs = [("documentId", format!("sha256:{}", hash(mutation)))];
    let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(get(&server, &pairs).await.0, 405);
}

#[tokio::test]
async fn a_server_can_refuse_to_learn() {
    let server = Server::with_limits(|limits| limits.persisted_document_bytes = 0);
    let body = json!({ "query": "{ hello }", "extensions": automatic(&hash("{ hello }")) });
    let (_, refused) = server.post(None, body).await;
    assert_eq!(code_of(&refused), "PERSISTED_QUERY_NOT_SUPPORTED");
    assert_eq!(refused["errors"][0]["message"], "PersistedQueryNotSupported");
    assert_eq!(server.post(None, json!({ "query": "{ hello }" })).await.0, 200);
}

#[tokio::test]
async fn a_server_can_run_only_the_documents_of_a_list() {
    let (hello, schema) = ("{ hello }", "{ __schema { queryType { name } } }");
    let server = Server::trusting(&json!({ hash(hello): hello, format!("sha256:{}", hash(schema)): schema }));
    let expected = json!({ "data": { "hello": "world" } });
    for body in [
        json!({ "documentId": format!("sha256:{}", hash(hello)) }),
        json!({ "extensions": automatic(&hash(hello)) }),
        json!({ "query": hello }),
    ] {
        assert_eq!(server.post(None, body.clone()).await, (200, expected.clone()), "{body}");
    }
    let other = "{ who }";
    let refused = [
        (json!({ "query": other }), "DOCUMENT_NOT_TRUSTED"),
        (json!({ "query": other, "extensions": automatic(&hash(other)) }), "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "documentId": "sha256:0" }), "PERSISTED_QUERY_NOT_FOUND"),
        (json!({ "query": schema }), "INTROSPECTION_REFUSED"),
    ];
    for (body, code) in &refused {
        assert_eq!(code_of(&server.post(Some("admin"), body.clone()).await.1), *code, "{body}");
    }
    let told = over_socket(&server, &[json!({ "query": hello }), json!({ "query": other })]).await;
    assert_eq!((&told[0], &told[1][0]["extensions"]["code"]), (&expected, &json!("DOCUMENT_NOT_TRUSTED")));
}
