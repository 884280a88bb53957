//! GraphQL over HTTP: POST and GET with a single response. [`graphql_sse`](super::graphql_sse) serves clients that accept an event stream, and
//! [`graphql_multipart`](super::graphql_multipart) serves subscriptions of clients that accept parts.

use actix_web::{
    HttpRequest, HttpResponse,
    body::MessageBody,
    http::{Method, StatusCode, header},
    web::{Bytes, BytesMut, Data, Payload},
};
use async_graphql::Response;
use futures_util::StreamExt;
use serde::Serialize;
use std::{io, sync::Arc, time::Instant};
use tracing::{Instrument as _, Span};

use super::{
    Endpoint, caching,
    cookies::Cookies,
    error::RequestError,
    graphql_multipart, graphql_sse, kept,
    languages::Languages,
    limits::Limits,
    media::{self, Answer},
    metrics::KeptOutcome,
    origin,
    pipeline::{self, Kind, Parameters, Prepared, byte_cap},
    rate::Allowance,
    service::{Caller, GraphqlService},
    spliced, stream,
    ticket::{self, Ticket},
};
use telemetry::{RequestId, request, trace};

/// `POST /graphql`
pub(crate) async fn post(request: HttpRequest, payload: Payload, endpoint: Data<Endpoint>) -> HttpResponse {
    respond(&request, Some(payload), &endpoint).await
}

/// Handles `GET /graphql`, which allows only queries and event streams.
pub(crate) async fn get(request: HttpRequest, endpoint: Data<Endpoint>) -> HttpResponse {
    respond(&request, None, &endpoint).await
}

/// Responds with 405 to any method other than GET and POST.
pub(crate) async fn other_method() -> HttpResponse {
    refuse(&method_not_allowed("Use POST, or GET for queries."), Answer::Json, "GET, POST")
}

async fn respond(request: &HttpRequest, body: Option<Payload>, endpoint: &Endpoint) -> HttpResponse {
    let begun = Instant::now();
    let id = request_id(request);
    let span = request::span("graphql", &id);
    let headers = request.headers();
    trace::adopt(&span, headers.get(trace::HEADER).map(header::HeaderValue::as_bytes));
    let negotiated = media::negotiate(request);
    let answer = negotiated.as_ref().map_or(Answer::Json, |answer| *answer);
    let done = async {
        negotiated?;
        run(request, body, endpoint, answer, &id).await
    };
    let mut response = match done.instrument(span.clone()).await {
        Ok(response) => {
            request::ended(&span, "answered", begun.elapsed());
            response
        }
        Err(error) => {
            endpoint.service.metrics().refused(error.code);
            request::ended(&span, error.code, begun.elapsed());
            error_response(&endpoint.service.worded(error, &Languages::of(request)), answer)
        }
    };
    echo(&mut response, &id);
    response
}

/// The client's id for this request, or a new one.
pub(crate) fn request_id(request: &HttpRequest) -> RequestId {
    RequestId::of(request.headers().get(request::HEADER).map(header::HeaderValue::as_bytes))
}

/// Returns the request's id to the client. The log lines of the request have the same id.
pub(crate) fn echo(response: &mut HttpResponse, id: &RequestId) {
    if let Ok(value) = header::HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(header::HeaderName::from_static(request::HEADER), value);
    }
}

async fn run(
    request: &HttpRequest,
    body: Option<Payload>,
    endpoint: &Endpoint,
    answer: Answer,
    id: &RequestId,
) -> Result<HttpResponse, RequestError> {
    let service = &endpoint.service;
    let peer = origin::peer(request, &endpoint.options);
    service.admit_address(peer)?;
    origin::check(request, &endpoint.options)?;
    let (mut parameters, ticket) = read_parameters(request, body, endpoint).await?;
    parameters.languages = Languages::of(request);
    if answer == Answer::EventStream {
        parameters.after = graphql_sse::last_event_id(request)?;
    }
    let from = (peer, origin::user_agent(request));
    let (caller, prepared, cookie) = match ticket {
        Some(ticket) if !request.headers().contains_key(header::AUTHORIZATION) => {
            let ticket = Ticket::new(ticket, request, answer)?;
            service.enter_by_ticket(&ticket, from, parameters, id).await?
        }
        _ => {
            let (caller, prepared) = service.enter(origin::bearer(request), from, parameters, id).await?;
            (caller, prepared, None)
        }
    };
    if let Ok(prepared) = &prepared {
        tell(&caller, prepared);
    }
    let is_subscription = prepared.as_ref().is_ok_and(|prepared| prepared.kind == Kind::Subscription);
    let form = match answer {
        Answer::EventStream => &graphql_sse::FORM,
        Answer::Multipart if is_subscription => &graphql_multipart::FORM,
        _ => return answer_once(request, endpoint, prepared?, answer).await,
    };
    let reader = (peer, Languages::of(request));
    let mut response = stream::respond(endpoint, reader, &caller, prepared, (request, form))?;
    if let Some(cookie) = cookie {
        cookie.set(request, &mut response);
    }
    Ok(response)
}

