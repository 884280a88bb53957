//! Creates branches of the account tree with one object of each kind, whose ids the tests put into documents.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use serde_json::json;
use tests::Client;
use tests::shop::{self, COST, PASSWORD, RETAIL, Shop, WHOLESALE, person, text, top_up, unique};

use super::outcomes::Role;

/// A branch of the tree with one object of each kind.
pub(super) struct Branch {
    clients: [Client; 6],
    pub(super) ids: BTreeMap<&'static str, String>,
}

/// Placeholders for objects in a query, and the kind in their global ids.
const KINDS: [(&str, &str); 18] = [
    ("{account}", "Account"),
    ("{callshop}", "Callshop"),
    ("{user}", "User"),
    ("{phone}", "Phone"),
    ("{cabin}", "Cabin"),
    ("{spare}", "Cabin"),
    ("{session}", "CabinSession"),
    ("{settled}", "CabinSession"),
    ("{call}", "Call"),
    ("{item}", "SessionItem"),
    ("{screen}", "Screen"),
    ("{apiToken}", "ApiToken"),
    ("{webhook}", "Webhook"),
    ("{delivery}", "WebhookDelivery"),
    ("{tariff}", "Tariff"),
    ("{version}", "TariffVersion"),
    ("{import}", "TariffImport"),
    ("{mapping}", "TariffMapping"),
];

pub(super) fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.into_iter().chain([("{shift}", "RegisterShift"), ("{transfer}", "LedgerTransfer")])
}

pub(super) fn missing_id(kind: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{}", uuid::Uuid::now_v7().simple()))
}

impl Branch {
    /// The branch of a shop, with some activity.
    pub(super) async fn of(shop: &Shop) -> Self {
        let anonymous = Client::anonymous(shop.server.http);
        let clients =
            [&anonymous, &shop.admin, &shop.distributor, &shop.reseller, &shop.owner, &shop.attendant];
        let mut branch = Self {
            clients: clients.map(Clone::clone),
            ids: BTreeMap::from([
                ("{account}", shop.reseller_id.clone()),
                ("{callshop}", shop.id.clone()),
                ("{cabin}", shop.cabins[0].clone()),
                ("{spare}", shop.cabins[1].clone()),
                ("{phone}", shop.phones[0].id.clone()),
            ]),
        };
        branch.use_it(shop.hook(), &shop.phones[0].user).await;
        branch
    }

    /// Another distributor's branch on the same server.
    pub(super) async fn beside(shop: &Shop) -> Self {
        let anonymous = Client::anonymous(shop.server.http);
        let input = json!({ "name": "Other", "currency": "BRL", "country": "BR", "timeZone": "UTC", "user": person() });
        let made = shop
            .admin
            .did("createDistributor", "CreateDistributorInput", input, "account { id } user { login }")
            .await;
        let distributor = anonymous.login(&text(&made["user"]["login"]), PASSWORD).await;
        let top = text(&made["account"]["id"]);
        let input = json!({ "name": "Other reseller", "user": person() });
        let made = distributor
            .did("createReseller", "CreateResellerInput", input, "account { id } user { login }")
            .await;
        let reseller = anonymous.login(&text(&made["user"]["login"]), PASSWORD).await;
        let account = text(&made["account"]["id"]);
        let input = json!({ "name": "Other shop", "owner": person() });
        let made = reseller
            .did("createCallshop", "CreateCallshopInput", input, "callshop { id } owner { login }")
            .await;
        let owner = anonymous.login(&text(&made["owner"]["login"]), PASSWORD).await;
        let id = text(&made["callshop"]["id"]);
        let input = json!({ "accountId": id, "role": "ATTENDANT", "user": person() });
        let made = owner.did("createUser", "CreateUserInput", input, "user { login }").await;
        let attendant = anonymous.login(&text(&made["user"]["login"]), PASSWORD).await;
        shop::price(&shop.admin, &top, WHOLESALE, "COST", Some("BRL")).await;
        shop::price(&distributor, &account, WHOLESALE, "COST", None).await;
        shop::price(&reseller, &id, COST, "COST", None).await;
        shop::price(&reseller, &id, RETAIL, "RETAIL", None).await;
        let input = json!({ "accountId": top, "limit": null });
        shop.admin.did("setCreditLimit", "SetCreditLimitInput", input, "account { id }").await;
        top_up(&distributor, &account, "100").await;
        top_up(&reseller, &id, "100").await;
        let input = json!({ "callshopId": id, "count": 1, "label": "Phone" });
        let made =
            reseller.did("createPhones", "CreatePhonesInput", input, "phones { phone { id sipUser } }").await;
        let phone = &made["phones"][0]["phone"];
        let input = json!({ "callshopId": id, "number": 1, "phoneId": phone["id"] });
        let cabin = owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
        let input = json!({ "callshopId": id, "number": 2 });
        let spare = owner.did("createCabin", "CreateCabinInput", input, "cabin { id }").await;
        let mut branch = Self {
            clients: [anonymous, shop.admin.clone(), distributor, reseller, owner, attendant],
            ids: BTreeMap::from([
                ("{account}", account),
                ("{callshop}", id),
                ("{cabin}", text(&cabin["cabin"]["id"])),
                ("{spare}", text(&spare["cabin"]["id"])),
                ("{phone}", text(&phone["id"])),
            ]),
        };
        branch.use_it(shop.hook(), &text(&phone["sipUser"])).await;
        branch
    }

    /// A client of each role.
    pub(super) fn clients(&self) -> impl Iterator<Item = (Role, &Client)> {
        Role::ALL.into_iter().zip(&self.clients)
    }

