//! Tests the second factor: setting it up, logging in with it, recovery codes, guessed codes, and the rule that requires it.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use serde_json::{Value, json};
use tests::authenticator::{Authenticator, codes};
use tests::shop::{PASSWORD, Shop, person, text};
use tests::{Backend, Client, TestServer, on_both};

const LOGIN: &str =
    "mutation($i: LoginInput!) { login(input: $i) { accessToken userErrors { code field } } }";

/// The outcome of a login: `in` if the login succeeded; otherwise, the code of the user error.
async fn login(client: &Client, name: &str, password: &str, code: Option<&str>) -> String {
    let input = json!({ "login": name, "password": password, "totp": code });
    let answer = client.ok(LOGIN, json!({ "i": input })).await["login"].take();
    match answer["accessToken"].is_string() {
        true => "in".to_owned(),
        false => text(&answer["userErrors"][0]["code"]),
    }
}

/// Creates a user of the reseller. Returns the user's id and login, and a client logged in as that user.
async fn newcomer(shop: &Shop) -> (String, String, Client) {
    let input = json!({ "accountId": shop.reseller_id, "role": "RESELLER", "user": person() });
    let made = shop.distributor.did("createUser", "CreateUserInput", input, "user { id login }").await;
    let (id, name) = (text(&made["user"]["id"]), text(&made["user"]["login"]));
    let client = Client::anonymous(shop.server.http).login(&name, PASSWORD).await;
    (id, name, client)
}

fn now(shop: &Shop) -> DateTime<Utc> {
    shop.server.app.clock.now()
}

/// Waits for the next code of the app.
fn next_code(shop: &Shop) {
    shop.server.time().pass(TimeDelta::seconds(30));
}

on_both!(a_login_needs_the_second_factor_once_it_is_confirmed, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    let anonymous = Client::anonymous(shop.server.http);
    let (_, name, client) = newcomer(&shop).await;
    let fields = "secret uri qrSvg";
    let wrong = json!({ "password": "not this one" });
    assert_eq!(client.code("beginTotp", "BeginTotpInput", wrong, fields).await, "BAD_CREDENTIALS");
    assert_eq!(
        client.code("confirmTotp", "ConfirmTotpInput", json!({ "code": "000000" }), "").await,
        "ILLEGAL_STATE"
    );
    let begun = client.did("beginTotp", "BeginTotpInput", json!({ "password": PASSWORD }), fields).await;
    let (secret, uri) = (text(&begun["secret"]), text(&begun["uri"]));
    assert!(
        uri.starts_with(&format!("otpauth://totp/callshop:{}?secret={secret}&", name.replace('@', "%40"))),
        "{uri}"
    );
    assert!(text(&begun["qrSvg"]).starts_with("<svg "));
    // nothing has changed before the confirmation, and a second secret replaces the first
    assert_eq!(login(&anonymous, &name, PASSWORD, None).await, "in");
    let old = Authenticator::new(&secret);
    let app = Authenticator::begin(&client).await;
    let input = json!({ "code": old.code(now(&shop)) });
    assert_eq!(client.code("confirmTotp", "ConfirmTotpInput", input, "").await, "TOTP_INVALID");
    let recovery = app.confirm(&client, now(&shop)).await;
    assert_eq!(recovery.len(), 10);
    // the current login stays valid; a new login needs a code on every node; without the right password, nobody learns that a code is needed
    let own = "{ viewer { totpEnabledAt totpSetupRequired } }";
    let viewer = client.ok(own, json!({})).await["viewer"].take();
    assert!(viewer["totpEnabledAt"].is_string() && viewer["totpSetupRequired"] == json!(false), "{viewer}");
    let there = Client::anonymous(other.http);
    assert_eq!(login(&there, &name, PASSWORD, None).await, "TOTP_REQUIRED");
    assert_eq!(login(&there, &name, "not this one", None).await, "BAD_CREDENTIALS");
    next_code(&shop);
    let code = app.code(now(&shop));
    assert_eq!(login(&there, &name, "not this one", Some(&code)).await, "BAD_CREDENTIALS");
    assert_eq!(login(&there, &name, PASSWORD, Some(&format!(" {} {} ", &code[..3], &code[3..]))).await, "in");
    // a code works only once, even on different nodes
    for node in [&anonymous, &there] {
        assert_eq!(login(node, &name, PASSWORD, Some(&code)).await, "TOTP_INVALID");
    }
    // the phone's clock may be half a minute off
    let offsets = [(-30, "TOTP_INVALID"), (30, "in"), (-30, "in"), (120, "TOTP_INVALID")];
    for (number, (ahead, outcome)) in offsets.into_iter().enumerate() {
        if number == 2 {
            shop.server.time().pass(TimeDelta::seconds(90));
        }
        let code = app.code(now(&shop) + TimeDelta::seconds(ahead));
        assert_eq!(login(&anonymous, &name, PASSWORD, Some(&code)).await, outcome, "{number}: {ahead} s");
    }
    // a login without a second factor ignores the code
    let attendant = text(&shop.attendant.ok("{ viewer { login } }", json!({})).await["viewer"]["login"]);
    assert_eq!(login(&anonymous, &attendant, PASSWORD, Some("000000")).await, "in");
    other.stop().await;
    shop.finish().await;
});

