//! Tests visibility through the API for every field of the schema × every role × own objects, objects outside the branch, and missing objects.
//!
//! A new field needs an entry here. A root field belongs in `ROOTS`, and a field of an object type in `OBJECTS` or `ANSWERS`. An outcome has one
//! letter for each of anonymous, ADMIN, DISTRIBUTOR, RESELLER, CALLSHOP_OWNER and ATTENDANT, in this order: `-` hidden (like a field that does
//! not exist), `y` allowed, `f` visible but FORBIDDEN, `n` treated like an object that does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use apollo_compiler::Schema;
use apollo_compiler::ast::FieldDefinition;
use apollo_compiler::schema::ExtendedType;
use app::auth::login::{self, Origin};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use futures_util::StreamExt as _;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};

use tests::shop::{self, COST, PASSWORD, RETAIL, Shop, WHOLESALE, person, text, top_up, unique};
use tests::{Client, TestServer, on_both};

/// The roles in the order of the columns.
const ROLES: [&str; 6] = ["anonymous", "admin", "distributor", "reseller", "callshop-owner", "attendant"];

/// Root fields, with the outcome for each role on its own branch. `{account}` is a reseller, and `{tariff}` is that reseller's tariff.
const ROOTS: &[(&str, &str, &str)] = &[
    ("Query.viewer", "nyyyyy", "{ viewer { id } }"),
    ("Query.account", "-yyy--", "{ account(id: {account}) { id } }"),
    ("Query.accounts", "-yyy--", "{ accounts(first: 100) { nodes { id } } }"),
    ("Query.callshop", "-yyyyy", "{ callshop(id: {callshop}) { id } }"),
    ("Query.callshops", "-yyyyy", "{ callshops(first: 100) { nodes { id } } }"),
    ("Query.ledger", "-yyyy-", "{ ledger(accountId: {callshop}, first: 5) { nodes { transferId } } }"),
    ("Query.ledgerBalances", "-yyyy-", "{ ledgerBalances(accountId: {callshop}) { amount } }"),
    ("Query.auditLog", "-yyyy-", "{ auditLog(accountId: {callshop}, first: 5) { nodes { action } } }"),
    ("Query.user", "-yyyy-", "{ user(id: {user}) { id } }"),
    ("Query.tariff", "-yny--", "{ tariff(id: {tariff}) { id } }"),
    ("Query.tariffs", "-yyy--", "{ tariffs(first: 100) { nodes { id } } }"),
    ("Query.tariffVersion", "-yny--", "{ tariffVersion(id: {version}) { id } }"),
    ("Query.rates", "-yny--", "{ rates(versionId: {version}, first: 5) { nodes { prefix } } }"),
    ("Query.priceList", "-yyyyy", "{ priceList(callshopId: {callshop}, first: 5) { nodes { prefix } } }"),
    ("Query.quote", "-yyyyy", "{ quote(callshopId: {callshop}, number: \"+12125550123\") { number } }"),
    ("Query.phone", "-yyyyy", "{ phone(id: {phone}) { id } }"),
    ("Query.phones", "-yyyyy", "{ phones(callshopId: {callshop}, first: 5) { nodes { id } } }"),
    ("Query.cabin", "-yyyyy", "{ cabin(id: {cabin}) { id } }"),
    ("Query.cabins", "-yyyyy", "{ cabins(callshopId: {callshop}, first: 5) { nodes { id } } }"),
    ("Query.currentRegister", "-yyyyy", "{ currentRegister(callshopId: {callshop}) { id } }"),
    (
        "Query.registerShifts",
        "-yyyyy",
        "{ registerShifts(callshopId: {callshop}, first: 5) { nodes { id } } }",
    ),
    ("Query.xReport", "-yyyyy", "{ xReport(callshopId: {callshop}) { shiftNumber } }"),
    ("Query.session", "-yyyyy", "{ session(id: {session}) { id } }"),
    ("Query.sessions", "-yyyyy", "{ sessions(callshopId: {callshop}, first: 5) { nodes { id } } }"),
    ("Query.statement", "-yyyyy", "{ statement(sessionId: {session}) { currency } }"),
    ("Query.call", "-yyyyy", "{ call(id: {call}) { id } }"),
    (
        "Query.calls",
        "-yyyyy",
        "{ calls(callshopId: {callshop}, cabinId: {cabin}, sessionId: {session}, first: 5) { nodes { id } } }",
    ),
    ("Query.liveCalls", "-yyyyy", "{ liveCalls(callshopId: {callshop}) { id } }"),
    ("Query.receipt", "-yyyyy", "{ receipt(sessionId: {settled}, format: TEXT_58) { number } }"),
    ("Query.explainCharge", "-yyyyy", "{ explainCharge(callId: {call}) { measuredSeconds } }"),
    (
        "Query.report",
        "-yyyy-",
        "{ report(accountId: {callshop}, from: \"2026-01-01\", to: \"2026-12-31\") { currency } }",
    ),
    ("Query.problems", "-yyyy-", "{ problems(accountId: {callshop}) { kind } }"),
    ("Query.node", "-yyyyy", "{ node(id: {session}) { id } }"),
    ("Query.nodes", "-yyyyy", "{ nodes(ids: [{call}, {shift}, {phone}, {cabin}, {callshop}]) { id } }"),
    (
        "Mutation.login",
        "yyyyyy",
        "mutation { login(input: { login: \"no@body\", password: \"wrong\" }) { userErrors { code } } }",
    ),
    (
        "Mutation.refresh",
        "yyyyyy",
        "mutation { refresh(input: { refreshToken: \"none\" }) { userErrors { code } } }",
    ),
    ("Mutation.logout", "-yyyyy", "mutation { logout(input: {}) { done } }"),
    (
        "Mutation.changePassword",
        "-yyyyy",
        "mutation { changePassword(input: { presentPassword: \"wrong\", newPassword: \"a long new password\" }) { userErrors { code } } }",
    ),
    (
        "Mutation.createDistributor",
        "-y----",
        "mutation { createDistributor(input: { name: \"New\", currency: \"BRL\", country: \"BR\", timeZone: \"UTC\", user: {person} }) { account { id } userErrors { code } } }",
    ),
    (
        "Mutation.createReseller",
        "-yyy--",
        "mutation { createReseller(input: { parentId: {account}, name: \"New\", user: {person} }) { account { id } userErrors { code } } }",
    ),
    (
        "Mutation.createCallshop",
        "-yyy--",
        "mutation { createCallshop(input: { parentId: {account}, name: \"New\", owner: {person} }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.updateAccount",
        "-yyy--",
        "mutation { updateAccount(input: { accountId: {callshop}, name: \"Renamed\" }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.suspendAccount",
        "-yfy--",
        "mutation { suspendAccount(input: { accountId: {callshop} }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.resumeAccount",
        "-yfy--",
        "mutation { resumeAccount(input: { accountId: {callshop} }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.setDialPlan",
        "-yyy--",
        "mutation { setDialPlan(input: { callshopId: {callshop}, country: \"BR\", areaCode: \"11\" }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.topUp",
        "-yfy--",
        "mutation { topUp(input: { accountId: {callshop}, amount: { amount: \"1\", currency: \"BRL\" }, idempotencyKey: {key} }) { balance { amount } userErrors { code } } }",
    ),
    (
        "Mutation.adjustCredit",
        "-yfy--",
        "mutation { adjustCredit(input: { accountId: {callshop}, amount: { amount: \"-1\", currency: \"BRL\" }, reason: \"test\", idempotencyKey: {key} }) { balance { amount } userErrors { code } } }",
    ),
    (
        "Mutation.reverseTransfer",
        "-yfy--",
        "mutation { reverseTransfer(input: { transferId: {transfer}, reason: \"test\", idempotencyKey: {key} }) { balance { amount } userErrors { code } } }",
    ),
    (
        "Mutation.setLowCredit",
        "-yfyy-",
        "mutation { setLowCredit(input: { accountId: {callshop}, amount: \"5\" }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.setCreditLimit",
        "-yfy--",
        "mutation { setCreditLimit(input: { accountId: {callshop}, limit: \"5\" }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.createUser",
        "-yyyy-",
        "mutation { createUser(input: { accountId: {callshop}, role: ATTENDANT, user: {person} }) { user { id } userErrors { code } } }",
    ),
    (
        "Mutation.updateUser",
        "-yyyy-",
        "mutation { updateUser(input: { userId: {user}, displayName: \"Else\" }) { user { id } userErrors { code } } }",
    ),
    (
        "Mutation.disableUser",
        "-yyyy-",
        "mutation { disableUser(input: { userId: {user} }) { user { id } userErrors { code } } }",
    ),
    (
        "Mutation.enableUser",
        "-yyyy-",
        "mutation { enableUser(input: { userId: {user} }) { user { id } userErrors { code } } }",
    ),
    (
        "Mutation.resetPassword",
        "-yyyy-",
        "mutation { resetPassword(input: { userId: {user}, password: \"another long one\" }) { user { id } userErrors { code } } }",
    ),
    (
        "Mutation.createTariff",
        "-yyy--",
        "mutation { createTariff(input: { name: {key}, currency: \"BRL\" }) { tariff { id } userErrors { code } } }",
    ),
    (
        "Mutation.importTariff",
        "-yny--",
        "mutation { importTariff(input: { tariffId: {tariff}, csv: {csv} }) { version { id } userErrors { code } } }",
    ),
    (
        "Mutation.upsertRates",
        "-yny--",
        "mutation { upsertRates(input: { tariffId: {tariff}, rates: [{ prefix: \"44\", destination: \"UK\", pricePerMinute: \"0.5\" }] }) { version { id } userErrors { code } } }",
    ),
    (
        "Mutation.deleteRates",
        "-yny--",
        "mutation { deleteRates(input: { tariffId: {tariff}, prefixes: [\"44\"] }) { version { id } userErrors { code } } }",
    ),
    (
        "Mutation.copyTariffVersion",
        "-yny--",
        "mutation { copyTariffVersion(input: { versionId: {version} }) { version { id } userErrors { code } } }",
    ),
    (
        "Mutation.activateTariffVersion",
        "-yny--",
        "mutation { activateTariffVersion(input: { versionId: {version} }) { version { id } userErrors { code } } }",
    ),
    (
        "Mutation.assignTariff",
        "-yfy--",
        "mutation { assignTariff(input: { accountId: {callshop}, tariffId: {tariff}, kind: RETAIL }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.blockDestination",
        "-yny--",
        "mutation { blockDestination(input: { tariffId: {tariff}, prefix: \"881\" }) { tariff { id } userErrors { code } } }",
    ),
    (
        "Mutation.unblockDestination",
        "-yny--",
        "mutation { unblockDestination(input: { tariffId: {tariff}, prefix: \"881\" }) { tariff { id } userErrors { code } } }",
    ),
    (
        "Mutation.createPhones",
        "-yyy--",
        "mutation { createPhones(input: { callshopId: {callshop}, count: 1 }) { phones { secret } userErrors { code } } }",
    ),
    (
        "Mutation.rotatePhoneSecret",
        "-yyy--",
        "mutation { rotatePhoneSecret(input: { phoneId: {phone} }) { secret userErrors { code } } }",
    ),
    (
        "Mutation.blockPhone",
        "-yyy--",
        "mutation { blockPhone(input: { phoneId: {phone} }) { phone { id } userErrors { code } } }",
    ),
    (
        "Mutation.unblockPhone",
        "-yyy--",
        "mutation { unblockPhone(input: { phoneId: {phone} }) { phone { id } userErrors { code } } }",
    ),
    (
        "Mutation.assignPhone",
        "-yyy--",
        "mutation { assignPhone(input: { phoneId: {phone}, cabinId: {cabin} }) { phone { id } userErrors { code } } }",
    ),
    (
        "Mutation.createCabin",
        "-yyyy-",
        "mutation { createCabin(input: { callshopId: {callshop}, number: 7 }) { cabin { id } userErrors { code } } }",
    ),
    (
        "Mutation.updateCabin",
        "-yyyy-",
        "mutation { updateCabin(input: { cabinId: {cabin}, label: \"Window\" }) { cabin { id } userErrors { code } } }",
    ),
    (
        "Mutation.retireCabin",
        "-yyyy-",
        "mutation { retireCabin(input: { cabinId: {spare} }) { cabin { id } userErrors { code } } }",
    ),
    (
        "Mutation.openRegister",
        "----yy",
        "mutation { openRegister(input: { callshopId: {callshop}, float: \"1\", idempotencyKey: {key} }) { shift { id } userErrors { code } } }",
    ),
    (
        "Mutation.recordCashMovement",
        "----yy",
        "mutation { recordCashMovement(input: { callshopId: {callshop}, kind: PAY_IN, amount: \"1\", reason: \"change\", idempotencyKey: {key} }) { movement { kind } userErrors { code } } }",
    ),
    (
        "Mutation.closeRegister",
        "----yy",
        "mutation { closeRegister(input: { callshopId: {callshop}, counts: [{ method: CASH, amount: \"1\" }], idempotencyKey: {key} }) { shift { id } userErrors { code } } }",
    ),
    (
        "Mutation.openCabin",
        "----yy",
        "mutation { openCabin(input: { cabinId: {cabin} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.closeCabin",
        "----yy",
        "mutation { closeCabin(input: { sessionId: {session} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.updateSessionLimits",
        "----yy",
        "mutation { updateSessionLimits(input: { sessionId: {session}, timeLimitSeconds: 60 }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.voidSession",
        "----yy",
        "mutation { voidSession(input: { sessionId: {session} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.moveSession",
        "----yy",
        "mutation { moveSession(input: { sessionId: {session}, cabinId: {cabin} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.updateCallshopSettings",
        "-yyyy-",
        "mutation { updateCallshopSettings(input: { callshopId: {callshop}, cashStep: \"0.05\" }) { callshop { id } userErrors { code } } }",
    ),
    (
        "Mutation.addDeposit",
        "----yy",
        "mutation { addDeposit(input: { sessionId: {session}, amount: \"1\", idempotencyKey: {key} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.addSessionItem",
        "----yy",
        "mutation { addSessionItem(input: { sessionId: {session}, description: \"Water\", unitPrice: \"2\", idempotencyKey: {key} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.removeSessionItem",
        "----yy",
        "mutation { removeSessionItem(input: { sessionId: {session}, itemId: {item} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.applyDiscount",
        "----yy",
        "mutation { applyDiscount(input: { sessionId: {session}, amount: \"1\", reason: \"noise\", idempotencyKey: {key} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.refundSession",
        "----yy",
        "mutation { refundSession(input: { sessionId: {session}, amount: \"1\", reason: \"noise\", idempotencyKey: {key} }) { session { id } userErrors { code } } }",
    ),
    (
        "Mutation.settleSession",
        "----yy",
        "mutation { settleSession(input: { sessionId: {session}, payments: [], idempotencyKey: {key} }) { change { amount } userErrors { code } } }",
    ),
    (
        "Mutation.hangUpCall",
        "-yyyyy",
        "mutation { hangUpCall(input: { callId: {call} }) { call { id } userErrors { code } } }",
    ),
    (
        "Subscription.callshopActivity",
        "-yyyyy",
        "subscription { callshopActivity(callshopId: {callshop}) { cursor } }",
    ),
    ("Subscription.cabinActivity", "-yyyyy", "subscription { cabinActivity(cabinId: {cabin}) { cursor } }"),
    ("Subscription.balance", "-yyyy-", "subscription { balance(accountId: {callshop}) { low } }"),
    ("Subscription.liveCalls", "-yyyyy", "subscription { liveCalls(callshopId: {callshop}) { asOf } }"),
];

