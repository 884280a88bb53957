//! The error type of the use cases: a stable code for clients, the detailed cause for the log.

use std::error::Error as StdError;
use std::panic::Location;

use sea_orm::{DbErr, RuntimeErr, SqlErr};

use crate::message::Message;

/// The reason why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An error that the caller can correct; returned in `userErrors`.
    #[error("{}: {}", .0.code.as_str(), .0.message)]
    User(UserError),
    /// The object does not exist, or is outside the caller's scope; the caller cannot tell which.
    #[error("not found")]
    NotFound,
    /// The caller may see the object, but the caller's role does not allow this action.
    #[error("forbidden")]
    Forbidden,
    /// The token is missing, expired, revoked or invalid.
    #[error("unauthenticated")]
    Unauthenticated,
    /// The server is too busy: a bounded queue is full.
    #[error("overloaded: {0}")]
    Overloaded(&'static str),
    /// A concurrent transaction has already done the same work. A retry gets the result of the concurrent transaction.
    #[error("overtaken")]
    Overtaken,
    /// The database failed.
    #[error("database: {0}")]
    Database(#[source] DbErr),
    /// An internal fault. The fault's text is for the log only.
    #[error("fault: {0}")]
    Fault(#[source] Fault),
}

/// A request timed out while waiting for a free connection.
pub const NO_CONNECTION: &str = "no free database connection";

/// A fault of the program or its environment, with the cause and the line that raised it.
#[derive(Debug, thiserror::Error)]
#[error("{cause} (raised at {}:{})", at.file(), at.line())]
pub struct Fault {
    #[source]
    cause: Box<dyn StdError + Send + Sync>,
    at: &'static Location<'static>,
}

/// Turns an error into [`Error::Fault`], for operations that cannot fail in a healthy system.
pub trait OrFault<T> {
    /// The value. On failure, returns a fault that has the error as its source and names the calling line.
    ///
    /// # Errors
    /// Fails with [`Error::Fault`].
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

/// An error that the caller can correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    /// Stable code.
    pub code: ErrorCode,
    /// The English sentence and the values of its placeholders.
    pub message: Message,
    /// Path of the invalid input field, outermost first; empty if the error concerns the whole input.
    pub field: Vec<String>,
}

impl Error {
    /// A [`UserError`] about the input as a whole.
    pub fn user(code: ErrorCode, message: impl Into<Message>) -> Self {
        Self::User(UserError { code, message: message.into(), field: Vec::new() })
    }

    /// A [`UserError`] about one input field, named by its GraphQL path (`"limits.timeSeconds"`).
    pub fn field(code: ErrorCode, field: &str, message: impl Into<Message>) -> Self {
        Self::User(UserError {
            code,
            message: message.into(),
            field: field.split('.').map(str::to_owned).collect(),
        })
    }

    /// An [`ErrorCode::InvalidInput`] error about one input field.
    pub fn invalid(field: &str, message: impl Into<Message>) -> Self {
        Self::field(ErrorCode::InvalidInput, field, message)
    }

    /// A fault whose cause is an error or a sentence. The fault records the line of the calling code.
    #[track_caller]
    pub fn fault(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Fault(Fault { cause: cause.into(), at: Location::caller() })
    }

    /// Whether the same transaction may succeed if it runs again. On PostgreSQL, this is true for a serialization failure, a deadlock, and a missing
    /// monthly partition (23514). Another transaction may have created a missing partition by now. A missing partition is the only cause of the code
    /// 23514, because the tables have no other checks. On SQLite, this is true for a lock held by another process. [`Error::Overtaken`] is transient
    /// on both databases.
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

    /// Whether the database's disk is full. The transaction was not stored. The transaction can succeed once the disk has space.
    pub fn is_out_of_room(&self) -> bool {
        // on PostgreSQL, the code is disk_full; on SQLite, the codes are SQLITE_FULL and the codes for a failed write and for shared memory that
        // could not grow
        matches!(self.database_code().as_deref(), Some("53100" | "13" | "778" | "4874"))
    }

    /// Whether the database timed out on a lock or a statement. The transaction was not stored; a retry may succeed soon.
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

    /// Whether every retry would fail, because the error is an internal fault or because the database will never accept the data.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Fault(_) => true,
            // PostgreSQL's codes for data that does not fit (22…) or violates a constraint (23…); SQLite's codes are 19, 20 and 25
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

    /// Whether a unique index rejected the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))))
    }
}

/// Whether the connection to the database was lost, or the database is shutting down or starting. If the commit was already in progress, the
/// transaction may have been stored; otherwise, it was not stored.
pub fn is_connection_lost(error: &DbErr) -> bool {
    use sea_orm::sqlx::Error as Cause;
    let lost = cause(error).is_some_and(|cause| {
        matches!(cause, Cause::Io(_) | Cause::Tls(_) | Cause::Protocol(_) | Cause::WorkerCrashed)
    });
    // PostgreSQL: connection exceptions (08…), shutdown or termination by an administrator, crash, startup
    lost || database_code(error).is_some_and(|code| {
        code.len() == 5 && (code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03"))
    })
}

/// Whether another process holds the lock of the SQLite file.
pub fn is_busy(error: &DbErr) -> bool {
    database_code(error).is_some_and(|code| code == "5")
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
        /// Stable error codes. A later release may add codes; existing codes keep their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode { $($(#[$meta])* $variant,)+ }
        impl ErrorCode {
            /// The error code as published to clients.
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }

            /// Every error code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
        }
    };
}

