//! The receiving side of a socket. The inbox parses messages from the connection's bytes, and keeps no buffer between messages.

use std::{
    io::ErrorKind,
    task::{Context, Poll, ready},
};

use actix_codec::Decoder as _;
use actix_http::ws::{Codec, Frame, Item, ProtocolError};
use actix_web::web::{Bytes, BytesMut};
use tokio::net::TcpStream;

use super::{outbox::Close, socket::close};

/// Buffer space for one read, in bytes. Most messages fit into this space.
const READ: usize = 2048;
/// Longest header of a WebSocket frame, in bytes.
const HEADER: usize = 14;

/// A message or control frame from the client.
#[derive(Debug)]
pub(super) enum ClientFrame {
    Text(String),
    Binary,
    Ping(Bytes),
    Pong,
    Close(Option<u16>),
    /// The connection is lost.
    End,
}

/// The fragments of an incomplete message that have already arrived.
struct Fragments {
    is_text: bool,
    bytes: Vec<u8>,
}

/// The reading side of a socket.
pub(super) struct Inbox {
    bytes: BytesMut,
    codec: Codec,
    fragments: Option<Box<Fragments>>,
    limit: usize,
}

impl Inbox {
    /// An inbox that accepts messages of at most `limit` bytes. `begun` contains bytes that were already read from the connection.
    pub(super) fn new(begun: BytesMut, limit: usize) -> Self {
        Self { bytes: begun, codec: Codec::new().max_size(limit), fragments: None, limit }
    }

    /// The next message or control frame.
    ///
    /// # Errors
    /// Fails with the close frame to send if the client violated the protocol or a limit.
    pub(super) fn poll_next(
        &mut self,
        stream: &TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<Result<ClientFrame, Close>> {
        loop {
            while let Some(frame) = self.codec.decode(&mut self.bytes).map_err(|error| close_for(&error))? {
                if let Some(heard) = self.take(frame)? {
                    return Poll::Ready(Ok(heard));
                }
            }
            // the codec reports an oversized frame only once the frame is complete
            if self.bytes.len() > self.limit.saturating_add(HEADER) {
                return Poll::Ready(Err(close::TOO_LARGE));
            }
            if self.bytes.is_empty() && self.bytes.capacity() > 0 {
                self.bytes = BytesMut::new();
            }
            if ready!(stream.poll_read_ready(context)).is_err() {
                return Poll::Ready(Ok(ClientFrame::End));
            }
            self.bytes.reserve(READ);
            match stream.try_read_buf(&mut self.bytes) {
                Ok(0) => return Poll::Ready(Ok(ClientFrame::End)),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => return Poll::Ready(Ok(ClientFrame::End)),
            }
        }
    }

    fn take(&mut self, frame: Frame) -> Result<Option<ClientFrame>, Close> {
        Ok(Some(match frame {
            Frame::Text(bytes) => text(bytes.into())?,
            Frame::Binary(_) => ClientFrame::Binary,
            Frame::Ping(payload) => ClientFrame::Ping(payload),
            Frame::Pong(_) => ClientFrame::Pong,
            Frame::Close(reason) => ClientFrame::Close(reason.map(|reason| reason.code.into())),
            Frame::Continuation(item) => return self.add(item),
        }))
    }

    /// Adds a fragment. The codec checks the order of fragments.
    fn add(&mut self, item: Item) -> Result<Option<ClientFrame>, Close> {
        let (bytes, is_last) = match item {
            Item::FirstText(bytes) | Item::FirstBinary(bytes) if bytes.len() > self.limit => {
                return Err(close::TOO_LARGE);
            }
            Item::FirstText(bytes) => {
                self.fragments = Some(Box::new(Fragments { is_text: true, bytes: bytes.into() }));
                return Ok(None);
            }
            Item::FirstBinary(bytes) => {
                self.fragments = Some(Box::new(Fragments { is_text: false, bytes: bytes.into() }));
                return Ok(None);
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let fragments = self.fragments.as_mut().ok_or(close::BROKEN)?;
        if fragments.bytes.len() + bytes.len() > self.limit {
            return Err(close::TOO_LARGE);
        }
        fragments.bytes.extend_from_slice(&bytes);
        match self.fragments.take_if(|_| is_last) {
            None => Ok(None),
            Some(all) if all.is_text => text(all.bytes).map(Some),
            Some(_) => Ok(Some(ClientFrame::Binary)),
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<ClientFrame, Close> {
    String::from_utf8(bytes).map(ClientFrame::Text).map_err(|_| close::NOT_UTF8)
}

fn close_for(error: &ProtocolError) -> Close {
    match error {
        ProtocolError::Overflow => close::TOO_LARGE,
        _ => close::BROKEN,
    }
}
