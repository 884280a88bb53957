//! Tests a callshop's day through the schema and the use cases, with phones, cabins, register and sessions, on a temporary SQLite file.

// helpers of tests fail like tests
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use api::config::Config;
use api::server::Node;
use app::auth::login::{self, Origin};
use app::auth::{Actor, Right};
use app::{App, accounts, sessions, users};
use async_graphql::Request;
use base::clock::Clock;
use billing::number::DialPlan;
use entity::{AccountKind, CallState, Role, SessionState, call};
use futures_util::future::join_all;
use graphql::{self, Schema, loaders};
use sea_orm::{ConnectionTrait as _, Database, EntityTrait as _};
use serde_json::{Value, json};
use store::{activity, calls};
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery";

struct Shop {
    app: Arc<App>,
    schema: Schema,
    operator: Actor,
    owner: Actor,
    attendant: Actor,
    id: String,
    uuid: Uuid,
    _dir: tempfile::TempDir,
}

/// The data of a request, which must have no errors and no `userErrors`.
async fn run(shop: &Shop, actor: &Actor, query: &str) -> Value {
    let data = ask(shop, actor, query).await.unwrap();
    for payload in data.as_object().unwrap().values() {
        assert_eq!(payload.get("userErrors").unwrap_or(&json!([])), &json!([]), "{query}");
    }
    data
}

/// The code of a mutation's first user error.
async fn refused(shop: &Shop, actor: &Actor, query: &str) -> String {
    let data = ask(shop, actor, query).await.unwrap();
    let payload = data.as_object().unwrap().values().next().unwrap();
    payload["userErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("not refused: {data}")).to_owned()
}

/// The data, or the code of the first top-level error.
async fn ask(shop: &Shop, actor: &Actor, query: &str) -> Result<Value, String> {
    let query = query.replace("$SHOP", &format!("\"{}\"", shop.id));
    let request = Request::new(&query).data(actor.clone()).data(loaders::loaders(shop.app.clone()));
    let response = shop.schema.execute(request).await;
    if let Some(error) = response.errors.first() {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code")).cloned();
        return Err(code.map_or_else(|| panic!("{query}: {error}"), |code| code.to_string().replace('"', "")));
    }
    Ok(response.data.into_json().unwrap())
}

async fn log_in(app: &App, name: &str, code: &str) -> Actor {
    let origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: "test".to_owned() };
    login::login(app, &format!("{name}@{code}"), PASSWORD.to_owned(), &origin).await.unwrap().actor
}

fn user(name: &str, role: Role) -> users::NewUser {
    users::NewUser {
        name: name.to_owned(),
        display_name: name.to_owned(),
        role,
        password: PASSWORD.to_owned(),
    }
}

/// Creates a database on the PostgreSQL server in `CALLSHOP_TEST_POSTGRES`, or in a file if that is not set.
async fn database(dir: &Path) -> String {
    let Ok(server) = std::env::var("CALLSHOP_TEST_POSTGRES") else {
        return format!("sqlite:{}", dir.join("shop.db").display());
    };
    let name = format!("shop_{}", Uuid::now_v7().simple());
    let connection = Database::connect(format!("{server}/postgres")).await.unwrap();
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    format!("{server}/{name}")
}

async fn shop() -> Shop {
    let dir = tempfile::tempdir().unwrap();
    let url = database(dir.path()).await;
    let config = Config { database_url: url, database_connections: 4, ..Config::default() };
    let (store, hub) = Node::connect(&config).await.unwrap();
    store.migrate().await.unwrap();
    let app = Node::new((store, hub), Arc::new(config), Clock::system()).await.unwrap().app;
    let operator = Actor::operator(&accounts::ensure_platform(&app).await.unwrap());
    let new = accounts::NewAccount {
        parent_id: None,
        kind: AccountKind::Callshop,
        name: "Centro".to_owned(),
        currency: Some("BRL".to_owned()),
        time_zone: None,
        country: Some("BR".to_owned()),
        locale: None,
        user: Some(user("owner", Role::CallshopOwner)),
    };
    let made = accounts::create(&app, &operator, new).await.unwrap().account;
    accounts::set_dial_plan(&app, &operator, made.id, DialPlan::brazil("11")).await.unwrap();
    let owner = log_in(&app, "owner", &made.code).await;
    users::create(&app, &owner, made.id, user("ana", Role::Attendant)).await.unwrap();
    let attendant = log_in(&app, "ana", &made.code).await;
    let id = graphql::scalars::Kind::Callshop.id(made.id).to_string();
    Shop {
        schema: graphql::schema(app.clone()),
        app,
        operator,
        owner,
        attendant,
        id,
        uuid: made.id,
        _dir: dir,
    }
}