/// Fields that are not run here, because they end the test's login or only return UNAUTHENTICATED.
const ENDS_THE_LOGIN: [&str; 2] = ["Mutation.logout", "Mutation.refresh"];

/// Fields of object types: a query that reaches an object of the type at `HOLE`, the type's outcomes, and the fields. A field whose outcomes
/// differ has them after `=`.
const OBJECTS: &[(&str, &str, &str, &str)] = &[
    (
        "Account",
        "{ account(id: {account}) { HOLE } }",
        "-yyy--",
        "id kind name code currency timeZone locale country costTariff suspendedAt createdAt balance creditLimit held available lowCredit users children",
    ),
    (
        "Callshop",
        "{ callshop(id: {callshop}) { HOLE } }",
        "-yyyyy",
        "id name code=-yyyy- currency timeZone locale country costTariff=-yyy-- retailTariff=-yyy-- blockedPrefixes suspendedAt createdAt \
         balance=-yyyy- creditLimit=-yyyy- held=-yyyy- available=-yyyy- lowCredit=-yyyy- maxCallSeconds callerId cashStep legalName taxId address receiptFooter \
         maskNumbers attendantMaxDiscount attendantMaxRefund dialPlan users=-yyyy-",
    ),
    (
        "DialPlan",
        "{ callshop(id: {callshop}) { dialPlan { HOLE } } }",
        "-yyyyy",
        "country countryCode areaCode internationalPrefixes trunkPrefix carrierCodeDigits emergency",
    ),
    (
        "User",
        "{ viewer { HOLE } }",
        "yyyyyy",
        "id name login displayName role disabledAt createdAt account=-yyy-- callshop=-yyyyy",
    ),
    (
        "Tariff",
        "{ tariff(id: {tariff}) { HOLE } }",
        "-yyy--",
        "id account name currency roundingDecimals roundingMode timeZone bands holidays blockedPrefixes createdAt activeVersion versions",
    ),
    ("TimeBand", "{ tariff(id: {tariff}) { bands { HOLE } } }", "-yyy--", "name weekdays from to holidays"),
    (
        "TariffVersion",
        "{ tariffVersion(id: {version}) { HOLE } }",
        "-yyy--",
        "id tariff number state activeFrom rateCount note createdAt rates",
    ),
    (
        "Rate",
        "{ tariffVersion(id: {version}) { rates(first: 5) { nodes { HOLE } } } }",
        "-yyy--",
        "prefix destination pricePerMinute connectionFee initialIncrement increment minimumCharge freeSeconds bandPrices",
    ),
    (
        "Price",
        "{ priceList(callshopId: {callshop}, first: 5) { nodes { HOLE } } }",
        "-yyyyy",
        "prefix destination pricePerMinute connectionFee initialIncrement increment minimumCharge freeSeconds bandPrices blocked \
         costPerMinute=-yyyy-",
    ),
    (
        "BandPrice",
        "{ priceList(callshopId: {callshop}, first: 5) { nodes { bandPrices { HOLE } } } }",
        "-yyyyy",
        "band pricePerMinute connectionFee",
    ),
    (
        "Quote",
        "{ quote(callshopId: {callshop}, number: \"+12125550123\") { HOLE } }",
        "-yyyyy",
        "number formattedNumber destination prefix emergency pricePerMinute connectionFee minimumCharge initialIncrement increment freeSeconds \
         bandPrices seconds costPerMinute=-yyyy- userErrors",
    ),
    (
        "Phone",
        "{ phone(id: {phone}) { HOLE } }",
        "-yyyyy",
        "id label online onlineChangedAt blockedAt cabin sipUser=-yyyy- realm=-yyyy- contact=-yyyy- source=-yyyy- userAgent=-yyyy- createdAt",
    ),
    (
        "Cabin",
        "{ cabin(id: {cabin}) { HOLE } }",
        "-yyyyy",
        "id number label state phone phoneOnline currentSession calls retiredAt createdAt",
    ),
    (
        "RegisterShift",
        "{ currentRegister(callshopId: {callshop}) { HOLE } }",
        "-yyyyy",
        "id number openedBy openedAt float closedBy closedAt zReport movements",
    ),
    (
        "CashMovement",
        "{ currentRegister(callshopId: {callshop}) { movements(first: 5) { nodes { HOLE } } } }",
        "-yyyyy",
        "kind amount reason by at",
    ),
    (
        "RegisterReport",
        "{ xReport(callshopId: {callshop}) { HOLE } }",
        "-yyyyy",
        "shiftNumber openedAt at methods callsTotal itemsTotal discountsTotal rounding cashRounding salesTotal salesByCabin salesByDestination \
         salesByAttendant openItems",
    ),
    (
        "MethodReport",
        "{ xReport(callshopId: {callshop}) { methods { HOLE } } }",
        "-yyyyy",
        "method float sales deposits depositRefunds payIns payOuts refunds expected counted variance",
    ),
    (
        "CabinSales",
        "{ xReport(callshopId: {callshop}) { salesByCabin { HOLE } } }",
        "-yyyyy",
        "cabinId number label calls amount",
    ),
    (
        "DestinationSales",
        "{ xReport(callshopId: {callshop}) { salesByDestination { HOLE } } }",
        "-yyyyy",
        "destination calls billedSeconds amount",
    ),
    (
        "AttendantSales",
        "{ xReport(callshopId: {callshop}) { salesByAttendant { HOLE } } }",
        "-yyyyy",
        "userId name sessions amount discounts deposits depositRefunds refunds payIns payOuts",
    ),
    (
        "OpenItem",
        "{ xReport(callshopId: {callshop}) { openItems { HOLE } } }",
        "-yyyyy",
        "sessionId cabinNumber state customer total deposit",
    ),
    (
        "CabinSession",
        "{ session(id: {session}) { HOLE } }",
        "-yyyyy",
        "id cabin mode state customer spendingLimit timeLimitSeconds carriedOver openedBy openedAt closedBy closedAt total calls statement payments \
         settledBy settledAt cashRounding receiptNumber deposit items discounts amountDue refundDue refunded",
    ),
    (
        "Payment",
        "{ session(id: {session}) { payments { HOLE } } }",
        "-yyyyy",
        "kind method amount reason by at",
    ),
    (
        "SessionItem",
        "{ session(id: {session}) { items { HOLE } } }",
        "-yyyyy",
        "itemId description quantity unitPrice amount by at",
    ),
    (
        "Statement",
        "{ statement(sessionId: {session}) { HOLE } }",
        "-yyyyy",
        "calls totalsByDestination items discounts callsTotal itemsTotal discountsTotal rounding total deposit amountDue refundDue currency",
    ),
    (
        "StatementCall",
        "{ statement(sessionId: {session}) { calls { HOLE } } }",
        "-yyyyy",
        "number destination startedAt talkSeconds billedSeconds amount",
    ),
    (
        "StatementLine",
        "{ statement(sessionId: {session}) { items { HOLE } } }",
        "-yyyyy",
        "description quantity unitPrice amount",
    ),
    (
        "DestinationTotal",
        "{ statement(sessionId: {session}) { totalsByDestination { HOLE } } }",
        "-yyyyy",
        "destination calls talkSeconds billedSeconds amount",
    ),
    ("Money", "{ statement(sessionId: {session}) { total { HOLE } } }", "-yyyyy", "amount currency"),
    (
        "Call",
        "{ call(id: {call}) { HOLE } }",
        "-yyyyy",
        "id cabinId sessionId dialed number numberFormatted destination emergency state authorizedAt ringingAt answeredAt endedAt asOf \
         elapsedSeconds cost billedSeconds pricePerMinute connectionFee maxSeconds estimated writtenOff sipCode endedBy cause refusal costs=-yyyy- margin=-yyyy-",
    ),
    (
        "LedgerEntry",
        "{ ledger(accountId: {callshop}, first: 5) { nodes { HOLE } } }",
        "-yyyy-",
        "transferId kind at amount note user callId sessionId reverses reversedBy drawer counterparts",
    ),
    (
        "DrawerAmount",
        "{ ledger(accountId: {callshop}, book: DRAWER, first: 5) { nodes { drawer { HOLE } } } }",
        "-yyyy-",
        "shiftId method amount",
    ),
    (
        "LedgerCounterpart",
        "{ ledger(accountId: {callshop}, first: 5) { nodes { counterparts { HOLE } } } }",
        "-yyyy-",
        "accountId account book amount",
    ),
    (
        "AuditEntry",
        "{ auditLog(accountId: {callshop}, first: 5) { nodes { HOLE } } }",
        "-yyyy-",
        "at action objectType objectId user address changes",
    ),
    (
        "AuditChange",
        "{ auditLog(accountId: {callshop}, first: 5) { nodes { changes { HOLE } } } }",
        "-yyyy-",
        "field before after",
    ),
    (
        "Receipt",
        "{ receipt(sessionId: {settled}, format: TEXT_58) { HOLE } }",
        "-yyyyy",
        "number reprint format locale mediaType text base64",
    ),
    (
        "ChargeExplanation",
        "{ explainCharge(callId: {call}) { HOLE } }",
        "-yyyyy",
        "call measuredSeconds coveredSeconds levels",
    ),
    (
        "LevelCharge",
        "{ explainCharge(callId: {call}) { levels { HOLE } } }",
        "-yyyyy",
        "level account tariff version prefix destination initialIncrement increment billedSeconds steps charge",
    ),
    (
        "ChargeStep",
        "{ explainCharge(callId: {call}) { levels { steps { HOLE } } } }",
        "-yyyyy",
        "kind band firstSecond seconds pricePerMinute amount text",
    ),
    (
        "Report",
        "{ report(accountId: {callshop}, from: \"2026-01-01\", to: \"2026-12-31\") { HOLE } }",
        "-yyyy-",
        "accountId account currency total groups",
    ),
    (
        "ReportGroup",
        "{ report(accountId: {callshop}, from: \"2026-01-01\", to: \"2026-12-31\") { groups(first: 5) { nodes { HOLE } } } }",
        "-yyyy-",
        "day callshopId callshop cabinId cabinNumber cabinLabel destination attendantId attendant tariffVersionId tariff version figures",
    ),
    (
        "ReportFigures",
        "{ report(accountId: {callshop}, from: \"2026-01-01\", to: \"2026-12-31\") { total { HOLE } } }",
        "-yyyy-",
        "attempts refused answered asr acdSeconds talkSeconds billedSeconds retail revenue cost margin",
    ),
    ("ProblemGroup", "{ problems(accountId: {callshop}) { HOLE } }", "-yyyy-", "kind problems more"),
    (
        "Problem",
        "{ problems(accountId: {callshop}) { problems { HOLE } } }",
        "-yyyy-",
        "objectId callshopId callshop since text",
    ),
    ("CallCost", "{ call(id: {call}) { costs { HOLE } } }", "-yyyy-", "account billedSeconds amount"),
    (
        "PageInfo",
        "{ calls(callshopId: {callshop}, first: 5) { pageInfo { HOLE } } }",
        "-yyyyy",
        "hasPreviousPage hasNextPage startCursor endCursor",
    ),
];

