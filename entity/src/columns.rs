//! Column types shared by the tables.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A money column: integer millionths of the currency unit, BIGINT on both databases.
///
/// This type only stores a [`billing::money::Micros`]; convert to that type for arithmetic.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType,
)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl From<billing::money::Micros> for Micros {
    fn from(value: billing::money::Micros) -> Self {
        Self(value.0)
    }
}

impl From<Micros> for billing::money::Micros {
    fn from(value: Micros) -> Self {
        Self(value.0)
    }
}

macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name {
            $($(#[$vmeta])* #[doc = concat!("`", $text, "`.")] #[sea_orm(string_value = $text)] #[serde(rename = $text)] $variant,)+
        }
        impl $name {
            /// The value's text in the database and in the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($text => Ok(Self::$variant),)+ other => Err(format!("unknown {} {other:?}", stringify!($name))) }
            }
        }
    };
}

/// Implements conversions in both directions between a column enum and the `billing` enum with the same variants.
macro_rules! mirrors {
    ($name:ident = $pure:path { $($variant:ident),+ $(,)? }) => {
        impl From<$pure> for $name {
            fn from(value: $pure) -> Self { use $pure as Pure; match value { $(Pure::$variant => Self::$variant,)+ } }
        }
        impl From<$name> for $pure {
            fn from(value: $name) -> Self { use $pure as Pure; match value { $($name::$variant => Pure::$variant,)+ } }
        }
    };
}

text_enum!(
    /// The kind of a node in the account tree.
    AccountKind { Platform = "PLATFORM", Distributor = "DISTRIBUTOR", Reseller = "RESELLER", Callshop = "CALLSHOP" }
);
text_enum!(
    /// A user's permissions on the subtree of the user's account.
    Role { Admin = "ADMIN", Distributor = "DISTRIBUTOR", Reseller = "RESELLER", CallshopOwner = "CALLSHOP_OWNER", Attendant = "ATTENDANT" }
);
text_enum!(
    /// What an API token may do. In the documentation and on the command line, a scope has the form `tariffs:read`.
    TokenScope {
        AccountsRead = "ACCOUNTS_READ", AccountsWrite = "ACCOUNTS_WRITE", AuditRead = "AUDIT_READ",
        CabinsRead = "CABINS_READ", CabinsWrite = "CABINS_WRITE", CallsRead = "CALLS_READ", CallsWrite = "CALLS_WRITE",
        CreditWrite = "CREDIT_WRITE", LedgerRead = "LEDGER_READ", PhonesRead = "PHONES_READ", PhonesWrite = "PHONES_WRITE",
        RegisterRead = "REGISTER_READ", RegisterWrite = "REGISTER_WRITE", ReportsRead = "REPORTS_READ",
        SessionsRead = "SESSIONS_READ", SessionsWrite = "SESSIONS_WRITE", TariffsRead = "TARIFFS_READ",
        TariffsWrite = "TARIFFS_WRITE", WebhooksRead = "WEBHOOKS_READ", WebhooksWrite = "WEBHOOKS_WRITE",
    }
);

impl TokenScope {
    /// All scopes, in the order of their names.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as sea_orm::Iterable>::iter()
    }
}

