//! `callshop listen` forwards the messages of a webhook to a developer's machine.

mod document;
mod http;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use clap::Args;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use url::Url;

use super::{Failure, out, stop_on_signal};
use app::auth::token::digest;
use app::webhooks::signature;
use document::{Document, Message};

pub(super) const HELP: &str = "Examples:

  # a token for this program, made on the server; webhooks:read is needed for --webhook only
  callshop token create --login owner@SHOP --name listen --scope calls:read,webhooks:read > token.txt

  # all events of a callshop or of a branch, from the demo on this machine
  callshop listen --account Q2FsbHNob3A6… --token-file token.txt --forward-to http://127.0.0.1:3000/hook

  # what a webhook of a remote server would send
  CALLSHOP_TOKEN=$(cat token.txt) callshop listen --api https://shops.example.com/graphql \\
    --webhook V2ViaG9vazo… --forward-to http://127.0.0.1:3000/hook

  # with the same secret after each start
  (umask 077; echo \"whsec_$(openssl rand -base64 32)\" > secret.txt)
  callshop listen --account Q2FsbHNob3A6… --token-file token.txt --secret-file secret.txt --forward-to http://127.0.0.1:3000/hook

Without a secret of your own, the first line of the output has the secret with which the messages are signed. Events that happen
after the line `forwarding events` has appeared are forwarded. Messages are posted one after the other. Unlike a webhook, this command does not post a
message again if your program does not accept it.";

/// Longest pause before another attempt to connect.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// If nothing arrives for this time, the connection counts as lost. The server sends something at least every half minute.
const SILENCE: Duration = Duration::from_secs(60);
/// How long the receiver may take to answer: the same time as the default for webhooks.
const PATIENCE: Duration = Duration::from_secs(15);
/// The text with which every secret begins.
const PREFIX: &str = "whsec_";
/// Sizes of a secret that Standard Webhooks allows, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Number of hexadecimal digits in the id of a message, as in the ids of a webhook.
const ID_DIGITS: usize = 32;
/// Maximum size of an event of the stream, in bytes.
const MAX_EVENT: usize = 8 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    /// Where the messages are posted, such as http://127.0.0.1:3000/hook.
    #[arg(long, value_name = "URL")]
    forward_to: Url,
    /// Address of the server's GraphQL API.
    #[arg(long, value_name = "URL", env = "CALLSHOP_API", default_value = "http://127.0.0.1:8080/graphql")]
    api: Url,
    /// File with an API token or an access token. If omitted, the token is read from the environment variable CALLSHOP_TOKEN. The token itself is not
    /// an option, because other users of this machine can read command lines.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// File with the secret that signs the messages: `whsec_` and 24 to 64 bytes in base 64. If omitted, the secret is read from the environment variable
    /// CALLSHOP_WEBHOOK_SECRET. If neither the file nor the variable is given, each start makes a new secret and prints it.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    what: What,
}

/// What is forwarded.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Forward the events of all callshops in an account's branch, or of one callshop: a global id, as the API returns it.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Forward the messages of this webhook: a global id, as the API returns it.
    #[arg(long, value_name = "ID")]
    webhook: Option<String>,
    /// File with the document of a webhook: a subscription to callshopActivity, accountActivity or accountFeed.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

/// Why a connection ended.
enum Ended {
    /// Another attempt may succeed.
    Lost(String),
    /// No other attempt will succeed.
    Refused(String),
}

/// The state of the command.
struct Listener {
    api: Url,
    token: String,
    forward_to: Url,
    document: Document,
    /// The webhook's id, or the document. The messages' ids depend on this text, and thus differ from those of other webhooks.
    source: String,
    secret: Vec<u8>,
    /// The last cursor of each callshop; the key is empty if there is only one callshop.
    cursors: BTreeMap<String, String>,
    /// Whether this connection has received something.
    heard: bool,
    /// Whether any connection has received something.
    begun: bool,
}

