//! Tests every mutation with an `idempotencyKey`: two requests at the same time and a later one have the same effect as one request, and get the same
//! answer. Only the first answer has the secret. The same key with different input is refused.

use std::collections::BTreeSet;

use apollo_compiler::Schema;
use graphql::scalars::Kind;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};

use tests::receiver::Receiver;
use tests::shop::{COST, RETAIL, Shop, person, text, unique};
use tests::{Client, TestServer, on_both};

fn schema() -> Schema {
    Schema::parse(graphql::published_sdl().expect("a schema"), "schema.graphql").expect("the schema parses")
}

/// The mutations whose input has a key, with the names of their input types.
fn keyed(schema: &Schema) -> Vec<(String, String)> {
    let mutations = &schema.get_object("Mutation").expect("mutations").fields;
    let inputs = mutations.iter().filter_map(|(name, field)| {
        let input = field.argument_by_name("input")?.ty.inner_named_type();
        let has_key = schema.get_input_object(input)?.fields.contains_key("idempotencyKey");
        has_key.then(|| (name.to_string(), input.to_string()))
    });
    inputs.collect()
}

/// Sends requests repeatedly, and remembers the mutations.
struct Repeats<'a> {
    shop: &'a Shop,
    inputs: Vec<(String, String)>,
    sent: BTreeSet<String>,
}

impl Repeats<'_> {
    /// Runs a mutation with a new key. `other` is a field of the input and a different value for that field. Returns the first answer.
    async fn run(
        &mut self,
        (client, mutation): (&Client, &str),
        mut input: Value,
        other: (&str, Value),
        fields: &str,
    ) -> Value {
        let found = self.inputs.iter().find(|(name, _)| name == mutation);
        let (_, kind) = found.unwrap_or_else(|| panic!("{mutation} has no key"));
        input["idempotencyKey"] = json!(unique("key"));
        let before = written(&self.shop.server, mutation).await;
        let send = || client.tried(mutation, kind, input.clone(), fields);
        let (first, second) = tokio::join!(send(), send());
        let third = send().await;
        let after = written(&self.shop.server, mutation).await;
        assert_eq!(after[0] - before[0], i64::from(is_recorded(mutation)), "{mutation}: done once");
        assert_eq!(after[1] - before[1], 1, "{mutation}: the key is stored once");
        let answers = [first, second, third];
        let codes: Vec<&Value> = answers.iter().map(|answer| &answer["userErrors"][0]["code"]).collect();
        let shown = answers.iter().filter(|answer| has_secret(answer)).count();
        if fields.contains("secret") || fields.contains("token") {
            assert_eq!(shown, 1, "{mutation}: one answer has the secret: {answers:?}");
            let told = codes.iter().filter(|code| **code == "SECRET_SHOWN").count();
            assert_eq!(told, 2, "{mutation}: the other answers name the remedy: {answers:?}");
        } else {
            assert!(codes.iter().all(|code| code.is_null()), "{mutation}: {answers:?}");
        }
        let plain = answers.clone().map(without_secrets);
        assert_eq!(plain[0], plain[1], "{mutation}: at the same time");
        assert_eq!(plain[0], plain[2], "{mutation}: later");
        input[other.0] = other.1;
        assert_eq!(client.code(mutation, kind, input, fields).await, "IDEMPOTENCY_CONFLICT", "{mutation}");
        assert_eq!(written(&self.shop.server, mutation).await, after, "{mutation}: a refused request");
        self.sent.insert(mutation.to_owned());
        answers.into_iter().find(|answer| shown == 0 || has_secret(answer)).expect("an answer")
    }
}

/// Whether the audit log records the mutation.
fn is_recorded(mutation: &str) -> bool {
    !["createTariffImport", "startTariffImport", "replayDelivery"].contains(&mutation)
}

/// The number of audit entries for a mutation, and the number of its idempotency keys.
async fn written(server: &TestServer, mutation: &str) -> [i64; 2] {
    let conn = server.app.store.reader();
    let mut counts = [0; 2];
    for (count, table) in counts.iter_mut().zip(["audit_log WHERE action", "idempotency_key WHERE mutation"])
    {
        let sql = format!("SELECT count(*) AS n FROM {table} = $1");
        let query = Statement::from_sql_and_values(conn.get_database_backend(), sql, [mutation.into()]);
        let row = conn.query_one_raw(query).await.expect("a count").expect("a row");
        *count = row.try_get("", "n").expect("a number");
    }
    counts
}

