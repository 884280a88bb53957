//! Tests sessions until they are paid: deposits, items, discounts, settlement with cash rounding, refunds, and their ledger entries.

use billing::money::Micros;
use chrono::Utc;
use entity::Book;
use graphql::scalars::parse_any;
use serde_json::{Value, json};
use tests::client::input_type;
use tests::shop::{answered_call, text, unique};
use tests::{Client, Shop, on_both};

/// The money fields of a session.
const MONEY: &str = "session { id state mode deposit { amount } total { amount } amountDue { amount } refundDue { amount } refunded { amount } \
    cashRounding { amount } receiptNumber items { itemId description quantity unitPrice { amount } amount { amount } } \
    discounts { itemId description amount { amount } } payments { kind method amount { amount } reason } \
    statement { callsTotal { amount } itemsTotal { amount } discountsTotal { amount } rounding { amount } total { amount } \
    deposit { amount } amountDue { amount } refundDue { amount } items { description quantity amount { amount } } \
    discounts { description amount { amount } } } }";

async fn did(client: &Client, mutation: &str, input: Value) -> Value {
    client.did(mutation, &input_type(mutation), input, MONEY).await["session"].take()
}

async fn code(client: &Client, mutation: &str, input: Value) -> String {
    client.code(mutation, &input_type(mutation), input, "session { id }").await
}

fn with(mut input: Value, more: Value) -> Value {
    if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
        input.extend(more);
    }
    input
}

fn keyed(input: Value) -> Value {
    with(input, json!({ "idempotencyKey": unique("key") }))
}

/// Opens a cabin with a deposit in cash. Returns the session's id.
async fn prepaid(shop: &Shop, index: usize, amount: &str) -> String {
    let input = keyed(json!({ "cabinId": shop.cabins[index], "deposit": { "amount": amount } }));
    let session = did(&shop.attendant, "openCabin", input).await;
    assert_eq!(session["mode"], "PREPAID");
    assert_eq!(session["deposit"]["amount"], amount);
    text(&session["id"])
}

async fn close(shop: &Shop, session: &str) -> Value {
    did(&shop.attendant, "closeCabin", json!({ "sessionId": session })).await
}

fn paying(session: &str, payments: &[(&str, &str)]) -> Value {
    let payments: Vec<Value> =
        payments.iter().map(|(method, amount)| json!({ "method": method, "amount": amount })).collect();
    keyed(json!({ "sessionId": session, "payments": payments }))
}

/// Settles a session. Returns the session and the change.
async fn settle(shop: &Shop, session: &str, payments: &[(&str, &str)]) -> (Value, String) {
    let fields = format!("{MONEY} change {{ amount }}");
    let mut done =
        shop.attendant.did("settleSession", "SettleSessionInput", paying(session, payments), &fields).await;
    (done["session"].take(), text(&done["change"]["amount"]))
}

fn item(session: &str, price: &str, quantity: i32) -> Value {
    keyed(json!({ "sessionId": session, "description": "Water", "quantity": quantity, "unitPrice": price }))
}

fn discount(session: &str, amount: &str) -> Value {
    keyed(json!({ "sessionId": session, "amount": amount, "reason": "a noisy line" }))
}

fn refund(session: &str, amount: &str) -> Value {
    keyed(json!({ "sessionId": session, "amount": amount, "reason": "cut off twice" }))
}

async fn settings(shop: &Shop, change: Value) {
    let input = with(json!({ "callshopId": shop.id }), change);
    shop.owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { id }").await;
}

/// Balance of a callshop's book, as a decimal.
async fn book(shop: &Shop, book: Book) -> String {
    let (_, id) = parse_any(&shop.id.clone().into()).expect("an id");
    let conn = shop.server.app.store.reader();
    let balances = store::ledger::balances(conn, id, book).await.expect("balances");
    balances.get("BRL").copied().unwrap_or(Micros::ZERO).to_string()
}