pub(super) async fn run(args: ListenArgs) -> Result<(), Failure> {
    let token = token(args.token_file.as_ref())?;
    for url in [&args.api, &args.forward_to] {
        if !["http", "https"].contains(&url.scheme()) {
            return Err(format!(
                "{url} is not the address of a web server: it must begin with http:// or https://"
            )
            .into());
        }
    }
    let text = text(&args, &token).await?;
    let given = secret(args.secret_file.as_ref())?;
    let secret = given.clone().unwrap_or_else(|| rand::random::<[u8; 32]>().to_vec());
    let mut listener = Listener {
        api: args.api,
        token,
        forward_to: args.forward_to,
        document: Document::of(&text)?,
        source: args.what.webhook.unwrap_or(text),
        secret,
        cursors: BTreeMap::new(),
        heard: false,
        begun: false,
    };
    // only a generated secret is printed, because the user already knows a secret from a file or the environment
    if given.is_none() {
        out(&format!("secret: {PREFIX}{}\n", STANDARD.encode(&listener.secret)))?;
    }
    let stop = stop_on_signal()?;
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        done = listener.follow() => done,
    }
}

/// The secret from the file or the environment; `None` if the user gave none.
fn secret(file: Option<&PathBuf>) -> Result<Option<Vec<u8>>, Failure> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read the secret from {}: {error}", file.display()))?,
        None => match std::env::var("CALLSHOP_WEBHOOK_SECRET") {
            Ok(text) => text,
            Err(_) => return Ok(None),
        },
    };
    let secret = text.trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let secret = secret.filter(|secret| SECRET_BYTES.contains(&secret.len()));
    Ok(Some(secret.ok_or_else(|| {
        format!(
            "the secret must be {PREFIX} and {} to {} bytes in base 64: `echo \"{PREFIX}$(openssl rand -base64 32)\"` makes one",
            SECRET_BYTES.start(),
            SECRET_BYTES.end()
        )
    })?))
}

/// The token from the file or the environment.
fn token(file: Option<&PathBuf>) -> Result<String, Failure> {
    let token = match file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read the token from {}: {error}", file.display()))?,
        None => std::env::var("CALLSHOP_TOKEN")
            .map_err(|_| "no token: set CALLSHOP_TOKEN, or name a file with --token-file")?,
    };
    match token.trim() {
        "" => Err("the token is empty: `callshop token create` makes one".into()),
        token => Ok(token.to_owned()),
    }
}

/// The webhook's document.
async fn text(args: &ListenArgs, token: &str) -> Result<String, Failure> {
    if let Some(file) = &args.what.document {
        let read = std::fs::read_to_string(file);
        return Ok(read.map_err(|error| format!("cannot read {}: {error}", file.display()))?);
    }
    if let Some(id) = &args.what.webhook {
        let query = "query($id: ID!) { webhook(id: $id) { query } }";
        let body = json!({ "query": query, "variables": { "id": id } }).to_string();
        let headers =
            [("authorization", format!("Bearer {token}")), ("accept", "application/json".to_owned())];
        let response = http::post(&args.api, &headers, body).await?;
        let answer: Value = serde_json::from_str(&http::text(response).await?)?;
        let query = answer["data"]["webhook"]["query"].as_str();
        return Ok(query.map(str::to_owned).ok_or_else(|| {
            let told = answer["errors"][0]["message"].as_str().unwrap_or("there is no such webhook");
            format!("cannot read the webhook {id}: {told} (the token needs the scope webhooks:read)")
        })?);
    }
    let id = args.what.account.as_deref().unwrap_or_default();
    // a global id is in base64
    if !id.chars().all(|letter| letter.is_ascii_alphanumeric() || "+/=_-".contains(letter)) {
        return Err(format!("{id:?} is not a global id: use an id that the API returned").into());
    }
    Ok(format!(
        "subscription {{ accountActivity(accountId: \"{id}\") {{ callshopId cursorExpired event {{ seq at kind cabinId sessionId }} }} }}"
    ))
}

/// The id of a message. Like the id of a webhook's message, this id stays the same after a restart, and differs between callshops even if their
/// events have the same numbers.
fn message_id([source, shop, kind, cursor]: [&str; 4]) -> String {
    let digest = digest(&format!("{source} {shop} {kind} {cursor}"));
    "msg_".chars().chain(digest.chars().take(ID_DIGITS)).collect()
}

