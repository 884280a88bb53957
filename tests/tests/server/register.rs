//! Tests the register over several shifts. A Z report's content must never change, and must agree with the ledger's drawer.

use std::collections::BTreeMap;

use billing::money::Micros;
use entity::Book;
use graphql::scalars::parse_any;
use serde_json::{Value, json};
use tests::client::input_type;
use tests::shop::{PASSWORD, text, unique};
use tests::{Backend, Client, Shop, on_both};

/// All fields of a report.
const REPORT: &str = "{ shiftNumber methods { method float { amount } sales { amount } deposits { amount } depositRefunds { amount } \
    payIns { amount } payOuts { amount } refunds { amount } expected { amount } counted { amount } variance { amount } } \
    callsTotal { amount } itemsTotal { amount } discountsTotal { amount } rounding { amount } cashRounding { amount } salesTotal { amount } \
    salesByCabin { number calls amount { amount } } salesByDestination { destination calls amount { amount } } \
    salesByAttendant { userId sessions amount { amount } discounts { amount } deposits { amount } depositRefunds { amount } refunds { amount } \
    payIns { amount } payOuts { amount } } openItems { cabinNumber state customer total { amount } deposit { amount } } }";

fn keyed(mut input: Value) -> Value {
    input["idempotencyKey"] = json!(unique("key"));
    input
}

async fn act(shop: &Shop, mutation: &str, input: Value) -> Value {
    shop.attendant.did(mutation, &input_type(mutation), input, "session { id }").await["session"]["id"].take()
}

async fn movement(shop: &Shop, kind: &str, amount: &str) -> String {
    movement_by(&shop.attendant, shop, kind, amount).await
}

async fn movement_by(by: &Client, shop: &Shop, kind: &str, amount: &str) -> String {
    let input = keyed(json!({ "callshopId": shop.id, "kind": kind, "amount": amount, "reason": "change" }));
    by.code("recordCashMovement", "RecordCashMovementInput", input, "movement { kind }").await
}

async fn close(shop: &Shop, counts: &[(&str, &str)], carry_over: &[&Value]) -> (String, Value) {
    let counts: Vec<Value> =
        counts.iter().map(|(method, amount)| json!({ "method": method, "amount": amount })).collect();
    let input = keyed(json!({ "callshopId": shop.id, "counts": counts, "carryOver": carry_over }));
    let fields = format!("shift {{ id zReport {REPORT} }}");
    let mut closed = shop.attendant.did("closeRegister", "CloseRegisterInput", input, &fields).await;
    (text(&closed["shift"]["id"]), closed["shift"]["zReport"].take())
}

async fn z_report(shop: &Shop, shift: &str) -> Value {
    let fields = format!("... on RegisterShift {{ zReport {REPORT} }}");
    shop.owner.object("node", shift, &fields).await["zReport"].take()
}

/// The amounts of some fields of an object.
fn amounts<const N: usize>(object: &Value, fields: [&str; N]) -> [String; N] {
    fields.map(|field| text(&object[field]["amount"]))
}

async fn book(shop: &Shop, book: Book) -> String {
    let (_, id) = parse_any(&shop.id.clone().into()).expect("an id");
    let conn = shop.server.app.store.reader();
    let balances = store::ledger::balances(conn, id, book).await.expect("balances");
    balances.get("BRL").copied().unwrap_or(Micros::ZERO).to_string()
}

/// Contents of a shift's drawer in the ledger, by method.
async fn drawer(shop: &Shop, shift: &str) -> BTreeMap<String, String> {
    let (_, id) = parse_any(&shift.to_owned().into()).expect("an id");
    let conn = shop.server.app.store.reader();
    let sums = store::register::drawer(conn, id).await.expect("a drawer");
    let line = |(method, sum): (entity::PaymentMethod, entity::Micros)| {
        (method.as_str().to_owned(), Micros::from(sum).to_string())
    };
    sums.into_iter().map(line).collect()
}

/// The X report. The expected amounts of an X report must match the ledger.
async fn x_report(shop: &Shop) -> Value {
    let query = format!(
        "query($id: ID!) {{ currentRegister(callshopId: $id) {{ id }} xReport(callshopId: $id) {REPORT} }}"
    );
    let mut data = shop.owner.ok(&query, json!({ "id": shop.id })).await;
    let held = drawer(shop, &text(&data["currentRegister"]["id"])).await;
    let report = data["xReport"].take();
    for line in report["methods"].as_array().expect("methods") {
        let zero = "0".to_owned();
        let held = held.get(line["method"].as_str().unwrap_or_default()).unwrap_or(&zero);
        assert_eq!(line["expected"]["amount"], json!(held), "the report and the ledger of {line}");
    }
    report
}

