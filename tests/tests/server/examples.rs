//! Runs the programs in `examples/` against a server, as an integrator would. Tests whose names contain `python_packages` need the packages that
//! `tests/run` installs.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use chrono_tz::America::Sao_Paulo;
use serde_json::json;
use tests::receiver::{Receiver, Reply};
use tests::shop::text;
use tests::{Backend, Client, Shop, on_both};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Maximum time for one command.
const PATIENCE: Duration = Duration::from_secs(60);
/// A carrier's deck that raises a question about the order of day and month, because no date has a day over 12.
const DECK: &str = "Destination;Code;New Rate;Effective\nPortugal;351;0,3300;03/04/2026\nPortugal Mobile;3519;0,4100;03/04/2026\n";
const QUESTION: &str = "DATE_ORDER=1";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// A Python interpreter with the packages of the examples.
fn python_with_packages() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let found = target.join("tools/python/bin/python");
    assert!(found.exists(), "{} is missing: run the tests with tests/run", found.display());
    found
}

/// Creates an API token with these scopes.
async fn token(client: &Client, scopes: &[&str]) -> String {
    let input = json!({ "name": "Prices", "scopes": scopes, "expiresAt": Utc::now() + TimeDelta::days(10) });
    text(&client.did("createApiToken", "CreateApiTokenInput", input, "token").await["token"])
}

/// The result of a command.
#[derive(Debug)]
struct Ran {
    status: Option<i32>,
    output: String,
    errors: String,
}

impl Ran {
    /// The output of a command that succeeded.
    fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.output.trim_end().to_owned()
    }
}

/// A folder in which an integrator works.
struct Desk {
    folder: tempfile::TempDir,
    api: String,
}