/// Creates three phones, one in cabin 1, one in cabin 2, and one without a cabin. Returns the ids of cabins and phones.
async fn furnish(shop: &Shop) -> (Vec<String>, Vec<String>) {
    let made = run(shop, &shop.operator, "mutation { createPhones(input: {callshopId: $SHOP, count: 3, label: \"Box\"}) { phones { secret phone { id label sipUser } } userErrors { code } } }").await;
    let phones = made["createPhones"]["phones"].as_array().unwrap();
    assert_eq!(phones[2]["phone"]["label"], "Box 3");
    assert_eq!(phones[0]["secret"].as_str().unwrap().len(), 20);
    let phones: Vec<String> =
        phones.iter().map(|phone| phone["phone"]["id"].as_str().unwrap().to_owned()).collect();
    let mut cabins = Vec::new();
    for (number, phone) in (1..=2).zip(&phones) {
        let query = format!(
            "mutation {{ createCabin(input: {{callshopId: $SHOP, number: {number}, phoneId: \"{phone}\"}}) {{ cabin {{ id label state }} userErrors {{ code }} }} }}"
        );
        let made = run(shop, &shop.owner, &query).await;
        assert_eq!(made["createCabin"]["cabin"]["state"], "CLOSED");
        cabins.push(made["createCabin"]["cabin"]["id"].as_str().unwrap().to_owned());
    }
    (cabins, phones)
}

const SESSION: &str = "{ session { id state total { amount } receiptNumber spendingLimit { amount } timeLimitSeconds cabin { number state } } userErrors { code message } }";

async fn open_register(shop: &Shop, float: &str, key: &str) -> Value {
    run(shop, &shop.attendant, &format!("mutation {{ openRegister(input: {{callshopId: $SHOP, float: \"{float}\", idempotencyKey: \"{key}\"}}) {{ shift {{ id number float {{ amount currency }} }} cabins {{ number state }} userErrors {{ code }} }} }}")).await["openRegister"].clone()
}

async fn open_cabin(shop: &Shop, cabin: &str) -> String {
    let opened = run(
        shop,
        &shop.attendant,
        &format!("mutation {{ openCabin(input: {{cabinId: \"{cabin}\"}}) {SESSION} }}"),
    )
    .await;
    assert_eq!(opened["openCabin"]["session"]["state"], "OPEN");
    opened["openCabin"]["session"]["id"].as_str().unwrap().to_owned()
}

fn row_id(id: &str) -> Uuid {
    graphql::scalars::parse_any(&id.into()).unwrap().1
}

/// Inserts a call of 61 seconds to São Paulo, which is either live or ended and charged.
async fn insert_call(shop: &Shop, cabin: &str, session: &str, phone: &str, charge: Option<i64>) -> Uuid {
    let now = shop.app.clock.now();
    let id = Uuid::now_v7();
    let row = call::Model {
        id,
        callshop_id: shop.uuid,
        cabin_id: Some(row_id(cabin)),
        session_id: Some(row_id(session)),
        phone_id: row_id(phone),
        request_id: id.to_string(),
        dialed: "1132547698".to_owned(),
        number: "551132547698".to_owned(),
        destination: "Brazil".to_owned(),
        emergency: false,
        state: if charge.is_some() { CallState::Ended } else { CallState::Answered },
        authorized_at: now,
        ringing_at: None,
        answered_at: Some(now),
        ended_at: charge.map(|_| now),
        covered: 600,
        sip_code: None,
        ended_by: None,
        cause: None,
        refusal: None,
        talk_seconds: charge.map_or(0, |_| 61),
        billed_seconds: charge.map_or(0, |_| 66),
        charge: entity::Micros(charge.unwrap_or(0)),
        currency: "BRL".to_owned(),
        pricing: json!([]),
        proxy: "p1".to_owned(),
        sip_call_id: "c".to_owned(),
        from_tag: "f".to_owned(),
        to_tag: None,
        hang_up_by: None,
        holds: json!([]),
        extend_at: None,
        confirmed: 600,
        estimated: false,
        written_off: entity::Micros(0),
        attempt_day: String::new(),
        answer_day: None,
        answered_far: false,
    };
    let row = &row;
    let insert = |tx: store::Tx| async move { calls::insert(tx.conn(), std::slice::from_ref(row)).await };
    shop.app.store.write(insert).await.unwrap();
    id
}

async fn end_call(shop: &Shop, id: Uuid, charge: i64) {
    let now = shop.app.clock.now();
    let end = |tx: store::Tx| async move {
        let call = call::Entity::find_by_id(id).one(tx.conn()).await?.unwrap();
        let session = call.session_id.unwrap();
        let call = call::Model {
            state: CallState::Ended,
            ended_at: Some(now),
            talk_seconds: 61,
            billed_seconds: 66,
            charge: entity::Micros(charge),
            ..call
        };
        calls::update(tx.conn(), &[call], &[]).await?;
        let sales = sessions::calls_over(&tx, &[session], now).await?;
        store::ledger::post(tx.conn(), sales).await?;
        Ok(())
    };
    shop.app.store.write(end).await.unwrap();
}

