//! The fields of object types, with their outcomes for each role.

use super::outcomes::{BACK_OFFICE, EVERYONE, MANAGERS, Outcomes, SHOP, SIGNED_IN};

/// An object type whose objects a query can reach.
pub(super) struct Object {
    /// The type's name.
    pub(super) name: &'static str,
    /// A query in which `HOLE` stands for the selection of an object of the type.
    pub(super) reach: &'static str,
    /// For each set of outcomes, the fields that have these outcomes, separated by spaces.
    pub(super) fields: &'static [(Outcomes, &'static str)],
}

impl Object {
    /// Every field with its outcomes.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (&'static str, Outcomes)> {
        self.fields
            .iter()
            .flat_map(|(outcomes, fields)| fields.split_whitespace().map(|field| (field, *outcomes)))
    }
}

/// Every type whose objects a query can reach.
pub(super) const OBJECTS: &[Object] = &[
    Object {
        name: "Account",
        reach: "{ account(id: {account}) { HOLE } }",
        fields: &[(
            MANAGERS,
            "id kind name code currency timeZone locale country costTariff suspendedAt createdAt balance creditLimit held \
                available lowCredit users children",
        )],
    },
    Object {
        name: "Callshop",
        reach: "{ callshop(id: {callshop}) { HOLE } }",
        fields: &[
            (
                SIGNED_IN,
                "id name currency timeZone locale country blockedPrefixes suspendedAt createdAt maxCallSeconds callerId cashStep \
                legalName taxId address receiptFooter pixKey pixName pixCity maskNumbers endingSoonSeconds attendantMaxDiscount attendantMaxRefund dialPlan cabins currentRegister",
            ),
            (BACK_OFFICE, "code balance creditLimit held available lowCredit users"),
            (MANAGERS, "costTariff retailTariff"),
        ],
    },
    Object {
        name: "DialPlan",
        reach: "{ callshop(id: {callshop}) { dialPlan { HOLE } } }",
        fields: &[(
            SIGNED_IN,
            "country countryCode areaCode internationalPrefixes trunkPrefix carrierCodeDigits emergency",
        )],
    },
    Object {
        name: "User",
        reach: "{ viewer { HOLE } }",
        fields: &[
            (
                EVERYONE,
                "id name login displayName locale role permissions disabledAt totpSetupRequired createdAt",
            ),
            (MANAGERS, "account"),
            (SIGNED_IN, "callshop totpEnabledAt"),
        ],
    },
    Object {
        name: "Tariff",
        reach: "{ tariff(id: {tariff}) { HOLE } }",
        fields: &[(
            MANAGERS,
            "id account name currency roundingDecimals roundingMode timeZone bands holidays blockedPrefixes createdAt \
                archivedAt activeVersion derivation imports versions",
        )],
    },
    Object {
        name: "TimeBand",
        reach: "{ tariff(id: {tariff}) { bands { HOLE } } }",
        fields: &[(MANAGERS, "name weekdays from to holidays")],
    },
    Object {
        name: "TariffVersion",
        reach: "{ tariffVersion(id: {version}) { HOLE } }",
        fields: &[(
            MANAGERS,
            "id tariff number state activeFrom rateCount isDerived note createdAt roundingDecimals roundingMode timeZone bands holidays \
             changes impact margin rates",
        )],
    },
    Object {
        name: "RateChanges",
        reach: "{ tariffVersion(id: {version}) { changes { HOLE } } }",
        fields: &[(MANAGERS, "currency terms added raised lowered changed removed unchanged rows")],
    },
    Object {
        name: "RateChange",
        reach: "{ tariffVersion(id: {version}) { changes { rows(first: 5) { nodes { HOLE } } } } }",
        fields: &[(MANAGERS, "kind prefix destination before after percent")],
    },
    Object {
        name: "TariffImpact",
        reach: "{ tariffVersion(id: {version}) { impact { HOLE } } }",
        fields: &[(
            MANAGERS,
            "since calls unrated retail cost margin marginChange destinationsBelowCost isPartial",
        )],
    },
    Object {
        name: "TariffImport",
        reach: "{ tariffImport(id: {import}) { HOLE } }",
        fields: &[(
            MANAGERS,
            "id tariff state uploadUrl expiresAt fileName createdBy apiToken mode mapping dryRun effectiveAt byDate note rowCount rowsRead rowsTotal problems problemsTotal detected questions \
                setAside changes changedRates changedRatesComplete margin impact next scheduled version error createdAt endedAt",
        )],
    },
    Object {
        name: "TariffMapping",
        reach: "{ tariffMappings(first: 5) { nodes { HOLE } } }",
        fields: &[(MANAGERS, "id name mapping createdAt updatedAt")],
    },
    Object {
        name: "Rate",
        reach: "{ tariffVersion(id: {version}) { rates(first: 5) { nodes { HOLE } } } }",
        fields: &[(
            MANAGERS,
            "prefix countryCode destination pricePerMinute initialPrice connectionFee initialIncrement increment minimumCharge freeSeconds bandPrices",
        )],
    },
    Object {
        name: "Price",
        reach: "{ priceList(callshopId: {callshop}, first: 5) { nodes { HOLE } } }",
        fields: &[
            (
                SIGNED_IN,
                "prefix countryCode destination pricePerMinute initialPrice connectionFee initialIncrement increment minimumCharge freeSeconds bandPrices \
                blocked",
            ),
            (BACK_OFFICE, "costPerMinute"),
        ],
    },
    Object {
        name: "BandPrice",
        reach: "{ priceList(callshopId: {callshop}, first: 5) { nodes { bandPrices { HOLE } } } }",
        fields: &[(SIGNED_IN, "band pricePerMinute initialPrice connectionFee")],
    },
    Object {
        name: "Quote",
        reach: r#"{ quote(callshopId: {callshop}, number: "+12125550123") { HOLE } }"#,
        fields: &[
            (
                SIGNED_IN,
                "number formattedNumber countryCode destination candidates prefix emergency pricePerMinute initialPrice connectionFee minimumCharge \
                 initialIncrement \
                increment freeSeconds bandPrices seconds userErrors",
            ),
            (BACK_OFFICE, "costPerMinute"),
        ],
    },
    Object {
        name: "Phone",
        reach: "{ phone(id: {phone}) { HOLE } }",
        fields: &[
            (SIGNED_IN, "id label online onlineChangedAt blockedAt cabin createdAt"),
            (BACK_OFFICE, "sipUser realm contact source userAgent"),
        ],
    },
    Object {
        name: "Cabin",
        reach: "{ cabin(id: {cabin}) { HOLE } }",
        fields: &[
            (
                SIGNED_IN,
                "liveCall callshop id number label state phone phoneOnline currentSession calls retiredAt createdAt",
            ),
            (SHOP, "screens"),
        ],
    },
    Object {
        name: "RegisterShift",
        reach: "{ currentRegister(callshopId: {callshop}) { HOLE } }",
        fields: &[(SIGNED_IN, "id number openedBy openedAt float closedBy closedAt zReport movements")],
    },
    Object {
        name: "CashMovement",
        reach: "{ currentRegister(callshopId: {callshop}) { movements(first: 5) { nodes { HOLE } } } }",
        fields: &[(SIGNED_IN, "movementId kind amount reason by at")],
    },
    Object {
        name: "RegisterReport",
        reach: "{ xReport(callshopId: {callshop}) { HOLE } }",
        fields: &[(
            SIGNED_IN,
            "shiftNumber openedAt at methods callsTotal itemsTotal discountsTotal rounding cashRounding salesTotal salesByCabin \
                salesByDestination salesByAttendant references openItems",
        )],
    },
    Object {
        name: "MethodReport",
        reach: "{ xReport(callshopId: {callshop}) { methods { HOLE } } }",
        fields: &[(
            SIGNED_IN,
            "method float sales deposits depositRefunds payIns payOuts refunds expected counted variance",
        )],
    },
    Object {
        name: "CabinSales",
        reach: "{ xReport(callshopId: {callshop}) { salesByCabin { HOLE } } }",
        fields: &[(SIGNED_IN, "cabinId number label calls amount")],
    },
    Object {
        name: "DestinationSales",
        reach: "{ xReport(callshopId: {callshop}) { salesByDestination { HOLE } } }",
        fields: &[(SIGNED_IN, "destination calls billedSeconds amount")],
    },
    Object {
        name: "AttendantSales",
        reach: "{ xReport(callshopId: {callshop}) { salesByAttendant { HOLE } } }",
        fields: &[(
            SIGNED_IN,
            "userId name sessions amount discounts deposits depositRefunds refunds payIns payOuts",
        )],
    },
    Object {
        name: "PaymentReference",
        reach: "{ xReport(callshopId: {callshop}) { references { HOLE } } }",
        fields: &[(SIGNED_IN, "paymentId sessionId kind method amount reference at")],
    },
    Object {
        name: "OpenItem",
        reach: "{ xReport(callshopId: {callshop}) { openItems { HOLE } } }",
        fields: &[(SIGNED_IN, "sessionId cabinNumber state customer total deposit")],
    },
    Object {
        name: "CabinSession",
        reach: "{ session(id: {session}) { HOLE } }",
        fields: &[(
            SIGNED_IN,
            "callshop pix runningTotal remaining remainingSeconds id cabin mode state customer spendingLimit timeLimitSeconds carriedOver openedBy openedAt closedBy closedAt total \
                calls statement payments settledBy settledAt cashRounding receiptNumber deposit depositLow items discounts amountDue refundDue \
                refunded",
        )],
    },
    Object {
        name: "Payment",
        reach: "{ session(id: {session}) { payments { HOLE } } }",
        fields: &[(SIGNED_IN, "paymentId kind method amount reason reference by at")],
    },
    Object {
        name: "PixCode",
        reach: "{ session(id: {session}) { pix { HOLE } } }",
        fields: &[(SIGNED_IN, "text qrSvg txid amount")],
    },
    Object {
        name: "SessionItem",
        reach: "{ session(id: {session}) { items { HOLE } } }",
        fields: &[(SIGNED_IN, "itemId description quantity unitPrice amount by at")],
    },
    Object {
        name: "Statement",
        reach: "{ statement(sessionId: {session}) { HOLE } }",
        fields: &[(
            SIGNED_IN,
            "calls totalsByDestination items discounts callsTotal itemsTotal discountsTotal rounding total deposit amountDue \
                refundDue currency",
        )],
    },
    Object {
        name: "StatementCall",
        reach: "{ statement(sessionId: {session}) { calls { HOLE } } }",
        fields: &[(
            SIGNED_IN,
            "callId number countryCode destination startedAt talkSeconds billedSeconds amount",
        )],
    },
    Object {
        name: "StatementLine",
        reach: "{ statement(sessionId: {session}) { items { HOLE } } }",
        fields: &[(SIGNED_IN, "itemId description quantity unitPrice amount")],
    },
    Object {
        name: "DestinationTotal",
        reach: "{ statement(sessionId: {session}) { totalsByDestination { HOLE } } }",
        fields: &[(SIGNED_IN, "destination countryCode calls talkSeconds billedSeconds amount")],
    },
    Object {
        name: "Money",
        reach: "{ statement(sessionId: {session}) { total { HOLE } } }",
        fields: &[(SIGNED_IN, "amount currency formatted")],
    },
    Object {
        name: "Call",
        reach: "{ call(id: {call}) { HOLE } }",
        fields: &[
            (
                SIGNED_IN,
                "callshopId callshop cabin session id cabinId sessionId dialed number numberFormatted countryCode destination emergency state authorizedAt ringingAt answeredAt \
                endedAt asOf elapsedSeconds cost billedSeconds pricePerMinute connectionFee \
                initialPrice initialIncrement increment minimumCharge freeSeconds maxSeconds endingSoon estimated writtenOff sipCode \
                endedBy cause refusal",
            ),
            (BACK_OFFICE, "costs margin"),
        ],
    },
    Object {
        name: "LedgerEntry",
        reach: "{ ledger(accountId: {callshop}, first: 5) { nodes { HOLE } } }",
        fields: &[(
            BACK_OFFICE,
            "transferId kind at amount note user callId sessionId reverses reversedBy drawer counterparts",
        )],
    },
    Object {
        name: "DrawerAmount",
        reach: "{ ledger(accountId: {callshop}, book: DRAWER, first: 5) { nodes { drawer { HOLE } } } }",
        fields: &[(BACK_OFFICE, "shiftId method amount")],
    },
    Object {
        name: "LedgerCounterpart",
        reach: "{ ledger(accountId: {callshop}, first: 5) { nodes { counterparts { HOLE } } } }",
        fields: &[(BACK_OFFICE, "accountId account book amount")],
    },
    Object {
        name: "ApiToken",
        reach: "{ apiTokens(accountId: {callshop}, first: 5) { nodes { HOLE } } }",
        fields: &[
            (
                BACK_OFFICE,
                "id name prefix scopes createdAt expiresAt lastUsedAt revokedAt rotatedFromId createdBy callshop",
            ),
            (MANAGERS, "account"),
        ],
    },
    Object {
        name: "Webhook",
        reach: "{ webhook(id: {webhook}) { HOLE } }",
        fields: &[
            (
                BACK_OFFICE,
                "id url query description state disabledReason disabledAt role scopes oldSecretUntil createdAt updatedAt createdBy callshop \
                    deliveries",
            ),
            (MANAGERS, "account"),
        ],
    },
    Object {
        name: "WebhookDelivery",
        reach: "{ webhook(id: {webhook}) { deliveries(first: 5) { nodes { HOLE } } } }",
        fields: &[(
            BACK_OFFICE,
            "deliveryId messageId kind callshopId seq status attempts responseStatus responseBody error durationMs createdAt attemptedAt \
                nextAttemptAt",
        )],
    },
    Object {
        name: "AuditEntry",
        reach: "{ auditLog(accountId: {callshop}, first: 5) { nodes { HOLE } } }",
        fields: &[(BACK_OFFICE, "entryId at action objectType objectId user apiToken address changes")],
    },
    Object {
        name: "AuditChange",
        reach: "{ auditLog(accountId: {callshop}, first: 5) { nodes { changes { HOLE } } } }",
        fields: &[(BACK_OFFICE, "field before after")],
    },
    Object {
        name: "Receipt",
        reach: "{ receipt(sessionId: {settled}, format: TEXT_58) { HOLE } }",
        fields: &[(SIGNED_IN, "number reprint format locale mediaType fileName text base64")],
    },
    Object {
        name: "PrintedBill",
        reach: "{ printedBill(sessionId: {session}, format: TEXT_58) { HOLE } }",
        fields: &[(SIGNED_IN, "format locale mediaType fileName text base64")],
    },
    Object {
        name: "ChargeExplanation",
        reach: "{ explainCharge(callId: {call}) { HOLE } }",
        fields: &[(SIGNED_IN, "call measuredSeconds coveredSeconds levels")],
    },
    Object {
        name: "LevelCharge",
        reach: "{ explainCharge(callId: {call}) { levels { HOLE } } }",
        fields: &[(
            SIGNED_IN,
            "level account tariff version prefix destination initialIncrement increment billedSeconds steps charge",
        )],
    },
    Object {
        name: "ChargeStep",
        reach: "{ explainCharge(callId: {call}) { levels { steps { HOLE } } } }",
        fields: &[(SIGNED_IN, "kind band firstSecond seconds pricePerMinute amount text")],
    },
    Object {
        name: "Report",
        reach: r#"{ report(accountId: {callshop}, from: "2026-01-01", to: "2026-12-31") { HOLE } }"#,
        fields: &[(BACK_OFFICE, "accountId account currency total groups")],
    },
    Object {
        name: "ReportGroup",
        reach: r#"{ report(accountId: {callshop}, from: "2026-01-01", to: "2026-12-31") { groups(first: 5) { nodes { HOLE } } } }"#,
        fields: &[(
            BACK_OFFICE,
            "day callshopId callshop cabinId cabinNumber cabinLabel destination countryCode attendantId attendant tariffVersionId tariff \
                version figures",
        )],
    },
    Object {
        name: "ReportFigures",
        reach: r#"{ report(accountId: {callshop}, from: "2026-01-01", to: "2026-12-31") { total { HOLE } } }"#,
        fields: &[(
            BACK_OFFICE,
            "attempts refused answered asr acdSeconds talkSeconds billedSeconds retail revenue cost margin",
        )],
    },
    Object {
        name: "AccountStatement",
        reach: r#"{ accountStatement(accountId: {callshop}, from: "2026-01-01", to: "2026-12-31") { HOLE } }"#,
        fields: &[(BACK_OFFICE, "accountId account from to opening lines closing")],
    },
    Object {
        name: "AccountStatementLine",
        reach: r#"{ accountStatement(accountId: {callshop}, from: "2026-01-01", to: "2026-12-31") { lines { HOLE } } }"#,
        fields: &[(
            BACK_OFFICE,
            "kind at note tariffVersionNumber tariffVersionActiveFrom count billedSeconds amount",
        )],
    },
    Object {
        name: "DaySummary",
        reach: r#"{ daySummary(callshopId: {callshop}, day: "2026-11-29") { HOLE } }"#,
        fields: &[(SIGNED_IN, "day from to blind total attendants")],
    },
    Object {
        name: "AttendantDay",
        reach: r#"{ daySummary(callshopId: {callshop}, day: "2026-11-29") { attendants { HOLE } } }"#,
        fields: &[(SIGNED_IN, "attendantId attendant figures")],
    },
    Object {
        name: "DayFigures",
        reach: r#"{ daySummary(callshopId: {callshop}, day: "2026-11-29") { total { HOLE } } }"#,
        fields: &[(
            SIGNED_IN,
            "sessions calls talkSeconds callsTotal discounts methods sales deposits depositRefunds refunds payIns payOuts",
        )],
    },
    Object {
        name: "DayMethod",
        reach: r#"{ daySummary(callshopId: {callshop}, day: "2026-11-29") { total { methods { HOLE } } } }"#,
        fields: &[(SIGNED_IN, "method sales deposits depositRefunds refunds")],
    },
    Object {
        name: "ProblemGroup",
        reach: "{ problems(accountId: {callshop}) { HOLE } }",
        fields: &[(BACK_OFFICE, "kind problems more")],
    },
    Object {
        name: "Problem",
        reach: "{ problems(accountId: {callshop}) { problems { HOLE } } }",
        fields: &[(BACK_OFFICE, "objectId callshopId callshop since text params")],
    },
    Object {
        name: "CallCost",
        reach: "{ call(id: {call}) { costs { HOLE } } }",
        fields: &[(BACK_OFFICE, "account billedSeconds amount")],
    },
    Object {
        name: "PageInfo",
        reach: "{ calls(callshopId: {callshop}, first: 5) { pageInfo { HOLE } } }",
        fields: &[(SIGNED_IN, "hasPreviousPage hasNextPage startCursor endCursor")],
    },
];

