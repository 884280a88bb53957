//! Tests the answers that a node keeps. Every change of a field in a kept answer is numbered, so no kept answer outlives a change.
//!
//! In debug builds, the server compares each kept answer with a fresh one, and refuses the request if they differ. Therefore, these tests only have
//! to repeat the queries after each change.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Schema;
use apollo_compiler::schema::ExtendedType;
use app::auth::login;
use chrono::{TimeDelta, Utc};
use futures_util::future::join_all;
use graphql::scalars::Kind;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::metrics::samples;
use tests::client::input_type;
use tests::shop::{event, text, unique};
use tests::{Backend, Client, SHOP_MUTATIONS, Shop, on_both};

/// Queries by the owner for every field that kept answers may have, except values that change with time.
pub struct Screens {
    /// The queries with their variables. An answer is about one callshop or one cabin, so the cabin has a query of its own.
    queries: [(String, Value); 2],
    owner: Client,
}

impl Screens {
    /// The queries about a shop and its first cabin.
    pub fn of(shop: &Shop) -> Self {
        let sdl = graphql::published_sdl().expect("a schema");
        let schema = Schema::parse(sdl, "schema.graphql").expect("the schema parses");
        let mut marked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (of, field, _) in graphql::kept::fields().filter(|(_, _, is_ticking)| !is_ticking) {
            marked.entry(of).or_default().insert(field);
        }
        let mut of_shop = marked.clone();
        assert!(of_shop.get_mut("Query").expect("roots").remove("cabin"), "the cabin is a root");
        marked.insert("Query", BTreeSet::from(["cabin"]));
        let roots = |marked| selection(&schema, marked, "Query", 2).expect("roots");
        let queries = [
            (format!("query($callshopId: ID!) {}", roots(&of_shop)), json!({ "callshopId": shop.id })),
            (format!("query($cabin: ID!) {}", roots(&marked)), json!({ "cabin": shop.cabins[0] })),
        ];
        Self { queries, owner: shop.owner.clone() }
    }

    /// Asks for all fields. The first answer after a numbered change is fresh, and any other answer is compared with a fresh one.
    pub async fn look(&self, after: &str) {
        for (query, variables) in &self.queries {
            let answer = self.owner.send(query, variables.clone()).await;
            assert!(answer.get("errors").is_none(), "after {after}: {answer}");
        }
    }
}

/// A selection of the marked fields of a type, with nested objects up to this depth.
fn selection(
    schema: &Schema,
    marked: &BTreeMap<&str, BTreeSet<&str>>,
    of: &str,
    depth: usize,
) -> Option<String> {
    let object = schema.get_object(of)?;
    if let Some(node) = of.strip_suffix("Connection") {
        let nodes = selection(schema, marked, node, depth)?;
        return Some(format!("{{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {nodes} }}"));
    }
    let mut shown = String::new();
    for name in marked.get(of)? {
        let definition = &object.fields[*name];
        let inner = definition.ty.inner_named_type().as_str();
        let arguments = match (of, *name) {
            ("Query", "cabin") => "(id: $cabin)",
            ("Query", "callshop") => "(id: $callshopId)",
            ("Query", _) if inner.ends_with("Connection") => "(callshopId: $callshopId, first: 3)",
            ("Query", _) => "(callshopId: $callshopId)",
            _ if inner.ends_with("Connection") => "(first: 3)",
            _ => "",
        };
        let below = match schema.types.get(inner) {
            Some(ExtendedType::Object(_)) if inner == "Money" => selection(schema, marked, inner, 0),
            Some(ExtendedType::Object(_)) if depth == 0 => continue,
            Some(ExtendedType::Object(_)) => match selection(schema, marked, inner, depth - 1) {
                Some(below) => Some(below),
                None => continue,
            },
            _ => None,
        };
        shown += &format!(" {name}{arguments} {}", below.unwrap_or_default());
    }
    (!shown.is_empty()).then(|| format!("{{{shown} }}"))
}

/// Runs mutations, and repeats the queries after each mutation.
struct Day<'a> {
    shop: &'a Shop,
    screens: Screens,
    run: BTreeSet<String>,
}