async fn kinds(shop: &Shop) -> Vec<&'static str> {
    let rows = activity::after(shop.app.store.reader(), shop.uuid, 0, 100).await.unwrap();
    rows.into_iter().map(|row| row.kind.as_str()).collect()
}

fn settle(session: &str, payments: &str, key: &str) -> String {
    format!(
        "mutation {{ settleSession(input: {{sessionId: \"{session}\", payments: [{payments}], idempotencyKey: \"{key}\"}}) {{ session {{ state receiptNumber payments {{ method amount {{ amount }} }} settledBy {{ name }} }} change {{ amount }} userErrors {{ code message }} }} }}"
    )
}

#[tokio::test]
async fn a_day_from_opening_to_the_z_report() {
    let shop = &shop().await;
    let (cabins, phones) = furnish(shop).await;
    let open = format!("mutation {{ openCabin(input: {{cabinId: \"{}\"}}) {SESSION} }}", cabins[0]);
    assert_eq!(refused(shop, &shop.attendant, &open).await, "REGISTER_CLOSED");

    let opened = open_register(shop, "50.00", "k1").await;
    assert_eq!(opened["shift"]["number"], "1");
    assert_eq!(opened["cabins"].as_array().unwrap().len(), 2);
    assert_eq!(
        open_register(shop, "50.00", "k1").await["shift"]["id"],
        opened["shift"]["id"],
        "the same key answers the same"
    );
    let again = "mutation { openRegister(input: {callshopId: $SHOP, float: \"1\", idempotencyKey: \"k2\"}) { userErrors { code } } }";
    assert_eq!(refused(shop, &shop.attendant, again).await, "REGISTER_OPEN");
    let other = again.replace("k2", "k1");
    assert_eq!(refused(shop, &shop.attendant, &other).await, "IDEMPOTENCY_CONFLICT");

    let session = open_cabin(shop, &cabins[0]).await;
    assert_eq!(refused(shop, &shop.attendant, &open).await, "CABIN_OCCUPIED");
    insert_call(shop, &cabins[0], &session, &phones[0], Some(4_224_400)).await;
    let live = insert_call(shop, &cabins[0], &session, &phones[0], None).await;
    let state = run(
        shop,
        &shop.attendant,
        &format!("{{ cabin(id: \"{}\") {{ state phoneOnline currentSession {{ id }} }} }}", cabins[0]),
    )
    .await;
    assert_eq!(state["cabin"]["state"], "IN_CALL");
    assert_eq!(state["cabin"]["currentSession"]["id"], session.as_str());

    let close = |mode: &str| {
        format!("mutation {{ closeCabin(input: {{cabinId: \"{}\", mode: {mode}}}) {SESSION} }}", cabins[0])
    };
    assert_eq!(refused(shop, &shop.attendant, &close("REFUSE")).await, "ILLEGAL_STATE");
    let closing = run(shop, &shop.attendant, &close("DRAIN")).await;
    assert_eq!(closing["closeCabin"]["session"]["state"], "CLOSING");
    assert_eq!(closing["closeCabin"]["session"]["total"], Value::Null);
    assert_eq!(
        refused(shop, &shop.attendant, &settle(&session, "{method: CASH, amount: \"10\"}", "s0")).await,
        "ILLEGAL_STATE"
    );
    end_call(shop, live, 1_000_000).await;

    let query = format!(
        "{{ session(id: \"{session}\") {{ state total {{ amount }} statement {{ calls {{ number destination billedSeconds amount {{ amount }} }} totalsByDestination {{ destination calls billedSeconds }} callsTotal {{ amount }} rounding {{ amount }} total {{ amount currency }} currency }} }} }}"
    );
    let done = run(shop, &shop.attendant, &query).await["session"].clone();
    assert_eq!(done["state"], "CLOSED");
    assert_eq!(done["total"]["amount"], "5.22");
    assert_eq!(done["statement"]["callsTotal"]["amount"], "5.2244");
    assert_eq!(done["statement"]["rounding"]["amount"], "-0.0044");
    assert_eq!(done["statement"]["calls"][0]["number"], "+55 11 3254-7698");
    assert_eq!(
        done["statement"]["totalsByDestination"],
        json!([{"destination": "Brazil", "calls": 2, "billedSeconds": 132}])
    );

    assert_eq!(
        refused(shop, &shop.attendant, &settle(&session, "{method: CASH, amount: \"5.21\"}", "s1")).await,
        "UNDERPAID"
    );
    assert_eq!(
        refused(shop, &shop.attendant, &settle(&session, "{method: CARD, amount: \"5.23\"}", "s1")).await,
        "OVERPAID"
    );
    assert_eq!(
        refused(shop, &shop.attendant, &settle(&session, "{method: CASH, amount: \"5.221\"}", "s1")).await,
        "INVALID_INPUT"
    );
    let pay = settle(&session, "{method: PIX, amount: \"2.22\"}, {method: CASH, amount: \"5.00\"}", "s1");
    for _ in 0..2 {
        let paid = run(shop, &shop.attendant, &pay).await["settleSession"].clone();
        assert_eq!(paid["change"]["amount"], "2");
        assert_eq!(paid["session"]["receiptNumber"], "1");
        assert_eq!(paid["session"]["settledBy"]["name"], "ana");
        assert_eq!(
            paid["session"]["payments"],
            json!([{"method": "CASH", "amount": {"amount": "3"}}, {"method": "PIX", "amount": {"amount": "2.22"}}])
        );
    }

    for (kind, amount, key) in [("PAY_IN", "10", "m1"), ("PAY_OUT", "4.50", "m2"), ("PAY_OUT", "4.50", "m2")]
    {
        run(shop, &shop.attendant, &format!("mutation {{ recordCashMovement(input: {{callshopId: $SHOP, kind: {kind}, amount: \"{amount}\", reason: \"coins\", idempotencyKey: \"{key}\"}}) {{ movement {{ amount {{ amount }} by {{ name }} }} userErrors {{ code }} }} }}")).await;
    }
    let x = "{ xReport(callshopId: $SHOP) { methods { method expected { amount } sales { amount } } } }";
    let seen = run(shop, &shop.attendant, x).await;
    assert_eq!(seen["xReport"]["methods"], json!([]), "attendants must count blind");
    assert_eq!(run(shop, &shop.owner, x).await["xReport"]["methods"][0]["expected"]["amount"], "58.5");

    let close = |counts: &str, key: &str| {
        format!(
            "mutation {{ closeRegister(input: {{callshopId: $SHOP, counts: [{counts}], idempotencyKey: \"{key}\"}}) {{ shift {{ closedBy {{ name }} zReport {{ shiftNumber methods {{ method expected {{ amount }} counted {{ amount }} variance {{ amount }} }} callsTotal {{ amount }} rounding {{ amount }} salesTotal {{ amount }} salesByCabin {{ number calls amount {{ amount }} }} salesByDestination {{ destination calls }} salesByAttendant {{ name sessions amount {{ amount }} }} openItems {{ state }} }} }} userErrors {{ code message }} }} }}"
        )
    };
    let cash = "{method: CASH, amount: \"58.00\"}";
    assert_eq!(
        refused(shop, &shop.attendant, &close(cash, "z")).await,
        "INVALID_INPUT",
        "PIX was not counted"
    );
    let both = format!("{cash}, {{method: PIX, amount: \"2.22\"}}");
    for _ in 0..2 {
        let closed = run(shop, &shop.attendant, &close(&both, "z")).await["closeRegister"]["shift"].clone();
        assert_eq!(closed["closedBy"]["name"], "ana");
        let report = &closed["zReport"];
        assert_eq!(
            report["methods"][0],
            json!({"method": "CASH", "expected": {"amount": "58.5"}, "counted": {"amount": "58"}, "variance": {"amount": "-0.5"}})
        );
        assert_eq!(report["methods"][1]["variance"]["amount"], "0");
        assert_eq!(report["salesTotal"]["amount"], "5.22");
        assert_eq!(report["rounding"]["amount"], "-0.0044");
        assert_eq!(
            report["salesByCabin"],
            json!([{"number": 1, "calls": 2, "amount": {"amount": "5.2244"}}])
        );
        assert_eq!(
            report["salesByAttendant"],
            json!([{"name": "ana", "sessions": 1, "amount": {"amount": "5.22"}}])
        );
        assert_eq!(report["openItems"], json!([]));
    }
    assert_eq!(
        run(shop, &shop.owner, "{ currentRegister(callshopId: $SHOP) { id } }").await["currentRegister"],
        Value::Null
    );
    assert_eq!(
        kinds(shop).await,
        [
            "CABIN_CHANGED",
            "CABIN_CHANGED",
            "REGISTER_OPENED",
            "CABIN_OPENED",
            "CABIN_CLOSING",
            "CABIN_CLOSED",
            "SESSION_SETTLED",
            "REGISTER_CLOSED"
        ]
    );
}

