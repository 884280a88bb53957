//! The hook's endpoints, on a separate listener: `ha1`, `authorize`, `events` (docs/hook.md).

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::error::PayloadError;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tracing::Instrument as _;

use super::event::{self, AuthorizeBody, Ha1Body, MAX_EVENTS};
use super::metrics::HookMetrics;
use app::App;
use app::calls::authorize::{Authorization, AuthorizeRequest};
use app::calls::emergency;
use app::calls::events::{self, EventResult, ProxyEvent};
use app::calls::writer::CallWriter;
use base::error::Error;
use telemetry::{RequestId, mask, request, trace};

/// Maximum size of a request body in bytes, enough for fifty events of about 5 KiB.
const MAX_BODY: usize = 256 * 1024;
/// If a body is longer than [`MAX_BODY`], at most this many bytes of it are read. The excess is read but discarded, so that the sender receives the
/// response. If the body is longer than this maximum, the connection is closed after the response.
const MAX_READ: usize = 64 * MAX_BODY;
/// Maximum number of events in a batch. The events of a batch are applied in groups of up to [`MAX_EVENTS`]. A batch that exceeds this number is
/// stored as one malformed event.
const MAX_BATCH: usize = 20 * MAX_EVENTS;

/// Shared state of the endpoints.
pub struct Hook {
    /// The use cases.
    pub app: Arc<App>,
    /// Commits events and call attempts.
    pub writer: CallWriter,
    /// Secrets that a proxy may present.
    pub secrets: Vec<SecretString>,
    /// Maximum time for a request's body to arrive.
    pub body_time: Duration,
    /// Counters of the hook's requests.
    pub metrics: HookMetrics,
}

/// Mounts the endpoints.
pub fn configure(config: &mut web::ServiceConfig, hook: web::Data<Hook>) {
    config
        .app_data(hook)
        .route("/kamailio/v1/ha1", web::post().to(ha1))
        .route("/kamailio/v1/authorize", web::post().to(authorize))
        .route("/kamailio/v1/events", web::post().to(events));
}

/// Compares the Basic password with the configured secrets, in constant time. Returns whether the password equals one of the secrets. A wrong
/// password gets 401 without details. This function uses no library, because a library would save only the three lines that split the header.
/// Libraries for Basic authentication do not compare the secret, and their refusals lack the documented JSON.
fn trusted(hook: &Hook, request: &HttpRequest) -> bool {
    let Some(value) = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let Some(decoded) = value.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok()) else {
        return false;
    };
    let Some(password) = decoded.strip_prefix(b"kamailio:") else { return false };
    let secrets = &hook.secrets;
    // compare every secret, so that the response time does not reveal which secret was almost correct
    secrets
        .iter()
        .fold(false, |found, secret| found | bool::from(secret.expose_secret().as_bytes().ct_eq(password)))
}

fn unauthorized() -> HttpResponse {
    HttpResponse::Unauthorized()
        .insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"callshop\""))
        .json(json!({"error":"UNAUTHORIZED"}))
}

fn bad(message: impl std::fmt::Display) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({ "error": "BAD_BODY", "message": message.to_string() }))
}

/// Reads the body of a trusted request.
///
/// # Errors
/// Fails with the response for a body that is too large or too slow, or that ends early.
async fn whole(hook: &Hook, body: web::Payload) -> Result<web::Bytes, HttpResponse> {
    match tokio::time::timeout(hook.body_time, body.to_bytes_limited(MAX_BODY)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(error))) => Err(bad(error)),
        Ok(Err(_)) => {
            let message = format!("The body has more than {MAX_BODY} bytes.");
            Err(HttpResponse::PayloadTooLarge().content_type(ContentType::plaintext()).body(message))
        }
        Err(_) => {
            let message = "The body took too long to arrive.";
            Err(HttpResponse::RequestTimeout().content_type(ContentType::plaintext()).body(message))
        }
    }
}

fn unavailable() -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(json!({ "error": "UNAVAILABLE" }))
}

fn failed(error: &Error) -> HttpResponse {
    tracing::error!(%error, "the hook could not answer");
    unavailable()
}

/// Handles a request in its own span, counts it, and returns its id in the response.
async fn observed(
    hook: &Hook,
    path: &'static str,
    request: &HttpRequest,
    work: impl Future<Output = HttpResponse>,
) -> HttpResponse {
    let begun = Instant::now();
    let given = |name: &str| request.headers().get(name).map(header::HeaderValue::as_bytes);
    let id = RequestId::of(given(request::HEADER));
    let span = request::span("hook", &id);
    span.record("operation", path);
    trace::adopt(&span, given(trace::HEADER));
    let mut response = work.instrument(span.clone()).await;
    let outcome = hook.metrics.answered(path, response.status().as_u16(), begun.elapsed());
    request::ended(&span, outcome, begun.elapsed());
    if let Ok(value) = header::HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(header::HeaderName::from_static(request::HEADER), value);
    }
    response
}

async fn ha1(hook: web::Data<Hook>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    observed(&hook, "ha1", &request, answer_ha1(&hook, &request, body)).await
}

async fn authorize(hook: web::Data<Hook>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    observed(&hook, "authorize", &request, answer_attempt(&hook, &request, body)).await
}

async fn events(hook: web::Data<Hook>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    observed(&hook, "events", &request, answer_events(&hook, &request, body)).await
}

