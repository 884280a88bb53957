//! `callshop healthcheck`: for whoever looks after a node and has no HTTP client, such as a container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use super::{ConfigArgs, Failure, out};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Ask only whether the process is alive (/livez), not whether it may be given work (/readyz).
    #[arg(long)]
    live: bool,
}

/// Prints what the probe said; exit status 0 when it was 200, otherwise 1.
pub(super) async fn run(args: HealthcheckArgs) -> Result<u8, Failure> {
    let address = reachable(args.config.load()?.listen);
    let probe = if args.live { "livez" } else { "readyz" };
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(format!("http://{address}/{probe}")).send().await;
    let answer =
        answer.map_err(|_| format!("no node answers at {address} within {} s", PATIENCE.as_secs()))?;
    let well = answer.status() == reqwest::StatusCode::OK;
    out(&format!("{}\n", answer.text().await?))?;
    Ok(u8::from(!well))
}

/// A node that listens at every address is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        own => own,
    };
    SocketAddr::new(host, listen.port())
}