on_both!(a_deposit_of_one_shift_is_settled_in_the_next_and_refunded_after_its_report, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    let opening =
        keyed(json!({ "cabinId": shop.cabins[0], "customer": "Rosa", "deposit": { "amount": "20" } }));
    let rosa = act(&shop, "openCabin", opening).await;
    // a call of 125 s to Portugal costs 0.68
    shop.call(0, "+351212345678", 125_000).await;
    let water = json!({ "sessionId": rosa, "description": "Water", "unitPrice": "3", "idempotencyKey": unique("key") });
    act(&shop, "addSessionItem", water).await;
    act(&shop, "closeCabin", json!({ "sessionId": rosa })).await;
    assert_eq!(movement(&shop, "PAY_IN", "10").await, "none");
    let too_much = movement_by(&shop.owner, &shop, "PAY_OUT", "130.01").await;
    assert_eq!(too_much, "INSUFFICIENT_CASH", "the drawer must have only 100 + 20 + 10");
    assert_eq!(movement(&shop, "PAY_OUT", "30").await, "none");
    let x = x_report(&shop).await;
    let cash = ["float", "deposits", "payIns", "payOuts", "sales", "expected"];
    assert_eq!(amounts(&x["methods"][0], cash), ["100", "20", "10", "30", "0", "100"]);
    let (first, z) = close(&shop, &[("CASH", "99.50")], &[&rosa]).await;
    assert_eq!(amounts(&z["methods"][0], ["expected", "counted", "variance"]), ["100", "99.5", "-0.5"]);
    let open = json!([{ "cabinNumber": 1, "state": "CLOSED", "customer": "Rosa", "total": { "amount": "3.68" }, "deposit": { "amount": "20" } }]);
    assert_eq!(z["openItems"], open);
    assert_eq!(amounts(&z, ["salesTotal", "callsTotal", "itemsTotal"]), ["0", "0", "0"]);
    let done = amounts(&z["salesByAttendant"][0], ["amount", "deposits", "payIns", "payOuts"]);
    assert_eq!(done, ["0", "20", "10", "30"]);
    assert_eq!(drawer(&shop, &first).await, BTreeMap::from([("CASH".to_owned(), "0".to_owned())]));
    assert_eq!(book(&shop, Book::Variance).await, "0.5", "money is missing");
    assert_eq!(book(&shop, Book::Deposits).await, "-20", "still owed to Rosa");

    shop.open_register().await;
    let settle = keyed(json!({ "sessionId": rosa, "payments": [] }));
    act(&shop, "settleSession", settle).await;
    let x = x_report(&shop).await;
    assert_eq!(
        amounts(&x["methods"][0], ["sales", "deposits", "depositRefunds", "expected"]),
        ["0", "0", "16.32", "83.68"]
    );
    assert_eq!(amounts(&x, ["salesTotal", "callsTotal", "itemsTotal"]), ["3.68", "0.68", "3"]);
    let (second, z) = close(&shop, &[("CASH", "83.68")], &[]).await;
    assert_eq!(z["methods"][0]["variance"]["amount"], "0");
    assert_eq!(z["salesByCabin"], json!([{ "number": 1, "calls": 1, "amount": { "amount": "0.68" } }]));
    assert_eq!(z["openItems"], json!([]));
    for of in [Book::Deposits, Book::Receivable, Book::Drawer] {
        assert_eq!(book(&shop, of).await, "0", "{of:?}");
    }

    shop.open_register().await;
    let refund = keyed(json!({ "sessionId": rosa, "amount": "1.68", "reason": "echo" }));
    shop.owner.did("refundSession", "RefundSessionInput", refund, "session { id }").await;
    let x = x_report(&shop).await;
    assert_eq!(amounts(&x["methods"][0], ["refunds", "expected"]), ["1.68", "98.32"]);
    assert_eq!(x["salesTotal"]["amount"], "0", "a refund must not count as a sale of this shift");
    assert_eq!(z_report(&shop, &second).await, z, "a Z report must never change");
    let (third, z) = close(&shop, &[("CASH", "98.32")], &[]).await;
    assert_eq!(amounts(&z["salesByAttendant"][0], ["refunds", "amount"]), ["1.68", "0"]);
    for shift in [first, second, third] {
        assert_eq!(drawer(&shop, &shift).await["CASH"], "0");
    }
    assert_eq!(book(&shop, Book::Sales).await, "-2");
    // the cash that left the shop is the cash from outside, plus the sales minus the refund (2), minus the missing half unit (0.5)
    assert_eq!(book(&shop, Book::Outside).await, "1.5");
    shop.finish().await;
});

