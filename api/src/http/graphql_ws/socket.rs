//! One socket: a task that reads messages, runs operations, and watches the clock.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_ws::{AggregatedMessage, MessageStream, ProtocolError};
use chrono::Utc;
use futures_util::{
    StreamExt,
    stream::{AbortHandle, LocalBoxStream, SelectAll, abortable, once},
};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::{Instrument as _, Span};

use super::{
    message::{self, ClientMessage, Token},
    outbox::{Close, Outbox},
};
use crate::http::{
    Endpoint,
    error::RequestError,
    graphql_http::{answer_json, response_json, tell},
    limits::{Limits, SocketLimits},
    pipeline::{Kind, Parameters, Prepared},
    service::{AuthFailure, Caller, going_away},
};

use crate::telemetry::{RequestId, request};

/// Every close the server makes, see the table in [`super`].
pub(super) mod close {
    use super::Close;

    pub(in super::super) const GOING_AWAY: Close =
        Close(1001, "Server is shutting down: reconnect and resume with your last cursor");
    pub(in super::super) const BROKEN: Close = Close(1002, "Protocol error");
    pub(in super::super) const NOT_UTF8: Close = Close(1007, "Text is not UTF-8");
    pub(in super::super) const TOO_LARGE: Close = Close(1009, "Message is too large");
    pub(in super::super) const TRY_AGAIN: Close = Close(1013, "Try again later");
    pub(in super::super) const INVALID: Close = Close(4400, "Invalid message");
    pub(in super::super) const UNAUTHORIZED: Close = Close(4401, "Unauthorized");
    pub(in super::super) const FORBIDDEN: Close = Close(4403, "Forbidden");
    pub(in super::super) const EXPIRED: Close = Close(4403, "Token expired");
    pub(in super::super) const REVOKED: Close = Close(4403, "Token revoked");
    pub(in super::super) const SUBPROTOCOL: Close = Close(4406, "Subprotocol not acceptable");
    pub(in super::super) const INIT_TIMEOUT: Close = Close(4408, "Connection initialisation timeout");
    pub(in super::super) const ID_TAKEN: Close = Close(4409, "Subscriber already exists");
    pub(in super::super) const INIT_TWICE: Close = Close(4429, "Too many initialisation requests");
    pub(in super::super) const TOO_FAST: Close = Close(4429, "Too many messages");
    pub(in super::super) const TOO_MANY_SOCKETS: Close = Close(4503, "Too many sockets");
    pub(in super::super) const DEAD: Close = Close(4504, "No sign of life");
    pub(in super::super) const SLOW: Close = Close(4508, "Client reads too slowly");
}

/// What an operation has to say.
enum Event {
    Next { id: Rc<str>, json: String },
    Refused { id: Rc<str>, error: RequestError },
    Done { id: Rc<str> },
}

/// Why the task ends.
enum End {
    /// After what waits has been sent.
    Close(Close),
    /// Instead of what waits.
    Abandon(Close),
    /// The client closed; its code is sent back.
    Closed(Option<u16>),
    /// The connection is over.
    Gone,
}

