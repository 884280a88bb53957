//! `callshop schema`, `callshop user`, `callshop tariff`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigArgs, Failure, not_found, open, operator, out, tariff_import, tariff_versions};
use app::auth::Actor;
use app::tariffs;
use app::users::{self, NewUser};
use app::{accounts, api_tokens};
use base::error::Error;

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Print the schema as this role sees it: anonymous, admin, distributor, reseller, callshop-owner or attendant. Without a role, print the full
    /// schema.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Print only the part of the role's schema that an API token with these scopes (such as tariffs:read) sees. Repeat the option for several
    /// scopes, or separate the scopes with commas.
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
    /// An account's parent can also turn off the second factor of the account's users with `resetTotp`. Use this command for a platform administrator
    /// whom no other administrator can help.
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
    /// The file has the server's own format, or is a carrier's deck in any layout. CSV, TSV and XLSX files are accepted, and each may be compressed
    /// with gzip. If a carrier's deck can be read in more than one way, nothing is imported, and the command prints the questions. Answer the
    /// questions in a mapping file (docs/decks.md).
    #[command(after_help = tariff_import::HELP)]
    Import(tariff_import::ImportArgs),
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
    /// Put a draft in force, immediately or at a later time.
    #[command(after_help = tariff_versions::ACTIVATE_HELP)]
    Activate(tariff_versions::ActivateArgs),
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
    let (app, operator) = operator(config).await?;
    let user = match users::by_login(&app, &operator, login).await {
        Err(Error::NotFound) => {
            return Err(format!(
                "the database {} has no user {login:?}: give the login as name@code, or choose another database with --database or --config",
                config.database()?
            )
            .into());
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
        TariffCommand::Import(args) => tariff_import::import(args).await,
        TariffCommand::Versions(args) => tariff_versions::versions(args).await,
        TariffCommand::Compare(args) => tariff_versions::compare(args).await,
        TariffCommand::Activate(args) => tariff_versions::activate(args).await,
        TariffCommand::Cancel(args) => tariff_versions::cancel(args).await,
        TariffCommand::Revert(args) => tariff_versions::revert(args).await,
        TariffCommand::Export { config, version } => {
            let written = export(&config, &version).await;
            written.map_err(|error| not_found(error, &format!("tariff version {version:?}"), &config))
        }
    }
}

async fn export(config: &ConfigArgs, version: &str) -> Result<(), Failure> {
    let (app, operator) = operator(config).await?;
    let id = graphql::scalars::Kind::TariffVersion.parse(&version.into())?;
    out(&tariffs::export_csv(&app, &operator, id).await?)
}
