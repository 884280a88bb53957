//! `callshop tariff versions`, `compare`, `activate`, `cancel` and `revert`.

use std::fmt::Write as _;

use billing::rate_changes::{RateChangeKind, percent};
use billing::tariff::Rate;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use super::{ConfigArgs, Failure, not_found, operator, out};
use app::App;
use app::auth::Actor;
use app::margin::Margins;
use app::tariffs::{self, Comparison, Impact, RateChange, Version, VersionState};
use graphql::scalars::Kind;
use store::Page;
use store::tariffs::RatePage;

/// Number of rows that are read at a time.
const PAGE: u64 = 100;
/// Number of compared prefixes that are read at a time.
const COMPARED: u64 = 5_000;

pub(super) const VERSIONS_HELP: &str = "\
Each line has the version's number, its state, the time from which it is in force, its number of rates, its id and its note.

DRAFT      no call uses the version; activate or discard it
SCHEDULED  takes effect at the shown time; `callshop tariff cancel` makes it a draft again
ACTIVE     prices new calls
RETIRED    a later version replaced it; `callshop tariff revert` goes back to it

Example: callshop tariff versions --tariff VGFyaWZm…";

pub(super) const COMPARE_HELP: &str = "\
The first line counts the prefixes of each kind. Each further line has the kind, the prefix, the destination, the old and new price per minute, and the
change in percent. Unchanged prefixes are listed only with `--kind unchanged`.

Examples:
  callshop tariff compare --from VGFyaWZm… --to VGFyaWZm…
  callshop tariff compare --from VGFyaWZm… --to VGFyaWZm… --kind raised --limit 20
  callshop tariff compare --from VGFyaWZm… --to VGFyaWZm… --json | jq 'select(.percent != null)'";

pub(super) const ACTIVATE_HELP: &str = "\
Without `--at`, the draft takes effect immediately. Prices below cost are listed and do not prevent the activation. If another version is scheduled to
follow, the command names it, because that version lacks the draft's changes.

Examples:
  callshop tariff activate --version VGFyaWZm…
  callshop tariff activate --version VGFyaWZm… --at 2026-12-01T00:00:00-03:00";

pub(super) const CANCEL_HELP: &str = "\
Only a version that has not yet taken effect can be canceled. If another version is scheduled to follow it, cancel that version first.

Example: callshop tariff cancel --version VGFyaWZm…";

pub(super) const REVERT_HELP: &str = "\
Without `--version`, the tariff goes back to the version that was in force before the active version. Calls in progress keep their prices. Scheduled
versions remain scheduled, and the command names the next one. Prices below cost are listed and do not prevent the change.

Examples:
  callshop tariff revert --tariff VGFyaWZm…
  callshop tariff revert --tariff VGFyaWZm… --version VGFyaWZm… --note 'Monday deck had wrong prices'";

#[derive(Debug, Args)]
pub(super) struct VersionsArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Global id of the tariff, as the API returns it (`tariffs { nodes { id } }`).
    #[arg(long)]
    tariff: String,
    /// Print one JSON object per line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Global id of the earlier version.
    #[arg(long)]
    from: String,
    /// Global id of the later version.
    #[arg(long)]
    to: String,
    /// List only prefixes of this kind.
    #[arg(long)]
    kind: Option<ChangeKind>,
    /// List at most this many prefixes.
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true, value_name = "ROWS")]
    limit: usize,
    /// Print one JSON object per line. The first object has the counts.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ChangeKind {
    /// Only the later version has the prefix.
    Added,
    /// The price per minute is higher.
    Raised,
    /// The price per minute is lower.
    Lowered,
    /// Another value differs.
    Changed,
    /// Only the earlier version has the prefix.
    Removed,
    /// The rates are equal.
    Unchanged,
}