/// Types that only mutations or subscriptions return. Their fields are as visible as the operation. Page types are not listed.
const ANSWERS: &[(&str, &str)] = &[
    ("AccountPayload", "account callshop userErrors"),
    ("ActivateTariffVersionPayload", "version next margin userErrors"),
    ("Activity", "seq at kind cabinId sessionId call"),
    ("AssignTariffPayload", "account callshop margin userErrors"),
    ("BlockDestinationPayload", "tariff callshop userErrors"),
    ("Balance", "balance held available low"),
    ("CabinActivity", "cursor snapshot event cursorExpired"),
    ("CabinPayload", "cabin userErrors"),
    ("CabinSnapshot", "asOf cabin liveCalls"),
    ("CallshopActivity", "cursor snapshot event cursorExpired"),
    ("CallshopPayload", "callshop userErrors"),
    ("CallshopSnapshot", "asOf cabins liveCalls"),
    ("ChangePasswordPayload", "viewer userErrors"),
    ("CloseRegisterPayload", "shift userErrors"),
    ("CreateAccountPayload", "account user userErrors"),
    ("CreateCallshopPayload", "callshop owner userErrors"),
    ("CreatePhonesPayload", "phones userErrors"),
    ("CreateTariffPayload", "tariff userErrors"),
    ("CreditPayload", "transferId balance userErrors"),
    ("DeckProblem", "line column severity code message"),
    ("HangUpCallPayload", "call userErrors"),
    ("LiveCalls", "asOf calls"),
    ("LoginPayload", "accessToken accessTokenExpiresAt refreshToken viewer userErrors"),
    ("LogoutPayload", "done userErrors"),
    ("MarginGuard", "warnings total"),
    ("MarginWarning", "prefix destination retailPerMinute costPerMinute callshops"),
    ("OpenRegisterPayload", "shift cabins userErrors"),
    ("PhonePayload", "phone userErrors"),
    ("PhoneSecret", "phone secret"),
    ("RateChanges", "added changed removed unchanged"),
    ("RecordCashMovementPayload", "movement userErrors"),
    ("RotatePhoneSecretPayload", "phone secret userErrors"),
    ("SessionPayload", "session userErrors"),
    ("SettleSessionPayload", "session change receipt userErrors"),
    ("TariffDraftPayload", "version changes problems problemsTotal margin userErrors"),
    ("TopUpPayload", "balance userErrors"),
    ("UserError", "code message field"),
    ("UserPayload", "user userErrors"),
];

