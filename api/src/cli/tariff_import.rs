//! `callshop tariff import`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use billing::carrier_deck::Mapping;
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::{ConfigArgs, Failure, not_found, operator, out, tariff_versions};
use app::App;
use app::auth::Actor;
use app::tariffs::{self, Import, ImportMode, MAX_DECK_BYTES, Outcome, Version, mappings};
use base::error::Error;
use graphql::scalars::Kind;

/// Maximum size of a mapping file.
const MAX_MAPPING_BYTES: u64 = 100_000;

pub(super) const HELP: &str = "\
Nothing changes for calls until the new version is activated: with `--activate` or `--at`, or later with `callshop tariff activate`.

Examples:
  callshop tariff import deck.csv --database sqlite:callshop.db --tariff VGFyaWZm… --dry-run
  callshop tariff import deck.xlsx --config callshop.toml --tariff VGFyaWZm… --mapping carrier.json --at 2026-12-01T00:00:00-03:00

Exit status: 0 if the deck was imported or checked, 1 if it has questions or errors.";

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Global id of the tariff, as the API returns it (`tariffs { nodes { id } }`).
    #[arg(long)]
    tariff: String,
    /// Carrier's deck, or CSV file with the columns prefix,destination,rate_per_minute,connection_fee,initial_increment,increment. At most 128 MiB; see
    /// examples/decks for all columns.
    file: PathBuf,
    /// Answers and corrections for a carrier's deck: a JSON file, or the name of a mapping that the tariff's account has saved. With a mapping, the file
    /// is read as a carrier's deck.
    #[arg(long, value_name = "NAME|FILE")]
    mapping: Option<String>,
    /// Print guesses, questions, problems and changes as JSON.
    #[arg(long)]
    json: bool,
    /// Add the file's rows to the active version instead of replacing all rates.
    #[arg(long)]
    merge: bool,
    /// Replace the rates of the countries in the file, and keep the active version's rates of all other countries.
    #[arg(long, conflicts_with = "merge")]
    replace_countries: bool,
    /// Make one version for each date in a carrier's deck, and schedule each version at the beginning of its day. Rows without a date take effect
    /// immediately.
    #[arg(long, conflicts_with_all = ["activate", "at"])]
    by_date: bool,
    /// Store nothing, and only report the changes, the errors, and what the last thirty days' calls would have cost at the new prices.
    #[arg(long)]
    dry_run: bool,
    /// Activate the new version immediately instead of leaving it as a draft.
    #[arg(long, conflicts_with = "at")]
    activate: bool,
    /// Schedule the new version for this time instead of leaving it as a draft.
    #[arg(long, value_name = "TIME", value_parser = tariff_versions::time)]
    at: Option<DateTime<Utc>>,
}

pub(super) async fn import(args: ImportArgs) -> Result<(), Failure> {
    let (config, what) = (args.config.clone(), format!("tariff {:?}", args.tariff));
    Box::pin(run(args)).await.map_err(|error| not_found(error, &what, &config))
}

/// What happens to the new version.
#[derive(Clone, Copy, Debug)]
enum Then {
    Draft,
    Activate,
    Schedule(DateTime<Utc>),
}

async fn run(args: ImportArgs) -> Result<(), Failure> {
    let deck = read_deck(&args.file)?;
    let (app, operator) = operator(&args.config).await?;
    let tariff_id = Kind::Tariff.parse(&args.tariff.into())?;
    let mapping = match &args.mapping {
        Some(mapping) => Some(find_mapping(&app, &operator, tariff_id, mapping).await?),
        None => None,
    };
    let then = match args.at {
        Some(at) if at <= app.clock.now() => {
            return Err("--at must be in the future; use --activate for now".into());
        }
        Some(at) => Then::Schedule(at),
        None if args.activate => Then::Activate,
        None => Then::Draft,
    };
    let note = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let import = Import {
        tariff_id,
        file: deck,
        mapping,
        base_version_id: None,
        mode: match (args.merge, args.replace_countries) {
            (true, _) => ImportMode::Merge,
            (false, true) => ImportMode::ReplaceCountries,
            (false, false) => ImportMode::Replace,
        },
        by_date: args.by_date,
        dry_run: args.dry_run,
        note,
    };
    import_deck(&app, &operator, import, then, args.json).await
}

/// Reads a file. A file over the size limit is rejected before the file fills the memory.
fn read_deck(file: &Path) -> Result<Vec<u8>, Failure> {
    let limit = MAX_DECK_BYTES as u64;
    let deck = read_at_most(file, limit)?;
    if deck.len() as u64 > limit {
        let message = format!(
            "{} is larger than {} MiB: split it and import the parts with --merge",
            file.display(),
            limit >> 20
        );
        return Err(message.into());
    }
    Ok(deck)
}

/// Reads up to one byte more than `limit`.
fn read_at_most(file: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(limit + 1).read_to_end(&mut content))
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Ok(content)
}

/// The mapping in the file with this name or, if there is no such file, the saved mapping of the tariff's account with this name.
async fn find_mapping(
    app: &App,
    operator: &Actor,
    tariff_id: Uuid,
    mapping: &str,
) -> Result<Mapping, Failure> {
    let file = Path::new(mapping);
    if file.exists() {
        return read_mapping(file);
    }
    let account_id = tariffs::find(app, operator, tariff_id).await?.account_id;
    match mappings::named(app, account_id, mapping).await {
        Err(Error::User(_)) => {
            Err(format!("{mapping:?} is neither a file nor a saved mapping of the tariff's account").into())
        }
        found => Ok(found?),
    }
}

