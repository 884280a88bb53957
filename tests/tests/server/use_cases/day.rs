//! Tests a callshop's day through the schema and the use cases, with phones, cabins, register and sessions. The database is PostgreSQL if
//! `CALLSHOP_TEST_POSTGRES` is set; otherwise, it is a SQLite file.

// helper functions of tests may panic, as tests do
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use app::auth::{Actor, Right};
use app::{accounts, sessions};
use base::clock::Clock;
use billing::number::DialPlan;
use entity::{CallState, SessionState, call};
use futures_util::future::join_all;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use store::{activity, calls};
use tests::shop::text;
use tests::{Backend, InProcess};
use uuid::Uuid;

/// The fields of a session.
const SESSION: &str = "session { id state total { amount } receiptNumber spendingLimit { amount } timeLimitSeconds cabin { number state } }";

async fn start() -> InProcess {
    let postgres = std::env::var_os("CALLSHOP_TEST_POSTGRES").is_some();
    let backend = if postgres { Backend::Postgres } else { Backend::Sqlite };
    let shop = InProcess::start(backend, Clock::system()).await;
    accounts::set_dial_plan(&shop.app, &shop.admin, shop.callshop.id, DialPlan::brazil("11")).await.unwrap();
    shop
}

/// Runs a query of the callshop `$shop`. Returns the only field of the response.
async fn query(shop: &InProcess, actor: &Actor, selection: &str) -> Value {
    let document = format!("query($shop: ID!) {{ {selection} }}");
    let data = shop.ok(actor, &document, json!({ "shop": shop.id() })).await;
    data.as_object().unwrap().values().next().unwrap().clone()
}

/// Creates three phones: one phone in cabin 1, one in cabin 2, and one without a cabin. Returns the ids of cabins and phones.
async fn furnish(shop: &InProcess) -> (Vec<String>, Vec<String>) {
    let input = json!({ "callshopId": shop.id(), "count": 3, "label": "Box" });
    let fields = "phones { secret phone { id label sipUser } }";
    let made = shop.did(&shop.admin, "createPhones", input, fields).await;
    let phones = made["phones"].as_array().unwrap();
    assert_eq!(phones[2]["phone"]["label"], "Box 3");
    assert_eq!(phones[0]["secret"].as_str().unwrap().len(), 20);
    let phones: Vec<String> = phones.iter().map(|phone| text(&phone["phone"]["id"])).collect();
    let mut cabins = Vec::new();
    for (number, phone) in (1..=2).zip(&phones) {
        let input = json!({ "callshopId": shop.id(), "number": number, "phoneId": phone });
        let made = shop.did(&shop.owner, "createCabin", input, "cabin { id label state }").await;
        assert_eq!(made["cabin"]["state"], "CLOSED");
        cabins.push(text(&made["cabin"]["id"]));
    }
    (cabins, phones)
}

fn register(shop: &InProcess, float: &str, key: &str) -> Value {
    json!({ "callshopId": shop.id(), "float": float, "idempotencyKey": key })
}

async fn open_register(shop: &InProcess, float: &str, key: &str) -> Value {
    let fields = "shift { id number float { amount currency } } cabins { number state }";
    shop.did(&shop.attendant, "openRegister", register(shop, float, key), fields).await
}

fn in_cabin(cabin: &str) -> Value {
    json!({ "cabinId": cabin })
}

fn of_session(session: &str) -> Value {
    json!({ "sessionId": session })
}

async fn open_cabin(shop: &InProcess, cabin: &str) -> String {
    let opened = shop.did(&shop.attendant, "openCabin", in_cabin(cabin), SESSION).await;
    assert_eq!(opened["session"]["state"], "OPEN");
    text(&opened["session"]["id"])
}

fn row_id(id: &str) -> Uuid {
    graphql::scalars::parse_any(&id.into()).unwrap().1
}

