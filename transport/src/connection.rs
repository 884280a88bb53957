//! A client's connection. The server can end this connection even while the client reads nothing, and a response can learn that the client stopped
//! sending. The HTTP dispatcher polls a response's body only when there is room for more bytes, so the body itself cannot end the connection of such
//! a client. The dispatcher also does not tell the body that the client closed the connection.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use actix_web::HttpRequest;
use futures_util::task::AtomicWaker;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Ends one connection, and knows whether the connection has ended.
#[derive(Debug, Default)]
pub struct Cut {
    is_cut: AtomicBool,
    /// Wakes the task that waits for room for more bytes.
    writer: AtomicWaker,
    /// Whether the client will send nothing more.
    is_silent: AtomicBool,
    /// Wakes the response that waits until the client stops sending.
    watcher: AtomicWaker,
}

impl Cut {
    /// The handle that can end a request's connection; `None` if the connections of the listener have no such handle.
    pub fn of(request: &HttpRequest) -> Option<Arc<Self>> {
        request.conn_data::<Arc<Self>>().cloned()
    }

    /// Ends the connection. Bytes that the client has not received are lost, and the client gets a reset.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
        self.writer.wake();
    }

    /// Waits until the client has closed its side of the connection. Most clients close their side only when they leave, but some clients close it
    /// and continue to read. Only one task at a time may wait in this method.
    pub(super) async fn silent(&self) {
        poll_fn(|context| {
            self.watcher.register(context.waker());
            if self.is_silent.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// A client's connection.
pub(super) struct Connection {
    stream: TcpStream,
    cut: Arc<Cut>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, cut: Arc::default() }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn cut(&self) -> &Arc<Cut> {
        &self.cut
    }

    /// The connection as a plain stream, which [`Cut`] can no longer end.
    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Fails if the connection was cut. If the connection was not cut, registers the task, so that the task is woken when the connection is cut.
    fn poll_cut(&self, context: &Context<'_>) -> io::Result<()> {
        self.cut.writer.register(context.waker());
        if !self.cut.is_cut.load(Ordering::Acquire) {
            return Ok(());
        }
        // without a linger time of zero, the kernel would keep the bytes for the client for minutes after the close
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
        Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the client reads nothing"))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (had, room) = (buffer.filled().len(), buffer.remaining());
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if matches!(read, Poll::Ready(Ok(()))) && room > 0 && buffer.filled().len() == had {
            this.cut.is_silent.store(true, Ordering::Release);
            this.cut.watcher.wake();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.poll_cut(context)?;
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.poll_cut(context)?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.poll_cut(context)?;
        Pin::new(&mut this.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
