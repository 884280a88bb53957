//! A toy schema behind the real transports, on its own port.

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::web::ServiceConfig;
use async_graphql::{
    Context, Enum, InputObject, Interface, Object, Schema, SimpleObject, Subscription, ValidationMode,
};
use futures_util::{
    FutureExt, Stream, StreamExt as _,
    future::{BoxFuture, ready},
    stream,
};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use transport::{
    Admitted, AuthFailure, Authenticator, Caller, Documents, FullSchema, GraphqlService, HttpOptions, Limits,
    RoleSet, StreamCookie, Ticket, configure, listen, pipeline::Position,
};

pub const NOBODY: RoleSet = RoleSet::role(0);
pub const USER: RoleSet = RoleSet::role(1);
pub const ADMIN: RoleSet = RoleSet::role(2);

pub const ROLES: [(&str, RoleSet); 3] = [("anonymous", NOBODY), ("user", USER), ("admin", ADMIN)];

pub const VISIBILITY: &[(&str, RoleSet)] = &[
    ("Query.secret", ADMIN),
    ("Mutation.wipe", ADMIN),
    ("Filter.internal", ADMIN),
    ("Kind.HIDDEN", ADMIN),
    ("Vault", ADMIN),
    ("Query.search.audit", ADMIN),
];

pub struct Query;

/// A thing.
#[derive(SimpleObject)]
pub struct Item {
    id: String,
    name: String,
}

/// Only admins see this type.
#[derive(SimpleObject)]
pub struct Secret {
    word: String,
}

/// Only admins see this type, although it is a node.
#[derive(SimpleObject)]
pub struct Vault {
    id: String,
    gold: i32,
}

/// Anything with an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "&String"))]
pub enum Node {
    Item(Item),
    Vault(Vault),
}

/// The criteria of a search.
#[derive(InputObject)]
pub struct Filter {
    name: Option<String>,
    internal: Option<bool>,
    kind: Option<Kind>,
    tags: Option<Vec<String>>,
}

/// Kinds.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Open,
    Hidden,
}

/// The caller's name, attached by the authenticator.
pub struct Name(pub String);

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }

    async fn who(&self, ctx: &Context<'_>) -> String {
        ctx.data_opt::<Name>().map(|name| name.0.clone()).unwrap_or_default()
    }

    async fn echo(&self, value: String) -> String {
        value
    }

    async fn fails(&self) -> Option<async_graphql::Result<i32>> {
        Some(Err("it failed".into()))
    }

    async fn fails_wide(&self) -> async_graphql::Result<Option<i32>> {
        Err("it failed".into())
    }

    /// Holds the semaphore `TURN` until `GO_ON`, just as a query holds a pooled connection until the database responds.
    async fn hold(&self) -> bool {
        let turn = TURN.acquire().await;
        GO_ON.notified().await;
        turn.is_ok()
    }

    /// Never responds.
    async fn stuck(&self) -> bool {
        std::future::pending().await
    }

    async fn items(&self, first: i32) -> Vec<Item> {
        (0..first).map(|n| Item { id: n.to_string(), name: format!("item {n}") }).collect()
    }

    async fn node(&self, id: String) -> Option<Node> {
        Some(Node::Item(Item { name: id.clone(), id }))
    }

    async fn search(&self, filter: Filter, audit: Option<bool>) -> String {
        let kind = filter.kind.map_or("any", |kind| if kind == Kind::Open { "open" } else { "hidden" });
        format!("{:?} {:?} {kind} {audit:?} {:?}", filter.name, filter.internal, filter.tags)
    }

    async fn secret(&self) -> Secret {
        Secret { word: "sesame".into() }
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn bump(&self) -> i32 {
        1
    }

    async fn wipe(&self) -> bool {
        true
    }
}

pub struct Subscription_;

/// The semaphore that `hold` acquires.
pub static TURN: Semaphore = Semaphore::const_new(1);
/// Tells `hold` to return.
pub static GO_ON: Notify = Notify::const_new();
/// Number of messages that the counted `flood` subscriptions have sent.
pub static FLOODED: AtomicUsize = AtomicUsize::new(0);

