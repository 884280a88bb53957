//! The fields of `Query`, `Mutation` and `Subscription`, each with a request and its outcome for each role.

use super::outcomes::{
    ADMIN, BACK_OFFICE, EVERYONE, MAKER, MANAGERS, NOBODY, OWN_USER, Outcomes, PARENT, PARENT_OR_SELF, SHOP,
    SIGNED_IN, TARIFF_OWNER,
};

/// A root field.
pub(super) struct Root {
    /// `Query.viewer`, for example.
    pub(super) field: &'static str,
    /// The outcome for each role on its own branch.
    pub(super) outcomes: Outcomes,
    /// A document that selects the field. Placeholders stand for objects of a branch: `{account}` is a reseller, and `{tariff}` is that
    /// reseller's tariff.
    pub(super) document: &'static str,
}

const fn root(field: &'static str, outcomes: Outcomes, document: &'static str) -> Root {
    Root { field, outcomes, document }
}

/// Fields that the test does not run, because they end the test's login or only return UNAUTHENTICATED.
pub(super) const ENDS_THE_LOGIN: [&str; 2] = ["Mutation.logout", "Mutation.refresh"];

/// A field that deletes its object. Each role runs the mutation only on objects that the role must not see, so that the branch's own object still
/// exists for the next role.
pub(super) const DELETES: &str = "Mutation.deleteWebhook";

