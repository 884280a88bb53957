//! Tests the references of deposits and refunds.

use serde_json::{Value, json};
use tests::shop::{Shop, text, unique};
use tests::{Backend, on_both};

fn opening(shop: &Shop, deposit: Value) -> Value {
    json!({ "cabinId": shop.cabins[0], "deposit": deposit, "idempotencyKey": unique("key") })
}

on_both!(deposits_and_refunds_have_references, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let long = "1".repeat(65);
    for deposit in [
        json!({ "amount": "10", "method": "CASH", "reference": "1" }),
        json!({ "amount": "10", "method": "CARD", "reference": long }),
    ] {
        let refused = shop
            .attendant
            .tried("openCabin", "OpenCabinInput", opening(&shop, deposit.clone()), "session { id }")
            .await;
        let error = &refused["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("INVALID_INPUT"), &json!(["deposit", "reference"])),
            "{deposit}: {refused}"
        );
    }
    let deposit = json!({ "amount": "10", "method": "PIX", "reference": " E607011 " });
    let opened =
        shop.attendant.did("openCabin", "OpenCabinInput", opening(&shop, deposit), "session { id }").await;
    let session = text(&opened["session"]["id"]);
    let more = |method: &str, reference: &str| json!({ "sessionId": session, "amount": "5", "method": method, "reference": reference, "idempotencyKey": unique("key") });
    let refused =
        shop.attendant.code("addDeposit", "AddDepositInput", more("CASH", "7"), "session { id }").await;
    assert_eq!(refused, "INVALID_INPUT");
    shop.attendant.did("addDeposit", "AddDepositInput", more("CARD", "NSU 7"), "session { id }").await;
    shop.call(0, "+13055550123", 60_000).await;
    shop.close_cabin(0).await;
    let input = json!({ "sessionId": session, "payments": [], "idempotencyKey": unique("key") });
    shop.attendant.did("settleSession", "SettleSessionInput", input, "session { id }").await;
    let back = |method: &str, reference: &str| json!({ "sessionId": session, "amount": "0.06", "method": method, "reason": "bad line", "reference": reference, "idempotencyKey": unique("key") });
    let refused =
        shop.owner.code("refundSession", "RefundSessionInput", back("CASH", "9"), "session { id }").await;
    assert_eq!(refused, "INVALID_INPUT");
    let fields = "session { payments { paymentId kind method reference } }";
    let refunded =
        shop.owner.did("refundSession", "RefundSessionInput", back("PIX", "D607011"), fields).await;
    let payments = refunded["session"]["payments"].as_array().expect("payments");
    let referenced: Vec<Value> =
        payments.iter().filter(|payment| !payment["reference"].is_null()).cloned().collect();
    let short = |payment: &Value| json!([payment["kind"], payment["method"], payment["reference"]]);
    let expected =
        json!([["DEPOSIT", "PIX", "E607011"], ["DEPOSIT", "CARD", "NSU 7"], ["REFUND", "PIX", "D607011"],]);
    assert_eq!(json!(referenced.iter().map(short).collect::<Vec<_>>()), expected);
    let query = "query($s: ID!) { receipt(sessionId: $s, format: TEXT_58, locale: \"en\") { text } }";
    let paper = text(&shop.owner.ok(query, json!({ "s": session })).await["receipt"]["text"]);
    for part in ["  E607011\n  NSU 7\n", "  bad line\n  D607011\n"] {
        assert!(paper.contains(part), "{part}\n{paper}");
    }
    let report = "references { paymentId kind method reference }";
    let seen = shop.owner.of_shop("xReport", &shop.id, report).await["references"].take();
    assert_eq!(seen, json!(referenced), "the shift's report has the same payments");
    shop.finish().await;
});