impl Desk {
    fn new(shop: &Shop, token: &str) -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a folder"),
            api: format!("http://{}/graphql", shop.server.http),
        };
        desk.write("token.txt", token);
        desk.write("deck.csv", DECK);
        desk
    }

    fn write(&self, name: &str, contents: &str) {
        std::fs::write(self.folder.path().join(name), contents).expect("a file is written");
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env("CALLSHOP_API", &self.api)
            .env("CALLSHOP_TOKEN_FILE", "token.txt")
            .env("PYTHONPATH", examples().join("python/src"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, mut command: Command) -> Ran {
        let output = tokio::time::timeout(PATIENCE, command.output())
            .await
            .unwrap_or_else(|_| panic!("{command:?} does not end"))
            .expect("the command runs");
        let [output_text, errors] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        Ran { status: output.status.code(), output: output_text, errors }
    }

    /// Runs a command of the Python package.
    async fn python(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command("python3");
        command.args(["-m", "callshop"]).args(arguments);
        self.run(command).await
    }

    /// Runs a script of the shell examples.
    async fn shell(&self, script: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(examples().join("shell").join(script));
        command.args(arguments);
        self.run(command).await
    }
}

async fn prices_of_the_shop(shop: &Shop) -> (String, String) {
    let tariff = shop.reseller.object("callshop", &shop.id, "retailTariff { id activeVersion { id } }").await
        ["retailTariff"]
        .take();
    (text(&tariff["id"]), text(&tariff["activeVersion"]["id"]))
}

on_both!(the_scripts_manage_prices, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+351212345678", 30_000).await;
    let scopes = ["TARIFFS_WRITE", "ACCOUNTS_READ", "CALLS_READ", "REPORTS_READ"];
    let desk = Desk::new(&shop, &token(&shop.reseller, &scopes).await);
    let (tariff, november) = prices_of_the_shop(&shop).await;

    // the Python client, from its first command to a scheduled version
    let seen = desk.python(&["token"]).await.ok();
    assert!(seen.starts_with("Prices: ") && seen.contains("TARIFFS_WRITE"), "{seen}");
    assert!(desk.python(&["tariffs"]).await.ok().contains(&format!("{tariff} {november} ")));
    assert_eq!(desk.python(&["shops"]).await.ok(), format!("{} America/Sao_Paulo Callshop", shop.id));
    let asked = desk.python(&["import", "--tariff", &tariff, "deck.csv"]).await;
    assert_eq!((asked.status, asked.output.as_str()), (Some(3), ""), "{asked:?}");
    assert!(asked.errors.contains("--answer DATE_ORDER=2  month, day, year"), "{asked:?}");
    let import = ["import", "--tariff", &tariff, "--answer", QUESTION, "deck.csv"];
    let checked = desk.python(&[&import[..], &["--dry-run"]].concat()).await;
    assert!(checked.errors.contains("\n1 added, 1 raised, 0 lowered, 0 changed, 0 removed, 3 unchanged\n"));
    assert!(checked.errors.contains("more than 90 days ago"), "{checked:?}");
    assert_eq!(checked.ok(), "");
    let drafted = desk.python(&import).await;
    assert!(drafted.errors.contains("at these prices: 1, margin "), "{drafted:?}");
    let december = drafted.ok();
    let rate = desk.python(&["rate", &december, "+351912345678"]).await.ok();
    assert_eq!(rate, "3519 Portugal Mobile: 0.41 BRL per minute");
    let at = (Utc::now() + TimeDelta::days(3)).to_rfc3339();
    let scheduled = desk.python(&["schedule", &december, "--at", &at]).await;
    assert!(scheduled.errors.starts_with("version 2 is SCHEDULED from "), "{scheduled:?}");
    let compared = desk.python(&["compare", &november, &december]).await.ok();
    let expected =
        "RAISED 351 Portugal: 0.3 -> 0.33 (10 %)\nADDED 3519 Portugal Mobile: - -> 0.41".to_owned();
    assert_eq!(compared, expected);
    let quote = ["quote", "--shop", &shop.id, "00351212345678"];
    assert_eq!(desk.python(&quote).await.ok(), "+351212345678 Portugal: 0.3 BRL per minute");

    // the shell client, with a correction that takes effect now
    desk.write("hotfix.csv", &DECK.replace("0,3300", "0,3100"));
    let asked = desk.shell("import-deck", &["--tariff", &tariff, "hotfix.csv"]).await;
    assert_eq!((asked.status, asked.output.as_str()), (Some(3), ""), "{asked:?}");
    assert!(asked.errors.contains("--answer DATE_ORDER=2  month, day, year"), "{asked:?}");
    let checked = desk
        .shell("import-deck", &["--tariff", &tariff, "--dry-run", "--answer", QUESTION, "hotfix.csv"])
        .await;
    assert!(checked.errors.contains("\n1 added, 1 raised, 0 lowered, 0 changed, 0 removed, 3 unchanged\n"));
    assert_eq!(checked.ok(), "");
    let now = ["--at", "now", "--check", "+351212345678", "--answer", QUESTION, "hotfix.csv"];
    let active = desk.shell("import-deck", &[&["--tariff", &tariff][..], &now].concat()).await;
    assert!(active.errors.contains("351 Portugal: 0.31 BRL per minute\n"), "{active:?}");
    assert!(active.errors.contains("version 3 is ACTIVE from "), "{active:?}");
    assert!(active.errors.contains("version 2 replaces it at "), "{active:?}");
    assert_eq!(prices_of_the_shop(&shop).await.1, active.ok());
    assert_eq!(desk.python(&quote).await.ok(), "+351212345678 Portugal: 0.31 BRL per minute");

    // exported rates come back unchanged
    let rates = desk.python(&["export-rates", &december]).await;
    desk.write("rates.csv", &rates.output);
    let base = ["--tariff", &tariff, "--mode", "REPLACE", "--dry-run", "rates.csv"];
    let again = desk.shell("import-deck", &base).await;
    assert!(
        again.errors.contains("0 added, 1 raised, 0 lowered, 0 changed, 0 removed, 4 unchanged"),
        "{again:?}"
    );

    // an idempotency key belongs to one file
    let keyed = ["--tariff", &tariff, "--dry-run", "--key", "march", "--answer", QUESTION, "hotfix.csv"];
    desk.shell("import-deck", &keyed).await.ok();
    desk.write("hotfix.csv", &DECK.replace("0,3300", "0,3200"));
    let in_python = [&["import"][..], &keyed].concat();
    for changed in [desk.shell("import-deck", &keyed).await, desk.python(&in_python).await] {
        assert_eq!(changed.status, Some(1), "{changed:?}");
        assert!(changed.errors.contains("IDEMPOTENCY_CONFLICT: The key was already used"), "{changed:?}");
    }
    let late = ["--tariff", &tariff, "--at", "2026-12-05", "hotfix.csv"];
    let refused = desk.shell("import-deck", &late).await;
    assert!(refused.status == Some(1) && refused.errors.contains("--at needs a time with an offset"));

    // the month
    let month = Utc::now().with_timezone(&Sao_Paulo).format("%Y-%m").to_string();
    let calls = desk.shell("export-month", &["--shop", &shop.id, &month]).await.ok();
    let lines: Vec<&str> = calls.lines().collect();
    assert_eq!(lines.len(), 2, "{calls}");
    assert!(lines[1].contains(",+351212345678,Portugal,ENDED,60,0.35,BRL"), "{calls}");
    assert_eq!(desk.python(&["export-calls", "--shop", &shop.id, &month]).await.ok(), calls);
    assert_eq!(desk.shell("export-month", &["--shop", &shop.id, "2024-12"]).await.ok(), lines[0]);

    // a token can import without the scope reports:read; the program then prints a warning
    desk.write("token.txt", &token(&shop.reseller, &["TARIFFS_WRITE"]).await);
    let drafted = desk.python(&["import", "--tariff", &tariff, "rates.csv"]).await;
    assert!(drafted.errors.contains("the token needs the scope reports:read"), "{drafted:?}");
    assert!(!drafted.ok().is_empty());

    // errors have codes
    desk.write("token.txt", "cs_wrong");
    for ran in
        [desk.python(&["token"]).await, desk.shell("export-month", &["--shop", &shop.id, &month]).await]
    {
        assert_eq!(ran.status, Some(1), "{ran:?}");
        assert!(ran.errors.contains("UNAUTHENTICATED: "), "{ran:?}");
    }
    shop.finish().await;
});

