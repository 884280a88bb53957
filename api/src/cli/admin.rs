//! `callshop schema`, `callshop user`, `callshop tariff`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{ConfigArgs, Failure, open, out};
use app::auth::Actor;
use app::margin::Margins;
use app::tariffs::{self, Import, ImportMode, MAX_DECK_BYTES};
use app::users::{self, NewUser};
use app::{App, accounts, api_tokens};

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Print the schema as this role sees it: anonymous, admin, distributor, reseller, callshop-owner or attendant. Without a role, print the full
    /// schema.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Print the part of the role's schema that an API token with these scopes sees, such as tariffs:read. Give the option several times, or separate
    /// the scopes by commas.
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
}

#[derive(Debug, Subcommand)]
pub(super) enum TariffCommand {
    /// Import a CSV file as a new draft version of a tariff.
    Import {
        #[command(flatten)]
        config: ConfigArgs,
        /// Global id of the tariff, as the API returns it (`tariffs { nodes { id } }`).
        #[arg(long)]
        tariff: String,
        /// CSV file with the columns prefix,destination,rate_per_minute,connection_fee,initial_increment,increment. At most 64 MiB; see
        /// examples/decks for all columns.
        file: PathBuf,
        /// Add the file's rows to the active version instead of replacing all rates.
        #[arg(long)]
        merge: bool,
        /// Report the changes and errors without storing anything.
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
    let UserCommand::CreateAdmin { config, name, display_name, password_file } = command;
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
        TariffCommand::Import { config, tariff, file, merge, dry_run, activate } => {
            let csv = read_deck(&file)?;
            let app = open(&config.load()?).await?.app;
            let note = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let import = Import {
                tariff_id: graphql::scalars::Kind::Tariff.parse(&tariff.into())?,
                csv,
                base_version_id: None,
                mode: if merge { ImportMode::Merge } else { ImportMode::Replace },
                dry_run,
                note,
            };
            import_deck(&app, import, activate).await
        }
        TariffCommand::Export { config, version } => {
            let app = open(&config.load()?).await?.app;
            let operator = Actor::operator(&accounts::ensure_platform(&app).await?);
            let id = graphql::scalars::Kind::TariffVersion.parse(&version.into())?;
            out(&tariffs::export_csv(&app, &operator, id).await?)?;
            Ok(())
        }
    }
}

/// Reads a CSV file. A file over the size limit is rejected before the file fills the memory.
fn read_deck(file: &Path) -> Result<String, Failure> {
    let fail = |error: std::io::Error| format!("cannot read {}: {error}", file.display());
    let limit = MAX_DECK_BYTES as u64;
    let mut csv = String::new();
    let read = File::open(file).and_then(|opened| opened.take(limit + 1).read_to_string(&mut csv));
    if read.map_err(fail)? as u64 > limit {
        let message = format!(
            "{} is larger than {} MiB: split it and import the parts with --merge",
            file.display(),
            limit >> 20
        );
        return Err(message.into());
    }
    Ok(csv)
}

async fn import_deck(app: &App, import: Import, activate: bool) -> Result<(), Failure> {
    let operator = Actor::operator(&accounts::ensure_platform(app).await?);
    let bar = indicatif::ProgressBar::new(0);
    let shown = bar.clone();
    let progress = move |progress: tariffs::Progress| {
        shown.set_length(progress.total);
        shown.set_position(progress.done);
    };
    let outcome = tariffs::import(app, &operator, import, progress).await?;
    bar.finish_and_clear();
    for problem in &outcome.problems {
        eprintln!("line {}: {} ({})", problem.line, problem.message, problem.code);
    }
    if outcome.errors > 0 {
        let errors = outcome.errors;
        return Err(format!(
            "nothing was imported because of {errors} errors: correct the lines listed above and try again"
        )
        .into());
    }
    let changes = outcome.changes;
    out(&format!(
        "{} added, {} changed, {} removed, {} unchanged\n",
        changes.added, changes.changed, changes.removed, changes.unchanged
    ))?;
    warn_of_losses(&outcome.margins);
    let Some(version) = outcome.version else { return Ok(()) };
    if activate {
        let done = tariffs::activate(app, &operator, version.version.id, None).await?;
        if let Some((next, from)) =
            done.next.and_then(|next| Some((next.version.number, next.version.active_from?)))
        {
            eprintln!("version {next} takes its place at {from} without these changes: make them there, too");
        }
    }
    let state = if activate { "in force" } else { "a draft" };
    out(&format!("version {} is {state}\n", version.version.number))?;
    Ok(())
}

fn warn_of_losses(margins: &Margins) {
    for warning in &margins.warnings {
        eprintln!(
            "below cost: {} {} sells at {} and costs {} per minute (callshops: {})",
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
}