/// Types that only mutations or subscriptions return. The fields of these types are as visible as the operation that returns them. Page types are not
/// listed.
pub(super) const ANSWERS: &[(&str, &str)] = &[
    ("AccountPayload", "account callshop userErrors"),
    ("ActivateTariffVersionPayload", "version next margin userErrors"),
    ("AccountFeed", "cursor event cursorExpired"),
    ("Activity", "seq at kind cabinId sessionId subjectId webhookDisabledReason call cabin session"),
    ("ApiTokenPayload", "apiToken userErrors"),
    ("ApiTokenSecretPayload", "token apiToken userErrors"),
    ("ArchiveTariffPayload", "tariff userErrors"),
    ("AssignTariffPayload", "account callshop margin userErrors"),
    ("BlockDestinationPayload", "tariff callshop userErrors"),
    ("Balance", "balance held available low"),
    ("CabinActivity", "cursor snapshot event cursorExpired"),
    ("CabinPayload", "cabin userErrors"),
    ("CabinSnapshot", "asOf cabin liveCalls"),
    ("CallshopActivity", "cursor snapshot event cursorExpired"),
    ("CallshopPayload", "callshop userErrors"),
    ("CallshopSnapshot", "asOf cabins liveCalls register unpaidSessions"),
    ("CancelTariffVersionPayload", "version userErrors"),
    ("WebhookSecretPayload", "secret webhook userErrors"),
    ("WebhookPayload", "webhook userErrors"),
    ("DeleteWebhookPayload", "deletedWebhookId userErrors"),
    ("WebhookDeliveryPayload", "delivery userErrors"),
    ("ChangePasswordPayload", "viewer userErrors"),
    ("CloseRegisterPayload", "shift userErrors"),
    ("CreateAccountPayload", "account user userErrors"),
    ("CreateCallshopPayload", "callshop owner userErrors"),
    ("CreatePhonesPayload", "phones userErrors"),
    ("CreateScreenPayload", "screen token userErrors"),
    ("BeginTotpPayload", "secret uri qrSvg userErrors"),
    ("CreateExportLinkPayload", "url expiresAt userErrors"),
    ("CreateStreamTicketPayload", "ticket expiresAt userErrors"),
    ("CreateTariffPayload", "tariff userErrors"),
    ("CreditPayload", "transferId balance userErrors"),
    (
        "CustomerScreen",
        "asOf callshopName locale cabinNumber cabinState call runningTotal remaining remainingSeconds",
    ),
    ("Screen", "screenId createdAt expiresAt"),
    (
        "ScreenCall",
        "numberFormatted destination state elapsedSeconds cost pricePerMinute maxSeconds endingSoon",
    ),
    ("DeckProblem", "line column severity code message value remedy"),
    ("DeckGuess", "item value reason confidence"),
    ("DeckAnswer", "text mapping"),
    ("DeckQuestion", "code text line example answers"),
    ("DeckSetAside", "reason rows"),
    ("DeriveTariffPayload", "tariff userErrors"),
    (
        "TariffDerivation",
        "source ownCost percent addition minimumMargin priceEnding priceStep automatic problem sourceStartsFirstAt updatedAt",
    ),
    ("DisableTotpPayload", "viewer userErrors"),
    ("DiscardTariffVersionPayload", "tariff userErrors"),
    ("HangUpCallPayload", "call userErrors"),
    ("AccountActivity", "callshopId cursor snapshot event cursorExpired"),
    ("LiveCalls", "asOf calls"),
    ("LoginPayload", "accessToken accessTokenExpiresAt refreshToken viewer userErrors"),
    ("LogoutPayload", "done userErrors"),
    ("MarginGuard", "warnings total isPartial"),
    ("MessageParam", "name value money"),
    ("MarginWarning", "prefix destination retailPerMinute costPerMinute seconds callshops"),
    ("OpenRegisterPayload", "shift cabins userErrors"),
    ("PhonePayload", "phone userErrors"),
    ("PhoneSecret", "phone secret"),
    ("RecordCashMovementPayload", "movement userErrors"),
    ("RecoveryCodesPayload", "recoveryCodes viewer userErrors"),
    ("RevertTariffPayload", "version margin next userErrors"),
    ("RevokeScreenPayload", "cabin userErrors"),
    ("RotatePhoneSecretPayload", "phone secret userErrors"),
    ("TariffImportChanges", "added raised lowered changed removed unchanged"),
    ("TariffImportPayload", "import userErrors"),
    ("TariffMappingPayload", "mapping userErrors"),
    ("SessionPayload", "session userErrors"),
    ("SettleSessionPayload", "session change receipt userErrors"),
    (
        "TariffDraftPayload",
        "version scheduled changes problems problemsTotal detected questions setAside margin impact userErrors",
    ),
    ("TopUpPayload", "balance userErrors"),
    ("UpdateTariffPayload", "tariff version margin userErrors"),
    ("UserError", "code message params field"),
    ("UserPayload", "user userErrors"),
];
