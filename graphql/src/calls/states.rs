//! The states of a call, and the reasons that it ended or was refused.

use crate::graphql_enum;

graphql_enum!(
    /// State of a call. ENDED, FAILED, ABANDONED and REFUSED are final.
    CallState = "entity::CallState" {
        /// The call is allowed, but is not ringing yet.
        Authorized,
        /// The called phone is ringing.
        Ringing,
        /// The call is in progress and is being charged.
        Answered,
        /// The call was answered and is over.
        Ended,
        /// The call was not answered.
        Failed,
        /// The caller or the proxy abandoned the call before it rang.
        Abandoned,
        /// The call was refused; see `refusal`.
        Refused,
    }
);

graphql_enum!(
    /// The party that ended a call.
    EndedBy = "entity::EndedBy" {
        /// The customer hung up.
        Caller,
        /// The called party hung up.
        Callee,
        /// The SIP proxy ended the call, because a limit was reached or a phone stopped responding.
        Proxy,
        /// A user ended the call, with `hangUpCall` or by closing the cabin.
        Api,
    }
);

graphql_enum!(
    /// Reason that a call ended.
    EndCause = "entity::EndCause" {
        /// The caller or the called party hung up.
        Bye,
        /// The credit, the deposit or a limit was used up.
        MaxDuration,
        /// The phone stopped responding.
        KeepaliveLost,
        /// The phone never acknowledged the answer, so the proxy or the gateway ended the call. The call is charged from the answer on, unless
        /// the server's operator has made such calls free.
        NoAck,
        /// A user hung up through this API.
        Api,
        /// The proxy's operator ended the call.
        Rpc,
        /// The proxy no longer knew the call. The call's end is the last instant at which the proxy listed the call.
        Lost,
    }
);

graphql_enum!(
    /// Reason that a call was refused. A problem with an account above the callshop is reported only as SERVICE_UNAVAILABLE.
    CallRefusal = "app::calls::authorize::Refusal" {
        /// The phone is blocked.
        PhoneBlocked,
        /// The phone is in no cabin, or its cabin is out of service.
        CabinOutOfService,
        /// The cabin is not open, or is being closed.
        CabinClosed,
        /// The phone already has a call.
        PhoneBusy,
        /// The dialed digits are not a valid number.
        NumberInvalid,
        /// No tariff has a rate for the number.
        DestinationNotRated,
        /// The destination is blocked.
        DestinationBlocked,
        /// The callshop's credit does not cover even one second of the call.
        NoCredit,
        /// The rest of the customer's deposit does not cover even one second of the call.
        DepositUsedUp,
        /// The rest of the session's spending limit does not cover even one second of the call.
        SpendingLimit,
        /// The session's talk time is used up.
        TimeLimit,
        /// The session has as many calls as a statement can hold. Close the session and open another.
        SessionFull,
        /// The callshop is suspended.
        Suspended,
        /// The SIP proxy abandoned the attempt before it got an answer from this server.
        Abandoned,
        /// An account above the callshop is suspended, or has no credit or no rate.
        ServiceUnavailable,
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use app::calls::authorize::Refusal;

    #[test]
    fn refusals_are_named_by_their_codes() {
        use async_graphql::resolver_utils::EnumType as _;
        let items = CallRefusal::items();
        let codes: Vec<&str> = items.iter().map(|item| Refusal::from(item.value).code()).collect();
        assert_eq!(items.iter().map(|item| item.name).collect::<Vec<_>>(), codes);
        assert_eq!(codes.len(), Refusal::ALL.len());
        assert_eq!(CallRefusal::from(Refusal::stored("OF_A_LATER_RELEASE")), CallRefusal::ServiceUnavailable);
    }
}
