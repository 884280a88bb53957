//! The two shifts of the day, and the crash between them.

use super::*;

/// Carla calls, moves to another cabin, and calls again. The bill has copies, two discounts, and three payment methods.
pub(super) async fn morning(day: &Day) -> String {
    let (ana, owner) = (&day.shop.attendant, &day.shop.owner);
    day.at("09:00:00");
    day.open_register(ana, "100").await;
    day.at("09:05:00");
    let carla = day.open(ana, 0, "Carla", None).await;
    day.call(0, US, "09:06:00", 300).await;
    day.at("09:14:00");
    let to = json!({ "sessionId": carla, "cabinId": day.shop.cabins[2] });
    did(ana, "moveSession", to, "session { id }").await;
    assert_eq!(day.refused(0, US).await, "CABIN_CLOSED", "the old cabin is closed");
    // 95 s are billed as 30 + 11 * 6 = 96 s at 0.08 per minute
    day.call(2, SAO_PAULO, "09:15:00", 95).await;
    day.at("09:20:00");
    day.close(ana, &carla, &["0.3", "0.128"], "0.43").await;
    let copies = json!({ "sessionId": carla, "description": "Copies", "quantity": 7, "unitPrice": "0.50" });
    did(ana, "addSessionItem", keyed(copies), SESSION).await;
    let discount = |amount: &str| keyed(json!({ "sessionId": carla, "amount": amount, "reason": "regular" }));
    did(ana, "applyDiscount", discount("0.60"), SESSION).await;
    let more = ana.code("applyDiscount", "ApplyDiscountInput", discount("1"), SESSION).await;
    assert_eq!(more, "CEILING_EXCEEDED");
    let given = did(owner, "applyDiscount", discount("1"), SESSION).await;
    // the bill is 0.428 for calls + 3.50 for copies - 1.60 in discounts = 2.328
    assert_eq!(given["session"]["total"]["amount"], "2.33");
    day.at("09:25:00");
    // the bill of 2.33 less the other payments of 1.50 leaves 0.83, which becomes 0.85 in cash
    let payments = [("CARD", "1"), ("PIX", "0.50"), ("CASH", "2")];
    let (_, settled) = day.settle(ana, &carla, &payments, ("1", "2,33", "1.15")).await;
    let date = day.date.format("%d/%m/%Y").to_string();
    let receipt = text(&settled["receipt"]["text"]).replace(&date, "dd/mm/yyyy").replace(&date[..5], "dd/mm");
    assert_eq!(receipt, CARLAS_RECEIPT, "{receipt}");
    carla
}

/// The receipt, without the date.
const CARLAS_RECEIPT: &str = "        Cabines do Largo
  CNPJ/CPF: 12.345.678/0001-90
--------------------------------
          RECIBO Nº 1
Data            dd/mm/yyyy 09:25
Atendente                    Ana
Cabine                         3
Cliente                    Carla
--------------------------------
Chamadas
+1 305 555-0123             0,30
  Estados Unidos
  dd/mm 09:06:00  5:00
+55 11 98765-4321           0,13
  Sao Paulo
  dd/mm 09:15:00  1:35
--------------------------------
Por destino
Sao Paulo                   0,13
  1 x  1:35
Estados Unidos              0,30
  1 x  5:00
--------------------------------
Outros itens
Copies                      3,50
  7 x  0,50
--------------------------------
Total das chamadas          0,43
Outros itens                3,50
Desconto: regular          -0,60
Desconto: regular          -1,00
TOTAL                    R$ 2,33
Arredondamento em dinheiro  0,02
Dinheiro                    2,00
Cartão                      1,00
Pix                         0,50
Troco                       1,15
--------------------------------
           Obrigado!
";