impl From<ChangeKind> for RateChangeKind {
    fn from(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::Added => Self::Added,
            ChangeKind::Raised => Self::Raised,
            ChangeKind::Lowered => Self::Lowered,
            ChangeKind::Changed => Self::Changed,
            ChangeKind::Removed => Self::Removed,
            ChangeKind::Unchanged => Self::Unchanged,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ActivateArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Global id of the draft.
    #[arg(long)]
    version: String,
    /// When the draft takes effect: a time with an offset, such as 2026-12-01T00:00:00-03:00. If omitted, immediately.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Global id of the scheduled version.
    #[arg(long)]
    version: String,
}

#[derive(Debug, Args)]
pub(super) struct RevertArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Global id of the tariff.
    #[arg(long)]
    tariff: String,
    /// Global id of the version to go back to.
    #[arg(long)]
    version: Option<String>,
    /// Description of the new version.
    #[arg(long, default_value = "")]
    note: String,
}

/// Parses a time with an offset.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    time.map(Into::into)
        .map_err(|_| "write a time with an offset, such as 2026-12-01T00:00:00-03:00".to_owned())
}

/// How a version is named in an error.
fn version_named(id: &str) -> String {
    format!("tariff version {id:?}")
}

pub(super) async fn versions(args: VersionsArgs) -> Result<(), Failure> {
    let listed = list(&args).await;
    listed.map_err(|error| not_found(error, &format!("tariff {:?}", args.tariff), &args.config))
}

async fn list(args: &VersionsArgs) -> Result<(), Failure> {
    let (app, operator) = operator(&args.config).await?;
    let tariff_id = Kind::Tariff.parse(&args.tariff.as_str().into())?;
    let mut below = None;
    loop {
        let page = Page { above: None, below, limit: PAGE, descending: true, counted: false };
        let rows = tariffs::versions(&app, &operator, tariff_id, page).await?.rows;
        let mut text = String::new();
        for version in &rows {
            let line = if args.json { version_json(version).to_string() } else { version_line(version) };
            writeln!(text, "{line}")?;
        }
        out(&text)?;
        below = rows.last().map(|version| version.version.id);
        if (rows.len() as u64) < PAGE {
            return Ok(());
        }
    }
}

fn state(state: VersionState) -> &'static str {
    match state {
        VersionState::Draft => "DRAFT",
        VersionState::Scheduled => "SCHEDULED",
        VersionState::Active => "ACTIVE",
        VersionState::Retired => "RETIRED",
    }
}

fn version_line(version: &Version) -> String {
    let row = &version.version;
    let from = row.active_from.map_or("-".to_owned(), |from| from.to_rfc3339());
    let id = Kind::TariffVersion.id(row.id);
    let line = format!(
        "{} {} {from} {} {} {}",
        row.number,
        state(version.state),
        row.rate_count,
        id.as_str(),
        row.note
    );
    line.trim_end().to_owned()
}

fn version_json(version: &Version) -> serde_json::Value {
    let row = &version.version;
    json!({
        "number": row.number,
        "state": state(version.state),
        "activeFrom": row.active_from,
        "rates": row.rate_count,
        "id": Kind::TariffVersion.id(row.id).as_str(),
        "note": row.note,
    })
}

pub(super) async fn compare(args: CompareArgs) -> Result<(), Failure> {
    let what = format!("{}, or no {}", version_named(&args.from), version_named(&args.to));
    compare_versions(&args).await.map_err(|error| not_found(error, &what, &args.config))
}

async fn compare_versions(args: &CompareArgs) -> Result<(), Failure> {
    let (app, operator) = operator(&args.config).await?;
    let from = Kind::TariffVersion.parse(&args.from.as_str().into())?;
    let to = Kind::TariffVersion.parse(&args.to.as_str().into())?;
    let comparison = tariffs::compare(&app, &operator, from, to).await?;
    let counts = comparison.counts(&app).await?;
    if args.json {
        let counts = json!({ "added": counts.added, "raised": counts.raised, "lowered": counts.lowered,
            "changed": counts.changed, "removed": counts.removed, "unchanged": counts.unchanged });
        out(&format!("{counts}\n"))?;
    } else {
        out(&format!(
            "{} added, {} raised, {} lowered, {} changed, {} removed, {} unchanged\n",
            counts.added, counts.raised, counts.lowered, counts.changed, counts.removed, counts.unchanged
        ))?;
    }
    let rows = Rows { kind: args.kind.map(Into::into), limit: args.limit, json: args.json };
    rows.print(&app, &comparison).await
}

