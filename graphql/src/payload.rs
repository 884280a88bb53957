//! What mutations answer: the changed object or `userErrors`; and how errors of the use cases look at the top level.

use async_graphql::{ErrorExtensions as _, SimpleObject};

use base::error::Error;

macro_rules! error_code {
    ($($(#[$meta:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// Stable codes of `userErrors`. New ones may be added; none changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(remote = "base::error::ErrorCode")]
        pub enum ErrorCode { $($(#[$meta])* #[graphql(name = $text)] $variant,)+ }
    };
}

base::for_each_error_code!(error_code);

/// Something the caller can mend.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// Stable code.
    pub code: ErrorCode,
    /// For people, in English.
    pub message: String,
    /// Path of the input field that is to blame, outermost first; empty for the input as a whole.
    pub field: Vec<String>,
}

/// The errors of one mutation, on their way into its payload.
pub struct UserErrors(pub Vec<UserError>);

/// Declares a mutation's payload: each field nullable, and `userErrors`.
macro_rules! payload {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $type:ty),* $(,)? }) => {
        #[derive(Default, async_graphql::SimpleObject)]
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub $field: Option<$type>,)*
            /// What the caller can mend; empty when it was done.
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

/// A payload from a use case's result: what the caller can mend becomes `userErrors`, the rest a top-level error.
///
/// # Errors
/// Missing rights, overload and faults.
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
            let message = "no such object".to_owned();
            Ok(UserErrors(vec![UserError { code: ErrorCode::NotFound, message, field: Vec::new() }]).into())
        }
        Err(error) => Err(top_level(error)),
    }
}

/// An error of a query, or of a mutation that could not be tried: a stable `extensions.code`, the path of the argument that is to blame as
/// `extensions.field`, and no word of what is inside.
pub fn top_level(error: Error) -> async_graphql::Error {
    let mut field = Vec::new();
    let (code, message) = match error {
        Error::User(error) => {
            field = error.field;
            (error.code.as_str(), error.message)
        }
        Error::NotFound => ("NOT_FOUND", "no such object".to_owned()),
        Error::Forbidden => ("FORBIDDEN", "your role may not do this".to_owned()),
        Error::Unauthenticated => ("UNAUTHENTICATED", "log in first".to_owned()),
        Error::Overtaken => ("OVERLOADED", "too many at once: try again in a moment".to_owned()),
        Error::Overloaded(what) => ("OVERLOADED", format!("{what}: try again in a moment")),
        lost @ Error::Database(_) if lost.is_connection_lost() => {
            tracing::warn!(error = %lost, "the database went away");
            ("OVERLOADED", "the database does not answer: try again in a moment".to_owned())
        }
        full @ Error::Database(_) if full.is_out_of_room() => {
            tracing::error!(error = %full, "the database has no room");
            ("OVERLOADED", "the database has no room: try again in a moment".to_owned())
        }
        late @ Error::Database(_) if late.is_out_of_time() => {
            tracing::error!(error = %late, "the database took too long");
            ("OVERLOADED", "the database took too long: try again in a moment".to_owned())
        }
        Error::Database(cause) => {
            tracing::error!(%cause, "database error");
            ("INTERNAL", "an internal error; it was logged".to_owned())
        }
        Error::Fault(cause) => {
            tracing::error!(%cause, "fault");
            ("INTERNAL", "an internal error; it was logged".to_owned())
        }
    };
    async_graphql::Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", code);
        if !field.is_empty() {
            extensions.set("field", field);
        }
    })
}

/// A query's nullable object: missing and foreign ones are null, and an error nulls this field alone (an `Err` outside the `Option`
/// would null its parents up to the next nullable one, and with it answers that were good).
pub fn nullable<T>(result: Result<T, Error>) -> Option<async_graphql::Result<T>> {
    match result {
        Ok(found) => Some(Ok(found)),
        Err(Error::NotFound) => None,
        Err(error) => Some(Err(top_level(error))),
    }
}
