//! Tests guessed passwords, revoked logins and forged tokens.

use super::*;

/// Creates a shop user who has not logged in yet. Returns the user's id and login.
async fn newcomer(shop: &Shop) -> (String, String) {
    let input = json!({ "accountId": shop.id, "role": "ATTENDANT", "user": person() });
    let made = shop.owner.did("createUser", "CreateUserInput", input, "user { id login }").await;
    (text(&made["user"]["id"]), text(&made["user"]["login"]))
}

const LOGIN: &str =
    "mutation($i: LoginInput!) { login(input: $i) { accessToken refreshToken userErrors { code message } } }";

async fn login(client: &Client, login: &str, password: &str) -> Value {
    client.ok(LOGIN, json!({ "i": { "login": login, "password": password } })).await["login"].take()
}

on_both!(guessing_is_slowed_and_the_owner_gets_in, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (_, name) = newcomer(&shop).await;
    // attempts with an unknown login, an unknown account and a wrong password get the same response
    let unknown = [
        login(&anonymous, "nobody", "guess guess").await,
        login(&anonymous, "nobody@nowhere", "guess guess").await,
    ];
    let guesses = (0..12).map(|guess| {
        let (anonymous, name) = (anonymous.clone(), name.clone());
        tokio::spawn(async move { login(&anonymous, &name, &format!("guess number {guess}")).await })
    });
    let mut codes = BTreeMap::<String, usize>::new();
    for guess in guesses.collect::<Vec<_>>() {
        let answer = guess.await.expect("an answer");
        let code = text(&answer["userErrors"][0]["code"]);
        if code == "BAD_CREDENTIALS" {
            assert_eq!(answer, unknown[0]);
        }
        *codes.entry(code).or_default() += 1;
    }
    assert_eq!(unknown[0], unknown[1]);
    assert_eq!(unknown[0]["userErrors"][0]["code"], "BAD_CREDENTIALS");
    // five guesses get a response without a wait. Further guesses, concurrent or not, get responses that do not reveal whether a guess was right
    assert!(codes["BAD_CREDENTIALS"] <= 6 && codes["TRY_LATER"] >= 6, "{codes:?}");
    let short = name.split('@').next().expect("a name");
    let set =
        |failures: i32| format!("UPDATE user_account SET failed_logins = {failures} WHERE name = '{short}'");
    let conn = shop.server.app.store.reader();
    // no matter how many guesses have failed, a login with the right password waits no longer than documented
    for failures in [12, 68, 69, 1000, i32::MAX] {
        conn.execute_unprepared(&set(failures)).await.expect("a count of failures");
        let refused = login(&anonymous, &name, PASSWORD).await;
        assert_eq!(
            refused["userErrors"][0]["code"], "TRY_LATER",
            "the right password must also wait: {refused}"
        );
        let message = text(&refused["userErrors"][0]["message"]);
        let wait: u64 =
            message.split_whitespace().filter_map(|word| word.parse().ok()).next().expect("a wait");
        assert!((2..=30).contains(&wait), "{failures}: {message}");
    }
    conn.execute_unprepared(&set(5)).await.expect("a count of failures");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(
        login(&anonymous, &name, PASSWORD).await["accessToken"].is_string(),
        "the owner can log in after the wait"
    );
    // the guesses do not prevent other users from logging in
    assert!(shop.owner.ok("{ viewer { id } }", json!({})).await["viewer"]["id"].is_string());
    shop.finish().await;
});

/// Fails unless the token is refused within a second.
async fn until_refused(shop: &Shop, client: &Client) {
    let began = Instant::now();
    loop {
        let (status, _) =
            raw(&shop.server, "POST", "/graphql", client.token(), r#"{"query":"{ viewer { id } }"}"#).await;
        if status == 401 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(1), "the token still works after a second");
    }
}

