//! One error type for the use cases: a stable code outside, the rich cause inside.

use std::error::Error as StdError;
use std::panic::Location;

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something the caller can mend; answered in `userErrors`.
    #[error("{}: {}", .0.code.as_str(), .0.message)]
    User(UserError),
    /// No such object in what the caller may see. Foreign and missing objects answer alike.
    #[error("not found")]
    NotFound,
    /// The object is visible, the act is not allowed to this role.
    #[error("forbidden")]
    Forbidden,
    /// No token, or one that is not good any more.
    #[error("unauthenticated")]
    Unauthenticated,
    /// The server is too busy: a bounded queue is full.
    #[error("overloaded: {0}")]
    Overloaded(&'static str),
    /// Another transaction did the same at the same time: running this one again answers what the other did.
    #[error("overtaken")]
    Overtaken,
    /// The database failed.
    #[error("database: {0}")]
    Database(#[source] DbErr),
    /// A fault of ours; its text is for the log only.
    #[error("fault: {0}")]
    Fault(#[source] Fault),
}

/// All connections of a pool stayed in use for as long as a request may wait for one.
pub const NO_CONNECTION: &str = "no connection to the database was free in time";

/// A fault of the program or of its environment: the cause, and the line that raised it.
#[derive(Debug, thiserror::Error)]
#[error("{cause} (raised at {}:{})", at.file(), at.line())]
pub struct Fault {
    #[source]
    cause: Box<dyn StdError + Send + Sync>,
    at: &'static Location<'static>,
}

/// Turns the error of a call that cannot fail in a healthy system into [`Error::Fault`].
pub trait OrFault<T> {
    /// The value, or a fault that keeps the error as its source and names the calling line.
    ///
    /// # Errors
    /// [`Error::Fault`].
    #[track_caller]
    fn or_fault(self) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> OrFault<T> for std::result::Result<T, E> {
    fn or_fault(self) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(Error::fault(error)),
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) => Self::Overloaded(NO_CONNECTION),
            error => Self::Database(error),
        }
    }
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error that the caller can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    /// Stable code.
    pub code: ErrorCode,
    /// For people, English.
    pub message: String,
    /// Path of the input field that is to blame, outermost first; empty for the whole.
    pub field: Vec<String>,
}

impl Error {
    /// A [`UserError`] about the input as a whole.
    pub fn user(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::User(UserError { code, message: message.into(), field: Vec::new() })
    }

    /// A [`UserError`] about one input field, named by its GraphQL path (`"limits.timeSeconds"`).
    pub fn field(code: ErrorCode, field: &str, message: impl Into<String>) -> Self {
        Self::User(UserError {
            code,
            message: message.into(),
            field: field.split('.').map(str::to_owned).collect(),
        })
    }

    /// A value of the input that is not acceptable.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::field(ErrorCode::InvalidInput, field, message)
    }

    /// A fault with its cause: an error, or a sentence. The calling line is recorded.
    #[track_caller]
    pub fn fault(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Fault(Fault { cause: cause.into(), at: Location::caller() })
    }

    /// Whether the same transaction may succeed when it is run again: a serialization failure or deadlock on PostgreSQL, a
    /// month's partition that was made just now (23514; the tables have no other checks), a lock held by another process on SQLite, or [`Error::Overtaken`].
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Overtaken)
            || matches!(
                self.database_code().as_deref(),
                Some("40001" | "40P01" | "23514" | "5" | "6" | "261" | "517")
            )
    }

    /// Whether the connection to the database was lost ([`is_connection_lost`]).
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Database(error) if is_connection_lost(error))
    }

    /// Whether the database found no room on its disk: nothing of the transaction has happened, and the same succeeds when there is room.
    pub fn is_out_of_room(&self) -> bool {
        // PostgreSQL: disk_full; SQLite: SQLITE_FULL, and what it makes of a write, or of the growth of its shared memory, that found none
        matches!(self.database_code().as_deref(), Some("53100" | "13" | "778" | "4874"))
    }

    /// Whether the database gave up: somebody else kept a lock for too long, or the statement took too long. Nothing of the transaction has
    /// happened, and the same may well succeed in a moment.
    pub fn is_out_of_time(&self) -> bool {
        // PostgreSQL: lock_not_available, query_canceled
        matches!(self.database_code().as_deref(), Some("55P03" | "57014"))
    }

    fn database_code(&self) -> Option<String> {
        match self {
            Self::Database(error) => database_code(error),
            _ => None,
        }
    }

    /// Whether the same will fail whenever it is tried: a fault of ours, or something that the database will never take.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Fault(_) => true,
            // data that does not fit (22…) or breaks a constraint (23…), by the codes of PostgreSQL; SQLite's are 19, 20 and 25
            Self::Database(_) => self.database_code().is_some_and(|code| {
                (code.len() == 5
                    && (code.starts_with("22") || code.starts_with("23"))
                    && !self.is_transient())
                    || code
                        .parse::<u32>()
                        .is_ok_and(|code| matches!(code & 0xff, 19 | 20 | 25) && code < 10_000)
            }),
            _ => false,
        }
    }

    /// Whether a unique index refused the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))))
    }
}

