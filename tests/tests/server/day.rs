//! Simulates a day in the shop with two shifts, every kind of customer, and a crash at noon. At night all records of the day must agree.
//!
//! Every figure is calculated by hand from the prices of `tests::shop`, per minute (retail / paid by the shop / paid by its reseller): United
//! States 0.06 / 0.04 / 0.03 by the second; Portugal 0.30 + 0.05 by 60/6 / 0.20 / 0.15; Brazil 0.12 and Sao Paulo 0.08 by 30/6 / 0.07 / 0.05.
//! The shop and its reseller pay by the second. A charge has four decimals, and a bill has two.

use std::collections::{BTreeMap, BTreeSet};

use app::calls::events::{EventBody, EventResult, ProxyEvent};
use app::calls::writer::CallWriter;
use billing::call::CallEventKind;
use billing::money::Micros;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use entity::call;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use tests::client::input_type;
use tests::server::proxy;
use tests::shop::{PASSWORD, answered_call, event, micros, text, unique};
use tests::sip::eventually;
use tests::{Backend, Client, FakeProxy, SHOP_MUTATIONS, Shop, TestServer, on_both};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const US: &str = "+13055550123";
const PORTUGAL: &str = "+351212345678";
const BRAZIL: &str = "+5521987654321";
const SAO_PAULO: &str = "11987654321";

/// All fields of a register's report.
const REPORT: &str = "{ shiftNumber methods { method float { amount } sales { amount } deposits { amount } depositRefunds { amount } \
    payIns { amount } payOuts { amount } refunds { amount } expected { amount } counted { amount } variance { amount } } \
    callsTotal { amount } itemsTotal { amount } discountsTotal { amount } rounding { amount } cashRounding { amount } salesTotal { amount } \
    salesByCabin { number calls amount { amount } } salesByDestination { destination calls billedSeconds amount { amount } } \
    salesByAttendant { name sessions amount { amount } discounts { amount } deposits { amount } depositRefunds { amount } \
    refunds { amount } payIns { amount } payOuts { amount } } openItems { cabinNumber state customer total { amount } deposit { amount } } }";

/// All fields of a session's money.
const SESSION: &str = "session { id state total { amount } amountDue { amount } refundDue { amount } refunded { amount } deposit { amount } \
    items { itemId description } statement { callsTotal { amount } calls { amount { amount } } } }";

/// Replaces each `{"amount": "1.5"}` by `"1.5"`, at any depth.
fn flat(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("amount") => {
            flat(&fields["amount"])
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), flat(value))).collect())
        }
        Value::Array(values) => values.iter().map(flat).collect(),
        other => other.clone(),
    }
}

fn amount(value: &Value) -> Micros {
    Micros::parse(value.as_str().unwrap_or_else(|| panic!("an amount, not {value}"))).expect("an amount")
}

fn sum<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    Micros(values.into_iter().map(|value| amount(value).0).sum()).to_string()
}

fn keyed(mut input: Value) -> Value {
    input["idempotencyKey"] = json!(unique("key"));
    input
}

async fn did(client: &Client, mutation: &str, input: Value, fields: &str) -> Value {
    client.did(mutation, &input_type(mutation), input, fields).await
}

/// The expected settlement, with the receipt's number, the printed total, and the change.
type Paid<'a> = (&'a str, &'a str, &'a str);

/// The shop, its proxy, and the date.
struct Day {
    shop: Shop,
    control: FakeProxy,
    date: NaiveDate,
    /// The second attendant. The first is the shop's attendant.
    bia: Client,
}

impl Day {
    /// Begins the day on the next date, so that it lies after the creation of the shop.
    async fn begin(backend: Backend) -> Self {
        let control = FakeProxy::start().await;
        let server = TestServer::start(backend, |config| {
            config.hook.proxies = vec![proxy("test", control.address)];
            // tokens last all day, so the test never logs in again
            config.auth.access_seconds = 4 * 86_400;
        })
        .await;
        let shop = Shop::on(server, 4).await;
        let today = Utc::now().with_timezone(&chrono_tz::America::Sao_Paulo).date_naive();
        let date = today.checked_add_days(Days::new(1)).expect("tomorrow");
        let mut day = Self { bia: shop.owner.clone(), shop, control, date };
        day.at("08:50:00");
        day.settle_in().await;
        day
    }

