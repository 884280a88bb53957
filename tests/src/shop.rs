//! A complete branch of the account tree, created over the network: distributor, reseller, callshop with priced tariffs, phones and cabins.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use app::auth::Actor;
use app::{accounts, users};
use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{Book, TransferKind};
use graphql::scalars::Kind;
use serde_json::{Value, json};
use store::ledger::{self, Entry, NewTransfer};

use crate::client::{Client, input_type};
use crate::server::{Backend, HOOK_SECRET, TestServer};

/// The password of every user in tests.
pub const PASSWORD: &str = "correct horse battery";

/// Retail prices of the test shop.
pub const RETAIL: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n\
    1,United States,0.0600,0,1,1\n\
    351,Portugal,0.3000,0.0500,60,6\n\
    55,Brazil,0.1200,0,30,6\n\
    5511,Sao Paulo,0.0800,0,30,6\n";
/// The callshop's prices, billed per second.
pub const COST: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n\
    1,United States,0.0400,0,1,1\n\
    351,Portugal,0.2000,0,1,1\n\
    55,Brazil,0.0700,0,1,1\n";
/// The reseller's prices.
pub const WHOLESALE: &str = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n\
    1,United States,0.0300,0,1,1\n\
    351,Portugal,0.1500,0,1,1\n\
    55,Brazil,0.0500,0,1,1\n";

/// A phone's SIP account.
#[derive(Clone, Debug)]
pub struct SipAccount {
    /// Global id.
    pub id: String,
    /// SIP user name.
    pub user: String,
    /// SIP password.
    pub secret: String,
}

/// A server with one branch of the account tree.
pub struct Shop {
    /// The server.
    pub server: TestServer,
    /// A client logged in as the platform's admin.
    pub admin: Client,
    /// A client logged in as the distributor's user.
    pub distributor: Client,
    /// A client logged in as the reseller's user.
    pub reseller: Client,
    /// A client logged in as the callshop's owner.
    pub owner: Client,
    /// A client logged in as the callshop's attendant.
    pub attendant: Client,
    /// Global id of the distributor.
    pub distributor_id: String,
    /// Global id of the reseller.
    pub reseller_id: String,
    /// Global id of the callshop.
    pub id: String,
    /// Global ids of the cabins, in the order of the cabins' numbers.
    pub cabins: Vec<String>,
    /// Phones of the cabins, in the order of `cabins`.
    pub phones: Vec<SipAccount>,
    hook: Hook,
}

/// A client that calls the hook as the proxy does.
#[derive(Clone)]
pub struct Hook {
    http: reqwest::Client,
    base: String,
}

static UNIQUE: AtomicU64 = AtomicU64::new(1);

/// A string that is unique in this process.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}-{}", std::process::id(), UNIQUE.fetch_add(1, Ordering::Relaxed))
}

impl Hook {
    /// Creates a client of the hook at an address.
    pub fn at(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { http, base: format!("http://{address}/kamailio/v1") }
    }