fn schema() -> Schema {
    Schema::parse(graphql::sdl(), "schema.graphql").expect("the schema parses")
}

/// `Type.field` of every object type except page types and introspection.
fn fields_of(schema: &Schema) -> BTreeMap<String, FieldDefinition> {
    let objects = schema.types.iter().filter_map(|(name, found)| match found {
        ExtendedType::Object(object) if !found.is_built_in() => Some((name.as_str(), object)),
        _ => None,
    });
    objects
        .filter(|(name, _)| !name.ends_with("Connection") && !name.ends_with("Edge"))
        .flat_map(|(name, object)| {
            object
                .fields
                .iter()
                .map(move |(field, definition)| (format!("{name}.{field}"), (***definition).clone()))
        })
        .collect()
}

/// Every field with an entry in the tables.
fn entries() -> BTreeSet<String> {
    let roots = ROOTS.iter().map(|(field, _, _)| (*field).to_owned());
    let objects = OBJECTS.iter().flat_map(|(name, _, _, fields)| listed(name, fields));
    let answers = ANSWERS.iter().flat_map(|(name, fields)| listed(name, fields));
    roots.chain(objects).chain(answers).collect()
}

fn listed(name: &str, fields: &str) -> Vec<String> {
    let bare = |field: &str| field.split('=').next().unwrap_or(field).to_owned();
    fields.split_whitespace().map(|field| format!("{name}.{}", bare(field))).collect()
}