#[tokio::test]
async fn open_items_keep_the_register_open_until_they_are_carried_over_and_paid_later() {
    let shop = &shop().await;
    let (cabins, phones) = furnish(shop).await;
    open_register(shop, "0", "k1").await;
    let session = open_cabin(shop, &cabins[0]).await;
    let close = |carried: &str, key: &str| {
        format!(
            "mutation {{ closeRegister(input: {{callshopId: $SHOP, counts: [{{method: CASH, amount: \"0\"}}], carryOver: [{carried}], idempotencyKey: \"{key}\"}}) {{ shift {{ number zReport {{ salesTotal {{ amount }} openItems {{ cabinNumber total {{ amount }} }} }} }} userErrors {{ code message }} }} }}"
        )
    };
    let named = format!("\"{session}\"");
    assert_eq!(
        refused(shop, &shop.owner, &close(&named, "z1")).await,
        "OPEN_ITEMS",
        "an open cabin must not be carried over"
    );
    insert_call(shop, &cabins[0], &session, &phones[0], Some(1_500_000)).await;
    let hang_up = format!("mutation {{ closeCabin(input: {{sessionId: \"{session}\"}}) {SESSION} }}");
    assert_eq!(run(shop, &shop.attendant, &hang_up).await["closeCabin"]["session"]["total"]["amount"], "1.5");
    assert_eq!(refused(shop, &shop.attendant, &hang_up).await, "ILLEGAL_STATE");
    assert_eq!(refused(shop, &shop.owner, &close("", "z2")).await, "OPEN_ITEMS");
    let closed = run(shop, &shop.owner, &close(&named, "z3")).await["closeRegister"]["shift"].clone();
    assert_eq!(closed["zReport"]["openItems"], json!([{"cabinNumber": 1, "total": {"amount": "1.5"}}]));

    let pay = settle(&session, "{method: CASH, amount: \"1.5\"}", "s1");
    assert_eq!(refused(shop, &shop.attendant, &pay).await, "REGISTER_CLOSED");
    assert_eq!(open_register(shop, "0", "k2").await["shift"]["number"], "2");
    assert_eq!(run(shop, &shop.attendant, &pay).await["settleSession"]["session"]["state"], "SETTLED");
    let x = run(shop, &shop.owner, "{ xReport(callshopId: $SHOP) { salesTotal { amount } } }").await;
    assert_eq!(x["xReport"]["salesTotal"]["amount"], "1.5", "a sale belongs to the shift that settles it");
    let list = "{ registerShifts(callshopId: $SHOP, first: 5) { nodes { number } } }";
    let numbers = |data: Value| data["registerShifts"]["nodes"].as_array().unwrap().len();
    assert_eq!(numbers(run(shop, &shop.owner, list).await), 2);
    let both = numbers(run(shop, &shop.attendant, list).await);
    assert_eq!(both, 2, "the same attendant opened both");
}