/// Records the caller and the operation in the request's span. The span gets the caller's id, and names from the schema, but no text from the client.
pub(crate) fn tell(caller: &Caller, prepared: &Prepared) {
    let span = Span::current();
    span.record("operation", prepared.kind.as_str());
    if let Some(field) = &prepared.field {
        span.record("field", field.as_str());
    }
    if caller.is_authenticated {
        span.record("actor", caller.subject.as_str());
    }
}

async fn answer_once(
    request: &HttpRequest,
    endpoint: &Endpoint,
    mut prepared: Prepared,
    answer: Answer,
) -> Result<HttpResponse, RequestError> {
    check_method(prepared.kind, request.method())?;
    if prepared.kind == Kind::Subscription {
        return Err(RequestError::transport(
            StatusCode::BAD_REQUEST,
            "SUBSCRIPTION_NEEDS_STREAM",
            "Subscribe over a WebSocket, or accept text/event-stream or multipart/mixed;subscriptionSpec=1.0.",
        ));
    }
    let rate = prepared.rate;
    let cookies = Arc::new(Cookies::of(request));
    if prepared.kind == Kind::Mutation {
        prepared.request.data.insert(cookies.clone());
    }
    let place = if prepared.kind == Kind::Query { prepared.place() } else { None };
    let mut answered = match place {
        Some(place) => {
            kept::respond(request, &endpoint.service, (prepared, place), |json| {
                body(StatusCode::OK, answer, json)
            })
            .await?
        }
        None => answer_fresh(request, &endpoint.service, prepared, answer).await?,
    };
    for (name, value) in rate.into_iter().flat_map(Allowance::headers) {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            answered.headers_mut().insert(header::HeaderName::from_static(name), value);
        }
    }
    cookies.write(&mut answered);
    Ok(answered)
}

/// Answers an operation whose answers are not kept.
async fn answer_fresh(
    request: &HttpRequest,
    service: &GraphqlService,
    prepared: Prepared,
    answer: Answer,
) -> Result<HttpResponse, RequestError> {
    if prepared.kind == Kind::Query {
        service.metrics().kept(KeptOutcome::NeverKept);
    }
    let (json, is_whole) = run_to_json(service, prepared).await?;
    Ok(with_hash(request, (json, is_whole), |json| body(StatusCode::OK, answer, json)))
}

/// Runs a query or mutation. Returns the answer as JSON, and whether it is free of errors.
pub(crate) async fn run_to_json(
    service: &GraphqlService,
    prepared: Prepared,
) -> Result<(Bytes, bool), RequestError> {
    let response = prepared.run(service.executor(), service.limits()).await?;
    Ok((response_json(&response, service.limits())?.into(), response.errors.is_empty()))
}

/// Builds the response that contains a fresh answer, which is not kept. An answer with errors gets no entity tag, because the same request may
/// succeed a moment later.
pub(crate) fn with_hash(
    request: &HttpRequest,
    (json, is_whole): (Bytes, bool),
    answer: impl FnOnce(Bytes) -> HttpResponse,
) -> HttpResponse {
    match request.method() == Method::GET && is_whole {
        true => caching::conditional(request, json, answer),
        false => answer(json),
    }
}

/// Refuses mutations over GET, because clients may repeat a GET request.
pub(crate) fn check_method(kind: Kind, method: &Method) -> Result<(), RequestError> {
    if kind == Kind::Mutation && method == Method::GET {
        return Err(method_not_allowed("Send mutations with POST."));
    }
    Ok(())
}

fn method_not_allowed(message: &str) -> RequestError {
    RequestError::transport(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
}

/// The parameters, and the ticket in the URL of a GET request.
async fn read_parameters(
    request: &HttpRequest,
    body: Option<Payload>,
    endpoint: &Endpoint,
) -> Result<(Parameters, Option<String>), RequestError> {
    let limits = endpoint.service.limits();
    let Some(body) = body else {
        byte_cap::check(request.query_string().len(), limits.body_bytes)?;
        let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|_| bad_request("The URL parameters cannot be parsed."))?.into_inner();
        let ticket = pairs.iter().find(|(name, _)| name == ticket::PARAMETER).map(|(_, text)| text.clone());
        return Ok((Parameters::from_url(pairs, limits)?, ticket));
    };
    media::check_content_type(request)?;
    let bytes = tokio::time::timeout(limits.body_time(), read_body(body, limits.body_bytes)).await;
    let bytes = bytes.map_err(|_| {
        RequestError::transport(
            StatusCode::REQUEST_TIMEOUT,
            "BODY_TIMEOUT",
            "The body took too long to arrive.",
        )
    })??;
    Ok((Parameters::from_json(&bytes, limits)?, None))
}