impl Day<'_> {
    async fn did(&mut self, mutation: &str, mut input: Value, fields: &str) -> Value {
        let keyless = ["updateSessionLimits", "removeSessionItem", "moveSession", "closeCabin"];
        if !keyless.contains(&mutation) && mutation != "updateCallshopSettings" {
            input["idempotencyKey"] = json!(unique("key"));
        }
        let answer = self.shop.owner.did(mutation, &input_type(mutation), input, fields).await;
        self.screens.look(mutation).await;
        self.run.insert(mutation.to_owned());
        answer
    }

    async fn open(&mut self, cabin: usize, more: Value) -> String {
        let mut input = json!({ "cabinId": self.shop.cabins[cabin] });
        if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
            input.extend(more);
        }
        text(&self.did("openCabin", input, "session { id }").await["session"]["id"])
    }

    async fn told(&self, event: Value) {
        let kind = text(&event["kind"]);
        assert_eq!(self.shop.hook().events(&[event]).await, ["applied"], "{kind}");
        self.screens.look(&kind).await;
    }

    /// A call that is answered, talks for a while and ends.
    async fn call(&self, cabin: usize) {
        let allowed = self.shop.hook().authorize(&self.shop.phones[cabin].user, "+13055550123").await;
        assert_eq!(allowed["allow"], true, "{allowed}");
        self.screens.look("authorize").await;
        let (reference, at) = (&allowed["ref"], Utc::now());
        self.told(event("ringing", reference, at, json!({ "to_tag": "tt" }))).await;
        self.told(event("answered", reference, at, json!({ "to_tag": "tt" }))).await;
        let end =
            json!({ "by": "caller", "cause": "bye", "answered_ts": tests::shop::micros(at), "to_tag": "tt" });
        self.told(event("ended", reference, at + TimeDelta::seconds(30), end)).await;
    }

    async fn phones_and_calls(&self) {
        let user = &self.shop.phones[1].user;
        let online = json!({ "user": user, "contact": "<sip:a@192.0.2.1>", "src": "192.0.2.1:5060", "why": "registered", "expires": 300 });
        self.told(event("online", &Value::Null, Utc::now(), online)).await;
        let gone = json!({ "user": user, "contact": "<sip:a@192.0.2.1>", "src": "192.0.2.1:5060", "why": "expired" });
        self.told(event("offline", &Value::Null, Utc::now(), gone)).await;
        assert_eq!(self.shop.hook().authorize(user, "+13055550123").await["allow"], false);
        self.screens.look("a refused call").await;
        self.call(0).await;
        let failing = self.shop.hook().authorize(&self.shop.phones[0].user, "+13055550123").await;
        self.screens.look("authorize").await;
        self.told(event("failed", &failing["ref"], Utc::now(), json!({ "code": 486, "by": "callee" }))).await;
    }
}