/// Whether the connection to the database was lost, or the database is going down or coming up: nothing of a transaction that was not being
/// committed has happened then.
pub fn is_connection_lost(error: &DbErr) -> bool {
    use sea_orm::sqlx::Error as Cause;
    let lost = cause(error).is_some_and(|cause| {
        matches!(cause, Cause::Io(_) | Cause::Tls(_) | Cause::Protocol(_) | Cause::WorkerCrashed)
    });
    // PostgreSQL: connection exceptions (08…), shut down, crashed, starting; terminated by an administrator
    lost || database_code(error).is_some_and(|code| {
        code.len() == 5 && (code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03"))
    })
}

fn cause(error: &DbErr) -> Option<&sea_orm::sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

fn database_code(error: &DbErr) -> Option<String> {
    let error = cause(error)?.as_database_error()?;
    error.code().map(|code| code.into_owned())
}

macro_rules! define {
    ($($(#[$meta:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// Stable codes of `userErrors`. New ones may be added; none changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode { $($(#[$meta])* $variant,)+ }
        impl ErrorCode {
            /// The published text.
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }
        }
    };
}

/// Calls a macro with every error code, its description and its published text: the one list that [`ErrorCode`] and the schema are made from.
#[macro_export]
macro_rules! for_each_error_code {
    ($callback:ident) => {
        $callback! {
            /// A value is malformed or out of its bounds.
            InvalidInput = "INVALID_INPUT",
            /// No such object in what the caller may see.
            NotFound = "NOT_FOUND",
            /// The role may see the object and not do this with it.
            Forbidden = "FORBIDDEN",
            /// Something with this name, number or key exists already.
            AlreadyExists = "ALREADY_EXISTS",
            /// The object is not in a state that allows this; the message names the present one.
            IllegalState = "ILLEGAL_STATE",
            /// Login or password is wrong, or the login is disabled.
            BadCredentials = "BAD_CREDENTIALS",
            /// Too many wrong passwords lately: wait a little.
            TryLater = "TRY_LATER",
            /// The password is too short or too common.
            WeakPassword = "WEAK_PASSWORD",
            /// The same idempotency key came with another input.
            IdempotencyConflict = "IDEMPOTENCY_CONFLICT",
            /// Amounts of different currencies cannot be mixed.
            CurrencyMismatch = "CURRENCY_MISMATCH",
            /// The register is not open.
            RegisterClosed = "REGISTER_CLOSED",
            /// The register is open already.
            RegisterOpen = "REGISTER_OPEN",
            /// Open cabins or unpaid statements keep the register from closing.
            OpenItems = "OPEN_ITEMS",
            /// The cabin has no phone.
            CabinWithoutPhone = "CABIN_WITHOUT_PHONE",
            /// The cabin is in use.
            CabinOccupied = "CABIN_OCCUPIED",
            /// The callshop, or an account above it, is suspended.
            Suspended = "SUSPENDED",
            /// Something above the callshop keeps this from working; its reseller knows more.
            ServiceUnavailable = "SERVICE_UNAVAILABLE",
            /// The payments do not cover the amount due.
            Underpaid = "UNDERPAID",
            /// More was paid by other means than cash than is due: only cash gives change.
            Overpaid = "OVERPAID",
            /// The account would hold less than nothing beyond its limit.
            InsufficientCredit = "INSUFFICIENT_CREDIT",
            /// More than an attendant may take off or give back: the owner may.
            CeilingExceeded = "CEILING_EXCEEDED",
            /// By the books the register holds less cash than is to be taken out.
            InsufficientCash = "INSUFFICIENT_CASH",
            /// The discounts would be more than what they are taken off.
            DiscountTooHigh = "DISCOUNT_TOO_HIGH",
            /// More than is left of what was paid.
            RefundTooHigh = "REFUND_TOO_HIGH",
            /// The transfer was taken back already.
            AlreadyReversed = "ALREADY_REVERSED",
            /// The draft was not made from the version that is in force: make the change again, or activate a copy of the draft.
            StaleDraft = "STALE_DRAFT",
            /// Another version is scheduled for that instant, or before it: choose another instant, or build on that version.
            ScheduleConflict = "SCHEDULE_CONFLICT",
            /// A row of the file cannot be used; `problems` lists them all.
            BadDeck = "BAD_DECK",
            /// A number or prefix has no rate.
            DestinationNotRated = "DESTINATION_NOT_RATED",
            /// A number or prefix may not be called.
            DestinationBlocked = "DESTINATION_BLOCKED",
            /// The text dialled is no number that this dial plan knows.
            NumberInvalid = "NUMBER_INVALID",
            /// The proxy did not take the command; the call may go on.
            ProxyUnreachable = "PROXY_UNREACHABLE",
        }
    };
}

for_each_error_code!(define);
