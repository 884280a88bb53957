//! Tests logins and their renewal, including lost responses, guessed passwords, and invalid and stale tokens.

use chrono::TimeDelta;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use tests::shop::{PASSWORD, person, text};
use tests::{Backend, Client, Shop, TestServer, on_both};

const LOGIN: &str =
    "mutation($i: LoginInput!) { login(input: $i) { accessToken refreshToken userErrors { code message } } }";
const REFRESH: &str =
    "mutation($i: RefreshInput!) { refresh(input: $i) { accessToken refreshToken userErrors { code } } }";

/// Every error code in a response.
fn codes(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.map(|error| text(&error["extensions"]["code"])).collect()
}

/// Creates an attendant who has not logged in yet. Returns the user's id and login.
async fn newcomer(shop: &Shop) -> (String, String) {
    let input = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": person() });
    let made = shop.owner.did("createUser", "CreateUserInput", input, "user { id login }").await;
    (text(&made["user"]["id"]), text(&made["user"]["login"]))
}

async fn login(client: &Client, login: &str, password: &str) -> Value {
    client.ok(LOGIN, json!({ "i": { "login": login, "password": password } })).await["login"].take()
}

fn with(token: &Value) -> Value {
    json!({ "i": { "refreshToken": token } })
}

async fn refresh(client: &Client, token: &Value) -> Value {
    client.ok(REFRESH, with(token)).await["refresh"]["refreshToken"].take()
}

/// The refresh token of a new login.
async fn new_login(client: &Client, name: &str) -> Value {
    login(client, name, PASSWORD).await["refreshToken"].take()
}

on_both!(a_lost_answer_to_a_refresh_ends_no_login, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    let nodes = [Client::anonymous(shop.server.http), Client::anonymous(other.http)];
    let (id, name) = newcomer(&shop).await;
    let first = new_login(&nodes[0], &name).await;
    // the requests run concurrently on both nodes: one of them consumes the token, and the others get the same response
    let asked = (0..6).map(|number| {
        let (node, first) = (nodes[number % 2].clone(), first.clone());
        tokio::spawn(async move { node.ok(REFRESH, with(&first)).await["refresh"].take() })
    });
    let mut answers = Vec::new();
    for answer in asked.collect::<Vec<_>>() {
        answers.push(answer.await.expect("an answer"));
    }
    let second = answers[0]["refreshToken"].clone();
    assert!(second.is_string() && second != first, "{second}");
    for answer in &answers {
        assert_eq!(answer["refreshToken"], second);
        nodes[1].with_token(&text(&answer["accessToken"])).ok("{ viewer { id } }", json!({})).await;
    }
    let log = shop.owner.account_list("auditLog", &shop.id, 20, "action objectId user { id }").await;
    let written = log.iter().filter(|entry| entry["action"] == "refresh" && entry["user"]["id"] == json!(id));
    assert_eq!(written.count(), 5, "{log:?}");
    let (sid, secret) = second.as_str().and_then(|token| token.split_once('.')).expect("a token");
    let row = entity::auth_session::Entity::find_by_id(sid.parse::<uuid::Uuid>().expect("an id"));
    let row = row.one(shop.server.app.store.reader()).await.expect("the database answers").expect("a login");
    assert!(!format!("{row:?}").contains(secret), "no refresh token may be stored");

    // the clock also runs on its own, so the requests of a busy machine use up some of the thirty seconds
    shop.server.time().pass(TimeDelta::seconds(20));
    assert_eq!(refresh(&nodes[1], &first).await, second, "within half a minute");
    let third = refresh(&nodes[0], &second).await;
    assert_eq!(refresh(&nodes[1], &second).await, third);
    other.stop().await;
    shop.finish().await;
});