on_both!(every_change_that_a_screen_shows_is_numbered, |backend: Backend| async move {
    let shop = Shop::start(backend, 3).await;
    let mut day = Day { shop: &shop, screens: Screens::of(&shop), run: BTreeSet::new() };
    day.screens.look("nothing").await;
    day.screens.look("nothing").await;
    let id = &shop.id;
    let settings = json!({ "callshopId": id, "receiptFooter": "Obrigado", "endingSoonSeconds": 30 });
    day.did("updateCallshopSettings", settings, "callshop { id }").await;
    day.did("openRegister", json!({ "callshopId": id, "float": "100" }), "shift { id }").await;
    let moved = json!({ "callshopId": id, "kind": "PAY_IN", "amount": "5", "reason": "change" });
    day.did("recordCashMovement", moved, "movement { kind }").await;
    let session = day.open(0, json!({})).await;
    let limits = json!({ "sessionId": session, "spendingLimit": "50" });
    day.did("updateSessionLimits", limits, "session { id }").await;
    day.phones_and_calls().await;
    let item = json!({ "sessionId": session, "description": "Water", "quantity": 2, "unitPrice": "3" });
    let made = day.did("addSessionItem", item, "session { items { itemId } }").await;
    let removed = json!({ "sessionId": session, "itemId": made["session"]["items"][0]["itemId"] });
    day.did("removeSessionItem", removed, "session { id }").await;
    let item = json!({ "sessionId": session, "description": "Water", "quantity": 2, "unitPrice": "3" });
    day.did("addSessionItem", item, "session { id }").await;
    let discount = json!({ "sessionId": session, "amount": "0.01", "reason": "kind" });
    day.did("applyDiscount", discount, "session { id }").await;
    day.did("moveSession", json!({ "sessionId": session, "cabinId": shop.cabins[2] }), "session { id }")
        .await;
    day.did("closeCabin", json!({ "sessionId": session }), "session { id }").await;
    let paid = json!({ "sessionId": session, "payments": [{ "method": "CASH", "amount": "100" }] });
    day.did("settleSession", paid, "session { id }").await;
    let refund = json!({ "sessionId": session, "amount": "1", "reason": "warm" });
    day.did("refundSession", refund, "session { id }").await;
    let prepaid = json!({ "mode": "PREPAID", "deposit": { "amount": "10" } });
    let prepaid = day.open(0, prepaid).await;
    day.did("addDeposit", json!({ "sessionId": prepaid, "amount": "5" }), "session { id }").await;
    day.call(0).await;
    day.did("closeCabin", json!({ "sessionId": prepaid }), "session { id }").await;
    let opened = day.open(1, json!({})).await;
    day.did("voidSession", json!({ "sessionId": opened }), "session { id }").await;
    let counts = json!([{ "method": "CASH", "amount": "100" }]);
    let closing = json!({ "callshopId": id, "counts": counts, "carryOver": [prepaid] });
    day.did("closeRegister", closing, "shift { id }").await;
    let expected: BTreeSet<String> = SHOP_MUTATIONS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(day.run, expected, "every mutation of a shop's day was run");

    day.screens.look("nothing").await;
    let kept = samples(shop.server.hook).await["callshop_graphql_kept_answers_total{outcome=\"kept\"}"];
    assert!(kept >= 2.0, "{kept}");
    shop.finish().await;
});

const BOARD: &str = "query Board($shop: ID!) { cabins(callshopId: $shop, first: 20) { nodes { id number label state phoneOnline \
    currentSession { id state openedAt customer calls(first: 10) { nodes { id number destination state answeredAt endedAt \
    elapsedSeconds cost { amount currency } } } } } } }";

/// Sends the board's query, and returns the status, the entity tag and the body.
async fn board(client: &Client, shop: &Shop, known: Option<&str>) -> (u16, String, String) {
    let body = json!({ "query": BOARD, "variables": { "shop": shop.id } });
    let mut request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
        .post(format!("http://{}/graphql", shop.server.http));
    if let Some(known) = known {
        request = request.header(IF_NONE_MATCH, known);
    }
    let answer = request.bearer_auth(client.token()).json(&body).send().await.expect("an answer");
    let tag = answer.headers().get(ETAG).map(|tag| tag.to_str().expect("text").to_owned());
    (answer.status().as_u16(), tag.unwrap_or_default(), answer.text().await.expect("text"))
}

async fn outcomes(shop: &Shop) -> [f64; 3] {
    let all = samples(shop.server.hook).await;
    ["kept", "not_modified", "run"].map(|outcome| {
        let name = format!("callshop_graphql_kept_answers_total{{outcome=\"{outcome}\"}}");
        all.get(&name).copied().unwrap_or_default()
    })
}

on_both!(a_board_is_answered_from_memory_until_something_changes, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 30_000).await;
    let begun = outcomes(&shop).await;
    let (status, tag, first) = board(&shop.attendant, &shop, None).await;
    assert!(status == 200 && tag.starts_with("W/\"") && first.contains("\"OPEN\""), "{first}");
    assert_eq!(board(&shop.attendant, &shop, None).await, (200, tag.clone(), first.clone()));
    assert_eq!(board(&shop.attendant, &shop, Some(&tag)).await, (304, tag.clone(), String::new()));
    let grown = |before: [f64; 3], after: [f64; 3]| [0, 1, 2].map(|at| after[at] - before[at]);
    let after = outcomes(&shop).await;
    assert_eq!(grown(begun, after), [1.0, 1.0, 1.0]);
    assert!(samples(shop.server.hook).await["callshop_graphql_kept_answer_bytes"] > first.len() as f64);

    // another caller's answer has another tag, although its content is the same
    let (status, other, _) = board(&shop.owner, &shop, Some(&tag)).await;
    assert_eq!(status, 304);
    assert_ne!(other, tag);
    assert_eq!(outcomes(&shop).await[2], after[2] + 1.0);

    // a change to the shop makes the kept answer invalid
    shop.open_cabin(1).await;
    let (status, changed, second) = board(&shop.attendant, &shop, Some(&tag)).await;
    assert_eq!(status, 200, "{second}");
    assert!(changed != tag && second != first, "{second}");
    shop.finish().await;
});

