//! Tests exports: their rows, formats, rights, links and bounds, and account statements.

use std::fmt::Write as _;
use std::io::Read as _;
use std::time::Duration;

use app::exports::{self, Format, Request, Subject};
use base::error::Error;
use billing::money::Micros;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use graphql::exports::global_id;
use graphql::scalars::Kind;
use reqwest::header;
use serde_json::{Value, json};
use tests::shop::{RETAIL, Shop, price, text, unique};
use tests::{Backend, Client, TestServer, on_both};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// The response to a request for this path, with the client's token.
async fn get(server: &TestServer, client: &Client, path: &str) -> reqwest::Response {
    let request = http().get(format!("http://{}{path}", server.http)).bearer_auth(client.token());
    request.send().await.expect("an answer")
}

async fn body(server: &TestServer, client: &Client, path: &str) -> String {
    let response = get(server, client, path).await;
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole body");
    assert_eq!(status, 200, "{path}: {text}");
    text
}

/// Reads a response to the end, and returns the status of the response.
async fn status(server: &TestServer, client: &Client, path: &str) -> u16 {
    let response = get(server, client, path).await;
    let status = response.status().as_u16();
    response.bytes().await.expect("a whole body");
    status
}

/// The rows of a file in JSON Lines.
async fn rows(server: &TestServer, client: &Client, path: &str) -> Vec<Value> {
    let text = body(server, client, path).await;
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The status and the code of a refusal.
async fn refusal(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let answer: Value = response.json().await.expect("JSON");
    (status, text(&answer["errors"][0]["extensions"]["code"]))
}

async fn refused(server: &TestServer, client: &Client, path: &str) -> (u16, String) {
    refusal(get(server, client, path).await).await
}

fn sum(rows: &[Value], column: &str) -> Micros {
    let amounts = rows.iter().filter_map(|row| row[column].as_str());
    Micros::try_sum(amounts.map(|amount| amount.parse().expect("an amount"))).expect("a sum")
}

async fn link(client: &Client, input: Value) -> Value {
    client.tried("createExportLink", "CreateExportLinkInput", input, "url expiresAt").await
}

/// A shop with a paid session of two calls. The name of one call's destination begins like a formula.
async fn busy(backend: Backend) -> Shop {
    let shop = Shop::start(backend, 1).await;
    price(&shop.reseller, &shop.id, &RETAIL.replace("55,Brazil", "55,=1+1"), "RETAIL", None).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+351912345678", 61_000).await;
    shop.call(0, "+5521987654321", 30_000).await;
    let session = shop.close_cabin(0).await;
    let input = json!({ "sessionId": session["id"], "idempotencyKey": unique("key"),
        "payments": [{ "method": "CASH", "amount": session["statement"]["total"]["amount"] }] });
    shop.attendant.did("settleSession", "SettleSessionInput", input, "session { id }").await;
    shop
}

on_both!(an_export_has_the_rows_of_the_api, |backend: Backend| async move {
    let shop = busy(backend).await;
    let (server, owner) = (&shop.server, &shop.owner);
    let path = format!("/export/calls?accountId={}", shop.id);
    let response = get(server, owner, &path).await;
    let header = |name: header::HeaderName| {
        response.headers().get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
    };
    assert!(header(header::CONTENT_TYPE).starts_with("text/csv"), "{response:?}");
    assert!(header(header::CONTENT_DISPOSITION).starts_with("attachment; filename=\"calls-"), "{response:?}");
    assert_eq!(header(header::CACHE_CONTROL), "no-store");
    let csv = response.text().await.expect("a body");
    assert!(csv.starts_with("id,callshop,cabin,session_id,state,") && csv.lines().count() == 3, "{csv}");
    assert!(csv.contains(",'=1+1,") && !csv.contains(",=1+1"), "{csv}");

    let calls = rows(server, owner, &format!("{path}&format=jsonl")).await;
    let listed = owner
        .shop_list("calls", &shop.id, 10, "id destination cost { amount } costs { amount { amount } }")
        .await;
    assert_eq!(calls.len(), listed.len());
    for call in &listed {
        let row = calls.iter().find(|row| row["id"] == call["id"]).unwrap_or_else(|| panic!("{call}"));
        assert_eq!((&row["charge"], &row["destination"]), (&call["cost"]["amount"], &call["destination"]));
        assert_eq!(row["cost"], call["costs"][0]["amount"]["amount"], "{row}");
        assert!(text(&row["authorized_at"]).ends_with("-03:00"), "the time zone of the shop: {row}");
    }
    // the reseller's calls are those of its shops, with the reseller's own cost
    let of_reseller = format!("/export/calls?accountId={}&format=jsonl", shop.reseller_id);
    let bought = rows(server, &shop.reseller, &of_reseller).await;
    let ledger = |id: &str| format!("/export/ledger?accountId={id}&format=jsonl");
    let spent = rows(server, &shop.reseller, &ledger(&shop.reseller_id)).await;
    let for_calls: Vec<Value> = spent.iter().filter(|row| row["kind"] == "CALL").cloned().collect();
    assert_eq!(sum(&bought, "cost").0, -sum(&for_calls, "amount").0);
    assert!(sum(&bought, "cost").0 > 0 && sum(&bought, "cost") < sum(&calls, "cost"));

    // the ledger's entries add up to the balance, and the payments add up to the drawer's cash without the float
    let balance = async |book: &str| {
        let query =
            format!("query($id: ID!) {{ ledgerBalances(accountId: $id, book: {book}) {{ amount }} }}");
        text(&owner.ok(&query, json!({ "id": shop.id })).await["ledgerBalances"][0]["amount"])
    };
    let credit = rows(server, owner, &ledger(&shop.id)).await;
    assert_eq!(sum(&credit, "amount").to_string(), balance("CREDIT").await);
    let drawer = rows(server, owner, &format!("{}&book=DRAWER", ledger(&shop.id))).await;
    assert_eq!(sum(&drawer, "amount").to_string(), balance("DRAWER").await);
    let payments = rows(server, owner, &format!("/export/payments?accountId={}&format=jsonl", shop.id)).await;
    assert_eq!(sum(&payments, "received").0 + 100_000_000, sum(&drawer, "amount").0);
    assert_eq!((payments.len(), &payments[0]["method"]), (1, &json!("CASH")));

    let shifts = format!("/export/shifts?accountId={}&format=jsonl", shop.id);
    let open = rows(server, owner, &shifts).await;
    assert_eq!((&open[0]["number"], &open[0]["float"]), (&json!(1), &json!("100")), "{open:?}");
    assert_eq!((&open[0]["closed_at"], &open[0]["cash_counted"]), (&Value::Null, &Value::Null));
    // the drawer is counted blind, so the attendant must not see the float of the open shift
    assert_eq!(rows(server, &shop.attendant, &shifts).await[0]["float"], Value::Null);
    shop.finish().await;
});

on_both!(periods_are_exact_and_formats_agree, |backend: Backend| async move {
    let shop = busy(backend).await;
    let (server, owner) = (&shop.server, &shop.owner);
    let path = format!("/export/calls?accountId={}&format=jsonl", shop.id);
    let calls = rows(server, owner, &path).await;
    let at =
        |row: &Value| DateTime::parse_from_rfc3339(&text(&row["authorized_at"])).expect("a time").to_utc();
    let url = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let second = at(&calls[1]);
    assert_eq!(rows(server, owner, &format!("{path}&to={}", url(second))).await, calls[..1]);
    assert_eq!(rows(server, owner, &format!("{path}&from={}", url(second))).await, calls[1..]);
    let today = text(&calls[0]["authorized_at"])[..10].to_owned();
    let whole_day = format!("{path}&from={today}&to={today}");
    assert_eq!(rows(server, owner, &whole_day).await[0], calls[0]);
    let month = &today[..7];
    assert_eq!(rows(server, owner, &format!("{path}&from={month}&to={month}")).await[0], calls[0]);
    let later = url(second + TimeDelta::seconds(1));
    assert_eq!(body(server, owner, &format!("{path}&from={later}")).await, "");

    // a compressed file decompresses to the same bytes
    let plain = body(server, owner, &path).await;
    let request = http().get(format!("http://{}{path}", server.http)).bearer_auth(owner.token());
    let zipped = request.header(header::ACCEPT_ENCODING, "gzip").send().await.expect("an answer");
    assert_eq!(zipped.headers()[header::CONTENT_ENCODING], "gzip");
    let bytes = zipped.bytes().await.expect("a body");
    let mut read = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut read).expect("gzip");
    assert_eq!(read, plain);

    // exported rates are a deck that can be imported again
    let tariffs = "{ tariffs(first: 10) { nodes { activeVersion { id rateCount } } } }";
    let versions = shop.reseller.ok(tariffs, json!({})).await["tariffs"]["nodes"].take();
    let version = text(&versions[1]["activeVersion"]["id"]);
    let deck = body(server, &shop.reseller, &format!("/export/rates?tariffVersionId={version}")).await;
    let id = Kind::TariffVersion.parse(&version.into()).expect("an id");
    let platform = app::accounts::ensure_platform(&server.app).await.expect("a platform");
    let operator = app::auth::Actor::operator(&platform);
    assert_eq!(deck, app::tariffs::export_csv(&server.app, &operator, id).await.expect("a deck"));
    shop.finish().await;
});