on_both!(a_used_refresh_token_ends_the_login, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (_, name) = newcomer(&shop).await;
    // the successor of the token was used
    let first = new_login(&anonymous, &name).await;
    let second = refresh(&anonymous, &first).await;
    let third = refresh(&anonymous, &second).await;
    assert_eq!(codes(&anonymous.send(REFRESH, with(&first)).await), ["UNAUTHENTICATED"]);
    for token in [&third, &second] {
        let victim = anonymous.send(REFRESH, with(token)).await;
        assert_eq!(codes(&victim), ["UNAUTHENTICATED"], "the whole family of tokens must be revoked");
    }
    // too late
    let first = new_login(&anonymous, &name).await;
    let second = refresh(&anonymous, &first).await;
    shop.server.time().pass(TimeDelta::seconds(31));
    assert_eq!(codes(&anonymous.send(REFRESH, with(&first)).await), ["UNAUTHENTICATED"]);
    assert_eq!(codes(&anonymous.send(REFRESH, with(&second)).await), ["UNAUTHENTICATED"]);
    shop.finish().await;
});

on_both!(a_stranger_ends_no_login, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (_, name) = newcomer(&shop).await;
    let first = new_login(&anonymous, &name).await;
    let second = refresh(&anonymous, &first).await;
    let (sid, secret) = second.as_str().and_then(|token| token.split_once('.')).expect("a token");
    let code = secret.split_once('.').expect("a generation").1;
    let forged = ["junk", "", ".", "0.junk", "1.junk", "9.junk", "-1.junk", "99999999999999999999.x"];
    let forged = forged.map(|secret| format!("{sid}.{secret}")).to_vec();
    let others = [format!("{sid}.0.{code}"), format!("{sid}.2.{code}"), format!("{sid}.+1.{code}")];
    let garbage = ["", ".", "x", "x.y", "00000000-0000-0000-0000-000000000000.x"].map(str::to_owned);
    for token in forged.into_iter().chain(others).chain(garbage) {
        let answer = anonymous.send(REFRESH, with(&json!(token))).await;
        assert_eq!(codes(&answer), ["UNAUTHENTICATED"], "{token:?}");
    }
    refresh(&anonymous, &second).await;
    shop.finish().await;
});

/// Sends a request with this `Authorization` header. Returns the status and the response.
async fn as_(server: &TestServer, authorization: &str, query: &str, variables: Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let request = http
        .post(format!("http://{}/graphql", server.http))
        .header("authorization", authorization)
        .header("accept", "application/graphql-response+json")
        .json(&json!({ "query": query, "variables": variables }));
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

on_both!(a_stale_token_keeps_nobody_from_logging_in, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (_, name) = newcomer(&shop).await;
    let ended = anonymous.login(&name, PASSWORD).await;
    ended.did("logout", "LogoutInput", json!({}), "done").await;
    let stale = format!("Bearer {}", ended.token());
    for authorization in [stale.as_str(), "Bearer nonsense", "Basic bm86Ym9keQ==", "Bearer"] {
        let credentials = json!({ "i": { "login": name, "password": PASSWORD } });
        let (status, answer) = as_(&shop.server, authorization, LOGIN, credentials).await;
        let first = &answer["data"]["login"]["refreshToken"];
        assert!(status == 200 && first.is_string(), "{authorization}: {answer}");
        let (status, answer) = as_(&shop.server, authorization, REFRESH, with(first)).await;
        assert!(
            status == 200 && answer["data"]["refresh"]["accessToken"].is_string(),
            "{authorization}: {answer}"
        );
        // every other request requires a login, or must fail because its token is invalid
        let mixed = "mutation { refresh(input: { refreshToken: \"x\" }) { userErrors { code } } logout(input: {}) { done } }";
        for query in [
            "{ viewer { id } }",
            "mutation { logout(input: {}) { done } }",
            mixed,
            "{ nonsense",
            "{ __typename }",
        ] {
            let (status, answer) = as_(&shop.server, authorization, query, json!({})).await;
            assert_eq!(
                (status, codes(&answer)),
                (401, vec!["UNAUTHENTICATED".to_owned()]),
                "{authorization} {query}"
            );
        }
    }
    shop.finish().await;
});