/// Inserts a call of 61 seconds to São Paulo. The call is either live, or ended and charged.
async fn insert_call(shop: &InProcess, cabin: &str, session: &str, phone: &str, charge: Option<i64>) -> Uuid {
    let now = shop.app.clock.now();
    let id = Uuid::now_v7();
    let row = call::Model {
        id,
        callshop_id: shop.callshop.id,
        cabin_id: Some(row_id(cabin)),
        session_id: Some(row_id(session)),
        attendant_id: None,
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
        charges: entity::Charges::default(),
        levels: entity::Levels::default(),
        proxy: "p1".to_owned(),
        sip_call_id: "c".to_owned(),
        from_tag: "f".to_owned(),
        to_tag: None,
        hang_up_by: None,
        holds: json!([]),
        extend_at: None,
        warn_after: None,
        ending_soon: false,
        confirmed: 600,
        estimated: false,
        written_off: entity::Micros(0),
        attempt_day: String::new(),
        answer_day: None,
        answered_far: false,
    };
    let row = &row;
    let insert = |tx: store::Tx| async move { calls::insert(tx.conn(), std::slice::from_ref(row)).await };
    shop.app.store.write(insert).await.expect("the call is inserted");
    id
}

async fn end_call(shop: &InProcess, id: Uuid, charge: i64) {
    let now = shop.app.clock.now();
    let end = |tx: store::Tx| async move {
        let call = call::Entity::find_by_id(id).one(tx.conn()).await?.expect("a call");
        let session = call.session_id.expect("a session");
        let call = call::Model {
            state: CallState::Ended,
            ended_at: Some(now),
            talk_seconds: 61,
            billed_seconds: 66,
            charge: entity::Micros(charge),
            ..call
        };
        calls::update(tx.conn(), &[call]).await?;
        let sales = sessions::calls_over(&tx, &[session], now).await?;
        store::ledger::post(tx.conn(), sales).await?;
        Ok(())
    };
    shop.app.store.write(end).await.expect("the call is ended");
}

async fn kinds(shop: &InProcess) -> Vec<&'static str> {
    let rows = activity::after(shop.app.store.reader(), shop.callshop.id, 0, 100).await.expect("activities");
    rows.into_iter().map(|row| row.kind.as_str()).collect()
}

/// Input that settles a session with payments of `(method, amount)`.
fn settlement(session: &str, payments: &[(&str, &str)], key: &str) -> Value {
    let payments: Vec<Value> =
        payments.iter().map(|(method, amount)| json!({ "method": method, "amount": amount })).collect();
    json!({ "sessionId": session, "payments": payments, "idempotencyKey": key })
}

/// Input that closes the register with counts of `(method, amount)`, and carries over the sessions `carried`.
fn closing(shop: &InProcess, counts: &[(&str, &str)], carried: &[&str], key: &str) -> Value {
    let counts: Vec<Value> =
        counts.iter().map(|(method, amount)| json!({ "method": method, "amount": amount })).collect();
    json!({ "callshopId": shop.id(), "counts": counts, "carryOver": carried, "idempotencyKey": key })
}

#[tokio::test]
async fn a_day_from_opening_to_the_z_report() {
    let shop = &start().await;
    let (cabins, phones) = furnish(shop).await;
    assert_eq!(shop.code(&shop.attendant, "openCabin", in_cabin(&cabins[0])).await, "REGISTER_CLOSED");
    open_the_register_once(shop).await;
    let session = use_a_cabin(shop, &cabins[0], &phones[0]).await;
    pay_once(shop, &session).await;
    for (kind, amount, key) in [("PAY_IN", "10", "m1"), ("PAY_OUT", "4.50", "m2"), ("PAY_OUT", "4.50", "m2")]
    {
        let input = json!({ "callshopId": shop.id(), "kind": kind, "amount": amount, "reason": "coins", "idempotencyKey": key });
        shop.did(&shop.attendant, "recordCashMovement", input, "movement { amount { amount } by { name } }")
            .await;
    }
    let x = "xReport(callshopId: $shop) { methods { method expected { amount } sales { amount } } }";
    let seen = query(shop, &shop.attendant, x).await;
    assert_eq!(seen["methods"], json!([]), "attendants must count blind");
    assert_eq!(query(shop, &shop.owner, x).await["methods"][0]["expected"]["amount"], "58.5");
    close_the_register_once(shop).await;
    let current = "currentRegister(callshopId: $shop) { id }";
    assert_eq!(query(shop, &shop.owner, current).await, Value::Null);
    assert_eq!(
        kinds(shop).await,
        [
            "USERS_CHANGED",
            "SETTINGS_CHANGED",
            "PHONE_CHANGED",
            "CABIN_CHANGED",
            "CABIN_CHANGED",
            "REGISTER_OPENED",
            "CABIN_OPENED",
            "CABIN_CLOSING",
            "CABIN_CLOSED",
            "SESSION_SETTLED",
            "CASH_MOVED",
            "CASH_MOVED",
            "REGISTER_CLOSED"
        ]
    );
}