on_both!(reports_add_up_by_method_and_by_person, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    let input = json!({ "callshopId": shop.id, "cashStep": "0.05", "attendantMaxDiscount": "1" });
    shop.owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { id }").await;
    let first = json!(shop.open_cabin(0).await);
    shop.call(0, "+351212345678", 125_000).await;
    let copies = json!({ "sessionId": first, "description": "Copies", "quantity": 7, "unitPrice": "0.50" });
    act(&shop, "addSessionItem", keyed(copies)).await;
    let discount = json!({ "sessionId": first, "amount": "0.40", "reason": "regular" });
    act(&shop, "applyDiscount", keyed(discount)).await;
    act(&shop, "closeCabin", json!({ "sessionId": first })).await;
    // the bill is 0.68 (call) + 3.50 (items) - 0.40 (discount) = 3.78; the customer pays 1.00 by card, and the remaining 2.78 is rounded to 2.80 in
    // cash
    let payments = json!([{ "method": "CARD", "amount": "1" }, { "method": "CASH", "amount": "5" }]);
    act(&shop, "settleSession", keyed(json!({ "sessionId": first, "payments": payments }))).await;
    let second = keyed(json!({ "cabinId": shop.cabins[1], "deposit": { "amount": "8", "method": "PIX" } }));
    let second = act(&shop, "openCabin", second).await;
    let water = json!({ "sessionId": second, "description": "Water", "unitPrice": "3" });
    act(&shop, "addSessionItem", keyed(water)).await;
    act(&shop, "closeCabin", json!({ "sessionId": second })).await;
    let settle = keyed(json!({ "sessionId": second, "payments": [] }));
    shop.owner.did("settleSession", "SettleSessionInput", settle, "session { id }").await;
    let x = x_report(&shop).await;
    let totals = ["callsTotal", "itemsTotal", "discountsTotal", "rounding", "cashRounding", "salesTotal"];
    assert_eq!(amounts(&x, totals), ["0.68", "6.5", "0.4", "0", "0.02", "6.8"]);
    let line = ["sales", "deposits", "depositRefunds", "expected"];
    assert_eq!(amounts(&x["methods"][0], line), ["2.8", "0", "0", "102.8"]);
    assert_eq!(amounts(&x["methods"][1], line), ["1", "0", "0", "1"]);
    // the rest of a deposit is refunded by the method with which the deposit was paid
    assert_eq!(amounts(&x["methods"][2], line), ["0", "8", "5", "3"]);
    let people = x["salesByAttendant"].as_array().expect("people");
    let person = |sessions: i64, amount: &str| {
        people
            .iter()
            .find(|line| line["sessions"] == sessions && line["amount"]["amount"] == amount)
            .expect("a person")
    };
    assert_eq!(people.len(), 2);
    let attendant = amounts(person(1, "3.8"), ["discounts", "deposits", "depositRefunds", "refunds"]);
    assert_eq!(attendant, ["0.4", "8", "0", "0"]);
    assert_eq!(amounts(person(1, "3"), ["discounts", "deposits", "depositRefunds"]), ["0", "0", "5"]);
    let counts = [("CASH", "102.80"), ("CARD", "1"), ("PIX", "3")];
    let (shift, z) = close(&shop, &counts, &[]).await;
    assert_eq!(amounts(&z, totals), amounts(&x, totals));
    for method in drawer(&shop, &shift).await {
        assert_eq!(method.1, "0", "{}", method.0);
    }
    for of in [Book::Deposits, Book::Receivable, Book::Drawer, Book::Variance] {
        assert_eq!(book(&shop, of).await, "0", "{of:?}");
    }
    assert_eq!(book(&shop, Book::Sales).await, "-6.78");
    assert_eq!(book(&shop, Book::Rounding).await, "-0.02");
    assert_eq!(book(&shop, Book::Outside).await, "6.8");
    shop.finish().await;
});