/// Closes the shift with the expected counts, so that it has no variance. Returns the report.
async fn close_register(shop: &Shop, cash: &str) -> Value {
    let input = keyed(json!({ "callshopId": shop.id, "counts": [{ "method": "CASH", "amount": cash }] }));
    let fields = "shift { zReport { methods { method variance { amount } } } }";
    let closed = shop.owner.did("closeRegister", "CloseRegisterInput", input, fields).await;
    assert_eq!(closed["shift"]["zReport"]["methods"][0]["variance"]["amount"], "0", "{closed}");
    closed
}

on_both!(a_prepaid_customer_gets_the_rest_back, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = prepaid(&shop, 0, "20").await;
    let deposit = json!({ "sessionId": session, "amount": "5.50" });
    let raised = did(&shop.attendant, "addDeposit", keyed(deposit)).await;
    assert_eq!(raised["deposit"]["amount"], "25.5");
    assert_eq!(book(&shop, Book::Deposits).await, "-25.5");
    // 125 s to Portugal are billed as 126 s (60 + 11 * 6); at 0.30 per minute and with a fee of 0.05, they cost 0.68
    shop.call(0, "+351212345678", 125_000).await;
    let closed = close(&shop, &session).await;
    assert_eq!(closed["total"]["amount"], "0.68");
    assert_eq!(closed["amountDue"]["amount"], "0");
    assert_eq!(closed["refundDue"]["amount"], "24.82");
    assert_eq!(closed["statement"]["refundDue"]["amount"], "24.82");
    assert_eq!(book(&shop, Book::Receivable).await, "0.68");
    let (settled, change) = settle(&shop, &session, &[]).await;
    assert_eq!(change, "0");
    assert_eq!(settled["receiptNumber"], "1");
    assert_eq!(
        settled["refundDue"]["amount"], "0",
        "the settlement has already refunded the rest of the deposit"
    );
    let back = json!({ "kind": "DEPOSIT_REFUND", "method": "CASH", "amount": { "amount": "24.82" }, "reason": null });
    assert_eq!(settled["payments"].as_array().map(Vec::len), Some(3));
    assert_eq!(settled["payments"][2], back);
    for (of, holds) in [(Book::Deposits, "0"), (Book::Receivable, "0"), (Book::Sales, "-0.68")] {
        assert_eq!(book(&shop, of).await, holds, "{of:?}");
    }
    assert_eq!(book(&shop, Book::Drawer).await, "100.68");
    close_register(&shop, "100.68").await;
    assert_eq!(book(&shop, Book::Drawer).await, "0");
    shop.finish().await;
});

on_both!(a_drink_while_the_deposit_is_held, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    settings(&shop, json!({ "attendantMaxDiscount": "1" })).await;
    let session = prepaid(&shop, 0, "2").await;
    // the drink is sold during the call; the deposit is for calls only, so the drink is paid separately
    let call = shop.hook().authorize(&shop.phones[0].user, "+12125550123").await;
    assert_eq!(call["allow"], json!(true), "{call}");
    let sold = did(&shop.attendant, "addSessionItem", item(&session, "3.50", 2)).await;
    assert_eq!(sold["items"][0]["amount"]["amount"], "7");
    assert_eq!(sold["statement"]["itemsTotal"]["amount"], "7");
    let deposit = json!({ "sessionId": session, "amount": "1", "method": "PIX" });
    did(&shop.attendant, "addDeposit", keyed(deposit.clone())).await;
    shop.hook().events(&answered_call(&call["ref"], Utc::now(), 100_000)).await;
    let closed = close(&shop, &session).await;
    // 100 s to the United States at 0.06 per minute cost 0.10
    assert_eq!(closed["total"]["amount"], "7.1");
    assert_eq!(closed["amountDue"]["amount"], "4.1");
    assert_eq!(code(&shop.attendant, "addDeposit", keyed(deposit)).await, "ILLEGAL_STATE");
    // a final bill is recomputed: the old sale is reversed, and a new sale is posted
    let less = did(&shop.attendant, "applyDiscount", discount(&session, "0.60")).await;
    assert_eq!(less["total"]["amount"], "6.5");
    assert_eq!(book(&shop, Book::Receivable).await, "6.5");
    assert_eq!(book(&shop, Book::Sales).await, "-6.5");
    let gone = json!({ "sessionId": session, "itemId": less["discounts"][0]["itemId"] });
    assert_eq!(did(&shop.attendant, "removeSessionItem", gone.clone()).await["total"]["amount"], "7.1");
    assert_eq!(did(&shop.attendant, "removeSessionItem", gone).await["total"]["amount"], "7.1", "once");
    let unknown = json!({ "sessionId": session, "itemId": session });
    assert_eq!(code(&shop.attendant, "removeSessionItem", unknown).await, "NOT_FOUND");
    assert_eq!(book(&shop, Book::Receivable).await, "7.1");
    let (settled, change) = settle(&shop, &session, &[("CASH", "5")]).await;
    assert_eq!(change, "0.9");
    assert_eq!(settled["payments"][2]["amount"]["amount"], "4.1");
    assert_eq!(code(&shop.attendant, "addSessionItem", item(&session, "1", 1)).await, "ILLEGAL_STATE");
    assert_eq!(book(&shop, Book::Receivable).await, "0");
    assert_eq!(book(&shop, Book::Deposits).await, "0");
    shop.finish().await;
});

