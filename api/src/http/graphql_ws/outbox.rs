//! What waits to be sent on a socket: a bounded queue of frames between the socket's task and the connection.
//!
//! The connection takes a frame when it has room for it, so that a client which reads slowly fills the queue and
//! nothing else. A close goes out even when the queue is full.

use std::{
    cell::RefCell,
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};
use tokio::time::Instant;

use crate::http::service::SocketGuard;

/// A close code with its reason; the reason is at most 123 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Close(pub(crate) u16, pub(crate) &'static str);

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// When the connection last took a frame, or the queue last stopped being empty.
    moved: Instant,
    closing: bool,
    /// The connection is over.
    gone: bool,
    connection: Option<Waker>,
    task: Option<Waker>,
    /// Counts the socket until the connection is over, which may be long after the task is.
    guard: Option<SocketGuard>,
}

/// The task's end of the queue.
#[derive(Clone)]
pub(crate) struct Outbox(Rc<RefCell<Queue>>);

/// The connection's end of the queue, as a response body.
pub(crate) struct Body {
    queue: Rc<RefCell<Queue>>,
    handshake: Option<BoxBody>,
}

/// A queue and its two ends.
pub(crate) fn outbox(guard: SocketGuard) -> (Outbox, Body) {
    let queue = Rc::new(RefCell::new(Queue {
        frames: VecDeque::new(),
        bytes: 0,
        moved: Instant::now(),
        closing: false,
        gone: false,
        connection: None,
        task: None,
        guard: Some(guard),
    }));
    (Outbox(queue.clone()), Body { queue, handshake: None })
}

impl Outbox {
    pub(crate) fn text(&self, message: &str) {
        self.push(TEXT, message.as_bytes());
    }

    pub(crate) fn ping(&self) {
        self.push(PING, &[]);
    }

    pub(crate) fn pong(&self, payload: &[u8]) {
        self.push(PONG, payload);
    }

    /// Sends a close after what waits already.
    pub(crate) fn close(&self, Close(code, reason): Close) {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        self.push(CLOSE, &payload);
        self.0.borrow_mut().closing = true;
    }

    /// Answers a client's close with its own code.
    pub(crate) fn close_back(&self, code: Option<u16>) {
        match code {
            Some(code) => self.close(Close(code, "")),
            None => {
                self.push(CLOSE, &[]);
                self.0.borrow_mut().closing = true;
            }
        }
    }

    /// Sends a close instead of what waits.
    pub(crate) fn abandon(&self, close: Close) {
        {
            let mut queue = self.0.borrow_mut();
            queue.frames.clear();
            queue.bytes = 0;
        }
        self.close(close);
    }

    /// Frames and bytes that wait.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let queue = self.0.borrow();
        (queue.frames.len(), queue.bytes)
    }

    /// Since when nothing was taken although something waits.
    pub(crate) fn stuck_since(&self) -> Option<Instant> {
        let queue = self.0.borrow();
        (!queue.frames.is_empty()).then_some(queue.moved)
    }

    /// Adds the subject to what the socket is counted for.
    pub(crate) fn with_guard<T>(&self, act: impl FnOnce(&mut SocketGuard) -> T) -> Option<T> {
        self.0.borrow_mut().guard.as_mut().map(act)
    }

    /// Waits until fewer than so many frames and bytes wait, or the connection is over.
    pub(crate) async fn room(&self, frames: usize, bytes: usize) {
        std::future::poll_fn(|context| {
            let mut queue = self.0.borrow_mut();
            if queue.gone || (queue.frames.len() < frames && queue.bytes < bytes) {
                return Poll::Ready(());
            }
            queue.task = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn push(&self, opcode: u8, payload: &[u8]) {
        let mut queue = self.0.borrow_mut();
        if queue.closing || queue.gone {
            return;
        }
        if queue.frames.is_empty() {
            queue.moved = Instant::now();
        }
        let frame = frame(opcode, payload);
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        if let Some(connection) = queue.connection.take() {
            connection.wake();
        }
    }
}

/// One unfragmented, unmasked frame (RFC 6455, section 5.2).
fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(0x80 | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.into()
}

impl Body {
    /// The body with the one of the handshake, whose end tells the incoming side of the connection's.
    pub(crate) fn holding(mut self, handshake: BoxBody) -> BoxBody {
        self.handshake = Some(handshake);
        BoxBody::new(self)
    }
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let mut queue = self.queue.borrow_mut();
        if let Some(frame) = queue.frames.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(frame.len());
            queue.moved = Instant::now();
            if let Some(task) = queue.task.take() {
                task.wake();
            }
            return Poll::Ready(Some(Ok(frame)));
        }
        if queue.closing {
            return Poll::Ready(None);
        }
        queue.connection = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let mut queue = self.queue.borrow_mut();
        queue.gone = true;
        queue.guard = None;
        queue.frames.clear();
        if let Some(task) = queue.task.take() {
            task.wake();
        }
    }
}