fn has_secret(answer: &Value) -> bool {
    answer["secret"].is_string() || answer["token"].is_string() || answer["phones"][0]["secret"].is_string()
}

fn without_secrets(mut answer: Value) -> Value {
    for secret in ["secret", "token", "userErrors"] {
        answer[secret] = Value::Null;
    }
    for phone in answer["phones"].as_array_mut().into_iter().flatten() {
        phone["secret"] = Value::Null;
    }
    answer
}

on_both!(every_mutation_with_a_key_is_done_once, |backend| async move {
    let shop = Shop::start(backend, 3).await;
    let inputs = keyed(&schema());
    let mut repeats = Repeats { shop: &shop, inputs: inputs.clone(), sent: BTreeSet::new() };
    accounts(&mut repeats).await;
    equipment(&mut repeats).await;
    tariffs(&mut repeats).await;
    secrets(&mut repeats).await;
    credit(&mut repeats).await;
    day(&mut repeats).await;
    let expected: BTreeSet<String> = inputs.into_iter().map(|(name, _)| name).collect();
    assert_eq!(repeats.sent, expected, "every mutation with a key is in this test");
    shop.finish().await;
});

async fn accounts(repeats: &mut Repeats<'_>) {
    let shop = repeats.shop;
    let other = ("name", json!("Other"));
    let input =
        json!({ "name": "D", "currency": "BRL", "country": "BR", "timeZone": "UTC", "user": person() });
    let created = (&shop.admin, "createDistributor");
    repeats.run(created, input, other.clone(), "account { id } user { id login }").await;
    let input = json!({ "name": "R", "user": person() });
    let created = (&shop.distributor, "createReseller");
    repeats.run(created, input, other.clone(), "account { id } user { id }").await;
    let input = json!({ "name": "C", "owner": person() });
    let created = (&shop.reseller, "createCallshop");
    repeats.run(created, input, other.clone(), "callshop { id } owner { id }").await;
    let input = json!({ "accountId": shop.id, "name": "Renamed" });
    repeats.run((&shop.reseller, "updateAccount"), input, other, "callshop { id name }").await;
    let input = json!({ "callshopId": shop.id, "country": "BR", "areaCode": "11" });
    let other = ("areaCode", json!("21"));
    repeats.run((&shop.reseller, "setDialPlan"), input, other, "callshop { id }").await;
    let input = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": person() });
    let other = ("role", json!("CALLSHOP_OWNER"));
    repeats.run((&shop.owner, "createUser"), input, other, "user { id login }").await;
}

async fn equipment(repeats: &mut Repeats<'_>) {
    let shop = repeats.shop;
    let input = json!({ "callshopId": shop.id, "count": 1, "label": "Spare" });
    let fields = "phones { secret phone { id sipUser label } }";
    let made = repeats.run((&shop.reseller, "createPhones"), input, ("label", json!("Other")), fields).await;
    let one = json!({ "phoneId": made["phones"][0]["phone"]["id"] });
    let other = ("phoneId", json!(shop.phones[0].id));
    for (mutation, fields) in [
        ("rotatePhoneSecret", "secret phone { id }"),
        ("blockPhone", "phone { id blockedAt }"),
        ("unblockPhone", "phone { id blockedAt }"),
    ] {
        repeats.run((&shop.reseller, mutation), one.clone(), other.clone(), fields).await;
    }
    let input = json!({ "callshopId": shop.id, "number": 9, "label": "Door" });
    let other = ("label", json!("Other"));
    let made = repeats.run((&shop.owner, "createCabin"), input, other, "cabin { id label }").await;
    let input = json!({ "cabinId": made["cabin"]["id"] });
    let fields = "token screen { screenId expiresAt }";
    repeats.run((&shop.owner, "createScreen"), input, ("days", json!(7)), fields).await;
}