/// Rosa pays in advance, has a drink, pays more during the call, and gets a refund of the unused deposit. Bruno's call is ended late. Returns
/// Bruno's call.
pub(super) async fn prepaid(day: &Day) -> Value {
    let ana = &day.shop.attendant;
    day.at("10:00:00");
    let rosa = day.open(ana, 1, "Rosa", Some(("CASH", "0.50"))).await;
    let call = day.up(1, PORTUGAL, "10:05:00").await;
    // the first sixty seconds cost 0.35; five further six-second steps cost 0.15 in total
    day.covered(&call, 90).await;
    let water = json!({ "sessionId": rosa, "description": "Water", "unitPrice": "3.50" });
    did(ana, "addSessionItem", keyed(water), SESSION).await;
    assert_eq!(day.row(&call).await.covered, 90, "the deposit must cover calls");
    let raised = json!({ "sessionId": rosa, "amount": "5.50", "method": "CASH" });
    did(ana, "addDeposit", keyed(raised), SESSION).await;
    day.covered(&call, 131).await;
    // 132 s are billed (60 + 12 * 6); with the fee, they cost 0.71
    day.hang_up(&call, "10:05:00", 130).await;
    day.at("10:10:00");
    day.close(ana, &rosa, &["0.71"], "4.21").await;
    // the deposit of 6.00 less the bill of 4.21 leaves 1.79, which becomes a refund of 1.80 in cash
    let (_, settled) = day.settle(ana, &rosa, &[], ("2", "4,21", "0")).await;
    assert_eq!(settled["session"]["cashRounding"]["amount"], "-0.01");

    day.at("10:30:00");
    let bruno = day.open(ana, 3, "Bruno", Some(("PIX", "0.35"))).await;
    let call = day.up(3, PORTUGAL, "10:31:00").await;
    assert_eq!(day.row(&call).await.covered, 60);
    day.at("10:32:01");
    day.told_to_hang_up(&call, "max_duration").await;
    let end = day.end(&call, "10:31:00", 61, ("proxy", "max_duration"));
    assert_eq!(day.shop.hook().events(&[end]).await, ["applied"]);
    // 61 s would be billed as 66 s for 0.38; that is 0.03 more than the sixty covered seconds cost
    assert_eq!(day.row(&call).await.written_off.0, 30_000);
    day.at("10:35:00");
    day.close(ana, &bruno, &["0.35"], "0.35").await;
    day.settle(ana, &bruno, &[], ("3", "0,35", "0")).await;
    call
}

/// The proxy loses Dora's call. The proxy last listed the call one minute after the call was answered. Dora pays for that minute before the call's
/// true end arrives. Returns the call.
pub(super) async fn a_lost_call(day: &Day) -> Value {
    let ana = &day.shop.attendant;
    day.at("11:00:00");
    let dora = day.open(ana, 0, "Dora", None).await;
    let call = day.up(0, US, "11:01:00").await;
    let last_seen = day.at("11:02:00");
    assert_eq!(lost(day, &call, last_seen).await, [EventResult::Applied]);
    let problems = day.problems(&day.shop.owner, &day.shop.id).await;
    assert_eq!(problems["END_ESTIMATED"], [call_id(&call)]);
    assert_eq!(problems.keys().collect::<Vec<_>>(), ["END_ESTIMATED", "WRITTEN_OFF"]);
    day.at("11:10:00");
    day.close(ana, &dora, &["0.06"], "0.06").await;
    day.settle(ana, &dora, &[("CASH", "0.05")], ("4", "0,06", "0")).await;
    day.at("11:30:00");
    let end = day.end(&call, "11:01:00", 70, ("callee", "bye"));
    assert_eq!(day.shop.hook().events(&[end]).await, ["applied"]);
    let row = day.row(&call).await;
    assert_eq!((row.estimated, row.charge.0, row.written_off.0), (false, 60_000, 10_000));
    call
}

/// Reports a lost call to the server, with the time when the proxy last listed the call. In production, reconciliation sends such a report.
async fn lost(day: &Day, call: &Value, last_seen: DateTime<Utc>) -> Vec<EventResult> {
    let stop = CancellationToken::new();
    let (writer, writing) = CallWriter::start(day.shop.server.app.clone(), stop.clone());
    let reference = text(call).parse().expect("a ref");
    let body = EventBody::Call { reference, to_tag: None, kind: CallEventKind::Lost };
    let event = ProxyEvent { eid: unique("lost"), at: last_seen, proxy: "test".to_owned(), body };
    let results = writer.apply(vec![event]).await.expect("the event is applied");
    stop.cancel();
    writing.await.expect("the writer stops");
    results
}