/// The rows to print.
struct Rows {
    kind: Option<RateChangeKind>,
    limit: usize,
    json: bool,
}

impl Rows {
    async fn print(&self, app: &App, comparison: &Comparison) -> Result<(), Failure> {
        let (mut after, mut left) = (None, self.limit);
        loop {
            let page = RatePage { after, limit: COMPARED, ..RatePage::default() };
            let rows = comparison.page(app, self.kind, page).await?.rows;
            let shown = |row: &&RateChange| self.kind.is_some() || row.kind() != RateChangeKind::Unchanged;
            let mut text = String::new();
            for row in rows.iter().filter(shown).take(left) {
                let line = if self.json { change_json(row).to_string() } else { change_line(row) };
                writeln!(text, "{line}")?;
                left -= 1;
            }
            out(&text)?;
            after = rows.last().and_then(RateChange::rate).map(|rate| rate.prefix.clone());
            if left == 0 || (rows.len() as u64) < COMPARED {
                return Ok(());
            }
        }
    }
}

fn kind_name(kind: RateChangeKind) -> &'static str {
    match kind {
        RateChangeKind::Added => "ADDED",
        RateChangeKind::Raised => "RAISED",
        RateChangeKind::Lowered => "LOWERED",
        RateChangeKind::Changed => "CHANGED",
        RateChangeKind::Removed => "REMOVED",
        RateChangeKind::Unchanged => "UNCHANGED",
    }
}

fn prices(row: &RateChange) -> [Option<String>; 3] {
    let price = |rate: &Option<Rate>| rate.as_ref().map(|rate| rate.price_per_minute.to_string());
    let change = row.before.as_ref().zip(row.after.as_ref());
    let percent = change.and_then(|(old, new)| percent(old.price_per_minute, new.price_per_minute));
    [price(&row.before), price(&row.after), percent.map(|percent| percent.to_string())]
}

fn change_line(row: &RateChange) -> String {
    let [before, after, percent] = prices(row);
    let (prefix, destination) =
        row.rate().map_or(("", ""), |rate| (rate.prefix.as_str(), rate.destination.as_str()));
    let shown = |price: Option<String>| price.unwrap_or_else(|| "-".to_owned());
    let percent = percent.map_or(String::new(), |percent| format!(" ({percent} %)"));
    format!(
        "{} {prefix} {destination}: {} -> {}{percent}",
        kind_name(row.kind()),
        shown(before),
        shown(after)
    )
}

fn change_json(row: &RateChange) -> serde_json::Value {
    let [before, after, percent] = prices(row);
    json!({
        "kind": kind_name(row.kind()),
        "prefix": row.rate().map(|rate| &rate.prefix),
        "destination": row.rate().map(|rate| &rate.destination),
        "before": before,
        "after": after,
        "percent": percent,
    })
}

pub(super) async fn activate(args: ActivateArgs) -> Result<(), Failure> {
    let run = async {
        let (app, operator) = operator(&args.config).await?;
        let id = Kind::TariffVersion.parse(&args.version.as_str().into())?;
        let (line, margins) = activated(&app, &operator, id, args.at).await?;
        warn_of_losses(&margins);
        out(&line)
    };
    run.await.map_err(|error| not_found(error, &version_named(&args.version), &args.config))
}