    /// Creates a shift and a session with a call, and collects their ids.
    async fn use_it(&mut self, hook: &shop::Hook, sip_user: &str) {
        let [_, _, _, reseller, owner, attendant] = &self.clients;
        let input = json!({ "accountId": self.ids["{callshop}"], "role": "ATTENDANT", "user": person() });
        let user = owner.did("createUser", "CreateUserInput", input, "user { id }").await;
        let input =
            json!({ "callshopId": self.ids["{callshop}"], "float": "50", "idempotencyKey": unique("key") });
        let shift = attendant.did("openRegister", "OpenRegisterInput", input, "shift { id }").await;
        let input = json!({ "callshopId": self.ids["{callshop}"], "kind": "PAY_IN", "amount": "1", "reason": "change", "idempotencyKey": unique("key") });
        attendant.did("recordCashMovement", "RecordCashMovementInput", input, "movement { kind }").await;
        let input = json!({ "cabinId": self.ids["{cabin}"] });
        let settled = attendant.did("openCabin", "OpenCabinInput", input.clone(), "session { id }").await;
        attendant.did("closeCabin", "CloseCabinInput", input.clone(), "session { id }").await;
        let settle =
            json!({ "sessionId": settled["session"]["id"], "payments": [], "idempotencyKey": unique("key") });
        attendant.did("settleSession", "SettleSessionInput", settle, "session { id }").await;
        let session = attendant.did("openCabin", "OpenCabinInput", input.clone(), "session { id }").await;
        let water = json!({ "sessionId": session["session"]["id"], "description": "Water", "unitPrice": "2", "idempotencyKey": unique("key") });
        let item = attendant
            .did("addSessionItem", "AddSessionItemInput", water, "session { items { itemId } }")
            .await;
        let allowed = hook.authorize(sip_user, "+12125550123").await;
        assert_eq!(allowed["allow"], json!(true), "{allowed}");
        hook.events(&shop::answered_call(&allowed["ref"], Utc::now(), 30_000)).await;
        attendant.did("closeCabin", "CloseCabinInput", input, "session { id }").await;
        let input = json!({ "cabinId": self.ids["{cabin}"] });
        let screen = attendant.did("createScreen", "CreateScreenInput", input, "screen { screenId }").await;
        let input = json!({ "name": "Test", "scopes": ["CALLS_READ"], "expiresAt": Utc::now() + chrono::TimeDelta::days(1) });
        let token = owner.did("createApiToken", "CreateApiTokenInput", input, "apiToken { id }").await;
        let callshop = &self.ids["{callshop}"];
        // no event of this kind occurs, so the webhook's only message is a ping, which fails because nothing listens at the address
        let feed = format!(
            "subscription {{ callshopActivity(callshopId: \"{callshop}\", kinds: [SHOP_RESUMED]) {{ cursor }} }}"
        );
        let input = json!({ "url": "http://127.0.0.1:9/", "query": feed });
        let webhook = owner.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
        let input = json!({ "webhookId": webhook["webhook"]["id"] });
        let ping = owner.did("testWebhook", "TestWebhookInput", input, "delivery { deliveryId }").await;
        let calls = attendant.shop_list("calls", &self.ids["{callshop}"], 5, "id").await;
        let tariffs = "{ tariffs(first: 5) { nodes { id versions(first: 1) { nodes { id } } } } }";
        let tariffs = reseller.ok(tariffs, json!({})).await;
        let tariff = &tariffs["tariffs"]["nodes"][1];
        let input = json!({ "tariffId": tariff["id"] });
        let import =
            reseller.did("createTariffImport", "CreateTariffImportInput", input, "import { id }").await;
        let input = json!({ "name": "Saved", "mapping": "{}" });
        let mapping =
            reseller.did("saveTariffMapping", "SaveTariffMappingInput", input, "mapping { id }").await;
        let last = "query($id: ID!) { ledger(accountId: $id, last: 1) { nodes { transferId } } }";
        let top_up = reseller.ok(last, json!({ "id": self.ids["{callshop}"] })).await;
        for (key, id) in [
            ("{transfer}", &top_up["ledger"]["nodes"][0]["transferId"]),
            ("{user}", &user["user"]["id"]),
            ("{shift}", &shift["shift"]["id"]),
            ("{session}", &session["session"]["id"]),
            ("{settled}", &settled["session"]["id"]),
            ("{call}", &calls[0]["id"]),
            ("{item}", &item["session"]["items"][0]["itemId"]),
            ("{screen}", &screen["screen"]["screenId"]),
            ("{apiToken}", &token["apiToken"]["id"]),
            ("{webhook}", &webhook["webhook"]["id"]),
            ("{delivery}", &ping["delivery"]["deliveryId"]),
            ("{tariff}", &tariff["id"]),
            ("{import}", &import["import"]["id"]),
            ("{mapping}", &mapping["mapping"]["id"]),
            ("{version}", &tariff["versions"]["nodes"][0]["id"]),
        ] {
            self.ids.insert(key, text(id));
        }
    }
}

/// The query with ids filled in. Kinds in `missing` get unknown ids, and other kinds get the branch's ids.
pub(super) fn filled(query: &str, branch: &Branch, missing: impl Fn(&str) -> bool) -> String {
    let mut filled = query.to_owned();
    for (key, kind) in kinds() {
        let id = if missing(key) { missing_id(kind) } else { branch.ids[key].clone() };
        filled = filled.replace(key, &format!("\"{id}\""));
    }
    let user = format!(
        "{{ name: \"u{}\", displayName: \"Somebody\", password: \"{PASSWORD}\" }}",
        &uuid::Uuid::now_v7().simple().to_string()[2..]
    );
    let csv = serde_json::to_string(RETAIL).expect("a string");
    filled
        .replace("{person}", &user)
        .replace("{key}", &format!("\"{}\"", uuid::Uuid::now_v7()))
        .replace("{csv}", &csv)
}