/// The reseller takes the credit back. Eva's call is refused until there is credit again. Returns Eva's session.
pub(super) async fn credit_runs_out(day: &Day) -> String {
    let shop = &day.shop;
    // the calls so far have cost the shop 0.20 + 0.1108 + 0.4333 + 0.20 + 0.0467 = 0.9908 of its credit of 500
    let money = |amount: &str| json!({ "amount": amount, "currency": "BRL" });
    day.at("11:35:00");
    let taken = json!({ "accountId": shop.id, "amount": money("-499.0062"), "reason": "an invoice that was not paid" });
    did(&shop.reseller, "adjustCredit", keyed(taken), "transferId").await;
    assert_eq!(balance(day).await, ["0.003", "0"]);
    day.at("11:36:00");
    let eva = day.open(&shop.attendant, 1, "Eva", None).await;
    // a second of a call to Portugal costs the shop 0.0033
    assert_eq!(day.refused(1, PORTUGAL).await, "NO_CREDIT");
    let given = json!({ "accountId": shop.id, "amount": money("299.997"), "note": "paid" });
    did(&shop.reseller, "topUp", keyed(given), "balance { amount }").await;
    assert_eq!(balance(day).await, ["300", "0"]);
    day.call(1, PORTUGAL, "11:40:00", 30).await;
    eva
}

/// The shop's credit balance, and the amount that live calls reserve.
pub(super) async fn balance(day: &Day) -> [String; 2] {
    let found = day.shop.owner.object("callshop", &day.shop.id, "balance { amount } held { amount }").await;
    ["balance", "held"].map(|field| text(&found[field]["amount"]))
}

/// The server goes down while Eva and Fabio talk. Later, the server goes down between Gil's payment and the response to it. Returns Fabio's session
/// and call.
pub(super) async fn noon(mut day: Day, eva: &str) -> (Day, String, Value) {
    let ana = day.shop.attendant.clone();
    day.at("11:45:00");
    let gil = day.open(&ana, 2, "Gil", None).await;
    // the call is billed as 30 + 3 * 6 = 48 s at 0.08 per minute
    day.call(2, SAO_PAULO, "11:46:00", 45).await;
    day.at("11:50:00");
    let fabio = day.open(&ana, 0, "Fabio", None).await;
    day.at("11:52:00");
    day.close(&ana, &gil, &["0.064"], "0.06").await;
    let eva_talks = day.up(1, US, "11:58:00").await;
    let fabio_talks = day.up(0, BRAZIL, "11:59:00").await;
    let (input, settled) = day.settle(&ana, &gil, &[("CASH", "0.10")], ("5", "0,06", "0.05")).await;
    day.at("12:00:00");
    let stopped = day.shop.server.pause().await;
    day.shop.server = stopped.start().await;
    day.at("12:10:00");
    let again = did(&ana, "settleSession", input, SETTLED).await;
    assert_eq!(again, settled, "the same key must return the same answer");
    // the proxy lost Fabio's call in the outage. The proxy resends the events that it kept (twice if the response was lost), and then sends all
    // events once more
    let lost_at = day.instant("12:02:00");
    assert_eq!(lost(&day, &fabio_talks, lost_at).await, [EventResult::Applied]);
    let eva_ends = day.end(&eva_talks, "11:58:00", 420, ("callee", "bye"));
    let kept = [eva_ends.clone(), event("boot", &Value::Null, lost_at, json!({})), eva_ends];
    assert_eq!(day.shop.hook().events(&kept).await, ["applied", "applied", "duplicate"]);
    assert_eq!(day.shop.hook().events(&kept).await, ["duplicate"; 3]);
    day.at("12:15:00");
    // the bill covers three of the four minutes of the call
    day.close(&ana, &fabio, &["0.36"], "0.36").await;
    let last = day.up(1, US, "12:19:00").await;
    day.at("12:19:30");
    let drain = json!({ "cabinId": day.shop.cabins[1], "mode": "DRAIN" });
    let closing = did(&ana, "closeCabin", drain, SESSION).await;
    assert_eq!(closing["session"]["state"], "CLOSING");
    assert_eq!(day.refused(1, US).await, "PHONE_BUSY");
    day.hang_up(&last, "12:19:00", 90).await;
    day.stated(&session(&ana, eva).await, &["0.35", "0.42", "0.09"], "0.86");
    day.at("12:25:00");
    day.settle(&ana, eva, &[("CASH", "1")], ("6", "0,86", "0.15")).await;
    (day, fabio, fabio_talks)
}