/// Calls a macro with every error code, its description and its published text. [`ErrorCode`] and the schema are generated from this list.
#[macro_export]
macro_rules! for_each_error_code {
    ($callback:ident) => {
        $callback! {
            /// A value is malformed or out of bounds.
            InvalidInput = "INVALID_INPUT",
            /// The object does not exist in the caller's subtree.
            NotFound = "NOT_FOUND",
            /// The caller's role may see the object, but has no permission for this action.
            Forbidden = "FORBIDDEN",
            /// An object with this name, number or key already exists.
            AlreadyExists = "ALREADY_EXISTS",
            /// The object's state does not allow this action; the message names the state.
            IllegalState = "ILLEGAL_STATE",
            /// Login or password is wrong, or the login is disabled.
            BadCredentials = "BAD_CREDENTIALS",
            /// Too many wrong passwords or codes recently: wait up to 30 seconds.
            TryLater = "TRY_LATER",
            /// The password is correct, but the login also needs a code from the user's authenticator app: ask for the code and send it as `totp`.
            TotpRequired = "TOTP_REQUIRED",
            /// The code of the authenticator app, or the recovery code, is wrong or was already used.
            TotpInvalid = "TOTP_INVALID",
            /// This server requires a second factor for the caller's role: set it up with `beginTotp` and `confirmTotp`.
            TotpSetupRequired = "TOTP_SETUP_REQUIRED",
            /// The password is too short, too long or too easy to guess.
            WeakPassword = "WEAK_PASSWORD",
            /// The idempotency key was already used with different input.
            IdempotencyConflict = "IDEMPOTENCY_CONFLICT",
            /// The secret was shown in the response to an earlier request with this key, and cannot be shown again. If the secret is lost, rotate the
            /// token.
            SecretShown = "SECRET_SHOWN",
            /// Amounts in different currencies cannot be combined.
            CurrencyMismatch = "CURRENCY_MISMATCH",
            /// The register is closed: open it first.
            RegisterClosed = "REGISTER_CLOSED",
            /// The register is already open.
            RegisterOpen = "REGISTER_OPEN",
            /// Open cabins or unpaid statements prevent the register from closing.
            OpenItems = "OPEN_ITEMS",
            /// The cabin has no phone: assign one first.
            CabinWithoutPhone = "CABIN_WITHOUT_PHONE",
            /// A customer occupies the cabin.
            CabinOccupied = "CABIN_OCCUPIED",
            /// The callshop, or an account above it, is suspended.
            Suspended = "SUSPENDED",
            /// A problem with an account above the callshop prevents this action. The callshop's reseller can see the details.
            ServiceUnavailable = "SERVICE_UNAVAILABLE",
            /// The payments are less than the amount due.
            Underpaid = "UNDERPAID",
            /// Non-cash payments exceed the amount due; change is given only for cash.
            Overpaid = "OVERPAID",
            /// The account's balance and credit limit are too low for this action.
            InsufficientCredit = "INSUFFICIENT_CREDIT",
            /// The amount exceeds what an attendant may discount or refund. The callshop's owner may discount or refund the amount.
            CeilingExceeded = "CEILING_EXCEEDED",
            /// According to the books, the register holds less cash than the requested amount.
            InsufficientCash = "INSUFFICIENT_CASH",
            /// The discounts would exceed the session's calls and items.
            DiscountTooHigh = "DISCOUNT_TOO_HIGH",
            /// The refund exceeds the amount that is left to refund.
            RefundTooHigh = "REFUND_TOO_HIGH",
            /// The transfer was already reversed.
            AlreadyReversed = "ALREADY_REVERSED",
            /// The tariff draft was not made from the active version. Make the change again, or activate a copy of the draft.
            StaleDraft = "STALE_DRAFT",
            /// Another tariff version is scheduled for the same or an earlier time. Choose another time, or base the draft on the scheduled version.
            ScheduleConflict = "SCHEDULE_CONFLICT",
            /// The file has rows with errors; `problems` lists these rows.
            BadDeck = "BAD_DECK",
            /// The server no longer has the uploaded file: create another import, and upload the file again.
            UploadGone = "UPLOAD_GONE",
            /// No rate matches the number or prefix.
            DestinationNotRated = "DESTINATION_NOT_RATED",
            /// The number or prefix is blocked.
            DestinationBlocked = "DESTINATION_BLOCKED",
            /// The dialed text is not a number in this dial plan.
            NumberInvalid = "NUMBER_INVALID",
            /// The branch has more callshops than one subscription can follow. Subscribe to the accounts below the branch's top account instead.
            BranchTooLarge = "BRANCH_TOO_LARGE",
            /// The search would read too many rows. Narrow the search with a shorter time range or another filter.
            SearchTooBroad = "SEARCH_TOO_BROAD",
            /// The SIP proxy did not accept the command; the call may continue.
            ProxyUnreachable = "PROXY_UNREACHABLE",
        }
    };
}

for_each_error_code!(define);