/// Number of open streams, so that tests can see streams end.
pub static OPEN_STREAMS: LazyLock<tokio::sync::watch::Sender<usize>> =
    LazyLock::new(|| tokio::sync::watch::Sender::new(0));

struct Opened;

impl Opened {
    fn new() -> Self {
        OPEN_STREAMS.send_modify(|open| *open += 1);
        Self
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        OPEN_STREAMS.send_modify(|open| *open -= 1);
    }
}

#[Subscription(name = "Subscription")]
impl Subscription_ {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }

    /// Counts from `after`, and sets the position of each even number.
    async fn steps(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] to: i32,
        after: Option<String>,
    ) -> async_graphql::Result<impl Stream<Item = i32>> {
        let position = ctx.data_opt::<Position>().cloned();
        let after = after.map_or(Ok(0), |after| after.parse::<i32>())?;
        Ok(stream::iter(after + 1..=to).inspect(move |number| {
            if let Some(position) = position.as_ref().filter(|_| number % 2 == 0) {
                position.set(number.to_string());
            }
        }))
    }

    /// Sends one message, then stays silent.
    async fn silence(&self) -> impl Stream<Item = i32> {
        let opened = Opened::new();
        stream::unfold((0, opened), |(n, opened)| async move {
            if n > 0 {
                std::future::pending::<()>().await;
            }
            Some((n, (n + 1, opened)))
        })
    }

    /// Sends messages of 16 KiB without end. Only one test sets `counted`, because other tests use `flood` at the same time.
    async fn flood(&self, #[graphql(default)] counted: bool) -> impl Stream<Item = String> {
        let opened = Opened::new();
        stream::unfold(opened, move |opened| async move {
            FLOODED.fetch_add(usize::from(counted), Ordering::Relaxed);
            Some(("x".repeat(16 * 1024), opened))
        })
    }
}

pub type Toy = Schema<Query, Mutation, Subscription_>;

pub fn toy() -> Toy {
    Schema::build(Query, Mutation, Subscription_)
        .validation_mode(ValidationMode::Fast)
        .disable_suggestions()
        .finish()
}

/// The toy's schema, and which roles see what.
pub fn full() -> FullSchema {
    (toy().sdl(), VISIBILITY.iter().map(|(key, roles)| ((*key).to_owned(), *roles)).collect())
}

/// Tokens are `user`, `admin`, `other`, and `user:MS`, which expires after this many milliseconds. Tickets have the form `ticket-…`, and admit
/// `user`.
#[derive(Clone, Default)]
pub struct Tokens {
    /// Canceling this cancellation token revokes every access token of `user`.
    pub revoked: Arc<Mutex<CancellationToken>>,
    /// The tickets that were used.
    pub used: Arc<Mutex<HashSet<String>>>,
}

impl Authenticator for Tokens {
    fn authenticate<'a>(
        &'a self,
        token: Option<&'a str>,
        peer: IpAddr,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Caller, AuthFailure>> {
        let (name, life) = match token.unwrap_or_default().split_once(':') {
            Some((name, life)) => (name, life.parse().ok().map(Duration::from_millis)),
            None => (token.unwrap_or_default(), None),
        };
        let role_key = match (token, name) {
            (None, _) => "anonymous",
            (_, "user" | "other") => "user",
            (_, "admin") => "admin",
            _ => return ready(Err(AuthFailure::Unauthenticated)).boxed(),
        };
        let name = name.to_owned();
        let caller = Caller {
            role_key,
            view: None,
            subject: token.map_or_else(|| peer.to_string(), |_| name.clone()),
            is_authenticated: token.is_some(),
            expires_at: life.map(|life| chrono::Utc::now() + life),
            revoked: self.revoked.lock().expect("lock").clone(),
            attach: Arc::new(move |request| request.data.insert(Name(name.clone()))),
        };
        ready(Ok(caller)).boxed()
    }

