//! `callshop simulate`.

use clap::Args;

use super::{Failure, out, stop_on_signal};
use crate::simulate::{Plan, Simulator, Tally};

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// Base URL of the hook.
    #[arg(long, default_value = "http://127.0.0.1:8081", value_name = "URL")]
    hook: String,
    /// The hook's secret, one of hook.secrets.
    #[arg(long, env = "CALLSHOP_SIMULATE_SECRET", hide_env_values = true)]
    secret: String,
    /// SIP user names of the calling phones, separated by commas.
    #[arg(long, value_delimiter = ',', required = true, value_name = "USER,…")]
    users: Vec<String>,
    /// Number of calls that all phones together start per minute.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    rate: u32,
    /// Maximum talk time in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(2..=3_600))]
    talk: u32,
    /// Stop after this many calls; without this option, continue until interrupted.
    #[arg(long)]
    calls: Option<u64>,
}

pub(super) async fn run(args: SimulateArgs) -> Result<(), Failure> {
    let bar = args.calls.map_or_else(indicatif::ProgressBar::new_spinner, indicatif::ProgressBar::new);
    let plan = Plan {
        users: args.users,
        calls_per_minute: args.rate,
        max_talk_seconds: args.talk,
        calls: args.calls,
    };
    let shown = bar.clone();
    let progress = move |tally: Tally| {
        shown.set_position(tally.allowed + tally.refused + tally.errors);
        shown.set_message(format!(
            "{} allowed, {} refused, {} errors",
            tally.allowed, tally.refused, tally.errors
        ));
    };
    let simulator = Simulator::new(args.secret, stop_on_signal()?)?;
    simulator.connect(&args.hook);
    let tally = crate::simulate::run(&simulator, plan, progress).await;
    bar.finish_and_clear();
    out(&format!("{} calls allowed, {} refused, {} errors\n", tally.allowed, tally.refused, tally.errors))?;
    if tally.errors > 0 {
        Err("some requests failed: is the server running, and is the secret correct?".into())
    } else {
        Ok(())
    }
}