on_both!(cash_is_rounded_and_nothing_else, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    settings(&shop, json!({ "cashStep": "0.05" })).await;
    let session = shop.open_cabin(0).await;
    did(&shop.attendant, "addSessionItem", item(&session, "10.03", 1)).await;
    assert_eq!(close(&shop, &session).await["total"]["amount"], "10.03");
    // after a payment of 4.00 by card, 6.03 is left, which becomes 6.05 in cash
    let short = paying(&session, &[("CARD", "4"), ("CASH", "6.03")]);
    assert_eq!(code(&shop.attendant, "settleSession", short).await, "UNDERPAID");
    let (settled, change) = settle(&shop, &session, &[("CARD", "4"), ("CASH", "10")]).await;
    assert_eq!((change.as_str(), &settled["cashRounding"]["amount"]), ("3.95", &json!("0.02")));
    assert_eq!(book(&shop, Book::Rounding).await, "-0.02");
    // a payment by card alone is exact
    let session = shop.open_cabin(0).await;
    did(&shop.attendant, "addSessionItem", item(&session, "10.03", 1)).await;
    close(&shop, &session).await;
    let (settled, _) = settle(&shop, &session, &[("CARD", "10.03")]).await;
    assert_eq!(settled["cashRounding"]["amount"], "0");
    // the rest of a deposit is refunded in coins that exist, so 20.00 - 12.34 = 7.66 becomes 7.65
    let session = prepaid(&shop, 0, "20").await;
    did(&shop.attendant, "addSessionItem", item(&session, "12.34", 1)).await;
    close(&shop, &session).await;
    let (settled, _) = settle(&shop, &session, &[]).await;
    assert_eq!(settled["cashRounding"]["amount"], "0.01");
    assert_eq!(settled["payments"][1]["amount"]["amount"], "7.65");
    assert_eq!(book(&shop, Book::Rounding).await, "-0.03");
    assert_eq!(book(&shop, Book::Receivable).await, "0");
    let odd = refund(&session, "0.03");
    assert_eq!(code(&shop.owner, "refundSession", odd).await, "INVALID_INPUT", "there are no such coins");
    shop.finish().await;
});

on_both!(discounts_have_a_ceiling, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    did(&shop.attendant, "addSessionItem", item(&session, "10", 1)).await;
    // by default, attendants are not allowed to give discounts
    assert_eq!(code(&shop.attendant, "applyDiscount", discount(&session, "0.01")).await, "CEILING_EXCEEDED");
    settings(&shop, json!({ "attendantMaxDiscount": "3" })).await;
    did(&shop.attendant, "applyDiscount", discount(&session, "2")).await;
    assert_eq!(code(&shop.attendant, "applyDiscount", discount(&session, "1.01")).await, "CEILING_EXCEEDED");
    did(&shop.attendant, "applyDiscount", discount(&session, "1")).await;
    assert_eq!(code(&shop.owner, "applyDiscount", discount(&session, "7.01")).await, "DISCOUNT_TOO_HIGH");
    let free = did(&shop.owner, "applyDiscount", discount(&session, "7")).await;
    assert_eq!(free["statement"]["total"]["amount"], "0");
    let drink = json!({ "sessionId": session, "itemId": free["items"][0]["itemId"] });
    assert_eq!(code(&shop.owner, "removeSessionItem", drink).await, "DISCOUNT_TOO_HIGH");
    assert_eq!(code(&shop.owner, "applyDiscount", discount(&session, "0")).await, "INVALID_INPUT");
    close(&shop, &session).await;
    let (settled, _) = settle(&shop, &session, &[]).await;
    assert_eq!((&settled["state"], &settled["receiptNumber"]), (&json!("SETTLED"), &json!("1")));
    assert_eq!(book(&shop, Book::Receivable).await, "0");
    shop.finish().await;
});

