//! Tests the summary of a callshop's day, and the parts of it that an attendant may see.

use chrono::{TimeDelta, Utc};
use chrono_tz::America::Sao_Paulo;
use serde_json::{Value, json};
use tests::shop::{PASSWORD, Shop, person, text, unique};
use tests::{Backend, Client, on_both};

const FIGURES: &str = "sessions calls talkSeconds callsTotal { amount } discounts { amount } \
    methods { method sales { amount } deposits { amount } depositRefunds { amount } refunds { amount } } sales { amount } deposits { amount } \
    depositRefunds { amount } refunds { amount } payIns { amount } payOuts { amount }";

/// Today in the shop's time zone.
fn today() -> String {
    Utc::now().with_timezone(&Sao_Paulo).date_naive().to_string()
}

async fn summary(client: &Client, shop: &Shop, day: &str, attendant: Option<&Value>) -> Value {
    let query = format!(
        "query($id: ID!, $day: NaiveDate!, $user: ID) {{ daySummary(callshopId: $id, day: $day, attendantId: $user) \
         {{ day from to blind total {{ {FIGURES} }} attendants {{ attendantId attendant figures {{ {FIGURES} }} }} }} }}"
    );
    client.send(&query, json!({ "id": shop.id, "day": day, "user": attendant })).await
}

async fn seen(client: &Client, shop: &Shop) -> Value {
    let mut answer = summary(client, shop, &today(), None).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["daySummary"].take()
}

/// A paid session with a call of 0.06, an item of 5, and a discount of 1.
async fn sell(shop: &Shop, method: &str) -> String {
    let session = shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 60_000).await;
    let item = json!({ "sessionId": session, "description": "Water", "unitPrice": "5", "idempotencyKey": unique("key") });
    shop.attendant.did("addSessionItem", "AddSessionItemInput", item, "session { id }").await;
    let discount =
        json!({ "sessionId": session, "amount": "1", "reason": "friend", "idempotencyKey": unique("key") });
    shop.owner.did("applyDiscount", "ApplyDiscountInput", discount, "session { id }").await;
    shop.close_cabin(0).await;
    let payment = json!({ "sessionId": session, "payments": [{ "method": method, "amount": "4.06" }], "idempotencyKey": unique("key") });
    shop.attendant.did("settleSession", "SettleSessionInput", payment, "session { id }").await;
    session
}

fn amount(value: &Value) -> String {
    text(&value["amount"])
}

