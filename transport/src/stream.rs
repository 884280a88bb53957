//! Answers over an open HTTP response, in the forms of [`graphql_sse`](super::graphql_sse) and [`graphql_multipart`](super::graphql_multipart).

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web::Bytes};
use chrono::{DateTime, Utc};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, ready},
    stream::{self, BoxStream},
};
use tokio::time::{Interval, MissedTickBehavior};

use super::{
    Endpoint,
    connection::Cut,
    error::RequestError,
    graphql_http::{answer_json, check_method, response_json},
    languages::Languages,
    pipeline::{Kind, Position, Prepared},
    service::{AuthFailure, Caller, SocketGuard, shutdown_with_jitter},
};

/// How a protocol writes the parts of a stream.
pub(crate) struct Form {
    /// The value of `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The text that begins the stream.
    pub(crate) start: &'static str,
    /// Writes one answer, which is JSON without line breaks. The second argument is the answer's position.
    pub(crate) answer: fn(&str, Option<&str>) -> String,
    /// Writes a transport error in the form of an answer.
    pub(crate) error: fn(&RequestError) -> String,
    /// The text that shows that the connection is alive.
    pub(crate) idle: &'static str,
    /// The text that marks the end of the operation.
    pub(crate) end: &'static str,
}

/// Interval between two texts to a client that has closed its side of the connection. If the client has also stopped reading, the second text fails,
/// and the stream ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Responds to one operation with a stream.
pub(crate) fn respond(
    endpoint: &Endpoint,
    (peer, languages): (IpAddr, Languages),
    caller: &Caller,
    prepared: Result<Prepared, RequestError>,
    (request, form): (&HttpRequest, &'static Form),
) -> Result<HttpResponse, RequestError> {
    let (answers, position) = match prepared {
        Ok(prepared) => {
            check_method(prepared.kind, request.method())?;
            answers(endpoint, prepared, languages.clone())
        }
        Err(error) if error.in_document() => {
            let json = endpoint.service.refusal_json(error, &languages).into();
            (stream::once(ready(json)).boxed(), Position::default())
        }
        Err(error) => return Err(error),
    };
    let mut guard = endpoint.service.open_socket(peer)?;
    endpoint.service.count_subject(&mut guard, caller)?;
    let state = Answers {
        form,
        answers,
        position,
        ended: ended(endpoint, caller, languages).boxed(),
        keep_alive: keep_alive(Duration::from_secs(endpoint.service.limits().sockets.ping_seconds.max(1))),
        silent: silent(Cut::of(request)).boxed(),
        is_silent: false,
        over: false,
        _guard: guard,
    };
    let start = stream::once(ready(Ok(Bytes::from_static(form.start.as_bytes()))));
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, form.content_type))
        .insert_header((header::CACHE_CONTROL, "no-cache, no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(Box::pin(start.chain(stream::unfold(state, Answers::next)))))
}

/// The responses of the operation, as JSON, and the value that holds the position of the last response.
fn answers(
    endpoint: &Endpoint,
    mut prepared: Prepared,
    languages: Languages,
) -> (BoxStream<'static, Arc<str>>, Position) {
    let service = endpoint.service.clone();
    let position = prepared.positioned();
    if prepared.kind == Kind::Subscription {
        let answers = prepared.stream(service.executor()).map(move |answer| {
            answer_json(answer, service.limits())
                .unwrap_or_else(|error| service.refusal_json(error, &languages).into())
        });
        return (answers.boxed(), position);
    }
    let run = async move {
        let answer = prepared.run(service.executor(), service.limits()).await;
        answer
            .and_then(|response| response_json(&response, service.limits()))
            .unwrap_or_else(|error| service.refusal_json(error, &languages))
            .into()
    };
    (stream::once(run).boxed(), position)
}

/// Waits until the client has closed its side of the connection; waits forever if there is no handle to the connection.
async fn silent(connection: Option<Arc<Cut>>) {
    match connection {
        Some(connection) => connection.silent().await,
        None => std::future::pending().await,
    }
}

fn keep_alive(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Waits for a reason to end the stream before its operation ends: a shutdown, or the end of the caller's token. Returns the error to send; `None` at
/// a shutdown.
fn ended(
    endpoint: &Endpoint,
    caller: &Caller,
    languages: Languages,
) -> impl Future<Output = Option<RequestError>> + Send + 'static {
    let service = endpoint.service.clone();
    let shutdown = shutdown_with_jitter(endpoint.service.clone());
    let revoked = caller.revoked.clone();
    let expires_at = caller.expires_at;
    async move {
        tokio::select! {
            () = shutdown => return None,
            () = revoked.cancelled() => {}
            () = until(expires_at) => {}
        }
        Some(service.worded(AuthFailure::Unauthenticated.to_error(), &languages))
    }
}

/// Waits until a token expires; waits forever if the token does not expire.
async fn until(expires_at: Option<DateTime<Utc>>) {
    match expires_at {
        Some(end) => tokio::time::sleep((end - Utc::now()).to_std().unwrap_or_default()).await,
        None => std::future::pending().await,
    }
}

/// The body of a stream. The body is produced only as fast as the client reads, and nothing is queued for a slow client.
struct Answers {
    form: &'static Form,
    answers: BoxStream<'static, Arc<str>>,
    position: Position,
    ended: BoxFuture<'static, Option<RequestError>>,
    keep_alive: Interval,
    silent: BoxFuture<'static, ()>,
    is_silent: bool,
    over: bool,
    _guard: SocketGuard,
}

impl Answers {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.over {
            return None;
        }
        let form = self.form;
        let chunk = tokio::select! {
            biased;
            reason = &mut self.ended => {
                self.over = true;
                format!("{}{}", (form.error)(&reason?), form.end)
            }
            answer = self.answers.next() => match answer {
                Some(json) => (form.answer)(&json, self.position.take().as_deref()),
                None => {
                    self.over = true;
                    form.end.to_owned()
                }
            },
            () = &mut self.silent, if !self.is_silent => {
                self.is_silent = true;
                self.keep_alive = keep_alive(LAST_WORDS);
                self.keep_alive.reset();
                form.idle.to_owned()
            }
            _ = self.keep_alive.tick() => form.idle.to_owned(),
        };
        Some((Ok(chunk.into()), self))
    }
}