/// Another attendant of the shop.
async fn colleague(shop: &Shop) -> Client {
    let person = json!({ "name": unique("bia"), "displayName": "Bia", "password": PASSWORD });
    let input = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": person });
    let made = shop.owner.did("createUser", "CreateUserInput", input, "user { login }").await;
    shop.owner.login(&text(&made["user"]["login"]), PASSWORD).await
}

/// Every amount in a response.
fn all_amounts(answer: &Value) -> Vec<String> {
    match answer {
        Value::Object(fields) => match fields.get("amount") {
            Some(Value::String(amount)) => vec![amount.clone()],
            _ => fields.values().flat_map(all_amounts).collect(),
        },
        Value::Array(items) => items.iter().flat_map(all_amounts).collect(),
        _ => Vec::new(),
    }
}

/// Opens, closes and settles a prepaid session. The deposit of the session is refunded in cash. Returns the code of a refusal.
async fn deposit_returned(by: &Client, cabin: &str, deposit: &str) -> String {
    let opening = keyed(json!({ "cabinId": cabin, "deposit": { "amount": deposit } }));
    let opened = by.did("openCabin", "OpenCabinInput", opening, "session { id }").await;
    let session = &opened["session"]["id"];
    by.did("closeCabin", "CloseCabinInput", json!({ "sessionId": session }), "session { id }").await;
    let settle = keyed(json!({ "sessionId": session, "payments": [] }));
    by.code("settleSession", "SettleSessionInput", settle, "session { id }").await
}

on_both!(attendants_count_blind, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let bia = colleague(&shop).await;
    let input = keyed(json!({ "callshopId": shop.id, "float": "100" }));
    let fields = "shift { id float { amount } } cabins { id }";
    let opened = shop.attendant.did("openRegister", "OpenRegisterInput", input, fields).await;
    assert_eq!(opened["shift"]["float"], Value::Null);
    assert_eq!(movement(&shop, "PAY_IN", "10").await, "none");
    let session = json!(shop.open_cabin(0).await);
    shop.call(0, "+351212345678", 125_000).await;
    act(&shop, "closeCabin", json!({ "sessionId": session })).await;
    let payments = json!([{ "method": "CASH", "amount": "0.70" }]);
    act(&shop, "settleSession", keyed(json!({ "sessionId": session, "payments": payments }))).await;
    // no query lets an attendant see the open shift's float, movements or totals
    let asked = "query($id: ID!, $shift: ID!) { \
        xReport(callshopId: $id) REPORT \
        currentRegister(callshopId: $id) { float { amount } zReport REPORT movements(first: 9) { nodes { kind amount { amount } reason } } } \
        registerShifts(callshopId: $id, first: 9) { nodes { float { amount } movements(first: 9) { nodes { amount { amount } } } } } \
        node(id: $shift) { ... on RegisterShift { float { amount } movements(first: 9) { nodes { amount { amount } } } } } }"
        .replace("REPORT", REPORT);
    let of_shift = json!({ "id": shop.id, "shift": opened["shift"]["id"] });
    for attendant in [&shop.attendant, &bia] {
        let answer = attendant.ok(&asked, of_shift.clone()).await;
        assert_eq!(all_amounts(&answer), Vec::<String>::new(), "{answer}");
        assert_eq!(answer["currentRegister"]["movements"]["nodes"][0]["reason"], "change");
        assert_eq!(answer["xReport"]["shiftNumber"], "1");
    }
    let answer = shop.owner.ok(&asked, of_shift).await;
    assert_eq!(answer["currentRegister"]["float"]["amount"], "100");
    assert_eq!(answer["xReport"]["methods"][0]["expected"]["amount"], "110.68");

    // only the owner and the attendant who took the money can see a session's payments and receipt
    let paid = "query($id: ID!) { session(id: $id) { total { amount } cashRounding { amount } refunded { amount } payments { amount { amount } } } }";
    let receipt = "query($id: ID!) { receipt(sessionId: $id, format: TEXT_58) { number } }";
    let of = json!({ "id": session });
    for (who, payments) in [(&shop.attendant, 1), (&bia, 0), (&shop.owner, 1)] {
        let answer = who.ok(paid, of.clone()).await;
        assert_eq!(answer["session"]["payments"].as_array().map(Vec::len), Some(payments), "{answer}");
        assert_eq!(answer["session"]["total"]["amount"], "0.68");
        for field in ["cashRounding", "refunded"] {
            assert_eq!(answer["session"][field].is_null(), payments == 0, "{answer}");
        }
        let printed = who.send(receipt, of.clone()).await;
        let code = if payments == 1 { Value::Null } else { json!("FORBIDDEN") };
        assert_eq!(printed["errors"][0]["extensions"]["code"], code, "{printed}");
    }

    // a refused pay-out, refund or deposit return does not reveal how much cash is in the drawer
    assert_eq!(movement_by(&shop.owner, &shop, "PAY_OUT", "110.69").await, "INSUFFICIENT_CASH");
    for amount in ["110.69", "0.01", "500"] {
        assert_eq!(movement_by(&bia, &shop, "PAY_OUT", amount).await, "none");
    }
    assert_eq!(movement_by(&shop.owner, &shop, "PAY_OUT", "0.01").await, "INSUFFICIENT_CASH");
    assert_eq!(deposit_returned(&shop.attendant, &shop.cabins[1], "20").await, "none");
    let limit = json!({ "callshopId": shop.id, "attendantMaxRefund": "1" });
    shop.owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", limit, "callshop { id }").await;
    let refund = keyed(json!({ "sessionId": session, "amount": "0.50", "reason": "echo" }));
    act(&shop, "refundSession", refund).await;

    // the count reveals the expected cash, which is 100 + 10 + 0.68 - 610.70 - 0.50
    let (_, z) = close(&shop, &[("CASH", "0")], &[]).await;
    assert_eq!(amounts(&z["methods"][0], ["float", "expected", "variance"]), ["100", "-500.52", "500.52"]);
    let closed = shop.attendant.shop_list("registerShifts", &shop.id, 1, "float { amount }").await;
    assert_eq!(all_amounts(&json!(closed)), ["100"]);
    let answer = bia.ok(paid, of.clone()).await;
    assert_eq!(
        answer["session"]["payments"].as_array().map(Vec::len),
        Some(2),
        "the amounts must be visible after the count: {answer}"
    );
    bia.ok(receipt, of).await;
    shop.finish().await;
});

