//! Tests what each role sees through the API: every field of the schema × every role × own objects, objects outside the branch, and missing objects.
//!
//! A new field needs an entry in these tests: a root field in `roots.rs` and `tokens.rs`, a field of an object type in `objects.rs`. `outcomes.rs`
//! defines the outcomes.

mod branch;
mod objects;
mod outcomes;
mod roots;
mod tokens;

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

use tests::shop::{self, Shop, WHOLESALE, text};
use tests::{Client, TestServer, on_both};

use branch::{Branch, filled, kinds, missing_id};
use objects::{ANSWERS, OBJECTS};
use outcomes::{Outcome, Role};
use roots::{DELETES, ENDS_THE_LOGIN, ROOTS, Root};

fn schema() -> Schema {
    Schema::parse(graphql::published_sdl().expect("a schema"), "schema.graphql").expect("the schema parses")
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
    let roots = ROOTS.iter().map(|root| root.field.to_owned());
    let objects = OBJECTS
        .iter()
        .flat_map(|object| object.outcomes().map(|(field, _)| format!("{}.{field}", object.name)));
    let answers = ANSWERS
        .iter()
        .flat_map(|(name, fields)| fields.split_whitespace().map(move |field| format!("{name}.{field}")));
    roots.chain(objects).chain(answers).collect()
}

#[test]
fn the_visibility_table_has_each_key_once() {
    let rules = graphql::visibility();
    let mut known = BTreeSet::new();
    let twice: Vec<&str> = rules.iter().map(|(key, _)| *key).filter(|key| !known.insert(*key)).collect();
    assert_eq!(twice, [""; 0], "duplicate rows");
}

#[test]
fn every_field_has_an_entry_in_this_test() {
    let (known, entries) = (fields_of(&schema()), entries());
    let missing: Vec<&String> = known.keys().filter(|key| !entries.contains(*key)).collect();
    assert_eq!(missing, [""; 0], "add the outcome of each role in tests/tests/server/roles");
    let gone: Vec<&String> = entries.iter().filter(|key| !known.contains_key(*key)).collect();
    assert_eq!(gone, [""; 0], "the schema no longer has these: remove them from tests/tests/server/roles");
}

#[test]
fn what_each_role_sees_of_the_schema() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots/roles");
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut changed = Vec::new();
    for key in graphql::roles::ALL.map(|(key, _)| key) {
        let sdl = graphql::role_sdl(key).expect("a schema");
        let path = dir.join(format!("{key}.graphql"));
        if update {
            std::fs::create_dir_all(&dir).expect("a folder for snapshots");
            std::fs::write(&path, &sdl).expect("a snapshot is written");
        } else if std::fs::read_to_string(&path).unwrap_or_default() != sdl {
            changed.push(path);
        }
    }
    assert!(
        changed.is_empty(),
        "what a role sees has changed: run  UPDATE_SNAPSHOTS=1 cargo test --workspace --test server roles::what  and commit the \
         difference if it is intended: {changed:?}"
    );
}

/// The response to any operation. A subscription's response is its first event.
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

/// The name with its letters rearranged. The result serves as the name of a field that does not exist.
fn nonsense(field: &str) -> String {
    let other: String = field.chars().rev().collect();
    format!("z{}", &other[1..])
}

/// Fails unless the response equals the response for a field that does not exist.
async fn check_hidden(server: &TestServer, client: &Client, name: &str, query: &str) {
    let field = name.split('.').next_back().unwrap_or(name);
    let other = nonsense(field);
    let fake = replace_word(query, field, &other);
    assert_ne!(fake, query, "{name} is in its own query");
    let (seen, fake) = (ask(server, client, query).await, ask(server, client, &fake).await);
    assert!(seen.get("data").is_none_or(Value::is_null), "{name} must be hidden: {seen}");
    assert_eq!(
        seen.to_string().replace(&format!("`{field}`"), "F"),
        fake.to_string().replace(&format!("`{other}`"), "F"),
        "{name} must look like a field that does not exist"
    );
}

/// Replaces every occurrence of `word` that is a whole word.
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

fn first_value(answer: &Value) -> &Value {
    answer["data"].as_object().and_then(|data| data.values().next()).unwrap_or(&Value::Null)
}

/// Row count of each table.
async fn rows(server: &TestServer) -> BTreeMap<&'static str, i64> {
    const TABLES: [&str; 20] = [
        "account",
        "activity",
        "api_token",
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
    for (role, client) in own.clients() {
        for root in ROOTS {
            if root.outcomes.hides_from(role) {
                let query = filled(root.document, &own, |_| false);
                check_hidden(&shop.server, client, root.field, &query).await;
            } else if role != Role::Admin {
                // every object is in an admin's branch
                foreign_is_missing(&shop.server, client, root, &own, &foreign).await;
            }
        }
    }
    let outside = [Role::Anonymous, Role::Admin];
    for (role, client) in foreign.clients().filter(|(role, _)| !outside.contains(role)) {
        for root in ROOTS.iter().filter(|root| !root.outcomes.hides_from(role)) {
            own_is_missing(&shop.server, (role, client), root, &own).await;
        }
    }
    let mut after = rows(&shop.server).await;
    // the roles that may create tariffs have created a tariff earlier in this test
    after.insert("tariff", before["tariff"]);
    assert_eq!(after, before, "a refused request changed the database");
    for (role, client) in own.clients() {
        let run = |root: &&Root| !ENDS_THE_LOGIN.contains(&root.field) && !root.outcomes.hides_from(role);
        for root in ROOTS.iter().filter(run) {
            check_outcome(&shop.server, (role, client), root, &own).await;
        }
    }
    shop.finish().await;
});