#[tokio::test]
async fn a_customer_moves_but_not_during_a_call_and_a_mistake_is_voided() {
    let shop = &shop().await;
    let (cabins, phones) = furnish(shop).await;
    open_register(shop, "0", "k").await;
    let session = open_cabin(shop, &cabins[0]).await;
    let go = |cabin: &str| {
        format!(
            "mutation {{ moveSession(input: {{sessionId: \"{session}\", cabinId: \"{cabin}\"}}) {SESSION} }}"
        )
    };
    let other = open_cabin(shop, &cabins[1]).await;
    assert_eq!(refused(shop, &shop.attendant, &go(&cabins[1])).await, "CABIN_OCCUPIED");
    let void = |id: &str| format!("mutation {{ voidSession(input: {{sessionId: \"{id}\"}}) {SESSION} }}");
    assert_eq!(run(shop, &shop.attendant, &void(&other)).await["voidSession"]["session"]["state"], "VOIDED");
    let call = insert_call(shop, &cabins[0], &session, &phones[0], None).await;
    assert_eq!(refused(shop, &shop.attendant, &go(&cabins[1])).await, "ILLEGAL_STATE");
    let assign = format!(
        "mutation {{ assignPhone(input: {{phoneId: \"{}\"}}) {{ phone {{ id }} userErrors {{ code }} }} }}",
        phones[0]
    );
    assert_eq!(refused(shop, &shop.operator, &assign).await, "ILLEGAL_STATE");
    let displace = format!(
        "mutation {{ assignPhone(input: {{phoneId: \"{}\", cabinId: \"{}\"}}) {{ userErrors {{ code }} }} }}",
        phones[2], cabins[0]
    );
    assert_eq!(refused(shop, &shop.operator, &displace).await, "ILLEGAL_STATE");
    let closing = format!("mutation {{ closeCabin(input: {{sessionId: \"{session}\"}}) {SESSION} }}");
    end_call(shop, call, 0).await;
    let moved = run(shop, &shop.attendant, &go(&cabins[1])).await["moveSession"]["session"].clone();
    assert_eq!(moved["cabin"], json!({"number": 2, "state": "OPEN"}));
    assert_eq!(refused(shop, &shop.attendant, &void(&session)).await, "ILLEGAL_STATE", "it has a call");

    let limits = |what: &str| {
        format!("mutation {{ updateSessionLimits(input: {{sessionId: \"{session}\", {what}}}) {SESSION} }}")
    };
    let set = run(shop, &shop.attendant, &limits("spendingLimit: \"20\", timeLimitSeconds: 600")).await;
    assert_eq!(set["updateSessionLimits"]["session"]["timeLimitSeconds"], 600);
    let set =
        run(shop, &shop.attendant, &limits("timeLimitSeconds: null")).await["updateSessionLimits"]["session"]
            .clone();
    assert_eq!((&set["spendingLimit"]["amount"], &set["timeLimitSeconds"]), (&json!("20"), &Value::Null));
    assert_eq!(refused(shop, &shop.attendant, &limits("spendingLimit: \"-1\"")).await, "INVALID_INPUT");

    let retire = format!(
        "mutation {{ retireCabin(input: {{cabinId: \"{}\"}}) {{ cabin {{ id }} userErrors {{ code }} }} }}",
        cabins[1]
    );
    assert_eq!(refused(shop, &shop.owner, &retire).await, "ILLEGAL_STATE");
    run(shop, &shop.attendant, &closing).await;
    run(shop, &shop.owner, &retire).await;
    let cabins = run(shop, &shop.owner, "{ cabins(callshopId: $SHOP, first: 9) { nodes { number } } }").await;
    assert_eq!(cabins["cabins"]["nodes"], json!([{"number": 1}]));
    let list =
        "{ sessions(callshopId: $SHOP, states: [CLOSED], first: 9) { nodes { state cabin { number } } } }";
    let closed = run(shop, &shop.owner, list).await;
    assert_eq!(closed["sessions"]["nodes"], json!([{"state": "CLOSED", "cabin": {"number": 2}}]));
}

