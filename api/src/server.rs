//! Builds and runs a server from an [`App`]: GraphQL on one listener, the hook on another. Tests start it the same way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App as HttpApp, HttpServer, web};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::calls::extend;
use crate::app::calls::writer::CallWriter;
use crate::auth::login;
use crate::feed;
use crate::graphql::endpoint;
use crate::http::{self, HttpOptions};
use crate::kamailio::hook::{self, Hook};

/// Seconds that requests under way get when the server stops.
const GRACE_SECONDS: u64 = 10;

/// A running server.
pub struct Server {
    /// Where GraphQL is served.
    pub http: SocketAddr,
    /// Where the hook is served.
    pub hook: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
    stop_writer: CancellationToken,
    doorbell: Vec<JoinHandle<()>>,
    stop_doorbell: CancellationToken,
}

impl Server {
    /// Binds both listeners of the configuration and serves until `stop` is cancelled.
    ///
    /// # Errors
    /// An address that cannot be bound.
    pub async fn start(app: Arc<App>, stop: CancellationToken) -> std::io::Result<Self> {
        let (stop_writer, stop_doorbell) = (CancellationToken::new(), CancellationToken::new());
        let doorbell = feed::start(&app.store, &app.config, &stop_doorbell).map_err(std::io::Error::other)?;
        let (writer, writing) = CallWriter::start(app.clone(), stop_writer.clone());
        let looking_after = extend::run(app.clone(), writer.clone(), stop.clone());
        let hook = web::Data::new(Hook { app: app.clone(), writer });
        let config = app.config.clone();
        let hook_server = HttpServer::new(move || {
            let hook = hook.clone();
            HttpApp::new().configure(move |config| hook::configure(config, hook))
        })
        .workers(config.workers)
        .disable_signals()
        .shutdown_timeout(GRACE_SECONDS)
        .bind(config.hook.listen)
        .map_err(|error| named(error, config.hook.listen, "hook.listen"))?;
        let hook_address = first(&hook_server.addrs())?;
        let service = endpoint::service(app.clone(), stop.clone()).map_err(std::io::Error::other)?;
        let service = Arc::new(service);
        let options = HttpOptions {
            allowed_origins: config.allowed_origins.clone(),
            explorer: config.explorer,
            trusted_proxies: config.trusted_proxies.clone(),
        };
        let http_server = HttpServer::new(move || {
            let (service, options) = (service.clone(), options.clone());
            HttpApp::new().configure(move |config| http::configure(config, service, options))
        })
        .workers(config.workers)
        .disable_signals()
        .shutdown_timeout(GRACE_SECONDS)
        .bind(config.listen)
        .map_err(|error| named(error, config.listen, "listen"))?;
        let http_address = first(&http_server.addrs())?;
        let tasks = vec![
            run(hook_server.run(), stop.clone()),
            run(http_server.run(), stop.clone()),
            tokio::spawn(login::follow_revocations(app, stop)),
            tokio::spawn(looking_after),
        ];
        Ok(Self {
            http: http_address,
            hook: hook_address,
            tasks,
            writer: writing,
            stop_writer,
            doorbell,
            stop_doorbell,
        })
    }

    /// Waits until `stop` was cancelled and everything that was taken in is done.
    pub async fn finished(self) {
        for task in self.tasks {
            drop(task.await);
        }
        // the listeners are gone: what the hook still handed in is committed now
        self.stop_writer.cancel();
        if tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), self.writer).await.is_err() {
            tracing::error!("the writer did not finish in time");
        }
        // last: other nodes are told of what was just committed
        self.stop_doorbell.cancel();
        for task in self.doorbell {
            drop(task.await);
        }
    }
}

fn run(server: actix_web::dev::Server, stop: CancellationToken) -> JoinHandle<()> {
    let handle = server.handle();
    tokio::spawn(async move {
        stop.cancelled().await;
        handle.stop(true).await;
    });
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "a listener failed");
        }
    })
}

fn named(error: std::io::Error, address: SocketAddr, setting: &str) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("cannot listen at {address} ({setting}): {error}"))
}

fn first(addresses: &[SocketAddr]) -> std::io::Result<SocketAddr> {
    addresses.first().copied().ok_or_else(|| std::io::Error::other("no address was bound"))
}