on_both!(refunds_have_a_ceiling_and_an_end, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    settings(&shop, json!({ "attendantMaxRefund": "5" })).await;
    let session = shop.open_cabin(0).await;
    did(&shop.attendant, "addSessionItem", item(&session, "20", 1)).await;
    assert_eq!(code(&shop.owner, "refundSession", refund(&session, "1")).await, "ILLEGAL_STATE");
    close(&shop, &session).await;
    settle(&shop, &session, &[("CARD", "15"), ("CASH", "5")]).await;
    let given = did(&shop.attendant, "refundSession", refund(&session, "4")).await;
    assert_eq!(given["refunded"]["amount"], "4");
    assert_eq!(given["payments"][2]["kind"], "REFUND");
    assert_eq!(given["payments"][2]["reason"], "cut off twice");
    assert_eq!(code(&shop.attendant, "refundSession", refund(&session, "1.01")).await, "CEILING_EXCEEDED");
    assert_eq!(code(&shop.owner, "refundSession", refund(&session, "16.01")).await, "REFUND_TOO_HIGH");
    let by_card = with(refund(&session, "16"), json!({ "method": "CARD" }));
    let given = did(&shop.owner, "refundSession", by_card).await;
    assert_eq!(given["refunded"]["amount"], "20");
    assert_eq!(code(&shop.owner, "refundSession", refund(&session, "0.01")).await, "REFUND_TOO_HIGH");
    assert_eq!(book(&shop, Book::Sales).await, "0");
    // the card terminal took 15 and refunded 16, so its total is negative
    let counts = json!([{ "method": "CASH", "amount": "101" }, { "method": "CARD", "amount": "-1" }]);
    let input = keyed(json!({ "callshopId": shop.id, "counts": counts }));
    let fields = "shift { zReport { methods { method refunds { amount } variance { amount } } } }";
    let closed = shop.owner.did("closeRegister", "CloseRegisterInput", input, fields).await;
    let methods = &closed["shift"]["zReport"]["methods"];
    for (line, refunds) in [(0, "4"), (1, "16")] {
        assert_eq!(methods[line]["refunds"]["amount"], refunds, "{methods}");
        assert_eq!(methods[line]["variance"]["amount"], "0", "{methods}");
    }
    assert_eq!(code(&shop.owner, "refundSession", refund(&session, "1")).await, "REGISTER_CLOSED");
    assert_eq!(book(&shop, Book::Drawer).await, "0");
    shop.finish().await;
});