    fn admit<'a>(
        &'a self,
        ticket: &'a Ticket,
        peer: IpAddr,
        user_agent: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Admitted, AuthFailure>> {
        let is_ours = ticket.text().starts_with("ticket-");
        let is_first = is_ours && self.used.lock().expect("lock").insert(ticket.text().to_owned());
        let has_cookie = is_ours && ticket.cookie("stream") == Some("secret");
        if !(is_first || has_cookie) {
            return ready(Err(AuthFailure::InvalidTicket)).boxed();
        }
        let cookie = is_first.then(|| StreamCookie { name: "stream".to_owned(), value: "secret".to_owned() });
        async move { Ok(Admitted { caller: self.authenticate(Some("user"), peer, user_agent).await?, cookie }) }.boxed()
    }
}

/// A server on a free port of this machine. The server stops when this value is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub service: Arc<GraphqlService>,
    pub tokens: Tokens,
    pub shutdown: CancellationToken,
    handle: actix_web::dev::ServerHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
        drop(self.handle.stop(false));
    }
}

impl Server {
    pub fn start() -> Self {
        Self::with(Limits::default(), HttpOptions::default())
    }

    pub fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self::with(limits, HttpOptions::default())
    }

    pub fn with(limits: Limits, options: HttpOptions) -> Self {
        Self::serving(limits, options, |service| service)
    }

    /// A server that runs only the documents of this list.
    pub fn trusting(list: &Value) -> Self {
        let documents = Documents::trusted(list.to_string().as_bytes()).expect("a list");
        Self::serving(Limits::default(), HttpOptions::default(), |service| service.with_documents(documents))
    }

    /// A server that translates its own errors to Portuguese.
    pub fn worded(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self::serving(limits, HttpOptions::default(), |service| {
            service.with_wording(|code, languages| {
                languages.tags().any(|tag| tag == "pt").then_some(match code {
                    "RESPONSE_TOO_LARGE" => "grande demais!",
                    "UNAUTHENTICATED" => "quem é?",
                    _ => "errado!",
                })
            })
        })
    }

    /// A server that keeps answers.
    pub fn keeping(keep: impl transport::Keep) -> Self {
        Self::serving(Limits::default(), HttpOptions::default(), |service| service.keep(keep))
    }

    pub fn serving(
        limits: Limits,
        options: HttpOptions,
        change: impl FnOnce(GraphqlService) -> GraphqlService,
    ) -> Self {
        let tokens = Tokens::default();
        let shutdown = CancellationToken::new();
        let service = GraphqlService::new(toy(), full, &ROLES, tokens.clone(), limits, shutdown.clone());
        let service = Arc::new(change(service));
        let (send, receive) = std::sync::mpsc::channel();
        let served = service.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let mount = move |cfg: &mut ServiceConfig| configure(cfg, served.clone(), options.clone());
                let any = SocketAddr::from(([127, 0, 0, 1], 0));
                let (running, address) = listen(any, 1, 30, mount).expect("a free port");
                send.send((address, running.handle())).expect("the test waits");
                running.await.expect("the server runs");
            });
        });
        let (address, handle) = receive.recv().expect("the server starts");
        Self { address, service, tokens, shutdown, handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    /// Posts a query. Returns status and body.
    pub async fn post(&self, token: Option<&str>, body: Value) -> (u16, Value) {
        self.post_text(token, body.to_string()).await
    }

    pub async fn post_text(&self, token: Option<&str>, body: String) -> (u16, Value) {
        let mut request = client()
            .post(self.url())
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json")
            .body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// Posts a query. Returns the first error's code, or "" if there are no errors.
    pub async fn code(&self, token: Option<&str>, query: &str) -> String {
        code_of(&self.post(token, json!({ "query": query })).await.1)
    }
}

pub fn code_of(body: &Value) -> String {
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

pub fn client() -> reqwest::Client {
    let timeout = Duration::from_secs(60);
    reqwest::Client::builder().no_proxy().timeout(timeout).build().expect("a client")
}

/// Waits until `expected` streams are open; waits forever if that never happens.
pub async fn streams_open(expected: usize) {
    let mut open = OPEN_STREAMS.subscribe();
    open.wait_for(|open| *open == expected).await.expect("the sender lives");
}
