//! Tests Pix: the callshop's key, the code that a customer pays, printed bills, and the references of payments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::shop::{Shop, text, unique};
use tests::{Backend, on_both};

const KEY: &str = "123e4567-e12b-12d1-a456-426655440000";

async fn set(shop: &Shop, mut input: Value) -> Value {
    input["callshopId"] = json!(shop.id);
    let fields = "callshop { pixKey pixName pixCity }";
    shop.owner.tried("updateCallshopSettings", "UpdateCallshopSettingsInput", input, fields).await
}

async fn accept_pix(shop: &Shop) {
    let done =
        set(shop, json!({ "pixKey": KEY, "pixName": "São João Lan House", "pixCity": "São Paulo" })).await;
    assert_eq!(
        done["callshop"],
        json!({ "pixKey": KEY, "pixName": "Sao Joao Lan House", "pixCity": "Sao Paulo" }),
        "{done}"
    );
}

/// The Pix code of a session.
async fn code(shop: &Shop, session: &str, amount: Option<&str>) -> Value {
    let query = "query($id: ID!, $amount: Decimal) { session(id: $id) { pix(amount: $amount) { text qrSvg txid amount { amount currency } } } }";
    shop.attendant.send(query, json!({ "id": session, "amount": amount })).await
}

/// A closed session with a call of 0.06.
async fn closed(shop: &Shop) -> String {
    let session = shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 60_000).await;
    shop.close_cabin(0).await;
    session
}

on_both!(a_pix_key_needs_a_name_and_a_city, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    for (input, field) in [
        (json!({ "pixKey": KEY }), "pixName"),
        (json!({ "pixKey": KEY, "pixName": "Loja" }), "pixCity"),
        (json!({ "pixName": "Loja" }), "pixName"),
        (json!({ "pixKey": "11987654321", "pixName": "Loja", "pixCity": "Natal" }), "pixKey"),
        (
            json!({ "pixKey": KEY, "pixName": "a name of more than 25 letters", "pixCity": "Natal" }),
            "pixName",
        ),
        (json!({ "pixKey": KEY, "pixName": "Loja", "pixCity": "東京" }), "pixCity"),
    ] {
        let refused = set(&shop, input.clone()).await;
        let error = &refused["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["field"][0]),
            (&json!("INVALID_INPUT"), &json!(field)),
            "{input}: {refused}"
        );
    }
    accept_pix(&shop).await;
    let changed = set(&shop, json!({ "pixKey": "+55 11 98765-4321" })).await;
    assert_eq!(changed["callshop"]["pixKey"], "+5511987654321", "name and city must stay: {changed}");
    let none = set(&shop, json!({ "pixKey": null })).await;
    assert_eq!(none["callshop"], json!({ "pixKey": null, "pixName": null, "pixCity": null }));
    // Pix pays only in reais
    let mut input =
        json!({ "name": unique("branch"), "currency": "EUR", "country": "PT", "timeZone": "Europe/Lisbon" });
    input["user"] = tests::shop::person();
    let made = shop.admin.did("createDistributor", "CreateDistributorInput", input, "account { id }").await;
    let input = json!({ "parentId": made["account"]["id"], "name": "Loja", "owner": tests::shop::person() });
    let made = shop.admin.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
    let input = json!({ "callshopId": made["callshop"]["id"], "pixKey": KEY, "pixName": "Loja", "pixCity": "Lisboa" });
    let code = shop
        .admin
        .code("updateCallshopSettings", "UpdateCallshopSettingsInput", input, "callshop { id }")
        .await;
    assert_eq!(code, "INVALID_INPUT");
    shop.finish().await;
});

on_both!(a_customer_pays_what_is_due_by_pix, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = closed(&shop).await;
    assert_eq!(code(&shop, &session, None).await["data"]["session"]["pix"], Value::Null, "there is no key");
    accept_pix(&shop).await;
    let due = code(&shop, &session, None).await["data"]["session"]["pix"].take();
    assert_eq!(due["amount"], json!({ "amount": "0.06", "currency": "BRL" }));
    let (code_text, txid) = (text(&due["text"]), text(&due["txid"]));
    for part in [
        "0014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000",
        "54040.06",
        "5918Sao Joao Lan House6009Sao Paulo",
    ] {
        assert!(code_text.contains(part), "{part} in {code_text}");
    }
    assert!(txid.len() == 25 && code_text.contains(&format!("62290525{txid}6304")), "{code_text}");
    assert!(text(&due["qrSvg"]).starts_with("<svg "), "{due}");
    let part = code(&shop, &session, Some("0.02")).await["data"]["session"]["pix"].take();
    assert!(text(&part["text"]).contains("54040.02"), "{part}");
    assert_eq!(text(&part["txid"]), txid);
    for wrong in ["0", "-1", "0.005"] {
        let refused = code(&shop, &session, Some(wrong)).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{wrong}: {refused}");
    }
    let bill = "query($s: ID!, $f: ReceiptFormat!) { printedBill(sessionId: $s, format: $f, locale: \"pt-BR\") { format mediaType fileName text base64 } }";
    let printed = async |format: &str| {
        shop.attendant.ok(bill, json!({ "s": session, "f": format })).await["printedBill"].take()
    };
    let paper = text(&printed("TEXT_80").await["text"]);
    let squeezed: String = paper.split_whitespace().collect();
    let whole: String = code_text.split_whitespace().collect();
    assert!(paper.contains("CONTA") && !paper.contains("RECIBO"), "{paper}");
    assert!(squeezed.contains("APAGARR$0,06") && squeezed.contains(&whole), "{paper}");
    let page = text(&printed("HTML").await["text"]);
    assert!(page.contains("<svg ") && page.contains("<title>CONTA</title>"), "{page}");
    let commands = printed("ESC_POS_80").await;
    assert_eq!(
        (&commands["text"], &commands["mediaType"], &commands["fileName"]),
        (&Value::Null, &json!("application/octet-stream"), &json!("bill.bin"))
    );
    let bytes = STANDARD.decode(text(&commands["base64"])).expect("base64");
    assert!(
        bytes.windows(code_text.len()).any(|part| part == code_text.as_bytes()),
        "the printer must draw the code"
    );
    shop.finish().await;
});