/// Fails if a client of another branch sees objects of this branch.
async fn own_is_missing(server: &TestServer, (role, client): (Role, &Client), root: &Root, own: &Branch) {
    let names_objects = kinds().any(|(key, _)| root.document.contains(key));
    if names_objects {
        let seen = ask(server, client, &filled(root.document, own, |_| false)).await;
        let none = ask(server, client, &filled(root.document, own, |_| true)).await;
        assert_eq!(seen, none, "{}: {} sees an object outside its branch", root.field, role.key());
    } else if root.document.starts_with('{') {
        let seen = ask(server, client, &filled(root.document, own, |_| false)).await.to_string();
        assert!(
            !own.ids.values().any(|id| seen.contains(id.as_str())),
            "{} shows an object outside the branch: {seen}",
            root.field
        );
    }
}

/// Sends the request for the branch's own objects and compares the response with the role's outcome.
async fn check_outcome(server: &TestServer, (role, client): (Role, &Client), root: &Root, own: &Branch) {
    if root.field == DELETES {
        return;
    }
    let answer = ask(server, client, &filled(root.document, own, |_| false)).await;
    let context = format!("{} as {}: {answer}", root.field, role.key());
    let codes = codes(&answer);
    match root.outcomes.of(role) {
        Outcome::Hidden => panic!("{context}: the test must not query hidden fields"),
        Outcome::Allowed => {
            assert!(answer.get("errors").is_none(), "{context}");
            assert!(!first_value(&answer).is_null(), "{context}");
            assert!(!codes.iter().any(|code| code == "NOT_FOUND" || code == "FORBIDDEN"), "{context}");
        }
        Outcome::Forbidden => assert_eq!(codes, ["FORBIDDEN"], "{context}"),
        Outcome::Missing
            if ["{tariff}", "{version}", "{import}"].iter().any(|key| root.document.contains(key)) =>
        {
            let none = ask(server, client, &filled(root.document, own, |_| true)).await;
            assert_eq!(answer, none, "{context}");
        }
        Outcome::Missing => assert!(first_value(&answer).is_null(), "{context}"),
    }
}

/// Fails unless the ids of another branch get the same response as unknown ids, both one at a time and all together.
async fn foreign_is_missing(
    server: &TestServer,
    client: &Client,
    root: &Root,
    own: &Branch,
    foreign: &Branch,
) {
    let (name, query) = (root.field, root.document);
    for (key, kind) in kinds().filter(|(key, _)| query.contains(key)) {
        let theirs = query.replace(key, &format!("\"{}\"", foreign.ids[key]));
        let nobodys = query.replace(key, &format!("\"{}\"", missing_id(kind)));
        let theirs = ask(server, client, &filled(&theirs, own, |_| false)).await;
        let nobodys = ask(server, client, &filled(&nobodys, own, |_| false)).await;
        assert_eq!(
            theirs, nobodys,
            "{name}: {key} of another branch must look like an object that does not exist"
        );
        let done = codes(&nobodys).is_empty() && query.starts_with("mutation");
        assert!(!done, "{name} succeeded for an object that does not exist: {nobodys}");
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
    for (role, client) in own.clients() {
        for object in OBJECTS {
            for (field, outcomes) in object.outcomes() {
                let key = format!("{}.{field}", object.name);
                let hole = selection(&schema, &known[&key]);
                let query = filled(&object.reach.replace("HOLE", &hole), &own, |_| false);
                if !outcomes.hides_from(role) {
                    let answer = ask(&shop.server, client, &query).await;
                    assert!(answer.get("errors").is_none(), "{key} as {}: {answer}", role.key());
                } else if !visible_under(object.reach, field) {
                    check_hidden(&shop.server, client, &key, &query).await;
                }
            }
        }
    }
    shop.finish().await;
});

