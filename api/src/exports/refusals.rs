//! The refusals of downloads, in the reader's language.

use actix_web::http::StatusCode;

use app::exports::Subject;
use app::languages;
use app::receipt::Locale;
use base::error::{Error, ErrorCode};
use base::message::Message;
use transport::RequestError;
use transport::uploads::unauthenticated;

/// The reason why a download is refused, before the reader's language is known.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    code: &'static str,
    message: Message,
    field: Vec<String>,
    /// Seconds until another attempt.
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<Message>) -> Self {
        Self { status, code, message: message.into(), field: Vec::new(), retry_after: None }
    }

    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The error in the reader's language.
    pub(super) fn told(self, locale: Locale) -> RequestError {
        let message = languages::told(&self.message, self.code, locale);
        let error = RequestError::transport(self.status, self.code, message).about(self.field);
        match self.retry_after {
            Some(seconds) => error.retry_after(seconds),
            None => error,
        }
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        Self { retry_after: error.retry_after, ..Self::new(error.status, error.code, error.message) }
    }
}

pub(super) fn no_subject() -> Refusal {
    let names: Vec<&str> = Subject::ALL.into_iter().map(Subject::name).collect();
    let message =
        base::message!("There is no such export. The exports are {names}.", names = names.join(", "));
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}

pub(super) fn bad_request(message: impl Into<Message>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

/// The response for a link that cannot be used.
pub(super) fn bad_link(error: Error) -> Refusal {
    match error {
        Error::Unauthenticated => Refusal::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_LINK",
            "The link has expired or was changed, or its login has ended. Create a new link.",
        ),
        error => told(error),
    }
}

/// The response for an error.
pub(super) fn told(error: Error) -> Refusal {
    match error {
        Error::User(error) => {
            let status = match error.code {
                ErrorCode::InvalidInput => StatusCode::BAD_REQUEST,
                ErrorCode::Forbidden | ErrorCode::TotpSetupRequired => StatusCode::FORBIDDEN,
                _ => StatusCode::CONFLICT,
            };
            Refusal { field: error.field, ..Refusal::new(status, error.code.as_str(), error.message) }
        }
        Error::NotFound => {
            Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", "No such account or tariff version.")
        }
        Error::Forbidden => {
            Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", "Your role does not allow this export.")
        }
        Error::Unauthenticated => unauthenticated().into(),
        Error::Overtaken | Error::Overloaded(_) => {
            let message = "The server is busy. Try again in a moment.";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", message).retry_after(5)
        }
        error => {
            tracing::error!(%error, "an export failed");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error. Try again.")
        }
    }
}
