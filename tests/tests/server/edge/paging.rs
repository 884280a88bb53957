//! Tests Relay's pagination rules on every connection of the schema: every argument, both directions, and pages that begin or end at each item.

use std::collections::BTreeSet;

use apollo_compiler::Name;
use apollo_compiler::schema::ExtendedType;
use serde_json::{Value, json};
use tests::shop::{Shop, person, text, top_up, unique};
use tests::{Client, on_both};

use super::schema::schema;
use crate::tariff_imports::{create, reaches, upload};

/// Minimum length of every list in these tests.
const LEAST: usize = 4;
/// Number of pages queried per request.
const BATCH: usize = 80;
const BODY: &str =
    "{ pageInfo { hasPreviousPage hasNextPage startCursor endCursor } edges { cursor node { __typename } } }";

/// A connection field with data. A case consists of the field as `Type.field`, the client to use, the document around the field, and the field's
/// other arguments.
struct Case<'a> {
    key: &'static str,
    client: &'a Client,
    /// The part of the document before the field, such as `node(id: "…") { ... on Account {`.
    around: String,
    /// The field's other arguments.
    arguments: String,
}

/// The paging arguments of a request, with cursors as indexes in the list.
#[derive(Clone, Copy, Debug)]
struct Asked {
    size: usize,
    backwards: bool,
    after: Option<usize>,
    before: Option<usize>,
}

impl Asked {
    fn arguments(self, cursors: &[String]) -> String {
        let mut text = format!("{}: {}", if self.backwards { "last" } else { "first" }, self.size);
        for (name, at) in [("after", self.after), ("before", self.before)] {
            if let Some(at) = at {
                text += &format!(", {name}: {:?}", cursors[at]);
            }
        }
        text
    }

    /// Applies Relay's algorithm to the indexes of the whole list. Returns the page's indexes, and whether there are previous and next pages.
    fn expected(self, length: usize) -> (Vec<usize>, bool, bool) {
        let begin = self.after.map_or(0, |after| after + 1);
        let end = self.before.unwrap_or(length);
        let mut places: Vec<usize> = (begin..end.max(begin)).collect();
        let more = places.len() > self.size;
        if self.backwards {
            places.drain(..places.len().saturating_sub(self.size));
            (places, more, self.before.is_some())
        } else {
            places.truncate(self.size);
            (places, self.after.is_some(), more)
        }
    }
}

fn all(length: usize) -> Vec<Asked> {
    let places = || std::iter::once(None).chain((0..length).map(Some));
    let mut asked = Vec::new();
    for size in 1..=length + 1 {
        for backwards in [false, true] {
            for after in places() {
                asked.extend(places().map(|before| Asked { size, backwards, after, before }));
            }
        }
    }
    asked
}

impl Case<'_> {
    /// Queries pages with these arguments in one request.
    async fn pages(&self, arguments: &[String]) -> Vec<Value> {
        let field = self.key.split_once('.').expect("a type and a field").1;
        let others = if self.arguments.is_empty() { String::new() } else { format!("{}, ", self.arguments) };
        let pages =
            arguments.iter().enumerate().map(|(at, page)| format!("p{at}: {field}({others}{page}) {BODY} "));
        let query = format!(
            "{{ {} {} {}",
            self.around,
            pages.collect::<String>(),
            "}".repeat(1 + self.around.matches('{').count())
        );
        let mut found = self.client.ok(&query, json!({})).await;
        if !self.around.is_empty() {
            found = found.as_object().expect("data").values().next().expect("one field").clone();
        }
        (0..arguments.len()).map(|at| found[format!("p{at}")].take()).collect()
    }

    /// Checks the length of the whole list, which does not depend on the page.
    async fn check_total(&self, length: usize) {
        let field = self.key.split_once('.').expect("a type and a field").1;
        let others = if self.arguments.is_empty() { String::new() } else { format!("{}, ", self.arguments) };
        let end = "}".repeat(1 + self.around.matches('{').count());
        let query =
            format!("{{ {} {field}({others}last: 2) {{ totalCount totalCountIsExact }} {end}", self.around);
        let mut found = self.client.ok(&query, json!({})).await;
        if !self.around.is_empty() {
            found = found.as_object().expect("data").values().next().expect("one field").clone();
        }
        assert_eq!(found[field], json!({ "totalCount": length, "totalCountIsExact": true }), "{query}");
    }

    async fn check(&self, wrong: &mut Vec<String>) {
        let whole = self.pages(&["first: 100".to_owned()]).await;
        let cursors = cursors(&whole[0]);
        self.check_total(cursors.len()).await;
        assert!(cursors.len() >= LEAST, "{} has only {} objects", self.key, cursors.len());
        assert_eq!(
            cursors.iter().collect::<BTreeSet<_>>().len(),
            cursors.len(),
            "{}: cursors must be unique",
            self.key
        );
        // the list is long enough for pages before, around and after one object
        let length = cursors.len().min(LEAST + 1);
        let all = all(length);
        for asked in all.chunks(BATCH) {
            let arguments: Vec<String> = asked.iter().map(|asked| asked.arguments(&cursors)).collect();
            for (asked, page) in asked.iter().zip(self.pages(&arguments).await) {
                let (places, previous, next) = asked.expected(cursors.len());
                let expected: Vec<&String> = places.iter().map(|at| &cursors[*at]).collect();
                let expected = json!({
                    "edges": expected,
                    "hasPreviousPage": previous,
                    "hasNextPage": next,
                    "startCursor": expected.first(),
                    "endCursor": expected.last(),
                });
                let mut found = page["pageInfo"].clone();
                found["edges"] = json!(self::cursors(&page));
                if found != expected {
                    wrong.push(format!("{} {asked:?}: {found}, not {expected}", self.key));
                }
            }
        }
    }
}