/// False if a field on the path to this field has the same name, because the name alone would not identify the field.
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
    for (role, client) in own.clients().filter(|(role, _)| *role != Role::Anonymous) {
        let (actor, _) = login::authenticate(&shop.server.app, client.token()).await.expect("a token");
        actors.push((role, actor));
    }
    let before = rows(&shop.server).await;
    let mut open = Vec::new();
    for (role, actor) in &actors {
        for (name, query) in hidden_from(*role, &schema, &known) {
            let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: String::new() };
            let query = filled(&query, &own, |_| false);
            let request = async_graphql::Request::new(query).data(actor.clone()).data(origin);
            let answer = full.execute_stream(request).boxed().next().await.expect("an answer");
            let answer = serde_json::to_value(answer).expect("JSON");
            let codes = codes(&answer);
            // the account tree itself prevents access by the other roles: their branch has no such object, or no place for such an object
            let tree =
                |code: &str| *role != Role::Attendant && (code == "NOT_FOUND" || code == "INVALID_INPUT");
            let refused = |code: &String| code == "FORBIDDEN" || tree(code);
            let nothing = codes.is_empty() && !answer["data"].is_null() && empty(&answer["data"]);
            if !codes.iter().any(refused) && !nothing {
                open.push(format!("{name} as {}: {answer}", role.key()));
            }
        }
    }
    assert!(open.is_empty(), "not guarded:\n{}", open.join("\n"));
    assert_eq!(rows(&shop.server).await, before, "a refused request changed the database");
    shop.finish().await;
});

/// The name of each field that does not exist for a role, with a document that selects the field.
fn hidden_from(
    role: Role,
    schema: &Schema,
    known: &BTreeMap<String, FieldDefinition>,
) -> Vec<(String, String)> {
    let roots = ROOTS.iter().filter(|root| root.outcomes.hides_from(role));
    let mut hidden: Vec<_> = roots.map(|root| (root.field.to_owned(), root.document.to_owned())).collect();
    for object in OBJECTS {
        for (field, _) in object.outcomes().filter(|(_, outcomes)| outcomes.hides_from(role)) {
            let key = format!("{}.{field}", object.name);
            let query = object.reach.replace("HOLE", &selection(schema, &known[&key]));
            hidden.push((key, query));
        }
    }
    hidden
}

/// Whether a response is empty, which means that it has only nulls and empty lists at every depth.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(empty),
        Value::Object(members) => members.values().all(empty),
        _ => false,
    }
}

/// All fields of a call that the callshop may see.
const CALL: &str = "dialed number destination state cost { amount } billedSeconds pricePerMinute { amount } connectionFee { amount } \
    initialPrice { amount } initialIncrement increment minimumCharge { amount } freeSeconds maxSeconds refusal sipCode cause";

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
    // the reseller has no rate for the number
    let none =
        "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n7,Russia,0.1,0,1,1\n";
    shop::price(&shop.distributor, &shop.reseller_id, none, "COST", None).await;
    refused_as_unavailable(&shop, "no rate").await;
    let quote = "query($id: ID!) { quote(callshopId: $id, number: \"+12125550123\") { userErrors { code message } } }";
    for client in [&shop.owner, &shop.attendant] {
        let quote = client.ok(quote, json!({ "id": shop.id })).await;
        assert_eq!(quote["quote"]["userErrors"][0]["code"], "SERVICE_UNAVAILABLE", "{quote}");
    }
    // a call costs more than the reseller's credit, so the reseller has too little credit
    let dear = WHOLESALE.replace("0.0300,0,", "0.0300,5000,");
    shop::price(&shop.distributor, &shop.reseller_id, &dear, "COST", None).await;
    refused_as_unavailable(&shop, "no credit").await;
    shop.finish().await;
});

async fn end_live_calls(shop: &Shop) {
    let live = shop.attendant.of_shop("liveCalls", &shop.id, "id").await;
    for call in live.as_array().expect("calls") {
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
    for client in [&shop.owner, &shop.attendant] {
        let call = &client.shop_list("calls", &shop.id, 1, CALL).await[0];
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
    // 100 minutes cost the customer 6, the shop 4, and the shop's reseller 3
    shop.call(0, "+12125550123", 6_000_000).await;
    let attendant = shop.attendant.shop_list("calls", &shop.id, 1, CALL).await.remove(0).to_string();
    let fields = format!("{CALL} costs {{ account amount {{ amount }} }} margin {{ amount }}");
    let owner = shop.owner.shop_list("calls", &shop.id, 1, &fields).await.remove(0);
    assert_eq!(owner["costs"].as_array().map(Vec::len), Some(1), "{owner}");
    assert_eq!(owner["costs"][0]["amount"]["amount"], "4", "{owner}");
    assert_eq!(owner["margin"]["amount"], "2", "{owner}");
    for figure in ["\"3\"", "0.03", "\"4\"", "0.04"] {
        assert!(!attendant.contains(figure), "an attendant reads {figure}: {attendant}");
    }
    assert!(!owner.to_string().contains("0.03") && !owner.to_string().contains("\"3\""), "{owner}");
    // activity events show a call through the same fields, so the test checks every event of the call for both roles
    let activity = "subscription { callshopActivity(callshopId: {callshop}, after: \"c2VxOjA\") { event { kind call { CALL } } } }";
    let activity = activity.replace("{callshop}", &format!("\"{}\"", shop.id)).replace("CALL", CALL);
    for client in [&shop.owner, &shop.attendant] {
        let first = ask(&shop.server, client, &activity).await.to_string();
        assert!(!first.contains("0.03") && !first.contains("0.04"), "{first}");
    }
    shop.finish().await;
});