/// Activates a draft. Returns a line about the result, and the prices below cost. Prints to standard error which version will replace it.
pub(super) async fn activated(
    app: &App,
    operator: &Actor,
    version_id: Uuid,
    at: Option<DateTime<Utc>>,
) -> Result<(String, Margins), Failure> {
    let done = tariffs::activate(app, operator, version_id, at).await?;
    if let Some((next, from)) =
        done.next.and_then(|next| Some((next.version.number, next.version.active_from?)))
    {
        let from = from.to_rfc3339();
        eprintln!(
            "version {next} replaces it at {from} and lacks these changes: make the changes in version {next}, too"
        );
    }
    let version = done.version.version;
    let from = version.active_from.filter(|_| at.is_some());
    let from = from.map_or(String::new(), |from| format!(" from {}", from.to_rfc3339()));
    Ok((format!("version {} is in force{from}\n", version.number), done.margins))
}

/// Prints the prices below cost to standard error.
pub(super) fn warn_of_losses(margins: &Margins) {
    for warning in &margins.warnings {
        let what =
            warning.seconds.map_or("per minute".to_owned(), |seconds| format!("for {seconds} seconds"));
        eprintln!(
            "below cost: {} {} sells at {} and costs {} {what} (callshops: {})",
            warning.prefix,
            warning.destination,
            warning.retail_per_minute,
            warning.cost_per_minute,
            warning.callshops
        );
    }
    match margins.total {
        0 => {}
        1 => eprintln!("1 price is below cost"),
        total => eprintln!("{total} prices are below cost"),
    }
    if margins.is_partial {
        eprintln!("not all pairs of tariffs were compared: only the 20 pairs with the most accounts");
    }
}

pub(super) async fn cancel(args: CancelArgs) -> Result<(), Failure> {
    let run = async {
        let (app, operator) = operator(&args.config).await?;
        let id = Kind::TariffVersion.parse(&args.version.as_str().into())?;
        let version = tariffs::cancel(&app, &operator, id).await?;
        out(&format!("version {} is a draft\n", version.version.number))
    };
    run.await.map_err(|error| not_found(error, &version_named(&args.version), &args.config))
}

pub(super) async fn revert(args: RevertArgs) -> Result<(), Failure> {
    let mut what = format!("tariff {:?}", args.tariff);
    if let Some(version) = &args.version {
        what = format!("{what} with the version {version:?}");
    }
    go_back(&args).await.map_err(|error| not_found(error, &what, &args.config))
}

async fn go_back(args: &RevertArgs) -> Result<(), Failure> {
    let (app, operator) = operator(&args.config).await?;
    let tariff_id = Kind::Tariff.parse(&args.tariff.as_str().into())?;
    let version_id = args.version.as_deref().map(|id| Kind::TariffVersion.parse(&id.into())).transpose()?;
    let done = tariffs::revert(&app, &operator, tariff_id, version_id, &args.note).await?;
    warn_of_losses(&done.margins);
    if let Some((next, from)) =
        done.next.and_then(|next| Some((next.version.number, next.version.active_from?)))
    {
        eprintln!("version {next} replaces it at {from}; to prevent that, cancel version {next}");
    }
    let version = done.version.version;
    out(&format!("version {} is in force: {}\n", version.number, version.note))
}

/// The calls of the last thirty days at the new prices, as a line of text.
pub(super) fn in_money(impact: &Impact) -> String {
    let sign = if impact.margin_change.is_negative() { "" } else { "+" };
    let mut text = format!(
        "calls of the last 30 days: {} calls, retail {}, cost {}, margin {} ({sign}{})",
        impact.calls, impact.retail, impact.cost, impact.margin, impact.margin_change
    );
    for (number, of_what) in [
        (impact.destinations_below_cost, "destinations below cost"),
        (impact.unrated, "calls without a rate"),
    ] {
        if number > 0 {
            // writing to a string never fails
            let _ = write!(text, ", {number} {of_what}");
        }
    }
    if impact.is_partial {
        text.push_str(", but not all calls were counted");
    }
    text.push('\n');
    text
}