/// Every root field.
pub(super) const ROOTS: &[Root] = &[
    root("Query.viewer", OWN_USER, "{ viewer { id } }"),
    root("Query.account", MANAGERS, "{ account(id: {account}) { id } }"),
    root("Query.accounts", MANAGERS, "{ accounts(first: 100) { nodes { id } } }"),
    root("Query.callshop", SIGNED_IN, "{ callshop(id: {callshop}) { id } }"),
    root("Query.callshops", SIGNED_IN, "{ callshops(first: 100) { nodes { id } } }"),
    root("Query.ledger", BACK_OFFICE, "{ ledger(accountId: {callshop}, first: 5) { nodes { transferId } } }"),
    root("Query.ledgerBalances", BACK_OFFICE, "{ ledgerBalances(accountId: {callshop}) { amount } }"),
    root("Query.auditLog", BACK_OFFICE, "{ auditLog(accountId: {callshop}, first: 5) { nodes { action } } }"),
    root("Query.user", BACK_OFFICE, "{ user(id: {user}) { id } }"),
    root("Query.tariff", TARIFF_OWNER, "{ tariff(id: {tariff}) { id } }"),
    root("Query.tariffs", MANAGERS, "{ tariffs(first: 100) { nodes { id } } }"),
    root("Query.tariffVersion", TARIFF_OWNER, "{ tariffVersion(id: {version}) { id } }"),
    root(
        "Query.compareTariffVersions",
        TARIFF_OWNER,
        "{ compareTariffVersions(from: {version}, to: {version}) { unchanged } }",
    ),
    root("Query.rates", TARIFF_OWNER, "{ rates(versionId: {version}, first: 5) { nodes { prefix } } }"),
    root(
        "Query.priceList",
        SIGNED_IN,
        "{ priceList(callshopId: {callshop}, first: 5) { nodes { prefix } } }",
    ),
    root("Query.quote", SIGNED_IN, r#"{ quote(callshopId: {callshop}, number: "+12125550123") { number } }"#),
    root("Query.phone", SIGNED_IN, "{ phone(id: {phone}) { id } }"),
    root("Query.phones", SIGNED_IN, "{ phones(callshopId: {callshop}, first: 5) { nodes { id } } }"),
    root("Query.cabin", SIGNED_IN, "{ cabin(id: {cabin}) { id } }"),
    root("Query.cabins", SIGNED_IN, "{ cabins(callshopId: {callshop}, first: 5) { nodes { id } } }"),
    root("Query.currentRegister", SIGNED_IN, "{ currentRegister(callshopId: {callshop}) { id } }"),
    root(
        "Query.registerShifts",
        SIGNED_IN,
        "{ registerShifts(callshopId: {callshop}, first: 5) { nodes { id } } }",
    ),
    root("Query.xReport", SIGNED_IN, "{ xReport(callshopId: {callshop}) { shiftNumber } }"),
    root("Query.session", SIGNED_IN, "{ session(id: {session}) { id } }"),
    root("Query.sessions", SIGNED_IN, "{ sessions(callshopId: {callshop}, first: 5) { nodes { id } } }"),
    root("Query.statement", SIGNED_IN, "{ statement(sessionId: {session}) { currency } }"),
    root("Query.call", SIGNED_IN, "{ call(id: {call}) { id } }"),
    root(
        "Query.calls",
        SIGNED_IN,
        "{ calls(callshopId: {callshop}, filter: { cabinId: {cabin}, sessionId: {session} }, first: 5) { nodes { id } } }",
    ),
    root("Query.liveCalls", SIGNED_IN, "{ liveCalls(callshopId: {callshop}) { id } }"),
    root("Query.receipt", SIGNED_IN, "{ receipt(sessionId: {settled}, format: TEXT_58) { number } }"),
    root("Query.printedBill", SIGNED_IN, "{ printedBill(sessionId: {session}, format: TEXT_58) { locale } }"),
    root("Query.explainCharge", SIGNED_IN, "{ explainCharge(callId: {call}) { measuredSeconds } }"),
    root(
        "Query.report",
        BACK_OFFICE,
        r#"{ report(accountId: {callshop}, from: "2026-01-01", to: "2026-12-31") { currency } }"#,
    ),
    root(
        "Query.accountStatement",
        BACK_OFFICE,
        r#"{ accountStatement(accountId: {callshop}, from: "2026-01-01", to: "2026-12-31") { account } }"#,
    ),
    root(
        "Query.daySummary",
        SIGNED_IN,
        r#"{ daySummary(callshopId: {callshop}, day: "2026-11-29") { blind } }"#,
    ),
    root("Query.problems", BACK_OFFICE, "{ problems(accountId: {callshop}) { kind } }"),
    root("Query.node", SIGNED_IN, "{ node(id: {session}) { id } }"),
    root("Query.nodes", SIGNED_IN, "{ nodes(ids: [{call}, {shift}, {phone}, {cabin}, {callshop}]) { id } }"),
    root(
        "Mutation.login",
        EVERYONE,
        r#"mutation { login(input: { login: "no@body", password: "wrong" }) { userErrors { code } } }"#,
    ),
    root(
        "Mutation.refresh",
        EVERYONE,
        r#"mutation { refresh(input: { refreshToken: "none" }) { userErrors { code } } }"#,
    ),
    root(
        "Mutation.createStreamTicket",
        SIGNED_IN,
        "mutation { createStreamTicket { expiresAt userErrors { code } } }",
    ),
    root(
        "Mutation.createExportLink",
        SIGNED_IN,
        "mutation { createExportLink(input: { subject: CALLS, accountId: {callshop} }) { url userErrors { code } } }",
    ),
    root(
        "Mutation.beginTotp",
        SIGNED_IN,
        r#"mutation { beginTotp(input: { password: "wrong" }) { secret userErrors { code } } }"#,
    ),
    root(
        "Mutation.confirmTotp",
        SIGNED_IN,
        r#"mutation { confirmTotp(input: { code: "000000" }) { viewer { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.disableTotp",
        SIGNED_IN,
        r#"mutation { disableTotp(input: { code: "000000" }) { viewer { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.regenerateRecoveryCodes",
        SIGNED_IN,
        r#"mutation { regenerateRecoveryCodes(input: { code: "000000" }) { viewer { id } userErrors { code } } }"#,
    ),
    root("Mutation.logout", SIGNED_IN, "mutation { logout(input: {}) { done } }"),
    root(
        "Mutation.changePassword",
        SIGNED_IN,
        r#"mutation { changePassword(input: { presentPassword: "wrong", newPassword: "a long new password" }) { userErrors { code } } }"#,
    ),
    root(
        "Mutation.createDistributor",
        ADMIN,
        r#"mutation { createDistributor(input: { name: "New", currency: "BRL", country: "BR", timeZone: "UTC", user: {person} }) { account { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.createReseller",
        MANAGERS,
        r#"mutation { createReseller(input: { parentId: {account}, name: "New", user: {person} }) { account { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.createCallshop",
        MANAGERS,
        r#"mutation { createCallshop(input: { parentId: {account}, name: "New", owner: {person} }) { callshop { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.updateAccount",
        MANAGERS,
        r#"mutation { updateAccount(input: { accountId: {callshop}, name: "Renamed" }) { callshop { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.suspendAccount",
        PARENT,
        "mutation { suspendAccount(input: { accountId: {callshop} }) { callshop { id } userErrors { code } } }",
    ),
    root(
        "Mutation.resumeAccount",
        PARENT,
        "mutation { resumeAccount(input: { accountId: {callshop} }) { callshop { id } userErrors { code } } }",
    ),
    root(
        "Mutation.setDialPlan",
        MANAGERS,
        r#"mutation { setDialPlan(input: { callshopId: {callshop}, country: "BR", areaCode: "11" }) { callshop { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.topUp",
        PARENT,
        r#"mutation { topUp(input: { accountId: {callshop}, amount: { amount: "1", currency: "BRL" }, idempotencyKey: {key} }) { balance { amount } userErrors { code } } }"#,
    ),
    root(
        "Mutation.adjustCredit",
        PARENT,
        r#"mutation { adjustCredit(input: { accountId: {callshop}, amount: { amount: "-1", currency: "BRL" }, reason: "test", idempotencyKey: {key} }) { balance { amount } userErrors { code } } }"#,
    ),
    root(
        "Mutation.reverseTransfer",
        PARENT,
        r#"mutation { reverseTransfer(input: { transferId: {transfer}, reason: "test", idempotencyKey: {key} }) { balance { amount } userErrors { code } } }"#,
    ),
    root(
        "Mutation.setLowCredit",
        PARENT_OR_SELF,
        r#"mutation { setLowCredit(input: { accountId: {callshop}, amount: "5" }) { callshop { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.setCreditLimit",
        PARENT,
        r#"mutation { setCreditLimit(input: { accountId: {callshop}, limit: "5" }) { callshop { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.createUser",
        BACK_OFFICE,
        "mutation { createUser(input: { accountId: {callshop}, role: ATTENDANT, user: {person} }) { user { id } userErrors { code } } }",
    ),
    root(
        "Mutation.updateUser",
        BACK_OFFICE,
        r#"mutation { updateUser(input: { userId: {user}, displayName: "Else" }) { user { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.disableUser",
        BACK_OFFICE,
        "mutation { disableUser(input: { userId: {user} }) { user { id } userErrors { code } } }",
    ),
    root(
        "Mutation.enableUser",
        BACK_OFFICE,
        "mutation { enableUser(input: { userId: {user} }) { user { id } userErrors { code } } }",
    ),
    root(
        "Mutation.resetPassword",
        BACK_OFFICE,
        r#"mutation { resetPassword(input: { userId: {user}, password: "another long one" }) { user { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.resetTotp",
        BACK_OFFICE,
        "mutation { resetTotp(input: { userId: {user} }) { user { id } userErrors { code } } }",
    ),
    root(
        "Mutation.createTariff",
        MANAGERS,
        r#"mutation { createTariff(input: { name: {key}, currency: "BRL" }) { tariff { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.importTariff",
        TARIFF_OWNER,
        "mutation { importTariff(input: { tariffId: {tariff}, csv: {csv} }) { version { id } userErrors { code } } }",
    ),
    root("Query.tariffImport", TARIFF_OWNER, "{ tariffImport(id: {import}) { id } }"),
    root("Query.tariffMappings", MANAGERS, "{ tariffMappings(first: 5) { nodes { id } } }"),
    root("Subscription.tariffImport", TARIFF_OWNER, "subscription { tariffImport(id: {import}) { id } }"),
    root(
        "Mutation.createTariffImport",
        TARIFF_OWNER,
        "mutation { createTariffImport(input: { tariffId: {tariff}, mappingId: {mapping} }) { import { id } userErrors { code } } }",
    ),
    root(
        "Mutation.answerTariffImport",
        TARIFF_OWNER,
        r#"mutation { answerTariffImport(input: { importId: {import}, mapping: "{}" }) { import { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.startTariffImport",
        TARIFF_OWNER,
        "mutation { startTariffImport(input: { importId: {import} }) { import { id } userErrors { code } } }",
    ),
    root(
        "Mutation.cancelTariffImport",
        TARIFF_OWNER,
        "mutation { cancelTariffImport(input: { importId: {import} }) { import { id } userErrors { code } } }",
    ),
    root(
        "Mutation.saveTariffMapping",
        MANAGERS,
        r#"mutation { saveTariffMapping(input: { name: "Carrier", mapping: "{}" }) { mapping { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.deleteTariffMapping",
        MANAGERS,
        r#"mutation { deleteTariffMapping(input: { name: "Carrier" }) { mapping { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.deriveTariff",
        TARIFF_OWNER,
        r#"mutation { deriveTariff(input: { name: {key}, source: { tariffId: {tariff} } }) { tariff { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.stopDerivingTariff",
        TARIFF_OWNER,
        "mutation { stopDerivingTariff(input: { tariffId: {tariff} }) { tariff { id } userErrors { code } } }",
    ),
    root(
        "Mutation.upsertRates",
        TARIFF_OWNER,
        r#"mutation { upsertRates(input: { tariffId: {tariff}, rates: [{ prefix: "44", destination: "UK", pricePerMinute: "0.5" }] }) { version { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.deleteRates",
        TARIFF_OWNER,
        r#"mutation { deleteRates(input: { tariffId: {tariff}, prefixes: ["44"] }) { version { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.copyTariffVersion",
        TARIFF_OWNER,
        "mutation { copyTariffVersion(input: { versionId: {version} }) { version { id } userErrors { code } } }",
    ),
    root(
        "Mutation.activateTariffVersion",
        TARIFF_OWNER,
        "mutation { activateTariffVersion(input: { versionId: {version} }) { version { id } userErrors { code } } }",
    ),
    root(
        "Mutation.cancelTariffVersion",
        TARIFF_OWNER,
        "mutation { cancelTariffVersion(input: { versionId: {version} }) { version { id } userErrors { code } } }",
    ),
    root(
        "Mutation.discardTariffVersion",
        TARIFF_OWNER,
        "mutation { discardTariffVersion(input: { versionId: {version} }) { tariff { id } userErrors { code } } }",
    ),
    root(
        "Mutation.revertTariff",
        TARIFF_OWNER,
        "mutation { revertTariff(input: { tariffId: {tariff} }) { version { id } userErrors { code } } }",
    ),
    root(
        "Mutation.archiveTariff",
        TARIFF_OWNER,
        "mutation { archiveTariff(input: { tariffId: {tariff}, archived: false }) { tariff { id } userErrors { code } } }",
    ),
    root(
        "Mutation.updateTariff",
        TARIFF_OWNER,
        "mutation { updateTariff(input: { tariffId: {tariff}, name: {key} }) { tariff { id } userErrors { code } } }",
    ),
    root(
        "Mutation.assignTariff",
        PARENT,
        "mutation { assignTariff(input: { accountId: {callshop}, tariffId: {tariff}, kind: RETAIL }) { callshop { id } userErrors { code } } }",
    ),
    root(
        "Mutation.blockDestination",
        TARIFF_OWNER,
        r#"mutation { blockDestination(input: { tariffId: {tariff}, prefix: "881" }) { tariff { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.unblockDestination",
        TARIFF_OWNER,
        r#"mutation { unblockDestination(input: { tariffId: {tariff}, prefix: "881" }) { tariff { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.createPhones",
        MANAGERS,
        "mutation { createPhones(input: { callshopId: {callshop}, count: 1 }) { phones { secret } userErrors { code } } }",
    ),
    root(
        "Mutation.rotatePhoneSecret",
        MANAGERS,
        "mutation { rotatePhoneSecret(input: { phoneId: {phone} }) { secret userErrors { code } } }",
    ),
    root(
        "Mutation.blockPhone",
        MANAGERS,
        "mutation { blockPhone(input: { phoneId: {phone} }) { phone { id } userErrors { code } } }",
    ),
    root(
        "Mutation.unblockPhone",
        MANAGERS,
        "mutation { unblockPhone(input: { phoneId: {phone} }) { phone { id } userErrors { code } } }",
    ),
    root(
        "Mutation.assignPhone",
        MANAGERS,
        "mutation { assignPhone(input: { phoneId: {phone}, cabinId: {cabin} }) { phone { id } userErrors { code } } }",
    ),
    root(
        "Mutation.createCabin",
        BACK_OFFICE,
        "mutation { createCabin(input: { callshopId: {callshop}, number: 7 }) { cabin { id } userErrors { code } } }",
    ),
    root(
        "Mutation.updateCabin",
        BACK_OFFICE,
        r#"mutation { updateCabin(input: { cabinId: {cabin}, label: "Window" }) { cabin { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.retireCabin",
        BACK_OFFICE,
        "mutation { retireCabin(input: { cabinId: {spare} }) { cabin { id } userErrors { code } } }",
    ),
    root(
        "Mutation.openRegister",
        SHOP,
        r#"mutation { openRegister(input: { callshopId: {callshop}, float: "1", idempotencyKey: {key} }) { shift { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.recordCashMovement",
        SHOP,
        r#"mutation { recordCashMovement(input: { callshopId: {callshop}, kind: PAY_IN, amount: "1", reason: "change", idempotencyKey: {key} }) { movement { kind } userErrors { code } } }"#,
    ),
    root(
        "Mutation.closeRegister",
        SHOP,
        r#"mutation { closeRegister(input: { callshopId: {callshop}, counts: [{ method: CASH, amount: "1" }], idempotencyKey: {key} }) { shift { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.openCabin",
        SHOP,
        "mutation { openCabin(input: { cabinId: {cabin} }) { session { id } userErrors { code } } }",
    ),
    root(
        "Mutation.closeCabin",
        SHOP,
        "mutation { closeCabin(input: { sessionId: {session} }) { session { id } userErrors { code } } }",
    ),
    root(
        "Mutation.updateSessionLimits",
        SHOP,
        "mutation { updateSessionLimits(input: { sessionId: {session}, timeLimitSeconds: 60 }) { session { id } userErrors { code } } }",
    ),
    root(
        "Mutation.voidSession",
        SHOP,
        "mutation { voidSession(input: { sessionId: {session} }) { session { id } userErrors { code } } }",
    ),
    root(
        "Mutation.moveSession",
        SHOP,
        "mutation { moveSession(input: { sessionId: {session}, cabinId: {cabin} }) { session { id } userErrors { code } } }",
    ),
    root(
        "Mutation.updateCallshopSettings",
        BACK_OFFICE,
        r#"mutation { updateCallshopSettings(input: { callshopId: {callshop}, cashStep: "0.05" }) { callshop { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.addDeposit",
        SHOP,
        r#"mutation { addDeposit(input: { sessionId: {session}, amount: "1", idempotencyKey: {key} }) { session { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.addSessionItem",
        SHOP,
        r#"mutation { addSessionItem(input: { sessionId: {session}, description: "Water", unitPrice: "2", idempotencyKey: {key} }) { session { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.removeSessionItem",
        SHOP,
        "mutation { removeSessionItem(input: { sessionId: {session}, itemId: {item} }) { session { id } userErrors { code } } }",
    ),
    root(
        "Mutation.applyDiscount",
        SHOP,
        r#"mutation { applyDiscount(input: { sessionId: {session}, amount: "1", reason: "noise", idempotencyKey: {key} }) { session { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.refundSession",
        SHOP,
        r#"mutation { refundSession(input: { sessionId: {session}, amount: "1", reason: "noise", idempotencyKey: {key} }) { session { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.settleSession",
        SHOP,
        "mutation { settleSession(input: { sessionId: {session}, payments: [], idempotencyKey: {key} }) { change { amount } userErrors { code } } }",
    ),
    root(
        "Mutation.hangUpCall",
        SIGNED_IN,
        "mutation { hangUpCall(input: { callId: {call} }) { call { id } userErrors { code } } }",
    ),
    root(
        "Subscription.callshopActivity",
        SIGNED_IN,
        "subscription { callshopActivity(callshopId: {callshop}) { cursor } }",
    ),
    root(
        "Subscription.cabinActivity",
        SIGNED_IN,
        "subscription { cabinActivity(cabinId: {cabin}) { cursor } }",
    ),
    root(
        "Subscription.accountActivity",
        SIGNED_IN,
        "subscription { accountActivity(accountId: {callshop}) { cursor } }",
    ),
    root(
        "Subscription.accountFeed",
        MANAGERS,
        "subscription { accountFeed(accountId: {account}) { cursor } }",
    ),
    root("Subscription.customerScreen", NOBODY, "subscription { customerScreen { asOf } }"),
    root("Query.customerScreen", NOBODY, "{ customerScreen { asOf } }"),
    root(
        "Mutation.createScreen",
        SHOP,
        "mutation { createScreen(input: { cabinId: {cabin} }) { token userErrors { code } } }",
    ),
    root(
        "Mutation.revokeScreen",
        SHOP,
        "mutation { revokeScreen(input: { screenId: {screen} }) { cabin { id } userErrors { code } } }",
    ),
    root("Query.apiToken", NOBODY, "{ apiToken { id } }"),
    root("Query.apiTokens", BACK_OFFICE, "{ apiTokens(accountId: {callshop}, first: 5) { nodes { id } } }"),
    root(
        "Mutation.createApiToken",
        BACK_OFFICE,
        r#"mutation { createApiToken(input: { accountId: {callshop}, name: "New", scopes: [CALLS_READ], expiresAt: "2027-01-01T00:00:00Z" }) { apiToken { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.rotateApiToken",
        MAKER,
        "mutation { rotateApiToken(input: { apiTokenId: {apiToken} }) { apiToken { id } userErrors { code } } }",
    ),
    root(
        "Mutation.revokeApiToken",
        BACK_OFFICE,
        "mutation { revokeApiToken(input: { apiTokenId: {apiToken} }) { apiToken { id } userErrors { code } } }",
    ),
    root("Query.webhook", BACK_OFFICE, "{ webhook(id: {webhook}) { id } }"),
    root(
        "Subscription.webhookDeliveries",
        BACK_OFFICE,
        "subscription { webhookDeliveries(webhookId: {webhook}) { kind } }",
    ),
    root("Query.webhooks", BACK_OFFICE, "{ webhooks(accountId: {callshop}, first: 5) { nodes { id } } }"),
    root(
        "Mutation.createWebhook",
        BACK_OFFICE,
        r#"mutation { createWebhook(input: { accountId: {callshop}, url: "http://127.0.0.1:9/", query: """subscription { callshopActivity(callshopId: {callshop}, kinds: [SHOP_RESUMED]) { cursor } }""" }) { webhook { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.updateWebhook",
        BACK_OFFICE,
        r#"mutation { updateWebhook(input: { webhookId: {webhook}, description: "New" }) { webhook { id } userErrors { code } } }"#,
    ),
    root(
        "Mutation.rotateWebhookSecret",
        BACK_OFFICE,
        "mutation { rotateWebhookSecret(input: { webhookId: {webhook} }) { webhook { id } userErrors { code } } }",
    ),
    root(
        "Mutation.disableWebhook",
        BACK_OFFICE,
        "mutation { disableWebhook(input: { webhookId: {webhook} }) { webhook { id } userErrors { code } } }",
    ),
    root(
        "Mutation.enableWebhook",
        BACK_OFFICE,
        "mutation { enableWebhook(input: { webhookId: {webhook} }) { webhook { id } userErrors { code } } }",
    ),
    root(
        "Mutation.testWebhook",
        BACK_OFFICE,
        "mutation { testWebhook(input: { webhookId: {webhook} }) { delivery { status } userErrors { code } } }",
    ),
    root(
        "Mutation.skipDelivery",
        BACK_OFFICE,
        "mutation { skipDelivery(input: { deliveryId: {delivery} }) { delivery { status } userErrors { code } } }",
    ),
    root(
        "Mutation.replayDelivery",
        BACK_OFFICE,
        "mutation { replayDelivery(input: { deliveryId: {delivery} }) { delivery { status } userErrors { code } } }",
    ),
    root(
        DELETES,
        BACK_OFFICE,
        "mutation { deleteWebhook(input: { webhookId: {webhook} }) { deletedWebhookId userErrors { code } } }",
    ),
    root("Subscription.balance", BACK_OFFICE, "subscription { balance(accountId: {callshop}) { low } }"),
    root("Subscription.liveCalls", SIGNED_IN, "subscription { liveCalls(callshopId: {callshop}) { asOf } }"),
];
