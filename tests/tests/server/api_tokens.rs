//! Tests the life of API tokens: their secret, use, rotation and end. `roles/tokens.rs` tests the permissions of API tokens.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use tests::shop::{PASSWORD, person, text, unique};
use tests::{Backend, Client, Shop, Socket, on_both};

const SECRET_FIELDS: &str = "token apiToken { id name prefix scopes expiresAt }";

fn in_days(days: i64) -> DateTime<Utc> {
    Utc::now() + TimeDelta::days(days)
}

/// Input for a token that expires in ten days.
fn new(scopes: &[&str]) -> Value {
    json!({ "name": "Nightly import", "scopes": scopes, "expiresAt": in_days(10) })
}

/// Creates a token for the client's user. Returns the token's id, and a client with the token.
async fn token(client: &Client, input: Value) -> (String, Client) {
    let made = client.did("createApiToken", "CreateApiTokenInput", input, SECRET_FIELDS).await;
    (text(&made["apiToken"]["id"]), client.with_token(&text(&made["token"])))
}

/// Whether the server accepts the client's token.
async fn works(client: &Client) -> bool {
    let answer = client.send("{ apiToken { id } }", json!({})).await;
    match answer["errors"][0]["extensions"]["code"].as_str() {
        None => true,
        Some(code) => {
            assert_eq!(code, "UNAUTHENTICATED", "{answer}");
            false
        }
    }
}

/// A socket that is subscribed to the shop's activity and has already received the snapshot.
async fn following(shop: &Shop, client: &Client) -> Socket {
    let mut socket = Socket::open(shop.server.http, client.token()).await;
    let query = "subscription($s: ID!) { callshopActivity(callshopId: $s) { cursor } }";
    socket.subscribe("1", query, json!({ "s": shop.id })).await;
    assert!(socket.next().await["callshopActivity"]["cursor"].is_string());
    socket
}

on_both!(a_program_acts_for_the_maker, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (id, program) =
        token(&shop.reseller, new(&["TARIFFS_WRITE", "ACCOUNTS_READ", "TARIFFS_WRITE"])).await;
    let own = program
        .ok("{ apiToken { id name scopes revokedAt rotatedFromId createdBy { id } account { id } callshop { id } } }", json!({}))
        .await;
    let viewer = shop.reseller.ok("{ viewer { id } }", json!({})).await["viewer"].take();
    let expected = json!({ "id": id, "name": "Nightly import", "scopes": ["ACCOUNTS_READ", "TARIFFS_WRITE"], "revokedAt": null,
        "rotatedFromId": null, "createdBy": viewer, "account": { "id": shop.reseller_id }, "callshop": null });
    assert_eq!(own["apiToken"], expected);
    let tariff = program
        .did("createTariff", "CreateTariffInput", json!({ "name": unique("tariff") }), "tariff { id }")
        .await;
    // the audit log names the token and the user who created the token
    let log = shop
        .reseller
        .account_list(
            "auditLog",
            &shop.reseller_id,
            1,
            "action objectId address user { id } apiToken { id name }",
        )
        .await;
    let entry = json!({ "action": "createTariff", "objectId": tariff["tariff"]["id"], "address": "127.0.0.1", "user": viewer,
        "apiToken": { "id": id, "name": "Nightly import" } });
    assert_eq!(log[0], entry);
    // an account cannot see which user of an account above it made the change
    let input = json!({ "accountId": shop.id, "tariffId": tariff["tariff"]["id"], "kind": "RETAIL" });
    program.did("assignTariff", "AssignTariffInput", input, "callshop { id }").await;
    let log = shop.owner.account_list("auditLog", &shop.id, 1, "action user { id } apiToken { id }").await;
    assert_eq!(log[0], json!({ "action": "assignTariff", "user": null, "apiToken": null }));
    // the user who created the token can query the token with `node`; a user of another branch cannot
    assert_eq!(shop.reseller.object("node", &id, "id").await["id"], json!(id));
    assert_eq!(shop.owner.object("node", &id, "id").await, Value::Null);
    shop.finish().await;
});

