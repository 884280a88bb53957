//! Subscriptions whose events bypass the executor. With the executor, each of thousands of subscribers would need its own waiting execution, and
//! every event would pass through each execution field by field.

use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::executable::{ExecutableDocument, Operation};
use async_graphql::{Request, Response};
use futures_util::stream::BoxStream;

/// A response of a subscription.
#[expect(
    clippy::large_enum_variant,
    reason = "an answer is moved to its subscriber immediately, so a box would only cost an allocation"
)]
pub enum Answer {
    /// The JSON of a GraphQL response without errors. Many subscribers may share the text.
    Written(Arc<str>),
    /// A response of the executor, or an error.
    Response(Response),
}

/// The position of a subscription's last message. A transport that tells clients the positions puts this value into the request's data. The
/// application then sets the position before each message from which a client can resume.
#[derive(Clone, Debug, Default)]
pub struct Position(Arc<Mutex<Option<String>>>);

impl Position {
    /// Sets the position of the next message: a cursor for the argument `after` of the same subscription.
    pub fn set(&self, cursor: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(cursor);
    }

    /// The position of a message that has just arrived.
    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A compiled subscription, which writes its events without the executor.
pub trait Live: Send + Sync {
    /// Makes the operation's resolver send only the messages that come before the events. Returns the stream of events, which the transport reads
    /// once the executor has finished.
    fn take_over(self: Arc<Self>, request: &mut Request) -> BoxStream<'static, Answer>;
}

/// Compiles a subscription; returns `None` if the executor has to run it.
pub type Compile = fn(&ExecutableDocument, &Operation) -> Option<Arc<dyn Live>>;