    /// The owner sets up the shop and its users.
    async fn settle_in(&mut self) {
        let shop = &self.shop;
        let settings = json!({ "callshopId": shop.id, "cashStep": "0.05", "attendantMaxDiscount": "1", "attendantMaxRefund": "2",
            "legalName": "Cabines do Largo", "taxId": "12.345.678/0001-90", "receiptFooter": "Obrigado!" });
        did(&shop.owner, "updateCallshopSettings", settings, "callshop { id }").await;
        let person = json!({ "name": "bia", "displayName": "Bia", "password": PASSWORD });
        let bia = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": person });
        let bia = did(&shop.owner, "createUser", bia, "user { login }").await;
        self.bia = Client::anonymous(shop.server.http).login(&text(&bia["user"]["login"]), PASSWORD).await;
        let ana = user(&shop.attendant).await;
        let named = json!({ "userId": ana, "displayName": "Ana" });
        did(&shop.owner, "updateUser", named, "user { id }").await;
        for phone in &shop.phones {
            let online = event("online", &Value::Null, self.now(), json!({ "user": phone.user }));
            assert_eq!(shop.hook().events(&[online]).await, ["applied"]);
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.shop.server.time().now()
    }

    /// A time of day by the shop's local clock.
    fn instant(&self, time: &str) -> DateTime<Utc> {
        let time: NaiveTime = time.parse().expect("a time");
        let local = chrono_tz::America::Sao_Paulo.from_local_datetime(&self.date.and_time(time));
        local.single().expect("one instant").with_timezone(&Utc)
    }

    /// Sets the server's clock to this time. Returns the instant.
    fn at(&self, time: &str) -> DateTime<Utc> {
        let instant = self.instant(time);
        self.shop.server.time().set(instant);
        instant
    }

    /// Starts a call that is allowed and answered at this time.
    async fn up(&self, cabin: usize, number: &str, answered: &str) -> Value {
        let instant = self.at(answered) - TimeDelta::seconds(3);
        self.shop.server.time().set(instant);
        let answer = self.shop.hook().authorize(&self.shop.phones[cabin].user, number).await;
        assert_eq!(answer["allow"], json!(true), "{answer}");
        let mut events = answered_call(&answer["ref"], instant, 0);
        events.pop();
        assert_eq!(self.shop.hook().events(&events).await, ["applied"; 2]);
        self.at(answered);
        answer["ref"].clone()
    }

    /// The proxy's event for the end of a call.
    fn end(&self, call: &Value, answered: &str, seconds: i64, (by, cause): (&str, &str)) -> Value {
        let answered = self.instant(answered);
        let more = json!({ "by": by, "cause": cause, "answered_ts": micros(answered), "to_tag": "tt" });
        event("ended", call, answered + TimeDelta::seconds(seconds), more)
    }

    /// The caller hangs up.
    async fn hang_up(&self, call: &Value, answered: &str, seconds: i64) {
        let end = self.end(call, answered, seconds, ("caller", "bye"));
        self.shop.server.time().set(self.instant(answered) + TimeDelta::seconds(seconds));
        assert_eq!(self.shop.hook().events(&[end]).await, ["applied"]);
    }

    /// Makes a call from its answer to its end.
    async fn call(&self, cabin: usize, number: &str, answered: &str, seconds: i64) -> Value {
        let call = self.up(cabin, number, answered).await;
        self.hang_up(&call, answered, seconds).await;
        call
    }

    async fn refused(&self, cabin: usize, number: &str) -> Value {
        let answer = self.shop.hook().authorize(&self.shop.phones[cabin].user, number).await;
        assert_eq!(answer["allow"], json!(false), "{answer}");
        answer["error"].clone()
    }

    async fn row(&self, call: &Value) -> call::Model {
        let id: Uuid = text(call).parse().expect("a ref");
        let found = call::Entity::find_by_id(id).one(self.shop.server.app.store.reader()).await;
        found.expect("the database answers").expect("the call")
    }

    /// Moves the clock through a call until this many seconds are covered.
    async fn covered(&self, call: &Value, seconds: i32) {
        let covered = async || {
            let row = self.row(call).await;
            let due =
                row.answered_at.expect("it was answered") + TimeDelta::seconds(i64::from(row.covered) - 1);
            if row.covered < seconds && self.now() < due {
                self.shop.server.time().set(due);
            }
            (row.covered >= seconds).then_some(())
        };
        eventually("the call goes on", covered).await;
    }

    /// Waits until the server tells the proxy to hang up a call with this cause.
    async fn told_to_hang_up(&self, call: &Value, cause: &str) {
        let call_id = self.row(call).await.sip_call_id;
        let told = async || {
            let told = self.control.told("/call/hangup");
            told.iter().find(|body| body["call_id"] == call_id.as_str()).map(|body| text(&body["cause"]))
        };
        assert_eq!(eventually("a hang-up", told).await, cause);
    }

    async fn open(
        &self,
        client: &Client,
        cabin: usize,
        customer: &str,
        deposit: Option<(&str, &str)>,
    ) -> String {
        let mut input = json!({ "cabinId": self.shop.cabins[cabin], "customer": customer });
        if let Some((method, amount)) = deposit {
            input["deposit"] = json!({ "method": method, "amount": amount });
            input = keyed(input);
        }
        text(&did(client, "openCabin", input, SESSION).await["session"]["id"])
    }

    /// Closes a session without live calls. The statement must be the sum of its calls.
    async fn close(&self, client: &Client, session: &str, calls: &[&str], total: &str) {
        let closed = did(client, "closeCabin", json!({ "sessionId": session }), SESSION).await;
        self.stated(&closed["session"], calls, total);
    }

    fn stated(&self, session: &Value, calls: &[&str], total: &str) {
        let session = flat(session);
        assert_eq!((&session["state"], &session["total"]), (&json!("CLOSED"), &json!(total)), "{session}");
        let stated = session["statement"]["calls"].as_array().expect("calls");
        assert_eq!(stated.iter().collect::<Vec<_>>(), calls, "{session}");
        assert_eq!(session["statement"]["callsTotal"], json!(sum(stated)));
    }

    /// Settles a session and checks the receipt. Returns the input and the payload.
    async fn settle(
        &self,
        client: &Client,
        session: &str,
        payments: &[(&str, &str)],
        (number, total, change): Paid<'_>,
    ) -> (Value, Value) {
        let payments: Vec<Value> =
            payments.iter().map(|(method, amount)| json!({ "method": method, "amount": amount })).collect();
        let input = keyed(json!({ "sessionId": session, "payments": payments }));
        let settled = did(client, "settleSession", input.clone(), SETTLED).await;
        assert_eq!(
            (&settled["session"]["state"], &settled["session"]["receiptNumber"]),
            (&json!("SETTLED"), &json!(number))
        );
        assert_eq!(settled["change"]["amount"], change, "{settled}");
        let receipt = text(&settled["receipt"]["text"]);
        let line =
            |words: &[&str]| receipt.lines().any(|line| line.split_whitespace().eq(words.iter().copied()));
        assert!(
            line(&["RECIBO", "Nº", number]) && line(&["TOTAL", "R$", total]),
            "{number} {total}\n{receipt}"
        );
        (input, settled)
    }

    async fn movement(&self, client: &Client, kind: &str, amount: &str) {
        let input = json!({ "callshopId": self.shop.id, "kind": kind, "amount": amount, "reason": "change" });
        did(client, "recordCashMovement", keyed(input), "movement { kind }").await;
    }

    async fn open_register(&self, client: &Client, float: &str) {
        let input = json!({ "callshopId": self.shop.id, "float": float });
        did(client, "openRegister", keyed(input), "shift { id }").await;
    }

    fn counts(&self, counts: &[(&str, &str)], carry_over: &[&str]) -> Value {
        let counts: Vec<Value> =
            counts.iter().map(|(method, amount)| json!({ "method": method, "amount": amount })).collect();
        keyed(json!({ "callshopId": self.shop.id, "counts": counts, "carryOver": carry_over }))
    }

    /// Closes the register. Returns the shift and its Z report.
    async fn close_register(&self, client: &Client, counts: Value) -> (String, Value) {
        let fields = format!("shift {{ id zReport {REPORT} }}");
        let closed = did(client, "closeRegister", counts, &fields).await;
        (text(&closed["shift"]["id"]), flat(&closed["shift"]["zReport"]))
    }

    async fn z_report(&self, shift: &str) -> Value {
        let fields = format!("... on RegisterShift {{ zReport {REPORT} }}");
        flat(&self.shop.owner.object("node", shift, &fields).await["zReport"])
    }

    /// An account's problems, as the affected calls by kind. A proxy that lists nothing is a problem without an object.
    async fn problems(&self, client: &Client, account: &str) -> BTreeMap<String, Vec<String>> {
        let query = "query($a: ID!) { problems(accountId: $a) { kind problems { objectId } } }";
        let data = client.ok(query, json!({ "a": account })).await;
        let groups = data["problems"].as_array().expect("groups").clone();
        let ids = |group: &Value| -> Vec<String> {
            let problems = group["problems"].as_array().expect("problems");
            problems.iter().filter_map(|problem| problem["objectId"].as_str().map(str::to_owned)).collect()
        };
        let all = groups.iter().map(|group| (text(&group["kind"]), ids(group)));
        all.filter(|(_, ids)| !ids.is_empty()).collect()
    }
}

const SETTLED: &str = "session { state receiptNumber cashRounding { amount } } change { amount } \
    receipt(format: TEXT_58, locale: \"pt-BR\") { number text }";

async fn session(client: &Client, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ {} }}", SESSION.replacen("session {", "session(id: $id) {", 1));
    client.ok(&query, json!({ "id": id })).await["session"].take()
}

async fn user(client: &Client) -> String {
    text(&client.ok("{ viewer { id } }", json!({})).await["viewer"]["id"])
}

/// Global id of a call by its `ref`.
fn call_id(reference: &Value) -> String {
    graphql::scalars::Kind::Call.id(text(reference).parse().expect("an id")).to_string()
}

on_both!(a_day_in_the_shop, |backend: Backend| async move {
    let mut day = Day::begin(backend).await;
    let carla = morning(&day).await;
    let late_cut = prepaid(&day).await;
    let corrected = a_lost_call(&day).await;
    let eva = credit_runs_out(&day).await;
    let (fabio, fabios_call);
    (day, fabio, fabios_call) = noon(day, &eva).await;
    let first = end_of_first_shift(&day, &fabio).await;
    let z = day.z_report(&first).await;
    afternoon(&day, &carla, (&fabio, &fabios_call)).await;
    evening(&day).await;
    let second = end_of_second_shift(&day).await;
    assert_eq!(day.z_report(&first).await, z, "a Z report never changes");
    assert_ne!(first, second);
    books(&day).await;
    sessions(&day).await;
    reports(&day).await;
    audit_log(&day).await;
    day.at("23:00:00");
    let written_off =
        BTreeMap::from([("WRITTEN_OFF".to_owned(), vec![call_id(&late_cut), call_id(&corrected)])]);
    assert_eq!(day.problems(&day.shop.owner, &day.shop.id).await, written_off);
    assert_eq!(day.problems(&day.shop.reseller, &day.shop.reseller_id).await, written_off);
    let platform = day.shop.admin.ok("{ viewer { account { id } } }", json!({})).await;
    let platform = text(&platform["viewer"]["account"]["id"]);
    assert_eq!(day.problems(&day.shop.admin, &platform).await, written_off);
    day.shop.finish().await;
});

/// Carla calls, moves to another cabin, and calls again. The bill has copies, two discounts, and three payment methods.
async fn morning(day: &Day) -> String {
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
    // 95 s: 30 + 11 * 6 = 96 s at 0.08
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
    // 0.428 + 3.50 - 1.60 = 2.328
    assert_eq!(given["session"]["total"]["amount"], "2.33");
    day.at("09:25:00");
    // 2.33 - 1.50 = 0.83: 0.85 in cash
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
  United States
  dd/mm 09:06:00  5:00
+55 11 98765-4321           0,13
  Sao Paulo
  dd/mm 09:15:00  1:35
--------------------------------
Por destino
Sao Paulo                   0,13
  1 x  1:35
United States               0,30
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

/// Rosa pays in advance, has a drink, pays more during the call, and gets the rest back. Bruno's call is ended late. Returns Bruno's call.
async fn prepaid(day: &Day) -> Value {
    let ana = &day.shop.attendant;
    day.at("10:00:00");
    let rosa = day.open(ana, 1, "Rosa", Some(("CASH", "0.50"))).await;
    let call = day.up(1, PORTUGAL, "10:05:00").await;
    // 0.35 for sixty seconds, 0.15 for five further steps of six
    day.covered(&call, 90).await;
    let water = json!({ "sessionId": rosa, "description": "Water", "unitPrice": "3.50" });
    did(ana, "addSessionItem", keyed(water), SESSION).await;
    assert_eq!(day.row(&call).await.covered, 90, "the deposit must cover calls");
    let raised = json!({ "sessionId": rosa, "amount": "5.50", "method": "CASH" });
    did(ana, "addDeposit", keyed(raised), SESSION).await;
    day.covered(&call, 131).await;
    // 60 + 12 * 6 = 132 s and the fee: 0.71
    day.hang_up(&call, "10:05:00", 130).await;
    day.at("10:10:00");
    day.close(ana, &rosa, &["0.71"], "4.21").await;
    // 6.00 - 4.21 = 1.79: 1.80 in cash
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
    // 61 s would be billed as 66 s for 0.38, which is 0.03 more than the covered sixty
    assert_eq!(day.row(&call).await.written_off.0, 30_000);
    day.at("10:35:00");
    day.close(ana, &bruno, &["0.35"], "0.35").await;
    day.settle(ana, &bruno, &[], ("3", "0,35", "0")).await;
    call
}

/// The proxy loses Dora's call, which was last seen after a minute. Dora pays for that minute before the call's true end arrives. Returns the
/// call.
async fn a_lost_call(day: &Day) -> Value {
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

/// Reports to the server, as reconciliation would, that the proxy no longer has the call, and when the call was last seen.
async fn lost(day: &Day, call: &Value, last_seen: DateTime<Utc>) -> Vec<EventResult> {
    let stop = CancellationToken::new();
    let (writer, writing) = CallWriter::start(day.shop.server.app.clone(), stop.clone());
    let reference = text(call).parse().expect("a ref");
    let body = EventBody::Call { reference, to_tag: None, kind: CallEventKind::Lost };
    let event = ProxyEvent { eid: unique("lost"), at: last_seen, proxy: "test".to_owned(), body };
    let results = writer.apply(vec![event]).await.expect("it is applied");
    stop.cancel();
    writing.await.expect("the writer ends");
    results
}

/// The reseller takes the credit back. Eva's call is refused until there is credit again. Returns her session.
async fn credit_runs_out(day: &Day) -> String {
    let shop = &day.shop;
    // spent so far: 0.20 + 0.1108 + 0.4333 + 0.20 + 0.0467 = 0.9908 of 500
    let money = |amount: &str| json!({ "amount": amount, "currency": "BRL" });
    day.at("11:35:00");
    let taken = json!({ "accountId": shop.id, "amount": money("-499.0062"), "reason": "an invoice that was not paid" });
    did(&shop.reseller, "adjustCredit", keyed(taken), "transferId").await;
    assert_eq!(balance(day).await, ["0.003", "0"]);
    day.at("11:36:00");
    let eva = day.open(&shop.attendant, 1, "Eva", None).await;
    // a second to Portugal costs 0.0033
    assert_eq!(day.refused(1, PORTUGAL).await, "NO_CREDIT");
    let given = json!({ "accountId": shop.id, "amount": money("299.997"), "note": "paid" });
    did(&shop.reseller, "topUp", keyed(given), "balance { amount }").await;
    assert_eq!(balance(day).await, ["300", "0"]);
    day.call(1, PORTUGAL, "11:40:00", 30).await;
    eva
}

/// Balance, and the amount reserved from it.
async fn balance(day: &Day) -> [String; 2] {
    let found = day.shop.owner.object("callshop", &day.shop.id, "balance { amount } held { amount }").await;
    ["balance", "held"].map(|field| text(&found[field]["amount"]))
}

/// The server goes down while Eva and Fabio talk, and between Gil's payment and its response. Returns Fabio's session and call.
async fn noon(mut day: Day, eva: &str) -> (Day, String, Value) {
    let ana = day.shop.attendant.clone();
    day.at("11:45:00");
    let gil = day.open(&ana, 2, "Gil", None).await;
    // 30 + 3 * 6 = 48 s at 0.08
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
    assert_eq!(again, settled, "the same key answers the same");
    // the proxy lost Fabio's call in the outage. It resends the events that it kept, twice where the answer was lost, and then all of them again
    let lost_at = day.instant("12:02:00");
    assert_eq!(lost(&day, &fabio_talks, lost_at).await, [EventResult::Applied]);
    let eva_ends = day.end(&eva_talks, "11:58:00", 420, ("callee", "bye"));
    let kept = [eva_ends.clone(), event("boot", &Value::Null, lost_at, json!({})), eva_ends];
    assert_eq!(day.shop.hook().events(&kept).await, ["applied", "applied", "duplicate"]);
    assert_eq!(day.shop.hook().events(&kept).await, ["duplicate"; 3]);
    day.at("12:15:00");
    // three of the four minutes
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
async fn end_of_first_shift(day: &Day, fabio: &str) -> String {
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
    // cash: Carla 0.85, Dora 0.05, Gil 0.05, Eva 0.85; Rosa's deposits and her refund
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
        // 0.428 + 0.71 + 0.35 + 0.06 + 0.064 + 0.86; Carla's copies and Rosa's water
        "callsTotal": "2.472", "itemsTotal": "7", "discountsTotal": "1.6",
        // Carla 0.002, Gil -0.004; Carla 0.02, and -0.01 each for Rosa, Dora, Gil, Eva
        "rounding": "-0.002", "cashRounding": "-0.02",
        // 2.33 + 4.21 + 0.35 + 0.06 + 0.06 + 0.86 - 0.02
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
async fn afternoon(day: &Day, carla: &str, (fabio, fabios_call): (&str, &Value)) {
    let bia = &day.bia;
    day.at("14:05:00");
    day.open_register(bia, "50").await;
    day.at("14:10:00");
    let refund = |amount: &str| keyed(json!({ "sessionId": carla, "amount": amount, "reason": "echo" }));
    let given = did(bia, "refundSession", refund("1"), SESSION).await;
    assert_eq!(given["session"]["refunded"]["amount"], "1");
    let more = bia.code("refundSession", "RefundSessionInput", refund("1.05"), SESSION).await;
    assert_eq!(more, "CEILING_EXCEEDED");
    // the true end of Fabio's call arrives late: the carried-over bill is restated
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
    // 66 s at 0.30 and the fee
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
    // from a closed cabin only emergency calls are possible
    day.at("16:00:00");
    assert_eq!(day.refused(3, US).await, "CABIN_CLOSED");
    day.call(3, "190", "16:01:00", 90).await;
}

/// Iris's session was a mistake. Joao has a limit, a busy line, a coffee, and no cake.
async fn evening(day: &Day) {
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
    // 2.06 is 2.05 in cash
    day.settle(bia, &joao, &[("OTHER", "2"), ("CASH", "2.05")], ("9", "4,06", "0")).await;
    day.at("20:00:00");
    day.movement(&day.shop.owner, "PAY_OUT", "10").await;
}

async fn end_of_second_shift(day: &Day) -> String {
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
        // Fabio 0.48, Hugo 0.38 + 0.65, Joao 0.06
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

/// The entries of a book, as the API returns them.
async fn ledger(client: &Client, account: &str, book: &str) -> Vec<Value> {
    let query = "query($a: ID!, $b: LedgerBook!) { ledger(accountId: $a, book: $b, first: 100) { nodes { kind callId amount { amount } } \
        pageInfo { hasNextPage } } }";
    let mut data = client.ok(query, json!({ "a": account, "b": book })).await;
    assert_eq!(data["ledger"]["pageInfo"]["hasNextPage"], json!(false));
    let entries = data["ledger"]["nodes"].take();
    flat(&entries).as_array().expect("entries").clone()
}

async fn book(client: &Client, account: &str, book: &str) -> String {
    sum(ledger(client, account, book).await.iter().map(|entry| &entry["amount"]))
}

/// The sum of a book's entries that come from calls.
async fn by_calls(client: &Client, account: &str, book: &str) -> String {
    let entries = ledger(client, account, book).await;
    sum(entries.iter().filter(|entry| !entry["callId"].is_null()).map(|entry| &entry["amount"]))
}

async fn books(day: &Day) {
    let shop = &day.shop;
    let given_away = ledger(&shop.owner, &shop.id, "WRITE_OFF").await;
    let given_away: Vec<&Value> = given_away.iter().rev().map(|entry| &entry["amount"]).collect();
    assert_eq!(given_away, ["0.03", "0.01"]);
    for (name, holds) in [
        ("RECEIVABLE", "0"),
        ("DEPOSITS", "0"),
        ("DRAWER", "0"),
        ("VARIANCE", "2"),
        // Bruno's 0.03 and Dora's 0.01
        ("WRITE_OFF", "0.04"),
        // -(-0.002 - 0.02 - 0.01)
        ("ROUNDING", "0.032"),
        // calls 4.042, items 11, discounts 1.60: 13.442; plus 0.04 written off; 1 refunded to Carla
        ("SALES", "-12.482"),
        // floats 150 and 20 came in; 30 and 10, 95.85 and 44.56 went out
        ("OUTSIDE", "10.41"),
    ] {
        assert_eq!(book(&shop.owner, &shop.id, name).await, holds, "{name}");
    }
    // 500 - 499.0062 + 299.997, less 2.4016 for calls
    assert_eq!(balance(day).await, ["298.5892", "0"]);
    assert_eq!(book(&shop.owner, &shop.id, "CREDIT").await, "298.5892");
    assert_eq!(book(&shop.reseller, &shop.reseller_id, "CREDIT").await, "998.2158");
    assert_eq!(book(&shop.reseller, &shop.reseller_id, "REVENUE").await, "2.4016");
    assert_eq!(book(&shop.reseller, &shop.reseller_id, "ISSUED").await, "-300.9908");
    assert_eq!(book(&shop.distributor, &shop.distributor_id, "REVENUE").await, "1.7842");
    let reseller =
        shop.reseller.object("account", &shop.reseller_id, "balance { amount } held { amount }").await;
    assert_eq!(flat(&reseller), json!({ "balance": "998.2158", "held": "0" }));
}

/// Checks that receipts have consecutive numbers, and that customers paid exactly the billed amounts.
async fn sessions(day: &Day) {
    let query = "query($s: ID!) { sessions(callshopId: $s, first: 100) { nodes { id customer state receiptNumber carriedOver total { amount } \
        cashRounding { amount } settledBy { displayName } payments { kind amount { amount } } statement { callsTotal { amount } total { amount } \
        calls { amount { amount } } } } } }";
    let data = flat(&day.shop.owner.ok(query, json!({ "s": day.shop.id })).await);
    let (mut settled, mut billed) = (BTreeMap::new(), Vec::new());
    for session in data["sessions"]["nodes"].as_array().expect("sessions") {
        let calls = session["statement"]["calls"].as_array().expect("calls");
        assert_eq!(session["statement"]["callsTotal"], json!(sum(calls)), "{session}");
        billed.extend(calls.iter().cloned());
        if session["state"] == "VOIDED" {
            assert_eq!((&session["customer"], &session["receiptNumber"]), (&json!("Iris"), &Value::Null));
            continue;
        }
        assert_eq!(
            (&session["state"], &session["total"]),
            (&json!("SETTLED"), &session["statement"]["total"])
        );
        let payments = session["payments"].as_array().expect("payments");
        let of = |kind: &str| {
            let of_kind = payments.iter().filter(|payment| payment["kind"] == kind);
            of_kind.map(|payment| amount(&payment["amount"]).0).sum::<i64>()
        };
        let paid = of("SALE") + of("DEPOSIT") - of("DEPOSIT_REFUND");
        assert_eq!(paid, amount(&session["total"]).0 + amount(&session["cashRounding"]).0, "{session}");
        let number: u32 = text(&session["receiptNumber"]).parse().expect("a number");
        let who = (
            text(&session["customer"]),
            text(&session["settledBy"]["displayName"]),
            session["carriedOver"] == json!(true),
        );
        settled.insert(number, who);
        let copy = "query($s: ID!) { receipt(sessionId: $s, format: TEXT_80, locale: \"en\") { number reprint text } }";
        let copy = day.shop.owner.ok(copy, json!({ "s": session["id"] })).await["receipt"].take();
        assert_eq!((&copy["number"], &copy["reprint"]), (&session["receiptNumber"], &json!(true)));
        let total =
            format!("R$ {:.2}", text(&session["total"]).parse::<rust_decimal::Decimal>().expect("a decimal"));
        assert!(text(&copy["text"]).contains(&total), "{total}\n{copy}");
        if session["customer"] == "Dora" {
            assert!(text(&copy["text"]).contains("11:01:00  1:00\n"), "as on the original: {copy}");
        }
        let refund = format!("{} 14:10 Cash", day.date.format("%-d %b %Y"));
        assert_eq!(text(&copy["text"]).contains(&refund), session["customer"] == "Carla", "{copy}");
    }
    let expected = [
        ("Carla", "Ana"),
        ("Rosa", "Ana"),
        ("Bruno", "Ana"),
        ("Dora", "Ana"),
        ("Gil", "Ana"),
        ("Eva", "Ana"),
        ("Fabio", "Bia"),
        ("Hugo", "Bia"),
        ("Joao", "Bia"),
    ];
    let expected = expected.map(|(customer, by)| (customer.to_owned(), by.to_owned(), customer == "Fabio"));
    assert_eq!(settled, (1..).zip(expected).collect());
    assert_eq!(sum(&billed), "4.042");
}

/// A group's name and its retail, revenue, cost and margin.
type Group<'a> = (&'a str, [&'a str; 4]);

async fn report(
    day: &Day,
    client: &Client,
    account: &str,
    by: Option<&str>,
) -> (Value, Vec<(String, [String; 4])>) {
    const FIGURES: &str = "attempts refused answered asr acdSeconds talkSeconds billedSeconds retail { amount } revenue { amount } \
        cost { amount } margin { amount }";
    let query = format!(
        "query($a: ID!, $d: NaiveDate!, $g: [ReportDimension!]!) {{ report(accountId: $a, from: $d, to: $d, groupBy: $g) {{ total {{ {FIGURES} }} \
         groups(first: 100) {{ nodes {{ day callshop cabinNumber destination attendant figures {{ {FIGURES} }} }} }} }} }}"
    );
    let by: Vec<&str> = by.into_iter().collect();
    let data = client.ok(&query, json!({ "a": account, "d": day.date, "g": by })).await;
    let report = flat(&data["report"]);
    let group = |group: &Value| {
        let key = ["day", "callshop", "cabinNumber", "destination", "attendant"].map(|name| &group[name]);
        let key = key
            .into_iter()
            .find(|value| !value.is_null())
            .map_or_else(String::new, |key| key.as_str().map_or_else(|| key.to_string(), str::to_owned));
        (key, ["retail", "revenue", "cost", "margin"].map(|name| text(&group["figures"][name])))
    };
    let groups = report["groups"]["nodes"].as_array().expect("groups").iter().map(group).collect();
    (report["total"].clone(), groups)
}

async fn grouped(day: &Day, (client, account): (&Client, &str), by: &str, expected: &[Group<'_>]) {
    let (total, groups) = report(day, client, account, Some(by)).await;
    let groups: BTreeMap<_, _> = groups.into_iter().collect();
    let named = expected.iter().map(|(name, figures)| ((*name).to_owned(), figures.map(str::to_owned)));
    assert_eq!(groups, named.collect(), "{by}");
    for (position, name) in ["retail", "revenue", "cost", "margin"].into_iter().enumerate() {
        let micros: i64 =
            groups.values().map(|figures| Micros::parse(&figures[position]).expect("an amount").0).sum();
        assert_eq!(json!(Micros(micros).to_string()), total[name], "{name} by {by}");
    }
}

async fn reports(day: &Day) {
    let shop = &day.shop;
    let date = day.date.to_string();
    // thirteen calls, one to 190, one busy; talk includes the sixty seconds that Dora paid for; refused: 09:14, 11:36, 12:19, 16:00
    let mut total = json!({ "attempts": 15, "refused": 4, "answered": 14, "asr": "0.9333", "acdSeconds": 127, "talkSeconds": 1771,
        "billedSeconds": 1722, "retail": "4.042", "revenue": "4.042", "cost": "2.4016", "margin": "1.6404" });
    let owner = (&shop.owner, shop.id.as_str());
    assert_eq!(report(day, owner.0, owner.1, None).await.0, total);
    grouped(day, owner, "DAY", &[(&date, ["4.042", "4.042", "2.4016", "1.6404"])]).await;
    grouped(day, owner, "CALLSHOP", &[("Callshop", ["4.042", "4.042", "2.4016", "1.6404"])]).await;
    grouped(
        day,
        owner,
        "CABIN",
        &[
            // 0.30 + 0.06 + 0.48 + 0.38 + 0.65; 0.20 + 0.0467 + 0.28 + 0.2033 + 0.40
            ("1", ["1.87", "1.87", "1.13", "0.74"]),
            // 0.71 + 0.35 + 0.42 + 0.09 + 0.06; 0.4333 + 0.10 + 0.28 + 0.06 + 0.035
            ("2", ["1.63", "1.63", "0.9083", "0.7217"]),
            // 0.128 + 0.064; 0.1108 + 0.0525
            ("3", ["0.192", "0.192", "0.1633", "0.0287"]),
            ("4", ["0.35", "0.35", "0.2", "0.15"]),
        ],
    )
    .await;
    let none = ["0", "0", "0", "0"];
    grouped(
        day,
        owner,
        "DESTINATION",
        &[
            ("", none),
            ("Emergency", none),
            ("Brazil", ["0.54", "0.54", "0.315", "0.225"]),
            ("Portugal", ["2.44", "2.44", "1.3366", "1.1034"]),
            ("Sao Paulo", ["0.192", "0.192", "0.1633", "0.0287"]),
            ("United States", ["0.87", "0.87", "0.5867", "0.2833"]),
        ],
    )
    .await;
    grouped(
        day,
        owner,
        "ATTENDANT",
        &[
            ("", none),
            ("Ana", ["2.952", "2.952", "1.7633", "1.1887"]),
            ("Bia", ["1.09", "1.09", "0.6383", "0.4517"]),
        ],
    )
    .await;
    // the reseller's revenue is the shop's cost
    let reseller = (&shop.reseller, shop.reseller_id.as_str());
    (total["revenue"], total["cost"], total["margin"]) = (json!("2.4016"), json!("1.7842"), json!("0.6174"));
    assert_eq!(report(day, reseller.0, reseller.1, None).await.0, total);
    grouped(day, reseller, "DAY", &[(&date, ["4.042", "2.4016", "1.7842", "0.6174"])]).await;
    grouped(day, reseller, "CALLSHOP", &[("Callshop", ["4.042", "2.4016", "1.7842", "0.6174"])]).await;
    grouped(
        day,
        reseller,
        "CABIN",
        &[
            // 0.15 + 0.035 + 0.20 + 0.1525 + 0.30
            ("1", ["1.87", "1.13", "0.8375", "0.2925"]),
            // 0.325 + 0.075 + 0.21 + 0.045 + 0.025
            ("2", ["1.63", "0.9083", "0.68", "0.2283"]),
            // 0.0792 + 0.0375
            ("3", ["0.192", "0.1633", "0.1167", "0.0466"]),
            ("4", ["0.35", "0.2", "0.15", "0.05"]),
        ],
    )
    .await;
    grouped(
        day,
        reseller,
        "DESTINATION",
        &[
            ("", none),
            ("Emergency", none),
            ("Brazil", ["0.54", "0.315", "0.225", "0.09"]),
            ("Portugal", ["2.44", "1.3366", "1.0025", "0.3341"]),
            ("Sao Paulo", ["0.192", "0.1633", "0.1167", "0.0466"]),
            ("United States", ["0.87", "0.5867", "0.44", "0.1467"]),
        ],
    )
    .await;
    grouped(
        day,
        reseller,
        "ATTENDANT",
        &[
            ("", none),
            ("Ana", ["2.952", "1.7633", "1.3067", "0.4566"]),
            ("Bia", ["1.09", "0.6383", "0.4775", "0.1608"]),
        ],
    )
    .await;
    // the ledger agrees for both
    assert_eq!(by_calls(owner.0, owner.1, "CREDIT").await, "-2.4016");
    assert_eq!(by_calls(reseller.0, reseller.1, "CREDIT").await, "-1.7842");
    assert_eq!(by_calls(reseller.0, reseller.1, "REVENUE").await, "2.4016");
}

/// Checks that every action is in the audit log, with its name, its user, and the address.
async fn audit_log(day: &Day) {
    let shop = &day.shop;
    let mut names = BTreeMap::new();
    for (client, name) in
        [(&shop.owner, "owner"), (&shop.attendant, "ana"), (&day.bia, "bia"), (&shop.reseller, "reseller")]
    {
        names.insert(user(client).await, name);
    }
    let query = "query($a: ID!) { auditLog(accountId: $a, first: 100) { nodes { at action objectId address user { id } \
                 changes { field } } } }";
    let data = shop.admin.ok(query, json!({ "a": shop.id })).await;
    let began = day.instant("08:00:00");
    let mut written: Vec<(&str, String)> = Vec::new();
    for entry in data["auditLog"]["nodes"].as_array().expect("entries").iter().rev() {
        if text(&entry["at"]).parse::<DateTime<Utc>>().expect("a time") < began {
            continue;
        }
        assert!(entry["objectId"].is_string() && entry["address"] == "127.0.0.1", "{entry}");
        assert_ne!(entry["changes"], json!([]), "the entry must have changes: {entry}");
        let who = names.get(&text(&entry["user"]["id"])).unwrap_or_else(|| panic!("unknown user: {entry}"));
        match written.last_mut() {
            Some((last, actions)) if last == who => {
                actions.extend([" ", entry["action"].as_str().expect("an action")])
            }
            _ => written.push((*who, text(&entry["action"]))),
        }
    }
    let written: Vec<(&str, &str)> = written.iter().map(|(who, actions)| (*who, actions.as_str())).collect();
    assert_eq!(
        written,
        [
            ("owner", "updateCallshopSettings createUser updateUser"),
            ("ana", "openRegister openCabin moveSession closeCabin addSessionItem applyDiscount"),
            ("owner", "applyDiscount"),
            (
                "ana",
                "settleSession openCabin addSessionItem addDeposit closeCabin settleSession openCabin closeCabin settleSession \
                 openCabin closeCabin settleSession"
            ),
            ("reseller", "adjustCredit"),
            ("ana", "openCabin"),
            ("reseller", "topUp"),
            (
                "ana",
                "openCabin openCabin closeCabin settleSession closeCabin closeCabin settleSession recordCashMovement recordCashMovement \
                 closeRegister"
            ),
            (
                "bia",
                "openRegister refundSession settleSession openCabin closeCabin settleSession openCabin voidSession openCabin \
                 updateSessionLimits addSessionItem addSessionItem removeSessionItem closeCabin settleSession"
            ),
            ("owner", "recordCashMovement"),
            ("bia", "closeRegister"),
        ]
    );
    let actions: BTreeSet<&str> = written.iter().flat_map(|(_, actions)| actions.split(' ')).collect();
    let missing: Vec<_> = SHOP_MUTATIONS.iter().filter(|name| !actions.contains(*name)).collect();
    assert!(missing.is_empty(), "these mutations never ran in this day: {missing:?}");
}
