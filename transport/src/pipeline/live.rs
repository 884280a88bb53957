//! Subscriptions whose events bypass the executor. With thousands of subscribers, each would otherwise keep an execution of its own waiting, and
//! every event would pass through it field by field.

use std::sync::Arc;

use apollo_compiler::executable::{ExecutableDocument, Operation};
use async_graphql::{Request, Response};
use futures_util::stream::BoxStream;

/// An answer of a subscription.
pub enum Answer {
    /// The JSON of a GraphQL response without errors.
    Written(String),
    /// A response of the executor, or an error.
    Response(Response),
}

/// A compiled subscription, which writes its events without the executor.
pub trait Live: Send + Sync {
    /// Makes the operation's resolver send only the messages before the events. Returns the stream of events, which is read once the executor
    /// has finished.
    fn take_over(self: Arc<Self>, request: &mut Request) -> BoxStream<'static, Answer>;
}

/// Compiles a subscription; returns `None` if the executor has to run it.
pub type Compile = fn(&ExecutableDocument, &Operation) -> Option<Arc<dyn Live>>;