on_both!(a_secret_is_shown_once, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let mut input = new(&["CALLS_READ"]);
    input["idempotencyKey"] = json!("one");
    let first = shop.owner.tried("createApiToken", "CreateApiTokenInput", input.clone(), SECRET_FIELDS).await;
    let secret = text(&first["token"]);
    assert!(secret.starts_with("cs_") && secret.len() == 46, "{secret}");
    assert_eq!(secret[..11], text(&first["apiToken"]["prefix"]));
    let again = shop.owner.tried("createApiToken", "CreateApiTokenInput", input.clone(), SECRET_FIELDS).await;
    assert_eq!((&again["token"], &again["apiToken"]), (&Value::Null, &first["apiToken"]));
    assert_eq!(again["userErrors"][0]["code"], "SECRET_SHOWN", "{again}");
    assert!(text(&again["userErrors"][0]["message"]).contains("rotate"), "{again}");
    input["name"] = json!("Other");
    assert_eq!(
        shop.owner.code("createApiToken", "CreateApiTokenInput", input, "token").await,
        "IDEMPOTENCY_CONFLICT"
    );
    let rotation = json!({ "apiTokenId": first["apiToken"]["id"], "idempotencyKey": "two" });
    let rotated =
        shop.owner.tried("rotateApiToken", "RotateApiTokenInput", rotation.clone(), SECRET_FIELDS).await;
    let again = shop.owner.tried("rotateApiToken", "RotateApiTokenInput", rotation, SECRET_FIELDS).await;
    assert_eq!((&again["token"], &again["apiToken"]), (&Value::Null, &rotated["apiToken"]));
    assert_eq!(again["userErrors"][0]["code"], "SECRET_SHOWN", "{again}");
    // neither the database tables nor the audit log contains a token's secret
    let conn = shop.server.app.store.reader();
    let rows = entity::api_token::Entity::find().all(conn).await.expect("tokens");
    let keys = entity::idempotency_key::Entity::find().all(conn).await.expect("keys");
    let log = entity::audit_log::Entity::find().all(conn).await.expect("entries");
    assert_eq!(rows.len(), 2, "a repeated request must not create a token");
    let stored = format!("{rows:?} {keys:?} {log:?}");
    for secret in [secret, text(&rotated["token"])] {
        assert!(!stored.contains(&secret) && stored.contains(&secret[..11]), "the secret must not be stored");
    }
    shop.finish().await;
});

on_both!(a_token_expires, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (_, program) = token(&shop.owner, new(&["CALLS_READ"])).await;
    let socket = following(&shop, &program).await;
    shop.server.time().pass(TimeDelta::days(10) - TimeDelta::hours(1));
    assert!(works(&program).await);
    shop.server.time().pass(TimeDelta::hours(2));
    assert!(!works(&program).await);
    assert_eq!(socket.closed().await.0, 4403);
    shop.finish().await;
});

on_both!(a_rotated_token_stays_valid_for_a_while, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (id, old) = token(&shop.owner, new(&["CALLS_READ"])).await;
    let socket = following(&shop, &old).await;
    let input = json!({ "apiTokenId": id, "gracePeriodSeconds": 3600 });
    let fields = "token apiToken { id name scopes rotatedFromId }";
    let made = shop.owner.did("rotateApiToken", "RotateApiTokenInput", input.clone(), fields).await;
    let next = &made["apiToken"];
    assert_eq!(
        (&next["name"], &next["scopes"], &next["rotatedFromId"]),
        (&json!("Nightly import"), &json!(["CALLS_READ"]), &json!(id))
    );
    let fresh = shop.owner.with_token(&text(&made["token"]));
    assert!(works(&old).await && works(&fresh).await);
    let again = shop.owner.tried("rotateApiToken", "RotateApiTokenInput", input, "token").await;
    assert_eq!(again["userErrors"][0]["code"], "ILLEGAL_STATE", "a token has one successor");
    // if the answer with the secret was lost, the message names the token to rotate
    let prefix: String = text(&made["token"]).chars().take(11).collect();
    assert!(text(&again["userErrors"][0]["message"]).contains(&prefix), "{again}");
    shop.server.time().pass(TimeDelta::seconds(3590));
    assert!(works(&old).await && works(&fresh).await);
    shop.server.time().pass(TimeDelta::seconds(20));
    assert!(!works(&old).await && works(&fresh).await);
    assert_eq!(socket.closed().await.0, 4403, "a socket of the old token must end with the token");
    shop.finish().await;
});

on_both!(only_the_maker_rotates_a_token, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (id, old) = token(&shop.owner, new(&["CALLS_READ"])).await;
    for grace in [-1, 604_801] {
        let input = json!({ "apiTokenId": id, "gracePeriodSeconds": grace });
        let refused = shop.owner.code("rotateApiToken", "RotateApiTokenInput", input, "token").await;
        assert_eq!(refused, "INVALID_INPUT");
    }
    // no user can get the secret of a token that acts for another user
    let query = "mutation($i: RotateApiTokenInput!) { rotateApiToken(input: $i) { token } }";
    let refused = shop.reseller.send(query, json!({ "i": { "apiTokenId": id } })).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    // without a grace period, the old token ends immediately
    assert!(works(&old).await);
    let input = json!({ "apiTokenId": id, "gracePeriodSeconds": 0 });
    let made = shop.owner.did("rotateApiToken", "RotateApiTokenInput", input, "token").await;
    assert!(!works(&old).await);
    assert!(works(&shop.owner.with_token(&text(&made["token"]))).await);
    shop.finish().await;
});

