//! Builds and runs a server from an [`App`], with GraphQL on one listener and the hook on another. Tests start a server in the same way.
//!
//! A server stops in this order, within `shutdown.grace_seconds`. First, the server becomes unready, but keeps serving for `shutdown.drain_seconds`,
//! so that load balancers notice. Then listeners close, sockets close with 1001, streams end, timers stop and requests in progress are completed.
//! Last, the writer commits the work it has accepted, and other nodes are notified.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::Server as Listener;
use actix_web::middleware::from_fn;
use actix_web::{App as HttpApp, HttpServer, web};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use app::auth::login;
use app::calls::writer::CallWriter;
use app::calls::{extend, reconcile};
use app::feed::{self, Hub};
use app::sip_proxies::{EventQueue, SipProxies};
use app::tariffs::{following, imports::worker as imports, warming};
use app::webhooks::{delivery, ports::Outlets};
use app::{App, Connections, notices, retention, sandbox, statistics};
use base::clock::Clock;
use base::error::{OrFault as _, Result};
use graphql::endpoint;
use graphql::webhook_documents::Compiler;
use sip::control::Proxies;
use sip::hook::{self, Hook};
use sip::metrics::HookMetrics;
use sip::stream::{self, EventStream};
use store::{Store, StoreOptions};
use telemetry::health::{Check, Report};
use transport::unread::close_unread;
use transport::{Documents, GraphqlService, HttpOptions};

use crate::config::Config;
use crate::exports::{self, Exports};
use crate::metrics::{self, Exported};
use crate::probes::{self, Probes};
use crate::simulate::Simulator;
use crate::uploads::{self, Uploads};
use crate::web as web_pages;
use crate::webhooks::WebhookSender;

/// The minimum part of the grace period, in seconds, that is reserved for the writer after the last request.
const WRITERS_SHARE: u64 = 3;

/// Largest file of trusted documents, in bytes.
const MAX_DOCUMENTS_BYTES: u64 = 16 << 20;

/// An [`App`] that is connected to the services in its configuration, but does not serve yet.
pub struct Node {
    /// The use cases.
    pub app: Arc<App>,
    /// The configuration.
    pub config: Arc<Config>,
    /// The stream of the proxies' events in Redis, if configured.
    pub stream: Option<Arc<EventStream>>,
}

impl Node {
    /// Connects to the configured database, creating the SQLite file if it does not exist. The tables may still have to be migrated
    /// ([`Store::migrate`]) before [`Node::new`].
    ///
    /// # Errors
    /// Returns the errors of [`Store::connect`].
    pub async fn connect(config: &Config) -> Result<(Store, Arc<Hub>)> {
        let hub = Arc::<Hub>::default();
        let options =
            StoreOptions { url: config.database_url.clone(), connections: config.database_connections };
        Ok((Store::connect(&options, hub.clone()).await?, hub))
    }

    /// Creates a node from a migrated store and the hub that observes it.
    ///
    /// # Errors
    /// May fail with database errors. Fails with a fault if the Redis address is invalid, or if the HTTP client of the proxies cannot be created.
    pub async fn new(database: (Store, Arc<Hub>), config: Arc<Config>, clock: Clock) -> Result<Self> {
        let proxies = Arc::new(Proxies::new(&config.hook.proxies).or_fault()?);
        Self::assemble(database, config, clock, (proxies, None)).await
    }

    /// Creates a sandbox, whose only SIP proxy is the simulator.
    ///
    /// # Errors
    /// Returns the errors of [`Node::new`].
    pub async fn sandbox(
        database: (Store, Arc<Hub>),
        config: Arc<Config>,
        simulator: Arc<Simulator>,
    ) -> Result<Self> {
        let calls = simulator.clone() as Arc<dyn sandbox::Simulator>;
        Self::assemble(database, config, Clock::system(), (simulator, Some(calls))).await
    }