fn read_mapping(file: &Path) -> Result<Mapping, Failure> {
    let content = read_at_most(file, MAX_MAPPING_BYTES)?;
    if content.len() as u64 > MAX_MAPPING_BYTES {
        return Err(format!("{} is larger than {MAX_MAPPING_BYTES} bytes", file.display()).into());
    }
    let mapping = serde_json::from_slice(&content);
    Ok(mapping.map_err(|error| format!("{} is not a valid mapping: {error}", file.display()))?)
}

async fn import_deck(
    app: &App,
    operator: &Actor,
    import: Import,
    then: Then,
    json: bool,
) -> Result<(), Failure> {
    let (tariff_id, dry_run) = (import.tariff_id, import.dry_run);
    let bar = if json { indicatif::ProgressBar::hidden() } else { indicatif::ProgressBar::new(0) };
    let shown = bar.clone();
    let progress = move |progress: tariffs::Progress| {
        shown.set_length(progress.total);
        shown.set_position(progress.done);
    };
    let outcome = tariffs::import(app, operator, import, progress).await?;
    bar.finish_and_clear();
    if json {
        out(&format!("{:#}\n", report(&outcome)))?;
    } else {
        explain(&outcome);
    }
    check_outcome(&outcome)?;
    let changes = outcome.changes;
    let summary = format!(
        "{} added, {} raised, {} lowered, {} changed, {} removed, {} unchanged\n",
        changes.added, changes.raised, changes.lowered, changes.changed, changes.removed, changes.unchanged
    );
    say(json, &summary)?;
    tariff_versions::warn_of_losses(&outcome.margins);
    if let Some(draft) = outcome.loaded.as_ref().filter(|_| dry_run) {
        let impact = tariffs::impact_of_draft(app, operator, tariff_id, draft).await?;
        say(json, &tariff_versions::in_money(&impact))?;
    }
    for version in &outcome.scheduled {
        let (number, from) = (version.version.number, version.version.active_from.unwrap_or_default());
        say(json, &format!("version {number} is in force from {}\n", from.to_rfc3339()))?;
    }
    if !outcome.scheduled.is_empty() {
        return Ok(());
    }
    let Some(version) = outcome.version else { return Ok(()) };
    finish(app, operator, &version, then, json).await
}

/// Fails if the file has a question or an error.
fn check_outcome(outcome: &Outcome) -> Result<(), Failure> {
    if !outcome.questions.is_empty() {
        return Err("nothing was imported, because the file has more than one meaning: write the chosen answers, joined into one JSON \
                    object, to a file, and name the file with --mapping"
            .into());
    }
    let lines = match outcome.errors {
        0 => return Ok(()),
        1 => "1 error: correct the line".to_owned(),
        errors => format!("{errors} errors: correct the lines"),
    };
    Err(format!("nothing was imported because of {lines} listed above and try again").into())
}

/// Puts the new version in force if `then` says so; for a draft, names the next step.
async fn finish(
    app: &App,
    operator: &Actor,
    version: &Version,
    then: Then,
    json: bool,
) -> Result<(), Failure> {
    let at = match then {
        Then::Draft => {
            let id = Kind::TariffVersion.id(version.version.id);
            say(json, &format!("version {} is a draft\n", version.version.number))?;
            eprintln!("to put it in force: callshop tariff activate --version {}", id.as_str());
            return Ok(());
        }
        Then::Activate => None,
        Then::Schedule(at) => Some(at),
    };
    let (line, margins) = tariff_versions::activated(app, operator, version.version.id, at).await?;
    if at.is_some() {
        // the import was compared with the costs of today
        tariff_versions::warn_of_losses(&margins);
    }
    say(json, &line)
}

/// Prints a line of the result, to standard error if standard output is JSON.
fn say(json: bool, line: &str) -> Result<(), Failure> {
    if json {
        eprint!("{line}");
    } else {
        out(line)?;
    }
    Ok(())
}

/// The report on a file and its changes, for scripts.
fn report(outcome: &Outcome) -> serde_json::Value {
    let changes = outcome.changes;
    json!({
        "detected": outcome.detected,
        "questions": outcome.questions,
        "problems": outcome.problems,
        "errors": outcome.errors,
        "warnings": outcome.fixed,
        "rows": outcome.counts,
        "setAside": outcome.set_aside,
        "changes": {
            "added": changes.added,
            "raised": changes.raised,
            "lowered": changes.lowered,
            "changed": changes.changed,
            "removed": changes.removed,
            "unchanged": changes.unchanged,
        },
        "belowCost": outcome.margins.total,
        "version": outcome.version.as_ref().map(|version| version.version.number),
    })
}

/// Prints guesses, questions and problems for a person.
fn explain(outcome: &Outcome) {
    for guess in &outcome.detected {
        eprintln!("{}: {} ({})", guess.item, guess.value, guess.reason);
    }
    for (reason, rows) in &outcome.set_aside {
        eprintln!("set aside: {rows} rows ({reason})");
    }
    for question in &outcome.questions {
        eprintln!(
            "question {} (line {}, {:?}): {}",
            question.code, question.line, question.example, question.text
        );
        for answer in &question.answers {
            eprintln!("  {}: {}", answer.text, json!(answer.mapping));
        }
    }
    for problem in &outcome.problems {
        let remedy = problem.remedy.as_ref().map_or(String::new(), |remedy| format!(" {remedy}"));
        eprintln!("line {}: {}{remedy} ({})", problem.line, problem.message, problem.code);
    }
}
