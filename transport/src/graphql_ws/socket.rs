//! A WebSocket's task, which reads messages, runs operations, and enforces timeouts.

use std::{
    collections::HashMap,
    future::poll_fn,
    net::IpAddr,
    num::NonZeroU32,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::web::BytesMut;
use chrono::Utc;
use futures_util::{
    StreamExt,
    stream::{AbortHandle, LocalBoxStream, SelectAll, abortable, once},
};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, timeout},
};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::{Instrument as _, Span};

use super::{
    Opened,
    inbox::{ClientFrame, Inbox},
    message::{self, ClientMessage, Token},
    outbox::{Close, Outbox},
    parked::{Parked, Room},
};
use crate::{
    Endpoint,
    error::RequestError,
    graphql_http::{answer_json, response_json, tell},
    languages::Languages,
    limits::{Limits, SocketLimits},
    listen::linger,
    pipeline::{Kind, Parameters, Prepared},
    service::{AuthFailure, Caller, SocketGuard, shutdown_with_jitter},
};

use telemetry::{RequestId, request};

/// Close codes that the server sends; see the table in [`super`].
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

/// An event of an operation.
enum Event {
    /// A response. `id` is the operation's id as a JSON string.
    Next {
        id: Rc<str>,
        json: Arc<str>,
    },
    Refused {
        id: Rc<str>,
        error: RequestError,
    },
    Done {
        id: Rc<str>,
    },
}

/// The reason that a socket's task ends.
enum End {
    /// The server closes the socket after it sends the queued messages.
    Close(Close),
    /// The server closes the socket without sending the queued messages.
    Abandon(Close),
    /// The client closed the socket, and the server sends the client's close code back.
    Closed(Option<u16>),
    /// The connection is lost.
    Gone,
}

/// The authenticated caller of the socket.
struct Session {
    caller: Caller,
    expires: Option<Instant>,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Session {
    fn new(caller: Caller) -> Self {
        let left = caller.expires_at.map(|end| (end - Utc::now()).to_std().unwrap_or_default());
        // an expiry time beyond the clock's range counts as no expiry
        let expires = left.and_then(|left| Instant::now().checked_add(left));
        Self { revoked: Box::pin(caller.revoked.clone().cancelled_owned()), expires, caller }
    }
}

/// A message that requires checking a token.
enum Asked {
    Init(Token),
    Refresh(Token),
}

/// Number of events that a socket takes from its operations before other tasks on the same thread run.
const TURNS: usize = 64;

/// An open socket.
pub(crate) struct Socket {
    endpoint: Arc<Endpoint>,
    peer: IpAddr,
    user_agent: Option<Box<str>>,
    languages: Languages,
    stream: TcpStream,
    inbox: Inbox,
    outbox: Outbox,
    /// Counts this socket as open until the connection ends.
    guard: SocketGuard,
    /// The id of the upgrade request, and the number of operations that the socket has started.
    id: (RequestId, u64),
    session: Option<Session>,
    operations: SelectAll<LocalBoxStream<'static, Event>>,
    /// Whether the socket's operations may deliver events.
    room: Room,
    running: HashMap<Rc<str>, AbortHandle>,
    message_rate: DefaultDirectRateLimiter,
    opened: Instant,
    heard: Instant,
    pinged: Instant,
    /// Whether the client offers the subprotocol graphql-transport-ws.
    agreed: bool,
}

impl Socket {
    pub(super) fn new(opened: Opened, stream: TcpStream, begun: BytesMut) -> Self {
        let now = Instant::now();
        let limits = &opened.endpoint.service.limits().sockets;
        let rate = NonZeroU32::new(limits.messages_per_second).unwrap_or(NonZeroU32::MIN);
        let quota =
            Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        Self {
            inbox: Inbox::new(begun, limits.message_bytes),
            endpoint: opened.endpoint,
            peer: opened.peer,
            user_agent: opened.user_agent,
            languages: opened.languages,
            stream,
            outbox: Outbox::new(),
            guard: opened.guard,
            id: (opened.id, 0),
            session: None,
            operations: SelectAll::new(),
            room: Room::default(),
            running: HashMap::new(),
            message_rate: RateLimiter::direct(quota),
            opened: now,
            heard: now,
            pinged: now,
            agreed: opened.agreed,
        }
    }