on_both!(a_disabled_user_is_out_within_a_second, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (id, name) = newcomer(&shop).await;
    let client = anonymous.login(&name, PASSWORD).await;
    let mut socket = Socket::open(shop.server.http, client.token()).await;
    socket
        .subscribe(
            "1",
            "subscription($s: ID!) { callshopActivity(callshopId: $s) { cursor } }",
            json!({ "s": shop.id }),
        )
        .await;
    assert_eq!(socket.receive().await["type"], "next");
    shop.owner.did("disableUser", "UserIdInput", json!({ "userId": id }), "user { id }").await;
    let began = Instant::now();
    assert_eq!(socket.closed().await.0, 4403);
    assert!(began.elapsed() < Duration::from_secs(1), "the socket stayed open for {:?}", began.elapsed());
    until_refused(&shop, &client).await;
    assert_eq!(login(&anonymous, &name, PASSWORD).await["userErrors"][0]["code"], "BAD_CREDENTIALS");
    shop.owner.did("enableUser", "UserIdInput", json!({ "userId": id }), "user { id }").await;
    assert!(login(&anonymous, &name, PASSWORD).await["accessToken"].is_string());
    shop.finish().await;
});

on_both!(logging_out_everywhere_ends_every_login, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let anonymous = Client::anonymous(shop.server.http);
    let (_, name) = newcomer(&shop).await;
    let [here, there, third] = [
        anonymous.login(&name, PASSWORD).await,
        anonymous.login(&name, PASSWORD).await,
        anonymous.login(&name, PASSWORD).await,
    ];
    here.did("logout", "LogoutInput", json!({}), "done").await;
    until_refused(&shop, &here).await;
    there.ok("{ viewer { id } }", json!({})).await;
    there.did("logout", "LogoutInput", json!({ "everywhere": true }), "done").await;
    until_refused(&shop, &there).await;
    until_refused(&shop, &third).await;
    shop.owner.ok("{ viewer { id } }", json!({})).await;
    shop.finish().await;
});

on_both!(a_token_that_is_not_ours_is_refused, |backend| async move {
    const KEY: &str = "a key of the tests, and long enough";
    let server =
        TestServer::start(backend, |config| config.auth.token_key = Some(KEY.to_owned().into())).await;
    let shop = Shop::on(server, 1).await;
    let good = shop.owner.token().to_owned();
    let parts: Vec<&str> = good.split('.').collect();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("claims")).expect("claims");
    let id = |name: &str| text(&claims[name]).parse().expect("an id");
    let now = Utc::now();
    let issued = |key: &str, ends| {
        TokenKey::new(key.as_bytes()).issue(id("sub"), id("sid"), now, ends).expect("a token")
    };
    let hour = now + TimeDelta::hours(1);
    let none = URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"none"}"#);
    let admin = {
        let mut claims = claims.clone();
        claims["sub"] = json!(uuid::Uuid::now_v7());
        URL_SAFE_NO_PAD.encode(claims.to_string())
    };
    assert_eq!(
        raw(&shop.server, "POST", "/graphql", &issued(KEY, hour), r#"{"query":"{ viewer { id } }"}"#).await.0,
        200
    );
    for (why, token) in [
        ("expired", issued(KEY, now - TimeDelta::seconds(1))),
        ("forged", issued("another key of somebody, long enough", hour)),
        ("alg none", format!("{none}.{}.", parts[1])),
        ("alg none, signed", format!("{none}.{}.{}", parts[1], parts[2])),
        ("another's claims", format!("{}.{admin}.{}", parts[0], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("garbage", "garbage".to_owned()),
        (
            "of another user",
            TokenKey::new(KEY.as_bytes()).issue(uuid::Uuid::now_v7(), id("sid"), now, hour).expect("a token"),
        ),
        (
            "of no login",
            TokenKey::new(KEY.as_bytes()).issue(id("sub"), uuid::Uuid::now_v7(), now, hour).expect("a token"),
        ),
    ] {
        let (status, answer) =
            raw(&shop.server, "POST", "/graphql", &token, r#"{"query":"{ viewer { id } }"}"#).await;
        assert_eq!((status, codes(&answer)), (401, vec!["UNAUTHENTICATED".to_owned()]), "{why}: {answer}");
    }
    shop.finish().await;
});