fn cursors(page: &Value) -> Vec<String> {
    page["edges"].as_array().expect("edges").iter().map(|edge| text(&edge["cursor"])).collect()
}

/// Every connection field of the schema.
fn connections() -> BTreeSet<String> {
    let schema = schema();
    let mut found = BTreeSet::new();
    for (name, ty) in &schema.types {
        let ExtendedType::Object(ty) = ty else { continue };
        let fields = ty.fields.values().filter(|field| is_connection(field.ty.inner_named_type()));
        found.extend(fields.map(|field| format!("{name}.{}", field.name)));
    }
    found
}

fn is_connection(name: &Name) -> bool {
    name.ends_with("Connection")
}

/// Ids of the objects that the cases use.
struct Made {
    session: String,
    tariff: String,
    version: String,
    import: String,
    shift: String,
    webhook: String,
}

/// Gives every list at least [`LEAST`] objects.
async fn furnish(shop: &Shop) -> Made {
    let (id, owner, reseller) = (&shop.id, &shop.owner, &shop.reseller);
    for _ in 0..LEAST {
        let below = json!({ "name": "Below", "user": person() });
        shop.distributor.did("createReseller", "CreateResellerInput", below, "account { id }").await;
        let callshop = json!({ "name": "Another", "owner": person() });
        reseller.did("createCallshop", "CreateCallshopInput", callshop, "callshop { id }").await;
        let attendant = json!({ "accountId": id, "role": "ATTENDANT", "user": person() });
        owner.did("createUser", "CreateUserInput", attendant, "user { id }").await;
        let colleague = json!({ "accountId": shop.reseller_id, "role": "RESELLER", "user": person() });
        shop.distributor.did("createUser", "CreateUserInput", colleague, "user { id }").await;
        let tariff = json!({ "name": unique("tariff") });
        reseller.did("createTariff", "CreateTariffInput", tariff, "tariff { id }").await;
        let mapping = json!({ "name": unique("carrier"), "mapping": "{}" });
        reseller.did("saveTariffMapping", "SaveTariffMappingInput", mapping, "mapping { id }").await;
        top_up(reseller, id, "5").await;
        let expires_at = chrono::Utc::now() + chrono::TimeDelta::days(1);
        let token = json!({ "name": "Program", "scopes": ["CALLS_READ"], "expiresAt": expires_at });
        owner.did("createApiToken", "CreateApiTokenInput", token, "apiToken { id }").await;
    }
    let (tariff, version) = versions(shop).await;
    let import = imports(shop, &tariff).await;
    let shift = shifts(shop).await;
    let webhook = webhooks(shop).await;
    for index in 0..LEAST {
        let closed = shop.open_cabin(index).await;
        shop.close_cabin(index).await;
        let input = json!({ "sessionId": closed, "payments": [], "idempotencyKey": unique("key") });
        shop.attendant.did("settleSession", "SettleSessionInput", input, "session { id }").await;
    }
    let session = shop.open_cabin(0).await;
    for number in ["+12125550123", "+351211234567", "+552133334444", "+551133334444"] {
        shop.call(0, number, 5_000).await;
    }
    Made { session, tariff, version, import, shift, webhook }
}