/// Starts the receiver of webhooks, and returns the process and its address.
async fn start_receiver(desk: &Desk, push: &str) -> (Child, String) {
    let mut command = desk.command(python_with_packages());
    command
        .arg(examples().join("webhook-receiver/receiver.py"))
        .env("LISTEN", "127.0.0.1:0")
        .env("WEBHOOK_SECRET_FILE", "secret.txt")
        .env("PUSH_URL", push)
        .stdout(Stdio::piped());
    let mut receiver = command.spawn().expect("the receiver starts");
    let output = receiver.stdout.take().expect("its output");
    let line = tokio::time::timeout(PATIENCE, BufReader::new(output).lines().next_line()).await;
    let address = line.expect("in time").expect("a line").expect("an address");
    (receiver, address)
}

fn titles(pushes: &[tests::receiver::Received]) -> Vec<String> {
    pushes.iter().map(|push| text(&push.json()["title"])).collect()
}

on_both!(the_receiver_sends_a_push_with_python_packages, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let desk = Desk::new(&shop, "none");
    let phone = Receiver::start().await;
    // the first push fails, and is repeated
    phone.answer(&[Reply::Status(503)], Reply::Status(200));
    let (mut receiver, address) = start_receiver(&desk, &phone.url()).await;
    let query = format!(
        "subscription {{ callshopActivity(callshopId: \"{}\", kinds: [REGISTER_OPENED, CABIN_OPENED]) \
            {{ cursorExpired event {{ at kind }} }} }}",
        shop.id
    );
    let input = json!({ "url": address, "query": query });
    let made = shop.reseller.did("createWebhook", "CreateWebhookInput", input, "secret webhook { id }").await;
    desk.write("secret.txt", &text(&made["secret"]));
    let webhook = text(&made["webhook"]["id"]);
    let status = "delivery { status responseStatus }";
    let input = json!({ "webhookId": webhook });
    let tested = shop.reseller.did("testWebhook", "TestWebhookInput", input, status).await;
    assert_eq!(tested["delivery"], json!({ "status": "DELIVERED", "responseStatus": 204 }));
    shop.open_register().await;
    let pushes = phone.until(3).await;
    assert_eq!(titles(&pushes), ["Test", "Test", "REGISTER_OPENED"]);
    assert_eq!(pushes[2].json()["topic"], "callshop");

    // neither a repeated message nor a message with a wrong signature causes a push
    let delivery = "deliveries(first: 1) { nodes { deliveryId kind } }";
    let log = shop.reseller.object("webhook", &webhook, delivery).await["deliveries"]["nodes"][0].take();
    assert_eq!(log["kind"], "EVENT", "{log}");
    let input = json!({ "deliveryId": log["deliveryId"] });
    let replayed = shop.reseller.did("replayDelivery", "ReplayDeliveryInput", input, status).await;
    assert_eq!(replayed["delivery"]["responseStatus"], 204);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let forged = json!({ "data": { "callshopActivity": { "event": { "kind": "FORGED" } } } });
    for signature in ["v1,AAAA", "nonsense"] {
        let request = http
            .post(&address)
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", Utc::now().timestamp())
            .header("webhook-signature", signature)
            .json(&forged);
        assert_eq!(request.send().await.expect("an answer").status().as_u16(), 401, "{signature}");
    }

    // after a restart, the receiver still knows the messages that it stored before
    receiver.kill().await.expect("the receiver is killed");
    let (_receiver, address) = start_receiver(&desk, &phone.url()).await;
    let input = json!({ "webhookId": webhook, "url": address });
    shop.reseller.did("updateWebhook", "UpdateWebhookInput", input, "webhook { id }").await;
    let input = json!({ "deliveryId": log["deliveryId"] });
    shop.reseller.did("replayDelivery", "ReplayDeliveryInput", input, status).await;
    shop.open_cabin(0).await;
    assert_eq!(titles(&phone.until(4).await)[3..], ["CABIN_OPENED"]);
    shop.finish().await;
});

/// Runs a command in a folder of the examples, without leaving files there.
fn check(folder: &str, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) {
    let output = std::process::Command::new(program)
        .args(arguments)
        .current_dir(examples().join(folder))
        .env("PYTHONPATH", "src")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MYPY_CACHE_DIR", "/dev/null")
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{arguments:?}\n{said}");
}

#[test]
fn the_scripts_repeat_only_what_they_may() {
    check("python", "python3", &["-m", "unittest", "discover", "tests"]);
}

// the types are made from the schema, so the check also finds requests that the schema no longer allows
#[test]
fn the_examples_are_typed_with_python_packages() {
    let python = python_with_packages();
    check("python", &python, &["generate.py", "--check"]);
    check("python", &python, &["-m", "mypy"]);
    check("webhook-receiver", &python, &["-m", "mypy", "--strict", "receiver.py"]);
}

#[test]
fn the_scripts_are_executable() {
    use std::os::unix::fs::PermissionsExt as _;
    for script in ["shell/ask", "shell/import-deck", "shell/export-month"] {
        let mode = std::fs::metadata(examples().join(script)).expect("a script").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
    }
}
