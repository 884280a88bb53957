//! Runs a complete server in this process, on its own database.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use api::config::Config;
use api::server::{Node, Server};
use app::sip_proxies::EventQueue;
use app::webhooks::config::Network;
use app::{App, ledger};
use base::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait as _, Database};
use sip::config::ProxyConfig;
use sip::stream::EventStream;
use tokio_util::sync::CancellationToken;

/// The hook's secret in tests.
pub const HOOK_SECRET: &str = "test-secret-of-the-hook";

/// Which database to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file in a temporary folder.
    Sqlite,
    /// A new database on the server at `CALLSHOP_TEST_POSTGRES`.
    Postgres,
}

/// A running server, its database, and the folder that holds their files.
pub struct TestServer {
    /// The server's application.
    pub app: Arc<App>,
    /// The Redis stream of the proxies' events, if the configuration names a stream.
    pub stream: Option<Arc<EventStream>>,
    /// Address of the GraphQL listener.
    pub http: SocketAddr,
    /// Address of the hook's listener.
    pub hook: SocketAddr,
    dir: Arc<tempfile::TempDir>,
    config: Config,
    time: TestTime,
    stop: CancellationToken,
    server: Server,
}

/// A server's clock, which is the system's clock plus an offset that the test sets.
#[derive(Clone, Default)]
pub struct TestTime(Arc<AtomicI64>);

impl TestTime {
    /// The server's current time.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::microseconds(self.0.load(Ordering::Relaxed))
    }

    /// Sets the server's clock, which continues to run from this time.
    pub fn set(&self, now: DateTime<Utc>) {
        self.0.store((now - Utc::now()).num_microseconds().expect("a near time"), Ordering::Relaxed);
    }

    /// Moves the server's clock forward.
    pub fn pass(&self, time: TimeDelta) {
        self.0.fetch_add(time.num_microseconds().expect("a short time"), Ordering::Relaxed);
    }

    pub(crate) fn clock(&self) -> Clock {
        let own = self.clone();
        Clock::new(move || own.now())
    }
}

/// URL of the PostgreSQL server, without a database name.
///
/// # Panics
/// Panics with instructions if `CALLSHOP_TEST_POSTGRES` is not set.
pub fn postgres_url() -> String {
    std::env::var("CALLSHOP_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "CALLSHOP_TEST_POSTGRES is not set: run the tests with tests/run, which starts PostgreSQL (apt-get install postgresql), \
             or leave PostgreSQL, Kamailio and SIPp out with tests/run --sqlite-only"
        )
    })
}

impl Backend {
    /// Creates an empty database and returns its URL.
    pub async fn new_database(self, dir: &tempfile::TempDir) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", dir.path().join("callshop.db").display()),
            Self::Postgres => new_postgres().await,
        }
    }
}

/// Creates an empty PostgreSQL database and returns its URL.
pub(crate) async fn new_postgres() -> String {
    let base = postgres_url();
    let name = format!("t{}", uuid::Uuid::now_v7().simple());
    let admin = Database::connect(format!("{base}/postgres")).await.expect("PostgreSQL answers");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database of its own");
    format!("{base}/{name}")
}

impl TestServer {
    /// Starts a server on a new database; `change` adjusts its configuration.
    pub async fn start(backend: Backend, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database_url = backend.new_database(&dir).await;
        Self::start_in(dir, database_url, change).await
    }