on_both!(each_act_of_money_happens_once, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    settings(&shop, json!({ "attendantMaxDiscount": "9", "attendantMaxRefund": "9" })).await;
    let twice = async |mutation: &str, input: Value, other: Value| -> Value {
        let first = did(&shop.attendant, mutation, input.clone()).await;
        assert_eq!(did(&shop.attendant, mutation, input.clone()).await, first, "{mutation}");
        let conflict = code(&shop.attendant, mutation, with(input, other)).await;
        assert_eq!(conflict, "IDEMPOTENCY_CONFLICT", "{mutation}");
        first
    };
    let opening = keyed(json!({ "cabinId": shop.cabins[0], "deposit": { "amount": "10" } }));
    let opened = twice("openCabin", opening, json!({ "deposit": { "amount": "11" } })).await;
    let session = text(&opened["id"]);
    let adding = keyed(json!({ "sessionId": session, "amount": "2" }));
    let raised = twice("addDeposit", adding, json!({ "amount": "3" })).await;
    assert_eq!(raised["deposit"]["amount"], "12");
    let sold = twice("addSessionItem", item(&session, "4", 1), json!({ "quantity": 2 })).await;
    assert_eq!(sold["items"].as_array().map(Vec::len), Some(1));
    twice("applyDiscount", discount(&session, "1"), json!({ "amount": "2" })).await;
    close(&shop, &session).await;
    let settled = twice(
        "settleSession",
        paying(&session, &[]),
        json!({ "payments": [{ "method": "CASH", "amount": "1" }] }),
    )
    .await;
    assert_eq!(settled["receiptNumber"], "1");
    let given = twice("refundSession", refund(&session, "2"), json!({ "amount": "1" })).await;
    assert_eq!(given["refunded"]["amount"], "2");
    assert_eq!(book(&shop, Book::Drawer).await, "101");
    // the session was opened by mistake: the deposit is refunded by the method with which it was paid, and the drink is removed from the bill
    let opening = keyed(json!({ "cabinId": shop.cabins[0], "deposit": { "amount": "10", "method": "PIX" } }));
    let session = text(&did(&shop.attendant, "openCabin", opening).await["id"]);
    did(&shop.attendant, "addSessionItem", item(&session, "4", 1)).await;
    close(&shop, &session).await;
    let bare = json!({ "sessionId": session });
    assert_eq!(
        code(&shop.attendant, "voidSession", bare.clone()).await,
        "INVALID_INPUT",
        "money needs an idempotency key"
    );
    let voiding = keyed(bare);
    let voided = did(&shop.attendant, "voidSession", voiding.clone()).await;
    assert_eq!(did(&shop.attendant, "voidSession", voiding).await, voided);
    assert_eq!((&voided["state"], &voided["items"]), (&json!("VOIDED"), &json!([])));
    let back =
        json!({ "kind": "DEPOSIT_REFUND", "method": "PIX", "amount": { "amount": "10" }, "reason": null });
    assert_eq!(voided["payments"][1], back);
    for (of, holds) in
        [(Book::Drawer, "101"), (Book::Deposits, "0"), (Book::Receivable, "0"), (Book::Sales, "-1")]
    {
        assert_eq!(book(&shop, of).await, holds, "{of:?}");
    }
    shop.finish().await;
});

on_both!(what_a_deposit_may_not_be, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let cabin = json!({ "cabinId": shop.cabins[0] });
    let opening = with(cabin.clone(), json!({ "deposit": { "amount": "10" } }));
    assert_eq!(code(&shop.attendant, "openCabin", keyed(opening.clone())).await, "REGISTER_CLOSED");
    shop.open_register().await;
    for wrong in [
        json!({ "deposit": { "amount": "10" } }),
        keyed(json!({ "deposit": { "amount": "0" } })),
        keyed(json!({ "deposit": { "amount": "0.001" } })),
        keyed(json!({ "deposit": { "amount": "10" }, "spendingLimit": "5" })),
        keyed(json!({ "deposit": { "amount": "10" }, "mode": "POSTPAID" })),
        json!({ "mode": "PREPAID" }),
    ] {
        let input = with(cabin.clone(), wrong.clone());
        assert_eq!(code(&shop.attendant, "openCabin", input).await, "INVALID_INPUT", "{wrong}");
    }
    let timed = keyed(with(opening, json!({ "timeLimitSeconds": 60, "mode": "PREPAID" })));
    let session = text(&did(&shop.attendant, "openCabin", timed).await["id"]);
    let limit = json!({ "sessionId": session, "spendingLimit": "5" });
    assert_eq!(code(&shop.attendant, "updateSessionLimits", limit).await, "INVALID_INPUT");
    did(&shop.attendant, "voidSession", keyed(json!({ "sessionId": session }))).await;
    let session = shop.open_cabin(0).await;
    let raise = keyed(json!({ "sessionId": session, "amount": "1" }));
    assert_eq!(code(&shop.attendant, "addDeposit", raise).await, "ILLEGAL_STATE");
    for wrong in [
        json!({ "quantity": 0 }),
        json!({ "quantity": 1000 }),
        json!({ "unitPrice": "-1" }),
        json!({ "unitPrice": "9999999999" }),
    ] {
        let wrong = with(item(&session, "1", 999), wrong);
        assert_eq!(code(&shop.attendant, "addSessionItem", wrong.clone()).await, "INVALID_INPUT", "{wrong}");
    }
    shop.finish().await;
});