#[test]
fn every_root_field_has_a_row_in_the_visibility_table() {
    let rules = graphql::visibility();
    let ruled: BTreeSet<&str> = rules.iter().map(|(key, _)| *key).collect();
    let twice: Vec<&str> = rules
        .iter()
        .map(|(key, _)| *key)
        .filter(|key| rules.iter().filter(|(other, _)| other == key).count() > 1)
        .collect();
    assert_eq!(twice, [""; 0], "duplicate rows");
    let is_root =
        |key: &String| ["Query.", "Mutation.", "Subscription."].iter().any(|root| key.starts_with(root));
    let without: Vec<String> = fields_of(&schema())
        .into_keys()
        .filter(is_root)
        .filter(|key| !ruled.contains(key.as_str()))
        .collect();
    assert_eq!(without, [""; 0], "add a row to RULES in the file of graphql/src that has the field");
}

#[test]
fn every_field_has_an_entry_in_this_test() {
    let (known, entries) = (fields_of(&schema()), entries());
    let missing: Vec<&String> = known.keys().filter(|key| !entries.contains(*key)).collect();
    assert_eq!(
        missing, [""; 0],
        "add the outcome of each role to ROOTS, OBJECTS or ANSWERS in tests/tests/server/roles.rs"
    );
    let gone: Vec<&String> = entries.iter().filter(|key| !known.contains_key(*key)).collect();
    assert_eq!(gone, [""; 0], "the schema no longer has these: remove them from tests/tests/server/roles.rs");
}

#[test]
fn what_each_role_sees_of_the_schema() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots/roles");
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut changed = Vec::new();
    for role in ROLES {
        let sdl = graphql::role_sdl(role).expect("a schema");
        let path = dir.join(format!("{role}.graphql"));
        if update {
            std::fs::create_dir_all(&dir).expect("a folder for snapshots");
            std::fs::write(&path, &sdl).expect("a snapshot is written");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != sdl {
            changed.push(path);
        }
    }
    assert!(
        changed.is_empty(),
        "what a role sees has changed: look at the difference after  UPDATE_SNAPSHOTS=1 cargo test -p tests --test server roles::what_each_role_sees  and \
         commit it if it is meant: {changed:?}"
    );
}

/// A branch of the tree with one object of each kind.
struct Branch {
    clients: [Client; 6],
    ids: BTreeMap<&'static str, String>,
}

/// Placeholders for objects in a query, and the kind in their global ids.
const KINDS: [(&str, &str); 12] = [
    ("{account}", "Account"),
    ("{callshop}", "Callshop"),
    ("{user}", "User"),
    ("{phone}", "Phone"),
    ("{cabin}", "Cabin"),
    ("{spare}", "Cabin"),
    ("{session}", "CabinSession"),
    ("{settled}", "CabinSession"),
    ("{call}", "Call"),
    ("{item}", "SessionItem"),
    ("{tariff}", "Tariff"),
    ("{version}", "TariffVersion"),
];

fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.into_iter().chain([("{shift}", "RegisterShift"), ("{transfer}", "LedgerTransfer")])
}

fn missing_id(kind: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{}", uuid::Uuid::now_v7().simple()))
}

impl Branch {
    /// The branch of a shop, with some activity.
    async fn of(shop: &Shop) -> Self {
        let anonymous = Client::anonymous(shop.server.http);
        let clients =
            [&anonymous, &shop.admin, &shop.distributor, &shop.reseller, &shop.owner, &shop.attendant];
        let mut branch = Self {
            clients: clients.map(Clone::clone),
            ids: BTreeMap::from([
                ("{account}", shop.reseller_id.clone()),
                ("{callshop}", shop.id.clone()),
                ("{cabin}", shop.cabins[0].clone()),
                ("{spare}", shop.cabins[1].clone()),
                ("{phone}", shop.phones[0].id.clone()),
            ]),
        };
        branch.use_it(shop.hook(), &shop.phones[0].user).await;
        branch
    }

    /// Another distributor's branch on the same server.
    async fn beside(shop: &Shop) -> Self {
        let anonymous = Client::anonymous(shop.server.http);
        let input = json!({ "name": "Other", "currency": "BRL", "country": "BR", "timeZone": "UTC", "user": person() });
        let made = shop
            .admin
            .did("createDistributor", "CreateDistributorInput", input, "account { id } user { login }")
            .await;
        let distributor = anonymous.login(&text(&made["user"]["login"]), PASSWORD).await;
        let top = text(&made["account"]["id"]);
        let input = json!({ "name": "Other reseller", "user": person() });
        let made = distributor
            .did("createReseller", "CreateResellerInput", input, "account { id } user { login }")
            .await;
        let reseller = anonymous.login(&text(&made["user"]["login"]), PASSWORD).await;
        let account = text(&made["account"]["id"]);
        let input = json!({ "name": "Other shop", "owner": person() });
        let made = reseller
            .did("createCallshop", "CreateCallshopInput", input, "callshop { id } owner { login }")
            .await;
        let owner = anonymous.login(&text(&made["owner"]["login"]), PASSWORD).await;
        let id = text(&made["callshop"]["id"]);
        let input = json!({ "accountId": id, "role": "ATTENDANT", "user": person() });
        let made = owner.did("createUser", "CreateUserInput", input, "user { login }").await;
        let attendant = anonymous.login(&text(&made["user"]["login"]), PASSWORD).await;
        shop::price(&shop.admin, &top, WHOLESALE, "COST", Some("BRL")).await;
        shop::price(&distributor, &account, WHOLESALE, "COST", None).await;
        shop::price(&reseller, &id, COST, "COST", None).await;
        shop::price(&reseller, &id, RETAIL, "RETAIL", None).await;
        let input = json!({ "accountId": top, "limit": null });
        shop.admin.did("setCreditLimit", "SetCreditLimitInput", input, "account { id }").await;
        top_up(&distributor, &account, "100").await;
        top_up(&reseller, &id, "100").await;
        let input = json!({ "callshopId": id, "count": 1, "label": "Phone" });
        let made =
            reseller.did("createPhones", "CreatePhonesInput", input, "phones { phone { id sipUser } }").await;
        let phone = &made["phones"][0]["phone"];
        let input = json!({ "callshopId": id, "number": 1, "phoneId": phone["id"] });
        let cabin = owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
        let input = json!({ "callshopId": id, "number": 2 });
        let spare = owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
        let mut branch = Self {
            clients: [anonymous, shop.admin.clone(), distributor, reseller, owner, attendant],
            ids: BTreeMap::from([
                ("{account}", account),
                ("{callshop}", id),
                ("{cabin}", text(&cabin["cabin"]["id"])),
                ("{spare}", text(&spare["cabin"]["id"])),
                ("{phone}", text(&phone["id"])),
            ]),
        };
        branch.use_it(shop.hook(), &text(&phone["sipUser"])).await;
        branch
    }