on_both!(the_cost_of_a_live_call_grows_in_kept_answers, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let allowed = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let at = shop.server.time().now();
    assert_eq!(
        shop.hook().events(&[event("answered", &allowed["ref"], at, json!({ "to_tag": "tt" }))]).await,
        ["applied"]
    );
    let seconds = async || {
        let (status, _, body) = board(&shop.attendant, &shop, None).await;
        assert_eq!(status, 200, "{body}");
        let board: Value = serde_json::from_str(&body).expect("JSON");
        let call = &board["data"]["cabins"]["nodes"][0]["currentSession"]["calls"]["nodes"][0];
        call["elapsedSeconds"].as_i64().unwrap_or_else(|| panic!("{body}"))
    };
    let first = seconds().await;
    shop.server.time().pass(TimeDelta::seconds(20));
    assert!(seconds().await >= first + 20, "the kept answer is over, although nothing happened");
    shop.finish().await;
});

on_both!(a_change_without_an_activity_is_found_in_debug_builds, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let (_, _, first) = board(&shop.attendant, &shop, None).await;
    let changed = "UPDATE cabin SET label = 'Changed behind the back'";
    shop.server
        .app
        .store
        .write(|tx| async move { Ok(tx.conn().execute_unprepared(changed).await?) })
        .await
        .expect("changed");
    let (status, _, body) = board(&shop.attendant, &shop, None).await;
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("INTERNAL") && body.contains("Changed behind the back"), "{body}");
    assert_ne!(first, body);
    // a kept answer expires after at most a minute
    shop.server.time().pass(TimeDelta::seconds(61));
    let (status, _, body) = board(&shop.attendant, &shop, None).await;
    assert!(status == 200 && body.contains("Changed behind the back"), "{body}");
    shop.finish().await;
});

on_both!(an_answer_is_kept_for_one_caller_and_ends_with_the_login, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let foreign = shop
        .reseller
        .did(
            "createCallshop",
            "CreateCallshopInput",
            json!({ "name": "Other", "owner": tests::shop::person() }),
            "owner { login }",
        )
        .await;
    let foreign = Client::anonymous(shop.server.http)
        .login(&text(&foreign["owner"]["login"]), tests::shop::PASSWORD)
        .await;
    let (status, tag, _) = board(&shop.attendant, &shop, None).await;
    assert_eq!(status, 200);
    let (_, _, refused) = board(&foreign, &shop, Some(&tag)).await;
    assert!(refused.contains("NOT_FOUND"), "{refused}");
    shop.attendant.ok("mutation { logout(input: {}) { done } }", json!({})).await;
    let (status, _, _) = board(&shop.attendant, &shop, Some(&tag)).await;
    assert_eq!(status, 401);
    shop.finish().await;
});

// each new cabin has one activity, so if a snapshot mixed two moments, its number of cabins would not match its activity number
on_both!(a_shared_snapshot_is_of_one_moment, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let app = &shop.server.app;
    let (owner, _) = login::authenticate(app, shop.owner.token()).await.expect("the owner's login");
    let id = Kind::Callshop.parse(&shop.id.as_str().into()).expect("an id");
    let snapshot = async || {
        let start = app::activity::start(app, &owner, id, None, None).await.expect("a start");
        let cabins = start.snapshot.expect("a snapshot").cabins.len();
        (cabins, start.seq - i64::try_from(cabins).expect("a few cabins"))
    };
    let (_, distance) = snapshot().await;
    for number in 10..15 {
        let input = json!({ "callshopId": shop.id, "number": number });
        let made = shop.owner.did("createCabin", "CreateCabinInput", input, "cabin { id }");
        let (_, snapshots) = tokio::join!(made, join_all((0..20).map(|_| snapshot())));
        assert!(snapshots.iter().all(|(_, found)| *found == distance), "{snapshots:?}");
        assert_eq!(snapshot().await, (number - 8, distance), "the cabin is in the next snapshot");
    }
    shop.finish().await;
});
