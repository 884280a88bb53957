//! Tests `callshop listen`, which forwards messages to a developer's machine.

use std::process::Stdio;

use tests::crash::process;
use tests::receiver::{Receiver, Reply};
use tests::relay::Relay;
use tests::{Backend, on_both};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{PATIENCE, events, shop_with, webhook};

/// A running `callshop listen`.
struct Listening {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Listening {
    fn start(arguments: &[&str], token: &str) -> Self {
        Self::start_with(arguments, token, None)
    }

    /// Starts the command with a secret that the user chose.
    fn start_with(arguments: &[&str], token: &str, secret: Option<&str>) -> Self {
        let mut command = Command::new(process::build(false));
        command.arg("listen").args(arguments).env("CALLSHOP_TOKEN", token).stdin(Stdio::null());
        command.envs(secret.map(|secret| ("CALLSHOP_WEBHOOK_SECRET", secret)));
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a line in time");
        line.expect("it is read").expect("it runs")
    }
}

on_both!(messages_are_forwarded_signed_and_resume_after_a_lost_connection, |backend: Backend| async move {
    let shop = shop_with(backend, |_| {}).await;
    let (receiver, relay) = (Receiver::start().await, Relay::to(shop.server.http).await);
    let (hook, api) = (receiver.url(), format!("http://{}/graphql", relay.address));
    let mut listening =
        Listening::start(&["--account", &shop.id, "--forward-to", &hook, "--api", &api], shop.owner.token());
    let secret = listening.line().await.strip_prefix("secret: ").expect("a secret").to_owned();
    assert!(listening.line().await.starts_with("forwarding events of "));
    events(&shop, 1).await;
    let first = listening.line().await;
    assert!(first.contains(" 204 SETTINGS_CHANGED seq ") && first.contains(&shop.id), "{first}");
    let message = receiver.seen().remove(0);
    assert_eq!(message.signatures(), [message.signed_with(&secret).await]);
    let told = message.json()["data"]["accountActivity"].take();
    let names: Vec<&String> = told.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["callshopId", "cursorExpired", "event"]);

    relay.cut();
    receiver.answer(&[Reply::Status(500)], Reply::Status(204));
    events(&shop, 3).await;
    relay.mend();
    let seen = receiver.until(4).await;
    let number =
        |one: &tests::receiver::Received| one.json()["data"]["accountActivity"]["event"]["seq"].as_i64();
    let numbers: Vec<i64> = seen.iter().filter_map(number).collect();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{numbers:?}");
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(listening.line().await);
    }
    assert!(lines.iter().any(|line| line.contains(" 500 SETTINGS_CHANGED ")), "{lines:?}");
    drop(listening);

    // `--webhook` uses the document of an existing webhook, and forwards the messages to another program
    let (id, _) = webhook(&shop.owner, &shop.id, &Receiver::start().await.url()).await;
    let arguments = ["--webhook", &id, "--forward-to", &hook, "--api", &api];
    let secret = format!("whsec_{}", "A".repeat(32));
    let mut of_webhook = Listening::start_with(&arguments, shop.owner.token(), Some(&secret));
    assert!(of_webhook.line().await.starts_with("forwarding events of "), "the user knows the secret");
    events(&shop, 1).await;
    let seen = receiver.until(5).await;
    assert_eq!(seen[4].signatures(), [seen[4].signed_with(&secret).await]);
    // the fields are in the order of the document, as in a message of the webhook
    let body = seen[4].body.clone();
    assert!(
        body.starts_with(r#"{"data":{"callshopActivity":{"cursorExpired":false,"event":{"seq":"#),
        "{body}"
    );
    assert!(body.ends_with(r#","kind":"SETTINGS_CHANGED","call":null}}}}"#), "{body}");
    drop(of_webhook);
    let mut bad = Listening::start_with(&arguments, shop.owner.token(), Some("whsec_short"));
    let ended = tokio::time::timeout(PATIENCE, bad.child.wait()).await.expect("it ends").expect("a status");
    assert_eq!(ended.code(), Some(1));

    // a token that is refused ends the command
    let mut refused =
        Listening::start(&["--account", &shop.id, "--forward-to", &hook, "--api", &api], "cs_nonsense");
    let ended =
        tokio::time::timeout(PATIENCE, refused.child.wait()).await.expect("it ends").expect("a status");
    assert_eq!(ended.code(), Some(1));
    shop.finish().await;
});