    /// Creates a shift and a session with a call, and collects their ids.
    async fn use_it(&mut self, hook: &shop::Hook, sip_user: &str) {
        let [_, _, _, reseller, owner, attendant] = &self.clients;
        let input = json!({ "accountId": self.ids["{callshop}"], "role": "ATTENDANT", "user": person() });
        let user = owner.did("createUser", "CreateUserInput", input, "user { id }").await;
        let input =
            json!({ "callshopId": self.ids["{callshop}"], "float": "50", "idempotencyKey": unique("key") });
        let shift = attendant.did("openRegister", "OpenRegisterInput", input, "shift { id }").await;
        let input = json!({ "callshopId": self.ids["{callshop}"], "kind": "PAY_IN", "amount": "1", "reason": "change", "idempotencyKey": unique("key") });
        attendant.did("recordCashMovement", "RecordCashMovementInput", input, "movement { kind }").await;
        let input = json!({ "cabinId": self.ids["{cabin}"] });
        let settled = attendant.did("openCabin", "OpenCabinInput", input.clone(), "session { id }").await;
        attendant.did("closeCabin", "CloseCabinInput", input.clone(), "session { id }").await;
        let settle =
            json!({ "sessionId": settled["session"]["id"], "payments": [], "idempotencyKey": unique("key") });
        attendant.did("settleSession", "SettleSessionInput", settle, "session { id }").await;
        let session = attendant.did("openCabin", "OpenCabinInput", input.clone(), "session { id }").await;
        let water = json!({ "sessionId": session["session"]["id"], "description": "Water", "unitPrice": "2", "idempotencyKey": unique("key") });
        let item = attendant
            .did("addSessionItem", "AddSessionItemInput", water, "session { items { itemId } }")
            .await;
        let allowed = hook.authorize(sip_user, "+12125550123").await;
        assert_eq!(allowed["allow"], json!(true), "{allowed}");
        hook.events(&shop::answered_call(&allowed["ref"], Utc::now(), 30_000)).await;
        attendant.did("closeCabin", "CloseCabinInput", input, "session { id }").await;
        let calls =
            format!("{{ calls(callshopId: \"{}\", first: 5) {{ nodes {{ id }} }} }}", self.ids["{callshop}"]);
        let call = attendant.ok(&calls, json!({})).await;
        let tariffs = "{ tariffs(first: 5) { nodes { id versions(first: 1) { nodes { id } } } } }";
        let tariffs = reseller.ok(tariffs, json!({})).await;
        let tariff = &tariffs["tariffs"]["nodes"][1];
        let top_up = format!(
            "{{ ledger(accountId: \"{}\", last: 1) {{ nodes {{ transferId }} }} }}",
            self.ids["{callshop}"]
        );
        let top_up = reseller.ok(&top_up, json!({})).await;
        for (key, id) in [
            ("{transfer}", &top_up["ledger"]["nodes"][0]["transferId"]),
            ("{user}", &user["user"]["id"]),
            ("{shift}", &shift["shift"]["id"]),
            ("{session}", &session["session"]["id"]),
            ("{settled}", &settled["session"]["id"]),
            ("{call}", &call["calls"]["nodes"][0]["id"]),
            ("{item}", &item["session"]["items"][0]["itemId"]),
            ("{tariff}", &tariff["id"]),
            ("{version}", &tariff["versions"]["nodes"][0]["id"]),
        ] {
            self.ids.insert(key, text(id));
        }
    }
}

/// The query with ids filled in. Kinds in `missing` get unknown ids, and other kinds get the branch's ids.
fn filled(query: &str, branch: &Branch, missing: impl Fn(&str) -> bool) -> String {
    let mut filled = query.to_owned();
    for (key, kind) in kinds() {
        let id = if missing(key) { missing_id(kind) } else { branch.ids[key].clone() };
        filled = filled.replace(key, &format!("\"{id}\""));
    }
    let user = format!(
        "{{ name: \"u{}\", displayName: \"Somebody\", password: \"{PASSWORD}\" }}",
        &uuid::Uuid::now_v7().simple().to_string()[2..]
    );
    let csv = serde_json::to_string(RETAIL).expect("a string");
    filled
        .replace("{person}", &user)
        .replace("{key}", &format!("\"{}\"", uuid::Uuid::now_v7()))
        .replace("{csv}", &csv)
}

/// The response to any operation. For a subscription, this is its first event.
async fn ask(server: &TestServer, client: &Client, query: &str) -> Value {
    if !query.starts_with("subscription") {
        return client.send(query, json!({})).await;
    }
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let mut request = http
        .post(format!("http://{}/graphql", server.http))
        .header("accept", "text/event-stream")
        .json(&json!({ "query": query }));
    if !client.token().is_empty() {
        request = request.bearer_auth(client.token());
    }
    let mut answer = request.send().await.expect("an answer");
    let mut seen = String::new();
    while let Some(chunk) = answer.chunk().await.expect("a piece of the stream") {
        seen.push_str(&String::from_utf8_lossy(&chunk));
        let whole = seen.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let is_next = |event: &&str| event.contains("event: next") || event.contains("event:next");
        if let Some(event) = whole.split("\n\n").find(is_next) {
            let data = event.lines().find_map(|line| line.strip_prefix("data:")).expect("an event with data");
            return serde_json::from_str(data).expect("an event in JSON");
        }
    }
    serde_json::from_str(&seen).unwrap_or_else(|_| panic!("{query}: {seen}"))
}

/// Codes of all errors of a response, both top-level errors and `userErrors`.
fn codes(answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let top = answer["errors"].as_array().into_iter().flatten();
    found.extend(top.map(|error| text(&error["extensions"]["code"])));
    let payloads = answer["data"].as_object().into_iter().flat_map(|data| data.values());
    let users = payloads.filter_map(|payload| payload["userErrors"].as_array()).flatten();
    found.extend(users.map(|error| text(&error["code"])));
    found
}

/// The name with its letters rearranged, to serve as a field that does not exist.
fn nonsense(field: &str) -> String {
    let other: String = field.chars().rev().collect();
    format!("z{}", &other[1..])
}

/// Fails unless the response is the same as for a field that does not exist.
async fn check_hidden(server: &TestServer, client: &Client, name: &str, query: &str) {
    let field = name.split('.').next_back().unwrap_or(name);
    let other = nonsense(field);
    let fake = replace_word(query, field, &other);
    assert_ne!(fake, query, "{name} is in its own query");
    let (seen, fake) = (ask(server, client, query).await, ask(server, client, &fake).await);
    assert!(seen.get("data").is_none_or(Value::is_null), "{name} is not hidden: {seen}");
    assert_eq!(
        seen.to_string().replace(&format!("`{field}`"), "F"),
        fake.to_string().replace(&format!("`{other}`"), "F"),
        "{name} must look like a field that does not exist"
    );
}

/// Replaces the last occurrence of a field in a query, or every occurrence in a response.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let end = at + word.len();
        let whole = !rest[..at].ends_with(is_word) && !rest[end..].starts_with(is_word);
        out.push_str(&rest[..at]);
        out.push_str(if whole { by } else { word });
        rest = &rest[end..];
    }
    out + rest
}

