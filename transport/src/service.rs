//! What all transports share: the roles' schemas, the executor, who calls, and what is counted across sockets.

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
use futures_util::future::BoxFuture;
use prometheus_client::metrics::gauge::Gauge;
use tokio_util::sync::CancellationToken;

use super::{
    error::RequestError,
    limits::Limits,
    pipeline::{Compile, Kind, Notes, Parameters, Prepared, RolePipeline, execute::DynExecutor},
    rate::KeyedRate,
    role_schema::{self, RoleSchemaError, RoleSet},
};
use telemetry::RequestId;

use crate::metrics::Metrics;

/// Within this time every socket is closed when the server stops.
const LONGEST_SPREAD: Duration = Duration::from_secs(2);

/// Adds what resolvers need to know of the caller to a request's data.
pub type AttachData = Arc<dyn Fn(&mut Request) + Send + Sync>;

/// What a transport needs to know of who calls.
#[derive(Clone)]
pub struct Caller {
    /// Picks the role's schema; one of the keys the service was made with.
    pub role_key: &'static str,
    /// Who is counted for rates and sockets: a user's or token's id, and for nobody the address.
    pub subject: String,
    /// When the token ends, and with it sockets and streams.
    pub expires_at: Option<DateTime<Utc>>,
    /// Cancelled when the session or token is revoked or its user disabled: ends sockets and streams at once.
    pub revoked: CancellationToken,
    /// Whether the subject is a user or token, whose id logs may tell.
    pub is_somebody: bool,
    /// For the resolvers.
    pub attach: AttachData,
}

/// Why nobody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFailure {
    /// The token is forged, expired or revoked: 401, WebSocket 4403.
    Unauthenticated,
    /// It could not be looked at now: 503, WebSocket 1013.
    Unavailable,
}

impl AuthFailure {
    /// The answer over HTTP.
    pub fn to_error(self) -> RequestError {
        match self {
            Self::Unauthenticated => RequestError::transport(
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                "The token is not valid or not valid any more.",
            ),
            Self::Unavailable => RequestError::transport(
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "The token could not be checked now.",
            )
            .retry_after(1),
        }
    }
}

/// Turns a token into a caller.
pub trait Authenticator: Send + Sync + 'static {
    /// `token` is without `Bearer`; `None` asks for the caller that nobody is.
    fn authenticate<'a>(
        &'a self,
        token: Option<&'a str>,
        peer: IpAddr,
        user_agent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Caller, AuthFailure>>;
}

/// The GraphQL service behind every transport.
pub struct GraphqlService {
    executor: Box<dyn DynExecutor>,
    roles: HashMap<&'static str, RolePipeline>,
    authenticator: Box<dyn Authenticator>,
    limits: Limits,
    shutdown: CancellationToken,
    subject_rate: KeyedRate,
    address_rate: KeyedRate,
    sockets: Arc<SocketCounts>,
    metrics: Arc<Metrics>,
}

