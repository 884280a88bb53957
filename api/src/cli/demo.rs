//! `callshop demo`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Failure, connect, out, stop_on_signal};
use crate::config::options_in_environment;
use crate::demo::{self, Demo};
use crate::server::{Node, Server};
use crate::simulate::{self, Plan, Simulator};
use app::auth::token;
use graphql::scalars::Kind;

/// Time for the simulated calls to end when the demo stops.
const SETTLE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Address and port of the console, the explorer, the documentation and GraphQL.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Folder for the demo's database. The folder is created if it is missing, and the next start uses the same folder.
    #[arg(long, default_value = "callshop-data", value_name = "PATH")]
    dir: PathBuf,
    /// Another origin whose pages may call the API, such as http://192.168.1.5:5173. Pages that this computer serves may always call the API. Repeat
    /// the option for more origins.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Do not simulate calls. The mutation simulateCall still makes simulated calls.
    #[arg(long)]
    no_traffic: bool,
    /// Print addresses, logins and tokens as one line of JSON, for scripts.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let unused = options_in_environment();
    if !unused.is_empty() {
        return Err(format!(
            "the demo has its own configuration and accepts no options from the environment: unset {}, or use `callshop serve`",
            unused.join(", ")
        )
        .into());
    }
    std::fs::create_dir_all(&args.dir)
        .map_err(|error| format!("cannot create the folder {}: {error}", args.dir.display()))?;
    let hang_up = stop_on_signal()?;
    eprintln!("callshop: opening the shop in {} …", args.dir.display());
    let earlier = Demo::load(&args.dir)?;
    let secret = earlier.as_ref().map_or_else(token::random_secret, |demo| demo.hook_secret.clone());
    let mut config = demo::config(&args.dir, &secret);
    config.listen = args.listen;
    // the demo accepts any free port, because nothing outside this process needs to know the port beforehand
    config.hook.listen = SocketAddr::new(args.listen.ip(), 0);
    config.allowed_origins = args.allow_origin;
    config.check()?;
    let simulator = Simulator::new(secret.clone(), hang_up.clone())?;
    let database = connect(&config).await?;
    let node = Node::sandbox(database, Arc::new(config), Arc::new(simulator.clone())).await?;
    let demo = match earlier {
        Some(demo) => demo,
        None => demo::seed(&node.app, &args.dir, &secret).await?,
    };
    let tokens = demo::tokens(&node.app, &demo).await?;
    // the phones stop first, so that the server accepts the ends of their calls
    let stop = CancellationToken::new();
    let server = Server::start(&node, stop.clone()).await?;
    tokio::spawn(end_with(stop.clone(), hang_up.clone()));
    if args.json {
        out(&format!("{}\n", line(&server, &demo, &tokens)))?;
    } else {
        out(&welcome(&server, &demo))?;
    }
    simulator.connect(&format!("http://{}", server.hook));
    if args.no_traffic {
        simulator.register(&demo.phones).await;
        hang_up.cancelled().await;
    } else {
        let users = demo.phones.clone();
        let plan = Plan { users, calls_per_minute: 30, max_talk_seconds: 40, calls: None };
        simulate::run(&simulator, plan, |_| {}).await;
    }
    if tokio::time::timeout(SETTLE, simulator.settled()).await.is_err() {
        tracing::warn!("some simulated calls did not end in time; the next start closes them");
    }
    stop.cancel();
    server.finished().await?;
    Ok(())
}

/// Stops the simulated phones when the server stops, even if the server stops because one of its parts failed.
async fn end_with(server: CancellationToken, phones: CancellationToken) {
    server.cancelled().await;
    phones.cancel();
}

fn line(server: &Server, demo: &Demo, tokens: &[String]) -> serde_json::Value {
    let users: Vec<_> = demo
        .users
        .iter()
        .zip(tokens)
        .map(|(user, token)| json!({ "login": user.login, "password": user.password, "role": user.role, "token": token }))
        .collect();
    let cabins: Vec<_> = demo.cabins.iter().map(|id| Kind::Cabin.id(*id).to_string()).collect();
    json!({
        "http": format!("http://{}/graphql", server.http),
        "ws": format!("ws://{}/graphql", server.http),
        "hook": { "url": format!("http://{}", server.hook), "secret": demo.hook_secret },
        "users": users,
        "callshopId": Kind::Callshop.id(demo.callshop).to_string(),
        "cabinIds": cabins,
    })
}

fn welcome(server: &Server, demo: &Demo) -> String {
    let at = server.http;
    let mut text = format!(
        "The shop is open: http://{at}/\n\n  \
         explorer        http://{at}/explorer/\n  \
         documentation   http://{at}/docs/\n  \
         GraphQL         http://{at}/graphql\n\n"
    );
    for user in &demo.users {
        text.push_str(&format!("  {:<15} {:<18} {}\n", user.role, user.login, user.password));
    }
    let shop = Kind::Callshop.id(demo.callshop).to_string();
    let cabin = demo.cabins.last().map(|id| Kind::Cabin.id(*id).to_string()).unwrap_or_default();
    text.push_str(&format!(
        "\nThree things to try in the explorer, logged in as the attendant:\n\n\
         1. watch the calls:    subscription {{ liveCalls(callshopId: \"{shop}\") {{ calls {{ numberFormatted destination state elapsedSeconds cost {{ amount }} }} }} }}\n\
         2. open a cabin:       mutation {{ openCabin(input: {{ cabinId: \"{cabin}\" }}) {{ session {{ id state }} userErrors {{ message }} }} }}\n\
         3. close it again:     mutation {{ closeCabin(input: {{ cabinId: \"{cabin}\" }}) {{ session {{ statement {{ total {{ amount currency }} calls {{ number amount {{ amount }} }} }} }} userErrors {{ message }} }} }}\n\n\
         Ctrl-C stops it. The next start continues with the same shop.\n"
    ));
    text
}