/// Two units are missing from the drawer, and Fabio has not paid.
pub(super) async fn end_of_first_shift(day: &Day, fabio: &str) -> String {
    let ana = &day.shop.attendant;
    day.at("12:30:00");
    day.movement(ana, "PAY_IN", "20").await;
    day.at("13:00:00");
    day.movement(ana, "PAY_OUT", "30").await;
    day.at("14:00:00");
    let blind = ana.of_shop("xReport", &day.shop.id, &format!("... on RegisterReport {REPORT}")).await;
    assert_eq!(blind["methods"], json!([]), "attendants must count blind");
    let counts = [("CASH", "94"), ("CARD", "1"), ("PIX", "0.85")];
    let open =
        ana.code("closeRegister", "CloseRegisterInput", day.counts(&counts, &[]), "shift { id }").await;
    assert_eq!(open, "OPEN_ITEMS");
    let (shift, z) = day.close_register(ana, day.counts(&counts, &[fabio])).await;
    // the cash is from Carla (0.85), Dora (0.05), Gil (0.05), Eva (0.85), and Rosa (her deposits, less her refund)
    let expected = json!({
        "shiftNumber": "1",
        "methods": [
            { "method": "CASH", "float": "100", "sales": "1.8", "deposits": "6", "depositRefunds": "1.8", "payIns": "20", "payOuts": "30",
              "refunds": "0", "expected": "96", "counted": "94", "variance": "-2" },
            { "method": "CARD", "float": "0", "sales": "1", "deposits": "0", "depositRefunds": "0", "payIns": "0", "payOuts": "0",
              "refunds": "0", "expected": "1", "counted": "1", "variance": "0" },
            { "method": "PIX", "float": "0", "sales": "0.5", "deposits": "0.35", "depositRefunds": "0", "payIns": "0", "payOuts": "0",
              "refunds": "0", "expected": "0.85", "counted": "0.85", "variance": "0" },
        ],
        // the prices of the calls are 0.428 + 0.71 + 0.35 + 0.06 + 0.064 + 0.86; the items are Carla's copies and Rosa's water
        "callsTotal": "2.472", "itemsTotal": "7", "discountsTotal": "1.6",
        // rounding the statements adds 0.002 for Carla and -0.004 for Gil; rounding the cash adds 0.02 for Carla, and -0.01 each for Rosa, Dora, Gil
        // and Eva
        "rounding": "-0.002", "cashRounding": "-0.02",
        // the sales are the six bills, 2.33 + 4.21 + 0.35 + 0.06 + 0.06 + 0.86, plus the cash rounding of -0.02
        "salesTotal": "7.85",
        "salesByCabin": [
            { "number": 1, "calls": 2, "amount": "0.36" },
            { "number": 2, "calls": 4, "amount": "1.57" },
            { "number": 3, "calls": 2, "amount": "0.192" },
            { "number": 4, "calls": 1, "amount": "0.35" },
        ],
        "salesByDestination": [
            { "destination": "Portugal", "calls": 3, "billedSeconds": 132 + 60 + 60, "amount": "1.41" },
            { "destination": "Sao Paulo", "calls": 2, "billedSeconds": 96 + 48, "amount": "0.192" },
            { "destination": "United States", "calls": 4, "billedSeconds": 300 + 60 + 420 + 90, "amount": "0.87" },
        ],
        "salesByAttendant": [
            { "name": "Ana", "sessions": 6, "amount": "7.85", "discounts": "0.6", "deposits": "6.35", "depositRefunds": "1.8",
              "refunds": "0", "payIns": "20", "payOuts": "30" },
            { "name": "Somebody", "sessions": 0, "amount": "0", "discounts": "1", "deposits": "0", "depositRefunds": "0",
              "refunds": "0", "payIns": "0", "payOuts": "0" },
        ],
        "openItems": [{ "cabinNumber": 1, "state": "CLOSED", "customer": "Fabio", "total": "0.36", "deposit": "0" }],
    });
    assert_eq!(z, expected, "{z:#}");
    shift
}

