//! Tests that every mutation that changes money, permissions, tariffs or cabins records the user, the address, and the values before and after.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Schema;
use serde_json::{Value, json};

use crate::kept::Screens;
use tests::authenticator::Authenticator;
use tests::shop::{COST, PASSWORD, person, text, unique};
use tests::{Client, SHOP_MUTATIONS, Shop, on_both};

/// The mutations that this test runs. The mutations of a day in the shop are in [`SHOP_MUTATIONS`], and the test of that day checks their entries.
const RUN: &[&str] = &[
    "activateTariffVersion",
    "adjustCredit",
    "archiveTariff",
    "assignPhone",
    "assignTariff",
    "blockDestination",
    "blockPhone",
    "cancelTariffVersion",
    "changePassword",
    "confirmTotp",
    "copyTariffVersion",
    "createApiToken",
    "createCabin",
    "createCallshop",
    "createDistributor",
    "createPhones",
    "createReseller",
    "createScreen",
    "createTariff",
    "createUser",
    "createWebhook",
    "deleteRates",
    "deleteTariffMapping",
    "deleteWebhook",
    "deriveTariff",
    "disableTotp",
    "disableUser",
    "disableWebhook",
    "discardTariffVersion",
    "enableUser",
    "enableWebhook",
    "importTariff",
    "regenerateRecoveryCodes",
    "resetPassword",
    "resetTotp",
    "resumeAccount",
    "retireCabin",
    "reverseTransfer",
    "revertTariff",
    "revokeApiToken",
    "revokeScreen",
    "rotateApiToken",
    "rotatePhoneSecret",
    "rotateWebhookSecret",
    "saveTariffMapping",
    "setCreditLimit",
    "setDialPlan",
    "setLowCredit",
    "stopDerivingTariff",
    "skipDelivery",
    "suspendAccount",
    "topUp",
    "unblockDestination",
    "unblockPhone",
    "updateAccount",
    "updateCabin",
    "updateTariff",
    "updateUser",
    "updateWebhook",
    "upsertRates",
];
/// Mutations that are not recorded, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "login",
        "a login is a row of its own, with its address and its times; the use of a recovery code is recorded",
    ),
    ("refresh", "continues an existing login; only reuse of a token is recorded"),
    ("beginTotp", "changes nothing before confirmTotp"),
    ("createTariffImport", "makes only a job; the draft that the job creates is recorded as importTariff"),
    ("answerTariffImport", "continues a job"),
    ("startTariffImport", "continues a job; the draft that the job creates is recorded as importTariff"),
    ("cancelTariffImport", "ends a job that has changed nothing"),
    ("createExportLink", "stores nothing: a link is signed"),
    ("createStreamTicket", "stores nothing: a ticket is signed"),
    ("logout", "ends a login, whose row has the time"),
    ("testWebhook", "changes nothing; the webhook's own log has the ping"),
    ("replayDelivery", "changes nothing; the webhook's own log has the message"),
    ("hangUpCall", "the call stores the user who asked for it, and no money changes"),
];

#[test]
fn every_mutation_is_written_down_or_says_why_not() {
    let schema = Schema::parse(graphql::published_sdl().expect("a schema"), "schema.graphql")
        .expect("the schema parses");
    let mutation = schema.get_object("Mutation").expect("mutations");
    let known: BTreeSet<&str> = mutation.fields.keys().map(|name| name.as_str()).collect();
    let named = RUN.iter().chain(SHOP_MUTATIONS).copied().chain(EXCEPTIONS.iter().map(|(name, _)| *name));
    let named: BTreeSet<&str> = named.collect();
    let missing: Vec<_> = known.difference(&named).collect();
    assert!(
        missing.is_empty(),
        "call app::audit::record in these mutations, and add them to RUN: {missing:?}"
    );
    let gone: Vec<_> = named.difference(&known).collect();
    assert!(gone.is_empty(), "remove these mutations, because the schema no longer has them: {gone:?}");
}

/// The newest entry of an account.
async fn newest(client: &Client, account: &str) -> Value {
    let fields = "action objectType objectId at address user { id } changes { field before after }";
    client.account_list("auditLog", account, 1, fields).await.remove(0)
}

/// For each field that changed in an entry, the values before and after the change.
fn changes(entry: &Value) -> BTreeMap<String, (Value, Value)> {
    let changes = entry["changes"].as_array().expect("changes");
    changes
        .iter()
        .map(|change| (text(&change["field"]), (change["before"].clone(), change["after"].clone())))
        .collect()
}

