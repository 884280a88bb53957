//! Shared state of all transports: the roles' schemas, the executor, authentication, and the limits that span sockets.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::http::StatusCode;
use async_graphql::{Executor, Request};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt as _, ready};
use prometheus_client::metrics::gauge::Gauge;
use tokio_util::sync::CancellationToken;

use super::{
    error::RequestError,
    graphql_http::error_json,
    kept::{Keep, KeptAnswers},
    languages::Languages,
    limits::Limits,
    persisted::Documents,
    pipeline::{Compile, Kind, Notes, Parameters, Prepared, RolePipeline, execute::DynExecutor},
    rate::KeyedRate,
    role_schema::RoleSet,
    schemas::{FullSchema, Schemas},
    ticket::{Admitted, StreamCookie, Ticket},
};
use telemetry::RequestId;

use crate::metrics::Metrics;

/// Time within which all sockets are closed when the server stops.
const MAX_JITTER: Duration = Duration::from_secs(2);

/// The message of an error code in the first of these languages that the application supports; `None` to keep the English message.
pub type Wording = fn(code: &str, languages: &Languages) -> Option<&'static str>;

/// Attaches the caller's data to a request, for the resolvers. The request already has the client's [`Languages`].
pub type AttachData = Arc<dyn Fn(&mut Request) + Send + Sync>;

/// The caller, as a transport sees it.
#[derive(Clone)]
pub struct Caller {
    /// Key of the role's schema. The key must be one of the keys passed to [`GraphqlService::new`].
    pub role_key: &'static str,
    /// Limits the caller to a part of the role's schema: the caller sees only the members whose entries in the visibility table all match this set.
    /// `None` if the caller sees the role's whole schema.
    pub view: Option<RoleSet>,
    /// Subject of rate and socket limits: the id of a user or token, or an anonymous caller's address.
    pub subject: String,
    /// Time at which the token expires. The caller's sockets and streams end at that time. `None` if the token never expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// Canceled when the session or token is revoked or its user is disabled. The cancellation ends sockets and streams immediately.
    pub revoked: CancellationToken,
    /// Whether the subject is a user or token, whose id may appear in logs.
    pub is_authenticated: bool,
    /// Attaches the caller's data for the resolvers.
    pub attach: AttachData,
}

impl Caller {
    /// A caller without a token, limited by its address. Attaches no data.
    pub fn anonymous(role_key: &'static str, peer: IpAddr) -> Self {
        Self {
            role_key,
            view: None,
            subject: peer.to_string(),
            is_authenticated: false,
            expires_at: None,
            revoked: CancellationToken::new(),
            attach: Arc::new(|_| {}),
        }
    }
}

/// The reason that authentication failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// The token is forged, expired or revoked: 401, WebSocket 4403.
    Unauthenticated,
    /// The ticket of an event stream was used, has expired, or was not issued for this login or by this server: 401.
    InvalidTicket,
    /// The token could not be checked: 503, WebSocket 1013.
    Unavailable,
}

impl AuthFailure {
    /// The HTTP response.
    pub fn to_error(self) -> RequestError {
        match self {
            Self::Unauthenticated => RequestError::transport(
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                "The token is invalid, expired or revoked. Get a new one.",
            ),
            Self::InvalidTicket => RequestError::transport(
                StatusCode::UNAUTHORIZED,
                "INVALID_TICKET",
                "The ticket was used, has expired, or was not issued by this server. Get a new one.",
            ),
            Self::Unavailable => RequestError::transport(
                StatusCode::SERVICE_UNAVAILABLE,
                "OVERLOADED",
                "The token could not be checked. Try again in a moment.",
            )
            .retry_after(1),
        }
    }
}

/// Authenticates callers by their token.
pub trait Authenticator: Send + Sync + 'static {
    /// `token` is the token without the prefix `Bearer`. `None` asks for the anonymous caller.
    fn authenticate<'a>(
        &'a self,
        token: Option<&'a str>,
        peer: IpAddr,
        user_agent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Caller, AuthFailure>>;

    /// Admits an event stream by the ticket in its URL, and uses the ticket up. A used ticket is accepted only together with the cookie of its first
    /// use. By default, there are no tickets.
    fn admit<'a>(
        &'a self,
        _ticket: &'a Ticket,
        _peer: IpAddr,
        _user_agent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Admitted, AuthFailure>> {
        ready(Err(AuthFailure::InvalidTicket)).boxed()
    }
}