/// Who is on the socket, once that is known.
struct Session {
    caller: Caller,
    expires: Option<Instant>,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Session {
    fn new(caller: Caller) -> Self {
        let left = caller.expires_at.map(|end| (end - Utc::now()).to_std().unwrap_or_default());
        // A token that ends later than the clock can count never ends.
        let expires = left.and_then(|left| Instant::now().checked_add(left));
        Self { revoked: Box::pin(caller.revoked.clone().cancelled_owned()), expires, caller }
    }
}

/// A socket that is open.
pub(super) struct Socket {
    endpoint: Arc<Endpoint>,
    peer: IpAddr,
    user_agent: Option<String>,
    outbox: Outbox,
    /// The id of the upgrade, and how many operations came after it.
    id: (RequestId, u64),
    session: Option<Session>,
    operations: SelectAll<LocalBoxStream<'static, Event>>,
    running: HashMap<Rc<str>, AbortHandle>,
    message_rate: DefaultDirectRateLimiter,
    opened: Instant,
    heard: Instant,
    pinged: Instant,
}

impl Socket {
    pub(super) fn new(
        endpoint: Arc<Endpoint>,
        (peer, user_agent): (IpAddr, Option<String>),
        outbox: Outbox,
        id: RequestId,
    ) -> Self {
        let now = Instant::now();
        let rate = NonZeroU32::new(endpoint.service.limits().sockets.messages_per_second);
        let rate = rate.unwrap_or(NonZeroU32::MIN);
        let quota =
            Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        Self {
            endpoint,
            peer,
            user_agent,
            outbox,
            id: (id, 0),
            session: None,
            operations: SelectAll::new(),
            running: HashMap::new(),
            message_rate: RateLimiter::direct(quota),
            opened: now,
            heard: now,
            pinged: now,
        }
    }

    /// Serves the socket until one side ends it.
    pub(super) async fn run(mut self, incoming: MessageStream) {
        let size = self.limits().message_bytes;
        let mut incoming =
            incoming.max_frame_size(size).aggregate_continuations().max_continuation_size(size);
        let mut shutdown = pin!(going_away(self.endpoint.service.clone()));
        let mut clock = pin!(tokio::time::sleep_until(self.next_check()));
        let end = loop {
            let (frames, bytes) = (self.limits().queue_messages, self.limits().queue_bytes);
            let waiting = self.outbox.waiting();
            let has_room = waiting.0 < frames && waiting.1 < bytes;
            let outbox = self.outbox.clone();
            // A check that comes early finds nothing and is set anew, so only an earlier one moves the clock.
            let next_check = self.next_check();
            if next_check < clock.deadline() || clock.is_elapsed() {
                clock.as_mut().reset(next_check);
            }
            let step = tokio::select! {
                biased;
                () = &mut shutdown => Err(End::Close(close::GOING_AWAY)),
                () = revoked(self.session.as_mut()) => Err(End::Abandon(close::REVOKED)),
                () = &mut clock => self.check_clock(),
                // A client whose answers wait is not listened to either: each message may cost an answer.
                message = incoming.next(), if has_room => self.hear(message).await,
                Some(event) = self.operations.next(), if has_room && !self.operations.is_empty() => {
                    self.tell(event);
                    Ok(())
                }
                () = outbox.room(frames, bytes), if !has_room => Ok(()),
            };
            if let Err(end) = step {
                break end;
            }
        };
        match end {
            End::Close(close) => self.outbox.close(close),
            End::Abandon(close) => self.outbox.abandon(close),
            End::Closed(code) => self.outbox.close_back(code),
            End::Gone => {}
        }
    }

    fn limits(&self) -> &SocketLimits {
        &self.endpoint.service.limits().sockets
    }

    fn all_limits(&self) -> &Limits {
        self.endpoint.service.limits()
    }

    /// The next moment at which silence means something.
    fn next_check(&self) -> Instant {
        let limits = self.limits();
        let mut next = self.pinged + Duration::from_secs(limits.ping_seconds.max(1));
        match &self.session {
            None => next = next.min(self.opened + Duration::from_secs(limits.init_seconds)),
            Some(session) => next = session.expires.map_or(next, |expires| next.min(expires)),
        }
        if let Some(stuck) = self.outbox.stuck_since() {
            next = next.min(stuck + Duration::from_secs(limits.stall_seconds));
        }
        next
    }