/// Runs mutations, and checks the audit entry of each mutation.
struct Log<'a> {
    shop: &'a Shop,
    users: BTreeMap<String, String>,
    run: BTreeSet<String>,
    screens: Screens,
}

impl Log<'_> {
    /// Runs a mutation as `client`. The newest entry must have the right action, user and address, and must record how the field changed.
    async fn check(
        &mut self,
        (client, mutation): (&Client, &str),
        input: Value,
        fields: &str,
        account: &str,
        (field, before, after): (&str, Value, Value),
    ) -> Value {
        let kind = schema_input(mutation);
        let answer = client.did(mutation, &kind, input, fields).await;
        // the id of a new account is in the response
        let account = if account.is_empty() {
            text(&answer.as_object().expect("a payload").values().next().expect("an object")["id"])
        } else {
            account.to_owned()
        };
        let entry = newest(&self.shop.admin, &account).await;
        assert_eq!(entry["action"], mutation, "{entry}");
        assert_eq!(entry["address"], "127.0.0.1", "{mutation}: {entry}");
        let user = self.user(client).await;
        assert_eq!(entry["user"]["id"], json!(user), "{mutation}: {entry}");
        assert!(entry["objectId"].is_string(), "{mutation}: {entry}");
        let changes = changes(&entry);
        let (was, is) = changes.get(field).unwrap_or_else(|| panic!("{mutation}: no {field} in {entry}"));
        let same =
            |found: &Value, expected: &Value| expected == "*" && found.is_string() || found == expected;
        assert!(same(was, &before) && same(is, &after), "{mutation}: {entry}");
        let whole = entry.to_string();
        assert!(!whole.contains(PASSWORD) && !whole.contains("argon2") && !whole.contains("ha1"), "{whole}");
        self.run.insert(mutation.to_owned());
        self.screens.look(mutation).await;
        answer
    }

    async fn user(&mut self, client: &Client) -> String {
        if !self.users.contains_key(client.token()) {
            let viewer = client.ok("{ viewer { id } }", json!({})).await;
            self.users.insert(client.token().to_owned(), text(&viewer["viewer"]["id"]));
        }
        self.users[client.token()].clone()
    }
}

/// The input type of a mutation.
fn schema_input(mutation: &str) -> String {
    let schema = Schema::parse(graphql::published_sdl().expect("a schema"), "schema.graphql")
        .expect("the schema parses");
    let field = &schema.get_object("Mutation").expect("mutations").fields[mutation];
    field.argument_by_name("input").expect("an input").ty.inner_named_type().to_string()
}

on_both!(what_is_changed_is_written_down, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let mut log =
        Log { shop: &shop, users: BTreeMap::new(), run: BTreeSet::new(), screens: Screens::of(&shop) };
    accounts(&mut log).await;
    users(&mut log).await;
    equipment(&mut log).await;
    tariffs(&mut log).await;
    credit(&mut log).await;
    webhooks(&mut log).await;
    let expected: BTreeSet<String> = RUN.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(log.run, expected, "every mutation named in RUN was run");
    shop.finish().await;
});

async fn accounts(log: &mut Log<'_>) {
    let shop = log.shop;
    let id = shop.id.as_str();
    let new = |name: &str| ("name", Value::Null, json!(name));
    let input =
        json!({ "name": "D", "currency": "BRL", "country": "BR", "timeZone": "UTC", "user": person() });
    log.check((&shop.admin, "createDistributor"), input, "account { id }", "", new("D")).await;
    let input = json!({ "name": "R", "user": person() });
    log.check((&shop.distributor, "createReseller"), input, "account { id }", "", new("R")).await;
    let input = json!({ "name": "C", "owner": person() });
    log.check((&shop.reseller, "createCallshop"), input, "callshop { id }", "", new("C")).await;
    let input = json!({ "accountId": id, "name": "Renamed", "callerId": "551133334444" });
    let renamed = ("name", json!("Callshop"), json!("Renamed"));
    log.check((&shop.reseller, "updateAccount"), input, "callshop { id }", id, renamed).await;
    let entry = newest(&shop.admin, id).await;
    assert_eq!(
        changes(&entry).keys().collect::<Vec<_>>(),
        ["callerId", "name"],
        "only changed fields may be recorded: {entry}"
    );
    let input = json!({ "accountId": id });
    let suspended = ("suspendedAt", Value::Null, json!("*"));
    log.check((&shop.reseller, "suspendAccount"), input.clone(), "callshop { id }", id, suspended).await;
    let resumed = ("suspendedAt", json!("*"), Value::Null);
    log.check((&shop.reseller, "resumeAccount"), input, "callshop { id }", id, resumed).await;
    let input = json!({ "callshopId": id, "country": "PT" });
    let plan = ("dialPlan", json!("*"), json!("*"));
    log.check((&shop.reseller, "setDialPlan"), input, "callshop { id }", id, plan).await;
}

