//! Subscriptions whose events bypass the executor. With the executor, each of thousands of subscribers would need its own waiting execution, and
//! every event would pass through each execution field by field.

use std::sync::Arc;

use apollo_compiler::executable::{ExecutableDocument, Operation};
use async_graphql::{Request, Response};
use futures_util::stream::BoxStream;

/// A response of a subscription.
pub enum Answer {
    /// The JSON of a GraphQL response without errors.
    Written(String),
    /// A response of the executor, or an error.
    Response(Response),
}

/// A compiled subscription, which writes its events without the executor.
pub trait Live: Send + Sync {
    /// Makes the operation's resolver send only the messages that come before the events. Returns the stream of events, which the transport reads
    /// once the executor has finished.
    fn take_over(self: Arc<Self>, request: &mut Request) -> BoxStream<'static, Answer>;
}

/// Compiles a subscription; returns `None` if the executor has to run it.
pub type Compile = fn(&ExecutableDocument, &Operation) -> Option<Arc<dyn Live>>;