    async fn assemble(
        (store, hub): (Store, Arc<Hub>),
        config: Arc<Config>,
        clock: Clock,
        (proxies, simulator): (Arc<dyn SipProxies>, Option<Arc<dyn sandbox::Simulator>>),
    ) -> Result<Self> {
        let stream = EventStream::new(&config.redis)?.map(Arc::new);
        let event_queue = stream.clone().map(|stream| stream as Arc<dyn EventQueue>);
        let webhooks = Outlets {
            documents: Arc::new(Compiler::new(config.limits.clone())),
            sender: Arc::new(WebhookSender::new(&config.webhooks)),
        };
        let connections = Connections { store, hub, proxies, event_queue, simulator, webhooks };
        let app = Arc::new(App::new(connections, config.options(), clock).await?);
        Ok(Self { app, config, stream })
    }
}

/// A running server.
pub struct Server {
    /// Bound address of GraphQL.
    pub http: SocketAddr,
    /// Bound address of the hook.
    pub hook: SocketAddr,
    grace: Duration,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
    stop_writer: CancellationToken,
    notifier: Vec<JoinHandle<()>>,
    stop_notifier: CancellationToken,
    /// Set if a listener or the writer ended unexpectedly.
    failed: Arc<AtomicBool>,
}

/// Reason that a shutdown was incomplete.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// The grace period ended before all accepted work was finished.
    #[error("accepted work was not finished within {} s (shutdown.grace_seconds)", .0.as_secs())]
    Late(Duration),
    /// A listener or the writer ended unexpectedly; the log has the reason.
    #[error("a listener or the writer failed: see the log")]
    Listener,
}

impl Server {
    /// Binds both configured listeners and serves until `stop` is canceled.
    ///
    /// # Errors
    /// Fails if an address cannot be bound.
    pub async fn start(node: &Node, stop: CancellationToken) -> std::io::Result<Self> {
        let (app, config) = (node.app.clone(), node.config.clone());
        let closing = CancellationToken::new();
        let (stop_writer, stop_notifier) = (CancellationToken::new(), CancellationToken::new());
        let notifier = feed::start(&app.store, &app.hub, &config.redis, &stop_notifier)
            .map_err(std::io::Error::other)?;
        if config.redis.url.is_some() {
            note_redis(&app);
        }
        let (writer, writing) = CallWriter::start(app.clone(), stop_writer.clone());
        let failed = Arc::<AtomicBool>::default();
        let watch = Watch { closing: closing.clone(), stop: stop.clone(), failed: failed.clone() };
        let writing = watch.over("the writer", writing);
        let service = endpoint::service(app.clone(), config.limits.clone(), closing.clone());
        let service = Arc::new(with_documents(service, &config)?);
        let probes: Arc<dyn Probes> = Arc::new(Answers { app: app.clone(), writer: writer.clone() });
        let bound = listen_for_hook(node, &writer, &service, probes.clone())
            .and_then(|hook| Ok((hook, listen_for_graphql(&config, &app, service, probes)?)));
        // if a listener cannot be opened, the writer stops, too; `closing` is canceled first, so that the writer's stop is not reported as a failure
        let ((hook_server, hook), (http_server, http)) = bound.inspect_err(|_| closing.cancel())?;
        let tasks = vec![
            watch.listener(hook_server),
            watch.listener(http_server),
            tokio::spawn(retention::run(app.clone(), closing.clone())),
            tokio::spawn(statistics::run(app.clone(), closing.clone())),
            tokio::spawn(imports::run(app.clone(), closing.clone())),
            tokio::spawn(warming::run(app.clone(), closing.clone())),
            tokio::spawn(following::run(app.clone(), closing.clone())),
            tokio::spawn(notices::run(app.clone(), closing.clone())),
            tokio::spawn(login::follow_revocations(app.clone(), closing.clone())),
            tokio::spawn(extend::run(app.clone(), writer.clone(), closing.clone())),
            tokio::spawn(delivery::run(app.clone(), closing.clone())),
            tokio::spawn(drain(app.clone(), config.shutdown.drain_seconds, stop.clone(), closing.clone())),
            tokio::spawn(stream::run(node.stream.clone(), app.clone(), writer.clone(), closing.clone())),
            tokio::spawn(reconcile::run(app, writer, closing)),
        ];
        let grace = Duration::from_secs(config.shutdown.grace_seconds);
        Ok(Self {
            http,
            hook,
            grace,
            stop,
            tasks,
            writer: writing,
            stop_writer,
            notifier,
            stop_notifier,
            failed,
        })
    }