    /// Starts a server on an existing database.
    pub async fn start_at(database_url: String, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), database_url, change).await
    }

    async fn start_in(
        dir: tempfile::TempDir,
        database_url: String,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::run(Self::configured(database_url, change), Arc::new(dir), TestTime::default(), None).await
    }

    fn configured(database_url: String, change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            database_url,
            database_connections: 8,
            ..Config::default()
        };
        config.hook.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.hook.secrets = vec![HOOK_SECRET.to_owned().into()];
        // some tests report calls that were answered yesterday or that end in an hour
        config.calls.clock_skew_seconds = 172_800;
        // a test sends more requests in a second than a person sends in an hour
        config.limits.rates.subject_per_minute = 0;
        config.limits.rates.address_per_minute = 0;
        // receivers of webhooks run on this machine
        config.webhooks.allow_private = Network::LOOPBACK.to_vec();
        change(&mut config);
        config
    }

    /// Starts a server that also receives the proxies' events from this queue.
    pub async fn start_with_queue(
        backend: Backend,
        queue: Arc<dyn EventQueue>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let config = Self::configured(backend.new_database(&dir).await, change);
        Self::run(config, Arc::new(dir), TestTime::default(), Some(queue)).await
    }

    /// Starts another node on the same database.
    pub async fn another_node(&self) -> Self {
        self.another_node_with(|_| {}).await
    }

    /// Starts another node on the same database. The new node has the first node's configuration with other addresses; `change` adjusts the
    /// configuration.
    pub async fn another_node_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config.clone();
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.hook.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        change(&mut config);
        Self::run(config, self.dir.clone(), self.time.clone(), None).await
    }

    /// The server's clock, which the test can move.
    pub fn time(&self) -> &TestTime {
        &self.time
    }

    /// The configuration of another node on the same database with its own addresses, for a process that the test starts.
    pub async fn config_of_another(&self) -> Config {
        let mut config = self.config.clone();
        config.listen = crate::redis::free_port().await;
        config.hook.listen = crate::redis::free_port().await;
        config
    }

    async fn run(
        mut config: Config,
        dir: Arc<tempfile::TempDir>,
        time: TestTime,
        queue: Option<Arc<dyn EventQueue>>,
    ) -> Self {
        // without this folder, the servers of all tests on PostgreSQL would share a folder
        config.imports.folder.get_or_insert_with(|| dir.path().join("imports"));
        let mut node = node(config.clone(), time.clock()).await;
        if queue.is_some() {
            Arc::get_mut(&mut node.app).expect("no other task shares the application yet").event_queue =
                queue;
        }
        let stop = CancellationToken::new();
        let server = Server::start(&node, stop.clone()).await.expect("the listeners are bound");
        Self {
            app: node.app,
            stream: node.stream,
            http: server.http,
            hook: server.hook,
            dir,
            config,
            time,
            stop,
            server,
        }
    }

    /// The startup configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Restarts the server gracefully on the same database and addresses.
    pub async fn restart(self) -> Self {
        self.pause().await.start().await
    }

    /// Stops the server gracefully. The server's database is kept for [`StoppedServer::start`].
    pub async fn pause(self) -> StoppedServer {
        let (mut config, dir, time) = (self.config.clone(), self.dir.clone(), self.time.clone());
        config.listen = self.http;
        config.hook.listen = self.hook;
        self.stop().await;
        StoppedServer { config, dir, time }
    }

    /// Stops the server gracefully.
    pub async fn stop(self) {
        self.stop.cancel();
        self.server.finished().await.expect("the server stops gracefully");
    }

    /// The folder of the server's files.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Checks the ledger's invariants, as `callshop audit` does.
    pub async fn check_ledger(&self) {
        let checked = ledger::audit(&self.app.store, |_| {}).await;
        let broken: Vec<_> = checked
            .expect("the ledger reads")
            .into_iter()
            .filter(|invariant| !invariant.findings.is_empty())
            .map(|invariant| (invariant.name, invariant.findings))
            .collect();
        assert!(broken.is_empty(), "the ledger breaks invariants: {broken:#?}");
    }
}

/// A stopped server and its database.
pub struct StoppedServer {
    config: Config,
    dir: Arc<tempfile::TempDir>,
    time: TestTime,
}

impl StoppedServer {
    /// The server's configuration, including its addresses.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Changes the configuration for the next start.
    pub fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
    }

    /// The folder of the server's files.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Starts the server again at the same addresses.
    pub async fn start(self) -> TestServer {
        TestServer::run(self.config, self.dir, self.time, None).await
    }
}

/// Creates a node on a database, and creates the database's tables. The node accepts no requests.
pub async fn node(config: Config, clock: Clock) -> Node {
    app::auth::password::hash_cheaply();
    let (store, hub) = Node::connect(&config).await.expect("the database opens");
    store.migrate().await.expect("the tables are created");
    Node::new((store, hub), Arc::new(config), clock).await.expect("an application")
}

/// A proxy entry for the configuration.
pub fn proxy(name: &str, control: SocketAddr) -> ProxyConfig {
    ProxyConfig {
        name: name.to_owned(),
        control_url: format!("http://{control}"),
        token: HOOK_SECRET.to_owned().into(),
    }
}
