//! GraphQL over server-sent events, in the distinct-connections mode of the graphql-sse protocol. Each request runs one operation; its responses
//! are `next` events, and its end is a `complete` event.
//!
//! Errors in the document are sent as an event, too, because browsers' event sources show no other errors. Errors of the transport (token, rate,
//! size) are plain HTTP responses. A revoked or expired token ends the stream with an error. A shutdown ends the stream without `complete`, so that
//! clients reconnect.

use std::{convert::Infallible, net::IpAddr, time::Duration};

use actix_web::{
    HttpResponse,
    http::{Method, header},
    web::Bytes,
};
use chrono::{DateTime, Utc};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, ready},
    stream::{self, BoxStream},
};
use tokio::time::{Interval, MissedTickBehavior};

use super::{
    Endpoint,
    error::RequestError,
    graphql_http::{answer_json, check_method, error_json, response_json},
    media::Answer,
    pipeline::{Kind, Prepared},
    service::{AuthFailure, Caller, SocketGuard, shutdown_with_jitter},
};

/// Responds to one operation with an event stream.
pub(crate) fn respond(
    endpoint: &Endpoint,
    peer: IpAddr,
    caller: Caller,
    prepared: Result<Prepared, RequestError>,
    method: &Method,
) -> Result<HttpResponse, RequestError> {
    let answers = match prepared {
        Ok(prepared) => {
            check_method(prepared.kind, method)?;
            answers(endpoint, prepared)
        }
        Err(error) if error.in_document() => {
            endpoint.service.metrics().refused(error.code);
            stream::once(ready(error_json(&error))).boxed()
        }
        Err(error) => return Err(error),
    };
    let mut guard = endpoint.service.open_socket(peer)?;
    endpoint.service.count_subject(&mut guard, &caller)?;
    let state = EventStream {
        answers,
        ended: ended(endpoint, &caller).boxed(),
        keep_alive: keep_alive(endpoint.service.limits().sockets.ping_seconds),
        over: false,
        _guard: guard,
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, Answer::EventStream.content_type()))
        .insert_header((header::CACHE_CONTROL, "no-cache, no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(Box::pin(stream::unfold(state, EventStream::next))))
}

/// The responses of the subscription's operation, as JSON.
fn answers(endpoint: &Endpoint, prepared: Prepared) -> BoxStream<'static, String> {
    let service = endpoint.service.clone();
    if prepared.kind == Kind::Subscription {
        let answers = prepared.stream(service.executor());
        return answers.map(move |answer| answer_json(answer, service.limits())).boxed();
    }
    let run = async move {
        let answer = prepared.run(service.executor(), service.limits()).await;
        answer.and_then(|response| response_json(&response, service.limits())).unwrap_or_else(|error| {
            service.metrics().refused(error.code);
            error_json(&error)
        })
    };
    stream::once(run).boxed()
}

fn keep_alive(seconds: u64) -> Interval {
    let mut interval = tokio::time::interval(Duration::from_secs(seconds.max(1)));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Waits until a reason arises to end the stream before its operation ends. Returns the error to send; `None` at a shutdown.
fn ended(
    endpoint: &Endpoint,
    caller: &Caller,
) -> impl Future<Output = Option<RequestError>> + Send + 'static {
    let shutdown = shutdown_with_jitter(endpoint.service.clone());
    let revoked = caller.revoked.clone();
    let expires_at = caller.expires_at;
    async move {
        tokio::select! {
            () = shutdown => None,
            () = revoked.cancelled() => Some(AuthFailure::Unauthenticated.to_error()),
            () = until(expires_at) => Some(AuthFailure::Unauthenticated.to_error()),
        }
    }
}

/// Waits until a token expires; waits forever if the token does not expire.
async fn until(expires_at: Option<DateTime<Utc>>) {
    match expires_at {
        Some(end) => tokio::time::sleep((end - Utc::now()).to_std().unwrap_or_default()).await,
        None => std::future::pending().await,
    }
}

/// The body of an event stream. The body is produced only as fast as the client reads, and nothing is queued for a slow client.
struct EventStream {
    answers: BoxStream<'static, String>,
    ended: BoxFuture<'static, Option<RequestError>>,
    keep_alive: Interval,
    over: bool,
    _guard: SocketGuard,
}

impl EventStream {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.over {
            return None;
        }
        let chunk = tokio::select! {
            biased;
            reason = &mut self.ended => {
                self.over = true;
                format!("{}{COMPLETE}", next_event(&error_json(&reason?)))
            }
            answer = self.answers.next() => match answer {
                Some(json) => next_event(&json),
                None => {
                    self.over = true;
                    COMPLETE.to_owned()
                }
            },
            _ = self.keep_alive.tick() => ":\n\n".to_owned(),
        };
        Some((Ok(chunk.into()), self))
    }
}

const COMPLETE: &str = "event: complete\ndata:\n\n";

/// The JSON has no line breaks, so it fits in one `data` line.
fn next_event(json: &str) -> String {
    format!("event: next\ndata: {json}\n\n")
}
