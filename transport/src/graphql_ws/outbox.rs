//! The send queue of a socket: a bounded queue of frames, written when the connection can accept them. A slow client fills only its own send queue.
//! A close frame is sent even if the queue is full.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    task::{Context, Poll, ready},
};

use tokio::{net::TcpStream, time::Instant};

/// A close code and its reason, which is at most 123 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Close(pub(crate) u16, pub(crate) &'static str);

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Largest number of frames in one write.
const TOGETHER: usize = 32;
/// Largest capacity of the send queue, in frames, that an idle socket keeps allocated.
const KEPT_PLACES: usize = 4;

/// The send queue.
pub(super) struct Outbox {
    frames: VecDeque<Vec<u8>>,
    /// Number of bytes of the first frame that are already written.
    written: usize,
    /// Number of unwritten bytes of all frames.
    bytes: usize,
    /// When the connection last accepted bytes, or the queue last became nonempty.
    moved: Instant,
    closing: bool,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { frames: VecDeque::new(), written: 0, bytes: 0, moved: Instant::now(), closing: false }
    }

    /// Queues a text message made of these parts.
    pub(super) fn text(&mut self, parts: &[&str]) {
        self.push(TEXT, parts.iter().map(|part| part.as_bytes()));
    }

    pub(super) fn ping(&mut self) {
        self.push(PING, []);
    }

    pub(super) fn pong(&mut self, payload: &[u8]) {
        self.push(PONG, [payload]);
    }

    /// Queues a close frame after the queued frames.
    pub(super) fn close(&mut self, Close(code, reason): Close) {
        self.push(CLOSE, [&code.to_be_bytes()[..], reason.as_bytes()]);
        self.closing = true;
    }

    /// Responds to a client's close frame with the same code.
    pub(super) fn close_back(&mut self, code: Option<u16>) {
        match code {
            Some(code) => self.close(Close(code, "")),
            None => {
                self.push(CLOSE, []);
                self.closing = true;
            }
        }
    }

    /// Replaces the queued frames with a close frame. The rest of a partly written frame is still sent.
    pub(super) fn abandon(&mut self, close: Close) {
        self.frames.truncate(usize::from(self.written > 0));
        self.bytes = self.frames.iter().map(Vec::len).sum::<usize>().saturating_sub(self.written);
        self.close(close);
    }

    /// Whether fewer than `frames` frames and fewer than `bytes` bytes are queued.
    pub(super) fn has_room(&self, frames: usize, bytes: usize) -> bool {
        self.frames.len() < frames && self.bytes < bytes
    }

    /// If frames are queued, the time at which the connection last accepted bytes.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        (!self.frames.is_empty()).then_some(self.moved)
    }

    /// Writes the queued frames, and is ready when the queue is empty.
    ///
    /// # Errors
    /// Fails if the connection is lost.
    pub(super) fn poll_write(
        &mut self,
        stream: &TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.frames.is_empty() {
            match self.write_once(stream) {
                Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Ok(count) => self.took(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(stream.poll_write_ready(context))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write_once(&self, stream: &TcpStream) -> io::Result<usize> {
        let mut frames = self.frames.iter();
        let first = frames.next().and_then(|frame| frame.get(self.written..)).unwrap_or_default();
        if self.frames.len() == 1 {
            return stream.try_write(first);
        }
        let mut slices = [IoSlice::new(&[]); TOGETHER];
        for (slice, frame) in slices.iter_mut().zip(std::iter::once(first).chain(frames.map(Vec::as_slice))) {
            *slice = IoSlice::new(frame);
        }
        stream.try_write_vectored(&slices)
    }

    fn took(&mut self, count: usize) {
        self.bytes = self.bytes.saturating_sub(count);
        self.written += count;
        while let Some(first) = self.frames.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.frames.pop_front();
        }
        if !self.frames.is_empty() {
            self.moved = Instant::now();
        } else if self.frames.capacity() > KEPT_PLACES {
            self.frames = VecDeque::new();
        }
    }

    fn push<'a>(&mut self, opcode: u8, parts: impl IntoIterator<Item = &'a [u8]> + Clone) {
        if self.closing {
            return;
        }
        if self.frames.is_empty() {
            self.moved = Instant::now();
        }
        let frame = frame(opcode, parts);
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }
}

/// The bytes of one unfragmented, unmasked WebSocket frame (RFC 6455, section 5.2).
fn frame<'a>(opcode: u8, parts: impl IntoIterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let length: usize = parts.clone().into_iter().map(<[u8]>::len).sum();
    let mut frame = Vec::with_capacity(length + 10);
    frame.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) if length < 126 => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    for part in parts {
        frame.extend_from_slice(part);
    }
    frame
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test fails by a panic")]

    use std::future::poll_fn;

    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    use super::*;

    async fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connected");
        (listener.accept().await.expect("accepted").0, client)
    }

    /// The opcodes and lengths of the WebSocket frames in `bytes`.
    fn frames(mut bytes: &[u8]) -> Vec<(u8, usize)> {
        let mut found = Vec::new();
        while let [first, length, rest @ ..] = bytes {
            let (length, rest) = match (*length, rest) {
                (126, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
                (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                    let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                    (usize::try_from(length).expect("a length"), rest)
                }
                (length, rest) => (usize::from(length), rest),
            };
            found.push((first & 15, length));
            bytes = rest.get(length..).expect("the whole frame");
        }
        found
    }

    #[tokio::test]
    async fn frames_arrive_whole_and_in_order() {
        let (server, mut client) = connection().await;
        let mut outbox = Outbox::new();
        let lengths = [0, 1, 125, 126, 65_535, 65_536];
        for length in lengths.iter().chain(&[1; TOGETHER]) {
            outbox.text(&[&"x".repeat(*length)]);
        }
        outbox.ping();
        outbox.close(Close(1000, "over"));
        outbox.text(&["after the close"]);
        let mut read = Vec::new();
        let written = async {
            poll_fn(|context| outbox.poll_write(&server, context)).await.expect("written");
            drop(server);
        };
        tokio::join!(written, async { client.read_to_end(&mut read).await.expect("read") });
        let texts = lengths.iter().chain(&[1; TOGETHER]).map(|length| (TEXT, *length));
        assert_eq!(frames(&read), texts.chain([(PING, 0), (CLOSE, 6)]).collect::<Vec<_>>());
        assert!(outbox.frames.is_empty() && outbox.bytes == 0 && outbox.written == 0);
    }

    #[tokio::test]
    async fn a_frame_that_has_begun_is_finished_before_the_close_that_replaces_the_rest() {
        let (server, mut client) = connection().await;
        let mut outbox = Outbox::new();
        let text = "x".repeat(16 << 20);
        outbox.text(&[&text]);
        outbox.text(&["never sent"]);
        let full = poll_fn(|context| Poll::Ready(outbox.poll_write(&server, context).is_pending())).await;
        assert!(full && outbox.written > 0 && outbox.stuck_since().is_some());
        outbox.abandon(Close(4508, ""));
        let mut read = Vec::new();
        let written = async {
            poll_fn(|context| outbox.poll_write(&server, context)).await.expect("written");
            drop(server);
        };
        tokio::join!(written, async { client.read_to_end(&mut read).await.expect("read") });
        assert_eq!(frames(&read), [(TEXT, text.len()), (CLOSE, 2)]);
        assert_eq!(outbox.bytes, 0);
    }
}