    /// Waits until `stop` is canceled and all accepted work is done.
    ///
    /// # Errors
    /// Fails with a [`ShutdownError`]; clients that are still waiting then get no response and must retry.
    pub async fn finished(self) -> Result<(), ShutdownError> {
        self.stop.cancelled().await;
        let end = Instant::now() + self.grace;
        let (tasks, stop_writer, writer) = (self.tasks, self.stop_writer, self.writer);
        let (notifier, stop_notifier) = (self.notifier, self.stop_notifier);
        let all = async {
            for task in tasks {
                drop(task.await);
            }
            // the listeners are closed, so the writer can commit the work that the hook accepted
            stop_writer.cancel();
            drop(writer.await);
            // this step comes last, so that other nodes are notified of the final commits
            stop_notifier.cancel();
            for task in notifier {
                drop(task.await);
            }
        };
        if tokio::time::timeout_at(end, all).await.is_err() {
            return Err(ShutdownError::Late(self.grace));
        }
        if self.failed.load(Ordering::Relaxed) { Err(ShutdownError::Listener) } else { Ok(()) }
    }
}

/// Reports whether Redis answers.
fn note_redis(app: &App) {
    let hub = app.hub.clone();
    app.health.note("redis", move || match hub.status().is_up() {
        true => Check::ok("answers"),
        false => Check::failed("unavailable: polling the database for other nodes' activity events"),
    });
}

/// Binds the listener of the hook, the metrics and the probes.
fn listen_for_hook(
    node: &Node,
    writer: &CallWriter,
    service: &GraphqlService,
    probes: Arc<dyn Probes>,
) -> std::io::Result<(Listener, SocketAddr)> {
    let (app, config) = (&node.app, &node.config);
    let hook = web::Data::new(Hook {
        app: app.clone(),
        writer: writer.clone(),
        secrets: config.hook.secrets.clone(),
        body_time: config.limits.body_time(),
        metrics: HookMetrics::default(),
    });
    let (metrics, stream) = (service.metrics().clone(), node.stream.clone());
    let exported = web::Data::new(Exported::new(app.clone(), writer.clone(), hook.clone(), metrics, stream));
    let server = HttpServer::new(move || {
        let (hook, exported, probes) = (hook.clone(), exported.clone(), probes.clone());
        HttpApp::new()
            .wrap(from_fn(close_unread))
            .configure(move |config| hook::configure(config, hook))
            .configure(move |config| metrics::configure(config, exported))
            .configure(move |config| probes::configure(config, probes))
    })
    .workers(config.workers)
    .disable_signals()
    .shutdown_timeout(request_seconds(config))
    .bind(config.hook.listen)
    .map_err(|error| named(error, config.hook.listen, "hook.listen"))?;
    let address = first(&server.addrs())?;
    Ok((server.run(), address))
}

/// Binds the listener that serves GraphQL, the probes, and the web pages.
fn listen_for_graphql(
    config: &Config,
    app: &Arc<App>,
    service: Arc<GraphqlService>,
    probes: Arc<dyn Probes>,
) -> std::io::Result<(Listener, SocketAddr)> {
    let options = HttpOptions {
        allowed_origins: config.allowed_origins.clone(),
        allow_loopback: config.allow_loopback_origins,
        trusted_proxies: config.trusted_proxies.clone(),
    };
    let pages = config.web;
    let uploads = Uploads { app: app.clone(), service: service.clone(), options: options.clone() };
    let uploads = web::Data::new(uploads);
    let exports =
        web::Data::new(Exports::new(app.clone(), service.clone(), options.clone(), &config.exports));
    let mount = move |mounted: &mut web::ServiceConfig| {
        transport::configure(mounted, service.clone(), options.clone());
        probes::configure(mounted, probes.clone());
        uploads::configure(mounted, uploads.clone());
        exports::configure(mounted, exports.clone());
        web_pages::configure(mounted, pages);
    };
    transport::listen(config.listen, config.workers, request_seconds(config), mount)
        .map_err(|error| named(error, config.listen, "listen"))
}