async fn users(log: &mut Log<'_>) {
    let shop = log.shop;
    let (owner, id) = (&shop.owner, shop.id.as_str());
    let input = json!({ "accountId": id, "role": "ATTENDANT", "user": person() });
    let new = ("role", Value::Null, json!("ATTENDANT"));
    let user = log.check((owner, "createUser"), input, "user { id login }", id, new).await["user"].take();
    let one = json!({ "userId": user["id"] });
    let input = json!({ "userId": user["id"], "displayName": "Else" });
    let renamed = ("displayName", json!("Somebody"), json!("Else"));
    log.check((owner, "updateUser"), input, "user { id }", id, renamed).await;
    let disabled = ("disabledAt", Value::Null, json!("*"));
    log.check((owner, "disableUser"), one.clone(), "user { id }", id, disabled).await;
    let enabled = ("disabledAt", json!("*"), Value::Null);
    log.check((owner, "enableUser"), one, "user { id }", id, enabled).await;
    let input = json!({ "userId": user["id"], "password": "another long password" });
    let reset = ("password", Value::Null, json!("changed"));
    log.check((owner, "resetPassword"), input, "user { id }", id, reset.clone()).await;
    let own = Client::anonymous(shop.server.http).login(&text(&user["login"]), "another long password").await;
    let input = json!({ "presentPassword": "another long password", "newPassword": PASSWORD });
    log.check((&own, "changePassword"), input, "viewer { id }", id, reset).await;
    let expires_at = chrono::Utc::now() + chrono::TimeDelta::days(1);
    let input = json!({ "name": "Program", "scopes": ["CALLS_READ"], "expiresAt": expires_at });
    let new = ("name", Value::Null, json!("Program"));
    let made = log.check((owner, "createApiToken"), input, "apiToken { id }", id, new).await;
    let input = json!({ "apiTokenId": made["apiToken"]["id"] });
    let rotated = ("expiresAt", json!("*"), json!("*"));
    log.check((owner, "rotateApiToken"), input.clone(), "apiToken { id }", id, rotated).await;
    let revoked = ("revokedAt", Value::Null, json!("*"));
    log.check((owner, "revokeApiToken"), input, "apiToken { id }", id, revoked).await;
    second_factor(log, &own, &user["id"]).await;
}

async fn second_factor(log: &mut Log<'_>, own: &Client, user: &Value) {
    let (shop, id) = (log.shop, log.shop.id.as_str());
    let is = |field: &'static str, value: &str| (field, Value::Null, json!(value));
    let app = Authenticator::begin(own).await;
    let input = json!({ "code": app.code(shop.server.app.clock.now()) });
    let codes = log.check((own, "confirmTotp"), input, "recoveryCodes", id, is("totp", "on")).await;
    let input = json!({ "code": codes["recoveryCodes"][0] });
    let changed = is("recoveryCodes", "changed");
    let codes = log.check((own, "regenerateRecoveryCodes"), input, "recoveryCodes", id, changed).await;
    let input = json!({ "code": codes["recoveryCodes"][0] });
    log.check((own, "disableTotp"), input, "viewer { id }", id, is("totp", "off")).await;
    let app = Authenticator::begin(own).await;
    app.confirm(own, shop.server.app.clock.now()).await;
    let input = json!({ "userId": user });
    log.check((&shop.owner, "resetTotp"), input, "user { id }", id, is("totp", "off")).await;
}

