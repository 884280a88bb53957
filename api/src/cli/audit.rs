//! `callshop audit`.

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{ConfigArgs, Failure, out};
use app::ledger::{self, Checked};
use base::secret::without_password;
use store::Store;

/// Last part of `callshop audit --help`.
pub(super) const HELP: &str = "Exit status: 0 if every invariant holds, 1 if one is broken, 2 if the audit could not run.\n\n\
    Examples:\n  \
    callshop audit --database sqlite:/var/lib/callshop/callshop.db\n  \
    callshop audit --quiet || mail -s 'callshop audit found errors' operator@example.org";

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print only broken invariants and the summary.
    #[arg(long)]
    quiet: bool,
}

pub(super) async fn run(args: AuditArgs) -> Result<u8, Failure> {
    match audit(&args).await {
        Ok(checked) => {
            out(&report(&checked, args.quiet))?;
            Ok(u8::from(checked.iter().any(|invariant| !invariant.findings.is_empty())))
        }
        Err(error) => {
            eprintln!("callshop: {error}");
            Ok(2)
        }
    }
}

async fn audit(args: &AuditArgs) -> Result<Vec<Checked>, Failure> {
    let config = args.config.load()?;
    let cannot = |error: base::error::Error| -> Failure {
        let database = without_password(&config.database_url);
        format!(
            "cannot audit the database {database}: {error} (does it exist, and did `callshop migrate` run?)"
        )
        .into()
    };
    // an audit must not create a missing database, because an empty database would pass
    let store = Store::inspect(&config.database_url).await.map_err(cannot)?;
    // the progress bar is shown only if standard error is a terminal
    let bar = ProgressBar::new(ledger::invariant_count() as u64);
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}")?);
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let (shown, mut begun) = (bar.clone(), 0);
    let checked = ledger::audit(&store, move |name| {
        shown.set_position(begun);
        shown.set_message(name);
        begun += 1;
    });
    let checked = checked.await.map_err(cannot);
    bar.finish_and_clear();
    checked
}

fn report(checked: &[Checked], quiet: bool) -> String {
    let mut text = String::new();
    for invariant in checked {
        if invariant.findings.is_empty() {
            if !quiet {
                text.push_str(&format!("OK      {}\n", invariant.name));
            }
            continue;
        }
        text.push_str(&format!("BROKEN  {}\n", invariant.name));
        for finding in &invariant.findings {
            text.push_str(&format!("        {finding}\n"));
        }
        if invariant.more {
            text.push_str("        … and more\n");
        }
    }
    let broken = checked.iter().filter(|invariant| !invariant.findings.is_empty()).count();
    match broken {
        0 if quiet => {}
        0 => text.push_str(&format!("everything holds: {} invariants\n", checked.len())),
        _ => text.push_str(&format!("{broken} of {} invariants do not hold\n", checked.len())),
    }
    text
}