on_both!(a_recovery_code_works_once_and_none_is_stored, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (id, name, client) = newcomer(&shop).await;
    let begun = client.did("beginTotp", "BeginTotpInput", json!({ "password": PASSWORD }), "secret").await;
    let secret = text(&begun["secret"]);
    let app = Authenticator::new(&secret);
    let recovery = app.confirm(&client, now(&shop)).await;
    assert_eq!(login(&anonymous, &name, PASSWORD, Some(&recovery[0])).await, "in");
    assert_eq!(login(&anonymous, &name, PASSWORD, Some(&recovery[0])).await, "TOTP_INVALID");
    let typed = recovery[1].to_uppercase().replace('-', " ");
    assert_eq!(login(&anonymous, &name, PASSWORD, Some(&typed)).await, "in");
    let log = shop.distributor.account_list(
        "auditLog",
        &shop.reseller_id,
        1,
        "action user { id } changes { field after }",
    );
    let last = log.await.remove(0);
    assert_eq!((&last["action"], &last["user"]["id"]), (&json!("login"), &json!(id)), "{last}");
    assert_eq!(last["changes"][0]["field"], "recoveryCodes", "{last}");
    // the database has neither the secret nor a code
    let rows = entity::user::Entity::find().all(shop.server.app.store.reader()).await.expect("users");
    let stored = format!("{rows:?}");
    assert!(
        recovery
            .iter()
            .all(|code| !stored.contains(code.as_str()) && !stored.contains(&code.replace('-', "")))
    );
    assert!(!stored.contains(&secret));
    // new codes replace the old ones
    let input = json!({ "code": recovery[2] });
    let renewed =
        client.did("regenerateRecoveryCodes", "RegenerateRecoveryCodesInput", input, "recoveryCodes").await;
    let renewed = codes(&renewed);
    assert_eq!(login(&anonymous, &name, PASSWORD, Some(&recovery[3])).await, "TOTP_INVALID");
    for code in &renewed {
        assert_eq!(login(&anonymous, &name, PASSWORD, Some(code)).await, "in");
    }
    assert_eq!(login(&anonymous, &name, PASSWORD, Some("")).await, "TOTP_INVALID");
    next_code(&shop);
    let input = json!({ "code": app.code(now(&shop)) });
    client.did("disableTotp", "DisableTotpInput", input, "viewer { totpEnabledAt }").await;
    assert_eq!(login(&anonymous, &name, PASSWORD, None).await, "in");
    assert_eq!(
        client.code("disableTotp", "DisableTotpInput", json!({ "code": "000000" }), "").await,
        "ILLEGAL_STATE"
    );
    shop.finish().await;
});

on_both!(guessed_codes_are_slowed_like_guessed_passwords, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (id, name, client) = newcomer(&shop).await;
    let app = Authenticator::begin(&client).await;
    app.confirm(&client, now(&shop)).await;
    next_code(&shop);
    let good = app.code(now(&shop));
    let near = [-30, 0, 30].map(|seconds| app.code(now(&shop) + TimeDelta::seconds(seconds)));
    let guesses = (0..20).map(|guess| format!("{guess:06}")).filter(|guess| !near.contains(guess)).take(12);
    let guesses = guesses.map(|guess| {
        let (anonymous, name) = (anonymous.clone(), name.clone());
        tokio::spawn(async move { login(&anonymous, &name, PASSWORD, Some(&guess)).await })
    });
    let mut outcomes = Vec::new();
    for guess in guesses.collect::<Vec<_>>() {
        outcomes.push(guess.await.expect("an outcome"));
    }
    let count = |outcome: &str| outcomes.iter().filter(|found| *found == outcome).count();
    assert!(count("TOTP_INVALID") <= 6 && count("TRY_LATER") >= 6, "{outcomes:?}");
    // after many wrong codes, even a login with the right code must wait, and the mutations of the user's other login must wait as well
    let short = name.split('@').next().expect("a name");
    let many = format!("UPDATE user_account SET failed_logins = 12 WHERE name = '{short}'");
    shop.server.app.store.reader().execute_unprepared(&many).await.expect("a count of failures");
    assert_eq!(login(&anonymous, &name, PASSWORD, Some(&good)).await, "TRY_LATER");
    let input = json!({ "code": good });
    assert_eq!(client.code("disableTotp", "DisableTotpInput", input, "").await, "TRY_LATER");
    shop.server.time().pass(TimeDelta::seconds(31));
    let code = app.code(now(&shop));
    assert_eq!(login(&anonymous, &name, PASSWORD, Some(&code)).await, "in");
    // the user has lost the phone: the account above turns the second factor off, and the user's logins end
    let one = json!({ "userId": id });
    let reset = "mutation($i: UserIdInput!) { resetTotp(input: $i) { userErrors { code } } }";
    let own = client.send(reset, json!({ "i": one.clone() })).await;
    assert_eq!(refusal(&own), "FORBIDDEN", "{own}");
    shop.distributor.did("resetTotp", "UserIdInput", one, "user { totpEnabledAt }").await;
    let refused = client.send("{ viewer { id } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{refused}");
    assert_eq!(login(&anonymous, &name, PASSWORD, None).await, "in");
    shop.finish().await;
});