async fn tariffs(repeats: &mut Repeats<'_>) {
    let (shop, reseller) = (repeats.shop, &repeats.shop.reseller);
    let draft = "version { id number state } scheduled { id } changes { added raised unchanged rows(first: 2) { nodes { prefix } } } \
        problemsTotal detected { item } margin { total } impact { calls }";
    let note = || ("note", json!("Other"));
    let made = repeats
        .run((reseller, "createTariff"), json!({ "name": "T" }), ("name", json!("U")), "tariff { id }")
        .await;
    let tariff = &made["tariff"]["id"];
    let input = json!({ "tariffId": tariff, "csv": COST });
    let first = repeats.run((reseller, "importTariff"), input, note(), draft).await;
    let active = "version { id state activeFrom } margin { total } next { id }";
    let input = json!({ "versionId": first["version"]["id"] });
    let at = ("at", json!("2027-01-01T00:00:00Z"));
    repeats.run((reseller, "activateTariffVersion"), input.clone(), at, active).await;
    repeats.run((reseller, "copyTariffVersion"), input, note(), draft).await;
    let rates = json!([{ "prefix": "44", "destination": "UK", "pricePerMinute": "0.5" }]);
    let input = json!({ "tariffId": tariff, "rates": rates });
    let second = repeats.run((reseller, "upsertRates"), input, note(), draft).await;
    let second = &second["version"]["id"];
    let input = json!({ "tariffId": tariff, "prefixes": ["44"], "baseVersionId": second });
    repeats.run((reseller, "deleteRates"), input, note(), draft).await;
    let later = shop.server.time().now() + chrono::TimeDelta::days(1);
    let at = later.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let input = json!({ "versionId": second, "at": at });
    reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
    let other = ("versionId", first["version"]["id"].clone());
    let input = json!({ "versionId": second });
    repeats.run((reseller, "cancelTariffVersion"), input.clone(), other, "version { id state }").await;
    reseller.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
    repeats.run((reseller, "revertTariff"), json!({ "tariffId": tariff }), note(), active).await;
    let input = json!({ "tariffId": tariff, "roundingDecimals": 2 });
    let fields = "tariff { id name } version { id number } margin { total }";
    repeats.run((reseller, "updateTariff"), input, note(), fields).await;
    let other = ("archived", json!(false));
    repeats
        .run((reseller, "archiveTariff"), json!({ "tariffId": tariff }), other, "tariff { id archivedAt }")
        .await;
    let input = json!({ "name": "Retail" });
    let made = reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let input = json!({ "tariffId": made["tariff"]["id"], "csv": RETAIL });
    reseller.did("importTariff", "ImportTariffInput", input, "version { id }").await;
    let input = json!({ "accountId": shop.id, "tariffId": made["tariff"]["id"], "kind": "COST" });
    let fields = "callshop { id } margin { total }";
    repeats.run((reseller, "assignTariff"), input, ("kind", json!("RETAIL")), fields).await;
    // if an import names the hash of its file, the key is tied to this file
    let input = json!({ "tariffId": made["tariff"]["id"], "sha256": "a".repeat(64) });
    let other = ("sha256", json!("b".repeat(64)));
    repeats.run((reseller, "createTariffImport"), input, other, "import { id }").await;
    let import = checked_import(shop, &made["tariff"]["id"]).await;
    let other = ("effectiveAt", json!("2090-01-01T00:00:00Z"));
    repeats.run((reseller, "startTariffImport"), json!({ "importId": import }), other, "import { id }").await;
    let input = json!({ "name": "Plus", "source": { "tariffId": made["tariff"]["id"] }, "percent": "5" });
    repeats.run((reseller, "deriveTariff"), input, ("percent", json!("6")), "tariff { id name }").await;
    let (input, other) =
        (json!({ "tariffId": made["tariff"]["id"], "prefix": "44" }), ("prefix", json!("45")));
    let fields = "tariff { id blockedPrefixes } callshop { id }";
    repeats.run((reseller, "blockDestination"), input, other.clone(), fields).await;
    let input = json!({ "callshopId": shop.id, "prefix": "44" });
    repeats.run((reseller, "unblockDestination"), input, other, fields).await;
}

