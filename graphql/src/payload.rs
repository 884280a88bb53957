//! Mutation payloads (the changed object or `userErrors`), and the conversion of use-case errors to top-level errors.

use async_graphql::{ErrorExtensions as _, SimpleObject};
use graphql_macros::object;

use base::error::Error;

macro_rules! error_code {
    ($($(#[$meta:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// Stable error codes. A later release may add codes; existing codes keep their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(remote = "base::error::ErrorCode")]
        pub enum ErrorCode { $($(#[$meta])* #[graphql(name = $text)] $variant,)+ }

        $crate::compiled::enums!(ErrorCode);
    };
}

base::for_each_error_code!(error_code);

/// An error that the caller can correct. The mutation changed nothing.
#[object]
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// Stable code of the error. Clients should branch on the code, not on the message.
    pub code: ErrorCode,
    /// English sentence for developers and logs.
    pub message: String,
    /// Path of the invalid input field, outermost name first; empty if the error concerns the whole input.
    pub field: Vec<String>,
}

/// The user errors of one mutation, to be converted into its payload.
pub struct UserErrors(pub Vec<UserError>);

/// Declares a mutation payload: the given fields, all nullable, and `userErrors`.
macro_rules! payload {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $type:ty),* $(,)? }) => {
        #[graphql_macros::object]
        #[derive(Default, async_graphql::SimpleObject)]
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub $field: Option<$type>,)*
            /// Errors that the caller can correct; empty on success. If there are errors, the other fields are null.
            pub user_errors: Vec<$crate::payload::UserError>,
        }
        impl From<$crate::payload::UserErrors> for $name {
            fn from(errors: $crate::payload::UserErrors) -> Self {
                Self { user_errors: errors.0, ..Default::default() }
            }
        }
    };
}
pub(crate) use payload;

/// Converts a use case's result into a payload. Correctable errors become `userErrors`; any other error becomes a top-level error.
///
/// # Errors
/// Returns errors because of missing rights, overload and faults.
pub fn answer<P: From<UserErrors>>(result: Result<P, Error>) -> async_graphql::Result<P> {
    match result {
        Ok(payload) => Ok(payload),
        Err(Error::User(error)) => Ok(UserErrors(vec![UserError {
            code: error.code.into(),
            message: error.message,
            field: error.field,
        }])
        .into()),
        Err(Error::NotFound) => {
            let message = "No such object.".to_owned();
            Ok(UserErrors(vec![UserError { code: ErrorCode::NotFound, message, field: Vec::new() }]).into())
        }
        Err(error) => Err(top_level(error)),
    }
}

/// The top-level error of a query, or of a mutation that could not be attempted. The error has a stable `extensions.code`, the path of the invalid
/// argument in `extensions.field`, and no internal detail.
pub fn top_level(error: Error) -> async_graphql::Error {
    let mut field = Vec::new();
    let (code, message) = match error {
        Error::User(error) => {
            field = error.field;
            (error.code.as_str(), error.message)
        }
        Error::NotFound => ("NOT_FOUND", "No such object.".to_owned()),
        Error::Forbidden => ("FORBIDDEN", "Your role may not do this.".to_owned()),
        Error::Unauthenticated => ("UNAUTHENTICATED", "Log in first.".to_owned()),
        Error::Overtaken => ("OVERLOADED", "Too many concurrent changes. Try again in a moment.".to_owned()),
        Error::Overloaded(what) => {
            ("OVERLOADED", format!("The server is busy ({what}). Try again in a moment."))
        }
        lost @ Error::Database(_) if lost.is_connection_lost() => {
            tracing::warn!(error = %lost, "lost the database connection");
            ("OVERLOADED", "The database does not answer. Try again in a moment.".to_owned())
        }
        full @ Error::Database(_) if full.is_out_of_room() => {
            tracing::error!(error = %full, "the database is out of space");
            ("OVERLOADED", "The database is out of space. Try again later.".to_owned())
        }
        late @ Error::Database(_) if late.is_out_of_time() => {
            tracing::error!(error = %late, "a database statement timed out");
            ("OVERLOADED", "The database took too long. Try again in a moment.".to_owned())
        }
        Error::Database(cause) => {
            tracing::error!(%cause, "database error");
            ("INTERNAL", "Internal error. Quote `extensions.requestId` when you report it.".to_owned())
        }
        Error::Fault(cause) => {
            tracing::error!(%cause, "fault");
            ("INTERNAL", "Internal error. Quote `extensions.requestId` when you report it.".to_owned())
        }
    };
    async_graphql::Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", code);
        if !field.is_empty() {
            extensions.set("field", field);
        }
    })
}

/// A nullable object of a query. A nullable object is null if it is missing or outside the caller's scope. Any other error sets only this field to
/// null. An `Err` outside the `Option` would discard good data: it would also set the field's parents to null, up to the nearest nullable parent.
pub fn nullable<T>(result: Result<T, Error>) -> Option<async_graphql::Result<T>> {
    match result {
        Ok(found) => Some(Ok(found)),
        Err(Error::NotFound) => None,
        Err(error) => Some(Err(top_level(error))),
    }
}