    fn check_clock(&mut self) -> Result<(), End> {
        let limits = self.limits();
        let now = Instant::now();
        let passed = |since: Instant, seconds: u64| now >= since + Duration::from_secs(seconds);
        if self.session.as_ref().and_then(|session| session.expires).is_some_and(|expires| now >= expires) {
            return Err(End::Abandon(close::EXPIRED));
        }
        if self.session.is_none() && passed(self.opened, limits.init_seconds) {
            return Err(End::Close(close::INIT_TIMEOUT));
        }
        if self.outbox.stuck_since().is_some_and(|since| passed(since, limits.stall_seconds)) {
            return Err(End::Abandon(close::SLOW));
        }
        let ping = limits.ping_seconds.max(1);
        if passed(self.pinged, ping) {
            // While its answers wait the client is not listened to: then the stall decides.
            if self.outbox.stuck_since().is_none() {
                if passed(self.heard, ping.saturating_mul(2)) {
                    return Err(End::Abandon(close::DEAD));
                }
                self.outbox.ping();
            }
            self.pinged = now;
        }
        Ok(())
    }

    async fn hear(&mut self, message: Option<Result<AggregatedMessage, ProtocolError>>) -> Result<(), End> {
        self.heard = Instant::now();
        let text = match message {
            None => return Err(End::Gone),
            Some(Err(error)) => return Err(End::Close(close_for(&error))),
            Some(Ok(AggregatedMessage::Close(reason))) => {
                return Err(End::Closed(reason.map(|reason| reason.code.into())));
            }
            Some(Ok(AggregatedMessage::Pong(_))) => return Ok(()),
            Some(Ok(other)) => {
                self.message_rate.check().map_err(|_| End::Close(close::TOO_FAST))?;
                match other {
                    AggregatedMessage::Text(text) => text,
                    AggregatedMessage::Ping(payload) => {
                        self.outbox.pong(&payload);
                        return Ok(());
                    }
                    _ => return Err(End::Close(close::INVALID)),
                }
            }
        };
        let message = message::read(&text, self.all_limits()).ok_or(End::Close(close::INVALID))?;
        self.obey(message).await
    }

    async fn obey(&mut self, message: ClientMessage) -> Result<(), End> {
        match message {
            ClientMessage::Init { token } => self.init(token).await,
            ClientMessage::Ping { payload } => self.pong(message::token(payload.as_ref())).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Complete { id } => {
                if let Some(operation) = self.running.remove(id.as_str()) {
                    operation.abort();
                }
                Ok(())
            }
            ClientMessage::Subscribe { id, parameters } => self.subscribe(id.into(), parameters),
        }
    }

