//! `callshop healthcheck` probes a node where no HTTP client is available, such as in a container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use super::{ConfigArgs, Failure, out};

/// Timeout of the probe.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Check only that the process is alive (/livez), not that it is ready for requests (/readyz).
    #[arg(long)]
    live: bool,
}

/// Prints the probe's response, and returns exit status 0 if the response was 200, otherwise 1.
pub(super) async fn run(args: HealthcheckArgs) -> Result<u8, Failure> {
    let address = reachable(args.config.load()?.listen);
    let probe = if args.live { "livez" } else { "readyz" };
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(format!("http://{address}/{probe}")).send().await;
    let answer = answer.map_err(|_| {
        format!("no node answered at {address} within {} s: is it running?", PATIENCE.as_secs())
    })?;
    let well = answer.status() == reqwest::StatusCode::OK;
    out(&format!("{}\n", answer.text().await?))?;
    Ok(u8::from(!well))
}

/// The address to probe. A node that listens on every address is probed on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        own => own,
    };
    SocketAddr::new(host, listen.port())
}
