//! Creates several callshops of one reseller, with open cabins, for calls and subscribers.

use futures_util::stream::{self, StreamExt as _};
use graphql::scalars::Kind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::{COST, PASSWORD, RETAIL, SipAccount, person, price, text, top_up, unique};
use crate::{Client, Shop};

/// One callshop.
pub struct Watched {
    /// Global id.
    pub id: String,
    /// The callshop's id in the database.
    pub key: Uuid,
    /// The phones of the callshop's open cabins.
    pub phones: Vec<SipAccount>,
}

/// All callshops of a run.
pub struct Town {
    /// The callshops.
    pub shops: Vec<Watched>,
    /// A client logged in as the reseller, who may see all callshops.
    pub reseller: Client,
}

/// Creates `count` callshops with `cabins` open cabins each, under the reseller of `shop`.
pub async fn build(shop: &Shop, count: usize, cabins: usize) -> Town {
    top_up(&shop.distributor, &shop.reseller_id, "10000000").await;
    let anonymous = Client::anonymous(shop.server.http);
    let making = (0..count).map(|number| one(shop, anonymous.clone(), number, cabins));
    let shops = stream::iter(making).buffer_unordered(2).collect().await;
    Town { shops, reseller: shop.reseller.clone() }
}

async fn one(shop: &Shop, anonymous: Client, number: usize, cabins: usize) -> Watched {
    let reseller = &shop.reseller;
    let input = json!({ "name": format!("Shop {number}"), "owner": person() });
    let made =
        reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id } owner { login }").await;
    let id = text(&made["callshop"]["id"]);
    let owner = anonymous.login(&text(&made["owner"]["login"]), PASSWORD).await;
    let input = json!({ "accountId": id, "role": "ATTENDANT", "user": person() });
    let made = owner.did("createUser", "CreateUserInput", input, "user { login }").await;
    let attendant = anonymous.login(&text(&made["user"]["login"]), PASSWORD).await;
    price(reseller, &id, COST, "COST", None).await;
    price(reseller, &id, RETAIL, "RETAIL", None).await;
    top_up(reseller, &id, "1000000").await;
    let plan = json!({ "callshopId": id, "country": "BR", "areaCode": "11" });
    reseller.did("setDialPlan", "SetDialPlanInput", plan, "callshop { id }").await;
    let input = json!({ "callshopId": id, "float": "100", "idempotencyKey": unique("key") });
    attendant.did("openRegister", "OpenRegisterInput", input, "shift { id }").await;
    let input = json!({ "callshopId": id, "count": cabins, "label": "Phone" });
    let made = reseller
        .did("createPhones", "CreatePhonesInput", input, "phones { phone { id sipUser } secret }")
        .await;
    let mut phones = Vec::new();
    for (number, made) in (1..).zip(made["phones"].as_array().expect("phones")) {
        let input = json!({ "callshopId": id, "number": number, "phoneId": made["phone"]["id"] });
        let cabin = owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
        let input = json!({ "cabinId": cabin["cabin"]["id"] });
        let _: Value = attendant.did("openCabin", "OpenCabinInput", input, "session { id }").await;
        phones.push(SipAccount {
            id: text(&made["phone"]["id"]),
            user: text(&made["phone"]["sipUser"]),
            secret: text(&made["secret"]),
        });
    }
    let key = Kind::Callshop.parse(&id.clone().into()).expect("an id");
    Watched { id, key, phones }
}
