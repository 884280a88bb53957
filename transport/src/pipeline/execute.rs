//! Stage 8: executes the operation within the deadline.

use actix_web::http::StatusCode;
use async_graphql::{Data, ErrorExtensionValues, Executor, Request, Response};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use std::{sync::Arc, time::Duration};

use crate::error::RequestError;

/// An executor behind a pointer, so that the transports do not depend on the schema's type.
pub trait DynExecutor: Send + Sync {
    /// Runs a query or mutation.
    fn execute(&self, request: Request) -> BoxFuture<'_, Response>;
    /// Runs any operation as a stream of responses.
    fn execute_stream(&self, request: Request) -> BoxStream<'static, Response>;
}

impl<E: Executor> DynExecutor for E {
    fn execute(&self, request: Request) -> BoxFuture<'_, Response> {
        Executor::execute(self, request).map(coded).boxed()
    }

    fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        Executor::execute_stream(self, request, Some(Arc::new(Data::default()))).map(coded).boxed()
    }
}

/// Adds a code to errors that have no code. Resolvers always set a code, so an error without a code comes from the GraphQL library: a scalar
/// refused an argument.
fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        if extensions.get("code").is_none() {
            extensions.set("code", "INVALID_INPUT");
        }
    }
    response
}

/// Runs a query or mutation. At the deadline, the operation's future is dropped, which rolls back an open transaction. A mutation that has already
/// committed remains in effect, as after a lost connection.
pub async fn run(
    executor: &dyn DynExecutor,
    request: Request,
    deadline: Duration,
) -> Result<Response, RequestError> {
    tokio::time::timeout(deadline, executor.execute(request)).await.map_err(|_| {
        RequestError::transport(
            StatusCode::GATEWAY_TIMEOUT,
            "QUERY_TIMEOUT",
            format!(
                "The operation took longer than {} seconds. A mutation may have taken effect.",
                deadline.as_secs()
            ),
        )
    })
}

/// Runs a subscription. A subscription has no deadline, and each of its events is one response.
pub fn stream(executor: &dyn DynExecutor, request: Request) -> BoxStream<'static, Response> {
    executor.execute_stream(request)
}