on_both!(what_cash_does_is_written_down, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    assert_eq!(movement(&shop, "PAY_IN", "1").await, "none");
    let session = json!(shop.open_cabin(0).await);
    act(&shop, "closeCabin", json!({ "sessionId": session })).await;
    act(&shop, "settleSession", keyed(json!({ "sessionId": session, "payments": [] }))).await;
    close(&shop, &[("CASH", "101")], &[]).await;
    let (_, id) = parse_any(&shop.id.clone().into()).expect("an id");
    let page = store::Page { above: None, below: None, limit: 50, descending: false, counted: false };
    let log = store::audit::list(shop.server.app.store.reader(), id, store::Within::default(), page)
        .await
        .expect("a log")
        .rows;
    let actions: Vec<&str> = log.iter().map(|entry| entry.action.as_str()).collect();
    let done =
        ["openRegister", "recordCashMovement", "openCabin", "closeCabin", "settleSession", "closeRegister"];
    let ours: Vec<&str> = actions.into_iter().filter(|action| done.contains(action)).collect();
    assert_eq!(ours, done);
    shop.finish().await;
});

/// A change to the dial plan writes a row that also contains the next numbers of shifts and receipts, and must not reset these numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shift_numbers_stand_while_the_dial_plan_is_changed_on_postgres() {
    let shop = Shop::start(Backend::Postgres, 1).await;
    for round in 1..=12 {
        let plan = json!({ "callshopId": shop.id, "country": "BR", "areaCode": "11" });
        let plan = shop.reseller.did("setDialPlan", "SetDialPlanInput", plan, "callshop { id }");
        futures_util::future::join(plan, shop.open_register()).await;
        let input = json!({ "callshopId": shop.id, "counts": [{ "method": "CASH", "amount": "100" }], "idempotencyKey": unique("key") });
        let closed =
            shop.attendant.did("closeRegister", "CloseRegisterInput", input, "shift { number }").await;
        assert_eq!(text(&closed["shift"]["number"]), round.to_string());
    }
    shop.finish().await;
}