on_both!(an_export_needs_the_rights_of_the_list, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (server, owner) = (&shop.server, &shop.owner);
    let of = |subject: &str, id: &str| format!("/export/{subject}?accountId={id}");
    let answer = async |status: u16, code: &str, client: &Client, path: &str| {
        assert_eq!(refused(server, client, path).await, (status, code.to_owned()), "{path}");
    };
    for subject in ["calls", "ledger", "payments", "shifts", "statement"] {
        answer(404, "NOT_FOUND", owner, &of(subject, &shop.reseller_id)).await;
        // an id of the wrong kind names no object
        answer(404, "NOT_FOUND", owner, &of(subject, &shop.cabins[0])).await;
        assert_eq!(status(server, owner, &of(subject, &shop.id)).await, 200, "{subject}");
    }
    for subject in ["ledger", "payments", "statement"] {
        answer(403, "FORBIDDEN", &shop.attendant, &of(subject, &shop.id)).await;
    }
    for subject in ["calls", "shifts", "price-list"] {
        assert_eq!(status(server, &shop.attendant, &of(subject, &shop.id)).await, 200, "{subject}");
    }
    let token = async |scope: &str| {
        let input =
            json!({ "name": "Export", "scopes": [scope], "expiresAt": Utc::now() + TimeDelta::days(1) });
        let made = owner.did("createApiToken", "CreateApiTokenInput", input, "token apiToken { id }").await;
        (text(&made["apiToken"]["id"]), owner.with_token(&text(&made["token"])))
    };
    let needed = [
        ("calls", "CALLS_READ"),
        ("ledger", "LEDGER_READ"),
        ("statement", "LEDGER_READ"),
        ("payments", "SESSIONS_READ"),
        ("shifts", "REGISTER_READ"),
    ];
    let (_, other) = token("TARIFFS_READ").await;
    for (subject, scope) in needed {
        let (_, program) = token(scope).await;
        assert_eq!(status(server, &program, &of(subject, &shop.id)).await, 200, "{subject}");
        answer(403, "FORBIDDEN", &other, &of(subject, &shop.id)).await;
    }
    let (id, program) = token("CALLS_READ").await;
    let calls = of("calls", &shop.id);
    assert_eq!(status(server, &program, &calls).await, 200);
    let input = json!({ "apiTokenId": id });
    owner.did("revokeApiToken", "RevokeApiTokenInput", input, "apiToken { id }").await;
    answer(401, "UNAUTHENTICATED", &program, &calls).await;

    let bare = http().get(format!("http://{}{calls}", server.http)).send().await.expect("an answer");
    assert_eq!(bare.headers()[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(refusal(bare).await, (401, "UNAUTHENTICATED".to_owned()));
    for wrong in
        ["&from=yesterday", "&from=2026-12&to=2026-11", "&format=pdf", "&book=CREDIT", "&tariffVersionId=x"]
    {
        answer(400, "INVALID_INPUT", owner, &format!("{calls}{wrong}")).await;
    }
    for wrong in ["&format=xlsx", "&limit=5", "&book=MONEY"] {
        answer(400, "BAD_REQUEST", owner, &format!("{calls}{wrong}")).await;
    }
    answer(400, "INVALID_INPUT", owner, "/export/calls").await;
    answer(400, "INVALID_INPUT", &shop.reseller, "/export/rates").await;
    answer(
        403,
        "FORBIDDEN",
        owner,
        &format!("/export/rates?tariffVersionId={}", Kind::TariffVersion.id(uuid::Uuid::nil()).as_str()),
    )
    .await;
    answer(404, "NOT_FOUND", owner, "/export/users").await;
    let posted = http().post(format!("http://{}{calls}", server.http)).send().await.expect("an answer");
    assert_eq!(posted.status(), 405);
    shop.finish().await;
});

on_both!(a_price_list_has_the_prices_in_force_in_the_readers_language, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (server, owner) = (&shop.server, &shop.owner);
    let path = format!("/export/price-list?accountId={}", shop.id);
    let input = json!({ "callshopId": shop.id, "prefix": "1" });
    shop.reseller.did("blockDestination", "BlockDestinationInput", input, "callshop { id }").await;
    let found = rows(server, owner, &format!("{path}&format=jsonl&locale=pt")).await;
    let listed = owner.ok(
        "query($id: ID!) { priceList(callshopId: $id, first: 10) { nodes { prefix blocked pricePerMinute { amount } costPerMinute { amount } } } }",
        json!({ "id": shop.id }),
    );
    let listed = listed.await["priceList"]["nodes"].take();
    let listed = listed.as_array().expect("prices");
    assert_eq!((found.len(), listed.len()), (4, 4));
    for (row, price) in found.iter().zip(listed) {
        assert_eq!((&row["prefix"], &row["blocked"]), (&price["prefix"], &price["blocked"]), "{row}");
        assert_eq!(row["rate_per_minute"], price["pricePerMinute"]["amount"], "{row}");
        assert_eq!(row["cost_per_minute"], price["costPerMinute"]["amount"], "{row}");
    }
    let countries: Vec<&Value> = found.iter().map(|row| &row["country"]).collect();
    assert_eq!(countries, [&Value::Null, &json!("Portugal"), &json!("Brasil"), &json!("Brasil")]);
    // an attendant sees no costs
    let csv = body(server, &shop.attendant, &format!("{path}&locale=en")).await;
    assert!(csv.starts_with("country_code,country,currency,blocked,cost_per_minute,prefix,"), "{csv}");
    assert!(csv.contains("\nBR,Brazil,BRL,false,,55,Brazil,0.12,"), "{csv}");
    let pdf = body(server, &shop.attendant, &format!("{path}&format=pdf&locale=pt")).await;
    // text with non-ASCII letters is written in hexadecimal digits
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
    for shown in ["(Brasil)", "(Portugal (60/6) "] {
        assert!(pdf.contains(shown), "{shown}: {pdf}");
    }
    for shown in ["TABELA DE PRE", "taxa de conex"] {
        assert!(pdf.to_uppercase().contains(&hex(shown)), "{shown}: {pdf}");
    }
    assert!(!pdf.contains("United States"), "a blocked destination: {pdf}");
    let input = json!({ "subject": "PRICE_LIST", "accountId": shop.id, "locale": "es" });
    let url = text(&link(&shop.attendant, input).await["url"]);
    let file = http().get(format!("http://{}{url}", server.http)).send().await.expect("an answer");
    let name = file.headers()[header::CONTENT_DISPOSITION].to_str().expect("text").to_owned();
    assert!(name.contains("filename=\"price-list-"), "{name}");

    // a price list has no period, and belongs to a callshop
    let refusal = refused(server, owner, &format!("{path}&from=2026-11")).await;
    assert_eq!(refusal, (400, "INVALID_INPUT".to_owned()));
    let of_account = format!("/export/price-list?accountId={}", shop.reseller_id);
    assert_eq!(refused(server, &shop.reseller, &of_account).await, (404, "NOT_FOUND".to_owned()));
    // refusals are in the language that the client prefers, or else in the caller's own language
    let refused_in = async |language: Option<&str>, path: &str| {
        let mut request =
            http().get(format!("http://{}{path}", server.http)).bearer_auth(shop.attendant.token());
        if let Some(language) = language {
            request = request.header(header::ACCEPT_LANGUAGE, language);
        }
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        text(&answer["errors"][0]["message"])
    };
    let payments = format!("/export/payments?accountId={}", shop.id);
    for (language, begins) in
        [(Some("en"), "Your role"), (Some("es-MX,en;q=0.5"), "Su funci"), (None, "Sua fun")]
    {
        let told = refused_in(language, &payments).await;
        assert!(told.starts_with(begins), "{language:?}: {told}");
    }
    let told = refused_in(Some("pt"), "/export/users").await;
    assert!(told.starts_with("Essa exporta") && told.contains("price-list"), "{told}");
    shop.finish().await;
});