/// The role's letter of an outcome.
fn letter(outcome: &str, role: usize) -> char {
    assert_eq!(outcome.len(), ROLES.len(), "{outcome}: a letter for each role");
    outcome.chars().nth(role).expect("a letter")
}

fn first_value(answer: &Value) -> &Value {
    answer["data"].as_object().and_then(|data| data.values().next()).unwrap_or(&Value::Null)
}

/// Row count of each table.
async fn rows(server: &TestServer) -> BTreeMap<&'static str, i64> {
    const TABLES: [&str; 19] = [
        "account",
        "activity",
        "audit_log",
        "cabin",
        "cabin_session",
        "callshop",
        "cash_movement",
        "idempotency_key",
        "ledger_entry",
        "ledger_transfer",
        "payment",
        "phone",
        "rate",
        "register_shift",
        "tariff",
        "tariff_version",
        "user_account",
        "call",
        "call_charge",
    ];
    let conn = server.app.store.reader();
    let mut counts = BTreeMap::new();
    for table in TABLES {
        let count = Statement::from_string(
            conn.get_database_backend(),
            format!("SELECT count(*) AS n FROM \"{table}\""),
        );
        let row = conn.query_one_raw(count).await.expect("a count").expect("a row");
        counts.insert(table, row.try_get::<i64>("", "n").expect("a number"));
    }
    counts
}

on_both!(root_fields_by_role_and_object, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let own = Branch::of(&shop).await;
    let foreign = Branch::beside(&shop).await;
    let before = rows(&shop.server).await;
    for (role, client) in own.clients.iter().enumerate() {
        for (name, outcome, query) in ROOTS {
            let query_of = |branch, key: Option<&str>| filled(query, branch, |other| Some(other) == key);
            match letter(outcome, role) {
                '-' => check_hidden(&shop.server, client, name, &query_of(&own, None)).await,
                // every object is in an admin's branch
                _ if role == 1 => {}
                _ => foreign_is_missing(&shop.server, client, (name, query), &own, &foreign).await,
            }
        }
    }
    for (role, client) in foreign.clients.iter().enumerate().skip(2) {
        for (name, outcome, query) in ROOTS {
            let names_objects = kinds().any(|(key, _)| query.contains(key));
            if letter(outcome, role) != '-' && names_objects {
                let seen = ask(&shop.server, client, &filled(query, &own, |_| false)).await;
                let none = ask(&shop.server, client, &filled(query, &own, |_| true)).await;
                assert_eq!(seen, none, "{name}: {} sees an object outside its branch", ROLES[role]);
            } else if letter(outcome, role) != '-' && query.starts_with('{') {
                let seen = ask(&shop.server, client, &filled(query, &own, |_| false)).await.to_string();
                assert!(
                    !own.ids.values().any(|id| seen.contains(id.as_str())),
                    "{name} shows an object outside the branch: {seen}"
                );
            }
        }
    }
    let mut after = rows(&shop.server).await;
    // roles that may create tariffs have created one of their own above
    after.insert("tariff", before["tariff"]);
    assert_eq!(after, before, "a refused request changed the database");
    for (role, client) in own.clients.iter().enumerate() {
        for (name, outcome, query) in ROOTS {
            if ENDS_THE_LOGIN.contains(name) || letter(outcome, role) == '-' {
                continue;
            }
            let answer = ask(&shop.server, client, &filled(query, &own, |_| false)).await;
            let who = ROLES[role];
            let codes = codes(&answer);
            match letter(outcome, role) {
                'y' => {
                    assert!(answer.get("errors").is_none(), "{name} as {who}: {answer}");
                    assert!(!first_value(&answer).is_null(), "{name} as {who}: {answer}");
                    let refused = |code: &String| code == "NOT_FOUND" || code == "FORBIDDEN";
                    assert!(!codes.iter().any(refused), "{name} as {who}: {answer}");
                }
                'f' => assert_eq!(codes, ["FORBIDDEN"], "{name} as {who}: {answer}"),
                'n' if query.contains("{tariff}") || query.contains("{version}") => {
                    let none = ask(&shop.server, client, &filled(query, &own, |_| true)).await;
                    assert_eq!(answer, none, "{name} as {who}");
                }
                _ => assert!(first_value(&answer).is_null(), "{name} as {who}: {answer}"),
            }
        }
    }
    shop.finish().await;
});

/// Fails unless the ids of another branch, one at a time and all together, get the same response as unknown ids.
async fn foreign_is_missing(
    server: &TestServer,
    client: &Client,
    (name, query): (&str, &str),
    own: &Branch,
    foreign: &Branch,
) {
    for (key, kind) in kinds().filter(|(key, _)| query.contains(key)) {
        let theirs = query.replace(key, &format!("\"{}\"", foreign.ids[key]));
        let nobodys = query.replace(key, &format!("\"{}\"", missing_id(kind)));
        let theirs = ask(server, client, &filled(&theirs, own, |_| false)).await;
        let nobodys = ask(server, client, &filled(&nobodys, own, |_| false)).await;
        assert_eq!(theirs, nobodys, "{name}: {key} of another branch must look like one that does not exist");
        let done = codes(&nobodys).is_empty() && query.starts_with("mutation");
        assert!(!done, "{name} was done to an object that does not exist: {nobodys}");
    }
}

/// A selection of the field.
fn selection(schema: &Schema, definition: &FieldDefinition) -> String {
    let page = if definition.argument_by_name("first").is_some() { "(first: 5)" } else { "" };
    let composite = schema.types.get(definition.ty.inner_named_type()).is_some_and(|found| {
        matches!(found, ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_))
    });
    let below = if composite { " { __typename }" } else { "" };
    format!("{}{page}{below}", definition.name)
}

on_both!(object_fields_by_role, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let own = Branch::of(&shop).await;
    let schema = schema();
    let known = fields_of(&schema);
    for (role, client) in own.clients.iter().enumerate() {
        for (name, reach, default, fields) in OBJECTS {
            for field in fields.split_whitespace() {
                let (field, outcome) = field.split_once('=').unwrap_or((field, *default));
                let key = format!("{name}.{field}");
                let hole = selection(&schema, &known[&key]);
                let query = filled(&reach.replace("HOLE", &hole), &own, |_| false);
                match letter(outcome, role) {
                    '-' if visible_under(reach, field) => {}
                    '-' => check_hidden(&shop.server, client, &key, &query).await,
                    _ => {
                        let answer = ask(&shop.server, client, &query).await;
                        assert!(answer.get("errors").is_none(), "{key} as {}: {answer}", ROLES[role]);
                    }
                }
            }
        }
    }
    shop.finish().await;
});

/// True unless a field on the path to it has the same name, so that its name alone cannot identify it.
fn visible_under(reach: &str, field: &str) -> bool {
    replace_word(reach, field, "") != reach
}