on_both!(revocation_ends_a_token_on_every_node, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    let (id, program) = token(&shop.owner, new(&["CALLS_READ"])).await;
    let socket = following(&shop, &program).await;
    let mut far = Socket::open(other.http, program.token()).await;
    let query = "subscription($s: ID!) { callshopActivity(callshopId: $s) { cursor } }";
    far.subscribe("1", query, json!({ "s": shop.id })).await;
    far.next().await;
    // accounts above the token's creator can revoke the token; a neighboring account can neither revoke nor see the token
    let input = json!({ "name": "Another", "owner": person() });
    let made = shop.reseller.did("createCallshop", "CreateCallshopInput", input, "owner { login }").await;
    let neighbor = Client::anonymous(shop.server.http).login(&text(&made["owner"]["login"]), PASSWORD).await;
    let input = json!({ "apiTokenId": id });
    assert_eq!(
        neighbor.code("revokeApiToken", "RevokeApiTokenInput", input.clone(), "apiToken { id }").await,
        "NOT_FOUND"
    );
    let revoked = shop
        .reseller
        .did("revokeApiToken", "RevokeApiTokenInput", input.clone(), "apiToken { revokedAt }")
        .await;
    assert!(revoked["apiToken"]["revokedAt"].is_string());
    assert!(!works(&program).await);
    assert_eq!(socket.closed().await, (4403, "Token revoked".to_owned()));
    assert_eq!(far.closed().await, (4403, "Token revoked".to_owned()));
    let again =
        shop.owner.did("revokeApiToken", "RevokeApiTokenInput", input, "apiToken { revokedAt }").await;
    assert_eq!(again, revoked);
    let listed = shop.owner.account_list("apiTokens", &shop.id, 5, "id revokedAt").await;
    assert_eq!(listed, [json!({ "id": id, "revokedAt": revoked["apiToken"]["revokedAt"] })]);
    other.stop().await;
    shop.finish().await;
});

on_both!(a_token_works_only_while_its_maker_is_enabled, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (_, program) = token(&shop.owner, new(&["CALLS_READ"])).await;
    let socket = following(&shop, &program).await;
    let owner = shop.owner.ok("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
    let user = json!({ "userId": owner });
    shop.reseller.did("disableUser", "UserIdInput", user.clone(), "user { id }").await;
    assert!(!works(&program).await);
    assert_eq!(socket.closed().await.0, 4403);
    shop.reseller.did("enableUser", "UserIdInput", user.clone(), "user { id }").await;
    assert!(works(&program).await);
    // a new password ends the user's logins, but not the user's API tokens
    let input = json!({ "userId": owner, "password": "another long password" });
    shop.reseller.did("resetPassword", "ResetPasswordInput", input, "user { id }").await;
    assert!(works(&program).await);
    shop.finish().await;
});

on_both!(a_token_of_a_suspended_account_is_limited_like_a_login, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let (_, program) = token(&shop.owner, new(&["SESSIONS_WRITE", "CABINS_READ"])).await;
    shop.reseller
        .did("suspendAccount", "AccountIdInput", json!({ "accountId": shop.id }), "callshop { id }")
        .await;
    for client in [&shop.owner, &program] {
        let input = json!({ "cabinId": shop.cabins[0] });
        assert_eq!(client.code("openCabin", "OpenCabinInput", input, "session { id }").await, "SUSPENDED");
        assert!(client.object("cabin", &shop.cabins[0], "number").await.is_object());
    }
    shop.finish().await;
});

on_both!(the_last_use_is_recorded_once_a_minute, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (id, program) = token(&shop.owner, new(&["CALLS_READ"])).await;
    let last =
        async || shop.owner.object("node", &id, "... on ApiToken { lastUsedAt }").await["lastUsedAt"].take();
    assert_eq!(last().await, Value::Null);
    assert!(works(&program).await);
    let first = changed(&last, &Value::Null).await;
    for _ in 0..3 {
        assert!(works(&program).await);
    }
    assert_eq!(last().await, first);
    // a node that was just started asks the database
    let other = shop.server.another_node().await;
    assert!(works(&Client::anonymous(other.http).with_token(program.token())).await);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(last().await, first);
    shop.server.time().pass(TimeDelta::seconds(61));
    let third = shop.server.another_node().await;
    assert!(works(&Client::anonymous(third.http).with_token(program.token())).await);
    changed(&last, &first).await;
    other.stop().await;
    third.stop().await;
    shop.finish().await;
});