#[tokio::test]
async fn phones_change_cabins_and_blocked_or_missing_ones_keep_a_cabin_closed() {
    let shop = &shop().await;
    let (cabins, phones) = furnish(shop).await;
    open_register(shop, "0", "k").await;
    let assign = |phone: &str, cabin: &str| {
        format!(
            "mutation {{ assignPhone(input: {{phoneId: \"{phone}\", cabinId: \"{cabin}\"}}) {{ phone {{ cabin {{ number }} }} userErrors {{ code }} }} }}"
        )
    };
    let moved = run(shop, &shop.operator, &assign(&phones[0], &cabins[1])).await;
    assert_eq!(moved["assignPhone"]["phone"]["cabin"]["number"], 2);
    let list = "{ phones(callshopId: $SHOP, first: 9) { nodes { label cabin { number } } } }";
    let where_ = run(shop, &shop.owner, list).await["phones"]["nodes"].clone();
    assert_eq!(
        where_,
        json!([{"label": "Box 1", "cabin": {"number": 2}}, {"label": "Box 2", "cabin": null}, {"label": "Box 3", "cabin": null}])
    );
    let open = |cabin: &str| format!("mutation {{ openCabin(input: {{cabinId: \"{cabin}\"}}) {SESSION} }}");
    assert_eq!(refused(shop, &shop.attendant, &open(&cabins[0])).await, "CABIN_WITHOUT_PHONE");
    let block = |verb: &str| {
        format!(
            "mutation {{ {verb}(input: {{phoneId: \"{}\"}}) {{ phone {{ blockedAt }} userErrors {{ code }} }} }}",
            phones[0]
        )
    };
    assert_ne!(
        run(shop, &shop.operator, &block("blockPhone")).await["blockPhone"]["phone"]["blockedAt"],
        Value::Null
    );
    assert_eq!(refused(shop, &shop.attendant, &open(&cabins[1])).await, "ILLEGAL_STATE");
    run(shop, &shop.operator, &block("unblockPhone")).await;
    let out = |out: bool| {
        format!(
            "mutation {{ updateCabin(input: {{cabinId: \"{}\", outOfService: {out}}}) {{ cabin {{ state }} userErrors {{ code }} }} }}",
            cabins[1]
        )
    };
    assert_eq!(run(shop, &shop.owner, &out(true)).await["updateCabin"]["cabin"]["state"], "OUT_OF_SERVICE");
    assert_eq!(refused(shop, &shop.attendant, &open(&cabins[1])).await, "ILLEGAL_STATE");
    run(shop, &shop.owner, &out(false)).await;
    accounts::set_suspended(&shop.app, &shop.operator, shop.uuid, true).await.unwrap();
    assert_eq!(refused(shop, &shop.attendant, &open(&cabins[1])).await, "SUSPENDED");
    accounts::set_suspended(&shop.app, &shop.operator, shop.uuid, false).await.unwrap();
    open_cabin(shop, &cabins[1]).await;
    assert_eq!(refused(shop, &shop.owner, &out(true)).await, "ILLEGAL_STATE");
    let number = format!(
        "mutation {{ updateCabin(input: {{cabinId: \"{}\", number: 1}}) {{ userErrors {{ code }} }} }}",
        cabins[1]
    );
    assert_eq!(refused(shop, &shop.owner, &number).await, "ALREADY_EXISTS");

    let rotate = format!(
        "mutation {{ rotatePhoneSecret(input: {{phoneId: \"{}\"}}) {{ secret userErrors {{ code }} }} }}",
        phones[0]
    );
    let first = run(shop, &shop.operator, &rotate).await;
    assert_ne!(first, run(shop, &shop.operator, &rotate).await);
}