async fn equipment(log: &mut Log<'_>) {
    let shop = log.shop;
    let (reseller, owner, id) = (&shop.reseller, &shop.owner, shop.id.as_str());
    let input = json!({ "callshopId": id, "count": 1, "label": "Spare" });
    let new = ("label", Value::Null, json!("Spare 3"));
    let made = log.check((reseller, "createPhones"), input, "phones { secret phone { id } }", id, new).await;
    let (phone, secret) = (&made["phones"][0]["phone"]["id"], text(&made["phones"][0]["secret"]));
    let one = json!({ "phoneId": phone });
    let rotated = ("secret", Value::Null, json!("changed"));
    log.check((reseller, "rotatePhoneSecret"), one.clone(), "phone { id }", id, rotated).await;
    log.check(
        (reseller, "blockPhone"),
        one.clone(),
        "phone { id }",
        id,
        ("blockedAt", Value::Null, json!("*")),
    )
    .await;
    log.check((reseller, "unblockPhone"), one, "phone { id }", id, ("blockedAt", json!("*"), Value::Null))
        .await;
    let input = json!({ "callshopId": id, "number": 9, "label": "Door" });
    let new = ("label", Value::Null, json!("Door"));
    let cabin = log.check((owner, "createCabin"), input, "cabin { id }", id, new).await["cabin"]["id"].take();
    let input = json!({ "phoneId": phone, "cabinId": cabin });
    log.check((reseller, "assignPhone"), input, "phone { id }", id, ("cabin", Value::Null, json!("*"))).await;
    let input = json!({ "cabinId": cabin, "label": "Window" });
    let renamed = ("label", json!("Door"), json!("Window"));
    log.check((owner, "updateCabin"), input, "cabin { id }", id, renamed).await;
    let (input, shown) = (json!({ "cabinId": cabin }), "screen { screenId }");
    let made =
        log.check((owner, "createScreen"), input, shown, id, ("screen", json!(null), json!("*"))).await;
    let input = json!({ "screenId": made["screen"]["screenId"] });
    let ended = ("screen", json!("*"), json!(null));
    log.check((owner, "revokeScreen"), input, "cabin { id }", id, ended).await;
    let input = json!({ "cabinId": cabin });
    log.check((owner, "retireCabin"), input, "cabin { id }", id, ("retiredAt", Value::Null, json!("*")))
        .await;
    let log = json!(shop.admin.account_list("auditLog", id, 100, "changes { before after }").await);
    assert!(!log.to_string().contains(&secret), "the audit log must not contain the secret");
}

async fn webhooks(log: &mut Log<'_>) {
    let shop = log.shop;
    let (owner, id) = (&shop.owner, shop.id.as_str());
    let feed = format!(
        "subscription {{ callshopActivity(callshopId: \"{id}\", kinds: [SHOP_RESUMED]) {{ cursor }} }}"
    );
    let input = json!({ "url": "http://127.0.0.1:9/", "query": feed });
    let new = ("url", Value::Null, json!("http://127.0.0.1:9"));
    let made = log.check((owner, "createWebhook"), input, "secret webhook { id }", id, new).await;
    let one = json!({ "webhookId": made["webhook"]["id"] });
    let input = json!({ "webhookId": made["webhook"]["id"], "description": "For the web shop" });
    let renamed = ("description", json!(""), json!("For the web shop"));
    log.check((owner, "updateWebhook"), input, "webhook { id }", id, renamed).await;
    let rotated = ("oldSecretUntil", Value::Null, json!("*"));
    let secret =
        log.check((owner, "rotateWebhookSecret"), one.clone(), "secret webhook { id }", id, rotated).await;
    let paused = ("disabledReason", Value::Null, json!("PAUSED"));
    log.check((owner, "disableWebhook"), one.clone(), "webhook { id }", id, paused).await;
    let enabled = ("state", json!("DISABLED"), json!("ACTIVE"));
    log.check((owner, "enableWebhook"), one.clone(), "webhook { id }", id, enabled).await;
    skipped(log).await;
    let deleted = ("url", json!("http://127.0.0.1:9"), Value::Null);
    log.check((owner, "deleteWebhook"), one, "deletedWebhookId", id, deleted).await;
    let log =
        json!(shop.admin.account_list("auditLog", id, 100, "changes { before after }").await).to_string();
    for secret in [&made["secret"], &secret["secret"]] {
        assert!(text(secret).starts_with("whsec_") && !log.contains(&text(secret)), "{log}");
    }
}