async fn open_the_register_once(shop: &InProcess) {
    let opened = open_register(shop, "50.00", "k1").await;
    assert_eq!(opened["shift"]["number"], "1");
    assert_eq!(opened["cabins"].as_array().unwrap().len(), 2);
    assert_eq!(
        open_register(shop, "50.00", "k1").await["shift"]["id"],
        opened["shift"]["id"],
        "the same key must return the same answer"
    );
    let again = async |key| shop.code(&shop.attendant, "openRegister", register(shop, "1", key)).await;
    assert_eq!(again("k2").await, "REGISTER_OPEN");
    assert_eq!(again("k1").await, "IDEMPOTENCY_CONFLICT");
}

/// Opens a cabin, makes two calls, and closes the cabin during the second call. Returns the session.
async fn use_a_cabin(shop: &InProcess, cabin: &str, phone: &str) -> String {
    let session = open_cabin(shop, cabin).await;
    assert_eq!(shop.code(&shop.attendant, "openCabin", in_cabin(cabin)).await, "CABIN_OCCUPIED");
    insert_call(shop, cabin, &session, phone, Some(4_224_400)).await;
    let live = insert_call(shop, cabin, &session, phone, None).await;
    let document = "query($cabin: ID!) { cabin(id: $cabin) { state phoneOnline currentSession { id } } }";
    let seen = shop.ok(&shop.attendant, document, json!({ "cabin": cabin })).await;
    assert_eq!(seen["cabin"]["state"], "IN_CALL");
    assert_eq!(seen["cabin"]["currentSession"]["id"], session.as_str());

    let close = |mode: &str| json!({ "cabinId": cabin, "mode": mode });
    assert_eq!(shop.code(&shop.attendant, "closeCabin", close("REFUSE")).await, "ILLEGAL_STATE");
    let closing = shop.did(&shop.attendant, "closeCabin", close("DRAIN"), SESSION).await;
    assert_eq!(closing["session"]["state"], "CLOSING");
    assert_eq!(closing["session"]["total"], Value::Null);
    let early = settlement(&session, &[("CASH", "10")], "s0");
    assert_eq!(shop.code(&shop.attendant, "settleSession", early).await, "ILLEGAL_STATE");
    end_call(shop, live, 1_000_000).await;

    let document = "query($session: ID!) { session(id: $session) { state total { amount } statement { \
        calls { number destination billedSeconds amount { amount } } totalsByDestination { destination calls billedSeconds } \
        callsTotal { amount } rounding { amount } total { amount currency } currency } } }";
    let done = shop.ok(&shop.attendant, document, json!({ "session": session })).await["session"].take();
    assert_eq!(done["state"], "CLOSED");
    assert_eq!(done["total"]["amount"], "5.22");
    assert_eq!(done["statement"]["callsTotal"]["amount"], "5.2244");
    assert_eq!(done["statement"]["rounding"]["amount"], "-0.0044");
    assert_eq!(done["statement"]["calls"][0]["number"], "+55 11 3254-7698");
    assert_eq!(
        done["statement"]["totalsByDestination"],
        json!([{"destination": "Brazil", "calls": 2, "billedSeconds": 132}])
    );
    session
}

async fn pay_once(shop: &InProcess, session: &str) {
    for (method, amount, code) in
        [("CASH", "5.21", "UNDERPAID"), ("CARD", "5.23", "OVERPAID"), ("CASH", "5.221", "INVALID_INPUT")]
    {
        let input = settlement(session, &[(method, amount)], "s1");
        assert_eq!(shop.code(&shop.attendant, "settleSession", input).await, code);
    }
    let fields = "session { state receiptNumber payments { method amount { amount } } settledBy { name } } change { amount }";
    let pay = settlement(session, &[("PIX", "2.22"), ("CASH", "5.00")], "s1");
    for _ in 0..2 {
        let paid = shop.did(&shop.attendant, "settleSession", pay.clone(), fields).await;
        assert_eq!(paid["change"]["amount"], "2");
        assert_eq!(paid["session"]["receiptNumber"], "1");
        assert_eq!(paid["session"]["settledBy"]["name"], "ana");
        assert_eq!(
            paid["session"]["payments"],
            json!([{"method": "CASH", "amount": {"amount": "3"}}, {"method": "PIX", "amount": {"amount": "2.22"}}])
        );
    }
}