/// During Bia's shift, Carla complains about the morning, Fabio pays, and Hugo's call is hung up as the cabin closes.
pub(super) async fn afternoon(day: &Day, carla: &str, (fabio, fabios_call): (&str, &Value)) {
    let bia = &day.bia;
    day.at("14:05:00");
    day.open_register(bia, "50").await;
    day.at("14:10:00");
    let refund = |amount: &str| keyed(json!({ "sessionId": carla, "amount": amount, "reason": "echo" }));
    let given = did(bia, "refundSession", refund("1"), SESSION).await;
    assert_eq!(given["session"]["refunded"]["amount"], "1");
    let more = bia.code("refundSession", "RefundSessionInput", refund("1.05"), SESSION).await;
    assert_eq!(more, "CEILING_EXCEEDED");
    // the true end of Fabio's call arrives late, so the carried-over bill is recomputed
    day.at("14:15:00");
    let problems = day.problems(&day.shop.owner, &day.shop.id).await;
    assert_eq!(problems["END_ESTIMATED"], [call_id(fabios_call)]);
    let end = day.end(fabios_call, "11:59:00", 240, ("caller", "bye"));
    assert_eq!(day.shop.hook().events(&[end.clone(), end]).await, ["applied", "duplicate"]);
    day.stated(&session(bia, fabio).await, &["0.48"], "0.48");
    day.at("14:20:00");
    day.settle(bia, fabio, &[("PIX", "0.48")], ("7", "0,48", "0")).await;
    day.at("15:00:00");
    let hugo = day.open(bia, 0, "Hugo", None).await;
    // the price is 66 s at 0.30 per minute, plus the fee
    day.call(0, PORTUGAL, "15:01:00", 61).await;
    let call = day.up(0, PORTUGAL, "15:10:00").await;
    day.at("15:11:58");
    let closing = did(bia, "closeCabin", json!({ "sessionId": hugo, "mode": "HANG_UP" }), SESSION).await;
    assert_eq!(closing["session"]["state"], "CLOSING");
    day.told_to_hang_up(&call, "api").await;
    let end = day.end(&call, "15:10:00", 120, ("proxy", "api"));
    assert_eq!(day.shop.hook().events(&[end]).await, ["applied"]);
    day.at("15:15:00");
    day.settle(bia, &hugo, &[("CARD", "1.03")], ("8", "1,03", "0")).await;
    // a closed cabin can make only emergency calls
    day.at("16:00:00");
    assert_eq!(day.refused(3, US).await, "CABIN_CLOSED");
    day.call(3, "190", "16:01:00", 90).await;
}

