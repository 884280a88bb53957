//! `callshop serve`.

use std::net::SocketAddr;

use clap::Args;

use super::{ConfigArgs, Failure, log, open, out, stop_on_signal};
use crate::server::Server;
use crate::traces::Exporter;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Address and port of GraphQL.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Address and port of the hook for the SIP proxy.
    #[arg(long, value_name = "ADDR")]
    hook_listen: Option<SocketAddr>,
    /// Print the effective configuration without secrets, and exit.
    #[arg(long)]
    print_config: bool,
}

pub(super) async fn run(args: ServeArgs, log_json: bool) -> Result<(), Failure> {
    let mut config = args.config.load()?;
    config.listen = args.listen.unwrap_or(config.listen);
    config.hook.listen = args.hook_listen.unwrap_or(config.hook.listen);
    if args.print_config {
        out(&format!("{}\n", serde_json::to_string_pretty(&config)?))?;
        return Ok(());
    }
    if config.hook.secrets.is_empty() {
        return Err(
            "no secret for the SIP proxy: set CALLSHOP_HOOK__SECRETS='[\"…\"]', or hook.secrets in the configuration file"
                .into(),
        );
    }
    let exporter = Exporter::new(&config.telemetry)?;
    log(log_json, exporter.as_ref());
    let stop = stop_on_signal()?;
    let node = open(&config).await?;
    let server = Server::start(&node, stop).await?;
    eprintln!(
        "callshop serves GraphQL at http://{}/graphql, the SIP proxy's hook at http://{}",
        server.http, server.hook
    );
    let finished = server.finished().await;
    if let Some(exporter) = exporter {
        exporter.shut_down().await;
    }
    Ok(finished?)
}