impl Listener {
    /// Follows the subscription, and connects again whenever the connection is lost.
    async fn follow(&mut self) -> Result<(), Failure> {
        let mut pause = Duration::from_secs(1);
        loop {
            self.heard = false;
            let why = match self.connect().await {
                Err(Ended::Refused(why)) => return Err(why.into()),
                Err(Ended::Lost(why)) => why,
                Ok(()) => "the server ended the subscription".to_owned(),
            };
            if self.heard {
                pause = Duration::from_secs(1);
            }
            eprintln!("callshop: {why}; connecting again in {} s", pause.as_secs());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Resumes the subscription after the last message, and forwards messages until the stream ends.
    async fn connect(&mut self) -> Result<(), Ended> {
        let variables = json!({ "listenAfter": self.document.after(&self.cursors) });
        let body = json!({ "query": self.document.text, "variables": variables }).to_string();
        let headers =
            [("authorization", format!("Bearer {}", self.token)), ("accept", "text/event-stream".to_owned())];
        let response = tokio::time::timeout(PATIENCE, http::post(&self.api, &headers, body)).await;
        let response = response
            .map_err(|_| Ended::Lost("the server does not answer".to_owned()))?
            .map_err(Ended::Lost)?;
        let status = response.status();
        if !status.is_success() {
            let text = http::text(response).await.unwrap_or_default();
            let why = format!("the server answered with status {}: {}", status.as_u16(), text.trim());
            // the server is busy or is stopping
            let may_change = status.is_server_error() || [408, 429].contains(&status.as_u16());
            return Err(if may_change { Ended::Lost(why) } else { Ended::Refused(why) });
        }
        let (mut body, mut read) = (response.into_body(), Vec::new());
        loop {
            let frame = tokio::time::timeout(SILENCE, body.frame()).await;
            let frame = frame.map_err(|_| Ended::Lost("the server is silent".to_owned()))?;
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|error| Ended::Lost(error.to_string()))?;
            if let Some(data) = frame.data_ref() {
                read.extend_from_slice(data);
            }
            while let Some(end) = read.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = read.drain(..end + 2).collect();
                self.take(&String::from_utf8_lossy(&event)).await?;
            }
            if read.len() > MAX_EVENT {
                return Err(Ended::Refused(format!(
                    "the server sent an event of more than {MAX_EVENT} bytes"
                )));
            }
        }
    }

    /// Handles an event of the stream.
    async fn take(&mut self, event: &str) -> Result<(), Ended> {
        let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) else { return Ok(()) };
        let message = document::message(data).map_err(Ended::Refused)?;
        self.heard = true;
        if !self.begun {
            self.begun = true;
            let line = format!("forwarding events of {} to {}\n", self.api, self.forward_to);
            out(&line).map_err(|error| Ended::Refused(error.to_string()))?;
        }
        let key = message.shop.clone().unwrap_or_default();
        let cursor = message.cursor.clone();
        // a webhook sends no snapshots
        if message.event.is_some() || message.expired {
            self.forward(message).await?;
        }
        self.cursors.insert(key, cursor);
        Ok(())
    }

    /// Posts a message, and prints the result.
    async fn forward(&self, message: Message) -> Result<(), Ended> {
        let (seq, kind) = message.event.unwrap_or_else(|| (0, "GAP".to_owned()));
        let shop = message.shop.unwrap_or_default();
        let id = message_id([&self.source, &shop, &kind, &message.cursor]);
        let (body, now) = (message.body, Utc::now());
        let signed = signature(&self.secret, &id, now.timestamp(), &body);
        let signed = signed.map_err(|error| Ended::Refused(error.to_string()))?;
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", now.timestamp().to_string()),
            ("webhook-signature", signed),
        ];
        let begun = Instant::now();
        let posted = tokio::time::timeout(PATIENCE, http::post(&self.forward_to, &headers, body)).await;
        let result = match posted {
            Ok(Ok(response)) => response.status().as_u16().to_string(),
            Ok(Err(why)) => format!("failed: {why}"),
            Err(_) => format!("failed: no answer within {} s", PATIENCE.as_secs()),
        };
        let line = format!(
            "{} {result} {kind} seq {seq}{} {} ms\n",
            now.format("%H:%M:%S"),
            if shop.is_empty() { String::new() } else { format!(" of {shop}") },
            begun.elapsed().as_millis()
        );
        out(&line).map_err(|error| Ended::Refused(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_belongs_to_one_event_of_one_callshop() {
        let id = message_id(["subscription { a }", "shop one", "CALL_ENDED", "c2VxOjU"]);
        assert_eq!(id, message_id(["subscription { a }", "shop one", "CALL_ENDED", "c2VxOjU"]));
        assert_eq!(id.len(), "msg_".len() + ID_DIGITS);
        // the cursors of two callshops may be equal
        assert_ne!(id, message_id(["subscription { a }", "shop two", "CALL_ENDED", "c2VxOjU"]));
        assert_ne!(id, message_id(["subscription { b }", "shop one", "CALL_ENDED", "c2VxOjU"]));
    }
}
