//! Mutation payloads (the changed object or `userErrors`), and the conversion of use-case errors to top-level errors.

use std::cell::Cell;
use std::sync::Arc;

use async_graphql::{Context, ErrorExtensions as _, SimpleObject};
use graphql_macros::object;

use super::languages::{self, Told};
use super::scalars::Money;
use app::receipt::Locale;
use base::error::{self, Error};
use base::message::{Message, Value};
use billing::money::Micros;

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
#[derive(Clone, Debug, async_graphql::Description)]
pub struct UserError(pub error::UserError);

#[object]
impl UserError {
    /// Stable code of the error. Clients should branch on the code, not on the message.
    fn code(&self) -> ErrorCode {
        self.0.code.into()
    }

    /// A sentence for the person who uses the client, in Portuguese, Spanish or English. The request's `Accept-Language` determines the language. If
    /// this header names none of the three languages, the user's locale determines the language; if the user has no locale, the locale of the user's
    /// account does.
    fn message(&self, ctx: &Context<'_>) -> String {
        app::languages::told(&self.0.message, self.0.code.as_str(), languages::reader(ctx))
    }

    /// The amounts, numbers and names in `message`, for clients that write the sentence themselves. A later release may add values.
    #[field(length = 3)]
    fn params(&self, ctx: &Context<'_>) -> Vec<MessageParam> {
        params(&self.0.message, languages::reader(ctx))
    }

    /// Path of the invalid input field, outermost name first; empty if the error concerns the whole input.
    fn field(&self) -> &[String] {
        &self.0.field
    }
}

/// A value in a message.
#[object]
#[derive(Clone, Debug, SimpleObject)]
pub struct MessageParam {
    /// Name of the value, such as "missing".
    pub name: String,
    /// The value as text: a name or number, a state by its name in the API, or an amount of money in the format of the message's language.
    pub value: String,
    /// The amount, if the value is money.
    pub money: Option<Money>,
}

/// The values of a message.
pub fn params(message: &Message, locale: Locale) -> Vec<MessageParam> {
    let param = |param: &base::message::Param| {
        let (value, money) = match &param.value {
            Value::Money { micros, currency } => {
                (app::languages::shown(&param.value, locale), Some(Money::new(Micros(*micros), currency)))
            }
            value => (value.to_string(), None),
        };
        MessageParam { name: param.name.to_owned(), value, money }
    };
    message.params().iter().map(param).collect()
}

/// The error of a repeated request whose first response had a secret. `message` names the remedy.
pub fn secret_shown(message: &'static str) -> UserError {
    UserError(error::UserError {
        code: error::ErrorCode::SecretShown,
        message: message.into(),
        field: vec!["idempotencyKey".to_owned()],
    })
}

/// The user errors of one mutation, to be converted into its payload.
pub struct UserErrors(pub Vec<UserError>);

/// Declares a mutation payload: the given fields, all nullable, and `userErrors`. With `secret`, the payload may have the error `SECRET_SHOWN`.
macro_rules! payload {
    (secret $(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $type:ty),* $(,)? }) => {
        #[graphql_macros::object]
        #[derive(Default, async_graphql::SimpleObject)]
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub $field: Option<$type>,)*
            /// Errors that the caller can correct; empty on success. With the error `SECRET_SHOWN`, which answers a repeated request, the other
            /// fields contain what the first request created, and the secrets are null. With any other error, the other fields are null.
            pub user_errors: Vec<$crate::payload::UserError>,
        }
        impl From<$crate::payload::UserErrors> for $name {
            fn from(errors: $crate::payload::UserErrors) -> Self {
                Self { user_errors: errors.0, ..Default::default() }
            }
        }
    };
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
/// Returns errors that are caused by missing permissions, overload or faults.
pub fn answer<P: From<UserErrors>>(result: Result<P, Error>) -> async_graphql::Result<P> {
    match result {
        Ok(payload) => Ok(payload),
        Err(Error::User(error)) => Ok(UserErrors(vec![UserError(error)]).into()),
        Err(Error::NotFound) => {
            let code = error::ErrorCode::NotFound;
            let missing = error::UserError { code, message: NO_OBJECT.into(), field: Vec::new() };
            Ok(UserErrors(vec![UserError(missing)]).into())
        }
        Err(error) => Err(top_level(error)),
    }
}