/// Creates a tariff with [`LEAST`] versions. Each version has at least [`LEAST`] rates.
async fn versions(shop: &Shop) -> (String, String) {
    let tariff = json!({ "name": unique("tariff") });
    let made = shop.reseller.did("createTariff", "CreateTariffInput", tariff, "tariff { id }").await;
    let tariff = text(&made["tariff"]["id"]);
    let mut version = String::new();
    for _ in 0..LEAST {
        let input = json!({ "tariffId": tariff, "csv": tests::shop::RETAIL, "mode": "REPLACE" });
        let made = shop.reseller.did("importTariff", "ImportTariffInput", input, "version { id }").await;
        version = text(&made["version"]["id"]);
        let input = json!({ "versionId": version });
        shop.reseller
            .did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }")
            .await;
    }
    (tariff, version)
}

/// Creates several imports into a tariff, and an import into another tariff that would change enough prefixes. Returns the last import.
async fn imports(shop: &Shop, tariff: &str) -> String {
    for _ in 0..LEAST {
        create(shop, json!({ "tariffId": tariff })).await;
    }
    let input = json!({ "name": unique("tariff") });
    let made = shop.reseller.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let job = create(shop, json!({ "tariffId": made["tariff"]["id"], "dryRun": true })).await;
    upload(&shop.server, &job, tests::shop::RETAIL).await;
    reaches(shop, &text(&job["id"]), "CHECKED").await;
    text(&job["id"])
}

/// Creates several webhooks. The last webhook has several messages, none of which can be delivered.
async fn webhooks(shop: &Shop) -> String {
    let mut last = String::new();
    for _ in 0..LEAST {
        // no event of this kind occurs, so no message is sent before the pings
        let feed = format!(
            "subscription {{ callshopActivity(callshopId: \"{}\", kinds: [SHOP_RESUMED]) {{ cursor }} }}",
            shop.id
        );
        let input = json!({ "url": "http://127.0.0.1:9/", "query": feed });
        let made = shop.owner.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
        last = text(&made["webhook"]["id"]);
    }
    for _ in 0..LEAST {
        let input = json!({ "webhookId": last });
        shop.owner.did("testWebhook", "TestWebhookInput", input, "delivery { status }").await;
    }
    last
}

/// Creates several shifts. The last shift is open and has movements.
async fn shifts(shop: &Shop) -> String {
    for _ in 0..LEAST {
        shop.open_register().await;
        let counts = json!([{ "method": "CASH", "amount": "100" }]);
        let input = json!({ "callshopId": shop.id, "counts": counts, "idempotencyKey": unique("key") });
        shop.attendant.did("closeRegister", "CloseRegisterInput", input, "shift { id }").await;
    }
    shop.open_register().await;
    for _ in 0..LEAST {
        let input = json!({ "callshopId": shop.id, "kind": "PAY_IN", "amount": "1", "reason": "change", "idempotencyKey": unique("key") });
        shop.attendant.did("recordCashMovement", "RecordCashMovementInput", input, "movement { kind }").await;
    }
    let open = shop
        .owner
        .ok("query($c: ID!) { currentRegister(callshopId: $c) { id } }", json!({ "c": shop.id }))
        .await;
    text(&open["currentRegister"]["id"])
}