/// Seconds that a stopping listener waits for requests in progress; at least 1.
fn request_seconds(config: &Config) -> u64 {
    let shutdown = &config.shutdown;
    shutdown.grace_seconds.saturating_sub(shutdown.drain_seconds + WRITERS_SHARE).max(1)
}

/// State shared by the probe handlers.
struct Answers {
    app: Arc<App>,
    writer: CallWriter,
}

impl Probes for Answers {
    fn live(&self) -> Report {
        self.app.health.live()
    }

    fn ready(&self) -> BoxFuture<'_, Report> {
        self.app.ready(self.writer.room()).boxed()
    }
}

/// Makes the node unready when `stop` is canceled, and cancels `closing` after the drain period.
async fn drain(app: Arc<App>, drain: u64, stop: CancellationToken, closing: CancellationToken) {
    stop.cancelled().await;
    app.health.stop();
    tracing::info!(drain_seconds = drain, "stopping");
    tokio::time::sleep(Duration::from_secs(drain)).await;
    closing.cancel();
}

/// Watches the listeners and the writer: a node cannot work without them. If a listener or the writer ends before `closing`, the node stops.
struct Watch {
    closing: CancellationToken,
    stop: CancellationToken,
    failed: Arc<AtomicBool>,
}

impl Watch {
    fn over<T: std::fmt::Debug>(
        &self,
        what: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<()> {
        let (closing, stop, failed) = (self.closing.clone(), self.stop.clone(), self.failed.clone());
        tokio::spawn(async move {
            let ended = work.await;
            if !closing.is_cancelled() {
                tracing::error!(?ended, "{what} failed");
                failed.store(true, Ordering::Relaxed);
                stop.cancel();
            }
        })
    }

    /// Runs a listener until `closing` is canceled.
    fn listener(&self, server: Listener) -> JoinHandle<()> {
        let (handle, closing) = (server.handle(), self.closing.clone());
        tokio::spawn(async move {
            closing.cancelled().await;
            // refuse new connections, close idle connections, and wait for requests in progress
            handle.stop(true).await;
        });
        self.over("a listener", server)
    }
}

/// Restricts the service to the trusted documents, if the configuration names a file of trusted documents.
fn with_documents(service: GraphqlService, config: &Config) -> std::io::Result<GraphqlService> {
    let Some(path) = &config.trusted_documents else { return Ok(service) };
    let about = |error: &dyn std::fmt::Display| {
        std::io::Error::other(format!("{} (trusted_documents): {error}", path.display()))
    };
    if std::fs::metadata(path).map_err(|error| about(&error))?.len() > MAX_DOCUMENTS_BYTES {
        return Err(about(&format!("the file has more than {MAX_DOCUMENTS_BYTES} bytes")));
    }
    let list = std::fs::read(path).map_err(|error| about(&error))?;
    let documents = Documents::trusted(&list).map_err(|error| about(&error))?;
    Ok(service.with_documents(documents))
}

/// The error of a listener, with its address, its setting and a remedy.
fn named(error: std::io::Error, address: SocketAddr, setting: &str) -> std::io::Error {
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => "Another program uses this port. End that program, or choose another port.",
        ErrorKind::PermissionDenied => {
            "Choose a port of 1024 or higher, or allow the program to use this port."
        }
        ErrorKind::AddrNotAvailable => {
            "This machine does not have this address. Choose an address of this machine."
        }
        _ => "Choose another address.",
    };
    let message = format!("cannot listen at {address} (setting `{setting}`): {error}. {remedy}");
    std::io::Error::new(error.kind(), message)
}

fn first(addresses: &[SocketAddr]) -> std::io::Result<SocketAddr> {
    addresses.first().copied().ok_or_else(|| std::io::Error::other("no address was bound"))
}