/// The sentence about an object that is missing or outside the caller's scope.
const NO_OBJECT: &str = "No such object.";
/// The sentence about an internal error.
const INTERNAL: &str = "Internal error. Quote `extensions.requestId` when you report this error.";

/// The top-level error of a query, or of a mutation that could not be attempted. The error has a stable `extensions.code`, the path of the invalid
/// argument in `extensions.field`, and no internal detail. [`languages::Translated`] adds `extensions.params` and translates the message.
pub fn top_level(error: Error) -> async_graphql::Error {
    if !IS_RETRIED.get() {
        log(&error);
    }
    let mut field = Vec::new();
    let (code, message): (_, Message) = match error {
        Error::User(error) => {
            field = error.field;
            (error.code.as_str(), error.message)
        }
        Error::NotFound => ("NOT_FOUND", NO_OBJECT.into()),
        Error::Forbidden => ("FORBIDDEN", "Your role may not do this.".into()),
        Error::Unauthenticated => ("UNAUTHENTICATED", "Log in first.".into()),
        Error::Overtaken => ("OVERLOADED", "Too many concurrent changes. Try again in a moment.".into()),
        Error::Overloaded(reason) => {
            ("OVERLOADED", base::message!("The server is busy ({reason}). Try again in a moment.", reason))
        }
        Error::Database(_) if error.is_connection_lost() => {
            ("OVERLOADED", "The database does not answer. Try again in a moment.".into())
        }
        Error::Database(_) if error.is_out_of_room() => {
            ("OVERLOADED", "The database is out of space. Try again later.".into())
        }
        Error::Database(_) if error.is_out_of_time() => {
            ("OVERLOADED", "The database took too long. Try again in a moment.".into())
        }
        Error::Database(_) | Error::Fault(_) => ("INTERNAL", INTERNAL.into()),
    };
    let told = async_graphql::Error::new(message.to_string()).extend_with(|_, extensions| {
        extensions.set("code", code);
        if !field.is_empty() {
            extensions.set("field", field);
        }
    });
    async_graphql::Error { source: Some(Arc::new(Told { code, message })), ..told }
}

thread_local! {
    /// Whether the executor will resolve the current value again if the value is an error.
    static IS_RETRIED: Cell<bool> = const { Cell::new(false) };
}

/// Writes a value that the executor will resolve again if `write` fails. The executor logs the error, so `write` does not log it.
pub(crate) fn retried<T>(write: impl FnOnce() -> T) -> T {
    /// Restores the flag even if `write` panics, because the thread goes on to serve other requests.
    struct Restored(bool);

    impl Drop for Restored {
        fn drop(&mut self) {
            IS_RETRIED.set(self.0);
        }
    }

    let _restored = Restored(IS_RETRIED.replace(true));
    write()
}

/// Logs an error that the caller did not cause.
fn log(error: &Error) {
    match error {
        Error::Database(_) if error.is_connection_lost() => {
            tracing::warn!(%error, "lost the database connection");
        }
        Error::Database(_) if error.is_out_of_room() => {
            tracing::error!(%error, "the database is out of space");
        }
        Error::Database(_) if error.is_out_of_time() => {
            tracing::error!(%error, "a database statement timed out");
        }
        Error::Database(cause) => tracing::error!(%cause, "database error"),
        Error::Fault(cause) => tracing::error!(%cause, "fault"),
        _ => {}
    }
}

/// A nullable object of a query. A nullable object is null if it is missing or outside the caller's scope. Any other error sets only this field to
/// null. With an `Err` outside the `Option`, good data would be lost: the error would also set the field's parents to null, up to the nearest
/// nullable parent.
pub fn nullable<T>(result: Result<T, Error>) -> Option<async_graphql::Result<T>> {
    match result {
        Ok(found) => Some(Ok(found)),
        Err(Error::NotFound) => None,
        Err(error) => Some(Err(top_level(error))),
    }
}