async fn close_the_register_once(shop: &InProcess) {
    let cash = ("CASH", "58.00");
    assert_eq!(
        shop.code(&shop.attendant, "closeRegister", closing(shop, &[cash], &[], "z")).await,
        "INVALID_INPUT",
        "PIX was not counted"
    );
    let fields = "shift { closedBy { name } zReport { shiftNumber \
        methods { method expected { amount } counted { amount } variance { amount } } \
        callsTotal { amount } rounding { amount } salesTotal { amount } salesByCabin { number calls amount { amount } } \
        salesByDestination { destination calls } salesByAttendant { name sessions amount { amount } } openItems { state } } }";
    let input = closing(shop, &[cash, ("PIX", "2.22")], &[], "z");
    for _ in 0..2 {
        let closed = shop.did(&shop.attendant, "closeRegister", input.clone(), fields).await["shift"].take();
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
}

#[tokio::test]
async fn open_items_keep_the_register_open_until_they_are_carried_over_and_paid_later() {
    let shop = &start().await;
    let (cabins, phones) = furnish(shop).await;
    open_register(shop, "0", "k1").await;
    let session = open_cabin(shop, &cabins[0]).await;
    let close = |carried: &[&str], key: &str| closing(shop, &[("CASH", "0")], carried, key);
    assert_eq!(
        shop.code(&shop.owner, "closeRegister", close(&[&session], "z1")).await,
        "OPEN_ITEMS",
        "an open cabin must not be carried over"
    );
    insert_call(shop, &cabins[0], &session, &phones[0], Some(1_500_000)).await;
    let closed = shop.did(&shop.attendant, "closeCabin", of_session(&session), SESSION).await;
    assert_eq!(closed["session"]["total"]["amount"], "1.5");
    assert_eq!(shop.code(&shop.attendant, "closeCabin", of_session(&session)).await, "ILLEGAL_STATE");
    assert_eq!(shop.code(&shop.owner, "closeRegister", close(&[], "z2")).await, "OPEN_ITEMS");
    let fields =
        "shift { number zReport { salesTotal { amount } openItems { cabinNumber total { amount } } } }";
    let closed = shop.did(&shop.owner, "closeRegister", close(&[&session], "z3"), fields).await;
    let open_items = &closed["shift"]["zReport"]["openItems"];
    assert_eq!(*open_items, json!([{"cabinNumber": 1, "total": {"amount": "1.5"}}]));

    let pay = settlement(&session, &[("CASH", "1.5")], "s1");
    assert_eq!(shop.code(&shop.attendant, "settleSession", pay.clone()).await, "REGISTER_CLOSED");
    assert_eq!(open_register(shop, "0", "k2").await["shift"]["number"], "2");
    let paid = shop.did(&shop.attendant, "settleSession", pay, "session { state }").await;
    assert_eq!(paid["session"]["state"], "SETTLED");
    let x = query(shop, &shop.owner, "xReport(callshopId: $shop) { salesTotal { amount } }").await;
    assert_eq!(x["salesTotal"]["amount"], "1.5", "a sale must belong to the shift that settles it");
    let list = "registerShifts(callshopId: $shop, first: 5) { nodes { number } }";
    let shifts = async |actor| query(shop, actor, list).await["nodes"].as_array().unwrap().len();
    assert_eq!(shifts(&shop.owner).await, 2);
    assert_eq!(shifts(&shop.attendant).await, 2, "the attendant opened both shifts, and must see both");
}

#[tokio::test]
async fn a_customer_moves_but_not_during_a_call_and_a_mistake_is_voided() {
    let shop = &start().await;
    let (cabins, phones) = furnish(shop).await;
    open_register(shop, "0", "k").await;
    let session = open_cabin(shop, &cabins[0]).await;
    let go = json!({ "sessionId": session, "cabinId": cabins[1] });
    let other = open_cabin(shop, &cabins[1]).await;
    assert_eq!(shop.code(&shop.attendant, "moveSession", go.clone()).await, "CABIN_OCCUPIED");
    let voided = shop.did(&shop.attendant, "voidSession", of_session(&other), SESSION).await;
    assert_eq!(voided["session"]["state"], "VOIDED");
    let call = insert_call(shop, &cabins[0], &session, &phones[0], None).await;
    assert_eq!(shop.code(&shop.attendant, "moveSession", go.clone()).await, "ILLEGAL_STATE");
    let remove = json!({ "phoneId": phones[0] });
    assert_eq!(shop.code(&shop.admin, "assignPhone", remove).await, "ILLEGAL_STATE");
    let displace = json!({ "phoneId": phones[2], "cabinId": cabins[0] });
    assert_eq!(shop.code(&shop.admin, "assignPhone", displace).await, "ILLEGAL_STATE");
    end_call(shop, call, 0).await;
    let moved = shop.did(&shop.attendant, "moveSession", go, SESSION).await;
    assert_eq!(moved["session"]["cabin"], json!({"number": 2, "state": "OPEN"}));
    let void = shop.code(&shop.attendant, "voidSession", of_session(&session)).await;
    assert_eq!(void, "ILLEGAL_STATE", "a session with a call cannot be voided");
    change_limits(shop, &session).await;

    let retire = in_cabin(&cabins[1]);
    assert_eq!(shop.code(&shop.owner, "retireCabin", retire.clone()).await, "ILLEGAL_STATE");
    shop.did(&shop.attendant, "closeCabin", of_session(&session), SESSION).await;
    shop.did(&shop.owner, "retireCabin", retire, "cabin { id }").await;
    let left = query(shop, &shop.owner, "cabins(callshopId: $shop, first: 9) { nodes { number } }").await;
    assert_eq!(left["nodes"], json!([{"number": 1}]));
    let list = "sessions(callshopId: $shop, filter: { states: [CLOSED] }, first: 9) { nodes { state cabin { number } } }";
    let closed = query(shop, &shop.owner, list).await;
    assert_eq!(closed["nodes"], json!([{"state": "CLOSED", "cabin": {"number": 2}}]));
}

async fn change_limits(shop: &InProcess, session: &str) {
    let both = json!({ "sessionId": session, "spendingLimit": "20", "timeLimitSeconds": 600 });
    let set = shop.did(&shop.attendant, "updateSessionLimits", both, SESSION).await;
    assert_eq!(set["session"]["timeLimitSeconds"], 600);
    let endless = json!({ "sessionId": session, "timeLimitSeconds": null });
    let set = shop.did(&shop.attendant, "updateSessionLimits", endless, SESSION).await["session"].take();
    assert_eq!((&set["spendingLimit"]["amount"], &set["timeLimitSeconds"]), (&json!("20"), &Value::Null));
    let negative = json!({ "sessionId": session, "spendingLimit": "-1" });
    assert_eq!(shop.code(&shop.attendant, "updateSessionLimits", negative).await, "INVALID_INPUT");
}

#[tokio::test]
async fn phones_change_cabins_and_blocked_or_missing_ones_keep_a_cabin_closed() {
    let shop = &start().await;
    let (cabins, phones) = furnish(shop).await;
    open_register(shop, "0", "k").await;
    let assign = json!({ "phoneId": phones[0], "cabinId": cabins[1] });
    let moved = shop.did(&shop.admin, "assignPhone", assign, "phone { cabin { number } }").await;
    assert_eq!(moved["phone"]["cabin"]["number"], 2);
    let list = "phones(callshopId: $shop, first: 9) { nodes { label cabin { number } } }";
    assert_eq!(
        query(shop, &shop.owner, list).await["nodes"],
        json!([{"label": "Box 1", "cabin": {"number": 2}}, {"label": "Box 2", "cabin": null}, {"label": "Box 3", "cabin": null}])
    );
    let open = async |cabin: &str| shop.code(&shop.attendant, "openCabin", in_cabin(cabin)).await;
    assert_eq!(open(&cabins[0]).await, "CABIN_WITHOUT_PHONE");
    let phone = json!({ "phoneId": phones[0] });
    let blocked = shop.did(&shop.admin, "blockPhone", phone.clone(), "phone { blockedAt }").await;
    assert_ne!(blocked["phone"]["blockedAt"], Value::Null);
    assert_eq!(open(&cabins[1]).await, "ILLEGAL_STATE");
    shop.did(&shop.admin, "unblockPhone", phone.clone(), "phone { blockedAt }").await;
    let out = |out: bool| json!({ "cabinId": cabins[1], "outOfService": out });
    let closed = shop.did(&shop.owner, "updateCabin", out(true), "cabin { state }").await;
    assert_eq!(closed["cabin"]["state"], "OUT_OF_SERVICE");
    assert_eq!(open(&cabins[1]).await, "ILLEGAL_STATE");
    shop.did(&shop.owner, "updateCabin", out(false), "cabin { state }").await;
    accounts::set_suspended(&shop.app, &shop.admin, shop.callshop.id, true).await.unwrap();
    assert_eq!(open(&cabins[1]).await, "SUSPENDED");
    accounts::set_suspended(&shop.app, &shop.admin, shop.callshop.id, false).await.unwrap();
    open_cabin(shop, &cabins[1]).await;
    assert_eq!(shop.code(&shop.owner, "updateCabin", out(true)).await, "ILLEGAL_STATE");
    let number = json!({ "cabinId": cabins[1], "number": 1 });
    assert_eq!(shop.code(&shop.owner, "updateCabin", number).await, "ALREADY_EXISTS");

    let first = shop.did(&shop.admin, "rotatePhoneSecret", phone.clone(), "secret").await;
    assert_ne!(first, shop.did(&shop.admin, "rotatePhoneSecret", phone, "secret").await);
}

#[tokio::test]
async fn each_role_does_its_own_and_strangers_find_nothing() {
    let shop = &start().await;
    let (cabins, phones) = furnish(shop).await;
    let create = |count: u32| json!({ "callshopId": shop.id(), "count": count });
    assert_eq!(shop.error(&shop.owner, "createPhones", create(1)).await, "FORBIDDEN");
    assert_eq!(shop.code(&shop.admin, "createPhones", create(101)).await, "INVALID_INPUT");
    assert_eq!(shop.error(&shop.admin, "openRegister", register(shop, "1", "k")).await, "FORBIDDEN");
    let cabin = json!({ "callshopId": shop.id(), "number": 9 });
    assert_eq!(shop.error(&shop.attendant, "createCabin", cabin).await, "FORBIDDEN");
    let secrets = "query($phone: ID!) { phone(id: $phone) { label online sipUser } }";
    let phone = json!({ "phone": phones[0] });
    assert_eq!(shop.error_of(&shop.attendant, secrets, phone.clone()).await, "FORBIDDEN");
    let seen = shop.ok(&shop.owner, secrets, phone).await;
    assert_eq!(seen["phone"]["sipUser"].as_str().unwrap().len(), 12);
    assert!(!shop.attendant.may(Right::ManageCabins));
    strangers_find_nothing(shop, &cabins[0], &phones[0]).await;
}

async fn strangers_find_nothing(shop: &InProcess, cabin: &str, phone: &str) {
    let stranger = &shop.stranger().await;
    let document = "query($cabin: ID!, $phone: ID!) { cabin(id: $cabin) { id } phone(id: $phone) { id } }";
    let seen = shop.ok(stranger, document, json!({ "cabin": cabin, "phone": phone })).await;
    assert_eq!(seen, json!({ "cabin": null, "phone": null }));
    assert_eq!(shop.code(stranger, "openCabin", in_cabin(cabin)).await, "NOT_FOUND");
    for list in ["cabins", "phones", "sessions", "registerShifts"] {
        let document =
            format!("query($shop: ID!) {{ {list}(callshopId: $shop, first: 1) {{ nodes {{ id }} }} }}");
        let code = shop.error_of(stranger, &document, json!({ "shop": shop.id() })).await;
        assert_eq!(code, "NOT_FOUND", "{list}");
    }
    open_register(shop, "0", "k").await;
    let session = open_cabin(shop, cabin).await;
    for mutation in ["voidSession", "closeCabin", "updateSessionLimits"] {
        let code = shop.code(stranger, mutation, of_session(&session)).await;
        assert_eq!(code, "NOT_FOUND", "{mutation}");
    }
    assert_eq!(shop.code(stranger, "settleSession", settlement(&session, &[], "s")).await, "NOT_FOUND");
    let document = "query($session: ID!) { statement(sessionId: $session) { currency } }";
    let seen = shop.ok(stranger, document, json!({ "session": session })).await;
    assert_eq!(seen["statement"], Value::Null);
    let found = sessions::find(&shop.app, &shop.owner, row_id(&session)).await.unwrap();
    assert_eq!(found.session.state, SessionState::Open);
}

/// Sends these mutations concurrently. Returns the number of responses with each code (`OK` if there is no code).
async fn at_once(shop: &InProcess, mutations: Vec<(&str, Value)>) -> BTreeMap<String, usize> {
    let sent = mutations.into_iter().map(|(mutation, input)| shop.code(&shop.attendant, mutation, input));
    let mut codes = BTreeMap::new();
    for code in join_all(sent).await {
        let code = if code == "none" { "OK".to_owned() } else { code };
        *codes.entry(code).or_default() += 1;
    }
    codes
}

fn codes<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(code, count)| (code.to_owned(), count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_try_at_once_happens_once() {
    let shop = &start().await;
    let (cabins, _) = furnish(shop).await;
    let open = (0..8).map(|key: usize| ("openRegister", register(shop, "1", &key.to_string())));
    let opened = at_once(shop, open.collect()).await;
    assert_eq!(opened, codes([("OK", 1), ("REGISTER_OPEN", 7)]));

    let entered = at_once(shop, vec![("openCabin", in_cabin(&cabins[0])); 8]).await;
    assert_eq!(entered, codes([("CABIN_OCCUPIED", 7), ("OK", 1)]));

    // two customers want the same free cabin: one wants to move there from another cabin, and the other has just arrived
    let open = open_sessions(shop).await;
    assert_eq!(open.len(), 1);
    let go = json!({ "sessionId": open[0], "cabinId": cabins[1] });
    let taken = at_once(shop, vec![("moveSession", go), ("openCabin", in_cabin(&cabins[1]))]).await;
    assert_eq!(taken, codes([("CABIN_OCCUPIED", 1), ("OK", 1)]));

    // the customer whose request failed uses the other cabin
    let free = query(shop, &shop.owner, "cabins(callshopId: $shop, first: 9) { nodes { id state } }").await;
    for cabin in free["nodes"].as_array().unwrap() {
        if cabin["state"] == "CLOSED" {
            open_cabin(shop, cabin["id"].as_str().unwrap()).await;
        }
    }
    let open = open_sessions(shop).await;
    assert_eq!(open.len(), 2);
    for id in &open {
        let closed = at_once(shop, vec![("closeCabin", of_session(id)); 3]).await;
        assert_eq!(closed, codes([("ILLEGAL_STATE", 2), ("OK", 1)]));
    }

    // both sessions are paid concurrently, each by four requests: two with the same key, and two with different keys
    let keys =
        |index: usize| [format!("a{index}"), format!("a{index}"), format!("b{index}"), format!("c{index}")];
    let pay = open
        .iter()
        .enumerate()
        .flat_map(|(index, id)| keys(index).map(|key| ("settleSession", settlement(id, &[], &key))));
    let paid = at_once(shop, pay.collect()).await;
    let settled = paid["OK"];
    assert!((2..=4).contains(&settled) && paid["ILLEGAL_STATE"] == 8 - settled, "{paid:?}");
    let list =
        "sessions(callshopId: $shop, filter: { states: [SETTLED] }, first: 9) { nodes { receiptNumber } }";
    let nodes = query(shop, &shop.owner, list).await["nodes"].take();
    let numbers: BTreeSet<&str> =
        nodes.as_array().unwrap().iter().map(|node| node["receiptNumber"].as_str().unwrap()).collect();
    assert_eq!(numbers, BTreeSet::from(["1", "2"]), "receipt numbers must be consecutive");
}

/// Ids of the open sessions.
async fn open_sessions(shop: &InProcess) -> Vec<String> {
    let list = "sessions(callshopId: $shop, filter: { states: [OPEN] }, first: 9) { nodes { id } }";
    let sessions = query(shop, &shop.owner, list).await;
    sessions["nodes"].as_array().unwrap().iter().map(|node| text(&node["id"])).collect()
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
