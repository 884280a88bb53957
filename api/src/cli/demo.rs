//! `callshop demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Failure, open, out, stop_on_signal};
use crate::config::options_in_environment;
use crate::demo::{self, Demo};
use crate::server::Server;
use crate::simulate::{self, Plan};
use app::auth::token;
use graphql::scalars::Kind;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Address and port of GraphQL and the explorer.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Folder for the demo's database. Created if missing, and reused by the next start.
    #[arg(long, default_value = "callshop-data", value_name = "PATH")]
    dir: PathBuf,
    /// Do not simulate phones and calls.
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
    let stop = stop_on_signal()?;
    let earlier = Demo::load(&args.dir)?;
    let secret = earlier.as_ref().map_or_else(token::random_secret, |demo| demo.hook_secret.clone());
    let mut config = demo::config(&args.dir, &secret);
    config.listen = args.listen;
    // any free port, because nothing outside this process needs to know the port beforehand
    config.hook.listen = SocketAddr::new(args.listen.ip(), 0);
    let node = open(&config).await?;
    let demo = match earlier {
        Some(demo) => demo,
        None => demo::seed(&node.app, &args.dir, &secret).await?,
    };
    let tokens = demo::tokens(&node.app, &demo).await?;
    let server = Server::start(&node, stop.clone()).await?;
    if args.json {
        out(&format!("{}\n", line(&server, &demo, &tokens)))?;
    } else {
        out(&welcome(&server, &demo))?;
    }
    let traffic = (!args.no_traffic).then(|| {
        let plan = Plan {
            hook_url: format!("http://{}", server.hook),
            secret,
            users: demo.phones.clone(),
            calls_per_minute: 30,
            max_talk_seconds: 40,
            calls: None,
        };
        tokio::spawn(simulate::run(plan, stop.clone(), |_| {}))
    });
    if let Some(traffic) = traffic {
        // the simulated calls end while the server still serves
        traffic.await??;
    }
    server.finished().await?;
    Ok(())
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
    let mut text = format!("The shop is open: http://{}/  (GraphQL at /graphql)\n\n", server.http);
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