on_both!(a_link_is_of_one_export_and_of_one_login, |backend: Backend| async move {
    let shop = busy(backend).await;
    let (server, owner) = (&shop.server, &shop.owner);
    let download = async |path: &str| {
        http().get(format!("http://{}{path}", server.http)).send().await.expect("an answer")
    };
    let input = json!({ "subject": "CALLS", "accountId": shop.id, "format": "JSONL" });
    let made = link(owner, input.clone()).await;
    let url = text(&made["url"]);
    assert!(url.starts_with("/export/calls?link=") && !url.contains(owner.token()), "{made}");
    let calls = rows(server, owner, &format!("/export/calls?accountId={}&format=jsonl", shop.id)).await;
    for _ in 0..2 {
        let file = download(&url).await.text().await.expect("a body");
        assert_eq!(file.lines().count(), calls.len());
    }
    let works = async |path: &str| {
        let response = download(path).await;
        let status = response.status().as_u16();
        response.bytes().await.expect("a whole body");
        status == 200
    };
    let bad = async |path: &str, status: u16, code: &str| {
        assert_eq!(refusal(download(path).await).await, (status, code.to_owned()), "{path}");
    };
    bad(&url.replace("/calls", "/ledger"), 401, "INVALID_LINK").await;
    bad(&format!("{url}x"), 401, "INVALID_LINK").await;
    bad(&url.replace("link=", "link=A"), 401, "INVALID_LINK").await;
    bad("/export/calls?link=", 401, "INVALID_LINK").await;
    bad(&format!("{url}&from=2026-01"), 400, "BAD_REQUEST").await;

    // if an export would be refused, a request for a link to the export is refused immediately
    let mut foreign = input.clone();
    foreign["accountId"] = json!(shop.reseller_id);
    assert_eq!(link(owner, foreign).await["userErrors"][0]["code"], "NOT_FOUND");
    let mut bad_day = input.clone();
    bad_day["from"] = json!("soon");
    let answer = link(owner, bad_day).await;
    assert_eq!(answer["userErrors"][0]["code"], "INVALID_INPUT", "{answer}");
    let payments = json!({ "subject": "PAYMENTS", "accountId": shop.id });
    let query = "mutation($i: CreateExportLinkInput!) { createExportLink(input: $i) { url } }";
    let answer = shop.attendant.send(query, json!({ "i": payments })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");

    // a link is no longer valid when the login or the token that created it ends
    let of_attendant = text(&link(&shop.attendant, input.clone()).await["url"]);
    assert!(works(&of_attendant).await);
    shop.attendant.did("logout", "LogoutInput", json!({}), "done").await;
    bad(&of_attendant, 401, "INVALID_LINK").await;
    let token =
        json!({ "name": "Export", "scopes": ["CALLS_READ"], "expiresAt": Utc::now() + TimeDelta::days(1) });
    let token = owner.did("createApiToken", "CreateApiTokenInput", token, "token apiToken { id }").await;
    let program = owner.with_token(&text(&token["token"]));
    let of_program = text(&link(&program, input).await["url"]);
    // a token without the list's scope is refused, and the error names that scope
    let payments = json!({ "subject": "PAYMENTS", "accountId": shop.id });
    let answer = program.send(query, json!({ "i": payments })).await;
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{answer}");
    assert!(text(&error["message"]).contains("sessions:read"), "{answer}");
    assert!(works(&of_program).await);
    let revoked = json!({ "apiTokenId": token["apiToken"]["id"] });
    owner.did("revokeApiToken", "RevokeApiTokenInput", revoked, "apiToken { id }").await;
    bad(&of_program, 401, "INVALID_LINK").await;
    // in any case, a link expires after five minutes
    assert!(works(&url).await);
    server.time().pass(TimeDelta::minutes(5) + TimeDelta::seconds(1));
    bad(&url, 401, "INVALID_LINK").await;
    shop.finish().await;
});

fn deck(rows: usize) -> String {
    let mut deck =
        "prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n".to_owned();
    for row in 0..rows {
        writeln!(deck, "{},Somewhere far away {row},0.5,0,60,60", 100_000 + row).expect("a line");
    }
    deck
}

/// A draft with this many rates. Returns its global id.
async fn version(shop: &Shop, rows: usize) -> String {
    let tariff = json!({ "name": unique("tariff") });
    let tariff = shop.reseller.did("createTariff", "CreateTariffInput", tariff, "tariff { id }").await;
    let input = json!({ "tariffId": tariff["tariff"]["id"], "csv": deck(rows), "mode": "REPLACE" });
    let made = shop.reseller.did("importTariff", "ImportTariffInput", input, "version { id }").await;
    text(&made["version"]["id"])
}

on_both!(pages_are_bounded_and_end_with_the_token, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (app, version) = (&shop.server.app, version(&shop, 1_200).await);
    let token =
        json!({ "name": "Export", "scopes": ["TARIFFS_READ"], "expiresAt": Utc::now() + TimeDelta::days(1) });
    let token =
        shop.reseller.did("createApiToken", "CreateApiTokenInput", token, "token apiToken { id }").await;
    let (actor, _) = app::auth::login::authenticate(app, &text(&token["token"])).await.expect("a token");
    let request = Request {
        subject: Subject::Rates,
        id: Kind::TariffVersion.parse(&version.into()).expect("an id"),
        from: None,
        to: None,
        book: None,
        format: Format::Csv,
        locale: None,
    };
    let open = async || exports::open(app, &actor, &request, global_id).await.expect("an export");
    let mut export = open().await;
    let mut parts = Vec::new();
    while let Some(part) = export.next().await.expect("a part") {
        parts.push(String::from_utf8(part).expect("UTF-8").lines().count());
    }
    assert_eq!(parts, [501, 500, 200], "the header and the rows");
    assert_eq!(export.written(), 1_200);

    let mut export = open().await;
    assert!(export.next().await.expect("a part").is_some());
    let revoked = json!({ "apiTokenId": token["apiToken"]["id"] });
    shop.reseller.did("revokeApiToken", "RevokeApiTokenInput", revoked, "apiToken { id }").await;
    assert!(matches!(export.next().await, Err(Error::Unauthenticated)));
    shop.finish().await;
});