impl GraphqlService {
    /// A service over an executor (an `async_graphql::Schema` in fast validation mode). `sdl` is its full schema;
    /// `roles` are the roles' keys and bits, `visibility` says which of them sees what. When `shutdown` is
    /// cancelled, sockets close with 1001 and streams end.
    ///
    /// # Errors
    /// A schema or table from which a role's schema cannot be made.
    pub fn new<E: Executor>(
        executor: E,
        sdl: &str,
        roles: &[(&'static str, RoleSet)],
        visibility: role_schema::Visibility<'_>,
        authenticator: impl Authenticator,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> Result<Self, RoleSchemaError> {
        let mut pipelines = HashMap::new();
        for (key, role) in roles {
            let schema = role_schema::prune(sdl, key, *role, visibility)?;
            pipelines.insert(*key, RolePipeline::new(schema, &limits));
        }
        let rates = &limits.rates;
        Ok(Self {
            executor: Box::new(executor),
            roles: pipelines,
            authenticator: Box::new(authenticator),
            shutdown,
            subject_rate: KeyedRate::per_minute(rates.subject_per_minute, rates.subject_burst),
            address_rate: KeyedRate::per_minute(rates.address_per_minute, rates.address_burst),
            sockets: Arc::default(),
            metrics: Arc::default(),
            limits,
        })
    }

    /// Leaves the events of subscriptions to what this makes of them, where it makes anything of them.
    #[must_use]
    pub fn live(mut self, compile: Compile) -> Self {
        for pipeline in self.roles.values_mut() {
            pipeline.compile_with(compile);
        }
        self
    }

    /// Holds requests to what the schema's types do not say.
    #[must_use]
    pub fn noting(mut self, notes: Notes) -> Self {
        for pipeline in self.roles.values_mut() {
            pipeline.note(notes);
        }
        self
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The schema that a role sees, in the schema definition language.
    pub fn sdl(&self, role_key: &str) -> Option<String> {
        self.roles.get(role_key).map(RolePipeline::sdl)
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn executor(&self) -> &dyn DynExecutor {
        &*self.executor
    }

    /// Takes one request of an address; asked before anything else is done for it.
    pub(crate) fn admit_address(&self, peer: IpAddr) -> Result<(), RequestError> {
        self.address_rate.take(network(peer))
    }

    pub(crate) async fn authenticate(
        &self,
        token: Option<&str>,
        peer: IpAddr,
        user_agent: Option<&str>,
    ) -> Result<Caller, AuthFailure> {
        self.authenticator.authenticate(token, peer, user_agent).await
    }

    /// Finds out who calls, and takes the operation through every stage but execution. A mutation that is open to everybody, such as logging in,
    /// does not fail because of a token that is not valid any more: it is what the client needs to get a new one.
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

    /// Takes one operation of the caller through every stage but execution. A mutation counts as many requests as it has fields, so that a
    /// hundred guesses at a password are a hundred.
    pub(crate) fn prepare(
        &self,
        caller: &Caller,
        parameters: Parameters,
        request: &RequestId,
    ) -> Result<Prepared, RequestError> {
        let begun = Instant::now();
        self.subject_rate.take(&caller.subject)?;
        let Some(pipeline) = self.roles.get(caller.role_key) else {
            tracing::error!(role = caller.role_key, "a caller's role has no schema");
            return Err(AuthFailure::Unavailable.to_error());
        };
        let mut prepared = pipeline.prepare(parameters, &self.limits)?;
        if prepared.kind == Kind::Mutation {
            self.subject_rate.take_many(&caller.subject, prepared.root_fields.saturating_sub(1))?;
        }
        (caller.attach)(&mut prepared.request);
        prepared.observe(self.metrics.clone(), request.clone(), begun);
        Ok(prepared)
    }

    /// Counts a socket or stream of an address for as long as the guard lives.
    pub(crate) fn open_socket(&self, peer: IpAddr) -> Result<SocketGuard, RequestError> {
        // requests under way are answered until the end; what would outlive it is for another node
        if self.shutdown.is_cancelled() {
            return Err(RequestError::transport(
                StatusCode::SERVICE_UNAVAILABLE,
                "SHUTTING_DOWN",
                "The server is shutting down.",
            )
            .retry_after(1));
        }
        let limits = &self.limits.sockets;
        self.sockets.open(SocketKey::All, limits.total).map_err(|()| {
            RequestError::transport(
                StatusCode::SERVICE_UNAVAILABLE,
                "TOO_MANY_SOCKETS",
                "The server is full.",
            )
            .retry_after(5)
        })?;
        self.metrics.sockets.inc();
        let open = self.metrics.sockets.clone();
        let mut guard = SocketGuard { counts: self.sockets.clone(), open, keys: vec![SocketKey::All] };
        guard.add(SocketKey::Address(network(peer)), limits.per_address)?;
        Ok(guard)
    }

    /// Counts the same socket for its subject too.
    pub(crate) fn count_subject(&self, guard: &mut SocketGuard, caller: &Caller) -> Result<(), RequestError> {
        guard.add(SocketKey::Subject(caller.subject.clone()), self.limits.sockets.per_subject)
    }

    /// Sockets and event streams open now.
    pub fn open_sockets(&self) -> usize {
        self.sockets.get(&SocketKey::All)
    }
}

/// Waits until a socket or stream has to go because the server stops. Each waits a moment of its own, so that the clients of a full
/// server do not all come to the other nodes in one instant: a thousand a second.
pub(crate) async fn going_away(service: Arc<GraphqlService>) {
    service.shutdown.cancelled().await;
    let open = u64::try_from(service.open_sockets()).unwrap_or(u64::MAX);
    let spread = Duration::from_millis(open).min(LONGEST_SPREAD);
    tokio::time::sleep(spread.mul_f64(rand::random())).await;
}

/// An IPv6 client has a whole /64 to choose addresses from: it is counted as one.
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

/// Open sockets by key; it holds at most three keys a socket.
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
                format!("More than {limit} sockets and streams are open."),
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