/// Skips a message that nobody receives.
async fn skipped(log: &mut Log<'_>) {
    let (owner, id) = (&log.shop.owner, log.shop.id.as_str());
    let feed = format!("subscription {{ callshopActivity(callshopId: \"{id}\") {{ cursor }} }}");
    let input = json!({ "url": "http://127.0.0.1:9/", "query": feed });
    let made = owner.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
    let webhook = text(&made["webhook"]["id"]);
    let input = json!({ "callshopId": id, "receiptFooter": "Thank you" });
    owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { id }").await;
    let delivery = tests::sip::eventually("a message fails", async || {
        let found = owner.object("webhook", &webhook, "deliveries(first: 1) { nodes { deliveryId } }").await;
        found["deliveries"]["nodes"][0]["deliveryId"].as_str().map(str::to_owned)
    });
    let input = json!({ "deliveryId": delivery.await });
    let status = ("status", json!("PENDING"), json!("SKIPPED"));
    log.check((owner, "skipDelivery"), input, "delivery { status }", id, status).await;
}

async fn tariffs(log: &mut Log<'_>) {
    let shop = log.shop;
    let (reseller, at) = (&shop.reseller, shop.reseller_id.as_str());
    let input = json!({ "name": "Night" });
    let new = ("name", Value::Null, json!("Night"));
    let tariff =
        log.check((reseller, "createTariff"), input, "tariff { id }", at, new).await["tariff"]["id"].take();
    let input = json!({ "tariffId": tariff, "csv": COST });
    let first = ("number", Value::Null, json!("1"));
    let version = log.check((reseller, "importTariff"), input, "version { id }", at, first).await["version"]
        ["id"]
        .take();
    let input = json!({ "versionId": version });
    let active = ("activeFrom", Value::Null, json!("*"));
    log.check((reseller, "activateTariffVersion"), input, "version { id }", at, active).await;
    let rate = json!([{ "prefix": "44", "destination": "UK", "pricePerMinute": "0.5" }]);
    let input = json!({ "tariffId": tariff, "rates": rate });
    let second = ("number", json!("1"), json!("2"));
    let answer = log.check((reseller, "upsertRates"), input, "version { id }", at, second).await;
    assert_eq!(changes(&newest(reseller, at).await)["added"], (Value::Null, json!("1")));
    let input = json!({ "tariffId": tariff, "prefixes": ["44"], "baseVersionId": answer["version"]["id"] });
    log.check((reseller, "deleteRates"), input, "version { id }", at, ("removed", Value::Null, json!("1")))
        .await;
    let input = json!({ "versionId": version });
    let fourth = ("number", json!("1"), json!("4"));
    let copy = log.check((reseller, "copyTariffVersion"), input, "version { id }", at, fourth).await;
    versions(log, &tariff, &copy["version"]["id"]).await;
    let input = json!({ "name": "Carrier", "mapping": "{\"increment\": 6}" });
    let saved = ("name", Value::Null, json!("Carrier"));
    log.check((reseller, "saveTariffMapping"), input, "mapping { id }", at, saved).await;
    let input = json!({ "name": "Carrier" });
    let deleted = ("name", json!("Carrier"), Value::Null);
    log.check((reseller, "deleteTariffMapping"), input, "mapping { id }", at, deleted).await;
    let input = json!({ "accountId": shop.id, "tariffId": tariff, "kind": "RETAIL" });
    let assigned = ("retailTariff", json!("*"), json!("*"));
    log.check((reseller, "assignTariff"), input, "callshop { id }", &shop.id, assigned).await;
    let input = json!({ "tariffId": tariff, "prefix": "881" });
    let blocked = |before: &str, after: &str| ("blocked", json!(before), json!(after));
    log.check((reseller, "blockDestination"), input.clone(), "tariff { id }", at, blocked("false", "true"))
        .await;
    log.check((reseller, "unblockDestination"), input, "tariff { id }", at, blocked("true", "false")).await;
}

