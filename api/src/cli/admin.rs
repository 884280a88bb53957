//! `callshop schema`, `callshop user`, `callshop tariff`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use billing::carrier_deck::Mapping;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{ConfigArgs, Failure, open, out, tariff_versions};
use app::auth::Actor;
use app::margin::Margins;
use app::tariffs::{self, Import, ImportMode, MAX_DECK_BYTES, Outcome, mappings};
use app::users::{self, NewUser};
use app::{App, accounts, api_tokens};
use base::error::Error;
use uuid::Uuid;

/// Maximum size of a mapping file.
const MAX_MAPPING_BYTES: u64 = 100_000;

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Print the schema as this role sees it: anonymous, admin, distributor, reseller, callshop-owner or attendant. Without a role, print the full
    /// schema.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Print the part of the role's schema that an API token with these scopes sees, such as tariffs:read. Repeat the option for several scopes, or
    /// separate the scopes with commas.
    #[arg(long = "scope", value_name = "NOUN:VERB", value_delimiter = ',', requires = "role")]
    scopes: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create a platform administrator. A new server needs an administrator before anybody can log in.
    CreateAdmin {
        #[command(flatten)]
        config: ConfigArgs,
        /// The part of the login before "@".
        #[arg(long, default_value = "admin")]
        name: String,
        /// Name shown on screens.
        #[arg(long, default_value = "Administrator")]
        display_name: String,
        /// File that contains the password. The password is read from standard input if this option is missing.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Turn off the second factor of a user who has lost the phone with the authenticator app, and end the user's logins.
    ///
    /// An account's parent can do the same with `resetTotp`. Use this command for a platform administrator whom no other administrator can help.
    ResetTotp {
        #[command(flatten)]
        config: ConfigArgs,
        /// The user's login, name@code.
        #[arg(long)]
        login: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum TariffCommand {
    /// Import a rate deck as a new draft version of a tariff.
    ///
    /// The file is in the server's own format, or a carrier's deck in any layout: CSV, TSV, XLSX, or gzip. If a carrier's deck can be read in more
    /// than one way, nothing is imported, and the command prints the questions. Answer the questions in a mapping file (docs/decks.md).
    Import {
        #[command(flatten)]
        config: ConfigArgs,
        /// Global id of the tariff, as the API returns it (`tariffs { nodes { id } }`).
        #[arg(long)]
        tariff: String,
        /// Carrier's deck, or CSV file with the columns prefix,destination,rate_per_minute,connection_fee,initial_increment,increment. At most
        /// 128 MiB; see examples/decks for all columns.
        file: PathBuf,
        /// Answers and corrections for a carrier's deck: a JSON file, or the name of a mapping that the tariff's account has saved. With a mapping,
        /// the file is read as a carrier's deck.
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
        #[arg(long, conflicts_with = "activate")]
        by_date: bool,
        /// Store nothing, and only report the changes, the errors, and what the last thirty days' calls would have cost at the new prices.
        #[arg(long)]
        dry_run: bool,
        /// Activate the new version immediately instead of leaving it as a draft.
        #[arg(long)]
        activate: bool,
    },
    /// Print a version of a tariff as CSV.
    Export {
        #[command(flatten)]
        config: ConfigArgs,
        /// Global id of the tariff version, as the API returns it.
        #[arg(long)]
        version: String,
    },
    /// List the versions of a tariff, newest first.
    #[command(after_help = tariff_versions::VERSIONS_HELP)]
    Versions(tariff_versions::VersionsArgs),
    /// Compare two versions: which prices were added, raised, lowered, changed or removed.
    #[command(after_help = tariff_versions::COMPARE_HELP)]
    Compare(tariff_versions::CompareArgs),
    /// Cancel the schedule of a version. The version becomes a draft again.
    #[command(after_help = tariff_versions::CANCEL_HELP)]
    Cancel(tariff_versions::CancelArgs),
    /// Go back to the prices and terms of an earlier version immediately, by activating a new version that copies them.
    #[command(after_help = tariff_versions::REVERT_HELP)]
    Revert(tariff_versions::RevertArgs),
}

pub(super) fn schema(args: &SchemaArgs) -> Result<(), Failure> {
    let text = match &args.role {
        None => graphql::published_sdl()?,
        Some(role) if args.scopes.is_empty() => graphql::role_sdl(role)?,
        Some(role) => graphql::token_sdl(role, &parse_scopes(&args.scopes)?)?,
    };
    out(&text)?;
    Ok(())
}

/// The scopes with these names.
pub(super) fn parse_scopes(names: &[String]) -> Result<Vec<entity::TokenScope>, Failure> {
    Ok(names.iter().map(|name| api_tokens::parse_scope(name)).collect::<Result<_, _>>()?)
}

pub(super) async fn user(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::CreateAdmin { config, name, display_name, password_file } => {
            create_admin(&config, (name, display_name), password_file).await
        }
        UserCommand::ResetTotp { config, login } => reset_totp(&config, &login).await,
    }
}

async fn reset_totp(config: &ConfigArgs, login: &str) -> Result<(), Failure> {
    let app = open(&config.load()?).await?.app;
    let operator = Actor::operator(&accounts::ensure_platform(&app).await?);
    let user = match users::by_login(&app, &operator, login).await {
        Err(Error::NotFound) => {
            return Err(format!("there is no user {login:?}: give the login as name@code").into());
        }
        found => found?,
    };
    users::reset_totp(&app, &operator, user.id).await?;
    out(&format!("{login} logs in with the password alone\n"))
}

async fn create_admin(
    config: &ConfigArgs,
    (name, display_name): (String, String),
    password_file: Option<PathBuf>,
) -> Result<(), Failure> {
    let password = match password_file {
        Some(file) => std::fs::read_to_string(&file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?,
        None => {
            eprint!("Password (10 to 256 characters): ");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line
        }
    };
    let app = open(&config.load()?).await?.app;
    let platform = accounts::ensure_platform(&app).await?;
    let operator = Actor::operator(&platform);
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let new = NewUser { name, display_name, role: entity::Role::Admin, password };
    let user = users::create(&app, &operator, platform.id, new).await?;
    out(&format!("login: {}@{}\n", user.name, platform.code))?;
    Ok(())
}

pub(super) async fn tariff(command: TariffCommand) -> Result<(), Failure> {
    match command {
        TariffCommand::Import {
            config,
            tariff,
            file,
            mapping,
            json,
            merge,
            replace_countries,
            by_date,
            dry_run,
            activate,
        } => {
            let deck = read_deck(&file)?;
            let app = open(&config.load()?).await?.app;
            let tariff_id = graphql::scalars::Kind::Tariff.parse(&tariff.into())?;
            let mapping = match mapping {
                Some(mapping) => Some(find_mapping(&app, tariff_id, &mapping).await?),
                None => None,
            };
            let note = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let import = Import {
                tariff_id,
                file: deck,
                mapping,
                base_version_id: None,
                mode: match (merge, replace_countries) {
                    (true, _) => ImportMode::Merge,
                    (false, true) => ImportMode::ReplaceCountries,
                    (false, false) => ImportMode::Replace,
                },
                by_date,
                dry_run,
                note,
            };
            import_deck(&app, import, activate, json).await
        }
        TariffCommand::Versions(args) => tariff_versions::versions(args).await,
        TariffCommand::Compare(args) => tariff_versions::compare(args).await,
        TariffCommand::Cancel(args) => tariff_versions::cancel(args).await,
        TariffCommand::Revert(args) => tariff_versions::revert(args).await,
        TariffCommand::Export { config, version } => {
            let app = open(&config.load()?).await?.app;
            let operator = Actor::operator(&accounts::ensure_platform(&app).await?);
            let id = graphql::scalars::Kind::TariffVersion.parse(&version.into())?;
            out(&tariffs::export_csv(&app, &operator, id).await?)?;
            Ok(())
        }
    }
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
async fn find_mapping(app: &App, tariff_id: Uuid, mapping: &str) -> Result<Mapping, Failure> {
    let file = Path::new(mapping);
    if file.exists() {
        return read_mapping(file);
    }
    let operator = Actor::operator(&accounts::ensure_platform(app).await?);
    let account_id = tariffs::find(app, &operator, tariff_id).await?.account_id;
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

async fn import_deck(app: &App, import: Import, activate: bool, json: bool) -> Result<(), Failure> {
    let operator = Actor::operator(&accounts::ensure_platform(app).await?);
    let (tariff_id, dry_run) = (import.tariff_id, import.dry_run);
    let bar = if json { indicatif::ProgressBar::hidden() } else { indicatif::ProgressBar::new(0) };
    let shown = bar.clone();
    let progress = move |progress: tariffs::Progress| {
        shown.set_length(progress.total);
        shown.set_position(progress.done);
    };
    let outcome = tariffs::import(app, &operator, import, progress).await?;
    bar.finish_and_clear();
    if json {
        out(&format!("{:#}\n", report(&outcome)))?;
    } else {
        explain(&outcome);
    }
    if !outcome.questions.is_empty() {
        return Err("nothing was imported, because the file has more than one meaning: answer the questions in a mapping".into());
    }
    if outcome.errors > 0 {
        let errors = outcome.errors;
        return Err(format!(
            "nothing was imported because of {errors} errors: correct the lines listed above and try again"
        )
        .into());
    }
    let changes = outcome.changes;
    let summary = format!(
        "{} added, {} raised, {} lowered, {} changed, {} removed, {} unchanged\n",
        changes.added, changes.raised, changes.lowered, changes.changed, changes.removed, changes.unchanged
    );
    say(json, &summary)?;
    warn_of_losses(&outcome.margins);
    if let Some(draft) = outcome.loaded.as_ref().filter(|_| dry_run) {
        let impact = tariffs::impact_of_draft(app, &operator, tariff_id, draft).await?;
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
    if activate {
        let done = tariffs::activate(app, &operator, version.version.id, None).await?;
        if let Some((next, from)) =
            done.next.and_then(|next| Some((next.version.number, next.version.active_from?)))
        {
            eprintln!(
                "version {next} replaces it at {from} and lacks these changes: make the changes in version {next}, too"
            );
        }
    }
    let state = if activate { "in force" } else { "a draft" };
    say(json, &format!("version {} is {state}\n", version.version.number))
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

fn warn_of_losses(margins: &Margins) {
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