on_both!(the_rest_of_a_deposit_goes_back_as_it_came, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    // there is no cash in the drawer
    let input = keyed(json!({ "callshopId": shop.id, "float": "0" }));
    shop.attendant.did("openRegister", "OpenRegisterInput", input, "shift { number }").await;
    settings(&shop, json!({ "cashStep": "0.05" })).await;
    let back = |session: &Value| {
        let payments = session["payments"].as_array().expect("payments");
        let given = payments.iter().filter(|payment| payment["kind"] == "DEPOSIT_REFUND");
        given
            .map(|payment| (text(&payment["method"]), text(&payment["amount"]["amount"])))
            .collect::<Vec<_>>()
    };
    let paid_in_advance = async |first: (&str, &str), more: &[(&str, &str)], price: &str| {
        let opening =
            json!({ "cabinId": shop.cabins[0], "deposit": { "method": first.0, "amount": first.1 } });
        let session = did(&shop.attendant, "openCabin", keyed(opening)).await;
        let id = text(&session["id"]);
        for (method, amount) in more {
            let deposit = json!({ "sessionId": id, "method": method, "amount": amount });
            did(&shop.attendant, "addDeposit", keyed(deposit)).await;
        }
        did(&shop.attendant, "addSessionItem", item(&id, price, 1)).await;
        close(&shop, &id).await;
        id
    };
    // the refund of 20.00 - 12.34 by Pix is exact, even though the drawer is empty
    let session = paid_in_advance(("PIX", "20"), &[], "12.34").await;
    let (settled, _) = settle(&shop, &session, &[]).await;
    assert_eq!(back(&settled), [("PIX".to_owned(), "7.66".to_owned())]);
    assert_eq!(settled["cashRounding"]["amount"], "0");
    assert_eq!(book(&shop, Book::Drawer).await, "12.34");
    // the bill uses cash first; amounts that were paid by card and Pix are refunded by card and Pix, up to the amounts that were paid
    let session = paid_in_advance(("CASH", "5"), &[("PIX", "3"), ("CARD", "2")], "5.01").await;
    let (settled, _) = settle(&shop, &session, &[]).await;
    assert_eq!(back(&settled), [("CARD".to_owned(), "2".to_owned()), ("PIX".to_owned(), "2.99".to_owned())]);
    assert_eq!(settled["cashRounding"]["amount"], "0");
    // only the cash refund is rounded: of 10.00 - 2.34 = 7.66, 3.00 are refunded exactly, and the cash part of 4.66 becomes 4.65 in coins
    let session = paid_in_advance(("CASH", "7"), &[("PIX", "3")], "2.34").await;
    let (settled, _) = settle(&shop, &session, &[]).await;
    assert_eq!(back(&settled), [("PIX".to_owned(), "3".to_owned()), ("CASH".to_owned(), "4.65".to_owned())]);
    assert_eq!(settled["cashRounding"]["amount"], "0.01");
    assert_eq!(
        (book(&shop, Book::Receivable).await, book(&shop, Book::Deposits).await),
        ("0".into(), "0".into())
    );
    let query = "query($s: ID!) { xReport(callshopId: $s) { methods { method deposits { amount } depositRefunds { amount } expected { amount } } } }";
    let report = shop.owner.ok(query, json!({ "s": shop.id })).await;
    let methods = report["xReport"]["methods"].as_array().expect("methods").clone();
    let line = |line: &Value| {
        let amount = |name: &str| text(&line[name]["amount"]);
        (text(&line["method"]), amount("deposits"), amount("depositRefunds"), amount("expected"))
    };
    let lines: Vec<_> = methods.iter().map(line).collect();
    let expected = |method: &str, taken: &str, back: &str, left: &str| {
        (method.to_owned(), taken.to_owned(), back.to_owned(), left.to_owned())
    };
    assert_eq!(
        lines,
        [
            expected("CASH", "12", "4.65", "7.35"),
            expected("CARD", "2", "2", "0"),
            expected("PIX", "26", "13.65", "12.35"),
        ]
    );
    shop.finish().await;
});
