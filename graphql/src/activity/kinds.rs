//! The kinds of activity events.

use crate::graphql_enum;

graphql_enum!(
    /// Kind of an activity event.
    ActivityKind = "entity::ActivityKind" {
        /// The cash register was opened.
        RegisterOpened,
        /// The cash register was closed.
        RegisterClosed,
        /// A cabin was opened for a customer.
        CabinOpened,
        /// A request to close a cabin arrived during a call; the cabin closes when the call ends.
        CabinClosing,
        /// A cabin was closed, and its statement is final.
        CabinClosed,
        /// A cabin was created, changed or retired, or its phone changed.
        CabinChanged,
        /// A phone has registered at the proxy.
        PhoneOnline,
        /// A phone's registration ended.
        PhoneOffline,
        /// A call was allowed.
        CallAuthorized,
        /// The called phone is ringing.
        CallRinging,
        /// A call was answered and is being charged.
        CallAnswered,
        /// An answered call ended; its charge is known.
        CallEnded,
        /// A call was not answered.
        CallFailed,
        /// The caller or the proxy abandoned a call before it rang.
        CallAbandoned,
        /// A call was refused; see the call's `refusal`.
        CallRefused,
        /// A call in progress may continue for longer, because more credit was reserved for it.
        CallExtended,
        /// The remaining time of a call fell to the callshop's `endingSoonSeconds`. The remaining time is the time that credit, deposit and limits
        /// still allow. There is at most one such event for each call, and none for a call whose SIP proxy cannot extend calls.
        CallEndingSoon,
        /// A user asked to hang up a call. CALL_ENDED follows when the proxy reports the end.
        CallHangUpRequested,
        /// The credit of the callshop or account fell below its `lowCredit` threshold.
        CreditLow,
        /// A customer paid.
        SessionSettled,
        /// A customer who had paid got a refund.
        SessionRefunded,
        /// A session was voided.
        SessionVoided,
        /// A session moved to another cabin. There is one event for each of the two cabins.
        SessionMoved,
        /// A customer added money to a deposit.
        DepositAdded,
        /// The part of a deposit that is left for the current call pays for at most `endingSoonSeconds` more seconds. There is at most one
        /// `DEPOSIT_LOW` event until another deposit is added. The event contains the call.
        DepositLow,
        /// The limits of a session changed.
        LimitsChanged,
        /// An item or a discount was added to a bill.
        ItemAdded,
        /// An item or a discount was removed from a bill.
        ItemRemoved,
        /// A final statement changed, because a call on it was corrected.
        StatementChanged,
        /// Cash was put into the drawer or taken out.
        CashMoved,
        /// Phones were created, a phone was blocked or unblocked, or a phone got a new secret or registered from another address.
        PhoneChanged,
        /// A user changed the credit of the callshop or account, its credit limit, or its low-credit threshold. Calls do not cause this event.
        CreditChanged,
        /// A tariff was assigned to the callshop, a version of the callshop's retail tariff was activated or scheduled, or a destination was blocked
        /// or unblocked.
        PricesChanged,
        /// The callshop's name, settings or dial plan changed.
        SettingsChanged,
        /// A user of the callshop was created, renamed, disabled or enabled, or got a new password.
        UsersChanged,
        /// The callshop, or an account above it, was suspended.
        ShopSuspended,
        /// The callshop, or an account above it, was resumed. The callshop stays suspended while another of these accounts is suspended.
        ShopResumed,
        /// In `accountFeed`: an import of a rate deck asks a question, or needs its file again. `subjectId` is the import.
        ImportWaits,
        /// In `accountFeed`: an import of a rate deck has ended. `subjectId` is the import, whose `state` says how it ended.
        ImportEnded,
        /// In `accountFeed`: a version of a tariff of the account was scheduled. `subjectId` is the version.
        VersionScheduled,
        /// In `accountFeed`: the schedule of a version was canceled, and the version is a draft again. `subjectId` is the version.
        VersionCanceled,
        /// In `accountFeed`: a version of a tariff of the account took effect. `subjectId` is the version.
        VersionInForce,
        /// In `accountFeed`: a draft was derived from another tariff, and waits to be activated. `subjectId` is the version.
        VersionDerived,
        /// In `accountFeed`: the account was assigned another cost tariff, or a version of its cost tariff was scheduled, had its schedule canceled,
        /// or took effect. `subjectId` is the tariff; null if the account no longer has a cost tariff.
        CostChanged,
        /// The server or a user disabled a webhook of the callshop or account. `subjectId` is the webhook, and `webhookDisabledReason` gives the
        /// reason.
        WebhookDisabled,
    }
);