on_both!(a_day_adds_up_and_hides_the_drawer_from_attendants, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    sell(&shop, "CASH").await;
    let session = sell(&shop, "PIX").await;
    let refund = json!({ "sessionId": session, "amount": "2", "method": "PIX", "reason": "noise", "idempotencyKey": unique("key") });
    shop.owner.did("refundSession", "RefundSessionInput", refund, "session { id }").await;
    let movement = json!({ "callshopId": shop.id, "kind": "PAY_IN", "amount": "10", "reason": "change", "idempotencyKey": unique("key") });
    shop.attendant.did("recordCashMovement", "RecordCashMovementInput", movement, "movement { kind }").await;
    // a voided session does not count
    let voided = shop.open_cabin(0).await;
    shop.attendant
        .did("voidSession", "VoidSessionInput", json!({ "sessionId": voided }), "session { id }")
        .await;

    for client in [&shop.owner, &shop.reseller, &shop.admin] {
        let day = seen(client, &shop).await;
        let total = &day["total"];
        assert_eq!((&day["day"], &day["blind"]), (&json!(today()), &json!(false)));
        assert_eq!(
            (&total["sessions"], &total["calls"], &total["talkSeconds"]),
            (&json!(2), &json!(2), &json!(120))
        );
        let sums = [
            "callsTotal",
            "discounts",
            "sales",
            "deposits",
            "depositRefunds",
            "refunds",
            "payIns",
            "payOuts",
        ];
        assert_eq!(
            sums.map(|sum| amount(&total[sum])),
            ["0.12", "2", "8.12", "0", "0", "2", "10", "0"],
            "{day}"
        );
        let methods = total["methods"].as_array().expect("methods");
        let lines: Vec<_> = methods
            .iter()
            .map(|line| (text(&line["method"]), amount(&line["sales"]), amount(&line["refunds"])))
            .collect();
        let line = |method: &str, sales: &str, refunds: &str| {
            (method.to_owned(), sales.to_owned(), refunds.to_owned())
        };
        assert_eq!(lines, [line("CASH", "4.06", "0"), line("PIX", "4.06", "2")]);
        // the owner gave the discounts and the refund, and the attendant did the rest
        let attendants = day["attendants"].as_array().expect("attendants");
        let discounts: Vec<String> =
            attendants.iter().map(|line| amount(&line["figures"]["discounts"])).collect();
        assert!(
            attendants.len() == 2
                && discounts.contains(&"2".to_owned())
                && discounts.contains(&"0".to_owned()),
            "{day}"
        );
    }

    let blind = seen(&shop.attendant, &shop).await;
    let total = &blind["total"];
    assert_eq!((&blind["blind"], &total["sessions"], &total["calls"]), (&json!(true), &json!(2), &json!(2)));
    assert_eq!(
        (amount(&total["callsTotal"]), amount(&total["discounts"])),
        ("0.12".to_owned(), "0".to_owned())
    );
    assert_eq!(total["methods"], json!([]));
    for hidden in ["sales", "deposits", "depositRefunds", "refunds", "payIns", "payOuts"] {
        assert_eq!(total[hidden], Value::Null, "{hidden}: {blind}");
    }
    let own = blind["attendants"].as_array().expect("attendants");
    assert!(own.len() == 1 && own[0]["figures"] == *total, "{blind}");

    let input = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": person() });
    let other = shop.owner.did("createUser", "CreateUserInput", input, "user { id login }").await;
    let refused = summary(&shop.attendant, &shop, &today(), Some(&other["user"]["id"])).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let idle = summary(&shop.owner, &shop, &today(), Some(&other["user"]["id"])).await;
    assert_eq!(idle["data"]["daySummary"]["attendants"], json!([]), "{idle}");
    let one = summary(&shop.owner, &shop, &today(), Some(&own[0]["attendantId"])).await;
    assert_eq!(amount(&one["data"]["daySummary"]["total"]["sales"]), "8.12", "{one}");
    assert_eq!(
        amount(&one["data"]["daySummary"]["total"]["refunds"]),
        "0",
        "the owner made the refund: {one}"
    );

    // after the count, the attendant sees the sales; a colleague, who sold nothing, sees none
    let counts = json!([{ "method": "CASH", "amount": "114.06" }, { "method": "PIX", "amount": "2.06" }]);
    let input =
        json!({ "callshopId": shop.id, "counts": counts, "carryOver": [], "idempotencyKey": unique("key") });
    shop.attendant.did("closeRegister", "CloseRegisterInput", input, "shift { id }").await;
    let counted = seen(&shop.attendant, &shop).await;
    assert_eq!((&counted["blind"], amount(&counted["total"]["sales"])), (&json!(false), "8.12".to_owned()));
    let colleague = Client::anonymous(shop.server.http).login(&text(&other["user"]["login"]), PASSWORD).await;
    assert_eq!(amount(&seen(&colleague, &shop).await["total"]["sales"]), "0");
    shop.finish().await;
});

on_both!(other_days_and_other_shops, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    sell(&shop, "CASH").await;
    let tomorrow = (Utc::now().with_timezone(&Sao_Paulo).date_naive() + TimeDelta::days(1)).to_string();
    let day = summary(&shop.owner, &shop, &tomorrow, None).await["data"]["daySummary"].take();
    assert_eq!((&day["total"]["sessions"], &day["total"]["calls"]), (&json!(0), &json!(0)), "{day}");
    assert_eq!(amount(&day["total"]["sales"]), "0");
    assert_eq!(day["from"], json!(format!("{tomorrow}T03:00:00+00:00")), "midnight in São Paulo");
    let refused = summary(&shop.owner, &shop, "1999-01-01", None).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_INPUT", "{refused}");
    let nobody = summary(&shop.owner, &shop, &today(), Some(&json!("VXNlcjox"))).await;
    assert_eq!(nobody["data"]["daySummary"], Value::Null, "{nobody}");
    shop.finish().await;
});