/// Iris's session was a mistake. Joao has a limit, a busy line, a coffee, and no cake.
pub(super) async fn evening(day: &Day) {
    let bia = &day.bia;
    day.at("17:00:00");
    let iris = day.open(bia, 2, "Iris", Some(("CARD", "10"))).await;
    did(bia, "voidSession", keyed(json!({ "sessionId": iris })), SESSION).await;
    day.at("18:00:00");
    let joao = day.open(bia, 1, "Joao", None).await;
    let limit = json!({ "sessionId": joao, "spendingLimit": "1" });
    did(bia, "updateSessionLimits", limit, SESSION).await;
    let busy = day.shop.hook().authorize(&day.shop.phones[1].user, BRAZIL).await;
    let busy = event("failed", &busy["ref"], day.now(), json!({ "code": 486, "by": "callee" }));
    assert_eq!(day.shop.hook().events(&[busy]).await, ["applied"]);
    day.call(1, BRAZIL, "18:05:00", 30).await;
    for (what, price) in [("Coffee", "4"), ("Cake", "5")] {
        let input = json!({ "sessionId": joao, "description": what, "unitPrice": price });
        let sold = did(bia, "addSessionItem", keyed(input), SESSION).await;
        if what == "Cake" {
            let cake = json!({ "sessionId": joao, "itemId": sold["session"]["items"][1]["itemId"] });
            did(bia, "removeSessionItem", cake, SESSION).await;
        }
    }
    day.at("18:20:00");
    day.close(bia, &joao, &["0.06"], "4.06").await;
    // the amount due is 2.06, which becomes 2.05 in cash
    day.settle(bia, &joao, &[("OTHER", "2"), ("CASH", "2.05")], ("9", "4,06", "0")).await;
    day.at("20:00:00");
    day.movement(&day.shop.owner, "PAY_OUT", "10").await;
}

pub(super) async fn end_of_second_shift(day: &Day) -> String {
    day.at("21:00:00");
    let counts = [("CASH", "41.05"), ("CARD", "1.03"), ("PIX", "0.48"), ("OTHER", "2")];
    let (shift, z) = day.close_register(&day.bia, day.counts(&counts, &[])).await;
    let expected = json!({
        "shiftNumber": "2",
        "methods": [
            { "method": "CASH", "float": "50", "sales": "2.05", "deposits": "0", "depositRefunds": "0", "payIns": "0", "payOuts": "10",
              "refunds": "1", "expected": "41.05", "counted": "41.05", "variance": "0" },
            { "method": "CARD", "float": "0", "sales": "1.03", "deposits": "10", "depositRefunds": "10", "payIns": "0", "payOuts": "0",
              "refunds": "0", "expected": "1.03", "counted": "1.03", "variance": "0" },
            { "method": "PIX", "float": "0", "sales": "0.48", "deposits": "0", "depositRefunds": "0", "payIns": "0", "payOuts": "0",
              "refunds": "0", "expected": "0.48", "counted": "0.48", "variance": "0" },
            { "method": "OTHER", "float": "0", "sales": "2", "deposits": "0", "depositRefunds": "0", "payIns": "0", "payOuts": "0",
              "refunds": "0", "expected": "2", "counted": "2", "variance": "0" },
        ],
        // the calls are Fabio's 0.48, Hugo's 0.38 + 0.65, and Joao's 0.06
        "callsTotal": "1.57", "itemsTotal": "4", "discountsTotal": "0", "rounding": "0", "cashRounding": "-0.01", "salesTotal": "5.56",
        "salesByCabin": [{ "number": 1, "calls": 3, "amount": "1.51" }, { "number": 2, "calls": 1, "amount": "0.06" }],
        "salesByDestination": [
            { "destination": "Brazil", "calls": 2, "billedSeconds": 240 + 30, "amount": "0.54" },
            { "destination": "Portugal", "calls": 2, "billedSeconds": 66 + 120, "amount": "1.03" },
        ],
        "salesByAttendant": [
            { "name": "Bia", "sessions": 3, "amount": "5.56", "discounts": "0", "deposits": "10", "depositRefunds": "10",
              "refunds": "1", "payIns": "0", "payOuts": "0" },
            { "name": "Somebody", "sessions": 0, "amount": "0", "discounts": "0", "deposits": "0", "depositRefunds": "0",
              "refunds": "0", "payIns": "0", "payOuts": "10" },
        ],
        "openItems": [],
    });
    assert_eq!(z, expected, "{z:#}");
    shift
}