#[tokio::test]
async fn each_role_does_its_own_and_strangers_find_nothing() {
    let shop = &shop().await;
    let (cabins, phones) = furnish(shop).await;
    let create = "mutation { createPhones(input: {callshopId: $SHOP, count: 1}) { userErrors { code } } }";
    assert_eq!(ask(shop, &shop.owner, create).await, Err("FORBIDDEN".to_owned()));
    assert_eq!(refused(shop, &shop.operator, &create.replace('1', "101")).await, "INVALID_INPUT");
    let open = "mutation { openRegister(input: {callshopId: $SHOP, float: \"1\", idempotencyKey: \"k\"}) { userErrors { code } } }";
    assert_eq!(ask(shop, &shop.operator, open).await, Err("FORBIDDEN".to_owned()));
    let cabin = "mutation { createCabin(input: {callshopId: $SHOP, number: 9}) { userErrors { code } } }";
    assert_eq!(ask(shop, &shop.attendant, cabin).await, Err("FORBIDDEN".to_owned()));
    let secrets = format!("{{ phone(id: \"{}\") {{ label online sipUser }} }}", phones[0]);
    assert_eq!(ask(shop, &shop.attendant, &secrets).await, Err("FORBIDDEN".to_owned()));
    assert_eq!(run(shop, &shop.owner, &secrets).await["phone"]["sipUser"].as_str().unwrap().len(), 12);
    assert!(!shop.attendant.may(Right::ManageCabins));

    let new = accounts::NewAccount {
        parent_id: None,
        kind: AccountKind::Callshop,
        name: "Other".to_owned(),
        currency: Some("BRL".to_owned()),
        time_zone: None,
        country: Some("BR".to_owned()),
        locale: None,
        user: Some(user("owner", Role::CallshopOwner)),
    };
    let code = accounts::create(&shop.app, &shop.operator, new).await.unwrap().account.code;
    let stranger = log_in(&shop.app, "owner", &code).await;
    assert_eq!(
        run(
            shop,
            &stranger,
            &format!("{{ cabin(id: \"{}\") {{ id }} phone(id: \"{}\") {{ id }} }}", cabins[0], phones[0])
        )
        .await,
        json!({"cabin": null, "phone": null})
    );
    let open = format!("mutation {{ openCabin(input: {{cabinId: \"{}\"}}) {SESSION} }}", cabins[0]);
    assert_eq!(refused(shop, &stranger, &open).await, "NOT_FOUND");
    for list in ["cabins", "phones", "sessions", "registerShifts"] {
        let query = format!("{{ {list}(callshopId: $SHOP, first: 1) {{ nodes {{ id }} }} }}");
        assert_eq!(ask(shop, &stranger, &query).await, Err("NOT_FOUND".to_owned()), "{list}");
    }
    open_register(shop, "0", "k").await;
    let session = open_cabin(shop, &cabins[0]).await;
    for verb in ["voidSession", "closeCabin", "updateSessionLimits"] {
        let query =
            format!("mutation {{ {verb}(input: {{sessionId: \"{session}\"}}) {{ userErrors {{ code }} }} }}");
        assert_eq!(refused(shop, &stranger, &query).await, "NOT_FOUND", "{verb}");
    }
    assert_eq!(refused(shop, &stranger, &settle(&session, "", "s")).await, "NOT_FOUND");
    assert_eq!(
        run(shop, &stranger, &format!("{{ statement(sessionId: \"{session}\") {{ currency }} }}")).await["statement"],
        Value::Null
    );
    let found = sessions::find(&shop.app, &shop.owner, row_id(&session)).await.unwrap();
    assert_eq!(found.session.state, SessionState::Open);
}

/// Sends these mutations concurrently. Returns the number of responses with each code (`OK` if there is no code).
async fn at_once(shop: &Shop, queries: Vec<String>) -> BTreeMap<String, usize> {
    let asked = queries.iter().map(|query| ask(shop, &shop.attendant, query));
    let mut codes = BTreeMap::new();
    for answer in join_all(asked).await {
        let data = answer.unwrap();
        let payload = data.as_object().unwrap().values().next().unwrap().clone();
        let code = payload["userErrors"][0]["code"].as_str().unwrap_or("OK").to_owned();
        *codes.entry(code).or_default() += 1;
    }
    codes
}

