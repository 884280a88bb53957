//! Column types shared by the tables.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Money in a column: integer millionths of the currency unit, BIGINT on both databases.
///
/// This is only how [`billing::money::Micros`] is stored; arithmetic happens on that type.
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
            /// The stored and published text.
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

/// Gives a column enum the same variants as a `billing` enum, with conversions both ways.
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
    /// What a node of the account tree is.
    AccountKind { Platform = "PLATFORM", Distributor = "DISTRIBUTOR", Reseller = "RESELLER", Callshop = "CALLSHOP" }
);
text_enum!(
    /// What a user may do, on the subtree of the account he belongs to.
    Role { Admin = "ADMIN", Distributor = "DISTRIBUTOR", Reseller = "RESELLER", CallshopOwner = "CALLSHOP_OWNER", Attendant = "ATTENDANT" }
);
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
    /// What a customer's money was for, or why he got it back.
    PaymentKind { Sale = "SALE", Deposit = "DEPOSIT", Refund = "REFUND", DepositRefund = "DEPOSIT_REFUND" }
);
text_enum!(
    /// A line of a bill that is no call.
    ItemKind { Item = "ITEM", Discount = "DISCOUNT" }
);
text_enum!(
    /// Money put into or taken out of the drawer besides sales.
    MovementKind { PayIn = "PAY_IN", PayOut = "PAY_OUT" }
);
text_enum!(
    /// How an amount is brought to a tariff's decimals.
    RoundingMode { HalfUp = "HALF_UP", Up = "UP", Down = "DOWN" }
);
mirrors!(RoundingMode = billing::money::RoundingMode { HalfUp, Up, Down });
text_enum!(
    /// A book of an account in the ledger (domain: Money).
    Book {
        /// What the account holds with its parent.
        Credit = "CREDIT",
        /// Credit it gave its children.
        Issued = "ISSUED",
        /// What its children's calls brought.
        Revenue = "REVENUE",
        /// Money in a callshop's register, by shift and payment method.
        Drawer = "DRAWER",
        /// What a callshop sold, below zero: where the money came from.
        Sales = "SALES",
        /// What customers paid in advance, below zero: it is owed to them.
        Deposits = "DEPOSITS",
        /// What customers owe for closed sessions.
        Receivable = "RECEIVABLE",
        /// What rounding statements and cash added, below zero.
        Rounding = "ROUNDING",
        /// What counts differed from the books: above zero, money was missing.
        Variance = "VARIANCE",
        /// Where floats and pay-ins come from and pay-outs and counted drawers go to.
        Outside = "OUTSIDE",
        /// What late cuts gave away.
        WriteOff = "WRITE_OFF",
    }
);
text_enum!(
    /// Why money moved.
    TransferKind {
        /// A parent gives credit to a child.
        TopUp = "TOP_UP",
        /// A parent corrects a child's credit, with a reason.
        Adjustment = "ADJUSTMENT",
        /// A call ended: every level pays the one above.
        Call = "CALL",
        /// What a late cut left beyond the covered seconds.
        WriteOff = "WRITE_OFF",
        /// Takes another transfer back.
        Reversal = "REVERSAL",
        /// The float that a register opened with.
        Float = "FLOAT",
        /// Cash put in by hand.
        PayIn = "PAY_IN",
        /// Cash taken out by hand.
        PayOut = "PAY_OUT",
        /// A customer pays in advance.
        Deposit = "DEPOSIT",
        /// A statement became final: the customer owes it.
        Sale = "SALE",
        /// The customer paid it.
        Settlement = "SETTLEMENT",
        /// What he paid was given back.
        Refund = "REFUND",
        /// A deposit was given back unused.
        DepositRefund = "DEPOSIT_REFUND",
        /// A register was counted and emptied.
        Count = "COUNT",
    }
);
text_enum!(
    /// What became of an event that the proxy sent.
    HookStatus { Applied = "APPLIED", Ignored = "IGNORED", Doubted = "DOUBTED", Rejected = "REJECTED" }
);
text_enum!(
    /// What happened in a callshop.
    ActivityKind {
        RegisterOpened = "REGISTER_OPENED", RegisterClosed = "REGISTER_CLOSED",
        CabinOpened = "CABIN_OPENED", CabinClosing = "CABIN_CLOSING", CabinClosed = "CABIN_CLOSED", CabinChanged = "CABIN_CHANGED",
        PhoneOnline = "PHONE_ONLINE", PhoneOffline = "PHONE_OFFLINE",
        CallAuthorized = "CALL_AUTHORIZED", CallRinging = "CALL_RINGING", CallAnswered = "CALL_ANSWERED", CallEnded = "CALL_ENDED",
        CallFailed = "CALL_FAILED", CallAbandoned = "CALL_ABANDONED", CallRefused = "CALL_REFUSED",
        CallExtended = "CALL_EXTENDED", CreditLow = "CREDIT_LOW",
        SessionSettled = "SESSION_SETTLED", SessionRefunded = "SESSION_REFUNDED",
    }
);
