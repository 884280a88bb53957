//! Operations of a client whose send queue is full. Each operation continues until it has an event to send, and keeps that event until the send queue
//! has room. If an operation were paused in the middle of its work, it would keep its database connection or its read permit until the client reads,
//! and other operations would wait for that connection or permit.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use futures_util::{
    Stream, StreamExt as _,
    stream::{LocalBoxStream, Peekable},
};

/// Whether a socket's send queue has room, and the operations that wait for room.
#[derive(Clone, Default)]
pub(super) struct Room(Rc<State>);

#[derive(Default)]
struct State {
    is_full: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl Room {
    /// Lets operations deliver events.
    pub(super) fn open(&self) {
        if self.0.is_full.replace(false) {
            self.0.waiting.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Makes operations keep their events from now on.
    pub(super) fn close(&self) {
        self.0.is_full.set(true);
    }
}

/// The events of an operation, delivered one at a time when the send queue has room.
pub(super) struct Parked<T> {
    events: Peekable<LocalBoxStream<'static, T>>,
    room: Room,
}

impl<T> Parked<T> {
    pub(super) fn new(events: LocalBoxStream<'static, T>, room: Room) -> Self {
        Self { events: events.peekable(), room }
    }
}

impl<T: Unpin> Stream for Parked<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let has_event = ready!(Pin::new(&mut self.events).poll_peek(context)).is_some();
        if has_event && self.room.0.is_full.get() {
            self.room.0.waiting.borrow_mut().push(context.waker().clone());
            return Poll::Pending;
        }
        self.events.poll_next_unpin(context)
    }
}