fn codes<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(code, count)| (code.to_owned(), count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_try_at_once_happens_once() {
    let shop = &shop().await;
    let (cabins, _) = furnish(shop).await;
    let open = |key: usize| {
        format!(
            "mutation {{ openRegister(input: {{callshopId: $SHOP, float: \"1\", idempotencyKey: \"{key}\"}}) {{ userErrors {{ code message }} }} }}"
        )
    };
    let opened = at_once(shop, (0..8).map(open).collect()).await;
    assert_eq!(opened, codes([("OK", 1), ("REGISTER_OPEN", 7)]));

    let enter = format!("mutation {{ openCabin(input: {{cabinId: \"{}\"}}) {SESSION} }}", cabins[0]);
    let entered = at_once(shop, vec![enter; 8]).await;
    assert_eq!(entered, codes([("CABIN_OCCUPIED", 7), ("OK", 1)]));

    // two customers want the same free cabin, one by moving and one by arriving
    let list = "{ sessions(callshopId: $SHOP, states: [OPEN], first: 9) { nodes { id } } }";
    let open = run(shop, &shop.owner, list).await["sessions"]["nodes"].as_array().unwrap().clone();
    assert_eq!(open.len(), 1);
    let first = open[0]["id"].as_str().unwrap();
    let go = format!(
        "mutation {{ moveSession(input: {{sessionId: \"{first}\", cabinId: \"{}\"}}) {SESSION} }}",
        cabins[1]
    );
    let enter = format!("mutation {{ openCabin(input: {{cabinId: \"{}\"}}) {SESSION} }}", cabins[1]);
    let taken = at_once(shop, vec![go, enter]).await;
    assert_eq!(taken, codes([("CABIN_OCCUPIED", 1), ("OK", 1)]));

    // fill the other cabin, whichever request lost
    let free = run(shop, &shop.owner, "{ cabins(callshopId: $SHOP, first: 9) { nodes { id state } } }").await;
    for cabin in free["cabins"]["nodes"].as_array().unwrap() {
        if cabin["state"] == "CLOSED" {
            open_cabin(shop, cabin["id"].as_str().unwrap()).await;
        }
    }
    let open = run(shop, &shop.owner, list).await["sessions"]["nodes"].as_array().unwrap().clone();
    let ids: Vec<&str> = open.iter().map(|node| node["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        let close = format!("mutation {{ closeCabin(input: {{sessionId: \"{id}\"}}) {SESSION} }}");
        assert_eq!(at_once(shop, vec![close; 3]).await, codes([("ILLEGAL_STATE", 2), ("OK", 1)]));
    }

    // both sessions are paid concurrently, each by two requests with one key and two with keys of their own
    let keys =
        |index: usize| [format!("a{index}"), format!("a{index}"), format!("b{index}"), format!("c{index}")];
    let pay = ids.iter().enumerate().flat_map(|(index, id)| keys(index).map(|key| settle(id, "", &key)));
    let paid = at_once(shop, pay.collect()).await;
    let settled = paid["OK"];
    assert!((2..=4).contains(&settled) && paid["ILLEGAL_STATE"] == 8 - settled, "{paid:?}");
    let list = "{ sessions(callshopId: $SHOP, states: [SETTLED], first: 9) { nodes { receiptNumber } } }";
    let nodes = run(shop, &shop.owner, list).await["sessions"]["nodes"].clone();
    let numbers: BTreeSet<&str> =
        nodes.as_array().unwrap().iter().map(|node| node["receiptNumber"].as_str().unwrap()).collect();
    assert_eq!(numbers, BTreeSet::from(["1", "2"]), "consecutive, without a gap");
}

#[tokio::test]
async fn every_root_field_has_its_row_of_visibility() {
    let sdl = graphql::builder().finish().sdl();
    let rules = graphql::visibility();
    for kind in ["Query", "Mutation"] {
        let body = sdl.split(&format!("\ntype {kind} {{")).nth(1).unwrap().split("\n}").next().unwrap();
        let fields = body
            .lines()
            .filter_map(|line| line.strip_prefix('\t'))
            .filter(|line| !line.starts_with(['"', '\t', '#', ' ', '}', ')']));
        let names: Vec<&str> = fields
            .filter_map(|line| line.split(['(', ':']).next())
            .filter(|name| name.chars().all(char::is_alphanumeric))
            .collect();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            let field = format!("{kind}.{name}");
            assert!(rules.iter().any(|(rule, _)| *rule == field), "{field} has no row");
        }
    }
}