/// The id of an import that was checked in a dry run.
async fn checked_import(shop: &Shop, tariff: &Value) -> Value {
    let input = json!({ "tariffId": tariff, "dryRun": true });
    let fields = "import { id uploadUrl }";
    let made = shop.reseller.did("createTariffImport", "CreateTariffImportInput", input, fields).await;
    let url = format!("http://{}{}", shop.server.http, text(&made["import"]["uploadUrl"]));
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.put(url).body(RETAIL).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 202);
    let id = text(&made["import"]["id"]);
    for _ in 0..200 {
        if shop.reseller.object("tariffImport", &id, "state").await["state"] == "CHECKED" {
            return json!(id);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the file is not checked");
}

async fn secrets(repeats: &mut Repeats<'_>) {
    let (shop, owner) = (repeats.shop, &repeats.shop.owner);
    let expires_at = shop.server.time().now() + chrono::TimeDelta::days(1);
    let input = json!({ "name": "Program", "scopes": ["CALLS_READ"], "expiresAt": expires_at });
    let fields = "token apiToken { id }";
    let made = repeats.run((owner, "createApiToken"), input, ("name", json!("Other")), fields).await;
    // a repeated request may name the scopes in another order
    let mut input =
        json!({ "name": "Two", "scopes": ["TARIFFS_READ", "CALLS_READ"], "expiresAt": expires_at });
    input["idempotencyKey"] = json!(unique("key"));
    let first = owner.tried("createApiToken", "CreateApiTokenInput", input.clone(), fields).await;
    input["scopes"] = json!(["CALLS_READ", "TARIFFS_READ", "CALLS_READ"]);
    let again = owner.tried("createApiToken", "CreateApiTokenInput", input, fields).await;
    assert_eq!(again["apiToken"]["id"], first["apiToken"]["id"], "{again}");
    let input = json!({ "apiTokenId": made["apiToken"]["id"] });
    repeats.run((owner, "rotateApiToken"), input, ("gracePeriodSeconds", json!(5)), fields).await;
    let receiver = Receiver::start().await;
    let feed = format!("subscription {{ callshopActivity(callshopId: \"{}\") {{ cursor }} }}", shop.id);
    let input = json!({ "url": receiver.url(), "query": feed });
    let fields = "secret webhook { id }";
    let other = ("description", json!("Other"));
    let made = repeats.run((owner, "createWebhook"), input, other, fields).await;
    let webhook = &made["webhook"]["id"];
    let input = json!({ "webhookId": webhook });
    let other = ("gracePeriodSeconds", json!(5));
    repeats.run((owner, "rotateWebhookSecret"), input, other, fields).await;
    let input = json!({ "callshopId": shop.id, "number": 10 });
    owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
    receiver.until(1).await;
    let delivery = delivered(owner, webhook).await;
    let other = ("deliveryId", json!(Kind::WebhookDelivery.id(uuid::Uuid::now_v7()).as_str()));
    let input = json!({ "deliveryId": delivery });
    repeats.run((owner, "replayDelivery"), input, other, "delivery { deliveryId }").await;
}

/// The id of a webhook's delivered message.
async fn delivered(owner: &Client, webhook: &Value) -> Value {
    let query = "query($id: ID!) { webhook(id: $id) { deliveries(first: 1) { nodes { deliveryId } } } }";
    loop {
        let found = owner.ok(query, json!({ "id": webhook })).await;
        let id = &found["webhook"]["deliveries"]["nodes"][0]["deliveryId"];
        if id.is_string() {
            return id.clone();
        }
        tokio::task::yield_now().await;
    }
}

async fn credit(repeats: &mut Repeats<'_>) {
    let (shop, reseller) = (repeats.shop, &repeats.shop.reseller);
    let amount = |amount: &str| json!({ "amount": amount, "currency": "BRL" });
    let input = json!({ "accountId": shop.id, "amount": amount("10") });
    let other = ("amount", amount("11"));
    repeats.run((reseller, "topUp"), input, other.clone(), "balance { amount }").await;
    let input = json!({ "accountId": shop.id, "amount": amount("-5"), "reason": "wrong" });
    let fields = "transferId balance { amount }";
    let posted = repeats.run((reseller, "adjustCredit"), input, other, fields).await;
    let input = json!({ "transferId": posted["transferId"], "reason": "right" });
    repeats.run((reseller, "reverseTransfer"), input, ("reason", json!("other")), fields).await;
    let input = json!({ "accountId": shop.id, "amount": "3" });
    repeats.run((reseller, "setLowCredit"), input, ("amount", json!("4")), "callshop { id }").await;
    let input = json!({ "accountId": shop.id, "limit": "7" });
    repeats.run((reseller, "setCreditLimit"), input, ("limit", json!("8")), "callshop { id }").await;
}

/// Repeats the mutations that move money on a day in the shop.
async fn day(repeats: &mut Repeats<'_>) {
    let (shop, attendant) = (repeats.shop, &repeats.shop.attendant);
    let session = "session { id state }";
    let other = || ("reason", json!("other"));
    let input = json!({ "callshopId": shop.id, "float": "100" });
    repeats.run((attendant, "openRegister"), input, ("float", json!("101")), "shift { id }").await;
    let input = json!({ "callshopId": shop.id, "kind": "PAY_IN", "amount": "5", "reason": "coins" });
    repeats.run((attendant, "recordCashMovement"), input, other(), "movement { movementId }").await;
    let input = json!({ "cabinId": shop.cabins[0] });
    let opened = repeats.run((attendant, "openCabin"), input, ("customer", json!("Rosa")), session).await;
    let id = &opened["session"]["id"];
    let input = json!({ "sessionId": id, "description": "Water", "unitPrice": "3" });
    let fields = "session { id items { itemId } }";
    repeats.run((attendant, "addSessionItem"), input, ("unitPrice", json!("4")), fields).await;
    let input = json!({ "sessionId": id, "amount": "1", "reason": "friend" });
    repeats.run((&shop.owner, "applyDiscount"), input, other(), fields).await;
    shop.close_cabin(0).await;
    let input = json!({ "sessionId": id, "payments": [{ "method": "CASH", "amount": "2" }] });
    let other_payments = ("payments", json!([{ "method": "CASH", "amount": "3" }]));
    let fields = "session { id state } change { amount }";
    repeats.run((attendant, "settleSession"), input, other_payments, fields).await;
    let input = json!({ "sessionId": id, "amount": "1", "method": "CASH", "reason": "warm" });
    repeats.run((&shop.owner, "refundSession"), input, other(), session).await;
    let input = json!({ "cabinId": shop.cabins[1], "mode": "PREPAID", "deposit": { "amount": "5", "method": "CASH" }, "idempotencyKey": unique("key") });
    let prepaid = attendant.did("openCabin", "OpenCabinInput", input, session).await;
    let input = json!({ "sessionId": prepaid["session"]["id"], "amount": "2", "method": "CASH" });
    repeats.run((attendant, "addDeposit"), input, ("amount", json!("3")), session).await;
    let input = json!({ "sessionId": prepaid["session"]["id"] });
    let other = ("sessionId", id.clone());
    repeats.run((attendant, "voidSession"), input, other, session).await;
    let input = json!({ "callshopId": shop.id, "counts": [{ "method": "CASH", "amount": "106" }] });
    let other = ("counts", json!([{ "method": "CASH", "amount": "107" }]));
    repeats.run((attendant, "closeRegister"), input, other, "shift { id }").await;
}

on_both!(a_repeated_request_whose_object_is_gone_says_so, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let feed = format!("subscription {{ callshopActivity(callshopId: \"{}\") {{ cursor }} }}", shop.id);
    let input = json!({ "url": "http://127.0.0.1:9/", "query": feed, "idempotencyKey": "one" });
    let create = |client: &Client| {
        let (client, input) = (client.clone(), input.clone());
        async move { client.tried("createWebhook", "CreateWebhookInput", input, "webhook { id }").await }
    };
    let made = create(&shop.owner).await;
    let gone = json!({ "webhookId": made["webhook"]["id"] });
    shop.owner.did("deleteWebhook", "DeleteWebhookInput", gone, "deletedWebhookId").await;
    let again = create(&shop.owner).await;
    assert_eq!(again["userErrors"][0]["code"], "NOT_FOUND", "{again}");
    assert!(text(&again["userErrors"][0]["message"]).contains("Use a new key"), "{again}");
    // keys belong to a user: the same key from another user is a different key
    let other = create(&shop.reseller).await;
    assert_eq!(other["userErrors"], json!([]), "{other}");
    // neither an error nor a dry run uses up a key
    let input = json!({ "callshopId": shop.id, "number": 0, "idempotencyKey": "two" });
    let code = shop.owner.code("createCabin", "CreateCabinInput", input, "cabin { id }").await;
    assert_eq!(code, "INVALID_INPUT");
    let input = json!({ "callshopId": shop.id, "number": 7, "idempotencyKey": "two" });
    shop.owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
    shop.finish().await;
});