    /// Serves the socket until the connection is over.
    pub(crate) async fn run(mut self) {
        let end = if self.agreed { self.serve().await } else { End::Close(close::SUBPROTOCOL) };
        self.finish(end).await;
    }

    /// Serves the socket until one side ends it.
    async fn serve(&mut self) -> End {
        let mut shutdown = pin!(shutdown_with_jitter(self.endpoint.service.clone()));
        let mut clock = pin!(tokio::time::sleep_until(self.next_check()));
        loop {
            let heard = poll_fn(|context| self.poll_frame(context, shutdown.as_mut(), clock.as_mut())).await;
            let step = match heard.and_then(|heard| self.hear(heard)) {
                // the future is boxed, because it is rarely needed and would otherwise account for most of a socket's size
                Ok(Some(asked)) => Box::pin(self.identify(asked)).await,
                Ok(None) => Ok(()),
                Err(end) => Err(end),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Waits for a message from the client, and sends the events of the client's operations while it waits.
    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
        shutdown: Pin<&mut impl Future<Output = ()>>,
        mut clock: Pin<&mut Sleep>,
    ) -> Poll<Result<ClientFrame, End>> {
        if shutdown.poll(context).is_ready() {
            return Poll::Ready(Err(End::Close(close::GOING_AWAY)));
        }
        if let Some(session) = &mut self.session
            && session.revoked.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(End::Abandon(close::REVOKED)));
        }
        while clock.as_mut().poll(context).is_ready() {
            self.check_clock()?;
            clock.as_mut().reset(self.next_check());
        }
        let heard = self.poll_both_ways(context)?;
        // the timer is reset only to an earlier time; a check that runs too early does nothing and is rescheduled
        let next_check = self.next_check();
        if heard.is_pending() && next_check < clock.deadline() {
            clock.as_mut().reset(next_check);
            if clock.poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
        }
        heard.map(Ok)
    }

    /// Reads a message, and writes all ready events together.
    fn poll_both_ways(&mut self, context: &mut Context<'_>) -> Result<Poll<ClientFrame>, End> {
        let mut turns = TURNS;
        loop {
            // do not read from a client whose queue is full, because each message may need a response
            while self.has_room() {
                self.room.open();
                if let Poll::Ready(heard) = self.inbox.poll_next(&self.stream, context) {
                    return heard.map(Poll::Ready).map_err(End::Close);
                }
                let Poll::Ready(Some(event)) = self.operations.poll_next_unpin(context) else { break };
                self.tell(event);
                turns = turns.saturating_sub(1);
                if turns == 0 {
                    context.waker().wake_by_ref();
                    break;
                }
            }
            let had_room = self.has_room();
            if !had_room {
                drive(&mut self.operations, &self.room, context);
            }
            let _ = self.outbox.poll_write(&self.stream, context).map_err(|_| End::Gone)?;
            // writing may have made room for waiting operations
            if had_room || turns == 0 || !self.has_room() {
                return Ok(Poll::Pending);
            }
        }
    }

    /// Sends the close frame, and waits a moment for the client to read it.
    async fn finish(&mut self, end: End) {
        self.operations = SelectAll::new();
        self.running = HashMap::new();
        self.session = None;
        match end {
            End::Close(close) => self.outbox.close(close),
            End::Abandon(close) => self.outbox.abandon(close),
            End::Closed(code) => self.outbox.close_back(code),
            End::Gone => return,
        }
        let patience = Duration::from_secs(self.limits().stall_seconds.max(1));
        let written = poll_fn(|context| self.outbox.poll_write(&self.stream, context));
        if let Ok(Ok(())) = timeout(patience, written).await {
            linger(&mut self.stream).await;
        }
    }

    fn has_room(&self) -> bool {
        let limits = self.limits();
        self.outbox.has_room(limits.queue_messages, limits.queue_bytes)
    }

    fn limits(&self) -> &SocketLimits {
        &self.endpoint.service.limits().sockets
    }

    fn all_limits(&self) -> &Limits {
        self.endpoint.service.limits()
    }

    /// The next time at which a timeout may expire.
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
            // the socket does not always read from a client with queued messages, so such a client has the stall timeout, not the ping timeout
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

