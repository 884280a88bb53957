//! Simulates a day in the shop with two shifts, every kind of customer, and a crash at noon. At night, all records of the day must agree with each
//! other.
//!
//! Every figure is calculated by hand from the prices per minute of `tests::shop`. The prices are given as retail / paid by the shop / paid by its
//! reseller: United States 0.06 / 0.04 / 0.03 by the second; Portugal 0.30 + 0.05 by 60/6 / 0.20 / 0.15; Brazil 0.12 and Sao Paulo 0.08 by 30/6 /
//! 0.07 / 0.05. The shop and its reseller pay by the second. A charge has four decimals, and a bill has two.

mod records;
mod shifts;

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

use records::{audit_log, books, reports, sessions};
use shifts::{
    a_lost_call, afternoon, balance, credit_runs_out, end_of_first_shift, end_of_second_shift, evening,
    morning, noon, prepaid,
};

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

/// Replaces each `{"amount": "1.5"}` with `"1.5"`, at any depth.
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
    Micros::parse(value.as_str().unwrap_or_else(|| panic!("expected an amount, not {value}")))
        .expect("an amount")
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
    /// The second attendant of the shop.
    bia: Client,
}

impl Day {
    /// Begins a day that is dated one day after the creation of the shop.
    async fn begin(backend: Backend) -> Self {
        let control = FakeProxy::start().await;
        let server = TestServer::start(backend, |config| {
            config.hook.proxies = vec![proxy("test", control.address)];
            // tokens last all day, so the test need not log in again
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

    /// Reports that the caller hung up.
    async fn hang_up(&self, call: &Value, answered: &str, seconds: i64) {
        let end = self.end(call, answered, seconds, ("caller", "bye"));
        self.shop.server.time().set(self.instant(answered) + TimeDelta::seconds(seconds));
        assert_eq!(self.shop.hook().events(&[end]).await, ["applied"]);
    }

    /// Makes a call with this answer time and this end.
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

    /// Moves the clock forward during a call, until the call has reserved money for this many seconds.
    async fn covered(&self, call: &Value, seconds: i32) {
        let covered = async || {
            let row = self.row(call).await;
            let due = row.answered_at.expect("the call was answered")
                + TimeDelta::seconds(i64::from(row.covered) - 1);
            if row.covered < seconds && self.now() < due {
                self.shop.server.time().set(due);
            }
            (row.covered >= seconds).then_some(())
        };
        eventually("the call has reserved money for more seconds", covered).await;
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

    /// The objects with problems in an account, by kind of problem. A proxy without a listing counts as a problem, but that problem has no object.
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
    assert_eq!(day.z_report(&first).await, z, "a Z report must never change");
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