async fn read_body(mut body: Payload, limit: usize) -> Result<Bytes, RequestError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| bad_request("The body ended early."))?;
        byte_cap::check(bytes.len() + chunk.len(), limit)?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn bad_request(message: &str) -> RequestError {
    RequestError::transport(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

/// The response to a refused request, in the media type that the client accepts.
pub(crate) fn error_response(error: &RequestError, answer: Answer) -> HttpResponse {
    refuse(error, answer, "POST")
}

fn refuse(error: &RequestError, answer: Answer, allow: &str) -> HttpResponse {
    let status = error.status_for(answer == Answer::GraphqlResponse);
    let mut response = json(status, answer, &error.to_body());
    let headers = response.headers_mut();
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            if let Ok(allow) = header::HeaderValue::from_str(allow) {
                headers.insert(header::ALLOW, allow);
            }
        }
        _ => {}
    }
    response
}

fn json(status: StatusCode, answer: Answer, of: &impl Serialize) -> HttpResponse {
    body(status, answer, to_json(of))
}

fn body(status: StatusCode, answer: Answer, json: impl MessageBody + 'static) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, answer.content_type()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(json)
}

/// Serializes a response as JSON.
///
/// # Errors
/// Fails with `RESPONSE_TOO_LARGE` if the response exceeds the limit, at which serialization stops. A mutation has been executed even if its
/// response is too large.
pub(crate) fn response_json(response: &Response, limits: &Limits) -> Result<String, RequestError> {
    let mut text = Bounded { text: Vec::new(), most: limits.answer_bytes };
    match spliced::to_writer(&mut text, response) {
        Ok(()) => Ok(String::from_utf8(text.text).unwrap_or_else(|error| not_json(&error))),
        Err(error) if error.is_io() => Err(too_large(limits)),
        Err(error) => Ok(not_json(&error)),
    }
}

/// Serializes a response of a subscription as JSON.
///
/// # Errors
/// Fails with `RESPONSE_TOO_LARGE` if the response exceeds the limit.
pub(crate) fn answer_json(answer: pipeline::Answer, limits: &Limits) -> Result<Arc<str>, RequestError> {
    match answer {
        pipeline::Answer::Written(json) if json.len() > limits.answer_bytes => Err(too_large(limits)),
        pipeline::Answer::Written(json) => Ok(json),
        pipeline::Answer::Response(response) => response_json(&response, limits).map(Arc::from),
    }
}

fn too_large(limits: &Limits) -> RequestError {
    let message = format!(
        "The answer has more than {} bytes. Ask for fewer fields or smaller pages.",
        limits.answer_bytes
    );
    RequestError::document("RESPONSE_TOO_LARGE", message)
}

/// A writer that fails after `most` bytes.
struct Bounded {
    text: Vec<u8>,
    most: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    // serde_json writes pieces of a few bytes, so this method avoids the loop in the trait's default method
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.text.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The JSON of a refusal, which is a GraphQL response with `errors` and no `data`.
pub(crate) fn error_json(error: &RequestError) -> String {
    to_json(&error.to_body())
}

fn to_json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_else(|error| not_json(&error))
}

fn not_json(error: &dyn std::error::Error) -> String {
    tracing::error!(%error, "an answer could not be serialized as JSON");
    r#"{"errors":[{"message":"The answer could not be serialized.","extensions":{"code":"INTERNAL"}}]}"#
        .to_owned()
}

#[cfg(test)]
mod tests {
    use async_graphql::Value;

    use super::*;

    #[test]
    fn a_message_of_a_subscription_has_a_most_however_it_was_made() {
        let limits = Limits { answer_bytes: 20, ..Limits::default() };
        let response = |text: &str| pipeline::Answer::Response(Response::new(Value::String(text.to_owned())));
        let json = |answer| answer_json(answer, &limits).map_err(|error| error.code);
        let written = |length: usize| pipeline::Answer::Written("x".repeat(length).into());
        assert_eq!(json(written(20)), Ok("x".repeat(20).into()));
        assert_eq!(json(response("123456789")), Ok(r#"{"data":"123456789"}"#.into()));
        for large in [written(21), response("1234567890")] {
            assert_eq!(json(large), Err("RESPONSE_TOO_LARGE"));
        }
    }
}