on_both!(logins_that_do_not_exist_wait_like_those_that_do, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let other = shop.server.another_node().await;
    let nodes = [Client::anonymous(shop.server.http), Client::anonymous(other.http)];
    let (_, known) = newcomer(&shop).await;
    let code = known.split_once('@').expect("a code").1;
    let logins = [known.clone(), format!("nobody@{code}"), "nobody@nowhere".to_owned(), "nobody".to_owned()];
    let mut heard = Vec::new();
    for name in &logins {
        let mut answers = Vec::new();
        for attempt in 0..11 {
            match attempt {
                7 => shop.server.time().pass(TimeDelta::seconds(2)),
                9 => shop.server.time().pass(TimeDelta::hours(2)),
                _ => {}
            }
            let answer = login(&nodes[attempt % 2], name, "not the password").await;
            let error = &answer["userErrors"][0];
            let words = text(&error["message"]).replace(|letter: char| letter.is_ascii_digit(), "");
            answers.push((text(&error["code"]), words));
        }
        heard.push(answers);
    }
    let told: Vec<&str> = heard[0].iter().map(|(code, _)| code.as_str()).collect();
    let (bad, later) = ("BAD_CREDENTIALS", "TRY_LATER");
    assert_eq!(told, [bad, bad, bad, bad, bad, later, later, bad, later, bad, bad]);
    for (name, answers) in logins.iter().zip(&heard) {
        assert_eq!(answers, &heard[0], "{name}");
    }
    other.stop().await;
    shop.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_logins_in_one_request_are_counted_each() {
    let server = TestServer::start(Backend::Sqlite, |config| {
        (config.limits.rates.subject_per_minute, config.limits.rates.subject_burst) = (1, 150);
    })
    .await;
    let anonymous = Client::anonymous(server.http);
    let many = |count: usize, field: &str| {
        let fields: Vec<String> = (0..count).map(|number| format!("f{number}: {field}")).collect();
        format!("mutation {{ ...All }} fragment All on Mutation {{ {} }}", fields.join(" "))
    };
    let refresh = "refresh(input: { refreshToken: \"none\" }) { userErrors { code } }";
    let login = "login(input: { login: \"a@b\", password: \"guess\" }) { userErrors { code } }";
    let answer = anonymous.send(&many(100, refresh), json!({})).await;
    assert!(!codes(&answer).contains(&"RATE_LIMITED".to_owned()), "{answer}");
    // the rate limit has fifty attempts left, but each of the next requests makes a hundred
    for _ in 0..2 {
        let answer = anonymous.send(&many(100, login), json!({})).await;
        assert_eq!(codes(&answer), ["RATE_LIMITED"]);
    }
    // a query counts as one request, whatever it contains
    let names: Vec<String> = (0..100).map(|number| format!("f{number}: viewer {{ id }}")).collect();
    anonymous.ok(&format!("{{ {} }}", names.join(" ")), json!({})).await;
    server.stop().await;
}

on_both!(common_passwords_are_refused, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (id, name) = newcomer(&shop).await;
    let client = Client::anonymous(shop.server.http).login(&name, PASSWORD).await;
    for weak in ["password123", "1234567890", "Qwertyuiop!", "p@ssw0rd2024", "dragondragon"] {
        let user = json!({ "name": "carla", "displayName": "Carla", "password": weak });
        let input = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": user });
        assert_eq!(
            shop.owner.code("createUser", "CreateUserInput", input, "user { id }").await,
            "WEAK_PASSWORD"
        );
        let input = json!({ "userId": id, "password": weak });
        assert_eq!(
            shop.owner.code("resetPassword", "ResetPasswordInput", input, "user { id }").await,
            "WEAK_PASSWORD"
        );
        let input = json!({ "presentPassword": PASSWORD, "newPassword": weak });
        assert_eq!(
            client.code("changePassword", "ChangePasswordInput", input, "viewer { id }").await,
            "WEAK_PASSWORD"
        );
    }
    shop.finish().await;
});
