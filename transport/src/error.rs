//! The error that a transport returns if it executed nothing.

use actix_web::http::StatusCode;
use async_graphql::{ErrorExtensionValues, Pos, ServerError};
use serde::Serialize;

/// The reason that a request was refused before execution. The reason reveals nothing internal, so it can be shown to the client.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RequestError {
    /// Stable code for programs: `extensions.code` of the response.
    pub code: &'static str,
    /// Message for people: in English, unless the application has translated it.
    pub message: String,
    /// HTTP status of the response; see [`RequestError::status_for`].
    pub status: StatusCode,
    /// Seconds to wait before a retry, sent as `Retry-After`.
    pub retry_after: Option<u64>,
    /// Whether the request was well formed and only its document or variables were refused. For a well-formed request, the specification of GraphQL
    /// over HTTP requires status 200 if the client accepts only `application/json`.
    in_document: bool,
    locations: Vec<Pos>,
    /// Path of the offending argument or input field, outermost first.
    field: Box<[String]>,
    /// Further errors that validation found in the same document.
    more: Box<[RequestError]>,
}

impl RequestError {
    /// Creates an error about the request's method, media type, size, token or rate.
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

    /// Creates an error about the document, the choice of the operation, or the variables.
    pub fn document(code: &'static str, message: impl Into<String>) -> Self {
        Self { in_document: true, ..Self::transport(StatusCode::BAD_REQUEST, code, message) }
    }

    /// Replaces the message.
    pub fn worded(self, message: &str) -> Self {
        Self { message: message.to_owned(), ..self }
    }

    /// Adds a location in the document to the error (lines and columns start at 1).
    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.locations.push(Pos { line, column });
        self
    }

    /// Adds the path of an argument or input field to the error.
    pub fn about(mut self, path: Vec<String>) -> Self {
        self.field = path.into_boxed_slice();
        self
    }

    /// Joins several errors into one response; `None` if there are no errors.
    pub fn join(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        first.more = errors.collect();
        Some(first)
    }

    /// Adds a `Retry-After` header to the error's response.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The HTTP status of the response. `graphql_response` is true for a client that prefers `application/graphql-response+json` to
    /// `application/json`.
    pub fn status_for(&self, graphql_response: bool) -> StatusCode {
        if self.in_document && !graphql_response { StatusCode::OK } else { self.status }
    }

    /// Whether the error lies in the document or its variables, not in the request that carried them.
    pub fn in_document(&self) -> bool {
        self.in_document
    }

    /// The GraphQL errors of the response.
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

    /// The body of the response: `errors` without `data`, because nothing was executed.
    pub fn to_body(&self) -> ErrorBody {
        ErrorBody { errors: self.to_server_errors() }
    }
}

/// The GraphQL response to a request that was not executed.
#[derive(Debug, Serialize)]
pub struct ErrorBody {
    errors: Vec<ServerError>,
}