    /// Sends a request with the right secret. Returns status and body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.post_as(path, Some(HOOK_SECRET), serde_json::to_vec(body).expect("JSON")).await
    }

    /// Sends any body with this secret, or without a secret if `secret` is `None`. Returns status and body.
    pub async fn post_as(&self, path: &str, secret: Option<&str>, body: Vec<u8>) -> (u16, Value) {
        let mut request = self
            .http
            .post(format!("{}/{path}", self.base))
            .header("content-type", "application/json")
            .body(body);
        if let Some(secret) = secret {
            request = request.basic_auth("kamailio", Some(secret));
        }
        let answer = request.send().await.expect("the hook answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Asks the hook whether `user` may dial `number`.
    pub async fn authorize(&self, user: &str, number: &str) -> Value {
        let ask = json!({ "request_id": unique("request"), "user": user, "dialed": number, "src": "127.0.0.1:5060",
            "ts": micros(Utc::now()), "proxy": "test", "call_id": unique("call"), "from_tag": "ft" });
        let (status, answer) = self.post("authorize", &ask).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Sends events and returns the status of each event. Panics unless the batch is accepted.
    pub async fn events(&self, events: &[Value]) -> Vec<String> {
        let (status, answer) = self.post("events", &json!(events)).await;
        assert_eq!(status, 200, "{answer}");
        let results = answer["results"].as_array().expect("results");
        results.iter().map(|result| result["status"].as_str().expect("a status").to_owned()).collect()
    }
}

/// A time in the hook's format: microseconds since the epoch, as a string.
pub fn micros(at: DateTime<Utc>) -> String {
    at.timestamp_micros().to_string()
}

/// An event of a call.
pub fn event(kind: &str, reference: &Value, at: DateTime<Utc>, more: Value) -> Value {
    let mut event = json!({ "eid": unique("eid"), "kind": kind, "ts": micros(at), "proxy": "test", "ref": reference,
        "call_id": "c", "from_tag": "ft", "handle": "1:1" });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event
}

/// All events of a call that is answered three seconds after `start` and then lasts `talk_ms` milliseconds.
pub fn answered_call(reference: &Value, start: DateTime<Utc>, talk_ms: i64) -> Vec<Value> {
    let answered = start + TimeDelta::seconds(3);
    let ended = answered + TimeDelta::milliseconds(talk_ms);
    let end = json!({ "by": "caller", "cause": "bye", "answered_ts": micros(answered), "to_tag": "tt" });
    vec![
        event("ringing", reference, start + TimeDelta::seconds(1), json!({ "to_tag": "tt" })),
        event("answered", reference, answered, json!({ "to_tag": "tt" })),
        event("ended", reference, ended, end),
    ]
}

impl Shop {
    /// Creates a branch of the account tree with this many cabins on a new server.
    pub async fn start(backend: Backend, cabins: usize) -> Self {
        Self::on(TestServer::start(backend, |_| {}).await, cabins).await
    }

    /// Creates a branch of the account tree on an existing server.
    pub async fn on(server: TestServer, cabins: usize) -> Self {
        let anonymous = Client::anonymous(server.http);
        let admin = anonymous.login(&new_admin(&server).await, PASSWORD).await;
        let (distributor_id, distributor) = branch(
            &admin,
            &anonymous,
            "createDistributor",
            json!({ "name": "Distributor", "currency": "BRL", "country": "BR", "timeZone": "America/Sao_Paulo" }),
        )
        .await;
        let (reseller_id, reseller) =
            branch(&distributor, &anonymous, "createReseller", json!({ "name": "Reseller" })).await;
        let made = reseller
            .did(
                "createCallshop",
                "CreateCallshopInput",
                json!({ "name": "Callshop", "owner": person() }),
                "callshop { id } owner { login }",
            )
            .await;
        let id = text(&made["callshop"]["id"]);
        let owner = anonymous.login(&text(&made["owner"]["login"]), PASSWORD).await;
        let attendant = owner
            .did(
                "createUser",
                "CreateUserInput",
                json!({ "accountId": id, "role": "ATTENDANT", "user": person() }),
                "user { login }",
            )
            .await;
        let attendant = anonymous.login(&text(&attendant["user"]["login"]), PASSWORD).await;
        let free = "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n1,A,0,0,1,1\n3,B,0,0,1,1\n5,C,0,0,1,1\n";
        price(&admin, &distributor_id, free, "COST", Some("BRL")).await;
        price(&distributor, &reseller_id, WHOLESALE, "COST", None).await;
        price(&reseller, &id, COST, "COST", None).await;
        price(&reseller, &id, RETAIL, "RETAIL", None).await;
        admin
            .did(
                "setCreditLimit",
                "SetCreditLimitInput",
                json!({ "accountId": distributor_id, "limit": null }),
                "account { id }",
            )
            .await;
        top_up(&distributor, &reseller_id, "1000").await;
        top_up(&reseller, &id, "500").await;
        let plan = json!({ "callshopId": id, "country": "BR", "areaCode": "11" });
        reseller.did("setDialPlan", "SetDialPlanInput", plan, "callshop { id }").await;
        let hook = Hook::at(server.hook);
        let mut shop = Self {
            server,
            admin,
            distributor,
            reseller,
            owner,
            attendant,
            distributor_id,
            reseller_id,
            id,
            cabins: Vec::new(),
            phones: Vec::new(),
            hook,
        };
        shop.equip(cabins).await;
        shop
    }

    async fn equip(&mut self, cabins: usize) {
        let input = json!({ "callshopId": self.id, "count": cabins, "label": "Phone" });
        let made = self
            .reseller
            .did("createPhones", "CreatePhonesInput", input, "phones { phone { id sipUser } secret }")
            .await;
        for (number, made) in (1..).zip(made["phones"].as_array().expect("phones")) {
            let phone = SipAccount {
                id: text(&made["phone"]["id"]),
                user: text(&made["phone"]["sipUser"]),
                secret: text(&made["secret"]),
            };
            let input = json!({ "callshopId": self.id, "number": number, "phoneId": phone.id });
            let cabin = self.owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
            self.cabins.push(text(&cabin["cabin"]["id"]));
            self.phones.push(phone);
        }
    }

    /// A client that calls the hook as the proxy does.
    pub fn hook(&self) -> &Hook {
        &self.hook
    }

    /// Opens the register with a float of 100.
    pub async fn open_register(&self) {
        let input = json!({ "callshopId": self.id, "float": "100", "idempotencyKey": unique("key") });
        self.attendant.did("openRegister", "OpenRegisterInput", input, "shift { id }").await;
    }

    /// Opens a cabin (counted from 0). Returns the session's id.
    pub async fn open_cabin(&self, index: usize) -> String {
        let input = json!({ "cabinId": self.cabins[index] });
        text(
            &self.attendant.did("openCabin", "OpenCabinInput", input, "session { id }").await["session"]["id"],
        )
    }

    /// Closes a cabin. Returns the session with its statement.
    pub async fn close_cabin(&self, index: usize) -> Value {
        let input = json!({ "cabinId": self.cabins[index] });
        let fields = "session { id state statement { total { amount } calls { number destination talkSeconds billedSeconds \
            amount { amount } } totalsByDestination { destination calls amount { amount } } } }";
        self.attendant.did("closeCabin", "CloseCabinInput", input, fields).await["session"].take()
    }

    /// Makes a call of `talk_ms` milliseconds from a cabin's phone. Returns the call's ref.
    pub async fn call(&self, index: usize, number: &str, talk_ms: i64) -> Value {
        let answer = self.hook.authorize(&self.phones[index].user, number).await;
        assert_eq!(answer["allow"], json!(true), "{answer}");
        let results = self.hook.events(&answered_call(&answer["ref"], Utc::now(), talk_ms)).await;
        assert_eq!(results, ["applied"; 3]);
        answer["ref"].clone()
    }

    /// Sets the callshop's balance to this amount.
    pub async fn leave_credit(&self, amount: &str) {
        let id = |kind: Kind, id: &str| kind.parse(&id.to_owned().into()).expect("an id");
        let (shop, reseller) = (id(Kind::Callshop, &self.id), id(Kind::Account, &self.reseller_id));
        let store = &self.server.app.store;
        let credit = ledger::credit(store.reader(), &[shop]).await.expect("the credit");
        let change = amount.parse::<Micros>().expect("an amount").0 - credit[&shop].balance.0;
        let entries = vec![
            Entry::new(shop, Book::Credit, Micros(change)),
            Entry::new(reseller, Book::Issued, Micros(-change)),
        ];
        let transfer = &NewTransfer::new(TransferKind::Adjustment, "BRL", Utc::now(), entries);
        let posted = store.write(|tx| async move { ledger::post(tx.conn(), vec![transfer.clone()]).await });
        posted.await.expect("the transfer is posted");
    }

    /// Ends the test. Panics if the ledger breaks an invariant.
    pub async fn finish(self) {
        self.server.check_ledger().await;
        self.server.stop().await;
    }
}

/// The content of a JSON string. Panics if the value is not a string.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a string, not {value}")).to_owned()
}

/// Input for a new user.
pub fn person() -> Value {
    json!({ "name": unique("user"), "displayName": "Somebody", "password": PASSWORD })
}

/// Creates an admin of the platform, as the command line does. Returns the login.
async fn new_admin(server: &TestServer) -> String {
    let platform = accounts::ensure_platform(&server.app).await.expect("a platform");
    let new = users::NewUser {
        name: unique("admin"),
        display_name: "Admin".to_owned(),
        role: entity::Role::Admin,
        password: PASSWORD.to_owned(),
    };
    let operator = Actor::operator(&platform);
    let user = users::create(&server.app, &operator, platform.id, new).await.expect("an admin");
    format!("{}@{}", user.name, platform.code)
}

async fn branch(parent: &Client, anonymous: &Client, mutation: &str, mut input: Value) -> (String, Client) {
    input["user"] = person();
    let made = parent.did(mutation, &input_type(mutation), input, "account { id } user { login }").await;
    (text(&made["account"]["id"]), anonymous.login(&text(&made["user"]["login"]), PASSWORD).await)
}

/// Assigns a new tariff with these rates, owned by `owner`, to `account`. An admin must also specify the currency.
pub async fn price(owner: &Client, account: &str, deck: &str, kind: &str, currency: Option<&str>) {
    let mut input = json!({ "name": unique("tariff") });
    if let Some(currency) = currency {
        input["currency"] = json!(currency);
    }
    let tariff = owner.did("createTariff", "CreateTariffInput", input, "tariff { id }").await;
    let tariff = text(&tariff["tariff"]["id"]);
    let input = json!({ "tariffId": tariff, "csv": deck, "mode": "REPLACE" });
    let version = owner.did("importTariff", "ImportTariffInput", input, "version { id }").await;
    let input = json!({ "versionId": version["version"]["id"] });
    owner.did("activateTariffVersion", "ActivateTariffVersionInput", input, "version { id }").await;
    let input = json!({ "accountId": account, "tariffId": tariff, "kind": kind });
    owner.did("assignTariff", "AssignTariffInput", input, "").await;
}

/// Grants credit to a child account.
pub async fn top_up(parent: &Client, account: &str, amount: &str) {
    let input = json!({ "accountId": account, "amount": { "amount": amount, "currency": "BRL" }, "idempotencyKey": unique("key") });
    parent.did("topUp", "TopUpInput", input, "balance { amount }").await;
}