/// The GraphQL service behind every transport.
pub struct GraphqlService {
    executor: Box<dyn DynExecutor>,
    schemas: Schemas,
    authenticator: Box<dyn Authenticator>,
    documents: Documents,
    kept_answers: KeptAnswers,
    wording: Option<Wording>,
    limits: Limits,
    shutdown: CancellationToken,
    subject_rate: KeyedRate,
    address_rate: KeyedRate,
    sockets: Arc<SocketCounts>,
    metrics: Arc<Metrics>,
}

impl GraphqlService {
    /// Creates a service on an executor (an `async_graphql::Schema` in fast validation mode). `full` returns the executor's full schema and defines
    /// which roles see what; it is called for the first request. `roles` are the roles' keys and bits. When `shutdown` is canceled, sockets close with
    /// 1001 and streams end.
    pub fn new<E: Executor>(
        executor: E,
        full: impl Fn() -> FullSchema + Send + Sync + 'static,
        roles: &[(&'static str, RoleSet)],
        authenticator: impl Authenticator,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Self {
        let schemas = Schemas::new(Box::new(full), roles, &limits);
        let rates = &limits.rates;
        Self {
            executor: Box::new(executor),
            schemas,
            authenticator: Box::new(authenticator),
            documents: Documents::automatic(limits.persisted_document_bytes),
            kept_answers: KeptAnswers::new(limits.kept_answer_bytes),
            wording: None,
            shutdown,
            subject_rate: KeyedRate::per_minute(rates.subject_per_minute, rates.subject_burst),
            address_rate: KeyedRate::per_minute(rates.address_per_minute, rates.address_burst),
            sockets: Arc::default(),
            metrics: Arc::default(),
            limits,
        }
    }

    /// Compiles the subscriptions that `compile` supports. The events of these subscriptions then bypass the executor.
    #[must_use]
    pub fn live(mut self, compile: Compile) -> Self {
        self.schemas.compile_with(compile);
        self
    }

    /// Keeps the answers of the queries that `keep` selects, up to [`Limits::kept_answer_bytes`].
    #[must_use]
    pub fn keep(mut self, keep: impl Keep) -> Self {
        if self.limits.kept_answer_bytes > 0 {
            self.schemas.keep(Arc::new(keep));
        }
        self
    }

    /// Sets the documents that clients may name. By default, the service learns documents from clients.
    #[must_use]
    pub fn with_documents(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Adds checks that the schema's types cannot express.
    #[must_use]
    pub fn with_hints(mut self, notes: Notes) -> Self {
        self.schemas.note(notes);
        self
    }

    /// Sets the messages of the transports' own errors in languages other than English.
    #[must_use]
    pub fn with_wording(mut self, wording: Wording) -> Self {
        self.wording = Some(wording);
        self
    }

    /// The error with its message in the reader's language, if the application has one.
    pub(crate) fn worded(&self, error: RequestError, languages: &Languages) -> RequestError {
        match self.wording.and_then(|wording| wording(error.code, languages)) {
            Some(message) => error.worded(message),
            None => error,
        }
    }

    /// The response that has only this error, as JSON in the reader's language. Counts the error.
    pub(crate) fn refusal_json(&self, error: RequestError, languages: &Languages) -> String {
        self.metrics.refused(error.code);
        error_json(&self.worded(error, languages))
    }

    /// The metrics of this service.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The schema visible to a role, in SDL; `None` if there is no such role.
    pub fn sdl(&self, role_key: &str) -> Option<String> {
        self.schemas.of_role(role_key).ok()?.map(|pipeline| pipeline.sdl())
    }

    /// The pipeline of the caller's schema.
    fn pipeline(&self, caller: &Caller) -> Result<Arc<RolePipeline>, RequestError> {
        let found = match caller.view {
            Some(view) => self.schemas.narrowed(view).map(Some),
            None => self.schemas.of_role(caller.role_key),
        };
        match found {
            Ok(Some(pipeline)) => Ok(pipeline),
            Ok(None) => {
                tracing::error!(role = caller.role_key, "a caller's role has no schema");
                Err(AuthFailure::Unavailable.to_error())
            }
            Err(error) => {
                tracing::error!(%error, role = caller.role_key, "a caller's schema could not be derived");
                Err(AuthFailure::Unavailable.to_error())
            }
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn kept_answers(&self) -> &KeptAnswers {
        &self.kept_answers
    }

    pub(crate) fn executor(&self) -> &dyn DynExecutor {
        &*self.executor
    }

    /// Applies the rate limit of an address. This function is called before any other work.
    pub(crate) fn admit_address(&self, peer: IpAddr) -> Result<(), RequestError> {
        self.address_rate.take(network(peer)).map(drop)
    }

    pub(crate) async fn authenticate(
        &self,
        token: Option<&str>,
        peer: IpAddr,
        user_agent: Option<&str>,
    ) -> Result<Caller, AuthFailure> {
        self.authenticator.authenticate(token, peer, user_agent).await
    }

    /// Authenticates the caller, and takes the operation through every stage except execution. An invalid token does not make a public mutation (such
    /// as the login) fail, because the client needs that mutation to get a new token.
    pub(crate) async fn enter(
        &self,
        token: Result<Option<&str>, RequestError>,
        (peer, user_agent): (IpAddr, Option<&str>),
        parameters: Parameters,
        request: &RequestId,
    ) -> Result<(Caller, Result<Prepared, RequestError>), RequestError> {
        let refused = match token {
            Ok(token) => match self.authenticate(token, peer, user_agent).await {
                Ok(caller) => {
                    let prepared = self.prepare(&caller, parameters, request);
                    return Ok((caller, prepared));
                }
                Err(AuthFailure::Unauthenticated) => AuthFailure::Unauthenticated.to_error(),
                Err(failure) => return Err(failure.to_error()),
            },
            Err(malformed) => malformed,
        };
        let nobody = self.authenticate(None, peer, user_agent).await.map_err(AuthFailure::to_error)?;
        match self.prepare(&nobody, parameters, request) {
            Ok(prepared) if prepared.kind == Kind::Mutation => Ok((nobody, Ok(prepared))),
            Err(error) if error.status == StatusCode::TOO_MANY_REQUESTS => Err(error),
            _ => Err(refused),
        }
    }

    /// Like [`GraphqlService::enter`], with the ticket of an event stream in place of a token.
    pub(crate) async fn enter_by_ticket(
        &self,
        ticket: &Ticket,
        (peer, user_agent): (IpAddr, Option<&str>),
        parameters: Parameters,
        request: &RequestId,
    ) -> Result<(Caller, Result<Prepared, RequestError>, Option<StreamCookie>), RequestError> {
        let admitted = self.authenticator.admit(ticket, peer, user_agent).await;
        let Admitted { caller, cookie } = admitted.map_err(AuthFailure::to_error)?;
        let prepared = self.prepare(&caller, parameters, request);
        Ok((caller, prepared, cookie))
    }

    /// Takes one operation of the caller through every stage except execution. For the rate limit, a mutation counts once for each of its root
    /// fields. Therefore, a hundred password guesses in one request count as a hundred operations.
    pub(crate) fn prepare(
        &self,
        caller: &Caller,
        mut parameters: Parameters,
        request: &RequestId,
    ) -> Result<Prepared, RequestError> {
        let begun = Instant::now();
        let mut rate = self.subject_rate.take(&caller.subject)?;
        let pipeline = self.pipeline(caller)?;
        let learned = self.documents.resolve(&mut parameters)?.map(|name| (name, parameters.query.clone()));
        let mut prepared = pipeline.prepare(parameters, &self.limits)?;
        if let Some((name, text)) = learned {
            self.documents.remember(name, &text);
        }
        if self.documents.is_trusted() && prepared.is_introspection() {
            let message = "This server runs only the documents of its list. Ask its operator for the schema.";
            return Err(RequestError::document("INTROSPECTION_REFUSED", message));
        }
        if prepared.kind == Kind::Mutation {
            let further = prepared.root_fields.saturating_sub(1);
            rate = self.subject_rate.take_many(&caller.subject, further)?.or(rate);
        }
        prepared.rate = rate.filter(|_| prepared.wants_cost());
        (caller.attach)(&mut prepared.request);
        prepared.observe(self.metrics.clone(), request.clone(), begun);
        Ok(prepared)
    }

    /// Counts one socket or stream toward its address's total until the guard is dropped.
    pub(crate) fn open_socket(&self, peer: IpAddr) -> Result<SocketGuard, RequestError> {
        // during a shutdown, running requests still get a response; new sockets and streams would outlast the shutdown, so another node takes
        // them
        if self.shutdown.is_cancelled() {
            return Err(RequestError::transport(
                StatusCode::SERVICE_UNAVAILABLE,
                "SHUTTING_DOWN",
                "The server is shutting down. Try again to reach another node.",
            )
            .retry_after(1));
        }
        let limits = &self.limits.sockets;
        self.sockets.open(SocketKey::All, limits.total).map_err(|()| {
            RequestError::transport(
                StatusCode::SERVICE_UNAVAILABLE,
                "TOO_MANY_SOCKETS",
                "The server has too many open sockets and streams. Try again later.",
            )
            .retry_after(5)
        })?;
        self.metrics.sockets.inc();
        let open = self.metrics.sockets.clone();
        let mut guard = SocketGuard { counts: self.sockets.clone(), open, keys: vec![SocketKey::All] };
        guard.add(SocketKey::Address(network(peer)), limits.per_address)?;
        Ok(guard)
    }

    /// Counts a socket toward its subject's total. The socket already counts toward its address's total.
    pub(crate) fn count_subject(&self, guard: &mut SocketGuard, caller: &Caller) -> Result<(), RequestError> {
        guard.add(SocketKey::Subject(caller.subject.clone()), self.limits.sockets.per_subject)
    }

    /// Number of open sockets and event streams.
    pub fn open_sockets(&self) -> usize {
        self.sockets.get(&SocketKey::All)
    }
}

/// Waits until a socket or stream must close because the server stops. Each call to this function adds a random delay, so that the clients of a full
/// server reconnect to the other nodes at about a thousand per second, not all at one instant.
pub(crate) async fn shutdown_with_jitter(service: Arc<GraphqlService>) {
    service.shutdown.cancelled().await;
    let open = u64::try_from(service.open_sockets()).unwrap_or(u64::MAX);
    let spread = Duration::from_millis(open).min(MAX_JITTER);
    tokio::time::sleep(spread.mul_f64(rand::random())).await;
}

/// Groups IPv6 addresses by their /64 network, because a client can choose any address within its network.
fn network(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => IpAddr::V4(mapped),
            None => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        },
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum SocketKey {
    All,
    Address(IpAddr),
    Subject(String),
}

/// Open sockets by key, with at most three keys per socket.
#[derive(Default)]
struct SocketCounts(Mutex<HashMap<SocketKey, usize>>);

impl SocketCounts {
    fn open(&self, key: SocketKey, limit: usize) -> Result<(), ()> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_default();
        if *count >= limit {
            return Err(());
        }
        *count += 1;
        Ok(())
    }

    fn close(&self, key: &SocketKey) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(key);
            }
        }
    }

    fn get(&self, key: &SocketKey) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or(0)
    }
}

/// Counts one open socket until it is dropped.
pub(crate) struct SocketGuard {
    counts: Arc<SocketCounts>,
    open: Gauge,
    keys: Vec<SocketKey>,
}

impl SocketGuard {
    fn add(&mut self, key: SocketKey, limit: usize) -> Result<(), RequestError> {
        self.counts.open(key.clone(), limit).map_err(|()| {
            RequestError::transport(
                StatusCode::TOO_MANY_REQUESTS,
                "TOO_MANY_SOCKETS",
                format!("There are already {limit} open sockets and streams, the maximum. Close one first."),
            )
            .retry_after(5)
        })?;
        self.keys.push(key);
        Ok(())
    }
}

impl Drop for SocketGuard {
    fn drop(&mut self) {
        self.open.dec();
        for key in &self.keys {
            self.counts.close(key);
        }
    }
}
