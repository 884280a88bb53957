//! The listener that serves GraphQL.
//!
//! The listener serves HTTP like `actix_web::HttpServer`, except for WebSockets. If a connection becomes a WebSocket, this listener takes the
//! connection away from the HTTP dispatcher, because the dispatcher's two buffers of 8 KiB would otherwise live as long as the socket. The
//! application handles an upgrade like any other request. If the application accepts the upgrade, it leaves a socket in the request's [`Handover`].

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{SocketAddr, TcpListener},
    pin::pin,
    time::Duration,
};

use actix_codec::{Encoder as _, Framed};
use actix_http::{
    ConnectionType, HttpMessage as _, HttpService, Protocol, Request, Response,
    body::MessageBody as _,
    error::DispatchError,
    h1::{Codec, Message},
};
use actix_server::Server;
use actix_service::{
    Service, ServiceFactory as _, ServiceFactoryExt as _, always_ready,
    boxed::{self, BoxService, BoxServiceFactory},
    fn_factory, fn_service, map_config,
};
use actix_web::{
    App, HttpResponse,
    dev::{AppConfig, ServiceResponse},
    http::StatusCode,
    middleware::from_fn,
    web::{BytesMut, ServiceConfig},
};
use futures_util::future::LocalBoxFuture;
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{
    connection::Connection,
    graphql_ws::{Handover, Socket},
    unread::close_unread,
};

/// Time limit for a client to read the last response on a connection, and to close the connection after the server has ended it.
const DISCONNECT: Duration = Duration::from_secs(1);
/// Time limit for a client that does not read the response to its upgrade request.
const STALL: Duration = Duration::from_secs(20);

/// Maximum number of unsent bytes that the kernel accepts for a client: bytes for which the client's receive window has no room yet. Without this
/// limit, the kernel accepts several megabytes. A client that has stopped reading would then occupy that memory, and would look as if it were still
/// reading.
const UNSENT: u32 = 128 * 1024;

type Application = BoxService<Request, ServiceResponse, HttpResponse>;
type ApplicationFactory = BoxServiceFactory<(), Request, ServiceResponse, HttpResponse, ()>;
/// An upgrade request and its connection.
type Asked = (Request, Framed<Connection, Codec>);

/// Starts a server with the routes of `mount`. Returns the server and its bound address. The server ignores signals. A graceful stop waits
/// `shutdown_seconds` for running requests.
///
/// # Errors
/// Fails if the address cannot be bound.
pub fn listen(
    address: SocketAddr,
    workers: usize,
    shutdown_seconds: u64,
    mount: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let builder = Server::build().workers(workers).disable_signals().shutdown_timeout(shutdown_seconds);
    let stopping = builder.graceful_shutdown_signal();
    let builder = builder.listen("graphql", listener, move || {
        let (mount, stopping) = (mount.clone(), stopping.clone());
        let application = move || {
            let app = map_config(App::new().wrap(from_fn(close_unread)).configure(mount.clone()), |()| {
                AppConfig::default()
            });
            app.map_err(|error: actix_web::Error| error.error_response())
        };
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_disconnect_timeout(DISCONNECT)
            .on_connect_ext(|connection: &Connection, data| {
                tune(connection.stream());
                data.insert(connection.cut().clone());
            })
            .local_addr(address)
            .upgrade(upgrades(boxed::factory(application())))
            .finish(application());
        fn_service(|stream: TcpStream| async move {
            let peer = stream.peer_addr().ok();
            Ok::<_, DispatchError>((Connection::new(stream), Protocol::Http1, peer))
        })
        .and_then(http)
    })?;
    Ok((builder.run(), address))
}

/// Sets the socket options of a new connection. The options are only improvements: a connection also works without them.
fn tune(stream: &TcpStream) {
    let tuned = SockRef::from(stream).set_tcp_notsent_lowat(UNSENT).and_then(|()| stream.set_nodelay(true));
    if let Err(error) = tuned {
        tracing::debug!(%error, "the options of a connection cannot be set");
    }
}

/// Passes upgrade requests to the application. The HTTP codec classifies two kinds of requests as upgrades: WebSockets at any path, and CONNECT.
fn upgrades(application: ApplicationFactory) -> BoxServiceFactory<(), Asked, (), Infallible, ()> {
    boxed::factory(fn_factory(move || {
        let application = application.new_service(());
        async move { Ok::<_, ()>(Upgrades(application.await?)) }
    }))
}

struct Upgrades(Application);

impl Service<Asked> for Upgrades {
    type Response = ();
    type Error = Infallible;
    type Future = LocalBoxFuture<'static, Result<(), Infallible>>;

    always_ready!();

    fn call(&self, (request, connection): Asked) -> Self::Future {
        let handover = Handover::default();
        request.extensions_mut().insert(handover.clone());
        let answer = self.0.call(request);
        // this future lives as long as the socket, so state that is needed only at the start is boxed separately
        let opening = Box::pin(async move {
            let response = answer.await.map_or_else(|refusal| refusal, |answer| answer.into_parts().1);
            open(response, connection, &handover).await
        });
        Box::pin(async move {
            match opening.await {
                Ok(Some(socket)) => socket.run().await,
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "a connection was lost before it was upgraded"),
            }
            Ok(())
        })
    }
}

/// Sends the application's response to the client. If the application accepted, turns the connection into a socket.
async fn open(
    response: HttpResponse,
    connection: Framed<Connection, Codec>,
    handover: &Handover,
) -> io::Result<Option<Socket>> {
    let parts = connection.into_parts();
    let (mut stream, mut codec, mut out) = (parts.io.into_stream(), parts.codec, parts.write_buf);
    let agreed = handover.take().filter(|_| response.status() == StatusCode::SWITCHING_PROTOCOLS);
    let Some(opened) = agreed else {
        refuse(response, &mut stream, codec, out).await?;
        return Ok(None);
    };
    let (head, body) = Response::from(response).into_parts();
    codec.encode(Message::Item((head, body.size())), &mut out)?;
    timeout(STALL, stream.write_all(&out)).await??;
    Ok(Some(opened.on(stream, parts.read_buf)))
}

/// Responds to a request that does not become a socket. The end of the request's body is unknown, so the connection is closed after the
/// response.
async fn refuse(
    response: HttpResponse,
    stream: &mut TcpStream,
    mut codec: Codec,
    mut out: BytesMut,
) -> io::Result<()> {
    let (mut head, body) = Response::from(response).into_parts();
    head.head_mut().set_connection_type(ConnectionType::Close);
    // the response to an upgrade request is sent without chunked encoding
    head.head_mut().no_chunking(true);
    codec.encode(Message::Item((head, body.size())), &mut out)?;
    let mut body = pin!(body);
    loop {
        timeout(STALL, stream.write_all(&out)).await??;
        out.clear();
        match poll_fn(|context| body.as_mut().poll_next(context)).await {
            Some(chunk) => {
                let chunk = chunk.map_err(|error| io::Error::other(error.to_string()))?;
                codec.encode(Message::Chunk(Some(chunk)), &mut out)?;
            }
            None => break,
        }
    }
    linger(stream).await;
    Ok(())
}

/// Closes a connection after the last response. First reads and discards input for a moment, because closing a connection with unread bytes would
/// reset the connection, and the client might lose the end of its response.
pub(super) async fn linger(stream: &mut TcpStream) {
    let end = async {
        stream.shutdown().await?;
        let mut unread = vec![0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    drop(timeout(DISCONNECT, end).await);
}
