//! The one error a transport answers with before anything was executed.

use actix_web::http::StatusCode;
use async_graphql::{ErrorExtensionValues, Pos, ServerError};
use serde::Serialize;

/// Why a request was refused before execution. Safe to show: it says nothing of the server's inside.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RequestError {
    /// Stable, for programs: `extensions.code` of the answer.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Status of the HTTP answer, see [`RequestError::status_for`].
    pub status: StatusCode,
    /// Seconds to wait before another try, sent as `Retry-After`.
    pub retry_after: Option<u64>,
    /// Whether the request as such was well formed and only its document or variables were refused. GraphQL over
    /// HTTP answers these with 200 to a client that takes only `application/json`.
    in_document: bool,
    locations: Vec<Pos>,
    /// Path of the argument or input field that is to blame, outermost first.
    field: Box<[String]>,
    /// Further errors of the same kind, as validation finds them.
    more: Box<[RequestError]>,
}

impl RequestError {
    /// The transport refuses the request: its method, media type, size, token or rate.
    pub fn transport(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status,
            retry_after: None,
            in_document: false,
            locations: Vec::new(),
            field: Box::default(),
            more: Box::default(),
        }
    }

    /// The document, the choice of an operation or its variables are refused.
    pub fn document(code: &'static str, message: impl Into<String>) -> Self {
        Self { in_document: true, ..Self::transport(StatusCode::BAD_REQUEST, code, message) }
    }

    /// The same, at a place in the document (lines and columns count from 1).
    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.locations.push(Pos { line, column });
        self
    }

    /// The same, about one argument or input field.
    pub fn about(mut self, path: Vec<String>) -> Self {
        self.field = path.into_boxed_slice();
        self
    }

    /// Joins several errors into one answer; `None` if there is none.
    pub fn join(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        first.more = errors.collect();
        Some(first)
    }

    /// The same error with a `Retry-After`.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Status for a client that prefers `application/graphql-response+json` (`true`) or `application/json`.
    pub fn status_for(&self, graphql_response: bool) -> StatusCode {
        if self.in_document && !graphql_response { StatusCode::OK } else { self.status }
    }

    /// Whether the document or its variables are at fault, not the request that carried them.
    pub fn in_document(&self) -> bool {
        self.in_document
    }

    /// The GraphQL errors to answer with.
    pub fn to_server_errors(&self) -> Vec<ServerError> {
        std::iter::once(self).chain(&self.more).map(Self::to_server_error).collect()
    }

    fn to_server_error(&self) -> ServerError {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code);
        if let Some(seconds) = self.retry_after {
            extensions.set("retryAfter", seconds);
        }
        if !self.field.is_empty() {
            extensions.set("field", self.field.to_vec());
        }
        let mut error = ServerError::new(self.message.clone(), None);
        error.locations.clone_from(&self.locations);
        error.extensions = Some(extensions);
        error
    }

    /// The body of the answer: `errors` without `data`, since nothing was executed.
    pub fn to_body(&self) -> ErrorBody {
        ErrorBody { errors: self.to_server_errors() }
    }
}

/// A GraphQL answer to a request that was not executed.
#[derive(Debug, Serialize)]
pub struct ErrorBody {
    errors: Vec<ServerError>,
}