text_enum!(
    /// State of a call; see `billing::call`.
    CallState {
        Authorized = "AUTHORIZED", Ringing = "RINGING", Answered = "ANSWERED", Ended = "ENDED", Failed = "FAILED",
        Abandoned = "ABANDONED", Refused = "REFUSED",
    }
);
mirrors!(
    CallState = billing::call::CallState { Authorized, Ringing, Answered, Ended, Failed, Abandoned, Refused }
);
#[allow(
    clippy::derivable_impls,
    reason = "the macro that declares the enum cannot mark a variant as the default"
)]
impl Default for CallState {
    fn default() -> Self {
        Self::Authorized
    }
}
text_enum!(
    /// Who ended a call.
    EndedBy { Caller = "CALLER", Callee = "CALLEE", Proxy = "PROXY", Api = "API" }
);
mirrors!(EndedBy = billing::call::EndedBy { Caller, Callee, Proxy, Api });
text_enum!(
    /// Why a call ended.
    EndCause {
        Bye = "BYE", MaxDuration = "MAX_DURATION", KeepaliveLost = "KEEPALIVE_LOST", NoAck = "NO_ACK", Api = "API", Rpc = "RPC",
        Lost = "LOST",
    }
);
mirrors!(EndCause = billing::call::EndCause { Bye, MaxDuration, KeepaliveLost, NoAck, Api, Rpc, Lost });
text_enum!(
    /// State of a cabin session; see `billing::session`.
    SessionState { Open = "OPEN", Closing = "CLOSING", Closed = "CLOSED", Settled = "SETTLED", Voided = "VOIDED" }
);
mirrors!(SessionState = billing::session::SessionState { Open, Closing, Closed, Settled, Voided });
text_enum!(
    /// Whether the customer pays after the calls or before them.
    SessionMode { Postpaid = "POSTPAID", Prepaid = "PREPAID" }
);
mirrors!(SessionMode = billing::session::SessionMode { Postpaid, Prepaid });
text_enum!(
    /// How a customer pays.
    PaymentMethod { Cash = "CASH", Card = "CARD", Pix = "PIX", Other = "OTHER" }
);
mirrors!(PaymentMethod = billing::statement::PaymentMethod { Cash, Card, Pix, Other });
text_enum!(
    /// The purpose of a payment by a customer, or of a refund.
    PaymentKind { Sale = "SALE", Deposit = "DEPOSIT", Refund = "REFUND", DepositRefund = "DEPOSIT_REFUND" }
);
text_enum!(
    /// A line on a bill that is not a call.
    ItemKind { Item = "ITEM", Discount = "DISCOUNT" }
);
text_enum!(
    /// Cash added to or withdrawn from the drawer, other than sales.
    MovementKind { PayIn = "PAY_IN", PayOut = "PAY_OUT" }
);
text_enum!(
    /// State of an import of a rate deck.
    ImportState {
        /// The file has not been uploaded.
        Upload = "UPLOAD",
        /// The node that had the file is gone, so the file must be uploaded again.
        UploadAgain = "UPLOAD_AGAIN",
        /// The file is being read, and its rates are being written.
        Reading = "READING",
        /// The file can be understood in several ways, and the import waits for a user's answers.
        Asks = "ASKS",
        /// The file was checked, and no version was stored.
        Checked = "CHECKED",
        /// The version is stored and, if requested, scheduled.
        Done = "DONE",
        /// The import failed.
        Failed = "FAILED",
        /// A user canceled the import.
        Canceled = "CANCELED",
    }
);
text_enum!(
    /// How a prefix differs between two versions of a tariff.
    RateChangeKind {
        /// Only the later version has a rate for the prefix.
        Added = "ADDED",
        /// The price per minute is higher.
        Raised = "RAISED",
        /// The price per minute is lower.
        Lowered = "LOWERED",
        /// The price per minute is the same, and another value differs.
        Changed = "CHANGED",
        /// Only the earlier version has a rate for the prefix.
        Removed = "REMOVED",
        /// Both rates are equal.
        Unchanged = "UNCHANGED",
    }
);
mirrors!(
    RateChangeKind =
        billing::rate_changes::RateChangeKind { Added, Raised, Lowered, Changed, Removed, Unchanged }
);
text_enum!(
    /// How an amount is rounded to the number of decimals that a tariff sets.
    #[derive(Default)]
    RoundingMode { #[default] HalfUp = "HALF_UP", Up = "UP", Down = "DOWN" }
);
mirrors!(RoundingMode = billing::money::RoundingMode { HalfUp, Up, Down });
text_enum!(
    /// A book of an account in the ledger; see docs/money.md.
    Book {
        /// The account's credit with its parent.
        Credit = "CREDIT",
        /// Credit that the account issued to its children.
        Issued = "ISSUED",
        /// Revenue from the calls of the account's children.
        Revenue = "REVENUE",
        /// Money in a callshop's register, by shift and payment method.
        Drawer = "DRAWER",
        /// Sales of a callshop; negative, because sales are a source of money.
        Sales = "SALES",
        /// Customers' deposits; negative, because the shop owes deposits to the customers.
        Deposits = "DEPOSITS",
        /// Amounts that customers owe for closed sessions.
        Receivable = "RECEIVABLE",
        /// The amounts that rounding adds to statements and cash payments, with the opposite sign.
        Rounding = "ROUNDING",
        /// Differences between counts and books; positive if money was missing.
        Variance = "VARIANCE",
        /// Source of floats and pay-ins; destination of pay-outs and of the contents of counted drawers.
        Outside = "OUTSIDE",
        /// Charges that the shop waived, because calls were ended late or bills were paid before the true end of a call was known.
        WriteOff = "WRITE_OFF",
    }
);
text_enum!(
    /// The reason for a transfer.
    TransferKind {
        /// A parent gives credit to a child.
        TopUp = "TOP_UP",
        /// A parent corrects a child's credit, with a reason.
        Adjustment = "ADJUSTMENT",
        /// A call ended, and every account pays its parent for the call.
        Call = "CALL",
        /// A part of a call's price is waived, because the call was ended late, or because its bill was paid before its true end was known.
        WriteOff = "WRITE_OFF",
        /// Reverses another transfer.
        Reversal = "REVERSAL",
        /// The float with which a register opened.
        Float = "FLOAT",
        /// Cash that the attendant added.
        PayIn = "PAY_IN",
        /// Cash that the attendant withdrew.
        PayOut = "PAY_OUT",
        /// A customer pays in advance.
        Deposit = "DEPOSIT",
        /// A statement became final, and the customer owes its total.
        Sale = "SALE",
        /// The customer paid a statement.
        Settlement = "SETTLEMENT",
        /// A paid amount was refunded.
        Refund = "REFUND",
        /// An unused deposit was refunded.
        DepositRefund = "DEPOSIT_REFUND",
        /// A register was counted and emptied.
        Count = "COUNT",
    }
);
text_enum!(
    /// The result of processing an event from a proxy.
    HookStatus { Applied = "APPLIED", Ignored = "IGNORED", Doubted = "DOUBTED", Rejected = "REJECTED" }
);
text_enum!(
    /// The kind of an activity event, which belongs to a callshop or to the feed of an account above callshops.
    ActivityKind {
        RegisterOpened = "REGISTER_OPENED", RegisterClosed = "REGISTER_CLOSED",
        CabinOpened = "CABIN_OPENED", CabinClosing = "CABIN_CLOSING", CabinClosed = "CABIN_CLOSED", CabinChanged = "CABIN_CHANGED",
        PhoneOnline = "PHONE_ONLINE", PhoneOffline = "PHONE_OFFLINE",
        CallAuthorized = "CALL_AUTHORIZED", CallRinging = "CALL_RINGING", CallAnswered = "CALL_ANSWERED", CallEnded = "CALL_ENDED",
        CallFailed = "CALL_FAILED", CallAbandoned = "CALL_ABANDONED", CallRefused = "CALL_REFUSED",
        CallExtended = "CALL_EXTENDED", CallEndingSoon = "CALL_ENDING_SOON", CallHangUpRequested = "CALL_HANG_UP_REQUESTED", CreditLow = "CREDIT_LOW",
        SessionSettled = "SESSION_SETTLED", SessionRefunded = "SESSION_REFUNDED", SessionVoided = "SESSION_VOIDED",
        SessionMoved = "SESSION_MOVED", DepositAdded = "DEPOSIT_ADDED", DepositLow = "DEPOSIT_LOW", LimitsChanged = "LIMITS_CHANGED",
        ItemAdded = "ITEM_ADDED", ItemRemoved = "ITEM_REMOVED", StatementChanged = "STATEMENT_CHANGED",
        CashMoved = "CASH_MOVED", PhoneChanged = "PHONE_CHANGED", CreditChanged = "CREDIT_CHANGED",
        PricesChanged = "PRICES_CHANGED", SettingsChanged = "SETTINGS_CHANGED", UsersChanged = "USERS_CHANGED",
        ShopSuspended = "SHOP_SUSPENDED", ShopResumed = "SHOP_RESUMED",
        ImportWaits = "IMPORT_WAITS", ImportEnded = "IMPORT_ENDED", VersionScheduled = "VERSION_SCHEDULED",
        VersionCanceled = "VERSION_CANCELED", VersionInForce = "VERSION_IN_FORCE", VersionDerived = "VERSION_DERIVED",
        CostChanged = "COST_CHANGED", WebhookDisabled = "WEBHOOK_DISABLED",
    }
);
text_enum!(
    /// Kind of object that a search finds by words in its name.
    WordKind { Account = "ACCOUNT", User = "USER", Session = "SESSION" }
);
text_enum!(
    /// Whether a webhook delivers events.
    WebhookState { Active = "ACTIVE", Disabled = "DISABLED" }
);
text_enum!(
    /// Why a webhook is disabled.
    WebhookDisabledReason {
        /// The receiver accepted no delivery during the whole retry period.
        DeliveryFailed = "DELIVERY_FAILED",
        /// The receiver answered with status 410.
        Gone = "GONE",
        /// The account of the webhook's creator, or an account above it, is suspended.
        AccountSuspended = "ACCOUNT_SUSPENDED",
        /// The webhook's account is no longer in the subtree of the creator's account.
        RightsLost = "RIGHTS_LOST",
        /// The document is no longer valid in the schema of the webhook's role and scopes.
        DocumentInvalid = "DOCUMENT_INVALID",
        /// The API token that made the webhook was revoked or has expired.
        TokenEnded = "TOKEN_ENDED",
        /// A user paused the webhook.
        Paused = "PAUSED",
    }
);
text_enum!(
    /// The kind of message that is sent to a webhook.
    WebhookMessageKind {
        /// An activity event.
        Event = "EVENT",
        /// A report of events that were deleted before they could be delivered.
        Gap = "GAP",
        /// A test.
        Ping = "PING",
    }
);
text_enum!(
    /// Whether a message reached a webhook's receiver.
    WebhookDeliveryStatus {
        /// An attempt failed, and a further attempt follows.
        Pending = "PENDING",
        /// The receiver answered with a status from 200 to 299.
        Delivered = "DELIVERED",
        /// The last attempt failed, and no further attempt follows.
        Failed = "FAILED",
        /// A user moved the webhook past the message.
        Skipped = "SKIPPED",
    }
);