fn cases<'a>(shop: &'a Shop, made: &Made) -> Vec<Case<'a>> {
    let (admin, reseller, owner) = (&shop.admin, &shop.reseller, &shop.owner);
    let of_shop = format!("callshopId: {:?}", shop.id);
    let node = |id: &str, ty: &str| format!("node(id: {id:?}) {{ ... on {ty} {{");
    let report = format!(
        "report(accountId: {:?}, from: \"{}\", to: \"{}\", groupBy: [DESTINATION, CABIN]) {{",
        shop.id,
        (chrono::Utc::now() - chrono::TimeDelta::days(2)).date_naive(),
        (chrono::Utc::now() + chrono::TimeDelta::days(1)).date_naive(),
    );
    let root = |key, client, arguments: &str| Case {
        key,
        client,
        around: String::new(),
        arguments: arguments.to_owned(),
    };
    let under = |key, client, around| Case { key, client, around, arguments: String::new() };
    vec![
        root("Query.accounts", admin, ""),
        root("Query.callshops", reseller, ""),
        root("Query.ledger", reseller, &format!("accountId: {:?}", shop.id)),
        root("Query.auditLog", owner, &format!("accountId: {:?}", shop.id)),
        root("Query.tariffs", reseller, ""),
        root("Query.tariffMappings", reseller, ""),
        root("Query.rates", reseller, &format!("versionId: {:?}", made.version)),
        root("Query.priceList", owner, &of_shop),
        root("Query.apiTokens", owner, &format!("accountId: {:?}", shop.id)),
        root("Query.webhooks", owner, &format!("accountId: {:?}", shop.id)),
        root("Query.phones", owner, &of_shop),
        root("Query.cabins", owner, &of_shop),
        root("Query.registerShifts", owner, &of_shop),
        root("Query.sessions", owner, &of_shop),
        root("Query.calls", owner, &of_shop),
        // each order, with and without filters
        root("Query.callshops", reseller, "orderBy: NAME_ASC, search: \"a\""),
        root("Query.phones", owner, &format!("{of_shop}, orderBy: CREATED_DESC, search: \"pho\"")),
        root("Query.sessions", owner, &format!("{of_shop}, orderBy: TOTAL_DESC")),
        root(
            "Query.calls",
            owner,
            &format!("{of_shop}, orderBy: TIME_ASC, filter: {{ cabinId: {:?} }}", shop.cabins[0]),
        ),
        under("Account.users", &shop.distributor, node(&shop.reseller_id, "Account")),
        under("Account.children", &shop.distributor, node(&shop.distributor_id, "Account")),
        under("Callshop.users", owner, node(&shop.id, "Callshop")),
        under("Callshop.cabins", owner, node(&shop.id, "Callshop")),
        under("Cabin.calls", owner, node(&shop.cabins[0], "Cabin")),
        under("CabinSession.calls", owner, node(&made.session, "CabinSession")),
        under("RegisterShift.movements", owner, node(&made.shift, "RegisterShift")),
        under("Report.groups", owner, report),
        under("Tariff.versions", reseller, node(&made.tariff, "Tariff")),
        under("Tariff.imports", reseller, node(&made.tariff, "Tariff")),
        under("TariffImport.changedRates", reseller, format!("tariffImport(id: {:?}) {{", made.import)),
        under("Webhook.deliveries", owner, node(&made.webhook, "Webhook")),
        under("TariffVersion.rates", reseller, node(&made.version, "TariffVersion")),
        under(
            "RateChanges.rows",
            reseller,
            format!("compareTariffVersions(from: {0:?}, to: {0:?}) {{", made.version),
        ),
    ]
}

on_both!(every_connection_keeps_to_relays_rules, |backend| async move {
    let shop = Shop::start(backend, LEAST + 1).await;
    let made = furnish(&shop).await;
    let cases = cases(&shop, &made);
    let known: BTreeSet<String> = cases.iter().map(|case| case.key.to_owned()).collect();
    assert_eq!(known, connections(), "every connection of the schema must have a case here");
    let mut wrong = Vec::new();
    for case in &cases {
        case.check(&mut wrong).await;
    }
    assert!(
        wrong.is_empty(),
        "{} pages are wrong, such as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(30)].join("\n")
    );
    shop.finish().await;
});

on_both!(a_cursor_that_is_none_is_refused_by_its_name, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let made = Made {
        session: String::new(),
        tariff: String::new(),
        version: shop.id.clone(),
        import: shop.id.clone(),
        shift: shop.id.clone(),
        webhook: shop.id.clone(),
    };
    for case in cases(&shop, &made).iter().filter(|case| case.around.is_empty() && case.key != "Query.rates")
    {
        let field = case.key.split_once('.').expect("a field").1;
        let others = if case.arguments.is_empty() { String::new() } else { format!("{}, ", case.arguments) };
        for name in ["after", "before"] {
            for cursor in ["no cursor", "AAAA", ""] {
                let query = format!(
                    "{{ {field}({others}first: 1, {name}: {cursor:?}) {{ nodes {{ __typename }} }} }}"
                );
                let answer = case.client.send(&query, json!({})).await;
                // a prefix may have any length; the empty prefix comes before all others
                if matches!(field, "priceList") && cursor.is_empty() {
                    continue;
                }
                let error = &answer["errors"][0];
                assert_eq!(error["extensions"]["code"], json!("INVALID_INPUT"), "{query}: {answer}");
                assert_eq!(error["extensions"]["field"], json!([name]), "{query}: {answer}");
            }
        }
    }
    shop.finish().await;
});