    async fn init(&mut self, token: Token) -> Result<(), End> {
        if self.session.is_some() {
            return Err(End::Close(close::INIT_TWICE));
        }
        let caller = self.authenticate(token).await?;
        let counted = self
            .outbox
            .with_guard(|guard| self.endpoint.service.count_subject(guard, &caller))
            .ok_or(End::Gone)?;
        counted.map_err(|_| End::Close(close::TOO_MANY_SOCKETS))?;
        self.session = Some(Session::new(caller));
        self.outbox.text(r#"{"type":"connection_ack"}"#);
        Ok(())
    }

    /// Answers a ping; with a token in it, the token replaces the present one.
    async fn pong(&mut self, token: Token) -> Result<(), End> {
        let Some(session) = self.session.as_ref().filter(|_| token != Token::Missing) else {
            self.outbox.text(r#"{"type":"pong"}"#);
            return Ok(());
        };
        let fresh = self.authenticate(token).await?;
        if session.caller.subject != fresh.subject || session.caller.role_key != fresh.role_key {
            return Err(End::Abandon(close::FORBIDDEN));
        }
        let expires_at = serde_json::json!(fresh.expires_at);
        self.session = Some(Session::new(fresh));
        self.outbox.text(&format!(r#"{{"type":"pong","payload":{{"expiresAt":{expires_at}}}}}"#));
        Ok(())
    }

    async fn authenticate(&self, token: Token) -> Result<Caller, End> {
        let token = match token {
            Token::Missing => None,
            Token::Malformed => return Err(End::Abandon(close::FORBIDDEN)),
            Token::Given(token) => Some(token),
        };
        let lookup =
            self.endpoint.service.authenticate(token.as_deref(), self.peer, self.user_agent.as_deref());
        let time = Duration::from_secs(self.limits().init_seconds.max(1));
        match tokio::time::timeout(time, lookup).await {
            Ok(Ok(caller)) => Ok(caller),
            Ok(Err(AuthFailure::Unauthenticated)) => Err(End::Abandon(close::FORBIDDEN)),
            Ok(Err(AuthFailure::Unavailable)) | Err(_) => Err(End::Close(close::TRY_AGAIN)),
        }
    }

    fn subscribe(&mut self, id: Rc<str>, parameters: Parameters) -> Result<(), End> {
        let Some(session) = &self.session else { return Err(End::Close(close::UNAUTHORIZED)) };
        if self.running.contains_key(&id) {
            return Err(End::Close(close::ID_TAKEN));
        }
        if self.running.len() >= self.limits().operations {
            let error = RequestError::document(
                "TOO_MANY_OPERATIONS",
                format!("More than {} operations run on this socket.", self.limits().operations),
            );
            self.tell(Event::Refused { id, error });
            return Ok(());
        }
        self.id.1 += 1;
        let request = self.id.0.operation(self.id.1);
        match self.endpoint.service.prepare(&session.caller, parameters, &request) {
            Ok(prepared) => {
                let span = request::span("graphql", &request);
                span.in_scope(|| tell(&session.caller, &prepared));
                self.start(id, prepared, span);
            }
            Err(error) => self.tell(Event::Refused { id, error }),
        }
        Ok(())
    }

    fn start(&mut self, id: Rc<str>, prepared: Prepared, span: Span) {
        let service = self.endpoint.service.clone();
        let event_id = id.clone();
        let next = move |json| Event::Next { id: event_id.clone(), json };
        let events: LocalBoxStream<'static, Event> = if prepared.kind == Kind::Subscription {
            span.in_scope(|| tracing::debug!("subscribed"));
            prepared.stream(service.executor()).map(move |answer| next(answer_json(answer))).boxed_local()
        } else {
            let id = id.clone();
            once(async move {
                let begun = Instant::now();
                let run = prepared.run(service.executor(), service.limits());
                let (outcome, event) = match run.instrument(span.clone()).await {
                    Ok(response) => ("answered", next(response_json(&response))),
                    Err(error) => (error.code, Event::Refused { id, error }),
                };
                request::ended(&span, outcome, begun.elapsed());
                event
            })
            .boxed_local()
        };
        let done = Event::Done { id: id.clone() };
        let (events, handle) = abortable(events.chain(once(std::future::ready(done))));
        self.running.insert(id, handle);
        self.operations.push(events.boxed_local());
    }

    fn tell(&mut self, event: Event) {
        match event {
            Event::Next { id, json } => self.outbox.text(&message::about("next", &id, &json)),
            Event::Refused { id, error } => {
                self.end(&id);
                self.endpoint.service.metrics().api.refused(error.code);
                let errors = serde_json::json!(error.to_server_errors()).to_string();
                self.outbox.text(&message::about("error", &id, &errors));
            }
            Event::Done { id } => {
                if self.end(&id) {
                    self.outbox.text(&message::complete(&id));
                }
            }
        }
    }

    /// Forgets an operation; answers whether it was running.
    fn end(&mut self, id: &str) -> bool {
        self.running.remove(id).inspect(AbortHandle::abort).is_some()
    }
}

/// Waits until the caller's token is revoked.
async fn revoked(session: Option<&mut Session>) {
    match session {
        Some(session) => session.revoked.as_mut().await,
        None => std::future::pending().await,
    }
}

fn close_for(error: &ProtocolError) -> Close {
    match error {
        ProtocolError::Overflow => close::TOO_LARGE,
        ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => close::NOT_UTF8,
        // Fragments that add up to more than a message may have; a lost connection ends here too and hears nothing.
        ProtocolError::Io(_) => close::TOO_LARGE,
        _ => close::BROKEN,
    }
}