/// The bytes that arrive on the connection before it ends.
async fn rest(connection: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // ignore the error, because a reset ends the connection, too
    let _ = connection.read_to_end(&mut bytes).await;
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_dropped_and_its_file_has_no_end() {
    let change = |config: &mut api::config::Config| {
        config.exports.per_user = 1;
        config.exports.stall_seconds = 1;
        // the deck is sent in one request
        config.limits.body_bytes = 8 << 20;
    };
    let shop = Shop::on(TestServer::start(Backend::Sqlite, change).await, 1).await;
    let (server, reseller) = (&shop.server, &shop.reseller);
    let path = format!("/export/rates?tariffVersionId={}", version(&shop, 40_000).await);
    let mut lazy = TcpStream::connect(server.http).await.expect("a connection");
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", reseller.token());
    lazy.write_all(head.as_bytes()).await.expect("sent");
    let mut first = [0; 12];
    lazy.read_exact(&mut first).await.expect("the beginning");
    assert_eq!(&first, b"HTTP/1.1 200");
    let busy = get(server, reseller, &path).await;
    assert_eq!(busy.headers()[header::RETRY_AFTER], "10");
    assert_eq!(refusal(busy).await, (429, "TOO_MANY_EXPORTS".to_owned()));
    // once the client that reads nothing has been dropped, the other client gets its whole file
    let whole = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let response = get(server, reseller, &path).await;
            if response.status() == 200 {
                return response.text().await.expect("a whole body");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("the lazy client is dropped");
    assert_eq!(whole.lines().count(), 40_001);
    // the connection ends even though its client still reads nothing
    let ended = tokio::time::timeout(Duration::from_secs(30), async {
        while lazy.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    ended.await.expect("the connection ends");
    let read = tokio::time::timeout(Duration::from_secs(30), rest(&mut lazy)).await.expect("an end");
    assert!(read.len() < whole.len(), "{} of {} bytes", read.len(), whole.len());
    assert!(!read.ends_with(b"0\r\n\r\n"), "the file must not have a valid end");
    shop.finish().await;
}

on_both!(a_statement_adds_up_exactly, |backend: Backend| async move {
    let shop = busy(backend).await;
    let (server, owner) = (&shop.server, &shop.owner);
    let balance = async || {
        let query = "query($id: ID!) { ledgerBalances(accountId: $id) { amount } }";
        text(&owner.ok(query, json!({ "id": shop.id })).await["ledgerBalances"][0]["amount"])
    };
    let middle = server.time().now();
    let before = balance().await;
    let money = |amount: &str| json!({ "amount": amount, "currency": "BRL" });
    let input = json!({ "accountId": shop.id, "amount": money("-20"), "reason": "=a mistake", "idempotencyKey": unique("key") });
    let adjusted = shop.reseller.did("adjustCredit", "AdjustCreditInput", input, "transferId").await;
    let input =
        json!({ "transferId": adjusted["transferId"], "reason": "undone", "idempotencyKey": unique("key") });
    shop.reseller.did("reverseTransfer", "ReverseTransferInput", input, "transferId").await;
    tests::shop::top_up(&shop.reseller, &shop.id, "7").await;
    let after = balance().await;

    let at = middle.to_rfc3339_opts(SecondsFormat::Micros, true);
    let path = format!("/export/statement?accountId={}&format=jsonl", shop.id);
    let kinds = |rows: &[Value]| rows.iter().map(|row| text(&row["kind"])).collect::<Vec<_>>();
    let first = rows(server, owner, &format!("{path}&to={at}")).await;
    assert_eq!(kinds(&first), ["OPENING", "TOP_UP", "CALLS", "CLOSING"]);
    assert_eq!((&first[0]["balance"], &first[3]["balance"]), (&json!("0"), &json!(before)));
    assert_eq!((&first[2]["calls"], &first[2]["version"]), (&json!(2), &json!(1)), "{first:?}");
    assert_eq!(first[2]["billed_seconds"], 91);
    let second = rows(server, owner, &format!("{path}&from={at}")).await;
    assert_eq!(kinds(&second), ["OPENING", "ADJUSTMENT", "REVERSAL", "TOP_UP", "CLOSING"]);
    assert_eq!((&second[0]["balance"], &second[4]["balance"]), (&json!(before), &json!(after)));
    for rows in [&first, &second] {
        let ends = [rows.first(), rows.last()].map(|row| sum(&[row.expect("a row").clone()], "balance").0);
        assert_eq!(ends[0] + sum(rows, "amount").0, ends[1], "{rows:?}");
    }

    // the API has the same figures
    let day = Utc::now().date_naive();
    let days = json!({ "id": shop.id, "from": day - TimeDelta::days(2), "to": day + TimeDelta::days(2) });
    let query = "query($id: ID!, $from: NaiveDate!, $to: NaiveDate!) { accountStatement(accountId: $id, from: $from, to: $to) {
        accountId account opening { amount } closing { amount currency } lines { kind note count billedSeconds tariffVersionNumber
        amount { amount } } } }";
    let statement = owner.ok(query, days.clone()).await["accountStatement"].take();
    assert_eq!(
        (&statement["opening"]["amount"], &statement["closing"]["amount"]),
        (&json!("0"), &json!(after))
    );
    let lines = statement["lines"].as_array().expect("lines");
    let amounts: Vec<Value> = lines.iter().map(|line| line["amount"].clone()).collect();
    assert_eq!(sum(&amounts, "amount").to_string(), after);
    assert_eq!(lines.last().expect("calls")["kind"], "CALLS");
    let of_reseller = json!({ "id": shop.reseller_id, "from": day, "to": day });
    assert_eq!(owner.ok(query, of_reseller).await["accountStatement"], Value::Null);

    let csv = body(server, owner, &format!("/export/statement?accountId={}&from={at}", shop.id)).await;
    assert!(csv.contains(",'=a mistake,") && csv.ends_with(&format!(",{after}\n")), "{csv}");
    let pdf =
        get(server, owner, &format!("/export/statement?accountId={}&format=pdf&locale=pt-BR", shop.id)).await;
    assert_eq!(pdf.headers()[header::CONTENT_TYPE], "application/pdf");
    let pdf = pdf.bytes().await.expect("a body");
    let shown = String::from_utf8_lossy(&pdf);
    assert!(pdf.starts_with(b"%PDF-") && shown.contains("EXTRATO DA CONTA") && shown.contains("SALDO FINAL"));
    shop.finish().await;
});