on_both!(guards_hold_without_the_roles_schema, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let own = Branch::of(&shop).await;
    let full = graphql::schema(shop.server.app.clone());
    let schema = schema();
    let known = fields_of(&schema);
    let mut actors = Vec::new();
    for (role, client) in own.clients.iter().enumerate().skip(1) {
        let (actor, _) = login::authenticate(&shop.server.app, client.token()).await.expect("a token");
        actors.push((role, actor));
    }
    let before = rows(&shop.server).await;
    let mut open = Vec::new();
    for (role, actor) in &actors {
        let hidden_roots = ROOTS.iter().filter(|(_, outcome, _)| letter(outcome, *role) == '-');
        let roots = hidden_roots.map(|(name, _, query)| ((*name).to_owned(), (*query).to_owned()));
        let objects = OBJECTS.iter().flat_map(|(name, reach, default, fields)| {
            let fields =
                fields.split_whitespace().map(|field| field.split_once('=').unwrap_or((field, *default)));
            let hidden = fields.filter(|(_, outcome)| letter(outcome, *role) == '-');
            let (schema, known) = (&schema, &known);
            hidden.map(move |(field, _)| {
                let key = format!("{name}.{field}");
                let query = reach.replace("HOLE", &selection(schema, &known[&key]));
                (key, query)
            })
        });
        for (name, query) in roots.chain(objects) {
            let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: String::new() };
            let query = filled(&query, &own, |_| false);
            let request = async_graphql::Request::new(query).data(actor.clone()).data(origin);
            let answer = full.execute_stream(request).boxed().next().await.expect("an answer");
            let answer = serde_json::to_value(answer).expect("JSON");
            let codes = codes(&answer);
            // for the other roles the tree itself is a guard: it has no such object, or no place for it
            let tree = |code: &str| *role != 5 && (code == "NOT_FOUND" || code == "INVALID_INPUT");
            let refused = |code: &String| code == "FORBIDDEN" || tree(code);
            let nothing = codes.is_empty() && !answer["data"].is_null() && empty(&answer["data"]);
            if !codes.iter().any(refused) && !nothing {
                open.push(format!("{name} as {}: {answer}", ROLES[*role]));
            }
        }
    }
    assert!(open.is_empty(), "not guarded:\n{}", open.join("\n"));
    assert_eq!(rows(&shop.server).await, before, "a refused request changed the database");
    shop.finish().await;
});

/// Whether a response is empty, which means that it has only nulls and empty lists at every depth.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(empty),
        Value::Object(members) => members.values().all(empty),
        _ => false,
    }
}

/// All fields of a call that the customer's side may see.
const CALL: &str = "dialed number destination state cost { amount } billedSeconds pricePerMinute { amount } connectionFee { amount } \
    maxSeconds refusal sipCode cause";

on_both!(troubles_above_reach_a_shop_as_unavailable_only, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let reseller = json!({ "accountId": shop.reseller_id });
    // suspended
    shop.distributor.did("suspendAccount", "AccountIdInput", reseller.clone(), "account { id }").await;
    refused_as_unavailable(&shop, "suspended").await;
    shop.distributor.did("resumeAccount", "AccountIdInput", reseller, "account { id }").await;
    assert_eq!(shop.hook().authorize(&shop.phones[0].user, "+12125550123").await["allow"], json!(true));
    end_live_calls(&shop).await;
    // no rate at the reseller's level
    let none =
        "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n7,Russia,0.1,0,1,1\n";
    shop::price(&shop.distributor, &shop.reseller_id, none, "COST", None).await;
    refused_as_unavailable(&shop, "no rate").await;
    let quote = format!(
        "{{ quote(callshopId: \"{}\", number: \"+12125550123\") {{ userErrors {{ code message }} }} }}",
        shop.id
    );
    for client in [&shop.owner, &shop.attendant] {
        let quote = client.ok(&quote, json!({})).await;
        assert_eq!(quote["quote"]["userErrors"][0]["code"], "SERVICE_UNAVAILABLE", "{quote}");
    }
    // no credit at the reseller's level: a call there costs more than it has
    let dear = WHOLESALE.replace("0.0300,0,", "0.0300,5000,");
    shop::price(&shop.distributor, &shop.reseller_id, &dear, "COST", None).await;
    refused_as_unavailable(&shop, "no credit").await;
    shop.finish().await;
});

async fn end_live_calls(shop: &Shop) {
    let live =
        shop.attendant.ok(&format!("{{ liveCalls(callshopId: \"{}\") {{ id }} }}", shop.id), json!({})).await;
    for call in live["liveCalls"].as_array().expect("calls") {
        let id = URL_SAFE_NO_PAD.decode(text(&call["id"])).expect("an id");
        let id = String::from_utf8(id)
            .expect("an id")
            .trim_start_matches("Call:")
            .parse::<uuid::Uuid>()
            .expect("an id");
        let event = shop::event("failed", &json!(id), Utc::now(), json!({ "code": 486, "by": "callee" }));
        assert_eq!(shop.hook().events(&[event]).await, ["applied"]);
    }
}

/// Checks that a call is refused with `SERVICE_UNAVAILABLE`, both in the response to the proxy and in the shop's view.
async fn refused_as_unavailable(shop: &Shop, why: &str) {
    let answer = shop.hook().authorize(&shop.phones[0].user, "+12125550123").await;
    assert_eq!(
        (&answer["allow"], &answer["error"]),
        (&json!(false), &json!("SERVICE_UNAVAILABLE")),
        "{why}: {answer}"
    );
    let calls = format!("{{ calls(callshopId: \"{}\", first: 1) {{ nodes {{ {CALL} }} }} }}", shop.id);
    for client in [&shop.owner, &shop.attendant] {
        let calls = client.ok(&calls, json!({})).await;
        let call = &calls["calls"]["nodes"][0];
        assert_eq!(
            (&call["state"], &call["refusal"]),
            (&json!("REFUSED"), &json!("SERVICE_UNAVAILABLE")),
            "{why}: {call}"
        );
        let seen = call.to_string().to_lowercase();
        for word in ["suspend", "credit", "rated", "reseller", "distributor", "5000", "0.03"] {
            assert!(!seen.contains(word), "{why}: a shop reads {word:?} in {call}");
        }
    }
}

on_both!(shops_see_no_price_above_their_own, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    // 100 minutes: 6 for the customer, 4 for the shop, 3 for its reseller
    shop.call(0, "+12125550123", 6_000_000).await;
    let calls = format!("{{ calls(callshopId: \"{}\", first: 1) {{ nodes {{ {CALL} COSTS }} }} }}", shop.id);
    let attendant = shop.attendant.ok(&calls.replace("COSTS", ""), json!({})).await.to_string();
    let owner = shop
        .owner
        .ok(&calls.replace("COSTS", "costs { account amount { amount } } margin { amount }"), json!({}))
        .await;
    assert_eq!(owner["calls"]["nodes"][0]["costs"].as_array().map(Vec::len), Some(1), "{owner}");
    assert_eq!(owner["calls"]["nodes"][0]["costs"][0]["amount"]["amount"], "4", "{owner}");
    assert_eq!(owner["calls"]["nodes"][0]["margin"]["amount"], "2", "{owner}");
    for figure in ["\"3\"", "0.03", "\"4\"", "0.04"] {
        assert!(!attendant.contains(figure), "an attendant reads {figure}: {attendant}");
    }
    assert!(!owner.to_string().contains("0.03") && !owner.to_string().contains("\"3\""), "{owner}");
    // activity events show a call through the same fields: every event of the call, for both
    let activity = "subscription { callshopActivity(callshopId: {callshop}, after: \"c2VxOjA\") { event { kind call { CALL } } } }";
    let activity = activity.replace("{callshop}", &format!("\"{}\"", shop.id)).replace("CALL", CALL);
    for client in [&shop.owner, &shop.attendant] {
        let first = ask(&shop.server, client, &activity).await.to_string();
        assert!(!first.contains("0.03") && !first.contains("0.04"), "{first}");
    }
    shop.finish().await;
});