on_both!(a_reference_stays_with_its_payment, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = closed(&shop).await;
    let settle = |payments: Value| json!({ "sessionId": session, "payments": payments, "idempotencyKey": unique("key") });
    for wrong in [
        json!([{ "method": "CASH", "amount": "0.06", "reference": "1" }]),
        json!([{ "method": "CARD", "amount": "0.06", "reference": "1".repeat(65) }]),
    ] {
        let code = shop
            .attendant
            .code("settleSession", "SettleSessionInput", settle(wrong.clone()), "change { amount }")
            .await;
        assert_eq!(code, "INVALID_INPUT", "{wrong}");
    }
    let payments = json!([
        { "method": "CARD", "amount": "0.01", "reference": "NSU 000123" },
        { "method": "CARD", "amount": "0.02", "reference": "NSU 000124" },
        { "method": "PIX", "amount": "0.03", "reference": " E607011902026 " },
    ]);
    let fields = "session { id payments { method amount { amount } reference } } receipt(format: TEXT_58, locale: \"en\") { text fileName }";
    let settled = shop.attendant.did("settleSession", "SettleSessionInput", settle(payments), fields).await;
    let line = |method: &str, amount: &str, reference: &str| json!({ "method": method, "amount": { "amount": amount }, "reference": reference });
    let expected = [
        line("CARD", "0.01", "NSU 000123"),
        line("CARD", "0.02", "NSU 000124"),
        line("PIX", "0.03", "E607011902026"),
    ];
    let paid = settled["session"]["payments"].as_array().expect("payments");
    assert_eq!(paid.len(), 3, "{settled}");
    assert!(expected.iter().all(|line| paid.contains(line)), "{settled}");
    let paper = text(&settled["receipt"]["text"]);
    for part in ["Card                        0.03", "  NSU 000123\n  NSU 000124\n", "  E607011902026\n"] {
        assert!(paper.contains(part), "{part}\n{paper}");
    }
    assert_eq!(settled["receipt"]["fileName"], "receipt-1.txt");
    let report = "references { sessionId method amount { amount } reference }";
    let seen = shop.owner.of_shop("xReport", &shop.id, report).await;
    let references = seen["references"].as_array().expect("references");
    assert_eq!(references.len(), 3, "{seen}");
    assert!(references.iter().all(|line| line["sessionId"] == json!(session)), "{seen}");
    assert_eq!(shop.attendant.of_shop("xReport", &shop.id, report).await["references"], json!([]));
    let counts = json!([{ "method": "CASH", "amount": "100" }, { "method": "CARD", "amount": "0.03" }, { "method": "PIX", "amount": "0.03" }]);
    let input =
        json!({ "callshopId": shop.id, "counts": counts, "carryOver": [], "idempotencyKey": unique("key") });
    let fields = format!("shift {{ zReport {{ {report} }} }}");
    let closed = shop.attendant.did("closeRegister", "CloseRegisterInput", input, &fields).await;
    assert_eq!(closed["shift"]["zReport"]["references"], seen["references"]);
    // a paid session has no Pix code and no printed bill
    accept_pix(&shop).await;
    assert_eq!(code(&shop, &session, Some("1")).await["data"]["session"]["pix"], Value::Null);
    let bill = "query($s: ID!) { printedBill(sessionId: $s, format: PDF) { base64 } }";
    let refused = shop.attendant.send(bill, json!({ "s": session })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "ILLEGAL_STATE", "{refused}");
    // only a receipt for a receipt printer can open the drawer
    let receipt = "query($s: ID!, $f: ReceiptFormat!) { receipt(sessionId: $s, format: $f, openDrawer: true) { base64 } }";
    let opened = shop.owner.ok(receipt, json!({ "s": session, "f": "ESC_POS_58" })).await["receipt"].take();
    assert!(STANDARD.decode(text(&opened["base64"])).expect("base64").starts_with(b"\x1bp\0"), "{opened}");
    let refused = shop.owner.send(receipt, json!({ "s": session, "f": "HTML" })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{refused}");
    shop.finish().await;
});