/// Waits until `value` differs from `old`. Returns the new value.
async fn changed(value: &impl AsyncFn() -> Value, old: &Value) -> Value {
    for _ in 0..1_000 {
        let new = value().await;
        if new != *old {
            return new;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the value is still {old} after ten seconds");
}

on_both!(a_token_may_be_limited_to_an_account_below, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let input = json!({ "name": "Another", "owner": person() });
    let made = shop.reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
    let sibling = text(&made["callshop"]["id"]);
    let mut input = new(&["ACCOUNTS_WRITE", "CREDIT_WRITE", "TARIFFS_WRITE", "LEDGER_READ"]);
    input["accountId"] = json!(shop.id);
    let (id, program) = token(&shop.reseller, input).await;
    let shops = program
        .ok("{ callshops(first: 5) { nodes { id } } viewer { id } apiToken { callshop { id } } }", json!({}))
        .await;
    assert_eq!(shops["callshops"]["nodes"], json!([{ "id": shop.id }]));
    assert_eq!((&shops["viewer"], &shops["apiToken"]["callshop"]["id"]), (&Value::Null, &json!(shop.id)));
    assert_eq!(program.object("callshop", &sibling, "id").await, Value::Null);
    // the token cannot reach its creator's own account: neither that account's tariffs, nor new accounts below it
    assert_eq!(
        program.ok("{ tariffs(first: 5) { nodes { id } } }", json!({})).await["tariffs"]["nodes"],
        json!([])
    );
    let tariff = json!({ "name": unique("tariff") });
    assert_eq!(program.code("createTariff", "CreateTariffInput", tariff, "tariff { id }").await, "NOT_FOUND");
    let callshop = json!({ "name": "New", "owner": person() });
    assert_eq!(
        program.code("createCallshop", "CreateCallshopInput", callshop, "callshop { id }").await,
        "NOT_FOUND"
    );
    // on the token's account, the token has its creator's rights
    let amount = |account: &str| json!({ "accountId": account, "amount": { "amount": "1", "currency": "BRL" }, "idempotencyKey": "k" });
    assert_eq!(
        program.code("topUp", "TopUpInput", amount(&sibling), "balance { amount }").await,
        "NOT_FOUND"
    );
    let topped = program.did("topUp", "TopUpInput", amount(&shop.id), "balance { amount }").await;
    assert_eq!(topped["balance"]["amount"], "501");
    // idempotency keys belong to the token: the same key counts as a different key when the token's creator uses it
    let again = program.did("topUp", "TopUpInput", amount(&shop.id), "balance { amount }").await;
    assert_eq!(again["balance"]["amount"], "501");
    let topped = shop.reseller.did("topUp", "TopUpInput", amount(&shop.id), "balance { amount }").await;
    assert_eq!(topped["balance"]["amount"], "502");
    // the owner of the shop does not see a token of an account above the shop
    assert!(shop.owner.account_list("apiTokens", &shop.id, 5, "id").await.is_empty());
    assert_eq!(shop.reseller.account_list("apiTokens", &shop.id, 5, "id").await, [json!({ "id": id })]);
    // no user can create a token for an account outside of the user's own branch
    for foreign in [&shop.reseller_id, &shop.distributor_id, &sibling] {
        let mut input = new(&["CALLS_READ"]);
        input["accountId"] = json!(foreign);
        assert_eq!(
            shop.owner.code("createApiToken", "CreateApiTokenInput", input, "token").await,
            "NOT_FOUND"
        );
    }
    shop.finish().await;
});

on_both!(bad_tokens_are_refused, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    for (field, value) in [
        ("name", json!("")),
        ("scopes", json!([])),
        ("expiresAt", json!(Utc::now() - TimeDelta::minutes(1))),
        ("expiresAt", json!(in_days(401))),
    ] {
        let mut input = new(&["CALLS_READ"]);
        input[field] = value;
        let refused = shop.owner.tried("createApiToken", "CreateApiTokenInput", input, "token").await;
        assert_eq!(
            (&refused["userErrors"][0]["code"], &refused["userErrors"][0]["field"]),
            (&json!("INVALID_INPUT"), &json!([field]))
        );
    }
    for secret in ["cs_", "cs_x", "cs_0000000000000000000000000000000000000000000"] {
        assert!(!works(&shop.owner.with_token(secret)).await, "{secret}");
    }
    // neither a customer's screen nor an attendant can create tokens
    let input = json!({ "i": new(&["CALLS_READ"]) });
    let query = "mutation($i: CreateApiTokenInput!) { createApiToken(input: $i) { token } }";
    let refused = shop.attendant.send(query, input).await;
    assert!(refused["errors"].is_array() && refused["data"].is_null(), "{refused}");
    shop.finish().await;
});