async fn answer_ha1(hook: &Hook, request: &HttpRequest, body: web::Payload) -> HttpResponse {
    if !trusted(hook, request) {
        return unauthorized();
    }
    let body = match whole(hook, body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let asked: Ha1Body = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return bad(error),
    };
    if asked.user.contains('\0') {
        return bad("`user` must not contain a NUL character.");
    }
    match emergency::known_phone(&hook.app, &asked.user, &asked.realm).await {
        Ok(Some(phone)) if asked.algorithm == "MD5" => HttpResponse::Ok().json(json!({
            "ha1": phone.ha1, "blocked": phone.blocked, "emergency": phone.emergency, "caller_id": phone.caller_id,
        })),
        Ok(_) => HttpResponse::NotFound().json(json!({ "error": "NOT_FOUND" })),
        Err(error) => failed(&error),
    }
}

async fn answer_attempt(hook: &Hook, request: &HttpRequest, body: web::Payload) -> HttpResponse {
    if !trusted(hook, request) {
        return unauthorized();
    }
    let body = match whole(hook, body).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let (asked, ends) = match attempt(&body, hook.app.clock.now()) {
        Ok(asked) => asked,
        Err(error) => return bad(error),
    };
    tracing::debug!(user = asked.user, dialed = mask::number(&asked.dialed), "a phone asks to place a call");
    let answer = match events::of_live_calls(&hook.app, ends).await {
        Ok(ends) => hook.writer.authorize_after(ends, asked).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => {
            let outcome = match &answer {
                Authorization::Allowed { .. } => "ALLOWED",
                Authorization::Refused(refusal) => refusal.code(),
            };
            hook.metrics.attempt(outcome);
            tracing::debug!(decided = outcome, "the call attempt was decided");
            HttpResponse::Ok().json(answer_json(&answer))
        }
        Err(error) => failed(&error),
    }
}

fn attempt(body: &[u8], now: DateTime<Utc>) -> Result<(AuthorizeRequest, Vec<ProxyEvent>), String> {
    let mut asked: AuthorizeBody = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let ends = asked.take_ends(now)?;
    Ok((asked.into_request()?, ends))
}

fn answer_json(answer: &Authorization) -> Value {
    match answer {
        Authorization::Allowed { reference, max_seconds, to, caller_id } => {
            json!({ "allow": true, "ref": reference, "max_seconds": max_seconds, "to": to, "caller_id": caller_id })
        }
        Authorization::Refused(refusal) => json!({
            "allow": false, "code": refusal.sip_code(), "reason": refusal.reason(), "error": refusal.code(),
        }),
    }
}

/// Never responds with 4xx to a trusted proxy: after a 4xx, the proxy would send the same batch forever, and all later events would have to wait.
async fn answer_events(hook: &Hook, request: &HttpRequest, body: web::Payload) -> HttpResponse {
    if !trusted(hook, request) {
        return unauthorized();
    }
    // after a 503, the proxy sends the batch again
    let (body, is_whole) = match tokio::time::timeout(hook.body_time, beginning(body)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the connection broke while a batch of events arrived; the proxy sends the batch again");
            return unavailable();
        }
        Err(_) => {
            tracing::warn!("a batch of events took too long to arrive; the proxy sends the batch again");
            return unavailable();
        }
    };
    let mut events = batch(&body, is_whole, hook.app.clock.now()).into_iter();
    let mut results = Vec::with_capacity(events.len());
    loop {
        let part: Vec<ProxyEvent> = events.by_ref().take(MAX_EVENTS).collect();
        if part.is_empty() {
            return HttpResponse::Ok().json(json!({ "results": results }));
        }
        let eids: Vec<String> = part.iter().map(|event| event.eid.clone()).collect();
        match hook.writer.apply(part).await {
            Ok(done) => {
                done.iter().for_each(|result| hook.metrics.event(result.outcome()));
                results.extend(eids.iter().zip(&done).map(|(eid, result)| result_json(eid, result)));
            }
            // after a 503, the proxy keeps the batch and sends it again
            Err(error) => return failed(&error),
        }
    }
}

/// The first [`MAX_BODY`] bytes of a body, and whether they are the whole body.
async fn beginning(mut body: web::Payload) -> Result<(Vec<u8>, bool), PayloadError> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        read += chunk.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(MAX_BODY - kept.len())]);
        if read > MAX_READ {
            break;
        }
    }
    Ok((kept, read <= MAX_BODY))
}

/// The events in a body. A body that is not a batch becomes one malformed event.
fn batch(body: &[u8], is_whole: bool, now: DateTime<Utc>) -> Vec<ProxyEvent> {
    let unreadable = |error: String| {
        let text = String::from_utf8_lossy(body).into_owned();
        vec![event::malformed(Value::String(text), error, now)]
    };
    if !is_whole {
        return unreadable(format!("the batch has more than {MAX_BODY} bytes: only its beginning is kept"));
    }
    match serde_json::from_slice::<Vec<Value>>(body) {
        Ok(items) if items.len() <= MAX_BATCH => {
            items.into_iter().map(|item| event::parse(item, now)).collect()
        }
        Ok(_) => unreadable(format!("the batch has more than {MAX_BATCH} events")),
        Err(_) => unreadable("the batch is not a JSON array of events".to_owned()),
    }
}

fn result_json(eid: &str, result: &EventResult) -> Value {
    let mut answer = json!({ "eid": eid, "status": result.outcome() });
    if let EventResult::Rejected(error) = result {
        answer["error"] = json!(error);
    }
    answer
}
