//! The reasons why a call is refused, each with the SIP status that the phone gets.

macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $sip:literal, $reason:literal;)+) => {
        /// The reason why a call is refused. A problem with an account above the callshop is reported only as `SERVICE_UNAVAILABLE`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal { $($(#[$meta])* $variant,)+ }
        impl Refusal {
            /// Every refusal.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            /// Stable code, stored in `call.refusal`.
            pub fn code(self) -> &'static str { match self { $(Self::$variant => $text,)+ } }
            /// SIP status for the phone.
            pub fn sip_code(self) -> u16 { match self { $(Self::$variant => $sip,)+ } }
            /// Reason phrase for the phone.
            pub fn reason(self) -> &'static str { match self { $(Self::$variant => $reason,)+ } }
        }
    };
}

refusals! {
    /// The phone does not exist or is blocked.
    PhoneBlocked = "PHONE_BLOCKED", 403, "Phone blocked";
    /// The phone is in no cabin, or the phone's cabin is out of service.
    CabinOutOfService = "CABIN_OUT_OF_SERVICE", 403, "Cabin out of service";
    /// The phone's cabin is not open, or is being closed.
    CabinClosed = "CABIN_CLOSED", 403, "Cabin closed";
    /// The phone already has a call.
    PhoneBusy = "PHONE_BUSY", 486, "One call at a time";
    /// The dialed string is not a valid number.
    NumberInvalid = "NUMBER_INVALID", 404, "Number not valid";
    /// There is no rate for this number.
    DestinationNotRated = "DESTINATION_NOT_RATED", 404, "Destination not available";
    /// The number's prefix is blocked.
    DestinationBlocked = "DESTINATION_BLOCKED", 403, "Destination blocked";
    /// The callshop's credit does not pay for one second of the call.
    NoCredit = "NO_CREDIT", 402, "No credit";
    /// The session's deposit does not pay for one second of the call.
    DepositUsedUp = "DEPOSIT_USED_UP", 402, "Deposit used up";
    /// The rest of the session's spending limit does not pay for one second of the call.
    SpendingLimit = "SPENDING_LIMIT", 402, "Spending limit reached";
    /// The session's time is used up.
    TimeLimit = "TIME_LIMIT", 403, "Time limit reached";
    /// The session has as many calls as a statement can hold. Close the session and open another.
    SessionFull = "SESSION_FULL", 403, "Too many calls";
    /// The callshop is suspended.
    Suspended = "SUSPENDED", 403, "Callshop suspended";
    /// The proxy has already given up on the call attempt and sent 503 to the phone.
    Abandoned = "ABANDONED", 503, "Given up";
    /// An account above the callshop is suspended, or lacks credit or a rate.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", 503, "Service unavailable";
}

impl Refusal {
    /// The refusal that a stored code names. During an upgrade, a node of the next release may store a code that this release does not know; the
    /// result is then `ServiceUnavailable`.
    pub fn stored(code: &str) -> Self {
        Self::ALL.iter().copied().find(|refusal| refusal.code() == code).unwrap_or(Self::ServiceUnavailable)
    }
}