/// The code of the first error, wherever it is; null if there is none.
fn refusal(answer: &Value) -> Value {
    let payload = answer["data"].as_object().and_then(|data| data.values().next());
    let user = payload.map_or(&Value::Null, |payload| &payload["userErrors"][0]["code"]);
    if user.is_null() { answer["errors"][0]["extensions"]["code"].clone() } else { user.clone() }
}

on_both!(a_role_that_needs_a_second_factor_can_do_nothing_without_it, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let strict = shop.server.another_node_with(|config| {
        config.auth.require_totp = vec![entity::Role::Admin, entity::Role::Reseller, entity::Role::Attendant];
    });
    let strict: TestServer = strict.await;
    let anonymous = Client::anonymous(strict.http);
    let (_, name, _) = newcomer(&shop).await;
    let client = anonymous.login(&name, PASSWORD).await;
    let own = "{ viewer { totpEnabledAt totpSetupRequired } }";
    let viewer = client.ok(own, json!({})).await["viewer"].take();
    assert_eq!(viewer, json!({ "totpEnabledAt": null, "totpSetupRequired": true }));
    let topup = "mutation($i: TopUpInput!) { topUp(input: $i) { userErrors { code } } }";
    let input = json!({ "i": { "accountId": shop.id, "amount": { "amount": "1", "currency": "BRL" }, "idempotencyKey": "key-of-this-test" } });
    let accounts = "{ callshops(first: 1) { nodes { id } } }";
    for (query, variables) in [(topup, input.clone()), (accounts, json!({}))] {
        let refused = client.send(query, variables).await;
        assert_eq!(refusal(&refused), "TOTP_SETUP_REQUIRED", "{refused}");
    }
    // otherwise, an admin could create another admin, who would have no second factor either
    let admin = text(&shop.admin.ok("{ viewer { login } }", json!({})).await["viewer"]["login"]);
    let platform =
        text(&shop.admin.ok("{ viewer { account { id } } }", json!({})).await["viewer"]["account"]["id"]);
    let admin = anonymous.login(&admin, PASSWORD).await;
    let input = json!({ "accountId": platform, "role": "ADMIN", "user": person() });
    assert_eq!(admin.code("createUser", "CreateUserInput", input, "").await, "TOTP_SETUP_REQUIRED");
    // before the setup, a front end may read the name of the user's own shop, and nothing else about the shop
    let attendant = text(&shop.attendant.ok("{ viewer { login } }", json!({})).await["viewer"]["login"]);
    let attendant = anonymous.login(&attendant, PASSWORD).await;
    let own_shop = attendant.ok("{ viewer { callshop { id } } }", json!({})).await;
    assert_eq!(own_shop["viewer"]["callshop"]["id"], shop.id);
    let cabins = format!("{{ cabins(callshopId: \"{}\", first: 1) {{ totalCount }} }}", shop.id);
    assert_eq!(refusal(&attendant.send(&cabins, json!({})).await), "TOTP_SETUP_REQUIRED");
    // the other roles are not affected
    let owner = text(&shop.owner.ok("{ viewer { login } }", json!({})).await["viewer"]["login"]);
    anonymous.login(&owner, PASSWORD).await.ok("{ callshops(first: 1) { nodes { id } } }", json!({})).await;
    // once the second factor is set up, the same login immediately has its rights
    let app = Authenticator::begin(&client).await;
    app.confirm(&client, now(&shop)).await;
    assert_eq!(client.ok(own, json!({})).await["viewer"]["totpSetupRequired"], json!(false));
    client.ok(accounts, json!({})).await;
    strict.stop().await;
    shop.finish().await;
});