    /// Handles a message. If the message has a token that must be checked first, returns the request to check the token.
    fn hear(&mut self, heard: ClientFrame) -> Result<Option<Asked>, End> {
        self.heard = Instant::now();
        match heard {
            ClientFrame::End => return Err(End::Gone),
            ClientFrame::Close(code) => return Err(End::Closed(code)),
            ClientFrame::Pong => return Ok(None),
            ClientFrame::Text(_) | ClientFrame::Binary | ClientFrame::Ping(_) => {
                self.message_rate.check().map_err(|_| End::Close(close::TOO_FAST))?;
            }
        }
        match heard {
            ClientFrame::Text(text) => {
                let message = message::read(&text, self.all_limits()).ok_or(End::Close(close::INVALID))?;
                self.obey(message)
            }
            ClientFrame::Ping(payload) => {
                self.outbox.pong(&payload);
                Ok(None)
            }
            _ => Err(End::Close(close::INVALID)),
        }
    }

    fn obey(&mut self, message: ClientMessage) -> Result<Option<Asked>, End> {
        match message {
            ClientMessage::Init { .. } if self.session.is_some() => Err(End::Close(close::INIT_TWICE)),
            ClientMessage::Init { token, languages } => {
                if let Some(languages) = languages {
                    self.languages = languages;
                }
                Ok(Some(Asked::Init(token)))
            }
            ClientMessage::Ping { payload } => {
                let token = message::token(payload.as_ref());
                if self.session.is_some() && token != Token::Missing {
                    return Ok(Some(Asked::Refresh(token)));
                }
                self.outbox.text(&[r#"{"type":"pong"}"#]);
                Ok(None)
            }
            ClientMessage::Pong => Ok(None),
            ClientMessage::Complete { id } => {
                if let Some(operation) = self.running.remove(id.as_str()) {
                    operation.abort();
                }
                Ok(None)
            }
            ClientMessage::Subscribe { id, parameters } => {
                self.subscribe(id.into(), parameters).map(|()| None)
            }
        }
    }

    async fn identify(&mut self, asked: Asked) -> Result<(), End> {
        match asked {
            Asked::Init(token) => self.init(token).await,
            Asked::Refresh(token) => self.refresh(token).await,
        }
    }

    async fn init(&mut self, token: Token) -> Result<(), End> {
        let caller = self.authenticate(token).await?;
        let counted = self.endpoint.service.count_subject(&mut self.guard, &caller);
        counted.map_err(|_| End::Close(close::TOO_MANY_SOCKETS))?;
        self.session = Some(Session::new(caller));
        self.outbox.text(&[r#"{"type":"connection_ack"}"#]);
        Ok(())
    }

    /// Handles a ping with a token, which replaces the current token.
    async fn refresh(&mut self, token: Token) -> Result<(), End> {
        let fresh = self.authenticate(token).await?;
        let is_same = self.session.as_ref().is_some_and(|session| {
            let old = &session.caller;
            (&old.subject, old.role_key, old.view) == (&fresh.subject, fresh.role_key, fresh.view)
        });
        if !is_same {
            return Err(End::Abandon(close::FORBIDDEN));
        }
        let expires_at = serde_json::json!(fresh.expires_at).to_string();
        self.session = Some(Session::new(fresh));
        self.outbox.text(&[r#"{"type":"pong","payload":{"expiresAt":"#, &expires_at, "}}"]);
        Ok(())
    }

    /// Authenticates a token. During the check, queued messages are written and operations continue.
    async fn authenticate(&mut self, token: Token) -> Result<Caller, End> {
        let token = match token {
            Token::Missing => None,
            Token::Malformed => return Err(End::Abandon(close::FORBIDDEN)),
            Token::Given(token) => Some(token),
        };
        let time = Duration::from_secs(self.limits().init_seconds.max(1));
        let service = &self.endpoint.service;
        let lookup = service.authenticate(token.as_deref(), self.peer, self.user_agent.as_deref());
        let mut lookup = pin!(timeout(time, lookup));
        let found = poll_fn(|context| {
            if let Poll::Ready(Err(_)) = self.outbox.poll_write(&self.stream, context) {
                return Poll::Ready(Err(End::Gone));
            }
            drive(&mut self.operations, &self.room, context);
            lookup.as_mut().poll(context).map(Ok)
        });
        match found.await? {
            Ok(Ok(caller)) => Ok(caller),
            Ok(Err(AuthFailure::Unauthenticated | AuthFailure::InvalidTicket)) => {
                Err(End::Abandon(close::FORBIDDEN))
            }
            Ok(Err(AuthFailure::Unavailable)) | Err(_) => Err(End::Close(close::TRY_AGAIN)),
        }
    }

    fn subscribe(&mut self, id: Rc<str>, mut parameters: Parameters) -> Result<(), End> {
        let Some(session) = &self.session else { return Err(End::Close(close::UNAUTHORIZED)) };
        if self.running.contains_key(&id) {
            return Err(End::Close(close::ID_TAKEN));
        }
        if self.running.len() >= self.limits().operations {
            let error = RequestError::document(
                "TOO_MANY_OPERATIONS",
                format!(
                    "This socket already runs {} operations, the maximum. Complete one first.",
                    self.limits().operations
                ),
            );
            self.tell(Event::Refused { id, error });
            return Ok(());
        }
        parameters.languages = self.languages.clone();
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
        let quoted: Rc<str> = message::quoted(&id).into();
        let next = move |json| Event::Next { id: quoted.clone(), json };
        let events: LocalBoxStream<'static, Event> = if prepared.kind == Kind::Subscription {
            span.in_scope(|| tracing::debug!("subscribed"));
            let answers = prepared.stream(service.executor());
            let languages = self.languages.clone();
            let json = move |answer| {
                answer_json(answer, service.limits())
                    .unwrap_or_else(|error| service.refusal_json(error, &languages).into())
            };
            answers.map(move |answer| next(json(answer))).boxed_local()
        } else {
            let id = id.clone();
            once(async move {
                let begun = Instant::now();
                let run = prepared.run(service.executor(), service.limits());
                let answer = run.instrument(span.clone()).await;
                let answer = answer.and_then(|response| response_json(&response, service.limits()));
                let (outcome, event) = match answer {
                    Ok(json) => ("answered", next(json.into())),
                    Err(error) => (error.code, Event::Refused { id, error }),
                };
                request::ended(&span, outcome, begun.elapsed());
                event
            })
            .boxed_local()
        };
        let done = Event::Done { id: id.clone() };
        let events =
            Parked::new(events.chain(once(std::future::ready(done))).boxed_local(), self.room.clone());
        let (events, handle) = abortable(events);
        self.running.insert(id, handle);
        self.operations.push(events.boxed_local());
    }

    fn tell(&mut self, event: Event) {
        match event {
            Event::Next { id, json } => {
                self.outbox.text(&[r#"{"id":"#, &id, r#","type":"next","payload":"#, &json, "}"]);
            }
            Event::Refused { id, error } => {
                self.end(&id);
                self.endpoint.service.metrics().refused(error.code);
                let error = self.endpoint.service.worded(error, &self.languages);
                let errors = serde_json::json!(error.to_server_errors()).to_string();
                let id = message::quoted(&id);
                self.outbox.text(&[r#"{"id":"#, &id, r#","type":"error","payload":"#, &errors, "}"]);
            }
            Event::Done { id } => {
                if self.end(&id) {
                    self.outbox.text(&[r#"{"id":"#, &message::quoted(&id), r#","type":"complete"}"#]);
                }
            }
        }
    }

    /// Removes an operation; returns whether it was running.
    fn end(&mut self, id: &str) -> bool {
        self.running.remove(id).inspect(AbortHandle::abort).is_some()
    }
}

/// Polls the operations so that they continue their work, but delivers no events.
fn drive(operations: &mut SelectAll<LocalBoxStream<'static, Event>>, room: &Room, context: &mut Context<'_>) {
    room.close();
    let _ = operations.poll_next_unpin(context);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<F>(_: impl Fn(Socket) -> F) -> usize {
        size_of::<F>()
    }

    /// There are tens of thousands of sockets, so rarely used state belongs in a box.
    #[test]
    fn a_socket_is_small() {
        let size = size_of_future(Socket::run);
        assert!(size <= 2048, "{size} bytes");
    }
}
