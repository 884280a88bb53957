//! Subscriptions whose events are written without the executor: of thousands of subscribers each would keep an execution of its own waiting, and
//! every event would pass through it field by field.

use std::sync::Arc;

use apollo_compiler::executable::{ExecutableDocument, Operation};
use async_graphql::{Request, Response};
use futures_util::stream::BoxStream;

/// What a subscription answers.
pub enum Answer {
    /// The JSON of a GraphQL response without errors.
    Written(String),
    /// A response of the executor, or an error.
    Response(Response),
}

/// How an operation's events are written.
pub trait Live: Send + Sync {
    /// Tells the operation's resolver to answer only what comes before the events, and to leave the events to the stream that this answers: it
    /// is read when the executor has said all it has to say.
    fn take_over(self: Arc<Self>, request: &mut Request) -> BoxStream<'static, Answer>;
}

/// Finds out how a subscription's events are written; none for one that is left to the executor altogether.
pub type Compile = fn(&ExecutableDocument, &Operation) -> Option<Arc<dyn Live>>;