/// Runs the mutations of a version's lifecycle. `copy` is a draft with number 4.
async fn versions(log: &mut Log<'_>, tariff: &Value, copy: &Value) {
    let shop = log.shop;
    let (reseller, at) = (&shop.reseller, shop.reseller_id.as_str());
    let later = shop.server.time().now() + chrono::TimeDelta::days(1);
    let input =
        json!({ "versionId": copy, "at": later.to_rfc3339_opts(chrono::SecondsFormat::Micros, true) });
    reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
    let input = json!({ "versionId": copy });
    let canceled = ("activeFrom", json!("*"), Value::Null);
    log.check((reseller, "cancelTariffVersion"), input.clone(), "version { id }", at, canceled).await;
    let discarded = ("number", json!("4"), Value::Null);
    log.check((reseller, "discardTariffVersion"), input, "tariff { id }", at, discarded).await;
    let rate = json!([{ "prefix": "44", "destination": "UK", "pricePerMinute": "0.7" }]);
    let input = json!({ "tariffId": tariff, "rates": rate });
    let made = reseller.did("upsertRates", "UpsertRatesInput", input, "version { id number }").await;
    assert_eq!(made["version"]["number"], 5, "the number of a discarded draft must not be used again");
    let input = json!({ "versionId": made["version"]["id"] });
    reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
    let input = json!({ "tariffId": tariff });
    let sixth = ("number", json!("5"), json!("6"));
    log.check((reseller, "revertTariff"), input.clone(), "version { id }", at, sixth).await;
    let mut renamed = input.clone();
    renamed["name"] = json!("Late");
    let name = ("name", json!("Night"), json!("Late"));
    log.check((reseller, "updateTariff"), renamed, "tariff { id }", at, name).await;
    // the source has no version, so that no derived version is recorded in the meantime
    let empty = json!({ "name": "Empty" });
    let empty =
        reseller.did("createTariff", "CreateTariffInput", empty, "tariff { id }").await["tariff"].take();
    let derive = json!({ "name": "Derived", "source": { "tariffId": empty["id"] }, "percent": "10" });
    let rule = ("rule", Value::Null, json!("*"));
    let derived = log.check((reseller, "deriveTariff"), derive, "tariff { id }", at, rule).await;
    let stop = json!({ "tariffId": derived["tariff"]["id"] });
    let rule = ("rule", json!("*"), Value::Null);
    log.check((reseller, "stopDerivingTariff"), stop, "tariff { id }", at, rule).await;
    let archived = ("archivedAt", Value::Null, json!("*"));
    log.check((reseller, "archiveTariff"), input.clone(), "tariff { id }", at, archived).await;
    let mut back = input;
    back["archived"] = json!(false);
    reseller.did("archiveTariff", "ArchiveTariffInput", back, "tariff { id }").await;
}

async fn credit(log: &mut Log<'_>) {
    let shop = log.shop;
    let (reseller, id) = (&shop.reseller, shop.id.as_str());
    let amount = |amount: &str| json!({ "amount": amount, "currency": "BRL" });
    let balance = |before: &str, after: &str| ("balance", json!(before), json!(after));
    let key = unique("key");
    let input = json!({ "accountId": id, "amount": amount("10"), "note": "cash", "idempotencyKey": key });
    for _ in 0..2 {
        // a repeated request gets the same response again, but adds no entry
        log.check((reseller, "topUp"), input.clone(), "balance { amount }", id, balance("500", "510")).await;
    }
    let entries = reseller.account_list("auditLog", id, 2, "action").await;
    assert_ne!(entries[1]["action"], "topUp", "{entries:?}");
    let input = json!({ "accountId": id, "amount": amount("-5"), "reason": "wrong", "idempotencyKey": unique("key") });
    let adjusted =
        log.check((reseller, "adjustCredit"), input, "transferId", id, balance("510", "505")).await;
    let input =
        json!({ "transferId": adjusted["transferId"], "reason": "right", "idempotencyKey": unique("key") });
    log.check((reseller, "reverseTransfer"), input, "transferId", id, balance("505", "510")).await;
    let input = json!({ "accountId": id, "limit": "7" });
    let limit = ("creditLimit", json!("0"), json!("7"));
    log.check((reseller, "setCreditLimit"), input, "callshop { id }", id, limit).await;
    let input = json!({ "accountId": id, "amount": "3" });
    let low = ("lowCredit", Value::Null, json!("3"));
    log.check((&shop.owner, "setLowCredit"), input, "callshop { id }", id, low).await;
    // the owner sees the reseller's action, but not which user of the reseller acted
    let reseller_did = json!(shop.owner.account_list("auditLog", id, 2, "action address user { id }").await);
    assert!(
        reseller_did[0]["user"]["id"].is_string() && reseller_did[0]["address"].is_string(),
        "{reseller_did}"
    );
    assert_eq!(reseller_did[1], json!({ "action": "setCreditLimit", "address": null, "user": null }));
}
